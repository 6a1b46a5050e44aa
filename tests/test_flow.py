"""The flow along lines: what enters a node adds up to its gradient, however much is folded."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import Tape, Value, where
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.flow import CROWDED, THIN, WIDE, Flow, flow_of, look
from autograd.show.pictures.palette import PALETTE
from autograd.show.pictures.part import nearest
from tests.test_draw import graphs

ROUNDING = 1e-9
"""Relative to the sum of sizes: products are formed and added up in another order than in a sweep."""


def flow(root: Value, fold: bool) -> Flow:
    tape = Tape(root)
    found = boxes(tape, fold=fold)
    return flow_of(nearest(found, tape.roots, 10_000), lambda place: tape.node(place).grad)


@given(graphs(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_flows_into_a_node_adds_up_to_its_gradient(root: Value, fold: bool) -> None:
    root.backward()
    tape = Tape(root)
    found = boxes(tape, fold=fold)
    amounts = flow(root, fold).amounts
    into: dict[int, list[float]] = {}
    for head in found.heads:
        for line in found.lines(head):
            if not tape.is_constant(line.source):
                into.setdefault(line.source, []).append(amounts[line.uses[0]])
    for place, parts in into.items():
        assume(all(map(math.isfinite, parts)))
        if place != tape.roots[0]:
            assert abs(math.fsum(parts) - tape.node(place).grad) <= ROUNDING * max(map(abs, parts))


def test_nothing_flows_into_a_branch_that_is_not_taken() -> None:
    a, b = Value(2.0), Value(3.0)
    y = where(Value(1.0), a, b * math.inf)
    y.backward()
    a.label = b.label = "kept"
    assert sorted(flow(y, fold=False).amounts.values()) == [0.0, 0.0, 0.0, 1.0], "not 0 · inf"
    assert sorted(flow(y, fold=True).amounts.values()) == [0.0, 1.0]


@given(st.floats(allow_nan=False, min_value=-1e308, max_value=1e308), st.floats(min_value=0.0, max_value=1e308))
def test_a_look_has_a_color_for_the_sign_and_a_width_within_bounds(amount: float, largest: float) -> None:
    largest = max(largest, abs(amount))
    attributes = look(amount, largest)
    role = "plus" if amount > 0 else "minus" if amount < 0 else "zero"
    assert attributes["color"] == PALETTE[role].light
    assert (attributes.get("style") == "dashed") == (amount == 0.0)
    if amount:
        assert THIN <= float(attributes["penwidth"]) <= WIDE
        assert float(look(amount, largest, crowded=True)["penwidth"]) <= CROWDED


def test_larger_amounts_are_wider_and_what_is_not_finite_is_bad() -> None:
    widths = [float(look(amount, 1.0)["penwidth"]) for amount in (1e-9, 0.01, 0.1, -0.5, 1.0)]
    assert widths == sorted(set(widths))
    for amount in (math.nan, math.inf, -math.inf):
        assert look(amount, 1.0)["color"] == PALETTE["bad"].light
