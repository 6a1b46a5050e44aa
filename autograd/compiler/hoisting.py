"""Derivatives of operations worked out before the reverse sweep: those of all steps of a recurrence at once.

In a sweep back through time each step multiplies a gradient by a derivative, such as 1 - z² of tanh, which needs no
gradient. As one statement for all steps it takes fewer calls.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from autograd.compiler.building import Builder, read_by
from autograd.compiler.statements import Map, Slots
from autograd.formula.cases import Expression

FEWEST: Final = 8
"""So many steps make up for the numbers that have to be kept."""
NARROW: Final = 4
"""Steps of fewer numbers are those of a simulation, not of a network: with its many examples, memory counts."""


def hoisted(b: Builder) -> tuple[list[Map], dict[tuple[int, str], Slots]]:
    """The statements before the sweep, and where the derivative of a step by an operand is, for those worked out."""
    alike: dict[tuple[Any, ...], dict[tuple[int, str], Map]] = defaultdict(dict)
    for i, step in enumerate(b.steps):
        of = step.statement
        if not isinstance(of, Map) or of.rows or step.selects or not of.out.lanes or of.out.index.size < NARROW:
            continue
        for operand, partial in step.partials.items():
            parts = [(slots.space, slots.index.shape) for slots in read_by(partial, of).values()]
            if parts and partial.form != "name":
                alike[partial, operand, *parts][i, operand] = of
    statements: list[Map] = []
    places: dict[tuple[int, str], Slots] = {}
    for (partial, *_), maps in alike.items():
        if len(maps) >= FEWEST:
            statements.append(_at_once(b, partial, [*maps.values()]))
            places |= {key: Slots("v", index) for key, index in zip(maps, statements[-1].out.index, strict=True)}
    return statements, places


def _at_once(b: Builder, partial: Expression, maps: Sequence[Map]) -> Map:
    """A derivative of several maps as one statement, into slots of its own."""
    every = [read_by(partial, of) for of in maps]
    given = {name: Slots(slots.space, np.stack([x[name].index for x in every])) for name, slots in every[0].items()}
    out = b.layout.scratch("v", np.stack([b.layout.is_phantom(of.out) for of in maps]))
    return Map(out, partial, given)
