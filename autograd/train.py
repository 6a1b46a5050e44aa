"""The loop of every tutorial: forward, loss, backward, update, until the epochs are done or the loss is small.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> rows = [([x / 4.0], x / 2.0 + 1.0) for x in range(-4, 5)]
>>> model = nn.Neuron(1, nonlin=False, rng=random.Random(0))
>>> history = train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.5), epochs=100, stop_below=1e-6)
>>> history
History(14 epochs, loss 1.72 → 5.87e-07, stopped by threshold)
>>> [round(p.data, 2) for p in model.parameters()]
[2.0, 1.0]
"""

import math
import random
import reprlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from autograd.arguments import whole
from autograd.engine.functions import mean
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.optim import Optimizer
from autograd.wording import counted

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["History", "fit"]


@dataclass(repr=False)
class History:
    """The loss of each epoch that was finished, and what ended the fitting."""

    losses: list[float] = field(default_factory=list)
    stopped_by: Literal["epochs", "threshold", "callback", "interrupt"] = "epochs"

    def __repr__(self) -> str:
        way = f"loss {self.losses[0]:.3g} → {self.losses[-1]:.3g}" if self.losses else "no loss"
        return f"History({counted(len(self.losses), 'epoch')}, {way}, stopped by {self.stopped_by})"


def fit(
    model: Callable[[Any], Any],
    data: Sequence[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value],
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int | None = None,
    shuffle: bool | None = None,
    rng: random.Random | None = None,
    stop_below: float | None = None,
    callback: Callable[[int, float], object] | None = None,
    progress: bool | None = None,
) -> History:
    """Fit a model to rows of (input, target), and tell how it went.

    Each step takes the mean of loss(model(input), target) over a batch: all rows for batch_size=None, one for 1
    (stochastic), any number else; the last batch of an epoch may be smaller. Batches are drawn anew each epoch with
    rng, or Python's shared generator, unless shuffle=False; the order of a full batch is kept unless shuffle=True.
    The loss of an epoch is the mean over its rows as they were met. Fitting ends after so many epochs, after one
    whose loss is below stop_below, when callback(epoch, loss) returns True, or at Ctrl-C; the model keeps what it
    has learnt. A progress bar is shown on a terminal where rich is installed, unless progress says otherwise.

    ValueError for no rows, a row that is no pair, and epochs or a batch size out of range.
    """
    rows = list(data)
    _check(rows, epochs, batch_size, rng)
    size = len(rows) if batch_size is None else batch_size
    mixed = batch_size is not None if shuffle is None else shuffle
    history = History()
    with _bar(epochs, math.ceil(len(rows) / size), progress) as advance:
        try:
            for epoch in range(epochs):
                if mixed:
                    (rng.shuffle if rng is not None else random.shuffle)(rows)
                told = 0.0
                for start in range(0, len(rows), size):
                    batch = rows[start : start + size]
                    told += _step(model, batch, loss, optimizer, check=not history.losses and not start) * len(batch)
                    advance(told / (start + len(batch)))
                history.losses.append(told / len(rows))
                if callback is not None and _true(callback(epoch, history.losses[-1])):
                    history.stopped_by = "callback"
                    break
                if stop_below is not None and history.losses[-1] < stop_below:
                    history.stopped_by = "threshold"
                    break
        except KeyboardInterrupt:
            history.stopped_by = "interrupt"
    return history


def _step(
    model: Callable[[Any], Any],
    batch: Sequence[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value],
    optimizer: Optimizer,
    check: bool,
) -> float:
    total = mean([loss(model(x), target) for x, target in batch])
    if check and not any(map(Tape(total).__contains__, optimizer.parameters)):
        raise ValueError(
            "fit: no parameter of the optimizer takes part in the loss; leave no_grad(), make the loss of Values "
            "and not of their data, and pass the optimizer this model's parameters"
        )
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    return total.data


def _true(answer: object) -> bool:
    """Whether it is True, Python's or NumPy's."""
    return answer is True or (type(answer).__module__ == "numpy" and str(answer) == "True")


def _check(rows: Sequence[object], epochs: int, batch_size: int | None, rng: object) -> None:
    if not rows:
        raise ValueError("fit has no rows to fit to; data is a list of (input, target)")
    for row in rows:
        if not isinstance(row, (tuple, list)) or len(row) != 2:
            shown = reprlib.repr(row)
            raise ValueError(f"each row of data is a pair (input, target), not {shown}; of columns, list(zip(xs, ts))")
    whole("epochs", epochs, least=0)
    if batch_size is not None:
        whole("batch_size, if it isn't None for all rows,", batch_size)
    if rng is not None and not hasattr(rng, "shuffle"):
        raise TypeError(f"rng is a generator, as in random.Random(42), not {type(rng).__name__} {rng!r}")


@contextmanager
def _bar(epochs: int, batches: int, wanted: bool | None) -> Iterator[Callable[[float], object]]:
    """What tells a progress bar of one more batch and the loss of its epoch so far; where there is none, nothing."""
    bar = _drawn(wanted) if wanted or (wanted is None and sys.stderr.isatty()) else None
    if bar is None:
        yield lambda loss: None
        return
    with bar as progress:
        task = progress.add_task("", total=epochs * batches)

        def advance(loss: float) -> None:
            done = progress.tasks[0].completed
            progress.update(task, advance=1, description=f"epoch {int(done) // batches + 1}/{epochs}  loss {loss:.4g}")

        yield advance


def _drawn(wanted: bool | None) -> "Progress | None":
    """A bar of rich's; None where rich isn't installed, ImportError if it was asked for."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:
        if wanted:
            raise ImportError("a progress bar needs rich: pip install 'scalar-autograd[demos]'") from None
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
