"""The words of the rules for arrays, in few words that NumPy has: stable, without a branch where that is slow.

>>> softplus(0.0), sigmoid(-40.0)
(0.6931471805599453, 4.248354255291589e-18)

Each is stated in the grammar of rules, like the textbook, and holds for all floats, unlike there: the compiler reads
them and puts them in the place of their calls. Words that are not here have the definition of the textbook. A list is
an array along its first axis.
"""

from builtins import max as maximum
from builtins import min as fmin
from builtins import min as minimum
from math import copysign

from autograd.engine.ieee import divide, exp, log, log1p, normal_cdf, total


def unsigned_zero(x: float) -> float:
    return x + 0.0


def over_square(x: float, y: float) -> float:
    return divide(divide(x, y), y)


def sigmoid(x: float) -> float:
    e = exp(minimum(x, 40.0))  # From here on it is 1 to the last digit.
    return e / (1.0 + e)


def softplus(x: float) -> float:
    return maximum(x, 0.0) + log1p(exp(copysign(x, -1.0)))


def silu(x: float) -> float:
    return maximum(x, -800.0) * sigmoid(x)  # Below, sigmoid(x) is 0, and x may be −inf.


def gelu(x: float) -> float:
    return maximum(x, -40.0) * normal_cdf(x)


def gaussian(x: float, rate: float) -> float:
    t = maximum(minimum(x, 40.0), -40.0)
    cut = 134217729.0 * t  # The square of the greater part of x is exact, as in `ieee`.
    high = cut - (cut - t)
    return exp(-rate * (high * high)) * exp(-rate * ((t - high) * (t + high)))


def exp_of_difference(x: float, y: float) -> float:
    return 1.0 if x == y else exp(x - y)  # Infinities are included.


def xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log(y)


def share(x: float, y: float) -> float:
    return 1.0 / (1.0 + exp_of_difference(y, x))


def logaddexp(x: float, y: float) -> float:
    # The difference of equal infinities is nan, which fmin passes over.
    return maximum(x, y) + fmin(log1p(exp(copysign(x - y, -1.0))), 0.6931471805599453)


def ties(xs: list[float], y: float) -> float:
    return total([1.0 if x == y else 0.0 for x in xs])
