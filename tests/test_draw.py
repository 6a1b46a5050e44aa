"""Pictures: their parts, that any label is safe, that big graphs fold, that nothing breaks without a renderer."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import pytest
from graphviz.backend import dot_command
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autograd import Stepper, Tape, Value, dot, topological_order, total
from autograd.console import columns
from autograd.show import picture
from autograd.show.draw import DIRECTIONS, draw, draw_dot
from autograd.show.part import nearest
from autograd.show.picture import Drawing, render
from autograd.wording import LABEL_LENGTH, counted
from tests.running import python

DRAWN_TAGS = {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse"}
BIDI_CONTROLS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HOSTILE = [
    "\"quoted\" 'too'",
    "back\\slash\\",
    "\\N \\G \\L \\E \\T \\H \\n \\l \\r \\\\",
    "{a|b}<c>",
    "</B></TD></TR></TABLE>>];n9[label=owned];",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    '<a xlink:href="javascript:alert(1)">x</a>',
    '<IMG SRC="/etc/passwd"/>',
    "<!-- --> ]]> <![CDATA[",
    "]",
    "&amp; &lt; &#65; &#x202e; &bogus; &",
    "two\nlines\r\n\ttabbed",
    "\0\x01\x07\x1b[31m\x7f\x85",
    "\ud800 \udfff \udc00\ud800",
    "\ufffe\uffff\U0001fffe\ufeff\ufdd0",
    "\u202eesrever\u202c \u2066isolated \u200fmark",
    "שלום عربى",
    "日本語の重み",
    "👨‍👩‍👧 🎉",
    "e\u0301\u0302\u0303",
    "node",
    "strict digraph {",
    "%3",
    "# 1",
    " ",
    "   ",
    "\u3000",
    "l" * 100_000,
    "\0" * 100_000,
]
anything = st.text(st.characters(exclude_categories=()), max_size=60) | st.sampled_from(HOSTILE)


@st.composite
def graphs(draw_from: st.DrawFn, most: int = 25) -> Value:
    """Graphs with shared nodes, constants, detached nodes and operations of many operands."""
    nodes = [Value(1.0, label="a"), Value(-2.0, label="b")]
    pick = st.integers(0, 10**6)
    for _ in range(draw_from(st.integers(0, most))):
        x, y = (nodes[draw_from(pick) % len(nodes)] for _ in range(2))
        match draw_from(st.sampled_from(["add", "square", "constant", "divide", "tanh", "total", "dot", "detach"])):
            case "add":
                nodes.append(x + y)
            case "square":
                nodes.append(x * x)
            case "constant":
                nodes.append(2 * x)
            case "divide":
                nodes.append(x / y)
            case "tanh":
                nodes.append(x.tanh())
            case "total":
                nodes.append(total(nodes[-12:]))
            case "dot":
                nodes.append(dot(nodes[:5], nodes[-5:]) if len(nodes) > 5 else x - y)
            case "detach":
                nodes.append(x.detach())
    return nodes[-1]


def toy_network() -> tuple[Value, list[Value]]:
    x, t = Value(0.5, label="x"), Value(1.0, label="t")
    parameters = [Value(n, label=name) for n, name in ((0.8, "w1"), (0.1, "b1"), (-1.2, "w2"), (0.3, "b2"))]
    w1, b1, w2, b2 = parameters
    y = ((x * w1 + b1).sigmoid() * w2 + b2).sigmoid()
    loss = (y - t) ** 2
    loss.label = "L"
    loss.backward()
    return loss, parameters


@lru_cache(maxsize=4)
def rendered(dot_text: str) -> ElementTree.Element:
    return ElementTree.fromstring(render(dot_text, "svg"))


def elements(picture: Drawing) -> list[ElementTree.Element]:
    return list(rendered(picture.dot).iter())


def tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def texts(picture: Drawing) -> list[str]:
    return [e.text or "" for e in elements(picture) if tag(e) == "text"]


def groups(picture: Drawing, kind: str) -> int:
    return sum(tag(e) == "g" and e.get("class") == kind for e in elements(picture))


def box(picture: Drawing, label: str) -> str:
    return next(line for line in picture.dot.splitlines() if f"<B>{label}</B>" in line)


def look(line: str) -> str:
    """All that a statement says but the name and the label."""
    return line.rpartition(">>")[2]


KINDS = {"#dbeafe": "leaf", "#fde68a": "parameter", "#bbf7d0": "root", "#ffffff": "interior", "#eeeeee": "constant"}


def outline(picture: Drawing) -> list[str]:
    """The statements of a picture: of a box its kind and its text, of an ellipse its text, of an edge its label.

    An edge that is not solid says so, and all that is red too.
    """
    found = []
    for line in picture.dot.splitlines()[4:-1]:
        name, _, rest = line.strip().partition(" [")
        label = re.search(r'label=(?:<(.*?)>|"([^"]*)")(?: |])', rest)
        words = re.sub(r"<[^>]*>", " ", label[1] or label[2]).split() if label else []
        kind = [text for color, text in KINDS.items() if color in rest]
        marks = [mark for mark in ("dashed", "dc2626") if mark in rest]
        found.append(f"{name}: {' '.join([*kind, *words, *marks])}".removesuffix(": "))
    return found


def summary(picture: Drawing) -> str:
    counts, colon, words = repr(picture).partition(":")
    assert colon + words == ': a picture, saved with .save("graph.svg")'
    return counts


def spaces_alike(text: str) -> str:
    return text.replace("\xa0", " ")


# ── what is on a picture ──


def test_every_node_and_every_operation_is_drawn_once() -> None:
    loss, _ = toy_network()
    picture = draw(loss)
    order = topological_order(loss)
    operations = sum(bool(v.op) for v in order)
    assert groups(picture, "node") == len(order) + operations
    assert groups(picture, "edge") == sum(len(v.operands) for v in order) + operations
    assert summary(picture) == "Drawing(15 nodes, 14 edges)"
    shown = texts(picture)
    assert {"x", "w1", "b2", "L", "σ", "×", "+", "−", "0.371995"} <= set(shown)
    assert shown.count("grad") == len(order) - 1, "the constant exponent has no gradient"


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_a_picture_has_the_nodes_and_edges_of_its_graph(root: Value) -> None:
    picture = draw(root, partials=True)
    order = topological_order(root)
    operations = sum(bool(v.op) for v in order)
    operands = sum(len(v.operands) for v in order)
    assert groups(picture, "node") == len(order) + operations
    assert groups(picture, "edge") == operands + operations
    assert summary(picture) == f"Drawing({counted(len(order), 'node')}, {counted(operands, 'edge')})"


def test_a_square_has_two_edges() -> None:
    x = Value(3.0)
    assert draw(x * x).dot.count("n0 -> n1_op") == 2


def test_nodes_are_named_by_topological_order() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    z = (x - y).tanh()
    picture = draw(z)
    assert re.findall(r"^\t(n\d+) \[", picture.dot, re.M) == ["n0", "n1", "n2", "n3"]
    assert "n2_op -> n2" in picture.dot
    assert picture.dot.index("n0 -> n2_op") < picture.dot.index("n1 -> n2_op")


def test_a_whole_picture() -> None:
    x, w = Value(3.0, label="x"), Value(-2.0, label="w")
    y = (x * w + 1).detach().tanh()
    y.label = "y"
    w.grad, y.grad = 0.25, 1.0
    assert outline(draw(y, partials=True, parameters=[w], highlight=[x])) == [
        "n0: leaf x data 3.0 grad 0.0 dc2626",
        "n1: parameter w data -2.0 grad 0.25",
        "n2: interior data -6.0 grad 0.0",
        "n2_op: ×",
        "n2_op -> n2",
        "n0 -> n2_op: ∂ -2.0",
        "n1 -> n2_op: ∂ 3.0",
        "n3: constant 1.0",
        "n4: interior data -5.0 grad 0.0",
        "n4_op: +",
        "n4_op -> n4",
        "n2 -> n4_op: ∂ 1.0",
        "n3 -> n4_op",
        "n5: interior data -5.0 grad 0.0",
        "n5_op: detach",
        "n5_op -> n5: dashed",
        "n4 -> n5_op: ∂ 0.0 dashed",
        "n6: root y data -0.999909 grad 1.0",
        "n6_op: tanh",
        "n6_op -> n6",
        "n5 -> n6_op: ∂ 0.000181583",
    ]
    assert outline(draw([x, w], max_nodes=1)) == ["n0: root x data 3.0 grad 0.0"]


SQUARE = [
    *("n0: leaf x data 3.0 grad {}", "n1: interior v1 data {} grad {}"),
    *("n2: constant 1.0", "n3: root v2 data {} grad {}"),
]
V1, V3 = ["n1_op -> n1", "n0 -> n1_op", "n0 -> n1_op"], ["n3_op -> n3", "n1 -> n3_op", "n2 -> n3_op"]
WALK = [
    ("— — — — —", []),
    ("— 9.0 — — —", ["n1", *V1]),
    ("— 9.0 — 10.0 —", ["n3", *V3]),
    ("— 9.0 — 10.0 1.0", ["n3", *V3]),
    ("— 9.0 1.0 10.0 1.0", ["n1", *V3[:2]]),
    ("3.0 9.0 1.0 10.0 1.0", ["n0", *V1[:2]]),
    ("6.0 9.0 1.0 10.0 1.0", ["n0", *V1[:2]]),
]


def test_the_picture_of_a_walk_has_what_is_known_and_the_last_step() -> None:
    x = Value(3.0, label="x")
    walk = Stepper(x * x + 1)
    edges = []
    for numbers, red in WALK:
        lines = outline(walk.draw())
        left = iter(numbers.split())
        boxes = [line.removesuffix(" dc2626") for line in lines if re.match(r"n\d:", line)]
        assert boxes == [re.sub(r"\{\}", lambda _, left=left: next(left), line) for line in SQUARE]  # type: ignore[misc]
        assert [line.partition(":")[0] for line in lines if line.endswith("dc2626")] == red
        assert re.findall("∂ [0-9.]+", "".join(lines)) == ["∂ 3.0", "∂ 3.0", "∂ 1.0"]
        edges.append([k for k, line in enumerate(lines) if line.startswith("n0 ->") and line.endswith("dc2626")])
        if walk.position < len(walk):
            walk.step()
    assert edges[-2:] == [[4], [5]], "each contribution has an edge of its own"


def test_a_folded_picture_of_a_walk_says_what_it_is_around() -> None:
    walk = Stepper(Value(3.0).exp().sin().cos())
    assert "2 of 4 nodes shown, nearest to the root; draw(max_nodes=4) draws all" in walk.draw(max_nodes=2).dot
    walk.step()
    assert "1 of 4 nodes shown, nearest to the last step; draw(max_nodes=4) draws all" in walk.draw(max_nodes=1).dot


def test_one_graph_is_one_text() -> None:
    assert draw(toy_network()[0], partials=True).dot == draw(toy_network()[0], partials=True).dot
    program = (
        "from autograd import *; from autograd.show.draw import draw; "
        "xs = [Value(i, label=str(i)) for i in range(9)]; print(draw(total(softmax(xs)), max_nodes=20).dot)"
    )
    outputs = {python("-c", program, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")}
    assert len(outputs) == 1


def test_kinds_of_nodes_look_different() -> None:
    w, x = Value(1.0, label="w"), Value(2.0, label="x")
    h = w * x
    h.label = "h"
    root = h + 7.0
    root.label = "root"
    picture = draw(root, parameters=[w])
    constant = next(line for line in picture.dot.splitlines() if ">7.0<" in line)
    assert len({look(line) for line in [constant, *(box(picture, label) for label in ("w", "x", "h", "root"))]}) == 5
    assert look(box(draw(root, highlight=[h]), "h")) != look(box(picture, "h"))


def test_a_picture_has_no_background_and_a_gray_readable_on_any() -> None:
    head = draw(Value(1.0) + 1).dot.splitlines()[1:4]
    assert "bgcolor=transparent" in head[0]
    for gray in re.findall(r'color="#(\w+)"', head[2]):
        assert 0x70 <= int(gray[:2], 16) <= 0x88
        assert gray == gray[:2] * 3


def test_partials_are_on_the_edges_but_not_for_constants() -> None:
    x, y = Value(3.0), Value(-5.0)
    picture = draw((x * y) ** 2, partials=True)
    assert sorted(t for t in texts(picture) if "∂" in t) == ["∂ -30.0", "∂ -5.0", "∂ 3.0"]
    assert "∂" not in draw((x * y) ** 2).dot


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7e308])
def test_any_number_is_drawn(number: float) -> None:
    root = (Value(number) * 2.0).exp() / 0.0
    root.backward()
    ElementTree.fromstring(draw(root, partials=True).svg())


def test_a_detached_node_hangs_on_dashed_lines() -> None:
    lines = draw(Value(2.0).detach()).dot.splitlines()
    assert sum("->" in line and "dashed" in line for line in lines) == 2


def test_a_leaf_alone_is_a_picture() -> None:
    assert summary(draw(Value(1.0))) == "Drawing(1 node, 0 edges)"


def test_several_roots_share_one_picture() -> None:
    x = Value(1.0)
    roots = [x.sin(), x.cos(), x]
    picture = draw(roots)
    assert groups(picture, "node") == 5
    assert picture.dot.count("peripheries=2") == 3


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_direction_is_that_of_the_layout(direction: str) -> None:
    assert f"rankdir={direction}" in draw(Value(1.0).exp(), direction=direction).dot


# ── any string is a label ──


@given(anything, anything)
@example("<script>alert(1)</script>", "\\N")
@settings(max_examples=150, deadline=None)
def test_any_label_is_text_and_nothing_else(label: str, other: str) -> None:
    picture = draw(Value(1.0, label=label) + Value(2.0, label=other))
    assert {tag(e) for e in elements(picture)} <= DRAWN_TAGS
    assert {a.rpartition("}")[2] for e in elements(picture) for a in e.attrib}.isdisjoint({"href", "onclick"})
    assert (groups(picture, "node"), groups(picture, "edge")) == (4, 3)
    titles = {e.text for e in elements(picture) if tag(e) == "title"}
    assert titles == {"autograd", "n0", "n1", "n2", "n2_op", "n0->n2_op", "n1->n2_op", "n2_op->n2"}
    assert not any(BIDI_CONTROLS & set(text) for text in texts(picture))
    assert all(c.isprintable() or c == "\n" for c in picture.dot if not is_space_or_joiner(c) and c != "\t")


def is_space_or_joiner(character: str) -> bool:
    return unicodedata.category(character) == "Zs" or character in "\u200c\u200d"


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_leave_the_shape_of_the_picture_alone(label: str) -> None:
    root = Value(1.0, label=label).tanh()
    root.label = label
    picture = draw(root)
    assert (groups(picture, "node"), groups(picture, "edge")) == (3, 2)
    assert {tag(e) for e in elements(picture)} <= DRAWN_TAGS
    assert picture.png().startswith(b"\x89PNG")


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=LABEL_LENGTH))
@settings(max_examples=100, deadline=None)
def test_a_printable_label_survives(label: str) -> None:
    assume(label.isprintable() and columns(label) <= LABEL_LENGTH)
    assert spaces_alike(label) in map(spaces_alike, texts(draw(Value(1.0, label=label))))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a\0b\nc\x7f", "a␀b␊c␡"),
        ("\ud800x\ufffe", "\ufffdx\ufffd"),
        ("\u202eabc", "\ufffdabc"),
        ("&amp;\\N", "&amp;\\N"),
        ("l" * 100_000, "l" * (LABEL_LENGTH - 1) + "…"),
        ("l" * LABEL_LENGTH, "l" * LABEL_LENGTH),
    ],
)
def test_what_cannot_be_shown_has_a_visible_stand_in(label: str, shown: str) -> None:
    assert shown in texts(draw(Value(1.0, label=label)))


def test_a_bracket_is_no_bracket_to_graphviz() -> None:
    """Graphviz 2.42 stumbles over a bare ] inside a label."""
    assert "<B>x[0&#93;&#93;</B>" in draw(Value(1.0, label="x[0]]")).dot


# ── big graphs fold ──


def test_a_long_chain_folds_to_the_neighbourhood_of_the_root() -> None:
    v = Value(0.0)
    for _ in range(50_000):
        v = v.tanh()
    picture = draw(v)
    assert summary(picture) == "Drawing(200 nodes, 199 edges)"
    shown = texts(picture)
    assert "200 of 50,001 nodes shown, nearest to the root; draw(root, max_nodes=…) draws more" in shown
    assert [t for t in shown if t.endswith("1 more")] == ["… 49,801 more"]


def test_a_small_graph_has_no_notice() -> None:
    assert not [t for t in texts(draw(toy_network()[0], max_nodes=15)) if "shown" in t or "more" in t]
    assert "14 of 15 nodes shown" in draw(toy_network()[0], max_nodes=14).dot


def test_a_long_sum_shows_its_first_and_last_operands() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(10_000)]
    picture = draw(total(xs), partials=True)
    shown = texts(picture)
    assert {"x0", "x9999", "… 9,980 more"} <= set(shown)
    assert groups(picture, "node") == 20 + 3
    assert picture.dot.index("x0<") < picture.dot.index("_more") < picture.dot.index("n19 ->")


def test_one_node_used_ten_thousand_times_is_folded_too() -> None:
    picture = draw(total([Value(1.0)] * 10_000))
    assert "… 9,800 more" in texts(picture)
    assert groups(picture, "edge") == 200 + 2


@given(graphs(60), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_a_folded_picture_counts_right(root: Value, max_nodes: int) -> None:
    picture = draw(root, max_nodes=max_nodes)
    order = topological_order(root)
    tape = Tape(root)
    part = nearest(tape, tape.roots, max_nodes)
    assert part.shown == sorted(set(part.shown))
    assert part.shown[-1] == tape.place(root)
    assert len(part.shown) <= max_nodes
    assert (len(part.shown) == len(order)) == ("nodes shown" not in picture.dot)
    for place in part.shown:
        operands = tape.operands_of(place)
        drawn = [i for i in part.operands[place] if i is not None]
        assert all(operands[i] in part.shown for i in drawn)
        left_out = [k for i, k in enumerate(operands) if i not in drawn]
        hidden = reach(tape, left_out, set(part.shown))
        assert part.hidden.get(place, 0) == len(hidden) + sum(k in part.shown for k in left_out)
        assert part.operands[place].count(None) == bool(left_out)
    assert picture.dot.count("_more [") == len(part.hidden)
    assert summary(picture).endswith(f"{counted(part.edges, 'edge')})")


def reach(tape: Tape, starts: list[int], walls: set[int]) -> set[int]:
    seen: set[int] = set()
    stack = [*starts]
    while stack:
        place = stack.pop()
        if place not in walls | seen:
            seen.add(place)
            stack.extend(tape.operands_of(place))
    return seen


@given(st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_the_nearest_are_kept(max_nodes: int) -> None:
    """In a chain of squares with constants, breadth first is plain to see."""
    v, expected = Value(1.0), []
    for _ in range(30):
        v = v + 1
    node = v
    while node.operands:
        expected += [node, node.operands[1]]
        node = node.operands[0]
    distance = {id(v): 0}
    for node in reversed(topological_order(v)):
        for operand in node.operands:
            distance[id(operand)] = distance[id(node)] + 1
    tape = Tape(v)
    shown = {id(tape.node(place)) for place in nearest(tape, tape.roots, max_nodes).shown}
    assert len(shown) == max_nodes
    assert max(distance[i] for i in shown) <= min(distance[i] for i in distance.keys() - shown)


def test_a_graph_of_two_thousand_nodes_may_be_drawn_whole() -> None:
    v = Value(0.0)
    for _ in range(1999):
        v = v.tanh()
    for root, remedy in ((v, "max_nodes=2000) draws all"), (v.exp(), "max_nodes=…) draws more")):
        count = len(topological_order(root))
        assert f"1 of {count:,} nodes shown, nearest to the root; draw(root, {remedy}" in draw(root, max_nodes=1).dot


@pytest.mark.parametrize("lengths", [[20] * 25, [20] * 22 + [2] * 2 + [1] * 156])
def test_more_edges_than_500_and_three_for_each_node_are_laid_out_in_haste(lengths: list[int]) -> None:
    leaves = [Value(float(i)) for i in range(20)]
    for more in (0, 1):
        picture = draw([total([*leaves, leaves[0]][:n]) for n in (lengths[0] + more, *lengths[1:])])
        nodes, edges = 20 + len(lengths), sum(lengths) + more
        assert summary(picture) == f"Drawing({nodes} nodes, {edges} edges)"
        assert ("mclimit" in picture.dot) == bool(more)


def test_a_thicket_of_lines_is_laid_out_in_haste() -> None:
    """Sixty nodes, each the sum of twenty before it."""
    vs = [Value(1.0)]
    for _ in range(59):
        vs.append(total(vs[-20:]))
    picture = draw(vs[-1])
    assert "mclimit" in picture.dot
    assert groups(picture, "node") == 119
    assert "mclimit" not in draw(toy_network()[0]).dot


def test_more_roots_than_nodes_to_draw() -> None:
    assert "3 of 10 nodes shown" in draw([Value(float(i)) for i in range(10)], max_nodes=3).dot


# ── mistakes ──


@pytest.mark.parametrize("wrong", [3.0, "x", None, [Value(1.0), 2.0], draw, b"x", {"v": 1}])
def test_only_values_are_drawn(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"draw takes a Value, not .*; wrap a number as Value\(number\)"):
        draw(wrong)  # type: ignore[arg-type]


def test_wrong_options_are_named() -> None:
    v = Value(1.0)
    with pytest.raises(TypeError, match="parameters="):
        draw(v, parameters=[1.0])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="highlight="):
        draw(v, highlight=["v"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="at least one"):
        draw([])
    with pytest.raises(ValueError, match="LR, TB, RL, BT, not 'up'"):
        draw(v, direction="up")


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "9", None, True])
def test_max_nodes_is_a_positive_int(wrong: object) -> None:
    with pytest.raises(ValueError, match="draw: max_nodes is a whole number from 1, not "):
        draw(Value(1.0), max_nodes=wrong)  # type: ignore[arg-type]


# ── as in micrograd's notebooks ──


def test_draw_dot_gives_a_digraph(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dot_command, "DOT_BINARY", dot_command.DOT_BINARY)
    x = Value(1.0, label="x")
    digraph = draw_dot(x + 1, format="png", rankdir="TB")
    assert isinstance(digraph, graphviz.Digraph)
    assert digraph.source == draw(x + 1, direction="TB").dot
    assert digraph.pipe().startswith(b"\x89PNG")
    assert "image/svg+xml" in digraph._repr_mimebundle_()
    assert Path(digraph.render(tmp_path / "gout")).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("program", "binary"), [(None, "dot"), ("/bin/dot", "dot"), ("/bin/dot-wasm", "/bin/dot-wasm")]
)
def test_a_digraph_runs_the_program_that_there_is(
    program: str | None, binary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dot_command, "DOT_BINARY", Path("dot"))
    monkeypatch.setattr(picture, "renderer", lambda: program)
    assert draw_dot(Value(1.0).exp()).format == "svg"
    assert Path(binary) == dot_command.DOT_BINARY
