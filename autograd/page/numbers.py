"""Numbers as data of a page: to the last bit, or rounded to the digits that a picture needs.

>>> from autograd.page.numbers import exact, packed, rounded
>>> exact(0.1), exact(float("nan")), rounded(-0.0123456), rounded(12.0), rounded(float("inf"))
(0.1, 'NaN', -0.01235, 12, 'Infinity')
>>> packed([0.5, 0.5, -0.25, 1.0, 1.0])
'.5,,-.25,1'
"""

import math
from collections.abc import Sequence


def exact(number: float) -> float | str:
    """A number as JSON has it, to its last bit; what JSON lacks as text that JavaScript reads."""
    if math.isfinite(number):
        return "-0" if number == 0.0 and math.copysign(1.0, number) < 0.0 else number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0.0 else "-Infinity"


def rounded(number: float, digits: int = 4) -> float | str:
    """A number in so many significant digits, without the point of a whole one, so that its text is short."""
    if not math.isfinite(number):
        return exact(number)
    short = float(f"{number:.{digits}g}")
    if not math.isfinite(short):  # It would be above the largest float.
        return number
    return int(short) if short.is_integer() and abs(short) < 1e6 else short


def packed(numbers: Sequence[float], digits: int = 4) -> str:
    """A row of rounded numbers as a short text: no 0 before a point, and nothing for a number that stays the same."""
    texts = [_short(str(rounded(x, digits))) for x in numbers]
    return ",".join(text if k == 0 or text != texts[k - 1] else "" for k, text in enumerate(texts)).rstrip(",")


def _short(text: str) -> str:
    """The text of a number with as few characters as JavaScript reads."""
    if text.startswith(("0.", "-0.")):
        text = text.replace("0.", ".", 1)
    return text.replace("e-0", "e-").replace("e+", "e")
