"""The gradient that flows along the lines of a picture: upstream gradient times local derivative, as color and width.

>>> from autograd import Tape, Value
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.pictures.flow import Flow, flow_of
>>> from autograd.show.pictures.part import nearest
>>> x, w = Value(3.0), Value(-2.0)
>>> part = nearest(boxes(Tape(x * w)), [2], 3)
>>> flow_of(part, {2: 1.0}.get).amounts
{(2, 0): -2.0, (2, 1): 3.0}
"""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from autograd.engine.tape import Tape
from autograd.show.pictures.cones import Boxes
from autograd.show.pictures.palette import PALETTE
from autograd.show.pictures.part import Part

THIN: Final = 0.9
"""Points, for a gradient beside which others are huge."""
WIDE: Final = 4.0
"""Points, for the largest one."""
CROWDED: Final = 2.6
"""Points, for the largest one of many."""
_BAD: Final = {"color": PALETTE["bad"].light, "penwidth": "2.5"}
_ZERO: Final = {"color": PALETTE["zero"].light, "style": "dashed", "penwidth": "1", "arrowsize": "0.5"}


class Local(NamedTuple):
    """The local derivative of a box by the node at the other end of a line."""

    derivative: float
    passes: bool
    """Whether a gradient goes that way: not to a detached node, nor into a branch that isn't taken."""


class Flow(NamedTuple):
    """The amounts that flow along lines, by the first use of each, and the gradients of nodes, by their places."""

    amounts: Mapping[tuple[int, int], float]
    gradients: Mapping[int, float]
    largest: float
    """The size that is drawn widest."""
    complete: bool = True
    """Whether nothing more will flow."""


def flow_of(part: Part, gradient: Callable[[int], float | None]) -> Flow:
    """The flow of the gradients that the nodes of a part have."""
    amounts: dict[tuple[int, int], float] = {}
    gradients: dict[int, float] = {}
    reached = _reached(part.tape)
    for head in part.shown:
        upstream = gradient(head)
        if upstream is None or not part.tape.operation(head):
            continue
        gradients[head] = upstream
        locals_ = locals_of(part.boxes, head)
        for line in part.operands[head]:
            if line is not None and not part.tape.is_constant(line.source):
                derivative, passes = locals_[line.uses[0]]
                amounts[line.uses[0]] = upstream * derivative if passes and head in reached else 0.0
    return Flow(amounts, gradients, largest([*amounts.values(), *gradients.values()]))


def _reached(tape: Tape) -> Container[int]:
    """The places of the nodes that a sweep reaches; elsewhere 0 · inf would be nan, where nothing flows."""
    if {"detach", "where"}.isdisjoint(tape.operations):
        return range(len(tape))
    reached = {*tape.roots}
    for place in range(len(tape) - 1, -1, -1):
        if place in reached:
            operands = tape.operands_of(place)
            reached.update(operands[i] for i in tape.passes_on(place))
    return reached


def largest(amounts: Iterable[float]) -> float:
    """The largest size of a finite number; 0.0 if there is none."""
    return max((abs(amount) for amount in amounts if math.isfinite(amount)), default=0.0)


def locals_of(found: Boxes, head: int) -> dict[tuple[int, int], Local]:
    """The local derivatives of a box by what leads to it, by the first use of each line.

    Along a formula of several operations they are products of local derivatives, and sums over the uses.
    """
    tape = found.tape
    factors = {head: Local(1.0, True)}
    uses: dict[tuple[int, int], Local] = {}
    for place in found.inside(head):
        if place not in factors:
            continue
        above, passes = factors[place], {*tape.passes_on(place)}
        for i, operand in enumerate(tape.operands_of(place)):
            goes = above.passes and i in passes
            derivative = above.derivative * tape.partials[tape.starts[place] + i] if goes else 0.0
            uses[place, i] = Local(derivative, goes)
            if found.home[operand] == head:
                factors[operand] = Local(derivative, goes)
    return {line.uses[0]: _together([uses[use] for use in line.uses]) for line in found.lines(head)}


def _together(uses: Sequence[Local]) -> Local:
    if len(uses) == 1:
        return uses[0]
    return Local(sum(use.derivative for use in uses), any(use.passes for use in uses))


def look(amount: float, of: float, *, crowded: bool = False) -> dict[str, str]:
    """The look of a line along which so much flows, beside the largest amount; thinner among many lines."""
    if not math.isfinite(amount):
        return _BAD
    if not amount:
        return _ZERO
    width = THIN + ((CROWDED if crowded else WIDE) - THIN) * math.sqrt(min(1.0, abs(amount) / of)) if of else THIN
    role = PALETTE["plus" if amount > 0 else "minus"].light
    return {"color": role, "penwidth": f"{width:.2g}", "arrowsize": f"{0.5 + 0.06 * width:.2g}"}
