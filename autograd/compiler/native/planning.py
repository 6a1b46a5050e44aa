"""The parts of preparing a program that go from node to node, which C does."""

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars import Integers, Mask


@cache
def library() -> Any:
    return ctypes.CDLL(os.environ["MACHINE"])


@cache
def codes() -> dict[str, tuple[int, tuple[str, ...]]]:
    """The code and the operands of each instruction by its name."""
    text = ctypes.c_char_p.in_dll(library(), "machine_names").value.decode()
    found = {}
    for line in text.splitlines():
        code, name, operands = line.split("\t")
        found[name] = int(code), tuple(operands.split())
    return found


def _at(array: NDArray[Any], dtype: Any) -> ctypes.c_void_p:
    assert array.dtype == dtype and array.flags.c_contiguous, (array.dtype, dtype)
    return ctypes.c_void_p(array.ctypes.data)


class Graph:
    """The terms of nodes, which have their operands before them."""

    def __init__(self, starts: NDArray[np.int64], left: Integers, right: Integers) -> None:
        self.n = len(starts) - 1
        self._arrays = starts, left, right
        self._terms = self.n, _at(starts, np.int64), _at(left, np.int32), _at(right, np.int32)

    def readers(self, marks: Mask, passes: Mask) -> Mask:
        """The marked nodes, and all that read one of them, directly or not, in a term that passes."""
        marks = marks.copy()
        library().plan_mark_readers(ctypes.c_int64(self._terms[0]), *self._terms[1:], _at(passes, bool), _at(marks, bool))
        return marks

    def operands(self, marks: Mask, passes: Mask, allowed: Mask) -> Mask:
        """The marked nodes, and all that they read, directly or not, in terms that pass and through allowed nodes."""
        marks = marks.copy()
        library().plan_mark_operands(ctypes.c_int64(self.n), *self._terms[1:], _at(passes, bool), _at(allowed, bool), _at(marks, bool))
        return marks

    def levels(self) -> Integers:
        """How many nodes lie on the longest way to each."""
        levels = np.empty(self.n, np.int32)
        library().plan_levels(ctypes.c_int64(self.n), *self._terms[1:], _at(levels, np.int32))
        return levels


def order_of(keys: Integers, kinds: int) -> Integers:
    """The places of keys from 0 to below `kinds` in ascending order, equal ones in their order."""
    order, counts = np.empty(len(keys), np.int32), np.zeros(kinds + 1, np.int64)
    library().plan_sort(ctypes.c_int64(len(keys)), _at(keys, np.int32), _at(counts, np.int64), ctypes.c_int64(kinds), _at(order, np.int32))
    return order


def registers_of(starts: NDArray[np.int64], operands: Integers) -> tuple[Integers, int]:
    """A register for each result, and how many there are."""
    n = len(starts) - 1
    last, free, registers = (np.empty(n, np.int32) for _ in range(3))
    f = library().plan_registers
    f.restype = ctypes.c_int64
    count = f(ctypes.c_int64(n), _at(starts, np.int64), _at(operands, np.int32), _at(last, np.int32), _at(free, np.int32), _at(registers, np.int32))
    return registers, int(count)
