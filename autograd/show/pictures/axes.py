"""The axes of a chart: their ends, their ticks, and the place of each number between them.

>>> from autograd.show.pictures.axes import linear_axis
>>> axis = linear_axis(0.2, 1.1)
>>> [text for _, text in axis.ticks], axis.place(0.6)
(['0', '0.2', '0.4', '0.6', '0.8', '1.0', '1.2'], 0.5)
"""

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Final, NamedTuple

MOST_STEPS: Final = 7
"""From one number beside an axis to the next."""
DECADES: Final = 2.0
"""Positive numbers that are further apart than so many powers of ten have a logarithmic axis."""
FLAT: Final = 1e-9
"""Numbers whose range is a smaller part of their size are drawn as constants: their ticks would need ten digits."""
ZOOM: Final = Decimal("0.5")
"""A linear axis begins at 0 unless the number nearest to 0 is more than this part of the furthest."""
BELOW: Final = 0.2
"""The part of a logarithmic axis between the number 0, which has no logarithm, and the others."""
NEAR: Final = 0.12
"""The part of an axis that the texts of two ticks need."""
_EXACT: Final = Context(prec=40)
"""Decimals, because an axis may end beyond the largest float, and near 0 floats have few digits."""


class Axis(NamedTuple):
    """One axis of a chart. Places are parts of its length: 0 at its start, 1 at its end."""

    place: Callable[[float], float]
    """Of a number."""
    ticks: list[tuple[float, str]]
    """Their places and texts, in order."""


def axis_for(numbers: list[float], log: bool | None, most: int = MOST_STEPS) -> Axis:
    """An axis on which all the finite numbers have a place; for log=None logarithmic if that shows more.

    That is so if none is negative, and the positive ones span more than two powers of ten. It has at most so many steps
    between ticks, or one more. ValueError for log=True and a negative number.

    >>> [text for _, text in axis_for([1.0, 1e-4, 0.0], None).ticks]
    ['0', '0.0001', '0.001', '0.01', '0.1', '1']
    """
    if not numbers:
        return Axis(lambda y: 0.0, [])
    positive = [y for y in numbers if y > 0.0]
    lowest = min(numbers)
    if log and lowest < 0.0:
        raise ValueError(f"a logarithmic axis has no place for {lowest:g}; leave out log=True")
    if log is None:
        spread = math.log10(max(positive)) - math.log10(min(positive)) if positive else 0.0
        log = spread > DECADES and lowest >= 0.0
    if log and positive:
        return logarithmic_axis(min(positive), max(positive), most, zero=lowest == 0.0)
    return linear_axis(lowest, max(numbers), most)


def linear_axis(low: float, high: float, most: int = MOST_STEPS) -> Axis:
    """A linear axis for numbers from low to high, with round ticks at both ends."""
    with localcontext(_EXACT):
        least, greatest = _widened(_written(low), _written(high))
        step = _round_step(greatest - least, most)
        first, last = math.floor(least / step), math.ceil(greatest / step)
        start, length = step * first, step * (last - first)
        texts = _texts([step * k for k in range(first, last + 1)], step)
        ticks = [(k / (last - first), text) for k, text in enumerate(texts)]

    def place(y: float) -> float:
        return float(_EXACT.divide(_EXACT.subtract(_written(y), start), length))

    return Axis(place, ticks)


def _written(y: float) -> Decimal:
    """The decimal that a float is written as: 0.3, which is no float, should lie on the tick 0.3."""
    return Decimal(repr(y))


def _widened(low: Decimal, high: Decimal) -> tuple[Decimal, Decimal]:
    size = max(abs(low), abs(high))
    if high - low <= Decimal(FLAT) * size:
        return (min(0 * low, 2 * low), max(0 * low, 2 * low)) if size else (Decimal(-1), Decimal(1))
    if 0 < low <= ZOOM * high:
        return Decimal(0), high
    return (low, Decimal(0)) if 0 < -high <= ZOOM * -low else (low, high)


def _texts(ticks: list[Decimal], step: Decimal) -> list[str]:
    """The ticks as text, with as many digits as the step needs, and one power of ten where they are large or small."""
    power = max(tick.adjusted() for tick in ticks if tick)
    shift, suffix = (0, "") if -5 <= power <= 5 else (power, f"e{power:+03d}")
    digits = max(0, shift - step.normalize().as_tuple().exponent)  # type: ignore[operator]
    return [f"{tick.scaleb(-shift):,.{digits}f}{suffix}" if tick else "0" for tick in ticks]


def logarithmic_axis(low: float, high: float, most: int = MOST_STEPS, *, zero: bool = False) -> Axis:
    """A logarithmic axis for positive numbers from low to high, and below them, if it has a zero, a tick for it."""
    start, end, ticks = upward_axis(math.log10(low), math.log10(high), most)
    base = BELOW if zero else 0.0

    def at(log: float) -> float:
        return base + (1.0 - base) * (log - start) / (end - start)

    shown = [(at(log), text) for log, text in ticks]
    return Axis(lambda y: at(math.log10(y)) if y > 0.0 else 0.0, [(0.0, "0"), *shown] if zero else shown)


def upward_axis(low: float, high: float, most: int = MOST_STEPS) -> tuple[float, float, list[tuple[float, str]]]:
    """The ends of a logarithmic axis for numbers with logs from low to high, and its ticks: their logs and texts.

    >>> [text for _, text in upward_axis(-2.9, 0.3)[2]], [text for _, text in upward_axis(-0.6, -0.1)[2]]
    (['0.001', '0.01', '0.1', '1', '10'], ['0.2', '0.5', '1'])
    """
    if high - low > DECADES:
        first, last = math.floor(low), math.ceil(high)
        stride = round_stride(last - first, most)
        return first, last, [(e, _power_of_ten(e)) for e in range(-(-first // stride) * stride, last + 1, stride)]
    exponent = math.floor(low)  # A factor of its own, since 10.0**-320 has few digits left.
    least, greatest = 10.0 ** (low - exponent), 10.0 ** (high - exponent)
    if greatest < 2.0 * least and greatest - least > 1e-4 * least:
        step = float(_round_step(Decimal(greatest - least), most))
        numbers = [step * k for k in range(math.floor(least / step), math.ceil(greatest / step) + 1)]
    else:
        numbers = [m * 10.0**e for e in range(4) for m in (1, 2, 5)]
        below, above = max(x for x in numbers if x <= least), min(x for x in numbers if x >= greatest and x > least)
        numbers = [x for x in numbers if below <= x <= above]
    ticks = [(math.log10(x) + exponent, _text(x, exponent)) for x in numbers]
    return ticks[0][0], ticks[-1][0], ticks


def counting_axis(first: int, last: int, most: int = MOST_STEPS) -> Axis:
    """An axis for the whole numbers from first to last; a single one stands in its middle.

    >>> [text for _, text in counting_axis(1, 30).ticks], counting_axis(1, 1).ticks
    (['1', '5', '10', '15', '20', '25', '30'], [(0.5, '1')])
    """
    length = last - first

    def place(i: float) -> float:
        return (i - first) / length if length else 0.5

    stride = round_stride(length, most) if length else 1
    whole = [*range(-(-first // stride) * stride, last + 1, stride)]
    if length and place(whole[0]) > NEAR:
        whole.insert(0, first)
    return Axis(place, [(place(i), f"{i:,}") for i in whole])


def round_stride(length: int, most: int) -> int:
    """The least of 1, 2, 5, 10, 20 … of which at most so many cover a length."""
    return math.ceil(_round_step(Decimal(length), most))


def _round_step(length: Decimal, most: int) -> Decimal:
    """The least of 1, 2, 5, 10 … and of 0.5, 0.2, 0.1 … of which at most so many cover a length."""
    with localcontext(_EXACT):
        size = Decimal(1).scaleb((length / most).adjusted())
        return next(m * size for m in (1, 2, 5, 10) if m * size * most >= length)


def _power_of_ten(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -5 <= exponent <= 5 else f"1e{exponent:+03d}"


def _text(x: float, exponent: int) -> str:
    """The text of x·10^exponent, which may be no float."""
    if -5 <= exponent <= 4:
        return f"{x * 10.0**exponent:g}"
    digits = math.floor(math.log10(x) + 1e-9)
    return f"{x / 10.0**digits:g}e{exponent + digits:+03d}"
