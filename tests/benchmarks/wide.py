"""The fourth work: one example, forward and backward, through a 784-500-400-10 network, in its own process."""

import math
import random
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeVar

from autograd import Value
from tests.benchmarks import memory, timing
from tests.benchmarks.contender import MissingRivalError, Scalar, count_nodes, require
from tests.benchmarks.network import Network, WeightedSum, fused, initial_parameters, one_by_one
from tests.benchmarks.plain import Plain

Operands = Callable[[Scalar], Sequence[Scalar]]
T = TypeVar("T")

TARGET: Final = 2
RECURSION_LIMIT: Final = 1_000_000
STACK: Final = 1 << 29
"""The stack size of a thread in which micrograd's sort can recurse as deep as this graph."""


class Engine(NamedTuple):
    """The class of an engine's nodes, its neuron, and the attribute with the operands of a node."""

    value: Callable[[float], Scalar]
    weigh: WeightedSum
    operands: Operands
    recurses: bool = False


def _exp(v: Scalar) -> Scalar:
    z = math.exp(v.data)
    return _micrograd_node(v, z, z)


def _log(v: Scalar) -> Scalar:
    return _micrograd_node(v, math.log(v.data), 1.0 / v.data)


def _micrograd_node(v: Scalar, z: float, dz: float) -> Scalar:
    node = type(v)(z, (v,))
    node._backward = partial(_push, v, node, dz)
    return node


def _push(v: Scalar, node: Scalar, dz: float) -> None:
    v.grad += dz * node.grad


def _micrograd() -> Engine:
    require("micrograd")
    value = import_module("micrograd.engine").Value
    # micrograd has neither exp nor log, and its other operations return this class.
    value.exp, value.log = _exp, _log
    return Engine(value, one_by_one, lambda v: tuple(v._prev), recurses=True)


ENGINES: Final[Mapping[str, Callable[[], Engine]]] = {
    "ours": lambda: Engine(Value, one_by_one, lambda v: v.operands),
    "ours with dot": lambda: Engine(Value, fused, lambda v: v.operands),
    "plain": lambda: Engine(Plain, one_by_one, lambda v: v.operands),
    "micrograd": _micrograd,
}


def sizes(quick: bool) -> tuple[int, ...]:
    return (8, 6, 5, 3) if quick else (784, 500, 400, 10)


def example(quick: bool) -> list[float]:
    """The brightness of each pixel; about a fifth of them are not 0, as in MNIST."""
    rng = random.Random(3)
    return [max(0.0, rng.uniform(-4.0, 1.0)) for _ in range(sizes(quick)[0])]


def network_of(engine: Engine, quick: bool) -> Network:
    parameters = initial_parameters(sizes(quick), lambda inputs: inputs**-0.5, random.Random(4))
    return Network(engine.value, sizes(quick), parameters, engine.weigh)


def loss_of(network: Network, pixels: Sequence[float]) -> Scalar:
    """The cross-entropy of the scores, -log softmax, shifted by the greatest score as a constant."""
    scores = network(pixels)
    greatest = max(score.data for score in scores)
    shifted = [score - greatest for score in scores]
    return sum(score.exp() for score in shifted).log() - shifted[TARGET]


def deep(function: Callable[[], T]) -> T:
    """Call a function where Python may recurse very far."""
    found: list[T] = []
    limit, stack = sys.getrecursionlimit(), threading.stack_size(STACK)
    sys.setrecursionlimit(RECURSION_LIMIT)
    try:
        thread = threading.Thread(target=lambda: found.append(function()))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(stack)
    return found[0]


def _called(name: str, function: Callable[[Engine], dict[str, Any]]) -> dict[str, Any]:
    try:
        engine = ENGINES[name]()
    except MissingRivalError as error:
        return {"missing": str(error)}
    return deep(partial(function, engine)) if engine.recurses else function(engine)


def results(engine: str, quick: bool) -> dict[str, Any]:
    """The loss, the gradient and the number of nodes of the graph."""
    return _called(engine, partial(_results, quick))


def _results(quick: bool, engine: Engine) -> dict[str, Any]:
    network = network_of(engine, quick)
    loss = loss_of(network, example(quick))
    loss.backward()
    numbers = [float(loss.data), *(float(p.grad) for p in network.parameters())]
    return {"results": numbers, "nodes": count_nodes(loss, engine.operands)}


def measure_round(engine: str, quick: bool, collector: bool) -> dict[str, Any]:
    """The seconds of the first example of this process, its memory before the example, and its peak."""
    return _called(engine, partial(_measure_round, quick, collector))


def _measure_round(quick: bool, collector: bool, engine: Engine) -> dict[str, Any]:
    pixels = example(quick)
    network = network_of(engine, quick)
    with timing.collector(collector):
        baseline = memory.resident()
        start = perf_counter()
        loss_of(network, pixels).backward()
        seconds = perf_counter() - start
    return {"seconds": seconds, "baseline": baseline, "peak": memory.peak()}
