"""Copies of gradients left out: a gradient that is another one's copy is read there.

A gradient doesn't change any more once a statement has read it, so it may be read again later.
"""

from collections.abc import Sequence

import numpy as np

from autograd.compiler.statements import Index, Map, Slots, Statement, reading, reads

NEVER = -1


def without_copies(statements: Sequence[Statement], sizes: dict[str, int]) -> list[Statement]:
    """The same reverse sweep without the copies that no statement needs."""
    copies = _copies(statements, sizes["v"])
    copy, origin = np.full(sizes["v"], NEVER), np.arange(sizes["v"])
    """For each slot, the copy that writes it, and the slot that it is a copy of in the end."""
    for i, (to, source) in copies.items():
        copy[to] = i
        origin[to] = origin[source]
    dropped = copies.keys() - _needed(statements, copy)
    origin = np.where(np.isin(copy, [*dropped]), origin, np.arange(len(origin)))

    def original(slots: Slots) -> Slots:
        return Slots("dv", origin[slots.index]) if slots.space == "dv" else slots

    return [reading(s, original) for i, s in enumerate(statements) if i not in dropped]


def _copies(statements: Sequence[Statement], size: int) -> dict[int, tuple[Index, Index]]:
    """The places of statements that store copies of gradients in slots that no other writes, with both their slots."""
    writers = np.zeros(size, int)
    for s in statements:
        if s.out.space == "dv":
            writers[np.unique(s.out.index)] += 1
    found = {}
    for i, s in enumerate(statements):
        if isinstance(s, Map) and s.out.space == "dv" and s.expression.form == "name" and not s.add and not s.rows:
            (source,) = s.operands.values()
            once = (writers[s.out.index] == 1).all() and len(np.unique(s.out.index)) == s.out.index.size
            if once and source.space == "dv":
                found[i] = s.out.index, source.index
    return found


def _needed(statements: Sequence[Statement], copy: Index) -> set[int]:
    """The copies whose slots some statement reads together with others."""
    needed: set[int] = set()
    for statement in statements:
        for slots in reads(statement):
            if slots.space == "dv":
                by = copy[slots.index]
                if (by == NEVER).any():
                    needed |= {*np.unique(by[by != NEVER]).tolist()}
    return needed
