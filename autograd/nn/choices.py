"""Activations and initialisations, chosen by name, and the check of a module's inputs.

>>> from autograd import Value
>>> from autograd.nn import activate
>>> activate("relu", [Value(-1.0), Value(2.0)])
[Value(data=0.0), Value(data=2.0)]
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from autograd.arguments import generator, known
from autograd.engine.functions import log_softmax, softmax
from autograd.engine.value import Number, Value
from autograd.operations import activations
from autograd.wording import counted

_OF_LAYERS: Final[dict[str, Callable[[list[Value]], list[Value]]]] = {"softmax": softmax, "log_softmax": log_softmax}
_OF_VALUES: Final = {name: function for name, function in activations().items() if hasattr(Value, name)}
"""Those of the package: a layer should not look through all operations for each of its outputs."""
ACTIVATIONS: Final = ("linear", *_OF_VALUES, *_OF_LAYERS)
"""The names of the activations: operations on one node at a time; softmax and log_softmax, which take a whole layer.

A user's own operation on one operand is an activation too."""

_BOUNDS: Final[dict[str, Callable[[int, int], float]]] = {
    "uniform": lambda nin, nout: 1.0,
    "fan_in": lambda nin, nout: math.sqrt(1.0 / nin),
    "xavier": lambda nin, nout: math.sqrt(6.0 / (nin + nout)),
    "he": lambda nin, nout: math.sqrt(6.0 / nin),
    "zeros": lambda nin, nout: 0.0,
}
INITIALISATIONS: Final = tuple(_BOUNDS)
"""The names of the initialisations. Weights are drawn uniformly from (-bound, bound), with the bound

- uniform: 1, as in micrograd;
- fan_in: 1/√nin, for the biases too, as in PyTorch;
- xavier: √(6/(nin + nout)), by X. Glorot and Y. Bengio (2010);
- he: √(6/nin), by K. He et al. (2015);
- zeros: 0.

Biases are 0 except with fan_in."""


def activate(name: str, xs: list[Value]) -> list[Value]:
    """The outputs of the activation called name for the nodes xs: a list of the same length.

    ValueError for a name that is no activation.
    """
    if name == "linear":
        return xs
    if name in _OF_LAYERS:
        return _OF_LAYERS[name](xs)
    function = _OF_VALUES.get(name) or activations()[activation(name)]
    return [function(x) for x in xs]


def activation(name: str) -> str:
    """The name itself; ValueError for one that is no activation."""
    known("activation", name, dict.fromkeys([*ACTIVATIONS, *activations()]))
    return name


class Initial:
    """Draws the initial weights and biases of a module with nin inputs and nout outputs.

    They are drawn one after another from rng, or from Python's shared generator for None. ValueError for a name
    that isn't in INITIALISATIONS, TypeError for an rng that is no generator.
    """

    def __init__(self, init: str, nin: int, nout: int, rng: Random | None) -> None:
        known("initialisation", init, INITIALISATIONS)
        self._bound = _BOUNDS[init](nin, nout)
        self._biases_too = init == "fan_in"
        self._draw = generator(rng).uniform

    def weight(self) -> Value:
        return Value(self._draw(-self._bound, self._bound) if self._bound else 0.0)

    def bias(self) -> Value:
        return self.weight() if self._biases_too else Value(0.0)


def inputs(x: Sequence[Number], wanted: int, module: str, thing: str = "input") -> Sequence[Number]:
    """x itself, if it is a list of `wanted` numbers or Values.

    TypeError if x is no list, ValueError if its length is another; both name the module.
    """
    if isinstance(x, (Value, str)) or not hasattr(x, "__len__"):
        remedy = "[x]" if isinstance(x, (Value, str)) or not hasattr(x, "__iter__") else "list(x)"
        raise TypeError(f"{module} takes a list of numbers or Values, not {type(x).__name__} {x!r}; write {remedy}")
    if len(x) != wanted:
        raise ValueError(f"{module} takes {counted(wanted, thing)}, not {len(x)}; give a list of {wanted}")
    return x
