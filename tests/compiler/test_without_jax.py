"""Where JAX isn't there: each call says how to install it, and programs run in NumPy."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, optim


@pytest.fixture(autouse=True)
def without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)


def line(**options: Any) -> Any:
    w, x = Value(2.0, label="w"), autograd.inputs()
    return autograd.compile((w * x).square(), (x,), parameters=[w], **options)


@pytest.mark.parametrize(
    "call",
    [
        lambda program: program.jax(),
        lambda program: program.jax_parameters,
        lambda program: program.jax_step(optim.SGD(program)),
        lambda program: program.jax_loop(optim.SGD(program)),
    ],
)
def test_calls_say_how_to_install_it(call: Callable[[Any], object]) -> None:
    with pytest.raises(ImportError, match=r"^JAX is not installed: pip install jax, or in the checkout pip install"):
        call(line())


def test_the_back_end_is_numpy_with_a_warning() -> None:
    with pytest.warns(RuntimeWarning, match=r"^backend='jax' isn't there, so numpy runs the program: JAX is not"):
        program = line(backend="jax")
    assert program.backend == "numpy"
    assert program.value([3.0]) == 36.0


def test_numpy_comes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=r"^autograd\.compile works with arrays of NumPy: pip install jax, or"):
        line(backend="jax")
