"""Whether contenders came to the same results, which is asked before anything is timed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

TOLERANCE: Final = 1e-12
"""Of the largest number in the results, or of 1. Contenders add up in orders of their own, at most 784 products at a
time, and were up to 5e-16 apart; libraries for other processors may round otherwise. A wrong formula is off by more."""


class Answer(NamedTuple):
    """The value, the gradient and what else a contender came to."""

    contender: str
    numbers: Sequence[float]


class DisagreementError(Exception):
    """A contender computes something else; the message names it and the work."""


def require_close(work: str, got: Answer, want: Answer) -> None:
    """Raise unless all numbers agree within the tolerance."""
    _require_count(work, got, want)
    allowed = TOLERANCE * max(1.0, *map(abs, want.numbers))
    for i, (g, w) in enumerate(zip(got.numbers, want.numbers, strict=True)):
        if not abs(g - w) <= allowed:
            raise DisagreementError(
                f"{work}: {got.contender} gives {g!r} and {want.contender} {w!r} for number {i} of "
                f"{len(want.numbers)}, further apart than {allowed:.1g}; nothing of this work was timed"
            )


def require_same_bits(work: str, got: Answer, want: Answer) -> None:
    """Raise unless all numbers are the same to the last bit; a zero's sign counts, a nan's doesn't."""
    _require_count(work, got, want)
    for i, (g, w) in enumerate(zip(got.numbers, want.numbers, strict=True)):
        same = g == w and math.copysign(1.0, g) == math.copysign(1.0, w)
        if not (same or (math.isnan(g) and math.isnan(w))):
            raise DisagreementError(
                f"{work}: {got.contender} gives {g!r} and {want.contender} {w!r} for number {i} of "
                f"{len(want.numbers)}, which should be the same to the last bit; nothing of this work was timed"
            )


def _require_count(work: str, got: Answer, want: Answer) -> None:
    if len(got.numbers) != len(want.numbers):
        raise DisagreementError(
            f"{work}: {got.contender} gives {len(got.numbers)} numbers and {want.contender} {len(want.numbers)}"
        )
