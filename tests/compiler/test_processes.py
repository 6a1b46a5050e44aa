"""A training by two processes has the numbers of one; each reads its own rows, and other trainings go on with it."""

import json
import math
import os
import random
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "demos"))
from lesson import machines

from autograd import optim, state, train
from tests.compiler.test_devices import LIMIT, near
from tests.running import PACKAGE

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="JAX, an optional back end, isn't installed")
SCRIPT = Path(__file__).parent / "in_processes.py"
PROCESSES, DEVICES = 2, 2
"""Processes, and devices of each."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("processes") / "training"


@pytest.fixture(scope="module")
def found(file: Path) -> list[dict[str, Any]]:
    """The results of each process."""
    with pytest.MonkeyPatch.context() as patch:
        root = Path(__file__).parents[2]
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, dict.fromkeys((PACKAGE.parent, root)))))
        patch.setenv("XLA_FLAGS", f"--xla_force_host_platform_device_count={DEVICES}")
        patch.setenv("JAX_PLATFORMS", "cpu")
        lines = machines.run(SCRIPT, str(file), processes=PROCESSES, seconds=LIMIT)
    results: list[dict[str, Any]] = list(map(json.loads, lines))
    assert [one["devices"] for one in results] == [[DEVICES, PROCESSES * DEVICES]] * PROCESSES
    return results


def trained(epochs: int) -> tuple[list[float], dict[str, Any]]:
    """The losses of the batches of some epochs by NumPy, and all that the training needs to go on."""
    from tests.compiler.on_devices import OPTIMIZERS, compiled, data

    program = compiled("numpy")
    optimizer, loader = OPTIMIZERS["adam"](program), train.Loader(data(), 16, rng=random.Random(4))
    everything = {"program": program, "optimizer": optimizer, "loader": loader}
    return gone_on(everything, epochs), everything


def gone_on(everything: dict[str, Any], epochs: int) -> list[float]:
    """The losses of the batches of some more epochs."""
    found = []
    for _ in range(epochs):
        for batch in everything["loader"]:
            found.append(everything["program"].value_and_grad(*batch)[0])
            everything["optimizer"].step()
    return found


def test_the_losses_are_those_of_one_process(found: list[dict[str, Any]]) -> None:
    from tests.compiler.on_devices import numbers

    losses, everything = trained(2)
    for one in found:
        assert near(one["losses"], [*losses, *numbers(everything["program"], everything["optimizer"])])
        assert one["losses"] == found[0]["losses"]


def test_fit_and_loops_are_shared_too(found: list[dict[str, Any]]) -> None:
    from tests.compiler.on_devices import OPTIMIZERS, compiled, data, numbers

    program = compiled("numpy")
    optimizer = OPTIMIZERS["sgd"](program)
    history = train.fit(program, data(), optimizer, epochs=6, batch_size=16, rng=random.Random(4))
    by_fit = [*history.losses, *numbers(program, optimizer)]
    program, by_loop = compiled("numpy"), []
    optimizer = optim.SGD(program, lr=0.1)
    for rows in np.arange(22).reshape(2, 11):
        by_loop.append(program.value_and_grad(*(column[rows] for column in data()))[0])
        optimizer.step()
    for one in found:
        assert near(one["fit"], by_fit)
        assert near(one["loop"], by_loop)


def test_numbers_that_are_not_finite_are_taken_exactly(found: list[dict[str, Any]]) -> None:
    from tests.compiler.on_devices import gated

    right = gated("numpy")
    assert all(map(math.isfinite, right))
    for one in found:
        assert near(one["gated"], right)


def test_each_process_reads_its_own_rows_and_together_they_read_all(found: list[dict[str, Any]]) -> None:
    rows, order = 53, list(range(53))
    rng = random.Random(4)
    for column in (0, 1):
        one, other = (set(process["read"][column]) for process in found)
        assert one | other == set(order)
        counts = [len(process["read"][column]) for process in found]
        assert sum(counts) == 2 * rows
    rng.shuffle(order)
    batch = 16
    half = [process["read"][0][: batch // 2] for process in found]
    assert [*half[0], *half[1]] == order[:batch]


def test_one_process_saves_and_a_training_without_jax_goes_on(found: list[dict[str, Any]], file: Path) -> None:
    assert [path.name for path in file.parent.iterdir()] == ["training"]
    unbroken, _ = trained(3)
    _, everything = trained(0)
    state.load(everything, file)
    assert (everything["loader"].epoch, everything["optimizer"].param_groups[0].steps) == (2, 8)
    assert near(gone_on(everything, 1), unbroken[8:])
