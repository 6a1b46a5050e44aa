"""The training of a program on a device of JAX: data and state lie there, and whole epochs run in one call.

Importing this module imports JAX.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from autograd.compiler.binding import Plan, Slice
from autograd.compiler.jax.function import made
from autograd.compiler.jax.text import Signature, text_of
from autograd.compiler.jax.trees import Tree, joined, named, of_code, precision
from autograd.compiler.jax.updates import State, Update
from autograd.compiler.pipeline import Code

SHORT: Final = 0.1
"""Seconds after which a call should end, so that Ctrl-C is answered."""
MOST: Final = 1 << 20
"""The most places of rows of one call; the host shuffles them ahead."""
EPOCHS: Final = 1024
"""The most epochs of one call."""


class Run(NamedTuple):
    """The numbers that the steps of a call change."""

    state: State
    gradient: Tree
    """Of the last batch of the last epoch."""
    going: Any
    """Whether more steps may follow."""
    mean: Any
    """The sum of the losses of the epoch so far, each weighed by its share of all rows."""
    steps: Any
    failed: Any
    """Whether the loss of the last batch wasn't finite, and so it got no step."""
    loss: Any
    """That of the last batch."""


class Training:
    """The steps of a training, as a `Loop`.

    Each call makes at least one epoch, if it can. Where rows are shuffled, the orders of a few epochs are drawn ahead,
    also those of epochs that an early end leaves out.
    """

    def __init__(self, code: Code, plan: Plan) -> None:
        self._plan, self._dtype = plan, code.dtype
        self._own = of_code(code)
        self._compile(code)
        self._update = Update(plan.optimizer, self._own, code.dtype)
        self._rows = len(plan.columns[0])
        self._size = min(plan.size, self._rows)
        self._starts = range(0, self._rows, self._size)
        self._most, self._epochs = max(1, min(EPOCHS, MOST // self._rows)), 1
        self._failed: Slice | None = None
        """The answer of the next call, after a loss that isn't finite."""
        with precision(code.dtype):
            self._data = tuple(map(self._placed, plan.columns))
        self._state: State | None = None
        self._left: list[Any] = []
        """The arrays that the last call left in the program and its optimiser."""

    def _compile(self, code: Code) -> None:
        self._code = code
        inputs = code.program.names[: len(self._plan.columns)]
        signature = Signature("value_and_grad", named(self._own), inputs, "mean", "parameters")
        self._function = made(text_of(code.program, signature, code.dtype))
        self._jitted = jax.jit(self._several, donate_argnums=0)

    def run(self, epochs: int, answer: Callable[[], None]) -> Slice:
        """Make steps, as `Loop` says."""
        if self._failed is not None:
            return self._failed
        count, start = min(epochs, self._epochs), perf_counter()
        orders = self._orders(count)
        run, losses = self._called(orders, count)
        with precision(self._dtype):
            trusted = not self._code.completes or _is_finite(run)
        if not trusted:
            # Rows completed with zeros, and nodes without their guards, are right for finite numbers alone.
            self._compile(self._code.exactly())
            self._state = None
            run, losses = self._called(orders, count)
        steps = int(run.steps)
        if perf_counter() - start < SHORT:
            self._epochs = min(2 * self._epochs, self._most)
        self._put_back(run, steps)
        if run.failed:
            self._failed = Slice([], 0, float(run.loss))
        if not steps:
            return Slice([], 0, float(run.loss))
        finished, more = divmod(steps, len(self._starts))
        rows = min(self._starts[more - 1] + self._size, self._rows) if more else self._rows
        return Slice(np.asarray(losses)[:finished].tolist(), steps, float(run.mean) * self._rows / rows)

    def _called(self, orders: NDArray[Any] | None, count: int) -> tuple[Run, Any]:
        with precision(self._dtype):
            found: tuple[Run, Any] = self._jitted(self._taken(), self._data, orders, count)
        return found

    # ── between the host and the device ──

    def _orders(self, count: int) -> NDArray[Any] | None:
        """The places of the rows in each epoch, in an array of one size."""
        if self._plan.reorder is None:
            return None
        orders = np.zeros((self._most, self._rows), np.int32)
        for row in orders[:count]:
            row[:] = self._plan.reorder()
        return orders

    def _placed(self, column: NDArray[Any]) -> jax.Array:
        """All rows of a column on the device."""
        return jnp.array(column)

    def _taken(self) -> State:
        """The state of the program and the optimiser as they are now."""
        plan, group = self._plan, self._plan.optimizer.param_groups[0]
        now: list[Any] = [plan.parameters, *(part for row in group.states.values() for part in row)]
        same = len(now) == len(self._left) and all(np.array_equal(*pair) for pair in zip(now, self._left, strict=True))
        if self._state is None or not same:
            return self._update.start(plan.parameters)
        return self._state._replace(numbers=self._update.numbers())

    def _put_back(self, run: Run, steps: int) -> None:
        plan, group = self._plan, self._plan.optimizer.param_groups[0]
        self._state = run.state
        joined(run.state.parameters, self._own, plan.parameters)
        joined(run.gradient, self._own, plan.gradient)
        self._update.finish(run.state, steps)
        parts: list[Any] = [part for row in group.states.values() for part in row]
        self._left = [part.copy() for part in (plan.parameters, *parts)]

    # ── on the device ──

    def _several(self, state: State, data: Sequence[Any], orders: Any, count: Any) -> tuple[Run, Any]:
        """Epochs, and the loss of each."""
        zero, none = jnp.zeros((), self._dtype), jnp.zeros((), bool)
        nothing = jax.tree.map(jnp.zeros_like, state.parameters)
        first = Run(state, nothing, ~none, zero, jnp.zeros((), int), none, zero)

        def follows(carried: Any) -> Any:
            epoch, run, _ = carried
            return (epoch < count) & run.going

        def make(carried: Any) -> Any:
            epoch, run, losses = carried
            run = self._epoch(run, data, None if orders is None else orders[epoch])
            return epoch + 1, run, losses.at[epoch].set(run.mean)

        _, run, losses = lax.while_loop(follows, make, (0, first, jnp.zeros(self._most, self._dtype)))
        return run, losses

    def _epoch(self, run: Run, data: Sequence[Any], order: Any) -> Run:
        run = run._replace(mean=jnp.zeros_like(run.mean))

        def one(run: Run, start: Any) -> tuple[Run, None]:
            kept = run.gradient  # Only that of the last batch leaves the loop.
            return self._step(run, self._batch(data, order, start, self._size))._replace(gradient=kept), None

        if len(self._starts) > 1:
            run, _ = lax.scan(one, run, jnp.arange(len(self._starts) - 1) * self._size)
        run = self._step(run, self._batch(data, order, self._starts[-1], self._rows - self._starts[-1]))
        finite = [jnp.isfinite(array).all() for array in run.state.parameters.values()]
        return run._replace(going=run.going & jnp.stack(finite).all() & ~(run.mean < self._plan.below))

    def _batch(self, data: Sequence[Any], order: Any, start: Any, size: int) -> list[Any]:
        """The rows of a batch that begins at a place, of each column."""
        if order is None:
            return [lax.dynamic_slice_in_dim(array, start, size) for array in data]
        places = lax.dynamic_slice_in_dim(order, start, size)
        return [jnp.take(array, places, axis=0, mode="clip") for array in data]

    def _step(self, run: Run, batch: Sequence[Any]) -> Run:
        """A step, if the training goes on and the loss is finite."""
        loss, gradient = self._function(run.state.parameters, *batch)
        going = run.going & jnp.isfinite(loss)
        state = jax.tree.map(lambda new, old: jnp.where(going, new, old), self._update(run.state, gradient), run.state)
        mean = run.mean + jnp.where(going, loss * (len(batch[0]) / self._rows), 0.0)
        failed, last = run.failed | (run.going & ~going), jnp.where(run.going, loss, run.loss)
        return Run(state, gradient, going, mean, run.steps + going, failed, last)


def _is_finite(run: Run) -> bool:
    """Whether the last loss and all parameters, of which a process may have parts alone, are finite."""
    return not run.failed and all(bool(jnp.isfinite(array).all()) for array in run.state.parameters.values())
