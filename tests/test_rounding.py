"""Rounding errors against 60 digits: within the bounds that each operation promises, and seen where planted."""

import math
from typing import Any, Final

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, operations
from autograd.check import gradcheck, strategies, ulps
from autograd.check.rounding import UlpsReport
from autograd.engine.value import record
from tests import oracle

HALF: Final = 0.5
"""The most, in ulps, that a correctly rounded result is off; the oracle counts such errors as 0."""
CANCELLED: Final = 8.0 * 2.0**-52
"""Relative to the square of the greatest operand or of 1: eight roundings, where digits cancel."""
CANCELLING: Final = ("expm1", "tanh", "sigmoid", "elu", "silu", "gelu", "logaddexp", "logsumexp", "dot")
"""Operations that subtract rounded results, so that an error relative to a result near 0 is not bounded."""
BOUNDS: Final = {row.name: row.bounds for row in oracle.table()}


def within(report: UlpsReport, op: str, xs: list[float]) -> bool:
    """Whether all errors are those that the oracle allows to an operation."""
    size = max(1.0, *map(abs, xs)) if op in CANCELLING else 0.0
    bounds = BOUNDS.get(op, oracle.USUAL)
    allowed = [bounds.value] + [bounds.derivative] * len(xs)
    return all(
        row.ulps <= max(ulps, HALF) or abs(row.rounded - row.exact) <= CANCELLED * size**2
        for row, ulps in zip(report.rows, allowed, strict=True)
    )


def call(op: str, xs: Any) -> Any:
    return operations.operation(op).call(xs)


@pytest.mark.parametrize("op", [op for op, row in operations.OPERATIONS.items() if row.function is not None])
@settings(max_examples=30)
@given(data=st.data())
def test_every_operation_keeps_its_bounds(op: str, data: st.DataObject) -> None:
    row = [x for group in data.draw(strategies.operands(op)) for x in (group if isinstance(group, list) else [group])]
    report = ulps(lambda *xs: call(op, xs), row)
    assert [each.name for each in report.rows][:1] == ["value"]
    assert within(report, op, row), str(report)


@settings(max_examples=50)
@given(strategies.expressions())
def test_the_table_has_the_errors(expression: strategies.Expression) -> None:
    report = ulps(expression, list(expression.inputs))
    value, *slopes = report.rows
    xs = [Value(x) for x in expression.inputs]
    root = expression(*xs)
    root.backward()
    assert value.rounded == root.data
    assert [row.rounded for row in slopes] == [x.grad for x in xs]
    assert report.worst == max(row.ulps for row in report.rows)
    for row in report.rows:
        if row.ulps < 2.0**50:
            assert abs(abs(row.rounded - row.exact) / math.ulp(row.exact) - row.ulps) <= HALF + row.ulps * 2.0**-50
    assert str(report).splitlines()[0].split() == ["float", "exact", "ulps"]


def planted(value: float = 1.0, slope: float = 1.0) -> UlpsReport:
    """The report of a tanh whose value and derivative are off by factors."""

    def f(x: Value) -> Value:
        z = math.tanh(x.data)
        return record("tanh", value * z, x, slope * (1.0 - z * z))

    return ulps(f, [0.5])


def test_what_is_wrong_is_seen() -> None:
    assert planted().worst <= oracle.DERIVATIVE
    value, slope = planted(value=1.0 + 1e-12).rows
    assert value.ulps > 1000.0 > oracle.DERIVATIVE >= slope.ulps
    value, slope = planted(slope=1.0 + 1e-12).rows
    assert slope.ulps > 1000.0 > oracle.VALUE >= value.ulps


def test_one_ulp_is_one() -> None:
    def f(x: Value) -> Value:
        return record("positive", math.nextafter(x.data, math.inf), x, 1.0)

    assert [row.ulps for row in ulps(f, [1.5]).rows] == [1.0, 0.0]


def test_a_tenth_is_the_float_and_not_the_fraction() -> None:
    assert ulps(lambda x: x * 3.0, [0.1]).rows[0].ulps == pytest.approx(0.5, abs=0.5)
    assert ulps(lambda x: x, [0.1]).worst == 0.0


def test_results_without_an_ulp() -> None:
    cases: list[tuple[Any, float, list[float]]] = [
        (lambda x: 1.0 / x, 0.0, [math.inf, -math.inf]),
        (lambda x: x.log(), 0.0, [-math.inf, math.inf]),
        (lambda x: x.log(), -1.0, [math.nan, math.nan]),
        (lambda x: x.exp(), 1000.0, [math.inf, math.inf]),
        (lambda x: x**0.5, 0.0, [0.0, math.inf]),
        (lambda x: x.tanh(), math.inf, [1.0, 0.0]),
        (lambda x: x.exp(), -1000.0, [0.0, 0.0]),
        (lambda x: x * 2.0, math.nan, [math.nan, 2.0]),
    ]
    for f, x, wanted in cases:
        report = ulps(f, [x])
        assert [row.exact for row in report.rows] == pytest.approx(wanted, nan_ok=True)
        assert report.worst <= HALF
    assert "nan" in str(ulps(lambda x: x.log(), [-1.0]))

    def overflowed(x: Value) -> Value:
        return record("positive", math.inf, x, math.nan)

    assert [row.ulps for row in ulps(overflowed, [1.0]).rows] == [math.inf, math.inf]
    assert "inf" in str(ulps(overflowed, [1.0]))


def test_inputs_are_named_and_may_have_no_part() -> None:
    x = Value(0.5, label="x")
    report = ulps(lambda a, b, c: a.tanh() * c[1], [x, 2.0, [3.0, 4.0]])
    assert [row.name for row in report.rows] == ["value", "x", "b", "c[0]", "c[1]"]
    assert [row.rounded for row in report.rows[2:4]] == [0.0, 0.0]
    assert x.grad == 0.0


def test_the_precision_that_mpmath_is_set_to_plays_no_part() -> None:
    report = ulps(lambda x: x.exp(), [1.0])
    with mpmath.workdps(3):
        assert ulps(lambda x: x.exp(), [1.0]).worst == pytest.approx(
            report.worst, rel=1e-2, abs=0.0
        )  # It rounds the division.


def test_more_digits_for_what_cancels() -> None:
    assert ulps(lambda x: x.tanh(), [100.0]).rows[1].exact == 0.0
    with mpmath.workdps(60):
        wanted = float(mpmath.sech(100) ** 2)
    assert ulps(lambda x: x.tanh(), [100.0], digits=200).rows[1].exact == wanted


def test_wrong_calls_are_those_of_gradcheck() -> None:
    for check in (ulps, gradcheck):
        with pytest.raises(TypeError, match="inputs is a list with one entry per argument of f"):
            check(lambda x: x, 3.0)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            check(lambda x: 3.0, [1.0])
    with pytest.raises(ValueError, match="digits is a whole number from 1, not 0"):
        ulps(lambda x: x, [1.0], digits=0)
