"""Graphs in which there is no matrix to find: a random one of 10,000 nodes, and a chain of 3,000."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final, NamedTuple

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
    answer,
    compiled_entrant,
    eager_entrant,
)

NODES: Final = 10_000
INPUTS: Final = 100
RECENT: Final = 300
LARGE: Final = 1.5
ROUNDS: Final = 1_000


class Step(NamedTuple):
    """A node of a random graph: its operation and the positions of its operands."""

    operation: str
    a: int
    b: int


class Plan(NamedTuple):
    """A random graph: its inputs, its nodes, and the nodes that no other reads, whose mean is the result."""

    inputs: list[float]
    steps: list[Step]
    ends: list[int]


def plan(tiny: bool) -> Plan:
    """Sums, products, tanh and sigmoid of recent nodes or any earlier ones; tanh where a number would grow."""
    rng = random.Random(11)
    inputs = [rng.uniform(-1.0, 1.0) for _ in range(10 if tiny else INPUTS)]
    numbers, steps = list(inputs), []
    for _ in range(60 if tiny else NODES):
        m = len(numbers)
        a, b = (rng.randrange(max(0, m - RECENT) if rng.random() < 0.7 else 0, m) for _ in range(2))
        operation = rng.choices(("+", "*", "tanh", "sigmoid"), (7, 7, 3, 3))[0]
        if operation in "+*" and abs(_number(operation, numbers[a], numbers[b])) > LARGE:
            operation = "tanh"
        numbers.append(_number(operation, numbers[a], numbers[b]))
        steps.append(Step(operation, a, b if operation in "+*" else a))
    read = {i for step in steps for i in (step.a, step.b)}
    return Plan(inputs, steps, [i for i in range(len(numbers)) if i not in read])


def _number(operation: str, x: float, y: float) -> float:
    match operation:
        case "+":
            return x + y
        case "*":
            return x * y
        case "tanh":
            return math.tanh(x)
    return 1.0 / (1.0 + math.exp(-x))


def graph(plan: Plan, f: Functions, inputs: Sequence[Any]) -> Any:
    """The result of a plan over the numbers of any engine."""
    nodes = list(inputs)
    for operation, a, b in plan.steps:
        match operation:
            case "+":
                nodes.append(nodes[a] + nodes[b])
            case "*":
                nodes.append(nodes[a] * nodes[b])
            case "tanh":
                nodes.append(f.tanh(nodes[a]))
            case _:
                nodes.append(f.sigmoid(nodes[a]))
    row = [nodes[i] for i in plan.ends]
    while len(row) > 1:  # A tree, so that it adds no chain.
        row = [x + y for x, y in zip(row[::2], row[1::2], strict=False)] + row[len(row) & ~1 :]
    return row[0] * (1.0 / len(plan.ends))


def random_graph(tiny: bool) -> Scalars:
    made = plan(tiny)
    return Scalars(
        loss=partial(graph, made, VALUES),
        batch=(np.array([made.inputs]),),
        reduce=None,
        written=lambda f, _, inputs: graph(made, f, inputs),
    )


@dataclass(frozen=True)
class Chain:
    """x = tanh(x·a + b), again and again."""

    rounds: int

    def __call__(self, inputs: Sequence[Value]) -> Any:
        return self.over(VALUES, inputs)

    def over(self, f: Functions, inputs: Sequence[Any]) -> Any:
        """The same over the numbers of any engine."""
        x, a, b = inputs
        for _ in range(self.rounds):
            x = f.tanh(x * a + b)
        return x


def chain(tiny: bool) -> Scalars:
    loss = Chain(10 if tiny else ROUNDS)
    return Scalars(
        loss=loss,
        batch=(np.array([[0.3, 1.0, 0.01]]),),
        reduce=None,
        written=lambda f, _, inputs: loss.over(f, inputs),
    )


def pytorch(scalars: Scalars) -> Entrant:
    torch, functions = import_module("torch"), rivals.torch_functions()
    numbers = scalars.batch[0][0].tolist()

    def run() -> tuple[Any, list[Any]]:
        inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
        z = scalars.written(functions, {}, inputs)
        z.backward()
        return z, inputs

    def results() -> Array:
        z, inputs = run()
        return answer(z.item(), [[x.grad.item() for x in inputs]])

    return Entrant(run, results)


def chain_of_floats(scalars: Scalars) -> Entrant:
    """Two loops over plain floats."""
    assert isinstance(scalars.loss, Chain)
    start, a, b = scalars.batch[0][0].tolist()
    rounds = scalars.loss.rounds
    tanh = math.tanh

    def run() -> tuple[float, float, float, float]:
        x = start
        states = [x]
        for _ in range(rounds):
            x = tanh(x * a + b)
            states.append(x)
        g, da, db = 1.0, 0.0, 0.0
        for i in range(rounds, 0, -1):
            z = states[i]
            g *= 1.0 - z * z
            da += g * states[i - 1]
            db += g
            g *= a
        return x, g, da, db

    return Entrant(run, lambda: np.array(run()))


def jax_chain(scalars: Scalars) -> Entrant:
    """The chain as a loop for the compiler; written out, its graph takes JAX minutes."""
    assert isinstance(scalars.loss, Chain)
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    rounds = scalars.loss.rounds

    def loss(inputs: Array) -> Any:
        x, a, b = inputs
        return jax.lax.scan(lambda x, _: (jnp.tanh(x * a + b), None), x, length=rounds)[0]

    function = jax.jit(jax.vmap(jax.value_and_grad(loss)))
    batch = jnp.asarray(scalars.batch[0])
    return Entrant(
        lambda: jax.block_until_ready(function(batch)), lambda: np.concatenate([*map(np.ravel, function(batch))])
    )


RACE: Final = Race(
    heading="value and gradient of graphs without any matrix",
    unit="ms",
    cases=(
        Case(
            title=f"a random graph of {NODES:,} nodes and {INPUTS} inputs",
            scalars=random_graph,
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender("ours, recorded each time", eager_entrant),
                Contender("PyTorch", pytorch, "torch"),
            ),
            units=1e3,
            most=0.9,
        ),
        Case(
            title=f"a chain of {3 * ROUNDS:,} nodes",
            scalars=chain,
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender("plain floats, by hand", chain_of_floats),
                Contender("ours, recorded each time", eager_entrant),
                Contender("PyTorch", pytorch, "torch"),
                Contender("JAX, jitted scan", jax_chain, "jax"),
            ),
            units=1e3,
            most=0.18,
        ),
    ),
    notes=("The random graph, and the chain written out, have no row for JAX: it compiles each for minutes.",),
)
