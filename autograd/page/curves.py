"""The curves of a training as data: places of their points, ticks, and where each snapshot is on them.

>>> from types import SimpleNamespace
>>> from autograd.page.curves import panels
>>> from autograd.train import History, Snapshot
>>> snapshots = [Snapshot(epoch, 0, loss, {}, {}) for epoch, loss in [(0, 4.0), (2, 1.0)]]
>>> across, (loss,) = panels(History([4.0, 2.0]), snapshots)
>>> across["ticks"], across["marks"]
([[0.0, '0'], [0.5, '1'], [1.0, '2']], [0.0, 1.0])
>>> loss["curves"][0]["pieces"], loss["curves"][0]["marks"]
([[[0.0, 1.0], [0.5, 0.5], [1.0, 0.25]]], [1.0, 0.25])
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from autograd.page.numbers import exact
from autograd.page.recorded import Moment
from autograd.show.pictures.axes import Axis, axis_for, counting_axis
from autograd.show.pictures.panel import pieces
from autograd.wording import visible

STEPS: Final = 4
"""Between the ticks of an axis, at most: panels on a page are low."""


class _Curve(NamedTuple):
    name: str
    numbers: list[float]
    """One after another,"""
    start: float
    """the first of them after so many epochs."""


def panels(history: Any, snapshots: Sequence[Moment]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The axis of epochs; and a panel of the losses, and one of each metric. Places are parts of an axis.

    A loss stands where its epoch begins, if all rows are one batch: then it is that of the snapshot there. Else it is
    the mean over an epoch, and stands in its middle. Validation and metrics are measured at the end of an epoch.
    """
    losses = [float(y) for y in history.losses]
    last = max(snapshots[-1].epoch, len(losses))
    across = counting_axis(0, last)
    places = [across.place(one.epoch + (0.5 if one.batch else 0.0)) for one in snapshots]
    found = [_panel(_losses(history, losses, snapshots), across, snapshots, whole=True)]
    for name, row in history.metrics.items():
        if row:
            found.append(_panel([_Curve(str(name), [*map(float, row)], 1.0)], across, snapshots, whole=False))
    ticks = [[_place(at), text] for at, text in across.ticks]
    return {"ticks": ticks, "marks": [*map(_place, places)], "last": last}, found


def _losses(history: Any, losses: list[float], snapshots: Sequence[Moment]) -> list[_Curve]:
    first, end = snapshots[0], snapshots[-1]
    in_one_batch = not losses or (first.epoch == 0 and first.loss == losses[0])
    if in_one_batch and end.epoch == len(losses) and end.batch == 0:
        losses = [*losses, end.loss]
    curves = [_Curve("loss", losses, 0.0 if in_one_batch else 0.5)]
    return [*curves, _Curve("validation", [*map(float, history.validation)], 1.0)] if history.validation else curves


def _panel(curves: list[_Curve], across: Axis, snapshots: Sequence[Moment], *, whole: bool) -> dict[str, Any]:
    """The curves over one upward axis; the first of the whole training has the losses of the snapshots as its marks."""
    marks = [[_at(curve, one.epoch) for one in snapshots] for curve in curves]
    if whole:
        marks[0] = [one.loss for one in snapshots]
    numbers = [y for curve in curves for y in curve.numbers] + [y for row in marks for y in row]
    up = axis_for([y for y in numbers if math.isfinite(y)], None, STEPS)
    return {
        "ticks": [[_place(at), text] for at, text in up.ticks],
        "curves": [
            {
                "name": visible(curve.name, 30),
                "pieces": [
                    [[_place(across.place(curve.start + i)), _place(up.place(curve.numbers[i]))] for i in piece]
                    for piece in pieces(curve.numbers)
                ],
                "lost": [
                    _place(across.place(curve.start + i)) for i, y in enumerate(curve.numbers) if not math.isfinite(y)
                ],
                "marks": [_place(up.place(y)) if math.isfinite(y) else None for y in row],
                "numbers": [exact(float(f"{y:.6g}")) for y in row],
            }
            for curve, row in zip(curves, marks, strict=True)
        ],
    }


def _at(curve: _Curve, epoch: int) -> float:
    """The number of a curve at the end of so many epochs; nan where it has none."""
    i = epoch - round(curve.start)
    return curve.numbers[i] if 0 <= i < len(curve.numbers) else math.nan


def _place(part: float) -> float:
    return round(part, 4)
