"""The places of the units of a network: stages as columns, those too tall or too many folded in the middle.

>>> from autograd import nn
>>> from autograd.show.pictures.arrangement import Arrangement
>>> from autograd.show.pictures.stages import stages_of
>>> found = Arrangement(stages_of(nn.MLP(20, [1]), None))
>>> len(found.spots), [text for *_, text in found.texts], len([*found.links()])
(12, ['input', '… 10 more …', 'layer 1\\n1 linear'], 10)
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from autograd.engine.value import Value
from autograd.show.pictures.stages import Stage

MOST_UNITS: Final = 16
"""A column of more is folded in the middle,"""
ENDS: Final = 5
"""and so many are left at each end."""
MOST_COLUMNS: Final = 12
COLUMNS_AT_ENDS: Final = 4
"""The same for columns."""
APART: Final = 2.4
"""Inches from one column to the next, or as many as half of the height of the highest one."""
PITCH: Final = 0.62
"""Inches from one unit to the next."""
SQUARE: Final = 0.2
"""Of the largest weight of a filter, in inches."""
TITLE: Final = 0.75
"""Inches for the title of a stage."""


class Spot(NamedTuple):
    """A unit of a stage, or None for those left out, at its place in inches."""

    stage: int
    unit: int | None
    x: float
    y: float


class Link(NamedTuple):
    """The weights between two units that are shown, by their positions among the spots."""

    start: int
    end: int
    weights: list[Value]


class Arrangement:
    """The stages of a network with a place for each unit that is shown."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages: Final = stages
        self.last: Final = max(stage.depth for stage in stages)
        self.spots: Final[list[Spot]] = []
        self.texts: Final[list[tuple[float, float, str]]] = []
        """Places in inches, and texts."""
        self._arrange()
        self.at: Final = {(spot.stage, spot.unit): i for i, spot in enumerate(self.spots) if spot.unit is not None}
        """The position among the spots of each unit of each stage."""

    def links(self) -> Iterator[Link]:
        """The weights between units that are shown."""
        for (k, unit), end in self.at.items():
            stage, found = self.stages[k], dict[int, list[Value]]()
            for column, start in enumerate(stage.starts):
                if start in self.at:
                    found.setdefault(self.at[start], []).extend(stage.weights(unit, column))
            for spot, weights in found.items():
                yield Link(spot, end, weights)

    def _arrange(self) -> None:
        depths, gap = _columns(self.stages)
        columns = [
            [k for k, stage in enumerate(self.stages) if stage.depth == d and not is_below(stage)] for d in depths
        ]
        heights = [sum(TITLE + self._height(k) for k in column) for column in columns]
        tallest = max(heights)
        # Lines from the inputs below a column are steep if it is near.
        apart = max(APART, tallest / (1.8 if any(map(is_below, self.stages)) else 2.8))
        for i, (depth, column) in enumerate(zip(depths, columns, strict=True)):
            self._stack(column, apart * i, tallest)
            for k, stage in enumerate(self.stages):
                if is_below(stage) and stage.depth == depth:
                    self._put(k, apart * (i - 0.55), -tallest / 2 - 0.3, -tallest / 2 - 0.3 - self._height(k) - TITLE)
            if gap and depth == gap[1]:
                self.texts.append((apart * (i - 0.5), 0.0, f"…\n{gap[0]} more\n…"))

    def _stack(self, column: Sequence[int], x: float, tallest: float) -> None:
        """Put the stages of a column above one another; the title of a single one is on the line of all titles."""
        heights = [TITLE + self._height(k) for k in column]
        for k, above in zip(column, accumulate(heights, initial=0.0), strict=False):
            top = sum(heights) / 2 - above - TITLE
            self._put(k, x, top, tallest / 2 - TITLE if len(column) == 1 else top)

    def _height(self, k: int) -> float:
        return self._pitch(k) * len(shown_units(len(self.stages[k].units)))

    def _pitch(self, k: int) -> float:
        """Inches from one unit of a stage to the next."""
        shape = self.stages[k].shape
        return max(PITCH, SQUARE * shape[1] + 0.25) if shape else PITCH

    def _put(self, k: int, x: float, top: float, title: float | None = None) -> None:
        """Put the units of a stage below a height, and its title above it."""
        stage = self.stages[k]
        text = f"{stage.title}\n{stage.subtitle}" if stage.subtitle else stage.title
        self.texts.append((x, (top if title is None else title) + TITLE / 2, text))
        for i, unit in enumerate(shown_units(len(stage.units))):
            y = top - self._pitch(k) * (i + 0.5)
            self.spots.append(Spot(k, unit, x, y))
            if unit is None:
                self.texts.append((x, y, f"… {len(stage.units) - 2 * ENDS:,} more …"))


def is_below(stage: Stage) -> bool:
    """Whether a stage is a row of inputs of one step of a cell, which stands below it."""
    return stage.kind == "input" and stage.title.startswith("x at")


def _columns(stages: Sequence[Stage]) -> tuple[list[int], tuple[int, int] | None]:
    """The depths that are shown; and, if some in the middle are not, their number and the depth after them."""
    depths = sorted({stage.depth for stage in stages})
    if len(depths) <= MOST_COLUMNS:
        return depths, None
    kept = [*depths[:COLUMNS_AT_ENDS], *depths[-COLUMNS_AT_ENDS:]]
    return kept, (len(depths) - len(kept), depths[-COLUMNS_AT_ENDS])


def shown_units(count: int) -> list[int | None]:
    """The positions of the units that are shown, and None for those between."""
    return [*range(count)] if count <= MOST_UNITS else [*range(ENDS), None, *range(count - ENDS, count)]
