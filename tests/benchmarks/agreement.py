"""Checks that the contenders compute the same results, before anything is timed."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

TOLERANCE: Final = 1e-12
"""Relative to the largest result, or to 1. Contenders add up to 784 products in different orders and differed by up to
5e-16; libraries for other processors may round differently. A wrong formula causes a larger error."""


class Answer(NamedTuple):
    """The results of a contender: the value, the gradient, and others of a work."""

    contender: str
    numbers: Sequence[float]


class DisagreementError(Exception):
    """A contender has other results; the message names it and the work."""


def require_close(work: str, got: Answer, want: Answer) -> None:
    """Raise DisagreementError unless all results agree within the tolerance."""
    _require_count(work, got, want)
    allowed = TOLERANCE * max(1.0, *map(abs, want.numbers))
    for i, (g, w) in enumerate(zip(got.numbers, want.numbers, strict=True)):
        if not abs(g - w) <= allowed:
            raise DisagreementError(
                f"{work}: {got.contender} gives {g!r} and {want.contender} {w!r} for number {i} of "
                f"{len(want.numbers)}, further apart than {allowed:.1g}; nothing of this work was timed"
            )


def require_same_bits(work: str, got: Answer, want: Answer) -> None:
    """Raise DisagreementError unless all results are the same bits; the sign of a zero counts, of a nan not."""
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
