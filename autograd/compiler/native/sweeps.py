"""The values and the gradients of a scalar graph as one graph of instructions for the machine.

The gradient of a node is a linear node as well: the sum of what its readers contribute. A linear reader contributes its
gradient times a coefficient and the other factor, an operation the result of an instruction. So nothing is cleared or
added to, and one kind of sum does both passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.native.planning import LEAF, SUM_OF_LANES, SUM_OF_TERMS, Terms, codes, order_of
from autograd.compiler.native.recipes import Known, Recipe, contributed, known_numbers, valued
from autograd.compiler.native.uniform import lanes_of, terms_of, with_copies
from autograd.compiler.scalars import INPUT, LINEAR, ONE, OPERATION, PARAMETER, Floats, Integers, Mask, Scalars
from autograd.compiler.statements import Index
from autograd.formula.cases import rule

MASK: Final = "where by a"
"""The instruction that leaves a number where another one is above 0, and makes 0 of it elsewhere."""


class Flow(NamedTuple):
    """Nodes in an order in which operands come first, and their terms, node by node, as in `Scalars`."""

    codes: NDArray[np.int16]
    numbers: Floats
    lanes: Mask
    """Whether a node has a number for each example of a batch."""
    backward: Mask
    live: Mask
    """Whether a result depends on a node."""
    owner: Integers
    coefficients: Floats
    terms: Terms
    leaves: Mapping[int, Integers]
    """The nodes of parameters and of inputs, by their positions; ONE for those that aren't there."""
    seed: int
    """The gradient of the first root."""
    roots: Integers
    gradients: Mapping[int, Integers]
    """The gradients by leaves of the wanted kinds, by their positions; ONE for 0."""


def flow_of(g: Scalars, counts: Mapping[int, int], wanted: Sequence[int], *, single: bool) -> Flow:
    """The values of a graph, and the gradients of its first root by leaves of the wanted kinds.

    `counts` says how many parameters and inputs there are. For a single example no node has lanes.
    """
    lanes = np.zeros(len(g), bool) if single else lanes_of(g)
    if not single:
        g, lanes = with_copies(g, lanes)
    return _Sweeps(g, lanes, wanted, single).flow(counts)


@dataclass
class _Growing:
    """Nodes and terms in the making. Nodes are put in order by their times, and then as they came."""

    count: int = 0
    nodes: list[tuple[Any, ...]] = field(default_factory=list)
    terms: list[tuple[Integers, Any, Integers, Integers]] = field(default_factory=list)

    def add(self, times: Index, codes: Any, lanes: Mask, numbers: Any = 0.0) -> Integers:
        """Append nodes; returned are their places."""
        n = len(times)
        kinds = np.broadcast_to(np.asarray(codes, np.int16), n)
        self.nodes.append((times.astype(np.int32), kinds, np.broadcast_to(lanes, n), np.broadcast_to(numbers, n)))
        self.count += n
        return np.arange(self.count - n, self.count, dtype=np.int32)

    def let(self, owner: Integers, coefficients: Any, left: Integers, right: Integers | None = None) -> None:
        """Append a term to each of some nodes."""
        rights = np.broadcast_to(np.int32(ONE), len(owner)) if right is None else right
        self.terms.append((owner, np.broadcast_to(np.asarray(coefficients, float), len(owner)), left, rights))

    def node_arrays(self) -> list[Any]:
        """The times, codes, lanes and numbers of all nodes; they are here no more."""
        columns = [*zip(*self.nodes, strict=True)]
        self.nodes.clear()
        return [np.concatenate(columns.pop(0)) for _ in range(4)]

    def term_arrays(self) -> list[Any]:
        """The owners, coefficients, left and right factors of all terms; they are here no more."""
        none = np.zeros(0, np.int32)
        columns: list[Any] = [*zip(*(self.terms or [(none, np.zeros(0), none, none)]), strict=True)]
        self.terms.clear()
        return [np.concatenate(columns.pop(0)) for _ in range(4)]


class _Group(NamedTuple):
    """Nodes of one operation on lists of one length, or with the same known numbers."""

    op: str
    known: Known
    nodes: Index
    length: int
    """How many elements each operand has."""


class _Sweeps:
    def __init__(self, g: Scalars, lanes: Mask, wanted: Sequence[int], single: bool) -> None:
        self.g, self.lanes, self.single, self.wanted, self.starts = g, lanes, single, wanted, g.starts
        self.guards = g.guards if g.guards is not None else np.full(len(g), ONE, np.int32)
        terms, passes, root = terms_of(g), self.passes(), g.roots[:1]
        needs = terms.readers(np.isin(g.kind, wanted), passes)
        start = np.zeros(len(g), bool)
        start[root] = needs[root]
        self.reached = terms.operands(start, passes, needs)
        """Whether the gradient of each node is needed."""
        self.made = _Growing()
        self.values = np.full(len(g) + 1, ONE, np.int32)
        """The place of the value of each node; that of ONE is ONE."""
        self.gradients = self.values.copy()
        self.sums = self.values.copy()
        """The places where what lanes contribute to a node without lanes is added up."""

    def passes(self) -> Mask:
        """Whether each term passes a gradient on."""
        g = self.g
        passes = np.ones(len(g.owner), bool)
        passes[self.starts[g.of("where")]] = False
        detached = np.zeros(len(g), bool)
        detached[g.of("detach")] = True
        return passes & ~detached.take(g.owner)

    def flow(self, counts: Mapping[int, int]) -> Flow:
        """The whole graph."""
        groups = [*self.groups()]
        self.forward(groups)
        seed = self.made.add(np.array([len(self.g)]), LEAF, np.zeros(1, bool))
        if self.reached.any():
            self.backward(groups, seed)
        return self.finished(counts, seed)

    def groups(self) -> Iterator[_Group]:
        """The operations, those together that are done in one way."""
        g, starts = self.g, self.starts
        for code in np.unique(g.code[g.kind == OPERATION]).tolist():
            op, nodes = g.operations[code], np.flatnonzero((g.kind == OPERATION) & (g.code == code))
            r, sizes = rule(op), starts[nodes + 1] - starts[nodes]
            if r.of_sequences:
                for size in np.unique(sizes).tolist():
                    yield _Group(op, (), nodes[sizes == size], size // len(r.operands))
                continue
            for known in known_numbers(op):
                x = g.left[starts[nodes] + r.operands.index(known[0])]
                is_number = (g.kind[x] != PARAMETER) & (g.kind[x] != INPUT) & (starts[x] == starts[x + 1])
                same = is_number & (g.number[x] == known[1])
                if same.any():
                    yield _Group(op, (known,), nodes[same], 1)
                    nodes = nodes[~same]
            if len(nodes):
                yield _Group(op, (), nodes, 1)

    # ── values ──

    def forward(self, groups: Sequence[_Group]) -> None:
        """Make the values."""
        g, made = self.g, self.made
        others = np.flatnonzero(g.kind != OPERATION)
        codes = np.where(g.kind[others] == LINEAR, SUM_OF_TERMS, LEAF)
        self.values[others] = made.add(others, codes, self.lanes[others], g.number[others])
        steps = [self.steps(of.nodes, valued(of.op, of.known, of.length), of.nodes) for of in groups]
        for of, places in zip(groups, steps, strict=True):
            self.values[of.nodes] = places[-1]
        for of, places in zip(groups, steps, strict=True):
            self.connect(of, of.nodes, valued(of.op, of.known, of.length), places)
        linear = np.flatnonzero(g.in_linear)
        left, right = self.values.take(g.left[linear]), self.values.take(g.right[linear])
        made.let(self.values.take(g.owner[linear]), g.coefficient[linear], left, right)

    def steps(self, nodes: Index, recipe: Recipe, times: Index) -> list[Integers]:
        """Make the nodes of a recipe."""
        return [self.made.add(times, step.code, self.lanes[nodes], step.number) for step in recipe.steps]

    def connect(self, of: _Group, nodes: Index, recipe: Recipe, places: Sequence[Integers]) -> None:
        """Make the terms of a recipe."""
        for step, place in zip(recipe.steps, places, strict=True):
            for x in step.operands:
                self.made.let(place, 1.0, places[x] if isinstance(x, int) else self.operand(of, nodes, *x))

    def operand(self, of: _Group, nodes: Index, name: str, i: int) -> Integers:
        """The place of an operand of each node, by its name and its place in a list."""
        if name == UPSTREAM:
            return self.gradients[nodes]
        if name == VALUE:
            return self.values[nodes]
        return self.values[self.g.left[self.starts[nodes] + rule(of.op).operands.index(name) * of.length + i]]

    # ── gradients ──

    def backward(self, groups: Sequence[_Group], seed: Integers) -> None:
        """Make the gradients."""
        made, nodes = self.made, np.flatnonzero(self.reached)
        shared = nodes[~self.lanes[nodes]] if not self.single else nodes[:0]
        self.sums[shared] = made.add(self.time(shared), SUM_OF_LANES, np.zeros(1, bool))
        self.gradients[nodes] = made.add(self.time(nodes), SUM_OF_TERMS, self.lanes[nodes])
        made.let(self.gradients[self.g.roots[:1]], 1.0, seed)
        first = len(made.terms)
        self.contribute_terms()
        for of in groups:
            for by in rule(of.op).operands:
                self.contribute(of, by)
        used = np.zeros(made.count, bool)
        for owner, *_ in made.terms[first:]:
            used[owner] = True
        shared = shared[used[self.sums[shared]]]
        made.let(self.gradients[shared], 1.0, self.sums[shared])

    def time(self, nodes: Index) -> Index:
        """When the gradients of nodes are made: after those of all that read them."""
        return 2 * len(self.g) - nodes

    def contribute_terms(self) -> None:
        """Let linear nodes contribute to the gradients of their factors."""
        g, twice = self.g, self.g.left == self.g.right
        passes = g.in_linear & self.reached.take(g.owner)
        for own, other, chosen in ((g.left, g.right, passes), (g.right, g.left, passes & ~twice & (g.right != ONE))):
            terms = np.flatnonzero(chosen & self.reached.take(own))
            v, x, factors = g.owner[terms], own[terms], g.coefficient[terms] * (1.0 + twice[terms])
            guarded, others = self.guards.take(v) != ONE, self.values.take(other[terms])
            if guarded.any():
                some, free = v[guarded], ~guarded
                place = self.made.add(self.time(some), SUM_OF_TERMS, self.lanes[some])
                self.made.let(place, factors[guarded], self.gradients[some], others[guarded])
                self.give(some, x[guarded], place)
                v, x, factors, others = v[free], x[free], factors[free], others[free]
            self.made.let(self.target(v, x), factors, self.gradients.take(v), others)

    def contribute(self, of: _Group, by: str) -> None:
        """Let operations contribute to the gradients of one of their operands."""
        r = rule(of.op)
        i = r.operands.index(by)
        if by in dict(of.known) or of.op == "detach" or (of.op == "where" and i == 0):
            return
        rows = self.g.left[self.starts[of.nodes][:, None] + i * of.length + np.arange(of.length)]
        passes = self.reached[of.nodes] & self.reached[rows].any(axis=1)
        nodes, rows = of.nodes[passes], rows[passes]
        if not len(nodes):
            return
        recipe = contributed(of.op, by, of.known, of.length)
        places = self.steps(nodes, recipe, self.time(nodes))
        self.connect(of, nodes, recipe, places)
        for x, result in zip(rows.T, recipe.results, strict=True):
            some = self.reached[x]
            self.give(nodes[some], x[some], places[result][some])

    def give(self, v: Index, x: Index, places: Integers) -> None:
        """Add what nodes v contribute to the gradients of nodes x: 0 where no sweep reaches v, whatever it is."""
        guarded = self.guards[v] != ONE
        if guarded.any():
            some = v[guarded]
            mask = self.made.add(self.time(some), codes()[MASK][0], self.lanes[some])
            self.made.let(mask, 1.0, places[guarded])
            self.made.let(mask, 1.0, self.values[self.guards[some]])
            places = places.copy()
            places[guarded] = mask
        self.made.let(self.target(v, x), 1.0, places)

    def target(self, v: Index, x: Index) -> Integers:
        """The places to which the contributions of nodes v to nodes x are added."""
        if self.single:
            return self.gradients.take(x)
        return np.where(self.lanes[v] & ~self.lanes[x], self.sums[x], self.gradients[x])

    # ── the end ──

    def finished(self, counts: Mapping[int, int], seed: Integers) -> Flow:
        """The graph in its order."""
        times, kinds, lanes, numbers = self.made.node_arrays()
        owner, coefficients, left, right = self.made.term_arrays()
        n, end = len(times), len(self.g)
        order = order_of(times, 2 * end + 1).astype(np.intp)
        place = np.empty(n + 1, np.int32)
        place[order], place[ONE] = np.arange(n, dtype=np.int32), ONE
        same = _copies(owner, coefficients, left, right, lanes, (kinds == SUM_OF_TERMS) & (times > end))
        backward = np.ones(n, bool)
        backward[: np.count_nonzero(times < end)] = False
        kinds, numbers, lanes = kinds[order], numbers[order], lanes[order]
        del times, order  # Here is the peak of memory.
        # The terms of copies go behind all others, and are left out.
        copies = same.take(owner) != owner
        owner = np.where(copies, np.int32(n), place.take(owner))
        place[:-1] = place.take(same)
        by_owner = order_of(owner, n + 1)[: len(owner) - np.count_nonzero(copies)].astype(np.intp)
        owner, coefficients = owner[by_owner], coefficients[by_owner]
        terms = Terms(owner, place.take(left)[by_owner], place.take(right)[by_owner], n)
        roots = place[self.values[self.g.roots]]
        leaves = {kind: self.of_leaves(place[self.values], kind, count) for kind, count in counts.items()}
        gradients = {kind: self.of_leaves(place[self.gradients], kind, counts[kind]) for kind in self.wanted}
        wanted = np.zeros(n + 1, bool)
        for places in (roots, *gradients.values()):
            wanted[places] = True
        every = np.ones(n, bool)
        live = terms.operands(wanted[:-1], np.ones(len(owner), bool), every)
        return Flow(
            kinds,
            numbers,
            lanes,
            backward,
            live,
            owner,
            coefficients,
            terms,
            leaves,
            int(place[seed[0]]),
            roots,
            gradients,
        )

    def of_leaves(self, places: Integers, kind: int, count: int) -> Integers:
        """The places of the leaves of a kind, by their positions."""
        found, nodes = np.full(count, ONE, np.int32), np.flatnonzero(self.g.kind == kind)
        found[self.g.leaf[nodes].astype(np.intp)] = places[nodes]
        return found


def _copies(
    owner: Integers, coefficients: Floats, left: Integers, right: Integers, lanes: Mask, among: Mask
) -> Integers:
    """For each node itself or, if it is one of some linear nodes and 1 times another node, that node."""
    same = np.arange(len(lanes), dtype=np.int32)
    alone = (np.bincount(owner, minlength=len(lanes)) == 1) & among
    terms = np.flatnonzero(alone.take(owner) & (coefficients == 1.0) & (right == ONE))
    terms = terms[lanes[owner[terms]] == lanes[left[terms]]]
    same[owner[terms]] = left[terms]
    while True:
        further = same.take(same)
        if (further == same).all():
            return same
        same = further
