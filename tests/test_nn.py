"""Neurons, layers and networks: outputs, names of parameters, and calls that are refused."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses, nn, operation, topological_order
from autograd.check import gradcheck
from autograd.nn import choices
from autograd.optim import SGD

ROUNDING = 1e-12
"""Relative: the terms of a neuron are added in another order."""


def by_hand(model: nn.MLP, x: list[float]) -> list[float]:
    """The output of a network of tanh layers and a linear last layer, in plain floats."""
    for layer in model.layers:
        x = [
            math.fsum(w.data * v for w, v in zip(n.w, x, strict=True)) + (n.b.data if n.b is not None else 0.0)
            for n in layer.neurons
        ]
        if layer.neurons[0].activation == "tanh":
            x = [math.tanh(z) for z in x]
    return x


@given(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(), st.booleans())
def test_a_network_computes_what_its_formula_says(nin: int, nouts: list[int], seed: int, bias: bool) -> None:
    rng = random.Random(seed)
    model = nn.MLP(nin, nouts, activation="tanh", bias=bias, init="xavier", rng=rng)
    x = [rng.uniform(-2.0, 2.0) for _ in range(nin)]
    outputs = model(x)
    found = [outputs] if isinstance(outputs, Value) else outputs
    assert [v.data for v in found] == pytest.approx(by_hand(model, x), rel=ROUNDING, abs=ROUNDING)
    widths = [nin, *nouts]
    assert len(model.parameters()) == sum((a + bias) * b for a, b in zip(widths, nouts, strict=False))


def test_what_micrograd_has_has_the_same_defaults() -> None:
    random.seed(1337)
    expected = [random.uniform(-1.0, 1.0) for _ in range(2 * 3)]
    random.seed(1337)
    layer = nn.Layer(2, 3, nonlin=False)
    assert [w.data for n in layer.neurons for w in n.w] == expected
    assert all(n.b is not None and n.b.data == 0.0 for n in layer.neurons)
    model = nn.MLP(3, [4, 4, 1])
    assert [n.activation for layer in model.layers for n in layer.neurons] == ["relu"] * 8 + ["linear"]
    assert isinstance(model([1.0, 2.0, 3.0]), Value)
    assert nn.Neuron(2).activation == "relu"
    assert nn.Neuron(2, nonlin=False).activation == "linear"
    assert len(model.parameters()) == 3 * 4 + 4 + 4 * 4 + 4 + 4 + 1


def test_parameters_have_stable_names_and_come_once() -> None:
    model = nn.MLP(1, [2, 1], rng=random.Random(0))
    assert [name for name, _ in model.named_parameters()] == [
        *("layers.0.neurons.0.w.0", "layers.0.neurons.0.b", "layers.0.neurons.1.w.0", "layers.0.neurons.1.b"),
        *("layers.1.neurons.0.w.0", "layers.1.neurons.0.w.1", "layers.1.neurons.0.b"),
    ]

    class Tied(nn.Module):
        def __init__(self) -> None:
            self.scale = Value(2.0)
            self.parts = [nn.Neuron(1), (self.scale, nn.Neuron(1))]
            self.result = self.scale * 2

    tied = Tied()
    assert next(name for name, _ in tied.named_parameters()) == "scale"
    assert len(tied.parameters()) == 5
    for p in tied.parameters():
        p.grad = 1.0
    tied.zero_grad()
    assert all(p.grad == 0.0 for p in tied.parameters())


@pytest.mark.parametrize("activation", nn.ACTIVATIONS)
def test_gradients_go_through_every_activation(activation: str) -> None:
    model = nn.MLP(2, [3, 2], activation=activation, output_activation="tanh", rng=random.Random(5))
    parameters = model.parameters()
    gradcheck(lambda *_: losses.mse(model([0.4, -0.7]), [0.1, 0.9]), parameters)


def test_an_own_operation_is_an_activation() -> None:
    @operation
    def nn_softsign(x):  # type: ignore[no-untyped-def]
        return x / (1 + abs(x)), 1 / (1 + abs(x)) ** 2

    model = nn.MLP(2, [3, 1], activation="nn_softsign", rng=random.Random(5))
    assert "nn_softsign" in {node.op for node in topological_order(model([0.4, -0.7]))}
    with pytest.raises(ValueError, match="there is no activation 'nn_softsing'; did you mean 'nn_softsign'"):
        nn.Neuron(2, activation="nn_softsing")
    assert nn.activate("nn_softsign", [Value(1.0)])[0].data == 0.5


def test_an_activation_of_the_package_is_not_looked_up_for_each_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def table() -> dict[str, Any]:
        raise AssertionError("the table of all operations is made once, not for each output")

    monkeypatch.setattr(choices, "activations", table)
    assert [v.data for v in nn.activate("relu", [Value(-1.0), Value(2.0)])] == [0.0, 2.0]


@pytest.mark.parametrize(
    ("init", "bound"), [("uniform", 1.0), ("fan_in", 0.1), ("xavier", math.sqrt(6.0 / 400)), ("he", math.sqrt(0.06))]
)
def test_weights_fill_their_range(init: str, bound: float) -> None:
    layer = nn.Layer(100, 300, init=init, rng=random.Random(3))
    weights = [w.data for n in layer.neurons for w in n.w]
    assert max(map(abs, weights)) <= bound
    assert max(weights) > 0.99 * bound
    assert min(weights) < -0.99 * bound
    variance = math.fsum(w * w for w in weights) / len(weights)
    assert variance == pytest.approx(bound**2 / 3.0, rel=0.05, abs=0.0)
    biases = [n.b.data for n in layer.neurons if n.b is not None]
    assert any(biases) == (init == "fan_in")
    assert all(abs(b) <= bound for b in biases)
    assert not any(p.data for p in nn.MLP(2, [2], init="zeros").parameters())


def test_numbers_are_made_constants_once_for_a_layer() -> None:
    outputs = nn.Layer(3, 5)([1.0, 2.0, 3.0])
    constants = {id(v) for out in outputs for v in topological_order(out) if not v.op and v.data in (1.0, 2.0, 3.0)}
    assert len(constants) == 3


def test_xor_is_learnt() -> None:
    model = nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(2))
    optimizer = SGD(model.parameters(), lr=0.2, momentum=0.9)
    rows = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    for _ in range(300):
        loss = losses.mse([model(x) for x, _ in rows], [t for _, t in rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert [round(model(x).data) for x, _ in rows] == [0, 1, 1, 0]


def test_a_part_decides_which_its_parameters_are() -> None:
    class Frozen(nn.Neuron):
        def parameters(self) -> list[Value]:
            return [self.b] if self.b is not None else []

    model = nn.MLP(2, [2, 1])
    model.layers[0].neurons = [Frozen(2), Frozen(2)]
    assert len(model.parameters()) == 2 + 3
    assert [name for name, _ in model.named_parameters()][:2] == ["layers.0.neurons.0.b", "layers.0.neurons.1.b"]


def test_numpy_s_whole_numbers_are_sizes() -> None:
    two: Any = np.int64(2)
    assert len(nn.MLP(two, [two]).parameters()) == 6
    sizes: Any = np.array([2, 1])
    assert len(nn.MLP(two, sizes).parameters()) == 6 + 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Neuron(0), ValueError, "the number of inputs is a whole number from 1, not 0"),
        (lambda: nn.Layer(2, 0), ValueError, "the number of neurons is a whole number from 1, not 0"),
        (lambda: nn.MLP(2, []), ValueError, "an MLP has at least one layer"),
        (lambda: nn.MLP(2, SEED), TypeError, "an MLP takes the sizes of its layers as a list, not int 42"),
        (lambda: nn.Neuron(2, nout=0, init="xavier"), ValueError, "the size of the layer .* from 1, not 0"),
        (lambda: nn.MLP(2, [2], output_activation="sigmiod"), ValueError, "did you mean 'sigmoid'"),
        (lambda: nn.Layer(2, 2, init="gauss"), ValueError, "there are uniform, fan_in, xavier, he, zeros"),
        (lambda: nn.Neuron(2)([1.0]), ValueError, "a neuron takes 2 inputs, not 1"),
        (lambda: nn.MLP(1, [2])([1.0, 2.0]), ValueError, "a layer takes 1 input, not 2"),
        (lambda: nn.Layer(1, 2)(BARE), TypeError, r"a list of numbers or Values, not float 1\.0; write \[x\]"),
        (lambda: nn.Layer(1, 2)(v for v in [1.0]), TypeError, r"not <generator .*; write list\(x\)"),  # type: ignore[arg-type]
        (lambda: nn.Neuron(1, rng=SEED), TypeError, r"random\.Random\(42\), not int 42"),
        (lambda: nn.Neuron(1)(["a"]), TypeError, "dot takes .* not str 'a'"),  # type: ignore[list-item]
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


BARE: Any = 1.0
SEED: Any = 42
