"""Where a nan or an infinity arises in a graph, and what to write instead.

>>> from autograd import Value, autopsy
>>> x = Value(800.0, label="x")
>>> loss = (x.exp() / (1 + x.exp())).log()
>>> autopsy(loss)
The first node that isn't finite is v1.
  v1 = exp(x) = exp(800) = inf
  exp is beyond the largest float above 709.78
  on its way to the root: v1 → v4 → v5
It leads to the first nan, v4.
  v4 = v1/v3 = inf/inf = nan
  inf/inf is no number
Instead of log(exp(x)/(1 + exp(x))), write x.logsigmoid().

Under a root that isn't finite, it is the earliest node from which nothing but nodes that aren't finite lead to the
root. Under a finite root, it is the first gradient that isn't finite, in the order of a sweep. If it is infinite, the
first nan is told too.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from autograd.arguments import a_value
from autograd.console import columns, printable, width
from autograd.engine.tape import Contribution, Floats, Tape
from autograd.engine.value import Value
from autograd.show.lines import backward_step, check_records, checked, forward_line
from autograd.show.names import Names
from autograd.show.patterns import ADDITIONS
from autograd.show.pictures.draw import draw
from autograd.show.pictures.graph import draw_around
from autograd.show.pictures.picture import Drawing
from autograd.show.reasons import reason_of_gradient, reason_of_value
from autograd.show.rewrites import Rewrites
from autograd.wording import Lines, ends, wrapped

NEIGHBOURS: Final = 30
"""Nodes in the picture of a neighbourhood."""
FORMULA: Final = 3
"""A formula that can be rewritten has at most so many operations above a node."""
AROUND: Final = 2000
"""Of so many nodes above it, formulas are looked at."""
_LED: Final = "The first nan is", "It leads to the first nan,"
"""A nan that has a reason of its own, and one that the infinity is the reason of."""
Where: TypeAlias = Literal["nowhere", "value", "gradient"]


@dataclass(frozen=True, repr=False)
class Autopsy(Lines):
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
    """The expression to write instead, in a sentence; empty where none is known."""
    nan: Value | None
    """The first node that is nan, or whose gradient is nan, if another one was infinite before it."""
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

    TypeError for anything but a Value; ValueError if the data of the node in question, or of a node of a finite graph,
    was changed since it was recorded.
    """
    tape = Tape(a_value(root, "autopsy"))
    names, start = Names(tape), tape.roots[0]
    if not math.isfinite(tape.data[start]):
        return _of_value(names)
    gradients = tape.gradients(Floats(tape), range(len(tape)))
    if not all(map(math.isfinite, gradients.values())):
        return _of_gradient(names)
    check_records(names, range(len(tape)))
    text = printable(f"{names.root} is finite, and so are its gradients.")
    return Autopsy(root, "nowhere", None, None, (), "", "", None, text)


class _Site(NamedTuple):
    """Where a number isn't finite: the value of a node, or a gradient after the contribution of a node."""

    place: int
    """Of that node."""
    whose: int
    """The place of the node whose value or gradient it is."""
    told: str
    """The site in a sentence."""
    line: str
    """The calculation of the number."""
    reason: str


def _of_value(names: Names) -> Autopsy:
    tape, root = names.tape, names.tape.roots[0]
    infected, stack = {root}, [root]
    while stack:
        for k in _made_of(tape, stack.pop()):
            if k not in infected and not math.isfinite(tape.data[k]):
                infected.add(k)
                stack.append(k)
    users, first = tape.users(), min(infected)
    if not tape.operation(first):  # A leaf that was changed later is not what its users were made of.
        check_records(names, infected.intersection(users[first]))
    nan = min((k for k in infected if math.isnan(tape.data[k])), default=first)
    led = _path(first, nan, users, infected)
    sites = [_value_site(names, first, "The first node that isn't finite is {}.")]
    if nan != first:
        sites.append(_value_site(names, nan, f"{_LED[bool(led)]} {{}}."))
    return _found(names, "value", sites, led[:-1] + _path(nan if led else first, root, users, infected), users)


def _made_of(tape: Tape, place: int) -> Sequence[int]:
    """The places of the operands that the value of a node is made of: of `where`, the branch that it takes."""
    entry = tape[place]
    if entry.operation == "where":
        return [k for k, partial in zip(entry.operands, entry.partials, strict=True) if partial]
    return entry.operands


def _value_site(names: Names, place: int, sentence: str) -> _Site:
    made = checked(names, place)
    return _Site(place, place, sentence.format(made.node), forward_line(made), reason_of_value(made))


def _of_gradient(names: Names) -> Autopsy:
    tape, sweep = names.tape, names.tape.sweep()
    first = next(given for given in sweep if not math.isfinite(given.after))
    sites = [_gradient_site(names, first, f"{names.root} is finite. The first gradient that isn't finite is that of")]
    infected = {first.operand}
    for given in () if math.isnan(first.after) else sweep:
        if given.place in infected:
            infected.add(given.operand)
        if math.isnan(given.after):
            sites.append(_gradient_site(names, given, f"{_LED[given.operand in infected]} the gradient of"))
            break
    users, swept = tape.users(), {k for k in tape.swept() if tape.operation(k) != "detach"}
    return _found(names, "gradient", sites, _path(first.place, tape.roots[0], users, swept), users)


def _gradient_site(names: Names, given: Contribution[float], sentence: str) -> _Site:
    made = checked(names, given.place)
    step = backward_step(0, names.root, made, given)
    told = f"{sentence} {step.operand}, with the contribution of {made.node}."
    return _Site(given.place, given.operand, told, str(step), reason_of_gradient(made, given))


def _found(
    names: Names, where: Where, sites: Sequence[_Site], path: Sequence[int], users: Sequence[Sequence[int]]
) -> Autopsy:
    """The autopsy of one site or two: the first infinity and the first nan."""
    node, (site, *others) = names.tape.node, sites
    advice = next((found for one in sites if (found := _remedy(names, one.place, users))), ())
    remedy = " ".join(advice)
    lines = _account(site)
    if len(path) > 1:
        lines.append(f"  on its way to the root: {' → '.join(ends(path, text=names.__getitem__))}")
    lines += [line for other in others for line in _account(other)]
    lines += [remedy] if columns(remedy) <= width() else "\n  ".join(advice).splitlines()
    text = "\n".join(map(wrapped, filter(None, lines)))
    return Autopsy(
        root=node(names.tape.roots[0]),
        where=where,
        node=node(site.place),
        operand=node(site.whose) if where == "gradient" else None,
        path=tuple(map(node, path)),
        reason=site.reason,
        remedy=remedy,
        nan=next((node(other.whose) for other in others), None),
        _text=text,
    )


def _account(site: _Site) -> list[str]:
    return [site.told, *(f"  {line}" for line in [*site.line.splitlines(), site.reason])]


def _path(start: int, goal: int, users: Sequence[Sequence[int]], allowed: Collection[int]) -> list[int]:
    """A shortest way from one place up to another over those allowed; empty if there is none."""
    came = {start: start}
    queue = [start]
    for k in queue:  # It grows while it is read.
        if k == goal:
            break
        for user in users[k]:
            if user in allowed and user not in came:
                came[user] = k
                queue.append(user)
    else:
        return []
    path = [goal]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]


def _remedy(names: Names, place: int, users: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """The largest formula around a node that has a stable form, and this, as two parts of a sentence; or no part."""
    around = level = {place}
    for _ in range(FORMULA):
        level = _above(names.tape, level, users)
        around = around | level
    rewrites = Rewrites(names)
    for k in sorted(around, reverse=True):
        found = rewrites.best(k, place)
        if found is not None:
            written, better = map(printable, found)
            return f"Instead of {written},", f"write {better}."
    return ()


def _above(tape: Tape, places: Collection[int], users: Sequence[Sequence[int]]) -> set[int]:
    """The users of nodes, and the users of these where they are part of a longer sum."""
    found: set[int] = set()
    stack = [user for k in places for user in users[k]]
    while stack and len(found) < AROUND:
        k = stack.pop()
        if k not in found:
            found.add(k)
            stack += users[k] if tape.operation(k) in ADDITIONS else ()
    return found
