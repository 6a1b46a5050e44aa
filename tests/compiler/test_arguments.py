"""The arrays that a program is called with: those that fit, and the likely cause of each that doesn't."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.compiler.arguments import batch, narrowed, numbers, one_hot
from autograd.compiler.leaves import Argument

Shapes = Sequence[tuple[int, ...]]


def arguments(shapes: Shapes) -> list[Argument]:
    return [Argument("xyz"[i], shape, []) for i, shape in enumerate(shapes)]


@pytest.mark.parametrize(
    ("shapes", "given", "sizes", "single"),
    [
        ([()], [3.0], [(1,)], True),
        ([()], [[3.0]], [(1,)], False),
        ([(), (2,)], [[1, 2, 3], np.ones((3, 2))], [(3,), (3, 2)], False),
        ([(), (2,)], [1, [1, 2]], [(1,), (1, 2)], True),
        ([(2, 3)], [np.ones((2, 3))], [(1, 2, 3)], True),
        ([(2, 3)], [np.ones((1, 2, 3))], [(1, 2, 3)], False),
    ],
)
def test_arrays_that_fit(shapes: Shapes, given: Any, sizes: Shapes, single: bool) -> None:
    arrays, one = batch(given, arguments(shapes))
    assert ([array.shape for array in arrays], one) == (sizes, single)
    assert [array.ravel().tolist() for array in arrays] == [np.ravel(thing).tolist() for thing in given]


OF_X = "input x of shape (N, 3) for N examples, or (3,) for one, and this array has the shape "


@pytest.mark.parametrize(
    ("shapes", "given", "text"),
    [
        ([(3,)], [np.ones((4, 2))], OF_X + "(4, 2)"),
        ([(3,)], [np.ones((3, 4))], OF_X + "(3, 4); its transpose fits"),
        ([(3,)], [np.ones((2, 4, 3))], OF_X + "(2, 4, 3)"),
        ([(3,)], [1.0], OF_X + "()"),
        ([(2, 3)], [np.ones((3, 2, 5))], "this array has the shape (3, 2, 5); its transpose fits"),
        ([(2, 3)], [np.ones((2, 3, 5))], "this array has the shape (2, 3, 5)"),
        ([()], [np.ones((2, 2))], "input x of shape (N,) for N examples, or a number for one, and this array has the"),
        ([(), ()], [[1.0, 2.0], 3.0], "and this array has the shape (); the other inputs are batches"),
        ([(), ()], [3.0, [1.0, 2.0]], "and this array has the shape (2,); the other inputs are of one example"),
        ([(2,), (2,)], [[1.0, 2.0], np.ones((3, 2))], "the shape (3, 2); the other inputs are of one example"),
        ([(2,), (2,)], [np.ones((3, 2)), [1.0, 2.0]], "the shape (2,); the other inputs are batches"),
        # Class numbers in the place of rows of probabilities.
        ([(3,)], [[0, 2, 1, 0]], "(4,); of class numbers, np.eye(3)[classes] makes rows of probabilities"),
        ([(3,)], [[0.0, 2.0, 1.0, 0.0]], "(4,); of class numbers, np.eye(3)[classes]"),
        ([(3,)], [[[0], [2], [1], [0]]], "(4, 1); of class numbers, np.eye(3)[classes]"),
        ([(3,)], [[[0.0], [2.0]]], OF_X + "(2, 1)"),
        ([(3,)], [[0.5, 2.0, 1.0, 0.0]], OF_X + "(4,)"),
        ([(3,)], [[[0, 1], [2, 0]]], OF_X + "(2, 2)"),
        ([(1,)], [[0, 1, 0]], "or (1,) for one, and this array has the shape (3,)"),
        ([(2,)], [[0, 1, 0]], "(3,); of class numbers, np.eye(2)[classes]"),
        ([(2, 2)], [[0, 1, 0]], "or (2, 2) for one, and this array has the shape (3,)"),
        # Numbers of examples.
        ([(), ()], [np.ones(1200), np.ones(3)], "the inputs have different numbers of examples: x has 1,200, y has 3"),
        ([(), ()], [[], []], "the batch has no examples, and no loss is defined for it; give at least one"),
        ([(), ()], [[], [1.0]], "the inputs have different numbers of examples: x has 0, y has 1"),
    ],
)
def test_shapes_that_do_not_fit(shapes: Shapes, given: Any, text: str) -> None:
    whole = re.escape(text) + ("" if text.endswith(("[classes]", "has the")) else "$")
    with pytest.raises(ValueError, match=whole):
        batch(given, arguments(shapes))


@pytest.mark.parametrize(
    ("shapes", "given", "text"),
    [
        ([()], [], "the program takes 1 array, x of shape (N,), not 0 arrays; x is missing"),
        (
            [(), (2,), ()],
            [1.0],
            "3 arrays, x of shape (N,), y of shape (N, 2), z of shape (N,), not 1 array; y is missing",
        ),
        ([(), ()], [(1.0, 2.0)], "not 1 array; pass them one by one, as program.value_and_grad(*arrays)"),
        ([(), ()], [[1.0, 2.0]], "not 1 array; y is missing"),
        ([(), ()], [(1.0, 2.0, 3.0)], "not 1 array; y is missing"),
        ([(), (), ()], [(1.0, 2.0, 3.0), 2.0], "not 2 arrays; z is missing"),
        ([()], [1.0, 2.0], "not 2 arrays; compile makes several inputs of a tuple, as inputs=(x, y)"),
        ([(), ()], [1.0, 2.0, 3.0], "takes 2 arrays, x of shape (N,), y of shape (N,), not 3 arrays"),
    ],
)
def test_other_numbers_of_arrays(shapes: Shapes, given: Any, text: str) -> None:
    with pytest.raises(TypeError, match=re.escape(text) + "$"):
        batch(given, arguments(shapes))


@pytest.mark.parametrize(
    ("thing", "kind", "text"),
    [
        (
            [[1.0], [1.0, 2.0]],
            ValueError,
            "here: this list makes no array: its rows have 1 and 2 numbers; make them equally long",
        ),
        ([1.0, [2.0]], ValueError, "here: this list makes no array: setting an array element with a sequence"),
        ("ab", TypeError, "here takes real numbers, not str; turn text into numbers, such as one-hot rows"),
        (["a"], TypeError, "here takes real numbers, not list of <U1; turn text into numbers"),
        (1j, TypeError, "here takes real numbers, not complex; give .real and .imag as two inputs"),
        ([None], TypeError, "here takes real numbers, not list of object; pass an array of floats"),
        (Value(1.0), TypeError, "here takes real numbers, not Values; give their data"),
        ([Value(1.0), 2.0], TypeError, "here takes real numbers, not Values; give their data"),
        ([2.0, Value(1.0)], TypeError, "here takes real numbers, not list of object; pass an array of floats"),
        (np.array([], object), TypeError, "here takes real numbers, not ndarray of object; pass an array of floats"),
        (np.timedelta64(3, "D"), TypeError, "divide by a unit such as np.timedelta64(1, 'D')"),
        (
            np.ma.masked_equal([1.0, 2.0], 2.0),
            ValueError,
            "here: a masked array has no numbers at some places; fill them",
        ),
    ],
)
def test_what_is_no_array_of_real_numbers(thing: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        numbers(thing, "here")


def test_numbers_of_every_real_kind() -> None:
    for thing in (True, 3, np.uint8(3), np.float16(0.5), [1, 2.5], np.ma.masked_equal([1.0, 2.0], 7.0), range(3)):
        assert numbers(thing, "here").tolist() == np.asarray(thing).tolist()


def test_numbers_that_are_too_large_for_a_dtype() -> None:
    greatest = float(np.finfo(np.float32).max)
    wide = np.array([greatest, -greatest, np.inf, -np.inf, np.nan, 1e-300])
    found = narrowed(wide, "here", np.dtype(np.float32))
    assert found.dtype == np.float32
    assert found[:2].tolist() == [greatest, -greatest]
    assert narrowed(wide, "here", np.dtype(np.float64)) is wide
    narrow = wide.astype("f4")
    assert narrowed(narrow, "here", np.dtype(np.float64)) is narrow
    with pytest.raises(ValueError, match=re.escape("here: 1e+39 is too large")):
        narrowed(np.array([greatest, 1e39, 1e40]), "here", np.dtype(np.float32))
    for large in (1e39, -1e39, 2.0**128):
        with pytest.raises(
            ValueError, match=re.escape(f"here: {large:g} is too large for float32; scale it, or use dtype")
        ):
            narrowed(np.array([np.inf, 1.0, large]), "here", np.dtype(np.float32))


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_one_hot_takes_the_first_and_the_last_class(classes: int) -> None:
    assert one_hot(range(classes), classes).tolist() == np.eye(classes).tolist()
    for wrong in (-1, classes):
        with pytest.raises(
            ValueError, match=f"is a class from 0 to {classes - 1}, or a list of probabilities, not {wrong}$"
        ):
            one_hot([0, wrong, 99], classes)
    with pytest.raises(TypeError, match=f"one_hot takes classes as ints from 0 to {classes - 1}, not float64"):
        one_hot([0.0], classes)


def test_one_hot_needs_a_class() -> None:
    with pytest.raises(ValueError, match="the number of classes is a whole number from 1, not 0"):
        one_hot([0], 0)
    assert one_hot(np.zeros((0, 2), int), 3).shape == (0, 2, 3)
    assert one_hot(2, 3).tolist() == [0.0, 0.0, 1.0]
