"""A Stepper in a notebook: the page of its graph, where the walk stands, or its text."""

import json
import re
from typing import Any

import pytest

from autograd import Stepper, Value, losses
from autograd.page.face import page_of
from autograd.page.widget import MOST
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.toy import Toy
from tests.test_page import Document


def toy() -> Stepper:
    return Stepper(Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0).loss())


def contents(walk: Stepper) -> Any:
    """The data of the page that a notebook shows."""
    (frame,) = Document(walk._repr_html_()).of("iframe")
    found = re.search(r'<script type="application/json" id="contents">(.*?)</script>', frame["srcdoc"] or "")
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("taken", [0, 1, 9, 22])
def test_a_walk_is_the_page_of_its_graph_where_it_stands(taken: int) -> None:
    walk = toy()
    walk.to(taken)
    assert contents(walk)["taken"] == taken == walk.position
    assert contents(walk)["total"] == len(walk) == 22
    (frame,) = Document(walk._repr_html_()).of("iframe")
    assert frame["srcdoc"] == page_of(Names(folded(walk.root)), taken=taken).html
    assert frame["sandbox"] == "allow-scripts"


@pytest.mark.parametrize("inner", [False, True])
def test_the_steps_of_the_page_are_those_of_the_walk(inner: bool) -> None:
    walk = Stepper(losses.cross_entropy([Value(1.0), Value(2.0)], 0), inner=inner)
    assert contents(walk)["total"] == len(walk)
    assert [step["n"] for step in contents(walk)["steps"]] == [*range(1, len(walk) + 1)]


def test_a_walk_without_a_page_is_its_text() -> None:
    changed, chain = toy(), Value(1.0)
    changed.root.operands[0].data = 100.0
    for _ in range(MOST // 2):
        chain = chain + 1.0
    for walk in (changed, Stepper(chain)):
        found = Document(walk._repr_html_())
        assert [name for name, _ in found.elements] == ["pre"]
        assert "".join(text for _, text in found.texts) == repr(walk)
