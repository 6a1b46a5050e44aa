"""Dual numbers: a value and its derivative in one direction, for forward mode.

>>> from autograd.formula.dual import Dual
>>> x = Dual(3.0, 1.0)
>>> x * x
Dual(value=9.0, derivative=6.0)

Every operation on dual numbers is made of the rules: no derivative is stated here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from autograd.engine import rules
from autograd.formula.cases import rule
from autograd.formula.cases import rules as all_rules
from autograd.formula.vocabularies import Vocabulary, floats


def _operator(op: str) -> Callable[["Dual", "Dual | float"], "Dual"]:
    return lambda self, other: applied(op, self, other)


def _swapped(op: str) -> Callable[["Dual", float], "Dual"]:
    return lambda self, other: applied(op, other, self)


@dataclass(frozen=True)
class Dual:
    """value + derivative·ε, where ε² = 0. Plain floats take part as constants."""

    value: float
    derivative: float = 0.0

    __add__, __radd__ = _operator("add"), _swapped("add")
    __sub__, __rsub__ = _operator("subtract"), _swapped("subtract")
    __mul__, __rmul__ = _operator("multiply"), _swapped("multiply")
    __truediv__, __rtruediv__ = _operator("divide"), _swapped("divide")

    def __neg__(self) -> "Dual":
        return applied("negative", self)

    def __bool__(self) -> bool:
        return self != Dual(0.0)


def dual(x: Any) -> Dual:
    """x itself if it is a dual number, else that of a constant."""
    return x if isinstance(x, Dual) else Dual(float(x))


def applied(op: str, *operands: Any) -> Dual:
    """An operation on dual numbers and floats, by its rule on floats. Of a sequence, the operands are lists."""
    row = [dual(x) for each in operands for x in (each if isinstance(each, list) else [each])]
    z, partials = rule(op).on_floats([x.value for x in row])
    # An inf or nan has no effect if the operand does not move, or is the branch that `where` does not take.
    pairs = [(d, x.derivative) for d, x in zip(partials, row, strict=True) if x.derivative and (d or op != "where")]
    return Dual(z, rules.total([d * moved for d, moved in pairs])[0])


@cache
def dual_numbers() -> Vocabulary:
    """The words over dual numbers: those that are operations by their rules, others by the textbook."""
    named = {"greatest": "largest", "least": "smallest", **{op: op for op in all_rules() if op in floats().words}}
    words: dict[str, Any] = {word: partial(applied, op) for word, op in named.items()}
    return Vocabulary({**words, "unsigned_zero": lambda x: x + 0.0, "real": lambda x: dual(x).value, "number": dual})
