"""Curves, as pictures that can be looked at."""

import math
import pickle
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value, train
from autograd.show.pictures.axes import (
    FLAT,
    MOST_STEPS,
    axis_for,
    counting_axis,
    linear_axis,
    logarithmic_axis,
    upward_axis,
)
from autograd.show.pictures.canvas import CHARACTER, LONGEST, TEXT
from autograd.show.pictures.chart import HEIGHT, MOST_CURVES, draw_curves, draw_panels, is_curves
from autograd.show.pictures.palette import PALETTE, SERIES
from autograd.show.pictures.panel import FEW, LINE, MOST_POINTS, NAME, WIDTH, apart, pieces
from autograd.show.pictures.picture import Drawing
from autograd.wording import visible

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(5e-324, 1.7976931348623157e308) | st.floats(0.1, 1.0) | st.floats(0.5, 0.50001)
ANY = FINITE | st.floats()
DIGITS = 1e-6
"""Ticks are compared with the places of their texts, which have few digits."""
Point = tuple[float, float]


def attributes(dot: str, kind: str) -> list[dict[str, str]]:
    """The attributes of the nodes or the edges of DOT text."""
    arrow = r" -> \w+" if kind == "edge" else ""
    found = re.findall(rf"^\tn\d+{arrow} \[(.*)\]$", dot, re.MULTILINE)
    return [{a: b.strip('"') for a, b in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s\]]+)', row)} for row in found]


def places(pos: str) -> list[Point]:
    """The points of a line, without those that make it straight."""
    points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in pos.split())]
    return points[::3]


def lines(drawing: Drawing, kind: str = "curve") -> list[list[Point]]:
    """The lines of the curves, or those of a kind."""
    return [places(edge["pos"]) for edge in attributes(drawing.dot, "edge") if edge.get("class") == kind]


def dots(drawing: Drawing) -> list[Point]:
    return [places(node["pos"])[0] for node in attributes(drawing.dot, "node") if node.get("style") == "filled"]


def texts(drawing: Drawing) -> dict[str, tuple[float, float, float, float]]:
    """Every text, and the left, the right, the bottom and the top of the box that is kept free for it."""
    found = {}
    for node in attributes(drawing.dot, "node"):
        if "label" in node:
            (x, y), wide, size = places(node["pos"])[0], 72 * float(node["width"]), float(node["fontsize"])
            text = node["label"].removesuffix("\\l").removesuffix("\\r")
            found[text] = (x - wide / 2, x + wide / 2, y - size / 2, y + size / 2)
    return found


# ── axes ──


@given(FINITE, FINITE, st.integers(3, 7))
@example(-1.7976931348623157e308, 1.7976931348623157e308, 7)
@example(5e-324, 1e-323, 7)
@example(0.0, 0.0, 7)
@example(-0.0, -0.0, 7)
@example(1e16, 1e16 + 2, 7)
@example(100000.0, 900000.0, 7)
def test_linear_ticks_are_few_and_round_and_those_that_they_say(one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))
    axis = linear_axis(low, high, most)
    for y in (low, high):
        assert 0.0 <= axis.place(y) <= 1.0
    assert axis.place(low) <= axis.place(high)
    assert [axis.ticks[0][0], axis.ticks[-1][0]] == [0.0, 1.0]
    assert 2 <= len(axis.ticks) <= most + 2
    assert len({text for _, text in axis.ticks}) == len(axis.ticks)
    numbers = [float(text.replace(",", "")) for _, text in axis.ticks]
    for (place, _), number in zip(axis.ticks, numbers, strict=True):
        if math.isfinite(number) and abs(number) > 1e-300:
            assert axis.place(number) == pytest.approx(place, abs=DIGITS)
    if high - low > max(abs(low), abs(high)) * 0.5:
        assert axis.place(high) - axis.place(low) >= 0.25, "the numbers fill a good part of the axis"


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.3, 0.5, "0.30 0.35 0.40 0.45 0.50"),
        (0.1, 0.5, "0 0.1 0.2 0.3 0.4 0.5"),
        (-0.5, -0.1, "-0.5 -0.4 -0.3 -0.2 -0.1 0"),
        (-3.0, 2.0, "-3 -2 -1 0 1 2"),
        (0.5, 0.5, "0 0.2 0.4 0.6 0.8 1.0"),
        (-2.0, -2.0, "-4 -3 -2 -1 0"),
        (0.0, 0.0, "-1.0 -0.5 0 0.5 1.0"),
        (0.0, 250000.0, "0 50,000 100,000 150,000 200,000 250,000"),
        (0.0, 3e-7, "0 0.5e-07 1.0e-07 1.5e-07 2.0e-07 2.5e-07 3.0e-07"),
        (0.0, 1.7e308, "0 0.5e+308 1.0e+308 1.5e+308 2.0e+308"),
    ],
)
def test_the_ticks_of_linear_axes(low: float, high: float, wanted: str) -> None:
    assert [text for _, text in linear_axis(low, high).ticks] == wanted.split()


def test_numbers_that_hardly_differ_are_a_constant() -> None:
    assert linear_axis(1.0, 1.0 + 0.1 * FLAT).ticks == linear_axis(1.0, 1.0).ticks
    assert linear_axis(1.0, 1.0 + 10 * FLAT).ticks != linear_axis(1.0, 1.0).ticks


@given(POSITIVE, POSITIVE)
@example(5e-324, 1e-318)
@example(1e300, 1.7e308)
@example(2e-6, 3e5)
def test_logarithmic_ticks_are_few_and_round_and_those_that_they_say(one: float, other: float) -> None:
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


@pytest.mark.parametrize(
    ("numbers", "log", "is_log"),
    [
        ([1.0, 0.02], None, False),
        ([1.0, 0.005], None, True),
        ([1.0, 0.005, -1e-9], None, False),
        ([1.0, 0.005, 0.0], None, True),
        ([1.0, 0.0], None, False),
        ([1.0, 0.5], True, True),
        ([1.0, 1e-9], False, False),
    ],
)
def test_the_axis_is_logarithmic_where_that_shows_more(numbers: list[float], log: bool | None, is_log: bool) -> None:
    axis = axis_for(numbers, log)
    middle = axis.place(math.sqrt(numbers[0] * max(numbers[1], 1e-3)))
    between = (axis.place(numbers[0]) + axis.place(max(numbers[1], 1e-3))) / 2
    assert (middle == pytest.approx(between)) == is_log


def test_a_zero_has_a_place_below_the_logarithms() -> None:
    axis = axis_for([1.0, 1e-4, 0.0], None)
    assert axis.ticks[0] == (0.0, "0")
    assert axis.place(0.0) == 0.0 < axis.place(1e-4) < axis.place(1e-2) < axis.place(1.0) == 1.0
    assert axis.place(1e-4) == axis.ticks[1][0]
    with pytest.raises(ValueError, match="no place for -2; leave out log=True"):
        axis_for([1.0, -2.0], True)


@pytest.mark.parametrize("first", [0, 1, 99_999])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 13, 50, 71, 999, 10_000, 123_457])
def test_counting_ticks_are_whole_steps_that_do_not_collide(n: int, first: int) -> None:
    ticks = counting_axis(first, first + n - 1).ticks
    assert 1 <= len(ticks) <= MOST_STEPS + 2
    assert ticks[0][1] == f"{first:,}" or n > 8 or first > 1
    for (place, text), (other, more) in pairwise(ticks):
        assert WIDTH * (other - place) > CHARACTER * (len(text) + len(more)) / 2 + CHARACTER
    steps = [int(b.replace(",", "")) - int(a.replace(",", "")) for (_, a), (_, b) in pairwise(ticks)]
    assert all(re.fullmatch("[125]0*", str(step)) for step in steps[1:])
    for place, text in ticks:
        assert place == pytest.approx((int(text.replace(",", "")) - first) / (n - 1) if n > 1 else 0.5)


# ── curves ──


@given(st.lists(FINITE | POSITIVE, min_size=1, max_size=500))
@example([-1e308, 1e308])
def test_all_points_lie_in_the_frame_from_left_to_right(ys: list[float]) -> None:
    drawing = draw_curves(ys)
    drawn = lines(drawing)[0] if len(ys) > 1 else dots(drawing)
    assert len(drawn) == len(ys) or len(ys) > MOST_POINTS >= len(drawn)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    for x, y in drawn:
        assert -0.01 <= x <= WIDTH + 0.01
        assert -0.01 <= y <= HEIGHT + 0.01
    if len(ys) == len(drawn):
        by_number = [y for _, (_, y) in sorted(zip(ys, drawn, strict=True), key=lambda pair: pair[0])]
        assert by_number == sorted(by_number), "what is larger is not lower"
    if 1 < len(ys) <= FEW:
        assert dots(drawing) == drawn


@given(st.integers(MOST_POINTS + 1, 3000), st.data())
def test_no_peak_is_lost(n: int, data: st.DataObject) -> None:
    ys = [1.0 + 0.5 * math.sin(i / 7) for i in range(n)]
    top, bottom = data.draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True))
    ys[top], ys[bottom] = 100.0, 0.01
    (drawn,) = lines(draw_curves(ys, log=True))
    for i, height in ((top, HEIGHT), (bottom, 0.0)):
        assert any(x == pytest.approx(WIDTH * i / (n - 1), abs=0.01) and y == pytest.approx(height) for x, y in drawn)
    assert drawn[0][0] == 0.0
    assert drawn[-1][0] == WIDTH


@given(st.lists(ANY, max_size=700), st.integers(4, 60))
def test_a_piece_of_a_curve_jumps_over_no_number_that_is_lost(ys: list[float], most: int) -> None:
    found = pieces(ys, most)
    kept = [i for piece in found for i in piece]
    finite = [i for i, y in enumerate(ys) if math.isfinite(y)]
    assert kept == sorted({*kept})
    assert {*kept} <= {*finite}
    assert len(kept) <= max(most, 2)
    assert kept == finite or len(finite) > most
    for piece in found:
        assert all(math.isfinite(y) for y in ys[piece[0] : piece[-1] + 1])
    for one, other in pairwise(found):
        assert any(not math.isfinite(y) for y in ys[one[-1] : other[0]])


def test_a_gap_is_marked() -> None:
    ys = [3.0, 2.0, math.nan, math.inf, 1.0, 2.0] + [1.5] * 30 + [-math.inf]
    drawing = draw_curves({"loss": ys})
    left, right = lines(drawing)
    assert (len(left), len(right)) == (2, 32)
    marks = lines(drawing, "lost")
    assert [round((a[0] + b[0]) / 2 / WIDTH * (len(ys) - 1), 1) for a, b in marks] == [2.0, 3.0, 36.0]
    assert all(y > HEIGHT for mark in marks for _, y in mark)
    assert "loss: 1 × nan, 1 × inf, 1 × -inf" in texts(drawing)
    assert "loss: -inf" in texts(drawing), "the last number, at the end of the curve"
    many = draw_curves({"loss": [1.0, *[math.nan] * 9_998, 1.0]})
    assert len(lines(many, "lost")) == 1
    assert "loss: 9,998 × nan" in texts(many)
    assert len(dots(many)) == 2, "a number between two that are lost can be seen"


def test_nothing_but_lost_numbers_is_drawn_too() -> None:
    drawing = draw_curves([math.nan, math.inf])
    assert not lines(drawing)
    assert not dots(drawing)
    assert "1 × nan, 1 × inf" in texts(drawing)
    assert drawing.svg()


@given(st.lists(st.floats(0.0, 100.0), max_size=12), st.floats(1.0, 20.0))
def test_names_are_put_apart_and_stay_in_order(heights: list[float], least: float) -> None:
    heights.sort()
    found = apart(heights, least, 0.0, 300.0)
    assert len(found) == len(heights)
    assert all(b - a >= least - 1e-9 for a, b in pairwise(found))
    assert all(-1e-9 <= y <= 300.0 for y in found)
    if all(b - a >= least for a, b in pairwise(heights)):
        assert found == pytest.approx(heights, abs=1e-9)


@pytest.mark.parametrize("rows", [1, 2, 7, MOST_CURVES])
@pytest.mark.parametrize("y", [0.5, -1e300, 1e-300, 0.0, math.nan])
def test_no_text_lies_on_another(rows: int, y: float) -> None:
    curves = {f"the learning rate {k}": [y, y * (1.0 + 1e-3 * k), y] for k in range(rows)}
    drawing = draw_curves(curves, title="a title", across="epoch", up="loss", start=1)
    boxes = texts(drawing)
    assert len([text for text in boxes if text.startswith("the learning rate")]) >= rows
    for one, a in boxes.items():
        for other, b in boxes.items():
            apart = a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
            assert one == other or apart, (one, other)
    assert min(float(node["fontsize"]) for node in attributes(drawing.dot, "node") if "fontsize" in node) >= TEXT


def test_curves_differ_in_colour_and_in_style() -> None:
    edges = attributes(draw_curves([[float(k), 1.0] for k in range(MOST_CURVES)]).dot, "edge")
    looks = [(edge["color"], edge["style"]) for edge in edges if edge.get("class") == "curve"]
    assert len({*looks}) == MOST_CURVES
    assert {color for color, _ in looks} == {PALETTE[role].light for role in SERIES}
    for one, other in pairwise(looks[: len(SERIES)]):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_a_name_has_the_colour_of_its_curve_and_its_last_number() -> None:
    dot = draw_curves({"SGD": [1.0, 0.25], "Adam": [1.0, 0.0625]}).dot
    found = {node["label"]: node["fontcolor"] for node in attributes(dot, "node") if "label" in node}
    assert found["SGD: 0.25\\l"] == PALETTE[SERIES[0]].light
    assert found["Adam: 0.0625\\l"] == PALETTE[SERIES[1]].light


def test_a_name_that_is_not_beside_its_curve_is_led_to_it() -> None:
    for last, wanted in ((0.9, 0), (0.5, 1)):
        edges = attributes(draw_curves([[1.0, 0.5], [1.0, last]]).dot, "edge")
        assert sum(places(edge["pos"])[-1][0] > WIDTH for edge in edges) == wanted


def test_a_curve_that_ends_early_is_led_to_its_name_by_dots() -> None:
    edges = attributes(draw_curves({"short": [1.0, 0.5], "long": [1.0, 0.7, 0.6]}).dot, "edge")
    leaders = [edge for edge in edges if places(edge["pos"])[-1][0] > WIDTH]
    assert [edge["style"] for edge in leaders] == ["dotted"]
    assert places(leaders[0]["pos"])[0][0] == WIDTH / 2


@pytest.mark.parametrize(
    ("curves", "names"),
    [
        ([0.5, 0.25], ["0.25"]),
        ([[0.5, 0.25]], ["0.25"]),
        ((x / 4 for x in (2, 1)), ["0.25"]),
        (range(3), ["2"]),
        ([[0.5, 0.25], (0.5, 0.125)], ["[0]: 0.25", "[1]: 0.125"]),
        (np.array([[0.5, 0.25], [0.5, 0.125]]), ["[0]: 0.25", "[1]: 0.125"]),
        ([np.array([0.5, 0.25]), [0.125]], ["[0]: 0.25", "[1]: 0.125"]),
        ({"a": [1, 2], 3: np.array([4.0], np.float32)}, ["a: 2", "3: 4"]),
        (train.History([0.5, 0.25]), ["loss: 0.25"]),
        (train.History([0.5, 0.25], validation=[1.0, 0.75]), ["loss: 0.25", "validation: 0.75"]),
        (
            {"SGD": train.History([0.5, 0.25], validation=[1.0, 0.75]), "Adam": train.History([0.5])},
            ["SGD: 0.25", "SGD, validation: 0.75", "Adam: 0.5"],
        ),
        ([train.History([0.5, 0.25]), train.History([1.0])], ["[0]: 0.25", "[1]: 1"]),
    ],
)
def test_curves_come_in_many_forms(curves: Any, names: list[str]) -> None:
    assert is_curves(curves) or iter(curves) is curves or isinstance(curves, (range, np.ndarray))
    shown = texts(draw_curves(curves))
    assert [name for name in names if name not in shown] == []
    assert sum(": " in text for text in shown) in (0, len(names))


@pytest.mark.parametrize(
    "thing", [Value(1.0), [Value(1.0)], [Value(1.0), 2.0], [], 0.5, "curve", None, [[1.0], Value(2.0)], {}, {"v": 1}]
)
def test_other_things_are_no_curves(thing: Any) -> None:
    assert not is_curves(thing)


@pytest.mark.parametrize(
    ("curves", "error", "message"),
    [
        ([], ValueError, "no curves to draw; give at least one row"),
        ({}, ValueError, "no curves to draw"),
        ([[]], ValueError, "the curve has no numbers; leave it out"),
        ({"a": [1.0], "b": []}, ValueError, "the curve b has no numbers; leave it out"),
        ([[1.0]] * 13, ValueError, "13 curves in one picture can't be told apart; draw at most 12"),
        ({"a": [1.0], 1: [1.0], "1": [2.0]}, ValueError, "two curves have the name 1"),
        ({"a": ["0.5"]}, TypeError, "the curve a: a point is a number, not str '0.5'; write 0.5 without quotes"),
        ([[Value(1.0)]], TypeError, "the curve: a point is a number, .*; pass its data"),
        ({"a": 0.5}, TypeError, "the curve a is a row of numbers, not float 0.5"),
        ({"a": "abc"}, TypeError, "the curve a is a row of numbers, not str 'abc'"),
        ("abc", TypeError, r"curves are rows of numbers, as in \[\[1.0, 0.5\], \[1.0, 0.1\]\], not str"),
        (0.5, TypeError, "curves are rows of numbers"),
        (train.History(), ValueError, "the curve loss has no numbers"),
    ],
)
def test_mistakes_are_named(curves: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw_curves(curves)


def test_the_height_is_the_logarithm() -> None:
    ((_, high), (_, middle), (_, low)) = lines(draw_curves([1.0, 0.1, 0.001], title="loss", across="step"))[0]
    assert high - middle == pytest.approx((middle - low) / 2, abs=0.01)
    assert high == pytest.approx(HEIGHT)
    assert low == 0.0


def test_ticks_end_left_of_their_axis() -> None:
    svg = draw_curves([1e-300, 1e300]).svg()
    anchors = re.findall(r'text-anchor="end" x="([-\d.]+)"[^>]*>1e', svg)
    axis = min(float(x) for x in re.findall(r'd="M([-\d.]+),', svg))
    assert len(anchors) >= 5
    assert all(float(x) < axis for x in anchors)


def test_it_renders_with_its_words() -> None:
    svg = draw_curves([0.5, 0.25, 0.1], title="loss & \\N", across="<step>", up="nats").svg()
    assert "loss &amp; \\N" in svg
    assert "&lt;step&gt;" in svg
    assert ">0.1<" in svg
    assert ">nats<" in svg
    assert f'stroke="{PALETTE[SERIES[0]].light}"' in svg


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x1b[31mb", "\ud800", "two\nlines", "</svg>&<", "x" * 10_000, "损失", "\u202e", "\\l\\N\\"]
)
def test_any_title_is_drawn_as_text(text: str) -> None:
    for words in ({"title": text}, {"across": text}, {"up": text}):
        found = ElementTree.fromstring(draw_curves([1.0, 2.0, 1.5], **words).svg())  # type: ignore[arg-type]
        shown = {element.text for element in found.iter() if element.tag.endswith("text")}
        assert visible(text, LONGEST) in shown
    found = ElementTree.fromstring(draw_curves({text: [1.0, 2.0]}).svg())
    assert f"{visible(text, NAME)}: 2" in {element.text for element in found.iter() if element.tag.endswith("text")}


def test_panels_lie_below_each_other_over_one_axis() -> None:
    first, second = {"loss": [1.0, 0.5, 0.25]}, {"accuracy": [0.5, math.nan, 1.0], "recall": [0.25, 0.5, 0.5]}
    drawing = draw_panels([first, second], "x", title="three epochs", across="epoch", start=1)
    one, *others = lines(drawing)
    assert min(y for _, y in one) >= 0.0
    marks = lines(drawing, "lost")
    assert max(y for line in others for _, y in line) < marks[0][0][1] < -LINE / 2
    assert [x for x, _ in one] == [0.0, WIDTH / 2, WIDTH]
    boxes = texts(drawing)
    assert boxes["epoch"][3] < min(y for line in others for _, y in line)
    assert boxes["three epochs"][2] > HEIGHT


# ── histories ──


def test_a_history_draws_itself() -> None:
    history = train.History([2.0, 0.5], "divergence", [2.0, math.inf], {"accuracy": [0.5, 1.0], "loss": [7.0, 8.0]})
    drawing = history.draw()
    wanted = {
        "2 epochs, stopped by divergence",
        "loss: 0.5",
        "validation: inf",
        "accuracy: 1",
        "loss: 8",
        "epoch",
        "1",
        "2",
    }
    assert wanted <= texts(drawing).keys()
    assert len(lines(drawing)) == 3, "of the validation there is one point"
    assert repr(drawing).startswith("Drawing('2 epochs, stopped by divergence', loss 2 ")
    assert "2 epochs" in texts(train.History([2.0, 0.5]).draw())
    assert "XOR" in texts(train.History([2.0, 0.5]).draw(title="XOR"))


@pytest.mark.parametrize("name", ["title", "across", "up"])
def test_titles_are_texts(name: str) -> None:
    options: dict[str, Any] = {name: [1.0]}
    with pytest.raises(TypeError, match=rf"draw: {name} is a text, not list \[1.0\]; write str\(…\) around it"):
        draw_curves([1.0, 0.5], **options)


def test_a_notebook_shows_a_history_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    history = train.History([2.0, 0.5])
    assert "<svg" in (history._repr_svg_() or "")
    assert pickle.loads(pickle.dumps(history)) == history
    with pytest.raises(ValueError, match="no finished epoch; it was stopped by interrupt"):
        train.History(stopped_by="interrupt").draw()
    for broken in (train.History(), train.History(["2"]), train.History(None)):  # type: ignore[list-item, arg-type]
        assert broken._repr_svg_() is None
    monkeypatch.setattr("autograd.show.pictures.picture.renderer", lambda: None)
    assert history._repr_svg_() is None
    assert repr(history).startswith("History(2 epochs")


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, "0 0.2 0.4 0.6 0.8 1.0"),
        (0.2, 1.0, "0 0.2 0.4 0.6 0.8 1.0"),
        (1e-06, 4e-06, "0 1e-06 2e-06 3e-06 4e-06"),
        (1e-05, 4e-05, "0 0.00001 0.00002 0.00003 0.00004"),
        (0.0, 100000.0, "0 20,000 40,000 60,000 80,000 100,000"),
        (0.0, 1000000.0, "0 0.2e+06 0.4e+06 0.6e+06 0.8e+06 1.0e+06"),
        (0.0, 2500000.0, "0 0.5e+06 1.0e+06 1.5e+06 2.0e+06 2.5e+06"),
        (-1.0, 0.0, "-1.0 -0.8 -0.6 -0.4 -0.2 0"),
        (-10.0, -9.0, "-10.0 -9.8 -9.6 -9.4 -9.2 -9.0"),
        (-10.0, -1.0, "-10 -8 -6 -4 -2 0"),
        (5.0, 5.0, "0 2 4 6 8 10"),
        (-3.0, -3.0, "-6 -5 -4 -3 -2 -1 0"),
        (0.0, 0.0, "-1.0 -0.5 0 0.5 1.0"),
        (90.0, 100.0, "90 92 94 96 98 100"),
        (1.0, 1.0001, "1.00000 1.00002 1.00004 1.00006 1.00008 1.00010"),
    ],
)
def test_the_numbers_at_an_axis(low: float, high: float, texts: str) -> None:
    assert [text for _, text in linear_axis(low, high).ticks] == texts.split()


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (1e-06, 3e-06, "1e-06 2e-06 5e-06"),
        (30000.0, 70000.0, "20000 50000 100000"),
        (200000.0, 600000.0, "2e+05 5e+05 1e+06"),
        (0.0001, 0.0009, "0.0001 0.0002 0.0005 0.001"),
        (4e-05, 0.0008, "2e-05 5e-05 0.0001 0.0002 0.0005 0.001"),
        (1.0, 1.5, "1 1.1 1.2 1.3 1.4 1.5"),
        (1.2, 1.7, "1.1 1.2 1.3 1.4 1.5 1.6 1.7"),
        (1.0, 1.00001, "1 2"),
        (9.5, 11.0, "9 9.5 10 10.5 11"),
        (3.0, 400.0, "1 10 100 1000"),
        (0.02, 0.9, "0.02 0.05 0.1 0.2 0.5 1"),
        (1e-05, 100000.0, "0.0001 0.01 1 100 10000"),
        (1e-06, 1000000.0, "1e-06 0.0001 0.01 1 100 10000 1e+06"),
        (1e-300, 1e300, "1e-300 1e-200 1e-100 1 1e+100 1e+200 1e+300"),
        (100000.0, 190000.0, "1e+05 1.2e+05 1.4e+05 1.6e+05 1.8e+05 2e+05"),
        (1e-07, 100.0, "1e-06 0.0001 0.01 1 100"),
    ],
)
def test_the_numbers_at_a_logarithmic_axis(low: float, high: float, texts: str) -> None:
    axis, below = logarithmic_axis(low, high), logarithmic_axis(low, high, zero=True)
    assert [text for _, text in axis.ticks] == texts.split()
    assert [text for _, text in below.ticks] == ["0", *texts.split()]
    for place, text in axis.ticks:
        assert axis.place(float(text)) == pytest.approx(place, abs=1e-9)
