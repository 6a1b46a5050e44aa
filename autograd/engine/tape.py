"""A recorded graph as data: flat arrays in topological order, and the contributions of a reverse sweep one by one.

>>> from autograd.engine.tape import Tape
>>> from autograd.engine.value import Value
>>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
>>> tape = Tape((w * x).tanh())
>>> [tape.operation(place) or tape.nodes[place].label for place in range(len(tape))]
['w', 'x', 'multiply', 'tanh']
>>> tape.operands.tolist(), tape.data.tolist()[:3]
([0, 1, 2], [2.0, 3.0, 6.0])
>>> [(step.place, step.operand, step.upstream) for step in tape.sweep()][0]
(3, 2, 1.0)

The arrays are those of the standard library; NumPy reads them without a copy (`numpy.asarray(tape.data)`).
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from autograd.engine import guarded, lists, reading
from autograd.engine.graph import (
    COMPILED,
    CONSTANT,
    CONSTANT_FIRST,
    CONSTANT_LAST,
    LEAF,
    Node,
    is_constant,
    listed,
)
from autograd.engine.native import i64
from autograd.engine.number import described, shown
from autograd.engine.value import Value

LEAF_CODE: Final = 0
CONSTANT_CODE: Final = 1
"""The codes of entries without operands; the codes of operations are higher."""
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
    """The kind of numbers that a sweep computes with."""

    def one(self) -> T:
        """The gradient of the root by itself."""

    def partials(self, place: int) -> Sequence[T]:
        """The local derivatives of the node at a place, by each operand."""

    def contribution(self, upstream: T, partial: T) -> T:
        """upstream · partial."""

    def accumulated(self, before: T | None, amount: T) -> T:
        """A gradient with one more contribution; before is None for the first one."""


class Floats:
    """The arithmetic of `backward`: floats, with the recorded local derivatives."""

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
        # A gradient starts from zero, which makes 0.0 of a first contribution of -0.0.
        return (0.0 if before is None else before) + amount


class Tape:
    """The graph of one root or of several, as it is recorded and as its data are now.

    An entry comes after its operands, and a leaf directly before the first node that uses it. The order is that of
    `topological_order`, the same in every process. A plain number is a new entry each time that it is an operand. A
    copy or a pickle of a tape is made anew from its roots.

    TypeError for anything but Values.
    """

    def __init__(self, root: Root, *others: Root) -> None:
        if not COMPILED and hasattr(self, "roots"):  # A second call changes nothing, as in the other build.
            return
        roots: list[Value] = []
        for v in (root, *others):
            if type(v) is not Value:
                raise TypeError(f"Tape takes Values, not {described(v)}; give it the root of a graph")
            roots.append(v)
        self.operations: list[str] = ["", ""]
        """The names of operations, by their codes; 0 is a leaf and 1 a constant."""
        self.codes: array[int] = array("H", [0])
        """The code of the operation of each entry."""
        self.starts: array[int] = array("i", [0])
        """Where the operands of each entry start in `operands` and `partials`; the last item is their end."""
        self.operands: array[int] = array("i", [0])
        """The places of all operands, entry by entry."""
        self.data: array[float] = array("d", [0.0])
        """The data of each entry."""
        self.roots: list[int] = []
        """The places of the roots, in the order given."""
        self._partials: array[float] | None = None
        self._plain = array("i")
        """The places of plain numbers that have no node yet."""
        self._nodes: list[Value] = reading.in_order(roots, self._plain)
        """The node of each entry; for a plain number that has none, the node that was made of it."""
        self._places: dict[int, int] = {}
        self.made_by: object = Tape
        """A function of the roots that makes such a tape."""
        with guarded.Uncollected():
            _Recorder(self).record(roots)

    def __reduce__(self) -> tuple[object, ...]:
        return self.made_by, tuple([self.node(place) for place in self.roots])

    # ── entries ──

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Entry]:
        for place in range(len(self._nodes)):
            yield self[place]

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
        if self.codes[place] == CONSTANT_CODE and self._nodes[place]._mark < CONSTANT:
            self._nodes[place] = reading.number_beside(self._nodes[place])
        return self._nodes[place]

    @property
    def partials(self) -> "array[float]":
        """The local derivative by each operand in `operands`; 0.0 where none was formed."""
        if self._partials is None:  # They are recorded in the nodes, and many readers don't ask for them.
            self._partials = self._recorded_partials()
        return self._partials

    @partials.setter
    def partials(self, partials: "array[float]") -> None:
        self._partials = partials

    def _recorded_partials(self) -> "array[float]":
        found = array("d", [0.0]) * len(self.operands)
        edge = 0
        for first in range(0, len(self._nodes), lists.CHUNK):
            end = first + lists.CHUNK
            part: list[float] = []
            for node, code in zip(self._nodes[first:end], self.codes[first:end], strict=True):
                if code > CONSTANT_CODE:
                    part += reading.partials_of(node)
            lists.write(found, edge, part)
            edge += len(part)
        return found

    @property
    def nodes(self) -> list[Value]:
        """The nodes of all entries."""
        for place in self._plain:
            self.node(place)
        del self._plain[:]
        return self._nodes[:]

    def leaves(self) -> list[Value]:
        """The leaves."""
        return [node for node in self._nodes if LEAF <= node._mark < CONSTANT]

    def place(self, node: Root) -> int:
        """The place of a node; ValueError for anything that is not on the tape."""
        if node not in self:
            raise ValueError(f"{shown(node)} is no part of this graph")
        return self._places[id(node)]

    def __contains__(self, node: object) -> bool:
        if type(node) is not Value:
            return False
        if not self._places or (is_constant(node) and id(node) not in self._places):
            nodes = self.nodes if is_constant(node) else self._nodes
            # A node comes after the plain numbers that it was made of, so it overwrites their places.
            self._places = {id(v): place for place, v in enumerate(nodes)}
        return id(node) in self._places

    def operation(self, place: int) -> str:
        """The name of the rule that made an entry; empty for a leaf and a constant."""
        return self.operations[self.codes[place]]

    def is_constant(self, place: int) -> bool:
        """Whether an entry is a plain number that took part in an operation."""
        return self.codes[place] == CONSTANT_CODE

    def operands_of(self, place: int) -> Sequence[int]:
        """The places of the operands of an entry."""
        return self.operands[self.starts[place] : self.starts[place + 1]]

    def passes_on(self, place: int) -> list[int]:
        """The positions of the operands that get a contribution.

        They are all but constants, the branch that is taken of `where`, and none of a detached node.
        """
        op, start = self.operation(place), self.starts[place]
        if op == "detach":
            return []
        found = [i for i, k in enumerate(self.operands_of(place)) if self.codes[k] != CONSTANT_CODE]
        return [i for i in found if self.partials[start + i]] if op == "where" else found

    def users(self) -> list[list[int]]:
        """For each entry, the places of the nodes that use it, in order; x·x uses x twice."""
        found: list[list[int]] = [[] for _ in self._nodes]
        for place in range(len(self._nodes)):
            for operand in self.operands_of(place):
                found[operand].append(place)
        return found

    # ── the reverse sweep ──

    def sweep(self) -> Iterator[Contribution[float]]:
        """The contributions of `backward` from the first root, in its order and to its bits; no gradient is touched."""
        everything = range(len(self._nodes))
        return map(Contribution._make, self._contributions(Floats(self), {}, everything, self.swept()))

    def gradients(self, numbers: Arithmetic[T], within: Collection[int]) -> dict[int, T]:
        """The gradients of a sweep in other numbers from the first root, by the places of the nodes that it reaches.

        Only the nodes at the places `within` get contributions; see `leading_to`.
        """
        gradients: dict[int, T] = {}
        # Over other numbers `where` may take the other branch, through which `backward` doesn't go.
        order = self._all_that_pass_on() if "where" in self.operations else self.swept()
        for _ in self._contributions(numbers, gradients, within, order):
            pass
        return gradients

    def _contributions(
        self, numbers: Arithmetic[T], gradients: dict[int, T], within: Collection[int], order: Sequence[int]
    ) -> Iterator[tuple[int, int, int, T, T, T, T | None, T]]:
        """The contributions of a sweep from the first root, as plain tuples, which are made faster than named ones.

        `gradients` is empty at first and gets the gradients.
        """
        starts, codes = self.starts, self.codes
        gradients[self.roots[0]] = numbers.one()
        where = self._code_of("where")
        for place in order:
            if place not in gradients or place not in within:
                continue
            upstream, partials = gradients[place], numbers.partials(place)
            for i, operand in enumerate(self.operands[starts[place] : starts[place + 1]]):
                if codes[operand] == CONSTANT_CODE or operand not in within:
                    continue
                if codes[place] == where and not partials[i]:  # 0 · nan would be nan.
                    continue
                before, amount = gradients.get(operand), numbers.contribution(upstream, partials[i])
                after = gradients[operand] = numbers.accumulated(before, amount)
                yield place, i, operand, upstream, partials[i], amount, before, after

    def swept(self) -> list[int]:
        """The places of the nodes that pass gradients on, in the order of a sweep from the first root."""
        if "detach" not in self.operations and "where" not in self.operations:
            return self._all_that_pass_on()
        # The walk of `backward` leaves out what gets no gradient, so its order may be another one.
        order = guarded.ordered(self.node(self.roots[0]), [])
        # A reader may have left out some of them, see `show/fold.py`.
        return [self._places[id(node)] for node in reversed(order) if node._operation != "detach" and node in self]

    def _all_that_pass_on(self) -> list[int]:
        """The places of all operations up to the first root but detached nodes, backwards."""
        codes, detach = self.codes, self._code_of("detach")
        return [k for k in range(self.roots[0], -1, -1) if codes[k] > CONSTANT_CODE and codes[k] != detach]

    def _code_of(self, op: str) -> int:
        """The code of an operation; that of constants, which pass nothing on, if it is not on the tape."""
        return self.operations.index(op) if op in self.operations else CONSTANT_CODE

    def leading_to(self, places: Collection[int]) -> set[int]:
        """The places of these entries and of all nodes that pass gradients on towards them."""
        found = set(places)
        starts, operands = self.starts, self.operands
        for place, code in enumerate(self.codes):
            if code > CONSTANT_CODE and place not in found and self.operations[code] != "detach":
                for operand in operands[starts[place] : starts[place + 1]]:
                    if operand in found:
                        found.add(place)
                        break
        return found


class _Recorder:
    """Fills a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.places = lists.Places[Value](tape._nodes)
        self.codes: dict[str, int] = {"": LEAF_CODE}
        self.edges: i64 = 0

    def record(self, roots: list[Value]) -> None:
        """Fill the tape with the graph of these roots."""
        tape = self.tape
        nodes: list[Node] = tape._nodes  # type: ignore[assignment]
        self.places.number()
        # Arrays that grow with each chunk would leave gaps of their size in memory.
        count, edges = len(nodes), self.count_edges(nodes)
        tape.codes *= count
        tape.starts *= count + 1
        tape.data *= count
        tape.operands *= edges
        tape.starts[count] = edges
        for first in range(0, count, lists.CHUNK):
            self.enter(first, nodes[first : first + lists.CHUNK])
        tape.roots = [self.places.place_of(root) for root in roots]

    def count_edges(self, nodes: list[Node]) -> i64:
        edges: i64 = 0
        place: i64 = 0
        for node in nodes:
            fan = node._fan
            if fan is None:
                if node._x is not None:
                    edges += 1 if node._y is None else 2
            elif self.places.place_of(node) == place:  # Elsewhere it is in the place of its plain number.
                edges += len(listed(fan)) or 2
            place += 1  # noqa: SIM113  (enumerate would make objects of the places)
        return edges

    def enter(self, first: int, nodes: list[Node]) -> None:
        """Write the entries of nodes in a row, of which the first has the place `first`."""
        tape, places, first_edge = self.tape, self.places, self.edges
        place: i64 = first
        codes: list[int] = []
        starts: list[int] = []
        operands: list[int] = []
        data: list[float] = []
        for node in nodes:
            starts.append(self.edges)
            x, y, fan = node._x, node._y, node._fan
            if node._mark >= LEAF:
                codes.append(CONSTANT_CODE if node._mark >= CONSTANT else LEAF_CODE)
                data.append(node._data)
            elif places.place_of(node) != place:
                codes.append(CONSTANT_CODE)
                data.append(node._dy)
            else:
                codes.append(self.code_of(node._operation))
                data.append(node._data)
                if fan is None or fan is CONSTANT_FIRST or fan is CONSTANT_LAST:
                    assert x is not None
                    of_x = places.place_of(x)
                    if fan is CONSTANT_FIRST:
                        operands.append(place - 2 if of_x == place - 1 else place - 1)
                    operands.append(of_x)
                    if fan is CONSTANT_LAST:
                        operands.append(place - 1)
                    elif y is not None:
                        operands.append(places.place_of(y))
                    self.edges += 1 if fan is None and y is None else 2
                else:
                    row = listed(fan)
                    for v in row:
                        of_v = places.place_of(v)
                        if not COMPILED and of_v < 0:  # Another thread made it after the order.
                            of_v = place - 1 if tape._nodes[place - 1] is node else place - 2
                        operands.append(of_v)
                    self.edges += len(row)
            place += 1
        lists.write(tape.codes, first, codes)
        lists.write(tape.starts, first, starts)
        lists.write(tape.data, first, data)
        lists.write(tape.operands, first_edge, operands)

    def code_of(self, op: str) -> int:
        code = self.codes.get(op)
        if code is None:
            code = self.codes[op] = len(self.tape.operations)
            self.tape.operations.append(op)
        return code
