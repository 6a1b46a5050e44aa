"""The formula of a box in names, short enough for a picture: what a neuron computes of its inputs.

>>> from autograd import Tape, Value, dot
>>> from autograd.show.cones import boxes
>>> from autograd.show.formulas import Formulas
>>> from autograd.show.names import Names
>>> w, x = ([Value(1.0, label=f"{name}[{i}]") for i in range(9)] for name in "wx")
>>> tape = Tape((dot(w, x) + Value(0.5, label="b")).relu())
>>> Formulas(Names(tape), boxes(tape, fold=True, labelled=True)).text(len(tape) - 1)
'relu(w·x + b)'

A row of names that count up, as x[0], x[1], …, is written as x. The middle of another long sum is left out.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from autograd.console import columns
from autograd.formula import operation_text
from autograd.operations import OPERATIONS
from autograd.show.cones import Boxes, in_sign
from autograd.show.names import Names
from autograd.wording import end_positions, ends, visible

T = TypeVar("T")

WIDTH: Final = 40
"""Columns of a formula in a picture."""
_SHAPES: Final = ((6, 24), (4, 24), (3, 16), (2, 16), (2, 11), (2, 7), (2, 4))
"""Numbers of operands, and lengths of their names, from the longest formula to the shortest."""
_ADDITIONS: Final = {"add": (1, 1), "subtract": (1, -1)}
"""The signs of the operands."""
_INDEXED: Final = re.compile(r"(.*)\[([^\[\]]+)\]")
_ALL: Final = "…"


class _Shape(NamedTuple):
    """How much of a formula is written."""

    most: int
    """Operands of a row."""
    length: int
    """Of a name."""


class Formulas:
    """The formulas of the boxes of a graph."""

    def __init__(self, names: Names, found: Boxes) -> None:
        self._names, self._tape, self._home = names, names.tape, found.home
        self._terms: Final[dict[int, list[tuple[int, int]]]] = {}
        """Of sums that were written, their terms with their signs."""
        self._pairs: Final[dict[int, list[tuple[list[str], list[int]]]]] = {}
        """Of sums of products that were written, the factors of their terms and their places."""

    def text(self, head: int) -> str:
        """The operation of a box on the names of what leads to it, in at most WIDTH columns."""
        for shape in _SHAPES:
            text = self._operation(head, head, _Shape(*shape))
            if columns(text) <= WIDTH:
                return text
        return visible(text, WIDTH)

    def _term(self, place: int, head: int, shape: _Shape) -> str:
        """An operand: its own formula if it is folded into the box, else its name."""
        if self._tape.operation(place) and self._home[place] == head:
            return self._operation(place, head, shape)
        return visible(self._names[place], shape.length)

    def _operation(self, place: int, head: int, shape: _Shape) -> str:
        op, operands = self._tape.operation(place), self._tape.operands_of(place)
        if op in _ADDITIONS:
            return self._sum(place, head, shape)
        if op == "square" or (op == "power" and self._tape.is_constant(operands[1])):
            exponent = "2" if op == "square" else self._names[operands[1]]
            return operation_text("power", [self._term(operands[0], head, shape), exponent])
        if op == "dot":
            return operation_text("total", self._products(place, head, shape))
        if inner := in_sign(self._tape, place):  # Of softmax and its like, the target is in the sign.
            operands = operands[: inner[0]]
        texts = ends([*operands], _ALL, lambda k: self._term(k, head, shape), shape.most)
        if op == "mean":
            return operation_text("divide", [operation_text("total", texts), str(len(operands))])
        return operation_text(op, texts) if op in OPERATIONS else f"{op}({', '.join(texts)})"

    def _sum(self, place: int, head: int, shape: _Shape) -> str:
        if place not in self._terms:
            self._terms[place] = self._added_up(place, head)
        terms = self._terms[place]
        kept = self._kept([[k] for _, k in terms], shape.most)
        parts = _with_gaps(kept, [(terms[i][0], self._term(terms[i][1], head, shape)) for i in kept], (1, _ALL))
        text = parts[0][1]
        for sign, part in parts[1:]:
            text = operation_text("add" if sign > 0 else "subtract", [text, part])
        return text

    def _added_up(self, place: int, head: int) -> list[tuple[int, int]]:
        """The terms of a chain of sums and differences, with their signs; a difference that is taken away is a term."""
        tape, terms = self._tape, []
        stack = [(1, place)]
        while stack:
            sign, k = stack.pop()
            op = tape.operation(k)
            if op in _ADDITIONS and (k == place or self._home[k] == head) and sign > 0:
                both = zip(_ADDITIONS[op], tape.operands_of(k), strict=True)
                stack += [*both][::-1]
            else:
                terms.append((sign, k))
        return terms

    def _products(self, place: int, head: int, shape: _Shape) -> list[str]:
        """The terms of a sum of products; a stretch of names that count up is one product."""
        if place not in self._pairs:
            operands = self._tape.operands_of(place)
            n = len(operands) // 2
            both = [[self._term(k, head, _WHOLE) for k in side] for side in (operands[:n], operands[n:])]
            self._pairs[place] = [
                ([_together(side[i:j]) for side in both], [*operands[i:j], *operands[n + i : n + j]])
                for i, j in _runs(*both)
            ]
        pairs = self._pairs[place]
        kept = self._kept([places for _, places in pairs], shape.most)
        texts = [_product(pairs[i][0], shape.length) for i in kept]
        return _with_gaps(kept, texts, _ALL)

    def _kept(self, terms: Sequence[Sequence[int]], most: int) -> list[int]:
        """The positions of the terms that are written: the ends of a row, and the few that lines lead to."""
        ends = end_positions(len(terms), most)
        if len(ends) == len(terms):
            return ends
        joined = [i for i, places in enumerate(terms) if any(self._home[k] == k for k in places)]
        return sorted({*ends, *joined}) if len(joined) <= most else ends


_WHOLE: Final = _Shape(8, 24)


def _with_gaps(kept: Sequence[int], parts: Sequence[T], gap: T) -> list[T]:
    """The parts at the positions kept, with a gap where others were between them."""
    row = [*parts[:1]]
    for (k, following), part in zip(pairwise(kept), parts[1:], strict=True):
        row += [part] if following == k + 1 else [gap, part]
    return row


def _product(factors: Sequence[str], length: int) -> str:
    return operation_text("multiply", [visible(text, length) for text in factors])


class _Indexed(NamedTuple):
    base: str
    indices: tuple[str, ...]


def _indexed(name: str) -> _Indexed | None:
    found = _INDEXED.fullmatch(name)
    return _Indexed(found[1], tuple(found[2].split(","))) if found else None


def _counts_up(name: str, following: str) -> int | None:
    """The index that is one more in the following name, all else being equal; None if there is none."""
    one, two = _indexed(name), _indexed(following)
    if one is None or two is None or one.base != two.base or len(one.indices) != len(two.indices):
        return None
    differing = [i for i, (a, b) in enumerate(zip(one.indices, two.indices, strict=True)) if a != b]
    if len(differing) != 1:
        return None
    a, b = one.indices[differing[0]], two.indices[differing[0]]
    return differing[0] if a.isdecimal() and b.isdecimal() and int(b) == int(a) + 1 else None


def _runs(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretches of pairs in which both names count up, from start to end."""
    start, along = 0, (None, None)
    for i in range(1, len(left) + 1):
        now = (None, None) if i == len(left) else tuple(_counts_up(side[i - 1], side[i]) for side in (left, right))
        if None in now or (i - start > 1 and now != along):
            yield start, i
            start, along = i, (None, None)
        else:
            along = now  # type: ignore[assignment]


def _together(names: Sequence[str]) -> str:
    """One name for a stretch of names that count up.

    >>> _together(["w[2,0]", "w[2,1]"]), _together(["x[0]", "x[1]"]), _together(["b"])
    ('w[2]', 'x', 'b')
    """
    if len(names) == 1:
        return names[0]
    first, along = _indexed(names[0]), _counts_up(names[0], names[1])
    assert first is not None
    assert along is not None
    others = ",".join(first.indices[:along] + first.indices[along + 1 :])
    return f"{first.base}[{others}]" if others else first.base
