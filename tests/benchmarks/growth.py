"""The fifth work: the cost of a node in graphs of a thousand to ten million nodes, each in its own process."""

import random
from array import array
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final, Protocol

from autograd import Value, topological_order
from tests.benchmarks import memory, timing

LAYERS: Final = 15
FRESH: Final = 300_000
"""The least number of nodes that are made before any is freed, in memory that the process has not used before."""
LEAST_FOR_BYTES: Final = 100_000
"""The least number of nodes whose memory is measured: Python gets a megabyte at a time from the system."""


class Shape(Protocol):
    """A graph to build: `nodes` is its number of nodes, and `build` makes it.

    `look_up` does the program's other work, and `clear` drops its references.
    """

    nodes: int

    def build(self) -> Value: ...

    def look_up(self) -> None: ...

    def clear(self) -> None: ...


class Chain:
    """A chain of v·w + w. With w = -1 the values and derivatives neither grow nor shrink."""

    def __init__(self, nodes: int) -> None:
        self.pairs = (nodes - 2) // 2
        self.nodes = 2 + 2 * self.pairs

    def build(self) -> Value:
        w, v = Value(-1.0), Value(0.5)
        for _ in range(self.pairs):
            v = v * w
            v = v + w
        return v

    def look_up(self) -> None:
        pass

    def clear(self) -> None:
        pass


class WideSum:
    """A sum of leaves, added one by one."""

    def __init__(self, nodes: int) -> None:
        self.sums = (nodes - 1) // 2
        self.nodes = 1 + 2 * self.sums

    def build(self) -> Value:
        v = Value(0.25)
        for _ in range(self.sums):
            v = v + Value(0.25)
        return v

    def look_up(self) -> None:
        pass

    def clear(self) -> None:
        pass


class RandomGraph:
    """Layers of products and quotients of two earlier nodes, with the sum of the last layer as root.

    One operand is in the previous layer, shifted by a random offset, so that the root depends on every node; the other
    is any earlier node. The leaves are 1 and -1, so every value and local derivative is 1 or -1 too.
    """

    def __init__(self, nodes: int) -> None:
        rng = random.Random(nodes)
        self.width = width = (nodes + 1) // (LAYERS + 1)
        self.nodes = width * (LAYERS + 1) - 1
        self.signs = array("b", (rng.choice((-1, 1)) for _ in range(width)))
        self.first, self.second = array("I"), array("I")
        for layer in range(1, LAYERS):
            shift, start = rng.randrange(width), layer * width
            self.first.extend(start - width + (i + shift) % width for i in range(width))
            self.second.extend(int(rng.random() * (start + i)) for i in range(width))
        # Made first, because its eight bytes a node don't belong to the engine.
        self.made: list[Value | None] = [None] * (width * LAYERS)

    def build(self) -> Value:
        made: list[Any] = self.made
        for i, sign in enumerate(self.signs):
            made[i] = Value(sign)
        for i, (first, second) in enumerate(zip(self.first, self.second, strict=True), self.width):
            made[i] = made[first] * made[second] if i % 2 else made[first] / made[second]
        root: Value = made[-1]
        for i in range(2, self.width + 1):
            root = root + made[-i]
        return root

    def look_up(self) -> None:
        made = self.made
        for first, second in zip(self.first, self.second, strict=True):
            made[first], made[second]

    def clear(self) -> None:
        for i in range(len(self.made)):
            self.made[i] = None


SHAPES: Final[Mapping[str, Callable[[int], Shape]]] = {"chain": Chain, "wide sum": WideSum, "random": RandomGraph}


def results(shape: str, nodes: int) -> dict[str, Any]:
    """The value and every gradient; ValueError if the graph has another number of nodes than `nodes`."""
    planned = SHAPES[shape](nodes)
    root = planned.build()
    root.backward()
    order = topological_order(root)
    if len(order) != planned.nodes:
        raise ValueError(f"{shape}: {len(order)} nodes, where {planned.nodes} were planned")
    return {"results": [root.data, *(v.grad for v in order)]}


def measure_round(shape: str, nodes: int, collector: bool, fresh: bool, again: float) -> dict[str, Any]:
    """Seconds per node to build and to go backward, the same in used memory, and bytes per node.

    With fresh, graphs are built until they have FRESH nodes, and then all go backward. Then they are freed, and in
    their memory one graph is built, goes backward and is freed, again and again for the given number of seconds.
    """
    planned = SHAPES[shape](nodes)
    count = max(1, FRESH // planned.nodes) if fresh else 1
    with timing.collector(collector):
        before = memory.resident()
        start = perf_counter()
        roots = [planned.build() for _ in range(count)]
        built = perf_counter()
        held = memory.grown(before, memory.resident())
        restart = perf_counter()
        for root in roots:
            root.backward()
        swept = perf_counter()
        peak = memory.grown(before, memory.peak())
        planned.look_up()
        looked = perf_counter()
        planned.look_up()
        relooked = perf_counter()
        roots.clear()
        used, repeats = 0.0, 0
        while used < again:
            begun = perf_counter()
            root = planned.build()
            root.backward()
            used, repeats = used + perf_counter() - begun, repeats + 1
            del root
            planned.clear()
    total = count * planned.nodes
    known = total >= LEAST_FOR_BYTES
    return {
        "nodes": planned.nodes,
        "build": (built - start) / total,
        "backward": (swept - restart) / total,
        "again": used / repeats / planned.nodes if repeats else None,
        "look_ups": (relooked - looked) / planned.nodes if shape == "random" else None,
        "held": held / total if known and held is not None else None,
        "peak": peak / total if known and peak is not None else None,
    }
