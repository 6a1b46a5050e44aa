"""Statements that repeat with other slots are found, to be written as a loop.

>>> import numpy as np
>>> from autograd.compiler.statements import Map, Slots
>>> from autograd.formula.cases import Expression
>>> a = Expression("name", ("a",))
>>> copies = [Map(Slots("v", np.array([t + 1])), a, {"a": Slots("v", np.array([t]))}) for t in range(5)]
>>> [(block.count, len(block.rows)) for block in rolled(copies)]
[(5, 1)]
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.statements import Index, Map, Slots, Statement
from autograd.formula.cases import Expression, names_in

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

    def replaced(self, slots: "Iterator[list[Slots]]") -> "Block":
        """The same with other slots, in the order of `accesses`."""
        rows = []
        for row in self.rows:
            outs, given = next(slots), {name: next(slots) for name in operands(row[0])}
            rows.append(
                tuple(
                    replace(s, out=out, operands={name: given[name][k] for name in given})
                    if isinstance(s, Map)
                    else replace(s, out=out, left=given["left"][k], right=given["right"][k])
                    for k, (s, out) in enumerate(zip(row, outs, strict=True))
                )
            )
        return Block(tuple(rows))


def operands(statement: Statement) -> dict[str, Slots]:
    """The slots that a statement reads, by name."""
    if isinstance(statement, Map):
        used = _names(statement.expression)
        return {name: slots for name, slots in statement.operands.items() if name in used}
    return {"left": statement.left, "right": statement.right}


@cache
def _names(e: Expression) -> frozenset[str]:
    return frozenset(names_in(e))


def rolled(statements: Sequence[Statement]) -> list[Block]:
    """The statements in their order, as blocks."""
    known: dict[object, int] = {}
    kinds = np.array([known.setdefault(_kind(s), len(known)) for s in statements])
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


def _runs(kinds: Index, period: int) -> Index:
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


# ── slots that one step of a loop uses alone ──

_TIMELESS: Final = ("v", "u", "dv", "du")
_NONE, _SEVERAL = -1, -2


def contracted(parts: Mapping[str, list[Block]], kept: Mapping[str, NDArray[np.bool_]]) -> dict[str, list[Block]]:
    """Blocks whose steps all use the slots of the first, where each needs them for itself alone; but those kept."""
    home = {space: np.where(mask, _SEVERAL, _NONE) for space, mask in kept.items()}
    numbers = count()
    steps = [(block, [next(numbers) for _ in range(block.count)]) for blocks in parts.values() for block in blocks]
    for block, own in steps:
        for together in block.accesses():
            for slots, number in zip(together, own, strict=True):
                known = home[slots.space][slots.index]
                home[slots.space][slots.index] = np.where((known == _NONE) | (known == number), number, _SEVERAL)
    new = iter([_contracted(block, own, home) if block.count > 1 else block for block, own in steps])
    return {part: [next(new) for _ in blocks] for part, blocks in parts.items()}


def _contracted(block: Block, own: Sequence[int], home: Mapping[str, Index]) -> Block:
    accesses = [*block.accesses()]
    local = [
        all((home[slots.space][slots.index] == number).all() for slots, number in zip(together, own, strict=True))
        and together[0].space in _TIMELESS
        for together in accesses
    ]
    while True:
        target = {space: np.full(len(numbers), _NONE) for space, numbers in home.items()}
        for together, mine in zip(accesses, local, strict=True):
            for space, index in together:
                meant = together[0].index if mine else _SEVERAL
                known = target[space][index]
                target[space][index] = np.where((known == _NONE) | (known == meant), meant, _SEVERAL)
        still = [
            mine and all((target[space][index] != _SEVERAL).all() for space, index in together)
            for together, mine in zip(accesses, local, strict=True)
        ]
        if still == local:
            break
        local = still
    slots = [[together[0]] * block.count if mine else together for together, mine in zip(accesses, local, strict=True)]
    return block.replaced(iter(slots))
