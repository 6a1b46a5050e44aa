"""The lines of a function of JAX, and what the slots hold between them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import number
from autograd.compiler.jax.memory import Held, Memory, known, trimmed, written
from autograd.compiler.jax.writing import OWN, as_jax
from autograd.compiler.statements import Slots
from autograd.compiler.storage import Array, Names, View
from autograd.compiler.views import LABELS, dense, unify
from autograd.compiler.words import definitions

SHORT: Final = 8
"""So many numbers or fewer stand in the text; more are a table beside it."""
_WORD: Final = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])[A-Za-z_]\w*""")


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


def total(text: str, axes: Sequence[int], count: int) -> str:
    """The text of a sum over some axes, of so many in all."""
    if len(axes) == count:
        return f"jnp.sum({text})"
    return f"jnp.sum({text}, axis={axes[0] if len(axes) == 1 else tuple(axes)})"


class Pending(Array):
    """An array that is a text as yet: it stands where it is used, or gets a name."""

    def __init__(self, text: str, shape: tuple[int, ...], *, lanes: bool, is_quotient: bool = False) -> None:
        super().__init__("", 0, prod(shape), "", lanes, shape)
        self.text, self.is_quotient = text, is_quotient


class Writer(Names):
    """The lines of a function so far, and the arrays that hold the slots."""

    def __init__(self, sizes: Mapping[str, int], constants: NDArray[np.float64], dtype: str) -> None:
        super().__init__({"n", "jnp", "parameters", "lax", *OWN, *definitions()})
        self.memory, self.dtype = Memory(sizes), dtype
        self.lines: list[Line] = []
        self.tables: dict[str, NDArray[Any]] = {}
        """Arrays by name that the text takes from outside."""
        self._constants = constants
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
        """The numbers of slots; those of several arrays are joined to one."""
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
        shape = self.shape((count,), lanes=lanes)
        if piece.number is not None:
            return f"jnp.full({shape}, {literal(piece.number)}, {self.dtype!r})"
        text = self.text(self.view(piece), (count,))
        return f"jnp.broadcast_to({text}, {shape})" if lanes and not piece.array.lanes else text

    def view(self, held: Held) -> View:
        """Numbers as a view; those at irregular places are taken into an array of their own."""
        grid = unify([held.places], [LABELS[: held.places.ndim]])
        return self.on_grid(held, grid.sizes, grid.strides[0], dense(grid.sizes))

    def on_grid(self, held: Held, sizes: Sequence[int], strides: Sequence[int] | None, own: Sequence[int]) -> View:
        """Numbers on a grid; those at places that no strides give are taken into an array with strides of its own."""
        if strides is not None:
            return View(held.array, (int(held.places.flat[0]),), tuple(sizes), tuple(strides))
        flat = held.places.ravel()
        row = View(self.bound(held.array, "t1"), (0,), (held.array.size,), (1,))
        text = f"{self.text(row, (held.array.size,))}[{':, ' if held.array.lanes else ''}{self.table(flat)}]"
        return View(Pending(text, (len(flat),), lanes=held.array.lanes), (0,), tuple(sizes), tuple(own))

    def shape(self, sizes: Sequence[int], *, lanes: bool) -> str:
        """The text of a shape."""
        return f"({'n, ' * lanes}{''.join(f'{size}, ' for size in sizes)})"

    def full(self, slots: Slots, shape: tuple[int, ...], *, lanes: bool) -> str:
        """The text of all that slots hold, in a shape, and with lanes if asked for."""
        return self.full_of(self.held(slots).reshaped(shape), shape, lanes=lanes)

    def full_of(self, held: Held, shape: tuple[int, ...], *, lanes: bool) -> str:
        """The text of all that is held."""
        sizes = self.shape(shape, lanes=lanes)
        if held.number is not None:
            return f"jnp.full({sizes}, {literal(held.number)}, {self.dtype!r})"
        view = self.view(held)
        if prod(view.narrow().sizes) == prod(shape) and held.array.lanes == lanes:
            return self.text(view.narrow(), shape)
        if len(view.sizes) != len(shape):  # An axis of the shape is several of the view.
            flat = self.on_grid(held, shape, None, dense(shape))
            return f"jnp.broadcast_to({self.text(flat, shape)}, {sizes})"
        return f"jnp.broadcast_to({self.text(view)}, {sizes})"


def literal(x: float) -> str:
    """The text of a number."""
    return as_jax(number(x), {}).text
