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
flat array, in place, by the gradient that `step(gradient)` is given. An update is written once, for all parameters
together: p, g and what is kept between steps are rows of numbers, NumPy arrays for a program and `Row`s for Values.
In float64 both come to the same numbers, bit for bit.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard, cast

from autograd.engine import ieee
from autograd.engine.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]

Floats: TypeAlias = "NDArray[np.floating[Any]]"


# ── rows of floats ──

Elementwise: TypeAlias = "Callable[[Row, Row | float], Row]"


def _elementwise(operation: Callable[[float, float], float]) -> tuple[Elementwise, Elementwise]:
    """An operator of rows, for the operation on floats, and its form that changes the left row."""

    def new(x: "Row", y: "Row | float") -> "Row":
        ys = y.items if isinstance(y, Row) else repeat(y)
        try:
            return Row([*map(operation, x.items, ys)])
        except ZeroDivisionError:
            return Row([*map(ieee.divide, x.items, ys)])

    def in_place(x: "Row", y: "Row | float") -> "Row":
        x.items = new(x, y).items
        return x

    return new, in_place


class Row:
    """Floats in a row, with the operators and functions of a flat NumPy array that the updates use.

    >>> row = Row([1.0, 4.0])
    >>> row /= Row([0.0, 2.0])
    >>> row.items, Row.sqrt(row * 8.0).items
    ([inf, 2.0], [inf, 4.0])
    """

    __slots__ = ("items",)

    def __init__(self, items: list[float]) -> None:
        self.items = items

    __add__, __iadd__ = _elementwise(operator.add)
    __sub__, __isub__ = _elementwise(operator.sub)
    __mul__, __imul__ = _elementwise(operator.mul)
    __truediv__, __itruediv__ = _elementwise(operator.truediv)

    def __lt__(self, number: float) -> list[bool]:
        return [x < number for x in self.items]

    def __setitem__(self, everything: slice, row: "Row") -> None:
        self.items[everything] = row.items

    @staticmethod
    def sqrt(x: "Row") -> "Row":
        """The square root of each; nan below zero."""
        try:
            return Row([*map(math.sqrt, x.items)])
        except ValueError:
            return Row([*map(ieee.sqrt, x.items)])

    @staticmethod
    def maximum(x: "Row", y: "Row") -> "Row":
        """The greater of each two; nan if either is nan."""
        return Row([a if a > b or a != a else b for a, b in zip(x.items, y.items, strict=True)])

    @staticmethod
    def where(condition: list[bool], x: "Row", y: "Row") -> "Row":
        """The one of x where the condition holds, and of y elsewhere."""
        return Row([a if c else b for c, a, b in zip(condition, x.items, y.items, strict=True)])


# ── optimisers ──


class Program(Protocol):
    """The part of a compiled program that optimisers and `train.fit` use."""

    @property
    def parameters(self) -> Floats:
        """All parameters, a flat array that may be changed in place."""

    @property
    def input_shapes(self) -> Sequence[tuple[int, ...]]:
        """The shape of each input for one example."""

    @property
    def reduce(self) -> str | None:
        """How the losses of a batch become one number: "mean", "sum" or, if they don't, None."""

    def value_and_grad(self, *inputs: Floats) -> tuple[Any, Floats]:
        """The loss of a batch and its gradient, as flat as the parameters."""

    def write_back(self) -> None:
        """Put the parameters into the Values that the program was made of."""


def is_program(thing: object) -> TypeGuard[Program]:
    """Whether a thing is a compiled program, and not a model or a list of Values."""
    return hasattr(thing, "value_and_grad")


class Optimizer:
    """The base class of the optimisers: it holds the parameters, `lr` and `weight_decay`, and checks them.

    parameters is an iterable of leaves, or a compiled program, of which `parameters` is then the flat array; `lr`, the
    learning rate, may be changed between steps. TypeError for anything else than Values, ValueError for no parameters,
    for one that is the result of an operation or occurs twice, and for a hyperparameter out of its range. The
    subclasses raise the same errors.
    """

    def __init__(self, parameters: Iterable[Value] | Program, lr: float, weight_decay: float) -> None:
        self.parameters: list[Value] | Floats
        name = type(self).__name__
        if is_program(parameters):
            self.parameters = parameters.parameters
        elif isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            given = type(parameters).__name__
            raise TypeError(f"{name} takes a list of parameters, not {given}; pass model.parameters()")
        else:
            self.parameters = _leaves(name, parameters)
        if not len(self.parameters):
            raise ValueError(f"{name} has no parameters to change; pass model.parameters()")
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
        """Set every gradient to 0, because `backward` accumulates; a program needs none of it."""
        if isinstance(self.parameters, list):
            for p in self.parameters:
                p.grad = 0.0

    def step(self, gradient: "Floats | None" = None) -> None:
        """Change every parameter by its gradient.

        The gradient of Values is in their `.grad`, and that of a program is given. TypeError for one that is given for
        Values, or has not the shape of the program's parameters.
        """
        name = type(self).__name__
        if isinstance(self.parameters, list):
            if gradient is not None:
                raise TypeError(
                    f"{name} of Values takes their .grad in a step; make {name}(program) to give a gradient"
                )
            row = Row([p.data for p in self.parameters])
            self._update(row, Row([p.grad for p in self.parameters]), Row)
            for p, number in zip(self.parameters, row.items, strict=True):
                p.data = number
            return
        if getattr(gradient, "shape", None) != self.parameters.shape:
            shape = f"of shape {self.parameters.shape}, from program.value_and_grad"
            raise TypeError(f"{name} of a program takes a flat gradient in a step, {shape}, not {gradient!r}")
        import numpy as np

        # Overflow and nan pass without a warning, as they do with Values.
        with np.errstate(all="ignore"):
            self._update(cast(Row, self.parameters), cast(Row, gradient), cast(type[Row], np))

    def _update(self, p: Row, g: Row, of: type[Row]) -> None:
        """Change the row of parameters by the row of gradients; `of` has the functions of rows."""
        raise NotImplementedError

    def _decayed(self, p: Row, g: Row) -> Row:
        """The gradients after weight decay."""
        return g + p * self.weight_decay if self.weight_decay else g

    def _full(self, number: float = 0.0) -> Row:
        """A row with the number for every parameter."""
        if isinstance(self.parameters, list):
            return Row([number] * len(self.parameters))
        row = self.parameters.copy()
        row.fill(number)
        return cast(Row, row)


class SGD(Optimizer):
    """Stochastic gradient descent: p - lr·g, or with momentum p - lr·v, where v = momentum·v + (1 - dampening)·g.

    The first v is g. nesterov makes it p - lr·(g + momentum·v) and needs a momentum and no dampening, else
    ValueError. weight_decay adds weight_decay·p to g. Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the
    importance of initialization and momentum in deep learning (2013), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | Program,
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
        self._velocity: Row | None = None

    def _update(self, p: Row, g: Row, of: type[Row]) -> None:
        change = g = self._decayed(p, g)
        if self.momentum:
            if self._velocity is None:
                v = self._velocity = g * 1.0  # A copy: a program may overwrite its gradient.
            else:
                v = self._velocity
                v *= self.momentum
                v += g * (1.0 - self.dampening) if self.dampening else g
            change = g + v * self.momentum if self.nesterov else v
        p -= change * self.lr


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradient: p - lr·m̂/(√v̂ + eps).

    m and v are running means of g and g² with the decay rates betas; m̂ and v̂ are corrected for their start at 0.
    amsgrad takes the greatest v so far. weight_decay adds weight_decay·p to g. ValueError for betas outside [0, 1).
    Source: D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization (2015), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | Program,
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

    def _update(self, p: Row, g: Row, of: type[Row]) -> None:
        g = self._decayed(p, g)
        self._steps += 1
        b1, b2 = self.betas
        rate = self.lr / (1.0 - b1**self._steps)
        root = ieee.sqrt(1.0 - b2**self._steps)
        m, v = self._mean, self._square
        _approach(m, g, 1.0 - b1)
        v *= b2
        v += g * (1.0 - b2) * g
        if self.amsgrad:
            v = self._greatest = of.maximum(self._greatest, v)
        p -= m * rate / (of.sqrt(v) / root + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: p becomes p·(1 - lr·weight_decay) before the step, and g stays as it is.

    The other options and their defaults are those of Adam.
    Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), in PyTorch's form.
    """

    def __init__(
        self, parameters: Iterable[Value] | Program, lr: float = 1e-3, *, weight_decay: float = 1e-2, **options: Any
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)

    def _decayed(self, p: Row, g: Row) -> Row:
        if self.weight_decay:
            p *= 1.0 - self.lr * self.weight_decay
        return g


class RMSprop(Optimizer):
    """Gradients divided by the root of the running mean s of their squares: p - lr·g/(√s + eps).

    alpha is the decay rate of the mean. centered subtracts the square of the running mean of g from s. momentum
    accumulates the quotients as SGD does the gradients. weight_decay adds weight_decay·p to g.
    Source: T. Tieleman, G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | Program,
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

    def _update(self, p: Row, g: Row, of: type[Row]) -> None:
        g = self._decayed(p, g)
        m, s, v = self._mean, self._square, self._velocity
        s *= self.alpha
        s += g * (1.0 - self.alpha) * g
        if self.centered:
            _approach(m, g, 1.0 - self.alpha)
            # Where both overflow, m² is still the smaller one: the difference is infinite and not nan.
            s = of.where(s < ieee.INF, s - m * m, s)
        size = of.sqrt(s) + self.eps
        if self.momentum:
            v *= self.momentum
            v += g / size
            p -= v * self.lr
        else:
            p -= g * self.lr / size


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum s of all their squares so far: p - lr·g/(√s + eps).

    s starts at initial_accumulator_value. In step t, counted from 1, the learning rate is lr/(1 + (t - 1)·lr_decay).
    weight_decay adds weight_decay·p to g. Source: J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for
    Online Learning and Stochastic Optimization (2011), in PyTorch's form.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | Program,
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

    def _update(self, p: Row, g: Row, of: type[Row]) -> None:
        g = self._decayed(p, g)
        rate = self.lr / (1.0 + self._steps * self.lr_decay)
        self._steps += 1
        s = self._sum
        s += g * g
        p -= g * rate / (of.sqrt(s) + self.eps)


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


def _approach(mean: Row, end: Row, weight: float) -> None:
    """Move mean by weight·(end - mean), computed from the nearer of the two so that weights 0 and 1 are exact."""
    way = end - mean
    if weight < 0.5:
        mean += way * weight
    else:
        mean[:] = end - way * (1.0 - weight)
