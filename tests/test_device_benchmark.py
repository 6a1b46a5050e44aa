"""The benchmark on a device: tiny on the CPU where JAX is installed, and its parts with contenders that are made up."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tests.benchmarks import device, table
from tests.benchmarks.contender import MissingRivalError
from tests.benchmarks.device import HAND, OURS, Case, Run, Sizes
from tests.benchmarks.programs.accelerated import Entrant
from tests.running import python

ROOT: Final = Path(__file__).parent.parent
TINY: Final = Sizes((3, 2), {1: 1}, 1, rounds=4, round_seconds=0.0)


@contextmanager
def exactly() -> Iterator[None]:
    yield


def entrant(*results: Any) -> Callable[[], Entrant]:
    return lambda: Entrant(lambda: None, lambda: [np.array(x, float) for x in results], {"first": 0.5})


def case(**contenders: Callable[[], Entrant]) -> Case:
    return Case("nothing at all", "images/s", 10.0, True, {OURS: entrant([1.0, -2.0]), **contenders})


def fails() -> Entrant:
    raise ValueError("a sentence\nand more")


def test_contenders_are_compared_and_a_failure_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(
        case(
            near=entrant([1.0, -2.0 + 1e-4]),
            far=entrant([1.0, -2.0 + 3e-4]),
            none=entrant([1.0, math.nan]),
            other=entrant([1.0]),
            fails=fails,
        )
    )
    device.prepare(run, exactly)
    assert list(run.entrants) == [OURS, "near"]
    assert "differs from that of the first contender by 0.0003" in run.said["far"]
    assert "array 0 differs" in run.said["none"]
    assert run.said["other"] == "array 0 has the shape (1,), and that of the first contender (2,)"
    assert run.said["fails"] == "failed: ValueError: a sentence"
    assert "fails" in capsys.readouterr().err


def test_contenders_take_turns_until_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run = Run(case())
    for name in "ab":
        run.entrants[name] = Entrant(lambda name=name: ran.append(name), list, {})  # type: ignore[misc]
    device.measure(run, TINY, math.inf)
    once = ["a"] * 2, ["b"] * 2  # To see how many runs a round has.
    assert ran == [*once[0], *once[1], *"abba" * 2]
    assert {name: len(seconds) for name, seconds in run.seconds.items()} == {"a": 4, "b": 4}
    run.seconds.clear()
    device.measure(run, TINY, -math.inf)
    assert {name: len(seconds) for name, seconds in run.seconds.items()} == {"a": 1, "b": 1}


@pytest.mark.parametrize(("seconds", "mark"), [(0.9, "✓"), (0.8, "✗")])
def test_a_block_has_ratios_of_time_and_the_target(seconds: float, mark: str) -> None:
    run = Run(case(**{HAND: entrant(0.0), "PyTorch, eager": entrant(0.0)}))
    run.entrants = {name: make() for name, make in run.case.contenders.items()}
    run.seconds = {OURS: [1.0], HAND: [seconds]}
    run.said["PyTorch, eager"] = "missing: torch is not installed"
    ours, hand, pytorch = device.block(run).sections[0].rows
    assert ours.figures["median"] == 10.0
    assert hand.figures["ratio"] == seconds
    assert hand.texts["target"] == f"≥ 0.9 {mark}"
    assert pytorch.said == "missing: torch is not installed"
    assert max(map(len, table.text(device.block(run)).splitlines())) <= table.WIDTH
    del run.seconds[OURS]
    run.said[OURS] = "failed"
    assert "ratio" not in device.block(run).sections[0].rows[1].figures


def test_without_jax_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def require(module: str) -> None:
        raise MissingRivalError(f"missing: {module} is not installed")

    monkeypatch.setattr(device, "require", require)
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # So it needn't set it.
    file = tmp_path / "device.json"
    assert device.main(["--json", str(file)]) == 1
    assert "missing: jax is not installed; pip install jax" in capsys.readouterr().err
    assert json.loads(file.read_text())["measured"] is False


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    done = python("-m", "tests.benchmarks.device", package=ROOT / "autograd", check=False, JAX_PLATFORMS="cpu")
    assert done.returncode == 1
    assert "there is no GPU that JAX sees; --cpu shows" in done.stderr


def test_it_runs_tiny_on_the_cpu(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    file = tmp_path / "device.json"
    words = ("-m", "tests.benchmarks.device", "--cpu", "--json", str(file))
    done = python(*words, package=ROOT / "autograd", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["tiny"] is True
    assert len(found["works"]) == 5
    for work in found["works"]:
        rows = work["sections"][0]["rows"]
        assert work["heading"] in done.stdout
        assert [row["contender"] for row in rows][:2] == [OURS, HAND]
        for row in rows[:2]:
            assert row["figures"]["median"] > 0.0
            assert row["figures"]["first"] > 0.0
        assert rows[0]["figures"]["record"] > 0.0
        assert rows[1]["texts"]["target"].startswith("≥ 0.9")
