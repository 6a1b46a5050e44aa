"""The races of the second table by name. They are loaded when they are asked for, because they need NumPy."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.benchmarks.programs.case import Race

PLACES: Final = {
    "xor": "xor.RACE",
    "iris": "iris.RACE",
    "iris-total": "iris.TOTAL",
    "mnist": "mnist.RACE",
    "transformer": "transformer.RACE",
    "convolution": "convolution.RACE",
    "recurrence": "recurrence.RACE",
    "lanes": "lanes.RACE",
    "call": "lanes.CALL",
    "heston": "heston.RACE",
    "irregular": "irregular.RACE",
}


def race(name: str) -> "Race":
    module, _, attribute = PLACES[name].partition(".")
    found: Race = getattr(import_module(f"tests.benchmarks.programs.{module}"), attribute)
    return found
