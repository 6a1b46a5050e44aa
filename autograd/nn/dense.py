"""Neurons, layers of neurons, and networks of layers.

>>> import random
>>> from autograd.nn import Layer
>>> layer = Layer(2, 3, activation="sigmoid", rng=random.Random(1))
>>> len(layer([0.5, -1.0])), len(layer.parameters())
(3, 9)
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from autograd.arguments import whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn import choices
from autograd.nn.choices import Initial, activate, inputs
from autograd.nn.module import Module
from autograd.wording import counted


class Neuron(Module):
    """activation(w·x + b), with the list `w` of nin weights and the bias `b`, which is None for bias=False.

    Called with a list of nin numbers or Values, it returns one Value. activation is a name from ACTIVATIONS, or that of
    an own operation; without one it is "relu", or "linear" for nonlin=False, as in micrograd. init is a name from
    INITIALISATIONS. The weights are drawn in order from rng, or from Python's shared generator. nout is the size of
    the layer around the neuron, which only xavier uses. ValueError for nin below 1, for an unknown name, and when
    called with another number of inputs; TypeError when called with anything but a list.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: Random | None = None,
        nout: int = 1,
    ) -> None:
        self.activation = activation if activation is not None else "relu" if nonlin else "linear"
        choices.activation(self.activation)
        nin, nout = whole("the number of inputs", nin), whole("the size of the layer around a neuron", nout)
        initial = Initial(init, nin, nout, rng)
        self.w = [initial.weight() for _ in range(nin)]
        self.b = initial.bias() if bias else None

    def tensors(self) -> dict[str, Any]:
        own = {"weight": [self.w]} | ({} if self.b is None else {"bias": [self.b]})
        return own | self._tensors_beside("w", "b")

    def preactivation(self, x: Sequence[Number]) -> Value:
        """w·x + b, for a list of nin numbers or Values; the errors are those of the call."""
        return self._weighed(inputs(x, len(self.w), "a neuron"))

    def _weighed(self, x: Sequence[Number]) -> Value:
        z = dot(self.w, x)
        return z if self.b is None else z + self.b

    def __call__(self, x: Sequence[Number]) -> Value:
        return activate(self.activation, [self.preactivation(x)])[0]

    def __repr__(self) -> str:
        return f"Neuron of {counted(len(self.w), 'input')}, {self.activation}"


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
        activation: str | None = None,
        bias: bool = True,
        init: str = "uniform",
        rng: Random | None = None,
    ) -> None:
        options: dict[str, Any] = {"activation": activation, "bias": bias, "init": init, "rng": rng, "nout": nout}
        self.neurons = [Neuron(nin, nonlin, **options) for _ in range(whole("the number of neurons", nout))]

    def tensors(self) -> dict[str, Any]:
        parts = [neuron.tensors() for neuron in self.neurons]
        return {name: [part[name][0] for part in parts] for name in parts[0]} | self._tensors_beside("neurons")

    def __call__(self, x: Sequence[Number]) -> Any:
        # All neurons share the constant that a number becomes, so that it is one node and not nout.
        shared = [operand(v, "a layer") for v in inputs(x, len(self.neurons[0].w), "a layer")]
        outputs = activate(self.neurons[0].activation, [neuron._weighed(shared) for neuron in self.neurons])
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        first = self.neurons[0]
        neurons = counted(len(self.neurons), f"{first.activation} neuron")
        return f"Layer of {neurons} of {counted(len(first.w), 'input')}"


class MLP(Module):
    """A multilayer perceptron: layers one after another, with nin inputs and the sizes nouts.

    Called with a list of nin numbers or Values, it returns what its last layer returns: a list of nouts[-1] Values,
    or one Value for nouts[-1] = 1. activation is that of all layers but the last, output_activation that of the
    last. The other arguments and the errors are those of Layer; ValueError also for empty nouts, TypeError for nouts
    that are no list.
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
        rng: Random | None = None,
    ) -> None:
        if isinstance(nouts, str) or not isinstance(nouts, Iterable):
            raise TypeError(f"an MLP takes the sizes of its layers as a list, not {type(nouts).__name__} {nouts!r}")
        nouts = list(nouts)
        if not nouts:
            raise ValueError("an MLP has at least one layer; give the number of neurons of each in nouts")
        names = [activation] * (len(nouts) - 1) + [output_activation]
        self.layers = [
            Layer(*sizes, activation=name, bias=bias, init=init, rng=rng)
            for sizes, name in zip(pairwise([nin, *nouts]), names, strict=True)
        ]

    def tensors(self) -> dict[str, Any]:
        layers = enumerate(self.layers)
        own = {f"{i}.{name}": tensor for i, layer in layers for name, tensor in layer.tensors().items()}
        return own | self._tensors_beside("layers")

    def __call__(self, x: Sequence[Number]) -> Any:
        for layer in self.layers[:-1]:
            outputs = layer(x)
            x = [outputs] if isinstance(outputs, Value) else outputs
        return self.layers[-1](x)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
