"""Pictures of graphs, of networks and of curves, from one function.

>>> from autograd import Value, draw, nn
>>> x = Value(3.0, label="x")
>>> y = x * x + 1
>>> y.backward()
>>> picture = draw(y, partials=True)
>>> picture
Drawing(4 nodes, 4 edges): a picture, saved with .save("graph.svg")
>>> print(picture.dot.splitlines()[0])
digraph autograd {
>>> draw(nn.MLP(2, [3, 1]), [0.5, -1.0])
Drawing(3 stages, 6 units, 9 weights): a picture, saved with .save("graph.svg")
>>> draw({"SGD": [1.0, 0.5], "Adam": [1.0, 0.1]}, title="loss")
Drawing('loss', 2 curves of 2 points): a picture, saved with .save("graph.svg")

A notebook shows the picture; elsewhere write `picture.save("graph.svg")`. The wheel graphviz-pure does the layout
where no Graphviz is installed.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from autograd.engine.value import Value
from autograd.show.models import is_model
from autograd.show.pictures import picture
from autograd.show.pictures.chart import draw_curves, is_curves
from autograd.show.pictures.graph import MAX_NODES, Options, digraph_of, draw_graph, draw_opened
from autograd.show.pictures.network import draw_network
from autograd.show.pictures.opened import opened
from autograd.show.pictures.picture import Drawing

if TYPE_CHECKING:
    from graphviz import Digraph

_NETWORK: Final = {"x": None, "show": "weight", "open": None}
_CURVES: Final = {"title": "", "across": "", "up": ""}
_GRAPH: Final = Options()._asdict()


def draw(
    root: "Value | Iterable[Any] | Any",
    x: Any = None,
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
    show: str = "weight",
    open: str | None = None,  # noqa: A002
    title: str = "",
    across: str = "",
    up: str = "",
) -> Drawing:
    """The picture of a graph, of a network, or of curves, as a `Drawing`.

    **One Value, or several:** their graph. After `backward`, the lines show the gradient that flows along them:
    upstream gradient times local derivative; flow=False leaves that out. With partials every line has its local
    derivative. Values listed as parameters or to highlight stand out. Of a graph of more than max_nodes nodes, a node
    that is used once is folded into the formula of its user, unless fold is False. Of more boxes, those nearest to the
    root are drawn; a dashed box counts the nodes that are left out there. `between` takes two nodes, as Values or by
    their names, and shows the paths between them; `depth` shows only so many operations below the root; `inner` opens
    softmax and cross-entropy, which are one operation in a picture. The direction is "LR", "TB", "RL" or "BT".

    **A model of nn:** its units in columns, and its weights as lines, coloured by sign and as wide as they are large;
    with show="grad" their gradients. With x, on which the model is called, units have their outputs; a recurrent cell
    takes a list of inputs, one for each step. open="layers.0[2]", or open="h1[2]", draws the graph of one unit.

    **A row of numbers, several rows, a dict of them by name, or Histories:** curves, with a title and names of axes.

    TypeError for anything else, and for an option of another kind of picture; ValueError for no Values, for counts that
    are no int from 1, for another direction, for two nodes that no path joins, for a unit that isn't there, and if the
    data of a node was changed since it was recorded.
    """
    options = Options(partials, parameters, max_nodes, direction, highlight, between, depth, fold, inner, flow)
    graph, network = options._asdict(), {"x": x, "show": show, "open": open}
    curves = {"title": title, "across": across, "up": up}
    if is_model(root) and open is not None:
        _refuse("a unit of a network", curves | {"show": show, "between": between, "fold": fold, "inner": inner})
        return draw_opened(opened(root, x, open), options)
    if is_model(root):
        _refuse("a network", graph | curves)
        return draw_network(root, x, show=show)
    if is_curves(root):
        _refuse("curves", graph | network)
        return draw_curves(root, title=title, across=across, up=up)
    _refuse("a graph", network | curves)
    return draw_graph(root, options)


def draw_dot(root: Value | Iterable[Value], format: str = "svg", rankdir: str = "LR") -> "Digraph":  # noqa: A002
    """The picture of `draw` as a `graphviz.Digraph`, for its `render`, `view` and `pipe`.

    Raises the errors of `draw`.
    """
    from pathlib import Path

    from graphviz.backend import dot_command

    _, digraph = digraph_of(root, Options(direction=rankdir))
    digraph.format = format
    program = picture.renderer()
    if program is not None and Path(program).stem != "dot":
        # A Digraph runs `dot`, and there is none: this overrules nobody and lets it show itself in a notebook.
        dot_command.DOT_BINARY = Path(program)
    return digraph


def _refuse(kind: str, given: dict[str, Any]) -> None:
    """TypeError for an option of another kind of picture that is not left at its default."""
    defaults = _GRAPH | _NETWORK | _CURVES
    for name, value in given.items():
        if value is not defaults[name] and not (type(value) is type(defaults[name]) and value == defaults[name]):
            raise TypeError(f"draw: {name} is no option for the picture of {kind}; leave it out")
