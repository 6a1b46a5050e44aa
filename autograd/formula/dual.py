"""Dual numbers: a value and its derivative in one direction, for forward mode.

>>> from autograd.formula.dual import Dual
>>> x = Dual(3.0, 1.0)
>>> x * x
Dual(value=9.0, derivative=6.0)

Every operation on dual numbers is made of the rules: no derivative is stated here.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from autograd.engine import rules
from autograd.formula.cases import rule
from autograd.formula.cases import rules as all_rules
from autograd.formula.vocabularies import Vocabulary, floats


@dataclass(frozen=True)
class Dual:
    """value + derivative·ε, where ε² = 0. Plain floats take part as constants."""

    value: float
    derivative: float = 0.0

    def __add__(self, other: "Dual | float") -> "Dual":
        return applied("add", self, other)

    def __radd__(self, other: float) -> "Dual":
        return applied("add", other, self)

    def __sub__(self, other: "Dual | float") -> "Dual":
        return applied("subtract", self, other)

    def __rsub__(self, other: float) -> "Dual":
        return applied("subtract", other, self)

    def __mul__(self, other: "Dual | float") -> "Dual":
        return applied("multiply", self, other)

    def __rmul__(self, other: float) -> "Dual":
        return applied("multiply", other, self)

    def __truediv__(self, other: "Dual | float") -> "Dual":
        return applied("divide", self, other)

    def __rtruediv__(self, other: float) -> "Dual":
        return applied("divide", other, self)

    def __neg__(self) -> "Dual":
        return applied("negative", self)


def applied(op: str, *operands: Any) -> Dual:
    """An operation on dual numbers and floats, by its rule on floats. Of a sequence, the operands are lists."""
    rows = [x if isinstance(x, list) else [x] for x in operands]
    row = [x if isinstance(x, Dual) else Dual(float(x)) for each in rows for x in each]
    z, partials = rule(op).on_floats([x.value for x in row])
    # A derivative that is infinite or nan has no effect on an operand that does not move.
    moved = [partial * x.derivative for partial, x in zip(partials, row, strict=True) if x.derivative != 0.0]
    return Dual(z, rules.total(moved)[0])


@cache
def dual_numbers() -> Vocabulary:
    """The words over dual numbers: those that are operations by their rules, others by the textbook."""

    def word(op: str) -> Any:
        return lambda *operands: applied(op, *operands)

    words = {op: word(op) for op in all_rules() if op in floats().words}
    named = {"greatest": word("largest"), "least": word("smallest"), "absolute": word("absolute")}
    return Vocabulary({**words, **named, "real": lambda x: x.value if isinstance(x, Dual) else x})
