"""Shuffling in C is that of Python's generator, number for number, and is left to Python where it may be another."""

import random
import re
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.binding import Order, Reorder
from autograd.compiler.native import shuffling
from autograd.compiler.native.extension import native
from autograd.compiler.native.shuffling import Shuffling, can_be_shuffled

pytestmark = pytest.mark.usefixtures("extension")


@given(seed=st.integers(), rows=st.integers(0, 700), before=st.integers(0, 700), times=st.integers(1, 4))
def test_c_shuffles_as_python_does(seed: int, rows: int, before: int, times: int) -> None:
    draws, row = Random(seed), list(range(rows))
    for _ in range(before):
        draws.getrandbits(32)
    order, generator = np.array(row, np.int64), np.array(draws.getstate()[1], np.uint32)
    for _ in range(times):
        draws.shuffle(row)
        native().shuffle(order, generator)
        assert order.tolist() == row
        assert tuple(generator.tolist()) == draws.getstate()[1]


def test_python_goes_on_where_c_ended() -> None:
    draws, same = Random(3), Random(3)
    draws.gauss(0.0, 1.0)  # It makes two numbers, and keeps one of them for the next time.
    same.gauss(0.0, 1.0)
    reorder, order = Reorder(Order(20), draws), Order(20)
    for _ in range(3):
        made = Shuffling(reorder)
        native().shuffle(made.order, made.generator)
        made.finish()
        assert order.shuffle(same).tolist() == reorder.order.rows
        assert reorder.order.places is not None
        assert reorder.order.places.tolist() == reorder.order.rows
        assert reorder().tolist() == order.shuffle(same).tolist()
    assert draws.getstate() == same.getstate()
    assert draws.gauss(0.0, 1.0) == same.gauss(0.0, 1.0)


def test_the_module_random_has_a_generator_too() -> None:
    random.seed(4)
    Shuffling(Reorder(Order(9), random)).finish()  # type: ignore[arg-type]
    state, reorder = random.getstate(), Reorder(Order(9), random)  # type: ignore[arg-type]
    made = Shuffling(reorder)
    native().shuffle(made.order, made.generator)
    made.finish()
    after = random.getstate()
    random.setstate(state)
    row = list(range(9))
    random.shuffle(row)
    assert (row, random.getstate()) == (reorder.order.rows, after)


class Own(Random):
    def random(self) -> float:
        return 0.5


class Facade:
    """Has the functions of a generator, and one of its own."""

    def __init__(self) -> None:
        made = Random(1)
        self.shuffle, self.setstate = made.shuffle, made.setstate

    def getstate(self) -> None:
        pass


def test_other_generators_are_left_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: Any = Random(1)
    changed.getrandbits = lambda k: 0
    for other in (Own(1), random.SystemRandom(), changed, Facade(), object(), None):
        assert not can_be_shuffled(other)
    assert can_be_shuffled(Random(1))
    assert can_be_shuffled(random)
    monkeypatch.setattr(random, "shuffle", lambda row: None)
    assert not can_be_shuffled(random)


def test_a_python_that_shuffles_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shuffling, "Random", Own)
    shuffling._c_is_right.cache_clear()
    try:
        assert not shuffling._c_is_right()
    finally:
        shuffling._c_is_right.cache_clear()


def test_what_is_no_order_and_no_generator_is_refused() -> None:
    order, words = np.arange(5), np.array(Random(1).getstate()[1], np.uint32)
    fixed = order.copy()
    fixed.flags.writeable = False
    for wrong, state, kind, text in (
        (order.astype(np.int32), words, TypeError, "order: an array of the kind l is needed, not i"),
        (fixed, words, ValueError, "read-only"),
        (order, words[:9], ValueError, "generator: an array of 625 numbers is needed, not of 9"),
        (order, words.astype(np.int64), TypeError, "generator: an array of the kind I is needed, not l"),
        ([1, 2], words, TypeError, "bytes-like"),
        (None, words, ValueError, "a generator shuffles an order that can be written"),
    ):
        with pytest.raises(kind, match=re.escape(text)):
            native().shuffle(wrong, state)
    assert order.tolist() == [0, 1, 2, 3, 4]
