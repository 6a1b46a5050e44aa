"""The growth of the cost of every public function with the graph: the exponents of time and of memory.

A cost of c·nᵉ has the exponent e. It is 1 for a linear cost, a little more for n·log n, and 2 for a quadratic one.
"""

import copy
import math
import pickle
import random
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any, Final, NamedTuple, TypeAlias

import autograd
from autograd import Stepper, Tape, Value, nn, state, topological_order, total
from autograd.check import gradcheck
from tests.benchmarks import timing

SIZE: Final = 900
"""Nodes or parameters of the larger of two graphs or models; cheap functions get more, so that they can be timed."""
LEAST: Final = 40
"""The same with --quick."""
FACTOR: Final = 4
"""By which the smaller one is smaller."""
RUNS: Final = 2
"""The quickest of so many counts: whatever else the machine does only makes a run slower."""
LINEAR: Final = 1.2
"""An exponent up to it is that of n·log n. Above, it is measured again, because the machine may have been at fault."""
TRIES: Final = 4
CLOCK: Final = 1e-6
"""Seconds below which the clock tells nothing."""

Shape: TypeAlias = Callable[[Value, int], Value]
"""Makes a graph of about so many nodes with that leaf, and returns its root."""


# ── graphs ──


def chain(x: Value, nodes: int) -> Value:
    """Each node has one operand, the one before."""
    for _ in range(nodes):
        x = x.sin()
    return x


def wide_sum(x: Value, nodes: int) -> Value:
    """One node has all others as its operands."""
    return total([x, *(Value(1.0 / i) for i in range(1, nodes))])


def star(x: Value, nodes: int) -> Value:
    """All nodes have the same operand."""
    return total([(x * i).tanh() for i in range(nodes // 2)])


def diamonds(x: Value, nodes: int) -> Value:
    """Each node is both operands of the next but one, so the number of paths doubles."""
    for _ in range(nodes // 2):
        x = (x + x) * 0.5
    return x


def shared_sum(x: Value, nodes: int) -> Value:
    """One sum, and the log of its quotient with each of its terms. The last term is not made as the others are."""
    terms = [x, *(Value(1.0 / i).exp() for i in range(1, nodes // 4)), Value(2.0)]
    divisor = total(terms)
    return total([(term / divisor).log() for term in terms])


def tree(x: Value, nodes: int) -> Value:
    """Each node is an operand of one other node."""
    level = [x, *(Value(-1.0) for _ in range(1, nodes // 2))]
    while len(level) > 1:
        level = [level[i] * level[i + 1] if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


def cells(x: Value, nodes: int) -> Value:
    """A recurrent cell, unrolled."""
    h, w, u = x, Value(0.5), Value(0.3)
    for _ in range(nodes // 4):
        h = (w * h + u * x).tanh()
    return h


def grid(x: Value, nodes: int) -> Value:
    """Each node is made of two neighbours."""
    side = round(math.sqrt(nodes / 2))
    row = [x] * side
    for _ in range(side):
        for i in range(side):
            row[i] = row[i - 1] * 0.5 + row[i]
    return row[-1]


SHAPES: Final[Mapping[str, Shape]] = {
    "chain": chain,
    "wide sum": wide_sum,
    "star": star,
    "diamonds": diamonds,
    "shared sum": shared_sum,
    "tree": tree,
    "cells": cells,
    "grid": grid,
}


# ── functions ──


class Graph(NamedTuple):
    """A graph, and the way to make it again."""

    root: Value
    leaf: Value
    shape: Shape
    nodes: int

    def function(self, x: Value) -> Value:
        """The root as a function of the leaf."""
        return self.shape(x, self.nodes)

    def overflow(self) -> Value:
        """The root if an infinity takes the place of the leaf."""
        return self.function(Value(800.0).exp())


def exhaust(steps: Iterable[object]) -> None:
    for _ in steps:
        pass


def walk_back(graph: Graph) -> None:
    """Take back all steps of a walk, and look at a gradient each time."""
    walk = Stepper(graph.root)
    walk.to(len(walk))
    while walk.position:
        walk.grad(graph.leaf)
        walk.back()


def run_to_the_leaf(graph: Graph) -> None:
    """Go from one step that touches the leaf to the next."""
    walk = Stepper(graph.root)
    while walk.position < len(walk):
        walk.run(until=graph.leaf)


class Function(NamedTuple):
    """A public function at work on a graph."""

    run: Callable[[Graph], object]
    times: float = 1.0
    """Its graphs are so many times as large."""
    needs: str = ""
    """The library without which it is left out."""


FUNCTIONS: Final[Mapping[str, Function]] = {
    "build": Function(lambda graph: graph.function(graph.leaf), 8),
    "backward": Function(lambda graph: graph.root.backward(), 16),
    "topological_order": Function(lambda graph: topological_order(graph.root), 16),
    "Tape": Function(lambda graph: Tape(graph.root), 8),
    "tree": Function(lambda graph: autograd.tree(graph.root), 4),
    "tree, all lines": Function(lambda graph: autograd.tree(graph.root, most=10**9)),
    "explain": Function(lambda graph: autograd.explain(graph.root, graph.leaf), 4),
    "explain, 50 paths": Function(lambda graph: autograd.explain(graph.root, "x", most=50)),
    "autopsy": Function(lambda graph: autograd.autopsy(graph.root), 4),
    "autopsy of an overflow": Function(lambda graph: autograd.autopsy(graph.overflow())),
    "Stepper": Function(lambda graph: repr(Stepper(graph.root)), 4),
    "Stepper, all steps": Function(lambda graph: exhaust(Stepper(graph.root))),
    "Stepper, all texts": Function(lambda graph: exhaust(map(str, Stepper(graph.root))), 0.3),
    "Stepper.back": Function(walk_back),
    "Stepper.to": Function(lambda graph: Stepper(graph.root).to("x"), 2),
    "Stepper.run": Function(run_to_the_leaf),
    "Stepper.draw": Function(lambda graph: Stepper(graph.root).draw(), 2),
    "draw": Function(lambda graph: autograd.draw(graph.root), 2),
    "draw, all nodes": Function(lambda graph: autograd.draw(graph.root, max_nodes=10**9), 0.3),
    "grad": Function(lambda graph: autograd.grad(graph.function)(0.5), 2),
    "grad_graph": Function(lambda graph: autograd.grad_graph(graph.root, [graph.leaf]), 2),
    "replay": Function(lambda graph: autograd.replay(graph.root, complex).grad(graph.leaf), 2),
    "gradcheck": Function(lambda graph: gradcheck(graph.function, [0.5]), 0.3),
    "copy": Function(lambda graph: copy.deepcopy(graph.root), 4),
    "pickle": Function(lambda graph: pickle.dumps(graph.root), 4),
    "pickle, all nodes": Function(lambda graph: pickle.dumps(topological_order(graph.root)), 4),
    "pickle, reversed": Function(lambda graph: pickle.dumps(topological_order(graph.root)[::-1]), 4),
    "compile": Function(lambda graph: autograd.compile(graph.root, graph.leaf).value_and_grad([0.5]), needs="numpy"),
}


def graph_of(shape: str, nodes: int) -> Graph:
    leaf = Value(0.5, label="x")
    return Graph(SHAPES[shape](leaf, nodes), leaf, SHAPES[shape], nodes)


# ── models ──


def model_of(parameters: int) -> nn.Module:
    return nn.Sequential(*(nn.Linear(9, 1, rng=random.Random(i)) for i in range(parameters // 10)))


def saved(model: nn.Module) -> None:
    """Save the parameters of a model and load them again."""
    with tempfile.TemporaryDirectory() as folder:
        state.save(model, Path(folder) / "model.safetensors")
        state.load(model, Path(folder) / "model.safetensors")


class ModelFunction(NamedTuple):
    """A public function at work on a model."""

    run: Callable[[nn.Module], object]
    needs: str = ""


MODEL_FUNCTIONS: Final[Mapping[str, ModelFunction]] = {
    "parameters": ModelFunction(lambda model: model.parameters()),
    "named_parameters": ModelFunction(lambda model: dict(model.named_parameters())),
    "zero_grad": ModelFunction(lambda model: model.zero_grad()),
    "state_dict": ModelFunction(lambda model: model.load_state_dict(model.state_dict())),
    "repr": ModelFunction(repr),
    "state.save": ModelFunction(saved, "safetensors"),
}


# ── measuring ──


def exponent(costs: Sequence[float]) -> float:
    """The exponent of a cost, from that of the smaller thing and that of the larger one."""
    small, large = costs
    return math.log(large / small) / math.log(FACTOR)


def time_exponent(runs: Sequence[Callable[[], object]]) -> float:
    """The exponent of the processor time of two runs, in turns, each of them once before."""
    taken: list[list[float]] = [[], []]
    with timing.collector(False):
        for _ in range(RUNS):
            for run, times in zip(runs, taken, strict=True):
                times.append(max(timing.seconds_for(run, 1, process_time), CLOCK))
    return exponent([*map(min, taken)])


def peak(run: Callable[[], object]) -> int:
    """The bytes that a run allocates at its peak."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def growth(run: Callable[[Any], object], make: Callable[[int], Any], size: int) -> dict[str, float]:
    """The exponents of the time and the memory of a function at work on things of that size and of a smaller one."""
    runs = [partial(run, make(nodes)) for nodes in (size // FACTOR, size)]
    # The memory first, because the first run also reads rules and fills caches.
    memory = exponent([peak(one) or 1 for one in runs])
    time = time_exponent(runs)
    for _ in range(TRIES - 1):
        time = min(time, time_exponent(runs)) if time > LINEAR else time
    return {"time": time, "memory": memory}


def measure_graphs(shape: str, quick: bool) -> dict[str, Any]:
    """The exponents of all functions on graphs of one shape, by the name of the function."""
    size = LEAST if quick else SIZE
    return {
        name: growth(f.run, partial(graph_of, shape), max(round(size * f.times), LEAST))
        for name, f in FUNCTIONS.items()
        if available(f.needs)
    }


def measure_models(quick: bool) -> dict[str, Any]:
    """The same of functions of models."""
    size = LEAST if quick else 4 * SIZE
    return {name: growth(f.run, model_of, size) for name, f in MODEL_FUNCTIONS.items() if available(f.needs)}


def available(library: str) -> bool:
    return not library or find_spec(library) is not None
