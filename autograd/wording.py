"""Pieces of text that every reader of a graph uses: floats, counts, shortened rows, folded lines, labels, texts.

>>> from autograd.wording import brief, counted
>>> brief(-0.5), counted(3, "epoch")
('-0.5', '3 epochs')

Floats have an ASCII minus sign, so that they can be pasted back into Python. Lines and tables fit the console, and have
only characters that it has.
"""

import re
import unicodedata
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import accumulate
from typing import Any, Final, TypeVar

from autograd.console import WIDTH as WIDTH
from autograd.console import columns, printable, width
from autograd.engine.number import short

T = TypeVar("T")

FEW: Final = 8
"""Items of a long row that are written out."""
LABEL_LENGTH: Final = 40
"""Columns of a label; a longer one ends in …"""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and part of Persian words and of emoji."""
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_OTHERS: Final = re.compile(r"… [\d,]+ more …|\.\.\. [\d,]+ more \.\.\.")
"""The text of `ends` for the items that it leaves out."""


class Lines:
    """A thing whose text has lines that mean nothing when they are broken: a notebook shows them as the prompt does."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return preformatted(repr(self))


class Text(Lines, str):
    """A text for people: at the prompt it is its lines, where another str has quotes and escapes.

    >>> Text("two\\nlines")
    two
    lines
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def preformatted(text: str) -> str:
    """A text as HTML whose lines are not broken: those that are wider than the page can be scrolled.

    >>> preformatted("a < b")
    '<pre style="font-family: monospace; white-space: pre; overflow-x: auto">a &lt; b</pre>'
    """
    from html import escape  # Only a notebook needs it.

    return f'<pre style="font-family: monospace; white-space: pre; overflow-x: auto">{escape(text)}</pre>'


def brief(number: float) -> str:
    """A float in at most six digits, a whole one without its point.

    >>> brief(2.0), brief(1 / 3), brief(-1e-9)
    ('2', '0.333333', '-1e-09')
    """
    return short(number).removesuffix(".0")


def counted(n: int, thing: str, things: str = "") -> str:
    """A count and its noun, in the plural where it needs one: with an s, or as given.

    >>> counted(1, "epoch"), counted(3000, "epoch")
    ('1 epoch', '3,000 epochs')
    """
    return f"{n:,} {thing if n == 1 else things or f'{thing}s'}"


def to_install(library: str, extra: str = "") -> str:
    """The command that installs a library, and the one that installs it with the checkout, or with one of its extras.

    >>> to_install("numpy", "compile")
    'pip install numpy, or in the checkout pip install ".[compile]"'
    """
    checkout = f'".[{extra}]"' if extra else "."
    return f"pip install {library}, or in the checkout pip install {checkout}"


def imported(module: str, otherwise: str) -> Any:
    """A module of a library that may be missing; then an ImportError with the other text, which names the remedy.

    >>> imported("no_library", f"a picture needs it: {to_install('no-library')}")
    Traceback (most recent call last):
    ...
    ImportError: a picture needs it: pip install no-library, or in the checkout pip install .
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ImportError(otherwise) from None


def indexed(name: str, place: Iterable[int]) -> str:
    """The name of an entry of nested lists or of an array.

    >>> indexed("w", (1, 0))
    'w[1][0]'
    """
    return name + "".join(f"[{i}]" for i in place)


def end_positions(count: int, most: int = FEW) -> list[int]:
    """All positions of a row, or the first and the last ones if there are more than so many.

    >>> end_positions(3), end_positions(100, 3)
    ([0, 1, 2], [0, 1, 99])
    """
    positions = range(count)
    return [*positions] if count <= most else [*positions[: (most + 1) // 2], *positions[count - most // 2 :]]


def ends(
    row: Sequence[T], left_out: str = "… {:,} more …", text: Callable[[T], str] = str, most: int = FEW
) -> list[str]:
    """The texts of a row, or of its two ends, with the number of items left out between them.

    >>> ends(list("abc")), ends(list("abcdefghijkl"))
    (['a', 'b', 'c'], ['a', 'b', 'c', 'd', '… 4 more …', 'i', 'j', 'k', 'l'])
    """
    texts = [text(row[i]) for i in end_positions(len(row), most)]
    if len(row) > most:
        texts.insert((most + 1) // 2, left_out.format(len(row) - most))
    return texts


def folded(parts: Sequence[str], end: str = "") -> str:
    """Parts joined by =: on one line if they fit, else on a line each."""
    line = printable(" = ".join(parts) + end)
    if columns(line) <= width():
        return line
    lines = [parts[0], *(f"    = {part}" for part in parts[1:])]
    lines[-1] += end
    return "\n".join(map(wrapped, lines))


def wrapped(line: str, further: int = 4) -> str:
    """A line, or several that fit the console; the later ones are indented further.

    A line ends between words, and between the operands of a list. Inside brackets it ends only where nothing else fits.
    """
    line = printable(line)
    if columns(line) <= width() or "\n" in line:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    first, *pieces = _pieces(line.strip(), width() - len(indent) - further)
    lines = [indent + first]
    for piece in pieces:
        if columns(lines[-1] + piece) <= width():
            lines[-1] += piece
        else:
            lines.append(indent + " " * further + piece.lstrip())
    return "\n".join(lines)


def _pieces(line: str, most: int) -> Iterator[str]:
    """The parts of a line that stay together, each with the spaces before it; of a part that is too long the words."""
    words = re.findall(" *[^ ]+", _OTHERS.sub(lambda found: found[0].replace(" ", _NO_BREAK), line))
    piece, depth = "", 0
    for i, word in enumerate(words, 1):
        piece += word.replace(_NO_BREAK, " ")
        depth += sum(map(word.count, "([")) - sum(map(word.count, ")]"))
        if depth <= 0 or word.endswith(",") or i == len(words):
            yield from [piece] if columns(piece.lstrip()) <= most else re.findall(" *[^ ]+", piece)
            piece = ""


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table as text, its first row the heads: names on the left, numbers on the right, a last column of words.

    >>> print(aligned([["", "float", ""], ["x", "0.25", "ok"], ["total", "1.0", "wrong"]]))
           float
    x       0.25  ok
    total    1.0  wrong
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    numbers = len(widths) if rows[0][-1] else len(widths) - 1
    lines = []
    for name, *others in cells:
        spaces = [" " * (most - columns(cell)) for most, cell in zip(widths, [name, *others], strict=True)]
        texts = [name + spaces[0], *(space + cell for space, cell in zip(spaces[1:numbers], others, strict=False))]
        lines.append("  ".join([*texts, *others[numbers - 1 :]]).rstrip())
    return "\n".join(lines)


def visible(text: str, length: int = LABEL_LENGTH) -> str:
    """Any text on one line, with a stand-in for each character that can't be seen; a longer text ends in …

    >>> visible("two\\nlines"), visible("a long label", 8)
    ('two␊lines', 'a long …')
    """
    shown = text if len(text) <= length and text.isascii() else _cut(text, length)
    return shown if shown.isascii() and shown.isprintable() else "".join(map(_visible, shown))


def _cut(text: str, length: int) -> str:
    """The text, or as much of it as fits, and …; an accent counts as a column, so that no text is without end."""
    reached = list(accumulate(max(1, columns(c)) for c in text[: length + 1]))
    return text if not reached or reached[-1] <= length else text[: bisect(reached, length - 1)] + "…"


def _visible(character: str) -> str:
    """The character, or a stand-in if it is invisible, breaks a line, turns text around or is not allowed in XML."""
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    if character < " ":
        return chr(ord("␀") + ord(character))
    return "␡" if character == "\x7f" else "\N{REPLACEMENT CHARACTER}"
