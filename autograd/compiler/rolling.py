"""Statements that repeat with other slots are found, to be written as a loop.

>>> import numpy as np
>>> from autograd.compiler.statements import Map, Slots
>>> from autograd.formula.cases import Expression
>>> a = Expression("name", ("a",))
>>> copies = [Map(Slots("v", np.array([t + 1])), a, {"a": Slots("v", np.array([t]))}) for t in range(5)]
>>> [(block.count, len(block.rows)) for block in rolled(copies)]
[(5, 1)]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from autograd.compiler.statements import Index, Map, Slots, Statement, operands

FEWEST: Final = 3
"""Fewer repetitions are written one by one."""
LONGEST: Final = 200
"""The most statements in the body of a loop."""


@dataclass(frozen=True, eq=False)
class Block:
    """The body of a loop: for each of its statements all the repetitions; a single statement has one."""

    rows: tuple[tuple[Statement, ...], ...]

    @property
    def count(self) -> int:
        """How often the body runs."""
        return len(self.rows[0])

    def unrolled(self) -> "Iterator[Block]":
        """Each statement by itself, in the order in which they run."""
        for repetition in zip(*self.rows, strict=True):
            for statement in repetition:
                yield Block(((statement,),))

    def accesses(self) -> "Iterator[list[Slots]]":
        """For out and each operand of each statement the slots at all the steps: they lie in one array."""
        for row in self.rows:
            yield [s.out for s in row]
            for name in operands(row[0]):
                yield [operands(s)[name] for s in row]


def rolled(statements: Sequence[Statement]) -> list[Block]:
    """The statements in their order, as blocks."""
    known: dict[object, int] = {}
    kinds = np.array([known.setdefault(_kind(s), len(known)) for s in statements])
    runs = {period: alike(kinds, period) for period in range(1, min(LONGEST, len(kinds) // FEWEST) + 1)}
    blocks, at = [], 0
    while at < len(statements):
        covered, period = 1, 1
        for candidate, run in runs.items():
            count = int(run[at]) // candidate + 1 if at < len(run) else 1
            if count >= FEWEST and count * candidate > covered:
                covered, period = count * candidate, candidate
        body = [tuple(statements[i : at + covered : period]) for i in range(at, at + period)]
        blocks.append(Block(tuple(body)))
        at += covered
    return blocks


def alike(kinds: Index, period: int) -> Index:
    """From each position, how many statements in a row are like those a period later."""
    same = kinds[:-period] == kinds[period:]
    ends = np.where(same, len(same), np.arange(len(same)))
    return np.minimum.accumulate(ends[::-1])[::-1] - np.arange(len(same))


def _kind(s: Statement) -> object:
    """All of a statement but where its slots begin."""
    parts = [_shape(s.out), *((name, *_shape(slots)) for name, slots in operands(s).items())]
    rest = (s.expression, s.rows) if isinstance(s, Map) else s.factor
    return type(s), rest, s.add, *parts


def _shape(slots: Slots) -> tuple[object, ...]:
    index = slots.index
    return slots.space, index.shape, (index - index.flat[0]).tobytes() if index.size else b""
