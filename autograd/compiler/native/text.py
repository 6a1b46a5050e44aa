"""A program as C text, from its scalar graph.

The text has a function for the values of one vector of examples, and one for their gradients. What is regular in a long
program becomes loops. If it is still long, it is cut into several functions: a compiler takes more than twice as long
for one that is twice as long.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from textwrap import wrap
from typing import Final, Literal, NamedTuple

import numpy as np

from autograd.compiler.binding import DeclinedError
from autograd.compiler.native.cutting import Function, Memory, cut, weight
from autograd.compiler.native.lines import Common, Lines
from autograd.compiler.native.loops import Block, Loop, Roller
from autograd.compiler.native.steps import Kind, Steps
from autograd.compiler.native.words import QUICK, header
from autograd.compiler.pipeline import Code
from autograd.compiler.scalars import ONE, PARAMETER
from autograd.compiler.straight import Straight
from autograd.wording import indexed

SHORT: Final = 400
"""A program of so many parts of sums is one function, without loops."""
PART: Final = 200
"""So many are in one function of a program that is cut."""
LONG: Final = 2000
"""A program of more is compiled with fewer passes."""
MOST: Final = 50_000
"""A program of more takes more than a few seconds to write or to compile."""
WIDE: Final = 8_000
"""The weights of an example that BLAS multiplies in less time than straight-line code."""
ARGUMENTS: Final = {
    "n": "long n",
    "p": "const REAL *restrict p",
    "x": "const REAL *restrict x",
    "seed": "REAL seed",
    "roots": "REAL *restrict roots",
    "sums": "V *restrict sums",
    "dx": "REAL *restrict dx",
    "memory": "V *restrict memory",
}
"""The arguments of functions, and how each is declared."""
WIDTH: Final = 118
"""Longer lines are broken."""
_WORD: Final = re.compile(r"\w+")
OF_VALUE: Final = ("n", "p", "x", "roots", "memory")
TOLD: Final = {
    "value": "Stores the roots of LANES examples.",
    "gradient": "Stores the roots of LANES examples and, if there are SLOPES, the gradients of the first root by the\n"
    " * inputs; adds those by the parameters to sums.",
    "forward": "Some of the values of LANES examples.",
    "backward": "Some of the gradients of LANES examples.",
}
"""The work of each function."""
SCHEDULED: Final = ("-fschedule-insns", "-fsched-pressure")
"""Options that let independent steps run side by side, for vectors: elementary functions of one number are calls."""


class Text(NamedTuple):
    """The C text of a program, which stands behind the header of words, and how much it is for a compiler."""

    source: str
    weight: int
    """The parts of all sums."""
    loops: bool
    """Whether there are any."""

    def files(self, dtype: str, lanes: int | None = None) -> dict[str, str]:
        """The files for a compiler, by their names, for vectors of so many lanes, or for the widest ones."""
        real: Literal["double", "float"] = "double" if dtype == "float64" else "float"
        main = f'#include "words.h"\n\n{self.source}\n#include "entry.h"\n'
        return {"program.c": main, "words.h": header(real, lanes), "entry.h": _entry()}

    def options(self, lanes: int | None = None) -> tuple[str, ...]:
        """The options for a compiler with which it makes good code in little time."""
        if self.weight > LONG:  # More passes take twice as long, and make only loops quicker.
            return ("-O1" if self.loops else "-Og", *QUICK)
        return ("-O2", *QUICK, *(() if lanes == 1 or self.weight > SHORT else SCHEDULED))


@cache
def _entry() -> str:
    return Path(__file__).with_name("entry.h").read_text(encoding="utf-8")


def text_of(code: Code) -> Text:
    """The text of a program; DeclinedError if it would take too long to compile, or has wide matrices."""
    g = code.graph
    weights = int((g.in_linear & g.reads(PARAMETER) & (g.right != ONE)).sum())
    if weights > WIDE:
        raise DeclinedError(f"it multiplies {weights:,} weights for each example, which BLAS does in less time")
    if len(g.owner) > MOST:
        raise DeclinedError(_too_long(len(g.owner)))
    return _Writer(code).text()


def _too_long(parts: int) -> str:
    return f"straight-line code has {parts:,} parts of sums, too many to compile in a few seconds"


class _Writer:
    def __init__(self, code: Code) -> None:
        self._graph, self._wanted = code.graph, code.wanted
        self._inputs, self._parameters = len(code.recording.inputs), len(code.recording.parameters)
        self._program = Straight(code.graph, code.schedule.classes, seeded=True)
        self._names = _names(code)
        self._memory = 0
        """The vectors that the program needs."""

    def text(self) -> Text:
        gradients, steps = self._wanted != "nothing", Steps(self._program, self._inputs, self._wanted)
        roller, halves = self._blocks(steps)
        heavy = sum(map(weight, halves))
        if heavy > MOST:
            raise DeclinedError(_too_long(heavy))
        if heavy > SHORT:
            functions = self._cut(steps, roller, halves)
        else:
            functions = [self._whole("gradient", steps, roller, halves)] if gradients else []
            values = Steps(self._program, self._inputs, "nothing")
            functions.insert(0, self._whole("value", values, *self._blocks(values)))
        slopes = self._inputs if self._wanted in ("inputs", "both") else 0
        numbers = {"INPUTS": self._inputs, "PARAMETERS": self._parameters, "ROOTS": len(self._graph.roots)}
        numbers |= {"SLOPES": slopes, "MEMORY": self._memory}
        macros = [f"#define {name} {number}" for name, number in numbers.items()] + ["#define GRADIENT"] * gradients
        loops = any(isinstance(block, Loop) for half in halves for block in half)
        return Text("\n\n".join(["\n".join(macros), *functions]), heavy, loops)

    def _blocks(self, steps: Steps) -> tuple[Roller, list[list[Block]]]:
        """The steps forward and backward, with loops if they are many."""
        roller, halves = Roller(steps), [steps.forward, steps.backward]
        if sum(map(weight, halves)) <= SHORT:
            return roller, [[*half] for half in halves]
        return roller, [roller.blocks(half) for half in halves]

    def _common(self, steps: Steps, roller: Roller, functions: Sequence[Function]) -> Common:
        memory = Memory(functions, roller)
        self._memory = max(self._memory, memory.size)
        return Common(steps, roller, memory, self._names)

    def _whole(self, name: str, steps: Steps, roller: Roller, halves: Sequence[Sequence[Block]]) -> str:
        """One function of all steps."""
        blocks = [*chain(*halves)]
        common = self._common(steps, roller, [Function(name, blocks)])
        return _outer(name, Lines(common, blocks).lines)

    def _cut(self, steps: Steps, roller: Roller, halves: Sequence[Sequence[Block]]) -> list[str]:
        """Functions of some steps each, and those that call them; values need those forward alone."""
        parts = [cut(half, name, PART) for half, name in zip(halves, ("forward", "backward"), strict=True)]
        common = self._common(steps, roller, [*chain(*parts)])
        texts, calls = [], list[list[str]]()
        for part in parts:
            calls.append([])
            for function in part:
                lines = Lines(common, function.blocks).lines
                used = _used(lines, ARGUMENTS)
                texts.append(_function("APART", function.name, used, lines))
                calls[-1].append(f"{function.name}({', '.join(used)});")
        whole = [_outer("value", calls[0])]
        return [*texts, *whole, *([_outer("gradient", [*chain(*calls)])] if self._wanted != "nothing" else [])]


def _outer(name: str, lines: Sequence[str]) -> str:
    """The function `value` or `gradient`, which has all arguments."""
    arguments = OF_VALUE if name == "value" else tuple(ARGUMENTS)
    used = _used(lines, arguments)
    unused = [f"(void){argument};" for argument in arguments if argument not in used]
    return _function("static", name, arguments, [*([" ".join(unused)] if unused else []), *lines])


def _used(lines: Sequence[str], arguments: Iterable[str]) -> list[str]:
    """The arguments that lines name, but for their comments."""
    found = {word for line in lines for word in _WORD.findall(line.partition("/*")[0])}
    return [argument for argument in arguments if argument in found]


def _function(kind: str, name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    declared = ", ".join(ARGUMENTS[argument].replace(" ", "\0") for argument in arguments)
    head = [line.replace("\0", " ") for line in _broken(f"{kind} void {name}({declared}) {{")]
    told = f"/* {TOLD[name.rstrip('0123456789')]} */"
    return "\n".join([told, *head, *(part for line in lines for part in _broken(f"    {line}")), "}"])


def _broken(line: str) -> list[str]:
    """A line, in several if it is long."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _names(code: Code) -> dict[tuple[Kind, int], str]:
    """The names that people gave to parameters and inputs, by kind and position."""
    found: dict[tuple[Kind, int], str] = {}
    for name, slots in code.recording.names:
        for place, row in np.ndenumerate(slots.index):
            kind: Kind = "p" if slots.space == "p" else "x"
            found[kind, int(row)] = indexed(name, place)
    return found
