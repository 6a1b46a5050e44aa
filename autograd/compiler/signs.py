"""Nodes whose value can't be below zero, nor -0: guards against such values are left out of their derivatives."""

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import number
from autograd.compiler.scalars import CONSTANT, ONE, Mask, Scalars
from autograd.formula.cases import Expression

ALWAYS: Final = ("exp", "sigmoid", "softplus", "absolute", "normal_cdf", "norm", "hypot", "cosh", "share")
"""Operations whose results are so for any operands."""
KEEPING: Final = (
    *("sqrt", "divide", "power", "reciprocal", "log1p", "expm1"),
    *("largest", "smallest", "minimum", "maximum"),
)
"""Operations whose results are so if their operands are."""


class Signs:
    """Facts on the value of each node; nodes are noted after their operands."""

    def __init__(self, g: Scalars) -> None:
        self.g = g
        self.known: Mask = (g.kind == CONSTANT) & ~np.signbit(g.number)

    def note(self, name: str, nodes: NDArray[np.intp], starts: NDArray[np.intp]) -> None:
        """Find out about the nodes of a group."""
        g, lengths = self.g, starts[nodes + 1] - starts[nodes]
        terms = np.repeat(starts[nodes] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        left, right = g.left[terms], g.right[terms]
        good = self.known[left] & ((right == ONE) | self.known[right])
        if name == "linear":
            good = (good | (left == right)) & (g.coefficient[terms] > 0.0)
        elif name == "maximum":
            good |= self._has_positive(nodes, starts, lengths)
        every = np.bincount(np.repeat(np.arange(len(nodes)), lengths), ~good, len(nodes)) == 0
        if name == "linear":
            every &= g.number[nodes] >= 0.0
        self.known[nodes] = name in ALWAYS or (every if name in ("linear", *KEEPING) else False)

    def _has_positive(self, nodes: NDArray[np.intp], starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> Mask:
        """For each operand of a maximum, whether the other or it is a number above 0."""
        operands = self.g.left[starts[nodes][:, None] + np.arange(2)]
        above = (self.g.kind[operands] == CONSTANT) & (self.g.number[operands] > 0.0)
        return np.repeat(above.any(axis=1), lengths)


def unguarded(e: Expression, names: Collection[str]) -> Expression:
    """An expression without the guards against values below zero, and -0, of these names."""
    parts = tuple(unguarded(part, names) if isinstance(part, Expression) else part for part in e.parts)
    e = Expression(e.form, parts)
    match e:
        case Expression("choice", (Expression("comparison", ("<", Expression("name", (name,)), zero)), _, other)):
            if name in names and zero == number(0.0) and isinstance(other, Expression):
                return other
        case Expression("infix", ("+", Expression("name", (name,)) as operand, zero)):
            if name in names and zero == number(0.0):
                return operand
    return e
