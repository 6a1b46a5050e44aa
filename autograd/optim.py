"""Optimisers: each takes a step from the gradients that `backward` left.

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

Hyperparameters have the names, defaults and meaning that they have in PyTorch, whose updates these are step
for step, on nan and infinite gradients too. Numbers alone are handled here, no graphs and no calculus.
"""

from collections.abc import Iterable

from autograd.engine import ieee
from autograd.engine.value import Value

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer:
    """What all optimisers share: parameters, a learning rate, weight decay, and the check of them.

    `lr` may be changed between steps. ValueError for no parameters, one that is no leaf, one that comes twice,
    and hyperparameters out of range.
    """

    def __init__(self, parameters: Iterable[Value], lr: float, weight_decay: float) -> None:
        if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            shown = type(parameters).__name__
            raise TypeError(f"{type(self).__name__} takes a list of parameters, not {shown}; pass model.parameters()")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{type(self).__name__} has no parameters to change; pass model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Value):
                raise TypeError(f"{type(self).__name__} changes Values, not {type(p).__name__} {p!r}")
            if p.operands:
                raise ValueError(f"{p!r} is the result of {p.op}; only leaves can be changed by an optimiser")
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ValueError("a parameter comes twice and would be changed twice; pass each once")
        self._check("lr", lr)
        self._check("weight_decay", weight_decay)
        self.lr, self.weight_decay = lr, weight_decay

    def _check(self, name: str, number: float, below: float = float("inf")) -> None:
        if isinstance(number, Value):
            raise TypeError(f"{type(self).__name__}: {name} is a plain number, not a Value; pass its data")
        if not 0.0 <= number < below:
            limit = "and no less than 0" if below == float("inf") else f"from 0 to below {below:g}"
            raise ValueError(f"{type(self).__name__}: {name} must be a number {limit}, not {number!r}")

    def zero_grad(self) -> None:
        """Set every gradient to zero, for they add up."""
        for p in self.parameters:
            p.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its gradient."""
        raise NotImplementedError

    def _decayed_gradient(self, p: Value) -> float:
        """The gradient to step along, after weight decay has had its part: in it, or in p itself."""
        return p.grad + self.weight_decay * p.data if self.weight_decay else p.grad

    def _zeros(self) -> list[float]:
        return [0.0] * len(self.parameters)


class SGD(Optimizer):
    """Gradient descent: p − lr·g, with momentum p − lr·v where v = momentum·v + (1 − dampening)·g.

    With nesterov the step looks ahead: p − lr·(g + momentum·v). weight_decay adds weight_decay·p to the gradient.
    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum (2013),
    in PyTorch's form.
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
        self._check("momentum", momentum)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError("SGD: nesterov looks ahead along the momentum: give a momentum, and no dampening")
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        self._velocity: list[float] | None = None

    def step(self) -> None:
        """Change every parameter by its gradient."""
        grads = [self._decayed_gradient(p) for p in self.parameters]
        if self.momentum:
            if self._velocity is None:
                self._velocity = list(grads)
            else:
                kept = 1.0 - self.dampening
                self._velocity = [v * self.momentum + kept * g for v, g in zip(self._velocity, grads, strict=True)]
            if self.nesterov:
                grads = [g + self.momentum * v for g, v in zip(grads, self._velocity, strict=True)]
            else:
                grads = self._velocity
        for p, g in zip(self.parameters, grads, strict=True):
            p.data += -self.lr * g


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: p − lr·m̂/(√v̂ + eps).

    m and v are running means of g and g², m̂ and v̂ what they are after the bias of their start at zero is taken
    out. amsgrad keeps the greatest v. weight_decay adds weight_decay·p to the gradient.
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
        self._check("betas[0]", betas[0], below=1.0)
        self._check("betas[1]", betas[1], below=1.0)
        self._check("eps", eps)
        self.betas, self.eps, self.amsgrad = betas, eps, amsgrad
        self._steps = 0
        self._mean, self._square, self._greatest = self._zeros(), self._zeros(), self._zeros()

    def step(self) -> None:
        """Change every parameter by its gradient."""
        self._steps += 1
        b1, b2 = self.betas
        rate = self.lr / (1.0 - b1**self._steps)
        root = ieee.sqrt(1.0 - b2**self._steps)
        for i, p in enumerate(self.parameters):
            g = self._decayed_gradient(p)
            m = self._mean[i] = _between(self._mean[i], g, 1.0 - b1)
            v = self._square[i] = self._square[i] * b2 + ((1.0 - b2) * g) * g
            if self.amsgrad:
                v = self._greatest[i] = ieee.greatest([self._greatest[i], v])
            p.data += ieee.divide(-rate * m, ieee.sqrt(v) / root + self.eps)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves: p·(1 − lr·weight_decay) before the step.

    Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def _decayed_gradient(self, p: Value) -> float:
        if self.weight_decay:
            p.data *= 1.0 - self.lr * self.weight_decay
        return p.grad


class RMSprop(Optimizer):
    """Gradients divided by the root of the running mean of their squares: p − lr·g/(√s + eps).

    centered takes the square of the running mean of g from s; momentum adds steps up. weight_decay adds
    weight_decay·p to the gradient. Source: T. Tieleman, G. Hinton, lecture 6.5 (2012), in PyTorch's form.
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
        self._check("alpha", alpha)
        self._check("eps", eps)
        self._check("momentum", momentum)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered
        self._square, self._mean, self._velocity = self._zeros(), self._zeros(), self._zeros()

    def step(self) -> None:
        """Change every parameter by its gradient."""
        for i, p in enumerate(self.parameters):
            g = self._decayed_gradient(p)
            s = self._square[i] = self._square[i] * self.alpha + ((1.0 - self.alpha) * g) * g
            if self.centered:
                m = self._mean[i] = _between(self._mean[i], g, 1.0 - self.alpha)
                s = s - m * m if s < ieee.INF else s  # m² may overflow too, and yet it is the smaller one
            size = ieee.sqrt(s) + self.eps
            if self.momentum:
                v = self._velocity[i] = self._velocity[i] * self.momentum + ieee.divide(g, size)
                p.data += -self.lr * v
            else:
                p.data += ieee.divide(-self.lr * g, size)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares so far: p − lr·g/(√s + eps).

    lr falls as lr/(1 + (t − 1)·lr_decay). weight_decay adds weight_decay·p to the gradient.
    Source: J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods (2011), in PyTorch's form.
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
        self._check("lr_decay", lr_decay)
        self._check("initial_accumulator_value", initial_accumulator_value)
        self._check("eps", eps)
        self.lr_decay, self.eps = lr_decay, eps
        self._steps = 0
        self._sum = [initial_accumulator_value] * len(self.parameters)

    def step(self) -> None:
        """Change every parameter by its gradient."""
        rate = self.lr / (1.0 + self._steps * self.lr_decay)
        self._steps += 1
        for i, p in enumerate(self.parameters):
            g = self._decayed_gradient(p)
            s = self._sum[i] = self._sum[i] + g * g
            p.data += ieee.divide(-rate * g, ieee.sqrt(s) + self.eps)


def _between(start: float, end: float, weight: float) -> float:
    """From start to end by weight, reckoned from the nearer one, so that both ends are exact."""
    step = end - start
    return start + weight * step if weight < 0.5 else end - step * (1.0 - weight)
