"""Gradients as functions and as graphs, to any order."""

import copy
import inspect
import math
import operator
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    dot,
    grad,
    grad_graph,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    logaddexp,
    maximum,
    nn,
    no_grad,
    norm,
    replay,
    softmax,
    strict,
    topological_order,
    total,
    value_and_grad,
    vjp,
    where,
)
from autograd.check import gradcheck, strategies
from autograd.check.strategies import Expression
from tests.points import ROWS, Case

FIRST: Final = 1e-13
"""Relative to the largest gradient: the sweep and the gradient graph round the same products at different points."""
HIGHER: Final = 1e-9
"""Relative, up to the fourth derivative; each order adds the rounding errors of a few more nodes."""

EXTREMES: Final = (0.0, -0.0, 5e-324, -1.0, 1.0, 0.5, 1e-160, 1e160, -1e160, 1.7e308, math.inf, -math.inf, math.nan)

SMOOTH: list[tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = [
    (lambda x: x**3 / (1 + x), lambda x: x**3 / (1 + x), 0.7),
    (lambda x: x.tanh() * x.exp(), lambda x: mpmath.tanh(x) * mpmath.exp(x), 0.3),
    (lambda x: x.sigmoid().log(), lambda x: mpmath.log(1 / (1 + mpmath.exp(-x))), -1.2),
    (lambda x: x.gelu(), lambda x: x * mpmath.ncdf(x), 0.4),
    (lambda x: x.silu(), lambda x: x / (1 + mpmath.exp(-x)), -0.8),
    (lambda x: (x.sin() + x.atan()).sqrt(), lambda x: mpmath.sqrt(mpmath.sin(x) + mpmath.atan(x)), 0.9),
    (lambda x: 2**x + x**x, lambda x: 2**x + x**x, 1.3),
    (lambda x: x.softplus() * x.rsqrt(), lambda x: mpmath.log(1 + mpmath.exp(x)) / mpmath.sqrt(x), 1.1),
    (lambda x: dot(softmax([x, 2 * x]), [x, 1]), lambda x: (x + mpmath.exp(x)) / (1 + mpmath.exp(x)), 0.6),
]


@pytest.mark.parametrize("case", range(len(SMOOTH)))
def test_derivatives_to_the_fourth_order(case: int) -> None:
    ours, theirs, at = SMOOTH[case]
    derivative = ours
    with mpmath.workdps(60):
        for order in range(1, 5):
            derivative = grad(derivative)
            assert derivative(at).data == pytest.approx(float(mpmath.diff(theirs, at, order)), rel=HIGHER, abs=0.0)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("erf", mpmath.erf),
        ("gelu", lambda x: x * mpmath.ncdf(x)),
        ("silu", lambda x: x / (1 + mpmath.exp(-x))),
        ("atan", mpmath.atan),
        ("logsigmoid", lambda x: -mpmath.log(1 + mpmath.exp(-x))),
    ],
)
@given(x=st.floats(-4.0, 4.0))
def test_the_numbers_of_a_second_derivative(name: str, exact: Callable[[Any], Any], x: float) -> None:
    with mpmath.workdps(60):
        expected = float(mpmath.diff(exact, x, 2))
    assert grad(grad(getattr(Value, name)))(x).data == pytest.approx(expected, rel=HIGHER, abs=HIGHER)


def test_derivatives_of_a_power_to_any_order() -> None:
    f: Callable[..., Any] = lambda x: x**5  # noqa: E731
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0, 0.0):
        f = grad(f)
        assert f(2.0).data == expected


@given(strategies.expressions())
def test_the_graph_of_a_gradient_has_its_numbers(expression: Expression) -> None:
    xs = [Value(x) for x in expression.inputs]
    root = expression(*xs)
    root.backward()
    largest = max(1.0, *(abs(x.grad) for x in xs))
    gradient = [v.data for v in grad_graph(root, xs)]
    assert gradient == pytest.approx([x.grad for x in xs], rel=FIRST, abs=FIRST * largest * 100)


def test_a_gradient_graph_is_made_of_ordinary_nodes() -> None:
    x, y = Value(3.0), Value(4.0)
    dx, dy = grad_graph(x * x * y, [x, y])
    assert (dx.data, dy.data) == (24.0, 9.0)
    assert dx.op
    assert (x.grad, y.grad) == (0.0, 0.0)
    (dx * dy).backward()
    assert x.grad == 9.0 * 8.0 + 24.0 * 6.0


def test_gradients_with_respect_to_interior_nodes() -> None:
    x = Value(2.0)
    h = x * x
    dh, dx = grad_graph(h * h, [h, x])
    assert (dh.data, dx.data) == (8.0, 32.0)


def test_what_the_root_does_not_depend_on_has_gradient_zero() -> None:
    x, y = Value(2.0), Value(3.0)
    assert [v.data for v in grad_graph(x * 2, [y, x])] == [0.0, 2.0]
    assert grad_graph(x, [x])[0].data == 1.0
    assert grad(lambda v: v.detach() * v)(3.0).data == 3.0


def test_a_gradient_inside_a_function_keeps_to_its_own_variable() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(3.0).data == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3.0).data == 12.0


def test_singular_points_stay_singular() -> None:
    second = grad(grad(lambda x: x.sqrt()))
    assert second(0.0).data == -math.inf
    assert math.isnan(second(-1.0).data)
    assert math.isnan(grad(grad(lambda x: x.log()))(-1.0).data)
    assert grad(grad(lambda x: x.relu()))(0.0).data == 0.0
    assert grad(grad(lambda x: (x**2) * 3))(0.0).data == 6.0
    assert grad(lambda x: maximum(x, 2.0))(2.0).data == 0.5


# ── nesting ──


def test_the_gradient_has_the_nesting_of_the_argument() -> None:
    def loss(layers: list[Any]) -> Value:
        (w, b), pair = layers
        return total([w[0] * 2, w[1] * 3, b * 4, pair[0] * pair[1]])

    gradient = grad(loss)([([1.0, 2.0], 3.0), (5.0, 6.0)])
    assert isinstance(gradient[0], tuple)
    assert isinstance(gradient[0][0], list)
    assert [[g.data for g in gradient[0][0]], gradient[0][1].data] == [[2.0, 3.0], 4.0]
    assert [g.data for g in gradient[1]] == [6.0, 5.0]


@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=4))
def test_several_arguments_give_a_tuple(xs: list[float]) -> None:
    value, gradients = value_and_grad(lambda *vs: dot(vs, vs))(*xs)
    assert value.data == pytest.approx(math.fsum(x * x for x in xs))
    found = gradients if len(xs) > 1 else (gradients,)
    assert [g.data for g in found] == [2.0 * x for x in xs]


def test_keyword_arguments_are_passed_on() -> None:
    assert grad(lambda x, power: x**power)(2.0, power=3).data == 12.0


def test_values_given_are_not_touched() -> None:
    x = Value(3.0, label="x")
    g = grad(lambda v: v * v)(x)
    assert (g.data, x.grad) == (6.0, 0.0)
    g.backward()
    assert x.grad == 2.0, "but the gradient is a function of them"


def test_changed_data_is_noticed_before_it_mixes_old_and_new() -> None:
    x = Value(3.0, label="x")
    y = x * x
    x.data = 5.0
    with pytest.raises(ValueError, match=r"changed after multiply was recorded \(x, x\); build the graph again"):
        grad_graph(y, [x])
    y.backward()
    assert x.grad == 6.0
    a, b = Value(3.0), Value(0.0)
    c = a * b
    a.data = 5.0
    with pytest.raises(ValueError, match="changed after multiply"):
        grad_graph(c, [b])
    nan = Value(math.nan)
    assert math.isnan(grad_graph(nan * 2 + nan, [nan])[0].data) is False


def test_tails_are_as_exact_as_those_of_backward() -> None:
    for at in (-6.0, -20.0, -37.0):
        x = Value(at)
        root = x.gelu()
        root.backward()
        assert grad_graph(root, [x])[0].data == pytest.approx(x.grad, rel=1e-12, abs=0.0)
    a, b = Value(1.0), Value(700.0)
    root = logaddexp(a, b)
    assert grad_graph(root, [a])[0].data == root.partials[0]


@pytest.mark.parametrize("x", EXTREMES)
@pytest.mark.parametrize("y", EXTREMES)
def test_far_out_the_graph_gives_what_backward_gives(x: float, y: float) -> None:
    binary: list[Callable[[Any, Any], Value]] = [operator.truediv, operator.pow, hypot, logaddexp, maximum]
    unary = [
        lambda a, b, n=n: getattr(a, n)() for n in ("sqrt", "rsqrt", "log", "gelu", "silu", "atan", "asin", "tanh")
    ]
    for f in (*binary, *unary):
        a, b = Value(x), Value(y)
        root = f(a, b)
        root.backward()
        for by_graph, v in zip(grad_graph(root, [a, b]), (a, b), strict=True):
            assert by_graph.data == pytest.approx(v.grad, rel=1e-5, abs=1e-5, nan_ok=True), (f, x, y)


def test_a_named_tuple_keeps_its_names() -> None:
    class Layer(NamedTuple):
        w: Any
        b: Any

    gradient = grad(lambda layer: layer.w * 2 + layer.b)(Layer(1.0, 2.0))
    assert isinstance(gradient, Layer)
    assert (gradient.w.data, gradient.b.data) == (2.0, 1.0)


def test_gradients_are_the_callers_to_label() -> None:
    w, x = Value(2.0), Value(3.0)
    (dw,) = grad_graph(w * x, [w])
    assert dw is not x
    da, db = grad_graph((w + x) ** 2, [w, x])
    assert da is not db
    dw.label = "∂"
    assert x.label == ""


# ── wrong calls ──


def test_wrong_calls_say_what_to_do() -> None:
    x = Value(1.0)
    with pytest.raises(TypeError, match="grad_graph takes a Value, not float"):
        grad_graph(1.0, [x])  # type: ignore[arg-type]
    assert [v.data for v in grad_graph(x * 2, iter([x]))] == [2.0]
    with pytest.raises(TypeError, match=r"write wrt=\[x"):
        grad_graph(x, x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"f must return one Value.*not list .*; .*total"):
        grad(named_f)(1.0)
    with pytest.raises(TypeError, match=r"not float 2\.0, which has no graph; is there a \.data in it"):
        grad(lambda v: v.data * 2)(1.0)
    with pytest.raises(TypeError, match=r"a function is differentiated, not Value\(.*grad_graph"):
        grad(x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not None"):
        grad(lambda v: None)(1.0)
    with pytest.raises(TypeError, match="there is none; pass at least one"):
        grad(lambda: x)()
    with pytest.raises(TypeError, match="not str 'a'"):
        grad(lambda v: v)("a")


def named_f(x: Value) -> list[Value]:
    return [x]


named_f.__name__ = "f"


# ── argnums ──


@given(strategies.expressions(), st.data())
def test_argnums_choose_from_the_whole_gradient(expression: Expression, data: st.DataObject) -> None:
    xs = [Value(x) for x in expression.inputs]
    n = len(xs)
    places = data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))
    signed = tuple(data.draw(st.sampled_from([i, i - n])) for i in places)
    whole = grad(expression, argnums=tuple(range(n)))(*xs)
    assert isinstance(whole, tuple)
    found = grad(expression, argnums=signed)(*xs)
    assert [g.data for g in found] == pytest.approx([whole[i].data for i in places], rel=FIRST, abs=0.0, nan_ok=True)
    assert grad(expression, argnums=signed[0])(*xs).data == pytest.approx(whole[places[0]].data, rel=FIRST, abs=0.0)


def test_one_argument_named_in_a_tuple_gives_a_tuple() -> None:
    value, gradient = value_and_grad(lambda x, y: x * x * y, argnums=(1,))(3.0, 4.0)
    assert (value.data, [g.data for g in gradient]) == (36.0, [9.0])
    assert grad(lambda x, y: x * x * y, argnums=[1, np.int64(0)])(3.0, 4.0)[1].data == 24.0


def test_the_other_arguments_are_passed_on_as_they_are() -> None:
    def f(xs: list[Value], n: int, name: str, *, scale: float) -> Value:
        assert (type(n), name) == (int, "sum")
        return total(xs[i] ** 2 for i in range(n)) * scale

    assert [g.data for g in grad(f, argnums=0)([1.0, 2.0, 3.0], 2, "sum", scale=10.0)] == [20.0, 40.0, 0.0]
    given_value = Value(5.0)
    grad(lambda x, y: y.exp() * x if y is given_value else None, argnums=0)(1.0, given_value)


def test_a_plain_number_that_was_meant_as_a_value_is_explained() -> None:
    with pytest.raises(AttributeError, match="'float' object has no attribute 'exp'") as error:
        grad(surface, argnums=0)(1.0, 2.0)
    assert error.value.__notes__ == [
        "Arguments that are not in argnums are passed on as they are: pass Value(…) for a Value."
    ]
    for f in (grad(lambda x: x.data.exp()), grad(lambda x: x.nothing, argnums=0)):
        with pytest.raises(AttributeError) as error:
            f(1.0)
        assert not hasattr(error.value, "__notes__")


def test_every_function_takes_argnums() -> None:
    def f(x: Value, n: int, y: Value) -> Value:
        return x**n * y

    assert [d.data for d in jacobian(f, argnums=(2, 0))(2.0, 3, 5.0)] == [8.0, 60.0]
    assert hessian(f, argnums=-3)(2.0, 3, 5.0).data == 60.0
    rows = hessian(f, argnums=(2, 0))(2.0, 3, 5.0)
    assert [[h.data for h in row] for row in rows] == [[0.0, 12.0], [12.0, 60.0]]


@pytest.mark.parametrize("argnums", [True, 1.0, "0", (), (0, True), [None]])
def test_argnums_is_made_of_positions(argnums: Any) -> None:
    with pytest.raises(TypeError, match=r"argnums is the position of an argument, as 0, or a tuple"):
        grad(lambda x: x, argnums=argnums)


@pytest.mark.parametrize(
    ("argnums", "message"),
    [
        (2, "argnums 2 is out of range: 2 arguments given, and positions start at 0"),
        (-3, "argnums -3 is out of range"),
        ((0, 2), "argnums 2 is out of range"),
        ((0, 0), r"argnums \(0, 0\) names one of 2 arguments twice"),
        ((1, -1), r"argnums \(1, -1\) names one of 2 arguments twice"),
    ],
)
def test_argnums_are_different_arguments_of_the_call(argnums: Any, message: str) -> None:
    for of in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(ValueError, match=message):
            of(lambda x, y: x * y, argnums=argnums)(1.0, 2.0)


# ── nested arguments and results ──

KEYS: Final = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.tuples(st.integers(0, 1), st.text(max_size=1)))


def nests(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nested lists, tuples and dicts, empty ones too."""
    return st.recursive(
        leaf,
        lambda part: st.one_of(
            st.lists(part, max_size=3), st.lists(part, max_size=3).map(tuple), st.dictionaries(KEYS, part, max_size=3)
        ),
        max_leaves=8,
    )


def flat(nest: Any) -> Iterator[Any]:
    if isinstance(nest, dict):
        nest = list(nest.values())
    if isinstance(nest, (list, tuple)):
        for part in nest:
            yield from flat(part)
    else:
        yield nest


def mapped(nest: Any, leaf: Callable[[Any], Any]) -> Any:
    """The nest with each leaf replaced; a comparison with it compares types and orders of keys too."""
    if isinstance(nest, dict):
        return dict, [(key, mapped(part, leaf)) for key, part in nest.items()]
    if isinstance(nest, (list, tuple)):
        return type(nest), [mapped(part, leaf) for part in nest]
    return leaf(nest)


SMALL: Final = st.floats(-2.0, 2.0, allow_subnormal=False)


@given(st.lists(nests(SMALL), min_size=1, max_size=3))
def test_a_gradient_has_the_structure_of_the_arguments(arguments: list[Any]) -> None:
    def f(*nested: Any) -> Value:
        xs = list(flat(nested))
        # The derivative of the sum of i·x² by the i-th is 2·i·x.
        return total(i * x * x for i, x in enumerate(xs)) if xs else Value(0.0)

    found = grad(f, argnums=tuple(range(len(arguments))))(*arguments)
    count = iter(range(1000))
    assert mapped(found, lambda g: g.data) == mapped(tuple(arguments), lambda x: 2.0 * next(count) * x)
    if len(arguments) == 1:
        assert mapped(grad(f)(*arguments), type) == mapped(arguments[0], lambda _: Value)


@given(st.lists(nests(SMALL), min_size=1, max_size=2), nests(st.integers(0, 5)))
def test_derivatives_have_the_structure_of_results_and_arguments(arguments: list[Any], model: Any) -> None:
    """Against closed forms: the result with number k is the sum of sin(k·x)."""

    def f(*nested: Any) -> Any:
        xs = list(flat(nested))
        return values(model, lambda k: total((k * x).sin() for x in xs) if xs else Value(0.0))

    places = tuple(range(len(arguments)))

    def at(function: Callable[[int, float], float]) -> Any:
        return mapped(model, lambda k: mapped(tuple(arguments), lambda x: function(k, x)))

    def near(found: Any, want: Any) -> bool:
        found = mapped(found, lambda v: v.data)
        return structure(found) == structure(want) and list(numbers(found)) == pytest.approx(list(numbers(want)))

    assert near(jacobian(f, argnums=places)(*arguments), at(lambda k, x: k * math.cos(k * x)))
    primals = tuple(arguments)
    value, tangent = jvp(f, primals, primals)
    xs = list(flat(arguments))
    assert near(value, mapped(model, lambda k: math.fsum(math.sin(k * x) for x in xs)))
    assert near(tangent, mapped(model, lambda k: math.fsum(k * math.cos(k * x) * x for x in xs)))
    value, pullback = vjp(f, *arguments)
    assert near(value, mapped(model, lambda k: math.fsum(math.sin(k * x) for x in xs)))
    ks = list(flat(model))
    weighted = mapped(primals, lambda x: math.fsum(k * k * math.cos(k * x) for k in ks))
    assert near(pullback(model), weighted)


def values(nest: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(nest, dict):
        return {key: values(part, leaf) for key, part in nest.items()}
    return type(nest)(values(part, leaf) for part in nest) if isinstance(nest, (list, tuple)) else leaf(nest)


def structure(shown: Any) -> Any:
    """What `mapped` returned, without its numbers."""
    if isinstance(shown, (list, tuple)):
        return [structure(part) for part in shown]
    return shown if isinstance(shown, (type, str)) else "number" if isinstance(shown, float) else shown


def numbers(shown: Any) -> Iterator[float]:
    return (x for x in flat(shown) if isinstance(x, float))


def test_a_hessian_has_the_structure_of_the_arguments_twice() -> None:
    h = hessian(lambda p: p["w"][0] ** 2 * p["w"][1] * p["b"])({"w": [2.0, 3.0], "b": 5.0})
    assert mapped(h, lambda v: v.data) == mapped(
        {"w": [{"w": [30.0, 20.0], "b": 12.0}, {"w": [20.0, 0.0], "b": 4.0}], "b": {"w": [12.0, 4.0], "b": 0.0}},
        lambda x: x,
    )
    several = hessian(lambda x: [x**3, {"a": x**2}])(2.0)
    assert (several[0].data, several[1]["a"].data) == (12.0, 2.0)


def test_subclasses_of_containers_stay_as_they_are() -> None:
    ordered = OrderedDict(b=1.0, a=2.0)
    found = grad(lambda d: d["b"] * d["a"])(ordered)
    assert (type(found), list(found), found["b"].data) == (OrderedDict, ["b", "a"], 2.0)
    missing = defaultdict(list, {"a": [3.0]})
    made = grad(lambda d: d["a"][0] ** 2 + total(d["nothing"]))(missing)
    assert (type(made), made["a"][0].data, "nothing" in missing) == (defaultdict, 6.0, False)

    class Pair(NamedTuple):
        x: Any
        y: Any

    rows = jacobian(lambda p: Pair(p.x * p.y, {"sum": p.x + p.y}))(Pair(3.0, 4.0))
    assert isinstance(rows, Pair)
    assert isinstance(rows.y["sum"], Pair)
    assert (rows.x.x.data, rows.x.y.data, rows.y["sum"].x.data) == (4.0, 3.0, 1.0)


def test_plain_numbers_among_results_are_constants() -> None:
    def rotation(angle: Value) -> list[list[Any]]:
        return [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0], [0.0, 0.0, np.float64(1.0)]]

    value, tangent = jvp(rotation, (0.0,), (2.0,))
    assert [[v.data for v in row] for row in value] == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert [[t.data for t in row] for row in tangent] == [[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    value, pullback = vjp(rotation, 0.0)
    assert value[2][2].data == 1.0
    assert pullback([[1.0, 2.0, 3.0]] * 3)[0].data == -1.0


def test_what_does_not_depend_has_derivative_zero() -> None:
    f: Callable[..., Any] = lambda x, y: [Value(3.0), x.detach(), y * 2]  # noqa: E731
    assert [[d.data for d in row] for row in jacobian(f)(1.0, 2.0)] == [[0.0, 0.0], [0.0, 0.0], [0.0, 2.0]]
    assert [t.data for t in jvp(f, (1.0, 2.0), (5.0, 0.0))[1]] == [0.0, 0.0, 0.0]
    assert [d.data for d in vjp(f, 1.0, 2.0)[1]([1.0, 1.0, 0.0])] == [0.0, 0.0]
    assert hessian(lambda x: 3 * x)(1.0).data == 0.0
    assert hvp(lambda x: 3 * x, (1.0,), (2.0,)).data == 0.0


def test_nothing_in_gives_nothing_out() -> None:
    assert jacobian(lambda xs: [])([1.0]) == []
    assert jacobian(lambda xs: [Value(1.0), 2.0])([]) == [[], []]
    assert grad(lambda xs: Value(1.0))({}) == {}
    assert hessian(lambda xs: Value(1.0))([]) == []
    assert jvp(lambda xs: [], ([1.0],), ([2.0],)) == ([], [])
    assert vjp(lambda x: {}, 1.0)[1]({})[0].data == 0.0


# ── Jacobians, products and Hessians against other ways to the same numbers ──

STEP: Final = 1e-40
"""Of a complex step: its square is below the smallest rounding error."""


@given(strategies.expressions(), st.data())
def test_a_tangent_is_that_of_a_complex_step(expression: Expression, data: st.DataObject) -> None:
    tangents = tuple(data.draw(SMALL) for _ in expression.inputs)
    xs = [Value(x) for x in expression.inputs]
    root = expression(*xs)
    used = {id(v) for v in topological_order(root)}
    moved = {x: complex(x.data, STEP * t) for x, t in zip(xs, tangents, strict=True) if id(x) in used}
    value, tangent = jvp(expression, expression.inputs, tangents)
    assert value.data == root.data
    try:
        want = replay(root, complex, inputs=moved).value.imag / STEP
    except OverflowError:
        return
    # The terms of the sum over the inputs may be larger than the sum.
    size = max(1.0, *(abs(g.data * t) for g, t in zip(grad_graph(root, xs), tangents, strict=True)))
    assert tangent.data == pytest.approx(want, rel=HIGHER, abs=HIGHER * size)


@st.composite
def maps(draw: st.DrawFn) -> tuple[Callable[..., Any], tuple[float, ...], int]:
    """A function with several results, its arguments, and the number of its results."""
    expression: Expression = draw(strategies.expressions())
    most = len(expression.steps)
    ends = draw(st.lists(st.integers(1, most), min_size=1, max_size=5))

    def f(*xs: Value) -> list[Any]:
        return [Expression(expression.inputs, expression.steps[:end])(*xs) for end in ends]

    return f, expression.inputs, len(ends)


@given(maps(), st.data())
def test_the_products_are_those_with_the_jacobian(made: tuple[Any, Any, int], data: st.DataObject) -> None:
    f, xs, m = made
    n = len(xs)
    tangents = tuple(data.draw(SMALL) for _ in range(n))
    cotangents = [data.draw(SMALL) for _ in range(m)]
    rows = [[d.data for d in row] for row in jacobian(f, argnums=tuple(range(n)))(*xs)]
    # One row of a Jacobian is a gradient, by a sweep of the other direction where there are more rows than inputs.
    for k, row in enumerate(rows):
        one = grad(lambda *vs, k=k: f(*vs)[k], argnums=tuple(range(n)))(*xs)
        assert near([g.data for g in one], row)
    moved = jvp(f, xs, tangents)[1]
    assert near([t.data for t in moved], [math.fsum(map(operator.mul, row, tangents)) for row in rows], rows)
    pulled = vjp(f, *xs)[1](cotangents)
    columns = zip(*rows, strict=True)
    assert near([d.data for d in pulled], [math.fsum(map(operator.mul, c, cotangents)) for c in columns], rows)


def near(found: list[float], want: list[float], terms: Any = ()) -> bool:
    size = max(1.0, *map(abs, want), *(abs(x) for row in terms for x in row))
    return found == pytest.approx(want, rel=HIGHER, abs=HIGHER * size)


@given(strategies.expressions())
def test_a_jacobian_of_one_result_is_its_gradient_to_the_bit(expression: Expression) -> None:
    found, want = jacobian(expression)(*expression.inputs), grad(expression)(*expression.inputs)
    assert [g.data for g in flat(found)] == [g.data for g in flat(want)]
    assert [f(lambda x: chain(x, 30))(0.7).data for f in (jacobian, grad)] == [grad(chain, argnums=0)(0.7, 30).data] * 2


@given(strategies.expressions(), st.data())
def test_hessians_are_gradients_of_gradients(expression: Expression, data: st.DataObject) -> None:
    xs = expression.inputs
    tangents = tuple(data.draw(SMALL) for _ in xs)
    inputs = [Value(x) for x in xs]
    rows = [[h.data for h in grad_graph(g, inputs)] for g in grad_graph(expression(*inputs), inputs)]
    places = tuple(range(len(xs)))
    found = [[h.data for h in row] for row in hessian(expression, argnums=places)(*xs)]
    for row, want in zip(found, rows, strict=True):
        assert near(row, want, rows)
    product = hvp(expression, xs, tangents)
    product = product if len(xs) > 1 else (product,)
    assert near([h.data for h in product], [math.fsum(map(operator.mul, row, tangents)) for row in rows], rows)


def test_a_hessian_in_closed_form() -> None:
    """Rosenbrock's function: 1200·x² - 400·y + 2, -400·x and 200."""
    rosenbrock: Callable[..., Any] = lambda v: (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2  # noqa: E731
    rows = hessian(rosenbrock)([-1.2, 1.0])
    assert [[h.data for h in row] for row in rows] == [pytest.approx([1330.0, 480.0]), pytest.approx([480.0, 200.0])]
    assert [h.data for h in hvp(rosenbrock, ([-1.2, 1.0],), ([0.0, 1.0],))] == pytest.approx([480.0, 200.0])


# ── points where a derivative is a choice ──


def same_number(a: float, b: float | None) -> bool:
    return b is None or a == b or (a != a and b != b)


@pytest.mark.parametrize("case", [case for row in ROWS for case in row.cases])
def test_all_sweeps_give_what_was_decided(case: Case) -> None:
    xs = case.operands
    n = 1 if case.operation(*map(Value, xs)).op in ("leaky_relu", "elu") else len(xs)  # The slope may be a constant.

    def f(*moving: Value) -> Value:
        return case.operation(*moving, *xs[n:])

    _, pullback = vjp(f, *xs[:n])
    places = tuple(range(n))
    by_pull = pullback(1.0)
    twice = jacobian(lambda *v: [f(*v)] * 3, argnums=places)(*xs[:n])[2]
    for i, want in enumerate(case.partials[:n]):
        unit = tuple(float(i == k) for k in places)
        assert same_number(jvp(f, xs[:n], unit)[1].data, want)
        assert same_number(by_pull[i].data, want)
        assert same_number(twice[i].data, want)


def test_an_argument_that_does_not_move_and_a_result_that_does_not_count_have_no_effect() -> None:
    assert jvp(lambda x, y: x.sqrt() * y, (0.0, 2.0), (0.0, 1.0))[1].data == 0.0
    assert math.isnan(jvp(lambda x, y: x.sqrt() * y, (0.0, 2.0), (Value(0.0), 1.0))[1].data), "but a Value may change"
    assert vjp(lambda x: [x.sqrt(), x * 3], 0.0)[1]([-0.0, 1])[0].data == 3.0
    with strict():
        assert jvp(lambda x, y: x**y, (-2.0, 3.0), (1.0, 0.0))[1].data == 12.0
        with pytest.raises(FloatingPointError, match="log"):
            jvp(lambda x, y: x**y, (-2.0, 3.0), (1.0, 1.0))


def test_a_kink_has_the_slope_of_the_gradient_in_every_direction() -> None:
    assert [jvp(abs, (0.0,), (t,))[1].data for t in (1.0, -1.0)] == [0.0, 0.0]
    assert jvp(maximum, (2.0, 2.0), (1.0, 4.0))[1].data == 2.5
    assert jvp(lambda v: norm(v), ([0.0, 0.0],), ([1.0, 1.0],))[1].data == 0.0


def along(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative of a function of one Value, by a sweep forward."""
    return lambda x: jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("length", [abs, lambda x: norm([x, 0.0]), lambda x: hypot(x, 0.0)])
def test_powers_of_a_length_of_zero_are_smooth_in_every_direction(length: Callable[[Any], Any]) -> None:
    """Against the derivatives of x⁴ at 0."""
    f = along(along(along(along(lambda x: length(x) ** 4))))
    g = jacobian(hessian(along(lambda x: length(x) ** 4)))
    assert (f(0.0).data, g(0.0).data) == (24.0, 24.0)
    assert hessian(hessian(lambda x: length(x) ** 4))(0.0).data == 24.0
    assert [t.data for t in jvp(lambda x: [length(x), length(x) ** 2, 3 * x], (0.0,), (5.0,))[1]] == [0.0, 0.0, 15.0]


def test_the_hessian_of_a_squared_norm_at_the_origin() -> None:
    f: Callable[[Any], Any] = lambda v: norm(v) ** 2  # noqa: E731
    assert [[h.data for h in row] for row in hessian(f)([0.0, 0.0])] == [[2.0, 0.0], [0.0, 2.0]]
    assert [h.data for h in hvp(f, ([0.0, 0.0],), ([1.0, -3.0],))] == [2.0, -6.0]


def test_a_branch_that_is_not_taken_has_no_effect_in_any_direction() -> None:
    f: Callable[[Any], Any] = lambda x: where(x, x.log(), 3 * x)  # noqa: E731
    for at in (-1.0, 0.0):
        assert jvp(f, (at,), (2.0,))[1].data == 6.0
        assert [d.data for d in jacobian(lambda x: [f(x), x, f(x)])(at)] == [3.0, 1.0, 3.0]
        assert vjp(f, at)[1](2.0)[0].data == 6.0


def test_large_results_do_not_overflow_on_the_way() -> None:
    with strict():
        rows = jacobian(lambda v: [v[0] * 1e308, v[0] + v[1] + 1e308, v[1] * 1e308])([1.0, 1.0])
        assert [d.data for d in rows[2]] == [0.0, 1e308]
        _, pullback = vjp(lambda x: [x * 1e308, x * 1.5e308], 1.0)
        assert pullback([1.0, -1.0])[0].data == 1e308 - 1.5e308


# ── derivatives of derivatives ──


def test_every_function_can_be_differentiated_by_every_other() -> None:
    """Against the closed forms of the derivatives of x⁷."""
    f: Callable[[Any], Any] = lambda x: x**7  # noqa: E731
    directional: Callable[[Any], Any] = lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    pulled: Callable[[Any], Any] = lambda x: vjp(f, x)[1](1.0)[0]  # noqa: E731
    curvature: Callable[[Any], Any] = lambda x: hvp(f, (x,), (1.0,))  # noqa: E731
    for first in (directional, pulled, grad(f), jacobian(f)):
        assert first(2.0).data == 448.0
        for again in (grad(first), jacobian(first)):
            assert again(2.0).data == 1344.0
        assert jvp(first, (2.0,), (1.0,))[1].data == 1344.0
        assert vjp(first, 2.0)[1](1.0)[0].data == 1344.0
        assert hessian(first)(2.0).data == 3360.0
    assert curvature(2.0).data == 1344.0
    assert grad(curvature)(2.0).data == 3360.0
    assert hessian(hessian(hessian(f)))(2.0).data == 5040.0 * 2.0


def test_the_jacobian_of_a_gradient_is_the_hessian() -> None:
    f: Callable[..., Any] = lambda p: p["x"] ** 2 * p["y"] ** 3  # noqa: E731
    at = {"x": 2.0, "y": 3.0}
    both = [mapped(of(at), lambda v: v.data) for of in (jacobian(grad(f)), hessian(f), jacobian(jacobian(f)))]
    assert both[0] == both[1] == both[2] == mapped({"x": {"x": 54.0, "y": 108.0}, "y": {"x": 108.0, "y": 72.0}}, float)


def test_derivatives_by_tangents_and_cotangents() -> None:
    f: Callable[..., Any] = lambda x: [x.sin(), x * x]  # noqa: E731
    assert grad(lambda t: jvp(f, (3.0,), (t,))[1][1])(5.0).data == 6.0
    assert grad(lambda c: vjp(f, 3.0)[1]([0.0, c])[0])(5.0).data == 6.0
    assert grad(lambda t: hvp(lambda x: x**3, (2.0,), (t,)))(5.0).data == 12.0


def test_directions_of_outer_functions_stay_apart() -> None:
    """Siskind and Pearlmutter: in d/dx (x · d/dy (x + y)) the inner derivative is 1, and so is the outer one."""
    inner: Callable[[Any], Any] = lambda x: jvp(lambda y: x + y, (x,), (1.0,))[1]  # noqa: E731
    assert jvp(lambda x: x * inner(x), (3.0,), (1.0,))[1].data == 1.0
    assert grad(lambda x: x * inner(x))(3.0).data == 1.0
    assert jvp(lambda x: jvp(lambda y: x * y * y, (x,), (1.0,))[1], (3.0,), (1.0,))[1].data == 12.0
    assert jacobian(lambda x: [x * jacobian(lambda y: [x * y, y])(x)[0], x])(3.0)[0].data == 6.0
    assert vjp(lambda x: x * vjp(lambda y: x + y, x)[1](1.0)[0], 3.0)[1](1.0)[0].data == 1.0


def test_a_cotangent_made_of_the_results_is_a_weight() -> None:
    value, pullback = vjp(lambda x: x.exp(), 0.0)
    assert pullback(value)[0].data == 1.0
    x = Value(3.0)
    value, pullback = vjp(lambda v: v * v, x)
    (pulled,) = pullback(value)
    assert pulled.data == 54.0
    pulled.backward()
    assert x.grad == 54.0, "6·x², the derivative of 2·x³"


def test_a_pullback_is_called_many_times() -> None:
    _, pullback = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    assert [[d.data for d in pullback(c)] for c in ([1.0, 0.0], [0.0, 1.0], (2, 3), [1.0, 0.0])] == [
        *([4.0, 3.0], [1.0, 1.0], [11.0, 9.0], [4.0, 3.0])
    ]


# ── nodes ──


@given(maps())
def test_results_are_new_nodes_of_the_caller(made: tuple[Any, Any, int]) -> None:
    f, xs, m = made
    primals = tuple(map(Value, xs))
    tangents, cotangents = tuple(Value(1.0) for _ in xs), [Value(1.0) for _ in range(m)]
    value, moved = jvp(f, primals, tangents)
    one, pullback = vjp(f, *primals)
    inner = {id(v) for y in [*value, *one] for v in topological_order(y)}
    new = [*moved, *pullback(cotangents), *pullback(cotangents), *flat(jacobian(f)(*primals))]
    new += flat(hessian(lambda *v: total(f(*v)))(*primals))
    assert all(isinstance(v, Value) for v in new)
    old = {id(v) for v in (*primals, *tangents, *cotangents)} | inner
    assert len({id(v) for v in new} | old) == len(new) + len(old)
    assert {v.grad for v in (*primals, *tangents, *cotangents, *new)} == {0.0}


def test_what_is_passed_through_is_a_new_node_too() -> None:
    x, t = Value(2.0, label="x"), Value(5.0, label="t")
    value, (moved, again) = jvp(lambda v: (v, v), (x,), (t,))
    assert value[0] is value[1] is not x
    assert len({id(v) for v in (t, moved, again, *value)}) == 4
    assert (moved.data, again.label, t.label) == (5.0, "", "t")
    assert vjp(lambda v: v, x)[1](t)[0] is not t
    exponential, slope = jvp(lambda v: v.exp(), (x,), (1.0,))
    assert exponential is not slope


def labels(v: Value) -> list[str]:
    return [node.label for node in topological_order(v) if node.label]


def test_labels_of_arguments_are_seen_in_a_derivative() -> None:
    assert set(labels(hessian(lambda v: v**3)(Value(2.0, label="x")))) == {"x"}
    assert value_and_grad(lambda v: v)(Value(2.0, label="x"))[0].label == "x"


# ── cost ──


def nodes(results: Any) -> int:
    """The number of operations in the graphs of all results."""
    return len({id(v) for y in flat(results) for v in topological_order(y) if v.op})


def network(xs: list[Value]) -> Value:
    h = xs
    for k in range(4):
        h = [dot([math.sin(i + j + k) for j in range(len(h))], h).tanh() for i in range(len(h))]
    return total(v * v for v in h)


def test_products_cost_a_few_times_the_function() -> None:
    xs, tangents = [math.cos(i) for i in range(12)], [math.sin(i) for i in range(12)]
    f = nodes(network([Value(x) for x in xs]))
    assert nodes(jvp(network, (xs,), (tangents,))[1]) < 5 * f
    # One dot has 12 derivatives, so a sweep back has up to 12 nodes for one of the function, but not 12² of them.
    back = nodes(grad(network)(xs))
    assert nodes(hvp(network, (xs,), (tangents,))) < 4 * back


def chain(x: Value, length: int) -> Value:
    for _ in range(length):
        x = (1.5 * x).sin()
    return x


def test_a_jacobian_sweeps_from_the_smaller_side() -> None:
    f = nodes(chain(Value(1.0), 100))
    assert nodes(jacobian(lambda x: [chain(x, 100) * k for k in range(1, 50)])(1.0)) > 49 * f, "none is shared"
    assert nodes(jacobian(lambda x: [y := chain(x, 100), *(y * k for k in range(2, 50))])(1.0)) < 5 * f
    assert nodes(jacobian(lambda xs: [chain(total(xs), 100), xs[0]])([0.1] * 50)) < 5 * f


def test_sweeps_share_local_derivatives() -> None:
    rows = jacobian(lambda xs: [y := chain(total(xs), 20), y * 2, y * 3])([0.1] * 5)
    assert len({id(v) for y in flat(rows) for v in topological_order(y) if v.op == "cos"}) == 20


def test_sums_of_tangents_are_one_node() -> None:
    tangents = [Value(t) for t in (1.0, 2.0, 3.0)]
    assert jvp(total, ([1.0, 1.0, 1.0],), (tangents,))[1].op == "total"
    assert jvp(lambda xs: dot(xs, [4.0, 5.0, 6.0]), ([1.0, 1.0, 1.0],), (tangents,))[1].op == "dot"
    constant = jvp(lambda xs: dot(xs, [4.0, 5.0, 6.0]), ([1.0, 1.0, 1.0],), ([1.0, 2.0, 3.0],))[1]
    assert (constant.data, constant.op) == (32.0, "")


def test_a_jacobian_of_many_small_functions_is_cheap() -> None:
    n = 40
    rows = jacobian(lambda xs: [x.sin() * x for x in xs])([1.0] * n)
    assert nodes(rows) < 10 * n
    assert nodes(hessian(lambda xs: total(x.sin() for x in xs))([1.0] * n)) < 10 * n


def test_a_long_chain_needs_no_stack() -> None:
    _, tangent = jvp(lambda x: chain(x, 5000), (1.0,), (1.0,))
    assert math.isfinite(tangent.data)
    assert math.isfinite(hvp(lambda x: chain(x, 2000), (1.0,), (1.0,)).data)


# ── compiled ──


def surface(x: Value, y: Value) -> Value:
    return (x * y).tanh() + x * x * y.exp()


COMPILED: Final[dict[str, Callable[..., Any]]] = {
    "gradient": lambda x, y: total(grad(surface)(x, y)),
    "argnums": grad(surface, argnums=1),
    "hessian": lambda x, y: total(h for row in hessian(surface)(x, y) for h in row),
    "jvp": lambda x, y: jvp(surface, (x, 2 * y), (1.0, y))[1],
    "hvp": lambda x, y: total(hvp(surface, (x, y), (y, 0.0))),
    "vjp": lambda x, y: total(vjp(lambda u, v: [surface(u, v), u], x, y)[1]([x, 1.0])),
    "jacobian, back": lambda x, y: jacobian(lambda p: p["u"].sin() * p["v"])({"u": x, "v": y})["u"] * x,
    "jacobian, forward": lambda x, y: total(flat(jacobian(lambda u: [u.sin() * y, (u.cos(), u * u)])(x))),
}


@pytest.mark.parametrize("name", COMPILED)
def test_derivatives_inside_a_compiled_function(name: str) -> None:
    f = COMPILED[name]
    xs, ys = [0.3, -1.1, 2.0], [-0.7, 0.4, 1.5]
    loss, gradient = autograd.compile(f, inputs=((), ()), reduce=None).value_and_grad(xs, ys)[0], None
    for k, (x, y) in enumerate(zip(xs, ys, strict=True)):
        value, gradient = value_and_grad(f)(x, y)
        assert loss[k] == pytest.approx(value.data, rel=FIRST * 10, abs=0.0)
        one = autograd.compile(f, inputs=((), ())).value_and_grad(x, y)
        assert one[0] == pytest.approx(value.data, rel=FIRST * 10, abs=0.0)
        assert one[1] == pytest.approx([g.data for g in gradient], rel=HIGHER, abs=0.0)


def test_a_compiled_derivative_has_the_names_of_the_arguments() -> None:
    program = autograd.compile(grad(surface, argnums=0), inputs=((), ()))
    with pytest.raises(TypeError, match=r"takes 2 arrays, x .*y is missing"):
        program.value(1.0)


def test_a_matrix_of_second_derivatives_as_outputs() -> None:
    def both(x: Value, y: Value) -> tuple[Value, list[list[Value]]]:
        return surface(x, y), [list(row) for row in hessian(surface)(x, y)]

    found = autograd.compile(both, inputs=((), ())).outputs([0.3, -1.1], [-0.7, 0.4])
    for k, (x, y) in enumerate([(0.3, -0.7), (-1.1, 0.4)]):
        want = [[h.data for h in row] for row in hessian(surface)(x, y)]
        assert found[k] == pytest.approx(np.array(want), rel=FIRST * 10, abs=0.0)


# ── the functions that are returned ──


def test_a_derivative_is_a_function_with_a_name() -> None:
    def power(x: Value, n: int = 2) -> Value:
        return x**n

    assert grad(power).__name__ == "grad_of_power"
    assert hessian(grad(power)).__name__ == "hessian_of_grad_of_power"
    assert str(inspect.signature(value_and_grad(power))).startswith("(x: autograd.engine.value.Value, n: int = 2)")
    assert repr(grad(power)) == "<grad(power), a function: call it, as in grad(power)(x)>"
    assert repr(hessian(grad(lambda x: x))) == "<hessian(grad(f)), a function: call it, as in hessian(grad(f))(x)>"
    assert list(map(bool, [grad(power)])) == [True]
    assert grad(power)(3.0, n=3).data == 27.0
    assert copy.deepcopy(grad(power))(3.0).data == 6.0
    again = pickle.loads(pickle.dumps(hessian(surface, argnums=0)))
    assert again(1.0, Value(0.0)).data == 2.0


def test_an_option_may_have_any_name() -> None:
    assert grad(lambda x, **named: x * named["self"] * named["f"])(2.0, self=3.0, f=5.0).data == 15.0


@pytest.mark.parametrize(
    "use",
    [
        *(lambda d: d[0][1], lambda d: d * 2, lambda d: 2 - d, lambda d: d + d, lambda d: np.float64(2.0) * d),
        *(lambda d: -d, lambda d: round(d, 2), lambda d: d < 1.0, lambda d: d >= 1.0, lambda d: list(d)),
        *(lambda d: d / 2, lambda d: 2 / d, lambda d: d**2, lambda d: d @ [1.0], lambda d: sum(d)),
    ],
)
def test_a_derivative_that_is_not_called_says_so(use: Callable[[Any], Any]) -> None:
    with pytest.raises(
        TypeError, match=r"hessian\(surface\) is a function, not a number or a list; call it first, as in"
    ):
        use(hessian(surface))


def test_a_derivative_that_is_not_called_has_no_data() -> None:
    with pytest.raises(
        AttributeError, match=r"grad\(f\) is a function and has no data; call it first, as in grad\(f\)\(x\)"
    ):
        _ = grad(lambda x: x).data
    with pytest.raises(TypeError, match=r"value_and_grad\(f\) is a function.*; call it first"):
        _value, _gradient = value_and_grad(lambda x: x)  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"call it, as in grad\(f\)\(x\)"):
        Value(1.0) + grad(lambda x: x)


# ── wrong calls of these functions ──


@pytest.mark.parametrize("of", [grad, value_and_grad, jacobian, hessian])
def test_a_result_in_place_of_the_function_is_an_error(of: Callable[..., Any]) -> None:
    x = Value(2.0)
    name = of.__name__
    for result in (x * x, 4.0, [x * x], None):
        with pytest.raises(
            TypeError, match=rf"{name}: a function is differentiated, .*write {name}\(f\)\(x\), with f and"
        ):
            of(result)
    for misplaced in ((x,), ([1.0, 2.0],), (0,), (1.0, 2.0)):
        with pytest.raises(TypeError, match=rf"{name} takes one function, .*; write {name}\(surface\)\(.*argnums=0"):
            of(surface, *misplaced)
    with pytest.raises(TypeError, match="pass by position what was passed by name"):
        of(surface)(x=1.0, y=2.0)


def test_a_result_in_place_of_the_function_of_a_product_is_an_error() -> None:
    y = Value(2.0) ** 2
    with pytest.raises(TypeError, match=r"jvp: .*not Value\(.*write jvp\(f, \(x,\), \(t,\)\)"):
        jvp(y, (2.0,), (1.0,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"hvp: .*write hvp\(f, \(x,\), \(t,\)\)"):
        hvp(y, (2.0,), (1.0,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"vjp: .*write vjp\(f, x\)"):
        vjp(y, 2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("primals", "tangents", "message"),
    [
        (2.0, 1.0, r"takes primals as a tuple .*not float 2\.0; for one argument, write \(2\.0,\)"),
        ([2.0], [1.0], r"takes primals as a tuple .*not list \[2\.0\]; for one argument, write \(\[2\.0\],\)"),
        ((2.0,), 1.0, r"takes tangents as a tuple .*not float 1\.0"),
        ((2.0,), (1.0, 1.0), r"tangents is a tuple of 2, and primals is a tuple of 1; give both the same structure"),
        (([1.0, 2.0],), ([1.0],), r"tangents\[0\] is a list of 1, and primals\[0\] is a list of 2"),
        (([1.0, 2.0],), (1.0,), r"tangents\[0\] is a number, and primals\[0\] is a list of 2"),
        ((1.0,), ([1.0],), r"tangents\[0\] is a list of 1, and primals\[0\] is a number"),
        (({"w": [1.0]},), ({"w": [{0: 1.0}]},), r'tangents\[0\]\["w"\]\[0\] is a dict with 1 key 0, and primals'),
        (({"w": 1.0},), ({"v": 1.0},), r"is a dict with 1 key 'v', and primals\[0\] is a dict with 1 key 'w'"),
        (({0: 1.0},), ([1.0],), r"tangents\[0\] is a list of 1, and primals\[0\] is a dict with 1 key 0"),
        (({"w": [1.0, 2.0]},), ({"w": [1.0, "a"]},), r'tangents\[0\]\["w"\]\[1\] takes Values, .*not str'),
        (({"w": [1.0, None]},), ({"w": [1.0, 2.0]},), r'primals\[0\]\["w"\]\[1\] takes Values, .*not None'),
        ((), (), "there is none; pass at least one"),
    ],
)
def test_a_wrong_tangent_is_found_by_its_path(primals: Any, tangents: Any, message: str) -> None:
    for of in (jvp, hvp):
        with pytest.raises((TypeError, ValueError), match=message):
            of(lambda *xs: total(flat(xs)), primals, tangents)


def test_dicts_are_matched_by_their_keys() -> None:
    _, tangent = jvp(lambda p: p["a"] * p["b"], ({"a": 3.0, "b": 5.0},), ({"b": 0.0, "a": 1.0},))
    assert tangent.data == 5.0
    _, pullback = vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)
    assert pullback({"b": 1.0, "a": 0.0})[0].data == 2.0


def test_a_wrong_cotangent_is_found_by_its_path() -> None:
    class Pair(NamedTuple):
        x: Any
        y: Any

    _, pullback = vjp(lambda x: Pair(x, {"w": [x, x]}), 2.0)
    with pytest.raises(ValueError, match=r'cotangent\.y\["w"\] is a list of 1, and f\(…\)\.y\["w"\] is a list of 2'):
        pullback(Pair(1.0, {"w": [1.0]}))
    with pytest.raises(TypeError, match=r'cotangent\[1\]\["w"\]\[0\] takes Values, .*not complex'):
        pullback((1.0, {"w": [1j, 1.0]}))
    with pytest.raises(ValueError, match=r"cotangent is a number, and f\(…\) is a Pair of 2"):
        pullback(1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({1.0, 2.0}, r"is of type set, which has no order, .*pass a list of its numbers"),
        (frozenset([1.0]), r"is of type frozenset, which has no order"),
        (range(3), r"is of type range, and not a list, tuple or dict; pass a list"),
        ((x for x in [1.0]), r"is of type generator"),
        ({"a": 1.0}.values(), r"is of type dict_values"),
        (np.array([1.0, 2.0]), r"is of type ndarray, .*pass array\.tolist\(\)"),
        (np.array(1.0), r"takes Values, .*\.item\(\)"),
        ("1.0", r"takes Values, .*float\(\) first"),
        (None, r"takes Values, .*None"),
        (1j, r"takes Values, .*\.real or \.imag"),
        (nn.MLP(1, [1]), r"is of type MLP; for its parameters, use grad_graph\(loss, x\.parameters\(\)\)"),
    ],
)
def test_a_wrong_argument_is_found_by_its_path(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=r'^arguments\[1\]\["a \\"b"\]\[2\] ' + message):
        grad(lambda x, y: x)(1.0, {3: [0.0], 'a "b': (1.0, 2.0, wrong)})
    with pytest.raises(TypeError, match=r"^arguments\[2\] " + message):
        hessian(lambda x, y, z: x, argnums=(0, -1))(1.0, wrong, wrong)
    with pytest.raises(TypeError, match=r"^primals\[1\] " + message):
        vjp(lambda x, y: x, 1.0, wrong)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (2.0, r"not float 2\.0, which has no graph; is there a \.data in it\?"),
        (np.float64(2.0), r"not .*2\.0.*, which has no graph; is there a \.data in it\?"),
        ([1.0, {"a": 2.0}], r"not list \[1\.0, {'a': 2\.0}\], which has no graph; is there a \.data in it\?"),
        (None, r"not None; does it lack a return\?"),
        ("a", r"not str 'a'$"),
        ({1.0}, r"not set {1\.0}$"),
    ],
)
def test_a_function_returns_values(result: Any, message: str) -> None:
    def f(x: Value) -> Any:
        return result

    for call in (lambda: grad(f)(1.0), lambda: value_and_grad(f)(1.0), lambda: hvp(f, (1.0,), (1.0,))):
        with pytest.raises(TypeError, match=r"f must return one Value to have a gradient, " + message):
            call()
    for call in (
        lambda: jacobian(f)(1.0),
        lambda: hessian(f)(1.0),
        lambda: jvp(f, (1.0,), (1.0,)),
        lambda: vjp(f, 1.0),
    ):
        with pytest.raises(TypeError, match=r"f must return a Value, or lists, tuples or dicts of Values, " + message):
            call()


def test_a_wrong_result_is_found_by_its_path() -> None:
    def pair(x: Value) -> Any:
        return {"a": [x, None]}

    with pytest.raises(TypeError, match=r'^pair\(…\)\["a"\]\[1\] takes Values, .*did a function forget to return'):
        jacobian(pair)(1.0)
    with pytest.raises(TypeError, match=r"return one element, or a total\(…\) of them, or take the jacobian"):
        grad(pair)(1.0)


def test_nothing_is_differentiated_inside_no_grad() -> None:
    _, pullback = vjp(surface, 1.0, 2.0)
    calls: list[Callable[[], Any]] = [
        *(lambda: grad(surface)(1.0, 2.0), lambda: hessian(surface)(1.0, 2.0), lambda: vjp(surface, 1.0, 2.0)),
        *(lambda: jacobian(surface)(1.0, 2.0), lambda: pullback(1.0), lambda: jvp(surface, (1.0, 2.0), (1.0, 1.0))),
    ]
    for call in calls:
        with no_grad(), pytest.raises(RuntimeError, match=r"leave no_grad\(\) first"):
            call()


def test_gradcheck_takes_dicts_too() -> None:
    assert gradcheck(lambda p: p["a"] * p["b"][0], [{"a": 2.0, "b": [3.0]}]).passed
