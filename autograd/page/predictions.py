"""The predictions of a training as data: those for its rows beside their targets, and those on the grid as a surface.

>>> from autograd.page.predictions import steps_of
>>> steps_of([0.0, 0.5, 1.0, float("nan")], -1.0, 1.0)
'et8.'
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from autograd.page.numbers import rounded
from autograd.page.recorded import Moment, Recorded
from autograd.show.pictures.axes import linear_axis
from autograd.wording import brief

FEW_ROWS: Final = 10
"""Rows that are a table."""
FEW_OUTPUTS: Final = 4
"""Numbers of an input or an output that are written out in a table."""
MOST_CLASSES: Final = 6
"""Of a surface: as many as have a colour and a shape of their own."""
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[:61]
"""One for each step of a scale from its least to its greatest number: the middle one is its middle. Colours that differ
by less can't be told apart."""
LOST: Final = "."
"""For what isn't finite."""
MOST: Final = 0.75
"""Rows on the right side of a boundary that a training has found."""
TICKS: Final = 4
"""Steps of an axis, at most."""


def predictions(recording: Recorded, snapshots: Sequence[Moment]) -> dict[str, Any]:
    """The rows whose predictions are kept: as a table, as classes, or as a plot of predictions over targets."""
    inputs, targets = recording.inputs, recording.targets
    outputs = [[_single(y) for y in one.outputs] for one in snapshots]
    made: dict[str, Any] = {"kind": "none", "size": len(inputs), "names": [*map(_row, inputs)]}
    if not any(outputs):
        return made
    if targets:
        made["targets"] = [_row([_single(t)]) for t in targets]
    of_rows = class_targets(targets, _width(outputs))
    border = None if of_rows else boundary(recording, snapshots)
    if of_rows:
        found = [[_class(y) for y in row] for row in outputs]
        made["right"] = [sum(a == b for a, b in zip(row, of_rows, strict=False)) for row in found]
    elif border is not None:
        high = max(map(_single, targets))
        made["right"] = [_on_their_side(row, targets, border, high) for row in outputs]
        made["boundary"] = rounded(border)
    if len(inputs) <= FEW_ROWS:
        return made | {"kind": "table", "outputs": [[_numbers(y) for y in row] for row in outputs]}
    if of_rows:
        texts = ["".join(LOST if k is None else LETTERS[k] for k in row) for row in found]
        return made | {"kind": "classes", "classes": _width(outputs), "of": of_rows, "found": texts}
    if targets and not any(isinstance(y, list) for y in [*targets, *(y for row in outputs for y in row)]):
        return made | {"kind": "plot"} | _plot([*map(float, targets)], outputs)
    return made


def surface(recording: Recorded, snapshots: Sequence[Moment]) -> dict[str, Any] | None:
    """The predictions on the grid of a model of two inputs; None without a grid, or for more than six outputs.

    A single output has letters for its steps on a scale that stays the same. Of several, each has letters for its steps
    from the least to the greatest at each snapshot.
    """
    grid = recording.grid
    layers = [[_several(y) for y in one.surface] for one in snapshots]
    widths = {len(y) for row in layers for y in row}
    if grid is None or len(widths) != 1 or not 1 <= max(widths) <= MOST_CLASSES:
        return None
    (width,) = widths
    made = {
        "size": [len(grid.xs), len(grid.ys)],
        "ticks": [_ticks(grid.xs[0], grid.xs[-1]), _ticks(grid.ys[0], grid.ys[-1])],
        "points": [_point(x, grid) for x in recording.inputs],
        "classes": width if width > 1 else 0,
    }
    if width == 1:
        low, middle, high = scale(recording, snapshots)
        made["scale"] = [*map(rounded, (low, middle, high))]
        made["layers"] = [[steps_of([y[0] for y in row], low, high) for row in layers]]
        made["targets"] = [_part(t, low, high) for t in recording.targets]
    else:
        ranges = [_range([y for point in row for y in point]) for row in layers]
        made["layers"] = [
            [steps_of([y[k] for y in row], *ends) for row, ends in zip(layers, ranges, strict=True)]
            for k in range(width)
        ]
        made["targets"] = class_targets(recording.targets, width)
    return made


# ── classes and boundaries ──


def class_targets(targets: Sequence[Any], width: int) -> list[int]:
    """The classes of targets for so many outputs: the number of one, or the place of the only 1; empty if any is none.

    >>> class_targets([0, 2.0], 3), class_targets([[0.0, 1.0]], 2), class_targets([0.5], 2)
    ([0, 2], [1], [])
    """
    found: list[int] = []
    for t in targets if width > 1 else ():
        if isinstance(t, list) and len(t) == width and sorted(t) == [0.0] * (width - 1) + [1.0]:
            found.append(t.index(1.0))
        elif not isinstance(t, list) and float(t).is_integer() and 0 <= t < width:
            found.append(int(t))
        else:
            return []
    return found


def boundary(recording: Recorded, snapshots: Sequence[Moment]) -> float | None:
    """The output between two targets: their middle, or 0 if it separates most rows, and more, as it does logits.

    None unless there are single outputs, and two targets that rows share.
    """
    targets = [_single(t) for t in recording.targets]
    if any(isinstance(t, list) for t in targets) or len({*targets}) != 2 or len(targets) < 2 * 2:
        return None
    low, high = sorted({*targets})
    middle = (low + high) / 2.0
    last = next((row for one in reversed(snapshots) if (row := [*map(_single, one.outputs)])), [])
    if any(isinstance(y, list) for y in last):
        return None
    right = {border: _on_their_side(last, targets, border, high) for border in (middle, 0.0)}
    return 0.0 if right[0.0] > max(right[middle], MOST * len(last)) else middle


def _on_their_side(outputs: Sequence[Any], targets: Sequence[Any], border: float, high: float) -> int:
    return sum((y > border) == (_single(t) == high) and y != border for y, t in zip(outputs, targets, strict=False))


def scale(recording: Recorded, snapshots: Sequence[Moment]) -> tuple[float, float, float]:
    """The least, the middle and the greatest number of the colours of a single output, for the whole training.

    Around the boundary between two targets they reach to the targets, or three times as far for outputs that go
    further. Else they are those of the targets and of the last surface, around 0 if there are numbers of both signs.
    """
    last = next((found for one in reversed(snapshots) if (found := _finite(one.surface))), [0.0])
    targets = _finite(recording.targets)
    middle = boundary(recording, snapshots)
    if middle is None:
        low, high = _range([*last, *targets])
        middle = 0.0 if low < 0.0 < high else (low + high) / 2.0
        half = max(high - middle, middle - low)
    else:
        half = (max(targets) - min(targets)) / 2.0
        far = sorted(abs(y - middle) for y in last)[9 * (len(last) - 1) // 10]
        half = min(max(half, far), 3.0 * half)
    return middle - half, middle, middle + half


# ── small things ──


def steps_of(numbers: Sequence[float], low: float, high: float) -> str:
    """A letter for each number, by its place between the ends of a scale."""
    return "".join(LOST if (part := _part(y, low, high)) is None else LETTERS[part] for y in numbers)


def _part(y: Any, low: float, high: float) -> int | None:
    y = _single(y)
    if isinstance(y, list) or not math.isfinite(y):
        return None
    part: float = min(max((y - low) / (high - low), 0.0), 1.0)
    return round(part * (len(LETTERS) - 1))


def _single(y: Any) -> Any:
    """A number that stands alone in a list."""
    return y[0] if isinstance(y, list) and len(y) == 1 and not isinstance(y[0], list) else y


def _several(y: Any) -> list[Any]:
    return y if isinstance(y, list) else [y]


def _width(outputs: Sequence[Sequence[Any]]) -> int:
    widths = {len(_several(y)) for row in outputs for y in row}
    return widths.pop() if len(widths) == 1 else 0


def _class(y: Any) -> int | None:
    """The place of the largest output; None if one isn't finite."""
    row: list[float] = _several(y)
    return row.index(max(row)) if all(map(math.isfinite, row)) else None


def _numbers(y: Any) -> list[Any]:
    return [rounded(part) for part in _several(y)[:FEW_OUTPUTS] if not isinstance(part, list)]


def _row(x: Any) -> str:
    """An input as text, or the beginning of it."""
    row = _several(x)
    if any(isinstance(part, list) for part in row):
        return "…"
    return ", ".join([*(brief(float(f"{part:.4g}")) for part in row[:FEW_OUTPUTS]), *["…"] * (len(row) > FEW_OUTPUTS)])


def _finite(numbers: Sequence[Any]) -> list[float]:
    found = [_single(y) for y in numbers]
    return [float(y) for y in found if not isinstance(y, list) and math.isfinite(y)]


def _range(numbers: Sequence[float]) -> tuple[float, float]:
    """The ends of some numbers, which differ."""
    finite = [y for y in numbers if math.isfinite(y)] or [0.0]
    low, high = min(finite), max(finite)
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _ticks(low: float, high: float) -> list[list[Any]]:
    """The round numbers between two ends: their parts of the way, and their texts."""
    axis = linear_axis(low, high, TICKS)
    start, end = axis.place(low), axis.place(high)
    parts = [((at - start) / (end - start), text) for at, text in axis.ticks]
    return [[round(part, 4), text] for part, text in parts if 0.0 <= part <= 1.0]


def _point(x: Sequence[float], grid: Any) -> list[float]:
    """Where an input is on a surface: the parts of its width and of its height."""
    ends = [(grid.xs[0], grid.xs[-1]), (grid.ys[0], grid.ys[-1])]
    return [round((y - low) / (high - low), 4) for y, (low, high) in zip(x, ends, strict=True)]


def _plot(targets: Sequence[float], outputs: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Predictions over targets: places in thousandths on one axis, from which what is further away is at an end."""
    low, high = _range(targets)
    reach = high - low
    last = next((found for row in reversed(outputs) if (found := _finite(row))), [])
    ends = [min(max(y, low - reach), high + reach) for y in last]
    axis = linear_axis(min([low, *ends]), max([high, *ends]), TICKS)

    def place(y: float) -> int | None:
        return round(1000 * min(max(axis.place(y), 0.0), 1.0)) if math.isfinite(y) else None

    return {
        "ticks": [[round(1000 * at), text] for at, text in axis.ticks],
        "across": [*map(place, targets)],
        "up": [[*map(place, row)] for row in outputs],
    }
