"""The instructions of the machine: the value of each rule, and its derivatives times the gradient that comes from above.

>>> for i in instructions():
...     if i.names.keys() & {"tanh", "tanh by x"}:
...         print(i.names, i.text)
{'tanh': ('x',)} OPERATION(..., 1, word_tanh(a))
{'tanh by x': ('dz', 'z')} OPERATION(..., 2, (a * (splat(1.0) - (b * b))))

The text is written when the package is built. Nobody states a derivative here: all come from the rules.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from autograd.compiler import expressions, stable, words
from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.expressions import name, names_in, number, partial_of, put, times, value_of
from autograd.compiler.native import words as native_words
from autograd.compiler.native.words import COMPARISONS, PATHS, as_c, header
from autograd.engine import rules
from autograd.formula import textbook
from autograd.formula.cases import Expression, rule

FIRST: Final = 14
"""The first code: those before are written in machine.h."""
FORMS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {"power": (("y", 3.0), ("y", 0.5), ("y", -1.0))}
"""Operands that are often these numbers, which have quicker forms."""
_LETTERS: Final = "abcde"


class Instruction(NamedTuple):
    """An instruction: its names, with the operands in the order in which it reads them, and its text in C."""

    names: dict[str, tuple[str, ...]]
    text: str


def instructions() -> list[Instruction]:
    """All instructions, in the order of their codes; operations that do the same have one."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, operands, text in (*_stated(), *_words()):
        found.setdefault(f"OPERATION(%d, {len(operands)}, {text})", {})[name] = operands
    return [Instruction(names, text % code) for code, (text, names) in enumerate(found.items(), FIRST)]


def _stated() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The values and derivatives of the rules: their names, operands, and texts in C."""
    for name, operands, e in _rules():
        yield name, operands, str(as_c(e, dict(zip(operands, _LETTERS, strict=False))))


def _rules() -> Iterator[tuple[str, tuple[str, ...], Expression]]:
    for op in _operations():
        operands = rule(op).operands
        for form in ((), *FORMS.get(op, ())):
            known = dict([form]) if form else {}
            mark = "".join(f" {x}={c!r}" for x, c in known.items())
            value = value_of(op, known)
            yield op + mark, tuple(x for x in operands if x not in known), value
            for by in operands:
                if by not in known:
                    e = contribution(op, by, known)
                    yield f"{op} by {by}{mark}", _used(e, (UPSTREAM, VALUE, *operands)), e


_FUNCTION: Final = re.compile(r"^(?:WORD|INLINE) V (\w+)\((V \w+(?:, V \w+)*)\)", re.MULTILINE)
_ON_MASKS: Final = {"both": "({a} * {b})", "either": "word_maximum({a}, {b})"} | {
    "choose": "choose(not_equal({a}, splat(0.0)), {b}, {c})"
}
"""Words whose operands are truth values, as numbers 1 and 0."""


def _words() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The words of which other operations are made: as `as_c` writes them, their operands, and their texts in C."""
    for sign in "+-*/":
        yield f"({{}} {sign} {{}})", ("a", "b"), f"(a {sign} b)"
    yield "(-{})", ("a",), "(-a)"
    for word in COMPARISONS.values():
        yield f"{word}({{}}, {{}})", ("a", "b"), f"choose({word}(a, b), splat(1.0), splat(0.0))"
    for word, text in _ON_MASKS.items():
        operands = tuple(x for x in _LETTERS if f"{{{x}}}" in text)
        yield f"{word}({', '.join(['{}'] * len(operands))})", operands, text.format_map({x: x for x in _LETTERS})
    of_lists = PATHS[-1].read_text(encoding="utf-8")
    for word, parameters in dict(_FUNCTION.findall(header()) + _FUNCTION.findall(of_lists)).items():
        if word.startswith("word_") or f" {word}(" in of_lists:
            operands = tuple(_LETTERS[: parameters.count("V ")])
            yield f"{word}({', '.join(['{}'] * len(operands))})", operands, f"{word}({', '.join(operands)})"


def _operations() -> list[str]:
    """The rules of numbers; those of lists are cut into words."""
    functions = [f.__name__ for _, f in inspect.getmembers(rules, inspect.isroutine) if f.__module__ == rules.__name__]
    return [op for op in functions if not rule(op).of_sequences]


def contribution(op: str, by: str, known: Mapping[str, float]) -> Expression:
    """The gradient of an operation times its derivative by an operand.

    `where` chooses its gradient, because 0 times a gradient that is infinite is none.
    """
    e = partial_of(op, by, known)
    return put(name(UPSTREAM), number(1.0), e) if op == "where" else times(name(UPSTREAM), e)


def _used(e: Expression, names: tuple[str, ...]) -> tuple[str, ...]:
    found = names_in(e)
    return tuple(x for x in names if x in found) or names[:1]


PROCESSORS: Final = {"avx512": 8, "avx2": 4, "any": 2}
"""The doubles in a vector of each kind of processors."""


def files(processors: Iterable[str], *, here: bool = False) -> dict[str, str]:
    """The texts of the files in C that are written from the rules, by name.

    There are files of their own for each of these kinds of processors, of which the best one comes first. They are
    machine_….c, and the last part of their names is the kind. If they are compiled for the machine that is here alone,
    vectors are as long as its compiler has them.
    """
    made = instructions()
    listed = "".join(f'    "{row}" \\\n' for row in _rows(made))
    found = {
        "words.h": header().split("\n", 1)[1],
        "instructions.h": "".join(f"{i.text} /* {', '.join(i.names)} */\n" for i in made),
        "names.h": f'#define DIGEST "{digest()}"\n#define NAMES \\\n{listed}    ""\n',
        "processors.h": f"#define PROCESSORS(X) {' '.join(f'X({kind})' for kind in processors)}\n",
    }
    for kind in processors:
        of_numbers = "avx2" if kind == "avx512" else kind
        for real, more in (("double", 1), ("float", 2)):
            defined = f"#define REAL {real}\n#define PROCESSOR {kind}\n#define OF_NUMBERS {of_numbers}\n"
            lanes = "" if here else f"#define LANES {more * PROCESSORS[kind]}\n"
            found[f"machine_{real}_{kind}.c"] = f'{defined}{lanes}#include "interpreter.h"\n'
            if kind == of_numbers:
                found[f"machine_{real}_one_{kind}.c"] = f'{defined}#define LANES 1\n#include "interpreter.h"\n'
    return found


def digest() -> str:
    """A digest of all that the extension is made of: its files of C, and the files from which others are written."""
    folder = Path(__file__).parent
    others = (rules, stable, textbook, expressions, words, native_words)
    texts = [Path(str(module.__file__)).with_suffix(".py") for module in others]
    paths = [*sorted(folder.glob("*.[ch]")), Path(__file__), *(path.with_name(path.name.split(".")[0] + ".py") for path in texts)]
    return blake2b(b"".join(path.read_bytes() for path in paths), digest_size=16).hexdigest()


def _rows(made: list[Instruction]) -> Iterator[str]:
    for code, instruction in enumerate(made, FIRST):
        for name, operands in instruction.names.items():
            yield f"{code}\\t{name}\\t{' '.join(operands)}\\n"
