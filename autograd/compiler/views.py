"""Index arrays seen as views: which strides give the same slots, for several arrays on one grid.

>>> import numpy as np
>>> grid = unify([np.array([[0, 2, 4], [1, 3, 5]]), np.array([[7, 7, 7], [8, 8, 8]])], ["fp", "fp"])
>>> grid.sizes, grid.strides
({'f': (2,), 'p': (3,)}, [{'f': (1,), 'p': (2,)}, {'f': (1,), 'p': (0,)}])

An axis of an index array may be several axes of the view: slots ordered (feature, position) and read position by
position have two strides along one axis. `unify` splits the axes of several index arrays alike.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Digits: TypeAlias = list[tuple[int, int]]
"""Sizes and strides, from the outermost: the digits of a number of mixed radix, and the worth of each."""
Axes: TypeAlias = dict[str, tuple[int, ...]]
"""For each axis of an index array, by its label, the sizes or strides of the axes that it splits into."""


class Grid(NamedTuple):
    """The axes that several index arrays are read along."""

    sizes: Axes
    strides: list[Axes | None]
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


def _split(counted: Digits, breaks: Sequence[int]) -> tuple[int, ...]:
    """The strides of an axis that is cut at more positions than it carries at."""
    worth = [(at, stride) for at, (_, stride) in zip(_breaks(counted), counted, strict=True)]
    strides = []
    for cut in breaks:
        at, stride = max(((at, stride) for at, stride in worth if at <= cut), default=(1, 0))
        strides.append(stride * cut // at)
    return tuple(strides)


def unify(indices: Sequence[NDArray[np.intp]], labels: Sequence[str]) -> Grid:
    """Views of index arrays whose axes have these labels, the first ones first: they decide where axes are split."""
    lengths = {
        label: length
        for index, axes in zip(indices, labels, strict=True)
        for label, length in zip(axes, index.shape, strict=True)
    }
    cuts: dict[str, set[int]] = {label: {1} if length > 1 else set() for label, length in lengths.items()}
    found: list[list[Digits] | None] = []
    for index, axes in zip(indices, labels, strict=True):
        read = affine(index)
        if read is not None:
            wider = {label: cuts[label] | set(_breaks(counted)) for label, counted in zip(axes, read, strict=True)}
            read = read if all(map(_chain, wider.values())) else None
            cuts |= wider if read is not None else {}
        found.append(read)
    breaks = {label: sorted(cut, reverse=True) for label, cut in cuts.items()}
    sizes = {
        label: tuple(outer // inner for outer, inner in zip([lengths[label], *cut], cut, strict=False))
        for label, cut in breaks.items()
    }
    strides = [
        None
        if read is None
        else {label: _split(counted, breaks[label]) for label, counted in zip(axes, read, strict=True)}
        for read, axes in zip(found, labels, strict=True)
    ]
    return Grid(sizes, strides)


def _chain(cuts: set[int]) -> bool:
    ordered = sorted(cuts)
    return all(larger % smaller == 0 for smaller, larger in pairwise(ordered))


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
