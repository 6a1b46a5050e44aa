"""An array program written as NumPy code that a person can read: a function that binds arrays, forward and backward."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import products
from autograd.compiler.rolling import Block, operands, rolled
from autograd.compiler.statements import ArrayProgram, Index, Map, Slots, Statement
from autograd.compiler.storage import GIVEN, Array, Storage, View, shaped, written
from autograd.compiler.writer import Loop, Writer
from autograd.formula.cases import Expression

_MARK: Final = re.compile(r"@(\d+)@")
_SAME: Final = Expression("name", ("a",))


class Text(NamedTuple):
    """The source of a module, and the numbers that it takes from outside by name."""

    source: str
    tables: dict[str, NDArray[np.generic]]


def text_of(program: ArrayProgram, dtype: str, *, lanes: bool) -> Text:
    """The text for many examples, or for one, whose arrays lack the axis of lanes."""
    return _Module(program, dtype, lanes=lanes).text()


class _Module:
    def __init__(self, program: ArrayProgram, dtype: str, *, lanes: bool) -> None:
        self._program, self._dtype, self._lanes = program, dtype, lanes
        parts = {"setup": program.setup, "forward": (*program.forward, *_results(program)), "backward": program.backward}
        self._parts = {name: rolled(statements) for name, statements in parts.items()}
        accesses = [slots for blocks in self._parts.values() for block in blocks for slots in _accesses(block)]
        self._storage = Storage(program, accesses, lanes=lanes)
        self._writer = Writer(self._storage, program.constants)
        self._zero = _needing_zero(program, self._storage)
        self._opened: set[int] = set()
        self._loops: dict[str, str] = {}

    def text(self) -> Text:
        """All of it."""
        lines = {}
        for name, blocks in self._parts.items():
            self._writer.lines = []
            for block in blocks:
                self._block(block)
            lines[name] = self._writer.lines
        for view in self._writer.views:
            self._storage.called(view.array, view.array.space)
        for array in {id(view.array): view.array for view in self._writer.views}.values():
            shaped(array)
        return _assembled(self._program, self._writer, lines, self._dtype, lanes=self._lanes)

    def _block(self, block: Block) -> None:
        w = self._writer
        if any(self._storage.place(slots) is None for slots in _accesses(block)):
            for single in block.unrolled():
                self._block(single)
            return
        outer, w.lines = w.lines, []
        for row in block.rows:
            self._statement(row)
        body, w.lines = w.lines, outer
        if block.count > 1:
            w.lines.append(Loop(block.count, body))
        else:
            w.lines += body

    def _statement(self, row: Sequence[Statement]) -> None:
        statement = row[0]
        out = self._storage.place([s.out for s in row])
        read = {name: [operands(s)[name] for s in row] for name in operands(statement)}
        texts = {name: text for name, slots in read.items() if (text := self._writer.literal(slots)) is not None}
        places = {name: self._storage.place(slots) for name, slots in read.items()}
        assert out is not None
        given = {name: place for name, place in places.items() if place is not None}
        self._storage.called(out.array, _word(statement))
        if isinstance(statement, Map):
            self._writer.map(statement, out, {name: place for name, place in given.items() if name not in texts}, texts)
        else:
            products.write(self._writer, statement, out, **given)


def _accesses(block: Block) -> Iterator[list[Slots]]:
    """The slots that lie in one array: those of an operand, or of out, at all the steps."""
    for row in block.rows:
        yield [s.out for s in row]
        for name in operands(row[0]):
            yield [operands(s)[name] for s in row]


def _results(program: ArrayProgram) -> Iterator[Map]:
    """Statements that copy the roots, the loss by itself, to an array for the caller."""
    roots = program.roots.index.ravel()
    for start, stop in ((0, 1), (1, len(roots))):
        if start < stop:
            yield Map(Slots("r", np.arange(start, stop)), _SAME, {"a": Slots(program.roots.space, roots[start:stop])})


def _word(statement: Statement) -> str:
    """A word for the array that a statement writes."""
    if not isinstance(statement, Map):
        return "z"
    form, *_ = statement.expression
    return str(statement.expression.parts[0]) if form == "call" else "v"


# ── which slots are zero before they are written ──


class _Zeros(NamedTuple):
    """Slots by space."""

    each_time: dict[str, NDArray[np.bool_]]
    """Read, or added to, before they are written."""
    always: dict[str, NDArray[np.bool_]]
    """Never written."""


def _needing_zero(program: ArrayProgram, storage: Storage) -> _Zeros:
    ...


# ── the module ──
