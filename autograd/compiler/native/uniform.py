"""Which nodes differ between the examples of a batch, and copies of the others for operations that read both kinds.

>>> import numpy as np
>>> from autograd import Tape, Value
>>> from autograd.compiler.reading import Recording, scalars
>>> w, x = Value(1.0), Value(2.0)
>>> tape = Tape((w * w).maximum(x))
>>> g = scalars(Recording(tape, np.array([tape.place(x)]), np.array([tape.place(w)])))
>>> g, lanes = with_copies(g, lanes_of(g))
>>> print(g)
2 leaves
[1] = p0·p0
[2] = [1]
[4] = maximum([2], x0)
>>> lanes.tolist()
[False, False, True, True, True]
"""

import numpy as np

from autograd.compiler.native.planning import Terms, order_of
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, Mask, Scalars


def terms_of(g: Scalars) -> Terms:
    """The terms of a scalar graph."""
    return Terms(g.owner, g.left, g.right, len(g))


def lanes_of(g: Scalars) -> Mask:
    """Whether each node has lanes: a number for each example. A node whose guard has lanes has them too."""
    terms, every, lanes = terms_of(g), np.ones(len(g.owner), bool), np.asarray(g.kind == INPUT)
    while True:
        lanes = terms.readers(lanes, every)
        if g.guards is None:
            return lanes
        more = (g.guards != ONE) & lanes[g.guards] & ~lanes
        if not more.any():
            return lanes
        lanes |= more


def with_copies(g: Scalars, lanes: Mask) -> tuple[Scalars, Mask]:
    """A graph in which operations with lanes read nodes with lanes alone, and roots and guards have some.

    Where another node is needed, a linear node with lanes stands for it, directly behind it.
    """
    read = ~g.in_linear & lanes[g.owner]
    guarded = np.flatnonzero(lanes & (g.guards != ONE)) if g.guards is not None else np.zeros(0, np.intp)
    copied = np.zeros(len(g), bool)
    copied[g.left[read]] = copied[g.roots] = True
    if g.guards is not None:
        copied[g.guards[guarded]] = True
    copied &= ~lanes
    if not copied.any():
        return g, lanes
    size = 1 + copied
    place = (np.cumsum(size) - size).astype(np.int32)
    copy = (place + copied).astype(np.int32)
    place_or_one = np.append(place, ONE).astype(np.int32)
    arrays = [np.repeat(x, size) for x in (g.kind, g.code, g.number, g.leaf, g.kept, lanes)]
    kind, code, number, leaf, kept, lanes = arrays
    of = copied & (g.kind != CONSTANT)  # The copy of a constant has its number, and reads nothing.
    kind[copy[copied]], lanes[copy[copied]], number[copy[of]] = LINEAR, True, 0.0
    owner = np.concatenate([place[g.owner], copy[of]])
    order = order_of(owner, len(kind))
    left = np.concatenate([np.where(read, copy[g.left], place[g.left]), place[of]])[order]
    right = np.concatenate([place_or_one[g.right], np.full(of.sum(), ONE, np.int32)])[order]
    coefficient = np.concatenate([g.coefficient, np.ones(of.sum())])[order]
    made = Scalars(kind, code, number, leaf, kept, owner[order], coefficient, left, right, copy[g.roots], g.operations)
    if g.guards is not None:
        guards = np.repeat(place_or_one[g.guards], size)
        guards[copy[copied]] = ONE
        guards[copy[guarded]] = copy[g.guards[guarded]]
        made.guards = guards
    return made, lanes
