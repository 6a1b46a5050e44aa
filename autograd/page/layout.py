"""Where the boxes of a page are: a network in layers, and other graphs as Graphviz places them.

>>> from autograd.page.layout import layers, placed
>>> layers(3, [(0, 2), (1, 2)], [1, 0, 2])
[[1, 0], [2]]
>>> found = placed([(90, 60), (90, 60)], [(0, 1)], "LR")
>>> found.corners, found.curves
([(0, 0), (126, 0)], ['M90 30C106 30 110 30 126 30'])
"""

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from autograd.show.pictures.haste import haste
from autograd.show.pictures.picture import render

_PIXELS: Final = 72.0
"""Of Graphviz in an inch: one of its points is one pixel here."""
_OUT_IN: Final = {"LR": ("e", "w"), "TB": ("s", "n")}
Size = tuple[int, int]


class Layout(NamedTuple):
    """Positions in pixels, from the upper left corner of the picture."""

    size: Size
    corners: list[tuple[int, int]]
    """Of each box, the upper left one."""
    curves: list[str]
    """Of each link, the path in the language of SVG; none where the page draws them itself."""


def placed(sizes: Sequence[Size], links: Sequence[tuple[int, int]], direction: str) -> Layout:
    """Boxes of these sizes, and curves from box to box that go round the others, as `dot` lays them out.

    The direction is "LR" or "TB". RuntimeError if nothing can lay it out.
    """
    tail, head = _OUT_IN[direction]
    text = [f"n{i} [width={w / _PIXELS:.4f} height={h / _PIXELS:.4f}]" for i, (w, h) in enumerate(sizes)]
    inner = {b for _, b in links}
    for i, (a, b) in enumerate(links):  # A line between operations is straighter than one from a leaf.
        text.append(f"n{a} -> n{b} [id={i} tailport={tail} headport={head} weight={4 if a in inner else 1}]")
    drawn = "\n".join([*text, "}"])
    hasty = " ".join(f"{name}={value}" for name, value in haste(drawn).items())
    try:
        found = _rendered(drawn, direction, hasty)
    except RuntimeError:  # A few graphs have a line for which `dot` finds no way; then the page draws them all.
        found = _rendered(drawn, direction, f"{hasty} splines=none")
    bottom, right, top = (float(found["bb"].split(",")[i]) for i in (1, 2, 3))
    assert not bottom
    points = {thing["name"]: _points(thing["pos"], top)[0] for thing in found.get("objects", ())}
    centres = [points[f"n{i}"] for i in range(len(sizes))]
    corners = [(round(x - w / 2), round(y - h / 2)) for (x, y), (w, h) in zip(centres, sizes, strict=True)]
    curves = {int(edge["id"]): _curve(_points(edge["pos"], top)) for edge in found.get("edges", ()) if "pos" in edge}
    return Layout((round(right), round(top)), corners, [curves[i] for i in sorted(curves)])


def _rendered(drawn: str, direction: str, hasty: str) -> dict[str, Any]:
    start = f"digraph {{ rankdir={direction} ranksep=0.5 nodesep=0.22 {hasty} edge [arrowhead=none]"
    found = render(f'{start} node [shape=box fixedsize=true label=""]\n{drawn}', "json")
    return dict(json.loads(found))


def _points(text: str, top: float) -> list[tuple[float, float]]:
    pairs = [pair.split(",") for pair in re.sub(r"[se],\S+ ", "", text).split()]
    return [(float(x), top - float(y)) for x, y in pairs]


def _curve(points: list[tuple[float, float]]) -> str:
    first, *others = (f"{x:.0f} {y:.0f}" for x, y in points)
    return f"M{first}C{' '.join(others)}"


def layers(count: int, links: Collection[tuple[int, int]], order: Sequence[int]) -> list[list[int]]:
    """The boxes by their distance from the last one, farthest first, those of each distance in an order."""
    from graphlib import TopologicalSorter

    users: dict[int, set[int]] = {i: set() for i in range(count)}
    for source, target in links:
        users[source].add(target)
    distance = [0] * count
    for box in TopologicalSorter(users).static_order():
        distance[box] = max((distance[user] + 1 for user in users[box]), default=0)
    by_order = sorted(range(count), key=lambda i: order[i])
    return [[i for i in by_order if distance[i] == far] for far in range(max(distance), -1, -1)]
