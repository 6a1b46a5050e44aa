"""The machine as a back end: programs that are run instruction by instruction, in C, with no compiling at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from autograd.compiler.native.extension import native
from autograd.compiler.native.face import NativeCode
from autograd.compiler.native.listing import listing
from autograd.compiler.native.streams import Writer
from autograd.compiler.native.sweeps import flow_of
from autograd.compiler.pipeline import Code
from autograd.compiler.scalars import INPUT, PARAMETER, Scalars

CACHE: Final = 1 << 19
"""Bytes of all vectors of a block, which then stay in the cache of the second level."""
WIDTHS: Final = (32, 256)
"""The fewest and the most lanes of a block: with fewer each instruction takes as long, and more gain nothing."""
WANTED: Final = {"parameters": (PARAMETER,), "inputs": (INPUT,), "both": (PARAMETER, INPUT), "nothing": ()}
"""The kinds of leaves by which gradients are wanted."""


def program_of(
    g: Scalars, counts: Mapping[int, int], wanted: Sequence[int], dtype: str, *, single: bool, processor: str = ""
) -> Any:
    """A program of the machine, as a capsule for the extension.

    `counts` says how many parameters and inputs there are, and gradients by leaves of the wanted kinds are made. The
    processor is one of `native().processors()`; without a name it is the best of them.
    """
    made = Writer(flow_of(g, counts, wanted, single=single), single=single).written()
    for_lanes, weights = made.for_lanes()
    sizes = (
        *(single, counts[PARAMETER], counts[INPUT], len(made.roots), len(made.initial), made.vectors),
        *(_width(made.vectors, dtype), len(made.forward.numbers), len(for_lanes), len(weights.numbers)),
        *(made.sums, made.first_sum),
    )
    with np.errstate(over="ignore"):  # A large number may be infinite in float32.
        before, lanes, after, initial, by = (
            numbers.astype(dtype)
            for numbers in (made.before.numbers, for_lanes, made.after.numbers, made.initial, weights.numbers)
        )
    words = (stream.words for stream in (made.before, made.forward, made.backward, made.after))
    registers = made.by_parameters, made.roots, made.by_inputs
    arrays = *words, before, lanes, after, initial, weights.places, weights.registers, by, *registers
    return native().machine(processor or best_processor(), dtype, np.array(sizes, np.int64), *arrays)


def best_processor() -> str:
    """The kind of processors that this one is of."""
    best: str = native().processors()[0]
    return best


def _width(vectors: int, dtype: str) -> int:
    """How many lanes make a block: a multiple of the least number."""
    least, most = WIDTHS
    fitting = CACHE // (np.dtype(dtype).itemsize * max(vectors, 1))
    return max(least, min(fitting, most) // least * least)


class Machine(NativeCode):
    """A program that the machine runs."""

    def made(self, lanes: int) -> Any:
        """The functions, as a `Code` of the extension, for so many examples together; 0 for what is best for many."""
        dtype = self.code.dtype
        program = program_of(self.code.graph, self.counts, WANTED[self.code.wanted], dtype, single=lanes == 1)
        return native().Code(program, dtype)

    @property
    def counts(self) -> dict[int, int]:
        """How many parameters and inputs there are."""
        return {PARAMETER: len(self.code.recording.parameters), INPUT: len(self.code.recording.inputs)}

    @property
    def source(self) -> str:
        """The values and gradients of one example, node by node: what the machine runs."""
        return listing(flow_of(self.code.graph, self.counts, WANTED[self.code.wanted], single=True))

    def trace(self) -> str:
        """The program after each stage, as text."""
        parts = {"canonical form": self.code.graph, "values and gradients": self.source}
        return "\n\n".join(f"── {title} ──\n{part}" for title, part in parts.items())


def code_of(code: Code, threads: int = 1) -> Machine:
    """The code of a recording for the machine; UnavailableError if the machine isn't there and can't be compiled."""
    native()  # Where there is none, this is the time to say it.
    return Machine(code, threads)
