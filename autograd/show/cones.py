"""The nodes of a graph in boxes: a box is a node that is drawn, with what is folded into it.

>>> from autograd import Tape, Value, dot
>>> from autograd.show.cones import boxes
>>> x = [Value(1.0), Value(2.0)]
>>> neurons = [(dot([Value(0.5), Value(-0.5)], x) + Value(0.1)).relu() for _ in range(3)]
>>> tape = Tape(*neurons)
>>> len(tape), [len(found.heads) for found in (boxes(tape), boxes(tape, fold=True))]
(20, [20, 5])

A node that is used once is folded into its user, and so on up to a node whose formula is as deep as that of a neuron.
This needs no knowledge of layers: it finds the neurons that are written by hand, the cells of a sequence, and the errors
of a batch.
"""

from array import array
from collections.abc import Collection, Container
from functools import cached_property
from typing import Final, NamedTuple

from autograd.engine.tape import CONSTANT_CODE, LEAF_CODE, Tape

DEPTH: Final = 3
"""A neuron has products in a sum in a function."""
SUMS: Final = ("add", "subtract", "total", "mean", "negative", "dot")
"""A sum in a sum is no deeper than the sum."""
_HEIGHTS: Final = {"dot": 2}
"""Of an operation on leaves, if it isn't 1."""
EVERYWHERE: Final = -1
"""The home of a leaf of many users that is folded into all of them."""
OUTSIDE: Final = -2
"""The home of a node that the picture is not about."""


class Line(NamedTuple):
    """A line of a picture: one node and its uses in one box."""

    source: int
    """The place of the node."""
    uses: tuple[tuple[int, int], ...]
    """For each use the place of the node that uses it, and the position there."""


class Boxes:
    """The home of each node of a tape: the node in whose box it stands."""

    def __init__(self, tape: Tape, home: "array[int]") -> None:
        self.tape: Final = tape
        self.home: Final = home
        """By place; of a node with a box of its own its own place."""
        self._contents: Final[dict[int, tuple[list[int], list[Line]]]] = {}

    @cached_property
    def heads(self) -> list[int]:
        """The places of the nodes that have boxes."""
        return [place for place, home in enumerate(self.home) if place == home]

    def inside(self, head: int) -> list[int]:
        """The places of the nodes in a box, in the order of its formula, its head first."""
        return self._content(head)[0]

    def lines(self, head: int) -> list[Line]:
        """The lines into a box in the order of its operands: one for each use, or for each node where it is a formula."""
        return self._content(head)[1]

    def exponent(self, place: int) -> int | None:
        """The place of the plain number in a power, which is drawn as its exponent; None of other nodes."""
        if self.tape.operation(place) != "power":
            return None
        exponent = self.tape.operands_of(place)[1]
        return exponent if self.tape.is_constant(exponent) and self.home[exponent] != exponent else None

    def written_out(self, head: int) -> bool:
        """Whether a box shows its formula: something but an exponent is folded into it, or stays out of the picture."""
        own, home = self.exponent(head), self.home
        return any(home[k] != k and k != own for k in self.tape.operands_of(head))

    def _content(self, head: int) -> tuple[list[int], list[Line]]:
        if head not in self._contents:
            self._contents[head] = self._found(head)
        return self._contents[head]

    def _found(self, head: int) -> tuple[list[int], list[Line]]:
        tape, home = self.tape, self.home
        inside, uses = [head], []
        stack = [(head, i) for i in reversed(range(len(tape.operands_of(head))))]
        while stack:
            place, i = stack.pop()
            operand = tape.operands[tape.starts[place] + i]
            if home[operand] == head:
                inside.append(operand)
                stack += [(operand, j) for j in reversed(range(len(tape.operands_of(operand))))]
            elif home[operand] == operand:
                uses.append((operand, (place, i)))
        if not self.written_out(head):
            return inside, [Line(source, (use,)) for source, use in uses]
        lines: dict[int, list[tuple[int, int]]] = {}
        for source, use in uses:
            lines.setdefault(source, []).append(use)
        return inside, [Line(source, tuple(found)) for source, found in lines.items()]


def boxes(
    tape: Tape,
    *,
    fold: bool = False,
    labelled: bool = False,
    leaves: bool = False,
    kept: Collection[int] = (),
    within: Container[int] | None = None,
) -> Boxes:
    """The boxes of a tape: one for every node but exponents, or, to fold, one for every node that others share.

    To fold, a node with a label keeps a box of its own unless these are folded too, and a leaf of many users unless
    leaves are. The nodes at the places kept have boxes; those that are not within are left out.
    """
    count = len(tape)
    home = array("i", range(count))
    if within is not None:
        for place in range(count):
            if place not in within:
                home[place] = OUTSIDE
    users = _folded(tape, home, {*tape.roots, *kept}, labelled) if fold else {}
    if leaves:
        for place, code in enumerate(tape.codes):
            if code in (LEAF_CODE, CONSTANT_CODE) and home[place] == place and place not in (*tape.roots, *kept):
                home[place] = EVERYWHERE
    for place in range(count - 1, -1, -1):
        if tape.operation(place) == "power":
            exponent = tape.operands_of(place)[1]
            if tape.is_constant(exponent) and exponent not in kept:
                users[exponent] = place
    for place in sorted(users, reverse=True):
        if home[place] != OUTSIDE:
            home[place] = home[users[place]]
    return Boxes(tape, home)


def _folded(tape: Tape, home: "array[int]", kept: set[int], labelled: bool) -> dict[int, int]:
    """The user of each node that is folded into one."""
    uses = array("i", [0]) * len(tape)
    for operand in tape.operands:
        uses[operand] += 1
    heights = array("b", [0]) * len(tape)
    users: dict[int, int] = {}
    for place in range(len(tape)):
        op = tape.operation(place)
        if not op:
            continue
        height = _HEIGHTS.get(op, 1)
        for k in tape.operands_of(place):
            if uses[k] > 1 or k in kept or OUTSIDE in (home[k], home[place]) or "detach" in (op, tape.operation(k)):
                continue
            # A constant may have no node yet, and has no label.
            if not labelled and not tape.is_constant(k) and tape.node(k).label:
                continue
            deeper = heights[k] + _step(op, tape.operation(k))
            if deeper <= DEPTH:
                height = max(height, deeper)
                users[k] = place
        heights[place] = height
    return users


def _step(op: str, operand: str) -> int:
    """How much deeper a formula becomes by an operation on an operand."""
    if op in SUMS and operand in SUMS:
        return 0 if op != "dot" else 2
    return _HEIGHTS.get(op, 1)
