"""The rules over other kinds of numbers than floats: Values for higher derivatives, complex numbers, arrays.

>>> from autograd.formula import over
>>> over("square", {"square": lambda x: x * x, "real": lambda x: x.real})(1 + 2j)
((-3+4j), (2+4j))

A vocabulary says what the functions of `ieee` mean over another kind of number; the rule itself says the rest.
"""

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from autograd.engine import functions, graph, ieee
from autograd.engine.value import Value
from autograd.formula.cases import constants, returned, rule, target, unchanged

BREAKDOWN: Final = 1e-6
"""So far apart two roundings of one formula never are: one of them has left the range of floats on its way."""


class _ComparesNumbers(ast.NodeTransformer):
    """Comparisons look at the real number in each operand: a Value's data, a complex number's real part."""

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        return ast.Compare(_real(node.left), node.ops, [_real(c) for c in node.comparators])


def _real(expression: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("real", ast.Load()), [expression], [])


class _ReturnsOne(ast.NodeTransformer):
    """A body that is given z and returns a single derivative."""

    def __init__(self, position: int) -> None:
        self.position = position

    def visit_Return(self, node: ast.Return) -> ast.Return:
        return ast.Return(returned(node)[self.position])

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        return None if target(node) == "z" else node


def _compile(name: str, parameters: Sequence[str], body: Sequence[ast.stmt], words: Mapping[str, object]) -> Any:
    arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
    definition = ast.FunctionDef(name, arguments, list(body), [], None, lineno=1)
    namespace = {**constants(), **words, "ieee": SimpleNamespace(**words), "len": len}
    exec(compile(ast.fix_missing_locations(ast.Module([definition], [])), f"<rule {name}>", "exec"), namespace)
    return namespace.pop(name)  # or else it would hold itself


def _copy(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return ast.parse("\n".join(ast.unparse(s) for s in body)).body


def over(op: str, vocabulary: Mapping[str, Callable[..., object]]) -> Callable[..., Any]:
    """The whole rule over another kind of number: operands in, value and derivatives out.

    The vocabulary gives a meaning to the functions of `ieee` that the rule calls, and to
    `real(number)`, the float that guards compare. ValueError for an unknown rule.
    """
    body = [_ComparesNumbers().visit(s) for s in _copy(rule(op).body)]
    return _compile(op, rule(op).operands, body, vocabulary)  # type: ignore[no-any-return]


@cache
def _over_values(op: str, position: int) -> Callable[..., Any]:
    """∂z/∂(operand at position) as a function of z and the operands, over Values."""
    kept = [_ReturnsOne(position + 1).visit(_ComparesNumbers().visit(s)) for s in _copy(rule(op).body)]
    body = [s for s in kept if s is not None]
    return _compile(op, ("z", *rule(op).operands), body, _value_vocabulary())  # type: ignore[no-any-return]


def partials_over_values(node: Value, operands: Sequence[Value], wanted: Sequence[bool]) -> list[Value | float]:
    """The local derivatives of a node by its operands, as ordinary nodes; a plain float where one is a constant.

    Only those wanted are formed, the others are 0.0. Constants take part as plain floats.
    ValueError if data was changed since the node was made.
    """
    r, recorded = unchanged(node, operands), node.partials
    row: list[Value | float] = [v.data if graph.is_constant(v) else v for v in operands]
    groups = r.grouped(row)
    partials: list[Value | float] = []
    for i, want in enumerate(map(any, r.grouped(wanted)) if r.of_sequences else wanted):
        unformed: Any = [0.0] * len(groups[i]) if r.of_sequences else 0.0
        found = _over_values(node.op, i)(node, *groups) if want else unformed
        partials += found if r.of_sequences else [found]
    rows = zip(partials, recorded, row, wanted, strict=True)
    return [_settled(partial, was, x) if want else 0.0 for partial, was, x, want in rows]


def _settled(partial: Value | float, recorded: float, x: Value | float) -> Value | float:
    """A derivative over Values, brought into line with the recorded one at the points where formulas end."""
    number = _data(partial)
    if recorded != recorded:
        # Outside a domain a derivative is nan, and so are all further ones: a bare nan would count as a constant.
        return partial if isinstance(partial, Value) and number != number else x * recorded
    near = math.isfinite(recorded) and abs(number - recorded) <= BREAKDOWN * max(abs(recorded), 1.0)
    if number != recorded and not near:
        # The formula breaks down where the rule has decided: the decision stands, as a constant.
        return recorded
    return partial


@cache
def _value_vocabulary() -> dict[str, Callable[..., Any]]:
    def method(name: str) -> Callable[[Value | float], Value | float]:
        on_floats = getattr(ieee, name)

        def apply(x: Value | float) -> Value | float:
            return getattr(x, name)() if isinstance(x, Value) else on_floats(x)  # type: ignore[no-any-return]

        return apply

    names = [name for name in vars(ieee) if hasattr(Value, name) and callable(getattr(ieee, name))]
    return {name: method(name) for name in names} | {
        "real": lambda x: x.data if isinstance(x, Value) else x,
        "unsigned_zero": lambda x: x + 0.0 if _data(x) == 0.0 else x,
        "divide": lambda x, y: x / y if isinstance(x, Value) or isinstance(y, Value) else ieee.divide(x, y),
        "over_square": lambda x, y: x / y / y,
        "scaled_power": _scaled_power,
        "gaussian": lambda x, rate: (-rate * (x * x)).exp(),
        "normal_cdf": functions.normal_cdf,
        "share": functions.share,
        "shares": functions.softmax,
        "shifted_shares": lambda xs: [*functions.softmax(xs[:-1]), -1.0],
        "direction": lambda x, y: x / functions.hypot(x, y),
        "directions": _directions,
        "ties": lambda xs, z: ieee.ties([_data(x) for x in xs], _data(z)),
    }


def _data(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else x


def _scaled_power(c: Value | float, x: Value | float, y: Value | float, k: float) -> Value | float:
    exponent = y - k if k else y
    if isinstance(exponent, float) and exponent == 1.0:
        return c * x
    return c * (x**exponent if isinstance(x, Value) or isinstance(exponent, Value) else ieee.power(x, exponent))


def _directions(xs: Sequence[Value | float]) -> list[Value]:
    size = functions.norm(xs)
    return [x / size for x in xs]
