"""Linear nodes turned into matrix products, sums along rows, and maps for the few terms that are left."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import Builder
from autograd.compiler.expressions import call, name, number, partial_of, plus, replaced, times
from autograd.compiler.grids import FULL, HOLE, Grids, grids
from autograd.compiler.layout import PAD, PHANTOM, Block
from autograd.compiler.scalars import CONSTANT
from autograd.compiler.schedule import CLASSES, CONSTANT_CLASS, PASSING
from autograd.compiler.statements import Index, Map, Product, Slots
from autograd.compiler.views import affine
from autograd.formula.cases import Expression

FEW: Final = 6
"""Up to so many terms of a kind are written out, if their slots are no regular rows."""
WASTE: Final = 2.2
"""Rows are completed with zeros up to so many times their length, on average."""


@dataclass(eq=False)
class Terms:
    """Some terms of each node of a group, in columns: coefficient · left · right."""

    left: Slots
    right: Slots | None
    coefficient: NDArray[np.float64]
    passes: tuple[bool, bool]
    ones: int = 0
    """So many of the last right factors are a slot of 1."""

    @property
    def count(self) -> int:
        return int(self.coefficient.shape[1])

    @property
    def uniform(self) -> bool:
        """Whether all coefficients are one number."""
        return bool((self.coefficient == self.coefficient.flat[0]).all())

    @property
    def many(self) -> bool:
        """Whether the terms are a product or a sum along an axis, and not written out one by one."""
        sides = [self.left.index] if self.right is None else [self.left.index, self.right.index]
        return self.count > FEW or (self.count > 2 and all(affine(side) is not None for side in sides))

    def of(self, rows: NDArray[np.intp]) -> "Terms":
        """Those of some nodes of the group."""
        right = None if self.right is None else Slots(self.right.space, self.right.index[rows])
        return Terms(Slots(self.left.space, self.left.index[rows]), right, self.coefficient[rows], self.passes)

    def scaled(self, b: Builder, nodes: NDArray[np.intp]) -> "Terms":
        """The same with 1 for each coefficient: those become factors, or are multiplied into one of the factors."""
        numbers, ones = b.layout.constant(self.coefficient), np.ones_like(self.coefficient)
        if self.right is None:
            return Terms(numbers, self.left, ones, (False, self.passes[0]))
        product = b.layout.scratch("v" if self.left.lanes else "u", np.zeros(self.left.index.shape, bool))
        b.parts.append((product, nodes[:, None]))
        partials = {"x": _factor_rule("c", "x", "x")} if self.passes[0] else {}
        b.add(Map(product, times(name("c"), name("x")), {"c": numbers, "x": self.left}), partials)
        return Terms(product, self.right, ones, self.passes)


def lower(b: Builder, nodes: NDArray[np.intp]) -> None:
    """The statements for linear nodes of one signature."""
    lengths = np.diff(b.starts)[nodes]
    if len(np.unique(lengths)) == 1 or b.layout.exact:
        for length in np.unique(lengths):
            part = nodes[lengths == length]
            _alike(b, part, _columns(b, part))
        return
    for part, terms in _completed(b, nodes, lengths):
        _alike(b, part, [terms] if terms is not None else _columns(b, part))


def _columns(b: Builder, nodes: NDArray[np.intp]) -> list[Terms]:
    """The terms of nodes that have equally many of each pair of classes, pair by pair."""
    starts = b.starts[nodes]
    at = starts[:, None] + np.arange(b.starts[nodes[0] + 1] - starts[0])
    order = np.argsort(b.schedule.pairs[at], axis=1, kind="stable")
    at = np.take_along_axis(at, order, axis=1)
    pairs = b.schedule.pairs[at[0]]
    reached = b.passes(int(nodes[0]))
    return [_terms(b, at[:, pairs == pair], int(pair), reached) for pair in np.unique(pairs)]


def _terms(b: Builder, at: NDArray[np.intp], pair: int, reached: bool) -> Terms:
    a, c = divmod(pair, 10)
    left = Slots(CLASSES[a], b.layout.slots(b.g.left[at], CLASSES[a]))
    if c == 9:
        return Terms(left, None, b.g.coefficient[at], (reached and a in PASSING, False))
    nodes, numbers = b.g.right[at], b.g.number[b.g.right[at]]
    passes = reached and c in PASSING and bool((b.g.kind[nodes] != CONSTANT).any())
    if c != CONSTANT_CLASS and (b.g.kind[nodes] == CONSTANT).all() and (numbers == numbers[:1]).all():
        # The first state lies before the nodes that come of it, as each later state does.
        index = np.broadcast_to(b.layout.row_of(CLASSES[c], numbers[0]), at.shape)
    else:
        index = b.layout.slots(nodes, CLASSES[c])
    return Terms(left, Slots(CLASSES[c], index), b.g.coefficient[at], (reached and a in PASSING, passes))


def _alike(b: Builder, nodes: NDArray[np.intp], terms: list[Terms]) -> None:
    """The statements for nodes with the same columns of terms: a matrix product first, if there is one."""
    terms = [t.scaled(b, nodes) if t.many and not t.uniform else t for t in terms]
    for main in sorted(terms, key=lambda t: -t.count):
        if main.right is None or main.count < 2 or not main.uniform:
            continue
        factors, rest = _with_bias(b, main, [t for t in terms if t is not main])
        found = _as_grids(factors, 1.0 if b.layout.exact else FULL)
        if found is None or (not main.many and all(part.cells[0].size == 1 for part in found)):
            continue
        for part in found:
            cells = part.cells.reshape(-1)
            live = cells != HOLE
            block = b.allocate(np.where(live, nodes[cells], PHANTOM), part.cells.shape)
            _product(b, block, part, factors)
            _rest(
                b,
                Slots(block.space, block.slots[live]),
                [t.of(cells[live]) for t in rest],
                b.g.number[nodes[cells[live]]],
                add=True,
            )
        return
    _without_product(b, nodes, terms)


def _with_bias(b: Builder, main: Terms, rest: list[Terms]) -> tuple[Terms, list[Terms]]:
    """The terms with a column more, weights times 1, if the weights of a row and its bias are one row of a matrix."""
    assert main.right is not None
    factor = main.coefficient.flat[0]
    bias = next((t for t in rest if t.right is None and t.count == 1 and t.left.space == main.left.space == "p"), None)
    if bias is None or (bias.coefficient != factor).any():
        return main, rest
    ones = b.layout.ones_for(main.right.space, main.right.index)
    weights = np.hstack([main.left.index, bias.left.index])
    if ones is None or affine(np.unique(weights, axis=0)) is None:
        return main, rest
    right = Slots(main.right.space, np.hstack([main.right.index, ones[:, None]]))
    joined = Terms(Slots("p", weights), right, np.full(weights.shape, factor), main.passes, 1)
    return joined, [t for t in rest if t is not bias]


def _as_grids(terms: Terms, full: float) -> list[Grids] | None:
    """The matrix products with the fewest different rows, over the ways to order the terms and the two factors."""
    assert terms.right is not None
    left, right = terms.left.index, terms.right.index
    ways = [(left, right)]
    if terms.left.space == terms.right.space and terms.passes[0] == terms.passes[1]:
        ways.append((np.minimum(left, right), np.maximum(left, right)))
    for x, y in [*ways]:
        for key in (y, x):
            order = np.argsort(key, axis=1, kind="stable")
            ways.append((np.take_along_axis(x, order, axis=1), np.take_along_axis(y, order, axis=1)))
    best: tuple[int, list[Grids]] | None = None
    for x, y in ways:
        found = grids(x, y, full)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
        if best is not None and best[0] <= 2 * len(left) ** 0.5 + 2:
            break  # No grid of so many cells has fewer rows.
    return None if best is None else best[1]


def _product(b: Builder, block: Block, part: Grids, terms: Terms) -> None:
    assert terms.right is not None
    out = Slots(block.space, block.slots.reshape(part.cells.shape))
    left, right = Slots(terms.left.space, part.left), Slots(terms.right.space, part.right)
    of_left, of_right = terms.passes
    passing = terms.count * of_left, (terms.count - terms.ones) * of_right
    b.add(Product(out, left, right, float(terms.coefficient.flat[0])), passes=passing)


def _without_product(b: Builder, nodes: NDArray[np.intp], terms: list[Terms]) -> None:
    operands = [Slots(side.space, side.index[:, 0]) for t in terms for side in (t.left, t.right) if side is not None]
    position = np.arange(len(nodes))
    if not any(t.many for t in terms) and len(operands):
        columns = [
            Slots(s.space, column) for t in terms for s in (t.left, t.right) if s is not None for column in s.index.T
        ]
        every, _, dims = b.in_order(nodes, columns)
    else:
        order = np.lexsort(tuple(slots.index for slots in operands[::-1])) if operands else position
        every, dims = nodes[order], (len(nodes),)
    at = np.empty(len(b.g), np.intp)
    at[nodes] = position
    block = b.allocate(every, dims)
    live = every != PHANTOM
    rows = at[every[live]]
    if not live.all():
        # The operands go on through the phantoms, as in_order has found.
        _rest_over_phantoms(b, block, [t.of(rows) for t in terms], b.g.number[nodes[rows]])
        return
    _rest(b, Slots(block.space, block.slots), [t.of(rows) for t in terms], b.g.number[nodes[rows]], add=False)


def _rest_over_phantoms(b: Builder, block: Block, terms: list[Terms], c0: NDArray[np.float64]) -> None:
    def whole(slots: Slots) -> Slots:
        columns = [b.layout.continued(column, block) for column in slots.index.T]
        return Slots(slots.space, np.stack([column for column in columns if column is not None], axis=1))

    def spread(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        full = np.zeros((len(block.nodes), *numbers.shape[1:]))
        full[block.nodes != PHANTOM] = numbers
        return np.full_like(full, numbers.flat[0]) if (numbers == numbers.flat[0]).all() else full

    full = [
        Terms(whole(t.left), None if t.right is None else whole(t.right), spread(t.coefficient), t.passes)
        for t in terms
    ]
    _rest(b, Slots(block.space, block.slots), full, spread(c0), add=False)


def _rest(b: Builder, out: Slots, terms: Sequence[Terms], c0: NDArray[np.float64], *, add: bool) -> None:
    """The terms of a node one by one, and sums along rows where they are many."""
    long = [t for t in terms if t.many and t.uniform]
    for t in long:
        if t.right is None:
            row = times(number(float(t.coefficient.flat[0])), call("total", name("xs")))
            _sum_along(b, out, t, row, add=add)
        else:
            shape = (len(out.index), 1, t.count)
            left, right = (
                Slots(t.left.space, t.left.index.reshape(shape)),
                Slots(t.right.space, t.right.index.reshape(shape)),
            )
            passing = (t.count * t.passes[0], t.count * t.passes[1])
            b.add(
                Product(Slots(out.space, out.index.reshape(-1, 1, 1)), left, right, float(t.coefficient.flat[0]), add),
                passes=passing,
            )
        add = True
    few = [t for t in terms if t not in long]
    if few or not add or c0.any():
        _few(b, out, few, c0, add=add)


def _sum_along(b: Builder, out: Slots, t: Terms, row: Expression, *, add: bool) -> None:
    partials = {"xs": Expression("each", (number(float(t.coefficient.flat[0])), "xs"))} if t.passes[0] else {}
    b.add(Map(out, row, {"xs": t.left}, frozenset(["xs"]), add), partials)


def _shared_first(b: Builder, terms: Sequence[Terms], c0: NDArray[np.float64]) -> Sequence[Terms] | None:
    """The terms, with c0 and those that are the same for all examples added up to one of one lane; None for one."""
    shared = [t for t in terms if not t.left.lanes and not (t.right and t.right.lanes)]
    if sum(t.count for t in shared) + c0.any() < 2:
        return None
    sides = [side.index for t in shared for side in (t.left, t.right) if side]
    every = np.hstack([*sides, *(t.coefficient for t in shared), c0[:, None]])
    _, first, place = np.unique(every, axis=0, return_index=True, return_inverse=True)
    total = b.layout.scratch("u", np.zeros(len(first), bool))
    _few(b, total, [t.of(first) for t in shared], c0[first], add=False)
    index = total.index[place.reshape(-1, 1)]
    one = Terms(Slots("u", index), None, np.ones(index.shape), (any(any(t.passes) for t in shared), False))
    return [*(t for t in terms if t not in shared), one]


def _few(b: Builder, out: Slots, terms: Sequence[Terms], c0: NDArray[np.float64], *, add: bool) -> None:
    # Nodes with guards of their own share no gradient.
    if out.lanes and not b.is_guarded(out) and (added := _shared_first(b, terms, c0)):
        terms, c0 = added, np.zeros_like(c0)
    operands: dict[str, Slots] = {}
    known: dict[tuple[str, bytes, bool], str] = {}

    def called(slots: Slots, passes: bool) -> str:
        key = (slots.space, slots.index.tobytes(), passes)
        if key not in known:
            known[key] = f"x{len(known)}"
            operands[known[key]] = slots
        return known[key]

    def factor(numbers: NDArray[np.float64]) -> Expression:
        if (numbers == numbers[0]).all():
            return number(float(numbers[0]))
        return name(called(b.layout.constant(numbers), False))

    parts: list[tuple[Expression, str, str | None]] = []
    for t in terms:
        for j in range(t.count):
            left = called(Slots(t.left.space, t.left.index[:, j]), t.passes[0])
            right = None if t.right is None else called(Slots(t.right.space, t.right.index[:, j]), t.passes[1])
            parts.append((factor(t.coefficient[:, j]), left, right))
    products = [times(c, name(x) if y is None else times(name(x), name(y))) for c, x, y in parts]
    value = reduce(plus, products if products and not c0.any() else [factor(c0), *products])
    partials = {x: _partial(parts, x) for (*_, passes), x in known.items() if passes}
    b.add(Map(out, value, operands, add=add), partials)


def _partial(parts: Sequence[tuple[Expression, str, str | None]], x: str) -> Expression:
    """The derivative of a sum of terms by one of its operands."""
    return reduce(plus, [times(c, _factor_rule(left, right, x)) for c, left, right in parts if x in (left, right)])


def _factor_rule(left: str, right: str | None, x: str) -> Expression:
    if right is None:
        return partial_of("positive", "x")
    if left == right:
        return replaced(partial_of("square", "x"), {"x": name(x)})
    return replaced(partial_of("multiply", "x" if x == left else "y"), {"x": name(left), "y": name(right)})


def _completed(
    b: Builder, nodes: NDArray[np.intp], lengths: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], Terms | None]]:
    """Nodes with rows of several lengths, completed to rows of one length where that wastes little."""
    longest = int(lengths.max())
    at = np.minimum(b.starts[nodes][:, None] + np.arange(longest), len(b.g.owner) - 1)
    missing = np.arange(longest) >= lengths[:, None]
    pair = int(b.schedule.pairs[b.starts[nodes[0]]])
    a, c = divmod(pair, 10)
    space = CLASSES[a]
    left = np.where(missing, PAD, b.layout.slots(b.g.left[at], space))
    if c == 9:
        if longest * len(nodes) > WASTE * lengths.sum():
            return [(nodes[lengths == length], None) for length in np.unique(lengths)]
        return [(nodes, _padded_terms(b, pair, left, None, nodes))]
    right = np.where(missing, PAD, b.layout.slots(b.g.right[at], CLASSES[c]))
    return _completed_products(b, nodes, lengths, pair, (left, right))


def _padded_terms(b: Builder, pair: int, left: Index, right: Index | None, nodes: NDArray[np.intp]) -> Terms:
    a, c = divmod(pair, 10)
    coefficient = np.full(left.shape, b.g.coefficient[b.starts[nodes[0]]])
    first = Slots(CLASSES[a], b.layout.padded(left, CLASSES[a]))
    second = None if right is None else Slots(CLASSES[c], b.layout.padded(right, CLASSES[c]))
    reached = b.passes(int(nodes[0]))
    return Terms(first, second, coefficient, (reached and a in PASSING, reached and c in PASSING))


def _completed_products(
    b: Builder, nodes: NDArray[np.intp], lengths: NDArray[np.intp], pair: int, sides: tuple[Index, Index]
) -> list[tuple[NDArray[np.intp], Terms | None]]:
    """Where the factors of a short row are among those of one of the longest rows, the others are 0 times those."""
    full = lengths == lengths.max()
    best: tuple[int, NDArray[np.bool_], Index, Index] | None = None
    for own, other in (sides, sides[::-1]):
        done, complete, beside = _aligned(own, other, full)
        if best is None or done.sum() > best[0]:
            best = (int(done.sum()), done, *((complete, beside) if own is sides[0] else (beside, complete)))
    assert best is not None
    _, done, left, right = best
    parts: list[tuple[NDArray[np.intp], Terms | None]] = []
    if (~full & done).any():
        parts.append((nodes[done], _padded_terms(b, pair, left[done], right[done], nodes)))
    else:
        done = np.zeros(len(nodes), bool)
    return parts + [(nodes[~done & (lengths == length)], None) for length in np.unique(lengths[~done])]


def _aligned(own: Index, other: Index, full: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Index, Index]:
    """Each short row of slots put in the places that they have in a full row, and the other factors beside them."""
    place: dict[int, tuple[int, int] | None] = {}
    rows = np.unique(own[full], axis=0)
    for k, row in enumerate(rows.tolist()):
        for j, slot in enumerate(row):
            place[slot] = (k, j) if slot not in place else None
    complete, beside, done = own.copy(), other.copy(), full.copy()
    for k in np.flatnonzero(~full).tolist():
        count = int((own[k] != PAD).sum())
        found = [place.get(slot) for slot in own[k, :count].tolist()]
        known = [at for at in found if at is not None]
        if len(known) == count and len({at[0] for at in known}) == 1 and len({at[1] for at in known}) == count:
            done[k] = True
            complete[k] = rows[known[0][0]]
            beside[k] = PAD
            beside[k, [at[1] for at in known]] = other[k, :count]
    return done, complete, beside
