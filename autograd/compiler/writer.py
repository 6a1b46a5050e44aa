"""Statements written as NumPy calls: maps, sums and stores here, matrix products in `products`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from autograd.compiler.storage import Array, Place, Storage, View
from autograd.compiler.views import LABELS, Axes, dense
from autograd.compiler.writing import as_numpy
from autograd.formula.cases import Expression

SCRATCH: Final = ("t", "test")
"""The spaces of arrays that hold nothing after a statement: of floats, and of truth values."""
ZERO: Final = number(0.0)
_NEGATIVE: Final = re.compile(r"np\.negative\((\S+), out=\1\)")


class Operand(NamedTuple):
    """Slots as a view has them: for each label of an axis its strides."""

    array: Array
    starts: tuple[int, ...]
    strides: Axes

    def row(self, sizes: Axes) -> tuple[int, ...]:
        """The strides along all axes of a grid; 0 along one that it lacks."""
        return tuple(s for label, axis in sizes.items() for s in self.strides.get(label, (0,) * len(axis)))


class Spread(NamedTuple):
    """An expression on a grid."""

    expression: Expression
    given: Mapping[str, Operand]
    texts: Mapping[str, str]
    """Of the operands that are numbers."""
    sizes: Axes
    rows: frozenset[str] = frozenset()
    last: str = ""
    """The label of the axis along which lists go."""
    is_list: bool = False

    @property
    def front(self) -> tuple[int, ...]:
        """The axis along which lists go, which comes first in text."""
        return (prod(self.sizes[self.last]),) if self.rows else ()

    def merged(self, operands: Mapping[str, Operand]) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
        """The sizes of the grid with as few axes as there can be, but for lists, and the strides of operands."""
        sizes = {label: axis for label, axis in self.sizes.items() if label != self.last}
        flat = [size for axis in sizes.values() for size in axis]
        kept, rows = views.merged(flat, [operand.row(sizes) for operand in operands.values()])
        strides = dict(zip(operands, rows, strict=True))
        for key, operand in operands.items():
            if key in self.rows or (self.is_list and not key):
                _, (along,) = views.merged(self.sizes[self.last], [operand.strides[self.last]])
                strides[key] = (*(along or (0,)), *strides[key])
        return kept, strides


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
        if view.array.lanes or not lanes or not view.sizes:
            return self.view(view)
        return self.view(view._replace(lane="1"))

    def scratch(self, sizes: Sequence[int], *, lanes: bool, word: str = "t") -> View:
        """All of a fresh array, whose numbers are of no use after the statement."""
        array = Array(word, 0, prod(sizes), word, lanes, tuple(size for size in sizes if size > 1))
        return View(array, (0,), tuple(sizes), dense(sizes), "n" if lanes else "")

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

    def operand(self, place: Place, strides: Axes | None, sizes: Axes, labels: str) -> Operand:
        """A place on a grid; where no strides give it, its numbers are taken into a scratch array."""
        if strides is not None:
            return Operand(place.array, place.starts, strides)
        taken = self.taken(place, place.index.ravel())
        return Operand(taken.array, (0,), dense_axes(sizes, labels))

    def taken(self, place: Place, index: Index) -> View:
        """Some entries of an array, in a scratch array."""
        source, low = _line(place, index)
        result = self.scratch((len(index),), lanes=place.array.lanes)
        table = self.table(index - low)
        self.emit(f"{self.view(source)}.take({table}, axis=0, out={self.view(result)}, mode='clip')")
        return result

    def literal(self, slots: Sequence[Slots]) -> str | None:
        """The text of a constant that is the same number everywhere."""
        if slots[0].space != "c":
            return None
        bits = np.concatenate([self._constants[x.index].ravel() for x in slots]).view(np.int64)
        return None if (bits != bits[0]).any() else number_text(float(bits[:1].view(np.float64)[0]))

    # ── maps ──

    def map(self, statement: Map, out: Place, places: Mapping[str, Place], texts: Mapping[str, str]) -> None:
        """A map: its places by the names of its operands, and the texts of those that are numbers."""
        every = [out, *places.values()]
        labels = [LABELS[: place.index.ndim] for place in every]
        grid = views.unify([place.index for place in every], labels)
        if grid.strides[0] is None and statement.expression == ZERO and not statement.add:
            self._put("0.0", out, np.unique(out.index))
            return
        last = max(labels, key=len)[-1] if statement.rows else ""
        given = {}
        for (key, place), strides, label in zip(places.items(), grid.strides[1:], labels[1:], strict=True):
            if strides is not None and last in strides and len(grid.sizes[last]) > 1:
                strides = None  # The rows of a list are one axis.
            given[key] = self.operand(place, strides, grid.sizes, label)
        is_list = bool(last) and last in labels[0]
        e = Spread(statement.expression, given, texts, grid.sizes, statement.rows, last, is_list)
        with self.target(out, grid.strides[0], grid.sizes, labels[0], add=statement.add) as (target, add):
            self.spread(e, target, add=add)

    @contextmanager
    def target(
        self, place: Place, strides: Axes | None, sizes: Axes, labels: str, *, add: bool
    ) -> Iterator[tuple[Operand, bool]]:
        """Slots to store in or to add to; where no strides give them, a scratch array that goes there at last."""
        if strides is not None:
            yield Operand(place.array, place.starts, strides), add
            return
        dense = self.scratch([size for label in labels for size in sizes[label]], lanes=place.array.lanes)
        yield Operand(dense.array, (0,), dense_axes(sizes, labels)), False
        self._scatter(dense, place, add=add)

    def spread(self, e: Spread, target: Operand, *, add: bool) -> None:
        """An expression on a grid, into slots that have strides on it."""
        kept, strides = e.merged({"": target, **e.given})
        laned = any(operand.array.lanes for operand in e.given.values())
        seen = {key: self._seen(e, key, kept, strides[key], lanes=laned) for key in e.given}
        front = e.front if e.is_list else ()
        lanes = target.array.lanes
        out = View(target.array, target.starts, (*front, *kept), strides[""], "n" if lanes else "")
        is_short = not e.rows and (not add or e.expression.form in ("name", "number"))
        if views.injective(out.sizes, out.strides) and (laned == lanes or (lanes and is_short)):
            self._evaluate(e, seen, out, add=add)
            return
        value = seen.get(str(e.expression.parts[0])) if e.expression.form == "name" else None
        if value is None:
            full = [kept] if e.rows else [view.sizes for view in seen.values()]
            value = self.scratch((*front, *map(max, zip([1] * len(kept), *full, strict=True))), lanes=laned)
            self._evaluate(e, seen, value, add=False)
        self.store(value, out, add=add)

    def _seen(self, e: Spread, key: str, sizes: Sequence[int], strides: Sequence[int], *, lanes: bool) -> View:
        """An operand along the axes of a grid: of size 1 where it is the same. Lists are whole."""
        operand, full = e.given[key], (*(e.front if key in e.rows else ()), *sizes)
        narrow = tuple(size if stride else 1 for size, stride in zip(full, strides, strict=True))
        view = View(operand.array, operand.starts, narrow, tuple(strides), "n" if operand.array.lanes else "")
        if key not in e.rows or (narrow == full and operand.array.lanes == lanes):
            return view
        whole = self.scratch(full, lanes=lanes)
        self.emit(f"{self.view(whole)}[...] = {self.beside(view, lanes=lanes)}")
        return whole

    def _evaluate(self, e: Spread, seen: Mapping[str, View], out: View, *, add: bool) -> None:
        """The lines for an expression of views and numbers."""
        base = out.sizes[1:] if e.is_list else out.sizes

        def scratch(kind: str, rows: bool) -> str:
            sizes = (*e.front, *base) if rows else base
            return self.view(self.scratch(sizes, lanes=out.array.lanes, word="t" if kind == "float" else "test"))

        texts = dict(e.texts)
        for key, view in seen.items():
            alone = not view.array.lanes and prod(view.sizes) == 1 and key not in e.rows
            one = view._replace(sizes=(), strides=()) if alone else view  # NumPy takes it quicker without axes.
            texts[key] = self.beside(one, lanes=out.array.lanes)
        expression, rows = e.expression, e.rows
        if add:
            texts["+"], expression = self.view(out), plus(name("+"), expression)
            rows |= {"+"} if e.is_list else set()
        for line in as_numpy(expression, texts, self.view(out), scratch, rows):
            # NumPy 2.4.6 gets np.negative wrong in place, where numbers are 64 bytes apart.
            self.emit(_NEGATIVE.sub(r"np.multiply(\1, -1.0, out=\1)", line))

    # ── sums and stores ──

    def store(self, value: View, out: View, *, add: bool, factor: float = 1.0) -> None:
        """Store or add a value, summed over the axes along which the slot of out is the same, and over lanes."""
        left = [i for i, (size, stride) in enumerate(zip(out.sizes, out.strides, strict=True)) if size == 1 or stride]
        axes = [i for i, size in enumerate(value.sizes) if i not in left and size > 1]
        factor *= prod(size for i, size in enumerate(out.sizes) if i not in (*left, *axes))
        out = _along(out, left)
        apart = views.injective(out.sizes, out.strides)
        if axes or value.array.lanes > out.array.lanes:
            alike = out.contiguous and [value.sizes[i] for i in left] == [*out.sizes]
            direct = not add and apart and alike and value.array.lanes >= out.array.lanes
            kept = [i for i in range(len(value.sizes)) if i in left or i in axes]
            places = [kept.index(i) for i in axes]
            value = self.summed(_along(value, kept), places, out if direct else None, lanes=out.array.lanes)
            if value is out and factor == 1.0:
                return
        else:
            value = _along(value, left)
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
        e = times(name("a"), number(factor))
        self._evaluate(Spread(e, {}, {}, {}), {"a": value}, out, add=add)

    def summed(self, view: View, axes: Sequence[int], out: View | None, *, lanes: bool) -> View:
        """The sum of a view along some axes, and over lanes if the result has none: in out, or in a scratch array."""
        if view.array.lanes and not lanes:
            view = self._over_lanes(view, None if axes else out)
            if not axes:
                return view
        left, gone = _along(view, [i for i in range(len(view.sizes)) if i not in axes]), _along(view, axes)
        result = out or self.scratch(left.sizes, lanes=view.array.lanes)
        rows, (down,) = views.merged(left.sizes, [left.strides])
        columns, (across,) = views.merged(gone.sizes, [gone.strides])
        # A product with ones is the quickest sum, unless BLAS would have to copy.
        if len(rows) < 2 and len(columns) == 1 and (down in ((), (1,)) if view.array.lanes else 1 in down + across):
            lane = "" if not view.array.lanes else "merged" if rows else "n"
            tall = view._replace(sizes=columns + rows, strides=across + down, lane=lane)
            flat = result._replace(sizes=rows, strides=dense(rows), lane=lane)
            self.emit(f"{self.ones_of(str(columns[0]))}.dot({self.view(tall)}, out={self.view(flat)})")
        else:
            axis = axes[0] if len(axes) == 1 else tuple(axes)
            self.emit(f"np.add.reduce({self.view(view)}, axis={axis}, out={self.view(result)})")
        return result

    def _over_lanes(self, view: View, out: View | None) -> View:
        """The sum over lanes alone; in out, or in a scratch array."""
        order = sorted(range(len(view.sizes)), key=lambda axis: -view.strides[axis])
        ordered = _along(view, order)
        rows, (down,) = views.merged(ordered.sizes, [ordered.strides])
        if len(rows) > 1:
            result = out or self.scratch(view.sizes, lanes=False)
            self.emit(f"np.add.reduce({self.view(view)}, axis={len(view.sizes)}, out={self.view(result)})")
            return result
        result = out if out and order == sorted(order) else self.scratch(ordered.sizes, lanes=False)
        line, flat = (x._replace(sizes=rows, strides=steps) for x, steps in ((view, down), (result, dense(rows))))
        self.emit(f"{self.view(line)}.dot({self.ones_of('n')}, out={self.view(flat)})")
        return result if result is out else _along(result, np.argsort(order).tolist())

    def _scatter(self, value: View, place: Place, *, add: bool) -> None:
        """Store or add a scratch array into slots that no strides give."""
        index = place.index.ravel()
        flat = value._replace(sizes=(len(index),), strides=(1,))
        order = np.argsort(index, kind="stable")
        starts = np.flatnonzero(np.diff(index[order], prepend=index.min() - 1))
        unique = index[order][starts]
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


def number_text(number: float) -> str:
    """A number as Python text in which `np` is NumPy."""
    return repr(number) if np.isfinite(number) else f"({'-' if number < 0 else ''}np.{abs(number)})"


def dense_axes(sizes: Axes, labels: Iterable[str]) -> Axes:
    """The strides of an array that is all of some axes of a grid, in this order."""
    strides = list(dense([size for label in labels for size in sizes[label]]))
    return {label: tuple(strides.pop(0) for _ in sizes[label]) for label in labels}


def _line(place: Place, index: Index) -> tuple[View, int]:
    """The stretch of an array in which some entries lie, and where it starts."""
    low, high = int(index.min()), int(index.max())
    lane = "n" if place.array.lanes else ""
    return View(place.array, tuple(start + low for start in place.starts), (high - low + 1,), (1,), lane), low


def _along(view: View, axes: Sequence[int]) -> View:
    return view._replace(sizes=tuple(view.sizes[i] for i in axes), strides=tuple(view.strides[i] for i in axes))


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
        pieces.append([_along(view, left)._replace(starts=each) for each in starts])
    steps = [*zip(*pieces, strict=True)]
    return steps, len(offsets) if len(steps) == 1 else 1
