"""The rules as text: a whole rule, or the formula of one local derivative of a node.

>>> from autograd import Value
>>> from autograd.formula import partial_text
>>> partial_text(Value(0.35).sigmoid(), 0, names=["z1"], name="h")
'h·(1 - h)'
"""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.engine import ieee
from autograd.engine.value import Value
from autograd.formula.cases import Rule, constants, returned, rule, target, unchanged
from autograd.wording import brief

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
    text = brief(number)
    return text, _SIGN if text.startswith("-") else _ATOM


def _binary(left: _Text, op: ast.operator, right: _Text) -> _Text:
    if isinstance(op, (ast.Add, ast.Sub)):
        plus = isinstance(op, ast.Add)
        if right[0].startswith("-") and right[1] >= _PRODUCT:  # a + -b is a - b
            plus, right = not plus, (right[0][1:], right[1])
        return f"{left[0]} {'+' if plus else '-'} {_grip(right, _SUM if plus else _PRODUCT)}", _SUM
    if isinstance(op, ast.Div):
        return f"{_grip(left, _PRODUCT)}/{_grip(right, _POWER)}", _PRODUCT
    if left == right:
        return _power(left, ("2", _ATOM))
    if left == ("-1", _SIGN):
        return f"-{_grip(right, _PRODUCT)}", _SIGN
    return f"{_grip(left, _PRODUCT)}·{_grip(right, _SIGN if right[0][0] != '-' else _POWER)}", _PRODUCT


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
        return _binary(x, ast.Mult(), _lowered(y, rest[0], rest[1]))
    if name == "sqrt":
        return f"√{_grip(x, _ATOM)}", _POWER
    if name == "gaussian":
        square = _power(x, ("2", _ATOM))
        square = square if y[0] == "1" else _binary(y, ast.Mult(), square)
        return f"e^(-{_grip(square, _PRODUCT)})", _POWER
    if name in ("share", "exp_of_difference"):
        return f"{'sigmoid' if name == 'share' else 'exp'}({_binary(x, ast.Sub(), y)[0]})", _ATOM
    if name == "direction":
        return f"{_grip(x, _PRODUCT)}/hypot({x[0]}, {y[0]})", _PRODUCT
    return f"{_FUNCTIONS.get(name, name)}({', '.join(a[0] for a in arguments)})", _ATOM


def _lowered(base: _Text, exponent: _Text, k: _Text) -> _Text:
    """base to the power exponent - k."""
    if k[0] == "0":
        return _power(base, exponent)
    if not exponent[0].isdecimal():
        return _power(base, _binary(exponent, ast.Sub(), k))
    lower = int(exponent[0]) - int(k[0])
    return base if lower == 1 else _power(base, _number(lower))


def _print(e: ast.expr, names: Mapping[str, _Text]) -> _Text:
    if isinstance(e, ast.Constant):
        return _number(float(e.value))  # type: ignore[arg-type]
    if isinstance(e, ast.Name):
        return names.get(e.id) or _NAMES.get(e.id) or (e.id, _ATOM)
    if isinstance(e, ast.UnaryOp):
        inner = _print(e.operand, names)
        if inner[0].startswith("-") and inner[1] >= _PRODUCT:
            return inner[0][1:], _PRODUCT
        return f"-{_grip(inner, _PRODUCT)}", _SIGN
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
        if isinstance(s, ast.Assign) and target(s) == "z":
            z = _print(s.value, names)[0]
        elif isinstance(s, ast.Assign):
            names = {**names, target(s): _print(s.value, names)}
        elif isinstance(s, ast.If):
            condition = _print(s.test, names)[0]
            lines += [f"{case}  if {condition}" for case in _cases(r, s.body, z, names, joint)]
        elif isinstance(s, ast.Return):
            value, *partials = returned(s)
            shown = _print(value, names)[0]
            parts = [f"z = {z if shown == 'z' else shown}"]
            for operand, partial in zip(r.operands, partials, strict=True):
                of = _element(operand) if r.of_sequences else operand
                parts.append(f"∂z/∂{of} = {_print(_of_element(partial), names)[0]}")
            lines.append(joint.join(parts))
    return lines


def _element(sequence: str) -> str:
    """What one of xs is called."""
    return sequence.removesuffix("s")


def _of_element(partial: ast.expr) -> ast.expr:
    """A list of derivatives that is an operand itself, read for one element."""
    return ast.Name(_element(partial.id)) if isinstance(partial, ast.Name) and partial.id in ("xs", "ys") else partial


def partial_text(
    node: Value, position: int, *, numbers: bool = False, names: Sequence[str] | None = None, name: str = "z"
) -> str:
    """The formula of one local derivative of a node, in the case that applied to it.

    In terms of its operands x, y (of a sequence: one element x, y and the whole xs, ys) and its value z, or with their
    numbers put in, or under names of one's own: `names` of all operands in order, and `name` of the node. IndexError
    if the node has no operand at that position, ValueError if data was changed since the node was made.
    """
    operands = node.operands
    data = [v.data for v in operands]
    if not 0 <= position < len(data):
        raise IndexError(f"{node.op or 'a leaf'} has {len(data)} operands, and none at position {position}")
    r = unchanged(node, operands)
    n = len(data) // len(r.operands)
    called = [_number(x) for x in data] if numbers else [_held_together(text) for text in names or ()]
    scope: dict[str, Any] = {**constants(), "ieee": ieee, "len": len, "z": node.data}
    words: dict[str, _Text] = {"z": _number(node.data) if numbers else _held_together(name)}
    for i, (operand, group) in enumerate(zip(r.operands, r.grouped(data), strict=True)):
        scope[operand] = group
        if r.of_sequences:
            scope[_element(operand)] = group[position % n]
            words["n"] = _number(n)
        if called and r.of_sequences:
            row = called[i * n : (i + 1) * n]
            words[operand] = f"[{', '.join(text for text, _ in row[:4])}{', …' if n > 4 else ''}]", _ATOM
            words[_element(operand)] = row[position % n]
        elif called:
            words[operand] = called[i]
    words = words if called else {}
    partial = _applied(r.body, scope, words)[1 + (position // n if r.of_sequences else position)]
    if isinstance(partial, ast.ListComp) and isinstance(partial.elt, ast.IfExp):
        choice = partial.elt
        partial = choice.body if _evaluate(choice.test, scope) else choice.orelse
    return _print(_of_element(partial), words)[0]


_INFIX = {
    "add": ast.Add(),
    "subtract": ast.Sub(),
    "shift": ast.Sub(),
    "divide": ast.Div(),
}


def operation_text(op: str, operands: Sequence[str]) -> str:
    """An operation written out on the texts of its operands.

    >>> operation_text("multiply", ["a", "-2"]), operation_text("dot", ["a", "b", "c", "d"])
    ('a·(-2)', 'a·c + b·d')
    >>> operation_text("sigmoid", ["a + b"])
    'sigmoid(a + b)'
    """
    texts = [_held_together(text) for text in operands]
    if op in _INFIX:
        return _binary(texts[0], _INFIX[op], texts[1])[0]
    if op == "multiply":
        return _times(*texts)[0]
    if op == "power":
        return _power(*texts)[0]
    if op == "negative":
        return f"-{_grip(texts[0], _POWER)}"
    if op in ("total", "mean", "dot") and texts:
        n = len(texts) // 2
        terms = [_times(x, y) for x, y in zip(texts[:n], texts[n:], strict=True)] if op == "dot" else texts
        together = terms[0]
        for term in terms[1:]:
            together = _binary(together, ast.Add(), term)
        return f"({together[0]})/{len(terms)}" if op == "mean" else together[0]
    if op in ("share", "exp_of_difference"):
        return _call(op, texts)[0]
    if op == "log_of_shifted_sum":
        return f"log Σ exp([{', '.join(operands[:-1])}] - {_grip(texts[-1], _PRODUCT)})"
    return f"{op}({', '.join(operands)})"


def _times(x: _Text, y: _Text) -> _Text:
    """Both factors as they are, for somebody to multiply."""
    return f"{_grip(x, _PRODUCT)}·{_grip(y, _SIGN if y[0][0] != '-' else _POWER)}", _PRODUCT


def _held_together(text: str) -> _Text:
    """A name or a number as a piece of text; a label may be any words."""
    bare = text.removeprefix("-")
    if re.fullmatch(r"[\d.]+e[+-]\d+", bare):
        return text, _SIGN if bare != text else _PRODUCT
    if not all(c.isalnum() or c in "_.#'…" for c in bare):
        return text, _SUM
    return text, _SIGN if bare != text else _ATOM


def _evaluate(expression: ast.expr, scope: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(expression), "<rule>", "eval"), scope)


def _applied(body: Sequence[ast.stmt], scope: dict[str, Any], names: dict[str, _Text]) -> list[ast.expr]:
    """Follow the guards to the return that applies, noting in scope and names what was assigned on the way."""
    for s in body:
        if isinstance(s, ast.Assign) and target(s) != "z":
            names[target(s)] = _print(s.value, names)
            scope[target(s)] = _evaluate(s.value, scope)
        elif isinstance(s, ast.If) and _evaluate(s.test, scope):
            return _applied(s.body, scope, names)
        elif isinstance(s, ast.Return):
            return returned(s)
    raise AssertionError("a rule ends with a return")
