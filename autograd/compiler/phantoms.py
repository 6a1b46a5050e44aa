"""Phantoms kept out of sums: they are set to 0 before a statement adds them up with numbers of nodes.

Elsewhere a phantom may hold anything, infinities and nans too: a map reads phantoms only for phantoms.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import number
from autograd.compiler.statements import Index, Map, Product, Slots, Statement, reads

Phantoms: TypeAlias = Mapping[str, NDArray[np.bool_]]
"""For each space that has them, whether each slot is a phantom."""


def cleaned(*parts: Sequence[Statement], phantoms: Phantoms) -> list[list[Statement]]:
    """The parts of a program with more statements, which set phantoms to 0 where that is needed."""
    if not any(mask.any() for mask in phantoms.values()):
        return [[*part] for part in parts]
    phantoms = {**phantoms, **{f"d{space}": mask for space, mask in phantoms.items()}}
    dirty = {space: mask.copy() for space, mask in phantoms.items()}
    return [_cleaned(part, phantoms, dirty) for part in parts]


def _cleaned(statements: Sequence[Statement], phantoms: Phantoms, dirty: Phantoms) -> list[Statement]:
    kept: list[Statement] = []
    for statement in statements:
        for slots in reads(statement):
            if slots.space in dirty and dirty[slots.space].any():
                read = _added_up(statement, slots, phantoms)
                harmful = np.unique(read[dirty[slots.space][read]])
                if len(harmful):
                    kept.append(Map(Slots(slots.space, harmful), number(0.0)))
                    dirty[slots.space][harmful] = False
        kept.append(statement)
        out = statement.out
        if out.space in dirty:
            written = out.index[phantoms[out.space][out.index]]
            dirty[out.space][written] = True
    return kept


def _added_up(statement: Statement, slots: Slots, phantoms: Phantoms) -> Index:
    """The slots of an operand that come together with others, or go into the slot of a node."""
    if isinstance(statement, Product) or any(slots is statement.operands[row] for row in statement.rows):
        return slots.index.reshape(-1)
    out = statement.out
    if out.space not in phantoms:
        return slots.index.reshape(-1)
    live = ~phantoms[out.space][out.index]
    index = slots.index[..., None] if slots.index.ndim < live.ndim else slots.index
    return np.broadcast_to(index, live.shape)[live]
