"""The derivatives that a rule states, against differences of its value at points of its domain.

>>> from autograd.check.derivatives import check_rule
>>> from autograd.formula import rule
>>> from autograd.operations import operation
>>> check_rule(rule("tanh"), operation("tanh").function, operation("tanh").domains)
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from autograd.check.gradcheck import GradcheckError, gradcheck
from autograd.formula import Rule
from autograd.operations import Domain

__all__ = ["check_rule"]

POINTS: Final = 8
LENGTH: Final = 3
"""The length of the lists in a point."""
_GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0
"""Its multiples fill an interval evenly, and rarely are points where a function is special."""


def check_rule(r: Rule, apply: Callable[..., Any], domains: Sequence[Domain]) -> None:
    """Check the derivatives of a rule at a few points, always the same ones. `apply` records the operation.

    ValueError if one differs from the slope of the value, or if there is no point at which it can be compared.
    """
    length = LENGTH if r.of_sequences else 1
    names = [f"{name}[{k}]" if r.of_sequences else name for name in r.operands for k in range(length)]
    compared = 0
    for point in _points(domains, length):
        if not math.isfinite(r.on_floats(point)[0]):
            continue
        try:
            report = gradcheck(lambda *xs: apply(*r.grouped(xs)), point)
        except GradcheckError as error:
            report = error.report
        for name, row in zip(names, report.rows, strict=True):
            if row.verdict == "wrong":
                where = ", ".join(f"{name} = {x!r}" for name, x in zip(names, point, strict=True))
                raise ValueError(
                    f"{r.name}: the derivative by {name} is wrong at {where}: the rule gives {row.backward!r}, "
                    f"differences of the value give {row.numerical!r}; mend the one or the other"
                )
        compared += report.passed
    if not compared:
        raise ValueError(
            f"{r.name} can't be checked in its domain {domains}; give one where it is smooth, domain=(low, high)"
        )


def _points(domains: Sequence[Domain], length: int) -> Iterator[list[float]]:
    multiple = 0.0
    for k in range(POINTS):
        point = []
        for intervals in domains:
            low, high = intervals[k % len(intervals)]
            for _ in range(length):
                multiple += _GOLDEN
                point.append(low + (high - low) * (multiple % 1.0))
        yield point
