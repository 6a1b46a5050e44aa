"""The part of a graph that is drawn: all of it, or the nodes nearest to some of them.

>>> from autograd import Tape, Value
>>> from autograd.show.part import nearest
>>> x = Value(3.0)
>>> part = nearest(Tape((x * x + 1).tanh()), [4], 2)
>>> part.shown, part.operands, part.hidden
([3, 4], {3: [None], 4: [0]}, {3: 3})
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from autograd.engine.tape import Tape
from autograd.wording import end_positions


class Part(NamedTuple):
    """Some nodes of a tape, by their places."""

    tape: Tape
    shown: list[int]
    """In order, each after its operands."""
    operands: dict[int, list[int | None]]
    """Of each of them, the positions of the operands that are shown; None where some are left out."""
    hidden: dict[int, int]
    """For each None, by the place of its node: how many nodes, and edges to shown nodes, it stands for."""

    @property
    def edges(self) -> int:
        """The number of edges that are shown."""
        return sum(position is not None for positions in self.operands.values() for position in positions)


def nearest(tape: Tape, around: Sequence[int], max_nodes: int, position: int | None = None) -> Part:
    """The nodes nearest to those around, at most max_nodes, in the direction of operands; a small tape whole.

    With a position, the operand there of the first of them is among the nodes, however many operands there are.
    """
    kept = [] if position is None else [tape.operands_of(around[0])[position]]
    # One long sum should not fill the picture with its operands; `dot` has left factors first and right ones last.
    small = len(tape) <= max_nodes
    widest = max_nodes if small else max(3, max_nodes // 10)
    shown = set(range(len(tape))) if small else _nearest(tape, [*around, *kept], max_nodes, widest)
    operands: dict[int, list[int | None]] = {}
    cuts: dict[int, list[int]] = {}
    for place in sorted(shown):
        row = tape.operands_of(place)
        ends = {*end_positions(len(row), widest), *([position] if place == around[0] else [])}
        operands[place], left_out = _shown_operands(row, shown, ends)
        if left_out:
            cuts[place] = left_out
    return Part(tape, sorted(shown), operands, _counted(tape, shown, cuts) if cuts else {})


def _nearest(tape: Tape, around: Sequence[int], max_nodes: int, widest: int) -> set[int]:
    queue = list(dict.fromkeys(around))[:max_nodes]
    found = set(queue)
    for place in queue:  # It grows while it is read.
        operands = tape.operands_of(place)
        for operand in (operands[i] for i in end_positions(len(operands), widest)):
            if len(found) == max_nodes:
                return found
            if operand not in found:
                found.add(operand)
                queue.append(operand)
    return found


def _shown_operands(
    operands: Sequence[int], shown: set[int], ends: set[int | None]
) -> tuple[list[int | None], list[int]]:
    """The positions as `Part.operands` has them, and the places of the operands left out."""
    positions: list[int | None] = []
    left_out: list[int] = []
    for i, operand in enumerate(operands):
        if i in ends and operand in shown:
            positions.append(i)
            continue
        if not left_out:
            positions.append(None)
        left_out.append(operand)
    return positions, left_out


def _counted(tape: Tape, shown: set[int], cuts: dict[int, list[int]]) -> dict[int, int]:
    """For every cut, the number of hidden nodes that it leads to, and of edges to shown nodes that it leaves out."""
    counts = {place: sum(operand in shown for operand in left_out) for place, left_out in cuts.items()}
    bits = {place: 1 << i for i, place in enumerate(cuts)}
    # One pass for all cuts, however many nodes lie behind several: the mask of a node has the bit of each cut above.
    masks: dict[int, int] = {}
    tally: Counter[int] = Counter()
    for place in range(max(cuts), -1, -1):
        if place in shown:
            mask, operands = bits.get(place, 0), cuts.get(place, [])
        elif mask := masks.pop(place, 0):
            operands = tape.operands_of(place)  # type: ignore[assignment]
            tally[mask] += 1
        else:
            continue
        for operand in operands:
            if operand not in shown:
                masks[operand] = masks.get(operand, 0) | mask
    for mask, nodes in tally.items():
        for place, bit in bits.items():
            counts[place] += nodes if mask & bit else 0
    return counts
