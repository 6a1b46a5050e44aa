"""The network view: every unit and weight of a model is where the model has it, and looks as large as it is."""

import math
import re
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw, losses, networks, nn
from autograd.show.pictures.arrangement import ENDS, MOST_COLUMNS, MOST_UNITS
from autograd.show.pictures.chart import draw_curves
from autograd.show.pictures.network import draw_network
from autograd.show.pictures.opened import opened
from autograd.show.pictures.palette import PALETTE
from autograd.show.pictures.stages import NOWHERE, Stage, stages_of

sizes = st.lists(st.integers(1, 5), min_size=2, max_size=5)


def mlp(sizes: list[int], **options: Any) -> nn.MLP:
    return nn.MLP(sizes[0], sizes[1:], rng=Random(1), **options)


def edges(dot: str) -> list[dict[str, str]]:
    """The attributes of the edges of a picture."""
    lines = re.findall(r"^\tu\d+ -> u\d+ \[(.*)\]$", dot, re.MULTILINE)
    return [dict(re.findall(r'(\w+)="?([^" ]*)"?', line)) for line in lines]


def names(stage: Stage) -> list[str]:
    return [unit.name for unit in stage.units]


# ── stages ──


@given(sizes, st.sampled_from(["relu", "tanh", "linear", "softplus"]), st.booleans(), st.booleans())
def test_an_mlp_has_a_stage_for_each_layer(sizes: list[int], activation: str, bias: bool, called: bool) -> None:
    model = mlp(sizes, activation=activation, bias=bias)
    x: list[Any] = [0.5 * i - 1 for i in range(sizes[0])]
    first, *stages = stages_of(model, x if called else None)
    assert names(first) == [f"x[{i}]" for i in range(sizes[0])]
    assert [unit.value for unit in first.units] == (x if called else [None] * sizes[0])
    symbols = ["z" if activation == "linear" else "h"] * (len(sizes) - 2) + ["z"]
    for n, (stage, layer, symbol) in enumerate(zip(stages, model.layers, symbols, strict=True), 1):
        assert names(stage) == [f"{symbol}{n}[{i}]" for i in range(sizes[n])]
        assert stage.starts == [(n - 1, i) for i in range(sizes[n - 1])]
        assert stage.depth == n
        assert stage.sources == [n - 1]
        for i, neuron in enumerate(layer.neurons):
            assert [stage.weights(i, j) for j in range(len(neuron.w))] == [[w] for w in neuron.w]
        if called:
            x = model.layers[n - 1](x)
            x = x if isinstance(x, list) else [x]
            assert [unit.value for unit in stage.units] == [v.data for v in x]


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5))
def test_a_cell_has_a_stage_for_each_step(nin: int, nhidden: int, steps: int) -> None:
    cell = nn.RNNCell(nin, nhidden, rng=Random(1))
    xs = [[0.1 * t + i for i in range(nin)] for t in range(steps)]
    stages = stages_of(cell, xs)
    assert [stage.kind for stage in stages] == ["input", "cell"] * steps
    state: list[Value] | None = None
    for t in range(steps):
        inputs, stage = stages[2 * t : 2 * t + 2]
        state = cell(xs[t], state)
        assert [unit.value for unit in inputs.units] == xs[t]
        assert [unit.value for unit in stage.units] == [v.data for v in state]
        assert inputs.depth == stage.depth == stages[1].depth + t
        before = [(2 * t - 1, i) for i in range(nhidden)] if t else [NOWHERE] * nhidden
        assert [*stage.starts] == [(2 * t, i) for i in range(nin)] + before
        row = cell.weight_ih[0] + cell.weight_hh[0]
        assert [stage.weights(0, j) for j in range(len(row))] == [[w] for w in row]
    assert names(stages[-1]) == [f"h[{i},t={steps}]" for i in range(nhidden)] or nhidden == 1
    assert nhidden > 1 or names(stages[-1]) == [f"h[t={steps}]"]


def test_the_gates_of_a_cell_share_their_lines() -> None:
    cell = nn.LSTMCell(1, 2, rng=Random(1))
    (stage,) = [stage for stage in stages_of(cell, [[0.5]]) if stage.kind == "cell"]
    assert stage.weights(1, 0) == [cell.weight_ih[row][0] for row in (1, 3, 5, 7)]
    cell.weight_ih[5][0].data = -7.0
    drawn = edges(draw_network(cell, [[0.5]]).dot)
    assert len(drawn) == 2
    assert max(float(edge["penwidth"]) for edge in drawn) == float(drawn[-1]["penwidth"])
    assert drawn[-1]["color"].startswith(PALETTE["minus"].light)


def test_models_of_several_kinds_of_layers() -> None:
    titles = [(stage.kind, stage.title, stage.sources) for stage in stages_of(*example(networks.convolution))]
    assert titles == [("convolution", "filters", []), ("dense", "scores", [0])]
    titles = [(stage.kind, stage.title, stage.sources) for stage in stages_of(*example(networks.names))]
    assert titles == [
        *[("input", "input", []), ("dense", "embedding", [0])],
        *[("dense", "layers 1", [1]), ("dense", "layers 2", [2])],
    ]
    stages = stages_of(*example(networks.attention))
    assert [stage.title for stage in stages] == ["input", "query", "key", "value", "out"]
    assert stages[-1].sources == [1, 2, 3]
    assert all(start == NOWHERE for start in stages[-1].starts)
    stages = stages_of(*example(networks.rnn))
    assert [stage.title for stage in stages[-3:]] == ["x at t=50", "t = 50", "readout"]
    assert stages[-1].starts == [(99, i) for i in range(8)]


def example(network: Any) -> tuple[Any, Any]:
    """The model of a lesson and its first input."""
    _, inputs, model = network()
    return model, inputs[0]


def test_without_an_input_the_layers_follow_one_another() -> None:
    cell = nn.RNNCell(2, 1)
    assert [names(stage) for stage in stages_of(cell, None)] == [["x[0,t]", "x[1,t]"], ["h[0,t-1]"], ["h[0,t]"]]
    model = nn.Sequential(nn.Linear(2, 3), "tanh", nn.Linear(3, 1))
    assert [names(stage) for stage in stages_of(model, None)][1:] == [["h1[0]", "h1[1]", "h1[2]"], ["z2[0]"]]
    convolution = example(networks.convolution)[0]
    kinds = [(stage.kind, len(stage.units), stage.sources) for stage in stages_of(convolution, None)]
    assert kinds == [("convolution", 8, []), ("input", 72, [0]), ("dense", 10, [1])]


def test_labels_of_the_user_win() -> None:
    x = Value(1.0, label="left")
    stages = stages_of(nn.MLP(2, [1, 1]), [x, 0.0])
    assert names(stages[0]) == ["left", "x[1]"]


# ── one unit ──


@pytest.mark.parametrize("unit", ["layers.0[2]", "h1[2]"])
def test_a_unit_is_opened_into_its_graph(unit: str) -> None:
    model = mlp([2, 3, 1], activation="tanh")
    picture = draw(model, [0.5, -1.0], open=unit, partials=True)
    assert repr(picture).startswith("Drawing(8 nodes, 7 edges)")
    for name in ("h1[2]", "z1[2]", "w1[2,0]", "w1[2,1]", "b1[2]"):
        assert f"<B>{name}</B>" in picture.dot.replace("&#93;", "]")
    assert "h1[0" not in picture.dot


def test_a_unit_of_a_later_layer_ends_at_its_inputs() -> None:
    model = mlp([2, 3, 1], activation="tanh")
    dot = draw(model, [0.5, -1.0], open="layers.1[0]").dot.replace("&#93;", "]")
    assert all(f"<B>{name}</B>" in dot for name in ("h1[0]", "h1[1]", "h1[2]", "z2[0]"))
    assert "w1[" not in dot


@pytest.mark.parametrize(("unit", "name"), [("[1]", "h[1,t=1]"), ("[1,t=3]", "h[1,t=3]"), ("h[0,t=2]", "h[0,t=2]")])
def test_a_step_of_a_cell_is_opened(unit: str, name: str) -> None:
    found = opened(nn.RNNCell(1, 2), [[0.5]] * 3, unit)
    assert found.names[found.output] == name
    assert {found.names[place] for place in found.places} & {"h[0,t=1]", "h[0,t=2]"} or "t=1" in name


def test_units_that_are_not_there() -> None:
    model = mlp([2, 3, 1])
    with pytest.raises(ValueError, match=r"no unit of this network is called 'layers.0\[3\]'; did you mean 'layers.0"):
        draw(model, [1, 2], open="layers.0[3]")
    with pytest.raises(ValueError, match=r"is called 'q'; there are layers.0\[0\], layers.0\[1\], .*layers.1\[0\]"):
        draw(model, [1, 2], open="q")
    with pytest.raises(TypeError, match=r"open='layers.0\[0\]' opens a unit with its numbers, so it needs x"):
        draw(model, open="layers.0[0]")
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"open is a unit by its layer and position, as in .*, not 3"):
        draw(model, [1, 2], open=wrong)


# ── one function for all pictures ──


def test_draw_knows_models_and_curves() -> None:
    model = mlp([2, 3, 1])
    assert draw(model).dot == draw_network(model).dot
    assert draw(model, [1, 2], show="grad").dot == draw_network(model, [1, 2], show="grad").dot
    assert draw([1.0, 0.5], title="loss").dot == draw_curves([1.0, 0.5], title="loss").dot


@pytest.mark.parametrize(
    ("thing", "options", "kind"),
    [
        (nn.Neuron(1), {"partials": True}, "a network"),
        (nn.Neuron(1), {"title": "t"}, "a network"),
        (nn.Neuron(1), {"x": [1.0], "open": "[0]", "show": "grad"}, "a unit of a network"),
        ([1.0, 2.0], {"max_nodes": 3}, "curves"),
        ([1.0, 2.0], {"x": [1.0]}, "curves"),
        (Value(1.0), {"x": 1.0}, "a graph"),
        (Value(1.0), {"up": "y"}, "a graph"),
    ],
)
def test_options_of_another_kind_of_picture_are_refused(thing: Any, options: dict[str, Any], kind: str) -> None:
    name = [*options][-1]
    with pytest.raises(TypeError, match=f"draw: {name} is no option for the picture of {kind}; leave it out"):
        draw(thing, **options)


# ── the picture ──


def test_the_colour_of_a_line_is_its_sign_and_its_width_its_size() -> None:
    neuron = nn.Neuron(4, nonlin=False)
    for w, data in zip(neuron.w, [0.5, -2.0, 0.0, math.inf], strict=True):
        w.data = data
    drawn = edges(draw_network(neuron).dot)
    roles = ["zero", "plus", "minus", "bad"]  # the smallest is below the others
    assert [edge["color"][:7] for edge in drawn] == [PALETTE[role].light for role in roles]
    widths = [float(edge["penwidth"]) for edge in drawn]
    assert widths == sorted(widths)
    assert drawn[0]["style"] == "dashed"
    assert [edge["tooltip"] for edge in drawn] == ["0", "0.5", "-2", "inf"]


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6))
def test_larger_weights_have_wider_lines(weights: list[float]) -> None:
    neuron = nn.Neuron(len(weights), nonlin=False)
    for w, data in zip(neuron.w, weights, strict=True):
        w.data = data
    drawn = [edge for edge in edges(draw_network(neuron).dot) if edge.get("style") != "dashed"]
    for small, large in pairwise(drawn):
        assert abs(float(small["tooltip"])) <= abs(float(large["tooltip"]))
        assert any(weights) is False or float(small["penwidth"]) <= float(large["penwidth"])


def test_gradients_are_shown_on_demand() -> None:
    model = mlp([2, 2, 1], activation="tanh")
    assert "call backward() on a loss first" in draw_network(model, show="grad").dot
    losses.mse(model([0.5, -1.0]), 2.0).backward()
    dot = draw_network(model, [0.5, -1.0], show="grad").dot
    assert "size of the gradient" in dot
    assert sorted(edge["tooltip"] for edge in edges(dot)) == sorted(
        f"{w.grad:.6g}" for layer in model.layers for neuron in layer.neurons for w in neuron.w
    )
    assert "size of the weight" in draw_network(model, [0.5, -1.0]).dot


def test_tall_columns_and_long_rows_are_folded() -> None:
    dot = draw_network(mlp([MOST_UNITS, MOST_UNITS + 1, 1])).dot
    assert f"… {MOST_UNITS + 1 - 2 * ENDS} more …" in dot
    assert len(edges(dot)) == MOST_UNITS * 2 * ENDS + 2 * ENDS
    steps = MOST_COLUMNS + 5
    dot = draw_network(nn.RNNCell(1, 1), [[0.5]] * steps).dot
    assert f"{steps - 8} more" in dot
    assert "t = 4" in dot
    assert "t = 5\\n" not in dot
    assert f"t = {steps}" in dot


def test_filters_are_squares() -> None:
    model = nn.Conv2d(2, 3, 2, rng=Random(1))
    dot = draw_network(model).dot
    squares = [dict(re.findall(r'(\w+)="?([^" ]*)"?', line)) for line in re.findall(r"u\d+w\d+ \[(.*)\]", dot)]
    weights = [w.data for f in model.weight for channel in f for row in channel for w in row]
    assert [square["tooltip"] for square in squares] == [f"{w:.6g}" for w in weights]
    for square, w in zip(squares, weights, strict=True):
        assert square["fillcolor"] == PALETTE["plus" if w > 0 else "minus"].light
        side = max(map(abs, weights)) ** -0.5 * abs(w) ** 0.5 * 0.184
        assert float(square["width"]) == pytest.approx(side, rel=1e-9, abs=6e-4)  # It is written with three digits.
    assert "u0w0" not in draw_network(nn.Conv2d(4, 1, 7)).dot


@pytest.mark.parametrize("label", ["<b>&\\N", 'quote"s', "ß→中", "a\nb", "]]>", "x" * 99])
def test_any_label_is_drawn_as_text(label: str) -> None:
    picture = draw_network(nn.Neuron(1), [Value(1.0, label=label)])
    assert "<svg" in picture.svg()


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 0.0, -1.23456e-300, 1e300, 123456.0])
def test_every_value_fits_into_its_unit(value: float) -> None:
    dot = draw_network(nn.Neuron(1, nonlin=False), [value]).dot
    label = re.search(r'u0 \[label="?([^" ]*)', dot)
    assert label is not None
    assert len(label[1]) <= 7


def test_mistakes_are_named() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            self.w = Value(1.0)

    class Parts(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Layer(1, 1)

    class Mute(Parts):
        def __call__(self, x: Any) -> float:
            return 1.0

    with pytest.raises(ValueError, match="show is 'weight' or 'grad', not 'weights'"):
        draw_network(nn.Neuron(1), show="weights")
    with pytest.raises(TypeError, match=r"Bare .* has no layers of autograd.nn; draw\(model\(x\)\)"):
        draw_network(Bare())
    with pytest.raises(TypeError, match="Parts has no __call__ for x"):
        draw_network(Parts(), [1.0])
    with pytest.raises(TypeError, match="Mute returned no Value for x"):
        draw_network(Mute(), [1.0])
    with pytest.raises(ValueError, match="takes 1 input, not 2"):
        draw_network(nn.Neuron(1), [1.0, 2.0])
