"""Native programs whose batches are shared by threads: the same bits, signals, copies, and threads that have no use."""

import copy
import itertools
import os
import pickle
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import losses, nn, optim, train
from autograd.compiler.native import face, training
from autograd.compiler.native.extension import native
from autograd.compiler.native.face import NativeCode
from autograd.compiler.program import Program
from tests.compiler.native_programs import Array

BACKENDS = ("native", "c")
N = 9_000
"""Examples in eight blocks."""
SMALL_STACK = 1 << 15
"""Bytes, the least that Python allows."""

pytestmark = pytest.mark.usefixtures("extension", "c_compiler")


@pytest.fixture(autouse=True)
def long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all threads run that may: these programs are small."""
    monkeypatch.setattr(NativeCode, "work", 1e9)


def program(backend: Any = "native", **options: Any) -> Program:
    model = nn.MLP(3, [5, 2], activation="tanh", rng=random.Random(4))
    x, t = autograd.inputs(3, name="x"), autograd.inputs(2, name="t")
    y = model(x)
    return autograd.compile(losses.mse(y, t), (x, t), parameters=model, outputs=y, backend=backend, **options)


def data(n: int = N, dtype: str = "float64") -> tuple[Array, Array]:
    rows = np.random.default_rng(n).normal(size=(n, 5)).astype(dtype)
    return rows[:, :3].copy(), rows[:, 3:].copy()


def test_no_more_threads_than_blocks() -> None:
    """Of more the report would say what no batch can have."""
    blocks = Path(face.__file__).with_name("blocks.h").read_text(encoding="utf-8")
    assert f" BLOCKS = {face.THREADS}," in blocks


def results(made: Program, batch: tuple[Array, Array]) -> list[Array]:
    """All that a program computes."""
    return [
        *map(np.asarray, made.value_and_grad(*batch)),
        *made.gradient_of_inputs(*batch),
        *made.per_example(*batch),
        made.outputs(*batch),
        np.asarray(made.value(*batch)),
    ]


# ── the same bits ──


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduce", ["mean", "sum", None])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_bits_do_not_depend_on_the_threads(backend: str, reduce: Any, dtype: Any) -> None:
    for n in (1, 1000, 2048, N):
        alone, *others = (
            results(program(backend, reduce=reduce, dtype=dtype, threads=threads), data(n, dtype))
            for threads in (1, 2, 3, 10**12)
        )
        for found in others:
            for one, other in zip(found, alone, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("options", [{}, {"batch_size": 4000}, {"batch_size": 4000, "shuffle": False}])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_training_has_the_same_bits(backend: str, options: dict[str, Any]) -> None:
    found = []
    for threads in (1, 2, 7):
        made = program(backend, threads=threads)
        history = train.fit(made, data(), optim.Adam(made), epochs=5, rng=random.Random(1), **options)
        found.append((history.losses, made.parameters.tolist()))
    assert found[0] == found[1] == found[2]


def test_a_graph_of_numbers_is_shared_too() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, N))
    one, two = (autograd.compile(lambda x, y: (x * y).tanh(), ((), ()), backend="native", threads=k) for k in (1, 2))
    assert two.value_and_grad(0.5, 2.0) == one.value_and_grad(0.5, 2.0)
    np.testing.assert_array_equal(two.gradient_of_inputs(x, y), one.gradient_of_inputs(x, y))


@pytest.mark.parametrize("backend", BACKENDS)
def test_batches_and_trainings_get_the_threads(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    class Watched:
        """The extension, which notes the threads that are asked for."""

        def __getattr__(self, name: str) -> Any:
            if name not in ("Bound", "Training"):
                return getattr(real, name)
            return lambda *of, **options: self._noted(name, *of, **options)

        def _noted(self, name: str, *of: Any, threads: int, **options: Any) -> Any:
            seen.append((name, threads))
            return getattr(real, name)(*of, threads=threads, **options)

    real = native()
    for module in (face, training):
        monkeypatch.setattr(module, "native", Watched)
    for threads, most in ((3, 3), (10**12, 64)):
        seen.clear()
        made = program(backend, threads=threads)
        made.value(*data(10))
        train.fit(made, data(10), optim.SGD(made, lr=0.1), epochs=1)
        assert (made.threads, {*seen}) == (threads, {("Bound", most), ("Training", most)})


# ── threads of Python, and signals ──


def test_each_thread_of_python_has_a_program_of_its_own() -> None:
    made, batch, wrong = program(threads=2), data(), list[int]()
    expected = results(program(), batch)

    def work(k: int, own: Program) -> None:
        for _ in range(5):
            if not all((one == other).all() for one, other in zip(results(own, batch), expected, strict=True)):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k, copy.deepcopy(made))) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to itself")
@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_ends_a_training_with_whole_steps(backend: str) -> None:
    def press() -> None:
        while (made.parameters == first).all():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    made, other, batch = program(backend, threads=2), program(backend), data(60_000)
    first, optimizer = made.parameters.copy(), optim.SGD(made, lr=1e-3)
    thread = threading.Thread(target=press)
    thread.start()
    history = train.fit(made, batch, optimizer, epochs=10**9)
    thread.join()
    assert history.stopped_by == "interrupt"
    steps = optimizer.param_groups[0].steps
    assert steps - 1 <= len(history.losses) <= steps, "the epoch in which it comes may be left out"
    train.fit(other, batch, optim.SGD(other, lr=1e-3), epochs=steps)
    assert other.parameters.tolist() == made.parameters.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_stack_that_python_gives_its_threads_is_not_that_of_ours(backend: Any) -> None:
    """A long program has 64 KiB of numbers on it."""
    x = autograd.inputs(600)
    loss = autograd.total([(v * w).sin() for v, w in itertools.pairwise(x)])
    long, two = (autograd.compile(loss, x, backend=backend, threads=threads) for threads in (1, 2))
    batch = np.random.default_rng(1).normal(size=(2048, 600))
    before = threading.stack_size(SMALL_STACK)
    try:
        np.testing.assert_array_equal(two.gradient_of_inputs(batch), long.gradient_of_inputs(batch))
    finally:
        threading.stack_size(before)


# ── reports and copies ──


def test_a_report_tells_of_the_threads() -> None:
    assert "up to 2 threads share a large batch\nback end native" in program(threads=2).report()
    assert "thread" not in program().report()


def test_copies_keep_the_threads() -> None:
    made = program(threads=np.int64(2))
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (other.threads, other.facts.threads, other.backend) == (2, 2, "native")
