"""Random scalar programs with structure, from a seed, and their eager results.

>>> import numpy as np
>>> program = RandomProgram(3)
>>> examples = program.draw_inputs(np.random.default_rng(0), 2)
>>> values, by_parameters, by_inputs = eager(program, examples, program.draw_parameters(np.random.default_rng(1)))
>>> values.shape, by_parameters.shape == (2, len(program.parameters)), by_inputs.shape == examples.shape
((2,), True, True)

A program is a list of blocks (see `blocks`), each with a seed of its own, so that blocks can be left out to find the
smallest program that shows a fault. The structure depends on the seed alone, never on data.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Tape, Value, losses, mean, total
from autograd.engine.functions import log_softmax_at
from tests.compiler.blocks import BLOCKS, WEIGHTS, WILD
from tests.compiler.building import Builder, Vector, weighed

Array: TypeAlias = NDArray[np.float64]
Nested: TypeAlias = Any
"""A Value, or a list of such."""

WILD_SHARE: Final = 0.2
"""Of the seeds: their inputs are edge values, and some of their blocks make inf and nan."""
HUGE_SHARE: Final = 0.25
"""Of these: their edge values include numbers near the largest."""
TIES_SHARE: Final = 0.4
"""Of the examples and parameters of a wild program: they are multiples of ½, so that sums of them tie and are zero."""
EDGES: Final = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.0, 1.0)
HUGE: Final = (1e308, -1e308, 1e200, 1e-308, 5e-324)


class Piece(NamedTuple):
    """One input of a program."""

    shape: tuple[int, ...]
    mask: bool
    """Whether its numbers are 0 or 1."""


class Plan(NamedTuple):
    """The parts of a program."""

    seed: int
    pieces: tuple[Piece, ...]
    blocks: tuple[tuple[str, int], ...]
    """Names and seeds."""
    losses: tuple[tuple[str, int], ...]
    """Names and seeds of the terms of the loss."""
    outputs: int
    """The seed of what the outputs are."""
    wild: bool
    huge: bool
    anchored: bool = False
    """Whether a parameter is added to the loss because it depends on none, which `compile` refuses."""


class Graph(NamedTuple):
    """A program that was built on numbers."""

    inputs: list[Nested]
    leaves: Vector
    """Those of the inputs, flat."""
    parameters: Vector
    loss: Value
    outputs: Vector


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    rng = Random(f"plan {seed}")
    wild = rng.random() < WILD_SHARE
    pieces = [Piece(_shape(rng), rng.random() < 0.15) for _ in range(rng.randint(1, 3))]
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    # Few blocks drawn several times give more regular programs.
    if rng.random() < 0.3:
        names = rng.choices(names, weights, k=3)
        weights = [1] * 3
    drawn = rng.choices(names, weights, k=rng.randint(1, 9))
    if wild:
        drawn = [rng.choice(WILD) if rng.random() < 0.4 else name for name in drawn]
    terms = tuple((rng.choice(list(TERMS)), rng.randrange(10**9)) for _ in range(rng.randint(2, 5)))
    blocks = tuple((name, rng.randrange(10**9)) for name in drawn)
    return Plan(seed, tuple(pieces), blocks, terms, rng.randrange(10**9), wild, wild and rng.random() < HUGE_SHARE)


def _shape(rng: Random) -> tuple[int, ...]:
    kind = rng.random()
    if kind < 0.2:
        return ()
    if kind < 0.75:
        return (rng.randint(1, 8),)
    return (rng.randint(1, 4), rng.randint(1, 4))


# ── the terms of a loss ──


def _squares(b: Builder, v: Vector) -> Value:
    return sum((x * x for x in v), 0.0) * 0.1  # type: ignore[return-value]


def _cross_entropy(b: Builder, v: Vector) -> Value:
    if len(v) == 1:  # The loss refuses a single class.
        return -log_softmax_at(v, 0)
    if len(b.masks) >= len(v) and b.chance(0.5):
        return losses.cross_entropy(v, b.masks[: len(v)])
    return losses.cross_entropy(v, b.between(0, len(v) - 1))


def _mse(b: Builder, v: Vector) -> Value:
    targets = b.leaves if len(b.leaves) >= len(v) and b.chance(0.7) else [b.number() for _ in v]
    return b.one_of((losses.mse, losses.squared_error, losses.huber, losses.l1))(v, targets[: len(v)])


TERMS: Final[dict[str, Callable[[Builder, Vector], Value]]] = {
    "sum of squares": _squares,
    "sum of tanh": lambda b, v: total(x.tanh() for x in v),
    "mean": lambda b, v: mean(v),
    "cross-entropy": _cross_entropy,
    "log-likelihood": lambda b, v: -log_softmax_at(v, b.between(0, len(v) - 1)),
    "mse": _mse,
    "binary": lambda b, v: losses.binary_cross_entropy_with_logits(v, [float(i % 2) for i in range(len(v))]),
    "hinge": lambda b, v: losses.hinge(v, [1.0 - 2.0 * (i % 2) for i in range(len(v))]),
    "one": lambda b, v: b.one_of(v),
    "read-out": lambda b, v: weighed(b, b.weights(len(v)), v, b.between(0, 6)),
}


# ── building ──


def nest(flat: Sequence[Any], shape: tuple[int, ...]) -> Nested:
    """The items in nested lists of a shape, which is () for one bare item."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0]
    return [nest(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def flat(nested: Nested) -> list[Any]:
    """The items of nested lists in order; the inverse of `nest`."""
    return [v for part in nested for v in flat(part)] if isinstance(nested, (list, tuple)) else [nested]


def build(plan: Plan, leaves: Sequence[Value], parameter_at: Callable[[int], Value]) -> Graph:
    """Record the program on these leaves and parameters."""
    b = Builder(Random(0), leaves, parameter_at)
    inputs: list[Nested] = []
    first = 0
    for piece in plan.pieces:
        size = int(np.prod(piece.shape, dtype=int))
        part = list(leaves[first : first + size])
        first += size
        inputs.append(nest(part, piece.shape))
        if piece.mask:
            b.masks += part
        else:
            b.vectors.append(part[:10])
            b.sizes.append(1.5)
        if len(piece.shape) == 2:
            b.sequences.append(inputs[-1])
    b.vectors[0] = b.vectors[0][:10]
    b.wild = plan.wild
    for name, seed in plan.blocks:
        b.rng = Random(seed)
        BLOCKS[name](b)
    terms = []
    for name, seed in plan.losses:
        b.rng = Random(seed)
        terms.append(TERMS[name](b, b.vector()))
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    if plan.anchored:
        loss = loss + 0.3 * b.parameters[-1].tanh()
    b.rng = Random(plan.outputs)
    return Graph(inputs, list(leaves), b.parameters, loss, [x for _ in range(b.between(1, 2)) for x in b.vector(5)])


def _reaches(loss: Value, leaves: Vector) -> bool:
    tape = Tape(loss)
    return any(v in tape for v in leaves)


class RandomProgram:
    """The program of a seed or of a plan, recorded once on numbers of its own."""

    def __init__(self, seed: int | Plan, numbers: int = 0) -> None:
        self.plan = plan_of(seed) if isinstance(seed, int) else seed
        rng = np.random.default_rng((numbers, self.plan.seed))
        row = self.draw_inputs(rng, 1, usual=True)[0]
        graph = build(self.plan, [Value(x) for x in row.tolist()], lambda place: Value(rng.uniform(-0.7, 0.7)))
        if graph.parameters and not self.plan.anchored and not _reaches(graph.loss, graph.parameters):
            self.__init__(self.plan._replace(anchored=True), numbers)  # type: ignore[misc]
            return
        self.inputs, self.leaves, self.parameters, self.loss, self.outputs = graph

    def tape(self) -> Tape:
        """The graph of the loss and the outputs."""
        return Tape(self.loss, *self.outputs)

    def draw_inputs(self, rng: np.random.Generator, n: int, *, usual: bool = False) -> Array:
        """n examples, flat; with edge values among them in a wild program."""
        columns = []
        for piece in self.plan.pieces:
            size = int(np.prod(piece.shape, dtype=int))
            columns.append(rng.integers(0, 2, (n, size)) * 1.0 if piece.mask else rng.uniform(-1.5, 1.5, (n, size)))
        examples = np.concatenate(columns, axis=1)
        if self.plan.wild and not usual:
            edges = np.array(EDGES + HUGE if self.plan.huge else EDGES)
            # Few at a time: a nan would hide everything else. Some examples have none, to see that they stay clean.
            count = rng.integers(0, 3, n)
            for row, k in zip(examples, count, strict=True):
                if rng.random() < TIES_SHARE:
                    row[:] = np.round(2.0 * row) / 2.0
                row[rng.integers(0, examples.shape[1], k)] = rng.choice(edges, k)
        return examples

    def draw_parameters(self, rng: np.random.Generator) -> Array:
        drawn: Array = rng.uniform(-0.7, 0.7, len(self.parameters))
        if self.plan.wild and rng.random() < TIES_SHARE:
            drawn = np.round(2.0 * drawn) / 2.0
        if len(drawn) and rng.random() < 0.2:
            drawn[rng.integers(0, len(drawn), 2)] = rng.choice([0.0, 1.0, -1.0], 2)
        return drawn

    def arrays(self, examples: Array) -> list[Array]:
        """Examples in one array for each input, of the shape (n, *shape)."""
        parts, first = [], 0
        for piece in self.plan.pieces:
            size = int(np.prod(piece.shape, dtype=int))
            parts.append(examples[:, first : first + size].reshape(len(examples), *piece.shape))
            first += size
        return parts

    def flat(self, parts: Sequence[Array], n: int) -> Array:
        """The inverse of `arrays`."""
        return np.concatenate([np.asarray(part).reshape(n, -1) for part in parts], axis=1)

    def graph(self, x: Sequence[float], parameters: Sequence[float]) -> Graph:
        """The program recorded on other numbers."""
        leaves = [Value(number) for number in x]
        return build(self.plan, leaves, lambda place: Value(float(parameters[place])))


def eager(program: RandomProgram, examples: Array, parameters: Array) -> tuple[Array, Array, Array]:
    """The values (N,), the gradients of the parameters (N, P) and of the inputs (N, nin), one graph an example."""
    values, by_parameters, by_inputs = [], [], []
    for x in examples.tolist():
        graph = program.graph(x, parameters.tolist())
        graph.loss.backward()
        values.append(graph.loss.data)
        by_parameters.append([p.grad for p in graph.parameters])
        by_inputs.append([v.grad for v in graph.leaves])
    shape = (len(examples), len(program.parameters))
    return np.array(values), np.array(by_parameters).reshape(shape), np.array(by_inputs).reshape(examples.shape)


def eager_outputs(program: RandomProgram, examples: Array, parameters: Array) -> Array:
    """The outputs (N, number of outputs)."""
    return np.array([[v.data for v in program.graph(x, parameters.tolist()).outputs] for x in examples.tolist()])
