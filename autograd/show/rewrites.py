"""A table of stable rewrites: formulas that overflow or cancel, and what to write in place of them.

>>> from autograd import Tape, Value
>>> from autograd.show.names import Names
>>> from autograd.show.rewrites import Rewrites
>>> x = Value(800.0, label="x")
>>> tape = Tape((x.exp() + 1).log())
>>> Rewrites(Names(tape)).best(tape.roots[0], blamed=1)
('log(1 + exp(x))', 'x.softplus()')

Patterns are told in `patterns`.
"""

import math
from typing import Final

from autograd.formula.text import ATOMIC
from autograd.show.names import Names
from autograd.show.patterns import Finder, Pattern, inverse


def _square(x: Pattern) -> Pattern:
    return [("square", x), ("power", x, 2.0), ("multiply", x, x)]


def _root(of: Pattern) -> Pattern:
    return [("sqrt", of), ("power", of, 0.5)]


def _minus(x: Pattern) -> Pattern:
    return [("negative", x), ("multiply", -1.0, x), ("multiply", x, -1.0), ("subtract", 0.0, x)]


def _twice(x: Pattern) -> Pattern:
    return [("multiply", 2.0, x), ("multiply", x, 2.0), ("add", x, x)]


def _exp(x: Pattern) -> Pattern:
    return [("exp", x), ("power", math.e, x)]


def _difference(x: Pattern, y: Pattern) -> Pattern:
    return [("subtract", x, y), ("sum", x, _minus(y))]


_EXP_X: Final = _exp("x")
_EXP_MINUS_X: Final = [*_exp(_minus("x")), *inverse(_EXP_X)]
_EXP_2X: Final = [*_exp(_twice("x")), *_square(_EXP_X)]
_EXP_MINUS_2X: Final = [
    *_exp(_minus(_twice("x"))), *_exp(_twice(_minus("x"))), *_exp([("multiply", -2.0, "x"), ("multiply", "x", -2.0)]),
]  # fmt: skip
_ONE_PLUS_EXP: Final = ("sum", 1.0, _EXP_X)
_ONE_PLUS_EXP_MINUS: Final = ("sum", 1.0, _EXP_MINUS_X)
_EXPS: Final = _exp("xs")
_SHIFTED_EXPS: Final = [("exp_of_difference", "xs", "shift"), *_exp(("subtract", "xs", "shift"))]
_SIGMOIDS_BY_HAND: Final = (
    (("quotient", _EXP_X, _ONE_PLUS_EXP), "exp({x})/(1 + exp({x}))"),
    (inverse(_ONE_PLUS_EXP_MINUS), "1/(1 + exp(-{x}))"),
)
_SIGMOIDS: Final = ((("sigmoid", "x"), "sigmoid({x})"), *_SIGMOIDS_BY_HAND)
REWRITES: Final[tuple[tuple[Pattern, str, str], ...]] = (
    *[
        (("log", ("softmax", exps)), f"log({written})", "log_softmax(xs)[k], or losses.cross_entropy(xs, k)")
        for exps, written in ((_SHIFTED_EXPS, "softmax(xs)[k]"), (_EXPS, "exp(xs[k])/Σ exp(xs)"))
    ],
    *[(("log", pattern), f"log({written})", "{x}.logsigmoid()") for pattern, written in _SIGMOIDS],
    *[
        (("log", _difference(1.0, pattern)), f"log(1 - {written})", "(-{x}).logsigmoid()")
        for pattern, written in _SIGMOIDS
    ],
    ([("log", _ONE_PLUS_EXP), ("log1p", _EXP_X)], "log(1 + exp({x}))", "{x}.softplus()"),
    (("log", ("each", _EXPS)), "log(Σ exp(xs))", "logsumexp(xs)"),
    (("log", _EXP_X), "log(exp({x}))", "{x}"),
    (
        ("quotient", _difference(_EXP_X, _EXP_MINUS_X), ("sum", _EXP_X, _EXP_MINUS_X)),
        "(exp({x}) - exp(-{x}))/(exp({x}) + exp(-{x}))",
        "{x}.tanh()",
    ),
    (
        ("quotient", _difference(_EXP_2X, 1.0), ("sum", 1.0, _EXP_2X)),
        "(exp(2·{x}) - 1)/(exp(2·{x}) + 1)",
        "{x}.tanh()",
    ),
    (
        ("quotient", _difference(1.0, _EXP_MINUS_2X), ("sum", 1.0, _EXP_MINUS_2X)),
        "(1 - exp(-2·{x}))/(1 + exp(-2·{x}))",
        "{x}.tanh()",
    ),
    (("quotient", _difference(_EXP_X, 1.0), _ONE_PLUS_EXP), "(exp({x}) - 1)/(exp({x}) + 1)", "({x}/2).tanh()"),
    (("quotient", _difference(1.0, _EXP_X), _ONE_PLUS_EXP), "(1 - exp({x}))/(1 + exp({x}))", "(-{x}/2).tanh()"),
    *[(pattern, written, "{x}.sigmoid()") for pattern, written in _SIGMOIDS_BY_HAND],
    (("quotient", "x", _ONE_PLUS_EXP_MINUS), "{x}/(1 + exp(-{x}))", "{x}.silu()"),
    (inverse(_ONE_PLUS_EXP), "1/(1 + exp({x}))", "(-{x}).sigmoid()"),
    (("softmax", _EXPS), "exp(xs[k])/Σ exp(xs)", "softmax(xs)[k]"),
    (("quotient", _EXP_X, _exp("y")), "exp({x})/exp({y})", "({x} - {y}).exp()"),
    (("multiply", _EXP_X, _exp("y")), "exp({x})·exp({y})", "({x} + {y}).exp()"),
    # The squares overflow, and the derivative of the root is infinite at 0.
    (_root(_square("x")), "√({x}²)", "abs({x})"),
    (_root(("sum", _square("x"), _square("y"))), "√({x}² + {y}²)", "hypot({x}, {y})"),
    (_root(("squares", _square("xs"))), "√(Σ xs²)", "norm(xs)"),
    # The derivative of these is infinite at 0, or the value.
    (("sqrt", ("zero", "x")), "sqrt({x}) at 0", "({x} + 1e-12).sqrt(), if 0 may come"),
    (("rsqrt", ("zero", "x")), "rsqrt({x}) at 0", "({x} + 1e-12).rsqrt(), if 0 may come"),
    (("log", ("zero", "x")), "log({x}) at 0", "({x} + 1e-12).log(), if 0 may come"),
)


class Rewrites:
    """The rows of the table that fit nodes of one tape."""

    def __init__(self, names: Names) -> None:
        self._names: Final = names
        self._finder: Final = Finder(names.tape)

    def best(self, place: int, blamed: int) -> tuple[str, str] | None:
        """The formula at a place and a better one, by the first row that fits; None if no row does.

        A row fits if it replaces the blamed node.
        """
        for pattern, written, better in REWRITES:
            for found in self._finder.matches(place, pattern):
                if blamed in self._replaced(place, {k for places in found.values() for k in places}):
                    called = {name: _held_together(self._names[first]) for name, (first, *_) in found.items()}
                    return written.format(**called), better.format(**called)
        return None

    def _replaced(self, place: int, inputs: set[int]) -> set[int]:
        """The places of the nodes from a place down to the inputs, without these."""
        found, stack = {place}, [place]
        while stack:
            below = set(self._names.tape.operands_of(stack.pop())) - inputs - found
            found |= below
            stack += below
        return found


def _held_together(name: str) -> str:
    """A name that a method can be called on: a label may have several words."""
    return name if ATOMIC.fullmatch(name) else f"({name})"
