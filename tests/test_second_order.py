"""Second derivatives of every operation against differences of exact values, from end to end of the range of floats.

At zeros and at edges of domains they are decided, and `tests/points.py` has them.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import mpmath
import pytest

from autograd import Value, grad_graph
from autograd.operations import OPERATIONS, operation
from tests import test_random_graphs
from tests.test_random_graphs import EXACT

Real: TypeAlias = Any
"""A number of mpmath."""

DIGITS: Final = 1100
"""A second difference divides by the square of a step of down to 1e-190, and derivatives in a tail are below 1e-304."""
STEP: Final = mpmath.mpf(10) ** -30
"""Relative to an operand or to 1, whichever is less; the error is of the order of its square."""
RELATIVE: Final = 1e-9
"""Far above the rounding errors of a dozen operations, far below a wrong formula."""
CANCELLED: Final = 4e-15
"""Some ulps of 1: derivatives that are formed by subtracting from 1 have an absolute error, as 1 - z² of tanh."""
SIZES: Final = (
    *(1e-160, 1e-20, 1e-8, 0.1, 0.5, 1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, 1.5, 2.0, 3.0, 10.0, 20.0, 38.0, 100.0),
    *(350.0, 700.0, 709.0, 710.0, 744.0, 1023.5, 1024.0, 1e5, 1e16, 1e100, 1e154, 1e155, 1e200, 1e300),
)
LINE: Final = [sign * x for x in SIZES for sign in (1.0, -1.0)]
PLANE: Final = [*itertools.product(LINE[::6], LINE[3::8])]
ROWS: Final = [(1.0, -2.0, 3.0), (700.0, -700.0), (1e-160, 1e-160), (-1e200, 1e199, 2.0), (0.5,), (40.0, 0.0, -1e5)]
OUT_OF_RANGE: Final[dict[str, Callable[..., bool]]] = {
    # The square of the radius, by which they divide, leaves the range.
    "atan2": lambda x, y: not 1e-150 < math.hypot(x, y) < 1e150,
    "norm": lambda *xs: not 1e-150 < math.hypot(*xs) < 1e150,
    # So is that of the base; and by a huge exponent a step of the difference is no small one.
    "power": lambda x, y: abs(x) < 1e-150 or abs(y) > 1e6,
}
"""Where a number on the way is out of range, and with it the second derivative."""


def exact(op: str, xs: Sequence[float], i: int, j: int) -> Real:
    """The second derivative by two operands; None where the function isn't real around them."""
    f = EXACT[op]
    base = [mpmath.mpf(x) for x in xs]
    steps = [STEP * min(abs(x), 1) if x else STEP for x in base]

    def at(a: int, b: int) -> Real:
        moved = list(base)
        moved[i] += a * steps[i]
        moved[j] += b * steps[j]
        z = f(*operation(op).grouped(moved))
        return z if isinstance(z, test_random_graphs.mp.mpf | mpmath.mpf) else mpmath.nan

    try:
        return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * steps[i] * steps[j])
    except (ValueError, ZeroDivisionError):
        return mpmath.nan


def faults(op: str, points: Sequence[tuple[float, ...]]) -> list[str]:
    """The points and operands where a second derivative is wrong."""
    found = []
    for xs in points:
        if (op in OUT_OF_RANGE and OUT_OF_RANGE[op](*xs)) or (operation(op).chooses and len({*xs}) < len(xs)):
            continue
        leaves = [Value(x) for x in xs]
        for i, g in enumerate(grad_graph(operation(op).call(leaves), leaves)):
            for j, h in enumerate(grad_graph(g, leaves[i:]), i):
                want = exact(op, xs, i, j)
                if not (mpmath.isnan(want) or _near(h.data, want)):
                    found.append(f"{op}{xs} by {i} and {j}: {h.data!r}, not {mpmath.nstr(want, 8)}")
    return found


def _near(got: float, want: Real) -> bool:
    if abs(want) >= mpmath.ldexp(1, 1024):
        return got == math.copysign(math.inf, want)
    return bool(math.isfinite(got) and abs(got - want) <= RELATIVE * abs(want) + CANCELLED)


@pytest.mark.parametrize(
    "op", [op for op in EXACT if not OPERATIONS[op].of_sequences and len(OPERATIONS[op].domains) < 3]
)
def test_second_derivatives_are_right(op: str) -> None:
    with mpmath.workdps(DIGITS), test_random_graphs.mp.workdps(DIGITS):
        assert faults(op, [(x,) for x in LINE] if len(OPERATIONS[op].domains) == 1 else PLANE) == []


@pytest.mark.parametrize("op", [op for op in EXACT if OPERATIONS[op].of_sequences and len(OPERATIONS[op].domains) == 1])
def test_second_derivatives_of_sequences_are_right(op: str) -> None:
    with mpmath.workdps(DIGITS), test_random_graphs.mp.workdps(DIGITS):
        assert faults(op, ROWS) == []


def test_a_wrong_second_derivative_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXACT, "sin", lambda x: mpmath.sin(x) + x * x * 1e-7)
    with mpmath.workdps(DIGITS):
        assert "sin(0.5,) by 0 and 0" in faults("sin", [(0.5,)])[0]
