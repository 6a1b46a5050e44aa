"""Functions that differentiate functions, with the names and the order of arguments of JAX and of torch.func.

>>> from autograd.functional import hessian, jvp
>>> def f(x, y):
...     return x * x * y
>>> [[h.data for h in row] for row in hessian(f)(3.0, 4.0)]
[[8.0, 6.0], [6.0, 0.0]]
>>> value, tangent = jvp(f, (3.0, 4.0), (1.0, 0.0))
>>> value.data, tangent.data
(36.0, 24.0)

A function takes Values, alone or in nested lists, tuples and dicts. It returns one Value, or for `jacobian`, `jvp` and
`vjp` also Values in such a nesting, with plain numbers among them as constants. It is called with numbers or Values.
All results are Values, so every one of these functions can be differentiated, by any other.

One thing differs from JAX and torch.func: without argnums, all arguments count, and not the first alone.
"""

from collections.abc import Callable
from numbers import Real
from typing import Any, Never

from autograd.arguments import described, shown
from autograd.engine.value import Value
from autograd.functional.derivative import Derivative, Function, a_function, name_of
from autograd.functional.graphs import Linear, check_recording, is_zero
from autograd.functional.nesting import located, matched, number_at, rebuild
from autograd.functional.point import Point

# ── of one Value ──


def value_and_grad(f: Function, *misplaced: Never, argnums: Any = None) -> Derivative[tuple[Value, Any]]:
    """A function that returns the pair (value, gradient) of f, which returns one Value.

    The gradient has the nesting of the argument, or for several arguments it is a tuple with one entry for each.
    argnums is the position of one argument or a tuple of positions, negative ones counted from the end: the gradient is
    that by this argument, or a tuple of those by each. The other arguments are passed on as they are, and so are
    keyword arguments. TypeError if f is no function or returns anything but a Value, if there is no argument, or for
    anything but numbers, with its place; ValueError if argnums is out of range; RuntimeError inside `no_grad()`.

    >>> value, gradient = value_and_grad(lambda w, n: w["a"] ** n * w["b"], argnums=0)({"a": 2.0, "b": 5.0}, 3)
    >>> value.data, gradient["a"].data, gradient["b"].data
    (40.0, 60.0, 8.0)
    """
    return Derivative("value_and_grad", _value_and_grad, f, argnums, misplaced)


def grad(f: Function, *misplaced: Never, argnums: Any = None) -> Derivative[Any]:
    """A function that returns the gradient of f as ordinary nodes, so that `grad(grad(f))` is the second derivative.

    The arguments, nesting and errors are those of `value_and_grad`.

    >>> [g.data for g in grad(lambda x, y: x * y)(2.0, 5.0)]
    [5.0, 2.0]
    >>> grad(lambda x, y: x * y, argnums=-1)(2.0, 5.0).data
    2.0
    """
    return Derivative("grad", _grad, f, argnums, misplaced)


def _value_and_grad(f: Function, point: Point, options: dict[str, Any]) -> tuple[Value, Any]:
    inputs, value = _called(f, point, options)
    if type(value) is not Value:
        raise TypeError(f"{name_of(f)} must return one Value to have a gradient, not {_kind(value)}")
    return value, point.shaped(Linear(inputs).back([value], [1.0]))


def _grad(f: Function, point: Point, options: dict[str, Any]) -> Any:
    return _value_and_grad(f, point, options)[1]


# ── of many Values ──


def jacobian(f: Function, *misplaced: Never, argnums: Any = None) -> Derivative[Any]:
    """A function that returns all derivatives of the results of f, in the nesting of these results.

    In the place of each result is its gradient, as `grad` gives it. It costs a sweep back for each result or, if there
    are fewer inputs, a sweep forward for each of these. The arguments and errors are those of `value_and_grad`.

    >>> rows = jacobian(lambda x, y: {"sum": x + y, "product": x * y})(3.0, 4.0)
    >>> {name: [d.data for d in row] for name, row in rows.items()}
    {'sum': [1.0, 1.0], 'product': [4.0, 3.0]}
    """
    return Derivative("jacobian", _jacobian, f, argnums, misplaced)


def hessian(f: Function, *misplaced: Never, argnums: Any = None) -> Derivative[Any]:
    """A function that returns the second derivatives of f, in the nesting of the arguments, twice.

    So h = hessian(f)(xs) of a list xs has ∂²f/∂xs[i]∂xs[j] in h[i][j]. If f returns several Values, the nesting of
    these is around it. The arguments and errors are those of `value_and_grad`.

    >>> [[h.data for h in row] for row in hessian(lambda xs: xs[0] ** 2 * xs[1])([3.0, 5.0])]
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return Derivative("hessian", _hessian, f, argnums, misplaced)


def _jacobian(f: Function, point: Point, options: dict[str, Any]) -> Any:
    inputs, value = _called(f, point, options)
    results, linear = _results(f, value), Linear(inputs)
    if len(results) == 1 or len(results) < len(inputs) or not inputs:
        rows = [linear.back([y], [1.0]) for y in results]
    else:
        units = ([float(i == k) for k in range(len(inputs))] for i in range(len(inputs)))
        rows = [*map(list, zip(*linear.forward(results, units), strict=True))]
    return rebuild(value, map(point.shaped, rows))


def _hessian(f: Function, point: Point, options: dict[str, Any]) -> Any:
    # The same inputs are a point of the gradient too: only the order of the sweeps makes the derivative the second.
    def rows(*arguments: Any, **options: Any) -> Any:
        return _jacobian(f, point._replace(arguments=arguments), options)

    return _jacobian(rows, point, options)


# ── one direction ──


def jvp(f: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """The pair (value, tangent) of f: its derivative in one direction, the Jacobian times the tangents.

    primals has the arguments of f and tangents their rates of change, in the same nesting; the value and the tangent
    have the nesting of what f returns. It costs a sweep forward. An argument whose tangent is a plain 0.0 does not
    move, so a derivative by it that is inf or nan has no effect. TypeError unless both are tuples, even for one
    argument, and for anything but numbers in them; ValueError for another nesting; both name the place.

    >>> value, tangent = jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 10.0))
    >>> [v.data for v in value], [t.data for t in tangent]
    ([12.0, 7.0], [34.0, 11.0])
    """
    return _jvp("jvp", f, primals, tangents)


def _jvp(kind: str, f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    a_function(f, kind, f"{kind}(f, (x,), (t,))")
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise TypeError(
                f"{kind} takes {name} as a tuple with an entry for each argument, not {described(given)}; "
                f"for one argument, write ({shown(given)},)"
            )
    check_recording()
    inputs, arguments = Point.of(primals, None, name="primals").inputs()
    seeds = [number_at(path, t) for path, t in matched(tangents, "tangents", primals, "primals")]
    value = f(*arguments)
    results = _results(f, value)
    # Derivatives by inputs that don't move are not formed: where they are undefined, `strict()` would notice them.
    moving = [(x, t) for x, t in zip(inputs, seeds, strict=True) if not is_zero(t)]
    (moved,) = Linear([x for x, _ in moving]).forward(results, [[t for _, t in moving]])
    return rebuild(value, iter(results)), rebuild(value, iter(moved))


def vjp(f: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The pair (value, pullback) of f at these arguments.

    The pullback takes a cotangent in the nesting of the value: a weight for each result. It returns a tuple with an
    entry for each argument, the derivatives of the weighted sum: the cotangents times the Jacobian. Each call costs
    one sweep back. A result whose cotangent is a plain 0.0 takes no part. Errors are those of `jvp`.

    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> [d.data for d in pullback([1.0, 10.0])]
    [14.0, 13.0]
    """
    a_function(f, "vjp", "vjp(f, x)")
    point = Point.of(primals, None, name="primals")._replace(bare=False)
    inputs, value = _called(f, point, {})
    results = _results(f, value)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        """The derivatives of the results weighted by the cotangent, by each argument."""
        check_recording()
        pairs = matched(cotangent, "cotangent", value, f"{name_of(f)}(…)")
        seeds = [number_at(path, c) for path, c in pairs]
        found: tuple[Any, ...] = point.shaped(Linear(inputs).back(results, seeds))
        return found

    return rebuild(value, iter(results)), pullback


def hvp(f: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The Hessian of f times the tangents, in the nesting of a gradient of f, without forming the Hessian.

    It is the tangent of `jvp(grad(f), primals, tangents)`, and its errors are those of `jvp`.

    >>> [h.data for h in hvp(lambda xs: xs[0] ** 2 * xs[1], ([3.0, 5.0],), ([1.0, 0.0],))]
    [10.0, 6.0]
    """
    a_function(f, "hvp", "hvp(f, (x,), (t,))")
    return _jvp("hvp", grad(f), primals, tangents)[1]


# ── calls ──


def _called(f: Function, point: Point, options: dict[str, Any]) -> tuple[list[Value], Any]:
    """The inputs, and what f returns on them."""
    check_recording()
    inputs, arguments = point.inputs()
    return inputs, f(*arguments, **options)


def _results(f: Function, value: Any) -> list[Value]:
    """The results of f as Values, from left to right; TypeError if there is none or anything but numbers among them."""
    name = name_of(f)
    found = located(value, f"{name}(…)")
    if found and not any(type(y) is Value for _, y in found):
        raise TypeError(f"{name} must return a Value, or lists, tuples or dicts of Values, not {_kind(value)}")
    return [y if type(y) is Value else Value(number_at(path, y)) for path, y in found]


def _kind(thing: object) -> str:
    """The type and text of a thing for an error message, with the remedy."""
    text = described(thing)
    found = [leaf for _, leaf in located(thing, "")]
    if any(type(leaf) is Value for leaf in found):
        return f"{text}; return one element, or a total(…) of them, or take the jacobian"
    if thing is None:
        return f"{text}; does it lack a return?"
    numbers = all(isinstance(leaf, Real) for leaf in found)
    return f"{text}, which has no graph; is there a .data in it?" if numbers else text
