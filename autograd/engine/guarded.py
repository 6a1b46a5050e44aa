"""The walk and the sweep, safe from threads and interrupts.

>>> from autograd.engine import guarded
>>> from autograd.engine.value import Value
>>> x = Value(3.0)
>>> guarded.backward(x * x)
>>> x.grad
6.0

Compiled, the functions of `graph` run without interruption, and this module only calls them. In the pure build another
thread may overwrite the marks of a walk, and Ctrl-C may stop a sweep halfway. So this module has a walk that needs no
marks, and a sweep that restores gradients.
"""

import gc
from collections import deque
from collections.abc import Callable, Collection
from threading import Lock
from typing import Final

from autograd.engine import graph
from autograd.engine.graph import COMPILED, CONSTANT, LEAF, N, Node, recorded_operands, swept_operands
from autograd.engine.number import WRITES

WALKING: Final = Lock()
"""Held, in the pure build, by the one walk that may use the marks of nodes."""


class Uncollected:
    """A `with` block in which nothing is collected, so that no finalizer walks over nodes and takes their marks.

    Only compiled code needs it. In the pure build an interrupt could leave collection turned off for good.
    """

    def __enter__(self) -> None:
        self._collecting = COMPILED and gc.isenabled()
        if self._collecting:
            gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._collecting:
            gc.enable()


def ordered(root: N, leaves: list[N], *, through_detached: bool = False, clear: bool = False) -> list[N]:
    """The order of `graph.ordered`, even while another walk is under way."""
    if COMPILED:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)
    # This walk may have interrupted the one that holds the lock, which then can't go on: waiting could last for ever.
    if WALKING.locked():
        return ordered_without_marks(root, leaves, through_detached=through_detached, clear=clear)
    with WALKING:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)


def ordered_without_marks(
    root: N, leaves: list[N], known: Collection[int] = (), *, through_detached: bool = False, clear: bool = False
) -> list[N]:
    """The same walk in the same order, with sets in place of marks; it does not enter nodes whose ids are known."""
    order: list[N] = []
    entered: set[int] = set()
    done: set[int] = set()
    stack: list[N] = [root] if root._mark < LEAF else []
    while stack:
        node = stack.pop()
        if id(node) not in entered:
            entered.add(id(node))
            stack.append(node)
            for v in reversed(recorded_operands(node) if through_detached else swept_operands(node)):
                if id(v) in entered or id(v) in known:
                    continue
                if v._mark < LEAF:
                    stack.append(v)
                elif v._mark < CONSTANT:
                    entered.add(id(v))
                    leaves.append(v)
        elif id(node) not in done:
            done.add(id(node))
            order.append(node)
            if clear:
                node._grad = 0.0
    return order


def backward(root: Node, gradient: float = 1.0) -> None:
    """`graph.backward`; an interrupt leaves the gradients of all leaves as they were, or as they should be."""
    if COMPILED or root._mark >= LEAF:
        graph.backward(root, gradient)
        return
    leaves: list[Node] = []
    order = ordered(root, leaves, clear=True)
    # `_dx` of a leaf keeps the gradient that it had, and `_dy` the one that it will have.
    for leaf in leaves:
        leaf._dx = leaf._grad
    swept = False
    try:
        try:
            for leaf in leaves:
                leaf._grad = 0.0
            root._grad = gradient
            graph.sweep(order)
            for leaf in leaves:
                leaf._dy = leaf._dx + leaf._grad
            swept = True
        finally:
            _write_gradients(leaves, swept)
    except BaseException:
        _write_gradients(leaves, swept)  # Once more, because the writing itself may have been interrupted.
        raise


def _write_gradients(leaves: list[Node], swept: bool) -> None:
    for leaf in leaves:
        leaf._grad = leaf._dy if swept else leaf._dx


def assign(nodes: list[N], numbers: list[float]) -> None:
    """Set the data of each node to the number in its place; no interrupt comes between the first and the last."""
    WRITES.count += 1
    if COMPILED:
        for v, x in zip(nodes, numbers, strict=True):
            v._data = x
    else:  # Here nothing of Python runs between them either.
        set_data: Callable[[Node, float], None] = vars(Node)["_data"].__set__
        deque(map(set_data, nodes, numbers), maxlen=0)
