"""All that the page of a training shows, as data: its snapshots with network, curves, predictions and surface.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> from autograd.page.training import training
>>> model, recorder = nn.MLP(1, [1], rng=random.Random(1)), train.Recorder(every=1)
>>> history = train.fit(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters()), epochs=2, record=recorder)
>>> found = training(recorder)
>>> found["epochs"], found["losses"]
([0, 1, 2], [7.45984, 7.40028, 7.3412])
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from autograd.page.curves import panels
from autograd.page.numbers import rounded
from autograd.page.predictions import predictions, surface
from autograd.page.recorded import Moment, Recorded
from autograd.page.weights import network

MOST_SNAPSHOTS: Final = 200
"""On a page."""
MOST_NUMBERS: Final = 200_000
"""In all its snapshots: as text less than 2 MB."""
A_LETTER: Final = 6
"""Of so many letters the text is as long as that of a number."""


def training(recording: Recorded) -> dict[str, Any]:
    """The contents of the page of a recorded training. ValueError for a recorder without snapshots."""
    kept = recording.snapshots
    if not kept:
        raise ValueError(f"page: this {type(recording).__name__} has no snapshots; fit(…, record=recorder) makes them")
    shown = [kept[i] for i in _places(len(kept), MOST_SNAPSHOTS)]
    net = network(recording, [shown[0], shown[-1]])
    shown = [shown[i] for i in _places(len(shown), MOST_NUMBERS // max(1, _numbers(net, shown[-1])))]
    across, found = panels(recording.history, shown)
    return {
        "epochs": [one.epoch for one in shown],
        "batches": [one.batch for one in shown],
        "losses": [rounded(one.loss, 6) for one in shown],
        "kept": len(kept),
        "across": across,
        "panels": found,
        "network": network(recording, shown),
        "predictions": predictions(recording, shown),
        "surface": surface(recording, shown),
    }


def _places(count: int, most: int) -> list[int]:
    """The positions of at most so many of a row, the first and the last among them, and at least these."""
    n = min(count, max(most, 2))
    return [*range(count)] if n == count else [round(k * (count - 1) / (n - 1)) for k in range(n)]


def _numbers(net: dict[str, Any] | None, one: Moment) -> int:
    """About as many numbers as there are of one snapshot."""
    of_network = 0 if net is None else 2 * len(net["parameters"]) + len(net["units"]) * len(net["outputs"])
    return of_network + _length(one.outputs) + math.ceil(_length(one.surface) / A_LETTER)


def _length(nest: Sequence[Any]) -> int:
    return sum(len(y) if isinstance(y, list) else 1 for y in nest)
