"""A row of numbers as a curve: the loss over the steps of a training.

>>> from autograd.show.chart import curve
>>> curve([1.0, 0.1, 0.01], title="loss", across="step")
Drawing('loss', 3 points): a picture, saved with .save("graph.svg")

The program that lays out graphs draws it, so that pip alone is enough.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from autograd.show.picture import Drawing
from autograd.wording import counted

if TYPE_CHECKING:
    from graphviz import Digraph

WIDTH: Final = 6.0
HEIGHT: Final = 3.2
"""Of the plotted area, in inches."""
MOST_POINTS: Final = 200
_GREY: Final = "#808080"
_LINE: Final = "#2563eb"
_Point = tuple[float, float]


def curve(ys: Sequence[float], *, title: str, across: str) -> Drawing:
    """The numbers ys against 0, 1, 2 …, as a `Drawing`; the upward axis is logarithmic.

    At most 200 points are drawn, evenly chosen, the first and the last included. Numbers that are not positive and
    finite are left out; ValueError if none remains.
    """
    points = [(i, math.log10(y)) for i, y in enumerate(ys) if 0.0 < y < math.inf]
    if not points:
        raise ValueError(f"a curve needs a positive finite number to draw, and there is none among {len(ys)}")
    if len(points) > MOST_POINTS:
        points = [points[round(i * (len(points) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
    last = max(len(ys) - 1, 1)
    low, high = math.floor(min(y for _, y in points)), math.ceil(max(y for _, y in points))
    high = max(high, low + 1)

    sheet = _blank_sheet()
    _draw_axes(sheet, low, high)
    for i in sorted({0, last // 2, last}):
        _write(sheet, f"x{i}", (WIDTH * i / last, -0.2), str(i))
    _write(sheet, "across", (WIDTH / 2, -0.5), across)
    _write(sheet, "title", (WIDTH / 2, HEIGHT + 0.3), title)
    for n, (i, y) in enumerate(points):
        _place(sheet, f"p{n}", (WIDTH * i / last, HEIGHT * (y - low) / (high - low)))
        if n:
            sheet.edge(f"p{n - 1}", f"p{n}", color=_LINE, penwidth="2")
    return Drawing(sheet.source, f"Drawing({title!r}, {counted(len(ys), 'point')})")


def _blank_sheet() -> "Digraph":
    from graphviz import Digraph

    return Digraph(
        graph_attr={"layout": "neato", "splines": "line", "bgcolor": "transparent", "pad": "0.2"},
        node_attr={"shape": "point", "width": "0", "height": "0", "style": "invis", "fontname": "Helvetica,Arial"},
        edge_attr={"arrowhead": "none", "headclip": "false", "tailclip": "false", "color": _GREY},
    )


def _draw_axes(sheet: "Digraph", low: int, high: int) -> None:
    """Both axes, and a dotted line for each power of ten, or for some of them."""
    _draw_line(sheet, "across", (0.0, 0.0), (WIDTH, 0.0))
    _draw_line(sheet, "up", (0.0, 0.0), (0.0, HEIGHT))
    for exponent in range(low, high + 1, math.ceil((high - low) / 8)):
        height = HEIGHT * (exponent - low) / (high - low)
        _write(sheet, f"y{exponent}", (-0.35, height), f"{10.0**exponent:g}")
        if exponent > low:
            _draw_line(sheet, f"g{exponent}", (0.0, height), (WIDTH, height), style="dotted", penwidth="0.5")


def _place(sheet: "Digraph", name: str, at: _Point, **attributes: str) -> None:
    sheet.node(name, pos=f"{at[0]:.4f},{at[1]:.4f}!", **attributes)


def _write(sheet: "Digraph", name: str, at: _Point, text: str) -> None:
    from graphviz import escape

    _place(sheet, name, at, label=escape(text), shape="plain", style="", fontcolor=_GREY, fontsize="11")


def _draw_line(sheet: "Digraph", name: str, start: _Point, end: _Point, **attributes: str) -> None:
    _place(sheet, f"{name}a", start)
    _place(sheet, f"{name}b", end)
    sheet.edge(f"{name}a", f"{name}b", **attributes)
