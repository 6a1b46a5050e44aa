"""The network x → h → y: three ways to compute its gradient, and its training."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.toy import Toy, _digits, story

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


@given(st.floats(allow_nan=False))
def test_eight_digits_are_short_and_right(x: float) -> None:
    text = _digits(x)
    assert len(text) <= 16
    assert float(text) == pytest.approx(x, rel=1e-4, abs=0.0)


def test_what_each_way_costs() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.1, b1=0.2, w2=0.3, b2=0.4)
    assert [toy.cost(way) for way in (toy.by_hand, toy.by_differences, toy.by_backward)] == [1, 8, 1]


def test_training_yields_the_loss_before_each_step() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.1, b1=0.2, w2=0.3, b2=0.4)
    losses = list(toy.train(lr=0.5, steps=10, threshold=0.0))
    assert len(losses) == 11
    assert losses == sorted(losses, reverse=True)
    assert toy.loss().data == losses[-1]


def test_training_ends_where_no_step_can_lower_the_loss() -> None:
    flat = Toy(x=1.0, target=0.2, w1=1e6, b1=0.0, w2=1e6, b2=0.0)
    assert list(flat.train(lr=1.0, steps=1000, threshold=1e-6)) == [pytest.approx(0.64)]
    lost = Toy(x=math.inf, target=0.2, w1=0.0, b1=0.0, w2=1.0, b2=0.0)
    (loss,) = lost.train(lr=1.0, steps=1000, threshold=1e-6)
    assert math.isnan(loss)


@pytest.mark.parametrize(
    ("x", "w1", "says"),
    [
        (1.0, 0.1, "not below 1e-06; try more --steps, another --lr, another --seed"),
        (1.0, 1e6, "not below 1e-06: every gradient is 0, since a sigmoid is flat far from 0; try a smaller"),
        (math.inf, 0.0, "not below 1e-06: the training diverged; try a smaller --lr"),
    ],
)
def test_the_story_says_why_the_training_ended(
    x: float, w1: float, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = Toy(x=x, target=0.2, w1=w1, b1=0.0, w2=1e6 if w1 > 1.0 else 1.0, b2=0.0)
    story(toy, lr=1.0, steps=3, threshold=1e-6, out=tmp_path)
    assert says in " ".join(capsys.readouterr().out.split())
    made = {"before.svg", "after.svg", "loss.svg", "steps.html", "training.html"}
    assert {path.name for path in tmp_path.iterdir()} == {f"toy-{name}" for name in made}
