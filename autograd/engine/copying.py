"""Copies and pickles of nodes, however deep their graph is.

>>> import copy, pickle
>>> from autograd.engine.value import Value
>>> x = Value(3.0, label="x")
>>> y = x * x
>>> pickle.loads(pickle.dumps(y)).operands, copy.deepcopy(y).operands[0] is x
((Value(data=3.0, grad=0.0, label='x'), Value(data=3.0, grad=0.0, label='x')), False)

`copy` and `pickle` follow operands by recursion, which fails after some hundred nodes. So the node that pickle comes to
first lists the nodes below it, each after its operands, and a later one those that are new. Nothing is written into the
nodes, so a walk, a sweep or another pickler may be at work on the same graph.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final, TypeAlias
from weakref import ref

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
from autograd.engine.native import mypyc_attr
from autograd.engine.number import plain

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
    fill(twin, _state(node))
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
        _, shown, (x, dx, y, dy, fan) = _state(v)
        x, y = (None if operand is None else memo[id(operand)] for operand in (x, y))  # type: ignore[assignment]
        if isinstance(fan, tuple):
            fan = [memo[id(operand)] for operand in fan[0]], list(fan[1]), fan[2]  # type: ignore[misc]
        fill(memo[id(v)], (None, shown, (x, dx, y, dy, fan)))  # type: ignore[arg-type]
    return memo[id(node)]  # type: ignore[return-value]


def reduced(node: Node) -> tuple[object, ...]:
    """The result of `__reduce__`."""
    return blank, (type(node),), _state(node, _ahead(node))


def _ahead(node: Node) -> "tuple[_Dump, _Below] | None":
    """The nodes below a node, if the pickler does not know them yet."""
    operands = [id(v) for v in recorded_operands(node) if v._mark < LEAF]
    if not operands:
        return None
    dump = _last_dump()
    if dump is None:
        dump = _new_dump()
    elif id(node) in dump.coming and not any(v in dump.coming for v in operands):
        # A pickler that did not come from the list finds operands that are none, and they have lists.
        dump.coming.discard(id(node))
        return None
    return dump, _Below(dump, node)


def _state(node: Node, ahead: "tuple[_Dump, _Below] | None" = None) -> State:
    fan: _Fan = None
    if node._fan is CONSTANT_FIRST or node._fan is CONSTANT_LAST:
        fan = node._fan is CONSTANT_FIRST
    elif node._fan is not None:
        fan = listed(node._fan), node._fan.partials, isinstance(node._fan, Choice)
    dx, dy = (node._dx, node._dy) if node._operation else (0.0, 0.0)  # A sweep keeps gradients in those of a leaf.
    return (
        ahead,
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


@mypyc_attr(native_class=False)
class _Dump:
    """The nodes that one pickler has come to. Only the memo of the pickler keeps it, so it ends with it.

    It is pickled ahead of the nodes. A pickler that asks for its reduction does not know it yet.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.taken = False
        """Whether a list was made for its pickler."""
        self.listed: set[int] = set()
        self.coming: set[int] = set()
        """Those of the listed nodes that the pickler has not reduced yet."""

    def __reduce__(self) -> tuple[object, ...]:
        self.asked += 1
        return tuple, ()


_DUMPS: Final[ContextVar[tuple["ref[_Dump]", ...]]] = ContextVar("autograd.dumps", default=())
"""Those of the picklers at work in this thread or task, the last one at the end."""


def _last_dump() -> _Dump | None:
    for dump in reversed(_DUMPS.get()):
        found = dump()
        if found is not None:
            return found
    return None


def _new_dump() -> _Dump:
    dump = _Dump()
    _DUMPS.set((*[known for known in _DUMPS.get() if known() is not None], ref(dump)))
    return dump


class _Below:
    """The list of the nodes below a node that the pickler doesn't know; it is pickled right after the dump."""

    def __init__(self, dump: _Dump, node: Node) -> None:
        self._dump, self._node, self._asked = dump, node, dump.asked

    def __reduce__(self) -> tuple[object, ...]:
        dump, asked = self._dump, self._asked
        if asked == dump.asked or (asked == 0 and dump.asked == 1 and not dump.taken):
            dump.taken = True
            return list, (), None, _new_below(self._node, dump)
        # The dump was reduced once more, so another pickler knows it, and this one gets a dump of its own.
        dump = _new_dump()
        dump.taken = True
        return list, (), None, _with_dump(self._node, dump)


def _with_dump(node: Node, dump: _Dump) -> Iterator[object]:
    yield dump
    yield from _new_below(node, dump)


def _new_below(node: Node, dump: _Dump) -> Iterator[object]:
    """The nodes below a node that are not listed yet, each after its operands."""
    if id(node) not in dump.listed:
        for v in guarded.ordered_without_marks(node, [], dump.listed, through_detached=True):
            dump.listed.add(id(v))
            if v is not node:
                dump.coming.add(id(v))
                yield v
