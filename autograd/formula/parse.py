"""A graph from an expression that is a text. The text is never run as Python.

>>> from autograd.formula.parse import read
>>> read("tanh(w*x + b)", {"w": 2.0, "x": -1.0, "b": 0.5})
Value(data=-0.905148)
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from autograd.engine import functions
from autograd.engine.graph import is_constant
from autograd.engine.number import shown, to_float
from autograd.engine.value import Number, Value, constant
from autograd.operations import OPERATIONS, Operation

_OPERATORS: Final[Mapping[type, Callable[[Any, Any], Value]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_SIGNS: Final[Mapping[type, Callable[[Any], Any]]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
ALIKE: Final = {
    "max": "maximum",
    "min": "minimum",
    "ln": "log",
    "sum": "total",
    "avg": "mean",
    "abs": "absolute",
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
}
"""Names from elsewhere, and ours for the same."""
KNOWN: Final = {"pi": math.pi, "e": math.e}
"""Names that have a number without being given one."""
_WRITTEN: Final = str.maketrans({"−": "-", "·": "*", "×": "*", "÷": "/", "π": "pi"})
"""Signs that this package prints, and how Python writes them."""
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _functions() -> dict[str, Callable[..., Value]]:
    """Every operation that is written as a function, by its name."""
    found: dict[str, Callable[..., Value]] = {"abs": abs, "product": _of_row(functions.product)}
    for row in OPERATIONS.values():
        if row.function is not None and row.public and row.kind not in ("infix", "prefix"):
            of_one_sequence = row.of_sequences and len(row.domains) == 1
            found[row.name] = _of_row(row.function) if of_one_sequence else _of_numbers(row)
    return found


def _of_numbers(row: Operation) -> Callable[..., Value]:
    def function(*xs: Any) -> Value:
        if not row.of_sequences and any(isinstance(x, list) for x in xs):
            raise TypeError("it takes numbers, not a list")
        assert row.function is not None
        return row.function(*xs)

    return function


def _of_row(function: Callable[..., Value]) -> Callable[..., Value]:
    """A function that takes total(a, b, c) and total([a, b, c]) alike."""
    return lambda *xs: function(*xs) if [*map(type, xs)] == [list] else function(xs)


def names_in(text: str) -> list[str]:
    """The names in a text that are not those of functions, in their order.

    >>> names_in("tanh(w*x + b) * pi")
    ['w', 'x', 'b', 'pi']
    """
    found = [node for node in ast.walk(_parsed(text)) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [name for name in dict.fromkeys(node.id for node in found) if name not in _functions()]


def read(text: str, numbers: Mapping[str, Number]) -> Value:
    """The root of the graph of a text, in which each name is a leaf with that label, or the Value given for it.

    The names are those of `numbers`, pi and e. The operators are + − * / **. The functions are all operations, as in
    tanh(x), maximum(x, 2), total(x, y, z), dot([x, y], [1, 2]). ValueError for anything else, for a name without a
    number and for a number that isn't used.
    """
    tree = _parsed(text)
    leaves = {name: x if type(x) is Value else Value(x, label=name) for name, x in numbers.items()}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if unused := [name for name in numbers if name not in used]:
        raise ValueError(f"{', '.join(unused)} does not occur in {shown(text)}; leave it out")
    try:
        root = _Reader(leaves).read(tree)
    except RecursionError:
        raise ValueError("the expression is nested too deeply to be read; split it") from None
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
    if type(root) is not Value:
        raise ValueError(f"{shown(text)} is a list, not a number; take its total(…)")
    return root


def _parsed(text: str) -> ast.expr:
    try:
        plain = re.sub("[⁰¹²³⁴-⁹]+", lambda power: f"**{power[0].translate(_RAISED)}", text.strip())
        return ast.parse(plain.translate(_WRITTEN), mode="eval").body
    except SyntaxError as error:
        hint = "; a product is written 2*x" if "literal" in error.msg else "; one is written like tanh(w*x + b)"
        raise ValueError(f"{shown(text)} is not an expression: {error.msg}{hint}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        why = error if isinstance(error, ValueError) else "it is too long or too deep; use total([…]), or split it"
        raise ValueError(f"the expression can't be read: {why}") from None


def _refused(node: ast.AST, hint: str) -> ValueError:
    return ValueError(f"{shown(ast.unparse(node))} may not occur in an expression{hint}")


class _Reader:
    """Walks a syntax tree against the list of what may occur in it."""

    def __init__(self, leaves: dict[str, Value]) -> None:
        self._leaves = leaves
        self._functions = _functions()

    def read(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return constant(to_float(node.value, "an expression"))
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.BinOp):
            return self._chain(node)
        if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
            inner, sign = self.read(node.operand), _SIGNS[type(node.op)]
            return constant(sign(inner.data)) if type(inner) is Value and is_constant(inner) else sign(inner)
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.read(x) for x in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, [self.read(x) for x in node.args])
        method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        hint = "; a function is written tanh(x)" if method else ""
        raise _refused(node, hint)

    def _chain(self, node: ast.BinOp) -> Any:
        """Operators in a row, as in a long sum, without a call for each: they are nested to the left."""
        chain: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            chain.append(first)
            first = first.left
        result = self.read(first)
        for step in reversed(chain):
            if type(step.op) not in _OPERATORS:
                hint = "; a power is written **" if isinstance(step.op, ast.BitXor) else ""
                raise _refused(step, hint)
            result = _OPERATORS[type(step.op)](result, self.read(step.right))
        return result

    def _name(self, name: str) -> Value:
        if name in self._leaves:
            return self._leaves[name]
        if name in KNOWN:
            return self._leaves.setdefault(name, Value(KNOWN[name], label=name))
        if name in self._functions:
            raise ValueError(f"{name} is a function; write {name}(…)")
        raise ValueError(f"{name} has no number; give it one, as in {name}=1")

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name not in self._functions:
            near = get_close_matches(ALIKE.get(name, name), self._functions)
            hint = f"did you mean {near[0]}" if near else f"there are {', '.join(sorted(self._functions))}"
            raise ValueError(f"there is no function {name}; {hint}")
        try:
            return self._functions[name](*arguments)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"{name} can't be called like this: {error}") from None
