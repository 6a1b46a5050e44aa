"""Measures how long the layout of a picture takes: many shapes of graphs of at most 200 nodes, drawn as SVG.

`python -m tests.benchmarks.drawing_race` prints the slowest picture of each shape, and fails if one takes longer than
2 seconds. `--attribute nslimit=1` draws with attributes of Graphviz in place of those that `haste` chooses.
"""

import argparse
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Final, NamedTuple

from autograd import Tape, Value, draw, total
from autograd.functional import grad_graph
from autograd.show.pictures.picture import render
from tests.benchmarks.progress import Progress

NODES: Final = 200
LIMIT: Final = 2.0
"""Seconds that a picture may take."""
SEEDS: Final = 5
"""Graphs of each shape that are drawn unless others are asked for; the first is as large as it may be."""


class Layout(NamedTuple):
    """One picture that was drawn."""

    seconds: float
    nodes: int
    edges: int
    seed: int


def chain(rng: random.Random, nodes: int) -> Value:
    """s = s + x over and over: one leaf that all steps share."""
    x = s = Value(1.0)
    operation = rng.choice([Value.__add__, Value.__mul__, Value.__sub__])
    for _ in range(nodes - 2):
        s = operation(s, x)
    return s


def several_chains(rng: random.Random, nodes: int) -> Value:
    """A chain whose steps share a few leaves in turn."""
    leaves = [Value(1.0) for _ in range(rng.randint(2, 8))]
    s = leaves[0]
    for i in range(nodes - len(leaves) - 1):
        s = s * leaves[i % len(leaves)] if rng.random() < 0.5 else leaves[i % len(leaves)] + s
    return s


def star(rng: random.Random, nodes: int) -> Value:
    """One leaf that many terms of one sum use."""
    x = Value(0.5)
    terms = [rng.choice([Value.exp, Value.tanh, Value.sin])(x * Value(0.1)) for _ in range((nodes - 1) // 5)]
    return sum(terms[1:], terms[0]) if rng.random() < 0.5 else total(terms)


def grid(rng: random.Random, nodes: int) -> Value:
    """Each cell is made of the one above and the one on its left."""
    width = rng.randint(3, 14)
    above = [Value(0.1) for _ in range(width)]
    for _ in range((nodes - width) // width):
        row = [above[0].tanh()]
        for cell in above[1:]:
            row.append(row[-1] * cell)
        above = row
    return above[-1]


def tree(rng: random.Random, nodes: int) -> Value:
    """Leaves that are added or multiplied two by two."""
    level = [Value(1.0) for _ in range(nodes // 2)]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [a + b if rng.random() < 0.5 else a * b for a, b in pairs] + level[len(level) // 2 * 2 :]
    return level[0]


def bipartite(rng: random.Random, nodes: int) -> Value:
    """Layers in which every number uses every one of the layer before."""
    width = rng.randint(3, 13)
    layer = [Value(0.1) for _ in range(width)]
    while True:
        nodes -= 2 * width
        layer = [total(layer).tanh() for _ in range(width)]
        if nodes < 4 * width:
            return total(layer)


def network(rng: random.Random, nodes: int) -> Value:
    """A perceptron of scalars with weights, as by hand."""
    width = rng.randint(2, 6)
    layer = [Value(0.1) for _ in range(width)]
    while nodes > width * width * 3:
        layer = [total([Value(0.2) * x for x in layer]).tanh() for _ in range(width)]
        nodes -= width * (2 * width + 2)
    return total(layer)


def cell(rng: random.Random, nodes: int) -> Value:
    """A recurrent cell, unrolled: each step uses the same weights."""
    size = rng.randint(1, 3)
    w = [[Value(0.3) for _ in range(size)] for _ in range(size)]
    u, b = [Value(0.1) for _ in range(size)], [Value(0.0) for _ in range(size)]
    h = [Value(0.0) for _ in range(size)]
    for _ in range(max(1, nodes // (2 * size * (size + 2)))):
        x = Value(1.0)
        h = [(sum((w[i][j] * h[j] for j in range(size)), u[i] * x) + b[i]).tanh() for i in range(size)]
    return total(h)


def gradients(rng: random.Random, nodes: int) -> Value:
    """A derivative as a graph."""
    x = Value(0.5)
    y = x
    for _ in range(nodes // 12):
        y = rng.choice([Value.tanh, Value.exp, Value.sin])(y) * x
    return grad_graph(y, [x])[0]


def anything(rng: random.Random, nodes: int) -> Value:
    """Operands drawn among all nodes, or among the latest."""
    made = [Value(0.5) for _ in range(rng.randint(1, 10))]
    reach = rng.choice([2, 5, 20, 200])
    while len(made) < nodes - 1:
        a, b = (rng.choice(made[-reach:]) for _ in range(2))
        made.append(a * b if rng.random() < 0.7 else a.tanh())
    return total(made[-reach:])


SHAPES: Final[Mapping[str, Callable[[random.Random, int], Value]]] = {
    shape.__name__.replace("_", " "): shape
    for shape in (chain, several_chains, star, grid, tree, bipartite, network, cell, gradients, anything)
}


def graph(shape: str, seed: int) -> Value:
    """The root of a graph that the seed decides; the seed 0 makes it as large as a picture may be."""
    rng = random.Random(f"{shape} {seed}")
    return SHAPES[shape](rng, NODES if seed == 0 else rng.randint(20, NODES))


def measure(shape: str, seed: int, attributes: Sequence[str] = ()) -> Layout:
    """Draw one graph as SVG; RuntimeError if that takes a minute."""
    root = graph(shape, seed)
    start = perf_counter()
    drawing = draw(root, partials=seed % 2 == 1, max_nodes=NODES)
    if attributes:
        render(drawing.dot, "svg", args=[f"-G{attribute}" for attribute in attributes])
    else:
        drawing.svg()
    seconds = perf_counter() - start
    return Layout(seconds, len(Tape(root)), drawing.dot.count(" -> "), seed)


def slowest(seeds: int, attributes: Sequence[str], progress: Progress) -> dict[str, Layout]:
    """The slowest picture of each shape."""
    worst = {}
    for shape in SHAPES:
        progress.work(shape)
        worst[shape] = max(measure(shape, seed, attributes) for seed in range(seeds))
    return worst


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the slowest picture of each shape; 1 if one takes too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.drawing_race", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"graphs of each shape; {SEEDS}")
    parser.add_argument("--attribute", action="append", default=[], metavar="NAME=VALUE", help="in place of haste")
    options = parser.parse_args(arguments)
    worst = slowest(options.seeds, options.attribute, Progress())
    for shape, layout in sorted(worst.items(), key=lambda item: -item[1].seconds):
        size = f"{layout.nodes:,} nodes, {layout.edges:,} edges of the picture, seed {layout.seed}"
        print(f"{layout.seconds:6.2f} s  {shape:<14}  {size}")
    return int(max(layout.seconds for layout in worst.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
