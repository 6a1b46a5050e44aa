"""The steps of a page: those of the `Stepper`, in its order and in its words, or of a large graph a part of them.

>>> from autograd import Tape, Value
>>> from autograd.page.walk import length, moves
>>> from autograd.show.names import Names
>>> x = Value(3.0, label="x")
>>> names = Names(Tape(x * x))
>>> for move in moves(names, range(2)):
...     print(move.step.number, move.place, move.operand, " = ".join(move.parts))
1 1 None v1 = x·x = 3·3 = 9
2 1 None ∂v1/∂v1 = 1
3 1 0 ∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3
4 1 0 ∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3
>>> length(names.tape)
4
"""

from collections.abc import Container, Iterator
from typing import NamedTuple

from autograd.engine.tape import CONSTANT_CODE, Tape
from autograd.show import lines
from autograd.show.lines import Step
from autograd.show.names import Names


class Move(NamedTuple):
    """One step of a page, with the places on the tape that it is about."""

    step: Step
    place: int
    """Of the node that is computed, or that contributes."""
    operand: int | None
    """The place of the operand that gets a contribution; None forward, and for the start at the root."""
    parts: list[str]
    """The sentence of the step, as the parts that are equal."""
    end: str
    """The end of the last part."""


def moves(names: Names, within: Container[int]) -> Iterator[Move]:
    """The steps that compute a node at one of the places within, or contribute from one of them to another.

    They have the numbers that they have in the whole walk. ValueError if data was changed after it was recorded.
    """
    tape, root = names.tape, names.tape.roots[0]
    number = 0
    for place, code in enumerate(tape.codes):
        if code > CONSTANT_CODE:
            number += 1
            if place in within:
                made = lines.checked(names, place)
                yield _move(Step(number, "forward", names.root, made, None, made.result, 0.0, 0.0, None, 0.0), place)
    number += 1
    made = lines.checked(names, root)
    yield _move(Step(number, "backward", names.root, made, None, 1.0, 0.0, 0.0, None, 1.0), root)
    shown = root
    for given in tape.sweep():
        number += 1
        if given.place in within and given.operand in within:
            if given.place != shown:  # All steps of a node share its calculation.
                made, shown = lines.calculation(names, given.place), given.place
            yield _move(lines.backward_step(number, names.root, made, given), given.place, given.operand)


def length(tape: Tape) -> int:
    """The number of steps of the whole walk."""
    return sum(code > CONSTANT_CODE for code in tape.codes) + 1 + sum(len(tape.passes_on(k)) for k in tape.swept())


def _move(step: Step, place: int, operand: int | None = None) -> Move:
    parts, end = lines.sentence(step)
    return Move(step, place, operand, parts, end)
