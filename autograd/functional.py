"""Derivatives of functions as ordinary nodes, so that they can be differentiated again, to any order.

>>> from autograd import grad
>>> def f(x):
...     return x**3
>>> grad(f)(2.0), grad(grad(f))(2.0), grad(grad(grad(f)))(2.0)
(Value(data=12.0), Value(data=12.0), Value(data=6.0, grad=0.0))
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from autograd.arguments import a_value
from autograd.engine import reading
from autograd.engine.graph import is_constant
from autograd.engine.modes import recording
from autograd.engine.tape import Tape
from autograd.engine.value import Value


def topological_order(root: Value) -> list[Value]:
    """The list of all nodes of the graph of root, each once and after its operands, so that root is the last.

    The order follows the operands from left to right, so it is the same in every process. A leaf comes directly before
    the first node that uses it. TypeError if root is no Value.

    >>> x = Value(3.0, label="x")
    >>> [v.op or v.label or v.data for v in topological_order(x * x + 1)]
    ['x', 'multiply', 1.0, 'add']
    """
    return reading.all_in_order(a_value(root, "topological_order"))


def grad_graph(root: Value, wrt: Iterable[Value]) -> list[Value]:
    """The derivatives ∂root/∂v for each v in wrt, as a list of Values that are ordinary nodes of the same graph.

    They can be differentiated again, drawn, and used in further operations. No `.grad` changes. The derivative is 0 for
    a v on which root doesn't depend. A derivative may use a result, as that of z = tanh(x), which is 1 - z², uses z. If
    it is differentiated again by such an interior node z, this use counts too.

    TypeError if root is no Value or wrt no sequence of Values, RuntimeError inside `no_grad()`, ValueError if the data
    of a node was changed after the graph was built, or if a v is a constant of the graph.

    >>> x, y = Value(3.0), Value(4.0)
    >>> dx, dy = grad_graph(x * x * y, wrt=[x, y])
    >>> grad_graph(dx, wrt=[y])
    [Value(data=6.0)]
    """
    a_value(root, "grad_graph")
    wrt = list(wrt) if isinstance(wrt, Iterable) else wrt
    if not isinstance(wrt, list) or not all(isinstance(v, Value) for v in wrt):
        raise TypeError(f"grad_graph takes wrt as a sequence of Values, not {wrt!r}; write wrt=[x, …]")
    if constants := [v.data for v in wrt if is_constant(v)]:
        raise ValueError(
            f"the number {constants[0]} is a constant of its graph; make a Value of it to differentiate by it"
        )
    if not recording():
        raise RuntimeError("a gradient is made of recorded nodes; leave no_grad() first")
    tape = Tape(root)
    way = tape.leading_to([tape.place(v) for v in wrt if v in tape])
    gradients = tape.gradients(_OverValues(tape, way), way)
    found = [gradients.get(tape.place(v), 0.0) if v in tape else 0.0 for v in wrt]
    given: set[int] = set()
    return [_own(gradient, tape, given) for gradient in found]


class _OverValues:
    """A sweep whose gradients are Values, or floats where they do not depend on any."""

    def __init__(self, tape: Tape, way: Collection[int]) -> None:
        from autograd.formula import partials_over_values  # Programs without such gradients start sooner.

        self._tape = tape
        self._way = way
        self._partials = partials_over_values

    def one(self) -> Value | float:
        return 1.0

    def partials(self, place: int) -> Sequence[Value | float]:
        operands = self._tape.operands_of(place)
        wanted = [k in self._way for k in operands]
        return self._partials(self._tape.node(place), [self._tape.node(k) for k in operands], wanted)

    def contribution(self, upstream: Value | float, partial: Value | float) -> Value | float:
        # A factor of 1 or -1 needs no node of a product.
        for factor, other in ((upstream, partial), (partial, upstream)):
            if isinstance(factor, float) and factor in (1.0, -1.0):
                return other if factor == 1.0 else -other
        return upstream * partial

    def accumulated(self, before: Value | float | None, amount: Value | float) -> Value | float:
        return amount if before is None else before + amount


def _own(gradient: Value | float, tape: Tape, given: set[int]) -> Value:
    """A new node for a gradient that is a node of the graph, as ∂(w·x)/∂w is x, or the same as an earlier one.

    So the caller can label each.
    """
    if isinstance(gradient, float):
        return Value(gradient)
    own = +gradient if gradient in tape or id(gradient) in given else gradient
    given.add(id(own))
    return own


def leaves(nest: object) -> Iterator[object]:
    """The items of nested lists and tuples that are no lists or tuples, from left to right."""
    if isinstance(nest, (list, tuple)):
        for part in nest:
            yield from leaves(part)
    else:
        yield nest


def rebuild(nest: object, numbers: Iterator[Any]) -> Any:
    """The same nesting with its leaves replaced by numbers, from left to right."""
    if isinstance(nest, (list, tuple)):
        parts = [rebuild(part, numbers) for part in nest]
        if isinstance(nest, list):
            return parts
        return type(nest)(*parts) if hasattr(nest, "_fields") else tuple(parts)
    return next(numbers)


def _input(x: object) -> Value:
    # A Value gets a new node too. Without it, `grad` inside a function that is differentiated itself would count the
    # outer function's uses of the same Value as its own.
    if not isinstance(x, Value):
        return Value(x)
    alias = +x
    alias.label = x.label
    return alias


def value_and_grad(f: Callable[..., Any]) -> Callable[..., tuple[Value, Any]]:
    """A function that returns the pair (value, gradient) of f.

    f takes Values, alone or in nested lists and tuples, and returns one Value. The returned function takes numbers or
    Values in the same nesting. Its gradient has the nesting of the argument, or for several arguments it is a tuple
    with one entry for each. Keyword arguments are passed on to f and not differentiated. TypeError if f is no function
    or returns anything but a Value, or if there is no argument; RuntimeError inside `no_grad()`.

    >>> value_and_grad(lambda w: w[0] * w[1])([2.0, 5.0])
    (Value(data=10.0), [Value(data=5.0), Value(data=2.0)])
    """

    if not callable(f):
        raise TypeError(f"a function is differentiated, not {_kind(f)}; for a Value there is grad_graph")

    def differentiated(*arguments: object, **options: object) -> tuple[Value, Any]:
        if not arguments:
            raise TypeError("a gradient is taken with respect to the arguments, and there is none; pass at least one")
        inputs = [_input(x) for x in leaves(arguments)]
        value = f(*rebuild(arguments, iter(inputs)), **options)
        if not isinstance(value, Value):
            raise TypeError(f"{_name(f)} must return one Value to have a gradient, not {_kind(value)}")
        gradient = rebuild(arguments, iter(grad_graph(value, inputs)))
        return value, gradient[0] if len(arguments) == 1 else gradient

    differentiated.__name__ = f"value_and_grad_of_{_name(f)}"
    return differentiated


def grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns the gradient of f as ordinary nodes, so that `grad(grad(f))` is the second derivative.

    The arguments, nesting and errors are those of `value_and_grad`.

    >>> grad(lambda x, y: x * y)(2.0, 5.0)
    (Value(data=5.0), Value(data=2.0))
    """
    both = value_and_grad(f)

    def gradient(*arguments: object, **options: object) -> Any:
        return both(*arguments, **options)[1]

    gradient.__name__ = f"grad_of_{_name(f)}"
    return gradient


def _kind(thing: object) -> str:
    """The type and text of a thing for an error message, with the remedy."""
    shown = f"{type(thing).__name__} {thing!r}"
    if isinstance(thing, (list, tuple)):
        return f"{shown}; return one element, or a total(…) of them"
    return f"{shown}, which has no graph; is there a .data in it?" if isinstance(thing, float) else shown


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "f")
