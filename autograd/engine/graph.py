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
Nothing here recurses, so a deep graph needs memory and no stack. In the pure build another thread or a signal may
come between two lines, so `guarded` protects this walk and this sweep.
"""

from typing import Final, TypeVar

from autograd.engine.native import i64, mypyc_attr

COMPILED = not __file__.endswith((".py", ".pyc"))
"""Whether this is machine code. The compiler takes it for true and leaves out the parts for the interpreter."""

LEAF: Final = 1 << 60
"""The marks of leaves start here, above those of all other nodes, because a walk ends at a leaf."""
CONSTANT: Final = 1 << 61
"""The marks of constants start here: plain numbers beside Values, whose gradient nobody asks for."""

# ── nodes ──


@mypyc_attr(acyclic=True)
class Fan:
    """The operands of a node as a list, and its local derivatives, for a node that has many or is detached.

    A detached node has an operand and no local derivatives, so no sweep goes through it.
    """

    __slots__ = ("operands", "partials")

    def __init__(self, operands: "list[Node]", partials: list[float]) -> None:
        self.operands = operands
        self.partials = partials


@mypyc_attr(acyclic=True)
class Choice(Fan):
    """The fan of a node that passes gradients on to one operand alone: that one, and the row of all for readers."""

    __slots__ = ("row",)

    def __init__(self, taken: "Node", row: "list[Node]") -> None:
        Fan.__init__(self, [taken], [1.0])
        self.row = row


CONSTANT_FIRST: Final = Fan([], [])
"""The fan of a node of a plain number and a Value, as in `1 - x`."""
CONSTANT_LAST: Final = Fan([], [])
"""The same of a Value and a plain number, as in `x - 1`."""


@mypyc_attr(acyclic=True)
class Node:
    """One scalar of a graph, and how it was made.

    A node with one operand or two keeps them in `_x` and `_y`, and its local derivatives in `_dx` and `_dy`.
    A node with many keeps lists of both in `_fan`. If one of two operands is a plain number, `_x` is the Value, `_dy`
    is the number, and `_fan` says which came first. If somebody asks for the node of that number (see `reading`),
    `_fan` lists both operands. A leaf has no operands; a sweep keeps gradients in its `_dx` and `_dy` for a while.
    `_mark` says which walk visited the node last, and whether the node is a leaf or a constant: see LEAF, CONSTANT and
    `fresh_marks`.
    """

    __slots__ = ("_data", "_dx", "_dy", "_fan", "_grad", "_label", "_mark", "_operation", "_x", "_y")

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
        self._operation: str = ""
        self._label: str = ""


BLANK: Final = object()
"""The argument that makes a Value without data, which is filled afterwards."""
N = TypeVar("N", bound=Node)


def blank(kind: type[N]) -> N:
    """A node of that class without data, which is filled afterwards."""
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
        return list(listed(fan))  # type: ignore[arg-type]
    if node._x is None:
        return []
    return [node._x] if node._y is None else [node._x, node._y]  # type: ignore[list-item]


def listed(fan: Fan) -> list[Node]:
    """All operands of a node, from its fan."""
    return fan.row if isinstance(fan, Choice) else fan.operands


def swept_operands(node: N) -> list[N]:
    """The operands that a sweep goes on to: the branch that is taken of `where`, and none of a detached node."""
    if isinstance(node._fan, Choice):
        return node._fan.operands  # type: ignore[return-value]
    return recorded_operands(node) if passes_on(node) else []


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
    """Reserve that many marks that no node has yet, and return the first: no walk has to clean up after another."""
    _MARKS.used += count
    return _MARKS.used - count


def ordered(root: N, leaves: list[N], *, through_detached: bool = False, clear: bool = False) -> list[N]:
    """The nodes of the graph of root that have operands, each after its operands, from left to right.

    Its leaves, without constants, are added to the list `leaves`. With `clear`, the gradient of every node returned
    becomes zero.
    """
    order: list[N] = []
    stack: list[N] = []
    # The marks are reserved last, because making a list may start the garbage collector, and with it another walk.
    walk(root, order, leaves, stack, fresh_marks(2), through_detached, clear)  # type: ignore[arg-type]
    return order


def walk(
    root: Node, order: list[Node], leaves: list[Node], stack: list[Node], entered: i64, detached: bool, clear: bool
) -> None:
    """Fill the order and the leaves that `ordered` returns, with two marks: entered, and the next one for done.

    The stack is empty at first. It holds nodes that are entered and go into the order when they come up again. Above
    each of them are its operands that are still to be entered, with the first one on top.
    """
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
            if fan is not None and (fan.partials or detached):
                for v in reversed(listed(fan) if detached else fan.operands):
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


def backward(root: Node, gradient: float) -> None:
    """Put gradient · ∂root/∂node into every node with operands, and add it to the gradient of every leaf.

    A leaf starts from zero, and its earlier gradient is added at the end. If contributions were added to the earlier
    gradient one by one, they would be rounded differently, and two sweeps would not give exactly twice the gradient.
    """
    if root._mark >= LEAF:
        root._grad += gradient
        return
    leaves: list[Node] = []
    order = ordered(root, leaves, clear=True)
    for leaf in leaves:
        leaf._dx = leaf._grad
        leaf._grad = 0.0
    root._grad = gradient
    sweep(order)
    for leaf in leaves:
        leaf._grad = leaf._dx + leaf._grad


def sweep(order: list[Node]) -> None:
    """Go through the order backwards: each node adds upstream gradient × local derivative to its operands."""
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
