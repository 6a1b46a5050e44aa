"""Intervals with outward rounding: bounds that hold for every real number between the bounds of the operands.

>>> from autograd.formula.interval import Interval
>>> x = Interval(1.0, 2.0)
>>> x * x - x
Interval(low=-1.0, high=3.0)
>>> third = Interval(1.0, 1.0) / 3.0
>>> third.low < third.high < third.low + 1e-16
True

The bounds are guaranteed, not tight: where a formula names an operand twice, each time counts by itself. An infinite
bound stands for real numbers without end; infinity itself is none of them. An operation that overflows has an infinite
bound, and one that may leave its domain has bounds that are nan.

Source: R. Moore, R. Kearfott, M. Cloud, Introduction to Interval Analysis (2009).
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.engine import ieee
from autograd.engine.number import shown
from autograd.formula.vocabularies import Vocabulary

INF: Final = math.inf
ULPS: Final = 8
"""Units in the last place by which a function of `ieee` is rounded outward; its own error is below 3 of them."""
_MONOTONE: Final = ("log", "log1p", "log2", "log10", "asin", "acos", "atan", "sinh", "asinh", "acosh", "atanh")
_BOUNDED: Final = {
    **dict.fromkeys(("exp", "exp2", "sqrt", "softplus", "hypot", "norm"), (0.0, INF)),
    **dict.fromkeys(("sigmoid", "normal_cdf"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "erf"), (-1.0, 1.0)),
    "expm1": (-1.0, INF),
    "cosh": (1.0, INF),
}
"""More monotone functions, some of absolute values, with bounds that rounding outward must not cross."""
_TURN: Final = 2.0 * math.pi
_SURE_OF_TURNS: Final = 1e6
"""Beyond it the whole turns between two floats are not counted, and a sine may be anything."""


@dataclass(frozen=True)
class Interval:
    """All real numbers from low to high; both are nan where an operation may have left its domain."""

    low: float
    high: float

    def __contains__(self, x: float) -> bool:
        return self.low <= x <= self.high or _unknown(self)

    def __bool__(self) -> bool:
        return self != Interval(0.0, 0.0)

    @property
    def width(self) -> float:
        """The distance of the bounds."""
        return self.high - self.low

    def __add__(self, other: "Interval | float") -> "Interval":
        y = _of(other)
        return _rounded_hull(operator.add, [(self.low, y.low), (self.high, y.high)])

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __sub__(self, other: "Interval | float") -> "Interval":
        return self + -_of(other)

    def __rsub__(self, other: float) -> "Interval":
        return -self + other

    def __mul__(self, other: "Interval | float") -> "Interval":
        y = _of(other)
        if y is self and _PATH.get(None) is not None:  # Inside a rule, one object is one number: this is its square.
            nearest = min(max(self.low, 0.0), self.high)
            return _rounded_hull(_product, [(x, x) for x in (self.low, nearest, self.high)])
        return _rounded_hull(_product, _corners(self, y))

    def __truediv__(self, other: "Interval | float") -> "Interval":
        y = _of(other)
        if 0.0 in y:
            return interval(math.nan) if 0.0 in self or _unknown(y) else _ALL
        return _rounded_hull(_quotient, _corners(self, y))

    def __rtruediv__(self, other: float) -> "Interval":
        return _of(other) / self

    __radd__, __rmul__ = __add__, __mul__


_ALL: Final = Interval(-INF, INF)


def interval(x: object) -> Interval:
    """A new interval: from another one, from (low, high), or of one number. ValueError for low above high."""
    bounds: Any = (x.low, x.high) if isinstance(x, Interval) else x if isinstance(x, tuple) else (x, x)
    if len(bounds) != 2 or float(bounds[0]) > float(bounds[1]):
        raise ValueError(f"an interval is a number or goes from low to high, as (0.0, 1.0), not {shown(x)}")
    low, high = map(float, bounds)
    # Of an infinity, which is no real number, nothing is known.
    return Interval(low, high) if low < high or math.isfinite(low) else Interval(math.nan, math.nan)


def _of(x: Any) -> Interval:
    return x if isinstance(x, Interval) else interval(x)


def _unknown(x: Interval) -> bool:
    return x.low != x.low or x.high != x.high


def _corners(*operands: Interval) -> list[Any]:
    x, y = operands
    return [(a, b) for a in (x.low, x.high) for b in (y.low, y.high)]


def _hull(xs: Iterable[Any]) -> Any:
    """The smallest interval that holds all of some intervals; of lists, a list of such."""
    first, *_ = xs = [*xs]
    if isinstance(first, list):
        return [_hull(column) for column in zip(*xs, strict=True)]
    xs = [_of(x) for x in xs]
    if any(map(_unknown, xs)):
        return Interval(math.nan, math.nan)
    return Interval(min(x.low for x in xs), max(x.high for x in xs))


# ── rounding ──


def _product(a: Any, b: Any) -> Any:
    """a·b, and 0 where one is 0: an infinite bound stands for numbers without end, and is none itself."""
    return a * b if (a and b) or a != a or b != b else 0.0


def _quotient(a: Any, b: Any) -> Any:
    """a/b, and 0 for two infinite bounds: the other ends of their intervals give the other bound."""
    return 0.0 if math.isinf(a) and math.isinf(b) else a / b


def _rounded_hull(f: Callable[[Any, Any], Any], corners: Iterable[tuple[float, float]]) -> Interval:
    """The bounds of an operation that is correctly rounded, from its results at the corners: exact ones stay."""
    return _hull(_rounded(f, a, b) for a, b in corners)  # type: ignore[no-any-return]


def _rounded(f: Callable[[Any, Any], Any], a: float, b: float) -> Interval:
    z = f(a, b)
    if z != z or not (math.isfinite(a) and math.isfinite(b)):
        return Interval(z, z)
    if math.isinf(z):
        return Interval(*sorted((z, math.nextafter(z, 0.0))))
    exact = f(Fraction(a), Fraction(b))
    low = z if Fraction(z) <= exact else math.nextafter(z, -INF)
    return Interval(low, z if Fraction(z) >= exact else math.nextafter(z, INF))


def _outward(ends: Sequence[float], least: float = -INF, most: float = INF) -> Interval:
    """The interval from the least to the greatest of some results of `ieee`, widened by their errors."""
    if any(end != end for end in ends):
        return Interval(math.nan, math.nan)
    low, high = min(ends), max(ends)
    for _ in range(ULPS):
        low, high = math.nextafter(low, -INF), math.nextafter(high, INF)
    return Interval(max(low, least), min(high, most))


# ── comparisons ──

_PATH: Final[ContextVar["_Path"]] = ContextVar("path")


class _Path:
    """One way through the guards of a rule: the answers given, and what they say of the operands."""

    def __init__(self, answers: list[bool]) -> None:
        self._answers = answers
        self._asked = 0
        self._known: dict[tuple[int, int], tuple[str, Interval, Interval]] = {}
        self.others: list[list[bool]] = []
        """The answers that start the other ways, as far as this one has come by them."""

    def relations(self, a: Interval, b: Interval) -> str:
        """Those of < = > that may hold between two numbers of these intervals, and ? where one may be nan."""
        known, *_ = self._known.get((id(a), id(b)), ("<=>?",))
        return "".join(relation for relation in _relations(a, b) if relation in known)

    def answer(self, a: Interval, b: Interval, accepted: str) -> bool:
        """Whether one of the accepted relations holds; where it is open, each way gets its answer."""
        possible = self.relations(a, b)
        ways = {yes: "".join(r for r in possible if (r in accepted) == yes) for yes in (True, False)}
        if not (ways[True] and ways[False]):
            return bool(ways[True])
        if self._asked == len(self._answers):
            self.others.append([*self._answers, False])
            self._answers.append(True)
        yes = self._answers[self._asked]
        self._asked += 1
        self._learn(a, b, ways[yes])
        return yes

    def _learn(self, a: Interval, b: Interval, relations: str) -> None:
        self._known[id(a), id(b)] = relations, a, b  # With them, so that no other object gets their id.
        if _unknown(a) or _unknown(b):
            return
        for x, y, over in ((a, b, ">"), (b, a, "<")):
            if "?" not in relations and over not in relations:  # x is not above y.
                high, low = min(x.high, y.high), max(x.low, y.low)
                _move(x, x.low, high)
                _move(y, low, y.high)


def _relations(a: Interval, b: Interval) -> str:
    if _unknown(a) or _unknown(b):
        return "=?" if a is b else "<=>?"
    if a is b:
        return "="
    meet = a.low <= b.high and b.low <= a.high
    return "<" * (a.low < b.high) + "=" * meet + ">" * (a.high > b.low)


class _Part(Interval):
    """An operand while its rule runs; guards narrow it to the part where they hold."""


def _move(x: Interval, low: float, high: float) -> None:
    if isinstance(x, _Part):
        object.__setattr__(x, "low", low)  # Of the rule's own copy, which nobody else sees.
        object.__setattr__(x, "high", high)


class _Test(NamedTuple):
    """A comparison of intervals, which is answered when a guard asks."""

    a: Interval
    b: Interval
    accepted: str

    def __bool__(self) -> bool:
        return _PATH.get().answer(*self)


def _compare(x: Any, y: Any, sign: str) -> _Test:
    return _Test(_of(x), _of(y), {"==": "=", "!=": "<>?"}.get(sign, sign))


def over_parts(f: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The hull of what f gives on all ways through its guards, each on the part of the operands where they hold."""
    found: list[Any] = []
    pending: list[list[bool]] = [[]]
    while pending:
        path = _Path(pending.pop())
        before = _PATH.set(path)
        try:
            found.append(f(*_parts(operands, {})))
        finally:
            _PATH.reset(before)
        pending += path.others
    return _hull(found)


def _parts(operands: Sequence[Any], made: dict[int, _Part]) -> list[Any]:
    """Copies of the operands, one for each interval however often it comes."""
    return [_parts(x, made) if isinstance(x, list) else made.setdefault(id(x), _Part(x.low, x.high)) for x in operands]


# ── words ──


def _ends(x: Any, end: str) -> Any:
    return [_ends(item, end) for item in x] if isinstance(x, list) else getattr(_of(x), end)


def _monotone(name: str, least: float = -INF, most: float = INF) -> Callable[..., Interval]:
    """A function of `ieee` that is monotone, and increases with each item of a list."""
    on_floats = getattr(ieee, name)
    return lambda *xs: _outward([on_floats(*(_ends(x, end) for x in xs)) for end in ("low", "high")], least, most)


def _logsumexp(xs: Sequence[Any]) -> Interval:
    """The greatest of xs, and a rest above 0: their sum may cancel, so that its error is not one of a few ulps."""
    found = []
    for row in (_ends(xs, "low"), _ends(xs, "high")):
        top = ieee.greatest(row)
        rest = _outward([ieee.log_of_shifted_sum([*row, top])], 0.0)
        found.append(Interval(top, top) if math.isinf(top) else _of(top) + rest)
    return _hull(found)  # type: ignore[no-any-return]


def _circular(name: str, first_top: float) -> Callable[[Any], Interval]:
    """Sine or cosine, which is 1 at first_top and every whole turn on, and -1 half a turn away."""
    on_floats = getattr(ieee, name)

    def meets(x: Interval, first: float) -> bool:
        """Whether the interval holds first + whole turns. One that rounding hides is so near that the ends reach it."""
        return math.floor((x.high - first) / _TURN) >= math.ceil((x.low - first) / _TURN)

    def apply(x: Any) -> Interval:
        x = _of(x)
        if not (math.isfinite(x.low) and math.isfinite(x.high)):
            return interval(math.nan)
        ends = _outward([on_floats(x.low), on_floats(x.high)], -1.0, 1.0)
        if x.low == x.high:
            return ends
        if max(-x.low, x.high) > _SURE_OF_TURNS:
            return Interval(-1.0, 1.0)
        low = -1.0 if meets(x, first_top + math.pi) else ends.low
        return Interval(low, 1.0 if meets(x, first_top) else ends.high)

    return apply


def _power(x: Any, y: Any) -> Interval:
    """x to the y, which over positive x has its extremes at the corners."""
    x, y = _of(x), _of(y)
    ends = [ieee.power(a, b) for a, b in _corners(x, y)]
    if _unknown(x) or _unknown(y) or (x.low < 0.0 and not (y.low == y.high and y.low.is_integer())):
        return interval(math.nan)
    if 0.0 in x:
        if y.low < 0.0:
            return _ALL
        ends.append(ieee.power(0.0, y.low))
    return _outward(ends, 0.0 if x.low >= 0.0 or y.low % 2.0 == 0.0 else -INF)


def _atan2(x: Any, y: Any) -> Interval:
    """The angle of a box, which has its extremes at the corners unless the box meets the cut or the origin."""
    x, y = _of(x), _of(y)
    if _unknown(x) or _unknown(y):
        return interval(math.nan)
    if 0.0 in x and y.low <= 0.0:
        return _outward([-math.pi, math.pi])
    return _outward([ieee.atan2(a, b) for a, b in _corners(x, y)])


def _where(test: _Test, then: Any, other: Any) -> Any:
    possible = _PATH.get().relations(test.a, test.b)
    return _hull(then if relation in test.accepted else other for relation in possible)


def _extreme(pick: Callable[[Iterable[float]], float]) -> Callable[[Sequence[Any]], Interval]:
    def apply(xs: Sequence[Any]) -> Interval:
        rows = [_of(x) for x in xs]
        if any(map(_unknown, rows)):
            return interval(math.nan)
        z = Interval(pick(x.low for x in rows), pick(x.high for x in rows))
        meeting = [x for x in rows if "=" in _relations(x, z)]
        return meeting[0] if len(meeting) == 1 else z  # The only one that it can be, to be known as such.

    return apply


def _ties(xs: Sequence[Any], z: Any) -> Interval:
    relations = [_relations(_of(x), _of(z)) for x in xs]
    sure, possible = relations.count("="), sum("=" in each for each in relations)
    return Interval(float(max(sure, 1)), float(possible))


def _absolute(x: Any) -> Interval:
    x = _of(x)
    sizes = abs(x.low), abs(x.high)
    return Interval(0.0 if x.low <= 0.0 <= x.high else min(sizes), max(sizes))


@cache
def interval_numbers() -> Vocabulary:
    """The words over intervals. Rules must run by `over_parts`, which goes all ways where a guard is open."""
    words: dict[str, Any] = {name: _monotone(name) for name in _MONOTONE}
    words |= {name: _monotone(name, *bounds) for name, bounds in _BOUNDED.items()}
    cosh, hypot, norm = words["cosh"], words["hypot"], words["norm"]
    words |= {"cosh": lambda x: cosh(_absolute(x)), "hypot": lambda x, y: hypot(_absolute(x), _absolute(y))}
    words |= {"atan2": _atan2, "norm": lambda xs: norm([*map(_absolute, xs)])}
    words |= {"logsumexp": _logsumexp, "logaddexp": lambda x, y: _logsumexp([x, y])}
    words |= {"sin": _circular("sin", math.pi / 2.0), "cos": _circular("cos", 0.0), "power": _power}
    words |= {"compare": _compare, "number": interval, "len": lambda xs: interval(len(xs))}
    words |= {"where": _where, "ties": _ties, "absolute": _absolute, "greatest": _extreme(max), "least": _extreme(min)}
    return Vocabulary({**words, "total": lambda xs: sum(xs, Interval(0.0, 0.0))})
