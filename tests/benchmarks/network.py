"""Layers of neurons for the nodes of any engine, with the same sequence of operations as micrograd's nn."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from autograd import dot
from tests.benchmarks.contender import Scalar


class Neuron(NamedTuple):
    """A neuron: a weight for each input, and a bias."""

    weights: list[Scalar]
    bias: Scalar


WeightedSum: TypeAlias = Callable[[Neuron, Sequence[Scalar]], Scalar]


def one_by_one(neuron: Neuron, xs: Sequence[Scalar]) -> Scalar:
    """w·x + b, summed one by one from the bias."""
    return sum((w * x for w, x in zip(neuron.weights, xs, strict=True)), neuron.bias)


def fused(neuron: Neuron, xs: Sequence[Scalar]) -> Scalar:
    """w·x + b with our one node for all products."""
    return dot(neuron.weights, xs) + neuron.bias


class Network:
    """ReLU layers of the given sizes, inputs first; the last is linear.

    Parameters are numbered as in micrograd: neuron by neuron, the weights and then the bias.
    """

    def __init__(
        self, value: Callable[[float], Scalar], sizes: Sequence[int], parameters: Iterable[float], weigh: WeightedSum
    ) -> None:
        numbers = map(value, parameters)
        self.weigh = weigh
        self.layers = [
            [Neuron([next(numbers) for _ in range(inputs)], next(numbers)) for _ in range(outputs)]
            for inputs, outputs in pairwise(sizes)
        ]

    def __call__(self, xs: Sequence[Scalar]) -> list[Scalar]:
        weigh = self.weigh
        *hidden, last = self.layers
        for layer in hidden:
            xs = [weigh(neuron, xs).relu() for neuron in layer]
        return [weigh(neuron, xs) for neuron in last]

    def parameters(self) -> list[Scalar]:
        return [p for layer in self.layers for neuron in layer for p in (*neuron.weights, neuron.bias)]


def initial_parameters(sizes: Sequence[int], span: Callable[[int], float], rng: random.Random) -> Iterator[float]:
    """Uniform weights within ±span(number of inputs), and biases of zero, as `Network` numbers them."""
    for inputs, outputs in pairwise(sizes):
        for _ in range(outputs):
            for _ in range(inputs):
                yield rng.uniform(-span(inputs), span(inputs))
            yield 0.0
