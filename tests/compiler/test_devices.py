"""A training on eight devices has the numbers of one, of NumPy, and of any other number of devices."""

import json
import math
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from tests.running import PACKAGE, surroundings

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="JAX, an optional back end, isn't installed")
LIMIT = 900.0
"""Seconds for what takes twenty, on a machine that does a hundred other things."""
ROUNDING = 1e-12
"""The order of a sum of 64 numbers changes its last digits, and steps carry that on."""
SINGLE = 1e-4
"""The same in float32, which has seven digits."""
COUNT = 8


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """The results of `on_devices`, in a process whose processor stands for eight devices."""
    environment = {
        **surroundings(PACKAGE),
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={COUNT}",
        "JAX_PLATFORMS": "cpu",
    }
    environment["PYTHONPATH"] += os.pathsep + str(PACKAGE.parent)
    command = [sys.executable, "-m", "tests.compiler.on_devices"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    assert results["devices"] == COUNT
    return results


def near(numbers: list[float], others: list[float], tolerance: float = ROUNDING) -> bool:
    """Whether numbers differ by rounding alone."""
    return all(math.isclose(x, y, rel_tol=tolerance, abs_tol=0.0) for x, y in zip(numbers, others, strict=True))


@pytest.mark.parametrize("what", ["steps sgd", "steps adam", "loop", "fit batches", "fit all", "fit in order"])
def test_the_numbers_are_those_of_numpy_whatever_the_devices(found: dict[str, Any], what: str) -> None:
    assert len(found[what]) > 1
    for devices, numbers in found[what].items():
        assert near(numbers, found[what]["numpy"]), devices


def test_rows_that_were_added_count_for_nothing_even_where_they_have_no_loss(found: dict[str, Any]) -> None:
    by_devices, by_numpy = found["padded"]
    assert near(by_devices, by_numpy)
    assert all(map(math.isfinite, by_numpy))


def test_the_parameters_are_whole_or_split_with_what_is_kept_for_them(found: dict[str, Any]) -> None:
    def shapes(first: int) -> dict[str, list[int]]:
        hidden = {f"layers.{k}.weight": [first, 64] for k in (0, 1)} | {f"layers.{k}.bias": [64] for k in (0, 1)}
        own = {**hidden, "layers.2.weight": [3, 64], "layers.2.bias": [3]}
        return {**own, **{f"velocity of {name}": shape for name, shape in own.items()}}

    parts = {"eight, layers": 8, "four times two, layers": 32}
    for devices, rows in found["shapes"].items():
        assert rows == shapes(parts.get(devices, 64)), devices


def test_single_precision_stays_single(found: dict[str, Any]) -> None:
    right = found["steps sgd"]["eight"][: len(found["single precision"])]
    assert near(found["single precision"], right, SINGLE)
    assert not near(found["single precision"], right)


def test_a_training_goes_on_with_fewer_devices(found: dict[str, Any]) -> None:
    fewer, same, unbroken = found["resumed"]
    by_numpy = found["resumed by numpy"]
    assert near(fewer, by_numpy["fit"])
    assert near(found["resumed by hand"], by_numpy["by hand"])
    assert same == unbroken  # To the last bit.


def test_mistakes_are_named(found: dict[str, Any]) -> None:
    kinds = "devices is a number of devices, a list of jax.devices(), or a Mesh, not"
    alone = "ValueError: shard='layers' says how devices share the parameters; name them, as in devices=8"
    rows = "ValueError: a step takes arrays with as many rows in each, and at least one, not of shapes"
    many = "ValueError: there are 8 devices, and not 9; XLA_FLAGS=--xla_force_host_platform_device_count=9, set before "
    assert found["messages"] == [
        f"{many}JAX starts, makes them",
        "ValueError: devices is a whole number from 1, not 0",
        f"TypeError: {kinds} str '8'",
        f"TypeError: {kinds} list []",
        f"TypeError: {kinds} list [1, 2]",
        "ValueError: there is no way to shard 'rows'; there are layers",
        alone,
        alone,
        f"{rows} (53, 64), (3, 3)",
        f"{rows} (0, 64), (0, 3)",
        "ValueError: value_and_grad takes x of shape (N, 64), and not (53, 3); N is the same for all",
        alone,
        "ValueError: devices share the batches of a program of JAX; compile it with backend='jax'",
        "ValueError: a Recorder looks at every step, and devices make many of them in one call; leave out one of both",
        f"{many}JAX starts, makes them",
    ]
