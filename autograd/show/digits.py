"""As many digits as a statement needs: six, or so many that its numbers as shown still say the same.

>>> from autograd.show.digits import figures, together
>>> together([0.1 + 0.2, 0.3], [5.55112e-17], lambda row: [row[0] - row[1]])
['0.30000000000000004', '0.3', '5.55112e-17']
>>> figures("acos", [1.0000000002], float("nan")).operands
{0: '1.0000000002'}

Whoever works the statement out again from the numbers shown gets its result, and the same kind of local derivatives:
finite, zero, infinite or nan. Two numbers that differ look different, and none but 1 and -1 looks like them.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from autograd.engine.number import EXACT, SIX, short, shorts
from autograd.engine.tape import Tape
from autograd.formula import rule
from autograd.operations import OPERATIONS, is_composed
from autograd.wording import end_positions

CLOSE: Final = 1e-3
"""Relative: worked out again, a result has three right digits. From operands of six it has them nearly always, but not
where nearly equal numbers are subtracted, nor at the edge of a domain."""
Function: TypeAlias = Callable[[list[float]], Sequence[float]]
"""The results of the parts of a statement."""
SUMS: Final = ("total", "mean", "dot")
"""Operations that are written as sums, in which the terms in the middle are added up."""


def together(parts: Sequence[float], results: Sequence[float], of: Function, least: int = SIX) -> list[str]:
    """The texts of the parts of a statement and of its results, in at least so many digits.

    `of` gives the first result, and other numbers that stay the same. A result that needs more digits, because it is
    nearly another number, has parts that give it to its last digit.
    """

    def texts(digits: int) -> list[str]:
        return shorts([*parts, *results], [digits] * len(parts) + [least] * len(results))

    digits = enough(parts, of, least)
    result = texts(digits)[len(parts)]
    needed = next(n for n in range(least, EXACT + 1) if short(results[0], n) == result)
    if needed > least:
        digits = enough(parts, lambda row: of(row)[:1], digits, 10.0 ** (1 - needed))
    return texts(digits)


def enough(parts: Sequence[float], of: Function, least: int = SIX, within: float = CLOSE) -> int:
    """The fewest digits of the parts, or all, with which `of` them stays the same, within a relative difference."""
    exact = of([*parts])
    for digits in range(least, EXACT):
        shown = shorts([*parts], [digits] * len(parts))
        if all(_alike(now, was, within) for now, was in zip(of([*map(float, shown)]), exact, strict=True)):
            return digits
    return EXACT


def alone(number: float) -> str:
    """The text of one number."""
    return shorts([number], [SIX])[0]


def bare(text: str) -> str:
    """The text of a number without the point of a whole one: 2 for 2.0."""
    return text.removesuffix(".0")


def _alike(now: float, was: float, within: float) -> bool:
    if math.isnan(was) or math.isinf(was):
        return repr(now) == repr(was)
    return abs(now - was) <= within * abs(was)


# ── of operations ──


class Figures(NamedTuple):
    """The numbers of one operation as text."""

    operands: dict[int, str]
    """By their positions; of a long row the two ends."""
    hidden: str
    """The sum of the terms between these, in an operation that is written as a sum; else empty."""
    result: str


def figures(op: str, data: Sequence[float], result: float) -> Figures:
    """The numbers of an operation on these data of its operands, as text."""
    kept, hidden = kept_positions(op, len(data)), []
    parts = [data[i] for i in kept]
    if op in SUMS and len(kept) < len(data):
        hidden = [added(_terms(op, [x for i, x in enumerate(data) if i not in kept]))]
        texts = together(parts + hidden, [result], lambda row: [added([*_terms(op, row[:-1]), row[-1]])])
    else:
        # An exponent that isn't whole doesn't look so: a negative number has no such power.
        whole = [float(round(y)) for y in parts[1:] if op == "power" and math.isfinite(y)]
        texts = together(parts, [result, *whole], _recalculated(op, data, kept))
    count = len(kept)
    return Figures(dict(zip(kept, texts, strict=False)), texts[count] if hidden else "", texts[count + len(hidden)])


def data_texts(tape: Tape, places: Iterable[int]) -> dict[int, str]:
    """The data at these places as text that suits all operations there, by place; of some operands too."""
    texts: dict[int, str] = {}
    for place in places:
        data = tape.data[place]
        texts[place] = max(texts.get(place, ""), alone(data), key=len)
        if (op := tape.operation(place)) in OPERATIONS:
            operands = tape.operands_of(place)
            made = figures(op, [tape.data[k] for k in operands], data)
            for k, text in [(place, made.result), *((operands[i], text) for i, text in made.operands.items())]:
                texts[k] = max(texts.get(k, ""), text, key=len)
    return texts


def added(terms: Sequence[float]) -> float:
    """The sum, rounded once unless it leaves the range of floats on its way, and never an error."""
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):
        return sum(terms)


def kept_positions(op: str, count: int) -> list[int]:
    """The positions of the operands that are shown."""
    if op != "dot" and not is_composed(op):
        return end_positions(count)
    pairs = end_positions(count // 2)
    return [*pairs, *(i + count // 2 for i in pairs)]


def _terms(op: str, row: Sequence[float]) -> list[float]:
    half = len(row) // 2
    return [x * y for x, y in zip(row[:half], row[half:], strict=True)] if op == "dot" else [*row]


def _recalculated(op: str, data: Sequence[float], kept: Sequence[int]) -> Function:
    """The result of an operation, and the kinds of its local derivatives, with other numbers at the positions kept."""

    def of(shown: list[float]) -> list[float]:
        row = [*data]
        for i, x in zip(kept, shown, strict=True):
            row[i] = x
        z, partials = rule(op).on_floats(row)
        return [z, *map(_kind, partials)]

    return of


def _kind(x: float) -> float:
    return math.copysign(1.0, x) if x and math.isfinite(x) else x
