"""A graph of nearly two million nodes, recorded and differentiated once: by each of our ways, and by others."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final, NamedTuple

from autograd import Value
from tests.benchmarks import memory
from tests.benchmarks.contender import require
from tests.benchmarks.network import initial_parameters
from tests.benchmarks.programs.case import VALUES, Array, Functions, Scalars, answer, dot
from tests.benchmarks.programs.engines import Engine, casadi, ddx, differentiated
from tests.benchmarks.programs.mnist import batch_of, sizes
from tests.benchmarks.programs.natives import made_for
from tests.benchmarks.timing import processor_seconds

SHOWN: Final = 997
"""The gradient by each so manieth parameter is compared."""


class Beginning(NamedTuple):
    """A way to the first gradient: it gives the seconds of its parts and the results; and the target for all parts."""

    measured: Callable[[Scalars], tuple[dict[str, float], Array]]
    needs: str = ""
    most_seconds: float | None = None


def network(widths: Sequence[int], f: Functions, p: Mapping[str, Any], x: Sequence[Any]) -> Any:
    """The sum of the squares of the outputs, with each neuron written with `*` and `+`."""
    numbers = iter(p["parameters"])
    for layer, (_, nout) in enumerate(pairwise(widths), start=2):
        row = []
        for _ in range(nout):
            z = next(numbers)
            for v in x:
                z = z + next(numbers) * v
            row.append(z if layer == len(widths) else f.relu(z))
        x = row
    return dot(x, x)


def scalars(tiny: bool) -> Scalars:
    widths = sizes(tiny)
    drawn = initial_parameters(widths, lambda inputs: (6.0 / inputs) ** 0.5, random.Random(4))
    parameters = [Value(x) for x in drawn]
    tensors = {"parameters": parameters}
    return Scalars(
        loss=partial(network, widths, VALUES, tensors),
        batch=(batch_of(1, tiny)[0].astype("float64"),),
        tensors=tensors,
        parameters=parameters,
        written=partial(network, widths),
    )


def compiled(backend: str, scalars: Scalars) -> tuple[dict[str, float], Array]:
    """Recorded, compiled for a back end, and run."""
    made = made_for(backend, scalars)
    there = processor_seconds()
    value, gradient = made.program.value_and_grad(*scalars.batch)
    parts = {"record": made.record, "compile": made.compile, "gradient": processor_seconds() - there}
    return parts, answer(value, [gradient])


def swept(scalars: Scalars) -> tuple[dict[str, float], Array]:
    """Recorded, and swept backwards."""
    (x,) = ([Value(number) for number in array[0].tolist()] for array in scalars.batch)
    start = processor_seconds()
    loss = scalars.loss(x)
    recorded = processor_seconds()
    loss.backward()
    parts = {"record": recorded - start, "gradient": processor_seconds() - recorded}
    return parts, answer(loss.data, [[v.grad for v in scalars.parameters]])


def by_library(engine: Engine, scalars: Scalars) -> tuple[dict[str, float], Array]:
    """Recorded and differentiated by a library, and run."""
    start = processor_seconds()
    entrant = differentiated(engine, scalars)
    there = processor_seconds()
    entrant.run()
    return {"compile": there - start, "gradient": processor_seconds() - there}, entrant.results()


WORKS: Final[Mapping[str, Beginning]] = {
    "ours, native": Beginning(partial(compiled, "native"), most_seconds=1.0),
    "ours, numpy": Beginning(partial(compiled, "numpy")),
    "ours, eager": Beginning(swept),
    "ddx-ad, interpreted": Beginning(partial(by_library, partial(ddx, interpreted=True)), "ddx"),
    "CasADi SX": Beginning(partial(by_library, casadi), "casadi"),
}


def first(work: str, quick: bool) -> dict[str, Any]:
    """The seconds of the parts of a way, some of its results, and the memory before and at its peak."""
    way = WORKS[work]
    if way.needs:
        require(way.needs)
    way.measured(scalars(True))
    made = scalars(quick)
    before = memory.resident()
    parts, results = way.measured(made)
    return {**parts, "results": results[::SHOWN].tolist(), "before": before, "peak": memory.peak()}
