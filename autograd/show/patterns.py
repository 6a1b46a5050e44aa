"""Patterns of operations, and the nodes of a tape that fit them.

>>> from autograd import Tape, Value
>>> from autograd.show.patterns import Finder
>>> x = Value(3.0)
>>> tape = Tape((x.exp() + 1).log())
>>> list(Finder(tape).matches(tape.roots[0], ("log", ("sum", 1.0, ("exp", "x")))))
[{'x': [0]}]

A pattern is a tuple of an operation, or a form such as `sum`, and the patterns of its operands. A name stands for a
node, and where it comes again for the same one; a float stands for that constant, and a list for any of several
patterns.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, Final, TypeAlias

from autograd.engine.tape import Tape

MOST_NODES: Final = 4000
"""A sum of more terms and additions is not searched; one of shared sums may have more terms than there are atoms."""
MOST_IN_ALL: Final = 10 * MOST_NODES
"""Terms and additions of all sums that are searched: where terms are added one by one, each step makes a sum."""
ADDITIONS: Final = ("add", "total")
"""A sum may be written as many of them."""

ANY: Final = "any"
"""The name that stands for any node. Every other one stands for a finite node: a formula of others is of no help."""

Pattern: TypeAlias = Any
Found: TypeAlias = dict[str, list[int]]
"""The places of the nodes that names of a pattern stand for; those of `xs` are many."""
Identity: TypeAlias = "int | tuple[float] | tuple[int, tuple[int | tuple[float], ...]]"


def inverse(x: Pattern) -> Pattern:
    """The forms of 1/x."""
    return [("divide", 1.0, x), ("power", x, -1.0), ("reciprocal", x)]


class Finder:
    """Finds the ways in which nodes of a tape fit patterns. A sum that many nodes use is looked through once."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._lengths = _lengths(tape)
        self._left = MOST_IN_ALL
        self._terms: dict[int, list[int]] = {}
        """The terms of sums, by the place of the sum."""
        self._kinds: dict[int, set[Identity]] = {}
        """The same, so that equal terms are found."""
        self._rows: dict[tuple[int, int], list[Found]] = {}
        """How all terms of a sum fit one pattern, by the place of the sum and the id of the pattern."""

    def matches(self, place: int, pattern: Pattern, found: Found | None = None) -> Iterator[Found]:
        """The ways in which the node at a place fits a pattern, on top of what the names stand for already."""
        tape, found = self._tape, found or {}
        if isinstance(pattern, list):
            for one in pattern:
                yield from self.matches(place, one, found)
        elif isinstance(pattern, str):
            if pattern not in found:
                if pattern == ANY or math.isfinite(tape.data[place]):
                    yield {**found, pattern: [place]}
            elif self._identity(place) == self._identity(found[pattern][0]):
                yield found
        elif isinstance(pattern, float):
            if tape.is_constant(place) and tape.data[place] == pattern:
                yield found
        else:
            yield from self._form(place, *pattern, found=found)

    def _form(self, place: int, form: str, *patterns: Pattern, found: Found) -> Iterator[Found]:
        """The same for a tuple: an operation and its operands, or one of the forms below."""
        tape = self._tape
        if form == "sum":  # of so many terms, in any order
            terms = self._terms_of(place)
            for order in permutations(terms) if len(terms) == len(patterns) else ():
                yield from self._in_turn(order, patterns, found)
        elif form == "each":  # several terms that all fit one pattern
            yield from self._each(place, patterns[0])
        elif form == "squares":  # the sum of several squares
            yield from self._squares(place)
            yield from self._each(place, patterns[0])
        elif form == "quotient":  # a division, or a product with a reciprocal
            for quotient in self._quotients(place):
                yield from self._in_turn(quotient, patterns, found)
        elif form == "softmax":  # one term divided by the sum of them all
            for one, divisor in self._quotients(place):
                if self._is_term(one, divisor):
                    yield from self._each(divisor, patterns[0])
        elif form == "zero":  # a node with that value
            if tape.data[place] == 0.0:
                yield from self.matches(place, patterns[0], found)
        elif form == tape.operation(place):
            yield from self._in_turn(tape.operands_of(place), patterns, found)

    def _in_turn(self, places: Sequence[int], patterns: Sequence[Pattern], found: Found) -> Iterator[Found]:
        if not places:
            yield found
            return
        for first in self.matches(places[0], patterns[0], found):
            yield from self._in_turn(places[1:], patterns[1:], first)

    def _quotients(self, place: int) -> Iterator[tuple[int, int]]:
        """Dividend and divisor, if a node divides."""
        operands = self._tape.operands_of(place)
        if self._tape.operation(place) == "divide":
            yield operands[0], operands[1]
        elif self._tape.operation(place) == "multiply":
            for one, other in permutations(operands):
                for found in self.matches(other, _ONE_DIVIDED):
                    yield one, found[ANY][0]

    def _squares(self, place: int) -> Iterator[Found]:
        """The match of a dot product of a row with itself."""
        operands = self._tape.operands_of(place)
        half = len(operands) // 2
        xs, others = operands[:half], operands[half:]
        if self._tape.operation(place) == "dot":
            pairs = zip(xs, others, strict=True)
            if all(map(math.isfinite, [self._tape.data[x] for x in xs])) and all(
                self._identity(x) == self._identity(y) for x, y in pairs
            ):
                yield {"xs": [*xs]}

    # ── sums ──

    def _each(self, place: int, pattern: Pattern) -> list[Found]:
        """The match of all terms of a sum, if each of them fits the pattern."""
        key = place, id(pattern)  # A pattern of the table is there for ever.
        if key not in self._rows:
            self._rows[key] = [*self._matches_of_each(self._terms_of(place), pattern)]
        return self._rows[key]

    def _matches_of_each(self, terms: Sequence[int], pattern: Pattern) -> Iterator[Found]:
        several: list[int] = []
        found: Found = {}
        for term in terms:
            fits = next(self.matches(term, pattern, found), None)
            if fits is None:
                return
            several += fits["xs"]
            found = {name: places for name, places in fits.items() if name != "xs"}
        if len(terms) > 1:
            yield {**found, "xs": several}

    def _is_term(self, place: int, of: int) -> bool:
        """Whether a node, or one that is made in the same way, is a term of a sum."""
        if of not in self._kinds:
            self._kinds[of] = {self._identity(term) for term in self._terms_of(of)}
        return self._identity(place) in self._kinds[of]

    def _terms_of(self, place: int) -> list[int]:
        """The terms of a sum, in order, but no 0, with which Python's `sum` begins; none of a sum that is too long."""
        if place not in self._terms:
            length = self._lengths[place]
            short = length <= min(MOST_NODES, self._left)
            self._terms[place] = self._added(place) if short else []
            self._left -= length if short else 0
        return self._terms[place]

    def _added(self, place: int) -> list[int]:
        tape = self._tape
        terms: list[int] = []
        stack = [place]
        while stack:
            term = stack.pop()
            if tape.operation(term) in ADDITIONS:
                stack += reversed(tape.operands_of(term))
            elif not (tape.is_constant(term) and tape.data[term] == 0.0):
                terms.append(term)
        return terms

    def _identity(self, place: int) -> Identity:
        """Equal for one node, for equal numbers, and for nodes made by the same operation of such operands."""
        if not self._tape.operation(place):
            return self._identity_alone(place)
        operands = self._tape.operands_of(place)
        return self._tape.codes[place], tuple([self._identity_alone(k) for k in operands])

    def _identity_alone(self, place: int) -> int | tuple[float]:
        """The place of a node; of a constant, which is a new entry each time, its number."""
        return (self._tape.data[place],) if self._tape.is_constant(place) else place


def _lengths(tape: Tape) -> Sequence[int]:
    """The number of terms and additions of the sum at each place, as far as it matters."""
    lengths = array("i", [1]) * len(tape)
    for place in range(len(tape)):
        if tape.operation(place) in ADDITIONS:
            lengths[place] = min(1 + sum([lengths[k] for k in tape.operands_of(place)]), MOST_NODES + 1)
    return lengths


_ONE_DIVIDED: Final = inverse(ANY)
