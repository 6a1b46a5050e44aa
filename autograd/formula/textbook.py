"""The words of `engine/ieee.py` defined in few of them: another kind of number needs the few alone.

>>> from autograd.formula import textbook
>>> textbook.sigmoid(0.5), textbook.share(1.5, 1.0)
(0.6224593312018546, 0.6224593312018546)

Each is one line in the grammar of rules, and holds where nothing overflows or cancels. Defined nowhere are the words
imported here: functions of one number, and those that choose from a list or add it up.
"""

from typing import Final

from autograd.engine.ieee import acos, asin, atan, cos, erf, exp, greatest, least, log, sin, ties, total

__all__ = ["asin", "atan", "least", "ties"]  # primitive, and used by rules alone


def unsigned_zero(x: float) -> float:
    return x


def absolute(x: float) -> float:
    return x if x > 0.0 else -x


def divide(x: float, y: float) -> float:
    return x / y


def over_square(x: float, y: float) -> float:
    return divide(x, y * y)


def power(x: float, y: float) -> float:
    return exp(y * log(x))


def scaled_power(c: float, x: float, y: float, k: float) -> float:
    return c if c == 0.0 else c * power(x, y - k)


def sqrt(x: float) -> float:
    return power(x, 0.5)


def expm1(x: float) -> float:
    return exp(x) - 1.0


def log1p(x: float) -> float:
    return log(1.0 + x)


def log2(x: float) -> float:
    return log(x) / log(2.0)


def log10(x: float) -> float:
    return log(x) / log(10.0)


def exp2(x: float) -> float:
    return exp(x * log(2.0))


def xlogy(x: float, y: float) -> float:
    return (0.0 if x == 0.0 else x * log(y)) if y == 0.0 else x * log(y)


def tan(x: float) -> float:
    return sin(x) / cos(x)


def sinh(x: float) -> float:
    return (exp(x) - exp(-x)) / 2.0


def cosh(x: float) -> float:
    return (exp(x) + exp(-x)) / 2.0


def tanh(x: float) -> float:
    return sinh(x) / cosh(x)


def circle(x: float) -> float:
    return sqrt((1.0 - x) * (1.0 + x))


def hyperbola(x: float) -> float:
    return sqrt(x - 1.0) * sqrt(x + 1.0)


def asinh(x: float) -> float:
    return log(x + hypot(x, 1.0)) if x > 0.0 else -log(hypot(x, 1.0) - x)


def acosh(x: float) -> float:
    return log(x + hyperbola(x))


def atanh(x: float) -> float:
    return (log1p(x) - log1p(-x)) / 2.0


def atan2(x: float, y: float) -> float:
    return atan(x / y) if y > absolute(x) else quadrant(x, y)


def quadrant(x: float, y: float) -> float:
    return quarter(x) - atan(y / x) if absolute(x) >= absolute(y) else 2.0 * quarter(x) + atan(x / y)


def quarter(x: float) -> float:
    return acos(-1.0) / 2.0 if x >= 0.0 else -acos(-1.0) / 2.0


def gaussian(x: float, rate: float) -> float:
    return exp(-rate * (x * x))


def normal_cdf(x: float) -> float:
    return (1.0 + erf(x / sqrt(2.0))) / 2.0


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


def softplus(x: float) -> float:
    return log1p(exp(x))


def silu(x: float) -> float:
    return x * sigmoid(x)


def gelu(x: float) -> float:
    return x * normal_cdf(x)


def hypot(x: float, y: float) -> float:
    return sqrt(x * x + y * y)


def direction(x: float, y: float) -> float:
    return divide(x, hypot(x, y))


def fixed(x: float, y: float) -> float:
    return x


def exp_of_difference(x: float, y: float) -> float:
    return exp(x - y)


def share(x: float, y: float) -> float:
    return sigmoid(x - y)


def logaddexp(x: float, y: float) -> float:
    return y + softplus(x - y) if x < y else x + softplus(y - x)


def mean(xs: list[float]) -> float:
    return total(xs) / len(xs)


def dot(xs: list[float], ys: list[float]) -> float:
    return total([x * y for x, y in zip(xs, ys, strict=True)])


def norm(xs: list[float]) -> float:
    return sqrt(dot(xs, xs))


def divided(xs: list[float], y: float) -> list[float]:
    return [x / y for x in xs]


def directions(xs: list[float]) -> list[float]:
    return divided(xs, norm(xs))


def shifted(xs: list[float], y: float) -> list[float]:
    return [exp_of_difference(x, y) for x in xs]


def parts(xs: list[float]) -> list[float]:
    return divided(xs, total(xs))


def shares(xs: list[float]) -> list[float]:
    return parts(shifted(xs, greatest(xs)))


def shifted_shares(xs: list[float]) -> list[float]:
    return [*shares(xs[:-1]), -1.0]


def lessened(xs: list[float], y: float) -> list[float]:
    return [x - y for x in xs]


def log_shares(xs: list[float]) -> list[float]:
    return lessened(xs, logsumexp(xs))


def logsumexp(xs: list[float]) -> float:
    return greatest(xs) + log(total(shifted(xs, greatest(xs))))


def log_of_shifted_sum(xs: list[float]) -> float:
    return log(total(shifted(xs[:-1], xs[-1])))


LN_2: Final = log(2.0)
LOG2_E: Final = 1.0 / log(2.0)
LOG10_E: Final = 1.0 / log(10.0)
TWO_OVER_SQRT_PI: Final = 2.0 / sqrt(acos(-1.0))
ONE_OVER_SQRT_TWO_PI: Final = 1.0 / sqrt(2.0 * acos(-1.0))
