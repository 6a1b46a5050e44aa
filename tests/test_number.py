"""The types that are accepted as numbers, and the short text of a number."""

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.engine.number import short

BINARY = (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)


@given(st.floats())
def test_short_numbers_are_close_and_look_like_floats(x: float) -> None:
    text = short(x)
    assert len(text) <= 13
    assert any(c in text for c in ".en")
    if math.isfinite(x):
        assert float(text) == pytest.approx(x, rel=1e-5, abs=0.0)


@pytest.mark.parametrize(
    "number", [2, True, 2.0, np.float64(2), np.float32(2), np.float16(2), np.int8(2), np.uint64(2)]
)
def test_real_numbers_are_accepted(number: Any) -> None:
    x = Value(3.0)
    for v in (Value(number), x + number, number + x, number * x, x**number, number / x):
        assert isinstance(v, Value)
        assert type(v.data) is float
    assert (number - x).data == float(number) - 3.0


@pytest.mark.parametrize(
    ("thing", "remedy"),
    [
        ("2", "float()"),
        (None, "forget to return"),
        (2j, ".real"),
        ([1.0], "elements"),
        (Decimal(2), "float()"),
        (Fraction(1, 2), "float()"),
        (object(), "give a number"),
    ],
)
def test_anything_else_is_a_type_error_with_a_remedy(thing: Any, remedy: str) -> None:
    x = Value(3.0)
    attempts: list[Callable[[], object]] = [lambda: Value(thing), lambda: x < thing, lambda: setattr(x, "data", thing)]
    for f in BINARY:
        attempts.append(lambda f=f: f(x, thing))  # type: ignore[misc]
        if not isinstance(thing, Fraction):  # A Fraction turns itself into a float when it is a base.
            attempts.append(lambda f=f: f(thing, x))  # type: ignore[misc]
    for attempt in attempts:
        with pytest.raises(TypeError) as error:
            attempt()
        assert ("None" if thing is None else type(thing).__name__) in str(error.value)
        assert remedy in str(error.value)
    assert x.data == 3.0


def test_an_error_names_the_operation() -> None:
    with pytest.raises(TypeError, match=r"^multiply takes"):
        Value(1.0) * "a"
    with pytest.raises(TypeError, match=r"^Value takes .*v\.detach"):
        Value(Value(1.0))
    with pytest.raises(OverflowError, match=r"^add: an int of 1329 bits"):
        Value(1.0) + 10**400
    with pytest.raises(TypeError, match="str, not int"):
        Value(1.0, label=3)  # type: ignore[arg-type]


def test_a_long_thing_is_shown_short() -> None:
    with pytest.raises(TypeError) as error:
        Value("a" * 10_000)
    assert len(str(error.value)) < 300


def test_data_and_grad_are_floats_whatever_is_assigned() -> None:
    x = Value(1)
    x.data, x.grad = 3, np.float32(0.5)
    assert (type(x.data), type(x.grad)) == (float, float)


# ── objects that are not what they say ──


class Count(int):
    def __float__(self) -> float:
        return 7.5


class Size(float):
    def __float__(self) -> float:
        raise RuntimeError("nobody asks")


class Liar:
    """An object that says that it is of another class, as a mock does."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return self.kind


@pytest.mark.parametrize("number", [Count(3), Size(3.0)])
def test_a_number_of_a_subclass_has_its_own_value(number: Any) -> None:
    x = Value(2.0)
    assert Value(number).data == 3.0
    assert [(x * number).data, (number * x).data, (x**number).data, (number**x).data] == [6.0, 6.0, 8.0, 9.0]
    assert not Value(4.0) < number
    x.data = number
    assert x.data == 3.0
    assert type(x.data) is float
    with pytest.raises(OverflowError, match="bits is too large for a float"):
        Value(Count(10**400))


@pytest.mark.parametrize("kind", [Value, int, float, bool, str])
def test_an_object_that_lies_about_its_class_is_refused(kind: type) -> None:
    x = Value(2.0)
    liar: Any = Liar(kind)
    calls: list[Callable[[], object]] = [
        lambda: x * liar,
        lambda: liar * x,
        lambda: x < liar,
        lambda: Value(liar),
        lambda: autograd.total([x, liar]),
        lambda: autograd.exp(liar),
        lambda: x.backward(liar),
        lambda: autograd.topological_order(liar),
        lambda: autograd.tree(liar),
        lambda: autograd.Tape(liar),
        lambda: Value(1.0, liar),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="Liar"):
            call()
    assert (x.data, x.grad) == (2.0, 0.0)


def test_a_second_init_changes_nothing() -> None:
    x = Value(2.0, label="x")
    y = x * 3.0
    y.grad = 5.0
    for v in (x, y):
        Value.__init__(v, 7.0, "other")
    assert (x.data, x.label, y.data, y.grad, y.op, y.operands[0] is x) == (2.0, "x", 6.0, 5.0, "multiply", True)
    y.backward()
    assert x.grad == 3.0
