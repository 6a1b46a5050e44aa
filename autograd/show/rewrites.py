"""A table of stable rewrites: formulas that overflow or cancel, and what to write in place of them.

>>> from autograd import Tape, Value
>>> from autograd.show.names import Names
>>> from autograd.show.rewrites import rewrite
>>> x = Value(800.0, label="x")
>>> tape = Tape((x.exp() + 1).log())
>>> rewrite(Names(tape), tape.roots[0], blamed=1)
('log(1 + exp(x))', 'x.softplus()')

A pattern is a tuple of an operation and the patterns of its operands. A name stands for any node, and where it comes
again for the same one; a float stands for that constant, and a list for any of several patterns.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, Final, TypeAlias

from autograd.engine.tape import Tape
from autograd.show.names import Names

MOST_TERMS: Final = 2000
"""A longer sum is not searched; one that is built of shared sums may have more terms than there are atoms."""

Pattern: TypeAlias = Any
Found: TypeAlias = dict[str, list[int]]
"""The places of the nodes that names of a pattern stand for; those of `xs` are many."""


def _square(x: str) -> Pattern:
    return [("square", x), ("power", x, 2.0), ("multiply", x, x)]


def _root(of: Pattern) -> Pattern:
    return [("sqrt", of), ("power", of, 0.5)]


_EXP_X: Final = ("exp", "x")
_ONE_PLUS_EXP: Final = ("sum", 1.0, _EXP_X)
_EXPS: Final = ("exp", "xs")
_ANY_EXPS: Final = [_EXPS, ("exp_of_difference", "xs", "shift")]
REWRITES: Final[tuple[tuple[Pattern, str, str], ...]] = (
    (("log", ("softmax", _ANY_EXPS)), "log(softmax(xs)[k])", "log_softmax(xs)[k], or losses.cross_entropy(xs, k)"),
    (("log", ("sigmoid", "x")), "log(sigmoid({x}))", "{x}.logsigmoid()"),
    (("log", ("subtract", 1.0, ("sigmoid", "x"))), "log(1 - sigmoid({x}))", "(-{x}).logsigmoid()"),
    ([("log", _ONE_PLUS_EXP), ("log1p", _EXP_X)], "log(1 + exp({x}))", "{x}.softplus()"),
    (("log", ("each", _EXPS)), "log(Σ exp(xs))", "logsumexp(xs)"),
    (("divide", _EXP_X, _ONE_PLUS_EXP), "exp({x})/(1 + exp({x}))", "{x}.sigmoid()"),
    (("divide", 1.0, ("sum", 1.0, ("exp", ("negative", "x")))), "1/(1 + exp(-{x}))", "{x}.sigmoid()"),
    (("divide", 1.0, _ONE_PLUS_EXP), "1/(1 + exp({x}))", "(-{x}).sigmoid()"),
    (("softmax", _EXPS), "exp(x)/Σ exp(xs)", "softmax(xs)[k]"),
    # The squares overflow, and the derivative of the root is infinite at 0.
    (_root(_square("x")), "√({x}²)", "abs({x})"),
    (_root(("sum", _square("x"), _square("y"))), "√({x}² + {y}²)", "hypot({x}, {y})"),
    (_root(("each", _square("xs"))), "√(Σ x²)", "norm(xs)"),
    # The derivative of these is infinite at 0, or the value.
    (("sqrt", ("zero", "x")), "sqrt({x}) at 0", "({x} + 1e-12).sqrt(), if 0 may come"),
    (("rsqrt", ("zero", "x")), "rsqrt({x}) at 0", "({x} + 1e-12).rsqrt(), if 0 may come"),
    (("log", ("zero", "x")), "log({x}) at 0", "({x} + 1e-12).log(), if 0 may come"),
)


def rewrite(names: Names, place: int, blamed: int) -> tuple[str, str] | None:
    """The formula at a place and a better one, by the first row that fits; None if no row does.

    A row fits if it replaces the blamed node and takes nothing but finite values: else it would be of no help.
    """
    tape = names.tape
    for pattern, written, better in REWRITES:
        for found in _matches(tape, place, pattern, {}):
            inputs = {k for places in found.values() for k in places}
            if all(math.isfinite(tape.data[k]) for k in inputs) and blamed in _replaced(tape, place, inputs):
                called = {name: names[places[0]] for name, places in found.items()}
                return written.format(**called), better.format(**called)
    return None


def _replaced(tape: Tape, place: int, inputs: set[int]) -> set[int]:
    """The places of the nodes from a place down to the inputs, without these."""
    found, stack = {place}, [place]
    while stack:
        below = set(tape.operands_of(stack.pop())) - inputs - found
        found |= below
        stack += below
    return found


# ── patterns ──


def _matches(tape: Tape, place: int, pattern: Pattern, found: Found) -> Iterator[Found]:
    """The ways in which the node at a place fits a pattern, on top of what the names stand for already."""
    if isinstance(pattern, list):
        for one in pattern:
            yield from _matches(tape, place, one, found)
    elif isinstance(pattern, str):
        if pattern not in found:
            yield {**found, pattern: [place]}
        elif _same(tape, place, found[pattern][0]):
            yield found
    elif isinstance(pattern, float):
        if tape.is_constant(place) and tape.data[place] == pattern:
            yield found
    else:
        yield from _form_matches(tape, place, *pattern, found=found)


def _form_matches(tape: Tape, place: int, form: str, *patterns: Pattern, found: Found) -> Iterator[Found]:
    """The same for a tuple: an operation and its operands, or one of the forms sum, each, softmax and zero."""
    operands = tape.operands_of(place)
    if form == "sum":  # of so many terms, in any order
        terms = _terms(tape, place)
        for order in permutations(terms) if len(terms) == len(patterns) else ():
            yield from _in_turn(tape, order, patterns, found)
    elif form == "each":  # several terms that all fit one pattern
        yield from _each(tape, _terms(tape, place), patterns[0], found)
    elif form == "softmax":  # one term divided by the sum of them all
        terms = _terms(tape, operands[1]) if tape.operation(place) == "divide" else []
        if any(_same(tape, operands[0], term) for term in terms):
            yield from _each(tape, terms, patterns[0], found)
    elif form == "zero":  # a node with that value
        if tape.data[place] == 0.0:
            yield from _matches(tape, place, patterns[0], found)
    elif form == tape.operation(place):
        yield from _in_turn(tape, operands, patterns, found)


def _in_turn(tape: Tape, places: Sequence[int], patterns: Sequence[Pattern], found: Found) -> Iterator[Found]:
    if not places:
        yield found
        return
    for first in _matches(tape, places[0], patterns[0], found):
        yield from _in_turn(tape, places[1:], patterns[1:], first)


def _each(tape: Tape, terms: Sequence[int], pattern: Pattern, found: Found) -> Iterator[Found]:
    several: list[int] = []
    for term in terms:
        fits = next(_matches(tape, term, pattern, found), None)
        if fits is None:
            return
        several += fits["xs"]
        found = {name: places for name, places in fits.items() if name != "xs"}
    if len(terms) > 1:
        yield {**found, "xs": several}


def _terms(tape: Tape, place: int) -> list[int]:
    """The terms of a sum, in order; none of a sum that is too long to be searched."""
    terms: list[int] = []
    stack = [place]
    while stack and len(terms) + len(stack) <= MOST_TERMS:
        term = stack.pop()
        if tape.operation(term) in ("add", "total"):
            stack += reversed(tape.operands_of(term))
        else:
            terms.append(term)
    return [] if stack else terms


def _same(tape: Tape, one: int, other: int) -> bool:
    """Whether they are one node, or made by the same operation of the same operands."""
    made_alike = tape.operation(one) and tape.codes[one] == tape.codes[other]
    return one == other or bool(made_alike and tape.operands_of(one) == tape.operands_of(other))
