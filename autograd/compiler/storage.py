"""Where slots lie: the spaces cut into arrays with names, and views of them as Python text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from autograd.compiler import views
from autograd.compiler.merging import sizes_of
from autograd.compiler.statements import LANES, ArrayProgram, Index, Slots

GIVEN: Final = {
    "p": "parameters",
    "dp": "gradient",
    "c": "constants",
    "s": "seed",
    "x": "inputs",
    "dx": "input_gradient",
    "r": "roots",
}
"""Spaces that are one array, whose name a kernel's text is given or makes; the others are cut into arrays."""


Lane: TypeAlias = Literal["own", "one", "merged"]


@dataclass(eq=False)
class Array:
    """Some slots of a space, which lie in memory in their order."""

    space: str
    first: int
    """The first of them, in a space that is one array."""
    size: int
    name: str
    lanes: bool
    shape: tuple[int, ...] = ()
    """By which its views are written; without lanes."""
    used: "list[View]" = field(default_factory=list)

    def texts(self, shape: tuple[int, ...]) -> list[str]:
        """The sizes of a shape that it may take, as text."""
        return [*map(str, shape), *(["n"] if self.lanes else [])]


class View(NamedTuple):
    """A view of an array, along axes that count slots; in a loop it starts elsewhere at each step."""

    array: Array
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    lane: Lane = "own"
    """The last axis: the lanes of the array, if it has any; one lane for all; or lanes merged with the axis before."""
    turned: bool = False
    """Whether the last two axes are exchanged at last."""

    @property
    def contiguous(self) -> bool:
        """Whether its numbers lie side by side in memory."""
        want = views.dense(self.sizes)
        return all(size == 1 or a == b for size, a, b in zip(self.sizes, self.strides, want, strict=True))

    @property
    def whole(self) -> bool:
        """Whether it is all of its array."""
        return self.contiguous and prod(self.sizes) == self.array.size

    def along(self, axes: Iterable[int]) -> "View":
        """The same with some of the axes, in this order."""
        axes = [*axes]
        return self._replace(sizes=tuple(self.sizes[i] for i in axes), strides=tuple(self.strides[i] for i in axes))

    def narrow(self) -> "View":
        """The same with one place along each axis on which nothing changes."""
        sizes = tuple(size if stride else 1 for size, stride in zip(self.sizes, self.strides, strict=True))
        return self._replace(sizes=sizes)

    def merged(self) -> "View":
        """The same with as few axes as possible."""
        return merged([self])[0]

    def stacked(self) -> "View":
        """The same with the steps of a loop, if they are evenly apart, as first axis."""
        apart = self.starts[1] - self.starts[0]
        sizes, strides = (len(self.starts), *self.sizes), (apart, *self.strides)
        return self._replace(starts=self.starts[:1], sizes=sizes, strides=strides)


def merged(given: Sequence[View]) -> list[View]:
    """Views on one grid, with as few axes as possible."""
    sizes, rows = views.merged(given[0].sizes, [view.strides for view in given])
    return [view._replace(sizes=sizes, strides=strides) for view, strides in zip(given, rows, strict=True)]


class Place(NamedTuple):
    """Slots of a statement in memory: those at the first step, and where they start at each."""

    array: Array
    starts: tuple[int, ...]
    index: Index  # type: ignore[assignment]  # It hides a method of tuples.
    """From the start."""


class Names:
    """Names for a text, of which nothing gets one twice."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = {*taken}

    def fresh(self, word: str) -> str:
        """A name that nothing has: the word, or the word with the next number."""
        stem = word.rstrip("0123456789") or word
        name, number = word, int(word[len(stem) :] or 1)
        while name in self.taken:
            number += 1
            name = f"{stem}{number}"
        self.taken.add(name)
        return name


class Storage(Names):
    """The arrays of a program: slots that one statement, or the steps of one loop, reach together lie in one."""

    def __init__(self, program: ArrayProgram, accesses: Iterable[Sequence[Slots]], *, lanes: bool) -> None:
        super().__init__({*GIVEN.values(), "n", "np", "forward", "backward", "bind", "strided", "dtype"})
        self.lanes, self._names = lanes, program.names
        self._parents = {space: np.arange(size) for space, size in sizes_of(program).items()}
        for together in accesses:
            self._unite(together)
        for named in program.names:
            self._unite([named.slots])
            if (gradient := named.slots.gradient()).space in self._parents:
                self._unite([gradient])
        self._roots = {space: _find(parents, parents) for space, parents in self._parents.items()}
        """The first slot of the array in which each slot lies."""
        self._local = {space: _ranks(roots, whole=space in GIVEN) for space, roots in self._roots.items()}
        self._arrays: dict[tuple[str, int], Array] = {}

    def _unite(self, together: Sequence[Slots]) -> None:
        parents = self._parents[together[0].space]
        slots = [s.index.ravel() for s in together]
        roots = [_find(parents, index) for index in slots]
        lowest = min(int(index.min()) for index in roots)
        for index in (*slots, *roots):
            parents[index] = lowest

    def place(self, together: Sequence[Slots]) -> Place | None:
        """The place of slots at each step of a loop; None if they don't lie alike."""
        space = together[0].space
        index = [self._local[space][s.index] for s in together]
        starts = tuple(int(i.flat[0]) for i in index)
        relative = index[0] - starts[0]
        if any(not np.array_equal(i - start, relative) for i, start in zip(index[1:], starts[1:], strict=True)):
            return None
        return Place(self._array(space, int(together[0].index.flat[0])), starts, relative)

    def length(self, space: str) -> int:
        """The number of slots of a space."""
        return len(self._roots[space])

    def apart(self, slots: Slots) -> Iterator[Slots]:
        """Slots of a space, those of each array by themselves."""
        roots = self._roots[slots.space][slots.index]
        yield from (Slots(slots.space, slots.index[roots == root]) for root in np.unique(roots))

    def _array(self, space: str, slot: int) -> Array:
        root = int(self._roots[space][slot])
        if (space, root) not in self._arrays:
            members = np.flatnonzero(self._roots[space] == root)
            size = int(members[-1] - members[0]) + 1 if space in GIVEN else len(members)
            lanes = self.lanes and space in (*LANES, "r")
            array = Array(space, int(members[0]), size, "", lanes, (size,) if size > 1 or space in GIVEN else ())
            array.name, array.shape = self._name(array, members)
            self._arrays[space, root] = array
        return self._arrays[space, root]

    def _name(self, array: Array, members: Index) -> tuple[str, tuple[int, ...]]:
        space, d = (array.space[1:], "d") if array.space[0] == "d" else (array.space, "")
        parts = [name for name in self._names if name.slots.space == space and np.isin(name.slots.index, members).any()]
        if not parts:
            given = GIVEN.get(array.space, "")
            part = given and array.size < self.length(array.space)
            return self.fresh(array.space) if part else given, array.shape
        alone = len(parts) == 1 and len(members) == array.size and np.array_equal(parts[0].slots.index.ravel(), members)
        names = [part.name for part in parts]
        if len(names) > 1 and len(owners := {name.rpartition(".")[0] for name in names}) == 1:
            names = [*filter(None, owners)] or names  # The weight and the bias of a layer are one matrix.
        words = [identifier(name) for name in names]
        word = "_".join(words) if len(words) < 4 else f"{words[0]}_to_{words[-1]}"
        name = self.fresh(f"{d}{'_' if d and len(word) > 3 else ''}{word}")
        return name, parts[0].slots.index.shape if alone else array.shape

    def called(self, array: Array, word: str) -> None:
        """Give an array a name, if it has none: that of the numbers whose gradients it has, or a word with a number."""
        if array.name:
            return
        space, root = array.space[1:], array.first
        partner = self._arrays.get((space, int(self._roots[space][root]))) if space in self._roots else None
        array.name = self.fresh(f"d{partner.name}" if partner and partner.name else f"{word}1")


def identifier(name: str) -> str:
    """A name in Python that is like the name of parameters or of an input."""
    plain = "".join(c if c.isalnum() else "_" for c in name).strip("_")
    return plain if plain[:1].isalpha() else f"p{plain}"


def _find(parents: Index, slots: Index) -> Index:
    roots = parents[slots]
    while not np.array_equal(above := parents[roots], roots):
        roots = above
    return roots


def _ranks(roots: Index, *, whole: bool) -> Index:
    """The place of each slot in its array: the distance to the first slot, or the count of those between."""
    if whole:
        return np.arange(len(roots)) - roots
    order = np.argsort(roots, kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(roots)) - np.searchsorted(roots[order], roots[order])
    return ranks


# ── text ──


def shaped(array: Array) -> None:
    """Choose the shape by which most views of an array are written as plain slices."""
    if array.shape != (array.size,):
        return
    stacks = [view.stacked() if len(view.starts) > 1 else view for view in array.used]
    shapes = [refined(array.size, view) for view in [*stacks, *array.used]]
    shapes = [array.shape, *(shape for shape in shapes if shape and len(shape) < 5)]

    def cost(shape: tuple[int, ...]) -> tuple[int, int]:
        array.shape = shape
        texts = [written(view) for view in stacks]
        return sum(4 if "strided" in text else 2 if "reshape" in text else "[" in text for text in texts), len(shape)

    array.shape = min([*dict.fromkeys(shapes)][:12], key=cost)


def refined(size: int, view: View) -> tuple[int, ...]:
    """A shape of an array that has an axis for each stride of a view; empty if there is none."""
    steps = {abs(stride) for stride, length in zip(view.strides, view.sizes, strict=True) if stride and length > 1}
    cuts = [*pairwise(sorted({size, 1, *steps}, reverse=True))]
    return () if any(outer % inner for outer, inner in cuts) else tuple(outer // inner for outer, inner in cuts)


def written(view: View) -> str:
    """The text of a view without steps: plain slicing where that is a view, else by strides."""
    axes = len(view.sizes) + (view.lane == "own")  # Those that are turned have lanes.
    return _written(view) + (".T" if axes == 2 else f".swapaxes({axes - 2}, {axes - 1})") * view.turned


def _written(view: View) -> str:
    array, (start, *_), count = view.array, view.starts, prod(view.sizes)
    sizes = [*map(str, view.sizes), *(["n"] if array.lanes else []), *(["1"] if view.lane == "one" else [])]
    if view.lane == "merged":
        sizes[-2:] = [f"{sizes[-2]} * n"]
    shape, end = ", ".join(sizes), f".reshape({', '.join(sizes)})" if view.lane == "merged" else ""
    if text := _sliced(view, array.name, array.shape):
        return text + end
    if view.contiguous:
        part = array.name if view.whole else f"{_flat(array)}[{start}:{start + count}]"
        return part if len(view.sizes) == 1 and view.lane == "own" and not view.whole else f"{part}.reshape({shape})"
    stretch = max(size * stride for size, stride in zip(view.sizes, view.strides, strict=True))
    for low, length, part in (
        (0, array.size, array.name),
        (start, stretch, f"{_flat(array)}[{start or ''}:{start + stretch}]"),
    ):
        finer = refined(length, view) if low < low + length <= array.size else ()
        reshaped = f"{part}.reshape({', '.join(array.texts(finer))})"
        if text := _sliced(view._replace(starts=(start - low,)), reshaped, finer):
            return text + end
    call = f"strided({_flat(array)}, {start}, {view.sizes}, {view.strides}{', merge=True' * bool(end)})"
    return call + "[..., None]" * (view.lane == "one")


def _flat(array: Array) -> str:
    if len(array.shape) == 1:
        return array.name
    return f"{array.name}.reshape(-1, n)" if array.lanes else f"{array.name}.ravel()"


def _sliced(view: View, name: str, shape: tuple[int, ...]) -> str:
    """The text of a view as a slice of an array of this shape; empty if there is none."""
    found = keys_of(view, shape)
    if found is None:
        return ""
    free = [axis for axis, size in enumerate(view.sizes) if size > 1]
    order = [axis for axis, _ in found if axis is not None]
    if order != free and len(free) < len(view.sizes):
        return ""
    keys: list[str] = []
    units = [after - before - 1 for before, after in pairwise([-1, *free, len(view.sizes)])]
    for axis, key in found:
        keys += [key] if axis is None else ["None"] * units.pop(0) + [key]
    keys += ["None"] * (units[0] + (view.lane == "one"))
    if shape and not view.array.lanes and all(key.isdigit() for key in keys):
        keys.append("...")  # A single entry would be no view.
    while keys and keys[-1] == ":":
        keys.pop()
    text = f"{name}[{', '.join(keys)}]" if keys else name
    if order == free:
        return text
    places = [order.index(axis) for axis in free] + [len(order)] * (view.array.lanes or view.lane == "one")
    return text + (".T" if places == [1, 0] else f".transpose({', '.join(map(str, places))})")


def keys_of(view: View, shape: Sequence[int]) -> list[tuple[int | None, str]] | None:
    """The keys that slice an array of this shape into a view, each with the axis of the view that counts along it.

    None if no slices do.
    """
    worths = views.dense(shape)
    free = [axis for axis, size in enumerate(view.sizes) if size > 1]
    along = {next((i for i, w in enumerate(worths) if view.strides[axis] % w == 0), -1): axis for axis in free}
    if -1 in along or len(along) < len(free):
        return None
    found, rest = list[tuple[int | None, str]](), view.starts[0]
    for i, (worth, size) in enumerate(zip(worths, shape, strict=True)):
        at, rest = divmod(rest, worth)
        if i not in along:
            found.append((None, str(at)))
            continue
        step, count = view.strides[along[i]] // worth, view.sizes[along[i]]
        if not step or not 0 <= at + step * (count - 1) < size:
            return None
        found.append((along[i], _slice(at, step, count, size)))
    return found


def _slice(at: int, step: int, count: int, size: int) -> str:
    stop = at + step * count
    if step < 0:
        return f"{at if at + 1 < size else ''}:{stop if stop >= 0 else ''}:{step}"
    text = f"{at or ''}:{'' if stop >= size else stop - step + 1}"
    return f"{text}:{step}" if step > 1 else text
