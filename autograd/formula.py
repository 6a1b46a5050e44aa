"""The rules read as text, and over other kinds of numbers than floats.

>>> from autograd import Value, formula
>>> print(formula.describe("tanh"))
z = tanh(x)
∂z/∂x = 1 − z²
>>> h = Value(0.35, label="z1").sigmoid()
>>> formula.partial_text(h, 0), formula.partial_text(h, 0, numbers=True)
('z·(1 − z)', '0.586618·(1 − 0.586618)')

Nothing is stated here a second time: each reading is made from the source of `rules.py`. A
vocabulary says what the functions of `ieee` mean over another kind of number; the rule itself
says the rest.
"""

import ast
import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from autograd import functions, graph, ieee
from autograd import rules as source
from autograd.number import short
from autograd.value import Value

BREAKDOWN: Final = 1e-6
"""So far apart two roundings of one formula never are: one of them has left the range of floats on its way."""


class Rule(NamedTuple):
    """One function of rules.py: its name, the names of its operands, and its body."""

    name: str
    operands: tuple[str, ...]
    of_sequences: bool
    body: tuple[ast.stmt, ...]

    def grouped(self, row: Sequence[Any]) -> list[Any]:
        """What a node has in one row, by the operands of the rule: numbers, or the lists that sequences are."""
        n = len(row) // len(self.operands)
        return [list(row[i : i + n]) for i in range(0, len(row), n)] if self.of_sequences else list(row)

    def on_floats(self, row: Sequence[float]) -> tuple[float, list[float]]:
        """The value and the local derivatives, in one row like the operands."""
        z, *partials = getattr(source, self.name)(*self.grouped(row))
        return z, [d for group in partials for d in group] if self.of_sequences else partials


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its name, in the order of the source."""
    # Compiled or not, the source lies beside this module.
    with open(os.path.join(os.path.dirname(__file__), "rules.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return {
        d.name: Rule(
            d.name,
            tuple(a.arg for a in d.args.args),
            any(isinstance(a.annotation, ast.Subscript) for a in d.args.args),
            tuple(d.body),
        )
        for d in tree.body
        if isinstance(d, ast.FunctionDef)
    }


@cache
def constants() -> dict[str, float]:
    """The named numbers of rules.py."""
    return {name: number for name, number in vars(source).items() if name.isupper() and isinstance(number, float)}


def rule(op: str) -> Rule:
    """The rule named op; ValueError if there is none."""
    try:
        return rules()[op]
    except KeyError:
        raise ValueError(f"no rule is named {op!r}; there are {', '.join(rules())}") from None


# ── over other numbers ──


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
        return ast.Return(_returned(node)[self.position])

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        return None if _target(node) == "z" else node


def _target(statement: ast.Assign) -> str:
    assert isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id


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
    r = rule(node.op)
    recorded = node.partials
    _unchanged(r, node, operands, recorded)
    row: list[Value | float] = [v.data if graph.is_constant(v) else v for v in operands]
    groups = r.grouped(row)
    partials: list[Value | float] = []
    for i, want in enumerate(map(any, r.grouped(wanted)) if r.of_sequences else wanted):
        unformed: Any = [0.0] * len(groups[i]) if r.of_sequences else 0.0
        found = _over_values(node.op, i)(node, *groups) if want else unformed
        partials += found if r.of_sequences else [found]
    rows = zip(partials, recorded, row, wanted, strict=True)
    return [_settled(partial, was, x) if want else 0.0 for partial, was, x, want in rows]


def _unchanged(r: Rule, node: Value, operands: Sequence[Value], recorded: Sequence[float]) -> None:
    """Whether the numbers still belong together: ValueError if one was assigned since the node was made."""
    z, partials = r.on_floats([v.data for v in operands])
    # By a constant no derivative need have been formed.
    rows = zip(partials, recorded, operands, strict=True)
    used = [(now, was) for now, was, v in rows if not graph.is_constant(v)]
    if any(now != was and (now == now or was == was) for now, was in [(z, node.data), *used]):
        names = ", ".join(v.label for v in (*operands, node) if v.label)
        raise ValueError(
            f"the data of a node or its operands was changed after {node.op} was recorded{names and f' ({names})'}; "
            "build the graph again, backward() alone still knows the old numbers"
        )


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


# ── as text ──

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
"""How tightly a piece of text holds together."""

_NAMES = {
    "LOG2_E": ("log₂e", _ATOM),
    "LOG10_E": ("log₁₀e", _ATOM),
    "TWO_OVER_SQRT_PI": ("2/√π", _PRODUCT),
    "ONE_OVER_SQRT_TWO_PI": ("1/√(2π)", _PRODUCT),
    "NAN": ("nan", _ATOM),
}
_FUNCTIONS = {"normal_cdf": "Φ", "shares": "softmax", "greatest": "largest", "least": "smallest", "ties": "ties"}

_Text = tuple[str, int]


def _grip(text: _Text, at_least: int) -> str:
    return text[0] if text[1] >= at_least else f"({text[0]})"


def _number(number: float) -> _Text:
    text = short(number).removesuffix(".0")
    return (f"−{text[1:]}", _SIGN) if text.startswith("-") else (text, _ATOM)


def _binary(left: _Text, op: ast.operator, right: _Text) -> _Text:
    if isinstance(op, (ast.Add, ast.Sub)):
        plus = isinstance(op, ast.Add)
        if right[0].startswith("−") and right[1] >= _PRODUCT:  # a + −b is a − b
            plus, right = not plus, (right[0][1:], right[1])
        return f"{left[0]} {'+' if plus else '−'} {_grip(right, _SUM if plus else _PRODUCT)}", _SUM
    if isinstance(op, ast.Div):
        return f"{_grip(left, _PRODUCT)}/{_grip(right, _POWER)}", _PRODUCT
    if left == right:
        return _power(left, ("2", _ATOM))
    if left == ("−1", _SIGN):
        return f"−{_grip(right, _PRODUCT)}", _SIGN
    return f"{_grip(left, _PRODUCT)}·{_grip(right, _SIGN if right[0][0] != '−' else _POWER)}", _PRODUCT


def _power(base: _Text, exponent: _Text) -> _Text:
    if exponent[0].isdigit() and len(exponent[0]) == 1:
        return _grip(base, _ATOM) + "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(exponent[0])], _POWER
    return f"{_grip(base, _ATOM)}^{_grip(exponent, _ATOM)}", _POWER


def _call(name: str, arguments: list[_Text]) -> _Text:
    """What a function of ieee is called in print."""
    x, y, *rest = [*arguments, ("", _ATOM)]
    if name == "unsigned_zero":
        return x
    if name == "divide":
        return _binary(x, ast.Div(), y)
    if name == "over_square":
        return _binary(x, ast.Div(), _power(y, ("2", _ATOM)))
    if name == "power":
        return _power(x, y)
    if name == "scaled_power":
        k = rest[1]
        return _binary(x, ast.Mult(), _power(y, rest[0] if k[0] == "0" else _binary(rest[0], ast.Sub(), k)))
    if name == "sqrt":
        return f"√{_grip(x, _ATOM)}", _POWER
    if name == "gaussian":
        square = _power(x, ("2", _ATOM))
        square = square if y[0] == "1" else _binary(y, ast.Mult(), square)
        return f"e^(−{_grip(square, _PRODUCT)})", _POWER
    if name in ("share", "exp_of_difference"):
        return f"{'sigmoid' if name == 'share' else 'exp'}({_binary(x, ast.Sub(), y)[0]})", _ATOM
    if name == "direction":
        return f"{_grip(x, _PRODUCT)}/hypot({x[0]}, {y[0]})", _PRODUCT
    return f"{_FUNCTIONS.get(name, name)}({', '.join(a[0] for a in arguments)})", _ATOM


def _print(e: ast.expr, names: Mapping[str, _Text]) -> _Text:
    if isinstance(e, ast.Constant):
        return _number(float(e.value))  # type: ignore[arg-type]
    if isinstance(e, ast.Name):
        return names.get(e.id) or _NAMES.get(e.id) or (e.id, _ATOM)
    if isinstance(e, ast.UnaryOp):
        inner = _print(e.operand, names)
        if inner[0].startswith("−") and inner[1] >= _PRODUCT:
            return inner[0][1:], _PRODUCT
        return f"−{_grip(inner, _PRODUCT)}", _SIGN
    if isinstance(e, ast.BinOp):
        return _binary(_print(e.left, names), e.op, _print(e.right, names))
    if isinstance(e, ast.Call):
        if not isinstance(e.func, ast.Attribute):
            return names.get("n", ("n", _ATOM))  # len, of the only sequence that there is
        arguments = [_print(a, names) for a in e.args]
        if e.func.attr == "directions":
            return _binary(names.get("x", ("x", _ATOM)), ast.Div(), (f"norm({arguments[0][0]})", _ATOM))
        return _call(e.func.attr, arguments)
    if isinstance(e, ast.ListComp):
        return _print(e.elt, names)
    if isinstance(e, ast.IfExp):
        then, test, other = (_print(p, names)[0] for p in (e.body, e.test, e.orelse))
        return f"{then} if {test} else {other}", _SUM
    if isinstance(e, ast.Compare):
        signs = {ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
        left, right = _print(e.left, names)[0], _print(e.comparators[0], names)[0]
        if left == right and isinstance(e.ops[0], ast.NotEq):
            return f"{left} is nan", _SUM
        return f"{left} {signs[type(e.ops[0])]} {right}", _SUM
    if isinstance(e, ast.BoolOp):
        word = " and " if isinstance(e.op, ast.And) else " or "
        return word.join(_print(v, names)[0] for v in e.values), _SUM
    raise TypeError(f"rules.py has a form that can't be printed: {ast.unparse(e)}")


def describe(op: str) -> str:
    """The rule as lines of text, the value and each derivative, case by case; ValueError for an unknown rule.

    >>> print(describe("relu"))
    z = x, ∂z/∂x = 1  if x > 0
    z = 0, ∂z/∂x = 0  if x ≤ 0
    z = nan, ∂z/∂x = nan
    """
    r = rule(op)
    joint = ", " if any(isinstance(s, ast.If) for s in r.body) else "\n"
    return "\n".join(_cases(r, r.body, "z", {}, joint))


def _cases(r: Rule, body: Sequence[ast.stmt], z: str, names: dict[str, _Text], joint: str) -> list[str]:
    lines = []
    for s in body:
        if isinstance(s, ast.Assign) and _target(s) == "z":
            z = _print(s.value, names)[0]
        elif isinstance(s, ast.Assign):
            names = {**names, _target(s): _print(s.value, names)}
        elif isinstance(s, ast.If):
            condition = _print(s.test, names)[0]
            lines += [f"{case}  if {condition}" for case in _cases(r, s.body, z, names, joint)]
        elif isinstance(s, ast.Return):
            value, *partials = _returned(s)
            shown = _print(value, names)[0]
            parts = [f"z = {z if shown == 'z' else shown}"]
            for operand, partial in zip(r.operands, partials, strict=True):
                of = _element(operand) if r.of_sequences else operand
                parts.append(f"∂z/∂{of} = {_print(_of_element(partial), names)[0]}")
            lines.append(joint.join(parts))
    return lines


def _returned(s: ast.Return) -> list[ast.expr]:
    assert isinstance(s.value, ast.Tuple)
    return s.value.elts


def _element(sequence: str) -> str:
    """What one of xs is called."""
    return sequence.removesuffix("s")


def _of_element(partial: ast.expr) -> ast.expr:
    """A list of derivatives that is an operand itself, read for one element."""
    return ast.Name(_element(partial.id)) if isinstance(partial, ast.Name) and partial.id in ("xs", "ys") else partial


def partial_text(node: Value, position: int, *, numbers: bool = False) -> str:
    """The formula of one local derivative of a node, in the case that applied to it.

    In terms of its operands x, y (of a sequence: one element x, y and the whole xs, ys) and its value z, or
    with their numbers put in. IndexError if the node has no operand at that position, ValueError if data was
    changed since the node was made.
    """
    operands = node.operands
    data = [v.data for v in operands]
    if not 0 <= position < len(data):
        raise IndexError(f"{node.op or 'a leaf'} has {len(data)} operands, and none at position {position}")
    r = rule(node.op)
    _unchanged(r, node, operands, node.partials)
    n = len(data) // len(r.operands)
    scope: dict[str, Any] = {**constants(), "ieee": ieee, "len": len, "z": node.data}
    names: dict[str, _Text] = {"z": _number(node.data)}
    for operand, group in zip(r.operands, r.grouped(data), strict=True):
        if r.of_sequences:
            scope[operand], scope[_element(operand)] = group, group[position % n]
            names[operand] = f"[{', '.join(_number(x)[0] for x in group[:4])}{', …' if n > 4 else ''}]", _ATOM
            names[_element(operand)] = _number(group[position % n])
            names["n"] = _number(n)
        else:
            scope[operand], names[operand] = group, _number(group)
    names = names if numbers else {}
    returned = _applied(r.body, scope, names)
    partial = returned[1 + (position // n if r.of_sequences else position)]
    if isinstance(partial, ast.ListComp) and isinstance(partial.elt, ast.IfExp):
        choice = partial.elt
        partial = choice.body if _evaluate(choice.test, scope) else choice.orelse
    return _print(_of_element(partial), names)[0]


def _evaluate(expression: ast.expr, scope: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(expression), "<rule>", "eval"), scope)


def _applied(body: Sequence[ast.stmt], scope: dict[str, Any], names: dict[str, _Text]) -> list[ast.expr]:
    """Follow the guards to the return that applies, noting in scope and names what was assigned on the way."""
    for s in body:
        if isinstance(s, ast.Assign) and _target(s) != "z":
            names[_target(s)] = _print(s.value, names)
            scope[_target(s)] = _evaluate(s.value, scope)
        elif isinstance(s, ast.If) and _evaluate(s.test, scope):
            return _applied(s.body, scope, names)
        elif isinstance(s, ast.Return):
            return _returned(s)
    raise AssertionError("a rule ends with a return")
