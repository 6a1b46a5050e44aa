"""A program as `autograd.compile` makes it, which computes everything by Values: slowly, and the same bit for bit."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd import Value, nn
from autograd.engine.functions import mean

Array = NDArray[np.floating[Any]]


class Standin:
    """A model and a loss with the parameters in a flat array."""

    def __init__(
        self,
        model: nn.MLP,
        loss: Callable[[Any, Any], Value],
        shapes: Sequence[tuple[int, ...]],
        dtype: Literal["float64", "float32"] = "float64",
        reduce: str = "mean",
    ) -> None:
        self.model, self.loss, self.reduce = model, loss, reduce
        self.shapes = {f"input {i}": shape for i, shape in enumerate(shapes)}
        self.parameters: Array = np.array([p.data for p in model.parameters()], dtype)
        self.gradient = np.zeros_like(self.parameters)
        self.batches: list[list[list[Any]]] = []

    def value_and_grad(self, *arrays: Array, copy: bool = True) -> tuple[float, Array]:
        """The mean loss of the rows and its gradient."""
        for x, shape in zip(arrays, self.shapes.values(), strict=True):
            assert x.shape[1:] == tuple(shape), f"{x.shape} for {shape}"
            assert x.dtype == self.parameters.dtype
        parameters = list(self.model.parameters())
        kept = [p.data for p in parameters]
        self.write_back()
        for p in parameters:
            p.grad = 0.0
        self.batches.append([x.tolist() for x in arrays])
        value = mean([self.loss(self.model(x), t) for x, t in zip(*self.batches[-1], strict=True)])
        value.backward()
        self.gradient[:] = [p.grad for p in parameters]
        for p, data in zip(parameters, kept, strict=True):
            p.data = data
        return value.data, self.gradient.copy() if copy else self.gradient

    def _loop(self, *plan: object) -> None:
        """No back end: Python makes the steps."""

    def write_back(self) -> None:
        """Put the parameters into the Values."""
        for p, data in zip(self.model.parameters(), self.parameters.tolist(), strict=True):
            p.data = data
