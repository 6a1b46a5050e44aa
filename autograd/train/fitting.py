"""The training loop, for models and for compiled programs.

>>> from autograd import losses, nn, optim
>>> from autograd.train.fitting import fit
>>> model = nn.Neuron(1, nonlin=False, init="zeros")
>>> fit(model, [([1.0], 2.0)], losses.mse, optim.SGD(model.parameters(), lr=0.25), epochs=2)
History(2 epochs, loss 4 → 0, stopped by epochs)
"""

import math
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from autograd.arguments import are_shared, described, generator, is_program, real, whole
from autograd.engine.value import Value
from autograd.optim import Optimizer
from autograd.train.compiled import Compiled
from autograd.train.eager import DivergenceError, Eager
from autograd.train.epochs import epochs_of
from autograd.train.history import History
from autograd.train.interrupts import Interrupts
from autograd.train.loader import Loader
from autograd.train.progress import bar
from autograd.train.recorder import Recorder, Recording
from autograd.train.slips import measures
from autograd.wording import wrapped

if TYPE_CHECKING:
    from autograd.compiler.program import Program


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
    validation: Iterable[Any] | None = None,
    metrics: Mapping[str, Callable[[Any, Any], object]] | None = None,
    callback: Callable[[int, float], object] | Recorder | None = None,
    record: Recorder | None = None,
    devices: Any = None,
    shard: str | None = None,
    progress: bool | None = None,
) -> History:
    """Fit a model to data, a sequence of rows (input, target), and return the History of the losses.

    Each step minimises the mean of loss(model(input), target) over one batch of batch_size rows, or over all rows for
    None; the last batch of an epoch may be smaller. The rows are shuffled before each epoch, with rng or Python's
    shared generator, unless shuffle=False or, for a batch of all rows, shuffle=None. The loss of an epoch is the mean
    over its rows, each computed before the step of its batch.

    The training ends after the given number of epochs, after an epoch whose loss is below stop_below, when
    callback(epoch, loss) returns True at the end of an epoch, or at Ctrl-C. It also ends by divergence: when a loss
    isn't finite, before a step is made with it, or when a parameter isn't at the end of an epoch. `History.reason` says
    where. The model keeps the parameters of the last step. A progress bar is shown on a terminal if rich is installed;
    progress=True or False forces it on or off.

    validation is data like data, whose loss is computed at the end of each epoch. metrics are functions by name: the
    mean of metric(output, target) over the rows of validation, or of data if there is none, is computed then too. The
    output is that of the model, or of a program, with numbers in the place of Values, and True counts 1.

    devices share the batches of a program of backend="jax", and shard="layers" splits its large arrays of parameters
    among them: `Program.jax_step` tells how. In a training of several processes all of them call fit alike.

    record is a `Recorder`, which keeps snapshots of the training; it may stand in the place of the callback too.

    A compiled program contains its loss: fit(program, data, optimizer, epochs=...) with an optimiser of the program,
    as optim.SGD(program). Its data are rows of numbers or arrays, one for each input of the program, or a tuple of
    whole arrays, such as (X, Y) with X[i] and Y[i] for row i. Class numbers may stand in the last one where the
    program takes a probability for each class. The training changes `program.parameters`, and at its end, however it
    comes, `program.write_back()` puts them into the Values. A callback uses `program.outputs(X)` for its measurements,
    or calls `write_back` first. The data of a program may also be a `Loader`, which has a batch_size, shuffle and rng
    of its own. The training goes on at its place and moves it on, so that what a callback saves of the program, the
    optimiser and the loader by `autograd.state` is enough to go on with later.

    ValueError for no rows, for a row that is no pair, for epochs or a batch_size out of range, for a loss that
    depends on no parameter of the optimiser, for a program whose loss is not a mean, or without outputs for metrics,
    and for a Recorder that has another training; TypeError for an argument of another kind; ImportError for
    progress=True without rich.
    """
    loader = _loader(model, data, batch_size, shuffle, rng)
    kind: Any = Compiled if is_program(model) else Eager
    way = kind(model, data, loss, optimizer)
    held_out = None if validation is None else kind(model, validation, loss, optimizer)
    functions = measures(metrics)
    whole("epochs", epochs, least=0)
    size = way.rows if batch_size is None else whole("batch_size, if it isn't None for all rows,", batch_size)
    if loader is not None:
        size, shuffle, rng = loader.size, loader.shuffled, loader.rng
    limit = -math.inf if stop_below is None else real("stop_below", stop_below)
    record, ask = _recorder_and_callback(record, callback)
    draws = generator(rng)
    shuffled = batch_size is not None if shuffle is None else shuffle
    history = History(metrics={name: [] for name in functions})
    if epochs:
        way.measured(held_out, functions, 1)  # A mistake should be met before an epoch is over.
    if are_shared(devices, shard):
        _divide(model, way, record, devices, shard)
    if record is not None:
        way = Recording(record, way, history, size, loader.batch if loader else 0)
    one_by_one = held_out is not None or functions or ask is not None
    watched = record is not None or not epochs
    loop = epochs_of(way, size, draws if shuffled else None, limit, watched=watched, loader=loader)
    with Interrupts() as interrupts, bar(epochs, math.ceil(way.rows / size), progress) as advance:
        try:
            while (epoch := len(history.losses)) < epochs:
                losses = loop.make(1 if one_by_one else epochs - epoch, interrupts, advance)
                if losses:
                    last = losses.pop()
                    history.losses += losses
                    history.add(last, *interrupts.allow(way.measured, held_out, functions))
                    epoch = len(history.losses) - 1
                    asked = ask is not None and _true(interrupts.allow(ask, epoch, last))
                    if way.broken():
                        raise DivergenceError(f"its loss was {last:.6g}")
                    if asked or last < limit:
                        history.stopped_by = "callback" if asked else "threshold"
                        break
                interrupts.answer()
        except DivergenceError as found:
            history.stopped_by = "divergence"
            history.reason = _reason(f"Epoch {epoch + 1} of {epochs}: {found}.", way.broken(), found.origin)
        except KeyboardInterrupt:
            history.stopped_by = "interrupt"
        finally:
            if is_program(model):
                model.write_back()
        if record is not None:
            try:  # A Ctrl-C waits meanwhile, and a second one does not.
                way.finish()
            except KeyboardInterrupt:
                history.stopped_by = "interrupt"
    if interrupts.waiting:
        history.stopped_by = "interrupt"
    return history


def _recorder_and_callback(record: Any, callback: Any) -> tuple[Recorder | None, Any]:
    if isinstance(callback, Recorder):
        if record is not None:
            raise TypeError("fit takes one Recorder, as record=Recorder(), and a function as callback")
        record, callback = callback, None
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is a function of the epoch and its loss, or a Recorder, not {described(callback)}")
    if record is not None and not isinstance(record, Recorder):
        raise TypeError(f"record is a Recorder, as in record=train.Recorder(), not {described(record)}")
    return record, callback


def _reason(what: str, broken: str, origin: str) -> str:
    """The reason of a divergence, as text for people."""
    which = f"The first parameter that isn't finite is {broken}." if broken else "All parameters are finite."
    remedy = "If it isn't the data, take a smaller learning rate, or clip the gradients: nn.utils.clip_grad_norm_."
    return "\n".join([wrapped(f"{what} {which}", 2), *([origin] if origin else []), wrapped(remedy, 2)])


def _divide(model: Any, way: Any, record: Recorder | None, devices: Any, shard: str | None) -> None:
    """Let devices share the batches of a training; an error for one that can't be divided."""
    if not is_program(model) or model.backend != "jax":
        raise ValueError("devices share the batches of a program of JAX; compile it with backend='jax'")
    if record is not None:
        raise ValueError(
            "a Recorder looks at every step, and devices make many of them in one call; leave out one of both"
        )
    way.training.divided = devices, shard


def _loader(model: Any, data: Any, *options: Any) -> Loader | None:
    """The data, if it is a Loader; TypeError for a model that isn't compiled, and for options that it has itself."""
    if not isinstance(data, Loader):
        return None
    if not is_program(model):
        raise TypeError("fit takes a Loader for a compiled program; for a model, pass its rows, a list of pairs")
    if any(option is not None for option in options):
        raise TypeError("a Loader has its own batch_size, shuffle and rng; give them to the Loader, and not to fit")
    return data


def _true(answer: object) -> bool:
    """Whether answer is True, Python's or NumPy's; a callback that returns a loss must not end the training."""
    return answer is True or (type(answer).__module__ == "numpy" and str(answer) == "True")
