"""The third work: one training step of a GPT written as scalars, token by token."""

import math
import random
import string
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from autograd import Value
from tests.benchmarks.contender import Contender, Program, Scalar, Work, count_nodes
from tests.benchmarks.plain import Plain

Vector: TypeAlias = list[Scalar]
Matrix: TypeAlias = list[Vector]

BOUNDARY: Final = len(string.ascii_lowercase)
TOKENS: Final = BOUNDARY + 1
SMALLEST_MEAN_SQUARE: Final = 1e-5
RATE: Final = 0.01
DECAYS: Final = (0.9, 0.95)
EPSILON: Final = 1e-8


class Size(NamedTuple):
    """The size of the embeddings, the number of heads, the longest text, and the text."""

    width: int
    heads: int
    block: int
    document: str


TINY: Final = Size(width=4, heads=2, block=4, document="abc")
FULL: Final = Size(width=16, heads=4, block=16, document="scalars")


def initial_parameters(size: Size) -> dict[str, list[list[float]]]:
    rng = random.Random(2)
    width = size.width
    shapes = {
        "token": (TOKENS, width),
        "position": (size.block, width),
        "query": (width, width),
        "key": (width, width),
        "value": (width, width),
        "attended": (width, width),
        "widen": (4 * width, width),
        "narrow": (width, 4 * width),
        "output": (TOKENS, width),
    }
    return {
        name: [[rng.gauss(0.0, 0.08) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def product(matrix: Matrix, xs: Vector) -> Vector:
    return [sum(w * x for w, x in zip(row, xs, strict=True)) for row in matrix]


def sums(xs: Vector, ys: Vector) -> Vector:
    return [x + y for x, y in zip(xs, ys, strict=True)]


def rms_norm(xs: Vector) -> Vector:
    scale = (sum(x * x for x in xs) / len(xs) + SMALLEST_MEAN_SQUARE) ** -0.5
    return [x * scale for x in xs]


def softmax(xs: Vector) -> Vector:
    greatest = max(x.data for x in xs)
    exps = [(x - greatest).exp() for x in xs]
    total = sum(exps)
    return [e / total for e in exps]


def attend(query: Vector, keys: Matrix, values: Matrix) -> Vector:
    """The mean of the values, weighted by how well their keys match the query."""
    scale = 1.0 / math.sqrt(len(query))
    weights = softmax([score * scale for score in product(keys, query)])
    return [sum(w * v[i] for w, v in zip(weights, values, strict=True)) for i in range(len(query))]


class Network:
    """One layer that reads a text token by token and keeps the keys and values of the earlier tokens."""

    def __init__(self, parameters: dict[str, Matrix], heads: int) -> None:
        self.parameters = parameters
        width = len(parameters["query"])
        self.heads = [slice(i, i + width // heads) for i in range(0, width, width // heads)]
        self.keys: Matrix = []
        self.values: Matrix = []

    def read(self, token: int) -> Vector:
        """The scores of the tokens that may follow."""
        p = self.parameters
        xs = sums(p["token"][token], p["position"][len(self.keys)])

        normed = rms_norm(xs)
        query = product(p["query"], normed)
        self.keys.append(product(p["key"], normed))
        self.values.append(product(p["value"], normed))
        attended: Vector = []
        for head in self.heads:
            attended += attend(query[head], [k[head] for k in self.keys], [v[head] for v in self.values])
        xs = sums(xs, product(p["attended"], attended))

        hidden = [h.relu() for h in product(p["widen"], rms_norm(xs))]
        xs = sums(xs, product(p["narrow"], hidden))
        return product(p["output"], rms_norm(xs))


def loss_of(parameters: dict[str, Matrix], size: Size) -> Scalar:
    """The mean cross-entropy of each token given the earlier ones."""
    tokens = [BOUNDARY, *(string.ascii_lowercase.index(letter) for letter in size.document), BOUNDARY]
    network = Network(parameters, size.heads)
    count = min(size.block, len(tokens) - 1)
    losses = [-softmax(network.read(tokens[i]))[tokens[i + 1]].log() for i in range(count)]
    return sum(losses) / count


class Adam:
    """The update of the parameters in plain Python, from their data and grad."""

    def __init__(self, parameters: Sequence[Scalar]) -> None:
        self.parameters = parameters
        self.steps = 0
        self.means = [0.0] * len(parameters)
        self.squares = [0.0] * len(parameters)

    def step(self) -> None:
        self.steps += 1
        first, second = DECAYS
        for i, p in enumerate(self.parameters):
            g = p.grad
            self.means[i] = first * self.means[i] + (1.0 - first) * g
            self.squares[i] = second * self.squares[i] + (1.0 - second) * g * g
            mean = self.means[i] / (1.0 - first**self.steps)
            square = self.squares[i] / (1.0 - second**self.steps)
            p.data -= RATE * mean / (math.sqrt(square) + EPSILON)


def program(value: Callable[[float], Scalar], size: Size) -> Program:
    parameters = {
        name: [[value(x) for x in row] for row in matrix] for name, matrix in initial_parameters(size).items()
    }
    flat = [p for matrix in parameters.values() for row in matrix for p in row]
    adam = Adam(flat)

    def run() -> Scalar:
        loss = loss_of(parameters, size)
        for p in flat:
            p.grad = 0.0
        loss.backward()
        adam.step()
        return loss

    def results() -> list[float]:
        return [run().data, *(p.grad for p in flat), *(p.data for p in flat)]

    return Program(run, results, count_nodes(loss_of(parameters, size), attrgetter("operands")))


def ours(quick: bool) -> Program:
    return program(Value, TINY if quick else FULL)


def plain(quick: bool) -> Program:
    return program(Plain, TINY if quick else FULL)


WORK: Final = Work(
    name="gpt",
    heading="one training step of a GPT of scalars on a document of seven letters; time per step",
    unit="ms",
    units_per_second=1e3,
    contenders=(
        Contender(name="ours, {build}", make=ours, in_every_build=True),
        Contender(name="plain class", make=plain, in_every_build=True),
    ),
    notes=(
        "One layer, 16 wide, 4 heads, 27 tokens; forward token by token, cross-entropy, zero gradients, backward, "
        "Adam in plain Python. plain class: tests/benchmarks/plain.py, such as people write for themselves.",
    ),
)
