"""Steps of the tutorial's network for Iris: 4-5-3 sigmoids without biases on 100 flowers."""

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
STEPS: Final = 100_000
MEANS: Final = ((5.0, 3.4, 1.5, 0.2), (5.9, 2.8, 4.3, 1.3), (6.6, 3.0, 5.6, 2.0))
"""The mean lengths of the three kinds, rounded: the flowers here are drawn around them, so that no file is needed."""


def scalars(tiny: bool) -> Scalars:
    rng = random.Random(2)
    model = nn.MLP(4, [5, 3], activation="sigmoid", output_activation="sigmoid", bias=False, rng=rng)
    kinds = [rng.randrange(3) for _ in range(4 if tiny else 100)]
    x = np.array([[rng.gauss(mean, 0.3) for mean in MEANS[kind]] for kind in kinds])
    x /= np.sqrt((x * x).sum(axis=1, keepdims=True))
    return Scalars(
        loss=lambda x, t: 0.5 * losses.squared_error(model(x), t),
        batch=(x, np.eye(3)[kinds]),
        tensors=model.tensors(),
        parameters=model.parameters(),
        reduce="sum",
        written=written,
    )


def written(f: Functions, p: Mapping[str, Any], x: Sequence[Any], t: Sequence[Any]) -> Any:
    """The loss of a flower, for any engine."""
    hidden = [f.sigmoid(dot(row, x)) for row in p["0.weight"]]
    apart = [f.sigmoid(dot(row, hidden)) - y for row, y in zip(p["1.weight"], t, strict=True)]
    return 0.5 * dot(apart, apart)


def numpy(scalars: Scalars) -> Entrant:
    """A row for each unit and a column for each flower."""
    x, t = (np.ascontiguousarray(array.T) for array in scalars.batch)
    own = rivals.Flat(scalars.numbers())
    w1, w2, g1, g2 = own.p["0.weight"], own.p["1.weight"], own.g["0.weight"], own.g["1.weight"]
    h, y = np.empty((len(w1), x.shape[1])), np.empty(t.shape)
    gh, gy, d = np.empty_like(h), np.empty_like(y), np.empty_like(y)
    xt, ht, w2t, row = x.T, h.T, w2.T, d.ravel()

    def sigmoid(z: Any) -> None:
        np.negative(z, out=z)
        np.exp(z, out=z)
        np.add(z, 1.0, out=z)
        np.reciprocal(z, out=z)

    def slope(z: Any, g: Any, out: Any) -> None:
        np.multiply(g, z, out=g)
        np.subtract(1.0, z, out=out)
        np.multiply(g, out, out=g)

    scratch_h, scratch_y = np.empty_like(h), np.empty_like(y)

    def value_and_grad() -> Any:
        np.dot(w1, x, out=h)
        sigmoid(h)
        np.dot(w2, h, out=y)
        sigmoid(y)
        np.subtract(y, t, out=d)
        np.copyto(gy, d)
        slope(y, gy, scratch_y)
        np.dot(gy, ht, out=g2)
        np.dot(w2t, gy, out=gh)
        slope(h, gh, scratch_h)
        np.dot(gh, xt, out=g1)
        return 0.5 * row.dot(row)

    return own.entrant(value_and_grad, RATE)


def pytorch_parts(scalars: Scalars) -> tuple[Any, Callable[[], Any]]:
    """The module and its loss."""
    torch = import_module("torch")
    linear = partial(torch.nn.Linear, bias=False)
    model = torch.nn.Sequential(linear(4, 5), torch.nn.Sigmoid(), linear(5, 3), torch.nn.Sigmoid())
    x, t = map(torch.from_numpy, scalars.batch)
    criterion = torch.nn.MSELoss(reduction="sum")
    return model, lambda: 0.5 * scalars.reduced(criterion(model(x), t))


def pytorch(scalars: Scalars) -> Entrant:
    return rivals.pytorch(scalars, *pytorch_parts(scalars), RATE)


def jax_loss() -> Callable[..., Any]:
    """The loss of a row of the batch."""
    jax = import_module("jax")

    def loss(p: Any, x: Any, t: Any) -> Any:
        y = jax.nn.sigmoid(p["1.weight"] @ jax.nn.sigmoid(p["0.weight"] @ x))
        return 0.5 * ((y - t) ** 2).sum()

    return loss


def jax(scalars: Scalars) -> Entrant:
    return rivals.jax(scalars, jax_loss(), RATE)


def repeated(make: Callable[[Scalars], Entrant], steps: int, scalars: Scalars) -> Entrant:
    """An entrant that takes many steps; a tiny one takes few."""
    entrant = make(scalars)
    steps = steps if len(scalars.batch[0]) == 100 else 3

    def run() -> None:
        step = entrant.run
        for _ in range(steps):
            step()

    return Entrant(run, entrant.results, entrant.compile_seconds)


ours: Final = partial(compiled_step, RATE)
RACE: Final = Race(
    heading="a step of SGD of the tutorial's 4-5-3 sigmoids on 100 flowers",
    unit="µs",
    cases=(
        Case(
            title="Iris",
            scalars=scalars,
            contenders=(
                Contender(OURS, ours),
                Contender("NumPy, by hand", numpy, least=1 / 1.3),
                Contender("PyTorch", pytorch, "torch", least=12.0),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=1e6,
        ),
    ),
)
TOTAL: Final = Race(
    heading=f"the tutorial's {STEPS:,} iterations for Iris, one by one",
    unit="s",
    cases=(
        Case(
            title="Iris",
            scalars=scalars,
            contenders=(
                Contender(OURS, partial(repeated, ours, STEPS)),
                Contender("NumPy, by hand", partial(repeated, numpy, STEPS)),
                Contender("JAX, jitted", partial(repeated, jax, STEPS), "jax"),
            ),
            units=1.0,
            most=4.0,
            once=True,
        ),
    ),
    notes=("A single round of each. PyTorch would take 100,000 of its steps above.",),
)
