"""The networks of the lessons train as PyTorch trains them, step by step, from the same initial weights.

What PyTorch 2.13.0 found is written down for a few epochs; where it is installed, it is asked about every one.
"""

import importlib
import importlib.util
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import normalize

from autograd import Value, losses, nn, optim, train

STEP_FOR_STEP = 1e-9
"""Relative: both trainings have the same operations in the same order, with their own rounding errors."""
ROUNDING_SQUARED = 1e-18
"""Absolute: a squared loss near zero consists of the rounding errors of outputs near one."""

Row = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Network:
    """A lesson's network, its data, its training, and the loss that PyTorch had at some epochs."""

    widths: tuple[int, ...]
    rows: Sequence[Row]
    epochs: int
    loss: str
    optimizer: str
    recorded: dict[int, float]
    activation: str = "tanh"
    output_activation: str = "linear"
    bias: bool = True
    init: str = "fan_in"
    options: dict[str, Any] = field(default_factory=dict)

    def model(self) -> nn.MLP:
        return nn.MLP(
            self.widths[0],
            self.widths[1:],
            activation=self.activation,
            output_activation=self.output_activation,
            bias=self.bias,
            init=self.init,
            rng=random.Random(4),
        )


def half_of_all(rows: int) -> Callable[[Any, Any], Value]:
    """A loss whose mean over so many rows is half the sum of the squared errors."""
    return lambda prediction, target: 0.5 * rows * losses.squared_error(prediction, target)


def moons() -> list[Row]:
    """Two interleaved half circles without noise, labelled -1 and 1."""
    turns = [math.pi * i / 19 for i in range(20)]
    upper: list[Row] = [([math.cos(a), math.sin(a)], [-1.0]) for a in turns]
    return upper + [([1.0 - math.cos(a), 0.5 - math.sin(a)], [1.0]) for a in turns]


def flowers() -> list[Row]:
    """The training flowers of the Iris lesson."""
    iris = load_iris()
    rows = [
        (x, [float(kind == k) for k in range(3)])
        for x, kind in zip(normalize(iris.data).tolist(), iris.target.tolist(), strict=True)
    ]
    training, _ = train_test_split(rows, test_size=0.33, random_state=1)
    return list(training)


NETWORKS = {
    "toy": Network(
        widths=(1, 1, 1),
        rows=[([1.0], [0.2])],
        epochs=100,
        loss="mse",
        optimizer="SGD",
        options={"lr": 1.0},
        activation="sigmoid",
        output_activation="sigmoid",
        init="uniform",
        recorded={
            0: 0.05148970834033066,
            10: 0.003973828744604837,
            50: 5.673040233155896e-06,
            99: 4.186821180146889e-09,
        },
    ),
    "xor": Network(
        widths=(2, 10, 1),
        rows=[([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])],
        epochs=1000,
        loss="mse",
        optimizer="SGD",
        options={"lr": 0.1},
        activation="relu",
        recorded={
            0: 0.29896646940380023,
            100: 0.08528170641476258,
            500: 1.3906800427555172e-08,
            999: 4.623326089924779e-18,
        },
    ),
    "iris": Network(
        widths=(4, 5, 3),
        rows=flowers(),
        epochs=100,
        loss="half_of_all",
        optimizer="SGD",
        options={"lr": 0.1},
        activation="sigmoid",
        output_activation="sigmoid",
        bias=False,
        init="uniform",
        recorded={0: 44.72720145639293, 10: 32.81662453112698, 50: 19.451086069322194, 99: 15.488587084510637},
    ),
    "moons": Network(
        widths=(2, 16, 16, 1),
        rows=moons(),
        epochs=60,
        loss="hinge",
        optimizer="Adam",
        options={"lr": 0.01},
        activation="relu",
        init="uniform",
        recorded={0: 1.798537315645948, 6: 1.0520693328000135, 30: 0.2428526107980661, 59: 0.05143012159265613},
    ),
    "tanh": Network(
        widths=(2, 4, 1),
        rows=[([x / 4.0, 1.0 - x * x / 16.0], [x / 2.0 + 1.0]) for x in range(-4, 5)],
        epochs=50,
        loss="mse",
        optimizer="SGD",
        options={"lr": 0.1, "momentum": 0.9},
        recorded={0: 2.076177039723225, 5: 0.12021824000303306, 25: 0.04445986804332967, 49: 0.007633682982934433},
    ),
}


def trained(network: Network) -> tuple[nn.MLP, list[float]]:
    model = network.model()
    loss = half_of_all(len(network.rows)) if network.loss == "half_of_all" else getattr(losses, network.loss)
    optimizer = getattr(optim, network.optimizer)(model.parameters(), **network.options)
    return model, train.fit(model, network.rows, loss, optimizer, epochs=network.epochs).losses


def close_to(expected: object) -> object:
    return pytest.approx(expected, rel=STEP_FOR_STEP, abs=ROUNDING_SQUARED)


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_are_those_that_pytorch_had(name: str) -> None:
    network = NETWORKS[name]
    _, found = trained(network)
    assert {epoch: found[epoch] for epoch in network.recorded} == close_to(network.recorded)
    assert len(network.recorded) >= 3


def trained_by_pytorch(network: Network) -> tuple[Any, list[float]]:
    torch = importlib.import_module("torch")
    activations = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "linear": lambda x: x}
    loss_of: dict[str, Callable[[Any, Any], Any]] = {
        "mse": torch.nn.functional.mse_loss,
        "half_of_all": lambda y, t: 0.5 * ((y - t) ** 2).sum(),
        "hinge": lambda y, t: torch.relu(1.0 - t * y).mean(),
    }
    pairs = zip(network.widths, network.widths[1:], strict=False)
    layers = torch.nn.Sequential(*(torch.nn.Linear(a, b, bias=network.bias) for a, b in pairs)).double()
    start = network.model().tensors()
    layers.load_state_dict({k: torch.tensor(numbers(v), dtype=torch.float64) for k, v in start.items()})

    def predict(x: Any) -> Any:
        for layer in layers[:-1]:
            x = activations[network.activation](layer(x))
        return activations[network.output_activation](layers[-1](x))

    x = torch.tensor([x for x, _ in network.rows], dtype=torch.float64)
    t = torch.tensor([t for _, t in network.rows], dtype=torch.float64)
    optimizer = getattr(torch.optim, network.optimizer)(layers.parameters(), **network.options)
    found = []
    for _ in range(network.epochs):
        loss = loss_of[network.loss](predict(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return layers, found


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("name", NETWORKS)
def test_every_step_is_that_of_pytorch(name: str) -> None:
    torch = importlib.import_module("torch")
    layers, expected = trained_by_pytorch(NETWORKS[name])
    model, found = trained(NETWORKS[name])
    assert found == close_to(expected)
    for key, tensor in model.tensors().items():
        ends = torch.tensor(numbers(tensor), dtype=torch.float64)
        assert torch.allclose(ends, layers.state_dict()[key], rtol=STEP_FOR_STEP, atol=STEP_FOR_STEP), key


def numbers(tensor: Any) -> Any:
    return tensor.data if isinstance(tensor, Value) else [numbers(part) for part in tensor]


def test_iris_trains_like_the_tutorial_s_own_loop() -> None:
    """The tutorial's own loop, with matrices and with derivatives written by hand."""
    network = NETWORKS["iris"]
    x = np.array([x for x, _ in network.rows])
    t = np.array([t for _, t in network.rows])
    start = network.model().tensors()
    w1, w2 = (np.array(numbers(start[f"{i}.weight"])).T for i in range(2))
    expected = []
    for _ in range(network.epochs):
        h = 1.0 / (1.0 + np.exp(-x @ w1))
        y = 1.0 / (1.0 + np.exp(-h @ w2))
        error = t - y
        delta2 = error * y * (1.0 - y)
        delta1 = delta2 @ w2.T * h * (1.0 - h)
        w2 += 0.1 * h.T @ delta2
        w1 += 0.1 * x.T @ delta1
        expected.append(float(0.5 * (error**2).sum()))
    model, found = trained(network)
    assert found == close_to(expected)
    for w, matrix in zip(model.tensors().values(), (w1, w2), strict=True):
        np.testing.assert_allclose(np.array(numbers(w)).T, matrix, rtol=STEP_FOR_STEP)
