"""Training steps of a program on the devices of JAX: one in each call, or many.

>>> import autograd
>>> from autograd import Value, optim
>>> w, x, y = Value(0.0), autograd.inputs(name="x"), autograd.inputs(name="y")
>>> program = autograd.compile((w * x - y).square(), (x, y), parameters={"w": w}, dtype="float32")
>>> step = program.jax_step(optim.SGD(program, lr=0.25))
>>> state = step.start()
>>> state, loss = step(state, [1.0, 1.0], [2.0, 4.0])
>>> float(loss), float(state.parameters["w"])
(10.0, 1.5)
>>> step.finish(state, steps=1)
>>> program.parameters
array([1.5], dtype=float32)

Importing this module imports JAX.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from autograd.arguments import described
from autograd.compiler.jax.function import Function
from autograd.compiler.jax.trees import joined, of_program, precision
from autograd.compiler.jax.updates import State, Update
from autograd.optim import Optimizer
from autograd.optim.optimizer import refuse_others

if TYPE_CHECKING:
    from autograd.compiler.program import Program


class Steps:
    """The base of `Step` and `Loop`: the state of a training, and a step of it.

    TypeError for anything else than an optimiser. ValueError for one of other parameters than the program's, and for a
    program without one loss of a batch.
    """

    def __init__(self, program: "Program", optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"a step takes an optimizer of the program, as optim.SGD(program), not {described(optimizer)}"
            )
        refuse_others(optimizer, program)
        if program.reduce is None:
            raise ValueError("a step needs one loss for a batch; compile with reduce='mean' or 'sum'")
        self._program = program
        self._own = of_program(program)
        self.dtype = str(program.parameters.dtype)
        self._gradient, self._update = Function(program, "value_and_grad"), Update(optimizer, self._own, self.dtype)

    def start(self) -> State:
        """The state of the program's parameters now, and of what the optimiser has kept."""
        return self._update.start(self._program.parameters)

    def finish(self, state: State, *, steps: int) -> None:
        """Put a state into the program and its optimiser, after so many steps since `start`."""
        joined(state.parameters, self._own, self._program.parameters)
        self._update.finish(state, steps)

    def pure(self, state: State, *batch: Any) -> tuple[State, Any]:
        """The state after a step, and the loss before it; for use inside functions that JAX transforms."""
        loss, gradient = self._gradient(state.parameters, *batch)
        return self._update(state, gradient), loss


class Step(Steps):
    """A step as a function `(state, *batch) -> (state, loss)`, compiled; the old state is used up."""

    def __init__(self, program: "Program", optimizer: Optimizer) -> None:
        super().__init__(program, optimizer)
        self.jitted = jax.jit(self.pure, donate_argnums=0)

    def __call__(self, state: State, *batch: Any) -> tuple[State, Any]:
        """The state after a step, and the loss before it."""
        if self.dtype == "float32":
            return self.jitted(state, *batch)  # type: ignore[no-any-return]
        with precision(self.dtype):
            return self.jitted(state, *batch)  # type: ignore[no-any-return]


class Loop(Steps):
    """Many steps as a function `(state, data, orders) -> (state, losses)`, compiled; the old state is used up.

    data has an array of all rows for each input. orders is an array of whole numbers, (steps, batch size), with the
    places of the rows of each batch. losses has the loss of each batch before its step.
    """

    def __init__(self, program: "Program", optimizer: Optimizer) -> None:
        super().__init__(program, optimizer)
        self.jitted = jax.jit(self.several, donate_argnums=0)

    def several(self, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        """The same for use inside functions that JAX transforms."""

        def one(state: State, order: Any) -> tuple[State, Any]:
            return self.pure(state, *(self.rows(array, order) for array in data))

        found: tuple[State, Any] = lax.scan(one, state, orders)
        return found

    def rows(self, array: Any, places: Any) -> Any:
        """The rows of an array at some places, inside a function that JAX traces."""
        return jnp.take(array, places, axis=0, mode="clip")

    def __call__(self, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        """The state after the steps, and their losses."""
        with precision(self.dtype):
            return self.jitted(state, tuple(data), orders)  # type: ignore[no-any-return]
