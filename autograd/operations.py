"""One row for each operation: how it is called, written and drawn, and where it is well-conditioned.

>>> from autograd.engine.value import Value
>>> from autograd.operations import operation
>>> operation("multiply").symbol, operation("tanh").python(["x"]), operation("dot").python(["x", "y", "1", "2"])
('×', 'x.tanh()', 'dot([x, y], [1, 2])')
>>> operation("maximum").call([Value(2.0), 3.0])
Value(data=3.0)

The calculus is in `engine/rules.py`; everything else that a reader asks of an operation is here.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

from autograd.engine import functions
from autograd.engine.value import Value

Domain: TypeAlias = tuple[tuple[float, float], ...]
"""Intervals of one operand in which value and derivative are smooth and well-conditioned."""
Kind: TypeAlias = Literal["infix", "prefix", "method", "function", "sequences", "inner", "composed"]
T = TypeVar("T")

WIDE: Final[Domain] = ((-10.0, 10.0),)
MODERATE: Final[Domain] = ((-4.0, 4.0),)
POSITIVE: Final[Domain] = ((0.1, 10.0),)
NONZERO: Final[Domain] = ((-10.0, -0.1), (0.1, 10.0))
INSIDE_ONE: Final[Domain] = ((-0.9, 0.9),)


class Operation(NamedTuple):
    """A row of the table."""

    name: str
    """The name of its rule."""
    domains: tuple[Domain, ...]
    """One for each operand of the rule, a list counting as one."""
    kind: Kind = "method"
    """How Python calls it; an inner one is recorded by other operations alone, a composed one as several of these."""
    sign: str = ""
    """Of an infix or prefix operation, in Python."""
    symbol: str = ""
    """In a picture, where it is not the name."""
    function: Callable[..., Value] | None = None
    """On its operands."""
    of_sequences: bool = False
    """Whether its operands are lists."""
    by_formula: bool = False
    """Whether text shows the formula of its value in place of its name."""
    chooses: bool = False
    """Whether it picks one of its operands, so that its derivatives jump where two of them tie."""
    activation: bool = False
    """Whether a layer may apply it to each of its outputs."""

    @property
    def public(self) -> bool:
        """Whether users call it."""
        return self.kind not in ("inner", "composed")

    @property
    def recorded(self) -> bool:
        """Whether nodes have its name."""
        return self.kind != "composed"

    def grouped(self, row: Sequence[T]) -> list[Any]:
        """The operands of a node, in one row, as the rule takes them: one by one, or as lists."""
        return in_lists(row, len(self.domains)) if self.of_sequences else list(row)

    def call(self, operands: Sequence[Any]) -> Value:
        """The operation on Values and numbers in one row; the first of a method is a Value."""
        assert self.function is not None, f"{self.name} is recorded by other operations alone"
        return self.function(*self.grouped(operands))

    def python(self, operands: Sequence[str]) -> str:
        """The call as Python text."""
        if self.kind == "infix":
            return f"{operands[0]} {self.sign} {operands[1]}"
        if self.kind == "prefix":
            return self.sign.format(operands[0])
        if self.kind == "method":
            return f"{operands[0]}.{self.name}({', '.join(operands[1:])})"
        texts = [f"[{', '.join(group)}]" if self.of_sequences else group for group in self.grouped(operands)]
        return f"{self.name}({', '.join(texts)})"


def in_lists(row: Sequence[T], count: int) -> list[list[T]]:
    """A row in so many lists of one length.

    >>> in_lists([1, 2, 3, 4], 2)
    [[1, 2], [3, 4]]
    """
    n = len(row) // count
    return [list(row[i * n : (i + 1) * n]) for i in range(count)]


def _infix(name: str, sign: str, symbol: str, function: Callable[..., Value], x: Domain, y: Domain) -> Operation:
    return Operation(name, (x, y), "infix", sign, symbol, function, by_formula=True)


def _prefix(name: str, sign: str, symbol: str, function: Callable[..., Value], x: Domain) -> Operation:
    return Operation(name, (x,), "prefix", sign, symbol, function, by_formula=name == "negative")


def _method(
    name: str, *domains: Domain, symbol: str = "", activation: bool = False, chooses: bool = False
) -> Operation:
    function = getattr(Value, name)
    return Operation(name, domains, "method", "", symbol, function, chooses=chooses, activation=activation)


def _function(name: str, *domains: Domain, symbol: str = "", chooses: bool = False) -> Operation:
    return Operation(name, domains, "function", "", symbol, getattr(functions, name), chooses=chooses)


def _sequences(name: str, *domains: Domain, symbol: str = "", chooses: bool = False) -> Operation:
    function = getattr(functions, name)
    return Operation(name, domains, "sequences", "", symbol, function, of_sequences=True, chooses=chooses)


def _inner(name: str, *domains: Domain, symbol: str = "", of_sequences: bool = False) -> Operation:
    function = getattr(functions, name, None)
    by_formula = name in ("shift", "share", "exp_of_difference", "scaled_power", "direction", "fixed")
    return Operation(name, domains, "inner", "", symbol, function, of_sequences, by_formula)


def _composed(name: str, x: Domain, weight: Domain) -> Operation:
    return Operation(name, (x, weight), "composed", of_sequences=True)


_ROWS: Final = (
    _infix("add", "+", "+", operator.add, WIDE, WIDE),
    _infix("subtract", "-", "−", operator.sub, WIDE, WIDE),
    _infix("multiply", "*", "×", operator.mul, WIDE, WIDE),
    _infix("divide", "/", "÷", operator.truediv, WIDE, NONZERO),
    _infix("power", "**", "xʸ", operator.pow, ((0.2, 4.0),), ((-3.0, 3.0),)),
    _prefix("negative", "-{}", "−x", operator.neg, WIDE),
    _prefix("positive", "+{}", "+x", operator.pos, WIDE),
    _prefix("absolute", "abs({})", "|x|", abs, NONZERO),
    _method("square", WIDE, symbol="x²", activation=True),
    _method("reciprocal", NONZERO, symbol="1/x"),
    _method("sqrt", POSITIVE, symbol="√x"),
    _method("rsqrt", POSITIVE, symbol="1/√x"),
    _method("exp", MODERATE, symbol="eˣ", activation=True),
    _method("exp2", MODERATE, symbol="2ˣ"),
    _method("expm1", MODERATE, symbol="eˣ − 1"),
    _method("log", POSITIVE),
    _method("log1p", ((-0.9, 10.0),), symbol="log(1 + x)"),
    _method("log2", POSITIVE),
    _method("log10", POSITIVE),
    _method("sin", WIDE, activation=True),
    _method("cos", WIDE),
    _method("tan", ((-1.3, 1.3),)),
    _method("asin", INSIDE_ONE),
    _method("acos", INSIDE_ONE),
    _method("atan", WIDE, activation=True),
    _method("sinh", MODERATE),
    _method("cosh", MODERATE),
    _method("tanh", MODERATE, activation=True),
    _method("asinh", WIDE),
    _method("acosh", ((1.1, 10.0),)),
    _method("atanh", INSIDE_ONE),
    _method("erf", ((-2.5, 2.5),), activation=True),
    _method("sigmoid", WIDE, symbol="σ", activation=True),
    _method("logsigmoid", WIDE, activation=True),
    _method("softplus", WIDE, activation=True),
    _method("relu", NONZERO, activation=True),
    _method("leaky_relu", NONZERO, ((0.01, 0.5),), activation=True),
    _method("elu", NONZERO, ((0.5, 2.0),), activation=True),
    _method("silu", WIDE, activation=True),
    _method("gelu", MODERATE, activation=True),
    _method("sign", NONZERO),
    _method("clamp", WIDE, ((-8.0, -2.0),), ((2.0, 8.0),), chooses=True),
    _method("detach", WIDE),
    _function("maximum", WIDE, WIDE, symbol="max", chooses=True),
    _function("minimum", WIDE, WIDE, symbol="min", chooses=True),
    _function("where", NONZERO, WIDE, WIDE, chooses=True),
    _function("hypot", NONZERO, NONZERO),
    _function("atan2", NONZERO, NONZERO),
    _function("logaddexp", WIDE, WIDE),
    _function("xlogy", WIDE, POSITIVE),
    _sequences("total", WIDE, symbol="∑"),
    _sequences("mean", WIDE),
    _sequences("dot", WIDE, WIDE, symbol="∑ x·y"),
    _sequences("logsumexp", WIDE),
    _sequences("norm", NONZERO),
    _sequences("largest", WIDE, symbol="max", chooses=True),
    _sequences("smallest", WIDE, symbol="min", chooses=True),
    # Recorded by softmax and log_softmax, and by derivatives.
    _inner("shift", WIDE, WIDE),
    _inner("exp_of_difference", MODERATE, MODERATE, symbol="exp(x − y)"),
    _inner("log_of_shifted_sum", WIDE, of_sequences=True),
    _inner("share", MODERATE, MODERATE),
    _inner("normal_cdf", MODERATE),
    _inner("scaled_power", NONZERO, ((0.2, 4.0),), ((-3.0, 3.0),), ((1.0, 1.0),)),
    _inner("direction", NONZERO, NONZERO),
    _inner("fixed", WIDE, WIDE),
    _inner("circle", INSIDE_ONE),
    _inner("hyperbola", ((1.1, 10.0),)),
    # Recorded as several of these, and read as one; see `show/fold.py`. The weights are a row with a 1 for the output,
    # or the probabilities of a target.
    _composed("softmax", MODERATE, ((0.1, 1.0),)),
    _composed("log_softmax", MODERATE, ((0.1, 1.0),)),
    _composed("cross_entropy", MODERATE, ((0.1, 1.0),)),
)
_TABLE: Final = {row.name: row for row in _ROWS}
OPERATIONS: Final[Mapping[str, Operation]] = _TABLE
"""Every operation by the name of its rule."""


def activations() -> dict[str, Callable[..., Value]]:
    """The operations that serve as activations, by name: those so marked, and users' own on one operand."""
    return {
        row.name: row.function
        for row in OPERATIONS.values()
        if row.function is not None and (row.activation or (row.kind == "function" and len(row.domains) == 1))
    }


def operation(name: str) -> Operation:
    """The row of that name; ValueError if there is none."""
    try:
        return _TABLE[name]
    except KeyError:
        raise ValueError(
            f"no operation is named {name!r}; there are {', '.join(_TABLE)}; if it is an @autograd.operation, import "
            "the module that defines it"
        ) from None


def is_composed(op: str) -> bool:
    """Whether an operation is one that readers see in the place of several; False for one that is unknown here."""
    return op in _TABLE and not _TABLE[op].recorded


def register(op: str, row: Operation) -> None:
    """Add the row of a user's own operation, whose nodes have op for theirs, as the latest one."""
    _TABLE.pop(op, None)
    _TABLE[op] = row


def latest(name: str) -> str:
    """The `op` that nodes of an operation get now, by the name that users call it; the name itself if it is unknown."""
    return next((op for op in reversed(_TABLE) if _TABLE[op].name == name), name)


def symbol(op: str) -> str:
    """The sign or the name of an operation in a picture, whether or not it is known here."""
    return _TABLE[op].symbol or _TABLE[op].name if op in _TABLE else op
