"""The training of a compiled program: its data as whole arrays, and the gradient of each batch of its rows.

`autograd.train.fit` runs it, as it runs a training of Values.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autograd.arguments import rows_in
from autograd.compiler.arguments import Array, narrowed, numbers, one_hot
from autograd.compiler.binding import Loop, Order, Reorder
from autograd.optim.optimizer import refuse_others
from autograd.wording import indexed

if TYPE_CHECKING:
    from autograd.compiler.program import Program
    from autograd.optim import Optimizer


class Training:
    """The batches of a program, `rows` rows in all, and the `step` of an optimiser of the program.

    columns has an array or nested list for each input. Class numbers in the last one become one-hot where its rows
    have a probability for each class. ValueError for columns of different lengths, for no rows, for a class out of
    range, for a program whose loss is not the mean of a batch, and for an optimiser of other parameters. `order` is the
    list of the numbers of the rows that `shuffle` puts into another order, if they have one already.
    """

    def __init__(
        self,
        program: "Program",
        columns: Iterable[ArrayLike],
        optimizer: "Optimizer",
        order: list[int] | None = None,
    ) -> None:
        if program.reduce != "mean":
            raise ValueError(f"a training minimises a mean; compile with reduce='mean', not {program.reduce!r}")
        refuse_others(optimizer, program)
        places = [f"the data of {name}" for name in program.shapes]
        arrays = [numbers(column, where) for column, where in zip(columns, places, strict=True)]
        self.rows = rows_in(arrays, "data is arrays with as many rows in each, and at least one row")
        arrays[-1] = _one_hot(arrays[-1], [*program.shapes.values()][-1])
        self.program, self.optimizer, self.step = program, optimizer, optimizer.step
        dtype = program.parameters.dtype
        given = zip(arrays, places, strict=True)
        self._arrays: list[Array] = [narrowed(array, where, dtype).astype(dtype, copy=False) for array, where in given]
        self.divided: tuple[Any, str | None] = (None, None)
        """The devices of JAX that share the rows of a batch, and the way in which they share the parameters."""
        self._order = Order(self.rows, order)

    @property
    def reads(self) -> tuple[str, ...] | None:
        """The names of the inputs that the outputs depend on; None for a program without outputs."""
        if self.program._graph.outputs is None:
            return None
        return tuple(a.name for a in self.program._part("outputs").arguments)

    def names(self, known: Mapping[int, str]) -> list[str]:
        """A name for each parameter: the one that is known for the id of its Value, or that of its view and its place.

        ValueError if names are known, and none is that of a parameter.
        """
        parameters = self.program._parameters
        names = [f"parameter {k}" for k in range(len(parameters.values))]
        for name, slots in reversed(parameters.names):
            for place, k in np.ndenumerate(slots.index):
                names[k] = indexed(name, place)
        found = [known.get(id(v), name) for v, name in zip(parameters.values, names, strict=True)]
        if known and not any(id(v) in known for v in parameters.values):
            raise ValueError("the program has no parameter of this model; give the one that it was compiled from")
        return found

    def shuffle(self, draws: Random) -> None:
        """Put the rows into another order, as `draws.shuffle` does with a list of them."""
        self._order.shuffle(draws)

    def loop(self, size: int, draws: Random | None, below: float) -> Loop | None:
        """The steps of batches of so many rows, where the back end of the program makes many in one call.

        The rows are shuffled before each epoch, if there are draws. The training ends after an epoch whose loss is
        below the limit.
        """
        reorder = None if draws is None else Reorder(self._order, draws)
        return self.program._loop(self._arrays, self.optimizer, size, reorder, below, *self.divided)

    def check(self) -> None:
        """Raise a ValueError if the data of a Value is not what the program took or put there."""
        self.program._check()

    def differentiate(self, start: int, stop: int) -> float:
        """The loss of the batch of rows from start to before stop; its gradient is left in the program."""
        if self._order.places is not None:
            places = self._order.places[start:stop]
            batch = [array.take(places, axis=0) for array in self._arrays]
        elif stop - start < self.rows:
            batch = [array[start:stop] for array in self._arrays]
        else:
            batch = self._arrays
        return float(self.program.value_and_grad(*batch, copy=False)[0])

    def value(self, rows: int | None = None) -> float:
        """The loss of all rows, or of the first ones."""
        return float(self.program.value(*(array[:rows] for array in self._arrays)))

    def outputs(self, rows: int | None = None) -> Any:
        """The outputs of the program for all rows, or for the first ones."""
        return self.program.outputs(*(array[:rows] for array in self._arrays))


def _one_hot(targets: Array, shape: tuple[int, ...]) -> Array:
    """The targets, of the given shape in each row; class numbers become a 1 at the class and 0 elsewhere."""
    if targets.dtype.kind not in "iu" or not shape or shape[-1] == 1 or targets.shape[1:] != shape[:-1]:
        return targets
    return one_hot(targets, shape[-1])
