"""The gradient checker: compares `backward` with differences of function values, without using any derivative.

>>> from autograd.check import gradcheck
>>> gradcheck(lambda x, y: (x * y).tanh(), [0.5, 0.8])
input  value  backward  numerical    error
x        0.5  0.684511   0.684511  ...e-1...  ok
y        0.8  0.427819   0.427819  ...e-1...  ok
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from autograd.check.bounds import rounding, steepness
from autograd.check.calls import names_of
from autograd.check.limits import Limit
from autograd.check.probe import Probe
from autograd.check.quotients import Surroundings
from autograd.check.verdicts import Finding, Tolerance, judge, reason
from autograd.engine.functions import dot
from autograd.engine.number import short, shown
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.functional import grad_graph, leaves
from autograd.wording import FEW, Lines, aligned, visible, wrapped

__all__ = ["GradcheckError", "GradcheckReport", "Row", "gradcheck"]

RTOL: Final = 1e-6
"""Tolerance relative to the larger of the two derivatives. Extrapolated differences are good to about 1e-10 of the
slope of a smooth function, and no wrong formula that is right to 1e-6 has been seen."""
ACCEPTED: Final = {
    "ok": "",
    "kink": "f has another slope on each side, and backward is one of them or lies between them",
    "edge": "f exists on one side only, and backward agrees with the slope there",
    "vertical": "the slope is infinite, and so is backward",
    "tiny": "backward agrees, but is so small against f that rounding hides an error of 1e-4; check another point too",
}
"""The verdicts that pass, each with a note on what it says."""


class GradcheckError(AssertionError):
    """A gradient that differs from the numerical one; `report` is the GradcheckReport with every row."""

    def __init__(self, message: str, report: "GradcheckReport") -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Row:
    """The check of one input: its name and value, the two derivatives, their absolute difference, and the verdict.

    For the verdict "unsure", the reason says why, and what to do.
    """

    name: str
    value: float
    backward: float
    numerical: float
    error: float
    verdict: str
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the verdict is one of those that `gradcheck` accepts."""
        return self.verdict in ACCEPTED


@dataclass(frozen=True, repr=False)
class GradcheckReport(Lines):
    """The rows of a check, one for each input; as text it is a table."""

    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether all rows passed."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        lines = [line for _, alike in groupby(self.rows, lambda row: row.verdict) for line in _shortened([*alike])]
        table = aligned([["input", "value", "backward", "numerical", "error", ""], *lines])
        found = {row.verdict for row in self.rows}
        notes = [wrapped(f"{verdict}: {note}") for verdict, note in ACCEPTED.items() if note and verdict in found]
        return "\n".join([table, *notes])

    __repr__ = __str__


def _shortened(rows: Sequence[Row]) -> Iterator[list[str]]:
    """The cells of successive rows with one verdict, or of the first and the last of them."""
    half = FEW // 2
    for i, r in enumerate(rows):
        if i < half or i >= len(rows) - half or len(rows) <= FEW + 1:
            numbers = map(short, (r.value, r.backward, r.numerical))
            yield [visible(r.name), *numbers, f"{r.error:.1e}", r.verdict]
        elif i == half:
            yield [f"… {len(rows) - 2 * half:,} more …", *[""] * 4, r.verdict]


def gradcheck(
    f: Callable[..., Any], inputs: Sequence[object], *, order: int = 1, rtol: float = RTOL, atol: float = 0.0
) -> GradcheckReport:
    """Check the gradient of f at inputs against extrapolated differences; return a GradcheckReport.

    f takes Values and returns one. inputs has one entry per argument of f: a number, a leaf, or nested lists of them.
    order=2 checks the first derivatives and then the second ones, and returns the report of the second; with several
    inputs, a row is a weighted sum of the second derivatives by its input and each input. Every `.data` and `.grad`
    is put back. The verdict of a row is

    - "ok" if the two derivatives agree to rtol, or to atol, and differences are exact enough to show an error of 1e-4;
    - "kink" if the slopes on the two sides differ and backward lies between them;
    - "edge" if f exists on one side only and backward agrees with the slope there;
    - "vertical" if both are the same infinity;
    - "tiny" if they agree, but are so small against f that its last digits hide an error of 1e-4;
    - "wrong" if they disagree;
    - "unsure" if differences can't tell, as where f jumps, or where something large cancels in it.

    "wrong" and "unsure" raise GradcheckError, which says why, names the worst input and has the report. With a larger
    rtol, or with atol, less exact differences are accepted too.

    >>> gradcheck(lambda x: x.relu(), [0.0])
    input  value  backward  numerical    error
    x        0.0       0.0        0.0  0.0e+00  kink
    kink: f has another slope on each side, and backward is one of them or lies
        between them

    ValueError for another order, for an input that is the result of an operation, and for an f whose value changes
    from call to call; TypeError for inputs that are no list or don't fit f, and for an f that returns no Value;
    RuntimeError inside no_grad().
    """
    if order not in (1, 2):
        raise ValueError(f"gradcheck checks derivatives of order 1 or 2, not {shown(order)}")
    if order == 2:
        # The second derivatives are computed from the first ones, so an error there is reported first.
        gradcheck(f, inputs, rtol=rtol, atol=atol)
    probe = Probe(_gradient_sum(f) if order == 2 else f, inputs)
    report = GradcheckReport(tuple(_rows(probe, names_of(f, inputs), rtol, atol)))
    if not report.passed:
        worst = max((row for row in report.rows if not row.passed), key=_badness)
        kind = "derivative" if order == 1 else "second derivative (of several inputs, a weighted sum)"
        raise GradcheckError(f"{kind} with respect to {_problem(worst)}\n{report}", report)
    return report


def _badness(row: Row) -> tuple[bool, bool, float]:
    return row.verdict == "wrong", math.isnan(row.error), row.error


def _problem(row: Row) -> str:
    found = f"input {visible(row.name)} = {row.value!r}: backward gives {row.backward!r}, "
    if row.verdict == "unsure":
        return f"{found}and it can't be checked: {row.reason}"
    return f"{found}differences give {row.numerical!r} (wrong); is there a detach(), a .data or a wrong rule in f?"


def _gradient_sum(f: Callable[..., Any]) -> Callable[..., Value]:
    """A weighted sum of the first derivatives of f, whose gradient depends on all second derivatives of f."""

    def summed(*arguments: Any) -> Value:
        inputs: list[Any] = list(leaves(arguments))
        # The first weight is 1, so that for one input the row is its second derivative. The other weights have no
        # pattern, so that two errors don't cancel.
        return dot(grad_graph(f(*arguments), inputs), [1.0 + math.sin(i) / 2.0 for i in range(len(inputs))])

    return summed


def _rows(probe: Probe, names: Sequence[str], rtol: float, atol: float) -> Iterator[Row]:
    root = probe.root()
    derivatives, again = probe.backward(root), probe.root().data
    if again != root.data and not (math.isnan(again) and math.isnan(root.data)):
        raise ValueError(
            f"f gives {root.data!r} and then {again!r} at the same inputs, so differences mean nothing; if it draws "
            "random numbers, make its generator anew in each call, as random.Random(42)"
        )
    tape = Tape(root)
    here = root.data, rounding(tape)
    for v, name, backward, steep in zip(probe.inputs, names, derivatives, steepness(tape, probe.inputs), strict=True):
        finding, why = _checked(probe, v, backward, here, Tolerance(rtol, atol, steep))
        numerical = finding.slope.slope
        # The difference of two equal infinities would be nan.
        error = 0.0 if backward == numerical else abs(backward - numerical)
        yield Row(v.label or name, v.data, backward, numerical, error, finding.verdict, why)


def _checked(
    probe: Probe, v: Value, backward: float, here: tuple[float, float], tolerance: Tolerance
) -> tuple[Finding, str]:
    """The verdict on the derivative by one input, and the reason if it is "unsure"."""
    if not math.isfinite(v.data) or not math.isfinite(here[0]):
        where = f"the input is {v.data}" if not math.isfinite(v.data) else f"f is {here[0]} here"
        return Finding("unsure", Limit()), f"{where}; check it where the input and f are finite"
    surroundings = Surroundings(probe, v, here)
    finding = judge(backward, surroundings.rows(many=False), tolerance)
    if finding.verdict in ACCEPTED and (finding.verdict != "tiny" or backward == 0.0):  # More steps may show more.
        return finding, ""
    rows = surroundings.rows(many=True)
    finding = judge(backward, rows, tolerance)
    return finding, reason(rows, finding.slope) if finding.verdict == "unsure" else ""
