"""The graph that a program is made of: one that is recorded already, or that of a function, traced twice.

>>> from autograd.compiler.tracing import traced
>>> graph = traced(lambda x, w: (x * w).tanh(), ((), ()))
>>> [a.name for a in graph.arguments], graph.loss.op
(['x', 'w'], 'tanh')
>>> traced(lambda x: x if x > 0.0 else 0.1 * x, ((),))
Traceback (most recent call last):
...
ValueError: compile: x is compared by >, and a compiled program can't choose by data: write where(x, a, b) ...
"""

import inspect
import itertools
import linecache
import os
import tracemalloc
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from autograd.arguments import a_value, described
from autograd.blocks import tracing
from autograd.compiler.leaves import GOLDEN, Argument, argument, flattened, nested, renamed
from autograd.compiler.statements import Index
from autograd.engine.lists import Places
from autograd.engine.modes import recording
from autograd.engine.tape import CONSTANT_CODE, LEAF_CODE, Tape
from autograd.engine.value import Value
from autograd.formula.cases import rule
from autograd.wording import brief, counted

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Graph(NamedTuple):
    """A program for one example, as it was recorded."""

    loss: Value
    arguments: list[Argument]
    outputs: Any = None
    """A Value or nested lists of Values; a tuple of such for several arrays; None for none."""
    constants: tuple[Value, ...] = ()
    """Leaves that are numbers: a function made them itself, the same on each run."""

    def rows(self) -> list[tuple[list[Value], tuple[int, ...]]]:
        """The Values and the shape of each array of outputs."""
        several = self.outputs if isinstance(self.outputs, tuple) else (self.outputs,)
        return [] if self.outputs is None else [flattened(part, "outputs") for part in several]

    def tape(self) -> Tape:
        """The tape of the loss and the outputs."""
        return Tape(self.loss, *(v for row, _ in self.rows() for v in row))

    def leaves(self, *, of_outputs: bool) -> "Leaves":
        """The leaves of the loss, or of the outputs."""
        roots = [v for row, _ in self.rows() for v in row] if of_outputs else [self.loss]
        return Leaves(Tape(*roots), [*self.constants])


def recorded(loss: object, inputs: object, outputs: object) -> Graph:
    """The graph of a loss; an input is a leaf or nested lists of leaves, and a tuple holds several."""
    arguments = [argument(nest, f"inputs[{i}]") for i, nest in enumerate(_several(inputs))]
    refuse_repeated([v for a in arguments for v in a.leaves], "an input")
    return Graph(a_value(loss, "compile"), renamed(arguments), outputs)


def _several(inputs: object) -> tuple[object, ...]:
    several = inputs if isinstance(inputs, tuple) else (inputs,)
    if not several:
        raise ValueError("compile: inputs is empty; give at least one leaf, or to a function ((),) for one Value")
    return several


def traced(function: Callable[..., Any], inputs: object) -> Graph:
    """The graph of a function of Values; ValueError if it is another one on other numbers."""
    if not recording():
        raise RuntimeError("compile: a function is recorded as it runs; leave no_grad() first")
    arguments = _of_shapes(function, inputs)
    first, second = (_run(function, arguments, scale) for scale in (1.0, -2.7))
    given, others = ([v for a in graph.arguments for v in a.leaves] for graph in (first, second))
    made, problem = _compared(first.tape(), second.tape(), given, others)
    if problem is not None:
        place, text = problem
        where = _line(function, arguments, place)
        raise ValueError(
            f"compile: {_name(function)} ran twice, on different numbers, and its graphs differ: {text}{where}. "
            "A compiled program can't choose by data: write where(x, a, b) with a Value x, for a where x > 0 and else "
            "b, or maximum, relu, abs and the like, and make an input of a number that changes"
        )
    return first._replace(constants=tuple(made))


def _of_shapes(function: Callable[..., Any], inputs: object) -> list[Argument]:
    """The arguments of a function by their shapes: a size, a tuple of sizes, or leaves in their nesting."""
    several = _several(inputs)
    try:
        signature = inspect.signature(function)
        signature.bind(*several)
    except (TypeError, ValueError) as error:
        shapes = counted(len(several), "shape")
        raise TypeError(f"compile: inputs has {shapes} for the arguments of {_name(function)}: {error}") from None
    arguments, names = [], [*signature.parameters, *[""] * len(several)]
    for i, (shape, name) in enumerate(zip(several, names, strict=False)):
        shape = (shape,) if isinstance(shape, int) else shape
        if not (isinstance(shape, tuple) and all(type(n) is int and n > 0 for n in shape)):
            shape = _shape_of_leaves(shape, i)
        arguments.append(Argument(name, shape, []))
    return renamed(arguments)


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _shape_of_leaves(nest: object, i: int) -> tuple[int, ...]:
    try:
        return argument(nest, f"inputs[{i}]").shape
    except TypeError:
        raise TypeError(
            f"compile: inputs of a function is a size, a tuple of sizes or () for each argument, in a tuple, as "
            f"(784, ()), and {described(nest)} is none"
        ) from None


def _run(function: Callable[..., Any], arguments: list[Argument], scale: float) -> Graph:
    """The graph of the function on new leaves.

    Their data differ from each other and from 0, of both signs. With the other scale, each sign and each order of two
    of them is the other way round.
    """
    numbers = (scale * (-1) ** (k * 7 % 5) * (0.15 + 0.7 * (k * GOLDEN % 1.0)) for k in itertools.count(1))
    fresh = [nested(a.name, a.shape, numbers) for a in arguments]
    with tracing():
        try:
            result = function(*fresh)
        except Exception as error:
            shown = ", ".join(f"{a.name} of shape {a.shape}" if a.shape else f"{a.name}, a Value" for a in arguments)
            error.add_note(f"compile runs the function on placeholders, which have no data to use: {shown}")
            raise
    loss, outputs = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if type(loss) is not Value:
        raise TypeError(
            f"compile: the function returns a Value, or (loss, outputs), not {described(loss)}; "
            "make one number of a list with total(…), or return (total(…), the list)"
        )
    leaves = [a._replace(leaves=flattened(nest, a.name)[0]) for a, nest in zip(arguments, fresh, strict=True)]
    return Graph(loss, leaves, outputs)


# ── two tapes ──


def _compared(
    tape: Tape, other: Tape, inputs: list[Value], others: list[Value]
) -> tuple[list[Value], tuple[int, str] | None]:
    """The leaves that the function made itself; and the first difference of two tapes, as a place and a text."""
    if (problem := _difference(tape, other)) is not None:
        return [], problem
    mine, theirs = (Leaves(t, []) for t in (tape, other))
    given, of = (np.asarray(Places(nodes).of(t.nodes)) for nodes, t in ((inputs, mine), (others, theirs)))
    for place in mine.at[given != of][:1].tolist():
        return [], (place, f"v{place} is another input")
    made = (given < 0) & [v is not w for v, w in zip(mine.nodes, theirs.nodes, strict=True)]
    numbers = np.asarray(tape.codes) == CONSTANT_CODE
    numbers[mine.at[made]] = True
    a, b = np.asarray(tape.data), np.asarray(other.data)
    for place in np.flatnonzero(numbers & (a != b) & ((a == a) | (b == b)))[:1].tolist():
        return [], (place, f"the number {brief(a[place])} in one is {brief(b[place])} in the other")
    return [mine.nodes[k] for k in np.flatnonzero(made)], None


def _difference(tape: Tape, other: Tape) -> tuple[int, str] | None:
    """The first place where the operations or the operands of two tapes differ, with a text."""
    kinds = [np.array(["a leaf", "a number", *t.operations[2:]], object)[np.asarray(t.codes)] for t in (tape, other)]
    ends = [np.asarray(t.starts)[1:] for t in (tape, other)]
    places = _unequal(*kinds) + _unequal(*ends)
    places += np.searchsorted(ends[0], _unequal(tape.operands, other.operands), side="right").tolist()
    if not places and tape.roots == other.roots:  # The last node of a tape is a root.
        return None
    if not places:
        return min(map(len, kinds)) - 1, f"one has {counted(len(kinds[0]), 'node')} and the other {len(kinds[1]):,}"
    place = min(places)
    a, b = kinds[0][place], kinds[1][place]
    return place, f"v{place} is {a} in one and {b} in the other" if a != b else f"v{place}, {a}, has other operands"


def _unequal(a: Any, b: Any) -> list[int]:
    """The first position where two arrays differ, as far as both go; none if they don't."""
    n = min(len(a), len(b))
    return [*np.flatnonzero(np.asarray(a[:n]) != np.asarray(b[:n]))[:1].tolist()]


def _line(function: Callable[..., Any], arguments: list[Argument], place: int) -> str:
    """The user's line that makes the node at a place of the first tape, found in one more run; empty if there is none.

    Python's tracer of memory knows where each object was made, so recording pays nothing for it.
    """
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start(32)
    try:
        tape = _run(function, arguments, 1.0).tape()
        while place < len(tape) - 1 and not tape.operation(place):
            place += 1  # The node that a leaf or a number comes before, because that one is written in a line.
        found = tracemalloc.get_object_traceback(tape.node(place)) if place < len(tape) else None
    finally:
        if started:
            tracemalloc.stop()
    for frame in reversed(found or []):
        if not os.path.abspath(frame.filename).startswith(_PACKAGE + os.sep):
            line = linecache.getline(frame.filename, frame.lineno).strip()
            return f", made in {os.path.basename(frame.filename)}, line {frame.lineno}" + (f": {line}" if line else "")
    return ""


# ── leaves ──


class Leaves:
    """The leaves of a tape; those that are numbers become constants of it."""

    def __init__(self, tape: Tape, numbers: list[Value]) -> None:
        self.tape, self._numbers = tape, numbers
        self.at = np.flatnonzero(np.asarray(tape.codes) == LEAF_CODE)
        self.nodes = tape.leaves()
        self._known = Places(self.nodes)
        self._found: dict[int, tuple[list[Value], Index]] = {}
        """By their ids, the lists that were looked up, and what was found: that of parameters comes several times."""
        for place in self.places(numbers).tolist():
            if place >= 0:
                tape.codes[place] = CONSTANT_CODE

    def _of(self, nodes: list[Value]) -> Index:
        if id(nodes) not in self._found:
            self._found[id(nodes)] = nodes, np.asarray(self._known.of(nodes)).astype(np.intp)
        return self._found[id(nodes)][1]

    def places(self, nodes: list[Value]) -> Index:
        """The places of leaves on the tape, and -1 for each that it doesn't reach."""
        return np.append(self.at, -1)[self._of(nodes)]

    def without(self, *rows: list[Value]) -> list[Value]:
        """The leaves that are no numbers and in none of these lists."""
        left = np.ones(len(self.nodes) + 1, bool)  # One more, for what isn't found.
        for row in (self._numbers, *rows):
            left[self._of(row)] = False
        return [self.nodes[k] for k in np.flatnonzero(left[:-1]).tolist()]


def refuse_repeated(leaves: list[Value], kind: str) -> None:
    """Raise a ValueError if one of the leaves stands there twice."""
    if (leaf := Places(leaves).repeated()) is not None:
        raise ValueError(f"compile: {leaf!r} is {kind} twice; give each leaf once")


def check_operations(tape: Tape) -> None:
    """Raise a ValueError for an operation without a formula."""
    for op in tape.operations[2:]:
        if not rule(op).cases:
            raise ValueError(
                f"compile: {rule(op).name} has no formula, because its source can't be read; "
                "define it in a file or in a notebook"
            )
