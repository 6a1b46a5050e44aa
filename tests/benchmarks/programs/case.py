"""A case of the second table: a program of scalars for one example, its batch, and the contenders that run it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, mul
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

import autograd
from autograd import Value
from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.contender import MissingRivalError

Array: TypeAlias = np.ndarray[Any, Any]
Nested: TypeAlias = Any
"""A number or Value, or nested lists of them."""

OURS: Final = "ours, compiled program"
TOLERANCES: Final = {"float64": 1e-10, "float32": 1e-4}
"""Relative to the greatest result, or to 1. Sums of up to 10,000 paths are taken in different orders."""


class Functions(NamedTuple):
    """The functions that programs of scalars call, of any engine."""

    relu: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    maximum: Callable[[Any, float], Any]


VALUES: Final = Functions(Value.relu, Value.tanh, Value.sigmoid, Value.exp, Value.sqrt, autograd.maximum)


@dataclass(frozen=True, kw_only=True)
class Scalars:
    """A program of scalars: `loss` takes nested lists, a row of each array of `batch`, and returns one Value.

    `tensors` names the parameters, nested as their shapes say, in the order in which results list them. `parameters`
    are the same in the order in which a user passes them. Without any, the gradient is that of the inputs. `written` is
    the same program for any engine: it takes its functions, the tensors by name, and then what `loss` takes. A training
    takes `steps` in one call.
    """

    loss: Callable[..., Value]
    batch: tuple[Array, ...]
    tensors: Mapping[str, Nested] = field(default_factory=dict)
    parameters: Sequence[Value] = ()
    dtype: str = "float64"
    reduce: str | None = "mean"
    written: Any = None
    steps: int = 1

    def numbers(self) -> dict[str, Array]:
        """The parameters as arrays."""
        return {name: np.array(nested(_data, tensor), self.dtype) for name, tensor in self.tensors.items()}

    def reduced(self, total: Any) -> Any:
        """The value of a batch from the total of its examples."""
        return total / len(self.batch[0]) if self.reduce == "mean" else total


class Entrant(NamedTuple):
    """A contender that is ready: `run` is timed, `results` gives the value and the gradient from the initial state.

    A run may have several steps; its time is then divided by their number.
    """

    run: Callable[[], object]
    results: Callable[[], Array]
    compile_seconds: float | None = None
    steps: int = 1


class Contender(NamedTuple):
    """A row of a case; `least` is the target for its time divided by ours.

    `most` is a target for its own figure, and `ready` for the seconds until its first result.
    """

    name: str
    make: Callable[[Scalars], Entrant]
    needs: str = ""
    least: float | None = None
    most: float | None = None
    ready: float | None = None

    @property
    def is_ours(self) -> bool:
        return self.name.startswith("ours")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program with its contenders, of which ours is the first.

    scalars(tiny) makes the program. A figure is `units` times the seconds of a run, or for a rate divided by them.
    `most` is the target for the figure of ours. A case that runs `once` is so long that it has one round.
    """

    title: str
    scalars: Callable[[bool], Scalars]
    contenders: Sequence[Contender]
    units: float
    rate: bool = False
    most: float | None = None
    once: bool = False

    def figure(self, seconds: float) -> float:
        return self.units / seconds if self.rate else self.units * seconds


class Race(NamedTuple):
    """The cases that are printed as one block."""

    heading: str
    unit: str
    cases: Sequence[Case]
    notes: Sequence[str] = ()


def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """The sum of products, over the numbers of any engine."""
    return reduce(add, map(mul, xs, ys))


def nested(function: Callable[[Any], Any], thing: Nested) -> Nested:
    """Apply a function to everything in nested lists."""
    return [nested(function, inner) for inner in thing] if isinstance(thing, list) else function(thing)


def flat(thing: Nested) -> list[Any]:
    """Everything in nested lists as one list."""
    return [x for inner in thing for x in flat(inner)] if isinstance(thing, list) else [thing]


def _data(v: Value) -> float:
    return v.data


def row(batch: Sequence[Array], i: int) -> list[Nested]:
    """An example: nested lists of numbers."""
    return [array[i].tolist() for array in batch]


def answer(value: Any, gradients: Iterable[Any]) -> Array:
    """A value, or one for each example, and its gradients as one row of numbers."""
    parts = [np.asarray(part, "float64").ravel() for part in (value, *gradients)]
    return np.concatenate(parts)


def require_close(contender: str, got: Array, first: str, want: Array, dtype: str) -> None:
    """Raise DisagreementError unless all results agree within the tolerance of the dtype."""
    if got.shape != want.shape:
        raise DisagreementError(f"{contender} gives {got.size} results and {first} {want.size}")
    size = max(1.0, float(np.abs(want).max()))
    apart = np.abs(got - want)
    if not (apart <= TOLERANCES[dtype] * size).all():
        i = int(np.nanargmax(np.where(np.isnan(apart), np.inf, apart)))
        raise DisagreementError(
            f"{contender} gives {got[i]!r} and {first} {want[i]!r} for number {i} of {want.size}, further apart than "
            f"{TOLERANCES[dtype] * size:.1g}; nothing of this case was timed"
        )


# ── ours ──


def eager(scalars: Scalars) -> Array:
    """The results by recording and sweeping a graph for each example."""
    examples = range(len(scalars.batch[0]))
    if not scalars.parameters:
        return _eager_inputs(scalars)
    leaves = [flat(tensor) for tensor in scalars.tensors.values()]
    for v in scalars.parameters:
        v.grad = 0.0
    total = 0.0
    for i in examples:
        loss = scalars.loss(*row(scalars.batch, i))
        loss.backward()
        total += loss.data
    return answer(scalars.reduced(total), [scalars.reduced(np.array([v.grad for v in tensor])) for tensor in leaves])


def _eager_inputs(scalars: Scalars) -> Array:
    values, gradients = [], [np.empty_like(array, "float64") for array in scalars.batch]
    for i in range(len(scalars.batch[0])):
        inputs = [nested(Value, thing) for thing in row(scalars.batch, i)]
        loss = scalars.loss(*inputs)
        loss.backward()
        values.append(loss.data)
        for gradient, thing in zip(gradients, inputs, strict=True):
            gradient[i] = nested(lambda v: v.grad, thing)
    return answer(values, gradients)


def eager_entrant(scalars: Scalars) -> Entrant:
    """Ours without compiling: the graph is recorded and swept for each example."""
    return Entrant(lambda: eager(scalars), lambda: eager(scalars))


def compiler() -> Callable[..., Any]:
    """`autograd.compile`; MissingRivalError where it isn't there."""
    try:
        found: Callable[..., Any] = autograd.compile
    except AttributeError:
        raise MissingRivalError("missing: this checkout has no autograd.compile") from None
    return found


class Made(NamedTuple):
    """A compiled program, and the seconds of recording and of compiling it."""

    program: Any
    record: float
    compile: float

    @property
    def seconds(self) -> float:
        return self.record + self.compile


def program_of(scalars: Scalars, backend: str = "auto", clock: Callable[[], float] = perf_counter) -> Made:
    """Record the program of one example, and compile it for a back end."""
    compiled = compiler()
    inputs = tuple(nested(Value, thing) for thing in row(scalars.batch, 0))
    start = clock()
    loss = scalars.loss(*inputs)
    recorded = clock()
    program = compiled(
        loss,
        inputs=inputs,
        parameters=list(scalars.parameters) or None,
        dtype=scalars.dtype,
        reduce=scalars.reduce,
        backend=backend,
    )
    return Made(program, recorded - start, clock() - recorded)


def in_order(scalars: Scalars, gradient: Any) -> list[Array]:
    """The gradient of a program, in the order in which results list it."""
    if not scalars.parameters:
        return list(gradient) if isinstance(gradient, (tuple, list)) else [gradient]
    place = {id(v): i for i, v in enumerate(scalars.parameters)}
    return [np.asarray(gradient)[[place[id(v)] for v in flat(tensor)]] for tensor in scalars.tensors.values()]


def compiled_entrant(scalars: Scalars) -> Entrant:
    """Ours: the program of one example, compiled, gives the value and the gradient of the batch."""
    made = program_of(scalars)
    value_and_grad, batch = made.program.value_and_grad, scalars.batch

    def results() -> Array:
        value, gradient = value_and_grad(*batch)
        return answer(value, in_order(scalars, gradient))

    return Entrant(lambda: value_and_grad(*batch), results, made.seconds)


def compiled_step(rate: float, scalars: Scalars) -> Entrant:
    """Ours, with a step of SGD."""
    made = program_of(scalars)
    program, batch = made.program, scalars.batch
    optimizer = autograd.optim.SGD(program, lr=rate)

    def run() -> None:
        program.value_and_grad(*batch, copy=False)
        optimizer.step()

    def results() -> Array:
        value, gradient = program.value_and_grad(*batch)
        return answer(value, in_order(scalars, gradient))

    return Entrant(run, results, made.seconds)
