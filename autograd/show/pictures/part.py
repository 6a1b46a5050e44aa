"""The part of a graph that is drawn: all of it in boxes, or the boxes nearest to some of them.

>>> from autograd import Tape, Value
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.pictures.part import nearest
>>> x = Value(3.0)
>>> part = nearest(boxes(Tape((x * x + 1).tanh())), [4], 2)
>>> part.shown, part.operands, part.hidden
([3, 4], {3: [None], 4: [Line(source=3, uses=((4, 0),))]}, {3: 3})
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from autograd.engine.tape import Tape
from autograd.show.pictures.cones import OUTSIDE, Boxes, Leaves, Line, boxes
from autograd.wording import end_positions

FEWEST: Final = 3
"""Folded into fewer boxes, a graph says less than some of its nodes do."""


LINES: Final = 1600
"""Lines in a picture; of more, only the first and the last into each box are drawn."""
SHARED: Final = 60
"""Of more boxes, most are weights that are used many times."""
_LEVELS: Final[tuple[tuple[bool, Leaves, float], ...]] = (
    (False, "single", SHARED),
    (False, "unlabelled", math.inf),
    (True, "all", math.inf),
)
"""How much is folded: whether nodes with labels are, which leaves are, and how many boxes are few enough."""


class Part(NamedTuple):
    """Some boxes of a graph, by the places of their heads."""

    boxes: Boxes
    shown: list[int]
    """In order, each after its operands."""
    operands: dict[int, list[Line | None]]
    """Of each of them, the lines that are shown; None where some are left out."""
    hidden: dict[int, int]
    """For each None, by the place of its node: how many nodes, and lines to shown nodes, it stands for."""
    total: int
    """The number of boxes, shown or not."""

    @property
    def tape(self) -> Tape:
        """The whole graph."""
        return self.boxes.tape

    @property
    def edges(self) -> int:
        """The number of lines that are shown."""
        return sum(line is not None for lines in self.operands.values() for line in lines)

    @property
    def told(self) -> set[int]:
        """The places of the nodes that stand in boxes, as heads, in signs or in formulas."""
        return _told(self.boxes, self.shown)

    @property
    def folds(self) -> bool:
        """Whether a box that is shown is a formula of several nodes."""
        return any(len(self.boxes.inside(head)) > 1 for head in self.shown)


def fitting(
    tape: Tape,
    around: Sequence[int],
    max_nodes: int,
    *,
    fold: bool = True,
    kept: Sequence[int] = (),
    within: set[int] | None = None,
    depth: int | None = None,
) -> Part:
    """A part of at most max_nodes boxes: folded if there are more nodes, and cut if there are more boxes.

    At first what is used once is folded, then also leaves of many users, and at last what has a label. Only the nodes
    at the places `within`, and at most `depth` operations from those around, are part of it.
    """
    plain = boxes(tape, kept=kept, within=within)
    found, size = plain, _size(plain, around, max_nodes, depth)
    for labelled, leaves, most in _LEVELS if fold and size > max_nodes else ():
        folded = boxes(tape, fold=True, labelled=labelled, leaves=leaves, kept=[*kept, *around], within=within)
        fewer = _size(folded, around, max_nodes, depth)
        if fewer < FEWEST:
            break
        found, size = folded, fewer
        if size <= min(most, max_nodes):
            break
    return nearest(found, around, max_nodes, depth=depth)


def _size(found: Boxes, around: Sequence[int], max_nodes: int, depth: int | None) -> int:
    """The number of boxes within the depth; above max_nodes it may be too small."""
    return len(found.heads) if depth is None else len(_nearest(found, around, max_nodes + 1, max_nodes + 1, depth))


def nearest(
    found: Boxes, around: Sequence[int], max_nodes: int, position: int | None = None, depth: int | None = None
) -> Part:
    """The boxes nearest to those around, at most max_nodes, in the direction of operands; a few boxes all.

    With a position, the operand there of the first of them is among the boxes, however many operands there are.
    """
    lines = found.lines(around[0]) if position is not None else []
    kept = [line.source for line in lines if (around[0], position) in line.uses]
    # One long sum should not fill the picture with its operands.
    small = len(found.heads) <= max_nodes
    widest = _widest(found, max_nodes) if small else max(3, max_nodes // 10)
    whole = small and depth is None
    shown = set(found.heads) if whole else _nearest(found, [*around, *kept], max_nodes, widest, depth)
    operands: dict[int, list[Line | None]] = {}
    cuts: dict[int, list[int]] = {}
    for place in sorted(shown):
        row = found.lines(place)
        ends = {*_ends(found, place, widest)}
        if place == around[0]:
            ends |= {i for i, line in enumerate(row) if (place, position) in line.uses}
        operands[place], left_out = _shown_lines(row, shown, ends)
        if left_out:
            cuts[place] = left_out
    hidden = _counted(found, shown, cuts) if cuts else {}
    return Part(found, sorted(shown), operands, hidden, len(found.heads))


def _widest(found: Boxes, max_nodes: int) -> int:
    """The most lines into a box, so that all boxes together have no more than can be drawn in a second."""
    counts = [len(found.lines(head)) for head in found.heads]
    widest = max(max_nodes, 3)
    while widest > 3 and sum(min(count, widest) for count in counts) > max(LINES, 8 * max_nodes):
        widest = max(3, widest * 3 // 4)
    return widest


def _nearest(found: Boxes, around: Sequence[int], max_nodes: int, widest: int, depth: int | None) -> set[int]:
    queue = list(dict.fromkeys(around))[:max_nodes]
    distances = dict.fromkeys(queue, 0)
    for place in queue:  # It grows while it is read.
        if distances[place] == depth:
            break
        row = found.lines(place)
        for source in (row[i].source for i in _ends(found, place, widest)):
            if len(distances) == max_nodes:
                return {*distances}
            if source not in distances:
                distances[source] = distances[place] + 1
                queue.append(source)
    return {*distances}


def _ends(found: Boxes, place: int, widest: int) -> list[int]:
    """The positions of the first and the last lines into a box; of a sum of products, those of whole pairs."""
    count = len(found.lines(place))
    if found.tape.operation(place) != "dot" or count <= widest or found.written_out(place):
        return end_positions(count, widest)
    pairs = end_positions(count // 2, max(1, widest // 2))
    return [*pairs, *(i + count // 2 for i in pairs)]


def _shown_lines(row: Sequence[Line], shown: set[int], ends: set[int]) -> tuple[list[Line | None], list[int]]:
    """The lines as `Part.operands` has them, and the places of the operands left out."""
    lines: list[Line | None] = []
    left_out: list[int] = []
    for i, line in enumerate(row):
        if i in ends and line.source in shown:
            lines.append(line)
            continue
        if not left_out:
            lines.append(None)
        left_out.append(line.source)
    return lines, left_out


def _told(found: Boxes, shown: Iterable[int]) -> set[int]:
    home = found.home
    told = {place for head in shown for place in found.inside(head)}
    return told | {k for place in told for k in found.tape.operands_of(place) if home[k] not in (k, OUTSIDE)}


def _counted(found: Boxes, shown: set[int], cuts: dict[int, list[int]]) -> dict[int, int]:
    """For every cut, the number of hidden nodes that it leads to, and of lines to shown nodes that it leaves out."""
    counts = {place: sum(operand in shown for operand in left_out) for place, left_out in cuts.items()}
    bits = {place: 1 << i for i, place in enumerate(cuts)}
    tape, home, told = found.tape, found.home, _told(found, shown)
    # One pass for all cuts, however many nodes lie behind several: the mask of a node has the bit of each cut above.
    masks: dict[int, int] = {}
    tally: Counter[int] = Counter()
    for place in range(max(cuts), -1, -1):
        if place in told:
            mask, operands = bits.get(place, 0), cuts.get(place, [])
        elif mask := masks.pop(place, 0):
            operands = tape.operands_of(place)  # type: ignore[assignment]
            tally[mask] += 1
        else:
            continue
        for operand in operands:
            if operand not in told and home[operand] != OUTSIDE:
                masks[operand] = masks.get(operand, 0) | mask
    for mask, nodes in tally.items():
        for place, bit in bits.items():
            counts[place] += nodes if mask & bit else 0
    return counts
