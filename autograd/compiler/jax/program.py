"""The code of a program behind JAX: NumPy arrays in and out, compiled by XLA for each number of examples.

This module doesn't import JAX; `code_of` does.
"""

from typing import Any, Final

from autograd.compiler.binding import Bound, DeclinedError, Loop, Otherwise, Plan
from autograd.compiler.jax import check, module
from autograd.compiler.jax.text import length_of
from autograd.compiler.pipeline import Code
from autograd.compiler.report import Facts
from autograd.compiler.statements import Index

MOST: Final = 3000
"""The most statements, a loop counting once."""


def code_of(code: Code) -> "JaxCode":
    """The code of a recording for JAX; UnavailableError without JAX, and DeclinedError for an irregular graph."""
    check()
    if (length := length_of(code.program)) > MOST:
        raise DeclinedError(f"its graph is irregular: {length:,} statements, which XLA would compile for minutes")
    return JaxCode(code)


class JaxCode:
    """A recording on its way to JAX."""

    block = 0
    """All examples run together: XLA cuts them as it likes."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._called: Any = None

    @property
    def input_slots(self) -> Index:
        """The row of `Bound.inputs` for each input."""
        return self.code.input_slots

    @property
    def completes(self) -> bool:
        """Whether an infinity or a nan may have met a zero that the graph doesn't have."""
        return self.code.completes

    @property
    def source(self) -> str:
        """The text that runs."""
        source: str = self._call.source
        return source

    @property
    def facts(self) -> Facts:
        """The facts that the report tells, without those of NumPy's time and memory."""
        return self.code.facts._replace(bytes_per_example=0, overhead=0.0, seconds_per_example=0.0, block=0)

    @property
    def _call(self) -> Any:
        if self._called is None:
            self._called = module("calls").Call(self.code)
        return self._called

    def bind(self, n: int, parameters: Any, gradient: Any) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are read and written in place."""
        bound: Bound = self._call.bind(n, parameters, gradient)
        return bound

    def exactly(self) -> "JaxCode":
        """Slower code of the same graph that never `completes`, with the same input slots."""
        return JaxCode(self.code.exactly())

    def on_floats(self, otherwise: Otherwise) -> None:
        """None: a call of JAX takes longer than one of NumPy."""

    def loop(self, plan: Plan) -> Loop | None:
        """The steps of a training, on the device."""
        if plan.devices is not None:
            divided: Loop = module("divided").DividedTraining(self.code, plan)
            return divided
        made: Loop = module("training").Training(self.code, plan)
        return made

    def trace(self) -> str:
        """The program after each stage, as text."""
        return self.code.trace() + f"\n\n── JAX ──\n{self.source}"
