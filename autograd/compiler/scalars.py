"""The scalar graph of the compiler: leaves, linear nodes and operations, in flat arrays.

A linear node is c0 + Σ coefficient · left · right, where right may be missing. Sums, differences, products, scalings,
squares and dots are all of this one kind, so that no pass depends on how a sum was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.formula.cases import rule

Integers: TypeAlias = NDArray[np.int32]
"""Nodes, among others. NumPy takes by them (`of.take(nodes)`) in half the time that an index (`of[nodes]`) needs."""
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

CONSTANT: Final = 0
PARAMETER: Final = 1
INPUT: Final = 2
LINEAR: Final = 3
OPERATION: Final = 4

SHOWN: Final = 200
"""So many nodes are shown as text."""
ONE: Final = -1
"""The right factor of a term that has only a left one."""


@dataclass
class Scalars:
    """Nodes in an order in which operands come first, and their terms, node by node."""

    kind: NDArray[np.int8]
    code: Integers
    """Of an operation, its place in `operations`."""
    number: Floats
    """The constant, or c0."""
    leaf: Integers
    """The position of a parameter or an input in its list."""
    kept: Mask
    """Whether a node was recorded as a sum of one: it stays one, so that it is like the longer sums beside it."""
    owner: Integers
    """The node of each term, in ascending order; an operand of an operation is a term, too."""
    coefficient: Floats
    left: Integers
    right: Integers
    roots: Integers
    operations: Sequence[str]
    guards: Integers | None = None
    """For each node the one that is above 0 where a sweep reaches it, and ONE if it is reached always: see `branches`.
    None if there is no `where`, or before that is known."""
    tame: Mask | None = None
    """Whether each node and its derivatives are finite for leaves that are no very large numbers, with the guards."""

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def starts(self) -> NDArray[np.intp]:
        """Where the terms of each node start; the last item is their end."""
        starts = np.zeros(len(self) + 1, np.intp)
        np.cumsum(np.bincount(self.owner, minlength=len(self)), out=starts[1:])
        return starts

    @property
    def in_linear(self) -> Mask:
        """Whether each term belongs to a linear node."""
        linear: Mask = (self.kind == LINEAR).take(self.owner)
        return linear

    def reads(self, *kinds: int) -> Mask:
        """Whether a factor of each term, or the operand that it is, is of one of these kinds."""
        wanted = np.isin(self.kind, kinds)
        read: Mask = wanted.take(self.left) | (wanted.take(self.right) & (self.right != ONE))
        return read

    def of(self, operation: str) -> NDArray[np.intp]:
        """The nodes of an operation."""
        codes = [code for code, name in enumerate(self.operations) if name == operation]
        return np.flatnonzero((self.kind == OPERATION) & np.isin(self.code, codes))

    def counts(self, terms: Mask) -> NDArray[np.intp]:
        """How many of these terms each node has."""
        return np.bincount(self.owner[np.flatnonzero(terms)], minlength=len(self))

    def used(self) -> Mask:
        """Whether each node is a root, or an operand of another node."""
        used = np.zeros(len(self), bool)
        used[self.left.astype(np.intp)] = True
        used[self.right[np.flatnonzero(self.right != ONE)].astype(np.intp)] = True
        used[self.roots] = True
        return used

    def keep_terms(self, keep: Mask | NDArray[np.intp]) -> None:
        """Drop all other terms, or put them in another order."""
        keep = np.flatnonzero(keep) if keep.dtype == bool else keep
        self.owner, self.coefficient = self.owner[keep], self.coefficient[keep]
        self.left, self.right = self.left[keep], self.right[keep]

    def replace(self, by: Integers) -> None:
        """Read the node by[v] wherever node v is read."""
        self.left = by.take(self.left)
        self.right = np.where(self.right == ONE, np.int32(ONE), by.take(self.right))
        self.roots = by[self.roots]

    def compact(self) -> None:
        """Drop the nodes that no root reads, and number the others anew in the same order."""
        while True:
            live = self.used()
            if live[self.owner].all():
                break
            self.keep_terms(live[self.owner])
        if live.all():
            return
        new = np.cumsum(live, dtype=np.int32) - np.int32(1)
        self.owner = new.take(self.owner)
        self.replace(new)
        kept = np.flatnonzero(live)
        self.kind, self.code = self.kind[kept], self.code[kept]
        self.number, self.leaf, self.kept = self.number[kept], self.leaf[kept], self.kept[kept]

    def run(self, parameters: Sequence[float], inputs: Sequence[float]) -> list[float]:
        """The value of each node, worked out one by one: the meaning of the graph."""
        values: list[float] = []
        starts, leaves = self.starts, {PARAMETER: parameters, INPUT: inputs}
        for v, kind in enumerate(self.kind.tolist()):
            terms = range(int(starts[v]), int(starts[v + 1]))
            left = [values[self.left[i]] for i in terms]
            if kind == OPERATION:
                values.append(rule(self.operations[self.code[v]]).on_floats(left)[0])
            elif kind in leaves:
                values.append(leaves[kind][self.leaf[v]])
            else:
                right = [values[self.right[i]] if self.right[i] != ONE else 1.0 for i in terms]
                values.append(
                    sum(
                        map(prod, zip(self.coefficient[terms.start : terms.stop].tolist(), left, right, strict=True)),
                        float(self.number[v]),
                    )
                )
        return values

    def __str__(self) -> str:
        starts, inner = self.starts, np.flatnonzero(self.kind >= LINEAR).tolist()
        lines = [f"[{v}] = {self.shown(v, starts)}" for v in inner[:SHOWN]]
        more = [f"… {len(inner) - SHOWN:,} more"] if len(inner) > SHOWN else []
        return "\n".join([f"{len(self) - len(inner):,} leaves", *lines, *more])

    def operand(self, v: int) -> str:
        """A node as an operand: a leaf as itself, others by their numbers."""
        if self.kind[v] == CONSTANT:
            return f"{self.number[v]:g}"
        letter = {PARAMETER: "p", INPUT: "x"}.get(int(self.kind[v]))
        return f"{letter}{self.leaf[v]}" if letter else f"[{v}]"

    def shown(self, v: int, starts: NDArray[np.intp]) -> str:
        """The right side of a node that is no leaf, as text."""
        s, e = int(starts[v]), int(starts[v + 1])
        if self.kind[v] == OPERATION:
            operands = ", ".join(map(self.operand, self.left[s : min(e, s + 8)]))
            return f"{self.operations[self.code[v]]}({operands}{', …' if e > s + 8 else ''})"
        texts = [] if not self.number[v] and e > s else [f"{self.number[v]:g}"]
        for c, x, y in zip(self.coefficient[s : min(e, s + 8)], self.left[s:e], self.right[s:e], strict=False):
            texts.append(("" if c == 1 else f"{c:g}·") + self.operand(x) + (f"·{self.operand(y)}" if y != ONE else ""))
        return " + ".join(texts) + (f" + … {e - s - 8} more" if e > s + 8 else "")
