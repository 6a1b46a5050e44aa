"""Leaves for inputs: their labels and numbers, the shape of a nesting, and names for the inputs of a program."""

import re
import sys
from typing import Any

import pytest

from autograd import Value
from autograd.compiler.leaves import Argument, argument, flattened, inputs, nested, refuse_results, renamed, shape_text


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


def labels(nest: Any) -> Any:
    return nest.label if isinstance(nest, Value) else [labels(part) for part in nest]


def test_labels_are_the_places() -> None:
    assert labels(inputs()) == "x"
    assert labels(inputs(2, name="t")) == ["t0", "t1"]
    assert labels(inputs(2, 1, 2)) == [[["x0_0_0", "x0_0_1"]], [["x1_0_0", "x1_0_1"]]]
    assert [v.data for v in nested("a", (3,), iter([1.0, 2.0, 4.0]))] == [1.0, 2.0, 4.0]


def test_data_of_inputs_are_probabilities_of_a_middling_size() -> None:
    data = [v.data for v in inputs(500)]
    assert len({*data}) == 500
    assert 0.25 <= min(data) < 0.26
    assert 0.74 < max(data) <= 0.75


@pytest.mark.parametrize(
    ("shape", "options", "shown"),
    [
        (([2],), {}, "[2]"),
        (((2,),), {}, "(2,)"),
        (("y",), {}, "'y'"),
        ((2,), {"name": 3}, "3"),
        ((2, "y", "z"), {}, "'y'"),
    ],
)
def test_inputs_takes_sizes_and_a_name(shape: Any, options: Any, shown: str) -> None:
    with refused(TypeError, f"inputs takes sizes one by one and a name, as inputs(2, 3, name='x'), not {shown}"):
        inputs(*shape, **options)


def test_the_shape_of_a_nesting() -> None:
    a, b, c, d = (Value(float(i)) for i in range(4))
    for nest, values, shape in (
        (a, [a], ()),
        ([a, b], [a, b], (2,)),
        ((a, b), [a, b], (2,)),
        ([[a, b], (c, d)], [a, b, c, d], (2, 2)),
        ([[[a]], [[b]], [[c]]], [a, b, c], (3, 1, 1)),
    ):
        found, size = flattened(nest, "here")
        assert (found, size) == (values, shape)


@pytest.mark.parametrize(
    ("nest", "kind", "text"),
    [
        ([], ValueError, "compile: here is an empty list; give it at least one Value"),
        ([[], []], ValueError, "compile: here is an empty list"),
        (3.0, TypeError, "compile: here is a Value or nested lists of them, not float 3.0"),
        ([Value(1.0), 3.0], TypeError, "compile: here is a Value or nested lists of them, not float 3.0"),
        ({"a": 1}, TypeError, "compile: here is a Value or nested lists of them, not dict"),
        (
            [[Value(1.0)], [Value(1.0), Value(2.0)], Value(3.0)],
            ValueError,
            "compile: here is a list of parts of different shapes, (), (1,), (2,); several arrays go in a tuple",
        ),
    ],
)
def test_what_is_no_nesting_of_values(nest: Any, kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        flattened(nest, "here")


def test_a_nesting_that_is_too_deep() -> None:
    nest: Any = Value(1.0)
    for _ in range(2 * sys.getrecursionlimit()):
        nest = [nest]
    with refused(RecursionError, "compile: here is nested too deep, or a part of it is inside itself") as caught:
        argument(nest, "here")
    assert caught.value.__suppress_context__
    with refused(TypeError, "not float 3.0; inputs(…) makes them, and the program takes the numbers") as wrong:
        argument(3.0, "here")
    assert wrong.value.__suppress_context__


@pytest.mark.parametrize(
    ("shape", "first", "name"),
    [
        ((), "x", "x"),
        ((), "x12", "x12"),  # The label of a single Value is its name.
        ((), "", ""),
        ((2,), "x0", "x"),
        ((2,), "x10", "x1"),  # The name was x1.
        ((2,), "a3", "a"),  # A part of another list.
        ((2,), "b1_2", "b"),
        ((2,), "c[1.", "c["),
        ((2, 2), "x0_0", "x"),
        ((2, 2), "x1_0_0", "x1_"),
        ((2, 2), "w0", "w"),
        ((2, 1, 1), "v2_0_0_0", "v2_"),
    ],
)
def test_the_name_of_an_input_is_what_its_labels_share(shape: tuple[int, ...], first: str, name: str) -> None:
    nest: Any = nested("y", shape, iter([0.5] * 9))
    leaf = nest
    while not isinstance(leaf, Value):
        leaf = leaf[0]
    leaf.label = first
    assert argument(nest, "here")[:2] == (name, shape)


def test_results_and_numbers_are_no_leaves() -> None:
    x = Value(2.0, label="x")
    y = x * 3.0
    refuse_results([x], "an input")
    with refused(
        ValueError, "compile: an input is a leaf, and Value(data=6.0) in a is the result of multiply; give the"
    ):
        refuse_results([x, y], "an input", " in a")
    with refused(
        ValueError, "compile: a parameter is a leaf, and Value(data=3.0) is a plain number beside an operator;"
    ):
        refuse_results([y.operands[1]], "a parameter")


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a"], ["x0", "x1"]),
        (["a", ""], ["x0", "x1"]),
        (["a b"], ["x"]),
        (["a"], ["a"]),
        (["2", "b", "c"], ["x0", "x1", "x2"]),
    ],
)
def test_each_input_has_a_name_of_its_own(names: list[str], wanted: list[str]) -> None:
    given = [Argument(name, (k,), []) for k, name in enumerate(names)]
    assert renamed(given) == [Argument(name, (k,), []) for k, name in enumerate(wanted)]


def test_shapes_as_python_writes_them() -> None:
    assert [shape_text(shape) for shape in ((), ("N",), ("N", 3), (2, 3, 4))] == ["()", "(N,)", "(N, 3)", "(2, 3, 4)"]
    assert [str(Argument("t", shape, [])) for shape in ((), (2,))] == ["t of shape (N,)", "t of shape (N, 2)"]
