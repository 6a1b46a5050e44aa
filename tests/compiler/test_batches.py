"""Batches of a program against closed forms: blocks, sizes that stay bound, and results that nothing overwrites."""

import copy
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest

import autograd
from autograd import Value, dot, total, where
from autograd.compiler import batches, pipeline
from autograd.compiler.binding import Bound
from autograd.compiler.pipeline import Code
from autograd.compiler.program import Program

NEAR: Final = 1e-12
"""Relative: sums in another order."""
W: Final = (0.5, -1.25)
B: Final = 0.75
MANY: Final = 7


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of batches that code was bound to, in their order."""
    sizes: list[int] = []
    bind = Code.bind

    def noted(self: Code, n: int, *rest: Any) -> Bound:
        sizes.append(n)
        return bind(self, n, *rest)

    monkeypatch.setattr(Code, "bind", noted)
    return sizes


def blocks_of(size: int, monkeypatch: pytest.MonkeyPatch, *, least: int = 1) -> None:
    """Let batches of more examples than `least` run in blocks of a size."""
    monkeypatch.setattr(pipeline, "BLOCKS", (least, 10**6))
    monkeypatch.setattr(Code, "block", size)


def squared(**options: Any) -> Program:
    """(w·x + b·y)², with the outputs w·x + b·y and y."""
    x, y = autograd.inputs(2), autograd.inputs(name="y")
    w = [*map(Value, W)]
    b = Value(B)
    z = dot(w, x) + b * y
    return autograd.compile(z * z, (x, y), parameters={"w": w, "b": b}, outputs=[z, y], **options)


def closed(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """z, and the gradients of z² by the parameters and by the inputs, example by example."""
    z = x @ np.array(W) + B * y
    return z, 2.0 * z[:, None] * np.column_stack([x, y]), 2.0 * z[:, None] * np.array([*W, B])


def check(program: Program, x: Any, y: Any, reduce: str | None) -> None:
    """Assert that all that a program can be asked for is what the closed form has."""
    z, by_parameters, by_inputs = closed(np.asarray(x, float), np.asarray(y, float))
    n = len(z)
    scale = 1.0 / n if reduce == "mean" else 1.0
    for _ in range(2):
        if reduce:
            assert program.value(x, y) == pytest.approx(scale * (z * z).sum(), rel=NEAR, abs=0.0)
            value, gradient = program.value_and_grad(x, y)
            assert value == pytest.approx(scale * (z * z).sum(), rel=NEAR, abs=0.0)
            np.testing.assert_allclose(gradient, scale * by_parameters.sum(axis=0), rtol=NEAR)
        else:
            np.testing.assert_allclose(program.value(x, y), z * z, rtol=NEAR)
        losses, each = program.per_example(x, y)
        np.testing.assert_allclose(losses, z * z, rtol=NEAR)
        np.testing.assert_allclose(each, by_parameters, rtol=NEAR)
        by_x, by_y = program.gradient_of_inputs(x, y)
        np.testing.assert_allclose(np.column_stack([by_x, by_y]), scale * by_inputs, rtol=NEAR)
        np.testing.assert_allclose(program.outputs(x, y), np.column_stack([z, y]), rtol=NEAR)


def numbers(n: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(n)
    return rng.normal(size=(n, 2)), rng.normal(size=n)


@pytest.mark.parametrize("reduce", ["mean", "sum", None])
@pytest.mark.parametrize("block", [0, 1, 2, 3, 5])
def test_blocks_change_nothing(reduce: Any, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if block:
        blocks_of(block, monkeypatch)
    program = squared(reduce=reduce)
    for n in (MANY, 1, MANY, 2, 6):
        check(program, *numbers(n), reduce)


def test_arrays_of_other_types_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks_of(2, monkeypatch)
    program = squared()
    x, y = np.arange(10).reshape(5, 2), np.arange(5)
    kinds: list[tuple[Any, Any]] = [(x, y), (x.tolist(), y.astype("f4")), (np.asfortranarray(x), y[::-1][::-1])]
    for rows, numbers_ in kinds:
        check(program, rows, numbers_, "mean")


@pytest.mark.parametrize(
    ("n", "block", "least", "sizes"),
    [
        (4, 3, 1, [4]),  # Three quarters in a block are no block.
        (5, 3, 1, [2, 3]),
        (8, 3, 1, [2, 3]),
        (9, 3, 1, [3]),
        (7, 2, 1, [1, 2]),  # Blocks of one size: 4 of 2, and not 3 of 3.
        (10, 4, 1, [5]),
        (11, 4, 1, [3, 4]),
        (6, 3, 6, [6]),
        (7, 3, 6, [3, 4]),
        (7, 0, 1, [7]),
        (7, 9, 1, [7]),
    ],
)
def test_sizes_of_blocks(n: int, block: int, least: int, sizes: list[int], bound: Any, monkeypatch: Any) -> None:
    blocks_of(block, monkeypatch, least=least)
    program = squared(reduce="sum")
    program.value(*numbers(n))
    assert sorted(bound) == sizes
    check(program, *numbers(n), "sum")


def test_the_last_few_sizes_stay_bound(bound: list[int]) -> None:
    program = autograd.compile(lambda x: x * x, ((),))
    many = range(1, batches.KEPT + 2)
    for n in (*many, 2, batches.KEPT + 1, 2):
        program.value(np.ones(n))
    assert bound == [*many]
    program.value(np.ones(1))
    program.value(np.ones(2))
    program.value(np.ones(3))
    assert bound == [*many, 1, 3]  # 2 was used again; the others go in the order of their last use.


def test_results_share_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def results(program: Program, scale: float) -> list[Any]:
        x, y = (scale * a for a in numbers(MANY))
        found = [*program.gradient_of_inputs(x, y), *program.per_example(x, y), program.outputs(x, y)]
        return [*found, program.value(x, y), program.value_and_grad(x, y)[1]]

    for block in (0, 2):
        if block:
            blocks_of(block, monkeypatch)
        for reduce in ("mean", None):
            program = squared(reduce=reduce)
            first = results(program, 1.0)
            kept = copy.deepcopy(first)
            results(program, 3.0)
            for now, then in zip(first, kept, strict=True):
                np.testing.assert_array_equal(now, then)
                assert np.ndim(now) < 2 or now.flags.c_contiguous


def test_one_example_and_a_batch_of_one() -> None:
    for reduce in ("mean", "sum", None):
        program = squared(reduce=reduce)
        z, by_parameters, by_inputs = (rows[0] for rows in closed(np.array([[1.0, 2.0]]), np.array([3.0])))
        for _ in range(2):
            assert program.value([1.0, 2.0], 3.0) == pytest.approx(z * z)
            assert type(program.value([1.0, 2.0], 3.0)) is float
            loss, row = program.per_example([1.0, 2.0], 3.0)
            assert (loss, row.tolist()) == (pytest.approx(z * z), pytest.approx(by_parameters.tolist()))
            by_x, by_y = program.gradient_of_inputs([1.0, 2.0], 3.0)
            assert [*by_x, by_y] == pytest.approx(by_inputs.tolist())
            assert type(by_y) is float
            assert program.outputs([1.0, 2.0], 3.0).tolist() == pytest.approx([z, 3.0])
            assert np.shape(program.per_example([[1.0, 2.0]], [3.0])[1]) == (1, 3)
            assert np.shape(program.gradient_of_inputs([[1.0, 2.0]], [3.0])[1]) == (1,)


# ── inputs in any order of slots ──


def agree(build: Callable[[Any], Value], shape: tuple[int, ...]) -> None:
    """Assert that the gradient by an input is the eager one."""
    program = autograd.compile(build, (shape,), reduce="sum")
    rows = np.random.default_rng(3).normal(size=(3, *shape))
    by = program.gradient_of_inputs(rows)
    values = program.per_example(rows)[0] if len(program.parameters) else None
    for k, row in enumerate(rows):
        given = np.array([Value(x) for x in row.ravel()], object).reshape(shape)
        z = build(given.tolist())
        z.backward()
        np.testing.assert_allclose(by[k], np.vectorize(lambda v: v.grad)(given), rtol=NEAR, atol=NEAR)
        assert values is None or values[k] == pytest.approx(z.data, rel=NEAR, abs=0.0)


def test_inputs_that_are_read_in_part() -> None:
    agree(lambda x: x[1] * x[2], (3,))  # The first isn't read.
    agree(lambda x: x[0] * x[2], (3,))
    agree(lambda x: x[0] * x[1], (3,))
    agree(lambda x: x[2].sin(), (3,))
    agree(lambda x: x[0].sin(), (3,))
    agree(lambda x: total([x[0][1], x[1][0], x[1][1] * x[0][1]]), (2, 2))


def test_inputs_between_ones() -> None:
    w = [[Value(0.1 * i + 0.3 * j) for i in range(7)] for j in range(6)]

    def ranges(x: list[Value]) -> Value:
        """After some inputs lies a 1 for a bias, so that the slots of the inputs have gaps."""
        z = [dot(row[:3], x[:3]) + row[3] for row in w[:2]] + [dot(row[:6], x) + row[6] for row in w[2:4]]
        return total(v.tanh().square() for v in z + [dot(row[:2], x[2:4]) + row[2] for row in w[4:]])

    agree(ranges, (6,))

    def rows(x: list[list[Value]]) -> Value:
        return total((dot(w[0][:4], row) + w[0][4]).sin() for row in x)

    agree(rows, (2, 4))


# ── numbers that aren't finite ──


def test_a_batch_with_a_nan_runs_once_more_exactly() -> None:
    """Short rows are completed with zeros, and a zero times a nan is a nan."""
    x = autograd.inputs(6)
    h = [2.0 * v.tanh() / v for v in x]  # nan at 0 and finite elsewhere.
    u = [v.sin() for v in x]
    rows = [dot(h[:n], u[:n]).exp() for n in (6, 5, 4)]
    program = autograd.compile(total(rows[1:]), x, outputs=[*rows, 1.0 / x[5], -1.0 / x[5]], reduce="sum")
    good = np.linspace(0.5, 1.75, 6)
    bad = good.copy()
    bad[5] = 0.0
    wanted = [math.exp(sum(2.0 * math.tanh(v) / v * math.sin(v) for v in good[:n])) for n in (6, 5, 4)]
    for second, last in ((good, wanted[0]), (bad, math.nan), (good, wanted[0])):
        found = program.outputs([good, second])
        np.testing.assert_allclose(found[0][:3], wanted, rtol=NEAR)
        np.testing.assert_allclose(found[1][:3], [last, *wanted[1:]], rtol=NEAR)
        np.testing.assert_array_equal(
            found[1][3:], [1.0 / second[5], -1.0 / second[5]] if second[5] else [math.inf, -math.inf]
        )
        assert program.value([good, second]) == pytest.approx(2.0 * sum(wanted[1:]), rel=NEAR, abs=0.0)
        by = program.gradient_of_inputs([good, second])
        np.testing.assert_allclose(by[1][:5], by[0][:5], rtol=NEAR)
        assert by[0][5] == by[1][5] == 0.0


def test_gradients_that_are_not_finite_are_computed_exactly_though_the_values_are_finite() -> None:
    x, w = autograd.inputs(3), [[Value(0.1 * i + 0.2 * j) for j in range(3)] for i in range(2)]
    program = autograd.compile(where(x[0], total(dot(row, x).tanh() for row in w), 0.0), (x,), parameters=w)
    usual, other = [1.0, 0.5, -0.5], [-1.0, math.inf, 1.0]
    value, gradient = program.value_and_grad(np.array([usual]))
    both = program.value_and_grad(np.array([usual, other]))
    assert both[0] == pytest.approx(value / 2.0, rel=NEAR, abs=0.0)
    np.testing.assert_allclose(both[1], gradient / 2.0, rtol=NEAR)
