"""Difference quotients of a function along one input, to both sides and over many steps, each with its rounding."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from autograd.check.probe import Probe
from autograd.engine.value import Value

WIDEST: Final = -3
"""The exponent of the widest step, from that of the input or of 1: wider ones rarely meet the same function."""
FEW: Final = (*range(0, 15, 2), *range(20, 45, 6))
"""How far the exponents of the few steps are below the widest: eight to find the limit with, and five that show
whether f is another function close by."""
PROBED: Final = (14, 44)
"""Those of the two steps at which the rounding of f is computed; they are among the few."""
MANY: Final = 52
"""How many steps there are from the widest down to the distance of floats."""
TINY: Final = 2.0**-20
"""Below it, an input is not near 1, and f may be another function close to it."""
SMALLEST: Final = -1074
"""The exponent of the smallest float."""


class Quotient(NamedTuple):
    """The slope of f over one step."""

    step: float
    slope: float
    rounding: float
    """How far the rounding of f may have moved the slope."""
    unit: float
    """The slope that a change of f by a unit in its last place makes."""


Row: TypeAlias = list[Quotient]
"""Quotients over ever smaller steps."""


class Rows(NamedTuple):
    """The slopes to the left of an input, to the right, and between both sides."""

    left: Row
    right: Row
    centre: Row


class Surroundings:
    """f along one input. Each of its values is computed once.

    With many steps, the rounding of f is computed at each. With few, it is computed at the input and at two of them,
    and is taken to grow from there as a power of the step.
    """

    def __init__(self, probe: Probe, v: Value, here: tuple[float, float]) -> None:
        self._probe, self._v, self._here = probe, v, here
        self._values: dict[float, float] = {}
        self._roundings: dict[float, float] = {}
        widest = _widest(max(abs(v.data), 1.0))
        self._step, fine = (math.ldexp(1.0, widest - below) for below in PROBED)
        self._growth, least = self._excess(self._step), max(self._excess(fine), here[1])
        self._power = math.log(self._growth / least, self._step / fine) if 0.0 < least < self._growth else 1.0

    def _excess(self, step: float) -> float:
        """How much more f is rounded at a step than here."""
        return max(0.0, *(self._look(shift, exactly=True)[1] - self._here[1] for shift in (-step, step)))

    def rows(self, *, many: bool) -> Rows:
        """Quotients over about a dozen steps, or over all powers of two down to the distance of floats."""
        rows = Rows([], [], [])
        x, (y, e) = self._v.data, self._here
        exactly = many or 0.0 < abs(x) < TINY
        for h in steps(x, many=many):
            (a, low), (b, high) = self._look(-h, exactly=exactly), self._look(h, exactly=exactly)
            unit = max(math.ulp(z) for z in (a, b, y) if not math.isnan(z)) / h
            left, right = x - (x - h), (x + h) - x  # A power of two, but for rounding beyond the next one from x.
            if rows.left and (left >= rows.left[-1].step or right >= rows.right[-1].step):
                continue
            rows.left.append(Quotient(left, (y - a) / left, (e + low) / left, unit))
            rows.right.append(Quotient(right, (b - y) / right, (e + high) / right, unit))
            rows.centre.append(Quotient(h, (b - a) / (left + right), (low + high) / (2.0 * h), unit))
        return rows

    def _look(self, shift: float, *, exactly: bool) -> tuple[float, float]:
        """f at a shift, nan where it is not finite, and its rounding there."""
        if exactly and shift not in self._roundings:
            self._values[shift], self._roundings[shift] = self._probe.rounded_at(self._v, shift)
        elif shift not in self._values:
            self._values[shift] = self._probe.at(self._v, shift)
        found = self._values[shift]
        if not math.isfinite(found):
            return math.nan, 0.0
        if shift in self._roundings:
            return found, self._roundings[shift]
        growth = self._growth * (abs(shift) / self._step) ** self._power
        return found, self._here[1] + growth + math.ulp(found)


def steps(x: float, *, many: bool) -> Iterator[float]:
    """Powers of two, from an eighth of x or of 1 downwards; if x is much smaller than 1, both from 1 and from x."""
    widest = {_widest(max(abs(x), 1.0))}
    if 0.0 < abs(x) < TINY:
        widest.add(max(_widest(abs(x)), SMALLEST + 10))
    below = range(MANY) if many else FEW
    least = math.frexp(math.ulp(x))[1] - 1
    for exponent in sorted({top - k for top in widest for k in below}, reverse=True):
        step = math.ldexp(1.0, exponent)
        if exponent >= least and math.isfinite(abs(x) + step):
            yield step


def _widest(size: float) -> int:
    return math.frexp(size)[1] - 1 + WIDEST
