"""Steps and loops of a straight-line program, run one after another on arrays: the meaning that their C must have."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.compiler.native.loops import Before, Block, Given, Loop, Roller, Row
from autograd.compiler.native.steps import Step
from autograd.compiler.scalars import ONE
from autograd.compiler.straight import Part
from autograd.compiler.words import evaluated
from tests.compiler.random_programs import Array


class Running:
    """The results of the steps or blocks of a program on parameters, (P,), and inputs, (slots, n)."""

    def __init__(self, of: Roller, blocks: Iterable[Block], p: Array, x: Array, seed: float) -> None:
        self._steps, self._homes, self._p, self._x = of.of, of.homes, p, x
        steps = of.of
        n, program = x.shape[1], steps.program
        self.roots, self.dx = np.full((len(program.roots), n), np.nan), np.full_like(x, np.nan)
        self.dp = np.zeros(len(p))
        self._values: dict[int, Any] = {program.seed: np.full(n, seed), ONE: np.ones(n)}
        self._sums: dict[int, Any] = {}
        self._rounds: dict[tuple[Loop, int], list[Any]] = {}
        self._loop: Loop | None = None
        self._k = 0
        with np.errstate(all="ignore"):
            for block in blocks:
                if isinstance(block, Loop):
                    self._run_loop(block)
                else:
                    self._run(block)

    def _run_loop(self, loop: Loop) -> None:
        befores = {access for access in loop.accesses.values() if isinstance(access, Before)}
        self._last = {access: self._read(access.start) for access in befores}
        self._loop = loop
        kept = {place: list[Any]() for s in loop.steps for place in s.outs()}
        for self._k in range(loop.count):
            for s in loop.steps:
                self._run(s)
            for place, row in kept.items():
                row.append(self._values.get(place))
            self._last = {access: self._values[access.place] for access in befores}
        for place, row in kept.items():
            self._rounds[loop, place] = row
        self._loop = None

    def _run(self, s: Step) -> None:
        if s.length is not None:
            (part,) = s.parts
            assert part.applied is not None
            found: Any = np.broadcast_to(self._applied(part), (s.length, self._x.shape[1]))
        else:
            found = [sum((self._part(part) for part in s.parts), np.full(self._x.shape[1], s.number or 0.0))]
        for out, value in zip(s.outs(), found, strict=True):
            self._write(out, value, add=s.number is None)

    def _write(self, out: int, value: Array, *, add: bool) -> None:
        kind, row = self._row(out)
        if kind == "dp":
            assert add
            self.dp[row] += value.sum()
        elif kind == "sum":
            self._sums[row] = self._sums[row] + value if add else value
        else:
            assert not add
            if kind == "value":
                self._values[out] = value
            else:
                getattr(self, kind)[row] = value

    def _row(self, place: int) -> tuple[str, int]:
        access = self._loop.accesses.get(place) if self._loop else None
        if isinstance(access, Row):
            return access.kind, access.first + self._k * access.step
        kind = self._steps.kind(place) if access is None else "value"
        return kind, self._steps.row(place) if kind not in ("value", "number") else 0

    def _read(self, place: int) -> Any:
        access = self._loop.accesses.get(place) if self._loop else None
        if isinstance(access, Before):
            return self._last[access]
        if isinstance(access, Given):
            return self._rounds[access.loop, access.place][access.first + self._k * access.step]
        if access is not None and not isinstance(access, Row):
            return np.full(self._x.shape[1], access.numbers[self._k])
        if place in self._homes and self._homes[place][0] is not self._loop:
            loop, first, k = self._homes[place]
            return self._rounds[loop, first][k]
        if place == ONE or place == self._steps.program.seed:
            return self._values[place]
        kind, row = self._row(place)
        if kind == "number":
            return np.full(self._x.shape[1], self._steps.number(place))
        if kind == "sum":
            return self._sums[row]
        if kind in ("p", "x"):
            return np.broadcast_to(self._p[row] if kind == "p" else self._x[row], self._x.shape[1:])
        return self._values[place]

    def _part(self, part: Part) -> Any:
        found = part.coefficient * np.ones(self._x.shape[1])
        for factor in part.factors:
            found = found * self._read(factor)
        if part.applied is not None:
            found = found * self._applied(part)
        return found if part.guard == ONE else np.where(self._read(part.guard) > 0.0, found, 0.0)

    def _applied(self, part: Part) -> Any:
        assert part.applied is not None
        formula, operands = part.applied
        given = {
            name: np.array([self._read(one) for one in place]) if isinstance(place, tuple) else self._read(place)
            for name, place in zip(formula.names, operands, strict=True)
        }
        return evaluated(formula.expression, given)
