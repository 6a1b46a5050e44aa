"""Where slots lie: the spaces cut into arrays with names, and views of them as Python text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import views
from autograd.compiler.statements import LANES, ArrayProgram, Index, Slots

GIVEN: Final = {"p": "parameters", "dp": "gradient", "c": "constants", "s": "seed", "x": "inputs", "dx": "input_gradient"}
"""Spaces that are one array, whose name a kernel's text is given or makes; the others are cut into arrays."""


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

    def model(self) -> NDArray[np.float64]:
        """An array of this shape, with two lanes, to try the text of views on."""
        lanes = (2,) if self.lanes else ()
        return np.arange(self.size * (2 if self.lanes else 1), dtype=np.float64).reshape(*self.shape, *lanes)


class View(NamedTuple):
    """A view of an array, along axes that count slots; in a loop it starts elsewhere at each step."""

    array: Array
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    lane: str
    """The last axis: `n` for lanes; `1` for one lane that serves all; empty for none; `merged` with the one before."""

    def __hash__(self) -> int:
        return hash((id(self.array), *self[1:]))

    @property
    def contiguous(self) -> bool:
        """Whether its numbers lie side by side in memory."""
        dense = tuple(prod(self.sizes[i + 1 :]) for i in range(len(self.sizes)))
        return all(size == 1 or stride == want for size, stride, want in zip(self.sizes, self.strides, dense, strict=True))

    @property
    def whole(self) -> bool:
        """Whether it is all of its array."""
        return self.contiguous and prod(self.sizes) == self.array.size

    def stacked(self) -> "View | None":
        """The same with the steps of a loop as first axis, where they are evenly apart."""
        steps = np.diff(self.starts)
        if len(steps) and (steps != steps[0]).any():
            return None
        apart = int(steps[0]) if len(steps) else 0
        return self._replace(
            starts=self.starts[:1], sizes=(len(self.starts), *self.sizes), strides=(apart, *self.strides)
        )


class Place(NamedTuple):
    """Slots of a statement in memory: those at the first step, and where they start at each."""

    array: Array
    starts: tuple[int, ...]
    index: Index
    """From the start."""


class Storage:
    """The arrays of a program: slots that one statement, or the steps of one loop, reach together lie in one."""

    def __init__(self, program: ArrayProgram, accesses: Iterable[Sequence[Slots]], *, lanes: bool) -> None:
        self._lanes, self._names = lanes, program.names
        self._parents = {space: np.arange(size) for space, size in _sizes(program).items()}
        for together in accesses:
            self._unite(together)
        for named in program.names:
            self._unite([named.slots])
            if (gradient := named.slots.gradient()).space in self._parents:
                self._unite([gradient])
        self._roots = {space: _settled(parents) for space, parents in self._parents.items()}
        self._local: dict[str, Index] = {}
        self._arrays: dict[tuple[str, int], Array] = {}
        for space, roots in self._roots.items():
            self._local[space] = _ranks(roots, whole=space in GIVEN)
        self.taken: set[str] = {*GIVEN.values(), "n", "np", "forward", "backward", "bind", "strided", "dtype", "roots"}

    def _unite(self, together: Sequence[Slots]) -> None:
        parents = self._parents[together[0].space]
        slots = np.unique(np.concatenate([s.index.ravel() for s in together]))
        roots = np.unique(_find(parents, slots))
        parents[slots] = parents[roots] = roots[:1]

    def place(self, together: Sequence[Slots]) -> Place | None:
        """The place of slots at each step of a loop; None if they don't lie alike."""
        space = together[0].space
        index = [self._local[space][s.index] for s in together]
        starts = tuple(int(i.flat[0]) for i in index)
        relative = index[0] - starts[0]
        if any(not np.array_equal(i - start, relative) for i, start in zip(index[1:], starts[1:], strict=True)):
            return None
        return Place(self._array(space, int(together[0].index.flat[0])), starts, relative)

    def slots(self, array: Array) -> Index:
        """The slots of an array in its space."""
        if array.space in GIVEN:
            return np.arange(array.first, array.first + array.size)
        return np.flatnonzero(self._roots[array.space] == self._roots[array.space][array.first])

    def _array(self, space: str, slot: int) -> Array:
        root = int(self._roots[space][slot])
        if (space, root) not in self._arrays:
            members = np.flatnonzero(self._roots[space] == root)
            size = int(members[-1] - members[0]) + 1 if space in GIVEN else len(members)
            lanes = self._lanes and space in LANES
            array = Array(space, int(members[0]), size, "", lanes, (size,))
            array.name, array.shape = self._name(array, members)
            self._arrays[space, root] = array
        return self._arrays[space, root]

    def _name(self, array: Array, members: Index) -> tuple[str, tuple[int, ...]]:
        space, d = (array.space[1:], "d") if array.space[0] == "d" else (array.space, "")
        parts = [name for name in self._names if name.slots.space == space and np.isin(name.slots.index, members).any()]
        if not parts:
            return "", (array.size,)
        alone = len(parts) == 1 and np.array_equal(parts[0].slots.index.ravel(), members)
        words = [_identifier(part.name) for part in parts]
        name = "_".join(words) if len(words) < 4 else f"{words[0]}_to_{words[-1]}"
        return self.fresh(f"{d}{'_' if d and len(name) > 3 else ''}{name}"), parts[0].slots.index.shape if alone else (array.size,)

    def named(self, array: Array, word: str) -> str:
        """The name of an array, made from a word if it has none yet."""
        if not array.name:
            array.name = self.fresh(word) if array.space not in GIVEN else self.fresh(GIVEN[array.space])
        return array.name

    def fresh(self, word: str) -> str:
        """A name that nothing has: the word, with a number behind it where it is taken or is to be counted."""
        name, number = word, 2
        while name in self.taken:
            name, number = f"{word}_{number}" if word[-1].isdigit() else f"{word}{number}", number + 1
        self.taken.add(name)
        return name

    def __iter__(self) -> Iterator[Array]:
        yield from self._arrays.values()


def _sizes(program: ArrayProgram) -> Mapping[str, int]:
    return {**program.sizes, **{f"d{space}": size for space, size in program.sizes.items()}, "c": len(program.constants), "s": 1}


def _identifier(name: str) -> str:
    plain = "".join(c if c.isalnum() else "_" for c in name).strip("_")
    return plain if plain[:1].isalpha() else f"p{plain}"


def _find(parents: Index, slots: Index) -> Index:
    roots = parents[slots]
    while not np.array_equal(above := parents[roots], roots):
        roots = above
    return roots


def _settled(parents: Index) -> Index:
    while not np.array_equal(above := parents[parents], parents):
        parents = above
    return parents


def _ranks(roots: Index, *, whole: bool) -> Index:
    """The place of each slot in its array: the count of those before it, or the distance to the first."""
    order = np.argsort(roots, kind="stable")
    grouped = roots[order]
    first = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]]) if len(roots) else np.zeros(0, np.intp)
    sizes = np.diff(np.r_[first, len(roots)])
    local = np.empty(len(roots), np.intp)
    local[order] = order - np.repeat(order[first], sizes) if whole else np.arange(len(roots)) - np.repeat(first, sizes)
    return local


# ── text ──


def shaped(array: Array) -> None:
    """Choose the shape by which most views of an array are written as plain slices."""
    if array.shape != (array.size,) or array.space in ("c", "s"):
        return
    candidates = {array.shape: None}
    for view in array.used:
        whole = view.stacked() if len(view.starts) > 1 else view
        for shape in [] if whole is None else [_refined(array.size, whole), _refined(array.size, view)]:
            if shape is not None and len(shape) < 5:
                candidates[shape] = None
    best = (len(array.used) * 4 + 1, 0)
    for shape in list(candidates)[:12]:
        array.shape, before = shape, array.shape
        cost = (sum(_cost(view) for view in array.used), len(shape))
        if cost < best:
            best = cost
        else:
            array.shape = before


def _cost(view: View) -> int:
    text = written(view.stacked() or view)
    return 4 if "strided" in text else 2 if "reshape" in text else 1 if "[" in text else 0


def _refined(size: int, view: View) -> tuple[int, ...] | None:
    """A shape of the whole array that has an axis for each stride of a view."""
    cuts = sorted({abs(stride) for stride, length in zip(view.strides, view.sizes, strict=True) if stride and length > 1}, reverse=True)
    bounds = [size, *cuts] if cuts[-1:] == [1] or not cuts else [size, *cuts, 1]
    if any(outer % inner for outer, inner in zip(bounds, bounds[1:], strict=False)):
        return None
    return tuple(outer // inner for outer, inner in zip(bounds, bounds[1:], strict=False)) or (size,)


def written(view: View) -> str:
    """The text of a view without steps: plain slicing where that is a view, else by strides."""
    array = view.array
    model = array.model()
    flat = model.reshape(-1, 2) if array.lanes else model.reshape(-1)
    wanted = views.strided(flat, view.starts[0], view.sizes, view.strides)
    if view.lane == "1":
        wanted = wanted[..., None]
    elif view.lane == "merged":
        wanted = _merge(wanted)
    for text in _texts(view):
        got = eval(text, {"np": np, "n": 2, array.name: model})
        if got.shape == wanted.shape and np.shares_memory(got, model) and np.array_equal(got, wanted):
            return text
    tail = {"n": "", "": "", "1": "[..., None]", "merged": ", merge=True"}[view.lane]
    head = f"strided({_flat(array)}, {view.starts[0]}, {view.sizes}, {view.strides}"
    return f"{head}{tail})" if view.lane == "merged" else f"{head}){tail}"


def _merge(array: NDArray[np.float64]) -> NDArray[np.float64]:
    *others, size, lanes = array.shape
    return np.lib.stride_tricks.as_strided(array, (*others, size * lanes), (*array.strides[:-2], array.strides[-1]))


def _flat(array: Array) -> str:
    if len(array.shape) == 1:
        return array.name
    return f"{array.name}.reshape(-1, n)" if array.lanes else f"{array.name}.ravel()"


def _texts(view: View) -> Iterator[str]:
    array, start = view.array, view.starts[0]
    lanes = {"n": ["n"], "merged": [], "": [], "1": ["1"]}[view.lane]
    sizes = [str(size) for size in view.sizes]
    if view.lane == "merged":
        sizes[-1] = f"{sizes[-1]} * n" if sizes[-1] != "1" else "n"
    target = ", ".join([*sizes, *lanes])
    yield from _sliced(view, array.name, array.shape)
    count = prod(view.sizes)
    part = array.name if count == array.size else f"{_flat(array)}[{start}:{start + count}]"
    yield f"{part}.reshape({target})"
    if not array.lanes and len(view.sizes) == 1 and view.lane == "":
        yield part
    if view.lane == "merged":
        for text in _sliced(view._replace(lane="n"), array.name, array.shape):
            yield f"{text}.reshape({target})"
    refined = _refined(array.size, view)
    if refined is not None and refined != array.shape:
        shape = ", ".join(map(str, [*refined, *(["n"] if array.lanes else [])]))
        yield from _sliced(view, f"{array.name}.reshape({shape})", refined)


def _sliced(view: View, name: str, shape: tuple[int, ...]) -> Iterator[str]:
    """A slice of an array of this shape whose axes count as those of the view do, if there is one."""
    keys: list[str] = []
    order: list[int] = []
    rest = view.starts[0]
    free = [i for i, size in enumerate(view.sizes) if size > 1 and view.strides[i]]
    for i, size in enumerate(shape):
        worth = prod(shape[i + 1 :])
        at, rest = divmod(rest, worth) if worth else (0, 0)
        mine = [a for a in free if a not in order and view.strides[a] % worth == 0 and view.strides[a] // worth * (view.sizes[a] - 1) + at < size]
        if not mine:
            keys.append(str(at))
            continue
        order.append(mine[0])
        step, count = view.strides[mine[0]] // worth, view.sizes[mine[0]]
        keys.append(_slice(at, step, count, size))
    if len(order) < len(free):
        return
    ones = [i for i in range(len(view.sizes)) if i not in free]
    tail = ["..."] if view.lane == "1" else []
    if order == free and ones:
        for one in ones:
            at = sum(1 for i in free if i < one) + sum(1 for i in ones if i < one)
            spots = [j for j, key in enumerate(keys) if key == "None" or ":" in key]
            keys.insert(spots[at] if at < len(spots) else len(keys), "None")
        ones = []
    while keys and keys[-1] == ":":
        keys.pop()
    if view.lane == "1":
        keys = [*keys, *tail, "None"]
    text = f"{name}[{', '.join(keys)}]" if keys else name
    if order != free or ones:
        if ones or view.lane not in ("n", ""):
            return
        places = [order.index(a) for a in free]
        if len(places) == 2 and not view.array.lanes:
            text = f"{text}.T"
        else:
            text = f"{text}.transpose({', '.join(map(str, [*places, *([len(places)] if view.array.lanes else [])]))})"
    yield text


def _slice(at: int, step: int, count: int, size: int) -> str:
    if step < 0:
        stop = at + step * count
        return f"{at}:{stop if stop >= 0 else ''}:{step}"
    stop = at + step * (count - 1) + 1
    text = f"{at or ''}:{stop if stop + step <= size or stop < size else ''}"
    return f"{text}:{step}" if step > 1 else text
