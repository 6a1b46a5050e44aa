"""The sentences of a picture: how much of a graph it shows, and how to see more.

>>> from autograd import Tape, Value
>>> from autograd.show.pictures.captions import notices, summary
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.pictures.part import nearest
>>> part = nearest(boxes(Tape(Value(3.0).exp().sin().cos())), [3], 2)
>>> notices(part, "the root", "root, ")
['2 of 4 nodes shown, nearest to the root; draw(root, max_nodes=4) draws all']
>>> summary(part)
'Drawing(2 nodes, 1 edge)'
"""

from typing import Final

from autograd.show.pictures.part import Part
from autograd.wording import counted

DRAWABLE: Final = 2000
"""The layout of more nodes takes minutes, and nobody can see them all."""


def summary(part: Part) -> str:
    """The size of a picture, as its text says it."""
    return f"Drawing({counted(len(part.shown), 'node')}, {counted(part.edges, 'edge')})"


def notices(part: Part, centre: str, call: str, depth: int | None = None) -> list[str]:
    """The sentences on what a picture folds and what it leaves out; none if it shows everything.

    The centre is in words; `call` is the beginning of the arguments of the call that draws more.
    """
    total, told, drawn = part.boxes.size, len(part.told), len(part.shown)
    found = []
    if part.folds:
        found.append(
            f"{told:,} nodes in {counted(drawn, 'box', 'boxes')}: what is used once stands in the formula of its user; "
            f"draw({call}fold=False) folds nothing"
        )
    if told < total:
        things, size, of = ("boxes", drawn, part.total) if part.folds else ("nodes", told, total)
        near = f"nearest to {centre}" if depth is None else f"at most {counted(depth, 'operation')} below {centre}"
        more = f"max_nodes={of}) draws all" if of <= DRAWABLE else "max_nodes=…) draws more"
        more = more if depth is None else f"depth={depth + 1}) draws more"
        found.append(f"{size:,} of {of:,} {things} shown, {near}; draw({call}{more}")
    return found
