"""Long lists of nodes: the place of each, their data, and the first that is no leaf."""

import math
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tape, Value, total
from autograd.engine import lists
from autograd.engine.graph import is_constant

MANY = 2 * lists.CHUNK + 3
"""More nodes than are written at once."""


def place(nodes: list[Value], node: Value) -> int:
    """The last place of a node, or -1."""
    return max((k for k, other in enumerate(nodes) if other is node), default=-1)


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 9), max_size=12), st.booleans())
def test_places_are_those_of_a_search(first: list[int], second: list[int], walks: bool) -> None:
    pool = [Value(float(k)) for k in range(5)]
    pool += [2.0 * pool[0], pool[0] * pool[1], pool[1].tanh(), pool[2] - 1.0, pool[3] + pool[4]]
    nodes, wanted = ([pool[k] for k in chosen] for chosen in (first, second))
    places = lists.Places(nodes)
    for _ in range(2):
        assert places.of(wanted).tolist() == [place(nodes, v) for v in wanted]
        again = [v for k, v in enumerate(nodes) if place(nodes, v) > k]
        assert places.repeated() is (again[0] if again else None)
        if walks:  # Walks mark nodes for their own ends.
            total(pool).backward()
            Tape(total(pool))


def test_places_of_two_lists_at_once() -> None:
    xs = [Value(float(k)) for k in range(6)]
    forward, backward = lists.Places(xs), lists.Places(xs[::-1])
    for _ in range(2):
        assert forward.of(xs).tolist() == [0, 1, 2, 3, 4, 5]
        assert backward.of(xs).tolist() == [5, 4, 3, 2, 1, 0]


def test_leaves_and_constants_stay_what_they_are() -> None:
    x = Value(3.0)
    y = 2.0 * x
    two = y.operands[0]
    assert lists.Places([x, two, y]).of([y, two, x]).tolist() == [2, 1, 0]
    assert not is_constant(x)
    assert is_constant(two)
    assert Tape(y).leaves() == [x]


def test_long_lists_have_each_node() -> None:
    xs = [Value(k / 7.0) for k in range(MANY)]
    places = lists.Places(xs)
    assert places.of(xs).tolist() == [*range(MANY)]
    assert places.repeated() is None
    assert lists.data_of(xs).tolist() == [k / 7.0 for k in range(MANY)]
    assert lists.Places([*xs, xs[-2]]).repeated() is xs[-2]


@given(st.lists(st.floats()))
def test_data_are_those_of_the_nodes_to_the_bit(numbers: list[float]) -> None:
    found = lists.data_of([Value(x) for x in numbers])
    assert found.tobytes() == struct.pack(f"{len(numbers)}d", *numbers)


@pytest.mark.parametrize("typecode", ["H", "i", "d"])
def test_items_are_written_into_their_places(typecode: str) -> None:
    flat = array(typecode, range(8))
    lists.write(flat, 3, [70, 60, 50])
    assert flat.tolist() == [0, 1, 2, 70, 60, 50, 6, 7]
    lists.write(flat, 8, [])
    with pytest.raises(struct.error):
        lists.write(flat, 6, [1, 2, 3])


def test_the_first_that_is_no_leaf() -> None:
    x, y = Value(3.0), Value(math.inf)
    z = 2.0 * x
    assert lists.first_result([]) is None
    assert lists.first_result([x, y]) is None
    assert lists.first_result([x, z, z.operands[0]]) is z
    assert lists.first_result([x, z.operands[0], z]) is z.operands[0]
