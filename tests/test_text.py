"""Rules, derivatives and operations as text: it can be worked out again, and has the brackets that it needs alone."""

import ast
import math
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, formula, operation
from autograd.check import strategies
from autograd.engine import ieee
from autograd.formula.cases import Expression, fold
from autograd.formula.text import _AsWritten, case_of, case_texts, shown
from autograd.formula.vocabularies import Source, Vocabulary
from tests.test_custom import defined
from tests.test_formula import flat

DESCRIBED: Final = {
    "tanh": "z = tanh(x)\n∂z/∂x = 1 - z²",
    "sigmoid": "z = sigmoid(x)\n∂z/∂x = z·(1 - z)",
    "divide": "z = x/y\n∂z/∂x = 1/y\n∂z/∂y = -x/y²",
    "scaled_power": (
        "z = c·x^(y - k)\n∂z/∂c = 1·x^(y - k)\n∂z/∂x = c·(y - k)·x^(y - (k + 1))\n"
        "∂z/∂y = c·log(x)·x^(y - k)\n∂z/∂k = -c·log(x)·x^(y - k)"
    ),
    "rsqrt": "z = 1/√x\n∂z/∂x = -0.5·z/x",
    "exp2": "z = exp2(x)\n∂z/∂x = ln 2·2^x",
    "log2": "z = nan, ∂z/∂x = nan  if x < 0\nz = log2(x), ∂z/∂x = log₂e/x",
    "log10": "z = nan, ∂z/∂x = nan  if x < 0\nz = log10(x), ∂z/∂x = log₁₀e/x",
    "share": "z = sigmoid(x - y)\n∂z/∂x = z·sigmoid(y - x)\n∂z/∂y = -z·sigmoid(y - x)",
    "atan": "z = atan(x), ∂z/∂x = 1/x/x  if x < -1e+150 or x > 1e+150\nz = atan(x), ∂z/∂x = 1/(1 + x²)",
    "acosh": "z = acosh(x)\n∂z/∂x = 1/(√(x - 1)·√(x + 1))",
    "atanh": "z = atanh(x)\n∂z/∂x = (1/√((1 - x)·(1 + x)))²",
    "atan2": "z = atan2(x, y)\n∂z/∂x = y/hypot(y, x)/hypot(x, y)\n∂z/∂y = -x/hypot(x, y)/hypot(x, y)",
    "fixed": "z = x\n∂z/∂x = 1\n∂z/∂y = nan",
    "erf": "z = erf(x)\n∂z/∂x = 2/√π·e^(-x²)",
    "logsigmoid": "z = -softplus(-x)\n∂z/∂x = sigmoid(-x)",
    "leaky_relu": (
        "z = x, ∂z/∂x = 1, ∂z/∂slope = 0  if x > 0\nz = slope·x, ∂z/∂x = slope, ∂z/∂slope = x  if x ≤ 0\n"
        "z = nan, ∂z/∂x = nan, ∂z/∂slope = nan"
    ),
    "gelu": (
        "z = x, ∂z/∂x = 1  if x > 40\nz = -0, ∂z/∂x = -0  if x < -40\n"
        "z = gelu(x), ∂z/∂x = Φ(x) + x·(1/√(2π)·e^(-0.5·x²))"
    ),
    "absolute": (
        "z = x, ∂z/∂x = 1  if x > 0\nz = -x, ∂z/∂x = -1  if x < 0\nz = 0, ∂z/∂x = 0  if x = 0\nz = nan, ∂z/∂x = nan"
    ),
    "where": "z = a, ∂z/∂x = 0, ∂z/∂a = 1, ∂z/∂b = 0  if x > 0\nz = b, ∂z/∂x = 0, ∂z/∂a = 0, ∂z/∂b = 1",
    "mean": "z = mean(xs)\n∂z/∂x = 1/n",
    "dot": "z = dot(xs, ys)\n∂z/∂x = y\n∂z/∂y = x",
    "logsumexp": "z = logsumexp(xs)\n∂z/∂x = softmax(xs)",
    "norm": "z = norm(xs), ∂z/∂x = 0  if z = 0\nz = norm(xs), ∂z/∂x = x/norm(xs)",
    "softmax": "z = dot(ks, softmax(xs))\n∂z/∂x = (k - z)·p\n∂z/∂k = p\np = softmax(xs)",
    "log_softmax": "z = total(k·log p if k ≠ 0 else 0)\n∂z/∂x = k - total(ks)·p\n∂z/∂k = log p\np = softmax(xs)",
    "largest": "z = nan, ∂z/∂x = nan  if z is nan\nz = largest(xs), ∂z/∂x = 1/ties(xs, z) if x = z else 0",
    "smallest": "z = nan, ∂z/∂x = nan  if z is nan\nz = smallest(xs), ∂z/∂x = 1/ties(xs, z) if x = z else 0",
}


@pytest.mark.parametrize("op", DESCRIBED)
def test_a_rule_reads_like_the_textbook(op: str) -> None:
    assert formula.describe(op) == DESCRIBED[op]


@pytest.mark.parametrize("op", list(formula.rules()))
def test_every_rule_can_be_described(op: str) -> None:
    text = formula.describe(op)
    assert "z = " in text
    assert "∂z/∂" in text
    assert "ieee" not in text


@pytest.mark.parametrize("op", [op for op in strategies._IN_EXPRESSIONS if op not in ("power", "erf", "gelu")])
@given(data=st.data())
@settings(max_examples=20)
def test_the_numbers_in_a_formula_give_the_derivative(op: str, data: st.DataObject) -> None:
    """A person can check the line by hand; here Python does it."""
    v = strategies.apply(op, [Value(x) for x in flat(data.draw(strategies.operands(op)))])
    words: dict[str, Any] = {name: getattr(ieee, name) for name in vars(ieee) if not name.startswith("_")}
    words |= {
        "norm": ieee.norm,
        "ties": ieee.ties,
        "largest": ieee.greatest,
        "log₂e": 1 / math.log(2.0),
        "ln 2": math.log(2.0),
        "log₁₀e": 1 / math.log(10.0),
    }
    for i, partial in enumerate(v.partials):
        text = formula.partial_text(v, i, numbers=True)
        for name in ("log₂e", "log₁₀e", "ln 2"):
            text = text.replace(name, repr(words[name]))
        code = re.sub("[⁰¹²³⁴-⁹]+", lambda power: f"**{unicodedata.normalize('NFKC', power[0])}", text)
        code = code.replace("·", "*").replace("^", "**").replace("√", "sqrt")
        if "…" in code or "softmax" in code:
            continue
        shown = eval(code, {"__builtins__": {"len": len}}, words)
        assert shown == pytest.approx(partial, rel=1e-3, abs=1e-3), text


ANOTHER_ORDER: Final = 1e-12
"""Relative to the result or to 1: x + (y + z) has no brackets, and is added up in another order."""
VALUES: Final = {"x": 1.5, "y": -0.75, "w": 3.0}
LEAVES = st.sampled_from([*(("name", name) for name in VALUES), *(("number", n) for n in (2.0, 3.0, -1.0, -2.5, 0.5))])
FORMS: Final = ("+", "-", "*", "/", "negative", "power")


def tree(parts: tuple[Any, ...]) -> Expression:
    """An expression of the forms that need brackets in one place or another."""
    form, *inner = parts
    if form in ("name", "number"):
        return Expression(form, tuple(inner))
    if form == "power":
        return Expression("call", ("power", tree(inner[0]), tree(("number", 2.0))))
    if form == "negative":
        return Expression(form, (tree(inner[0]),))
    return Expression("infix", (form, *map(tree, inner)))


TREES = st.recursive(LEAVES, lambda inner: st.tuples(st.sampled_from(FORMS), inner, inner), max_leaves=8).map(tree)


def in_python(text: str) -> str:
    return text.replace("·", "*").replace("²", "**2").replace("^", "**")


def without_brackets(text: str) -> Iterator[str]:
    """A text without one pair of its brackets, for each pair; those around a sign are for the eye."""
    opened = []
    for i, c in enumerate(text):
        if c == "(":
            opened.append(i)
        elif c == ")":
            start = opened.pop()
            if text[start + 1] != "-":
                yield f"{text[:start]} {text[start + 1 : i]} {text[i + 1 :]}".strip()


def worked_out(e: Expression) -> Any:
    """The value of an expression, and the numbers on the way to it: none of them is to be beyond the floats."""
    return eval(fold(e, Source(Vocabulary({"power": lambda x, y: x**y}))), {"power": lambda x, y: x**y, **VALUES})


def has_a_sign(e: Any) -> bool:
    """Whether a number or an operation has a sign: brackets are for the eye there, or for a sign that is gone."""
    if not isinstance(e, Expression):
        return isinstance(e, float) and e < 0.0
    return e.form == "negative" or any(map(has_a_sign, e.parts))


@given(TREES, st.booleans())
@settings(max_examples=300)
def test_a_text_is_the_expression_that_it_was_made_of(e: Expression, simplified: bool) -> None:
    text = shown(e) if simplified else fold(e, _AsWritten({}))[0]
    python = in_python(text)
    with suppress(ZeroDivisionError):
        found, expected = eval(python, {}, dict(VALUES)), worked_out(e)
        assert found == pytest.approx(expected, rel=ANOTHER_ORDER, abs=ANOTHER_ORDER), text
    for bare in without_brackets(python) if not has_a_sign(e) else ():
        assert ast.dump(ast.parse(bare)) != ast.dump(ast.parse(python)), f"{text} has brackets that it doesn't need"


def test_a_sign_goes_into_the_operation_before_it() -> None:
    x, y, two, minus_two = (tree(parts) for parts in (("name", "x"), ("name", "y"), ("number", 2.0), ("number", -2.0)))

    def text(sign: str, left: Expression, right: Expression) -> str:
        return shown(Expression("infix", (sign, left, right)))

    product, negative = Expression("infix", ("*", minus_two, x)), Expression("negative", (x,))
    assert (text("+", y, product), text("-", y, product)) == ("y - 2·x", "y + 2·x")
    assert (text("+", y, negative), text("-", y, negative)) == ("y - x", "y + x")
    assert (text("+", y, minus_two), text("-", y, minus_two)) == ("y - 2", "y + 2")
    assert (text("*", y, negative), text("*", negative, y), text("/", negative, two)) == ("y·(-x)", "-x·y", "-x/2")
    assert shown(Expression("negative", (product,))) == "2·x"
    assert shown(Expression("negative", (Expression("negative", (x,)),))) == "x"
    assert shown(Expression("infix", ("*", tree(("number", -1.0)), x))) == "-x"
    assert shown(Expression("infix", ("*", negative, negative))) == "(-x)²"


def test_a_comparison_is_written_as_in_mathematics() -> None:
    x, two = tree(("name", "x")), tree(("number", 2.0))
    texts = [shown(Expression("comparison", (sign, x, two))) for sign in ("<", "<=", ">", ">=", "==", "!=")]
    assert texts == ["x < 2", "x ≤ 2", "x > 2", "x ≥ 2", "x = 2", "x ≠ 2"]
    assert [shown(Expression("comparison", (sign, x, x))) for sign in ("!=", "==")] == ["x is nan", "x = x"]


def test_a_list_is_named_by_its_elements() -> None:
    @operation(domain=[(0.5, 2.0), (0.5, 2.0), (0.5, 2.0)])
    def mixed(s: list, weights: list, row: list):  # type: ignore[no-untyped-def, type-arg]
        z = sum([x * x for x in s]) + sum([x * x for x in weights]) + sum([x * x for x in row])
        return z, [2.0 * x for x in s], [2.0 * x for x in weights], [2.0 * x for x in row]

    assert re.findall(r"∂z/∂(\S+) = (\S+)", formula.describe("mixed")) == [
        *(("sᵢ", "2·sᵢ"), ("weight", "2·weight"), ("rowᵢ", "2·rowᵢ"))
    ]


def test_an_own_operation_reads_like_the_others() -> None:
    @operation(domain=[(0.5, 2.0), (0.5, 2.0)])
    def own(x, y):  # type: ignore[no-untyped-def]
        return (
            abs(x) * math.sqrt(x + y),
            1.5 * math.sqrt(x) if y < 0 else math.sqrt(x + y) + x / (2 * math.sqrt(x + y)),
            (x / (2 * math.sqrt(x + y))),
        )

    assert formula.describe("own").splitlines() == [
        "z = |x|·√(x + y)",
        "∂z/∂x = 1.5·√x if y < 0 else √(x + y) + x/(2·√(x + y))",
        "∂z/∂y = x/(2·√(x + y))",
    ]


def test_an_exponent_is_lowered() -> None:
    for exponent, text in (("2", "2·a"), ("3", "3·a²"), ("10", "10·a⁹"), ("11", "11·a^10"), ("n", "n·a^(n - 1)")):
        assert formula.case_of("power", [2.0, 3.0]).partial_text(0, ["a", exponent]) == text


def test_a_row_of_more_than_four_is_cut() -> None:
    for n, row in ((3, "a, b, c"), (4, "a, b, c, d"), (5, "a, b, c, d, …")):
        case = formula.case_of("largest", [1.0] * n)
        assert case.partial_text(n - 1, [*"abcde"[:n]], "s") == f"1/ties([{row}], s)"


def test_a_formula_knows_the_case_that_applied() -> None:
    assert formula.partial_text(Value(2.0).relu(), 0) == "1"
    assert formula.partial_text(Value(-2.0).relu(), 0) == "0"
    assert formula.partial_text(Value(-2.0).leaky_relu(0.1), 0, numbers=True) == "0.1"
    assert formula.partial_text(Value(1e200).atan(), 0) == "1/x/x"


def test_wrong_questions_get_clear_answers() -> None:
    with pytest.raises(ValueError, match="no rule is named 'sine'; there are add, subtract"):
        formula.describe("sine")
    with pytest.raises(IndexError, match="a leaf has 0 operands"):
        formula.partial_text(Value(1.0), 0)
    with pytest.raises(IndexError, match="exp has 1 operands, and none at position 1"):
        formula.partial_text(Value(1.0).exp(), 1)
    with pytest.raises(IndexError, match="exp has 1 operands, and none at position -1"):
        formula.partial_text(Value(1.0).exp(), -1)


def test_a_rule_without_a_source_has_no_formula() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0), Value(4.0)]
    of_numbers = defined("return x * y, y, x", parameters="x, y", source=False)(*xs[:2])
    of_lists = defined(
        "z = sum([x * y for x, y in zip(xs, ys)])",
        "return z, ys, xs",
        parameters="xs: list, ys: list",
        source=False,
    )(xs[:2], xs[2:])
    for v, names in ((of_numbers, ["x", "y"]), (of_lists, ["xs", "xs", "ys", "ys"])):
        texts = [formula.partial_text(v, k) for k in range(len(v.operands))]
        assert texts == [f"∂f/∂{name}, of which no source can be read" for name in names]


class Counted(list[str]):
    """Names that count how often they are looked up."""

    asked = 0

    def __getitem__(self, i: Any) -> Any:
        self.asked += 1
        return super().__getitem__(i)


@pytest.mark.parametrize("op", ["total", "mean", "dot", "largest", "norm", "logsumexp"])
def test_one_text_of_a_long_row_asks_for_few_names(op: str) -> None:
    n = 5000 * len(formula.rule(op).operands)
    case = formula.case_of(op, [float(i) for i in range(n)])
    names = Counted(f"x{i}" for i in range(n))
    texts = [case.partial_text(i, names, "s") for i in (0, n - 1)]
    assert names.asked <= 2 * 10
    assert texts[0] == {"total": "1", "mean": "1/5000", "dot": "x5000", "largest": "0"}.get(op, texts[0])
    assert texts[1] == {"largest": "1/ties([x0, x1, x2, x3, …], s)", "dot": "x4999"}.get(op, texts[1])


def test_a_case_needs_no_node() -> None:
    case = formula.case_of("power", [2.0, 3.0])
    assert case.partial_text(0, ["a", "3"]) == "3·a²"
    assert case.partial_text(1, ["a", "3"], "w") == "log(a)·a³"
    assert formula.case_of("power", [0.0, 0.0]).partial_text(1) == "0"
    assert formula.case_of("relu", [math.nan]).partial_text(0) == "nan"


def test_an_operation_is_written_by_its_own_formula() -> None:
    written = {op: formula.operation_text(op, ["-1", "-5"]) for op in ("multiply", "subtract", "power", "divide")}
    assert written == {"multiply": "-1·(-5)", "subtract": "-1 + 5", "power": "(-1)^(-5)", "divide": "-1/(-5)"}
    assert formula.operation_text("negative", ["-2"]) == "-(-2)"
    assert formula.operation_text("share", ["a", "b"]) == "sigmoid(a - b)"


@pytest.mark.parametrize(
    ("op", "operands", "text"),
    [
        ("total", "a b c", "a + b + c"),
        ("total", "a -b", "a - b"),
        ("total", "a", "a"),
        ("total", "", "total()"),
        ("mean", "a b", "(a + b)/2"),
        ("mean", "a", "a"),
        ("dot", "a b c d", "a·c + b·d"),
        ("dot", "a b -c d", "a·(-c) + b·d"),
        ("log_of_shifted_sum", "a b top", "log Σ exp([a, b] - top)"),
        ("log_of_shifted_sum", "a b c+d", "log Σ exp([a, b] - (c+d))"),
        ("logsumexp", "a b", "logsumexp(a, b)"),
        ("tanh", "a+b", "tanh(a+b)"),
        ("negative", "a", "-a"),
        ("shift", "a b", "a - b"),
        ("power", "a 2", "a²"),
        ("power", "a 10", "a^10"),
        ("power", "1e+20 -1", "(1e+20)^(-1)"),
        ("power", "-1e+20 1e-05", "(-1e+20)^(1e-05)"),
        ("divide", "a b·c", "a/(b·c)"),
        ("divide", "1e-05 a", "1e-05/a"),
        ("multiply", "a 1e-05", "a·(1e-05)"),
        ("multiply", "1e-05 -1e-05", "1e-05·(-1e-05)"),
        ("subtract", "a -1e-05", "a + 1e-05"),
    ],
)
def test_an_operation_is_written_out_on_its_operands(op: str, operands: str, text: str) -> None:
    assert formula.operation_text(op, operands.split()) == text


def test_the_formulas_of_every_case_are_those_of_the_case_that_applies() -> None:
    assert case_texts("dot", 4, 3, ["a", "b", "c", "d"], "h") == [["b"]]
    names = ["a", "b", "c"]
    for data in ([1.0, 2.0, 2.0], [1.0, math.nan, 2.0]):
        for position in range(3):
            now = case_of("largest", data).partial_text(position, names, "h")
            assert now in [text for ways in case_texts("largest", 3, position, names, "h") for text in ways]
