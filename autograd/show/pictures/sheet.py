"""A part of a graph as DOT text, under the looks of one picture.

>>> from autograd import Tape, Value
>>> from autograd.show.pictures.cones import boxes
>>> from autograd.show.names import Names
>>> from autograd.show.pictures.part import nearest
>>> from autograd.show.pictures.sheet import View, sheet
>>> x = Value(3.0, label="x")
>>> tape = Tape(x * x)
>>> drawing = sheet(nearest(boxes(tape), tape.roots, 9), View(Names(tape), {1: 1.0}.get))
>>> [line.split(" [")[0].strip() for line in drawing.source.splitlines() if "->" in line]
['n1_op -> n1', 'n0 -> n1_op', 'n0 -> n1_op']
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.show.digits import alone, bare, data_texts
from autograd.show.lines import check_records
from autograd.show.names import Names
from autograd.show.pictures import looks
from autograd.show.pictures.cones import Line, in_sign
from autograd.show.pictures.copies import copies
from autograd.show.pictures.flow import Flow, locals_of, look
from autograd.show.pictures.formulas import Formulas
from autograd.show.pictures.haste import haste
from autograd.show.pictures.part import Part

if TYPE_CHECKING:
    from graphviz import Digraph

# Imports inside functions cost more than all of autograd, and most programs never draw.

CROWD: Final = 100
"""Lines from which on they are thinner."""


class Reserved(NamedTuple):
    """The columns that texts may need at some time, so that no box ever changes its size."""

    numbers: Mapping[int, int]
    """By the places of the nodes."""
    partials: Mapping[tuple[int, int], int]
    """By the uses at the ends of lines."""


class View(NamedTuple):
    """The looks of a picture."""

    names: Names
    gradient: Callable[[int], float | None]
    """Of the node at a place; None for one that is not yet known."""
    kinds: Mapping[int, str] = {}
    """Of the nodes that are roots or parameters, by their places."""
    accents: Collection[int] = ()
    """The places of nodes to highlight."""
    partials: bool = True
    direction: str = "LR"
    flow: Flow | None = None
    step: tuple[int, int | None] | None = None
    """The place of the node whose lines are lit, or the one line at that position."""
    computed: float = math.inf
    """The data of operations at later places are not yet known."""
    reserved: Reserved | None = None
    notices: Sequence[str] = ()
    """Sentences above the picture."""

    def known(self, place: int) -> bool:
        """Whether the data of a node is computed."""
        return place <= self.computed or not self.names.tape.operation(place)


def sheet(part: Part, view: View) -> "Digraph":
    """The picture of a part; ValueError if the data of a node in it was changed since it was recorded."""
    digraph = _Sheet(part, view).digraph
    digraph.graph_attr.update(haste(digraph.source))
    return digraph


class _Sheet:
    def __init__(self, part: Part, view: View) -> None:
        self.part, self.view, self.tape = part, view, part.tape
        told = sorted({place for head in part.shown for place in part.boxes.inside(head)})
        check_records(view.names, told)
        self.data = data_texts(self.tape, part.shown)
        self.formulas = Formulas(view.names, part.boxes)
        self.ids = {place: f"n{i}" for i, place in enumerate(part.shown)}
        self.edges = part.edges
        self.written = {place for place in part.shown if self.tape.operation(place) and part.boxes.written_out(place)}
        """Boxes that show their formula."""
        self.pairs = {place: self._pairs(place) for place in part.shown if self._is_sum_of_products(place)}
        """The numbers of the pairs of a sum of products of which a line is shown."""
        self.copies = copies(part)
        self.used = Counter(line.source for lines in part.operands.values() for line in lines if line is not None)
        self.drawn: set[str] = set()
        """The copies that are there."""
        self.digraph = self._page()
        for place in part.shown:
            self._node(place)

    def _page(self) -> "Digraph":
        from graphviz import Digraph

        crowd = max(map(len, self.part.operands.values()))
        attributes = {"rankdir": self.view.direction, "nodesep": "0.2"}
        if self.part.folds:
            attributes |= {"ranksep": f"{0.3 + 0.1 * min(crowd, 16):g}", "splines": "line"}
        else:
            attributes |= {"ranksep": f"{0.3 + 0.04 * min(max(crowd - 4, 0), 30):g}"}
        legend = "" if self.view.flow is None else _legend(self.view.flow)
        if captions := [*map(looks.escaped, self.view.notices), *([legend] if legend else [])]:
            lines = "".join(f'<TR><TD ALIGN="LEFT">{looks.small(words)}</TD></TR>' for words in captions)
            table = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{lines}</TABLE>>'
            attributes |= {"label": table, "labelloc": "t" if self.view.notices else "b", "labeljust": "l"}
        return Digraph(
            "autograd",
            graph_attr=looks.FONT | attributes,
            node_attr=looks.FONT | {"fontsize": "12", "shape": "box", "margin": "0.08,0.04"},
            edge_attr=looks.FONT | {"fontsize": "10", "arrowsize": "0.6"},
        )

    # ── boxes ──

    def _node(self, place: int) -> None:
        view = self.view
        accent = looks.HIGHLIGHT if place in view.accents else {}
        name, numbers = view.names.own_name(place), self._numbers(place)
        if place in self.written:
            label = looks.formula_box(name, self.formulas.text(place), numbers)
            self.digraph.node(self.ids[place], label, **(self._look(place) | {"ordering": "in"} | accent))
            self._lines(place, self.ids[place])
            return
        label = looks.box(name, numbers, view.reserved.numbers.get(place, 0) if view.reserved else 0)
        self.digraph.node(self.ids[place], label, **(self._look(place) | accent))
        if self.tape.operation(place):
            self._operation(place)

    def _operation(self, place: int) -> None:
        part, view, op = self.part, self.view, self.tape.operation(place)
        name = f"{self.ids[place]}_op"
        if self.pairs.get(place):
            label = looks.pairs_label(self.pairs[place], view.direction, place in part.hidden, self._are_beside(place))
            self.digraph.node(name, label, **looks.PAIRS)
        else:
            operands = self.tape.operands_of(place)
            numbers = [self.tape.data[operands[i]] for i in in_sign(self.tape, place)]
            self.digraph.node(name, f"<{looks.text(looks.operation_label(op, numbers))}>", **looks.OPERATION)
        own = self._flowing(view.flow and view.flow.gradients.get(place))
        detached = {"style": "dashed"} if op == "detach" else {}
        lit = looks.LIT if view.step and view.step[0] == place else {}
        self.digraph.edge(name, self.ids[place], **(own | looks.MAIN | detached | lit))
        self._lines(place, name)

    def _look(self, place: int) -> dict[str, str]:
        tape = self.tape
        plain = "interior" if tape.operation(place) else "constant" if tape.is_constant(place) else "leaf"
        return looks.KINDS[self.view.kinds.get(place) or plain]

    def _numbers(self, place: int) -> list[tuple[str, str]]:
        data = self.data[place] if self.view.known(place) else looks.UNKNOWN
        if self.tape.is_constant(place):
            return [("", data)]
        gradient = self.view.gradient(place)
        return [("data", data), ("grad", looks.UNKNOWN if gradient is None else alone(gradient))]

    def _is_sum_of_products(self, place: int) -> bool:
        return self.tape.operation(place) == "dot" and place not in self.written

    def _pairs(self, place: int) -> list[int]:
        half = len(self.tape.operands_of(place)) // 2
        return sorted({line.uses[0][1] % half for line in self.part.operands[place] if line is not None})

    def _are_beside(self, place: int) -> bool:
        """Whether all operands of a node are leaves that nothing else uses."""
        lines = [line for line in self.part.operands[place] if line is not None]
        return all(self.used[line.source] == 1 and not self.tape.operation(line.source) for line in lines)

    # ── lines ──

    def _lines(self, place: int, end: str) -> None:
        partials = locals_of(self.part.boxes, place) if self.view.partials else {}
        for line in self._in_order(place):
            if line is None:
                more = f"{self.ids[place]}_more"
                self.digraph.node(more, f"… {self.part.hidden[place]:,} more", **looks.STUB)
                self.digraph.edge(more, end, **(looks.LINE | {"style": "dashed"}))
                continue
            use, label = line.uses[0], None
            if partials and not self.tape.is_constant(line.source):
                label = self._partial(use, partials[use].derivative)
            self.digraph.edge(*self._joined(place, line, end), label, **self._style(place, line))

    def _in_order(self, place: int) -> Sequence[Line | None]:
        """The lines into a node; into a sum of products pair by pair."""
        lines = self.part.operands[place]
        if place not in self.pairs:
            return lines
        half = len(self.tape.operands_of(place)) // 2
        return sorted(lines, key=lambda line: half if line is None else line.uses[0][1] % half)

    def _joined(self, place: int, line: Line, end: str) -> tuple[str, str]:
        """The two ends of a line, where they have sides to meet: of formulas, and of sums of products."""
        sides = looks.SIDES[self.view.direction]
        source = self._source(line)
        if place in self.pairs:
            half = len(self.tape.operands_of(place)) // 2
            return source, f"{end}:p{line.uses[0][1] % half}:{sides.enter}"
        return (f"{source}:{sides.leave}", f"{end}:{sides.enter}") if place in self.written else (source, end)

    def _style(self, place: int, line: Line) -> dict[str, str]:
        use = line.uses[0]
        view = self.view
        style = self._flowing(view.flow and view.flow.amounts.get(use))
        if self.tape.operation(place) == "detach":
            style = style | {"style": "dashed"}
        if self.tape.operation(line.source) and place not in self.written:
            style = style | looks.MAIN
        lit = view.step is not None and view.step[0] == place and view.step[1] in (None, use[1])
        return style | looks.LIT if lit else style

    def _partial(self, use: tuple[int, int], partial: float) -> str:
        words = f"∂ {alone(partial)}"
        reserved = self.view.reserved.partials.get(use, 0) if self.view.reserved else 0
        return looks.line_label(words if self.view.known(use[0]) else "", max(reserved, len(words)))

    def _flowing(self, amount: float | None) -> dict[str, str]:
        flow = self.view.flow
        return looks.LINE if amount is None or flow is None else look(amount, flow.largest, crowded=self.edges > CROWD)

    def _source(self, line: Line) -> str:
        """The box that a line comes from: that of a node, or a copy of it near by."""
        rank = self.copies.get(line.uses[0])
        if rank is None:
            return self.ids[line.source]
        name = f"{self.ids[line.source]}_{rank}"
        if name not in self.drawn:
            self.drawn.add(name)
            accent = looks.HIGHLIGHT | {"penwidth": "2.5"} if line.source in self.view.accents else {}
            label = f"<{looks.escaped(self._in_short(line.source))}>"
            self.digraph.node(name, label, **(self._look(line.source) | looks.COPY | accent))
        return name

    def _in_short(self, place: int) -> str:
        """The text of a copy. In a walk it has no number that comes later, because its size stays."""
        name, number = self.view.names.own_name(place), bare(self.data[place])
        if self.tape.operation(place) and self.view.reserved is not None:
            return name
        return f"{name} = {number if self.view.known(place) else looks.UNKNOWN}" if name else number


def _legend(flow: Flow) -> str:
    """A line that says what the looks of the lines mean: of those that there are, or all if the flow isn't complete."""
    amounts = [*flow.amounts.values(), *flow.gradients.values()]
    everything = not flow.complete
    words = []
    if everything or any(0 < a < math.inf for a in amounts):
        words.append(looks.small("+ orange", "plus"))
    if everything or any(-math.inf < a < 0 for a in amounts):
        words.append(looks.small("- blue", "minus"))
    if everything or 0.0 in amounts:
        words.append("0 dashed")
    if everything or not all(map(math.isfinite, amounts)):
        words.append(looks.small("nan and inf red", "bad"))
    scale = f"; the widest is {bare(alone(flow.largest))}" if flow.complete and flow.largest else ""
    return f"lines: upstream gradient × local derivative, {', '.join(words)}{scale}" if words else ""
