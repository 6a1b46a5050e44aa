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
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fractions import Fraction
from functools import cache, partial
from typing import Any, Final, NamedTuple

from autograd.arguments import a_value, known, shown, whole
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.formula.cases import rule
from autograd.formula.dual import Dual, applied, dual, dual_numbers
from autograd.formula.interval import Interval, interval, interval_numbers, over_parts
from autograd.formula.vocabularies import (
    Vocabulary,
    complex_numbers,
    installed,
    mpmath_numbers,
    mpmath_of,
    over,
    over_arrays,
    own_mpmath,
    partial_over,
    value_over,
)

__all__ = ["Dual", "Interval", "Replay", "replay"]

DIGITS: Final = 60
"""Decimal digits of mpmath and decimal, where none are asked for."""
_SIMPLE: Final = 64
"""Floats of up to so many parts of 1 are fractions in a formula, as the ½ of a square root; 0.1 is none to read."""


class _Numbers(NamedTuple):
    """A kind of numbers that a program can be replayed over."""

    type: str
    """The type that stands for it, behind its package."""
    convert: Callable[[Any], Any]
    """Of a float, or of a number that the caller gives, to this kind."""
    compute: Callable[[str, int, Any, list[Any]], Any]
    """A result of an operation, by its place in the rule: 0 is the value z, made of the operands; the derivatives that
    follow are made of z and the operands."""
    context: Callable[[int], AbstractContextManager[object]] = lambda digits: nullcontext()
    """In which numbers of so many digits are computed."""
    given_back: Callable[[Any], Any] = lambda x: x
    """A number as the caller gets it."""


def _by_case(vocabulary: Callable[[], Vocabulary], op: str, result: int, z: Any, operands: list[Any]) -> Any:
    if result == 0:
        return value_over(op, vocabulary())(*operands)
    return partial_over(op, result - 1, vocabulary())(z, *operands)


def _dual(op: str, result: int, z: Any, operands: list[Any]) -> Any:
    return applied(op, *operands) if result == 0 else _by_case(dual_numbers, op, result, z, operands)


def _interval(op: str, result: int, z: Any, operands: list[Any]) -> Any:
    # The value that derivatives are written in is computed again, because on a part of the operands it is narrower.
    function = over(op, interval_numbers())
    return over_parts(lambda *xs: function(*xs)[result], operands)


def _formula(op: str, result: int, z: Any, operands: list[Any]) -> Any:
    return over_arrays(op, _formulas())(*operands)[result]


# ── fractions, decimals, mpmath ──


def _whole_power(x: Fraction, y: Fraction) -> Fraction:
    if y.denominator != 1:
        raise TypeError(f"a power of {y}, which is not whole, is no fraction")
    return x**y.numerator


@cache
def _fractions() -> Vocabulary:
    return Vocabulary({"number": Fraction, "power": _whole_power, "len": lambda xs: Fraction(len(xs))})


@cache
def _decimals() -> Vocabulary:
    of = decimal.Decimal
    words = {"exp": of.exp, "log": of.ln, "log10": of.log10, "sqrt": of.sqrt, "number": of}
    return Vocabulary({**words, "power": lambda x, y: x**y if y else of(1), "len": lambda xs: of(len(xs))})


def _decimal(x: Any) -> decimal.Decimal:
    return decimal.Decimal(x, decimal.Context())  # A text that is no number raises here, and is no quiet nan.


@contextmanager
def _decimal_digits(digits: int) -> Iterator[None]:
    with decimal.localcontext(prec=digits) as context:
        context.traps = dict.fromkeys(context.traps, False)  # As floats have it: infinities and nan, no errors.
        yield


def _mpf(x: Any) -> Any:
    return own_mpmath().mpf(x)


def _mpmath_numbers() -> Vocabulary:
    return mpmath_numbers(own_mpmath())


def _of_everybody(x: Any) -> Any:
    """A number of the package's own context of mpmath in the context that all share, with all its digits."""
    return installed("mpmath").mp.make_mpf(x._mpf_)


# ── sympy ──


@cache
def _formulas() -> Vocabulary:
    sympy = installed("sympy")
    names = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "erf")

    def where(test: Any, then: Any, other: Any) -> Any:
        # A case that is nan is for operands that are nan, or for those outside the domain of a logarithm.
        if other is sympy.nan or then is sympy.nan:
            return then if other is sympy.nan else other
        rest = other.args if isinstance(other, sympy.Piecewise) else [(other, True)]
        return sympy.Piecewise((then, test), *rest)

    return Vocabulary(
        {name: getattr(sympy, name) for name in names}
        | {"power": pow, "absolute": sympy.Abs, "number": _exact, "inf": sympy.oo, "nan": sympy.nan}
        | {"greatest": lambda xs: sympy.Max(*xs), "least": lambda xs: sympy.Min(*xs)}
        | {"where": where, "compare": sympy.Rel}
        | {"ties": lambda xs, z: sum(where(sympy.Eq(x, z), 1, 0) for x in xs)}
    )


def _exact(x: Any) -> Any:
    sympy = installed("sympy")
    simple = isinstance(x, float) and (x * _SIMPLE).is_integer()
    return sympy.Rational(x) if simple else sympy.sympify(x)


def _symbols(tape: Tape) -> dict[int, Any]:
    """A symbol for each leaf: by its label, or x and a number where it has none of its own."""
    sympy = installed("sympy")
    leaves = [k for k in range(len(tape)) if not tape.operation(k) and not tape.is_constant(k)]
    count = Counter(tape.node(k).label for k in leaves)
    labelled = {label: sympy.Symbol(label, real=True) for label in count if label and count[label] == 1}
    fresh = sympy.numbered_symbols("x", exclude=labelled.values(), real=True)
    return {k: labelled.get(tape.node(k).label) or next(fresh) for k in leaves}


_KINDS: Final[Mapping[str, _Numbers]] = {
    "fraction": _Numbers("fractions.Fraction", Fraction, partial(_by_case, _fractions)),
    "decimal": _Numbers("decimal.Decimal", _decimal, partial(_by_case, _decimals), _decimal_digits),
    "complex": _Numbers("builtins.complex", complex, partial(_by_case, complex_numbers)),
    "mpmath": _Numbers("mpmath.mpf", _mpf, partial(_by_case, _mpmath_numbers), mpmath_of, _of_everybody),
    "dual": _Numbers("autograd.Dual", dual, _dual),
    "interval": _Numbers("autograd.Interval", interval, _interval),
    "sympy": _Numbers("sympy.Symbol", _exact, _formula),
}


class _Failure(NamedTuple):
    """The place of a value that can't be computed, which is no error in a branch that `where` does not take."""

    error: Exception


class Replay:
    """A program over other numbers: its value, those of all its nodes, and its derivatives."""

    def __init__(
        self, tape: Tape, kind: str, given: Mapping[int, object], digits: int, finish: Callable[[Any], Any]
    ) -> None:
        self._tape, self._kind, self._digits, self._finish = tape, kind, digits, finish
        self._values: list[Any] = []
        with _KINDS[kind].context(digits):
            for place in range(len(tape)):
                self._values.append(self._tried(place, given))
            self._value(tape.roots[0])

    @property
    def value(self) -> Any:
        """The value of the root."""
        return self._finish(self._values[-1])

    def __getitem__(self, node: Value) -> Any:
        """The value of any node; ValueError for one that is not in the graph."""
        return self._finish(self._value(self._tape.place(node)))

    def grad(self, node: Value) -> Any:
        """∂root/∂node; ValueError for a node that is not in the graph, TypeError where these numbers can't tell."""
        place = self._tape.place(node)
        with _KINDS[self._kind].context(self._digits):
            way = self._tape.leading_to([place])
            found = self._tape.gradients(_Sweep(self, way), way)
            return self._finish(found[place] if place in found else _KINDS[self._kind].convert(0.0))

    def __repr__(self) -> str:
        return f"Replay({self.value!r})"

    def _value(self, place: int) -> Any:
        value = self._values[place]
        if isinstance(value, _Failure):
            raise value.error
        return value

    def _tried(self, place: int, given: Mapping[int, object]) -> Any:
        try:
            return self._computed(place, 0) if self._tape.operation(place) else self._taken(place, given)
        except (TypeError, ValueError, ArithmeticError) as error:
            if "where" not in self._tape.operations:
                raise
            return _Failure(error)

    def _taken(self, place: int, given: Mapping[int, object]) -> Any:
        x = given.get(place, self._tape.data[place])
        with self._explained(lambda: f"the number {shown(x)} of the leaf v{place} can't be taken"):
            return _KINDS[self._kind].convert(x)

    def _computed(self, place: int, result: int) -> Any:
        """A result of the operation at a place: 0 is its value, the others are its derivatives."""
        tape, op = self._tape, self._tape.operation(place)
        first, *rest = tape.operands_of(place)
        value = self._values.__getitem__ if op == "where" else self._value
        row = [self._value(first), *map(value, rest)]

        def failed() -> str:
            wanted = f"the {'derivative' if result else 'value'} of {rule(op).name}, v{place}"
            remedy = "" if self._kind == "mpmath" else " (replay over 'mpmath' has all operations)"
            return f"{wanted}, can't be computed at {', '.join(map(_shown, row))}{remedy}"

        with self._explained(failed):
            return _KINDS[self._kind].compute(
                op, result, self._values[place] if result else None, rule(op).grouped(row)
            )

    @contextmanager
    def _explained(self, failed: Callable[[], str]) -> Iterator[None]:
        try:
            yield
        except (TypeError, ValueError, ArithmeticError) as error:
            raise type(error)(f"replay over {self._kind}: {failed()}: {error}") from error


def _shown(x: Any) -> str:
    try:
        text = str(x)
    except ValueError:  # Python writes no int of more than 4,300 digits.
        text = "a number too long to show"
    return text if len(text) <= 60 else f"{text[:59]}…"


class _Sweep(NamedTuple):
    """The arithmetic of a sweep over other numbers, along the ways to one node."""

    replay: Replay
    way: set[int]

    def one(self) -> Any:
        return _KINDS[self.replay._kind].convert(1.0)

    def partials(self, place: int) -> Sequence[Any]:
        # Those by operands off the way may have no meaning over these numbers.
        r, operands = rule(self.replay._tape.operation(place)), self.replay._tape.operands_of(place)
        n = len(operands) // len(r.operands)
        rows = [
            self.replay._computed(place, 1 + i) if self.way.intersection(operands[i * n : (i + 1) * n]) else [None] * n
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

    numbers is a type (`Fraction`, `Decimal`, `complex`, `Dual`, `Interval`, `mpmath.mpf`, `sympy.Symbol`) or a name:
    "fraction" (exact; arithmetic and whole powers alone), "decimal" and "mpmath" (of so many digits), "complex",
    "dual", "interval", "sympy" (each leaf is a symbol of its label; simplify=True simplifies the results). inputs puts
    other numbers in the places of leaves: `{x: 0.5 + 1e-30j}`, `{x: Dual(0.5, 1.0)}`, `{x: (0.0, 1.0)}` for an
    interval.

    A detached node is computed anew, and passes no derivative on; over complex numbers its imaginary part stays.

    TypeError for an operation that these numbers do not have, ArithmeticError and ValueError where it has no result
    over them, all of which name it; ValueError for another kind of numbers and for inputs that are no leaves of the
    graph; ImportError where mpmath or sympy is asked for and not installed.

    >>> x = Value(0.5, label="x")
    >>> replay(x.tanh() * x, "dual", inputs={x: Dual(0.5, 1.0)}).value
    Dual(value=0.2310585786300048..., derivative=0.855341023742973...)
    """
    tape = Tape(a_value(root, "replay"))
    wanted = numbers
    if isinstance(numbers, type):
        of_type = f"{numbers.__module__.partition('.')[0]}.{numbers.__name__}"
        wanted = next((name for name, each in _KINDS.items() if each.type == of_type), of_type)
    kind = known("kind of numbers", wanted, _KINDS)
    if simplify and kind != "sympy":
        raise ValueError(f"replay: simplify is for formulas, as in replay(root, 'sympy', simplify=True), not {kind}")
    given: dict[int, object] = dict(_symbols(tape)) if kind == "sympy" else {}
    for leaf, number in dict(inputs or {}).items():
        if leaf not in tape or leaf.operands:
            raise ValueError(f"replay: inputs are leaves of the graph, and {shown(leaf)} is none")
        given[tape.place(leaf)] = number
    finish = installed("sympy").simplify if simplify else _KINDS[kind].given_back
    return Replay(tape, kind, given, whole("digits", digits), finish)
