"""Programs of C behind the face of a back end: batches of all kinds, floats, and arrays that are passed as they are."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.compiler import backends
from autograd.compiler.native.extension import load, native
from autograd.compiler.native.face import ALIGNMENT, NativeCode, zeros
from autograd.compiler.program import Program
from tests.compiler.native_programs import LINE, Array, files

ROUNDING = {"float64": 1e-12, "float32": 2e-4}
"""Relative: sums are made in another order."""
DTYPES = ("float64", "float32")


class Handmade(NativeCode):
    """LINE as the back end "c"; it is for the programs of `line` alone."""

    source = LINE

    def made(self, lanes: int) -> Any:
        return load(files(f"#define ROOTS 1\n{LINE}", self.code.dtype), self.code.dtype)

    def trace(self) -> str:
        return "none"


class OfNumbers(Handmade):
    """The same for the programs of `numbers` alone."""

    def made(self, lanes: int) -> Any:
        text = re.sub(r"\bp\[(\d)\]", r"(REAL)(2 + \1)", LINE)
        return load(files(f"#define ROOTS 1\n{text}", self.code.dtype), self.code.dtype)


@pytest.fixture(autouse=True)
def handmade(c_compiler: None, extension: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backends._MAKERS, "c", Handmade)
        yield


def line(backend: str = "c", **options: Any) -> Program:
    """The mean of (2·x + 3·y - t)²."""
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    x, t = autograd.inputs(2, name="x"), autograd.inputs(name="t")
    settings: dict[str, Any] = {"parameters": [a, b], "backend": backend, **options}
    return autograd.compile((a * x[0] + b * x[1] - t).square(), (x, t), **settings)


def numbers(backend: str = "c", **options: Any) -> Program:
    """(x·x + x·y - t)², a program of three numbers without parameters that LINE computes where x = 2 and y = 3."""
    x, y, t = autograd.inputs(name="x"), autograd.inputs(name="y"), autograd.inputs(name="t")
    settings: dict[str, Any] = {"backend": backend, **options}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backends._MAKERS, "c", OfNumbers)
        return autograd.compile((2.0 * x + 3.0 * y - t).square(), (x, y, t), **settings)


def close(found: Any, expected: Any, dtype: str = "float64") -> None:
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            close(one, other, dtype)
        return
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=ROUNDING[dtype], atol=ROUNDING[dtype])


def data(n: int, dtype: str = "float64") -> tuple[Array, Array]:
    random = np.random.default_rng(n)
    return random.normal(size=(n, 2)).astype(dtype), random.normal(size=n).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduce", ["mean", "sum", None])
@pytest.mark.parametrize("n", [1, 2, 7, 100, 3000, 40_000])
def test_a_program_in_c_computes_what_one_in_numpy_does(n: int, reduce: Any, dtype: Any) -> None:
    ours, other = line(reduce=reduce, dtype=dtype), line("numpy", reduce=reduce, dtype=dtype)
    assert (ours.backend, other.backend) == ("c", "numpy")
    if reduce is None:  # Then each example has parameters of its own, which LINE hasn't.
        close(ours.value(*data(n, dtype)), other.value(*data(n, dtype)), dtype)
        return
    for size in (n, n, 2 * n, n):
        batch = data(size, dtype)
        close(ours.value(*batch), other.value(*batch), dtype)
        scale = np.array(size, dtype) if reduce == "sum" else np.ones((), dtype)
        (value, gradient), (same, its) = ours.value_and_grad(*batch), other.value_and_grad(*batch)
        close(value / scale, same / scale, dtype)
        close(gradient / scale, its / scale, dtype)


def test_arrays_of_every_layout_and_type_are_taken() -> None:
    ours, other = line(), line("numpy")
    x, t = data(12)
    wide = np.zeros((12, 4))
    wide[:, ::2] = x
    for batch in (
        (x, t),
        (np.asfortranarray(x), t),
        (wide[:, ::2], t),
        (x[::-1], t[::-1]),
        (x.tolist(), t.tolist()),
        (x.astype(np.float32), t.astype(np.int64)),
        (x.astype(">f8"), t),
        (np.broadcast_to(x[0], (12, 2)), np.broadcast_to(1.0, 12)),
        (memoryview(x.data), t),
        (x[0], t[0]),
    ):
        for _ in range(2):
            close(ours.value_and_grad(*batch), other.value_and_grad(*batch))
    for wrong in ((x, t[:3]), (x[:, :1], t), (x,), (t, x), (x[None], t[None])):
        with pytest.raises((ValueError, TypeError)) as found:
            ours.value_and_grad(*wrong)
        with pytest.raises(type(found.value), match=re.escape(str(found.value))):
            other.value_and_grad(*wrong)


def test_a_masked_array_is_not_taken_as_its_data() -> None:
    ours, other = line(), line("numpy")
    x, t = data(6)
    ours.value(x, t)
    masked = np.ma.masked_array(x, x > 10.0)
    assert type(masked) is not np.ndarray
    close(ours.value(masked, t), other.value(masked, t))


@pytest.mark.parametrize("n", [1, 5, 5000])
def test_rows_of_one_array_are_read_where_they_lie(n: int) -> None:
    """A program of three numbers; the same whether they are rows of one array or arrays of their own."""

    ours, other = numbers(reduce=None), numbers("numpy", reduce=None)
    rows = np.random.default_rng(0).normal(size=(3, n))
    for batch in (tuple(rows), tuple(row.copy() for row in rows), tuple(rows[::-1]), (rows[0], rows[0], rows[2])):
        for _ in range(2):
            close(ours.value_and_grad(*batch), other.value_and_grad(*batch))


@pytest.mark.parametrize("n", [1, 5, 5000, 50_000])
def test_results_are_the_caller_s_as_long_as_it_has_them(n: int) -> None:
    program = numbers(reduce=None)
    rows = np.random.default_rng(0).normal(size=(5, 3, n))
    kept, copies = [], []
    for row in rows:
        value, slopes = program.value_and_grad(*row)
        kept.append((value, *slopes))
        copies.append((value.copy(), *(slope.copy() for slope in slopes)))
        program.value(*rows[0])
    for found, expected in zip(kept, copies, strict=True):
        for array, same in zip(found, expected, strict=True):
            np.testing.assert_array_equal(array, same)
    part = kept[0][0][n // 2 :]
    expected = part.copy()
    del kept, found, array, value, slopes
    for row in rows:
        program.value_and_grad(*row)
    np.testing.assert_array_equal(part, expected)  # A part of a result holds it, too.


def test_memory_of_results_that_nobody_has_is_used_again() -> None:
    program = numbers(reduce=None)
    rows = np.random.default_rng(0).normal(size=(3, 50_000))
    places = set()
    for _ in range(9):
        value = program.value_and_grad(*rows)[0]
        places.add(value.ctypes.data)
    assert len(places) <= 2


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_numbers_are_a_call_of_c(point: list[float]) -> None:
    program = numbers()
    assert type(vars(program)["value_and_grad"]) is native().Call
    expected = numbers("numpy").value_and_grad(*point)
    close(program.value_and_grad(*point), expected)
    close(program.value_and_grad(*map(np.float64, point)), expected)
    close(program.value_and_grad(*map(int, point)), numbers("numpy").value_and_grad(*map(int, point)))


def test_a_batch_of_one_program_is_refused_while_it_runs_in_another_thread() -> None:
    program, wrong = line(), list[Exception]()
    x, t = data(300_000)
    value = program.value(x, t)

    def work() -> None:
        for _ in range(30):
            try:
                close(program.value(x, t), value)
            except RuntimeError as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("give each a copy: copy.deepcopy(program)" in str(error) for error in wrong)
    close(program.value(x, t), value)


def test_arrays_of_zeros_begin_at_good_places() -> None:
    shapes: list[tuple[int, ...]] = [(3, 5), (1,), (2, 3, 4), ()]
    for shape in shapes:
        for dtype in DTYPES:
            array = zeros(shape, np.dtype(dtype))
            assert (array.shape, array.dtype.name, array.flags.c_contiguous) == (shape, dtype, True)
            assert array.ctypes.data % ALIGNMENT == 0
            assert not array.any()
    assert zeros((0, 4), np.dtype("float64")).shape == (0, 4)


def test_what_a_call_takes_is_told_once_and_checked() -> None:
    bound = native().Bound(load(files(LINE), "float64"), 4, np.zeros(2), np.zeros((3, 4)), np.zeros((2, 4)))
    with pytest.raises(
        TypeError, match=r"Bound\.run takes a tuple of arrays and whether to go backward, after Bound\.take"
    ):
        bound.run((), False)
    for wrong in (
        [3],
        [((2,), np.zeros(2))],
        [((2,), np.array([0, 3]))],
        [((2,), np.array([0]))],
        [(("a",), np.array([0]))],
    ):
        with pytest.raises((TypeError, ValueError, IndexError)):
            native().Bound(load(files(LINE), "float64"), 4, np.zeros(2), np.zeros((3, 4)), np.zeros((2, 4))).take(
                wrong, 1.0
            )
    bound.take([((2,), np.array([0, 1])), ((), np.array([2]))], 0.25)
    with pytest.raises(RuntimeError, match=r"Bound\.take is called once"):
        bound.take([], 1.0)
    x, t = data(4)
    bound.run((x, t), False)
    for arrays in ((x,), (x, t, t), (x, t[:3]), (x[:, :1], t), (x.astype("f"), t), (x.tolist(), t), ()):
        assert bound.run(arrays, False) is None
    for wrong_call in ((x, False), ((x, t),)):
        with pytest.raises(TypeError, match="takes a tuple of arrays"):
            bound.run(*wrong_call)
    text = files(LINE.replace("program_gradient", "other"))
    other = native().Bound(load(text, "float64"), 4, np.zeros(2), np.zeros((3, 4)), np.zeros((2, 4)))
    other.take([((2,), np.array([0, 1])), ((), np.array([2]))], 0.25)
    with pytest.raises(ValueError, match="the program has no function program_gradient"):
        other.run((x, t), True)
