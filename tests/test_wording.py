"""Lines and labels in a terminal: they fit, they break between operands, and wide characters count twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.console import columns
from autograd.wording import WIDTH, aligned, end_positions, ends, visible, wrapped

words = st.text("ab重é\u0301-.", min_size=1, max_size=9)
operands = st.recursive(
    words,
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({' + '.join(parts)})"),
    max_leaves=4,
)


@given(st.lists(operands, min_size=1, max_size=40), st.sampled_from(["", "  "]))
def test_a_long_list_is_broken_between_its_operands(row: list[str], indent: str) -> None:
    text = f"{indent}v = f({', '.join(ends(row))}) = 1"
    lines = wrapped(text).splitlines()
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(columns, lines)) <= WIDTH
    assert all(line.startswith(indent) for line in lines)
    for line in lines[:-1]:
        assert line.endswith((",", "=", ")", "v")), "not inside an operand, and not inside the count of others"


def test_a_bracket_that_fits_no_line_is_broken_all_the_same() -> None:
    text = f"v = ({' '.join(['abc'] * 50)})"
    assert max(map(len, wrapped(text).splitlines())) <= WIDTH
    assert wrapped(text).split() == text.split()
    unbalanced = "a ( b" * 40
    assert max(map(len, wrapped(unbalanced).splitlines())) <= WIDTH


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_label_takes_at_most_so_many_columns(text: str, length: int) -> None:
    shown = visible(text, length)
    assert columns(shown) <= length
    assert len(shown) <= length, "accents have no end otherwise"


def test_wide_characters_take_two_columns_and_accents_none() -> None:
    assert visible("重みの名前", 7) == "重みの…"
    assert visible("重みの名前", 6) == "重み…"
    assert visible("e\u0301tat", 8) == "e\u0301tat"
    table = aligned([["", "値", ""], ["重み", "1", "ok"], ["b", "-2.5", "よい"]]).splitlines()
    assert table == ["        値", "重み     1  ok", "b     -2.5  よい"]
    line = wrapped(" ".join(["重み"] * 40)).splitlines()
    assert max(map(columns, line)) <= WIDTH < max(map(columns, line)) + 5


@given(st.integers(0, 30), st.integers(1, 12))
def test_the_ends_of_a_row(count: int, most: int) -> None:
    kept = end_positions(count, most)
    assert kept == sorted(set(kept))
    assert len(kept) == min(count, most)
    texts = ends(range(count), most=most)
    assert [int(text) for text in texts if text.isdecimal()] == kept
    hidden = [re.findall(r"\d+", text)[0] for text in texts if not text.isdecimal()]
    assert hidden == ([str(count - most)] if count > most else [])


@pytest.mark.parametrize(("columns_of_it", "most"), [("200", 199), ("50", 49), ("1", 20)])
def test_lines_follow_the_width_of_the_terminal(columns_of_it: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns_of_it)
    lines = wrapped("abc, " * 100).splitlines()
    assert max(map(len, lines)) <= most < max(map(len, lines)) + 5
