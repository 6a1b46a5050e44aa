"""NumPy's universal functions on Values and on arrays of them, element by element.

>>> import numpy as np
>>> from autograd import Value
>>> v = Value(0.5)
>>> np.tanh(v), np.maximum(v, 1.0)
(Value(data=0.462117), Value(data=1.0))
>>> np.array([1.0, 2.0]) * v
array([Value(data=0.5), Value(data=1.0)], dtype=object)
>>> np.floor(v)
Traceback (most recent call last):
...
TypeError: numpy.floor is no operation on Values; take v.data for a number without a gradient

A result is a Value, or an array of objects if an operand is an array. Comparisons give bools.
"""

import importlib
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from autograd.engine.ufuncs import HANDLER
from autograd.engine.value import Value, operand

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
_ALIKE: Final = {
    "true_divide": "divide",
    "float_power": "power",
    "fabs": "absolute",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
"""NumPy's names for operations that have another name here."""


@cache
def _function(name: str) -> Callable[..., Any] | None:
    """The operation that NumPy calls by that name; None if there is none."""
    if name in _COMPARISONS:
        return _COMPARISONS[name]
    from autograd.operations import OPERATIONS  # Programs without NumPy start sooner.

    row = OPERATIONS.get(_ALIKE.get(name, name))
    if row is None or row.function is None or row.of_sequences:
        return None
    function = row.function
    if row.kind != "method":
        return function
    return lambda x, *others: function(operand(x, name), *others)


def applied(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`ufunc.method(*inputs, **options)`, where one of the inputs is a Value: what `Value.__array_ufunc__` returns.

    TypeError for a function that is no operation here, for its methods such as `reduce`, and for options but an `out`
    that can hold Values.
    """
    name = f"numpy.{ufunc.__name__}"
    function = _function(ufunc.__name__)
    if function is None:
        raise TypeError(f"{name} is no operation on Values; {_remedy(ufunc.__name__)}")
    if method != "__call__":
        raise TypeError(f"{name}.{method} takes no Values; use total, largest and the like on a list of them")
    out = options.pop("out", (None,))[0]
    if options:
        raise TypeError(f"{name} of Values takes no {', '.join(options)}; leave it out")
    if out is not None and out.dtype != object:
        raise TypeError(f"{name} can't put Values into an array of {out.dtype}; write a = a * v in place of a *= v")
    result = _elementwise(function, inputs)
    if out is None:
        return result
    out[...] = result
    return out


def _elementwise(function: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    if not any(getattr(x, "shape", ()) for x in inputs):
        return function(*(x.item() if getattr(x, "shape", None) == () else x for x in inputs))
    numpy = importlib.import_module("numpy")
    # An array of one Value is no Value to NumPy, which would ask this function again.
    boxed = [numpy.array(x, dtype=object) if isinstance(x, Value) else x for x in inputs]
    result = numpy.frompyfunc(function, len(inputs), 1)(*boxed)
    return result.astype(bool) if function in _COMPARISONS.values() else result


def _remedy(name: str) -> str:
    if name in ("matmul", "vecdot"):
        return "a Value is one number: multiply with *, or use @ between arrays of Values"
    if name.startswith("logical_"):
        return "a Value is neither true nor false: compare its data"
    return "take v.data for a number without a gradient"


HANDLER.apply = applied
