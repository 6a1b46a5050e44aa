"""Index arrays seen as views: which strides give the same slots, for several arrays on one grid.

>>> import numpy as np
>>> unify([np.array([[0, 2, 4], [1, 3, 5]]), np.array([[7, 7, 7], [8, 8, 8]])], ["fp", "fp"])
Grid(labels='fp', sizes=(2, 3), strides=[(1, 2), (1, 0)])

An axis of an index array may be several axes of the view: slots ordered (feature, position) and read position by
position have two strides along one axis. `unify` splits the axes of several index arrays alike.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.statements import Index

LIST: Final = "["
"""The label of an axis along which lists go: it is never split."""
LABELS: Final = "abcdefghijklmno"
"""For the other axes of an index array."""


class Grid(NamedTuple):
    """The axes that several index arrays are read along, in the order of their labels."""

    labels: str
    """For each axis that of the one of which it is a part."""
    sizes: tuple[int, ...]
    strides: list[tuple[int, ...] | None]
    """For each index array: 0 along an axis that it lacks; None where no strides give it."""

    def dense(self, labels: str) -> tuple[int, ...]:
        """The strides of an array that is all of the axes with these labels."""
        own = [label in labels for label in self.labels]
        steps = dense([size if mine else 1 for size, mine in zip(self.sizes, own, strict=True)])
        return tuple(step * mine for step, mine in zip(steps, own, strict=True))


def _separated(index: Index, labels: str) -> dict[str, Index] | None:
    """For each axis of an index array how far each place leads from the first; None if it isn't a sum of these."""
    if not index.size:
        return None
    first = index[(0,) * index.ndim]
    lines = [index[tuple(slice(None) if axis == i else 0 for i in range(index.ndim))] for axis in range(index.ndim)]
    lines = [line - first for line in lines]
    return dict(zip(labels, lines, strict=True)) if np.array_equal(reduce(np.add.outer, lines, first), index) else None


def _radices(lines: Sequence[Index]) -> tuple[int, ...] | None:
    """The sizes of as few axes as there can be, in the place of one, on which lines of one length count evenly."""
    rows, sizes = np.array(lines), tuple[int, ...]()
    while (length := rows.shape[1]) > 1:
        even = rows[:, 1:2] * np.arange(length)
        off = np.flatnonzero((rows != even).any(0))
        size = int(off[0]) if len(off) else length
        outer = rows[:, ::size]
        if length % size or (rows.reshape(len(rows), -1, size) != outer[:, :, None] + even[:, None, :size]).any():
            return None
        rows, sizes = outer, (size, *sizes)
    return sizes


def unify(indices: Sequence[Index], labels: Sequence[str]) -> Grid:
    """Views of index arrays whose axes have these labels, the first ones first: they decide where axes are split."""
    lines: dict[str, list[Index]] = {}
    for index, axes in zip(indices, labels, strict=True):
        lines |= {label: [np.zeros(length, np.intp)] for label, length in zip(axes, index.shape, strict=True)}
    found = []
    for index, axes in zip(indices, labels, strict=True):
        own = _separated(index, axes)
        splits = {label: _radices([*lines[label], line]) for label, line in (own or {}).items()}
        if None in splits.values() or len(splits.get(LIST) or ()) > 1:
            own = None
        found.append(own)
        for label, line in (own or {}).items():
            lines[label].append(line)
    sizes = {label: _radices(lines[label]) or (1,) * (label == LIST) for label in sorted(lines)}
    places = [(label, place) for label, axis in sizes.items() for place in dense(axis)]
    strides = [None if own is None else tuple(_stride(own, *place) for place in places) for own in found]
    return Grid("".join(label for label, _ in places), tuple(n for axis in sizes.values() for n in axis), strides)


def _stride(lines: Mapping[str, Index], label: str, place: int) -> int:
    """How far a place on an axis leads; 0 if there is no such axis, or but one place on it."""
    line = lines.get(label, ())
    return int(line[place]) if place < len(line) else 0


def affine(index: Index) -> tuple[int, ...] | None:
    """The strides of an index array, whose axes may be several each; None where no strides give it."""
    return unify([index], [LABELS[: index.ndim]]).strides[0]


def merged(sizes: Sequence[int], rows: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Sizes and strides with as few axes as possible: neighbours are one axis where all rows of strides allow it."""
    axes: list[tuple[int, ...]] = []
    """Each with its size and the strides of the rows."""
    for size, *strides in zip(sizes, *rows, strict=True):
        if axes and all(outer == inner * size for outer, inner in zip(axes[-1][1:], strides, strict=True)):
            axes[-1] = (axes[-1][0] * size, *strides)
        elif size > 1:
            axes.append((size, *strides))
    kept, *strides = [tuple(axis[i] for axis in axes) for i in range(len(rows) + 1)]
    return kept, strides


def dense(sizes: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array without gaps."""
    return tuple(prod(sizes[i + 1 :]) for i in range(len(sizes)))


def positions(sizes: Sequence[int], strides: Sequence[int]) -> Index:
    """The slots of a view, from its first."""
    index: Index = np.zeros((1,) * len(sizes), np.intp)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        index = index + (np.arange(size) * stride).reshape([-1 if axis == i else 1 for i in range(len(sizes))])
    return index


def injective(sizes: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether no slot stands in a view twice."""
    reach = 0
    for stride, size in sorted((abs(stride), size) for stride, size in zip(strides, sizes, strict=True)):
        if stride <= reach and size > 1:
            index = positions(sizes, strides).ravel()
            return int(np.bincount(index - index.min()).max()) == 1
        reach += stride * (size - 1)
    return True


def strided(
    array: NDArray[Any], start: int, sizes: Sequence[int], strides: Sequence[int], *, merge: bool = False
) -> NDArray[Any]:
    """The view whose axes count along the first axis of an array, from a start; merge: lanes join the last of them."""
    step, *others = array.strides
    steps = [step * stride for stride in strides]
    shape = [*sizes, *array.shape[1:]]
    if merge:
        shape[-2:], steps[-1:] = [shape[-2] * shape[-1]], []
    return np.lib.stride_tricks.as_strided(array[start:], shape, [*steps, *others])


def view_of(array: NDArray[Any], index: Index) -> NDArray[Any] | None:
    """The view whose axes read the first axis of an array by an index array; None where one stride each can't.

    >>> view_of(np.arange(10), np.array([[4, 7], [5, 8]]))
    array([[4, 7],
           [5, 8]])
    """
    if not index.size:
        return None
    first, axes = int(index.flat[0]), range(index.ndim)
    steps = [int(index.take(1, axis).flat[0]) - first if index.shape[axis] > 1 else 0 for axis in axes]
    alike = np.array_equal(first + positions(index.shape, steps), index)
    return strided(array, first, index.shape, steps) if alike else None
