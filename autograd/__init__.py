"""A scalar reverse-mode autodiff engine: write scalars, see every derivative.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from autograd.engine.functions import (
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
from autograd.engine.graph import COMPILED
from autograd.engine.modes import no_grad, strict
from autograd.engine.tape import Tape
from autograd.engine.value import Value

if TYPE_CHECKING:
    from autograd import check as check
    from autograd import formula as formula
    from autograd import losses as losses
    from autograd import nn as nn
    from autograd import optim as optim
    from autograd import state as state
    from autograd import train as train
    from autograd.compiler import compile, inputs  # noqa: A004
    from autograd.compiler.program import Program as Program
    from autograd.custom import operation
    from autograd.formula.replay import replay
    from autograd.functional import (
        grad,
        grad_graph,
        hessian,
        hvp,
        jacobian,
        jvp,
        topological_order,
        value_and_grad,
        vjp,
    )
    from autograd.show.autopsy import autopsy
    from autograd.show.draw import draw, draw_dot
    from autograd.show.explain import explain
    from autograd.show.picture import Drawing
    from autograd.show.stepper import Stepper
    from autograd.show.tree import tree

__version__ = "0.1.0"

_MODULES: Final = ("check", "formula", "losses", "nn", "optim", "state", "train")
_HOMES: Final = {
    **dict.fromkeys(("grad", "grad_graph", "hessian", "hvp", "jacobian", "jvp"), "functional"),
    **dict.fromkeys(("topological_order", "value_and_grad", "vjp"), "functional"),
    **{name: f"show.{name}" for name in ("autopsy", "draw", "explain", "tree")},
    "draw_dot": "show.draw",
    "Drawing": "show.picture",
    **dict.fromkeys(("Program", "compile", "inputs"), "compiler"),
    "Stepper": "show.stepper",
    "operation": "custom",
    "replay": "formula.replay",
}
"""The modules of the names that are loaded when they are first asked for, so that the import stays quick."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"autograd.{name}")
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f"autograd.{_HOMES[name]}"), name)
        return found
    hint = f"; it is a method: write v.{name}()" if callable(getattr(Value, name, None)) else ""
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})


__all__ = [
    "COMPILED",
    "Drawing",
    "Stepper",
    "Tape",
    "Value",
    "autopsy",
    "compile",
    "dot",
    "draw",
    "draw_dot",
    "explain",
    "grad",
    "grad_graph",
    "hessian",
    "hvp",
    "hypot",
    "inputs",
    "jacobian",
    "jvp",
    "largest",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "norm",
    "operation",
    "product",
    "replay",
    "smallest",
    "softmax",
    "strict",
    "topological_order",
    "total",
    "tree",
    "value_and_grad",
    "vjp",
]
