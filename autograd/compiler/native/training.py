"""The training of a native program: the steps of an optimiser in C, and the state that they leave in it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.binding import Array, Plan, Slice
from autograd.compiler.native.extension import native


class Update(NamedTuple):
    """The update of an optimiser as a function of C."""

    code: Any
    """A `Code` with `program_update`."""
    starts: Mapping[str, float]
    """The names of the optimiser's states, in the order of the rows in C, and the number that each starts with."""
    numbers: Callable[[], list[float]]
    """The hyperparameters and the like for the next step; they may change from call to call."""
    counter: int = -1
    """The place among the numbers that counts the steps; -1 if there is none."""


class NativeLoop:
    """The steps of a training in C, as a `Loop`.

    width is the number of slots of x, roots that of the roots, work that of the operations for one example.
    """

    def __init__(
        self, code: Any, update: Update, plan: Plan, *, width: int, roots: int, threads: int = 1, work: float = 1.0
    ) -> None:
        self._plan, self._update = plan, update
        self._group = plan.optimizer.param_groups[0]
        dtype, rows = plan.parameters.dtype, len(plan.columns[0])
        self._states = np.zeros((len(update.starts), len(plan.parameters)), dtype)
        self._views = {name: self._blocks_of(row) for name, row in zip(update.starts, self._states, strict=True)}
        self._numbers = np.zeros(len(update.numbers()), dtype)
        self._order: Array | None = None
        columns = [
            (np.ascontiguousarray(column).reshape(rows, -1), np.ascontiguousarray(slots, np.int64))
            for column, slots in zip(plan.columns, plan.slots, strict=True)
        ]
        self._training = native().Training(
            code,
            update.code,
            rows,
            min(plan.size, rows),
            width,
            roots,
            columns,
            plan.parameters,
            plan.gradient,
            states=self._states,
            numbers=self._numbers,
            counter=update.counter,
            shuffled=plan.reorder is not None,
            threads=threads,
            work=work,
        )

    def run(self, epochs: int, answer: Callable[[], None]) -> Slice:
        """Make steps, as `Loop` says."""
        plan, training, group = self._plan, self._training, self._group
        options: dict[str, Any] = {"below": plan.below, "answer": answer}
        if plan.reorder is not None:
            if training.start == 0:
                self._order = np.ascontiguousarray(plan.reorder(), np.int64)
            epochs, options["order"] = 1, self._order
        if not group.states.keys() >= self._views.keys():
            options["steps"] = 1  # The first step has numbers of its own.
        self._take()
        found = Slice(*training.run(epochs, **options))
        if found.batches:
            group.steps += found.batches
            group.states.update({name: [*views] for name, views in self._views.items()})
        return found

    def _take(self) -> None:
        """Take the numbers and the states that the optimiser has now."""
        self._numbers[:] = self._update.numbers()
        for name, start in self._update.starts.items():
            kept: list[Any] = self._group.states.get(name, [start] * len(self._views[name]))
            for view, number in zip(self._views[name], kept, strict=True):
                if number is not view:
                    view[...] = number

    def _blocks_of(self, row: Array) -> list[Any]:
        """A row of numbers for all parameters, cut as the parameters are in the optimiser."""
        blocks: list[Any] = list(self._group.each)
        return [row[block.place] for block in blocks]
