"""The meaning of statements: what each writes, and how it is shown."""

from typing import Any

import numpy as np
import pytest

from autograd.compiler.expressions import name, number, times
from autograd.compiler.statements import ArrayProgram, Map, Product, Slots, operands
from autograd.formula.cases import Expression


def slots(space: str, index: Any) -> Slots:
    return Slots(space, np.array(index, np.intp))


def memory() -> dict[str, Any]:
    """Three examples: x0 … x5 are 1, 10, 100 times 1 … 6, and p is 2, 3, 5."""
    return {
        "x": np.outer(np.arange(1.0, 7.0), [1.0, 10.0, 100.0]),
        "v": np.full((4, 3), 7.0),
        "p": np.array([[2.0], [3.0], [5.0]]),
        "dp": np.full((3, 1), 0.5),
    }


@pytest.mark.parametrize(("add", "before"), [(False, 0.0), (True, 7.0)])
def test_a_map_writes_or_adds(add: bool, before: float) -> None:
    m = memory()
    statement = Map(slots("v", [2, 0]), times(name("a"), name("b")), {"a": slots("x", [0, 1]), "b": slots("p", [1, 2])})
    Map(statement.out, statement.expression, statement.operands, add=add).run(m)
    assert m["v"][2].tolist() == [before + 3.0, before + 30.0, before + 300.0]
    assert m["v"][0].tolist() == [before + 10.0, before + 100.0, before + 1000.0]
    assert m["v"][[1, 3]].tolist() == [[7.0] * 3] * 2


@pytest.mark.parametrize(("add", "before"), [(False, 0.0), (True, 0.5)])
def test_numbers_of_one_slot_and_of_all_lanes_are_added_up(add: bool, before: float) -> None:
    m = memory()
    Map(slots("dp", [1, 1, 0]), name("a"), {"a": slots("x", [0, 1, 2])}, add=add).run(m)
    assert m["dp"][:, 0].tolist() == [before + 333.0, before + 111.0 + 222.0, 0.5]
    Map(slots("dp", [2]), name("a"), {"a": slots("p", [1])}, add=add).run(m)
    assert m["dp"][2, 0] == before + 3.0
    Map(slots("v", [3]), number(4.0), add=add).run(m)
    assert (m["v"][3] == (11.0 if add else 4.0)).all()


def test_maps_of_lists() -> None:
    m, rows = memory(), slots("x", [[0, 1, 2], [3, 4, 5]])
    Map(slots("v", [0, 1]), Expression("call", ("total", name("a"))), {"a": rows}, frozenset("a")).run(m)
    assert m["v"][:2].tolist() == [[6.0, 60.0, 600.0], [15.0, 150.0, 1500.0]]
    each = Expression("each", (times(Expression("element", ("a",)), name("b")), "a"))
    out = slots("v", [[0, 1], [2, 3]])
    listed = Map(out, each, {"a": slots("x", [[0, 1], [2, 3]]), "b": slots("p", [0, 1])}, frozenset("a"))
    assert listed.is_list
    listed.run(m)
    assert m["v"][:, 0].tolist() == [2.0, 4.0, 9.0, 12.0]


@pytest.mark.parametrize(("factor", "shown"), [({}, ""), ({"factor": -0.5}, "-0.5 · ")])
def test_a_product_is_a_matrix_product_for_each_example(factor: Any, shown: str) -> None:
    m = memory()
    left, right = slots("p", [[[0, 1], [2, 0]]]), slots("x", [[[0, 1], [2, 3]]])
    statement = Product(slots("v", [[[0, 1], [2, 3]]]), left, right, **factor)
    statement.run(m)
    by_hand = np.array([[2.0, 3.0], [5.0, 2.0]]) @ np.array([[1.0, 2.0], [3.0, 4.0]]).T
    assert (m["v"].reshape(2, 2, 3)[..., 1] == 10.0 * by_hand * factor.get("factor", 1.0)).all()
    assert str(statement) == f"v[0:4] as 1×2×2 = {shown}(p[0…0] as 1×2×2) · (x[0:4] as 1×2×2)"
    assert list(operands(statement)) == ["left", "right"]


def test_a_program_runs_with_a_gradient_of_one() -> None:
    forward = Map(slots("v", [0]), times(name("a"), name("b")), {"a": slots("x", [0]), "b": slots("p", [0])})
    unused = Map(slots("u", [0]), number(3.0), {"a": slots("x", [0])})
    backward = Map(slots("dp", [0]), times(name("s"), name("a")), {"s": slots("s", [0]), "a": slots("x", [0])})
    sizes = {"p": 1, "c": 1, "u": 1, "x": 1, "v": 1, "s": 1}
    program = ArrayProgram(sizes, np.array([9.0]), (unused,), (forward,), (backward,), slots("v", [0]))
    found = program.run(np.array([4.0]), np.array([[1.0, 10.0]]))
    assert found["v"].tolist() == [[4.0, 40.0]]
    assert found["dp"].tolist() == [[11.0]]
    assert program.run(np.array([4.0]), np.array([[1.0, 10.0]]), 2.0)["dp"].tolist() == [[22.0]]
    shapes = {space: array.shape for space, array in found.items()}
    own = {"p": (1, 1), "c": (1, 1), "u": (1, 1), "x": (1, 2), "v": (1, 2), "s": (1, 1)}
    assert shapes == own | {f"d{space}": shape for space, shape in own.items()}
    assert (found["u"].tolist(), found["c"].tolist()) == ([[3.0]], [[9.0]])
    assert operands(unused) == {}
    assert str(program).splitlines() == [
        "setup:",
        "  u[0] = 3   where a = x[0]",
        "forward:",
        "  v[0] = a·b   where a = x[0], b = p[0]",
        "backward:",
        "  dp[0] = s·a   where s = s[0], a = x[0]",
    ]


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        ([], "v[]"),
        (3, "v[3]"),
        ([3], "v[3]"),
        ([3, 4, 5], "v[3:6]"),
        ([3, 5], "v[3…5]"),
        ([4, 3], "v[4…3]"),
        ([[0, 1], [2, 3]], "v[0:4] as 2×2"),
        ([[1], [0]], "v[1…0] as 2×1"),
    ],
)
def test_text_of_slots(index: Any, shown: str) -> None:
    assert str(slots("v", index)) == shown


def test_slots_that_are_the_same() -> None:
    assert slots("v", [1, 2]).same(slots("v", [1, 2]))
    assert not slots("v", [1, 2]).same(slots("v", [2, 1]))
    assert not slots("v", [1, 2]).same(slots("u", [1, 2]))
    assert slots("v", [1]).gradient().same(slots("dv", [1]))
    assert [slots(space, [0]).lanes for space in ("x", "dv", "u", "p", "r")] == [True, True, False, False, False]
