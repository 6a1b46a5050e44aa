"""The methods of Value as functions of a Value or a number, so that `tanh(w*x + b)` is the same text everywhere.

>>> from autograd import Value, clamp, tanh
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> tanh(w * x + 0.5), clamp(w, max=1.0), tanh(0.5)
(Value(data=-0.905148), Value(data=1.0), Value(data=0.462117))

A number becomes a constant of the graph. Options are those of the method.
"""

from collections.abc import Callable
from typing import Final

from autograd.engine.value import Number, Value, operand


def _function(method: Callable[[Value], Value]) -> Callable[[Number], Value]:
    name = method.__name__

    def function(x: Number) -> Value:
        return method(operand(x, name))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    return function


def clamp(x: Number, min: "Number | None" = None, max: "Number | None" = None) -> Value:  # noqa: A002  (PyTorch's names)
    return operand(x, "clamp").clamp(min, max)


def elu(x: Number, alpha: Number = 1.0) -> Value:
    return operand(x, "elu").elu(alpha)


def leaky_relu(x: Number, slope: Number = 0.01) -> Value:
    return operand(x, "leaky_relu").leaky_relu(slope)


for _with_parameters in (clamp, elu, leaky_relu):
    _with_parameters.__doc__ = getattr(Value, _with_parameters.__name__).__doc__

acos: Final = _function(Value.acos)
acosh: Final = _function(Value.acosh)
asin: Final = _function(Value.asin)
asinh: Final = _function(Value.asinh)
atan: Final = _function(Value.atan)
atanh: Final = _function(Value.atanh)
cos: Final = _function(Value.cos)
cosh: Final = _function(Value.cosh)
detach: Final = _function(Value.detach)
erf: Final = _function(Value.erf)
exp: Final = _function(Value.exp)
exp2: Final = _function(Value.exp2)
expm1: Final = _function(Value.expm1)
gelu: Final = _function(Value.gelu)
log: Final = _function(Value.log)
log10: Final = _function(Value.log10)
log1p: Final = _function(Value.log1p)
log2: Final = _function(Value.log2)
logsigmoid: Final = _function(Value.logsigmoid)
reciprocal: Final = _function(Value.reciprocal)
relu: Final = _function(Value.relu)
rsqrt: Final = _function(Value.rsqrt)
sigmoid: Final = _function(Value.sigmoid)
sign: Final = _function(Value.sign)
silu: Final = _function(Value.silu)
sin: Final = _function(Value.sin)
sinh: Final = _function(Value.sinh)
softplus: Final = _function(Value.softplus)
sqrt: Final = _function(Value.sqrt)
square: Final = _function(Value.square)
tan: Final = _function(Value.tan)
tanh: Final = _function(Value.tanh)
