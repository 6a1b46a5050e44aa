"""Sums that are made step by step, put off and made at once: only where nothing between them stands in the way."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from autograd.compiler.expressions import name, number, times
from autograd.compiler.merging import merged
from autograd.compiler.statements import Map, Product, Slots, Statement

SIZES: Final = {"dp": 6, "v": 40, "dv": 40, "p": 6}


def slots(space: str, *index: object) -> Slots:
    return Slots(space, np.array(index, np.intp))


def product(t: int, *, add: bool = True) -> Product:
    """dp[0:2] += dv[t]·v[t]"""
    return Product(slots("dp", [[0], [1]]), slots("dv", [[t], [t + 1]]), slots("v", [[t]]), add=add)


def one(t: int, *, add: bool = True) -> Map:
    """dp[2:4] += dv[t]·v[t + 20]"""
    operands = {"x": slots("dv", t, t + 1), "y": slots("v", t + 20, t + 22)}
    return Map(slots("dp", 2, 3), times(name("x"), name("y")), operands, add=add)


def texts(*statements: Statement) -> list[str]:
    return [str(s) for s in merged(statements, SIZES)]


def test_products_are_one_with_a_longer_sum() -> None:
    (found,) = merged([product(t) for t in (3, 5, 9)], SIZES)
    assert isinstance(found, Product)
    assert found.left.index.tolist() == [[[3, 5, 9], [4, 6, 10]]]
    assert found.right.index.tolist() == [[[3, 5, 9]]]
    assert found.add


def test_maps_are_one_with_a_new_first_axis() -> None:
    (found,) = merged([one(t) for t in (3, 5, 9)], SIZES)
    assert isinstance(found, Map)
    assert found.out.index.tolist() == [[2, 3]] * 3
    assert {name: s.index.tolist() for name, s in found.operands.items()} == {
        "x": [[3, 4], [5, 6], [9, 10]],
        "y": [[23, 25], [25, 27], [29, 31]],
    }


@pytest.mark.parametrize("made", [product, one])
def test_steps_backwards_are_turned(made: Callable[[int], Statement]) -> None:
    assert texts(*map(made, (9, 5, 3))) == texts(*map(made, (3, 5, 9)))


def test_the_sum_stands_where_the_last_part_stood() -> None:
    other = Map(slots("dv", 20), name("x"), {"x": slots("dv", 21)})
    found = merged([product(3), other, one(3), product(5), other], SIZES)
    assert [str(s) for s in found] == [str(other), str(one(3)), *texts(product(3), product(5)), str(other)]


def test_a_first_part_that_stores_begins_a_sum() -> None:
    first = product(3, add=False)
    (found,) = merged([first, product(5)], SIZES)
    assert not found.add
    again = [product(3), product(5), product(7, add=False), product(9)]
    assert texts(*again) == [*texts(*again[:2]), *texts(*again[2:])]


@pytest.mark.parametrize(
    "between",
    [
        Map(slots("dv", 30), name("x"), {"x": slots("dp", 1)}),  # It reads the sum.
        Map(slots("dp", 1), name("x"), {"x": slots("v", 1)}, add=True),  # It adds to a part of it.
        Map(slots("dp", 0), number(0.0)),
        Map(slots("dv", 3), name("x"), {"x": slots("v", 1)}),  # It overwrites an operand.
        Map(slots("v", 3), name("x"), {"x": slots("v", 1)}),
    ],
    ids=str,
)
def test_what_stands_in_the_way(between: Map) -> None:
    statements: list[Statement] = [product(3), between, product(5)]
    assert merged(statements, SIZES) == statements
    assert len(merged([between, product(3), product(5)], SIZES)) == 2
    assert len(merged([product(3), product(5), between], SIZES)) == 2


def test_an_operand_that_is_written_before_its_part_is_no_obstacle() -> None:
    writes = Map(slots("dv", 5), name("x"), {"x": slots("v", 1)})
    assert len(merged([product(3), writes, product(5)], SIZES)) == 2


def test_other_statements_are_not_merged() -> None:
    base = product(3)
    others: list[Statement] = [
        replace(base, factor=2.0),
        replace(base, out=slots("dp", [[0], [2]])),
        replace(base, out=slots("p", [[0], [1]])),
        replace(base, left=slots("v", [[3], [4]])),
        replace(base, left=slots("dv", [[3, 4], [4, 5]]), right=slots("v", [[3, 4]])),
    ]
    for other in others:
        assert merged([base, other], SIZES) == [base, other]
    listed = Map(slots("dp", 4), name("x"), {"x": slots("v", [1, 2])}, frozenset("x"), add=True)
    assert merged([listed, listed], SIZES) == [listed, listed]
    constant = Map(slots("dp", 4), number(2.0), add=True)
    assert merged([constant, constant], SIZES) == [constant, constant]
    first, second = one(3), replace(one(5), expression=times(name("y"), name("x")))
    assert merged([first, second], SIZES) == [first, second]


def test_a_slot_that_stands_twice_is_written_once() -> None:
    twice = Map(slots("dp", 4, 4), name("x"), {"x": slots("v", 1, 2)}, add=True)
    (found,) = merged([twice, replace(twice, operands={"x": slots("v", 3, 4)})], SIZES)
    assert found.out.index.tolist() == [[4, 4], [4, 4]]
