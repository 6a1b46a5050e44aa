"""Snapshots of a training, for a page or a picture that goes through it.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> rows = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
>>> model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
>>> recorder = train.Recorder(every=10)
>>> history = train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.2), epochs=25, record=recorder)
>>> recorder
Recorder(4 snapshots of 25 epochs, loss 0.455 → 0.208)
>>> [snapshot.epoch for snapshot in recorder.snapshots]
[0, 10, 20, 25]
>>> first = recorder.snapshots[0]
>>> first.loss == history.losses[0], len(first.outputs), len(first.surface)
(True, 4, 256)
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd.arguments import described, is_program, whole
from autograd.nn import Module
from autograd.train.history import History
from autograd.train.states import plain, state_of
from autograd.wording import counted, wrapped

if TYPE_CHECKING:
    from autograd.compiler.program import Program
    from autograd.train.compiled import Compiled
    from autograd.train.eager import Eager

MOST: Final = 200
"""Snapshots that a recorder keeps if it may choose: enough for a slider."""
NUMBERS: Final = 1_000_000
"""In all these snapshots together: about 100 MB."""
FEW_ROWS: Final = 100
"""Rows of a training whose predictions are kept without being asked for."""
RESOLUTION: Final = 16
"""Of a surface that nobody asked for, along each side."""
MARGIN: Final = 0.1
"""Of a surface beyond the data on each side, as a part of their range."""


@dataclass(frozen=True, repr=False)
class Snapshot:
    """The state of a training before one of its steps, or after its end.

    All numbers belong together: the loss, its gradient and the predictions are those of these parameters. Snapshots can
    be pickled and compared.
    """

    epoch: int
    """The number of epochs finished: 0 before the first step."""
    batch: int
    """The number of batches finished since then: 0, unless the training ended inside an epoch."""
    loss: float
    """The mean loss of the rows of the next batch."""
    parameters: dict[str, float]
    """By the names of `Module.named_parameters`; those of a program by the names of `Program.views`, with places."""
    gradients: dict[str, float]
    """The gradient of the loss, by the same names."""
    outputs: list[Any] = field(default_factory=list)
    """The predictions for `Recorder.inputs`: a number each, or a list."""
    surface: list[Any] = field(default_factory=list)
    """The predictions for the points of `Recorder.grid`."""

    def __repr__(self) -> str:
        batch = f" and {self.batch:,} batch{'' if self.batch == 1 else 'es'}" if self.batch else ""
        return f"Snapshot(after {counted(self.epoch, 'epoch')}{batch}, loss {self.loss:.3g})"


class Grid(NamedTuple):
    """The coordinates of a rectangular grid of points."""

    xs: tuple[float, ...]
    """The first coordinate, ascending."""
    ys: tuple[float, ...]
    """The second coordinate, ascending."""

    def points(self) -> list[list[float]]:
        """The points in the order of `Snapshot.surface`: along xs, for one of ys after the other.

        >>> Grid((0.0, 1.0), (5.0, 6.0)).points()
        [[0.0, 5.0], [1.0, 5.0], [0.0, 6.0], [1.0, 6.0]]
        """
        return [[x, y] for y in self.ys for x in self.xs]


class Recorder:
    """Keeps snapshots of one training: `fit(…, record=Recorder())`, or callback=Recorder().

    There is one before the first step, one after every so many epochs, and one of the end, however the training comes
    to it. For every=None the number of epochs between them doubles whenever there are 200, and every second snapshot
    goes; large models have fewer, of a million numbers in all, but never less than the first and the last.

    Predictions are kept for inputs, a list of them, by default for those of the training if these are 100 rows or less.
    For a model of two inputs, the predictions on a grid over the range of the data are kept too, surface × surface of
    them; surface=None stands for 16, and surface=0 for none. A program has predictions if it was compiled with outputs.
    model is the Module that a program was compiled from: with it, parameters have the names of the Module.

    The training has the same numbers as without a Recorder, if the model only computes: it is called for predictions
    and at the end, where one that draws random numbers draws more of them.

    ValueError for a number out of range, TypeError for anything else.

    >>> from autograd import losses, nn, optim, train
    >>> model, recorder = nn.Neuron(1, nonlin=False, init="zeros"), Recorder(inputs=[[3.0]])
    >>> optimizer = optim.SGD(model.parameters(), lr=0.25)
    >>> history = train.fit(model, [([1.0], 2.0)], losses.mse, optimizer, epochs=1, record=recorder)
    >>> for snapshot in recorder.snapshots:
    ...     print(snapshot.loss, snapshot.parameters, snapshot.gradients, snapshot.outputs)
    4.0 {'w.0': 0.0, 'b': 0.0} {'w.0': -4.0, 'b': -4.0} [0.0]
    0.0 {'w.0': 1.0, 'b': 1.0} {'w.0': 0.0, 'b': 0.0} [4.0]
    """

    def __init__(
        self,
        *,
        every: int | None = None,
        inputs: Iterable[Any] | None = None,
        surface: int | None = None,
        model: Module | None = None,
    ) -> None:
        self.every: int | None = None if every is None else whole("every, if it isn't None,", every)
        """Epochs between two snapshots; None if the recorder chooses."""
        if inputs is not None and (isinstance(inputs, (str, bytes, Mapping)) or not isinstance(inputs, Iterable)):
            raise TypeError(f"inputs is a list of inputs of the model, not {described(inputs)}")
        if surface is not None and whole("surface, the points of a side,", surface, least=0) == 1:
            raise ValueError("surface is the points of a side, at least 2, or 0 for none, not 1")
        if model is not None and not isinstance(model, Module):
            raise TypeError(f"model is the Module that the program was compiled from, not {described(model)}")
        self.snapshots: list[Snapshot] = []
        """In the order of time."""
        self.history: History | None = None
        """That of the training, which has the loss of every epoch."""
        self.model: Module | Program | None = model
        """The model; that of the training, if it is a Module or a program and none was given."""
        self.inputs: list[Any] = []
        """The inputs whose predictions are kept, as plain numbers."""
        self.targets: list[Any] = []
        """Their targets; empty for inputs that were given."""
        self.grid: Grid | None = None
        """The points of the surface."""
        self._given = None if inputs is None else list(inputs)
        self._surface = surface

    def __repr__(self) -> str:
        if not self.snapshots:
            return "Recorder(no snapshots yet: fit(…, record=recorder) makes them)"
        first, last = self.snapshots[0], self.snapshots[-1]
        of = f"{counted(len(self.snapshots), 'snapshot')} of {counted(last.epoch, 'epoch')}"
        return wrapped(f"Recorder({of}, loss {first.loss:.3g} → {last.loss:.3g})")


class Recording:
    """A training whose batches are watched, in the place of the training itself; some may have been made already."""

    def __init__(
        self, recorder: Recorder, way: "Eager | Compiled", history: History, size: int, batches: int = 0
    ) -> None:
        if recorder.snapshots:
            raise ValueError(
                f"this Recorder has {counted(len(recorder.snapshots), 'snapshot')} of another training; make a new "
                "one, as in record=Recorder()"
            )
        model = recorder.model if isinstance(recorder.model, Module) else None
        self._state, self._way, self._recorder = state_of(way, model), way, recorder
        self._size, self._batches = size, math.ceil(way.rows / size)
        self._steps, self._stride = batches, recorder.every or 1
        self._inputs, self._points = self._inputs_asked(), self._points_asked()
        if recorder.model is None and (isinstance(self._state.subject, Module) or is_program(self._state.subject)):
            recorder.model = self._state.subject
        recorder.history = self._history = history
        each = 2 * len(self._state.names) + len(self._inputs) + len(self._points)
        self._most = max(2, min(MOST, NUMBERS // max(each, 1)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._way, name)

    def differentiate(self, start: int, stop: int) -> float:
        """That of the training; before the first batch of some epochs, a snapshot."""
        loss = self._way.differentiate(start, stop)
        if start == 0 and self._is_due(self._steps // self._batches):
            self._keep(loss, self._state.gradients())
        return loss

    def step(self) -> None:
        """That of the training."""
        self._way.step()
        self._steps += 1

    def finish(self) -> None:
        """Take the last snapshot, of the end of the training, unless there is one of this moment."""
        kept = self._recorder.snapshots
        epoch, batch = divmod(self._steps, self._batches)
        if not kept or (kept[-1].epoch, kept[-1].batch) != (epoch, batch):
            start, n = batch * self._size, len(self._state.names)
            try:
                self._keep(*self._state.evaluated(start, min(start + self._size, self._way.rows)))
            except Exception:
                if self._history.stopped_by != "divergence":
                    raise
                # The user's functions may refuse parameters that aren't finite.
                self._keep(math.nan, [math.nan] * n, predict=False)

    def _is_due(self, epoch: int) -> bool:
        recorder = self._recorder
        if recorder.every is None and epoch % self._stride == 0 and len(recorder.snapshots) >= self._most - 1:
            self._stride *= 2
            recorder.snapshots[:] = [one for one in recorder.snapshots if one.epoch % self._stride == 0]
        return epoch % self._stride == 0

    def _keep(self, loss: float, gradients: list[float], *, predict: bool = True) -> None:
        names, state = self._state.names, self._state
        epoch, batch = divmod(self._steps, self._batches)
        parameters = dict(zip(names, state.parameters(), strict=True))
        outputs, surface = (state.outputs(xs) if predict else [] for xs in (self._inputs, self._points))
        slopes = dict(zip(names, gradients, strict=True))
        self._recorder.snapshots.append(Snapshot(epoch, batch, loss, parameters, slopes, outputs, surface))

    def _inputs_asked(self) -> list[Any]:
        """The inputs whose predictions are kept; the recorder gets them as plain numbers."""
        recorder, state, given = self._recorder, self._state, self._recorder._given
        if not state.predicts and (given or recorder._surface):
            raise ValueError(
                "the program has no outputs, so no predictions can be recorded; name them, as in "
                "compile(loss, inputs, outputs=model(x))"
            )
        own = given is None and state.predicts and self._way.rows <= FEW_ROWS
        inputs = state.inputs() if own else given or []
        recorder.inputs, recorder.targets = plain(inputs), state.targets() if own else []
        return inputs

    def _points_asked(self) -> list[Any]:
        """The points of the surface, each as the model takes it."""
        recorder, state = self._recorder, self._state
        n = RESOLUTION if recorder._surface is None else recorder._surface
        corners = state.corners() if n and state.predicts else None
        if corners is None:
            recorder.grid = None
            if recorder._surface:
                raise ValueError(f"surface={n} is for a model of two inputs, as in ([0.5, 1.0], target); leave it out")
            return []
        recorder.grid = Grid(*(_spread(low, high, n) for low, high in corners))
        return [state.like(point) for point in recorder.grid.points()]


def _spread(low: float, high: float, n: int) -> tuple[float, ...]:
    """n numbers from somewhat below low to somewhat above high."""
    margin = MARGIN * (high - low) or max(0.5, MARGIN * abs(low))
    parts = [k / (n - 1) for k in range(n)]
    return tuple((low - margin) * (1.0 - part) + (high + margin) * part for part in parts)
