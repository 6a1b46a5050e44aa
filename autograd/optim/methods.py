"""The optimisers; in their formulas p is a parameter and g its gradient.

>>> from autograd import Value
>>> from autograd.optim import Adam
>>> w = Value(1.0)
>>> optimizer = Adam([w], lr=0.1)
>>> w.grad = 4.0
>>> optimizer.step()
>>> round(w.data, 6)
0.9
"""

from collections.abc import Mapping
from typing import Any

from autograd.engine import ieee
from autograd.optim.optimizer import Group, Hyperparameter, Ops, Optimizer, Parameters


class SGD(Optimizer):
    """Stochastic gradient descent: p - lr·g, or with momentum p - lr·v, where v = momentum·v + (1 - dampening)·g.

    The first v is g. nesterov makes it p - lr·(g + momentum·v) and needs a momentum and no dampening, else
    ValueError. weight_decay adds weight_decay·p to g, and maximize takes -g for g. Source: I. Sutskever, J. Martens,
    G. Dahl, G. Hinton, On the importance of initialization and momentum in deep learning (2013), in PyTorch's form.
    """

    momentum, dampening, nesterov = Hyperparameter(), Hyperparameter(), Hyperparameter()

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        own = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(parameters, lr, weight_decay, maximize, own)

    def _checked(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        found = super()._checked(hyperparameters)
        if found["nesterov"] and (found["momentum"] == 0.0 or found["dampening"] != 0.0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0; pass momentum=0.9")
        return found

    def _update(self, group: Group, ops: type[Ops]) -> None:
        rate, momentum, nesterov = -group["lr"], group["momentum"], group["nesterov"]
        if not momentum:
            for p, g in zip(group.each, group.decayed(), strict=True):
                p.data += rate * g
            return
        kept = 1.0 - group["dampening"] * group.has("velocity") if group["dampening"] else 1.0
        velocity = group.state("velocity")
        for i, (p, g) in enumerate(zip(group.each, group.decayed(), strict=True)):
            v = velocity[i]
            v *= momentum
            v += kept * g
            velocity[i] = v
            p.data += rate * (g + momentum * v if nesterov else v)


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: p - lr·m̂/(√v̂ + eps).

    m and v are running means of g and g² with the decay rates betas; m̂ and v̂ are corrected for their start at 0.
    amsgrad takes the greatest v so far. weight_decay adds weight_decay·p to g, and maximize takes -g for g. ValueError
    for betas outside [0, 1). Source: D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization (2015), in PyTorch's
    form.
    """

    betas, eps, amsgrad = Hyperparameter(), Hyperparameter(), Hyperparameter()

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, maximize, {"betas": betas, "eps": eps, "amsgrad": amsgrad})

    def _update(self, group: Group, ops: type[Ops]) -> None:
        b1, b2 = group["betas"]
        steps = group.steps + 1
        rate = group["lr"] / (1.0 - b1**steps)
        root = ops.root(1.0 - b2**steps)
        sqrt, divide, eps, amsgrad = ops.sqrt, ops.divide, group["eps"], group["amsgrad"]
        means, squares = group.state("mean"), group.state("square")
        greatest = group.state("greatest") if amsgrad else []
        for i, (p, g) in enumerate(zip(group.each, self._decayed(group), strict=True)):
            m = means[i] = _between(means[i], g, 1.0 - b1)
            v = squares[i] = squares[i] * b2 + ((1.0 - b2) * g) * g
            if amsgrad:
                v = greatest[i] = ops.maximum(greatest[i], v)
            p.data += divide(-rate * m, sqrt(v) / root + eps)

    def _decayed(self, group: Group) -> list[float]:
        """The gradients, after weight decay."""
        return group.decayed()


class AdamW(Adam):
    """Adam with decoupled weight decay: p becomes p·(1 - lr·weight_decay) before the step, and g stays as it is.

    The other options and their defaults are those of Adam.
    Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        more: dict[str, Any] = {"betas": betas, "eps": eps, "amsgrad": amsgrad, "maximize": maximize}
        super().__init__(parameters, lr, weight_decay=weight_decay, **more)

    def _decayed(self, group: Group) -> list[float]:
        if group["weight_decay"]:
            for p in group.each:
                p.data *= 1.0 - group["lr"] * group["weight_decay"]
        return group.gradients()


class RMSprop(Optimizer):
    """Gradients divided by the root of the running mean s of their squares: p - lr·g/(√s + eps).

    alpha is the decay rate of the mean. centered subtracts the square of the running mean of g from s. momentum
    accumulates the quotients as SGD does the gradients. weight_decay adds weight_decay·p to g, and maximize takes -g
    for g. Source: T. Tieleman, G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012), in PyTorch's form.
    """

    alpha, eps, momentum, centered = Hyperparameter(), Hyperparameter(), Hyperparameter(), Hyperparameter()

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        own = {"alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}
        super().__init__(parameters, lr, weight_decay, maximize, own)

    def _update(self, group: Group, ops: type[Ops]) -> None:
        rate, alpha, eps, momentum = -group["lr"], group["alpha"], group["eps"], group["momentum"]
        sqrt, divide, centered = ops.sqrt, ops.divide, group["centered"]
        squares = group.state("square")
        means = group.state("mean") if centered else []
        velocity = group.state("velocity") if momentum else []
        for i, (p, g) in enumerate(zip(group.each, group.decayed(), strict=True)):
            s = squares[i] = squares[i] * alpha + ((1.0 - alpha) * g) * g
            if centered:
                m = means[i] = _between(means[i], g, 1.0 - alpha)
                # Where both overflow, m² is still the smaller one: the difference is infinite and not nan.
                s = s - (s < ieee.INF) * m * m
            size = sqrt(s) + eps
            if momentum:
                v = velocity[i] = velocity[i] * momentum + divide(g, size)
                p.data += rate * v
            else:
                p.data += divide(rate * g, size)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum s of all their squares so far: p - lr·g/(√s + eps).

    s starts at initial_accumulator_value. In step t, counted from 1, the learning rate is lr/(1 + (t - 1)·lr_decay).
    weight_decay adds weight_decay·p to g, and maximize takes -g for g. Source: J. Duchi, E. Hazan, Y. Singer, Adaptive
    Subgradient Methods for Online Learning and Stochastic Optimization (2011), in PyTorch's form.
    """

    lr_decay, eps, initial_accumulator_value = Hyperparameter(), Hyperparameter(), Hyperparameter()

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        *,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        maximize: bool = False,
    ) -> None:
        own = {"lr_decay": lr_decay, "eps": eps, "initial_accumulator_value": initial_accumulator_value}
        super().__init__(parameters, lr, weight_decay, maximize, own)

    def _update(self, group: Group, ops: type[Ops]) -> None:
        rate = group["lr"] / (1.0 + group.steps * group["lr_decay"])
        sqrt, divide, eps = ops.sqrt, ops.divide, group["eps"]
        sums = group.state("sum", group["initial_accumulator_value"])
        for i, (p, g) in enumerate(zip(group.each, group.decayed(), strict=True)):
            s = sums[i] = sums[i] + g * g
            p.data += divide(-rate * g, sqrt(s) + eps)


def _between(start: float, end: float, weight: float) -> float:
    """start + weight·(end - start), computed from the nearer of the two so that weights 0 and 1 are exact."""
    step = end - start
    return start + weight * step if weight < 0.5 else end - step * (1.0 - weight)
