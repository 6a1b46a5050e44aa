"""What a graph is made of, its order, and the reverse sweep that applies the chain rule.

>>> from autograd import Value, topological_order
>>> x = Value(3.0, label="x")
>>> [v.op or v.label for v in topological_order(x * x + 1)]
['x', 'multiply', '', 'add']

A node points at its operands and at nothing else, so a graph has no cycles and a dropped one is
freed at once. Nothing here recurses: depth costs memory, never stack.
"""

from copy import deepcopy
from itertools import count
from threading import Lock
from typing import Final, TypeAlias, TypeVar

LEAF: Final = 1 << 60
"""The marks of leaves start here, above those of all other nodes: no walk has to go on from there."""
CONSTANT: Final = 1 << 61
"""The mark of a constant, whose gradient nobody asks for."""
_EPOCHS: Final = count(1, 2)
"""Every walk draws a fresh pair of marks, entered and done, so that no walk has to clean up after another."""
_WALKING: Final = Lock()
"""Held by the one walk that may use the marks in the nodes."""
_LISTED: Final = -1
"""The mark of a node that the node being pickled has listed ahead of itself."""


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

    def __copy__(self) -> "Node":
        twin = _blank(type(self))
        twin.__setstate__(self._state([]))
        return twin

    def __deepcopy__(self, memo: dict[int, object]) -> "Node":
        # All twins are known before the first is filled, so whatever points back finds its twin.
        found: list[Node] = []
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            if id(node) not in memo:
                memo[id(node)] = _blank(type(node))
                found.append(node)
                stack.extend(operands_of(node))
        for node in found:
            node._fill(memo)
        return memo[id(self)]  # type: ignore[return-value]

    def _fill(self, twins: dict[int, object]) -> None:
        """Make its twin, still blank, a copy that points at the twins of its operands."""
        _, shown, (x, dx, y, dy, fan), extras = self._state([])
        x, y = (None if v is None else twins[id(v)] for v in (x, y))  # type: ignore[assignment]
        fan = None if fan is None else ([twins[id(v)] for v in fan[0]], list(fan[1]))  # type: ignore[misc]
        twins[id(self)].__setstate__(  # type: ignore[attr-defined]
            (None, shown, (x, dx, y, dy, fan), deepcopy(extras, twins) if extras else None)
        )

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle follows operands by recursion. So the node that it is handed first lists all nodes
        # below it, each after its operands, and those answer for themselves alone.
        below: list[Node] = []
        if self._mark == _LISTED:
            self._mark = 0
        elif self._mark < LEAF:
            below = interior(self, True, [])
            below.pop()
            for node in below:
                node._mark = _LISTED
        return _blank, (type(self),), self._state(below)

    def _state(self, below: "list[Node]") -> "_State":
        fan = None if self._fan is None else (self._fan.operands, self._fan.partials)
        return (
            (below, _EndOfList(below)) if below else None,
            (self._data, self._grad, self._label, self._op, self._mark == CONSTANT),
            (self._x, self._dx, self._y, self._dy, fan),
            getattr(self, "__dict__", None),
        )

    def __setstate__(self, state: "_State") -> None:
        _, (self._data, self._grad, self._label, self._op, is_constant), way, extras = state
        self._x, self._dx, self._y, self._dy, fan = way
        self._fan = None if fan is None else Fan(*fan)
        self._mark = CONSTANT if is_constant else 0 if self._op else LEAF
        if extras:  # what a subclass keeps
            self.__dict__.update(extras)


_State: TypeAlias = tuple[
    object,
    tuple[float, float, str, str, bool],
    tuple[Node | None, float, Node | None, float, tuple[list[Node], list[float]] | None],
    dict[str, object] | None,
]
"""A pickled node: the list that goes ahead of it, what it shows, how it was made, what a subclass adds."""


def _blank(kind: type[Node]) -> Node:
    return kind.__new__(kind)


class _EndOfList:
    """Pickled right after a list of nodes, to unmark those that pickle had met before and did not ask again."""

    def __init__(self, below: list[Node]) -> None:
        self._below = below

    def __reduce__(self) -> tuple[object, ...]:
        for node in self._below:
            if node._mark == _LISTED:
                node._mark = 0
        return tuple, ()


N = TypeVar("N", bound=Node)


def interior(root: N, through_detached: bool, leaves: list[N]) -> list[N]:
    """The nodes below and with root that have operands, every node after its operands.

    The leaves below root go to the list given, without constants.
    """
    # Another thread, or what a signal interrupted, may be at its marks. Nobody waits: there is another way.
    if not _WALKING.acquire(blocking=False):
        return _walk_apart(root, through_detached, leaves)
    try:
        return _walk(root, through_detached, leaves)
    finally:
        _WALKING.release()


def _walk_apart(root: N, through_detached: bool, leaves: list[N]) -> list[N]:
    """The same walk in the same order, with notes of its own in place of marks."""
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
            continue
        entered.add(id(node))
        if node._fan is None or node._fan.partials or through_detached:
            for v in reversed(operands_of(node)):
                if id(v) not in entered and v._mark < LEAF:
                    stack.append(v)
                elif id(v) not in entered and v._mark < CONSTANT:
                    entered.add(id(v))
                    leaves.append(v)
    return order


def _walk(root: N, through_detached: bool, leaves: list[N]) -> list[N]:
    entered = next(_EPOCHS)
    done = entered + 1
    leaf_entered = LEAF + entered
    order = []
    found: list[Node] = leaves  # type: ignore[assignment]
    stack: list[Node] = []
    if root._mark < LEAF:
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
        if y is not None:
            if y._mark < entered:
                stack.append(y)
            elif LEAF <= y._mark < leaf_entered:
                y._mark = leaf_entered
                found.append(y)
        x = node._x
        if x is not None:
            if x._mark < entered:
                stack.append(x)
            elif LEAF <= x._mark < leaf_entered:
                x._mark = leaf_entered
                found.append(x)
            continue
        fan = node._fan
        if fan is not None and (fan.partials or through_detached):
            for v in reversed(fan.operands):
                if v._mark < entered:
                    stack.append(v)
                elif LEAF <= v._mark < leaf_entered:
                    v._mark = leaf_entered
                    found.append(v)
    return order  # type: ignore[return-value]


def operands_of(node: N) -> list[N]:
    """The operands of a node in order, constants included; none for a leaf."""
    if node._x is not None:
        return [node._x] if node._y is None else [node._x, node._y]  # type: ignore[list-item]
    return [] if node._fan is None else list(node._fan.operands)  # type: ignore[arg-type]


def topological_order(root: N) -> list[N]:
    """Every node of the graph of root, once, each after its operands, root last.

    The order is the same in every process: it follows the operands as they were written. A leaf
    stands just before the first node that uses it. TypeError if root is no Value.
    """
    if not isinstance(root, Node):
        raise TypeError(f"topological_order takes one Value, not {type(root).__name__} {root!r}")
    if root._mark >= LEAF:
        return [root]
    order: list[N] = []
    seen: set[int] = set()
    for node in interior(root, True, []):
        for operand in operands_of(node):
            if operand._mark >= LEAF and id(operand) not in seen:
                seen.add(id(operand))
                order.append(operand)
        order.append(node)
    return order


def is_constant(node: Node) -> bool:
    """Whether the node is a plain number that took part in an operation: the 2 of `2 * x`."""
    return node._mark == CONSTANT


def backward(root: Node) -> None:
    """Put ∂root/∂node into the grad of every interior node, and add it into the grad of every leaf.

    An interrupt leaves the grad of all leaves as it was, or as it should be.
    """
    if root._mark >= LEAF:
        root._grad += 1.0
        return
    leaves: list[Node] = []
    order = interior(root, False, leaves)
    # A leaf starts from zero and gets back what it had at the end: added bit by bit to an earlier
    # gradient, the same gradient would be rounded differently.
    earlier = [leaf._grad for leaf in leaves]
    result = earlier
    try:
        for leaf in leaves:
            leaf._grad = 0.0
        _sweep(root, order)
        result = [leaf._grad + g for leaf, g in zip(leaves, earlier, strict=True)]
    finally:
        _write_grads(leaves, result)


def _write_grads(leaves: list[Node], grads: list[float]) -> None:
    """Set all, and all over again if somebody interrupts."""
    try:
        for i, leaf in enumerate(leaves):
            leaf._grad = grads[i]
    except BaseException:
        _write_grads(leaves, grads)
        raise


def _sweep(root: Node, order: list[Node]) -> None:
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
