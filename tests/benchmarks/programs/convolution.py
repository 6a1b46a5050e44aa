"""A small convolution: 8 filters of 3×3 on images of 8×8, ReLU, ten scores and cross-entropy."""

import random
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from autograd import losses, nn
from autograd.nn.convolution import Image
from tests.benchmarks.programs import rivals
from tests.benchmarks.programs.case import OURS, Array, Case, Contender, Entrant, Race, Scalars, compiled_entrant

BATCHES: Final = (1, 64, 256)


class Convolutional(nn.Module):
    """Filters of 3×3 on an image, ReLU, and a dense layer of ten neurons."""

    def __init__(self, side: int, filters: int) -> None:
        rng = random.Random(5)
        self.filters = nn.Conv2d(1, filters, 3, init="he", rng=rng)
        self.scores = nn.Layer(filters * (side - 2) ** 2, 10, nonlin=False, init="fan_in", rng=rng)

    def __call__(self, image: Image) -> Any:
        return self.scores([v.relu() for rows in self.filters([image]) for row in rows for v in row])


def scalars(n: int, tiny: bool) -> Scalars:
    side, filters = (4, 2) if tiny else (8, 8)
    model = Convolutional(side, filters)
    rng = np.random.default_rng(6)
    return Scalars(
        loss=lambda x, y: losses.cross_entropy(model(x), y),
        batch=(rng.uniform(0.0, 1.0, (n, side, side)), np.eye(10)[rng.integers(10, size=n)]),
        tensors=model.tensors(),
        parameters=model.parameters(),
    )


def numpy(scalars: Scalars) -> Entrant:
    """The patches under a filter become columns (im2col), so that each layer is one product; the images lie last."""
    own = rivals.Flat(scalars.numbers())
    filters, b1, w2, b2 = own.p.values()
    g_filters, gb1, gw2, gb2 = own.g.values()
    count = len(b1)
    images, y = scalars.batch[0].transpose(1, 2, 0), np.ascontiguousarray(scalars.batch[1].T)
    side, _, n = images.shape
    size = (side - 2) ** 2
    last = np.empty((side, side, n))
    windows = np.lib.stride_tricks.sliding_window_view(last, (3, 3), axis=(0, 1)).transpose(3, 4, 0, 1, 2)
    squares = np.empty(windows.shape)
    k, gk, patches = filters.reshape(count, 9), g_filters.reshape(count, 9), squares.reshape(9, size * n)
    maps, g_maps, on = np.empty((count, size * n)), np.empty((count, size * n)), np.empty((count, size * n), bool)
    kept, g_kept = maps.reshape(-1, n), g_maps.reshape(-1, n)
    scores, p, one = np.empty((10, n)), np.empty((10, n)), np.empty(n)
    bias1, bias2 = b1[:, None], b2[:, None]

    def value_and_grad() -> float:
        np.copyto(last, images)
        np.copyto(squares, windows)
        np.dot(k, patches, out=maps)
        np.add(maps, bias1, out=maps)
        np.maximum(maps, 0.0, out=maps)
        np.dot(w2, kept, out=scores)
        np.add(scores, bias2, out=scores)
        np.max(scores, axis=0, out=one)
        np.subtract(scores, one, out=scores)
        np.exp(scores, out=p)
        np.sum(p, axis=0, out=one)
        np.divide(p, one, out=p)
        loss = (np.log(one).sum() - np.vdot(scores, y)) / n
        np.subtract(p, y, out=p)
        np.divide(p, n, out=p)
        np.dot(p, kept.T, out=gw2)
        np.sum(p, axis=1, out=gb2)
        np.dot(w2.T, p, out=g_kept)
        np.greater(maps, 0.0, out=on)
        np.multiply(g_maps, on, out=g_maps)
        np.dot(g_maps, patches.T, out=gk)
        np.sum(g_maps, axis=1, out=gb1)
        return float(loss)

    return own.entrant(value_and_grad)


def pytorch(scalars: Scalars) -> Entrant:
    torch = import_module("torch")
    filters, _, w2, _ = scalars.numbers().values()
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, len(filters), 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(w2.shape[1], 10)
    )
    x, labels = torch.from_numpy(scalars.batch[0][:, None]), torch.from_numpy(scalars.batch[1].argmax(axis=1))
    criterion = torch.nn.CrossEntropyLoss()
    return rivals.pytorch(scalars, model, lambda: criterion(model(x), labels))


def jax(scalars: Scalars) -> Entrant:
    jax = import_module("jax")

    def loss(p: dict[str, Any], x: Array, y: Array) -> Any:
        filters, b1, w2, b2 = (p[name] for name in scalars.tensors)
        maps = jax.lax.conv(x[None, None], filters, (1, 1), "VALID")[0] + b1[:, None, None]
        return -(y * jax.nn.log_softmax(w2 @ jax.nn.relu(maps).ravel() + b2)).sum()

    return rivals.jax(scalars, loss)


RACE: Final = Race(
    heading="value and gradient of 8 filters of 3×3 on images of 8×8, ReLU, dense, cross-entropy",
    unit="µs",
    cases=[
        Case(
            title=f"batches of {n}",
            scalars=partial(scalars, n),
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender("NumPy, by hand", numpy),
                Contender("PyTorch", pytorch, "torch", least=4.0),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=1e6,
        )
        for n in BATCHES
    ],
)
