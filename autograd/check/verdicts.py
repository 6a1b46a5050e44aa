"""The verdict on one derivative: what `backward` says of it, against the slopes of f.

>>> from autograd.check.limits import Limit
>>> from autograd.check.verdicts import Tolerance
>>> tolerance = Tolerance(rtol=1e-6, atol=0.0)
>>> tolerance.agrees(1.0, Limit(1.0, error=1e-9)), tolerance.differs(1.0001, Limit(1.0, error=1e-9, rounding=1e-9))
(True, True)
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from autograd.check.limits import HIDDEN, SEVERAL, Limit, jumps, limit, one_sided
from autograd.check.quotients import Row, Rows
from autograd.engine.number import short

PRECISE: Final = 4.5e-5
"""The largest relative error of a slope that a derivative is accepted by. With it, and a tolerance of 1e-6, a
derivative that is wrong by 1e-4 is further from the slope than both errors."""
MARGIN: Final = 8.0
"""A derivative is wrong only if it is off by so many times the error of the slope, as that is an estimate."""
CONFIRMED: Final = 2
"""The number of finer steps that must agree with a slope before it contradicts a derivative."""
SCALE: Final = 2.0**-3
"""The widest step by which a slope may contradict a derivative. However large an input is, sin and its like change over
a distance of 1."""
WIDE: Final = 2.0**-14
"""The finest step, relative to the widest, over which rounding may hide a slope; over finer ones it hides all."""
FINE: Final = 2.0**-20
"""A step that is finer, relative to the widest, must contradict a derivative too. Else f may move as the derivative
says, over so small a distance that rounding hides it: as atan(1e5 x), times 1e-16."""
UNITS: Final = 2.0**10
"""The most units in the last place that the rounding of f may amount to, where it may hide a slope."""


class Tolerance(NamedTuple):
    """How much a derivative and a slope may differ: relatively to the larger one, and absolutely."""

    rtol: float
    atol: float
    steepness: float = 0.0
    """The derivative if the parts that it is the sum of did not cancel."""

    def agrees(self, backward: float, found: Limit) -> bool:
        """Whether the slope confirms the derivative: it is precise, and they are equal but for errors."""
        if math.isinf(backward) or not math.isfinite(found.slope):
            return backward == found.slope
        size = max(abs(backward), abs(found.slope))
        precise = found.error <= self.atol + max(self.rtol, PRECISE) * size
        return precise and abs(backward - found.slope) <= self.atol + self.rtol * size + found.error

    def hides(self, backward: float, found: Limit) -> bool:
        """Whether they are equal for all that the last digits of f can tell.

        Not if f is rounded by much more, as then something large cancels, and this would hide an error too.
        """
        size, small = max(abs(backward), abs(found.slope)), max(UNITS * found.unit, PRECISE * self.steepness)
        equal = abs(backward - found.slope) <= self.atol + self.rtol * size + 2.0 * found.error
        return equal and found.error <= HIDDEN * found.rounding and min(size, found.rounding) <= small

    def differs(self, backward: float, found: Limit) -> bool:
        """Whether the slope refutes the derivative. A single quotient must show it: limits take f to be smooth."""
        if not found.known:
            return False
        if not math.isfinite(backward) or math.isinf(found.slope):
            return backward != found.slope
        size = max(abs(backward), abs(found.slope))
        return abs(backward - found.slope) > self.atol + self.rtol * size + MARGIN * max(found.error, found.nearest)


class Finding(NamedTuple):
    """A verdict, with the slope that it rests on."""

    verdict: str
    slope: Limit


def judge(backward: float, rows: Rows, tolerance: Tolerance) -> Finding:
    """The verdict on a derivative: one of those that `gradcheck` documents."""
    centre = limit(rows.centre, 2)
    if tolerance.agrees(backward, centre) and not _bends(rows, abs(backward)):
        return Finding("ok", centre)
    if backward == centre.slope == 0.0 and not any(abs(q.slope) > 0.0 for q in (*rows.left, *rows.right)):
        return Finding("ok", centre)  # f does not move at all.
    past = abs(backward) if math.isfinite(backward) else 0.0
    left, right = (one_sided(row, past, _confirmed(row, 1)) for row in (rows.left, rows.right))
    if left.known and right.known and _apart(left, right, tolerance):
        low, high = sorted((left, right))
        return _at_kink(backward, low, high, tolerance)
    here = [row for row in (rows.left, rows.right) if not math.isnan(row[-1].slope)]

    def slopes(estimate: Callable[[Row, int], Limit]) -> list[Limit]:
        if len(here) == 1:
            return [one_sided(here[0], past, estimate(here[0], 1))]
        sides = (one_sided(row, past, estimate(row, 1)) for row in (rows.left, rows.right))
        return [estimate(rows.centre, 2), _mean(*sides)]

    word = "vertical" if math.isinf(backward) else "edge" if len(here) == 1 else "ok"
    finest, sure, wide = slopes(limit), slopes(_confirmed), _best(slopes(_by_wide_steps))
    for found in finest:
        if tolerance.agrees(backward, found):
            return Finding(word, found)
    if tolerance.hides(backward, wide) and not any(tolerance.differs(backward, found) for found in finest):
        return Finding(word if backward == wide.slope else "tiny", wide)
    wrong = all(tolerance.differs(backward, found) for found in sure) and _contradicted(backward, rows)
    return Finding("wrong" if wrong else "unsure", _best(sure))


def _contradicted(backward: float, rows: Rows) -> bool:
    """Whether the slope over a fine step differs from a derivative by more than its rounding."""
    fine = (q for row in rows for q in row if q.step <= FINE * row[0].step and math.isfinite(q.slope))
    return any(not abs(q.slope - backward) <= SEVERAL * q.rounding for q in fine)


def _bends(rows: Rows, size: float) -> bool:
    """Whether the slopes to both sides may differ however small the step is."""
    pairs = zip(rows.left, rows.right, strict=True)
    gaps = [(abs(a.slope - b.slope), a.rounding + b.rounding) for a, b in pairs if math.isfinite(a.slope - b.slope)]
    least = PRECISE * max([size, *(gap for gap, _ in gaps)])
    shrink, hidden = any(sum(gap) <= least for gap in gaps), all(gap <= rounding for gap, rounding in gaps)
    return not (shrink or hidden)


def _best(slopes: list[Limit]) -> Limit:
    return min(slopes, key=lambda found: found.error)


def _confirmed(row: Row, order: int) -> Limit:
    """The limit that may refute a derivative."""
    if len(row) <= CONFIRMED:
        return Limit()
    return limit(row, order, finest=row[-1 - CONFIRMED].step, widest=SCALE)


def _by_wide_steps(row: Row, order: int) -> Limit:
    """The limit that may show that there is nothing to see."""
    return limit(row, order, finest=WIDE * row[0].step)


def _mean(left: Limit, right: Limit) -> Limit:
    """The slope where those of both sides are equal; half their difference adds to its error."""
    apart = 0.0 if left.slope == right.slope else abs(left.slope - right.slope)
    error, rounding = (left.error + right.error + apart) / 2.0, (left.rounding + right.rounding) / 2.0
    unit, nearest = max(left.unit, right.unit), max(left.nearest, right.nearest)
    return Limit(left.slope / 2.0 + right.slope / 2.0, error, rounding, unit, nearest)


def _apart(left: Limit, right: Limit, tolerance: Tolerance) -> bool:
    return tolerance.differs(left.slope, right) and tolerance.differs(right.slope, left)


def _at_kink(backward: float, low: Limit, high: Limit, tolerance: Tolerance) -> Finding:
    between = low.slope <= backward <= high.slope
    nearest = Limit(backward, 0.0, 0.0) if between else low if backward < low.slope else high
    if tolerance.agrees(backward, nearest):
        return Finding("vertical" if math.isinf(backward) else "kink", nearest)
    return Finding("wrong" if tolerance.differs(backward, nearest) else "unsure", nearest)


def reason(rows: Rows, found: Limit) -> str:
    """Why a verdict is "unsure", and what to do."""
    if jumps(rows.left) or jumps(rows.right):
        return "f jumps here, so it has no slope; check it at another point"
    if found.error > HIDDEN * found.rounding or not math.isfinite(found.error):
        return (
            "the slopes don't settle down before the steps reach the distance between floats; check it at another point"
        )
    remedy = f", or accept such errors with atol={found.error:.0e}" if found.error < abs(found.slope) else ""
    return (
        f"differences give {short(found.slope)} and may be off by {found.error:.1e}, because f is rounded; check it at "
        f"another point{remedy}"
    )
