"""Maps as lines of JAX: one for all slots whose operands lie in the same arrays."""

from dataclasses import replace
from typing import Final

import numpy as np

from autograd.compiler.jax.elementwise import applied
from autograd.compiler.jax.stores import store
from autograd.compiler.jax.writer import Writer
from autograd.compiler.statements import Index, Map, Slots, operands

PARTS: Final = 64
"""The most lines that one map becomes; beyond, its operands are joined."""


def write(w: Writer, s: Map) -> None:
    """The lines of a map."""
    parts = _parts(w, s)
    if parts is None:
        _write(w, s)
        return
    for places in parts:
        given = {key: Slots(slots.space, slots.index.ravel()[places]) for key, slots in operands(s).items()}
        _write(w, replace(s, out=Slots(s.out.space, s.out.index.ravel()[places]), operands=given))


def _parts(w: Writer, s: Map) -> list[Index] | None:
    """The places of slots that are alike in where their operands lie; None for one part or too many.

    To join operands of several arrays costs more than to write a line for each, which XLA fuses with others.
    """
    if s.rows or (not s.add and len(np.unique(s.out.index)) < s.out.index.size):
        return None
    rows = [w.memory.owners(slots).ravel() for slots in operands(s).values() if slots.space != "c"]
    rows += [w.memory.owners(s.out).ravel()] * s.add
    if all((row == row[0]).all() for row in rows):
        return None
    kinds, of = np.unique(np.array(rows), axis=1, return_inverse=True)
    if kinds.shape[1] > PARTS:
        return None
    return [np.flatnonzero(of.ravel() == kind) for kind in dict.fromkeys(of.ravel().tolist())]


def _write(w: Writer, s: Map) -> None:
    read = operands(s)
    given = {key: w.held(slots) for key, slots in read.items()}
    value = applied(w, s.expression, given, s.out.index.shape, s.rows & given.keys(), is_list=s.is_list)
    over = any(slots.lanes for slots in read.values()) and not s.out.lanes
    word = str(s.expression.parts[0]) if s.expression.form == "call" else "v"
    store(w, s.out, value, over=over, add=s.add, word=word)
