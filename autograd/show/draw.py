"""A graph as a picture: a box for every number, an ellipse for every operation.

>>> from autograd import Value
>>> from autograd.show.draw import draw
>>> x = Value(3.0, label="x")
>>> y = x * x + 1
>>> y.backward()
>>> picture = draw(y, partials=True)
>>> picture
Drawing(4 numbers, 4 edges)
>>> print(picture.dot.splitlines()[0])
digraph autograd {

In a notebook the picture shows itself; elsewhere `picture.save("graph.svg")`. A wheel, graphviz-pure,
does the layout where no Graphviz is installed.
"""

import reprlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.engine.graph import is_constant, operands_of
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.functional import topological_order
from autograd.operations import symbol
from autograd.show import picture
from autograd.show.names import visible
from autograd.show.picture import Drawing

if TYPE_CHECKING:
    from graphviz import Digraph

# Imports inside functions cost more than all of autograd, and most programs never draw.

DIRECTIONS: Final = ("LR", "TB", "RL", "BT")
DRAWABLE: Final = 2000
"""More numbers than that are laid out for minutes, and nobody sees them."""
MAX_NODES: Final = 200
"""As many numbers as one can look at."""

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
_OPERATION: Final = {
    "shape": "ellipse", "style": "filled", "fillcolor": "#e5e7eb", "color": "#6b7280", "fontsize": "14",
    "width": "0.4", "height": "0.35", "margin": "0.04,0.02", "ordering": "in",
}  # fmt: skip
_STUB: Final = {"style": "rounded,dashed", "margin": "0.12,0.04", "color": _GREY, "fontcolor": _GREY}
_HASTE: Final = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.1", "splines": "line"}
"""For graphs of many lines, whose layout at leisure takes minutes."""


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

    With partials every edge tells the local derivative. Values listed as parameters or to highlight
    stand out. Beyond max_nodes numbers only those nearest to the root are drawn, and every cut shows
    as a dashed stub that counts the numbers behind it. The direction is "LR", "TB", "RL" or "BT".

    TypeError for anything but Values, ValueError for no Values, for a max_nodes that isn't an int
    of at least 1 and for another direction.
    """
    digraph, summary = _digraph(root, partials, parameters, max_nodes, direction, highlight)
    return Drawing(digraph.source, summary)


def draw_walk(
    root: Value,
    texts: Callable[[Value], tuple[str, str, str]],
    node: Value | None,
    operand: Value | None,
    *,
    max_nodes: int = MAX_NODES,
) -> Drawing:
    """The graph with other texts for names, data and gradients, and one node, or the edge to its operand, lit."""
    lit = [] if node is None else [node if operand is None else operand]
    digraph, summary = _digraph(root, True, (), max_nodes, "LR", lit, texts, (node, operand))
    return Drawing(digraph.source, summary)


def draw_dot(root: Value | Iterable[Value], format: str = "svg", rankdir: str = "LR") -> "Digraph":  # noqa: A002
    """The picture of `draw` as a `graphviz.Digraph`, for its `render`, `view` and `pipe`.

    Raises what `draw` does.
    """
    from pathlib import Path

    from graphviz.backend import dot_command

    digraph, _ = _digraph(root, direction=rankdir)
    digraph.format = format
    program = picture.renderer()
    if program is not None and Path(program).stem != "dot":
        # A Digraph runs `dot`, and there is none: this overrules nobody and lets it show itself in a notebook.
        dot_command.DOT_BINARY = Path(program)
    return digraph


# ── which part of the graph is drawn ──


class _Part(NamedTuple):
    """What is drawn of a graph: all of it if it is small."""

    shown: list[Value]
    """Each after its operands."""
    total: int
    edges: dict[int, list[tuple[Value | None, float]]]
    """By the id of a number, its operands with the local derivatives; None is where some are left out."""
    behind: dict[int, int]
    """By the id of a number, how many numbers that None stands for."""


def _part(roots: list[Value], max_nodes: int) -> _Part:
    order = list({id(v): v for root in roots for v in topological_order(root)}.values())
    near, widest = {id(v) for v in order}, max_nodes
    if len(order) > max_nodes:
        # One long sum should not fill the picture with its operands.
        widest = max(3, max_nodes // 10)
        near = _nearest(roots, max_nodes, widest)
    shown = [v for v in order if id(v) in near]
    edges: dict[int, list[tuple[Value | None, float]]] = {}
    cut: dict[int, list[Value]] = {}
    for node in shown:
        edges[id(node)], left_out = _drawn_operands(node, near, widest)
        if left_out:
            cut[id(node)] = left_out
    return _Part(shown, len(order), edges, _behind(order, near, cut) if cut else {})


def _nearest(roots: list[Value], max_nodes: int, widest: int) -> set[int]:
    queue = list({id(v): v for v in roots}.values())[:max_nodes]
    near = {id(v) for v in queue}
    for node in queue:  # which grows meanwhile
        operands = node.operands
        for operand in (operands[i] for i in _ends(len(operands), widest)):
            if len(near) == max_nodes:
                return near
            if id(operand) not in near:
                near.add(id(operand))
                queue.append(operand)
    return near


def _ends(count: int, most: int) -> list[int]:
    """All places, or the first few and the last few: a dot product has its left factors first, its right ones last."""
    places = range(count)
    return [*places] if count <= most else [*places[: (most + 1) // 2], *places[count - most // 2 :]]


def _drawn_operands(node: Value, near: set[int], widest: int) -> tuple[list[tuple[Value | None, float]], list[Value]]:
    """The operands as `_Part.edges` has them, and those left out."""
    drawn: list[tuple[Value | None, float]] = []
    left_out: list[Value] = []
    ends = set(_ends(len(node.operands), widest))
    for i, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
        if i in ends and id(operand) in near:
            drawn.append((operand, partial))
            continue
        if not left_out:
            drawn.append((None, 0.0))
        left_out.append(operand)
    return drawn, left_out


def _behind(order: list[Value], near: set[int], cut: dict[int, list[Value]]) -> dict[int, int]:
    """For every cut, how many hidden numbers it leads to, and how many lines to drawn ones it saves."""
    counts = {at: sum(id(v) in near for v in rest) for at, rest in cut.items()}
    bits = {at: 1 << i for i, at in enumerate(cut)}
    # One pass for all cuts, however much they share: a number's mask has the bit of every cut above it.
    masks: dict[int, int] = {}
    tally: Counter[int] = Counter()
    for node in reversed(order):
        if id(node) in near:
            mask, operands = bits.get(id(node), 0), cut.get(id(node), [])
        else:
            mask, operands = masks.pop(id(node), 0), operands_of(node)
            tally[mask] += 1
        for operand in operands:
            if id(operand) not in near:
                masks[id(operand)] = masks.get(id(operand), 0) | mask
    for mask, numbers in tally.items():
        for at, bit in bits.items():
            counts[at] += numbers if mask & bit else 0
    return counts


# ── as DOT text ──


def _digraph(
    root: Value | Iterable[Value],
    partials: bool = False,
    parameters: Iterable[Value] = (),
    max_nodes: int = MAX_NODES,
    direction: str = "LR",
    highlight: Iterable[Value] = (),
    texts: Callable[[Value], tuple[str, str, str]] = lambda v: (v.label, short(v.data), short(v.grad)),
    lit: tuple[Value | None, Value | None] = (None, None),
) -> "tuple[Digraph, str]":
    """The drawing and its summary."""
    if direction not in DIRECTIONS:
        raise ValueError(f"draw: direction is one of {', '.join(DIRECTIONS)}, not {direction!r}")
    if not isinstance(max_nodes, int) or isinstance(max_nodes, bool) or max_nodes < 1:
        raise ValueError(f"draw: max_nodes is an int of at least 1, not {max_nodes!r}")
    roots = _values(root, "draw")
    if not roots:
        raise ValueError("draw of no Values: give it at least one")
    kinds = dict.fromkeys((id(v) for v in _values(parameters, "draw(parameters=…)")), "parameter")
    kinds |= dict.fromkeys((id(v) for v in roots), "root")
    accents = {id(v) for v in _values(highlight, "draw(highlight=…)")}

    part = _part(roots, max_nodes)
    numbers, edges = len(part.shown), sum(v is not None for operands in part.edges.values() for v, _ in operands)
    page = {"label": _notice(numbers, part.total), "labelloc": "t"} if numbers < part.total else {}
    digraph = _blank_page({"rankdir": direction} | page | (_HASTE if edges > max(500, 3 * numbers) else {}))
    names = {id(v): f"n{i}" for i, v in enumerate(part.shown)}
    for node in part.shown:
        kind = kinds.get(id(node)) or _kind(node)
        digraph.node(
            names[id(node)], _box(node, kind, texts(node)), **_LOOKS[kind] | (_HIGHLIGHT if id(node) in accents else {})
        )
        if node.op:
            _draw_operation(digraph, node, names, part, partials, lit)
    return digraph, f"Drawing({numbers:,} numbers, {edges:,} edges)"


def _blank_page(attributes: dict[str, str]) -> "Digraph":
    from graphviz import Digraph

    font = {"fontname": "Helvetica", "fontcolor": _GREY}
    return Digraph(
        "autograd",
        graph_attr=font | {"bgcolor": "transparent", "ranksep": "0.3", "nodesep": "0.2"} | attributes,
        node_attr=font | {"fontsize": "12", "fontcolor": _INK, "shape": "box", "margin": "0.08,0.04"},
        edge_attr=font | {"fontsize": "10", "color": _GREY, "arrowsize": "0.6"},
    )


def _notice(shown: int, total: int) -> str:
    more = f"max_nodes={total}) draws all" if total <= DRAWABLE else "max_nodes=…) draws more"
    return f"{shown:,} of {total:,} numbers shown, nearest to the root; draw(root, {more}"


def _draw_operation(
    digraph: "Digraph",
    node: Value,
    names: dict[int, str],
    part: _Part,
    partials: bool,
    lit: tuple[Value | None, Value | None],
) -> None:
    name, style = f"{names[id(node)]}_op", "dashed" if node.op == "detach" else "solid"
    digraph.node(name, f"<{_text(symbol(node.op))}>", **_OPERATION)
    digraph.edge(name, names[id(node)], style=style, **(_LIT if lit[0] is node else {}))
    for operand, partial in part.edges[id(node)]:
        if operand is None:
            stub = f"{names[id(node)]}_more"
            digraph.node(stub, f"… {part.behind[id(node)]:,} more", **_STUB)
            digraph.edge(stub, name, style="dashed")
            continue
        # Nobody asks for the derivative by a constant, and that by an exponent isn't formed.
        label = f"∂ {short(partial)}" if partials and not is_constant(operand) else None
        look = _LIT if lit[0] is node and lit[1] in (None, operand) else {}
        digraph.edge(names[id(operand)], name, label, style=style, **look)


def _kind(node: Value) -> str:
    return "interior" if node.op else "constant" if is_constant(node) else "leaf"


def _box(node: Value, kind: str, texts: tuple[str, str, str]) -> str:
    """The label of a number, in Graphviz' own HTML."""
    label = node.label if kind == "constant" else texts[0]
    rows = [f'<TR><TD COLSPAN="2"><B>{_text(label)}</B></TD></TR>'] if label else []
    if kind == "constant":
        rows.append(f'<TR><TD COLSPAN="2">{short(node.data)}</TD></TR>')
    else:
        rows += [
            f'<TR><TD ALIGN="LEFT"><FONT COLOR="{_FAINT_INK}">{name}</FONT></TD><TD ALIGN="RIGHT">{text}</TD></TR>'
            for name, text in zip(("data", "grad"), texts[1:], strict=True)
        ]
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>>'


def _text(text: str) -> str:
    """Any string, made harmless and visible inside a label."""
    import html

    # Graphviz reads \N, \G and their like even there, and 2.42, Debian's, stumbles over a bare ].
    return html.escape(visible(text)).replace("\\", "\\\\").replace("]", "&#93;")


def _values(things: object, where: str) -> list[Value]:
    values: list[Value] = []
    for thing in things if isinstance(things, Iterable) and not isinstance(things, (str, bytes, Value)) else [things]:
        if not isinstance(thing, Value):
            shown = f"{type(thing).__name__} {reprlib.repr(thing)}"
            raise TypeError(f"{where} takes Values, not {shown}; wrap a number as Value(number)")
        values.append(thing)
    return values
