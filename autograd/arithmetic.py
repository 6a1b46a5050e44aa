"""What one node does, forward and backward, as arithmetic that a person can check by hand.

>>> from autograd import Value
>>> from autograd.arithmetic import backward_line, forward_line
>>> from autograd.naming import Names
>>> z = Value(0.35, label="z1")
>>> h = z.sigmoid()
>>> h.label = "h"
>>> names = Names(h)
>>> print(forward_line(h, names))
h = sigmoid(z1) = sigmoid(0.35) = 0.586618
>>> print(backward_line(h, 0, -0.082, 0.0, names))
∂h/∂z1 += ∂h/∂h · ∂h/∂z1 = −0.082 · 0.242497 = −0.0198848   (h·(1 − h))

Numbers are shown with six digits; lines are folded to the width of a terminal.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Final

from autograd import graph
from autograd.formula import operation_text, partial_text
from autograd.formula.rulebook import unchanged
from autograd.naming import Names
from autograd.number import short, signed
from autograd.value import Value

WIDTH: Final = 79
"""Of a line, in characters: a terminal has 80, and some keep the last for the cursor."""
FEW: Final = 8
"""Terms of a long sum that are written out."""


def forward_line(node: Value, names: Names) -> str:
    """How the number of a node came about: in names, in numbers, and what it is.

    A leaf tells its number. ValueError if data was changed since the node was made.
    """
    if not node.op:
        return f"{names[node]} = {signed(node.data)}"
    operands = node.operands
    unchanged(node, operands)
    in_names, in_numbers = _written_out(node.op, operands, names)
    return folded([names[node], *dict.fromkeys([in_names, in_numbers]), signed(node.data)])


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
    parts = [f"∂{root}/∂{its} += ∂{root}/∂{own} · ∂{own}/∂{its}", f"{signed(above)} · {_factor(partial)}", signed(gets)]
    told = "" if formula == signed(partial) else f"   ({formula})"
    together = f"; {operation_text('add', [signed(before), signed(gets)])} = {signed(before + gets)}" if before else ""
    return folded(parts, told + together)


def _factor(number: float) -> str:
    text = signed(number)
    return f"({text})" if text.startswith("−") else text


def _written_out(op: str, operands: Sequence[Value], names: Names) -> tuple[str, str]:
    """The operation on names and on numbers; a long sum tells what the terms left out add up to."""
    texts, data = [names[v] for v in operands], [v.data for v in operands]
    in_numbers = [signed(x) for x in data]
    if op == "power" and float(short(data[1])) != data[1]:
        in_numbers[1] = repr(data[1])  # 2.0000001 is no square
        texts[1] = in_numbers[1] if graph.is_constant(operands[1]) else texts[1]
    if op not in ("total", "mean", "dot"):
        return operation_text(op, ends(texts)), operation_text(op, ends(in_numbers))
    if op == "dot":
        texts, in_numbers = _products(texts), _products(in_numbers)
        data = [x * y for x, y in zip(data[: len(texts)], data[len(texts) :], strict=True)]
    hidden = signed(added(data[FEW // 2 : -FEW // 2]))
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


def ends(row: Sequence[str], left_out: str = "… {:,} more …") -> list[str]:
    """The row, or its two ends with a word on how many are left out."""
    half = FEW // 2
    return [*row] if len(row) <= FEW else [*row[:half], left_out.format(len(row) - 2 * half), *row[-half:]]


def shares(node: Value) -> list[int]:
    """The positions of the operands that get a share of a node's gradient: all but constants, and none of a detach."""
    if not graph.edges(node):
        return []
    return [i for i, v in enumerate(graph.operands_of(node)) if not graph.is_constant(v)]


def folded(parts: Sequence[str], end: str = "") -> str:
    """Parts joined by =, on one line if they fit, else on one line each."""
    line = " = ".join(parts) + end
    if len(line) <= WIDTH:
        return line
    lines = [parts[0], *(f"    = {part}" for part in parts[1:])]
    lines[-1] += end
    return "\n".join(map(wrapped, lines))


def wrapped(line: str) -> str:
    """A line, or several that fit a terminal, the later ones indented."""
    if len(line) <= WIDTH or "\n" in line:
        return line
    indent = len(line) - len(line.lstrip())
    parts = textwrap.wrap(
        line.strip(), WIDTH - indent, subsequent_indent=" " * 4, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(" " * indent + part for part in parts)
