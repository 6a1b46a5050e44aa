"""A curve of numbers as a picture: the loss over the steps of a training.

>>> from autograd.show.chart import curve
>>> curve([1.0, 0.1, 0.01], title="loss", across="step")
Drawing('loss', 3 numbers)

Laid out by the same program as the graphs, so that pip alone can draw it.
"""

import math
from collections.abc import Sequence
from typing import Final

from autograd.show.picture import Drawing

WIDTH: Final = 6.0
HEIGHT: Final = 3.2
"""Of the plotted area, in inches."""
MOST_POINTS: Final = 200
_GREY: Final = "#808080"
_LINE: Final = "#2563eb"


def curve(ys: Sequence[float], *, title: str, across: str) -> Drawing:
    """The numbers ys against 0, 1, 2 …, as a `Drawing`; the upward axis is logarithmic.

    At most 200 points are drawn, evenly chosen, the first and the last included. Numbers that are
    not positive and finite have no place on the axis and are left out; ValueError if none remains.
    """
    import graphviz

    points = [(i, math.log10(y)) for i, y in enumerate(ys) if 0.0 < y < math.inf]
    if not points:
        raise ValueError(f"a curve needs a positive finite number to draw, and there is none among {len(ys)}")
    if len(points) > MOST_POINTS:
        points = [points[round(i * (len(points) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
    last = max(len(ys) - 1, 1)
    low, high = math.floor(min(y for _, y in points)), math.ceil(max(y for _, y in points))
    high = max(high, low + 1)

    sheet = graphviz.Digraph(
        graph_attr={"layout": "neato", "splines": "line", "bgcolor": "transparent", "pad": "0.2"},
        node_attr={"shape": "point", "width": "0", "height": "0", "style": "invis", "fontname": "Helvetica,Arial"},
        edge_attr={"arrowhead": "none", "headclip": "false", "tailclip": "false", "color": _GREY},
    )

    def place(name: str, across: float, up: float, **attributes: str) -> None:
        sheet.node(name, pos=f"{across:.4f},{up:.4f}!", **attributes)

    def write(name: str, across: float, up: float, text: str) -> None:
        place(name, across, up, label=graphviz.escape(text), shape="plain", style="", fontcolor=_GREY, fontsize="11")

    def line(name: str, start: tuple[float, float], end: tuple[float, float], **attributes: str) -> None:
        place(f"{name}a", *start)
        place(f"{name}b", *end)
        sheet.edge(f"{name}a", f"{name}b", **attributes)

    line("across", (0.0, 0.0), (WIDTH, 0.0))
    line("up", (0.0, 0.0), (0.0, HEIGHT))
    every = math.ceil((high - low) / 8)
    for exponent in range(low, high + 1, every):
        height = HEIGHT * (exponent - low) / (high - low)
        write(f"y{exponent}", -0.35, height, f"{10.0**exponent:g}")
        if exponent > low:
            line(f"g{exponent}", (0.0, height), (WIDTH, height), style="dotted", penwidth="0.5")
    for i in sorted({0, last // 2, last}):
        write(f"x{i}", WIDTH * i / last, -0.2, str(i))
    write("across", WIDTH / 2, -0.5, across)
    write("title", WIDTH / 2, HEIGHT + 0.3, title)
    for n, (i, y) in enumerate(points):
        place(f"p{n}", WIDTH * i / last, HEIGHT * (y - low) / (high - low))
        if n:
            sheet.edge(f"p{n - 1}", f"p{n}", color=_LINE, penwidth="2")
    return Drawing(sheet.source, f"Drawing({title!r}, {len(ys):,} numbers)")
