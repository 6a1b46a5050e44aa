"""Products written as calls of BLAS: one matrix product where the slots allow it, a copy before it where they don't."""

from math import prod
from typing import Final, NamedTuple

from autograd.compiler import views
from autograd.compiler.expressions import name, number, times
from autograd.compiler.statements import Product
from autograd.compiler.storage import Place, View
from autograd.compiler.views import Axes
from autograd.compiler.writer import Operand, Spread, Writer

_TURNED: Final = {"c": "c", "f": "p", "p": "f", "t": "t"}
_TIMES: Final = times(name("left"), name("right"))


class _Sum(NamedTuple):
    """out[c, f, p] = Σ_t left[c, f, t] right[c, p, t], where each label may be several axes."""

    sizes: Axes
    left: Operand
    right: Operand
    out: Operand

    def turned(self) -> "_Sum":
        """The same with left and right exchanged."""
        left, right, out = (
            x._replace(strides={_TURNED[k]: v for k, v in x.strides.items()}) for x in (self.left, self.right, self.out)
        )
        return _Sum({label: self.sizes[_TURNED[label]] for label in self.sizes}, right, left, out)

    def moved(self, source: str, to: str) -> "_Sum":
        """The axes of one label put before those of another."""

        def move(axes: Axes) -> Axes:
            return axes | ({to: axes[source] + axes[to]} if to in axes and source in axes else {}) | {source: ()}

        return _Sum(move(self.sizes), *(x._replace(strides=move(x.strides)) for x in self[1:]))

    def merged(self) -> "_Sum":
        """The same with as few axes for each label as there can be."""
        sizes, strides = dict(self.sizes), [dict(x.strides) for x in self[1:]]
        for label, axis in self.sizes.items():
            having = [row for row in strides if label in row]
            sizes[label], rows = views.merged(axis, [row[label] for row in having])
            for row, merged in zip(having, rows, strict=True):
                row[label] = merged
        return _Sum(sizes, *(x._replace(strides=row) for x, row in zip(self[1:], strides, strict=True)))


def write(w: Writer, statement: Product, out: Place, left: Place, right: Place) -> None:
    """The lines of a product."""
    labels = ["cfp", "cft", "cpt"]
    grid = views.unify([place.index for place in (out, left, right)], labels)
    sizes = {label: grid.sizes[label] for label in "cfpt"}
    a = w.operand(left, grid.strides[1], sizes, labels[1])
    b = w.operand(right, grid.strides[2], sizes, labels[2])
    with w.target(out, grid.strides[0], sizes, labels[0], add=statement.add) as (target, add):
        _sum(w, _Sum(sizes, a, b, target), add=add, factor=statement.factor)


def _sum(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    if s.left.array.lanes and not s.right.array.lanes:
        s = s.turned()
    if s.right.array.lanes and not s.left.array.lanes and not s.out.array.lanes:
        view = _view(s.right, s.sizes, "cpt")
        value = w.summed(view, (), None, lanes=False)
        s = s._replace(right=_operand(value, s.sizes, "cpt"))
    if not any(s.left.strides["c"]):
        s = s.moved("c", "p")
    elif not any(s.right.strides["c"]):
        s = s.moved("c", "f")
    s = s.merged()
    c, f, p, t = (prod(s.sizes[label]) for label in "cfpt")
    both = s.left.array.lanes and s.right.array.lanes
    over_lanes = both and not s.out.array.lanes
    if t == 1 and not (over_lanes and f * p > 1):
        _elementwise(w, s, add=add, factor=factor)
    elif f * p == 1 and both and not over_lanes:
        _by_sums(w, s, add=add, factor=factor)
    elif (both or (f * p == 1 and c > 1)) and not over_lanes:
        _by_einsum(w, s, add=add, factor=factor)
    else:
        _matrices(w, s, add=add, factor=factor)


def _by_sums(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As elementwise products, and their sums."""
    sizes = {"t": s.sizes["t"], "c": s.sizes["c"]}
    value = w.scratch([*sizes["t"], *sizes["c"]], lanes=True)
    product = _operand(value, sizes, "tc")
    w.spread(Spread(_TIMES, {"left": s.left, "right": s.right}, {}, s.sizes), product, add=False)
    out = s.out._replace(strides={**s.out.strides, "t": (0,) * len(sizes["t"])})
    w.store(value, _view(out, sizes, "tc"), add=add, factor=factor)


def _by_einsum(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As sums of products that are no matrix products worth the name."""
    letters = iter("abcdefghijklmopqrstuvwxyz")
    names = {label: "".join(next(letters) for _ in axis) for label, axis in s.sizes.items()}
    out = _view(s.out, s.sizes, "cfp")
    lanes = s.left.array.lanes or s.right.array.lanes
    direct = not add and views.injective(out.sizes, out.strides) and s.out.array.lanes == lanes
    value = out if direct else w.scratch(out.sizes, lanes=lanes)
    sides = [(s.left.array.lanes, "cft"), (s.right.array.lanes, "cpt"), (lanes, "cfp")]
    left, right, result = ("".join(names[label] for label in labels) + "n" * laned for laned, labels in sides)
    a, b = w.view(_view(s.left, s.sizes, "cft")), w.view(_view(s.right, s.sizes, "cpt"))
    w.emit(f"np.einsum('{left},{right}->{result}', {a}, {b}, out={w.view(value)})")
    if not direct or factor != 1.0:
        w.store(value, out, add=add, factor=factor)


def _elementwise(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    e = Spread(times(number(factor), _TIMES), {"left": s.left, "right": s.right}, {}, s.sizes)
    w.spread(e, s.out, add=add)


def _matrices(w: Writer, s: _Sum, *, add: bool, factor: float) -> None:
    """As one matrix product, or one for each c."""
    over_lanes = s.left.array.lanes
    if (
        not over_lanes
        and not s.right.array.lanes
        and s.out.strides["f"] == (1,)
        and s.out.strides["p"] not in ((), (1,))
    ):
        s = s.turned()
    batch, lanes = bool(s.sizes["c"]), s.right.array.lanes and not over_lanes
    out = _view(s.out, s.sizes, "cfp")
    direct = not add and out.contiguous and s.out.array.lanes == lanes
    value = out if direct else w.scratch(out.sizes, lanes=lanes)
    left = _matrix(w, s.left, s.sizes, "ft", keep=batch)
    right = _matrix(w, s.right, s.sizes, "pt" if over_lanes else "tp", keep=batch, turn=over_lanes)
    result = _matrix(w, _operand(value, s.sizes, "cfp"), s.sizes, "fp", keep=batch)
    w.emit(f"np.matmul({left}, {right}, out={result})" if batch else f"{left}.dot({right}, out={result})")
    if not direct or factor != 1.0:
        w.store(value, out, add=add, factor=factor)


def _line(sizes: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """The stride of axes that are one; 0 if there are none, None if they are several or BLAS can't count so."""
    merged, (found,) = views.merged(sizes, [strides])
    if not merged:
        return 0
    return found[0] if len(merged) == 1 and found[0] > 0 else None


def _matrix(w: Writer, x: Operand, sizes: Axes, labels: str, *, keep: bool, turn: bool = False) -> str:
    """The mark of a matrix with lanes among its columns, or of matrices; copied where BLAS couldn't take it."""
    down, across = (_line(sizes[label], x.strides[label]) for label in labels)
    if down is None or across is None or (across > 1 if x.array.lanes else down > 1 and across > 1):
        x = _copied(w, x, sizes, labels)
    view = _view(x, sizes, "c")
    for label in labels:
        axis, (strides,) = views.merged(sizes[label], [x.strides[label]])
        if keep and not axis and (label == labels[0] or not x.array.lanes):
            axis, strides = (1,), (1,)
        view = view._replace(sizes=view.sizes + axis, strides=view.strides + strides)
    wide = prod(sizes[labels[1]]) > 1
    view = view._replace(lane=("merged" if wide else "n") if x.array.lanes else "")
    return w.view(view._replace(turned=turn and (keep or prod(sizes[labels[0]]) > 1)))


def _copied(w: Writer, x: Operand, sizes: Axes, labels: str) -> Operand:
    """The same numbers in a scratch array, with the axes in this order."""
    view = _view(x, sizes, f"c{labels}")
    copy = w.scratch(view.sizes, lanes=x.array.lanes)
    w.emit(f"{w.view(copy)}[...] = {w.view(view)}")
    return _operand(copy, sizes, f"c{labels}")


def _view(x: Operand, sizes: Axes, labels: str) -> View:
    """An operand along the axes with these labels."""
    return View(
        x.array,
        x.starts,
        tuple(size for label in labels for size in sizes[label]),
        tuple(stride for label in labels for stride in x.strides[label]),
        "n" if x.array.lanes else "",
    )


def _operand(view: View, sizes: Axes, labels: str) -> Operand:
    """A view along the axes with these labels as an operand."""
    strides = iter(view.strides)
    return Operand(view.array, view.starts, {label: tuple(next(strides) for _ in sizes[label]) for label in labels})
