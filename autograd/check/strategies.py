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

import operator
from collections.abc import Callable, Mapping, Sequence
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

import autograd
from autograd.formula import rule
from autograd.value import Value

Interval = tuple[float, float]

_WIDE: Final = ((-10.0, 10.0),)
_POSITIVE: Final = ((0.1, 10.0),)
_NONZERO: Final = ((-10.0, -0.1), (0.1, 10.0))
_MODERATE: Final = ((-4.0, 4.0),)
_INSIDE_ONE: Final = ((-0.9, 0.9),)

DOMAINS: Final[Mapping[str, tuple[tuple[Interval, ...], ...]]] = {
    "add": (_WIDE, _WIDE),
    "subtract": (_WIDE, _WIDE),
    "multiply": (_WIDE, _WIDE),
    "divide": (_WIDE, _NONZERO),
    "power": (((0.2, 4.0),), ((-3.0, 3.0),)),
    "negative": (_WIDE,),
    "positive": (_WIDE,),
    "square": (_WIDE,),
    "reciprocal": (_NONZERO,),
    "sqrt": (_POSITIVE,),
    "rsqrt": (_POSITIVE,),
    "exp": (_MODERATE,),
    "expm1": (_MODERATE,),
    "log": (_POSITIVE,),
    "log1p": (((-0.9, 10.0),),),
    "log2": (_POSITIVE,),
    "log10": (_POSITIVE,),
    "logaddexp": (_WIDE, _WIDE),
    "shift": (_WIDE, _WIDE),
    "exp_of_difference": (_MODERATE, _MODERATE),
    "share": (_MODERATE, _MODERATE),
    "sin": (_WIDE,),
    "cos": (_WIDE,),
    "tan": (((-1.3, 1.3),),),
    "asin": (_INSIDE_ONE,),
    "acos": (_INSIDE_ONE,),
    "atan": (_WIDE,),
    "sinh": (_MODERATE,),
    "cosh": (_MODERATE,),
    "tanh": (_MODERATE,),
    "hypot": (_NONZERO, _NONZERO),
    "erf": (((-2.5, 2.5),),),
    "sigmoid": (_WIDE,),
    "logsigmoid": (_WIDE,),
    "softplus": (_WIDE,),
    "relu": (_NONZERO,),
    "leaky_relu": (_NONZERO, ((0.01, 0.5),)),
    "elu": (_NONZERO, ((0.5, 2.0),)),
    "silu": (_WIDE,),
    "normal_cdf": (_MODERATE,),
    "gelu": (_MODERATE,),
    "absolute": (_NONZERO,),
    "maximum": (_WIDE, _WIDE),
    "minimum": (_WIDE, _WIDE),
    "detach": (_WIDE,),
    "total": (_WIDE,),
    "mean": (_WIDE,),
    "dot": (_WIDE, _WIDE),
    "logsumexp": (_WIDE,),
    "log_of_shifted_sum": (_WIDE,),
    "norm": (_NONZERO,),
    "largest": (_WIDE,),
    "smallest": (_WIDE,),
}
"""For each rule, the intervals of each operand where value and derivative are well-conditioned and smooth."""

_CHOOSING: Final = ("maximum", "minimum", "largest", "smallest")
_APART: Final = 0.05
"""How far apart the operands of a choice must be for differences to stay on one side of it."""
_LARGEST_RESULT: Final = 1e3

_INFIX: Final[Mapping[str, tuple[str, Callable[[Any, Any], Any]]]] = {
    "add": ("+", operator.add),
    "subtract": ("-", operator.sub),
    "multiply": ("*", operator.mul),
    "divide": ("/", operator.truediv),
    "power": ("**", operator.pow),
}
_PREFIX: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "negative": ("-{}", operator.neg),
    "positive": ("+{}", operator.pos),
    "absolute": ("abs({})", operator.abs),
}
_WITHOUT_A_NAME: Final = ("shift", "exp_of_difference", "log_of_shifted_sum", "share", "normal_cdf")
"""Recorded by softmax and log_softmax, and by the derivatives of logaddexp and gelu."""
_IN_EXPRESSIONS: Final = [op for op in DOMAINS if op not in ("detach", *_WITHOUT_A_NAME)]


def scalars(op: str, position: int = 0) -> st.SearchStrategy[float]:
    """Well-conditioned numbers for one operand of an operation; ValueError for an unknown one."""
    rule(op)
    intervals = DOMAINS[op][position]
    return st.one_of([st.floats(low, high, allow_subnormal=False) for low, high in intervals])


def operands(op: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple with one well-conditioned operand each; for an operation on sequences, lists of one length.

    Operands of a choice (maximum, largest, …) keep clear of ties.
    """
    count = len(rule(op).operands)
    if not rule(op).of_sequences:
        return st.tuples(*[scalars(op, i) for i in range(count)]).filter(lambda xs: _smooth(op, xs))
    rows = st.lists(st.tuples(*[scalars(op, i) for i in range(count)]), min_size=1, max_size=5)
    columns = rows.map(lambda rows: tuple(list(column) for column in zip(*rows, strict=True)))
    return columns.filter(lambda xs: _smooth(op, xs[0]))


def _smooth(op: str, xs: Sequence[float]) -> bool:
    """Whether a choice between xs is clear; so it is for every operation that doesn't choose."""
    ranked = sorted(xs)
    return op not in _CHOOSING or all(b - a > _APART for a, b in pairwise(ranked))


def apply(op: str, xs: Sequence[Any]) -> Any:
    """An operation of the public interface on Values or numbers: apply("tanh", [x]) is x.tanh().

    An operation on sequences takes all its numbers in one row, dot the xs and then the ys.
    """
    if op in _INFIX:
        return _INFIX[op][1](*xs)
    if op in _PREFIX:
        return _PREFIX[op][1](*xs)
    if rule(op).of_sequences:
        return getattr(autograd, op)(*rule(op).grouped(xs))
    if hasattr(Value, op):
        return getattr(xs[0], op)(*xs[1:])
    return getattr(autograd, op)(*xs)


def _write(op: str, xs: Sequence[str]) -> str:
    """The same as Python text."""
    if op in _INFIX:
        return f"{xs[0]} {_INFIX[op][0]} {xs[1]}"
    if op in _PREFIX:
        return _PREFIX[op][0].format(xs[0])
    if rule(op).of_sequences:
        lists = [f"[{', '.join(group)}]" for group in rule(op).grouped(xs)]
        return f"{op}({', '.join(lists)})"
    if hasattr(Value, op):
        return f"{xs[0]}.{op}({', '.join(xs[1:])})"
    return f"{op}({', '.join(xs)})"


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
            lines.append(f"{names[-1]} = {_write(step.op, operands)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n" + self.source + "\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis prints of a failing example; of a dataclass it would print the fields."""
        printer.text(repr(self))


def _inside(op: str, xs: Sequence[float]) -> bool:
    domains = DOMAINS[op]
    n = len(xs) // len(domains)
    return _smooth(op, xs) and all(any(low <= x <= high for low, high in domains[i // n]) for i, x in enumerate(xs))


@st.composite
def _steps(draw: st.DrawFn) -> tuple[str, list[int | float]]:
    """An operation, and for each operand a constant or how far back to look for it."""
    op = draw(st.sampled_from(_IN_EXPRESSIONS))
    repeats = draw(st.integers(1, 4)) if rule(op).of_sequences else 1
    back = st.integers(0, 15)
    # The first operand is always a number of the graph, and most others are.
    rest = [draw(back | back | scalars(op, i // repeats)) for i in range(1, len(DOMAINS[op]) * repeats)]
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
