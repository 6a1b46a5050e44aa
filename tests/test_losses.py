"""Losses against their definitions, differences of values, and PyTorch where it is installed."""

import importlib
import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses
from autograd.check import gradcheck

ROUNDING = 1e-12
"""Relative: sums and logarithms are computed in another order."""

NO_CLASS: Any = 0.5
NO_NUMBERS: Any = ["a"]
NOTHING: Any = None

numbers = st.floats(-5.0, 5.0)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6)
chances = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.0, 1.0)), min_size=1, max_size=6)


def _sigmoid(s: float) -> float:
    return 1.0 / (1.0 + math.exp(-s))


def _huber(d: float) -> float:
    return 0.5 * d * d if abs(d) <= 1.0 else abs(d) - 0.5


def _binary(p: float, t: float) -> float:
    return -t * math.log(p) - (1.0 - t) * math.log(1.0 - p)


DEFINITIONS: dict[str, Callable[[float, float], float]] = {
    "mse": lambda p, t: (p - t) ** 2,
    "squared_error": lambda p, t: (p - t) ** 2,
    "l1": lambda p, t: abs(p - t),
    "huber": lambda p, t: _huber(p - t),
    "binary_cross_entropy_with_logits": lambda s, t: _binary(_sigmoid(s), t),
    "hinge": lambda s, t: max(0.0, 1.0 - t * s),
}


@pytest.mark.parametrize("name", DEFINITIONS)
@given(rows=pairs)
def test_values_are_what_the_definition_says(name: str, rows: list[tuple[float, float]]) -> None:
    terms = [DEFINITIONS[name](p, t) for p, t in rows]
    expected = math.fsum(terms) / (1 if name == "squared_error" else len(terms))
    found = getattr(losses, name)([Value(p) for p, _ in rows], [t for _, t in rows])
    assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@given(chances)
def test_binary_cross_entropy_is_what_the_definition_says(rows: list[tuple[float, float]]) -> None:
    expected = math.fsum(_binary(p, t) for p, t in rows) / len(rows)
    found = losses.binary_cross_entropy([Value(p) for p, _ in rows], [t for _, t in rows])
    assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@given(st.lists(numbers, min_size=1, max_size=6), st.data())
def test_cross_entropy_is_what_the_definition_says(scores: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(scores) - 1))
    expected = math.log(math.fsum(map(math.exp, scores))) - scores[target]
    one_hot = [float(i == target) for i in range(len(scores))]
    for t in (target, one_hot):
        found = losses.cross_entropy([Value(s) for s in scores], t)
        assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        *[(name, [0.3, 2.0, -1.7]) for name in DEFINITIONS],
        ("binary_cross_entropy", [0.0, 1.0, 0.25]),
        ("cross_entropy", [0.2, 0.5, 0.3]),
        ("cross_entropy", 1),
    ],
)
def test_gradients_are_slopes(name: str, targets: Any) -> None:
    gradcheck(lambda ps: getattr(losses, name)(ps, targets), [[0.35, 0.8, 0.55]])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize(
    ("name", "theirs", "options"),
    [
        ("mse", "mse_loss", {}),
        ("squared_error", "mse_loss", {"reduction": "sum"}),
        ("l1", "l1_loss", {}),
        ("huber", "huber_loss", {}),
        ("binary_cross_entropy", "binary_cross_entropy", {}),
        ("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits", {}),
        ("cross_entropy", "cross_entropy", {}),
    ],
)
def test_values_and_gradients_are_those_of_pytorch(name: str, theirs: str, options: dict[str, Any]) -> None:
    torch = importlib.import_module("torch")
    xs, ts = [0.35, 0.8, 0.55, 0.01], [0.1, 0.6, 0.3, 0.0]
    x = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    loss = getattr(torch.nn.functional, theirs)(x, torch.tensor(ts, dtype=torch.float64), **options)
    loss.backward()
    values = [Value(v) for v in xs]
    ours = getattr(losses, name)(values, ts)
    ours.backward()
    assert ours.data == pytest.approx(loss.item(), rel=ROUNDING)
    assert [v.grad for v in values] == pytest.approx(x.grad.tolist(), rel=ROUNDING, abs=ROUNDING)


def test_certain_predictions_that_are_right_have_no_loss() -> None:
    p, q = Value(0.0), Value(1.0)
    loss = losses.binary_cross_entropy([p, q], [0.0, 1.0])
    loss.backward()
    assert (loss.data, p.grad, q.grad) == (0.0, 0.5, -0.5)
    assert losses.cross_entropy([Value(0.0), Value(-math.inf)], [1.0, 0.0]).data == 0.0
    assert losses.binary_cross_entropy(Value(0.0), 1.0).data == math.inf


def test_logits_may_be_huge() -> None:
    s = Value(-1e4)
    loss = losses.binary_cross_entropy_with_logits(s, 1.0)
    loss.backward()
    assert (loss.data, s.grad) == (1e4, -1.0)
    assert losses.cross_entropy([Value(1e4), Value(-1e4)], 1).data == 2e4


def test_a_class_may_be_numpy_s_number() -> None:
    logits, two = [Value(0.5), Value(-1.0), Value(2.0)], np.int64(2)
    assert losses.cross_entropy(logits, two).data == losses.cross_entropy(logits, 2).data  # type: ignore[arg-type]


def test_one_prediction_and_targets_that_are_values() -> None:
    p, t = Value(3.0), Value(1.0)
    losses.mse(p, t).backward()
    assert (p.grad, t.grad) == (4.0, -4.0)
    p = Value(0.25)
    weight = Value(0.5)
    losses.binary_cross_entropy(p, weight).backward()
    assert weight.grad == pytest.approx(math.log(0.75 / 0.25))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: losses.mse([], []),
            ValueError,
            "mse takes one target for each prediction, and at least one of both, not 0 predictions",
        ),
        (lambda: losses.l1([Value(1.0)], [1.0, 2.0]), ValueError, "not 1 prediction and 2 targets"),
        (lambda: losses.hinge([Value(1.0)], [1.0, 1.0]), ValueError, "hinge takes one target for each prediction"),
        (
            lambda: losses.huber(Value(1.0), 1.0, delta=0.0),
            ValueError,
            "huber: delta, where the parabola becomes a line, must be above 0",
        ),
        (lambda: losses.cross_entropy([Value(1.0)], 1), ValueError, "a class from 0 to 0, one for each logit, not 1"),
        (lambda: losses.cross_entropy([Value(1.0)], [0.5, 0.5]), ValueError, "not 1 prediction and 2 targets"),
        (
            lambda: losses.cross_entropy([Value(1.0)], NO_CLASS),
            TypeError,
            "the index of a class or a list of probabilities",
        ),
        (lambda: losses.cross_entropy(Value(1.0), 0), TypeError, "not a single Value"),  # type: ignore[arg-type]
        (lambda: losses.mse([Value(1.0)], NO_NUMBERS), TypeError, "not str 'a'"),
        (lambda: losses.l1(NOTHING, [1.0]), TypeError, "l1 takes a Value or a list of them .* not NoneType None"),
        (lambda: losses.mse(1.0, [1.0]), TypeError, r"mse takes a Value or .* not float 1\.0"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_named(call: Callable[[], Value], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
