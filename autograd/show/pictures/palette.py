"""The colors of pictures: for every role one on a light page and one on a dark page.

>>> from autograd.show.pictures.palette import PALETTE, look
>>> PALETTE["leaf"].light, PALETTE["leaf"].dark
('#dbeafe', '#15305c')
>>> look("leaf")
{'fillcolor': '#dbeafe', 'color': '#2563eb', 'fontcolor': '#1f2937'}

DOT text is written in the light colors and without a bgcolor. A `Drawing` paints the page and makes dark what a reader
with a dark screen sees: no two roles have the same light color, so a light color says which role it has.
"""

import re
from typing import Final, NamedTuple


class Color(NamedTuple):
    """One role in the two themes, as #rrggbb."""

    light: str
    dark: str


PALETTE: Final = {
    "page": Color("#ffffff", "#14181f"),
    # Text, readable on every fill
    "ink": Color("#1f2937", "#e6eaf1"),
    "soft": Color("#4b5563", "#b3bdcc"),  # of names beside numbers, notices, ticks
    # Lines without a sign
    "line": Color("#6b7280", "#8e99ab"),
    "grid": Color("#d5d9e0", "#343c49"),
    # Nodes: the fill and the border of each kind
    "interior": Color("#f9fafb", "#202731"),
    "leaf": Color("#dbeafe", "#15305c"),
    "leaf line": Color("#2563eb", "#6ea4fb"),
    "parameter": Color("#fde9a8", "#46330d"),
    "parameter line": Color("#b45309", "#e0a63f"),
    "constant": Color("#eeeeee", "#2a2f38"),
    "constant line": Color("#c4c8ce", "#4d5766"),
    "root": Color("#bbf7d0", "#0f3f27"),
    "root line": Color("#15803d", "#52c98d"),
    "operation": Color("#e5e7eb", "#363e4b"),
    # Signs of weights and of gradients, as lines and, on a page or in an interior node, as text
    "plus": Color("#bf4b04", "#ff9d57"),
    "minus": Color("#1d4ed8", "#8ab4ff"),
    "zero": Color("#868d99", "#727d8f"),  # lines alone, dashed
    "bad": Color("#be0a3c", "#ff8ba1"),  # nan and inf, readable on every fill
    # The step or the nodes that a picture is about
    "lit": Color("#7c3aed", "#bd9bff"),
    # Further curves of a chart, after minus and plus
    "third": Color("#0f7b6c", "#4fd1b5"),
    "fourth": Color("#a21caf", "#ee8ff7"),
    "fifth": Color("#5c6b08", "#bccb4e"),
    "sixth": Color("#8a4b2f", "#d3a48c"),
}  # fmt: skip
SERIES: Final = ("minus", "plus", "third", "fourth", "fifth", "sixth")
"""The roles of the curves of one chart, in order."""

_DARK: Final = {color.light: color.dark for color in PALETTE.values()}
_ATTRIBUTE: Final = re.compile(r'(?i)(?<![\w\\])(?:(?:bg|fill|font|pen)?color|fill|stroke)="[^"]*"')
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")


def look(kind: str) -> dict[str, str]:
    """The colors of a kind of node as attributes of Graphviz; kinds with a border of their own have it."""
    border = f"{kind} line" if f"{kind} line" in PALETTE else "line"
    text = "soft" if kind == "constant" else "ink"
    return {"fillcolor": PALETTE[kind].light, "color": PALETTE[border].light, "fontcolor": PALETTE[text].light}


def darkened(text: str) -> str:
    """DOT or SVG text with the dark color in place of each light one, in attributes alone: labels stay as they are.

    >>> darkened('digraph { x [color="#2563eb" label="#2563eb"] }')
    'digraph { x [color="#6ea4fb" label="#2563eb"] }'
    """
    return _ATTRIBUTE.sub(lambda found: _HEX.sub(lambda c: _DARK.get(c[0].lower(), c[0]), found[0]), text)
