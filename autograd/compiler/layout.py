"""Where each node has its slot: blocks of slots for the groups, in the order in which they are worked out.

With `exact`, no row is completed, and none that isn't full is taken for a matrix.

A block may hold phantoms, slots of no node, so that the slots of a triangle are those of a square. After the slots of a
node for each position may come ones, which a bias is multiplied by.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import number
from autograd.compiler.scalars import CONSTANT, INPUT, PARAMETER, Scalars
from autograd.compiler.schedule import CLASSES
from autograd.compiler.statements import Index, Map, Slots

PHANTOM: Final = -1
"""In the place of a node: a slot without one."""
PAD: Final = -2
"""In the place of a node: one term less than the longest row has."""
ZERO: Final = 0
"""In the spaces u and v, the slot that is always 0."""


class Block(NamedTuple):
    """Slots of one group."""

    space: str
    base: int
    dims: tuple[int, ...]
    nodes: NDArray[np.intp]
    """The node of each slot, or PHANTOM."""
    ones: int
    """The first of the slots of 1, one for each position of the last dimension; -1 without them."""

    @property
    def slots(self) -> Index:
        """All slots, without the ones."""
        return np.arange(self.base, self.base + len(self.nodes))

    @property
    def positions(self) -> int:
        """The size of the last dimension, if it has others before it."""
        return self.dims[-1] if len(self.dims) > 1 else 1


class Layout:
    """The slots of nodes, and the statements that fill constant slots."""

    def __init__(
        self, g: Scalars, classes: NDArray[np.int8], inputs: int, ones_after: list[int], *, exact: bool
    ) -> None:
        self.g, self.classes, self.exact = g, classes, exact
        self.slot = np.full(len(g), PAD, np.intp)
        parameters, given = g.kind == PARAMETER, g.kind == INPUT
        self.slot[parameters] = g.leaf[parameters]
        self.input_slots = np.arange(inputs) + np.searchsorted(ones_after, np.arange(inputs), "right")
        self.slot[given] = self.input_slots[g.leaf[given]]
        self.blocks: list[Block] = []
        self.setup: list[Map] = []
        self.sizes = {"p": 0, "c": 0, "u": 1, "v": 1, "x": inputs + len(ones_after), "s": 1}
        self.of_block = {q: np.full(1, -1) for q in ("u", "v")}
        self.phantom = {q: np.zeros(1, bool) for q in ("u", "v")}
        self._zeroed = dict.fromkeys(self.phantom, False)
        self.constants: list[NDArray[np.float64]] = []
        self._constant: dict[bytes, int] = {}
        self._filled: dict[tuple[str, bytes], int] = {}
        self.input_ones = [after + k for k, after in enumerate(ones_after)]
        if ones_after:
            self.fill("x", np.array(self.input_ones), 1.0)

    @property
    def completes(self) -> bool:
        """Whether rows were completed with zeros: 0 times an infinity or nan that the row doesn't have is a nan."""
        return any(self._zeroed.values()) or any(mask.any() for mask in self.phantom.values())

    def space(self, node: int) -> str:
        """The space of a node as an operand."""
        return CLASSES[self.classes[node]]

    def fill(self, space: str, index: Index, value: float) -> None:
        """Let slots hold a number from the start."""
        self.setup.append(Map(Slots(space, index), number(value)))

    def allocate(self, space: str, dims: tuple[int, ...], nodes: NDArray[np.intp], *, ones: bool = False) -> Block:
        """Slots for nodes, in this order."""
        base = self.sizes[space]
        end = base + len(nodes)
        block = Block(space, base, dims, nodes, end if ones else -1)
        live = nodes != PHANTOM
        self.slot[nodes[live]] = block.slots[live]
        extra = block.positions if ones else 0
        self._extend(space, len(nodes) + extra, len(self.blocks))
        self.phantom[space][block.slots] = ~live
        self.blocks.append(block)
        if ones:
            self.fill(space, np.arange(end, end + extra), 1.0)
        return block

    def scratch(self, space: str, phantoms: NDArray[np.bool_]) -> Slots:
        """Fresh slots of no node, in an array of this shape; where it is true they are phantoms."""
        block = self.allocate(space, phantoms.shape, np.full(phantoms.size, PHANTOM))
        self.phantom[space][block.slots] = phantoms.reshape(-1)
        return Slots(space, block.slots.reshape(phantoms.shape))

    def is_phantom(self, slots: Slots) -> NDArray[np.bool_]:
        """Whether each of these slots is a phantom."""
        mask = self.phantom.get(slots.space)
        return np.zeros(slots.index.shape, bool) if mask is None else mask[slots.index]

    def constant(self, numbers: NDArray[np.float64]) -> Slots:
        """Slots of the space c that hold these numbers."""
        kinds, at = np.unique(numbers, return_inverse=True)
        row = kinds if len(kinds) == 1 else numbers.reshape(-1)
        key = row.tobytes()
        if key not in self._constant:
            self._constant[key] = self.sizes["c"]
            self.sizes["c"] += len(row)
            self.constants.append(row)
        offsets = at if len(kinds) == 1 else np.arange(numbers.size)
        return Slots("c", (self._constant[key] + offsets).reshape(numbers.shape))

    def row_of(self, space: str, numbers: NDArray[np.float64]) -> Index:
        """Fresh slots that hold these numbers from the start."""
        slots = np.arange(self.sizes[space], self.sizes[space] + len(numbers))
        self._extend(space, len(numbers), -1)
        kinds, at = np.unique(numbers, return_inverse=True)  # nan is no number's equal, and one of the kinds.
        for k, value in enumerate(kinds.tolist()):
            self.fill(space, slots[at == k], value)
        return slots

    def _extend(self, space: str, count: int, block: int) -> None:
        """More slots in a space, of the block with this number, or with -1 of none."""
        self.sizes[space] += count
        if space in self.of_block:
            self.of_block[space] = np.concatenate([self.of_block[space], np.full(count, block)])
            self.phantom[space] = np.concatenate([self.phantom[space], np.zeros(count, bool)])

    def slots(self, nodes: Index, space: str) -> Index:
        """The slots of nodes of one space; a constant among them gets a slot there."""
        if space == "c":
            return self.constant(self.g.number[nodes]).index
        flat = nodes.reshape(-1)
        real = flat >= 0
        found = flat.astype(np.intp)
        constant = np.flatnonzero(real)[self.g.kind[flat[real]] == CONSTANT]
        found[real] = self.slot[flat[real]]
        for at in constant.tolist():
            found[at] = self._padding(space, float(self.g.number[flat[at]]))
        return found.reshape(nodes.shape)

    def _padding(self, space: str, value: float) -> int:
        key = (space, np.float64(value).tobytes())
        if key not in self._filled:
            self._filled[key] = int(self.row_of(space, np.array([value]))[0])
        return self._filled[key]

    def block_at(self, space: str, slot: int) -> Block | None:
        """The block of a slot."""
        if space not in self.of_block or self.of_block[space][slot] < 0:
            return None
        return self.blocks[int(self.of_block[space][slot])]

    def ones_for(self, space: str, slots: Index) -> Index | None:
        """For each row of slots, the slot of 1 that continues it; None if there is none."""
        last = slots[..., -1]
        if space == "x":
            ones = np.array(self.input_ones, np.intp)
            at = np.searchsorted(ones, last)
            if not len(ones) or (at == len(ones)).any():
                return None
            return ones[at]
        block = self.block_at(space, int(last.flat[0]))
        if (
            block is None
            or block.ones < 0
            or not ((block.base <= slots) & (slots < block.base + len(block.nodes))).all()
        ):
            return None
        ones = block.ones + (last - block.base) % block.positions
        after = last + (last - slots[..., -2] if slots.shape[-1] > 1 else 0)
        return np.where((block.ones <= after) & (after < block.ones + block.positions), after, ones)

    def padded(self, slots: Index, space: str) -> Index:
        """Slots in place of PAD: phantoms that continue the row if there are such, else the slot that is always 0."""
        missing = slots == PAD
        if not missing.any():
            return slots
        steps = np.diff(slots, axis=1)[~missing[:, 1:] & ~missing[:, :-1]]
        if len(steps) and (steps == steps[0]).all():
            guess = slots[:, :1] + steps[0] * np.arange(slots.shape[1])
            inside = (guess >= 0) & (guess < self.sizes[space])
            if inside.all() and not missing[:, 0].any() and self.phantom[space][guess[missing]].all():
                return np.where(missing, guess, slots)
        if not self._zeroed[space]:
            self._zeroed[space] = True
            self.fill(space, np.array([ZERO]), 0.0)
        return np.where(missing, ZERO, slots)

    def continued(self, slots: Index, block: Block) -> Index | None:
        """Slots for the phantoms of a block as well, given those for its nodes; None if no plane goes through them."""
        live = block.nodes != PHANTOM
        axes = np.indices(block.dims).reshape(len(block.dims), -1)
        plane = np.vstack([np.ones(axes.shape[1]), axes]).T
        fit = np.linalg.lstsq(plane[live], slots.astype(float), rcond=None)[0]
        whole: NDArray[np.intp] = np.rint(plane @ np.rint(fit)).astype(np.intp)
        if (whole[live] != slots).any() or whole.min() < 0:
            return None
        return whole
