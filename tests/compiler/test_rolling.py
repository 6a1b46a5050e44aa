"""Statements that repeat, found and written as loops: nothing is lost, and the order stays."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.expressions import call, name
from autograd.compiler.rolling import FEWEST, LONGEST, rolled
from autograd.compiler.statements import Map, Product, Slots, Statement

WORDS: Final = ("sin", "cos", "exp", "tanh")


def at(kind: int, t: int) -> Map:
    """The statement of a kind at a step: kinds differ in their expressions alone, steps in their slots."""
    e = call(WORDS[kind], name("a")) if kind < len(WORDS) else call("power", name("a"), name(f"b{kind}"))
    slots = Slots("v", np.array([t, t + 2]))
    operands = {"a": Slots("v", np.array([t + 5, t + 4]))} | ({} if kind < len(WORDS) else {f"b{kind}": slots})
    return Map(slots, e, operands)


def blocks_of(kinds: list[int] | range) -> list[tuple[int, int]]:
    """The number of statements in the body of each block, and how often it runs."""
    statements = [at(kind, t) for t, kind in enumerate(kinds)]
    return [(len(block.rows), block.count) for block in rolled(statements)]


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(1, 5)), max_size=5))
def test_blocks_are_the_statements_in_their_order(parts: list[tuple[list[int], int]]) -> None:
    kinds = [kind for body, times in parts for kind in body * times]
    statements = [at(kind, t) for t, kind in enumerate(kinds)]
    blocks = rolled(statements)
    assert [s for block in blocks for one in block.unrolled() for s, *_ in one.rows] == statements
    for block in blocks:
        assert block.count == 1 or block.count >= FEWEST
        assert len(block.rows) == 1 or block.count > 1
        assert all(len({s.expression for s in row if isinstance(s, Map)}) == 1 for row in block.rows)
        assert all(len(row) == block.count for row in block.rows)


@pytest.mark.parametrize(
    ("kinds", "blocks"),
    [
        ("", []),
        ("a", [(1, 1)]),
        ("aa", [(1, 1), (1, 1)]),
        ("aaa", [(1, 3)]),
        ("abab", [(1, 1)] * 4),
        ("ababab", [(2, 3)]),
        ("abababa", [(2, 3), (1, 1)]),
        ("cababab", [(1, 1), (2, 3)]),
        ("aaabaaabaaab", [(4, 3)]),  # What covers most comes first.
        ("aaabaaab", [(1, 3), (1, 1), (1, 3), (1, 1)]),
        ("aaaaaa", [(1, 6)]),
        ("aaabbbaaabbb", [(1, 3)] * 4),
        ("abcabcabcabcd", [(3, 4), (1, 1)]),
        ("aaaaabab", [(1, 5), (1, 1), (1, 1), (1, 1)]),
    ],
)
def test_which_statements_repeat(kinds: str, blocks: list[tuple[int, int]]) -> None:
    assert blocks_of(["abcd".index(kind) for kind in kinds]) == blocks


def test_long_bodies_are_no_loops() -> None:
    assert blocks_of([*range(LONGEST)] * FEWEST) == [(LONGEST, FEWEST)]
    assert blocks_of([*range(LONGEST + 1)] * FEWEST) == [(1, 1)] * (LONGEST + 1) * FEWEST


def slots(*index: int, space: str = "v") -> Slots:
    return Slots(space, np.array(index))


def test_statements_of_one_kind_differ_in_where_their_slots_begin_alone() -> None:
    base = Map(slots(0, 2), call("power", name("a"), name("b")), {"a": slots(5, 6), "b": slots(9, 9)})
    same = [replace(base, out=slots(3, 5)), replace(base, operands={"a": slots(7, 8), "b": slots(1, 1)})]
    others: list[Statement] = [
        replace(base, out=slots(3, 4)),
        replace(base, out=slots(0, 2, space="u")),
        replace(base, out=Slots("v", np.array([[0], [2]]))),
        replace(base, operands={"a": slots(5, 7), "b": slots(9, 9)}),
        replace(base, operands={"a": slots(5, 6), "b": slots(9, 9, space="x")}),
        replace(base, add=True),
        replace(base, rows=frozenset(["a"])),
        replace(base, expression=call("power", name("b"), name("a"))),
    ]
    assert [block.count for block in rolled([base, *same])] == [3]
    for other in others:
        assert [block.count for block in rolled([base, other, *same])] == [1, 1, 1, 1]
    row = Slots("v", np.zeros((1, 1, 2), int))
    product = Product(Slots("v", np.zeros((1, 1, 1), int)), row, row)
    assert [block.count for block in rolled([product] * 3)] == [3]
    for unlike in (replace(product, factor=2.0), replace(product, add=True)):
        assert [block.count for block in rolled([product, unlike, product, product])] == [1, 1, 1, 1]
    empty = Map(slots(), name("a"), {"a": slots()})
    assert [block.count for block in rolled([empty] * 3)] == [3]


def test_accesses_are_the_slots_of_all_steps() -> None:
    (block,) = rolled([s for t in range(3) for s in (at(0, t), at(4, t))])
    found = [[s.index.tolist() for s in steps] for steps in block.accesses()]
    outs, operands = [[t, t + 2] for t in range(3)], [[t + 5, t + 4] for t in range(3)]
    assert found == [outs, operands, outs, operands, outs]
