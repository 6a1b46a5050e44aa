"""The calculus, each operation stated once: its value, then one local derivative per operand.

>>> from autograd.engine import rules
>>> rules.multiply(2.0, 3.0)        # z, ∂z/∂x, ∂z/∂y
(6.0, 3.0, 2.0)
>>> rules.relu(-1.0)
(0.0, 0.0)

The grammar is small, because `formula/` reads this source as text and over other kinds of numbers, and refuses
anything else:

- operands are the parameters: floats `x`, `y`, or lists of them `xs`, `ys`;
- `z` is the value of the operation, and derivatives may be written in terms of it;
- a body is made of assignments and of guards (`if <comparison>: …`), and ends with a `return`;
- a `return` lists the value and then one derivative per operand, a list for an operand that is a list;
- expressions use + − * /, numbers, the constants below, the functions of `ieee`, `len`, and list
  comprehensions over an operand or an assigned list, with `… if <comparison> else …` inside.

`/` stands where its divisor can't be zero, `ieee.divide` elsewhere.
"""

from typing import Final

from autograd.engine import ieee

NAN: Final[float] = ieee.NAN
LN_2: Final = 0.6931471805599453
LOG2_E: Final = 1.4426950408889634
LOG10_E: Final = 0.4342944819032518
TWO_OVER_SQRT_PI: Final = 1.1283791670955126
ONE_OVER_SQRT_TWO_PI: Final = 0.3989422804014327

# ── arithmetic ──


def add(x: float, y: float) -> tuple[float, float, float]:
    return x + y, 1.0, 1.0


def subtract(x: float, y: float) -> tuple[float, float, float]:
    return x - y, 1.0, -1.0


def multiply(x: float, y: float) -> tuple[float, float, float]:
    return x * y, y, x


def divide(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.divide(x, y)
    return z, ieee.divide(1.0, y), -ieee.over_square(x, y)


def power(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.power(x, y)
    if x == 0.0 and y == 0.0:
        return z, ieee.scaled_power(y, x, y, 1.0), ieee.fixed(0.0, z)
    return z, ieee.scaled_power(y, x, y, 1.0), ieee.scaled_power(ieee.log(x), x, y, 0.0)


def scaled_power(c: float, x: float, y: float, k: float) -> tuple[float, float, float, float, float]:
    z = ieee.scaled_power(c, x, y, k)
    dx = ieee.scaled_power(c * (y - k), x, y, k + 1.0)
    dy = ieee.scaled_power(c * ieee.log(x), x, y, k)
    return z, ieee.scaled_power(1.0, x, y, k), dx, dy, -dy


def negative(x: float) -> tuple[float, float]:
    return -x, -1.0


def positive(x: float) -> tuple[float, float]:
    return x, 1.0


def square(x: float) -> tuple[float, float]:
    return x * x, 2.0 * x


def reciprocal(x: float) -> tuple[float, float]:
    z = ieee.divide(1.0, x)
    return z, -(z * z)


def sqrt(x: float) -> tuple[float, float]:
    z = ieee.sqrt(x)
    return z, ieee.divide(0.5, ieee.unsigned_zero(z))


def rsqrt(x: float) -> tuple[float, float]:
    z = ieee.divide(1.0, ieee.unsigned_zero(ieee.sqrt(x)))
    return z, ieee.divide(-0.5 * z, ieee.unsigned_zero(x))


# ── exponentials and logarithms ──


def exp(x: float) -> tuple[float, float]:
    z = ieee.exp(x)
    return z, z


def expm1(x: float) -> tuple[float, float]:
    z = ieee.expm1(x)
    return z, z + 1.0


def exp2(x: float) -> tuple[float, float]:
    z = ieee.exp2(x)
    return z, ieee.scaled_power(LN_2, 2.0, x, 0.0)


def log(x: float) -> tuple[float, float]:
    if x < 0.0:
        return NAN, NAN
    z = ieee.log(x)
    return z, ieee.divide(1.0, ieee.unsigned_zero(x))


def log1p(x: float) -> tuple[float, float]:
    if x < -1.0:
        return NAN, NAN
    z = ieee.log1p(x)
    return z, ieee.divide(1.0, 1.0 + x)


def log2(x: float) -> tuple[float, float]:
    if x < 0.0:
        return NAN, NAN
    z = ieee.log2(x)
    return z, ieee.divide(LOG2_E, ieee.unsigned_zero(x))


def log10(x: float) -> tuple[float, float]:
    if x < 0.0:
        return NAN, NAN
    z = ieee.log10(x)
    return z, ieee.divide(LOG10_E, ieee.unsigned_zero(x))


def xlogy(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.xlogy(x, y)
    if x == 0.0 and y == 0.0:
        return z, ieee.log(y), ieee.fixed(0.0, z)
    if y < 0.0:
        return z, NAN, NAN
    return z, ieee.log(y), ieee.divide(x, ieee.unsigned_zero(y))


def logaddexp(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.logaddexp(x, y)
    return z, ieee.share(x, y), ieee.share(y, x)


def shift(x: float, y: float) -> tuple[float, float, float]:
    if x == y:  # Infinities are included.
        return 0.0, 1.0, -1.0
    return x - y, 1.0, -1.0


def exp_of_difference(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.exp_of_difference(x, y)
    return z, z, -z


def share(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.share(x, y)
    return z, z * ieee.share(y, x), -z * ieee.share(y, x)


# ── circular and hyperbolic functions ──


def sin(x: float) -> tuple[float, float]:
    z = ieee.sin(x)
    return z, ieee.cos(x)


def cos(x: float) -> tuple[float, float]:
    z = ieee.cos(x)
    return z, -ieee.sin(x)


def tan(x: float) -> tuple[float, float]:
    z = ieee.tan(x)
    return z, 1.0 + z * z


def asin(x: float) -> tuple[float, float]:
    z = ieee.asin(x)
    return z, ieee.divide(1.0, ieee.circle(x))


def acos(x: float) -> tuple[float, float]:
    z = ieee.acos(x)
    return z, ieee.divide(-1.0, ieee.circle(x))


def atan(x: float) -> tuple[float, float]:
    z = ieee.atan(x)
    if x < -1e150 or x > 1e150:  # x² would overflow, though 1/x² is in range.
        return z, 1.0 / x / x
    return z, 1.0 / (1.0 + x * x)


def sinh(x: float) -> tuple[float, float]:
    z = ieee.sinh(x)
    return z, ieee.cosh(x)


def cosh(x: float) -> tuple[float, float]:
    z = ieee.cosh(x)
    return z, ieee.sinh(x)


def tanh(x: float) -> tuple[float, float]:
    z = ieee.tanh(x)
    return z, 1.0 - z * z


def asinh(x: float) -> tuple[float, float]:
    z = ieee.asinh(x)
    return z, 1.0 / ieee.hypot(x, 1.0)


def acosh(x: float) -> tuple[float, float]:
    z = ieee.acosh(x)
    return z, ieee.divide(1.0, ieee.hyperbola(x))


def atanh(x: float) -> tuple[float, float]:
    z = ieee.atanh(x)
    r = ieee.divide(1.0, ieee.circle(x))
    return z, r * r


def circle(x: float) -> tuple[float, float]:
    z = ieee.circle(x)
    return z, ieee.divide(-x, z)


def hyperbola(x: float) -> tuple[float, float]:
    z = ieee.hyperbola(x)
    return z, ieee.hypot(1.0, ieee.divide(1.0, z))  # x/z = √(1 + 1/z²)


def atan2(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.atan2(x, y)
    r = ieee.hypot(x, y)
    return z, ieee.divide(ieee.direction(y, x), r), -ieee.divide(ieee.direction(x, y), r)


def hypot(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.hypot(x, y)
    if z == 0.0:
        return z, ieee.fixed(0.0, z), ieee.fixed(0.0, z)
    return z, ieee.direction(x, y), ieee.direction(y, x)


def direction(x: float, y: float) -> tuple[float, float, float]:
    z = ieee.direction(x, y)
    r = ieee.hypot(x, y)
    s = ieee.direction(y, x)
    if r == 0.0:
        return z, NAN, NAN
    return z, s * (s / r), -z * (s / r)


def fixed(x: float, y: float) -> tuple[float, float, float]:
    return x, 1.0, NAN


# ── activations ──


def erf(x: float) -> tuple[float, float]:
    z = ieee.erf(x)
    return z, TWO_OVER_SQRT_PI * ieee.gaussian(x, 1.0)


def sigmoid(x: float) -> tuple[float, float]:
    z = ieee.sigmoid(x)
    return z, z * (1.0 - z)


def logsigmoid(x: float) -> tuple[float, float]:
    z = -ieee.softplus(-x)
    return z, ieee.sigmoid(-x)


def softplus(x: float) -> tuple[float, float]:
    z = ieee.softplus(x)
    return z, ieee.sigmoid(x)


def relu(x: float) -> tuple[float, float]:
    if x > 0.0:
        return x, 1.0
    if x <= 0.0:
        return 0.0, 0.0
    return NAN, NAN


def leaky_relu(x: float, slope: float) -> tuple[float, float, float]:
    if x > 0.0:
        return x, 1.0, 0.0
    if x <= 0.0:
        return slope * x, slope, x
    return NAN, NAN, NAN


def elu(x: float, alpha: float) -> tuple[float, float, float]:
    if x > 0.0:
        return x, 1.0, 0.0
    z = alpha * ieee.expm1(x)
    return z, alpha * ieee.exp(x), ieee.expm1(x)


def silu(x: float) -> tuple[float, float]:
    if x > 750.0:  # Here sigmoid(x) is 1 to the last digit, and below it is 0. Infinities are included.
        return x, 1.0
    if x < -1500.0:
        return -0.0, -0.0
    z = ieee.silu(x)
    if x < -700.0:  # sigmoid(x) = e^x is nearly subnormal or below; the square root of it keeps the digits.
        h = ieee.exp(0.5 * x)
        return z, ((1.0 + x) * h) * h
    return z, ieee.sigmoid(x) * (1.0 + x * ieee.sigmoid(-x))


def normal_cdf(x: float) -> tuple[float, float]:
    z = ieee.normal_cdf(x)
    return z, ONE_OVER_SQRT_TWO_PI * ieee.gaussian(x, 0.5)


def gelu(x: float) -> tuple[float, float]:
    if x > 40.0:  # Here Φ(x) is 1 to the last digit, and below it is 0. Infinities are included.
        return x, 1.0
    if x < -40.0:
        return -0.0, -0.0
    z = ieee.gelu(x)
    return z, ieee.normal_cdf(x) + x * (ONE_OVER_SQRT_TWO_PI * ieee.gaussian(x, 0.5))


# ── choices, where the derivative at a tie or a kink is decided ──


def absolute(x: float) -> tuple[float, float]:
    if x > 0.0:
        return x, 1.0
    if x < 0.0:
        return -x, -1.0
    if x == 0.0:
        return 0.0, 0.0
    return NAN, NAN


def sign(x: float) -> tuple[float, float]:
    if x > 0.0:
        return 1.0, 0.0
    if x < 0.0:
        return -1.0, 0.0
    if x == 0.0:
        return 0.0, 0.0
    return NAN, NAN


def clamp(x: float, low: float, high: float) -> tuple[float, float, float, float]:
    if x > high or low > high:
        return high, 0.0, 0.0, 1.0
    if x < low:
        return low, 0.0, 1.0, 0.0
    if x >= low and x <= high:
        return x, 1.0, 0.0, 0.0
    return NAN, NAN, NAN, NAN


def where(x: float, a: float, b: float) -> tuple[float, float, float, float]:
    if x > 0.0:
        return a, 0.0, 1.0, 0.0
    return b, 0.0, 0.0, 1.0


def maximum(x: float, y: float) -> tuple[float, float, float]:
    if x > y:
        return x, 1.0, 0.0
    if x < y:
        return y, 0.0, 1.0
    if x == y:
        return x, 0.5, 0.5
    return NAN, NAN, NAN


def minimum(x: float, y: float) -> tuple[float, float, float]:
    if x < y:
        return x, 1.0, 0.0
    if x > y:
        return y, 0.0, 1.0
    if x == y:
        return x, 0.5, 0.5
    return NAN, NAN, NAN


def detach(x: float) -> tuple[float, float]:
    return x, 0.0


# ── sequences ──


def total(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.total(xs)
    return z, [1.0 for x in xs]


def mean(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.mean(xs)
    return z, [1.0 / len(xs) for x in xs]


def dot(xs: list[float], ys: list[float]) -> tuple[float, list[float], list[float]]:
    z = ieee.dot(xs, ys)
    return z, ys, xs


def logsumexp(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.logsumexp(xs)
    return z, ieee.shares(xs)


def log_of_shifted_sum(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.log_of_shifted_sum(xs)
    return z, ieee.shifted_shares(xs)


def norm(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.norm(xs)
    if z == 0.0:
        return z, [ieee.fixed(0.0, z) for x in xs]
    return z, ieee.directions(xs)


def largest(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.greatest(xs)
    if z != z:
        return NAN, [NAN for x in xs]
    k = ieee.ties(xs, z)
    return z, [1.0 / k if x == z else 0.0 for x in xs]


def smallest(xs: list[float]) -> tuple[float, list[float]]:
    z = ieee.least(xs)
    if z != z:
        return NAN, [NAN for x in xs]
    k = ieee.ties(xs, z)
    return z, [1.0 / k if x == z else 0.0 for x in xs]


# ── recorded as several operations, and read as one ──


def softmax(xs: list[float], ks: list[float]) -> tuple[float, list[float], list[float]]:
    ps = ieee.shares(xs)
    z = ieee.dot(ks, ps)
    return z, [(k - z) * p for k, p in zip(ks, ps, strict=True)], ps


def log_softmax(xs: list[float], ks: list[float]) -> tuple[float, list[float], list[float]]:
    ps = ieee.shares(xs)
    log_ps = ieee.log_shares(xs)
    z = ieee.total([k * log_p if k != 0.0 else 0.0 for k, log_p in zip(ks, log_ps, strict=True)])
    s = ieee.total(ks)
    return z, [k - s * p for k, p in zip(ks, ps, strict=True)], log_ps


def cross_entropy(xs: list[float], ts: list[float]) -> tuple[float, list[float], list[float]]:
    ps = ieee.shares(xs)
    log_ps = ieee.log_shares(xs)
    z = -ieee.total([t * log_p if t != 0.0 else 0.0 for t, log_p in zip(ts, log_ps, strict=True)])
    s = ieee.total(ts)
    return z, [s * p - t for p, t in zip(ps, ts, strict=True)], [-log_p for log_p in log_ps]
