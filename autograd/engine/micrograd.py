"""The names by which programs written for micrograd read a node: `_prev`, `_op`, `_backward`.

>>> from autograd.engine.value import Value
>>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
>>> o = a * b
>>> o._op, o._prev == {a, b}
('*', True)
>>> o.grad = 1.0
>>> o._backward()
>>> a.grad, b.grad
(3.0, 2.0)
"""

from typing import Final

from autograd.engine import graph, reading
from autograd.engine.graph import N, Node

_SIGNS: Final[dict[str, str]] = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "negative": "-",
    "relu": "ReLU",
}


def sign(node: Node) -> str:
    """The operation as micrograd writes it: `+`, `tanh`, `ReLU`, `**2`; empty for a leaf."""
    text = _SIGNS.get(node._operation, node._operation)
    return f"{text}{reading.operands_of(node)[1]._data:g}" if _has_fixed_exponent(node) else text


def operands(node: N) -> set[N]:
    """The set of the operands of a node, plain numbers included, but an exponent that stands in the sign."""
    found = reading.operands_of(node)
    return set(found[:1] if _has_fixed_exponent(node) else found)


def _has_fixed_exponent(node: Node) -> bool:
    return node._operation == "power" and graph.is_constant(reading.operands_of(node)[1])


def backward(node: Node) -> None:
    """Add gradient · local derivative to the gradient of each operand, and do nothing to a leaf."""
    if node._mark < graph.LEAF:
        graph.sweep([node])
