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

from collections import Counter
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from autograd.engine.number import described
from autograd.engine.tape import CONSTANT_CODE, Tape
from autograd.engine.value import Value
from autograd.show.calls import structural_names
from autograd.wording import brief, visible

LENGTH: Final = 24
"""Characters of a name in a line of text; a longer one ends in …"""
LISTED: Final = 10
"""Names in an error."""
COMPARED: Final = 1000
"""Labels, and names of the last nodes, that are compared with a name that is not there: to compare is slow."""


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
        names = structural_names(self.tape)
        for place in self.own:
            if text := self.tape.node(place).label or names.get(place, ""):
                names[place] = visible(text, LENGTH)
        counts = Counter(names.values())
        numbers: Counter[str] = Counter()
        for place in self.own:
            base = names.get(place, "")
            if counts[base] == 1:
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

        TypeError for anything else; ValueError for a Value of another graph, and for a name that no node has, with
        the nearest name or the last ones.
        """
        if isinstance(target, str):
            return self._place_of_name(target)
        if type(target) is not Value:
            raise TypeError(f"a node is given as a Value or by its name, not as {described(target)}")
        if target not in self.tape:
            raise ValueError(f"{target!r} is no part of the graph of {self.root}")
        return self.tape.place(target)

    def _place_of_name(self, name: str) -> int:
        shown = visible(name, LENGTH)  # A long label is given as it was written, too.
        for place in self.own:
            if self[place] in (name, shown):
                return place
        compared = sorted({*self.own[:COMPARED], *self.own[-COMPARED:]})
        names = [self[place] for place in compared]
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        more = f" and {len(self.own) - LISTED:,} more" if len(self.own) > LISTED else ""
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names[-LISTED:])}{more}"
        raise ValueError(f"nothing in this graph is called {name!r}; {hint}")
