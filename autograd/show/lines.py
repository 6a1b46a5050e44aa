"""One node at work, as arithmetic that a person can check by hand: its value, or one of its contributions.

>>> from autograd import Tape, Value
>>> from autograd.show.lines import calculation, forward_line
>>> from autograd.show.names import Names
>>> h = Value(0.35, label="z1").sigmoid()
>>> h.label = "h"
>>> print(forward_line(calculation(Names(Tape(h)), 1)))
h = sigmoid(z1) = sigmoid(0.35) = 0.586618

Floats are shown with six digits. Lines are folded to the width of a terminal.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from autograd.engine.number import short
from autograd.engine.tape import Contribution
from autograd.formula import case_of, operation_text, rule, still_holds
from autograd.formula.cases import changed
from autograd.formula.text import AppliedCase
from autograd.show.names import Names
from autograd.wording import FEW, brief, ends, folded


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
        if self.phase == "forward":
            return forward_line(self.calculation)
        if self.position is None:
            return gradient_of(self.root, self.calculation, None)
        return _backward_line(self, self.position)

    def __repr__(self) -> str:
        return str(self)


# ── from the tape ──


def calculation(names: Names, place: int) -> Calculation:
    """The calculation of the node at a place."""
    tape = names.tape
    operands = tape.operands_of(place)
    called, data = tuple([names[k] for k in operands]), tuple([tape.data[k] for k in operands])
    return Calculation(names[place], tape.operation(place), called, data, tape.data[place])


def checked(names: Names, place: int) -> Calculation:
    """The same; ValueError if data was changed between the recording of the node and that of the tape."""
    made, tape = calculation(names, place), names.tape
    if made.operation:
        partials = tape.partials[tape.starts[place] : tape.starts[place + 1]]
        formed = [i for i, k in enumerate(tape.operands_of(place)) if not tape.is_constant(k)]
        if not still_holds(made.operation, made.data, partials, made.result, formed):
            raise changed(made.operation, ends([*dict.fromkeys(made.operands), made.node]))
    return made


def backward_step(number: int, root: str, made: Calculation, given: Contribution[float]) -> Step:
    """The step of a contribution."""
    return Step(
        *(number, "backward", root, made, given.position, given.amount),
        *(given.upstream, given.partial, given.before, given.after),
    )


# ── as text ──


def forward_line(made: Calculation) -> str:
    """The calculation of a node in names, in floats, and its result; of a leaf only its data."""
    if not made.operation:
        return f"{made.node} = {brief(made.result)}"
    return folded([made.node, *dict.fromkeys(_written_out(made)), brief(made.result)])


def announced(made: Calculation) -> str:
    """The calculation of a node in names alone, on one line."""
    return f"{made.node} = {_written_out(made)[0]}"


def gradient_of(root: str, made: Calculation, position: int | None) -> str:
    """A contribution in names alone, upstream gradient times local derivative; without a position the root's 1."""
    if position is None:
        return f"∂{root}/∂{root} = 1"
    node, operand = made.node, made.operands[position]
    return f"∂{root}/∂{operand} += ∂{root}/∂{node} · ∂{node}/∂{operand}"


def _backward_line(step: Step, position: int) -> str:
    formula = _formula(step.calculation, position)
    factor, contribution = brief(step.partial), brief(step.value)
    parts = [
        gradient_of(step.root, step.calculation, position),
        f"{brief(step.upstream)} · {f'({factor})' if factor.startswith('-') else factor}",
        contribution,
    ]
    end = "" if formula == factor else f"   ({formula})"
    if step.before:
        end += f"; {operation_text('add', [brief(step.before), contribution])} = {brief(step.grad)}"
    return folded(parts, end)


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
    return latest[1].partial_text(position, made.operands, made.node)


def _written_out(made: Calculation) -> tuple[str, str]:
    """The operation on names and on floats; in a long sum the terms in the middle are added up."""
    op, texts, data = made.operation, [*made.operands], [*made.data]
    floats = [brief(x) for x in data]
    if op == "power" and float(short(data[1])) != data[1]:
        exponent = repr(data[1])  # x to the power 2.0000001 is no square.
        texts[1] = exponent if texts[1] == floats[1] else texts[1]
        floats[1] = exponent
    if op not in ("total", "mean", "dot"):
        return operation_text(op, ends(texts)), operation_text(op, ends(floats))
    if op == "dot":
        n = len(data) // 2
        texts, floats = _products(texts), _products(floats)
        data = [x * y for x, y in zip(data[:n], data[n:], strict=True)]
    hidden = brief(added(data[FEW // 2 : -FEW // 2]))
    sums = [operation_text("total", row) for row in (ends(texts), ends(floats, f"({{:,}} more: {hidden})"))]
    if op == "mean" and len(data) > 1:
        sums = [f"({text})/{len(data)}" for text in sums]
    return sums[0], sums[1]


def _products(row: Sequence[str]) -> list[str]:
    n = len(row) // 2
    return [operation_text("multiply", [x, y]) for x, y in zip(row[:n], row[n:], strict=True)]


def added(terms: Sequence[float]) -> float:
    """The sum, rounded once unless it leaves the range of floats on its way, and never an error."""
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):
        return sum(terms)
