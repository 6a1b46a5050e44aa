"""Slots beside those of nodes: of numbers, of phantoms, and of rows that are completed."""

import numpy as np
import pytest

from autograd.compiler.layout import PAD, PHANTOM, ZERO, Block, Layout
from tests.compiler.graphs import code_of, leaves


@pytest.fixture
def layout() -> Layout:
    """The layout of a program whose only node has a slot."""
    x, p = leaves(1), leaves(1)
    return code_of(x[0] * p[0] + x[0].exp(), x, p).layout


@pytest.mark.parametrize(("dims", "positions"), [((6,), 1), ((2, 3), 3), ((2, 3, 5), 5)])
def test_a_block_has_positions_if_it_has_other_dimensions(dims: tuple[int, ...], positions: int) -> None:
    assert Block("v", 1, dims, np.zeros(0, np.intp), -1).positions == positions


def test_numbers_have_slots_of_no_block(layout: Layout) -> None:
    for nodes in (2, 1, 3):
        block = layout.allocate("v", (nodes,), np.full(nodes, PHANTOM))
        assert all(layout.block_at("v", int(slot)) is block for slot in block.slots)
        (slot,) = layout.row_of("v", np.array([2.0]))
        assert layout.block_at("v", int(slot)) is None
    assert layout.block_at("v", ZERO) is None


def test_a_row_is_completed_by_the_phantoms_that_continue_it(layout: Layout) -> None:
    mask = np.array([False, False, True, False, False])
    a, b, c, d, e = layout.scratch("v", mask).index.tolist()
    for row, whole in (
        ([a, b, PAD, d], [a, b, c, d]),
        ([e, d, PAD], [e, d, c]),
        ([b, PAD, d, e], [b, c, d, e]),
        ([a, b, d, PAD], [a, b, d, ZERO]),
        ([c, d, PAD], [c, d, ZERO]),
        ([PAD, d, e], [ZERO, d, e]),
        ([a, PAD], [a, ZERO]),
        ([c, d, e, PAD], [c, d, e, ZERO]),
    ):
        assert layout.padded(np.array([row]), "v").tolist() == [whole]


def test_a_row_is_completed_from_the_first_slot_on_and_not_before_it(layout: Layout) -> None:
    a = layout.sizes["v"]
    layout.scratch("v", np.ones(a + 1, bool))
    assert layout.padded(np.array([[ZERO, a, PAD]]), "v").tolist() == [[ZERO, a, 2 * a]]
    assert layout.padded(np.array([[1, ZERO, PAD]]), "v").tolist() == [[1, ZERO, ZERO]]
    assert layout.padded(np.array([[a, 2 * a, PAD]]), "v").tolist() == [[a, 2 * a, ZERO]]


def test_equal_numbers_share_a_slot(layout: Layout) -> None:
    before = layout.sizes["c"]
    assert len(set(layout.constant(np.full((2, 3), 2.5)).index.ravel().tolist())) == 1
    assert layout.sizes["c"] == before + 1
    row = layout.constant(np.array([2.5, 3.5, 2.5])).index
    assert np.concatenate(layout.constants)[row].tolist() == [2.5, 3.5, 2.5]


def test_each_slot_knows_its_block_and_whether_it_is_a_phantom(layout: Layout) -> None:
    layout.scratch("u", np.array([True, False]))
    layout.row_of("v", np.ones(3))
    for space, mask in layout.phantom.items():
        assert len(mask) == len(layout.of_block[space]) == layout.sizes[space]


# ── the slots of 1 that continue rows ──


def test_a_row_goes_on_with_the_1_of_its_step_or_else_of_its_position(layout: Layout) -> None:
    block = layout.allocate("v", (2, 3), np.full(6, PHANTOM), ones=True)
    b, ones = block.base, block.ones
    assert ones == b + 6
    assert layout.phantom["v"][[ones, ones + 2]].tolist() == [False, False]
    for rows, found in (
        ([[b, b + 3], [b + 1, b + 4], [b + 2, b + 5]], [0, 1, 2]),
        ([[b + 2, b + 4]], [0]),  # Its step leads to the first.
        ([[b, b + 2, b + 4]], [0]),
        ([[b + 3, b + 4]], [1]),  # Its step leads to none.
        ([[b + 1, b + 5]], [2]),
        ([[b + 4]], [1]),
        ([[b + 5], [b]], [2, 0]),
    ):
        assert np.array_equal(layout.ones_for("v", np.array(rows)), ones + np.array(found))  # type: ignore[arg-type]


def test_no_1_continues_rows_of_other_slots(layout: Layout) -> None:
    other = layout.allocate("v", (2, 3), np.full(6, PHANTOM))
    block = layout.allocate("v", (2, 3), np.full(6, PHANTOM), ones=True)
    b = block.base
    assert layout.ones_for("v", np.array([[other.base, other.base + 3]])) is None
    for rows in ([[ZERO, b + 4]], [[b, b + 6]], [[b, b + 3], [other.base, b + 4]], [[b + 6]], [[ZERO]]):
        assert layout.ones_for("v", np.array(rows)) is None


def test_a_row_of_inputs_goes_on_with_the_next_1_among_them(layout: Layout) -> None:
    rows = np.array([[1, 3], [5, 8]])
    assert layout.ones_for("x", rows) is None
    layout.input_ones = [4, 9]
    assert np.array_equal(layout.ones_for("x", rows), [4, 9])  # type: ignore[arg-type]
    assert layout.ones_for("x", np.array([[1, 3], [5, 10]])) is None


def test_the_phantoms_of_a_block_lie_in_its_plane(layout: Layout) -> None:
    block = layout.allocate("v", (2, 3), np.array([PHANTOM, 0, 0, 0, PHANTOM, 0]))
    whole = layout.continued(np.array([7, 9, 15, 19]), block)
    assert whole is not None
    assert whole.tolist() == [5, 7, 9, 15, 17, 19]
    assert layout.continued(np.array([7, 9, 15, 18]), block) is None


@pytest.mark.parametrize(("first", "found"), [(2, [1, 2, 3]), (1, [0, 1, 2]), (0, None)])
def test_no_slot_lies_before_the_first(layout: Layout, first: int, found: list[int] | None) -> None:
    block = layout.allocate("v", (3,), np.array([PHANTOM, 0, 0]))
    whole = layout.continued(np.array([first, first + 1]), block)
    assert (None if whole is None else whole.tolist()) == found
