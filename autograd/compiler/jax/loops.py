"""Statements that repeat, as `lax.scan`: XLA compiles their body once, however often it runs.

The body is the second repetition, on slots of its own: for the numbers that its statements make, for those that the
repetition before it made, and for those that were there before the loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from autograd.compiler.jax.memory import Held, Number
from autograd.compiler.jax.writer import Line, Pending, Writer, living
from autograd.compiler.rolling import Block
from autograd.compiler.statements import Index, Product, Slots, Statement, operands

BEFORE: Final = -1
"""In the place of a distance in repetitions: the number was there before the loop."""
OLD: Final = ""
"""The name, as of an operand, of the numbers that a statement adds to."""
Statements: TypeAlias = Callable[[Writer, Statement], None]


class Source(NamedTuple):
    """Where the numbers of an operand were written."""

    distance: Index
    """So many repetitions ago, or BEFORE."""
    row: Index
    """By which statement of the body, and which of its slots."""
    place: Index

    def same(self, other: "Source", *, where: Any = True) -> bool:
        """Whether another is alike, or alike at some places."""
        return all(bool(((a == b) | ~np.asarray(where)).all()) for a, b in zip(self, other, strict=True))


class Body(NamedTuple):
    """The statements of a loop."""

    block: Block
    sources: list[dict[str, Source]]
    """For each statement those of its operands, by their names, from the second repetition on."""
    last: dict[str, Index]
    """For each space and slot the repetition, the statement and the place that wrote it at last; -1 for none."""
    starts: dict[int, Index]
    """For a statement whose numbers the next repetition reads, the slots of these before the loop; -1 for none."""

    @property
    def rows(self) -> tuple[tuple[Statement, ...], ...]:
        """For each statement all its repetitions."""
        return self.block.rows


def _reads(s: Statement) -> dict[str, Slots]:
    return operands(s) | ({OLD: s.out} if s.add else {})


def studied(block: Block, sizes: Mapping[str, int]) -> Body | None:
    """The statements of a loop, if each repetition reads as the one before it."""
    last = {space: np.full((3, size), -1) for space, size in sizes.items()}
    found: list[list[dict[str, Source]]] = []
    for t in range(block.count):
        found.append([])
        for r, row in enumerate(block.rows):
            sources = {}
            for key, (space, index) in _reads(row[t]).items():
                step, of, place = last[space][:, index]
                sources[key] = Source(np.where(step < 0, BEFORE, t - step), of, place)
                if (sources[key].distance > 1).any():
                    return None
            found[-1].append(sources)
            each = np.unique(row[t].out.index)
            last[row[t].out.space][:, each] = [[t] * len(each), [r] * len(each), range(len(each))]
        if t > 1 and not all(_same(a, b) for a, b in zip(found[t], found[1], strict=True)):
            return None
    body = Body(block, found[1], last, {})
    return body if _has_starts(body, found[0]) else None


def _same(a: dict[str, Source], b: dict[str, Source]) -> bool:
    return all(source.same(b[key]) for key, source in a.items())


def _has_starts(body: Body, first: list[dict[str, Source]]) -> bool:
    """Whether the first repetition reads as the others, with numbers from before the loop in the place of theirs."""
    for row, later, sources in zip(body.rows, body.sources, first, strict=True):
        for key, source in sources.items():
            inside = later[key].distance == 0
            if not source.same(later[key], where=inside) or (source.distance[~inside] != BEFORE).any():
                return False
            carried = later[key].distance == 1
            slots = _reads(row[0])[key].index[carried]
            for of, place, slot in zip(later[key].row[carried], later[key].place[carried], slots, strict=True):
                size = len(np.unique(body.rows[of][0].out.index))
                starts = body.starts.setdefault(int(of), np.full(size, -1))
                if starts[place] not in (-1, slot):
                    return False
                starts[place] = slot
    return True


class Loop:
    """Writes a loop."""

    def __init__(self, w: Writer, body: Body, statement: Statements, needed: Callable[[Slots], bool]) -> None:
        self._w, self._body, self._statement, self._needed = w, body, statement, needed
        sizes = {"u": 0, "v": 0}
        self._outs = [self._slots(sizes, row[0].out.lanes, _count(row[0])) for row in body.rows]
        self._carried = {r: self._slots(sizes, body.rows[r][0].out.lanes, len(x)) for r, x in body.starts.items()}
        self._before = [
            {key: self._slots(sizes, slots.lanes, slots.index.size) for key, slots in _reads(row[1]).items()}
            for row in body.rows
        ]
        self._inner = w.inner(sizes)
        self._names: dict[int, str] = {}
        """Of what is carried, by statement."""
        self._given: dict[str, str] = {}
        """The names of what each repetition gets of its own, by the texts of all of it."""

    def _slots(self, sizes: dict[str, int], lanes: bool, count: int) -> Slots:
        space = "v" if lanes else "u"
        sizes[space] += count
        return Slots(space, np.arange(sizes[space] - count, sizes[space]))

    def write(self) -> None:
        """The lines of the loop, and where the slots lie after it."""
        w, inner, body = self._w, self._inner, self._body
        carried = {r: self._start(r) for r in body.starts}
        for r in range(len(body.rows)):
            for key in self._before[r]:
                self._give(r, key)
        made: dict[int, str] = {}
        for r, row in enumerate(body.rows):
            self._repeat(r, row[1])
            made[r] = inner.full(self._outs[r], _shape(len(self._outs[r].index)), lanes=self._outs[r].lanes)
        kept = [r for r in range(len(body.rows)) if self._is_needed(r)]
        stacked = [r for r in kept if not self._stays(r)]
        step, into, each = (w.fresh(word) for word in ("step", "carry", "each"))
        result = f"({_tuple(made[r] for r in carried)}, {_tuple(made[r] for r in stacked)})"
        lines = [
            f"{_tuple(self._names[r] for r in carried)} = {into}",
            f"{_tuple(self._given.values())} = {each}",
            *(f"{line.names} = {line.text}" for line in living(inner.lines, [result])),
            f"return {result}",
        ]
        after = [w.fresh("last") for _ in carried], [w.fresh("every") for _ in stacked]
        names_after = f"{_tuple(after[0])}, {_tuple(after[1])}"
        text = f"lax.scan({step}, {_tuple(carried.values())}, {_tuple(self._given)}, length={body.block.count})"
        before = (f"def {step}({into}, {each}):", *(f"    {line}" for line in lines if not line.startswith("() =")))
        w.lines.append(Line(names_after, text, before))
        self._put(dict(zip(carried, after[0], strict=True)), dict(zip(stacked, after[1], strict=True)))

    # ── into the loop ──

    def _start(self, r: int) -> str:
        """The text of numbers that the first repetition gets in the place of those of the one before it."""
        w, starts, slots = self._w, self._body.starts[r], self._carried[r]
        space = self._body.rows[r][0].out.space
        lanes, shape = slots.lanes, _shape(len(starts))
        self._names[r] = w.fresh("before1")
        self._inner.memory.put(slots, Held(w.given(self._names[r], shape, lanes=lanes), np.arange(len(starts))))
        places = np.where(starts < 0, starts.max(), starts)
        return w.full(Slots(space, places), shape, lanes=lanes)

    def _give(self, r: int, key: str) -> None:
        """Let the body find what an operand reads from before the loop."""
        w, slots = self._w, self._before[r][key]
        steps = [_reads(s)[key] for s in self._body.rows[r]]
        before = np.flatnonzero(self._body.sources[r][key].distance.ravel() == BEFORE)
        if not before.size:
            return
        space, mine = steps[0].space, Slots(slots.space, slots.index[before])
        index = np.stack([step.index.ravel()[before] for step in steps])
        if (index == index[0]).all():
            held = w.held(Slots(space, index[0]))
            self._inner.memory.put(mine, Held(w.bound(held.array, "t1"), held.places))
            return
        held = w.held(Slots(space, index))
        if isinstance(held.array, Number):
            self._inner.memory.put(mine, Held(held.array, held.places[0]))
            return
        lanes = held.array.lanes
        shape = _shape(len(before))
        text = w.full_of(Held(held.array, held.places.reshape(len(index), *shape)), (len(index), *shape), lanes=lanes)
        text = f"jnp.moveaxis({text}, 1, 0)" if lanes else text
        known = text in self._given
        name = self._given.setdefault(text, w.fresh(f"{_stem(held.array.name)}_t") if not known else "")
        array = w.given(name, shape, lanes=lanes)
        self._inner.memory.put(mine, Held(array, np.arange(len(before))))

    # ── the body ──

    def _repeat(self, r: int, s: Statement) -> None:
        """Write a statement of the body."""
        given = {key: self._inside(r, key, slots) for key, slots in _reads(s).items()}
        _, firsts, place = np.unique(s.out.index, return_index=True, return_inverse=True)
        own = self._outs[r]
        if s.add:
            old = given.pop(OLD).index.ravel()
            held = self._inner.held(Slots(own.space, old[firsts]))
            self._inner.memory.put(own, Held(self._inner.bound(held.array, "t1"), held.places))
        out = Slots(own.space, own.index[place.ravel()].reshape(s.out.index.shape))
        changed: Any = replace_slots(s, out, given)
        self._statement(self._inner, changed)

    def _inside(self, r: int, key: str, slots: Slots) -> Slots:
        """The slots of the body for those of an operand."""
        source, own = self._body.sources[r][key], self._before[r][key]
        index = own.index.reshape(slots.index.shape).copy()
        for distance, kinds in ((0, dict(enumerate(self._outs))), (1, self._carried)):
            for of in np.unique(source.row[source.distance == distance]).tolist():
                mask = (source.distance == distance) & (source.row == of)
                index[mask] = kinds[of].index[source.place[mask]]
        return Slots(own.space, index)

    # ── after the loop ──

    def _final(self, r: int) -> tuple[Slots, Index, Index]:
        """The slots that a statement wrote last, and the repetition and the place of each."""
        space = self._body.rows[r][0].out.space
        step, row, place = self._body.last[space]
        slots = np.flatnonzero(row == r)
        return Slots(space, slots), step[slots], place[slots]

    def _is_needed(self, r: int) -> bool:
        slots = self._final(r)[0]
        return bool(slots.index.size) and self._needed(slots)

    def _stays(self, r: int) -> bool:
        """Whether what a statement leaves is what it carries at last."""
        return r in self._body.starts and bool((self._final(r)[1] == self._body.block.count - 1).all())

    def _put(self, carried: dict[int, str], stacked: dict[int, str]) -> None:
        w, count = self._w, self._body.block.count
        for r, name in {**carried, **stacked}.items():
            lanes, size = self._outs[r].lanes, len(self._outs[r].index)
            slots, step, place = self._final(r)
            if r in stacked:
                text = f"jnp.moveaxis({name}, 0, 1)" if lanes else name
                array = w.bound(Pending(text, (count, *_shape(size)), lanes=lanes), name)
                w.memory.put(slots, Held(array, step * size + place))
            elif self._stays(r) and slots.index.size:
                w.memory.put(slots, Held(w.given(name, _shape(size), lanes=lanes), place))


def _shape(size: int) -> tuple[int, ...]:
    """The shape of an array of so many numbers: none for a single one."""
    return (size,) if size > 1 else ()


def _count(s: Statement) -> int:
    return len(np.unique(s.out.index))


def _stem(name: str) -> str:
    return name.rstrip("0123456789") if name.isidentifier() else "x"


def _tuple(texts: Any) -> str:
    texts = [*texts]
    return f"({', '.join(texts)}{',' * (len(texts) == 1)})"


def replace_slots(s: Statement, out: Slots, given: dict[str, Slots]) -> Statement:
    """A statement with other slots."""
    if isinstance(s, Product):
        return replace(s, out=out, left=given["left"], right=given["right"])
    return replace(s, out=out, operands=given)
