"""Copies of gradients left out: a gradient that is another one's copy is read there.

A gradient doesn't change any more once a statement has read it, so it may be read again later.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.statements import Map, Product, Slots, Statement, reads

NEVER = -1


class _Table:
    """For each slot of a space, the copy that writes it, and the slot that it is a copy of."""

    def __init__(self, size: int) -> None:
        self.copy = np.full(size, NEVER)
        self.origin = np.arange(size)


def without_copies(statements: Sequence[Statement], sizes: dict[str, int]) -> list[Statement]:
    """The same reverse sweep without the copies that no statement needs."""
    table = _Table(sizes["v"])
    copies = _copies(statements, sizes["v"])
    for i in copies:
        statement = statements[i]
        assert isinstance(statement, Map)
        (source,) = statement.operands.values()
        table.copy[statement.out.index] = i
        table.origin[statement.out.index] = table.origin[source.index]
    needed = _needed(statements, copies, table)
    dropped = set(copies) - needed
    table.origin = np.where(np.isin(table.copy, [*dropped]), table.origin, np.arange(len(table.origin)))
    table.origin = _ends(table.origin)
    return [_reading(s, table.origin) for i, s in enumerate(statements) if i not in dropped]


def _copies(statements: Sequence[Statement], size: int) -> list[int]:
    """The places of statements that store copies of gradients in slots that no other statement writes."""
    writers = np.zeros(size, int)
    for s in statements:
        if s.out.space == "dv":
            writers[np.unique(s.out.index)] += 1
    found = []
    for i, s in enumerate(statements):
        if isinstance(s, Map) and s.out.space == "dv" and s.expression.form == "name" and not s.add and not s.rows:
            (source,) = s.operands.values()
            once = (writers[s.out.index] == 1).all() and len(np.unique(s.out.index)) == s.out.index.size
            if once and source.space == "dv":
                found.append(i)
    return found


def _needed(statements: Sequence[Statement], copies: Sequence[int], table: _Table) -> set[int]:
    """The copies whose slots some statement reads together with others."""
    needed: set[int] = set()
    for statement in statements:
        for slots in reads(statement):
            if slots.space == "dv":
                by = table.copy[slots.index]
                if (by == NEVER).any():
                    needed |= {*np.unique(by[by != NEVER]).tolist()}
    return needed


def _ends(origin: NDArray[np.intp]) -> NDArray[np.intp]:
    while True:
        further = origin[origin]
        if (further == origin).all():
            return origin
        origin = further


def _reading(statement: Statement, origin: NDArray[np.intp]) -> Statement:
    def read(slots: Slots) -> Slots:
        return Slots("dv", origin[slots.index]) if slots.space == "dv" else slots

    if isinstance(statement, Product):
        return replace(statement, left=read(statement.left), right=read(statement.right))
    return replace(statement, operands={x: read(slots) for x, slots in statement.operands.items()})
