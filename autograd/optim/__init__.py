"""Optimisers, which change parameters by the gradients that `backward` left in them.

>>> from autograd import Value
>>> from autograd.optim import SGD
>>> w = Value(1.0)
>>> optimizer = SGD([w], lr=0.1)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w * w).backward()
...     optimizer.step()
>>> round(w.data, 3)
0.512
>>> optimizer
SGD of 1 parameter, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0

The hyperparameters have the names, defaults and meaning that they have in PyTorch. Each update is PyTorch's, step for
step, for nan and infinite gradients too. Groups of parameters may have hyperparameters of their own, as in
`SGD([{"params": [w]}, {"params": [b], "lr": 0.5}], lr=0.1)`. The schedules in `lr_scheduler` change the learning rates,
and `autograd.nn.utils` clips gradients.

An optimiser may also be made for a compiled program, as `SGD(program, lr=0.1)`. It changes `program.parameters`, a
flat array, in place, by `program.gradient`, which `program.value_and_grad` fills. Each update is written once, as a
loop over parameters: those of a program are a few arrays. In float64 both come to the same numbers, bit for bit.
"""

from autograd.optim import lr_scheduler
from autograd.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LRScheduler, StepLR
from autograd.optim.methods import SGD, Adagrad, Adam, AdamW, RMSprop
from autograd.optim.optimizer import Optimizer

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "Optimizer",
    "RMSprop",
    "StepLR",
    "lr_scheduler",
]
