"""Copies and pickles of nodes, however deep their graph is.

>>> import copy, pickle
>>> from autograd.engine.value import Value
>>> x = Value(3.0, label="x")
>>> y = x * x
>>> pickle.loads(pickle.dumps(y)).operands, copy.deepcopy(y).operands[0] is x
((Value(data=3.0, grad=0.0, label='x'), Value(data=3.0, grad=0.0, label='x')), False)

`copy` and `pickle` follow operands by recursion, which fails after some hundred nodes. So a node lists all nodes below
it, and pickle comes to each of them from that list.
"""

from typing import Final, TypeAlias

from autograd.engine import guarded
from autograd.engine.graph import (
    CONSTANT,
    CONSTANT_FIRST,
    CONSTANT_LAST,
    LEAF,
    Choice,
    Fan,
    Node,
    blank,
    listed,
    recorded_operands,
)
from autograd.engine.number import plain

_LISTED: Final = -1
"""The mark of a node that is in the list of the node being pickled."""

_Fan: TypeAlias = tuple[list[Node], list[float], bool] | bool | None
"""Operands and partials of a fan, and whether it is a Choice; True and False are CONSTANT_FIRST and CONSTANT_LAST."""
State: TypeAlias = tuple[
    object,
    tuple[float, float, str, str, bool],
    tuple[Node | None, float, Node | None, float, _Fan],
]
"""A pickled node: the list ahead of it; data, gradient, label, operation, whether it is a constant; how it was made."""


def shallow(node: Node) -> Node:
    """A new node with the same data, label and operands."""
    twin = blank(type(node))
    fill(twin, _state(node, []))
    return twin


def deep(node: Node, memo: dict[int, object]) -> Node:
    """A copy of the whole graph; memo has the copies of nodes that were copied before, by their ids."""
    # All copies are made before the first is filled, so each finds the copies of its operands.
    found: list[Node] = []
    stack: list[Node] = [node]
    while stack:
        v = stack.pop()
        if id(v) not in memo:
            memo[id(v)] = blank(type(v))
            found.append(v)
            stack.extend(recorded_operands(v))
    for v in found:
        _, shown, (x, dx, y, dy, fan) = _state(v, [])
        x, y = (None if operand is None else memo[id(operand)] for operand in (x, y))  # type: ignore[assignment]
        if isinstance(fan, tuple):
            fan = [memo[id(operand)] for operand in fan[0]], list(fan[1]), fan[2]  # type: ignore[misc]
        fill(memo[id(v)], (None, shown, (x, dx, y, dy, fan)))  # type: ignore[arg-type]
    return memo[id(node)]  # type: ignore[return-value]


def reduced(node: Node) -> tuple[object, ...]:
    """The result of `__reduce__`.

    The node that pickle comes to first lists all nodes below it, each after its operands. A node in this list has no
    list of its own.
    """
    below: list[Node] = []
    if node._mark == _LISTED:
        node._mark = 0
    elif node._mark < LEAF:
        leaves: list[Node] = []
        below = guarded.ordered(node, leaves, through_detached=True)
        below.pop()
        for v in below:
            v._mark = _LISTED
    return blank, (type(node),), _state(node, below)


def _state(node: Node, below: list[Node]) -> State:
    fan: _Fan = None
    if node._fan is CONSTANT_FIRST or node._fan is CONSTANT_LAST:
        fan = node._fan is CONSTANT_FIRST
    elif node._fan is not None:
        fan = listed(node._fan), node._fan.partials, isinstance(node._fan, Choice)
    dx, dy = (node._dx, node._dy) if node._operation else (0.0, 0.0)  # A sweep keeps gradients in those of a leaf.
    return (
        (below, _EndOfList(below)) if below else None,
        (node._data, node._grad, node._label, node._operation, node._mark >= CONSTANT),
        (node._x, dx, node._y, dy, fan),
    )


def fill(node: Node, state: State) -> None:
    """Fill a blank node from a state."""
    _, (node._data, node._grad, label, op, is_constant), rest = state
    node._label, node._operation = plain(label), plain(op)
    node._x, node._dx, node._y, node._dy, fan = rest
    if isinstance(fan, bool):
        node._fan = CONSTANT_FIRST if fan else CONSTANT_LAST
    elif fan is None:
        node._fan = None
    elif fan[2]:
        node._fan = Choice(fan[0][1] if node._dy else fan[0][2], fan[0])
    else:
        node._fan = Fan(fan[0], fan[1])
    node._mark = CONSTANT if is_constant else 0 if node._operation else LEAF


class _EndOfList:
    """Pickled right after a list of nodes, it unmarks those that pickle knew before and did not reduce again.

    If pickling fails halfway, it does so when it is freed.
    """

    def __init__(self, below: list[Node]) -> None:
        self._below = below

    def __reduce__(self) -> tuple[object, ...]:
        self._unmark()
        return tuple, ()

    def __del__(self) -> None:
        self._unmark()

    def _unmark(self) -> None:
        for node in self._below:
            if node._mark == _LISTED:
                node._mark = 0
