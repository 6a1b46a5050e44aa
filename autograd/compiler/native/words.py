"""The words of the rules in C over vectors of lanes, and expressions of values and derivatives written with them.

>>> from autograd.compiler.expressions import partial_of
>>> as_c(partial_of("tanh", "x"), {"z": "z"})
'(splat(1.0) - (z * z))'
>>> as_c(partial_of("mean", "xs"), {"xs": ["a", "b"]})
['splat(0.5)', 'splat(0.5)']

`lanes.h` beside this file has vectors, masks, and the words that C has in a quick or an accurate form; `header()` adds
the words that are defined by others.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from autograd.compiler.expressions import known, number, simplified
from autograd.compiler.words import definitions, is_elementwise, is_operand
from autograd.formula.cases import WORDS, Expression, names_in

COMPARISONS: Final = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"} | {
    "==": "equal",
    "!=": "not_equal",
}
PAIRS: Final = {
    "total": ("({} + {})", 0.0),
    "greatest": ("word_maximum({}, {})", -math.inf),
    "least": ("word_minimum({}, {})", math.inf),
}
"""How words of lists join two numbers, and their value for an empty list."""
LIMITS: Final = {"maximum": "at_least", "minimum": "at_most"}
"""Words that are quicker if the second operand is a number and not nan."""
WHOLE: Final = (4.0, 5.0, 6.0, 7.0, 8.0)
"""The powers that are made of products, of three roundings at most."""
QUICK: Final = ("-fno-math-errno", "-fno-trapping-math", "-Wno-psabi")
"""Options for all programs: nobody reads errno or the flags of exceptions, and no vectors go from file to file."""
FLAGS: Final = ("-std=gnu11", "-O2", "-ffp-contract=off", *QUICK)
"""The flags with which a compiler makes good code of the header."""
HERE: Final = "-march=native"
"""The flag for code that runs on this machine alone: the forms for its vectors are chosen by it."""

Keep: TypeAlias = Callable[[str], str]
Found: TypeAlias = int | list[int]
"""The place of a number, or those of the numbers of a list."""


def as_c(e: Expression, texts: Mapping[str, str | Sequence[str]], keep: Keep | None = None) -> str | list[str]:
    """An expression as C over vectors of lanes; of a list, the texts of its elements.

    `texts` has the text of each operand, and a list of texts for one that is a list. `keep` is called with a text that
    is used several times, and returns the name that stands for it from there on: `const V name = text;`. Without `keep`
    such a text is repeated.
    """
    made = Steps()
    names = {name: made.operand(text) for name, text in texts.items()}
    found = made.read(simplified(_counted(e, texts)), names)
    roots = found if isinstance(found, list) else [found]
    written = made.written(roots, keep)
    return [written[root] for root in roots] if isinstance(found, list) else written[found]


def _counted(e: Expression, texts: Mapping[str, str | Sequence[str]]) -> Expression:
    """An expression with the lengths of lists as numbers."""
    if e.form == "length":
        return number(float(len(texts[str(e.parts[0])])))
    return Expression(
        e.form, tuple(_counted(part, texts) if isinstance(part, Expression) else part for part in e.parts)
    )


class _Step(NamedTuple):
    """A text, with {} for each of other steps."""

    text: str
    of: tuple[int, ...] = ()


class Steps:
    """An expression as steps over single numbers, each of which is there once."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._known: dict[_Step, int] = {}

    def add(self, text: str, *of: int) -> int:
        """The place of a step, which is new or was there."""
        step = _Step(text, of)
        place = self._known.setdefault(step, len(self.steps))
        if place == len(self.steps):
            self.steps.append(step)
        return place

    def operand(self, text: str | Sequence[str]) -> Found:
        """The place of an operand by its text."""
        return self.add(_escaped(text)) if isinstance(text, str) else [self.add(_escaped(each)) for each in text]

    def each(self, text: str, *of: Found) -> Found:
        """A step for each element of the lists among its operands."""
        lengths = {len(part) for part in of if isinstance(part, list)}
        if not lengths:
            return self.add(text, *(part for part in of if isinstance(part, int)))
        rows = [part if isinstance(part, list) else [part] * max(lengths) for part in of]
        return [self.add(text, *row) for row in zip(*rows, strict=True)]

    def read(self, e: Expression, names: Mapping[str, Found]) -> Found:
        """The place of the value of an expression."""
        of = [self.read(part, names) for part in e.parts if isinstance(part, Expression)]
        text = str(e.parts[0])
        match e.form:
            case "number" | "constant":
                return self.add(splat(float(e.parts[-1])))  # type: ignore[arg-type]
            case "name" | "element":
                return names[text]
            case "length":
                return self.add(f"splat({float(len(_listed(names[text])))!r})")
            case "each":
                count = max(len(_listed(names[str(row)])) for row in e.parts[1:])
                return of[0] if isinstance(of[0], list) else [of[0]] * count
            case "negative":
                return self.each("(-{})", *of)
            case "comparison":
                return self.each(f"{COMPARISONS[text]}({{}}, {{}})", *of)
            case "logic":
                word = {"and": "both", "or": "either"}[text]
                return reduce(lambda a, b: self.each(f"{word}({{}}, {{}})", a, b), of)
            case "choice":
                return self.each("choose({}, {}, {})", *of)
            case "infix":
                return self.each(f"({{}} {text} {{}})", *of)
        numbers = [known(part) if isinstance(part, Expression) else None for part in e.parts[1:]]
        found = self.quicker(text, numbers, of)
        return self.call(text, *of) if found is None else found

    def quicker(self, word: str, numbers: Sequence[float | None], of: Sequence[Found]) -> Found | None:
        """The place of a word in a form that is quicker because an operand is this number; None if there is none."""
        x, y = (*numbers, None, None)[:2]
        if word == "power" and x == 2.0:
            return self.each("word_exp2({})", of[1])
        if word == "power" and y in WHOLE:
            return self.whole_power(of[0], int(y))
        if word in LIMITS and y is not None and y == y:
            return self.each(f"{LIMITS[word]}({{}}, {{}})", *of)
        return None

    def whole_power(self, x: Found, y: int) -> Found:
        """The place of a power as products of squares."""
        square = self.each("({} * {})", x, x)
        if y < 4:
            return square if y == 2 else self.each("({} * {})", square, x)
        half = self.whole_power(square, y // 2)
        return self.each("({} * {})", half, x) if y % 2 else half

    def call(self, word: str, *of: Found) -> Found:
        """The place of a word of operands."""
        if word == "divide":
            return self.each("({} / {})", *of)
        if word in PAIRS:
            pair, of_none = PAIRS[word]
            return self.joined(pair, _listed(of[0])) if of[0] != [] else self.add(splat(of_none))
        if word in _OF_LISTS:
            return _OF_LISTS[word](self, *map(_listed, of))
        if word == "joined":
            return [*_listed(of[0]), *_listed(of[1])]
        if word in definitions() and (not is_elementwise(word) or is_operand(word)):
            definition, case = definitions()[word], definitions()[word].cases[0]
            names = dict(zip(definition.operands, of, strict=True))
            for name, e in case.lets:
                names[name] = self.read(e, names)
            return self.read(case.value, names)
        return self.each(f"word_{word}({', '.join(['{}'] * len(of))})", *of)

    def joined(self, text: str, of: Sequence[int]) -> int:
        """Numbers joined two by two, which rounds less often on the way than one after the other."""
        while len(of) > 1:
            pairs = [self.add(text, *of[i : i + 2]) for i in range(0, len(of) - 1, 2)]
            of = [*pairs, *of[2 * len(pairs) :]]
        return of[0]

    def written(self, roots: Sequence[int], keep: Keep | None) -> dict[int, str]:
        """The texts of some steps, and of all that they need."""
        order = sorted(self.below(roots))
        uses = Counter(chain(roots, *(self.steps[place].of for place in order)))
        texts: dict[int, str] = {}
        for place in order:
            text, of = self.steps[place]
            texts[place] = text.format(*(texts[inner] for inner in of))
            if keep and of and uses[place] > 1 and not text.startswith(_OF_MASKS):
                texts[place] = keep(texts[place])
        return texts

    def below(self, roots: Sequence[int]) -> set[int]:
        """Some steps, and all that they need."""
        found, ahead = set[int](), [*roots]
        while ahead:
            place = ahead.pop()
            if place not in found:
                found.add(place)
                ahead += self.steps[place].of
        return found


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def literal(x: float) -> str:
    """A number in C."""
    return repr(x) if math.isfinite(x) else "NAN" if x != x else "INFINITY" if x > 0.0 else "-INFINITY"


def splat(x: float) -> str:
    """A number in all lanes."""
    return f"splat({literal(x)})"


def _listed(place: Found) -> list[int]:
    return place if isinstance(place, list) else [place]


_OF_MASKS: Final = (*(f"{word}(" for word in COMPARISONS.values()), "both(", "either(")
"""How the text of a mask begins, which is no V to be kept."""


# ── words of lists ──


def _length(steps: Steps, xs: list[int]) -> tuple[int, int, int]:
    """A scale for a list, and the sum of squares and the length of the scaled list."""
    size = steps.joined("word_fmax({}, {})", [steps.add("word_absolute({})", x) for x in xs])
    scale = steps.add("scale_of({})", size)
    scaled = [steps.add("({} * {})", x, scale) for x in xs]
    squares = steps.joined("({} + {})", [steps.add("({} * {})", x, x) for x in scaled])
    return scale, squares, steps.add("scaled_length({}, {})", size, squares)


def _norm(steps: Steps, xs: list[int]) -> Found:
    scale, _, length = _length(steps, xs)
    return steps.add("({} / {})", length, scale)


def _directions(steps: Steps, xs: list[int]) -> Found:
    scale, squares, length = _length(steps, xs)
    count = steps.joined("({} + {})", [steps.add("one_if_infinite({})", x) for x in xs])
    infinities = steps.add("infinities_of({}, {})", count, squares)
    return [steps.add("part_of_length({}, {}, {}, {})", x, scale, length, infinities) for x in xs]


_OF_LISTS: Final[dict[str, Callable[..., Found]]] = {
    "norm": _norm,
    "directions": _directions,
    "last": lambda _, xs: xs[-1],
    "others": lambda _, xs: xs[:-1],
}


# ── the header ──

PATHS: Final = tuple(Path(__file__).with_name(f"{name}.h") for name in ("lanes", "elementary", "combined"))
_STATED: Final = re.compile(r"^(?:WORD V |LANE_BY_LANE\w*\()word_(\w+)", re.MULTILINE)


@cache
def header(real: Literal["double", "float"] = "double", lanes: int | None = None) -> str:
    """The text that stands before a program in C: vectors of so many lanes, and every word of the rules.

    Without a number there are as many lanes as the widest vector has of the processor that is compiled for.
    """
    width = "" if lanes is None else f"#define LANES {lanes}\n"
    text = "\n".join(path.read_text(encoding="utf-8") for path in PATHS)
    known = set(_STATED.findall(text))
    # Each stands behind those that it needs, as in the list of words.
    defined = [_function(word) for word in WORDS if is_elementwise(word) and word not in known]
    return f"#define REAL {real}\n{width}{text}\n/* ── words defined by others ── */\n\n" + "\n".join(defined)


def _function(word: str) -> str:
    """A word that is defined by others as a function of C."""
    definition, case = definitions()[word], definitions()[word].cases[0]
    texts, lines = {operand: operand for operand in definition.operands}, []
    for name, e in case.lets:
        lines.append(f"    const V {name} = {as_c(e, texts)};")
        texts[name] = name
    needed = names_in(case.value).union(*(names_in(e) for _, e in case.lets))
    unused = [f"    (void){operand};" for operand in definition.operands if operand not in needed]
    value = f"    return {as_c(case.value, texts)};"
    operands = ", ".join(f"V {operand}" for operand in definition.operands)
    return "\n".join([f"WORD V word_{word}({operands}) {{", *unused, *lines, value, "}", ""])
