"""The values and the gradients of a scalar graph as one graph of instructions for the machine.

The gradient of a node is a linear node as well: the sum of what its readers contribute. A linear reader contributes its
gradient times a coefficient and the other factor, an operation the result of an instruction. So nothing is cleared or
added to, and one kind of sum does both passes.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.native.planning import Graph, order_of
from autograd.compiler.native.recipes import Known, Recipe, contribution_recipe, known_numbers, masked, value_recipe
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Floats, Integers, Mask, Scalars
from autograd.formula.cases import rule

Codes = NDArray[np.int16]
LEAF: Final = 0
SUM_OF_TERMS: Final = 1
"""The code of a linear node."""
SUM_OF_LANES: Final = 2
"""The code of a linear node over all lanes together."""


class Flow(NamedTuple):
    """Nodes in an order in which operands come first, and their terms, node by node, as in `Scalars`."""

    code: Codes
    """The instruction that makes a node; LEAF for one that is there before."""
    number: Floats
    lane: Mask
    """Whether a node has a number for each example of a batch."""
    backward: Mask
    live: Mask
    owner: Integers
    coefficient: Floats
    left: Integers
    right: Integers
    leaves: dict[int, Integers]
    """The nodes of parameters and of inputs, by their positions; ONE for those that aren't there."""
    seed: int
    roots: Integers
    gradients: dict[int, Integers]
    """The gradients of parameters and of inputs, as the leaves."""


class _Group(NamedTuple):
    """Nodes of one operation, on lists of one length, or with the same known numbers."""

    op: str
    known: Known
    nodes: NDArray[np.intp]
    length: int
    """How many elements each operand has."""


def flow_of(g: Scalars, counts: dict[int, int], wanted: tuple[int, ...], *, single: bool) -> Flow:
    """The values of a graph, and the gradients of its first root by leaves of the wanted kinds.

    `counts` says how many parameters and inputs there are. For a single example no node has lanes.
    """
    lanes = np.zeros(len(g), bool) if single else _lanes(g)
    if not single:
        g, lanes = _with_copies(g, lanes)
    return _Sweeps(g, lanes, wanted, single).flow(counts)


def _graph(g: Scalars) -> Graph:
    starts = np.zeros(len(g) + 1, np.int64)
    np.cumsum(np.bincount(g.owner, minlength=len(g)), out=starts[1:])
    return Graph(starts, g.left, g.right)


def _lanes(g: Scalars) -> Mask:
    """Whether each node differs between examples; a node whose guard does so is worked out for each."""
    every, graph, lanes = np.ones(len(g.owner), bool), _graph(g), np.asarray(g.kind == INPUT)
    while True:
        lanes = graph.readers(lanes, every)
        if g.guards is None:
            return lanes
        more = (g.guards != ONE) & lanes[g.guards] & ~lanes & (g.kind >= LINEAR)
        if not more.any():
            return lanes
        lanes |= more


def _with_copies(g: Scalars, lanes: Mask) -> tuple[Scalars, Mask]:
    """A graph in which operations of lanes read lanes alone, and roots are such: through copies of what they read."""
    operand = ~g.in_linear & lanes[g.owner] & ~lanes[g.left]
    copied = np.zeros(len(g), bool)
    copied[g.left[operand]] = copied[g.roots] = True
    guarded = np.zeros(0, np.intp) if g.guards is None else np.flatnonzero((g.guards != ONE) & lanes)
    if g.guards is not None:
        copied[g.guards[guarded]] = True
    copied &= ~lanes
    constant = copied & (g.kind == CONSTANT)
    if not copied.any():
        return g, lanes
    new = (np.cumsum(1 + copied) - 1 - copied).astype(np.int32)
    copy = new + copied
    read = copied & ~constant
    owner = np.concatenate([new[g.owner], copy[read]])
    order = order_of(owner, int(new[-1]) + 2)
    made = [np.repeat(x, 1 + copied) for x in (g.kind, g.code, g.number, g.leaf, g.kept, lanes)]
    kind, code, number, leaf, kept, lanes = made
    kind[copy[copied]], lanes[copy[copied]] = LINEAR, True
    left = np.concatenate([np.where(operand, copy[g.left], new[g.left]), new[read]])[order]
    right = np.concatenate([np.where(g.right == ONE, ONE, new[g.right]), np.full(read.sum(), ONE)])[order]
    coefficient = np.concatenate([g.coefficient, np.ones(read.sum())])[order]
    arrays = owner[order], coefficient, left.astype(np.int32), right.astype(np.int32), copy[g.roots]
    found = Scalars(kind, code, number, leaf, kept, *arrays, g.operations)
    if g.guards is not None:
        found.guards = np.full(len(kind), ONE, np.int32)
        found.guards[new[guarded]] = copy[g.guards[guarded]]
        rest = np.flatnonzero((g.guards != ONE) & ~lanes[new])
        found.guards[new[rest]] = new[g.guards[rest]]
    return found, lanes


class _Sweeps:
    """The graph of instructions in the making."""

    def __init__(self, g: Scalars, lanes: Mask, wanted: tuple[int, ...], single: bool) -> None:
        self.g, self.lanes, self.single, self.starts = g, lanes, single, g.starts
        graph, passes = _graph(g), self._passes()
        needs = graph.readers(np.isin(g.kind, wanted), passes)
        start = np.zeros(len(g), bool)
        start[g.roots[0]] = needs[g.roots[0]]
        self.reached = graph.operands(start, passes, needs)
        """Whether a gradient of each node is needed."""
        self.groups = [*self._groups()]
        self.owner, self.coefficient, self.left, self.right = ([] for _ in range(4))

    def _passes(self) -> Mask:
        """Whether each term passes a gradient on."""
        g = self.g
        stopped = np.zeros(len(g), bool)
        stopped[g.of("detach")] = True
        passes = ~stopped[g.owner]
        passes[self.starts[g.of("where")]] = False
        return passes

    def _groups(self) -> Iterator[_Group]:
        g, starts = self.g, self.starts
        for code in np.unique(g.code[g.kind == OPERATION]).tolist():
            op, nodes = g.operations[code], np.flatnonzero((g.kind == OPERATION) & (g.code == code))
            r = rule(op)
            sizes = starts[nodes + 1] - starts[nodes]
            if r.of_sequences:
                for size in np.unique(sizes).tolist():
                    yield _Group(op, (), nodes[sizes == size], size // len(r.operands))
                continue
            left = np.ones(len(nodes), bool)
            for x, number in known_numbers(op):
                y = g.left[starts[nodes] + r.operands.index(x)]
                same = (starts[y] == starts[y + 1]) & (g.kind[y] != INPUT) & (g.kind[y] != PARAMETER) & (g.number[y] == number)
                if same.any():
                    yield _Group(op, ((x, number),), nodes[same], 1)
                    left &= ~same
            if left.any():
                yield _Group(op, (), nodes[left], 1)

    def flow(self, counts: dict[int, int]) -> Flow:
        g, n, reached = self.g, len(self.g), self.reached
        values = [(group, value_recipe(group.op, group.known, group.length)) for group in self.groups]
        sizes = np.ones(n, np.int64)
        for group, recipe in values:
            sizes[group.nodes] = len(recipe.steps)
        self.at = np.cumsum(sizes).astype(np.int32) - 1
        self.at = np.append(self.at, ONE).astype(np.int32)  # at[ONE] is ONE.
        """The place of the value of each node."""
        end = int(self.at[n - 1]) + 1
        seed, start = end, end + 1
        self.summed = reached & ~self.lanes & (not self.single)
        """Whether what lanes contribute to a node is added up over the lanes first."""
        self.sizes = reached.astype(np.int64) + self.summed
        parts = [*self._contributions()]
        linear = self._guarded_terms() if g.guards is not None else None
        ends = np.cumsum(self.sizes[::-1])[::-1]
        self.block = (start + ends - self.sizes).astype(np.int32)
        self.gradient = np.append(np.where(reached, self.block + self.summed, ONE), ONE).astype(np.int32)
        total = start + int(ends[0]) if n else start
        self.code, self.number = np.zeros(total, np.int16), np.zeros(total)
        self.lane, self.backward = np.zeros(total, bool), np.arange(total) >= end
        own = np.repeat(np.arange(n), sizes)
        self.lane[:end] = self.lanes[own]
        self.lane[start:] = np.repeat(self.lanes[::-1], self.sizes[::-1])
        self.code[self.at[:n][g.kind == LINEAR]] = SUM_OF_TERMS
        self.number[self.at[:n]] = g.number
        keep = g.in_linear
        self._add(self.at[g.owner[keep]], g.coefficient[keep], self.at[g.left[keep]], self.at[g.right[keep]])
        for group, recipe in values:
            self._place(group, group.nodes, recipe, self.at[group.nodes] - len(recipe.steps) + 1)
        root = int(g.roots[0])
        gradients = np.full(total, ONE, np.int32)
        if reached[root]:
            self._start(root, seed)
            self._contribute_linear(linear)
            for group, by, nodes, offset, recipe in parts:
                self._contribute(group, by, nodes, recipe, self.block[nodes] + offset.astype(np.int32))
            self._finish_sums()
        alias = self._aliases()
        owner = np.concatenate(self.owner) if self.owner else np.zeros(0, np.int32)
        coefficient, left, right = (np.concatenate(x) if x else np.zeros(0, t) for x, t in ((self.coefficient, float), (self.left, np.int32), (self.right, np.int32)))
        alias = np.append(alias, ONE).astype(np.int32)
        keep = alias[owner] == owner
        live = alias[:-1] == np.arange(total)
        live[(self.code == LEAF) & self.backward] = False
        live[seed] = True
        order = order_of(owner[keep], total)
        terms = owner[keep][order], coefficient[keep][order], alias[left[keep]][order], alias[right[keep]][order]
        leaves, slopes = {}, {}
        for kind, count in counts.items():
            leaves[kind], slopes[kind] = np.full(count, ONE, np.int32), np.full(count, ONE, np.int32)
            nodes = np.flatnonzero(g.kind == kind)
            leaves[kind][g.leaf[nodes]] = self.at[nodes]
            slopes[kind][g.leaf[nodes]] = alias[self.gradient[nodes]]
        return Flow(self.code, self.number, self.lane, self.backward, live, *terms, leaves, seed, self.at[g.roots], slopes)

    # ── places of contributions ──

    def _contributions(self) -> Iterator[tuple[_Group, str, NDArray[np.intp], NDArray[np.int64], Recipe]]:
        """For each operand of each group the nodes that contribute to it, where, and how."""
        for group in self.groups:
            r = rule(group.op)
            if group.op == "detach":
                continue
            for i, by in enumerate(r.operands):
                if by in dict(group.known) or (group.op == "where" and not i):
                    continue
                rows = self.starts[group.nodes][:, None] + i * group.length + np.arange(group.length)
                nodes = group.nodes[self.reached[group.nodes] & self.reached[self.g.left[rows]].any(axis=1)]
                recipe = contribution_recipe(group.op, by, group.known, group.length)
                guarded = np.zeros(len(nodes), bool)
                if self.g.guards is not None and group.op != "where":
                    guarded = self.g.guards[nodes] != ONE
                for some, how in ((nodes[~guarded], recipe), (nodes[guarded], masked(recipe))):
                    if len(some):
                        yield group, by, some, self.sizes[some], how
                        self.sizes[some] += len(how.steps)

    def _guarded_terms(self) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.int64]]:
        """The terms of guarded linear nodes, by which factor they pass a gradient to, and where two nodes mask that."""
        g = self.g
        assert g.guards is not None
        found = []
        for to_right, factor in ((False, g.left), (True, g.right)):
            chosen = g.in_linear & (g.guards[g.owner] != ONE) & self.reached[g.owner] & self._is_reached(factor)
            if to_right:
                chosen &= g.left != g.right
            found.append(np.flatnonzero(chosen))
        terms = np.concatenate(found)
        right = np.repeat([False, True], [len(x) for x in found])
        owner = g.owner[terms]
        order = np.argsort(owner, kind="stable")
        rank = np.empty(len(terms), np.int64)
        rank[order] = np.arange(len(terms)) - np.searchsorted(owner[order], owner[order])
        offset = self.sizes[owner] + 2 * rank
        np.add.at(self.sizes, owner, 2)
        return terms, right, offset

    def _is_reached(self, factor: Integers) -> Mask:
        return np.asarray((factor != ONE) & self.reached[factor])

    # ── terms ──

    def _add(self, owner: Integers, coefficient: Floats | float, left: Integers, right: Integers | None = None) -> None:
        """Append terms."""
        n = len(owner)
        self.owner.append(owner.astype(np.int32))
        self.coefficient.append(np.broadcast_to(np.asarray(coefficient, float), n))
        self.left.append(left.astype(np.int32))
        self.right.append(np.full(n, ONE, np.int32) if right is None else right.astype(np.int32))

    def _place(self, group: _Group, nodes: NDArray[np.intp], recipe: Recipe, start: Integers) -> None:
        """Make the nodes of a recipe, for each node from a place on."""
        operands = rule(group.op).operands
        for i, step in enumerate(recipe.steps):
            self.code[start + i], self.number[start + i] = step.code, step.number
            for x in step.operands:
                if isinstance(x, int):
                    read = start + x
                elif x[0] == UPSTREAM:
                    read = self.gradient[nodes]
                elif x[0] == VALUE:
                    read = self.at[nodes]
                elif x[0] == "guard":
                    assert self.g.guards is not None
                    read = self.at[self.g.guards[nodes]]
                else:
                    place = operands.index(x[0]) * group.length + x[1]
                    read = self.at[self.g.left[self.starts[nodes] + place]]
                self._add(start + i, 1.0, read)

    def _start(self, root: int, seed: int) -> None:
        """Let the gradient of the root be the seed."""
        self.code[self.gradient[root]] = SUM_OF_TERMS
        self._add(self.gradient[[root]], 1.0, np.array([seed]))

    def _to(self, x: Integers, v: Integers) -> Integers:
        """The node to which the contributions of nodes v to nodes x are added."""
        return np.where(self.summed[x] & self.lanes[v], self.block[x], self.gradient[x])

    def _contribute_linear(self, guarded: Any) -> None:
        g = self.g
        free = g.in_linear & self.reached[g.owner]
        if g.guards is not None:
            free &= g.guards[g.owner] == ONE
        twice = g.left == g.right
        for own, other, chosen in (
            (g.left, g.right, free & self._is_reached(g.left)),
            (g.right, g.left, free & self._is_reached(g.right) & ~twice),
        ):
            v, x, c = g.owner[chosen], own[chosen], g.coefficient[chosen] * (1.0 + twice[chosen])
            self._add(self._to(x, v), c, self.gradient[v], self.at[other[chosen]])
        if guarded is None:
            return
        terms, right, offset = guarded
        v = g.owner[terms]
        at = self.block[v] + offset.astype(np.int32)
        own, other = np.where(right, g.right[terms], g.left[terms]), np.where(right, g.left[terms], g.right[terms])
        self.code[at] = SUM_OF_TERMS
        self._add(at, g.coefficient[terms] * (1.0 + twice[terms]), self.gradient[v], self.at[other])
        (mask,) = masked(Recipe((), (0,))).steps
        self.code[at + 1] = mask.code
        self._add(at + 1, 1.0, at)
        self._add(at + 1, 1.0, self.at[g.guards[v]])
        self._add(self._to(own, v), 1.0, at + 1)

    def _contribute(self, group: _Group, by: str, nodes: NDArray[np.intp], recipe: Recipe, start: Integers) -> None:
        self._place(group, nodes, recipe, start)
        i = rule(group.op).operands.index(by)
        for j, result in enumerate(recipe.results):
            x = self.g.left[self.starts[nodes] + i * group.length + j]
            some = self.reached[x]
            self._add(self._to(x[some], nodes[some]), 1.0, start[some] + result)

    def _finish_sums(self) -> None:
        """Let the gradients of nodes that are the same in all lanes read what the lanes contribute."""
        nodes = np.flatnonzero(self.reached)
        self.code[self.gradient[nodes]] = SUM_OF_TERMS
        used = np.zeros(len(self.code), bool)
        for owner in self.owner:
            used[owner] = True
        nodes = np.flatnonzero(self.summed & used[self.block])
        self.code[self.block[nodes]], self.lane[self.block[nodes]] = SUM_OF_LANES, False
        self._add(self.gradient[nodes], 1.0, self.block[nodes])

    def _aliases(self) -> Integers:
        """For each node itself, or another one that it is a copy of."""
        total = len(self.code)
        alias = np.arange(total, dtype=np.int32)
        counts = np.zeros(total, np.int32)
        for owner in self.owner:
            counts += np.bincount(owner, minlength=total).astype(np.int32)
        for owner, coefficient, left, right in zip(self.owner, self.coefficient, self.left, self.right, strict=True):
            same = (counts[owner] == 1) & self.backward[owner] & (self.code[owner] == SUM_OF_TERMS)
            same &= (coefficient == 1.0) & (right == ONE) & (self.lane[owner] == self.lane[left])
            alias[owner[same]] = left[same]
        while True:
            further = alias[alias]
            if (further == alias).all():
                return alias
            alias = further
