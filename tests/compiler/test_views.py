"""Index arrays as strided views, compared with the slots that they are made of."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.views import LABELS, LIST, affine, dense, injective, merged, positions, strided, unify, view_of

axes = st.lists(st.tuples(st.integers(1, 4), st.integers(-6, 12)), max_size=4)
"""Sizes with strides."""


def brute(sizes: Sequence[int], strides: Sequence[int]) -> Any:
    """The slots of a view, one by one."""
    found = [sum(i * step for i, step in zip(at, strides, strict=True)) for at in np.ndindex(*sizes)]
    return np.array(found, np.intp).reshape(sizes)


@given(axes)
def test_positions_and_merged_axes_are_the_same_slots(given: list[tuple[int, int]]) -> None:
    sizes, strides = [n for n, _ in given], [step for _, step in given]
    slots = brute(sizes, strides)
    assert np.array_equal(positions(sizes, strides), slots)
    assert injective(sizes, strides) == (len(np.unique(slots)) == slots.size)
    fewer, (steps,) = merged(sizes, [strides])
    assert brute(fewer, steps).ravel().tolist() == slots.ravel().tolist()
    assert 1 not in fewer
    assert not any(outer == inner * n for outer, inner, n in zip(steps, steps[1:], fewer[1:], strict=False))


@given(st.lists(st.integers(1, 4), max_size=4))
def test_dense_arrays_have_no_gaps(sizes: list[int]) -> None:
    assert np.array_equal(brute(sizes, dense(sizes)).ravel(), np.arange(prod(sizes)))


def test_axes_are_merged_where_all_rows_allow_it() -> None:
    assert merged([2, 3, 4], [(12, 4, 1), (0, 0, 0)]) == ((24,), [(1,), (0,)])
    assert merged([2, 3, 4], [(12, 4, 1), (0, 8, 2)]) == ((2, 12), [(12, 1), (0, 2)])
    assert merged([1, 3, 1], [(7, 2, 9)]) == ((3,), [(2,)])
    assert merged([1, 1], [(7, 2)]) == ((), [()])


@given(axes, st.integers(0, 3))
def test_an_index_array_of_strides_is_a_view(given: list[tuple[int, int]], start: int) -> None:
    sizes, strides = [n for n, _ in given], [step for _, step in given]
    index = brute(sizes, strides)
    index += start - index.min()
    array = np.arange(3.0 * (index.max() + 1)).reshape(-1, 3)
    view = view_of(array, index)
    assert view is not None
    assert np.array_equal(view, array[index])
    assert np.shares_memory(view, array)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.sampled_from([(-1,), (-1, 2), (2, -1), (-1, 1)]))
def test_other_index_arrays_are_none(slots: list[int], shape: tuple[int, ...]) -> None:
    index = np.resize(np.array(slots), max(2, len(slots) // 2 * 2)).reshape(shape)
    lines = [np.unique(np.diff(index, axis=axis)) for axis in range(index.ndim)]
    view = view_of(np.arange(10), index)
    assert (view is not None) == all(len(steps) <= 1 for steps in lines)
    if view is not None:
        assert np.array_equal(view, index)


def test_nothing_is_no_view() -> None:
    assert view_of(np.arange(3), np.zeros((0, 2), int)) is None
    assert affine(np.zeros((0, 2), int)) is None


def test_lanes_are_merged_with_the_last_axis() -> None:
    array = np.arange(24.0).reshape(6, 4)
    view = strided(array, 1, (2, 2), (3, 1), merge=True)
    assert view.tolist() == [array[[1, 2]].ravel().tolist(), array[[4, 5]].ravel().tolist()]
    assert strided(array, 1, (2, 2), (3, 1)).tolist() == array[[[1, 2], [4, 5]]].tolist()
    longer = np.arange(80.0).reshape(20, 4)
    view = strided(longer, 2, (2, 3, 2), (7, 2, 1), merge=True)
    slots = 2 + brute((2, 3, 2), (7, 2, 1))
    assert view.tolist() == longer[slots].reshape(2, 3, 8).tolist()
    turned = np.asfortranarray(array)
    assert strided(turned, 0, (3,), (2,)).tolist() == array[::2].tolist()


# ── several arrays on one grid ──


def slots_of(grid: Any, which: int, index: Any, labels: str) -> Any:
    """The slots of an index array as its strides on a grid give them, in the shape of the array."""
    own = [axis for label in labels for axis, of in enumerate(grid.labels) if of == label]
    others = [axis for axis in range(len(grid.sizes)) if axis not in own]
    assert not any(grid.strides[which][axis] for axis in others)
    steps, sizes = ([row[axis] for axis in own] for row in (grid.strides[which], grid.sizes))
    return index.flat[0] + brute(sizes, steps).reshape(index.shape)


@st.composite
def mixed(draw: Any, length: int) -> list[int]:
    """How far each place of an axis of a length leads: one stride, or two where the axis is two."""
    inner = draw(st.sampled_from([n for n in range(1, length + 1) if length % n == 0]))
    outer_step, step = draw(st.integers(0, 9)), draw(st.integers(0, 5))
    return [outer_step * (k // inner) + step * (k % inner) for k in range(length)]


@given(st.data())
def test_several_index_arrays_on_one_grid(data: st.DataObject) -> None:
    lengths = {label: data.draw(st.sampled_from([1, 2, 3, 4, 6, 12])) for label in "fpt"}
    labels = ["fp", "ft", "pt"][: data.draw(st.integers(1, 3))]
    indices = []
    for pair in labels:
        rows, columns = (np.array(data.draw(mixed(lengths[label]))) for label in pair)
        indices.append(data.draw(st.integers(0, 5)) + np.add.outer(rows, columns))
    grid = unify(indices, labels)
    for label in {*"".join(labels)}:
        axes = [n for n, of in zip(grid.sizes, grid.labels, strict=True) if of == label]
        assert prod(axes) == lengths[label]
        assert 1 not in axes
    assert list(grid.labels) == sorted(grid.labels)
    assert grid.strides[0] is not None  # One array alone splits its axes as it needs.
    for which, (index, own) in enumerate(zip(indices, labels, strict=True)):
        if grid.strides[which] is not None:
            assert np.array_equal(slots_of(grid, which, index, own), index)
    # No two axes of a label could be one.
    kept = [row for row in grid.strides if row is not None]
    for k in range(len(grid.sizes) - 1):
        if grid.labels[k] == grid.labels[k + 1]:
            assert any(row[k] != row[k + 1] * grid.sizes[k + 1] for row in kept)


def test_axes_are_split_where_any_array_needs_it() -> None:
    turned = np.arange(6).reshape(2, 3).T.ravel()
    grid = unify([np.arange(6), turned], ["f", "f"])
    assert grid.dense("f") == (2, 1)
    assert grid == ("ff", (3, 2), [(2, 1), (1, 3)])
    # The first array decides: three parts of one don't meet two of the other.
    assert unify([np.array([0, 1, 10, 11, 20, 21]), np.array([0, 1, 2, 10, 11, 12])], ["f", "f"]) == (
        "ff",
        (3, 2),
        [(10, 1), None],
    )


def test_index_arrays_that_are_no_sum_of_their_lines() -> None:
    square = np.array([[0, 1], [2, 4]])
    assert affine(square) is None
    grid = unify([np.array([0, 5]), square, np.array([3, 3])], ["f", "fp", "p"])
    assert grid == ("fp", (2, 2), [(5, 0), None, (0, 0)])
    assert affine(np.array([0, 1, 2, 4])) is None
    assert affine(np.array([0, 1, 2, 3])) == (1,)
    assert affine(np.array([0, 1, 5, 6, 7, 8, 12, 13])) == (7, 5, 1)
    assert affine(np.array([0, 1, 5, 6, 7, 9, 12, 13])) is None


def test_lists_are_one_axis_that_is_never_split() -> None:
    rows = np.array([[0, 1, 5, 6], [10, 11, 15, 16]])
    assert unify([rows], ["f" + LIST]).strides == [None]
    assert unify([rows], ["fp"]).strides == [(10, 5, 1)]
    assert unify([rows[:, :2]], ["f" + LIST]) == (LIST + "f", (2, 2), [(1, 10)])
    # A list of one keeps its axis; any other axis of one place has none.
    assert unify([rows[:, :1]], ["f" + LIST]) == (LIST + "f", (1, 2), [(0, 10)])
    assert unify([rows[:1, :2]], ["f" + LIST]) == (LIST, (2,), [(1,)])


def test_a_dense_array_of_some_axes() -> None:
    grid = unify([np.arange(24).reshape(2, 3, 4)], ["abc"])
    assert [grid.dense(labels) for labels in ("abc", "ac", "")] == [(12, 4, 1), (4, 0, 1), (0, 0, 0)]
    assert grid == ("abc", (2, 3, 4), [(12, 4, 1)])


@pytest.mark.parametrize("dimensions", range(1, 6))
def test_strides_of_whole_arrays(dimensions: int) -> None:
    sizes = (2, 3, 2, 4, 2)[:dimensions]
    index = np.arange(prod(sizes)).reshape(sizes)
    assert affine(index) == dense(sizes)
    assert unify([index], [LABELS[:dimensions]]).sizes == sizes
