"""The limit of difference quotients as their step goes to 0, with a bound on its error.

>>> from autograd.check.limits import limit
>>> from autograd.check.quotients import Quotient
>>> quotients = [Quotient(h, 3.0 + h * h, 1e-16 / h, 0.0) for h in (0.5, 0.25, 0.125, 0.0625)]
>>> found = limit(quotients, 2)
>>> found.slope, found.error < 1e-14
(3.0, True)
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from autograd.check.quotients import Quotient

COLUMNS: Final = 7
"""The most terms of the series in the step that are removed; more of them amplify rounding and gain nothing."""
SLOWEST: Final = 0.95
"""Numbers that shrink by less from step to step may not vanish."""
HIDDEN: Final = 8.0
"""An error of so many times the rounding, or less, is taken for rounding."""
KNOWN: Final = 2.0**-10
"""The largest relative error of a limit that is known, but for rounding. Quotients that don't converge rarely come so
close to each other."""
SEVERAL: Final = 4.0
"""How often the rule of one operation may round."""
STEADY: Final = 8
"""The number of slopes that must grow without slowing down, to have no finite limit."""
STEADILY: Final = 0.99
"""The least ratio of two changes that do not slow down, but for rounding."""
JUMP: Final = 2.0**-7
"""The relative change of the rise over half the step, below which f is taken to jump."""


class Limit(NamedTuple):
    """A slope, with a bound on its error and the part of the bound that is rounding; an infinite slope has no error."""

    slope: float = math.nan
    error: float = math.inf
    rounding: float = math.inf
    unit: float = 0.0
    """The slope that a change of f by a unit in the last place makes over the widest step with this slope."""
    nearest: float = 0.0
    """How close a single quotient is known to come to it."""

    @property
    def known(self) -> bool:
        """Whether it is close enough to the truth to contradict another number."""
        return self.error < math.inf and self.error <= max(KNOWN * abs(self.slope), HIDDEN * self.rounding)


class _Entry(NamedTuple):
    """An estimate of the limit."""

    error: float
    last: int
    """The index of the finest quotient in it."""
    slope: float
    rounding: float
    power: float = 1.0
    """The power of the step with which quotients come closer to the slope."""


def limit(row: Sequence[Quotient], order: int, *, finest: float = 0.0, widest: float = math.inf) -> Limit:
    """The limit of quotients whose error is a series in step^order, or in any power of the step for order 1.

    The entry with the least error counts, of those whose finest step is between finest and widest, and that no finer
    step contradicts: where f is another function close by, as on two sides of a kink, wide steps see the wrong one. A
    quotient contradicts if it is off by more than its rounding explains.
    """
    for entry in sorted(entry for entry in _entries(row, order) if entry.error < math.inf):
        error, last, slope, rounding, power = entry
        off, step = 2.0 * abs(row[last].slope - slope), row[last].step
        agree = (
            abs(q.slope - slope) <= error + off * (q.step / step) ** power + SEVERAL * q.rounding
            for q in row[last + 1 :]
        )
        if finest <= step <= widest and all(agree):
            used = (q.unit for q in row[: last + 1] if q is row[last] or abs(q.slope - slope) <= 2.0 * error)
            return Limit(slope, error, rounding, max(used), min(abs(q.slope - slope) + q.rounding for q in row))
    return Limit()


def _entries(row: Sequence[Quotient], order: int) -> Iterator[_Entry]:
    """Estimates of the limit.

    Source: Richardson's table with the change from entry to entry as the error, by C. Ridders, Accurate computation of
    F'(x) and F'(x)F''(x), Advances in Engineering Software 4 (1982) 75-76.
    """
    above: list[tuple[float, float]] = []
    for k, q in enumerate(row):
        new = [(q.slope, q.rounding)]
        for i, (old, doubt) in enumerate(above[:COLUMNS]):
            ratio = row[k - 1 - i].step / q.step
            factor = (ratio if order == 1 else ratio * ratio) - 1.0
            slope, rounding = new[i]
            new.append((slope + (slope - old) / factor, rounding + (rounding + doubt) / factor))
            moved = max(abs(new[-1][0] - slope), abs(new[-1][0] - old))
            yield _Entry(moved + new[-1][1], k, *new[-1])
        # A step that leaves the domain says nothing about the limit, so the table starts again with a smaller one.
        above = new if math.isfinite(q.slope) else []
    if order == 1:
        yield from _geometric(row)


def _geometric(row: Sequence[Quotient]) -> Iterator[_Entry]:
    """Estimates for an error that is any power of the step, such as √step.

    Source: A. Aitken, On Bernoulli's numerical solution of algebraic equations, Proc. R. Soc. Edinburgh 46 (1926) 289.
    """
    before = math.nan
    for k, (a, b, c) in enumerate(zip(row, row[1:], row[2:], strict=False), start=2):
        found = math.nan
        if a.step / b.step == b.step / c.step and a.slope != b.slope:
            shrinks = (c.slope - b.slope) / (b.slope - a.slope)
            if 0.0 < shrinks < SLOWEST:
                found = c.slope + (c.slope - b.slope) * shrinks / (1.0 - shrinks)
                rounding = 4.0 * c.rounding / (1.0 - shrinks) ** 2
                power = -math.log(shrinks) / math.log(b.step / c.step)
                yield _Entry(abs(found - before) + rounding, k, found, rounding, power)
        before = found


def one_sided(row: Sequence[Quotient], past: float, found: Limit) -> Limit:
    """The limit found on one side; an infinite one if it is not known and the slopes grow without end, beyond past."""
    end = _endless(row)
    return Limit(end, 0.0, 0.0) if not found.known and abs(end) > past else found


def _endless(row: Sequence[Quotient]) -> float:
    """The infinity to which slopes grow, without slowing down; nan if they don't."""
    last = next((q.slope for q in reversed(row) if not math.isnan(q.slope)), math.nan)
    clear = [b for a, b in pairwise(row) if abs(b.slope - a.slope) > HIDDEN * b.rounding][-STEADY:]
    changes = [b.slope - a.slope for a, b in pairwise(clear)]
    grow = len(clear) == STEADY and last * changes[-1] > 0.0 and all(b / a >= STEADILY for a, b in pairwise(changes))
    # The rise itself must vanish. That of a function that jumps, or that turns between the steps, does not.
    vanish = all(abs(b.slope * b.step) <= SLOWEST * abs(a.slope * a.step) for a, b in pairwise(clear))
    return math.copysign(math.inf, last) if math.isinf(last) or (grow and vanish) else math.nan


def jumps(row: Sequence[Quotient]) -> bool:
    """Whether f changes by as much over the finest step as over the one before."""
    rises = [q.slope * q.step for q in row[-2:] if abs(q.slope) > HIDDEN * q.rounding]
    return len(rises) == 2 and abs(rises[1] - rises[0]) <= JUMP * abs(rises[1])
