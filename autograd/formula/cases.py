"""The rules as they are written: their operands, their bodies, their constants.

>>> from autograd.formula.cases import rule
>>> rule("hypot").operands
('x', 'y')
"""

import ast
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from autograd.engine import graph
from autograd.engine import rules as source
from autograd.engine.value import Value


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
    # Compiled or not, the source lies in the package.
    with open(os.path.join(os.path.dirname(__file__), "..", "engine", "rules.py"), encoding="utf-8") as file:
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


def unchanged(node: Value, operands: Sequence[Value]) -> Rule:
    """The rule of a node whose numbers still belong together; ValueError if one was assigned since it was made."""
    r, recorded = rule(node.op), node.partials
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
    return r


# ── forms of the source ──


def target(statement: ast.Assign) -> str:
    assert isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id


def returned(s: ast.Return) -> list[ast.expr]:
    assert isinstance(s.value, ast.Tuple)
    return s.value.elts
