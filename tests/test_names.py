"""What numbers are called: each by a name of its own, and findable by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, topological_order
from autograd.engine.graph import is_constant
from autograd.show.names import LABEL_LENGTH, Names, visible
from autograd.wording import brief


@given(st.lists(st.sampled_from(["", "x", "v1", "v1'", "w#0", "w", "a\nb"]), min_size=1, max_size=6))
def test_names_are_different_and_lead_back(labels: list[str]) -> None:
    root = Value(0.5)
    for label in labels:
        root = root * Value(2.0, label=label) + 1
    names = Names(root)
    own = [v for v in names.order if not is_constant(v)]
    called = [names[v] for v in own]
    assert len(set(called)) == len(called)
    assert all(names.find(name) is v for name, v in zip(called, own, strict=True))
    assert all(name.isprintable() for name in called)


def test_labels_places_and_constants() -> None:
    w, other = Value(1.0, label="w"), Value(2.0, label="w")
    y = w * other + 3
    names = Names(y)
    assert [names[v] for v in topological_order(y)] == ["w#0", "w#1", "v2", "3", "v4"]
    assert names.place(other) == 1
    assert w in names
    assert Value(1.0) not in names
    with pytest.raises(ValueError, match="did you mean 'v4'"):
        names.find("v44")


def test_numbers_and_long_labels() -> None:
    assert [brief(x) for x in (1.0, -2.5, 1e-9, float("inf"), float("-inf"))] == ["1", "-2.5", "1e-09", "inf", "-inf"]
    assert len(visible("l" * 100)) == LABEL_LENGTH
    assert visible("a\tb") == "a␉b"
