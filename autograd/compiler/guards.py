"""The guards of statements: where a sweep doesn't reach a node, its contributions are 0 whatever its derivatives are.

A contribution is selected by a guard, not multiplied by it, for 0 times an infinity is nan. See `branches`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from autograd.compiler.building import Builder
from autograd.compiler.expressions import choice, known, name, number
from autograd.compiler.layout import PHANTOM
from autograd.compiler.scalars import ONE
from autograd.compiler.statements import Index, Map, Product, Slots, Statement
from autograd.formula.cases import Expression

GUARD: Final = "guard"
_NOTHING: Final = number(0.0)
_REACHED: Final = Expression("comparison", (">", name(GUARD), _NOTHING))


def selected(
    contribution: Expression, given: Mapping[str, Slots], guard: Slots | None, derivative: Expression
) -> tuple[Expression, dict[str, Slots]]:
    """A contribution that is 0 where its guard is not above 0, and its operands; a finite derivative needs no guard."""
    number_of = known(derivative)
    if guard is None or (number_of is not None and math.isfinite(number_of)):
        return contribution, {**given}
    return choice(_REACHED, contribution, _NOTHING), {**given, GUARD: guard}


def spread(slots: Slots, rows: Slots) -> Slots:
    """Slots of lists repeated for each element of their rows."""
    return Slots(slots.space, np.broadcast_to(slots.index[..., None], rows.index.shape))


class Guards:
    """The guards of the nodes of a graph, by their slots."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.counting: list[Statement] = []
        """Statements before the sweep."""
        self._nodes = {space: np.full(size, PHANTOM) for space, size in b.layout.sizes.items()}
        for block in b.layout.blocks:
            self._nodes[block.space][block.slots] = block.nodes
        for slots, nodes in b.parts:
            self._nodes[slots.space][slots.index] = nodes

    def _of(self, out: Slots) -> Index | None:
        """The guard of each slot, ONE at phantoms; None if no slot has one."""
        nodes = self._nodes[out.space][out.index]
        guards = np.where(nodes == PHANTOM, ONE, self.b.schedule.guards[nodes])
        return None if (guards == ONE).all() else guards

    def _slots(self, guards: Index, out: Slots) -> Slots:
        """The slots of guards; for an out without lanes they count the lanes that reach it."""
        guards = np.where(guards == ONE, guards.max(), guards)
        slots = self.b.operand(guards)
        if out.lanes or not slots.lanes:
            return slots
        each, at = np.unique(guards, return_inverse=True)
        counts = self.b.layout.scratch("u", np.zeros(len(each), bool))
        self.counting.append(Map(counts, choice(_REACHED, number(1.0), _NOTHING), {GUARD: self.b.operand(each)}))
        return Slots("u", counts.index[at.reshape(guards.shape)])

    def of_map(self, of: Map) -> Slots | None:
        """The guard of a map."""
        guards = self._of(of.out)
        return None if guards is None else self._slots(guards, of.out)

    def contribution(self, product: Product) -> Iterable[Statement]:
        """The statements of a contribution to factors: left is the upstream gradient, right are the other factors."""
        upstream = Slots(product.left.space[1:], product.left.index)
        guards = self._of(upstream)
        own, other = (None, None) if guards is None else (_alike(guards, 2), _alike(guards, 1))
        if own is not None and product.out.lanes == upstream.lanes:
            kept = self._scratch(product.out)
            yield replace(product, out=kept, add=False)
            yield self._selected(product.out, kept, self._slots(own, upstream), add=True)
        elif other is not None:
            rows = Slots(product.right.space, product.right.index.transpose(0, 2, 1))
            guard = self._slots(other, upstream)
            kept = self._scratch(rows, guard)
            yield self._selected(kept, rows, guard)
            yield replace(product, right=Slots(kept.space, kept.index.transpose(0, 2, 1)))
        else:
            self.b.schedule.trusts |= guards is not None
            yield product

    def _selected(self, out: Slots, rows: Slots, guard: Slots, *, add: bool = False) -> Map:
        given = {"part": rows, GUARD: spread(guard, rows)}
        return Map(out, choice(_REACHED, name("part"), _NOTHING), given, add=add)

    def _scratch(self, *like: Slots) -> Slots:
        """Fresh slots in the shape of the first, with lanes if any has them."""
        space = "v" if any(slots.lanes for slots in like) else "u"
        return self.b.layout.scratch(space, np.zeros(like[0].index.shape, bool))


def _alike(guards: Index, axis: int) -> Index | None:
    """Guards without an axis along which they are all alike; None if they aren't."""
    found: Index = guards.max(axis=axis)
    return found if ((guards == ONE) | (guards == np.expand_dims(found, axis))).all() else None
