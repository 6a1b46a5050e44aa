"""The machine as a back end: programs that are run instruction by instruction, in C, with no compiling at all."""

from typing import Any, Final

import numpy as np

from autograd.compiler.native.extension import native
from autograd.compiler.native.face import NativeCode
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
    g: Scalars, counts: dict[int, int], wanted: tuple[int, ...], dtype: str, *, single: bool, processor: str = ""
) -> Any:
    """A program of the machine, as a capsule for the extension.

    `counts` says how many parameters and inputs there are. A processor is one of `native().processors()`; without one
    it is the best of them.
    """
    made = Writer(flow_of(g, counts, wanted, single=single), single=single).written()
    reals = np.dtype(dtype)
    forward, backward = made.forward, made.backward
    width = np.clip(CACHE // (reals.itemsize * max(made.vectors, 1)), *WIDTHS) // WIDTHS[0] * WIDTHS[0]
    weights = [np.concatenate(pair) for pair in zip(forward.weights, backward.weights, strict=True)]
    weights[0][len(forward.weights.places) :] += len(forward.numbers)
    numbers = np.concatenate([forward.numbers, backward.numbers])
    sizes = (
        *(single, counts[PARAMETER], counts[INPUT], len(made.roots), len(made.initial), made.vectors, width),
        *(len(forward.numbers), len(numbers), len(weights[0]), made.sums, made.first_sum),
    )
    words = [stream.words for stream in (made.before, forward, backward, made.after)]
    of_reals = [made.before.numbers, numbers, made.after.numbers, made.initial, weights[2]]
    with np.errstate(over="ignore"):
        before, for_lanes, after, initial, by = (x.astype(reals) for x in of_reals)
    places = [x.astype(np.int32) for x in (*weights[:2], made.by_parameters, made.roots, made.by_inputs)]
    return native().machine(
        processor or native().processors()[0], dtype, np.array(sizes, np.int64), *words, before, for_lanes, after, initial,
        *places[:2], by, *places[2:],
    )



class Machine(NativeCode):
    """A program that the machine runs."""

    def made(self, lanes: int) -> Any:
        """The functions, as a `Code` of the extension, for so many examples together; 0 for what is best for many."""
        dtype = self.code.dtype
        counts = {PARAMETER: len(self.code.recording.parameters), INPUT: len(self.code.recording.inputs)}
        program = program_of(self.code.graph, counts, WANTED[self.code.wanted], dtype, single=lanes == 1)
        return native().Code(program, dtype)

    @property
    def source(self) -> str:
        """The graph that the machine runs, node by node."""
        return str(self.code.graph)

    def trace(self) -> str:
        """The program after each stage, as text."""
        return f"── the machine runs this graph ──\n{self.source}"


def code_of(code: Code) -> Machine:
    """The code of a recording for the machine."""
    return Machine(code)
