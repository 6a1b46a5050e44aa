"""Training steps whose rows are divided among several devices, of one process or of many.

Importing this module imports JAX.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograd.arguments import are_shared, rows_in
from autograd.compiler.binding import Plan
from autograd.compiler.jax.devices import Devices
from autograd.compiler.jax.stepping import Loop, Step, Steps
from autograd.compiler.jax.training import Run, Training
from autograd.compiler.jax.trees import precision
from autograd.compiler.jax.updates import State
from autograd.compiler.pipeline import Code

if TYPE_CHECKING:
    from autograd.compiler.program import Program
    from autograd.optim import Optimizer


class _Divided(Steps):
    """The state of a training on several devices. All processes of a training make the same calls in the same order."""

    def __init__(self, program: "Program", optimizer: "Optimizer", devices: Devices) -> None:
        super().__init__(program, optimizer)
        self.devices = devices

    def start(self) -> State:
        """That of one device, put on all of them."""
        with precision(self.dtype):
            return self.devices.put(super().start())  # type: ignore[no-any-return]

    def finish(self, state: State, *, steps: int) -> None:
        """Put a state into the program and its optimiser, in each process."""
        with precision(self.dtype):
            super().finish(self.devices.gathered(state), steps=steps)

    def pure(self, state: State, *batch: Any) -> tuple[State, Any]:
        """A step as of one device; the state stays where it is."""
        return self.devices.kept(super().pure(state, *batch))  # type: ignore[no-any-return]


class DividedStep(_Divided, Step):
    """A step as a function `(state, *batch) -> (state, loss)`, on several devices; the old state is used up.

    Each process gives the arrays of the whole batch, or those of a `train.Loader`, and reads the rows of its devices.
    """

    def __init__(self, program: "Program", optimizer: "Optimizer", devices: Devices) -> None:
        super().__init__(program, optimizer, devices)
        self.jitted = jax.jit(self._step, static_argnums=0, donate_argnums=1)

    def _step(self, rows: int, state: State, *batch: Any) -> tuple[State, Any]:
        # The partitioner divides the first rows unevenly, and masks the others in each sum: they need no weights.
        return self.pure(state, *(array[:rows] for array in batch))

    def __call__(self, state: State, *batch: Any) -> tuple[State, Any]:
        """The state after a step, and the loss before it."""
        arrays = [array if hasattr(array, "shape") else np.asarray(array) for array in batch]
        rows = rows_in(arrays, "a step takes arrays with as many rows in each, and at least one")
        with precision(self.dtype):
            placed = [self.devices.rows(array, self.dtype) for array in arrays]
            return self.jitted(rows, state, *placed)  # type: ignore[no-any-return]


class DividedLoop(_Divided, Loop):
    """Many steps as a function `(state, data, orders) -> (state, losses)`, on several devices.

    Each device has the data of all rows, and makes the batches of its own ones.
    """

    def several(self, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        """The steps as of one device; the state stays where it is."""
        return self.devices.kept(super().several(state, data, orders))  # type: ignore[no-any-return]

    def rows(self, array: Any, places: Any) -> Any:
        """The rows of an array at some places, divided among the devices."""
        return self.devices.taken(array, places)

    def __call__(self, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        """The state after the steps, and their losses."""
        with precision(self.dtype):
            return super().__call__(state, [self.devices.everywhere(array, self.dtype) for array in data], orders)


class DividedTraining(Training):
    """The steps of a training by `fit` on several devices, as a `Loop`. Each device has the data of all rows."""

    def __init__(self, code: Code, plan: Plan) -> None:
        self._devices = Devices(plan.devices, plan.shard)
        super().__init__(code, plan)
        if jax.process_count() > 1:
            self._most = 1  # The processes must not differ in the epochs of a call, which one of them may find long.

    def _placed(self, column: Any) -> jax.Array:
        return self._devices.everywhere(column, self._dtype)

    def _taken(self) -> State:
        return self._devices.put(super()._taken())  # type: ignore[no-any-return]

    def _put_back(self, run: Run, steps: int) -> None:
        whole = self._devices.gathered((run.state, run.gradient))
        super()._put_back(run._replace(state=whole[0], gradient=whole[1]), steps)
        self._state = run.state

    def _batch(self, data: Sequence[Any], order: Any, start: Any, size: int) -> list[Any]:
        places = start + jnp.arange(size) if order is None else lax.dynamic_slice_in_dim(order, start, size)
        return [self._devices.taken(array, places) for array in data]

    def _step(self, run: Run, batch: Sequence[Any]) -> Run:
        return self._devices.kept(super()._step(run, batch))  # type: ignore[no-any-return]

    def _several(self, state: State, data: Sequence[Any], orders: Any, count: Any) -> tuple[Run, Any]:
        # The arrays that a loop leaves may lie elsewhere than those that its steps leave.
        return self._devices.kept(super()._several(state, data, orders, count))  # type: ignore[no-any-return]


def step_of(program: "Program", optimizer: "Optimizer", devices: Any, shard: str | None) -> Step:
    """The step of a program, on one device or on those that are named."""
    if are_shared(devices, shard):
        return DividedStep(program, optimizer, Devices(devices, shard))
    return Step(program, optimizer)


def loop_of(program: "Program", optimizer: "Optimizer", devices: Any, shard: str | None) -> Loop:
    """The loop of a program, on one device or on those that are named."""
    if are_shared(devices, shard):
        return DividedLoop(program, optimizer, Devices(devices, shard))
    return Loop(program, optimizer)
