"""Pages of trainings without a browser: that their data are the recorder's, that they are safe and small."""

import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, losses, nn, optim, train
from autograd.page import Page, page
from autograd.page.curves import panels
from autograd.page.document import SCRIPTS, part
from autograd.page.numbers import exact, packed, rounded
from autograd.page.predictions import LETTERS, boundary, class_targets, predictions, scale, steps_of, surface
from autograd.page.training import MOST_SNAPSHOTS, training
from autograd.page.weights import MOST_ROWS, network, recomputed
from autograd.page.words import LANGUAGES, WORDS
from autograd.toy import Toy, _Record, story
from autograd.train import History, Recorder, Snapshot
from tests.test_draw import HOSTILE, graphs
from tests.test_page import Document, check_policy, data_of

XOR_BYTES, MOST_BYTES = 300_000, 2_000_000
"""A page of XOR with 200 snapshots has at most so many, and any page."""
FOUR = 5e-4
"""Relative: half of the last of four significant digits."""
THREE = 5e-3
XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]


def fitted(
    model: Any, rows: list[Any], loss: Any = losses.mse, *, epochs: int = 3, lr: float = 0.1, **options: Any
) -> Recorder:
    recorder = Recorder(every=options.pop("every", 1), **options.pop("recorder", {}))
    train.fit(model, rows, loss, optim.SGD(model.parameters(), lr=lr), epochs=epochs, record=recorder, **options)
    return recorder


def xor(epochs: int = 5, hidden: int = 3, **options: Any) -> Recorder:
    model = nn.MLP(2, [hidden, 1], activation="tanh", init="fan_in", rng=random.Random(1))
    return fitted(model, XOR, epochs=epochs, **options)


def classes(epochs: int = 3, rows: int = 12) -> Recorder:
    rng = random.Random(3)
    data = [([rng.gauss(k, 0.5), rng.gauss(-k, 0.5)], k % 3) for k in range(rows)]
    return fitted(nn.MLP(2, [4, 3], rng=rng), data, losses.cross_entropy, epochs=epochs)


def compiled(*, outputs: bool, with_model: bool) -> Recorder:
    pytest.importorskip("numpy")
    net = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
    x, t = autograd.inputs(2), autograd.inputs(name="t")
    y = net(x)
    options = {"outputs": y} if outputs else {}
    program = autograd.compile(losses.mse(y, t), (x, t), parameters=net, **options)
    recorder = Recorder(every=1, model=net if with_model else None)
    train.fit(program, XOR, optim.SGD(program, lr=0.1), epochs=4, record=recorder)
    return recorder


def unpacked(text: str, count: int = 6) -> list[float]:
    """The numbers of a packed text, as the script of the page reads it."""
    found: list[float] = []
    for number in text.split(","):
        found.append(float(number) if number else found[-1])
    return [*found, *[found[-1]] * (count - len(found))]


def near(shown: float | str, x: float, within: float) -> bool:
    y = float(shown)
    return math.isclose(x, y, rel_tol=within) or repr(x) == repr(y)


# ── the network ──


def test_weights_and_gradients_are_those_of_the_snapshots() -> None:
    recorder = xor()
    found = training(recorder)
    model = recorder.model
    assert isinstance(model, nn.MLP)
    paths = {id(v): path for path, v in model.named_parameters()}
    wanted: dict[str, str] = {}
    for k, layer in enumerate(model.layers, 1):
        for i, unit in enumerate(layer.neurons):
            wanted |= {f"w{k}[{i},{j}]": paths[id(w)] for j, w in enumerate(unit.w)}
            wanted[f"b{k}[{i}]"] = paths[id(unit.b)]
    shown = {name: [*map(unpacked, rows)] for name, *rows in found["network"]["parameters"]}
    assert shown.keys() == wanted.keys()
    for name, (weights, gradients) in shown.items():
        for one, weight, gradient in zip(recorder.snapshots, weights, gradients, strict=True):
            assert near(weight, one.parameters[wanted[name]], FOUR)
            assert near(gradient, one.gradients[wanted[name]], THREE)


def test_lines_lead_between_the_units_of_their_weights() -> None:
    net = training(xor())["network"]
    names = [unit["name"] for unit in net["units"]]
    assert names == ["x[0]", "x[1]", "h1[0]", "h1[1]", "h1[2]", "z2[0]"]
    for start, end, (number,) in net["links"]:
        layer, to, source = re.fullmatch(r"w(\d)\[(\d),(\d)\]", net["parameters"][number][0]).groups()  # type: ignore[union-attr]
        assert re.fullmatch(rf"[hz]{layer}\[{to}\]", names[end])
        assert re.fullmatch(rf"x\[{source}\]|h{int(layer) - 1}\[{source}\]", names[start])
    assert len(net["links"]) == 9
    assert [unit["kind"] for unit in net["units"]] == ["input"] * 2 + ["hidden"] * 3 + ["output"]
    for column in (net["units"][:2], net["units"][2:5]):
        assert len({unit["x"] for unit in column}) == 1
        assert [unit["y"] for unit in column] == sorted({unit["y"] for unit in column}), "from the top down"
    assert [unit.get("biases") is not None for unit in net["units"]] == [False, False, True, True, True, True]


def test_the_widest_line_is_the_largest_weight() -> None:
    recorder = xor()
    sizes = [[max(abs(x) for x in of.values()) for of in (one.parameters, one.gradients)] for one in recorder.snapshots]
    assert training(recorder)["network"]["largest"] == [rounded(max(column), 3) for column in zip(*sizes, strict=True)]


def test_outputs_of_units_are_those_of_the_model_with_the_parameters_of_then() -> None:
    recorder = xor()
    net = training(recorder)["network"]
    assert net["rows"] == [0, 1, 2, 3]
    model = recorder.model
    assert isinstance(model, nn.MLP)
    for at, one in enumerate(recorder.snapshots):
        for name, v in model.named_parameters():
            v.data = one.parameters[name]
        for row, (x, _) in enumerate(XOR):
            hidden = [h.data for h in model.layers[0](x)]
            wanted = [*x, *hidden, model(x).data]
            shown = [unpacked(series)[at] for series in net["outputs"][row]]
            assert all(near(y, z, THREE) for y, z in zip(shown, wanted, strict=True))


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_a_tape_computed_again_has_its_data(root: Value) -> None:
    tape = Tape(root)
    assert [*map(repr, recomputed(tape, {}))] == [*map(repr, tape.data)]


def test_a_model_that_chose_another_branch_shows_no_outputs() -> None:
    class Chooser(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(1, 1, init="zeros")
            self.calls = 0

        def __call__(self, x: Any) -> Value:
            y = self.layer(x)[0]
            return y if y.data > 0.5 else y * 3.0 + 1.0

    net = training(fitted(Chooser(), [([1.0], 2.0), ([0.5], 2.0)], lr=0.05, epochs=6))["network"]
    assert (net["rows"], net["outputs"]) == ([], [])
    assert len(net["links"]) == 1


def test_a_model_with_another_graph_for_another_input_shows_no_outputs() -> None:
    class Detour(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(1, 1, init="zeros")

        def __call__(self, x: Any) -> Value:
            y = Value(x[0]) * 0.0 if x[0] > 0.5 else 0.0
            return y + self.layer(x)[0]

    for second, rows in ((0.25, [0, 1]), (1.0, [])):
        assert training(fitted(Detour(), [([0.5], 2.0), ([second], 2.0)]))["network"]["rows"] == rows


def test_outputs_that_take_long_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = xor()
    operands = sum(len(entry.operands) for entry in Tape(recorder.model(XOR[0][0])))  # type: ignore[operator, misc]
    numbers = len(recorder.snapshots) * len(recorder.snapshots[0].parameters)
    for most, rows in ((numbers - 1, []), (2 * 6 * operands, [0, 3]), (10**6, [0, 1, 2, 3])):
        monkeypatch.setattr("autograd.page.weights.MOST_WORK", most)
        assert training(recorder)["network"]["rows"] == rows


def test_what_is_largest_for_a_short_time_is_not_the_widest() -> None:
    recorder = xor()
    keys = [*recorder.snapshots[0].parameters]
    sizes = [0.0, 0.0, 0.0, 2.0, 3.0]
    for row, wanted in ((sizes, 3), ([1.0, 1.0, 2.0, 1e9, math.inf], 20), ([0.0] * 5, 0), ([math.nan] * 5, 0)):
        shown = [Snapshot(k, 0, 1.0, dict.fromkeys(keys, -x), dict.fromkeys(keys, x)) for k, x in enumerate(row)]
        found = network(recorder, shown)
        assert found is not None
        assert found["largest"] == [wanted] * 2


def test_the_names_of_the_user_win() -> None:
    model = nn.Neuron(1, rng=random.Random(1))
    model.w[0].label, model.b.label = "slope", "</script>"  # type: ignore[union-attr]
    net = training(fitted(model, [([1.0], 2.0)]))["network"]
    assert [name for name, *_ in net["parameters"]] == ["slope", "</script>"]


def test_tall_layers_are_folded_and_only_shown_weights_are_there() -> None:
    model = nn.MLP(40, [30, 2], rng=random.Random(1))
    net = training(fitted(model, [([0.1] * 40, 1)] * 2, losses.cross_entropy))["network"]
    assert len(net["units"]) == 10 + 10 + 2
    assert [words for *_, words in net["more"]] == ["… 30 more …", "… 20 more …"]
    assert len(net["parameters"]) == 10 * 10 + 10 * 2 + 10 + 2


def test_cells_have_columns_by_step_and_filters_their_squares() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            self.cell, self.out = nn.RNNCell(1, 2, rng=random.Random(1)), nn.Linear(2, 1, rng=random.Random(2))

        def __call__(self, xs: Any) -> Value:
            h: Any = None
            for x in xs:
                h = self.cell(x, h)
            return self.out(h)[0]

    net = training(fitted(Reader(), [([[0.1], [0.5]], 1.0)]))["network"]
    titles = ["out · 1 linear", "t = 1 · 2 tanh", "t = 2 · 2 tanh", "x at t=1", "x at t=2"]
    assert sorted(name for *_, name in net["titles"]) == titles
    numbers = {name: number for number, (name, *_) in enumerate(net["parameters"])}
    assert len(numbers) == len(net["parameters"]), "a weight that is used at two steps is there once"

    class Seer(nn.Module):
        def __init__(self) -> None:
            self.conv = nn.Conv2d(1, 2, 2, rng=random.Random(1))

        def __call__(self, image: Any) -> Value:
            return sum(v for a in self.conv([image]) for row in a for v in row)  # type: ignore[return-value]

    net = training(fitted(Seer(), [([[0.1, 0.2], [0.5, 0.3]], 1.0)]))["network"]
    filters = net["units"]
    assert [unit["shape"] for unit in filters] == [[1, 2, 2]] * 2
    assert [len(unit["cells"]) for unit in filters] == [4, 4]


def test_a_layer_that_reads_filters_has_a_band_to_them_and_large_filters_no_squares() -> None:
    class Seer(nn.Module):
        def __init__(self) -> None:
            self.conv, self.out = nn.Conv2d(1, 2, 13, rng=random.Random(1)), nn.Linear(2, 1, rng=random.Random(2))

        def __call__(self, image: Any) -> Value:
            return self.out([v for a in self.conv([image]) for row in a for v in row])[0]

    net = training(fitted(Seer(), [([[0.1] * 13] * 13, 1.0)]))["network"]
    assert [unit["name"] for unit in net["units"]] == ["filter 0", "filter 1", "out.z[0]"]
    assert [unit.get("cells") for unit in net["units"]] == [[], [], None]
    assert net["bands"] == [[1, 2]]
    assert net["links"] == []
    assert net["units"][2]["title"] == "z[0]"


# ── curves ──


@given(st.lists(st.floats(1e-6, 1e6) | st.just(math.nan), min_size=1, max_size=400))
@settings(max_examples=50, deadline=None)
def test_marks_lie_on_the_curve(row: list[float]) -> None:
    shown = [Snapshot(k, 0, y, {}, {}) for k, y in enumerate(row)]
    across, (loss,) = panels(History(row[:-1]), shown)
    (curve,) = loss["curves"]
    places = {at: up for piece in curve["pieces"] for at, up in piece}
    assert len(curve["marks"]) == len(across["marks"]) == len(row)
    for at, up, y in zip(across["marks"], curve["marks"], row, strict=True):
        assert (up is None) == math.isnan(y)
        assert up is None or -1e-6 <= up <= 1.0 + 1e-6
        if len(row) < 200 and not math.isnan(row[0]) and up is not None and len(row) > 1:
            assert places[at] == up


def test_the_axis_is_logarithmic_as_that_of_a_chart_is() -> None:
    wide, narrow = ([Snapshot(k, 0, y, {}, {}) for k, y in enumerate(row)] for row in ([1.0, 1e-4], [1.0, 0.5]))
    for shown, ticks in ((wide, ["0.0001", "0.001", "0.01", "0.1", "1"]), (narrow, ["0", "0.5", "1.0"])):
        _, (loss,) = panels(History([1.0]), shown)
        assert [words for _, words in loss["ticks"]] == ticks


def test_validation_and_metrics_stand_at_the_ends_of_epochs() -> None:
    history = History([4.0, 2.0], validation=[3.0, 1.0], metrics={"accuracy": [0.25, 0.5], "none": []})
    shown = [Snapshot(k, 0, y, {}, {}) for k, y in enumerate([4.0, 2.0, 1.0])]
    _, (loss, accuracy) = panels(history, shown)
    assert [curve["name"] for curve in loss["curves"]] == ["loss", "validation"]
    assert loss["curves"][1]["numbers"] == ["NaN", 3.0, 1.0]
    assert accuracy["curves"][0]["numbers"] == ["NaN", 0.25, 0.5]
    assert accuracy["curves"][0]["pieces"][0][0][0] == 0.5


def test_the_mean_loss_of_several_batches_stands_in_the_middle_of_its_epoch() -> None:
    shown = [Snapshot(k, 0, y, {}, {}) for k, y in enumerate([4.5, 2.0, 1.0])]
    _, (loss,) = panels(History([4.0, 2.0]), shown)
    assert [at for at, _ in loss["curves"][0]["pieces"][0]] == [0.25, 0.75]


def test_a_snapshot_inside_an_epoch_stands_inside_it() -> None:
    across, _ = panels(History([4.0, 2.0]), [Snapshot(0, 0, 4.0, {}, {}), Snapshot(1, 3, 2.0, {}, {})])
    assert across["marks"] == [0.0, 0.75]


def test_losses_that_are_lost_are_marked() -> None:
    shown = [Snapshot(k, 0, y, {}, {}) for k, y in enumerate([1.0, math.nan, 2.0, math.inf])]
    _, (loss,) = panels(History([1.0, math.nan, 2.0]), shown)
    assert loss["curves"][0]["lost"] == [0.3333, 1.0]


# ── predictions ──


def recorded(targets: list[Any], outputs: list[Any], plane: Any = ()) -> tuple[Recorder, list[Snapshot]]:
    """A recorder with these rows, and one snapshot with these predictions."""
    recorder = Recorder()
    recorder.inputs, recorder.targets = [[float(i)] for i in range(len(outputs))], targets
    return recorder, [Snapshot(1, 0, 1.0, {}, {}, outputs, [*plane])]


def test_an_output_on_the_boundary_is_on_no_side() -> None:
    made = predictions(*recorded([0.0, 0.0, 1.0, 1.0], [0.5, 0.4, 0.5, 0.6]))
    assert (made["boundary"], made["right"]) == (0.5, [2])


def test_ten_rows_are_a_table_and_more_are_not() -> None:
    for count, kind in ((10, "table"), (11, "plot")):
        numbers = [float(k) for k in range(count)]
        assert predictions(*recorded(numbers, numbers))["kind"] == kind


def test_a_class_that_is_not_finite_is_none() -> None:
    targets = [k % 2 for k in range(12)]
    outputs = [[0.0, 1.0] if t else [1.0, math.nan] for t in targets]
    made = predictions(*recorded(targets, outputs))
    assert (made["found"], made["right"]) == ([".B" * 6], [6])


def test_long_inputs_are_cut() -> None:
    recorder, shown = recorded([1.0], [1.0])
    recorder.inputs = [[0.123456, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0], [[1.0]], [7.0]]
    assert predictions(recorder, shown)["names"] == ["0.1235, 2, 3, 4, …", "1, 2, 3, 4", "…", "7"]


def test_a_table_has_the_predictions_of_the_snapshots() -> None:
    recorder = xor()
    made = predictions(recorder, recorder.snapshots)
    assert (made["kind"], made["names"], made["targets"]) == (
        "table",
        ["0, 0", "0, 1", "1, 0", "1, 1"],
        ["0", "1", "1", "0"],
    )
    for one, row, right in zip(recorder.snapshots, made["outputs"], made["right"], strict=True):
        assert [y for (y,) in row] == [rounded(y) for y in one.outputs]
        assert right == sum(round(y) == t for y, (_, t) in zip(one.outputs, XOR, strict=True))
    assert made["boundary"] == 0.5


def test_classes_are_those_of_the_largest_outputs() -> None:
    recorder = classes()
    made = predictions(recorder, recorder.snapshots)
    assert (made["kind"], made["of"]) == ("classes", [k % 3 for k in range(12)])
    for one, found, right in zip(recorder.snapshots, made["found"], made["right"], strict=True):
        guesses = [max(range(3), key=y.__getitem__) for y in one.outputs]
        assert [LETTERS.index(letter) for letter in found] == guesses
        assert right == sum(k == t for k, t in zip(guesses, recorder.targets, strict=True))


def test_many_rows_are_a_plot() -> None:
    rows = [([x / 20.0], x / 10.0) for x in range(30)]
    recorder = fitted(nn.MLP(1, [1], rng=random.Random(1)), rows, epochs=40, lr=0.2)
    made = predictions(recorder, recorder.snapshots)
    assert made["kind"] == "plot"
    (low, first), *_, (high, last) = made["ticks"]
    for one, ups in zip(recorder.snapshots, made["up"], strict=True):
        for y, up in zip(one.outputs, ups, strict=True):
            wanted = low + (y - float(first)) / (float(last) - float(first)) * (high - low)
            assert up == pytest.approx(min(max(wanted, 0.0), 1000.0), abs=0.51)


@pytest.mark.parametrize(
    ("targets", "width", "found"),
    [
        ([0, 2, 1], 3, [0, 2, 1]),
        ([[0.0, 1.0], [1.0, 0.0]], 2, [1, 0]),
        ([0, 3], 3, []),
        ([0.5], 2, []),
        ([[1.0, 1.0]], 2, []),
        ([0, 1], 1, []),
        ([-1, 1], 2, []),
    ],
)
def test_targets_are_classes_if_they_can_be(targets: list[Any], width: int, found: list[int]) -> None:
    assert class_targets(targets, width) == found


def test_logits_have_their_boundary_at_0() -> None:
    recorder = Recorder()
    recorder.targets = [0.0, 0.0, 1.0, 1.0]
    for outputs, found in (
        ([-2.0, -0.1, 0.1, 3.0], 0.0),
        ([0.1, 0.2, 0.9, 0.8], 0.5),
        ([-0.1, 0.2, 0.3, 0.4], 0.5),  # That 0 separates three of four says little.
    ):
        assert boundary(recorder, [Snapshot(1, 0, 1.0, {}, {}, outputs)]) == found
    recorder.targets = [0.0, 1.0, 2.0, 2.0]
    assert boundary(recorder, [Snapshot(1, 0, 1.0, {}, {}, [0.0] * 4)]) is None


# ── the surface ──


def test_the_letters_of_a_surface_are_its_numbers() -> None:
    recorder = xor()
    made = surface(recorder, recorder.snapshots)
    assert made is not None
    low, middle, high = made["scale"]
    assert middle == 0.5
    assert made["size"] == [16, 16]
    assert len(LETTERS) == len({*LETTERS}) == 61
    half_a_step = (high - low) / 120.0
    for one, letters in zip(recorder.snapshots, made["layers"][0], strict=True):
        for y, letter in zip(one.surface, letters, strict=True):
            shown = low + LETTERS.index(letter) / 60.0 * (high - low)
            assert shown == pytest.approx(min(max(y, low), high), abs=half_a_step + 1e-3)
    assert made["points"] == [
        [pytest.approx(a, abs=1e-3) for a in row]
        for row in ([1 / 12, 1 / 12], [1 / 12, 11 / 12], [11 / 12, 1 / 12], [11 / 12, 11 / 12])
    ]
    assert made["targets"] == [steps(t, low, high) for _, t in XOR]


def steps(y: float, low: float, high: float) -> int:
    return LETTERS.index(steps_of([y], low, high))


def test_the_surface_of_classes_has_a_layer_for_each() -> None:
    recorder = classes()
    made = surface(recorder, recorder.snapshots)
    assert made is not None
    assert (made["classes"], len(made["layers"])) == (3, 3)
    assert made["targets"] == recorder.targets
    for at, one in enumerate(recorder.snapshots):
        top = max(max(y) for y in one.surface)
        low = min(min(y) for y in one.surface)
        for i, y in enumerate(one.surface):
            shown = [LETTERS.index(made["layers"][k][at][i]) / 60.0 * (top - low) + low for k in range(3)]
            assert shown == [pytest.approx(part, abs=(top - low) / 120.0 + 1e-9) for part in y]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_ends_and_the_middle_of_a_scale_have_their_letters(middle: float, half: float) -> None:
    low, high = middle - half, middle + half
    assert steps_of([low, high, low - 1.0, high + 1.0, math.inf, math.nan], low, high) == "A8A8.."
    assert abs(steps(middle, low, high) - 30) <= 1


def test_a_scale_without_a_boundary_is_that_of_the_numbers() -> None:
    recorder = Recorder()
    recorder.targets = [1.0, 2.0, 4.0]
    assert scale(recorder, [Snapshot(0, 0, 1.0, {}, {}, [], [0.5, 3.0])]) == (0.5, 2.25, 4.0)
    assert scale(recorder, [Snapshot(0, 0, 1.0, {}, {}, [], [-0.5, 3.0])]) == (-4.0, 0.0, 4.0)
    assert scale(recorder, [Snapshot(0, 0, 1.0, {}, {}, [], [math.nan])])[2] >= 4.0


def test_a_scale_around_a_boundary_reaches_to_the_targets_or_three_times_as_far() -> None:
    targets, outputs = [0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.8, 0.9]
    for reach, half in ((0.1, 0.5), (1.0, 1.0), (100.0, 1.5)):
        plane = [0.5 + reach * sign for sign in (-1.0, 1.0)] * 20
        assert scale(*recorded(targets, outputs, plane)) == pytest.approx((0.5 - half, 0.5, 0.5 + half))


def test_two_rows_have_no_boundary() -> None:
    assert boundary(*recorded([0.0, 1.0], [0.1, 0.9])) is None


def test_a_surface_of_many_outputs_is_left_out() -> None:
    for width, there in ((6, True), (7, False)):
        recorder, shown = recorded([0, 1], [[0.0] * width] * 2, [[0.0] * width] * 4)
        recorder.inputs, recorder.grid = [[0.0, 0.0], [1.0, 1.0]], train.Grid((0.0, 1.0), (0.0, 1.0))
        assert (surface(recorder, shown) is not None) == there


def test_a_constant_surface_has_a_scale_and_ticks_within_it() -> None:
    recorder, shown = recorded([], [3.0, 3.0], [3.0] * 4)
    recorder.inputs, recorder.grid = [[-0.3, 10.0], [1.3, 30.0]], train.Grid((-0.3, 1.3), (10.0, 30.0))
    made = surface(recorder, shown)
    assert made is not None
    assert made["scale"] == [2, 3, 4]
    for (low, high), ticks in zip(((-0.3, 1.3), (10.0, 30.0)), made["ticks"], strict=True):
        assert len(ticks) >= 2
        for at, text in ticks:
            assert 0.0 <= at <= 1.0
            assert low + at * (high - low) == pytest.approx(float(text), abs=0.01)


# ── programs, and trainings without anything ──


def test_a_program_with_its_model_has_everything() -> None:
    found = training(compiled(outputs=True, with_model=True))
    assert found["network"]["rows"] == [0, 1, 2, 3]
    assert {name[0] for name, *_ in found["network"]["parameters"]} == {"w", "b"}
    assert found["surface"] is not None
    assert found["predictions"]["kind"] == "table"


def test_a_program_without_its_model_has_all_but_the_network() -> None:
    found = training(compiled(outputs=True, with_model=False))
    assert found["network"] is None
    assert found["surface"] is not None
    assert found["predictions"]["kind"] == "table"


def test_a_program_without_outputs_has_its_curve() -> None:
    found = training(compiled(outputs=False, with_model=False))
    assert found["predictions"]["kind"] == "none"
    assert found["surface"] is None
    assert len(found["losses"]) == 5


@pytest.mark.parametrize("rows", [[(1.0, 2.0)], [(x, 2.0) for x in (0.5, 1.0, 2.0)]])
def test_a_model_without_layers_has_a_page(rows: list[Any]) -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            self.slope = Value(1.0)

        def __call__(self, x: float) -> Value:
            return self.slope * x

    found = training(fitted(Own(), rows))
    assert found["network"] is None
    assert found["predictions"]["kind"] == "table"
    assert page(fitted(Own(), rows)).html


def test_a_training_that_diverged_has_a_page() -> None:
    model = nn.MLP(2, [3, 1], init="he", rng=random.Random(1))
    recorder = fitted(model, [([1.0, 2.0], 1.0), ([2.0, 3.0], 0.0)], epochs=2000, lr=1e3, every=None)
    assert not math.isfinite(recorder.snapshots[-1].loss)
    data = data_of(page(recorder))
    assert data["losses"][-1] in ("NaN", "Infinity")
    assert data["panels"][0]["curves"][0]["marks"][-1] is None


def test_a_training_of_no_epochs_has_a_page() -> None:
    data = data_of(page(xor(epochs=0)))
    assert (data["epochs"], data["across"]["marks"]) == ([0], [0.5])


# ── sizes ──


def test_xor_with_200_snapshots_is_small() -> None:
    recorder = xor(epochs=199, hidden=10)
    assert len(recorder.snapshots) == 200
    made = page(recorder)
    assert len(data_of(made)["epochs"]) == 200
    assert len(made.html.encode()) <= XOR_BYTES


def large(snapshots: int, units: int, rows: int) -> Recorder:
    """A recorder as if a large model had been trained."""
    rng = random.Random(1)
    model = nn.MLP(2, [units, units, units, 5], rng=rng)
    recorder = Recorder(model=model)
    keys = [key for key, _ in model.named_parameters()]
    recorder.inputs, recorder.targets = (
        [[rng.random(), rng.random()] for _ in range(rows)],
        [k % 5 for k in range(rows)],
    )
    recorder.history = History([1.0] * (snapshots - 1))
    recorder.grid = train.Grid(tuple(range(40)), tuple(range(40)))

    def numbers(n: int) -> list[float]:
        return [-rng.random() * 1.2345678e-7 for _ in range(n)]

    outputs, plane = [numbers(5) for _ in range(rows)], [numbers(5) for _ in range(1600)]
    for k in range(snapshots):
        parameters, slopes = (dict(zip(keys, numbers(len(keys)), strict=True)) for _ in range(2))
        recorder.snapshots.append(Snapshot(k, 0, 1.0, parameters, slopes, outputs, plane))
    return recorder


def test_no_page_is_large() -> None:
    recorder = large(400, 16, 100)
    made = page(recorder)
    data = data_of(made)
    assert len(made.html.encode()) <= MOST_BYTES
    assert (data["epochs"][0], data["epochs"][-1], data["kept"]) == (0, 399, 400)
    assert 20 <= len(data["epochs"]) <= MOST_SNAPSHOTS


def test_outputs_are_shown_for_a_few_rows_all_over_the_data() -> None:
    rows = [([x / 20.0], x / 10.0) for x in range(30)]
    net = training(fitted(nn.MLP(1, [2, 1], rng=random.Random(1)), rows))["network"]
    assert len(net["rows"]) == MOST_ROWS
    assert (net["rows"][0], net["rows"][-1]) == (0, 29)


@given(st.floats())
def test_rounded_numbers_are_near(x: float) -> None:
    assert float(exact(x)) == x or math.isnan(x)
    assert near(json.loads(json.dumps(rounded(x))), x, FOUR) or abs(x) < 1e-300


def test_numbers_are_short() -> None:
    assert str(rounded(1e300)) == "1e+300"
    assert rounded(1.797499e308, 2) == 1.797499e308, "in two digits it would be infinite"
    assert packed([1e20, 1e20, -1.5e-7, 0.0, -0.25]) == "1e20,,-1.5e-7,0,-.25"


@given(st.lists(st.floats() | st.sampled_from([0.0, -0.0, 1.0, 0.5, -0.5, 100.0, 0.1, -0.01, 1e-5, 1e20]), min_size=1))
def test_packed_numbers_are_those_rounded(row: list[float]) -> None:
    wanted = [float(rounded(x)) for x in row]
    assert [*map(repr, unpacked(packed(row), len(row)))] == [*map(repr, wanted)]


# ── safety, words, errors ──


def test_the_policy_allows_the_one_script_and_the_one_style() -> None:
    check_policy(page(xor()))


def test_labels_and_titles_stay_text() -> None:
    plain = Document(page(xor(), title="plain").html)
    for label in HOSTILE:
        recorder = xor(epochs=1)
        assert isinstance(recorder.model, nn.MLP)
        for v in recorder.model.parameters():
            v.label = label
        recorder.history.metrics = {label: [1.0]}  # type: ignore[union-attr]
        made = page(recorder, title=label)
        found = Document(made.html)
        assert [name for name, _ in found.elements] == [name for name, _ in plain.elements]
        assert len(data_of(made)["panels"]) == 2


def test_a_page_is_in_its_language() -> None:
    for lang, tag in LANGUAGES.items():
        made = page(xor(epochs=1), lang=lang)
        assert Document(made.html).of("html") == [{"lang": tag}]
        assert f"<title>{WORDS[lang]['training']}</title>" in made.html


def test_scripts_are_parts_of_both_kinds_of_page() -> None:
    assert {"numbers", "bar"} <= {*SCRIPTS["lesson"]} & {*SCRIPTS["training"]}
    made = page(xor(epochs=1))
    assert all(part(f"script/{name}.js") in made.html for name in SCRIPTS["training"])


def test_a_page_is_saved_where_its_path_says(tmp_path: Path) -> None:
    made = page(xor(), tmp_path / "training.html", title="XOR")
    assert (tmp_path / "training.html").read_text(encoding="utf-8") == made.html
    assert repr(made).startswith("Page of a training: 6 snapshots of 5 epochs")


def test_the_page_leaves_model_and_recorder_as_they_were() -> None:
    recorder = xor()
    assert isinstance(recorder.model, nn.MLP)
    before = [(v.data, v.grad, v.label) for v in recorder.model.parameters()], [*recorder.snapshots]
    page(recorder)
    assert ([(v.data, v.grad, v.label) for v in recorder.model.parameters()], recorder.snapshots) == before


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: page(Recorder()), ValueError, "Recorder has no snapshots; fit(…, record=recorder) makes them"),
        (
            lambda: page(xor(epochs=1), [1.0]),
            TypeError,
            "page of a Recorder takes a path, and no input, target or loss",
        ),
        (lambda: page(xor(epochs=1), loss=losses.mse), TypeError, "page of a Recorder takes a path"),
        (lambda: page(xor(epochs=1), lang="fr"), ValueError, "there is no language 'fr'; there are en, zh"),
        (lambda: page(History([1.0])), TypeError, "or a train.Recorder, not History"),  # type: ignore[arg-type]
        (lambda: page(Recorder), TypeError, "or a train.Recorder, not"),
    ],
)
def test_mistakes_are_named(call: Callable[[], Page], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        call()


# ── the toy network ──


def told(tmp_path: Path, **options: Any) -> dict[str, Any]:
    numbers: dict[str, float] = {"x": 1.0, "target": 0.2, "w1": 0.5, "b1": 0.0, "w2": -0.5, "b2": 0.0}
    toy = Toy(**numbers | options.pop("numbers", {}))
    story(toy, **{"lr": 1.0, "steps": 1000, "threshold": 1e-6} | options, out=tmp_path)
    text = (tmp_path / "toy-training.html").read_text(encoding="utf-8")
    found: dict[str, Any] = data_of(Page(text, ""))
    return found


def test_the_toy_network_has_its_training(tmp_path: Path) -> None:
    data = told(tmp_path)
    toy = Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
    losses_of_toy = [*toy.train(lr=1.0, steps=1000, threshold=1e-6)]
    assert data["losses"] == [rounded(y, 6) for y in losses_of_toy]
    assert [unit["name"] for unit in data["network"]["units"]] == ["x", "h", "y"]
    again = Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
    for at, _ in enumerate(again.train(lr=1.0, steps=1000, threshold=1e-6)):
        gradients = again.by_backward()
        for v, gradient in zip(again.weights, gradients, strict=True):
            ((_, weights, slopes),) = [row for row in data["network"]["parameters"] if row[0] == v.label]
            assert near(unpacked(weights, 100)[at], v.data, FOUR)
            assert near(unpacked(slopes, 100)[at], gradient, THREE)
    assert data["network"]["rows"] == [0]


@pytest.mark.parametrize("steps", [1, 199, 200, 201, 1000])
def test_a_long_training_of_the_toy_has_fewer_snapshots(steps: int, tmp_path: Path) -> None:
    data = told(tmp_path, steps=steps, threshold=1e-30, lr=0.01)
    assert data["epochs"][0] == 0
    assert data["epochs"][-1] == steps
    assert data["across"]["last"] == steps
    assert min(steps + 1, 100) <= len(data["epochs"]) <= MOST_SNAPSHOTS
    assert data["epochs"] == sorted({*data["epochs"]})


def test_a_record_of_the_toy_thins_itself_out() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
    record = _Record(toy)
    for step in range(1001):
        record.keep(step, 1.0)
        assert len(record.snapshots) < MOST_SNAPSHOTS
    assert [one.epoch for one in record.snapshots] == [*range(0, 1001, 8)]


def test_the_toy_network_has_a_lesson_of_its_first_step(tmp_path: Path) -> None:
    told(tmp_path)
    data = data_of(Page((tmp_path / "toy-steps.html").read_text(encoding="utf-8"), ""))
    assert {"w1", "b1", "w2", "b2", "L"} <= {node["name"] for node in data["nodes"]}


def test_the_network_at_one_snapshot_is_that_of_all() -> None:
    recorder = xor()
    one, found = (network(recorder, shown) for shown in (recorder.snapshots[-1:], recorder.snapshots))
    assert one is not None
    assert found is not None
    assert [unpacked(row[1])[0] for row in one["parameters"]] == [unpacked(row[1])[-1] for row in found["parameters"]]
