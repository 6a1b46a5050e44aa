"""The network of a training as data: its units at their places, and its weights, gradients and outputs over time.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> from autograd.page.weights import network
>>> model, recorder = nn.MLP(1, [1], rng=random.Random(1)), train.Recorder(every=1)
>>> history = train.fit(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters()), epochs=2, record=recorder)
>>> found = network(recorder, recorder.snapshots)
>>> [unit["name"] for unit in found["units"]], [name for name, *_ in found["parameters"]], found["links"]
(['x[0]', 'z1[0]'], ['w1[0,0]', 'b1[0]'], [[0, 1, [0]]])
>>> [values for _, values, _ in found["parameters"]]
['-.7313,-.7258,-.7204', '0,.005463,.0109']
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.formula import rule
from autograd.page.numbers import packed, rounded
from autograd.page.recorded import Moment, Recorded
from autograd.show.layers import Layer, answers
from autograd.show.models import layers_of
from autograd.show.pictures.arrangement import SQUARE, Arrangement
from autograd.show.pictures.stages import Stage, outputs_of, stages_of, stages_on
from autograd.wording import visible

MOST_ROWS: Final = 6
"""Inputs whose outputs the units show, one at a time."""
MOST_WORK: Final = 1_000_000
"""Operands that are computed again for these outputs, at most: about a second."""
MOST_SQUARES: Final = 3 * 7 * 7
"""A filter of more weights is an empty frame."""
NEAR: Final = 1e-4
"""Relative and absolute: an output computed again is so near to the one recorded. Programs may be of single precision,
and sum in another order; a model that chose another branch is further away."""
TYPICAL: Final = 10.0
"""A width compares with at most so many times the median of what is largest at each time, so that one weight that
diverged does not make all others thin."""
_NAME: Final = 16


def network(recording: Recorded, snapshots: Sequence[Moment]) -> dict[str, Any] | None:
    """The network of a recorded training at these snapshots; None for a model without layers of `nn`."""
    model = recording.model
    layers = answers(layers_of, model)
    if not layers:
        return None
    rows = _Rows(recording, snapshots)
    stages = rows.stages or stages_of(model, None)
    return _Network(model, layers, snapshots, Arrangement(stages), rows).as_data()


class _Network:
    def __init__(
        self, model: Any, layers: Sequence[Layer], snapshots: Sequence[Moment], places: Arrangement, rows: "_Rows"
    ) -> None:
        self.snapshots, self.places, self.rows = snapshots, places, rows
        self.keys = {id(v): key for key, v in model.named_parameters()}
        self.layers = {id(weights[0]): (layer, row) for layer in layers for row, weights in enumerate(layer.weights)}
        self.names: dict[int, str] = {}
        self.parameters: list[Value] = []
        self.numbers: dict[int, int] = {}
        """The number of each parameter on the page, by its id."""

    def as_data(self) -> dict[str, Any]:
        places = self.places
        shown = [i for i, spot in enumerate(places.spots) if spot.unit is not None]
        seats = {i: seat for seat, i in enumerate(shown)}
        links = [[seats[a], seats[b], [*map(self._number, weights)]] for a, b, weights in places.links()]
        units = [self._unit(i) for i in shown]
        left_out = [(x, y, text) for x, y, text in places.texts if text.startswith("…")]
        titles = [(x, y, text) for x, y, text in places.texts if not text.startswith("…")]
        series = [self._series(v) for v in self.parameters]
        return {
            "units": units,
            "links": links,
            "bands": [[seats[a], seats[b]] for a, b in self._bands()],
            "titles": [[_inches(x), _inches(-y), visible(text.replace("\n", " · "), 60)] for x, y, text in titles],
            "more": [[_inches(x), _inches(-y), " ".join(text.split())] for x, y, text in left_out],
            "parameters": series,
            "largest": [self._largest(1), self._largest(2)],
            "rows": self.rows.chosen,
            "outputs": [self.rows.series([self._place_of(i) for i in shown], row) for row in range(self.rows.count)],
        }

    # ── units ──

    def _unit(self, i: int) -> dict[str, Any]:
        spot = self.places.spots[i]
        stage = self.places.stages[spot.stage]
        unit = stage.units[spot.unit or 0]
        is_input = stage.kind in ("input", "state")
        made: dict[str, Any] = {
            "name": unit.name,
            "title": visible(unit.name.rpartition(".")[2], _NAME),
            "x": _inches(spot.x),
            "y": _inches(-spot.y),
            "stage": spot.stage,
            "kind": "input" if is_input else "output" if stage.depth == self.places.last else "hidden",
        }
        if stage.weight is not None:
            made["biases"] = self._biases(stage, spot.unit or 0)
        if stage.shape:
            channels, height, width = stage.shape
            few = channels * height * width <= MOST_SQUARES
            cells = [
                w for n in range(channels * height * width if few else 0) for w in stage.weights(spot.unit or 0, n)
            ]
            self._learn(stage, spot.unit or 0)
            made |= {"shape": [channels, height, width], "square": SQUARE, "cells": [*map(self._number, cells)]}
        return made

    def _place_of(self, i: int) -> int:
        spot = self.places.spots[i]
        return self.places.stages[spot.stage].units[spot.unit or 0].place

    def _rows_of(self, stage: Stage, unit: int) -> Iterator[tuple[Layer, int]]:
        """The rows of weights of a unit, each with its layer: one for each gate."""
        if stage.weight is not None:
            for first in stage.weights(unit, 0):
                if id(first) in self.layers:
                    yield self.layers[id(first)]

    def _learn(self, stage: Stage, unit: int) -> None:
        """Find the names of the weights of a unit."""
        for layer, row in self._rows_of(stage, unit):
            for v, name in zip(layer.weights[row], layer.units.names_of_row(row), strict=True):
                self.names[id(v)] = str(v.label) or name

    def _biases(self, stage: Stage, unit: int) -> list[int]:
        self._learn(stage, unit)
        found = []
        for layer, row in self._rows_of(stage, unit):
            for symbol, v in zip(layer.units.biases, layer.biases[row], strict=False):
                self.names[id(v)] = str(v.label) or layer.units.name(symbol, row)
                found.append(self._number(v))
        return found

    def _bands(self) -> Iterator[tuple[int, int]]:
        """The middle units of stages between which something flows, but no weights that could be drawn."""
        for k, stage in enumerate(self.places.stages):
            linked = {source for source, _ in stage.starts}
            for source in stage.sources:
                ends = [self._middle(source), self._middle(k)]
                if source not in linked and None not in ends:
                    yield ends[0] or 0, ends[1] or 0

    def _middle(self, k: int) -> int | None:
        spots = [i for (stage, _), i in self.places.at.items() if stage == k]
        return spots[len(spots) // 2] if spots else None

    # ── parameters ──

    def _number(self, v: Value) -> int:
        if id(v) not in self.numbers:
            self.numbers[id(v)] = len(self.parameters)
            self.parameters.append(v)
        return self.numbers[id(v)]

    def _series(self, v: Value) -> list[Any]:
        """The name of a parameter, and its data and its gradients at all snapshots, each as one text."""
        key = self.keys.get(id(v), "")
        data = packed([one.parameters.get(key, v.data) for one in self.snapshots])
        slopes = packed([one.gradients.get(key, 0.0) for one in self.snapshots], 3)
        return [visible(self.names.get(id(v)) or key, 60), data, slopes]

    def _largest(self, which: int) -> float | str:
        """The size that has the greatest width: of the weights, or of their gradients."""
        keys = [self.keys.get(id(v), "") for v in self.parameters]
        rows = [one.parameters if which == 1 else one.gradients for one in self.snapshots]
        sizes = [[abs(row[key]) for key in keys if key in row and math.isfinite(row[key])] for row in rows]
        tops = sorted(max(row) for row in sizes if row)
        if not tops:
            return 0
        median = tops[len(tops) // 2]
        return rounded(min(tops[-1], TYPICAL * median) if median else tops[-1], 3)


class _Rows:
    """The outputs of all units for a few inputs, computed again with the parameters of each snapshot."""

    def __init__(self, recording: Recorded, snapshots: Sequence[Moment]) -> None:
        self.recording, self.snapshots = recording, snapshots
        self.stages: list[Stage] = []
        self.chosen: list[int] = []
        """The positions of the inputs among those recorded."""
        self._data: list[list[list[float]]] = []
        """By input and by snapshot the data of the whole tape."""
        try:
            self._compute()
        except Exception:  # The user's model may take another kind of input, and raise anything.
            self.chosen, self._data = [], []

    @property
    def count(self) -> int:
        """The number of inputs."""
        return len(self._data)

    def _compute(self) -> None:
        inputs, n = self.recording.inputs, len(self.snapshots)
        if not inputs or len(self.snapshots[0].parameters) * n > MOST_WORK:
            return
        tape = self._tape(0)
        self.stages = stages_on(tape)
        work = sum(len(tape.operands_of(k)) for k in range(len(tape))) * n
        self.chosen = _spread(len(inputs), min(MOST_ROWS, MOST_WORK // max(work, 1)))
        for i in self.chosen:
            self._data.append(self._again(self._tape(i), i))

    def _tape(self, i: int) -> Tape:
        return Tape(*outputs_of(self.recording.model, self.recording.inputs[i]))

    def _again(self, tape: Tape, i: int) -> list[list[float]]:
        """The data of a tape with the parameters of each snapshot; ValueError if the model is another one than then."""
        if not _same(stages_on(tape), self.stages):
            raise ValueError("the model makes another graph for another input")
        keys = {id(v): key for key, v in self.recording.model.named_parameters()}
        leaves = {k: keys[id(tape.node(k))] for k in range(len(tape)) if _is_one(tape, k, keys)}
        found = []
        for one in self.snapshots:
            data = recomputed(tape, {k: one.parameters[key] for k, key in leaves.items() if key in one.parameters})
            if one.outputs and not _agree([data[k] for k in tape.roots], one.outputs[i]):
                raise ValueError("the model computes something else than what was recorded")
            found.append(data)
        return found

    def series(self, places: Sequence[int], row: int) -> list[str | None]:
        """For each unit its output at all snapshots; None for one without an output."""
        return [None if place < 0 else packed([data[place] for data in self._data[row]], 3) for place in places]


def recomputed(tape: Tape, numbers: Mapping[int, float]) -> list[float]:
    """The data of all nodes of a tape, with other numbers in the places of some leaves.

    >>> x = Value(3.0)
    >>> recomputed(Tape(x * x + 1), {0: 4.0})
    [4.0, 16.0, 1.0, 17.0]
    """
    data = [*tape.data]
    for place, number in numbers.items():
        data[place] = number
    for place in range(len(tape)):
        if op := tape.operation(place):
            data[place] = rule(op).on_floats([data[k] for k in tape.operands_of(place)])[0]
    return data


def _is_one(tape: Tape, place: int, keys: Mapping[int, str]) -> bool:
    return not tape.is_constant(place) and not tape.operation(place) and id(tape.node(place)) in keys


def _same(stages: Sequence[Stage], others: Sequence[Stage]) -> bool:
    def units(row: Sequence[Stage]) -> list[list[tuple[str, int]]]:
        return [[(unit.name, unit.place) for unit in stage.units] for stage in row]

    return units(stages) == units(others)


def _agree(outputs: Sequence[float], recorded: Any) -> bool:
    """Whether outputs are those recorded: a number, or a list of them."""
    flat = [*_flat(recorded)]
    return len(flat) == len(outputs) and all(
        math.isclose(x, y, rel_tol=NEAR, abs_tol=NEAR) or (not math.isfinite(x) and not math.isfinite(y))
        for x, y in zip(outputs, flat, strict=True)
    )


def _flat(nest: Any) -> Iterator[float]:
    if isinstance(nest, (list, tuple)):
        for part in nest:
            yield from _flat(part)
    else:
        yield nest


def _spread(count: int, most: int) -> list[int]:
    """At most so many positions, all over the range of a count, the first and the last among them."""
    if count <= most or not most:
        return [*range(min(count, most))]
    return sorted({round(k * (count - 1) / max(most - 1, 1)) for k in range(most)})


def _inches(x: float) -> float:
    return round(x, 3)
