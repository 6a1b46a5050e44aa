"""The training of a native program: the steps of an optimiser in C, and the state that they leave in it."""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from autograd.compiler.binding import Array, DeclinedError, Plan, Slice
from autograd.compiler.native.extension import native
from autograd.compiler.native.shuffling import Shuffling, can_be_shuffled
from autograd.compiler.native.update import Update, is_known

WORTH: Final = 300
"""So many rows are shuffled more quickly in C, where the state of the generator has to be taken there and back."""
AHEAD: Final = (64, 1 << 14)
"""The fewest and the most steps whose numbers are computed ahead."""


def loop_of(compiled: Callable[[Update], Any], code: Any, plan: Plan, **sizes: Any) -> "NativeLoop | None":
    """The steps of a training; None if its optimiser is not one of the package, or its update can't be compiled.

    compiled makes a `Code` of the extension, as `code` is one, of the update. The sizes are those of `NativeLoop`.
    """
    if not is_known(plan.optimizer):
        return None
    try:
        return NativeLoop(compiled, code, plan, **sizes)
    except DeclinedError:
        return None


class _Ahead(NamedTuple):
    """Numbers of an update that were computed ahead."""

    table: Array
    start: int
    """The steps that were made before those of the table."""
    rate: float
    had: bool
    """Whether the optimiser had its states then."""


class NativeLoop:
    """The steps of a training in C, as a `Loop`.

    width is the number of slots of x, roots that of the roots, work that of the operations for one example.
    """

    def __init__(
        self,
        compiled: Callable[[Update], Any],
        code: Any,
        plan: Plan,
        *,
        width: int,
        roots: int,
        threads: int = 1,
        work: float = 1.0,
    ) -> None:
        self._compiled, self._code, self._plan = compiled, code, plan
        self._rows, self._group = len(plan.columns[0]), plan.optimizer.param_groups[0]
        self._options = {"width": width, "roots": roots, "threads": threads, "work": work}
        self._columns = [
            (np.ascontiguousarray(column).reshape(self._rows, -1), np.ascontiguousarray(slots, np.int64))
            for column, slots in zip(plan.columns, plan.slots, strict=True)
        ]
        self._in_c = plan.reorder is not None and can_be_shuffled(plan.reorder.draws)
        self._make()

    def _make(self) -> None:
        """Make the training for the hyperparameters of now."""
        plan, dtype = self._plan, self._plan.parameters.dtype
        self._update = update = Update(plan.optimizer, str(dtype))
        self._states = np.zeros((len(update.starts), len(plan.parameters)), dtype)
        self._views = {name: self._blocks_of(row) for name, row in zip(update.starts, self._states, strict=True)}
        self._ahead = _Ahead(np.zeros((0, 0)), 0, math.nan, False)
        self._training = native().Training(
            self._code,
            self._compiled(update),
            self._rows,
            min(plan.size, self._rows),
            columns=self._columns,
            parameters=plan.parameters,
            gradient=plan.gradient,
            states=self._states,
            numbers=update.numbers(1).shape[1],
            shuffled=plan.reorder is not None,
            **self._options,
        )

    def run(self, epochs: int, answer: Callable[[], None]) -> Slice:
        """Make steps, as `Loop` says."""
        plan = self._plan
        if not self._training.ordered and not self._update.fits:
            self._make()
        if plan.reorder is None:
            return self._steps(epochs, answer)
        if self._in_c and epochs * self._rows >= WORTH:
            shuffling = Shuffling(plan.reorder)
            try:
                return self._steps(epochs, answer, order=shuffling.order, generator=shuffling.generator)
            finally:
                shuffling.finish()
        if not self._training.ordered:
            plan.reorder()
        return self._steps(1, answer, order=np.ascontiguousarray(plan.reorder.order.places, np.int64))

    def _steps(self, epochs: int, answer: Callable[[], None], **options: Any) -> Slice:
        self._take_states()
        numbers = self._numbers()
        if self._update.counts:
            options["steps"] = len(numbers)
        found = Slice(*self._training.run(epochs, numbers=numbers, below=self._plan.below, answer=answer, **options))
        if found.batches:
            self._group.steps += found.batches
            self._group.states.update({name: [*views] for name, views in self._views.items()})
        return found

    def _numbers(self) -> Array:
        """The numbers for the next steps, from those that were computed ahead, if they are right still."""
        group, ahead = self._group, self._ahead
        had, used = group.states.keys() >= self._views.keys(), group.steps - ahead.start
        same = ahead.rate == group["lr"] and had == (ahead.had or used > 0)
        if not same or used < 0 or (self._update.counts and used >= len(ahead.table)):
            count = min(2 * len(ahead.table), AHEAD[1]) if same and used == len(ahead.table) else AHEAD[0]
            table = self._update.numbers(count).astype(self._plan.parameters.dtype)
            self._ahead, used = _Ahead(table, group.steps, group["lr"], had), 0
        return self._ahead.table[min(used, len(self._ahead.table) - 1) :]

    def _take_states(self) -> None:
        """Take the states that the optimiser has now, unless they are those that were left in it."""
        for name, start in self._update.starts.items():
            kept: list[Any] = self._group.states.get(name, [start] * len(self._views[name]))
            for view, number in zip(self._views[name], kept, strict=True):
                if number is not view:
                    view[...] = number

    def _blocks_of(self, row: Array) -> list[Any]:
        """A row of numbers for all parameters, cut as the parameters are in the optimiser."""
        blocks: list[Any] = list(self._group.each)
        return [row[block.place] for block in blocks]
