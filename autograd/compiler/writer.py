"""Statements written as NumPy calls: maps, sums and stores here, matrix products in `products`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import prod
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import views
from autograd.compiler.statements import Index, Map, Slots
from autograd.compiler.storage import Array, Place, Storage, View
from autograd.compiler.views import LABELS, Axes, dense
from autograd.compiler.writing import as_numpy
from autograd.formula.cases import Expression

Run: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Sizes and strides of axes, merged."""
SCRATCH: Final = ("t", "test")
"""The spaces of arrays that hold nothing after a statement: of floats, and of truth values."""
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

    @property
    def out_labels(self) -> list[str]:
        """The labels of the axes of the value."""
        return [label for label in self.sizes if self.is_list or label != self.last]

    def merged(self, operands: Mapping[str, Operand]) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
        """The sizes of the grid with as few axes as there can be, but for lists, and the strides of operands."""
        sizes = {label: axis for label, axis in self.sizes.items() if label != self.last}
        flat = [size for axis in sizes.values() for size in axis]
        kept, rows = views.merged(flat, [operand.row(sizes) for operand in operands.values()])
        strides = dict(zip(operands, rows, strict=True))
        for name, operand in operands.items():
            if name in self.rows or (self.is_list and not name):
                _, (along,) = views.merged(self.sizes[self.last], [operand.strides[self.last]])
                strides[name] = (*(along or (0,)), *strides[name])
        return kept, strides


@dataclass(frozen=True)
class Loop:
    """Lines that run at each step of a loop."""

    count: int
    lines: "list[str | Loop]"


class Writer:
    """The lines of a function so far, and the views that stand in them as @number@."""

    def __init__(self, storage: Storage, constants: NDArray[np.float64]) -> None:
        self.storage, self._constants = storage, constants
        self.lines: list[str | Loop] = []
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
        return self.view(view._replace(lane="n" if view.array.lanes else "1" if lanes else ""))

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

    def emit(self, line: str) -> None:
        """One more line."""
        self.lines.append(line)

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
        number = float(bits[:1].view(np.float64)[0])
        if (bits != bits[0]).any():
            return None
        return number_text(number)

    # ── maps ──

    def map(self, statement: Map, out: Place, places: Mapping[str, Place], texts: Mapping[str, str]) -> None:
        """A map: its places by the names of its operands, and the texts of those that are numbers."""
        every = [out, *places.values()]
        labels = [LABELS[: place.index.ndim] for place in every]
        grid = views.unify([place.index for place in every], labels)
        last = max(labels, key=len)[-1] if statement.rows else ""
        given = {}
        for (name, place), strides, label in zip(places.items(), grid.strides[1:], labels[1:], strict=True):
            if strides is not None and last in strides and len(grid.sizes[last]) > 1:
                strides = None  # The rows of a list are one axis.
            given[name] = self.operand(place, strides, grid.sizes, label)
        e = Spread(
            statement.expression, given, texts, grid.sizes, statement.rows, last, bool(last) and last in labels[0]
        )
        self.spread(e, out, grid.strides[0], add=statement.add)

    def spread(self, e: Spread, place: Place, strides: Axes | None, *, add: bool) -> None:
        """An expression on a grid, into slots that have strides on it, or into irregular ones."""
        given = strides if strides is not None else dense_axes(e.sizes, e.out_labels)
        kept, rows = e.merged({"": Operand(place.array, place.starts, given), **e.given})
        laned = any(operand.array.lanes for operand in e.given.values())
        seen = {name: self._seen(e, name, kept, rows[name], lanes=laned) for name in e.given}
        front = e.front if e.is_list else ()
        out = View(place.array, place.starts, (*front, *kept), rows[""], "n" if place.array.lanes else "")
        if e.expression.form == "number" and self._number(e, out, place, regular=strides is not None, add=add):
            return
        narrow = laned < out.array.lanes and e.rows
        if (
            strides is not None
            and not add
            and laned <= out.array.lanes
            and not narrow
            and views.injective(out.sizes, out.strides)
        ):
            self._evaluate(e, seen, out)
            return
        factor = 1.0
        regular = strides is not None and not e.rows
        if (
            add
            and regular
            and e.expression.form == "negative"
            and isinstance(inner := e.expression.parts[0], Expression)
        ):
            e, factor = e._replace(expression=inner), -1.0
        value = seen.get(str(e.expression.parts[0])) if e.expression.form == "name" else None
        if value is None:
            most = (
                [max([1, *(view.sizes[i] for view in seen.values())]) for i in range(len(kept))] if not e.rows else kept
            )
            value = self.scratch((*front, *most), lanes=laned)
            self._evaluate(e, seen, value)
        if strides is None:
            index = np.moveaxis(place.index, -1, 0) if e.is_list else place.index
            self.scatter(value, out.sizes, replace(place, index=index), add=add)
        else:
            self.store(value, out, add=add, factor=factor)

    def _number(self, e: Spread, out: View, place: Place, *, regular: bool, add: bool) -> bool:
        """The line for a number in every slot, if there is a short one."""
        apart = views.injective(out.sizes, out.strides)
        (number,) = e.expression.parts
        if regular and add and apart:
            self.emit(f"np.add({self.view(out)}, {number_text(number)}, out={self.view(out)})")
        elif not regular and not add:
            line, low = _line(place, place.index)
            self.emit(f"{self.view(line)}[{self.table(np.unique(place.index) - low)}] = {number_text(number)}")
        else:
            return False
        return True

    def _seen(self, e: Spread, name: str, sizes: Sequence[int], strides: Sequence[int], *, lanes: bool) -> View:
        """An operand along the axes of a grid: of size 1 where it is the same. Lists are whole."""
        operand, lane = e.given[name], "n" if e.given[name].array.lanes else ""
        if name not in e.rows:
            narrow = tuple(size if stride else 1 for size, stride in zip(sizes, strides, strict=True))
            return View(operand.array, operand.starts, narrow, tuple(strides), lane)
        full = (*e.front, *sizes)
        narrow = tuple(size if stride else 1 for size, stride in zip(full, strides, strict=True))
        view = View(operand.array, operand.starts, narrow, tuple(strides), lane)
        if narrow == full and operand.array.lanes == lanes:
            return view
        whole = self.scratch(full, lanes=lanes)
        self.emit(f"{self.view(whole)}[...] = {self.beside(view, lanes=lanes)}")
        return whole

    def _evaluate(self, e: Spread, seen: Mapping[str, View], out: View) -> None:
        """The lines for an expression of views and numbers."""
        base = out.sizes[1:] if e.is_list else out.sizes

        def scratch(kind: str, rows: bool) -> str:
            sizes = (*e.front, *base) if rows else base
            return self.view(self.scratch(sizes, lanes=out.array.lanes, word="t" if kind == "float" else "test"))

        marks = {name: self.beside(view, lanes=out.array.lanes) for name, view in seen.items()}
        for line in as_numpy(e.expression, {**e.texts, **marks}, self.view(out), scratch, e.rows):
            # NumPy 2.4.6 gets np.negative wrong in place, where numbers are 64 bytes apart.
            self.emit(_NEGATIVE.sub(r"np.multiply(\1, -1.0, out=\1)", line))

    # ── sums and stores ──

    def store(self, value: View, out: View, *, add: bool, factor: float = 1.0) -> None:
        """Store or add a value, summed over the axes along which the slot of out is the same, and over lanes."""
        left = [i for i, (size, stride) in enumerate(zip(out.sizes, out.strides, strict=True)) if size == 1 or stride]
        gone = [i for i in range(len(out.sizes)) if i not in left]
        axes = [i for i in gone if value.sizes[i] > 1]
        factor *= prod(out.sizes[i] for i in gone if i not in axes)
        value, rest, out = _along(value, left), _along(value, axes), _along(out, left)
        apart = views.injective(out.sizes, out.strides)
        if axes or value.array.lanes > out.array.lanes:
            alike = value.sizes == out.sizes and value.array.lanes >= out.array.lanes
            direct = not add and apart and alike and out.contiguous
            value = self.summed(value, rest, out if direct else None, lanes=out.array.lanes)
            if direct and factor == 1.0:
                return
        if apart:
            self._store(value, out, add=add, factor=factor)
            return
        pieces = _pieces(value, out)
        if not add:
            self._clear(out, [to for _, to in pieces])
        if len(value.starts) == len(out.starts) == 1 and not value.turned:
            outer, self.lines = self.lines, []
            self._store(*map(_stepping, zip(*pieces, strict=True)), add=True, factor=factor)
            outer.append(Loop(len(pieces), self.lines))
            self.lines = outer
            return
        for piece, to in pieces:
            self._store(piece, to, add=True, factor=factor)

    def _clear(self, out: View, pieces: Sequence[View]) -> None:
        """Zeros in slots to which pieces are to be added."""
        slots = views.positions(out.sizes, out.strides).ravel()
        covered = len({*slots.tolist()}) == out.array.size
        for view in [out._replace(starts=(0,), lane="all")] if covered else pieces:
            self.emit(f"{self.view(view)}.fill(0.0)")

    def _store(self, value: View, out: View, *, add: bool, factor: float) -> None:
        z = self.view(out)
        if abs(factor) != 1.0 or (factor < 0 and not add):
            scaled = self.scratch(value.sizes, lanes=value.array.lanes) if add else out
            a = self.beside(value, lanes=scaled.array.lanes)
            self.emit(f"np.multiply({a}, {number_text(factor)}, out={self.view(scaled)})")
            if not add:
                return
            value, factor = scaled, 1.0
        a = self.beside(value, lanes=out.array.lanes)
        if add:
            self.emit(f"np.{'add' if factor > 0 else 'subtract'}({z}, {a}, out={z})")
        else:
            self.emit(f"{z}[...] = {a}")

    def summed(self, left: View, axes: View, out: View | None, *, lanes: bool) -> View:
        """The sum of a view along some of its axes, and over lanes if out has none; in out or in a scratch array."""
        result = out or self.scratch(left.sizes, lanes=lanes and left.array.lanes)
        rows, (down,) = views.merged(left.sizes, [left.strides])
        columns, (across,) = views.merged(axes.sizes, [axes.strides])
        if len(rows) < 2 and len(columns) < 2:
            text = self._by_ones(left, (rows, down), (columns, across), gone=left.array.lanes and not lanes)
            if text:
                flat = result._replace(sizes=rows, strides=dense(rows), lane=_lane(rows, lanes=result.array.lanes))
                self.emit(f"{text}, out={self.view(flat)})")
                return result
        whole = left._replace(sizes=(*left.sizes, *axes.sizes), strides=(*left.strides, *axes.strides))
        if left.array.lanes and not lanes and axes.sizes and (narrow := self._without_lanes(whole)):
            count = len(left.sizes)
            return self.summed(
                _along(narrow, range(count)), _along(narrow, range(count, len(whole.sizes))), out, lanes=False
            )
        numbers = range(len(left.sizes), len(whole.sizes) + (left.array.lanes and not lanes))
        axis = numbers[0] if len(numbers) == 1 else tuple(numbers)
        self.emit(f"np.add.reduce({self.view(whole)}, axis={axis}, out={self.view(result)})")
        return result

    def _without_lanes(self, view: View) -> View | None:
        """The sum over lanes alone, where slots lie side by side."""
        order = sorted(range(len(view.sizes)), key=lambda axis: -view.strides[axis])
        sizes = [view.sizes[axis] for axis in order]
        rows, (down,) = views.merged(sizes, [[view.strides[axis] for axis in order]])
        if len(rows) > 1:
            return None
        sums = self.scratch(sizes, lanes=False)
        line = view._replace(sizes=rows, strides=down)
        flat = sums._replace(sizes=rows, strides=dense(rows))
        self.emit(f"{self.view(line)}.dot({self.ones_of('n')}, out={self.view(flat)})")
        strides = dict(zip(order, dense(sizes), strict=True))
        return sums._replace(sizes=view.sizes, strides=tuple(strides[axis] for axis in range(len(order))))

    def _by_ones(self, view: View, rows: Run, columns: Run, *, gone: bool) -> str:
        """The beginning of a product with a vector of ones, the quickest sum; empty where BLAS would copy."""
        (left, down), (axes, across) = rows, columns
        if gone and across in ((), (1,)):
            wide = view._replace(sizes=left + axes, strides=down + across, lane=_lane(axes, lanes=True))
            return f"{self.view(wide)}.dot({self.ones_of(f'{axes[0]} * n' if axes else 'n')}"
        if not gone and axes and (down in ((), (1,)) if view.array.lanes else 1 in down + across):
            tall = view._replace(sizes=axes + left, strides=across + down, lane=_lane(left, lanes=view.array.lanes))
            return f"{self.ones_of(str(axes[0]))}.dot({self.view(tall)}"
        return ""

    def scatter(self, value: View, sizes: Sequence[int], place: Place, *, add: bool) -> None:
        """Store or add into slots that no strides give."""
        full = self.scratch(sizes, lanes=place.array.lanes)
        self.store(value, full, add=False)
        index = place.index.ravel()
        flat = full._replace(sizes=(len(index),), strides=(1,))
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
        line, low = _line(place, index)
        self.emit(f"{self.view(line)}[{self.table(index - low)}] = {self.view(flat)}")


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


def _lane(sizes: tuple[int, ...], *, lanes: bool) -> str:
    return "" if not lanes else "merged" if sizes else "n"


def _along(view: View, axes: Sequence[int]) -> View:
    return view._replace(sizes=tuple(view.sizes[i] for i in axes), strides=tuple(view.strides[i] for i in axes))


def _pieces(value: View, out: View) -> list[tuple[View, View]]:
    """Pieces of out in each of which no slot stands twice, with those of the value; as few as there can be."""
    axes = range(len(out.sizes))
    ways = [way for count in axes for way in combinations(axes, count + 1)]
    for way in sorted(ways, key=lambda way: prod(out.sizes[i] for i in way)):
        left = [i for i in axes if i not in way]
        if views.injective([out.sizes[i] for i in left], [out.strides[i] for i in left]):
            break
    spots = list(product(*(range(out.sizes[i]) for i in way)))
    return [(_piece(value, way, left, spot), _piece(out, way, left, spot)) for spot in spots]


def _stepping(pieces: Sequence[View]) -> View:
    """Views that differ in where they start, as the steps of a loop."""
    return pieces[0]._replace(starts=tuple(view.starts[0] for view in pieces))


def _piece(view: View, way: Sequence[int], left: Sequence[int], spot: Sequence[int]) -> View:
    offset = sum(view.strides[i] * k for i, k in zip(way, spot, strict=True) if view.sizes[i] > 1)
    return _along(view, left)._replace(starts=tuple(start + offset for start in view.starts))
