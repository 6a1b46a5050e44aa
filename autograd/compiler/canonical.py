"""The scalar graph in canonical form: sums flattened, constants folded, equal nodes made one.

Two programs that differ only in how their sums are written get one form. Sums are added in another order than they
were recorded, which is the only change to a result: no term is dropped, none is multiplied out, and no terms of
opposite signs are merged, so that infinities and nans meet as they did.
"""

import math
from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars import (
    CONSTANT,
    INPUT,
    LINEAR,
    ONE,
    OPERATION,
    PARAMETER,
    Floats,
    Integers,
    Mask,
    Scalars,
)
from autograd.formula.cases import rule

ROUNDS = 20
"""More rounds than any program has needed; each makes the graph smaller, so the limit is for speed alone."""
POWERS = 32
"""Times a greater power of two, sums that stay in range may have terms that don't."""


def canonical(g: Scalars) -> Scalars:
    """The same graph in canonical form; g is used up."""
    with np.errstate(all="ignore"):
        for _ in passes(g):
            pass
    return g


def passes(g: Scalars) -> Iterator[str]:
    """Bring a graph into canonical form, pass by pass; after each pass its name."""
    g.compact()
    yield "compact"
    repeated, in_vain = (absorb, fold, merge, unify), 0
    for one in islice(cycle(repeated), ROUNDS * len(repeated)):
        in_vain = 0 if one(g) else in_vain + 1
        yield one.__name__
        if in_vain == len(repeated):
            break  # Each has seen the graph as it is.
    peel(g)
    yield "peel"


def absorb(g: Scalars) -> bool:
    """Let a linear node take over the terms of the linear nodes that it alone reads, as deep as they go."""
    free, consumer, factor = _sole_consumers(g)
    while free.any():
        target, product = _chased(free, consumer, factor)
        if product is None:
            break
        wide = g.owner[_out_of_range(g.coefficient, product[g.owner])]
        wide = wide[free[wide]]  # A subnormal coefficient of a node that is not free stays one.
        if not len(wide):
            break
        free[wide] = False
    else:
        return False
    adds = np.flatnonzero(free & (g.number != 0.0))  # An infinite factor times no number is no nan.
    np.add.at(g.number, target[adds], g.number[adds] if product is None else product[adds] * g.number[adds])
    kept = np.flatnonzero(~free.take(g.left))
    before = g.owner[kept].astype(np.intp)
    owner = target[before]
    order = np.argsort(owner, kind="stable")
    g.keep_terms(kept[order])
    g.owner = owner[order]
    if product is not None:
        g.coefficient *= product[before[order]]
    del free, consumer, factor, target, product, kept, before, owner, order
    g.compact()
    return True


def _sole_consumers(g: Scalars) -> tuple[Mask, Integers, Floats | None]:
    """The linear nodes that a single linear node reads, in terms of one factor; that node, and the factors.

    The factors are None if all are 1.
    """
    n, is_plain = len(g), g.in_linear & (g.right == ONE)
    others, plain = np.flatnonzero(~is_plain), np.flatnonzero(is_plain)
    read, reader = g.left[plain].astype(np.intp), g.owner[plain]
    consumer = np.full(n, ONE, np.int32)
    consumer[read] = reader
    free = (g.kind == LINEAR) & (consumer != ONE)
    free[read[consumer[read] != reader]] = False
    free[g.left[others]] = False
    products = others[g.right[others] != ONE]
    free[g.right[products]] = False
    free[g.roots] = False
    coefficient, of_free = g.coefficient[plain], free[read]
    several = np.count_nonzero(of_free) > np.count_nonzero(free)
    if not several and ((coefficient == 1.0) | ~of_free).all():
        return free, consumer, None
    factor = np.zeros(n)
    factor[read] = coefficient
    if several:  # Sums with weights take longer.
        sign, signs = np.zeros(n), np.sign(coefficient)
        sign[read] = signs
        free[read[sign[read] != signs]] = False  # Infinities of opposite signs are to meet.
        factor[:] = np.bincount(read, coefficient, minlength=n)
    # A sum times a number would lose its exactness, unless the number is a power of two, and no great one.
    others = np.flatnonzero(free & (np.abs(factor) != 1.0))
    mantissa, exponent = np.frexp(factor[others])
    scalable = (np.abs(mantissa) == 0.5) & (np.abs(exponent) < POWERS)
    alone = (np.bincount(g.owner, minlength=n)[others] == 1) & (g.number[others] == 0.0)
    free[others[~(alone | scalable)]] = False
    return free, consumer, factor


def _chased(free: Mask, consumer: Integers, factor: Floats | None = None) -> tuple[Integers, Floats | None]:
    """For each free node the node at the end of its chain of consumers, and the product of the factors on the way."""
    target = np.where(free, consumer, np.arange(len(free), dtype=np.int32))
    factor = None if factor is None else np.where(free, factor, 1.0)
    between = np.zeros(len(free), bool)
    between[consumer[np.flatnonzero(free)].astype(np.intp)] = True
    active = np.flatnonzero(free & between)
    if factor is None and len(active):  # Most chains are recorded in a row, and are followed at once.
        ends = np.append(np.flatnonzero(consumer[active[:-1]] != active[1:]), len(active) - 1)
        target[active] = np.repeat(consumer[active[ends]], np.diff(ends, prepend=-1))
    while len(active):
        above = target[active].astype(np.intp)
        going = np.flatnonzero(free[above])
        active, above = active[going], above[going]
        further = target[above]
        if factor is not None:
            factor[active] *= factor[above]
        target[active] = further
    first = np.flatnonzero(free & ~between)  # Their consumers are at the end of the chain by now.
    if factor is not None:
        factor[first] *= factor[target[first]]
    target[first] = target[target[first]]
    return target, factor


def fold(g: Scalars) -> bool:
    """Put constants into coefficients, and work out what has constants alone as operands."""
    before = len(g.owner), len(g)
    changed = _fold_terms(g)
    g.kind[(g.kind == LINEAR) & (np.bincount(g.owner, minlength=len(g)) == 0)] = CONSTANT
    _fold_operations(g)
    _take_branches(g)
    changed |= _pull_scales(g)
    g.compact()
    return (len(g.owner), len(g)) != before or changed


def _fold_terms(g: Scalars) -> bool:
    """Put constants into coefficients and into c0; returned is whether that changed a product."""
    constant = g.kind == CONSTANT
    terms = np.flatnonzero(g.in_linear & g.reads(CONSTANT))
    products = terms[g.right[terms] != ONE]
    swap = products[constant[g.left[products]]]
    g.left[swap], g.right[swap] = g.right[swap], g.left[swap]
    weighs = g.kind[g.left[products]] == PARAMETER
    if weighs.any():
        # A weight times a padding or a first state of zeros stays a product, so that its row is like its neighbours.
        weighted = (g.right != ONE) & g.reads(PARAMETER) & g.reads(INPUT, LINEAR, OPERATION)
        products = products[~(weighs & (g.counts(weighted)[g.owner[products]] > 0))]
    g.coefficient[products] *= g.number[g.right[products]]
    g.right[products] = ONE
    known = terms[(g.right[terms] == ONE) & constant[g.left[terms]]]
    np.add.at(g.number, g.owner[known], g.coefficient[known] * g.number[g.left[known]])
    if len(known):
        g.keep_terms(np.delete(np.arange(len(g.owner)), known))
    return len(swap) + len(products) > 0


def _fold_operations(g: Scalars) -> None:
    of_others = ~g.in_linear & (g.kind != CONSTANT).take(g.left)
    known = (g.kind == OPERATION) & (g.counts(of_others) == 0)
    if not known.any():
        return
    starts = g.starts
    for v in np.flatnonzero(known).tolist():
        operands = g.number[g.left[starts[v] : starts[v + 1]]].tolist()
        g.number[v] = rule(g.operations[g.code[v]]).on_floats(operands)[0]
    g.kind[known] = CONSTANT
    g.keep_terms(g.kind[g.owner] != CONSTANT)


def _take_branches(g: Scalars) -> None:
    """Read the branch itself in the place of a `where` whose test is a number."""
    nodes = g.of("where")
    if not len(nodes):
        return
    first = g.starts[nodes]
    tested = g.kind[g.left[first]] == CONSTANT
    nodes, first = nodes[tested], first[tested]
    branch = np.arange(len(g), dtype=np.int32)
    branch[nodes] = g.left[first + np.where(g.number[g.left[first]] > 0.0, 1, 2)]
    g.replace(_chased(branch != np.arange(len(g)), branch)[0])


def _pull_scales(g: Scalars) -> bool:
    """Let linear nodes read x with another coefficient, where they read c·x; the node 1·x is x itself everywhere.

    Returned is whether there was such a c·x.
    """
    starts = g.starts
    nodes = np.flatnonzero((g.kind == LINEAR) & (np.diff(starts) == 1) & (g.number == 0.0))
    nodes = nodes[g.right[starts[nodes]] == ONE]
    if not len(nodes):
        return False
    scales = starts[nodes]
    left, coefficient = g.left[scales], g.coefficient[scales]
    read = ~(g.kept[nodes] & (g.kind[left] >= LINEAR))
    same, scaled = read & (coefficient == 1.0), read & (coefficient != 1.0)
    every = np.arange(len(g), dtype=np.int32)
    of, by = every.copy(), np.ones(len(g))
    of[nodes[same]] = left[same]
    g.replace(_chased(of != every, of)[0])
    if not scaled.any():
        return False
    of = every
    of[nodes[scaled]], by[nodes[scaled]] = g.left[scales[scaled]], coefficient[scaled]
    others = np.where(g.right == ONE, 1.0, by[g.right])
    factor = by[g.left] * others
    inside = g.in_linear & ~(_out_of_range(by[g.left], others) | _out_of_range(g.coefficient, factor))
    inside[scales] = False
    inside &= (of[g.left] != g.left) | ((g.right != ONE) & (of[g.right] != g.right))
    g.coefficient[inside] *= factor[inside]
    g.left = np.where(inside, of[g.left], g.left)
    g.right = np.where(inside & (g.right != ONE), of[g.right], g.right)
    return bool(inside.any())


def _out_of_range(a: Floats, b: Floats) -> Mask:
    """Whether a product of numbers is infinite or subnormal, though they aren't: with a third it may be a usual one."""
    (low, high), (least, greatest) = (_extremes(x) for x in (a, b))
    if np.isfinite(high * greatest) and low * least >= np.finfo(float).tiny:
        return np.zeros(len(a), bool)
    product = np.abs(a * b)
    usual = np.isfinite(a) & np.isfinite(b) & (a != 0.0) & (b != 0.0)
    found: Mask = usual & ((product < np.finfo(float).tiny) | np.isinf(product))
    return found


def _extremes(x: Floats) -> tuple[float, float]:
    """The least size of the numbers that aren't 0, and the greatest of all."""
    size = np.abs(x)
    return float(size.min(initial=np.inf, where=size != 0.0)), float(size.max(initial=0.0))


def merge(g: Scalars) -> bool:
    """Add up the coefficients of equal terms of a node that have the same sign."""
    n = len(g) + 1  # Nodes, and ONE.
    # Three nodes of a larger graph don't fit into one number of 64 bits, so it goes without.
    if n >= 1 << 20:
        return False
    terms = np.flatnonzero(g.in_linear)
    coefficient, left, right = g.coefficient[terms], g.left[terms], g.right[terms]
    if not np.isfinite(coefficient).all():
        return False
    pair = (g.owner[terms].astype(np.int64) * n + np.minimum(left, right)) * n + np.maximum(left, right)
    key = 3 * pair + np.sign(coefficient).astype(np.int64)  # 0 times an infinity is nan, so zeros are apart.
    in_order = np.sort(key)  # Quicker than to find groups of them, of which there are none as a rule.
    if (in_order[1:] != in_order[:-1]).all():
        return False
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    g.coefficient[terms[first]] = np.bincount(group, coefficient)
    kept = ~g.in_linear
    kept[terms[first]] = True
    g.keep_terms(kept)
    return True


def unify(g: Scalars) -> bool:
    """Make one node of nodes that are equal."""
    nodes = np.flatnonzero((g.kind != PARAMETER) & (g.kind != INPUT))
    if len(np.unique(_hashes(g, nodes))) == len(nodes):
        return False
    sums, coefficient, factors = g.in_linear, g.coefficient.copy(), np.stack([g.left, g.right], axis=1)
    coefficient[sums], factors[sums] = _ordered(coefficient[sums], factors[sums], g.owner[sums])
    by = np.append(np.arange(len(g), dtype=np.int32), np.int32(ONE))  # by[ONE] is ONE.
    found: dict[tuple[object, ...], int] = {}
    starts = g.starts
    head = (nodes, g.kind[nodes], g.code[nodes], g.number[nodes], starts[nodes], starts[nodes + 1])
    for v, kind, code, number, s, e in zip(*(array.tolist() for array in head), strict=True):
        c, before = coefficient[s:e], factors[s:e]
        now = by[before]
        if kind == LINEAR and now.tobytes() != before.tobytes():
            c, now = _ordered(c, now)
        # -0.0 and 0.0 are equal as keys, and nan is no number's equal.
        key = (kind, code, number, math.copysign(1.0, number), c.tobytes(), now.tobytes())
        by[v] = found.setdefault(key, v)
    if len(found) == len(nodes):
        return False
    g.replace(by)
    g.compact()
    return True


def _hashes(g: Scalars, nodes: NDArray[np.intp]) -> NDArray[np.uint64]:
    """A number for each of some nodes that equal ones share, whatever the order of their terms."""
    factors = np.stack([np.minimum(g.left, g.right), np.maximum(g.left, g.right)]).astype(np.uint64)
    of_terms = _mixed(g.coefficient.view(np.uint64) + _mixed(factors[0] + _mixed(factors[1])))
    sums = np.append(np.uint64(0), np.cumsum(of_terms))
    starts = g.starts
    of_nodes = sums[starts[nodes + 1]] - sums[starts[nodes]]
    kinds = _mixed(g.kind[nodes].astype(np.uint64) + _mixed(g.code[nodes].astype(np.uint64)))
    return of_nodes + _mixed(g.number[nodes].view(np.uint64) + kinds)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers in which each bit depends on many of those before."""
    x = (x ^ (x >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return x ^ (x >> np.uint64(29))


def _ordered(coefficient: Floats, factors: Integers, *owner: Integers) -> tuple[Floats, Integers]:
    """Terms in an order that depends on them alone, owner by owner."""
    factors = np.sort(factors, axis=1)
    order = np.lexsort((coefficient, *factors.T[::-1], *owner))
    return coefficient[order], factors[order]


def peel(g: Scalars) -> None:
    """Split the terms that only leaves reach off rows that also read nodes: all steps of a sequence share them."""
    inner, n, product, of_nodes = g.kind >= LINEAR, len(g), g.right != ONE, g.reads(LINEAR, OPERATION)
    moving = product & of_nodes
    if (g.kind == CONSTANT).any():
        moving |= _first_states(g)
    static = g.in_linear & ~(moving | of_nodes)
    split = (g.counts(moving) >= 2) & (g.counts(static) >= 2)
    if split.any():
        split &= g.counts(static & product & g.reads(INPUT)) >= 1
    nodes = np.flatnonzero(split)
    if not len(nodes):
        return
    # The new nodes read leaves alone, so they may stand before all others that are no leaves.
    order = np.argsort(inner, kind="stable").astype(np.int32)
    leaves = int((~inner).sum())
    new = np.empty(n, np.int32)
    new[order] = np.arange(n) + len(nodes) * (np.arange(n) >= leaves)
    part = np.full(n, ONE, np.int32)
    part[nodes] = leaves + np.arange(len(nodes))
    owner = np.where(static & split[g.owner], part[g.owner], new[g.owner])
    left, right = new[g.left], np.where(product, new[g.right], ONE)
    first = g.number[nodes]
    for name in ("kind", "code", "number", "leaf", "kept"):
        fresh = LINEAR if name == "kind" else 0
        setattr(g, name, np.insert(getattr(g, name)[order], [leaves] * len(nodes), fresh))
    g.number[part[nodes]], g.number[new[nodes]] = first, 0.0
    g.roots = new[g.roots]
    g.owner = np.concatenate([owner, new[nodes]]).astype(np.int32)
    g.coefficient = np.concatenate([g.coefficient, np.ones(len(nodes))])
    g.left = np.concatenate([left, part[nodes]]).astype(np.int32)
    g.right = np.concatenate([right, np.full(len(nodes), ONE)]).astype(np.int32)
    g.keep_terms(np.argsort(g.owner, kind="stable"))


def _first_states(g: Scalars) -> Mask:
    """Weights of constants, where others of their row's kind weigh nodes: the first step of a sequence."""
    weights = (g.right != ONE) & g.reads(PARAMETER)
    constant = weights & g.reads(CONSTANT)
    of_inputs, of_constants = g.counts(weights & g.reads(INPUT)), g.counts(constant)
    of_nodes = g.counts(weights & g.reads(LINEAR, OPERATION))
    first = (of_constants > 1) & (of_nodes == 0)
    alike = np.isin(of_inputs * len(g) + of_constants, (of_inputs * len(g) + of_nodes)[of_nodes > 1])
    found: Mask = constant & (first & alike)[g.owner]
    return found
