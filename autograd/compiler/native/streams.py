"""Streams of instructions for the machine: the nodes of a flow in the order in which they run, with their registers.

Nodes run level by level, and those of a level that do the same run together: then the processor foresees what comes,
and works on several at a time, for none of them needs another.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.native.extension import native
from autograd.compiler.native.planning import (
    LEAF,
    LOAD,
    STORE,
    SUM_OF_LANES,
    SUM_OF_TERMS,
    codes,
    order_of,
    shared_registers,
)
from autograd.compiler.native.sweeps import Flow
from autograd.compiler.scalars import INPUT, ONE, PARAMETER, Floats, Integers, Mask
from autograd.compiler.statements import Index

PLAIN: Final = 0
PRODUCT: Final = 1
ALONE: Final = 2
"""Kinds of terms for lanes: with one factor that has lanes, with two, with none."""


class Stream(NamedTuple):
    """Instructions, the numbers of linear nodes, and those of them that depend on registers."""

    words: Integers
    numbers: Floats
    weights: "Weights"


class Weights(NamedTuple):
    """To the number at each place, a number times those in two registers is added before the stream runs."""

    places: Integers
    registers: Integers
    numbers: Floats

    def cut(self, count: int) -> "Weights":
        """The first ones."""
        return Weights(self.places[:count], self.registers[:count], self.numbers[:count])

    def followed_by(self, others: "Weights") -> "Weights":
        """These and others."""
        places, registers = np.concatenate([self.places, others.places]), [self.registers, others.registers]
        return Weights(places, np.concatenate(registers), np.concatenate([self.numbers, others.numbers]))


class Streams(NamedTuple):
    """A program for the machine: what `struct machine` has of it."""

    before: Stream
    forward: Stream
    backward: Stream
    after: Stream
    initial: Floats
    vectors: int
    sums: int
    first_sum: int
    by_parameters: Integers
    roots: Integers
    by_inputs: Integers

    def for_lanes(self) -> tuple[Floats, Weights]:
        """The numbers of both streams for lanes in a row, and those of them that depend on registers."""
        first, second = self.forward, self.backward
        shifted = second.weights._replace(places=second.weights.places + np.int32(len(first.numbers)))
        return np.concatenate([first.numbers, second.numbers]), first.weights.followed_by(shifted)


class Writer:
    """Writes the streams of a flow."""

    def __init__(self, flow: Flow, *, single: bool) -> None:
        self.flow, self.single, self.n = flow, single, len(flow.codes)
        terms = flow.terms
        self.left, self.right = terms.left, terms.right
        self.kinds = (terms.right != ONE).astype(np.int8)
        for_lanes = flow.lanes | (flow.codes == SUM_OF_LANES)
        if not single:
            self.classify(for_lanes[flow.owner])
        self.levels, self.counts = terms.levels(), np.diff(terms.starts)
        # The coefficient is multiplied with the left factor first, while the right one may not be there yet.
        late = np.flatnonzero((self.kinds == PRODUCT) & (self.levels.take(self.left) > self.levels.take(self.right)))
        self.left, self.right = self.left.copy(), self.right.copy()
        self.left[late], self.right[late] = self.right[late], self.left[late]
        self.products = np.bincount(flow.owner[np.flatnonzero(self.kinds == PRODUCT)], minlength=self.n)
        self.codes = self.with_operations()
        inner = flow.live & (flow.codes != LEAF)
        self.before, self.after = (self.ordered(inner & ~for_lanes & (flow.backward == late)) for late in (False, True))
        self.forward, self.backward = (
            self.ordered(inner & for_lanes & (flow.backward == late)) for late in (False, True)
        )
        self.sums = self.backward[flow.codes[self.backward] == SUM_OF_LANES]
        self.registers = np.full(self.n + 1, ONE, np.int32)
        """The register of the number 1, and then that of each node."""
        self.initial = self.number_registers()

    def classify(self, for_lanes: Mask) -> None:
        """Find out how many factors of these terms have lanes; one alone becomes the left one."""
        lanes = np.append(self.flow.lanes, False)
        on_left, on_right = lanes[self.left], lanes[self.right]
        kinds = np.where(on_left & on_right, PRODUCT, np.where(on_left | on_right, PLAIN, ALONE))
        self.kinds, swap = np.where(for_lanes, kinds, self.kinds).astype(np.int8), on_right & ~on_left
        self.left, self.right = np.where(swap, self.right, self.left), np.where(swap, self.left, self.right)

    def with_operations(self) -> NDArray[np.int16]:
        """The codes of all nodes; a linear node that is but x + y, x - y or x·y is that operation, which is quicker."""
        flow, starts, found = self.flow, self.flow.terms.starts, self.flow.codes.copy()
        weighed = (self.kinds == ALONE) | ((self.kinds == PLAIN) & (self.right != ONE))
        others = np.bincount(flow.owner[np.flatnonzero(weighed)], minlength=self.n)
        nodes = np.flatnonzero((found == SUM_OF_TERMS) & (flow.numbers == 0.0) & (others == 0) & (self.counts > 0))
        plain, first = (self.counts[nodes] == 2) & (self.products[nodes] == 0), flow.coefficients[starts[nodes]]
        one = (self.counts[nodes] == 1) & (self.products[nodes] == 1) & (first == 1.0)
        found[nodes[one]] = codes()["multiply"][0]
        nodes = nodes[plain & (first == 1.0)]
        second = flow.coefficients[starts[nodes] + 1]
        found[nodes[second == 1.0]] = codes()["add"][0]
        found[nodes[second == -1.0]] = codes()["subtract"][0]
        return found

    def ordered(self, chosen: Mask) -> Integers:
        """Nodes level by level, and those of one kind together."""
        nodes = np.flatnonzero(chosen).astype(np.int32)
        for keys in (self.products, self.counts, self.codes, self.levels):
            own = keys[nodes]
            nodes = nodes[order_of(own, int(own.max(initial=0)) + 1)]
        return nodes

    def number_registers(self) -> Floats:
        """Give each node without lanes its register; returned are the numbers that are there before."""
        flow, registers = self.flow, self.registers[1:]
        start = 0
        for kind in (PARAMETER, INPUT) if self.single else (PARAMETER,):
            there = np.flatnonzero(flow.leaves[kind] != ONE)
            registers[flow.leaves[kind][there]] = start + there
            start += len(flow.leaves[kind])
        registers[flow.seed], self.registers[0] = start, start + 1
        constants = np.flatnonzero((flow.codes == LEAF) & ~flow.lanes & flow.live & (registers == ONE))
        rest = np.concatenate([constants, self.before, self.sums, self.after])
        registers[rest] = start + 2 + np.arange(len(rest))
        initial = np.zeros(start + 2 + len(rest))
        initial[self.registers[0]], initial[registers[constants]] = 1.0, flow.numbers[constants]
        return initial

    def written(self) -> Streams:
        """The program."""
        flow, vectors = self.flow, 0
        if not self.single:
            vectors = self.vector_registers()
        before, after = self.stream(self.before), self.stream(self.after)
        forward, backward = self.stream(self.forward), self.stream(self.backward)
        if not self.single:
            forward, backward, vectors = self.with_rows(forward, backward, vectors)
        of = self.registers[1:]
        none = {kind: np.full(len(leaves), ONE, np.int32) for kind, leaves in flow.leaves.items()}
        slopes = none | {kind: np.where(x == ONE, ONE, of[x]) for kind, x in flow.gradients.items()}
        first = int(of[self.sums[0]]) if len(self.sums) else 0
        streams, roots = (before, forward, backward, after), of[flow.roots]
        return Streams(*streams, self.initial, vectors, len(self.sums), first, slopes[PARAMETER], roots, slopes[INPUT])

    def stream(self, nodes: Integers) -> Stream:
        """The instructions for some nodes."""
        flow, terms = self.flow, self.flow.terms
        results = self.registers[1:].copy()
        results[self.sums] = np.arange(len(self.sums))
        n, m = len(nodes), int(self.counts[nodes].sum())
        words, numbers = np.empty(5 * n + 2 * m + 1, np.int32), np.empty(n + m)
        weights = Weights(np.empty(m, np.int32), np.empty((m, 2), np.int32), np.empty(m))
        known = self.codes, flow.numbers, flow.coefficients, self.kinds, self.registers, results
        a, b, c = native().write_stream(terms.starts, self.left, self.right, *known, nodes, words, numbers, *weights)
        return Stream(words[:a], numbers[:b], weights.cut(c))

    # ── lanes ──

    def vector_registers(self) -> int:
        """Give each node with lanes its register; returned is how many there are."""
        flow, inputs = self.flow, self.flow.leaves[INPUT]
        loaded, slopes = inputs[inputs != ONE], flow.gradients.get(INPUT, inputs[:0])
        slopes = slopes[slopes != ONE]
        # The roots are read behind the forward stream, the gradients of inputs behind the other one.
        results = np.concatenate([loaded, self.forward, [ONE], self.backward, [ONE]])
        place = np.full(self.n + 1, ONE, np.int32)
        place[results] = np.arange(len(results))
        middle, end = len(loaded) + len(self.forward), len(results) - 1
        chosen = np.zeros(self.n, bool)
        chosen[self.forward] = chosen[self.backward] = True
        terms = np.flatnonzero(chosen[flow.owner])
        pairs = [(place[flow.owner[terms]], side[terms]) for side in (self.left, self.right)]
        pairs += [(np.full(len(flow.roots), middle), flow.roots), (np.full(len(slopes), end), slopes)]
        owner, read = (np.concatenate(x) for x in zip(*pairs, strict=True))
        kept = np.append(flow.lanes, False)[read]
        found, count = shared_registers(owner[kept], place[read[kept]], len(results))
        vectors = flow.lanes[results] & (results != ONE)
        self.registers[1 + results[vectors]] = found[vectors]
        return count

    def with_rows(self, forward: Stream, backward: Stream, vectors: int) -> tuple[Stream, Stream, int]:
        """The streams with instructions that load the inputs, and store the roots and the gradients of inputs."""
        flow, of = self.flow, self.registers[1:]
        inputs = flow.leaves[INPUT]
        loaded = np.flatnonzero(inputs != ONE)
        lead = _moves(LOAD, of[inputs[loaded]], loaded)
        roots = _moves(STORE, len(inputs) + np.arange(len(flow.roots)), of[flow.roots])
        forward = forward._replace(words=np.concatenate([lead, forward.words[:-1], roots, [LEAF]]).astype(np.int32))
        if INPUT not in flow.gradients:
            return forward, backward, vectors
        slopes = flow.gradients[INPUT]
        missing = slopes == ONE
        zero = np.array([SUM_OF_TERMS, 1, vectors, 0, 0] if missing.any() else [])
        rows = len(inputs) + len(flow.roots) + np.arange(len(inputs))
        stored = _moves(STORE, rows, np.where(missing, vectors, of[slopes]))
        words = np.concatenate([backward.words[:-1], zero, stored, [LEAF]]).astype(np.int32)
        numbers = np.append(backward.numbers, [0.0] * int(missing.any()))
        return forward, backward._replace(words=words, numbers=numbers), vectors + int(missing.any())


def _moves(code: int, to: Index, of: Index) -> Index:
    """An instruction that moves vectors."""
    return np.concatenate([[code, len(to)], np.stack([to, of], axis=1).ravel()]) if len(to) else np.zeros(0, np.intp)
