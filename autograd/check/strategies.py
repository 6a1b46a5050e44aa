"""Hypothesis strategies: operands inside each operation's domain, and random expression graphs.

>>> from hypothesis import given, settings
>>> from autograd.check import gradcheck, strategies
>>> @settings(max_examples=5, database=None, derandomize=True)
... @given(strategies.expressions())
... def gradients_are_right(expression):
...     gradcheck(expression, list(expression.inputs))
>>> gradients_are_right()

Needs hypothesis (extra `check`). A failing expression shrinks to a few lines and prints as Python.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "autograd.check.strategies needs hypothesis: pip install 'scalar-autograd[check]'"
    ) from None

from autograd.formula import rule
from autograd.operations import OPERATIONS, operation

_APART: Final = 0.05
"""How far apart the operands of a choice must be for differences to stay on one side of it."""
_LARGEST_RESULT: Final = 1e3

_IN_EXPRESSIONS: Final = [row.name for row in OPERATIONS.values() if row.public and row.name != "detach"]


def scalars(op: str, position: int = 0) -> st.SearchStrategy[float]:
    """Well-conditioned numbers for one operand of an operation; ValueError for an unknown one."""
    intervals = operation(op).domains[position]
    return st.one_of([st.floats(low, high, allow_subnormal=False) for low, high in intervals])


def operands(op: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple with one well-conditioned operand each; for an operation on sequences, lists of one length.

    Operands of a choice (maximum, largest, …) keep clear of ties.
    """
    count = len(operation(op).domains)
    if not operation(op).of_sequences:
        return st.tuples(*[scalars(op, i) for i in range(count)]).filter(lambda xs: _smooth(op, xs))
    rows = st.lists(st.tuples(*[scalars(op, i) for i in range(count)]), min_size=1, max_size=5)
    columns = rows.map(lambda rows: tuple(list(column) for column in zip(*rows, strict=True)))
    return columns.filter(lambda xs: _smooth(op, xs[0]))


def _smooth(op: str, xs: Sequence[float]) -> bool:
    """Whether a choice between xs is clear; so it is for every operation that doesn't choose."""
    ranked = sorted(xs)
    return not operation(op).chooses or all(b - a > _APART for a, b in pairwise(ranked))


def apply(op: str, xs: Sequence[Any]) -> Any:
    """An operation of the public interface on Values or numbers: apply("tanh", [x]) is x.tanh().

    An operation on sequences takes all its numbers in one row, dot the xs and then the ys.
    """
    return operation(op).call(xs)


@dataclass(frozen=True)
class Step:
    """One line of an expression: an operation on earlier numbers, by their index, and on constants."""

    op: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True, repr=False)
class Expression:
    """A random program: inputs, then steps, the last of which is the result.

    Called with Values, it builds the graph and returns its root; its repr is the Python text.
    """

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def __call__(self, *xs: Any) -> Any:
        return self.run(apply, xs)

    def run(self, apply: Callable[[str, Sequence[Any]], Any], xs: Sequence[Any]) -> Any:
        """The result over any numbers, with any meaning of the operations: apply(op, operands)."""
        numbers = list(xs)
        for step in self.steps:
            numbers.append(apply(step.op, [numbers[x] if isinstance(x, int) else x for x in step.operands]))
        return numbers[-1]

    @cached_property
    def source(self) -> str:
        """The program as Python text."""
        names = [f"x{i}" for i in range(len(self.inputs))]
        lines = [f"{name} = Value({x!r})" for name, x in zip(names, self.inputs, strict=True)]
        for step in self.steps:
            operands = [names[x] if isinstance(x, int) else f"({x!r})" if x < 0.0 else repr(x) for x in step.operands]
            names.append(f"v{len(names)}")
            lines.append(f"{names[-1]} = {operation(step.op).python(operands)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n" + self.source + "\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis prints of a failing example; of a dataclass it would print the fields."""
        printer.text(repr(self))


def _inside(op: str, xs: Sequence[float]) -> bool:
    domains = operation(op).domains
    n = len(xs) // len(domains)
    return _smooth(op, xs) and all(any(low <= x <= high for low, high in domains[i // n]) for i, x in enumerate(xs))


@st.composite
def _steps(draw: st.DrawFn) -> tuple[str, list[int | float]]:
    """An operation, and for each operand a constant or how far back to look for it."""
    op = draw(st.sampled_from(_IN_EXPRESSIONS))
    repeats = draw(st.integers(1, 4)) if operation(op).of_sequences else 1
    back = st.integers(0, 15)
    # The first operand is always a number of the graph, and most others are.
    rest = [draw(back | back | scalars(op, i // repeats)) for i in range(1, len(operation(op).domains) * repeats)]
    return op, [draw(back), *rest]


@st.composite
def expressions(draw: st.DrawFn, *, max_inputs: int = 3, max_steps: int = 12) -> Expression:
    """Random expression graphs: shared subexpressions, constants, inputs used many times.

    Every operation gets operands inside its domain, and every result stays moderate, so the graph
    is smooth and well-conditioned around its inputs.
    """
    inputs = tuple(draw(st.lists(st.floats(-3.0, 3.0, allow_subnormal=False), min_size=1, max_size=max_inputs)))
    numbers = list(inputs)
    steps: list[Step] = []
    # A list whose elements stand alone, so that shrinking can leave out any of them.
    for op, wanted in draw(st.lists(_steps(), min_size=1, max_size=max_steps)):
        row = [len(numbers) - 1 - x % len(numbers) if isinstance(x, int) else x for x in wanted]
        xs = [numbers[x] if isinstance(x, int) else x for x in row]
        if not _inside(op, xs) or not abs(rule(op).on_floats(xs)[0]) <= _LARGEST_RESULT:
            # Always inside: whatever was drawn becomes a step, so that shrinking never has to start over.
            op, row, xs = "tanh", row[:1], xs[:1]
        numbers.append(rule(op).on_floats(xs)[0])
        steps.append(Step(op, tuple(row)))
    return Expression(inputs, tuple(steps))
