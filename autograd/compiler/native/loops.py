"""Steps that repeat are found, and become the rounds of a loop.

A round may read what no round changes, rows of an array at a fixed distance from those of the round before, what
another loop gave in its rounds, and what its own round or the one before gave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.native.steps import Kind, Step, Steps
from autograd.compiler.rolling import alike
from autograd.compiler.scalars import ONE
from autograd.compiler.straight import Part

Indices: TypeAlias = NDArray[np.int64]

FEWEST: Final = 4
"""Fewer rounds are written one by one."""
SMALLEST: Final = 16
"""So are rounds of fewer steps in all."""
LONGEST: Final = 300
"""The most steps of a round."""
SAME, NUMBER, ROW, OWN, BEFORE, GIVEN = range(6)
"""The ways in which places follow each other, round by round; the first one is taken of several."""
VALUE: Final = GIVEN
_WAYS: Final[dict[Kind, int]] = {"value": VALUE, "number": NUMBER}
"""The last way for places of a kind; rows of arrays have others."""
TRIED: Final = 3
"""So many lengths of a round are tried at each step, those of the longest loops."""


class Row(NamedTuple):
    """The row `first` + k·`step` of an array, in round k."""

    kind: Kind
    first: int
    step: int


class Given(NamedTuple):
    """The value that a step of another loop gave in its round `first` + k·`step`."""

    loop: "Loop"
    place: int
    first: int
    step: int


class Before(NamedTuple):
    """The value that a step of this loop gave in the round before; in the first round it is that of `start`."""

    place: int
    start: int


class Table(NamedTuple):
    """A number for each round."""

    numbers: tuple[float, ...]


Access: TypeAlias = Row | Given | Before | Table


@dataclass(eq=False)
class Loop:
    """Steps, and how many rounds of them there are. They read and write places of the first round, or accesses."""

    count: int
    steps: list[Step]
    accesses: dict[int, Access]
    """By places that nothing else has."""
    given: set[int] = field(default_factory=set)
    """The places whose values are kept, those of all rounds."""

    def carries(self, place: int, k: int) -> bool:
        """Whether a value of round k is the last one, and one that each round takes from the round before."""
        befores = [access.place for access in self.accesses.values() if isinstance(access, Before)]
        return k == self.count - 1 and place in befores


Block: TypeAlias = Step | Loop
"""A single step, or a loop."""


class Roller:
    """Finds the loops in the steps of a program, in one list after another."""

    def __init__(self, of: Steps) -> None:
        self.of = of
        self.homes: dict[int, tuple[Loop, int, int]] = {}
        """For each place that a loop gives a value to: the loop, the place of the first round, and the round."""
        self.loops: list[Loop] = []
        kinds = [_WAYS.get(of.kind(place), ROW) for place in range(of.size)]
        self.kinds = np.array(kinds)
        self.rows = np.array([of.row(place) if kind == ROW else 0 for place, kind in enumerate(kinds)])
        self.home = np.full((3, of.size), -1)
        """The same as `homes` as arrays: the number of the loop, the place and the round."""
        self._known: dict[object, int] = {}
        self._fresh = count(1 << 40)

    def blocks(self, steps: Sequence[Step]) -> list[Block]:
        """The steps in their order."""
        return [*_List(self, steps).blocks()] if steps else []

    def fresh(self) -> int:
        """A place that nothing else has."""
        return next(self._fresh)

    def kind(self, s: Step) -> int:
        """A number that steps have in common if they do the same with places of the same kinds."""
        number = None if s.number is None else s.number != 0.0
        key = number, s.length, self.of.kind(s.out), *map(self._part, s.parts)
        return self._known.setdefault(key, len(self._known))

    def _part(self, part: Part) -> object:
        c, inside, of = part.coefficient, None, map(self.of.kind, part.reads())
        if part.applied is not None:
            inside = part.applied.formula, *(len(x) if isinstance(x, tuple) else None for x in part.applied.operands)
        return c if abs(c) == 1.0 else None, len(part.factors), inside, part.guard == ONE, *of

    def keep(self, loop: Loop, rounds: Sequence[tuple[int, int, int]]) -> None:
        """A loop was made; each of its values is a place, with that of the first round, and the round."""
        for place, first, k in rounds:
            self.homes[place] = loop, first, k
            self.home[:, place] = len(self.loops), first, k
        self.loops.append(loop)


class _List:
    """One list of steps."""

    def __init__(self, roller: Roller, steps: Sequence[Step]) -> None:
        self._roller, self._of, self._steps = roller, roller.of, steps
        self._outs = np.array([s.out for s in steps])
        self._defined = np.full(roller.of.size, -1)
        """The last step that gives a value to each place, -1 for none of these."""
        for i, s in enumerate(steps):
            self._defined[s.out : s.outs().stop] = i
        places = [[*([] if self._is_new(s) else [s.out]), *s.reads()] for s in steps]
        self._starts = np.cumsum([0, *map(len, places)])
        self._places = np.array([place for row in places for place in row], np.int64)
        """Those that each step reads, and before them the one that it writes if each round has none of its own."""

    def blocks(self) -> Iterator[Block]:
        """The steps in their order."""
        at, covered = 0, self._covered()
        most = covered.max(axis=0)
        while at < len(self._steps):
            periods = np.argsort(-covered[:, at], kind="stable")[:TRIED].tolist() if most[at] >= SMALLEST else []
            tried = (self._loop(at, period, int(covered[period, at])) for period in periods)
            loop = next((loop for loop in tried if loop is not None), None)
            yield self._steps[at] if loop is None else loop
            at += 1 if loop is None else loop.count * len(loop.steps)

    def _covered(self) -> Indices:
        """For each period, from each step on, how many steps are rounds of the same kinds."""
        n, kinds = len(self._steps), np.array([self._roller.kind(s) for s in self._steps])
        covered = np.zeros((1 + min(LONGEST, n // FEWEST), n), np.int64)
        for period in range(1, len(covered)):
            rounds = alike(kinds, period) // period + 1
            covered[period, : n - period] = np.where(rounds >= FEWEST, rounds * period, 0)
        return covered

    def _is_new(self, s: Step) -> bool:
        """Whether each round has a place of its own for a step."""
        return self._of.kind(s.out) == "value"

    def _loop(self, at: int, period: int, covered: int) -> Loop | None:
        """A loop from a step on, of as many rounds as are regular; None if these are too few."""
        if covered < SMALLEST:
            return None
        for most in (FEWEST, covered // period):  # The first rounds tell of nearly all that fail.
            places = self._places[self._starts[at] : self._starts[at + most * period]].reshape(most, -1)
            fits = self._fits(at, period, places)
            rounds = int(fits.max(axis=0).min(initial=most))
            if rounds < FEWEST or rounds * period < (SMALLEST if most > FEWEST else 0):
                return None
        return self._made(at, period, rounds, places, fits.argmax(axis=0))

    def _fits(self, at: int, period: int, places: Indices) -> Indices:
        """For each way that places may follow each other, and each column of them, for how many rounds they do so.

        Places is an array of (rounds, columns).
        """
        roller, k = self._roller, np.arange(len(places))[:, None]
        of_kind = roller.kinds[places[0]]
        rows, (loop, place, turn) = roller.rows[places], roller.home[:, places]
        first, own_turn = self._own(at, period, places)
        inside = own_turn >= 0
        is_value, before = of_kind == VALUE, (own_turn == k - 1) & (first == first[1])
        given = (loop == loop[0]) & (place == place[0]) & (turn == turn[0] + k * (turn[1] - turn[0]))
        holds = [
            # A value of the first round has the name of the one that each round gives.
            (places == places[0]) & ~(is_value & inside[0]),
            np.broadcast_to(of_kind == NUMBER, places.shape),
            (of_kind == ROW) & (rows == rows[0] + k * (rows[1] - rows[0])),
            is_value & (own_turn == k) & (first == first[0]),
            is_value & np.where(k == 0, ~inside[0], before),
            is_value & given & (loop >= 0),
        ]
        return np.array([np.where(way.all(axis=0), len(places), way.argmin(axis=0)) for way in holds])

    def _own(self, at: int, period: int, places: Indices) -> tuple[Indices, Indices]:
        """For values that the loop gives the place that has their part in the first round, and the round; else -1."""
        i = self._defined[places]
        inside = i >= at
        turn, row = np.divmod(np.where(inside, i - at, 0), period)
        first = places - self._outs[i] + self._outs[at + row]
        return np.where(inside, first, -1), np.where(inside, turn, -1)

    def _made(self, at: int, period: int, rounds: int, places: Indices, ways: Indices) -> Loop:
        """The loop, whose values have their homes in it from now on."""
        loop, kept, starts = Loop(rounds, [], {}), list[tuple[int, int, int]](), self._starts - self._starts[at]
        first, _ = self._own(at, period, places)
        for row in range(period):
            steps = self._steps[at + row : at + rounds * period : period]
            one = steps[0]
            columns = range(int(starts[at + row]), int(starts[at + row + 1]))
            found = [self._place(loop, int(ways[i]), places[:, i].tolist(), first[:, i].tolist()) for i in columns]
            out = one.out if self._is_new(one) else found.pop(0)
            loop.steps.append(self._numbers(loop, steps, one._replace(out=out).reading(found)))
            if self._is_new(one):
                outs = [zip(s.outs(), one.outs(), strict=True) for s in steps]
                kept += [(place, of_first, k) for k, pairs in enumerate(outs) for place, of_first in pairs]
        self._roller.keep(loop, kept)
        return loop

    def _place(self, loop: Loop, way: int, places: Sequence[int], first: Sequence[int]) -> int:
        """The place that a step of a loop reads: one for all rounds, its own, or one for an access."""
        (place, after), (own, own_after) = places[:2], first[:2]
        if way == SAME:
            return place
        if way == OWN:
            return own
        if way == BEFORE:
            return self._accessed(loop, Before(own_after, place))
        if way == NUMBER:
            return self._accessed(loop, Table(tuple(map(self._of.number, places))))
        if way == ROW:
            row, next_row = self._roller.rows[[place, after]].tolist()
            return self._accessed(loop, Row(self._of.kind(place), row, next_row - row))
        (number, _), (kept, _), (turn, next_turn) = self._roller.home[:, [place, after]].tolist()
        other = self._roller.loops[number]
        other.given.add(kept)
        return self._accessed(loop, Given(other, kept, turn, next_turn - turn))

    def _accessed(self, loop: Loop, access: Access) -> int:
        if isinstance(access, Table):
            access = Table(access.numbers[: loop.count])
        loop.accesses[place := self._roller.fresh()] = access
        return place

    def _numbers(self, loop: Loop, steps: Sequence[Step], s: Step) -> Step:
        """The step with a table for each number that differs from round to round."""
        parts = list(s.parts)
        for i, part in enumerate(parts):
            numbers = [one.parts[i].coefficient for one in steps]
            if any(number != following for number, following in pairwise(numbers)):
                table = self._accessed(loop, Table(tuple(numbers)))
                parts[i] = part._replace(coefficient=1.0, factors=(table, *part.factors))
        starts = [one.number or 0.0 for one in steps]
        if any(start != following for start, following in pairwise(starts)):
            parts.insert(0, Part(1.0, (self._accessed(loop, Table(tuple(starts))),)))
            s = s._replace(number=0.0)
        return s._replace(parts=tuple(parts))
