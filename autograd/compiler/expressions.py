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
from autograd.formula.cases import Case, Expression, cases_of, rule
from autograd.formula.cases import names_in as names_in
from autograd.formula.text import shown as shown
from autograd.formula.vocabularies import floats

CLOSE: Final = 1e-15
"""Two forms of a choice differ by no more, relative to the result: a few roundings of 1.1e-16."""
VANISHING: Final = 1e-300
"""Results that are smaller count as equal: near 1e-308 floats lose their digits."""


# ── making expressions ──


def number(x: float) -> Expression:
    """A number; nan is one object, so that it equals itself, and −0 is not equal to 0."""
    if x == 0.0 and math.copysign(1.0, x) < 0.0:
        return Expression("negative", (Expression("number", (0.0,)),))
    return Expression("number", (x if x == x else math.nan,))


def known(e: Expression) -> float | None:
    """The number that an expression is, if it is one."""
    if e == Expression("negative", (Expression("number", (0.0,)),)):
        return -0.0
    return e.parts[0] if e.form == "number" else None  # type: ignore[return-value]


def name(text: str) -> Expression:
    """An operand by its name."""
    return Expression("name", (text,))


def negative(e: Expression) -> Expression:
    """−e."""
    if e.form == "negative":
        return _parts(e)[0]
    x = known(e)
    return Expression("negative", (e,)) if x is None else number(-x)


def plus(a: Expression, b: Expression) -> Expression:
    """a + b."""
    return _infix("+", a, b)


def times(a: Expression, b: Expression) -> Expression:
    """a · b."""
    return _infix("*", a, b)


def over(a: Expression, b: Expression) -> Expression:
    """a / b, for any b."""
    return _infix("/", a, b)


def choice(test: Expression, then: Expression, other: Expression) -> Expression:
    """then where the test holds, and other elsewhere."""
    return Expression("choice", (test, then, other))


def _infix(sign: str, a: Expression, b: Expression) -> Expression:
    """Two sides with a sign between them; minus signs are moved in front of products, and out of sums."""
    x, y = known(a), known(b)
    if x is not None and y is not None:
        return number(ieee.divide(x, y) if sign == "/" else {"+": x + y, "-": x - y, "*": x * y}[sign])
    if sign in "+-":
        if sign == "+" and _is_negative(a):
            a, b = b, a
        if _is_negative(b):
            return _infix("-" if sign == "+" else "+", a, negative(b))
        return a if sign == "-" and b == number(0.0) else Expression("infix", (sign, a, b))
    if a.form == "negative" or x == -1.0:
        return negative(_infix(sign, negative(a), b))
    if b.form == "negative" or y == -1.0:
        return negative(_infix(sign, a, negative(b)))
    if y == 1.0 or (x == 1.0 and sign == "*"):
        return a if y == 1.0 else b
    if sign == "/":
        if y is not None and abs(math.frexp(y)[0]) == 0.5 and math.isfinite(1.0 / y):  # A power of two.
            return times(a, number(1.0 / y))
        return Expression("call", ("divide", a, b))
    for one, other in ((a, b), (b, a)):
        if other.parts[:2] == ("divide", number(1.0)) and one != other:
            return over(one, _parts(other)[1])
    return Expression("infix", ("*", a, b))


def _is_negative(e: Expression) -> bool:
    x = known(e)
    return e.form == "negative" or (x is not None and x < 0.0)


def call(word: str, *arguments: Expression) -> Expression:
    """A word of the rules on arguments."""
    numbers = [x for x in map(known, arguments) if x is not None]
    if len(numbers) == len(arguments) and word in floats().words:
        return number(floats().words[word](*numbers))
    if word == "divide":
        return over(*arguments)
    if word in ("power", "scaled_power") and (found := _power(*arguments)) is not None:
        return found
    short, definition = word in ("unsigned_zero", "over_square"), definitions().get(word)
    if definition and not definition.cases[0].lets and (short or numbers):
        value = definition.cases[0].value
        inlined = simplified(replaced(value, dict(zip(definition.operands, arguments, strict=True))))
        if short or value.form == "choice" != inlined.form:  # A number may make the choice.
            return inlined
    return Expression("call", (word, *arguments))


def _power(*arguments: Expression) -> Expression | None:
    """The power x^y, or c·x^(y−k), in quicker words; None where there are none that agree on all floats."""
    *factors, x, y = arguments[:3]
    exponent, inverse = known(y), over(number(1.0), x)
    if not factors:
        if exponent == 0.5:  # The square root of −inf is nan, and its power is inf.
            infinite = Expression("comparison", ("==", x, number(-math.inf)))
            return choice(infinite, number(math.inf), call("sqrt", x))
        small = {0.0: number(1.0), 1.0: x, 2.0: times(x, x), 3.0: times(times(x, x), x), -1.0: inverse}
        return None if exponent is None else small.get(exponent)
    (c,), (factor, base, lower) = factors, map(known, (factors[0], x, arguments[3]))
    if factor == 0.0:
        return c
    if factor is not None and math.isfinite(factor) and lower == 0.0 and base is not None and base > 0.0:
        return times(c, call("power", x, y))
    # With a factor that is small or unknown, the power may leave the range of floats though the product doesn't.
    if factor is None or exponent is None or abs(factor) < 0.5 or lower != 1.0 or abs(exponent) > 2.0**52:
        return None
    if exponent == -1.0:
        return times(c, times(inverse, inverse))
    return times(c, call("power", x, number(exponent - 1.0))) if exponent - 1.0 + 1.0 == exponent else None


def put(new: Expression, old: Expression, e: Expression) -> Expression:
    """An expression with a new part wherever it has an old one."""
    if e == old:
        return new
    return Expression(e.form, tuple(put(new, old, part) if isinstance(part, Expression) else part for part in e.parts))


def replaced(e: Expression, given: Mapping[str, Expression]) -> Expression:
    """An expression with others in the place of some names; a list's stands for its elements inside `each`."""
    parts = [replaced(part, given) if isinstance(part, Expression) else part for part in e.parts]
    found = given.get(str(parts[0])) if e.form in ("name", "element", "length") else None
    if e.form == "each":
        lists = [_lists(given[str(part)]) if part in given else [str(part)] for part in parts[1:]]
        return Expression("each", (parts[0], *dict.fromkeys(text for texts in lists for text in texts)))
    if found is None or e.form == "name":
        return found or Expression(e.form, tuple(parts))
    if e.form == "length":
        return Expression("length", (_lists(found)[0],))
    if found.form == "name":
        return Expression("element", found.parts)
    return _parts(found)[0] if found.form == "each" else found


def _lists(e: Expression) -> list[str]:
    """The lists of which an expression makes a list."""
    return [str(text) for text in e.parts[1:]] if e.form == "each" else sorted(names_in(e))


def _parts(e: Expression) -> tuple[Expression, ...]:
    return tuple(part for part in e.parts if isinstance(part, Expression))


# ── simplifying ──

_TRUE: Final = number(1.0)
_FALSE: Final = number(0.0)
_NAN: Final = number(math.nan)


def simplified(e: Expression) -> Expression:
    """An expression that gives the same floats: numbers are worked out, and choices take their quickest form."""
    parts = [simplified(part) if isinstance(part, Expression) else part for part in e.parts]
    same = Expression(e.form, tuple(parts))
    inner = _parts(same)
    match e.form:
        case "number" | "constant":
            return number(float(parts[-1]))  # type: ignore[arg-type]
        case "negative":
            return negative(*inner)
        case "infix":
            return _infix(str(parts[0]), *inner)
        case "call":
            return call(str(parts[0]), *inner)
        case "comparison" if all(known(side) is not None for side in inner):
            return _TRUE if evaluated(same, {}) else _FALSE
        case "logic":
            neutral, deciding = (_TRUE, _FALSE) if parts[0] == "and" else (_FALSE, _TRUE)
            rest = [part for part in inner if part != neutral]
            if deciding in rest or not rest:
                return deciding if rest else neutral
            return Expression("logic", (parts[0], *rest)) if len(rest) > 1 else rest[0]
        case "choice":
            test, then, other = inner
            if test in (_TRUE, _FALSE) or then == other:
                return other if test == _FALSE else then
            if then == _NAN and test == Expression("comparison", ("!=", other, other)):
                return other
            return _quickest(same)
    return same


@cache
def _quickest(e: Expression) -> Expression:
    """The first form of a choice that gives the same at all points of a trial, or the choice itself."""
    trial = _trial(e)
    if trial is None:
        return e
    with np.errstate(all="ignore"):
        wanted = evaluated(e, trial)
        return next((form for form in _forms(e) if _agree(evaluated(form, trial), wanted)), e)


def _forms(e: Expression) -> Iterator[Expression]:
    """Other forms of a choice, the quickest first, right or wrong."""
    test, then, other = _parts(e)
    yield from (other, then)
    rest = _parts(other)[1] if other.form == "choice" and _parts(other)[2] == _NAN else other
    if test.form == "comparison":
        a, b = _parts(test)
        yield from (call("maximum", a, b), call("minimum", a, b), call("absolute", a), call("sign", a))
        yield call("sign", call("maximum", a, b))
        yield from _limits(e)
        yield from (call("maximum", then, rest), call("minimum", then, rest))
        yield from _steps(e, *((a, b) if a.form == "name" else (b, a)))
    yield choice(test, then, rest)


def _limits(e: Expression) -> Iterator[Expression]:
    """A choice as its name kept between the numbers that it is compared to, or as the derivative of that."""
    pairs = [_parts(inner) for inner in _all(e) if inner.form == "comparison"]
    names = {a for pair in pairs for a in pair if a.form == "name"}
    limits = sorted({x for pair in pairs for side in pair if (x := known(side)) is not None and x == x})
    if len(names) == 1 and limits:
        (a,), (low, high) = names, map(number, (limits[0], limits[-1]))
        raised = call("maximum", a, low)
        for kept in (raised, call("minimum", a, high), call("minimum", raised, high))[: 1 + len(limits)]:
            yield kept
            yield choice(Expression("comparison", ("==", a, kept)), number(1.0), times(number(0.0), kept))


def _steps(e: Expression, a: Expression, b: Expression) -> Iterator[Expression]:
    """A choice between numbers, by how a compares to b, in terms of a sign."""
    points = [dict.fromkeys(names_in(e), 0.0) | {str(a.parts[0]): (known(b) or 0.0) + x} for x in (1.0, -1.0, 0.0)]
    above, below, tie = (float(evaluated(e, point)) for point in points)
    sign, middle, half = call("sign", _infix("-", a, b)), (above + below) / 2.0, (above - below) / 2.0
    step = plus(number(middle), times(number(half), sign)) if middle else times(number(half), sign)
    yield from (step, call("maximum", sign, number(below)))
    # The difference of equal infinities is nan.
    yield choice(Expression("comparison", ("==", a, b)), number(tie), step)


_POINTS: Final = (
    *(0.0, 5e-324, 1e-310, 1e-170, 1e-8, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.7, 30.0, 41.0, 100.0, 710.0, 800.0, 2e3, 1e10),
    *(1e150, 1e200, 1.7e308, math.inf),
)
_MOST: Final = 4096


def _trial(e: Expression) -> dict[str, Any] | None:
    """Numbers for the names in an expression; None if it works on lists or compares more than names and numbers."""
    inside = [*_all(e)]
    compared = [side for inner in inside if inner.form == "comparison" for side in _parts(inner)]
    if any(inner.form in ("element", "length", "each") for inner in inside):
        return None
    if any(side.form != "name" and known(side) is None for side in compared):
        return None
    edges = [x for inner in inside if (x := known(inner)) is not None and x == x]
    edges += [math.nextafter(x, to) for x in edges for to in (-math.inf, math.inf)]
    points = sorted({*_POINTS, *map(abs, edges)})
    axis, names = [*points, *(-x for x in points), math.nan], sorted(names_in(e))
    rows: Any = [*product(axis, repeat=len(names))] if len(axis) ** len(names) <= _MOST else None
    if rows is None:
        rng = Random(0)
        rows = [rng.choices(axis, k=len(names)) for _ in range(_MOST)] + [[x] * len(names) for x in axis]
    return dict(zip(names, np.array(rows).T, strict=True))


def _all(e: Expression) -> Iterator[Expression]:
    yield e
    for part in _parts(e):
        yield from _all(part)


def _agree(found: Any, wanted: Any) -> bool:
    small = np.maximum(np.abs(found), np.abs(wanted)) < VANISHING
    near = np.isfinite(wanted) & (np.abs(found - wanted) <= CLOSE * np.abs(wanted))
    return bool(np.all(small | near | (found == wanted) | (np.isnan(found) & np.isnan(wanted))))


# ── the rules ──


def value_of(op: str, constants: Mapping[str, float] | None = None) -> Expression:
    """The value of an operation over the names of its operands, those that are constants put in as numbers.

    ValueError if there is no such rule, or one without a source.
    """
    return _merged(cases_of(op), 0, _numbers(constants))


def partial_of(op: str, operand: str, constants: Mapping[str, float] | None = None) -> Expression:
    """The derivative of an operation by an operand, over the names of its operands and z, the value.

    Of an operation on lists it is a list. ValueError as for `value_of`.
    """
    return _merged(cases_of(op), 1 + rule(op).operands.index(operand), _numbers(constants))


def _numbers(constants: Mapping[str, float] | None) -> tuple[tuple[str, Expression], ...]:
    return tuple(sorted((operand, number(x)) for operand, x in (constants or {}).items()))


@cache
def _merged(cases: tuple[Case, ...], which: int, constants: tuple[tuple[str, Expression], ...]) -> Expression:
    """The value, or the derivative by one operand from 1 on."""
    *others, last = [_inlined(case, which, dict(constants)) for case in cases]
    e = reduce(lambda other, case: choice(case[0], case[1], other), reversed(others), last[1])
    e = simplified(e)
    if not which:
        return e
    value = _merged(cases, 0, constants)
    return e if known(value) is not None or value.form == "name" else put(name("z"), value, e)


def _inlined(case: Case, which: int, given: Mapping[str, Expression]) -> tuple[Expression, Expression]:
    """The guard of a case and one of its results, without lets; in a derivative z stays a name."""
    known_names = dict(given)
    for let, e in case.lets:
        if not (which and let == "z"):
            known_names[let] = replaced(e, known_names)
    wanted = (case.value, *case.partials)[which]
    guards = [replaced(guard, known_names) for guard in case.guards]
    return Expression("logic", ("and", *guards)), replaced(wanted, known_names)
