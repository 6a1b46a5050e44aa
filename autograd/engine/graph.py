"""What a graph is made of, its order, and the reverse sweep that applies the chain rule.

>>> from autograd import Value
>>> from autograd.engine import graph
>>> x = Value(3.0, label="x")
>>> [v.op or v.label for v in graph.order_of(x * x + x)]
['x', 'multiply', 'add']

A node points at its operands and at nothing else, so a graph has no cycles and a dropped one is
freed at once. Nothing here recurses: depth costs memory, never stack.
"""

from threading import Lock
from typing import Final, TypeAlias, TypeVar

from autograd.engine.native import i64, mypyc_attr
from autograd.engine.number import plain

COMPILED = not __file__.endswith((".py", ".pyc"))
"""Whether this is machine code. The compiler is told so beforehand and leaves out what is for the interpreter."""

LEAF: Final = 1 << 60
"""The marks of leaves start here, above those of all other nodes: no walk has to go on from there."""
CONSTANT: Final = 1 << 61
"""The mark of a constant, whose gradient nobody asks for."""
_WALKING: Final = Lock()
"""Held by the one walk that may use the marks in the nodes."""
_LISTED: Final = -1
"""The mark of a node that the node being pickled has listed ahead of itself."""


@mypyc_attr(acyclic=True)
class Fan:
    """The operands of a node as a list, and its local derivatives where they number more than two.

    A detached node has an operand and no derivatives: it is recorded, and no sweep passes it.
    """

    __slots__ = ("operands", "partials")

    def __init__(self, operands: "list[Node]", partials: list[float]) -> None:
        self.operands = operands
        self.partials = partials


CONSTANT_FIRST: Final = Fan([], [])
"""Marks a node of a number and a Value: x is the Value, dy keeps the number till somebody asks for its node."""
CONSTANT_LAST: Final = Fan([], [])
"""The same of a Value and a number."""


@mypyc_attr(acyclic=True)
class Node:
    """A number, how it was made, and what the last sweep left in it."""

    __slots__ = ("_data", "_dx", "_dy", "_fan", "_grad", "_label", "_mark", "_op", "_x", "_y")

    def __init__(self) -> None:
        # In this order they lie in memory when compiled, and what is asked of an operand comes first.
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
                stack.extend(_links(node))
        for node in found:
            node._fill(memo)
        return memo[id(self)]  # type: ignore[return-value]

    def _fill(self, twins: dict[int, object]) -> None:
        """Make its twin, still blank, a copy that points at the twins of its operands."""
        _, shown, (x, dx, y, dy, fan) = self._state([])
        x, y = (None if v is None else twins[id(v)] for v in (x, y))  # type: ignore[assignment]
        if isinstance(fan, tuple):
            fan = [twins[id(v)] for v in fan[0]], list(fan[1])  # type: ignore[misc]
        twins[id(self)].__setstate__(  # type: ignore[attr-defined]
            (None, shown, (x, dx, y, dy, fan))
        )

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle follows operands by recursion. So the node that it is handed first lists all nodes
        # below it, each after its operands, and those answer for themselves alone.
        below: list[Node] = []
        if self._mark == _LISTED:
            self._mark = 0
        elif self._mark < LEAF:
            below = interior(self, through_detached=True)
            below.pop()
            for node in below:
                node._mark = _LISTED
        return _blank, (type(self),), self._state(below)

    def _state(self, below: "list[Node]") -> "_State":
        fan: _PickledFan = None
        if self._fan is CONSTANT_FIRST or self._fan is CONSTANT_LAST:
            fan = self._fan is CONSTANT_FIRST
        elif self._fan is not None:
            fan = self._fan.operands, self._fan.partials
        dx, dy = (self._dx, self._dy) if self._op else (0.0, 0.0)  # not what a sweep put down in a leaf
        return (
            (below, _EndOfList(below)) if below else None,
            (self._data, self._grad, self._label, self._op, self._mark == CONSTANT),
            (self._x, dx, self._y, dy, fan),
        )

    def __setstate__(self, state: "_State") -> None:
        _, (self._data, self._grad, label, op, is_constant), way = state
        self._label, self._op = plain(label), plain(op)
        self._x, self._dx, self._y, self._dy, fan = way
        if isinstance(fan, bool):
            self._fan = CONSTANT_FIRST if fan else CONSTANT_LAST
        else:
            self._fan = None if fan is None else Fan(fan[0], fan[1])
        self._mark = CONSTANT if is_constant else 0 if self._op else LEAF


_PickledFan: TypeAlias = tuple[list[Node], list[float]] | bool | None
_State: TypeAlias = tuple[
    object,
    tuple[float, float, str, str, bool],
    tuple[Node | None, float, Node | None, float, _PickledFan],
]
"""A pickled node: the list that goes ahead of it, what it shows, how it was made."""


BLANK: Final = object()
"""What a Value is made of that will be filled afterwards."""


def _blank(kind: type[Node]) -> Node:
    twin = kind.__new__(kind, BLANK)  # type: ignore[call-arg]
    if not COMPILED:  # or else that was done
        Node.__init__(twin)
    return twin


class _EndOfList:
    """Pickled right after a list of nodes, to unmark those that pickle had met before and did not ask again.

    Dropped with what a pickler holds, it does the same after one that failed halfway.
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


class _Epoch:
    """Every walk takes a fresh pair of marks, entered and done, so that no walk has to clean up after another."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now: i64 = 1


_EPOCH: Final = _Epoch()
N = TypeVar("N", bound=Node)


def interior(root: N, *, through_detached: bool) -> list[N]:
    """The nodes below and with root that have operands, every node after its operands."""
    return _ordered(root, through_detached, False, [])


def _ordered(root: N, through_detached: bool, clear: bool, leaves: list[N]) -> list[N]:
    """The same, and the leaves below root put into the list given, without constants.

    With clear, every grad of the nodes returned becomes zero.
    """
    # Compiled, a walk runs to its end in one go. Otherwise another thread, or what a signal interrupted, may be at
    # its marks. Nobody waits for that: there is another way.
    if COMPILED:
        return _walk(root, through_detached, clear, leaves)
    if _WALKING.locked():
        return _walk_apart(root, through_detached, clear, leaves)
    with _WALKING:
        return _walk(root, through_detached, clear, leaves)


def _walk_apart(root: N, through_detached: bool, clear: bool, leaves: list[N]) -> list[N]:
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
                if clear:
                    node._grad = 0.0
            continue
        entered.add(id(node))
        if through_detached or node._x is not None or edges(node):
            for v in reversed(_links(node)):
                if id(v) not in entered and v._mark < LEAF:
                    stack.append(v)
                elif id(v) not in entered and v._mark < CONSTANT:
                    entered.add(id(v))
                    leaves.append(v)
    return order


def _walk(root: N, through_detached: bool, clear: bool, leaves: list[N]) -> list[N]:
    order: list[Node] = []
    found: list[Node] = leaves  # type: ignore[assignment]
    stack: list[Node] = []
    node: Node = root
    if node._mark >= LEAF:
        return []
    # The marks are drawn after the last thing that may set off the cyclic collector, and with it somebody's walk.
    _EPOCH.now += 2
    entered: i64 = _EPOCH.now
    done: i64 = entered + 1
    leaf_entered: i64 = LEAF + entered
    while True:
        node._mark = entered
        # On the stack there are nodes entered, each to be done when it comes up again, and after each
        # its operands that are to be entered, the first one last: they come in reading order.
        stack.append(node)
        y = node._y
        if y is not None:
            mark = y._mark
            if mark < entered:
                stack.append(y)
            elif LEAF <= mark < leaf_entered:
                y._mark = leaf_entered
                found.append(y)
        x = node._x
        if x is not None:
            mark = x._mark
            if mark < entered:
                node = x
                continue
            if LEAF <= mark < leaf_entered:
                x._mark = leaf_entered
                found.append(x)
        else:
            fan = node._fan
            if fan is not None and (fan.partials or through_detached):
                for v in reversed(fan.operands):
                    mark = v._mark
                    if mark < entered:
                        stack.append(v)
                    elif LEAF <= mark < leaf_entered:
                        v._mark = leaf_entered
                        found.append(v)
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
            return order  # type: ignore[return-value]


def operands_of(node: N) -> list[N]:
    """The operands of a node in order, constants included; none for a leaf."""
    if node._fan is CONSTANT_FIRST or node._fan is CONSTANT_LAST:
        _give_the_number_a_node(node)
    return _links(node)


def _links(node: N) -> list[N]:
    """The operands that are nodes already."""
    fan = node._fan
    if fan is not None and fan.operands:
        return list(fan.operands)  # type: ignore[arg-type]
    if node._x is None:
        return []
    return [node._x] if node._y is None else [node._x, node._y]  # type: ignore[list-item]


def _give_the_number_a_node(node: Node) -> None:
    constant = _blank(type(node))
    constant._data = node._dy
    constant._mark = CONSTANT
    x = node._x
    assert x is not None
    node._fan = Fan([constant, x] if node._fan is CONSTANT_FIRST else [x, constant], [])


def partials_of(node: Node) -> list[float]:
    """The local derivative by each operand, 0.0 where none was formed."""
    operands, fan = operands_of(node), node._fan
    if fan is None:
        return [node._dx, node._dy][: len(operands)]
    return fan.partials or [node._dx if v is node._x else 0.0 for v in operands]


def edges(node: N) -> list[tuple[N, float]]:
    """The operands that a sweep goes on to, each with the local derivative by it."""
    x, y, fan = node._x, node._y, node._fan
    if x is not None:
        return [(x, node._dx)] if y is None else [(x, node._dx), (y, node._dy)]  # type: ignore[list-item]
    return [] if fan is None else list(zip(fan.operands, fan.partials, strict=False))  # type: ignore[arg-type]


def order_of(root: N) -> list[N]:
    """Every node of the graph of root, once, each after its operands, root last.

    The order is the same in every process: it follows the operands as they were written. A leaf
    stands just before the first node that uses it.
    """
    if root._mark >= LEAF:
        return [root]
    order: list[N] = []
    seen: set[int] = set()
    for node in interior(root, through_detached=True):
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
    order = _ordered(root, False, True, leaves)
    # A leaf starts from zero and gets back what it had at the end: added bit by bit to an earlier
    # gradient, the same gradient would be rounded differently. Meanwhile its dx, of which a leaf has
    # no other use, holds what it had, and its dy what it will have.
    if COMPILED:  # nothing can come between, so the leaves need be passed but twice
        for leaf in leaves:
            leaf._dx = leaf._grad
            leaf._grad = 0.0
        _sweep(root, order)
        for leaf in leaves:
            leaf._grad = leaf._dx + leaf._grad
        return
    for leaf in leaves:
        leaf._dx = leaf._grad
    swept = False
    try:
        try:
            for leaf in leaves:
                leaf._grad = 0.0
            _sweep(root, order)
            for leaf in leaves:
                leaf._dy = leaf._dx + leaf._grad
            swept = True
        finally:
            _write_grads(leaves, swept)
    except BaseException:
        _write_grads(leaves, swept)  # all over again: it may have been the writing that was interrupted
        raise


def _write_grads(leaves: list[Node], swept: bool) -> None:
    for leaf in leaves:
        leaf._grad = leaf._dy if swept else leaf._dx


def _sweep(root: Node, order: list[Node]) -> None:
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
                # Compiled, `strict` would make calls into the interpreter of this loop; they pair.
                for operand, partial in zip(fan.operands, partials):  # noqa: B905
                    operand._grad += g * partial
