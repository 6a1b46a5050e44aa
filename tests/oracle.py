"""The error of each operation against exact results, which mpmath computes from textbook formulas alone."""

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import mpmath

import autograd
from autograd import Value, formula
from autograd.engine import functions, rules
from autograd.engine.value import record_many
from autograd.formula.vocabularies import mpmath_numbers
from autograd.operations import OPERATIONS

mp: Final = mpmath.mp.clone()
# A double has 17 digits, and no formula below loses more than 20. With 150 digits all truths agree to 1e-28 ulp.
mp.dps = 60

INF: Final = math.inf
NAN: Final = math.nan
LARGEST: Final = sys.float_info.max
SMALLEST_NORMAL: Final = sys.float_info.min
SMALLEST: Final = math.ulp(0.0)
LEAST_EXPONENT, END_OF_RANGE = -1074, 1024

# ── bounds, in units in the last place of the true result ──

VALUE: Final = 4.0
"""The error of a good libm (1 ulp, 2 in erf and the hyperbolic functions), and two more roundings."""
DERIVATIVE: Final = 8.0
"""A derivative is made of the value and up to four more operations."""
GELU: Final = 64.0
"""x/√2 is rounded before e^(−x²/2) multiplies its relative error by x²."""
DIRECTION: Final = 16.0
"""A derivative is a product of two sines, and a subnormal one has few digits."""
TAIL: Final = 2.3e-16
"""1 − z², z(1 − z) and z + 1 subtract a result rounded to 2⁻⁵³ from 1: no digits are left in the tails."""


class Bounds(NamedTuple):
    """The greatest errors allowed to a value and to a derivative."""

    value: float = VALUE
    derivative: float = DERIVATIVE


USUAL: Final = Bounds()
# Where the result is the correctly rounded one, the truth is stated as that very float.
EXACT: Final = Bounds(0.0, 0.0)
EXACT_VALUE: Final = Bounds(value=0.0)
EXACT_DERIVATIVE: Final = Bounds(derivative=0.0)

Point: TypeAlias = tuple[float, ...]
Real: TypeAlias = Any
"""An mpmath number; mpmath has no types."""
Exact: TypeAlias = "Real | float | Within | None"
"""The truth: a float is required to the bit, an mpmath number may be rounded, and None allows every result."""


class Within(NamedTuple):
    """A true number whose error is counted in `unit` if that is larger than its own ulp."""

    number: Real
    unit: Real


def ulp(number: Real) -> Real:
    """The distance of the doubles around a real number."""
    if number == 0 or not mp.isfinite(number):
        return mp.mpf(SMALLEST)
    return mp.ldexp(1, min(max(mp.mag(number) - 53, LEAST_EXPONENT), END_OF_RANGE - 53))


def in_tail(number: Real, size: Real = 1) -> Within:
    """The truth of a derivative that is formed by subtracting from `size`."""
    return Within(number, TAIL / DERIVATIVE * abs(size))


def sum_of(*terms: Real) -> Within:
    """The truth of a sum that may cancel: its error is at least the rounding of its largest term."""
    return Within(mp.fsum(terms), ulp(max(abs(term) for term in terms)))


def distance(got: float, truth: Exact) -> float:
    """The error of got in ulp; inf if it is nan, an infinity or a zero of another sign, and the truth is not."""
    if truth is None:
        return 0.0
    number, unit = truth if isinstance(truth, Within) else (mp.mpf(truth), 0)
    if mp.isnan(number) or math.isnan(got):
        return 0.0 if mp.isnan(number) and math.isnan(got) else INF
    if isinstance(truth, float) and truth == got == 0.0:
        return 0.0 if math.copysign(1.0, truth) == math.copysign(1.0, got) else INF
    if mp.isinf(number):
        return 0.0 if number == got else INF
    end = mp.ldexp(1, END_OF_RANGE)
    if math.isinf(got):
        # The infinity stands for the first number past the range, so that rounding up to it is a small error.
        if isinstance(truth, float) or number * got < 0:
            return INF
        return float(max(end - abs(number), 0) / max(ulp(number), unit))
    if abs(number) >= end:
        return INF
    return float(abs(got - number) / max(ulp(number), unit))


# ── rows ──


@dataclass(frozen=True, kw_only=True)
class Row:
    """An operation, its truth, and the points to compare the two at.

    `build` makes the result nodes from a leaf per operand. `exact` gives the true results, then the true derivatives
    of the first result by each operand, then those of the second…
    """

    name: str
    build: Callable[[Sequence[Value]], Sequence[Value]]
    exact: Callable[[Point], Sequence[Exact]]
    points: Callable[[random.Random], Sequence[Point]]
    ordinary: tuple[Point, ...]
    bounds: Bounds = USUAL
    swept: bool = False

    def compute(self, point: Point) -> tuple[int, list[float]]:
        """The number of results of the engine; then the results and their derivatives, in the order of `exact`."""
        leaves = [Value(x) for x in point]
        results = self.build(leaves)
        numbers = [z.data for z in results]
        for z in results:
            if self.swept:
                for leaf in leaves:
                    leaf.grad = 0.0
                z.backward()
                numbers += [leaf.grad for leaf in leaves]
            else:
                numbers += z.partials
        return len(results), numbers

    def bound(self, quantity: str) -> float:
        return self.bounds.value if quantity == "value" else self.bounds.derivative


class Finding(NamedTuple):
    """One result of the engine and the truth."""

    error: float
    point: Point
    got: float
    truth: Exact

    def __str__(self) -> str:
        number = self.truth.number if isinstance(self.truth, Within) else self.truth
        shown = repr(number) if isinstance(number, float) else mpmath.nstr(number, 20, min_fixed=0, max_fixed=0)
        return f"{self.error:.3g} ulp at {_show(self.point)}: got {self.got!r}, expected {shown}"


def _show(point: Point) -> str:
    return ", ".join(map(repr, point))


def findings(row: Row) -> Iterator[tuple[str, Finding]]:
    """Each result of the engine at the points of a row, with its quantity: value, dx, dy or dxs."""
    for point in row.points(random.Random(row.name)):
        results, numbers = row.compute(point)
        truths = row.exact(point)
        if len(truths) != len(numbers):
            raise AssertionError(f"{row.name}: {len(numbers)} numbers but {len(truths)} truths at {_show(point)}")
        names = ("dx", "dy") if row.ordinary and len(row.ordinary[0]) <= 2 else ("dxs",) * len(point)
        for i, (got, truth) in enumerate(zip(numbers, truths, strict=True)):
            quantity = "value" if i < results else names[(i - results) % len(point)]
            yield quantity, Finding(distance(got, truth), point, got, truth)


def worst(row: Row) -> dict[str, Finding]:
    """The finding with the largest error, for each quantity."""
    found: dict[str, Finding] = {}
    for quantity, finding in findings(row):
        if quantity not in found or finding.error > found[quantity].error:
            found[quantity] = finding
    return found


# ── points ──

MARKS: Final = (
    *(1.0, 2.0, 0.5, 3.0, 10.0, 0.1, math.e, math.log(2.0), math.sqrt(0.5), 1 / math.pi),
    # Where exp, sinh, cosh and expm1 leave the range or the normal numbers, and saturation begins.
    *(708.3964185322641, 709.782712893384, 710.4758600739439, 744.4400719213812, 745.1332191019412),
    *(17.328679513998632, 18.714973875118524, 19.061547465398498, 36.04365338911715, 36.7368005696771, 38.0, 40.0),
    # Where erf and the tails of the normal distribution do.
    *(5.863584748755167, 26.543258454250665, 27.226017111108366, 37.5193793471445, 38.56804181549334),
    # The worst of gelu that a dense search came upon.
    *(37.73279678947617, 38.29590589401489),
    # Where squares, roots and reciprocals do.
    *(1.4916681462400413e-154, 1.3407807929942596e154, SMALLEST, SMALLEST_NORMAL, 5.562684646268003e-309, LARGEST),
    *(2.0**-27, 2.0**-28, 2.0**-52, 2.0**-53, 2.0**-54, 2.0**52, 2.0**53, 1e16, 1e22),
    # Roots of silu' and of gelu'.
    *(1.2784645427610738, 0.7517916243860163),
)
QUARTER_TURNS: Final = (*range(1, 21), 100, 355, 710, 10**6, 573204, 2**20, 2**30, 10**15)


@cache
def large_quarter_turns() -> tuple[float, ...]:
    """Doubles that come as close to a multiple of π/2 as those of their size do: best rational approximations."""
    with mp.workprec(1200):
        turns = Fraction(int(mp.ldexp(2 / mp.pi, 1200)), 2**1200)
    # The last of all doubles is 6381956970095103 · 2⁷⁹⁷, 4.7e-19 away from its multiple.
    exponents = (*range(0, END_OF_RANGE - 53, 11), 797)
    best = ((turns * 2**exponent).limit_denominator(2**53 - 1).denominator for exponent in exponents)
    return tuple(math.ldexp(float(mantissa), exponent) for mantissa, exponent in zip(best, exponents, strict=True))


def _beside(x: float) -> Iterator[float]:
    """x, its neighbours, and the same below zero."""
    for y in (x, math.nextafter(x, INF), math.nextafter(x, 0.0), x * (1 + 2.0**-40), x * (1 - 2.0**-40)):
        if math.isfinite(y):
            yield y
            yield -y


def _any_size(rng: random.Random) -> float:
    """A float of random sign, exponent and mantissa."""
    return math.ldexp(rng.choice((-1.0, 1.0)) * rng.uniform(1.0, 2.0), rng.randrange(LEAST_EXPONENT, END_OF_RANGE))


def _ordinary(rng: random.Random) -> float:
    return rng.gauss(0.0, 3.0) if rng.random() < 0.4 else rng.uniform(-1.0, 1.0) * rng.choice((1.0, 50.0, 750.0))


def line(rng: random.Random) -> list[Point]:
    """The real line: every kind of number, and four thousand ordinary ones."""
    xs = [0.0, -0.0, INF, -INF, NAN]
    for exponent in range(LEAST_EXPONENT, END_OF_RANGE - 4, 4):
        power, number = (math.ldexp(m, exponent + rng.randrange(4)) for m in (1.0, rng.uniform(1.0, 2.0)))
        xs += [power, -power, number, -number]
    for mark in MARKS:
        xs += _beside(mark)
    for turns in QUARTER_TURNS:
        xs += _beside(turns * math.pi / 2)
    for x in large_quarter_turns():
        xs += (x, -x)
    xs += [_ordinary(rng) for _ in range(4000)]
    xs += [rng.choice((-1.0, 1.0)) * (1.0 - rng.random() * 2.0 ** -rng.randrange(60)) for _ in range(300)]
    return [(x,) for x in xs]


CORNERS: Final = tuple(
    sign * x
    for x in (
        *(0.0, SMALLEST, 3 * SMALLEST, SMALLEST_NORMAL - SMALLEST, SMALLEST_NORMAL, 1.1e-200, 1.3e-154, 1e-16),
        *(2.0**-53, 0.1, 0.5, 1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, 1.5, 2.0, 3.0, 10.0, 36.9, 710.0, 745.2),
        *(2.0**53, 1e16, 1.7e154, 3.3e200, 2.0**1023, LARGEST, INF),
    )
    for sign in (1.0, -1.0)
)


def plane(rng: random.Random) -> list[Point]:
    """The real plane: each pair of corners, and random pairs of any size, of like size and of ordinary size."""
    points: list[Point] = [(x, y) for x in CORNERS for y in CORNERS]
    for _ in range(500):
        x = _any_size(rng)
        points += [(x, _any_size(rng)), (_ordinary(rng), _any_size(rng)), (_any_size(rng), _ordinary(rng))]
        points += [(_ordinary(rng), _ordinary(rng)), (rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0))]
        points += [(x, x * rng.uniform(-2.0, 2.0)), (x, x), (x, math.nextafter(-x, 0.0))]
    return points


def _lists(rng: random.Random, lengths: Sequence[int], corners: Sequence[float]) -> list[Point]:
    points: list[Point] = [(x,) for x in corners]
    points += [(x, y) for x in corners for y in corners]
    for length in lengths:
        for _ in range(12):
            xs = [_ordinary(rng) for _ in range(length)]
            one_size = [rng.gauss(0.0, 1.0) * 2.0 ** rng.randrange(-1070, 1010) for _ in range(length)]
            any_size = [_any_size(rng) for _ in range(length)]
            points += [
                tuple(xs),
                tuple(rng.gauss(0.0, 1.0) for _ in xs),
                tuple(rng.gauss(-30.0, 30.0) for _ in xs),
                tuple(1e-3 * x for x in xs),
                tuple(one_size),
                tuple(any_size),
                (*any_size, *(-x for x in any_size[: length // 2])),
                (xs[0],) * length,
                (*xs, rng.choice(corners)),
                (*xs, rng.choice(corners), rng.choice(corners)),
            ]
    return points


def sequences(rng: random.Random) -> list[Point]:
    """Sequences of up to forty numbers: of one size and of many, with ties, with cancellation, with corners."""
    return _lists(rng, (1, 2, 3, 4, 7, 38), (*CORNERS[::3], INF, -INF, -0.0))


def short_sequences(rng: random.Random) -> list[Point]:
    """The same, of at most six numbers."""
    return _lists(rng, (1, 2, 3, 4), (*CORNERS[::3], INF, -INF, -0.0))


def factors(rng: random.Random) -> list[Point]:
    """Up to five numbers, no product of which leaves the range: `product` is documented to multiply from the left."""
    lists = _lists(rng, (1, 2, 3), (0.0, -0.0, 1.0, -1.0, 3.0, 2.0**-53, 1e16))
    return [xs for xs in lists if len(xs) <= 5 and all(x == 0 or 2.0**-190 < abs(x) < 2.0**190 for x in xs)]


# ── truths ──


def unary(
    name: str,
    build: Callable[[Value], Value],
    value: Callable[[Real], Exact],
    derivative: Callable[[Real], Exact],
    *,
    at: dict[str, tuple[Exact, Exact]],
    domain: Callable[[float], bool] = lambda x: True,
    bounds: Bounds = USUAL,
) -> Row:
    """The row of a function of one number; `at` has value and derivative at single points, by their repr."""

    def exact(point: Point) -> Sequence[Exact]:
        (x,) = point
        if math.isnan(x):
            return NAN, None
        if repr(x) in at:
            return at[repr(x)]
        if not domain(x):
            return NAN, NAN
        return value(mp.mpf(x)), derivative(mp.mpf(x))

    return Row(
        name=name,
        build=lambda leaves: [build(leaves[0])],
        exact=exact,
        points=line,
        ordinary=((0.7,), (-0.6,), (2.3,)),
        bounds=bounds,
    )


def binary(
    name: str,
    build: Callable[[Value, Value], Value],
    exact: Callable[[float, float], tuple[Exact, Exact, Exact]],
    *,
    more: Callable[[random.Random], Sequence[Point]] = lambda rng: (),
    bounds: Bounds = USUAL,
) -> Row:
    """The row of a function of two numbers; `more` adds points to the plane."""
    return Row(
        name=name,
        build=lambda leaves: [build(leaves[0], leaves[1])],
        exact=lambda point: exact(point[0], point[1]),
        points=lambda rng: [*plane(rng), *more(rng)],
        ordinary=((0.7, 1.3), (1.9, -0.4), (-0.8, 0.6), (-0.3, -1.7)),
        bounds=bounds,
    )


def triple(name: str, build: Callable[[Sequence[Value]], Value], exact: Callable[[Point], Sequence[Exact]]) -> Row:
    """The row of a function that chooses between three numbers."""
    return Row(
        name=name,
        build=lambda leaves: [build(leaves)],
        exact=exact,
        points=triples,
        ordinary=((0.7, -1.3, 1.9), (-2.5, -1.5, 0.5), (3.0, 1.0, 2.0)),
        bounds=EXACT,
    )


THROUGH_ZERO: Final[dict[str, tuple[Exact, Exact]]] = {"0.0": (0.0, 1.0), "-0.0": (-0.0, 1.0)}
NOWHERE: Final[tuple[Exact, Exact]] = (NAN, NAN)


def _ends(below: tuple[Exact, Exact], above: tuple[Exact, Exact]) -> dict[str, tuple[Exact, Exact]]:
    return {"-inf": below, "inf": above}


def rounded(number: Fraction) -> float:
    """The double nearest to a rational number, ties to even; Python divides integers so."""
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return INF if number > 0 else -INF


def _real(number: Fraction) -> Real:
    return mp.mpf(number.numerator) / number.denominator


def _finite(*xs: float) -> bool:
    return all(math.isfinite(x) for x in xs)


def rounded_sum(x: float, y: float) -> float:
    # Infinities, and the sign of a sum of zeros, are the processor's: the only thing here not done in rationals.
    return rounded(Fraction(x) + Fraction(y)) if _finite(x, y) and (x or y) else x + y


def rounded_product(x: float, y: float) -> float:
    return rounded(Fraction(x) * Fraction(y)) if _finite(x, y) and x and y else x * y


def _sign(x: float) -> float:
    return math.copysign(1.0, x)


def divide(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if y == 0.0:
        dx = _sign(y) * INF
        return (_sign(x) * dx, dx, -_sign(x) * INF) if x else (NAN, dx, NAN)
    if math.isinf(y):
        return (NAN, mp.mpf(0), NAN) if math.isinf(x) else (_sign(x) * _sign(y) * 0.0, mp.mpf(0), mp.mpf(0))
    if math.isinf(x):
        return x * _sign(y), 1 / mp.mpf(y), -x
    z = rounded(Fraction(x) / Fraction(y)) if x else x * _sign(y)
    return z, 1 / mp.mpf(y), -mp.mpf(x) / mp.mpf(y) ** 2


def _power_of_positive(x: Real, y: Real) -> Real:
    """x^y for x > 0; past any range it is a number that is past the range of doubles too."""
    logarithm = y * mp.log(x)
    return mp.exp(max(min(logarithm, mp.mpf(10) ** 5), -(mp.mpf(10) ** 5)))


def power(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    """DESIGN's table, IEEE 754's list of special powers for the values at infinities, limits for the derivatives."""
    if math.isnan(x) or math.isnan(y):
        return (1.0, mp.mpf(0), None) if y == 0.0 else (1.0, None, mp.mpf(0)) if x == 1.0 else (NAN, None, None)
    if y == 0.0:
        return 1.0, mp.mpf(0), 0.0 if x == 0.0 else NAN if x < 0.0 else INF if x == INF else mp.log(mp.mpf(x))
    if x == 1.0:
        return 1.0, None if math.isinf(y) else y, mp.mpf(0)
    if math.isinf(y):
        grows = (abs(x) > 1.0) == (y > 0.0)
        if x < 0.0:
            return (1.0 if x == -1.0 else INF if grows else 0.0), None, None
        if x == 0.0:
            return (0.0, mp.mpf(0), mp.mpf(0)) if y > 0.0 else (INF, None if _sign(x) < 0 else -INF, None)
        slope = math.inf if x > 1.0 else -INF
        return (INF, y, slope) if grows else (0.0, mp.mpf(0), mp.mpf(0))
    whole = y == math.floor(y)
    odd = whole and math.fmod(y, 2.0) != 0.0
    if x == 0.0:
        if y > 0.0:
            return x if odd else 0.0, 1.0 if y == 1.0 else mp.mpf(0) if y > 1.0 else INF, mp.mpf(0)
        # The limit at −0 is that from below, where the exponent is whole and a derivative by it is not real.
        side = _sign(x)
        return side * INF if odd else INF, -INF * (side if whole and not odd else 1.0), None if side < 0 else -INF
    if x == INF:
        if y > 0.0:
            return INF, INF if y > 1.0 else mp.mpf(1 if y == 1.0 else 0), INF
        return 0.0, mp.mpf(0), mp.mpf(0)
    if x < 0.0 and not whole:
        # At −inf alone IEEE 754 has an answer.
        return (INF if y > 0.0 else 0.0, None, None) if math.isinf(x) else (NAN, NAN, NAN)
    if x == -INF:
        end = (-INF if odd else INF) if y > 0.0 else (-0.0 if odd else 0.0)
        slope = INF if odd else -INF
        return end, slope if y > 1.0 else mp.mpf(1 if y == 1.0 else 0), NAN
    base, exponent = mp.mpf(abs(x)), mp.mpf(y)
    z = _power_of_positive(base, exponent) * (-1 if x < 0.0 and odd else 1)
    dx = exponent * _power_of_positive(base, exponent - 1) * (-1 if x < 0.0 and not odd else 1)
    return z, dx, NAN if x < 0.0 else z * mp.log(base)


def powers(rng: random.Random) -> list[Point]:
    """Powers that land on or near the ends of the range, near one, and of whole exponents."""
    points: list[Point] = []
    for _ in range(400):
        x = math.exp(rng.gauss(0.0, 1.0) * 10.0 ** rng.randrange(-14, 3))
        ends = (709.78, -708.4, -744.0, rng.uniform(-740.0, 709.0))
        points += [(x, end / math.log(x)) for end in ends if x != 1.0]
        points.append((rng.choice((-1.0, 1.0)) * x, float(rng.randrange(-12, 13))))
        points.append((_any_size(rng), rng.choice((-2.0, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0))))
    points += [(1e200, 2.0), (-1e200, 2.0), (-1e200, 3.0), (0.5, 1074.0), (0.5, 1075.0), (-2.0, 1023.0)]
    return [*points, (NAN, 0.0), (NAN, -0.0), (1.0, NAN), (NAN, 1.0), (2.0, NAN)]


def scaled_power(point: Point) -> Sequence[Exact]:
    """c · x^(y − k), where the exponent is a real number; of a negative x, no derivative by it."""
    c, x, y, k = map(mp.mpf, point)
    if x < 0 and y != mp.floor(y):
        return (NAN,) * 5
    odd = mp.mpf(-1) if x < 0 and int(y - k) % 2 else mp.mpf(1)
    z = odd * _power_of_positive(abs(x), y - k)
    dx = odd * mp.sign(x) * (y - k) * _power_of_positive(abs(x), y - k - 1)
    dy = NAN if x < 0 else c * mp.log(x) * z
    return c * z, z, c * dx, dy, -dy


def scaled_powers(rng: random.Random) -> list[Point]:
    """Bases of any size, and near one; exponents of which one less is another float, or rounded; a few whole k."""
    points: list[Point] = []
    for _ in range(1500):
        x = rng.choice((-1.0, 1.0)) * math.exp(rng.gauss(0.0, 1.0) * 10.0 ** rng.randrange(-14, 3))
        whole = rng.choice((float(rng.randrange(-60, 60)), 2.0**53, -(2.0**53), 2.0**53 + 2.0, 2.0**60))
        broken = rng.choice((rng.gauss(0.0, 1.0) * 10.0 ** rng.randrange(-20, 3), 0.1, 1e-20, 1.0 - 2.0**-53))
        y, c = rng.choice((whole, broken)), rng.choice((1.0, -1.0, rng.gauss(0.0, 1.0), rng.gauss(0.0, 1e4)))
        points.append((c, rng.choice((x, _any_size(rng))), y, float(rng.randrange(5))))
    return points


def maximum(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if math.isnan(x) or math.isnan(y):
        return NAN, None, None
    return (x, 0.5, 0.5) if x == y else (x, 1.0, 0.0) if x > y else (y, 0.0, 1.0)


def minimum(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if math.isnan(x) or math.isnan(y):
        return NAN, None, None
    return (x, 0.5, 0.5) if x == y else (x, 1.0, 0.0) if x < y else (y, 0.0, 1.0)


def _with_nans(rng: random.Random) -> list[Point]:
    return [(NAN, 1.0), (1.0, NAN), (NAN, NAN), (NAN, INF), (-INF, NAN)]


def hypot(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    z, *slopes = norm((x, y))
    return z, slopes[0], slopes[1]


def norm(xs: Point) -> Sequence[Exact]:
    infinite = sum(map(math.isinf, xs))
    if infinite:
        # One infinity decides the direction alone; of two, neither the ratio nor its limit is known.
        return INF, *(mp.mpf(0) if math.isfinite(x) else _sign(x) if infinite == 1 else NAN for x in xs)
    square = sum((Fraction(x) ** 2 for x in xs), Fraction())
    z = mp.sqrt(_real(square))
    return z, *(mp.mpf(x) / z if z else mp.mpf(0) for x in xs)


def _sigmoid(x: Real) -> Real:
    return 1 / (1 + mp.exp(-x))


def _sigmoid_slope(x: Real) -> Exact:
    slope = _sigmoid(x) * _sigmoid(-x)
    return in_tail(slope) if x > 0 else slope


def logaddexp(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if x == y and math.isinf(x):
        return x, 0.5, 0.5
    high, gap = mp.mpf(max(x, y)), abs(mp.mpf(x) - mp.mpf(y))
    z: Exact = high if mp.isinf(high) else sum_of(high, mp.log1p(mp.exp(-gap)))
    return z, _sigmoid(mp.mpf(x) - mp.mpf(y)), _sigmoid(mp.mpf(y) - mp.mpf(x))


def share(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if x == y and math.isinf(x):
        return 0.5, None, None
    gap = mp.mpf(x) - mp.mpf(y)
    slope = _sigmoid(gap) * _sigmoid(-gap)
    return _sigmoid(gap), slope, -slope


def shift(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    return 0.0 if x == y else rounded_sum(x, -y), 1.0, -1.0


def exp_of_difference(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    z = mp.mpf(1) if x == y else _power_of_positive(mp.e, mp.mpf(x) - mp.mpf(y))
    return z, z, -z


def atan2(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    """The angle of (y, x); at infinities and at the origin the value is that of C."""
    if math.isinf(x) and math.isinf(y):
        return math.atan2(x, y), None, None
    if x == 0.0:
        z = math.copysign(0.0, x) if _sign(y) > 0 else _sign(x) * +mp.pi
        return (z, NAN, NAN) if y == 0.0 else (z, 1 / mp.mpf(y), mp.mpf(0))
    if math.isinf(x) or math.isinf(y):
        return (_sign(x) * mp.pi / 2 if math.isinf(x) else mp.atan2(x, y) if y < 0 else mp.mpf(0)), mp.mpf(0), mp.mpf(0)
    square = mp.mpf(x) ** 2 + mp.mpf(y) ** 2
    if square > mp.mpf(LARGEST) ** 2:  # The radius is past the range, and derivatives are subnormal.
        return mp.atan2(mp.mpf(x), mp.mpf(y)), None, None
    return mp.atan2(mp.mpf(x), mp.mpf(y)), y / square, -x / square


def direction(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    if x == y == 0.0:
        return 0.0, NAN, NAN
    if math.isinf(x) or math.isinf(y):
        return norm((x, y))[1], None, None
    radius = mp.sqrt(mp.mpf(x) ** 2 + mp.mpf(y) ** 2)
    if not 1 / mp.mpf(LARGEST) < radius < LARGEST:  # Its reciprocal has lost digits, or there is none.
        return mp.mpf(x) / radius, None, None
    return mp.mpf(x) / radius, mp.mpf(y) ** 2 / radius**3, -mp.mpf(x) * mp.mpf(y) / radius**3


def xlogy(x: float, y: float) -> tuple[Exact, Exact, Exact]:
    """0 at x = 0 whatever the y, and outside the domain of the logarithm no derivative."""
    if y < 0.0:
        return 0.0 if x == 0.0 else NAN, NAN, NAN
    if y == 0.0:
        return (0.0, -INF, mp.mpf(0)) if x == 0.0 else (-_sign(x) * INF, -INF, _sign(x) * INF)
    if math.isinf(y):
        return 0.0 if x == 0.0 else _sign(x) * INF, INF, None if math.isinf(x) else mp.mpf(0)
    logarithm = mp.log(mp.mpf(y))
    if math.isinf(x):
        return NAN if y == 1.0 else x * _sign(y - 1.0), logarithm, x
    return 0.0 if x == 0.0 else x * logarithm, logarithm, x / mp.mpf(y)


def clamp(point: Point) -> Sequence[Exact]:
    x, low, high = point
    if any(map(math.isnan, point)):
        return NAN, None, None, None
    if x > high or low > high:
        return high, 0.0, 0.0, 1.0
    return (low, 0.0, 1.0, 0.0) if x < low else (x, 1.0, 0.0, 0.0)


def where(point: Point) -> Sequence[Exact]:
    x, a, b = point
    return (a, 0.0, 1.0, 0.0) if x > 0.0 else (b, 0.0, 0.0, 1.0)


def triples(rng: random.Random) -> list[Point]:
    """Corners with each other, and ordinary numbers."""
    points: list[Point] = [(x, y, z) for x in CORNERS[::5] for y in CORNERS[::4] for z in CORNERS[1::5]]
    return points + [(_ordinary(rng), _ordinary(rng), _ordinary(rng)) for _ in range(500)] + [(NAN, 1.0, 2.0)]


def neighbours(rng: random.Random) -> list[Point]:
    """Pairs whose exponentials are of one size, or add up to nearly one, or differ as far as a double can tell."""
    points: list[Point] = []
    for _ in range(500):
        x, p = _ordinary(rng), rng.random()
        points += [(x, x + rng.gauss(0.0, 1.0)), (x, x + rng.uniform(-745.0, 745.0)), (math.log(p), math.log1p(-p))]
    return points


def leaky_relu(x: float, slope: float) -> tuple[Exact, Exact, Exact]:
    return (x, 1.0, mp.mpf(0)) if x > 0.0 else (rounded_product(slope, x), slope, x)


def elu(x: float, alpha: float) -> tuple[Exact, Exact, Exact]:
    if x > 0.0:
        return x, 1.0, mp.mpf(0)
    t, a = mp.mpf(x), mp.mpf(alpha)
    dx = a * mp.exp(t)
    # An infinite alpha is no function that could have a slope, and below -708 e^x has lost digits.
    slope = None if math.isinf(alpha) else dx if x > -708.0 else in_tail(dx, a)
    return a * mp.expm1(t), slope, mp.expm1(t)


def _silu_slope(x: Real) -> Exact:
    s = _sigmoid(x)
    return sum_of(s, x * s * _sigmoid(-x))


def _normal(x: Real) -> Real:
    # Past −1000 it is less than 10^−200000, and mpmath's erfc ends before the doubles do.
    return mp.erfc(-x / mp.sqrt(2)) / 2 if x > -1000 else mp.mpf(0)


def _gelu_slope(x: Real) -> Exact:
    return sum_of(_normal(x), x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi))


# ── truths of sequences ──


def _sum(terms: Sequence[float]) -> float:
    """The correctly rounded sum; the sign of a zero is open."""
    return rounded(sum(map(Fraction, terms), Fraction())) if _finite(*terms) else sum(terms)


def total(xs: Point) -> Sequence[Exact]:
    z = _sum(xs)
    return z or mp.mpf(0), *(1.0 for _ in xs)


def mean(xs: Point) -> Sequence[Exact]:
    z = _real(sum(map(Fraction, xs), Fraction()) / len(xs)) if _finite(*xs) else sum(xs)
    return z, *(1 / mp.mpf(len(xs)) for _ in xs)


def product(xs: Point) -> Sequence[Exact]:
    def of(factors: Sequence[float]) -> Real:
        return _real(math.prod(map(Fraction, factors), start=Fraction(1)))

    return of(xs), *(of(xs[:i] + xs[i + 1 :]) for i in range(len(xs)))


def dot(point: Point) -> Sequence[Exact]:
    half = len(point) // 2
    xs, ys = point[:half], point[half:]
    z: Exact
    if _finite(*point):
        terms = [Fraction(x) * Fraction(y) for x, y in zip(xs, ys, strict=True)]
        z = Within(_real(sum(terms, Fraction())), ulp(_real(max(map(abs, terms)))))
    else:
        z = sum(0.0 if _finite(x, y) else x * y for x, y in zip(xs, ys, strict=True))
    return z, *ys, *xs


def pairs(rng: random.Random) -> list[Point]:
    """Two sequences of one length, one behind the other."""
    return [point for point in sequences(rng) if len(point) % 2 == 0]


def _weights(xs: Point) -> tuple[Real, list[Real]]:
    """The greatest and each e^(x − greatest)."""
    top = max(xs)
    if math.isinf(top):
        # Equal infinities have equal weights, as ties do.
        return mp.mpf(top), [mp.mpf(x == top) for x in xs]
    return mp.mpf(top), [mp.exp(mp.mpf(x) - mp.mpf(top)) for x in xs]


def _others(terms: Sequence[Real], i: int) -> Real:
    return mp.fsum(term for j, term in enumerate(terms) if j != i)


def _softmax(xs: Point) -> list[Real]:
    _, weights = _weights(xs)
    s = mp.fsum(weights)
    return [w / s for w in weights]


def logsumexp(xs: Point) -> Sequence[Exact]:
    top, weights = _weights(xs)
    z = top if mp.isinf(top) else sum_of(top, mp.log1p(_others(weights, xs.index(max(xs)))))
    return z, *_softmax(xs)


def log_of_shifted_sum(point: Point) -> Sequence[Exact]:
    *xs, shift = point
    top, weights = _weights(tuple(xs))
    rest = mp.log1p(_others(weights, xs.index(max(xs))))
    return rest if top == shift else rest + top - mp.mpf(shift), *_softmax(tuple(xs)), -1.0


def _log_of_shifted_sum(leaves: Sequence[Value]) -> Sequence[Value]:
    z, partials = rules.log_of_shifted_sum([v.data for v in leaves])
    return [record_many("log_of_shifted_sum", z, list(leaves), partials)]


def shifted(rng: random.Random) -> list[Point]:
    """Sequences of at most six numbers, and the greatest once more."""
    return [(*xs, max(xs)) for xs in short_sequences(rng)]


def softmax(xs: Point) -> Sequence[Exact]:
    probabilities = _softmax(xs)
    truths: list[Exact] = [*probabilities]
    for i, p in enumerate(probabilities):
        for j, q in enumerate(probabilities):
            # p(1 − p) comes of p less p²: rounded as p is.
            truths.append(Within(p * _others(probabilities, i), ulp(p)) if i == j else -p * q)
    return truths


def log_softmax(xs: Point) -> Sequence[Exact]:
    top, weights = _weights(xs)
    probabilities = _softmax(xs)
    truths: list[Exact] = []
    for i, x in enumerate(xs):
        if mp.isinf(top) or x == -INF:
            truths.append(-INF if x < top else mp.log(probabilities[i]))
        else:
            high = xs.index(max(xs))
            truths.append(sum_of(mp.mpf(x) - top, -mp.log1p(_others(weights, high))))
    for i in range(len(xs)):
        # 1 − p, where p is nearly 1, is rounded as 1 is.
        rest = _others(probabilities, i)
        truths += [Within(rest, ulp(1)) if i == j else -q for j, q in enumerate(probabilities)]
    return truths


def _weighted(point: Point) -> tuple[list[Real], list[Exact], list[Real]]:
    """The probabilities of the logits in the first half of a point, their logs, and the weights in the other half."""
    n = len(point) // 2
    return _softmax(point[:n]), [*log_softmax(point[:n])[:n]], [*map(mp.mpf, point[n:])]


def _number(truth: Exact) -> Real:
    return truth.number if isinstance(truth, Within) else mp.mpf(truth)


def one_softmax(point: Point) -> Sequence[Exact]:
    ps, _, ks = _weighted(point)
    z = sum_of(*(k * p for k, p in zip(ks, ps, strict=True)))
    slopes = [Within(p * (k - z.number), ulp(p * max(k, z.number))) for k, p in zip(ks, ps, strict=True)]
    return z, *slopes, *ps


def one_log_softmax(point: Point) -> Sequence[Exact]:
    ps, logs, ks = _weighted(point)
    z = sum_of(*(k * _number(log_p) for k, log_p in zip(ks, logs, strict=True) if k))
    return z, *(sum_of(k, -mp.fsum(ks) * p) for k, p in zip(ks, ps, strict=True)), *logs


def cross_entropy(point: Point) -> Sequence[Exact]:
    n = len(point) // 2

    def negative(truth: Exact) -> Exact:
        return Within(-truth.number, truth.unit) if isinstance(truth, Within) else -_number(truth)

    return [negative(truth) for truth in one_log_softmax(point)[: n + 1]] + [negative(x) for x in _weighted(point)[1]]


def _composed(name: str) -> Callable[[Sequence[Value]], Sequence[Value]]:
    """A node of an operation that is never recorded, by its rule."""

    def build(leaves: Sequence[Value]) -> Sequence[Value]:
        z, partials = formula.rule(name).on_floats([v.data for v in leaves])
        return [record_many(name, z, list(leaves), partials)]

    return build


def weighted(rng: random.Random) -> list[Point]:
    """Sequences of at most six logits, and behind them a 1 for one of them, probabilities, or any weights."""
    points: list[Point] = []
    for xs in short_sequences(rng):
        parts = [rng.random() for _ in xs]
        one = rng.randrange(len(xs))
        points += [(*xs, *(float(i == one) for i in range(len(xs)))), (*xs, *parts)]
        points.append((*xs, *(part / math.fsum(parts) for part in parts)))
    return points


def composed(name: str, exact: Callable[[Point], Sequence[Exact]]) -> Row:
    """The row of an operation that readers see in the place of several."""
    ordinary = ((0.7, -0.4, 1.3, 0.2, 0.5, 0.3), (0.6, -0.5, 0.4, 0.9))
    return Row(name=f"one {name}", build=_composed(name), exact=exact, points=weighted, ordinary=ordinary)


def _extreme(pick: Callable[[Point], float]) -> Callable[[Point], Sequence[Exact]]:
    def exact(xs: Point) -> Sequence[Exact]:
        z = pick(xs)
        each = 1 / mp.mpf(xs.count(z))
        return z or mp.mpf(0), *(each if x == z else 0.0 for x in xs)

    return exact


def sequence(
    name: str,
    build: Callable[[Sequence[Value]], Sequence[Value]],
    exact: Callable[[Point], Sequence[Exact]],
    *,
    points: Callable[[random.Random], Sequence[Point]] = sequences,
    bounds: Bounds = USUAL,
    swept: bool = False,
) -> Row:
    """The row of a function of sequences; of several nodes if swept, so that its derivatives are those of a sweep."""
    return Row(
        name=name,
        build=build,
        exact=exact,
        points=points,
        ordinary=((0.7, -0.4, 1.3, 0.2), (-1.1, 2.3, 0.6, -0.5)),
        bounds=bounds,
        swept=swept,
    )


# ── the table ──


@cache
def by_rule(name: str) -> Row:
    """The row of an operation of one operand that nobody has written one for: its rule at 60 digits, in its domain."""
    operation = OPERATIONS[name]
    intervals, rng = operation.domains[0], random.Random(name)
    points = [(rng.uniform(*intervals[k % len(intervals)]),) for k in range(1000)]
    return Row(
        name=name,
        build=lambda leaves: [operation.call(leaves)],
        exact=lambda point: formula.over(name, mpmath_numbers(mp))(mp.mpf(point[0])),
        points=lambda _: points,
        ordinary=tuple(points[:3]),
    )


def table() -> tuple[Row, ...]:
    """A row for each operation."""
    written = _written()
    known = {"detach", *(row.name for row in written)}
    of_one = (op for op, row in OPERATIONS.items() if len(row.domains) == 1 and not row.of_sequences)
    return (*written, *(by_rule(op) for op in of_one if op not in known))


def _written() -> tuple[Row, ...]:
    zero = mp.mpf(0)
    return (
        binary("add", lambda x, y: x + y, lambda x, y: (rounded_sum(x, y), 1.0, 1.0), bounds=EXACT),
        binary("subtract", lambda x, y: x - y, lambda x, y: (rounded_sum(x, -y), 1.0, -1.0), bounds=EXACT),
        binary("multiply", lambda x, y: x * y, lambda x, y: (rounded_product(x, y), y, x), bounds=EXACT),
        binary("divide", lambda x, y: x / y, divide, bounds=EXACT_VALUE),
        binary("power", lambda x, y: x**y, power, more=powers),
        binary("power of a constant", lambda x, y: x**y.data, lambda x, y: (*power(x, y)[:2], 0.0), more=powers),
        Row(
            name="scaled_power",
            build=lambda leaves: [functions.scaled_power(*leaves)],
            exact=scaled_power,
            points=scaled_powers,
            ordinary=((0.7, 1.3, 2.5, 1.0), (-1.2, 0.6, -0.5, 2.0)),
            bounds=Bounds(DERIVATIVE),
        ),
        unary(
            "negative",
            lambda x: -x,
            lambda x: -x,
            lambda x: -1.0,
            at={"0.0": (-0.0, -1.0), "-0.0": (0.0, -1.0)},
            bounds=EXACT,
        ),
        unary("positive", lambda x: +x, lambda x: x, lambda x: 1.0, at=THROUGH_ZERO, bounds=EXACT),
        unary(
            "absolute",
            lambda x: abs(x),
            abs,
            lambda x: -1.0 if x < 0 else 1.0,
            at={"0.0": (0.0, zero), "-0.0": (0.0, zero)},
            bounds=EXACT,
        ),
        unary("exp", Value.exp, mp.exp, mp.exp, at={}),
        unary("expm1", Value.expm1, mp.expm1, lambda x: in_tail(mp.exp(x)) if x < 0 else mp.exp(x), at=THROUGH_ZERO),
        unary(
            "log",
            Value.log,
            mp.log,
            lambda x: 1 / x,
            at={"0.0": (-INF, INF), "-0.0": (-INF, INF)},
            domain=lambda x: x > 0.0,
        ),
        unary(
            "log1p",
            Value.log1p,
            mp.log1p,
            lambda x: 1 / (1 + x),
            at={**THROUGH_ZERO, "-1.0": (-INF, INF)},
            domain=lambda x: x > -1.0,
        ),
        unary(
            "log2",
            Value.log2,
            lambda x: mp.log(x) / mp.log(2),
            lambda x: 1 / (x * mp.log(2)),
            at={"0.0": (-INF, INF), "-0.0": (-INF, INF)},
            domain=lambda x: x > 0.0,
        ),
        unary(
            "log10",
            Value.log10,
            lambda x: mp.log(x) / mp.log(10),
            lambda x: 1 / (x * mp.log(10)),
            at={"0.0": (-INF, INF), "-0.0": (-INF, INF)},
            domain=lambda x: x > 0.0,
        ),
        unary(
            "sqrt",
            Value.sqrt,
            mp.sqrt,
            lambda x: 1 / (2 * mp.sqrt(x)),
            at={"0.0": (0.0, INF), "-0.0": (-0.0, INF)},
            domain=lambda x: x > 0.0,
        ),
        unary(
            "rsqrt",
            Value.rsqrt,
            lambda x: 1 / mp.sqrt(x),
            lambda x: -1 / (2 * x * mp.sqrt(x)),
            at={"0.0": (INF, -INF), "-0.0": (INF, -INF)},
            domain=lambda x: x > 0.0,
        ),
        unary("square", Value.square, lambda x: x * x, lambda x: 2 * x, at={}),
        unary(
            "reciprocal",
            Value.reciprocal,
            lambda x: 1 / x,
            lambda x: -1 / x**2,
            at={"0.0": (INF, -INF), "-0.0": (-INF, -INF)},
        ),
        unary("sin", Value.sin, mp.sin, mp.cos, at={**THROUGH_ZERO, **_ends(NOWHERE, NOWHERE)}),
        unary("cos", Value.cos, mp.cos, lambda x: -mp.sin(x), at=_ends(NOWHERE, NOWHERE)),
        unary("tan", Value.tan, mp.tan, lambda x: mp.sec(x) ** 2, at={**THROUGH_ZERO, **_ends(NOWHERE, NOWHERE)}),
        unary("sinh", Value.sinh, mp.sinh, mp.cosh, at=THROUGH_ZERO),
        unary("cosh", Value.cosh, mp.cosh, mp.sinh, at={}),
        unary("tanh", Value.tanh, mp.tanh, lambda x: in_tail(mp.sech(x) ** 2), at=THROUGH_ZERO),
        unary(
            "asin",
            Value.asin,
            mp.asin,
            lambda x: 1 / mp.sqrt(1 - x**2),
            at={**THROUGH_ZERO, "1.0": (mp.pi / 2, INF), "-1.0": (-mp.pi / 2, INF)},
            domain=lambda x: abs(x) <= 1.0,
        ),
        unary(
            "acos",
            Value.acos,
            mp.acos,
            lambda x: -1 / mp.sqrt(1 - x**2),
            at={"1.0": (0.0, -INF), "-1.0": (+mp.pi, -INF)},
            domain=lambda x: abs(x) <= 1.0,
        ),
        unary("atan", Value.atan, mp.atan, lambda x: 1 / (1 + x**2), at=THROUGH_ZERO),
        unary("asinh", Value.asinh, mp.asinh, lambda x: 1 / mp.sqrt(1 + x**2), at=THROUGH_ZERO),
        unary(
            "acosh",
            Value.acosh,
            mp.acosh,
            lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),
            at={"1.0": (0.0, INF)},
            domain=lambda x: x >= 1.0,
        ),
        unary(
            "atanh",
            Value.atanh,
            mp.atanh,
            lambda x: 1 / ((1 - x) * (1 + x)),
            at={**THROUGH_ZERO, "1.0": (INF, INF), "-1.0": (-INF, INF)},
            domain=lambda x: abs(x) <= 1.0,
        ),
        unary(
            "circle",
            functions.circle,
            lambda x: mp.sqrt((1 - x) * (1 + x)),
            lambda x: -x / mp.sqrt((1 - x) * (1 + x)),
            at={"1.0": (0.0, -INF), "-1.0": (0.0, INF)},
            domain=lambda x: abs(x) <= 1.0,
        ),
        unary(
            "hyperbola",
            functions.hyperbola,
            lambda x: mp.sqrt((x - 1) * (x + 1)),
            lambda x: x / mp.sqrt((x - 1) * (x + 1)),
            at={"1.0": (0.0, INF), "inf": (INF, 1.0)},
            domain=lambda x: x >= 1.0,
        ),
        unary("exp2", Value.exp2, lambda x: mp.power(2, x), lambda x: mp.log(2) * mp.power(2, x), at={}),
        unary(
            "sign",
            Value.sign,
            mp.sign,
            lambda x: 0.0,
            at={"0.0": (0.0, 0.0), "-0.0": (0.0, 0.0)},
            bounds=EXACT,
        ),
        binary("atan2", autograd.atan2, atan2),
        binary("direction", functions.direction, direction, bounds=Bounds(derivative=DIRECTION)),
        binary("xlogy", autograd.xlogy, xlogy),
        triple("clamp", lambda xs: xs[0].clamp(xs[1], xs[2]), clamp),
        triple("where", lambda xs: autograd.where(*xs), where),
        unary(
            "erf",
            Value.erf,
            mp.erf,
            lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
            at={"0.0": (0.0, 2 / mp.sqrt(mp.pi)), "-0.0": (-0.0, 2 / mp.sqrt(mp.pi))},
        ),
        unary("sigmoid", Value.sigmoid, _sigmoid, _sigmoid_slope, at={}),
        unary("logsigmoid", Value.logsigmoid, lambda x: -mp.log1p(mp.exp(-x)), lambda x: _sigmoid(-x), at={}),
        unary("softplus", Value.softplus, lambda x: mp.log1p(mp.exp(x)), _sigmoid, at={}),
        unary(
            "relu",
            Value.relu,
            lambda x: max(x, zero),
            lambda x: 1.0 if x > 0 else 0.0,
            at={},
            bounds=EXACT,
        ),
        binary("leaky_relu", lambda x, y: x.leaky_relu(y), leaky_relu, bounds=EXACT),
        binary("elu", lambda x, y: x.elu(y), elu),
        unary(
            "silu",
            Value.silu,
            lambda x: x * _sigmoid(x),
            _silu_slope,
            at={"0.0": (0.0, 0.5), "-0.0": (-0.0, 0.5), **_ends((-0.0, -0.0), (INF, 1.0))},
        ),
        unary(
            "gelu",
            Value.gelu,
            lambda x: x * _normal(x),
            _gelu_slope,
            at={"0.0": (0.0, 0.5), "-0.0": (-0.0, 0.5), **_ends((-0.0, -0.0), (INF, 1.0))},
            bounds=Bounds(GELU, GELU),
        ),
        unary(
            "normal_cdf",
            functions.normal_cdf,
            _normal,
            lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
            at=_ends((zero, zero), (1.0, zero)),
            bounds=Bounds(GELU, DERIVATIVE),
        ),
        binary("share", functions.share, share, more=neighbours),
        binary("shift", functions._shift, shift, more=neighbours, bounds=EXACT),
        binary("exp_of_difference", functions._exp_of_difference, exp_of_difference, more=neighbours),
        binary("maximum", autograd.maximum, maximum, more=_with_nans, bounds=EXACT),
        binary("minimum", autograd.minimum, minimum, more=_with_nans, bounds=EXACT),
        binary("hypot", autograd.hypot, hypot),
        binary("logaddexp", autograd.logaddexp, logaddexp, more=neighbours),
        sequence("total", lambda xs: [autograd.total(xs)], total, bounds=EXACT),
        sequence("mean", lambda xs: [autograd.mean(xs)], mean),
        sequence("product", lambda xs: [autograd.product(xs)], product, points=factors, swept=True),
        sequence(
            "dot",
            lambda xs: [autograd.dot(xs[: len(xs) // 2], xs[len(xs) // 2 :])],
            dot,
            points=pairs,
            bounds=EXACT_DERIVATIVE,
        ),
        sequence("logsumexp", lambda xs: [autograd.logsumexp(xs)], logsumexp),
        Row(
            name="log_of_shifted_sum",
            build=_log_of_shifted_sum,
            exact=log_of_shifted_sum,
            points=shifted,
            ordinary=((0.7, -0.4, 1.3, 1.3), (2.3, -0.6, 0.5, 2.3)),
        ),
        sequence("norm", lambda xs: [autograd.norm(xs)], norm),
        sequence("largest", lambda xs: [autograd.largest(xs)], _extreme(max), bounds=EXACT_VALUE),
        sequence("smallest", lambda xs: [autograd.smallest(xs)], _extreme(min), bounds=EXACT_VALUE),
        sequence("softmax", autograd.softmax, softmax, points=short_sequences, swept=True),
        sequence(
            "log_softmax",
            autograd.log_softmax,
            log_softmax,
            points=short_sequences,
            swept=True,
        ),
        composed("softmax", one_softmax),
        composed("log_softmax", one_log_softmax),
        composed("cross_entropy", cross_entropy),
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def main(names: Sequence[str]) -> None:
    """Print the worst error of each operation; or with names, all that those have outside their bounds."""
    chosen = [row for row in table() if row.name in names]
    for row in chosen:
        for quantity, finding in findings(row):
            if finding.error > row.bound(quantity):
                print(f"{row.name} {quantity}: {finding}")
    if names:
        return
    print(f"{'operation':20} {'value, ulp':>10}  {'at':46} {'derivative, ulp':>18}  {'at':46} bound")
    for row in table():
        found = worst(row)
        value = found.pop("value")
        left = f"{row.name:20} {value.error:10.3g}  {_cut(_show(value.point), 46):46}"
        for quantity, finding in found.items():
            inside = value.error <= row.bounds.value and finding.error <= row.bounds.derivative
            at = _cut(_show(finding.point), 46)
            bound = f"{row.bounds.value:g}, {row.bounds.derivative:g}{'' if inside else '  OUTSIDE'}"
            print(f"{left} {quantity + ' ' + format(finding.error, '.3g'):>18}  {at:46} {bound}", flush=True)
            left = " " * len(left)


if __name__ == "__main__":
    main(sys.argv[1:])
