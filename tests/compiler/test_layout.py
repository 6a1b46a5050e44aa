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
