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

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.arguments import a_value, shown, whole
from autograd.engine.number import described
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.show import picture
from autograd.show.captions import notices, summary
from autograd.show.cones import boxes
from autograd.show.flow import Flow, flow_of
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.show.part import Part, fitting, nearest
from autograd.show.picture import Drawing
from autograd.show.sheet import View, sheet
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


def draw(
    root: Value | Iterable[Value],
    *,
    partials: bool = False,
    parameters: Iterable[Value] = (),
    max_nodes: int = MAX_NODES,
    direction: str = "LR",
    highlight: Iterable[Value] = (),
    between: tuple[Value | str, Value | str] | None = None,
    depth: int | None = None,
    fold: bool = True,
    inner: bool = False,
    flow: bool = True,
) -> Drawing:
    """The graph of one Value, or of several, as a `Drawing`.

    After `backward`, the lines show the gradient that flows along them: upstream gradient times local derivative. With
    partials every line has its local derivative. Values listed as parameters or to highlight stand out.

    Of a graph of more than max_nodes nodes, a node that is used once is folded into the formula of its user, unless
    fold is False. Of more boxes, those nearest to the root are drawn; a dashed box counts the nodes that are left out
    there. `between` takes two nodes, as Values or by their names, and shows what lies on the paths between them;
    `depth` shows only so many operations below the root; `inner` opens softmax and cross-entropy, which are one
    operation in a picture unless a node inside is asked for. The direction is "LR", "TB", "RL" or "BT".

    TypeError for anything but Values; ValueError for no Values, for counts that are no int from 1, for another
    direction, for two nodes that no path joins, and if the data of a node was changed since it was recorded.
    """
    options = Options(partials, parameters, max_nodes, direction, highlight, between, depth, fold, inner, flow)
    part, digraph = _drawn(root, options)
    return Drawing(digraph.source, summary(part))


def draw_around(root: Value, centre: Value, highlight: Value, *, max_nodes: int) -> Drawing:
    """The picture of the nodes of a graph nearest to one of them, under the names that they have in text."""
    tape = Tape(root)
    names, place = Names(tape), tape.place(centre)
    part = nearest(boxes(tape, kept=[place]), [place], max_nodes)
    kinds, lit = dict.fromkeys(tape.roots, "root"), [tape.place(highlight)]
    gradient, flow = _gradients(part)
    view = View(names, gradient, kinds, lit, flow=flow, notices=notices(part, names[place], "root, "))
    return Drawing(sheet(part, view).source, summary(part))


def draw_dot(root: Value | Iterable[Value], format: str = "svg", rankdir: str = "LR") -> "Digraph":  # noqa: A002
    """The picture of `draw` as a `graphviz.Digraph`, for its `render`, `view` and `pipe`.

    Raises the errors of `draw`.
    """
    from pathlib import Path

    from graphviz.backend import dot_command

    _, digraph = _drawn(root, Options(direction=rankdir))
    digraph.format = format
    program = picture.renderer()
    if program is not None and Path(program).stem != "dot":
        # A Digraph runs `dot`, and there is none: this overrules nobody and lets it show itself in a notebook.
        dot_command.DOT_BINARY = Path(program)
    return digraph


def _drawn(root: object, options: Options) -> "tuple[Part, Digraph]":
    if options.direction not in DIRECTIONS:
        raise ValueError(f"draw: direction is one of {', '.join(DIRECTIONS)}, not {shown(options.direction)}")
    most = whole("draw: max_nodes", options.max_nodes)
    depth = None if options.depth is None else whole("draw: depth", options.depth)
    roots = _values(root, "draw")
    if not roots:
        raise ValueError("draw of no Values: give it at least one")
    parameters = {id(v) for v in _values(options.parameters, "draw(parameters=…)")}
    highlight = _values(options.highlight, "draw(highlight=…)")

    tape = folded(*roots, inner=options.inner)
    if _is_inside(tape, roots, [*highlight, *(options.between if isinstance(options.between, Sequence) else ())]):
        tape = Tape(*roots)
    names = Names(tape)
    ends = None if options.between is None else _ends(names, options.between)
    accents = _places(tape, {id(v) for v in highlight})
    part = fitting(
        *(tape, tape.roots if ends is None else ends[1:], most),
        fold=options.fold,
        kept=[*accents, *(ends or ())],
        within=None if ends is None else _joining(names, *ends),
        depth=depth,
    )
    told = notices(part, "the root" if ends is None else names[ends[1]], "root, ", depth)
    if ends is not None:
        told.insert(0, f"the paths between {names[ends[0]]} and {names[ends[1]]}: {counted(part.boxes.size, 'node')}")
    gradient, flow = _gradients(part)
    view = View(
        names,
        gradient,
        dict.fromkeys(_places(tape, parameters), "parameter") | dict.fromkeys(tape.roots, "root"),
        accents,
        options.partials,
        options.direction,
        flow if options.flow else None,
        notices=told,
    )
    return part, sheet(part, view)


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


def _places(tape: Tape, nodes: set[int]) -> list[int]:
    """The places of the nodes with these identities."""
    return [place for place in range(len(tape)) if id(tape.node(place)) in nodes] if nodes else []


def _gradients(part: Part) -> tuple[Callable[[int], float | None], Flow | None]:
    """The gradients that the nodes have, and their flow; before a sweep no flow, and no gradient that is 0."""
    node = part.tape.node
    if any(node(place).grad for place in part.tape.roots):
        return (lambda place: node(place).grad), flow_of(part, lambda place: node(place).grad)
    return (lambda place: node(place).grad or None), None


def _values(things: object, where: str) -> list[Value]:
    several = isinstance(things, Iterable) and not isinstance(things, (str, bytes, Value))
    return [a_value(thing, where) for thing in (things if several else [things])]  # type: ignore[attr-defined]
