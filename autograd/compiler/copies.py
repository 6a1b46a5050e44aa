"""Copies of gradients left out: a gradient that is another one's copy is read there.

A gradient doesn't change any more once a statement has read it, so it may be read again later.
"""

from collections.abc import Sequence

import numpy as np

from autograd.compiler.statements import Index, Map, Slots, Statement, reading, reads

NEVER = -1


def without_copies(statements: Sequence[Statement], sizes: dict[str, int]) -> list[Statement]:
    """The same reverse sweep without the copies that no statement needs."""
    size = sizes["v"]
    copies = _copies(statements, size)
    copy, origin = np.full(size, NEVER), np.arange(size + 1)
    """For each slot, the copy that writes it, and the slot that it is a copy of in the end; the last is the seed."""
    for i, (to, source) in copies.items():
        copy[to] = i
        origin[to] = origin[source]
    dropped = copies.keys() - _needed(statements, copy, origin)
    origin = np.where(np.isin(np.append(copy, NEVER), [*dropped]), origin, np.arange(size + 1))

    def original(slots: Slots) -> Slots:
        if slots.space != "dv":
            return slots
        index = origin[slots.index]
        return Slots("dv", index) if (index < size).all() else Slots("s", index - size)

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
            if once and source.space in ("dv", "s"):
                found[i] = s.out.index, source.index + size * (source.space == "s")
    return found


def _needed(statements: Sequence[Statement], copy: Index, origin: Index) -> set[int]:
    """The copies whose slots some statement reads together with others, or that it adds up over the lanes."""
    needed: set[int] = set()
    seed = len(copy)
    for statement in statements:
        gradients = [slots.index for slots in reads(statement) if slots.space == "dv"]
        seeds = [bool((origin[index] == seed).all()) for index in gradients]
        # The seed has one lane, so a sum over lanes must have others to count.
        laned = sum(slots.lanes for slots in (statement.out, *reads(statement))) > sum(seeds)
        for index, is_seed in zip(gradients, seeds, strict=True):
            by = copy[index]
            if (by == NEVER).any() or (is_seed and not laned) or (not is_seed and (origin[index] == seed).any()):
                needed |= {*np.unique(by[by != NEVER]).tolist()}
    return needed
