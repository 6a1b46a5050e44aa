"""The way from a recorded graph to its code, and the choice between the kinds of code.

A graph goes through canonical form, schedule, layout and statements to the text of array code. For one example of a
graph in which little is alike, straight Python over floats is quicker, and it needs no statements at all.
"""

from copy import copy
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import adjoint, storing_first, whole_blocks_first
from autograd.compiler.binding import Bound, Loop, Otherwise, Plan
from autograd.compiler.branches import guarded
from autograd.compiler.building import Builder
from autograd.compiler.canonical import canonical
from autograd.compiler.copies import without_copies
from autograd.compiler.floats import Floats
from autograd.compiler.kernel import Kernel
from autograd.compiler.layout import Layout
from autograd.compiler.lower import ends_with_bias, lower
from autograd.compiler.phantoms import cleaned
from autograd.compiler.reading import Recording, scalars
from autograd.compiler.report import Facts, ProductFact
from autograd.compiler.scalars import LINEAR
from autograd.compiler.schedule import Schedule, scheduled
from autograd.compiler.statements import LANES, ArrayProgram, Index, Named, Product, Slots, Statement

Wanted: TypeAlias = Literal["parameters", "inputs", "both", "nothing"]
_RESULTS: Final = {"parameters": ["dp"], "inputs": ["dx"], "both": ["dp", "dx"], "nothing": list[str]()}
CACHE: Final = 1 << 22
"""Bytes of all numbers of a block, of which few are in use at a time: those stay in the cache."""
BLOCKS: Final = (4096, 8192)
"""The fewest and the most examples of a block: fewer are lost in calls, more gain nothing."""
FEW: Final = 10
"""So many nodes on their own are the ends of any program, such as its loss."""
STEP: Final = 3e-6
"""Seconds of a step beside its calls of NumPy."""
CALL: Final = 0.4e-6
"""Seconds of a call of NumPy."""
GROUP: Final = 0.9e-6
"""Seconds of the calls for a group, forward and backward."""
TERM: Final = 0.04e-6
"""Seconds of a term of a node in Python over floats, forward and backward."""
WORK: Final = 0.5e-9
"""Seconds of an elementwise operation on one number."""


class Code:
    """A recording on its way: each stage is made when it is asked for."""

    def __init__(self, recording: Recording, wanted: Wanted, dtype: str) -> None:
        self.recording, self.wanted, self.dtype = recording, wanted, dtype
        self.exact = False
        """Whether it completes no rows and keeps all guards."""
        self.graph = canonical(scalars(recording))
        if wanted != "nothing":
            guarded(self.graph)

    def exactly(self) -> "Code":
        """Slower code of the same graph that completes no rows and keeps all guards, with the same input slots."""
        code = copy(self)
        code.exact = True
        for stage in ("schedule", "layout", "builder", "program", "kernel", "facts"):
            vars(code).pop(stage, None)
        return code

    @cached_property
    def schedule(self) -> Schedule:
        """The groups of nodes."""
        return scheduled(self.graph, self.wanted, exact=self.exact)

    @cached_property
    def layout(self) -> Layout:
        """The slots of the nodes."""
        ends = ends_with_bias(self.graph, self.schedule)
        return Layout(self.graph, self.schedule.classes, len(self.recording.inputs), ends, exact=self.exact)

    @property
    def completes(self) -> bool:
        """Whether an infinity or a nan may have met a zero that the graph doesn't have."""
        return "program" in vars(self) and (self.layout.completes or self.schedule.trusts)

    @property
    def input_slots(self) -> Index:
        """The slot of each input."""
        return self.layout.input_slots

    @cached_property
    def builder(self) -> Builder:
        """The statements of the forward pass, each with what passes gradients on."""
        self.layout.sizes["p"] = len(self.recording.parameters)
        return lower(self.graph, self.schedule, self.layout)

    @cached_property
    def program(self) -> ArrayProgram:
        """The array program, with the gradients that are wanted of the first root."""
        b, layout = self.builder, self.layout
        roots = _roots(b)
        steps = [step.statement for step in b.steps]
        reverse = adjoint(b, roots) if self.wanted != "nothing" else []
        forward, backward = cleaned(steps, reverse, phantoms=layout.phantom)
        backward = whole_blocks_first(b, backward)
        backward = without_copies(storing_first(backward, layout.sizes, _RESULTS[self.wanted]), layout.sizes)
        constants: NDArray[Any] = np.concatenate(layout.constants) if layout.constants else np.zeros(0)
        names = tuple(_at_slots(named, layout.input_slots) for named in self.recording.names)
        parts = tuple(layout.setup), tuple(forward), tuple(backward)
        return ArrayProgram(dict(layout.sizes), constants, *parts, roots, names)

    @cached_property
    def kernel(self) -> Kernel:
        """The array code."""
        return Kernel(self.program, self.dtype)

    @property
    def source(self) -> str:
        """The text of the array code."""
        return self.kernel.source

    @cached_property
    def floats(self) -> Floats:
        """Straight Python over floats."""
        counts = len(self.recording.inputs), len(self.recording.parameters)
        return Floats(self.graph, self.schedule.classes, *counts, self.wanted)

    @property
    def irregular(self) -> bool:
        """Whether one example takes less time as Python over floats than as array code."""
        on_arrays = STEP + GROUP * len(self.schedule.groups) + WORK * len(self.graph.owner)
        return self.dtype == "float64" and self.seconds_on_floats < on_arrays

    @property
    def seconds_on_floats(self) -> float:
        """An estimate of a value and a gradient as Python over floats."""
        return TERM * len(self.graph.owner)

    @property
    def single(self) -> bool:
        """Whether it is a function of numbers, without parameters: such are called for one example, as a rule."""
        return not len(self.recording.parameters) and all(not named.slots.index.ndim for named in self.recording.names)

    def bind(self, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are read and written in place."""
        if n == 1 and self.irregular:
            return self._bound_floats(parameters, gradient)
        return self.kernel.bind(n, parameters, gradient)

    def on_floats(self, otherwise: Otherwise) -> Otherwise | None:
        """A quick `value_and_grad` of one example of several floats, if its graph is irregular."""
        arguments = len(self.recording.inputs)
        if self.wanted != "inputs" or arguments < 2 or not self.irregular:
            return None
        made = self.floats.value_and_grad

        def value_and_grad(*numbers: Any, **options: Any) -> Any:
            if len(numbers) != arguments or options:
                return otherwise(*numbers, **options)
            for x in numbers:
                if type(x) is not float:
                    return otherwise(*numbers)
            return made(*numbers)

        return value_and_grad

    def loop(self, plan: Plan) -> Loop | None:
        """None: Python makes the steps of a training."""
        return None

    def _bound_floats(self, parameters: NDArray[Any], gradient: NDArray[Any]) -> Bound:
        inputs, roots, seed = np.zeros((self.layout.sizes["x"], 1)), np.zeros((len(self.graph.roots), 1)), np.ones(1)
        by_inputs = np.zeros_like(inputs)
        slots, found = self.input_slots, list[float]()

        def forward() -> None:
            leaves = *inputs[slots, 0].tolist(), *parameters.tolist()
            if self.wanted == "nothing":
                roots[:, 0] = self.floats.value(*leaves)
            else:
                roots[0], found[:] = self.floats.value_and_grad(*leaves)

        def backward() -> None:
            slopes = np.array(found) * seed
            if self.wanted != "parameters":
                by_inputs[slots, 0] = slopes[: len(slots)]
            if self.wanted != "inputs":
                gradient[:] = slopes[len(slots) if self.wanted == "both" else 0 :]

        return Bound(inputs, seed, roots, by_inputs if self.wanted in ("inputs", "both") else None, forward, backward)

    @property
    def block(self) -> int:
        """How many examples run together, so that their numbers stay in the cache; 0 for all."""
        if any(isinstance(s, Product) and _is_wide(s) for s in self.program.forward):
            return 0
        return int(np.clip(CACHE // self._bytes(), *BLOCKS))

    def _bytes(self) -> int:
        return np.dtype(self.dtype).itemsize * sum(2 * n for q, n in self.program.sizes.items() if q in LANES)

    @cached_property
    def facts(self) -> Facts:
        """The facts that the report tells."""
        program, g = self.program, self.graph
        products = [s for s in program.forward if isinstance(s, Product)]
        maps = [s for s in program.forward if not isinstance(s, Product)]
        calls = len(program.forward), len(program.backward)
        alone = sum(len(group.nodes) == 1 for group in self.schedule.groups)
        return Facts(
            nodes=int((g.kind >= LINEAR).sum()),
            groups=len(self.schedule.groups),
            products=tuple(_fact(s, program) for s in products),
            maps=len(maps),
            elements=sum(s.out.index.size for s in maps),
            calls=calls,
            bytes_per_example=self._bytes(),
            bytes_of_parameters=np.dtype(self.dtype).itemsize * program.sizes["p"],
            irregular=((alone, "no other does the same at its time"),) if alone > FEW else (),
            overhead=STEP + CALL * sum(calls),
            seconds_per_example=WORK * sum(map(_work, [*program.forward, *program.backward])),
            block=self.block,
        )

    def trace(self) -> str:
        """The program after each stage, as text."""
        parts = {
            "the tape, read as scalars": scalars(self.recording),
            "canonical form": self.graph,
            "schedule": self.schedule,
            "array program": self.program,
            "text": self.source,
        }
        return "\n\n".join(f"── {title} ──\n{part}" for title, part in parts.items())


def _roots(b: Builder) -> Slots:
    """The slots of the roots; those without a lane for each example are copied to slots that have one."""
    slots = [int(b.with_lanes(node).index[0]) for node in b.g.roots.tolist()]
    return Slots("v", np.array(slots, np.intp))


def _at_slots(named: Named, input_slots: Index) -> Named:
    if named.slots.space != "x":
        return named
    return Named(named.name, Slots("x", input_slots[named.slots.index]))


def _is_wide(product: Product) -> bool:
    """Whether a product reads more parameters than numbers of an example, so that more examples share them."""
    return "p" in (product.left.space, product.right.space) and product.left.index.shape[1] > 1


def _work(statement: Statement) -> float:
    if not isinstance(statement, Product):
        return float(statement.out.index.size)
    return float(statement.out.index.size * statement.left.index.shape[2]) / 8.0  # Multiply-adds are vectorised.


def _fact(product: Product, program: ArrayProgram) -> ProductFact:
    c, f, p = product.out.index.shape
    return ProductFact(_name_of(product, program), c, f, p, product.left.index.shape[2])


def _name_of(product: Product, program: ArrayProgram) -> str:
    for side in (product.left, product.right):
        for named in program.names:
            if side.space == named.slots.space == "p" and side.index.flat[0] in named.slots.index:
                return named.name
    return "of nodes"
