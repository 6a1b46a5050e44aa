"""Derivatives of functions as ordinary nodes, so that they can be differentiated again, to any order.

>>> from autograd import grad
>>> def f(x):
...     return x**3
>>> grad(f)(2.0), grad(grad(f))(2.0), grad(grad(grad(f)))(2.0)
(Value(data=12.0), Value(data=12.0), Value(data=6.0))

`transforms` has the functions that differentiate functions; all of them use `graphs`, which differentiates graphs.
"""

from autograd.functional.derivative import Derivative
from autograd.functional.graphs import grad_graph, topological_order
from autograd.functional.nesting import leaves, rebuild
from autograd.functional.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "Derivative",
    "grad",
    "grad_graph",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "leaves",
    "rebuild",
    "topological_order",
    "value_and_grad",
    "vjp",
]
