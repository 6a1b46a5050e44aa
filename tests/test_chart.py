"""The curve, as a picture that can be looked at."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd.show.chart import CHARACTER, HEIGHT, LONGEST, MOST_POINTS, MOST_STEPS, WIDTH, curve, upward_axis
from autograd.wording import visible

POSITIVE = st.floats(5e-324, 1.7976931348623157e308) | st.floats(0.1, 1.0) | st.floats(0.5, 0.50001)


def points(dot: str) -> list[tuple[float, float]]:
    found = re.findall(r'^\tp\d+ \[.*pos="([-\d.]+),([-\d.]+)!"', dot, re.MULTILINE)
    return [(float(x), float(y)) for x, y in found]


@given(st.lists(POSITIVE, min_size=1, max_size=500))
def test_all_points_lie_in_the_frame_from_left_to_right(ys: list[float]) -> None:
    drawn = points(curve(ys, title="loss", across="step").dot)
    assert 1 <= len(drawn) <= MOST_POINTS
    assert len(drawn) == len(ys) or len(ys) > MOST_POINTS
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    for x, y in drawn:
        assert -1e-3 <= x <= WIDTH + 1e-3
        assert -1e-3 <= y <= HEIGHT + 1e-3


@given(st.integers(MOST_POINTS + 1, 3000), st.data())
def test_no_peak_is_lost(n: int, data: st.DataObject) -> None:
    ys = [1.0 + 0.5 * math.sin(i / 7) for i in range(n)]
    top, bottom = data.draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True))
    ys[top], ys[bottom] = 100.0, 0.01
    drawn = points(curve(ys, title="", across="").dot)
    for i, height in ((top, HEIGHT), (bottom, 0.0)):
        assert any(x == pytest.approx(WIDTH * i / (n - 1), abs=1e-3) and y == pytest.approx(height) for x, y in drawn)
    assert drawn[0][0] == 0.0
    assert drawn[-1][0] == WIDTH


@given(POSITIVE, POSITIVE)
@example(5e-324, 1e-318)
@example(1e300, 1.7e308)
@example(2e-6, 3e5)
def test_upward_ticks_are_few_and_round_and_those_that_they_say(one: float, other: float) -> None:
    low, high = sorted((math.log10(one), math.log10(other)))
    start, end, ticks = upward_axis(low, high)
    assert start <= low + 1e-9
    assert end >= high - 1e-9
    assert 2 <= len(ticks) <= MOST_STEPS + 2
    assert len({text for _, text in ticks}) == len(ticks)
    for place, text in ticks:
        assert start <= place <= end
        digits, _, exponent = text.partition("e")
        assert math.log10(float(digits)) + int(exponent or 0) == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 50, 71, 999, 10_001, 123_457])
def test_ticks_are_whole_steps_that_do_not_collide(n: int) -> None:
    dot = curve([1.0] * n, title="", across="").dot
    found = re.findall(r'^\tx\d+ \[label="?([\d,]+)"? .*pos="([-\d.]+),', dot, re.MULTILINE)
    places = [(int(text.replace(",", "")), float(x), len(text) * CHARACTER) for text, x in found]
    assert 2 <= len(places) <= MOST_STEPS + 1
    for (i, x, wide), (k, y, wider) in pairwise(places):
        assert y - x > (wide + wider) / 2 + CHARACTER
        assert re.fullmatch("[125]0*", str(k - i))
    assert all(x == pytest.approx(WIDTH * i / max(n - 1, 1), abs=1e-3) for i, x, _ in places)


def test_one_point_can_be_seen() -> None:
    assert 'fill="#2563eb"' in curve([0.5], title="", across="").svg()


def test_ticks_end_left_of_their_axis() -> None:
    svg = curve([1e-300, 1e300], title="", across="").svg()
    anchors = re.findall(r'text-anchor="end" x="([-\d.]+)"[^>]*>1e', svg)
    axis = min(float(x) for x in re.findall(r'd="M([-\d.]+),', svg))
    assert len(anchors) >= 5
    assert all(float(x) < axis for x in anchors)


def test_the_height_is_the_logarithm() -> None:
    high, middle, low = (y for _, y in points(curve([1.0, 0.1, 0.01], title="loss", across="step").dot))
    assert high - middle == pytest.approx(middle - low)
    assert high == pytest.approx(HEIGHT)
    assert low == 0.0


def test_numbers_without_a_logarithm_are_left_out() -> None:
    assert len(points(curve([1.0, 0.0, -1.0, math.nan, math.inf, 2.0], title="", across="").dot)) == 2
    with pytest.raises(ValueError, match="none among 2"):
        curve([0.0, math.nan], title="", across="")


def test_it_renders_with_its_words() -> None:
    svg = curve([0.5, 0.25, 0.1], title="loss & \\N", across="<step>").svg()
    assert "loss &amp; \\N" in svg
    assert "&lt;step&gt;" in svg
    assert ">0.1<" in svg


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x1b[31mb", "\ud800", "two\nlines", "</svg>&<", "x" * 10_000, "损失", "\u202e"]
)
def test_any_title_is_drawn_as_text(text: str) -> None:
    for words in ({"title": text, "across": "x"}, {"title": "loss", "across": text}):
        found = ElementTree.fromstring(curve([1.0, 2.0, 1.5], **words).svg())
        texts = {element.text for element in found.iter() if element.tag.endswith("text")}
        assert visible(text, LONGEST) in texts
