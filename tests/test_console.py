"""Every text can be printed on every console, and is as wide as is said."""

import ast
import io
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.console import NARROWEST, WIDTH, columns, is_terminal, printable, width
from tests.running import PACKAGE, surroundings

ENCODINGS = st.sampled_from(["ascii", "cp1252", "latin-1", "cp437", "cp037", "shift_jis", "utf-8", "utf-16"])
TEXTS = st.text(st.characters() | st.sampled_from("∂σ−×·√²⁻ˣ→≤…é數ά"))
SYMBOLS = frozenset("␀␊␡␣")
"""Stand-ins for characters that can't be seen; Python's escape is the best that ASCII has for them."""


@given(TEXTS, ENCODINGS)
def test_every_text_can_be_encoded_and_stays_if_it_could_before(text: str, encoding: str) -> None:
    shown = printable(text, encoding)
    shown.encode(encoding)
    assert printable(shown, encoding) == shown
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        assert shown != text
    else:
        assert shown == text


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("∂L/∂w = −2·x × 3 ÷ 4", "dL/dw = -2*x * 3 / 4"),
        ("σ(z), Σ w², δ1, Δ, λmax, ς, µs", "sigma(z), sum w**2, delta1, Delta, lambdamax, sigma, us"),
        ("x² + y⁻¹ + e⁻ˣ + 10⁻⁴", "x**2 + y**-1 + e**-x + 10**-4"),
        ("√x, √(2π), 2/√π, √3.5", "sqrt(x), sqrt(2pi), 2/sqrt(pi), sqrt(3.5)"),
        ("½ ≤ ¼, x₁ ≥ x₂ ≠ ±∞", "1/2 <= 1/4, x1 >= x2 != +/-inf"),
        ("a → b ← c … – —", "a -> b <- c ... - -"),
        ("├── x\n│   └── y", "|-- x\n|   `-- y"),
        ("naïve café, ά, ﬁ", "naive cafe, alpha, fi"),
        ("重", "\\u91cd"),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_ascii_is_readable(text: str, ascii_text: str) -> None:
    assert printable(text, "ascii") == ascii_text


def test_only_the_characters_that_are_lacking_are_replaced() -> None:
    assert printable("½·x² − y⁴ → ∂", "latin-1") == "½·x² - y**4 -> d"
    assert printable("x²⁰", "cp1252") == "x**20"


@pytest.mark.parametrize("letter", "αβγδεζηθικλμνξοπρςστυφχψωΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΤΥΦΧΨΩ")
def test_a_greek_letter_has_its_name(letter: str) -> None:
    name = unicodedata.name(letter).split()[-1].replace("LAMDA", "LAMBDA")
    assert printable(letter, "ascii") == (name.capitalize() if letter.isupper() else name.lower())


NO_CONSOLE = {"page", "glyphs.py"}
"""Pages, and the alphabets of fonts: no console shows them."""


def texts_of_programs() -> set[str]:
    """The strings in the sources of the package and of the lessons, docstrings included."""
    root = PACKAGE.parent
    folders = [PACKAGE, root / "demos"] if (root / "demos").exists() else [PACKAGE]
    paths = [path for folder in folders for path in folder.rglob("*.py") if NO_CONSOLE.isdisjoint(path.parts)]
    sources = [path.read_text(encoding="utf-8") for path in paths]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_character_that_is_written_has_readable_ascii() -> None:
    written = {c for text in texts_of_programs() for c in text if ord(c) > 127 and not unicodedata.combining(c)}
    assert {"σ", "∂", "─", "½"} <= written
    drawn = {"─", "━", "│"}
    unreadable = {c for c in written - SYMBOLS - drawn if "\\" in printable(c, "ascii")}
    assert unreadable <= {"数", "∫", "∇", "\N{REPLACEMENT CHARACTER}", "\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("data", 4), ("", 0), ("数据", 4), ("ひ", 2), ("한", 2), ("ﾊ", 1), ("é", 1), ("e\u0301", 1), ("👍", 2), ("∂σ", 2)],
)
def test_the_columns_of_a_text(text: str, expected: int) -> None:
    assert columns(text) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("50", 49), ("1", NARROWEST), ("1000", 999), ("0", WIDTH), ("-3", WIDTH), ("wide", WIDTH), ("", WIDTH)],
)
def test_the_variable_columns_is_the_width(asked: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", asked)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert width() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_width_is_that_of_the_terminal() -> None:
    import fcntl
    import os
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 61, 0, 0))
    program = "import sys; from autograd.console import width; sys.stderr.write(str(width()))"
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, env=surroundings(PACKAGE), check=True)
    os.close(ours)
    os.close(theirs)
    assert done.stderr == b"60"


def test_a_stream_may_only_say_that_it_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Boast(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys, "stdout", Boast())
    assert is_terminal(sys.stdout)
    assert width() == WIDTH
    monkeypatch.setattr(sys, "stdout", None)
    assert not is_terminal(sys.stdout)
    assert width() == WIDTH
    assert printable("∂") == "∂"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", "sqrt(x)*d \\u91cd x**4"),
        ("cp1252", "sqrt(x)·d \\u91cd x**4"),
        ("cp437:replace", "√x·d \\u91cd x**4"),
        ("utf-8", "√x·∂ 重 x⁴"),
        ("utf-8:surrogateescape", "√x·∂ 重 x⁴"),
    ],
)
def test_a_program_writes_every_text(encoding: str, expected: str) -> None:
    program = (
        "import sys; from autograd.console import take_every_text; take_every_text()\n"
        "for stream in (sys.stdout, sys.stderr): print('√x·∂ 重', 'x⁴', file=stream)\n"
        "print('e' + '⁴' * 100000)"
    )
    environment = {**surroundings(PACKAGE), "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-P", "-c", program], env=environment, capture_output=True, check=True)
    for output in (done.stdout, done.stderr):
        assert output.decode(encoding.partition(":")[0]).splitlines()[0] == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locale")
def test_the_plain_locale_is_a_console_too() -> None:
    environment = surroundings(PACKAGE) | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    del environment["PYTHONIOENCODING"]
    command = [sys.executable, "-P", "-m", "autograd", "step", "x*y", "x=2", "y=3"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.decode("ascii").splitlines()[:2] == ["z = x*y = 2*3 = 6", "dz/dz = 1"]
