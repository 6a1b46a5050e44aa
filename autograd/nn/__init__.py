"""Neural networks: modules that hold parameters and compute outputs from inputs.

>>> import random
>>> from autograd import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
>>> model
MLP of 2 inputs, 13 parameters
  0: Layer of 3 tanh neurons of 2 inputs
  1: Layer of 1 linear neuron of 3 inputs
>>> model([1.0, -2.0])
Value(data=0.0740595)
>>> [name for name, _ in model.named_parameters()][:4]
['layers.0.neurons.0.w.0', 'layers.0.neurons.0.w.1', 'layers.0.neurons.0.b', 'layers.0.neurons.1.w.0']

Inputs are lists of numbers or Values. `Neuron`, `Layer`, `MLP` and `Module` have the names and defaults of
micrograd's `nn`: ReLU in the hidden layers, a linear last layer, weights uniform in (-1, 1), biases zero. Cells and
convolutions start as those of PyTorch do. All gradients come from the engine; these modules contain no derivatives.

`Linear`, `RNNCell`, `LSTMCell` and `Conv2d` take and return nested lists, with PyTorch's shapes and names of
parameters, and `Sequential` calls modules and activations one after another:

>>> cell = nn.RNNCell(2, 3, rng=random.Random(1))
>>> [round(h.data, 3) for h in cell([1.0, -2.0], [0.0, 0.0, 0.0])]
[...]
>>> [name for name, _ in cell.named_parameters()][0]
'weight_ih.0.0'
>>> image = [[[1.0, 2.0], [3.0, 4.0]]]
>>> [[len(row) for row in plane] for plane in nn.Conv2d(1, 5, 2, rng=random.Random(1))(image)]
[[1], [1], [1], [1], [1]]
>>> model = nn.Sequential(nn.Linear(2, 3), "tanh", nn.Linear(3, 1))
>>> len(model([1.0, -2.0])), [*model.state_dict()]
(1, ['0.weight', '0.bias', '2.weight', '2.bias'])
"""

from typing import Any, Final

from autograd.nn.choices import ACTIVATIONS, INITIALISATIONS, activate
from autograd.nn.convolution import Conv2d
from autograd.nn.dense import MLP, Layer, Linear, Neuron
from autograd.nn.module import Module
from autograd.nn.recurrent import LSTMCell, RNNCell
from autograd.nn.sequential import Sequential
from autograd.nn.utils import clip_grad_norm_, clip_grad_value_

_LOSSES: Final = {
    "MSELoss": "mse",
    "L1Loss": "l1",
    "HuberLoss": "huber",
    "CrossEntropyLoss": "cross_entropy",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
}
"""Names of PyTorch's modules, and of the functions here."""


def __getattr__(name: str) -> Any:
    small = {activation.replace("_", ""): activation for activation in ACTIVATIONS}
    remedy = ""
    if name.lower() in small:
        remedy = f"; an activation is a name: write {small[name.lower()]!r}"
    elif name in _LOSSES:
        remedy = f"; a loss is a function: write losses.{_LOSSES[name]}"
    raise AttributeError(f"module 'autograd.nn' has no attribute {name!r}{remedy}")


__all__ = [
    "ACTIVATIONS",
    "INITIALISATIONS",
    "MLP",
    "Conv2d",
    "LSTMCell",
    "Layer",
    "Linear",
    "Module",
    "Neuron",
    "RNNCell",
    "Sequential",
    "activate",
    "clip_grad_norm_",
    "clip_grad_value_",
]
