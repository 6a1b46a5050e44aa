"""gradcheck never calls a right derivative wrong, and never accepts one that is off by one part in ten thousand."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autograd import Value, hypot, maximum, norm, where
from autograd.check import GradcheckError, gradcheck, strategies
from autograd.check.strategies import Expression

PLANTED: Final = 1e-4
"""The relative error that must not pass."""
SMALLEST: Final = 1e-7
"""A derivative below it is within the absolute tolerance of a gradient check."""

Function = Callable[..., Value]

SMOOTH_ONCE: Final[dict[str, tuple[Function, Sequence[float], int]]] = {
    "relu²": (lambda x: x.relu() ** 2, [0.0], 1),
    "x·|x|": (lambda x: x * abs(x), [0.0], 1),
    "|x|³, order 2": (lambda x: abs(x) ** 3, [0.0], 2),
    "|x|^1.5": (lambda x: abs(x) ** 1.5, [0.0], 1),
    "relu³, order 2": (lambda x: x.relu() ** 3, [0.0], 2),
    "x·relu shifted": (lambda x: (x - 3.0) * (x - 3.0).relu(), [3.0], 1),
    "huber's seam": (lambda x: where(1.0 - abs(x), x * x / 2.0, abs(x) - 0.5), [1.0], 1),
    "max squared": (lambda x: maximum(x, 0.0) ** 2 + maximum(-x, 0.0) ** 2, [0.0], 1),
    "norm²": (lambda x, y: norm([x, y]) ** 2, [0.0, 0.0], 1),
    "hypot³": (lambda x, y: hypot(x, y) ** 3, [0.0, 0.0], 1),
    "sin far out": (lambda x: x.sin(), [1e14], 1),
    "cos far out": (lambda x: x.cos(), [-3e13], 1),
    "sin fast": (lambda x: (1e8 * x).sin(), [0.3], 1),
    "sin fast and small": (lambda x: (1e6 * x).sin() / 1e6, [0.3], 1),
    "sin faster and smaller": (lambda x: x + (1e8 * x).sin() / 1e8, [0.3], 1),
    "where": (lambda x: where(x, x.log(), x * x), [-2.0], 1),
    "sqrt at its edge": (lambda x: x.sqrt(), [0.0], 1),
    "asin at its edge": (lambda x: x.asin(), [1.0], 1),
    "abs": (lambda x: abs(x), [0.0], 1),
    "tie": (lambda x, y: maximum(x, y), [1.5, 1.5], 1),
    "tiny": (lambda x: 1e-300 * x, [2.0], 1),
    "huge": (lambda x: 1e300 * x, [1e-5], 1),
}
"""Right derivatives at points that are hard for differences."""


def verdicts(f: Function, xs: Sequence[Any], order: int = 1) -> list[str]:
    """The verdict on each input."""
    try:
        report = gradcheck(f, xs, order=order)
    except GradcheckError as error:
        report = error.report
    return [row.verdict for row in report.rows]


def off(f: Function, by: float) -> Function:
    """The same function with all derivatives off by a part of them."""

    def wrong(*xs: Any) -> Value:
        z = f(*xs)
        return z + by * (z - z.detach())

    return wrong


@pytest.mark.parametrize("name", SMOOTH_ONCE)
def test_a_right_derivative_passes_where_differences_are_hard(name: str) -> None:
    f, xs, order = SMOOTH_ONCE[name]
    assert gradcheck(f, xs, order=order)


@pytest.mark.parametrize("by", [PLANTED, -PLANTED, 0.5])
@pytest.mark.parametrize(
    "name", ["sin far out", "cos far out", "sin fast", "sin fast and small", "where", "huber's seam"]
)
def test_a_wrong_derivative_is_never_accepted_there(name: str, by: float) -> None:
    f, xs, _ = SMOOTH_ONCE[name]
    assert not {"ok", "kink", "edge", "vertical"} & {*verdicts(off(f, by), xs)}


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(strategies.expressions(), st.sampled_from([PLANTED, -PLANTED]))
def test_random_derivatives_are_judged_right(expression: Expression, by: float) -> None:
    xs = list(expression.inputs)
    assert "wrong" not in verdicts(expression, xs)
    leaves = [Value(x) for x in xs]
    expression(*leaves).backward()
    assume(all(math.isfinite(v.grad) for v in leaves))
    judged = verdicts(off(expression, by), xs)
    for leaf, verdict in zip(leaves, judged, strict=True):
        if abs(leaf.grad) * PLANTED > SMALLEST:
            assert verdict in ("wrong", "unsure")


def test_ordinary_points_are_hardly_ever_unsure() -> None:
    found: list[str] = []

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(strategies.expressions())
    def collect(expression: Expression) -> None:
        found.extend(verdicts(expression, list(expression.inputs)))

    collect()
    assert found.count("unsure") <= len(found) / 100
