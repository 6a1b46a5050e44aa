"""A training of Values: each batch has a graph of its own.

>>> from autograd import losses, nn, optim
>>> from autograd.train.eager import Eager
>>> model = nn.Neuron(1, nonlin=False, init="zeros")
>>> training = Eager(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters()))
>>> training.differentiate(0, 1)
4.0
>>> model.b.grad
-4.0
"""

import math
import reprlib
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

from autograd.blocks import no_grad
from autograd.engine.functions import mean
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.nn import Module
from autograd.nn.tensors import numbers_in
from autograd.train.slips import Metrics, callable_loss, callable_model, optimizer_of, rows_of

READABLE: Final = 1_000_000
"""Nodes of the largest graph that is searched for the origin of a nan: it takes some seconds."""


class DivergenceError(Exception):
    """A loss or a parameter is not finite: what is so, and where that arises in its graph."""

    def __init__(self, what: str, origin: str = "") -> None:
        super().__init__(what)
        self.origin = origin


class Eager:
    """The rows of a training, its step, and the gradient of each batch of rows."""

    def __init__(self, model: Any, data: Any, loss: Any, optimizer: Any) -> None:
        self.model, self.loss = callable_model(model), callable_loss(loss)
        self.optimizer = optimizer_of(optimizer, "model.parameters()")
        self.step: Callable[[], None] = optimizer.step
        self.data = rows_of(data)
        self.rows = len(self.data)
        self.checked = False

    def shuffle(self, draws: Random) -> None:
        """Put the rows into another order."""
        draws.shuffle(self.data)

    def differentiate(self, start: int, stop: int) -> float:
        """The loss of a batch; its gradient is left in the parameters. DivergenceError if the loss isn't finite."""
        # No name outside refers to the graph, so it is freed before that of the next batch is built.
        batch = [self.loss(self.model(x), t) for x, t in self.data[start:stop]]
        loss = mean(batch)
        if not self.checked and not any(map(Tape(loss).__contains__, self.optimizer.parameters)):
            raise ValueError(
                "fit: the loss depends on no parameter of the optimizer; leave no_grad(), make the loss of Values "
                "and not of their data, and pass the optimizer this model's parameters"
            )
        self.checked = True
        if not math.isfinite(loss.data):
            raise self._diverged(loss, batch, start)
        self.optimizer.zero_grad()
        loss.backward()
        return loss.data

    def slices(self, size: int, draws: Random | None, limit: float) -> None:
        """None: each batch has a graph of its own."""

    def _diverged(self, loss: Value, batch: list[Value], start: int) -> DivergenceError:
        """The first row whose loss isn't finite, and where in its graph that arises."""
        from autograd.show.autopsy import autopsy

        place = next((i for i, v in enumerate(batch) if not math.isfinite(v.data)), -1)
        root = batch[place] if place >= 0 else loss
        of = f"row {reprlib.repr(self.data[start + place])}" if place >= 0 else "a batch"
        origin = repr(autopsy(root)) if len(Tape(root)) <= READABLE else ""
        return DivergenceError(f"the loss of {of} is {root.data}", origin)

    def broken(self) -> str:
        """The first parameter that isn't finite, with its data; empty if all are."""
        for i, p in enumerate(self.optimizer.parameters):
            if not math.isfinite(p.data):
                names = {id(v): name for name, v in _named(self.model)}
                return f"{names.get(id(p), p.label or f'parameter {i}')} = {p.data}"
        return ""

    def measured(
        self, validation: "Eager | None", metrics: Metrics, rows: int | None = None
    ) -> tuple[float | None, dict[str, float]]:
        """The loss of the validation, and the metrics of its rows, or else of the rows of the training.

        It is that of the first rows only, if their number is given.
        """
        if validation is None and not metrics:
            return None, {}
        data = (self if validation is None else validation).data[:rows]
        with no_grad():
            pairs = [(self.model(x), t) for x, t in data]
            loss = None if validation is None else mean([self.loss(y, t) for y, t in pairs]).data
        shown = [(numbers_in(y), t) for y, t in pairs]
        return loss, {name: over(shown) for name, over in metrics.items()}


def _named(model: Any) -> Iterable[tuple[str, Value]]:
    return model.named_parameters() if isinstance(model, Module) else ()
