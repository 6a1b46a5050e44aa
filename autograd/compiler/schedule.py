"""Nodes that do the same, gathered into groups that run one after another.

A node may wait for others of its kind as long as nobody needs it, so that the work of different positions or time
steps meets in one group.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, PARAMETER, Integers, Mask, Scalars
from autograd.operations import operation

CLASSES: Final = ("p", "p", "u", "u", "v", "v", "x", "x", "c", "")
"""The space of an operand by its class; an even class passes gradients on, the odd one after it doesn't."""
PASSING: Final = (0, 2, 4, 6)
CONSTANT_CLASS: Final = 8
COMMON: Final = 8
"""So many different numbers are told apart in a graph of many; the less common ones are an operand like any other."""


class Group(NamedTuple):
    """Nodes of one signature, in ascending order."""

    name: str
    """That of their operation, or "linear"."""
    nodes: NDArray[np.intp]


@dataclass
class Schedule:
    """The groups in the order in which they run, and the classes of all nodes as operands."""

    groups: list[Group]
    classes: NDArray[np.int8]
    pairs: NDArray[np.int64]
    """For each term of a linear node, the classes of its factors, as 10·left + right; the right is no less."""
    biased: Mask
    """Whether each node is a sum of several weighted nodes or inputs, and of a single weight."""
    users: Mapping[int, list[int]]
    """For each node that is no leaf, the nodes that read it."""
    guards: Integers
    """The guards of nodes, as those of the graph."""
    trusts: bool
    """Whether nodes go without their guards, so that an infinity or a nan may get into a branch that isn't taken."""

    def __str__(self) -> str:
        return "\n".join(f"{len(nodes)} × {name}: {_ranges(nodes)}" for name, nodes in self.groups)


def _ranges(nodes: NDArray[np.intp]) -> str:
    """Ascending numbers as text, such as 3, 5–9."""
    parts = np.split(nodes, np.flatnonzero(np.diff(nodes) != 1) + 1)
    texts = [f"{part[0]}" if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts[:6]]
    return ", ".join(texts) + (", …" if len(parts) > 6 else "")


def scheduled(g: Scalars, wanted: str, *, exact: bool = False) -> Schedule:
    """The groups of a graph, where the gradients of "parameters", "inputs", "both" or "nothing" are wanted.

    With `exact`, all guards are kept, and linear nodes with different ones are in different groups.
    """
    deps = _operands(g)
    classes = _classes(g, deps, wanted)
    pairs = _pairs(g, classes)
    guards = np.full(len(g), ONE, np.int32) if g.guards is None else g.guards
    trusted = g.tame is not None and not exact and g.tame & (guards != ONE)
    guards = np.where(trusted, ONE, guards).astype(np.int32)
    signatures = _signatures(g, classes, pairs, guards, exact)
    biased = _biased(g, pairs)
    inner = np.flatnonzero(g.kind >= LINEAR).tolist()
    users: dict[int, list[int]] = {v: [] for v in inner}
    for v in inner:
        for operand in deps[v]:
            users[operand].append(v)
    groups = _queued(signatures, deps, users)
    return Schedule(groups, classes, pairs, biased, users, guards, bool(np.any(trusted)))


def _biased(g: Scalars, pairs: NDArray[np.int64]) -> Mask:
    """Whether each node is a row of weights with its bias, which is the parameter after the last of the weights."""
    weights = np.isin(pairs // 10, (0, 1)) & np.isin(pairs % 10, (4, 5, 6, 7))
    alone = np.isin(pairs, (9, 19))
    last, bias = np.full(len(g), -1), np.full(len(g), -1)
    np.maximum.at(last, g.owner[weights], g.leaf[g.left[weights]])
    bias[g.owner[alone]] = g.leaf[g.left[alone]]
    return np.asarray((g.counts(weights) > 1) & (g.counts(alone) == 1) & (bias == last + 1))


def _operands(g: Scalars) -> dict[int, list[int]]:
    """For each node that is no leaf, the nodes that are none and that it reads, each once."""
    inner = g.kind >= LINEAR
    left, right = inner[g.left], (g.right != ONE) & inner[g.right]
    owner = np.concatenate([g.owner[left], g.owner[right]]).astype(np.int64)
    pairs = np.sort(owner * len(g) + np.concatenate([g.left[left], g.right[right]]))
    pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]  # np.unique takes five times as long.
    owner, operand = pairs // len(g), (pairs % len(g)).tolist()
    nodes = np.flatnonzero(inner)
    ends = np.searchsorted(owner, nodes, "right").tolist()
    starts = np.searchsorted(owner, nodes, "left").tolist()
    return {v: operand[s:e] for v, s, e in zip(nodes.tolist(), starts, ends, strict=True)}


def _classes(g: Scalars, deps: dict[int, list[int]], wanted: str) -> NDArray[np.int8]:
    """The class of each node as an operand; the last one is that of a factor that is missing."""
    n = len(g)
    of_parameters, of_inputs = wanted in ("parameters", "both"), wanted in ("inputs", "both")
    classes = np.full(n + 1, 9, np.int8)  # The last one is that of ONE.
    classes[:n][g.kind == CONSTANT] = 8
    classes[:n][g.kind == PARAMETER] = 0 if of_parameters else 1
    classes[:n][g.kind == INPUT] = 6 if of_inputs else 7
    reads = {kind: g.counts(g.reads(kind)) > 0 for kind in (PARAMETER, INPUT)}
    lanes, passes = reads[INPUT].tolist(), ((reads[PARAMETER] & of_parameters) | (reads[INPUT] & of_inputs)).tolist()
    starts, detached = g.starts, {*g.of("detach").tolist()}
    branches = {v: g.left[starts[v] + 1 : starts[v] + 3].tolist() for v in g.of("where").tolist()}
    known: list[int] = classes.tolist()
    for v, operands in deps.items():
        own = {known[d] for d in operands}
        space = 4 if lanes[v] or not own.isdisjoint((4, 5, 7)) else 2
        stopped = not passes[v] and not any(c % 2 == 0 for c in own)
        if v in branches:
            stopped = not any(known[x] in PASSING for x in branches[v])
        elif v in detached:
            space, stopped = known[int(g.left[starts[v]])] // 2 * 2, True
        known[v] = space + stopped
    # No gradient comes to a node that detached nodes alone read, such as the greatest of a softmax.
    reached = np.zeros(n, bool)
    reached[g.roots[:1]] = True
    for v, operands in reversed(deps.items()):
        if reached[v] and v not in detached:
            reached[branches.get(v, operands)] = True
        elif not reached[v]:
            known[v] |= 1
    return np.array(known, np.int8)


def _pairs(g: Scalars, classes: NDArray[np.int8]) -> NDArray[np.int64]:
    """The classes of the factors of each term; factors are swapped so that the left class is no greater."""
    a, b = classes[g.left].astype(np.int64), classes[g.right].astype(np.int64)
    swap = g.in_linear & (a > b)
    g.left, g.right = np.where(swap, g.right, g.left), np.where(swap, g.left, g.right)
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    # A weight of a constant counts among the weights of nodes or of inputs, where its row has such.
    padding = b == CONSTANT_CLASS
    for kind in (4, 5, 6, 7) if padding.any() else ():
        joined = padding & (g.counts((a < 2) & (b == kind)) > 0)[g.owner]
        b = np.where(joined, kind, b)
        padding &= ~joined
    # The first state of a sequence is made of constants, and the later ones are nodes.
    first = padding & (g.counts(padding) > 1)[g.owner] & np.isin(classes[g.owner], (4, 5))
    b = np.where(first, classes[g.owner], b)
    return np.where(g.in_linear, a * 10 + b, -1)


def _signatures(
    g: Scalars, classes: NDArray[np.int8], pairs: NDArray[np.int64], guards: Integers, exact: bool
) -> list[tuple[Any, ...]]:
    """Nodes of one signature may run together; its first item is the name."""
    told = _told_apart(g)
    linear = _linear_signatures(g, pairs, told)
    signatures: list[tuple[Any, ...]] = [()] * len(g)
    starts = g.starts.tolist()
    of_guard = np.where(guards == ONE, ONE, classes[guards] // 2).tolist()
    for v in np.flatnonzero(g.kind >= LINEAR).tolist():
        if g.kind[v] == LINEAR:
            guard = int(guards[v]) if exact else of_guard[v]
            signatures[v] = ("linear", linear.get(v), _told(g.number[v], told), int(classes[v]), guard)
            continue
        name, operands = g.operations[g.code[v]], g.left[starts[v] : starts[v + 1]].tolist()
        row: list[Any] = [int(classes[x]) for x in operands]
        if operation(name).of_sequences:
            row = sorted({*row})
        else:
            row = [_told(g.number[x], told) if g.kind[x] == CONSTANT else c for x, c in zip(operands, row, strict=True)]
        signatures[v] = (name, int(classes[v]), of_guard[v], *row)
    return signatures


def _told_apart(g: Scalars) -> set[float]:
    """The numbers that make signatures differ."""
    read = np.concatenate([np.flatnonzero(g.kind == LINEAR), g.left[g.kind[g.left] == CONSTANT]])
    numbers, counts = np.unique(np.concatenate([g.number[read], g.coefficient]), return_counts=True)
    common = numbers[counts > np.sort(counts)[-COMMON - 1]] if len(numbers) > 4 * COMMON else numbers
    return {*common.tolist(), 0.0, 1.0, -1.0, 2.0, 0.5}


def _told(x: float, told: set[float]) -> str:
    return float(x).hex() if x in told else "number"


def _linear_signatures(g: Scalars, pairs: NDArray[np.int64], told: set[float]) -> dict[int, tuple[object, ...]]:
    """For each linear node, for each pair of classes: how many terms, and their coefficient if it is one."""
    terms = np.flatnonzero(g.in_linear)
    key = g.owner[terms].astype(np.int64) * 100 + pairs[terms]
    order = np.argsort(key, kind="stable")
    kinds, first, counts = np.unique(key[order], return_index=True, return_counts=True)
    if not len(kinds):
        return {}
    coefficient = g.coefficient[terms[order]]
    ends = [f.reduceat(coefficient, first).tolist() for f in (np.minimum, np.maximum)]
    rows: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for k, count, least, most in zip(kinds.tolist(), counts.tolist(), *ends, strict=True):
        rows[k // 100].append((k % 100, count, _told(least, told) if least == most else "number"))
    signatures: dict[int, tuple[object, ...]] = {}
    for v, row in rows.items():
        (pair, _, number), *more = row
        # Rows of any length may be completed to the longest.
        ragged = not more and number != "number" and pair // 10 in (4, 5) and pair % 10 in (4, 5, 9)
        signatures[v] = (pair, "any", number) if ragged else tuple(row)
    return signatures


def _queued(
    signatures: Sequence[tuple[Any, ...]], deps: dict[int, list[int]], users: Mapping[int, list[int]]
) -> list[Group]:
    """All groups, in an order in which they can run.

    Nodes of one signature and one depth are a group: none of them needs another of them. The depth of a node is how
    many nodes of its own signature lie on a way to it. A group runs when all its nodes can. If each group waits for a
    part of another one, a part of one runs.
    """
    level, depth = _levels(signatures, deps)
    group_of = {v: (signatures[v], depth[v]) for v in deps}
    waiting = {v: len(operands) for v, operands in deps.items()}
    left = Counter(group_of.values())  # How many nodes of a group have not run.
    ready: dict[tuple[Any, int], list[int]] = defaultdict(list)
    whole: list[tuple[int, int]] = []  # The level and the first node of each group that can run.
    done: list[Group] = []

    def make_ready(v: int) -> None:
        key = group_of[v]
        ready[key].append(v)
        if len(ready[key]) == left[key]:
            heappush(whole, (level[v], v))

    for v, count in waiting.items():
        if not count:
            make_ready(v)
    while ready:
        key = group_of[heappop(whole)[1]] if whole else min(ready, key=lambda key: min(level[v] for v in ready[key]))
        nodes = sorted(ready.pop(key))
        left[key] -= len(nodes)
        done.append(Group(key[0][0], np.array(nodes, np.intp)))
        for v in nodes:
            for user in users[v]:
                waiting[user] -= 1
                if not waiting[user]:
                    make_ready(user)
    return done


def _levels(signatures: Sequence[tuple[Any, ...]], deps: dict[int, list[int]]) -> tuple[dict[int, int], dict[int, int]]:
    """For each node how many nodes, and how many of its signature, lie on the longest way to it."""
    numbers = {s: i for i, s in enumerate({signatures[v]: None for v in deps})}
    row_of = {v: i for i, v in enumerate(deps)}
    own = [numbers[signatures[v]] for v in deps]
    counts = np.zeros((len(row_of), len(numbers) + 1), np.int32)
    for row, k, operands in zip(counts, own, deps.values(), strict=True):
        if operands:
            counts[[row_of[d] for d in operands]].max(axis=0, out=row)
        row[[k, -1]] += 1
    depth = counts[np.arange(len(row_of)), own]
    return dict(zip(row_of, counts[:, -1].tolist(), strict=True)), dict(zip(row_of, depth.tolist(), strict=True))
