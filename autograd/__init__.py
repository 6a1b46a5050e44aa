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

# Upstream first: a compiled room that another one has to load would not know its own file.
from autograd import ieee, rules, number, graph, modes, value, functions  # noqa: F401  # isort: skip
from autograd.draw import draw, draw_dot
from autograd.functional import grad, grad_graph, topological_order, value_and_grad
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
from autograd.modes import no_grad, strict
from autograd.picture import Drawing
from autograd.value import Value

__version__ = "0.1.0"
COMPILED: bool = graph.COMPILED
"""Whether the lower rooms run as machine code; if not, they are plain Python, to step into."""


def __getattr__(name: str) -> Any:
    if name == "check":  # by itself it costs as much to import as all the rest
        return importlib.import_module("autograd.check")
    hint = f"; it is a method: write v.{name}()" if callable(getattr(Value, name, None)) else ""
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{hint}")


__all__ = [
    "COMPILED",
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
