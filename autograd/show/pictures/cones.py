"""The nodes of a graph in boxes: a box is a node that is drawn, with what is folded into it.

>>> from autograd import Tape, Value, dot
>>> from autograd.show.pictures.cones import boxes
>>> x = [Value(1.0), Value(2.0)]
>>> neurons = [(dot([Value(0.5), Value(-0.5)], x) + Value(0.1)).relu() for _ in range(3)]
>>> tape = Tape(*neurons)
>>> len(tape), [len(found.heads) for found in (boxes(tape), boxes(tape, fold=True))]
(20, [20, 5])

A node that is used once is folded into its user, and so on up to a node whose formula is as deep as that of a neuron.
This needs no knowledge of layers: it finds neurons that are written by hand, the cells of a sequence, and the errors of
a batch.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Container, Sequence
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from autograd.engine.tape import CONSTANT_CODE, LEAF_CODE, Tape
from autograd.operations import OPERATIONS

DEPTH: Final = 3
"""A neuron has products in a sum in a function."""
SUMS: Final = ("add", "subtract", "total", "mean", "negative", "dot")
"""A sum in a sum is no deeper than the sum."""
_HEIGHTS: Final = {"dot": 2}
"""Of an operation on leaves, if it isn't 1."""
_IN_SIGN: Final = ("power", "softmax", "log_softmax", "cross_entropy")
"""Operations whose later operands, where all are plain numbers, are part of their sign."""
EVERYWHERE: Final = -1
"""The home of a leaf of many users that is folded into all of them, and of numbers in the sign of an operation."""
OUTSIDE: Final = -2
"""The home of a node that the picture is not about."""


Leaves: TypeAlias = Literal["single", "unlabelled", "all"]
"""Which leaves are folded: those of one user, also those without a label, or all."""


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

    @cached_property
    def size(self) -> int:
        """The number of nodes that the picture is about."""
        return len(self.home) - self.home.count(OUTSIDE)

    def inside(self, head: int) -> list[int]:
        """The places of the nodes in a box, in the order of its formula, its head first."""
        return self._content(head)[0]

    def lines(self, head: int) -> list[Line]:
        """The lines into a box in the order of its operands: for each use, or for each node where it is a formula."""
        return self._content(head)[1]

    def written_out(self, head: int) -> bool:
        """Whether a box shows its formula: something is folded into it, or stays out of the picture."""
        own, home = in_sign(self.tape, head), self.home
        return any(home[k] != k and i not in own for i, k in enumerate(self.tape.operands_of(head)))

    def _content(self, head: int) -> tuple[list[int], list[Line]]:
        if head not in self._contents:
            self._contents[head] = self._found(head)
        return self._contents[head]

    def _found(self, head: int) -> tuple[list[int], list[Line]]:
        tape, home = self.tape, self.home
        inside: list[int] = [head]
        uses: list[tuple[int, tuple[int, int]]] = []
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
    leaves: Leaves = "single",
    kept: Collection[int] = (),
    within: Container[int] | None = None,
) -> Boxes:
    """The boxes of a tape: one for every node but numbers in signs, or, to fold, one for every node that others share.

    To fold, a node with a label keeps a box of its own unless `labelled`. Leaves of many users are folded into all of
    them if they are "unlabelled", or "all". The nodes at the places kept have boxes; those not within are left out.
    """
    count = len(tape)
    home = array("i", range(count))
    if within is not None:
        for place in range(count):
            if place not in within:
                home[place] = OUTSIDE
    kept = {*tape.roots, *kept}
    everything = _counted(tape.operands, len(tape))
    users = _folded(tape, home, everything, kept, labelled) if fold else {}
    for place, uses in _in_signs(tape).items():
        if uses == everything[place] and place not in kept and home[place] == place:
            home[place] = EVERYWHERE
    for place in range(count) if leaves != "single" else ():
        if home[place] == place and place not in kept and _is_shared(tape, place, leaves):
            home[place] = EVERYWHERE
    for place in sorted(users, reverse=True):
        if home[place] == place:
            home[place] = home[users[place]]
    return Boxes(tape, home)


def _is_shared(tape: Tape, place: int, leaves: Leaves) -> bool:
    """Whether a node is a leaf that may be folded into all of its users."""
    code = tape.codes[place]
    if leaves == "all":
        return code in (LEAF_CODE, CONSTANT_CODE)
    # The zeros that a state starts with say nothing.
    return (code == LEAF_CODE and not tape.node(place).label) or (code == CONSTANT_CODE and not tape.data[place])


def in_sign(tape: Tape, place: int) -> Sequence[int]:
    """The positions of the operands that are plain numbers in the sign of an operation: an exponent, a target."""
    op = tape.operation(place)
    if op not in _IN_SIGN:
        return ()
    operands = tape.operands_of(place)
    half = range(len(operands) // 2, len(operands))
    return half if all(map(tape.is_constant, operands[half.start :])) else ()


def _in_signs(tape: Tape) -> Counter[int]:
    """How often each number is in a sign."""
    codes = {code for code, op in enumerate(tape.operations) if op in _IN_SIGN}
    places = (place for place, code in enumerate(tape.codes) if code in codes)
    return Counter(tape.operands_of(place)[i] for place in places for i in in_sign(tape, place))


def _counted(row: "array[int]", size: int) -> "array[int]":
    counts = array("i", [0]) * size
    for k in row:
        counts[k] += 1
    return counts


def _folded(tape: Tape, home: "array[int]", uses: "array[int]", kept: Container[int], labelled: bool) -> dict[int, int]:
    """The user of each node that is folded into one."""
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
            # The sum in a neuron is part of it, and not of an error that it makes.
            whole = (
                heights[k] < 2 or tape.operation(k) not in SUMS or op in ("add", "total") or _one_operand(tape, place)
            )
            if deeper <= DEPTH and whole:
                height = max(height, deeper)
                users[k] = place
        heights[place] = height
    return users


def _one_operand(tape: Tape, place: int) -> bool:
    return len(tape.operands_of(place)) - len(in_sign(tape, place)) == 1


def _step(op: str, operand: str) -> int:
    """How much deeper a formula becomes by an operation on an operand."""
    if op in SUMS:
        return 0 if operand in SUMS and op != "dot" else _HEIGHTS.get(op, 1)
    # A formula has no place for the formulas of a whole row.
    return DEPTH if op in OPERATIONS and OPERATIONS[op].of_sequences else 1
