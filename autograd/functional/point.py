"""The point at which a function is differentiated: its arguments, and those of them that are its inputs.

>>> from autograd.functional.point import Point
>>> point = Point.of(([1.0, 2.0], 3), argnums=0)
>>> inputs, arguments = point.inputs()
>>> [v.data for v in inputs], arguments[0] == inputs, arguments[1]
([1.0, 2.0], True, 3)
>>> point.shaped(["a", "b"])
['a', 'b']
"""

from collections.abc import Collection, Iterable, Sequence
from numbers import Integral
from typing import Any, NamedTuple, TypeAlias

from autograd.engine.number import shown
from autograd.engine.value import Value
from autograd.functional.nesting import CONTAINERS, located, number_at, rebuild
from autograd.wording import counted

Argnums: TypeAlias = int | tuple[int, ...] | None


def checked(argnums: object) -> Argnums:
    """argnums with plain ints; TypeError if it names no arguments."""
    several = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    if argnums is None:
        return None
    if not several or any(isinstance(n, bool) or not isinstance(n, Integral) for n in several):
        raise TypeError(
            f"argnums is the position of an argument, as 0, or a tuple of such, as (0, 2), not {shown(argnums)}"
        )
    whole = tuple(map(int, several))
    return whole if isinstance(argnums, (tuple, list)) else whole[0]


class Point(NamedTuple):
    """The arguments of a call, and the positions of those that the function is differentiated by."""

    arguments: Sequence[Any]
    positions: Sequence[int]
    bare: bool
    """Whether a result has the nesting of the only input, and not of a tuple of inputs."""
    name: str
    """Of the arguments, for errors."""

    @classmethod
    def of(
        cls, arguments: Sequence[Any], argnums: Argnums, options: Collection[str] = (), *, name: str = "arguments"
    ) -> "Point":
        """argnums is one position, a tuple of positions, or None for all; a negative one counts from the end.

        TypeError if there is no argument, ValueError if one is out of range or named twice.
        """
        n = len(arguments)
        if not n:
            remedy = "pass by position what was passed by name" if options else "pass at least one"
            raise TypeError(f"a gradient is taken with respect to the arguments, and there is none; {remedy}")
        if argnums is None:
            return cls(arguments, range(n), n == 1, name)
        several = argnums if isinstance(argnums, tuple) else (argnums,)
        for i in several:
            if not -n <= i < n:
                raise ValueError(
                    f"argnums {i} is out of range: {counted(n, 'argument')} given, and positions start at 0"
                )
        positions = [i % n for i in several]
        if len({*positions}) < len(positions):
            raise ValueError(f"argnums {argnums!r} names one of {counted(n, 'argument')} twice; name each once")
        return cls(arguments, positions, isinstance(argnums, int), name)

    def inputs(self) -> tuple[list[Value], list[Any]]:
        """New nodes for the numbers of the inputs; and all arguments, with these nodes."""
        inputs: list[Value] = []
        arguments = list(self.arguments)
        for i in self.positions:
            x, path = arguments[i], (self.name, arguments, i)
            if not isinstance(x, CONTAINERS):  # A quick way for a single number.
                arguments[i] = _input(number_at(path, x))
                inputs.append(arguments[i])
                continue
            found = [_input(number_at(where, leaf)) for where, leaf in located(x, path)]
            arguments[i] = rebuild(x, iter(found))
            inputs += found
        return inputs, arguments

    def shaped(self, numbers: Iterable[Any]) -> Any:
        """Numbers, one for each input, in the nesting of the inputs."""
        rest = iter(numbers)
        parts = tuple(rebuild(self.arguments[i], rest) for i in self.positions)
        return parts[0] if self.bare else parts


def _input(x: Value | float) -> Value:
    # A Value gets a new node too. Without it, `grad` inside a function that is differentiated itself would count the
    # outer function's uses of the same Value as its own.
    if type(x) is not Value:
        return Value(x)
    alias = +x
    alias.label = x.label
    return alias
