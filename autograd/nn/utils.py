"""Clipping of gradients before a step, under PyTorch's names and with its numbers.

>>> from autograd import Value
>>> from autograd.nn.utils import clip_grad_norm_, clip_grad_value_
>>> w, b = Value(1.0), Value(2.0)
>>> w.grad, b.grad = 30.0, -40.0
>>> clip_grad_norm_([w, b], max_norm=5.0)
50.0
>>> round(w.grad, 6), round(b.grad, 6)
(3.0, -4.0)
>>> clip_grad_value_([w, b], 3.5)
>>> round(w.grad, 6), b.grad
(3.0, -3.5)

parameters is a list of Values, one Value, or a compiled program, whose `gradient` is clipped in place. A training by
`fit` clips in the step of its optimiser:

>>> from autograd import optim
>>> class Clipped(optim.Adam):
...     def step(self):
...         clip_grad_norm_(self.program or self.parameters, max_norm=1.0)
...         super().step()

Source: R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks (2013).
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from autograd.arguments import described, is_program, real
from autograd.engine.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["clip_grad_norm_", "clip_grad_value_"]

Parameters: TypeAlias = "Value | Iterable[Value] | Program"
ABOVE_ZERO: Final = 1e-6
"""PyTorch adds it to the norm before it divides by it."""


def clip_grad_norm_(
    parameters: Parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients together so that their norm is at most max_norm, and return the norm that they had.

    The factor is max_norm/(norm + 1e-6), at most 1. The norm is (Σ abs(g)^norm_type)^(1/norm_type), or the greatest
    abs(g) for norm_type=math.inf. A norm that isn't finite makes gradients nan or 0; with error_if_nonfinite=True it is
    a ValueError, and no gradient has changed. ValueError also for a max_norm below 0 and a norm_type not above 0.
    """
    limit, p = _least("clip_grad_norm_: max_norm", max_norm), real("clip_grad_norm_: norm_type", norm_type)
    if not p > 0.0:
        raise ValueError(f"clip_grad_norm_: norm_type is above 0, and math.inf for the greatest, not {norm_type!r}")
    values = [] if is_program(parameters) else _values("clip_grad_norm_", parameters)
    norm = _norm_of_array(parameters.gradient, p) if is_program(parameters) else _norm([v.grad for v in values], p)
    if error_if_nonfinite and not math.isfinite(norm):
        raise ValueError(f"clip_grad_norm_: the norm of the gradients is {norm}; autopsy(loss) finds where it arises")
    factor = limit / (norm + ABOVE_ZERO)
    factor = 1.0 if factor > 1.0 else factor
    if is_program(parameters):
        gradient = parameters.gradient
        gradient *= factor
    for v in values:
        v.grad *= factor
    return norm


def clip_grad_value_(parameters: Parameters, clip_value: float) -> None:
    """Cut each gradient to the range from -clip_value to clip_value; a nan stays.

    ValueError for a clip_value below 0.
    """
    limit = _least("clip_grad_value_: clip_value", clip_value)
    if is_program(parameters):
        parameters.gradient.clip(-limit, limit, out=parameters.gradient)
        return
    for v in _values("clip_grad_value_", parameters):
        v.grad = min(max(v.grad, -limit), limit)


def _least(what: str, number: object) -> float:
    limit = real(what, number)
    if not limit >= 0.0:
        raise ValueError(f"{what} is at least 0, not {number!r}")
    return limit


def _values(function: str, parameters: Any) -> list[Value]:
    row = [parameters] if type(parameters) is Value or not isinstance(parameters, Iterable) else list(parameters)
    for v in row:
        if type(v) is not Value:
            raise TypeError(f"{function} takes Values, not {described(v)}; pass model.parameters()")
    return row


def _norm(numbers: list[float], p: float) -> float:
    sizes = [*map(abs, numbers)]
    greatest = math.nan if any(map(math.isnan, sizes)) else max(sizes, default=0.0)
    if p == math.inf or not 0.0 < greatest < math.inf:
        return greatest
    # Divided by the greatest, no power overflows.
    return greatest * math.pow(math.fsum((size / greatest) ** p for size in sizes), 1.0 / p)


def _norm_of_array(numbers: Any, p: float) -> float:
    sizes = abs(numbers)
    greatest = float(sizes.max(initial=0.0))
    if p == math.inf or not 0.0 < greatest < math.inf:
        return greatest
    return greatest * math.pow(((sizes / greatest) ** p).sum(), 1.0 / p)
