"""One node at work, as arithmetic that a person can check by hand: its value, or one of its contributions.

>>> from autograd import Tape, Value
>>> from autograd.show.lines import calculation, forward_line
>>> from autograd.show.names import LENGTH, Names
>>> h = Value(0.35, label="z1").sigmoid()
>>> h.label = "h"
>>> print(forward_line(calculation(Names(Tape(h)), 1)))
h = sigmoid(z1) = sigmoid(0.35) = 0.586618

Floats are shown with six digits, and with more where the line needs them (see `digits`). Lines are folded to the width
of a terminal.
"""

import math
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from autograd.console import columns, printable
from autograd.engine.tape import Contribution, Tape
from autograd.formula import case_of, operation_text, rule, still_holds
from autograd.formula.cases import changed
from autograd.formula.text import AppliedCase, composed_text, in_brackets, only_one
from autograd.operations import OPERATIONS, is_composed
from autograd.show.digits import SUMS, alone, bare, figures, together
from autograd.show.names import LENGTH, Names, shortened
from autograd.wording import FEW, brief, ends, folded, visible


class Calculation(NamedTuple):
    """How one node is computed: plain data, shared by all steps of the node."""

    node: str
    """Its name."""
    operation: str
    """The name of its rule; empty for a leaf."""
    operands: tuple[str, ...]
    """The names of its operands."""
    data: tuple[float, ...]
    """The data of its operands."""
    result: float
    """Its own data."""


class Shape(NamedTuple):
    """An operation as it is written out, on operands that have no text so far."""

    operation: str
    size: int
    """The number of its operands."""
    chosen: int | None = None
    """Where it has weights that are constants, the position of the only 1 among zeros."""


class Step(NamedTuple):
    """One step of a walk, as plain data: a node is computed, or a gradient gets a contribution.

    It can be compared, hashed and pickled. Its text is made of its fields alone.
    """

    number: int
    """Its number in the walk, from 1."""
    phase: Literal["forward", "backward"]
    root: str
    """The name of the root, whose gradients are computed."""
    calculation: Calculation
    """The node that is computed, or that contributes to the gradient of an operand."""
    position: int | None
    """Of that operand among the operands of the node; None forward, and for the root, whose gradient starts at 1."""
    value: float
    """The data of the node; backward the contribution."""
    upstream: float
    """The gradient of the node; 0.0 forward."""
    partial: float
    """The local derivative of the node by the operand; 0.0 without one."""
    before: float | None
    """The gradient of the operand before this contribution; None if it is the first."""
    grad: float
    """The gradient of the operand, or of the root, after this step; 0.0 forward."""

    @property
    def node(self) -> str:
        """The name of the node that is computed, or that contributes."""
        return self.calculation.node

    @property
    def operation(self) -> str:
        """The name of the rule of that node; empty for a leaf."""
        return self.calculation.operation

    @property
    def operand(self) -> str | None:
        """The name of the operand that gets the contribution; None forward, and for the start at the root."""
        return None if self.position is None else self.calculation.operands[self.position]

    @property
    def touched(self) -> str:
        """The name of the node whose data or gradient the step computes."""
        return self.operand or self.node

    def __str__(self) -> str:
        return folded(*sentence(self))

    def __repr__(self) -> str:
        return str(self)


# ── from the tape ──


def calculation(names: Names, place: int) -> Calculation:
    """The calculation of the node at a place."""
    tape = names.tape
    op, operands, result = tape.operation(place), tape.operands_of(place), tape.data[place]
    called, data = [names[k] for k in operands], tuple([tape.data[k] for k in operands])
    if any(map(tape.is_constant, operands)):
        for i, text in figures(op, data, result).operands.items():
            called[i] = bare(text) if tape.is_constant(operands[i]) else called[i]
    return Calculation(names[place], op, tuple(called), data, result)


def checked(names: Names, place: int) -> Calculation:
    """The same; ValueError if data was changed between the recording of the node and that of the tape."""
    check_records(names, [place])
    return calculation(names, place)


def check_records(names: Names, places: Iterable[int]) -> None:
    """ValueError if the data of a node at one of the places, or of its operands, was changed since it was recorded."""
    tape = names.tape
    for place in places:
        if not still_recorded(tape, place):
            operands = dict.fromkeys(names[k] for k in tape.operands_of(place))
            raise changed(tape.operation(place), ends([*operands, names[place]]))


def still_recorded(tape: Tape, place: int) -> bool:
    """Whether the node at a place is what its operation gives for the data of its operands."""
    op, operands = tape.operation(place), tape.operands_of(place)
    if op not in OPERATIONS:
        return True
    partials = tape.partials[tape.starts[place] : tape.starts[place + 1]]
    formed = (i for i, k in enumerate(operands) if not tape.is_constant(k))
    return still_holds(op, [tape.data[k] for k in operands], partials, tape.data[place], formed)


def backward_step(number: int, root: str, made: Calculation, given: Contribution[float]) -> Step:
    """The step of a contribution."""
    return Step(
        *(number, "backward", root, made, given.position, given.amount),
        *(given.upstream, given.partial, given.before, given.after),
    )


# ── as text ──


def sentence(step: Step) -> tuple[list[str], str]:
    """The text of a step on a line of any length, as the parts that are equal, and the end of the last one."""
    if step.phase == "forward":
        return _forward_parts(step.calculation), ""
    if step.position is None:
        return [gradient_of(step.root, step.calculation, None)], ""
    return _backward_parts(step, step.position)


def forward_line(made: Calculation) -> str:
    """The calculation of a node in names, in floats, and its result; of a leaf only its data."""
    if not made.operation:
        return f"{made.node} = {bare(alone(made.result))}"
    return folded(_forward_parts(made))


def _forward_parts(made: Calculation) -> list[str]:
    shown = figures(made.operation, made.data, made.result)
    both = [in_names(made), in_numbers(shape(made), lambda i: bare(shown.operands[i]), bare(shown.hidden))]
    return [made.node, *dict.fromkeys(both), bare(shown.result)]


def announced(made: Calculation, fitting: float = math.inf) -> str:
    """The calculation of a node in names alone, on one line of at most so many columns.

    To fit, it leaves out operands in the middle of a row, and then shortens the names of the others.
    """
    for most, length in _SHAPES:
        text = f"{made.node} = {in_names(made, most, length)}"
        if columns(printable(text)) <= fitting:
            return text
    return visible(printable(text), int(fitting) + 1 - columns(printable("…")))


def gradient_of(root: str, made: Calculation, position: int | None) -> str:
    """A contribution in names alone, upstream gradient times local derivative; without a position the root's 1."""
    if position is None:
        return f"∂{root}/∂{root} = 1"
    node, operand = made.node, made.operands[position]
    return f"∂{root}/∂{operand} += ∂{root}/∂{node} · ∂{node}/∂{operand}"


def _backward_parts(step: Step, position: int) -> tuple[list[str], str]:
    formula, before = _formula(step.calculation, position), step.before or 0.0
    parts = [step.upstream, step.partial, step.value, before]
    upstream, factor, contribution, so_far, grad = map(
        bare, together(parts, [step.grad], lambda row: [row[3] + row[2], row[0] * row[1]])
    )
    products = [
        gradient_of(step.root, step.calculation, position),
        f"{upstream} · {f'({factor})' if factor.startswith('-') else factor}",
        contribution,
    ]
    end = "" if formula in (factor, brief(step.partial)) else f"   ({formula})"
    if step.before:
        end += f"; {operation_text('add', [so_far, contribution])} = {grad}"
    return products, end


_SHAPES: Final = (*((most, 2 * LENGTH) for most in range(FEW, 1, -2)), *((2, length) for length in (16, 11, 7, 4, 2)))
"""Numbers of operands, and lengths of their names, from the longest line to the shortest."""
_latest: tuple[Calculation, AppliedCase] | None = None
"""The case of the last calculation whose formulas were asked for: a sum of thousands has as many of them."""


def _formula(made: Calculation, position: int) -> str:
    """The formula of a local derivative under the names of the nodes, or that there is none."""
    global _latest
    r = rule(made.operation)
    if not r.cases:
        return f"{r.name}, of which no source can be read"
    latest = _latest
    if latest is None or latest[0] is not made:
        _latest = latest = made, case_of(made.operation, made.data)
    elements = [f", {name} = {brief(x)}" for name, x in latest[1].elements(position).items()]
    return latest[1].partial_text(position, made.operands, made.node) + "".join(elements)


def in_names(made: Calculation, most: int = FEW, length: int = 2 * LENGTH) -> str:
    """The operation of a node on the names of its operands."""
    return _written_out(shape(made), lambda i: shortened(made.operands[i], length), "… {:,} more …", most)


def in_numbers(of: Shape, text: Callable[[int], str], hidden: str) -> str:
    """An operation on texts of numbers, found by position; `hidden` is the sum of those left out, if any."""
    return _written_out(of, text, f"({{:,}} more: {hidden})" if hidden else "… {:,} more …", FEW)


def shape(made: Calculation) -> Shape:
    """The shape of the operation of a node."""
    chosen = None
    if is_composed(made.operation):
        weights = slice(len(made.data) // 2, None)
        chosen = only_one(made.operands[weights])
        if chosen != only_one([*map(brief, made.data[weights])]):  # A label looks like a number.
            chosen = None
    return Shape(made.operation, len(made.data), chosen)


def _written_out(of: Shape, text: Callable[[int], str], hidden: str, most: int) -> str:
    """An operation on the texts of its operands, which are found by position; `hidden` is the middle of a long row."""
    op, count, chosen = of
    if is_composed(op):
        halves = range(count // 2), range(count // 2, count)
        logits, weights = (in_brackets(ends(half, hidden, text, most)) for half in halves)
        return composed_text(op, logits, weights if chosen is None else str(chosen))
    if op not in SUMS:
        return operation_text(op, ends(range(count), hidden, text, most))
    if op == "dot":
        count //= 2
    terms = ends(range(count), hidden, _product_of(text, count) if op == "dot" else text, most)
    added = operation_text("total", terms)
    return f"({added})/{count}" if op == "mean" and count > 1 else added


def _product_of(text: Callable[[int], str], count: int) -> Callable[[int], str]:
    return lambda i: operation_text("multiply", [text(i), text(i + count)])
