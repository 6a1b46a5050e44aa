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
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal

from autograd.arguments import generator, whole
from autograd.engine.functions import mean
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.optim import Optimizer, is_program
from autograd.wording import counted, to_install

if TYPE_CHECKING:
    from rich.progress import Progress

    from autograd.compiler.program import Program
    from autograd.compiler.training import Training

__all__ = ["History", "fit"]

_REFRESH: Final = 0.1
"""Seconds between two changes of the progress bar, which takes more time than a small step."""


@dataclass(repr=False)
class History:
    """The course of a training: `losses`, one for each finished epoch, and `stopped_by`, the reason of its end."""

    losses: list[float] = field(default_factory=list)
    stopped_by: Literal["epochs", "threshold", "callback", "interrupt"] = "epochs"

    def __repr__(self) -> str:
        way = f"loss {self.losses[0]:.3g} → {self.losses[-1]:.3g}" if self.losses else "no loss"
        return f"History({counted(len(self.losses), 'epoch')}, {way}, stopped by {self.stopped_by})"


def fit(
    model: "Callable[[Any], Any] | Program",
    data: Iterable[Any],
    loss: Callable[[Any, Any], Value] | Optimizer | None = None,
    optimizer: Optimizer | None = None,
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

    A compiled program contains its loss: fit(program, data, optimizer, epochs=...) with an optimiser of the program,
    as optim.SGD(program). Its data are rows of numbers or arrays, one for each input of the program, or a tuple of
    whole arrays, such as (X, Y) with X[i] and Y[i] for row i. Class numbers may stand in the last one where the
    program takes a probability for each class. The training changes `program.parameters`, and at its end, however it
    comes, `program.write_back()` puts them into the Values. A callback uses `program.outputs(X)` for its measurements,
    or calls `write_back` first.

    ValueError for no rows, for a row that is no pair, for epochs or a batch_size out of range, for a loss that
    depends on no parameter of the optimiser, and for a program whose loss is not a mean; TypeError for an argument of
    another kind; ImportError for progress=True without rich.
    """
    way = _compiled(model, data, loss, optimizer) if is_program(model) else _Eager(model, data, loss, optimizer)
    whole("epochs", epochs, least=0)
    size = way.rows if batch_size is None else whole("batch_size, if it isn't None for all rows,", batch_size)
    draws = generator(rng)
    shuffled = batch_size is not None if shuffle is None else shuffle
    history = History()
    with _bar(epochs, math.ceil(way.rows / size), progress) as advance, _uncut() as uncut:
        try:
            for epoch in range(epochs):
                if shuffled:
                    way.shuffle(draws)
                summed = 0.0
                for start in range(0, way.rows, size):
                    stop = min(start + size, way.rows)
                    summed += way.differentiate(start, stop) * (stop - start)
                    uncut(way.step)
                    advance(summed / stop)
                history.losses.append(summed / way.rows)
                if callback is not None and _true(callback(epoch, history.losses[-1])):
                    history.stopped_by = "callback"
                elif stop_below is not None and history.losses[-1] < stop_below:
                    history.stopped_by = "threshold"
                if history.stopped_by != "epochs":
                    break
        except KeyboardInterrupt:
            history.stopped_by = "interrupt"
        finally:
            if is_program(model):
                uncut(model.write_back)
    return history


class _Eager:
    """A training of Values: each batch has a graph of its own."""

    def __init__(self, model: Any, data: Any, loss: Any, optimizer: Any) -> None:
        for name, thing in (("model", model), ("loss", loss)):
            if not callable(thing):
                raise TypeError(f"fit calls the {name}, which is no {type(thing).__name__} {thing!r}; pass a function")
        _check_optimizer(optimizer, "model.parameters()")
        self.model, self.loss, self.optimizer, self.step = model, loss, optimizer, optimizer.step
        self.data = _rows(data)
        self.rows = len(self.data)
        self.checked = False

    def shuffle(self, draws: Random) -> None:
        draws.shuffle(self.data)

    def differentiate(self, start: int, stop: int) -> float:
        """The loss of a batch; its gradient is left in the parameters."""
        # No name outside refers to the graph, so it is freed before that of the next batch is built.
        loss = mean([self.loss(self.model(x), t) for x, t in self.data[start:stop]])
        if not self.checked and not any(map(Tape(loss).__contains__, self.optimizer.parameters)):
            raise ValueError(
                "fit: the loss depends on no parameter of the optimizer; leave no_grad(), make the loss of Values "
                "and not of their data, and pass the optimizer this model's parameters"
            )
        self.checked = True
        self.optimizer.zero_grad()
        loss.backward()
        return loss.data


def _compiled(program: "Program", data: Any, loss: Any, optimizer: Any) -> "Training":
    if loss is not None and optimizer is not None:
        raise TypeError("fit takes no loss with a program, which contains it; pass program, data, optimizer")
    optimizer = loss if optimizer is None else optimizer
    _check_optimizer(optimizer, "program")
    from autograd.compiler.training import Training

    n = len(program.shapes)
    arrays = isinstance(data, tuple) and len(data) == n and not any(isinstance(part, tuple) for part in data)
    columns = data if arrays else zip(*_rows(data, n, "pass columns as a tuple, (X, Y)"), strict=True)
    return Training(program, columns, optimizer)


@contextmanager
def _uncut() -> Iterator[Callable[[Callable[[], None]], None]]:
    """A function that calls another; Ctrl-C is answered after such a call, not within it."""
    usual: Any = signal.getsignal(signal.SIGINT)
    changing = came = False

    def receive(number: int, frame: object) -> None:
        nonlocal came
        came = changing
        if not changing:
            usual(number, frame)

    def uncut(change: Callable[[], None]) -> None:
        nonlocal changing, came
        changing, came = True, False
        try:
            change()
        finally:
            changing = False
        if came:
            usual(signal.SIGINT, None)

    ours = callable(usual) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, receive)
    try:
        yield uncut
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)


def _true(answer: object) -> bool:
    """Whether answer is True, Python's or NumPy's; a callback that returns a loss must not end the training."""
    return answer is True or (type(answer).__module__ == "numpy" and str(answer) == "True")


def _check_optimizer(optimizer: object, of: str) -> None:
    if isinstance(optimizer, type) or not all(hasattr(optimizer, name) for name in ("parameters", "zero_grad", "step")):
        raise TypeError(f"fit takes an optimizer, as in optim.SGD({of}), not {type(optimizer).__name__} {optimizer!r}")


def _rows(data: object, parts: int = 2, remedy: str = "pair columns by list(zip(xs, ts))") -> list[Any]:
    """The rows of data as a list, if each is a pair, or has as many parts."""
    if not isinstance(data, Iterable):
        raise TypeError(f"data is a list of (input, target), not {type(data).__name__} {data!r}")
    rows = list(data)
    if not rows:
        raise ValueError("fit has no rows to fit to; data is a list of (input, target)")
    for row in rows:
        if not isinstance(row, (tuple, list)) or len(row) != parts:
            wanted = "pair (input, target)" if parts == 2 else f"tuple of the program's {parts} inputs"
            raise ValueError(f"a row of data is a {wanted}, not {reprlib.repr(row)}; {remedy}")
    return rows


@contextmanager
def _bar(epochs: int, batches: int, wanted: bool | None) -> Iterator[Callable[[float], object]]:
    """A progress bar, as the function to call after each batch with the mean loss of its epoch so far."""
    bar = _rich_bar(wanted) if wanted or (wanted is None and sys.stderr.isatty()) else None
    if bar is None:
        yield lambda loss: None
        return
    done, reached, due = 0, math.nan, 0.0
    with bar as progress:
        task = progress.add_task("", total=epochs * batches)

        def show() -> None:
            epoch = max(done - 1, 0) // batches + 1
            progress.update(task, completed=done, description=f"epoch {epoch}/{epochs}  loss {reached:.4g}")

        def advance(loss: float) -> None:
            nonlocal done, reached, due
            done, reached = done + 1, loss
            if (now := monotonic()) >= due:
                due = now + _REFRESH
                show()

        try:
            yield advance
        finally:
            if done:
                show()


def _rich_bar(wanted: bool | None) -> "Progress | None":
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:
        if wanted:
            raise ImportError(f"a progress bar needs rich: {to_install('rich', 'demos')}") from None
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
