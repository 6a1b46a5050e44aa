"""Neurons, layers and networks of them: modules that hold parameters and compute.

>>> import random
>>> from autograd import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
>>> model
MLP of [Layer of 3 tanh neurons of 2 inputs, Layer of 1 linear neuron of 3 inputs]
>>> model([1.0, -2.0])
Value(data=0.0740595, grad=0.0)
>>> [name for name, _ in model.named_parameters()][:4]
['layers.0.neurons.0.w.0', 'layers.0.neurons.0.w.1', 'layers.0.neurons.0.b', 'layers.0.neurons.1.w.0']

What micrograd's `nn` has is here under the same names with the same defaults: ReLU inside, linear at the end,
weights uniform in (−1, 1), biases zero. Inputs are lists of numbers or Values. There is no calculus in this room.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

from autograd.functions import dot, log_softmax, softmax
from autograd.number import counted
from autograd.value import Number, Value, operand


class Module:
    """What has parameters: the leaves among its attributes, in lists of them and in modules of its own."""

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once with its path, as in layers.0.neurons.2.b, in the order in which attributes were set."""
        seen: set[int] = set()
        for name, v in _parameters_in(vars(self).items()):
            if id(v) not in seen:
                seen.add(id(v))
                yield name, v

    def parameters(self) -> list[Value]:
        """Each parameter once, in the same order."""
        return [v for _, v in self.named_parameters()]

    def tensors(self) -> dict[str, Any]:
        """The parameters as they are saved: a Value, or lists of Values as deep as the shape, by name.

        A layer has a `weight` (nout × nin) and a `bias`, as PyTorch's Linear has.
        """
        found: dict[str, Any] = {}
        for name, thing in vars(self).items():
            found |= _tensors_in(name, thing)
        return found

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero, for gradients add up."""
        for v in self.parameters():
            v.grad = 0.0


def _parameters_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name, thing in attributes:
        if isinstance(thing, Value) and not thing.operands:
            yield prefix + name, thing
        elif isinstance(thing, Module):
            yield from _parameters_in(vars(thing).items(), f"{prefix}{name}.")
        elif isinstance(thing, (list, tuple)):
            yield from _parameters_in(((str(i), x) for i, x in enumerate(thing)), f"{prefix}{name}.")


def _tensors_in(name: str, thing: object) -> dict[str, Any]:
    if isinstance(thing, Module):
        return {f"{name}.{inner}": tensor for inner, tensor in thing.tensors().items()}
    if _is_tensor(thing):
        return {name: thing}
    found: dict[str, Any] = {}
    for i, part in enumerate(thing if isinstance(thing, (list, tuple)) else ()):
        found |= _tensors_in(f"{name}.{i}", part)
    return found


def _is_tensor(thing: object) -> bool:
    """Whether it is a parameter, or lists that hold nothing but parameters."""
    if isinstance(thing, (list, tuple)):
        return bool(thing) and all(map(_is_tensor, thing))
    return isinstance(thing, Value) and not thing.operands


# ── activations and initialisations, by name ──

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
    _known("activation", name, ACTIVATIONS)
    if name in _OF_LAYERS:
        return _OF_LAYERS[name](xs)
    return xs if name == "linear" else [getattr(x, name)() for x in xs]


def _known(kind: str, name: object, names: Sequence[str]) -> None:
    if name not in names:
        near = get_close_matches(str(name), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        raise ValueError(f"there is no {kind} {name!r}; {hint}")


def _count(of: str, n: object) -> int:
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ValueError(f"the number of {of} is at least 1, not {n!r}")
    return n


# ── neurons, layers, networks ──


class Neuron(Module):
    """activation(w·x + b): nin weights in `w` and the bias `b`, which is None with bias=False.

    nonlin=False makes it linear, as in micrograd; activation names any. Weights are drawn in order from rng, or from
    Python's shared generator. nout, of the layer around it, matters to xavier alone. ValueError for no inputs, an
    unknown activation or initialisation, and when called on another number of inputs.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: random.Random | None = None,
        nout: int = 1,
    ) -> None:
        self.activation = activation if activation is not None else "relu" if nonlin else "linear"
        _known("activation", self.activation, ACTIVATIONS)
        _known("initialisation", init, INITIALISATIONS)
        bound = _BOUNDS[init](_count("inputs", nin), nout)
        draw = rng.uniform if rng is not None else random.uniform
        self.w = [Value(draw(-bound, bound) if bound else 0.0) for _ in range(nin)]
        self.b = Value(draw(-bound, bound) if init == "fan_in" else 0.0) if bias else None

    def tensors(self) -> dict[str, Any]:
        return {"weight": [self.w]} | ({} if self.b is None else {"bias": [self.b]})

    def preactivation(self, x: Sequence[Number]) -> Value:
        """w·x + b."""
        z = dot(self.w, _inputs(x, len(self.w), "neuron"))
        return z if self.b is None else z + self.b

    def __call__(self, x: Sequence[Number]) -> Value:
        return activate(self.activation, [self.preactivation(x)])[0]

    def __repr__(self) -> str:
        return f"Neuron of {counted(len(self.w), 'input')}, {self.activation}"


class Layer(Module):
    """nout neurons on the same nin inputs; called, the list of their outputs, or the output of a single one.

    Arguments and errors are those of Neuron.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: random.Random | None = None,
    ) -> None:
        options: dict[str, Any] = {"activation": activation, "bias": bias, "init": init, "rng": rng, "nout": nout}
        self.neurons = [Neuron(nin, nonlin, **options) for _ in range(_count("neurons", nout))]

    def tensors(self) -> dict[str, Any]:
        parts = [neuron.tensors() for neuron in self.neurons]
        return {name: [part[name][0] for part in parts] for name in parts[0]}

    def __call__(self, x: Sequence[Number]) -> Any:
        # A number is made a constant once, and not by every neuron.
        shared = [operand(v, "a layer") for v in _inputs(x, len(self.neurons[0].w), "layer")]
        outputs = activate(self.neurons[0].activation, [neuron.preactivation(shared) for neuron in self.neurons])
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        first = self.neurons[0]
        neurons = counted(len(self.neurons), f"{first.activation} neuron")
        return f"Layer of {neurons} of {counted(len(first.w), 'input')}"


class MLP(Module):
    """Layers one after another: nin inputs, then as many neurons in each layer as nouts says.

    activation is that of all layers but the last, which has output_activation. The other arguments and the errors
    are those of Layer; no layers are a ValueError.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str = "relu",
        output_activation: str = "linear",
        bias: bool = True,
        init: str = "uniform",
        rng: random.Random | None = None,
    ) -> None:
        if not nouts:
            raise ValueError("an MLP has at least one layer; give the number of neurons of each in nouts")
        widths = [nin, *nouts]
        names = [activation] * (len(nouts) - 1) + [output_activation]
        self.layers = [
            Layer(widths[i], widths[i + 1], activation=name, bias=bias, init=init, rng=rng)
            for i, name in enumerate(names)
        ]

    def tensors(self) -> dict[str, Any]:
        layers = enumerate(self.layers)
        return {f"{i}.{name}": tensor for i, layer in layers for name, tensor in layer.tensors().items()}

    def __call__(self, x: Sequence[Number]) -> Any:
        for layer in self.layers[:-1]:
            outputs = layer(x)
            x = [outputs] if isinstance(outputs, Value) else outputs
        return self.layers[-1](x)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _inputs(x: Sequence[Number], wanted: int, what: str) -> Sequence[Number]:
    if isinstance(x, (Value, str)) or not hasattr(x, "__len__"):
        raise TypeError(f"a {what} takes a list of numbers or Values, not {type(x).__name__} {x!r}; write [x]")
    if len(x) != wanted:
        raise ValueError(f"a {what} of {counted(wanted, 'input')} was given {len(x)}")
    return x
