"""The way from a recorded graph to its code."""

from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import adjoint, storing_first
from autograd.compiler.building import Builder
from autograd.compiler.canonical import canonical
from autograd.compiler.kernel import Kernel
from autograd.compiler.lower import lowered as statements_of
from autograd.compiler.phantoms import cleaned
from autograd.compiler.reading import Recording, scalars
from autograd.compiler.report import Facts, ProductFact
from autograd.compiler.schedule import scheduled
from autograd.compiler.statements import LANES, ArrayProgram, Index, Named, Product, Slots

Wanted: TypeAlias = Literal["parameters", "inputs", "both", "nothing"]
_RESULTS: Final = {"parameters": ["dp"], "inputs": ["dx"], "both": ["dp", "dx"], "nothing": list[str]()}
CACHE: Final = 1 << 19
"""Bytes that stay in the cache nearest to a core beside what else is there."""
BLOCKS: Final = (1024, 8192)
"""The fewest and the most examples of a block: fewer are lost in calls, more gain nothing."""


class Lowered(NamedTuple):
    """An array program, and how the leaves of the graph lie in it."""

    program: ArrayProgram
    input_slots: Index
    """The slot of each input."""
    facts: Facts


def kernel_of(recording: Recording, wanted: Wanted, dtype: str) -> tuple[Lowered, Kernel]:
    """The array program of a recording, and its code."""
    found = lowered(recording, wanted, dtype)
    return found, Kernel(found.program, dtype)


def lowered(recording: Recording, wanted: Wanted, dtype: str = "float64") -> Lowered:
    """The array program of a recorded graph, with the gradients that are wanted of its first root."""
    g = canonical(scalars(recording))
    b = statements_of(g, scheduled(g, wanted), len(recording.inputs))
    layout = b.layout
    layout.sizes["p"] = len(recording.parameters)
    roots = _roots(b)
    steps = [step.statement for step in b.steps]
    forward, backward = cleaned(steps, adjoint(b, roots) if wanted != "nothing" else [], phantoms=layout.phantom)
    backward = storing_first(backward, layout.sizes, _RESULTS[wanted])
    constants: NDArray[Any] = np.concatenate(layout.constants) if layout.constants else np.zeros(0)
    names = tuple(_at_slots(named, layout.input_slots) for named in recording.names)
    parts = tuple(layout.setup), tuple(forward), tuple(backward)
    program = ArrayProgram(dict(layout.sizes), constants, *parts, roots, names)
    return Lowered(program, layout.input_slots, _facts(b, program, dtype))


def _roots(b: Builder) -> Slots:
    """The slots of the roots; those without a lane for each example are copied to slots that have one."""
    slots = [int(b.with_lanes(node).index[0]) for node in b.g.roots.tolist()]
    return Slots("v", np.array(slots, np.intp))


def _at_slots(named: Named, input_slots: Index) -> Named:
    if named.slots.space != "x":
        return named
    return Named(named.name, Slots("x", input_slots[named.slots.index]))


def _facts(b: Builder, program: ArrayProgram, dtype: str) -> Facts:
    """The facts for the report."""
    statements = [*program.forward, *program.backward]
    products = [s for s in program.forward if isinstance(s, Product)]
    size = np.dtype(dtype).itemsize
    bytes_per_example = size * sum(2 * n for q, n in program.sizes.items() if q in LANES)
    wide = any("p" in (s.left.space, s.right.space) and s.out.index.shape[1] > 1 for s in products)
    block = int(np.clip(CACHE // max(bytes_per_example, 1), *BLOCKS))
    return Facts(
        nodes=int((b.g.kind >= 3).sum()),
        groups=len(b.schedule.groups),
        products=tuple(ProductFact(_name_of(s, program), *s.out.index.shape, s.left.index.shape[2]) for s in products),
        maps=len(program.forward) - len(products),
        elements=sum(s.out.index.size for s in program.forward if not isinstance(s, Product)),
        calls=(len(program.forward), len(program.backward)),
        bytes_per_example=bytes_per_example,
        bytes_of_parameters=size * program.sizes["p"],
        overhead=1e-6 * len(statements),
        seconds_per_example=1e-9 * sum(_work(s) for s in statements),
        block=0 if wide else block,
    )


def _work(statement: Any) -> float:
    if not isinstance(statement, Product):
        return float(statement.out.index.size)
    return statement.out.index.size * statement.left.index.shape[2] / 8.0


def _name_of(product: Product, program: ArrayProgram) -> str:
    for side in (product.left, product.right):
        for named in program.names:
            if side.space == named.slots.space == "p" and np.isin(side.index.flat[0], named.slots.index):
                return named.name
    return "of nodes"
