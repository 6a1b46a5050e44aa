"""A short form of each fuzzer finds nothing, and each notices a fault that is planted."""

import doctest
import gc
import importlib
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import pytest

import autograd
from autograd import Value, losses, nn, optim, state
from autograd.engine import guarded
from autograd.nn import tensors
from autograd.train import kept
from autograd.wording import brief
from tests.attack import api, calls, files, fits, hostile, intact, interrupts, scenarios
from tests.attack.__main__ import main
from tests.attack.answer import Answer
from tests.attack.judge import FUZZERS, attacks, faults, run
from tests.attack.worker import Worker
from tests.interrupting import points
from tests.running import PACKAGE

SHORT = {"calls": 300, "interrupts": 60, "fits": 20, "files": 60, "programs": 200}
"""Attacks of each fuzzer, which take some seconds."""
SEED = 1
MODULES = (*FUZZERS, "answer", "api", "hostile", "intact", "judge", "scenarios", "signals", "worker")


@pytest.fixture
def other_build(tmp_path: Path) -> Path | None:
    """A folder with the package of the other build; this one must be compiled, and the pure sources be with it."""
    if not autograd.COMPILED:
        return None
    shutil.copytree(PACKAGE, tmp_path / "autograd", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return tmp_path


@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_nothing_falls(fuzzer: str, other_build: Path | None) -> None:
    made, found = run(fuzzer, SEED, lambda made: made >= SHORT[fuzzer], other_build)
    assert made == SHORT[fuzzer]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("name", [*(f"tests.attack.{name}" for name in MODULES), "tests.interrupting"])
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert tried
    assert not failed


# ── calls ──


def changing(x: Value) -> Value:
    x.grad += 1.0
    return x


BLOCK = autograd.no_grad()


def leaving_a_block_open(x: Value) -> Value:
    BLOCK.__enter__()
    return x


def without_collector(x: Value) -> Value:
    gc.disable()
    return x


def silent(x: Value) -> NoReturn:
    raise ValueError


def quitting(x: Value) -> NoReturn:
    raise SystemExit(3)


def recursive(x: Value) -> Any:
    return recursive(x)


PLANTED: dict[Callable[[Value], object], str] = {
    changing: "Value 0 of the arguments had the grad 0.0, and now 1.0",
    leaving_a_block_open: "a block of no_grad() is still open",
    without_collector: "the garbage collector is off",
    silent: "ValueError without a message",
    quitting: "SystemExit isn't an ordinary exception",
    recursive: "RecursionError from /test_attack.py:",
}


@pytest.fixture
def tidy() -> Iterator[None]:
    """A planted fault does no harm to other tests."""
    yield
    gc.enable()
    if not (Value(1.0) * 1.0).operands:
        BLOCK.__exit__(None, None, None)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("planted", PLANTED)
def test_calls_notice(planted: Callable[[Value], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PACKAGE", Path(__file__).parent)  # As if this file were a module of it.
    monkeypatch.setitem(hostile.SCOPE, "planted", planted)
    assert calls.attempt("planted(Value(2.0))").fault.startswith(PLANTED[planted])


def test_ordinary_calls_have_no_fault() -> None:
    assert calls.attempt("tanh(Value(2.0))") == Answer("Value(data=0.964028)")
    assert calls.attempt("mean([])").fault == ""


def test_calls_notice_errors_of_a_line_that_raises_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(x: Value) -> object:
        return losses.mse(x, 1.0).nothing  # type: ignore[attr-defined]

    monkeypatch.setattr(calls, "PACKAGE", Path(__file__).parent)
    monkeypatch.setitem(hostile.SCOPE, "planted", planted)
    assert calls.attempt("planted(Value(2.0))").fault.startswith("AttributeError from /test_attack.py:")


def test_errors_of_hostile_objects_are_theirs() -> None:
    assert calls.attempt("mean(FailingIteration([]))") == Answer("TheirError: a hostile object failed")
    assert calls.attempt("grad(forever)(1.0)").fault == ""


def test_a_call_that_writes_may_write_but_not_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(x: Value) -> NoReturn:
        x.grad = 1.0
        raise ValueError("no")

    assert calls.attempt("(Value(2.0) * Value(3.0)).backward()").fault == ""
    monkeypatch.setitem(hostile.SCOPE, "backward", backward)
    assert "had the grad" in calls.attempt("backward(Value(2.0))").fault


def test_every_public_class_is_attacked_or_only_holds_what_it_is_given() -> None:
    assert set(api.MADE) == set(api.public_classes())
    for texts in api.MADE.values():
        for text in texts:
            hostile.made(text)


def test_every_text_is_an_object() -> None:
    fitting = chain.from_iterable(api.FITTING.values())
    for text in (*hostile.ORDINARY, *hostile.HOSTILE, *hostile.HUGE, *api.FITTING_SIZES, *fitting):
        hostile.made(text)


def test_all_public_functions_are_attacked() -> None:
    texts = {target.text for target in api.targets()}
    for module in (losses, nn, optim, state):
        name = module.__name__.removeprefix("autograd.")
        assert {f"{name}.{one}" for one in module.__all__ if callable(getattr(module, one))} <= texts
    assert {one for one in autograd.__all__ if callable(getattr(autograd, one))} <= texts


# ── the other fuzzers ──


def test_interrupts_notice_half_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(root: Value) -> None:
        for leaf in {v for v in autograd.topological_order(root) if not v.op}:
            leaf.grad += 1.0
            brief(leaf.grad)  # A point where Ctrl-C can come.

    def world() -> Any:
        x, y = Value(1.0), Value(2.0)
        return scenarios.SCENARIOS["backward"]()._replace(act=lambda: backward(x * y), state=lambda: (x.grad, y.grad))

    monkeypatch.setitem(scenarios.SCENARIOS, "planted", world)
    count = points(world().act)
    found = [interrupts.attempt(f"planted at point {place + 1}").fault for place in range(count)]
    assert any(fault.startswith("it is half done: (") for fault in found)
    assert "" in found


def test_interrupts_notice_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded.WALKING:
        assert intact.disorder() == "the lock of the walk is held"


def test_fits_notice_half_a_step_and_a_lost_history(monkeypatch: pytest.MonkeyPatch) -> None:
    fits._calm("sgd")
    step = optim.SGD.step

    def half(optimizer: optim.SGD) -> None:
        step(optimizer)
        optimizer.parameters[0].data += 1.0

    monkeypatch.setattr(optim.SGD, "step", half)
    assert fits.attempt("sgd after 1 seconds").fault.startswith("a step is half taken")
    monkeypatch.undo()

    def lost(optimizer: optim.SGD) -> None:
        step(optimizer)
        raise KeyboardInterrupt

    monkeypatch.setattr(autograd.train, "fit", lambda *_, **__: lost(_[3]))
    assert fits.attempt("sgd after 1 seconds").fault == "the history of the training is lost"


def test_files_notice_what_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = len(files._saved()) - 1
    assert files.attempt(f"model: flip {place} 3") == Answer("ValueError")
    monkeypatch.setattr(state, "get_close_matches", lambda *_: [])
    assert files.attempt(f"model: flip {place} 3").fault.startswith("a damaged file is loaded")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)

    def halfway(given: Any, rows: Any, name: str) -> None:
        tensors.leaves_of(next(iter(given.values())))[0].data = 7.0
        raise ValueError(f"{name} is damaged")

    monkeypatch.setattr(kept, "matched", halfway)
    assert files.attempt("model: leave").fault == "a refused file has changed the model"


def test_files_notice_a_save_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_place(name: str, content: bytes) -> None:
        with open(name, "wb") as file:
            for byte in content:
                file.write(bytes([byte]))
                file.flush()

    monkeypatch.chdir(tmp_path)
    files.attempt("kill after 0.001 seconds")
    monkeypatch.setattr(state, "_replace", in_place)
    found = [files.attempt(f"kill after {0.001 * i} seconds").fault for i in range(1, 20)]
    assert any(fault.startswith("a killed save has left a file that can't be loaded") for fault in found)


# ── the frame of them all ──


def test_a_crash_and_an_exit_are_faults_and_the_next_attack_is_made() -> None:
    with Worker("calls") as worker:
        assert worker.ask("__import__('os').abort()").fault == "the process ended with signal 6"
        assert worker.ask("__import__('os')._exit(3)").fault == "the process ended with status 3"
        assert worker.ask("no call").fault.startswith("the process ended with status 1: SyntaxError: ")
        assert worker.ask("mean([1.0, 3.0])") == Answer("Value(data=2.0)")


def test_an_endless_attack_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attack.worker.LONGEST", 2.0)
    with Worker("calls") as worker:
        assert worker.ask("sum(itertools.repeat(1))").fault == "it takes more than 2 seconds of the processor"


def test_silence_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attack.worker.PATIENCE", 2.0)
    with Worker("calls") as worker:
        assert worker.ask("__import__('time').sleep(60)").fault == "no answer within 2 seconds"


def test_builds_that_differ_are_a_fault() -> None:
    class Other:
        fuzzer = "calls"

        def ask(self, text: str) -> Answer:
            return Answer("Value(data=3.0)")

        def end(self) -> None:
            pass

    with Worker("calls") as worker:
        (found,) = faults("mean([1.0, 3.0])", worker, Other())  # type: ignore[arg-type]
    assert found == "the builds differ:\n  Value(data=2.0)\n  Value(data=3.0)"


@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_a_seed_gives_the_same_attacks(fuzzer: str) -> None:
    one, same, other = (attacks(fuzzer, seed) for seed in (3, 3, 4))
    rows = [[next(row) for _ in range(5)] for row in (one, same, other)]
    assert rows[0] == rows[1] != rows[2]


def test_the_command_prints_counts_and_how_to_repeat(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "programs", "--minutes", "0.01", "--seed", "5"]) == 0
    printed = capsys.readouterr().out
    assert "seed 5\nprograms" in printed
    assert "attacks, 0 kinds of faults" in printed
    assert main(["--again", "calls", "__import__('os').abort()"]) == 1
    assert "again: python -m tests.attack --again calls '__import__('" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
