"""Rows of factors seen as matrix products: which rows meet which.

Σ_t left·right for every pair of some left rows with some right rows is a matrix product. The rows are the nodes of a
graph with two sides, and each of its connected components that is full, or nearly, is one grid of F × P results.
That is what finds shared weights, attention heads and the patches of a convolution.
"""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FULL: Final = 0.4
"""A grid of which less is wanted is no matrix product: too much of it would be worked out in vain."""
HOLE: Final = -1


class Grids(NamedTuple):
    """The matrix products of one shape."""

    cells: NDArray[np.intp]
    """[c, f, p]: the number of the result, or HOLE where none is wanted."""
    left: NDArray[np.intp]
    """[c, f, t]: the factors."""
    right: NDArray[np.intp]
    """[c, p, t]"""


def grids(left: NDArray[np.intp], right: NDArray[np.intp], full: float = FULL) -> tuple[int, list[Grids]] | None:
    """The products that give Σ_t left[k, t]·right[k, t] for all k, and how many different rows they have.

    None if some component isn't full enough, or wants one product twice.
    """
    a, first_a = _numbered(left)
    b, first_b = _numbered(right)
    component = _components(a, b, len(first_a), len(first_b))
    cells: dict[tuple[int, int], list[tuple[NDArray[np.intp], ...]]] = defaultdict(list)
    results = np.argsort(component[a], kind="stable")
    for members in np.split(results, np.flatnonzero(np.diff(component[a][results])) + 1):
        rows, at_row = _in_order(a[members], left[first_a][:, 0])
        columns, at_column = _in_order(b[members], right[first_b][:, 0])
        grid = np.full((len(rows), len(columns)), HOLE)
        grid[at_row, at_column] = members
        if len(members) < full * grid.size or (grid != HOLE).sum() != len(members):
            return None
        cells[grid.shape].append((grid, left[first_a[rows]], right[first_b[columns]]))
    found = []
    for same in cells.values():
        same.sort(key=lambda one: (int(one[1].flat[0]), int(one[2].flat[0])))
        found.append(Grids(*(np.stack(parts) for parts in zip(*same, strict=True))))
    return len(first_a) + len(first_b), found


def _numbered(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each row the number of its kind, and for each kind its first row."""
    known: dict[bytes, int] = {}
    first: list[int] = []
    number = np.empty(len(rows), np.intp)
    for k, row in enumerate(np.ascontiguousarray(rows)):
        key = row.tobytes()
        if key not in known:
            known[key] = len(first)
            first.append(k)
        number[k] = known[key]
    return number, np.array(first, np.intp)


def _components(a: NDArray[np.intp], b: NDArray[np.intp], of_a: int, of_b: int) -> NDArray[np.intp]:
    """For each left row the least left row that it is connected to."""
    label = np.arange(of_a)
    if of_a * of_b == len(a):
        return np.zeros(of_a, np.intp)
    while True:
        other = np.full(of_b, of_a)
        np.minimum.at(other, b, label[a])
        least = label.copy()
        np.minimum.at(least, a, other[b])
        least = least[least]
        if (least == label).all():
            return label
        label = least


def _in_order(numbers: NDArray[np.intp], first_slot: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The kinds of rows by their first slots, and where each of the numbers stands among them."""
    kinds, at = np.unique(numbers, return_inverse=True)
    order = np.argsort(first_slot[kinds], kind="stable")
    place = np.empty(len(kinds), np.intp)
    place[order] = np.arange(len(kinds))
    return kinds[order], place[at]
