"""The parts of preparing a program for the machine that go from node to node; plan.c does them."""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.native.extension import native
from autograd.compiler.scalars import Integers, Mask

LEAF: Final = 0
SUM_OF_TERMS: Final = 1
SUM_OF_LANES: Final = 2
LOAD: Final = 3
STORE: Final = 4
"""The codes of machine.h: a node that is there before, a linear node, one that is added up over all lanes, and moves of
inputs and results."""


@cache
def codes() -> dict[str, tuple[int, tuple[str, ...]]]:
    """The code of each instruction, and the names of its operands, by its name."""
    lines = [line.split("\t") for line in native().instructions.splitlines()]
    return {name: (int(code), tuple(operands.split())) for code, name, operands in lines}


def starts_of(owner: Integers, n: int) -> NDArray[np.int64]:
    """Where the items of each of n owners start, in ascending order of owners; the last item is their end."""
    starts = np.zeros(n + 1, np.int64)
    native().find_starts(owner.astype(np.int32, copy=False), starts)
    return starts


class Terms:
    """The terms of nodes, in ascending order of nodes; operands of a node come before it."""

    def __init__(self, owner: Integers, left: Integers, right: Integers, n: int) -> None:
        self.starts, self.left, self.right = starts_of(owner, n), left, right
        self._arrays = self.starts, left, right

    def readers(self, marks: Mask, passes: Mask) -> Mask:
        """The marked nodes, and all that read one of them, directly or not, in terms that pass."""
        marks = marks.copy()
        native().mark_readers(*self._arrays, passes, marks)
        return marks

    def operands(self, marks: Mask, passes: Mask, allowed: Mask) -> Mask:
        """The marked nodes, and all that they read, directly or not, in terms that pass and through allowed nodes."""
        marks = marks.copy()
        native().mark_operands(*self._arrays, passes, allowed, marks)
        return marks

    def levels(self) -> Integers:
        """How many nodes lie on the longest way to each."""
        levels = np.empty(len(self.starts) - 1, np.int32)
        native().number_levels(*self._arrays, levels)
        return levels


def order_of(keys: NDArray[Any], kinds: int) -> Integers:
    """The places of keys from 0 to below `kinds` in ascending order, equal ones in their order."""
    order = np.empty(len(keys), np.int32)
    native().sort_keys(keys.astype(np.int32, copy=False), np.zeros(kinds + 1, np.int64), order)
    return order


def shared_registers(owner: Integers, operands: Integers, n: int) -> tuple[Integers, int]:
    """A register for each of n results, and how many there are; each pair of an owner and an operand is a reading."""
    last, stack, registers = (np.empty(n, np.int32) for _ in range(3))
    operands = np.ascontiguousarray(operands[order_of(owner, n)], np.int32)
    count = native().share_registers(starts_of(owner, n), operands, last, stack, registers)
    return registers, count
