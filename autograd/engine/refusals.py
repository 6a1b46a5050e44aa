"""Operators and conversions that a node of a graph doesn't have, each with an error that says what to write instead.

>>> from autograd.engine.value import Value
>>> round(Value(2.5, label="x"), 1)
Traceback (most recent call last):
...
TypeError: Value(data=2.5, grad=0.0, label='x') has no round(): round(v.data, 1) is a float, f"{v:.1f}" a text
"""

from typing import Final

from autograd.engine.graph import Node
from autograd.engine.native import mypyc_attr
from autograd.engine.number import described

OWN_OPERATION: Final = (
    "for an operation of your own, decorate a function that returns its value and its derivatives "
    "with @autograd.operation"
)
"""The remedy for programs that record a node by hand, as micrograd does."""


@mypyc_attr(acyclic=True)
class Refusing(Node):
    """A node without the operators of plain numbers that would drop its graph."""

    __slots__ = ()

    def __float__(self) -> float:
        raise TypeError(
            f"{self!r} is not converted to a float, which would drop its graph: take v.data, or v.exp() for math.exp(v)"
        )

    def __int__(self) -> int:
        raise TypeError(f"{self!r} is not converted to an int, which would drop its graph: write int(v.data)")

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is neither true nor false: compare its data, as in v.data != 0.0, "
            "or write `v is None` if that is meant"
        )

    def __round__(self, digits: object = None) -> object:
        given = "" if digits is None else f", {digits}"
        whole = issubclass(type(digits), int)
        text = f', f"{{v:.{int(digits)}f}}" a text' if whole and digits >= 0 else ""  # type: ignore[call-overload, operator]
        raise TypeError(f"{self!r} has no round(): round(v.data{given}) is a float{text}")

    def __floor__(self) -> object:
        raise _without_slope("floor", self)

    def __ceil__(self) -> object:
        raise _without_slope("ceil", self)

    def __trunc__(self) -> object:
        raise _without_slope("trunc", self)

    def __floordiv__(self, other: object) -> object:
        raise _without_slope("//", self)

    def __rfloordiv__(self, other: object) -> object:
        raise _without_slope("//", self)

    def __mod__(self, other: object) -> object:
        raise _without_slope("%", self)

    def __rmod__(self, other: object) -> object:
        raise _without_slope("%", self)

    def __divmod__(self, other: object) -> object:
        raise _without_slope("divmod", self)

    def __rdivmod__(self, other: object) -> object:
        raise _without_slope("divmod", self)

    def __xor__(self, other: object) -> object:
        raise _no_power(self)

    def __rxor__(self, other: object) -> object:
        raise _no_power(self)

    def __matmul__(self, other: object) -> object:
        raise _of_vectors(self)

    def __rmatmul__(self, other: object) -> object:
        raise _of_vectors(self)


def no_leaf(requires_grad: object) -> TypeError:
    """The error for an argument by which other libraries make a Value: micrograd has the sign of an operation there."""
    if type(requires_grad) is bool:
        return TypeError(
            "every Value gets a gradient: leave out requires_grad; "
            "a plain number gets none, and neither do the operands of a result made in no_grad()"
        )
    return TypeError(f"Value(data, label) is a leaf and takes no operands; {OWN_OPERATION}")


def no_label(thing: object) -> TypeError:
    """The error for a label that is no text; micrograd has the operands in its place."""
    if issubclass(type(thing), (tuple, set)):
        return no_leaf(None)
    return TypeError(f"Value.label takes a str, not {described(thing)}; convert it with str() first")


def _without_slope(sign: str, v: Node) -> TypeError:
    return TypeError(
        f"{v!r} has no {sign}, which is flat between its jumps: write v / w, or v.data for numbers without a gradient"
    )


def _no_power(v: Node) -> TypeError:
    return TypeError(f"{v!r} has no ^, which is for the bits of whole numbers: a power is written v ** w")


def _of_vectors(v: Node) -> TypeError:
    return TypeError(f"{v!r} is one number, and @ multiplies vectors: write v * w, or dot(xs, ys) for sequences")
