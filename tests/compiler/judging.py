"""The judge of compiled programs: their results against eager ones, as near as is fair.

>>> from tests.compiler.evaluating import Plainly
>>> from tests.compiler.random_programs import RandomProgram
>>> program = RandomProgram(5)
>>> judge(program, Plainly, Options.of(program)).faults
[]

A result is right if it has the same nan and infinities as the eager one, and is as near to it as TOLERANCE times the
largest number of its kind. Where it is not, the program is run again with rounding errors on purpose (see
`evaluating`). If that changes the eager result as much, the difference is excused, and counted.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np

from tests.compiler.evaluating import Errors, Evaluator
from tests.compiler.random_programs import Array, RandomProgram, eager, eager_outputs

TOLERANCE: Final = {"float64": 1e-12, "float32": 1e-5}
"""Relative to the largest number: a few hundred roundings of 1e-16 or 6e-8, the deepest of these programs."""
ROUNDING: Final = {"float64": 2.0**-52, "float32": 2.0**-23}
"""One operation rounds by half of this. A function of C or NumPy errs by up to one unit, which is the whole."""
FLIPS: Final = 24
"""Of these, random zeros have another sign: with each, a reciprocal may have either."""
RUNS: Final = 6
"""How often a program is run with errors. They are random: the worst of a few runs is less than the worst there is."""
ALLOWANCE: Final = 16.0
"""So much more than by the errors of these runs may a result be wrong. Errors of a compiled program don't average out
as random ones do; a fault is larger by many digits."""

JUMP: Final = {"float64": 1e-6, "float32": 1e-2}
"""If operations err by one unit, a result that changes by more than this, relative to the largest, passed a kink."""

Reduce = Literal["mean", "sum"] | None


class Compiled(Protocol):
    """The part of a compiled program that is judged."""

    @property
    def parameters(self) -> Any: ...
    def value(self, *parts: Any) -> Any: ...
    def value_and_grad(self, *parts: Any) -> tuple[Any, Any]: ...
    def gradient_of_inputs(self, *parts: Any) -> Any: ...
    def per_example(self, *parts: Any) -> Any: ...
    def outputs(self, *parts: Any) -> Any: ...


class Options(NamedTuple):
    """How a program is compiled, called and asked."""

    dtype: str
    reduce: Reduce
    batches: tuple[int, ...]
    asked: tuple[str, ...]

    @classmethod
    def of(cls, program: RandomProgram) -> "Options":
        """Those of a seed."""
        rng = Random(f"options {program.plan.seed}")
        dtype = "float32" if rng.random() < 0.2 and not program.plan.wild else "float64"
        reduce: Reduce = rng.choice(("mean", "mean", "sum", None))
        others = ["value", "gradient_of_inputs", "per_example", "outputs"]
        if program.plan.wild:  # Edge values are few, and worth more examples and questions.
            return cls(dtype, reduce, (rng.randint(1, 4), 8), ("value_and_grad", "gradient_of_inputs", *others[2:]))
        batches = tuple(rng.choice((1, 1, 2, 3, 5)) for _ in range(2))
        return cls(dtype, reduce, batches, ("value_and_grad", *rng.sample(others, 2)))


class Fault(NamedTuple):
    """One wrong answer."""

    call: int
    asked: str
    what: str
    who: str = ""
    """The name of the maker."""


class Verdict(NamedTuple):
    faults: list[Fault]
    excused: list[Fault]
    """Differences that rounding errors explain."""
    skipped: int
    """Examples that were left out because their numbers come near the ends of the range."""


class Results(NamedTuple):
    """Those of a batch, one row an example."""

    values: Array
    by_parameters: Array
    by_inputs: Array
    outputs: Array


Maker = Callable[..., Compiled]


Asked = tuple[int, str]
"""A call, and a question of it."""


def judge(
    program: RandomProgram,
    make: Maker | Mapping[str, Maker],
    options: Options,
    alone: Mapping[str, Asked] = MappingProxyType({}),
) -> Verdict:
    """Compile and call a program, with other inputs, parameters and batch sizes each time.

    Several makers, by names for what is at fault, answer the same questions; those in alone answer this one only.
    """
    verdict = Verdict([], [], 0)
    makers = make if isinstance(make, Mapping) else {"": make}
    made = {name: maker(program, dtype=options.dtype, reduce=options.reduce) for name, maker in makers.items()}
    rng = np.random.default_rng(program.plan.seed)
    for call, n in enumerate(options.batches):
        examples = rounded(program.draw_inputs(rng, n), options.dtype)
        parameters = rounded(program.draw_parameters(rng), options.dtype)
        if "jax" in makers:
            examples, parameters = without_subnormals(examples), without_subnormals(parameters)
        truth = _Truth(program, examples, parameters, options)
        examples, skipped = truth.kept()
        verdict = verdict._replace(skipped=verdict.skipped + skipped)
        if not len(examples):
            continue
        parts = program.arrays(examples.astype(options.dtype))
        for who, compiled in made.items():
            if len(parameters):
                compiled.parameters[:] = parameters
            for asked in questions(program, options):
                if alone.get(who, (call, asked)) != (call, asked):
                    continue
                with np.errstate(all="ignore"):
                    found = answers(compiled, asked, program, parts, options.reduce)
                    for name, got in found.items():
                        _compare(verdict, Fault(call, name, "", who), got, truth, options)
    return verdict


def questions(program: RandomProgram, options: Options) -> list[str]:
    """The questions that a program can be asked: `per_example` is a ValueError if it has no parameters."""
    return [asked for asked in options.asked if asked != "per_example" or program.parameters]


def without_subnormals(x: Array) -> Array:
    """The same with 0 for subnormal numbers, for which XLA takes them, and so takes another branch at 5e-324 > 0."""
    return np.where(np.abs(x) < sys.float_info.min, np.copysign(0.0, x), x)


def rounded(x: Array, dtype: str) -> Array:
    return x.astype(dtype).astype(np.float64)


def answers(
    compiled: Compiled, asked: str, program: RandomProgram, parts: Sequence[Array], reduce: Reduce
) -> dict[str, Array]:
    """The answers to one question, by their names, flat: in rows for `reduce=None`."""
    n = len(parts[0])
    if asked == "outputs":
        return {"outputs": _flat_rows(compiled.outputs(*parts), n)}
    if asked == "per_example":
        losses, gradients = compiled.per_example(*parts)
        return {
            "per_example": np.array(losses, dtype=float),
            "gradient_per_example": np.array(gradients, dtype=float),
        }
    if asked == "gradient_of_inputs":
        return {"gradient_of_inputs": _joined(compiled.gradient_of_inputs(*parts), program, n)}
    if asked == "value":
        return {"value": np.array(compiled.value(*parts), dtype=float)}
    value, gradient = compiled.value_and_grad(*parts)
    found = {"value": np.array(value, dtype=float)}
    if program.parameters:
        return found | {"gradient": np.array(gradient, dtype=float)}
    return found | {"gradient_of_inputs": _joined(gradient, program, n)}


def _joined(parts: Any, program: RandomProgram, n: int) -> Array:
    """One array an input, in the shape of the input, as rows."""
    if len(program.plan.pieces) == 1 and not isinstance(parts, (tuple, list)):
        parts = (parts,)
    for part, piece in zip(parts, program.plan.pieces, strict=True):
        if np.shape(part) != (n, *piece.shape):
            raise AssertionError(f"the gradient of an input has the shape {np.shape(part)}, not {(n, *piece.shape)}")
    return np.array(program.flat(parts, n), dtype=float)


def _flat_rows(found: Any, n: int) -> Array:
    return np.array(found, dtype=float).reshape(n, -1)


class _Truth:
    """The eager results of a batch, and on demand those with rounding errors."""

    def __init__(self, program: RandomProgram, examples: Array, parameters: Array, options: Options) -> None:
        self._program, self._examples, self._parameters, self._options = program, examples, parameters, options
        self._varied: list[Results] | None = None
        self._evaluator: Evaluator | None = None
        self.eager: Results | None = None

    def kept(self) -> tuple[Array, int]:
        """The examples that can be judged, and how many can't."""
        given = len(self._examples)
        if self._program.plan.huge:
            runs = [self._evaluated(x, Errors()) for x in self._examples.tolist()]
            self._examples = self._examples[[not run.extreme for run in runs]]
        return self._examples, given - len(self._examples)

    def exact(self) -> Results:
        if self.eager is None:
            batch = self._program, self._examples, self._parameters
            self.eager = Results(*eager(*batch), eager_outputs(*batch))
        return self.eager

    def varied(self) -> list[Results]:
        """The results with rounding errors, and with other signs of zeros."""
        if self._varied is None:
            size = ROUNDING[self._options.dtype]
            kinds = [Errors(size, seed) for seed in range(RUNS)] + [Errors(flips=1.0), Errors(size, RUNS, flips=1.0)]
            if self._program.plan.wild:
                kinds += [Errors(seed=seed, flips=0.5) for seed in range(FLIPS)]
                kinds += [Errors(infinite=x) for x in (math.nan, math.inf, -math.inf)]
            self._varied = [self._batch(errors) for errors in kinds]
        return self._varied

    def _evaluated(self, x: Sequence[float], errors: Errors) -> Any:
        if self._evaluator is None:
            p = self._program
            self._evaluator = Evaluator([p.loss, *p.outputs], p.leaves, p.parameters)
        return self._evaluator.run(x, self._parameters.tolist(), errors)

    def _batch(self, errors: Errors) -> Results:
        runs = [self._evaluated(x, errors) for x in self._examples.tolist()]
        n = len(runs)
        rows: list[list[list[float]]] = [
            [run.by_parameters for run in runs],
            [run.by_inputs for run in runs],
            [run.roots[1:] for run in runs],
        ]
        return Results(np.array([run.roots[0] for run in runs]), *(np.array(part).reshape(n, -1) for part in rows))


def expected(results: Results, asked: str, reduce: Reduce) -> Array:
    """The answer that these results of single examples add up to."""
    if asked == "outputs":
        return results.outputs
    if asked == "per_example":
        return results.values
    if asked == "gradient_per_example":
        return results.by_parameters
    if asked == "gradient_of_inputs":
        return results.by_inputs / len(results.values) if reduce == "mean" else results.by_inputs
    rows = results.values if asked == "value" else results.by_parameters
    if reduce is None:
        return rows
    return np.asarray(rows.mean(axis=0) if reduce == "mean" else rows.sum(axis=0))


def _compare(verdict: Verdict, fault: Fault, got: Array, truth: _Truth, options: Options) -> None:
    results = truth.exact()
    want = expected(results, fault.asked, options.reduce)
    if got.shape != want.shape:
        verdict.faults.append(fault._replace(what=f"shape {got.shape}, not {want.shape}"))
        return
    scale = _scale(results, fault.asked, options.reduce)
    limit = TOLERANCE[options.dtype] * scale
    if not (wrong := _wrong(got, want, limit, [])).any():
        return
    variants = [expected(varied, fault.asked, options.reduce) for varied in truth.varied()]
    spread = _spread(variants, want, JUMP[options.dtype] * max(scale, 1e-300))
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    what = f"{int(wrong.sum())} of {want.size} wrong, first at {where}: {got[where]!r}, not {want[where]!r}"
    excused = not _wrong(got, want, limit + ALLOWANCE * spread, variants).any()
    (verdict.excused if excused else verdict.faults).append(fault._replace(what=what))


def _scale(results: Results, asked: str, reduce: Reduce) -> float:
    """The largest number that a tolerance is relative to: that of single examples, because sums over them cancel."""
    if asked in ("value", "per_example", "outputs"):
        return max(1.0, _largest(results.values), _largest(results.outputs))
    rows = results.by_parameters if asked in ("gradient", "gradient_per_example") else results.by_inputs
    weight = 1.0 / len(rows) if asked == "gradient_of_inputs" and reduce == "mean" else 1.0
    return _largest(rows) * weight * (len(rows) if asked == "gradient" and reduce == "sum" else 1)


def _largest(x: Array) -> float:
    finite = np.abs(x[np.isfinite(x)])
    return float(finite.max(initial=0.0))


def _spread(variants: Sequence[Array], want: Array, jump: float) -> Array:
    """How far the results with rounding errors lie from the eager one, item by item.

    The worst of an answer holds for all its items: the errors of a single one may be small by chance. Not so if a kink
    made a result jump, which says nothing about the other items.
    """
    apart = np.array([np.where(np.isfinite(v - want), np.abs(v - want), 0.0) for v in variants])
    each: Array = apart.max(axis=0)
    widest: Array = np.maximum(each, each[each < jump].max(initial=0.0))
    return widest


def _wrong(got: Array, want: Array, limit: Any, variants: Sequence[Array]) -> Any:
    """Where a result is of another kind than the wanted one and than all variants, or too far away."""
    known = _kinds(got) == _kinds(want)
    for variant in variants:
        known |= _kinds(got) == _kinds(variant)
    far = np.isfinite(got) & np.isfinite(want) & (np.abs(got - want) > limit)
    return ~known | far


def _kinds(x: Array) -> Any:
    """0 for a number, 1 and −1 for the infinities, 2 for nan."""
    return np.where(np.isnan(x), 2.0, np.where(np.isinf(x), np.sign(x), 0.0))
