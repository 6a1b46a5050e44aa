"""An array program written as NumPy code that a person can read: a function that binds arrays, forward and backward."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from autograd.compiler import products
from autograd.compiler.buffers import hosts_of
from autograd.compiler.expressions import number, replaced
from autograd.compiler.merging import sizes_of, with_merged_sums
from autograd.compiler.module import Module, Text
from autograd.compiler.rolling import Block, rolled
from autograd.compiler.statements import ArrayProgram, Map, Product, Slots, Statement, operands
from autograd.compiler.storage import GIVEN, Array, Place, Storage, View
from autograd.compiler.writer import ZERO, Line, Writer
from autograd.formula.cases import Expression

_SAME: Final = Expression("name", ("a",))


def text_of(program: ArrayProgram, dtype: str, *, lanes: bool) -> Text:
    """The text for many examples, or for one, whose arrays lack the axis of lanes."""
    program = with_merged_sums(program)
    first, *others = _results(program)
    parts = {"setup": program.setup, "forward": (*program.forward, first, *others), "backward": program.backward}
    zeros = _zeros(parts, sizes_of(program))
    blocks = {part: rolled(statements) for part, statements in parts.items()}
    accesses = [slots for part in blocks.values() for block in part for slots in block.accesses()]
    w = Writer(Storage(program, accesses, lanes=lanes), program.constants)
    loss, count = _place(w, [first.operands["a"]]).array, program.roots.index.size
    hosts: dict[int, Array | View] = {}
    if loss.size == 1:  # By itself, it lies where the caller reads it.
        hosts[id(loss)] = View(Array("r", 0, count, GIVEN["r"], lanes, (count,)), (0,), (), ())
        blocks["forward"] = [block for block in blocks["forward"] if block.rows[0][0] is not first]
    lines, fixed = dict[str, list[Line]](), {*hosts}
    for part in parts:
        w.lines = lines[part] = []
        for slots in zeros[part]:
            for piece in w.storage.apart(slots):
                _statement(w, [Map(piece, ZERO)])
        for block in blocks[part]:
            _block(w, block)
        if part == "setup":
            fixed |= {id(view.array) for view in w.views}
    hosts |= hosts_of([*lines["forward"], *lines["backward"]], w.views, fixed)
    return Module(program, w, lines, dtype, hosts).text()


def _block(w: Writer, block: Block) -> None:
    if any(w.storage.place(slots) is None for slots in block.accesses()):
        for single in block.unrolled():
            _block(w, single)
        return
    with w.loop(block.count):
        for row in block.rows:
            _statement(w, row)


def _statement(w: Writer, row: Sequence[Statement]) -> None:
    """The lines of a statement, given at each step of a loop."""
    statement, out = row[0], _place(w, [s.out for s in row])
    read = {key: [operands(s)[key] for s in row] for key in operands(statement)}
    w.storage.called(out.array, _word(statement))
    if isinstance(statement, Product):
        products.write(w, statement, out, **{key: _place(w, slots) for key, slots in read.items()})
        return
    constants = {key: w.constant(slots) for key, slots in read.items() if key not in statement.rows}
    numbers = {key: number(x) for key, x in constants.items() if x is not None}
    given = {key: _place(w, slots) for key, slots in read.items() if key not in numbers}
    w.map(replace(statement, expression=replaced(statement.expression, numbers)), out, given)


def _place(w: Writer, together: Sequence[Slots]) -> Place:
    place = w.storage.place(together)
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
