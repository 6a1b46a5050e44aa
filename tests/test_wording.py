"""Long rows: their ends are shown, and a line breaks between operands and not inside them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from autograd.console import columns
from autograd.wording import WIDTH, end_positions, ends, wrapped

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


@given(st.integers(1, 12))
def test_the_count_of_the_others_stays_together(length: int) -> None:
    text = " + ".join(["a" * length, *["… 12 more …"] * 20])
    assert all(line.count("…") % 2 == 0 for line in wrapped(text).splitlines())


def test_a_bracket_that_fits_no_line_is_broken_all_the_same() -> None:
    text = f"v = ({' '.join(['abc'] * 50)})"
    assert max(map(len, wrapped(text).splitlines())) <= WIDTH
    assert wrapped(text).split() == text.split()
    unbalanced = "a ( b" * 40
    assert max(map(len, wrapped(unbalanced).splitlines())) <= WIDTH


@given(st.integers(0, 30), st.integers(1, 12))
def test_the_ends_of_a_row(count: int, most: int) -> None:
    kept = end_positions(count, most)
    assert kept == sorted(set(kept))
    assert len(kept) == min(count, most)
    texts = ends(range(count), most=most)
    assert [int(text) for text in texts if text.isdecimal()] == kept
    hidden = [re.findall(r"\d+", text)[0] for text in texts if not text.isdecimal()]
    assert hidden == ([str(count - most)] if count > most else [])
