"""The boxes and links of a page: every node of a small graph; of a larger one boxes that open, and the nearest of them.

>>> from autograd import Tape, Value
>>> from autograd.page.scene import scene
>>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
>>> found = scene(Tape((w * x).tanh()))
>>> [box.place for box in found.boxes], [(link.source, link.target) for link in found.links]
([0, 1, 2, 3], [(0, 2), (1, 2), (2, 3)])

A large graph is folded: a node that nothing but one box uses is inside that box, so that a neuron is one box with its
weights inside. A leaf that many nodes use is drawn again beside each of them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from autograd.engine.tape import CONSTANT_CODE, LEAF_CODE, Tape
from autograd.show.calls import calls_on
from autograd.show.fold import boxed
from autograd.show.models import places_on
from autograd.wording import end_positions

IN_FULL: Final = 300
"""Up to so many nodes are drawn each in a box of its own."""
ALL_INSIDE: Final = 2_000
"""Up to so many nodes, an open box has all of its nodes."""
MOST_BOXES: Final = 100
"""As many closed boxes as one can look at; of more, the nearest are drawn,"""
NEAREST: Final = 36
"""so many of them at most."""
WIDEST: Final = 6
"""Then a box has links to so many operands, the first and the last ones."""
NAMED: Final = 20_000
"""Of a graph with more nodes it takes long to find the parameters of models."""
LARGEST: Final = 40
"""Operations inside one box: a chain is cut into boxes of so many."""
WRITTEN_OUT: Final = 3
"""An operation with more operands takes them as a row."""
COPIED_BEYOND: Final = 4
"""A leaf with more users is drawn beside each of them."""


class Box(NamedTuple):
    """A node on the page, or the count of nodes that are left out."""

    place: int | None
    """Of the node; None for a count."""
    inside: int | None = None
    """The number of the box that it is folded into."""
    more: int = 0
    """How many nodes are left out,"""
    middle: int = 0
    """and the position of the one in their middle, among the operands."""


class Link(NamedTuple):
    """A line from an operand to a node that uses it."""

    source: int
    """The number of the box of the operand."""
    target: int
    place: int
    """Of the node that uses it."""
    position: int | None
    """Of the operand; None for a count of operands that are left out."""


@dataclass
class Scene:
    """The boxes and links of a page."""

    tape: Tape
    folded: bool
    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def places(self) -> set[int]:
        """Of all nodes on the page, constants that are written into operations included."""
        shown = {box.place for box in self.boxes if box.place is not None}
        tape = self.tape
        return shown | {k for place in shown for k in tape.operands_of(place) if tape.is_constant(k)}

    @property
    def whole(self) -> bool:
        """Whether no node is left out."""
        return not any(box.more for box in self.boxes)


def scene(tape: Tape, kept: Collection[int] = (), *, fold: bool | None = None) -> Scene:
    """The scene of the first root of a tape; nodes at the places kept are in no other box.

    It is folded if `fold` says so, and by default if it has more than 300 nodes, or takes more than 300 boxes.
    """
    if not fold and (fold is False or len(tape) <= IN_FULL):
        found = _Unfolded(tape).scene
        if fold is False or len(found.boxes) <= IN_FULL:
            return found
    return _Folded(tape, kept).scene


def written_in(tape: Tape, place: int) -> list[int]:
    """The positions of the constants that are written into an operation, instead of standing beside it."""
    operands = tape.operands_of(place)
    if len(operands) > WRITTEN_OUT:
        return sorted({*range(len(operands))}.difference(boxed(tape, place)))
    return [i for i, k in enumerate(operands) if tape.is_constant(k)]


class _Unfolded:
    """A box for every node but for constants that are written into operations."""

    def __init__(self, tape: Tape) -> None:
        self.scene = Scene(tape, folded=False)
        self.found: dict[int, int] = {}
        users = [len(set(row)) for row in tape.users()]
        for place, code in enumerate(tape.codes):
            copied = code == LEAF_CODE and users[place] > COPIED_BEYOND
            if code != CONSTANT_CODE and not copied:
                self.found[place] = self.add(Box(place))
            if code <= CONSTANT_CODE:
                continue
            copies: dict[int, int] = {}
            for position in _beside(tape, place):
                operand = tape.operands_of(place)[position]
                if operand not in self.found and operand not in copies:
                    copies[operand] = self.add(Box(operand))
                source = self.found[operand] if operand in self.found else copies[operand]
                self.scene.links.append(Link(source, self.found[place], place, position))

    def add(self, box: Box) -> int:
        self.scene.boxes.append(box)
        return len(self.scene.boxes) - 1


def _beside(tape: Tape, place: int) -> list[int]:
    """The positions of the operands of a node that are boxes."""
    inner = written_in(tape, place)
    return [i for i in range(len(tape.operands_of(place))) if i not in inner]


_COPIED: Final = -2
"""In the place of its box, for a leaf that is drawn inside each box that uses it."""


def _parameters(tape: Tape) -> set[int]:
    """The places of the parameters of models: a cell uses them at every step, and has them inside its boxes."""
    places = places_on(tape)
    return {*places}.union(*(row for call in calls_on(tape, places) for row in call.weights))


class _Folded:
    """Boxes with the nodes inside that only they use."""

    def __init__(self, tape: Tape, kept: Collection[int]) -> None:
        self.tape = tape
        self.scene = Scene(tape, folded=True)
        self.all_inside = len(tape) <= ALL_INSIDE
        kept = {*kept, tape.roots[0]}
        self.parameters = _parameters(tape).difference(kept) if len(tape) <= NAMED else set[int]()
        kept |= self._neurons(self._tops(kept, largest=len(tape)))
        self.tops = self._tops(kept)
        if len(set(self.tops)) > MOST_BOXES:
            self.tops = self._tops(kept, copied=True)
        self.members: dict[int, list[int]] = {}
        for place, top in enumerate(self.tops):
            self.members.setdefault(top, []).append(place)
        self.members.pop(_COPIED, None)
        shown = sorted(self.members if len(self.members) <= MOST_BOXES else self._nearest())
        self.boxes = {top: self._add(Box(top)) for top in shown}
        self.counts: dict[tuple[int, ...], int] = {}
        """The boxes of the nodes that are left out beside the closed boxes, by the places of these nodes."""
        for top in shown:
            self._fill(top)

    def _tops(self, kept: set[int], *, copied: bool = False, largest: int = LARGEST) -> list[int]:
        """For each node the place of the node whose box it is in: its own, or that of the only box that uses it."""
        tape, unused, shared = self.tape, -1, -3
        tops = [unused] * len(tape)
        sizes: dict[int, int] = {}
        for place in range(len(tape) - 1, -1, -1):
            top, computed = tops[place], tape.codes[place] > CONSTANT_CODE
            if top == shared and not computed and place not in kept and (copied or place in self.parameters):
                tops[place] = _COPIED
                continue
            named = computed and bool(tape.node(place).label)
            if top < 0 or place in kept or named or (computed and sizes[top] >= largest):
                top = tops[place] = place
            sizes[top] = sizes.get(top, 0) + computed
            for operand in tape.operands_of(place):
                tops[operand] = top if tops[operand] in (unused, top) else shared
        return tops

    def _neurons(self, tops: list[int]) -> set[int]:
        """The places of nodes in boxes that are boxes of their own, because a sum over several of them is taken."""
        tape, found = self.tape, set()
        summing = [False] * len(tape)
        """Whether a node takes a sum over a row, or one in its box before it does."""
        for place, code in enumerate(tape.codes):
            if code > CONSTANT_CODE:
                operands = tape.operands_of(place)
                row = len(operands) > WRITTEN_OUT
                sums = {k for k in operands if summing[k] and tops[k] == tops[place]}
                if row or len(sums) > 1:
                    found |= sums
                summing[place] = row or bool(sums)
        return found

    def _nearest(self) -> list[int]:
        """The places of the boxes nearest to the root."""
        queue = [self.tape.roots[0]]
        for top in queue:  # It grows while it is read.
            operands = [k for place in self.members[top] for k in self.tape.operands_of(place)]
            beside = [k for k in dict.fromkeys(self.tops[k] for k in operands) if k not in (top, _COPIED)]
            new = [beside[i] for i in end_positions(len(beside), WIDEST) if beside[i] not in queue]
            queue += new[: NEAREST - len(queue)]
        return queue

    def _add(self, box: Box) -> int:
        self.scene.boxes.append(box)
        return len(self.scene.boxes) - 1

    def _fill(self, top: int) -> None:
        """Add the nodes in a box, and the links to them."""
        tape, outer = self.tape, self.boxes[top]
        inner = self._inner(top)
        numbers = {place: outer if inner == [top] else self._add(Box(place, outer)) for place in inner}
        for place in inner:
            within, beside = [], []
            for position in _beside(tape, place):
                operand = tape.operands_of(place)[position]
                own = self.tops[operand] in (top, _COPIED)
                source = numbers.get(operand) if own else self.boxes.get(self.tops[operand])
                if source is not None:
                    self.scene.links.append(Link(source, numbers[place], place, position))
                elif own:
                    within.append((operand, position))
                else:
                    beside.append((self.tops[operand], position))
            self._count(within, outer, numbers[place], place)
            self._count(beside, None, numbers[place], place)

    def _inner(self, top: int) -> list[int]:
        """The nodes of a box that are shown when it is open."""
        found = {top: None}
        queue = [top]
        for place in queue:  # It grows while it is read.
            operands = self.tape.operands_of(place)
            for i in _beside(self.tape, place) if self.all_inside else _ends(self.tape, place):
                if self.tops[operands[i]] in (top, _COPIED) and operands[i] not in found:
                    found[operands[i]] = None
                    queue.append(operands[i])
        return sorted(found)

    def _count(self, left_out: list[tuple[int, int]], inside: int | None, target: int, place: int) -> None:
        """Add the number of nodes or boxes that are left out, once for all closed boxes that use the same ones.

        They are given by their places, and by their positions among the operands.
        """
        if not left_out:
            return
        key = tuple(dict.fromkeys(hidden for hidden, _ in left_out))
        known = self.counts if inside is None else {}
        if key not in known:
            known[key] = self._add(Box(None, inside, len(key), left_out[len(left_out) // 2][1]))
        self.scene.links.append(Link(known[key], target, place, None))


def _ends(tape: Tape, place: int) -> list[int]:
    """The positions of the operands that are shown of a long row, of a dot product the same ones on both sides."""
    shown = _beside(tape, place)
    if len(shown) <= 2 * WIDEST:
        return shown
    if tape.operation(place) != "dot":
        return end_positions(len(shown), WIDEST)
    half = len(shown) // 2
    return [i + side for side in (0, half) for i in end_positions(half, WIDEST)]
