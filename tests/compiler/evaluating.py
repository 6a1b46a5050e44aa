"""A recorded graph run again on other floats, node by node, with rounding errors added on purpose if wanted.

>>> from autograd import Value
>>> x, p = Value(2.0), Value(3.0)
>>> Evaluator([x * p, x + 1.0], [x], [p]).run([5.0], [7.0])
Run(roots=[35.0, 6.0], by_parameters=[5.0], by_inputs=[7.0], extreme=False)

The eager result is one of many that are right: another order of a sum rounds otherwise. How far results then lie apart
is found out here, by runs whose every operation errs a little at random. It is also a compiler, of the simplest kind,
on which the judge of compilers is tried.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from autograd import Tape, Value
from autograd.engine.tape import CONSTANT_CODE
from autograd.formula.cases import rule
from tests.compiler.random_programs import Array, RandomProgram

LINEAR: Final = ("add", "subtract", "multiply", "total", "mean", "dot", "negative", "square")
"""The operations that a compiler may put in another order, and whose zeros may so get another sign."""
EXTREMA: Final = ("maximum", "minimum", "largest", "smallest", "relu", "clamp")
"""The operations that give either of two zeros."""
CHOOSING: Final = (*EXTREMA, "negative", "positive", "detach", "absolute", "sign", "where")
"""The operations that round nothing."""
GRID: Final = 2.0**10
"""Sums and products of small multiples of 1/GRID are exact in any order, so ties between them are no accidents."""
SATURATING: Final = ("tanh", "sigmoid", "erf")
"""Their derivatives are worked out from rounded values near 1, as 1 - z², so their errors are absolute."""
COARSE: Final = 1e-9
"""Greater errors are those of float32, in which plain numbers are rounded, too."""
HIGH: Final = 1e290
LARGE: Final = 1e145
"""The product of two such numbers may overflow, where a small third factor comes first in another order."""
LOW: Final = 1e-290
"""Beyond these, products and sums in another order may overflow or underflow on the way."""


class Run(NamedTuple):
    """One example: the roots, the gradients of the first root, and whether numbers came near the ends of the range."""

    roots: list[float]
    by_parameters: list[float]
    by_inputs: list[float]
    extreme: bool


class Errors:
    """Rounding errors of a size, relative; other signs of zeros, of this share of them.

    With `infinite`, an infinite sum of contributions is that instead: where two equal nodes are one, infinite
    contributions to them meet that never met before, or meet before they are multiplied.
    """

    def __init__(self, size: float = 0.0, seed: int = 0, *, flips: float = 0.0, infinite: float | None = None) -> None:
        self.size, self.flips, self.infinite = size, flips, infinite
        self._random = Random(seed)
        self._uniform = self._random.uniform

    def total(self, gradient: float, amount: float) -> float:
        z = gradient + amount
        return z if self.infinite is None or math.isfinite(z) else self.infinite

    def of(self, x: float) -> float:
        return x * (1.0 + self._uniform(-self.size, self.size)) if self.size else x

    def sign(self, x: float) -> float:
        return -x if self.flips and x == 0.0 and self._random.random() < self.flips else x


EXACT: Final = Errors()


class Evaluator:
    """The graph of some roots, to be run on other inputs and parameters."""

    def __init__(self, roots: Sequence[Value], leaves: Sequence[Value], parameters: Sequence[Value]) -> None:
        tape = Tape(*roots)
        self.tape = tape
        self.roots = tape.roots
        self.leaves = [tape.place(v) if v in tape else -1 for v in leaves]
        self.parameters = [tape.place(v) if v in tape else -1 for v in parameters]
        constants = [place for place in range(len(tape)) if tape.codes[place] == CONSTANT_CODE]
        self.rounded = [place for place in constants if np.float32(tape.data[place]) != tape.data[place]]
        """The plain numbers that float32 doesn't have."""
        self.steps = [
            (place, tape.operation(place), rule(tape.operation(place)), tape.operands_of(place))
            for place in range(len(tape))
            if tape.codes[place] > CONSTANT_CODE
        ]

    def run(self, x: Sequence[float], parameters: Sequence[float], errors: Errors = EXACT) -> Run:
        """The result for one example."""
        data = list(self.tape.data)
        for places, numbers in ((self.leaves, x), (self.parameters, parameters)):
            for place, number in zip(places, numbers, strict=True):
                if place >= 0:
                    data[place] = number
        for place in self.rounded if errors.size > COARSE else ():
            data[place] = errors.of(data[place])
        extreme = False
        partials: dict[int, list[float]] = {}
        for place, op, r, operands in self.steps:
            row = [data[k] for k in operands]
            z, partials[place] = r.on_floats(row)
            if op in SATURATING:
                partials[place] = [d + errors.of(1.0) - 1.0 for d in partials[place]]
            if op in (*LINEAR, *EXTREMA):
                z = errors.sign(z)
            if op in LINEAR:
                extreme = extreme or _is_extreme(z, row)
            data[place] = z if op in CHOOSING or (op in LINEAR and _is_exact(z, row)) else errors.of(z)
        gradients, also = self._sweep(partials, errors)
        by_parameters, by_inputs = (
            [gradients[k] if k >= 0 else 0.0 for k in places] for places in (self.parameters, self.leaves)
        )
        return Run([data[k] for k in self.roots], by_parameters, by_inputs, extreme or also)

    def _sweep(self, partials: dict[int, list[float]], errors: Errors) -> tuple[list[float], bool]:
        codes = self.tape.codes
        gradients = [0.0] * len(codes)
        reached = [False] * len(codes)
        gradients[self.roots[0]], reached[self.roots[0]] = 1.0, True
        extreme = False
        for place, op, _, operands in reversed(self.steps):
            if not reached[place] or op == "detach":
                continue
            upstream = gradients[place]
            for k, d in zip(operands, partials[place], strict=True):
                if codes[k] != CONSTANT_CODE and not (op == "where" and d == 0.0):
                    amount = upstream * d
                    extreme = extreme or _is_extreme(amount, (upstream, d))
                    gradients[k] = errors.of(errors.sign(errors.total(gradients[k], amount)))
                    reached[k] = True
        return gradients, extreme


def _is_exact(z: float, operands: Sequence[float]) -> bool:
    return all(abs(x) < GRID and (x * GRID).is_integer() for x in (z, *operands))


def _is_extreme(z: float, operands: Sequence[float]) -> bool:
    if any(LARGE < abs(x) < math.inf for x in operands):
        return True
    if z == 0.0:
        return 0.0 not in operands and any(abs(x) < LOW for x in operands)
    if LOW < abs(z) < HIGH or z != z:
        return abs(z) != abs(z) and any(HIGH < abs(x) < math.inf for x in operands)
    return abs(z) < math.inf or all(abs(x) < math.inf for x in operands)


class Plainly:
    """A compiled program's interface over an evaluator: example by example, slow, and right."""

    def __init__(self, program: RandomProgram, *, dtype: str = "float64", reduce: str | None = "mean") -> None:
        self.program, self.dtype, self.reduce = program, dtype, reduce
        roots = [program.loss, *program.outputs]
        self.evaluator = Evaluator(roots, program.leaves, program.parameters)
        self.parameters = np.array([p.data for p in program.parameters], dtype=dtype)
        size = 2.0**-24 if dtype == "float32" else 2.0**-53
        self.errors = Errors(size, 1)

    def runs(self, parts: Sequence[Any]) -> list[Run]:
        examples = self.program.flat([np.asarray(part, dtype=float) for part in parts], len(parts[0]))
        parameters = self.parameters.astype(float).tolist()
        return [self.evaluator.run(x, parameters, self.errors) for x in examples.tolist()]

    def _reduced(self, rows: Sequence[Any]) -> Any:
        array = np.array(rows, dtype=float)
        if self.reduce is None:
            return array
        return array.mean(axis=0) if self.reduce == "mean" else array.sum(axis=0)

    def _by_inputs(self, runs: list[Run]) -> Any:
        weight = 1.0 / len(runs) if self.reduce == "mean" else 1.0
        return tuple(self.program.arrays(np.array([run.by_inputs for run in runs]) * weight))

    def value(self, *parts: Any) -> Any:
        return self._reduced([run.roots[0] for run in self.runs(parts)])

    def value_and_grad(self, *parts: Any) -> tuple[Any, Any]:
        runs = self.runs(parts)
        value = self._reduced([run.roots[0] for run in runs])
        if not len(self.parameters):
            return value, self._by_inputs(runs)
        return value, self._reduced([run.by_parameters for run in runs])

    def gradient_of_inputs(self, *parts: Any) -> Any:
        return self._by_inputs(self.runs(parts))

    def per_example(self, *parts: Any) -> Any:
        runs = self.runs(parts)
        return np.array([run.roots[0] for run in runs]), np.array([run.by_parameters for run in runs])

    def outputs(self, *parts: Any) -> Array:
        return np.array([run.roots[1:] for run in self.runs(parts)])
