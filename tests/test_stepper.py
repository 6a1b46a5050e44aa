"""The walk through a graph: its numbers are those of a sweep to the last bit, wherever one goes in it."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Stepper, Value, losses, maximum, nn, no_grad, topological_order
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.wording import WIDTH


def toy() -> Value:
    x, w1, b1, w2, b2, t = (Value(v, label=n) for v, n in zip(NUMBERS, ("x", "w1", "b1", "w2", "b2", "t"), strict=True))
    h = (x * w1 + b1).sigmoid()
    y = (h * w2 + b2).sigmoid()
    h.label, y.label = "h", "y"
    loss = (y - t) ** 2
    loss.label = "L"
    return loss


NUMBERS = (1.0, -0.73, 0.69, 0.53, -0.49, 0.2)


def square() -> Value:
    x = Value(3.0, label="x")
    return x * x


def diamond() -> Value:
    a = Value(3.0, label="a")
    d = a * 2
    return d + a * d


def cross_entropy() -> Value:
    return losses.cross_entropy([Value(0.5), Value(-1.0), Value(2.0)], 1)


def recurrent() -> Value:
    cell, h = nn.RNNCell(2, 3, rng=random.Random(1)), None
    for k in range(5):
        h = cell([0.1 * k, 1.0 - k], h)
    assert h is not None
    return losses.mse(h, [0.0, 0.5, 1.0])


def network() -> Value:
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(1))
    return losses.hinge(model([0.5, -1.0]), 1.0)


GRAPHS: dict[str, Callable[[], Value]] = {
    f.__name__: f for f in (toy, square, diamond, cross_entropy, recurrent, network)
}


def swept(root: Value) -> dict[Value, float]:
    """The gradient of everything that gets one, by one sweep from zero."""
    order = topological_order(root)
    for v in order:
        v.grad = 0.0
    root.backward()
    return {v: v.grad for v in order}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_numbers_recombine_to_those_of_a_sweep(name: str) -> None:
    root = GRAPHS[name]()
    expected = swept(root)
    for v in expected:
        v.grad = 0.5
    walk = Stepper(root)
    steps = list(walk)
    assert len(steps) == len(walk) == walk.position
    computed = [s.node for s in steps if s.phase == "forward"]
    assert computed == [v for v in topological_order(root) if v.op]
    assert all(s.value == s.node.data for s in steps if s.phase == "forward")
    reached = {s.touched for s in steps if s.phase == "backward"}
    assert {v: walk.grad(v) for v in reached} == {v: expected[v] for v in reached}
    assert all(v.grad == 0.5 for v in expected), "the Values keep their own"
    assert all(expected[v] == 0.0 for v in set(expected) - reached if v.op)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_line_fits_and_can_be_checked(name: str) -> None:
    for step in Stepper(GRAPHS[name]()):
        lines = str(step).splitlines()
        assert max(map(len, lines)) <= WIDTH
        if step.phase == "backward" and step.operand is not None:
            above, _, partial = str(step).split(" = ")[1].strip().partition(" · ")
            product = number(above) * number(partial)
            assert product == pytest.approx(step.value, rel=2e-5, abs=1e-12)


def number(text: str) -> float:
    return float(text.strip().strip("()").replace("-", "-"))


@given(strategies.expressions())
@settings(max_examples=50)
def test_any_graph_recombines(expression: Expression) -> None:
    root = expression(*(Value(x) for x in expression.inputs))
    expected = swept(root)
    walk = Stepper(root)
    list(walk)
    assert dict(walk.grads) == {v: expected[v] for v in walk.grads}


class Walking(RuleBasedStateMachine):
    """Forward and back at random: the state is that of a walk straight to the place."""

    @initialize(name=st.sampled_from(sorted(GRAPHS)))
    def start(self, name: str) -> None:
        self.root = GRAPHS[name]()
        self.walk = Stepper(self.root)
        self.straight: list[tuple[str, dict[Value, float]]] = [("", {})]
        other = Stepper(self.root)
        for step in other:
            self.straight.append((str(step), dict(other.grads)))

    @precondition(lambda self: self.walk.position < len(self.walk))
    @rule()
    def step(self) -> None:
        assert str(self.walk.step()) == self.straight[self.walk.position][0]

    @precondition(lambda self: self.walk.position > 0)
    @rule()
    def back(self) -> None:
        step = self.walk.back()
        assert ("" if step is None else str(step)) == self.straight[self.walk.position][0]

    @rule(share=st.floats(0.0, 1.0))
    def to(self, share: float) -> None:
        self.walk.to(round(share * len(self.walk)))

    @rule(data=st.data())
    def to_a_number(self, data: st.DataObject) -> None:
        nodes = [v for v in topological_order(self.root) if v.op or v.label]
        self.walk.to(data.draw(st.sampled_from(nodes)))

    @rule()
    def reset(self) -> None:
        self.walk.reset()

    @invariant()
    def the_state_is_that_of_the_place(self) -> None:
        if hasattr(self, "walk"):
            assert dict(self.walk.grads) == self.straight[self.walk.position][1]


Walking.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
test_back_and_forth = Walking.TestCase


def test_names_places_and_stops() -> None:
    walk = Stepper(toy())
    assert max(len(line) for _ in walk for line in repr(walk).splitlines()) <= WIDTH
    walk.reset()
    assert repr(walk).splitlines() == ["Stepper of L: at the start of 22 steps", "  next: v2 = x·w1"]
    assert str(walk.to("h")) == "h = sigmoid(v4) = sigmoid(-0.04) = 0.490001"
    assert str(walk.until("L")) == "L = v12² = 0.242678² = 0.0588928"
    assert walk.run(until=lambda s: s.phase == "backward" and abs(s.grad) < 0.1).number == 16
    assert walk.to("w1") == walk.to(len(walk))
    walk.reset()
    walk.breakpoint("y")
    assert [str(walk.run()).split()[0], str(walk.run()).split()[0]] == ["y", "∂L/∂y"]
    walk.clear_breakpoints()
    assert walk.run().number == len(walk)
    assert walk.back() is not None
    assert repr(walk).splitlines()[-1] == "  next: ∂L/∂w1 += ∂L/∂v2 · ∂v2/∂w1"


def test_the_picture_shows_where_it_stands() -> None:
    walk = Stepper(toy())
    assert walk.draw().dot.count("—") == 8 + 14  # what is computed, and every gradient
    walk.to(3)
    assert "0.490001" in walk.draw().dot
    assert "0.442678" not in walk.draw().dot
    walk.to(11)
    dot = walk.draw().dot
    assert dot.count("#dc2626") >= 3
    assert "0.485357" in dot
    list(walk)
    assert "—" not in walk.draw().dot


def test_leaves_detached_and_constants() -> None:
    x = Value(2.0, label="x")
    assert [str(s) for s in Stepper(x)] == ["∂x/∂x = 1"]
    y = x.detach() * x + maximum(x, 1.0)
    walk = Stepper(y)
    list(walk)
    assert walk.grad("x") == 3.0
    behind = next(v for v in topological_order(y) if v.op == "detach")
    assert walk.grad(behind) is not None
    with no_grad():
        assert len(Stepper(x * 2)) == 1


def test_a_million_numbers() -> None:
    v = Value(1.0)
    for _ in range(500_000):
        v = v + 1e-6
    walk = Stepper(v)
    assert str(walk.step()).startswith("v2 = v0 + 1e-06")
    walk.to(500_002)
    assert walk.position == 500_002
    assert repr(walk).startswith("Stepper of v1000000: step 500,002 of")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Stepper(WRONG), TypeError, "Stepper takes the Value to walk from, not float"),
        (lambda: Stepper(toy()).back(), IndexError, "the walk is at its start"),
        (lambda: [walk := Stepper(toy()), walk.run(), walk.step()], IndexError, "the walk is over after 22 steps"),
        (lambda: Stepper(toy()).to(23), IndexError, "there are steps 0 to 22, and no 23"),
        (lambda: Stepper(toy()).to("w3"), ValueError, "nothing in this graph is called 'w3'; did you"),
        (lambda: Stepper(toy()).to(Value(1.0)), ValueError, "is no part of the graph of L"),
        (lambda: Stepper(toy()).breakpoint(WRONG), TypeError, "a stop is a function of a Step, .* not float 1.0"),
        (lambda: Stepper(toy()).to(True), TypeError, "not to True"),
        (lambda: Stepper(toy()).to(WRONG), TypeError, "given by itself or its name, not by float"),
        (lambda: [walk := Stepper(toy()), walk.run(), walk.until("h")], ValueError, "no step ahead touches h"),
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_changed_data_is_noticed() -> None:
    x = Value(3.0, label="x")
    walk = Stepper(x * x)
    x.data = 4.0
    with pytest.raises(ValueError, match="was changed after multiply was recorded"):
        str(walk.step())


WRONG: Any = 1.0
