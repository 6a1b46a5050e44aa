"""Pages without a browser: that their data are the Stepper's, that they are safe and small, and what is refused."""

import base64
import hashlib
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Stepper, Value, dot, explain, losses, total
from autograd.__main__ import main
from autograd.engine.tape import CONSTANT_CODE, Tape
from autograd.nn import MLP, RNNCell
from autograd.page import Page, page
from autograd.page.contents import PATHS, contents, in_box, isolating
from autograd.page.document import SCRIPTS, as_json
from autograd.page.layout import layers, placed
from autograd.page.scene import IN_FULL, MOST_BOXES, Scene, scene
from autograd.page.walk import length
from autograd.page.words import LANGUAGES, WORDS, translated
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.toy import Toy
from tests.running import PACKAGE, python
from tests.test_draw import HOSTILE, anything, graphs

TOY_BYTES = 300_000
"""A page with the toy network has at most so many."""


class Document(HTMLParser):
    """The elements of a page, their attributes, and the text in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.texts.append((self.elements[-1][0], data))

    def of(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def toy() -> Value:
    return Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0).loss()


def script_of(made: Page, kind: str | None) -> str:
    scripts = re.findall(r"<script( type=\"application/json\" id=\"contents\")?>(.*?)</script>", made.html, re.S)
    return next(str(text) for attributes, text in scripts if bool(attributes) == (kind == "json"))


def data_of(made: Page) -> Any:
    return json.loads(script_of(made, "json"))


def number(x: float | str) -> float:
    return float(x)


def same(x: float, y: float) -> bool:
    return repr(x) == repr(y)


# ── steps ──


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_the_steps_are_those_of_the_stepper(root: Value) -> None:
    tape = folded(root)
    made, walk = contents(Names(tape)), Stepper(root)
    assert len(walk) == length(tape) == made["total"] == len(made["steps"])
    for step, found in zip(walk, made["steps"], strict=True):
        sentence = " = ".join(found["parts"]) + found["end"]
        assert " ".join(sentence.split()) == " ".join(str(step).split())
        assert found["n"] == step.number
        assert same(number(found["value"]), step.value)
        assert made["nodes"][found["node"]]["name"] == step.node
        if step.phase == "backward":
            assert same(number(found["grad"]), step.grad)
            assert made["nodes"][found["to"]]["name"] == step.touched
            assert found["arg"] == step.position
        else:
            assert "to" not in found


def test_the_numbers_of_nodes_are_theirs_to_the_last_bit() -> None:
    x = Value(0.1, label="x")
    v = (x * 3.0).exp() - 1e-300
    v = v + Value(math.inf, label="y") * -0.0
    nodes = data_of(page(v))["nodes"]
    tape = Tape(v)
    assert [repr(number(node["value"])) for node in nodes] == [repr(x) for x in tape.data]


def test_explanations_are_those_of_explain() -> None:
    loss = toy()
    for place, node in enumerate(data_of(page(loss))["nodes"]):
        if "constant" not in node:
            lines = " ".join(node["why"])
            assert lines.split() == repr(explain(loss, Tape(loss).node(place))).split()


def test_an_explanation_has_the_largest_paths() -> None:
    x = Value(0.5, label="x")
    y = total([x * float(i) for i in range(9)])
    why = data_of(page(y))["nodes"][0]["why"]
    assert why == [line.strip() for line in explain(y, x, most=PATHS).lines]
    assert len(why) == 1 + PATHS + 1


def test_the_sentences_do_not_depend_on_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = page(toy()).html
    monkeypatch.setenv("COLUMNS", "20")
    assert page(toy()).html == wide


def test_data_that_was_changed_is_refused() -> None:
    x = Value(2.0, label="x")
    y = x * x
    x.data = 3.0
    with pytest.raises(ValueError, match="x"):
        page(y)


# ── boxes ──


def links_of(tape: Tape) -> Counter[tuple[int, int]]:
    """The operands that are no constants, as places and positions."""
    found = (
        (k, i) for k, code in enumerate(tape.codes) if code > CONSTANT_CODE for i in range(len(tape.operands_of(k)))
    )
    return Counter((k, i) for k, i in found if not tape.is_constant(tape.operands_of(k)[i]))


def shown_links(found: Scene) -> Counter[tuple[int, int]]:
    tape = found.tape
    positions = ((link.place, link.position) for link in found.links if link.position is not None)
    return Counter((k, i) for k, i in positions if not tape.is_constant(tape.operands_of(k)[i]))


@given(graphs(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_node_and_every_operand_has_its_place(root: Value, fold: bool) -> None:
    tape = Tape(root)
    found = scene(tape, fold=fold)
    assert found.folded == fold
    assert found.whole
    assert {*range(len(tape))} == found.places
    assert shown_links(found) == links_of(tape)
    for link in found.links:
        source, target = found.boxes[link.source], found.boxes[link.target]
        assert target.place == link.place
        assert link.position is not None
        assert source.place == tape.operands_of(link.place)[link.position]
        if source.inside is not None:  # Only its own box uses a node inside of a box.
            assert source.inside == target.inside or source.place == found.boxes[source.inside].place


def network(*sizes: int, inputs: int) -> tuple[Value, MLP, list[Value]]:
    model = MLP(inputs, [*sizes], rng=random.Random(1))
    x = [Value(0.1 * i - 0.3, label=f"x{i}") for i in range(inputs)]
    return losses.mse(model(x), [0.0] * sizes[-1] if sizes[-1] > 1 else 0.0), model, x


def test_a_network_is_folded_into_its_neurons() -> None:
    model = MLP(2, [16, 16, 1], rng=random.Random(1))
    made = data_of(page(model, [0.3, -0.4], 1.0, loss=losses.mse))
    assert made["folded"]
    assert made["whole"]
    closed = [node for node, inside, *_ in made["boxes"] if inside is None]
    names = Counter(made["nodes"][node].get("op", "leaf") for node in closed)
    assert names == {"leaf": 2, "relu": 32, "add": 1, "mean": 1}
    assert len(made["layout"]["layers"]) == 5
    assert len(made["steps"]) == made["total"] == len(Stepper(losses.mse(model([0.3, -0.4]), 1.0))) + 2 * 16
    small = MLP(2, [4, 1], rng=random.Random(1))
    assert not data_of(page(small, [0.3, -0.4]))["folded"]
    assert data_of(page(small, [0.3, -0.4], fold=True))["folded"]
    assert not data_of(page(MLP(4, [8, 3]), [0.0] * 4, 1, loss=losses.cross_entropy, fold=False))["folded"]
    assert data_of(page(MLP(4, [8, 3]), [0.0] * 4, 1, loss=losses.cross_entropy))["folded"]


def test_of_a_very_large_network_the_nearest_neurons_are_shown() -> None:
    model = MLP(100, [60, 50, 5], rng=random.Random(1))
    x = [Value(0.01 * i, label=f"x[{i}]") for i in range(100)]
    made = data_of(page(model, x, 3, loss=losses.cross_entropy))
    loss = losses.cross_entropy(model(x), 3)
    loss.label = "L"
    assert made["folded"]
    assert not made["whole"]
    assert not made["live"]
    assert made["size"] == len(folded(loss))
    closed = [box for box in made["boxes"] if box[1] is None]
    assert len(closed) <= MOST_BOXES
    assert {box[2] for box in made["boxes"] if box[1] is not None} == {0, 94, 54, 44}, "of weights too"
    assert len(made["nodes"]) < 300
    assert sorted(box[2] for box in closed if box[2]) == [44, 54, 94]
    wanted = {step["n"]: step for step in made["steps"]}
    walk = Stepper(loss)
    assert made["total"] == len(walk)
    for step in walk:
        if found := wanted.pop(step.number, None):
            assert " ".join((" = ".join(found["parts"]) + found["end"]).split()) == " ".join(str(step).split())
            assert same(number(found["value"]), step.value)
    assert not wanted


def closed_boxes(root: Value) -> list[str]:
    """The closed boxes of a folded graph, by the operations and labels of their nodes."""
    found = scene(Tape(root), fold=True)
    places = [box.place for box in found.boxes if box.inside is None and box.place is not None]
    return sorted(found.tape.operation(k) or found.tape.node(k).label for k in places)


def test_sums_in_a_row_and_labelled_nodes_have_boxes_of_their_own() -> None:
    a, b, c, d = (Value(float(i), label=name) for i, name in enumerate("abcd"))
    row = dot([a, b], [c, d]).tanh()
    assert closed_boxes(row) == ["tanh"]
    assert closed_boxes(total([row, Value(1.0), Value(2.0), Value(3.0)])) == ["tanh", "total"]
    inner = a * b
    assert closed_boxes(inner.exp()) == ["exp"]
    inner.label = "product"
    assert closed_boxes(inner.exp()) == ["exp", "multiply"]


def test_a_cell_has_its_parameters_inside_at_every_step() -> None:
    cell, h = RNNCell(1, 2, rng=random.Random(1)), None
    for t in range(5):
        h = cell([Value(0.1 * t, label=f"x{t}")], h)
    assert h is not None
    root = total([*h, h[0], h[1]])
    zeros = [""] * 2  # The first state.
    assert closed_boxes(root) == sorted([*zeros, *["tanh"] * 10, *(f"x{t}" for t in range(5)), "total"])
    found = scene(Tape(root), fold=True)
    assert shown_links(found) == links_of(found.tape)
    copies = Counter(box.place for box in found.boxes if box.place is not None)
    assert {copies[Tape(root).place(w)] for w in cell.parameters()} == {5}


def test_a_leaf_of_many_users_is_drawn_beside_each_of_them() -> None:
    x, s = Value(0.1, label="x"), Value(0.0, label="s")
    for _ in range(12):
        s = s + x
    found = scene(Tape(s))
    assert sum(found.tape.node(box.place).label == "x" for box in found.boxes if box.place is not None) == 12


def test_a_graph_that_takes_too_many_boxes_is_folded() -> None:
    xs = [Value(0.1 * i, label=f"x{i}") for i in range(20)]
    ys = [total(xs).tanh() for _ in range(20)]
    assert len(Tape(total(ys))) < IN_FULL
    assert scene(Tape(total(ys))).folded
    assert not scene(Tape(total(ys[:5]))).folded


def test_a_long_chain_is_cut_into_boxes() -> None:
    v = Value(0.5, label="x")
    for _ in range(IN_FULL + 50):
        v = v.tanh()
    found = scene(Tape(v))
    assert 5 < sum(box.inside is None for box in found.boxes) < 20


def test_lines_without_a_way_are_left_to_the_page() -> None:
    found = placed([(76, 37), (40, 20), (40, 20), (40, 20)], [(0, 1), (0, 2), (1, 3)], "LR")
    again = placed([(90, 60), (90, 60)], [(0, 1)], "LR")
    assert len(found.corners) == 4
    assert len(again.curves) == 1


@given(st.lists(st.tuples(st.integers(40, 200), st.integers(20, 70)), min_size=1, max_size=12), st.data())
@settings(max_examples=20, deadline=None)
def test_boxes_do_not_overlap(sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    pairs = [(a, b) for b in range(len(sizes)) for a in range(b)]
    links = data.draw(st.lists(st.sampled_from(pairs), max_size=15)) if pairs else []
    for direction in ("LR", "TB"):
        found = placed(sizes, links, direction)
        rows = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(found.corners, sizes, strict=True)]
        assert all(x >= -1 and y >= -1 and r <= found.size[0] + 1 and b <= found.size[1] + 1 for x, y, r, b in rows)
        for i, (x, y, right, bottom) in enumerate(rows):
            assert not any(
                x < r - 1 and left < right - 1 and y < b - 1 and t < bottom - 1 for left, t, r, b in rows[:i]
            )
        assert len(found.curves) in (len(links), 0)


def test_layers_are_in_the_order_of_the_walk() -> None:
    assert layers(4, [(0, 1), (1, 3), (2, 3), (0, 3)], [3, 2, 1, 0]) == [[0], [2, 1], [3]]


@pytest.mark.parametrize(
    ("number", "text"), [(2.0, "2"), (0.5, "0.5"), (-0.00638931, "-0.006389"), (1e300, "1e+300"), (math.nan, "nan")]
)
def test_numbers_in_boxes_are_short(number: float, text: str) -> None:
    assert in_box(number) == text


# ── safety ──


def test_the_toy_network_is_small() -> None:
    assert len(page(toy()).html.encode()) <= TOY_BYTES


@given(anything)
@settings(max_examples=40, deadline=None)
def test_any_label_is_text_and_nothing_else(label: str) -> None:
    x = Value(1.0, label=label)
    made = page(x * 2 + x, title=label)
    found = Document(made.html)
    plain = Document(page(Value(1.0, label="x") * 2 + 1).html)
    assert [name for name, _ in found.elements] == [name for name, _ in plain.elements]
    assert [sorted(row) for _, row in found.elements] == [sorted(row) for _, row in plain.elements]
    names = [node["name"] for node in data_of(made)["nodes"]]
    assert Names(Tape(x * 2 + x))[0] in [re.sub("[\u2068\u2069]", "", name) for name in names]


def test_json_cannot_end_its_element() -> None:
    for label in HOSTILE:
        text = as_json({"label": label})
        assert not set("<>&") & set(text)
        assert text.isascii()
        assert json.loads(text) == {"label": label}


def check_policy(made: Page) -> None:
    """A page has a policy for its own script and style alone, and nothing that it forbids."""
    found = Document(made.html)
    (policy,) = (row["content"] for row in found.of("meta") if row.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    (style,) = re.findall(r"<style>(.*?)</style>", made.html, re.S)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for name, text in (("script-src", script_of(made, None)), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert "unsafe" not in policy
    assert len(found.of("script")) == 2
    assert not [row for _, row in found.elements if {"src", "href", "style", "onclick", "onload"} & row.keys()]


def test_the_policy_allows_the_one_script_and_the_one_style() -> None:
    check_policy(page(toy()))


def test_names_from_right_to_left_are_kept_apart() -> None:
    isolated = isolating(["w", "שלום", "עוד שלום"])
    assert isolated("∂w/∂שלום") == "∂w/∂\u2068שלום\u2069"
    assert isolated("עוד שלום = w") == "\u2068עוד שלום\u2069 = w"
    assert isolating(["w"])("∂w") == "∂w"


# ── words ──


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_languages_say_the_same() -> None:
    english, *others = (WORDS[lang] for lang in LANGUAGES)
    for words in others:
        assert words.keys() == english.keys()
        assert {name: blanks(text) for name, text in words.items()} == {k: blanks(v) for k, v in english.items()}


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in files() if path.suffix != ".css")
    used = {
        *re.findall(r"\$word_(\w+)", text),
        *re.findall(r"(?:say|isolated|go)\(\"(\w+)\"", text),
        "heading",
        "training",
    }
    pairs = re.findall(r"\? \"(\w+)\" : \"(\w+)\"", text)
    used |= {word for pair in pairs for word in pair} & WORDS["en"].keys()
    used |= {"plus", "minus", "zero", "bad"}  # The legend has one for each sign.
    assert used == WORDS["en"].keys()


def test_explanations_are_translated_whole() -> None:
    x, big = Value(0.5), Value(1e20)
    chain = x
    for _ in range(40):
        chain = chain.tanh()
    doubled = total([x, x, x * 3, x.detach()])
    many = x
    for _ in range(70):
        many = many + many * 0.01
    for root, leaf in ((chain, x), (doubled, x), (many, x), (x, x), (x.detach(), x), (x * 2, x), (x + x * big, x)):
        for most in (1, 8):
            for line in explain(root, leaf, most=most).lines:
                plain = re.sub(r"v\d+|\de[+-]?\d+|inf|nan", "", translated(line.strip(), "zh"))
                assert not re.search("[a-z]{2}", plain), line
                assert translated(line, "en") == line


def test_a_page_is_in_its_language() -> None:
    for lang, tag in LANGUAGES.items():
        made = page(toy(), lang=lang)
        assert Document(made.html).of("html") == [{"lang": tag}]
        assert data_of(made)["words"] == WORDS[lang]
    with pytest.raises(ValueError, match=r"there is no language 'de'; there are en, zh"):
        page(toy(), lang="de")


# ── the face ──


def test_a_page_is_saved_where_its_path_says(tmp_path: Path) -> None:
    made = autograd.page(toy(), tmp_path / "lesson.html")
    assert (tmp_path / "lesson.html").read_text(encoding="utf-8") == made.html
    assert made.save(str(tmp_path / "again.HTM")).read_text(encoding="utf-8") == made.html
    with pytest.raises(ValueError, match=r"saved as .html, not as 'lesson.pdf'"):
        made.save(tmp_path / "lesson.pdf")
    with pytest.raises(OSError, match="isn't saved"):
        made.save(tmp_path / "missing" / "lesson.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.HTM", "lesson.html"]


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    made = page(toy(), title='"quoted" & <b>')
    (frame,) = Document(made._repr_html_()).of("iframe")
    assert frame["srcdoc"] == made.html
    assert frame["sandbox"] == "allow-scripts"


def labelled_loss(outputs: Any, target: float) -> Value:
    loss = losses.mse(outputs, target)
    loss.label = "error"
    return loss


def test_inputs_of_a_model_are_named_leaves() -> None:
    model = MLP(2, [2, 1], rng=random.Random(1))
    made = data_of(page(model, [0.5, -1.0], 0.25, loss=losses.mse))
    assert {"x[0]", "x[1]"} < {node["name"] for node in made["nodes"] if "op" not in node}
    assert data_of(page(model, [0.5, -1.0], 0.25, loss=losses.mse))["nodes"][-1]["name"] == "L"
    named = page(model, [0.5, -1.0], 0.25, loss=labelled_loss)
    assert data_of(named)["nodes"][-1]["name"] == "error"
    made = data_of(page(lambda x: total([dot(row, row) for row in x]), [[1.0, 2.0], [3.0, 4.0]]))
    assert [node["name"] for node in made["nodes"] if "op" not in node] == ["x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]"]
    assert data_of(page(lambda x: x.tanh(), 0.5))["nodes"][0]["name"] == "x"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: page(cast(Any, 3.0)),
            TypeError,
            "page takes the root of a graph, a model and its input, or a train.Recorder, not float 3.0",
        ),
        (
            lambda: page(Value),
            TypeError,
            "page takes the root of a graph, a model and its input, or a train.Recorder, not",
        ),
        (lambda: page(toy(), [1.0]), TypeError, "page of a Value takes a path, and no input"),
        (lambda: page(toy(), loss=losses.mse), TypeError, "page of a Value takes a path, and no input"),
        (lambda: page(MLP(1, [1])), ValueError, "page of a model takes its input, and a target with a loss"),
        (
            lambda: page(MLP(1, [1]), [1.0], 0.0),
            ValueError,
            "page of a model takes its input, and a target with a loss",
        ),
        (
            lambda: page(MLP(1, [1]), [1.0], loss=losses.mse),
            ValueError,
            "a target with a loss: page(model, x, target, loss=…)",
        ),
        (lambda: page(MLP(1, [2]), [1.0]), TypeError, "page takes a Value, not list"),
        (
            lambda: page(toy(), title=cast(Any, 3)),
            TypeError,
            "page: title is a text, not int 3; write str(…) around it",
        ),
        (lambda: page(lambda x: 3.0, [1.0]), TypeError, "page takes a Value, not float 3.0"),
    ],
)
def test_mistakes_are_named(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        call()


def test_the_package_is_its_function_however_it_is_imported() -> None:
    words = "x = autograd.Value(1.0, label='x'); print(autograd.page(x), autograd.page.Page.__name__)"
    for start in ("import autograd", "import autograd.page", "import autograd.page.walk, autograd"):
        assert (
            python("-c", f"{start}; {words}").stdout.split() == python("-c", f"import autograd; {words}").stdout.split()
        )


def test_an_operation_without_a_source_stands_fast() -> None:
    scope: dict[str, Any] = {}
    exec("def same(x): return x, 1.0", scope)
    same = autograd.operation(scope["same"])
    made = data_of(page(same(Value(2.0, label="x"))))
    assert not made["live"]
    assert len(made["steps"]) == 3


def test_the_command_line_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lesson.html"
    assert main(["page", "tanh(w*x+b)", "w=2", "x=-1", "b=0.5", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    text = path.read_text(encoding="utf-8")
    assert "<title>z = tanh(w*x+b)</title>" in text
    assert main(["page", "x*x", "x=3", "-o", str(tmp_path / "no.png"), "--lang", "zh"]) == 2
    assert "a page is saved as .html" in capsys.readouterr().err


def files() -> Iterator[Path]:
    return (p for p in (PACKAGE / "page").rglob("*") if p.suffix in (".js", ".css", ".html"))


def test_scripts_and_styles_need_nothing_that_a_policy_forbids() -> None:
    assert {p.stem for p in files() if p.suffix == ".js"} == {name for row in SCRIPTS.values() for name in row}
    for path in files():
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|fetch\(|@import|url\((?!#)",
            text,
        )
