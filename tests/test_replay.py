"""Replay over every kind of numbers: equal to the floats where it should be, and exact where it can be."""

import decimal
import math
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

import mpmath
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, functional, replay
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.formula.interval import Interval
from autograd.formula.replay import Dual, Replay
from autograd.operations import operation
from tests.test_custom import defined, rms, softsign
from tests.test_random_graphs import Derivatives, by_backward, by_differences, gradients_agree, mp, nodes_of, values_of

KINDS: Final = ("fraction", "decimal", "complex", "mpmath", "dual", "interval", "sympy")
REAL: Final = ("decimal", "complex", "mpmath", "dual")
"""Those over which arithmetic and functions alike give one number close to the float."""
DIGITS: Final = 60
EXACT_TO: Final = mp.mpf(10) ** -40
"""Relative to the largest: of 60 digits, random graphs lose fewer than 20 to their conditioning."""
FLOATS: Final = 1e-9
"""Relative to the largest gradient, or 1: rounding in graphs of twelve steps, each of which may magnify it tenfold."""
STEP: Final = 1e-30
"""Of the complex step, which has no subtraction."""


def graph(expression: Expression) -> tuple[list[Value], Value]:
    xs = [Value(x) for x in expression.inputs]
    return xs, expression(*xs)


def gradients(root: Value, xs: Sequence[Value]) -> list[float]:
    return [g.data for g in functional.grad_graph(root, xs)]


def grads(again: Replay, xs: Sequence[Value], root: Value) -> list[Any]:
    """The derivatives by all inputs, 0 for one that the root does not depend on."""
    nodes = set(functional.topological_order(root))
    return [again.grad(x) if x in nodes else 0.0 for x in xs]


def used(root: Value, values: dict[Value, Any]) -> dict[Value, Any]:
    """The inputs that the graph has."""
    nodes = set(functional.topological_order(root))
    return {x: number for x, number in values.items() if x in nodes}


def agree(found: Sequence[Any], wanted: Sequence[Any], tolerance: Any = FLOATS) -> bool:
    size = max([1, *map(abs, wanted)])
    return all(abs(x - y) <= tolerance * size for x, y in zip(found, wanted, strict=True))


# ── mpmath ──


@given(strategies.expressions())
def test_mpmath_has_the_digits_of_an_independent_evaluation(expression: Expression) -> None:
    xs, nodes = nodes_of(expression)
    root = nodes[-1]
    again = replay(root, "mpmath", digits=DIGITS)
    exact, derivatives = values_of(expression), by_differences(expression)
    inputs = derivatives.gradient[: len(xs)]
    assert agree([again.value], [exact[-1]], EXACT_TO)
    assert agree(grads(again, xs, root), inputs, EXACT_TO * derivatives.tangent**2)
    assert abs(root.data - float(again.value)) <= FLOATS * max(1.0, abs(root.data))
    wanted = Derivatives(grads(again, nodes, root), [], len(xs), derivatives.tangent)
    assert gradients_agree(by_backward(nodes), wanted)


def test_a_great_difference_costs_no_digits() -> None:
    x, y = Value(1.0), Value(-1e200)
    for root in (autograd.logaddexp(x, y), autograd.logaddexp(y, x), autograd.logsumexp([x, y])):
        again = replay(root, "mpmath")
        assert [float(z) for z in (again.value, again.grad(x), again.grad(y))] == [1.0, 1.0, 0.0]


def test_results_keep_their_digits_and_the_context_is_put_back() -> None:
    x = Value(2.0, label="x")
    again = replay(x.sqrt(), mpmath.mpf, digits=50)
    before = mpmath.mp.dps, decimal.getcontext().prec
    with mpmath.workdps(60):
        assert abs(again.value - mpmath.sqrt(2)) < mpmath.mpf(10) ** -49
        assert abs(again.grad(x) - 1 / mpmath.sqrt(8)) < mpmath.mpf(10) ** -49
    assert len(str(replay(x.sqrt(), "decimal", digits=28).value)) == 29
    for kind in ("mpmath", "decimal"):
        with pytest.raises(ArithmeticError if kind == "decimal" else ValueError):
            replay(x.sqrt(), kind, inputs={x: "two"})
    with pytest.raises(TypeError):
        replay(x.sin(), "decimal")
    assert (mpmath.mp.dps, decimal.getcontext().prec) == before
    assert decimal.getcontext().traps[decimal.DivisionByZero]


def test_the_precision_of_mpmath_is_never_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So an interrupt, or another thread, can't find it raised."""
    precision, changes = type(mpmath.mp).prec, list[int]()
    assert precision.fset is not None
    watched = property(precision.fget, lambda mp, n: changes.append(n) if mp is mpmath.mp else precision.fset(mp, n))
    monkeypatch.setattr(type(mpmath.mp), "prec", watched)
    x = Value(0.5)
    again = replay(x.erf() * x, "mpmath", digits=50)
    assert mpmath.fsum([again.value, again.grad(x), again[x]]) > 0
    assert type(again.value) is mpmath.mpf
    replay(x.erf(), "complex")
    assert changes == []


@pytest.mark.parametrize("kind", ["mpmath", "decimal", "dual"])
def test_division_by_zero_is_that_of_floats(kind: str) -> None:
    x = Value(0.0)
    for root in (1.0 / x, x**-2.0, x.rsqrt(), x.log(), x.sqrt(), x / x, (x - 1.0).log(), x**0.0, x.reciprocal()):
        again = replay(root, kind)
        wanted = root.data, gradients(root, [x])[0]
        found = again.value, again.grad(x)
        for number, z in zip(found, wanted, strict=True):
            float_of = number.value if isinstance(number, Dual) else float(number)
            assert float_of == z or (z != z and float_of != float_of), (root.op, found, wanted)


# ── complex ──


@given(strategies.expressions())
def test_the_complex_step_is_the_gradient(expression: Expression) -> None:
    xs, root = graph(expression)
    assert agree([replay(root, complex).value], [root.data])
    for x, slope in zip(xs, gradients(root, xs), strict=True):
        stepped = replay(root, complex, inputs=used(root, {x: complex(x.data, STEP)})).value
        assert agree([stepped.imag / STEP], [slope], FLOATS * max(1.0, *map(abs, gradients(root, xs))))


@given(strategies.expressions())
def test_complex_gradients_of_reals_are_those_of_floats(expression: Expression) -> None:
    xs, root = graph(expression)
    assert agree(grads(replay(root, "complex"), xs, root), gradients(root, xs))


# ── fractions ──

ARITHMETIC: Final[dict[str, tuple[int, Callable[..., Any]]]] = {
    "add": (2, lambda x, y: x + y),
    "subtract": (2, lambda x, y: x - y),
    "multiply": (2, lambda x, y: x * y),
    "divide": (2, lambda x, y: x / y),
    "negative": (1, lambda x: -x),
    "positive": (1, lambda x: x),
    "square": (1, lambda x: x * x),
    "reciprocal": (1, lambda x: 1 / x),
    "total": (3, lambda *xs: sum(xs)),
    "mean": (3, lambda *xs: sum(xs) / len(xs)),
    "dot": (4, lambda a, b, c, d: a * c + b * d),
    "relu": (1, lambda x: max(x, 0)),
    "absolute": (1, abs),
    "maximum": (2, max),
    "minimum": (2, min),
    "largest": (3, lambda *xs: max(xs)),
    "smallest": (3, lambda *xs: min(xs)),
    "leaky_relu": (2, lambda x, slope: x if x > 0 else slope * x),
}
KINKED: Final = ("relu", "absolute", "maximum", "minimum", "largest", "smallest", "leaky_relu")
FRACTION_STEP: Final = Fraction(1, 10**60)


@st.composite
def arithmetic(draw: st.DrawFn) -> Expression:
    """Programs of arithmetic on small fractions, in which nothing is divided by zero."""
    numbers = [Fraction(draw(st.integers(-20, 20)), 8) for _ in range(3)]
    inputs, steps = tuple(map(float, numbers)), []
    for _ in range(draw(st.integers(1, 8))):
        op = draw(st.sampled_from([*ARITHMETIC]))
        count, f = ARITHMETIC[op]
        at = [draw(st.integers(0, len(numbers) - 1)) for _ in range(count)]
        xs = [numbers[k] for k in at]
        tied = op in KINKED and len({*xs, Fraction(0)}) <= len(xs)
        if (op in ("divide", "reciprocal") and not xs[-1]) or tied:
            op, at, (_, f), xs = "negative", at[:1], ARITHMETIC["negative"], xs[:1]
        numbers.append(Fraction(f(*xs)))
        steps.append(strategies.Step(op, tuple(at)))
    return Expression(inputs, tuple(steps))


@given(arithmetic())
def test_fractions_are_exact(expression: Expression) -> None:
    def run(nudged: int = -1, step: Fraction = Fraction(0)) -> Any:
        start = [Fraction(x) + (step if i == nudged else 0) for i, x in enumerate(expression.inputs)]
        return expression.run(lambda op, xs: ARITHMETIC[op][1](*xs), start)

    xs, root = graph(expression)
    again = replay(root, Fraction)
    assert again.value == run()
    for i, found in enumerate(grads(again, xs, root)):
        assert isinstance(found, (Fraction, float))
        slope = (run(i, FRACTION_STEP) - run(i, -FRACTION_STEP)) / (2 * FRACTION_STEP)
        assert abs(found - slope) <= abs(slope) * Fraction(1, 10**30) + Fraction(1, 10**30)


def test_what_is_no_fraction_is_named_with_the_remedy() -> None:
    x = Value(0.5, label="x")
    y = ((x + 1.0) * x).tanh().exp()
    with pytest.raises(
        TypeError,
        match=r"replay over fraction: the value of tanh, v4, can't be computed at 3/4 "
        r"\(replay over 'mpmath' has all operations\): these numbers have no exp",
    ):
        replay(y, Fraction)
    with pytest.raises(TypeError, match=r"power, v2, .* at 1/2, 1/2 .*a power of 1/2, which is not whole"):
        replay(x**0.5, Fraction)
    with pytest.raises(ZeroDivisionError, match=r"the value of divide, v2, can't be computed at 1, 0 "):
        replay(1.0 / x, "fraction", inputs={x: 0})
    assert replay(x**-3.0, Fraction).grad(x) == -48
    z = x ** Value(2.0)
    with pytest.raises(TypeError, match="the derivative of power"):
        replay(z, Fraction).grad(z.operands[1])
    assert replay(z, Fraction).grad(x) == 1
    with pytest.raises(OverflowError, match="the number inf of the leaf v0 can't be taken"):
        replay(Value(math.inf) * 2.0, Fraction)
    with pytest.raises(ValueError, match="log, v1, can't be computed at -1 "):
        replay(Value(-1.0).log(), Fraction)
    for _ in range(14):
        y = x = x * x if x.operands else x + 0.1
    with pytest.raises(TypeError, match=r"exp, .* at a number too long to show "):
        replay(y.exp(), Fraction)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (Fraction(10**29, 10**28 + 1), f"{10**29}/{10**28 + 1}"),
        (Fraction(10**30, 10**28 + 1), f"{10**30}/{10**26}…"),
        (Fraction(10**5000), "a number too long to show"),
    ],
)
def test_a_number_in_an_error_has_at_most_sixty_characters(x: Fraction, text: str) -> None:
    leaf = Value(0.5)
    with pytest.raises(TypeError) as error:
        replay(leaf.exp(), Fraction, inputs={leaf: x})
    assert f"at {text} (replay over 'mpmath' has all operations)" in str(error.value)


def test_where_needs_no_number_from_the_branch_that_is_not_taken() -> None:
    x = Value(0.5)
    then = x.exp()
    root = autograd.where(x - 1.0, then, x * 3.0)
    again = replay(root, Fraction)
    assert (again.value, again.grad(x)) == (Fraction(3, 2), 3)
    for ask in (lambda: again[then], lambda: replay(root, Fraction, inputs={x: 2})):
        with pytest.raises(TypeError, match="the value of exp, v"):
            ask()
    broken = autograd.where(then, x, x * 3.0)
    with pytest.raises(TypeError, match="the value of exp, v1, can't be computed"):
        replay(broken, Fraction)


def test_a_derivative_that_these_numbers_lack_is_not_formed_for_another() -> None:
    @autograd.operation(domain=[(0.5, 2.0), (0.5, 2.0)])
    def first(x, y):  # type: ignore[no-untyped-def]
        return x * y, math.exp(math.log(y)), x

    @autograd.operation(domain=[(0.5, 2.0), (0.5, 2.0)])
    def second(x, y):  # type: ignore[no-untyped-def]
        return x * y, y, math.exp(math.log(x))

    x, y = Value(2.0), Value(3.0)
    for f, right, lacking, wanted in ((first, y, x, 2), (second, x, y, 3)):
        again = replay(f(x, y), Fraction)
        assert again.grad(right) == wanted
        with pytest.raises(TypeError, match=r"the derivative of .* these numbers have no log"):
            again.grad(lacking)


# ── decimals ──

NOT_IN_DECIMALS: Final = {"sin", "cos", "tan", "asin", "acos", "atan", "atan2", "erf", "gelu"}


@pytest.mark.parametrize("digits", [28, 60])
@given(data=st.data())
def test_decimals_have_their_digits(digits: int, data: st.DataObject) -> None:
    expression = data.draw(strategies.expressions(max_steps=6))
    assume(NOT_IN_DECIMALS.isdisjoint(step.op for step in expression.steps))
    xs, root = graph(expression)
    again = replay(root, decimal.Decimal, digits=digits)
    exact = replay(root, "mpmath", digits=2 * digits)
    wanted = [exact.value, *grads(exact, xs, root)]
    found = [again.value, *grads(again, xs, root)]
    with mpmath.workdps(2 * digits):
        # Over decimals log(1 + eˣ) is computed as it stands; with what the graph magnifies, half of the digits remain.
        assert agree([mpmath.mpf(str(x)) for x in found], wanted, mpmath.mpf(10) ** -(digits // 2))


@pytest.mark.parametrize("op", sorted(NOT_IN_DECIMALS))
def test_what_decimals_lack_is_named(op: str) -> None:
    with pytest.raises(
        TypeError, match=rf"the value of {op}, v1, can't be computed at 0\.5.* .*these numbers have no "
    ):
        replay(strategies.apply(op, [Value(0.5)] * len(operation(op).domains)), "decimal")


def test_sixty_digits_are_asked_for_if_none_are() -> None:
    root = 1.0 / Value(7.0)
    assert str(replay(root, "decimal").value) == "0." + "142857" * 10
    assert str(replay(root, "decimal", digits=5).value) == "0.14286"
    with mpmath.workdps(80):
        for digits, again in ((60, replay(root, "mpmath")), (20, replay(root, "mpmath", digits=20))):
            error = abs(again.value - mpmath.mpf(1) / 7)
            assert mpmath.mpf(10) ** -(digits + 4) < error < mpmath.mpf(10) ** -(digits - 1)


def test_powers_of_decimals() -> None:
    x = Value(0.0)
    assert [replay(x**y, "decimal", inputs={x: z}).value for z in (0, 2) for y in (0.0, 1.0, 3.0)] == [1, 0, 0, 1, 2, 8]


def test_a_decimal_that_is_nan_fails_comparisons_quietly() -> None:
    x = Value(math.nan)
    for root in (x.relu(), abs(x), autograd.maximum(x, 1.0), autograd.largest([x, 1.0]), x.silu()):
        again = replay(root, "decimal")
        assert again.value.is_nan()
        assert decimal.getcontext().flags[decimal.InvalidOperation] is False


# ── dual numbers ──


@given(strategies.expressions(), st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3))
def test_dual_numbers_have_the_derivative_in_a_direction(expression: Expression, direction: list[float]) -> None:
    xs, root = graph(expression)
    moving = {x: Dual(x.data, d) for x, d in zip(xs, direction, strict=False)}
    again = replay(root, Dual, inputs=used(root, moving))
    assert again.value.value == root.data
    gradient = gradients(root, xs)
    slope = sum(g * d for g, d in zip(gradient, direction, strict=False))
    assert abs(again.value.derivative - slope) <= FLOATS * max(1.0, *map(abs, gradient))
    # Reverse over forward: the gradient, and how it changes in the direction.
    rows = functional.grad_graph(root, xs)
    second = [[h.data for h in functional.grad_graph(g, xs)] for g in rows]
    products = [sum(h * d for h, d in zip(row, direction, strict=False)) for row in second]
    found = [x if isinstance(x, Dual) else Dual(x) for x in grads(again, xs, root)]
    assert agree([x.value for x in found], gradient)
    assert agree([x.derivative for x in found], products, FLOATS * max(1.0, *(abs(h) for row in second for h in row)))


def test_an_infinite_partial_moves_what_moves_alone() -> None:
    x, c = Value(0.0), Value(-2.0)
    assert replay(x.sqrt(), Dual, inputs={x: Dual(0.0, 1.0)}).value == Dual(0.0, math.inf)
    assert replay(x.sqrt(), Dual).value == Dual(0.0, 0.0)
    assert replay(c**2.0, Dual, inputs={c: Dual(-2.0, 1.0)}).value == Dual(4.0, -4.0)
    least = Value(-0.0)
    assert replay(least.sqrt(), Dual).grad(least).value == math.inf


# ── sympy ──


@pytest.mark.parametrize("op", strategies._IN_EXPRESSIONS)
@settings(max_examples=10)
@given(data=st.data())
def test_a_closed_formula_is_the_operation(op: str, data: st.DataObject) -> None:
    row = [x for group in data.draw(strategies.operands(op)) for x in (group if isinstance(group, list) else [group])]
    xs = [Value(x) for x in row]
    root: Value = strategies.apply(op, xs)
    again = replay(root, "sympy")
    at = {again[x]: sympy.Float(x.data, 40) for x in xs}
    found = [sympy.N(formula.subs(at), 30) for formula in (again.value, *map(again.grad, xs))]
    assert agree(found, [root.data, *gradients(root, xs)])


@settings(max_examples=15)
@given(strategies.expressions(max_steps=4))
def test_the_closed_formula_is_the_program(expression: Expression) -> None:
    xs, root = graph(expression)
    try:
        again = replay(root, "sympy")
    except TypeError as error:  # SymPy's atan asks whether the infinite value of log(0) is above 0.
        assume("Invalid comparison of non-real" not in str(error))
        raise
    nodes = used(root, dict.fromkeys(xs))
    at = {again[x]: sympy.Float(x.data, 40) for x in nodes}
    found = [sympy.N(formula.subs(at), 30) for formula in (again.value, *map(again.grad, nodes))]
    slopes = gradients(root, list(nodes)) if nodes else []
    assert agree(found, [root.data, *slopes], FLOATS * max(1.0, *map(abs, slopes)))


def test_formulas_read_like_formulas() -> None:
    x, y = Value(0.5, label="x"), Value(2.0, label="y")
    root = (x * y).sin() ** 2.0 + (x * y).cos() ** 2.0
    again = replay(root, sympy.Symbol, simplify=True)
    assert (again.value, again.grad(x)) == (1, 0)
    assert str(replay((x * y).sin(), "sympy").grad(x)) == "y*cos(x*y)"
    assert str(replay(x * y, "sympy", inputs={y: 3}).value) == "3*x"
    kink = replay(x.relu(), "sympy").value
    (symbol,) = kink.free_symbols
    assert [kink.subs({symbol: at}) for at in (-1, 0, 2)] == [0, 0, 2]
    ties = replay(autograd.maximum(x, y), "sympy")
    assert ties.value.subs({again[x]: 1, again[y]: 1}) == 1
    assert ties.grad(x).subs({again[x]: 1, again[y]: 1}) == sympy.Rational(1, 2)
    absolute = replay(abs(x), "sympy")
    assert (absolute.value.subs(symbol, 0), absolute.grad(x).subs(symbol, 0)) == (0, 0)
    three = replay(autograd.largest([x, y, 1.0]), "sympy").grad(x)
    assert three.subs({again[x]: 1, again[y]: 1}) == pytest.approx(1.0 / 3.0)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.015625, "x/64"),
        (-0.015625, "-x/64"),
        (0.0078125, "0.0078125*x"),
        (0.1, "0.1*x"),
        (1.5, "3*x/2"),
        (3, "3*x"),
        (10.0, "10*x"),
    ],
)
def test_simple_floats_are_fractions_in_a_formula(x: float, text: str) -> None:
    assert str(replay(Value(2.0, label="x") * x, "sympy").value) == text


def test_a_formula_is_that_of_its_domain() -> None:
    x = Value(2.0, label="x")
    assert str(replay(x.log(), "sympy").value) == "log(x)"
    assert str(replay(x.relu(), "sympy").value) == "Piecewise((x, x > 0), (0, True))"


def test_symbols_have_the_labels_that_are_there_once() -> None:
    a, b, c, d = Value(1.0, label="a"), Value(2.0), Value(3.0, label="c"), Value(4.0, label="c")
    assert str(replay(a * 1 + b * 2 + c * 3 + d * 4, "sympy").value) == "a + 2*x0 + 3*x1 + 4*x2"


def test_no_two_leaves_are_one_symbol() -> None:
    x, y, z, w = Value(1.0, label="x1"), Value(2.0), Value(3.0, label="a"), Value(4.0, label="a")
    symbols = replay(x + y + z + w, "sympy").value.free_symbols
    assert len(symbols) == 4
    assert "x1" in map(str, symbols)


# ── whatever the kind ──


def as_float(x: Any) -> float:
    match x:
        case Dual():
            return x.value
        case Interval():
            assert x.low == pytest.approx(x.high, rel=FLOATS, abs=FLOATS)
            return (x.low + x.high) / 2.0
        case _:
            return complex(x).real


def replayed(kind: str, root: Value, xs: Sequence[Value]) -> list[float]:
    """The value and the gradient of a replay, as floats."""
    again = replay(root, kind)
    results = [again.value, *map(again.grad, xs)]
    if kind == "sympy":
        at = {again[x]: x.data for x in xs}
        results = [sympy.N(formula.subs(at)) for formula in results]
    return [as_float(x) for x in results]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fraction"])
def test_users_operations_are_replayed(kind: str) -> None:
    xs = [Value(0.75, label="a"), Value(-2.0, label="b")]
    root = softsign()(xs[0] * xs[1]) * rms()(xs) + softsign()(xs[1])
    assert replayed(kind, root, xs) == pytest.approx([root.data, *gradients(root, xs)], rel=FLOATS, abs=0.0)


def test_users_operations_are_exact_over_fractions() -> None:
    x = Value(3.0)
    again = replay(softsign()(x), Fraction)
    assert (again.value, again.grad(x)) == (Fraction(3, 4), Fraction(1, 16))
    with pytest.raises(TypeError, match="the value of rms, v1"):
        replay(rms()([x]), Fraction)


def test_an_operation_without_a_source_moves_in_dual_numbers() -> None:
    x = Value(3.0)
    root = defined("return x * x, 2 * x", source=False)(x) * 2.0
    assert replay(root, Dual, inputs={x: Dual(2.0, 1.0)}).value == Dual(8.0, 8.0)
    with pytest.raises(
        ValueError, match=r"replay over mpmath: the value of f, v1, can't be computed at 3\.0: f has no"
    ):
        replay(root, "mpmath")


SEQUENCES: Final[dict[str, Callable[[Sequence[Value]], Value]]] = {
    "total": autograd.total,
    "mean": autograd.mean,
    "dot": lambda xs: autograd.dot(xs, xs[::-1]),
    "largest": autograd.largest,
    "smallest": autograd.smallest,
    "logsumexp": autograd.logsumexp,
    "softmax": lambda xs: autograd.softmax(xs)[0],
    "log_softmax": lambda xs: autograd.log_softmax(xs)[1],
    "norm": autograd.norm,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_are_replayed(kind: str, name: str) -> None:
    xs = [Value(x) for x in (0.5, -1.25, 2.0)]
    root = SEQUENCES[name](xs)
    if kind == "fraction" and name in ("logsumexp", "softmax", "log_softmax", "norm"):
        with pytest.raises(TypeError, match="replay over fraction: the value of"):
            replay(root, kind)
        return
    assert replayed(kind, root, xs) == pytest.approx([root.data, *gradients(root, xs)], rel=FLOATS, abs=FLOATS)


@pytest.mark.parametrize("kind", KINDS)
def test_any_node_may_be_asked(kind: str) -> None:
    x, y, other = Value(0.5, label="x"), Value(3.0), Value(1.0)
    product = x * y
    root = product * product + 2.0
    again = replay(root, kind, inputs={x: 1, y: 2})
    assert [as_float(z) for z in (again.value, again[product], again[x], again.grad(product))] == [6.0, 2.0, 1.0, 4.0]
    assert [as_float(z) for z in (again.grad(root), again.grad(x))] == [1.0, 8.0]
    with pytest.raises(ValueError, match="is no part of this graph"):
        again.grad(other)
    assert repr(again).startswith("Replay(")
    leaf = replay(x, kind, inputs={x: 2})
    assert (as_float(leaf.value), as_float(leaf.grad(x))) == (2.0, 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_detached_has_a_value_and_no_gradient(kind: str) -> None:
    x = Value(3.0)
    kept = (x * x).detach()
    again = replay(kept * x + kept, kind, inputs={x: 2})
    assert [as_float(z) for z in (again.value, again.grad(x), again.grad(kept))] == [12.0, 4.0, 3.0]
    only = replay(kept + 1.0, kind, inputs={x: 2})
    assert [as_float(z) for z in (only.value, only.grad(x))] == [5.0, 0.0]
    assert type(only.grad(x)) is type(only.grad(kept)) or kind == "sympy"


def test_what_is_detached_does_not_move() -> None:
    x = Value(3.0)
    root = (x * x).detach() * x
    assert replay(root, Dual, inputs={x: Dual(2.0, 1.0)}).value == Dual(8.0, 4.0)


DEEP: Final = 10_000


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sympy"])
def test_deep_graphs_need_no_recursion(kind: str) -> None:
    x = v = Value(1.0)
    for _ in range(DEEP // 2):
        v = v * 1.0 + 1.0
    again = replay(v, kind, digits=20)
    assert as_float(again.value) == DEEP // 2 + 1
    assert as_float(again.grad(x)) == 1.0


# ── what is refused ──


def test_wrong_calls_name_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(0.5, label="x")
    root = x * 2.0
    with pytest.raises(ValueError, match=r"there is no kind of numbers 'mpmat'; did you mean 'mpmath'\?"):
        replay(root, "mpmat")
    for wrong in (int, Value, 3):
        with pytest.raises(
            ValueError, match=r"there is no kind of numbers .*; there are fraction, decimal, complex, mpm"
        ):
            replay(root, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"replay takes a Value, not float 3\.0"):
        replay(3.0, "dual")  # type: ignore[arg-type]
    for no_leaf in (root, Value(1.0), 3):
        with pytest.raises(ValueError, match=r"replay: inputs are leaves of the graph, and .* is none"):
            replay(root, "dual", inputs={no_leaf: 1.0})  # type: ignore[dict-item]
    for box in ((2.0, 1.0), (1.0, 2.0, 3.0)):
        with pytest.raises(ValueError, match=r"leaf v0 .*: an interval is a number or goes from low to high, as \(0"):
            replay(root, "interval", inputs={x: box})
    with pytest.raises(ValueError, match="digits is a whole number from 1, not 0"):
        replay(root, "mpmath", digits=0)
    with pytest.raises(ValueError, match=r"simplify is for formulas, as in replay\(root, 'sympy', simplify=True\)"):
        replay(root, "dual", simplify=True)
    for kind, error in (("fraction", ValueError), ("complex", ValueError), ("dual", ValueError)):
        with pytest.raises(error, match=f"replay over {kind}: the number 'abc' of the leaf v0 can't be taken: "):
            replay(root, kind, inputs={x: "abc"})
    with pytest.raises(OverflowError, match=r"replay over complex: the value of exp, v1, can't be computed at \(1000"):
        replay(x.exp(), "complex", inputs={x: 1000.0})


@pytest.mark.parametrize("library", ["mpmath", "sympy"])
def test_a_missing_library_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"these numbers are made with {library}: pip install {library}"):
        replay(Value(0.5).exp(), library)
    if library == "mpmath":
        with pytest.raises(ImportError, match="pip install mpmath"):
            replay(Value(0.5).erf(), "complex")
