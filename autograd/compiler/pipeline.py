"""The way from a recorded graph to an array program."""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import adjoint, storing_first
from autograd.compiler.building import Builder
from autograd.compiler.canonical import canonical
from autograd.compiler.expressions import name, partial_of
from autograd.compiler.layout import PHANTOM
from autograd.compiler.lower import lowered as statements_of
from autograd.compiler.phantoms import cleaned
from autograd.compiler.reading import Recording, scalars
from autograd.compiler.schedule import CONSTANT_CLASS, scheduled
from autograd.compiler.statements import ArrayProgram, Index, Map, Named, Slots

Wanted: TypeAlias = Literal["parameters", "inputs", "both", "nothing"]


class Lowered(NamedTuple):
    """An array program, and how the leaves of the graph lie in it."""

    program: ArrayProgram
    input_slots: Index
    """The slot of each input."""


def lowered(recording: Recording, wanted: Wanted) -> Lowered:
    """The array program of a recorded graph, with the gradients that are wanted of its first root."""
    g = canonical(scalars(recording))
    b = statements_of(g, scheduled(g, wanted), len(recording.inputs))
    b.layout.sizes["p"] = len(recording.parameters)
    roots = _roots(b)
    layout = b.layout
    steps = [step.statement for step in b.steps]
    forward, backward = cleaned(steps, adjoint(b, roots) if wanted != "nothing" else [], phantoms=layout.phantom)
    backward = storing_first(backward, layout.sizes)
    constants: NDArray[Any] = np.concatenate(layout.constants) if layout.constants else np.zeros(0)
    program = ArrayProgram(
        dict(layout.sizes), constants, tuple(layout.setup), tuple(forward), tuple(backward), roots
    )
    return Lowered(program, layout.input_slots)


def _roots(b: Builder) -> Slots:
    """The slots of the roots; those without a lane for each example are copied to slots that have one."""
    slots = [int(b.with_lanes(node).index[0]) for node in b.g.roots.tolist()]
    return Slots("v", np.array(slots, np.intp))
