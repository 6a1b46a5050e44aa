"""The slots of an array program as arrays that never change: which array holds a slot now, and where in it.

A statement makes a new array for what it writes, and the slots move there; nothing is written in place. A slot that
several statements share may lie in an array once: slots that hold the same number point to the same place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from autograd.compiler.statements import Index, Slots
from autograd.compiler.storage import Array, View, keys_of, refined
from autograd.compiler.views import positions


class Number(Array):
    """An array of one place, of which the number is known."""

    number: float = 0.0


def known(number: float) -> Number:
    """The array of a number."""
    made = Number("", 0, 1, repr(number), lanes=False)
    made.number = number
    return made


class Held(NamedTuple):
    """The numbers of some slots: places of an array, in the shape of the index array of the slots."""

    array: Array
    places: Index

    @property
    def number(self) -> float | None:
        """The number that all slots hold, if it is known."""
        return self.array.number if isinstance(self.array, Number) else None

    def reshaped(self, shape: Sequence[int]) -> "Held":
        """The same in another shape."""
        return Held(self.array, self.places.reshape(shape))


class Memory:
    """The arrays that hold the slots of each space, which all hold 0 at first."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self._arrays: list[Array] = [known(0.0)]
        self._known: dict[Array, int] = {}
        """The places of the arrays in the list."""
        self._owner = {space: np.zeros(size, np.intp) for space, size in sizes.items()}
        self._place = {space: np.zeros(size, np.intp) for space, size in sizes.items()}

    def put(self, slots: Slots, held: Held) -> None:
        """Let slots be held by places of an array."""
        if held.array not in self._known:
            self._known[held.array] = len(self._arrays)
            self._arrays.append(held.array)
        self._owner[slots.space][slots.index] = self._known[held.array]
        self._place[slots.space][slots.index] = held.places

    def owners(self, slots: Slots) -> Index:
        """A number for the array of each slot."""
        return self._owner[slots.space][slots.index]

    def held(self, slots: Slots) -> Held | None:
        """The numbers of slots; None if several arrays hold them."""
        owners = self.owners(slots)
        first = int(owners.flat[0])
        if (owners != first).any():
            return None
        return Held(self._arrays[first], self._place[slots.space][slots.index])

    def pieces(self, slots: Slots) -> tuple[list[Held], Index]:
        """The arrays that hold slots, each with places in a row; and where each slot is in all these rows together."""
        owners, places = self.owners(slots).ravel(), self._place[slots.space][slots.index].ravel()
        each, firsts, inverse = np.unique(np.stack([owners, places]), axis=1, return_index=True, return_inverse=True)
        order = np.argsort(firsts, kind="stable")
        if np.count_nonzero(np.diff(each[0, order])) > 2 * len(np.unique(owners)):
            order = np.arange(len(order))  # Neighbours are of different arrays, each of which is one piece then.
        cuts = np.flatnonzero(np.diff(each[0, order])) + 1
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        runs = np.split(each[:, order], cuts, axis=1)
        pieces = [Held(self._arrays[int(run[0, 0])], run[1]) for run in runs]
        return pieces, rank[inverse.ravel()].reshape(slots.index.shape)


# ── text ──

_NONE: Final = "None"


def written(seen: View, table: Callable[[Index], str], shape: Sequence[int] | None = None) -> str:
    """The text of a view of an array whose first axis is that of lanes, if it has any.

    Axes on which nothing changes have one place, and without lanes the first such axes are left out. With a shape, the
    view has it instead, in the same order. `table` makes a name for an index array, where no slices give the view.
    """
    seen = seen.narrow()
    array = seen.array
    sizes = tuple(seen.sizes if shape is None else shape)
    if not array.lanes and shape is None:
        sizes = trimmed(sizes)
    if seen.whole:
        return _with_axes(array.name, array.lanes, array.shape, sizes)
    free = [axis for axis, size in enumerate(seen.sizes) if size > 1]
    for dims in dict.fromkeys([array.shape, refined(array.size, seen) or (array.size,)]):
        if (found := _sliced(seen.along(free), dims)) is not None:
            keys, turn = found
            text = array.name if dims == array.shape else _reshaped(array.name, array.lanes, dims)
            text += _indexed(array.lanes, keys) + turn
            own = tuple(seen.sizes[axis] for axis in free)
            return _with_axes(text, array.lanes, own, sizes)
    index = (seen.starts[0] + positions(seen.sizes, seen.strides)).reshape(sizes)
    flat = array.name if len(array.shape) == 1 else _reshaped(array.name, array.lanes, (array.size,))
    return f"{flat}[{':, ' if array.lanes else ''}{table(index)}]"


def trimmed(sizes: tuple[int, ...]) -> tuple[int, ...]:
    first = next((axis for axis, size in enumerate(sizes) if size > 1), len(sizes))
    return sizes[first:]


def _reshaped(text: str, lanes: bool, sizes: Sequence[int]) -> str:
    shape = [*(["n"] if lanes else []), *map(str, sizes)]
    return f"{text}.reshape({', '.join(shape) or '()'})"


def _sliced(seen: View, shape: Sequence[int]) -> tuple[list[str], str] | None:
    """The keys that slice an array of this shape into a view, and the text that puts the axes in order at last."""
    found = keys_of(seen, shape)
    if found is None:
        return None
    keys, order = [key for _, key in found], [axis for axis, _ in found if axis is not None]
    turn = [order.index(axis) for axis in range(len(order))]
    if turn == sorted(turn):
        return keys, ""
    if turn == [1, 0] and not seen.array.lanes:
        return keys, ".T"
    places = [0, *(place + 1 for place in turn)] if seen.array.lanes else turn
    return keys, f".transpose({', '.join(map(str, places))})"


def _indexed(lanes: bool, keys: list[str]) -> str:
    keys = [*([":"] if lanes else []), *keys]
    while keys and keys[-1] == ":":
        keys.pop()
    return f"[{', '.join(keys)}]" if keys else ""


def _with_axes(text: str, lanes: bool, own: tuple[int, ...], sizes: tuple[int, ...]) -> str:
    """An array of its own sizes in sizes that differ by axes of one place, or by more."""
    if own == sizes:
        return text
    if tuple(size for size in sizes if size > 1) != own:
        return _reshaped(text, lanes, sizes)
    keys = [*([":"] if lanes else []), *(":" if size > 1 else _NONE for size in sizes)]
    while keys and keys[-1] == ":":
        keys.pop()
    return f"{text}[{', '.join(keys)}]"
