"""Values put into slots: added up where a slot stands more than once, or over lanes that it lacks."""

from collections.abc import Sequence
from math import prod

import numpy as np

from autograd.compiler.jax.elementwise import added
from autograd.compiler.jax.memory import Held, Number
from autograd.compiler.jax.writer import Pending, Writer, literal, total
from autograd.compiler.statements import Index, Slots
from autograd.compiler.storage import View
from autograd.compiler.views import LABELS, dense, injective, positions, unify


def store(w: Writer, out: Slots, value: Held, *, over: bool, add: bool, word: str) -> None:
    """Let slots hold a value, or its sum with what they hold; over lanes it is added up if asked for."""
    index, value = _once(w, out.index, value, over=over)
    out = Slots(out.space, index)
    if add and (old := w.held(out)).number != 0.0:
        value = added(w, old, value)
    w.memory.put(out, Held(w.bound(value.array, _name(w, out, word)), value.places))


def _name(w: Writer, out: Slots, word: str) -> str:
    """A name for an array: that of the numbers whose gradients it has, or a word."""
    space = out.space.removeprefix("d")
    if space == out.space:
        return f"{word}1"
    base = w.memory.held(Slots(space, out.index.ravel()[:1]))
    text = base.array.name if base is not None else ""
    return f"d{'_' * (len(text) > 3 and space != 'v')}{text}" if text.isidentifier() else "dv1"


def _once(w: Writer, index: Index, value: Held, *, over: bool) -> tuple[Index, Held]:
    """Slots each of which stands once, and their sums."""
    unique = np.unique(index).size == index.size
    if unique and not over:
        return index, value
    labels = LABELS[: index.ndim]
    grid = unify([index, value.places], [labels, labels])
    steps = grid.strides[0] or (grid.dense(labels) if unique else None)
    view = w.on_grid(value, grid.sizes, grid.strides[1], grid.dense(labels))
    if steps is None or not injective(*moving(grid.sizes, steps)):
        whole = summed(w, view, [], over=over)
        return _scattered(w, index, _held(whole, whole.sizes).reshaped(index.shape))
    left = [i for i, step in enumerate(steps) if step and grid.sizes[i] > 1]
    gone = [i for i in range(len(steps)) if i not in left and grid.sizes[i] > 1]
    sums = summed(w, view, gone, over=over).along(left)
    once = index.reshape(grid.sizes)[tuple(slice(None) if i in left else 0 for i in range(len(steps)))]
    return once, _held(sums, once.shape)


def _held(view: View, shape: Sequence[int]) -> Held:
    """The numbers of a view."""
    return Held(view.array, (view.starts[0] + positions(view.sizes, view.strides)).reshape(shape))


def _scattered(w: Writer, index: Index, value: Held) -> tuple[Index, Held]:
    """Sums of values by slots that no strides give."""
    each, inverse = np.unique(index.ravel(), return_inverse=True)
    lanes, size = value.array.lanes, (index.size,)
    text = literal(value.number) if value.number is not None else w.full_of(value.reshaped(size), size, lanes=lanes)
    place = f"[{':, ' * lanes}{w.table(inverse.ravel())}]"
    sums = f"jnp.zeros({w.shape((len(each),), lanes=lanes)}, {w.dtype!r}).at{place}.add({text})"
    return each, Held(Pending(sums, (len(each),), lanes=lanes), np.arange(len(each)))


def summed(w: Writer, view: View, gone: Sequence[int], *, over: bool) -> View:
    """A view summed over some of its axes, and over lanes if asked for: there those axes have one place."""
    lanes = view.array.lanes
    seen = [i for i, step in enumerate(view.strides) if step and view.sizes[i] > 1]
    within = [i for i in gone if i in seen]
    left = [i for i in seen if i not in within]
    count = prod(view.sizes[i] for i in gone if i not in within)
    factors = [*(["n"] if over and not lanes else []), *([str(count)] if count > 1 else [])]
    axes = [0] * (over and lanes) + [seen.index(i) + lanes for i in within]
    if not axes and not factors:
        return view
    number = view.array.number if isinstance(view.array, Number) else None
    text = w.text(view.along(seen)) if number is None else f"jnp.full((), {literal(number)}, {w.dtype!r})"
    text = total(text, axes, len(seen) + lanes) if axes else text
    text = f"({' * '.join([*factors, f'({text})'])})" if factors else text
    sizes = tuple(view.sizes[i] for i in left)
    steps = dict(zip(left, dense(sizes), strict=True))
    array = Pending(text, sizes, lanes=lanes and not over)
    strides = tuple(steps.get(i, 0) for i in range(len(view.sizes)))
    return View(array, (0,), tuple(1 if i in gone else k for i, k in enumerate(view.sizes)), strides)


def moving(sizes: Sequence[int], steps: Sequence[int]) -> tuple[list[int], list[int]]:
    """Of sizes and strides those of the axes along which places differ."""
    pairs = [(size, step) for size, step in zip(sizes, steps, strict=True) if step and size > 1]
    return [size for size, _ in pairs], [step for _, step in pairs]
