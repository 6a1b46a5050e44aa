"""The instructions that make the value of an operation, and its contributions to the gradients of its operands.

A rule of the package has one instruction for each. A user's own operation, and one of lists, is cut into words.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.expressions import simplified, value_of
from autograd.compiler.native.instructions import FORMS, contribution, marked
from autograd.compiler.native.planning import SUM_OF_TERMS, codes
from autograd.compiler.native.words import Steps
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
    """The contributions of an operation to an operand, or to each element of a list."""
    return _whole(f"{op} by {by}", known) or _cut(contribution(op, by, dict(known)), op, length)


def _whole(name: str, known: Known) -> Recipe | None:
    found = codes().get(name + marked(dict(known)))
    return found and Recipe((Step(found[0], tuple((x, 0) for x in found[1])),), (0,))


def _cut(e: Expression, op: str, length: int) -> Recipe:
    """An expression as one instruction for each word."""
    r, words, operands, names = rule(op), Steps(), dict[str, Operand](), {}
    for x in (UPSTREAM, VALUE, *r.operands):
        in_list = r.of_sequences and x in r.operands
        marks = {f"{x} {i}": (x, i) for i in range(length if in_list else 1)}
        operands |= marks
        names[x] = words.operand([*marks] if in_list else next(iter(marks)))
    found = words.read(simplified(e), names)
    roots = found if isinstance(found, list) else [found]
    steps, places = list[Step](), dict[int, Operand]()
    for place in sorted(words.below(roots)):
        text, of = words.steps[place]
        places[place] = operands.get(text, len(steps))
        if text not in operands:
            steps.append(_step(text, [places[inner] for inner in of]))
    results = []
    for root in roots:
        result = places[root]
        if isinstance(result, tuple):  # An operand is copied.
            steps.append(_step("positive", [result]))
            result = len(steps) - 1
        results.append(result)
    return Recipe(tuple(steps), tuple(results))


def _step(text: str, operands: Sequence[Operand]) -> Step:
    """A step of the words in C: a number, or an instruction by its name."""
    if number := _NUMBER.fullmatch(text):
        return Step(SUM_OF_TERMS, (), float(number[1].lower().replace("infinity", "inf")))
    return Step(codes()[text][0], tuple(operands))


_NUMBER: Final = re.compile(r"splat\((.*)\)")
