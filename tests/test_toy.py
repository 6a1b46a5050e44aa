"""The network x → h → y: three ways to compute its gradient, and its training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.toy import Toy

TINY = st.integers(4, 20).map(lambda k: 10.0**-k)
"""The size of a weight below which a proportional step is lost in the rounding of the sum that it enters."""
WEIGHT = st.floats(-5.0, 5.0) | TINY
TO_DIFFERENCES = 1e-8
"""Absolute: the error of central differences of a loss below 1."""


@given(WEIGHT, WEIGHT, WEIGHT, WEIGHT, WEIGHT, st.floats(0.0, 1.0))
def test_three_ways_lead_to_one_gradient(x: float, w1: float, b1: float, w2: float, b2: float, target: float) -> None:
    toy = Toy(x=x, target=target, w1=w1, b1=b1, w2=w2, b2=b2)
    for _, by_hand, by_differences, by_backward in toy.gradients():
        assert by_hand == pytest.approx(by_backward, rel=1e-12, abs=1e-15)
        assert by_differences == pytest.approx(by_backward, abs=TO_DIFFERENCES)


def test_what_each_way_costs() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.1, b1=0.2, w2=0.3, b2=0.4)
    assert [toy.cost(way) for way in (toy.by_hand, toy.by_differences, toy.by_backward)] == [1, 8, 1]


def test_training_yields_the_loss_before_each_step() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.1, b1=0.2, w2=0.3, b2=0.4)
    losses = list(toy.train(lr=0.5, steps=10, threshold=0.0))
    assert len(losses) == 11
    assert losses == sorted(losses, reverse=True)
    assert toy.loss().data == losses[-1]
