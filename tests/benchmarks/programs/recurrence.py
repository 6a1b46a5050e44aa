"""A plain recurrent network, 50 steps long with a hidden size of 8, that says one number in the end."""

import random
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from autograd import Value, losses, nn
from tests.benchmarks.programs import rivals
from tests.benchmarks.programs.case import OURS, Array, Case, Contender, Entrant, Race, Scalars, compiled_entrant

STEPS: Final = 50
HIDDEN: Final = 8
BATCHES: Final = (1, 32)


class Reader(nn.Module):
    """A cell that reads inputs one after another, and a linear layer on its last state."""

    def __init__(self, hidden: int) -> None:
        rng = random.Random(7)
        self.cell = nn.RNNCell(1, hidden, rng=rng)
        self.readout = nn.Layer(hidden, 1, nonlin=False, init="fan_in", rng=rng)

    def __call__(self, inputs: Sequence[Any]) -> Value:
        state = self.cell([inputs[0]])
        for x in inputs[1:]:
            state = self.cell([x], state)
        said: Value = self.readout(state)
        return said


def scalars(n: int, tiny: bool) -> Scalars:
    model = Reader(3 if tiny else HIDDEN)
    rng = np.random.default_rng(8)
    return Scalars(
        loss=lambda x, y: losses.mse(model(x), y),
        batch=(rng.normal(size=(n, 4 if tiny else STEPS)), rng.normal(size=n)),
        tensors=model.tensors(),
        parameters=model.parameters(),
    )


def numpy(scalars: Scalars) -> Entrant:
    """The inputs of all steps are weighed before the loop, and the weights get their gradients after it."""
    own = rivals.Flat(scalars.numbers())
    wx, wh, bx, bh, v, c = own.p.values()
    g_wx, g_wh, g_bx, g_bh, gv, gc = own.g.values()
    xs, y = scalars.batch
    n, steps = xs.shape
    hidden = len(wh)
    x = np.ascontiguousarray(xs.T)[:, :, None]
    h = np.zeros((steps + 1, n, hidden))
    g, slope, weighed = np.empty((3, steps, n, hidden))
    said, goal, part = np.empty((n, 1)), y[:, None], np.empty((n, hidden))
    forward = list(zip(h, weighed, h[1:], strict=False))
    backward = list(zip(g[:0:-1], slope[:0:-1], g[-2::-1], strict=True))
    every_g, every_h, every_x = g.reshape(-1, hidden), h[:-1].reshape(-1, hidden), x.reshape(-1, 1)
    row, ahead, first_g, first_slope = wx.T, wh.T, g[0], slope[0]

    def value_and_grad() -> Any:
        np.multiply(x, row, out=weighed)
        np.add(weighed, bx + bh, out=weighed)
        for last, z, state in forward:
            np.dot(last, ahead, out=part)
            np.add(part, z, out=part)
            np.tanh(part, out=state)
        np.dot(h[-1], v.T, out=said)
        np.add(said, c, out=said)
        np.subtract(said, goal, out=said)
        loss = np.vdot(said, said) / n
        np.multiply(said, 2.0 / n, out=said)
        np.dot(said.T, h[-1], out=gv)
        np.sum(said, axis=0, out=gc)
        np.multiply(h[1:], h[1:], out=slope)
        np.subtract(1.0, slope, out=slope)
        np.dot(said, v, out=g[-1])
        for gz, by, before in backward:
            np.multiply(gz, by, out=gz)
            np.dot(gz, wh, out=before)
        np.multiply(first_g, first_slope, out=first_g)
        np.dot(every_g.T, every_h, out=g_wh)
        np.dot(every_g.T, every_x, out=g_wx)
        np.sum(every_g, axis=0, out=g_bx)
        np.copyto(g_bh, g_bx)
        return loss

    return own.entrant(value_and_grad)


def pytorch(scalars: Scalars) -> Entrant:
    torch = import_module("torch")
    nn = torch.nn
    hidden = len(scalars.numbers()["cell.bias_ih"])

    class Model(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.RNN(1, hidden, batch_first=True)
            self.readout = nn.Linear(hidden, 1)

        def forward(self, x: Any) -> Any:
            states, _ = self.cells(x)
            return self.readout(states[:, -1])

    model = Model()
    x, y = (torch.from_numpy(array)[..., None] for array in scalars.batch)
    criterion = nn.MSELoss()
    return rivals.pytorch(scalars, model, lambda: criterion(model(x), y))


def jax(scalars: Scalars) -> Entrant:
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    def loss(p: dict[str, Any], xs: Array, y: Array) -> Any:
        wx, wh, bx, bh, v, c = (p[name] for name in scalars.tensors)

        def step(h: Array, x: Array) -> tuple[Array, None]:
            return jnp.tanh(wx[:, 0] * x + bx + wh @ h + bh), None

        h, _ = jax.lax.scan(step, jnp.zeros(len(bh)), xs)
        return ((v @ h + c)[0] - y) ** 2

    return rivals.jax(scalars, loss)


RACE: Final = Race(
    heading=f"value and gradient of a recurrent network of {STEPS} steps, hidden size {HIDDEN}",
    unit="µs",
    cases=[
        Case(
            title=f"batches of {n}",
            scalars=partial(scalars, n),
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender("NumPy, by hand", numpy, least=1.4),
                Contender("PyTorch, nn.RNN", pytorch, "torch", least=8.0),
                Contender("JAX, jitted scan", jax, "jax"),
            ),
            units=1e6,
        )
        for n in BATCHES
    ],
)
