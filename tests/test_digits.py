"""Numbers on a page say what the numbers themselves say: worked out again from the text, a statement still holds."""

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autograd import Stepper, Tape, Value, autopsy, draw, explain, maximum, mean, total, tree
from autograd.engine.number import EXACT, SIX, short, shorts
from autograd.show.digits import CLOSE, figures, together
from autograd.show.lines import calculation, forward_line
from autograd.show.names import Names

NEAR = 1 + 2e-10
"""It looks like 1 in six digits."""


def written(line: str) -> list[float]:
    """The numbers of a forward line: those of the operation on floats, and the result."""
    *_, in_floats, result = line.replace("\n", " ").split(" = ")
    return [float(text) for text in [*re.findall(r"(?<![\w.])-?[\d.]+(?:e[+-]?\d+)?", in_floats), result]]


def line_of(v: Value) -> str:
    tape = Tape(v)
    return forward_line(calculation(Names(tape), tape.roots[0]))


def kind(x: float) -> str:
    return str(x) if not math.isfinite(x) else "zero" if x == 0.0 else "finite"


def ratio(x: float, y: float) -> float:
    if y:
        return x / y
    return math.copysign(math.inf, x) * math.copysign(1.0, y) if x else math.nan


def or_nan(f: Callable[..., float]) -> Callable[..., float]:
    """The function of the standard library, with IEEE 754 in place of errors."""

    def of_every_float(*xs: float) -> float:
        try:
            return f(*xs)
        except ValueError:
            return -math.inf if xs[0] == (-1.0 if f is math.log1p else 0.0) else math.nan
        except OverflowError:
            return math.inf

    return of_every_float


UNARY: dict[str, tuple[Callable[[float], float], list[float]]] = {
    "acos": (math.acos, [1.0, -1.0]),
    "asin": (math.asin, [1.0, -1.0]),
    "log1p": (math.log1p, [-1.0]),
    "log": (math.log, [0.0, 1.0]),
    "sqrt": (math.sqrt, [0.0]),
    "exp": (math.exp, [709.782712893384]),
    "expm1": (math.expm1, [709.782712893384, 0.0]),
    "sinh": (math.sinh, [710.4758600739439]),
    "cosh": (math.cosh, [710.4758600739439]),
    "sin": (math.sin, [math.pi, 1e9]),
    "tan": (math.tan, [math.pi, math.pi / 2]),
}
tiny = st.floats(-1e-3, 1e-3) | st.floats(-1e-9, 1e-9) | st.sampled_from([0.0, 2e-16, -2e-16])


@given(st.sampled_from(sorted(UNARY)), st.data())
def test_at_the_edge_of_a_domain_the_operand_shown_gives_the_result_shown(op: str, data: st.DataObject) -> None:
    f, edges = UNARY[op]
    edge = data.draw(st.sampled_from(edges))
    x = edge + data.draw(tiny) * max(abs(edge), 1.0)
    operand, result = written(line_of(getattr(Value(x), op)()))
    again = or_nan(f)(operand)
    assert kind(again) == kind(result)
    if math.isfinite(result):
        assert again == pytest.approx(result, rel=2 * CLOSE, abs=0.0)
    derivative = getattr(Value(x), op)().partials[0], getattr(Value(operand), op)().partials[0]
    assert kind(derivative[0]) == kind(derivative[1])


PAIRS: list[tuple[Callable[[Any, Any], Value], Callable[[float, float], float]]] = [
    (operator.add, operator.add),
    (operator.sub, operator.sub),
    (operator.mul, operator.mul),
    (operator.truediv, ratio),
    (maximum, max),
]
floats = st.floats(-1e308, 1e308) | st.floats(-2.0, 2.0) | st.sampled_from([1.0, 0.3, 1e308, -1e308, 1e-300])


@given(st.sampled_from(PAIRS), floats, floats | tiny, st.booleans(), st.booleans())
@example(PAIRS[1], 0.3, 5.551115123125783e-17, True, False)
@example(PAIRS[2], 1.7976931348623157e308, 1e-17, True, True)
def test_of_two_operands_too(
    pair: tuple[Callable[[Any, Any], Value], Callable[[float, float], float]],
    x: float,
    y: float,
    near: bool,
    plain: bool,
) -> None:
    f, again = pair
    y = x + y if near else y
    assume(math.isfinite(y))
    line = line_of(f(Value(x), y if plain else Value(y))).replace("·(", "·").replace(")", " ")
    first, second, result = written(line.replace("+ -", "- ").replace(" - ", " + -"))
    if f is operator.sub:
        second = -second
    assert kind(again(first, second)) == kind(result)
    if math.isfinite(result):
        assert again(first, second) == pytest.approx(result, rel=2 * CLOSE, abs=0.0)
    assert (first == second) == (x == y)


@given(st.lists(st.floats(0.9, 1.1) | st.floats() | st.sampled_from([0.1 + 0.2, 0.3, 1.0, -1.0, NEAR]), max_size=6))
def test_different_numbers_look_different_and_no_digit_is_idle(numbers: list[float]) -> None:
    texts = shorts(numbers, [SIX] * len(numbers))
    for number, text in zip(numbers, texts, strict=True):
        if math.isfinite(number):
            assert float(text) == pytest.approx(number, rel=1e-5, abs=0.0)
        for other, its in zip([*numbers, 1.0, -1.0], [*texts, "1.0", "-1.0"], strict=True):
            assert (text == its) == (repr(number) == repr(other))
        alike = {repr(other) for other in [*numbers, 1.0, -1.0] if short(other) == short(number)}
        if len(alike) == 1:
            assert text == short(number)


def test_digits_are_added_to_the_numbers_that_need_them_alone() -> None:
    assert shorts([0.1 + 0.2, 0.3, 1 / 3], [SIX] * 3) == ["0.30000000000000004", "0.3", "0.333333"]
    assert shorts([math.nan, math.nan, math.inf, -0.0, 0.0], [SIX] * 5) == ["nan", "nan", "inf", "-0.0", "0.0"]
    assert together([2.0, 1 / 3], [2 / 3], lambda row: [row[0] * row[1]]) == ["2.0", "0.333333", "0.666667"]
    assert together([1 / 3], [5.0], lambda row: [len(repr(row[0])) / 10])[0] == repr(1 / 3)
    assert short(0.1, EXACT) == "0.1"


def test_rounding_changes_no_sign_of_a_derivative() -> None:
    """The minimum of silu lies at -1.27846454."""
    assert line_of(Value(-1.2784646, label="x").silu()) == "v1 = silu(x) = silu(-1.278465) = -0.278465"
    assert line_of(Value(-1.2784645, label="x").silu()) == "v1 = silu(x) = silu(-1.27846) = -0.278465"


def test_an_exponent_that_is_not_whole_does_not_look_whole() -> None:
    assert figures("power", [3.0, 2.0000001], 9.0).operands == {0: "3.0", 1: "2.0000001"}
    assert line_of(Value(-2.0, label="x") ** 2.0000001) == "v1 = x^2.0000001 = (-2)^2.0000001 = nan"
    assert line_of(Value(2.0, label="x") ** (1 / 3)) == "v1 = x^0.333333 = 2^0.333333 = 1.25992"


def test_a_result_that_is_nearly_another_number_follows_from_the_operands_shown() -> None:
    v = mean([Value(x) for x in (1.0, 2.0, 3.0000001)])
    assert line_of(v) == "v4 = (v1 + v2 + v3)/3 = (1 + 2 + 3.0000001)/3 = 2.00000003"
    assert tree(v).splitlines()[-1] == "└── v3 = 3.0000001"
    assert line_of(Value(20.0123456, label="x").sigmoid()) == "v1 = sigmoid(x) = sigmoid(20.0123) = 0.999999998"


# ── in every view ──


def test_every_view_shows_why_acos_of_1_is_nan() -> None:
    x = Value(NEAR, label="x")
    y = x.acos()
    y.label = "y"
    assert tree(y).splitlines() == ["y = acos(x) = nan", "└── x = 1.0000000002"]
    assert str(Stepper(y).step()) == "y = acos(x) = acos(1.0000000002) = nan"
    assert "acos(1.0000000002)" in str(autopsy(y))
    for picture in (draw(y), Stepper(y).draw(), autopsy(y).draw()):
        assert ">1.0000000002<" in picture.dot
    assert "1.0000000002" in tree((x * 2).acos() + y)


def test_numbers_that_differ_look_different_in_every_view() -> None:
    a, b = Value(0.1 + 0.2, label="a"), Value(0.3, label="b")
    y = a - b
    y.label = "y"
    assert str(Stepper(y).step()) == "y = a - b = 0.30000000000000004 - 0.3 = 5.55112e-17"
    assert "a = 0.30000000000000004" in tree(y)
    assert ">0.30000000000000004<" in draw(y).dot
    steps = list(Stepper(a * NEAR))
    assert str(steps[-1]) == "∂v1/∂a += ∂v1/∂v1 · ∂v1/∂a = 1 · 1.0000000002 = 1.0000000002"
    assert ">1.0000000002<" in draw(a * NEAR).dot, "the constant"
    assert "∂ 1.0000000002" in draw(a * NEAR, partials=True).dot
    assert tree(a * NEAR).splitlines()[0] == "v1 = a·1.0000000002 = 0.3000000001"


def test_gradients_that_cancel_are_shown_to_cancel() -> None:
    x = Value(2.0, label="x")
    y = x * 5.0000001 - x * 5
    y.label = "y"
    assert str(list(Stepper(y))[-1]) == "∂y/∂x += ∂y/∂v1 · ∂v1/∂x = 1 · 5.0000001 = 5.0000001; -5 + 5.0000001 = 1e-07"
    assert str(explain(y, x)).splitlines() == [
        "∂y/∂x = 1e-07, the sum of the products along 2 paths",
        "  5.0000001 along y ←[1] v1 ←[5.0000001] x",
        "  -5 along y ←[-1] v2 ←[5] x",
    ]
    walk = Stepper(y)
    walk.to("x")
    assert "∂y/∂x = 1e-07" in repr(walk)


def test_ordinary_numbers_have_six_digits() -> None:
    x = Value(1 / 3, label="x")
    y = (x * 0.7).tanh() + x
    lines = [str(step) for step in Stepper(y)] + tree(y).splitlines() + str(explain(y, x)).splitlines()
    y.backward()
    lines += draw(y, partials=True).dot.replace("<", "\n").splitlines()
    assert all(len(text) <= 8 for line in lines for text in re.findall(r"[\d.]+", line))


def test_a_long_sum_with_a_middle_that_cancels_has_digits_enough() -> None:
    xs = [Value(x) for x in [1e9 + 0.25] + [1.0] * 10 + [-1e9]]
    *terms, result = written(line_of(total(xs)).replace("- ", "-"))
    assert "(4 more: 4)" in line_of(total(xs))
    assert sum(terms) - 4 == pytest.approx(result, rel=CLOSE, abs=0.0), "the count of the others is among the terms"
