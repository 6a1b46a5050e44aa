"""The instructions that make the value of an operation, and what it contributes to the gradients of its operands.

A rule of the package has one instruction for each. A user's own operation, and one of lists, is cut into words.
"""

import re
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.expressions import simplified, value_of
from autograd.compiler.native.instructions import FORMS, contribution
from autograd.compiler.native.planning import SUM_OF_TERMS, codes
from autograd.compiler.native.words import _Steps
from autograd.formula.cases import Expression, rule

Operand: TypeAlias = int | tuple[str, int]
"""An earlier step by its place, or an operand by its name, and by its place in a list."""
Known: TypeAlias = tuple[tuple[str, float], ...]
"""Operands that are numbers."""


class Step(NamedTuple):
    """An instruction and its operands; a number is a linear node without terms."""

    code: int
    operands: tuple[Operand, ...] = ()
    number: float = 0.0


class Recipe(NamedTuple):
    """Steps, and the places of those that are results: a value, or one for each element of a list."""

    steps: tuple[Step, ...]
    results: tuple[int, ...]


def known_numbers(op: str) -> Known:
    """Operands of an operation for which it has instructions of their own where they are these numbers."""
    return FORMS.get(op, ())


@cache
def valued(op: str, known: Known, length: int) -> Recipe:
    """The value of an operation on lists of a length, or on numbers of which some are known; it is the last step."""
    return _whole(op, known) or _cut(value_of(op, dict(known)), op, length)


@cache
def contributed(op: str, by: str, known: Known, length: int) -> Recipe:
    """What an operation contributes to an operand, or to each element of a list."""
    return _whole(f"{op} by {by}", known) or _cut(contribution(op, by, dict(known)), op, length)


def _whole(name: str, known: Known) -> Recipe | None:
    found = codes().get(name + "".join(f" {x}={c!r}" for x, c in known))
    return found and Recipe((Step(found[0], tuple((x, 0) for x in found[1])),), (0,))


def _cut(e: Expression, op: str, length: int) -> Recipe:
    """An expression as one instruction for each word; a result that is an operand is copied."""
    r, made, operands = rule(op), _Steps(), dict[str, tuple[str, int]]()
    names = {}
    for x in (UPSTREAM, VALUE, *r.operands):
        marks = {f"{x} {i}": (x, i) for i in range(length if x in r.operands else 1)}
        operands |= marks
        names[x] = made.operand([*marks] if r.of_sequences and x in r.operands else next(iter(marks)))
    found = made.read(simplified(e), names)
    roots = found if isinstance(found, list) else [found]
    steps: list[Step] = []
    places: dict[int, Operand] = {}
    for place in sorted(made.below(roots)):
        text, of = made.steps[place]
        if text in operands:
            places[place] = operands[text]
            continue
        places[place] = len(steps)
        number = _NUMBER.fullmatch(text)
        steps.append(Step(SUM_OF_TERMS, (), _value(number[1])) if number else Step(codes()[text][0], tuple(places[i] for i in of)))
    results = []
    for place in map(places.__getitem__, roots):
        if not isinstance(place, int):
            steps.append(Step(codes()["positive"][0], (place,)))
            place = len(steps) - 1
        results.append(place)
    return Recipe(tuple(steps), tuple(results))


_NUMBER: Final = re.compile(r"splat\((.*)\)")


def _value(text: str) -> float:
    return float(text.lower().replace("infinity", "inf"))
