"""Parts that the programs of PyTorch, JAX and NumPy have in common."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks.programs.case import Array, Entrant, Functions, Scalars, answer
from tests.benchmarks.programs.training import Training, trained


def torch_functions() -> Functions:
    """PyTorch's functions."""
    torch = import_module("torch")
    return Functions(torch.relu, torch.tanh, torch.sigmoid, torch.exp, torch.sqrt, lambda x, least: x.clamp(min=least))


def put(scalars: Scalars, model: Any) -> None:
    """Put the parameters of the scalars into a PyTorch module, in the same order."""
    torch = import_module("torch")
    model.to(getattr(torch, scalars.dtype))
    with torch.no_grad():
        for p, number in zip(model.parameters(), scalars.numbers().values(), strict=True):
            p.copy_(torch.from_numpy(number))


def pytorch(scalars: Scalars, model: Any, loss_of: Callable[[], Any], rate: float | None = None) -> Entrant:
    """A PyTorch module, whose parameters are those of the scalars in the same order; with a rate, a step of SGD too."""
    torch = import_module("torch")
    put(scalars, model)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate or 0.0)

    def step() -> None:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()

    def value_and_grad() -> Any:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    def results() -> Array:
        return answer(value_and_grad().item(), [p.grad.numpy() for p in model.parameters()])

    return Entrant(step if rate else value_and_grad, results)


def jax(scalars: Scalars, loss: Callable[..., Any], rate: float | None = None) -> Entrant:
    """JAX's `jit` of `value_and_grad` over `vmap(loss)`, which takes the parameters by name and a row of the batch.

    With a rate, the step of SGD is in the jitted function.
    """
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    parameters = {name: jnp.asarray(number) for name, number in scalars.numbers().items()}
    batch = [jnp.asarray(array, scalars.dtype) for array in scalars.batch]

    def cost(parameters: Any, *batch: Any) -> Any:
        return scalars.reduced(jnp.sum(jax.vmap(partial(loss, parameters))(*batch)))

    def step(parameters: Any, *batch: Any) -> Any:
        gradient = jax.grad(cost)(parameters, *batch)
        return {name: parameters[name] - rate * gradient[name] for name in parameters}

    value_and_grad = jax.jit(jax.value_and_grad(cost))
    stepped = jax.jit(step)
    start = perf_counter()
    jax.block_until_ready((stepped if rate else value_and_grad)(parameters, *batch))
    seconds = perf_counter() - start
    state = parameters

    def run_step() -> None:
        nonlocal state
        state = jax.block_until_ready(stepped(state, *batch))

    def results() -> Array:
        value, gradient = value_and_grad(parameters, *batch)
        return answer(value, [gradient[name] for name in parameters])

    run = run_step if rate else lambda: jax.block_until_ready(value_and_grad(parameters, *batch))
    return Entrant(run, results, seconds)


def pytorch_training(
    parts: Callable[[Scalars], tuple[Any, Callable[[], Any]]], rate: float, scalars: Scalars
) -> Entrant:
    """Eager steps of SGD, of the module and the loss that parts gives."""
    torch = import_module("torch")
    model, loss_of = parts(scalars)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    put(scalars, model)

    def train(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            loss_of().backward()
            optimizer.step()

    def parameters() -> Array:
        return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])

    return trained(Training(lambda: put(scalars, model), train, parameters))


def jax_training(loss: Callable[[], Callable[..., Any]], rate: float, scalars: Scalars) -> Entrant:
    """A jitted loop of many steps of SGD."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    first = {name: jnp.asarray(number) for name, number in scalars.numbers().items()}
    batch, of_row = [jnp.asarray(array) for array in scalars.batch], loss()

    def cost(parameters: Any) -> Any:
        return scalars.reduced(jnp.sum(jax.vmap(partial(of_row, parameters))(*batch)))

    def step(_: Any, parameters: Any) -> Any:
        return jax.tree.map(lambda p, g: p - rate * g, parameters, jax.grad(cost)(parameters))

    loop = jax.jit(lambda parameters, steps: jax.lax.fori_loop(0, steps, step, parameters))
    state = first

    def start() -> None:
        nonlocal state
        state = first

    def train(steps: int) -> None:
        nonlocal state
        state = jax.block_until_ready(loop(state, steps))

    def parameters() -> Array:
        return np.concatenate([np.ravel(state[name]) for name in first])

    return trained(Training(start, train, parameters), scalars.steps)


def views(numbers: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """One row with all numbers, and a view into it for each name."""
    whole = np.concatenate([number.ravel() for number in numbers.values()])
    found, start = {}, 0
    for name, number in numbers.items():
        size = prod(number.shape)
        found[name] = whole[start : start + size].reshape(number.shape)
        start += size
    return whole, found


class Flat:
    """The parameters of NumPy code, and their gradient: a row of each, and views `p` and `g` by name."""

    def __init__(self, numbers: Mapping[str, Array]) -> None:
        self.parameters, self.p = views(numbers)
        self.gradient, self.g = views(numbers)

    def entrant(self, value_and_grad: Callable[[], Any], rate: float | None = None) -> Entrant:
        """An entrant, if value_and_grad fills the gradient; with a rate, it takes a step of SGD too."""
        parameters, gradient = self.parameters, self.gradient
        factor = rate or 0.0

        def step() -> None:
            value_and_grad()
            np.multiply(gradient, factor, out=gradient)
            np.subtract(parameters, gradient, out=parameters)

        return Entrant(step if rate else value_and_grad, lambda: answer(value_and_grad(), [gradient]))
