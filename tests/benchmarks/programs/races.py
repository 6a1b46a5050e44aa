"""The races of the second and the third table by name. They need NumPy, so they are loaded when they are asked for."""

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
NATIVES: Final = {
    "native-call": "natives.CALL",
    "native-lanes": "natives.LANES",
    "native-xor": "natives.XOR",
    "native-iris": "natives.IRIS",
    "native-heston": "natives.HESTON",
    "native-irregular": "natives.IRREGULAR",
}
"""Those of the third table."""


def race(name: str) -> "Race":
    module, _, attribute = (PLACES | NATIVES)[name].partition(".")
    found: Race = getattr(import_module(f"tests.benchmarks.programs.{module}"), attribute)
    return found
