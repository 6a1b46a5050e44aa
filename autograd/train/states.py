"""The numbers of a training at one moment: parameters and gradients by name, and predictions.

>>> from autograd import losses, nn, optim
>>> from autograd.train.eager import Eager
>>> from autograd.train.states import state_of
>>> model = nn.Neuron(1, nonlin=False, init="zeros")
>>> state = state_of(Eager(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters())), None)
>>> state.names, state.parameters(), state.outputs([[1.0]]), state.evaluated(0, 1)
(['w.0', 'b'], [0.0, 0.0], [0.0], (4.0, [-4.0, -4.0]))
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from autograd.blocks import no_grad, trial
from autograd.engine.functions import mean
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.nn import Module
from autograd.nn.tensors import numbers_in
from autograd.train.compiled import Compiled, listed
from autograd.train.eager import Eager

Corners: TypeAlias = list[tuple[float, float]]


class OfValues:
    """The state of a training of Values."""

    def __init__(self, way: Eager, model: Module | None) -> None:
        self.way, self.subject = way, way.model
        named = dict(_named(way.model if model is None else model))
        known = {id(v) for v in named.values()}
        others = {i: v for i, v in enumerate(way.optimizer.parameters) if id(v) not in known}
        labels = [v.label for v in others.values()]
        for i, v in others.items():
            own = v.label if labels.count(v.label) == 1 and v.label not in named else ""
            named[own or f"parameter {i}"] = v
        self.names, self._values = list(named), list(named.values())
        self.predicts = True

    def inputs(self) -> list[Any]:
        """The inputs of all rows."""
        return [x for x, _ in self.way.data]

    def targets(self) -> list[Any]:
        """The targets of all rows, as numbers."""
        return [plain(t) for _, t in self.way.data]

    def like(self, point: list[float]) -> Any:
        """A point as an input of the kind that the rows have."""
        first = self.way.data[0][0]
        if isinstance(first, (list, tuple)):
            return point if isinstance(first, list) else tuple(point)
        import numpy as np

        return np.array(point)

    def corners(self) -> Corners | None:
        """The range of each of the two inputs; None for a model of anything but two numbers."""
        return corners(plain(x) for x, _ in self.way.data)

    def parameters(self) -> list[float]:
        """The data of the parameters, in the order of the names."""
        return [v.data for v in self._values]

    def gradients(self) -> list[float]:
        """The gradients that the parameters have."""
        return [v.grad for v in self._values]

    def outputs(self, inputs: Iterable[Any]) -> list[Any]:
        """The predictions for inputs, as numbers."""
        with no_grad(), trial():
            return [plain(self.way.model(x)) for x in inputs]

    def evaluated(self, start: int, stop: int) -> tuple[float, list[float]]:
        """The loss of a batch and its gradient, which is left in no node."""
        way = self.way
        with trial():
            loss = mean([way.loss(way.model(x), t) for x, t in way.data[start:stop]])
            tape = Tape(loss)
            leaves = [tape.node(place) for place, code in enumerate(tape.codes) if not code]
            kept = [(v, v.grad) for v in {id(v): v for v in (*leaves, *self._values)}.values()]
            try:
                for v, _ in kept:
                    v.grad = 0.0
                loss.backward()
                return loss.data, self.gradients()
            finally:
                for v, grad in kept:
                    v.grad = grad


class OfProgram:
    """The state of a training of a compiled program."""

    def __init__(self, way: Compiled, model: Module | None) -> None:
        self.way, self.subject, training = way, way.program, way.training
        self.names = training.names({} if model is None else {id(v): name for name, v in _named(model)})
        self.predicts = training.reads is not None
        columns = zip(way.program.shapes, way.columns, strict=True)
        self._columns = [column for name, column in columns if name in (training.reads or ())]

    def inputs(self) -> list[Any]:
        """The inputs of all rows that the outputs depend on."""
        rows = [*map(_listed_array, self._columns)]
        return rows[0] if len(rows) == 1 else [*zip(*rows, strict=True)]

    def targets(self) -> list[Any]:
        """The targets of all rows, as numbers."""
        return _listed_array(self.way.columns[-1])

    def like(self, point: list[float]) -> Any:
        """A point as an input of a program."""
        return point

    def corners(self) -> Corners | None:
        """The range of each of the two inputs; None for a program whose outputs depend on anything but two numbers."""
        shapes = [self.way.program.shapes[name] for name in self.way.training.reads or ()]
        return corners(map(plain, self.inputs())) if shapes in ([(2,)], [(), ()]) else None

    def parameters(self) -> list[float]:
        """The parameters, in the order of the names."""
        numbers: list[float] = self.way.program.parameters.tolist()
        return numbers

    def gradients(self) -> list[float]:
        """The gradient of the last batch."""
        numbers: list[float] = self.way.program.gradient.tolist()
        return numbers

    def outputs(self, inputs: Sequence[Any]) -> list[Any]:
        """The predictions for inputs, as numbers."""
        reads = self.way.training.reads
        columns = [inputs] if reads is None or len(reads) == 1 else zip(*inputs, strict=True)
        return listed(self.way.program.outputs(*map(list, columns))) if inputs else []

    def evaluated(self, start: int, stop: int) -> tuple[float, list[float]]:
        """The loss of a batch and its gradient, which is not left in the program."""
        gradient = self.way.program.gradient
        kept = gradient.copy()
        try:
            return self.way.differentiate(start, stop), self.gradients()
        finally:
            gradient[:] = kept


def _listed_array(column: Any) -> list[Any]:
    import numpy as np

    rows: list[Any] = np.asarray(column).tolist()
    return rows


def state_of(way: Eager | Compiled, model: Module | None) -> OfValues | OfProgram:
    """The state of either kind of training; a model tells the names of the parameters."""
    return OfValues(way, model) if isinstance(way, Eager) else OfProgram(way, model)


def plain(nest: Any) -> Any:
    """Numbers as Python's: the data of Values, and arrays as nested lists."""
    nest = nest.tolist() if hasattr(nest, "tolist") else nest
    return [plain(part) for part in nest] if isinstance(nest, (list, tuple)) else numbers_in(nest)


def corners(rows: Iterable[Any]) -> Corners | None:
    """The least and the greatest of each of two coordinates; None for rows of anything but two finite numbers.

    >>> corners([[0.0, 5.0], [1.0, 4.0]])
    [(0.0, 1.0), (4.0, 5.0)]
    """
    found: list[list[float]] = []
    for x in rows:
        if (
            not isinstance(x, list)
            or len(x) != 2
            or not all(isinstance(y, (int, float)) and math.isfinite(y) for y in x)
        ):
            return None
        found.append(x)
    return [(float(min(column)), float(max(column))) for column in zip(*found, strict=True)]


def _named(model: Any) -> Iterable[tuple[str, Value]]:
    return model.named_parameters() if isinstance(model, Module) else ()
