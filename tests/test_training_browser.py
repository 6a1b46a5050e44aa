"""Pages of trainings in a real browser: that a student sees the recorder's numbers, and that everything works.

They need what the pages of graphs need, see tests/test_page_browser.py, and are skipped without it.
"""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from autograd import Value, losses, nn
from autograd.page import Page, page
from autograd.page.training import training
from autograd.show.pictures.palette import PALETTE
from autograd.train import Recorder
from tests.test_draw import HOSTILE
from tests.test_page import data_of
from tests.test_page_browser import CONTRAST, CONTRASTS, PHONE, POINT, Lesson, Opened
from tests.test_page_browser import browser as browser
from tests.test_page_browser import opened as opened
from tests.test_training_page import XOR, classes, compiled, fitted, unpacked, xor

SHADE: Final = 12
"""Of 255, how far a colour of a surface may be away: its scale has 61 steps, and pixels lie between points."""
THICKEST, THICKEST_OF_MANY, THINNEST = 8.0, 4.5, 0.5
"""Widths of lines in pixels, as in network.js."""


def iris() -> Recorder:
    """Four inputs and three classes, as in Iris, with a validation and a metric."""
    rng = random.Random(4)
    rows = [([rng.gauss(k * (-1) ** j, 1.0) for j in range(4)], k) for k in range(3) for _ in range(12)]
    model = nn.MLP(4, [5, 3], activation="tanh", rng=rng)
    right = {"accuracy": lambda y, t: max(range(3), key=y.__getitem__) == t}
    return fitted(model, rows, losses.cross_entropy, epochs=6, validation=rows[::3], metrics=right)


def moons() -> Recorder:
    """A network of 2-16-16-1 on two classes of points."""
    rng = random.Random(5)
    rows = [([rng.gauss(side, 0.5), rng.gauss(0.0, 0.5)], side) for side in (-1.0, 1.0) for _ in range(10)]
    return fitted(nn.MLP(2, [16, 16, 1], rng=rng), rows, losses.hinge, epochs=4)


def sine() -> Recorder:
    rows = [([x / 8.0], math.sin(x / 4.0)) for x in range(20)]
    return fitted(nn.MLP(1, [3, 1], activation="tanh", rng=random.Random(1)), rows, epochs=5, batch_size=7)


def tiny() -> Recorder:
    return fitted(nn.MLP(1, [1, 1], activation="tanh", rng=random.Random(1)), [([0.5], 1.0)], epochs=4)


def steps_of_a_cell() -> Recorder:
    class Reader(nn.Module):
        def __init__(self) -> None:
            self.cell, self.out = nn.LSTMCell(1, 2, rng=random.Random(1)), nn.Linear(2, 1, rng=random.Random(2))

        def __call__(self, xs: Any) -> Value:
            state: Any = None
            for x in xs:
                state = self.cell(x, state)
            return self.out(state[0])[0]

    return fitted(Reader(), [([[0.1], [0.5], [-0.5]], 1.0)])


def filters() -> Recorder:
    class Seer(nn.Module):
        def __init__(self) -> None:
            self.conv, self.out = nn.Conv2d(1, 2, 2, rng=random.Random(1)), nn.Linear(2, 2, rng=random.Random(2))

        def __call__(self, image: Any) -> list[Value]:
            return self.out([part for a in self.conv([image]) for row in a for part in row])

    return fitted(Seer(), [([[0.1, 0.2], [0.5, 0.3]], 1), ([[0.3, 0.2], [0.1, 0.9]], 0)], losses.cross_entropy)


def diverged() -> Recorder:
    rows = [([1.0, 2.0], 1.0), ([2.0, 3.0], 0.0)]
    model = nn.MLP(2, [3, 1], init="he", rng=random.Random(1))
    return fitted(model, rows, epochs=2000, lr=1e3, every=None)


def without_network() -> Recorder:
    return compiled(outputs=True, with_model=False)


def of_nothing() -> Recorder:
    return compiled(outputs=False, with_model=False)


ALL: Final = [
    xor, classes, iris, moons, sine, tiny, steps_of_a_cell, filters, diverged, without_network, of_nothing,
]  # fmt: skip


def at(lesson: Lesson) -> int:
    return int(lesson["#slider"].input_value())


def go(lesson: Lesson, position: int) -> None:
    lesson["#slider"].fill(str(position))


def lines(lesson: Lesson) -> dict[int, dict[str, str]]:
    """The attributes of the lines of weights, by their numbers."""
    found: list[list[Any]] = lesson.tab.evaluate(
        """() => [...document.querySelectorAll("line.weight")].map((line) => [Number(line.dataset.line),
        Object.fromEntries([...line.attributes].map(({ name, value }) => [name, value]))])"""
    )
    return dict(found)


# ── the snapshots ──


@pytest.mark.parametrize("made", ALL)
def test_every_snapshot_can_be_shown(made: Callable[[], Recorder], opened: Opened) -> None:
    lesson = opened(page(made()))
    for key in ("ArrowRight", "End", "g", "Home", "g"):
        lesson.press(key)
    while not lesson["#next"].is_disabled():
        lesson["#next"].click()
    for unit in lesson[".unit .back"].all()[:4]:
        unit.hover(force=True)  # A text lies on it.
    assert lesson.sentence


def test_the_sentence_is_that_of_the_snapshot(opened: Opened) -> None:
    recorder = xor(epochs=30, every=10)
    lesson = opened(page(recorder))
    for position, one in enumerate(recorder.snapshots):
        go(lesson, position)
        when, loss = lesson.sentence.split(": loss = ")
        assert when == ("Before the first step" if one.epoch == 0 else f"After epoch {one.epoch}")
        assert float(loss) == pytest.approx(one.loss, rel=1e-5, abs=0.0)
        assert lesson.text("#count") == f"epoch {one.epoch} of 30"
        assert lesson["#slider"].get_attribute("aria-valuetext") == lesson.sentence == lesson.text("#spoken")


def test_a_training_that_ended_inside_an_epoch_says_so(opened: Opened) -> None:
    rows = [([1.0], 1.0), ([2.0], math.inf)]
    model = nn.Neuron(1, nonlin=False, init="zeros")
    recorder = fitted(model, rows, epochs=3, batch_size=1, shuffle=False)
    assert recorder.snapshots[-1].batch == 1
    lesson = opened(page(recorder))
    lesson.press("End")
    assert lesson.sentence.startswith("Inside epoch 1: loss = ")


def test_slider_keys_and_buttons_go_through_the_snapshots(opened: Opened) -> None:
    lesson = opened(page(xor(epochs=9)))
    assert lesson["#back"].is_disabled()
    lesson["#next"].click()
    lesson.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert at(lesson) == 2
    lesson["#back"].click()
    assert at(lesson) == 1
    lesson.press("End")
    assert (at(lesson), lesson["#next"].is_disabled()) == (9, True)
    lesson.press("ArrowRight")
    assert at(lesson) == 9
    lesson["#slider"].focus()
    lesson.press("ArrowLeft")
    assert at(lesson) == 8
    lesson.press("Home", "ArrowLeft")
    assert at(lesson) == 0


def test_play_goes_to_the_end_and_is_announced_once(opened: Opened) -> None:
    lesson = opened(page(xor(epochs=9)))
    lesson.tab.evaluate(
        "() => { window.said = []; new MutationObserver(() => said.push(spoken.textContent))"
        ".observe(spoken, { childList: true, characterData: true, subtree: true }); }"
    )
    lesson["#speed"].select_option(label="fast")
    lesson["#play"].click()
    assert lesson.text("#play") == "Pause"
    lesson.wait_until(lambda: lesson.text("#play") == "Play")
    assert at(lesson) == 9
    assert lesson.tab.evaluate("said") == [lesson.sentence]
    lesson["body"].click(position={"x": 5, "y": 5})
    lesson.press(" ")  # Once more from the start.
    lesson.wait_until(lambda: 0 < at(lesson) < 9)
    lesson.press(" ")
    assert lesson.text("#play") == "Play"


# ── the network ──


@pytest.mark.parametrize("made", [xor, moons])
@pytest.mark.parametrize("shows", [1, 2])
def test_widths_and_colours_are_those_of_the_numbers(made: Callable[[], Recorder], shows: int, opened: Opened) -> None:
    recorder = made()
    lesson = opened(page(recorder))
    net = training(recorder)["network"]
    if shows == 2:
        lesson["#gradients"].click()
    assert lesson["#gradients"].get_attribute("aria-pressed") == str(shows == 2).lower()
    largest = float(net["largest"][shows - 1])
    thickest = THICKEST if len(net["links"]) <= 60 else THICKEST_OF_MANY
    for position in (0, 2, len(recorder.snapshots) - 1):
        go(lesson, position)
        found = lines(lesson)
        assert len(found) == len(net["links"])
        for number, (_, _, (parameter,)) in enumerate(net["links"]):
            amount = unpacked(net["parameters"][parameter][shows])[position]
            sign = "zero" if amount == 0.0 else "plus" if amount > 0.0 else "minus"
            assert found[number]["class"] == f"weight {sign}"
            part = min(1.0, abs(amount) / largest)
            part = part if shows == 1 else math.sqrt(part)
            width = 1.0 if sign == "zero" else THINNEST + (thickest - THINNEST) * part
            assert float(found[number]["stroke-width"]) == pytest.approx(width, abs=0.006)


def test_colours_mean_signs(opened: Opened) -> None:
    lesson = opened(page(xor()))
    for sign in ("plus", "minus"):
        color = lesson.tab.evaluate(f"() => getComputedStyle(document.querySelector('line.weight.{sign}')).stroke")
        assert color == rgb(PALETTE[sign].light)


def rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))})"


def test_nan_and_zero_have_their_own_look(opened: Opened) -> None:
    model = nn.MLP(1, [2, 1], init="zeros")
    lesson = opened(page(fitted(model, [([1.0], 2.0)], epochs=1)))
    assert {row["class"] for row in lines(lesson).values()} == {"weight zero"}
    recorder = xor()
    last = recorder.snapshots[-1]
    recorder.snapshots.append(replace(last, epoch=6, parameters=dict.fromkeys(last.parameters, math.nan)))
    lesson = opened(page(recorder))
    lesson.press("End")
    assert {row["class"] for row in lines(lesson).values()} == {"weight bad"}


def test_a_line_that_is_pointed_at_shows_its_numbers(opened: Opened) -> None:
    recorder = xor()
    lesson = opened(page(recorder))
    assert "Choose a line or a circle" in lesson.text("#about")
    go(lesson, 2)
    net = training(recorder)["network"]
    for number, (start, end, (parameter,)) in enumerate(net["links"]):
        name, weights, gradients = net["parameters"][parameter]
        lesson[f".hit[data-line='{number}']"].dispatch_event("pointerenter")
        words = lesson.text("#about")
        units = [net["units"][i]["name"] for i in (start, end)]
        assert words.startswith(f"{name}, from {units[0]} to {units[1]}")
        weight, gradient = (float(text) for text in lesson["#about dd"].all_text_contents())
        assert (weight, gradient) == (unpacked(weights)[2], unpacked(gradients)[2])
    shown = lesson.text("#about dd >> nth=0")
    lesson.press("ArrowRight")
    assert lesson.text("#about dd >> nth=0") != shown, "it goes on with the snapshots"


def test_the_keyboard_alone_reaches_units_and_lines(opened: Opened) -> None:
    recorder = xor()
    lesson = opened(page(recorder))
    net = training(recorder)["network"]
    seen = set()
    for _ in range(40):
        lesson.press("Tab")
        seen.add(
            lesson.tab.evaluate(
                "() => { const { id, dataset } = document.activeElement; "
                "return dataset.line ? `line ${dataset.line}` : dataset.unit ? `unit ${dataset.unit}` : id; }"
            )
        )
    assert {f"line {i}" for i in range(len(net["links"]))} <= seen
    assert {f"unit {i}" for i in range(len(net["units"]))} <= seen
    assert {"weights", "gradients", "row", "back", "play", "next", "slider", "speed"} - {"back"} <= seen
    lesson[".unit[data-unit='2']"].focus()
    assert lesson.text("#about h2") == "h1[0]"
    assert [text.split("]")[0] for text in lesson["#about tbody th"].all_text_contents()] == [
        "w1[0,0",
        "w1[0,1",
        "b1[0",
    ]
    lesson.press("g")
    assert lesson["#gradients"].get_attribute("aria-pressed") == "true"
    assert "weight" in (lesson[".hit"].first.get_attribute("aria-label") or "")


def test_of_many_lines_those_of_a_unit_stand_out(opened: Opened) -> None:
    lesson = opened(page(moons()))
    unit = lesson[".unit[data-unit='20']"]
    unit.hover()
    assert lesson["svg.dim line.weight.near"].count() == 16 + 1
    lesson.press("ArrowRight")
    assert lesson["svg.dim line.weight.near"].count() == 16 + 1
    lesson["h1"].hover()
    assert lesson["svg.dim"].count() == 0


def test_units_show_their_outputs_for_the_chosen_input(opened: Opened) -> None:
    recorder = iris()
    lesson = opened(page(recorder))
    net = training(recorder)["network"]
    go(lesson, 3)
    for row in range(len(net["rows"])):
        lesson["#row"].select_option(index=row)
        for number, series in enumerate(net["outputs"][row]):
            unit = lesson[f".unit[data-unit='{number}']"]
            output = unpacked(series, 7)[3]
            shown = float(lesson.text(f".unit[data-unit='{number}'] .inside"))
            assert shown == pytest.approx(output, rel=0.06, abs=0.0)
            label = unit.get_attribute("aria-label") or ""
            assert float(label.split("output ")[1]) == output
    lesson["#row"].select_option(label="no input")
    assert "output" not in (lesson[".unit"].first.get_attribute("aria-label") or "")
    assert lesson.text(".unit[data-unit='4'] .inside") == "h1[0]"


def test_few_weights_have_their_numbers_beside_them(opened: Opened) -> None:
    recorder = tiny()
    lesson = opened(page(recorder))
    go(lesson, 2)
    net = training(recorder)["network"]
    for name, weights, _ in net["parameters"]:
        shown = [text for text in lesson[".gap.label text"].all_text_contents() if text.startswith(f"{name} = ")]
        assert float(shown[0].split(" = ")[1]) == pytest.approx(unpacked(weights)[2], rel=6e-3, abs=0.0)
    lesson["#gradients"].click()
    assert all(text.startswith("∂") for text in lesson[".gap.label text"].all_text_contents())


def test_filters_are_squares_of_their_weights(opened: Opened) -> None:
    recorder = filters()
    lesson = opened(page(recorder))
    lesson.press("End")
    net = training(recorder)["network"]
    units = [unit for unit in net["units"] if "shape" in unit]
    assert units
    for number, unit in enumerate(units):
        weights = [unpacked(net["parameters"][cell][1], 4)[-1] for cell in unit["cells"]]
        sides = lesson.tab.evaluate(
            f"() => [...document.querySelectorAll(\".unit[data-unit='{number}'] .square\")]"
            ".map((found) => [found.getAttribute('class'), Number(found.getAttribute('width'))])"
        )
        top = max(side for _, side in sides)
        for (kind, side), weight in zip(sides, weights, strict=True):
            assert kind == ("square plus" if weight > 0 else "square minus")
            assert (side / top) ** 2 == pytest.approx(abs(weight) / max(map(abs, weights)), rel=1e-6, abs=0.0)


# ── curves, predictions, surface ──


def test_the_mark_is_on_the_curve(opened: Opened) -> None:
    recorder = iris()
    lesson = opened(page(recorder))
    data = training(recorder)
    for position in range(len(recorder.snapshots)):
        go(lesson, position)
        places = lesson.tab.evaluate(
            """() => [...document.querySelectorAll(".chart")].map((chart) => {
            const box = chart.querySelector(".axis").getBBox();
            const mark = chart.querySelector(".mark").getBBox();
            const dots = [...chart.querySelectorAll(".dot")].map((dot) => dot.hasAttribute("hidden") ? null :
              1 - (Number(dot.getAttribute("cy")) - box.y) / box.height);
            return [(mark.x - box.x) / box.width, dots]; })"""
        )
        for panel, (across, ups) in zip(data["panels"], places, strict=True):
            assert across == pytest.approx(data["across"]["marks"][position], abs=1e-3)
            wanted = [curve["marks"][position] for curve in panel["curves"]]
            assert ups == [None if up is None else pytest.approx(up, abs=1e-3) for up in wanted]
    assert lesson.text(".reading >> nth=1").startswith("accuracy ")
    number = float(lesson.text(".reading >> nth=1").split()[1])
    assert number == pytest.approx(recorder.history.metrics["accuracy"][-1], rel=1e-3, abs=0.0)  # type: ignore[union-attr]


def test_a_touch_of_the_curve_goes_to_its_snapshot(opened: Opened) -> None:
    lesson = opened(page(xor(epochs=10)))
    box = lesson[".chart"].bounding_box()
    axis = lesson.tab.evaluate(
        "() => { const box = document.querySelector('.chart .axis').getBBox(); return [box.x, box.width]; }"
    )
    assert box is not None
    lesson.tab.mouse.move(box["x"] + axis[0] + 0.31 * axis[1], box["y"] + 40)
    lesson.tab.mouse.down()
    assert at(lesson) == 3
    lesson.tab.mouse.move(box["x"] + axis[0] + 0.72 * axis[1], box["y"] + 40)
    lesson.tab.mouse.up()
    assert at(lesson) == 7


def test_predictions_are_those_of_the_snapshot(opened: Opened) -> None:
    recorder = xor(epochs=30, every=10)
    lesson = opened(page(recorder))
    for position, one in enumerate(recorder.snapshots):
        go(lesson, position)
        shown = [float(text) for text in lesson["#rows td.now"].all_text_contents()]
        assert shown == [pytest.approx(y, rel=6e-4, abs=0.0) for y in one.outputs]
        right = sum(round(y) == t for y, (_, t) in zip(one.outputs, XOR, strict=True))
        assert lesson.text("#rows > p") == f"{right} of 4 right"
    lesson["#rows tbody tr"].nth(2).click()
    assert lesson["#row"].input_value() == "2"
    assert lesson["#plane .point.chosen"].count() == 1


def test_counts_of_classes_are_those_of_the_snapshot(opened: Opened) -> None:
    recorder = iris()
    lesson = opened(page(recorder))
    for position, one in enumerate(recorder.snapshots):
        go(lesson, position)
        guesses = [max(range(3), key=y.__getitem__) for y in one.outputs]
        pairs = [*zip(recorder.targets, guesses, strict=True)]
        counts = [int(text) for text in lesson["#rows tbody td"].all_text_contents()]
        assert counts == [pairs.count((t, k)) for t in range(3) for k in range(3)]
        assert lesson.text("#rows > p") == f"{sum(t == k for t, k in pairs)} of 36 right"


def test_dots_of_a_plot_are_predictions_over_targets(opened: Opened) -> None:
    recorder = sine()
    lesson = opened(page(recorder))
    lesson.press("End")
    assert lesson["#rows .guess"].count() == 20
    places = lesson.tab.evaluate(
        """() => { const line = document.querySelector(".diagonal").getBBox();
        return [...document.querySelectorAll(".guess")].map((dot) => [(dot.getAttribute("cx") - line.x) / line.width,
          1 - (dot.getAttribute("cy") - line.y) / line.height]); }"""
    )
    made = training(recorder)["predictions"]
    for (x, y), across, up in zip(places, made["across"], made["up"][-1], strict=True):
        assert (1000 * x, 1000 * y) == (pytest.approx(across, abs=1), pytest.approx(up, abs=1))


PIXEL = """([x, y]) => { const canvas = document.querySelector(".plane canvas");
const at = (part, size) => Math.min(size - 1, Math.max(0, Math.floor(part * size)));
return [...canvas.getContext("2d").getImageData(at(x, canvas.width), at(1 - y, canvas.height), 1, 1).data]; }"""


def mixed(theme: int, name: str, part: float) -> list[float]:
    page_color, color = ([int(c[theme][i : i + 2], 16) for i in (1, 3, 5)] for c in (PALETTE["page"], PALETTE[name]))
    return [a + (b - a) * part for a, b in zip(page_color, color, strict=True)]


@pytest.mark.parametrize("theme", [0, 1])
def test_pixels_of_the_surface_are_its_numbers(theme: int, opened: Opened) -> None:
    recorder = xor(epochs=30, every=10)
    lesson = opened(page(recorder), color_scheme=("light", "dark")[theme])
    low, _, high = training(recorder)["surface"]["scale"]
    ink = mixed(theme, "ink", 1.0)
    for position, one in enumerate(recorder.snapshots):
        go(lesson, position)
        for i, y in enumerate(one.surface):
            *color, opaque = lesson.tab.evaluate(PIXEL, [i % 16 / 15, i // 16 / 15])
            assert opaque == 255
            part = min(max(2 * (y - low) / (high - low) - 1, -1.0), 1.0)
            wanted = mixed(theme, "plus" if part > 0 else "minus", 0.62 * abs(part))
            on_border = abs(part) < 0.1 and color == ink
            assert on_border or color == [pytest.approx(c, abs=SHADE) for c in wanted]


def test_the_surface_of_classes_has_their_colours_and_a_line_between(opened: Opened) -> None:
    recorder = classes()
    lesson = opened(page(recorder))
    lesson.press("End")
    names, seen = ("minus", "plus", "third"), 0
    for i, y in enumerate(recorder.snapshots[-1].surface):
        color = lesson.tab.evaluate(PIXEL, [i % 16 / 15, i // 16 / 15])[:3]
        first, second, _ = sorted(y, reverse=True)
        if first - second > 0.3:
            seen += 1
            assert color == [pytest.approx(c, abs=1) for c in mixed(0, names[y.index(first)], 0.42)]
    assert seen > 100
    dark = lesson.tab.evaluate(
        """() => { const canvas = document.querySelector(".plane canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) count += data[i] === 31 && data[i + 1] === 41;
        return count; }"""
    )
    assert dark > 100
    assert {
        *lesson["#plane .point"].evaluate_all("all => all.map((x) => x.getAttribute('d').match(/[ahLM]/g).join(''))")
    }


def test_points_differ_in_colour_and_in_shape(opened: Opened) -> None:
    lesson = opened(page(classes()))
    looks = lesson["#plane svg .point"].evaluate_all(
        "all => all.map((x) => [x.getAttribute('class').split(' ')[1], x.getAttribute('d').replace(/[-.\\d ]+/g, '')])"
    )
    assert len({tuple(look) for look in looks}) == len({kind for kind, _ in looks}) == len({d for _, d in looks}) == 3


def test_paper_is_light_and_has_no_controls(opened: Opened) -> None:
    lesson = opened(page(xor()), color_scheme="dark")
    dark = lesson.tab.evaluate(PIXEL, [0.5, 0.5])
    lesson.tab.emulate_media(media="print")
    lesson.wait_until(lambda: lesson.tab.evaluate(PIXEL, [0.5, 0.5]) != dark)
    for hidden in ("#controls", ".tools", "#about"):
        assert lesson[hidden].first.is_hidden()
    assert lesson["#network svg"].is_visible()
    assert lesson.tab.pdf().startswith(b"%PDF")


# ── how it looks ──


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("made", [xor, iris, moons, tiny, sine, classes])
def test_all_text_has_contrast_and_is_not_small(made: Callable[[], Recorder], theme: str, opened: Opened) -> None:
    lesson = opened(page(made()), color_scheme=theme)
    for key in ("Home", "End", "g"):
        lesson.press(key)
        for chosen in (".unit", ".hit"):
            lesson[chosen].last.dispatch_event("click")
            for contrast, pixels, words in lesson.tab.evaluate(CONTRASTS):
                assert contrast >= CONTRAST, words
                assert pixels >= 9 * POINT - 1e-3, words


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("sign", ["plus", "minus", "bad"])
def test_numbers_in_circles_can_be_read(theme: int, sign: str) -> None:
    def light(color: Sequence[float]) -> float:
        parts = [c / 255 for c in color]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ink, back, tint = (
        [int(PALETTE[name][theme][i : i + 2], 16) for i in (1, 3, 5)] for name in ("ink", "interior", sign)
    )
    fill = [a + (b - a) * 0.42 for a, b in zip(back, tint, strict=True)]
    dark, bright = sorted((light(ink), light(fill)))
    assert (bright + 0.05) / (dark + 0.05) >= CONTRAST


@pytest.mark.parametrize("made", ALL)
def test_a_phone_shows_everything_without_sideways_scrolling(made: Callable[[], Recorder], opened: Opened) -> None:
    lesson = opened(page(made(), title="A title of several words, which a phone has to break"), viewport=PHONE)
    for key in ("Home", "End"):
        lesson.press(key)
        if lesson[".unit"].count():
            lesson[".unit"].last.dispatch_event("click")
        assert lesson.tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for found in lesson["svg"].all():
            box = found.bounding_box()
            assert box is None or box["x"] + box["width"] <= PHONE["width"]
    heights = [button.bounding_box() for button in lesson["button"].all() if button.is_visible()]
    assert not sum(found is not None and found["height"] < 44 for found in heights), "too small for a finger"


def test_a_window_that_changes_its_width_is_drawn_anew(opened: Opened) -> None:
    lesson = opened(page(xor()))
    lesson[".unit"].nth(3).click()
    lesson.tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    lesson.wait_until(lambda: lesson.tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"])
    assert lesson[".unit.chosen"].get_attribute("data-unit") == "3"


def test_the_chinese_page_is_chinese(opened: Opened) -> None:
    lesson = opened(page(xor(), lang="zh"))
    assert lesson["html"].get_attribute("lang") == "zh-Hans"
    lesson.press("End")
    assert lesson.text("#count") == "第 5 轮，共 5 轮"
    assert lesson.sentence.startswith("第 5 轮之后: 损失 = ")
    words = lesson.tab.locator("main").inner_text()
    assert not re.findall(r"\b(weight|output|target|loss|epoch|above|below)s?\b", words)


def test_hostile_labels_stay_text(opened: Opened) -> None:
    recorder = xor(hidden=4)
    assert isinstance(recorder.model, nn.MLP)
    for v, label in zip(recorder.model.parameters(), HOSTILE, strict=False):
        v.label = label
    made = page(recorder, title=HOSTILE[0])
    names = [name for name, *_ in data_of(made)["network"]["parameters"]]
    lesson = opened(made)
    shown = set()
    for number in range(len(data_of(made)["network"]["links"])):
        lesson[f".hit[data-line='{number}']"].dispatch_event("click")
        shown.add(lesson["#about h2 bdi"].first.text_content())
    assert shown <= {*names}
    assert len(shown) > 5
    tags = {*lesson.tab.evaluate("() => [...document.querySelectorAll('*')].map((found) => found.localName)")}
    assert not tags & {"img", "iframe", "object", "embed", "link", "a", "foreignObject", "image", "use", "animate"}
    assert lesson.tab.evaluate("() => document.scripts.length") == 2


def test_a_notebook_frame_works(opened: Opened) -> None:
    made = page(xor())
    lesson = opened(Page(f"<!doctype html><body data-ready>{made._repr_html_()}", ""))
    frame = lesson.tab.frame_locator("iframe")
    frame.locator("body[data-ready]").wait_for(state="attached")
    frame.locator("#next").click()
    assert frame.locator("#count").text_content() == "epoch 1 of 5"
    lesson.wait_until(lambda: float(frame.locator("#network svg").get_attribute("width") or 0) > 500)
    lesson.requests = [url for url in lesson.requests if not url.startswith("about:srcdoc")]
