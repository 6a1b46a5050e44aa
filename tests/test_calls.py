"""Names of the nodes of models: each is checked against the unit that it stands for, computed in plain floats."""

import copy
import gc
import math
import pickle
import random
import re
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Stepper, Tape, Value, autopsy, draw, explain, nn, no_grad, strict, total, tree
from autograd.show import models
from autograd.show.calls import calls_on
from autograd.show.fold import folded
from autograd.show.layers import Place
from autograd.show.names import Names

ROUNDED = 1e-9
"""Relative: sums are rounded in another order than those of `dot`."""
UNNAMED = re.compile(r"v\d+")


def nodes_by_name(*roots: Value) -> dict[str, Value]:
    """All nodes but constants."""
    tape = Tape(*roots)
    names = Names(tape)
    found = {names[place]: tape.node(place) for place in names.own}
    assert len(found) == len(names.own)
    assert all(names.place(name) == tape.place(node) for name, node in found.items())
    return found


def of_models(*roots: Value) -> dict[str, Value]:
    return {name: node for name, node in nodes_by_name(*roots).items() if not UNNAMED.fullmatch(name)}


# ── the oracle ──


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def softmax(zs: Sequence[float]) -> list[float]:
    return [math.exp(z) / math.fsum(map(math.exp, zs)) for z in zs]


def silu(v: Value) -> Value:
    return v * v.sigmoid()


def twice_and_one(x: float) -> tuple[float, float]:
    return 2.0 * x + 1.0, 2.0


@pytest.fixture(autouse=True)
def own_activation(own_operations: None) -> None:
    """An operation of the user's own, which is gone after each test."""
    autograd.operation(twice_and_one)


class Kind(NamedTuple):
    """An activation, and the same in plain floats over a whole layer."""

    chosen: Any
    plain: Callable[[Sequence[float]], Sequence[float]]


def by_unit(function: Callable[[float], float]) -> Callable[[Sequence[float]], Sequence[float]]:
    return lambda zs: [function(z) for z in zs]


KINDS = {
    "linear": Kind("linear", by_unit(float)),
    "relu": Kind("relu", by_unit(lambda z: max(z, 0.0))),
    "tanh": Kind("tanh", by_unit(math.tanh)),
    "sigmoid": Kind("sigmoid", by_unit(sigmoid)),
    "softplus": Kind("softplus", by_unit(lambda z: math.log1p(math.exp(z)))),
    "lambda": Kind(lambda v: v.tanh(), by_unit(math.tanh)),
    "square": Kind(lambda v: v * v, by_unit(lambda z: z * z)),
    "silu": Kind(silu, by_unit(lambda z: z * sigmoid(z))),
    "several": Kind(lambda v: 2.0 * (v * v + v).sigmoid() - 1.0, by_unit(lambda z: 2.0 * sigmoid(z * z + z) - 1.0)),
    "own": Kind("twice_and_one", by_unit(lambda z: 2.0 * z + 1.0)),
    "softmax": Kind("softmax", softmax),
    "log_softmax": Kind(autograd.log_softmax, lambda zs: [math.log(p) for p in softmax(zs)]),
}
OF_LAYERS = {"softmax", "log_softmax"}


class Unit(NamedTuple):
    """The parameters of a neuron."""

    w: list[Value]
    b: Value | None


class Dense(NamedTuple):
    """A layer of the oracle."""

    units: list[Unit]
    kind: Kind


def wanted_of_dense(
    layers: Sequence[Dense], x: Sequence[float], prefix: str = "", numbered: bool = True
) -> dict[str, Any]:
    """The parameters by name, and the numbers of the nodes that they compute."""
    wanted: dict[str, Any] = {}
    for n, (units, kind) in enumerate(layers, 1):
        number = n if numbered else ""
        zs = [
            math.fsum(w.data * v for w, v in zip(u.w, x, strict=True)) + (0.0 if u.b is None else u.b.data)
            for u in units
        ]
        hs = kind.plain(zs)
        for i, unit in enumerate(units):
            wanted |= {f"{prefix}w{number}[{i},{j}]": w for j, w in enumerate(unit.w)}
            wanted |= {} if unit.b is None else {f"{prefix}b{number}[{i}]": unit.b}
            wanted[f"{prefix}z{number}[{i}]"] = zs[i]
            wanted |= {} if kind.chosen == "linear" else {f"{prefix}h{number}[{i}]": hs[i]}
        x = hs
    return wanted


def assert_named(found: dict[str, Value], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, thing in wanted.items():
        if isinstance(thing, Value):
            assert found[name] is thing, name
        else:
            assert found[name].data == pytest.approx(thing, rel=ROUNDED, abs=ROUNDED), name


def row(x: Any) -> list[Value]:
    return x if isinstance(x, list) else [x]


# ── networks of dense layers ──


class Network(NamedTuple):
    """A model and its oracle."""

    model: Any
    layers: list[Dense]


def units_of(layer: Any) -> list[Unit]:
    if isinstance(layer, nn.Linear):
        return [Unit(w, layer.bias[i] if layer.bias else None) for i, w in enumerate(layer.weight)]
    return [Unit(neuron.w, neuron.b) for neuron in layer.neurons]


@st.composite
def mlps(draw: st.DrawFn, kinds: Sequence[str] = tuple(KINDS)) -> Network:
    nin, *sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    last = [kind for kind in kinds if sizes[-1] > 1 or kind not in OF_LAYERS]
    hidden = [kind for kind in kinds if min(sizes) > 1 or kind not in OF_LAYERS]
    inner, outer = KINDS[draw(st.sampled_from(hidden))], KINDS[draw(st.sampled_from(last))]
    options: dict[str, Any] = {"bias": draw(st.booleans()), "rng": random.Random(draw(st.integers(0, 99)))}
    model = nn.MLP(nin, sizes, activation=inner.chosen, output_activation=outer.chosen, **options)
    each = [inner] * (len(sizes) - 1) + [outer]
    return Network(model, [Dense(units_of(layer), kind) for layer, kind in zip(model.layers, each, strict=True)])


@st.composite
def sequentials(draw: st.DrawFn) -> Network:
    """Linear layers, Layers and nested Sequentials, with activations as steps."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    rng = random.Random(draw(st.integers(0, 99)))
    steps: list[Any] = []
    layers = []
    for nin, nout in pairwise(sizes):
        kind = KINDS[draw(st.sampled_from([k for k in KINDS if nout > 1 or k not in OF_LAYERS]))]
        linear = nn.Linear(nin, nout, draw(st.booleans()), rng=rng)
        form = draw(st.sampled_from(["steps", "layer", "nested", "activation outside"]))
        if form == "layer":
            layer = nn.Layer(nin, nout, activation=kind.chosen, rng=rng)
            steps.append(layer)
            layers.append(Dense(units_of(layer), kind))
            continue
        layers.append(Dense(units_of(linear), kind))
        activations = [] if kind.chosen == "linear" else [kind.chosen]
        if form == "steps":
            steps += [linear, *activations]
        elif form == "nested":
            steps.append(nn.Sequential(linear, *activations))
        else:
            steps += [nn.Sequential(linear), *activations]
    return Network(nn.Sequential(*steps), layers)


networks = mlps() | sequentials()


def called(model: Any, nin: int) -> tuple[Value, list[Value]]:
    x = [Value(0.3 * (j + 1)) for j in range(nin)]
    return total(row(model(x))), x


def wanted_of(network: Network, x: Sequence[Value]) -> dict[str, Any]:
    return wanted_of_dense(network.layers, [v.data for v in x]) | {f"x[{j}]": v for j, v in enumerate(x)}


@given(networks)
@settings(deadline=None)
def test_each_node_of_a_network_has_the_name_of_its_unit(network: Network) -> None:
    root, x = called(network.model, len(network.layers[0].units[0].w))
    assert_named(of_models(root), wanted_of(network, x))


@given(networks)
@settings(deadline=None)
def test_names_stay_when_the_model_is_gone(network: Network) -> None:
    root, x = called(network.model, len(network.layers[0].units[0].w))
    wanted = wanted_of(network, x)
    with no_module_alive():
        assert_named(of_models(root), wanted)


@contextmanager
def no_module_alive() -> Iterator[None]:
    """Hypothesis keeps the models that it drew."""
    kept = dict(models.MODELS)
    models.MODELS.clear()
    try:
        yield
    finally:
        models.MODELS.update(kept)


def test_a_model_is_gone_at_once() -> None:
    """No reference cycle is made: a model and a graph are freed with the collector off."""
    gc.collect()
    gc.disable()
    try:
        for make in MAKERS:
            model = make()
            gone = weakref.ref(model)
            root = called_with_numbers(model)
            nodes_by_name(root)
            alive = sys.getrefcount(root)
            del model
            assert gone() is None
            assert sys.getrefcount(root) == alive
            nodes_by_name(root)
            layers = {weakref.ref(v._label.units) for v in autograd.topological_order(root) if type(v._label) is Place}
            assert layers
            del root
            assert not any(layer() for layer in layers)
        assert gc.collect() == 0
    finally:
        gc.enable()


MAKERS: list[Callable[[], Any]] = [
    lambda: nn.MLP(2, [3, 2], activation=silu),
    lambda: nn.Sequential(nn.Linear(2, 2), "tanh"),
    lambda: nn.Neuron(2),
    lambda: nn.RNNCell(2, 2),
    lambda: nn.LSTMCell(2, 2),
    lambda: Own(),
]


def called_with_numbers(model: Any) -> Value:
    outputs: Any = model([0.5, -1.0])
    return total(outputs[0] if isinstance(outputs, tuple) else row(outputs))


class Own(nn.Module):
    """A user's module with modules in attributes, lists and dictionaries, and parameters of its own."""

    def __init__(self) -> None:
        self.hidden = nn.Linear(2, 2, rng=random.Random(1))
        self.blocks = [nn.Layer(2, 2, activation="tanh", rng=random.Random(2))]
        self.ends = {"last": nn.Neuron(2, rng=random.Random(3))}
        self.weights = {"slope": Value(2.0), "offset": [Value(1.0)]}
        self.gain = Value(3.0)

    def __call__(self, x: Any) -> Any:
        last: Any = self.ends["last"](self.blocks[0](self.hidden(x)))
        slope: Any = self.weights["slope"]
        offset: Any = self.weights["offset"]
        return last * slope + offset[0] * self.gain


@given(networks, st.data())
@settings(deadline=None)
def test_labels_win_and_the_other_nodes_keep_their_names(network: Network, data: st.DataObject) -> None:
    root, x = called(network.model, len(network.layers[0].units[0].w))
    wanted = wanted_of(network, x)
    parameters = {name: node for name, node in wanted.items() if isinstance(node, Value)}
    for i, name in enumerate(sorted(data.draw(st.sets(st.sampled_from(sorted(parameters)))))):
        parameters[name].label = f"mine {i}"
        wanted[f"mine {i}"] = wanted.pop(name)
    assert_named(of_models(root), wanted)


@given(mlps([kind for kind in KINDS if isinstance(KINDS[kind].chosen, str)]), st.sampled_from([0, 2, 4, None]))
@settings(deadline=None)
def test_copies_have_names_too(network: Network, protocol: int | None) -> None:
    model = network.model
    twin = copy.deepcopy(model) if protocol is None else pickle.loads(pickle.dumps(model, protocol))
    layers = [Dense(units_of(its), layer.kind) for its, layer in zip(twin.layers, network.layers, strict=True)]
    root, x = called(twin, len(layers[0].units[0].w))
    if protocol != 0:  # Which makes objects without their classes.
        assert_named(of_models(root), wanted_of(Network(twin, layers), x))
    assert type(twin.parameters()[0].label) is str
    assert b"Place" not in pickle.dumps(model, protocol)
    assert b"Place" not in pickle.dumps(called(model, len(layers[0].units[0].w))[0], protocol)


def test_parameters_may_be_replaced() -> None:
    linear = nn.Linear(2, 2)
    linear.weight = [[Value(float(i + j)) for j in range(2)] for i in range(2)]
    linear.bias[1] = Value(7.0)
    root, x = called(linear, 2)
    wanted = wanted_of_dense([Dense(units_of(linear), KINDS["linear"])], [v.data for v in x], numbered=False)
    assert_named(of_models(root), wanted | {"x[0]": x[0], "x[1]": x[1]})


def test_neurons_and_layers_that_stand_alone() -> None:
    neuron = nn.Neuron(2, activation="tanh", rng=random.Random(1))
    root, x = called(neuron, 2)
    found = of_models(root)
    assert found.keys() == {"w[0]", "w[1]", "x[0]", "x[1]", "b", "z", "h"}
    assert (found["w[1]"], found["b"], found["h"], found["x[1]"]) == (neuron.w[1], neuron.b, root.operands[0], x[1])
    layer = nn.Layer(2, 2, activation="tanh", bias=False)
    root, x = called(layer, 2)
    wanted = wanted_of_dense([Dense(units_of(layer), KINDS["tanh"])], [v.data for v in x], numbered=False)
    assert_named(of_models(root), wanted | {"x[0]": x[0], "x[1]": x[1]})


# ── layers that are called several times, or beside others ──


def test_calls_of_one_layer_are_numbered() -> None:
    layer = nn.Layer(2, 2, activation="tanh")
    x = [Value(0.5), Value(0.25)]
    first = layer(x)
    second, third = layer(first), layer(x)
    found = of_models(*second, *third)
    assert {name for name in found if name[0] in "xwb"} == {
        *("x[0]", "x[1]", "w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]", "b[0]", "b[1]")
    }
    tape = Tape(*second, *third)
    for i in (0, 1):
        outputs = sorted((first[i], second[i], third[i]), key=tape.place)
        assert [found[f"h[{i}]#{k}"] for k in (1, 2, 3)] == outputs
    calls = calls_on(tape)
    assert [tape.node(call.results[0]) for call in calls] == sorted((first[0], second[0], third[0]), key=tape.place)


def test_rows_of_a_batch_are_numbered() -> None:
    model = nn.MLP(2, [2, 1], rng=random.Random(1))
    batch: list[list[Any]] = [[Value(0.1), Value(0.2)], [Value(0.3), Value(0.4)], [1.0, 2.0]]
    found = of_models(total([model(x) for x in batch]))
    assert [found[f"x[1]#{i + 1}"] for i in range(2)] == [batch[0][1], batch[1][1]]
    assert {name for name in found if name.startswith("z2")} == {"z2[0]#1", "z2[0]#2", "z2[0]#3"}
    assert found["w2[0,1]"] is model.layers[1].neurons[0].w[1]


def test_two_models_in_a_graph() -> None:
    one, other = nn.MLP(1, [1], rng=random.Random(1)), nn.MLP(1, [1], rng=random.Random(2))
    found = of_models(one([2.0]) * other([3.0]))
    assert {found["w1[0,0]#1"], found["w1[0,0]#2"]} == {one.parameters()[0], other.parameters()[0]}
    assert found["z1[0]#1"].data == pytest.approx(2.0 * one.parameters()[0].data)


def test_shared_weights_have_one_name() -> None:
    """Of the model that was made first, in a layer and in its transpose."""
    one, other = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    other.weight = one.weight
    x = [Value(1.0), Value(2.0)]
    found = of_models(*other(x))
    assert [name for name in found if name[0] == "w"] == ["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]
    hidden = one(x)
    back = [autograd.dot([row[j] for row in one.weight], hidden) for j in range(2)]
    for roots in (back, [*hidden, *back]):
        found = of_models(*roots)
        assert all(found[f"w[{i},{j}]"] is one.weight[i][j] for i in range(2) for j in range(2))
        assert [name for name in found if name[0] == "z"] == ["z[0]", "z[1]"]


def test_the_model_that_was_made_first_names_a_layer_of_two() -> None:
    layer = nn.Linear(2, 2)
    first, around, second = Holder(first=layer), Holder(), Holder(second=layer)
    assert "first.w[1,0]" in of_models(*layer([0.5, 1.0]))
    around.first = first
    assert "first.first.w[1,0]" in of_models(*layer([0.5, 1.0]))
    del first, around
    assert "second.w[1,0]" in of_models(*layer([0.5, 1.0]))
    del second
    assert "w[1,0]" in of_models(*layer([0.5, 1.0]))


class Holder(nn.Module):
    """A module with any attributes."""

    def __init__(self, **parts: Any) -> None:
        vars(self).update(parts)

    def __setattr__(self, name: str, part: Any) -> None:
        vars(self)[name] = part


def test_a_layer_without_a_model_is_known_by_any_weight_that_has_no_label() -> None:
    linear = nn.Linear(3, 2)
    for k, row in enumerate(linear.weight):
        row[0].label, row[1].label = f"first {k}", f"second {k}"
    model = nn.Sequential(linear, "tanh")
    root = total(model([0.5, 1.0, 2.0]))
    del model, linear
    assert of_models(root).keys() == {
        *("first 0", "first 1", "second 0", "second 1", "w1[0,2]", "w1[1,2]"),
        *("b1[0]", "b1[1]", "z1[0]", "z1[1]", "h1[0]", "h1[1]"),
    }


def test_other_products_of_weights_are_no_units() -> None:
    narrow = nn.Linear(1, 1)
    assert "z[0]" not in nodes_by_name(autograd.dot(narrow.bias, [2.0]))
    linear = nn.Linear(2, 1)
    w, b = linear.weight[0], linear.bias[0]
    for product in (w[:1], [b], [b, w[0]], [w[0], b], [*w, *w]):
        root = autograd.dot(product, [2.0] * len(product))
        assert not any("z" in name for name in nodes_by_name(root))
    assert "z" not in "".join(nodes_by_name(autograd.dot([b], [1.0]) + w[0]))


# ── cells ──


def column(rows: Sequence[Sequence[Value]], r: int) -> list[float]:
    return [v.data for v in rows[r]]


def preactivation(cell: Any, r: int, x: Sequence[float], h: Sequence[float]) -> float:
    bias = [cell.bias_ih[r].data, cell.bias_hh[r].data] if cell.bias_ih else []
    w = column(cell.weight_ih, r) + column(cell.weight_hh, r)
    return math.fsum([*bias, *(a * b for a, b in zip(w, [*x, *h], strict=True))])


@given(
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from(sorted(KINDS)),
)
@settings(deadline=None)
def test_the_states_of_a_cell_have_their_steps(
    nin: int, nhidden: int, steps: int, bias: bool, given_state: bool, name: str
) -> None:
    kind = KINDS["tanh" if nhidden == 1 and name in OF_LAYERS else name]
    cell = nn.RNNCell(nin, nhidden, activation=kind.chosen, bias=bias, rng=random.Random(steps))
    h: Any = [Value(0.1 * (i + 1)) for i in range(nhidden)] if given_state else None
    plain = [v.data for v in h] if given_state else [0.0] * nhidden
    wanted: dict[str, Any] = {}
    for t in range(1, steps + 1):
        x = [Value(0.2 * (t + j)) for j in range(nin)]
        h = cell(x, h)
        zs = [preactivation(cell, r, [v.data for v in x], plain) for r in range(nhidden)]
        plain = [*kind.plain(zs)]
        wanted |= {f"x[{j},t={t}]": v for j, v in enumerate(x)}
        for i in range(nhidden):
            at = f"[{i},t={t}]" if nhidden > 1 else f"[t={t}]"
            wanted[f"z{at}"] = zs[i]
            wanted |= {} if kind.chosen == "linear" else {f"h{at}": plain[i]}
    for symbol, tensor in cell.tensors().items():
        for i, part in enumerate(tensor):
            parts = (
                {f"{symbol}[{i}]": part}
                if isinstance(part, Value)
                else {f"{symbol}[{i},{j}]": v for j, v in enumerate(part)}
            )
            wanted |= parts
    assert_named(of_models(total(h)), wanted)


@given(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.booleans())
@settings(deadline=None)
def test_the_gates_of_an_lstm_have_names(nin: int, nhidden: int, steps: int, bias: bool) -> None:
    cell = nn.LSTMCell(nin, nhidden, bias=bias, rng=random.Random(steps))
    state: Any = None
    h, c = [0.0] * nhidden, [0.0] * nhidden
    wanted: dict[str, float] = {}
    for t in range(1, steps + 1):
        x = [0.2 * (t + j) for j in range(nin)]
        state = cell(x, state)
        zs = [preactivation(cell, r, x, h) for r in range(4 * nhidden)]
        for i in range(nhidden):
            at = f"[{i},t={t}]" if nhidden > 1 else f"[t={t}]"
            wanted |= {f"z{gate}{at}": zs[k * nhidden + i] for k, gate in enumerate("ifgo")}
            opened = [sigmoid(zs[i]), sigmoid(zs[nhidden + i]), math.tanh(zs[2 * nhidden + i])]
            opened.append(sigmoid(zs[3 * nhidden + i]))
            c[i] = opened[1] * c[i] + opened[0] * opened[2]
            wanted |= {f"{gate}{at}": opened[k] for k, gate in enumerate("ifgo")} | {f"c{at}": c[i]}
            wanted[f"h{at}"] = opened[3] * math.tanh(c[i])
        h = [wanted[f"h[{i},t={t}]" if nhidden > 1 else f"h[t={t}]"] for i in range(nhidden)]
    found = {name: v for name, v in of_models(total([*state[0], *state[1]])).items() if v.op}
    assert_named(found, wanted)


# ── convolutions ──


@given(st.integers(1, 2), st.integers(1, 2), st.integers(0, 1), st.booleans(), st.booleans())
@settings(deadline=None)
def test_each_patch_of_a_convolution_has_its_number(
    nin: int, nout: int, padding: int, bias: bool, activated: bool
) -> None:
    filters = nn.Conv2d(nin, nout, 2, padding=padding, bias=bias, rng=random.Random(1))
    model: Any = nn.Sequential(filters, "tanh") if activated else filters
    number = 1 if activated else ""
    image = [[[0.1 * (3 * i + j + k) for j in range(3)] for i in range(3)] for k in range(nin)]
    outputs = [v for plane in model(image) for row in plane for v in row]
    each = len(outputs) // nout
    wanted: dict[str, Any] = {}
    for f in range(nout):
        for c, i, j in ((c, i, j) for c in range(nin) for i in range(2) for j in range(2)):
            wanted[f"w{number}[{f},{c},{i},{j}]"] = filters.weight[f][c][i][j]
        wanted |= {f"b{number}[{f}]": filters.bias[f]} if bias else {}
        wanted |= {f"{'h' if activated else 'z'}{number}[{f},{k}]": outputs[f * each + k] for k in range(each)}
        wanted |= {f"z{number}[{f},{k}]": outputs[f * each + k].operands[0] for k in range(each)} if activated else {}
    assert_named(of_models(total(outputs)), wanted)


# ── modules of the user's own ──


def test_parts_of_an_own_module_have_its_attributes() -> None:
    model = Own()
    found = of_models(model([Value(0.5), Value(0.25)]))
    wanted = {
        **{f"hidden.w[{i},{j}]": model.hidden.weight[i][j] for i in range(2) for j in range(2)},
        **{f"hidden.b[{i}]": model.hidden.bias[i] for i in range(2)},
        **{f"blocks[0].w[{i},{j}]": model.blocks[0].neurons[i].w[j] for i in range(2) for j in range(2)},
        **{f"ends.last.w[{j}]": model.ends["last"].w[j] for j in range(2)},
        "ends.last.b": model.ends["last"].b,
        "gain": model.gain,
        "weights.slope": model.weights["slope"],
        "weights.offset[0]": model.weights["offset"][0],  # type: ignore[index]
    }
    assert {name: found[name] for name in wanted} == wanted
    assert {name for name, v in found.items() if v.op} == {
        *(f"{name}[{i}]" for i in (0, 1) for name in ("hidden.z", "blocks[0].z", "blocks[0].h")),
        *("ends.last.z", "ends.last.h"),
    }
    assert {name for name in found if ".x" in name} == {"hidden.x[0]", "hidden.x[1]"}


def test_a_parameter_is_found_by_its_path() -> None:
    for make in MAKERS:
        model = make()
        names = Names(Tape(called_with_numbers(model)))
        for path, node in model.named_parameters():
            assert names.place(path) == names.place(node)
    one, other = nn.Linear(1, 1), nn.Linear(1, 1)
    names = Names(Tape(one([1.0])[0] + other([1.0])[0]))
    with pytest.raises(ValueError, match=r"nothing in this graph is called 'weight\.0\.0'"):
        names.place("weight.0.0")


@pytest.mark.parametrize("name", ["places", "parts", "has_one_of", "layers", "units", "names", "_layers", "_parts"])
def test_a_user_may_use_any_attribute(name: str) -> None:
    model: Any = Own()
    setattr(model, name, [1, 2])
    assert "hidden.z[1]" in nodes_by_name(model([0.5, 1.0]))
    assert repr(model).startswith("Own of")


def test_long_names_keep_their_ends() -> None:
    """Where they would be cut, they still tell parameters apart, and the whole name is a name, too."""
    inner: Any = nn.Module()
    inner.attention_of_the_decoder = nn.Linear(2, 2)
    model: Any = nn.Module()
    model.blocks = [inner]
    root = total(inner.attention_of_the_decoder([0.5, 1.0]))
    names = Names(Tape(root))
    for i in range(2):
        node = inner.attention_of_the_decoder.weight[i][1]
        place = names.place(node)
        assert names[place].startswith("…")
        assert names[place].endswith(f"w[{i},1]")
        assert len(names[place]) <= 24
        assert names.place(f"blocks[0].attention_of_the_decoder.w[{i},1]") == place


@pytest.mark.parametrize("key", ["two\nlines", "<b>", "\x00", "\u202e", "a.b", "权重" * 20, "", "3"])
def test_keys_of_any_text_are_shown_on_one_line(key: str) -> None:
    model: Any = nn.Module()
    model.table = {key: nn.Linear(1, 1), f"{key}v": Value(2.0)}
    root = model.table[key]([0.5])[0] * model.table[f"{key}v"]
    for name in nodes_by_name(root):
        assert name.isprintable()
    for text in (str(tree(root)), repr(explain(root, model.table[f"{key}v"])), draw(root).dot):
        assert "\x00" not in text


def test_lines_that_are_too_long_keep_the_places_of_weights() -> None:
    """In the text of a cell, whose names are long."""
    h = nn.LSTMCell(3, 2)([0.5, 1.0, -1.0])[0]
    text = str(tree(total(h)))
    assert not re.findall(r"\[[\d,]*…|\(…?\w+\[[\d,]+\]\)", text)


def looked_at(root: Value) -> None:
    """With everything that shows names."""
    nodes_by_name(root)
    for show in (tree, draw, autopsy, Stepper):
        assert repr(show(root))
    leaf = next(v for v in autograd.topological_order(root) if not v.operands)
    assert repr(explain(root, leaf))


class Raising(nn.Module):
    """Everything that a reader may ask raises an error."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear

    def parameters(self) -> list[Value]:
        raise RuntimeError("no parameters")

    def named_parameters(self) -> Any:
        raise RuntimeError("no parameters")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __len__(self) -> int:
        raise RuntimeError("no length")


class Opaque(nn.Module):
    """No attribute of it can be read."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear

    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


class Anything(nn.Module):
    """Every attribute is there, and is itself."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear

    def __getattr__(self, name: str) -> Any:
        return self


class Slots(nn.Module):
    """A parameter is in a slot, and no attribute."""

    __slots__ = ("linear",)

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear


@dataclass(eq=True)
class Data(nn.Module):
    """A module that is not hashable."""

    linear: nn.Linear


class WithSet(nn.Module):
    """A set of parameters has no order, and is refused."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear, self.both = linear, {linear}


class Mutual(nn.Module):
    """It contains itself, twice."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear
        child: Any = nn.Module()
        child.parents = [self, self]
        self.children, self.again = [child, child], self


class Circular(nn.Module):
    """One of its lists contains itself."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear
        self.row: list[Any] = [linear]
        self.row += [self.row, self.row]


class Unfinished(nn.Module):
    """Made without __init__, as a failed one is."""

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear
        raise KeyError("unfinished")


class Lying(nn.Linear):
    """Its attributes are not those of a layer."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(2, 2)
        self.linear = linear
        self.weight: Any = [[1.0, None], [Value(1.0), None]]
        self.bias: Any = [2.0, "none"]


class Ragged(nn.Linear):
    """Its rows are of several lengths, or no rows."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(2, 2)
        self.linear = linear
        self.weight: Any = [linear.weight[0], linear.weight[1][:1], [], 5]
        self.bias: Any = "none"


class LyingCell(nn.LSTMCell):
    """It lacks rows for its gates."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(2, 2)
        self.linear = linear
        self.weight_ih, self.weight_hh = [*linear.weight, linear.weight[1]], [linear.weight[0]] * 3
        self.bias_ih, self.bias_hh = linear.bias * 2, []


class Hostile(nn.Module):
    """Its attributes raise errors when they are looked into."""

    class Lists(list[Any]):
        def __iter__(self) -> Any:
            raise OSError("no items")

    def __init__(self, linear: nn.Linear) -> None:
        self.lists, self.linear = Hostile.Lists([1, 2]), linear


HOSTILE: list[Any] = [
    Raising,
    Opaque,
    Anything,
    Slots,
    Data,
    WithSet,
    Mutual,
    Circular,
    Unfinished,
    Lying,
    Ragged,
    LyingCell,
    Hostile,
]


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_module_that_is_alive_disturbs_a_look(kind: Any) -> None:
    linear = nn.Linear(2, 2, rng=random.Random(1))
    root = total([*linear([0.5, 1.0]), Value(3.0)])
    try:
        module = kind(linear)
    except KeyError as error:
        module = error
    looked_at(root)
    found = nodes_by_name(root)
    assert any(name.endswith("w[1,1]") and v is linear.weight[1][1] for name, v in found.items())
    assert any(re.fullmatch(r"(\w+\.)*z\[1\]", name) for name in found)
    looked_at(nn.MLP(1, [1])([1.0]))
    with pytest.raises(ValueError, match="nothing in this graph"):
        Names(Tape(root)).place("no.such.path")
    del module


def test_a_cell_that_lost_rows_is_named_as_it_was_made() -> None:
    cell = nn.LSTMCell(1, 1, bias=False)
    cell.weight_ih, cell.weight_hh = cell.weight_ih[:3], cell.weight_hh[:3]
    root = total([autograd.dot(w + u, [0.5, 1.0]) for w, u in zip(cell.weight_ih, cell.weight_hh, strict=True)])
    assert {name for name in nodes_by_name(root) if name[0] == "z"} == {"zi[t=1]", "zf[t=1]", "zg[t=1]"}


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind not in (Unfinished, Opaque)])
def test_a_model_can_have_such_a_module_for_a_step(kind: Any) -> None:
    kind.__call__ = lambda self, x: x
    linear = nn.Linear(2, 2)
    model = nn.Sequential(linear, kind(nn.Linear(2, 2)), "tanh")
    root = total(linear([0.5, 1.0]))
    looked_at(root)
    assert any(v is linear.weight[1][1] and name[0] == "w" for name, v in nodes_by_name(root).items())
    del model


def test_an_activation_that_raises_leaves_its_outputs_without_names() -> None:
    def fussy(v: Value) -> Value:
        if v.data != 0.0:
            raise RuntimeError("only 0")
        return v.tanh()

    found = of_models(*nn.Layer(2, 2, activation=fussy, init="zeros")([0.5, 1.0]))
    assert {name[0] for name in found} == {"w", "b", "z"}


def test_an_activation_is_not_called_before_somebody_looks() -> None:
    calls = []

    def counted(v: Value) -> Value:
        calls.append(v)
        return v.tanh()

    model = nn.Sequential(nn.Layer(2, 2, activation=counted), nn.Linear(2, 2), counted)
    assert calls == []
    root = total(model([0.5, 1.0]))
    assert len(calls) == 4
    assert "h2[1]" in nodes_by_name(root)


@pytest.mark.parametrize("block", [no_grad, strict])
def test_a_look_inside_a_block_gives_the_same_names(block: Any) -> None:
    first, second = (total(nn.Layer(2, 2, activation=silu)([0.5, 1.0])) for _ in range(2))
    with block():
        names = [*nodes_by_name(first)]
    assert names == [*nodes_by_name(second)]
    assert "h[1]" in names
    with no_grad():
        leaf = total(nn.Layer(2, 2, activation=silu)([0.5, 1.0]))
        assert [*nodes_by_name(leaf)] == ["v1"]


def test_modules_are_made_while_others_look() -> None:
    root = total(nn.MLP(2, [2, 2])([0.5, 1.0]))
    wanted = [*nodes_by_name(root)]
    stop = threading.Event()

    def make() -> None:
        while not stop.is_set():
            nn.MLP(2, [4, 4])

    threads = [threading.Thread(target=make) for _ in range(3)]
    kept, interval = sys.getswitchinterval(), 1e-5
    sys.setswitchinterval(interval)
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            assert [*nodes_by_name(root)] == wanted
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(kept)


def test_lists_of_numbers_are_not_walked() -> None:
    """An attribute may hold all rows of a training, and each look at a graph asks each module that is alive."""
    rows = Hostile.Lists([1.0, 2.0])
    assert not Holder(rows=rows, nested=[rows])._has_one_of({})
    with pytest.raises(OSError, match="no items"):
        Holder(rows=Hostile.Lists([None]), mixed=Hostile.Lists([Value(1.0)]))._has_one_of({})


# ── names cost recording nothing ──


def test_a_parameter_is_as_large_as_any_leaf() -> None:
    """A row of weights shares one place, which one of them has for its label."""
    model = nn.MLP(50, [20, 1])
    assert {sys.getsizeof(v) for v in model.parameters()} == {sys.getsizeof(Value(1.0))}
    places = [v._label for v in model.parameters() if type(v._label) is Place]
    assert len(places) == 2 * (20 + 1)
    assert len({id(place.units) for place in places}) == 2
    root = model([0.5] * 50)
    assert all(type(v._label) is str for v in autograd.topological_order(root) if v.op)


def test_recording_asks_for_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make() for make in MAKERS]

    def refused(*args: object) -> Any:
        raise AssertionError("asked for names")

    for module, function in ((models, "places_on"), (models, "models_with"), (models, "write_places")):
        monkeypatch.setattr(module, function, refused)
    monkeypatch.setattr(Place, "__new__", refused)
    for kind in (nn.Module, nn.Neuron, nn.Layer, nn.Linear, nn.Sequential, nn.RNNCell, nn.LSTMCell):
        monkeypatch.setattr(kind, "_named_layers", refused)
    for model in made:
        called_with_numbers(model).backward()


def test_a_look_writes_nothing() -> None:
    model = Own()
    root = model([0.5, 1.0])
    before = [v._label for v in autograd.topological_order(root)]
    nodes_by_name(root)
    assert all(
        now is then for now, then in zip([v._label for v in autograd.topological_order(root)], before, strict=True)
    )


def test_a_function_in_a_model_is_pickled_as_before() -> None:
    model = nn.MLP(2, [2, 1], activation=lambda v: v.tanh())
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(model)
    root = model([0.5, 1.0])
    assert pickle.loads(pickle.dumps(root)).data == root.data
    assert b"Place" not in pickle.dumps(root)
    assert copy.deepcopy(root).operands[0].label == ""


@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_outputs_that_are_one_step_for_readers_have_their_names(activation: str) -> None:
    model = nn.Layer(2, 3, activation=activation)
    outputs = model([0.5, -1.0])
    tape = folded(*outputs)
    assert activation in tape.operations
    names = Names(tape)
    assert [names[tape.place(v)] for v in outputs] == ["h[0]", "h[1]", "h[2]"]
    assert {"z[0]", "z[1]", "z[2]", "w[2,1]", "b[1]"} <= {names[place] for place in names.own}
