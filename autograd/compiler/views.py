"""Index arrays seen as views: which strides give the same slots, for several arrays on one grid.

>>> import numpy as np
>>> grid = unify([np.array([[0, 2, 4], [1, 3, 5]]), np.array([[7, 7, 7], [8, 8, 8]])], ["fp", "fp"])
>>> grid.sizes, grid.strides
({'f': (2,), 'p': (3,)}, [{'f': (1,), 'p': (2,)}, {'f': (1,), 'p': (0,)}])

An axis of an index array may be several axes of the view: slots ordered (feature, position) and read position by
position have two strides along one axis. `unify` splits the axes of several index arrays alike.
"""

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.statements import Index

LABELS: Final = "abcdefghijklmno"
"""For the axes of an index array."""
Axes: TypeAlias = dict[str, tuple[int, ...]]
"""For each axis of an index array, by its label, the sizes or strides of the axes that it splits into."""


class Grid(NamedTuple):
    """The axes that several index arrays are read along."""

    sizes: Axes
    strides: list[Axes | None]
    """For each index array; None where no strides give it."""


def _separated(index: Index) -> list[Index] | None:
    """For each axis of an index array how far each place leads from the first; None if it isn't a sum of these."""
    if not index.size:
        return None
    first = index[(0,) * index.ndim]
    lines = [index[tuple(slice(None) if axis == i else 0 for i in range(index.ndim))] for axis in range(index.ndim)]
    lines = [line - first for line in lines]
    return lines if np.array_equal(reduce(np.add.outer, lines, first), index) else None


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
        own = _separated(index)
        if own and any(_radices([*lines[label], line]) is None for label, line in zip(axes, own, strict=True)):
            own = None
        found.append(own)
        for label, line in zip(axes, own or (), strict=False):
            lines[label].append(line)
    sizes = {label: _radices(rows) or () for label, rows in lines.items()}
    strides = [
        None
        if own is None
        else {
            label: tuple(int(line[place]) for place in dense(sizes[label]))
            for label, line in zip(axes, own, strict=True)
        }
        for own, axes in zip(found, labels, strict=True)
    ]
    return Grid(sizes, strides)


def affine(index: Index) -> Axes | None:
    """The strides of the axes of an index array, each of which may be several; None where no strides give it."""
    return unify([index], [LABELS[: index.ndim]]).strides[0]


def merged(sizes: Sequence[int], rows: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Sizes and strides with as few axes as possible: neighbours are one axis where all rows of strides allow it."""
    kept: list[int] = []
    strides: list[list[int]] = [[] for _ in rows]
    for i, size in enumerate(sizes):
        if size == 1:
            continue
        if kept and all(row[-1] == full[i] * size for row, full in zip(strides, rows, strict=True)):
            kept[-1] *= size
            for row, full in zip(strides, rows, strict=True):
                row[-1] = full[i]
            continue
        kept.append(size)
        for row, full in zip(strides, rows, strict=True):
            row.append(full[i])
    return tuple(kept), [tuple(row) for row in strides]


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
    strides = affine(index)
    if strides is None or any(len(axis) > 1 for axis in strides.values()):
        return None
    return strided(array, int(index.flat[0]), index.shape, [sum(axis) for axis in strides.values()])
