"""Clipping of gradients, against PyTorch's and against its definition, for Values and for arrays of a program."""

import importlib
import importlib.util
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses, nn
from autograd.nn.utils import clip_grad_norm_, clip_grad_value_
from tests.standin import Standin

TO_PYTORCH = 1e-12
"""Relative: the sums are taken in another order."""
gradients = st.lists(st.floats(-1e6, 1e6).map(lambda g: round(g, 3)), min_size=1, max_size=8)
orders = st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf])


def values(numbers: Iterable[float]) -> list[Value]:
    row = [Value(1.0) for _ in numbers]
    for v, g in zip(row, numbers, strict=True):
        v.grad = g
    return row


def program(numbers: list[float], dtype: Any = "float64") -> Any:
    made = Standin(nn.MLP(len(numbers), [1], bias=False), losses.mse, [(len(numbers),), ()], dtype)
    made.gradient[:] = numbers
    return made


def norm(numbers: list[float], p: float) -> float:
    sizes = [*map(abs, numbers)]
    return max(sizes) if p == math.inf else math.fsum(size**p for size in sizes) ** (1.0 / p)


@given(gradients, st.floats(0.0, 1e3), orders)
def test_gradients_are_scaled_to_the_norm(numbers: list[float], most: float, p: float) -> None:
    row, made = values(numbers), program(numbers)
    length = norm(numbers, p)
    wanted = [g * min(1.0, most / (length + 1e-6)) for g in numbers]
    for found, kept in (
        (clip_grad_norm_(row, most, p), [v.grad for v in row]),
        (clip_grad_norm_(made, most, p), made.gradient.tolist()),
    ):
        assert found == pytest.approx(length, rel=TO_PYTORCH, abs=1e-300)
        assert kept == pytest.approx(wanted, rel=TO_PYTORCH, abs=1e-300)


@given(gradients, st.floats(0.0, 1e3))
def test_gradients_are_cut_to_the_range(numbers: list[float], most: float) -> None:
    row, made = values(numbers), program(numbers)
    clip_grad_value_(row, most)
    clip_grad_value_(made, most)
    assert [v.grad for v in row] == made.gradient.tolist() == [sorted([-most, g, most])[1] for g in numbers]


MODEL: Any = nn.MLP(1, [1])
SPECIAL = [
    [3.0, -4.0, 0.5],
    [0.0, -0.0],
    [math.inf, 1.0],
    [-math.inf, math.nan, 1.0],
    [math.nan, 2.0],
    [1e-300, 1e-200],
    [0.1],
]


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("p", [1.0, 2.0, 2.5, math.inf])
@pytest.mark.parametrize("numbers", SPECIAL)
def test_gradients_and_norms_are_those_of_pytorch(numbers: list[float], p: float) -> None:
    torch: Any = importlib.import_module("torch")
    for most in (0.0, 1.0, 5.0, math.inf):
        tensors = [torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in numbers]
        for tensor, g in zip(tensors, numbers, strict=True):
            tensor.grad = torch.tensor(g, dtype=torch.float64)
        length = torch.nn.utils.clip_grad_norm_(tensors, most, p).item()
        row, made = values(numbers), program(numbers)
        with np.errstate(invalid="ignore"):
            found = [clip_grad_norm_(row, most, p), clip_grad_norm_(made, most, p)]
        close: dict[str, Any] = {"rel": TO_PYTORCH, "abs": 1e-150, "nan_ok": True}
        assert found == pytest.approx([length, length], **close)
        for kept in ([v.grad for v in row], made.gradient.tolist()):
            assert kept == pytest.approx([tensor.grad.item() for tensor in tensors], **close)
        if p == 2.0:
            torch.nn.utils.clip_grad_value_(tensors, most)
            clip_grad_value_(row, most)
            clip_grad_value_(made, most)
            for kept in ([v.grad for v in row], made.gradient.tolist()):
                assert kept == pytest.approx([tensor.grad.item() for tensor in tensors], **close)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5])
def test_huge_and_tiny_gradients_have_a_norm(p: float) -> None:
    for scale in (1e300, 1e-300):
        numbers = [3.0 * scale, -4.0 * scale]
        wanted = scale * norm([3.0, -4.0], p)
        assert clip_grad_norm_(values(numbers), 1.0, p) == pytest.approx(wanted, rel=TO_PYTORCH, abs=0.0)
        assert clip_grad_norm_(program(numbers), 1.0, p) == pytest.approx(wanted, rel=TO_PYTORCH, abs=0.0)
    single = program([3e30, -4e30], "float32")
    assert clip_grad_norm_(single, 5.0) == pytest.approx(5e30, rel=1e-6, abs=0.0)
    assert single.gradient.dtype == np.float32
    assert single.gradient.tolist() == pytest.approx([3.0, -4.0], rel=1e-6, abs=0.0)


def test_one_value_or_no_values_may_be_given() -> None:
    v = values([-3.0])[0]
    assert clip_grad_norm_(v, 1.5) == 3.0
    assert v.grad == pytest.approx(-1.5, rel=1e-6, abs=0.0)
    clip_grad_value_(v, 1.0)
    assert v.grad == -1.0
    assert clip_grad_norm_([], 1.0) == 0.0


def test_a_norm_that_is_not_finite_may_be_an_error() -> None:
    for wrong in (math.inf, math.nan):
        row = values([1.0, wrong])
        with pytest.raises(ValueError, match=f"the norm of the gradients is {wrong}; autopsy"):
            clip_grad_norm_(row, 1.0, error_if_nonfinite=True)
        assert row[0].grad == 1.0
    assert clip_grad_norm_(values([3.0]), 1.0, error_if_nonfinite=True) == 3.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: clip_grad_norm_(MODEL, 1.0),
            TypeError,
            r"Values, not MLP of 1 .*; pass model\.parameters\(\)",
        ),
        (lambda: clip_grad_norm_([1.0], 1.0), TypeError, r"takes Values, not float 1\.0"),  # type: ignore[list-item]
        (lambda: clip_grad_norm_([], -1.0), ValueError, r"max_norm is at least 0, not -1\.0"),
        (lambda: clip_grad_norm_([], math.nan), ValueError, "max_norm is at least 0, not nan"),
        (lambda: clip_grad_norm_([], 1.0, 0), ValueError, "norm_type is above 0, .* not 0"),
        (lambda: clip_grad_norm_([], 1.0, "2"), TypeError, "norm_type is a number, not str '2'; write 2 without"),  # type: ignore[arg-type]
        (lambda: clip_grad_value_([], -1.0), ValueError, r"clip_value is at least 0, not -1\.0"),
        (lambda: clip_grad_value_([], Value(1.0)), TypeError, r"clip_value is a number, not Value\(.*; pass its data"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
