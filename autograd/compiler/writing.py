"""Expressions as text: statements of NumPy that allocate nothing, and Python over single floats.

>>> from autograd.compiler.expressions import name, partial_of, times
>>> from itertools import count
>>> scratch = count()
>>> e = times(name("dz"), partial_of("tanh", "x"))
>>> print(*as_numpy(e, {"dz": "dv[1]", "z": "v[1]"}, "dv[0]", lambda kind, rows: f"t{next(scratch)}"), sep="\\n")
np.square(v[1], out=dv[0])
np.subtract(1.0, dv[0], out=dv[0])
np.multiply(dv[1], dv[0], out=dv[0])
>>> as_floats(e, {"dz": "d", "z": "a"})
'(d * (1.0 - (a * a)))'
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, reduce
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from autograd.compiler.expressions import simplified
from autograd.compiler.words import REDUCTIONS, SIGNS, UFUNCS, definitions, helper
from autograd.formula.cases import WORDS, Expression, fold
from autograd.formula.vocabularies import Source, floats

Kind: TypeAlias = Literal["float", "bool"]
APART: Final = "np.sign("
"""A call that is seven times slower in place: NumPy 2.4.6 then takes a branch for each number."""


class Scratch(Protocol):
    """Hands out the name of one more scratch array: of the shape of the operands, or with rows of that of the lists."""

    def __call__(self, kind: Kind, rows: bool, /) -> str: ...


class _Step(NamedTuple):
    """A text, or a call that fills an array, or a choice; made of the texts of other steps."""

    form: Literal["number", "text", "call", "choice"]
    text: str
    """With {} for each other step, and in a call for the array."""
    of: tuple[int, ...] = ()
    kind: Kind = "float"
    rows: bool = False
    cut: bool = False
    """Whether it is a list without the last row."""


class _Steps:
    """An expression as steps, each of which is there once."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._known: dict[_Step, int] = {}

    def add(self, step: _Step) -> int:
        """The place of a step, which is new or was there."""
        place = self._known.setdefault(step, len(self.steps))
        if place == len(self.steps):
            self.steps.append(step)
        return place

    def read(self, e: Expression, names: Mapping[str, int]) -> int:
        """The place of the value of an expression."""
        of = [self.read(part, names) for part in e.parts if isinstance(part, Expression)]
        text = str(e.parts[0])
        match e.form:
            case "number" | "constant":
                return self.add(_Step("number", repr(e.parts[-1]).replace("inf", "np.inf").replace("nan", "np.nan")))
            case "name":
                return names[text]
            case "element":
                return self._list(names[text])
            case "length":
                return self.add(_Step("number", "len({})", (self._list(names[text]),)))
            case "each":
                return of[0]
            case "negative" if self.steps[of[0]].form == "number":
                return self.add(_Step("number", "-{}", (*of,)))
            case "negative":
                return self._elementwise("negative", *of)
            case "comparison":
                return self._elementwise(SIGNS[text], *of, kind="bool")
            case "logic":
                of = [*dict.fromkeys(of)]
                return reduce(lambda a, b: self._elementwise(f"logical_{text}", a, b, kind="bool"), of)
            case "choice":
                return self._elementwise("", *of)
            case "infix":
                return self._infix(text, *of)
        return self._infix("/", *of) if text == "divide" else self._call(text, *of)

    def below(self, place: int) -> Iterator[int]:
        """The steps that one needs, and itself, in an order to be written in."""
        for inner in self.steps[place].of:
            yield from self.below(inner)
        yield place

    def _list(self, place: int) -> int:
        """The place of a list; a number that stands for all its elements is repeated."""
        return place if self.steps[place].rows else self.add(_Step("call", "{1}[...] = {0}", (place,), rows=True))

    def _infix(self, sign: str, left: int, right: int) -> int:
        if self.steps[left].form == self.steps[right].form == "number":
            return self.add(_Step("number", f"({{}} {sign} {{}})", (left, right)))
        if sign == "*" and left == right:
            return self._elementwise("square", left)
        return self._elementwise(SIGNS[sign], left, right)

    def _call(self, word: str, *of: int) -> int:
        if word in UFUNCS:
            return self._elementwise(UFUNCS[word], *of)
        if word in definitions():
            definition, case = definitions()[word], definitions()[word].cases[0]
            names = dict(zip(definition.operands, of, strict=True))
            for name, e in case.lets:
                names[name] = self.read(e, names)
            return self.read(case.value, names)
        if word in REDUCTIONS:
            return self.add(_Step("call", f"np.{REDUCTIONS[word]}.reduce({{}}, axis=0, out={{}})", (self._list(*of),)))
        if word == "last":
            return self.add(_Step("text", "{}[-1]", (self._list(*of),)))
        if word == "others":
            return self.add(_Step("text", "{}[:-1]", (self._list(*of),), rows=True, cut=True))
        rows = word == "directions" or (word != "norm" and any(self.steps[place].rows for place in of))
        return self.add(_Step("call", f"{word}({', '.join(['{}'] * len(of))}, out={{}})", of, rows=rows))

    def _elementwise(self, ufunc: str, *of: int, kind: Kind = "float") -> int:
        """A step for each element; the name of the ufunc is empty for a choice."""
        steps = [self.steps[place] for place in of]
        rows, cut = any(step.rows for step in steps), any(step.cut for step in steps)
        text = f"np.{ufunc}({'{}, ' * len(of)}out={{}})" if ufunc else ""
        return self.add(_Step("call" if ufunc else "choice", text, of, kind, rows, cut))


def as_numpy(
    e: Expression, texts: Mapping[str, str], out: str, scratch: Scratch, rows: Collection[str] = ()
) -> list[str]:
    """Statements of NumPy that store an expression in `out`; each is one call, and none allocates.

    `texts` has the text of an array, or of a number, for each name. Operands are of one shape or broadcast to that of
    `out`; the names in `rows` are lists, with one more axis in front than numbers have. An operand may have the text of
    `out`, and overlaps it in no other way. Warnings of NumPy are the caller's to turn off, and `namespace()` has the
    names that the text uses.
    """
    made = _Steps()
    names = {name: made.add(_Step("text", text, rows=name in rows)) for name, text in texts.items()}
    root = made.read(simplified(e), names)
    steps, order = made.steps, [*dict.fromkeys(made.below(root))]
    before = _overwritten(steps, order)
    unread = out not in texts.values()
    if not unread:
        before.pop(root, None)
    start = root
    while start in before:
        start = before[start]
    # A choice overwrites its last branch in part, so it may read the array of the result nowhere else.
    direct = unread or steps[root].form != "choice" or steps[steps[root].of[-1]].text == out
    arrays = {start: out} if direct else {}
    shown: dict[int, str] = {}
    lines = []
    for place in order:
        step, given = steps[place], [shown[inner] for inner in steps[place].of]
        if step.form in ("number", "text"):
            shown[place] = step.text.format(*given) if step.of else step.text
            continue
        if place not in arrays:
            arrays[place] = arrays[before[place]] if place in before else scratch(step.kind, step.rows)
        shown[place] = array = arrays[place] + ("[:-1]" if step.cut and arrays[place] != out else "")
        if step.form == "call":
            lines.append(step.text.format(*given, array))
            continue
        mask, then, other = given
        lines += [f"{array}[...] = {other}"] if other != array else []
        lines.append(f"np.copyto({array}, {then}, where={mask})")
    return lines if shown[root] == out else [*lines, f"{out}[...] = {shown[root]}"]


def _overwritten(steps: Sequence[_Step], order: Sequence[int]) -> dict[int, int]:
    """For steps the operand in whose array they are made: one that is alike and isn't read later."""
    made = [place for place in order if steps[place].form in ("call", "choice")]
    others = [place for place in order if place not in made]  # These may be read later, with the array in their text.
    last = {inner: place for place in (*made, *others) for inner in steps[place].of}
    found: dict[int, int] = {}
    for place in made:
        step = steps[place]
        operands = step.of[-1:] if step.form == "choice" else step.of if APART not in step.text else ()
        fitting = [i for i in operands if i in made and last[i] == place and steps[i][3:] == step[3:]]
        if fitting:
            found[place] = fitting[0]
    return found


def namespace() -> dict[str, Any]:
    """The names that the text of `as_numpy` uses."""
    ours = [word for word in (*WORDS, "joined") if word not in {*UFUNCS, *REDUCTIONS, *definitions()}]
    return {"np": np} | {word: helper(word) for word in ours}


# ── text over floats ──

QUICK: Final = (
    dict.fromkeys(("exp", "expm1"), "{} < 709.0")
    | dict.fromkeys(("log", "log2", "log10"), "{} > 0.0")
    | dict.fromkeys(("sin", "cos", "tan"), "-1e6 < {} < 1e6")
    | {"log1p": "{} > -1.0", "sqrt": "{} >= 0.0"}
)
"""Where the function of `math`, which is quicker than that of `ieee`, raises no error."""
_NUMBER: Final = re.compile(r"\d[\d.e+-]*")


@cache
def float_words() -> dict[str, Any]:
    """The names that the text of `as_floats` uses."""
    quick = {f"math_{word}": getattr(math, word) for word in QUICK}
    return floats().words | quick | {"tanh": math.tanh, "atan": math.atan, "erf": math.erf, "abs": abs}


def as_floats(e: Expression, texts: Mapping[str, str]) -> str:
    """An expression as Python text over floats that raises no error; `float_words()` has the names that it uses.

    The text of a list is that of a Python list, and so is the text of an expression that is a list.
    """
    return fold(simplified(e), _Floats(texts))


class _Floats(Source):
    """The reading of expressions as Python over floats."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(floats())
        self.called.update(texts)
        self._kept = 0

    def number(self, number: float) -> str:
        return f"({number!r})" if number < 0.0 else repr(number)

    def call(self, word: str, *arguments: str) -> str:
        x, y = (*arguments, "")[:2]
        if word == "absolute":
            return f"abs({x})"
        if word == "divide" and _is_short(x):
            if _NUMBER.fullmatch(y) and float(y) != 0.0:
                return f"({x} / {y})"
            kept, test = self._keep(y)
            return f"({x} / {kept} if {test} else divide({x}, {kept}))"
        kept, test = self._keep(x)
        if word in ("maximum", "minimum"):
            sign, other = (">", "<") if word == "maximum" else ("<", ">")
            if _NUMBER.fullmatch(y):
                return f"({y} if {test} {other}= {y} else {kept})"
            limit, second = self._keep(y)
            return f"({kept} if {test} {sign} {second} else {limit} if {kept} {other}= {limit} else nan)"
        if word == "sign":
            return f"(1.0 if {test} > 0.0 else -1.0 if {kept} < 0.0 else {kept})"
        if word in QUICK:
            return f"(math_{word}({kept}) if {QUICK[word].format(test)} else {word}({kept}))"
        return super().call(word, *arguments)

    def infix(self, sign: str, left: str, right: str) -> str:
        if left != right:
            return super().infix(sign, left, right)
        kept, first = self._keep(left)
        return super().infix(sign, first, kept)

    def _keep(self, text: str) -> tuple[str, str]:
        """A name for a text, and the text that gives it the name, to stand where it is worked out first."""
        if _is_short(text):
            return text, text
        self._kept += 1
        return f"_{self._kept}", f"(_{self._kept} := {text})"


def _is_short(text: str) -> bool:
    return text.isidentifier() or _NUMBER.fullmatch(text) is not None
