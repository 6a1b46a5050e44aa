"""Statements of an array program written as lines of JAX, each of which makes a new array."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import name, number, plus, replaced, simplified
from autograd.compiler.jax.memory import Held, Memory, Number, known, trimmed, written
from autograd.compiler.jax.writing import OWN, as_jax
from autograd.compiler.statements import Index, Map, Slots, operands
from autograd.compiler.storage import Array, View, merged
from autograd.compiler.views import LABELS, LIST, dense, injective, positions, unify
from autograd.compiler.words import definitions, evaluated
from autograd.formula.cases import Expression, names_in

SHORT: Final = 8
"""So many numbers or fewer stand in the text; more are a table beside it."""
PARTS: Final = 64
"""The most lines that one map becomes."""
_WORD: Final = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])[A-Za-z_]\w*""")
SUM: Final = plus(name("a"), name("b"))


class Line(NamedTuple):
    """Names, and the text of what they name; before it come lines that it needs."""

    names: str
    text: str
    before: tuple[str, ...] = ()


def living(lines: Sequence[Line], results: Iterable[str]) -> list[Line]:
    """The lines that results need, in their order."""
    used, kept = words(results), list[Line]()
    for line in reversed(lines):
        if used & words([line.names]):
            used |= words([line.text, *line.before])
            kept.append(line)
    return kept[::-1]


def words(texts: Iterable[str]) -> set[str]:
    """The names in texts, beside attributes and strings."""
    return {word for text in texts for word in _WORD.findall(text) if word[0] not in "'\""}


class Writer:
    """The lines of a function so far, and the arrays that hold the slots."""

    def __init__(self, sizes: Mapping[str, int], constants: NDArray[np.float64], dtype: str) -> None:
        self.memory, self.dtype = Memory(sizes), dtype
        self.lines: list[Line] = []
        self.tables: dict[str, NDArray[Any]] = {}
        """Arrays by name that the text takes from outside."""
        self._constants = constants
        self._taken = {"n", "jnp", "parameters", "lax", *OWN, *definitions()}
        self._tables: dict[bytes, str] = {}
        self._joined: dict[tuple[object, ...], Array] = {}

    def inner(self, sizes: Mapping[str, int]) -> "Writer":
        """A writer for the body of a loop, which has slots of its own and knows the names of this one."""
        made = copy(self)
        made.memory, made.lines, made._joined = Memory(sizes), [], {}
        return made

    def given(self, name: str, shape: tuple[int, ...], *, lanes: bool) -> Array:
        """An array that has a name."""
        array = Pending("", shape, lanes=lanes)
        array.name = name
        return array

    # ── names ──

    def fresh(self, word: str) -> str:
        """A name that nothing has: the word, or the word with the next number."""
        stem = word.rstrip("0123456789") or word
        text, count = word, int(word[len(stem) :] or 1)
        while text in self._taken:
            count += 1
            text = f"{stem}{count}"
        self._taken.add(text)
        return text

    def table(self, numbers: NDArray[Any]) -> str:
        """The name of an array from outside."""
        key = numbers.tobytes() + repr((numbers.shape, numbers.dtype)).encode()
        if key not in self._tables:
            self._tables[key] = self.fresh("index1" if numbers.dtype.kind == "i" else "numbers1")
            self.tables[self._tables[key]] = numbers
        return self._tables[key]

    def bound(self, array: Array, word: str) -> Array:
        """An array with a name: one that is a text as yet gets a line."""
        if isinstance(array, Pending):
            text, array.text = array.text, ""
            if text:
                array.name = self.fresh(word)
                self.lines.append(Line(array.name, text))
        return array

    def text(self, seen: View, shape: Sequence[int] | None = None) -> str:
        """The text of a view; that of an array without a name, if it is all of it."""
        array = seen.array
        if isinstance(array, Pending) and array.text:
            own = seen.narrow().sizes if array.lanes or shape is not None else trimmed(seen.narrow().sizes)
            if seen.narrow().whole and array.shape == (own if shape is None else tuple(shape)):
                return array.text
            self.bound(array, "t1")
        return written(seen, self.table, shape)

    # ── operands ──

    def held(self, slots: Slots) -> Held:
        """What slots hold; those of several arrays are joined to one."""
        if slots.space == "c":
            return self._of_constants(self._constants[slots.index])
        found = self.memory.held(slots)
        return found if found is not None else self._join(slots)

    def _of_constants(self, numbers: NDArray[np.float64]) -> Held:
        first = numbers.flat[:1]
        if (numbers.view(np.int64) == first.view(np.int64)).all():
            return Held(known(float(first[0])), np.zeros(numbers.shape, np.intp))
        flat = numbers.ravel()
        short = len(flat) <= SHORT and np.isfinite(flat).all()
        text = f"jnp.array({flat.tolist()}, {self.dtype!r})" if short else self.table(flat.astype(self.dtype))
        array = Pending(text, (len(flat),), lanes=False)
        return Held(array, np.arange(len(flat)).reshape(numbers.shape))

    def _join(self, slots: Slots) -> Held:
        pieces, places = self.memory.pieces(slots)
        key = *(id(piece.array) for piece in pieces), *(piece.places.tobytes() for piece in pieces)
        if key not in self._joined:
            lanes = any(piece.array.lanes for piece in pieces)
            texts = [self._piece(piece, lanes=lanes) for piece in pieces]
            size = sum(len(piece.places) for piece in pieces)
            array = Pending(f"jnp.concatenate([{', '.join(texts)}], axis=-1)", (size,), lanes=lanes)
            self._joined[key] = self.bound(array, "joined1")
        return Held(self._joined[key], places)

    def _piece(self, piece: Held, *, lanes: bool) -> str:
        """A row of places as text, with lanes or without."""
        count = len(piece.places)
        shape = f"(n, {count})" if lanes else f"({count},)"
        if piece.number is not None:
            return f"jnp.full({shape}, {_literal(piece.number)}, {self.dtype!r})"
        text = self.text(self.view(piece, ""), (count,))
        return f"jnp.broadcast_to({text}, {shape})" if lanes and not piece.array.lanes else text

    def view(self, held: Held, word: str = "t1") -> View:
        """What is held as a view; irregular places are taken into an array of their own."""
        grid = unify([held.places], [LABELS[: held.places.ndim]])
        return self.on_grid(held, grid.sizes, grid.strides[0], dense(grid.sizes))

    def on_grid(self, held: Held, sizes: Sequence[int], strides: Sequence[int] | None, own: Sequence[int]) -> View:
        """What is held on a grid; places that no strides give are taken into an array, which has those of its own."""
        if strides is not None:
            return View(held.array, (int(held.places.flat[0]),), tuple(sizes), tuple(strides))
        flat = held.places.ravel()
        row = View(self.bound(held.array, "t1"), (0,), (held.array.size,), (1,))
        text = f"{self.text(row, (held.array.size,))}[{':, ' if held.array.lanes else ''}{self.table(flat)}]"
        return View(Pending(text, (len(flat),), lanes=held.array.lanes), (0,), tuple(sizes), tuple(own))

    def full(self, slots: Slots, shape: tuple[int, ...], *, lanes: bool) -> str:
        """The text of all that slots hold, in a shape, and with lanes if asked for."""
        return self.full_of(self.held(Slots(slots.space, slots.index.reshape(shape))), shape, lanes=lanes)

    def full_of(self, held: Held, shape: tuple[int, ...], *, lanes: bool) -> str:
        """The text of all that is held."""
        sizes = f"({'n, ' * lanes}{''.join(f'{k}, ' for k in shape)})"
        if held.number is not None:
            return f"jnp.full({sizes}, {_literal(held.number)}, {self.dtype!r})"
        view = self.view(held)
        if prod(view.narrow().sizes) == prod(shape) and held.array.lanes == lanes:
            return self.text(view.narrow(), shape)
        if len(view.sizes) != len(shape):  # An axis of the shape is several of the view.
            flat = self.on_grid(held, shape, None, dense(shape))
            return f"jnp.broadcast_to({self.text(flat, shape)}, {sizes})"
        return f"jnp.broadcast_to({self.text(view)}, {sizes})"

    # ── maps ──

    def map(self, s: Map) -> None:
        """A map; slots whose operands lie in other arrays are written by themselves, for a join costs more."""
        parts = self._parts(s)
        if parts is None:
            self._map(s)
            return
        for places in parts:
            given = {key: Slots(slots.space, slots.index.ravel()[places]) for key, slots in operands(s).items()}
            self._map(replace(s, out=Slots(s.out.space, s.out.index.ravel()[places]), operands=given))

    def _parts(self, s: Map) -> list[Index] | None:
        """The places of slots that are alike in where their operands lie; None for one part or too many."""
        if s.rows or (not s.add and len(np.unique(s.out.index)) < s.out.index.size):
            return None
        rows = [self.memory.owners(slots).ravel() for slots in operands(s).values() if slots.space != "c"]
        rows += [self.memory.owners(s.out).ravel()] * s.add
        if all((row == row[0]).all() for row in rows):
            return None
        kinds, of = np.unique(np.array(rows), axis=1, return_inverse=True)
        if kinds.shape[1] > PARTS:
            return None
        return [np.flatnonzero(of.ravel() == kind) for kind in dict.fromkeys(of.ravel().tolist())]

    def _map(self, s: Map) -> None:
        given = {key: self.held(slots) for key, slots in operands(s).items()}
        numbers = {key: held.number for key, held in given.items() if key not in s.rows}
        literals = {key: number(x) for key, x in numbers.items() if x is not None}
        e = simplified(replaced(s.expression, literals))
        used = names_in(e)
        given = {key: held for key, held in given.items() if key in used and key not in literals}
        value = self.elementwise(e, given, s.rows & given.keys(), s.out.index.shape, is_list=s.is_list)
        lanes = any(slots.lanes for slots in operands(s).values())
        self.store(s.out, value, lanes=lanes, add=s.add, word=_word(e))

    def elementwise(
        self,
        e: Expression,
        given: Mapping[str, Held],
        lists: Collection[str] = (),
        shape: Sequence[int] = (),
        *,
        is_list: bool = False,
    ) -> Held:
        """The value of an expression for slots in this shape."""
        if not given:
            with np.errstate(all="ignore"):
                return Held(known(float(evaluated(e, {}))), np.zeros(shape, np.intp))
        if e.form == "name" and not lists:
            return given[str(e.parts[0])]
        lists = {*lists} | ({""} if is_list else set())
        every = [
            (np.moveaxis(x.places, -1, 0), LIST + LABELS) if key in lists else (x.places, LABELS)
            for key, x in given.items()
        ]
        labels = [names[: places.ndim] for places, names in every]
        grid = unify([places for places, _ in every], labels)
        seen = {
            key: self.on_grid(Held(x.array, places), grid.sizes, strides, grid.dense(names))
            for (key, x), (places, _), strides, names in zip(given.items(), every, grid.strides, labels, strict=True)
        }
        inner = [i for i, label in enumerate(grid.labels) if label != LIST and any(v.strides[i] for v in seen.values())]
        along = [i for i, label in enumerate(grid.labels) if label == LIST]
        rest = dict(zip(seen, merged([view.along(inner) for view in seen.values()]), strict=True))
        texts = {}
        for key, view in rest.items():
            if key in lists:
                view = self._with_list(view, seen[key].along(along))
            texts[key] = self.text(view)
        lanes = any(view.array.lanes for view in seen.values())
        kept = [*inner, *(along if is_list else [])]
        sizes = tuple(grid.sizes[i] for i in kept)
        made = Pending(as_jax(e, texts, lists).text, _shape([*rest.values()], sizes[len(inner) :]), lanes=lanes)
        steps = dict(zip(kept, dense(sizes), strict=True))
        places = positions(grid.sizes, [steps.get(i, 0) for i in range(len(grid.sizes))])
        if is_list:
            places = np.moveaxis(places.reshape(grid.sizes[0], *shape[:-1]), 0, -1)
        elif along:
            places = places[0]
        return Held(made, places.reshape(shape))

    def _with_list(self, view: View, line: View) -> View:
        """A view with the axis of lists as its last; members that are one place are repeated."""
        (size,), (stride,) = line.sizes, line.strides
        if isinstance(view.array, Number):
            text = f"jnp.full(({size},), {_literal(view.array.number)}, {self.dtype!r})"
            return View(Pending(text, (size,), lanes=False), (0,), (*view.sizes, size), (*(0 for _ in view.sizes), 1))
        if stride or size == 1:
            return view._replace(sizes=(*view.sizes, size), strides=(*view.strides, stride))
        sizes = (*view.narrow().sizes, size)
        text = (
            f"jnp.broadcast_to({self.text(view)}[..., None], ({'n, ' * view.array.lanes}{', '.join(map(str, sizes))},))"
        )
        steps = [step if k > 1 else 0 for step, k in zip(dense(sizes), sizes, strict=True)]
        return View(Pending(text, sizes, lanes=view.array.lanes), (0,), (*view.sizes, size), (*steps[:-1], 1))

    # ── stores ──

    def store(self, out: Slots, value: Held, *, lanes: bool, add: bool, word: str) -> None:
        """Let slots hold a value, or their sum with it.

        The numbers of one slot, and of lanes that it lacks, are added up.
        """
        index, value = self._without_repeats(out.index, value, over=lanes and not out.lanes)
        out = Slots(out.space, index)
        if add:
            old = self.held(out)
            if old.number != 0.0:
                e = simplified(
                    replaced(
                        SUM, {key: number(x.number) for key, x in (("a", old), ("b", value)) if x.number is not None}
                    )
                )
                given = {key: x for key, x in (("a", old), ("b", value)) if x.number is None}
                value = self.elementwise(e, given, (), index.shape)
        self.memory.put(out, Held(self.bound(value.array, self._name(out, word)), value.places))

    def _name(self, out: Slots, word: str) -> str:
        space = out.space.removeprefix("d")
        if space == out.space:
            return f"{word}1"
        base = self.memory.held(Slots(space, out.index.ravel()[:1]))
        text = base.array.name if base is not None else ""
        return f"d{'_' * (len(text) > 3 and space != 'v')}{text}" if text.isidentifier() else "dv1"

    def _without_repeats(self, index: Index, value: Held, *, over: bool) -> tuple[Index, Held]:
        """Slots each of which stands once, and their sums, over lanes too if asked for."""
        unique = np.unique(index).size == index.size
        if unique and not over:
            return index, value
        labels = LABELS[: index.ndim]
        grid = unify([index, value.places], [labels, labels])
        slots = grid.strides[0]
        if unique:
            slots = slots or grid.dense(labels)
        if slots is None or not injective(*_kept(grid.sizes, slots)):
            if over:
                return self._without_repeats(*self._without_repeats_of(index, value), over=False)
            return self._scattered(index, value)
        view = self.on_grid(value, grid.sizes, grid.strides[1], grid.dense(labels))
        left = [i for i, step in enumerate(slots) if step and grid.sizes[i] > 1]
        gone = [i for i in range(len(slots)) if i not in left and grid.sizes[i] > 1]
        total = self.summed(view, gone, over=over)
        rest = total.along(left)
        sizes = rest.sizes
        places = total.starts[0] + positions(sizes, rest.strides)
        reduced = index.reshape(grid.sizes)[tuple(slice(None) if i in left else 0 for i in range(len(slots)))]
        return reduced, Held(total.array, places.reshape(reduced.shape))

    def _without_repeats_of(self, index: Index, value: Held) -> tuple[Index, Held]:
        """The same slots, and the values summed over lanes."""
        labels = LABELS[: index.ndim]
        grid = unify([value.places], [labels])
        view = self.on_grid(value, grid.sizes, grid.strides[0], grid.dense(labels))
        total = self.summed(view, [], over=True)
        return index, Held(total.array, (total.starts[0] + positions(total.sizes, total.strides)).reshape(index.shape))

    def _scattered(self, index: Index, value: Held) -> tuple[Index, Held]:
        """Sums of values by slots that no strides give."""
        row = Held(value.array, value.places.ravel())
        flat = self.view(row)
        if prod(flat.narrow().sizes) < index.size:  # Numbers that are one place are repeated.
            flat = self.on_grid(row, (index.size,), None, (1,))
        each, inverse = np.unique(index.ravel(), return_inverse=True)
        lanes = value.array.lanes
        zeros = f"jnp.zeros(({'n, ' * lanes}{len(each)}{'' if lanes else ','}), {self.dtype!r})"
        text = self.text(flat, (index.size,)) if value.number is None else _literal(value.number)
        place = f"[{':, ' * lanes}{self.table(inverse.ravel())}]"
        array = Pending(f"{zeros}.at{place}.add({text})", (len(each),), lanes=lanes)
        return each, Held(array, np.arange(len(each)))

    def summed(self, view: View, gone: Sequence[int], *, over: bool) -> View:
        """A view summed over some of its axes, and over lanes if asked for: there those axes have one place."""
        within = [i for i in gone if view.strides[i]]
        factor = [str(prod(view.sizes[i] for i in gone if i not in within))]
        lanes = view.array.lanes
        if over and not lanes:
            factor.append("n")
        seen = [i for i, step in enumerate(view.strides) if step and view.sizes[i] > 1]
        left = [i for i in seen if i not in within]
        line = view.along(seen)
        text = _literal(view.array.number) if isinstance(view.array, Number) else self.text(line)
        axes = [0] * (over and lanes) + [seen.index(i) + lanes for i in within]
        if axes:
            text = total(text, axes, len(seen) + lanes)
        factors = [x for x in factor if x != "1"]
        if not axes and not factors:
            return view
        text = " * ".join([*factors, f"({text})"]) if factors else text
        sizes = tuple(view.sizes[i] for i in left)
        array = Pending(f"({text})" if factors else text, sizes, lanes=lanes and not over)
        steps = dict(zip(left, dense(sizes), strict=True))
        strides = tuple(steps.get(i, 0) for i in range(len(view.sizes)))
        return View(array, (0,), tuple(1 if i in gone else k for i, k in enumerate(view.sizes)), strides)


def total(text: str, axes: Sequence[int], count: int) -> str:
    """The text of a sum over some axes, of so many in all."""
    if len(axes) == count:
        return f"jnp.sum({text})"
    return f"jnp.sum({text}, axis={axes[0] if len(axes) == 1 else tuple(axes)})"


class Pending(Array):
    """An array that is a text as yet: it stands where it is used, or gets a name."""

    def __init__(self, text: str, shape: tuple[int, ...], *, lanes: bool) -> None:
        super().__init__("", 0, prod(shape), "", lanes, shape)
        self.text = text


def _shape(seen: Sequence[View], more: Sequence[int]) -> tuple[int, ...]:
    """The shape of an elementwise value of views that are merged alike."""
    return (*np.broadcast_shapes((), *(view.narrow().sizes for view in seen)), *more)


def _kept(sizes: Sequence[int], strides: Sequence[int]) -> tuple[list[int], list[int]]:
    pairs = [(size, step) for size, step in zip(sizes, strides, strict=True) if step and size > 1]
    return [size for size, _ in pairs], [step for _, step in pairs]


def _literal(x: float) -> str:
    return as_jax(number(x), {}).text


def _word(e: Expression) -> str:
    """A word for the array of an expression."""
    return str(e.parts[0]) if e.form == "call" else "v"
