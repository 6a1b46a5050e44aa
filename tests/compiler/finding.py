"""Finds the pass that makes a program wrong, and the first node that shows it.

>>> from tests.compiler.random_programs import RandomProgram
>>> program = RandomProgram(3)
>>> culprit(recording([program.loss, *program.outputs], program.leaves, program.parameters), "both")
''

A graph is followed from its tape to its code, and each stage is run by its interpreter, one node or statement at a
time: the scalar graph after each pass, the array program on several examples, then the two kinds of code.
"""

import math
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from autograd import Tape, Value
from autograd.compiler.canonical import passes
from autograd.compiler.kernel import Kernel
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.reading import Recording, scalars
from autograd.compiler.scalars import INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from autograd.compiler.schedule import PASSING
from autograd.compiler.statements import ArrayProgram, Index, Memory
from autograd.formula.cases import rule

NEAR: Final = 1e-6
"""Relative to the largest number: more than rounding errors of these programs, and far less than a fault."""
Rows = Sequence[Sequence[float]]
Array = NDArray[np.float64]


def recording(roots: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]) -> Recording:
    """The recording of a graph."""
    tape = Tape(*roots)

    def places(leaves: Sequence[Value]) -> Index:
        return np.array([tape.place(v) if v in tape else -1 for v in leaves], np.intp)

    return Recording(tape, places(inputs), places(parameters))


def slopes(g: Scalars, values: Sequence[float]) -> list[float]:
    """The derivative of the first root by each node: the reverse sweep, node by node."""
    found = [0.0] * len(g)
    found[g.roots[0]] = 1.0
    starts = g.starts.tolist()
    for v in range(int(g.roots[0]), -1, -1):
        terms = range(starts[v], starts[v + 1])
        if found[v] == 0.0 or not terms:
            continue
        left, right = g.left[terms.start : terms.stop].tolist(), g.right[terms.start : terms.stop].tolist()
        if g.kind[v] == LINEAR:
            for c, x, y in zip(g.coefficient[terms.start : terms.stop].tolist(), left, right, strict=True):
                found[x] += found[v] * c * (1.0 if y == ONE else values[y])
                if y != ONE:
                    found[y] += found[v] * c * values[x]
        elif g.operations[g.code[v]] != "detach":
            partials = rule(g.operations[g.code[v]]).on_floats([values[x] for x in left])[1]
            for x, partial in zip(left, partials, strict=True):
                found[x] += found[v] * partial if partial else 0.0
    return found


def leaf_slopes(g: Scalars, found: Sequence[float], kind: int, count: int) -> list[float]:
    """Those by the inputs or by the parameters, in their order."""
    by = [0.0] * count
    for v in np.flatnonzero(g.kind == kind).tolist():
        by[int(g.leaf[v])] += found[v]
    return by


def far(got: Any, want: Any, scale: float = 1.0) -> bool:
    """Whether some number is not near to the wanted one; those that are wanted nan or infinite are passed over."""
    got, want = np.broadcast_arrays(np.asarray(got, float), np.asarray(want, float))
    finite = np.isfinite(want)
    limit = NEAR * max(scale, float(np.abs(want[finite]).max(initial=0.0)))
    return bool((~(np.abs(got[finite] - want[finite]) <= limit)).any())


class Search:
    """The stages of one recording, with the numbers that it was recorded on and with others."""

    def __init__(self, found: Recording, wanted: Wanted, others: Rows = ()) -> None:
        self.recording, self.wanted, self.tape = found, wanted, found.tape
        data = found.tape.data
        self.parameters = [data[place] if place >= 0 else 0.0 for place in found.parameters]
        self.rows = [[data[place] if place >= 0 else 0.0 for place in found.inputs], *others]
        if not others:
            self.rows.append([0.9 * x + 0.05 for x in self.rows[0]])
        self.counts = (INPUT, len(found.inputs)), (PARAMETER, len(found.parameters))

    def answers(self, g: Scalars) -> tuple[list[float], list[float]]:
        """The roots and the gradient by all leaves, on the first row."""
        values = g.run(self.parameters, self.rows[0])
        found = slopes(g, values)
        by = [x for kind, count in self.counts for x in leaf_slopes(g, found, kind, count)]
        return [values[v] for v in g.roots.tolist()], by

    def in_scalars(self) -> str:
        """The first pass on the scalar graph after which its roots or gradients are others."""
        contributions = [0.0] * len(self.tape)
        contributions[self.tape.roots[0]] = 1.0
        for entry in reversed(range(len(self.tape))):
            s, e = self.tape.starts[entry], self.tape.starts[entry + 1]
            for x, partial in zip(self.tape.operands[s:e], self.tape.partials[s:e], strict=True):
                contributions[x] += contributions[entry] * partial if partial else 0.0
        places = [*self.recording.inputs, *self.recording.parameters]
        by = [contributions[place] if place >= 0 else 0.0 for place in places]
        roots = [self.tape.data[place] for place in self.tape.roots]
        g = scalars(self.recording)
        with np.errstate(all="ignore"):
            h = deepcopy(g)
            passed = [("reading", g), *((name, deepcopy(h)) for name in passes(h))]
        for name, graph in passed:
            found, slope = self.answers(graph)
            if far(found, roots):
                return f"{name}: the roots are {found}, not {roots}"
            if far(slope, by):
                return f"{name}: the gradient is {slope}, not {by}"
        return ""

    def in_statements(self, code: Code) -> str:
        """The first node whose slot, or the slot of whose gradient, holds another number."""
        g, layout = code.graph, code.layout
        memory = filled(code.program, self.parameters, self.rows)
        values = np.array([g.run(self.parameters, row) for row in self.rows]).T
        for v in range(len(g)):
            q = layout.space(v)
            if q in "uvx" and far(memory[q][layout.slot[v]], values[v]):
                return f"{self.shown(code, v)} is {memory[q][layout.slot[v]]}, not {values[v]}"
        if self.wanted == "nothing":
            return ""
        by = np.array([slopes(g, column) for column in values.T.tolist()]).T
        scale = float(np.abs(by[np.isfinite(by)]).max(initial=0.0))
        for v in reversed(range(len(g))):
            detached = g.kind[v] == OPERATION and g.operations[g.code[v]] == "detach"
            if code.schedule.classes[v] not in PASSING or detached:
                continue
            q = layout.space(v)
            got = memory[f"d{q}"][layout.slot[v]]
            if not np.isnan(got).all() and far(got, by[v] if q in "vx" else by[v].sum(), scale):
                return f"the gradient of {self.shown(code, v)} is {got}, not {by[v]}"
        return self.in_leaves(code, memory, by)

    def in_leaves(self, code: Code, memory: Memory, by: Array) -> str:
        """The gradients of leaves, which are written everywhere."""
        for (kind, count), q, slots in zip(
            self.counts, ("dx", "dp"), (code.input_slots, np.arange(self.counts[1][1])), strict=True
        ):
            if self.wanted in ("both", "inputs" if q == "dx" else "parameters"):
                want = np.array([leaf_slopes(code.graph, column, kind, count) for column in by.T.tolist()]).T
                want = want if q == "dx" else want.sum(axis=1, keepdims=True)
                if far(memory[q][slots], want.reshape(memory[q][slots].shape)):
                    return f"the array program: {q} is {memory[q][slots].tolist()}, not {want.tolist()}"
        return ""

    def shown(self, code: Code, v: int) -> str:
        """A node, and the statements that write its slot."""
        q, slot = code.layout.space(v), code.layout.slot[v]
        written = [
            f"{part}[{i}]"
            for part in ("setup", "forward", "backward")
            for i, s in enumerate(getattr(code.program, part))
            if s.out.space in (q, f"d{q}") and (s.out.index == slot).any()
        ]
        return f"the array program: {v} = {code.graph.shown(v, code.graph.starts)}, of {', '.join(written)},"

    def in_code(self, code: Code) -> str:
        """The kinds of code against the interpreters."""
        memory = filled(code.program, self.parameters, self.rows)
        gradient = np.full(len(self.parameters), math.nan)
        bound = Kernel(code.program, "float64").bind(len(self.rows), np.array(self.parameters), gradient)
        bound.inputs[code.input_slots] = np.array(self.rows).T
        bound.seed[:] = 1.0
        bound.forward()
        if far(bound.roots, memory["v"][code.program.roots.index]):
            return f"text: the roots are {bound.roots}, not {memory['v'][code.program.roots.index]}"
        if self.wanted != "nothing":
            bound.backward()
            if self.wanted in ("both", "parameters") and far(gradient, memory["dp"][:, 0]):
                return f"text: the gradient is {gradient}, not {memory['dp'][:, 0]}"
            if self.wanted in ("both", "inputs"):
                assert bound.input_gradient is not None
                if far(bound.input_gradient[code.input_slots], memory["dx"][code.input_slots]):
                    return f"text: the gradient of the inputs is {bound.input_gradient}, not {memory['dx']}"
        return self.in_floats(code)

    def in_floats(self, code: Code) -> str:
        leaves = [*self.rows[0], *self.parameters]
        roots, by = self.answers(code.graph)
        if far(code.floats.value(*leaves), roots):
            return f"floats: the roots are {code.floats.value(*leaves)}, not {roots}"
        count = len(self.rows[0])
        want = {"inputs": by[:count], "parameters": by[count:], "both": by, "nothing": list[float]()}[self.wanted]
        value, got = code.floats.value_and_grad(*leaves)
        if far([value], roots[:1]) or far(got, want):
            return f"floats: the value and gradient are {value}, {got}, not {roots[0]}, {want}"
        return ""


def filled(program: ArrayProgram, parameters: Sequence[float], rows: Rows) -> Memory:
    """The memory after a batch, in which slots that nothing wrote are nan."""
    columns = np.array(rows, float).reshape(len(rows), -1).T
    inputs = np.zeros((program.sizes["x"], len(rows)))
    constant = np.zeros(len(inputs), bool)
    for statement in program.setup:
        if statement.out.space == "x":
            constant[statement.out.index] = True
    inputs[~constant] = columns
    memory = program.memory(np.array(parameters, float), inputs, 1.0)
    for q in ("u", "v", "dp", "dx", "du", "dv"):
        memory[q][:] = math.nan
    with np.errstate(all="ignore"):
        for statement in program:
            statement.run(memory)
    return memory


def culprit(found: Recording, wanted: Wanted, others: Rows = (), *, text: bool = True) -> str:
    """The pass that makes a recording wrong and how it shows; empty if all is right."""
    search = Search(found, wanted, others)
    try:
        wrong = search.in_scalars()
        for exact in (False, True):
            if not wrong:
                code = Code(found, wanted, "float64")
                code = code.exactly() if exact else code
                wrong = search.in_statements(code)
                wrong = wrong or (search.in_code(code) if text else search.in_floats(code))
                wrong = wrong and f"{'exactly, ' * exact}{wrong}"
    except Exception as error:  # Whatever is raised is the finding.
        step = error.__traceback__
        while step and step.tb_next is not None:
            step = step.tb_next
        where = f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else ""
        return f"{type(error).__name__} in {where}: {error}"
    return wrong
