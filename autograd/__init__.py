"""A scalar reverse-mode autodiff engine: write scalars, see every derivative, run at matrix speed.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import importlib
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from autograd.diagnosis import autopsy
    from autograd.outline import tree
    from autograd.paths import explain
    from autograd.step import Stepper

__version__ = "0.1.0"
COMPILED: bool = graph.COMPILED
"""Whether the lower rooms run as machine code; if not, they are plain Python, to step into."""


_ON_DEMAND = {"Stepper": "step", "explain": "paths", "tree": "outline", "autopsy": "diagnosis"}
"""What is loaded when it is first asked for: by themselves, these rooms cost as much to import as all the rest."""


def __getattr__(name: str) -> Any:
    if name == "check":
        return importlib.import_module("autograd.check")
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(f"autograd.{_ON_DEMAND[name]}"), name)
    hint = f"; it is a method: write v.{name}()" if callable(getattr(Value, name, None)) else ""
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{hint}")


__all__ = [
    "COMPILED",
    "Drawing",
    "Stepper",
    "Value",
    "autopsy",
    "dot",
    "draw",
    "draw_dot",
    "explain",
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
    "tree",
    "value_and_grad",
]
