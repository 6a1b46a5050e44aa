"""Streams of instructions for the machine: the nodes of a flow in the order in which they run, with their registers."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.native.planning import Graph, order_of, registers_of
from autograd.compiler.native.sweeps import LEAF, SUM_OF_LANES, SUM_OF_TERMS, Flow
from autograd.compiler.scalars import INPUT, ONE, PARAMETER, Floats, Integers

LOAD: Final = 3
STORE: Final = 4
NOTHING: Final = -0.0
"""The number to which a sum may be added without a change, that of zeros included."""


class Stream(NamedTuple):
    """Instructions, and the numbers of linear nodes."""

    words: Integers
    numbers: Floats


class Weights(NamedTuple):
    """Numbers of linear nodes for lanes that depend on numbers which are the same in all lanes."""

    places: Integers
    registers: Integers
    """Two for each, that of the number 1 if there is no second factor."""
    numbers: Floats


class Streams(NamedTuple):
    """A program for the machine, as `struct machine` has it."""

    before: Stream
    forward: Stream
    backward: Stream
    after: Stream
    weights: Weights
    initial: Floats
    slots: int
    sums: int
    sum_slot: int
    by_parameters: Integers
    roots: Integers
    by_inputs: Integers


def streams_of(flow: Flow, *, single: bool) -> Streams:
    return _Streams(flow, single).made()


class _Streams:
    def __init__(self, flow: Flow, single: bool) -> None:
        self.flow, self.single = flow, single
        self.n = len(flow.code)
        self.starts = np.zeros(self.n + 1, np.int64)
        np.cumsum(np.bincount(flow.owner, minlength=self.n), out=self.starts[1:])
        self.levels = Graph(self.starts, flow.left, flow.right).levels()
        self.products = np.bincount(flow.owner[flow.right != ONE], minlength=self.n)

    def made(self) -> Streams:
        flow = self.flow
        for_lanes = flow.lane | (flow.code == SUM_OF_LANES)
        inner = flow.live & (flow.code != LEAF)
        before, forward, backward, after = (
            self.ordered(np.flatnonzero(inner & (for_lanes == lanes) & (flow.backward == back)))
            for lanes, back in ((False, False), (True, False), (True, True), (False, True))
        )
        self.slot = np.full(self.n + 1, ONE, np.int32)
        leaves = flow.leaves[PARAMETER], flow.leaves[INPUT]
        count = len(leaves[0])
        read = leaves[0] != ONE
        self.slot[leaves[0][read]] = np.flatnonzero(read)
        if self.single:
            read = leaves[1] != ONE
            self.slot[leaves[1][read]] = count + np.flatnonzero(read)
            count += len(leaves[1])
        self.slot[flow.seed] = count
        one = count + 1
        constants = np.flatnonzero(flow.live & (flow.code == LEAF) & ~flow.lane & (self.slot[:-1] == ONE))
        sums = backward[flow.code[backward] == SUM_OF_LANES]
        rest = np.concatenate([constants, before, sums, after])
        self.slot[rest] = one + 1 + np.arange(len(rest))
        initial = np.zeros(one + 1 + len(rest))
        initial[one], initial[self.slot[constants]] = 1.0, flow.number[constants]
        self.slot[-1] = one
        slots, weights = 0, Weights(np.zeros(0, np.int32), np.zeros((0, 2), np.int32), np.zeros(0))
        if self.single:
            streams = [self.stream(nodes) for nodes in (before, forward, backward, after)]
        else:
            slots, streams, weights = self.for_lanes(before, forward, backward, after, sums)
        sum_slot = int(self.slot[sums[0]]) if len(sums) else 0
        gradients = [np.where(x == ONE, ONE, self.slot[x]) for x in (flow.gradients[PARAMETER], flow.gradients[INPUT])]
        return Streams(*streams, weights, initial, slots, len(sums), sum_slot, gradients[0], self.slot[flow.roots], gradients[1])

    def ordered(self, nodes: Integers) -> Integers:
        """Nodes level by level, and those of one kind together."""
        for keys in (self.products, np.diff(self.starts), self.flow.code, self.levels):
            own = keys[nodes].astype(np.int32)
            nodes = nodes[order_of(own, int(own.max(initial=0)) + 1)]
        return nodes

    def terms_of(self, nodes: Integers) -> tuple[Integers, Integers]:
        """The terms of some nodes in a row, and for each the place of its node among them."""
        counts = np.diff(self.starts)[nodes]
        owner = np.repeat(np.arange(len(nodes)), counts)
        return np.arange(len(owner)) + (self.starts[nodes] - np.cumsum(counts) + counts)[owner], owner

    def for_lanes(self, before, forward, backward, after, sums):
        flow = self.flow
        inputs = flow.leaves[INPUT]
        loads = np.flatnonzero(inputs != ONE)
        by = flow.gradients[INPUT]
        stores = np.flatnonzero(by != ONE)
        row = [*map(len, (loads, forward, [0], backward, [0]))]
        results = np.concatenate([inputs[loads], forward, [ONE], backward, [ONE]])
        terms, owner = self.terms_of(np.concatenate([forward, backward]))
        owner = owner + len(loads) + (owner >= len(forward))
        place = np.empty(self.n + 1, np.int32)
        place[results] = np.arange(len(results))
        owners, read = [], []
        for at, nodes in (
            (owner, flow.left[terms]),
            (owner, flow.right[terms]),
            (np.full(len(flow.roots), len(loads) + len(forward)), flow.roots),
            (np.full(len(stores), len(results) - 1), by[stores]),
        ):
            keep = (nodes != ONE) & flow.lane[nodes]
            owners.append(at[keep])
            read.append(place[nodes[keep]])
        owners, read = np.concatenate(owners).astype(np.int32), np.concatenate(read).astype(np.int32)
        order = order_of(owners, len(results))
        starts = np.zeros(len(results) + 1, np.int64)
        np.cumsum(np.bincount(owners, minlength=len(results)), out=starts[1:])
        registers, slots = registers_of(starts, read[order])
        keep = (results != ONE) & (flow.code[results] != SUM_OF_LANES)
        self.slot[results[keep]] = registers[keep]
        self.sum_of = np.full(self.n, ONE, np.int32)
        self.sum_of[sums] = np.arange(len(sums))
        R, I = len(flow.roots), len(inputs)
        weights = []
        first = self.stream(forward, weights, 0)
        second = self.stream(backward, weights, len(first.numbers))
        lead = [LOAD, len(loads), *np.stack([self.slot[inputs[loads]], loads], 1).ravel().tolist()] if len(loads) else []
        tail = [STORE, R, *np.stack([I + np.arange(R), self.slot[flow.roots]], 1).ravel().tolist()]
        end = []
        if len(by):
            zero = len(by) - len(stores)
            if zero:
                end = [SUM_OF_TERMS, 1, slots, 0, 0]
                second = second._replace(numbers=np.append(second.numbers, 0.0))
            at = np.where(by == ONE, slots, self.slot[by])
            slots += zero > 0
            end += [STORE, len(by), *np.stack([I + R + np.arange(I), at], 1).ravel().tolist()]
        first = Stream(np.concatenate([lead, first.words[:-1], tail, [0]]).astype(np.int32), first.numbers)
        second = Stream(np.concatenate([second.words[:-1], end, [0]]).astype(np.int32), second.numbers)
        places, registers, numbers = (np.concatenate(x) for x in zip(*weights)) if weights else (np.zeros(0, np.int32), np.zeros((0, 2), np.int32), np.zeros(0))
        found = Weights(places.astype(np.int32), registers.astype(np.int32), numbers)
        return slots, [self.stream(before), first, second, self.stream(after)], found

    def stream(self, nodes, weights=None, offset=0) -> Stream:
        flow, m = self.flow, len(nodes)
        code = flow.code[nodes]
        linear = code <= SUM_OF_LANES
        terms, owner = self.terms_of(nodes)
        left, right = flow.left[terms], flow.right[terms]
        kind = (right != ONE).astype(np.int8)
        of_lanes = weights is not None
        if of_lanes:
            on_left, on_right = flow.lane[left], flow.lane[right] & (right != ONE)
            swap = on_right & ~on_left
            left, right = np.where(swap, right, left), np.where(swap, left, right)
            kind = np.where(on_left & on_right, 1, np.where(on_left | on_right, 0, 2)).astype(np.int8)
        if (np.diff(owner * 3 + kind) < 0).any():
            order = order_of((owner * 3 + kind).astype(np.int32), 3 * m)
            terms, owner, left, right, kind = terms[order], owner[order], left[order], right[order], kind[order]
        plain, products = (np.bincount(owner[kind == k], minlength=m) for k in (0, 1))
        size = np.where(linear, 3 + plain + 2 * products, 1 + plain)
        starts_run = np.diff(code, prepend=-1) != 0
        at = np.cumsum(size + 2 * starts_run) - size
        words = np.zeros((int(at[-1] + size[-1]) if m else 0) + 1, np.int32)
        runs = np.flatnonzero(starts_run)
        words[at[runs] - 2], words[at[runs] - 1] = code[runs], np.diff(np.append(runs, m))
        words[at] = np.where(code == SUM_OF_LANES, self.sum_of[nodes], self.slot[nodes]) if of_lanes else self.slot[nodes]
        words[at[linear] + 1], words[at[linear] + 2] = plain[linear], products[linear]
        kept = kind < 2
        counts = plain + products
        ends = np.cumsum(counts)
        rank = np.arange(len(owner[kept])) - (ends - counts)[owner[kept]]
        o, k = owner[kept], kind[kept]
        place = at[o] + np.where(linear[o], 3, 1) + rank + np.where(k == 1, rank - plain[o], 0)
        words[place] = self.slot[left[kept]]
        words[place[k == 1] + 1] = self.slot[right[kept][k == 1]]
        own = (code == SUM_OF_TERMS).astype(np.int64)
        number_size = np.where(linear, own + counts, 0)
        number_at = np.cumsum(number_size) - number_size
        numbers = np.zeros(int(number_size.sum()))
        total = np.bincount(owner, minlength=m)
        c0 = flow.number[nodes]
        sums = np.flatnonzero(own)
        numbers[number_at[sums]] = np.where((c0[sums] == 0.0) & (total[sums] > 0), NOTHING, c0[sums])
        of_linear = linear[o]
        number_place = number_at[o] + own[o] + rank
        numbers[number_place[of_linear]] = flow.coefficient[terms[kept][of_linear]]
        if of_lanes:
            weighed = (k == 0) & of_linear & (right[kept] != ONE)
            bias = ~kept
            numbers[number_place[weighed]] = NOTHING
            places = np.concatenate([number_place[weighed], number_at[owner[bias]]]) + offset
            registers = np.stack([np.concatenate([right[kept][weighed], left[bias]]), np.concatenate([np.full(weighed.sum(), ONE), right[bias]])], 1)
            numbers_of = np.concatenate([flow.coefficient[terms[kept][weighed]], flow.coefficient[terms[bias]]])
            weights.append((places, self.slot[registers], numbers_of))
        return Stream(words, numbers)
