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

from threading import Lock
from typing import Final

from autograd.engine import graph
from autograd.engine.graph import COMPILED, CONSTANT, LEAF, N, Node, passes_on, recorded_operands

WALKING: Final = Lock()
"""Held by the one walk that may use the marks in the nodes."""


def ordered(root: N, leaves: list[N], *, through_detached: bool = False, clear: bool = False) -> list[N]:
    """The order of `graph.ordered`, whoever else is walking."""
    if COMPILED:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)
    # A walk that this one interrupted can't go on before it ends, so waiting for the lock might last for ever.
    if WALKING.locked():
        return _ordered_without_marks(root, leaves, through_detached, clear)
    with WALKING:
        return graph.ordered(root, leaves, through_detached=through_detached, clear=clear)


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
