"""The rules over other numbers than floats: Values for higher derivatives, complex numbers, mpmath's, arrays.

>>> from autograd.formula.vocabularies import Vocabulary, over
>>> over("square", Vocabulary({"real": lambda x: x.real}))(1 + 2j)
((-3+4j), (2+4j))
>>> print(as_selections("relu"))
def rule(x):
    return where((x > 0.0), x, where((x <= 0.0), 0.0, nan)), where((x > 0.0), 1.0, where((x <= 0.0), 0.0, nan))

A vocabulary gives a meaning to the words of the rules. For a word that it lacks, the definition of the textbook is
used. A rule over a vocabulary is Python text, made once.
"""

import cmath
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.engine import functions, graph, ieee
from autograd.engine.value import Value
from autograd.formula.cases import Case, Expression, Rule, cases_of, constants, fold, rule, textbook, unchanged
from autograd.wording import imported

BREAKDOWN: Final = 1e-6
"""Two ways to round one formula never differ by more of it, unless one leaves the range of floats on its way, or"""
CANCELLED: Final = 1e-14
"""the formula subtracts from 1, which leaves an error of some ulps of 1: 1 - z² far out."""


class Vocabulary:
    """Words over one kind of numbers, by name.

    Functions of `ieee`; `real(x)`, the real number that guards compare, where that is not x itself; `number(x)`, the
    float x in the kind of numbers, where a float itself would cost digits; `compare(x, y, sign)`, where Python's
    comparisons have another meaning; `where(test, x, y)`, where a choice needs
    more than Python's `x if test else y`.
    """

    def __init__(self, words: Mapping[str, object]) -> None:
        real: Any = words.get("real", lambda x: x)
        self.words: Final[dict[str, Any]] = {"inf": math.inf, "nan": math.nan, "len": len, **_choices(real), **words}

    def function(self, parameters: Iterable[str], body: Sequence[str], op: str) -> Callable[..., Any]:
        """A function of this vocabulary from its text, whose words are known."""
        made: dict[str, Callable[..., Any]] = {}
        exec(compile(_definition(parameters, body), f"<rule {op}>", "exec"), self.words, made)
        return made["rule"]

    def know(self, word: str) -> None:
        """Define a missing word by the textbook; a word that isn't there either raises TypeError when it is called."""
        if word in self.words:
            return
        definition = textbook()[0].get(word)
        if definition is None:
            self.words[word] = _missing(word)
            return
        source = _Selections(self) if "where" in self.words else Source(self)
        body = _branches(definition.cases, source, lambda case: [case.value])
        self.words[word] = self.function(definition.operands, body, word)


def _missing(word: str) -> Callable[..., Any]:
    def missing(*_: object) -> Any:
        raise TypeError(f"these numbers have no {word}; give their vocabulary one, or leave out the operation")

    return missing


def _choices(real: Any) -> dict[str, Callable[..., Any]]:
    """The words that work on lists alone, whatever numbers are in them."""

    def key(x: Any) -> tuple[bool, Any]:
        return real(x) != real(x), real(x)  # a nan goes before all others

    return {
        "total": sum,
        "greatest": lambda xs: max(xs, key=key),
        "least": lambda xs: min(xs, key=lambda x: (real(x) == real(x), real(x))),
        "ties": lambda xs, z: sum(real(x) == real(z) for x in xs),
        "last": lambda xs: xs[-1],
        "others": lambda xs: xs[:-1],
        "joined": lambda xs, x: [*xs, x],
    }


# ── rules as Python text ──


class Source:
    """A reading of expressions as Python text over a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.called: dict[str, str] = {}
        """Other names for some names."""

    def number(self, number: float) -> str:
        return f"number({number!r})" if "number" in self._vocabulary.words else repr(number)

    def constant(self, name: str, number: float) -> str:
        # Over exact numbers a constant has more digits than a float.
        exact = textbook()[1].get(name)
        if exact is not None and constants()[name] == number and "number" in self._vocabulary.words:
            return fold(exact, self)
        return self.number(number)

    def name(self, name: str) -> str:
        return self.called.get(name, name)

    def element(self, sequence: str) -> str:
        return f"{sequence}_"

    def length(self, sequence: str) -> str:
        return f"len({self.name(sequence)})"

    def call(self, word: str, *arguments: str) -> str:
        self._vocabulary.know(word)
        return f"{word}({', '.join(arguments)})"

    def infix(self, sign: str, left: str, right: str) -> str:
        return f"({left} {sign} {right})"

    def negative(self, inner: str) -> str:
        return f"(-{inner})"

    def comparison(self, sign: str, left: str, right: str) -> str:
        if "compare" in self._vocabulary.words:
            return f"compare({left}, {right}, {sign!r})"
        return f"({self._real(left)} {sign} {self._real(right)})"

    def _real(self, text: str) -> str:
        return text if text[0].isdigit() or "real" not in self._vocabulary.words else f"real({text})"

    def logic(self, word: str, *parts: str) -> str:
        return f"({f' {word} '.join(parts)})" if len(parts) > 1 else parts[0]

    def choice(self, test: str, then: str, other: str) -> str:
        selected = "where" in self._vocabulary.words
        return f"where({test}, {then}, {other})" if selected else f"({then} if {test} else {other})"

    def each(self, of: str, *sequences: str) -> str:
        elements = ", ".join(map(self.element, sequences))
        rows = ", ".join(map(self.name, sequences))
        return f"[{of} for {elements} in {rows if len(sequences) == 1 else f'zip({rows})'}]"


def _definition(parameters: Iterable[str], body: Iterable[str]) -> str:
    return "\n".join([f"def rule({', '.join(parameters)}):", *body])


class Branch(NamedTuple):
    """One case where readers of cases in order come to it: the names that it assigns before its guards, and behind."""

    case: Case
    before: list[tuple[str, Expression]]
    behind: list[tuple[str, Expression]]


def branches(
    cases: Iterable[Case], wanted: Callable[[Case], Sequence[Expression]], given: Sequence[str] = ()
) -> Iterator[Branch]:
    """The cases of a rule in order, each with the names that it needs and that no earlier case has assigned."""
    known: dict[str, Expression] = {}

    def fresh(case: Case, needed: Sequence[Expression]) -> list[tuple[str, Expression]]:
        return [(name, e) for name, e in case.lets_for(needed, given) if known.get(name) != e]

    for case in cases:
        before = fresh(case, case.guards)
        known.update(before)
        # Names that are assigned behind a guard are not known to the cases after it.
        yield Branch(case, before, fresh(case, wanted(case)))


def _branches(
    cases: Sequence[Case],
    source: Source,
    wanted: Callable[[Case], Sequence[Expression]],
    given: Sequence[str] = (),
    ending: str = "",
) -> list[str]:
    """Statements that return what is wanted of the case that applies; or the ending, with the number of the case."""
    lines: list[str] = []
    for i, (case, before, behind) in enumerate(branches(cases, wanted, given)):
        lines.extend(f"    {name} = {fold(e, source)}" for name, e in before)
        indent = "    "
        if case.guards:
            lines.append(f"    if {source.logic('and', *(fold(guard, source) for guard in case.guards))}:")
            indent = "        "
        lines.extend(f"{indent}{name} = {fold(e, source)}" for name, e in behind)
        results = ", ".join(fold(e, source) for e in wanted(case))
        lines.append(f"{indent}return {ending.format(i) if ending else results}")
    return lines


def _all(case: Case) -> Sequence[Expression]:
    return case.value, *case.partials


@cache
def over(op: str, vocabulary: Vocabulary) -> Callable[..., Any]:
    """The whole rule over a vocabulary: operands in, value and derivatives out. ValueError for an unknown rule."""
    cases_of(op)  # A rule without a source is refused.
    return made(rule(op), vocabulary)


def made(r: Rule, vocabulary: Vocabulary) -> Callable[..., Any]:
    """A new function over a vocabulary, by the cases of a rule."""
    return vocabulary.function(r.operands, _branches(r.cases, Source(vocabulary), _all), r.name)


@cache
def value_over(op: str, vocabulary: Vocabulary) -> Callable[..., Any]:
    """The value of a rule over a vocabulary, as a function of the operands."""
    body = _branches(cases_of(op), Source(vocabulary), lambda case: [case.value])
    return vocabulary.function(rule(op).operands, body, op)


@cache
def partial_over(op: str, position: int, vocabulary: Vocabulary) -> Callable[..., Any]:
    """∂z/∂(operand at position) over a vocabulary, as a function of z and the operands."""
    body = _branches(cases_of(op), Source(vocabulary), lambda case: [case.partials[position]], ("z",))
    return vocabulary.function(("z", *rule(op).operands), body, op)


@cache
def which_case(op: str) -> Callable[..., tuple[int, dict[str, Any]]]:
    """The number of the case that applies to operands that are floats, and what its names stand for there."""
    body = _branches(cases_of(op), Source(floats()), _all, ending="{}, locals()")
    return floats().function(rule(op).operands, body, op)


# ── rules over arrays ──


class _Selections(Source):
    """Python text over arrays, where a comparison is an array too."""

    def logic(self, word: str, *parts: str) -> str:
        return super().logic({"and": "&", "or": "|"}[word], *parts)

    def choice(self, test: str, then: str, other: str) -> str:
        return f"where({test}, {then}, {other})"


def as_selections(op: str, vocabulary: Vocabulary | None = None) -> str:
    """The rule as Python text over arrays: each name is worked out once, and `where` selects between the cases.

    Its words are those of the rule, and `where`. ValueError for an unknown rule.
    """
    source, names, rows = _Selections(vocabulary or Vocabulary({})), dict[str, str](), []
    for case in cases_of(op):
        source.called = {}
        for name, e in case.lets_for((*case.guards, *_all(case))):
            text = fold(e, source)
            fresh = name if name not in names.values() else f"{name}{len(names)}_"
            source.called[name] = names.setdefault(text, fresh)
        guards = [fold(guard, source) for guard in case.guards]
        rows.append((source.logic("and", *guards) if guards else "", [fold(e, source) for e in _all(case)]))
    lists = rule(op).of_sequences
    results = [_selected(rows, i, lists and i > 0) for i in range(1 + len(rule(op).operands))]
    lines = [f"    {name} = {text}" for text, name in names.items()]
    return _definition(rule(op).operands, [*lines, f"    return {', '.join(results)}"])


def _selected(rows: list[tuple[str, list[str]]], i: int, of_lists: bool) -> str:
    texts = [row[i] for _, row in rows]
    if len(set(texts)) == 1:
        return texts[0]
    parts = [f"case{k}_" for k in range(len(rows))] if of_lists else texts
    chosen = parts[-1]
    for (guard, _), part in reversed([*zip(rows[:-1], parts[:-1], strict=True)]):
        chosen = f"where({guard}, {part}, {chosen})"
    return f"[{chosen} for {', '.join(parts)} in zip({', '.join(texts)})]" if of_lists else chosen


@cache
def over_arrays(op: str, vocabulary: Vocabulary) -> Callable[..., Any]:
    """The text of `as_selections`, run over a vocabulary that has a `where`."""
    _, *body = as_selections(op, vocabulary).splitlines()
    return vocabulary.function(rule(op).operands, body, op)


# ── kinds of numbers ──


def installed(library: str) -> Any:
    """An optional library; ImportError if it is not installed."""
    return imported(library, f"these numbers are made with {library}: pip install {library}")


@cache
def floats() -> Vocabulary:
    """Floats the IEEE way, which no operation makes raise."""
    return Vocabulary(vars(ieee) | {"len": lambda xs: float(len(xs))})


@cache
def complex_numbers() -> Vocabulary:
    """Complex numbers; erf needs mpmath."""
    names = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan")
    words = {name: getattr(cmath, name) for name in (*names, "asinh", "acosh", "atanh")}
    return Vocabulary({**words, "power": pow, "real": lambda x: x.real, "number": complex, "erf": _complex_erf})


def _complex_erf(x: complex) -> complex:
    with mpmath_of(40) as mp:  # A small imaginary part is a complex step, and keeps its digits.
        return complex(mp.erf(mp.mpc(x)))


@contextmanager
def mpmath_of(digits: int) -> Iterator[Any]:
    """A context of mpmath with so many decimal digits, which is the package's own.

    Whoever changes the precision of `mpmath.mp` may be interrupted before it is set back.
    """
    mp = own_mpmath()
    before, mp.dps = mp.dps, digits
    try:
        yield mp
    finally:
        mp.dps = before  # For the work that a signal handler has interrupted.


def own_mpmath() -> Any:
    """The package's own context of mpmath; see `mpmath_of`."""
    return _own(installed("mpmath").mp)


@cache
def _own(context: Any) -> Any:
    return context.clone()


@cache
def mpmath_numbers(context: Any = None) -> Vocabulary:
    """Real numbers of mpmath, or of one context of it, to its working precision; nan where the result isn't real."""
    mp = context or installed("mpmath").mp

    def real(name: str) -> Callable[..., Any]:
        function = getattr(mp, name)
        return lambda *xs: z if isinstance(z := function(*xs), mp.mpf) else mp.nan

    def divide(x: Any, y: Any) -> Any:
        return x / y if y else mp.inf * mp.sign(x)

    def power(x: Any, y: Any) -> Any:
        if not y:
            return mp.mpf(1)
        return real("power")(x, y) if x or y > 0 else mp.inf

    names = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos")
    words = {name: real(name) for name in (*names, "atan", "atan2", "asinh", "acosh", "atanh", "erf", "hypot")}
    words |= {"normal_cdf": real("ncdf"), "divide": divide, "power": power}
    return Vocabulary({**words, "number": mp.mpf, "total": mp.fsum})


# ── derivatives as nodes ──


def partials_over_values(node: Value, operands: Sequence[Value], wanted: Sequence[bool]) -> list[Value | float]:
    """The local derivatives of a node by its operands, as ordinary nodes; a plain float where one is a constant.

    Only those wanted are formed, the others are 0.0. Constants take part as plain floats.
    ValueError if data was changed since the node was made, or if the operation has no formula.
    """
    recorded, numbers = node.partials, values()
    r = unchanged(node, operands, recorded)
    row: list[Value | float] = [v.data if graph.is_constant(v) else v for v in operands]
    if r.of_sequences:
        groups, partials = r.grouped(row), list[Value | float]()
        for i, want in enumerate(map(any, r.grouped(wanted))):
            partials += partial_over(node.op, i, numbers)(node, *groups) if want else [0.0] * len(groups[i])
    else:
        partials = [partial_over(node.op, i, numbers)(node, *row) if want else 0.0 for i, want in enumerate(wanted)]
    return [_settled(partials[i], recorded[i], node) if want else 0.0 for i, want in enumerate(wanted)]


def _settled(partial: Value | float, recorded: float, node: Value) -> Value | float:
    """A derivative over Values, brought into line with the recorded one at the points where formulas end."""
    number = partial.data if type(partial) is Value else partial
    if number == recorded:
        return partial
    # Outside a domain a derivative is nan, and so are all further ones: a bare nan would count as a constant. Where the
    # formula breaks down, what is recorded stands, and its own derivatives are unknown.
    known = type(partial) is Value and number != number if recorded != recorded else _agree(number, recorded)
    return partial if known else functions.fixed(recorded, node)


def _agree(number: float, recorded: float) -> bool:
    """Whether two numbers are one formula, rounded in two ways."""
    return number == recorded or abs(number - recorded) <= BREAKDOWN * abs(recorded) + CANCELLED < math.inf


@cache
def values() -> Vocabulary:
    """Values, and floats for the constants among them."""

    def method(name: str) -> Callable[[Value | float], Value | float]:
        on_floats = getattr(ieee, name)

        def apply(x: Value | float) -> Value | float:
            return getattr(x, name)() if type(x) is Value else on_floats(x)  # type: ignore[no-any-return]

        return apply

    methods = [name for name in vars(ieee) if hasattr(Value, name) and callable(getattr(ieee, name))]
    of_several = ("hypot", "logaddexp", "total", "mean", "dot", "logsumexp", "norm")
    parts = ("normal_cdf", "share", "direction", "fixed", "circle", "hyperbola", "atan2", "xlogy")
    words = {name: method(name) for name in methods} | {
        name: getattr(functions, name) for name in (*of_several, *parts)
    }
    return Vocabulary(
        words
        | {
            "real": _data,
            "unsigned_zero": lambda x: x + 0.0 if _data(x) == 0.0 else x,
            "absolute": abs,
            "divide": lambda x, y: x / y if type(x) is Value or type(y) is Value else ieee.divide(x, y),
            "over_square": lambda x, y: x / y / y,
            "power": _power,
            "scaled_power": _scaled_power,
            "shares": functions.softmax,
            "greatest": functions.largest,
            "least": functions.smallest,
        }
    )


def _data(x: Value | float) -> float:
    return x.data if type(x) is Value else x


def _power(x: Value | float, y: Value | float) -> Value | float:
    return x**y if type(x) is Value or type(y) is Value else ieee.power(x, y)


def _scaled_power(c: Value | float, x: Value | float, y: Value | float, k: Value | float) -> Value | float:
    """A product that people can read where it is right, and else one node that stays in range."""
    # The derivative of 0**0 by the exponent is decided, and that of this operation isn't.
    if isinstance(k, float) and not (type(y) is Value and _data(x) == 0.0):
        exponent = y - k if k else y
        simple = c * x if isinstance(exponent, float) and exponent == 1.0 else c * _power(x, exponent)
        if _agree(_data(simple), ieee.scaled_power(_data(c), _data(x), _data(y), k)):
            return simple
    return functions.scaled_power(c, x, y, k)
