"""The random programs themselves: the same in every process, of a structure that no number changes, and varied."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from autograd import Tape, Value
from autograd.check import gradcheck
from autograd.engine import rules
from autograd.operations import OPERATIONS
from tests.compiler.blocks import BLOCKS
from tests.compiler.evaluating import Evaluator
from tests.compiler.random_programs import Graph, RandomProgram, build, eager, eager_outputs, plan_of

SEEDS = range(600)
EXACTLY = 1e-13
"""The evaluator adds contributions in another order than `backward`."""


def structure(graph: Graph) -> list[object]:
    """Everything of a graph but its data, with the constants."""
    tape = Tape(graph.loss, *graph.outputs)
    constants = [str(tape.data[place]) for place in range(len(tape)) if tape.is_constant(place)]
    places = [tape.place(v) if v in tape else -1 for v in (*graph.leaves, *graph.parameters)]
    names = [tape.operation(place) for place in range(len(tape))]
    return [names, tape.starts.tolist(), tape.operands.tolist(), tape.roots, constants, places]


def test_the_structure_depends_on_the_seed_alone() -> None:
    for seed in SEEDS:
        program = RandomProgram(seed)
        rng = np.random.default_rng(seed)
        examples, parameters = program.draw_inputs(rng, 3), program.draw_parameters(rng)
        first, *others = (structure(program.graph(x, parameters.tolist())) for x in examples.tolist())
        assert all(other == first for other in others), (seed, program.plan)


def test_usual_programs_have_usual_results() -> None:
    for seed in SEEDS:
        program = RandomProgram(seed)
        if not program.plan.wild:
            rng = np.random.default_rng(seed)
            found = eager(program, program.draw_inputs(rng, 2), program.draw_parameters(rng))
            assert all(np.isfinite(x).all() for x in found), (seed, program.plan)


def test_every_operation_and_every_block_occurs() -> None:
    programs = [RandomProgram(seed) for seed in range(1500)]
    blocks = Counter(name for program in programs for name, _ in program.plan.blocks)
    operations = Counter(chain.from_iterable(program.tape().operations for program in programs))
    assert set(BLOCKS) == set(blocks)
    public = {name for name, row in OPERATIONS.items() if row.public}
    assert public & set(vars(rules)) <= set(operations)  # Other tests define operations of their own.
    assert min(blocks.values()) >= 20


def test_plans_of_seeds_differ() -> None:
    assert len({plan_of(seed) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("seed", range(40))
def test_eager_gradients_agree_with_differences(seed: int) -> None:
    program = RandomProgram(seed)
    names = {name for name, _ in program.plan.blocks + program.plan.losses}
    kinked = {"masks", "detach", "kinks", "constants", "repeated operands", "random graph", "layer twice"}
    if program.plan.wild or names & kinked or "detach" in program.tape().operations:
        return
    x = [v.data for v in program.leaves]
    parameters = [p.data for p in program.parameters]

    def loss(*inputs: Value) -> Value:
        return build(program.plan, inputs, lambda place: Value(parameters[place])).loss

    assert gradcheck(loss, x)


def test_the_evaluator_without_errors_is_the_eager_sweep() -> None:
    for seed in range(300):
        program = RandomProgram(seed)
        rng = np.random.default_rng(seed)
        examples, parameters = program.draw_inputs(rng, 2), program.draw_parameters(rng)
        values, by_parameters, by_inputs = eager(program, examples, parameters)
        evaluator = Evaluator([program.loss, *program.outputs], program.leaves, program.parameters)
        runs = [evaluator.run(x, parameters.tolist()) for x in examples.tolist()]
        for got, want in (
            ([run.roots[0] for run in runs], values),
            ([run.roots[1:] for run in runs], eager_outputs(program, examples, parameters)),
            ([run.by_parameters for run in runs], by_parameters),
            ([run.by_inputs for run in runs], by_inputs),
        ):
            largest = np.abs(want[np.isfinite(want)]).max(initial=1e-3)
            np.testing.assert_allclose(np.array(got), want, rtol=0.0, atol=EXACTLY * largest, err_msg=str(seed))
