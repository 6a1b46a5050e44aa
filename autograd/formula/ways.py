"""The ways in which a local derivative is told: one formula, or two, of which a test chooses one for each element.

>>> from autograd.formula.ways import ways
>>> [(len(way.formulas), way.test and way.test.form, way.rows) for way in ways("largest")[1]]
[(2, 'comparison', ('xs',))]

Some formulas are shorter where one of their names is known to equal another: probabilities add up to 1, and softmax is
the probability of its own logit. The numbers of derivatives don't come from here: they are those of the rule.
"""

from functools import cache
from typing import Final, NamedTuple

from autograd.formula.cases import Expression, Rule, cases_of, rule

_ONE: Final = Expression("number", (1.0,))


class Ways(NamedTuple):
    """The formulas of one local derivative, and what chooses between two of them."""

    formulas: tuple[Expression, ...]
    test: Expression | None = None
    """Of one element: the first formula holds where it does."""
    rows: tuple[str, ...] = ()
    """The sequences of which the test may have an element."""


class _Shorter(NamedTuple):
    """A name that equals another expression where a test holds."""

    test: Expression
    was: Expression
    now: Expression


def _equal(left: Expression, right: Expression) -> Expression:
    return Expression("comparison", ("==", left, right))


_SUM: Final = Expression("name", ("s",))
_IN_A_SUM_OF_ONE: Final = _Shorter(_equal(_SUM, _ONE), _SUM, _ONE)
_SHORTER: Final = {
    "softmax": _Shorter(
        _equal(Expression("element", ("ks",)), _ONE), Expression("element", ("ps",)), Expression("name", ("z",))
    ),
    "log_softmax": _IN_A_SUM_OF_ONE,
    "cross_entropy": _IN_A_SUM_OF_ONE,
}


@cache
def ways(op: str) -> tuple[tuple[Ways, ...], ...]:
    """The ways of each local derivative of an operation, by its cases and then by its operands."""
    r = rule(op)
    return tuple([tuple([_ways(op, r, partial) for partial in case.partials]) for case in cases_of(op)])


def _ways(op: str, r: Rule, partial: Expression) -> Ways:
    stated, chosen = of_element(partial, r), partial.parts[0]
    if op in _SHORTER:
        test, was, now = _SHORTER[op]
        shorter = _replaced(stated, was, now)
        return Ways((stated,)) if shorter == stated else Ways((shorter, stated), test, r.operands[-1:])
    if partial.form == "each" and isinstance(chosen, Expression) and chosen.form == "choice":
        test, *formulas = [part for part in chosen.parts if isinstance(part, Expression)]
        return Ways(tuple(formulas), test, tuple([row for row in partial.parts[1:] if isinstance(row, str)]))
    return Ways((stated,))


def _replaced(e: Expression, was: Expression, now: Expression) -> Expression:
    """An expression with another one in the place of a part."""
    if e == was:
        return now
    return Expression(e.form, tuple([_replaced(p, was, now) if isinstance(p, Expression) else p for p in e.parts]))


def of_element(partial: Expression, r: Rule) -> Expression:
    """The derivative by one element, where the list of derivatives is an operand or another name itself."""
    return Expression("element", partial.parts) if r.of_sequences and partial.form == "name" else partial


def lists_made(formula: Expression, r: Rule) -> list[str]:
    """The lists of which a formula has elements, without operands."""
    return sorted(_lists(formula).difference(r.operands))


def _lists(e: Expression) -> set[str]:
    mine = {str(e.parts[0])} if e.form == "element" else set[str]()
    return mine.union(*(_lists(part) for part in e.parts if isinstance(part, Expression)))
