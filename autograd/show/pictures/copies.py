"""Nodes that are drawn again beside those of their uses that are far from them, in place of a star of long lines.

>>> from autograd import Tape, Value
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.pictures.copies import copies
>>> from autograd.show.pictures.part import nearest
>>> x, s = Value(1.0), Value(0.0)
>>> for _ in range(6):
...     s = s + x
>>> tape = Tape(s)
>>> sorted(copies(nearest(boxes(tape), tape.roots, 20)).items())
[((4, 1), 3), ((5, 1), 4), ((6, 1), 5), ((7, 1), 6)]
"""

import math
from typing import Final

from autograd.show.pictures.part import Part

FEW: Final = 3
"""Lines from one leaf, which may be long."""
NEAR: Final = 1
"""Ranks between the first use of a leaf and one that is not far."""
LONG: Final = 5
"""Ranks that a line from another node crosses at most in a picture of long lines,"""
LENGTH: Final = 600
"""which are so many ranks long together. Lines are led around all boxes on their way, and that takes seconds."""


def copies(part: Part) -> dict[tuple[int, int], int]:
    """For each use far away from a node, by its place and position, the rank of the copy that its line comes from."""
    ranks: dict[int, int] = {}
    uses: dict[int, list[tuple[int, tuple[int, int]]]] = {}
    for head in part.shown:
        lines = [line for line in part.operands[head] if line is not None]
        rank = ranks[head] = 1 + max((ranks[line.source] for line in lines), default=-1)
        for line in lines:
            uses.setdefault(line.source, []).append((rank, line.uses[0]))
    results = {source: row for source, row in uses.items() if part.operands[source]}
    length = sum(rank - ranks[source] for source, row in results.items() for rank, _ in row)
    found: dict[tuple[int, int], int] = {}
    for source, row in uses.items():
        first = min(rank for rank, _ in row)
        far = first + NEAR if source not in results and len(row) > FEW else math.inf
        if source in results and length > LENGTH:
            far = max(ranks[source] + LONG, first)
        found |= {use: rank for rank, use in row if rank > far}
    return found
