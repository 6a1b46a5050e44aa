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

from autograd import arrays as _arrays  # noqa: F401  (tells the engine how to answer NumPy)
from autograd import slips as _slips  # noqa: F401  (gives Value the errors of attributes that it lacks)
from autograd.engine.functions import (
    atan2,
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
    where,
    xlogy,
)
from autograd.engine.graph import COMPILED
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
    from autograd.blocks import no_grad, strict
    from autograd.compiler import compile, inputs  # noqa: A004
    from autograd.compiler.program import Program as Program
    from autograd.custom import operation
    from autograd.elementary import (
        acos,
        acosh,
        asin,
        asinh,
        atan,
        atanh,
        clamp,
        cos,
        cosh,
        detach,
        elu,
        erf,
        exp,
        exp2,
        expm1,
        gelu,
        leaky_relu,
        log,
        log1p,
        log2,
        log10,
        logsigmoid,
        reciprocal,
        relu,
        rsqrt,
        sigmoid,
        sign,
        silu,
        sin,
        sinh,
        softplus,
        sqrt,
        square,
        tan,
        tanh,
    )
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
    from autograd.page import page as page
    from autograd.show.autopsy import autopsy
    from autograd.show.explain import explain
    from autograd.show.pictures.draw import draw, draw_dot
    from autograd.show.pictures.picture import Drawing
    from autograd.show.stepper import Stepper
    from autograd.show.tree import tree

__version__ = "0.1.0"

_MODULES: Final = ("check", "formula", "losses", "nn", "optim", "page", "state", "train")
_HOMES: Final = {
    **dict.fromkeys(("grad", "grad_graph", "hessian", "hvp", "jacobian", "jvp"), "functional"),
    **dict.fromkeys(("topological_order", "value_and_grad", "vjp"), "functional"),
    **{name: f"show.{name}" for name in ("autopsy", "explain", "tree")},
    **dict.fromkeys(("draw", "draw_dot"), "show.pictures.draw"),
    "Drawing": "show.pictures.picture",
    **dict.fromkeys(("Program", "compile", "inputs"), "compiler"),
    **dict.fromkeys(("no_grad", "strict"), "blocks"),
    "Stepper": "page.widget",
    "operation": "custom",
    "replay": "formula.replay",
}
"""The modules of names that are loaded when they are first asked for, so that the import stays quick.

The other names of `__all__` that are not imported above are in `elementary.py`."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"autograd.{name}")
    if name in _HOMES or name in __all__:
        home = importlib.import_module(f"autograd.{_HOMES.get(name, 'elementary')}")
        found = globals()[name] = getattr(home, name)
        return found
    from autograd.formula.parse import ALIKE  # Only an error needs it.

    near = ALIKE.get(name, "")
    hint = f"; did you mean {near}?" if near else ""
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})


__all__ = [
    "COMPILED",
    "Drawing",
    "Stepper",
    "Tape",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "autopsy",
    "clamp",
    "compile",
    "cos",
    "cosh",
    "detach",
    "dot",
    "draw",
    "draw_dot",
    "elu",
    "erf",
    "exp",
    "exp2",
    "explain",
    "expm1",
    "gelu",
    "grad",
    "grad_graph",
    "hessian",
    "hvp",
    "hypot",
    "inputs",
    "jacobian",
    "jvp",
    "largest",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logsigmoid",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "norm",
    "operation",
    "product",
    "reciprocal",
    "relu",
    "replay",
    "rsqrt",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "smallest",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "strict",
    "tan",
    "tanh",
    "topological_order",
    "total",
    "tree",
    "value_and_grad",
    "vjp",
    "where",
    "xlogy",
]
