"""Names of nodes: no two are equal, and each leads back to its node."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tape, Value
from autograd.console import columns
from autograd.engine.graph import CONSTANT_LAST
from autograd.show.names import LENGTH, Names, shortened
from autograd.wording import LABEL_LENGTH, brief, visible


@given(st.lists(st.sampled_from(["", "x", "v1", "v1'", "w#0", "w", "a\nb"]), min_size=1, max_size=6))
def test_names_are_different_and_lead_back(labels: list[str]) -> None:
    root = Value(0.5)
    for label in labels:
        root = root * Value(2.0, label=label) + 1
    tape = Tape(root)
    names = Names(tape)
    assert names.own == [place for place in range(len(tape)) if not tape.is_constant(place)]
    called = [names[place] for place in names.own]
    assert names.root == called[-1]
    assert len(set(called)) == len(called)
    assert [names.place(name) for name in called] == names.own
    assert [names.place(tape.node(place)) for place in names.own] == names.own
    assert all(name.isprintable() for name in called)


def test_labels_places_and_constants() -> None:
    w, other = Value(1.0, label="w"), Value(2.0, label="w")
    y = w * other + 3
    names = Names(Tape(y))
    assert [names[place] for place in range(5)] == ["w#1", "w#2", "v1", "3", "v2"]
    assert names.place(other) == names.place("w#2") == 1
    assert Names(Tape(y, w)).root == "v2"
    with pytest.raises(ValueError, match="nothing in this graph is called 'w'; did you mean 'w#2'"):
        names.place("w")


@pytest.mark.parametrize("label", ["the weight of the first input of a neuron", "two\nlines", "\x00"])
def test_a_label_that_is_shown_otherwise_is_a_name_too(label: str) -> None:
    w = Value(1.0, label=label)
    names = Names(Tape(w * 3))
    assert names[0] != label
    assert names.place(label) == names.place(names[0]) == 0


def test_naming_makes_no_nodes_of_constants() -> None:
    y = Value(1.0, label="w") * 3 + 3
    names = Names(Tape(y))
    assert [names[place] for place in range(5)] == ["w", "3", "v1", "3", "v2"]
    assert y._fan is CONSTANT_LAST


def test_mistakes_are_named() -> None:
    wrong: Any = 1.0
    x = Value(1.0, label="x")
    names = Names(Tape(x * Value(2.0, label="other") + 3))
    with pytest.raises(ValueError, match="nothing in this graph is called 'v22'; did you mean 'v2'"):
        names.place("v22")
    with pytest.raises(ValueError, match="is called 'zzzzzz'; there are x, other, v1, v2"):
        names.place("zzzzzz")
    with pytest.raises(ValueError, match=r"Value\(data=1.0.*\) is no part of the graph of v2"):
        names.place(Value(1.0))
    with pytest.raises(TypeError, match="a node is given as a Value or by its name, not as float"):
        names.place(wrong)
    long = x
    for _ in range(20):
        long = long.tanh()
    with pytest.raises(ValueError, match=r"there are v11, .*, v20 and 11 more"):
        Names(Tape(long)).place("q")


def test_floats_and_long_labels() -> None:
    assert [brief(x) for x in (1.0, -2.5, 1e-9, float("inf"), float("-inf"))] == ["1", "-2.5", "1e-09", "inf", "-inf"]
    assert len(visible("l" * 100)) == LABEL_LENGTH
    assert visible("a\tb") == "a␉b"


@given(st.lists(st.sampled_from(["", "w", "w#1", "w#2", "v1", "v2", "w#1'"]), min_size=1, max_size=8))
def test_names_are_numbered_from_1_without_gaps(labels: list[str]) -> None:
    """Over the nodes without a label, and over those that share one, in the order of the tape."""
    root = Value(0.5)
    for label in labels:
        root = root * Value(2.0, label=label) + 1
    tape = Tape(root)
    names = Names(tape)
    for label in {*labels, ""}:
        places = [place for place in names.own if tape.node(place).label == label]
        base = f"{label}#" if label else "v"
        numbered = [f"{base}{n}" for n in range(1, len(places) + 1)] if label == "" or len(places) > 1 else [label]
        assert [names[place].rstrip("'") for place in places] == [name.rstrip("'") for name in numbered]


@pytest.mark.parametrize(
    "path", ["layers.0.neurons.12.w.100", "blocks[10].attention.w[2,1]", "weight_of_the_input[30,1]"]
)
def test_long_paths_differ_at_their_ends(path: str) -> None:
    other = path.replace("1]", "0]") if path.endswith("]") else f"{path[:-1]}1"
    names = Names(Tape(Value(1.0, label=path) * Value(2.0, label=other)))
    for place, label in enumerate([path, other]):
        assert names[place] == shortened(label) == f"…{names[place][1:]}"
        assert label.endswith(names[place][1:])
        assert columns(names[place]) <= LENGTH
        assert names.place(label) == place


@given(st.text("ab.[]0,…'# 权\u0301", max_size=60), st.integers(2, 30))
def test_a_shortened_name_fits(name: str, length: int) -> None:
    assert columns(shortened(name, length)) <= length
    assert shortened(name, length) == shortened(shortened(name, length), length)
    assert shortened(name[:length], 4 * length) == name[:length]
