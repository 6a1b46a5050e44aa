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

Each node is written once. Where it is met again, its name stands for it, with … for the lines below it. Constants stand
in the line of their operation.
"""

from collections import deque
from typing import Final

from autograd.arguments import a_value, whole
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.show.lines import announced, calculation
from autograd.show.names import Names
from autograd.wording import WIDTH, brief, counted, visible

MOST: Final = 200
"""Lines that a person reads."""
DEEPEST: Final = 9
"""Levels of indentation; deeper nodes go on at the margin, or they would leave the page."""


def tree(root: Value, *, most: int = MOST) -> str:
    """The graph of root as indented text, a line for each edge, at most so many lines.

    The last line counts the nodes that are left out. TypeError for anything but a Value, ValueError for a `most` that
    is no int from 1.
    """
    tape = Tape(a_value(root, "tree"))
    names, most = Names(tape), whole("most", most)
    written: set[int] = set()
    lines: list[str] = []
    # Entries to be written: a place, the text before its name, and the text before the names below it.
    stack: list[tuple[int, str, str]] = [(tape.roots[0], "", "")]
    deeper: deque[int] = deque()
    while (stack or deeper) and len(lines) < most:
        place, before, below = stack.pop() if stack else (deeper.popleft(), "", "")
        if place in written:
            if before:
                lines.append(f"{before}{names[place]}{' …' if tape.operation(place) else ''}")
            continue
        if tape.operation(place) and len(below) >= 4 * DEEPEST:
            deeper.append(place)
            lines.append(f"{before}{names[place]} …")
            continue
        written.add(place)
        lines.append(_line(names, place, before))
        operands = [k for k in reversed(tape.operands_of(place)) if not tape.is_constant(k)]
        stack += [(k, f"{below}└── ", f"{below}    ") for k in operands[:1]]
        stack += [(k, f"{below}├── ", f"{below}│   ") for k in operands[1:]]
    left_out = len(names.own) - len(written)
    if left_out:
        lines.append(f"… and {counted(left_out, 'more node')}; tree(root, most=…) shows more lines")
    return "\n".join(lines)


def _line(names: Names, place: int, before: str) -> str:
    made = calculation(names, place)
    value = brief(made.result)
    text = visible(announced(made), WIDTH - len(before) - len(value) - 3) if made.operation else made.node
    return f"{before}{text} = {value}"
