"""A training step of XOR's network, 2-10-1 with ReLU, on its four rows."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from autograd import losses, nn
from tests.benchmarks.programs import rivals
from tests.benchmarks.programs.case import (
    OURS,
    Array,
    Case,
    Contender,
    Entrant,
    Functions,
    Race,
    Scalars,
    compiled_step,
    dot,
)

RATE: Final = 0.1


def scalars(tiny: bool) -> Scalars:
    model = nn.MLP(2, [3 if tiny else 10, 1], init="fan_in", rng=random.Random(1))
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    return Scalars(
        loss=lambda x, y: losses.mse(model(x), y),
        batch=(x, y),
        tensors=model.tensors(),
        parameters=model.parameters(),
        written=written,
    )


def written(f: Functions, p: Mapping[str, Any], x: Sequence[Any], y: Any) -> Any:
    """The loss of a row, for any engine."""
    hidden = [f.relu(v * x[0] + w * x[1] + b) for (v, w), b in zip(p["0.weight"], p["0.bias"], strict=True)]
    apart = dot(p["1.weight"][0], hidden) + p["1.bias"][0] - y
    return apart * apart


def numpy(scalars: Scalars) -> Entrant:
    """Each weight matrix has its biases as a last column, so that a product adds them too."""
    x, y = scalars.batch
    n = len(x)
    w1, b1, w2, b2 = scalars.numbers().values()
    both = rivals.Flat({"w": np.column_stack([w1, b1]), "v": np.append(w2.ravel(), b2)})
    w, v, gw, gv = both.p["w"], both.p["v"], both.g["w"], both.g["v"]
    hidden = len(b1)
    x1 = np.column_stack([x, np.ones(n)])
    wt = w.T
    h1 = np.ones((n, hidden + 1))
    h = h1[:, :hidden]
    z, gz = np.empty((n, hidden)), np.empty((n, hidden))
    on = np.empty((n, hidden), bool)
    d, gd = np.empty(n), np.empty(n)
    column, inner = gd[:, None], v[:hidden]

    def value_and_grad() -> Any:
        np.dot(x1, wt, out=z)
        np.maximum(z, 0.0, out=h)
        np.dot(h1, v, out=d)
        np.subtract(d, y, out=d)
        np.multiply(d, 2.0 / n, out=gd)
        np.dot(gd, h1, out=gv)
        np.multiply(column, inner, out=gz)
        np.greater(z, 0.0, out=on)
        np.multiply(gz, on, out=gz)
        np.dot(gz.T, x1, out=gw)
        return d.dot(d) / n

    entrant = both.entrant(value_and_grad, RATE)

    def results() -> Array:
        value = value_and_grad()
        return np.concatenate([[value], gw[:, :2].ravel(), gw[:, 2], gv[:hidden], gv[hidden:]])

    return Entrant(entrant.run, results)


def pytorch_parts(scalars: Scalars) -> tuple[Any, Callable[[], Any]]:
    """The module and its loss."""
    torch = import_module("torch")
    hidden = len(scalars.numbers()["0.bias"])
    model = torch.nn.Sequential(torch.nn.Linear(2, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 1))
    x, y = map(torch.from_numpy, scalars.batch)
    y = y.reshape(-1, 1)
    criterion = torch.nn.MSELoss()
    return model, lambda: criterion(model(x), y)


def pytorch(scalars: Scalars) -> Entrant:
    return rivals.pytorch(scalars, *pytorch_parts(scalars), RATE)


def jax_loss() -> Callable[..., Any]:
    """The loss of a row of the batch."""
    relu = import_module("jax").nn.relu

    def loss(p: Any, x: Any, y: Any) -> Any:
        h = relu(p["0.weight"] @ x + p["0.bias"])
        return ((p["1.weight"] @ h + p["1.bias"])[0] - y) ** 2

    return loss


def jax(scalars: Scalars) -> Entrant:
    return rivals.jax(scalars, jax_loss(), RATE)


RACE: Final = Race(
    heading="a step of SGD on the four rows of XOR, 2-10-1",
    unit="µs",
    cases=(
        Case(
            title="XOR",
            scalars=scalars,
            contenders=(
                Contender(OURS, partial(compiled_step, RATE)),
                Contender("NumPy, by hand", numpy),
                Contender("PyTorch", pytorch, "torch", least=20.0),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=1e6,
        ),
    ),
)
