"""Expressions of the rules as text of `jax.numpy`.

>>> from autograd.compiler.expressions import name, partial_of, times, value_of
>>> as_jax(times(name("dz"), partial_of("tanh", "x")), {"dz": "dv1", "z": "tanh1"}).text
'(dv1 * (1.0 - (tanh1 * tanh1)))'
>>> as_jax(value_of("sigmoid"), {"x": "z1"}).text
'sigmoid(z1)'
>>> print(*definition("sigmoid"), sep="\\n")
def sigmoid(x):
    e = jnp.exp(jnp.minimum(x, 40.0))
    return (e / (1.0 + e))
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from autograd.compiler.expressions import simplified
from autograd.compiler.words import UFUNCS, definitions, is_elementwise, is_operand
from autograd.formula.cases import Expression, fold

FAR: Final = 1e15
"""The product of two numbers that are no larger than this is in the range of float32, and so is that of reciprocals."""
REDUCTIONS: Final = {"total": "sum", "greatest": "max", "least": "min"}
_LENGTHS: Final = ("norm", "directions", "direction", "hypot")
APART: Final = ("log", "log2", "log10", "sqrt", "power", "asinh", "acosh")
"""Functions that XLA simplifies together with what computes their operand, if nothing is between them."""
OWN: Final = (
    *("erf", "normal_cdf", "scaled_power", *_LENGTHS, "joined", "sign"),
    *("unsigned_zero", "attained", "unchanged", "apart", *APART),
)
"""The words for which `words` of this package has functions."""
_LISTS: Final = ("directions", "joined", "others")
"""The words whose results are lists."""


class Written(NamedTuple):
    """The text of a value."""

    text: str
    kind: str = "array"
    """array, list (an array whose last axis is that of lists) or number."""
    number: float = 1.0
    """Its value if it is a literal, else 1."""
    is_quotient: bool = False
    """Whether a division makes it."""


def as_jax(
    e: Expression, texts: Mapping[str, str], lists: Collection[str] = (), quotients: Collection[str] = ()
) -> Written:
    """An expression as text; `texts` has that of an array for each name, those in `lists` with a last axis for lists.

    A division made the arrays in `quotients`. The text calls the words for which `definition` has a function, and those
    in OWN. Every part is in parentheses.
    """
    written = {key: Written(text, _kind(key in lists), is_quotient=key in quotients) for key, text in texts.items()}
    return fold(simplified(e), _Reading(written))


def definition(word: str) -> Iterator[str]:
    """The lines of a function for a word that has a definition, as `as_jax` calls it."""
    lets, value = _defined(word)
    yield f"def {word}({', '.join(definitions()[word].operands)}):"
    for let, written in lets:
        yield f"    {let} = {written.text}"
    yield f"    return {value.text}"


@cache
def _defined(word: str) -> tuple[list[tuple[str, Written]], Written]:
    """The names that a definition gives to parts, with their texts, and its value."""
    rule = definitions()[word]
    case = rule.cases[0]
    reading = _Reading({key: Written(key) for key in (*rule.operands, *(let for let, _ in case.lets))})
    return [(let, fold(e, reading)) for let, e in case.lets], fold(case.value, reading)


def _kept_apart(sign: str, x: Written, other: Written) -> Written:
    """An operand of a product or quotient, apart from what makes it if XLA could leave the range with both.

    XLA makes one of two constants, and takes (x/y)/y for x/(y·y) and x/(y/z) for (x·z)/y.
    """
    is_far = x.kind != "number" and other.number != 0.0 and not 1.0 / FAR < abs(other.number) < FAR
    return x._replace(text=f"apart({x.text})") if is_far or (sign == "/" and x.is_quotient) else x


def _kind(is_list: bool) -> str:
    return "list" if is_list else "array"


class _Reading:
    """The meaning of an expression as text."""

    def __init__(self, texts: Mapping[str, Written]) -> None:
        self._texts = texts

    def number(self, number: float) -> Written:
        return Written(repr(number).replace("inf", "jnp.inf").replace("nan", "jnp.nan"), "number", number)

    def constant(self, name: str, number: float) -> Written:
        return self.number(number)

    def name(self, name: str) -> Written:
        return self._texts[name]

    element = name

    def length(self, sequence: str) -> Written:
        return Written(f"{self._texts[sequence].text}.shape[-1]", "number")

    def infix(self, sign: str, left: Written, right: Written) -> Written:
        if sign == "*" and left == right and not left.text.isidentifier():
            return self._elementwise("jnp.square({})", left)
        if (sign, right.text) == ("+", "0.0"):
            return self._elementwise("unsigned_zero({})", left)
        if sign in ("*", "/"):
            left, right = _kept_apart(sign, left, right), _kept_apart(sign, right, left)
        made = self._elementwise(f"({{}} {sign} {{}})", left, right)
        return made._replace(is_quotient=sign == "/" and right.kind != "number")

    def negative(self, inner: Written) -> Written:
        return self._elementwise("(-{})", inner)._replace(is_quotient=inner.is_quotient)

    def comparison(self, sign: str, left: Written, right: Written) -> Written:
        if sign == "==" and right == self._texts.get("z"):
            if left.kind == "list":
                return Written(f"attained({left.text}, {right.text})", "list")
            return self._elementwise("unchanged({}, {})", left, right)
        return self._elementwise(f"({{}} {sign} {{}})", left, right)

    def logic(self, word: str, *parts: Written) -> Written:
        parts = tuple(dict.fromkeys(parts))
        between = {"and": " & ", "or": " | "}[word]
        return self._elementwise(f"({between.join(['{}'] * len(parts))})", *parts)

    def choice(self, test: Written, then: Written, other: Written) -> Written:
        return self._elementwise("jnp.where({}, {}, {})", test, then, other)

    def each(self, of: Written, *sequences: str) -> Written:
        if of.kind == "list":
            return of
        text = of.text if of.kind == "number" else f"{of.text}[..., None]"
        return Written(f"jnp.broadcast_to({text}, {self._texts[sequences[0]].text}.shape)", "list")

    def call(self, word: str, *arguments: Written) -> Written:
        first = arguments[0]
        if word == "divide":
            return self.infix("/", *arguments)
        if word == "absolute":
            return self._elementwise("jnp.abs({})", first)
        if word in REDUCTIONS:
            return Written(f"jnp.{REDUCTIONS[word]}({first.text}, axis=-1)")
        if word in ("last", "others"):
            return Written(*((f"{first.text}[..., -1]",) if word == "last" else (f"{first.text}[..., :-1]", "list")))
        of_lists = any(x.kind == "list" for x in arguments)
        if word in definitions() and (is_operand(word) or (of_lists and not is_elementwise(word))):
            return self._inlined(word, *arguments)
        if word in OWN and (word in _LISTS or word == "norm"):
            return Written(f"{word}({', '.join(x.text for x in arguments)})", _kind(word in _LISTS))
        function = word if word in OWN or word in definitions() else f"jnp.{UFUNCS[word]}"
        made = self._elementwise(f"{function}({', '.join(['{}'] * len(arguments))})", *arguments)
        return made._replace(is_quotient=word in definitions() and _defined(word)[1].is_quotient)

    def _inlined(self, word: str, *arguments: Written) -> Written:
        """The definition of a word of lists, in the place of its call."""
        rule = definitions()[word]
        names = dict(zip(rule.operands, arguments, strict=True))
        if word == "ties":
            names["z"] = arguments[1]
        for let, e in rule.cases[0].lets:
            names[let] = fold(e, _Reading(names))
        return fold(rule.cases[0].value, _Reading(names))

    def _elementwise(self, pattern: str, *of: Written) -> Written:
        """A text of others; beside lists, an array serves all members of its list."""
        kinds = {x.kind for x in of}
        mixed = "list" in kinds
        texts = [f"{x.text}[..., None]" if mixed and x.kind == "array" else x.text for x in of]
        kind = "list" if mixed else "array" if "array" in kinds else "number"
        return Written(pattern.format(*texts), kind)
