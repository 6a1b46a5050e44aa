"""A graph for its readers: the operands of a node, plain numbers included, and all nodes in order.

>>> from autograd.engine import reading
>>> from autograd.engine.value import Value
>>> x = Value(3.0, label="x")
>>> [node.op or node.label or node.data for node in reading.all_in_order(x * x + 1)]
['x', 'multiply', 1.0, 'add']

A plain number beside an operator, such as the 1 above, gets a node when a reader asks for it. The walk and the sweep
of `graph` don't need one, so most graphs never have such nodes.
"""

from array import array
from typing import Final, Generic

from autograd.engine import graph, guarded
from autograd.engine.graph import (
    COMPILED,
    CONSTANT,
    CONSTANT_FIRST,
    CONSTANT_LAST,
    LEAF,
    Choice,
    Fan,
    N,
    Node,
    blank,
    fresh_marks,
    recorded_operands,
)
from autograd.engine.native import i64

_IN_THE_MAKING: Final[dict[int, Node]] = {}
"""New nodes of plain numbers, by the ids of the nodes that were made of them, while some thread makes them."""


def operands_of(node: N) -> list[N]:
    """The operands of a node in order, plain numbers included; none for a leaf."""
    fan, x = node._fan, node._x
    if x is not None and (fan is CONSTANT_FIRST or fan is CONSTANT_LAST):
        # Several threads may ask at once. They all get the same node, because nothing comes between in `setdefault`.
        constant: Node = _IN_THE_MAKING.setdefault(id(node), blank(type(node)))
        constant._data = node._dy
        constant._mark = CONSTANT
        if node._fan is fan:  # No other thread was faster.
            node._fan = Fan([constant, x] if fan is CONSTANT_FIRST else [x, constant], [])
        _IN_THE_MAKING.pop(id(node), None)
    return recorded_operands(node)


def number_beside(node: N) -> N:
    """The node of the plain number that a node was made of."""
    operands = operands_of(node)
    return operands[1] if operands[0] is node._x else operands[0]


def partials_of(node: Node) -> list[float]:
    """The local derivative by each operand, 0.0 where none was formed."""
    fan = node._fan
    if fan is None:
        if node._y is not None:
            return [node._dx, node._dy]
        return [] if node._x is None else [node._dx]
    if isinstance(fan, Choice):
        return [0.0, node._dy, 1.0 - node._dy]
    if fan is CONSTANT_FIRST:
        return [0.0, node._dx]
    if fan is CONSTANT_LAST:
        return [node._dx, 0.0]
    return fan.partials or [node._dx if v is node._x else 0.0 for v in fan.operands]


def in_order(roots: list[N], plain: "array[int]") -> list[N]:
    """Every node of the graphs of these roots, once, each after its operands.

    The order is the same in every process: it follows the operands from left to right. A leaf comes directly before
    the first node that uses it. In the place of a plain number that has no node yet is the node that was made of it,
    and this place is added to `plain`.
    """
    with guarded.Uncollected():
        return _Order[N](plain).of(roots)


def all_in_order(root: N) -> list[N]:
    """The same for one root, with a node for each plain number."""
    plain = array("i")
    nodes = in_order([root], plain)
    for place in plain:
        nodes[place] = number_beside(nodes[place])
    return nodes


class _Order(Generic[N]):
    """Lists nodes, each once. The compiled build knows them by their marks, the pure one by their ids."""

    def __init__(self, plain: "array[int]") -> None:
        self.found: list[N] = []
        self.plain = plain
        # In the pure build only a walk that holds the lock may reserve marks: two at once could get the same.
        self.entered: i64 = fresh_marks(3) if COMPILED else 0
        self.seen: set[int] = set()

    def of(self, roots: list[N]) -> list[N]:
        for root in roots:
            part: list[N] = []
            if COMPILED:
                graph.walk(root, part, [], [], self.entered, True, False)  # type: ignore[arg-type]
            else:
                part = guarded.ordered(root, [], through_detached=True)
                if len(roots) > 1:  # Earlier roots may have brought some of them.
                    part = [v for v in part if id(v) not in self.seen]
                    self.seen.update(map(id, part))
            if root._mark >= LEAF:
                self.add(root)
            for node in part:
                self.add_leaves_of(node)
                self.found.append(node)
        return self.found

    def add_leaves_of(self, node: Node) -> None:
        """List the operands of a node that are leaves or plain numbers."""
        x, y, fan = node._x, node._y, node._fan
        if fan is not None and fan.operands:
            for v in fan.row if isinstance(fan, Choice) else fan.operands:  # A call costs a tenth here.
                if v._mark >= LEAF:
                    self.add(v)
            return
        if fan is CONSTANT_FIRST:
            self.add_number(node)
        if x is not None and x._mark >= LEAF:
            self.add(x)
        if y is not None and y._mark >= LEAF:
            self.add(y)
        if fan is CONSTANT_LAST:
            self.add_number(node)

    def add_number(self, node: Node) -> None:
        self.plain.append(len(self.found))
        self.found.append(node)  # type: ignore[arg-type]

    def add(self, node: Node) -> None:
        """List a node unless it is listed."""
        if COMPILED:
            listed: i64 = self.entered + 2
            if node._mark & (LEAF - 1) == listed:
                return
            node._mark = (node._mark & (LEAF + CONSTANT)) + listed
        else:
            if id(node) in self.seen:
                return
            self.seen.add(id(node))
        self.found.append(node)  # type: ignore[arg-type]
