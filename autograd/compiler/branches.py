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

A node that a sweep doesn't reach has the gradient 0, and gets no contribution on to its operands, not even 0 times a
local derivative that is infinite or nan. In an array program some examples of a batch reach it and others don't.
"""

from typing import Final

import numpy as np

from autograd.compiler.scalars import CONSTANT, LINEAR, ONE, OPERATION, Mask, Scalars

ALWAYS: Final = 1 << 40
NEVER: Final = -ALWAYS
"""Conditions. The others are k + 1, the node k is above 0, and their negatives, it is not."""


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
    return g


def _multiplies(g: Scalars) -> Mask:
    """Whether a node passes on its gradient times a number that may be infinite or nan."""
    product = g.in_linear & ((g.right != ONE) | ~np.isfinite(g.coefficient))
    found: Mask = (g.kind == OPERATION) | (g.counts(product) > 0)
    for operation in ("where", "detach"):
        found[g.of(operation)] = False
    return found


class _Conditions:
    """Conditions on the nodes of a graph, each made of two others by a new `where`, and simplified on the way."""

    def __init__(self, g: Scalars) -> None:
        self.g = g
        self.zero, self.one = len(g), len(g) + 1
        self.made: list[tuple[int, int, int]] = []
        """The operands of new nodes, which come after the two numbers."""
        self._both: dict[tuple[int, int], int] = {}
        self._parts: dict[int, tuple[int, int]] = {}
        """For a condition the two that it needs both."""

    def of_nodes(self) -> list[int]:
        """For each node the condition that a sweep from the first root reaches it; NEVER for leaves."""
        g, reached = self.g, [NEVER] * len(self.g)
        starts, inner = g.starts.tolist(), (g.kind >= LINEAR).tolist()
        detached, choosing = {*g.of("detach").tolist()}, {*g.of("where").tolist()}
        reached[g.roots[0]] = ALWAYS
        for v in range(int(g.roots[0]), -1, -1):
            if reached[v] == NEVER or v in detached:
                continue
            operands = g.left[starts[v] : starts[v + 1]].tolist()
            if v in choosing:
                test, *operands = operands
                ways = [self.both(reached[v], test + 1), self.both(reached[v], -test - 1)]
            else:
                operands += g.right[starts[v] : starts[v + 1]].tolist()
                ways = [reached[v]] * len(operands)
            for x, way in zip(operands, ways, strict=True):
                if x != ONE and inner[x]:
                    reached[x] = self.either(reached[x], way)
        return reached

    def either(self, a: int, b: int) -> int:
        return -self.both(-a, -b)

    def both(self, a: int, b: int) -> int:
        if (found := self._simple(a, b) or self._simple(b, a)) is not None:
            return found
        key = min(a, b), max(a, b)
        if key not in self._both:
            self._both[key] = self._made(*sorted(key, reverse=True))
            self._parts[self._both[key]] = key
        return self._both[key]

    def _simple(self, a: int, b: int) -> int | None:
        """Both of two conditions as one that is there, or as one of parts of them."""
        if a in (b, NEVER) or b == ALWAYS:
            return a
        if a == -b:
            return NEVER
        if a in (parts := self._parts.get(b, ())):
            return b
        if -a in parts:
            return NEVER
        if b_parts := self._parts.get(-b):  # Not both of these.
            for p, q in (b_parts, b_parts[::-1]):
                if p == a:
                    return self.both(a, -q)
                if p == -a:
                    return a
                if self._parts.get(-a) in ((p, -q), (-q, p)):
                    return -p
        return None

    def _made(self, a: int, b: int) -> int:
        """The condition of a new node for both; a is no less than b."""
        node = self.zero + 2 + len(self.made)
        if b > 0:
            self.made.append((a - 1, b - 1, self.zero))
        elif a > 0:
            self.made.append((-b - 1, self.zero, a - 1))
        else:  # Both are not above 0 unless one of them is.
            self.made.append((-a - 1, self.one, -b - 1))
            return -node - 1
        return node + 1

    def node(self, condition: int) -> int:
        """The node that is above 0 where a condition holds."""
        if condition > 0 or condition == NEVER:
            return self.zero if condition == NEVER else condition - 1
        return self.both(condition, self.one + 1) - 1

    def append(self) -> None:
        """Append the new nodes to the graph."""
        g, new = self.g, len(self.made)
        code = g.code[g.of("where")[:1]]
        g.kind = np.concatenate([g.kind, [CONSTANT] * 2, [OPERATION] * new]).astype(np.int8)
        g.code = np.concatenate([g.code, np.zeros(2, np.int32), np.repeat(code, new)])
        g.number = np.concatenate([g.number, [0.0, 1.0], np.zeros(new)])
        g.leaf, g.kept = (np.concatenate([x, np.zeros(2 + new, x.dtype)]) for x in (g.leaf, g.kept))
        owner = np.repeat(np.arange(new) + self.zero + 2, 3)
        g.owner = np.concatenate([g.owner, owner]).astype(np.int32)
        g.coefficient = np.concatenate([g.coefficient, np.ones(3 * new)])
        g.left = np.concatenate([g.left, np.array(self.made).reshape(-1)]).astype(np.int32)
        g.right = np.concatenate([g.right, np.full(3 * new, ONE)]).astype(np.int32)
