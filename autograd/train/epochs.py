"""The epochs of a training: batch by batch in Python, or many in one call where the back end of a program can.

>>> from autograd import losses, nn, optim
>>> from autograd.train.eager import Eager
>>> from autograd.train.epochs import Epochs
>>> from autograd.train.interrupts import Interrupts
>>> model = nn.Neuron(1, nonlin=False, init="zeros")
>>> way = Eager(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters(), lr=0.25))
>>> with Interrupts() as interrupts:
...     Epochs(way, 1, None).make(1, interrupts, print)
4.0
[4.0]
"""

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from autograd.train.eager import DivergenceError, Eager
from autograd.train.interrupts import Interrupts

if TYPE_CHECKING:
    from autograd.compiler.binding import Loop
    from autograd.train.compiled import Compiled


class Epochs:
    """The epochs of a training of either kind, one in each call."""

    def __init__(self, way: "Eager | Compiled", size: int, draws: Random | None) -> None:
        self._way, self._size, self._draws = way, size, draws

    def make(self, most: int, interrupts: Interrupts, advance: Callable[..., object]) -> list[float]:
        """Make a step for each batch, and return the mean loss of all rows, each before the step of its batch.

        advance gets the mean of the rows so far after each step. DivergenceError for a loss that isn't finite.
        """
        way, of_all, rows = self._way, 0.0, self._way.rows
        if self._draws is not None:
            way.shuffle(self._draws)
        for start in range(0, rows, self._size):
            stop = min(start + self._size, rows)
            loss = interrupts.allow(way.differentiate, start, stop)
            if not math.isfinite(loss):
                raise DivergenceError(f"the loss of a batch is {loss}")
            of_all += loss * ((stop - start) / rows)  # No sum of losses, which may overflow where their mean doesn't.
            way.step()
            advance(of_all * (rows / stop))
        return [of_all]


class Slices:
    """The same for a back end that makes many steps in one call."""

    def __init__(self, loop: "Loop", check: Callable[[], None]) -> None:
        self._loop, self._check = loop, check

    def make(self, most: int, interrupts: Interrupts, advance: Callable[..., object]) -> list[float]:
        """Make steps for a short while, and return the losses of the epochs that were finished, at most so many.

        The last one may have ended with a parameter that isn't finite, or with a loss below the limit of the training.
        DivergenceError for a loss that isn't finite.
        """
        self._check()
        found = self._loop.run(most, interrupts.answer)
        if not found.batches:
            raise DivergenceError(f"the loss of a batch is {found.mean}")
        advance(found.mean, found.batches)
        return found.losses


def epochs_of(way: Any, size: int, draws: Random | None, limit: float, *, watched: bool) -> Epochs | Slices:
    """The epochs of a training with batches of some size, whose rows are shuffled by `draws` if there is one.

    watched says that something looks at each step, so that Python has to make it.
    """
    made: Slices | None = None if watched else way.slices(size, draws, limit)
    return Epochs(way, size, draws) if made is None else made
