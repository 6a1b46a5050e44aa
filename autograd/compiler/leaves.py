"""Leaves for a program's inputs, and the nesting of lists as the shape of an array.

>>> from autograd.compiler.leaves import flattened, inputs
>>> x = inputs(2, 3)
>>> x[1][2].label, flattened(x, "x")[1]
('x1_2', (2, 3))
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from autograd.arguments import described, shown, too_deep, whole
from autograd.engine.lists import first_result
from autograd.engine.value import Value

Shape = tuple[int, ...]
GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0
"""The fractions of its multiples are spread evenly, and none comes again."""
MOST: Final = 2**31 - 1
"""Leaves of a shape; a tape has no places for more nodes."""
_DRAWN: Final = itertools.count(1)


class Argument(NamedTuple):
    """An input of a program: an array of N times this shape, or nested lists of numbers."""

    name: str
    shape: Shape
    leaves: list[Value]

    def __str__(self) -> str:
        """The shape of a batch, as messages show it."""
        return f"{self.name} of shape {shape_text(('N', *self.shape))}"


def inputs(*shape: int, name: str = "x") -> Any:
    """Leaves for an input of `autograd.compile`: a list of Values, for more sizes nested lists, for none a Value.

    Their labels are the name and their places; the name is that of the input in the program. Their data are
    placeholders, and no result of the program depends on them.

    >>> x, y = inputs(784), inputs(name="y")
    >>> len(x), x[3].label, y.label
    (784, 'x3', 'y')
    """
    wrong = [n for n in shape if isinstance(n, (str, list, tuple))] + [name] * (not isinstance(name, str))
    if wrong:
        raise TypeError(f"inputs takes sizes one by one and a name, as inputs(2, 3, name='x'), not {shown(wrong[0])}")
    return nested(name, tuple(whole("a size of inputs", n) for n in shape), map(_placeholder, _DRAWN))


def _placeholder(k: int) -> float:
    """The k-th of numbers that never repeat, from 0.25 to 0.75.

    The graph of the inputs is recorded with them. So no comparison in the user's code ties, no divisor is 0, and
    logarithms, roots and probabilities are inside their domains.
    """
    return 0.25 + 0.5 * (k * GOLDEN % 1.0)


def nested(name: str, shape: Shape, data: Iterator[float], place: str = "") -> Any:
    """Nested lists of new leaves, labelled by the name and their places; ValueError for more than there can be."""
    if math.prod(shape) > MOST:
        raise ValueError(
            f"the shape {shape_text(shape)} of {name or 'an input'} has more numbers than the {MOST:,} of a graph"
        )
    if not shape:
        return Value(next(data), name + place)
    return [nested(name, shape[1:], data, f"{place}_{i}" if place else str(i)) for i in range(shape[0])]


def flattened(nest: object, where: str) -> tuple[list[Value], Shape]:
    """The Values in nested lists, and the shape; ValueError for ragged or empty lists, TypeError for anything else."""
    if type(nest) is Value:
        return [nest], ()
    if isinstance(nest, list) and {*map(type, nest)} == {Value}:  # The way below takes a second for a million.
        return nest, (len(nest),)
    if not isinstance(nest, (list, tuple)):
        raise TypeError(f"compile: {where} is a Value or nested lists of them, not {described(nest)}")
    parts = [flattened(part, where) for part in nest]
    shapes = {shape for _, shape in parts}
    if not shapes:
        raise ValueError(f"compile: {where} is an empty list; give it at least one Value")
    if len(shapes) > 1:
        shown = ", ".join(sorted(map(shape_text, shapes)))
        raise ValueError(
            f"compile: {where} is a list of parts of different shapes, {shown}; several arrays go in a tuple, as (x, y)"
        )
    return [v for row, _ in parts for v in row], (len(parts), *shapes.pop())


def argument(nest: object, where: str) -> Argument:
    """The input that nested leaves stand for."""
    try:
        leaves, shape = flattened(nest, where)
    except RecursionError:
        raise too_deep(f"compile: {where}") from None
    except TypeError as error:
        raise TypeError(f"{error}; inputs(…) makes them, and the program takes the numbers") from None
    refuse_results(leaves, "an input", f" in {where}")
    first = "_".join("0" * len(shape))
    label = leaves[0].label
    name = label.removesuffix(first) if label.endswith(first) else label.rstrip("0123456789_.,")
    return Argument(name, shape, leaves)


def refuse_results(nodes: list[Value], kind: str, where: str = "") -> None:
    """Raise a ValueError for a node that is no leaf."""
    if (v := first_result(nodes)) is not None:
        made = f"is the result of {v.op}" if v.op else "is a plain number beside an operator"
        raise ValueError(f"compile: {kind} is a leaf, and {v!r}{where} {made}; give the leaves it is made of")


def renamed(arguments: list[Argument]) -> list[Argument]:
    """The same inputs, each with a name of its own."""
    names = [a.name for a in arguments]
    if all(name.isidentifier() for name in names) and len({*names}) == len(names):
        return arguments
    names = ["x"] if len(names) == 1 else [f"x{i}" for i in range(len(names))]
    return [a._replace(name=name) for a, name in zip(arguments, names, strict=True)]


def shape_text(shape: tuple[object, ...]) -> str:
    """A shape as Python writes it.

    >>> shape_text(("N", 3)), shape_text(("N",))
    ('(N, 3)', '(N,)')
    """
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
