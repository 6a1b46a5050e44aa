"""A node, the order of the nodes of a graph, and the reverse sweep that applies the chain rule.

>>> from autograd.engine import graph
>>> from autograd.engine.value import Value
>>> x = Value(3.0)
>>> y = x * x + x
>>> leaves = []
>>> [node.op for node in graph.ordered(y, leaves)]
['multiply', 'add']
>>> leaves == [x]
True

A node points at its operands and at nothing else, so a graph has no cycles and a dropped one is freed at once.
Nothing here recurses: depth costs memory, never stack. In the pure build `guarded` stands around this walk and
this sweep, because another thread or a signal may come between two lines.
"""

from typing import Final, TypeVar

from autograd.engine.native import i64, mypyc_attr

COMPILED = not __file__.endswith((".py", ".pyc"))
"""Whether this is machine code. The compiler takes it for true and leaves out the parts for the interpreter."""

LEAF: Final = 1 << 60
"""The marks of leaves start here, above those of all other nodes: no walk has to go on from there."""
CONSTANT: Final = 1 << 61
"""The marks of constants start here: plain numbers that took part, whose gradient nobody asks for."""

# ── nodes ──


@mypyc_attr(acyclic=True)
class Fan:
    """The operands of a node as a list, and its local derivatives, for a node that has many or is detached.

    A detached node has an operand and no derivatives: it is recorded, and no sweep passes it.
    """

    __slots__ = ("operands", "partials")

    def __init__(self, operands: "list[Node]", partials: list[float]) -> None:
        self.operands = operands
        self.partials = partials


CONSTANT_FIRST: Final = Fan([], [])
"""The fan of a node of a plain number and a Value, as in `1 - x`."""
CONSTANT_LAST: Final = Fan([], [])
"""The same of a Value and a plain number, as in `x - 1`."""


@mypyc_attr(acyclic=True)
class Node:
    """One scalar of a graph, and how it was made.

    A node of one operand or two keeps them in `_x` and `_y`, with the local derivatives by them in `_dx` and `_dy`.
    A node of many keeps lists in `_fan`. Beside a plain number `_x` is the Value, `_dy` the number, and `_fan` says
    which of them came first. A leaf has no operands; there a sweep may put gradients down in `_dx` and `_dy`.
    Once somebody has asked for the node of the number (see `reading`), `_fan` lists both operands. `_mark` says when a
    walk was here last: see LEAF, CONSTANT and `fresh_marks`.
    """

    __slots__ = ("_data", "_dx", "_dy", "_fan", "_grad", "_label", "_mark", "_op", "_x", "_y")

    def __init__(self) -> None:
        # Compiled, they lie in memory in this order; a walk and a sweep need the first ones.
        self._data: float = 0.0
        self._grad: float = 0.0
        self._mark: i64 = LEAF
        self._x: Node | None = None
        self._y: Node | None = None
        self._dx: float = 0.0
        self._dy: float = 0.0
        self._fan: Fan | None = None
        self._op: str = ""
        self._label: str = ""


BLANK: Final = object()
"""The argument that makes a Value without data, to be filled afterwards."""
N = TypeVar("N", bound=Node)


def blank(kind: type[N]) -> N:
    """A node of that class, still to be filled."""
    node = kind.__new__(kind, BLANK)  # type: ignore[call-arg]
    if not COMPILED:  # compiled, __new__ has done it
        Node.__init__(node)
    return node


def is_constant(node: Node) -> bool:
    """Whether the node is a plain number that took part in an operation: the 2 of `2 * x`."""
    return node._mark >= CONSTANT


def recorded_operands(node: N) -> list[N]:
    """The operands that are nodes."""
    fan = node._fan
    if fan is not None and fan.operands:
        return list(fan.operands)  # type: ignore[arg-type]
    if node._x is None:
        return []
    return [node._x] if node._y is None else [node._x, node._y]  # type: ignore[list-item]


def passes_on(node: Node) -> bool:
    """Whether a sweep goes on from a node to its operands: not from a leaf, and not from a detached node."""
    return node._x is not None or (node._fan is not None and bool(node._fan.partials))


# ── order ──


class _Marks:
    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used: i64 = 1


_MARKS: Final = _Marks()


def fresh_marks(count: i64) -> i64:
    """The first of so many marks that no node has yet, so that no walk has to clean up after another."""
    _MARKS.used += count
    return _MARKS.used - count


def ordered(root: N, leaves: list[N], *, through_detached: bool = False, clear: bool = False) -> list[N]:
    """The nodes with operands below and with root, each after its operands, in the order of reading.

    The leaves below root, without constants, are put into the list given. With clear, the gradient of every node
    returned becomes zero.
    """
    order: list[N] = []
    stack: list[N] = []
    # The marks are drawn last: making a list may set off the cyclic collector, and with it somebody's walk.
    walk(root, order, leaves, stack, fresh_marks(2), through_detached, clear)
    return order


def walk(
    root: Node, found: list[N], met: list[N], waiting: list[N], entered: i64, through_detached: bool, clear: bool
) -> None:
    """Append to found what `ordered` returns and to met the leaves, each node once for these two marks.

    The stack holds nodes that are entered, to be put into order when they come up again, and after each of them
    its operands that are still to be entered, the first one last.
    """
    order: list[Node] = found  # type: ignore[assignment]
    leaves: list[Node] = met  # type: ignore[assignment]
    stack: list[Node] = waiting  # type: ignore[assignment]
    done: i64 = entered + 1
    leaf_entered: i64 = LEAF + entered
    node = root
    if node._mark >= entered:
        return
    while True:
        node._mark = entered
        stack.append(node)
        y = node._y
        if y is not None:
            mark = y._mark
            if mark < entered:
                stack.append(y)
            elif LEAF <= mark < leaf_entered:
                y._mark = leaf_entered
                leaves.append(y)
        x = node._x
        if x is not None:
            mark = x._mark
            if mark < entered:
                node = x
                continue
            if LEAF <= mark < leaf_entered:
                x._mark = leaf_entered
                leaves.append(x)
        else:
            fan = node._fan
            if fan is not None and (fan.partials or through_detached):
                for v in reversed(fan.operands):
                    mark = v._mark
                    if mark < entered:
                        stack.append(v)
                    elif LEAF <= mark < leaf_entered:
                        v._mark = leaf_entered
                        leaves.append(v)
        while stack:
            node = stack.pop()
            mark = node._mark
            if mark < entered:
                break
            if mark == entered:
                node._mark = done
                order.append(node)
                if clear:
                    node._grad = 0.0
        else:
            return


# ── the reverse sweep ──


def backward(root: Node) -> None:
    """Put ∂root/∂node into the gradient of every node with operands, and add it to the gradient of every leaf.

    A leaf starts from zero and gets its earlier gradient back at the end: a gradient that is added up on top of an
    earlier one would be rounded differently, and two sweeps would not give exactly twice the gradient.
    """
    if root._mark >= LEAF:
        root._grad += 1.0
        return
    leaves: list[Node] = []
    order = ordered(root, leaves, clear=True)
    for leaf in leaves:
        leaf._dx = leaf._grad
        leaf._grad = 0.0
    sweep(root, order)
    for leaf in leaves:
        leaf._grad = leaf._dx + leaf._grad


def sweep(root: Node, order: list[Node]) -> None:
    """Go through the order backwards; each node adds upstream gradient × local derivative to its operands."""
    root._grad = 1.0
    for node in reversed(order):
        upstream = node._grad
        x = node._x
        if x is not None:
            x._grad += upstream * node._dx
            y = node._y
            if y is not None:
                y._grad += upstream * node._dy
            continue
        fan = node._fan
        if fan is not None:
            partials = fan.partials
            if partials:
                # Compiled, `strict` would make calls into the interpreter of this loop; they pair.
                for operand, partial in zip(fan.operands, partials):  # noqa: B905
                    operand._grad += upstream * partial
