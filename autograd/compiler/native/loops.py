"""Steps that repeat are found, and become the rounds of a loop.

A round may read what no round changes, rows of an array at a fixed distance from those of the round before, what
another loop gave in its rounds, and what its own round or the one before gave.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat, takewhile
from operator import eq
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.native.steps import Kind, Step, Steps
from autograd.compiler.rolling import alike
from autograd.compiler.scalars import ONE
from autograd.compiler.straight import Part

FEWEST: Final = 4
"""Fewer rounds are written one by one."""
SMALLEST: Final = 16
"""So are rounds of fewer steps in all."""
LONGEST: Final = 300
"""The most steps of a round."""
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


class Fit(NamedTuple):
    """For how many rounds places follow each other in a way: one place for all, or an access."""

    rounds: int
    by: int | Access


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
        self._kinds: dict[object, int] = {}
        self._fresh = count(1 << 40)

    def blocks(self, steps: Sequence[Step]) -> list[Block]:
        """The steps in their order."""
        return [*_List(self, steps).blocks()]

    def fresh(self) -> int:
        """A place that nothing else has."""
        return next(self._fresh)

    def kind(self, s: Step) -> int:
        """A number that steps have in common if they do the same with places of the same kinds."""
        number = None if s.number is None else s.number != 0.0
        key = number, s.length, self.of.kind(s.out), *map(self._part, s.parts)
        return self._kinds.setdefault(key, len(self._kinds))

    def _part(self, part: Part) -> object:
        c, inside, of = part.coefficient, None, map(self.of.kind, part.reads())
        if part.applied is not None:
            inside = part.applied.formula, *(len(x) if isinstance(x, tuple) else None for x in part.applied.operands)
        return c if abs(c) == 1.0 else None, len(part.factors), inside, part.guard == ONE, *of


class _List:
    """One list of steps."""

    def __init__(self, roller: Roller, steps: Sequence[Step]) -> None:
        self._roller, self._of, self._steps = roller, roller.of, steps
        self._defined = {place: i for i, s in enumerate(steps) for place in s.outs()}
        """The last step that gives a value to each place."""

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

    def _covered(self) -> NDArray[np.int64]:
        """For each period, from each step on, how many steps are rounds of the same kinds."""
        n, kinds = len(self._steps), np.array([self._roller.kind(s) for s in self._steps], np.int64)
        covered = np.zeros((1 + min(LONGEST, n // FEWEST), n), np.int64)
        for period in range(1, len(covered)):
            rounds = alike(kinds, period) // period + 1
            covered[period, : n - period] = np.where(rounds >= FEWEST, rounds * period, 0)
        return covered

    def _loop(self, at: int, period: int, covered: int) -> Loop | None:
        """A loop from a step on, of as many rounds as are regular; None if these are too few."""
        rounds, found = FEWEST if covered >= SMALLEST else 0, list[list[Fit]]()
        for most in (FEWEST, covered // period) if rounds else ():  # The first rounds tell of nearly all that fail.
            found = []
            for row in range(period):
                found.append([*self._fits(at, period, row, most)])
                rounds = min([most if row == 0 else rounds, *(fit.rounds for fit in found[-1])])
                if rounds < FEWEST:
                    return None
        return self._made(at, period, rounds, found) if rounds * period >= SMALLEST else None

    def _fits(self, at: int, period: int, row: int, rounds: int) -> Iterator[Fit]:
        """How the places that a step writes and reads follow each other, round by round."""
        steps = self._steps[at + row : at + rounds * period : period]
        if not self._is_new(steps[0]):
            yield self._fit(at, period, [s.out for s in steps])
        for column in zip(*(s.reads() for s in steps), strict=True):
            yield self._fit(at, period, column)

    def _is_new(self, s: Step) -> bool:
        """Whether each round has a place of its own for a step."""
        return self._of.kind(s.out) == "value"

    def _fit(self, at: int, period: int, places: Sequence[int]) -> Fit:
        kind, first = self._of.kind(places[0]), places[0]
        fits = [Fit(_same([place == first for place in places]), first)]
        if kind == "number":
            fits.append(Fit(len(places), Table(tuple(map(self._of.number, places)))))
        elif kind == "value":
            # What the first round gives has the name of what each round gives.
            fits = fits * (self._home(at, period, first) is None)
            fits += [*self._own(at, period, places), *self._given(places)]
        elif kind != "sum":
            fits.append(_rows(kind, [*map(self._of.row, places)]))
        return max(fits, key=lambda fit: fit.rounds)

    def _own(self, at: int, period: int, places: Sequence[int]) -> Iterator[Fit]:
        """Values that the same round of the loop gives, or the round before."""
        homes = [self._home(at, period, place) for place in places]
        if homes[0] is not None:
            place, _ = homes[0]
            yield Fit(_same([home == (place, k) for k, home in enumerate(homes)]), place)
        elif homes[1] is not None:
            place, _ = homes[1]
            yield Fit(1 + _same([home == (place, k) for k, home in enumerate(homes[1:])]), Before(place, places[0]))

    def _home(self, at: int, period: int, place: int) -> tuple[int, int] | None:
        """For a value that the loop gives: the place that has its part in the first round, and the round."""
        i = self._defined.get(place, -1)
        if i < at:
            return None
        k, row = divmod(i - at, period)
        return place - self._steps[i].out + self._steps[at + row].out, k

    def _given(self, places: Sequence[int]) -> Iterator[Fit]:
        """Values that the rounds of another loop gave."""
        homes = [self._roller.homes.get(place) for place in places]
        if homes[0] is not None and homes[1] is not None:
            (loop, place, first), step = homes[0], homes[1][2] - homes[0][2]
            wanted = [(loop, place, first + k * step) for k in range(len(places))]
            yield Fit(_same(map(eq, homes, wanted)), Given(loop, place, first, step))

    def _made(self, at: int, period: int, rounds: int, found: Sequence[Sequence[Fit]]) -> Loop:
        """The loop, whose values have their homes in it from now on."""
        loop = Loop(rounds, [], {})
        for row, fits in enumerate(found):
            steps = self._steps[at + row : at + rounds * period : period]
            places = [self._place(loop, fit.by) for fit in fits]
            out = steps[0].out if self._is_new(steps[0]) else places.pop(0)
            loop.steps.append(self._numbers(loop, steps, steps[0]._replace(out=out).reading(places)))
            for k, s in enumerate(steps) if self._is_new(steps[0]) else ():
                for place, first in zip(s.outs(), steps[0].outs(), strict=True):
                    self._roller.homes[place] = loop, first, k
        return loop

    def _place(self, loop: Loop, by: int | Access) -> int:
        """A place as it is, or one for an access."""
        if isinstance(by, int):
            return by
        if isinstance(by, Given):
            by.loop.given.add(by.place)
        if isinstance(by, Table):
            by = Table(by.numbers[: loop.count])
        loop.accesses[place := self._roller.fresh()] = by
        return place

    def _numbers(self, loop: Loop, steps: Sequence[Step], s: Step) -> Step:
        """The step with a table for each number that differs from round to round."""
        parts = list(s.parts)
        for i, part in enumerate(parts):
            numbers = [one.parts[i].coefficient for one in steps]
            if _same(map(eq, numbers, repeat(numbers[0]))) < loop.count:
                table = self._place(loop, Table(tuple(numbers)))
                parts[i] = part._replace(coefficient=1.0, factors=(table, *part.factors))
        starts = [one.number or 0.0 for one in steps]
        if _same(map(eq, starts, repeat(starts[0]))) < loop.count:
            parts.insert(0, Part(1.0, (self._place(loop, Table(tuple(starts))),)))
            s = s._replace(number=0.0)
        return s._replace(parts=tuple(parts))


def _same(found: Iterable[bool]) -> int:
    """How many hold before the first one that doesn't."""
    return sum(1 for _ in takewhile(bool, found))


def _rows(kind: Kind, rows: Sequence[int]) -> Fit:
    step = rows[1] - rows[0]
    return Fit(_same(row == rows[0] + k * step for k, row in enumerate(rows)), Row(kind, rows[0], step))
