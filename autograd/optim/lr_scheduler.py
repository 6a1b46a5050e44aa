"""Schedules, which change the learning rates of an optimiser from epoch to epoch.

>>> from autograd import Value, optim
>>> optimizer = optim.SGD([Value(1.0)], lr=0.8)
>>> schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
>>> for epoch in range(4):
...     optimizer.step()
...     schedule.step()
>>> schedule, optimizer.lr
(StepLR at epoch 4, lr=0.2, step_size=2, gamma=0.5, 0.2)

Each has PyTorch's name and arguments, and gives PyTorch's numbers. It changes the rate that it finds, so several may be
chained, and a rate may be changed between their steps. In a training by `fit`, the callback steps it:
`train.fit(…, callback=lambda epoch, loss: schedule.step())`. In the formulas below t is the number of steps so far.
"""

import math

from autograd.arguments import described, real, whole
from autograd.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LRScheduler", "StepLR"]


class LRScheduler:
    """The base class of the schedules: `step` after each epoch sets the rate of each group of the optimiser.

    TypeError for anything but an optimiser, and for an argument that is no number; ValueError for one out of its range.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            name = type(self).__name__
            raise TypeError(f"{name} takes an optimizer, as in optim.SGD(…), not {described(optimizer)}")
        self.optimizer, self.last_epoch = optimizer, 0
        self.base_lrs = self.get_last_lr()

    def get_last_lr(self) -> list[float]:
        """The rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Set the rates of the next epoch."""
        self.last_epoch += 1
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=False):
            group["lr"] = self._next(group["lr"], base)

    def _next(self, lr: float, base: float) -> float:
        """The rate of this epoch, by that of the last one and the first one."""
        raise NotImplementedError

    def __repr__(self) -> str:
        own = [f"{key}={x!r}" for key, x in vars(self).items() if key not in ("optimizer", "last_epoch", "base_lrs")]
        rates = " and ".join(f"{rate:.6g}" for rate in self.get_last_lr())
        return ", ".join([f"{type(self).__name__} at epoch {self.last_epoch}", f"lr={rates}", *own])


class StepLR(LRScheduler):
    """The rate times gamma after each step_size epochs: base·gamma^(t // step_size)."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size, self.gamma = whole("StepLR: step_size", step_size), _factor("StepLR", gamma)

    def _next(self, lr: float, base: float) -> float:
        return lr if self.last_epoch % self.step_size else lr * self.gamma


class ExponentialLR(LRScheduler):
    """The rate times gamma after each epoch: base·gamma^t."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer)
        self.gamma = _factor("ExponentialLR", gamma)

    def _next(self, lr: float, base: float) -> float:
        return lr * self.gamma


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the first rate down to eta_min in T_max epochs.

    The rate is eta_min + (base - eta_min)·(1 + cos(π·t/T_max))/2. After T_max epochs it goes up again, as the cosine
    does. Source: I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), without the
    restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803  (PyTorch's name)
        super().__init__(optimizer)
        self.T_max, self.eta_min = whole("CosineAnnealingLR: T_max", T_max), real("CosineAnnealingLR: eta_min", eta_min)

    def _next(self, lr: float, base: float) -> float:
        t, low = self.last_epoch, self.eta_min
        if (t - 1) % (2 * self.T_max) == self.T_max:
            # The last rate was eta_min, and tells nothing of what it came from.
            return lr + (base - low) * (1.0 - math.cos(math.pi / self.T_max)) / 2.0
        now, last = (1.0 + math.cos(math.pi * k / self.T_max) for k in (t, t - 1))
        return low + (lr - low) * now / last


def _factor(name: str, gamma: object) -> float:
    number = real(f"{name}: gamma", gamma)
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{name}: gamma, the factor of the rate, is a finite number of at least 0, not {gamma!r}")
    return number
