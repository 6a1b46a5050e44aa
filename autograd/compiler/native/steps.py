"""A straight-line program as steps for C: only those that are needed, and long sums a part at a time.

A sum is worked out at its own place, or, if it is long, wherever one of its parts can be: then no part has to be kept
until the last one is there. The gradient by a parameter is such a sum always, of the examples as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from autograd.compiler.scalars import CONSTANT, INPUT, ONE, PARAMETER
from autograd.compiler.straight import Applied, Part, Statement, Straight

LONG: Final = 8
"""Longer sums may be made a part at a time."""

Kind: TypeAlias = Literal["value", "sum", "number", "p", "x", "roots", "dp", "dx"]
"""Of a place: a value, a number, or a row of an array; parts are added to those of `dp` and `sum`."""
_LEAVES: Final[dict[int, Kind]] = {CONSTANT: "number", PARAMETER: "p", INPUT: "x"}


class Step(NamedTuple):
    """A number plus parts, for a place; without a number, the parts are added to what is there."""

    out: int
    parts: tuple[Part, ...]
    number: float | None = 0.0
    length: int | None = None
    """As that of a statement."""

    def outs(self) -> range:
        """The places that get a value."""
        return range(self.out, self.out + (self.length or 1))

    def reads(self) -> list[int]:
        """The places that its parts read."""
        return [place for part in self.parts for place in part.reads()]

    def reading(self, places: Iterable[int]) -> "Step":
        """The same step on other places, one for each of `reads`."""
        rest = iter(places)
        return self._replace(parts=tuple(_reading(part, rest) for part in self.parts))


def _reading(part: Part, places: Iterator[int]) -> Part:
    factors, applied = tuple(next(places) for _ in part.factors), part.applied
    if applied is not None:
        operands = [tuple(next(places) for _ in x) if isinstance(x, tuple) else next(places) for x in applied.operands]
        applied = Applied(applied.formula, tuple(operands))
    return Part(part.coefficient, factors, applied, ONE if part.guard == ONE else next(places))


class Steps:
    """The steps of a program, which store its results too; `backward` is empty if no gradients are wanted.

    They write rows of arrays: of `roots` one for each root, of `dp` and `dx` one for each leaf, as `p` and `x` have.
    Those of `sum` are one for each long sum, and `sums` is the number of these.
    """

    def __init__(self, program: Straight, inputs: int, wanted: str) -> None:
        self.program, self._rows, self.sums = program, dict[int, int](), 0
        self._kinds: list[Kind] = [_LEAVES.get(kind, "value") for kind in program.kinds]
        self._kinds += ["value"] * (program.size - len(self._kinds))
        gradients = program.gradients if wanted != "nothing" else {}
        roots = [(place, self._new("roots", k)) for k, place in enumerate(program.roots)]
        found: dict[Kind, dict[int, int]] = {"dp": {}, "dx": {}}
        for v, place in gradients.items():
            found["dp" if program.kinds[v] == PARAMETER else "dx"][program.leaves[v]] = place
        sums = [(place, self._new("dp", row)) for row, place in sorted(found["dp"].items())]
        slopes = [(place, self._new("dx", row)) for row, place in sorted(found["dx"].items())]
        read = {place for place, _ in (*roots, *slopes)}
        backward = _live(program.backward if wanted != "nothing" else [], read, {place for place, _ in sums})
        forward = _live(program.forward, read)
        spread = _Spread(self, read)
        missing = range(inputs) if wanted in ("inputs", "both") else ()
        zeros = [Step(self._new("dx", row), ()) for row in missing if row not in found["dx"]]
        self.forward: list[Step] = spread.steps(forward, roots)
        self.backward: list[Step] = [*zeros, *spread.steps(backward, [*sums, *slopes])]
        for s in (*self.forward, *self.backward):
            if s.number is None and self._kinds[s.out] == "value":
                self._kinds[s.out] = "sum"
        for s in (*self.forward, *self.backward):
            if s.number is not None and self._kinds[s.out] == "sum":
                self._rows[s.out] = self.sums
                self.sums += 1

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self._kinds)

    def kind(self, place: int) -> Kind:
        """The kind of a place."""
        return self._kinds[place]

    def number(self, place: int) -> float:
        """The number that a place of that kind is."""
        return self.program.numbers[place]

    def row(self, place: int) -> int:
        """The row of a place that is one of an array."""
        return self._rows[place] if place in self._rows else self.program.leaves[place]

    def _new(self, kind: Kind, row: int) -> int:
        self._rows[len(self._kinds)] = row
        self._kinds.append(kind)
        return len(self._kinds) - 1


def _live(statements: Sequence[Statement], read: set[int], needed: Iterable[int] = ()) -> list[Statement]:
    """The statements whose results are read or needed; the places that they read themselves join the first ones."""
    found, needed = [], {*needed}
    for s in reversed(statements):
        outs = range(s.out, s.out + (s.length or 1))
        if not (read.isdisjoint(outs) and needed.isdisjoint(outs)):
            found.append(s)
            read.update(place for part in s.parts for place in part.reads())
    return found[::-1]


class _Spread:
    """Puts the parts of long sums, and of sums over examples, where they can be worked out first."""

    def __init__(self, of: Steps, read: set[int]) -> None:
        self._kind, self._read = of.kind, read
        """Read are the places that more than sums over examples read."""
        self._known: dict[int, int] = {}
        """The number of the statement behind which each place is there."""
        self._count = 0
        """So many statements came before."""

    def steps(self, statements: Sequence[Statement], results: Iterable[tuple[int, int]]) -> list[Step]:
        """The steps of more statements, and of storing results: each is a place and the row that it goes to."""
        first = self._count
        self._count += len(statements)
        rows = defaultdict[int, list[int]](list)
        for place, row in results:
            rows[place].append(row)
        found: list[list[Step]] = [[] for _ in range(len(statements) + 1)]
        for i, s in enumerate(statements, 1):
            out, at = s.out, dict[int, list[Part]]()
            if s.length is None and out not in self._read and [*map(self._kind, rows[out])] == ["dp"]:
                (out,) = rows.pop(out)
                at = self._places(s, first)
            elif s.length is None and len(s.parts) > LONG < len(places := self._places(s, first)):
                found[0].append(Step(out, (), s.number))
                at = places
            else:
                found[i].append(Step(*s))
                at = {i: []}
            for k, parts in at.items():
                found[k] += [Step(out, tuple(parts), None)] * bool(parts)
            last = max(at, default=0)
            for place in range(s.out, s.out + (s.length or 1)):
                self._known[place] = first + last - 1
                found[last] += self._storing(place, rows.pop(place, ()))
        found[0] += [step for place, kept in rows.items() for step in self._storing(place, kept)]
        return [step for row in found for step in row]

    def _storing(self, place: int, rows: Iterable[int]) -> Iterator[Step]:
        for row in rows:
            yield Step(row, (Part(1.0, (place,)),), None if self._kind(row) == "dp" else 0.0)

    def _places(self, s: Statement, first: int) -> dict[int, list[Part]]:
        """The parts of a statement by the number of the statement of this half behind which they can be worked out."""
        found = defaultdict[int, list[Part]](list)
        for part in s.parts:
            behind = max((self._known.get(place, -1) for place in part.reads()), default=-1)
            found[max(behind + 1 - first, 0)].append(part)
        return found
