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
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from autograd.compiler.expressions import simplified
from autograd.compiler.words import COMPARISONS, INFIX, LISTS, REDUCTIONS, UFUNCS, definitions, helper
from autograd.formula.cases import WORDS, Expression, fold
from autograd.formula.vocabularies import Source, floats

Kind: TypeAlias = Literal["float", "bool"]


class Scratch(Protocol):
    """Hands out the name of one more scratch array: of the shape of the operands, or with rows of that of the lists."""

    def __call__(self, kind: Kind, rows: bool, /) -> str: ...


class _Step(NamedTuple):
    """A call that fills an array, or a text that needs none."""

    form: str
    """`text`, `view`, `length`, `plain` (numbers of Python), `ufunc`, `reduction`, `helper`, `select`, `repeated` or `joined`."""
    text: str
    of: tuple[int, ...] = ()
    kind: Kind = "float"
    rows: bool = False
    cut: bool = False
    """Whether a list lacks the last of the rows."""


WITHOUT_ARRAY: Final = ("text", "view", "length", "plain")


class _Steps:
    """The reading of an expression as steps, each of which is there once."""

    def __init__(self, texts: Mapping[str, str], rows: Collection[str]) -> None:
        self.steps: list[_Step] = []
        self._known: dict[_Step, int] = {}
        self._names = {name: self.add(_Step("text", text, rows=name in rows)) for name, text in texts.items()}

    def add(self, step: _Step) -> int:
        """The place of a step, which is new or was there."""
        place = self._known.setdefault(step, len(self.steps))
        if place == len(self.steps):
            self.steps.append(step)
        return place

    def number(self, number: float) -> int:
        text = repr(number) if math.isfinite(number) else f"np.{number}".replace("np.-", "-np.")
        return self.add(_Step("plain", text))

    def constant(self, name: str, number: float) -> int:
        return self.number(number)

    def name(self, name: str) -> int:
        return self._names[name]

    def element(self, sequence: str) -> int:
        return self._as_rows(self._names[sequence])

    def _as_rows(self, place: int) -> int:
        step = self.steps[place]
        if step.form != "text" or step.rows:
            return place
        return self.add(step._replace(rows=True))

    def length(self, sequence: str) -> int:
        return self.add(_Step("length", "len({})", (self.element(sequence),)))

    def each(self, of: int, *sequences: str) -> int:
        return of if self.steps[of].rows else self.add(_Step("repeated", "", (of,), rows=True))

    def call(self, word: str, *arguments: int) -> int:
        if word in UFUNCS:
            return self._elementwise(f"np.{UFUNCS[word]}", *arguments)
        if word in REDUCTIONS:
            return self.add(_Step("reduction", f"np.{REDUCTIONS[word]}", self._lists(arguments)))
        if word in ("last", "others"):
            cut = word == "others"
            view = "{}[:-1]" if cut else "{}[-1]"
            return self.add(_Step("view", view, self._lists(arguments), rows=cut, cut=cut))
        if word == "joined":
            return self.add(_Step("joined", "", arguments, rows=True))
        if word in definitions():
            definition = definitions()[word]
            outer, self._names = self._names, dict(zip(definition.operands, arguments, strict=True))
            if definition.of_sequences:
                self._names[definition.operands[0]] = self._as_rows(arguments[0])
            for name, e in definition.cases[0].lets:
                self._names[name] = fold(e, self)
            result = fold(definition.cases[0].value, self)
            self._names = outer
            return result
        if word in ("norm", "directions"):
            arguments = self._lists(arguments)
        rows = word in LISTS or (word != "norm" and any(self.steps[a].rows for a in arguments))
        return self.add(_Step("helper", word, arguments, rows=rows))

    def _lists(self, arguments: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(self._as_rows, arguments))

    def _elementwise(self, text: str, *of: int, kind: Kind = "float", form: str = "ufunc") -> int:
        # NumPy repeats numbers itself, so they are repeated last.
        bare = tuple(self.steps[place].of[0] if self.steps[place].form == "repeated" else place for place in of)
        steps = [self.steps[place] for place in bare]
        joined = [k for k, step in enumerate(steps) if step.form == "joined"]
        if joined and sum(step.rows for step in steps) == 1:
            (k,) = joined
            parts = [self._elementwise(text, *bare[:k], part, *bare[k + 1 :]) for part in steps[k].of]
            return self.add(steps[k]._replace(of=tuple(parts)))
        rows, cut = any(step.rows for step in steps), any(step.cut for step in steps)
        one = self.number(1.0)
        if text == "np.multiply" and one in bare:
            place = bare[0] if bare[1] == one else bare[1]
        else:
            place = self.add(_Step(form, text, bare, kind, rows, cut))
        return place if rows or bare == of else self.each(place)

    def infix(self, sign: str, left: int, right: int) -> int:
        if {self.steps[left].form, self.steps[right].form} <= {"plain", "length"}:
            return self.add(_Step("plain", f"({{}} {sign} {{}})", (left, right)))
        if sign == "*" and left == right:
            return self._elementwise("np.square", left)
        return self._elementwise(f"np.{INFIX[sign]}", left, right)

    def negative(self, inner: int) -> int:
        if self.steps[inner].form == "plain":
            return self.add(_Step("plain", "-{}", (inner,)))
        return self._elementwise("np.negative", inner)

    def comparison(self, sign: str, left: int, right: int) -> int:
        return self._elementwise(f"np.{COMPARISONS[sign]}", left, right, kind="bool")

    def logic(self, word: str, first: int, *others: int) -> int:
        for other in others:
            first = self._elementwise(f"np.logical_{word}", first, other, kind="bool")
        return first

    def choice(self, test: int, then: int, other: int) -> int:
        return self._elementwise("", test, then, other, form="select")


def as_numpy(
    e: Expression, texts: Mapping[str, str], out: str, scratch: Scratch, rows: Collection[str] = ()
) -> list[str]:
    """Statements of NumPy that store an expression in `out`; each is one call, and none allocates.

    `texts` has the text of an array, or of a number, for each name. Operands are of one shape or broadcast to that of
    `out`; the names in `rows` are lists, with one more axis in front than numbers have. An operand may have the text of
    `out`, and overlaps it in no other way. Warnings of NumPy are the caller's to turn off, and `namespace()` has the
    names that the text uses.
    """
    reading = _Steps(texts, rows)
    root = fold(simplified(e), reading)
    step = reading.steps[root]
    if step.form == "joined":
        targets = {step.of[0]: f"{out}[:-1]", step.of[1]: f"{out}[-1]"}
    elif step.form == "repeated":
        targets = {step.of[0]: out}  # NumPy repeats numbers itself.
    else:
        targets = {root: out}
    return _Statements(reading.steps, targets, scratch, is_list=step.rows).lines


class _Statements:
    """Steps written down, in arrays that serve again when their numbers are needed no more."""

    def __init__(self, steps: list[_Step], targets: Mapping[int, str], scratch: Scratch, *, is_list: bool) -> None:
        self._steps, self._targets, self._scratch = steps, targets, scratch
        self._arrays: dict[int, str] = {}
        self._free: dict[tuple[Kind, bool], list[str]] = {}
        self.lines: list[str] = []
        order = [*dict.fromkeys(place for target in targets for place in self._below(target))]
        self._uses = Counter(home for place in order for of in {*steps[place].of} for home in self._homes(of))
        self._uses.update(targets.keys())
        (root, out), *more = targets.items()
        used = [steps[place].text for place in order if steps[place].form == "text"]
        if not more and out not in used and steps[root].rows == is_list:
            self._free["float", is_list] = [out]
        for place in order:
            self._write(place)
        for target, out in targets.items():
            if self._text(target) != out:
                self.lines.append(f"np.copyto({out}, {self._text(target)})")

    def _below(self, place: int) -> Iterator[int]:
        """The steps that one needs, and itself, in an order to be written in."""
        of = self._steps[place].of
        # The last branch of a choice is overwritten in part, so it comes first, into the array of the result.
        for inner in reversed(of) if self._steps[place].form == "select" else of:
            yield from self._below(inner)
        if self._steps[place].form not in WITHOUT_ARRAY:
            yield place

    def _homes(self, place: int) -> set[int]:
        """The steps whose arrays a text mentions."""
        if self._steps[place].form not in WITHOUT_ARRAY:
            return {place}
        return set().union(*map(self._homes, self._steps[place].of))

    def _text(self, place: int) -> str:
        step = self._steps[place]
        if step.form in WITHOUT_ARRAY:
            return step.text.format(*map(self._text, step.of)) if step.of else step.text
        return self._arrays[place] + ("[:-1]" if step.cut and place not in self._targets else "")

    def _write(self, place: int) -> None:
        step = self._steps[place]
        texts = [self._text(of) for of in step.of]
        dying = [home for of in {*step.of} for home in self._homes(of) if self._last_use(home)]
        if step.form != "select":
            self._release(dying)
        out = self._array(place, dying if step.form == "select" else ())
        if step.form == "select":
            self._release([home for home in dying if self._arrays[home] != self._arrays[place]])
            self._select(texts, out, step, dying)
        elif step.form == "repeated":
            self.lines.append(f"np.copyto({out}, {texts[0]})")
        elif step.form == "joined":
            self.lines += [f"np.copyto({out}[:-1], {texts[0]})", f"np.copyto({out}[-1], {texts[1]})"]
        else:
            axis = ", axis=0" if step.form == "reduction" else ""
            self.lines.append(f"{step.text}({', '.join(texts)}{axis}, out={out})")

    def _last_use(self, home: int) -> bool:
        self._uses[home] -= 1
        return self._uses[home] == 0

    def _release(self, places: Collection[int]) -> None:
        for place in places:
            self._free.setdefault(self._shape(place), []).append(self._arrays[place])

    def _shape(self, place: int) -> tuple[Kind, bool]:
        return self._steps[place].kind, self._steps[place].rows

    def _array(self, place: int, dying: Collection[int]) -> str:
        """An array for a step: that of a target, that of a branch which dies with a choice, a free one, or a new one."""
        if place in self._targets:
            self._arrays[place] = self._targets[place]
            return self._targets[place]
        shape, branches = self._shape(place), self._steps[place].of[:0:-1]
        free = self._free.setdefault(shape, [])
        mine = [self._arrays[branch] for branch in branches if branch in dying and self._shape(branch) == shape]
        self._arrays[place] = mine[0] if mine else free.pop() if free else self._scratch(*shape)
        return self._text(place)

    def _select(self, texts: list[str], out: str, step: _Step, dying: Collection[int]) -> None:
        mask, then, other = texts
        if then == out:
            inverted = mask if step.of[0] in dying else self._scratch("bool", self._steps[step.of[0]].rows)
            self.lines.append(f"np.logical_not({mask}, out={inverted})")
            mask, then, other = inverted, other, then
        if other != out:
            self.lines.append(f"np.copyto({out}, {other})")
        self.lines.append(f"np.copyto({out}, {then}, where={mask})")


def namespace() -> dict[str, Any]:
    """The names that the text of `as_numpy` uses."""
    return {"np": np} | {word: helper(word) for word in WORDS if _is_helper(word)}


def _is_helper(word: str) -> bool:
    return not (word in UFUNCS or word in REDUCTIONS or word in definitions())


# ── text over floats ──


QUICK: Final = {
    "exp": "{} < 709.0",
    "expm1": "{} < 709.0",
    "log": "{} > 0.0",
    "log2": "{} > 0.0",
    "log10": "{} > 0.0",
    "log1p": "{} > -1.0",
    "sqrt": "{} >= 0.0",
    "sin": "-1e6 < {} < 1e6",
    "cos": "-1e6 < {} < 1e6",
    "tan": "-1e6 < {} < 1e6",
}
"""Where the function of `math`, which is quicker than that of `ieee`, raises no error."""
NEVER_RAISE: Final = ("tanh", "atan", "erf")


@cache
def float_words() -> dict[str, Any]:
    """The names that the text of `as_floats` uses."""
    never = {word: getattr(math, word) for word in NEVER_RAISE}
    return floats().words | {f"math_{word}": getattr(math, word) for word in QUICK} | never | {"abs": abs}


class _Floats(Source):
    """The reading of expressions as Python over floats."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(floats())
        self.called.update(texts)
        self._kept = 0

    def number(self, number: float) -> str:
        return repr(number) if number >= 0.0 or number != number else f"({number!r})"

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
        if word in ("maximum", "minimum") and not _NUMBER.fullmatch(y):
            signs = (">", "<=") if word == "maximum" else ("<", ">=")
            other, second = self._keep(y)
            return f"({kept} if {test} {signs[0]} {second} else {other} if {kept} {signs[1]} {other} else nan)"
        if word == "sign":
            return f"(1.0 if {test} > 0.0 else -1.0 if {kept} < 0.0 else {kept})"
        if word in ("maximum", "minimum"):
            return f"({y} if {test} {'<=' if word == 'maximum' else '>='} {y} else {kept})"
        if word in QUICK:
            return f"(math_{word}({kept}) if {QUICK[word].format(test)} else {word}({kept}))"
        return super().call(word, *arguments)

    def infix(self, sign: str, left: str, right: str) -> str:
        if left != right:
            return super().infix(sign, left, right)
        kept, first = self._keep(left)
        return super().infix(sign, first, kept)

    def _keep(self, text: str) -> tuple[str, str]:
        """A name for a text, and the text that gives it the name, to stand before."""
        if _is_short(text):
            return text, text
        self._kept += 1
        return f"_{self._kept}", f"(_{self._kept} := {text})"


_NUMBER: Final = re.compile(r"\d[\d.e+-]*")


def _is_short(text: str) -> bool:
    return text.isidentifier() or _NUMBER.fullmatch(text) is not None


def as_floats(e: Expression, texts: Mapping[str, str]) -> str:
    """An expression as Python text over floats that raises no error; `float_words()` has the names that it uses.

    The text of a list is that of a Python list, and so is the text of an expression that is a list.
    """
    return fold(simplified(e), _Floats(texts))
