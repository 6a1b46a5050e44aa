"""Where a nan or an infinity arises in a graph, and what to write instead.

>>> from autograd import Value, autopsy
>>> x = Value(800.0, label="x")
>>> loss = (x.exp() / (1 + x.exp())).log()
>>> autopsy(loss)
The first node that isn't finite is v1.
  v1 = exp(x) = exp(800) = inf
  eˣ is beyond the largest float for x above 709.78
  on its way to the root: v1 → v5 → v6
Instead of exp(x)/(1 + exp(x)), write x.sigmoid().

Under a root that isn't finite, it is the earliest node from which nothing but nodes that aren't finite lead to the
root. Under a finite root, it is the first gradient that isn't finite, in the order of a sweep.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from autograd.arguments import a_value
from autograd.engine import functions
from autograd.engine.tape import Contribution, Floats, Tape
from autograd.engine.value import Value
from autograd.operations import operation
from autograd.show.draw import draw, draw_around
from autograd.show.lines import Calculation, backward_step, checked, forward_line
from autograd.show.names import Names
from autograd.show.picture import Drawing
from autograd.show.rewrites import rewrite
from autograd.wording import WIDTH, brief, ends, wrapped

NEIGHBOURS: Final = 30
"""Nodes in the picture of a neighbourhood."""
FORMULA: Final = 3
"""A formula that can be rewritten has at most so many operations above a node."""
Where: TypeAlias = Literal["nowhere", "value", "gradient"]


@dataclass(frozen=True, repr=False)
class Autopsy:
    """The place where a nan or an infinity arises, the reason, and a remedy."""

    root: Value
    where: Where
    """In the value of a node, in a gradient, or not at all."""
    node: Value | None
    """The node that isn't finite, or whose contribution makes a gradient so."""
    operand: Value | None
    """The node whose gradient isn't finite; None if it is a value."""
    path: tuple[Value, ...]
    """From the node to the root, a shortest way."""
    reason: str
    remedy: str
    """The expression to write instead; empty where none is known."""
    _text: str = field(compare=False)

    def __repr__(self) -> str:
        return self._text

    def draw(self) -> Drawing:
        """The picture of the neighbourhood, under the names of the text: the node, highlighted, and what is near it."""
        if self.node is None:
            return draw(self.root)
        above = self.path[min(2, len(self.path) - 1)]
        return draw_around(self.root, above, self.node, max_nodes=NEIGHBOURS)


def autopsy(root: Value) -> Autopsy:
    """Find the first nan or infinity of a graph: in the values that lead to the root, or else in its gradients.

    TypeError for anything but a Value; ValueError if data was changed since the node in question was made.
    """
    tape = Tape(a_value(root, "autopsy"))
    names, start = Names(tape), tape.roots[0]
    if not math.isfinite(tape.data[start]):
        return _of_value(names)
    gradients = tape.gradients(Floats(tape), range(len(tape)))
    if not all(map(math.isfinite, gradients.values())):
        return _of_gradient(names, next(given for given in tape.sweep() if not math.isfinite(given.after)))
    return Autopsy(root, "nowhere", None, None, (), "", "", f"{names.root} is finite, and so are its gradients.")


def _of_value(names: Names) -> Autopsy:
    tape = names.tape
    infected, stack = {tape.roots[0]}, [tape.roots[0]]
    while stack:
        for k in tape.operands_of(stack.pop()):
            if k not in infected and not math.isfinite(tape.data[k]):
                infected.add(k)
                stack.append(k)
    place = min(infected)
    made = checked(names, place)
    reason = _reason(made) if made.operation else "it is a leaf, and so from the start"
    lines = [f"The first node that isn't finite is {made.node}.", forward_line(made), reason]
    return _found(names, "value", place, None, lines, infected)


def _of_gradient(names: Names, given: Contribution[float]) -> Autopsy:
    tape, place = names.tape, given.place
    made = checked(names, place)
    step = backward_step(0, names.root, made, given)
    if math.isfinite(given.amount):
        reason = "the sum of the contributions is beyond the largest float"
    elif math.isfinite(given.partial):
        reason = "the product is beyond the largest float"
    else:
        reason = f"the local derivative of {operation(made.operation).name} is {brief(given.partial)} there"
    where = f"The first gradient that isn't finite is that of {step.operand}, with the contribution of {made.node}."
    lines = [f"{names.root} is finite. {where}", str(step), reason]
    swept = {k for k in tape.swept() if tape.operation(k) != "detach"}
    return _found(names, "gradient", place, given.operand, lines, swept)


def _found(
    names: Names, where: Where, place: int, operand: int | None, lines: list[str], allowed: Collection[int]
) -> Autopsy:
    """The autopsy of a node, whose path to the root leads over the places allowed."""
    tape, users = names.tape, names.tape.users()
    path, remedy, reason = _path(tape, place, users, allowed), _remedy(names, place, users), lines[-1]
    first, *others = [line for text in lines for line in text.splitlines()]
    if len(path) > 1:
        others.append(f"on its way to the root: {' → '.join(ends(path, text=names.__getitem__))}")
    text = "\n".join(map(wrapped, [first, *(f"  {line}" for line in others), *([remedy] if remedy else [])]))
    nodes = tuple([tape.node(k) for k in path])
    whose = None if operand is None else tape.node(operand)
    return Autopsy(tape.node(tape.roots[0]), where, nodes[0], whose, nodes, reason, remedy, text)


def _path(tape: Tape, place: int, users: list[list[int]], allowed: Collection[int]) -> list[int]:
    """A shortest way from a place to the root over those allowed."""
    came = {place: place}
    queue = [place]
    for k in queue:  # It grows while it is read.
        if k == tape.roots[0]:
            break
        for user in users[k]:
            if user in allowed and user not in came:
                came[user] = k
                queue.append(user)
    path = [tape.roots[0]]
    while path[-1] != place:
        path.append(came[path[-1]])
    return path[::-1]


def _remedy(names: Names, place: int, users: list[list[int]]) -> str:
    """The stable form of the largest formula around a node for which there is one."""
    around = level = {place}
    for _ in range(FORMULA):
        level = {user for k in level for user in users[k]}
        around = around | level
    for k in sorted(around, reverse=True):
        found = rewrite(names, k, place)
        if found is not None:
            written, better = found
            text = f"Instead of {written}, write {better}."
            return text if len(text) <= WIDTH else f"Instead of {written},\n  write {better}."
    return ""


_REASONS: Final[tuple[tuple[tuple[str, ...], Callable[[float, float], bool], str], ...]] = (
    (("exp", "expm1"), lambda x, y: True, "eˣ is beyond the largest float for x above 709.78"),
    (("log1p",), lambda x, y: x == -1.0, "log1p at -1 is the log of 0"),
    (("log1p",), lambda x, y: x < -1.0, "log1p below -1 is the log of a negative number"),
    (("asin", "acos"), lambda x, y: abs(x) > 1.0, "{op} is of numbers from -1 to 1"),
    (("log", "log2", "log10", "sqrt", "rsqrt"), lambda x, y: x < 0.0, "{op} of a negative number is no real number"),
    (("log", "log2", "log10", "rsqrt", "reciprocal"), lambda x, y: x == 0.0, "{op} at 0 is {z}"),
    (("divide",), lambda x, y: x == y == 0.0, "0/0 is no number"),
    (("divide",), lambda x, y: y == 0.0, "a division by 0"),
    (("power",), lambda x, y: x < 0.0 and y != math.floor(y), "a negative number has no real power that isn't whole"),
    (("power",), lambda x, y: x == 0.0, "0 to a negative power is a division by 0"),
)
"""Operations, a condition of the first and the last operand, and the reason."""


def _reason(made: Calculation) -> str:
    """Why a result of finite operands is infinite or nan."""
    row, z = operation(made.operation), brief(made.result)
    op = row.name
    for operations, holds, text in _REASONS:
        if made.operation in operations and holds(made.data[0], made.data[-1]):
            return text.format(op=op, z=z)
    if z == "nan":
        return f"{op} isn't defined there"
    if row.kind in ("function", "sequences") and not hasattr(functions, op):
        return f"{op} is {z} there"  # A user's own operation may have a pole anywhere.
    return "the result is beyond the largest float, 1.8e308"
