"""Derivatives through a length of zero: abs, hypot and norm, of which the derivative x/z has no value at z = 0.

>>> from autograd import grad, norm
>>> grad(grad(lambda x: abs(x) ** 2))(0.0), grad(grad(lambda x: norm([x, 0.0]) ** 4 / 12))(0.0)
(Value(data=2.0), Value(data=0.0))

A function of a length may be smooth all the same: norm(x)² is. Its upstream gradient is then a multiple of z, as 2·z,
and upstream · x/z is 2·x. Otherwise the derivative that is decided for z = 0 takes part, and further ones may be nan.
"""

from typing import Final, NamedTuple

from autograd.engine import functions
from autograd.engine.value import Value

LENGTHS: Final = ("absolute", "hypot", "norm")
"""The operations whose derivative by an operand x is x/z."""
DEEPEST: Final = 30
"""So many operations of an upstream gradient are looked through for the length."""


class Ratio(NamedTuple):
    """The derivative x/z by an operand x of a length z that is 0."""

    x: Value
    z: Value
    decided: Value | float

    def times(self, upstream: Value | float) -> Value | float:
        """upstream · x/z."""
        factor = _divided(upstream, self.z, DEEPEST)
        if factor is not None:
            return factor * self.x
        # The length would take part twice, each time with what is decided, and that is not its second derivative.
        unknown = isinstance(self.decided, float) and _uses(upstream, self.z)
        return upstream * (functions.fixed(self.decided, self.z) if unknown else self.decided)


def _uses(u: Value | float, z: Value) -> bool:
    """Whether u is made of z, by few operations."""
    near = [u]
    for v in near:
        if type(v) is Value and len(near) < DEEPEST:
            near += v.operands
    return any(v is z for v in near)


def _divided(u: Value | float, z: Value, depth: int) -> Value | float | None:
    """u/z, if u is made as a multiple of z, and None otherwise."""
    if u is z:
        return 1.0
    if type(u) is not Value or not depth:
        return None
    row = u.operands
    match u.op:
        case "negative" | "positive":
            inner = _divided(row[0], z, depth - 1)
            return inner if inner is None or u.op == "positive" else -inner
        case "multiply":
            for own, other in (row, row[::-1]):
                if (factor := _divided(own, z, depth - 1)) is not None:
                    return factor * other
        case "divide":
            factor = _divided(row[0], z, depth - 1)
            return None if factor is None else factor / row[1]
        case "add" | "subtract":
            left, right = (_divided(v, z, depth - 1) for v in row)
            if left is not None and right is not None:
                return left + right if u.op == "add" else left - right
        case "square" if row[0] is z:
            return z
        case "power" if row[0] is z and row[1].data >= 1.0:
            return functions.scaled_power(1.0, z, row[1].data, 1.0)
    return None
