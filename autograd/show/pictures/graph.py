"""A graph as a picture: a box for every node, an ellipse for every operation.

>>> from autograd import Value
>>> from autograd.show.pictures.graph import Options, draw_graph
>>> x = Value(3.0, label="x")
>>> draw_graph(x * x + 1, Options(partials=True))
Drawing(4 nodes, 4 edges): a picture, saved with .save("graph.svg")
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.arguments import a_value, shown, whole
from autograd.engine.number import described
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.show.pictures.captions import notices, summary
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.flow import Flow, flow_of
from autograd.show.pictures.opened import Opened
from autograd.show.pictures.part import Part, fitting, nearest
from autograd.show.pictures.picture import Drawing
from autograd.show.pictures.sheet import View, sheet
from autograd.wording import counted

if TYPE_CHECKING:
    from graphviz import Digraph

DIRECTIONS: Final = ("LR", "TB", "RL", "BT")
MAX_NODES: Final = 200
"""As many nodes as one can look at."""


class Options(NamedTuple):
    """The options of `draw`, as they are given."""

    partials: bool = False
    parameters: object = ()
    max_nodes: object = MAX_NODES
    direction: str = "LR"
    highlight: object = ()
    between: object = None
    depth: object = None
    fold: bool = True
    inner: bool = False
    flow: bool = True


def draw_graph(root: object, options: Options) -> Drawing:
    """The graph of one Value, or of several; see `draw`."""
    part, digraph = digraph_of(root, options)
    return Drawing(digraph.source, summary(part))


def draw_opened(found: Opened, options: Options) -> Drawing:
    """The graph of one unit of a network."""
    names, output = found.names, found.output
    depth = _depth(options)
    part = fitting(names.tape, [output], _most(options), fold=False, within=found.places, depth=depth)
    told = [
        f"{names[output]}: {counted(len(found.places), 'node')}",
        *notices(part, names[output], "model, x, ", depth),
    ]
    kinds = {output: "root"}
    return Drawing(_digraph(part, names, options, told, kinds).source, summary(part))


def draw_around(root: Value, centre: Value, highlight: Value, *, max_nodes: int) -> Drawing:
    """The picture of the nodes of a graph nearest to one of them, under the names that they have in text."""
    tape = Tape(root)
    names, place = Names(tape), tape.place(centre)
    part = nearest(boxes(tape, kept=[place]), [place], max_nodes)
    kinds, lit = dict.fromkeys(tape.roots, "root"), [tape.place(highlight)]
    gradient, flow = _gradients(part)
    view = View(names, gradient, kinds, lit, flow=flow, notices=notices(part, names[place], "root, "))
    return Drawing(sheet(part, view).source, summary(part))


def digraph_of(root: object, options: Options) -> "tuple[Part, Digraph]":
    """The part of a graph that is drawn, and its picture in the language of Graphviz."""
    most, depth = _most(options), _depth(options)
    roots = _values(root, "draw")
    if not roots:
        raise ValueError("draw of no Values: give it at least one")
    highlight = _values(options.highlight, "draw(highlight=…)")
    tape = folded(*roots, inner=options.inner)
    if _is_inside(tape, roots, [*highlight, *(options.between if isinstance(options.between, Sequence) else ())]):
        tape = Tape(*roots)
    names = Names(tape)
    ends = None if options.between is None else _ends(names, options.between)
    part = fitting(
        *(tape, tape.roots if ends is None else ends[1:], most),
        fold=options.fold,
        kept=[*_places(tape, highlight), *(ends or ())],
        within=None if ends is None else _joining(names, *ends),
        depth=depth,
    )
    told = notices(part, "the root" if ends is None else names[ends[1]], "root, ", depth)
    if ends is not None:
        told.insert(0, f"the paths between {names[ends[0]]} and {names[ends[1]]}: {counted(part.boxes.size, 'node')}")
    return part, _digraph(part, names, options, told, dict.fromkeys(tape.roots, "root"))


def _digraph(part: Part, names: Names, options: Options, told: list[str], kinds: dict[int, str]) -> "Digraph":
    if options.direction not in DIRECTIONS:
        raise ValueError(f"draw: direction is one of {', '.join(DIRECTIONS)}, not {shown(options.direction)}")
    parameters = _values(options.parameters, "draw(parameters=…)")
    highlight = _values(options.highlight, "draw(highlight=…)")
    gradient, flow = _gradients(part)
    view = View(
        names,
        gradient,
        dict.fromkeys(_places(part.tape, parameters), "parameter") | kinds,
        _places(part.tape, highlight),
        options.partials,
        options.direction,
        flow if options.flow else None,
        notices=told,
    )
    return sheet(part, view)


def _most(options: Options) -> int:
    return whole("draw: max_nodes", options.max_nodes)


def _depth(options: Options) -> int | None:
    return None if options.depth is None else whole("draw: depth", options.depth)


def _ends(names: Names, between: object) -> tuple[int, int]:
    """The places of the two nodes of `between`, in order."""
    if isinstance(between, (str, Value)) or not isinstance(between, Sequence) or len(between) != 2:
        raise TypeError(f"draw: between takes two nodes, as in between=(w, loss), not {described(between)}")
    first, last = sorted(map(names.place, between))
    return first, last


def _is_inside(tape: Tape, roots: Sequence[Value], asked: Sequence[object]) -> bool:
    """Whether some node that is asked for is inside a step that is one node of the tape."""
    missing = [v for v in asked if isinstance(v, Value) and v not in tape]
    return bool(missing) and any(v in Tape(*roots) for v in missing)


def _joining(names: Names, first: int, last: int) -> set[int]:
    """The places of the nodes on the paths between two; ValueError if there are none."""
    tape, above = names.tape, {first}
    for place in range(first + 1, last + 1):
        if not above.isdisjoint(tape.operands_of(place)):
            above.add(place)
    if last not in above:
        raise ValueError(f"draw: no path leads from {names[last]} to {names[first]}, so nothing is between them")
    below = {last}
    for place in range(last, first, -1):
        if place in below:
            below.update(tape.operands_of(place))
    return above & below


def _places(tape: Tape, nodes: Iterable[Value]) -> list[int]:
    """The places of nodes, of those that are on the tape."""
    return sorted({tape.place(node) for node in nodes if node in tape})


def _gradients(part: Part) -> tuple[Callable[[int], float | None], Flow | None]:
    """The gradients that the nodes have, and their flow; before a sweep no flow, and no gradient that is 0."""
    node = part.tape.node
    if any(node(place).grad for place in part.tape.roots):
        return (lambda place: node(place).grad), flow_of(part, lambda place: node(place).grad)
    return (lambda place: node(place).grad or None), None


def _values(things: object, where: str) -> list[Value]:
    several = isinstance(things, Iterable) and not isinstance(things, (str, bytes, Value))
    return [a_value(thing, where) for thing in (things if several else [things])]  # type: ignore[attr-defined]
