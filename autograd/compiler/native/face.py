"""The face that programs of C have as a back end: the machine and compiled text alike.

A program of C has a row of inputs for each leaf of the inputs, in their order, and computes values and gradients in one
pass.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from autograd.compiler.binding import Array, Bound, Loop, Otherwise, Plan, Shape, Take
from autograd.compiler.native.extension import native
from autograd.compiler.native.training import loop_of
from autograd.compiler.native.update import Recorded, Update
from autograd.compiler.pipeline import Code
from autograd.compiler.report import Facts
from autograd.compiler.scalars import LINEAR
from autograd.compiler.statements import Index

THREADS: Final = 64
"""The most threads that share a batch, as many as blocks.h makes blocks of one."""
ALIGNMENT: Final = 64
"""Bytes of the longest vectors of processors, which are read more quickly from such a place on."""


class NativeCode(ABC):
    """The functions of C for a recording, behind the face that `Bindable` describes.

    A subclass has `made`, `source` and `trace`.
    """

    completes = False
    block = 0

    def __init__(self, code: Code, threads: int = 1) -> None:
        self.code, self.threads = code, min(threads, THREADS)
        self._made: dict[int, Any] = {}
        self._updating: tuple[Recorded, Any] | None = None

    @abstractmethod
    def made(self, lanes: int) -> Any:
        """The functions, as a `Code` of the extension, for so many examples together; 0 for what is best for many."""

    def updating(self, update: Update) -> Any:
        """The functions of the update of an optimiser; those of the last one are kept."""
        if self._updating is None or self._updating[0] is not update.recorded:
            self._updating = update.recorded, self.updated(update.code)
        return self._updating[1]

    def updated(self, code: Code) -> Any:
        """The functions of an update, made by the same back end."""
        return type(self)(code).functions(0)

    def functions(self, n: int) -> Any:
        """The functions for batches of n examples, made when they are first asked for."""
        lanes = self.lanes(n)
        if lanes not in self._made:
            self._made[lanes] = self.made(lanes)
        return self._made[lanes]

    def lanes(self, n: int) -> int:
        """The examples that functions for n of them work on together; 0 for as many as the processor can."""
        return int(n == 1)

    @property
    def work(self) -> float:
        """Operations on one example, about: those of a value, and twice as many for its gradient."""
        return 3.0 * len(self.code.graph.owner)

    @property
    def input_slots(self) -> Index:
        """The row of each input."""
        return np.arange(len(self.code.recording.inputs))

    @property
    def facts(self) -> Facts:
        """The facts that the report tells."""
        nodes, parameters = self.code.graph.kind >= LINEAR, len(self.code.recording.parameters)
        return Facts(
            nodes=int(nodes.sum()),
            bytes_of_parameters=np.dtype(self.code.dtype).itemsize * parameters,
            operations=int(self.work),
            threads=self.threads,
        )

    def exactly(self) -> "NativeCode":
        """The code itself, which completes nothing."""
        return self

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are read and written in place."""
        wanted, dtype = self.code.wanted, np.dtype(self.code.dtype)
        width, count = len(self.code.recording.inputs), len(self.code.graph.roots)
        inputs, roots = zeros((width, n), dtype), zeros((count, n), dtype)
        slopes = zeros((width, n), dtype) if wanted in ("inputs", "both") else None
        seed = np.ones(1, dtype)
        bound = native().Bound(
            self.functions(n),
            n,
            parameters,
            inputs,
            roots,
            gradient=gradient if wanted in ("parameters", "both") else None,
            input_gradient=slopes,
            seed=seed,
            threads=self.threads,
            work=self.work,
        )
        both = bound.value if wanted == "nothing" else bound.gradient
        return Bound(inputs, seed, roots, slopes, bound.value, both, both, _take(bound))

    def on_floats(self, otherwise: Otherwise) -> Otherwise | None:
        """A quick `value_and_grad` of one example, given as floats."""
        if self.code.wanted != "inputs" or self.code.dtype != "float64":
            return None
        recording = self.code.recording
        slots = np.where(recording.inputs < 0, -1, self.input_slots).astype(np.int64)
        made: Otherwise = native().Call(
            self.functions(1),
            slots,
            len(slots),
            len(self.code.graph.roots),
            otherwise,
            parameters=np.zeros(0),
        )
        return made

    def loop(self, plan: Plan) -> Loop | None:
        """The steps of a training; None if Python has to make them one by one."""
        width, roots = len(self.code.recording.inputs), len(self.code.graph.roots)
        functions = self.functions(max(2, min(plan.size, len(plan.columns[0]))))
        sizes = {"width": width, "roots": roots, "threads": self.threads}
        return loop_of(self.updating, functions, plan, **sizes, work=self.work)

    @property
    @abstractmethod
    def source(self) -> str:
        """The text that runs."""

    @abstractmethod
    def trace(self) -> str:
        """The program after each stage, as text."""


def _take(bound: Any) -> Take:
    def take(inputs: Sequence[tuple[Shape, Index]], weight: float) -> Callable[[Sequence[Any], bool], float | None]:
        bound.take([(shape, np.ascontiguousarray(slots, np.int64)) for shape, slots in inputs], weight)
        run: Callable[[Sequence[Any], bool], float | None] = bound.run
        return run

    return take


def zeros(shape: tuple[int, ...], dtype: "np.dtype[Any]") -> Array:
    """An array of zeros whose memory begins at a place that is good for vectors."""
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)
