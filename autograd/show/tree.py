"""A graph as indented text, for a terminal.

>>> from autograd import Value, tree
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.label = "y"
>>> print(tree(y))
y = v1 + v3 = 15
├── v1 = x·x = 9
│   ├── x = 3
│   └── x
└── v3 = 2·x = 6
    └── x

Every number is told once; where it is met again, its name refers to it, and … to what is below it. Plain numbers beside
an operator stand in its line.
"""

from collections import deque
from typing import Final

from autograd.arguments import whole
from autograd.engine.graph import is_constant
from autograd.engine.value import Value
from autograd.show.lines import announced
from autograd.show.names import Names, visible
from autograd.wording import WIDTH, brief

MOST: Final = 200
"""Lines that a person reads."""
DEEPEST: Final = 9
"""Levels of indentation; what is deeper goes on at the margin, or it would leave the page."""


def tree(root: Value, *, most: int = MOST) -> str:
    """The graph of root as indented text, a line for each edge, at most so many lines.

    What is left out is counted in the last line. TypeError for what is no Value, ValueError for a `most` below 1.
    """
    if not isinstance(root, Value):
        raise TypeError(f"tree takes the Value at the root, not {type(root).__name__}")
    most = whole("most", most)
    names = Names(root)
    told: set[Value] = set()
    lines: list[str] = []
    # What is still to be written: a number, what stands before its name, and what stands before those below it.
    stack: list[tuple[Value, str, str]] = [(root, "", "")]
    deeper: deque[Value] = deque()
    while (stack or deeper) and len(lines) < most:
        if not stack:
            stack.append((deeper.popleft(), "", ""))
        node, before, below = stack.pop()
        if node in told:
            if before:
                lines.append(f"{before}{names[node]}{' …' if node.op else ''}")
            continue
        if node.op and len(below) >= 4 * DEEPEST:
            deeper.append(node)
            lines.append(f"{before}{names[node]} …")
            continue
        told.add(node)
        lines.append(_line(node, names, before))
        operands = [v for v in node.operands if not is_constant(v)]
        for i, operand in reversed(list(enumerate(operands))):
            last = i == len(operands) - 1
            stack.append((operand, below + ("└── " if last else "├── "), below + ("    " if last else "│   ")))
    left_out = sum(v not in told and not is_constant(v) for v in names.order)
    if left_out:
        lines.append(f"… and {left_out:,} numbers more; tree(root, most=…) shows more lines")
    return "\n".join(lines)


def _line(node: Value, names: Names, before: str) -> str:
    value = brief(node.data)
    if not node.op:
        return f"{before}{names[node]} = {value}"
    operation = announced(node, names)
    return f"{before}{visible(operation, WIDTH - len(before) - len(value) - 3)} = {value}"
