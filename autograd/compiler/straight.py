"""A scalar graph as a straight-line program: the value of each node, and then each gradient, as one statement each.

>>> import numpy as np
>>> from autograd import Tape, Value
>>> from autograd.compiler.pipeline import Code
>>> from autograd.compiler.reading import Recording
>>> x, p = Value(2.0), Value(3.0)
>>> tape = Tape((x * p).tanh())
>>> code = Code(Recording(tape, np.array([tape.place(x)]), np.array([tape.place(p)])), "both", "float64")
>>> program = Straight(code.graph, code.schedule.classes)
>>> [program.label(s.out) for s in (*program.forward, *program.backward)]
['v2', 'v3', 'dv2', 'dp0', 'dx0']

Every statement gives a value to one place, once. A gradient is pulled, not pushed: it is the sum of the contributions
of all readers of its node.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.expressions import known, name, names_in, number, partial_of, put, value_of
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from autograd.compiler.schedule import PASSING
from autograd.formula.cases import Expression, rule

_LETTERS: Final = {PARAMETER: "p", INPUT: "x"}


class Formula:
    """An expression over names; nodes that do the same have the same object."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.names: Final = tuple(sorted(names_in(expression)))


class Applied(NamedTuple):
    """A formula on places, one for each of its names; a list has several."""

    formula: Formula
    operands: tuple[int | tuple[int, ...], ...]


class Part(NamedTuple):
    """A product, and one part of a sum: 0 where a guard is given and is not above 0, whatever the factors are."""

    coefficient: float
    factors: tuple[int, ...]
    """Places."""
    applied: Applied | None = None
    """One factor more, behind the others."""
    guard: int = ONE

    def reads(self) -> list[int]:
        """The places that it reads."""
        given = [] if self.applied is None else self.applied.operands
        inside = [place for one in given for place in (one if isinstance(one, tuple) else (one,))]
        return [*self.factors, *inside, *([] if self.guard == ONE else [self.guard])]


class Statement(NamedTuple):
    """The sum of a number and of parts, for a place."""

    out: int
    parts: tuple[Part, ...]
    number: float = 0.0
    length: int | None = None
    """Of a formula that is a list, its length: so many places from `out` on get a value."""


class Straight:
    """The straight-line program of a scalar graph.

    Places are the nodes of the graph, and more behind them for gradients. ONE is the place of the number 1, and the
    gradient of the first root by itself, unless `seeded`: then `seed` is the place of that.
    """

    def __init__(self, g: Scalars, classes: NDArray[np.int8], *, seeded: bool = False) -> None:
        self.g, self._count, self._starts = g, len(g), g.starts.tolist()
        self.kinds: list[int] = g.kind.tolist()
        """The kind of each node."""
        self.leaves: list[int] = g.leaf.tolist()
        """The position of each leaf."""
        self.numbers: list[float] = g.number.tolist()
        """The number of each constant, and c0."""
        self._classes: list[int] = classes.tolist()
        self._terms = [*zip(g.coefficient.tolist(), g.left.tolist(), g.right.tolist(), strict=True)]
        self._guards: list[int] | None = None if g.guards is None else g.guards.tolist()
        self._formulas: dict[object, Formula] = {}
        self._labels: list[str] = []
        """Those of the places behind the nodes."""
        self.forward: list[Statement] = []
        self.backward: list[Statement] = []
        self._detached: dict[int, int] = {}
        self._run_forward()
        self.roots: list[int] = [self.value(v) for v in g.roots.tolist()]
        """The place of each root."""
        self.seed = self._more("seed") if seeded else ONE
        self.gradients: dict[int, int] = {}
        """The place of the gradient by each leaf that has one."""
        self._run_backward()

    def label(self, place: int) -> str:
        """A name for a place: p and x for leaves, v for other nodes, and d before it for gradients."""
        if place >= self._count:
            return self._labels[place - self._count]
        letter = _LETTERS.get(self.kinds[place])
        return f"v{place}" if letter is None else f"{letter}{self.leaves[place]}"

    @property
    def size(self) -> int:
        """How many places there are."""
        return self._count + len(self._labels)

    def value(self, v: int) -> int:
        """The place of the value of a node; a detached one has that of its operand."""
        return self._detached.get(v, v)

    def _more(self, label: str) -> int:
        self._labels.append(label)
        return self._count + len(self._labels) - 1

    def _run_forward(self) -> None:
        for v in np.flatnonzero(self.g.kind >= LINEAR).tolist():
            if self.kinds[v] == LINEAR:
                terms = self._terms[self._starts[v] : self._starts[v + 1]]
                self.forward.append(Statement(v, tuple(self._term(*term) for term in terms), self.numbers[v]))
            elif self._operation(v) == "detach":
                self._detached[v] = self.value(self._operands(v)[0])
            else:
                self.forward.append(Statement(v, (Part(1.0, (), self._applied(v, None)),)))

    def _term(self, c: float, left: int, right: int) -> Part:
        return Part(c, tuple(self.value(factor) for factor in (left, right) if factor != ONE))

    def _operation(self, v: int) -> str:
        return self.g.operations[int(self.g.code[v])]

    def _operands(self, v: int) -> list[int]:
        return [left for _, left, _ in self._terms[self._starts[v] : self._starts[v + 1]]]

    def _applied(self, v: int, by: str | None, slope: int | None = None) -> Applied:
        """The value of an operation, or its derivative by an operand.

        Given its gradient, it is the part that `where` passes on to an operand.
        """
        op, r = self._operation(v), rule(self._operation(v))
        places: dict[str, int | tuple[int, ...]] = {VALUE: v} if slope is None else {VALUE: v, UPSTREAM: slope}
        numbers = {}
        for x, node in zip(r.operands, r.grouped(self._operands(v)), strict=True):
            places[x] = tuple(map(self.value, node)) if r.of_sequences else self.value(node)
            if not r.of_sequences and self.kinds[node] == CONSTANT:
                numbers[x] = self.numbers[node]
        key = (op, by, slope is None, *((x, c.hex()) for x, c in numbers.items()))
        if key not in self._formulas:
            e = value_of(op, numbers) if by is None else partial_of(op, by, numbers)
            self._formulas[key] = Formula(e if slope is None else put(name(UPSTREAM), number(1.0), e))
        formula = self._formulas[key]
        return Applied(formula, tuple(places[x] for x in formula.names))

    def _run_backward(self) -> None:
        first, parts = int(self.g.roots[0]), defaultdict[int, list[Part]](list)
        parts[first] = [Part(1.0, self._times(self.seed))]
        for v in range(first, -1, -1):
            if not parts.get(v) or self._classes[v] not in PASSING:
                continue
            slope = self._sum(f"d{self.label(v)}", parts.pop(v))
            if self.kinds[v] == LINEAR:
                self._spread_linear(v, slope, parts)
            elif self.kinds[v] == OPERATION:
                self._spread_operation(v, slope, parts)
            else:
                self.gradients[v] = slope

    def _sum(self, label: str, parts: Sequence[Part]) -> int:
        """The place of a sum: a new one, unless the sum is a place."""
        if len(parts) == 1 and parts[0] == Part(1.0, parts[0].factors) and len(parts[0].factors) < 2:
            (place,) = parts[0].factors or (ONE,)
            if place == ONE or self._number(place) is None:
                return place
        out = self._more(label)
        self.backward.append(Statement(out, tuple(parts)))
        return out

    def _times(self, *factors: int) -> tuple[int, ...]:
        """Factors, without those that are 1."""
        return tuple(place for place in factors if place != ONE and self._number(place) != 1.0)

    def _number(self, place: int) -> float | None:
        """The number that a place is, if it is one."""
        return self.numbers[place] if place < self._count and self.kinds[place] == CONSTANT else None

    def _spread_linear(self, v: int, slope: int, parts: dict[int, list[Part]]) -> None:
        guard = self._guard(v)
        for c, x, y in self._terms[self._starts[v] : self._starts[v + 1]]:
            # Each factor of a product is the derivative by the other, as the rule of multiply says.
            factor, sides = (2.0 * c, [(x, x)]) if x == y else (c, [(x, y), (y, x)] if y != ONE else [(x, ONE)])
            for own, other in sides:
                if self._classes[own] in PASSING:
                    parts[own].append(Part(factor, self._times(slope, self.value(other)), None, guard))

    def _spread_operation(self, v: int, slope: int, parts: dict[int, list[Part]]) -> None:
        r, operands = rule(self._operation(v)), self._operands(v)
        rows = r.grouped(operands) if r.of_sequences else [[own] for own in operands]
        chooses = r.name == "where"
        for x, row in [*zip(r.operands, rows, strict=True)][chooses:]:
            reached = [(i, own) for i, own in enumerate(row) if self._classes[own] in PASSING]
            if not reached:
                continue
            by = self._applied(v, x, slope if chooses else None)
            factor = known(by.formula.expression)
            if r.of_sequences:
                found = self._list(f"s{v}_{x}", by, len(row))
                for i, own in reached:
                    parts[own].append(Part(1.0, self._times(slope, found + i), None, self._guard(v)))
            elif chooses:
                parts[row[0]].append(Part(1.0, (), by))
            elif factor is not None:
                parts[row[0]].append(Part(factor, self._times(slope), None, self._guard(v)))
            else:
                parts[row[0]].append(Part(1.0, self._times(slope), by, self._guard(v)))

    def _list(self, label: str, applied: Applied, count: int) -> int:
        """The first place of a list."""
        first, *_ = [self._more(f"{label}[{i}]") for i in range(count)]
        self.backward.append(Statement(first, (Part(1.0, (), applied),), length=count))
        return first

    def _guard(self, v: int) -> int:
        return ONE if self._guards is None else self.value(self._guards[v])
