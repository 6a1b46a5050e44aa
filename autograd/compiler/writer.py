"""Statements written as NumPy calls: maps, sums and stores here, matrix products in `products`."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import views
from autograd.compiler.expressions import name, number, plus, times
from autograd.compiler.statements import Index, Map, Slots
from autograd.compiler.storage import Array, Lane, Place, Storage, View, merged
from autograd.compiler.views import LABELS, LIST, Grid, dense
from autograd.compiler.writing import as_numpy
from autograd.formula.cases import Expression

SCRATCH: Final = ("t", "test")
"""The spaces of arrays that hold nothing after a statement: of floats, and of truth values."""
ZERO: Final = number(0.0)
_NEGATIVE: Final = re.compile(r"np\.negative\((\S+), out=\1\)")


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop of so many steps."""

    count: int


class Line(NamedTuple):
    """A line of a function, and the loop in which it stands."""

    text: str
    loop: Loop | None


class Writer:
    """The lines of a function so far, and the views that stand in them as @number@."""

    def __init__(self, storage: Storage, constants: NDArray[np.float64]) -> None:
        self.storage, self._constants = storage, constants
        self.lines: list[Line] = []
        self._loop: Loop | None = None
        self.views: list[View] = []
        self.tables: dict[str, Index] = {}
        """Index arrays by name, for slots that no strides give."""
        self.ones: dict[str, str] = {}
        """The names of vectors of ones, by their lengths."""
        self._known: dict[View, int] = {}
        self._tables: dict[bytes, str] = {}

    # ── names ──

    def view(self, view: View) -> str:
        """The mark of a view in a line."""
        if len(set(view.starts)) == 1:
            view = view._replace(starts=view.starts[:1])
        if view not in self._known:
            self._known[view] = len(self.views)
            self.views.append(view)
            view.array.used.append(view)
        return f"@{self._known[view]}@"

    def beside(self, view: View, *, lanes: bool) -> str:
        """The mark of a view that stands beside others with lanes, or without: what has none serves all lanes."""
        alone = view.array.lanes or not lanes or not view.sizes
        return self.view(view if alone else view._replace(lane="one"))

    def scratch(self, sizes: Sequence[int], *, lanes: bool, word: str = "t") -> View:
        """All of a fresh array, whose numbers are of no use after the statement."""
        array = Array(word, 0, prod(sizes), word, lanes, tuple(size for size in sizes if size > 1))
        return View(array, (0,), tuple(sizes), dense(sizes))

    def copied(self, view: View, *, lanes: bool) -> View:
        """The same numbers side by side, in a scratch array."""
        copy = self.scratch(view.sizes, lanes=lanes)
        self.emit(f"{self.view(copy)}[...] = {self.beside(view, lanes=lanes)}")
        return copy

    def ones_of(self, length: str) -> str:
        """The name of a vector of ones."""
        if length not in self.ones:
            self.ones[length] = self.storage.fresh("ones")
        return self.ones[length]

    def table(self, index: Index) -> str:
        """The name of an index array."""
        if (key := index.tobytes()) not in self._tables:
            self._tables[key] = self.storage.fresh("index")
            self.tables[self._tables[key]] = index
        return self._tables[key]

    def emit(self, text: str) -> None:
        """One more line."""
        self.lines.append(Line(text, self._loop))

    # ── operands ──

    def operand(self, place: Place, grid: Grid, strides: tuple[int, ...] | None, labels: str) -> View:
        """A place on a grid; where no strides give it, its numbers are taken into a scratch array."""
        if strides is not None:
            return View(place.array, place.starts, grid.sizes, strides)
        return self.taken(place, place.index.ravel())._replace(sizes=grid.sizes, strides=grid.dense(labels))

    def taken(self, place: Place, index: Index) -> View:
        """Some entries of an array, in a scratch array."""
        source, low = _line(place, index)
        result = self.scratch((len(index),), lanes=place.array.lanes)
        table = self.table(index - low)
        self.emit(f"{self.view(source)}.take({table}, axis=0, out={self.view(result)}, mode='clip')")
        return result

    def constant(self, slots: Sequence[Slots]) -> float | None:
        """The number that some constants are everywhere; None if there are several."""
        if slots[0].space != "c":
            return None
        numbers = np.concatenate([self._constants[x.index].ravel() for x in slots])
        return None if (numbers.view(np.int64) != numbers[:1].view(np.int64)).any() else float(numbers[0])

    # ── maps ──

    def map(self, statement: Map, out: Place, places: Mapping[str, Place]) -> None:
        """A map, and its places by the names of its operands."""
        lists = (statement.rows & places.keys()) | ({""} if statement.is_list else set())
        every = {
            key: place._replace(index=np.moveaxis(place.index, -1, 0)) if key in lists else place
            for key, place in {"": out, **places}.items()
        }
        labels = [(LIST + LABELS if key in lists else LABELS)[: place.index.ndim] for key, place in every.items()]
        grid = views.unify([place.index for place in every.values()], labels)
        if grid.strides[0] is None and statement.expression == ZERO and not statement.add:
            self._put("0.0", out, np.unique(out.index))
            return
        rest = [*zip(every.items(), grid.strides, labels, strict=True)][1:]
        given = {key: self.operand(place, grid, strides, axes) for (key, place), strides, axes in rest}
        with self.target(every[""], grid, labels[0], add=statement.add) as (target, add):
            self.spread(statement.expression, given, target, add=add, lists=lists)

    @contextmanager
    def target(self, place: Place, grid: Grid, labels: str, *, add: bool) -> Iterator[tuple[View, bool]]:
        """Slots to store in or to add to; where no strides give them, a scratch array that goes there at last."""
        if grid.strides[0] is not None:
            yield self.operand(place, grid, grid.strides[0], labels), add
            return
        flat = self.scratch((place.index.size,), lanes=place.array.lanes)
        yield flat._replace(sizes=grid.sizes, strides=grid.dense(labels)), False
        self._scatter(flat, place, add=add)

    def spread(
        self, e: Expression, given: Mapping[str, View], out: View, *, add: bool, lists: Set[str] = frozenset()
    ) -> None:
        """An expression of views on a grid, into slots that have strides on it.

        Lists go along the first axis; the empty name in `lists` is for the result.
        """
        laned = any(view.array.lanes for view in given.values())
        out, *operands = _simplest({"": out, **given}, lists)
        seen = {}
        for key, view in zip(given, operands, strict=True):
            whole = key not in lists or (view.narrow() == view and view.array.lanes == laned)
            seen[key] = view.narrow() if whole else self.copied(view, lanes=laned)
        is_short = not lists and (not add or e.form in ("name", "number"))
        lanes = out.array.lanes
        if views.injective(out.sizes, out.strides) and (laned == lanes or (lanes and is_short)):
            self._evaluate(e, seen, out, add=add, lists=lists)
            return
        value = seen.get(str(e.parts[0])) if e.form == "name" else None
        if value is None:
            least = np.broadcast_shapes((1,) * len(out.sizes), *(view.sizes for view in seen.values()))
            value = self.scratch(out.sizes if lists else least, lanes=laned)
            self._evaluate(e, seen, value, add=False, lists=lists)
        self.store(value, out, add=add)

    def _evaluate(
        self, e: Expression, seen: Mapping[str, View], out: View, *, add: bool, lists: Set[str] = frozenset()
    ) -> None:
        """The lines for an expression of views."""
        base = out.sizes[1:] if "" in lists else out.sizes
        length = next((seen[key].sizes[:1] for key in lists & seen.keys()), ())

        def scratch(kind: str, rows: bool) -> str:
            sizes = (*length, *base) if rows else base
            return self.view(self.scratch(sizes, lanes=out.array.lanes, word="t" if kind == "float" else "test"))

        texts = {}
        for key, view in seen.items():
            alone = not view.array.lanes and prod(view.sizes) == 1 and key not in lists
            one = view._replace(sizes=(), strides=()) if alone else view  # NumPy takes it quicker without axes.
            texts[key] = self.beside(one, lanes=out.array.lanes)
        if add:
            texts["+"], e = self.view(out), plus(name("+"), e)
        for line in as_numpy(e, texts, self.view(out), scratch, lists):
            # NumPy 2.4.6 gets np.negative wrong in place, where numbers are 64 bytes apart.
            self.emit(_NEGATIVE.sub(r"np.multiply(\1, -1.0, out=\1)", line))

    # ── sums and stores ──

    @contextmanager
    def result(self, out: View, *, direct: bool, lanes: bool, add: bool, factor: float) -> Iterator[View]:
        """A view to be filled with what goes to another, times a factor: that itself, or a scratch array."""
        value = out if direct and not add and out.array.lanes == lanes else self.scratch(out.sizes, lanes=lanes)
        yield value
        if value is not out or factor != 1.0:
            self.store(value, out, add=add, factor=factor)

    def store(self, value: View, out: View, *, add: bool, factor: float = 1.0) -> None:
        """Store or add a value, summed over the axes along which the slot of out is the same, and over lanes."""
        axes = range(len(out.sizes))
        left = [i for i in axes if out.strides[i]]
        gone = [i for i in axes if i not in left and value.sizes[i] > 1]
        factor *= prod(out.sizes[i] for i in axes if i not in (*left, *gone))
        out = out.along(left)
        apart = views.injective(out.sizes, out.strides)
        if gone or value.array.lanes > out.array.lanes:
            alike = out.contiguous and value.along(left).sizes == out.sizes
            direct = not add and apart and alike and value.array.lanes >= out.array.lanes
            value = self.summed(value, left, out if direct else None, lanes=out.array.lanes)
        else:
            value = value.along(left)
        if apart:
            self._store(value, out, add=add, factor=factor)
            return
        pieces, count = _pieces(value, out)
        for _, to in () if add else pieces:
            with self.loop(count):
                self.emit(f"{self.view(to)}[...] = 0.0")
        for piece, to in pieces:
            with self.loop(count):
                self._store(piece, to, add=True, factor=factor)

    @contextmanager
    def loop(self, count: int) -> Iterator[None]:
        """Run the lines that are written meanwhile so many times."""
        outer = self._loop
        self._loop = Loop(count) if count > 1 else outer
        yield
        self._loop = outer

    def _store(self, value: View, out: View, *, add: bool, factor: float) -> None:
        self._evaluate(times(name("a"), number(factor)), {"a": value}, out, add=add)

    def summed(self, view: View, left: Sequence[int], out: View | None, *, lanes: bool) -> View:
        """The sum of a view over all axes but those left, and over lanes if the result has none.

        It goes to out, whose axes are those left, or to a scratch array.
        """
        gone = [i for i, size in enumerate(view.sizes) if i not in left and size > 1]
        if view.array.lanes and not lanes:
            if not gone:
                return self._over_lanes(view.along(left), out)
            view = self._over_lanes(view, None)
        result = out or self.scratch(view.along(left).sizes, lanes=view.array.lanes)
        if tall := matrix(view, gone, left):  # A product with ones is the quickest sum.
            flat = result.merged()._replace(lane=tall.lane)
            self.emit(f"{self.ones_of(str(tall.sizes[0]))}.dot({self.view(tall)}, out={self.view(flat)})")
        else:
            axis = gone[0] if len(gone) == 1 else tuple(gone)
            self.emit(f"np.add.reduce({self.view(view)}, axis={axis}, out={self.view(result)})")
        return result

    def _over_lanes(self, view: View, out: View | None) -> View:
        """The sum over lanes alone; in out, or in a scratch array."""
        order = sorted(range(len(view.sizes)), key=lambda axis: -view.strides[axis])
        line = view.along(order).merged()
        if len(line.sizes) > 1:
            line = self.copied(view.along(order), lanes=True).merged()
        result = out if out and order == sorted(order) else self.scratch(view.along(order).sizes, lanes=False)
        self.emit(f"{self.view(line)}.dot({self.ones_of('n')}, out={self.view(result.merged())})")
        return result if result is out else result.along(np.argsort(order).tolist())

    def _scatter(self, flat: View, place: Place, *, add: bool) -> None:
        """Store or add a scratch array into slots that no strides give."""
        index = place.index.ravel()
        order = np.argsort(index, kind="stable")
        unique, starts = np.unique(index[order], return_index=True)
        if len(unique) < len(index):
            flat = self.taken(Place(flat.array, (0,), order), order)
            sums = self.scratch((len(unique),), lanes=place.array.lanes)
            self.emit(f"np.add.reduceat({self.view(flat)}, {self.table(starts)}, axis=0, out={self.view(sums)})")
            flat, index = sums, unique
        if add:
            old = self.view(self.taken(place, index))
            self.emit(f"np.add({old}, {self.view(flat)}, out={self.view(flat)})")
        self._put(self.view(flat), place, index)

    def _put(self, text: str, place: Place, index: Index) -> None:
        line, low = _line(place, index)
        self.emit(f"{self.view(line)}[{self.table(index - low)}] = {text}")


def matrix(view: View, down: Sequence[int], across: Sequence[int], stack: Sequence[int] = ()) -> View | None:
    """Axes of a view as a matrix, or as a stack of them, with lanes among the columns; None if BLAS would copy it.

    An axis of one place is left out, but for matrices in a stack.
    """
    lanes, first = view.array.lanes, view.along(stack)
    rows, columns = (view.along(axes).merged() for axes in (down, across))
    steps = rows.strides + columns.strides
    if max(len(rows.sizes), len(columns.sizes)) > 1 or any(step < 1 for step in steps):
        return None
    if columns.strides not in ((), (1,)) if lanes else len(steps) > 1 and 1 not in steps:
        return None
    lane: Lane = "merged" if lanes and columns.sizes else "own"
    one = (1,) if stack else ()
    height, width = rows.sizes or one, columns.sizes or (() if lanes else one)
    strides = first.strides + (rows.strides or one) + (columns.strides or (() if lanes else one))
    return view._replace(sizes=first.sizes + height + width, strides=strides, lane=lane)


def _simplest(given: Mapping[str, View], lists: Set[str]) -> list[View]:
    """Views on a grid, with as few axes as there can be besides the first one, of lists, which only lists keep."""
    first = 1 if lists else 0
    inner = merged([view.along(range(first, len(view.sizes))) for view in given.values()])
    return [
        new._replace(sizes=old.sizes[:first] + new.sizes, strides=old.strides[:first] + new.strides)
        if key in lists
        else new
        for (key, old), new in zip(given.items(), inner, strict=True)
    ]


def _line(place: Place, index: Index) -> tuple[View, int]:
    """The stretch of an array in which some entries lie, and where it starts."""
    low, high = int(index.min()), int(index.max())
    return View(place.array, tuple(start + low for start in place.starts), (high - low + 1,), (1,)), low


def _pieces(value: View, out: View) -> tuple[list[tuple[View, View]], int]:
    """Pieces of out in each of which no slot stands twice, with those of the value, as few as there can be.

    They are the steps of a loop, of this count, if they don't stand in another loop.
    """
    axes = range(len(out.sizes))
    ways = [way for count in axes for way in combinations(axes, count + 1)]
    for way in sorted(ways, key=lambda way: prod(out.sizes[i] for i in way)):
        left = [i for i in axes if i not in way]
        if views.injective([out.sizes[i] for i in left], [out.strides[i] for i in left]):
            break
    pieces = []
    for view in (value, out):
        strides = [view.strides[i] if view.sizes[i] > 1 else 0 for i in way]
        offsets = views.positions([out.sizes[i] for i in way], strides).ravel().tolist()
        starts = [tuple(start + offset for start in view.starts) for offset in offsets]
        if len(value.starts) == len(out.starts) == 1:
            starts = [tuple(start for (start,) in starts)]
        pieces.append([view.along(left)._replace(starts=each) for each in starts])
    steps = [*zip(*pieces, strict=True)]
    return steps, len(offsets) if len(steps) == 1 else 1
