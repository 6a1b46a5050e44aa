"""Lines of arithmetic: each can be worked out again from what stands on it."""

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Stepper, Tape, Value, dot, log_softmax, mean, softmax, total
from autograd.check import strategies
from autograd.formula import rule, rules
from autograd.operations import OPERATIONS
from autograd.show.lines import Calculation, announced, calculation, checked, forward_line
from autograd.show.names import Names
from autograd.wording import FEW, WIDTH

SIX_DIGITS = 1e-4
"""Relative: what six digits of each number and a few operations leave."""


INSIDE = ("fixed", "shift", "exp_of_difference", "log_of_shifted_sum", "share", "normal_cdf")
"""Recorded by others, which are met below."""
LINES = [op for op in rules() if op not in INSIDE and OPERATIONS[op].recorded]


@pytest.mark.parametrize("op", LINES)
@given(data=st.data())
def test_every_operation_has_its_lines(op: str, data: st.DataObject) -> None:
    row = [x for part in data.draw(strategies.operands(op)) for x in (part if isinstance(part, list) else [part])]
    v = strategies.apply(op, [Value(x) for x in row])
    made = of(v)
    text = forward_line(made)
    assert text.startswith(made.node)
    assert len(announced(made).splitlines()) == 1
    steps = [step for step in Stepper(v * 0.5) if step.operand and step.node == made.node]
    tape = Tape(v)
    passing = tape.passes_on(tape.place(v))
    assert len(steps) == len(passing)
    for step, partial in zip(steps, [v.partials[i] for i in passing], strict=True):
        text += f"\n{step}"
        product = str(step).split("; ")[0].split("=")[-1].split("   ")[0]
        assert number(product) == pytest.approx(0.5 * partial, rel=SIX_DIGITS, abs=1e-300)
    assert max(map(len, text.splitlines())) <= WIDTH


def of(v: Value) -> Calculation:
    tape = Tape(v)
    return checked(Names(tape), tape.roots[0])


def back(v: Value) -> list[str]:
    """The lines of the contributions of a root."""
    return [str(step) for step in Stepper(v) if step.operand and step.node == step.root]


@given(st.lists(st.floats(-9.0, 9.0), min_size=1, max_size=30), st.sampled_from(["total", "mean", "dot"]))
def test_a_sum_adds_up_from_what_stands_there(xs: list[float], op: str) -> None:
    row = [Value(x) for x in xs]
    v = dot(row, [1.5] * len(row)) if op == "dot" else total(row) if op == "total" else mean(row)
    *_, in_numbers, result = " ".join(forward_line(of(v)).split()).split(" = ")
    text = re.sub(r"\(\d+ more: ([^)]*)\)", r"(\1)", in_numbers)
    text = text.replace("·", "*").replace("²", "**2")
    assert eval(text) == pytest.approx(number(result), rel=SIX_DIGITS, abs=1e-3)
    assert ("more" in in_numbers) == (len(xs) > FEW)


def number(text: str) -> float:
    return float(text.strip().strip("()"))


def test_the_gradient_so_far_is_added() -> None:
    x = Value(3.0, label="x")
    y = x * 2 - x * 4
    y.label = "y"
    assert [str(step) for step in Stepper(y)][-2:] == [
        "∂y/∂x += ∂y/∂v2 · ∂v2/∂x = -1 · 4 = -4",
        "∂y/∂x += ∂y/∂v1 · ∂v1/∂x = 1 · 2 = 2; -4 + 2 = -2",
    ]
    assert forward_line(of(x)) == "x = 3"


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (-1.0, -5.0, "v1 = x·y = -1·(-5) = 5"),
        (-1.0, 5.0, "v1 = x·y = -1·5 = -5"),
        (1e-20, 3.0, "v1 = x·y = 1e-20·3 = 3e-20"),
    ],
)
def test_both_factors_stand_there(x: float, y: float, line: str) -> None:
    v = Value(x, label="x") * Value(y, label="y")
    assert forward_line(of(v)) == line


def test_labels_of_many_words_hold_together() -> None:
    a, d = Value(2.0, label="a + b"), Value(4.0, label="c/d")
    v = a**3
    assert forward_line(of(v)) == "v1 = (a + b)³ = 2³ = 8"
    assert back(v)[0].endswith("(3·(a + b)²)")
    assert back(a / d)[0].endswith("(1/(c/d))")
    v = a - Value(1.0, label="-b + c")
    assert forward_line(of(v)) == "v1 = a + b - (-b + c) = 2 - 1 = 1"
    v = Value(3.0, label="q") ** 2.0000001
    assert forward_line(of(v)).startswith("v1 = q^2.0000001 = 3^2.0000001 = 9")
    v = Value(3.0, label="q") ** Value(2.0000001, label="n")
    assert forward_line(of(v)).startswith("v1 = q^n = 3^2.0000001 = 9")


def test_a_formula_is_that_of_its_own_calculation() -> None:
    """Of steps printed in any order, one by one."""
    root = dot([Value(1.0, label="a").tanh()], [Value(2.0, label="b").relu()])
    steps = [step for step in Stepper(root) if step.operand]
    forth = [str(step) for step in steps]
    assert [str(step) for step in reversed(steps)] == forth[::-1]
    assert [text.partition("   ")[2] for text in forth] == ["(v2)", "(v1)", "", "(1 - v1²)"]


def test_a_line_says_that_a_rule_has_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(3.0, label="x")
    steps = list(Stepper(x * x))
    monkeypatch.setattr("autograd.show.lines.rule", lambda op: rule(op)._replace(cases=()))
    assert str(steps[-2]).endswith("= 3   (multiply, of which no source can be read)")


@pytest.mark.parametrize("op", LINES)
@given(data=st.data())
@settings(max_examples=10)
def test_a_formula_has_the_names_of_the_graph_alone(op: str, data: st.DataObject) -> None:
    """Those of the rules, x, y and z, may be other nodes here."""
    row = [x for part in data.draw(strategies.operands(op)) for x in (part if isinstance(part, list) else [part])]
    v = strategies.apply(op, [Value(x, label=f"in{i}") for i, x in enumerate(row)])
    v.label = "out"
    words = {word for step in Stepper(v) for word in re.findall(r"[a-z]\w*", re.sub(r"\de[-+]\d+", "", str(step)))}
    assert words.isdisjoint({"x", "y", "z", "xs", "ys", "n", "k"})


def test_nothing_is_written_twice() -> None:
    assert forward_line(of(Value(0.5, label="0.5").tanh())) == "v1 = tanh(0.5) = 0.462117"
    assert forward_line(of(mean([Value(3.0, label="x")]))) == "v1 = x = 3 = 3"


def test_infinite_values_have_lines_too() -> None:
    v = Value(-math.inf, label="x") * Value(0.0, label="y")
    assert forward_line(of(v)) == "v1 = x·y = -inf·0 = nan"


@pytest.mark.parametrize(("x", "y", "middle"), [(math.inf, -math.inf, "nan"), (1e308, 1e308, "inf")])
def test_a_middle_that_leaves_the_floats_has_a_sum_too(x: float, y: float, middle: str) -> None:
    v = total([Value(z) for z in [1.0] * 4 + [x, y] + [2.0] * 4])
    assert f"(2 more: {middle})" in forward_line(of(v))


def test_changed_data_is_refused() -> None:
    x: Any = Value(3.0)
    y = x * x
    x.data = 2.0
    with pytest.raises(ValueError, match="was changed after multiply"):
        of(y)
    y = Value(3.0) * Value(2.0)
    y.data = 7.0
    with pytest.raises(ValueError, match="was changed after multiply"):
        of(y)


def test_what_softmax_is_made_of_reads_as_what_it_is() -> None:
    xs = [Value(0.5, label="a"), Value(-1.0, label="b")]
    assert list(map(announced, operations(log_softmax(xs)[1]))) == [
        *("v1 = largest(a, b)", "v2 = detach(v1)", "v3 = b - v2"),
        *("v4 = log Σ exp([a, b] - v2)", "v5 = v3 - v4"),
    ]
    assert "exp(b - v2) = exp(-1 - 0.5) = 0.22313" in "\n".join(map(forward_line, operations(softmax(xs)[1])))


def operations(root: Value) -> list[Calculation]:
    tape = Tape(root)
    return [calculation(Names(tape), place) for place in range(len(tape)) if tape.operation(place)]
