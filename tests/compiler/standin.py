"""A stand-in for the compiler's passes: it runs the rules entry by entry, example by example, on floats.

>>> from tests.compiler import standin
>>> with standin.installed() as kernels:
...     kernels
[]
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import pipeline
from autograd.compiler.pipeline import Lowered, Recording, Wanted
from autograd.compiler.report import Facts
from autograd.engine.tape import Tape
from autograd.formula.cases import rule

ORDERS: Final = ("plain", "reversed", "scattered")
"""Ways in which the slots of the inputs may lie."""


class Kernel:
    """A recording, run on floats."""

    source = "def forward(): ...\n"

    def __init__(self, recording: Recording, slots: NDArray[np.intp], wanted: Wanted, dtype: str) -> None:
        self.recording, self.slots, self.wanted, self.dtype = recording, slots, wanted, dtype
        self.bound: list[int] = []

    def bind(self, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> "Bound":
        self.bound.append(n)
        return Bound(self, n, parameters, gradient)


class Bound:
    def __init__(self, kernel: Kernel, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> None:
        assert len(parameters) == len(gradient) == len(kernel.recording.parameters)
        self.kernel, self.n, self.parameters, self.gradient = kernel, n, parameters, gradient
        size = 1 + kernel.slots.max(initial=0)
        self.inputs = np.full((n, size), np.nan, kernel.dtype).T  # examples lie apart, as a kernel may want them
        self.seed = np.zeros(1, kernel.dtype)
        self.roots = np.zeros((len(kernel.recording.tape.roots), n), kernel.dtype)
        wanted = kernel.wanted in ("inputs", "both")
        self.input_gradient = np.zeros((size, n), kernel.dtype) if wanted else None

    def forward(self) -> None:
        for i in range(self.n):
            self.roots[:, i] = [self._numbers(i)[0][k] for k in self.kernel.recording.tape.roots]

    def backward(self) -> None:
        self.gradient[:] = 0.0
        for i in range(self.n):
            gradients = swept(self.kernel.recording.tape, *self._numbers(i))
            for j, place in enumerate(self.kernel.recording.parameters):
                self.gradient[j] += self.seed[0] * gradients.get(place, 0.0)
            for slot, place in zip(self.kernel.slots, self.kernel.recording.inputs, strict=True):
                if self.input_gradient is not None and place >= 0:
                    self.input_gradient[slot, i] = self.seed[0] * gradients.get(place, 0.0)

    def _numbers(self, i: int) -> tuple[list[float], list[list[float]]]:
        r = self.kernel.recording
        known = {place: float(self.inputs[s, i]) for place, s in zip(r.inputs, self.kernel.slots, strict=True)}
        known |= {place: float(x) for place, x in zip(r.parameters, self.parameters, strict=True)}
        data, partials = list[float](), list[list[float]]()
        for k in range(len(r.tape)):
            operation = r.tape.operation(k)
            if not operation:
                assert k in known or r.tape.is_constant(k)
            row = [data[j] for j in r.tape.operands_of(k)]
            z, d = rule(operation).on_floats(row) if operation else (known.get(k, r.tape.data[k]), [])
            data.append(z)
            partials.append(d)
        return data, partials


def swept(tape: Tape, data: list[float], partials: list[list[float]]) -> dict[int, float]:
    """The gradients of the first root."""
    found = {tape.roots[0]: 1.0}
    for k in range(tape.roots[0], -1, -1):
        for i in tape.passes_on(k) if k in found else ():
            j = tape.operands_of(k)[i]
            found[j] = found.get(j, 0.0) + found[k] * partials[k][i]
    return found


@contextmanager
def installed(order: str = "plain", block: int = 0) -> Iterator[list[Kernel]]:
    """A block in which programs are made of the stand-in; the slots of inputs are in some order."""
    made: list[Kernel] = []

    def kernel_of(recording: Recording, wanted: Wanted, dtype: str) -> tuple[Lowered, Kernel]:
        n = len(recording.inputs)
        rows = np.arange(n), np.arange(n)[::-1], np.random.default_rng(n).permutation(n)
        slots = dict(zip(ORDERS, rows, strict=True))[order]
        facts = Facts(nodes=len(recording.tape), block=block)
        made.append(Kernel(recording, slots, wanted, dtype))
        lowered: Any = Lowered(None, slots, facts, "the tape as it is")  # type: ignore[arg-type]
        return lowered, made[-1]

    before = pipeline.kernel_of
    pipeline.kernel_of = kernel_of  # type: ignore[assignment]
    try:
        yield made
    finally:
        pipeline.kernel_of = before
