"""An array program written as NumPy code that a person can read: a function that binds arrays, forward and backward."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import products
from autograd.compiler.merging import sizes_of, with_merged_sums
from autograd.compiler.module import Module, Text
from autograd.compiler.rolling import Block, operands, rolled
from autograd.compiler.statements import ArrayProgram, Map, Slots, Statement
from autograd.compiler.storage import GIVEN, Storage, View
from autograd.compiler.writer import SCRATCH, Writer
from autograd.formula.cases import Expression

_SAME: Final = Expression("name", ("a",))


def text_of(program: ArrayProgram, dtype: str, *, lanes: bool) -> Text:
    """The text for many examples, or for one, whose arrays lack the axis of lanes."""
    return _Module(with_merged_sums(program), dtype, lanes=lanes).text()


class _Module:
    def __init__(self, program: ArrayProgram, dtype: str, *, lanes: bool) -> None:
        self._program, self._dtype, self._lanes = program, dtype, lanes
        parts = {
            "setup": program.setup,
            "forward": (*program.forward, *_results(program)),
            "backward": program.backward,
        }
        self._zeros = _zeros(parts, sizes_of(program))
        self._parts = {name: rolled(statements) for name, statements in parts.items()}
        accesses = [slots for blocks in self._parts.values() for block in blocks for slots in block.accesses()]
        self._storage = Storage(program, accesses, lanes=lanes)
        self._writer = Writer(self._storage, program.constants)
        self._part = ""
        self._opened: set[int] = set()

    def text(self) -> Text:
        """All of it."""
        lines = {}
        for part, blocks in self._parts.items():
            self._part, self._writer.lines, self._opened = part, [], set()
            if part == "backward":
                self._zero_gradients()
            for block in blocks:
                self._block(block)
            lines[part] = self._writer.lines
        for view in self._writer.views:
            if view.array.space not in (*GIVEN, *SCRATCH):
                self._storage.called(view.array, view.array.space)
        return Module(self._program, self._writer, lines, self._dtype, self._fixed()).text()

    def _fixed(self) -> dict[int, bool]:
        """The arrays that keep their memory for themselves, by identity, and whether it is to be zeros."""
        setup = [slots for block in self._parts["setup"] for slots in block.accesses()]
        kept = {id(place.array): False for slots in setup if (place := self._storage.place(slots[:1]))}
        never = self._zeros.never_written
        return kept | {
            id(array): True for array in self._storage if never[array.space][self._storage.slots(array)].any()
        }

    def _zero_gradients(self) -> None:
        """Slots of gradients for the caller that nothing writes first."""
        for space in ("dp", "dx"):
            for start, stop in _runs(self._zeros.each_time["backward"][space]):
                self._writer.emit(f"{GIVEN[space]}[{start}:{stop}].fill(0.0)")

    def _open(self, slots: Slots) -> None:
        """Before the first statement of a part that touches an array: zeros where it needs them."""
        place = self._storage.place([slots])
        assert place is not None
        array = place.array
        if id(array) in self._opened or array.space in GIVEN:
            return
        self._opened.add(id(array))
        mine = self._storage.slots(array)
        zero = self._zeros.each_time[self._part][array.space][mine] & ~self._zeros.never_written[array.space][mine]
        for start, stop in _runs(zero):
            lane = "all" if stop - start == array.size else "n" if array.lanes else ""
            view = View(array, (start,), (stop - start,), (1,), lane)
            self._storage.called(array, "v1")
            self._writer.emit(f"{self._writer.view(view)}.fill(0.0)")

    def _block(self, block: Block) -> None:
        w = self._writer
        if any(self._storage.place(slots) is None for slots in block.accesses()):
            for single in block.unrolled():
                self._block(single)
            return
        for slots in block.accesses():
            self._open(slots[0])
        with w.loop(block.count):
            for row in block.rows:
                self._statement(row)

    def _statement(self, row: Sequence[Statement]) -> None:
        statement = row[0]
        out = self._storage.place([s.out for s in row])
        read = {name: [operands(s)[name] for s in row] for name in operands(statement)}
        lists = statement.rows if isinstance(statement, Map) else ()
        literals = {name: self._writer.literal(slots) for name, slots in read.items() if name not in lists}
        texts = {name: text for name, text in literals.items() if text is not None}
        places = {name: self._storage.place(slots) for name, slots in read.items()}
        assert out is not None
        given = {name: place for name, place in places.items() if place is not None}
        self._storage.called(out.array, _word(statement))
        if isinstance(statement, Map):
            given = {name: place for name, place in given.items() if name not in texts}
            self._writer.map(statement, out, given, texts)
        else:
            products.write(self._writer, statement, out, **given)


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


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches where a mask is true."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


# ── which slots are zero before they are written ──


class _Zeros(NamedTuple):
    """Slots by space."""

    each_time: dict[str, dict[str, NDArray[np.bool_]]]
    """For each part of the program: those read, or added to, before they are written."""
    never_written: dict[str, NDArray[np.bool_]]


def _zeros(parts: Mapping[str, Sequence[Statement]], sizes: Mapping[str, int]) -> _Zeros:
    written = {space: np.zeros(size, bool) for space, size in sizes.items()}
    each_time = {part: {space: np.zeros(size, bool) for space, size in sizes.items()} for part in parts}
    for part, statements in parts.items():
        need = each_time[part]
        for s in statements:
            for space, index in (*operands(s).values(), *([s.out] if s.add else [])):
                need[space][index] |= ~written[space][index]
            written[s.out.space][s.out.index] = True
    for space in ("dp", "dx"):
        each_time["backward"][space] |= ~written[space] & (space == "dp" or written[space].any())
    return _Zeros(each_time, {space: ~done for space, done in written.items()})
