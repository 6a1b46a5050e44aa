"""Straight-line programs in C, compiled and called through ctypes: no part of the extension is in the way."""

import ctypes
from typing import Any, Final

import numpy as np

from autograd.compiler.binding import Bound, Loop, Otherwise, Plan
from autograd.compiler.native.cache import shared_object
from autograd.compiler.native.text import Text, text_of
from autograd.compiler.pipeline import Code
from autograd.compiler.report import Facts
from autograd.compiler.statements import Index
from tests.compiler.random_programs import Array

REALS: Final = {"float64": ctypes.c_double, "float32": ctypes.c_float}
STRICT: Final = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
"""The header has more functions than a program uses."""


class Functions:
    """The functions of a text for vectors of so many lanes, or for the widest ones."""

    def __init__(self, text: Text, dtype: str, lanes: int | None) -> None:
        path = shared_object(text.files(dtype, lanes), options=(*text.options(lanes), *STRICT))
        self._library, self._real, self.dtype = ctypes.CDLL(str(path)), REALS[dtype], np.dtype(dtype)

    def value(self, p: Array, x: Array, roots: Array, first: int = 0, stop: int | None = None) -> None:
        """Fill the roots, (R, n), for inputs x, (slots, n)."""
        self._call("program_value", first, stop, (p, x), (), (roots,))

    def gradient(
        self,
        p: Array,
        x: Array,
        seed: float,
        roots: Array,
        dp: Array | None,
        dx: Array | None,
        first: int = 0,
        stop: int | None = None,
    ) -> None:
        """Fill the roots and dx, and add to dp."""
        self._call("program_gradient", first, stop, (p, x), (self._real(seed),), (roots, dp, dx))

    def update(self, p: Array, g: Array, states: Array, numbers: Array) -> None:
        """Change parameters and states."""
        function = self._library.program_update
        function.restype = None
        function(None, ctypes.c_long(len(p)), *map(self._pointer, (p, g, states, numbers)))

    def _call(self, name: str, first: int, stop: int | None, given: Any, seed: Any, results: Any) -> None:
        function, n = getattr(self._library, name), given[1].shape[1]
        function.restype = None
        lanes = (ctypes.c_long(first), ctypes.c_long(n if stop is None else stop), ctypes.c_long(n))
        function(None, *lanes, *map(self._pointer, given), *seed, *map(self._pointer, results))

    def _pointer(self, array: Array | None) -> ctypes.c_void_p:
        assert array is None or (array.dtype == self.dtype and array.flags.c_contiguous)
        return ctypes.c_void_p(None if array is None else array.ctypes.data)


class InC:
    """A back end in C with vectors of so many lanes, whatever the number of examples."""

    completes = False
    block = 0
    lanes: int | None = None

    def __init__(self, code: Code) -> None:
        self.code, self.text = code, text_of(code)
        self._functions: Functions | None = None

    @property
    def input_slots(self) -> Index:
        return np.arange(len(self.code.recording.inputs))

    @property
    def source(self) -> str:
        return self.text.source

    @property
    def facts(self) -> Facts:
        return self.code.facts

    def exactly(self) -> "InC":
        return self

    def trace(self) -> str:
        return self.source

    def on_floats(self, otherwise: Otherwise) -> Otherwise | None:
        return None

    def loop(self, plan: Plan) -> Loop | None:
        return None

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        if self._functions is None:
            self._functions = Functions(self.text, self.code.dtype, self.lanes)
        f, dtype, wanted = self._functions, np.dtype(self.code.dtype), self.code.wanted
        inputs = np.zeros((len(self.code.recording.inputs), n), dtype)
        roots, seed = np.zeros((len(self.code.graph.roots), n), dtype), np.ones(1, dtype)
        dx = np.full_like(inputs, np.nan) if wanted in ("inputs", "both") else None

        def both() -> None:
            sums = np.zeros(len(parameters), dtype)
            f.gradient(parameters, inputs, float(seed[0]), roots, sums, dx)
            if wanted in ("parameters", "both"):
                gradient[:] = sums

        def forward() -> None:
            f.value(parameters, inputs, roots)

        return Bound(inputs, seed, roots, dx, forward, both if wanted != "nothing" else forward)


def with_lanes(lanes: int | None) -> type[InC]:
    """That back end for a number of lanes."""
    return type(f"InC{lanes}", (InC,), {"lanes": lanes})
