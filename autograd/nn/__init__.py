"""Neural networks: modules that hold parameters and compute outputs from inputs.

>>> import random
>>> from autograd import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
>>> model
MLP of [Layer of 3 tanh neurons of 2 inputs, Layer of 1 linear neuron of 3 inputs]
>>> model([1.0, -2.0])
Value(data=0.0740595)
>>> [name for name, _ in model.named_parameters()][:4]
['layers.0.neurons.0.w.0', 'layers.0.neurons.0.w.1', 'layers.0.neurons.0.b', 'layers.0.neurons.1.w.0']

Inputs are lists of numbers or Values. `Neuron`, `Layer`, `MLP` and `Module` have the names and defaults of
micrograd's `nn`: ReLU in the hidden layers, a linear last layer, weights uniform in (-1, 1), biases zero. Cells and
convolutions start as those of PyTorch do. All gradients come from the engine; these modules contain no derivatives.

`RNNCell`, `LSTMCell` and `Conv2d` take and return nested lists, with PyTorch's shapes and names of parameters:

>>> cell = nn.RNNCell(2, 3, rng=random.Random(1))
>>> [round(h.data, 3) for h in cell([1.0, -2.0], [0.0, 0.0, 0.0])]
[...]
>>> [name for name, _ in cell.named_parameters()][0]
'weight_ih.0.0'
>>> image = [[[1.0, 2.0], [3.0, 4.0]]]
>>> [[len(row) for row in plane] for plane in nn.Conv2d(1, 5, 2, rng=random.Random(1))(image)]
[[1], [1], [1], [1], [1]]
"""

from autograd.nn.choices import ACTIVATIONS, INITIALISATIONS, activate
from autograd.nn.convolution import Conv2d
from autograd.nn.dense import MLP, Layer, Neuron
from autograd.nn.module import Module
from autograd.nn.recurrent import LSTMCell, RNNCell

__all__ = [
    "ACTIVATIONS",
    "INITIALISATIONS",
    "MLP",
    "Conv2d",
    "LSTMCell",
    "Layer",
    "Module",
    "Neuron",
    "RNNCell",
    "activate",
]
