"""The rules as text: a whole rule, or the formula of one local derivative of a node.

>>> from autograd.engine.value import Value
>>> from autograd.formula.text import case_of, partial_text
>>> partial_text(Value(0.35).sigmoid(), 0, names=["z1"], name="h")
'h·(1 - h)'
>>> case_of("relu", [2.0]).partial_text(0), case_of("dot", [1.0, 2.0, 3.0, 4.0]).partial_text(1, ["a", "b", "c", "d"])
('1', 'd')
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.console import printable
from autograd.engine.value import Value
from autograd.formula.cases import Case, Expression, Rule, cases_of, fold, rule, textbook, unchanged
from autograd.formula.vocabularies import Source, floats, which_case
from autograd.formula.ways import Ways, lists_made, of_element, ways
from autograd.operations import is_composed, latest, operation
from autograd.wording import Text, brief

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
"""How strongly a piece of text binds: one that binds less than its place needs is put in brackets."""
_Text = tuple[str, int]

_CONSTANTS: Final = {
    "LN_2": ("ln 2", _ATOM),
    "LOG2_E": ("log₂e", _ATOM),
    "LOG10_E": ("log₁₀e", _ATOM),
    "TWO_OVER_SQRT_PI": ("2/√π", _PRODUCT),
    "ONE_OVER_SQRT_TWO_PI": ("1/√(2π)", _PRODUCT),
    "NAN": ("nan", _ATOM),
    "pi": ("π", _ATOM),
}
_FUNCTIONS: Final = {"normal_cdf": "Φ", "shares": "softmax", "greatest": "largest", "least": "smallest"}
_DEFINED: Final = (
    "unsigned_zero",
    "divide",
    "over_square",
    "share",
    "exp_of_difference",
    "direction",
    "fixed",
    "circle",
    "hyperbola",
)
"""Words whose definition in the textbook is shown in their place."""
_SPOKEN: Final = {"log_p": ("log p", _POWER)}
"""Names of rules in their mathematical form."""
_MATHEMATICAL: Final = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}


def _bracketed(text: _Text, at_least: int) -> str:
    return text[0] if text[1] >= at_least else f"({text[0]})"


def _binary(left: _Text, sign: str, right: _Text) -> _Text:
    if sign in "+-":
        if right[0].startswith("-") and right[1] >= _PRODUCT:  # a + -b is a - b
            sign, right = "+-".replace(sign, ""), (right[0][1:], right[1])
        return f"{left[0]} {sign} {_bracketed(right, _SUM if sign == '+' else _PRODUCT)}", _SUM
    if sign == "/":
        return f"{_bracketed(left, _PRODUCT)}/{_bracketed(right, _POWER)}", _PRODUCT
    return f"{_bracketed(left, _PRODUCT)}·{_bracketed(right, _SIGN if right[0][0] != '-' else _POWER)}", _PRODUCT


def _power(base: _Text, exponent: _Text) -> _Text:
    if exponent[0].isdigit() and len(exponent[0]) == 1:
        return _bracketed(base, _ATOM) + "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(exponent[0])], _POWER
    return f"{_bracketed(base, _ATOM)}^{_bracketed(exponent, _ATOM)}", _POWER


ATOMIC: Final = re.compile(r"[\w.#'…]*(\[[\w,=:]+\][\w.#']*)*|\[[^\[\]]*\]")
"""A number, a word, the name of a node in a model, as in h[t=3]#2, blocks[0].w[2,0], or a row in brackets."""


def _held_together(text: str) -> _Text:
    """A name or a number as a piece of text; a label may have several words."""
    bare = text.removeprefix("-")
    if re.fullmatch(r"[\d.]+e[+-]\d+", bare):
        return text, _SIGN if bare != text else _PRODUCT
    if not ATOMIC.fullmatch(bare):
        return text, _SUM
    return text, _SIGN if bare != text else _ATOM


class _AsWritten:
    """A reading of expressions as text, under other names for some of their names."""

    def __init__(self, names: Mapping[str, _Text]) -> None:
        self._names = names

    def number(self, number: float) -> _Text:
        text = brief(number)
        return text, _SIGN if text.startswith("-") else _ATOM

    def constant(self, name: str, number: float) -> _Text:
        return _CONSTANTS.get(name, (name, _ATOM))

    def name(self, name: str) -> _Text:
        return self._names.get(name, _SPOKEN.get(name, (name, _ATOM)))

    def element(self, sequence: str) -> _Text:
        return self.name(_element(sequence))

    def length(self, sequence: str) -> _Text:
        return self.name("n")

    def call(self, word: str, *arguments: _Text) -> _Text:
        x, y, *rest = (*arguments, ("", _ATOM), ("", _ATOM))
        if word in _DEFINED:
            definition = textbook()[0][word]
            (case,) = definition.cases
            return fold(case.value, type(self)(dict(zip(definition.operands, arguments, strict=True))))
        if word == "power":
            return _power(x, y)
        if word == "scaled_power":
            return self.infix("*", x, self._lowered(y, *rest[:2]))
        if word == "sqrt":
            return f"√{_bracketed(x, _ATOM)}", _POWER
        if word == "absolute":
            return f"|{x[0]}|", _ATOM
        if word == "gaussian":
            square = _power(x, ("2", _ATOM))
            square = square if y[0] == "1" else _binary(y, "*", square)
            return f"e^(-{_bracketed(square, _PRODUCT)})", _POWER
        if word == "directions":
            return _binary(self.name("x"), "/", (f"norm({x[0]})", _ATOM))
        return f"{_FUNCTIONS.get(word, word)}({', '.join(text for text, _ in arguments)})", _ATOM

    def _lowered(self, base: _Text, exponent: _Text, k: _Text) -> _Text:
        """base to the power exponent - k."""
        if k[0] == "0":
            return _power(base, exponent)
        if not exponent[0].isdecimal():
            return _power(base, _binary(exponent, "-", k))
        lower = int(exponent[0]) - int(k[0])
        return base if lower == 1 else _power(base, self.number(lower))

    def infix(self, sign: str, left: _Text, right: _Text) -> _Text:
        return _binary(left, sign, right)

    def negative(self, inner: _Text) -> _Text:
        return f"-{_bracketed(inner, _POWER)}", _SIGN

    def comparison(self, sign: str, left: _Text, right: _Text) -> _Text:
        if left == right and sign == "!=":
            return f"{left[0]} is nan", _SUM
        return f"{left[0]} {_MATHEMATICAL.get(sign, sign)} {right[0]}", _SUM

    def logic(self, word: str, *parts: _Text) -> _Text:
        return f" {word} ".join(text for text, _ in parts), _SUM

    def choice(self, test: _Text, then: _Text, other: _Text) -> _Text:
        return f"{then[0]} if {test[0]} else {other[0]}", _SUM

    def each(self, of: _Text, *sequences: str) -> _Text:
        return of


class _Simplified(_AsWritten):
    """The same, with x² for x·x, -x for -1·x and x for --x."""

    def infix(self, sign: str, left: _Text, right: _Text) -> _Text:
        if sign == "*" and left == right:
            return _power(left, ("2", _ATOM))
        if sign == "*" and left == ("-1", _SIGN):
            return f"-{_bracketed(right, _PRODUCT)}", _SIGN
        return _binary(left, sign, right)

    def negative(self, inner: _Text) -> _Text:
        if inner[0].startswith("-") and inner[1] >= _PRODUCT:
            return inner[0][1:], _PRODUCT
        return f"-{_bracketed(inner, _PRODUCT)}", _SIGN


class _OfNumbers(_Simplified):
    """The same for a formula that has numbers in it: -x for 0 - x, and x for 1·x."""

    def infix(self, sign: str, left: _Text, right: _Text) -> _Text:
        if sign == "*" and left[0] == "1":
            return right
        return self.negative(right) if sign == "-" and left[0] == "0" else super().infix(sign, left, right)


def element_text(sequence: str) -> str:
    """The name of an element of a list in formulas.

    >>> element_text("ps"), element_text("log_ps"), element_text("row")
    ('p', 'log p', 'rowᵢ')
    """
    return _AsWritten({}).element(sequence)[0]


def _element(sequence: str) -> str:
    """One of xs is called x, one of a row rowᵢ."""
    return sequence[:-1] if len(sequence) > 1 and sequence.endswith("s") else f"{sequence}ᵢ"


def _text(e: Expression, case: Case, names: Mapping[str, _Text], reading: type[_AsWritten] = _Simplified) -> _Text:
    """An expression of a case as text, with the meaning of each let in place of its name, unless names has a text."""
    names = dict(names)
    for name, meaning in case.lets_for([e], given=names):
        names[name] = fold(meaning, reading(names))
    return fold(e, reading(names))


def describe(op: str) -> Text:
    """The rule as lines of text, the value and each derivative, case by case; ValueError for an unknown rule.

    Of an own operation that was defined again, it is the latest rule. It is a str that shows as its lines.

    >>> describe("relu")
    z = x, ∂z/∂x = 1  if x > 0
    z = 0, ∂z/∂x = 0  if x ≤ 0
    z = nan, ∂z/∂x = nan
    """
    cases, r = cases_of(latest(op)), rule(latest(op))
    return Text(printable("\n".join(_described(case, r, ", " if len(cases) > 1 else "\n") for case in cases)))


def _described(case: Case, r: Rule, joint: str) -> str:
    z = {"z": ("z", _ATOM)}
    parts = [f"z = {_text(case.value, case, {})[0]}"]
    made: set[str] = set()
    for operand, partial in zip(r.operands, case.partials, strict=True):
        of = _element(operand) if r.of_sequences else operand
        parts.append(f"∂z/∂{of} = {_text(of_element(partial, r), case, z)[0]}")
        made.update(lists_made(of_element(partial, r), r))
    told = sorted(made.difference(f"{name}s" for name in _SPOKEN))  # The others tell it by their names.
    parts += [f"{_element(row)} = {_text(Expression('name', (row,)), case, {})[0]}" for row in told]
    guards = [_text(guard, case, z)[0] for guard in case.guards]
    return joint.join(parts) + (f"  if {' and '.join(guards)}" if guards else "")


class AppliedCase(NamedTuple):
    """The case of a rule that applies to the data of one node."""

    rule: Rule
    case: Case
    told: tuple[Ways, ...]
    """Its local derivatives, by the operands of the rule."""
    scope: Mapping[str, Any]
    """The meanings of its names there: operands, and names that it assigns."""

    def partial_text(self, position: int, names: Sequence[str] | None = None, name: str = "z") -> str:
        """The formula of the local derivative by one operand, in a time that doesn't depend on how many there are.

        It is in terms of the operands x, y (of a sequence, one element x, y and the whole xs, ys) and the value z, or
        under the names or numbers given for all operands in order and for the value.
        """
        return self._shown(self._chosen(position), position, names, name)

    def partial_texts(self, position: int, names: Sequence[str], name: str) -> list[str]:
        """The same for both ways of a derivative that chooses element by element; for another one it alone."""
        return [self._shown(formula, position, names, name) for formula in self._ways(position).formulas]

    def elements(self, position: int) -> dict[str, float]:
        """Those numbers in that formula which are neither operands nor the value, under the names that they have there.

        They are elements of lists that the rule has made, and have an index of the operand.
        """
        made = lists_made(self._chosen(position), self.rule)
        return {element_text(row): self.scope[row][position % self._length] for row in made}

    @property
    def _length(self) -> int:
        """The length of the operands that are lists."""
        return len(self.scope[self.rule.operands[0]]) if self.rule.of_sequences else 1

    def _ways(self, position: int) -> Ways:
        return self.told[position // self._length]

    def _chosen(self, position: int) -> Expression:
        formulas, test, rows = self._ways(position)
        return formulas[0] if test is None or self._holds(test, rows, position) else formulas[1]

    def _shown(self, partial: Expression, position: int, names: Sequence[str] | None, name: str) -> str:
        n = self._length
        called = {} if names is None else self._named(position % n, n, names)
        called["z"] = _held_together(name)
        return _text(partial, self.case, called, _OfNumbers)[0]

    def _holds(self, test: Expression, rows: Sequence[str], position: int) -> bool:
        i, source = position % self._length, Source(floats())
        elements = {source.element(row): self.scope[row][i] for row in rows}
        return bool(eval(_code(fold(test, source)), floats().words, {**self.scope, **elements}))

    def _named(self, i: int, n: int, names: Sequence[str]) -> dict[str, _Text]:
        found: dict[str, _Text] = {}
        for k, operand in enumerate(self.rule.operands):
            if self.rule.of_sequences:
                row = [names[j] for j in range(k * n, k * n + min(n, 4))]
                found[operand] = f"[{', '.join(row)}{', …' if n > 4 else ''}]", _ATOM
                found[_element(operand)] = _held_together(names[k * n + i])
                found["n"] = str(n), _ATOM
            else:
                found[operand] = _held_together(names[k])
        return found


@cache
def _code(text: str) -> Any:
    return compile(text, "<rule>", "eval")


def case_of(op: str, data: Sequence[float]) -> AppliedCase:
    """The case that applies to the data of the operands, in one row; ValueError for an operation without a formula."""
    r, cases = rule(op), cases_of(op)
    i, scope = which_case(op)(*r.grouped(data))
    return AppliedCase(r, cases[i], ways(op)[i], scope)


def case_texts(op: str, count: int, position: int, names: Sequence[str], name: str) -> list[list[str]]:
    """The formula of a local derivative in each case of a rule, which has two where it chooses element by element.

    The operation has so many operands; their names and that of the node stand in the formulas.

    >>> case_texts("relu", 1, 0, ["a"], "h"), case_texts("largest", 2, 1, ["a", "b"], "m")
    ([['1'], ['0'], ['nan']], [['nan'], ['1/ties([a, b], m)', '0']])
    """
    r = rule(op)
    scope = dict.fromkeys(r.operands, range(count // len(r.operands)))
    applied = [AppliedCase(r, case, told, scope) for case, told in zip(cases_of(op), ways(op), strict=True)]
    return [case.partial_texts(position, names, name) for case in applied]


def partial_text(
    node: Value, position: int, *, numbers: bool = False, names: Sequence[str] | None = None, name: str = "z"
) -> str:
    """The formula of one local derivative of a node, in the case that applied to it.

    It is in terms of the operands x, y (of a sequence, one element x, y and the whole xs, ys) and the value z. With
    `numbers` it has their data instead, and with `names` and `name` other names of all operands in order and of the
    node. IndexError if the node has no operand at that position, ValueError if data was changed since the node was
    made.
    """
    operands = node.operands
    data = [v.data for v in operands]
    if not 0 <= position < len(data):
        raise IndexError(f"{node.op or 'a leaf'} has {len(data)} operands, and none at position {position}")
    r = unchanged(node, operands, node.partials)
    if not r.cases:
        operand = r.operands[position * len(r.operands) // len(data)]
        return f"∂{r.name}/∂{operand}, of which no source can be read"
    names, name = ([brief(x) for x in data], brief(node.data)) if numbers else (names, name)
    return printable(case_of(node.op, data).partial_text(position, names, name))


def operation_text(op: str, operands: Sequence[str]) -> str:
    """An operation written out on the texts of its operands.

    >>> operation_text("multiply", ["a", "-2"]), operation_text("dot", ["a", "b", "c", "d"])
    ('a·(-2)', 'a·c + b·d')
    >>> operation_text("sigmoid", ["a + b"]), operation_text("cross_entropy", ["a", "b", "1", "0"])
    ('sigmoid(a + b)', 'cross_entropy([a, b], 0)')
    """
    texts = [_held_together(text) for text in operands]
    row = operation(op)
    if row.by_formula:
        case = cases_of(op)[-1]
        return _text(case.value, case, dict(zip(rule(op).operands, texts, strict=True)), _AsWritten)[0]
    if op in ("total", "mean", "dot") and texts:
        n = len(texts) // 2
        pairs = zip(texts[:n], texts[n:], strict=True)
        terms = [_binary(x, "*", y) for x, y in pairs] if op == "dot" else texts
        together = terms[0]
        for term in terms[1:]:
            together = _binary(together, "+", term)
        return f"({together[0]})/{len(terms)}" if op == "mean" and len(terms) > 1 else together[0]
    if is_composed(op):
        logits, weights = map(in_brackets, row.grouped(operands))
        chosen = only_one(row.grouped(operands)[1])
        return composed_text(op, logits, weights if chosen is None else str(chosen))
    if op == "log_of_shifted_sum":
        return f"log Σ exp([{', '.join(operands[:-1])}] - {_bracketed(texts[-1], _PRODUCT)})"
    return f"{row.name}({', '.join(operands)})"


def composed_text(op: str, logits: str, weights: str) -> str:
    """An operation that readers see in the place of several, on the texts of its two lists of operands.

    Of weights with a single 1 among zeros the text is the position of that 1.

    >>> composed_text("softmax", "[a, b]", "1"), composed_text("cross_entropy", "[a, b]", "[0.5, 0.5]")
    ('softmax([a, b])[1]', 'cross_entropy([a, b], [0.5, 0.5])')
    """
    return f"{op}({logits}, {weights})" if op == "cross_entropy" else f"{op}({logits})[{weights}]"


def in_brackets(texts: Iterable[str]) -> str:
    """Texts as one list."""
    return f"[{', '.join(texts)}]"


def only_one(weights: Sequence[str]) -> int | None:
    """The position of the only 1 among zeros; None if the weights are others."""
    return weights.index("1") if {*weights} <= {"0", "1"} and weights.count("1") == 1 else None


def shown(e: Expression) -> str:
    """An expression as text, under its own names.

    >>> shown(cases_of("tanh")[0].partials[0])
    '1 - z²'
    """
    return fold(e, _Simplified({}))[0]
