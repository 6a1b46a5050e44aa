"""The training loop: its batches and the reasons why it ends."""

import contextlib
import importlib.util
import io
import math
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses, nn, no_grad, optim, train
from autograd.train import progress
from autograd.train.interrupts import Interrupts
from tests.interrupting import interrupted, of_training, points
from tests.running import PACKAGE, surroundings
from tests.screen import Screen
from tests.standin import Standin

ROUNDING = 1e-12
"""Relative: means of batches are added up."""
ROWS = [([x / 4.0, 1.0 - x * x / 16.0], x / 2.0 + 1.0) for x in range(-4, 5)]


def fitted(**options: Any) -> tuple[nn.MLP, train.History]:
    model = nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(4))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return model, train.fit(model, ROWS, losses.mse, optimizer, **options)


def test_the_epochs_end_it() -> None:
    _, history = fitted(epochs=30)
    assert (len(history.losses), history.stopped_by) == (30, "epochs")
    assert history.losses[-1] < 0.1 * history.losses[0]
    assert fitted(epochs=0)[1].losses == []
    assert repr(fitted(epochs=0)[1]) == "History(0 epochs, no loss, stopped by epochs)"


def test_a_small_loss_ends_it() -> None:
    _, history = fitted(epochs=1000, stop_below=0.01)
    assert history.stopped_by == "threshold"
    assert history.losses[-1] < 0.01 <= min(history.losses[:-1])


def test_a_loss_at_the_threshold_is_not_below_it() -> None:
    w = Value(1.0)
    options: dict[str, Any] = {"epochs": 3, "stop_below": 1.0}
    history = train.fit(lambda x: w * x, [(1.0, 0.0)], lambda y, t: y, optim.SGD([w], lr=0.0), **options)
    assert (history.losses, history.stopped_by) == ([1.0] * 3, "epochs")


@pytest.mark.parametrize("answer", ["True", 1, 1.0, np.float64(1.0), np.bool_(False), [True]])
def test_an_answer_that_is_not_true_does_not_end_it(answer: object) -> None:
    assert fitted(epochs=2, callback=lambda epoch, loss: answer)[1].stopped_by == "epochs"


def test_a_callback_ends_it_and_only_by_true() -> None:
    seen: list[tuple[int, float]] = []
    _, history = fitted(epochs=20, callback=lambda epoch, loss: seen.append((epoch, loss)))
    assert seen == list(enumerate(history.losses))
    _, history = fitted(epochs=20, callback=lambda epoch, loss: epoch == 3)
    assert (len(history.losses), history.stopped_by) == (4, "callback")


def test_an_interrupt_ends_it_and_keeps_what_is_learnt() -> None:
    calls = 0

    def interrupted(p: Value, t: float) -> Value:
        nonlocal calls
        calls += 1
        if calls == 50:
            raise KeyboardInterrupt
        return losses.mse(p, t)

    model = nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(4))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    history = train.fit(model, ROWS, interrupted, optimizer, epochs=100)
    assert (len(history.losses), history.stopped_by) == (5, "interrupt")
    other, same = fitted(epochs=5)
    assert history.losses == same.losses
    assert [p.data for p in model.parameters()] == [p.data for p in other.parameters()]
    assert train.fit(model, ROWS, losses.mse, optimizer, epochs=3).stopped_by == "epochs"


@pytest.mark.parametrize(("batch_size", "sizes"), [(None, [9]), (1, [1] * 9), (4, [4, 4, 1]), (9, [9]), (100, [9])])
def test_batches_cover_the_rows(batch_size: int | None, sizes: list[int]) -> None:
    met: list[list[float]] = []

    class Recorder(optim.SGD):
        def step(self) -> None:
            super().step()
            met.append([])

    seen: list[float] = []
    met.append([])

    def loss(p: Value, t: float) -> Value:
        met[-1].append(t)
        seen.append(t)
        return losses.mse(p, t)

    model = nn.MLP(2, [1], rng=random.Random(1))
    train.fit(model, ROWS, loss, Recorder(model.parameters(), lr=0.01), epochs=1, batch_size=batch_size)
    assert [len(batch) for batch in met[:-1]] == sizes
    targets = [t for _, t in ROWS]
    assert sorted(seen) == targets
    assert (seen == targets) == (batch_size is None)


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=12), st.integers(1, 13))
def test_the_loss_of_an_epoch_is_the_mean_over_rows_however_they_are_batched(wanted: list[float], size: int) -> None:
    """Also with a last batch that is smaller, whose rows count as much as the others."""
    w = Value(1.0)
    history = train.fit(
        lambda x: w * x, [(x, 0.0) for x in wanted], lambda y, t: y, optim.SGD([w], lr=0.0), epochs=1, batch_size=size
    )
    assert history.losses == [pytest.approx(math.fsum(wanted) / len(wanted), rel=ROUNDING, abs=0.0)]


def test_the_bar_gets_the_mean_of_the_rows_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    monkeypatch.setattr("autograd.train.fitting.bar", lambda *_: contextlib.nullcontext(seen.append))
    w, rows = Value(1.0), [(float(k * k), 0.0) for k in range(7)]
    train.fit(lambda x: w * x, rows, lambda y, t: y, optim.SGD([w], lr=0.0), epochs=1, batch_size=3, shuffle=False)
    assert seen == pytest.approx([sum(x for x, _ in rows[:stop]) / stop for stop in (3, 6, 7)], rel=ROUNDING, abs=0.0)


def test_shuffling_follows_the_generator() -> None:
    def run(seed: int, **options: Any) -> list[float]:
        return fitted(epochs=4, batch_size=2, rng=random.Random(seed), **options)[1].losses

    assert run(1) == run(1) != run(2)
    assert run(1, shuffle=False) == run(2, shuffle=False)
    rows = list(ROWS)
    fitted(epochs=1, batch_size=1)
    assert rows == ROWS, "the rows themselves stay in order"


@pytest.mark.parametrize(
    ("options", "data", "message"),
    [
        ({"epochs": 1}, [], "fit has no rows"),
        ({"epochs": 1}, [1.0], r"a pair \(input, target\), not 1\.0"),
        (
            {"epochs": 1},
            ([[1.0]] * 1000, [1.0] * 1000),
            r"not \[\[1\.0\].{,80}; pair columns by list\(zip\(xs, ts\)\)",
        ),
        ({"epochs": True}, ROWS, "epochs is a whole number from 0, not True"),
        ({"epochs": -1}, ROWS, "epochs is a whole number from 0, not -1"),
        (
            {"epochs": 1, "batch_size": 0},
            ROWS,
            "for all rows, is a whole number from 1, not 0",
        ),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], data: Any, message: str) -> None:
    model = nn.MLP(2, [1])
    with pytest.raises(ValueError, match=message):
        train.fit(model, data, losses.mse, optim.SGD(model.parameters()), **options)


@pytest.mark.parametrize(
    ("position", "wrong", "message"),
    [
        (0, None, "fit calls the model, which is no None"),
        (1, 3, r"data is a list of \(input, target\), not int 3"),
        (2, "mse", "fit calls the loss, which is no str 'mse'"),
        (3, 0.1, r"fit takes an optimizer, as in optim\.SGD\(model\.parameters\(\), lr=0\.1\), not float 0\.1"),
        (3, optim.SGD, r"fit takes an optimizer, as in optim\.SGD\(model\.parameters\(\)\), not <class"),
    ],
)
def test_an_argument_of_another_kind_is_named(position: int, wrong: Any, message: str) -> None:
    model = nn.MLP(3, [1])
    given: list[Any] = [model, ROWS, losses.mse, optim.SGD(model.parameters())]
    given[position] = wrong
    with pytest.raises(TypeError, match=message):
        train.fit(*given, epochs=1)


def test_a_loss_that_reaches_no_parameter_is_refused() -> None:
    model, other = nn.MLP(2, [1]), nn.MLP(2, [1])
    adam = optim.SGD(model.parameters())
    with no_grad(), pytest.raises(ValueError, match="leave no_grad"):
        train.fit(model, ROWS, losses.mse, adam, epochs=1)
    with pytest.raises(ValueError, match="make the loss of Values"):
        train.fit(model, ROWS, lambda p, t: Value((p.data - t) ** 2), adam, epochs=1)
    with pytest.raises(ValueError, match="pass the optimizer this model's parameters"):
        train.fit(other, ROWS, losses.mse, adam, epochs=1)


def test_numpy_s_numbers_are_taken() -> None:
    _, history = fitted(epochs=np.int64(4), batch_size=np.int32(9), callback=lambda e, loss: loss < np.float64(1e9))
    assert (len(history.losses), history.stopped_by) == (1, "callback")
    with pytest.raises(TypeError, match=r"random\.Random\(42\), not int 42"):
        fitted(epochs=1, rng=42)


@pytest.mark.skipif(importlib.util.find_spec("rich") is None, reason="rich, which is hidden here, isn't installed")
def test_without_rich_an_error_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    model = nn.MLP(3, [1])
    with pytest.raises(ValueError, match="3 inputs") as error:
        train.fit(model, ROWS, losses.mse, optim.SGD(model.parameters()), epochs=1)
    assert error.value.__context__ is None


def test_it_is_silent_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    fitted(epochs=3)
    assert stream.getvalue() == ""


@pytest.mark.skipif(importlib.util.find_spec("rich") is None, reason="rich, which draws the bar, isn't installed")
def test_the_bar_shows_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    _, history = fitted(epochs=3, progress=True)
    assert "3/3" in stream.getvalue()
    assert f"loss {history.losses[-1]:.4g}" in stream.getvalue()


def test_the_bar_changes_no_sooner_than_after_a_while_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, clock = Screen(), iter([0.0, 0.0625, 0.125, 0.1875, 0.25, 0.375, 0.4375, 0.4375])
    monkeypatch.setattr(progress, "_rich_bar", lambda wanted: screen)
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    with progress.bar(4, 2, wanted=True) as advance:
        for loss in range(8):
            advance(float(loss))
    assert screen.total == 8
    assert [done for done, _ in screen.shown] == [1, 3, 5, 6, 8]
    for done, text in screen.shown:
        assert text.split() == ["epoch", f"{(done + 1) // 2}/4", "loss", f"{done - 1}"]


@pytest.mark.parametrize(
    ("wanted", "terminal", "shown"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_the_bar_is_for_terminals_unless_it_is_asked_for(
    wanted: bool | None, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    monkeypatch.setattr(progress, "_rich_bar", lambda wanted: screen)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with progress.bar(1, 1, wanted) as advance:
        advance(1.0)
    assert screen.shown == [(1, "epoch 1/1  loss 1")] * (2 * shown)  # When the batch is done, and at the end.


def test_no_batch_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(progress, "_rich_bar", lambda wanted: screen)
    with progress.bar(4, 2, wanted=True):
        pass
    assert screen.shown == []


ON_A_TERMINAL = """
import fcntl, random, signal, termios
signal.alarm(600)  # If the test is stopped, this process ends too.
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C at this terminal goes to this process.
from autograd import losses, nn, optim, train
model = nn.MLP(1, [2, 1], rng=random.Random(1))
start = [p.data for p in model.parameters()]
optimizer = optim.SGD(model.parameters(), lr=0.01)
rows = [([0.5], 1.0)]
history = train.fit(model, rows, losses.mse, optimizer, epochs=10**9, callback=lambda e, _: e or print("learning"))
assert len(history.losses) > 0 and [p.data for p in model.parameters()] != start
print(f"kept, {history.stopped_by}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_ctrl_c_on_a_terminal_ends_it_and_keeps_what_is_learnt() -> None:
    ours, theirs = os.openpty()
    fitting = subprocess.Popen(
        [sys.executable, "-P", "-c", ON_A_TERMINAL],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=surroundings(PACKAGE),
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux gives EIO when the other side is closed.
        while b"learning" not in shown and (piece := os.read(ours, 1024)):
            shown += piece
        os.write(ours, b"\x03")
        while piece := os.read(ours, 1024):
            shown += piece
    os.close(ours)
    assert fitting.wait() == 0, shown.decode()
    assert "kept, interrupt" in shown.decode()


# ── Ctrl-C within a step ──


@pytest.mark.parametrize("compiled", [False, True])
def test_ctrl_c_waits_until_a_step_is_whole(compiled: bool) -> None:
    """A signal in the middle of a step ends the training after it."""
    seen: list[list[float]] = []

    class Interrupted(optim.SGD):
        def step(self) -> None:
            if len(seen) == 3:
                signal.raise_signal(signal.SIGINT)
            super().step()
            seen.append([p.data if isinstance(p, Value) else float(p) for p in self.parameters])

    program = regression()
    usual = signal.getsignal(signal.SIGINT)
    if compiled:
        history = train.fit(program, ROWS, Interrupted(program, lr=0.1), epochs=9)
    else:
        optimizer = Interrupted(program.model.parameters(), lr=0.1)
        history = train.fit(program.model, ROWS, losses.mse, optimizer, epochs=9)
    assert history.stopped_by == "interrupt"
    assert (len(history.losses), len(seen)) == (3, 4)
    assert [p.data for p in program.model.parameters()] == seen[-1]
    assert signal.getsignal(signal.SIGINT) is usual


def test_ctrl_c_at_any_line_leaves_a_whole_step_and_a_history() -> None:
    whole = [[p.data for p in fitted(epochs=n)[0].parameters()] for n in range(4)]
    usual = signal.getsignal(signal.SIGINT)

    def in_training() -> bool:  # Before and after it the handler is the usual one.
        return signal.getsignal(signal.SIGINT) is not usual

    def work() -> tuple[nn.MLP, train.History]:
        return fitted(epochs=3)

    for place in range(1, points(work, of_training, in_training) + 1):
        with interrupted(place=place, files=of_training, when=in_training):
            result = work()
        assert result[1].stopped_by == "interrupt"
        assert [p.data for p in result[0].parameters()] in whole
        assert signal.getsignal(signal.SIGINT) is usual
    assert place > 100


def test_ctrl_c_is_answered_at_once_where_it_is_allowed_and_else_later_and_never_waits_twice() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            interrupts.allow(signal.raise_signal, signal.SIGINT)
        interrupts.answer()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.answer()
        interrupts.answer()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_fit_works_outside_the_main_thread() -> None:
    done: list[train.History] = []
    thread = threading.Thread(target=lambda: done.append(fitted(epochs=2)[1]))
    thread.start()
    thread.join()
    assert len(done[0].losses) == 2


# ── programs ──

X, Y = np.array([x for x, _ in ROWS]), np.array([t for _, t in ROWS])
POINTS = [([x / 4.0, 1.0 - x * x / 16.0], (x + 4) // 3) for x in range(-4, 5)]


def regression(dtype: Any = "float64", reduce: str = "mean") -> Any:
    return Standin(nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(4)), losses.mse, [(2,), ()], dtype, reduce)


def classes() -> Any:
    return Standin(nn.MLP(2, [4, 3], activation="tanh", rng=random.Random(4)), losses.cross_entropy, [(2,), (3,)])


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 30},
        {"epochs": 5, "batch_size": 1},
        {"epochs": 5, "batch_size": 4},
        {"epochs": 5, "batch_size": 4, "shuffle": False},
        {"epochs": 5, "batch_size": 100, "shuffle": True},
        {"epochs": 1000, "stop_below": 0.01},
        {"epochs": 20, "callback": lambda epoch, loss: epoch == 3},
        {"epochs": 0},
    ],
)
@pytest.mark.parametrize("data", [ROWS, tuple(ROWS), (X, Y), (X.tolist(), Y.tolist()), [[*row] for row in ROWS]])
def test_a_program_is_trained_as_its_model_is(options: dict[str, Any], data: Any) -> None:
    """Rows and arrays, batches, shuffling, history and the reasons of the end: all the same, bit for bit."""
    program = regression()
    optimizer = optim.SGD(program, lr=0.1, momentum=0.9)
    history = train.fit(program, data, optimizer, rng=random.Random(7), **options)
    model, same = fitted(rng=random.Random(7), **options)
    assert history == same
    assert [p.data for p in program.model.parameters()] == [p.data for p in model.parameters()]
    assert program.parameters.tolist() == [p.data for p in model.parameters()]


def test_the_optimizer_of_a_program_may_be_named() -> None:
    program = regression("float32")
    assert train.fit(program, (X, Y), optimizer=optim.Adam(program, lr=0.1), epochs=50).losses[-1] < 0.1


@pytest.mark.parametrize("numbers", [[t for _, t in POINTS], np.array([t for _, t in POINTS], np.uint8)])
def test_class_numbers_become_one_hot(numbers: Any) -> None:
    hot = np.eye(3)[[t for _, t in POINTS]]
    runs = []
    for data in ((X, numbers), (X, hot), list(zip(X, numbers, strict=True)), list(zip(X, hot, strict=True))):
        program = classes()
        runs.append(train.fit(program, data, optim.Adam(program, lr=0.1), epochs=5, shuffle=False, batch_size=4))
        assert program.batches[-2][1] == hot[4:8].tolist()
    assert runs[0] == runs[1] == runs[2] == runs[3]
    eager = classes().model
    found = train.fit(eager, POINTS, losses.cross_entropy, optim.Adam(eager.parameters(), lr=0.1), epochs=1)
    assert runs[0].losses[0] != found.losses[0]
    program = classes()
    assert train.fit(program, POINTS, optim.Adam(program, lr=0.1), epochs=1).losses == pytest.approx(found.losses)


def test_class_numbers_of_a_row_of_places_become_one_hot() -> None:
    program: Any = Standin(nn.MLP(2, [4, 1]), lambda p, t: p * t[0][2] * t[1][0], [(2,), (2, 3)])
    train.fit(program, (X[:2], [[2, 0], [1, 1]]), optim.SGD(program), epochs=1)
    assert program.batches[0][1] == [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "fit has no rows"),
        ((np.zeros((0, 2)), np.zeros(0)), "at least one row"),
        ((X, Y[:3]), r"as many rows in each, .* not of shapes \(9, 2\), \(3,\)"),
        ((1.0, 2.0), "at least one row"),
        ([X, Y], r"a pair \(input, target\), not array.*; pass columns as a tuple, \(X, Y\)"),
        ([([1.0, 2.0], 0), ([1.0], 0)], "the data of .*: this tuple makes no array: its rows have 1 and 2 numbers"),
        ([([1.0, 2.0], 3)], "a class from 0 to 2, or a list of probabilities, not 3"),
        ([([1.0, 2.0], 0), ([1.0, 2.0], -1)], "a class from 0 to 2, .* not -1"),
    ],
)
def test_mistakes_in_the_data_of_a_program_are_named(data: Any, message: str) -> None:
    program = classes()
    with pytest.raises(ValueError, match=message):
        train.fit(program, data, optim.SGD(program), epochs=1)


def test_mistakes_with_a_program_are_named() -> None:
    program, other = regression(), regression()
    sgd = optim.SGD(program)
    cases: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (TypeError, "fit takes no loss with a program", lambda: train.fit(program, ROWS, losses.mse, sgd, epochs=1)),
        (TypeError, r"as in optim\.SGD\(program\), not None", lambda: train.fit(program, ROWS, epochs=1)),
        (TypeError, "takes real numbers, not list of <U1", lambda: train.fit(program, (["a"], [1.0]), sgd, epochs=1)),
        (TypeError, "not <function", lambda: train.fit(program, ROWS, losses.mse, epochs=1)),
        (TypeError, r"data is a list of \(input, target\)", lambda: train.fit(program, 3, sgd, epochs=1)),  # type: ignore[arg-type]
        (ValueError, "make it of this program", lambda: train.fit(other, ROWS, sgd, epochs=1)),
        (
            ValueError,
            "make it of this program",
            lambda: train.fit(program, ROWS, optim.SGD(program.model.parameters()), epochs=1),
        ),
        (ValueError, "depends on no parameter", lambda: train.fit(program.model, ROWS, losses.mse, sgd, epochs=1)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message):
            call()
    summed = regression(reduce="sum")
    with pytest.raises(ValueError, match="compile with reduce='mean', not 'sum'"):
        train.fit(summed, ROWS, optim.SGD(summed), epochs=1)


def test_the_values_are_up_to_date_after_an_error_too() -> None:
    program = regression()

    def broken(epoch: int, loss: float) -> None:
        if epoch == 2:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        train.fit(program, ROWS, optim.SGD(program, lr=0.1), epochs=9, callback=broken)
    model = regression().model
    train.fit(model, ROWS, losses.mse, optim.SGD(model.parameters(), lr=0.1), epochs=3)
    assert [p.data for p in program.model.parameters()] == [p.data for p in model.parameters()]
