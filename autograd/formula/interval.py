"""Intervals with outward rounding: bounds that hold for every number between the bounds of the operands.

>>> from autograd.formula.interval import Interval
>>> x = Interval(1.0, 2.0)
>>> y = x * x - x
>>> y.low < -1.0 < 3.0 < y.high, y.low > -1.0000001
(True, True)

The bounds are guaranteed, not tight: where a formula names an operand twice, each time counts by itself.
Source: R. Moore, R. Kearfott, M. Cloud, Introduction to Interval Analysis (2009).
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final

from autograd.engine import ieee
from autograd.formula.vocabularies import Vocabulary

ULPS: Final = 8
"""Units in the last place by which a function of `ieee` is rounded outward; its own error is below 3 of them."""
INCREASING: Final = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "asin", "atan", "sinh", "tanh", "erf"),
    *("normal_cdf", "sigmoid", "softplus"),
)
_TURN: Final = 2.0 * math.pi
_SURE_OF_TURNS: Final = 1e6
"""Beyond it the multiples of π/2 between two floats are not counted, and a sine may be anything."""


@dataclass(frozen=True)
class Interval:
    """All numbers from low to high; both are nan where an operation may leave its domain."""

    low: float
    high: float

    def __contains__(self, x: float) -> bool:
        return self.low <= x <= self.high or self.low != self.low

    @property
    def width(self) -> float:
        """The distance of the bounds."""
        return self.high - self.low

    def __add__(self, other: "Interval | float") -> "Interval":
        y = interval(other)
        return _hull_of(operator.add, [(self.low, y.low), (self.high, y.high)])

    __radd__ = __add__

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __sub__(self, other: "Interval | float") -> "Interval":
        return self + -interval(other)

    def __rsub__(self, other: float) -> "Interval":
        return interval(other) + -self

    def __mul__(self, other: "Interval | float") -> "Interval":
        y = interval(other)
        return _hull_of(_product, [(a, b) for a in (self.low, self.high) for b in (y.low, y.high)])

    __rmul__ = __mul__

    def __truediv__(self, other: "Interval | float") -> "Interval":
        y = interval(other)
        if y.low <= 0.0 <= y.high:
            return Interval(-math.inf, math.inf)
        return _hull_of(operator.truediv, [(a, b) for a in (self.low, self.high) for b in (y.low, y.high)])

    def __rtruediv__(self, other: float) -> "Interval":
        return interval(other) / self


@dataclass(frozen=True)
class Truth:
    """The answer to a comparison of intervals: whether it may hold, and whether it may fail."""

    may_hold: bool
    may_fail: bool

    def __and__(self, other: "Truth") -> "Truth":
        return Truth(self.may_hold and other.may_hold, self.may_fail or other.may_fail)

    def __or__(self, other: "Truth") -> "Truth":
        return Truth(self.may_hold or other.may_hold, self.may_fail and other.may_fail)


class _Compared:
    """An interval whose comparisons, with intervals and floats, are a Truth."""

    def __init__(self, x: Any) -> None:
        self.x = interval(x)

    def __lt__(self, other: Any) -> Truth:
        x, y = self.x, _compared(other)
        return Truth(not x.low >= y.high, not x.high < y.low)

    def __le__(self, other: Any) -> Truth:
        x, y = self.x, _compared(other)
        return Truth(not x.low > y.high, not x.high <= y.low)

    def __gt__(self, other: Any) -> Truth:
        return _Compared(_compared(other)) < self

    def __ge__(self, other: Any) -> Truth:
        return _Compared(_compared(other)) <= self

    def __eq__(self, other: object) -> Any:
        x, y = self.x, _compared(other)
        apart, one = x.high < y.low or y.high < x.low, x.low == x.high == y.low == y.high
        return Truth(not apart, not one and x is not y)

    def __ne__(self, other: object) -> Any:
        equal = self == other
        return Truth(equal.may_fail, equal.may_hold)

    __hash__ = object.__hash__


def _compared(x: Any) -> Interval:
    return x.x if isinstance(x, _Compared) else interval(x)


def interval(x: object) -> Interval:
    """x itself if it is an interval, (low, high) as one, else the interval of one number."""
    if isinstance(x, Interval):
        return x
    low, high = x if isinstance(x, tuple) else (x, x)
    if float(low) > float(high):
        raise ValueError(f"an interval goes from low to high, not from {low!r} to {high!r}")
    return Interval(float(low), float(high))


def hull(x: Any, y: Any) -> Interval:
    """The smallest interval that holds both."""
    a, b = interval(x), interval(y)
    if a.low != a.low or b.low != b.low:
        return Interval(math.nan, math.nan)
    return Interval(min(a.low, b.low), max(a.high, b.high))


def _outward(low: float, high: float) -> Interval:
    """The bounds moved apart by the error of a function of `ieee`."""
    for _ in range(ULPS):
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return Interval(low, high)


def _product(a: Any, b: Any) -> Any:
    """a·b, and 0 where one is 0: an infinite bound stands for numbers without end, and is none itself."""
    return a * b if (a and b) or a != a or b != b else 0.0


def _hull_of(f: Callable[[Any, Any], Any], pairs: list[tuple[float, float]]) -> Interval:
    """The bounds of an operation that is correctly rounded, from its results at the ends: exact ones stay."""
    bounds = [_rounded(f, a, b) for a, b in pairs]
    if any(low != low for low, _ in bounds):
        return Interval(math.nan, math.nan)
    return Interval(min(low for low, _ in bounds), max(high for _, high in bounds))


def _rounded(f: Callable[[Any, Any], Any], a: float, b: float) -> tuple[float, float]:
    z = f(a, b)
    if not math.isfinite(z):
        return (z if math.isinf(a) or math.isinf(b) else math.nextafter(z, 0.0), z)
    exact = f(Fraction(a), Fraction(b)) if math.isfinite(a) and math.isfinite(b) else Fraction(z)
    low = z if Fraction(z) <= exact else math.nextafter(z, -math.inf)
    return low, z if Fraction(z) >= exact else math.nextafter(z, math.inf)


def _monotone(name: str, sign: float) -> Callable[[Any], Interval]:
    on_floats = getattr(ieee, name)

    def apply(x: Any) -> Interval:
        ends = [on_floats(end) for end in (interval(x).low, interval(x).high)]
        return _outward(*(ends if sign > 0.0 else ends[::-1]))

    return apply


def _circular(name: str, first_top: float) -> Callable[[Any], Interval]:
    """Sine or cosine, which is 1 at first_top and every whole turn on, and -1 half a turn away."""
    on_floats = getattr(ieee, name)

    def meets(x: Interval, first: float) -> bool:
        """Whether the interval may hold first + a whole number of turns."""
        return math.floor((x.high - first) / _TURN + 1e-9) >= math.ceil((x.low - first) / _TURN - 1e-9)

    def apply(x: Any) -> Interval:
        x = interval(x)
        if not math.isfinite(x.width):
            return Interval(math.nan, math.nan)
        if max(-x.low, x.high) > _SURE_OF_TURNS:
            return Interval(-1.0, 1.0)
        ends = _outward(*sorted([on_floats(x.low), on_floats(x.high)]))
        low = -1.0 if meets(x, first_top + math.pi) else max(ends.low, -1.0)
        return Interval(low, 1.0 if meets(x, first_top) else min(ends.high, 1.0))

    return apply


def _power(x: Any, y: Any) -> Interval:
    x, y = interval(x), interval(y)
    if y.low == y.high and y.low == math.floor(y.low):
        if y.low < 0.0 and x.low <= 0.0 <= x.high:
            return Interval(-math.inf, math.inf)
        ends = [ieee.power(end, y.low) for end in (x.low, x.high)]
        if y.low % 2.0 == 0.0 and x.low <= 0.0 <= x.high:
            ends.append(0.0 if y.low else 1.0)
        return _outward(min(ends), max(ends)) if all(end == end for end in ends) else interval(math.nan)
    words = interval_numbers().words
    found: Interval = words["exp"](y * words["log"](x))
    return found


def _where(test: Any, then: Any, other: Any) -> Any:
    if test.may_hold and test.may_fail:
        return hull(then, other)
    return then if test.may_hold else other


def _ties(xs: list[Any], z: Any) -> Interval:
    tests = [_Compared(x) == z for x in xs]
    sure, possible = sum(not t.may_fail for t in tests), sum(t.may_hold for t in tests)
    return Interval(float(max(sure, 1)), float(max(possible, 1)))


def _absolute(x: Any) -> Interval:
    x = interval(x)
    return Interval(0.0 if x.low <= 0.0 <= x.high else min(abs(x.low), abs(x.high)), max(abs(x.low), abs(x.high)))


@cache
def interval_numbers() -> Vocabulary:
    """The words over intervals; comparisons that may go either way give the hull of both cases."""
    words: dict[str, Any] = {name: _monotone(name, 1.0) for name in INCREASING}
    words |= {"acos": _monotone("acos", -1.0), "sin": _circular("sin", math.pi / 2.0), "cos": _circular("cos", 0.0)}
    words |= {"real": _Compared, "power": _power, "absolute": _absolute, "where": _where, "ties": _ties}
    words |= {
        "greatest": lambda xs: Interval(max(interval(x).low for x in xs), max(interval(x).high for x in xs)),
        "least": lambda xs: Interval(min(interval(x).low for x in xs), min(interval(x).high for x in xs)),
        "total": lambda xs: sum(xs, Interval(0.0, 0.0)),
    }
    return Vocabulary(words)
