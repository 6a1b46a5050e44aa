"""The rules as JavaScript, for a page that works its graph out again when a student changes a number.

>>> print(javascript(["relu", "multiply"]))
const rules = {
  relu([x]) {
    if (x > 0) {
      return { z: x, d: [1], k: 0 };
    }
    if (x <= 0) {
      return { z: 0, d: [0], k: 1 };
    }
    return { z: NaN, d: [NaN], k: 2 };
  },
  multiply([x, y]) {
    return { z: x * y, d: [y, x], k: 0 };
  },
};

`rules[op](row)` takes the data of the operands of a node in one row, as a tape has them. It returns an object:

- `z`: the value;
- `d`: the local derivatives, in a row like the operands;
- `k`: the number of the case of the rule that applied, from 0;
- `t`, where the derivative by an element of a list has two formulas, as that of `largest`: for each operand, whether it
  is the first one of the two;
- `e`, where formulas have elements of lists that are no operands: for each operand, these numbers by their names.

Derivatives are those of the rules, and stated nowhere else.

Words of the rules are functions of `Math`, or come from `words.js`, or are defined by `textbook.py`; those that are
needed precede the rules. The text is ES2020 for strict mode. It evaluates no text, and has no `</script>`.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from autograd.formula.cases import Case, Expression, Rule, cases_of, fold, rule, textbook
from autograd.formula.text import element_text
from autograd.formula.vocabularies import branches
from autograd.formula.ways import Ways, lists_made, ways

MATH: Final = {
    word: word.removesuffix("olute")
    for word in (
        *("absolute", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos"),
        *("atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "hypot"),
    )
}
"""The names of functions that JavaScript has, and that take every number as C's do."""
_RESERVED: Final = (
    *("Array", "Infinity", "Math", "NaN", "Number", "Object", "arguments", "case", "catch", "const", "debugger"),
    *("default", "delete", "do", "enum", "eval", "export", "extends", "false", "function", "implements", "instanceof"),
    *("interface", "let", "new", "null", "package", "private", "protected", "public", "static", "super", "switch"),
    *("this", "throw", "true", "typeof", "undefined", "var", "void", "i", "row", "lists"),
)
"""Names that no operand can have in the text: those of the language, and those that the text of a rule uses itself."""
_CHOICE, _OR, _AND, _EQUALITY, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
"""How strongly a piece of text binds: one that binds less than its place needs is put in brackets."""


class _Text(NamedTuple):
    text: str
    binds: int = _ATOM

    def within(self, at_least: int) -> str:
        return self.text if self.binds >= at_least else f"({self.text})"


# ── expressions ──


class _Written:
    """A reading of expressions as JavaScript, and the words that they have called so far."""

    def __init__(self) -> None:
        self.words: dict[str, None] = {}

    def text(self, e: Expression) -> str:
        """The text of an expression."""
        return fold(e, self).text

    def number(self, number: float) -> _Text:
        text = repr(number).removesuffix(".0").replace("inf", "Infinity").replace("nan", "NaN")
        return _Text(text, _SIGN if text.startswith("-") else _ATOM)

    def constant(self, name: str, number: float) -> _Text:
        return self.number(number)

    def name(self, name: str) -> _Text:
        return _Text(_called(name))

    def element(self, sequence: str) -> _Text:
        return _Text(f"{_called(sequence)}[i]")

    def length(self, sequence: str) -> _Text:
        return _Text(f"{_called(sequence)}.length")

    def call(self, word: str, *arguments: _Text) -> _Text:
        x, *rest = arguments
        match word:
            case "divide":  # In JavaScript this is total.
                return self.infix("/", x, *rest)
            case "fixed":
                return x
            case "last":
                return _Text(f"{x.text}.slice(-1)[0]")
            case "others":
                return _Text(f"{x.text}.slice(0, -1)")
            case "joined":
                return _Text(f"[...{x.text}, {rest[0].text}]")
        own = word not in MATH
        if own:
            self.words[word] = None
        name = word if own else f"Math.{MATH[word]}"
        return _Text(f"{name}({', '.join(argument.text for argument in arguments)})")

    def infix(self, sign: str, left: _Text, right: _Text) -> _Text:
        binds = _SUM if sign in "+-" else _PRODUCT
        # Brackets keep a right operand together, and a sign apart from the sign before it.
        return _Text(f"{left.within(binds)} {sign} {right.within(binds + 1 if right.text[0] != '-' else _ATOM)}", binds)

    def negative(self, inner: _Text) -> _Text:
        return _Text(f"-{inner.within(_ATOM)}", _SIGN)

    def comparison(self, sign: str, left: _Text, right: _Text) -> _Text:
        sign = {"==": "===", "!=": "!=="}.get(sign, sign)
        return _Text(f"{left.within(_SUM)} {sign} {right.within(_SUM)}", _EQUALITY)

    def logic(self, word: str, *parts: _Text) -> _Text:
        sign, binds = ("&&", _AND) if word == "and" else ("||", _OR)
        return _Text(f" {sign} ".join(part.within(binds + 1) for part in parts), binds) if len(parts) > 1 else parts[0]

    def choice(self, test: _Text, then: _Text, other: _Text) -> _Text:
        return _Text(f"{test.within(_CHOICE + 1)} ? {then.within(_CHOICE + 1)} : {other.text}", _CHOICE)

    def each(self, of: _Text, *sequences: str) -> _Text:
        variables = "_, i" if re.search(r"\[i\]", of.text) else ""
        return _Text(f"{_called(sequences[0])}.map(({variables}) => {of.within(_CHOICE + 1)})")


def _called(name: str) -> str:
    """A name of a rule as a name of JavaScript; in Python, no name of a rule ends with an underscore."""
    return f"{name}_" if name in _RESERVED else name


def _key(name: str) -> str:
    """A name of a property."""
    return name if name.isascii() and name.isidentifier() else json.dumps(name)


# ── rules ──


def javascript(operations: Iterable[str], *, words: Iterable[str] = ()) -> str:
    """The text of an object `rules` with a function for each of these operations, after the functions that they need.

    Other words that are needed beside them may be named too. Operations are named as `op` of a node is. ValueError for
    an unknown operation, or one whose source can't be read.
    """
    written = _Written()
    rules = [_function(op, written) for op in dict.fromkeys(operations)]
    return "\n\n".join([*words_of([*written.words, *words]), "\n".join(["const rules = {", *rules, "};"])])


def _function(op: str, written: _Written) -> str:
    cases = cases_of(op)
    parameters, lines = _parameters(rule(op), written)
    parts = [*branches(cases, lambda case: [case.value, *case.partials])]
    before = [name for part in parts for name, _ in part.before]
    for k, (case, early, late) in enumerate(parts):
        for name, e in early:
            # Nested guards may give one name several meanings, one after the other.
            declared = "const " if before.count(name) == 1 else "let " if f"let {name} = " not in "".join(lines) else ""
            lines.append(f"{declared}{_called(name)} = {written.text(e)};")
        inner = [f"const {_called(name)} = {written.text(e)};" for name, e in late]
        inner.append(f"return {{ {_results(rule(op), case, ways(op)[k], written)}, k: {k} }};")
        if case.guards:
            guards = written.logic("and", *(fold(guard, written) for guard in case.guards)).text
            inner = [f"if ({guards}) {{", *(f"  {line}" for line in inner), "}"]
        lines += inner
    return "\n".join([f"  {_key(op)}({parameters}) {{", *(f"    {line}" for line in lines), "  },"])


def _parameters(r: Rule, written: _Written) -> tuple[str, list[str]]:
    """The parameters of a function of one row, and the statements that make lists of the row."""
    names = [*map(_called, r.operands)]
    if not r.of_sequences:
        return f"[{', '.join(names)}]", []
    if len(names) == 1:
        return names[0], []
    written.words["lists"] = None
    return "row", [f"const [{', '.join(names)}] = lists(row, {len(names)});"]


def _results(r: Rule, case: Case, told: Sequence[Ways], written: _Written) -> str:
    value, partials = written.text(case.value), [*map(written.text, case.partials)]
    if not r.of_sequences:
        return f"z: {value}, d: [{', '.join(partials)}]"
    results = f"z: {value}, d: {_joined(partials)}"
    if any(way.test for way in told):
        tests = [
            written.each(fold(way.test, written), *way.rows) if way.test else written.each(_Text("true"), operand)
            for way, operand in zip(told, r.operands, strict=True)
        ]
        results += f", t: {_joined([test.text for test in tests])}"
    if any(lists_made(formula, r) for way in told for formula in way.formulas):
        rows = [_elements(way, name, r, written) for way, name in zip(told, r.operands, strict=True)]
        results += f", e: {_joined(rows)}"
    return results


def _elements(way: Ways, operand: str, r: Rule, written: _Written) -> str:
    """A list with an object for each element of an operand: the numbers in its formula that are of other lists."""
    objects: dict[str, _Text] = {}
    for formula in way.formulas:
        pairs = ", ".join(f"{_key(element_text(row))}: {_called(row)}[i]" for row in lists_made(formula, r))
        objects[pairs] = _Text(f"({{ {pairs} }})" if pairs else "({})")
    first, *others = objects.values()
    chosen = written.choice(fold(way.test, written), first, *others) if way.test and others else first
    return written.each(chosen, operand).text


def _joined(rows: Sequence[str]) -> str:
    return rows[0] if len(rows) == 1 else f"[{', '.join(f'...{row}' for row in rows)}]"


# ── words ──


@cache
def _sources() -> dict[str, str]:
    """The functions and constants of `words.js` by name, each with its comment."""
    text = Path(__file__).with_name("words.js").read_text(encoding="utf-8")
    found = re.findall(r"^((?://.*\n)*(?:function|const) (\w+)(?:.*;|[^\n]*\{\n[\s\S]*?\n\}))$", text, re.M)
    return {name: source for source, name in found}


@cache
def _word(name: str) -> tuple[str, tuple[str, ...]]:
    """The text of a word, and the words that it calls itself."""
    if name in _sources():
        text = _sources()[name]
        code = re.sub("//.*", "", text)
        return text, tuple(other for other in _sources() if re.search(rf"\b{other}\b", code))
    definition = textbook()[0][name]
    written, (case,) = _Written(), definition.cases
    parameters = ", ".join(map(_called, definition.operands))
    return f"function {name}({parameters}) {{\n  return {written.text(case.value)};\n}}", tuple(written.words)


def words_of(words: Iterable[str]) -> list[str]:
    """The texts of these words, and of those that they call."""
    found: dict[str, str] = {}
    waiting = [*words]
    while waiting:
        if (name := waiting.pop(0)) not in found and name not in MATH:
            found[name], others = _word(name)
            waiting += others
    return [*found.values()]
