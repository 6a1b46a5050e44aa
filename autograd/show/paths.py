"""The paths from the root of a tape down to one of its nodes: how many there are, and the largest of them.

>>> from autograd import Tape, Value
>>> from autograd.show.paths import Ways
>>> x = Value(3.0)
>>> ways = Ways(Tape(x * x + 2 * x), 0)
>>> ways.count, [path.product for path in ways.largest_first(10)]
(3, [3.0, 3.0, 2.0])

Two facts about each node are enough for that: the number of paths from it, and the largest product along one of them.
A path is then told by its turns, the nodes where it leaves the largest one.
"""

import heapq
import itertools
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from autograd.engine.tape import Tape
from autograd.engine.value import Value

FULL: Final = 512
"""A count of paths is a float times 2 to a multiple of this power, so that no node keeps a number of many digits."""
UNITS: Final = 1e9
"""Logs are whole numbers of billionths. Their sums are exact, so that rounding makes no equal paths unequal."""
LEAST: Final = -1e6 * UNITS
"""The log of zero, finite so that other factors still count."""


@dataclass(frozen=True)
class Path:
    """One way from the root to a node below it."""

    nodes: tuple[Value, ...]
    """From the root to that node."""
    partials: tuple[float, ...]
    """The local derivative of each node by the next."""

    @property
    def product(self) -> float:
        """The part of the gradient that flows along this path."""
        return math.prod(self.partials)


class _Turn(NamedTuple):
    """A node at which a path leaves the largest one that is left from there."""

    place: int
    edge: int
    """The edge that it takes instead, by its position in `Tape.operands`."""
    before: "_Turn | None"
    """The turn above."""


class Ways:
    """All paths from the first root of a tape down to a target. Its memory is a few numbers for each node."""

    def __init__(self, tape: Tape, target: int) -> None:
        self._tape, self._target, self._start = tape, target, tape.roots[0]
        size = len(tape)
        self._counts = array("d", [0.0]) * size
        """The number of paths from each node to the target, divided by 2 to the power of FULL times `_fulls`."""
        self._fulls = array("i", [0]) * size
        self._sizes = array("d", [0.0]) * size
        """The log of the largest product along one of these paths."""
        self._best = array("i", [-1]) * size
        """The edge with which that path begins."""
        self._forks = array("i", [-1]) * size
        """The first node of that path, from here on, from which there are other ways; -1 if there is none."""
        self._counts[target] = 1.0
        for place in range(target + 1, self._start + 1):
            if edges := self._edges(place):
                self._enter(place, edges)

    @property
    def count(self) -> int:
        """The number of paths: exact up to 2⁵³, and above right to the digits of a float."""
        number, fulls = self._counts[self._start], self._fulls[self._start]
        return int(math.ldexp(number, FULL)) << FULL * (fulls - 1) if fulls else int(number)

    @property
    def places(self) -> list[int]:
        """The places of the nodes from which a path leads to the target, and its own."""
        return [place for place in range(self._target, self._start + 1) if self._counts[place]]

    def largest_first(self, most: int) -> Iterator[Path]:
        """At most so many paths, by the sizes of their products, largest first."""
        order = itertools.count()
        # How much smaller the log of the product is than that of the largest one, and the last turn of the path.
        queue: list[tuple[float, int, _Turn | None]] = [(0.0, next(order), None)]
        for left in range(min(most, self.count) - 1, -1, -1):
            smaller, _, turn = heapq.heappop(queue)
            yield self._path(turn)
            further = ((smaller + by, next(order), after) for by, after in self._turns(turn))
            for item in heapq.nsmallest(left, further):
                heapq.heappush(queue, item)
            if len(queue) > 2 * left:
                queue = heapq.nsmallest(left, queue)

    def _edges(self, place: int) -> list[int]:
        """The edges of a node, by their positions in `Tape.operands`, that are part of a path."""
        tape, first = self._tape, self._tape.starts[place]
        operands, counts = tape.operands, self._counts
        return [first + i for i in tape.passes_on(place) if counts[operands[first + i]]]

    def _enter(self, place: int, edges: Sequence[int]) -> None:
        operands = [self._tape.operands[edge] for edge in edges]
        if len(edges) == 1:  # What follows gives the same and is slower, and most nodes of a deep graph are such.
            k = operands[0]
            self._counts[place], self._fulls[place] = self._counts[k], self._fulls[k]
            self._forks[place] = self._forks[k]
            self._sizes[place], self._best[place] = self._size(edges[0]), edges[0]
            return
        fulls = max([self._fulls[k] for k in operands])
        count = sum([math.ldexp(self._counts[k], FULL * (self._fulls[k] - fulls)) for k in operands])
        full = count >= 2.0**FULL
        self._counts[place], self._fulls[place] = math.ldexp(count, -FULL * full), fulls + full
        sizes = [self._size(edge) for edge in edges]
        self._sizes[place] = size = max(sizes)
        self._best[place] = edges[sizes.index(size)]
        self._forks[place] = place

    def _size(self, edge: int) -> float:
        """The log of the largest product along a path that begins with this edge."""
        return _log_size(self._tape.partials[edge]) + self._sizes[self._tape.operands[edge]]

    def _turns(self, turn: _Turn | None) -> Iterator[tuple[float, _Turn]]:
        """The further turns of a path, below its last one, and by how much each makes the log smaller."""
        operands = self._tape.operands
        place = self._forks[self._start if turn is None else operands[turn.edge]]
        while place >= 0:
            for edge in self._edges(place):
                if edge != self._best[place]:
                    yield self._sizes[place] - self._size(edge), _Turn(place, edge, turn)
            place = self._forks[operands[self._best[place]]]

    def _path(self, turn: _Turn | None) -> Path:
        turns: dict[int, int] = {}
        while turn is not None:
            turns[turn.place] = turn.edge
            turn = turn.before
        tape, place = self._tape, self._start
        nodes, partials = [tape.node(place)], []
        while place != self._target:
            edge = turns.get(place, self._best[place])
            place = tape.operands[edge]
            nodes.append(tape.node(place))
            partials.append(tape.partials[edge])
        return Path(tuple(nodes), tuple(partials))


def _log_size(partial: float) -> float:
    """The log of the absolute value; nan and infinity come first, because they are what one looks for."""
    if partial == 0.0:
        return LEAST
    return float(round(math.log(abs(partial)) * UNITS)) if math.isfinite(partial) else -LEAST
