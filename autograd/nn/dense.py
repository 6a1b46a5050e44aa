"""Neurons, layers of neurons, linear layers, and networks of layers.

>>> import random
>>> from autograd.nn import Layer
>>> layer = Layer(2, 3, activation="sigmoid", rng=random.Random(1))
>>> len(layer([0.5, -1.0])), len(layer.parameters())
(3, 9)
"""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise
from numbers import Integral
from random import Random
from typing import Any

from autograd.arguments import described, shown, whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn import choices
from autograd.nn.choices import Activation, Initial, activate, inputs, recorded, title
from autograd.nn.module import Module
from autograd.nn.sequential import Sequential
from autograd.show.layers import Layer as LayerInGraph
from autograd.show.layers import Units
from autograd.show.models import write_places
from autograd.wording import counted


class Neuron(Module):
    """activation(w·x + b), with the list `w` of nin weights and the bias `b`, which is None for bias=False.

    Called with a list of nin numbers or Values, it returns one Value. activation is a name from ACTIVATIONS, that of
    an own operation, or a function of a Value; without one it is "relu", or "linear" for nonlin=False, as in micrograd.
    init is a name from INITIALISATIONS. The weights are drawn in order from rng, or from Python's shared generator.
    nout is the size of the layer around the neuron, for xavier. ValueError for nin below 1, for an unknown name, for
    softmax over one output, and when called with another number of inputs; TypeError when called with anything but a
    list of numbers.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: Random | None = None,
        nout: int = 1,
    ) -> None:
        if isinstance(nonlin, str) or callable(nonlin):
            raise TypeError(f"nonlin is True or False, not {described(nonlin)}; write activation={nonlin!r}")
        chosen = activation if activation is not None else "relu" if nonlin else "linear"
        self.activation: Activation = choices.activation(chosen, nout)
        nin, nout = whole("the number of inputs", nin), whole("the size of the layer around a neuron", nout)
        initial = Initial(init, nin, nout, rng)
        self.w = [initial.weight() for _ in range(nin)]
        self.b = initial.bias() if bias else None
        write_places(self)

    def tensors(self) -> dict[str, Any]:
        own = {"weight": [self.w]} | ({} if self.b is None else {"bias": [self.b]})
        return own | self._tensors_beside("w", "b")

    def preactivation(self, x: Sequence[Number]) -> Value:
        """w·x + b, for a list of nin numbers or Values; the errors are those of the call."""
        return self._weighed(inputs(x, len(self.w), "a neuron"))

    def _weighed(self, x: Sequence[Number]) -> Value:
        z = dot(self.w, x)
        return z if self.b is None else z + self.b

    def _named_layers(self) -> list[LayerInGraph]:
        return [_layer(self.activation, [self.w], [self.b], single=True)]

    def __call__(self, x: Sequence[Number]) -> Value:
        return activate(self.activation, [self.preactivation(x)])[0]

    def __repr__(self) -> str:
        return f"Neuron of {counted(len(self.w), 'input')}, {title(self.activation)}"


class Layer(Module):
    """nout neurons that all read the same nin inputs.

    Called with a list of nin numbers or Values, it returns the list of the nout outputs, or for nout = 1 that one
    Value. The arguments and errors are those of Neuron; ValueError also for nout below 1.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: Activation | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: Random | None = None,
    ) -> None:
        options: dict[str, Any] = {"activation": activation, "bias": bias, "init": init, "rng": rng, "nout": nout}
        self.neurons = [Neuron(nin, nonlin, **options) for _ in range(whole("the number of neurons", nout))]
        write_places(self)

    def tensors(self) -> dict[str, Any]:
        biases = [neuron.b for neuron in self.neurons]
        own: dict[str, Any] = {"weight": [neuron.w for neuron in self.neurons]}
        if None not in biases:
            own["bias"] = biases
        for i, neuron in enumerate(self.neurons):
            own |= {f"neurons.{i}.{name}": tensor for name, tensor in neuron._tensors_beside("w", "b").items()}
        return own | self._tensors_beside("neurons")

    def _named_layers(self) -> list[LayerInGraph]:
        neurons = self.neurons
        return [_layer(neurons[0].activation, [neuron.w for neuron in neurons], [neuron.b for neuron in neurons])]

    def __call__(self, x: Sequence[Number]) -> Any:
        # All neurons share the constant that a number becomes, so that it is one node and not nout.
        shared = [operand(v, "a layer") for v in inputs(x, len(self.neurons[0].w), "a layer")]
        outputs = activate(self.neurons[0].activation, [neuron._weighed(shared) for neuron in self.neurons])
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        first = self.neurons[0]
        neurons = counted(len(self.neurons), f"{title(first.activation)} neuron")
        return f"Layer of {neurons} of {counted(len(first.w), 'input')}"


class Linear(Module):
    """weight·x + bias, with a row of weights and a bias for each output, as PyTorch's Linear.

    Called with a list of in_features numbers or Values, it returns a list of out_features Values. The parameters are
    `weight` (out_features × in_features) and `bias` (out_features, or empty for bias=False), by default uniform within
    ±1/√in_features. ValueError for sizes below 1, for an unknown init, and when called with another number of inputs;
    TypeError when called with anything but a list of numbers.

    >>> Linear(2, 1, init="zeros")([0.5, -1.0])
    [Value(data=0.0)]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: str = "fan_in",
        rng: Random | None = None,
    ) -> None:
        if not isinstance(bias, bool):
            raise TypeError(f"bias is True or False, not {described(bias)}; an activation is a step after this layer")
        nin, nout = whole("the number of inputs", in_features), whole("the number of outputs", out_features)
        initial = Initial(init, nin, nout, rng)
        self.weight = [[initial.weight() for _ in range(nin)] for _ in range(nout)]
        self.bias = [initial.bias() for _ in range(nout)] if bias else []
        write_places(self)

    def _named_layers(self) -> list[LayerInGraph]:
        return [_layer("linear", self.weight, self.bias or [None] * len(self.weight))]

    def __call__(self, x: Sequence[Number]) -> list[Value]:
        shared = [operand(v, "a Linear") for v in inputs(x, len(self.weight[0]), "a Linear")]
        outputs = [dot(row, shared) for row in self.weight]
        return [z + b for z, b in zip(outputs, self.bias, strict=True)] if self.bias else outputs

    def __repr__(self) -> str:
        bias = "" if self.bias else ", no bias"
        return f"Linear of {counted(len(self.weight[0]), 'input')}, {counted(len(self.weight), 'output')}{bias}"


def _layer(
    activation: Activation,
    weights: Sequence[Sequence[Value]],
    biases: Sequence[Value | None],
    *,
    single: bool = False,
) -> LayerInGraph:
    """The layer of these rows of weights, each with a bias or None."""
    columns = [("w", (len(weights[0]),))]
    outputs = partial(recorded, activation)
    units = Units("dense", title(activation), rows=len(weights), weights=columns, outputs=outputs, single=single)
    return LayerInGraph(units, weights, [[] if bias is None else [bias] for bias in biases])


class MLP(Sequential):
    """A multilayer perceptron: layers one after another, with nin inputs and the sizes nouts.

    Called with a list of nin numbers or Values, it returns what its last layer returns: a list of nouts[-1] Values,
    or one Value for nouts[-1] = 1. activation is that of all layers but the last, output_activation that of the
    last. The other arguments and the errors are those of Layer; ValueError also for empty nouts, TypeError for nouts
    that are no list.
    """

    layers: list[Layer]

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int] = (),
        *more: object,
        activation: Activation = "relu",
        output_activation: Activation = "linear",
        bias: bool = True,
        init: str = "uniform",
        rng: Random | None = None,
    ) -> None:
        sizes = _sizes(nin, nouts, more)
        kinds = [activation] * (len(sizes) - 2) + [output_activation]
        self.layers = [
            Layer(*pair, activation=kind, bias=bias, init=init, rng=rng)
            for pair, kind in zip(pairwise(sizes), kinds, strict=True)
        ]
        write_places(self)

    def _title(self) -> str:
        nin, parameters = len(self.layers[0].neurons[0].w), len(self.parameters())
        return f"{type(self).__name__} of {counted(nin, 'input')}, {counted(parameters, 'parameter')}"


def _sizes(nin: Any, nouts: Any, more: tuple[Any, ...]) -> list[int]:
    """The sizes of an MLP in a row; an error with the right call for those given in another way."""
    if isinstance(nin, (list, tuple)) and len(nin) > 1:
        raise TypeError(
            "an MLP takes its number of inputs and then a list of sizes; "
            f"write MLP({shown(nin[0])}, {shown([*nin[1:]])})"
        )
    words = [f", activation={word!r}" for word in more if isinstance(word, str)]
    if isinstance(nouts, str) or not isinstance(nouts, Iterable):
        row = [int(n) for n in (nouts, *more) if isinstance(n, Integral)] or [3, 1]
        raise TypeError(
            f"an MLP takes the sizes of its layers as a list, not {described(nouts)}; "
            f"write MLP({shown(nin)}, {row}{''.join(words)})"
        )
    if more:
        raise TypeError(
            "an MLP takes its options by name; "
            f"write MLP({shown(nin)}, {shown(list(nouts))}{''.join(words) or ', activation=…'})"
        )
    if not (sizes := list(nouts)):
        raise ValueError("an MLP has at least one layer; write MLP(2, [3, 1]) for 2 inputs, 3 neurons and 1 output")
    return [nin, *sizes]
