"""A table of stable rewrites: formulas that overflow or cancel, and what to write in place of them.

>>> from autograd import Tape, Value
>>> from autograd.show.names import Names
>>> from autograd.show.rewrites import rewrite
>>> x = Value(800.0, label="x")
>>> tape = Tape((x.exp() + 1).log())
>>> rewrite(Names(tape), tape.roots[0], blamed=1)
('log(1 + exp(x))', 'x.softplus()')

A pattern is a tuple of an operation, or a form such as `sum`, and the patterns of its operands. A name stands for any
node, and where it comes again for the same one; a float stands for that constant, and a list for any of several
patterns.
"""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, Final, TypeAlias

from autograd.engine.tape import Tape
from autograd.show.names import Names

MOST_TERMS: Final = 2000
"""A longer sum is not searched; one that is built of shared sums may have more terms than there are atoms."""
ADDITIONS: Final = ("add", "total")
"""A sum may be written as many of them."""

Pattern: TypeAlias = Any
Found: TypeAlias = dict[str, list[int]]
"""The places of the nodes that names of a pattern stand for; those of `xs` are many."""


def _square(x: Pattern) -> Pattern:
    return [("square", x), ("power", x, 2.0), ("multiply", x, x)]


def _root(of: Pattern) -> Pattern:
    return [("sqrt", of), ("power", of, 0.5)]


def _minus(x: Pattern) -> Pattern:
    return [("negative", x), ("multiply", -1.0, x), ("multiply", x, -1.0), ("subtract", 0.0, x)]


def _twice(x: Pattern) -> Pattern:
    return [("multiply", 2.0, x), ("multiply", x, 2.0), ("add", x, x)]


def _inverse(x: Pattern) -> Pattern:
    return [("divide", 1.0, x), ("power", x, -1.0), ("reciprocal", x)]


def _exp(x: Pattern) -> Pattern:
    return [("exp", x), ("power", math.e, x)]


def _difference(x: Pattern, y: Pattern) -> Pattern:
    return [("subtract", x, y), ("sum", x, _minus(y))]


_EXP_X: Final = _exp("x")
_EXP_MINUS_X: Final = [*_exp(_minus("x")), *_inverse(_EXP_X)]
_EXP_2X: Final = [*_exp(_twice("x")), *_square(_EXP_X)]
_EXP_MINUS_2X: Final = [
    *_exp(_minus(_twice("x"))), *_exp(_twice(_minus("x"))), *_exp([("multiply", -2.0, "x"), ("multiply", "x", -2.0)]),
]  # fmt: skip
_ONE_PLUS_EXP: Final = ("sum", 1.0, _EXP_X)
_ONE_PLUS_EXP_MINUS: Final = ("sum", 1.0, _EXP_MINUS_X)
_EXPS: Final = _exp("xs")
_SHIFTED_EXPS: Final = [("exp_of_difference", "xs", "shift"), *_exp(("subtract", "xs", "shift"))]
_SIGMOIDS: Final = (
    (("sigmoid", "x"), "sigmoid({x})"),
    (("quotient", _EXP_X, _ONE_PLUS_EXP), "exp({x})/(1 + exp({x}))"),
    (_inverse(_ONE_PLUS_EXP_MINUS), "1/(1 + exp(-{x}))"),
)
REWRITES: Final[tuple[tuple[Pattern, str, str], ...]] = (
    *[
        (("log", ("softmax", exps)), f"log({written})", "log_softmax(xs)[k], or losses.cross_entropy(xs, k)")
        for exps, written in ((_SHIFTED_EXPS, "softmax(xs)[k]"), (_EXPS, "exp(xs[k])/Σ exp(xs)"))
    ],
    *[(("log", pattern), f"log({written})", "{x}.logsigmoid()") for pattern, written in _SIGMOIDS],
    *[
        (("log", _difference(1.0, pattern)), f"log(1 - {written})", "(-{x}).logsigmoid()")
        for pattern, written in _SIGMOIDS
    ],
    ([("log", _ONE_PLUS_EXP), ("log1p", _EXP_X)], "log(1 + exp({x}))", "{x}.softplus()"),
    (("log", ("each", _EXPS)), "log(Σ exp(xs))", "logsumexp(xs)"),
    (("log", _EXP_X), "log(exp({x}))", "{x}"),
    (
        ("quotient", _difference(_EXP_X, _EXP_MINUS_X), ("sum", _EXP_X, _EXP_MINUS_X)),
        "(exp({x}) - exp(-{x}))/(exp({x}) + exp(-{x}))",
        "{x}.tanh()",
    ),
    (
        ("quotient", _difference(_EXP_2X, 1.0), ("sum", 1.0, _EXP_2X)),
        "(exp(2·{x}) - 1)/(exp(2·{x}) + 1)",
        "{x}.tanh()",
    ),
    (
        ("quotient", _difference(1.0, _EXP_MINUS_2X), ("sum", 1.0, _EXP_MINUS_2X)),
        "(1 - exp(-2·{x}))/(1 + exp(-2·{x}))",
        "{x}.tanh()",
    ),
    (("quotient", _difference(_EXP_X, 1.0), _ONE_PLUS_EXP), "(exp({x}) - 1)/(exp({x}) + 1)", "({x}/2).tanh()"),
    (("quotient", _difference(1.0, _EXP_X), _ONE_PLUS_EXP), "(1 - exp({x}))/(1 + exp({x}))", "(-{x}/2).tanh()"),
    *[(pattern, written, "{x}.sigmoid()") for pattern, written in _SIGMOIDS[1:]],
    (("quotient", "x", _ONE_PLUS_EXP_MINUS), "{x}/(1 + exp(-{x}))", "{x}.silu()"),
    (_inverse(_ONE_PLUS_EXP), "1/(1 + exp({x}))", "(-{x}).sigmoid()"),
    (("softmax", _EXPS), "exp(xs[k])/Σ exp(xs)", "softmax(xs)[k]"),
    (("quotient", _EXP_X, _exp("y")), "exp({x})/exp({y})", "({x} - {y}).exp()"),
    (("multiply", _EXP_X, _exp("y")), "exp({x})·exp({y})", "({x} + {y}).exp()"),
    # The squares overflow, and the derivative of the root is infinite at 0.
    (_root(_square("x")), "√({x}²)", "abs({x})"),
    (_root(("sum", _square("x"), _square("y"))), "√({x}² + {y}²)", "hypot({x}, {y})"),
    (_root(("squares", "xs")), "√(Σ xs²)", "norm(xs)"),
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
                called = {name: _held_together(names[places[0]]) for name, places in found.items()}
                return written.format(**called), better.format(**called)
    return None


def _held_together(name: str) -> str:
    """A name that a method can be called on: a label may have several words."""
    return name if re.fullmatch(r"[\w.#'…]+", name) else f"({name})"


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
    """The same for a tuple: an operation and its operands, or one of the forms below."""
    operands = tape.operands_of(place)
    if form == "sum":  # of so many terms, in any order
        terms = _terms(tape, place)
        for order in permutations(terms) if len(terms) == len(patterns) else ():
            yield from _in_turn(tape, order, patterns, found)
    elif form == "each":  # several terms that all fit one pattern
        yield from _each(tape, _terms(tape, place), patterns[0], found)
    elif form == "squares":  # the sum of several squares
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=False)
        if tape.operation(place) == "dot" and half > 1 and all(_same(tape, *pair) for pair in pairs):
            yield {**found, patterns[0]: [*operands[:half]]}
        yield from _each(tape, _terms(tape, place), _square(patterns[0]), found)
    elif form == "quotient":  # a division, or a product with a reciprocal
        for quotient in _quotients(tape, place):
            yield from _in_turn(tape, quotient, patterns, found)
    elif form == "softmax":  # one term divided by the sum of them all
        for one, divisor in _quotients(tape, place):
            terms = _terms(tape, divisor)
            if any(_same(tape, one, term) for term in terms):
                yield from _each(tape, terms, patterns[0], found)
    elif form == "zero":  # a node with that value
        if tape.data[place] == 0.0:
            yield from _matches(tape, place, patterns[0], found)
    elif form == tape.operation(place):
        yield from _in_turn(tape, operands, patterns, found)


def _quotients(tape: Tape, place: int) -> Iterator[tuple[int, int]]:
    """Dividend and divisor, if a node divides."""
    operands = tape.operands_of(place)
    if tape.operation(place) == "divide":
        yield operands[0], operands[1]
    elif tape.operation(place) == "multiply":
        for one, other in permutations(operands):
            for found in _matches(tape, other, _inverse("divisor"), {}):
                yield one, found["divisor"][0]


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
    """The terms of a sum, in order, but no 0, with which Python's `sum` begins; none of a sum that is too long."""
    terms: list[int] = []
    stack = [place]
    while stack and len(terms) + len(stack) <= MOST_TERMS:
        term = stack.pop()
        if tape.operation(term) in ADDITIONS:
            stack += reversed(tape.operands_of(term))
        elif not (tape.is_constant(term) and tape.data[term] == 0.0):
            terms.append(term)
    return [] if stack else terms


def _same(tape: Tape, one: int, other: int) -> bool:
    """Whether they are one node, equal numbers, or made by the same operation of such operands."""
    if not tape.operation(one) or tape.codes[one] != tape.codes[other]:
        return _identity(tape, one) == _identity(tape, other)
    mine, others = ([_identity(tape, k) for k in tape.operands_of(place)] for place in (one, other))
    return mine == others


def _identity(tape: Tape, place: int) -> int | tuple[float]:
    """The place of a node; of a constant, which is a new entry each time, its number."""
    return (tape.data[place],) if tape.is_constant(place) else place
