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

An optimiser may also be made for a compiled program, as `SGD(program, lr=0.1)`. It changes `program.parameters`, a
flat array, in place, by `program.gradient`, which `program.value_and_grad` fills. Each update is written once, as a
loop over parameters: those of a program are a few arrays. In float64 both come to the same numbers, bit for bit.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

from autograd.engine import ieee
from autograd.engine.value import Value

if TYPE_CHECKING:
    from autograd.compiler.arguments import Array
    from autograd.compiler.program import Program

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


_BLOCK: Final = 1 << 14
"""Parameters of a program that are changed together: few calls, and the numbers between them stay in the cache."""

Parameters: TypeAlias = "Iterable[Value] | Program"


def is_program(thing: object) -> TypeGuard["Program"]:
    """Whether a thing is a compiled program, and not a model or a list of Values."""
    return hasattr(thing, "value_and_grad")


class _Block:
    """Neighbouring parameters of a program in the place of a single one: its data and grad are arrays."""

    def __init__(self, program: "Program", start: int) -> None:
        self.place = slice(start, start + _BLOCK)
        self.read(program)

    def read(self, program: "Program") -> None:
        """Take views of the program's arrays, which a copied or unpickled one has anew."""
        self.data, self.grad = program.parameters[self.place], program.gradient[self.place]


class _Ops:
    """The functions that an update needs beside operators, for floats; NumPy has them under these names for arrays."""

    sqrt = staticmethod(ieee.sqrt)
    divide = staticmethod(ieee.divide)
    maximum = staticmethod(lambda x, y: x if x > y or x != x else y)


@cache
def _on_arrays() -> "Callable[[Optimizer], None]":
    """A function for the step of an optimiser of a program."""
    import numpy as np

    # Overflow and nan pass without a warning, as they do with Values. Made once, this takes half the time of a `with`.
    return np.errstate(all="ignore")(lambda optimizer: optimizer._update(cast(type[_Ops], np)))


class Optimizer:
    """The base class of the optimisers: it holds the parameters, `lr` and `weight_decay`, and checks them.

    parameters is an iterable of leaves, or a compiled program, whose flat array is then `parameters`; `lr`, the
    learning rate, may be changed between steps. TypeError for anything else than Values, ValueError for no parameters,
    for one that is the result of an operation or occurs twice, and for a hyperparameter out of its range. The
    subclasses raise the same errors.
    """

    def __init__(self, parameters: Parameters, lr: float, weight_decay: float) -> None:
        name = type(self).__name__
        self.program = parameters if is_program(parameters) else None
        if is_program(parameters):
            starts = range(0, len(parameters.parameters), _BLOCK)
            self._each = [cast(Value, _Block(parameters, start)) for start in starts]
        elif isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            given = type(parameters).__name__
            raise TypeError(f"{name} takes a list of parameters, not {given}; pass model.parameters()")
        else:
            self._each = _leaves(name, parameters)
        if not self._each:
            raise ValueError(f"{name} has no parameters to change; pass model.parameters()")
        self._check(lr=lr, weight_decay=weight_decay)
        self.lr, self.weight_decay = lr, weight_decay

    @property
    def parameters(self) -> "list[Value] | Array":
        """The Values in a list, or the flat array of a program."""
        return self._each if self.program is None else self.program.parameters

    def _check(self, below: float = ieee.INF, **hyperparameters: float) -> None:
        for name, number in hyperparameters.items():
            if isinstance(number, Value):
                raise TypeError(f"{type(self).__name__}: {name} is a plain number, not a Value; pass its data")
            if not 0.0 <= number < below:
                limit = "of at least 0" if below == ieee.INF else f"from 0 to below {below:g}"
                raise ValueError(f"{type(self).__name__}: {name} must be a finite number {limit}, not {number!r}")

    def zero_grad(self) -> None:
        """Set every gradient to 0, because `backward` accumulates; a program overwrites its gradient anyway."""
        for p in self._each:
            p.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its gradient: `.grad` of a Value, or its place in `program.gradient`."""
        if self.program is None:
            self._update(_Ops)
            return
        for block in cast(list[_Block], self._each):
            block.read(self.program)
        _on_arrays()(self)

    def _update(self, ops: type[_Ops]) -> None:
        """Change the data of each parameter by its grad; both are floats or arrays, and `ops` has functions of them."""
        raise NotImplementedError

    def _gradients(self) -> Iterable[float]:
        """The gradient of each parameter after weight decay."""
        if self.weight_decay:
            return [p.grad + self.weight_decay * p.data for p in self._each]
        return [p.grad for p in self._each]

    def _full(self, number: float = 0.0) -> list[float]:
        """The number for each parameter."""
        if self.program is None:
            return [number] * len(self._each)
        import numpy as np

        return [cast(float, np.full_like(p.data, number)) for p in self._each]


class SGD(Optimizer):
    """Stochastic gradient descent: p - lr·g, or with momentum p - lr·v, where v = momentum·v + (1 - dampening)·g.

    The first v is g. nesterov makes it p - lr·(g + momentum·v) and needs a momentum and no dampening, else
    ValueError. weight_decay adds weight_decay·p to g. Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the
    importance of initialization and momentum in deep learning (2013), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Parameters,
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

    def _update(self, ops: type[_Ops]) -> None:
        rate, kept, momentum, nesterov = -self.lr, 1.0 - self.dampening, self.momentum, self.nesterov
        if not momentum:
            for p, g in zip(self._each, self._gradients(), strict=True):
                p.data += rate * g
            return
        if not self._velocity:
            kept, self._velocity = 1.0, self._full()
        velocity: list[float] = []
        for p, g, v in zip(self._each, self._gradients(), self._velocity, strict=True):
            v *= momentum
            v += kept * g
            velocity.append(v)
            p.data += rate * (g + momentum * v if nesterov else v)
        self._velocity = velocity


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: p - lr·m̂/(√v̂ + eps).

    m and v are running means of g and g² with the decay rates betas; m̂ and v̂ are corrected for their start at 0.
    amsgrad takes the greatest v so far. weight_decay adds weight_decay·p to g. ValueError for betas outside [0, 1).
    Source: D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization (2015), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Parameters,
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
        self._mean, self._square, self._greatest = self._full(), self._full(), self._full()

    def _update(self, ops: type[_Ops]) -> None:
        self._steps += 1
        b1, b2 = self.betas
        rate = self.lr / (1.0 - b1**self._steps)
        root = ieee.sqrt(1.0 - b2**self._steps)
        sqrt, divide = ops.sqrt, ops.divide
        for i, (p, g) in enumerate(zip(self._each, self._gradients(), strict=True)):
            m = self._mean[i] = _between(self._mean[i], g, 1.0 - b1)
            v = self._square[i] = self._square[i] * b2 + ((1.0 - b2) * g) * g
            if self.amsgrad:
                v = self._greatest[i] = ops.maximum(self._greatest[i], v)
            p.data += divide(-rate * m, sqrt(v) / root + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: p becomes p·(1 - lr·weight_decay) before the step, and g stays as it is.

    The other options and their defaults are those of Adam.
    Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), in PyTorch's form.
    """

    def __init__(self, parameters: Parameters, lr: float = 1e-3, *, weight_decay: float = 1e-2, **options: Any) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)

    def _gradients(self) -> list[float]:
        if self.weight_decay:
            for p in self._each:
                p.data *= 1.0 - self.lr * self.weight_decay
        return [p.grad for p in self._each]


class RMSprop(Optimizer):
    """Gradients divided by the root of the running mean s of their squares: p - lr·g/(√s + eps).

    alpha is the decay rate of the mean. centered subtracts the square of the running mean of g from s. momentum
    accumulates the quotients as SGD does the gradients. weight_decay adds weight_decay·p to g.
    Source: T. Tieleman, G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012), in PyTorch's form.
    """

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
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self._check(alpha=alpha, eps=eps, momentum=momentum)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered
        self._square, self._mean, self._velocity = self._full(), self._full(), self._full()

    def _update(self, ops: type[_Ops]) -> None:
        sqrt, divide = ops.sqrt, ops.divide
        for i, (p, g) in enumerate(zip(self._each, self._gradients(), strict=True)):
            s = self._square[i] = self._square[i] * self.alpha + ((1.0 - self.alpha) * g) * g
            if self.centered:
                m = self._mean[i] = _between(self._mean[i], g, 1.0 - self.alpha)
                # Where both overflow, m² is still the smaller one: the difference is infinite and not nan.
                s = s - (s < ieee.INF) * m * m
            size = sqrt(s) + self.eps
            if self.momentum:
                v = self._velocity[i] = self._velocity[i] * self.momentum + divide(g, size)
                p.data += -self.lr * v
            else:
                p.data += divide(-self.lr * g, size)


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum s of all their squares so far: p - lr·g/(√s + eps).

    s starts at initial_accumulator_value. In step t, counted from 1, the learning rate is lr/(1 + (t - 1)·lr_decay).
    weight_decay adds weight_decay·p to g. Source: J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for
    Online Learning and Stochastic Optimization (2011), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Parameters,
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
        self._sum = self._full(initial_accumulator_value)

    def _update(self, ops: type[_Ops]) -> None:
        rate = self.lr / (1.0 + self._steps * self.lr_decay)
        self._steps += 1
        sqrt, divide = ops.sqrt, ops.divide
        for i, (p, g) in enumerate(zip(self._each, self._gradients(), strict=True)):
            s = self._sum[i] = self._sum[i] + g * g
            p.data += divide(-rate * g, sqrt(s) + self.eps)


def _leaves(name: str, parameters: Iterable[Value]) -> list[Value]:
    """The parameters as a list, if they are leaves and each stands in it once."""
    leaves = list(parameters)
    for p in leaves:
        if not isinstance(p, Value):
            raise TypeError(f"{name} changes Values, not {type(p).__name__} {p!r}; pass model.parameters()")
        if p.operands:
            raise ValueError(f"{name} changes leaves, and {p!r} is the result of {p.op}; pass its operands")
    if len({id(p) for p in leaves}) < len(leaves):
        raise ValueError(f"{name} has a parameter twice and would change it twice; pass each once")
    return leaves


def _between(start: float, end: float, weight: float) -> float:
    """start + weight·(end - start), computed from the nearer of the two so that weights 0 and 1 are exact."""
    step = end - start
    return start + weight * step if weight < 0.5 else end - step * (1.0 - weight)
