"""Products written as calls of BLAS: one matrix product where the slots allow it, a copy before it where they don't."""

from itertools import accumulate, pairwise
from math import prod
from typing import Final, NamedTuple

from autograd.compiler import views
from autograd.compiler.expressions import name, number, times
from autograd.compiler.statements import Product
from autograd.compiler.storage import Place, View, merged
from autograd.compiler.writer import Writer, matrix

_LETTERS: Final = "abcdefghijklmopqrstuvwxyz"
"""For the axes of a sum; n is for lanes."""
_TIMES: Final = times(name("left"), name("right"))
_TURNED: Final = str.maketrans("fp", "pf")


class _Sum(NamedTuple):
    """out[c, f, p] = Σ_t left[c, f, t] right[c, p, t], where each label may be several axes."""

    labels: str
    """Of all axes; a view has the stride 0 along one that it lacks."""
    left: View
    right: View
    out: View

    def axes(self, labels: str) -> list[int]:
        """The axes with these labels, in their order."""
        return [axis for label in labels for axis, own in enumerate(self.labels) if own == label]

    def size(self, label: str) -> int:
        """The number of slots along a label."""
        return prod(self.out.along(self.axes(label)).sizes)

    def turned(self) -> "_Sum":
        """The same with left and right exchanged."""
        return _Sum(self.labels.translate(_TURNED), self.right, self.left, self.out)

    def lacks(self, side: View) -> bool:
        """Whether a side is the same for each c."""
        return not any(side.along(self.axes("c")).strides)


def write(w: Writer, statement: Product, out: Place, left: Place, right: Place) -> None:
    """The lines of a product."""
    labels = ["cfp", "cft", "cpt"]
    grid = views.unify([place.index for place in (out, left, right)], labels)
    a = w.operand(left, grid, grid.strides[1], labels[1])
    b = w.operand(right, grid, grid.strides[2], labels[2])
    with w.target(out, grid, labels[0], add=statement.add) as (target, add):
        _sum(w, _Sum(grid.labels, a, b, target), add=add, factor=statement.factor)


def _sum(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    if s.left.array.lanes and not s.right.array.lanes:
        s = s.turned()
    if s.right.array.lanes and not s.left.array.lanes and not s.out.array.lanes:
        value = w.summed(s.right.narrow(), range(len(s.labels)), None, lanes=False)
        steps = tuple(step if size > 1 else 0 for step, size in zip(value.strides, value.sizes, strict=True))
        s = s._replace(right=value._replace(sizes=s.right.sizes, strides=steps))
    if s.lacks(s.left) or s.lacks(s.right):
        s = s._replace(labels=s.labels.replace("c", "p" if s.lacks(s.left) else "f"))
    c, f, p, t = map(s.size, "cfpt")
    both = s.left.array.lanes and s.right.array.lanes
    over_lanes = both and not s.out.array.lanes
    if t == 1 and not (over_lanes and f * p > 1):
        w.spread(times(number(factor), _TIMES), {"left": s.left, "right": s.right}, s.out, add=add)
    elif f * p == 1 and both and not over_lanes:
        _by_sums(w, s, add=add, factor=factor)
    elif (both or (f * p == 1 and c > 1)) and not over_lanes:
        _by_einsum(w, s, add=add, factor=factor)
    else:
        _matrices(w, s, add=add, factor=factor)


def _by_sums(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As elementwise products, and their sums."""
    order = [*s.axes("t"), *s.axes("cfp")]
    value = w.scratch(s.out.along(order).sizes, lanes=True).along([order.index(i) for i in range(len(order))])
    w.spread(_TIMES, {"left": s.left, "right": s.right}, value, add=False)
    w.store(value, s.out, add=add, factor=factor)


def _by_einsum(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As sums of products that are no matrix products worth the name."""
    left, right, out = merged(s[1:])
    axes = range(len(out.sizes))
    kept = [i for i in axes if out.strides[i]]
    named = [[i for i in axes if left.strides[i] or not right.strides[i]], [i for i in axes if right.strides[i]], kept]
    out = out.along(kept)
    direct = views.injective(out.sizes, out.strides)
    with w.result(out, direct=direct, lanes=s.right.array.lanes, add=add, factor=factor) as value:
        given = [view.along(side) for view, side in zip((left, right), named, strict=False)]
        sides = zip((*given, value), named, strict=True)
        one, other, result = ("".join(_LETTERS[i] for i in side) + "n" * view.array.lanes for view, side in sides)
        a, b = map(w.view, given)
        w.emit(f"np.einsum('{one},{other}->{result}', {a}, {b}, out={w.view(value)})")


def _matrices(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As one matrix product, or one for each c."""
    over_lanes = s.left.array.lanes
    down, across = (s.out.along(s.axes(label)).merged().strides for label in "fp")
    if not s.right.array.lanes and down == (1,) and across:
        s = s.turned()
    batch, lanes = "c" in s.labels, s.right.array.lanes and not over_lanes
    out, order = s.out.along(s.axes("cfp")), "pt" if over_lanes else "tp"
    with w.result(out, direct=out.contiguous, lanes=lanes, add=add, factor=factor) as value:
        left = _matrix(w, s, s.left.along(s.axes("cft")), "ft")
        right = _matrix(w, s, s.right.along(s.axes(f"c{order}")), order, turn=over_lanes)
        result = _matrix(w, s, value, "fp")
        w.emit(f"np.matmul({left}, {right}, out={result})" if batch else f"{left}.dot({right}, out={result})")


def _matrix(w: Writer, s: _Sum, x: View, labels: str, *, turn: bool = False) -> str:
    """The mark of a matrix with lanes among its columns, or of one for each c; copied where BLAS couldn't take it.

    The axes of the view are those of c, and then those with the two labels.
    """
    ends = accumulate(len(s.axes(label)) for label in f"c{labels}")
    stack, down, across = (range(start, stop) for start, stop in pairwise([0, *ends]))
    found = matrix(x, down, across, stack) or matrix(w.copied(x, lanes=x.array.lanes), down, across, stack)
    assert found is not None
    return w.view(found._replace(turned=turn and len(found.sizes) + (found.lane == "own") > 1))
