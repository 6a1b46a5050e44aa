"""An array program written as NumPy code that a person can read: a function that binds arrays, forward and backward."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from autograd.compiler import products
from autograd.compiler.buffers import Places
from autograd.compiler.expressions import number, replaced
from autograd.compiler.merging import sizes_of, with_merged_sums
from autograd.compiler.module import Module, Text
from autograd.compiler.rolling import Block, operands, rolled
from autograd.compiler.statements import ArrayProgram, Map, Product, Slots, Statement
from autograd.compiler.storage import GIVEN, Array, Place, Storage, View
from autograd.compiler.writer import SCRATCH, ZERO, Writer
from autograd.formula.cases import Expression

_SAME: Final = Expression("name", ("a",))


def text_of(program: ArrayProgram, dtype: str, *, lanes: bool) -> Text:
    """The text for many examples, or for one, whose arrays lack the axis of lanes."""
    return _Module(with_merged_sums(program), dtype, lanes=lanes).text()


class _Module:
    def __init__(self, program: ArrayProgram, dtype: str, *, lanes: bool) -> None:
        self._program, self._dtype = program, dtype
        parts = {"setup": program.setup, "forward": program.forward, "backward": program.backward}
        results = list(_results(program))
        self._zeros = _zeros(parts | {"forward": (*program.forward, *results)}, sizes_of(program))
        self._parts = {part: rolled(statements) for part, statements in parts.items()}
        self._parts["forward"] += [Block(((s,),)) for s in results]
        accesses = [slots for blocks in self._parts.values() for block in blocks for slots in block.accesses()]
        self._storage = Storage(program, accesses, lanes=lanes)
        self._writer = Writer(self._storage, program.constants)
        loss, count = self._place([results[0].operands["a"]]), program.roots.index.size
        self._hosts: dict[int, View] = {}
        if loss.array.size == 1:  # By itself, it lies where the caller reads it.
            given = Array("r", 0, count, GIVEN["r"], lanes, (count,))
            self._hosts[id(loss.array)] = View(given, (0,), (), ())
            del self._parts["forward"][-len(results)]

    def text(self) -> Text:
        """All of it."""
        lines = {}
        for part, blocks in self._parts.items():
            self._writer.lines = []
            for zeros in self._zeros[part]:
                for slots in self._storage.apart(zeros):
                    self._statement([Map(slots, ZERO)])
            for block in blocks:
                self._block(block)
            lines[part] = self._writer.lines
            if part == "setup":
                fixed = {id(view.array) for view in self._writer.views}
        for view in self._writer.views:
            if view.array.space not in (*GIVEN, *SCRATCH):
                self._storage.called(view.array, view.array.space)
        places = Places([*lines["forward"], *lines["backward"]], self._writer.views, {*fixed, *self._hosts})
        return Module(self._program, self._writer, lines, self._dtype, {**places.host, **self._hosts}).text()

    def _block(self, block: Block) -> None:
        w = self._writer
        if any(self._storage.place(slots) is None for slots in block.accesses()):
            for single in block.unrolled():
                self._block(single)
            return
        with w.loop(block.count):
            for row in block.rows:
                self._statement(row)

    def _statement(self, row: Sequence[Statement]) -> None:
        statement = row[0]
        out = self._place([s.out for s in row])
        read = {key: [operands(s)[key] for s in row] for key in operands(statement)}
        self._storage.called(out.array, _word(statement))
        if isinstance(statement, Product):
            products.write(self._writer, statement, out, **{key: self._place(slots) for key, slots in read.items()})
            return
        constants = {key: self._writer.constant(slots) for key, slots in read.items() if key not in statement.rows}
        numbers = {key: number(x) for key, x in constants.items() if x is not None}
        given = {key: self._place(slots) for key, slots in read.items() if key not in numbers}
        self._writer.map(replace(statement, expression=replaced(statement.expression, numbers)), out, given)

    def _place(self, together: Sequence[Slots]) -> Place:
        place = self._storage.place(together)
        assert place is not None
        return place


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


def _zeros(parts: Mapping[str, Sequence[Statement]], sizes: Mapping[str, int]) -> dict[str, list[Slots]]:
    """The slots that are zero before each part: those that it reads or adds to before they are written.

    Slots that nothing writes are zero from the first; but gradients of parameters are the caller's.
    """
    written = {space: np.full(size, space in ("p", "c", "s", "x")) for space, size in sizes.items()}
    needed = {part: {space: np.zeros(size, bool) for space, size in sizes.items()} for part in parts}
    for part, statements in parts.items():
        for s in statements:
            for space, index in (*operands(s).values(), *([s.out] if s.add else [])):
                needed[part][space][index] |= ~written[space][index]
            written[s.out.space][s.out.index] = True
    never = {space: ~done for space, done in written.items()}
    needed["backward"]["dp"] |= never.pop("dp")
    for space, mask in never.items():
        needed["setup"][space] = mask & np.any([need[space] for need in needed.values()], axis=0)
        for part in ("forward", "backward"):
            needed[part][space] &= ~mask
    return {part: [Slots(q, np.flatnonzero(mask)) for q, mask in need.items()] for part, need in needed.items()}
