"""A training step of MNIST's network, 784-500-400-10 with ReLU and cross-entropy, in float32."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from autograd import Value, losses, nn
from tests.benchmarks.network import Network, initial_parameters, one_by_one
from tests.benchmarks.programs import rivals
from tests.benchmarks.programs.case import OURS, Array, Case, Contender, Entrant, Race, Scalars, compiled_step

RATE: Final = 0.01
BATCHES: Final = {64: 1.15, 256: 1.1}
"""The batch sizes, and the targets for PyTorch's time divided by ours."""


def sizes(tiny: bool) -> tuple[int, ...]:
    return (8, 6, 5, 3) if tiny else (784, 500, 400, 10)


def batch_of(n: int, tiny: bool) -> tuple[Array, Array]:
    """Images of which a fifth isn't black, and one-hot labels."""
    rng = np.random.default_rng(3)
    first, *_, last = sizes(tiny)
    x = np.maximum(0.0, rng.uniform(-4.0, 1.0, (n, first))).astype("float32")
    return x, np.eye(last, dtype="float32")[rng.integers(last, size=n)]


def scalars(n: int, tiny: bool) -> Scalars:
    first, *others = sizes(tiny)
    model = nn.MLP(first, others, init="he", rng=random.Random(4))
    return Scalars(
        loss=lambda x, y: losses.cross_entropy(model(x), y),
        batch=batch_of(5 if tiny else n, tiny),
        tensors=model.tensors(),
        parameters=model.parameters(),
        dtype="float32",
    )


def by_hand(tiny: bool) -> Scalars:
    """The same network with each neuron written with `*` and `+`; its results are only for its own preparation."""
    numbers = initial_parameters(sizes(tiny), lambda inputs: (6.0 / inputs) ** 0.5, random.Random(4))
    network = Network(Value, sizes(tiny), numbers, one_by_one)
    parameters = network.parameters()

    def loss(x: Sequence[Value], y: Sequence[Value]) -> Value:
        return losses.cross_entropy(network(x), y)

    return Scalars(
        loss=loss, batch=batch_of(1, tiny), tensors={"all": parameters}, parameters=parameters, dtype="float32"
    )


class Layer(NamedTuple):
    """The arrays of a layer of the NumPy code: its inputs, its outputs, and the gradients of both."""

    w: Array
    b: Array
    gw: Array
    gb: Array
    x: Array
    z: Array
    gz: Array
    on: Array


def _layers(own: rivals.Flat, x: Array) -> list[Layer]:
    layers = []
    for i in range(len(own.p) // 2):
        w, b = own.p[f"{i}.weight"], own.p[f"{i}.bias"]
        shape = len(x), len(b)
        z, gz = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
        layers.append(Layer(w, b, own.g[f"{i}.weight"], own.g[f"{i}.bias"], x, z, gz, np.empty(shape, bool)))
        x = z
    return layers


def numpy(scalars: Scalars) -> Entrant:
    own = rivals.Flat(scalars.numbers())
    x, y = scalars.batch
    layers = _layers(own, x)
    *hidden, last = layers
    n = len(x)
    scores, p = last.z, last.gz
    exps, row, column = np.empty_like(p), np.empty((n, 1), x.dtype), np.empty((n, 1), x.dtype)
    backward = list(zip(reversed(layers), [*reversed(hidden), None], strict=True))

    def value_and_grad() -> float:
        for layer in layers:
            np.matmul(layer.x, layer.w.T, out=layer.z)
            np.add(layer.z, layer.b, out=layer.z)
            if layer is not last:
                np.maximum(layer.z, 0.0, out=layer.z)
        np.max(scores, axis=1, keepdims=True, out=row)
        np.subtract(scores, row, out=scores)
        np.exp(scores, out=exps)
        np.sum(exps, axis=1, keepdims=True, out=column)
        np.divide(exps, column, out=p)
        loss = (np.log(column).sum() - np.vdot(scores, y)) / n
        np.subtract(p, y, out=p)
        np.divide(p, n, out=p)
        for layer, below in backward:
            np.matmul(layer.gz.T, layer.x, out=layer.gw)
            np.sum(layer.gz, axis=0, out=layer.gb)
            if below is not None:
                np.matmul(layer.gz, layer.w, out=below.gz)
                np.greater(below.z, 0.0, out=below.on)
                np.multiply(below.gz, below.on, out=below.gz)
        return float(loss)

    return own.entrant(value_and_grad, RATE)


def pytorch(scalars: Scalars) -> Entrant:
    torch = import_module("torch")
    widths = [scalars.batch[0].shape[1], *(len(b) for name, b in scalars.numbers().items() if "bias" in name)]
    parts: list[Any] = []
    for nin, nout in pairwise(widths):
        parts += [torch.nn.Linear(nin, nout), torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts[:-1])
    x, labels = torch.from_numpy(scalars.batch[0]), torch.from_numpy(scalars.batch[1].argmax(axis=1))
    criterion = torch.nn.CrossEntropyLoss()
    return rivals.pytorch(scalars, model, lambda: criterion(model(x), labels), RATE)


def jax(scalars: Scalars) -> Entrant:
    jax = import_module("jax")
    last = len(scalars.tensors) // 2 - 1

    def loss(p: Any, x: Any, y: Any) -> Any:
        for i in range(last):
            x = jax.nn.relu(p[f"{i}.weight"] @ x + p[f"{i}.bias"])
        return -(y * jax.nn.log_softmax(p[f"{last}.weight"] @ x + p[f"{last}.bias"])).sum()

    return rivals.jax(scalars, loss, RATE)


ours: Final[Callable[[Scalars], Entrant]] = partial(compiled_step, RATE)
RACE: Final = Race(
    heading="a step of SGD of MNIST's 784-500-400-10, float32",
    unit="images/s",
    cases=[
        Case(
            title=f"batches of {n}",
            scalars=partial(scalars, n),
            contenders=(
                Contender(OURS, ours),
                Contender("NumPy, by hand", numpy, least=0.95),
                Contender("PyTorch", pytorch, "torch", least=least),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=float(n),
            rate=True,
        )
        for n, least in BATCHES.items()
    ],
)
