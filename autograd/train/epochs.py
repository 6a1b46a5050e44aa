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
    from autograd.train.loader import Loader


class Epochs:
    """The epochs of a training of either kind, one in each call; the first one may be the rest of that of a loader."""

    def __init__(
        self, way: "Eager | Compiled", size: int, draws: Random | None, loader: "Loader | None" = None
    ) -> None:
        self._way, self._size, self._draws, self._loader = way, size, draws, loader

    def make(self, most: int, interrupts: Interrupts, advance: Callable[..., object]) -> list[float]:
        """Make a step for each batch, and return the mean loss of all rows, each before the step of its batch.

        advance gets the mean of the rows so far after each step. DivergenceError for a loss that isn't finite.
        """
        way, loader, of_all = self._way, self._loader, 0.0
        first = loader.batch * self._size if loader else 0
        rows = way.rows - first
        if self._draws is not None and not first:
            way.shuffle(self._draws)
        for start in range(first, way.rows, self._size):
            stop = min(start + self._size, way.rows)
            loss = interrupts.allow(way.differentiate, start, stop)
            if not math.isfinite(loss):
                raise DivergenceError(f"the loss of a batch is {loss}")
            of_all += loss * ((stop - start) / rows)  # No sum of losses, which may overflow where their mean doesn't.
            way.step()
            if loader:
                loader.advance()
            advance(of_all * (rows / (stop - first)))
        return [of_all]


class Slices:
    """The same for a back end that makes many steps in one call; it begins with a whole epoch."""

    def __init__(self, loop: "Loop", check: Callable[[], None]) -> None:
        self._loop, self._check = loop, check
        self.loader: Loader | None = None
        """The loader whose place moves on."""

    def make(self, most: int, interrupts: Interrupts, advance: Callable[..., object]) -> list[float]:
        """Make steps for a short while, and return the losses of the epochs that were finished, at most so many.

        The last one may have ended with a parameter that isn't finite, or with a loss below the limit of the training.
        DivergenceError for a loss that isn't finite.
        """
        self._check()
        # A back end may draw the orders of several epochs ahead, and then the place of a loader would be behind.
        found = self._loop.run(1 if self.loader else most, interrupts.answer)
        if not found.batches:
            raise DivergenceError(f"the loss of a batch is {found.mean}")
        if self.loader:
            self.loader.advance(found.batches)
        advance(found.mean, found.batches)
        return found.losses


class Rest:
    """The rest of an epoch, batch by batch, and then whole epochs by a back end."""

    def __init__(self, rest: Epochs, then: Slices) -> None:
        self._now: Epochs | Slices = rest
        self._then = then

    def make(self, most: int, interrupts: Interrupts, advance: Callable[..., object]) -> list[float]:
        """Make steps, as the one of both does whose turn it is."""
        now, self._now = self._now, self._then
        return now.make(most, interrupts, advance)


def epochs_of(
    way: Any, size: int, draws: Random | None, limit: float, *, watched: bool, loader: "Loader | None" = None
) -> Epochs | Slices | Rest:
    """The epochs of a training with batches of some size, whose rows are shuffled by `draws` if there is one.

    watched says that something looks at each step, so that Python has to make it.
    """
    made: Slices | None = None if watched else way.slices(size, draws, limit)
    one_by_one = Epochs(way, size, draws, loader)
    if made is None:
        return one_by_one
    made.loader = loader
    return Rest(one_by_one, made) if loader and loader.batch else made
