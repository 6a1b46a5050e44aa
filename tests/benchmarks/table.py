"""The results as a text table and as JSON with the same figures."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeAlias

GAP: Final = "  "
WIDTH: Final = 110
Figure: TypeAlias = float | int | None
Figures: TypeAlias = Mapping[str, Figure]


class Column(NamedTuple):
    """A column with one figure of each row, or a range of several; the columns of a group have a common title."""

    title: str
    keys: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Row:
    """A contender and its figures, or a remark instead of figures.

    The rounds behind the figures are only in the JSON. `texts` are cells that aren't numbers.
    """

    contender: str
    figures: Figures = field(default_factory=dict)
    said: str = ""
    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """Rows that were measured side by side."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Block:
    """The blocks and notes of one work."""

    work: str
    heading: str
    unit: str
    columns: Sequence[Column]
    sections: Sequence[Section]
    notes: Sequence[str] = ()


def written(figure: Figure) -> str:
    """A count in full, and any other number to three digits without an exponent."""
    if figure is None:
        return "–"
    if isinstance(figure, int):
        return f"{figure:,}"
    if figure == 0.0 or not math.isfinite(figure):
        return f"{figure:g}"
    return f"{figure:,.{max(0, 2 - math.floor(math.log10(abs(figure))))}f}"


def _cell(row: Row, column: Column) -> str:
    texts = [row.texts.get(key) or written(row.figures.get(key)) for key in column.keys]
    return "–" if set(texts) == {"–"} else "…".join(texts)


def text(block: Block) -> str:
    """The lines of a block, with its columns as wide as their contents."""
    return "\n".join(_lines(block))


def _lines(block: Block) -> Iterator[str]:
    yield f"{block.work} — {block.heading}; {block.unit}"
    rows = [row for section in block.sections for row in section.rows]
    first = max(len(row.contender) for row in rows) + 2 * len(GAP)
    widths = [
        max(len(column.title), *(len(_cell(row, column)) for row in rows if not row.said), 0)
        for column in block.columns
    ]
    if any(column.group for column in block.columns):
        yield " " * (first + len(GAP)) + _group_titles(block.columns, widths)
    titles = (f"{column.title:>{width}}" for column, width in zip(block.columns, widths, strict=True))
    yield " " * (first + len(GAP)) + GAP.join(titles)
    for section in block.sections:
        if section.title:
            yield f"{GAP}{section.title}"
        for row in section.rows:
            cells = (f"{_cell(row, column):>{width}}" for column, width in zip(block.columns, widths, strict=True))
            yield GAP + f"{GAP}{row.contender}".ljust(first) + (row.said or GAP.join(cells))
    for note in block.notes:
        yield from paragraph(note, GAP)


def paragraph(note: str, indent: str = "") -> list[str]:
    """The lines of a note, wrapped to the width of a table."""
    return textwrap.wrap(note, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _group_titles(columns: Sequence[Column], widths: Sequence[int]) -> str:
    """A line with the title of each group above its columns, and a rule to the last of them."""
    parts = []
    for group, members in groupby(zip(columns, widths, strict=True), key=lambda pair: pair[0].group):
        inside = [width for _, width in members]
        whole = sum(inside) + len(GAP) * (len(inside) - 1)
        parts.append(f"{group} ".ljust(whole, "─") if group else " " * whole)
    return GAP.join(parts).rstrip()


def as_json(machine: Mapping[str, object], blocks: Sequence[Block]) -> dict[str, Any]:
    """All figures in the units of the table, not rounded."""
    works = []
    for block in blocks:
        fields = asdict(block)
        fields["columns"] = [column._asdict() for column in block.columns]
        works.append(fields)
    return {"machine": dict(machine), "works": works}
