"""The training loop: forward, loss, backward and update, until the epochs are over or the loss is small.

>>> import random
>>> from autograd import losses, nn, optim, train
>>> rows = [([x / 4.0], x / 2.0 + 1.0) for x in range(-4, 5)]
>>> model = nn.Neuron(1, nonlin=False, rng=random.Random(0))
>>> history = train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.5), epochs=100, stop_below=1e-6)
>>> history
History(14 epochs, loss 1.72 → 5.87e-07, stopped by threshold)
>>> [round(p.data, 2) for p in model.parameters()]
[2.0, 1.0]

The same loop written out, for a model of one weight. Gradients add up, so they are set to zero before each step:

>>> from autograd import Value
>>> w = Value(2.0)
>>> for _ in range(100):
...     loss = ((w * 0.5).tanh() - 0.25) ** 2
...     w.grad = 0.0
...     loss.backward()
...     w.data -= 2.0 * w.grad
>>> loss.data < 1e-6
True
"""

import math
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from autograd.arguments import generator, whole
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
    """The course of a training: `losses`, one for each finished epoch, and `stopped_by`, the reason of its end."""

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
    rng: Random | None = None,
    stop_below: float | None = None,
    callback: Callable[[int, float], object] | None = None,
    progress: bool | None = None,
) -> History:
    """Fit a model to data, a sequence of rows (input, target), and return the History of the losses.

    Each step minimises the mean of loss(model(input), target) over one batch of batch_size rows, or over all rows for
    None; the last batch of an epoch may be smaller. The rows are shuffled before each epoch, with rng or Python's
    shared generator, unless shuffle=False or, for a batch of all rows, shuffle=None. The loss of an epoch is the mean
    over its rows, each computed before the step of its batch.

    The training ends after the given number of epochs, after an epoch whose loss is below stop_below, when
    callback(epoch, loss) returns True at the end of an epoch, or at Ctrl-C. The model keeps the parameters of the last
    step. A progress bar is shown on a terminal if rich is installed; progress=True or False forces it on or off.

    ValueError for no rows, for a row that is no pair, for epochs or a batch_size out of range, and for a loss that
    depends on no parameter of the optimiser; TypeError for an argument of another kind; ImportError for progress=True
    without rich.
    """
    for name, thing in (("model", model), ("loss", loss)):
        if not callable(thing):
            raise TypeError(f"fit calls the {name}, which is no {type(thing).__name__} {thing!r}; pass a function")
    if not all(hasattr(optimizer, name) for name in ("parameters", "zero_grad", "step")):
        given = f"{type(optimizer).__name__} {optimizer!r}"
        raise TypeError(f"fit takes an optimizer, as in optim.SGD(model.parameters()), not {given}")
    if not isinstance(data, Iterable):
        raise TypeError(f"data is a list of (input, target), not {type(data).__name__} {data!r}")
    rows = list(data)
    _check_rows(rows)
    whole("epochs", epochs, least=0)
    size = len(rows) if batch_size is None else whole("batch_size, if it isn't None for all rows,", batch_size)
    draws = generator(rng)
    shuffled = batch_size is not None if shuffle is None else shuffle
    history = History()
    with _bar(epochs, math.ceil(len(rows) / size), progress) as advance:
        try:
            for epoch in range(epochs):
                if shuffled:
                    draws.shuffle(rows)
                summed = 0.0
                for start in range(0, len(rows), size):
                    batch = rows[start : start + size]
                    # No name here refers to the graph, so it is freed before that of the next batch is built.
                    reached = _step(mean([loss(model(x), t) for x, t in batch]), optimizer, check=epoch == start == 0)
                    summed += reached * len(batch)
                    advance(summed / (start + len(batch)))
                history.losses.append(summed / len(rows))
                if callback is not None and _true(callback(epoch, history.losses[-1])):
                    history.stopped_by = "callback"
                elif stop_below is not None and history.losses[-1] < stop_below:
                    history.stopped_by = "threshold"
                if history.stopped_by != "epochs":
                    break
        except KeyboardInterrupt:
            history.stopped_by = "interrupt"
    return history


def _step(loss: Value, optimizer: Optimizer, check: bool) -> float:
    if check and not any(map(Tape(loss).__contains__, optimizer.parameters)):
        raise ValueError(
            "fit: the loss depends on no parameter of the optimizer; leave no_grad(), make the loss of Values "
            "and not of their data, and pass the optimizer this model's parameters"
        )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.data


def _true(answer: object) -> bool:
    """Whether answer is True, Python's or NumPy's; a callback that returns a loss must not end the training."""
    return answer is True or (type(answer).__module__ == "numpy" and str(answer) == "True")


def _check_rows(rows: Sequence[object]) -> None:
    if not rows:
        raise ValueError("fit has no rows to fit to; data is a list of (input, target)")
    for row in rows:
        if not isinstance(row, (tuple, list)) or len(row) != 2:
            shown = reprlib.repr(row)
            raise ValueError(f"a row of data is a pair (input, target), not {shown}; pair columns by list(zip(xs, ts))")


@contextmanager
def _bar(epochs: int, batches: int, wanted: bool | None) -> Iterator[Callable[[float], object]]:
    """A progress bar, as the function to call after each batch with the mean loss of its epoch so far."""
    bar = _rich_bar(wanted) if wanted or (wanted is None and sys.stderr.isatty()) else None
    if bar is None:
        yield lambda loss: None
        return
    with bar as progress:
        task = progress.add_task("", total=epochs * batches)

        def advance(loss: float) -> None:
            done = progress.tasks[0].completed
            progress.update(task, advance=1, description=f"epoch {int(done) // batches + 1}/{epochs}  loss {loss:.4g}")

        yield advance


def _rich_bar(wanted: bool | None) -> "Progress | None":
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:
        if wanted:
            raise ImportError("a progress bar needs rich: pip install 'scalar-autograd[demos]'") from None
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
