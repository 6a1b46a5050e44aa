"""The training loop: its batches and the reasons why it ends."""

import contextlib
import importlib.util
import io
import os
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autograd import Value, losses, nn, no_grad, optim, train
from tests.running import PACKAGE, surroundings

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
        (0, None, "fit calls the model, which is no NoneType None"),
        (1, 3, r"data is a list of \(input, target\), not int 3"),
        (2, "mse", "fit calls the loss, which is no str 'mse'"),
        (3, 0.1, r"fit takes an optimizer, as in optim\.SGD\(model\.parameters\(\)\), not float 0\.1"),
        (3, optim.SGD, r"fit takes an optimizer, as in optim\.SGD\(model\.parameters\(\)\), not type"),
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


ON_A_TERMINAL = """
import fcntl, random, termios
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
