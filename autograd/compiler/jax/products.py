"""Products as matrix products of JAX: one `@` where the axes allow it, with the lanes among the rows."""

from collections.abc import Sequence
from itertools import pairwise
from string import ascii_lowercase
from typing import Final, NamedTuple

import numpy as np

from autograd.compiler.jax.elementwise import added
from autograd.compiler.jax.memory import Held, Number, known
from autograd.compiler.jax.stores import moving, store, summed
from autograd.compiler.jax.writer import Pending, Writer, total
from autograd.compiler.statements import Index, Product, Slots
from autograd.compiler.storage import Array, View, merged
from autograd.compiler.views import dense, injective, positions, unify

MOST: Final = 4
"""So many parts of a product, whose numbers different arrays hold, are written by themselves; more are joined first."""
_LETTERS: Final = ascii_lowercase.replace("n", "")
"""For the axes of a sum; n is for lanes."""


class _Side:
    """The numbers on one side of a product, and which arrays hold them."""

    def __init__(self, w: Writer, slots: Slots, *, joined: bool = False) -> None:
        self._w, self.slots = w, slots
        self._whole = w.held(slots) if joined or slots.space == "c" else None
        self.owners = w.memory.owners(slots) if self._whole is None else np.zeros(slots.index.shape, np.intp)

    def part(self, *cut: slice) -> Held:
        """The numbers in some rows."""
        if self._whole is None:
            return self._w.held(Slots(self.slots.space, self.slots.index[cut]))
        return Held(self._whole.array, self._whole.places[cut])

    def joined(self) -> "_Side":
        """The same numbers in one array."""
        return _Side(self._w, self.slots, joined=True)


def _is_padding(side: _Side, terms: slice) -> bool:
    """Whether a stretch of the rows of a side is 0, which no number of the graph is."""
    return side.slots.space != "c" and side.part(slice(None), slice(None), terms).number == 0.0


class _Part(NamedTuple):
    """The value of a product for slots, each of which stands once."""

    slots: Index
    held: Held


def write(w: Writer, s: Product) -> None:
    """The lines of a product."""
    left, right = _Side(w, s.left), _Side(w, s.right)
    if len(_cuts((left, 2), (right, 2))) > MOST or len(_blocks(left, right)) > MOST:
        left, right = left.joined(), right.joined()
    terms, blocks = _cuts((left, 2), (right, 2)), _blocks(left, right)
    terms = [t for t in terms if not (_is_padding(left, t) or _is_padding(right, t))] or terms[:1]
    add = s.add
    if not add and len(blocks) > 1 and len(np.unique(s.out.index)) < s.out.index.size:
        w.memory.put(s.out, Held(known(0.0), np.zeros(s.out.index.shape, np.intp)))
        add = True  # Several blocks may add to one slot.
    for c, f, p in blocks:
        of_block = Slots(s.out.space, s.out.index[c, f, p])
        first, *others = [_product(w, s, of_block, left.part(c, f, t), right.part(c, p, t)) for t in terms]
        for other in others:
            first = _added(w, first, other)
        store(w, Slots(s.out.space, first.slots), first.held, over=False, add=add, word="z")


def _cuts(*sides: tuple[_Side, int]) -> list[slice]:
    """Stretches along an axis of the sides, each with the same arrays all along."""
    apart = [np.diff(side.owners, axis=axis).any(axis=tuple({0, 1, 2} - {axis})) for side, axis in sides]
    ends = [0, *(np.flatnonzero(np.any(apart, axis=0)) + 1).tolist(), apart[0].size + 1]
    return [slice(a, b) for a, b in pairwise(ends)]


def _blocks(left: _Side, right: _Side) -> list[tuple[slice, slice, slice]]:
    """Blocks of the result, each with one array on either side for each stretch of the rows."""
    ways = _cuts((left, 0), (right, 0)), _cuts((left, 1)), _cuts((right, 1))
    return [(c, f, p) for c in ways[0] for f in ways[1] for p in ways[2]]


def _added(w: Writer, one: _Part, other: _Part) -> _Part:
    own, places = other.slots.ravel(), other.held.places.ravel()
    if not np.array_equal(own, one.slots.ravel()):
        order = np.argsort(own)
        places = places[order[np.searchsorted(own[order], one.slots.ravel())]]
    return _Part(one.slots, added(w, one.held, Held(other.held.array, places.reshape(one.slots.shape))))


def _product(w: Writer, s: Product, out: Slots, left: Held, right: Held) -> _Part:
    """One product, of one array on either side."""
    labels = ["cfp", "cft", "cpt"]
    grid = unify([out.index, left.places, right.places], labels)
    steps = grid.strides[0]
    if steps is None or not injective(*moving(grid.sizes, steps)):
        steps = grid.dense("cfp")
    a = w.on_grid(left, grid.sizes, grid.strides[1], grid.dense(labels[1]))
    b = w.on_grid(right, grid.sizes, grid.strides[2], grid.dense(labels[2]))
    kept = [i for i, step in enumerate(steps) if step and grid.sizes[i] > 1]
    over = (s.left.lanes or s.right.lanes) and not out.lanes
    of_gradients = out.space.startswith("d")
    found, strides = _Sum(w, a, b, kept, over=over, factor=s.factor, of_gradients=of_gradients).value()
    index = _corner(out.index, grid.labels, grid.sizes, kept)
    places = positions([grid.sizes[i] for i in kept], [strides.get(i, 0) for i in kept])
    return _Part(index, Held(found, places.reshape(index.shape)))


def _corner(index: Index, labels: str, sizes: Sequence[int], kept: Sequence[int]) -> Index:
    """The slots of out along the axes that are kept, at the first place of the others."""
    axes = [i for i, label in enumerate(labels) if label in "cfp"]
    split = index.reshape([sizes[i] for i in axes])
    return split[tuple(slice(None) if i in kept else 0 for i in axes)]


class _Sum:
    """Σ left · right on a grid, over the axes that aren't kept, and over lanes if asked for.

    A factor that all terms share is multiplied by the sum of the others if the product is one of gradients: in a value
    an infinity meets each of the others, which may be zeros or have different signs.
    """

    def __init__(
        self,
        w: Writer,
        left: View,
        right: View,
        kept: Sequence[int],
        *,
        over: bool,
        factor: float,
        of_gradients: bool,
    ) -> None:
        self._w, self._over = w, over
        self._sizes = left.sizes
        seen = [i for i, size in enumerate(left.sizes) if size > 1 and (left.strides[i] or right.strides[i])]
        absent = [size for i, size in enumerate(left.sizes) if i not in seen and i not in kept]
        factor *= float(np.prod(absent, initial=1.0))
        for side in (left, right):
            if isinstance(side.array, Number):
                factor *= side.array.number
        self._factor, self._seen, self._kept = factor, seen, [i for i in seen if i in kept]
        self._times_n = over and not (left.array.lanes or right.array.lanes)
        alone = [
            [i for i in seen if i not in kept and a.strides[i] and not b.strides[i]]
            if of_gradients or isinstance(b.array, Number)
            else []
            for a, b in ((left, right), (right, left))
        ]
        self._left = self._summed(left, alone[0], over=over and left.array.lanes and not right.array.lanes)
        self._right = self._summed(right, alone[1], over=over and right.array.lanes and not left.array.lanes)

    def _summed(self, side: View, axes: Sequence[int], *, over: bool) -> View:
        return summed(self._w, side, axes, over=over) if axes or over else side

    def value(self) -> tuple[Array, dict[int, int]]:
        """The array of the sum, and the step of each axis in it."""
        sides = [side for side in (self._left, self._right) if not isinstance(side.array, Number)]
        if not sides and not self._times_n:
            return known(self._factor), {}
        order = dense([size if i in self._kept else 1 for i, size in enumerate(self._sizes)])
        steps = tuple(step if i in self._kept else 0 for i, step in enumerate(order))
        given = [view.along(self._seen) for view in (*sides, self._left._replace(strides=steps))]
        *sides, out = merged([view._replace(sizes=given[-1].sizes) for view in given])
        result, text = self._text(sides, out)
        lanes = any(side.array.lanes for side in sides) and not self._over
        made = Pending(self._scaled(text), tuple(out.sizes[i] for i in result), lanes=lanes)
        inner = dict(zip(result, dense(made.shape), strict=True))
        found = {}
        for i in self._kept:
            axis = next(k for k in result if out.strides[k] <= steps[i] < out.strides[k] * out.sizes[k])
            found[i] = inner[axis] * (steps[i] // out.strides[axis])
        return made, found

    def _scaled(self, text: str) -> str:
        factors = ["n"] * self._times_n + ([] if abs(self._factor) == 1.0 else [repr(abs(self._factor))])
        text = " * ".join([*factors, text or f"jnp.ones((), {self._w.dtype!r})"])
        return f"(-{text})" if self._factor < 0.0 else f"({text})" if factors else text

    def _text(self, sides: Sequence[View], out: View) -> tuple[list[int], str]:
        """The axes of the value in their order, and its text."""
        w, axes = self._w, range(len(out.sizes))
        result = [i for i in axes if out.strides[i]]
        if len(sides) < 2:
            return result, "".join(w.text(side.along(result)) for side in sides)
        a, b = sides
        if (b.array.lanes, _first(a, b, result)) > (a.array.lanes, _first(b, a, result)):
            a, b = b, a
        both = [i for i in axes if a.strides[i] and b.strides[i]]
        if any(bool(a.strides[i]) != bool(b.strides[i]) for i in axes if i not in result):
            order = [*result, *(i for i in axes if i not in result)]
            gone = range(len(result) - len(order), 0)
            return result, total(
                _times(w.text(a.along(order)), w.text(b.along(order))), gone, len(order) + a.array.lanes
            )
        inner, batch = [i for i in both if i not in result], [i for i in both if i in result]
        rows, columns = ([i for i in result if x.strides[i] and i not in both] for x in (a, b))
        shared = a.array.lanes and b.array.lanes
        if not inner and not (shared and self._over):
            return result, _times(w.text(a.along(result)), w.text(b.along(result)))
        if not columns and not rows and a.array.lanes == b.array.lanes:
            summed = [0] * (shared and self._over) + [both.index(i) + shared for i in inner]
            return batch, total(_times(w.text(a.along(both)), w.text(b.along(both))), summed, len(both) + shared)
        over = shared and self._over
        if not batch and len(inner) + over == 1 and len(columns) <= 1 and (not shared or (over and len(rows) <= 1)):
            if over:
                return rows + columns, f"({w.text(a.along(rows))}{'.T' * len(rows)} @ {w.text(b.along(columns))})"
            return rows + columns, f"({w.text(a.along(rows + inner))} @ {w.text(b.along(inner + columns))})"
        order = batch + rows + columns
        own = [[i for i in axes if x.strides[i]] for x in (a, b)]
        one, other = ("n" * x.array.lanes + _letters(mine) for x, mine in zip((a, b), own, strict=True))
        to = "n" * (a.array.lanes and not self._over) + _letters(order)
        return order, f"jnp.einsum('{one},{other}->{to}', {w.text(a.along(own[0]))}, {w.text(b.along(own[1]))})"


def _first(a: View, b: View, axes: Sequence[int]) -> int:
    """How late the first axis comes that a view has and another hasn't."""
    return next((k for k, i in enumerate(axes) if a.strides[i] and not b.strides[i]), len(axes))


def _letters(axes: Sequence[int]) -> str:
    return "".join(_LETTERS[i] for i in axes)


def _times(one: str, other: str) -> str:
    return f"jnp.square({one})" if one == other else f"({one} * {other})"
