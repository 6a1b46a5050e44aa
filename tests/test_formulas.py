"""Formulas of boxes: short, in names, and those of a neuron."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tape, Value, dot, maximum, mean, softmax, total
from autograd.console import columns
from autograd.losses import cross_entropy
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.formulas import WIDTH, Formulas
from tests.test_draw import anything, graphs


def row(name: str, n: int, first: int = 0) -> list[Value]:
    return [Value(0.5, label=f"{name}[{i}]") for i in range(first, first + n)]


def formula(root: Value) -> str:
    tape = folded(root)
    return Formulas(Names(tape), boxes(tape, fold=True, labelled=True)).text(tape.roots[0])


A, B, C = (Value(0.5, label=name) for name in "abc")


@pytest.mark.parametrize(
    ("root", "text"),
    [
        ((dot(row("w[2]", 3), row("x", 3)) + B).relu(), "relu(w[2]·x + b)"),
        (dot([Value(0.1, label=f"w[2,{i}]") for i in range(3)], row("x", 3)) + B, "w[2]·x + b"),
        (dot([Value(0.1, label=f"h[{i},t=3]") for i in range(3)], row("x", 3)), "h[t=3]·x"),
        (dot(row("w", 3) + row("u", 2), row("x", 3) + row("h", 2)), "w·x + u·h"),
        (dot([*row("w", 2), A], [*row("x", 2), B]), "w·x + a·b"),
        (dot(row("w", 2), row("x", 1) + row("x", 1, 4)), "w[0]·x[0] + w[1]·x[4]"),
        (dot(row("w", 2), [A, B]), "w[0]·a + w[1]·b"),
        (dot(row("w", 3), [0.5, -1.0, 2.0]), "w·[0.5, -1, 2]"),
        (dot(row("w", 9), [0.5, *[0.0] * 8]), "w·[0.5, 0, …, 0]"),
        (dot(row("w", 9), [0.0] * 9), "w·0"),
        (dot([2.0, A], [B, C]), "2·b + a·c"),
        (dot([2.0, 3.0, A], [4.0, 5.0, B]), "2·4 + 3·5 + a·b"),
        (dot(row("w", 3), row("x", 3, 2)), "w·x[2:5]"),
        (dot(row("w", 2), row("x", 2)) + row("x", 1, 2)[0], "w·x[0:2] + x[2]"),
        (dot([Value(0.1, label=f"u[{i}]") for i in ("0,0", "0,1", "1,1")], row("x", 3)), "u[0]·x[0:2] + u[1,1]·x[2]"),
        (mean([A * B, C]), "(a·b + c)/2"),
        ((A - B) ** 2, "(a - b)²"),
        ((A - B).square(), "(a - b)²"),
        (A - (B - C), "a - (b - c)"),
        (A - (B + C), "a - (b + c)"),
        (A + (B - C), "a + b - c"),
        (A + (B + C) * 2.0, "a + (b + c)·2"),
        (A**B, "a^b"),
        (maximum(A, -B), "maximum(a, -b)"),
        (mean([A, B.exp()]), "(a + exp(b))/2"),
        (total(row("x", 30)), "x[0] + x[1] + … + x[28] + x[29]"),
        ((A * B + C).tanh(), "tanh(a·b + c)"),
    ],
)
def test_a_formula_is_written_as_in_a_textbook(root: Value, text: str) -> None:
    assert formula(root) == text


def test_softmax_is_written_on_its_row() -> None:
    assert formula(cross_entropy([A, B, C], 1)) == "cross_entropy([a, b, c], 1)"
    assert formula(cross_entropy([A, B, C], [0.5, 0.25, 0.25])) == "cross_entropy([a, b, c], [0.5, 0.25, 0.25])"
    assert formula(softmax([A, B, C])[1]) == "softmax([a, b, c])[1]"


def test_a_chain_of_sums_is_one_sum() -> None:
    s = A
    for x in row("x", 500):
        s = s + x
    assert formula(s) == "a + x[0] + … + x[498] + x[499]"


@given(graphs(40), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_formula_fits_and_has_no_name_of_what_is_folded(root: Value, labelled: bool) -> None:
    tape = Tape(root)
    names, found = Names(tape), boxes(tape, fold=True, labelled=labelled)
    formulas = Formulas(names, found)
    for head in found.heads:
        if tape.operation(head):
            text = formulas.text(head)
            assert 0 < columns(text) <= WIDTH
            hidden = {names[place] for place in found.inside(head) if tape.operation(place)}
            assert hidden.isdisjoint(re.findall(r"v\d+", text))


@given(anything, anything)
@settings(max_examples=50, deadline=None)
def test_any_label_fits(label: str, other: str) -> None:
    root = ((Value(1.0, label=label) + Value(2.0, label=other)) * Value(3.0, label=label)).tanh()
    assert columns(formula(root)) <= WIDTH
