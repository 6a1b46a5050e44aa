"""Statements made of groups: the order of a group's nodes, their slots, and what passes gradients on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import name, partial_of
from autograd.compiler.layout import PHANTOM, Block, Layout
from autograd.compiler.scalars import ONE, Scalars
from autograd.compiler.schedule import CLASSES, CONSTANT_CLASS, PASSING, Schedule
from autograd.compiler.signs import Signs
from autograd.compiler.statements import LANES, Index, Map, Slots, Statement
from autograd.formula.cases import Expression, names_in

VALUE: Final = "z"
UPSTREAM: Final = "dz"
"""The names of the value of a map, and of its gradient, in the derivatives of the map."""


@dataclass(frozen=True, eq=False)
class Step:
    """A statement of the forward pass, and which of its operands pass gradients on."""

    statement: Statement
    partials: Mapping[str, Expression]
    """Of a map, the derivative by each operand that passes gradients on, in terms of the operands and the value z."""
    passes: tuple[int, int]
    """Of a product, so many of the first terms of the left and of the right rows pass gradients on."""
    selects: bool
    """Whether a derivative of 1 passes on a gradient and one of 0 nothing, where a gradient times 0 may be nan."""


def read_by(derivative: Expression, of: Map) -> dict[str, Slots]:
    """The slots that a derivative of a map reads, by their names in it."""
    every = {**of.operands, VALUE: of.out, UPSTREAM: of.out.gradient()}
    return {operand: every[operand] for operand in sorted(names_in(derivative))}


class Builder:
    """The statements made so far, and the slots of the nodes that they work out."""

    def __init__(self, g: Scalars, schedule: Schedule, layout: Layout) -> None:
        self.g, self.schedule, self.layout, self.starts = g, schedule, layout, g.starts
        self.steps: list[Step] = []
        self.parts: list[tuple[Slots, Index]] = []
        """Slots of parts of nodes, with these nodes."""
        self.signs = Signs(g)

    def add(
        self,
        statement: Statement,
        partials: Mapping[str, Expression] | None = None,
        passes: tuple[int, int] = (0, 0),
        *,
        selects: bool = False,
    ) -> None:
        """Append a statement."""
        self.steps.append(Step(statement, partials or {}, passes, selects))

    def passes(self, node: int) -> bool:
        """Whether a node as an operand passes gradients on."""
        return int(self.schedule.classes[node]) in PASSING

    def is_guarded(self, out: Slots) -> bool:
        """Whether the nodes with these slots, those of one group, have guards."""
        block = self.layout.block_at(out.space, int(out.index.flat[0]))
        assert block is not None
        return bool(self.schedule.guards[block.nodes.max()] != ONE)

    def operand(self, nodes: Index) -> Slots:
        """The slots of nodes of one class."""
        space = self.layout.space(int(nodes.flat[0]))
        return Slots(space, self.layout.slots(nodes, space))

    def alike(self, nodes: Index) -> Slots:
        """The slots of nodes of any class: those of another class than most are copied to slots of their own."""
        classes = self.schedule.classes[nodes]
        own = np.bincount(classes[classes != CONSTANT_CLASS]).argmax()
        others = (classes != own) & (classes != CONSTANT_CLASS)
        fixed = CLASSES[own] == "p" and (classes == CONSTANT_CLASS).any()
        if not others.any() and not fixed:
            return Slots(CLASSES[own], self.layout.slots(nodes, CLASSES[own]))
        lanes = np.isin(classes, [c for c, space in enumerate(CLASSES) if space in LANES]).any()
        space = "v" if lanes else "u"
        copied = np.unique(nodes[classes != CONSTANT_CLASS] if CLASSES[own] != space else nodes[others])
        of_copy = dict(zip(copied.tolist(), self._copies(copied, space).tolist(), strict=True))
        slots = [of_copy.get(v) for v in nodes.reshape(-1).tolist()]
        rest = np.array([v if slot is None else PHANTOM for v, slot in zip(nodes.flat, slots, strict=True)])
        found = self.layout.slots(rest, space)
        return Slots(space, np.where(rest == PHANTOM, [slot or 0 for slot in slots], found).reshape(nodes.shape))

    def with_lanes(self, node: int) -> Slots:
        """The slot of a node in the space v, where it is copied if it is in another."""
        nodes = np.array([node])
        if self.layout.space(node) == "v":
            return self.operand(nodes)
        return Slots("v", self._copies(nodes, "v"))

    def _copies(self, nodes: NDArray[np.intp], space: str) -> Index:
        """Slots of a space for copies of nodes of other classes."""
        slots = self.layout.scratch(space, np.zeros(len(nodes), bool)).index
        for c in np.unique(self.schedule.classes[nodes]):
            same = self.schedule.classes[nodes] == c
            partials = {"x": partial_of("positive", "x")} if c in PASSING else {}
            constant = c == CONSTANT_CLASS
            x = self.layout.constant(self.g.number[nodes[same]]) if constant else self.operand(nodes[same])
            self.add(Map(Slots(space, slots[same]), name("x"), {"x": x}), partials)
        return slots

    def allocate(self, nodes: NDArray[np.intp], dims: tuple[int, ...]) -> Block:
        """Slots for the nodes of a group."""
        first = int(nodes[nodes != PHANTOM][0])
        space = self.layout.space(first)
        ones = space == "v" and any(self.schedule.biased[user] for user in self.schedule.users[first])
        return self.layout.allocate(space, dims, nodes, ones=ones)

    def in_order(
        self, nodes: NDArray[np.intp], operands: Sequence[Slots]
    ) -> tuple[NDArray[np.intp], list[Slots], tuple[int, ...]]:
        """The nodes in the order of their main operand, with its phantoms if it is a whole block.

        Returned are the nodes, the operands in the same order, and the dimensions of the block.
        """
        if not operands:
            return nodes, [], (len(nodes),)
        main = max(range(len(operands)), key=lambda i: (len(np.unique(operands[i].index)), -i))
        order = np.lexsort((*(slots.index for slots in operands[::-1]), operands[main].index))
        nodes, rows = nodes[order], [Slots(slots.space, slots.index[order]) for slots in operands]
        block = self.whole_block(rows[main])
        if block is None:
            return nodes, rows, (len(nodes),)
        live = block.nodes != PHANTOM
        if live.all():
            return nodes, rows, block.dims
        continued = [
            Slots(row.space, index) for row in rows if (index := self.layout.continued(row.index, block)) is not None
        ]
        if len(continued) < len(rows) or any(row.index.max() >= self.layout.sizes[row.space] for row in continued):
            return nodes, rows, (len(nodes),)
        every = np.full(len(block.nodes), PHANTOM)
        every[live] = nodes
        return every, continued, block.dims

    def whole_block(self, slots: Slots) -> Block | None:
        """The block of which these are all the nodes, in order."""
        block = self.layout.block_at(slots.space, int(slots.index[0]))
        if block is None:
            return None
        live = block.slots[block.nodes != PHANTOM]
        return block if np.array_equal(live, slots.index) else None
