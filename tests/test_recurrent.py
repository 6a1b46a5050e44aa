"""Recurrent cells: the result of a step, gradients through many steps, calls that are refused."""

import importlib
import importlib.util
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses, nn, state, total
from autograd.check import gradcheck

ROUNDING = 1e-12
"""Relative and absolute: the terms of a row are added in another order."""
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(), st.booleans())
CELLS = ("RNNCell", "LSTMCell")


def rows_by_hand(cell: nn.RNNCell | nn.LSTMCell, x: list[float], h: list[float]) -> list[float]:
    """W_ih·x + b_ih + W_hh·h + b_hh, in plain floats."""
    tensors = cell.tensors()
    n = len(tensors["weight_ih"])
    zeros = [Value(0.0)] * n
    return [
        math.fsum(w.data * v for w, v in zip(tensors["weight_ih"][k] + tensors["weight_hh"][k], x + h, strict=True))
        + tensors.get("bias_ih", zeros)[k].data
        + tensors.get("bias_hh", zeros)[k].data
        for k in range(n)
    ]


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def data(values: list[Value]) -> list[float]:
    return [v.data for v in values]


@given(SIZES)
def test_a_step_is_what_its_formula_says(sizes: tuple[int, int, int, bool]) -> None:
    nin, nhidden, seed, bias = sizes
    rng = random.Random(seed)
    cell = nn.RNNCell(nin, nhidden, bias=bias, rng=rng)
    h, by_hand = None, [0.0] * nhidden
    for _ in range(3):
        x = [rng.uniform(-2.0, 2.0) for _ in range(nin)]
        h = cell(x, h)
        by_hand = [math.tanh(z) for z in rows_by_hand(cell, x, by_hand)]
        assert data(h) == pytest.approx(by_hand, rel=ROUNDING, abs=ROUNDING)


@given(SIZES)
def test_a_step_with_memory_is_what_its_formula_says(sizes: tuple[int, int, int, bool]) -> None:
    nin, nhidden, seed, bias = sizes
    rng = random.Random(seed)
    cell = nn.LSTMCell(nin, nhidden, bias=bias, rng=rng)
    both, h, c = None, [0.0] * nhidden, [0.0] * nhidden
    for _ in range(3):
        x = [rng.uniform(-2.0, 2.0) for _ in range(nin)]
        both = cell(x, both)
        z = rows_by_hand(cell, x, h)
        i, f, g, o = (z[k * nhidden : (k + 1) * nhidden] for k in range(4))
        c = [sigmoid(f[k]) * c[k] + sigmoid(i[k]) * math.tanh(g[k]) for k in range(nhidden)]
        h = [sigmoid(o[k]) * math.tanh(c[k]) for k in range(nhidden)]
        assert data(both[0]) == pytest.approx(h, rel=ROUNDING, abs=ROUNDING)
        assert data(both[1]) == pytest.approx(c, rel=ROUNDING, abs=ROUNDING)


def last_state(cell: Any, steps: int) -> list[Value]:
    """The state h of a cell of two inputs after the given number of steps."""
    kept: Any = None
    for k in range(steps):
        kept = cell([math.sin(k), math.cos(2 * k)], kept)
    h: list[Value] = kept[0] if isinstance(cell, nn.LSTMCell) else kept
    return h


@pytest.mark.parametrize("kind", CELLS)
def test_gradients_go_back_through_time(kind: str) -> None:
    cell = getattr(nn, kind)(2, 3, rng=random.Random(2))
    gradcheck(lambda *_: losses.mse(last_state(cell, 4), [0.1, -0.2, 0.3]), cell.parameters())


@pytest.mark.parametrize("kind", CELLS)
def test_parameters_have_pytorch_s_names_shapes_and_range(kind: str) -> None:
    gates = 4 if kind == "LSTMCell" else 1
    cell = getattr(nn, kind)(2, 9, rng=random.Random(2))
    shapes = {name: (len(t), len(t[0]) if isinstance(t[0], list) else 0) for name, t in cell.tensors().items()}
    n = 9 * gates
    assert shapes == {"weight_ih": (n, 2), "weight_hh": (n, 9), "bias_ih": (n, 0), "bias_hh": (n, 0)}
    assert len(cell.parameters()) == n * (2 + 9 + 2)
    assert all(-1 / 3 <= p.data <= 1 / 3 for p in cell.parameters())
    assert list(getattr(nn, kind)(2, 9, bias=False).tensors()) == ["weight_ih", "weight_hh"]
    assert repr(cell) == f"{kind} of 2 inputs, hidden size 9"


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(
    ("init", "into", "back"), [("he", 0.06, 1.5), ("xavier", 6 / 104, 0.75), ("fan_in", 0.25, 0.25)]
)
def test_weights_start_by_what_comes_in(kind: str, init: str, into: float, back: float) -> None:
    tensors = getattr(nn, kind)(100, 4, init=init, rng=random.Random(1)).tensors()
    for name, square in (("weight_ih", into), ("weight_hh", back)):
        most = max(abs(w.data) for row in tensors[name] for w in row)
        assert 0.8 * math.sqrt(square) < most <= math.sqrt(square)


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_is_saved_and_loaded(kind: str, tmp_path: Path) -> None:
    ours, other = (getattr(nn, kind)(2, 3, rng=random.Random(seed)) for seed in (1, 2))
    state.save(ours, tmp_path / "cell")
    state.load(other, tmp_path / "cell")
    assert data(last_state(other, 3)) == data(last_state(ours, 3))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("kind", CELLS)
def test_pytorch_loads_a_cell_and_finds_the_same_gradients(kind: str, tmp_path: Path) -> None:
    torch = importlib.import_module("torch")
    ours = getattr(nn, kind)(2, 3, rng=random.Random(7))
    state.save(ours, tmp_path / "cell")
    theirs = getattr(torch.nn, kind)(2, 3, dtype=torch.float64)
    theirs.load_state_dict(importlib.import_module("safetensors.torch").load_file(tmp_path / "cell"))
    kept: Any = None
    for k in range(5):
        kept = theirs(torch.tensor([[math.sin(k), math.cos(2 * k)]], dtype=torch.float64), kept)
    h = kept[0] if kind == "LSTMCell" else kept
    h.sum().backward()
    found = last_state(ours, 5)
    total(found).backward()
    assert data(found) == pytest.approx(h[0].tolist(), rel=ROUNDING, abs=0.0)
    gradients = [g for p in theirs.parameters() for g in p.grad.flatten().tolist()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(gradients, rel=1e-9, abs=ROUNDING)


def test_other_activations_and_starting_states() -> None:
    cell = nn.RNNCell(1, 2, activation="relu", init="zeros")
    assert data(cell([1.0], [3.0, 4.0])) == [0.0, 0.0]
    cell.weight_hh[0][1].data = 2.0
    assert data(cell([1.0], [3.0, 4.0])) == [8.0, 0.0]
    h, c = nn.LSTMCell(1, 1, init="zeros")([1.0], ([0.0], [2.0]))
    assert (data(c), data(h)) == ([1.0], [0.5 * math.tanh(1.0)])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.RNNCell(0, 1), ValueError, "the number of inputs is a whole number from 1, not 0"),
        (lambda: nn.LSTMCell(1, 0), ValueError, "the hidden size is a whole number from 1, not 0"),
        (lambda: nn.RNNCell(1, 1, activation="tanch"), ValueError, "did you mean 'tanh'"),
        (lambda: nn.RNNCell(1, 1, init="gauss"), ValueError, "there is no initialisation 'gauss'"),
        (lambda: nn.RNNCell(2, 1)([1.0]), ValueError, "an RNNCell takes 2 inputs, not 1"),
        (lambda: nn.RNNCell(1, 2)([1.0], [0.0]), ValueError, "the state h of an RNNCell takes 2 numbers, not 1"),
        (
            lambda: nn.LSTMCell(1, 2)([1.0], ([0.0], [0.0, 1.0])),
            ValueError,
            "the state h of an LSTMCell takes 2 numbers",
        ),
        (
            lambda: nn.LSTMCell(1, 2)([1.0], ([0.0, 1.0], [0.0])),
            ValueError,
            "the state c of an LSTMCell takes 2 numbers",
        ),
        (lambda: nn.LSTMCell(1, 1)([1.0], WRONG), TypeError, r"is the pair \(h, c\)"),
        (lambda: nn.LSTMCell(1, 2)([1.0], HALF), TypeError, r"is the pair \(h, c\)"),
        (lambda: nn.RNNCell(1, 1)(WRONG), TypeError, "takes a list of numbers or Values"),
        (lambda: nn.RNNCell(1, 1)(["a"]), TypeError, "RNNCell takes .* not str 'a'"),  # type: ignore[list-item]
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


WRONG: Any = 1.0
HALF: Any = [Value(0.0), Value(1.0)]
