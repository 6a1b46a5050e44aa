"""Names for the nodes of a graph: their labels, their places in a model, or v1, v2, v3 … in order.

>>> from autograd import Tape, Value
>>> from autograd.show.names import Names
>>> x = Value(3.0, label="x")
>>> names = Names(Tape(x * x + 1))
>>> [names[place] for place in range(4)]
['x', 'v1', '1', 'v2']
>>> names.place("v1"), names.place(x)
(1, 0)
"""

import re
from collections import Counter
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from autograd.console import columns
from autograd.engine.number import described
from autograd.engine.tape import CONSTANT_CODE, Tape
from autograd.engine.value import Value
from autograd.show.calls import structural_names
from autograd.show.models import place_of_path
from autograd.wording import brief, visible

LENGTH: Final = 24
"""Columns of a name in a line of text; a longer one has … where it is cut."""
LISTED: Final = 10
"""Names in an error."""
COMPARED: Final = 1000
"""Labels, and names of the last nodes, that are compared with a name that is not there: to compare is slow."""
_PATH: Final = re.compile(r"[\w…]*[.\[][\w.,=\[\]#'…]*")
"""A name whose end tells it from others."""


def shortened(name: str, length: int = LENGTH) -> str:
    """A name on one line, of at most so many columns; of a path the end is left, where its places are.

    >>> shortened("blocks[10].attention.w[2,1]"), shortened("weight_ih[3,0]", 12), shortened("the weight", 8)
    ('…attention.w[2,1]', '…ght_ih[3,0]', 'the wei…')
    """
    if len(name) <= length and name.isascii() and name.isprintable():
        return name  # As most are, of perhaps a million.
    if len(name) <= length or not _PATH.fullmatch(name):
        return visible(name, length)
    end = name[-length:]
    while columns(end) >= length:
        end = end.partition(".")[2] or end[1:]
    return f"…{end}"


class Names:
    """The names of the nodes of a tape, by their places. No two are equal, but a constant is called by its data.

    A node is called by its label; a node of a model without one by its place there, as in w1[2,0] or h1[2]; the others
    are v1, v2, v3 in the order of the tape. Where several have one name, # and a number follow it, as in w#2.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape: Final = tape

    @cached_property
    def root(self) -> str:
        """The name of the first root."""
        return self[self.tape.roots[0]]

    @cached_property
    def own(self) -> list[int]:
        """The places of all nodes but constants."""
        return [place for place, code in enumerate(self.tape.codes) if code != CONSTANT_CODE]

    @cached_property
    def _called(self) -> dict[int, str]:
        """The names of all nodes but constants."""
        names = {place: shortened(name) for place, name in structural_names(self.tape).items()}
        for place in self.own:
            if label := self.tape.node(place).label:
                names[place] = shortened(label)
        counts = Counter(names.values())
        numbers: Counter[str] = Counter()
        for place in self.own:
            if (base := names.get(place, "")) and counts[base] == 1:
                continue
            numbers[base] += 1
            name = f"{base}#{numbers[base]}" if base else f"v{numbers[base]}"
            while name in counts:
                name += "'"
            names[place] = name
        return names

    def __getitem__(self, place: int) -> str:
        return brief(self.tape.data[place]) if self.tape.codes[place] == CONSTANT_CODE else self._called[place]

    def own_name(self, place: int) -> str:
        """The name of a node; empty for a constant."""
        return "" if self.tape.is_constant(place) else self[place]

    def place(self, target: Value | str) -> int:
        """The place of a node that is given as a Value or by its name.

        A parameter is also found by its path in a model, as in `named_parameters`. TypeError for anything else;
        ValueError for a Value of another graph, and for a name that no node has, with the nearest name or the last
        ones.
        """
        if isinstance(target, str):
            return self._place_of_name(target)
        if type(target) is not Value:
            raise TypeError(f"a node is given as a Value or by its name, not as {described(target)}")
        if target not in self.tape:
            raise ValueError(f"{target!r} is no part of the graph of {self.root}")
        return self.tape.place(target)

    def _place_of_name(self, name: str) -> int:
        shown = shortened(name)  # A long name is given as it was written, too.
        for place in self.own:
            if self[place] in (name, shown):
                return place
        if (found := place_of_path(self.tape, name)) is not None:
            return found
        compared = sorted({*self.own[:COMPARED], *self.own[-COMPARED:]})
        names = [self[place] for place in compared]
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        more = f" and {len(self.own) - LISTED:,} more" if len(self.own) > LISTED else ""
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names[-LISTED:])}{more}"
        raise ValueError(f"nothing in this graph is called {name!r}; {hint}")
