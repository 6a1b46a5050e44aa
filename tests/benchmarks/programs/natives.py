"""The races of the third table: our programs by each back end, against compilers and libraries for scalar programs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

import autograd
from autograd import train
from tests.benchmarks import expression
from tests.benchmarks.contender import MissingRivalError
from tests.benchmarks.programs import emitted, engines, heston, iris, irregular, lanes, rivals, xor
from tests.benchmarks.programs.case import (
    Array,
    Case,
    Contender,
    Entrant,
    Made,
    Race,
    Scalars,
    answer,
    in_order,
    program_of,
)
from tests.benchmarks.programs.engines import called, casadi, ddx, differentiated, heyoka, stepping, symengine
from tests.benchmarks.programs.training import Training, trained
from tests.benchmarks.timing import processor_seconds

BACKENDS: Final = ("c", "native", "numpy")
STEPS: Final = 10_000
"""So many steps of a training are taken in one call, by those who have such a call."""
FEW: Final = 20
"""So many with tiny sizes."""


# ── ours ──


def made_for(backend: str, scalars: Scalars) -> Made:
    """Our program; MissingRivalError if the back end isn't there or declines it."""
    made = program_of(scalars, backend, processor_seconds)
    if made.program.backend != backend:
        raise MissingRivalError(f"missing: {made.program.facts.reason}")
    return made


def ours(backend: str, scalars: Scalars) -> Entrant:
    """The value and the gradient of a batch; the gradient may be in an array that is overwritten."""
    program, batch = made_for(backend, scalars).program, scalars.batch

    def results() -> Array:
        value, gradient = program.value_and_grad(*batch)
        return answer(value, in_order(scalars, gradient))

    return Entrant(lambda: program.value_and_grad(*batch, copy=False), results)


def ours_called(backend: str, scalars: Scalars) -> Entrant:
    """One example, given as floats."""
    program = made_for(backend, scalars).program
    function = program.value_and_grad
    a, b = (float(array[0]) for array in scalars.batch)

    def results() -> Array:
        value, gradient = program.value_and_grad(a, b)
        return answer(value, gradient)

    return Entrant(lambda: function(a, b), results)


def ours_fitted(backend: str, rate: float, scalars: Scalars) -> Entrant:
    """A training by `autograd.train.fit`, of which one call has many epochs of one step each."""
    program = made_for(backend, scalars).program
    optimizer = autograd.optim.SGD(program, lr=rate)
    first = program.parameters.copy()

    def start() -> None:
        program.parameters = first

    def fit(epochs: int) -> None:
        train.fit(program, scalars.batch, optimizer, epochs=epochs, progress=False)

    def parameters() -> Array:
        return np.concatenate([part.ravel() for part in in_order(scalars, program.parameters)])

    return trained(Training(start, fit, parameters), scalars.steps)


def of_ours(make: Callable[..., Entrant], most: Sequence[float], ready: Sequence[float | None]) -> list[Contender]:
    """Ours by each back end, with the targets of c and of native for a figure and for the seconds until it is ready."""
    return [
        Contender(f"ours, {backend}", partial(make, backend), most=at_most, ready=seconds)
        for backend, at_most, seconds in zip(BACKENDS, [*most, None], [*ready, None], strict=True)
    ]


# ── the expression ──


def written(scalars: Scalars) -> Scalars:
    """The expression for any engine."""
    return replace(scalars, written=lambda f, _, a, b: expression.expression_of(a, b, f.relu))


CALL: Final = Race(
    heading="micrograd's README expression and both derivatives, called with two floats",
    unit="µs",
    cases=(
        Case(
            title="one call",
            scalars=lambda tiny: written(lanes.one(tiny)),
            contenders=(
                *of_ours(ours_called, (0.10, 0.4), (None, None)),
                Contender("numba, our emitted text", emitted.called, "numba"),
                Contender("heyoka", partial(called, heyoka), "heyoka"),
                Contender("ddx-ad, compiled", partial(called, ddx), "ddx"),
                Contender("ddx-ad, interpreted", partial(called, partial(ddx, interpreted=True)), "ddx"),
                Contender("CasADi SX", partial(called, casadi), "casadi"),
                Contender("SymEngine, LLVM", partial(called, symengine), "symengine"),
                Contender("JAX, jitted", partial(lanes.from_first_table, expression.jax_floats), "jax"),
                Contender("PyTorch", lanes.pytorch_called, "torch"),
            ),
            units=1e6,
        ),
    ),
)
LANES: Final = Race(
    heading="the same expression and both derivatives for each of a million pairs",
    unit="ns a pair",
    cases=(
        Case(
            title="a million lanes",
            scalars=lambda tiny: written(lanes.scalars(tiny)),
            contenders=(
                *of_ours(ours, (1.0, 6.0), (None, None)),
                Contender("numba, our emitted text", emitted.by_example, "numba"),
                Contender("heyoka", partial(differentiated, heyoka), "heyoka"),
                Contender("ddx-ad, compiled", partial(differentiated, ddx), "ddx"),
                Contender("Dr.Jit, LLVM, frozen", engines.drjit, "drjit"),
                Contender("CasADi SX, mapped", partial(differentiated, casadi), "casadi"),
                Contender("SymEngine, LLVM", partial(differentiated, symengine), "symengine"),
                Contender("JAX, jitted", lanes.jax, "jax"),
                Contender("PyTorch", lanes.pytorch, "torch"),
            ),
            units=1e9 / lanes.LANES,
        ),
    ),
)


# ── trainings ──


def trainings(
    rate: float, parts: Callable[[Scalars], Any], loss: Callable[[], Callable[..., Any]], most: Sequence[float]
) -> tuple[Contender, ...]:
    """The contenders of a training with a learning rate; parts are those of PyTorch, and the loss is JAX's."""
    return (
        *of_ours(lambda backend, scalars: ours_fitted(backend, rate, scalars), most, (None, None)),
        Contender("numba, our emitted text, loop", partial(emitted.training, rate), "numba"),
        Contender("heyoka, NumPy's step", partial(stepping, heyoka, rate), "heyoka"),
        Contender("ddx-ad, NumPy's step", partial(stepping, ddx, rate), "ddx"),
        Contender("CasADi SX, NumPy's step", partial(stepping, casadi, rate), "casadi"),
        Contender("SymEngine, NumPy's step", partial(stepping, symengine, rate), "symengine"),
        Contender("JAX, jitted loop", partial(rivals.jax_training, loss, rate), "jax"),
        Contender("PyTorch", partial(rivals.pytorch_training, parts, rate), "torch"),
    )


def mean_of(scalars: Scalars, tiny: bool) -> Scalars:
    """A training of the mean of a batch, as `fit` takes it."""
    return replace(scalars, reduce="mean", steps=FEW if tiny else STEPS)


XOR: Final = Race(
    heading=f"a step of SGD on the four rows of XOR, 2-10-1; ours inside fit, {STEPS:,} epochs in one call",
    unit="µs a step",
    cases=(
        Case(
            title="XOR",
            scalars=lambda tiny: mean_of(xor.scalars(tiny), tiny),
            contenders=trainings(xor.RATE, xor.pytorch_parts, xor.jax_loss, (0.15, 2.5)),
            units=1e6,
        ),
    ),
)
IRIS: Final = Race(
    heading=f"a step of SGD of 4-5-3 sigmoids on 100 flowers; ours inside fit, {STEPS:,} epochs in one call",
    unit="µs a step",
    cases=(
        Case(
            title="Iris",
            scalars=lambda tiny: mean_of(iris.scalars(tiny), tiny),
            contenders=trainings(100.0 * iris.RATE, iris.pytorch_parts, iris.jax_loss, (1.0, 8.0)),
            units=1e6,
        ),
    ),
)

# ── Heston's model ──

HESTON: Final = Race(
    heading=f"a call in Heston's model, {heston.PATHS:,} paths of {heston.STEPS} steps, with 5 sensitivities",
    unit="ns a step of a path",
    cases=(
        Case(
            title="Heston",
            scalars=heston.scalars,
            contenders=(
                *of_ours(ours, (3.6, 4.3), (1.0, 0.010)),
                Contender("numba, our emitted text", emitted.reduced, "numba"),
                Contender("heyoka", partial(differentiated, heyoka), "heyoka"),
                Contender("ddx-ad, compiled", partial(differentiated, ddx), "ddx"),
                Contender("Dr.Jit, LLVM, frozen", engines.drjit, "drjit"),
                Contender("CasADi SX, mapped", partial(differentiated, casadi), "casadi"),
                Contender("SymEngine, LLVM", partial(differentiated, symengine), "symengine"),
                Contender("JAX, jitted scan", heston.jax, "jax"),
                Contender("PyTorch", heston.pytorch, "torch"),
            ),
            units=1e9 / (heston.PATHS * heston.STEPS),
        ),
    ),
)

# ── irregular graphs ──

IRREGULAR: Final = Race(
    heading="value and gradient of graphs without any matrix",
    unit="µs",
    cases=(
        Case(
            title=f"a random graph of {irregular.NODES:,} nodes and {irregular.INPUTS} inputs",
            scalars=irregular.random_graph,
            contenders=(
                *of_ours(ours, (30.0, 140.0), (5.0, 0.1)),
                Contender("heyoka, compact", partial(differentiated, partial(heyoka, compact=True)), "heyoka"),
                Contender("ddx-ad, compiled", partial(differentiated, ddx), "ddx"),
                Contender("ddx-ad, interpreted", partial(differentiated, partial(ddx, interpreted=True)), "ddx"),
                Contender("CasADi SX", partial(differentiated, casadi), "casadi"),
                Contender("PyTorch", irregular.pytorch, "torch"),
            ),
            units=1e6,
        ),
        Case(
            title=f"a chain of {3 * irregular.ROUNDS:,} nodes",
            scalars=irregular.chain,
            contenders=(
                *of_ours(ours, (20.6, 29.0), (0.3, None)),
                Contender("numba, our emitted text", emitted.by_example, "numba"),
                Contender("heyoka, compact", partial(differentiated, partial(heyoka, compact=True)), "heyoka"),
                Contender("ddx-ad, compiled", partial(differentiated, ddx), "ddx"),
                Contender("ddx-ad, interpreted", partial(differentiated, partial(ddx, interpreted=True)), "ddx"),
                Contender("CasADi SX", partial(differentiated, casadi), "casadi"),
                Contender("JAX, jitted scan", irregular.jax_chain, "jax"),
                Contender("PyTorch", irregular.pytorch, "torch"),
            ),
            units=1e6,
        ),
    ),
)
