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

Functions of arrays alone are NumPy's own work. It calls the operators of the elements, or their methods, so a Value has
the methods that it calls, such as `arctan`; a plain number among the elements has none. `np.maximum(a, 0)` of an array
of Values picks one of two objects, which may be the plain 0. `np.maximum(a, Value(0.0))` gives Values alone.
"""

import importlib
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from autograd.engine.number import described, to_float
from autograd.engine.ufuncs import HANDLER
from autograd.engine.value import Value

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
_IDENTITIES: Final[dict[str, Callable[[Any, Any], bool]]] = {"equal": operator.is_, "not_equal": operator.is_not}
_METHODS: Final = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "conjugate": "positive",
    "fabs": "absolute",
    "hypot": "hypot",
}
"""The methods that NumPy calls on the elements of an array of objects, and the operations that they are here."""
_ALIKE: Final = _METHODS | {"true_divide": "divide", "float_power": "power"}
"""NumPy's names for operations that may have another name here."""
_REMEDIES: Final = {
    "cbrt": "write v ** (1 / 3)",
    "deg2rad": "write v * (math.pi / 180)",
    "radians": "write v * (math.pi / 180)",
    "rad2deg": "write v * (180 / math.pi)",
    "degrees": "write v * (180 / math.pi)",
    "fmax": "there is numpy.maximum, which gives nan for a nan",
    "fmin": "there is numpy.minimum, which gives nan for a nan",
    **dict.fromkeys(
        ("matmul", "matvec", "vecdot", "vecmat"),
        "a Value is one number: multiply with *, or use @ between arrays of Values",
    ),
    **dict.fromkeys(
        ("logical_and", "logical_not", "logical_or", "logical_xor"), "a Value is neither true nor false: compare it"
    ),
}


@cache
def _function(name: str) -> Callable[..., Any] | None:
    """The operation that NumPy calls by that name, on Values and numbers; None if there is none."""
    if name in _IDENTITIES:
        return _IDENTITIES[name]
    from autograd.engine import functions
    from autograd.operations import OPERATIONS  # Programs without NumPy start sooner.

    row = OPERATIONS.get(_ALIKE.get(name, name))
    found: Callable[..., Any] | None = _COMPARISONS.get(name)
    # A user's own operation may have a name of NumPy and another meaning.
    if row and (row.kind in ("infix", "prefix", "method") or hasattr(functions, row.name)) and not row.of_sequences:
        found = row.function
    if found is None:
        return None

    def of_one(x: Any) -> Any:
        return found(_operand(x, name))

    def of_two(x: Any, y: Any) -> Any:
        return found(_operand(x, name), _operand(y, name))

    return of_one if row and len(row.domains) == 1 else of_two


def _operand(x: Any, name: str) -> Any:
    """A Value, or a float: a scalar of NumPy that met a Value would be asked about here again."""
    if type(x) is Value:
        return x
    inner = x.item() if type(x).__name__ == "ndarray" else x
    return inner if type(inner) is Value else to_float(inner, name)


def applied(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`ufunc.method(*inputs, **options)`, where one of the inputs is a Value: what `Value.__array_ufunc__` returns.

    TypeError for a function that is no operation here, and, when it is called, for options but an `out` that can hold
    the result.
    """
    name = ufunc.__name__
    function = _function(name)
    if function is None:
        remedy = _REMEDIES.get(name, "take v.data for a number without a gradient")
        raise TypeError(f"numpy.{name} is no operation on Values; {remedy}")
    kind = bool if name in _COMPARISONS or name in _IDENTITIES else object
    if method != "__call__":
        return _over_arrays(function, ufunc, method, inputs, options, kind)
    if not options:
        return _elementwise(ufunc, function, inputs, kind)
    out = options.pop("out", (None,))[0]
    if options:
        raise TypeError(f"numpy.{name} of Values takes no {', '.join(options)}; leave it out")
    if kind is object and getattr(getattr(out, "dtype", None), "kind", "") != "O":
        raise _no_place(name, out)
    out[...] = _elementwise(ufunc, function, inputs, kind)
    return out


def _elementwise(ufunc: Any, function: Callable[..., Any], inputs: tuple[Any, ...], kind: type) -> Any:
    for x in inputs:
        if type(x) is not Value and getattr(x, "shape", None) != () and not isinstance(x, (int, float)):
            return _over_arrays(function, ufunc, "__call__", inputs, {}, kind)
    return function(*inputs)


def _over_arrays(
    function: Callable[..., Any], ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any], kind: type
) -> Any:
    numpy = importlib.import_module("numpy")
    # An array of one Value is no Value to NumPy, which would ask `applied` again.
    boxed = [numpy.array(x, dtype=object) if type(x) is Value else x for x in inputs]
    with numpy.errstate(all="ignore"):  # An inf or a nan is a result here, and not worth a warning.
        found = getattr(numpy.frompyfunc(function, ufunc.nin, ufunc.nout), method)(*boxed, **options)
    return found.astype(kind) if isinstance(found, numpy.ndarray) else found


def _no_place(name: str, out: Any) -> TypeError:
    from autograd.operations import operation

    row = operation(_ALIKE.get(name, name))
    remedy = "leave out `out`, or make it of dtype=object"
    if row.kind == "infix":
        remedy = f"write a = a {row.sign} v in place of a {row.sign}= v"
    kind = f"an array of {out.dtype}" if hasattr(out, "dtype") else described(out)
    return TypeError(f"numpy.{name} can't put Values into {kind}; {remedy}")


def _method(name: str) -> Callable[..., Any]:
    def method(self: Value, *others: Any) -> Any:
        found = _function(name)
        assert found is not None
        return found(self, *others)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"NumPy's name of `{_METHODS[name]}`."
    return method


def _clip(self: Value, low: Any = None, high: Any = None, *, out: None = None) -> Value:
    """NumPy's name of `clamp`."""
    return self.clamp(low, high)


HANDLER.apply = applied
for _name in _METHODS:
    setattr(Value, _name, _method(_name))
setattr(Value, "clip", _clip)  # noqa: B010  (the type checker knows no other attributes)
