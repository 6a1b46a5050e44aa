"""A row of numbers as a curve: the loss over the steps of a training.

>>> from autograd.show.chart import curve
>>> curve([1.0, 0.1, 0.01], title="loss", across="step")
Drawing('loss', 3 points): a picture, saved with .save("graph.svg")

The program that lays out graphs draws it, so that pip alone is enough.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from autograd.show.picture import Drawing
from autograd.wording import counted, visible

if TYPE_CHECKING:
    from graphviz import Digraph

WIDTH: Final = 6.0
HEIGHT: Final = 3.2
"""Of the plotted area, in inches."""
MOST_POINTS: Final = 200
CHARACTER: Final = 0.1
"""Inches for a character of a tick, with something to spare."""
MOST_STEPS: Final = 7
"""From one number beside an axis to the next."""
LONGEST: Final = 200
"""Characters of a text, at most."""
_GREY: Final = "#808080"
_LINE: Final = "#2563eb"
_TEXT: Final = {"shape": "none", "style": "", "fontcolor": _GREY, "fontsize": "11"}
_DOT: Final = {"width": "0.08", "height": "0.08", "style": "filled", "color": _LINE}
_Point = tuple[float, float]


def curve(ys: Sequence[float], *, title: str, across: str) -> Drawing:
    """The numbers ys against 0, 1, 2 …, as a `Drawing`; the upward axis is logarithmic.

    At most 200 points are drawn: of more, the first, the last, and the lowest and the highest of each stretch between
    them, so that no peak is lost. Numbers that are not positive and finite are left out; ValueError if none remains.
    """
    points: list[_Point] = [(i, math.log10(y)) for i, y in enumerate(ys) if 0.0 < y < math.inf]
    if not points:
        raise ValueError(f"a curve needs a positive finite number to draw, and there is none among {len(ys)}")
    last = max(len(ys) - 1, 1)
    low, high, ticks = upward_axis(min(y for _, y in points), max(y for _, y in points))

    sheet = _blank_sheet()
    _draw_axes(sheet, [(HEIGHT * (y - low) / (high - low), text) for y, text in ticks])
    for i in range(0, last + 1, _round_stride(last)):
        _write(sheet, f"x{i}", (WIDTH * i / last, -0.2), f"{i:,}")
    _write(sheet, "across", (WIDTH / 2, -0.5), across)
    _write(sheet, "title", (WIDTH / 2, HEIGHT + 0.3), title)
    places = [(WIDTH * i / last, HEIGHT * (y - low) / (high - low)) for i, y in _thinned(points)]
    for n, place in enumerate(places):
        _place(sheet, f"p{n}", place, **({} if len(places) > 1 else _DOT))
        if n:
            sheet.edge(f"p{n - 1}", f"p{n}", color=_LINE, penwidth="2")
    return Drawing(sheet.source, f"Drawing({title!r}, {counted(len(ys), 'point')})")


def _thinned(points: list[_Point]) -> list[_Point]:
    if len(points) <= MOST_POINTS:
        return points
    first, *between, last = points
    n = MOST_POINTS // 2 - 1
    edges = [k * len(between) // n for k in range(n + 1)]
    stretches = [sorted(between[a:b], key=lambda point: point[1]) for a, b in pairwise(edges)]
    return [first, *(point for s in stretches for point in sorted({s[0], s[-1]})), last]


def upward_axis(low: float, high: float) -> tuple[float, float, list[tuple[float, str]]]:
    """The ends of a logarithmic axis for numbers with logs from low to high, and its ticks: their logs and texts.

    >>> [text for _, text in upward_axis(-2.9, 0.3)[2]], [text for _, text in upward_axis(-0.6, -0.1)[2]]
    (['0.001', '0.01', '0.1', '1', '10'], ['0.2', '0.5', '1'])
    """
    if high - low > 2.0:
        first, last = math.floor(low), math.ceil(high)
        stride = _round_stride(last - first)
        return first, last, [(e, _power_of_ten(e)) for e in range(-(-first // stride) * stride, last + 1, stride)]
    exponent = math.floor(low)  # A factor of its own, since 10.0**-320 has few digits left.
    least, greatest = 10.0 ** (low - exponent), 10.0 ** (high - exponent)
    if greatest < 2.0 * least and greatest - least > 1e-4 * least:
        step = _round_step(greatest - least)
        numbers = [step * k for k in range(math.floor(least / step), math.ceil(greatest / step) + 1)]
    else:
        numbers = [m * 10.0**e for e in range(4) for m in (1, 2, 5)]
        below, above = max(x for x in numbers if x <= least), min(x for x in numbers if x >= greatest and x > least)
        numbers = [x for x in numbers if below <= x <= above]
    ticks = [(math.log10(x) + exponent, _text(x, exponent)) for x in numbers]
    return ticks[0][0], ticks[-1][0], ticks


def _round_stride(length: int) -> int:
    return math.ceil(_round_step(length))


def _round_step(length: float) -> float:
    """The least of 1, 2, 5, 10 … and of 0.5, 0.2, 0.1 … of which at most MOST_STEPS cover a length."""
    size = 10.0 ** math.floor(math.log10(length / MOST_STEPS))
    return next(m * size for m in (1, 2, 5, 10) if m * size * MOST_STEPS >= length)


def _power_of_ten(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -5 <= exponent <= 5 else f"1e{exponent:+03d}"


def _text(x: float, exponent: int) -> str:
    """The text of x·10^exponent, which may be no float."""
    if -5 <= exponent <= 4:
        return f"{x * 10.0**exponent:g}"
    digits = math.floor(math.log10(x) + 1e-9)
    return f"{x / 10.0**digits:g}e{exponent + digits:+03d}"


def _blank_sheet() -> "Digraph":
    from graphviz import Digraph

    return Digraph(
        graph_attr={"layout": "neato", "splines": "line", "bgcolor": "transparent", "pad": "0.2"},
        node_attr={"shape": "point", "width": "0", "height": "0", "style": "invis", "fontname": "Helvetica,Arial"},
        edge_attr={"arrowhead": "none", "headclip": "false", "tailclip": "false", "color": _GREY},
    )


def _draw_axes(sheet: "Digraph", ticks: Sequence[tuple[float, str]]) -> None:
    """Both axes, and for each tick its text and, but for the lowest, a dotted line."""
    _draw_line(sheet, "across", (0.0, 0.0), (WIDTH, 0.0))
    _draw_line(sheet, "up", (0.0, 0.0), (0.0, HEIGHT))
    wide = CHARACTER * max(len(text) for _, text in ticks)
    box = {"width": f"{wide:.2f}", "fixedsize": "true", "margin": "0"}  # A text ends at the right of its box.
    for k, (height, text) in enumerate(ticks):
        _place(sheet, f"y{k}", (-0.1 - wide / 2, height), label=f"{text}\\r", **_TEXT | box)
        if k:
            _draw_line(sheet, f"g{k}", (0.0, height), (WIDTH, height), style="dotted", penwidth="0.5")


def _place(sheet: "Digraph", name: str, at: _Point, **attributes: str) -> None:
    sheet.node(name, pos=f"{at[0]:.4f},{at[1]:.4f}!", **attributes)


def _write(sheet: "Digraph", name: str, at: _Point, text: str) -> None:
    from graphviz import escape

    _place(sheet, name, at, label=escape(visible(text, LONGEST)), **_TEXT | {"shape": "plain"})


def _draw_line(sheet: "Digraph", name: str, start: _Point, end: _Point, **attributes: str) -> None:
    _place(sheet, f"{name}a", start)
    _place(sheet, f"{name}b", end)
    sheet.edge(f"{name}a", f"{name}b", **attributes)
