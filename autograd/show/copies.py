"""Nodes that are drawn again beside those of their uses that are far from them, in place of a star of long lines.

>>> from autograd import Tape, Value
>>> from autograd.show.cones import boxes
>>> from autograd.show.copies import copies
>>> from autograd.show.part import nearest
>>> x, s = Value(1.0), Value(0.0)
>>> for _ in range(6):
...     s = s + x
>>> tape = Tape(s)
>>> sorted(copies(nearest(boxes(tape), tape.roots, 20)).items())
[((4, 1), 3), ((5, 1), 4), ((6, 1), 5), ((7, 1), 6)]
"""

from collections.abc import Iterator
from typing import Final

from autograd.show.part import Part

FEW: Final = 3
"""Lines from one leaf, which may be long."""
FEW_OF_RESULTS: Final = 12
"""Lines from a node with operands: its box says more than a copy."""
NEAR: Final = 1
"""Ranks between the first use and one that is not far."""


def copies(part: Part) -> dict[tuple[int, int], int]:
    """For each use far away from a node, by its place and position, the rank of the copy that its line comes from."""
    ranks: dict[int, int] = {}
    uses: dict[int, list[tuple[int, tuple[int, int]]]] = {}
    for head in part.shown:
        lines = [line for line in part.operands[head] if line is not None]
        rank = ranks[head] = 1 + max((ranks[line.source] for line in lines), default=-1)
        for line in lines:
            uses.setdefault(line.source, []).append((rank, line.uses[0]))
    return {use: rank for source, found in uses.items() for rank, use in _far(part, source, found)}


def _far(part: Part, source: int, uses: list[tuple[int, tuple[int, int]]]) -> Iterator[tuple[int, tuple[int, int]]]:
    if len(uses) <= (FEW_OF_RESULTS if part.tape.operation(source) else FEW):
        return
    first = min(rank for rank, _ in uses)
    for rank, use in uses:
        if rank > first + NEAR:
            yield rank, use
