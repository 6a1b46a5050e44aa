"""A page on which every line and text has its place, written as a graph for Graphviz to draw.

>>> from autograd.show.pictures.canvas import Canvas
>>> canvas = Canvas()
>>> canvas.line([(0.0, 0.0), (72.0, 36.0)], color="#1f2937")
>>> canvas.write("loss", (0.0, 50.0), "l")
>>> "loss" in canvas.digraph.source
True
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from autograd.console import columns
from autograd.show.pictures.palette import PALETTE
from autograd.wording import visible

if TYPE_CHECKING:
    pass

CHARACTER: Final = 6.6
"""Points for a character of a text, with something to spare."""
TEXT: Final = 11
"""The size of a text, in points."""
LONGEST: Final = 200
"""Columns of a text, at most."""
Point: TypeAlias = tuple[float, float]
"""To the right and upward, in points."""
_SOFT: Final = PALETTE["soft"].light


class Canvas:
    """A page of lines, dots and texts. The layout nop2 of Graphviz leaves everything where it is."""

    def __init__(self) -> None:
        from graphviz import Digraph

        self.digraph: Final[Digraph] = Digraph(
            graph_attr={"layout": "nop2", "pad": "0.15"},
            node_attr={
                "shape": "point", "width": "0", "height": "0", "style": "invis", "label": "", "margin": "0",
                "fontname": "Helvetica,Arial", "fontsize": str(TEXT),
            },
            edge_attr={"arrowhead": "none"},
        )  # fmt: skip
        self._count = 0

    def _node(self, at: Point, **attributes: str) -> str:
        self._count += 1
        name = f"n{self._count}"
        self.digraph.node(name, pos=f"{at[0]:.2f},{at[1]:.2f}", **attributes)
        return name

    def line(self, points: Sequence[Point], **attributes: str) -> None:
        """A line from point to point."""
        row = [f"{x:.2f},{y:.2f}" for x, y in points]
        # A cubic curve is straight if its inner points are its ends.
        path = " ".join([row[0], *(f"{a} {b} {b}" for a, b in pairwise(row))])
        first, *_, last = points
        self.digraph.edge(self._node(first), self._node(last), pos=path, **attributes)

    def dot(self, at: Point, color: str) -> None:
        """A point that can be seen."""
        self._node(at, width="0.08", height="0.08", style="filled", color=color)

    def write(self, text: str, at: Point, side: str, color: str = _SOFT, size: int = TEXT) -> None:
        """A text that begins, is centred or ends at a point: the side is "l", "c" or "r"."""
        from graphviz import escape, nohtml

        shown = visible(text, LONGEST)
        if not shown:
            return
        wide = CHARACTER * columns(shown) * size / TEXT
        x = at[0] + {"l": wide / 2, "c": 0.0, "r": -wide / 2}[side]
        box = {"shape": "none", "style": "", "fixedsize": "true", "width": f"{wide / 72:.3f}", "height": "0.2"}
        label = nohtml(escape(shown) + {"l": "\\l", "c": "", "r": "\\r"}[side])
        self._node((x, at[1]), label=label, fontcolor=color, fontsize=str(size), **box)
