"""Activations and initialisations, and the check of a module's inputs.

>>> from autograd import Value
>>> from autograd.nn import activate
>>> activate("relu", [Value(-1.0), Value(2.0)])
[Value(data=0.0), Value(data=2.0)]
>>> activate(lambda x: 2.0 * x.sigmoid() - 1.0, [Value(0.0)])
[Value(data=0.0)]
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, TypeAlias

from autograd.arguments import a_value, described, generator, is_row, known, refuse_softmax_of_one
from autograd.engine.functions import log_softmax, softmax
from autograd.engine.tape import Tape
from autograd.engine.value import Number, Value
from autograd.operations import activations
from autograd.show.layers import Output
from autograd.wording import counted

Activation: TypeAlias = str | Callable[[Any], Any]
"""A name or a function of a Value; or softmax or log_softmax, which take a list."""
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


def activate(chosen: Activation, xs: list[Value]) -> list[Value]:
    """The outputs of an activation for the nodes xs: a list of the same length.

    chosen is a name, or a function that takes a Value and returns one. ValueError for a name that is no activation, and
    for softmax over a single node; TypeError for an item that is no Value, and for a function that returns anything
    else.
    """
    if not isinstance(chosen, str):
        return [_made(chosen, x) for x in xs]
    if chosen == "linear":
        return xs
    if chosen in _OF_LAYERS:
        if len(xs) == 1:
            refuse_softmax_of_one("a layer", chosen)
        return _OF_LAYERS[chosen](xs)
    function = _OF_VALUES.get(chosen) or activations()[activation(chosen)]
    try:
        return [function(x) for x in xs]
    except (AttributeError, TypeError):  # Looking at each node before would take a part of the time.
        for x in xs:
            a_value(x, f"the activation {chosen}")
        raise


def _made(function: Callable[[Any], Any], x: Value) -> Value:
    made = function(x)
    if type(made) is not Value:
        raise TypeError(
            f"the activation {title(function)} takes a Value and returns one, not {described(made)}; "
            "write it with operations on Values, such as x.tanh()"
        )
    return made


def recorded(chosen: Activation) -> tuple[Output, ...]:
    """The output of an activation as its graph has it, with the operations on the way to it; none of "linear".

    It is found out by a trial on two nodes, since an activation may be any function.
    """
    if type(chosen) is str and chosen in _OF_VALUES:
        return (Output("h", 0, (chosen,)),)
    xs = [Value(0.5), Value(0.25)]
    operations: list[str] = []
    node = activate(chosen, xs)[0]
    while node is not xs[0]:
        operations.append(node.op)
        node = next(v for v in node.operands if v is xs[0] or xs[0] in Tape(v))
    return (Output("h", 0, tuple(operations[::-1])),) if operations else ()


def activation(chosen: Any, outputs: int = 2) -> Any:
    """The activation itself, with the name of a function that takes a whole layer, for a layer of so many outputs.

    ValueError for a name that is no activation, and for softmax over one output; TypeError for anything but a name or a
    function.
    """
    chosen = next((name for name, function in _OF_LAYERS.items() if function is chosen), chosen)
    if isinstance(chosen, type) or not (isinstance(chosen, str) or callable(chosen)):
        raise TypeError(f"an activation is a name, such as 'tanh', or a function of a Value, not {described(chosen)}")
    if isinstance(chosen, str):
        known("activation", chosen, dict.fromkeys([*ACTIVATIONS, *activations()]))
        if chosen in _OF_LAYERS and outputs == 1:
            refuse_softmax_of_one("a layer", chosen)
    return chosen


def title(chosen: Activation) -> str:
    """The name of an activation."""
    return chosen if isinstance(chosen, str) else str(getattr(chosen, "__name__", type(chosen).__name__))


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


def inputs(
    x: Sequence[Number],
    wanted: int,
    module: str,
    thing: str = "input",
    of_rows: str = "[model(x) for x in rows]",
) -> Sequence[Number]:
    """x itself, if it is a list of `wanted` numbers or Values.

    TypeError if x is no list or a list of rows, ValueError if its length is another; all name the module.
    """
    if type(x) is list and len(x) == wanted and isinstance(x[0], (Value, float, int)):
        return x  # The checks below take half a microsecond, for each layer.
    if isinstance(x, (Value, str)) or not hasattr(x, "__len__"):
        remedy = "[x]" if isinstance(x, (Value, str)) or not hasattr(x, "__iter__") else "list(x)"
        raise TypeError(f"{module} takes a list of numbers or Values, not {described(x)}; write {remedy}")
    if len(x) and is_row(next(iter(x))):
        rows = counted(len(x), "row")
        raise TypeError(f"{module} takes the {thing}s of one example, not a list of {rows}; write {of_rows}")
    if len(x) != wanted:
        raise ValueError(f"{module} takes {counted(wanted, thing)}, not {len(x)}; give a list of {wanted}")
    return x
