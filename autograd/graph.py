"""What a graph is made of, its order, and the reverse sweep that applies the chain rule.

>>> from autograd import Value, topological_order
>>> x = Value(3.0, label="x")
>>> [v.op or v.label for v in topological_order(x * x + 1)]
['x', 'multiply', '', 'add']

A node points at its operands and at nothing else, so a graph has no cycles and a dropped one is
freed at once. Nothing here recurses: depth costs memory, never stack.
"""

from itertools import count
from typing import Final, TypeVar

_LEAF: Final = 1 << 60
"""The mark of a leaf: as good as visited, since a sweep has nothing to do there."""
_CONSTANT: Final = _LEAF + 1
_EPOCHS: Final = count(1, 2)
"""Every walk draws a fresh pair of marks, entered and done, so that no walk has to clean up after another."""


class Fan:
    """The operands of a node that has any number of them, and its local derivatives.

    A detached node has an operand and no derivatives: it is recorded, and no sweep passes it.
    """

    __slots__ = ("operands", "partials")

    def __init__(self, operands: "list[Node]", partials: list[float]) -> None:
        self.operands = operands
        self.partials = partials


class Node:
    """A number, how it was made, and what the last sweep left in it."""

    __slots__ = ("_data", "_dx", "_dy", "_fan", "_grad", "_label", "_mark", "_op", "_x", "_y")

    _data: float
    _grad: float
    _label: str
    _op: str
    _x: "Node | None"
    _y: "Node | None"
    _dx: float
    _dy: float
    _fan: Fan | None
    _mark: int


N = TypeVar("N", bound=Node)


def interior(root: N, through_detached: bool) -> list[N]:
    """The nodes below and with root that have operands, every node after its operands."""
    entered = next(_EPOCHS)
    done = entered + 1
    order = []
    stack: list[Node] = []
    if root._mark < _LEAF:
        stack.append(root)
    while stack:
        node = stack[-1]
        if node._mark >= entered:
            stack.pop()
            if node._mark == entered:
                node._mark = done
                order.append(node)
            continue
        node._mark = entered
        # The first operand goes on last, to be walked first: operands come in reading order.
        y = node._y
        if y is not None and y._mark < entered:
            stack.append(y)
        x = node._x
        if x is not None:
            if x._mark < entered:
                stack.append(x)
            continue
        fan = node._fan
        if fan is not None and (fan.partials or through_detached):
            stack.extend([v for v in reversed(fan.operands) if v._mark < entered])
    return order  # type: ignore[return-value]


def operands_of(node: N) -> list[N]:
    """The operands of a node in order, constants included; none for a leaf."""
    if node._x is not None:
        return [node._x] if node._y is None else [node._x, node._y]  # type: ignore[list-item]
    return [] if node._fan is None else list(node._fan.operands)  # type: ignore[arg-type]


def topological_order(root: N) -> list[N]:
    """Every node of the graph of root, once, each after its operands, root last.

    The order is the same in every process: it follows the operands as they were written. A leaf
    stands just before the first node that uses it.
    """
    if root._mark >= _LEAF:
        return [root]
    order: list[N] = []
    seen: set[int] = set()
    for node in interior(root, True):
        for operand in operands_of(node):
            if operand._mark >= _LEAF and id(operand) not in seen:
                seen.add(id(operand))
                order.append(operand)
        order.append(node)
    return order


def is_constant(node: Node) -> bool:
    """Whether the node is a plain number that took part in an operation: the 2 of `2 * x`."""
    return node._mark == _CONSTANT


def backward(root: Node) -> None:
    """Put ∂root/∂node into the grad of every interior node, and add it into the grad of every leaf."""
    if root._mark >= _LEAF:
        root._grad += 1.0
        return
    order = interior(root, False)
    for node in order:
        node._grad = 0.0
    root._grad = 1.0
    for node in reversed(order):
        g = node._grad
        x = node._x
        if x is not None:
            x._grad += g * node._dx
            y = node._y
            if y is not None:
                y._grad += g * node._dy
            continue
        fan = node._fan
        if fan is not None:
            partials = fan.partials
            if partials:
                for operand, partial in zip(fan.operands, partials, strict=True):
                    operand._grad += g * partial
