"""What is known of signs holds for all floats."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, total
from autograd.compiler.expressions import number, partial_of
from autograd.compiler.pipeline import Code
from autograd.compiler.signs import ALWAYS, KEEPING, unguarded
from autograd.compiler.words import evaluated
from autograd.formula.cases import Expression, names_in, rule
from tests.compiler.finding import recording
from tests.compiler.graphs import graphs, leaves
from tests.compiler.random_programs import RandomProgram

EDGES = (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 5e-324, -5e-324, 1e308, -1e308, 1e-200, -1e-200, 0.3, 2.5)


def holds(code: Code, parameters: Any, inputs: Any) -> None:
    known = code.builder.signs.known
    for v, x in enumerate(code.graph.run(parameters, inputs)):
        if known[v]:
            assert math.isnan(x) or math.copysign(1.0, x) > 0.0, code.graph.shown(v, code.graph.starts)


@given(graphs(), st.lists(st.one_of(st.sampled_from(EDGES), st.floats()), min_size=6, max_size=6))
def test_signs_of_graphs(graph: Any, numbers: list[float]) -> None:
    holds(Code(recording(*graph), "both", "float64"), numbers[:3], numbers[3:])


@pytest.mark.parametrize("seed", range(0, 90, 3))
def test_signs_of_random_programs(seed: int) -> None:
    program = RandomProgram(seed)
    code = Code(recording([program.loss, *program.outputs], program.leaves, program.parameters), "both", "float64")
    rng = np.random.default_rng(seed)
    for _ in range(3):
        x, p = rng.choice(EDGES, len(program.leaves)), rng.choice(EDGES, len(program.parameters))
        holds(code, p.tolist(), x.tolist())


@pytest.mark.parametrize("name", ALWAYS + KEEPING)
def test_signs_of_operations(name: str) -> None:
    r = rule(name)
    lowest = -math.inf if name in ALWAYS else 0.0
    axis = [x for x in EDGES if math.isnan(x) or x > lowest or (x == lowest and math.copysign(1.0, x) > 0.0)]
    axis += [-math.inf] * (name in ALWAYS)
    for a in axis:
        for b in axis:
            row = [a, b] if r.of_sequences or len(r.operands) == 2 else [a]
            z = r.on_floats(row)[0]
            assert math.isnan(z) or math.copysign(1.0, z) > 0.0, (name, row, z)


def test_known_signs() -> None:
    x = leaves(3)
    e = x[0].exp()
    for root, want in [
        (x[0] * x[0], True),
        (x[0] * x[1], False),
        (x[0].square() + x[1].square() * 2.0 + 1.0, True),
        (x[0].square() - x[1].square(), False),
        (x[0].square() - 1.0, False),
        (e * x[1].sigmoid() + 0.5, True),
        (e * x[1], False),
        (e * -1.0, False),
        (e * 0.0 + 1.0, False),
        (e + x[1], False),
        ((e + 1.0).sqrt(), True),
        (x[0].sqrt(), False),
        (autograd.maximum(x[0], 0.5).sqrt(), True),
        (autograd.maximum(x[0], 0.0).sqrt(), False),
        (autograd.maximum(0.5, x[0]), True),
        (autograd.maximum(e, x[0]), False),
        (autograd.minimum(e, 0.0), True),
        (autograd.minimum(e, -0.0), False),
        (autograd.minimum(e, 0.5), True),
        (autograd.minimum(x[0], 0.5), False),
        (total([x[0] * x[0], e, x[1].sigmoid()]), True),
    ]:
        code = Code(recording([root], x, []), "both", "float64")
        assert bool(code.builder.signs.known[code.graph.roots[0]]) == want, str(code.graph)


def test_guards_are_left_out_for_known_names_alone() -> None:
    x, y = Expression("name", ("x",)), Expression("name", ("y",))
    guard = Expression("choice", (Expression("comparison", ("<", x, number(0.0))), number(math.nan), y))
    assert unguarded(guard, {"x"}) == y
    assert unguarded(guard, {"y"}) == guard
    assert unguarded(Expression("negative", (guard,)), ["x"]) == Expression("negative", (y,))
    other = Expression("choice", (Expression("comparison", ("<", x, number(1.0))), number(math.nan), y))
    assert unguarded(other, {"x"}) == other
    plus = Expression("infix", ("+", x, number(0.0)))
    assert unguarded(plus, {"x"}) == x
    assert unguarded(plus, {"y"}) == plus
    minus = Expression("infix", ("-", x, number(0.0)))
    assert unguarded(minus, {"x"}) == minus


@pytest.mark.parametrize("name", ["sqrt", "log", "divide", "power", "absolute", "maximum", "tanh"])
def test_unguarded_derivatives_are_the_same_where_they_are_used(name: str) -> None:
    r = rule(name)
    axis = np.array([x for x in EDGES if not x < 0.0 and math.copysign(1.0, x) > 0.0])
    grid = dict(zip(r.operands, np.meshgrid(*[axis] * len(r.operands)), strict=True))
    flat = {operand: x.reshape(-1) for operand, x in grid.items()}
    flat["z"] = np.array([r.on_floats(row)[0] for row in np.stack([*flat.values()], axis=1).tolist()])
    for operand in r.operands:
        e = partial_of(name, operand)
        with np.errstate(all="ignore"):
            want, got = (np.broadcast_to(evaluated(f, {n: flat[n] for n in names_in(f)}), flat["z"].shape)
                         for f in (e, unguarded(e, r.operands)))  # fmt: skip
        np.testing.assert_array_equal(got, want)


def test_a_value_below_zero_keeps_its_guard() -> None:
    x = Value(-1.0)
    code = Code(recording([x.sqrt() + (x * x).sqrt() + x.exp().log()], [x], []), "inputs", "float64")
    memory = code.program.run(np.zeros(0), np.array([[-1.0, 4.0, 0.0]]))
    with np.errstate(all="ignore"):
        found = memory["dx"][code.input_slots[0]]
    assert np.isnan(found[0])
    assert found[1] == 0.25 + 1.0 + 1.0
