"""The rules read over complex numbers, mpmath's, arrays and Values."""

import math
from typing import Any, Final
from unittest import mock

import mpmath
import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Value, formula
from autograd.check import strategies
from autograd.engine import rules
from autograd.formula import vocabularies
from autograd.operations import operation

STEP: Final = 1e-30
"""The complex step. It needs no subtraction, so every step below 1e-16 of the operands gives the same result."""
COMPLEX_STEP: Final = 1e-12
"""Relative: what cmath and 15-digit mpmath leave of the operands' conditioning in the domains tested."""
FLOATS: Final = 1e-14
"""Relative to the greatest of value and derivatives, or 1: what the textbook and the words' conditioning leave."""
OVER_VALUES: Final = 1e-12
"""Relative to the derivative or to 1: a few more rounding errors than the rule on floats has."""


def flat(groups: Any) -> list[Any]:
    return [x for group in groups for x in (group if isinstance(group, list) else [group])]


def operands_of(op: str, data: st.DataObject, length: int | None = None) -> list[float]:
    """Operands of a rule inside its domain, in one row; a sequence has the given length."""
    xs: list[float] = flat(data.draw(strategies.operands(op)))
    if length is not None and operation(op).of_sequences:
        n = length * len(formula.rule(op).operands)
        xs = (xs * n)[:n] if not operation(op).chooses else [xs[0] + k for k in range(n)]
    if op in ("shift", "exp_of_difference"):
        assume(xs[0] != xs[1])  # stated as a point of its own, for equal infinities
    if op == "log_of_shifted_sum":
        xs.append(max(xs))
    return xs


def agreement(expected: list[float], found: list[Any], tolerance: float) -> bool:
    """Whether all numbers agree, relative to the largest of them or to 1."""
    size = max(1.0, *map(abs, expected))
    pairs = [(x, y) for x, y in zip(expected, found, strict=True) if x == x or y == y]
    return all(abs(x - y) <= tolerance * size for x, y in pairs)


ARRAYS: Final = formula.Vocabulary(
    {name: getattr(numpy, name) for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos")}
    | {name: getattr(numpy, name) for name in ("tan", "sinh", "cosh", "tanh", "where", "hypot", "logaddexp", "power")}
    | {"asin": numpy.arcsin, "acos": numpy.arccos, "atan": numpy.arctan, "erf": numpy.vectorize(math.erf)}
    | {"greatest": lambda xs: numpy.max(xs, axis=0), "least": lambda xs: numpy.min(xs, axis=0)}
    | {"ties": lambda xs, z: sum(x == z for x in xs), "unsigned_zero": lambda x: x + 0.0}
)


@pytest.mark.parametrize("op", [op for op in formula.rules() if op not in ("detach", "fixed")])
@given(data=st.data())
def test_the_complex_step_agrees(op: str, data: st.DataObject) -> None:
    xs = operands_of(op, data)
    partials = flat(getattr(rules, op)(*formula.rule(op).grouped(xs))[1:])
    over_complex = formula.over(op, vocabularies.complex_numbers())
    for i, partial in enumerate(partials):
        stepped = [complex(x, STEP if i == j else 0.0) for j, x in enumerate(xs)]
        slope = over_complex(*formula.rule(op).grouped(stepped))[0].imag / STEP
        assert partial == pytest.approx(slope, rel=COMPLEX_STEP, abs=COMPLEX_STEP)


@pytest.mark.parametrize("op", list(formula.rules()))
@given(data=st.data())
def test_forty_digits_agree_with_floats(op: str, data: st.DataObject) -> None:
    """Over mpmath only the words differ, and most of those come from the textbook."""
    xs = operands_of(op, data)
    with mpmath.workdps(40):
        exact = formula.over(op, vocabularies.mpmath_numbers())(*formula.rule(op).grouped([mpmath.mpf(x) for x in xs]))
        assert agreement(flat(getattr(rules, op)(*formula.rule(op).grouped(xs))), flat(exact), FLOATS)


def test_constants_over_mpmath_have_all_digits() -> None:
    with mpmath.workdps(40):
        _, slope = formula.over("erf", vocabularies.mpmath_numbers())(mpmath.mpf(0))
        assert abs(slope - 2 / mpmath.sqrt(mpmath.pi)) < mpmath.mpf(10) ** -39


@pytest.mark.parametrize("op", list(formula.rules()))
@given(data=st.data())
def test_the_rules_over_arrays_are_the_rules(op: str, data: st.DataObject) -> None:
    """Each element of an array gets the result of the rule on floats, whichever case applies to it."""
    lanes = [operands_of(op, data, 3) for _ in range(4)]
    columns = [numpy.array(column) for column in zip(*lanes, strict=True)]
    with numpy.errstate(all="ignore"):
        found = formula.over_arrays(op, ARRAYS)(*formula.rule(op).grouped(columns))
    for i, xs in enumerate(lanes):
        lane = [float(numpy.broadcast_to(x, 4)[i]) for x in flat(found)]
        assert agreement(flat(getattr(rules, op)(*formula.rule(op).grouped(xs))), lane, FLOATS), lane


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0, 2e150, -2000.0, -710.0, 50.0, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("op", ["relu", "absolute", "atan", "log", "log1p", "silu", "gelu", "elu", "leaky_relu"])
def test_each_lane_selects_its_case(op: str, x: float) -> None:
    row = [x] if len(formula.rule(op).operands) == 1 else [x, 0.25]
    lanes = [numpy.array([y, -3.0, 4.0]) for y in row]
    with numpy.errstate(all="ignore"):
        found = [float(numpy.broadcast_to(z, 3)[0]) for z in formula.over_arrays(op, ARRAYS)(*lanes)]
    assert found == pytest.approx(list(getattr(rules, op)(*row)), rel=FLOATS, abs=FLOATS, nan_ok=True)


def test_a_name_is_worked_out_once_over_arrays() -> None:
    text = formula.as_selections("silu")
    assert text.count("silu(x)") == 1
    assert "h = exp((0.5 * x))" in text
    assert "if" not in text.split()


@pytest.mark.parametrize("op", [op for op in formula.rules() if op != "detach"])
@given(data=st.data())
def test_partials_over_values_are_the_recorded_ones(op: str, data: st.DataObject) -> None:
    xs = flat(data.draw(strategies.operands(op)))
    if not operation(op).public:
        return
    v = strategies.apply(op, [Value(x) for x in xs])
    # The results of the formulas alone, without the correction to the recorded derivatives.
    with mock.patch.object(vocabularies, "_settled", lambda partial, *_: partial):
        over_values = formula.partials_over_values(v, v.operands, [True] * len(v.operands))
    found = [p.data if isinstance(p, Value) else p for p in over_values]
    assert found == pytest.approx(list(v.partials), rel=OVER_VALUES, abs=OVER_VALUES)


def test_a_function_over_a_vocabulary_leaves_its_words_alone() -> None:
    # Two threads that make functions at once would otherwise take each other's.
    vocabulary = formula.Vocabulary({"rule": 1.0})
    assert formula.over("square", vocabulary)(3.0) == (9.0, 6.0)
    assert vocabulary.words["rule"] == 1.0
