"""For which examples a sweep reaches each node: `where` passes its gradient to the branch that it takes alone.

>>> import numpy as np
>>> from autograd import Tape, Value, where
>>> from autograd.compiler.reading import Recording, scalars
>>> x, y = Value(1.0), Value(2.0)
>>> tape = Tape(where(x, where(y, x.log(), 0.0), y))
>>> g = guarded(scalars(Recording(tape, np.array([tape.place(x), tape.place(y)]), np.array([], int))))
>>> print(g)
4 leaves
[1] = log(x0)
[4] = where(x1, [1], 0)
[5] = where(x0, [4], x1)
[7] = where(x1, x0, 0)
>>> g.guards.tolist()
[-1, 7, -1, -1, -1, -1, -1, -1]

A node that a sweep doesn't reach has the gradient 0, and passes on nothing to its operands, not even 0 times a local
derivative that is infinite or nan. In an array program some examples of a batch reach it and others don't.
"""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Final

import numpy as np

from autograd.compiler.scalars import CONSTANT, LINEAR, ONE, OPERATION, Mask, Scalars
from autograd.formula.cases import Rule, rule

ALWAYS: Final = 1 << 40
NEVER: Final = -ALWAYS
"""Conditions. The others are k + 1, the node k is above 0, and their negatives, it is not."""
USUAL: Final = (0.0, 0.5, 1.0, 3.0, 20.0, -0.5, -1.0, -3.0, -20.0)
"""Operands of which tame operations make numbers."""
TRIALS: Final = 200
"""So many rows of them show it: a guard that is missing costs time alone."""


def guarded(g: Scalars) -> Scalars:
    """The graph with its guards, and with more nodes for those that are no tests themselves."""
    if len(g.of("where")):
        g.compact()
        conditions = _Conditions(g)
        reached = conditions.of_nodes()
        nodes = [v for v in np.flatnonzero(_multiplies(g)).tolist() if reached[v] != ALWAYS]
        guards = [conditions.node(reached[v]) for v in nodes]
        conditions.append()
        roots = len(g.roots)
        g.roots = np.append(g.roots, guards).astype(np.int32)
        g.compact()  # Conditions that no guard needs are dropped.
        g.guards = np.full(len(g), ONE, np.int32)
        g.roots, g.guards[nodes] = g.roots[:roots], g.roots[roots:]
        g.tame = _tame(g)
    return g


def _multiplies(g: Scalars) -> Mask:
    """Whether a node passes on its gradient times a number that may be infinite or nan."""
    risky = g.in_linear & ((g.right != ONE) | ~np.isfinite(g.coefficient))
    found: Mask = (g.kind == OPERATION) | (g.counts(risky) > 0)
    found[g.of("where")] = found[g.of("detach")] = False
    return found


def _inner(g: Scalars) -> Iterator[tuple[int, list[int]]]:
    """The nodes that are no leaves, each with its operands."""
    starts = g.starts.tolist()
    for v in np.flatnonzero(g.kind >= LINEAR).tolist():
        terms = slice(starts[v], starts[v + 1])
        yield v, [x for x in g.left[terms].tolist() + g.right[terms].tolist() if x != ONE]


def _tame(g: Scalars) -> Mask:
    """Whether a node and its derivatives are finite where all leaves and numbers are so, and none is very large."""
    codes = [code for code, op in enumerate(g.operations) if op and _is_tame(rule(op))]
    found: Mask = (g.kind < OPERATION) | np.isin(g.code, codes)
    for v, operands in _inner(g):
        found[v] &= found[operands].all()
    return found


@cache
def _is_tame(r: Rule) -> bool:
    rng, count = Random(0), len(r.operands) * (1 + r.of_sequences)
    rows = [*([x] * count for x in USUAL), *(rng.choices(USUAL, k=count) for _ in range(TRIALS))]
    return all(np.isfinite([z, *partials]).all() for z, partials in map(r.on_floats, rows))


class _Conditions:
    """Conditions on the nodes of a graph, each made of two others by a new `where`, and simplified on the way."""

    def __init__(self, g: Scalars) -> None:
        self.g = g
        self.zero, self.one = len(g), len(g) + 1
        self.made: list[tuple[int, int, int]] = []
        """The operands of new nodes, which come after the two numbers."""
        self._both: dict[frozenset[int], int] = {}
        self._parts: dict[int, frozenset[int]] = {}
        """For a condition the two that it is both of."""

    def of_nodes(self) -> list[int]:
        """For each node the condition that a sweep from the first root reaches it; NEVER for leaves."""
        g, reached = self.g, [NEVER] * len(self.g)
        detached, choosing, inner = {*g.of("detach").tolist()}, {*g.of("where").tolist()}, (g.kind >= LINEAR).tolist()
        reached[g.roots[0]] = ALWAYS
        for v, operands in reversed([*_inner(g)]):
            if reached[v] == NEVER or v in detached:
                continue
            ways = [reached[v]] * len(operands)
            if v in choosing:
                test, *operands = operands
                ways = [self.both(reached[v], test + 1), self.both(reached[v], -test - 1)]
            for x, way in zip(operands, ways, strict=True):
                if inner[x]:
                    reached[x] = -self.both(-reached[x], -way)  # Either of them.
        return reached

    def both(self, a: int, b: int) -> int:
        """The condition that both hold."""
        if a == b or ALWAYS in (a, b):
            return min(a, b)
        if a == -b or NEVER in (a, b):
            return NEVER
        parts = self._parts
        for x, y in ((a, b), (b, a)):
            if x in parts.get(y, ()):
                return y
            if x in parts.get(-y, ()):  # x, and not both of x and another
                (other,) = parts[-y] - {x}
                return self.both(x, -other)
        p, q = parts.get(-a, frozenset()), parts.get(-b, frozenset())
        if (common := p & q) and sum(p ^ q) == 0:  # not both of c and another, and not both of c and not the other
            return -min(common)
        key = frozenset((a, b))
        if key not in self._both:
            self._both[key] = self._made(max(a, b), min(a, b))
            self._parts[self._both[key]] = key
        return self._both[key]

    def _made(self, a: int, b: int) -> int:
        """The condition of a new node for both; a is the greater."""
        node = self.zero + 2 + len(self.made)
        if a < 0:  # Neither is above 0.
            self.made.append((-a - 1, self.one, -b - 1))
            return -node - 1
        self.made.append((a - 1, b - 1, self.zero) if b > 0 else (-b - 1, self.zero, a - 1))
        return node + 1

    def node(self, condition: int) -> int:
        """The node that is above 0 where a condition holds."""
        if condition == NEVER:
            return self.zero
        return (condition if condition > 0 else self.both(condition, self.one + 1)) - 1

    def append(self) -> None:
        """Append the new nodes to the graph."""
        g, new, where = self.g, len(self.made), self.g.of("where")[0]
        g.code = np.append(g.code, [0] * 2 + [g.code[where]] * new).astype(np.int32)
        g.kind = np.append(g.kind, [CONSTANT] * 2 + [OPERATION] * new).astype(np.int8)
        g.number = np.append(g.number, [0.0, 1.0] + [0.0] * new)
        g.leaf = np.append(g.leaf, np.zeros(2 + new, np.int32))
        g.kept = np.append(g.kept, np.zeros(2 + new, bool))
        g.owner = np.append(g.owner, np.repeat(np.arange(new) + self.zero + 2, 3)).astype(np.int32)
        g.coefficient = np.append(g.coefficient, np.ones(3 * new))
        g.left = np.append(g.left, np.array(self.made, np.int32))
        g.right = np.append(g.right, np.full(3 * new, ONE, np.int32))
