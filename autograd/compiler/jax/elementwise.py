"""Expressions of what slots hold, as text that XLA can fuse with what is before and after it."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from autograd.compiler.expressions import name, number, plus, replaced, simplified
from autograd.compiler.jax.memory import Held, Number, known
from autograd.compiler.jax.writer import Pending, Writer, literal
from autograd.compiler.jax.writing import as_jax
from autograd.compiler.statements import Index
from autograd.compiler.storage import View, merged
from autograd.compiler.views import LABELS, LIST, Grid, dense, positions, unify
from autograd.compiler.words import evaluated
from autograd.formula.cases import Expression, names_in


def added(w: Writer, one: Held, other: Held) -> Held:
    """The sum of two values for the same slots."""
    return applied(w, plus(name("a"), name("b")), {"a": one, "b": other}, one.places.shape)


def applied(
    w: Writer,
    e: Expression,
    given: Mapping[str, Held],
    shape: Sequence[int],
    lists: Collection[str] = (),
    *,
    is_list: bool = False,
) -> Held:
    """The value of an expression for slots in a shape, as in `Map`: names in lists have one more axis."""
    numbers = {key: held.number for key, held in given.items() if key not in lists}
    e = simplified(replaced(e, {key: number(x) for key, x in numbers.items() if x is not None}))
    used = names_in(e)
    given = {key: held for key, held in given.items() if key in used and numbers.get(key) is None}
    if not given:
        with np.errstate(all="ignore"):
            return Held(known(float(evaluated(e, {}))), np.zeros(shape, np.intp))
    if e.form == "name":
        return given[str(e.parts[0])]
    grid, seen = _on_one_grid(w, given, lists)
    inner = [i for i, label in enumerate(grid.labels) if label != LIST and any(v.strides[i] for v in seen.values())]
    along = [i for i, label in enumerate(grid.labels) if label == LIST]
    texts, sizes = dict[str, str](), list[tuple[int, ...]]()
    for key, view in zip(seen, merged([view.along(inner) for view in seen.values()]), strict=True):
        texts[key] = _text_of_list(w, view, seen[key].along(along)) if key in lists else w.text(view)
        sizes.append(view.narrow().sizes)
    ends = tuple(grid.sizes[i] for i in along) if is_list else ()
    lanes = any(view.array.lanes for view in seen.values())
    quotients = [key for key, held in given.items() if isinstance(held.array, Pending) and held.array.is_quotient]
    found = as_jax(e, texts, lists, quotients)
    made = Pending(found.text, (*np.broadcast_shapes(*sizes), *ends), lanes=lanes, is_quotient=found.is_quotient)
    return Held(made, _places(grid, [*inner, *(along if is_list else [])], shape, is_list=is_list))


def _on_one_grid(w: Writer, given: Mapping[str, Held], lists: Collection[str]) -> tuple[Grid, dict[str, View]]:
    """Views of numbers along the same axes, that of lists the first."""
    turned = [np.moveaxis(x.places, -1, 0) if key in lists else x.places for key, x in given.items()]
    ends = [LIST + LABELS if key in lists else LABELS for key in given]
    labels = [row[: places.ndim] for row, places in zip(ends, turned, strict=True)]
    grid, seen = unify(turned, labels), {}
    for (key, held), places, strides, row in zip(given.items(), turned, grid.strides, labels, strict=True):
        seen[key] = w.on_grid(Held(held.array, places), grid.sizes, strides, grid.dense(row))
    return grid, seen


def _text_of_list(w: Writer, view: View, line: View) -> str:
    """The text of a view with the axis of lists, which is there for a list of one number, too."""
    seen = _with_list(w, view, line)
    alone = not seen.array.lanes and all(size == 1 for size in seen.narrow().sizes)
    return w.text(seen, (1,) if alone else None)


def _with_list(w: Writer, view: View, line: View) -> View:
    """A view with the axis of lists as its last; members that are one place are repeated."""
    (size,), (stride,) = line.sizes, line.strides
    if isinstance(view.array, Number):
        text = f"jnp.full(({size},), {literal(view.array.number)}, {w.dtype!r})"
        return View(Pending(text, (size,), lanes=False), (0,), (*view.sizes, size), (*(0 for _ in view.sizes), 1))
    if stride or size == 1:
        return view._replace(sizes=(*view.sizes, size), strides=(*view.strides, stride))
    sizes = (*view.narrow().sizes, size)
    text = f"jnp.broadcast_to({w.text(view)}[..., None], {w.shape(sizes, lanes=view.array.lanes)})"
    steps = [step if k > 1 else 0 for step, k in zip(dense(sizes), sizes, strict=True)]
    return View(Pending(text, sizes, lanes=view.array.lanes), (0,), (*view.sizes, size), (*steps[:-1], 1))


def _places(grid: Grid, kept: Sequence[int], shape: Sequence[int], *, is_list: bool) -> Index:
    """The places of slots in an array that has some axes of a grid, that of lists the last."""
    steps = dict(zip(kept, dense([grid.sizes[i] for i in kept]), strict=True))
    places = positions(grid.sizes, [steps.get(i, 0) for i in range(len(grid.sizes))])
    if is_list:
        places = np.moveaxis(places.reshape(grid.sizes[0], *shape[:-1]), 0, -1)
    elif LIST in grid.labels:
        places = places[0]
    return places.reshape(shape)
