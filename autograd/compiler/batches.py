"""A kernel bound to batches: buffers for a number of examples, filled from the caller's arrays and run.

The results of a batch lie in buffers that the next run overwrites.
"""

import math
import sys
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Any, Final, Literal, TypeAlias, TypeVar

import numpy as np
from numpy import ndarray

from autograd.compiler import arguments, backends, pipeline
from autograd.compiler.arguments import Array
from autograd.compiler.binding import DeclinedError
from autograd.compiler.leaves import Argument
from autograd.compiler.options import Options
from autograd.compiler.pipeline import Wanted
from autograd.compiler.reading import Recording
from autograd.compiler.statements import Index
from autograd.compiler.views import view_of

T = TypeVar("T")
Reduction: TypeAlias = Literal["mean", "sum"] | None
KEPT: Final = 4
"""Bindings that are kept: for batches of training, the last one of an epoch, validation, and one more."""


class Batch:
    """Buffers for n examples."""

    total: float = math.nan
    """The sum or mean of the losses, if the program has one."""
    lasting = False
    """Whether the results are not overwritten by the next run."""

    def __init__(self, part: "Part", n: int, gradient: Array, scale: float) -> None:
        self._bound = part.code.bind(n, part.vector[: part.bound], gradient[: part.bound])
        self._bound.seed[:] = scale
        self._forward, self._backward, self._both = self._bound.forward, self._bound.backward, self._bound.both
        self._weights, self._losses = np.full(n, scale) if part.reduce else None, self._bound.roots[0]
        self._moves: list[tuple[Index, Array, Index]] = []
        shapes = [(n, *a.shape) for a in part.arguments]
        self._targets = [(self._target(*pair), pair[1]) for pair in zip(part.slots, shapes, strict=True)]
        take, given = self._bound.take, zip(part.arguments, part.slots, strict=True)
        self._whole = (
            None if take is None else take([(a.shape, slots) for a, slots in given], scale if part.reduce else 0.0)
        )
        results = (self._bound.roots, self._bound.input_gradient)
        self._memory = [x if x.base is None else x.base for x in results if x is not None]
        self._references = self._count() if self.is_quick else []

    def _target(self, slots: Index, shape: tuple[int, ...]) -> Array:
        """The array to copy an input to: the buffer of the kernel itself, if its slots are in some regular order."""
        inputs, grid = self._bound.inputs, slots.reshape(shape[1:])
        if slots.min() >= 0 and (view := view_of(inputs, grid)) is not None:
            return np.moveaxis(view, -1, 0)
        aside, read = np.zeros(shape, inputs.dtype), np.flatnonzero(slots >= 0)
        self._moves.append((slots[read], aside.reshape(shape[0], -1).T, read))
        return aside

    def _count(self) -> list[int]:
        return [*map(sys.getrefcount, self._memory)]

    @property
    def held(self) -> bool:
        """Whether somebody has results of the last run, which are views of the arrays here."""
        return self._count() != self._references

    @property
    def is_quick(self) -> bool:
        """Whether one call does all of a run, into arrays that another batch has anew at no cost."""
        return self._whole is not None

    def run(self, arrays: Sequence[Any], backward: bool, certain: bool) -> bool:
        """Compute the roots, and the gradients if backward.

        If it is not certain that the arrays fit, False for one that has not the very shape and type of its buffer.
        """
        total = None if self._whole is None else self._whole(arrays, backward)
        if total is None:
            return self._run(arrays, backward, certain)
        self.total = total
        return True

    @np.errstate(all="ignore")
    def _run(self, arrays: Sequence[Any], backward: bool, certain: bool) -> bool:
        """The same by arrays of NumPy."""
        for array, (target, shape) in zip(arrays, self._targets):  # noqa: B905  (its check costs as much as a copy)
            if not (certain or (type(array) is ndarray and array.shape == shape and array.dtype is target.dtype)):
                return False
            target[...] = array
        for slots, aside, read in self._moves:
            self._bound.inputs[slots] = aside[read]
        if backward and self._both is not None:
            self._both()
        else:
            self._forward()
        if self._weights is not None:
            self.total = float(self._weights.dot(self._losses))
        if backward and self._both is None:
            self._backward()
        return True

    @property
    def roots(self) -> Array:
        """An array of (roots, n)."""
        return self._bound.roots

    @property
    def input_gradient(self) -> Array | None:
        """An array of (slots of the inputs, n)."""
        return self._bound.input_gradient


class Blocks:
    """The same for many examples, a block of them at a time, so that their numbers stay in the cache."""

    total: float = math.nan
    lasting = True

    def __init__(self, part: "Part", n: int, size: int, scale: float) -> None:
        self._n, self._sum, self._gradient = n, part.gradient, np.zeros_like(part.gradient)
        self._size = math.ceil(n / round(n / size))  # Blocks of one size, for a small last one costs as many calls.
        self._batches = {k: Batch(part, k, self._gradient, scale) for k in {self._size, n % self._size} - {0}}
        self.roots: Array = np.empty(0)
        self.input_gradient: Array | None = None

    def run(self, arrays: Sequence[Array], backward: bool, certain: bool) -> bool:
        """Compute the roots, and the gradients if backward; False if it is not certain that the arrays fit."""
        if not certain:
            return False
        first = self._batches[self._size]
        self.roots = np.empty((len(first.roots), self._n), first.roots.dtype)
        if first.input_gradient is not None:
            self.input_gradient = np.empty((len(first.input_gradient), self._n), first.roots.dtype)
        for start in range(0, self._n, self._size):
            rows = slice(start, start + self._size)
            batch = self._batches[len(arrays[0][rows])]
            batch.run([array[rows] for array in arrays], backward, True)
            self.roots[:, rows] = batch.roots
            self.total = batch.total + (self.total if start else 0.0)
            if backward:
                np.add(self._sum if start else 0.0, self._gradient, out=self._sum)
            if backward and self.input_gradient is not None and batch.input_gradient is not None:
                self.input_gradient[:, rows] = batch.input_gradient
        return True


class Fresh:
    """Batches of many examples, of which each run takes one whose results nobody has: so nothing is copied."""

    lasting = True

    def __init__(self, make: Callable[[], Batch], first: Batch) -> None:
        self._make, self._batches, self._batch = make, [first], first

    def run(self, arrays: Sequence[Any], backward: bool, certain: bool) -> bool:
        """Compute the roots, and the gradients if backward; False if the arrays may not fit."""
        free = next((batch for batch in self._batches if not batch.held), None)
        if free is None:
            free = self._make()
            self._batches = [self._batch, free]
        self._batch = free
        return free.run(arrays, backward, certain)

    @property
    def total(self) -> float:
        """The sum or mean of the losses of the last run."""
        return self._batch.total

    @property
    def roots(self) -> Array:
        """Those of the last run, an array of (roots, n)."""
        return self._batch.roots

    @property
    def input_gradient(self) -> Array | None:
        """That of the last run, an array of (slots of the inputs, n)."""
        return self._batch.input_gradient


Bindings: TypeAlias = Batch | Blocks | Fresh


class Part:
    """One kernel of a program, and its bindings to the last few sizes of batches.

    If the recording has the parameters for its last input, each example has its own, and its own gradient by them.
    """

    def __init__(
        self,
        recording: Recording,
        wanted: Wanted,
        inputs: list[Argument],
        vector: Array,
        gradient: Array,
        reduce: Reduction,
        options: Options,
    ) -> None:
        self.recording, self.wanted = recording, wanted
        self.arguments, self.vector, self.gradient, self.reduce = inputs, vector, gradient, reduce
        self.bound = len(recording.parameters)
        self.single = False
        """Whether the last run was of one example, without an axis for the batch."""
        self._candidates = backends.Candidates(recording, wanted, str(vector.dtype), options)
        self._choose()

    def _choose(self) -> None:
        """Take the code of the first back end that doesn't decline, without any batch."""
        self.code, self.choice = self._candidates.first()
        slots = np.where(self.recording.inputs < 0, -1, self.code.input_slots)
        self.slots: list[Index] = np.split(slots, np.cumsum([len(a.leaves) for a in self.arguments])[:-1])
        self._reads = [(a, *_stretch(slots)) for a, slots in zip(self.arguments, self.slots, strict=True)]
        self._kept: dict[int, Bindings] = {}
        self._last: Bindings | None = None
        self._completes = False
        self._exact: Part | None = None

    def trying(self, make: Callable[[], T]) -> T:
        """Something made of the code; where that declines only now, once more of the code of the next back end."""
        while True:
            try:
                return make()
            except DeclinedError as error:
                self._candidates.decline(error)
            self._choose()

    def run(self, arrays: Sequence[Any], backward: bool) -> Bindings:
        """Run a batch, bound to its size at the first time.

        Rows completed with zeros, and nodes without their guards, are right for finite numbers. With others the batch
        runs once more, exactly.
        """
        batch = self._run(arrays, backward)
        if not self._completes or self._finite(batch, backward):
            return batch
        if self._exact is None:
            self._exact = copy(self)
            self._exact.code, self._exact._kept, self._exact._last = self.code.exactly(), {}, None
        return self._exact._run(arrays, backward)

    @np.errstate(all="ignore")
    def _finite(self, batch: Bindings, backward: bool) -> bool:
        slopes = (self.gradient, batch.input_gradient) if backward else ()
        return all(math.isfinite(x.sum()) for x in (batch.roots, *slopes) if x is not None)

    def _run(self, arrays: Sequence[Any], backward: bool) -> Bindings:
        batch = self._last
        if batch is not None and len(arrays) == len(self.slots) and batch.run(arrays, backward, False):
            return batch
        own = self.bound < len(self.vector)
        rows, self.single = arguments.batch(arrays, self.arguments[:-1] if own else self.arguments)
        batch = self._bound_to(len(rows[0]))
        if own:
            rows.append(np.broadcast_to(self.vector, (len(rows[0]), len(self.vector))))
        batch.run(rows, backward, True)
        self._last = None if self.single or own else batch
        return batch

    def _bound_to(self, n: int) -> Bindings:
        batch = self._kept.pop(n, None)
        if batch is None:
            batch = self.trying(lambda: self._new(n))
        self._completes = self.code.completes
        self._kept[n] = batch
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return batch

    def _new(self, n: int) -> Bindings:
        many, scale = n > pipeline.BLOCKS[0], 1.0 / n if self.reduce == "mean" else 1.0
        if many and 0 < (size := self.code.block) < 0.75 * n:
            return Blocks(self, n, size, scale)
        make = partial(Batch, self, n, self.gradient, scale)
        batch = make()
        return Fresh(make, batch) if many and batch.is_quick else batch

    def result(self, rows: Array) -> Any:
        """The rows of a batch; of a single example the row, and a float if it is one number."""
        if not self.single:
            return rows
        return rows[0] if rows.ndim > 1 else float(rows[0])

    def value(self, batch: Bindings) -> Any:
        """The mean or sum of the losses, or the loss of each example."""
        if self.reduce:
            return batch.total
        return self.result(batch.roots[0] if batch.lasting else batch.roots[0].copy())

    def by_inputs(self, batch: Bindings) -> list[Any]:
        """The gradient by each input, in the shape of its array."""
        assert batch.input_gradient is not None
        found = []
        for a, reads, missing in self._reads:
            rows = batch.input_gradient[reads]
            if len(missing):
                rows[missing] = 0.0
            columns = rows.T
            columns = np.ascontiguousarray(columns) if batch.lasting else columns.copy(order="C")
            found.append(self.result(columns.reshape(-1, *a.shape)))
        return found


def _stretch(slots: Index) -> tuple[Index | slice, Index]:
    """An index that reads some slots, a slice if they lie in a row, and the places of those that aren't there."""
    first = int(slots[0])
    in_row = first >= 0 and (np.diff(slots) == 1).all()
    return slice(first, first + len(slots)) if in_row else slots, np.flatnonzero(slots < 0)
