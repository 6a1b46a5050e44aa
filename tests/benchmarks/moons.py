"""The second work: one training step of a small network on two moons, as in micrograd's demo."""

import math
import random
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from operator import attrgetter
from time import perf_counter
from typing import Final, NamedTuple

from autograd import Value
from tests.benchmarks.contender import Contender, Program, Scalar, Work, count_nodes
from tests.benchmarks.network import Network, WeightedSum, fused, initial_parameters, one_by_one

ALPHA: Final = 1e-4
RATE: Final = 0.1


class Task(NamedTuple):
    """The sizes of the layers, their first parameters, the points and their labels."""

    sizes: tuple[int, ...]
    parameters: list[float]
    points: list[list[float]]
    labels: list[float]


def task(quick: bool) -> Task:
    sizes, count = ((2, 4, 1), 6) if quick else ((2, 16, 16, 1), 100)
    rng = random.Random(1)
    points, labels = [], []
    for i in range(count):
        turn = math.pi * rng.random()
        x, y = math.cos(turn), math.sin(turn)
        above = i % 2 == 0
        x, y = (x, y) if above else (1.0 - x, 0.5 - y)
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        labels.append(1.0 if above else -1.0)
    return Task(sizes, list(initial_parameters(sizes, lambda inputs: 1.0, rng)), points, labels)


def loss_of(
    value: Callable[[float], Scalar],
    network: Callable[[list[Scalar]], Scalar],
    parameters: Sequence[Scalar],
    task: Task,
) -> Scalar:
    inputs = [list(map(value, point)) for point in task.points]
    scores = list(map(network, inputs))
    losses = [(1 + -y * score).relu() for y, score in zip(task.labels, scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in parameters)


def scalar_program(
    value: Callable[[float], Scalar],
    network: Callable[[list[Scalar]], Scalar],
    parameters: Sequence[Scalar],
    task: Task,
    operands: Callable[[Scalar], Sequence[Scalar]],
) -> Program:
    def run() -> Scalar:
        loss = loss_of(value, network, parameters, task)
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad
        return loss

    def results() -> list[float]:
        return [run().data, *(p.grad for p in parameters), *(p.data for p in parameters)]

    return Program(run, results, count_nodes(loss_of(value, network, parameters, task), operands))


def _ours(quick: bool, weigh: WeightedSum) -> Program:
    moons = task(quick)
    network = Network(Value, moons.sizes, moons.parameters, weigh)
    return scalar_program(Value, lambda xs: network(xs)[0], network.parameters(), moons, lambda v: v.operands)


def ours(quick: bool) -> Program:
    return _ours(quick, one_by_one)


def ours_with_dot(quick: bool) -> Program:
    return _ours(quick, fused)


def micrograd(quick: bool) -> Program:
    moons = task(quick)
    value = import_module("micrograd.engine").Value
    network = import_module("micrograd.nn").MLP(moons.sizes[0], list(moons.sizes[1:]))
    parameters = network.parameters()
    for p, number in zip(parameters, moons.parameters, strict=True):
        p.data = number
    return scalar_program(value, network, parameters, moons, attrgetter("_prev"))


def _matrices(task: Task) -> list[list[list[float]]]:
    """A matrix for each layer, with a row for each neuron and its bias last."""
    numbers = iter(task.parameters)
    return [[[next(numbers) for _ in range(n + 1)] for _ in range(m)] for n, m in pairwise(task.sizes)]


def pytorch(quick: bool) -> Program:
    torch = import_module("torch")
    torch.set_num_threads(1)
    moons = task(quick)
    points = torch.tensor(moons.points, dtype=torch.float64)
    labels = torch.tensor(moons.labels, dtype=torch.float64)
    matrices = [torch.tensor(matrix, dtype=torch.float64, requires_grad=True) for matrix in _matrices(moons)]

    def run() -> Scalar:
        xs = points
        for matrix in matrices[:-1]:
            xs = torch.relu(xs @ matrix[:, :-1].T + matrix[:, -1])
        scores = (xs @ matrices[-1][:, :-1].T + matrices[-1][:, -1])[:, 0]
        loss = torch.relu(1 - labels * scores).mean() + ALPHA * sum((m * m).sum() for m in matrices)
        for matrix in matrices:
            matrix.grad = None
        loss.backward()
        with torch.no_grad():
            for matrix in matrices:
                matrix -= RATE * matrix.grad
        return loss

    def results() -> list[float]:
        loss = run().item()
        grads = [g for m in matrices for g in m.grad.flatten().tolist()]
        return [loss, *grads, *(p for m in matrices for p in m.flatten().tolist())]

    return Program(run, results)


def jax(quick: bool) -> Program:
    jax = import_module("jax")
    numpy = import_module("jax.numpy")
    moons = task(quick)
    points, labels = numpy.array(moons.points), numpy.array(moons.labels)

    def loss_of_matrices(matrices: Scalar) -> Scalar:
        xs = points
        for matrix in matrices[:-1]:
            xs = jax.nn.relu(xs @ matrix[:, :-1].T + matrix[:, -1])
        scores = (xs @ matrices[-1][:, :-1].T + matrices[-1][:, -1])[:, 0]
        return jax.nn.relu(1 - labels * scores).mean() + ALPHA * sum((m * m).sum() for m in matrices)

    @jax.jit  # type: ignore[untyped-decorator]
    def step(matrices: Scalar) -> Scalar:
        loss, grads = jax.value_and_grad(loss_of_matrices)(matrices)
        return loss, grads, [m - RATE * g for m, g in zip(matrices, grads, strict=True)]

    matrices = [numpy.array(matrix) for matrix in _matrices(moons)]
    start = perf_counter()
    jax.block_until_ready(step(matrices))
    compile_seconds = perf_counter() - start

    def run() -> Scalar:
        nonlocal matrices
        loss, grads, matrices = jax.block_until_ready(step(matrices))
        return loss, grads

    def results() -> list[float]:
        loss, grads = run()
        return [float(loss), *(float(x) for rows in (*grads, *matrices) for x in rows.ravel())]

    return Program(run, results, compile_seconds=compile_seconds)


WORK: Final = Work(
    name="moons",
    heading="one training step of a 2-16-16-1 ReLU network on 100 points, as in micrograd's demo; time per step",
    unit="ms",
    units_per_second=1e3,
    contenders=(
        Contender(name="ours, {build}", make=ours, in_every_build=True),
        Contender(name="ours, {build}, with dot", make=ours_with_dot, in_every_build=True),
        Contender(name="micrograd", make=micrograd, needs="micrograd", in_every_build=True),
        Contender(name="PyTorch (vectorised)", make=pytorch, needs="torch"),
        Contender(name="JAX, jitted (vectorised)", make=jax, needs="jax"),
    ),
    notes=(
        "A step is forward, max-margin loss with its l2 term, zero gradients, backward and SGD update, on all points. "
        "with dot: the products of a neuron are one node of ours. vectorised: matrices, which is another program.",
    ),
)
