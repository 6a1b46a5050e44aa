"""Copies: no leaf is a star of long lines, and every line has one end."""

from hypothesis import given, settings

from autograd import Tape, Value, total
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.copies import FEW, LENGTH, LONG, NEAR, copies
from autograd.show.pictures.part import Part, nearest
from tests.test_draw import graphs


def part_of(root: Value) -> Part:
    tape = Tape(root)
    return nearest(boxes(tape), tape.roots, len(tape))


def ranks(part: Part) -> dict[int, int]:
    """The longest way from a leaf to each node."""
    found: dict[int, int] = {}
    for place in part.shown:
        found[place] = max((found[line.source] + 1 for line in part.operands[place] if line), default=0)
    return found


@given(graphs(60))
@settings(max_examples=100, deadline=None)
def test_a_leaf_of_many_uses_reaches_only_those_near_its_first_one(root: Value) -> None:
    part = part_of(root)
    found, rank = copies(part), ranks(part)
    uses: dict[int, list[tuple[int, int]]] = {}
    for place in part.shown:
        for line in part.operands[place]:
            if line is not None:
                uses.setdefault(line.source, []).extend(line.uses)
    for source, row in uses.items():
        own = [use for use in row if use not in found]
        assert own, "some use has a line to the node itself"
        assert all(found[use] == rank[use[0]] for use in row if use in found)
        if not part.operands[source] and len(row) > FEW:
            assert max(rank[place] for place, _ in own) <= min(rank[place] for place, _ in row) + NEAR
        if len(row) <= FEW and not part.operands[source]:
            assert len(own) == len(row)


def test_a_node_with_operands_keeps_its_lines_where_they_are_not_long() -> None:
    h = Value(1.0).exp()
    s = h
    for _ in range(20):
        s = s + h
    assert not copies(part_of(s))
    for _ in range(60):
        s = s + h
    part = part_of(s)
    rank, found = ranks(part), copies(part)
    assert sum(rank[place] - 1 for place in part.shown[3:]) > LENGTH
    assert {place for place, _ in found} == {place for place in part.shown if rank[place] > 1 + LONG}


def test_uses_side_by_side_are_no_star() -> None:
    x = Value(1.0)
    assert not copies(part_of(total([x * float(i) for i in range(50)])))
