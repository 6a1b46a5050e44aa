"""Derivatives of operations worked out before the reverse sweep: those of all steps of a recurrence at once.

In a sweep back through time each step multiplies a gradient by a derivative, such as 1 - z² of tanh, which needs no
gradient. As one statement for all steps it takes fewer calls.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from autograd.compiler.building import Builder
from autograd.compiler.statements import Map, Slots
from autograd.formula.cases import Expression, names_in

FEWEST: Final = 8
"""So many steps make up for the numbers that have to be kept."""
NARROW: Final = 4
"""Steps of fewer numbers are those of a simulation, not of a network: with its many examples, memory counts."""


class Hoisted:
    """The derivatives that are worked out before the sweep, and the statements that do it."""

    def __init__(self, b: Builder) -> None:
        self.statements: list[Map] = []
        self._places: dict[tuple[int, str], Slots] = {}
        alike: dict[tuple[Any, ...], list[tuple[int, str]]] = defaultdict(list)
        maps = {i: step.statement for i, step in enumerate(b.steps) if isinstance(step.statement, Map)}
        for i, of in maps.items():
            for operand, partial in b.steps[i].partials.items():
                parts = [(slots.space, slots.index.shape) for slots in _inner(of, partial).values()]
                wide = of.out.lanes and of.out.index.size >= NARROW and not of.rows
                if wide and parts and partial.form != "name":
                    alike[partial, operand, *parts].append((i, operand))
        for (partial, *_), keys in alike.items():
            if len(keys) >= FEWEST:
                self._hoist(b, partial, {key: maps[key[0]] for key in keys})

    def _hoist(self, b: Builder, partial: Expression, maps: Mapping[tuple[int, str], Map]) -> None:
        every = [_inner(of, partial) for of in maps.values()]
        given = {name: Slots(slots.space, np.stack([x[name].index for x in every])) for name, slots in every[0].items()}
        phantoms = np.stack([b.layout.is_phantom(of.out) for of in maps.values()])
        out = b.layout.scratch("v", phantoms)
        self.statements.append(Map(out, partial, given))
        self._places |= {key: Slots("v", index) for key, index in zip(maps, out.index, strict=True)}

    def of(self, step: int, operand: str) -> Slots | None:
        """Where the derivative of a step by an operand is; None if it isn't hoisted."""
        return self._places.get((step, operand))


def _inner(of: Map, e: Expression) -> dict[str, Slots]:
    """The slots that a derivative of a map reads."""
    every = {**of.operands, "z": of.out}
    return {name: every[name] for name in sorted(names_in(e))}
