"""The lines of a function of C: steps and loops, on names that are declared where they are first read."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from autograd.compiler.native.cutting import Memory
from autograd.compiler.native.loops import Access, Before, Block, Given, Loop, Roller, Row
from autograd.compiler.native.steps import Kind, Step, Steps
from autograd.compiler.native.words import as_c, literal, splat
from autograd.compiler.scalars import ONE
from autograd.compiler.straight import Applied, Formula, Part
from autograd.wording import visible

FEW: Final = 4
"""So many parts of a sum are added one after another; more are added two by two, and fewer wait for another one."""
_MARK: Final = re.compile(r"\$(\d+)\$")
_ELEMENT: Final = re.compile(r"\[(\d+)\]")


class Template:
    """A formula as C, to be filled with operands: texts that are used several times, and those of the results."""

    def __init__(self, formula: Formula, lengths: Sequence[int | None]) -> None:
        texts: dict[str, str | list[str]] = {}
        self._count = 0
        for name, length in zip(formula.names, lengths, strict=True):
            texts[name] = self._mark() if length is None else [self._mark() for _ in range(length)]
        self._kept: list[list[str]] = []
        found = as_c(formula.expression, texts, self._keep)
        self._results = [_MARK.split(text) for text in ([found] if isinstance(found, str) else found)]

    def _mark(self) -> str:
        self._count += 1
        return f"${self._count - 1}$"

    def _keep(self, text: str) -> str:
        self._kept.append(_MARK.split(text))
        return self._mark()

    def filled(self, operands: Iterable[str], keep: Callable[[str], str], wanted: Sequence[int] = (0,)) -> list[str]:
        """The texts of some results; `keep` declares a name for a text."""
        texts = [*operands]
        count, results = len(texts), [self._results[i] for i in wanted]
        needed = set().union(*map(_read, results)) if self._kept else set()
        for i in reversed(range(len(self._kept))):
            needed |= _read(self._kept[i]) if count + i in needed else set()
        for i, pieces in enumerate(self._kept, count):
            texts.append(keep(_joined(pieces, texts)) if i in needed else "")
        return [_joined(pieces, texts) for pieces in results]


def _read(pieces: Sequence[str]) -> set[int]:
    """The texts that are put between pieces."""
    return {int(piece) for piece in pieces[1::2]}


def _joined(pieces: Sequence[str], texts: Sequence[str]) -> str:
    return "".join([texts[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces)])


class Common:
    """The parts that all functions of a program share."""

    def __init__(self, steps: Steps, roller: Roller, memory: Memory, names: Mapping[tuple[Kind, int], str]) -> None:
        self.steps, self.homes, self.memory, self.names = steps, roller.homes, memory, names
        self.read = {place for s in (*steps.forward, *steps.backward) for place in s.reads()}
        """The places that steps read."""
        self._templates: dict[tuple[Formula, tuple[int | None, ...]], Template] = {}

    def template(self, applied: Applied) -> Template:
        """That of a formula on lists of these lengths."""
        key = applied.formula, tuple(len(x) if isinstance(x, tuple) else None for x in applied.operands)
        if key not in self._templates:
            self._templates[key] = Template(*key)
        return self._templates[key]

    def comment(self, kind: Kind, row: int) -> str:
        """The name that people gave to a row of an array, as a comment; empty if there is none."""
        name = visible(self.names.get((kind, row), "")).replace("*/", "* /").replace("/*", "/ *")
        return f"  /* {name} */" if name else ""

    def label(self, place: int) -> str:
        """A name for a place: that of the straight-line program, or that of a row of an array."""
        if self.steps.kind(place) == "dp":
            return f"dp{self.steps.row(place)}"
        label = self.steps.program.label(place)
        return _ELEMENT.sub(r"_\1", label) if "[" in label else label


class Lines:
    """The lines of one function."""

    def __init__(self, common: Common, blocks: Sequence[Block]) -> None:
        self._common, self._steps = common, common.steps
        self.lines: list[str] = []
        self._names: dict[int, str] = {}
        """The texts of places that are known here."""
        self._arrays = set[str]()
        """The names of places of loops that were declared."""
        self._loop: Loop | None = None
        self._inside: list[str] = []
        """The lines in the loop."""
        self._own: dict[int | Access, str] = {}
        """The texts of the places and accesses of the loop."""
        self._carried: dict[tuple[Loop, int], str] = {}
        """The names of values that the rounds of a loop take from those before; at last they are those of the last."""
        self._made_up = Counter[str]()
        """How often a name was."""
        self._added = Counter(place for block in blocks for place in _added(block))
        """How often parts are added to each place."""
        self._by_loops = {row for block in blocks for row in _rows_of_loop(block)}
        """The rows that loops read or add to in memory."""
        self._last: dict[str, str] = {}
        """The numbers that are put into memory at the end, by their places there."""
        for block in blocks:
            if isinstance(block, Loop):
                self._write_loop(block)
            else:
                self._write(block)
        self.lines += [f"{where} = {name};" for where, name in self._last.items()]

    def _line(self, text: str) -> None:
        (self.lines if self._loop is None else self._inside).append(text)

    # ── places ──

    def _name(self, place: int) -> str:
        """The text of a place that is read."""
        if place in self._names:
            return self._names[place]
        if place in self._own:
            return self._own[place]
        if self._loop is not None and place in self._loop.accesses:
            access = self._loop.accesses[place]
            if access not in self._own:
                self._own[access] = self._access(access)
            return self._own[access]
        if place in self._common.homes:
            loop, first, k = self._common.homes[place]
            carried = self._carried.get((loop, first)) if k == loop.count - 1 else None
            return carried or self._element(loop, first, k, 0)
        self._names[place] = self._found(place)
        return self._names[place]

    def _found(self, place: int) -> str:
        """The text of a place that was not read here before."""
        common, kind = self._common, self._steps.kind(place)
        if place == self._steps.program.seed:
            return "splat(seed)"
        if kind == "number":
            return splat(self._steps.number(place))
        if kind == "sum" and ("sum", self._steps.row(place)) in self._by_loops:
            return self._row(kind, self._steps.row(place), 0)
        if kind in ("value", "sum"):
            return self._declared(common.label(place), f"memory[{common.memory.slots[place]}]")
        row = self._steps.row(place)
        return self._declared(common.label(place), self._row(kind, row, 0), common.comment(kind, row))

    def _declared(self, name: str, text: str, comment: str = "", *, changes: bool = False) -> str:
        """A name that stands for a text from here on, and in front of a loop if this is one."""
        self.lines.append(f"{'' if changes else 'const '}V {name} = {text};{comment}")
        return name

    def _element(self, loop: Loop, place: int, first: int, step: int) -> str:
        """The value that a place of a loop had in a round."""
        name = f"{self._common.label(place)}s"
        if name not in self._arrays:
            self._arrays.add(name)
            self.lines.append(f"V *const {name} = memory + {self._common.memory.arrays[loop, place]};")
        return f"{name}[{affine(first, step)}]"

    def _access(self, access: Access) -> str:
        match access:
            case Row(kind, first, step):
                return self._row(kind, first, step)
            case Given(loop, place, first, step):
                return self._element(loop, place, first, step)
            case Before(place, start):
                return self._declared(self._new(f"last_{self._common.label(place)}"), self._name(start), changes=True)
        name = self._new("numbers")
        self.lines.append(f"static const REAL {name}[] = {{{', '.join(map(literal, access.numbers))}}};")
        return f"splat({name}[k])"

    def _row(self, kind: Kind, first: int, step: int) -> str:
        """The text of rows that are read, or added to."""
        if kind == "sum":
            return f"memory[{affine(self._common.memory.sums + first, step)}]"
        index = affine(first, step)
        return {"p": f"splat(p[{index}])", "dp": f"sums[{index}]"}.get(kind) or f"load({_at(kind, index)})"

    def _new(self, name: str) -> str:
        """A name that nothing else has: this one, with a number behind it if need be."""
        self._made_up[name] += 1
        return name if self._made_up[name] == 1 else f"{name}_{self._made_up[name]}"

    # ── steps ──

    def _write_loop(self, loop: Loop) -> None:
        self._loop, self._inside, self._own = loop, [], {}
        for s in loop.steps:
            self._write(s)
        self._inside += [f"{self._element(loop, place, 0, 1)} = {self._own[place]};" for place in sorted(loop.given)]
        for access, name in [*self._own.items()]:
            if isinstance(access, Before):
                self._inside.append(f"{name} = {self._own[access.place]};")
                self._carried[loop, access.place] = name
        lines = [f"    {line}" for line in self._inside]
        self.lines += [f"for (long k = 0; k < {loop.count}; k++) {{", *lines, "}"]
        self._loop, self._own = None, {}

    def _write(self, s: Step) -> None:
        """The lines of a step."""
        if s.length is None:
            texts = [splat(s.number or 0.0)] if s.number or not s.parts else []
            self._assign(s, summed(texts + [self._part(part) for part in s.parts]))
        else:
            (part,) = s.parts
            wanted = [i for i, out in enumerate(s.outs()) if out in self._common.read]
            for i, text in zip(wanted, self._applied(part.applied, wanted), strict=True):
                self._assign(s._replace(out=s.out + i), text)

    def _assign(self, s: Step, text: str) -> None:
        """Give a text to the place of a step."""
        access = self._loop.accesses.get(s.out) if self._loop else None
        if isinstance(access, Row):
            self._store(access, text, s)
            return
        kind = self._steps.kind(s.out)
        row = Row(kind, 0 if kind == "value" else self._steps.row(s.out), 0)
        if kind in ("roots", "dx") or row[:2] in self._by_loops or (kind == "dp" and self._added[s.out] == 1):
            self._store(row, text, s)
        elif s.number is None:
            self._line(_adding(self._growing(s.out), text, s))
        else:
            self._define(s.out, text)

    def _store(self, row: Row, text: str, s: Step) -> None:
        """Store a text in a row of an array, or add it."""
        if s.number is None:
            self._line(_adding(self._row(*row), text, s))
        elif row.kind == "sum":
            self._line(f"{self._row(*row)} = {text};")
        else:
            self._line(f"store({_at(row.kind, affine(row.first, row.step))}, {text});")

    def _define(self, place: int, text: str) -> None:
        """Make the value of a place, and keep it if others need it."""
        label, slot = self._common.label(place), self._common.memory.slots.get(place)
        grows = self._steps.kind(place) == "sum"
        (self._names if self._loop is None else self._own)[place] = label
        self._line(f"{'' if grows else 'const '}V {label} = {text};")
        if slot is not None and grows:
            self._last[f"memory[{slot}]"] = label
        elif slot is not None:
            self._line(f"memory[{slot}] = {label};")

    def _growing(self, place: int) -> str:
        """The name of a place that parts are added to, which is read from memory first."""
        if place not in self._names:
            is_sum = self._steps.kind(place) == "dp"
            where = f"sums[{self._steps.row(place)}]" if is_sum else f"memory[{self._common.memory.slots[place]}]"
            self._names[place] = self._last[where] = self._declared(self._common.label(place), where, changes=True)
        return self._names[place]

    # ── expressions ──

    def _part(self, part: Part) -> str:
        applied = [] if part.applied is None else self._applied(part.applied)
        text = product(part.coefficient, [*map(self._name, part.factors), *applied])
        if part.guard == ONE:
            return text
        return f"choose(greater({self._name(part.guard)}, splat(0.0)), {text}, splat(0.0))"

    def _applied(self, applied: Applied | None, wanted: Sequence[int] = (0,)) -> list[str]:
        assert applied is not None
        places = [place for x in applied.operands for place in (x if isinstance(x, tuple) else (x,))]
        return self._common.template(applied).filled(map(self._name, places), self._keep, wanted)

    def _keep(self, text: str) -> str:
        name = self._new("kept")
        self._line(f"const V {name} = {text};")
        return name


def _adding(where: str, text: str, s: Step) -> str:
    """The line that adds to a place; a single part with a minus sign is subtracted."""
    minus = len(s.parts) == 1 and text.startswith("-")
    return f"{where} -= {text[1:]};" if minus else f"{where} += {text};"


def _added(block: Block) -> Iterator[int]:
    """The places that a block adds to, twice for a loop."""
    for s in (block,) * 1 if isinstance(block, Step) else block.steps * 2:
        if s.number is None:
            yield s.out


def _rows_of_loop(block: Block) -> Iterator[tuple[Kind, int]]:
    """The rows that are added to and differ from round to round of a loop."""
    if isinstance(block, Loop):
        for access in block.accesses.values():
            if isinstance(access, Row) and access.kind in ("dp", "sum"):
                yield from ((access.kind, access.first + k * access.step) for k in range(block.count))


def affine(first: int, step: int) -> str:
    """first + k·step as text."""
    if step == 0:
        return str(first)
    turns = "k" if abs(step) == 1 else f"{abs(step)} * k"
    if step < 0:
        return f"{first} - {turns}"
    return f"{turns} + {first}" if first else turns


def _at(array: str, row: str) -> str:
    """Where a row of an array is."""
    if row == "0":
        return array
    return f"{array} + {row} * n" if row.isalnum() else f"{array} + ({row}) * n"


def product(c: float, factors: Sequence[str]) -> str:
    """A number times factors."""
    if not factors:
        return splat(c)
    text = " * ".join(factors)
    return text if c == 1.0 else f"-{text}" if c == -1.0 else f"{splat(c)} * {text}"


def summed(parts: Sequence[str]) -> str:
    """A sum of products."""
    if len(parts) <= FEW:
        return " + ".join(parts).replace("+ -", "- ")
    half = len(parts) // 2
    return f"({summed(parts[:half])}) + ({summed(parts[half:])})"
