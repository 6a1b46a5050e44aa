"""Curves over one upward axis: lines with gaps, their names at their ends, and marks where numbers are lost.

>>> from autograd.show.pictures.panel import pieces
>>> pieces([3.0, 2.0, float("nan"), 1.0])
[[0, 1], [3]]
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from autograd.show.pictures.axes import Axis, axis_for
from autograd.show.pictures.canvas import Canvas, Point
from autograd.show.pictures.palette import PALETTE, SERIES
from autograd.wording import visible

WIDTH: Final = 432.0
"""Of the plotted area, in points."""
LINE: Final = 15.0
"""From a line of text to the next, in points."""
MOST_POINTS: Final = 200
"""Of a curve."""
FEW: Final = 12
"""Points of a curve that have a dot each."""
NAME: Final = 30
"""Columns of the name of a curve, at most."""
CLOSE: Final = 6.0
"""Points between two marks that make one."""

_Rows: TypeAlias = Mapping[str, Sequence[float]]
_LINE, _GRID, _BAD = (PALETTE[role].light for role in ("line", "grid", "bad"))


def broken(rows: _Rows) -> list[str]:
    """The names of the curves with a number that isn't finite."""
    return [name for name, row in rows.items() if not all(map(math.isfinite, row))]


class _Look(NamedTuple):
    color: str
    style: str


def _look(k: int) -> _Look:
    """The look of a curve: neighbours differ in colour and in style, for those who don't see every colour."""
    turn, role = divmod(k, len(SERIES))
    return _Look(PALETTE[SERIES[role]].light, "dashed" if (turn + role) % 2 else "solid")


class Panel:
    """The curves over one upward axis, on a canvas."""

    def __init__(self, canvas: Canvas, bottom: float, height: float, first: int, across: Axis) -> None:
        self.canvas, self.bottom, self.height, self.first, self.across = canvas, bottom, height, first, across

    def draw(self, rows: _Rows, log: bool | None, steps: int) -> float:
        """Draw all; return how far up they reach."""
        self.axis = axis_for([y for row in rows.values() for y in row if math.isfinite(y)], log, steps)
        self._draw_axes()
        looks = [_look(k) for k in range(len(rows))]
        ends = [self._draw_curve(row, look) for row, look in zip(rows.values(), looks, strict=True)]
        self._draw_names(rows, ends, looks)
        lost = broken(rows)
        for k, name in enumerate(lost, 1):
            self._draw_marks(name, rows[name], self.bottom + self.height + k * LINE)
        return self.bottom + self.height + LINE * len(lost)

    def _draw_axes(self) -> None:
        top = self.bottom + self.height
        for k, (place, text) in enumerate(self.axis.ticks):
            height = self.bottom + self.height * place
            self.canvas.write(text, (-8.0, height), "r")
            if k or place:
                self.canvas.line([(0.0, height), (WIDTH, height)], color=_GRID)
        for place, _ in self.across.ticks:
            self.canvas.line([(WIDTH * place, self.bottom), (WIDTH * place, self.bottom - 4.0)], color=_LINE)
        self.canvas.line([(0.0, self.bottom), (WIDTH, self.bottom)], color=_LINE)
        self.canvas.line([(0.0, self.bottom), (0.0, top)], color=_LINE)

    def _place(self, i: int, y: float) -> Point:
        return self._x(i), self.bottom + self.height * self.axis.place(y)

    def _x(self, i: int) -> float:
        return WIDTH * self.across.place(self.first + i)

    def _draw_curve(self, row: Sequence[float], look: _Look) -> Point | None:
        """Draw a curve, and return its last place, if it has one."""
        places = [[self._place(i, row[i]) for i in piece] for piece in pieces(row)]
        for piece in places:
            if len(piece) > 1:
                self.canvas.line(piece, color=look.color, style=look.style, penwidth="2", **{"class": "curve"})
            for at in piece if len(piece) == 1 or len(row) <= FEW else ():
                self.canvas.dot(at, look.color)
        return places[-1][-1] if places else None

    def _draw_names(self, rows: _Rows, ends: Sequence[Point | None], looks: Sequence[_Look]) -> None:
        """The name and the last number of each curve beside its end, none over another."""
        texts = [f"{visible(name, NAME)}: {row[-1]:.3g}".removeprefix(": ") for name, row in rows.items()]
        shown = sorted((end[1], k) for k, end in enumerate(ends) if end)
        heights = apart([height for height, _ in shown], LINE, self.bottom, self.bottom + self.height)
        for height, (_, k) in zip(heights, shown, strict=True):
            x, y = ends[k] or (0.0, 0.0)
            if x < WIDTH or abs(y - height) > 2.0:
                early = {"style": "dotted"} if x < WIDTH else {}
                self.canvas.line([(x, y), (WIDTH + 10.0, height)], color=looks[k].color, penwidth="0.75", **early)
            self.canvas.write(texts[k], (WIDTH + 14.0, height), "l", color=looks[k].color)

    def _draw_marks(self, name: str, row: Sequence[float], height: float) -> None:
        """A red line above the panel wherever a number of a curve isn't finite, and how many these are."""
        lost = [i for i, y in enumerate(row) if not math.isfinite(y)]
        for a, b in _runs([self._x(i) for i in lost]):
            self.canvas.line([(a - 1.5, height), (b + 1.5, height)], color=_BAD, penwidth="5", **{"class": "lost"})
        kinds = {text: [str(row[i]) for i in lost].count(text) for text in ("nan", "inf", "-inf")}
        said = ", ".join(f"{n:,} × {text}" for text, n in kinds.items() if n)
        self.canvas.write(f"{visible(name, NAME)}: {said}" if name else said, (WIDTH + 14.0, height), "l", color=_BAD)


def _runs(xs: Iterable[float]) -> list[Point]:
    """The stretches that places lie in, where those that are close together make one."""
    found: list[Point] = []
    for x in xs:
        if found and x - found[-1][1] <= CLOSE:
            found[-1] = found[-1][0], x
        else:
            found.append((x, x))
    return found


def pieces(row: Sequence[float], most: int = MOST_POINTS) -> list[list[int]]:
    """The places in a row that a curve goes through, as the pieces between numbers that aren't finite."""
    finite = [i for i, y in enumerate(row) if math.isfinite(y)]
    lost = [0]
    for y in row:
        lost.append(lost[-1] + (not math.isfinite(y)))
    found: list[list[int]] = []
    for i in _thinned(finite, row, most):
        if found and lost[found[-1][-1]] == lost[i]:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _thinned(places: list[int], row: Sequence[float], most: int) -> list[int]:
    """The places, or of many the first, the last, and the lowest and the highest of each stretch between them."""
    if len(places) <= most:
        return places
    first, *between, last = places
    n = most // 2 - 1
    edges = [k * len(between) // n for k in range(n + 1)]
    stretches = [sorted(between[a:b], key=row.__getitem__) for a, b in pairwise(edges)]
    return [first, *(i for s in stretches for i in sorted({s[0], s[-1]})), last]


def apart(heights: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """The heights, in order, moved as little as puts each at least so far above the one before, from low to high.

    >>> apart([0.0, 1.0, 9.0], 2.0, 0.0, 9.0)
    [0.0, 2.0, 9.0]
    """
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + least) if found else max(height, low))
    above = high
    for k in reversed(range(len(found))):
        found[k] = above = min(found[k], above)
        above -= least
    return found
