"""The pictures of a walk: one layout from its start to its end, and nothing of later steps."""

import re

from hypothesis import given, settings

from autograd import Stepper, Tape, Value, dot
from autograd.show.digits import alone, data_texts
from autograd.show.pictures.picture import render
from tests.test_draw import graphs, toy_network

SHAPES = re.compile(r'<(?:polygon|ellipse|polyline|path)[^>]*?((?: (?:points|cx|cy|rx|ry|d)="[^"]*")+)')


def layout(dot_text: str) -> list[str]:
    """The places of all boxes, and of the ends of lines but their heads, whose size is that of the flow."""
    svg = render(dot_text, "svg").decode()
    parts = re.findall(r'<g id="node\d+" class="node">(.*?)</g>', svg, re.S)
    size = re.search(r'<svg width="\w+" height="\w+"', svg)
    assert size is not None
    return [size[0], *(shape for part in parts for shape in SHAPES.findall(part))]


@given(graphs(8))
@settings(max_examples=12, deadline=None)
def test_all_pictures_of_a_walk_have_one_layout(root: Value) -> None:
    walk = Stepper(root)
    first = layout(walk.draw().dot)
    for position in {1, len(walk) // 3, len(walk) // 2, len(walk)}:
        walk.to(position)
        assert layout(walk.draw().dot) == first


def test_the_toy_network_keeps_its_layout_at_every_step() -> None:
    walk = Stepper(toy_network()[0])
    first = layout(walk.draw().dot)
    for _ in walk:
        assert layout(walk.draw().dot) == first


def test_copies_keep_their_size() -> None:
    s = h = Value(0.3, label="x").exp()
    for _ in range(60):
        s = s + h
    walk = Stepper(s)
    first = layout(walk.draw().dot)
    assert len(re.findall(r"^\tn1_\d+ \[", walk.draw().dot, re.M)) > 40
    for position in (1, 40, 90, len(walk)):
        walk.to(position)
        assert layout(walk.draw().dot) == first


@given(graphs(12))
@settings(max_examples=40, deadline=None)
def test_a_picture_tells_nothing_that_the_walk_has_not_reached(root: Value) -> None:
    tape, walk = Tape(root), Stepper(root)
    data = data_texts(tape, range(len(tape)))
    order = [place for place in range(len(tape)) if tape.operation(place)]
    for done in range(len(order) + 1):
        walk.to(done)
        text = walk.draw().dot
        boxes = re.findall(r"^\tn\d+ \[label=<<TABLE.*$", text, re.M)
        known = {place for place in range(len(tape)) if not tape.operation(place)} | {*order[:done]}
        shown = [re.sub(r"<[^>]*>?", " ", line.rpartition(">>")[0]).split() for line in boxes]
        drawn = [place for place in range(len(tape)) if not is_exponent(tape, place)]
        assert len(shown) == len(drawn)
        for place, words in zip(drawn, shown, strict=True):
            if tape.is_constant(place):
                assert words[-1] == data[place]
            else:
                assert words[-1] == "—", "no gradient before the backward phase"
                assert words[-3] == (data[place] if place in known else "—")
        partials = re.findall(r"∂ ([^<]*)<", text)
        formed = [
            alone(tape.partials[tape.starts[place] + i])
            for place in order[:done]
            for i, k in enumerate(tape.operands_of(place))
            if not tape.is_constant(k)
        ]
        assert sorted(partials) == sorted(formed)


def is_exponent(tape: Tape, place: int) -> bool:
    return any(
        tape.operation(k) == "power" and tape.operands_of(k)[1] == place and tape.is_constant(place)
        for k in range(len(tape))
    )


def test_the_backward_phase_lights_a_line_and_colors_those_before() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    walk = Stepper(dot([a, a], [b, b]))
    list(walk)
    colored = [line for line in walk.draw().dot.splitlines() if "->" in line and "penwidth" in line]
    assert len(colored) == 4 + 1
    walk.to(3)
    colored = [line for line in walk.draw().dot.splitlines() if "->" in line and "penwidth" in line]
    assert len(colored) == 1 + 1
