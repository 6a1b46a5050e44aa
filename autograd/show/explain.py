"""Why a gradient is what it is: the sum over all paths of the products of local derivatives.

>>> from autograd import Value, explain
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.label = "y"
>>> explain(y, x)
∂y/∂x = 8, the sum over 3 paths
  6 = 2 × 3   y ← v1 ← x, in 2 ways
  2 = 2   y ← v3 ← x

Paths are never walked to be counted: a graph may have more of them than there are atoms.
"""

import heapq
import itertools
import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias

from autograd.arguments import whole
from autograd.engine import graph
from autograd.engine.value import Value
from autograd.show.lines import added
from autograd.show.names import Names
from autograd.wording import FEW, WIDTH, brief, ends

SHOWN: Final = 8
"""Paths that are written out, unless more are asked for."""
ADDED_UP: Final = 1000
"""Up to so many paths are added up one by one."""
LOST: Final = 1e-12
"""A difference that is smaller than this share of its terms is rounding."""
LEAST: Final = -1e6
"""The log of zero, finite so that other factors still count."""


@dataclass(frozen=True)
class Path:
    """One way from the root down to a number: the nodes on it, and the local derivative of each by the next."""

    nodes: tuple[Value, ...]
    partials: tuple[float, ...]

    @property
    def product(self) -> float:
        """What it contributes to the gradient."""
        return math.prod(self.partials)


@dataclass(frozen=True, repr=False)
class Explanation:
    """A gradient as a sum over paths: the largest of them, how many there are, and what the others add up to."""

    root: Value
    wrt: Value
    gradient: float
    """∂root/∂wrt, as a sweep finds it."""
    count: int
    """How many paths there are."""
    paths: tuple[Path, ...]
    """The largest, by the size of their products, largest first."""
    remainder: float
    """What the others add up to; nan where that can't be told beside the size of these."""
    _names: Names = field(compare=False)

    def __repr__(self) -> str:
        names = self._names
        its = f"∂{names[self.root]}/∂{names[self.wrt]} = {brief(self.gradient)}"
        if not self.count:
            return f"{its}: no path leads from {names[self.root]} to {names[self.wrt]}"
        if not self.paths[0].partials:
            return f"{its}: it is the number itself"
        lines = [f"{its}, {'along the only path' if self.count == 1 else f'the sum over {_many(self.count)} paths'}"]
        for path, ways in Counter(self.paths).items():
            text = _product(path.partials)
            text = f"({text})" if ways > 1 and text.startswith("-") else text
            total = f"{brief(ways * path.product + 0.0)} = " + (f"{ways} × {text}" if ways > 1 else text)
            way = " ← ".join(ends([names[v] for v in path.nodes]))
            line = f"{total}   {way}{f', in {ways} ways' if ways > 1 else ''}"
            lines += textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent=" " * 8, break_long_words=False)
        if self.count > len(self.paths):
            others = _many(self.count - len(self.paths))
            if math.isnan(self.remainder):
                lines.append(f"  what {others} others add up to can't be told beside these")
            else:
                lines.append(f"  {brief(self.remainder)} along {others} others")
        return "\n".join(lines)


def explain(root: Value, wrt: Value | str, *, most: int = SHOWN) -> Explanation:
    """∂root/∂wrt as the sum over the paths from root to wrt, the largest `most` of them written out.

    wrt is a Value of the graph, interior ones too, or its name. TypeError for what is no Value, ValueError for what is
    not in the graph and a `most` below 1.
    """
    if not isinstance(root, Value):
        raise TypeError(f"explain takes the Value whose gradient it is, not {type(root).__name__}")
    most = whole("most", most)
    names = Names(root)
    target = names.find(wrt) if isinstance(wrt, str) else wrt
    if not isinstance(target, Value):
        raise TypeError(f"explain: wrt is a Value or its name, not {type(target).__name__}")
    if target not in names:
        raise ValueError(f"{target!r} is no part of the graph of {names[root]}, so nothing leads there")
    sweep = graph.interior(root, through_detached=False)
    counts, sizes = _below(sweep, target)
    number, gradient = counts.get(root, 0), _gradient(root, target, sweep)
    found = _largest_first(root, target, sizes) if number else iter(())
    paths = tuple(islice(found, most))
    return Explanation(root, target, gradient, number, paths, _remainder(gradient, paths, number, found), names)


def _remainder(gradient: float, shown: Sequence[Path], number: int, others: Iterator[Path]) -> float:
    if number <= ADDED_UP:
        return added([path.product for path in others])
    products = [path.product for path in shown]
    rest = gradient - added(products)
    size = added([abs(p) for p in products])
    return rest if math.isfinite(rest) and abs(rest) > LOST * size else math.nan


def _gradient(root: Value, wrt: Value, sweep: list[Value]) -> float:
    """As `backward` adds it up, and without touching a grad."""
    grads = {root: 1.0}
    for node in reversed(sweep):
        above = grads.get(node, 0.0)
        for operand, partial in graph.edges(node):
            grads[operand] = grads.get(operand, 0.0) + above * partial
    return grads.get(wrt, 0.0)


def _below(sweep: list[Value], wrt: Value) -> tuple[dict[Value, int], dict[Value, float]]:
    """Of every number that leads to wrt: by how many paths, and the log of the largest product along one."""
    counts, sizes = {wrt: 1}, {wrt: 0.0}
    for node in sweep:
        ways = [(operand, _log_size(partial)) for operand, partial in graph.edges(node) if operand in counts]
        if ways:
            counts[node] = sum(counts[operand] for operand, _ in ways)
            sizes[node] = max(size + sizes[operand] for operand, size in ways)
    return counts, sizes


def _largest_first(root: Value, wrt: Value, sizes: dict[Value, float]) -> Iterator[Path]:
    """Paths by the size of their products, largest first: the best beginning is always gone on with."""
    order = itertools.count()
    # What a beginning may come to at best, its length, and the beginning itself, its last node in front.
    queue: list[tuple[float, int, int, float, _Beginning]] = [(-sizes[root], 0, next(order), 0.0, (root, 1.0, None))]
    while queue:
        _, length, _, size, way = heapq.heappop(queue)
        if way[0] is wrt:
            yield _path(way)
            continue
        for operand, partial in graph.edges(way[0]):
            if operand in sizes:
                longer = size + _log_size(partial)
                # Of equals the longest goes first; a digit of rounding must not make them unequal.
                at_best = round(-(longer + sizes[operand]), 9)
                heapq.heappush(queue, (at_best, length - 1, next(order), longer, (operand, partial, way)))


_Beginning: TypeAlias = "tuple[Value, float, _Beginning | None]"


def _path(way: "_Beginning") -> Path:
    nodes, partials = [], []
    step: _Beginning | None = way
    while step is not None:
        node, partial, step = step
        nodes.append(node)
        partials.append(partial)
    return Path(tuple(reversed(nodes)), tuple(reversed(partials[:-1])))


def _log_size(partial: float) -> float:
    """What is nan or infinite is the largest of all: that is what one looks for."""
    if partial == 0.0:
        return LEAST
    return math.log(abs(partial)) if math.isfinite(partial) else -LEAST


# ── as text ──


def _product(factors: Sequence[float]) -> str:
    """The factors written out, but for those of 1."""
    partials = [p for p in factors if p != 1.0] or [1.0]
    hidden = partials[FEW // 2 : -FEW // 2] if len(partials) > FEW else ()
    texts = ends([brief(p) for p in partials], f"({{:,}} more: {brief(math.prod(hidden))})")
    return " · ".join(f"({text})" if text.startswith("-") and i else text for i, text in enumerate(texts))


def _many(n: int) -> str:
    """A count, however large.

    >>> _many(12), _many(2**1000)
    ('12', 'about 1.07e301')
    """
    if n < 10**15:
        return f"{n:,}"
    bits = max(n.bit_length() - 60, 0)
    log = math.log10(n >> bits) + bits * math.log10(2.0)
    return f"about {10.0 ** (log % 1.0):.2f}e{int(log)}"
