"""The rules read over complex numbers, over Values and as text."""

import cmath
import math
from collections.abc import Callable
from typing import Any, Final
from unittest import mock

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Value, formula
from autograd.check import strategies
from autograd.engine import ieee, rules
from autograd.formula import vocabularies
from autograd.operations import operation

STEP: Final = 1e-30
"""Of the complex step; it has no subtraction, so any step below 1e-16 of the operands is as good."""
COMPLEX_STEP: Final = 1e-12
"""Relative: what cmath and 15-digit mpmath leave of the operands' conditioning in the domains tested."""
OVER_VALUES: Final = 1e-12
"""Relative to 1 or the derivative: a few more roundings than the float rule has."""


def through_mpmath(f: Callable[[Any], Any]) -> Callable[[Any], complex]:
    def apply(x: Any) -> complex:
        with mpmath.workdps(40):
            return complex(f(mpmath.mpc(x)))

    return apply


def normal_cdf(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def complex_vocabulary() -> dict[str, Callable[..., Any]]:
    """What the functions of ieee are over the complex numbers, with no derivative in sight."""
    exp, log = cmath.exp, cmath.log
    names = ["exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan"]
    return {name: getattr(cmath, name) for name in names} | {
        "real": lambda x: x.real,
        "unsigned_zero": lambda x: x,
        "divide": lambda x, y: x / y,
        "over_square": lambda x, y: x / y / y,
        "expm1": through_mpmath(mpmath.expm1),
        "log": log,
        "log1p": through_mpmath(lambda x: mpmath.log(1 + x)),
        "log2": lambda x: log(x) / math.log(2.0),
        "log10": lambda x: log(x) / math.log(10.0),
        "erf": through_mpmath(mpmath.erf),
        "gaussian": lambda x, rate: exp(-rate * x * x),
        "normal_cdf": through_mpmath(normal_cdf),
        "sigmoid": lambda x: 1.0 / (1.0 + exp(-x)),
        "softplus": lambda x: log(1.0 + exp(x)) if x.real < 30 else x + exp(-x),
        "silu": lambda x: x / (1.0 + exp(-x)),
        "gelu": through_mpmath(lambda x: x * normal_cdf(x)),
        "power": lambda x, y: exp(y * log(x)),
        "scaled_power": lambda c, x, y, k: c * exp((y - k) * log(x)),
        "hypot": lambda x, y: cmath.sqrt(x * x + y * y),
        "direction": lambda x, y: x / cmath.sqrt(x * x + y * y),
        "exp_of_difference": lambda x, y: exp(x - y),
        "share": lambda x, y: 1.0 / (1.0 + exp(y - x)),
        "logaddexp": lambda x, y: log(exp(x) + exp(y)),
        "total": sum,
        "mean": lambda xs: sum(xs) / len(xs),
        "dot": lambda xs, ys: sum(x * y for x, y in zip(xs, ys, strict=True)),
        "greatest": lambda xs: max(xs, key=lambda x: x.real),
        "least": lambda xs: min(xs, key=lambda x: x.real),
        "ties": lambda xs, z: sum(x.real == z.real for x in xs),
        "logsumexp": lambda xs: log(sum(map(exp, xs))),
        "shares": lambda xs: [exp(x) / sum(map(exp, xs)) for x in xs],
        "log_of_shifted_sum": lambda xs: log(sum(exp(x - xs[-1]) for x in xs[:-1])),
        "shifted_shares": lambda xs: [*(exp(x) / sum(map(exp, xs[:-1])) for x in xs[:-1]), -1.0],
        "norm": lambda xs: cmath.sqrt(sum(x * x for x in xs)),
        "directions": lambda xs: [x / cmath.sqrt(sum(y * y for y in xs)) for x in xs],
    }


def flat(groups: Any) -> list[Any]:
    return [x for group in groups for x in (group if isinstance(group, list) else [group])]


@pytest.mark.parametrize("op", [op for op in formula.rules() if op != "detach"])
@given(data=st.data())
def test_the_complex_step_agrees(op: str, data: st.DataObject) -> None:
    xs = flat(data.draw(strategies.operands(op)))
    if op in ("shift", "exp_of_difference"):
        assume(xs[0] != xs[1])  # stated as a point of its own, for equal infinities
    if op == "log_of_shifted_sum":
        xs.append(max(xs))
    partials = flat(getattr(rules, op)(*formula.rule(op).grouped(xs))[1:])
    over_complex = formula.over(op, complex_vocabulary())
    for i, partial in enumerate(partials):
        stepped = [complex(x, STEP if i == j else 0.0) for j, x in enumerate(xs)]
        slope = over_complex(*formula.rule(op).grouped(stepped))[0].imag / STEP
        assert partial == pytest.approx(slope, rel=COMPLEX_STEP, abs=COMPLEX_STEP)


@pytest.mark.parametrize("op", [op for op in formula.rules() if op != "detach"])
@given(data=st.data())
def test_partials_over_values_are_the_recorded_ones(op: str, data: st.DataObject) -> None:
    xs = flat(data.draw(strategies.operands(op)))
    if not operation(op).public:
        return
    v = strategies.apply(op, [Value(x) for x in xs])
    # What the formulas give by themselves, without being brought into line with what was recorded.
    with mock.patch.object(vocabularies, "_settled", lambda partial, recorded, x: partial):
        over_values = formula.partials_over_values(v, v.operands, [True] * len(v.operands))
    found = [p.data if isinstance(p, Value) else p for p in over_values]
    assert found == pytest.approx(list(v.partials), rel=OVER_VALUES, abs=OVER_VALUES)


# ── text ──


@pytest.mark.parametrize(
    ("op", "text"),
    [
        ("tanh", "z = tanh(x)\n∂z/∂x = 1 - z²"),
        ("sigmoid", "z = sigmoid(x)\n∂z/∂x = z·(1 - z)"),
        ("divide", "z = x/y\n∂z/∂x = 1/y\n∂z/∂y = -x/y²"),
        ("log2", "z = nan, ∂z/∂x = nan  if x < 0\nz = log2(x), ∂z/∂x = log₂e/x"),
        ("norm", "z = norm(xs), ∂z/∂x = 0  if z = 0\nz = norm(xs), ∂z/∂x = x/norm(xs)"),
        ("dot", "z = dot(xs, ys)\n∂z/∂x = y\n∂z/∂y = x"),
    ],
)
def test_a_rule_reads_like_the_textbook(op: str, text: str) -> None:
    assert formula.describe(op) == text


@pytest.mark.parametrize("op", list(formula.rules()))
def test_every_rule_can_be_described(op: str) -> None:
    text = formula.describe(op)
    assert "z = " in text
    assert "∂z/∂" in text
    assert "ieee" not in text


@pytest.mark.parametrize("op", [op for op in strategies._IN_EXPRESSIONS if op not in ("power", "erf", "gelu")])
@given(data=st.data())
def test_the_numbers_in_a_formula_give_the_derivative(op: str, data: st.DataObject) -> None:
    """What stands on the line can be checked by hand: here Python checks it."""
    v = strategies.apply(op, [Value(x) for x in flat(data.draw(strategies.operands(op)))])
    words: dict[str, Any] = {name: getattr(ieee, name) for name in vars(ieee) if not name.startswith("_")}
    words |= {
        "norm": ieee.norm,
        "ties": ieee.ties,
        "largest": ieee.greatest,
        "log₂e": 1 / math.log(2.0),
        "log₁₀e": 1 / math.log(10.0),
    }
    for i, partial in enumerate(v.partials):
        text = formula.partial_text(v, i, numbers=True)
        code = text.replace("log₂e", str(1 / math.log(2.0))).replace("log₁₀e", str(1 / math.log(10.0)))
        code = code.replace("-", "-").replace("·", "*").replace("²", "**2").replace("√", "sqrt")
        if "…" in code or "softmax" in code:
            continue
        shown = eval(code, {"__builtins__": {"len": len}}, words)
        assert shown == pytest.approx(partial, rel=1e-3, abs=1e-3), text


def test_a_formula_knows_the_case_that_applied() -> None:
    assert formula.partial_text(Value(2.0).relu(), 0) == "1"
    assert formula.partial_text(Value(-2.0).relu(), 0) == "0"
    assert formula.partial_text(Value(-2.0).leaky_relu(0.1), 0, numbers=True) == "0.1"
    assert formula.partial_text(Value(1e200).atan(), 0) == "1/x/x"


def test_wrong_questions_get_clear_answers() -> None:
    with pytest.raises(ValueError, match="no rule is named 'sine'; there are add, subtract"):
        formula.describe("sine")
    with pytest.raises(IndexError, match="a leaf has 0 operands"):
        formula.partial_text(Value(1.0), 0)
    with pytest.raises(IndexError, match="exp has 1 operands, and none at position 1"):
        formula.partial_text(Value(1.0).exp(), 1)
