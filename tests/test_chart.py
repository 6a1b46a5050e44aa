"""The curve, as a picture that can be looked at."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.show.chart import HEIGHT, MOST_POINTS, WIDTH, curve


def points(dot: str) -> list[tuple[float, float]]:
    found = re.findall(r'^\tp\d+ \[pos="([-\d.]+),([-\d.]+)!"', dot, re.MULTILINE)
    return [(float(x), float(y)) for x, y in found]


@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=500))
def test_all_points_lie_in_the_frame_from_left_to_right(ys: list[float]) -> None:
    drawn = points(curve(ys, title="loss", across="step").dot)
    assert len(drawn) == min(len(ys), MOST_POINTS)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    for x, y in drawn:
        assert -1e-3 <= x <= WIDTH + 1e-3
        assert -1e-3 <= y <= HEIGHT + 1e-3


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
