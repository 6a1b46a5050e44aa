"""Expressions read from text: the forms that are accepted; no text is executed."""

import math
import re

import pytest

from autograd import Value, topological_order
from autograd.formula.parse import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tanh(w*x + b)", math.tanh(-1.5)),
        ("-x**2 + 3/w - +b", -1.0 + 1.5 - 0.5),
        ("w**-x", 2.0),
        ("abs(x) * pi * e", math.pi * math.e),
        ("maximum(w, 3) + hypot(w, x)", 3.0 + math.sqrt(5.0)),
        ("total(w, x, b) + total([w, x])", 2.5),
        ("dot([w, x], (1, 2))", 0.0),
        ("product(w, x, b) + mean(w, b) + norm(x, 0) + logsumexp(0)", -1.0 + 1.25 + 1.0),
        ("leaky_relu(x, 0.5) + elu(b)", 0.0),
        ("1e3 - 1_000", 0.0),
        ("w·x − 2×x² ÷ π", -2.0 - 2.0 / math.pi),
        ("+".join(["x"] * 2000), -2000.0),
        ("w² + w¹⁰", 1028.0),
    ],
)
def test_an_expression_is_what_python_would_make_of_it(text: str, value: float) -> None:
    numbers = {name: x for name, x in {"w": 2.0, "x": -1.0, "b": 0.5}.items() if name in names(text)}
    assert read(text, numbers).data == pytest.approx(value, abs=1e-15)


def names(text: str) -> set[str]:
    return set(re.findall("[A-Za-z_]+", text))


def test_the_sign_of_a_name_is_an_operation_and_that_of_a_number_is_not() -> None:
    x = Value(3.0)
    root = read("-x * -2", {"x": x})
    root.backward()
    assert (root.data, x.grad, [v.op for v in topological_order(root)]) == (6.0, 2.0, ["", "negative", "", "multiply"])


def test_a_name_is_one_leaf_with_a_label() -> None:
    root = read("x*x + x", {"x": 3.0})
    labelled = [v for v in topological_order(root) if v.label == "x"]
    assert len(labelled) == 1
    root.backward()
    assert labelled[0].grad == 7.0


def test_plain_numbers_are_constants() -> None:
    assert read("x**2", {"x": -3.0}).partials == (-6.0, 0.0)
    assert read("x**-2", {"x": -1.0}).partials == (2.0, 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x^2", r"a power is written \*\*"),
        ("sine(x)", "there is no function sine; did you mean sin"),
        ("ln(x)", "there is no function ln; did you mean log"),
        ("max(x, 1)", "there is no function max; did you mean maximum"),
        ("zzz(x)", "there is no function zzz; there are abs, acos"),
        ("x.tanh()", r"a function is written tanh\(x\)"),
        ("2x", r"a product is written 2\*x"),
        ("exp([x, x])", "exp can't be called like this: it takes numbers, not a list"),
        ("x +", "is not an expression"),
        ("", "is not an expression"),
        ("x.data", "'x.data' may not occur"),
        ("x if x else x", "may not occur"),
        ("lambda: x", "may not occur"),
        ("__import__('os').system('true')", "may not occur"),
        ("exp(__class__)", "__class__ has no number; give it one, as in __class__=1"),
        ("tanh", "tanh is a function; write tanh"),
        ("y", "y has no number; give it one, as in y=1"),
        ("[x, x]", "is a list, not a number"),
        ("x + [x]", "add takes Values"),
        ("tanh(x, x)", "tanh can't be called like this"),
        ("tanh(x=x)", "may not occur"),
        ("maximum(x)", "maximum can't be called like this"),
        ("mean([])", "of no numbers is undefined"),
        ("1" * 400, "too large for a float"),
        ("True", "may not occur"),
        ("'text'", "may not occur"),
        ("(" * 300 + "x" + ")" * 300, "can't be read|not an expression"),
        ("+".join(["x"] * 50_000), r"can't be read: it is too long or too deep; use total\(\[…\]\)|nested too deeply"),
        ("x\0", "(can't be read|not an expression): .*null bytes"),
        ("total([x], [x])", "total can't be called like this"),
        ("x.y + " + "x + " * 20 + "x", "'x.y' may not occur"),
    ],
)
def test_anything_else_is_a_clear_error(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text, {"x": 1.0} if "x" in names(text) else {})


def test_a_number_without_a_use_is_an_error() -> None:
    with pytest.raises(ValueError, match="y does not occur in 'x'"):
        read("x", {"x": 1.0, "y": 2.0})


def test_no_text_is_executed_and_none_takes_forever() -> None:
    assert read("9**9**9**9", {}).data == math.inf
    with pytest.raises(ValueError, match="may not occur"):
        read("(1).__class__", {})
