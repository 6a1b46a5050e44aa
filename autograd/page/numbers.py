"""Numbers as data of a page: to the last bit, or rounded to the digits that a picture needs.

>>> from autograd.page.numbers import exact, rounded
>>> exact(0.1), exact(float("nan")), rounded(-0.0123456), rounded(12.0), rounded(float("inf"))
(0.1, 'NaN', -0.01235, 12, 'Infinity')
"""

import math


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
    return int(short) if short.is_integer() and abs(short) < 1e6 else short
