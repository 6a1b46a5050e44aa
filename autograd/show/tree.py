"""A graph as indented text, for a terminal.

>>> from autograd import Value, tree
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.label = "y"
>>> tree(y)
y = v1 + v2 = 15
├── v1 = x·x = 9
│   ├── x = 3
│   └── x
└── v2 = 2·x = 6
    └── x

Each node is written once. Where it is met again, its name stands for it, with … for the lines below it. Constants stand
in the line of their operation.
"""

from collections import deque
from typing import Final

from autograd.arguments import a_value, whole
from autograd.console import columns, printable, width
from autograd.engine.value import Value
from autograd.show.digits import bare, data_texts
from autograd.show.fold import folded
from autograd.show.lines import announced, calculation, check_records
from autograd.show.names import Names
from autograd.wording import Text, counted, wrapped

MOST: Final = 200
"""Lines that a person reads."""


def tree(root: Value, *, most: int = MOST, inner: bool = False) -> Text:
    """The graph of root as indented text, a line for each edge, at most so many lines.

    The last line counts the nodes that are left out. Softmax and cross-entropy are one operation each; with `inner`
    they are the operations that are recorded for them. It is a str that the prompt and a notebook show as its lines.
    TypeError for anything but a Value, ValueError for a `most` that is no int from 1, and if the data of a node was
    changed since it was recorded.
    """
    tape = folded(a_value(root, "tree"), inner=inner)
    names, most = Names(tape), whole("most", most)
    # Deeper nodes go on at the margin, so that half of each line is left for the text.
    deepest = width() // 8
    written: set[int] = set()
    # Of each line: the text before the name, the place, and whether the operation follows.
    lines: list[tuple[str, int, bool]] = []
    # Entries to be written: a place, the text before its name, and the text before the names below it.
    stack: list[tuple[int, str, str]] = [(tape.roots[0], "", "")]
    deeper: deque[int] = deque()
    while (stack or deeper) and len(lines) < most:
        place, before, below = stack.pop() if stack else (deeper.popleft(), "", "")
        if place in written:
            if before:
                lines.append((before, place, False))
            continue
        if tape.operation(place) and len(below) >= 4 * deepest:
            deeper.append(place)
            lines.append((before, place, False))
            continue
        written.add(place)
        lines.append((before, place, True))
        operands = [k for k in reversed(tape.operands_of(place)) if not tape.is_constant(k)]
        stack += [(k, f"{below}└── ", f"{below}    ") for k in operands[:1]]
        stack += [(k, f"{below}├── ", f"{below}│   ") for k in operands[1:]]
    check_records(names, written)
    data = data_texts(tape, written)
    texts = [before + (_line(names, k, data[k], before) if first else _again(names, k)) for before, k, first in lines]
    left_out = len(names.own) - len(written)
    if left_out:
        texts.append(wrapped(f"… and {counted(left_out, 'more node')}; tree(root, most=…) shows more lines"))
    return Text(printable("\n".join(texts)))


def _line(names: Names, place: int, data: str, before: str) -> str:
    made, value = calculation(names, place), bare(data)
    free = width() - columns(before) - columns(value) - 3
    return f"{announced(made, free) if made.operation else made.node} = {value}"


def _again(names: Names, place: int) -> str:
    return f"{names[place]}{' …' if names.tape.operation(place) else ''}"
