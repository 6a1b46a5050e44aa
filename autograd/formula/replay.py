"""A recorded program run again over other numbers, with its derivatives.

>>> from fractions import Fraction
>>> from autograd.engine.value import Value
>>> from autograd.formula.replay import replay
>>> x = Value(3.0, label="x")
>>> y = (x * x + 1) / x
>>> again = replay(y, Fraction)
>>> again.value, again.grad(x)
(Fraction(10, 3), Fraction(8, 9))

The numbers may be exact fractions, decimals or mpmath's of any precision, complex numbers, dual numbers (forward
mode), intervals (bounds that hold) or sympy's symbols (the formula in closed form). Only operations and leaves are
taken from the record; every other number is computed anew from the rules.
"""

import decimal
import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.arguments import known
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.formula.cases import rule
from autograd.formula.dual import Dual, dual_numbers
from autograd.formula.interval import Interval, interval, interval_numbers
from autograd.formula.vocabularies import (
    Vocabulary,
    complex_numbers,
    mpmath_numbers,
    over_arrays,
    partial_over,
    value_over,
)

__all__ = ["Dual", "Interval", "Replay", "replay"]

DIGITS: Final = 60
"""Decimal digits of mpmath and decimal, where none are asked for."""


class _Numbers(NamedTuple):
    """A kind of numbers that a program can be replayed over."""

    vocabulary: Callable[[], Vocabulary]
    convert: Callable[[Any], Any]
    """Of a float, or of a number that the caller gives, to this kind."""
    context: Callable[[int], AbstractContextManager[object]] = lambda digits: nullcontext()
    selects: bool = False
    """Whether comparisons have no yes or no, so that the cases of a rule are selected from."""


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ImportError(f"replay over {name} needs it: pip install {name}") from None


def _mpmath_digits(digits: int) -> AbstractContextManager[object]:
    return _installed("mpmath").workdps(digits)  # type: ignore[no-any-return]


# ── fractions and decimals ──


def _whole_power(x: Fraction, y: Fraction) -> Fraction:
    if y.denominator != 1:
        raise TypeError(f"fractions have no power {y}, which is not whole")
    return x**y.numerator


@cache
def _fractions() -> Vocabulary:
    return Vocabulary({"number": Fraction, "power": _whole_power, "len": lambda xs: Fraction(len(xs))})


@cache
def _decimals() -> Vocabulary:
    words = {name: getattr(decimal.Decimal, name) for name in ("exp", "log10", "sqrt")}
    return Vocabulary(
        {**words, "log": decimal.Decimal.ln, "power": pow, "number": decimal.Decimal, "real": _comparable}
        | {"len": lambda xs: decimal.Decimal(len(xs))}
    )


def _comparable(x: Any) -> Any:
    return math.nan if isinstance(x, decimal.Decimal) and x.is_nan() else x


@contextmanager
def _decimal_digits(digits: int) -> Iterator[None]:
    with decimal.localcontext() as context:
        context.prec = digits
        context.traps = dict.fromkeys(context.traps, False)  # As floats have it: infinities and nan, no errors.
        yield


# ── sympy ──


@cache
def _formulas() -> Vocabulary:
    sympy = _installed("sympy")
    names = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "erf")
    return Vocabulary(
        {name: getattr(sympy, name) for name in names}
        | {"power": pow, "absolute": sympy.Abs, "number": _exact, "inf": sympy.oo, "nan": sympy.nan}
        | {"greatest": lambda xs: sympy.Max(*xs), "least": lambda xs: sympy.Min(*xs)}
        | {"where": lambda test, then, other: sympy.piecewise_fold(sympy.Piecewise((then, test), (other, True)))}
    )


def _exact(x: Any) -> Any:
    sympy = _installed("sympy")
    if isinstance(x, float):
        return sympy.Integer(int(x)) if x.is_integer() else sympy.Float(x)
    return sympy.sympify(x)


def _symbols(tape: Tape) -> dict[int, Any]:
    """A symbol for each leaf, by its label, or by x and its place."""
    sympy = _installed("sympy")
    leaves = [k for k in range(len(tape)) if not tape.operation(k) and not tape.is_constant(k)]
    labels = [tape.node(k).label for k in leaves]
    names = [label if label and labels.count(label) == 1 else f"x{k}" for k, label in zip(leaves, labels, strict=True)]
    return {k: sympy.Symbol(name, real=True) for k, name in zip(leaves, names, strict=True)}


_KINDS: Final[Mapping[str, _Numbers]] = {
    "fraction": _Numbers(_fractions, Fraction),
    "decimal": _Numbers(_decimals, decimal.Decimal, _decimal_digits),
    "complex": _Numbers(complex_numbers, complex),
    "mpmath": _Numbers(mpmath_numbers, lambda x: _installed("mpmath").mpf(x), _mpmath_digits),
    "dual": _Numbers(dual_numbers, lambda x: x if isinstance(x, Dual) else Dual(float(x))),
    "interval": _Numbers(interval_numbers, interval, selects=True),
    "sympy": _Numbers(_formulas, _exact, selects=True),
}
_OF_TYPES: Final = {"mpf": "mpmath", "mpc": "mpmath", "symbol": "sympy"}
"""The kinds that are not named as their types are."""


class Replay:
    """A program over other numbers: its value, those of all its nodes, and its derivatives."""

    def __init__(
        self, tape: Tape, kind: str, given: Mapping[int, object], digits: int, finish: Callable[[Any], Any]
    ) -> None:
        self._tape, self._kind, self._numbers, self._finish = tape, kind, _KINDS[kind], finish
        self._digits = digits
        self._values: list[Any] = []
        with self._numbers.context(digits):
            for place in range(len(tape)):
                if tape.operation(place):
                    self._values.append(self.applied(place, None))
                else:
                    self._values.append(self._numbers.convert(given.get(place, tape.data[place])))

    @property
    def value(self) -> Any:
        """The value of the root."""
        return self._finish(self._values[-1])

    def __getitem__(self, node: Value) -> Any:
        """The value of any node; ValueError for one that is not in the graph."""
        return self._finish(self._values[self._tape.place(node)])

    def grad(self, node: Value) -> Any:
        """∂root/∂node; ValueError for a node that is not in the graph, TypeError where these numbers can't tell."""
        place = self._tape.place(node)
        with self._numbers.context(self._digits):
            way = self._tape.leading_to([place])
            found = self._tape.gradients(_Over(self, way), way).get(place)
            return self._finish(self._numbers.convert(0.0) if found is None else found)

    def __repr__(self) -> str:
        return f"Replay({self.value!r})"

    def operands(self, place: int) -> list[Any]:
        """The operands of an entry as its rule takes them."""
        tape = self._tape
        return rule(tape.operation(place)).grouped([self._values[k] for k in tape.operands_of(place)])

    def applied(self, place: int, position: int | None) -> Any:
        """The value of the operation at a place, or its derivative by the operand at that position of its rule."""
        op, vocabulary = self._tape.operation(place), self._numbers.vocabulary()
        try:
            if self._numbers.selects:
                return over_arrays(op, vocabulary)(*self.operands(place))[0 if position is None else 1 + position]
            if position is None:
                return value_over(op, vocabulary)(*self.operands(place))
            return partial_over(op, position, vocabulary)(self._values[place], *self.operands(place))
        except (TypeError, ZeroDivisionError) as error:
            wanted = f"the {'value' if position is None else 'derivative'} of {rule(op).name}"
            raise type(error)(f"replay over {self._kind}: {wanted}, v{place}, can't be computed: {error}") from error


class _Over:
    """The arithmetic of a sweep over other numbers."""

    def __init__(self, replay: Replay, way: set[int]) -> None:
        self._replay, self._way = replay, way

    def one(self) -> Any:
        return self._replay._numbers.convert(1.0)

    def partials(self, place: int) -> Sequence[Any]:
        tape = self._replay._tape
        r, wanted = rule(tape.operation(place)), [k in self._way for k in tape.operands_of(place)]
        n = len(wanted) // len(r.operands) if r.of_sequences else 1
        rows = [
            self._replay.applied(place, i) if any(wanted[i * n : (i + 1) * n]) else [None] * n
            for i in range(len(r.operands))
        ]
        return [partial for row in rows for partial in row] if r.of_sequences else rows

    def contribution(self, upstream: Any, partial: Any) -> Any:
        return upstream * partial

    def accumulated(self, before: Any, amount: Any) -> Any:
        return amount if before is None else before + amount


def replay(
    root: Value,
    numbers: str | type,
    *,
    inputs: Mapping[Value, object] | None = None,
    digits: int = DIGITS,
    simplify: bool = False,
) -> Replay:
    """The recorded program of root over other numbers.

    numbers is a type (`Fraction`, `Decimal`, `complex`, `Dual`, `Interval`, `mpmath.mpf`) or a name: "fraction" (exact;
    arithmetic and whole powers alone), "decimal" and "mpmath" (of so many digits), "complex", "dual", "interval",
    "sympy" (each leaf is a symbol of its label; simplify=True simplifies the results). inputs puts other numbers in
    the places of leaves: `{x: 0.5 + 1e-30j}`, `{x: Dual(0.5, 1.0)}`, `{x: (0.0, 1.0)}` for an interval.

    TypeError for an operation that these numbers do not have, which it names; ValueError for another name of numbers
    and for inputs that are no leaves of the graph; ImportError where mpmath or sympy is asked for and not installed.

    >>> x = Value(0.5, label="x")
    >>> replay(x.tanh() * x, "dual", inputs={x: Dual(0.5, 1.0)}).value
    Dual(value=0.2310585786300049, derivative=0.8553409...)
    """
    tape = Tape(root)
    name = numbers if isinstance(numbers, str) else getattr(numbers, "__name__", repr(numbers)).lower()
    kind = _OF_TYPES.get(name, name)
    known("kind of numbers", kind, _KINDS)
    given: dict[int, object] = dict(_symbols(tape)) if kind == "sympy" else {}
    for leaf, number in (inputs or {}).items():
        if leaf not in tape or leaf.operands:
            raise ValueError(f"replay: inputs are leaves of the graph, and {leaf!r} is none")
        given[tape.place(leaf)] = number
    return Replay(tape, kind, given, digits, _installed("sympy").simplify if simplify else lambda x: x)
