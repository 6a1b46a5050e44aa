"""`fit` with steps made in C is `fit` with steps made in Python: history, optimiser, shuffling, interrupts, the ends.

The program and the update are written by hand, so that nothing but the training itself is under test.
"""

import io
import math
import os
import pickle
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, optim, train
from autograd.compiler import pipeline
from autograd.compiler.binding import Plan
from autograd.compiler.native.extension import load
from autograd.compiler.native.training import NativeLoop
from autograd.compiler.program import Program
from autograd.train import epochs, progress
from autograd.train.compiled import Compiled
from tests.compiler.native_programs import LINE, files
from tests.screen import Screen

ROUNDING = 1e-11
"""Relative: sums are made in another order, in some hundred steps."""
UPDATE = r"""
/* A step of SGD; with momentum, the velocity is a state. The numbers are -lr, behind the part of the gradient that the
 * velocity takes if there is a dampening. */
void program_update(const void *self, long count, double *p, const double *g, double *states, const double *numbers) {
    (void)self;
    double kept = DAMPENING != 0.0 ? numbers[0] : 1.0, rate = numbers[DAMPENING != 0.0];
    for (long i = 0; i < count; i++) {
        double change = g[i] + DECAY * p[i];
        if (MOMENTUM != 0.0) change = states[i] = MOMENTUM * states[i] + kept * change;
        p[i] += rate * change;
    }
}
"""
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(11, 2))
Y = X @ [0.5, -2.0] + 0.1 * RANDOM.normal(size=11)
HELD_OUT = (X[:3] + 1.0, Y[:3])

pytestmark = pytest.mark.usefixtures("c_compiler", "extension")


def program() -> Any:
    a, b = Value(0.3, label="a"), Value(0.4, label="b")
    x, t = autograd.inputs(2, name="x"), autograd.inputs(name="t")
    output = a * x[0] + b * x[1]
    return autograd.compile((output - t).square(), (x, t), parameters=[a, b], outputs=output, backend="numpy")


def update_of(optimizer: Any) -> Any:
    """The update of an optimiser in C."""
    group = optimizer.param_groups[0]
    names = {"MOMENTUM": "momentum", "DAMPENING": "dampening", "DECAY": "weight_decay"}
    defined = "".join(f"#define {word} {group[name]!r}\n" for word, name in names.items())
    return load(files(defined + UPDATE), "float64")


@contextmanager
def in_c(**options: Any) -> Iterator[list[NativeLoop]]:
    """A block in which trainings of `program()` make their steps in C; those that were made are listed."""
    made: list[NativeLoop] = []

    def loop(self: object, plan: Plan) -> NativeLoop:
        plan = plan._replace(slots=[np.array([0, 1]), np.array([2])])
        code = load(files(LINE), "float64")
        made.append(NativeLoop(lambda _: update_of(plan.optimizer), code, plan, width=3, roots=2, **options))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.Code, "loop", loop)
        yield made


def trained(data: Any = (X, Y), of: Program | None = None, **options: Any) -> tuple[train.History, Any]:
    settings = {name: options.pop(name) for name in ("lr", "momentum", "dampening", "weight_decay") if name in options}
    made = of or program()
    optimizer = optim.SGD(made, **{"lr": 0.1, **settings})
    return train.fit(made, data, optimizer, **options), optimizer


def same(found: tuple[train.History, Any], expected: tuple[train.History, Any]) -> None:
    """Compare two trainings in all that they leave."""
    (history, optimizer), (wanted, other) = found, expected
    assert history.stopped_by == wanted.stopped_by
    assert history.reason == wanted.reason
    assert history.losses == pytest.approx(wanted.losses, rel=ROUNDING, abs=0.0, nan_ok=True)
    assert history.validation == pytest.approx(wanted.validation, rel=ROUNDING, abs=0.0, nan_ok=True)
    assert history.metrics.keys() == wanted.metrics.keys()
    for name, row in history.metrics.items():
        assert row == pytest.approx(wanted.metrics[name], rel=ROUNDING, abs=0.0, nan_ok=True)
    close(optimizer.parameters, other.parameters)
    close(optimizer.program.gradient, other.program.gradient)
    values = [v.data for v in optimizer.program._parameters.values]
    assert values == optimizer.parameters.tolist()
    (group,), (its,) = optimizer.param_groups, other.param_groups
    assert (group.steps, group.states.keys()) == (its.steps, its.states.keys())
    for name, blocks in group.states.items():
        close(np.concatenate(blocks), np.concatenate(its.states[name]))


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=ROUNDING)


# ── the same as in Python ──

OPTIONS: list[dict[str, Any]] = [
    {"epochs": 0},
    {"epochs": 1},
    {"epochs": 40},
    {"epochs": 7, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
    {"epochs": 7, "batch_size": 1},
    {"epochs": 7, "batch_size": 4},
    {"epochs": 7, "batch_size": 4, "momentum": 0.9, "dampening": 0.5},
    {"epochs": 7, "batch_size": 4, "shuffle": False},
    {"epochs": 7, "batch_size": 100},
    {"epochs": 7, "batch_size": 11, "shuffle": True},
    {"epochs": 7, "shuffle": True},
    {"epochs": 1000, "stop_below": 0.02},
    {"epochs": 1000, "stop_below": 0.02, "batch_size": 3},
    {"epochs": 9, "callback": lambda epoch, loss: epoch == 3},
    {"epochs": 9, "batch_size": 5, "callback": lambda epoch, loss: None},
    {"epochs": 5, "validation": HELD_OUT, "metrics": {"far": lambda y, t: abs(y - t)}},
    {"epochs": 5, "batch_size": 3, "metrics": {"far": lambda y, t: abs(y - t)}},
    {"epochs": 500, "lr": 10.0},
    {"epochs": 500, "lr": 10.0, "batch_size": 2},
    {"epochs": 500, "lr": 10.0, "batch_size": 11, "shuffle": True},
    {"epochs": 500, "lr": 1e3, "batch_size": 6},
    {"epochs": 60, "batch_size": 4},
    {"epochs": 60, "batch_size": 4, "callback": lambda epoch, loss: epoch == 40},
    {"epochs": 500, "lr": 1e308},
    {"epochs": 2, "lr": 1e308, "momentum": 0.5},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_training_in_c_is_one_in_python(options: dict[str, Any]) -> None:
    draws = random.Random(3), random.Random(3)
    expected = trained(rng=draws[0], **options)
    with in_c() as made:
        found = trained(rng=draws[1], **options)
    same(found, expected)
    assert draws[0].getstate() == draws[1].getstate()
    assert len(made) == (options["epochs"] > 0)


@pytest.mark.parametrize("place", [0, 4, 10])
@pytest.mark.parametrize("number", [math.nan, math.inf, 1e200])
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"batch_size": 2, "shuffle": False, "momentum": 0.5}])
def test_a_loss_that_is_not_finite_ends_it_before_its_step(place: int, number: float, options: dict[str, Any]) -> None:
    x = X.copy()
    x[place, 1] = number
    expected = trained((x, Y), epochs=3, rng=random.Random(2), **options)
    with in_c():
        found = trained((x, Y), epochs=3, rng=random.Random(2), **options)
    assert expected[0].stopped_by == "divergence"
    same(found, expected)


def test_python_s_shared_generator_shuffles_too() -> None:
    random.seed(8)
    expected = trained(epochs=3, batch_size=2)
    random.seed(8)
    with in_c():
        same(trained(epochs=3, batch_size=2), expected)


def test_threads_change_nothing() -> None:
    x = np.random.default_rng(1).normal(size=(5000, 2))
    data, runs = (x, x[:, 0]), []
    for options in ({}, {"threads": 3, "work": 1e9}):
        with in_c(**options):
            history, optimizer = trained(data, epochs=3, momentum=0.5)
            runs.append((history.losses, optimizer.parameters.tolist()))
    assert runs[0] == runs[1]
    assert runs[0][0] == pytest.approx(trained(data, epochs=3, momentum=0.5)[0].losses, rel=ROUNDING, abs=0.0)


# ── before and after it ──


def in_parts(blocks: list[bool], change: Callable[[Any], None]) -> tuple[list[float], Any]:
    """A training in several calls of `fit`, each in C or in Python, with a change of the optimiser between two."""
    made, losses = program(), list[float]()
    optimizer = optim.SGD(made, lr=0.05, momentum=0.9, dampening=0.25)
    draws = random.Random(6)
    for block in blocks:
        arguments: dict[str, Any] = {"epochs": 3, "batch_size": 4, "rng": draws}
        if block:
            with in_c():
                losses += train.fit(made, (X, Y), optimizer, **arguments).losses
        else:
            losses += train.fit(made, (X, Y), optimizer, **arguments).losses
        change(optimizer)
    return losses, optimizer


def copied(optimizer: Any) -> None:
    """Replace the states by copies, as a checkpoint does."""
    for group in optimizer.param_groups:
        group.states = pickle.loads(pickle.dumps(group.states))


def slower(optimizer: Any) -> None:
    optimizer.lr *= 0.5


def restarted(optimizer: Any) -> None:
    optimizer.param_groups[0].states.clear()


@pytest.mark.parametrize("change", [copied, slower, restarted, lambda optimizer: None])
def test_python_goes_on_where_c_ended_and_c_where_python_did(change: Callable[[Any], None]) -> None:
    losses, optimizer = in_parts([False] * 4, change)
    for blocks in ([True] * 4, [True, False, True, False], [False, True, True, False]):
        found, its = in_parts(blocks, change)
        assert found == pytest.approx(losses, rel=ROUNDING, abs=0.0)
        close(its.parameters, optimizer.parameters)
        assert its.param_groups[0].steps == optimizer.param_groups[0].steps


def test_a_callback_may_change_the_optimizer() -> None:
    def run() -> tuple[train.History, Any]:
        made = program()
        optimizer: Any = optim.SGD(made, lr=0.1, momentum=0.5, dampening=0.25)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2, 0.5)

        def callback(epoch: int, loss: float) -> None:
            schedule.step()
            if epoch == 4:
                copied(optimizer)
            if epoch == 5:
                optimizer.step()  # A step that is nobody's business, between two epochs.
            if epoch == 6:
                velocity: Any = optimizer.param_groups[0].states["velocity"]
                velocity[0][:] = 1.0
                optimizer.program.parameters[0] = 0.0
            if epoch == 8:  # Two epochs have the learning rate of this one.
                restarted(optimizer)

        return train.fit(made, (X, Y), optimizer, epochs=11, batch_size=4, shuffle=False, callback=callback), optimizer

    expected = run()
    with in_c():
        same(run(), expected)


def test_a_value_that_was_changed_meanwhile_is_an_error() -> None:
    """As for every call of a program: the parameters of the program are not those of the Values any more."""
    made = program()

    def callback(epoch: int, loss: float) -> None:
        made._parameters.values[0].data = 9.0

    with in_c(), pytest.raises(ValueError, match=r"has the data 9\.0 now; program\.read\(\)"):
        train.fit(made, (X, Y), optim.SGD(made, lr=0.1), epochs=3, callback=callback)


def test_a_recorder_sees_every_batch() -> None:
    """Python makes the steps then."""
    recorders = train.Recorder(every=1), train.Recorder(every=1)
    expected = trained(epochs=4, record=recorders[0])
    with in_c() as made:
        found = trained(epochs=4, record=recorders[1])
    same(found, expected)
    assert made == []
    assert recorders[0].snapshots == recorders[1].snapshots


def test_programs_without_steps_in_c_make_them_in_python() -> None:
    made = program()
    way = Compiled(made, (X, Y), optim.SGD(made), None)
    assert type(epochs.epochs_of(way, 4, None, 0.0, watched=False)) is epochs.Epochs
    with in_c():
        assert type(epochs.epochs_of(way, 4, None, 0.0, watched=False)) is epochs.Slices
        assert type(epochs.epochs_of(way, 4, None, 0.0, watched=True)) is epochs.Epochs


# ── Ctrl-C and the bar ──


def pressing(seconds: float) -> threading.Thread:
    """Ctrl-C after a while."""

    def press() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to itself")
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"batch_size": 2, "shuffle": False}])
def test_ctrl_c_ends_it_with_whole_steps(options: dict[str, Any]) -> None:
    usual = signal.getsignal(signal.SIGINT)
    with in_c():
        thread = pressing(0.3)
        history, optimizer = trained(epochs=10**9, lr=1e-6, rng=random.Random(5), **options)
        thread.join()
    assert history.stopped_by == "interrupt"
    assert signal.getsignal(signal.SIGINT) is usual
    steps, batches = optimizer.param_groups[0].steps, math.ceil(11 / options.get("batch_size", 11))
    assert 0 <= steps // batches - len(history.losses) <= 1, "the epoch in which it comes may be left out"
    values = [v.data for v in optimizer.program._parameters.values]
    assert values == optimizer.parameters.tolist()
    if steps % batches == 0:
        with in_c():  # As many steps come to the same numbers.
            again, other = trained(epochs=steps // batches, lr=1e-6, rng=random.Random(5), **options)
        assert again.losses[: len(history.losses)] == history.losses
        assert optimizer.parameters.tolist() == other.parameters.tolist()


def test_fit_in_c_works_outside_the_main_thread() -> None:
    done: list[train.History] = []
    with in_c():
        thread = threading.Thread(target=lambda: done.append(trained(epochs=50)[0]))
        thread.start()
        thread.join()
    assert done[0].losses == pytest.approx(trained(epochs=50)[0].losses, rel=ROUNDING, abs=0.0)


def test_two_threads_train_two_programs_at_once() -> None:
    expected, found = trained(epochs=3000, lr=1e-3)[0].losses, list[list[float]]()
    with in_c():
        threads = [threading.Thread(target=lambda: found.append(trained(epochs=3000, lr=1e-3)[0].losses)) for _ in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for losses in found:
        assert losses == pytest.approx(expected, rel=ROUNDING, abs=0.0)


@pytest.mark.parametrize("options", [{"epochs": 300}, {"epochs": 30, "batch_size": 2, "callback": lambda *_: None}])
def test_the_bar_is_shown(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(progress, "_rich_bar", lambda wanted: screen)
    with in_c():
        history, _ = trained(progress=True, **options)
    steps = options["epochs"] * math.ceil(11 / options.get("batch_size", 11))
    assert screen.total == steps
    assert screen.shown[-1][0] == steps
    assert screen.shown[-1][1].split() == [
        "epoch",
        f"{options['epochs']}/{options['epochs']}",
        "loss",
        f"{history.losses[-1]:.4g}",
    ]


def test_it_is_silent_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with in_c():
        trained(epochs=3)
    assert stream.getvalue() == ""
