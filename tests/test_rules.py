"""Every rule follows the grammar, has a row in the table, and is the rule of an operation."""

import ast
import inspect
import math
from pathlib import Path

import pytest

from autograd import Value, formula
from autograd.engine import ieee, rules
from autograd.formula import cases
from autograd.formula.cases import WORDS, Parser, fold, names_in
from autograd.operations import OPERATIONS


def parsed(*lines: str, friendly: bool = False) -> formula.Rule:
    """The rule of a function f(x) with this body."""
    text = "\n".join(["def f(x: float) -> tuple[float, float]:", *(f"    {line}" for line in lines)])
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.FunctionDef)
    words = {f"ieee.{word}": word for word in WORDS}
    parser = Parser("f", text, words.get, formula.constants().get, friendly=friendly, at=("here.py", 40))
    return parser.rule(definition, lambda x: (x, 1.0))


def test_every_function_of_the_module_is_read_as_a_rule() -> None:
    functions = {name for name, _ in inspect.getmembers(rules, inspect.isroutine)}
    assert functions <= set(formula.rules())
    assert all(r.cases for r in formula.rules().values() if r.name in functions)


def test_a_rule_is_flat_cases() -> None:
    r = parsed("if x > 1.0:", "    h = ieee.exp(x)", "    return h, h", "z = x * x", "return z, 2.0 * x")
    first, second = r.cases
    assert (len(first.guards), [name for name, _ in first.lets]) == (1, ["h"])
    assert (len(second.guards), [name for name, _ in second.lets]) == (0, ["z"])
    assert names_in(second.partials[0]) == {"x"}
    assert [name for name, _ in second.lets_for([second.value])] == ["z"]
    assert second.lets_for([second.value], given=["z"]) == second.lets_for(second.partials) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("return math.sin(x), 1.0", "math.sin is none of its functions, such as abs, sqrt, exp"),
        ("return x ** 2.0, 2.0 * x", r"x \*\* 2.0 is outside the grammar: write"),
        ("return x, 1.0, 1.0", "is 3 of 2 results: the value, and a derivative by each operand"),
        ("return x", "is 1 of 2 results"),
        ("return x, 1", "numbers are floats, as 1.0"),
        ("return w, 1.0", "w is outside the grammar: it is no operand, no name assigned before and no float"),
        ("return ieee.sine(x), 1.0", "ieee.sine is none"),
        ("return ieee.exp(x=x), 1.0", r"ieee.exp\(x=x\) is outside"),
        ("z = x", "it must end with a return"),
        ("for i in x: return x, 1.0", "write assignments, `if …: return …`, and a return"),
        ("return (lambda: x)(), 1.0", "is none of its functions"),
        ("return [y for y in x if y > 0.0], 1.0", "is outside the grammar"),
        ("return [y for y in range(3)], 1.0", r"range\(3\) is outside the grammar"),
        ("return [y for y in sorted(x)], 1.0", r"sorted\(x\) is outside the grammar: a list is made of the elements"),
        ("return [y for y, w in zip(x)], 1.0", r"zip\(x\) is outside the grammar: a list is made of the elements"),
        ("return [y for y in w], 1.0", "w is outside the grammar: a list is made of the elements"),
        ("y = x; w = y", "w = y ends a way through the function; it must end with a return"),
        (
            "return x if 0.0 < x < 1.0 else 0.0, 1.0",
            "0.0 < x < 1.0 is outside the grammar: a condition is one comparison",
        ),
        ("return x if x else 0.0, 1.0", "x is outside the grammar: a condition"),
        ("return x > 0.0, 1.0", "x > 0.0 is outside"),
        ("return x if x is x else 0.0, 1.0", "x is x is outside"),
        ("x = 1.0; return x, 1.0", "uses the name x, which is taken"),
        ("where = x; return where, 1.0", "uses the name where, which is taken by another or by a word"),
        ("power = x; return power, 1.0", "uses the name power"),
        ("h_ = x; return h_, 1.0", "uses the name h_"),
        ("z = x; return 2.0 * x, z", r"2\.0 \* x is returned as the value, which is z"),
        ("x += 1.0; return x, 1.0", "is outside the grammar"),
        ("return x, 1.0 if x > 0.0 else (y := 2.0)", "is outside the grammar"),
        ("return x @ x, 1.0", "x @ x is outside"),
        ("return x[0], 1.0", "is outside"),
        ("return", "is outside"),
    ],
)
def test_the_grammar_refuses(line: str, why: str) -> None:
    with pytest.raises(SyntaxError, match=f"f, in `.*`: .*{why}"):
        parsed(*line.split("; "))


def test_names_are_needed_in_their_order() -> None:
    (case,) = parsed("a = x * x", "b = a * x", "c = 2.0 * x", "d = b * a", "return d, c").cases
    needed = {
        part: [name for name, _ in case.lets_for([e])] for part, e in (("z", case.value), ("dx", case.partials[0]))
    }
    assert needed == {"z": ["a", "b", "d"], "dx": ["c"]}
    assert [name for name, _ in case.lets_for([case.value], given=["b"])] == ["a", "d"]


def test_definitions_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "definitions.py"
    file.write_text("X: float\nY: Final = 2.0\ndef twice(x: float) -> float:\n    return 2.0 * x\n")
    words, numbers = cases.read_definitions(file, {"twice": abs})
    assert (words["twice"].operands, words["twice"].function, [*numbers]) == (("x",), abs, ["Y"])
    assert numbers["Y"].parts == (2.0,)
    file.write_text("\n\ndef twice(x: float) -> float:\n    return x @ x\n")
    with pytest.raises(SyntaxError, match=r"definitions, in `return x @ x`: .*\(definitions.py, line 4\)"):
        cases.read_definitions(file, {"twice": abs})


def test_an_error_in_the_rules_points_into_their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n\ndef square(x: float):\n    return x @ x, 2.0 * x\n"
    monkeypatch.setattr(cases, "_stated", lambda: (text, {"square": ast.parse(text).body[0]}))
    monkeypatch.delitem(cases.KNOWN, "square", raising=False)
    with pytest.raises(SyntaxError, match=r"square, in .* \(rules.py, line 4\)"):
        cases.rule("square")


def test_words_are_the_public_functions_of_floats() -> None:
    functions = {name for name, thing in vars(ieee).items() if callable(thing) and not name.startswith("_")}
    assert set(WORDS) - {"absolute"} <= functions


def test_a_refusal_points_at_the_line() -> None:
    with pytest.raises(
        SyntaxError, match=r"f, in `return z, x @ z`: x @ z is outside .* \(here.py, line 43\)"
    ) as error:
        parsed("z = x * x", "return z, x @ z")
    assert (error.value.text, error.value.offset) == ("    return z, x @ z", 15)


def test_a_form_without_a_reading_is_noticed() -> None:
    with pytest.raises(AttributeError, match="name"):
        fold(parsed("return x * x, 2.0 * x").cases[0].value, object())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(formula.rules()))
def test_the_rule_has_a_row(name: str) -> None:
    assert name in OPERATIONS, f"add a row for {name} to autograd/operations.py"
    assert len(OPERATIONS[name].domains) == len(formula.rule(name).operands)
    assert OPERATIONS[name].of_sequences == formula.rule(name).of_sequences


def test_every_row_belongs_to_a_rule() -> None:
    assert set(OPERATIONS) == set(formula.rules())


# ── whether a record still holds ──


def test_a_record_is_checked_without_its_node() -> None:
    z, partials = formula.rule("divide").on_floats([1.0, 3.0])
    assert formula.still_holds("divide", [1.0, 3.0], partials, z, [0, 1])
    assert not formula.still_holds("divide", [1.0, 2.0], partials, z, [0, 1])
    assert not formula.still_holds("divide", [1.0, 3.0], [partials[0], 0.0], z, [0, 1])
    assert formula.still_holds("divide", [1.0, 3.0], [partials[0], 0.0], z, [0]), "no derivative by a constant"
    z, partials = formula.rule("log").on_floats([-1.0])
    assert formula.still_holds("log", [-1.0], partials, z, [0]), "nan is nan again"
    z, partials = formula.rule("divide").on_floats([1.0, 0.0])
    assert formula.still_holds("divide", [1.0, 0.0], [partials[0], 3.0], z, [0])
    assert not formula.still_holds("divide", [1.0, 0.0], [3.0, partials[1]], z, [0])
    assert not formula.still_holds("divide", [1.0, 3.0], [1.0 / 3.0, -1.0 / 9.0], math.nan, [0])


def test_data_that_was_changed_is_named() -> None:
    x, y = Value(3.0, label="x"), Value(2.0)
    z = x * y
    assert formula.unchanged(z, z.operands, z.partials).name == "multiply"
    constant = x * 2.0
    assert formula.unchanged(constant, constant.operands, constant.partials).name == "multiply"
    x.data = 4.0
    with pytest.raises(ValueError, match=r"^the data of a node .* after multiply was recorded \(x\); build the"):
        formula.unchanged(z, z.operands, z.partials)
    x.data, y.data, x.label = 3.0, 1.0, ""
    with pytest.raises(ValueError, match="changed after multiply was recorded; build the graph again"):
        formula.unchanged(z, z.operands, z.partials)


def test_a_rule_has_its_operands_in_lists_or_one_by_one() -> None:
    assert formula.rule("dot").grouped([1.0, 2.0, 3.0, 4.0]) == [[1.0, 2.0], [3.0, 4.0]]
    assert formula.rule("dot").on_floats([1.0, 2.0, 3.0, 4.0]) == (11.0, [3.0, 4.0, 1.0, 2.0])
    assert formula.rule("multiply").grouped((2.0, 3.0)) == [2.0, 3.0]
    assert formula.rule("multiply").on_floats([2.0, 3.0]) == (6.0, [3.0, 2.0])


def test_rules_are_in_the_order_of_their_module() -> None:
    assert [*formula.rules()][:3] == ["add", "subtract", "multiply"]
    with pytest.raises(ValueError, match="no rule is named 'sine'; there are add, subtract, multiply, "):
        formula.rule("sine")
    assert set(formula.constants()) == {"NAN", "LN_2", "LOG2_E", "LOG10_E", "TWO_OVER_SQRT_PI", "ONE_OVER_SQRT_TWO_PI"}
