"""All that every view of a graph does alike: it fits the console, notices changed data and takes NumPy's integers."""

import io
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Stepper, Value, autopsy, draw, explain, largest, logsumexp, topological_order, tree
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.console import columns
from autograd.engine.graph import is_constant
from autograd.operations import operation
from tests.test_stepper import GRAPHS

VIEWS: dict[str, Callable[[Value, Value], object]] = {
    "tree": lambda root, leaf: tree(root, most=10**6),
    "explain": lambda root, leaf: explain(root, leaf),
    "draw": lambda root, leaf: draw(root, max_nodes=10**6),
    "Stepper": lambda root, leaf: list(Stepper(root)),
    "Stepper.draw": lambda root, leaf: Stepper(root).draw(max_nodes=10**6),
    "autopsy": lambda root, leaf: autopsy(root),
}


def text_of(view: str, root: Value, leaf: Value) -> str:
    shown = VIEWS[view](root, leaf)
    return "\n".join(map(str, shown)) if isinstance(shown, list) else str(shown)


# ── changed data ──


@pytest.mark.parametrize("view", VIEWS)
@given(expression=strategies.expressions(max_steps=6), position=st.integers(0, 10))
def test_data_that_was_changed_is_noticed(view: str, expression: Expression, position: int) -> None:
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate(expression.inputs)]
    root = expression(*inputs)
    order = topological_order(root)
    leaves, chosen = [v for v in order if v in inputs], [v for v in order if v.op or v in inputs]
    assume(leaves and root.op)
    before = text_of(view, root, leaves[0])
    v = chosen[position % len(chosen)]
    data, v.data = v.data, v.data + 0.25
    seen = above(leaves[0], order) if view == "explain" else order
    if all(map(holds, seen)):
        text_of(view, root, leaves[0])
    else:
        with pytest.raises(
            ValueError, match=r"the data of a node or its operands was changed after .* build the graph"
        ):
            text_of(view, root, leaves[0])
    v.data = data
    assert text_of(view, root, leaves[0]) == before


def holds(v: Value) -> bool:
    """Whether a node is what its operation makes of its operands now: max(1, 2) is 2 before and after 1 becomes 1.5."""
    if not v.op:
        return True
    now = operation(v.op).call([x.data if is_constant(x) else Value(x.data) for x in v.operands])
    asked = [i for i, x in enumerate(v.operands) if not is_constant(x)]
    return now.data == v.data and all(now.partials[i] == v.partials[i] for i in asked)


def above(leaf: Value, order: list[Value]) -> list[Value]:
    """The nodes on paths from the root to the leaf."""
    leading = [leaf]
    for v in order:
        passing = [x for x, d in zip(v.operands, v.partials, strict=True) if d or v.op != "where"]
        if any(x in leading for x in passing) and v.op != "detach":
            leading.append(v)
    return leading


def test_autopsy_does_not_blame_a_leaf_that_was_changed_later() -> None:
    x = Value(0.0, label="x")
    y = 1 / x
    x.data = float("nan")
    with pytest.raises(ValueError, match="was changed after divide was recorded"):
        autopsy(y)


# ── the console ──


LABELS = ["学習率", "poids é", "w₁", "σ′", "ввод", "e\u0301", "한글", "x"]


def labelled(name: str) -> Value:
    root = GRAPHS[name]()
    for i, v in enumerate(topological_order(root)):
        if i % 3 == 0 and v.label == "":
            v.label = LABELS[i % len(LABELS)] + str(i)
    root.label = "根∂"
    return root


def everything(root: Value) -> list[object]:
    """All that a person may print, of a graph and of one that isn't finite."""
    leaf = topological_order(root)[0]
    walk = Stepper(root)
    wrong = (root * 1e200) ** 2 * 0
    return [tree(root), explain(root, leaf), *walk, walk, draw(root), autopsy(root), autopsy(wrong), wrong]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "shift_jis", "utf-8"])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_console_can_print_every_view(name: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", console)
    for thing in everything(labelled(name)):
        print(thing)
        print(repr(thing) if not isinstance(thing, (str, Value)) else "")
    console.flush()


@pytest.mark.parametrize("width", [50, 80, 132])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_view_follows_the_width_of_the_console(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = [line for thing in everything(labelled(name))[:-1] for line in str(thing).splitlines()]
    assert max(map(columns, lines)) < width
    assert all(columns(line) >= sum(unicodedata.east_asian_width(c) in "WF" for c in line) for line in lines)


def test_a_wide_list_is_cut_between_operands() -> None:
    xs = [Value(float(i), label=f"the weight number {i}") for i in range(30)]
    for v in (largest(xs), logsumexp(xs), (largest(xs) + 1).tanh()):
        for line in tree(v, most=4).splitlines():
            assert columns(line) < 80
            assert line.count("(") == line.count(")")
            assert "weight number" not in line or "largest" not in line or "more …, the weight number 29)" in line
    assert "largest(the weight number 0, … 28 more …, the weight number 29) = 29" in tree(largest(xs))


# ── settings ──


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint16])
def test_settings_may_be_numpy_s_integers(kind: Callable[[int], Any]) -> None:
    root = GRAPHS["toy"]()
    assert draw(root, max_nodes=kind(5)).dot == draw(root, max_nodes=5).dot
    assert Stepper(root).draw(max_nodes=kind(5)).dot == Stepper(root).draw(max_nodes=5).dot
    assert tree(root, most=kind(3)) == tree(root, most=3)
    assert repr(explain(root, "w1", most=kind(1))) == repr(explain(root, "w1", most=1))
    assert Stepper(root).to(kind(3)) == Stepper(root).to(3)
