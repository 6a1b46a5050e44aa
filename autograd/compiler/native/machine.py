"""The machine as a back end: programs that are run instruction by instruction, in C, with no compiling at all."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np

from autograd.compiler.binding import Array, Bound, Loop, Otherwise, Plan
from autograd.compiler.native.extension import native
from autograd.compiler.native.streams import Stream, Streams, Writer
from autograd.compiler.native.sweeps import flow_of
from autograd.compiler.pipeline import Code
from autograd.compiler.report import Facts
from autograd.compiler.scalars import INPUT, PARAMETER, Scalars
from autograd.compiler.statements import Index

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


class NativeCode:
    completes = False
    block = 0

    def __init__(self, code: Code) -> None:
        self.code = code
        self._made: dict[bool, Any] = {}

    def functions(self, *, single: bool) -> Any:
        if single not in self._made:
            self._made[single] = self.made(single=single)
        return self._made[single]

    @property
    def work(self) -> float:
        return 3.0 * len(self.code.graph.owner)

    @property
    def input_slots(self) -> Index:
        return np.arange(len(self.code.recording.inputs))

    @property
    def facts(self) -> Facts:
        return self.code.facts

    def exactly(self) -> "NativeCode":
        return self

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        wanted, dtype = self.code.wanted, np.dtype(self.code.dtype)
        width, count = len(self.code.recording.inputs), len(self.code.graph.roots)
        inputs, roots = np.zeros((width, n), dtype), np.zeros((count, n), dtype)
        slopes = np.zeros((width, n), dtype) if wanted in ("inputs", "both") else None
        seed = np.ones(1, dtype)
        bound = native().Bound(self.functions(single=n == 1), n, parameters, inputs, roots,
            gradient=gradient if wanted in ("parameters", "both") else None, input_gradient=slopes, seed=seed, work=self.work)
        both = bound.value if wanted == "nothing" else bound.gradient
        return Bound(inputs, seed, roots, slopes, bound.value, both, both)

    def on_floats(self, otherwise: Otherwise) -> Otherwise | None:
        return None

    def loop(self, plan: Plan) -> Loop | None:
        return None


class Machine(NativeCode):
    def made(self, *, single: bool) -> Any:
        recording = self.code.recording
        counts = {PARAMETER: len(recording.parameters), INPUT: len(recording.inputs)}
        program = program_of(self.code.graph, counts, WANTED[self.code.wanted], self.code.dtype, single=single)
        return native().Code(program, self.code.dtype)

    source = trace = lambda self: ""


def code_of(code: Code) -> Machine:
    return Machine(code)
