"""Gradients as functions and as graphs, to any order."""

import math
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, grad, grad_graph, hypot, logaddexp, maximum, softmax, total, value_and_grad
from autograd.check import strategies
from autograd.check.strategies import Expression

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
            assert derivative(at).data == pytest.approx(float(mpmath.diff(theirs, at, order)), rel=HIGHER)


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
        assert grad_graph(root, [x])[0].data == pytest.approx(x.grad, rel=1e-12)
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
    with pytest.raises(TypeError, match=r"a function is differentiated, not Value .*grad_graph"):
        grad(x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not NoneType"):
        grad(lambda v: None)(1.0)
    with pytest.raises(TypeError, match="there is none; pass at least one"):
        grad(lambda: x)()
    with pytest.raises(TypeError, match="not str 'a'"):
        grad(lambda v: v)("a")


def named_f(x: Value) -> list[Value]:
    return [x]


named_f.__name__ = "f"
