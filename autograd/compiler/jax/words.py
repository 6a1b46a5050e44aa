"""The words of the rules for which no function of `jax.numpy` will do: functions of arrays of JAX.

Importing this module imports JAX. A list is an array along its last axis. Where a quick formula would leave the range
of floats, a scaled one stands beside it, and `where` chooses: under `jit` both are computed.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import jax.numpy as jnp
from jax.scipy.special import erf, erfc

from autograd.compiler.jax.writing import APART
from autograd.compiler.words import UFUNCS

CLOSE: Final = 64.0
"""Roundings, in which terms may have cancelled each other."""


def _apart(x: Any) -> Any:
    """The same numbers, computed apart from what is made of them.

    XLA takes log(exp(x)) for x, log(x^y) for y·log|x| and (1e200·x)·1e200 for inf·x, and so loses infinities and nan.
    """
    return jnp.where(x == x, x, jnp.nan)


def _of_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose first operand is computed apart."""
    return lambda x, *others: function(_apart(x), *others)


_power: Final = _of_apart(jnp.power)


def _normal_cdf(x: Any) -> Any:
    return 0.5 * erfc(x * -math.sqrt(0.5))


def _scaled_power(c: Any, x: Any, y: Any, k: Any) -> Any:
    """c · x^(y−k): in two steps where the power alone leaves the range; a factor of zero gives 0, a power of zero too.

    For |y| from 2^53 on, where y − k is rounded, the sign may be wrong.
    """
    y = _apart(y)  # XLA rounds a product and a difference once, and y − k is no 0 then.
    power, size = _power(x, y - k), jnp.abs(x)
    # y − k may be rounded to a whole number, of which a power has a sign.
    unsigned = jnp.where((x < 0.0) & (size < jnp.inf), jnp.nan, jnp.abs(power))
    power = jnp.where(y == jnp.floor(y), power, unsigned)
    sign, half = jnp.copysign(1.0, power), _power(size, 0.5 * (y - k))
    split = (half > 0.0) & (half < jnp.inf) & (power == power)
    root = _power(size, 0.5 * y)
    lost = (jnp.abs(c) == jnp.inf) & (root > 0.0) & (root < jnp.inf)  # The power is 0 by its underflow alone.
    others = jnp.where(power != 0.0, c * power, jnp.where(lost, c * sign, power))
    out = jnp.where(split, (c * half) * half * sign, others)
    usual = (power != 0.0) & (jnp.abs(power) < jnp.inf)
    return jnp.where(usual, c * power, jnp.where((c == 0.0) | (c != c), c, out))


def _scale(xs: Any) -> Any:
    """For each list a number by which its members are divided, so that their squares stay in range."""
    greatest = jnp.max(jnp.abs(xs), axis=-1, keepdims=True)
    # XLA multiplies by the reciprocal, and takes one of a number near the end of the range for 0.
    scale = jnp.where(greatest > 1.0, greatest / 64.0, greatest)
    return jnp.where((greatest > 0.0) & (greatest < jnp.inf), scale, 1.0)


def _norm(xs: Any) -> Any:
    scale = _scale(xs)
    size = jnp.sqrt(jnp.sum(jnp.square(_apart(xs / scale)), axis=-1)) * scale[..., 0]
    return jnp.where(jnp.any(jnp.isinf(xs), axis=-1), jnp.inf, size)


def _directions(xs: Any) -> Any:
    """Each member by the norm; of a single infinite one ±1, and 0 for the others."""
    infinite = jnp.isinf(xs)
    alone = jnp.sum(infinite, axis=-1, keepdims=True) == 1
    scaled = jnp.where(alone & ~jnp.any(jnp.isnan(xs), axis=-1, keepdims=True), jnp.copysign(infinite, xs), xs)
    scaled = _apart(scaled / _scale(scaled))
    return scaled / jnp.sqrt(jnp.sum(jnp.square(scaled), axis=-1, keepdims=True))


def _direction(x: Any, y: Any) -> Any:
    pair = jnp.stack(jnp.broadcast_arrays(x, y), axis=-1)
    return jnp.where((x == 0.0) & (y == 0.0), 0.0, _directions(pair)[..., 0])


def _hypot(x: Any, y: Any) -> Any:
    return _norm(jnp.stack(jnp.broadcast_arrays(x, y), axis=-1))


def _joined(xs: Any, x: Any) -> Any:
    shape = jnp.broadcast_shapes(xs.shape[:-1], jnp.shape(x))
    parts = [jnp.broadcast_to(xs, (*shape, xs.shape[-1])), jnp.broadcast_to(x, shape)[..., None]]
    return jnp.concatenate(parts, axis=-1)


def _sign(x: Any) -> Any:
    return _unsigned_zero(jnp.sign(x))


def _unsigned_zero(x: Any) -> Any:
    return jnp.where(x == 0.0, 0.0, x)  # XLA drops a sum with zero, though it makes +0 of −0.


def _attained(xs: Any, z: Any) -> Any:
    """Where a list has its greatest or least number z: there, too, where the nearest one is.

    XLA computes the members again where that is cheap, and rounds otherwise: none may be equal to z.
    """
    nearest = jnp.argmin(jnp.abs(xs - z[..., None]), axis=-1, keepdims=True)
    return (xs == z[..., None]) | (jnp.arange(xs.shape[-1]) == nearest)


def _unchanged(x: Any, z: Any) -> Any:
    """Where a result z is its operand, as that of clamp is inside of its limits: there, too, where they are close.

    XLA may have computed the operand again, and rounded otherwise.
    """
    near = CLOSE * jnp.finfo(jnp.result_type(x, z)).eps
    return (x == z) | (jnp.abs(x - z) <= near * jnp.abs(z))


WORDS: Final[dict[str, Callable[..., Any]]] = {
    **{word: _of_apart(getattr(jnp, UFUNCS[word])) for word in APART},
    "apart": _apart,
    "erf": erf,
    "normal_cdf": _normal_cdf,
    "scaled_power": _scaled_power,
    "norm": _norm,
    "directions": _directions,
    "direction": _direction,
    "hypot": _hypot,
    "joined": _joined,
    "sign": _sign,
    "unsigned_zero": _unsigned_zero,
    "attained": _attained,
    "unchanged": _unchanged,
}
