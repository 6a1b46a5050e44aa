"""Pieces of text that every reader of a graph uses: floats, counts, shortened rows, folded lines, labels.

>>> from autograd.wording import brief, counted
>>> brief(-0.5), counted(3, "epoch")
('-0.5', '3 epochs')

Floats have an ASCII minus sign, so that they can be pasted back into Python.
"""

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from autograd.engine.number import short

T = TypeVar("T")

WIDTH: Final = 79
"""Characters in a line: a terminal has 80, and some keep the last for the cursor."""
FEW: Final = 8
"""Items of a long row that are written out."""
LABEL_LENGTH: Final = 40
"""Characters of a label; a longer one ends in …"""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and part of Persian words and of emoji."""


def brief(number: float) -> str:
    """A float in at most six digits, a whole one without its point.

    >>> brief(2.0), brief(1 / 3), brief(-1e-9)
    ('2', '0.333333', '-1e-09')
    """
    return short(number).removesuffix(".0")


def counted(n: int, thing: str) -> str:
    """A count and its noun, in the plural where it needs one.

    >>> counted(1, "epoch"), counted(3000, "epoch")
    ('1 epoch', '3,000 epochs')
    """
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def ends(row: Sequence[T], left_out: str = "… {:,} more …", text: Callable[[T], str] = str) -> list[str]:
    """The texts of a row, or of its two ends, with the number of items left out between them.

    >>> ends(list("abc")), ends(list("abcdefghijkl"))
    (['a', 'b', 'c'], ['a', 'b', 'c', 'd', '… 4 more …', 'i', 'j', 'k', 'l'])
    """
    half = FEW // 2
    if len(row) <= FEW:
        return [*map(text, row)]
    return [*map(text, row[:half]), left_out.format(len(row) - 2 * half), *map(text, row[-half:])]


def folded(parts: Sequence[str], end: str = "") -> str:
    """Parts joined by =: on one line if they fit, else on a line each."""
    line = " = ".join(parts) + end
    if len(line) <= WIDTH:
        return line
    lines = [parts[0], *(f"    = {part}" for part in parts[1:])]
    lines[-1] += end
    return "\n".join(map(wrapped, lines))


def wrapped(line: str, further: int = 4) -> str:
    """A line, or several that fit a terminal; the later ones are indented further."""
    if len(line) <= WIDTH or "\n" in line:
        return line
    indent = len(line) - len(line.lstrip())
    parts = textwrap.wrap(
        line.strip(), WIDTH - indent, subsequent_indent=" " * further, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(" " * indent + part for part in parts)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table as text, its first row the heads: names on the left, numbers on the right, a last column of words.

    >>> print(aligned([["", "float", ""], ["x", "0.25", "ok"], ["total", "1.0", "wrong"]]))
           float
    x       0.25  ok
    total    1.0  wrong
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = slice(1, None if rows[0][-1] else -1)
    lines = []
    for row in rows:
        shown = [row[0].ljust(widths[0]), *map(str.rjust, row[numbers], widths[numbers])]
        lines.append("  ".join([*shown, *row[len(shown) :]]).rstrip())
    return "\n".join(lines)


def visible(text: str, length: int = LABEL_LENGTH) -> str:
    """Any text on one line, with a stand-in for each character that can't be seen; a longer text ends in …

    >>> visible("two\\nlines"), visible("a long label", 8)
    ('two␊lines', 'a long …')
    """
    shown = text if len(text) <= length else text[: length - 1] + "…"
    return shown if shown.isascii() and shown.isprintable() else "".join(map(_visible, shown))


def _visible(character: str) -> str:
    """The character, or a stand-in if it is invisible, breaks a line, turns text around or is not allowed in XML."""
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    if character < " ":
        return chr(ord("␀") + ord(character))
    return "␡" if character == "\x7f" else "\N{REPLACEMENT CHARACTER}"
