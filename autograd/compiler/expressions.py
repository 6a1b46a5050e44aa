"""Values and derivatives of the rules as single expressions, made as short as floats allow.

>>> shown(partial_of("tanh", "x")), shown(value_of("relu")), shown(partial_of("relu", "x"))
('1 - z²', 'maximum(x, 0)', 'sign(z)')
>>> shown(value_of("power", {"y": 2.0})), shown(partial_of("power", "x", {"y": 2.0}))
('x²', '2·x')

The cases of a rule become choices, and each choice takes the quickest form that gives the same numbers on arrays, by
trial on many points with all the special ones. So nothing here knows an operation by its name.
"""

import math
from collections.abc import Iterator, Mapping
from functools import cache, reduce
from itertools import product
from random import Random
from typing import Any, Final

import numpy as np

from autograd.compiler.words import definitions, evaluated
from autograd.engine import ieee
from autograd.formula.cases import Case, Expression, cases_of, fold, names_in, rule
from autograd.formula.text import expression_text as shown
from autograd.formula.vocabularies import floats

__all__ = [
    "call",
    "name",
    "names_in",
    "negative",
    "number",
    "partial_of",
    "plus",
    "replaced",
    "shown",
    "simplified",
    "times",
    "value_of",
]

CLOSE: Final = 1e-15
"""Two forms of a choice differ by no more, relative to the result: two or three roundings, each of 1.1e-16."""
VANISHING: Final = 1e-300
"""Results that are smaller count as equal: near 1e-308 floats lose their digits."""


# ── making expressions ──


def number(x: float) -> Expression:
    """A number; nan is one object, so that it equals itself, and −0 is not equal to 0."""
    if x != x:
        return _NAN
    if x == 0.0 and math.copysign(1.0, x) < 0.0:
        return Expression("negative", (Expression("number", (0.0,)),))
    return Expression("number", (x,))


_NAN: Final = Expression("number", (math.nan,))
_TRUE, _FALSE = number(1.0), number(0.0)


def known(e: Expression) -> float | None:
    """The number that an expression is, if it is one."""
    if e.form == "number":
        return e.parts[0]  # type: ignore[return-value]
    return -0.0 if e == number(-0.0) else None


def name(text: str) -> Expression:
    """An operand by its name."""
    return Expression("name", (text,))


def negative(e: Expression) -> Expression:
    """−e."""
    if e.form == "negative":
        return e.parts[0]  # type: ignore[return-value]
    x = known(e)
    return Expression("negative", (e,)) if x is None else number(-x)


def plus(a: Expression, b: Expression) -> Expression:
    """a + b; 0 is added where it may turn −0 into 0."""
    x, y = known(a), known(b)
    if x is not None and y is not None:
        return number(x + y)
    if a.form == "negative" or (x is not None and x < 0.0):
        a, b, x, y = b, a, y, x
    if b.form == "negative" or (y is not None and y < 0.0):
        return minus(a, negative(b))
    return Expression("infix", ("+", a, b))


def minus(a: Expression, b: Expression) -> Expression:
    """a − b."""
    x, y = known(a), known(b)
    if x is not None and y is not None:
        return number(x - y)
    if b == number(0.0):
        return a
    if b.form == "negative" or (y is not None and y < 0.0):
        return plus(a, negative(b))
    return Expression("infix", ("-", a, b))


def times(a: Expression, b: Expression) -> Expression:
    """a · b, where a sign is moved in front."""
    x, y = known(a), known(b)
    if x is not None and y is not None:
        return number(x * y)
    if x == -1.0 or y == -1.0:
        return negative(b if x == -1.0 else a)
    if x == 1.0 or y == 1.0:
        return b if x == 1.0 else a
    if a.form == "negative" and x is None:
        return negative(times(negative(a), b))
    if b.form == "negative" and y is None:
        return negative(times(a, negative(b)))
    for one, other in ((a, b), (b, a)):
        if other.parts[:2] == ("divide", number(1.0)):
            return over(one, _parts(other)[1])
    return Expression("infix", ("*", a, b))


def over(a: Expression, b: Expression) -> Expression:
    """a / b, for any b."""
    x, y = known(a), known(b)
    if x is not None and y is not None:
        return number(ieee.divide(x, y))
    if y is not None and math.isfinite(y) and abs(math.frexp(y)[0]) == 0.5 and 1e-300 < abs(y) < 1e300:
        return times(a, number(1.0 / y))  # By a power of two it is exact.
    if (a.form == "negative" and x is None) or x == -1.0:
        return negative(over(negative(a), b))
    if b.form == "negative" and y is None:
        return negative(over(a, negative(b)))
    return Expression("call", ("divide", a, b))


def call(word: str, *arguments: Expression) -> Expression:
    """A word of the rules on arguments."""
    numbers = [x for x in map(known, arguments) if x is not None]
    if len(numbers) == len(arguments) and word in floats().words:
        return number(floats().words[word](*numbers))
    if word == "divide":
        return over(*arguments)
    if word in ("power", "scaled_power") and (found := _power(*arguments)) is not None:
        return found
    if word in ("unsigned_zero", "over_square"):
        definition = definitions()[word]
        given = dict(zip(definition.operands, arguments, strict=True))
        return simplified(replaced(definition.cases[0].value, given))
    return Expression("call", (word, *arguments))


def _power(*arguments: Expression) -> Expression | None:
    """The power x^y, or c·x^(y−k), in quicker words; None where there are none that agree on all floats."""
    if len(arguments) == 2:
        x, y = arguments
        small: dict[float | None, Expression] = {0.0: number(1.0), 1.0: x, 2.0: times(x, x)}
        small |= {3.0: times(times(x, x), x), -1.0: over(number(1.0), x)}
        if known(y) == 0.5:  # The square root of −inf is nan, and its power is inf.
            infinite = Expression("comparison", ("==", x, number(-math.inf)))
            return Expression("choice", (infinite, number(math.inf), call("sqrt", x)))
        return small.get(known(y))
    c, x, y = arguments[:3]
    factor, base, exponent = map(known, (c, x, y))
    if factor == 0.0:
        return c
    # Where a factor is small or unknown, the power may leave the range of floats though the product doesn't.
    if factor is not None and base is not None and base > 0.0 and arguments[3] == number(0.0):
        return times(c, call("power", x, y))
    if factor is not None and abs(factor) >= 0.5 and exponent is not None and arguments[3] == number(1.0):
        if exponent == -1.0:
            return times(c, times(over(number(1.0), x), over(number(1.0), x)))
        if exponent - 1.0 + 1.0 == exponent and abs(exponent) < 2.0**52:
            return times(c, call("power", x, number(exponent - 1.0)))
    return None


def replaced(e: Expression, given: Mapping[str, Expression]) -> Expression:
    """An expression with others in the place of some names; a list's stands for its elements inside `each`."""
    parts = tuple(replaced(part, given) if isinstance(part, Expression) else part for part in e.parts)
    if e.form == "name":
        return given.get(str(parts[0]), e)
    if e.form in ("element", "length") and (found := given.get(str(parts[0]))) is not None:
        if e.form == "length":
            return Expression("length", (_sequences(found)[0],))
        inner = found.parts[0] if found.form == "each" else found
        return Expression("element", inner.parts) if found.form == "name" else inner  # type: ignore
    if e.form == "each":
        of, *sequences = parts
        kept = [s for old in sequences for s in (_sequences(given[str(old)]) if old in given else [old])]
        return Expression("each", (of, *dict.fromkeys(kept)))
    return Expression(e.form, parts)


def _sequences(e: Expression) -> list[str]:
    """The lists of which an expression makes a list."""
    return [str(s) for s in e.parts[1:]] if e.form == "each" else sorted(names_in(e))


# ── simplifying ──


def simplified(e: Expression) -> Expression:
    """An expression that gives the same floats: numbers are worked out, and choices take their quickest form."""
    return fold(e, _Simplifying())


class _Simplifying:
    """The reading of expressions as simpler ones."""

    number = staticmethod(number)
    name = staticmethod(name)
    negative = staticmethod(negative)
    call = staticmethod(call)

    def constant(self, name: str, x: float) -> Expression:
        return number(x)

    def element(self, sequence: str) -> Expression:
        return Expression("element", (sequence,))

    def length(self, sequence: str) -> Expression:
        return Expression("length", (sequence,))

    def infix(self, sign: str, left: Expression, right: Expression) -> Expression:
        if sign == "/" and known(right) is None:
            return Expression("infix", (sign, left, right))
        return {"+": plus, "-": minus, "*": times, "/": over}[sign](left, right)

    def comparison(self, sign: str, left: Expression, right: Expression) -> Expression:
        x, y = known(left), known(right)
        if x is None or y is None:
            return Expression("comparison", (sign, left, right))
        return _TRUE if _holds(sign, x, y) else _FALSE

    def logic(self, word: str, *parts: Expression) -> Expression:
        neutral, deciding = (_TRUE, _FALSE) if word == "and" else (_FALSE, _TRUE)
        rest = [part for part in parts if part != neutral]
        if deciding in rest or not rest:
            return deciding if rest else neutral
        return Expression("logic", (word, *rest)) if len(rest) > 1 else rest[0]

    def choice(self, test: Expression, then: Expression, other: Expression) -> Expression:
        if test in (_TRUE, _FALSE) or then == other:
            return other if test == _FALSE else then
        if then == _NAN and test == Expression("comparison", ("!=", other, other)):
            return other
        return _quickest(test, then, other)

    def each(self, of: Expression, *sequences: str) -> Expression:
        return Expression("each", (of, *sequences))


def _holds(sign: str, x: float, y: float) -> bool:
    return bool(evaluated(Expression("comparison", (sign, name("x"), name("y"))), {"x": x, "y": y}))


@cache
def _quickest(test: Expression, then: Expression, other: Expression) -> Expression:
    """The first form of a choice that gives the same at all points of a trial, or the choice itself."""
    e = Expression("choice", (test, then, other))
    trial = _trial(e)
    if trial is None:
        return e
    wanted = evaluated(e, trial)
    return next((form for form in _forms(e) if _agree(evaluated(form, trial), wanted)), e)


def _forms(e: Expression) -> Iterator[Expression]:
    """Other forms of a choice, the quickest first, right or wrong."""
    test, then, other = _parts(e)
    yield from (other, then)
    sides = _parts(test)
    if test.form == "comparison":
        a, b = sides
        yield from (call(word, a, b) for word in ("maximum", "minimum"))
        yield from (call(word, a) for word in ("absolute", "sign"))
        yield call("sign", call("maximum", a, b))
        yield from _steps(e, a, b)
        if known(then) is None:
            for word in ("maximum", "minimum"):
                yield from (call(word, then, rest) for rest in _without_nan(other))
            if a.form == "name" and then == a:
                below = replaced(other, {str(a.parts[0]): call("minimum", a, b)})
                yield plus(call("maximum", a, b), simplified(below))
    for rest in _without_nan(other):
        yield Expression("choice", (test, then, rest))
    if other.form == "choice":
        inner, value, _ = _parts(other)
        yield Expression("choice", (inner, value, then))


def _without_nan(e: Expression) -> Iterator[Expression]:
    """The branches of a choice between one and nan, or else the expression."""
    yield _parts(e)[1] if e.form == "choice" and _parts(e)[2] == _NAN else e


def _parts(e: Expression) -> tuple[Expression, ...]:
    return tuple(part for part in e.parts if isinstance(part, Expression))


def _steps(e: Expression, a: Expression, b: Expression) -> Iterator[Expression]:
    """A choice between numbers, by how a compares to b, in terms of a sign."""
    if a.form != "name":
        a, b = b, a
    names, level = names_in(a) | names_in(b), known(b) or 0.0
    if a.form != "name" or not (_is_of_numbers(e) and names_in(e) <= names):
        return
    points = [dict.fromkeys(names, 0.0) | {str(a.parts[0]): level + x} for x in (1.0, -1.0, 0.0)]
    above, below, tie = (float(evaluated(e, point)) for point in points)
    if math.isnan(above + below + tie):
        return
    sign, middle, half = call("sign", minus(a, b)), (above + below) / 2.0, (above - below) / 2.0
    step = plus(number(middle), times(number(half), sign))
    yield from (step, call("maximum", sign, number(below)), call("minimum", sign, number(above)))
    yield plus(number(below), times(number(above - below), call("sign", call("maximum", a, b))))
    # The difference of equal infinities is nan.
    yield Expression("choice", (Expression("comparison", ("==", a, b)), number(tie), step))


def _is_of_numbers(e: Expression) -> bool:
    return all(_is_of_numbers(part) if part.form == "choice" else known(part) is not None for part in _parts(e)[1:])


_LISTS: Final = ("element", "length", "each")
_POINTS: Final = (0.0, 5e-324, 1e-310, 1e-170, 1e-8, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.7, 30.0, 41.0, 100.0, 710.0, 800.0)
_MOST: Final = 4096


@cache
def _trial(e: Expression) -> dict[str, Any] | None:
    """Numbers for the names in an expression; None if it works on lists or compares more than names and numbers."""
    inside = [*_all(e)]
    compared = [side for inner in inside if inner.form == "comparison" for side in _parts(inner)]
    if any(inner.form in _LISTS for inner in inside) or any(
        side.form != "name" and known(side) is None for side in compared
    ):
        return None
    edges = [x for inner in inside if (x := known(inner)) is not None]
    edges += [math.nextafter(x, to) for x in edges for to in (-math.inf, math.inf)]
    points = sorted({*_POINTS, 2e3, 1e10, 1e150, 1e200, 1.7e308, math.inf, *(abs(x) for x in edges if x == x)})
    axis, names = [*points, *(-x for x in points), math.nan], sorted(names_in(e))
    rows: Any = product(axis, repeat=len(names))
    if len(axis) ** len(names) > _MOST:
        rng = Random(0)
        rows = [rng.choices(axis, k=len(names)) for _ in range(_MOST)]
        rows += [[x] * len(names) for x in axis]
    return dict(zip(names, np.array([*rows]).T, strict=True))


def _all(e: Expression) -> Iterator[Expression]:
    yield e
    for part in _parts(e):
        yield from _all(part)


def _agree(found: Any, wanted: Any) -> bool:
    with np.errstate(all="ignore"):
        small = np.maximum(np.abs(found), np.abs(wanted)) < VANISHING
        near = np.isfinite(wanted) & (np.abs(found - wanted) <= CLOSE * np.abs(wanted))
    return bool(np.all(small | near | (found == wanted) | (np.isnan(found) & np.isnan(wanted))))


# ── the rules ──


def value_of(op: str, constants: Mapping[str, float] | None = None) -> Expression:
    """The value of an operation over the names of its operands, those that are constants put in as numbers.

    ValueError if there is no such rule, or one without a source.
    """
    return _merged(op, 0, tuple(sorted((constants or {}).items())))


def partial_of(op: str, operand: str, constants: Mapping[str, float] | None = None) -> Expression:
    """The derivative of an operation by an operand, over the names of its operands and z, the value.

    Of an operation on lists it is a list. ValueError as for `value_of`.
    """
    return _merged(op, 1 + rule(op).operands.index(operand), tuple(sorted((constants or {}).items())))


@cache
def _merged(op: str, which: int, constants: tuple[tuple[str, float], ...]) -> Expression:
    """The value, or the derivative by one operand from 1 on."""
    given = {operand: number(x) for operand, x in constants}
    *others, last = [_inlined(case, which, given) for case in cases_of(op)]
    e = reduce(lambda other, case: Expression("choice", (*case, other)), reversed(others), last[1])
    e = simplified(e)
    if not which:
        return e
    value = _merged(op, 0, constants)
    return e if known(value) is not None or value.form == "name" else _put(name("z"), value, e)


def _inlined(case: Case, which: int, given: Mapping[str, Expression]) -> tuple[Expression, Expression]:
    """The guard of a case and one of its results, without lets; in a derivative z stays a name."""
    known_names = dict(given)
    for let, e in case.lets:
        if not (which and let == "z"):
            known_names[let] = replaced(e, known_names)
    wanted = (case.value, *case.partials)[which]
    guards = [replaced(guard, known_names) for guard in case.guards]
    return Expression("logic", ("and", *guards)), replaced(wanted, known_names)


def _put(new: Expression, old: Expression, e: Expression) -> Expression:
    """An expression with a new part wherever it has an old one."""
    if e == old:
        return new
    return Expression(e.form, tuple(_put(new, old, part) if isinstance(part, Expression) else part for part in e.parts))
