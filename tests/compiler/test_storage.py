"""Views as text: whatever the text is, it is a view of the right numbers."""

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from autograd.compiler.storage import Array, Lane, View, shaped, written
from autograd.compiler.views import strided

N = 3
"""Lanes."""
SHAPES = [(24,), (4, 6), (6, 4), (2, 3, 4), (1, 24), (24, 1), (2, 2, 2, 3)]


def array_of(shape: tuple[int, ...], *, lanes: bool) -> Array:
    return Array("v", 0, int(np.prod(shape)), "v1", lanes, shape)


def memory_of(array: Array) -> Any:
    shape = (*array.shape, *[N] * array.lanes)
    return np.arange(float(np.prod(shape))).reshape(shape)


def random_view(rng: Random, array: Array, lane: Lane) -> View:
    """A view whose slots all lie in the array."""
    while True:
        dimensions = rng.randrange(0 if lane == "own" else 1, 4)
        sizes = tuple(rng.choice([1, 2, 2, 3, 4]) for _ in range(dimensions))
        strides = [rng.choice([1, 2, 3, 4, 6, 8, 12, -1, -2, -4]) for _ in range(dimensions)]
        if lane == "merged":
            strides[-1] = 1
        reach = [stride * (size - 1) for stride, size in zip(strides, sizes, strict=True)]
        low, high = sum(x for x in reach if x < 0), sum(x for x in reach if x > 0)
        if high - low < array.size:
            start = rng.randrange(-low, array.size - high)
            return View(array, (start,), sizes, tuple(strides), lane)


def wanted(view: View, memory: Any) -> Any:
    """The numbers, slot by slot."""
    flat = memory.reshape(view.array.size, -1)
    found = np.empty((*view.sizes, flat.shape[1]))
    for at in product(*map(range, view.sizes)):
        found[at] = flat[view.starts[0] + sum(i * stride for i, stride in zip(at, view.strides, strict=True))]
    if view.lane == "merged":
        return found.reshape(*view.sizes[:-1], -1)
    return found if view.array.lanes or view.lane == "one" else found[..., 0]


def check(view: View) -> None:
    memory = memory_of(view.array)
    text = written(view)
    found = eval(text, {"v1": memory, "n": N, "strided": strided})
    expected = wanted(view, memory)
    if view.turned:
        expected = np.swapaxes(expected, -1, -2)
    assert found.shape == expected.shape, text
    assert np.array_equal(found, expected), text
    assert np.shares_memory(found, memory), text


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("lanes", "lane"), [(True, "own"), (True, "merged"), (False, "own"), (False, "one")])
def test_the_text_of_a_view_is_the_view(shape: tuple[int, ...], lanes: bool, lane: Lane) -> None:
    rng, array = Random(1), array_of(shape, lanes=lanes)
    for _ in range(60):
        view = random_view(rng, array, lane)
        check(view)
        if lanes and lane == "own" and view.sizes:
            check(view._replace(turned=True))


@pytest.mark.parametrize("lanes", [True, False])
def test_one_number_is_repeated(lanes: bool) -> None:
    for shape in ((), (1,)):
        array = Array("v", 0, 1, "v1", lanes, shape)
        for sizes in ((), (1,), (3,), (2, 3), (1, 3)):
            check(View(array, (0,), sizes, (0,) * len(sizes)))


def test_the_shape_of_an_array_suits_its_views() -> None:
    rng = Random(2)
    for lanes in (True, False):
        for _ in range(60):
            array = array_of((24,), lanes=lanes)
            array.used = [random_view(rng, array, "own") for _ in range(3)]
            shaped(array)
            assert np.prod(array.shape) == 24
            for view in array.used:
                check(view)


@pytest.mark.parametrize("axes", [2, 3, 4, 5])
def test_an_array_has_four_axes_at_most(axes: int) -> None:
    array = Array("v", 0, 2**axes, "v1", True, (2**axes,))
    array.used = [View(array, (0,), (2,) * axes, tuple(2**i for i in range(axes)))]
    shaped(array)
    assert array.shape == ((2,) * axes if axes < 5 else (2**axes,))
    single = Array("v", 0, 1, "v1", True, (1,))
    single.used = [View(single, (0,), (1,), (1,))]
    shaped(single)
    assert single.shape == (1,)


@pytest.mark.parametrize(
    ("start", "sizes", "strides", "text"),
    [
        (0, (4, 6), (6, 1), "v1"),
        (6, (6,), (1,), "v1[1]"),
        (6, (3, 6), (6, 1), "v1[1:]"),
        (0, (3, 6), (6, 1), "v1[:3]"),
        (7, (2, 3), (12, 2), "v1[1::2, 1::2]"),
        (3, (4,), (6,), "v1[:, 3]"),
        (23, (6,), (-1,), "v1[3, ::-1]"),
        (16, (3,), (-2,), "v1[2, 4::-2]"),
        (4, (2, 6), (1, 0), "strided(v1.reshape(-1, n), 4, (2, 6), (1, 0))"),
        (0, (6, 4), (1, 6), "v1.transpose(1, 0, 2)"),
        (0, (4, 1, 6), (6, 9, 1), "v1[:, None]"),
        (0, (24,), (1,), "v1.reshape(24, n)"),
        (5, (4,), (1,), "v1.reshape(-1, n)[5:9]"),
        (0, (12,), (2,), "v1.reshape(12, 2, n)[:, 0]"),
        (2, (5,), (4,), "v1.reshape(6, 4, n)[:5, 2]"),
        (5, (5,), (4,), "v1.reshape(6, 4, n)[1:, 1]"),
        (2, (2, 4), (8, 2), "v1.reshape(-1, n)[2:18].reshape(2, 4, 2, n)[:, :, 0]"),
        (0, (1, 4), (5, 2), "v1.reshape(12, 2, n)[None, :4, 0]"),
        (2, (2, 2), (7, 3), "strided(v1.reshape(-1, n), 2, (2, 2), (7, 3))"),
    ],
)
def test_a_view_is_written_as_people_write_it(start: int, sizes: Any, strides: Any, text: str) -> None:
    view = View(array_of((4, 6), lanes=True), (start,), sizes, strides)
    assert written(view) == text
    check(view)
