"""Why a gradient is what it is: the sum over all paths of the products of local derivatives.

>>> from autograd import Value, explain
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.label = "y"
>>> explain(y, x)
∂y/∂x = 8, the sum of the products along 3 paths
  6 along 2 equal paths, 3 on each: y ←[1] v1 ←[3] x
  2 along y ←[1] v2 ←[2] x

Each arrow has the local derivative of the node on its left by the node on its right. No path goes where no gradient
goes: through a detached node, or into a branch that `where` does not take. Paths are counted without walking along
them: a graph may have more of them than there are atoms.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import MAX_EMAX, Context, Decimal
from itertools import islice, pairwise
from typing import Final

from autograd.arguments import a_value, whole
from autograd.engine.number import SIX, shorts
from autograd.engine.tape import Floats
from autograd.engine.value import Value
from autograd.show.digits import added, bare, enough, together
from autograd.show.fold import folded
from autograd.show.lines import check_records
from autograd.show.names import Names
from autograd.show.paths import Path, Ways
from autograd.show.pictures.draw import draw
from autograd.show.pictures.picture import Drawing
from autograd.wording import FEW, Lines, wrapped

SHOWN: Final = 8
"""Paths that are written out, unless more are asked for."""
ADDED_UP: Final = 1000
"""Up to so many paths are added up one by one,"""
ARROWS: Final = 10**6
"""if they have no more arrows than that in all, which takes a tenth of a second."""
LOST: Final = 1e-12
"""A smaller difference, relative to the terms, is rounding."""
_ANY_SIZE: Final = Context(prec=20, Emax=MAX_EMAX)
"""Decimals in which no count is too large."""


@dataclass(frozen=True, repr=False)
class Explanation(Lines):
    """A gradient as a sum over paths: the largest of them, their number, and the sum of the others."""

    root: Value
    wrt: Value
    gradient: float
    """∂root/∂wrt: to the bits of `backward`, but over a softmax or cross-entropy without `inner` to the last few."""
    count: int
    """The number of paths: exact up to 2⁵³, and above right to 10 digits."""
    paths: tuple[Path, ...]
    """The largest, by the size of their products, largest first."""
    remainder: float
    """The sum of the others; nan where it is lost in rounding beside the size of these."""
    lines: tuple[str, ...] = field(compare=False)
    """Its text, in lines of any length."""

    def __repr__(self) -> str:
        return "\n".join(map(wrapped, self.lines))

    def draw(self) -> Drawing:
        """The picture of the paths, with the local derivative of each arrow. ValueError if there is no path."""
        return draw(self.root, between=(self.wrt, self.root), partials=True)


def explain(root: Value, wrt: Value | str, *, most: int = SHOWN, inner: bool = False) -> Explanation:
    """∂root/∂wrt as the sum over the paths from root to wrt, the largest `most` of them written out.

    wrt is any Value of the graph, or its name. Softmax and cross-entropy are one node each, unless wrt is a Value
    inside; with `inner` they are the nodes that are recorded for them. TypeError for anything else; ValueError for a
    node that is not in the graph, for a `most` that is no int from 1, and if the data of a node on a path was changed
    since it was recorded.
    """
    tape = folded(a_value(root, "explain"), inner=inner)
    if type(wrt) is Value and wrt not in tape:
        tape = folded(root, inner=True)
    names, most = Names(tape), whole("most", most)
    target, start = names.place(wrt), tape.roots[0]
    ways = Ways(tape, target)
    places, count = ways.places, ways.count
    check_records(names, places)
    gradient = tape.gradients(Floats(tape), range(target, start + 1))[target] if count else 0.0
    one_by_one = count <= most or (count <= ADDED_UP and count * len(places) <= ARROWS)
    found = ways.largest_first(count if one_by_one else most)
    paths = tuple(islice(found, most))
    remainder = added([path.product for path in found]) if one_by_one else _remainder(gradient, paths)
    found_out = Explanation(root, tape.node(target), gradient, count, paths, remainder, ())
    return replace(found_out, lines=_written(found_out, names))


def _remainder(gradient: float, shown: Sequence[Path]) -> float:
    """The rest of a gradient beside some paths; nan where it is lost in rounding."""
    products = [path.product for path in shown]
    rest = gradient - added(products)
    size = added([abs(p) for p in products])
    return rest if math.isfinite(rest) and abs(rest) > LOST * size else math.nan


# ── as text ──


def _written(found: Explanation, names: Names) -> tuple[str, ...]:
    """The lines of an explanation."""
    root, wrt = names.root, names[names.place(found.wrt)]
    gradient = f"∂{root}/∂{wrt}"
    if not found.count:
        return (f"{gradient} = 0: no path leads from {root} to {wrt}",)
    if found.wrt is found.root:
        return (f"{gradient} = 1: it is the node itself",)
    groups, others = Counter(found.paths), found.count - len(found.paths)
    amounts = [ways * path.product + 0.0 for path, ways in groups.items()]
    rest = [found.remainder] if others and not math.isnan(found.remainder) else []
    digits = enough(amounts + rest, lambda row: [added(row)])
    *texts, total = map(bare, shorts([*amounts, *rest, found.gradient], [digits] * len(amounts + rest) + [SIX]))
    lines = []
    for (path, ways), text in zip(groups.items(), texts, strict=False):
        each, amount, way = _way(path, ways, names, digits)
        if found.count == 1:  # Its amount is the gradient, which is written once.
            total, lines = max(total, amount, key=len), [way]
        else:
            equal = f"{ways:,} equal paths, {each} on each: " if ways > 1 else ""
            lines.append(f"{max(amount, text, key=len)} along {equal}{way}")
    if others:
        rest_of_them = f"{_many(others)} other path{'' if others == 1 else 's'}"
        lost = f"the sum over {rest_of_them} is lost in rounding beside these"
        lines.append(f"{texts[-1]} along {rest_of_them}" if rest else lost)
    single = all(len(path.partials) == 1 for path in groups)
    head = f"{gradient} = {total}, {_sum(found.count, single)}"
    return head, *(f"  {line}" for line in lines)


def _sum(count: int, single: bool) -> str:
    """The form of a gradient with so many paths, of which those that are shown may have a single arrow."""
    if count == 1:
        return "along the only path" if single else "the product along the only path"
    return f"the sum {'' if single else 'of the products '}{'over' if single else 'along'} {_many(count)} paths"


def _way(path: Path, ways: int, names: Names, digits: int) -> tuple[str, str, str]:
    """The product along a path, the sum of so many, and the path with its local derivatives, as text."""
    steps = [*pairwise(_shown(path))]
    factors = [math.prod(path.partials[start:end]) for start, end in steps]
    products = [path.product + 0.0, ways * path.product + 0.0]
    *texts, each, amount = map(bare, together(factors, products, lambda row: [math.prod(row)], digits))
    way = names[names.place(path.nodes[0])]
    for (start, end), text in zip(steps, texts, strict=True):
        over = f" in {end - start:,} arrows" if end - start > 1 else ""
        way += f" ←[{text}{over}] {names[names.place(path.nodes[end])]}"
    return each, amount, way


def _shown(path: Path) -> list[int]:
    """The positions of the nodes that are shown: of a long path both ends, and all nodes with a label."""
    last = len(path.partials)
    inner = range(FEW // 2 + 1, last - FEW // 2)
    shown = [i for i in range(last + 1) if i not in inner or path.nodes[i].label]
    # The name of a single node is no longer than a count.
    single = [i + 1 for i, after in pairwise(shown) if after - i == 2]
    return sorted([*shown, *single])


def _many(n: int) -> str:
    """A count, however large.

    >>> _many(12), _many(2**1000)
    ('12', 'about 1.07e301')
    """
    if n < 10**15:
        return f"{n:,}"
    # To convert all its digits takes quadratic time.
    bits = max(n.bit_length() - 64, 0)
    leading = _ANY_SIZE.multiply(Decimal(n >> bits), _ANY_SIZE.power(2, bits))
    return f"about {leading:.2e}".replace("e+", "e")
