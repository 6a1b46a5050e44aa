"""A page writes the sentences of the Stepper itself, whatever its numbers are."""

import math
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Stepper, Tape, Value, dot, largest, log_softmax, softmax, where
from autograd.engine.number import short
from autograd.formula.cases import rule
from autograd.formula.vocabularies import which_case
from autograd.losses import cross_entropy
from autograd.operations import OPERATIONS, is_composed
from autograd.show.fold import folded
from autograd.show.lines import Calculation, Step
from autograd.show.names import Names
from autograd.show.sentences import of_calculation, script, sentences
from tests.javascript import evaluator, literal

PACKAGE_OPS = [*OPERATIONS]
"""Without those that other tests define."""
SIZES = (1, 2, 5, 8, 9, 12)
"""Lengths of lists; of more than eight numbers, those in the middle are not shown."""
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 3.0, -3.0, 0.5, 1e-9, -1e-9, 1e30, 12.0, math.inf, -math.inf, math.nan)
NEAR_OTHERS = (0.25, 0.1, -0.1, 0.3, 0.1 + 0.2, 1 + 2e-10, -2.5, 7.0, 1e6, 123456.5, 1.5, 0.9999999, 2.0 + 1e-9)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page doesn't fold lines to the width of a terminal."""
    monkeypatch.setenv("COLUMNS", "100000")


@cache
def page() -> Callable[[str], Any]:
    return evaluator(script(PACKAGE_OPS))


# ── numbers ──


@given(st.floats(), st.integers(1, 17))
@example(100000.5, 6)
@example(100001.5, 6)
@example(999999.5, 6)
@example(-0.5, 1)
@example(0.00001, 6)
@example(1e16, 17)
@example(9999999999999998.0, 17)
@example(5e-324, 17)
def test_a_number_has_the_text_that_python_gives_it(x: float, digits: int) -> None:
    assert page()(f"short({literal(x)}, {digits})") == short(x, digits)


@given(st.integers(-(2**60), 2**60), st.integers(-40, 5), st.integers(1, 16))
def test_ties_are_rounded_to_even(n: int, exponent: int, digits: int) -> None:
    x = math.ldexp(n, exponent)
    assert page()(f"short({literal(x)}, {digits})") == short(x, digits)


@given(st.floats(-1e17, 1e17))
@example(-0.4)
@example(0.5)
@example(1.5)
@example(-2.5)
def test_the_nearest_whole_number_is_that_of_python(x: float) -> None:
    assert page()(f"[nearest({literal(x)})]") == [float(round(x))]


# ── operations ──


def calculations(op: str, rng: random.Random) -> list[Calculation]:
    """An operation on numbers of every form, one or several of which are special."""
    found = []
    for k in range(60):
        count = len(OPERATIONS[op].domains) * (SIZES[k % len(SIZES)] if OPERATIONS[op].of_sequences else 1)
        pool = [*NUMBERS, *NEAR_OTHERS] if k % 3 == 0 else NEAR_OTHERS
        row = [rng.choice(pool) if rng.random() < 0.6 else rng.uniform(-4.0, 4.0) for _ in range(count)]
        names = tuple(f"a{i}" for i in range(count))
        found.append(Calculation("h", op, names, tuple(row), rule(op).on_floats(row)[0]))
    return found


def text_of(
    made: Calculation, step: Step, template: Calculation | None = None, *, on: Callable[[str], Any] | None = None
) -> str:
    """The sentence that the page writes, from its data of the node, which may be made with other numbers."""
    value, row = on or page(), literal([*made.data])
    data = literal(of_calculation(template or made, [True] * len(made.data)))
    if step.position is None:
        return str(value(f"forward_line({data}, {row}, {literal(made.result)})"))
    numbers = {name: getattr(step, name) for name in ("upstream", "partial", "value", "before", "grad")}
    found = f"{{...{literal(numbers)}, ...rules[{literal(made.operation)}]({row})}}"
    return str(value(f"backward_line({literal(step.root)}, {data}, {step.position}, {found})"))


@pytest.mark.parametrize("op", [op for op in PACKAGE_OPS if op != "scaled_power"])
def test_a_sentence_of_any_operation_is_that_of_the_stepper(op: str) -> None:
    rng = random.Random(op)
    for made in calculations(op, rng):
        partials = rule(op).on_floats(made.data)[1]
        steps = [Step(1, "forward", "L", made, None, made.result, 0.0, 0.0, None, 0.0)]
        for position in {0, len(partials) - 1, rng.randrange(len(partials))}:
            upstream, partial = rng.choice([1.0, -0.5, 0.1, rng.gauss(0.0, 1.0)]), partials[position]
            before = rng.choice([None, 0.0, -0.3, 0.25, rng.gauss(0.0, 1.0)])
            amount = upstream * partial
            given = (upstream, partial, before, (before or 0.0) + amount)
            steps.append(Step(2, "backward", "L", made, position, amount, *given))
        for step in steps:
            assert text_of(made, step) == str(step)


def test_a_power_whose_exponent_changes_has_brackets_and_small_digits() -> None:
    made = Calculation("h", "power", ("x", "n"), (3.0, 2.0), 9.0)
    data = literal(of_calculation(made, [True, False]))
    lines = [
        page()(f"forward_line({data}, {literal(row)}, {z})") for row, z in (([3.0, 2.0], 9.0), ([-2.0, -3.0], -0.125))
    ]
    assert lines == ["h = x^n = 3² = 9", "h = x^n = (-2)^(-3) = -0.125"]


@pytest.mark.parametrize(
    ("op", "row"),
    [
        ("power", [-3.0, 2.0 + 1e-9]),
        ("multiply", [1.1984624, 1.5e308]),  # An infinity that is none in six digits.
        ("total", [3.00000001, *[0.125] * 10, -4.25]),
        ("total", [1.00000001, 2.0, 3.0, 4.0, *[-1.0] * 10, 0.0, 0.0, 0.0, 1e-12]),
        ("dot", [3.00000001, *[0.125] * 10, -4.25, *[1.0] * 12]),
        ("acos", [1.0000000002]),
    ],
)
def test_more_digits_are_taken_where_six_would_say_something_else(op: str, row: list[float]) -> None:
    made = Calculation("h", op, tuple(f"a{i}" for i in range(len(row))), tuple(row), rule(op).on_floats(row)[0])
    step = Step(1, "forward", "L", made, None, made.result, 0.0, 0.0, None, 0.0)
    assert text_of(made, step) == str(step)


def test_what_is_the_same_in_names_and_in_numbers_is_written_once() -> None:
    made = Calculation("h", "multiply", ("2", "3"), (2.0, 3.0), 6.0)
    assert text_of(made, Step(1, "forward", "L", made, None, 6.0, 0.0, 0.0, None, 0.0)) == "h = 2·3 = 6"


WEIGHTS = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.5, 0.75))


@pytest.mark.parametrize("op", [op for op in PACKAGE_OPS if is_composed(op)])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("others", WEIGHTS)
def test_weights_that_change_choose_the_formula(op: str, weights: Sequence[float], others: Sequence[float]) -> None:
    """The data of a node with some weights, and the numbers with other ones."""

    def with_weights(ts: Sequence[float]) -> Calculation:
        row = (2.0, 1.0, *ts)
        return Calculation("h", op, ("a", "b", "t", "u"), row, rule(op).on_floats(row)[0])

    made, now = with_weights(weights), with_weights(others)
    for position, partial in enumerate(rule(op).on_floats(now.data)[1]):
        step = Step(2, "backward", "L", now, position, partial, 1.0, partial, None, partial)
        assert text_of(now, step, made) == str(step)
    step = Step(1, "forward", "L", now, None, now.result, 0.0, 0.0, None, 0.0)
    assert text_of(now, step, made) == str(step)


def test_users_operations_tell_numbers_of_their_own_lists() -> None:
    @autograd.operation
    def cross_entropy(xs, ks):  # type: ignore[no-untyped-def]
        """The name of a rule of the package, with other formulas."""
        ws = [x * x + 1.0 for x in xs]
        z = sum([w * k for w, k in zip(ws, ks, strict=True)])
        return z, [2.0 * x * k if k > 0.0 else (w - w + 2.0 * x) * k for x, k, w in zip(xs, ks, ws, strict=True)], ws

    op = cross_entropy([1.0, 2.0], [1.0, 0.0]).op
    value = evaluator(script([op]))
    for row in ((1.0, 2.0, -1.0, 0.25), (0.5, 0.5, 1.0, 1.0)):
        z, partials = rule(op).on_floats(row)
        made = Calculation("h", op, ("a", "b", "t", "u"), row, z)
        for position, partial in enumerate(partials):
            step = Step(2, "backward", "L", made, position, partial, 1.0, partial, None, partial)
            assert text_of(made, step, on=value) == str(step)
            assert ("w = " in str(step)) == (position > 1 or row[2 + position] <= 0.0)


# ── graphs ──


def square(x: Value, y: Value) -> Value:
    return x * x


def diamond(x: Value, y: Value) -> Value:
    a = (x * y).tanh()
    return a * 2.0 + a * (a - x) - 1.0


def cell(x: Value, y: Value) -> Value:
    h = Value(0.0)
    for t in range(5):
        h = (x * h + y * (0.25 * t - 0.625) + 0.1).tanh()
    return h**2


def loss(x: Value, y: Value) -> Value:
    return cross_entropy([x * 2.0, y - x, x + 0.5], 1)


def soft_targets(x: Value, y: Value) -> Value:
    return cross_entropy([x * 2.0, y - x, x + 0.5], [0.25, 0.0, 0.75]) + cross_entropy([x, y], [0.3, 0.7005])


def shares(x: Value, y: Value) -> Value:
    row = [x * 2.0, y - x, x + 0.5]
    return softmax(row)[1] + 2.0 * log_softmax([*row, y])[0]


def many_classes(x: Value, y: Value) -> Value:
    return cross_entropy([x * (0.1 * i) + y for i in range(12)], 5)


def choices(x: Value, y: Value) -> Value:
    return largest([x, y, x * y]) + where(x, y, 3.0) + x.relu() + y.relu() + abs(y) + x.clamp(-1.0, y)


def sums(x: Value, y: Value) -> Value:
    xs = [x * float(i) for i in range(11)]
    return dot(xs, [y] * 11) / 7.0


GRAPHS = (square, diamond, cell, loss, soft_targets, shares, many_classes, choices, sums)
POINTS = ((0.35, -1.5), (-0.7, 0.7), (2.0, 2.0), (1.0, 0.1), (-3.0, 1e-9), (0.0, -0.0))


def graph(function: Callable[[Value, Value], Value], point: Sequence[float]) -> Value:
    x, y = (Value(number, label=name) for number, name in zip(point, "xy", strict=True))
    root = function(x, y)
    root.label = "L"
    return root


@pytest.mark.parametrize("function", GRAPHS)
def test_after_a_change_of_leaves_the_sentences_are_those_of_the_graph_made_anew(
    function: Callable[[Value, Value], Value],
) -> None:
    """The templates of the graph at one point, with the numbers at another one."""
    tape = folded(graph(function, POINTS[0]))
    data = {made["node"]: literal(made) for made in (sentences(Names(tape), place) for place in range(len(tape.data)))}
    for point in POINTS:
        for step in Stepper(graph(function, point)):
            made, row = data[step.node], literal([*step.calculation.data])
            if step.phase == "forward":
                text = page()(f"forward_line({made}, {row}, {literal(step.value)})")
            elif step.position is None:
                text = page()(f"gradient_of({literal(step.root)}, {made}, null)")
            else:
                numbers = {name: getattr(step, name) for name in ("upstream", "partial", "value", "before", "grad")}
                found = f"{{...{literal(numbers)}, ...rules.{step.operation}({row})}}"
                text = page()(f"backward_line({literal(step.root)}, {made}, {step.position}, {found})")
            assert text == str(step)


def test_a_leaf_is_its_number() -> None:
    made = sentences(Names(Tape(Value(2.0, label="x"))), 0)
    assert page()(f"forward_line({literal(made)}, [], 0.1)") == "x = 0.1"


def test_the_text_keeps_to_the_security_policy_of_a_page() -> None:
    assert not re.search(r"\beval\b|\bFunction\b|</|<!--|import|fetch|document", script(PACKAGE_OPS))


def test_the_case_of_a_node_is_found_by_the_page() -> None:
    """The number of the case chooses the formula."""
    made = Calculation("h", "relu", ("x",), (2.0,), 2.0)
    assert of_calculation(made, [True])["formulas"] == [[["1"], ["0"], ["nan"]]]
    assert [which_case("relu")(x)[0] for x in (1.0, -1.0, math.nan)] == [0, 1, 2]
