"""Neurons, layers of them, and layers one after another.

>>> import random
>>> from autograd.nn import Layer
>>> layer = Layer(2, 3, activation="sigmoid", rng=random.Random(1))
>>> len(layer([0.5, -1.0])), len(layer.parameters())
(3, 9)
"""

import random
from collections.abc import Sequence
from typing import Any

from autograd.arguments import known, whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn.choices import ACTIVATIONS, Initial, activate, inputs
from autograd.nn.module import Module
from autograd.wording import counted


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
        known("activation", self.activation, ACTIVATIONS)
        initial = Initial(init, whole("the number of inputs", nin), nout, rng)
        self.w = [initial.weight() for _ in range(nin)]
        self.b = initial.bias() if bias else None

    def tensors(self) -> dict[str, Any]:
        own = {"weight": [self.w]} | ({} if self.b is None else {"bias": [self.b]})
        return own | self._tensors_beside("w", "b")

    def preactivation(self, x: Sequence[Number]) -> Value:
        """w·x + b."""
        return self._weighed(inputs(x, len(self.w), "a neuron"))

    def _weighed(self, x: Sequence[Number]) -> Value:
        z = dot(self.w, x)
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
        self.neurons = [Neuron(nin, nonlin, **options) for _ in range(whole("the number of neurons", nout))]

    def tensors(self) -> dict[str, Any]:
        parts = [neuron.tensors() for neuron in self.neurons]
        return {name: [part[name][0] for part in parts] for name in parts[0]} | self._tensors_beside("neurons")

    def __call__(self, x: Sequence[Number]) -> Any:
        # A number is made a constant once, and not by every neuron.
        shared = [operand(v, "a layer") for v in inputs(x, len(self.neurons[0].w), "a layer")]
        outputs = activate(self.neurons[0].activation, [neuron._weighed(shared) for neuron in self.neurons])
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
        own = {f"{i}.{name}": tensor for i, layer in layers for name, tensor in layer.tensors().items()}
        return own | self._tensors_beside("layers")

    def __call__(self, x: Sequence[Number]) -> Any:
        for layer in self.layers[:-1]:
            outputs = layer(x)
            x = [outputs] if isinstance(outputs, Value) else outputs
        return self.layers[-1](x)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
