"""The console that text is printed on: the characters that it lacks, and its width.

>>> from autograd.console import columns, printable
>>> printable("∂L/∂w = −2·√x·σ(x)²", "ascii")
'dL/dw = -2*sqrt(x)*sigma(x)**2'
>>> columns("data"), columns("数")
(4, 2)

A text for people goes through `printable` before it is returned or printed, and before its columns are counted. Where
the console has UTF-8, that changes nothing.
"""

import codecs
import io
import os
import re
import sys
import unicodedata
from contextlib import suppress
from typing import Final, TextIO

WIDTH: Final = 79
"""Columns of a line where there is no terminal: most have 80, and some keep the last for the cursor."""
NARROWEST: Final = 20
"""Columns of a line at least: less can't hold an equation."""
_STAND_INS: Final = {
    **dict(zip("−–—─·×⊙÷⁄│├└∂≈", "----***//||`d~", strict=True)),
    "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "±": "+/-", "∓": "-/+",
    "√": "sqrt", "Σ": "sum", "∑": "sum", "∞": "inf", "‖": "||", "µ": "u",
}  # fmt: skip
"""Readable ASCII for characters that have no parts or names in it: Python's, where it has such an operator."""
_RAISED: Final = re.compile("[⁺⁻⁰¹²³⁴-⁹ⁱⁿˣʸᶻᵏᵀ]+")
_ROOT: Final = re.compile(r"√([\w.]+)")


def printable(text: str, encoding: str | None = None) -> str:
    """The text, with readable ASCII in place of each character that an encoding lacks.

    By default it is the encoding of sys.stdout; a stream that has none takes every text.
    """
    encoding = encoding or getattr(sys.stdout, "encoding", None)
    if encoding is None or not _lacks(encoding, text):
        return text
    if _lacks(encoding, "√"):
        text = _ROOT.sub(r"sqrt(\1)", text)
    text = _RAISED.sub(lambda run: _lowered(run[0]) if _lacks(encoding, run[0]) else run[0], text)
    return "".join(_in_ascii(c) if _lacks(encoding, c) else c for c in text)


def _lacks(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False


def _lowered(exponent: str) -> str:
    return "**" + "".join(map(_in_ascii, exponent))


def _in_ascii(character: str) -> str:
    """Readable ASCII for a character: its parts without their accents, a Greek letter's name, or Python's escape."""
    if character in _STAND_INS:
        return _STAND_INS[character]
    parts = [c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)]
    text = "".join(_STAND_INS.get(c) or _greek(c) or c for c in parts)
    return text if text.isascii() else character.encode("ascii", "backslashreplace").decode()


def _greek(character: str) -> str:
    """The name of a Greek letter, with a capital for a capital; empty for another character."""
    words = unicodedata.name(character, "").replace("LAMDA", "LAMBDA").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words:
        return ""
    return words[-1].capitalize() if "CAPITAL" in words else words[-1].lower()


def columns(text: str) -> int:
    """The columns that a text takes: two for a character of Chinese, Japanese or Korean, and none for an accent."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width() -> int:
    """The columns that a line may take: those of the terminal, or of the variable COLUMNS, but for the last."""
    found = 0
    with suppress(KeyError, ValueError):
        found = int(os.environ["COLUMNS"])
    if found <= 0 and is_terminal(sys.stdout):
        with suppress(OSError, ValueError):  # A stream that calls itself a terminal need not be one.
            found = os.get_terminal_size(sys.stdout.fileno()).columns
    return max(found - 1, NARROWEST) if found > 0 else WIDTH


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream, which is None in a process without it, is a terminal."""
    return stream is not None and stream.isatty()


def take_every_text() -> None:
    """Make stdout and stderr of this process write every text, as `printable` does; for programs, not for libraries.

    A stream that the process was started without leads nowhere.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_handler(stream.encoding))


def _handler(encoding: str) -> str:
    """The name of a handler of errors of an encoding; the error itself doesn't tell which one it is."""

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return printable(error.object[error.start :], encoding), len(error.object)

    name = f"autograd.printable.{encoding}"
    codecs.register_error(name, replace)
    return name
