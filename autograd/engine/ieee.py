"""Total functions on floats: every float in, a float out, the IEEE 754 way, and never an exception.

>>> from autograd.engine import ieee
>>> ieee.divide(1.0, -0.0), ieee.log(0.0), ieee.exp(1000.0), ieee.sqrt(-1.0)
(-inf, -inf, inf, nan)

`math` raises errors where IEEE 754 defines a result. Some formulas of textbooks lose digits, overflow or underflow on
the way to a result that a float can hold. The functions here do neither, so a rule can be written as in a textbook. No
derivative is stated here.
"""

import math
from typing import Final

INF: Final[float] = math.inf
NAN: Final[float] = math.nan
TINY: Final = 2.2250738585072014e-308
"""The smallest normal float: below it, floats hold fewer than 53 bits."""

_SPLIT: Final = 134217729.0
"""2^27 + 1, which cuts a float into two halves of 26 bits (Veltkamp)."""
_SQRT_HALF: Final = 0.7071067811865476
_SQRT_HALF_HIGH: Final = 0.7071067839860916
_SQRT_HALF_LOW: Final = -2.7995440410322203e-09
"""The two halves of the float above."""
_SQRT_HALF_REST: Final = -4.833646656726457e-17
"""The real number √½ less that float."""
_TWO_OVER_SQRT_PI: Final = 1.1283791670955126
_ODD_END: Final = 2.0**53
"""From here on every float is an even integer."""
_PI_BITS: Final = 1216
"""A float has up to 1024 bits before the point; the rest are for what is left after whole turns."""
_MOST_LOWERED: Final = 64.0
"""Of higher derivatives of powers that leave the range, nothing is saved."""
_SCALE: Final = 2.0**-100
_DEEP: Final = 2.0**-520
_GREAT: Final = 2.0**900


def divide(x: float, y: float) -> float:
    """x / y, correctly rounded; x/±0 is an infinity and 0/0 is nan."""
    if y != 0.0:
        return x / y
    if x == 0.0 or x != x:
        return NAN
    return math.copysign(INF, x) * math.copysign(1.0, y)


def unsigned_zero(x: float) -> float:
    """x, with +0 for −0, for a function that is defined above zero alone: 1/x is then +inf."""
    return x + 0.0


def over_square(x: float, y: float) -> float:
    """x / y² as (x/y)/y, which stays in range where y² would not."""
    ratio = divide(x, y)
    if -TINY < ratio < TINY and ratio != 0.0 and -1.0 < y < 1.0:
        # The quotient has lost bits, and the second division would magnify the error; y² is in range here.
        return x / (y * y)
    return divide(ratio, y)


def sqrt(x: float) -> float:
    """√x; nan below zero, and √−0 is −0."""
    return NAN if x < 0.0 else math.sqrt(x)


def exp(x: float) -> float:
    """eˣ; inf above 709.78."""
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def expm1(x: float) -> float:
    """eˣ − 1 without cancellation near zero."""
    try:
        return math.expm1(x)
    except OverflowError:
        return INF


def log(x: float) -> float:
    """The natural logarithm; −inf at ±0 and nan below."""
    if x > 0.0:
        return math.log(x)
    return -INF if x == 0.0 else NAN


def log1p(x: float) -> float:
    """log(1 + x) without cancellation near zero; −inf at −1 and nan below."""
    if x > -1.0:
        return math.log1p(x)
    return -INF if x == -1.0 else NAN


def exp2(x: float) -> float:
    """2ˣ; inf from 1024."""
    return power(2.0, x)


def xlogy(x: float, y: float) -> float:
    """x · log(y); 0 at x = 0, whatever the y but nan."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


def log2(x: float) -> float:
    """The logarithm to base 2; −inf at ±0 and nan below."""
    if x > 0.0:
        return math.log2(x)
    return -INF if x == 0.0 else NAN


def log10(x: float) -> float:
    """The logarithm to base 10; −inf at ±0 and nan below."""
    if x > 0.0:
        return math.log10(x)
    return -INF if x == 0.0 else NAN


def sin(x: float) -> float:
    """The sine of x radians; nan at ±inf."""
    if -_ODD_END < x < _ODD_END:
        return math.sin(x)
    quarter, r = _quarter_turns(x)
    return [math.sin(r), math.cos(r), -math.sin(r), -math.cos(r)][quarter]


def cos(x: float) -> float:
    """The cosine of x radians; nan at ±inf."""
    if -_ODD_END < x < _ODD_END:
        return math.cos(x)
    quarter, r = _quarter_turns(x)
    return [math.cos(r), -math.sin(r), -math.cos(r), math.sin(r)][quarter]


def tan(x: float) -> float:
    """The tangent of x radians; nan at ±inf."""
    if -_ODD_END < x < _ODD_END:
        return math.tan(x)
    quarter, r = _quarter_turns(x)
    return -1.0 / math.tan(r) if quarter % 2 else math.tan(r)


def _quarter_turns(x: float) -> tuple[int, float]:
    """The quadrant of a huge x, and the rest of x in it, from −π/4 to π/4; the rest of ±inf and nan is nan.

    Integers are exact here, where C libraries lose digits near multiples of π/2.
    """
    if x - x != 0.0:
        return 0, NAN
    half_pi = _half_pi()
    turns, rest = divmod(int(x) << _PI_BITS, half_pi)
    if 2 * rest > half_pi:
        turns, rest = turns + 1, rest - half_pi
    return turns % 4, rest / (1 << _PI_BITS)


def _half_pi() -> int:
    """π/2 · 2^1216, by Machin's formula π/4 = 4·arctan(1/5) − arctan(1/239)."""
    total = 0
    for weight, n in ((8, 5), (-2, 239)):
        power, divisor = (weight << (_PI_BITS + 64)) // n, 1
        while power:
            total += power // divisor
            power, divisor = -power // (n * n), divisor + 2
    return total >> 64


def sinh(x: float) -> float:
    """The hyperbolic sine; ±inf far out."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def cosh(x: float) -> float:
    """The hyperbolic cosine; inf far out."""
    try:
        return math.cosh(x)
    except OverflowError:
        return INF


def tanh(x: float) -> float:
    """The hyperbolic tangent."""
    return math.tanh(x)


def asin(x: float) -> float:
    """The arc sine in radians; nan outside [−1, 1]."""
    return math.asin(x) if -1.0 <= x <= 1.0 else NAN


def acos(x: float) -> float:
    """The arc cosine in radians; nan outside [−1, 1]."""
    return math.acos(x) if -1.0 <= x <= 1.0 else NAN


def atan(x: float) -> float:
    """The arc tangent in radians."""
    return math.atan(x)


def asinh(x: float) -> float:
    """The inverse hyperbolic sine."""
    return math.asinh(x)


def acosh(x: float) -> float:
    """The inverse hyperbolic cosine; nan below 1."""
    return math.acosh(x) if x >= 1.0 else NAN


def atanh(x: float) -> float:
    """The inverse hyperbolic tangent; ±inf at ±1 and nan outside."""
    if -1.0 < x < 1.0:
        return math.atanh(x)
    return math.copysign(INF, x) if x in (-1.0, 1.0) else NAN


def atan2(x: float, y: float) -> float:
    """The angle of the point (y, x) in radians, from −π to π: the sine comes first, as in C."""
    return math.atan2(x, y)


def circle(x: float) -> float:
    """√(1 − x²), the cosine of asin(x); nan outside [−1, 1]."""
    return sqrt((1.0 - x) * (1.0 + x))


def hyperbola(x: float) -> float:
    """√(x² − 1), the hyperbolic sine of acosh(x) for x ≥ 1; nan below 1."""
    return sqrt(x - 1.0) * sqrt(x + 1.0)


def erf(x: float) -> float:
    """The error function 2/√π · ∫₀ˣ e^(−t²) dt."""
    return math.erf(x)


def gaussian(x: float, rate: float) -> float:
    """e^(−rate·x²) for rate 1 or ½, to full relative accuracy in the tails.

    An error of half an ulp in x² would be one of about x²/2 ulps in the result. So x is split in two, and the square
    of the greater part is exact.
    """
    if not -40.0 < x < 40.0:
        return NAN if x != x else 0.0
    cut = _SPLIT * x
    high = cut - (cut - x)
    return math.exp(-rate * (high * high)) * math.exp(-rate * ((x - high) * (x + high)))


def normal_cdf(x: float) -> float:
    """Φ(x) = ½·erfc(−x/√2), the standard normal distribution function, accurate in the lower tail."""
    if x < -40.0:
        return 0.0
    t = -x * _SQRT_HALF
    if x >= 0.0 or x != x:
        return 0.5 * math.erfc(t)
    # erfc is steep in the tail, so the rounding error of −x/√2 is corrected to first order.
    cut = _SPLIT * -x
    high = cut - (cut + x)
    low = -x - high
    rest = ((high * _SQRT_HALF_HIGH - t) + high * _SQRT_HALF_LOW + low * _SQRT_HALF_HIGH) + low * _SQRT_HALF_LOW
    rest -= x * _SQRT_HALF_REST
    return 0.5 * (math.erfc(t) - rest * _TWO_OVER_SQRT_PI * gaussian(t, 1.0))


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ), to full relative accuracy on both sides."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def softplus(x: float) -> float:
    """log(1 + eˣ) as max(x, 0) + log1p(e^−|x|)."""
    if x >= 0.0:
        return x + math.log1p(math.exp(-x))
    return math.log1p(math.exp(x))


def silu(x: float) -> float:
    """x · sigmoid(x); −0 at −inf."""
    if x < -700.0:
        # sigmoid(x) = eˣ is nearly subnormal or below; the square root of it keeps the digits.
        h = math.exp(0.5 * x)
        return (x * h) * h if h > 0.0 else -0.0
    return x * sigmoid(x)


def gelu(x: float) -> float:
    """x · Φ(x); −0 at −inf."""
    return -0.0 if x < -40.0 else x * normal_cdf(x)


def power(x: float, y: float) -> float:
    """x to the y as C's pow has it: nan for a negative x with a fractional y, never complex."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0.0 and math.fmod(y, 2.0) != 0.0 else INF
    except ValueError:
        if x != 0.0:
            return NAN
        return math.copysign(INF, x) if math.fabs(math.fmod(y, 2.0)) == 1.0 else INF


def scaled_power(c: float, x: float, y: float, k: float) -> float:
    """c · x^(y−k) for a whole k ≥ 0, in range and to full accuracy even where x^(y−k) or y−k is not.

    A factor of zero gives 0, whatever the power; a power of zero gives 0, whatever the factor but nan.
    """
    exponent = y - k
    p = power(x, exponent)
    exact = exponent + k == y and -_ODD_END < y < _ODD_END
    if exact and (TINY <= p < INF or TINY <= -p < INF):
        return c * p
    if not 0.0 <= k <= _MOST_LOWERED or k != math.floor(k):
        return c * p
    if c == 0.0 or c != c:
        return c
    if not exact:
        # y − 1 was rounded and may be odd, even or fractional by mistake, so ask y.
        z = power(x, y)
        whole = math.fabs(y) >= _ODD_END or (y == y and y == math.floor(y))
        if z != z or (x < 0.0 and not whole):
            return c * (p if math.isinf(x) else NAN)
        p = INF if p != p else math.fabs(p)
        if math.copysign(1.0, x) < 0.0 and whole:
            p = math.copysign(p, -z if math.fmod(k, 2.0) else z)
    size = math.fabs(x)
    h = power(size, 0.5 * y)
    if p != p or not 0.0 < h < INF or not 0.0 < size < INF:
        return p if p == 0.0 else c * p
    # x^y = h², of which each half stays in range: c·h and h share the divisions.
    scaled = c * h
    for _ in range(int(k)):
        if (math.fabs(scaled) < h) == (size < 1.0):
            scaled /= size
        else:
            h /= size
    return (scaled * h) * math.copysign(1.0, p)


def hypot(x: float, y: float) -> float:
    """√(x² + y²), without overflow on the way."""
    return math.hypot(x, y)


def direction(x: float, y: float) -> float:
    """x / √(x² + y²), the cosine of the angle of (x, y), at every scale; 0 at the origin."""
    return 0.0 if x == 0.0 and y == 0.0 else directions([x, y])[0]


def fixed(x: float, y: float) -> float:
    """x: a derivative that is decided at a point where its formula ends, so that its own derivative by y is nan."""
    return x


def exp_of_difference(x: float, y: float) -> float:
    """e^(x−y), corrected for the rounding error of x − y; 1 for equal operands, infinities included."""
    if x == y:
        return 1.0
    d = x - y
    z = exp(d)
    if math.isinf(d) or d != d or z == INF:
        return z
    back = d - x
    return z + z * ((x - (d - back)) - (y + back))


def share(x: float, y: float) -> float:
    """eˣ / (eˣ + e^y), the part of x in the sum of the two; a half where both are the same infinity."""
    if x == y:
        return 0.5
    if x > y:
        return 1.0 / (1.0 + exp_of_difference(y, x))
    e = exp_of_difference(x, y)
    return e / (1.0 + e)


def logaddexp(x: float, y: float) -> float:
    """log(eˣ + e^y), shifted by the greater."""
    if x == y:
        return x + math.log(2.0)
    if x > y:
        return x + math.log1p(exp_of_difference(y, x))
    return y + math.log1p(exp_of_difference(x, y))


def total(xs: list[float]) -> float:
    """The sum of xs, rounded once (Shewchuk's exact summation)."""
    try:
        return math.fsum(xs)
    except OverflowError:
        great = [x * _DEEP * _DEEP for x in xs if _is_great(x)]
        return _total_with_great(great, [x for x in xs if not _is_great(x)])
    except ValueError:
        return NAN


def _is_great(x: float) -> bool:
    """Whether x may be scaled by _DEEP² without a loss; smaller numbers change no sum that is out of range."""
    return not -_GREAT < x < _GREAT


def _total_with_great(great: list[float], others: list[float]) -> float:
    """The sum of all, where `great` has the great numbers times _DEEP², because their sums may leave the range."""
    scaled = total(great)
    z, rest = scaled / _DEEP / _DEEP, total([*great, -scaled]) / _DEEP / _DEEP  # The second is what rounding left.
    return z if z - z != 0.0 else total([z, rest, *others])


def mean(xs: list[float]) -> float:
    """The sum of xs over their number; in range wherever xs are. nan for no numbers."""
    z = total(xs)
    if math.isinf(z):
        z = total([x * _SCALE for x in xs])
        return z / len(xs) / _SCALE
    return divide(z, float(len(xs)))


def dot(xs: list[float], ys: list[float]) -> float:
    """The sum of the products, each product rounded once and the sum rounded once."""
    # Compiled, `strict` would make calls into the interpreter of this loop; here they are of one length.
    z = total([x * y for x, y in zip(xs, ys)])  # noqa: B905
    if z - z == 0.0:
        return z
    infinite = [x * y for x, y in zip(xs, ys, strict=True) if (x - x) + (y - y) != 0.0]
    if infinite:  # Beside these, no finite product counts, even if it overflows.
        return total(infinite)
    great = [(x * _DEEP) * (y * _DEEP) for x, y in zip(xs, ys, strict=True) if _is_great(x * y)]
    return _total_with_great(great, [x * y for x, y in zip(xs, ys, strict=True) if not _is_great(x * y)])


def greatest(xs: list[float]) -> float:
    """The greatest of xs; nan if any is nan, −inf for none."""
    z = -INF
    for x in xs:
        if x != x:
            return NAN
        if x > z:
            z = x
    return z


def least(xs: list[float]) -> float:
    """The least of xs; nan if any is nan, inf for none."""
    return -greatest([-x for x in xs])


def ties(xs: list[float], z: float) -> float:
    """How many of xs equal z."""
    return float(xs.count(z))


def logsumexp(xs: list[float]) -> float:
    """log Σeˣ, shifted by the greatest."""
    top = greatest(xs)
    return top + log_of_shifted_sum([*xs, top])


def log_of_shifted_sum(xs: list[float]) -> float:
    """log Σe^(x−s) for all of xs but the last, which is s and no less than any of them."""
    terms = [exp_of_difference(x, xs[-1]) for x in xs[:-1]]
    if 1.0 in terms:  # It is that of s itself, and the 1 in log1p.
        terms.remove(1.0)
        return math.log1p(total(terms))
    return log(total(terms))


def shares(xs: list[float]) -> list[float]:
    """eˣ / Σeˣ for each x, shifted by the greatest; equal parts among infinite ones."""
    top = greatest(xs)
    es = [exp_of_difference(x, top) for x in xs]
    s = total(es)
    return [e / s for e in es]


def log_shares(xs: list[float]) -> list[float]:
    """The logs of the shares, without their underflow."""
    top = greatest(xs)
    rest = log_of_shifted_sum([*xs, top])
    return [0.0 - rest if x == top else x - top - rest for x in xs]


def shifted_shares(xs: list[float]) -> list[float]:
    """The shares of all of xs but the last, then −1 for the last."""
    return [*shares(xs[:-1]), -1.0]


def norm(xs: list[float]) -> float:
    """√Σx², without overflow or underflow on the way."""
    return math.hypot(*xs)


def directions(xs: list[float]) -> list[float]:
    """x / √Σx² for each x, at every scale; ±1 for the only infinite one."""
    size = norm(xs)
    if math.isinf(size) and sum([math.isinf(x) for x in xs]) == 1 and not any(x != x for x in xs):
        return [math.copysign(1.0 if math.isinf(x) else 0.0, x) for x in xs]
    if size < 1e-280:
        xs = [x * 1e300 for x in xs]
    elif size > 1e280:
        xs = [x * 1e-30 for x in xs]
    size = norm(xs)
    return [divide(x, size) for x in xs]
