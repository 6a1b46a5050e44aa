"""The training of a program: which rows a batch has, and the data that it takes and refuses."""

import re
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, optim, total
from autograd.compiler.program import Program
from autograd.compiler.training import Training

X = [1.0, 2.0, 4.0, 8.0]
Y = [0.5, 0.25, 1.0, -2.0]
"""The means of one, two and four of them are exact."""


def line(**options: Any) -> Program:
    """w·x·y with w = 3: the loss is 3·mean(x·y), the gradient mean(x·y), the output 3·x."""
    w, x, y = Value(3.0, label="w"), autograd.inputs(name="x"), autograd.inputs(name="y")
    return autograd.compile(w * x * y, (x, y), parameters=[w], outputs=w * x, **options)


def training(program: Program, *columns: Any) -> Training:
    return Training(program, columns, optim.SGD(program, lr=0.5))


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


def test_a_batch_is_the_rows_from_start_to_before_stop() -> None:
    program = line()
    made = training(program, X, Y)
    assert made.rows == 4
    for start, stop in ((0, 4), (0, 2), (1, 3), (2, 4), (3, 4), (0, 1)):
        mean = np.mean(np.multiply(X, Y)[start:stop])
        assert made.differentiate(start, stop) == 3.0 * mean
        assert program.gradient.tolist() == [mean]
    made.differentiate(0, 4)
    made.step()
    assert program.parameters.tolist() == [3.0 - 0.5 * np.mean(np.multiply(X, Y))]


def test_rows_are_shuffled_as_a_list_of_them() -> None:
    program = line()
    made, rows, draws = training(program, X, Y), [*zip(X, Y, strict=True)], Random(4)
    same = Random(4)
    for _ in range(2):  # The second time the rows that the first left.
        made.shuffle(draws)
        same.shuffle(rows)
        for start, stop in ((0, 2), (2, 4), (0, 4)):
            assert made.differentiate(start, stop) == np.mean([3.0 * x * y for x, y in rows[start:stop]])
    assert made.value() == 3.0 * np.mean(np.multiply(X, Y))


def test_one_column_and_three_of_several_numbers_in_a_row() -> None:
    w, x = Value(2.0), autograd.inputs(2)
    made = training(autograd.compile(w * x[0] * x[1], x, parameters=[w]), [[1.0, 3.0], [5.0, 7.0]])
    assert (made.rows, made.value()) == (2, 2.0 * (3.0 + 35.0) / 2.0)
    made.shuffle(Random(1))
    assert {made.differentiate(0, 1), made.differentiate(1, 2)} == {6.0, 70.0}
    a, b, t = autograd.inputs(name="a"), autograd.inputs(name="b"), autograd.inputs(3, name="t")
    program = autograd.compile(w * a * b * (t[0] + 10.0 * t[1] + 100.0 * t[2]), (a, b, t), parameters=[w])
    assert training(program, [1, 2], [3, 4], [2, 1]).value() == (2.0 * 3.0 * 100.0 + 2.0 * 8.0 * 10.0) / 2.0


def test_the_value_and_the_outputs_of_the_first_rows() -> None:
    made = training(line(), X, Y)
    assert made.value() == 3.0 * np.mean(np.multiply(X, Y))
    assert made.value(2) == 3.0 * 0.5
    assert made.outputs().tolist() == [3.0 * x for x in X]
    assert made.outputs(2).tolist() == [3.0, 6.0]
    assert type(made.value()) is type(made.differentiate(0, 1)) is float


def test_data_have_the_type_of_the_parameters() -> None:
    made = training(line(dtype="float32"), X, np.array([1, 0, 1, 0]))
    assert [array.dtype for array in made._arrays] == ["float32", "float32"]
    assert made.differentiate(0, 4) == 3.75
    with refused(ValueError, "the data of x: 1e+300 is too large for float32"):
        training(line(dtype="float32"), [1e300], [1.0])
    kept = np.array(X)
    assert np.shares_memory(training(line(), kept, Y)._arrays[0], kept)


def test_other_programs_and_optimizers_are_refused() -> None:
    for reduce in ("sum", None):
        with refused(ValueError, f"a training minimises a mean; compile with reduce='mean', not {reduce!r}"):
            training(line(reduce=reduce), X, Y)
    with refused(ValueError, "the optimizer changes other parameters than the program's; make it of this program"):
        Training(line(), (X, Y), optim.SGD(line(), lr=0.5))


@pytest.mark.parametrize(
    ("columns", "shapes"),
    [
        ((X, Y[:3]), "(4,), (3,)"),
        (([], []), "(0,), (0,)"),
        ((np.zeros((0, 2)), []), "(0, 2), (0,)"),
        ((1.0, 2.0), "(), ()"),
        ((X, 2.0), "(4,), ()"),
    ],
)
def test_columns_have_as_many_rows_and_at_least_one(columns: Any, shapes: str) -> None:
    text = f"data is arrays with as many rows in each, and at least one row, not of shapes {shapes}"
    with refused(ValueError, text):
        training(line(), *columns)
    with refused(TypeError, "the data of y"):
        training(line(), X, "abcd")


def classes(*shape: int) -> Program:
    """The sum of the targets times 1, 2, …: it shows which of them are 1."""
    w, x, t = Value(1.0), autograd.inputs(), autograd.inputs(*shape, name="t")
    rows = t if len(shape) == 2 else [t]
    loss = total([(i + 1.0) * 10.0**r * v for r, row in enumerate(rows) for i, v in enumerate(row)])
    return autograd.compile(w * x * loss, (x, t), parameters=[w])


def test_class_numbers_become_rows_with_a_one_at_the_class() -> None:
    made = training(classes(3), [1.0, 1.0, 1.0], [0, 2, 1])
    assert [made.differentiate(i, i + 1) for i in range(3)] == [1.0, 3.0, 2.0]
    nested = training(classes(2, 3), [1.0, 1.0], np.array([[0, 2], [1, 1]], np.uint8))
    assert [nested.differentiate(i, i + 1) for i in range(2)] == [31.0, 22.0]
    two = training(classes(2), [1.0], [1])
    assert two.differentiate(0, 1) == 2.0
    assert training(classes(1, 3), [1.0], [[1]]).differentiate(0, 1) == 2.0
    for wrong in (-1, 3):
        with refused(ValueError, f"a target is a class from 0 to 2, or a list of probabilities, not {wrong}"):
            training(classes(3), [1.0], [wrong])


def test_numbers_that_are_no_classes_stay_as_they_are() -> None:
    assert training(line(), X, [1, 0, 1, 0]).value() == 3.75  # A target is a number.
    assert training(classes(1), [1.0, 1.0], [[3], [5]]).value() == 4.0  # There is but one number.
    assert training(classes(3), [1.0], [[0, 4, 0]]).value() == 8.0  # They are rows of three.
    assert training(classes(2, 1), [1.0], [[[2], [3]]]).value() == 32.0
    for program, targets in ((classes(1), [0]), (classes(2, 1), [[0, 0]])):
        with refused(ValueError, "this array has the shape (1,"):
            training(program, [1.0], targets).value()
    with refused(ValueError, "np.eye(3)[classes] makes rows of probabilities"):
        training(classes(3), [1.0], [2.0]).value()
