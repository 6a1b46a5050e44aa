"""Training steps whose rows are divided among several devices, of one process or of many.

Importing this module imports JAX.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from autograd.compiler.jax.devices import Devices
from autograd.compiler.jax.stepping import Loop, Step, Steps
from autograd.compiler.jax.trees import precision
from autograd.compiler.jax.updates import State

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
        counts = {array.shape[:1] for array in arrays}
        if len(counts) != 1 or counts & {(), (0,)}:
            shown = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"a step takes arrays with as many rows in each, and at least one, not of shapes {shown}")
        with precision(self.dtype):
            placed = [self.devices.rows(array, self.dtype) for array in arrays]
            return self.jitted(len(arrays[0]), state, *placed)  # type: ignore[no-any-return]


class DividedLoop(_Divided, Loop):
    """Many steps as a function `(state, data, orders) -> (state, losses)`, on several devices.

    Each device has the data of all rows, and makes the batches of its own ones.
    """

    def __init__(self, program: "Program", optimizer: "Optimizer", devices: Devices) -> None:
        super().__init__(program, optimizer, devices)
        self.jitted = jax.jit(self._several, static_argnums=0, donate_argnums=1)

    def _several(self, rows: int, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        return self.several(state, data, orders[:, :rows])

    def __call__(self, state: State, data: Sequence[Any], orders: Any) -> tuple[State, Any]:
        """The state after the steps, and their losses."""
        with precision(self.dtype):
            everywhere = tuple(self.devices.everywhere(array, self.dtype) for array in data)
            rows = np.shape(orders)[1]
            return self.jitted(rows, state, everywhere, self.devices.orders(orders))  # type: ignore[no-any-return]
