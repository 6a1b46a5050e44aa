"""A graph as a picture: a box for every node, an ellipse for every operation.

>>> from autograd import Value
>>> from autograd.show.draw import draw
>>> x = Value(3.0, label="x")
>>> y = x * x + 1
>>> y.backward()
>>> picture = draw(y, partials=True)
>>> picture
Drawing(4 nodes, 4 edges): a picture, saved with .save("graph.svg")
>>> print(picture.dot.splitlines()[0])
digraph autograd {

A notebook shows the picture; elsewhere write `picture.save("graph.svg")`. The wheel graphviz-pure does the layout
where no Graphviz is installed.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.arguments import a_value, shown, whole
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.operations import symbol
from autograd.show import picture
from autograd.show.digits import alone, data_texts
from autograd.show.lines import check_records
from autograd.show.names import Names
from autograd.show.part import Part, nearest
from autograd.show.picture import Drawing
from autograd.wording import counted, visible

if TYPE_CHECKING:
    from graphviz import Digraph

# Imports inside functions cost more than all of autograd, and most programs never draw.

DIRECTIONS: Final = ("LR", "TB", "RL", "BT")
DRAWABLE: Final = 2000
"""The layout of more nodes takes minutes, and nobody can see them all."""
MAX_NODES: Final = 200
"""As many nodes as one can look at."""

_GREY: Final = "#7b7b7b"
"""As far from black as from white: readable on a light page and on a dark one."""
_INK: Final = "#1f2937"
_FAINT_INK: Final = "#4b5563"
_LOOKS: Final = {
    "constant": {"style": "rounded,filled", "fillcolor": "#eeeeee", "color": "#cccccc", "fontcolor": "#666666"},
    "parameter": {"style": "rounded,filled", "fillcolor": "#fde68a", "color": "#b45309", "penwidth": "2"},
    "leaf": {"style": "rounded,filled", "fillcolor": "#dbeafe", "color": "#2563eb"},
    "root": {"style": "filled", "fillcolor": "#bbf7d0", "color": "#15803d", "peripheries": "2"},
    "interior": {"style": "filled", "fillcolor": "#ffffff", "color": "#6b7280"},
}
_HIGHLIGHT: Final = {"color": "#dc2626", "penwidth": "4"}
_LIT: Final = {"color": "#dc2626", "penwidth": "2.5"}
_UNKNOWN: Final = "—"
_OPERATION: Final = {
    "shape": "ellipse", "style": "filled", "fillcolor": "#e5e7eb", "color": "#6b7280", "fontsize": "14",
    "width": "0.4", "height": "0.35", "margin": "0.04,0.02", "ordering": "in",
}  # fmt: skip
_STUB: Final = {"style": "rounded,dashed", "margin": "0.12,0.04", "color": _GREY, "fontcolor": _GREY}
_HASTE: Final = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.1", "splines": "line"}
"""For graphs of many edges, whose careful layout takes minutes."""


class _View(NamedTuple):
    """The looks of a picture, node by node."""

    name: Callable[[int], str]
    """Of the node at a place; empty for none."""
    gradient: Callable[[int], float | None]
    """Of the node at a place; None for one that is not yet known."""
    kinds: dict[int, str]
    """Of the nodes that are roots or parameters, by their places."""
    accents: Collection[int] = ()
    """The places of nodes to highlight."""
    partials: bool = True
    direction: str = "LR"
    step: tuple[int, int | None] | None = None
    """The place of the node whose edges are lit, or the one edge at that position."""
    centre: str = "the root; draw(root, "
    computed: float = math.inf
    """The data of operations at later places are not yet known."""


def draw(
    root: Value | Iterable[Value],
    *,
    partials: bool = False,
    parameters: Iterable[Value] = (),
    max_nodes: int = MAX_NODES,
    direction: str = "LR",
    highlight: Iterable[Value] = (),
) -> Drawing:
    """The graph of one Value, or of several, as a `Drawing`.

    With partials every edge has its local derivative. Values listed as parameters or to highlight stand out. Of more
    than max_nodes nodes, those nearest to the root are drawn; a dashed box counts the nodes that are left out there.
    The direction is "LR", "TB", "RL" or "BT".

    TypeError for anything but Values; ValueError for no Values, for a max_nodes that is no int from 1, for another
    direction, and if the data of a node was changed since it was recorded.
    """
    part, digraph = _drawn(root, partials, parameters, max_nodes, direction, highlight)
    return Drawing(digraph.source, _summary(part))


def draw_walk(
    names: Names, grads: Mapping[int, float], computed: int, step: tuple[int, int | None] | None, *, max_nodes: int
) -> Drawing:
    """The picture of a walk over a tape: the nodes around the last step, which is lit, or at the start the root.

    The gradients so far are given by place, and operations have been computed up to the place `computed`. The step is
    the place of a node, and the position of the operand that it contributes to or None.
    """
    tape = names.tape
    place, position = step or (tape.roots[0], None)
    part = nearest(tape, [place], whole("draw: max_nodes", max_nodes), position)
    touched = place if position is None else tape.operands_of(place)[position]
    kinds, centre = dict.fromkeys(tape.roots, "root"), "the last step" if step else "the root"
    lit = [touched] if step else []
    view = _View(names.own_name, grads.get, kinds, lit, step=step, centre=f"{centre}; draw(", computed=computed)
    return Drawing(_digraph(part, view).source, _summary(part))


def draw_around(root: Value, centre: Value, highlight: Value, *, max_nodes: int) -> Drawing:
    """The picture of the nodes of a graph nearest to one of them, under the names that they have in text."""
    tape = Tape(root)
    names, place = Names(tape), tape.place(centre)
    part = nearest(tape, [place], max_nodes)
    kinds, lit = dict.fromkeys(tape.roots, "root"), [tape.place(highlight)]
    view = _View(names.own_name, _recorded(tape), kinds, lit, centre=f"{names[place]}; draw(root, ")
    return Drawing(_digraph(part, view).source, _summary(part))


def draw_dot(root: Value | Iterable[Value], format: str = "svg", rankdir: str = "LR") -> "Digraph":  # noqa: A002
    """The picture of `draw` as a `graphviz.Digraph`, for its `render`, `view` and `pipe`.

    Raises the errors of `draw`.
    """
    from pathlib import Path

    from graphviz.backend import dot_command

    _, digraph = _drawn(root, False, (), MAX_NODES, rankdir, ())
    digraph.format = format
    program = picture.renderer()
    if program is not None and Path(program).stem != "dot":
        # A Digraph runs `dot`, and there is none: this overrules nobody and lets it show itself in a notebook.
        dot_command.DOT_BINARY = Path(program)
    return digraph


def _drawn(
    root: object, partials: bool, parameters: object, max_nodes: int, direction: str, highlight: object
) -> "tuple[Part, Digraph]":
    if direction not in DIRECTIONS:
        raise ValueError(f"draw: direction is one of {', '.join(DIRECTIONS)}, not {shown(direction)}")
    most = whole("draw: max_nodes", max_nodes)
    roots = _values(root, "draw")
    if not roots:
        raise ValueError("draw of no Values: give it at least one")
    amber = {id(v) for v in _values(parameters, "draw(parameters=…)")}
    red = {id(v) for v in _values(highlight, "draw(highlight=…)")}

    tape = Tape(*roots)
    part = nearest(tape, tape.roots, most)
    nodes = {place: tape.node(place) for place in part.shown}
    kinds = {place: "parameter" for place, v in nodes.items() if id(v) in amber} | dict.fromkeys(tape.roots, "root")
    accents = [place for place, v in nodes.items() if id(v) in red]
    view = _View(lambda place: nodes[place].label, _recorded(tape), kinds, accents, partials, direction)
    return part, _digraph(part, view)


def _recorded(tape: Tape) -> Callable[[int], float]:
    """The gradients that the nodes have."""
    return lambda place: tape.node(place).grad


def _values(things: object, where: str) -> list[Value]:
    several = isinstance(things, Iterable) and not isinstance(things, (str, bytes, Value))
    return [a_value(thing, where) for thing in (things if several else [things])]  # type: ignore[attr-defined]


def _summary(part: Part) -> str:
    return f"Drawing({counted(len(part.shown), 'node')}, {counted(part.edges, 'edge')})"


# ── as DOT text ──


def _digraph(part: Part, view: _View) -> "Digraph":
    nodes, total = len(part.shown), len(part.tape)
    check_records(Names(part.tape), part.shown)
    data = data_texts(part.tape, part.shown)
    attributes = {"rankdir": view.direction}
    if nodes < total:
        more = f"max_nodes={total}) draws all" if total <= DRAWABLE else "max_nodes=…) draws more"
        notice = f"{nodes:,} of {total:,} nodes shown, nearest to {view.centre}{more}"
        attributes |= {"label": notice, "labelloc": "t"}
    digraph = _blank_page(attributes | (_HASTE if part.edges > max(500, 3 * nodes) else {}))
    names = {place: f"n{i}" for i, place in enumerate(part.shown)}
    for place in part.shown:
        kind = view.kinds.get(place) or _kind(part.tape, place)
        look = _LOOKS[kind] | (_HIGHLIGHT if place in view.accents else {})
        known = place <= view.computed or not part.tape.operation(place)
        floats = [data[place] if known else _UNKNOWN]
        if kind != "constant":
            gradient = view.gradient(place)
            floats.append(_UNKNOWN if gradient is None else alone(gradient))
        digraph.node(names[place], _box(view.name(place), floats), **look)
        if part.tape.operation(place):
            _draw_operation(digraph, part, place, names, view)
    return digraph


def _blank_page(attributes: dict[str, str]) -> "Digraph":
    from graphviz import Digraph

    font = {"fontname": "Helvetica", "fontcolor": _GREY}
    return Digraph(
        "autograd",
        graph_attr=font | {"bgcolor": "transparent", "ranksep": "0.3", "nodesep": "0.2"} | attributes,
        node_attr=font | {"fontsize": "12", "fontcolor": _INK, "shape": "box", "margin": "0.08,0.04"},
        edge_attr=font | {"fontsize": "10", "color": _GREY, "arrowsize": "0.6"},
    )


def _draw_operation(digraph: "Digraph", part: Part, place: int, names: dict[int, str], view: _View) -> None:
    tape, own = part.tape, names[place]
    name, operation = f"{own}_op", tape.operation(place)
    style = "dashed" if operation == "detach" else "solid"
    lit, lit_position = view.step or (None, None)
    digraph.node(name, f"<{_text(symbol(operation))}>", **_OPERATION)
    digraph.edge(name, own, style=style, **(_LIT if lit == place else {}))
    for position in part.operands[place]:
        if position is None:
            digraph.node(f"{own}_more", f"… {part.hidden[place]:,} more", **_STUB)
            digraph.edge(f"{own}_more", name, style="dashed")
            continue
        operand = tape.operands_of(place)[position]
        label = None
        if view.partials and not tape.is_constant(operand):
            label = f"∂ {alone(tape.partials[tape.starts[place] + position])}"
        look = _LIT if lit == place and lit_position in (None, position) else {}
        digraph.edge(names[operand], name, label, style=style, **look)


def _kind(tape: Tape, place: int) -> str:
    return "interior" if tape.operation(place) else "constant" if tape.is_constant(place) else "leaf"


def _box(name: str, floats: Sequence[str]) -> str:
    """The label of a node, in the HTML of Graphviz: its name, its data and, of all but constants, its gradient."""
    rows = [f'<TR><TD COLSPAN="2"><B>{_text(name)}</B></TD></TR>'] if name else []
    if len(floats) == 1:
        rows.append(f'<TR><TD COLSPAN="2">{floats[0]}</TD></TR>')
    else:
        rows += [
            f'<TR><TD ALIGN="LEFT"><FONT COLOR="{_FAINT_INK}">{title}</FONT></TD><TD ALIGN="RIGHT">{text}</TD></TR>'
            for title, text in zip(("data", "grad"), floats, strict=True)
        ]
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>>'


def _text(text: str) -> str:
    """Any string, harmless and visible inside a label."""
    import html

    # Graphviz reads \N, \G and their like even there, and 2.42, Debian's, stumbles over a bare ].
    return html.escape(visible(text)).replace("\\", "\\\\").replace("]", "&#93;")
