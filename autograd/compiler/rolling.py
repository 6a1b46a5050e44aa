"""Statements that repeat with other slots are found, to be written as a loop.

>>> import numpy as np
>>> from autograd.compiler.statements import Map, Slots
>>> from autograd.formula.cases import Expression
>>> a = Expression("name", ("a",))
>>> copies = [Map(Slots("v", np.array([t + 1])), a, {"a": Slots("v", np.array([t]))}) for t in range(5)]
>>> [(block.count, len(block.rows)) for block in rolled(copies)]
[(5, 1)]
"""

from collections.abc import Container, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from autograd.compiler.statements import Map, Slots, Statement
from autograd.formula.cases import names_in

FEWEST: Final = 3
"""Fewer repetitions are written one by one."""
LONGEST: Final = 200
"""The most statements in the body of a loop."""


class Block(NamedTuple):
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


def operands(statement: Statement) -> dict[str, Slots]:
    """The slots that a statement reads, by name."""
    if isinstance(statement, Map):
        used = names_in(statement.expression)
        return {name: slots for name, slots in statement.operands.items() if name in used}
    return {"left": statement.left, "right": statement.right}


def rolled(statements: Sequence[Statement], first: Container[int] = ()) -> list[Block]:
    """The statements in their order, as blocks; those in `first`, by identity, repeat only each other."""
    known: dict[object, int] = {}
    kinds = np.array([known.setdefault((id(s) in first, _kind(s)), len(known)) for s in statements])
    runs = {period: _runs(kinds, period) for period in range(1, min(LONGEST, len(kinds) // FEWEST) + 1)}
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


def _runs(kinds: "np.ndarray[tuple[int], np.dtype[np.int64]]", period: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """From each position, how many statements in a row are like those a period later."""
    same = kinds[:-period] == kinds[period:]
    ends = np.where(same, len(same), np.arange(len(same)))
    return np.minimum.accumulate(ends[::-1])[::-1] - np.arange(len(same))  # type: ignore[no-any-return]


def _kind(s: Statement) -> object:
    """All of a statement but where its slots begin."""
    parts = [_shape(s.out), *((name, *_shape(slots)) for name, slots in operands(s).items())]
    rest = (s.expression, s.rows) if isinstance(s, Map) else s.factor
    return type(s), rest, s.add, *parts


def _shape(slots: Slots) -> tuple[object, ...]:
    index = slots.index
    return slots.space, index.shape, (index - index.flat[0]).tobytes() if index.size else b""
