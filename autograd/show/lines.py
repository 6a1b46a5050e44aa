"""What one node does, forward and backward, as arithmetic that a person can check by hand.

>>> from autograd import Value
>>> from autograd.show.lines import backward_line, forward_line
>>> from autograd.show.names import Names
>>> z = Value(0.35, label="z1")
>>> h = z.sigmoid()
>>> h.label = "h"
>>> names = Names(h)
>>> print(forward_line(h, names))
h = sigmoid(z1) = sigmoid(0.35) = 0.586618
>>> print(backward_line(h, 0, -0.082, 0.0, names))
∂h/∂z1 += ∂h/∂h · ∂h/∂z1 = -0.082 · 0.242497 = -0.0198848   (h·(1 - h))

Numbers are shown with six digits; lines are folded to the width of a terminal.
"""

import math
from collections.abc import Sequence

from autograd.engine import graph
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.formula import operation_text, partial_text
from autograd.formula.cases import unchanged
from autograd.show.names import Names
from autograd.wording import FEW, brief, ends, folded


def forward_line(node: Value, names: Names) -> str:
    """How the number of a node came about: in names, in numbers, and what it is.

    A leaf tells its number. ValueError if data was changed since the node was made.
    """
    if not node.op:
        return f"{names[node]} = {brief(node.data)}"
    operands = node.operands
    unchanged(node, operands)
    in_names, in_numbers = _written_out(node.op, operands, names)
    return folded([names[node], *dict.fromkeys([in_names, in_numbers]), brief(node.data)])


def announced(node: Value, names: Names) -> str:
    """The operation of a node on names alone, on one line."""
    return f"{names[node]} = {_written_out(node.op, node.operands, names)[0]}"


def backward_line(node: Value, position: int, above: float, before: float, names: Names) -> str:
    """What an operand's gradient gets from a node: its own gradient `above`, times the local derivative.

    `before` is what the operand had already got from other nodes. ValueError if data was changed since the node was
    made.
    """
    operands = node.operands
    operand, partial = operands[position], node.partials[position]
    root, own, its = names[names.order[-1]], names[node], names[operand]
    called = [names[v] for v in operands]
    formula = partial_text(node, position, names=called, name=own)
    gets = above * partial
    parts = [f"∂{root}/∂{its} += ∂{root}/∂{own} · ∂{own}/∂{its}", f"{brief(above)} · {_factor(partial)}", brief(gets)]
    told = "" if formula == brief(partial) else f"   ({formula})"
    together = f"; {operation_text('add', [brief(before), brief(gets)])} = {brief(before + gets)}" if before else ""
    return folded(parts, told + together)


def _factor(number: float) -> str:
    text = brief(number)
    return f"({text})" if text.startswith("-") else text


def _written_out(op: str, operands: Sequence[Value], names: Names) -> tuple[str, str]:
    """The operation on names and on numbers; a long sum tells what the terms left out add up to."""
    texts, data = [names[v] for v in operands], [v.data for v in operands]
    in_numbers = [brief(x) for x in data]
    if op == "power" and float(short(data[1])) != data[1]:
        in_numbers[1] = repr(data[1])  # 2.0000001 is no square
        texts[1] = in_numbers[1] if graph.is_constant(operands[1]) else texts[1]
    if op not in ("total", "mean", "dot"):
        return operation_text(op, ends(texts)), operation_text(op, ends(in_numbers))
    if op == "dot":
        texts, in_numbers = _products(texts), _products(in_numbers)
        data = [x * y for x, y in zip(data[: len(texts)], data[len(texts) :], strict=True)]
    hidden = brief(added(data[FEW // 2 : -FEW // 2]))
    sums = [operation_text("total", row) for row in (ends(texts), ends(in_numbers, f"({{:,}} more: {hidden})"))]
    if op == "mean" and len(data) > 1:
        sums = [f"({text})/{len(data)}" for text in sums]
    return sums[0], sums[1]


def _products(row: Sequence[str]) -> list[str]:
    n = len(row) // 2
    return [operation_text("multiply", [x, y]) for x, y in zip(row[:n], row[n:], strict=True)]


def added(numbers: Sequence[float]) -> float:
    """The sum, rounded once unless it leaves the range of floats on its way, and never an error."""
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return sum(numbers)


def shares(node: Value) -> list[int]:
    """The positions of the operands that get a share of a node's gradient: all but constants, and none of a detach."""
    if not graph.edges(node):
        return []
    return [i for i, v in enumerate(graph.operands_of(node)) if not graph.is_constant(v)]
