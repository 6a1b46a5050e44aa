"""A scalar reverse-mode autodiff engine: write scalars, see every derivative, run at matrix speed.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import importlib
from typing import Any

from autograd.draw import draw, draw_dot
from autograd.functional import grad, grad_graph, value_and_grad
from autograd.functions import (
    dot,
    hypot,
    largest,
    log_softmax,
    logaddexp,
    logsumexp,
    maximum,
    mean,
    minimum,
    norm,
    product,
    smallest,
    softmax,
    total,
)
from autograd.graph import topological_order
from autograd.modes import no_grad, strict
from autograd.picture import Drawing
from autograd.value import Value

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "check":  # by itself it costs as much to import as all the rest
        return importlib.import_module("autograd.check")
    hint = f"; it is a method: write v.{name}()" if callable(getattr(Value, name, None)) else ""
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{hint}")


__all__ = [
    "Drawing",
    "Value",
    "dot",
    "draw",
    "draw_dot",
    "grad",
    "grad_graph",
    "hypot",
    "largest",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "norm",
    "product",
    "smallest",
    "softmax",
    "strict",
    "topological_order",
    "total",
    "value_and_grad",
]
