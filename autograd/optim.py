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

The hyperparameters have the names, defaults and meaning that they have in PyTorch. Each update is PyTorch's, step for
step, for nan and infinite gradients too. In the formulas below p is a parameter and g its gradient.
"""

from collections.abc import Iterable
from typing import Any

from autograd.engine import ieee
from autograd.engine.value import Value

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer:
    """The base class of the optimisers: it holds the parameters, `lr` and `weight_decay`, and checks them.

    parameters is an iterable of leaves; `lr`, the learning rate, may be changed between steps. TypeError for anything
    else than Values, ValueError for no parameters, for one that is the result of an operation or occurs twice, and
    for a hyperparameter out of its range. The subclasses raise the same errors.
    """

    def __init__(self, parameters: Iterable[Value], lr: float, weight_decay: float) -> None:
        name = type(self).__name__
        if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            given = type(parameters).__name__
            raise TypeError(f"{name} takes a list of parameters, not {given}; pass model.parameters()")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{name} has no parameters to change; pass model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"{name} changes Values, not {type(p).__name__} {p!r}; pass model.parameters()")
            if p.operands:
                raise ValueError(f"{name} changes leaves, and {p!r} is the result of {p.op}; pass its operands")
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ValueError(f"{name} has a parameter twice and would change it twice; pass each once")
        self._check(lr=lr, weight_decay=weight_decay)
        self.lr, self.weight_decay = lr, weight_decay

    def _check(self, below: float = ieee.INF, **hyperparameters: float) -> None:
        for name, number in hyperparameters.items():
            if isinstance(number, Value):
                raise TypeError(f"{type(self).__name__}: {name} is a plain number, not a Value; pass its data")
            if not 0.0 <= number < below:
                limit = "of at least 0" if below == ieee.INF else f"from 0 to below {below:g}"
                raise ValueError(f"{type(self).__name__}: {name} must be a finite number {limit}, not {number!r}")

    def zero_grad(self) -> None:
        """Set every gradient to 0, because `backward` accumulates."""
        for p in self.parameters:
            p.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its gradient."""
        raise NotImplementedError

    def _gradients(self) -> list[float]:
        """The gradient of each parameter after weight decay."""
        if self.weight_decay:
            return [p.grad + self.weight_decay * p.data for p in self.parameters]
        return [p.grad for p in self.parameters]

    def _zeros(self) -> list[float]:
        return [0.0] * len(self.parameters)


class SGD(Optimizer):
    """Stochastic gradient descent: p - lr·g, or with momentum p - lr·v, where v = momentum·v + (1 - dampening)·g.

    The first v is g. nesterov makes it p - lr·(g + momentum·v) and needs a momentum and no dampening, else
    ValueError. weight_decay adds weight_decay·p to g. Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the
    importance of initialization and momentum in deep learning (2013), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self._check(momentum=momentum)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0; pass momentum=0.9")
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        self._velocity: list[float] = []

    def step(self) -> None:
        """Change every parameter by its gradient."""
        steps = grads = self._gradients()
        if self.momentum:
            kept = 1.0 - self.dampening
            last = self._velocity
            steps = [v * self.momentum + kept * g for v, g in zip(last, grads, strict=True)] if last else grads
            self._velocity = steps
            if self.nesterov:
                steps = [g + self.momentum * v for g, v in zip(grads, steps, strict=True)]
        for p, step in zip(self.parameters, steps, strict=True):
            p.data += -self.lr * step


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: p - lr·m̂/(√v̂ + eps).

    m and v are running means of g and g² with the decay rates betas; m̂ and v̂ are corrected for their start at 0.
    amsgrad takes the greatest v so far. weight_decay adds weight_decay·p to g. ValueError for betas outside [0, 1).
    Source: D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization (2015), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self._check(1.0, **{"betas[0]": betas[0], "betas[1]": betas[1]})
        self._check(eps=eps)
        self.betas, self.eps, self.amsgrad = betas, eps, amsgrad
        self._steps = 0
        self._mean, self._square, self._greatest = self._zeros(), self._zeros(), self._zeros()

    def step(self) -> None:
        """Change every parameter by its gradient."""
        self._steps += 1
        b1, b2 = self.betas
        rate = self.lr / (1.0 - b1**self._steps)
        root = ieee.sqrt(1.0 - b2**self._steps)
        for i, (p, g) in enumerate(zip(self.parameters, self._gradients(), strict=True)):
            m = self._mean[i] = _between(self._mean[i], g, 1.0 - b1)
            v = self._square[i] = self._square[i] * b2 + ((1.0 - b2) * g) * g
            if self.amsgrad:
                v = self._greatest[i] = ieee.greatest([self._greatest[i], v])
            p.data += ieee.divide(-rate * m, ieee.sqrt(v) / root + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: p becomes p·(1 - lr·weight_decay) before the step, and g stays as it is.

    The other options and their defaults are those of Adam.
    Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), in PyTorch's form.
    """

    def __init__(
        self, parameters: Iterable[Value], lr: float = 1e-3, *, weight_decay: float = 1e-2, **options: Any
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)

    def _gradients(self) -> list[float]:
        if self.weight_decay:
            for p in self.parameters:
                p.data *= 1.0 - self.lr * self.weight_decay
        return [p.grad for p in self.parameters]


class RMSprop(Optimizer):
    """Gradients divided by the root of the running mean s of their squares: p - lr·g/(√s + eps).

    alpha is the decay rate of the mean. centered subtracts the square of the running mean of g from s. momentum
    accumulates the quotients as SGD does the gradients. weight_decay adds weight_decay·p to g.
    Source: T. Tieleman, G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self._check(alpha=alpha, eps=eps, momentum=momentum)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered
        self._square, self._mean, self._velocity = self._zeros(), self._zeros(), self._zeros()

    def step(self) -> None:
        """Change every parameter by its gradient."""
        for i, (p, g) in enumerate(zip(self.parameters, self._gradients(), strict=True)):
            s = self._square[i] = self._square[i] * self.alpha + ((1.0 - self.alpha) * g) * g
            if self.centered:
                m = self._mean[i] = _between(self._mean[i], g, 1.0 - self.alpha)
                # Where both overflow, m² is still the smaller one: the difference is infinite and not nan.
                s = s - m * m if s < ieee.INF else s
            size = ieee.sqrt(s) + self.eps
            if self.momentum:
                v = self._velocity[i] = self._velocity[i] * self.momentum + ieee.divide(g, size)
                p.data += -self.lr * v
            else:
                p.data += ieee.divide(-self.lr * g, size)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum s of all their squares so far: p - lr·g/(√s + eps).

    s starts at initial_accumulator_value. In step t, counted from 1, the learning rate is lr/(1 + (t - 1)·lr_decay).
    weight_decay adds weight_decay·p to g. Source: J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for
    Online Learning and Stochastic Optimization (2011), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        *,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self._check(lr_decay=lr_decay, initial_accumulator_value=initial_accumulator_value, eps=eps)
        self.lr_decay, self.eps = lr_decay, eps
        self._steps = 0
        self._sum = [initial_accumulator_value] * len(self.parameters)

    def step(self) -> None:
        """Change every parameter by its gradient."""
        rate = self.lr / (1.0 + self._steps * self.lr_decay)
        self._steps += 1
        for i, (p, g) in enumerate(zip(self.parameters, self._gradients(), strict=True)):
            s = self._sum[i] = self._sum[i] + g * g
            p.data += ieee.divide(-rate * g, ieee.sqrt(s) + self.eps)


def _between(start: float, end: float, weight: float) -> float:
    """start + weight·(end - start), computed from the nearer of the two so that weights 0 and 1 are exact."""
    step = end - start
    return start + weight * step if weight < 0.5 else end - step * (1.0 - weight)
