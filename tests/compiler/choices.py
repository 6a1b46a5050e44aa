"""The points where a derivative is a choice, all in one program behind JAX."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Value, total
from tests.points import Case


def results_at(cases: Sequence[Case]) -> list[tuple[Any, list[float]]]:
    """The values of operations at points, and the derivatives by all operands, each with the eager ones."""
    eager = [[Value(x) for x in case.operands] for case in cases]
    results = [case.operation(*xs) for case, xs in zip(cases, eager, strict=True)]
    for z in results:
        z.backward()
    operands = [[Value(0.5) for _ in case.operands] for case in cases]
    outputs = [case.operation(*xs) for case, xs in zip(cases, operands, strict=True)]
    # As parameters they are all in reach of XLA, which computes with numbers that it knows otherwise.
    parameters = [x for xs in operands for x in xs]
    x = Value(0.0)
    program = autograd.compile(total(outputs) + x, (x,), parameters=parameters, outputs=outputs, backend="jax")
    assert program.backend == "jax"
    program.parameters[:] = [x.data for xs in eager for x in xs]
    with np.errstate(all="ignore"):
        got = program.outputs([0.0, 1.0])[0].tolist(), program.value_and_grad([0.0])[1].tolist()
    return list(zip(got, ([z.data for z in results], [x.grad for xs in eager for x in xs]), strict=True))
