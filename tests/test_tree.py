"""The graph as indented text: each node once, nothing wider than a terminal, and what is left out is counted."""

from typing import Any

import pytest
from hypothesis import given

from autograd import Tape, Value, tree
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.show.names import Names
from autograd.wording import WIDTH
from tests.test_stepper import GRAPHS


@given(strategies.expressions())
def test_each_node_is_written_once(expression: Expression) -> None:
    root = expression(*(Value(x) for x in expression.inputs))
    names, lines = Names(Tape(root)), tree(root).splitlines()
    written = [line.lstrip("│├└─ ").split(" = ")[0] for line in lines if " = " in line]
    assert sorted(written) == sorted(names[place] for place in names.own)
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("name", GRAPHS)
def test_it_fits_a_terminal(name: str) -> None:
    text = tree(GRAPHS[name](), most=10_000)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "more" not in text.splitlines()[-1]


def test_deep_graphs_go_on_at_the_margin_and_long_ones_are_cut() -> None:
    v = Value(1.0, label="x")
    for _ in range(30):
        v = v.tanh()
    lines = tree(v).splitlines()
    assert len(lines) == 31 + 3
    assert sum(not line.startswith(("│", "├", "└", " ")) for line in lines) == 4
    cut = tree(v, most=5).splitlines()
    assert cut[-1] == "… and 26 more nodes; tree(root, most=…) shows more lines"
    assert len(cut) == 6
    assert tree(v, most=33).splitlines()[-1].startswith("… and 1 more node;")
    assert "more" not in tree(v, most=34)


def test_a_deep_node_that_is_met_twice_is_written_once() -> None:
    shared = Value(1.0, label="x").tanh()
    v = shared * shared
    for _ in range(8):
        v = v.tanh()
    lines = tree(v).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("v")] == ["v10", "v1"]
    assert sum(line.endswith("── v1 …") for line in lines) == 2


def test_mistakes_are_named() -> None:
    wrong: Any = 1.0
    with pytest.raises(TypeError, match="tree takes a Value, not float"):
        tree(wrong)
    with pytest.raises(ValueError, match="most is a whole number from 1, not 0"):
        tree(Value(1.0), most=0)
