"""Pages in a real browser: that a student sees the Stepper's sentences and numbers, and that everything works.

They need Chromium and `pip install playwright`, which drives it, and are skipped without one of the two.
"""

import math
import os
import random
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from autograd import Stepper, Value, explain, losses, where
from autograd.nn import MLP, RNNCell
from autograd.page import Page, layout, page
from autograd.page.face import page_of
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.toy import Toy
from autograd.wording import visible
from tests.test_draw import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator
    from playwright.sync_api import Page as Tab

pytest.importorskip("playwright.sync_api", reason="playwright isn't installed: pip install playwright")
CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("there is no Chromium: apt-get install chromium, or set CHROMIUM", allow_module_level=True)

SECONDS: Final = 1000.0  # In milliseconds, as playwright counts.
PATIENCE: Final = 30 * SECONDS
"""A page that does nothing for so long fails its test; none takes a tenth of it."""
CONTRAST: Final = 4.5
"""Of text and what is behind it, at least: the bound AA of WCAG for text of any size."""
SHOWN: Final = 6e-4
"""Relative: a number in a box has four significant digits."""
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


class Lesson:
    """A page in a tab, which must write no error and ask for nothing from anywhere."""

    def __init__(self, browser: "Browser", made: Page, path: Path, **options: Any) -> None:
        path.write_text(made.html, encoding="utf-8")
        options = {"viewport": WIDE, "reduced_motion": "reduce"} | options
        self.context = browser.new_context(**options)
        self.tab: Tab = self.context.new_page()
        self.tab.set_default_timeout(PATIENCE)
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda message: self.problems.append(message.text))
        self.tab.on("pageerror", lambda error: self.problems.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.problems.append(dialog.message))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(path.as_uri())
        self.tab.wait_for_selector("body[data-ready]", state="attached")

    def close(self) -> None:
        asked = [url for url in self.requests if not url.startswith("file:")]
        self.context.close()
        assert not self.problems
        assert not asked
        assert len(self.requests) == 1

    def __getitem__(self, selector: str) -> "Locator":
        return self.tab.locator(selector)

    def text(self, selector: str) -> str:
        return " ".join((self[selector].text_content() or "").split())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    @property
    def sentence(self) -> str:
        return bare(self.text("#sentence"))

    def walked(self) -> list[dict[str, Any]]:
        """What is seen after each step from the start to the end: the sentence, the count, the lit box."""
        found: list[dict[str, Any]] = self.tab.evaluate(WALK)
        return found

    def box(self, name: str) -> "Locator":
        """The box of a node, by its name."""
        return self.tab.locator(f'g[data-node]:has(> text.name:text-is("{name}"))').first

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, from here: the policy of the page forbids playwright to evaluate text in it."""
        for _ in range(600):
            if condition():
                return
            self.tab.wait_for_timeout(20)
        raise AssertionError("nothing has changed for 12 seconds")

    def open_all(self) -> None:
        self.tab.evaluate(OPEN_ALL)


WALK = """() => {
  const get = (id) => document.getElementById(id);
  const found = [];
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
  while (!get("next").disabled) {
    get("next").click();
    const lit = [...document.querySelectorAll(".box.lit")].map((box) => ({
      name: box.querySelector(".name").textContent,
      value: box.querySelector(".value").textContent,
      grad: box.querySelector(".grad")?.textContent ?? "",
    }));
    found.push({ sentence: get("sentence").textContent, count: get("count").textContent, lit });
  }
  return found;
}"""
OPEN_ALL = """() => {
  const closed = () => document.querySelector('.box[aria-expanded="false"]');
  while (closed()) closed().dispatchEvent(new MouseEvent("dblclick"));
}"""


def bare(text: str) -> str:
    """A text with single spaces, without the marks that keep directions apart."""
    return " ".join("".join(c for c in text if c not in "\u2068\u2069").split())


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:  # Chromium ends when its pipe to the driver does, however this process ends.
        found = driver.chromium.launch(executable_path=CHROMIUM)
        yield found
        found.close()


Opened = Callable[..., Lesson]


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Opened]:
    lessons: list[Lesson] = []

    def opening(made: Page, **options: Any) -> Lesson:
        lessons.append(Lesson(browser, made, tmp_path / f"lesson{len(lessons)}.html", **options))
        return lessons[-1]

    yield opening
    for lesson in lessons:
        lesson.close()


# ── graphs ──


def toy() -> Value:
    return Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0).loss()


def square() -> Value:
    x = Value(3.0, label="x")
    return x * x


def diamond(x: float = 1.5) -> Value:
    a = Value(x, label="a")
    b = a * 2
    e = b.sin() * (b * b)
    e.label = "e"
    return e


def cross_entropy() -> Value:
    logits = [Value(s, label=f"s{i}") for i, s in enumerate([2.0, 1.0, 0.1])]
    return losses.cross_entropy(logits, 1)


def unrolled() -> Value:
    cell, h = RNNCell(1, 1, rng=random.Random(2)), None
    for t in range(5):
        h = cell([Value(0.3 * t - 0.5, label=f"x[{t}]")], h)
    assert h is not None
    return h[0]


def dead() -> Value:
    x = Value(-1.0, label="x")
    return x.relu() * 2 + x.log() * 0


def moons() -> Value:
    model = MLP(2, [16, 16, 1], rng=random.Random(1))
    return losses.mse(model([Value(0.3, label="x[0]"), Value(-0.4, label="x[1]")]), 1.0)


def agrees(shown: str, x: float) -> bool:
    """Whether the number in a box is x, as far as it is written out."""
    y = float(shown.removeprefix("∂ "))
    return y == x or (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=SHOWN)


# ── the walk ──


@pytest.mark.parametrize("made", [toy, square, diamond, cross_entropy, unrolled, dead, moons])
def test_every_step_is_that_of_the_stepper(made: Callable[[], Value], opened: Opened) -> None:
    root = made()
    lesson = opened(page(root))
    lesson.open_all()
    walk = Stepper(root)
    steps = lesson.walked()
    assert len(steps) == len(walk)
    for found, step in zip(steps, walk, strict=True):
        assert bare(found["sentence"]) == bare(str(step))
        assert found["count"] == f"step {step.number:,} of {len(walk):,}"
        assert found["lit"]
        for box in found["lit"]:
            assert box["name"].removeprefix("▸ ") == step.touched
            shown = box["value"] if step.phase == "forward" else box["grad"]
            assert agrees(shown or box["value"], step.value if step.phase == "forward" else step.grad)


def test_steps_inside_closed_boxes_are_passed_over(opened: Opened) -> None:
    root = moons()
    lesson = opened(page(root))
    wanted = {f"step {step.number:,} of {len(Stepper(root)):,}": bare(str(step)) for step in Stepper(root)}
    steps = lesson.walked()
    assert len(steps) < len(wanted) / 2
    assert [wanted[found["count"]] for found in steps] == [bare(found["sentence"]) for found in steps]
    closed = lesson["g.box"].count()
    box = lesson["g.box.interior"].nth(3)
    box.focus()
    lesson.press("o")
    assert lesson["g.frame"].count() == 1
    assert lesson["g.box"].count() > closed
    assert len(lesson.walked()) > len(steps)
    lesson["g.frame"].dblclick(position={"x": 60, "y": 12})
    assert lesson["g.box"].count() == closed
    lesson["g.box.interior"].nth(3).click()
    lesson["#about button"].click()
    assert lesson["g.frame"].count() == 1


def test_of_a_large_network_the_nearest_neurons_are_walked(opened: Opened) -> None:
    model = MLP(784, [500, 400, 10], init="he", rng=random.Random(1))
    rng = random.Random(2)
    image = [Value(rng.random(), label=f"x[{i}]") for i in range(784)]
    made = page(model, image, 3, loss=losses.cross_entropy)
    loss = losses.cross_entropy(model(image), 3)
    loss.label = "L"
    lesson = opened(made)
    assert lesson["g.box"].count() < 60
    assert sorted(lesson["g.box.more"].all_text_contents()) == ["⋮ 394 more", "⋮ 4 more", "⋮ 494 more", "⋮ 778 more"]
    assert "nodes are on this page" in lesson.text("#about")
    lesson.open_all()
    steps = {int(found["count"].split()[1].replace(",", "")): bare(found["sentence"]) for found in lesson.walked()}
    assert len(steps) > 200
    for step in Stepper(loss):
        if step.number in steps:
            assert steps.pop(step.number) == bare(str(step))
    assert not steps
    assert lesson["[role=slider]"].count() == 0, "it can't be computed anew, for nodes are left out"


def test_nothing_is_shown_before_the_walk_has_reached_it(opened: Opened) -> None:
    lesson = opened(page(toy()))
    numbers = lesson["g.interior > .value, g.root > .value, g.box > .grad"]
    assert {*numbers.all_text_contents()} == {"—"}
    assert lesson[".flow.plus, .flow.minus, .flow.zero, .flow.bad"].count() == 6, "those of the legend alone"
    lesson.box("L").click()
    assert "not yet" in lesson.text("#about")
    assert "0.0496464" not in (lesson.tab.locator("main").inner_text())
    assert "-0.0127786" not in (lesson.tab.locator("main").inner_text())
    lesson.press("ArrowRight")
    assert numbers.all_text_contents().count("—") == numbers.count() - 1


# ── controls ──


def test_slider_keys_and_buttons_walk(opened: Opened) -> None:
    root = toy()
    walk = Stepper(root)
    lesson = opened(page(root))
    assert lesson.sentence.startswith("The leaves have their numbers")
    lesson["#next"].click()
    assert lesson.sentence == bare(str(walk.to(1)))
    lesson.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert lesson.sentence == bare(str(walk.to(2)))
    lesson.press("End")
    assert lesson.sentence == bare(str(walk.to(22)))
    assert lesson["#next"].is_disabled()
    lesson["#back"].click()
    assert lesson.sentence == bare(str(walk.to(21)))
    lesson["#slider"].fill("7")
    assert lesson.sentence == bare(str(walk.to(7)))
    lesson["#slider"].focus()
    lesson.press("ArrowRight")
    assert lesson.sentence == bare(str(walk.to(8)))
    lesson.press("Home")
    assert lesson["#back"].is_disabled()
    assert lesson.text("#count") == "step 0 of 22"
    assert lesson["#phase .on"].count() == 0


def test_play_goes_to_the_end_and_is_announced_once(opened: Opened) -> None:
    root = square()
    lesson = opened(page(root))
    lesson.tab.evaluate(
        "() => { window.said = []; new MutationObserver(() => said.push(spoken.textContent))"
        ".observe(spoken, { childList: true, characterData: true, subtree: true }); }"
    )
    lesson["#speed"].select_option(label="fast")
    lesson["#play"].click()
    assert lesson.text("#play") == "Pause"
    lesson.wait_until(lambda: lesson["#next"].is_disabled() and lesson.text("#play") == "Play")
    assert [bare(said) for said in lesson.tab.evaluate("said")] == [bare(str(Stepper(root).to(4)))]
    lesson["body"].click(position={"x": 5, "y": 5})
    lesson.press(" ")
    lesson.wait_until(lambda: lesson.text("#count") == "step 1 of 4")
    lesson.press(" ")
    assert lesson.text("#play") == "Play"
    lesson.press("ArrowRight")
    lesson.press("ArrowRight")
    assert bare(lesson.text("#spoken")) == lesson.sentence


def test_the_keyboard_alone_reaches_boxes_and_lines(opened: Opened) -> None:
    lesson = opened(page(toy()))
    lesson.press("End")
    seen: list[str] = []
    for _ in range(60):
        lesson.press("Tab")
        seen.append(lesson.tab.evaluate("document.activeElement.dataset.key ?? document.activeElement.id"))
    assert sum(key.startswith("box") for key in seen) >= 14
    assert sum(key.startswith("line") for key in seen) >= 13
    assert {"back", "play", "slider", "speed", "ask"} <= {*seen}
    lesson.box("h").focus()
    lesson.press("Enter")
    assert lesson.tab.evaluate("document.activeElement.id") == "about"
    words = lesson.text("#about")
    assert "h = sigmoid(z1)" in words
    assert "If h grows by 0.1, L changes by about -0.00543762." in words
    assert "∂L/∂h = -0.0543762, the product along the only path" in words
    assert explain(toy(), "h").lines[1].strip() in words
    lesson["path.hit[tabindex='0']"].first.focus()
    assert lesson.text("svg .label text") == "-0.0127786 · 0.5 = -0.00638931"


def test_a_gradient_is_explained_when_it_is_complete(opened: Opened) -> None:
    lesson = opened(page(square()))
    lesson["g.leaf"].click()
    for taken, complete in ((2, False), (3, False), (4, True)):
        lesson["#slider"].fill(str(taken))
        words = lesson.text("#about")
        assert ("Its gradient is complete after step 4." in words) == (not complete)
        assert ("changes by about 0.6." in words) == complete
        assert ("the sum" in words) == complete


def test_a_line_that_is_pointed_at_shows_its_product(opened: Opened) -> None:
    lesson = opened(page(square()))
    lesson.press("End")
    lesson["path.hit"].first.hover(force=True)
    assert lesson.text("svg .label text") == "1 · 3 = 3"


# ── other numbers ──


def alike(lesson: Lesson, root: Value) -> None:
    """The page shows the walk of this graph."""
    steps = lesson.walked()
    walk = Stepper(root)
    assert len(steps) == len(walk)
    for found, step in zip(steps, walk, strict=True):
        assert bare(found["sentence"]) == bare(str(step))
        for box in found["lit"]:
            assert agrees(box["value"] if step.phase == "forward" else box["grad"], step.grad or step.value)


def test_a_leaf_is_changed_by_dragging_and_by_keys_and_as_text(opened: Opened) -> None:
    def network(w1: float, w2: float) -> Value:
        return Toy(x=1.0, target=0.2, w1=w1, b1=0.0, w2=w2, b2=0.0).loss()

    lesson = opened(page(network(0.5, -0.5)))
    lesson.press("End")
    assert lesson["#reset"].is_hidden()
    place = lesson.box("w1").bounding_box()
    assert place is not None
    x, y = place["x"] + 20, place["y"] + 20
    lesson.tab.mouse.move(x, y)
    lesson.tab.mouse.down()
    lesson.tab.mouse.move(x + 160, y, steps=8)
    lesson.tab.mouse.up()
    lesson.wait_until(lesson["#notice"].is_visible)
    lesson.tab.wait_for_timeout(100)  # The last change waits for its frame.
    dragged = float(lesson.text("g.leaf.chosen .value"))
    assert dragged > 0.6
    alike(lesson, network(dragged, -0.5))
    assert "The paths are explained for the original numbers." in lesson.text("#about")
    lesson["#number"].fill("-1,25")
    lesson.press("Enter")
    alike(lesson, network(-1.25, -0.5))
    lesson["#number"].fill("much")
    lesson.press("Enter")
    assert "Type a number" in lesson.text("#about .problem")
    lesson.box("w2").focus()
    lesson.press("ArrowUp", "ArrowUp", "Shift+ArrowUp", "ArrowDown")
    alike(lesson, network(-1.25, -0.39))
    lesson["#reset"].click()
    alike(lesson, network(0.5, -0.5))
    assert lesson["#reset"].is_hidden()


def test_contributions_with_other_numbers_add_up(opened: Opened) -> None:
    lesson = opened(page(diamond()))
    lesson.box("a").click()
    lesson["#number"].fill("-0.75")
    lesson.press("Enter")
    alike(lesson, diamond(-0.75))


def test_a_softmax_with_other_logits_is_that_of_the_stepper(opened: Opened) -> None:
    def loss(s: float) -> Value:
        return losses.cross_entropy([Value(x, label=f"s{i}") for i, x in enumerate([s, 1.0, 0.1])], 1)

    lesson = opened(page(loss(2.0)))
    lesson.box("s0").click()
    lesson["#number"].fill("-0.75")
    lesson.press("Enter")
    alike(lesson, loss(-0.75))


def test_another_branch_is_taken_when_a_leaf_says_so(opened: Opened) -> None:
    def choice(x: float) -> Value:
        a = Value(x, label="x")
        return where(a, a * 2, a.exp()) + a.relu() * a.detach()

    lesson = opened(page(choice(1.0)))
    lesson.box("x").click()
    lesson["#number"].fill("-2")
    lesson.press("Enter")
    lesson.press("End")
    texts = [found["sentence"] for found in lesson.walked()]
    root = choice(-2.0)
    root.backward()
    assert sorted(map(bare, texts)) == sorted(bare(str(step)) for step in Stepper(root))


# ── the quiz ──


def test_the_quiz_asks_for_every_number(opened: Opened) -> None:
    root = toy()
    lesson = opened(page(root))
    lesson["#ask"].click()
    walk = Stepper(root)
    assert lesson.text("#asked").endswith(" = x·w1 = ?")
    lesson["#answer"].fill("0.7")
    lesson.press("Enter")
    assert "Not yet" in lesson.text("#verdict")
    assert lesson.text("#score") == "0 of 1 right"
    lesson["#hint"].click()
    assert lesson.text("#verdict") == "1·0.5 z = x·y"
    lesson["#answer"].fill("1/2")
    lesson.press("Enter")
    assert lesson.text("#verdict") == f"Right: {bare(str(walk.to(1)))}"
    lesson["#show"].click()
    assert lesson.text("#verdict") == f"The answer: {bare(str(walk.to(2)))}"
    assert lesson.text("#score") == "0 of 2 right"
    for answer in ("0.62", "-0,31", "-.31"):  # Two digits, a comma, no zero.
        lesson["#answer"].fill(answer)
        lesson.press("Enter")
        assert lesson.text("#verdict").startswith("Right"), answer
    assert lesson.text("#score") == "3 of 5 right"
    for step in list(walk)[3:]:
        sentence = bare(str(step))
        asked = sentence.split(" = ")[0] if step.phase == "backward" else sentence.rsplit(" = ", 2)[0]
        assert lesson.text("#asked") == f"{asked} = ?"
        lesson["#answer"].fill(f"{step.value:.3g}")
        lesson.press("Enter")
    assert lesson.text("#score") == "20 of 22 right"
    assert lesson.text("#asked") == "That was the last step."
    lesson["#ask"].click()
    assert lesson["#quiz"].is_hidden()


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        *[(typed, True) for typed in ("-0.0127786", "-0.013", "−0.01278", "-1.28e-2", "-0.0129", " -,0128")],
        *[(typed, False) for typed in ("-0.01", "0.013", "-0.0126", "nan", "0", "", "-0.0.1", "inf")],
    ],
)
def test_answers_may_be_rounded(typed: str, right: bool, opened: Opened) -> None:
    lesson = opened(page(toy()))
    lesson["#slider"].fill("21")
    lesson["#ask"].click()
    lesson["#answer"].fill(typed)
    lesson.press("Enter")
    assert lesson.text("#verdict").startswith("Right") == right


def test_answers_may_be_infinite_or_nan_or_zero(opened: Opened) -> None:
    lesson = opened(page(dead()))
    lesson["#ask"].click()
    for step in Stepper(dead()):
        lesson["#answer"].fill("7")
        lesson.press("Enter")
        assert lesson.text("#verdict").startswith("Not yet")
        lesson["#answer"].fill(str(step.value))
        lesson.press("Enter")
        assert lesson.text("#verdict").startswith("Right")


# ── labels ──


def hostile() -> list[str]:
    """146 labels that try to be something else than text, no two with the same beginning."""
    rng = random.Random(146)
    pieces = [
        *"<>&\"'`\\/{}[]()$#;:=%\0\n\r\u2028\u2029\u202e\u2066\ufeff\ud800",
        "</script>",
        "<!--",
        "-->",
        "]]>",
        "${x}",
    ]
    pieces += [
        "<svg onload=alert(1)>",
        "javascript:alert(1)",
        "&lt;",
        "עברית",
        "العربية",
        "数",
        "👩‍🔬",
        "\u0301",
        "__proto__",
        "{n}",
    ]
    made = [f"{i} {''.join(rng.choices(pieces, k=rng.randint(1, 6)))}" for i in range(146 - len(HOSTILE))]
    return [*HOSTILE, *made]


def test_146_hostile_labels_stay_text(opened: Opened) -> None:
    labels = hostile()
    assert len(labels) == 146
    leaves = [Value(1.0 + i, label=label) for i, label in enumerate(labels)]
    shown = 0
    for start in range(0, len(labels), 73):  # In several pages, so that each node is drawn.
        part = leaves[start : start + 73]
        root = part[0] * 2
        for leaf in part[1:]:
            root = root + leaf
        lesson = opened(page(root, title=labels[start + 1]))
        tape = folded(root)
        names = Names(tape)
        titles = [bare(text) for text in lesson["g.leaf > .name"].all_text_contents()]
        wanted = [
            bare(visible(names[k], 14)) for k in range(len(tape)) if not tape.operation(k) and not tape.is_constant(k)
        ]
        assert sorted(titles) == sorted(wanted)
        shown += len(titles)
        tags = {*lesson.tab.evaluate("() => [...document.querySelectorAll('*')].map((found) => found.localName)")}
        assert not tags & {
            "img",
            "iframe",
            "object",
            "embed",
            "link",
            "a",
            "b1",
            "foreignObject",
            "image",
            "use",
            "animate",
        }
        assert lesson.tab.evaluate("() => document.scripts.length") == 2
        steps = lesson.walked()
        assert [bare(found["sentence"]) for found in steps] == [bare(str(step)) for step in Stepper(root)]
        lesson["g.leaf"].nth(5).click()
        assert bare(lesson.text("#about h2")).startswith("About ")
    assert shown == 146


def test_the_page_draws_lines_that_graphviz_did_not(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = layout.placed
    monkeypatch.setattr(layout, "placed", lambda *given: placed(*given)._replace(curves=[]))
    lesson = opened(page(toy()))
    curves = [line.get_attribute("d") or "" for line in lesson["path.edge"].all()]
    assert len(curves) == 13
    assert all("C" in d and "NaN" not in d for d in curves)


def test_names_from_right_to_left_do_not_turn_sentences_around(opened: Opened) -> None:
    a, b = Value(2.0, label="שלום"), Value(3.0, label="عدد")
    lesson = opened(page(a * b))
    lesson.press("End")
    order = lesson.tab.evaluate(
        """() => { const range = document.createRange();
        const rect = (node) => { range.selectNodeContents(node); return range.getBoundingClientRect().left; };
        return [...document.querySelectorAll("#sentence .part")].map(rect); }"""
    )
    assert order == sorted(order)
    assert all(unicodedata.bidirectional(c) != "RLO" for c in lesson.text("#sentence"))


# ── how it looks ──

CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const back = at.namespaceURI.endsWith("svg") && [...at.children].find((child) => child.matches("rect"));
      const color = back ? getComputedStyle(back).fill : getComputedStyle(at).backgroundColor;
      if (color !== "none" && rgb(color)[3] === 255) return color;
    }
    return "white";
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own && !node.matches("input[type=text]")) continue;
    if (node.matches("script, noscript, option") || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const color = node.matches("text") ? style.fill : style.color;
    const [x, y] = [light(rgb(color)), light(rgb(behind(node)))].sort((a, b) => b - a);
    const scale = node.matches("text") ? node.getScreenCTM().a : 1;
    found.push([(x + 0.05) / (y + 0.05), scale * parseFloat(style.fontSize),
      `${node.localName}.${node.className.baseVal ?? node.className} ${node.textContent.slice(0, 30)}`]);
  }
  return found;
}"""
POINT: Final = 4 / 3  # Of pixels.


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("made", [toy, dead, moons])
def test_all_text_has_contrast_and_is_not_small(made: Callable[[], Value], theme: str, opened: Opened) -> None:
    lesson = opened(page(made()), color_scheme=theme)

    def check() -> None:
        for contrast, pixels, words in lesson.tab.evaluate(CONTRASTS):
            assert contrast >= CONTRAST, words
            assert pixels >= 9 * POINT, words

    check()
    lesson.press("ArrowRight", "End")
    lesson["g.leaf"].first.click()
    check()
    lesson["#about input"].fill("much")
    lesson.press("Enter")
    lesson["#steps summary"].click()
    lesson["#ask"].click()
    lesson.press("Home")
    lesson["#hint"].click()
    check()


def wide() -> Value:
    loss = losses.cross_entropy(MLP(300, [200, 100, 5], rng=random.Random(1))([0.1] * 300), 3)
    loss.label = "a loss with quite a long name"
    return loss


@pytest.mark.parametrize("made", [toy, moons, unrolled, cross_entropy, wide])
def test_a_phone_shows_everything_without_sideways_scrolling(made: Callable[[], Value], opened: Opened) -> None:
    lesson = opened(page(made(), title="A title of several words, which a phone has to break"), viewport=PHONE)
    for _ in range(2):
        lesson.tab.evaluate("document.getElementById('count').textContent = 'step 1,197,452 of 1,197,452'")
        assert lesson.tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        lesson.press("End")
        lesson["g.box"].first.click()
        lesson["#ask"].click()
    heights = [button.bounding_box() for button in lesson["button"].all() if button.is_visible()]
    small = sum(found is not None and found["height"] < 44 for found in heights)  # Too small for a finger.
    assert small == 0


def test_the_step_is_kept_in_view(opened: Opened) -> None:
    lesson = opened(page(unrolled()), viewport=PHONE)
    for keys in (["ArrowRight"] * 3, ["ArrowRight"] * 8, ["ArrowRight"] * 12, ["End"]):
        lesson.press(*keys)
        lesson.tab.wait_for_timeout(100)
        box, picture = lesson["g.box.lit"].first.bounding_box(), lesson["#picture"].bounding_box()
        assert box is not None
        assert picture is not None
        assert picture["x"] - 1 <= box["x"]
        assert box["x"] + box["width"] <= picture["x"] + picture["width"] + 1
        assert picture["y"] - 1 <= box["y"]
        assert box["y"] + box["height"] <= picture["y"] + picture["height"] + 1


def test_motion_is_for_those_who_want_it(opened: Opened) -> None:
    for motion, wanted in (("reduce", "none"), ("no-preference", "flow")):
        lesson = opened(page(square()), reduced_motion=motion)
        lesson.press("End")
        names = lesson.tab.evaluate(
            "() => [...document.querySelectorAll('.flow.now')].map((x) => getComputedStyle(x).animationName)"
        )
        assert names
        assert {*names} == {wanted}


def test_paper_has_all_steps_as_a_list(opened: Opened) -> None:
    root = toy()
    lesson = opened(page(root))
    lesson.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    lesson.tab.emulate_media(media="print")
    assert lesson["#controls"].is_hidden()
    items = lesson["#list li"]
    assert items.first.is_visible()
    assert [bare(text) for text in items.all_text_contents()] == [bare(str(step)) for step in Stepper(root)]
    assert lesson.tab.pdf().startswith(b"%PDF")


def test_the_chinese_page_is_chinese(opened: Opened) -> None:
    lesson = opened(page(toy(), lang="zh"))
    assert lesson["html"].get_attribute("lang") == "zh-Hans"
    assert lesson.text("#play") == "播放"
    lesson.press("End")
    assert lesson.text("#count") == "第 22 步，共 22 步"
    assert lesson.sentence == bare(str(Stepper(toy()).to(22)))
    words = lesson.tab.locator("body").inner_text()
    lesson.box("w1").click()
    words += lesson.tab.locator("#about").inner_text()
    assert "若 w1 增加 0.1，L 约变化 -0.00127786。" in words


def test_a_notebook_frame_works(browser: "Browser", tmp_path: Path) -> None:
    made = page(toy())
    outer = Page(f"<!doctype html><body data-ready>{made._repr_html_()}", "")
    lesson = Lesson(browser, outer, tmp_path / "notebook.html")
    frame = lesson.tab.frame_locator("iframe")
    frame.locator("body[data-ready]").wait_for(state="attached")
    frame.locator("#next").click()
    assert bare(frame.locator("#sentence").text_content() or "") == bare(str(Stepper(toy()).to(1)))
    lesson.requests = [url for url in lesson.requests if not url.startswith("about:srcdoc")]
    lesson.close()


def test_a_page_begins_where_a_walk_stands(opened: Opened) -> None:
    names = Names(folded(toy()))
    walked = opened(page_of(names)).walked()
    for taken in (0, 1, 7, len(walked) - 1, len(walked)):
        lesson = opened(page_of(names, taken=taken))
        assert lesson["#next"].is_disabled() == (taken == len(walked))
        assert lesson["#back"].is_disabled() == (taken == 0)
        if taken:
            assert lesson.text("#sentence") == " ".join(walked[taken - 1]["sentence"].split())
            assert lesson.text("#count") == walked[taken - 1]["count"]
