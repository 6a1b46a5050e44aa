"""A tape read into the scalar graph: every linear operation becomes terms, some functions become simpler ones.

The gradients come from the rules of the simpler operations, which are the same in exact arithmetic.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Integers, Scalars
from autograd.compiler.statements import Index, Named
from autograd.engine.tape import CONSTANT_CODE, LEAF_CODE, Tape


class Recording(NamedTuple):
    """A graph to compile, with its leaves by their places on the tape; -1 for a leaf that the graph doesn't reach."""

    tape: Tape
    inputs: Index
    parameters: Index
    names: Sequence[Named] = ()
    """Names for people: in the space p of positions in `parameters`, in the space x of positions in `inputs`."""


def scalars(recording: Recording) -> Scalars:
    """The scalar graph of a recording."""
    return _Reader(recording).read()


_EXTRA = {"exp_of_difference": (0, 1), "log_of_shifted_sum": (2, -1), "logsumexp": (2, 4)}
"""How many nodes are made of an operation on T operands beside its own: a·T + b."""


class _Reader:
    def __init__(self, recording: Recording) -> None:
        tape, self.recording = recording.tape, recording
        self.codes = np.frombuffer(tape.codes, np.uint16)
        self.starts = np.frombuffer(tape.starts, np.int32)
        self.operands = np.frombuffer(tape.operands, np.int32)
        self.data = np.frombuffer(tape.data, np.float64)
        self.operations = [*tape.operations]
        self.terms: list[tuple[Integers, NDArray[np.float64], Integers, Integers]] = []

    def read(self) -> Scalars:
        names = self.recording.tape.operations
        places = [self.places(op) if op != LEAF_CODE else np.zeros(0, np.intp) for op in range(len(names))]
        self.last = np.arange(len(self.codes), dtype=np.int32)
        """The node of each entry; the extra ones come directly before it."""
        self.first = self.last
        if not {*names}.isdisjoint(_EXTRA):
            extra = np.zeros(len(self.codes), np.int32)
            for op, name in enumerate(names):
                a, b = _EXTRA.get(name, (0, 0))
                extra[places[op]] = a * self.lengths(places[op]) + b
            self.last = self.last + np.cumsum(extra, dtype=np.int32)
            self.first = self.last - extra
        n = int(self.last[-1]) + 1
        self.kind, self.code = np.full(n, LINEAR, np.int8), np.zeros(n, np.int32)
        self.number, self.leaf, self.kept = np.zeros(n), np.zeros(n, np.int32), np.zeros(n, bool)
        self.leaves(places)
        for op, name in enumerate([*names]):
            if op not in (LEAF_CODE, CONSTANT_CODE) and len(places[op]):
                getattr(self, name if name in _READINGS else "operation")(places[op], op)
        roots = self.last[np.array(self.recording.tape.roots, np.intp)]
        del places, self.first, self.last  # Here is the peak of memory.
        arrays = (self.kind, self.code, self.number, self.leaf, self.kept)
        columns: list[Any] = [*zip(*(self.terms or [self.no_terms()]), strict=True)]
        order = np.argsort(np.concatenate(columns[0]), kind="stable")
        del self.terms
        owner, coefficient, left, right = (np.concatenate(columns.pop(0))[order] for _ in range(4))
        return Scalars(*arrays, owner, coefficient, left, right, roots, self.operations)

    def places(self, op: int) -> NDArray[np.intp]:
        return np.flatnonzero(self.codes == op)

    def lengths(self, places: NDArray[np.intp]) -> Integers:
        """How many operands these entries have."""
        return self.starts[places + 1] - self.starts[places]

    def no_terms(self) -> tuple[Integers, NDArray[np.float64], Integers, Integers]:
        none = np.zeros(0, np.int32)
        return none, np.zeros(0), none, none

    def leaves(self, places: Sequence[NDArray[np.intp]]) -> None:
        constants = places[CONSTANT_CODE]
        self.kind[self.last[constants]] = CONSTANT
        self.number[self.last[constants]] = self.data[constants]
        # A leaf that nobody lists never comes here: the face has refused it.
        for kind, listed in ((PARAMETER, self.recording.parameters), (INPUT, self.recording.inputs)):
            reached = np.flatnonzero(listed >= 0)
            nodes = self.last[listed[reached]].astype(np.intp)
            self.kind[nodes], self.leaf[nodes] = kind, reached

    def add_terms(
        self, owner: Integers, coefficient: float | NDArray[np.float64], left: Integers, right: Integers | None = None
    ) -> None:
        rights = np.broadcast_to(np.int32(ONE), len(owner)) if right is None else right
        self.terms.append((owner, np.broadcast_to(np.asarray(coefficient, float), owner.shape), left, rights))

    def operand(self, places: NDArray[np.intp], position: int) -> Integers:
        return self.last.take(self.operands[self.starts[places] + position])

    def rows(self, places: NDArray[np.intp]) -> tuple[NDArray[np.intp], Integers, NDArray[np.intp]]:
        """All operands of these entries in one row: the number of the entry, the node, the position in the entry."""
        lengths = self.lengths(places)
        entry = np.repeat(np.arange(len(places)), lengths)
        position = np.arange(len(entry)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return entry, self.last[self.operands[self.starts[places][entry] + position]], position

    def code_of(self, name: str) -> int:
        if name not in self.operations:
            self.operations.append(name)
        return self.operations.index(name)

    def make(self, nodes: Integers, name: str, *operands: Integers) -> Integers:
        """Let the nodes be of this operation."""
        self.kind[nodes], self.code[nodes] = OPERATION, self.code_of(name)
        for left in operands:
            self.add_terms(nodes, 1.0, left)
        return nodes

    # ── one reading for each operation that is more than itself ──

    def operation(self, places: NDArray[np.intp], op: int) -> None:
        nodes = self.last[places]
        self.kind[nodes], self.code[nodes] = OPERATION, op
        entry, left, _ = self.rows(places)
        self.add_terms(nodes[entry], 1.0, left)

    def _sum(self, places: NDArray[np.intp], *signs: float) -> None:
        for i, sign in enumerate(signs):
            self.add_terms(self.last[places], sign, self.operand(places, i))

    def add(self, places: NDArray[np.intp], op: int) -> None:
        self._sum(places, 1.0, 1.0)
        # Python's sum starts from 0.
        zeros = (self.codes == CONSTANT_CODE) & (self.data == 0.0)
        if zeros.any():
            edges = self.operands[self.starts[places][:, None] + np.arange(2)]
            self.kept[self.last[places]] = zeros[edges].any(axis=1)

    def subtract(self, places: NDArray[np.intp], op: int) -> None:
        self._sum(places, 1.0, -1.0)

    def negative(self, places: NDArray[np.intp], op: int) -> None:
        self._sum(places, -1.0)

    def positive(self, places: NDArray[np.intp], op: int) -> None:
        self._sum(places, 1.0)

    def multiply(self, places: NDArray[np.intp], op: int) -> None:
        self.add_terms(self.last[places], 1.0, self.operand(places, 0), self.operand(places, 1))

    def square(self, places: NDArray[np.intp], op: int) -> None:
        x = self.operand(places, 0)
        self.add_terms(self.last[places], 1.0, x, x)

    def power(self, places: NDArray[np.intp], op: int) -> None:
        y = self.operands[self.starts[places] + 1]
        two = (self.codes[y] == CONSTANT_CODE) & (self.data[y] == 2.0)
        self.square(places[two], op)
        self.operation(places[~two], op)

    def divide(self, places: NDArray[np.intp], op: int) -> None:
        y = self.operands[self.starts[places] + 1]
        with np.errstate(all="ignore"):
            inverse = 1.0 / self.data[y]
        # An inverse that is infinite or subnormal would change the result.
        exact = np.isfinite(inverse) & (np.abs(inverse) > np.finfo(float).tiny)
        scaled = (self.codes[y] == CONSTANT_CODE) & exact
        self.add_terms(self.last[places[scaled]], inverse[scaled], self.operand(places[scaled], 0))
        self.operation(places[~scaled], op)

    def total(self, places: NDArray[np.intp], op: int) -> None:
        entry, left, _ = self.rows(places)
        self.add_terms(self.last[places][entry], 1.0, left)
        self.kept[self.last[places]] = self.lengths(places) == 1

    def mean(self, places: NDArray[np.intp], op: int) -> None:
        entry, left, _ = self.rows(places)
        self.add_terms(self.last[places][entry], (1.0 / self.lengths(places))[entry], left)

    def dot(self, places: NDArray[np.intp], op: int) -> None:
        entry, node, position = self.rows(places)
        half = (self.lengths(places) // 2)[entry]
        left = position < half
        self.add_terms(self.last[places][entry[left]], 1.0, node[left], node[~left])

    def exp_of_difference(self, places: NDArray[np.intp], op: int) -> None:
        shift = self.make(self.first[places], "shift", self.operand(places, 0), self.operand(places, 1))
        self.make(self.last[places], "exp", shift)

    def _exps(
        self,
        entry: NDArray[np.intp],
        left: Integers,
        top: Integers,
        first: Integers,
        shape: tuple[Integers, NDArray[np.intp]],
    ) -> None:
        """exp(x - top) for each x of a row, from the node `first` on, and their sums, at the nodes after them."""
        lengths, position = shape
        shift = self.make((first[entry] + position).astype(np.int32), "shift", left, top[entry])
        exps = self.make((shift + lengths[entry]).astype(np.int32), "exp", shift)
        self.add_terms((first + 2 * lengths)[entry].astype(np.int32), 1.0, exps)

    def log_of_shifted_sum(self, places: NDArray[np.intp], op: int) -> None:
        entry, left, position = self.rows(places)
        lengths = (self.lengths(places) - 1).astype(np.int32)
        is_top = position == lengths[entry]
        first, last = self.first[places], self.last[places]
        self._exps(entry[~is_top], left[~is_top], left[is_top], first, (lengths, position[~is_top]))
        self.make(last, "log", last - 1)

    def logsumexp(self, places: NDArray[np.intp], op: int) -> None:
        entry, left, position = self.rows(places)
        lengths = self.lengths(places).astype(np.int32)
        first, last = self.first[places], self.last[places]
        self.make(first[entry], "largest", left)
        top = self.make(first + 1, "detach", first)
        self._exps(entry, left, top, first + 2, (lengths, position))
        log = self.make(last - 1, "log", last - 2)
        self.add_terms(last, 1.0, top)
        self.add_terms(last, 1.0, log)


_READINGS = [
    "add",
    "subtract",
    "negative",
    "positive",
    "multiply",
    "square",
    "power",
    "divide",
    "total",
    "mean",
    "dot",
    "exp_of_difference",
    "log_of_shifted_sum",
    "logsumexp",
]
