"""Every rule keeps to the grammar, has a domain row, and is the rule of an operation."""

import ast
import inspect
from pathlib import Path

import pytest

from autograd import formula
from autograd.engine import ieee, rules
from autograd.operations import OPERATIONS

FUNCTIONS = [f for _, f in inspect.getmembers(rules, inspect.isroutine)]
EXPRESSIONS = (
    ast.Name,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.Call,
    ast.Compare,
    ast.ListComp,
    ast.IfExp,
    ast.BoolOp,
)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.And, ast.Or)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


SOURCE = (Path(rules.__file__).with_name("rules.py")).read_text(encoding="utf-8")
TREE = ast.parse(SOURCE)


def test_every_function_of_the_module_is_read_as_a_rule() -> None:
    assert {f.__name__ for f in FUNCTIONS} == set(formula.rules())


def refused(source: str) -> list[str]:
    """The forms in the body of a rule that are outside the grammar."""
    rule = ast.parse(source).body[0]
    assert isinstance(rule, ast.FunctionDef)
    operands = {a.arg for a in rule.args.args}
    names = operands | {"z", "len", "x", *formula.constants()}
    bad: list[str] = []

    def expression(e: ast.AST) -> None:
        for part in ast.walk(e):
            fine = isinstance(part, (*EXPRESSIONS, *OPERATORS, *COMPARISONS, ast.Load, ast.Store, ast.comprehension))
            if isinstance(part, ast.Name):
                fine = part.id in names or part.id == "ieee"
            elif isinstance(part, ast.Constant):
                fine = type(part.value) is float
            elif isinstance(part, ast.Attribute):
                fine = isinstance(part.value, ast.Name) and part.value.id == "ieee" and hasattr(ieee, part.attr)
            elif isinstance(part, ast.Call):
                fine = not part.keywords
            elif isinstance(part, ast.comprehension):
                fine = isinstance(part.iter, ast.Name) and part.iter.id in operands and not part.ifs
            if not fine:
                bad.append(ast.unparse(part) or type(part).__name__)

    def body(statements: list[ast.stmt]) -> None:
        for s in statements:
            if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):
                expression(s.value)
                names.add(s.targets[0].id)
            elif isinstance(s, ast.If) and not s.orelse:
                expression(s.test)
                body(s.body)
            elif isinstance(s, ast.Return) and isinstance(s.value, ast.Tuple):
                if len(s.value.elts) != 1 + len(operands):
                    bad.append(ast.unparse(s))
                for e in s.value.elts:
                    expression(e)
            else:
                bad.append(ast.unparse(s))
        if not isinstance(statements[-1], ast.Return):
            bad.append("no return at the end")

    body(rule.body)
    return bad


@pytest.mark.parametrize("name", list(formula.rules()))
def test_the_rule_keeps_to_the_grammar(name: str) -> None:
    source = ast.get_source_segment(SOURCE, next(d for d in TREE.body if getattr(d, "name", "") == name))
    assert source is not None
    assert refused(source) == []


@pytest.mark.parametrize(
    "line",
    [
        "return math.sin(x), 1.0",
        "return x ** 2.0, 2.0 * x",
        "return x, 1.0, 1.0",
        "return x",
        "return x, 1",
        "return w, 1.0",
        "return ieee.sine(x), 1.0",
        "z = x",
        "for i in x: return x, 1.0",
        "return (lambda: x)(), 1.0",
    ],
)
def test_the_grammar_refuses(line: str) -> None:
    assert refused(f"def f(x: float) -> tuple[float, float]:\n    {line}")


@pytest.mark.parametrize("name", list(formula.rules()))
def test_the_rule_has_a_row(name: str) -> None:
    assert name in OPERATIONS, f"add a row for {name} to autograd/operations.py"
    assert len(OPERATIONS[name].domains) == len(formula.rule(name).operands)
    assert OPERATIONS[name].of_sequences == formula.rule(name).of_sequences


def test_every_row_belongs_to_a_rule() -> None:
    assert set(OPERATIONS) == set(formula.rules())
