"""What the numbers of a graph are called where they have to be told apart: by their labels, or v and a number.

>>> from autograd import Value
>>> from autograd.show.names import Names
>>> x = Value(3.0, label="x")
>>> y = x * x + 1
>>> names = Names(y)
>>> [names[v] for v in names.order]
['x', 'v1', '1', 'v3']
"""

import unicodedata
from collections import Counter
from difflib import get_close_matches
from typing import Final

from autograd.engine.graph import is_constant
from autograd.engine.value import Value
from autograd.functional import topological_order
from autograd.wording import brief

LABEL_LENGTH: Final = 40
"""Longer labels end in …"""
NAME_LENGTH: Final = 24
"""The same for names in lines of text, which hold several."""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and part of Persian words and of emoji."""


class Names:
    """The names of all numbers in the graph of root, each its own but for constants, which are called by their numbers.

    A number is called by its label, or by v and its place in the topological order; labels that occur more than once
    get their place behind a #, as in w#3.
    """

    def __init__(self, root: Value) -> None:
        self.order: Final = topological_order(root)
        """Every number once, each after its operands."""
        self._places: Final = {id(v): i for i, v in enumerate(self.order)}
        self._labels: Final = Counter(visible(v.label, NAME_LENGTH) for v in self.order if v.label)

    def __contains__(self, node: object) -> bool:
        return id(node) in self._places

    def place(self, node: Value) -> int:
        """Its place in the order; KeyError for a number of another graph."""
        return self._places[id(node)]

    def __getitem__(self, node: Value) -> str:
        place = self._places[id(node)]
        if node.label:
            label = visible(node.label, NAME_LENGTH)
            if self._labels[label] == 1:
                return label
            name = f"{label}#{place}"
        elif is_constant(node):
            return brief(node.data)
        else:
            name = f"v{place}"
        while name in self._labels:
            name += "'"
        return name

    def find(self, name: str) -> Value:
        """The number of that name; ValueError, with the names there are, for none."""
        for node in self.order:
            if not is_constant(node) and self[node] == name:
                return node
        names = [self[v] for v in self.order if not is_constant(v)]
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        shown = ", ".join(names[-10:]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
        hint = f"did you mean {near[0]!r}?" if near else f"there are {shown}"
        raise ValueError(f"nothing in this graph is called {name!r}; {hint}")


def visible(text: str, length: int = LABEL_LENGTH) -> str:
    """Any text on one line: too long a one ends in …, and what can't be seen or breaks a line has a stand-in."""
    shown = text if len(text) <= length else text[: length - 1] + "…"
    return "".join(map(_visible, shown))


def _visible(character: str) -> str:
    """The character, or a stand-in for what can't be seen, breaks a line, turns text around or isn't allowed in XML."""
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    if character < " ":
        return chr(ord("␀") + ord(character))
    return "␡" if character == "\x7f" else "\N{REPLACEMENT CHARACTER}"
