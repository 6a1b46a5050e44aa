"""Straight-line programs: their statements, steps and loops run on arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import total
from autograd.compiler.native import loops
from autograd.compiler.native.loops import Loop, Roller
from autograd.compiler.native.steps import Steps
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.straight import Straight
from tests.compiler.graphs import graphs, leaves, linear, squares
from tests.compiler.random_programs import Array, RandomProgram
from tests.compiler.straight_graphs import WANTED, Truth, chain, code_of, compared, numbers
from tests.compiler.straight_running import Running


@pytest.fixture
def many_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever repeats becomes a loop."""
    monkeypatch.setattr(loops, "FEWEST", 2)
    monkeypatch.setattr(loops, "SMALLEST", 3)


def run(code: Code, xs: Array, ps: Array, seed: float, *, rolled: bool) -> Running:
    steps = Steps(Straight(code.graph, code.schedule.classes, seeded=True), len(xs), code.wanted)
    roller = Roller(steps)
    halves = [roller.blocks(half) if rolled else [*half] for half in (steps.forward, steps.backward)]
    return Running(roller, [*halves[0], *halves[1]], ps, xs, seed)


@given(graphs(), st.sampled_from(WANTED), st.booleans())
@settings(max_examples=60)
def test_steps_give_the_eager_results(graph: Any, wanted: Wanted, rolled: bool) -> None:
    roots, x, p = graph
    xs, ps = numbers(3, 4), numbers(3, 1)[:, 0]
    found = run(code_of(roots, x, p, wanted), xs, ps, -0.5, rolled=rolled)
    compared(found, Truth(roots, x, p, xs, ps, -0.5), wanted)


@pytest.mark.usefixtures("many_loops")
@given(graphs(), st.sampled_from(WANTED))
@settings(max_examples=60)
def test_loops_give_the_eager_results(graph: Any, wanted: Wanted) -> None:
    roots, x, p = graph
    xs, ps = numbers(3, 4), numbers(3, 1)[:, 0]
    compared(run(code_of(roots, x, p, wanted), xs, ps, 1.0, rolled=True), Truth(roots, x, p, xs, ps), wanted)


@pytest.mark.usefixtures("many_loops")
@pytest.mark.parametrize("seed", range(60))
def test_loops_of_random_programs(seed: int) -> None:
    program = RandomProgram(seed)
    if program.plan.wild:
        return
    rng = np.random.default_rng(seed)
    xs, ps = program.draw_inputs(rng, 2, usual=True).T.copy(), program.draw_parameters(rng)
    roots, x, p = [program.loss, *program.outputs], program.leaves, program.parameters
    compared(run(code_of(roots, x, p), xs, ps, 1.0, rolled=True), Truth(roots, x, p, xs, ps), "both")


def rolled(code: Code) -> list[list[Any]]:
    steps = Steps(Straight(code.graph, code.schedule.classes, seeded=True), len(code.recording.inputs), code.wanted)
    roller = Roller(steps)
    return [roller.blocks(half) for half in (steps.forward, steps.backward)]


def sizes(blocks: list[Any]) -> list[tuple[int, int]]:
    """The rounds and the steps of each loop."""
    return [(block.count, len(block.steps)) for block in blocks if isinstance(block, Loop)]


def test_a_recurrence_is_one_loop_forward_and_one_back() -> None:
    forward, backward = rolled(code_of(*chain(100)))
    assert [sizes(forward), sizes(backward)] == [[(99, 2)], [(99, 4)]]
    assert len(forward) + len(backward) < 12


def test_units_of_a_layer_are_rounds_of_a_loop() -> None:
    x, w, v = leaves(4), leaves(9, 4), leaves(3, 9)
    forward, backward = rolled(code_of(squares(linear(v, [z.tanh() for z in linear(w, x)])), x, [w, v], "parameters"))
    assert (9, 5) in sizes(forward), "a unit: its sum, its value, and a part of three sums"
    assert any(count == 9 for count, _ in sizes(backward))


def test_what_has_no_order_is_no_loop() -> None:
    x = leaves(40)
    places = np.random.default_rng(1).permutation(40).tolist()
    loss = total([(x[i] * x[j]).tanh() for i, j in zip(places, places[1:] + places[:1], strict=True)])
    assert sizes(rolled(code_of(loss, x, []))[0]) == []


def test_numbers_that_differ_are_a_table() -> None:
    x = leaves(20)
    loss = total([(v * (0.1 + k)).sin() for k, v in enumerate(x)])
    code = code_of(loss, x, [])
    assert (20, 3) in sizes(rolled(code)[0])
    xs = numbers(20, 3)
    compared(run(code, xs, np.zeros(0), 1.0, rolled=True), Truth(loss, x, [], xs, np.zeros(0)), "both")


@pytest.mark.usefixtures("many_loops")
def test_all_rounds_may_read_what_the_first_one_gave() -> None:
    x = leaves(12)
    v = [a.tanh() for a in x[:6]]
    w = [v[0] * a.tanh() for a in v]
    loss = squares(w)
    xs = numbers(12, 2)
    code = code_of(loss, x, [])
    compared(run(code, xs, np.zeros(0), 1.0, rolled=True), Truth(loss, x, [], xs, np.zeros(0)), "both")
