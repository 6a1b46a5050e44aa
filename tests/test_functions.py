"""Functions of two Values and of sequences."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    dot,
    largest,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    norm,
    product,
    smallest,
    softmax,
    total,
    where,
)
from autograd.engine import functions

NUMBERS = st.floats(-50.0, 50.0)
ROWS = st.lists(NUMBERS, min_size=1, max_size=8)
ONE = 1e-12
"""Absolute: for sums of at most eight softmax values, each right to a few ulp of 1."""


@given(st.lists(st.tuples(st.floats(0.1, 3.0), st.booleans()), min_size=4, max_size=4))
def test_nobody_asks_for_the_derivative_of_a_power_by_a_constant(row: list[tuple[float, bool]]) -> None:
    c, x, y = (number if constant else Value(number) for number, constant in row[:3])
    found = functions.scaled_power(c, x, y, 1.0 if row[3][1] else Value(1.0)).partials
    assert [partial for partial, (_, constant) in zip(found, row, strict=True) if constant and partial != 0.0] == []
    assert row[0][1] or found[0] == pytest.approx(row[1][0] ** (row[2][0] - 1.0))


@pytest.mark.parametrize(("condition", "gradients"), [(1.0, (0.0, 2.0, 0.0)), (-1.0, (0.0, 0.0, 3.0))])
def test_the_branch_that_is_taken_gets_the_gradient(condition: float, gradients: tuple[float, ...]) -> None:
    x, a, b = Value(condition), Value(4.0), Value(5.0)
    v = where(x, a * 2.0, b * 3.0)
    v.backward()
    assert v.data == (8.0 if condition > 0.0 else 15.0)
    assert (x.grad, a.grad, b.grad) == gradients


@pytest.mark.parametrize("name", ["maximum", "minimum", "hypot", "logaddexp"])
def test_values_and_numbers_mix(name: str) -> None:
    f = getattr(autograd, name)
    data = {f(x, y).data for x in (Value(2.0), 2.0, 2) for y in (Value(3.0), 3.0, 3)}
    assert len(data) == 1
    assert f(Value(2.0), 3).op == name


@given(ROWS)
def test_one_operation_is_one_node(xs: list[float]) -> None:
    for f in (total, mean, logsumexp, norm, largest, smallest):
        v = f([Value(x) for x in xs])
        assert [x.data for x in v.operands] == xs
        assert len(v.partials) == len(xs)
    assert len(dot(xs, xs).operands) == 2 * len(xs)


@given(ROWS)
def test_sequences_agree_with_plain_arithmetic(xs: list[float]) -> None:
    assert total(xs).data == math.fsum(xs)
    assert mean(xs).data == pytest.approx(math.fsum(xs) / len(xs))
    assert dot(xs, xs).data == pytest.approx(math.fsum(x * x for x in xs))
    assert product(xs).data == math.prod(xs)
    assert norm(xs).data == pytest.approx(math.hypot(*xs))
    assert (largest(xs).data, smallest(xs).data) == (max(xs), min(xs))


@given(ROWS, st.floats(-1e4, 1e4))
def test_softmax_is_a_distribution_that_shifts_leave_alone(xs: list[float], shift: float) -> None:
    ps = [p.data for p in softmax(xs)]
    assert math.fsum(ps) == pytest.approx(1.0, abs=ONE)
    assert [math.log(p) for p in ps] == pytest.approx([v.data for v in log_softmax(xs)], abs=ONE)
    assert [p.data for p in softmax([x + shift for x in xs])] == pytest.approx(ps, abs=1e-10)


@given(ROWS)
def test_the_gradient_of_a_whole_softmax_is_zero(xs: list[float]) -> None:
    leaves = [Value(x) for x in xs]
    total(softmax(leaves)).backward()
    assert [v.grad for v in leaves] == pytest.approx([0.0] * len(xs), abs=ONE)


def test_softmax_far_out() -> None:
    assert [p.data for p in softmax([1e308, 0.0, -1e308])] == [1.0, 0.0, 0.0]
    assert [p.data for p in log_softmax([1e300, 0.0])] == [0.0, -1e300]
    assert [p.data for p in softmax([math.inf, 0.0, math.inf])] == [0.5, 0.0, 0.5]
    assert log_softmax([0.0, -100.0])[0].data == -3.720075976020836e-44


def test_a_product_with_zeros_has_its_gradient() -> None:
    xs = [Value(x) for x in (2.0, 0.0, 5.0)]
    product(xs).backward()
    assert [x.grad for x in xs] == [0.0, 10.0, 0.0]


def test_ties_split_the_gradient() -> None:
    x = Value(2.0)
    maximum(x, x).backward()
    assert x.grad == 1.0
    assert largest([x, 2.0, 1.0]).partials == (0.5, 0.5, 0.0)
    assert math.isnan(largest([1.0, math.nan]).data)


def test_empty_sequences() -> None:
    assert [f([]).data for f in (total, product, norm)] == [0.0, 1.0, 0.0]
    assert dot([], []).data == 0.0
    empty: Any = []
    refusing: list[Callable[[Any], object]] = [mean, logsumexp, largest, smallest, softmax, log_softmax]
    for f in refusing:
        with pytest.raises(ValueError, match=f"^{f.__name__} of no numbers is undefined"):
            f(empty)
    with pytest.raises(ValueError, match=r"^log_softmax of no numbers is undefined"):
        functions.log_softmax_at(empty, 0)


@given(ROWS)
def test_one_of_the_log_softmax_is_that_of_all(xs: list[float]) -> None:
    for k, v in enumerate(log_softmax(xs)):
        assert functions.log_softmax_at(xs, k).data == v.data


def test_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"total takes a sequence .*write total\(\[…\]\)"):
        total(Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="total takes a sequence"):
        total("abc")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"mean takes Values, ints.*forget to return"):
        mean([1.0, None])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="one length, not of 1 and 2"):
        dot([1.0], [1.0, 2.0])


def test_any_iterable_of_numbers_is_accepted() -> None:
    assert total(x for x in (Value(1.0), 2, 3.0)).data == 6.0
    assert total(range(5)).data == 10.0
    assert sum([Value(1.0), Value(2.0)]).data == 3.0  # type: ignore[union-attr]
