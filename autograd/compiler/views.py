"""Index arrays seen as views: which strides give the same slots, for several arrays on one grid.

>>> import numpy as np
>>> grid = unify([np.array([[0, 2, 4], [1, 3, 5]]), np.array([[7, 7, 7], [8, 8, 8]])])
>>> grid.sizes, grid.strides
(((2,), (3,)), [((1,), (2,)), ((1,), (0,))])

An axis of an index array may be several axes of the view: slots ordered (feature, position) and read position by
position have two strides along one axis. `unify` splits the axes of several index arrays alike.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Digits: TypeAlias = list[tuple[int, int]]
"""Sizes and strides, from the outermost: the digits of a number of mixed radix, and the worth of each."""
Strides: TypeAlias = tuple[tuple[int, ...], ...]
"""For each axis of an index array the strides of the axes that it splits into."""


class Grid(NamedTuple):
    """The axes that several index arrays are read along: for each axis of them the sizes that it splits into."""

    sizes: Strides
    strides: list[Strides | None]
    """For each index array; None where no strides give it."""


def digits(steps: NDArray[np.intp]) -> Digits | None:
    """The digits by which one axis counts, from the difference of each entry to the first."""
    found: Digits = []
    while len(steps) > 1:
        stride = int(steps[1])
        off = np.flatnonzero(steps != stride * np.arange(len(steps)))
        size = int(off[0]) if len(off) else len(steps)
        if len(steps) % size:
            return None
        outer = steps[::size]
        if not np.array_equal(steps.reshape(-1, size), outer[:, None] + stride * np.arange(size)):
            return None
        found.insert(0, (size, stride))
        steps = outer
    return found


def affine(index: NDArray[np.intp]) -> list[Digits] | None:
    """The digits of each axis of an index array, or None if it isn't a sum of a function of each."""
    if not index.size:
        return None
    first = index[(0,) * index.ndim]
    total = np.full((1,) * index.ndim, first)
    found = []
    for axis in range(index.ndim):
        line = index[tuple(slice(None) if axis == i else 0 for i in range(index.ndim))] - first
        counted = digits(line)
        if counted is None:
            return None
        found.append(counted)
        total = total + line.reshape([-1 if axis == i else 1 for i in range(index.ndim)])
    return found if np.array_equal(total, index) else None


def _breaks(counted: Digits) -> list[int]:
    """The positions along an axis at which a digit carries."""
    return [prod(size for size, _ in counted[i:]) for i in range(len(counted) + 1)][1:]


def _split(counted: Digits, breaks: Sequence[int], length: int) -> tuple[int, ...]:
    """The strides of an axis that is cut at more positions than it carries at."""
    worth = [(at, stride) for at, (_, stride) in zip(_breaks(counted), counted, strict=True)]
    strides = []
    for cut in breaks:
        at, stride = max(((at, stride) for at, stride in worth if at <= cut), default=(1, 0))
        strides.append(stride * cut // at)
    return tuple(strides) if length > 1 else ()


def unify(indices: Sequence[NDArray[np.intp]]) -> Grid:
    """Views of index arrays of one shape, the first ones first: they decide where axes are split."""
    shape = indices[0].shape
    cuts: list[set[int]] = [{1} if length > 1 else set() for length in shape]
    found: list[list[Digits] | None] = []
    for index in indices:
        read = affine(index)
        if read is not None:
            wider = [cut | set(_breaks(counted)) for cut, counted in zip(cuts, read, strict=True)]
            if all(_chain(cut) for cut in wider):
                cuts = wider
            else:
                read = None
        found.append(read)
    breaks = [sorted(cut, reverse=True) for cut in cuts]
    sizes = tuple(
        tuple(outer // inner for outer, inner in zip([length, *cut], cut, strict=False))
        for length, cut in zip(shape, breaks, strict=True)
    )
    strides = [
        None if read is None else tuple(map(_split, read, breaks, shape)) for read in found
    ]
    return Grid(sizes, strides)


def _chain(cuts: set[int]) -> bool:
    ordered = sorted(cuts)
    return all(larger % smaller == 0 for smaller, larger in zip(ordered, ordered[1:], strict=False))


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


def positions(sizes: Sequence[int], strides: Sequence[int]) -> NDArray[np.intp]:
    """The slots of a view, from its first."""
    index: NDArray[np.intp] = np.zeros((1,) * len(sizes), np.intp)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        index = index + (np.arange(size) * stride).reshape([-1 if axis == i else 1 for i in range(len(sizes))])
    return index


def injective(sizes: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether no slot stands in a view twice."""
    reach = 0
    for stride, size in sorted((abs(stride), size) for stride, size in zip(strides, sizes, strict=True)):
        if stride <= reach and size > 1:
            index = positions(sizes, strides)
            return len(np.unique(index)) == index.size
        reach += stride * (size - 1)
    return True


def strided(array: NDArray[np.float64], start: int, sizes: Sequence[int], strides: Sequence[int]) -> NDArray[np.float64]:
    """The view of an array, along its first axis, which counts slots from a start; other axes stay."""
    step, *others = array.strides
    return np.lib.stride_tricks.as_strided(
        array[start:], (*sizes, *array.shape[1:]), (*(step * stride for stride in strides), *others)
    )
