"""Modules: where parameters are found, steps one after another, and numbers taken out and put in by name."""

import importlib
import importlib.util
import inspect
import os
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, losses, nn, optim, state, train

TO_PYTORCH = 1e-14
"""Relative: sums of products are rounded once here."""
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed"
)


class Holder(nn.Module):
    """A module with one attribute."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing


# ── where parameters are found ──

keys = st.text("abcxyz", min_size=1, max_size=3)
plain: st.SearchStrategy[Any] = st.none() | st.floats(allow_nan=False) | st.text(max_size=2) | st.sets(st.integers())
things = st.recursive(
    plain | st.builds(Value, st.floats(-1.0, 1.0)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3).map(OrderedDict)
        | inner.map(Holder)
    ),
    max_leaves=12,
)


def values_in(thing: Any) -> list[Value]:
    """The Values in nested things, by the plainest walk."""
    if isinstance(thing, Value):
        return [thing]
    if isinstance(thing, Holder):
        return values_in(thing.thing)
    parts = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple, deque)) else ()
    return [v for part in parts for v in values_in(part)]


@given(things)
def test_every_parameter_is_found_in_order_and_has_a_name(thing: Any) -> None:
    module, wanted = Holder(thing), values_in(thing)
    named = list(module.named_parameters())
    assert [id(v) for _, v in named] == [id(v) for v in wanted]
    assert len({name for name, _ in named}) == len(named)
    for name, v in named:
        found: Any = module
        for word in name.split("."):
            if isinstance(found, Holder):
                found = vars(found)[word]
            else:
                found = found[word] if isinstance(found, dict) else found[int(word)]
        assert found is v


@given(things)
def test_what_is_taken_out_can_be_put_in(thing: Any) -> None:
    module = Holder(thing)
    state = module.state_dict()
    kept = [v.data for v in module.parameters()]
    for v in module.parameters():
        v.data = 7.0
    module.load_state_dict(state)
    assert [v.data for v in module.parameters()] == kept


def test_parameters_in_a_dictionary_are_trained_saved_and_named() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.weights = {"slope": Value(0.0), "offset": [Value(0.0)], 3: {"unused": (Value(1.0),)}}

        def __call__(self, x: float) -> Any:
            offset: Any = self.weights["offset"]
            slope: Any = self.weights["slope"]
            return slope * x + offset[0]

    line = Line()
    assert [name for name, _ in line.named_parameters()] == ["weights.slope", "weights.offset.0", "weights.3.unused.0"]
    rows = [(x / 2.0, x - 1.0) for x in range(-3, 4)]
    assert train.fit(line, rows, losses.mse, optim.SGD(line.parameters(), lr=0.3), epochs=100).losses[-1] < 1e-6
    state = line.state_dict()
    assert state == {
        "weights.slope": pytest.approx(2.0, abs=1e-3),
        "weights.offset": [pytest.approx(-1.0, abs=1e-3)],
        "weights.3.unused": [1.0],
    }
    x, y = autograd.inputs(name="x"), autograd.inputs(name="y")
    program = autograd.compile(losses.mse(line(x), y), (x, y), parameters=line)
    assert [*program.views] == ["weights.slope", "weights.offset", "weights.3.unused"]


def test_parameters_in_an_array_of_numpy_are_found() -> None:
    module = Holder(np.array([[Value(1.0), Value(2.0)]]))
    assert [name for name, _ in module.named_parameters()] == ["thing.0.0", "thing.0.1"]
    assert module.state_dict() == {"thing": [[1.0, 2.0]]}
    assert Holder(np.array([1.0, 2.0])).parameters() == []


def test_lists_of_different_lengths_are_tensors_of_their_own() -> None:
    module = Holder([[Value(1.0)], [Value(2.0), Value(3.0)]])
    assert module.state_dict() == {"thing.0": [1.0], "thing.1": [2.0, 3.0]}


@pytest.mark.parametrize(
    ("thing", "error", "message"),
    [
        (
            {Value(1.0)},
            TypeError,
            "the attribute thing is a set of parameters, and a set has no order; use a list",
        ),
        ([frozenset([nn.Neuron(1)])], TypeError, r"the attribute thing\.0 is a set of parameters"),
        ({"1": Value(1.0), 1: Value(2.0)}, ValueError, "the attribute thing has keys with the same text"),
        ({"a.b": Value(1.0), "a": {"b": Value(2.0)}}, ValueError, r"two parameters have the name thing\.a\.b"),
    ],
)
def test_parameters_without_a_name_are_refused(thing: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Holder(thing).state_dict()


def test_weights_of_one_s_own_are_found_beside_those_of_a_layer() -> None:
    class Scaled(nn.Neuron):
        def __init__(self, nin: int, start: float) -> None:
            super().__init__(nin)
            self.scale = Value(start)

    def layer(start: float) -> nn.Layer:
        made = nn.Layer(2, 2)
        made.neurons = [Scaled(2, start), Scaled(2, start + 1.0)]
        return made

    ours, other = layer(3.0), layer(0.0)
    assert [*ours.state_dict()] == ["weight", "bias", "neurons.0.scale", "neurons.1.scale"]
    other.load_state_dict(ours.state_dict())
    assert [p.data for p in other.parameters()] == [p.data for p in ours.parameters()]


def test_a_module_is_shown_with_its_parts() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.first = nn.Linear(2, 3, bias=False)
            self.others = {"cell": nn.RNNCell(3, 4), "deep": [nn.MLP(3, [2, 1])]}
            self.scale = Value(1.0)

    assert repr(Net()).splitlines() == [
        "Net of 54 parameters",
        "  first: Linear of 2 inputs, 3 outputs, no bias",
        "  others.cell: RNNCell of 3 inputs, hidden size 4",
        "  others.deep.0: MLP of 3 inputs, 11 parameters",
        "    0: Layer of 2 relu neurons of 3 inputs",
        "    1: Layer of 1 linear neuron of 2 inputs",
    ]
    assert repr(Holder([nn.Neuron(1) for _ in range(99)])).splitlines()[5] == "  … 91 more …"
    assert repr(Holder([])) == "Holder of 0 parameters"


# ── linear layers and steps ──


@needs_torch
def test_a_network_of_pytorch_computes_the_same_here() -> None:
    torch = importlib.import_module("torch")
    torch.manual_seed(1)
    layers = [torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 5, bias=False), torch.nn.LogSoftmax(0)]
    theirs = torch.nn.Sequential(*layers).double()
    ours = nn.Sequential(nn.Linear(3, 4), "tanh", nn.Linear(4, 5, False), autograd.log_softmax)
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    ours.load_state_dict(theirs.state_dict())
    x = [0.5, -1.0, 2.0]
    at = torch.tensor(x, dtype=torch.float64)
    assert [v.data for v in ours(x)] == pytest.approx(theirs(at).tolist(), rel=TO_PYTORCH, abs=0.0)
    losses.mse(ours(x), [0.1, 0.2, 0.3, 0.4, 0.5]).backward()
    torch.nn.functional.mse_loss(theirs(at), torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5], dtype=torch.float64)).backward()
    wanted = [g for p in theirs.parameters() for g in p.grad.flatten().tolist()]
    assert [v.grad for v in ours.parameters()] == pytest.approx(wanted, rel=1e-12, abs=0.0)
    theirs.load_state_dict({name: torch.tensor(numbers) for name, numbers in ours.state_dict().items()})


def test_a_linear_layer_has_the_names_and_the_start_of_pytorch_s() -> None:
    layer = nn.Linear(in_features=4, out_features=300, bias=True, rng=random.Random(1))
    state = layer.state_dict()
    assert (len(state["weight"]), len(state["weight"][0]), len(state["bias"])) == (300, 4, 300)
    drawn = [x for row in state["weight"] for x in row] + state["bias"]
    assert -0.5 <= min(drawn) < -0.49
    assert 0.5 >= max(drawn) > 0.49
    assert [v.data for v in nn.Linear(2, 1, init="zeros")([1.0, 2.0])] == [0.0]


def test_steps_are_called_one_after_another() -> None:
    model = nn.Sequential(
        nn.Layer(2, 1, rng=random.Random(1)), lambda v: v + 1.0, nn.Layer(1, 2, rng=random.Random(2)), "softmax"
    )
    middle = model[0]([0.5, -1.0])
    wanted = autograd.softmax(model[2]([middle + 1.0]))
    assert [v.data for v in model([0.5, -1.0])] == [v.data for v in wanted]
    assert len(model) == 4
    assert nn.Sequential("square")(3.0).data == 9.0
    assert [v.data for v in nn.Sequential("square", Value.exp)([0.0])] == [1.0]
    planes = nn.Sequential(nn.Conv2d(1, 2, 2), "relu")([[[1.0, 2.0], [3.0, 4.0]]])
    assert [[len(row) for row in plane] for plane in planes] == [[1], [1]]
    assert all(v.op == "relu" for plane in planes for row in plane for v in row)


def test_an_mlp_is_a_sequential_of_its_layers() -> None:
    model = nn.MLP(3, [4, 2], rng=random.Random(1))
    same = nn.Sequential(*model.layers)
    assert [v.data for v in same([1.0, 2.0, 3.0])] == [v.data for v in model([1.0, 2.0, 3.0])]
    assert same.state_dict() == model.state_dict()


def test_a_sequential_is_trained_and_compiled() -> None:
    model = nn.Sequential(nn.Linear(2, 4, rng=random.Random(3)), "tanh", nn.Linear(4, 1, rng=random.Random(4)))
    x, t = autograd.inputs(2), autograd.inputs(name="t")
    program = autograd.compile(losses.mse(model(x), t), (x, t), parameters=model)
    assert [*program.views] == ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"]
    rows = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
    assert train.fit(program, rows, optim.Adam(program, lr=0.1), epochs=200).losses[-1] < 1e-2
    assert [round(model(x)[0].data) for x, _ in rows] == [0, 1, 1, 0]


# ── activations ──


def test_an_activation_is_a_function_or_a_module_too() -> None:
    class Slope(nn.Module):
        def __init__(self) -> None:
            self.slope = Value(0.25)

        def __call__(self, x: Value) -> Value:
            return x.leaky_relu(self.slope)

    by_name = nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
    by_function = nn.MLP(2, [3, 1], activation=Value.tanh, rng=random.Random(1))
    assert by_name([0.5, -1.0]).data == by_function([0.5, -1.0]).data
    assert "of 3 tanh neurons" in repr(by_function)
    layer = nn.Layer(1, 2, activation=Slope())
    assert next(name for name, _ in layer.named_parameters()) == "neurons.0.activation.slope"
    assert len(layer.parameters()) == 5
    cell = nn.RNNCell(1, 2, activation=lambda v: v.relu(), rng=random.Random(1))
    assert [v.data for v in cell([3.0])] == [
        v.data for v in nn.RNNCell(1, 2, activation="relu", rng=random.Random(1))([3.0])
    ]
    assert [v.data for v in nn.Layer(1, 2, activation=autograd.softmax, init="zeros")([3.0])] == [0.5, 0.5]


# ── slips ──

ROWS: Any = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
WORD: Any = "tanh"
THREE: Any = 3
LIST: Any = [2, 3, 1]
BATCH = r"not a list of 3 rows; write \[model\(x\) for x in rows\]"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.MLP(2, THREE), TypeError, r"the sizes of its layers as a list, not int 3; write MLP\(2, \[3\]\)"),
        (lambda: nn.MLP(2, THREE, 1), TypeError, r"not int 3; write MLP\(2, \[3, 1\]\)"),
        (lambda: nn.MLP(2, THREE, "tanh"), TypeError, r"write MLP\(2, \[3\], activation='tanh'\)"),
        (lambda: nn.MLP(LIST), TypeError, r"inputs and then a list of sizes; write MLP\(2, \[3, 1\]\)"),
        (lambda: nn.MLP(2, [3, 1], "tanh"), TypeError, r"options by name; write MLP\(2, \[3, 1\], activation='tanh'\)"),
        (lambda: nn.MLP(2), ValueError, r"an MLP has at least one layer; write MLP\(2, \[3, 1\]\)"),
        (
            lambda: nn.MLP(2, [3, 1], output_activation="softmax"),
            ValueError,
            "softmax over one output is always 1",
        ),
        (lambda: nn.Neuron(2, activation="log_softmax"), ValueError, "log_softmax over one output is always 0"),
        (lambda: nn.Layer(2, 1, activation=autograd.softmax), ValueError, "always 1; use a sigmoid, or two outputs"),
        (lambda: nn.RNNCell(2, 1, activation="softmax"), ValueError, "always 1; use a sigmoid, or two outputs"),
        (lambda: nn.Sequential(nn.Linear(2, 1), "softmax")(ROWS[0]), ValueError, "always 1; use a sigmoid"),
        (lambda: nn.activate("softmax", [Value(1.0)]), ValueError, "always 1; use a sigmoid"),
        (lambda: nn.Layer(2, 3, WORD), TypeError, "nonlin is True or False, not str 'tanh'; write activation='tanh'"),
        (
            lambda: nn.Layer(2, 3, activation=THREE),
            TypeError,
            "an activation is a name, .* of a Value, not int 3",
        ),
        (lambda: nn.Layer(2, 3, activation=Value), TypeError, "function of a Value, not <class"),
        (lambda: nn.Layer(2, 3, activation=lambda v: v.data)(ROWS[0]), TypeError, "<lambda> takes a Value and returns"),
        (lambda: nn.Linear(2, 3, WORD), TypeError, "bias is True or False, not str 'tanh'; an activation is a step"),
        (lambda: nn.MLP(2, [3, 1])(ROWS), TypeError, BATCH),
        (lambda: nn.MLP(3, [3, 1])(ROWS), TypeError, BATCH),
        (lambda: nn.MLP(2, [3, 1])(np.array(ROWS)), TypeError, BATCH),
        (lambda: nn.Neuron(2)(ROWS), TypeError, BATCH),
        (lambda: nn.Linear(2, 3)(ROWS), TypeError, BATCH),
        (lambda: nn.Sequential("tanh", nn.Linear(2, 3))(ROWS), TypeError, BATCH),
        (lambda: nn.RNNCell(2, 3)(ROWS), TypeError, r"write state = cell\(x, state\) for each x of a sequence"),
        (lambda: nn.LSTMCell(2, 3)(ROWS), TypeError, r"write state = cell\(x, state\) for each x of a sequence"),
        (lambda: nn.Conv2d(1, 1, 2)([[ROWS]]), TypeError, r"write \[model\(x\) for x in rows\]"),
        (lambda: nn.Sequential(), ValueError, "a Sequential has at least one step"),
        (lambda: nn.Sequential([nn.Linear(1, 1)]), TypeError, r"write Sequential\(\*steps\)"),  # type: ignore[arg-type]
        (lambda: nn.Sequential(nn.Linear), TypeError, r"a module, not its class; write Linear\(…\)"),  # type: ignore[arg-type]
        (lambda: nn.Sequential(THREE), TypeError, "a module, a name or a function of a Value, not int 3"),
        (lambda: nn.Sequential("tanhh"), ValueError, "did you mean 'tanh'"),
        (lambda: nn.Sequential(nn.Module()), TypeError, "Module has no __call__; define one"),
        (lambda: nn.LeakyReLU, AttributeError, "an activation is a name: write 'leaky_relu'"),
        (lambda: nn.CrossEntropyLoss(), AttributeError, r"a loss is a function: write losses\.cross_entropy"),
        (lambda: nn.Transformer, AttributeError, "no attribute 'Transformer'$"),
    ],
)
def test_slips_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({}, ValueError, r"the state lacks 0\.weight, 0\.bias, 1\.weight; it has nothing"),
        ("model.safetensors", TypeError, r"not str 'model\.safetensors'; a file is loaded by autograd\.state\.load"),
        ({"0.bias": [0.0, 0.0, 0.0]}, ValueError, r"0\.bias has the shape \(3,\), but in this model \(2,\)"),
        ({"0.bias": [[0.0], [0.0, 0.0]]}, ValueError, r"0\.bias has lists of different lengths"),
        ({"0.bias": [0.0, "x"]}, TypeError, r"0\.bias is a number, not str 'x'"),
        ({"0.bias": [0.0, None]}, TypeError, r"0\.bias is a number, not None"),
        ({"2.bias": [0.0]}, ValueError, r"the state has 2\.bias, which this model lacks"),
        ({"extra": 0.0}, ValueError, "the state has extra, which this model lacks"),
    ],
)
def test_a_state_of_another_model_changes_nothing(state: Any, error: type[Exception], message: str) -> None:
    model = nn.MLP(3, [2, 1], rng=random.Random(1))
    before = model.state_dict()
    given = {**nn.MLP(3, [2, 1]).state_dict(), **state} if isinstance(state, dict) and state else state
    with pytest.raises(error, match=message):
        model.load_state_dict(given)
    assert model.state_dict() == before


def test_numbers_in_names_may_have_gaps() -> None:
    ours = nn.MLP(2, [3, 1], rng=random.Random(1))
    steps = nn.Sequential(nn.Linear(2, 3), "relu", nn.Linear(3, 1))
    steps.load_state_dict(ours.state_dict())
    assert [*steps.state_dict().values()] == [*ours.state_dict().values()]
    shifted = {name.replace("1.", "17."): numbers for name, numbers in ours.state_dict().items()}
    other = nn.MLP(2, [3, 1])
    other.load_state_dict(dict(reversed(shifted.items())))
    assert other.state_dict() == ours.state_dict()
    other.load_state_dict({f"{2 + 7 * int(name[0])}{name[1:]}": x for name, x in ours.state_dict().items()})
    with pytest.raises(ValueError, match=r"17\.weight has the shape \(1, 3\), but in this model \(4, 3\)"):
        nn.MLP(2, [3, 4]).load_state_dict(shifted)
    with pytest.raises(ValueError, match=r"lacks 1\.weight, 1\.bias, 2\.weight; it has 0\.bias, 0\.weight, 17\.bias"):
        nn.MLP(2, [3, 1, 1]).load_state_dict(shifted)


# ── modules that are nested too deep ──


def inside_itself() -> Any:
    module: Any = nn.Module()
    module.w, module.inner = Value(1.0), module
    return module


def list_inside_itself() -> Any:
    module: Any = nn.Module()
    module.row = [Value(1.0)]
    module.row.append(module.row)
    return module


def deep(levels: int) -> Any:
    module: Any = nn.Module()
    for _ in range(levels):
        outer: Any = nn.Module()
        outer.inner, outer.w = module, Value(1.0)
        module = outer
    return module


def test_modules_may_be_nested_deep() -> None:
    assert len(deep(200).parameters()) == 200
    assert len(deep(200).state_dict()) == 200
    assert repr(deep(100)).startswith("Module of 100 parameters")


@pytest.mark.parametrize("make", [inside_itself, list_inside_itself, lambda: deep(20_000)])
def test_modules_that_are_nested_too_deep_are_refused(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    module = make()
    for call in (
        module.parameters,
        module.state_dict,
        module.zero_grad,
        lambda: optim.SGD(module.parameters()),
        lambda: state.save(module, tmp_path / "file"),
    ):
        with pytest.raises(RecursionError, match=r"the module Module is nested too deep, or a part of it is inside"):
            call()
    assert "nested too deep" in repr(module)
    assert os.listdir(tmp_path) == []


# ── modules without __init__ ──


def test_a_module_without_init_takes_no_arguments() -> None:
    class Plain(nn.Module):
        pass

    wrong: Any = Plain
    for positions, options in (((1,), {}), ((), {"w": 1})):
        with pytest.raises(TypeError, match=r"^Plain\(\) takes no arguments$"):
            wrong(*positions, **options)
    assert [*inspect.signature(Plain).parameters] == [*inspect.signature(nn.Module).parameters] == []
    assert [*inspect.signature(Holder).parameters] == ["thing"]


def test_a_module_may_have_a_new_of_its_own() -> None:
    class Doubled(nn.Module):
        def __new__(cls, start: float) -> "Doubled":
            module = super().__new__(cls)
            module.w = Value(2.0 * start)  # type: ignore[attr-defined]
            return module

    made: Any = Doubled(2.0)
    assert made.w.data == 4.0
    assert [*inspect.signature(Doubled).parameters] == ["start"]
    assert "w" in repr([*made.named_parameters()])
