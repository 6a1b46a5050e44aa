"""The walk and the sweep, safe from threads and interrupts.

>>> from autograd.engine import guarded
>>> from autograd.engine.value import Value
>>> x = Value(3.0)
>>> guarded.backward(x * x)
>>> x.grad
6.0

Compiled, the functions of `graph` run to their ends in one go, and this module hands over to them. In
the pure build another thread may walk over the marks of this walk, and Ctrl-C may stop a sweep halfway; then a
walk without marks and a sweep that puts gradients back are needed.
"""

import gc
from array import array
from threading import Lock
from typing import Final, Generic

from autograd.engine import graph
from autograd.engine.graph import (
    COMPILED,
    CONSTANT,
    CONSTANT_FIRST,
    CONSTANT_LAST,
    LEAF,
    N,
    Node,
    constant_beside,
    fan_with,
    fresh_marks,
    passes_on,
    recorded_operands,
)
from autograd.engine.native import i64

WALKING: Final = Lock()
"""Held by the one walk that may use the marks in the nodes."""
_IN_THE_MAKING: Final[dict[int, Node]] = {}
"""Nodes of plain numbers, by the ids of the nodes that were made of them, while some thread asks for them."""


def operands_of(node: N) -> list[N]:
    """The operands of `graph.operands_of`, the same ones for all threads that ask for them at once."""
    fan = node._fan
    if COMPILED or (fan is not CONSTANT_FIRST and fan is not CONSTANT_LAST):
        return graph.operands_of(node)
    constant = _IN_THE_MAKING.setdefault(id(node), constant_beside(node))
    made = fan_with(constant, node)
    if node._fan is fan:  # or else another thread was quicker, and perhaps with another constant
        node._fan = made
    _IN_THE_MAKING.pop(id(node), None)
    return recorded_operands(node)


def ordered(root: N, leaves: list[N], *, through_detached: bool = False, clear: bool = False) -> list[N]:
    """The order of `graph.ordered`, whoever else is walking."""
    if COMPILED:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)
    # A walk that this one interrupted can't go on before it ends, so waiting for the lock might last for ever.
    if WALKING.locked():
        return _ordered_without_marks(root, leaves, through_detached, clear)
    with WALKING:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)


def in_order(roots: list[N], plain: "array[int]") -> list[N]:
    """Every node of the graphs of these roots, once, each after its operands.

    The order is the same in every process: it follows the operands as they were written. A leaf stands just before
    the first node that uses it. A plain number that has no node yet is stood in for by the node that was made of it,
    and its place is put into plain.
    """
    collecting = gc.isenabled()
    gc.disable()  # Collecting may call a finalizer that walks over these nodes and takes their marks.
    try:
        return _Order[N](plain).of(roots)
    finally:
        if collecting:
            gc.enable()


def all_in_order(root: N) -> list[N]:
    """The same for one root, with a node for each plain number."""
    plain = array("i")
    nodes = in_order([root], plain)
    for place in plain:
        nodes[place] = number_beside(nodes[place])
    return nodes


def number_beside(node: N) -> N:
    """The node of the plain number that a node was made of."""
    operands = operands_of(node)
    return operands[1] if operands[0] is node._x else operands[0]


class _Order(Generic[N]):
    """Lists nodes, each once; compiled, it knows them by their marks."""

    def __init__(self, plain: "array[int]") -> None:
        self.found: list[N] = []
        self.plain = plain
        self.entered: i64 = fresh_marks(3)
        self.seen: set[int] = set()

    def of(self, roots: list[N]) -> list[N]:
        for root in roots:
            part: list[N] = []
            if COMPILED:
                graph.walk(root, part, [], [], self.entered, True, False)
            else:
                part = ordered(root, [], through_detached=True)
            if root._mark >= LEAF:
                self.add(root)
            for node in part:
                fan = node._fan
                if fan is CONSTANT_FIRST or fan is CONSTANT_LAST:
                    x = node._x
                    assert x is not None
                    if fan is CONSTANT_LAST and x._mark >= LEAF:
                        self.add(x)  # type: ignore[arg-type]
                    self.plain.append(len(self.found))
                    self.found.append(node)
                    if fan is CONSTANT_FIRST and x._mark >= LEAF:
                        self.add(x)  # type: ignore[arg-type]
                elif fan is not None:
                    for v in fan.operands:
                        if v._mark >= LEAF:
                            self.add(v)  # type: ignore[arg-type]
                else:
                    x, y = node._x, node._y
                    if x is not None and x._mark >= LEAF:
                        self.add(x)  # type: ignore[arg-type]
                    if y is not None and y._mark >= LEAF:
                        self.add(y)  # type: ignore[arg-type]
                if COMPILED or len(roots) == 1:
                    self.found.append(node)
                else:
                    self.add(node)
        return self.found

    def add(self, node: N) -> None:
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
        self.found.append(node)


def _ordered_without_marks(root: N, leaves: list[N], through_detached: bool, clear: bool) -> list[N]:
    """The same walk in the same order, with sets in place of marks."""
    order: list[N] = []
    entered: set[int] = set()
    done: set[int] = set()
    stack: list[N] = [root] if root._mark < LEAF else []
    while stack:
        node = stack[-1]
        if id(node) in entered:
            stack.pop()
            if id(node) not in done:
                done.add(id(node))
                order.append(node)
                if clear:
                    node._grad = 0.0
            continue
        entered.add(id(node))
        if through_detached or passes_on(node):
            for v in reversed(recorded_operands(node)):
                if id(v) not in entered and v._mark < LEAF:
                    stack.append(v)
                elif id(v) not in entered and v._mark < CONSTANT:
                    entered.add(id(v))
                    leaves.append(v)
    return order


def backward(root: Node) -> None:
    """`graph.backward`; an interrupt leaves the gradients of all leaves as they were, or as they should be."""
    if COMPILED or root._mark >= LEAF:
        graph.backward(root)
        return
    leaves: list[Node] = []
    order = ordered(root, leaves, clear=True)
    # `_dx` of a leaf holds the gradient that it had, `_dy` the one that it will have.
    for leaf in leaves:
        leaf._dx = leaf._grad
    swept = False
    try:
        try:
            for leaf in leaves:
                leaf._grad = 0.0
            graph.sweep(root, order)
            for leaf in leaves:
                leaf._dy = leaf._dx + leaf._grad
            swept = True
        finally:
            _write_gradients(leaves, swept)
    except BaseException:
        _write_gradients(leaves, swept)  # Once more: it may have been the writing that was interrupted.
        raise


def _write_gradients(leaves: list[Node], swept: bool) -> None:
    for leaf in leaves:
        leaf._grad = leaf._dy if swept else leaf._dx
