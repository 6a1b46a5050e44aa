"""Bounds on the rounding of a recorded graph, and on its derivatives if nothing in them cancelled.

>>> from autograd.check.bounds import rounding, steepness
>>> from autograd.engine.tape import Tape
>>> from autograd.engine.value import Value
>>> x = Value(0.5)
>>> tape = Tape((x + 1e6) - x)
>>> rounding(tape) / 2.0**-33, steepness(tape, [x])
(2.0, [2.0])
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from autograd.engine import rules
from autograd.engine.tape import Tape
from autograd.engine.value import Value

OWN: Final = 8.0
"""How often a user's rule may round."""


def rounding(tape: Tape) -> float:
    """How far the rounding of all results on a tape may move its root: a bound to first order.

    Source: S. Linnainmaa, Taylor expansion of the accumulated rounding error, BIT 16 (1976) 146-160.
    """
    weights = _weights(tape, float)
    return sum(_finite(abs(w) * _unit(tape, place)) for place, w in enumerate(weights) if w and tape.operation(place))


def steepness(tape: Tape, inputs: Sequence[Value]) -> list[float]:
    """The derivative by each input if no contribution to it cancelled another."""
    weights = _weights(tape, abs)
    return [_finite(weights[tape.place(v)]) if v in tape else 0.0 for v in inputs]


def _weights(tape: Tape, part: Callable[[float], float]) -> list[float]:
    """The gradients of a sweep that adds a part of each contribution, such as its size.

    Unlike gradients, rounding passes through detached nodes.
    """
    weights = [0.0] * len(tape)
    weights[-1] = 1.0
    for place in range(len(tape) - 1, -1, -1):
        weight, start, end = weights[place], tape.starts[place], tape.starts[place + 1]
        if weight != 0.0:
            partials = [1.0] if tape.operation(place) == "detach" else tape.partials[start:end]
            for operand, partial in zip(tape.operands[start:end], partials, strict=True):
                weights[operand] += part(weight * partial)
    return weights


def _unit(tape: Tape, place: int) -> float:
    """The rounding of one result."""
    start, end, op = tape.starts[place], tape.starts[place + 1], tape.operation(place)
    operands = [tape.data[k] for k in tape.operands[start:end]]
    sizes = [tape.data[place]]
    if len(operands) > 1:  # Such an operation may round terms of a sum that cancel each other.
        sizes += [x * partial for x, partial in zip(operands, tape.partials[start:end], strict=True)]
    own = not hasattr(rules, op)
    if own:  # A user's rule may compute with numbers of the size of 1 or of its operands.
        sizes += [*operands, 1.0]
    return (OWN if own else 1.0) * max(math.ulp(_finite(size)) for size in sizes)


def _finite(x: float) -> float:
    return x if math.isfinite(x) else 0.0
