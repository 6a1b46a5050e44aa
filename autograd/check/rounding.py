"""The rounding errors of a value and a gradient, against arithmetic with 60 digits.

>>> from autograd.check import ulps
>>> ulps(lambda x: x.sigmoid() * x, [0.5])
          float     exact  ulps
value  0.31123   0.31123   ...
x      0.739961  0.739961  ...

A unit in the last place (ulp) is the distance of two neighbouring floats; no correctly rounded result is further than
half of it from the exact one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.check.calls import names_of
from autograd.check.probe import Probe
from autograd.engine.number import short
from autograd.engine.tape import Floats, Tape
from autograd.formula.replay import DIGITS, replay
from autograd.wording import Lines, aligned


@dataclass(frozen=True)
class UlpsRow:
    """One float, the exact result that it stands for (rounded once), and its error in units in the last place."""

    name: str
    rounded: float
    exact: float
    ulps: float


@dataclass(frozen=True, repr=False)
class UlpsReport(Lines):
    """The value of a function, then its derivative by each input; as text it is a table."""

    rows: tuple[UlpsRow, ...]

    @property
    def worst(self) -> float:
        """The largest error, in units in the last place."""
        return max(row.ulps for row in self.rows)

    def __str__(self) -> str:
        cells = [[row.name, short(row.rounded), short(row.exact), f"{row.ulps:.2f}"] for row in self.rows]
        return aligned([["", "float", "exact", "ulps"], *cells])

    __repr__ = __str__


def ulps(f: Callable[..., Any], inputs: Sequence[object], *, digits: int = DIGITS) -> UlpsReport:
    """The errors of f and of its gradient at inputs; an UlpsReport.

    f takes Values and returns one. inputs has one entry per argument of f: a number, a leaf, or nested lists of them.
    The exact results are those of the recorded program over mpmath with so many digits: more are needed where more
    cancel, as in 1 - z² for the tanh of 100. They come from the same rules, so a rule that is wrong is not seen here,
    but by `gradcheck`. No `.grad` is touched.

    ImportError without mpmath; the other errors are those of `gradcheck`, except GradcheckError.
    """
    probe = Probe(f, inputs)
    root = probe.root()
    tape, again = Tape(root), replay(root, "mpmath", digits=digits)
    found = tape.gradients(Floats(tape), range(len(tape)))
    rows = [_row("value", root.data, again.value)]
    for v, name in zip(probe.inputs, names_of(f, inputs), strict=True):
        name = v.label or name
        no_part = UlpsRow(name, 0.0, 0.0, 0.0)
        rows.append(_row(name, found.get(tape.place(v), 0.0), again.grad(v)) if v in tape else no_part)
    return UlpsReport(tuple(rows))


def _row(name: str, rounded: float, exact: Any) -> UlpsRow:
    nearest = float(exact)
    if not math.isfinite(nearest) or not math.isfinite(rounded):
        same = rounded == nearest or (rounded != rounded and nearest != nearest)
        return UlpsRow(name, rounded, nearest, 0.0 if same else math.inf)
    # The difference is exact, whatever precision mpmath has been set to.
    error = exact.context.fsub(exact, rounded, exact=True) / math.ulp(nearest)
    return UlpsRow(name, rounded, nearest, abs(float(error)))
