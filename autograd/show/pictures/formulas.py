"""The formula of a box in names, short enough for a picture: what a neuron computes of its inputs.

>>> from autograd import Tape, Value, dot
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.pictures.formulas import Formulas
>>> from autograd.show.names import Names
>>> w, x = ([Value(1.0, label=f"{name}[{i}]") for i in range(9)] for name in "wx")
>>> tape = Tape((dot(w, x) + Value(0.5, label="b")).relu())
>>> Formulas(Names(tape), boxes(tape, fold=True, labelled=True)).text(len(tape) - 1)
'relu(w·x + b)'

A row of names that count up, as x[0], x[1], …, is written as x. The middle of another long sum is left out.
"""

import re
from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from autograd.console import columns
from autograd.formula import operation_text
from autograd.formula.text import composed_text, in_brackets, only_one
from autograd.operations import OPERATIONS
from autograd.show.names import Names
from autograd.show.pictures.cones import Boxes
from autograd.wording import end_positions, ends, visible

T = TypeVar("T")

WIDTH: Final = 44
"""Columns of a formula in a picture."""
_SHAPES: Final = ((6, 24), (4, 24), (3, 24), (2, 24), (2, 16), (2, 11), (2, 7), (2, 4))
"""Numbers of operands, and lengths of their names, from the longest formula to the shortest."""
_SUMS: Final = ("add", "subtract", "total", "mean", "dot")
"""Operations that are written with signs between their terms."""
_INDEXED: Final = re.compile(r"(.*)\[([^\[\]]+)\]")
_NUMBER: Final = re.compile(r"-?(\d+\.?\d*(e[+-]?\d+)?|inf|nan)")
_APART: Final[tuple[int | None, int | None]] = (None, None)
_ALL: Final = "…"


class _Shape(NamedTuple):
    """How much of a formula is written."""

    most: int
    """Operands of a row."""
    length: int
    """Of a name."""


_WHOLE: Final = _Shape(8, 24)


class _Term(NamedTuple):
    """A term of a sum."""

    sign: int
    factors: tuple[str, ...]
    """Their texts, if it is a product of a sum of products; else empty."""
    places: Sequence[int]
    """Of the node that it is, or of the operands that it has."""


class Formulas:
    """The formulas of the boxes of a graph."""

    def __init__(self, names: Names, found: Boxes) -> None:
        self._names, self._tape, self._home = names, names.tape, found.home
        self._terms: Final[dict[int, list[_Term]]] = {}
        """Of sums that were written."""

    @cached_property
    def _known(self) -> set[str]:
        """The names of all nodes."""
        return {self._names[place] for place in self._names.own}

    def text(self, head: int) -> str:
        """The operation of a box on the names of what leads to it, in at most WIDTH columns."""
        for shape in _SHAPES:
            text = self._operation(head, head, _Shape(*shape))
            if columns(text) <= WIDTH:
                return visible(text, WIDTH)
        return visible(text, WIDTH)

    def _term(self, place: int, head: int, shape: _Shape) -> str:
        """An operand: its own formula if it is folded into the box, else its name."""
        if self._tape.operation(place) and self._home[place] == head:
            return self._operation(place, head, shape)
        return visible(self._names[place], shape.length)

    def _operation(self, place: int, head: int, shape: _Shape) -> str:
        op, operands = self._tape.operation(place), self._tape.operands_of(place)
        if op in _SUMS and operands:
            return self._sum(place, head, shape)
        if op == "square" or (op == "power" and self._tape.is_constant(operands[1])):
            exponent = "2" if op == "square" else self._names[operands[1]]
            return operation_text("power", [self._term(operands[0], head, shape), exponent])
        if op in OPERATIONS and OPERATIONS[op].kind == "composed":
            return self._composed(op, operands, head, shape)
        texts = ends([*operands], _ALL, lambda k: self._term(k, head, shape), shape.most)
        return operation_text(op, texts) if op in OPERATIONS else f"{op}({', '.join(texts)})"

    def _composed(self, op: str, operands: Sequence[int], head: int, shape: _Shape) -> str:
        """A softmax or its like on its logits; the weights that are plain numbers may be one class."""
        half = len(operands) // 2
        logits, weights = (
            in_brackets(ends(row, _ALL, lambda k: self._term(k, head, shape), shape.most))
            for row in (operands[:half], operands[half:])
        )
        numbers = [self._names[k] for k in operands[half:] if self._tape.is_constant(k)]
        chosen = only_one(numbers) if len(numbers) == half else None
        return composed_text(op, logits, weights if chosen is None else str(chosen))

    def _sum(self, place: int, head: int, shape: _Shape) -> str:
        if place not in self._terms:
            self._terms[place] = self._added_up(place, head)
        terms = self._terms[place]
        kept = self._kept(terms, shape.most)
        signed = [(terms[i].sign, self._written(terms[i], head, shape)) for i in kept]
        parts = _with_gaps(kept, signed, (1, _ALL))
        text = parts[0][1]
        for sign, part in parts[1:]:
            text = operation_text("add" if sign > 0 else "subtract", [text, part])
        op, count = self._tape.operation(place), len(self._tape.operands_of(place))
        return operation_text("divide", [text, str(count)]) if op == "mean" and count > 1 else text

    def _written(self, term: _Term, head: int, shape: _Shape) -> str:
        if term.factors:
            return operation_text("multiply", [visible(text, shape.length) for text in term.factors])
        return self._term(term.places[0], head, shape)

    def _added_up(self, place: int, head: int) -> list[_Term]:
        """The terms of a chain of sums, differences and sums of products; a difference that is taken away is one."""
        tape, terms = self._tape, []
        stack = [(1, place)]
        while stack:
            sign, k = stack.pop()
            op = tape.operation(k)
            opened = k == place or (op != "mean" and self._home[k] == head and sign > 0)
            if not opened or op not in _SUMS:
                terms.append(_Term(sign, (), [k]))
            elif op == "dot":
                terms += self._products(k, head)
            else:
                operands = tape.operands_of(k)
                signs = (1, -1) if op == "subtract" else (1,) * len(operands)
                stack += [*zip(signs, operands, strict=True)][::-1]
        return terms

    def _products(self, place: int, head: int) -> list[_Term]:
        """The terms of a sum of products; a stretch of names that count up is one product."""
        operands = self._tape.operands_of(place)
        n = len(operands) // 2
        left, right = ([self._term(k, head, _WHOLE) for k in side] for side in (operands[:n], operands[n:]))
        terms = []
        for i, j in _runs(left, right):
            factors = _together(left[i:j], self._known), _together(right[i:j], self._known)
            terms.append(_Term(1, factors, [*operands[i:j], *operands[n + i : n + j]]))
        return terms

    def _kept(self, terms: Sequence[_Term], most: int) -> list[int]:
        """The positions of the terms that are written: the ends of a row, and the only one that a line leads to."""
        ends = end_positions(len(terms), most)
        if len(ends) == len(terms):
            return ends
        joined = [i for i, term in enumerate(terms) if any(self._home[k] == k for k in term.places)]
        return sorted({*ends, *joined}) if len(joined) == 1 else ends


def _with_gaps(kept: Sequence[int], parts: Sequence[T], gap: T) -> list[T]:
    """The parts at the positions kept, with a gap where others were between them."""
    row = [*parts[:1]]
    for (k, following), part in zip(pairwise(kept), parts[1:], strict=True):
        row += [part] if following == k + 1 else [gap, part]
    return row


class _Indexed(NamedTuple):
    """A name with indices."""

    base: str
    indices: tuple[str, ...]

    def at(self, position: int, index: str) -> str:
        """The name with another index at a position, or without it."""
        indices = [*self.indices[:position], *([index] if index else []), *self.indices[position + 1 :]]
        return f"{self.base}[{','.join(indices)}]" if indices else self.base


def _indexed(name: str) -> _Indexed | None:
    found = _INDEXED.fullmatch(name)
    return _Indexed(found[1], tuple(found[2].split(","))) if found else None


def _counts_up(name: str, following: str) -> int | None:
    """The index that is one more in the following name, all else being equal; -1 for two numbers, None for neither."""
    if _NUMBER.fullmatch(name) and _NUMBER.fullmatch(following):
        return -1
    one, two = _indexed(name), _indexed(following)
    if one is None or two is None or one.base != two.base or len(one.indices) != len(two.indices):
        return None
    differing = [i for i, (a, b) in enumerate(zip(one.indices, two.indices, strict=True)) if a != b]
    if len(differing) != 1:
        return None
    a, b = one.indices[differing[0]], two.indices[differing[0]]
    return differing[0] if a.isdecimal() and b.isdecimal() and int(b) == int(a) + 1 else None


def _runs(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretches of pairs in which both names count up or one side are numbers, from start to end."""
    start, along = 0, _APART
    for i in range(1, len(left) + 1):
        now = _APART if i == len(left) else (_counts_up(left[i - 1], left[i]), _counts_up(right[i - 1], right[i]))
        if None in now or now == (-1, -1) or (i - start > 1 and now != along):
            yield start, i
            start, along = i, _APART
        else:
            along = now


def _together(names: Sequence[str], known: Container[str] = ()) -> str:
    """One name for a stretch of names that count up: as a whole row, or as a part of it if more of it is known.

    >>> _together(["w[2,0]", "w[2,1]"]), _together(["x[0]", "x[1]"]), _together(["x[1]", "x[2]"]), _together(["b"])
    ('w[2]', 'x', 'x[1:3]', 'b')
    """
    if len({*names}) == 1:
        return names[0]
    if _NUMBER.fullmatch(names[0]):
        return f"[{', '.join(ends(names, _ALL, most=3))}]"
    first, along = _indexed(names[0]), _counts_up(names[0], names[1])
    assert first is not None
    assert along is not None
    start = int(first.indices[along])
    stop = start + len(names)
    if start or first.at(along, str(stop)) in known:
        return first.at(along, f"{start}:{stop}")
    return first.at(along, "")
