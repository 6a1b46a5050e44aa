"""Hypothesis strategies: operands inside each operation's domain, and random expression graphs.

>>> from hypothesis import given, settings
>>> from autograd.check import gradcheck, strategies
>>> @settings(max_examples=5, database=None, derandomize=True)
... @given(strategies.expressions())
... def gradients_are_right(expression):
...     gradcheck(expression, list(expression.inputs))
>>> gradients_are_right()

A failing expression shrinks to a few lines and prints as Python. It needs `pip install hypothesis`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from autograd.wording import to_install

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        f"autograd.check.strategies needs hypothesis: {to_install('hypothesis', 'check')}"
    ) from None

from autograd.formula import rule
from autograd.operations import OPERATIONS, operation

__all__ = ["Expression", "Step", "apply", "expressions", "operands", "scalars"]

_APART: Final = 0.05
"""The least distance between operands of which an operation chooses one, so that a small step changes no choice."""
_LARGEST_RESULT: Final = 1e3

_IN_EXPRESSIONS: Final = [row.name for row in OPERATIONS.values() if row.public and row.name != "detach"]


def scalars(op: str, position: int = 0) -> st.SearchStrategy[float]:
    """Floats for one operand of the operation named op, from its well-conditioned domain.

    position is that of the operand, from 0. ValueError for an unknown operation.
    """
    intervals = operation(op).domains[position]
    return st.one_of([st.floats(low, high, allow_subnormal=False) for low, high in intervals])


def operands(op: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples with a float from its domain for each operand; for an operation on sequences, lists of one length.

    The operands of maximum, largest and the other operations that choose one are never close to each other.
    ValueError for an unknown operation.
    """
    count = len(operation(op).domains)
    if not operation(op).of_sequences:
        return st.tuples(*[scalars(op, i) for i in range(count)]).filter(lambda xs: _smooth(op, xs))
    rows = st.lists(st.tuples(*[scalars(op, i) for i in range(count)]), min_size=1, max_size=5)
    columns = rows.map(lambda rows: tuple(list(column) for column in zip(*rows, strict=True)))
    return columns.filter(lambda xs: _smooth(op, xs[0]))


def _smooth(op: str, xs: Sequence[float]) -> bool:
    """Whether a small step changes no choice between xs; true for every operation that doesn't choose."""
    ranked = sorted(xs)
    return not operation(op).chooses or all(b - a > _APART for a, b in pairwise(ranked))


def apply(op: str, xs: Sequence[Any]) -> Any:
    """The operation named op on Values or numbers: apply("tanh", [x]) returns x.tanh().

    An operation on sequences takes all its operands in one list; for dot these are the xs and then the ys.
    ValueError for an unknown operation.
    """
    return operation(op).call(xs)


@dataclass(frozen=True)
class Step:
    """One operation of an expression; an operand is the index of an input or of an earlier result, or a constant."""

    op: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True, repr=False)
class Expression:
    """A random program: inputs, then steps, of which the last is the result.

    Called with one Value for each input, it builds the graph and returns its root. As text it is Python.
    """

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def __call__(self, *xs: Any) -> Any:
        return self.run(apply, xs)

    def run(self, apply: Callable[[str, Sequence[Any]], Any], xs: Sequence[Any]) -> Any:
        """The result of the program on xs of any type, where apply(op, operands) computes an operation."""
        numbers = list(xs)
        for step in self.steps:
            numbers.append(apply(step.op, [numbers[x] if isinstance(x, int) else x for x in step.operands]))
        return numbers[-1]

    @cached_property
    def source(self) -> str:
        """The program as Python source."""
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
        """Print the program; without this method hypothesis would print the fields of the dataclass."""
        printer.text(repr(self))


def _inside(op: str, xs: Sequence[float]) -> bool:
    domains = operation(op).domains
    n = len(xs) // len(domains)
    return _smooth(op, xs) and all(any(low <= x <= high for low, high in domains[i // n]) for i, x in enumerate(xs))


@st.composite
def _steps(draw: st.DrawFn) -> tuple[str, list[int | float]]:
    """An operation, and for each operand a constant or how many results to go back."""
    op = draw(st.sampled_from(_IN_EXPRESSIONS))
    repeats = draw(st.integers(1, 4)) if operation(op).of_sequences else 1
    back = st.integers(0, 15)
    # The first operand and most others are nodes of the graph, so that graphs are deep and share nodes.
    rest = [draw(back | back | scalars(op, i // repeats)) for i in range(1, len(operation(op).domains) * repeats)]
    return op, [draw(back), *rest]


@st.composite
def expressions(draw: st.DrawFn, *, max_inputs: int = 3, max_steps: int = 12) -> Expression:
    """Random expressions with shared subexpressions, constants, and inputs that are used many times.

    Every operand is in the domain of its operation and every result is at most 1000, so the graph is smooth and
    well-conditioned around its inputs. max_inputs and max_steps limit its size.
    """
    inputs = tuple(draw(st.lists(st.floats(-3.0, 3.0, allow_subnormal=False), min_size=1, max_size=max_inputs)))
    numbers = list(inputs)
    steps: list[Step] = []
    # The elements of the list are independent, so that shrinking can remove any of them.
    for op, wanted in draw(st.lists(_steps(), min_size=1, max_size=max_steps)):
        row = [len(numbers) - 1 - x % len(numbers) if isinstance(x, int) else x for x in wanted]
        xs = [numbers[x] if isinstance(x, int) else x for x in row]
        if not _inside(op, xs) or not abs(rule(op).on_floats(xs)[0]) <= _LARGEST_RESULT:
            # atan has no limits: each draw becomes a step and none is rejected, so that shrinking stays quick. Unlike
            # tanh it never saturates, so that derivatives are not lost in rounding.
            op, row, xs = "atan", row[:1], xs[:1]
        numbers.append(rule(op).on_floats(xs)[0])
        steps.append(Step(op, tuple(row)))
    return Expression(inputs, tuple(steps))
