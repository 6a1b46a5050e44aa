"""A kernel bound to batches: buffers for a number of examples, filled from the caller's arrays and run.

Whatever a batch returns lies in buffers that the next run overwrites.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import arguments, pipeline
from autograd.compiler.leaves import Argument
from autograd.compiler.parameters import affine, strided
from autograd.compiler.pipeline import Recording, Wanted
from autograd.compiler.statements import Index

Array = NDArray[Any]
KEPT: Final = 4
"""Bindings that are kept: batches of training, the last one of an epoch, validation, and one more."""
_BY_DOT: Final = 4096
"""Examples up to which a sum is a product with ones, which starts sooner than a sum."""


class Batch:
    """Buffers for n examples: `run` fills them from arrays of n rows and computes."""

    total: float = math.nan
    """The sum or mean of the losses, if the program has one."""

    def __init__(self, part: "Part", n: int, gradient: Array, scale: float) -> None:
        self._vector = part.vector
        self._bound = part.kernel.bind(n, part.vector if part.lanes is None else part.vector[:0], gradient)
        self._bound.seed[:] = scale
        self._forward, self._backward = self._bound.forward, self._bound.backward
        self._reduces, self._scale = part.reduce is not None, scale
        self._weights = np.full(n, scale) if n <= _BY_DOT else None
        self._moves: list[tuple[Index, Array, Index]] = []
        self._targets = [self._target(part.slots[a.name], (n, *a.shape)) for a in part.arguments]
        self._lanes = self._target(part.lanes, (n, len(part.lanes))) if part.lanes is not None else None

    def _target(self, slots: Index, shape: tuple[int, ...]) -> Array:
        """The array to copy an input to: the buffer of the kernel itself, if its slots are in some regular order."""
        inputs, grid = self._bound.inputs, slots.reshape(shape[1:])
        if (pattern := affine(grid)) is not None and slots.min() >= 0:
            return np.moveaxis(strided(inputs, grid.shape, *pattern), -1, 0)
        aside, read = np.zeros(shape, inputs.dtype), np.flatnonzero(slots >= 0)
        if len(read):
            self._moves.append((slots[read], aside.reshape(shape[0], -1).T, read))
        return aside

    @np.errstate(all="ignore")
    def run(self, arrays: Sequence[Array], backward: bool) -> None:
        """Compute the roots, and the gradients if backward."""
        for array, target in zip(arrays, self._targets, strict=True):
            target[...] = array
        if self._lanes is not None:
            self._lanes[...] = self._vector
        for slots, aside, read in self._moves:
            self._bound.inputs[slots] = aside[read]
        self._forward()
        if self._reduces:
            losses = self._bound.roots[0]
            self.total = float(self._weights.dot(losses) if self._weights is not None else _sum(losses) * self._scale)
        if backward:
            self._backward()

    @property
    def roots(self) -> Array:
        """An array of (roots, n)."""
        return self._bound.roots

    @property
    def input_gradient(self) -> Array:
        """An array of (slots of the inputs, n)."""
        assert self._bound.input_gradient is not None
        return self._bound.input_gradient


def _sum(losses: Array) -> Any:
    return losses.sum(dtype=np.float64)


class Blocks:
    """The same for many examples, a block of them at a time, so that their numbers stay in the cache."""

    total: float = math.nan

    def __init__(self, part: "Part", n: int, size: int, scale: float) -> None:
        self._size, self._scale, self._sum = size, scale, part.gradient
        self._gradient = np.zeros_like(part.gradient)
        sizes = {size, n % size} - {0}
        self._batches = {k: Batch(part, k, self._gradient, scale) for k in sizes}
        any_of = self._batches[size]
        self.roots = np.empty((len(any_of.roots), n), part.vector.dtype)
        wanted = any_of._bound.input_gradient
        self.input_gradient = np.empty((0 if wanted is None else len(wanted), n), part.vector.dtype)

    @np.errstate(all="ignore")
    def run(self, arrays: Sequence[Array], backward: bool) -> None:
        """Compute the roots, and the gradients if backward."""
        for start in range(0, self.roots.shape[1], self._size):
            rows = slice(start, start + self._size)
            batch = self._batches[len(arrays[0][rows])]
            batch.run([array[rows] for array in arrays], backward)
            self.roots[:, rows] = batch.roots
            if backward and len(self.input_gradient):
                self.input_gradient[:, rows] = batch.input_gradient
            if backward:
                np.add(self._sum if start else 0.0, self._gradient, out=self._sum)
        self.total = float(_sum(self.roots[0]) * self._scale)


class Part:
    """One kernel of a program, and its bindings to the last few sizes of batches.

    If `parameters` are given as lanes, the recording has them for its last inputs, and each example has a gradient of
    its own.
    """

    def __init__(
        self,
        recording: Recording,
        wanted: Wanted,
        inputs: list[Argument],
        vector: Array,
        gradient: Array,
        *,
        reduce: Literal["mean", "sum"] | None = None,
        lanes: bool = False,
    ) -> None:
        self.lowered, self.kernel = pipeline.kernel_of(recording, wanted, str(vector.dtype))
        self.arguments, self.vector, self.gradient, self.reduce = inputs, vector, gradient, reduce
        slots = np.where(np.array(recording.inputs) < 0, -1, self.lowered.input_slots)
        *rows, last = np.split(slots, np.cumsum([len(a.leaves) for a in inputs]))
        self.slots: dict[str, Index] = {a.name: row for a, row in zip(inputs, rows, strict=True)}
        self.lanes: Index | None = last if lanes else None
        self.single = False
        """Whether the last run was of one example, without an axis for the batch."""
        self._kept: dict[int, Batch | Blocks] = {}
        self._last: Batch | Blocks | None = None
        self._shapes: list[tuple[int, ...]] = []

    def run(self, arrays: Sequence[Any], backward: bool) -> Batch | Blocks:
        """Run a batch, bound to its size at the first time."""
        if self._last is not None and len(arrays) == len(self._shapes):
            dtype = self.vector.dtype
            for array, shape in zip(arrays, self._shapes, strict=True):
                if type(array) is not np.ndarray or array.shape != shape or array.dtype is not dtype:
                    break
            else:
                self._last.run(arrays, backward)
                return self._last
        rows, self.single = arguments.batch(arrays, self.arguments)
        batch = self._bound_to(len(rows[0]))
        batch.run(rows, backward)
        self._last, self._shapes = None if self.single else batch, [row.shape for row in rows]
        return batch

    def _bound_to(self, n: int) -> Batch | Blocks:
        batch = self._kept.pop(n, None)
        if batch is None:
            size, scale = self.lowered.facts.block, 1.0 / n if self.reduce == "mean" else 1.0
            batch = Blocks(self, n, size, scale) if 0 < size < n else Batch(self, n, self.gradient, scale)
        self._kept[n] = batch
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return batch

    def per_input(self, batch: Batch | Blocks) -> list[Array]:
        """The gradient by each input, in its shape, with an axis for the batch first."""
        return [self._gradient_at(batch, self.slots[a.name], a.shape) for a in self.arguments]

    def per_parameter(self, batch: Batch | Blocks) -> Array:
        """The gradient of each example by the parameters that are lanes."""
        assert self.lanes is not None
        return self._gradient_at(batch, self.lanes, self.lanes.shape)

    def _gradient_at(self, batch: Batch | Blocks, slots: Index, shape: tuple[int, ...]) -> Array:
        found = batch.input_gradient[slots]
        found[slots < 0] = 0.0
        return np.ascontiguousarray(found.T).reshape(found.shape[1], *shape)
