"""Programs from textbooks: eager gradients against oracles that share no code, compiled ones against eager ones."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import autograd
from autograd import Tape, Value
from tests.compiler.textbook import (
    alignment,
    arm,
    attention,
    dynamics,
    experts,
    gpt,
    gru,
    images,
    kalman,
    mixture,
    networks,
)
from tests.compiler.textbook.lesson import STEP, Lesson, leaves, values

LESSONS: Final = (
    *(gru.LESSON, experts.LESSON, attention.LESSON, kalman.LESSON, mixture.LESSON, arm.LESSON),
    *(alignment.LESSON, gpt.LESSON, *dynamics.LESSONS, *images.LESSONS, *networks.LESSONS),
)
ORACLE: Final = 1e-10
"""Relative to the largest. The oracles add in other orders, and have formulas that are less accurate than ours."""
EXACT: Final = 1e-12
"""That which `autograd.compile` promises, relative to the largest."""
SINGLE: Final = 1e-5
"""The same in float32."""
DEEP: Final = {"logistic map": 10.0, "Lotka-Volterra fit": 5.0}
"""Factors of SINGLE, because errors grow over hundreds of steps: with random errors of one unit in each operation they
come to 4e-6 and 3e-6 of the largest gradient, in the other programs to 1e-6 at most."""
BATCHES: Final = (1, 4, 7)

Array = NDArray[Any]


class Results(NamedTuple):
    """One row an example."""

    losses: Array
    by_parameters: Array
    by_inputs: list[Array]


def recorded(lesson: Lesson, row: list[Any], parameters: Mapping[str, Any]) -> tuple[Value, list[Any], dict[str, Any]]:
    inputs = [values(np.asarray(x).tolist()) for x in row]
    p = {name: values(numbers) for name, numbers in parameters.items()}
    return lesson.loss(*inputs, p), inputs, p


def eager(lesson: Lesson, arrays: list[Array]) -> Results:
    losses, by_parameters = [], []
    by_inputs: list[list[Any]] = [[] for _ in arrays]
    for row in zip(*arrays, strict=True):
        loss, inputs, p = recorded(lesson, list(row), lesson.parameters)
        loss.backward()
        losses.append(loss.data)
        by_parameters.append([v.grad for v in leaves(p)])
        for found, nested, x in zip(by_inputs, inputs, row, strict=True):
            found.append(np.reshape([v.grad for v in leaves(nested)], np.shape(x)))
    return Results(np.array(losses), np.array(by_parameters), [np.array(rows) for rows in by_inputs])


def by_complex_step(lesson: Lesson, row: list[Array]) -> tuple[float, list[float]]:
    """The loss of one example and its gradient by the parameters and then by the inputs."""
    assert lesson.numpy is not None
    names = list(lesson.parameters)
    given = [np.array(lesson.parameters[name], dtype=complex) for name in names]
    given += [np.array(x, dtype=complex) for x in row]

    def run() -> Any:
        p = {name: x[()] for name, x in zip(names, given, strict=False)}
        return lesson.numpy(*(x[()] for x in given[len(names) :]), p)  # type: ignore[misc]

    value, gradient = float(np.real(run())), []
    for x in given:
        for at in np.ndindex(x.shape):
            x[at] += STEP * 1j
            gradient.append(float(np.imag(run()) / STEP))
            x[at] -= STEP * 1j
    return value, gradient


def by_torch(lesson: Lesson, row: list[Array]) -> tuple[float, list[float]]:
    torch: Any = import_module("torch")

    assert lesson.torch is not None
    p = {name: torch.tensor(x, dtype=torch.float64, requires_grad=True) for name, x in lesson.parameters.items()}
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in row]
    loss = lesson.torch(*inputs, p)
    loss.backward()
    return loss.item(), [g for x in (*p.values(), *inputs) for g in np.ravel(x.grad)]


def close(got: Any, want: Any, tolerance: float) -> None:
    want = np.asarray(want)
    np.testing.assert_allclose(got, want, rtol=0.0, atol=tolerance * max(np.abs(want).max(initial=0.0), 1e-3))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_eager_results_agree_with_an_oracle(lesson: Lesson) -> None:
    if lesson.numpy is None and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    arrays = lesson.draw(np.random.default_rng(1), 2)
    results = eager(lesson, arrays)
    oracle = by_complex_step if lesson.numpy is not None else by_torch
    for i, row in enumerate(zip(*arrays, strict=True)):
        value, gradient = oracle(lesson, list(row))
        close(results.losses[i], value, ORACLE)
        mine = [*results.by_parameters[i], *(g for rows in results.by_inputs for g in np.ravel(rows[i]))]
        close(mine, gradient, ORACLE)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_graph_depends_on_no_number(lesson: Lesson) -> None:
    def structure(row: list[Any]) -> list[Any]:
        tape = Tape(recorded(lesson, row, lesson.parameters)[0])
        constants = [tape.data[place] for place in range(len(tape)) if tape.is_constant(place)]
        names = [tape.operation(place) for place in range(len(tape))]
        return [names, constants, tape.starts.tolist(), tape.operands.tolist()]

    first, second = zip(*lesson.draw(np.random.default_rng(2), 2), strict=True)
    assert structure(list(first)) == structure(list(second))


def compiled(lesson: Lesson, **options: Any) -> Any:
    row = [x[0] for x in lesson.draw(np.random.default_rng(3), 1)]
    loss, inputs, p = recorded(lesson, row, lesson.parameters)
    return autograd.compile(loss, tuple(inputs), parameters=leaves(p), outputs=loss, **options)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_compiled_results_are_the_eager_ones(lesson: Lesson) -> None:
    program = compiled(lesson)
    for n in BATCHES:
        arrays = lesson.draw(np.random.default_rng(n), n)
        want = eager(lesson, arrays)
        value, gradient = program.value_and_grad(*arrays)
        close(value, want.losses.mean(), EXACT)
        close(program.value(*arrays), want.losses.mean(), EXACT)
        close(program.outputs(*arrays), want.losses, EXACT)
        by_inputs = program.gradient_of_inputs(*arrays)
        by_inputs = by_inputs if isinstance(by_inputs, tuple) else (by_inputs,)
        for got, rows in zip(by_inputs, want.by_inputs, strict=True):
            close(got * n, rows, EXACT)
        if lesson.parameters:
            assert np.abs(gradient - want.by_parameters.mean(axis=0)).max() <= EXACT * np.abs(want.by_parameters).max()
            losses, rows = program.per_example(*arrays)
            close(losses, want.losses, EXACT)
            close(rows, want.by_parameters, EXACT)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_compiled_sums_in_single_precision(lesson: Lesson) -> None:
    program = compiled(lesson, dtype="float32", reduce="sum")
    arrays = [np.asarray(x, dtype=np.float32) for x in lesson.draw(np.random.default_rng(5), 5)]
    parameters = {name: np.float32(x).astype(float).tolist() for name, x in lesson.parameters.items()}
    want = eager(lesson._replace(parameters=parameters), [x.astype(float) for x in arrays])
    value, gradient = program.value_and_grad(*arrays)
    tolerance = SINGLE * DEEP.get(lesson.name, 1.0)
    assert abs(value - want.losses.sum()) <= tolerance * np.abs(want.losses).sum()
    if lesson.parameters:
        assert (
            np.abs(gradient - want.by_parameters.sum(axis=0)).max()
            <= tolerance * np.abs(want.by_parameters).sum(0).max()
        )


def test_compiled_with_other_parameters() -> None:
    """The numbers of the parameters are no part of the code."""
    lesson = networks.IRIS
    program = compiled(lesson)
    arrays = lesson.draw(np.random.default_rng(6), 3)
    program.value_and_grad(*arrays)
    moved = {name: (np.array(x) * -0.5 + 0.1).tolist() for name, x in lesson.parameters.items()}
    program.parameters[:] = np.concatenate([np.ravel(x) for x in moved.values()])
    want = eager(lesson._replace(parameters=moved), arrays)
    value, gradient = program.value_and_grad(*arrays)
    close(value, want.losses.mean(), EXACT)
    close(gradient, want.by_parameters.mean(axis=0), EXACT)
