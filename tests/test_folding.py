"""Lines are folded to the width of the console, and the columns of a table line up whatever their characters."""

import re
import sys
from io import BytesIO, TextIOWrapper
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.console import NARROWEST, columns, width
from autograd.wording import aligned, folded, visible, wrapped

WORD = st.lists(st.sampled_from([*"abxy∂σ×數重", "e\u0301"]), min_size=1, max_size=12).map("".join)
ENCODINGS = st.sampled_from(["ascii", "cp1252", "utf-8"])


def on_a_console(patch: pytest.MonkeyPatch, encoding: str, terminal: int) -> None:
    patch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding=encoding))
    patch.setenv("COLUMNS", str(terminal))


@given(st.lists(WORD, min_size=1, max_size=40), st.integers(0, 8), st.integers(1, 120), ENCODINGS)
def test_a_line_is_folded_between_words(words: list[str], indent: int, terminal: int, encoding: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        on_a_console(patch, encoding, terminal)
        whole = " " * indent + " ".join(words)
        lines = wrapped(whole).split("\n")
        fits = [columns(line) <= width() or " " not in line.strip() for line in lines]
        least = width()
        plain = [wrapped(word) for word in words]
    assert all(fits)
    assert " ".join(lines).split() == " ".join(plain).split()
    assert all(line.startswith(" " * (indent + 4)) for line in lines[1:])
    assert lines[0].startswith(" " * indent)
    # No line ends early: the first word of the next one would not have fitted.
    for line, following in pairwise(lines):
        assert columns(f"{line} {following.split()[0]}") > least


@given(st.lists(WORD, min_size=2, max_size=6), st.integers(1, 80), ENCODINGS)
def test_an_equation_is_folded_at_its_equal_signs(parts: list[str], terminal: int, encoding: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        on_a_console(patch, encoding, terminal)
        lines = folded(parts, "   (x)").split("\n")
        assert len(lines) == 1 or columns(" ".join(line.strip() for line in lines)) > width()
    assert sum(line.count("=") for line in lines) == len(parts) - 1
    assert " ".join(lines).endswith("(x)")


@given(st.data(), ENCODINGS)
def test_the_columns_of_a_table_line_up_and_never_touch(data: st.DataObject, encoding: str) -> None:
    n = data.draw(st.integers(2, 5))
    words = data.draw(st.booleans())
    head = [*data.draw(st.lists(WORD, min_size=n - 1, max_size=n - 1)), "" if words else "z"]
    rows = data.draw(st.lists(st.lists(WORD, min_size=n, max_size=n), min_size=1, max_size=5))
    with pytest.MonkeyPatch.context() as patch:
        on_a_console(patch, encoding, 80)
        lines = aligned([head, *rows]).split("\n")
    cells = [re.split(r" {2,}", line) for line in lines]
    assert all(len(row) == n for row in cells[1:])
    # Names begin together; numbers, and so the last column too unless it has words, end together.
    assert all(line.startswith(row[0]) for line, row in zip(lines[1:], cells[1:], strict=True))
    numbers = n - 1 if words else n
    for k in range(1, numbers):
        after = [re.split(r" {2,}", line, maxsplit=k + 1)[-1] if k + 1 < n else "" for line in lines[1:]]
        ends = [columns(line.removesuffix(rest).rstrip()) for line, rest in zip(lines[1:], after, strict=True)]
        assert len(set(ends)) == 1


def test_a_table_with_two_columns_for_a_character() -> None:
    assert aligned([["", "float"], ["重み", "0.25"], ["x", "10.0"]]).split("\n") == [
        "      float",
        "重み   0.25",
        "x      10.0",
    ]


@given(st.text(), st.integers(2, 60))
def test_a_label_is_cut_at_its_columns(text: str, length: int) -> None:
    shown = visible(text, length)
    assert columns(shown) <= length
    assert len(shown) <= length
    assert shown.endswith("…") or len(shown) == len(text)


def test_a_narrow_console_still_has_some_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "3")
    assert wrapped("a " * 30).split("\n")[0] == ("a " * (NARROWEST // 2)).strip()
