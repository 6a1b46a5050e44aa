"""A recorded graph as data: flat arrays in topological order, and the contributions of a reverse sweep one by one.

>>> from autograd.engine.tape import Tape
>>> from autograd.engine.value import Value
>>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
>>> tape = Tape((w * x).tanh())
>>> [tape.operation(place) or tape.node(place).label for place in range(len(tape))]
['w', 'x', 'multiply', 'tanh']
>>> tape.operands.tolist(), tape.data.tolist()[:3]
([0, 1, 2], [2.0, 3.0, 6.0])
>>> [(step.place, step.operand, step.upstream) for step in tape.sweep()][0]
(3, 2, 1.0)

The arrays are those of the standard library; NumPy reads them without a copy (`numpy.asarray(tape.data)`).
"""

import gc
from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from autograd.engine import guarded
from autograd.engine.graph import (
    COMPILED,
    CONSTANT,
    CONSTANT_FIRST,
    CONSTANT_LAST,
    LEAF,
    Node,
    fresh_marks,
    is_constant,
    walk,
)
from autograd.engine.native import i64
from autograd.engine.value import Value

_LEAF_CODE: Final = 0
_CONSTANT_CODE: Final = 1
_CHUNK: Final = 4096
"""So many items are collected in a list before they go to an array, which takes one item at a time slowly."""
_MOST_ENTRIES: Final = 1 << 32
T = TypeVar("T")
if not COMPILED:
    Root: TypeAlias = Value
else:  # Compiled, an annotation would be a check with an error of its own, and there is a better one.
    Root: TypeAlias = object


class Entry(NamedTuple):
    """One node of a tape."""

    place: int
    operation: str
    """The name of its rule; empty for a leaf and a constant."""
    operands: tuple[int, ...]
    """Their places."""
    partials: tuple[float, ...]
    """The local derivative by each operand; 0.0 where none was formed."""
    data: float


class Contribution(NamedTuple, Generic[T]):
    """One step of a reverse sweep: what a node adds to the gradient of one of its operands."""

    place: int
    """Of the node."""
    position: int
    """Of the operand among the operands of the node."""
    operand: int
    """The place of the operand."""
    upstream: T
    """The gradient of the node."""
    partial: T
    """The local derivative of the node by the operand."""
    amount: T
    """upstream · partial."""
    before: T | None
    """The gradient of the operand so far; None if this is the first contribution to it."""
    after: T
    """The gradient of the operand with this contribution."""


class Arithmetic(Protocol[T]):
    """The numbers in which a sweep computes."""

    def one(self) -> T:
        """The gradient of the root by itself."""

    def partials(self, place: int) -> Sequence[T]:
        """The local derivatives of the node at a place, by each operand."""

    def contribution(self, upstream: T, partial: T) -> T:
        """upstream · partial."""

    def accumulated(self, before: T | None, amount: T) -> T:
        """A gradient with one more contribution; before is None for the first one."""


class _Floats:
    """The recorded local derivatives, to the bits of `backward`."""

    def __init__(self, tape: "Tape") -> None:
        self.tape = tape

    def one(self) -> float:
        return 1.0

    def partials(self, place: int) -> Sequence[float]:
        tape = self.tape
        return tape.partials[tape.starts[place] : tape.starts[place + 1]]

    def contribution(self, upstream: float, partial: float) -> float:
        return upstream * partial

    def accumulated(self, before: float | None, amount: float) -> float:
        return (0.0 if before is None else before) + amount  # Gradients start from zero, which turns -0.0 into 0.0.


def _checked(root: Root) -> Value:
    if not isinstance(root, Value):
        raise TypeError(f"Tape takes Values, not {type(root).__name__} {root!r}; give it the root of a graph")
    return root


class Tape:
    """The graph of one root or of several, as it is recorded and as its data are now.

    An entry stands after its operands, and a leaf just before the first node that uses it; the order is that of
    `topological_order` and the same in every process. A plain number is an entry for each time that it took part.

    TypeError for anything but Values.
    """

    def __init__(self, root: Root, *others: Root) -> None:
        roots = [_checked(v) for v in (root, *others)]
        self.operations: list[str] = ["", ""]
        """The names of operations, by their codes; 0 is a leaf and 1 a constant."""
        self.codes: array[int] = array("H")
        """The code of the operation of each entry."""
        self.starts: array[int] = array("i")
        """Where the operands of each entry start in `operands` and `partials`; the last item is their end."""
        self.operands: array[int] = array("i")
        """The places of all operands, entry by entry."""
        self.partials: array[float] = array("d")
        """The local derivative by each of these operands; 0.0 where none was formed."""
        self.data: array[float] = array("d")
        """The data of each entry."""
        self.roots: list[int] = []
        """The places of the roots, in the order given."""
        self._nodes: list[Node] = []
        self._places: dict[int, int] | None = None
        collecting = gc.isenabled()
        gc.disable()  # Collecting may call a finalizer that walks over these nodes and takes their marks.
        try:
            _Recorder(self).record(roots)
        finally:
            if collecting:
                gc.enable()

    # ── entries ──

    def __len__(self) -> int:
        return len(self._nodes)

    def __getitem__(self, place: int) -> Entry:
        if not 0 <= place < len(self._nodes):
            raise IndexError(f"the tape has {len(self._nodes):,} entries, and none at place {place}")
        start, end = self.starts[place], self.starts[place + 1]
        operands, partials = tuple(self.operands[start:end]), tuple(self.partials[start:end])
        return Entry(place, self.operation(place), operands, partials, self.data[place])

    def __repr__(self) -> str:
        return f"Tape({len(self._nodes):,} entries, {len(self.operands):,} operands)"

    def node(self, place: int) -> Value:
        """The node at a place."""
        node = self._nodes[place]
        if node._mark < CONSTANT and self.codes[place] == _CONSTANT_CODE:  # a plain number, and the node made of it
            for operand in guarded.operands_of(node):
                if operand is not node._x:
                    self._nodes[place] = operand
            node = self._nodes[place]
        assert isinstance(node, Value)
        return node

    @property
    def nodes(self) -> list[Value]:
        """All nodes in order."""
        return [self.node(place) for place in range(len(self._nodes))]

    def place(self, node: Value) -> int:
        """The place of a node; ValueError for one that is not on the tape."""
        place = self._find(node)
        if place is None:
            raise ValueError(f"{node!r} is no part of this graph")
        return place

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Value) and self._find(node) is not None

    def _find(self, node: Value) -> int | None:
        if self._places is None or (is_constant(node) and id(node) not in self._places):
            # Nodes of plain numbers are made for whoever asks for one of them.
            nodes = self.nodes if is_constant(node) else self._nodes
            self._places = {id(v): place for place, v in enumerate(nodes) if is_constant(v) == self.is_constant(place)}
        return self._places.get(id(node))

    def operation(self, place: int) -> str:
        """The name of the rule that made an entry; empty for a leaf and a constant."""
        return self.operations[self.codes[place]]

    def is_constant(self, place: int) -> bool:
        """Whether an entry is a plain number that took part in an operation."""
        return self.codes[place] == _CONSTANT_CODE

    def operands_of(self, place: int) -> Sequence[int]:
        """The places of the operands of an entry."""
        return self.operands[self.starts[place] : self.starts[place + 1]]

    def passes_on(self, place: int) -> list[int]:
        """The positions of the operands that get a contribution: all but constants, and none of a detached node."""
        if self.operation(place) == "detach":
            return []
        return [i for i, k in enumerate(self.operands_of(place)) if self.codes[k] != _CONSTANT_CODE]

    def users(self) -> list[list[int]]:
        """For each entry the places of the nodes that it is an operand of, in order; twice for both factors of x·x."""
        found: list[list[int]] = [[] for _ in self._nodes]
        for place in range(len(self._nodes)):
            for operand in self.operands_of(place):
                found[operand].append(place)
        return found

    # ── the reverse sweep ──

    def sweep(self) -> Iterator[Contribution[float]]:
        """The contributions of `backward` from the first root, in its order and to its bits; no gradient is touched."""
        return self.sweep_in(_Floats(self))

    def sweep_in(
        self, numbers: Arithmetic[T], within: Collection[int] | None = None, root: int | None = None
    ) -> Iterator[Contribution[T]]:
        """The contributions of a sweep in other numbers, from the root at a place, the first one if it is None.

        With within, only contributions to entries at these places; see `leading_to`.
        """
        start = self.roots[0] if root is None else root
        gradients: dict[int, T] = {start: numbers.one()}
        for place in self.swept(start):
            upstream = gradients.get(place)
            if upstream is None:
                continue
            operands = self.operands_of(place)
            positions = self.passes_on(place)
            if within is not None:
                positions = [i for i in positions if operands[i] in within]
            if not positions:
                continue
            partials = numbers.partials(place)
            for i in positions:
                operand = operands[i]
                partial = partials[i]
                amount = numbers.contribution(upstream, partial)
                before = gradients.get(operand)
                after = numbers.accumulated(before, amount)
                gradients[operand] = after
                yield Contribution(place, i, operand, upstream, partial, amount, before, after)

    def swept(self, root: int) -> Sequence[int]:
        """The places of the nodes with operands, in the order in which a sweep from a root passes them."""
        if "detach" not in self.operations and root == self.roots[0]:
            return [place for place in range(root, -1, -1) if self.codes[place] > _CONSTANT_CODE]
        # Without what is behind a detached node the walk may take another order.
        order = guarded.ordered(self.node(root), [])
        return [self.place(node) for node in reversed(order)]

    def leading_to(self, places: Collection[int]) -> set[int]:
        """The places of these entries and of all nodes that pass gradients on towards them."""
        found = set(places)
        for place in range(len(self._nodes)):
            if place not in found and self.codes[place] > _CONSTANT_CODE:
                operands = self.operands_of(place)
                if any(operands[i] in found for i in self.passes_on(place)):
                    found.add(place)
        return found


class _Recorder:
    """Fills a tape. The marks of nodes hold their places in the compiled build, a dictionary in the pure one."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.codes: dict[str, int] = {}
        self.base: i64 = 0
        self.count: i64 = 0
        self.edges: i64 = 0
        self.first_edge: i64 = 0
        self.places: dict[int, int] = {}
        self.new_codes: list[int] = []
        self.new_starts: list[int] = []
        self.new_operands: list[int] = []
        self.new_partials: list[float] = []
        self.new_data: list[float] = []

    def record(self, roots: list[Value]) -> None:
        order: list[Node] = []
        leaves: list[Node] = []
        stack: list[Node] = []
        if COMPILED:
            entered = fresh_marks(2)
            for root in roots:
                walk(root, order, leaves, stack, entered, True, False)
            self.base = fresh_marks(_MOST_ENTRIES)
            leaves.clear()
        else:
            for root in roots:
                order += guarded.ordered(root, leaves, through_detached=True)
            order = list({id(node): node for node in order}.values())
        for node in order:
            self.enter(node)
            if len(self.new_data) >= _CHUNK:
                self.flush()
        for root in roots:
            if root._mark >= LEAF:
                self.operand(root, 0.0)
                self.edges -= 1
                self.new_operands.pop()
                self.new_partials.pop()
        self.tape.roots = [self.place_of(root) for root in roots]
        self.first_edge = self.edges
        self.new_starts.append(self.edges)
        self.flush()

    def enter(self, node: Node) -> None:
        """An entry for a node with operands, after entries for leaves that are met here first."""
        self.first_edge = self.edges
        x, y, fan = node._x, node._y, node._fan
        if fan is None:
            assert x is not None
            self.operand(x, node._dx)
            if y is not None:
                self.operand(y, node._dy)
        elif fan is CONSTANT_FIRST:
            assert x is not None
            self.number(node)
            self.operand(x, node._dx)
        elif fan is CONSTANT_LAST:
            assert x is not None
            self.operand(x, node._dx)
            self.number(node)
        else:
            partials = fan.partials
            for i, v in enumerate(fan.operands):
                self.operand(v, partials[i] if partials else node._dx if v is x else 0.0)
        op = node._op
        code = self.codes.get(op)
        if code is None:
            code = self.codes[op] = len(self.tape.operations)
            self.tape.operations.append(op)
        self.entry(node, code, node._data)

    def operand(self, v: Node, partial: float) -> None:
        place = self.place_of(v)
        if place < 0:  # a leaf that is met first
            place = self.count
            self.entry(v, _CONSTANT_CODE if v._mark >= CONSTANT else _LEAF_CODE, v._data)
        self.edge(place, partial)

    def number(self, node: Node) -> None:
        """The entry of the plain number beside an operator; its node may never be asked for."""
        place = self.count
        self.entry(node, _CONSTANT_CODE, node._dy)
        self.edge(place, 0.0)

    def edge(self, place: i64, partial: float) -> None:
        self.new_operands.append(place)
        self.new_partials.append(partial)
        self.edges += 1

    def entry(self, node: Node, code: int, data: float) -> None:
        if COMPILED:
            node._mark = (node._mark & (LEAF + CONSTANT)) + self.base + self.count
        else:
            self.places[id(node)] = self.count
        self.count += 1
        self.tape._nodes.append(node)
        self.new_codes.append(code)
        self.new_starts.append(self.first_edge)
        self.new_data.append(data)

    def place_of(self, node: Node) -> i64:
        """The place of a node; below zero for a leaf that has none yet."""
        if COMPILED:
            return (node._mark & (LEAF - 1)) - self.base
        return self.places.get(id(node), -1)

    def flush(self) -> None:
        """Move what was collected to the arrays."""
        tape = self.tape
        tape.codes.extend(array("H", self.new_codes))
        tape.starts.extend(array("i", self.new_starts))
        tape.operands.extend(array("i", self.new_operands))
        tape.partials.extend(array("d", self.new_partials))
        tape.data.extend(array("d", self.new_data))
        self.new_codes.clear()
        self.new_starts.clear()
        self.new_operands.clear()
        self.new_partials.clear()
        self.new_data.clear()
