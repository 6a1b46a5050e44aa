"""A user's own operation, made of a function that returns its value and derivatives, and recorded as one node.

>>> import autograd
>>> @autograd.operation
... def softsign(x):
...     z = x / (1 + abs(x))
...     return z, 1 / (1 + abs(x)) ** 2
>>> y = softsign(autograd.Value(3.0, label="x"))
>>> y.op, y, y.partials
('softsign', Value(data=0.75), (0.0625,))
>>> print(autograd.formula.describe("softsign"))
z = x/(1 + |x|)
∂z/∂x = 1/(1 + |x|)²
>>> autograd.grad(autograd.grad(softsign))(3.0)
Value(data=-0.03125)
"""

import ast
import builtins
import inspect
import math
import textwrap
from collections import ChainMap
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial, wraps
from types import FunctionType
from typing import Any, Final, overload

from autograd import elementary
from autograd.check.derivatives import check_rule
from autograd.engine import functions, ieee
from autograd.engine.number import shown
from autograd.engine.value import Value, operand, record, record_many
from autograd.formula.cases import KNOWN, WORDS, Rule, parsed
from autograd.formula.vocabularies import floats, made
from autograd.operations import OPERATIONS, Domain, Kind, Operation, is_composed, register
from autograd.wording import counted

__all__ = ["operation"]

USUAL: Final = (-3.0, 3.0)
"""The domain of each operand, if none is given."""
_HOMES: Final = (math, ieee, functions, elementary)
_MEANINGS: Final[list[tuple[object, str]]] = [
    *[(getattr(home, word), word) for home in _HOMES for word in WORDS if hasattr(home, word)],
    *[(abs, "absolute"), (math.fabs, "absolute"), (pow, "power"), (math.pow, "power"), (sum, "total")],
    *[(math.fsum, "total"), (max, "greatest"), (min, "least")],
]
"""The functions that a rule may call, each with its word."""
_MADE: Final[dict[str, list[str]]] = {}
"""The operations made here: by name, the `op` of their nodes, the latest last."""


@overload
def operation(function: Callable[..., Any]) -> Callable[..., Value]: ...
@overload
def operation(*, domain: Sequence[Any] = USUAL) -> Callable[[Callable[..., Any]], Callable[..., Value]]: ...
def operation(function: Callable[..., Any] | None = None, *, domain: Sequence[Any] = USUAL) -> Any:
    """Make an operation of a function that returns its value and then one derivative by each operand.

    Write it in the grammar of `engine/rules.py`, and more freely: ints, / and **, `abs(x)`, `math.exp(x)` or `exp(x)`,
    `a if x > 0 else b`, constants from outside as they are now. Name the value z to write derivatives in terms of it.
    If one operand is annotated or used as a list, all operands are lists of one length, and so is the derivative by
    each. The operation takes Values and numbers, follows IEEE 754 where Python would raise an error, and has
    derivatives of every order.

    The derivatives are checked against differences of the value at a few points of the domain: an interval
    `(low, high)`, or for each operand an interval or a list of them; by default (-3, 3).

    A function whose source can't be read, because it was typed at the plain prompt of Python before 3.13, has first
    derivatives alone, and nan where Python would raise.

    TypeError for anything but a plain function with a name; SyntaxError for a form outside the grammar; ValueError
    for a wrong derivative, for a domain without a point to check, and for the name of an operation of this package.
    """
    if function is None:
        return partial(operation, domain=domain)
    if not isinstance(function, FunctionType) or not function.__name__.isidentifier():
        raise TypeError(f"operation makes one of a function, not of {shown(function)}; define it with def and a name")
    if hasattr(function, "__wrapped__"):
        raise TypeError(f"operation makes one of a plain function, and {function.__name__} is decorated already")
    r = _read(function) or _unread(function)
    op, domains = _key(r), _domains(domain, r)
    apply = wraps(function)(_recording(op, r))
    try:
        Context().run(check_rule, r, apply, domains)  # A no_grad() around the definition has no effect.
    except TypeError as error:
        remedy = "operands are all numbers or all lists, as derivatives are"
        if not r.cases:
            remedy += "; as no source can be read, write xs: list for a list"
        raise TypeError(f"{r.name} can't be computed: {error}; {remedy}") from None
    KNOWN[op] = r
    kind: Kind = "sequences" if r.of_sequences else "function"
    register(op, Operation(r.name, domains, kind, function=apply, of_sequences=r.of_sequences))
    _MADE[r.name] = [*(other for other in _MADE.get(r.name, []) if other != op), op]
    return apply


def _key(r: Rule) -> str:
    """The `op` of the nodes: the name, with a number after it if the name stands for another rule already."""
    earlier = _MADE.get(r.name, [])
    composed = is_composed(r.name)  # The name stands for a rule, and users call a function.
    if not earlier and (
        (r.name in OPERATIONS and not composed) or hasattr(Value, r.name) or hasattr(functions, r.name)
    ):
        raise ValueError(f"{r.name} is an operation of this package; give yours another name")
    same = [op for op in earlier if r.cases and repr(KNOWN[op][:4]) == repr(r[:4])]
    return same[0] if same else f"{r.name}#{len(earlier) + 1}" if earlier or composed else r.name


def _recording(op: str, r: Rule) -> Callable[..., Value]:
    """The operation on Values and numbers."""
    signature = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in r.operands]
    )

    def apply(*operands: Any, **named: Any) -> Value:
        if named:
            try:
                operands = signature.bind(*operands, **named).args
            except TypeError as error:
                raise TypeError(f"{r.name} takes {', '.join(r.operands)}: {error}") from None
        if len(operands) != len(r.operands):
            wanted = counted(len(r.operands), "operand")
            raise TypeError(f"{r.name} takes {wanted}, {', '.join(r.operands)}, and not {len(operands)}")
        groups = [functions.operands(xs, r.name) if r.of_sequences else [operand(xs, r.name)] for xs in operands]
        if len({*map(len, groups)}) > 1 or not groups[0]:
            raise ValueError(f"{r.name} takes lists of one length, not empty; these have {[*map(len, groups)]}")
        row = [x for xs in groups for x in xs]
        z, partials = r.on_floats([v.data for v in row])
        if len(row) > 2:
            return record_many(op, z, row, partials)
        return record(op, z, *(part for pair in zip(row, partials, strict=True) for part in pair))  # type: ignore[arg-type]

    return apply


# ── from source to rule ──


def _read(function: FunctionType) -> Rule | None:
    """The rule that the source of a function states; None if there is no source to be read."""
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return None
    text = textwrap.dedent("".join(lines))
    if not _is_of(function, text):
        return None
    outside = ChainMap(_enclosed(function), function.__globals__, vars(builtins))

    def found(dotted: str) -> Any:
        first, *rest = dotted.split(".")
        thing = outside.get(first)
        for name in rest:
            thing = getattr(thing, name, None)
        return thing

    def word(dotted: str) -> str | None:
        if found(dotted) is None:
            return dotted if dotted in WORDS else None
        return next((word for thing, word in _MEANINGS if thing is found(dotted)), None)

    def constant(dotted: str) -> float | None:
        thing = found(dotted)
        return float(thing) if isinstance(thing, (int, float)) and not isinstance(thing, bool) else None

    at = inspect.getsourcefile(function) or "", first - 1
    r = parsed(function, text, word, constant, at)
    return r._replace(function=made(r, floats()))


def _is_of(function: FunctionType, text: str) -> bool:
    """Whether the text defines this function: in a file that was edited since, another may stand in its lines."""
    try:
        d = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        return False
    code = function.__code__
    return (
        isinstance(d, (ast.FunctionDef, ast.AsyncFunctionDef))
        and d.name == function.__name__
        and tuple(a.arg for a in (*d.args.posonlyargs, *d.args.args)) == code.co_varnames[: code.co_argcount]
    )


def _enclosed(function: FunctionType) -> dict[str, Any]:
    """The names of the functions around this one; those that are not assigned yet stand for nothing."""
    found: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            found[name] = None
    return found


def _unread(function: FunctionType) -> Rule:
    """The rule of a function whose source can't be read."""
    parameters = inspect.signature(function).parameters
    of_lists = any("list" in str(p.annotation) for p in parameters.values())

    def on_floats(*operands: Any) -> tuple[Any, ...]:
        try:
            found = function(*operands)
        except (ArithmeticError, ValueError):  # Such as math.log(-1.0): with a source it would follow IEEE 754.
            found = math.nan, *([[math.nan] * len(xs) for xs in operands] if of_lists else [math.nan] * len(operands))
        if not isinstance(found, tuple) or len(found) != 1 + len(parameters):
            raise TypeError(f"{function.__name__} must return its value and {len(parameters)} derivatives")
        z, *partials = found
        return float(z), *([*map(float, d)] if of_lists else float(d) for d in partials)

    return Rule(function.__name__, tuple(parameters), of_lists, (), on_floats)


# ── domains ──


def _domains(domain: Sequence[Any], r: Rule) -> tuple[Domain, ...]:
    """The intervals of each operand, from any of the ways to give them."""
    n = len(r.operands)
    try:
        each = [domain] * n if n == 1 or isinstance(domain[0], (int, float)) else domain
        domains = tuple(map(_intervals, each))
    except (TypeError, ValueError, IndexError):
        domains = ()
    if len(domains) != n or not all(low < high for row in domains for low, high in row):
        raise ValueError(
            f"{r.name}: domain is (low, high), or one such for each of {', '.join(r.operands)}, not {shown(domain)}"
        )
    return domains


def _intervals(given: Any) -> Domain:
    pairs = [given] if isinstance(given[0], (int, float)) else given
    return tuple((float(low), float(high)) for low, high in pairs)
