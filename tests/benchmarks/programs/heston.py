"""A call option in Heston's model by Monte Carlo: its price, and the derivatives by five parameters."""

import math
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from autograd import Value
from tests.benchmarks.programs import rivals
from tests.benchmarks.programs.case import (
    OURS,
    VALUES,
    Array,
    Case,
    Contender,
    Entrant,
    Functions,
    Race,
    Scalars,
    compiled_entrant,
)

PATHS: Final = 10_000
STEPS: Final = 50
BLOCK: Final = 1024
YEARS: Final = 1.0
INTEREST: Final = 0.02
CORRELATION: Final = -0.7
OTHER: Final = math.sqrt(1.0 - CORRELATION**2)
STRIKE: Final = 100.0
LEAST: Final = 1e-4
"""The least variance, from which the square root is taken: its derivative is finite there."""
DISCOUNT: Final = math.exp(-INTEREST * YEARS)
PARAMETERS: Final = {"price": 100.0, "variance": 0.04, "reversion": 1.5, "mean": 0.04, "volatility": 0.5}


def call(f: Functions, parameters: Sequence[Any], first: Sequence[Any], second: Sequence[Any]) -> Any:
    """The discounted payoff of one path, by Euler's method with the given normal numbers."""
    s, v, reversion, mean, volatility = parameters
    dt = YEARS / len(first)
    for z1, z2 in zip(first, second, strict=True):
        positive = f.maximum(v, LEAST)
        sigma = f.sqrt(positive * dt)
        s = s * f.exp((INTEREST - 0.5 * positive) * dt + sigma * z1)
        v = v + reversion * (mean - positive) * dt + volatility * sigma * (CORRELATION * z1 + OTHER * z2)
    return DISCOUNT * f.relu(s - STRIKE)


def scalars(tiny: bool) -> Scalars:
    paths, steps = (20, 3) if tiny else (PATHS, STEPS)
    parameters = [Value(number) for number in PARAMETERS.values()]
    first, second = np.random.default_rng(10).standard_normal((2, paths, steps))
    return Scalars(
        loss=partial(call, VALUES, parameters),
        batch=(first, second),
        tensors=dict(zip(PARAMETERS, parameters, strict=True)),
        parameters=parameters,
        written=lambda f, p, first, second: call(f, [*p.values()], first, second),
    )


class Paths:
    """NumPy code for a block of paths: it keeps what the way back needs of each step."""

    def __init__(self, first: Array, second: Array) -> None:
        steps, n = first.shape
        self.dt = YEARS / steps
        self.z1 = first
        self.mixed = CORRELATION * first + OTHER * second
        self.positive, self.sigma, self.on = np.empty((steps, n)), np.empty((steps, n)), np.empty((steps, n), bool)
        self.s, self.v, self.gl, self.gv, self.x, self.y = np.empty((6, n))

    def value_and_grad(self, parameters: Sequence[float], gradient: Array) -> float:
        """The sum of the payoffs; their derivatives are added to the gradient."""
        price, variance, reversion, mean, volatility = parameters
        dt, s, v, x, y = self.dt, self.s, self.v, self.x, self.y
        s.fill(0.0)  # The logarithm of the price, less that of the first price.
        v.fill(variance)
        for z1, mixed, positive, sigma, on in zip(self.z1, self.mixed, self.positive, self.sigma, self.on, strict=True):
            np.greater(v, LEAST, out=on)
            np.maximum(v, LEAST, out=positive)
            np.multiply(positive, dt, out=x)
            np.sqrt(x, out=sigma)
            np.multiply(x, 0.5, out=x)
            np.subtract(s, x, out=s)
            np.multiply(sigma, z1, out=x)
            np.add(s, x, out=s)
            np.subtract(mean, positive, out=x)
            np.multiply(x, reversion * dt, out=x)
            np.add(v, x, out=v)
            np.multiply(sigma, volatility, out=x)
            np.multiply(x, mixed, out=x)
            np.add(v, x, out=v)
        np.add(s, INTEREST * YEARS, out=s)
        np.exp(s, out=s)
        np.multiply(s, price * DISCOUNT, out=s)
        np.greater(s, STRIKE * DISCOUNT, out=y)
        value = s.dot(y) - STRIKE * DISCOUNT * y.sum()
        gl = np.multiply(s, y, out=self.gl)
        gradient[0] += gl.sum() / price
        self._back(reversion, mean, volatility, gradient)
        return float(value)

    def _back(self, reversion: float, mean: float, volatility: float, gradient: Array) -> None:
        dt, x, y, gl, gv = self.dt, self.x, self.y, self.gl, self.gv
        gv.fill(0.0)
        of_reversion = of_mean = of_volatility = 0.0
        for i in range(len(self.z1) - 1, -1, -1):
            positive, sigma = self.positive[i], self.sigma[i]
            of_mean += gv.sum()
            of_reversion += mean * gv.sum() - gv.dot(positive)
            np.multiply(gv, self.mixed[i], out=x)
            of_volatility += x.dot(sigma)
            np.multiply(x, volatility, out=x)
            np.multiply(gl, self.z1[i], out=y)
            np.add(x, y, out=x)
            np.divide(x, sigma, out=x)
            np.multiply(x, 0.5 * dt, out=x)  # √(v·dt) has the derivative dt/(2·√(v·dt)).
            np.multiply(gl, 0.5 * dt, out=y)
            np.subtract(x, y, out=x)
            np.multiply(gv, reversion * dt, out=y)
            np.subtract(x, y, out=x)
            np.multiply(x, self.on[i], out=x)
            np.add(gv, x, out=gv)
        gradient[1] += gv.sum()
        gradient[2] += of_reversion * dt
        gradient[3] += of_mean * reversion * dt
        gradient[4] += of_volatility


def numpy(scalars: Scalars) -> Entrant:
    """In blocks of paths that stay in the cache, with one exp for each path: the steps add up its logarithm."""
    own = rivals.Flat(scalars.numbers())
    first, second = (np.ascontiguousarray(array.T) for array in scalars.batch)
    n = first.shape[1]
    starts = range(0, n, BLOCK)
    blocks = [
        Paths(np.ascontiguousarray(first[:, i : i + BLOCK]), np.ascontiguousarray(second[:, i : i + BLOCK]))
        for i in starts
    ]

    def value_and_grad() -> Any:
        parameters = own.parameters.tolist()
        own.gradient.fill(0.0)
        total = sum(block.value_and_grad(parameters, own.gradient) for block in blocks)
        np.divide(own.gradient, n, out=own.gradient)
        return total / n

    return own.entrant(value_and_grad)


def pytorch(scalars: Scalars) -> Entrant:
    torch = import_module("torch")

    class Model(torch.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.five = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(x)) for x in PARAMETERS.values()])

        def forward(self, first: Any, second: Any) -> Any:
            return call(rivals.torch_functions(), self.five, first, second)

    model = Model()
    first, second = (torch.from_numpy(np.ascontiguousarray(array.T)) for array in scalars.batch)
    return rivals.pytorch(scalars, model, lambda: model(first, second).mean())


def jax(scalars: Scalars) -> Entrant:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    dt = YEARS / scalars.batch[0].shape[1]

    def loss(p: dict[str, Any], first: Array, second: Array) -> Any:
        s, v, reversion, mean, volatility = (p[name] for name in PARAMETERS)

        def step(state: tuple[Any, Any], normals: tuple[Any, Any]) -> tuple[Any, None]:
            (s, v), (z1, z2) = state, normals
            positive = jnp.maximum(v, LEAST)
            sigma = jnp.sqrt(positive * dt)
            s = s * jnp.exp((INTEREST - 0.5 * positive) * dt + sigma * z1)
            v = v + reversion * (mean - positive) * dt + volatility * sigma * (CORRELATION * z1 + OTHER * z2)
            return (s, v), None

        (s, _), _ = jax.lax.scan(step, (s, v), (first, second))
        return DISCOUNT * jax.nn.relu(s - STRIKE)

    return rivals.jax(scalars, loss)


RACE: Final = Race(
    heading=f"a call in Heston's model, {PATHS:,} paths of {STEPS} steps by Euler, with 5 sensitivities",
    unit="ns a step of a path",
    cases=(
        Case(
            title="Heston",
            scalars=scalars,
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender("NumPy, by hand, in blocks", numpy),
                Contender("PyTorch", pytorch, "torch"),
                Contender("JAX, jitted scan", jax, "jax"),
            ),
            units=1e9 / (PATHS * STEPS),
            most=15.0,
        ),
    ),
)
