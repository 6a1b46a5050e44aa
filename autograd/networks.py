"""The networks of the lessons, each as the loss of one example: `python -m autograd compile xor` compiles them.

>>> from autograd.networks import NETWORKS
>>> loss, inputs, model = NETWORKS["xor"]()
>>> len(model.parameters()), [v.label for v in inputs[0]]
(41, ['x0', 'x1'])
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from random import Random
from typing import Any, Final, NamedTuple

from autograd import losses
from autograd.compiler.leaves import inputs
from autograd.engine.functions import dot, largest, softmax
from autograd.engine.value import Value, constant
from autograd.formula.parse import KNOWN, names_in, read
from autograd.nn import MLP, Conv2d, Layer, LSTMCell, Module, Neuron, RNNCell
from autograd.toy import Toy


class Network(NamedTuple):
    """The loss of one example, its inputs, and its parameters as a module or a list."""

    loss: Value
    inputs: tuple[Any, ...]
    parameters: Any


def toy() -> Network:
    """x → h → y with a sigmoid on both, and (y − t)²."""
    network = Toy(x=1.0, target=0.2, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
    return Network(network.loss(), (network.x, network.target), network.weights)


def line() -> Network:
    """A neuron without an activation, w·x + b, and the squared error."""
    return _of(Neuron(1, nonlin=False), inputs(1), losses.mse)


def xor() -> Network:
    """2-10-1 with ReLU, and the squared error."""
    return _of(MLP(2, [10, 1], rng=Random(1)), inputs(2), losses.mse)


def iris() -> Network:
    """4-5-3 with sigmoids and no biases, and half the squared error."""
    model = MLP(4, [5, 3], activation="sigmoid", output_activation="sigmoid", bias=False, rng=Random(1))
    return _of(model, inputs(4), lambda ys, ts: 0.5 * losses.squared_error(ys, ts))


def moons() -> Network:
    """2-16-16-1 with ReLU, the hinge loss and a penalty of all parameters."""
    model = MLP(2, [16, 16, 1], rng=Random(1))
    weights = model.parameters()
    return _of(model, inputs(2), lambda y, t: losses.hinge(y, t) + 1e-4 * dot(weights, weights))


def mnist() -> Network:
    """784-500-400-10 with ReLU, and the cross-entropy of softmax."""
    return _of(MLP(784, [500, 400, 10], init="he", rng=Random(1)), inputs(784), losses.cross_entropy)


def rnn() -> Network:
    """A recurrent cell of 8 hidden units over 50 steps of 4 numbers, 4 scores, and their cross-entropy."""
    return _of(_Reader(RNNCell(4, 8, rng=Random(1))), inputs(50, 4), losses.cross_entropy)


def lstm() -> Network:
    """A long short-term memory of 8 hidden units over 50 steps of 4 numbers, 4 scores, and their cross-entropy."""
    return _of(_Reader(LSTMCell(4, 8, rng=Random(1))), inputs(50, 4), losses.cross_entropy)


def convolution() -> Network:
    """8 filters of 3×3 on 8×8 pixels, ReLU, pooling of 2×2, 10 scores, and their cross-entropy."""
    return _of(_Convolutional(), inputs(8, 8), losses.cross_entropy)


def names() -> Network:
    """3 characters of 27, one-hot, embeddings of size 2, 24 hidden units, 27 scores, and their cross-entropy."""
    return _of(_Names(), inputs(3, 27), losses.cross_entropy)


def attention() -> Network:
    """Causal attention of 2 heads over 6 tokens of 8 numbers, and the squared error."""
    return _of(_Attention(), inputs(6, 8), lambda ys, ts: losses.mse(_flat(ys), _flat(ts)))


NETWORKS: Final[dict[str, Callable[[], Network]]] = {
    network.__name__: network
    for network in (toy, line, xor, iris, moons, mnist, convolution, rnn, lstm, names, attention)
}
"""The networks by name; the docstring of each says what it is."""


def network(text: str, numbers: Mapping[str, float | None]) -> Network:
    """The network of a name, or that of an expression, as in `tanh(w*x + b)`.

    In an expression, a name with a number is a parameter, and one without is an input. ValueError for a text that is
    neither, for numbers beside the name of a network, and for an expression without an input.

    >>> network("tanh(w*x)", {"w": 2.0}).inputs
    (Value(data=..., grad=0.0, label='x'),)
    """
    if text in NETWORKS:
        if numbers:
            raise ValueError(f"the network {text} has numbers of its own; leave {', '.join(numbers)} out")
        return NETWORKS[text]()
    if text.isidentifier():
        near = get_close_matches(text, NETWORKS, n=1)
        hint = f"did you mean {near[0]}" if near else f"there are {', '.join(NETWORKS)}, and expressions, as tanh(w*x)"
        raise ValueError(f"there is no network {text}; {hint}")
    found = names_in(text)
    constants = {name: constant(KNOWN[name]) for name in found if name in KNOWN and name not in numbers}
    lanes = [name for name in (*found, *numbers) if name not in constants and numbers.get(name) is None]
    arrays = {name: inputs(name=name) for name in lanes}
    parameters = {name: Value(x, label=name) for name, x in numbers.items() if x is not None}
    root = read(text, {**constants, **arrays, **parameters})
    if not arrays:
        raise ValueError("there is no name without a number; leave out that of an input, an array of N numbers")
    return Network(root, tuple(arrays.values()), [*parameters.values()])


def _of(model: Callable[[Any], Any], x: Any, loss: Callable[[Any, Any], Value]) -> Network:
    """The network of a model and of targets of the shape of its outputs."""
    outputs, sizes = model(x), []
    part = outputs
    while isinstance(part, list):
        sizes.append(len(part))
        part = part[0]
    t = inputs(*sizes, name="t")
    return Network(loss(outputs, t), (x, t), model)


def _flat(rows: list[list[Value]]) -> list[Value]:
    return [v for row in rows for v in row]


class _Reader(Module):
    """A recurrent cell that reads a sequence, and scores of its last state."""

    def __init__(self, cell: Any) -> None:
        self.cell, self.readout = cell, Layer(8, 4, nonlin=False, init="fan_in", rng=Random(2))

    def __call__(self, sequence: list[list[Value]]) -> Any:
        state: Any = None
        for x in sequence:
            state = self.cell(x, state)
        return self.readout(state[0] if isinstance(state, tuple) else state)


class _Convolutional(Module):
    """Filters, ReLU, max-pooling, a dense layer."""

    def __init__(self) -> None:
        self.filters = Conv2d(1, 8, 3, init="he", rng=Random(1))
        self.scores = Layer(72, 10, nonlin=False, init="fan_in", rng=Random(2))

    def __call__(self, image: list[list[Value]]) -> Any:
        pairs = [(rows[i], rows[i + 1]) for rows in self.filters([image]) for i in range(0, 6, 2)]
        squares = [above[j : j + 2] + below[j : j + 2] for above, below in pairs for j in range(0, 6, 2)]
        return self.scores([largest([z.relu() for z in square]) for square in squares])


class _Names(Module):
    """Embeddings of the characters of a context, and two layers."""

    def __init__(self) -> None:
        self.embedding = Layer(27, 2, nonlin=False, bias=False, rng=Random(1))
        self.layers = MLP(6, [24, 27], activation="tanh", init="fan_in", rng=Random(2))

    def __call__(self, context: list[list[Value]]) -> Any:
        return self.layers([v for character in context for v in self.embedding(character)])


class _Attention(Module):
    """Each token reads those before it, in two heads, and itself."""

    def __init__(self) -> None:
        rng = Random(1)
        self.query, self.key, self.value, self.out = (
            Layer(8, 8, nonlin=False, bias=False, init="fan_in", rng=rng) for _ in range(4)
        )

    def __call__(self, tokens: list[list[Value]]) -> list[list[Value]]:
        queries, keys, values = ([layer(x) for x in tokens] for layer in (self.query, self.key, self.value))
        rows = []
        for i, query in enumerate(queries):
            mixed = []
            for head in (slice(0, 4), slice(4, 8)):
                weights = softmax([0.5 * dot(query[head], key[head]) for key in keys[: i + 1]])
                mixed += [dot(weights, column) for column in zip(*(v[head] for v in values[: i + 1]), strict=True)]
            rows.append(self.out(mixed))
        return rows
