"""Pictures: their parts, that any label is safe, that big graphs fold, that nothing breaks without a renderer."""

import math
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import graphviz
import pytest
from graphviz.backend import dot_command
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autograd import Stepper, Tape, Value, dot, explain, softmax, topological_order, total
from autograd.console import columns
from autograd.losses import cross_entropy
from autograd.nn import MLP, RNNCell
from autograd.show.names import LENGTH, Names
from autograd.show.pictures import picture
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.draw import draw, draw_dot
from autograd.show.pictures.flow import CROWDED, THIN, WIDE
from autograd.show.pictures.formulas import WIDTH
from autograd.show.pictures.graph import DIRECTIONS
from autograd.show.pictures.haste import haste
from autograd.show.pictures.palette import PALETTE
from autograd.show.pictures.part import LINES, nearest
from autograd.show.pictures.picture import Drawing, render
from autograd.wording import counted
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


KINDS = {PALETTE[kind].light: kind for kind in ("leaf", "parameter", "root", "interior", "constant")}
LIT = PALETTE["lit"].light


def outline(picture: Drawing) -> list[str]:
    """The statements of a picture: of a box its kind and its text, of an ellipse its text, of an edge its label.

    An edge that is not solid says so, and all that is lit too. The colors of gradients are left out.
    """
    found = []
    for line in picture.dot.splitlines()[4:-1]:
        name, _, rest = line.strip().partition(" [")
        label = re.search(r'label=(?:<(.*?)>|"([^"]*)")(?: |])', rest)
        words = re.sub(r"<[^>]*>", " ", label[1] or label[2]).split() if label else []
        kind = [text for color, text in KINDS.items() if color in rest]
        marks = [word for word, mark in (("dashed", "dashed"), ("lit", LIT)) if mark in rest.rpartition(">>")[2]]
        found.append(f"{name}: {' '.join([*kind, *words, *marks])}".removesuffix(": "))
    return found


def sum_of_copies(n: int) -> Value:
    """s + x + x + …, n times."""
    x, s = Value(0.5, label="x"), Value(0.0, label="s")
    for _ in range(n):
        s = s + x
    s.backward()
    return s


def mlp(*sizes: int) -> tuple[Value, MLP]:
    """The squared error of a network, swept."""
    model = MLP(sizes[0], [*sizes[1:]], rng=Random(1))
    out = model([Value(0.3 * (i + 1), label=f"in{i}") for i in range(sizes[0])])
    loss = (out - 1.0) ** 2
    loss.label = "loss"
    loss.backward()
    return loss, model


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
    boxes = len(order) - 1
    assert groups(picture, "node") == boxes + operations, "the exponent is part of its operation"
    assert groups(picture, "edge") == sum(len(v.operands) for v in order) - 1 + operations
    assert summary(picture) == "Drawing(14 nodes, 13 edges)"
    shown = texts(picture)
    assert {"x", "w1", "b2", "L", "σ", "×", "+", "−", "( )²", "0.371995"} <= set(shown)
    assert shown.count("grad") == boxes
    tape = Tape(loss)
    names = Names(tape)
    assert {names[place] for place in names.own} <= set(shown), "every node has the name that it has in text"


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_a_picture_has_the_nodes_and_edges_of_its_graph(root: Value) -> None:
    picture = draw(root, partials=True)
    order = topological_order(root)
    operations = sum(bool(v.op) for v in order)
    operands = sum(len(v.operands) for v in order)
    copies = len(set(re.findall(r"^\t(n\d+_\d+) \[", picture.dot, re.M)))
    assert groups(picture, "node") == len(order) + operations + copies
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
        "n0: leaf x data 3.0 grad 0.0 lit",
        "n1: parameter w data -2.0 grad 0.25",
        "n2: interior v1 data -6.0 grad 0.0",
        "n2_op: ×",
        "n2_op -> n2: dashed",
        "n0 -> n2_op: ∂ -2.0 dashed",
        "n1 -> n2_op: ∂ 3.0 dashed",
        "n3: constant 1.0",
        "n4: interior v2 data -5.0 grad 0.0",
        "n4_op: +",
        "n4_op -> n4: dashed",
        "n2 -> n4_op: ∂ 1.0 dashed",
        "n3 -> n4_op",
        "n5: interior v3 data -5.0 grad 0.0",
        "n5_op: detach",
        "n5_op -> n5: dashed",
        "n4 -> n5_op: ∂ 0.0 dashed",
        "n6: root y data -0.999909 grad 1.0",
        "n6_op: tanh",
        "n6_op -> n6",
        "n5 -> n6_op: ∂ 0.000181583",
    ]
    assert outline(draw([x, w], max_nodes=1)) == ["n0: root x data 3.0 grad 0.0"], "a gradient that is there is shown"


SQUARE = [
    *("n0: leaf x data 3.0 grad {}", "n1: interior v1 data {} grad {}"),
    *("n2: constant 1.0", "n3: root v2 data {} grad {}"),
]
V1, V3 = ["n1_op -> n1", "n0 -> n1_op", "n0 -> n1_op"], ["n3_op -> n3", "n1 -> n3_op", "n2 -> n3_op"]
WALK = [
    ("— — — — —", [], ""),
    ("— 9.0 — — —", ["n1", *V1], "∂ 3.0 ∂ 3.0"),
    ("— 9.0 — 10.0 —", ["n3", *V3], "∂ 3.0 ∂ 3.0 ∂ 1.0"),
    ("— 9.0 — 10.0 1.0", ["n3", *V3], "∂ 3.0 ∂ 3.0 ∂ 1.0"),
    ("— 9.0 1.0 10.0 1.0", ["n1", *V3[:2]], "∂ 3.0 ∂ 3.0 ∂ 1.0"),
    ("3.0 9.0 1.0 10.0 1.0", ["n0", *V1[:2]], "∂ 3.0 ∂ 3.0 ∂ 1.0"),
    ("6.0 9.0 1.0 10.0 1.0", ["n0", *V1[:2]], "∂ 3.0 ∂ 3.0 ∂ 1.0"),
]


def test_the_picture_of_a_walk_has_what_is_known_and_the_last_step() -> None:
    x = Value(3.0, label="x")
    walk = Stepper(x * x + 1)
    edges = []
    for numbers, lit, partials in WALK:
        lines = outline(walk.draw())
        left = iter(numbers.split())
        boxes = [line.removesuffix(" lit") for line in lines if re.match(r"n\d:", line)]
        assert boxes == [re.sub(r"\{\}", lambda _, left=left: next(left), line) for line in SQUARE]  # type: ignore[misc]
        assert [line.partition(":")[0] for line in lines if line.endswith("lit")] == lit
        assert " ".join(re.findall("∂ [0-9.]+", " ".join(lines))) == partials
        edges.append([k for k, line in enumerate(lines) if line.startswith("n0 ->") and line.endswith("lit")])
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
        "from autograd import *; from autograd.show.pictures.draw import draw; "
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


def test_a_picture_has_no_background_and_the_light_colors_of_the_palette() -> None:
    loss, parameters = toy_network()
    text = draw(loss, partials=True, parameters=parameters, highlight=[loss]).dot
    assert "\tgraph [" in text
    assert "bgcolor" not in text.splitlines()[1]
    assert {*re.findall(r"#\w{6}", text)} <= {color.light for color in PALETTE.values()}


def test_no_text_is_smaller_than_nine_points() -> None:
    loss, _ = toy_network()
    for drawn in (draw(loss, partials=True), draw(loss, max_nodes=3), Stepper(loss).draw(), draw(sum_of_copies(9))):
        shown = [float(e.get("font-size", "0")) for e in elements(drawn) if tag(e) == "text"]
        assert min(shown) >= 9


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


# ── the signs of operations ──


def test_powers_of_plain_numbers_show_their_exponents_and_no_box() -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    for power, sign in (
        *((a**2, "( )²"), (a.square(), "( )²"), (a**3, "( )³"), (a**-1, "( )⁻¹"), (a**12, "( )¹²")),
        *((a**0.5, "( )^0.5"), (a**-2.5, "( )^-2.5")),
    ):
        assert outline(draw(power))[2] == f"n1_op: {sign}"
        assert summary(draw(power)) == "Drawing(2 nodes, 1 edge)"
    assert "n2_op: xʸ" in outline(draw(a**b))
    assert "n0: constant 2.0" in outline(draw(2**a))
    assert "n0: constant 2.0" in outline(draw(2 * a)), "a factor stays"


def test_a_sum_of_products_shows_which_operand_meets_which() -> None:
    w, x = ([Value(float(i), label=f"{name}{i}") for i in range(3)] for name in "wx")
    lines = [line.partition(" [")[0].strip() for line in draw(dot(w, x)).dot.splitlines() if "_op" in line]
    ends = [line.split(" -> ")[1] for line in lines if "_op:p" in line]
    assert ends == ["n6_op:p0:w", "n6_op:p0:w", "n6_op:p1:w", "n6_op:p1:w", "n6_op:p2:w", "n6_op:p2:w"]
    starts = [line.split(" -> ")[0] for line in lines if "_op:p" in line]
    assert starts == ["n0", "n3", "n1", "n4", "n2", "n5"]
    assert "n6_op:p0:n" in draw(dot(w, x), direction="TB").dot


@given(st.integers(1, 12), st.integers(3, 30), st.sampled_from(DIRECTIONS))
@settings(max_examples=20, deadline=None)
def test_a_cut_sum_of_products_keeps_whole_pairs(pairs: int, max_nodes: int, direction: str) -> None:
    w, x = ([Value(float(i), label=f"{name}{i}") for i in range(pairs)] for name in "wx")
    picture = draw(dot(w, x), max_nodes=max_nodes, direction=direction)
    shown = {text for text in texts(picture) if text[0] in "wx"}
    assert {f"w{text[1:]}" for text in shown} == {text for text in shown if text[0] == "w"}
    assert len(re.findall("_op:p", picture.dot)) == len(shown)


def test_softmax_and_cross_entropy_are_one_step() -> None:
    zs = [Value(float(i), label=f"z{i}") for i in range(3)]
    loss = cross_entropy(zs, 2)
    loss.backward()
    picture = outline(draw(loss, partials=True))
    assert picture[4] == "n3_op: cross-entropy, class 2"
    shares = [math.exp(z.data) / sum(math.exp(k.data) for k in zs) for z in zs]
    found = [float(re.findall(r"∂ (\S+)", line)[0]) for line in picture if "->" in line and "∂" in line]
    assert found == [pytest.approx(p - (i == 2), rel=1e-5, abs=0.0) for i, p in enumerate(shares)]
    assert any("detach" in line for line in outline(draw(loss, inner=True)))
    assert "n3_op: softmax, class 1" in outline(draw(softmax(zs)[1]))


def test_a_sum_of_products_is_as_long_as_the_row_of_operands_that_nothing_else_uses() -> None:
    w, x = ([Value(0.5, label=f"{name}{i}") for i in range(4)] for name in "wx")
    assert 'HEIGHT="162"' in draw(dot(w, x)).dot
    assert 'WIDTH="170"' in draw(dot(w, x), direction="BT").dot
    assert 'HEIGHT="162"' not in draw(dot(w, x) + x[0]).dot


def test_lines_between_operations_are_kept_straight() -> None:
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    lines = {line.strip().partition(" [")[0]: line for line in draw((x * w).tanh()).dot.splitlines()}
    assert {name for name, line in lines.items() if "weight=4" in line} == {"n2_op -> n2", "n3_op -> n3", "n2 -> n3_op"}


# ── the flow of gradients ──


def test_lines_are_thinner_among_many() -> None:
    def widest(picture: Drawing) -> float:
        return max(float(width) for width in re.findall(r"->.*penwidth=([\d.]+)", picture.dot))

    assert CROWDED < widest(draw(toy_network()[0])) <= WIDE
    assert THIN < widest(draw(mlp(2, 16, 16, 1)[0])) <= CROWDED


def test_before_a_sweep_a_gradient_of_zero_is_a_dash() -> None:
    x = Value(3.0, label="x")
    y = x.exp() * 0.0
    assert draw(y).dot.count("—") == 3
    assert "upstream" not in draw(y).dot
    x.grad = 0.5
    assert outline(draw(y))[0] == "n0: leaf x data 3.0 grad 0.5"
    y.backward()
    assert "—" not in draw(y).dot
    assert "upstream" in draw(y).dot
    assert "upstream" not in draw(y, flow=False).dot


def colors(picture: Drawing) -> dict[str, str]:
    """The roles of the colors of the lines."""
    roles = {PALETTE[role].light: role for role in ("plus", "minus", "zero", "bad")} | {PALETTE["line"].light: ""}
    lines = [line.strip().partition(" [") for line in picture.dot.splitlines() if "->" in line]
    found = {name: re.search(r'color="(#\w+)"', rest) for name, _, rest in lines}
    return {name: roles[color[1]] if color else "" for name, color in found.items()}


def test_lines_have_the_color_of_what_flows_along_them() -> None:
    x, w = Value(-2.0, label="x"), Value(1.0, label="w")
    y = (x * w).relu() + 3.0 * w - x
    y.backward()
    found = colors(draw(y))
    assert found["n0 -> n2_op"] == found["n1 -> n2_op"] == found["n2 -> n3_op"] == "zero", "a relu that is dead"
    assert {role for name, role in found.items() if name.startswith("n4 ")} == {""}, "nothing flows to a constant"
    assert found["n0 -> n7_op"] == "minus"
    assert found["n1 -> n5_op"] == "plus"
    dashed = [line for line in draw(y).dot.splitlines() if "n2 -> n3_op" in line]
    assert all("dashed" in line for line in dashed)
    z = (Value(0.0, label="z") * math.inf).exp()
    z.backward()
    assert colors(draw(z)) == {
        "n2_op -> n2": "bad",
        "n0 -> n2_op": "bad",
        "n1 -> n2_op": "",
        "n3_op -> n3": "plus",
        "n2 -> n3_op": "bad",
    }


def test_the_legend_has_what_there_is() -> None:
    x = Value(3.0, label="x")
    y = -x
    y.backward()
    assert "lines: upstream gradient × local derivative, + orange, - blue; the widest is 1" in " ".join(
        texts(draw(y))
    ).replace("  ", " ").replace(" ,", ",").replace(" ;", ";")
    legend = " ".join(texts(draw(x.exp())))
    assert "upstream" not in legend


# ── parts that are asked for ──


def test_between_has_what_lies_on_paths_between_two_nodes() -> None:
    a, b, c = (Value(float(i), label=name) for i, name in enumerate("abc"))
    left, right = a * b, b.exp()
    y = left.tanh() + right * c
    y.label = "y"
    for pair in ((a, y), (y, a), ("a", "y"), ["a", y]):
        picture = draw(y, between=pair)  # type: ignore[arg-type]
        assert summary(picture) == "Drawing(4 nodes, 3 edges)"
        assert "the paths between a and y: 4 nodes" in picture.dot
        assert "more" not in picture.dot
        assert "= a·b" in texts(picture), "an operand that is left out is in the formula"
    many = [Value(1.0, label=f"{name}!") for name in "abcdefghijklmnopqrst"]
    long = total(many)
    assert "= a! + b! + c! + … + i! + … + r! + s! + t!" in texts(draw(long, between=(many[8], long)))
    assert summary(draw(y, between=(b, y))) == "Drawing(6 nodes, 6 edges)"
    with pytest.raises(ValueError, match="draw: no path leads from c to a, so nothing is between them"):
        draw(y, between=(a, c))
    with pytest.raises(ValueError, match="nothing in this graph is called 'q'"):
        draw(y, between=(a, "q"))
    with pytest.raises(ValueError, match="is no part of the graph of y"):
        draw(y, between=(Value(1.0), y))


def test_a_sum_of_products_with_a_part_outside_is_a_formula() -> None:
    w, x = ([Value(0.5, label=f"{name}[{i}]") for i in range(4)] for name in "wx")
    y = dot(w, x)
    picture = draw(y, between=(w[1], y))
    assert "= w·x" in texts(picture)
    assert picture.dot.count(" -> ") == picture.dot.count("n0:e -> n1:w") == 1


@given(graphs(), st.data())
@settings(max_examples=60, deadline=None)
def test_between_is_what_is_above_one_and_below_the_other(root: Value, data: st.DataObject) -> None:
    order = topological_order(root)
    low, high = data.draw(st.sampled_from(order)), data.draw(st.sampled_from(order))
    if low is not high and low not in below(high) and high not in below(low):
        return
    low, high = (high, low) if high in below(low) else (low, high)
    count = sum(v in below(high) and low in below(v) for v in order)
    picture = draw(root, between=(low, high))
    assert f": {counted(count, 'node')}<" in picture.dot
    assert summary(picture).startswith(f"Drawing({counted(count, 'node')}, ")


def test_an_explanation_draws_its_paths() -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    y = a * b + a.exp()
    y.label = "y"
    assert explain(y, a).draw().dot == draw(y, between=(a, y), partials=True).dot
    assert summary(explain(y, y).draw()) == "Drawing(1 node, 0 edges)"


def test_a_node_inside_softmax_opens_it_when_it_is_asked_for() -> None:
    zs = [Value(float(i), label=f"z{i}") for i in range(3)]
    loss = cross_entropy(zs, 2)
    inside = loss.operands[0]
    assert summary(draw(loss, between=(inside, loss))) == "Drawing(2 nodes, 1 edge)"
    assert LIT in draw(loss, highlight=[inside]).dot
    assert "cross-entropy" in draw(loss, highlight=[Value(1.0)]).dot, "a node of another graph opens nothing"


def below(v: Value) -> list[Value]:
    return topological_order(v)


@given(graphs(), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_depth_is_a_number_of_operations_below_the_root(root: Value, depth: int) -> None:
    reached, layer = [root], [root]
    for _ in range(depth):
        layer = [k for v in layer for k in v.operands if not any(k is r for r in reached)]
        reached += list({id(k): k for k in layer}.values())
    picture = draw(root, depth=depth)
    assert summary(picture).startswith(f"Drawing({counted(len(reached), 'node')}, ")
    cut = len(reached) < len(topological_order(root))
    assert (
        f"at most {counted(depth, 'operation')} below the root; draw(root, depth={depth + 1})" in picture.dot
    ) == cut


# ── networks ──


def test_a_neuron_is_one_box() -> None:
    loss, _ = mlp(2, 16, 16, 1)
    picture = draw(loss)
    assert summary(picture) == "Drawing(36 nodes, 305 edges)"
    shown = texts(picture)
    assert sum(text.startswith("= relu(") for text in shown) == 32
    assert f"{len(Tape(loss)):,} nodes in 36 boxes: what is used once" in " ".join(shown)
    assert max(map(columns, (text for text in shown if text.startswith("=")))) <= WIDTH + 2
    assert summary(draw(loss, fold=False)).startswith("Drawing(200 nodes")
    assert "relu(" not in draw(loss, fold=False, max_nodes=10**6).dot


def test_a_network_of_many_steps_is_drawn() -> None:
    """Once this took the layout 41 seconds; a minute is the most that a layout gets."""
    cell, h = RNNCell(4, 8, rng=Random(1)), None
    for _ in range(50):
        h = cell([Value(0.1), Value(0.2), Value(0.3), Value(0.4)], h)
    loss = total(h or [])
    loss.backward()
    assert "<svg" in draw(loss).svg()


def test_a_leaf_of_150_uses_is_drawn_again_beside_them() -> None:
    """Once this took the layout more than a minute, which is the most that a layout gets."""
    picture = draw(sum_of_copies(150))
    assert "<svg" in picture.svg()
    assert summary(picture) == "Drawing(152 nodes, 300 edges)"
    copies = [line for line in picture.dot.splitlines() if re.match(r"\tn1_\d+ \[", line)]
    assert len(copies) == 148
    assert all("<x = 0.5>" in line and "dashed" in line for line in copies)
    assert len(re.findall(r"\tn1 -> ", picture.dot)) == 2
    assert not re.findall(r"\tn\d+_\d+ ", draw(sum_of_copies(3)).dot), "three uses are no star"


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


@pytest.mark.filterwarnings("ignore:no font here has")  # A box does no harm.
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_leave_the_shape_of_the_picture_alone(label: str) -> None:
    root = Value(1.0, label=label).tanh()
    root.label = label
    picture = draw(root)
    assert (groups(picture, "node"), groups(picture, "edge")) == (3, 2)
    assert {tag(e) for e in elements(picture)} <= DRAWN_TAGS
    assert picture.png().startswith(b"\x89PNG")


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=LENGTH))
@settings(max_examples=100, deadline=None)
def test_a_printable_label_survives(label: str) -> None:
    assume(label.isprintable() and sum(max(1, columns(c)) for c in label) <= LENGTH)
    assert spaces_alike(label) in map(spaces_alike, texts(draw(Value(1.0, label=label))))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a\0b\nc\x7f", "a␀b␊c␡"),
        ("\ud800x\ufffe", "\ufffdx\ufffd"),
        ("\u202eabc", "\ufffdabc"),
        ("&amp;\\N", "&amp;\\N"),
        ("l" * 100_000, "l" * (LENGTH - 1) + "…"),
        ("l" * LENGTH, "l" * LENGTH),
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
    assert "200 of 16,667 boxes shown, nearest to the root; draw(root, max_nodes=…) draws more" in shown
    assert [t for t in shown if t.startswith("…")] == [f"… {50_001 - 2 - 199 * 3:,} more"], (
        "three operations in a box, and two in the last"
    )
    plain = draw(v, fold=False)
    assert summary(plain) == "Drawing(200 nodes, 199 edges)"
    assert "200 of 50,001 nodes shown, nearest to the root; draw(root, max_nodes=…) draws more" in texts(plain)
    assert [t for t in texts(plain) if t.endswith("1 more")] == ["… 49,801 more"]


def test_a_small_graph_has_no_notice() -> None:
    assert not [t for t in texts(draw(toy_network()[0], max_nodes=14)) if "shown" in t or "more" in t]
    assert "14 of 15 nodes shown" in draw(toy_network()[0], max_nodes=13, fold=False).dot


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
def test_a_cut_picture_counts_right(root: Value, max_nodes: int) -> None:
    picture = draw(root, max_nodes=max_nodes, fold=False)
    tape = Tape(root)
    part = nearest(boxes(tape), tape.roots, max_nodes)
    signs = {tape.operands_of(k)[1] for k in range(len(tape)) if tape.operation(k) == "power"}
    assert part.shown == sorted(set(part.shown))
    assert part.shown[-1] == tape.place(root)
    assert len(part.shown) <= max_nodes
    assert (len(part.shown) == len(tape) - len(signs)) == ("nodes shown" not in picture.dot)
    for place in part.shown:
        operands = tape.operands_of(place)
        lines = [line for line in part.operands[place] if line is not None]
        assert all(line.source in part.shown for line in lines)
        drawn = [position for line in lines for user, position in line.uses if user == place]
        assert [operands[i] for i in drawn] == [line.source for line in lines]
        left_out = [k for i, k in enumerate(operands) if i not in drawn and k not in signs]
        hidden = reach(tape, left_out, {*part.shown})
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
    shown = {id(tape.node(place)) for place in nearest(boxes(tape), tape.roots, max_nodes).shown}
    assert len(shown) == max_nodes
    assert max(distance[i] for i in shown) <= min(distance[i] for i in distance.keys() - shown)


def test_a_graph_of_two_thousand_nodes_may_be_drawn_whole() -> None:
    v = Value(0.0)
    for _ in range(1999):
        v = v.tanh()
    for root, remedy in ((v, "max_nodes=2000) draws all"), (v.exp(), "max_nodes=…) draws more")):
        count = len(topological_order(root))
        assert (
            f"1 of {count:,} nodes shown, nearest to the root; draw(root, {remedy}"
            in draw(root, max_nodes=1, fold=False).dot
        )


def test_a_thicket_of_lines_is_laid_out_in_haste() -> None:
    """A hundred and fifty nodes, each the sum of all before it, of which the first and the last are drawn."""
    vs = [Value(1.0)]
    for _ in range(149):
        vs.append(total(vs))
    picture = draw(vs[-1])
    assert len(re.findall(" -> ", picture.dot)) <= LINES + 2 * 149
    attributes = haste(picture.dot)
    assert attributes
    assert all(f"{name}={value}" in picture.dot for name, value in attributes.items())
    assert "nslimit" not in draw(toy_network()[0]).dot


def test_more_roots_than_nodes_to_draw() -> None:
    assert "3 of 10 nodes shown" in draw([Value(float(i)) for i in range(10)], max_nodes=3).dot


# ── mistakes ──


@pytest.mark.parametrize("wrong", [3.0, "x", None, [Value(1.0), 2.0], draw, b"x", {"v": 1}])
def test_only_values_are_drawn(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"draw takes a Value, not .*; wrap a number as Value\(number\)"):
        draw(wrong)


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
    for wrong in (v, "vw", [v], (v, v, v), 3):
        with pytest.raises(TypeError, match=r"draw: between takes two nodes, as in between=\(w, loss\), not "):
            draw(v, between=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "9", None, True])
def test_counts_are_positive_ints(wrong: object) -> None:
    with pytest.raises(ValueError, match="draw: max_nodes is a whole number from 1, not "):
        draw(Value(1.0), max_nodes=wrong)  # type: ignore[arg-type]
    if wrong is not None:
        with pytest.raises(ValueError, match="draw: depth is a whole number from 1, not "):
            draw(Value(1.0), depth=wrong)  # type: ignore[arg-type]


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
