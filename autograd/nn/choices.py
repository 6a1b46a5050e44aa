"""What a module chooses by name, activation and initialisation, and the checks that modules share.

>>> from autograd import Value
>>> from autograd.nn import activate
>>> activate("relu", [Value(-1.0), Value(2.0)])
[Value(data=0.0, grad=0.0), Value(data=2.0, grad=0.0)]
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Final

from autograd.arguments import known
from autograd.engine.functions import log_softmax, softmax
from autograd.engine.value import Number, Value
from autograd.wording import counted

_OF_LAYERS: Final[dict[str, Callable[[list[Value]], list[Value]]]] = {"softmax": softmax, "log_softmax": log_softmax}
_OF_NUMBERS: Final = (
    *("linear", "relu", "tanh", "sigmoid", "leaky_relu", "elu", "silu", "gelu", "softplus", "logsigmoid"),
    *("exp", "sin", "square", "erf", "atan"),
)
ACTIVATIONS: Final = (*_OF_NUMBERS, *_OF_LAYERS)
"""The names of activations: each of one number, but softmax and log_softmax, which are of a whole layer."""

_BOUNDS: Final[dict[str, Callable[[int, int], float]]] = {
    "uniform": lambda nin, nout: 1.0,
    "fan_in": lambda nin, nout: math.sqrt(1.0 / nin),
    "xavier": lambda nin, nout: math.sqrt(6.0 / (nin + nout)),
    "he": lambda nin, nout: math.sqrt(6.0 / nin),
    "zeros": lambda nin, nout: 0.0,
}
INITIALISATIONS: Final = tuple(_BOUNDS)
"""Names of initialisations: weights are uniform within ±1 (uniform, micrograd's), ±1/√nin (fan_in, PyTorch's, of the
biases too), ±√(6/(nin + nout)) (xavier: Glorot and Bengio 2010), ±√(6/nin) (he: He et al. 2015) or zero."""


def activate(name: str, xs: list[Value]) -> list[Value]:
    """The activation of that name of each of xs, or of all together. ValueError for an unknown name."""
    known("activation", name, ACTIVATIONS)
    if name in _OF_LAYERS:
        return _OF_LAYERS[name](xs)
    return xs if name == "linear" else [getattr(x, name)() for x in xs]


class Initial:
    """Where parameters start: drawn one after another from rng, or from Python's shared generator."""

    def __init__(self, init: str, nin: int, nout: int, rng: random.Random | None) -> None:
        known("initialisation", init, INITIALISATIONS)
        if rng is not None and not hasattr(rng, "uniform"):
            raise TypeError(f"rng is a generator, as in random.Random(42), not {type(rng).__name__} {rng!r}")
        self._bound = _BOUNDS[init](nin, nout)
        self._biases_too = init == "fan_in"
        self._draw = rng.uniform if rng is not None else random.uniform

    def weight(self) -> Value:
        return Value(self._draw(-self._bound, self._bound) if self._bound else 0.0)

    def bias(self) -> Value:
        return self.weight() if self._biases_too else Value(0.0)


def inputs(x: Sequence[Number], wanted: int, module: str, thing: str = "input") -> Sequence[Number]:
    """The inputs, if there are as many as wanted. TypeError for what is no list, ValueError for another number."""
    if isinstance(x, (Value, str)) or not hasattr(x, "__len__"):
        remedy = "[x]" if isinstance(x, (Value, str)) or not hasattr(x, "__iter__") else "list(x)"
        raise TypeError(f"{module} takes a list of numbers or Values, not {type(x).__name__} {x!r}; write {remedy}")
    if len(x) != wanted:
        raise ValueError(f"{module} of {counted(wanted, thing)} was given {len(x)}")
    return x
