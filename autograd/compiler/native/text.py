"""The C text of a straight-line program."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Final

from autograd.compiler.native.cutting import Function, Memory, cut
from autograd.compiler.native.loops import Before, Given, Loop, Roller, Row, Table, Block
from autograd.compiler.native.steps import Step, Steps
from autograd.compiler.native.words import as_c
from autograd.compiler.scalars import ONE, Scalars
from autograd.compiler.straight import Applied, Formula, Part, Straight

MARK: Final = re.compile(r"\$(\d+)\$")


class Template:
    """A formula as C, with marks in the places of its operands: lines that come first, and the texts of the results."""

    def __init__(self, formula: Formula, lengths: tuple[int | None, ...]) -> None:
        texts, count = {}, 0
        for name, length in zip(formula.names, lengths, strict=True):
            marks = [f"${count + i}$" for i in range(length or 1)]
            texts[name] = marks[0] if length is None else marks
            count += len(marks)
        self.before: list[list[str]] = []

        def keep(text: str) -> str:
            self.before.append(MARK.split(text))
            return f"${count + len(self.before) - 1}$"

        found = as_c(formula.expression, texts, keep)
        self.results = [MARK.split(text) for text in ([found] if isinstance(found, str) else found)]


def _filled(pieces: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(texts[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces))


class Writer:
    """Writes the functions of one program."""

    def __init__(self, steps: Steps, roller: Roller, memory: Memory) -> None:
        self.steps, self.program, self.homes, self.memory = steps, steps.program, roller.homes, memory
        self.templates: dict[object, Template] = {}
        self.added = {s.out for s in (*steps.forward, *steps.backward) if s.number is None}

    def label(self, place: int) -> str:
        return re.sub(r"\[(\d+)\]", r"_\1", self.program.label(place))


class Body:
    """The lines of one function."""

    def __init__(self, writer: Writer) -> None:
        self.w, self.steps, self.program = writer, writer.steps, writer.program
        self.lines: list[str] = []
        self.outer: list[str] | None = None
        self.named: dict[int, str] = {}
        self.defined: set[int] = set()
        self.loop: Loop | None = None
        self.own: set[int] = set()
        self.kept = 0
        self.arrays: set[str] = set()

    def declare(self, line: str) -> None:
        """A line that no round of a loop changes."""
        if self.loop is None:
            self.lines.append(line)
        else:
            self.lines.insert(self.at, "\n".join([line]))
            self.at += 1

    def array(self, loop: Loop, place: int, first: int, step: int) -> str:
        name = f"{self.w.label(place)}s"
        if name not in self.arrays:
            self.arrays.add(name)
            self.declare(f"V *const {name} = memory + {self.w.memory.arrays[loop, place]};")
        return f"{name}[{affine(first, step)}]"

    def name(self, place: int) -> str:
        if self.loop is not None and place in self.loop.accesses:
            return self.access(self.loop.accesses[place])
        if place in self.own:
            return self.w.label(place)
        if place in self.named:
            return self.named[place]
        if place in self.w.homes:
            loop, first, k = self.w.homes[place]
            return self.array(loop, first, k, 0)
        kind = "number" if place == ONE else self.steps.kind(place)
        if place == self.program.seed:
            text = "splat(seed)"
        elif kind == "number":
            text = splat(1.0 if place == ONE else float(self.program.g.number[place]))
        elif kind in "px":
            text, row = self.program.label(place), self.steps.row(place)
            read = f"splat(p[{row}])" if kind == "p" else f"load({_row('x', str(row))})"
            self.declare(f"const V {text} = {read};")
        else:
            text = self.w.label(place)
            slot = self.w.memory.slots.get(place)
            if slot is not None and place in self.w.added:
                text = f"memory[{slot}]"
            elif slot is not None and place not in self.defined:
                self.declare(f"const V {text} = memory[{slot}];")
        self.named[place] = text
        return text

    def access(self, a) -> str:
        if isinstance(a, Row):
            index = affine(a.first, a.step)
            return f"splat(p[{index}])" if a.kind == "p" else f"load({_row('x', index)})"
        if isinstance(a, Given):
            return self.array(a.loop, a.place, a.first, a.step)
        if isinstance(a, Before):
            return self.befores[a]
        return f"splat({self.table(a)}[k])"

    def table(self, a: Table) -> str:
        name = f"numbers{len(self.arrays)}"
        self.arrays.add(name)
        self.declare(f"static const REAL {name}[] = {{{', '.join(map(repr, a.numbers))}}};")
        return name

    def block(self, b: Block) -> None:
        if isinstance(b, Step):
            self.write(b)
            return
        self.befores = {}
        for a in b.accesses.values():
            if isinstance(a, Before) and a not in self.befores:
                same = sum(o.place == a.place for o in self.befores)
                self.befores[a] = f"{self.w.label(a.place)}_before{same or ''}"
                self.lines.append(f"V {self.befores[a]} = {self.name(a.start)};")
        self.loop, self.at = b, len(self.lines)
        self.own = {place for s in b.steps if s.number is not None for place in s.outs()}
        self.lines.append(f"for (long k = 0; k < {b.count}; k++) {{")
        for s in b.steps:
            self.write(s)
        for place in sorted(b.given):
            self.lines.append(f"{self.array(b, place, 0, 1)} = {self.w.label(place)};")
        for a, name in self.befores.items():
            self.lines.append(f"{name} = {self.w.label(a.place)};")
        self.lines.append("}")
        self.loop, self.own = None, set()

    def write(self, s: Step) -> None:
        if s.length is not None:
            texts = self.applied(s.parts[0].applied)
            for out, text in zip(s.outs(), texts, strict=True):
                self.assign(out, text)
            return
        texts = [splat(s.number)] if s.number or not s.parts else []
        texts += map(self.part, s.parts)
        text = summed(texts)
        row = self.loop.accesses[s.out] if self.loop and s.out in self.loop.accesses else None
        kind = row.kind if row else self.steps.kind(s.out)
        index = affine(row.first, row.step) if row else str(self.steps.row(s.out)) if kind in ("dp", "roots", "dx") else ""
        if kind == "dp":
            self.lines.append(f"sums[{index}] += {text};")
        elif kind in ("roots", "dx"):
            self.lines.append(f"store({_row(kind, index)}, {text});")
        elif s.number is None:
            self.lines.append(f"{self.name(s.out)} += {text};")
        else:
            self.assign(s.out, text)

    def assign(self, out: int, text: str) -> None:
        self.defined.add(out)
        slot = self.w.memory.slots.get(out)
        if out in self.w.added and slot is not None:
            self.lines.append(f"memory[{slot}] = {text};")
            return
        const = "" if out in self.w.added else "const "
        self.lines.append(f"{const}V {self.w.label(out)} = {text};")
        if slot is not None:
            self.lines.append(f"memory[{slot}] = {self.w.label(out)};")

    def part(self, part: Part) -> str:
        applied = [] if part.applied is None else self.applied(part.applied)
        text = product(part.coefficient, [*map(self.name, part.factors), *applied])
        if part.guard == ONE:
            return text
        return f"choose(greater({self.name(part.guard)}, splat(0.0)), {text}, splat(0.0))"

    def applied(self, applied: Applied) -> list[str]:
        lengths = tuple(len(x) if isinstance(x, tuple) else None for x in applied.operands)
        key = applied.formula, lengths
        if key not in self.w.templates:
            self.w.templates[key] = Template(*key)
        template = self.w.templates[key]
        texts = [self.name(y) for x in applied.operands for y in (x if isinstance(x, tuple) else (x,))]
        for pieces in template.before:
            self.kept += 1
            self.lines.append(f"const V k{self.kept} = {_filled(pieces, texts)};")
            texts.append(f"k{self.kept}")
        return [_filled(pieces, texts) for pieces in template.results]


def affine(first: int, step: int) -> str:
    if step == 0:
        return str(first)
    turns = "k" if abs(step) == 1 else f"{abs(step)} * k"
    if step < 0:
        return f"{first} - {turns}"
    return f"{turns} + {first}" if first else turns


def splat(x: float) -> str:
    text = repr(x) if isfinite(x) else "NAN" if x != x else "INFINITY" if x > 0 else "-INFINITY"
    return f"splat({text})"


def product(c: float, factors: list[str]) -> str:
    if not factors:
        return splat(c)
    text = " * ".join(factors)
    return text if c == 1.0 else f"-{text}" if c == -1.0 else f"{splat(c)} * {text}"


def summed(texts: list[str]) -> str:
    if len(texts) <= 4:
        return " + ".join(texts).replace("+ -", "- ")
    half = (len(texts)+1)//2
    return f"({summed(texts[:half])}) + ({summed(texts[half:])})"


def _row(array: str, row: str) -> str:
    return array if row == "0" else f"{array} + {row} * n" if row.isdigit() else f"{array} + ({row}) * n"


ARGS = "long n, const REAL *restrict p, const REAL *restrict x, REAL seed, REAL *restrict roots, V *restrict sums, REAL *restrict dx, V *restrict memory"
UNUSED = "    (void)n; (void)p; (void)x; (void)seed; (void)roots; (void)sums; (void)dx; (void)memory;"
CALL = "(n, p, x, seed, roots, sums, dx, memory)"


def weight(b: Block) -> float:
    if isinstance(b, Loop):
        return sum(map(weight, b.steps))
    return len(b.parts)


def source(g: Scalars, classes, inputs: int, parameters: int, wanted: str, roll=True, most=1e9) -> str:
    program = Straight(g, classes, seeded=True)
    out = [f"#define INPUTS {inputs}", f"#define PARAMETERS {parameters}", f"#define ROOTS {len(g.roots)}", f"#define SLOPES {inputs * (wanted in ('inputs', 'both'))}"]
    size = 0
    for kind in ("value", "gradient")[:1 + (wanted != "nothing")]:
        steps = Steps(program, inputs, "nothing" if kind == "value" else wanted)
        roller = Roller(steps)
        functions = []
        for half, name in ((steps.forward, f"{kind}_forward"), (steps.backward, f"{kind}_backward")):
            blocks = roller.blocks(half) if roll else half
            functions += cut(blocks, name, weight, most)
        memory = Memory(functions, roller)
        writer = Writer(steps, roller, memory)
        size = max(size, memory.size)
        inline = "static inline" if len(functions) < 3 else "static __attribute__((noinline))"
        if inline == "static inline":
            functions = [Function(kind, [b for f in functions for b in f.blocks])]
            memory.slots.clear()
        for f in functions:
            body = Body(writer)
            for b in f.blocks:
                body.block(b)
            out += [f"{inline} void {f.name}_part({ARGS}) {{", UNUSED, *(f"    {line}" for line in body.lines), "}"]
        if kind == "value":
            out += ["static void value(long n, const REAL *restrict p, const REAL *restrict x, REAL *restrict roots, V *restrict memory) {", "    REAL seed = 0, *dx = 0; V *sums = 0;"]
        else:
            out += ["#define GRADIENT", f"static void gradient({ARGS}) {{"]
        out += [*(f"    {f.name}_part{CALL};" for f in functions), "}"]
    out.insert(0, f"#define MEMORY {size}")
    out.append(Path(__file__).with_name("entry.h").read_text())
    return "\n".join(out) + "\n"
