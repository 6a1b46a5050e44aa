"""Programs for micrograd run with only the import changed: they draw, differentiate by hand, and train."""

import copy
import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import graphviz
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.engine import Value
from autograd.nn import MLP, Module

ROUNDING = 1e-12
"""Relative: sums of a few hundred products of floats, in two orders."""

# ── what such programs define ──


def trace(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
    """All nodes of a graph, and its edges from operand to result."""
    nodes: set[Any] = set()
    edges: set[tuple[Any, Any]] = set()

    def visit(v: Any) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                visit(child)

    visit(root)
    return nodes, edges


def draw_dot(root: Any) -> graphviz.Digraph:
    """A picture with a box for each node and an oval for each operation."""
    picture = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    nodes, edges = trace(root)
    for n in nodes:
        name = str(id(n))
        picture.node(name, label=f"{{ {n.label} | data {n.data:.4f} | grad {n.grad:.4f} }}", shape="record")
        if n._op:
            picture.node(name + n._op, label=n._op)
            picture.edge(name + n._op, name)
    for child, n in edges:
        picture.edge(str(id(child)), str(id(n)) + n._op)
    return picture


def ordered(root: Any) -> list[Any]:
    """The nodes, each after its operands."""
    order: list[Any] = []
    visited = set()

    def visit(v: Any) -> None:
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                visit(child)
            order.append(v)

    visit(root)
    return order


def by_hand(root: Any) -> None:
    """What `backward` does, one node at a time."""
    root.grad = 1.0
    for node in reversed(ordered(root)):
        node._backward()


class Neuron(Module):
    def __init__(self, nin: int) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))

    def __call__(self, x: Iterable[Any]) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.tanh()

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


class Network(Module):
    def __init__(self, nin: int, nouts: list[int]) -> None:
        sizes = [nin, *nouts]
        self.layers = [[Neuron(sizes[i]) for _ in range(sizes[i + 1])] for i in range(len(nouts))]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


# ── the picture ──


def neuron() -> dict[str, Any]:
    """A neuron of two inputs, with a bias that makes its numbers round."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6 + math.atanh(math.sqrt(0.5)), label="b")
    x1w1 = x1 * w1
    x1w1.label = "x1*w1"
    x2w2 = x2 * w2
    x2w2.label = "x2*w2"
    both = x1w1 + x2w2
    both.label = "x1*w1 + x2*w2"
    n = both + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return {v.label: v for v in (x1, x2, w1, w2, b, x1w1, x2w2, both, n, o)}


def test_the_picture_has_a_box_for_each_node_and_an_oval_for_each_operation() -> None:
    v = neuron()
    v["o"].backward()
    text = draw_dot(v["o"]).source
    boxes = re.findall(r'label="\{ (.*?) \| data (\S+) \| grad (\S+) \}"', text)
    assert sorted(boxes) == sorted((name, f"{n.data:.4f}", f"{n.grad:.4f}") for name, n in v.items())
    assert sorted(re.findall(r"\[label=\"?([^\s\"\]{]+)\"?\]", text)) == ["*", "*", "+", "+", "tanh"]
    assert text.count("->") == 9 + 5
    assert ("n", "0.8814", "0.5000") in boxes


def test_plain_numbers_are_drawn_too() -> None:
    x = Value(3.0, label="x")
    nodes, edges = trace(2 * x + 1)
    assert sorted(n.data for n in nodes) == [1.0, 2.0, 3.0, 6.0, 7.0]
    assert len(edges) == 4


def test_a_graph_can_be_traced_twice() -> None:
    root = 2 * Value(3.0) ** 2 - 1 / Value(4.0)
    assert trace(root) == trace(root)


@pytest.mark.parametrize(
    ("root", "sign", "count"),
    [
        (lambda a, b: a + b, "+", 2),
        (lambda a, b: a + 1, "+", 2),
        (lambda a, b: 1 + a, "+", 2),
        (lambda a, b: a - b, "-", 2),
        (lambda a, b: a * b, "*", 2),
        (lambda a, b: a * a, "*", 1),
        (lambda a, b: a / b, "/", 2),
        (lambda a, b: -a, "-", 1),
        (lambda a, b: a**2, "**2", 1),
        (lambda a, b: a**-1, "**-1", 1),
        (lambda a, b: a**0.5, "**0.5", 1),
        (lambda a, b: a**b, "**", 2),
        (lambda a, b: 2**b, "**", 2),
        (lambda a, b: a.relu(), "ReLU", 1),
        (lambda a, b: a.tanh(), "tanh", 1),
        (lambda a, b: a.exp(), "exp", 1),
        (lambda a, b: a, "", 0),
        (lambda a, b: autograd.total([a, b, a]), "total", 2),
        (lambda a, b: a.detach(), "detach", 1),
    ],
)
def test_an_operation_has_the_sign_that_micrograd_writes(
    root: Callable[[Value, Value], Value], sign: str, count: int
) -> None:
    v = root(Value(0.5), Value(2.0))
    assert v._op == sign
    assert isinstance(v._prev, set)
    assert len(v._prev) == count
    assert v._prev <= set(v.operands)


@given(st.lists(st.tuples(st.sampled_from("+*2r"), st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_a_picture_is_that_of_micrograd(steps: list[tuple[str, int, int]]) -> None:
    """In sums, products, squares and relu: micrograd makes a difference and a quotient of several nodes."""
    theirs = pytest.importorskip("micrograd.engine")

    def picture(value: Any) -> list[str]:
        nodes = [value(0.5), value(-1.5)]
        for sign, i, j in steps:
            x, y = nodes[i % len(nodes)], nodes[j % len(nodes)]
            nodes.append({"+": x + y, "*": x * y, "2": x**2, "r": (0.25 * x).relu()}[sign])
        root = sum(nodes) + 1
        root.backward()
        found, edges = trace(root)
        # Ours keeps no gradient for plain numbers, and makes 0.0 of relu(-0.0).
        seen = [f"{n.data + 0.0:.9g} {n._op}" for n in found] + [f"{n.grad + 0.0:.9g}" for n in found if n._prev]
        return sorted(seen + [f"{child.data + 0.0:.9g} -> {n.data + 0.0:.9g}" for child, n in edges])

    assert picture(Value) == picture(theirs.Value)


# ── gradients by hand ──


def test_the_neuron_is_differentiated_by_hand() -> None:
    v = neuron()
    v["o"].grad = 1.0
    for name in ("o", "n", "b", "x1*w1 + x2*w2", "x2*w2", "x1*w1", "x1"):
        v[name]._backward()
    gradients = {name: round(v[name].grad, 12) for name in ("n", "b", "x1*w1", "x2*w2", "x1", "w1", "x2", "w2")}
    assert gradients == {
        **dict.fromkeys(("n", "b", "x1*w1", "x2*w2"), 0.5),
        "x1": -1.5,
        "w1": 1.0,
        "x2": 0.5,
        "w2": 0.0,
    }


def test_a_node_that_is_used_twice_gets_both_gradients() -> None:
    a = Value(3.0, label="a")
    b = a + a
    b.grad = 1.0
    b._backward()
    assert a.grad == 2.0


def test_a_gradient_can_be_written_by_hand_and_checked_by_a_small_step() -> None:
    def program(step: float = 0.0) -> tuple[Value, Value]:
        a, b, c = Value(2.0 + step), Value(-3.0), Value(10.0)
        return a, (a * b + c) * Value(-2.0)

    a, loss = program()
    a.grad = -2.0 * -3.0
    slope = (program(1e-4)[1].data - loss.data) / 1e-4
    assert slope == pytest.approx(a.grad)
    a.data += 0.01 * a.grad
    assert (a.data, loss.data) == (2.06, -8.0)


def test_a_tanh_in_small_operations_has_the_same_gradients() -> None:
    def differentiated(tanh: Callable[[Any], Any]) -> list[float]:
        v = neuron()
        tanh(v["n"]).backward()
        return [v[name].grad for name in ("x1", "w1", "x2", "w2", "b", "n")]

    def small(n: Any) -> Any:
        e = (2 * n).exp()
        e.label = "e"
        return (e - 1) / (e + 1)

    want = differentiated(lambda n: n.tanh())
    assert differentiated(small) == pytest.approx(want)
    assert differentiated(lambda n: ((2 * n).exp() - 1) * ((2 * n).exp() + 1) ** -1) == pytest.approx(want)


@given(strategies.expressions())
def test_backward_by_hand_is_backward(expression: Expression) -> None:
    inputs = [Value(x) for x in expression.inputs]
    root = expression.run(strategies.apply, inputs)
    twins, twin = copy.deepcopy((inputs, root))
    root.backward()
    by_hand(twin)
    for v, w in zip(inputs, twins, strict=True):
        scale = max(abs(n.grad) for n in ordered(root))
        assert w.grad == pytest.approx(v.grad, rel=ROUNDING, abs=ROUNDING * scale, nan_ok=True)


def test_backward_by_hand_passes_neither_a_constant_nor_a_detached_node() -> None:
    a, b = Value(3.0), Value(2.0)
    root = 2 * a + b.detach() * a
    by_hand(root)
    assert (a.grad, b.grad) == (4.0, 0.0)
    assert all(n.grad == 0.0 for n in ordered(root) if n.data == 2.0 and not n._op and n is not b)
    a._backward()
    assert a.grad == 4.0, "a leaf passes nothing on"


# ── training ──


def test_four_rows_are_learnt() -> None:
    random.seed(7)
    model = Network(3, [4, 4, 1])
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    targets = [1.0, -1.0, -1.0, 1.0]
    assert len(model.parameters()) == 41
    seen = []
    for _ in range(40):
        outputs = [model(row) for row in rows]
        loss = sum((out - target) ** 2 for target, out in zip(targets, outputs, strict=True))
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data += -0.05 * p.grad
        seen.append(loss.data)
    assert seen[-1] < 0.1 * seen[0]
    assert [out.data > 0 for out in outputs] == [target > 0 for target in targets]


def two_moons(count: int) -> tuple[Any, Any]:
    """Points of two half circles with noise, and the labels 1 and -1."""
    rng = np.random.default_rng(3)
    angles = rng.uniform(0.0, np.pi, count)
    labels = np.arange(count) % 2 * 2 - 1
    above = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    below = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    return np.where(labels[:, None] < 0, above, below) + rng.normal(0.0, 0.1, (count, 2)), labels


ALPHA = 1e-4


def max_margin(model: Any, points: Any, labels: Any) -> tuple[Any, float]:
    """The loss of a support vector machine with its penalty, and the accuracy."""
    inputs = [list(map(Value, row)) for row in points]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = ALPHA * sum(p * p for p in model.parameters())
    right = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(labels, scores, strict=True)]
    return data_loss + reg_loss, sum(right) / len(right)


def max_margin_by_hand(layers: Sequence[tuple[Any, Any]], points: Any, labels: Any) -> tuple[float, list[Any]]:
    """The same loss, and the gradients of weights and biases, in matrices."""
    kept, x = [], points
    for i, (w, b) in enumerate(layers):
        z = x @ w.T + b
        kept.append((x, z))
        x = np.maximum(z, 0.0) if i < len(layers) - 1 else z
    margins = 1 - labels * x[:, 0]
    loss = np.maximum(margins, 0.0).mean() + ALPHA * sum((w**2).sum() + (b**2).sum() for w, b in layers)
    back = np.where(margins > 0, -labels / len(labels), 0.0)[:, None]
    gradients = []
    for i, (w, b) in reversed(list(enumerate(layers))):
        x, z = kept[i]
        back = back if i == len(layers) - 1 else np.where(z > 0, back, 0.0)
        gradients.append((back.T @ x + 2 * ALPHA * w, back.sum(axis=0) + 2 * ALPHA * b))
        back = back @ w
    return float(loss), gradients[::-1]


def matrices(model: MLP, of: Callable[[Any], float]) -> list[tuple[Any, Any]]:
    return [
        (np.array([[of(w) for w in n.w] for n in layer.neurons]), np.array([of(n.b) for n in layer.neurons]))
        for layer in model.layers
    ]


def test_moons_are_trained_as_by_hand() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    points, labels = two_moons(40)
    assert len(model.parameters()) == 337
    seen = []
    for k in range(25):
        total_loss, accuracy = max_margin(model, points, labels)
        want, gradients = max_margin_by_hand(matrices(model, lambda p: p.data), points, labels)
        model.zero_grad()
        total_loss.backward()
        assert total_loss.data == pytest.approx(want, rel=ROUNDING, abs=0.0)
        for got, wanted in zip(matrices(model, lambda p: p.grad), gradients, strict=True):
            for ours, theirs in zip(got, wanted, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, atol=ROUNDING)
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        seen.append(total_loss.data)
    assert seen[-1] < 0.5 * seen[0]
    assert accuracy >= 0.85


def test_a_map_of_scores_is_computed_on_a_grid() -> None:
    model = MLP(2, [4, 1])
    across, up = np.meshgrid(np.arange(-1.0, 1.0, 0.5), np.arange(-1.0, 1.0, 0.5))
    grid = np.c_[across.ravel(), up.ravel()]
    scores = [model(row) for row in [list(map(Value, row)) for row in grid]]
    surface = np.array([s.data > 0 for s in scores]).reshape(across.shape)
    assert surface.shape == (4, 4)
    assert surface.dtype == bool


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=6), st.data())
def test_labels_of_numpy_stand_on_either_side(scores: list[float], data: st.DataObject) -> None:
    labels = np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=len(scores), max_size=len(scores))))
    inputs: list[Any] = [Value(x) for x in scores]
    loss: Any = sum((1 + -yi * v).relu() for yi, v in zip(labels, inputs, strict=True))
    loss.backward()
    margins = 1 - labels * np.array(scores)
    assert type(loss) is Value
    assert loss.data == pytest.approx(np.maximum(margins, 0.0).sum(), abs=ROUNDING)
    assert [v.grad for v in inputs] == np.where(margins > 0, -labels, 0).tolist()


# ── what stays impossible says what to do instead ──


@pytest.mark.parametrize(
    "made",
    [
        lambda make, a: make(a.data, (a,)),
        lambda make, a: make(a.data, {a}, "+"),
        lambda make, a: make(a.data, (a, a), "+"),
        lambda make, a: make(a.data, (), ""),
    ],
)
def test_a_node_is_not_recorded_by_hand(made: Callable[[Any, Value], Value]) -> None:
    with pytest.raises(TypeError, match=r"is a leaf and takes no operands; .*@autograd\.operation"):
        made(Value, Value(1.0))


def test_a_backward_of_ones_own_is_an_operation() -> None:
    v: Any = Value(1.0).tanh()
    with pytest.raises(AttributeError, match=r"_backward is not assigned; .*@autograd\.operation"):
        v._backward = lambda: None


def test_a_gradient_is_reset_to_zero() -> None:
    v: Any = Value(1.0)
    v.grad = 2.0
    with pytest.raises(TypeError, match=r"reset by v\.grad = 0\.0"):
        v.grad = None
    assert v.grad == 2.0


def test_the_docstring_says_where_notes_are_kept() -> None:
    v: Any = Value(1.0)
    with pytest.raises(AttributeError):
        v.note = "mine"
    assert "notes[v]" in (Value.__doc__ or "")
    notes = {v: "mine"}
    assert notes[v] == "mine"
