"""The walk through a graph: its gradients are those of a sweep to the last bit, wherever one goes in it."""

import pickle
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Stepper, Tape, Value, losses, maximum, nn, no_grad, topological_order, total
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.engine.tape import Contribution
from autograd.formula import case_of, still_holds
from autograd.formula.text import AppliedCase
from autograd.show.fold import folded
from autograd.show.lines import Step
from autograd.show.names import Names
from autograd.show.pictures.palette import PALETTE
from autograd.wording import WIDTH
from tests.interrupting import interrupted, points

LIT = PALETTE["lit"].light


def toy() -> Value:
    x, w1, b1, w2, b2, t = (Value(v, label=n) for n, v in INPUTS.items())
    h = (x * w1 + b1).sigmoid()
    y = (h * w2 + b2).sigmoid()
    h.label, y.label = "h", "y"
    loss = (y - t) ** 2
    loss.label = "L"
    return loss


INPUTS = {"x": 1.0, "w1": -0.73, "b1": 0.69, "w2": 0.53, "b2": -0.49, "t": 0.2}


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


SMALL = [name for name in GRAPHS if name != "network"]


def swept(root: Value) -> dict[Value, float]:
    """The gradient of everything that gets one, by one sweep from zero."""
    order = topological_order(root)
    for v in order:
        v.grad = 0.0
    root.backward()
    return {v: v.grad for v in order}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_steps_are_those_of_a_sweep(name: str) -> None:
    root = GRAPHS[name]()
    expected = swept(root)
    for v in expected:
        v.grad = 0.5
    walk, tape = Stepper(root, inner=True), Tape(root)
    names = Names(tape)
    nodes = {names[place]: v for place, v in enumerate(tape.nodes) if not tape.is_constant(place)}
    steps = list(walk)
    assert len(steps) == len(walk) == walk.position == steps[-1].number
    for s in steps:
        if s.position is None:
            assert (s.partial, s.upstream, s.before, s.grad) == (0.0, 0.0, None, float(s.phase == "backward"))
    forward = [(s.node, s.operation, s.value) for s in steps if s.phase == "forward"]
    assert forward == [(names[k], v.op, v.data) for k, v in enumerate(tape.nodes) if v.op]
    start, *backward = [s for s in steps if s.phase == "backward"]
    assert (start.node, start.operand, start.value, start.grad) == (names.root, None, 1.0, 1.0)
    for step, made in zip(backward, tape.sweep(), strict=True):
        assert (step.node, step.operand) == (names[made.place], names[made.operand])
        assert (step.upstream, step.partial, step.value) == (made.upstream, made.partial, made.amount)
        assert (step.before, step.grad) == (made.before, made.after)
    reached = {nodes[s.touched] for s in steps if s.phase == "backward"}
    assert walk.grads == {v: expected[v] for v in reached}
    assert {v: walk.grad(v) for v in reached} == walk.grads
    assert all(v.grad == 0.5 for v in expected), "the Values keep their own"
    assert all(expected[v] == 0.0 for v in set(expected) - reached if v.op)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_step_is_plain_data(name: str) -> None:
    root = GRAPHS[name]()
    steps = list(Stepper(root))
    texts = [str(step) for step in steps]
    for v in topological_order(root):
        v.data = 77.0
        v.label = "changed"
    copies: list[Step] = pickle.loads(pickle.dumps(steps))
    assert copies == steps
    assert list(map(hash, copies)) == list(map(hash, steps))
    assert [str(step) for step in copies] == [repr(step) for step in steps] == texts
    assert all(plain(step) for step in copies)
    assert len(set(steps)) == len(steps)


def plain(thing: object) -> bool:
    """Whether it is of ints, floats, strings, None and tuples only."""
    if isinstance(thing, tuple):
        return all(map(plain, thing))
    return thing is None or type(thing) in (int, float, str)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_steps_back_from_a_node_have_one_calculation(name: str) -> None:
    steps = list(Stepper(GRAPHS[name]()))
    for one, other in pairwise(steps):
        assert (one.node == other.node) == (one.calculation is other.calculation)


def test_a_printed_walk_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sum: a name is made a few times for each operand, and the case of the rule is found once."""
    calls = dict.fromkeys(("name", "case", "record"), 0)
    name = Names.__getitem__

    def counted_name(names: Names, place: int) -> str:
        calls["name"] += 1
        return name(names, place)

    def counted_case(op: str, data: tuple[float, ...]) -> AppliedCase:
        calls["case"] += 1
        return case_of(op, data)

    def counted_record(*args: Any) -> bool:
        calls["record"] += 1
        return still_holds(*args)

    monkeypatch.setattr(Names, "__getitem__", counted_name)
    monkeypatch.setattr("autograd.show.lines.case_of", counted_case)
    monkeypatch.setattr("autograd.show.lines.still_holds", counted_record)
    text = [str(step) for step in Stepper(total([Value(float(i), label=f"x{i}") for i in range(2000)]))]
    assert text[-1] == "∂v1/∂x1999 += ∂v1/∂v1 · ∂v1/∂x1999 = 1 · 1 = 1"
    assert len(text) == 2002
    assert calls["name"] <= 2 * 2001
    assert (calls["case"], calls["record"]) == (1, 1)


def test_a_walk_back_is_linear() -> None:
    """Gradients are taken back with the contributions, and are not added up from the start again."""
    looks = [0]

    class Counted(list[Any]):
        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            looks[0] += len(found) if isinstance(key, slice) else 1
            return found

    x = v = Value(0.5, label="x")
    for _ in range(300):
        v = v * x
    walk = Stepper(v)
    expected = [walk.grad(x) for _ in walk]
    walk._contributions = Counted(walk._contributions)  # type: ignore[misc]
    while walk.position:
        assert walk.grad(x) == expected[walk.position - 1]
        walk.back()
    assert walk.grads == {}
    assert looks[0] <= 5 * len(walk)


@pytest.mark.parametrize("forward", [True, False])
def test_an_interrupted_look_at_gradients_does_no_harm(forward: bool) -> None:
    class Interrupted(list[Any]):
        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            return Once(found) if isinstance(key, slice) and found else found

    class Once(list[Any]):
        def __iter__(self) -> Any:
            yield from list.__iter__(self[: len(self) // 2])
            raise KeyboardInterrupt

        def __reversed__(self) -> Any:
            yield from list.__reversed__(self[len(self) // 2 :])
            raise KeyboardInterrupt

    walk, straight = Stepper(GRAPHS["network"]()), Stepper(GRAPHS["network"]())
    walk.to(len(walk))
    grads, contributions = walk.grads, walk._contributions
    assert grads
    middle = len(walk) - len(contributions) // 2
    walk.to(middle if forward else len(walk))
    assert walk.grads
    walk.to(len(walk) if forward else middle)
    walk._contributions = Interrupted(contributions)  # type: ignore[misc]
    with pytest.raises(KeyboardInterrupt):
        walk.grad(walk.root)
    walk._contributions = contributions  # type: ignore[misc]
    for number in (middle, len(walk) - 3, middle // 2, middle + 5):
        walk.to(number)
        straight.to(number)
        assert list(walk.grads.values()) == list(straight.grads.values())


@pytest.mark.parametrize("name", GRAPHS)
def test_every_line_fits_and_can_be_checked(name: str) -> None:
    for step in Stepper(GRAPHS[name]()):
        lines = str(step).splitlines()
        assert max(map(len, lines)) <= WIDTH
        if step.operand is not None:
            above, _, partial = str(step).split(" = ")[1].strip().partition(" · ")
            product = number(above) * number(partial)
            assert product == pytest.approx(step.value, rel=2e-5, abs=1e-12)


def number(text: str) -> float:
    return float(text.strip().strip("()"))


@given(strategies.expressions())
@settings(max_examples=50)
def test_any_graph_recombines(expression: Expression) -> None:
    root = expression(*(Value(x) for x in expression.inputs))
    expected = swept(root)
    walk = Stepper(root)
    list(walk)
    assert walk.grads == {v: expected[v] for v in walk.grads}


class Walking(RuleBasedStateMachine):
    """Forward and back at random: the state is that of a walk straight to the place."""

    @initialize(name=st.sampled_from(sorted(GRAPHS)))
    def start(self, name: str) -> None:
        self.root = GRAPHS[name]()
        self.walk = Stepper(self.root)
        self.straight: list[tuple[str, dict[Value, float]]] = [("", {})]
        other = Stepper(self.root)
        for step in other:
            self.straight.append((str(step), other.grads))

    @precondition(lambda self: self.walk.position < len(self.walk))
    @rule()
    def step(self) -> None:
        assert str(self.walk.step()) == self.straight[self.walk.position][0]

    @precondition(lambda self: self.walk.position > 0)
    @rule()
    def back(self) -> None:
        step = self.walk.back()
        assert ("" if step is None else str(step)) == self.straight[self.walk.position][0]

    @rule(fraction=st.floats(0.0, 1.0))
    def to(self, fraction: float) -> None:
        step = self.walk.to(round(fraction * len(self.walk)))
        assert ("" if step is None else str(step)) == self.straight[self.walk.position][0]

    @rule(data=st.data())
    def to_a_node(self, data: st.DataObject) -> None:
        nodes = [v for v in folded(self.root).nodes if v.op or v.label]
        self.walk.to(data.draw(st.sampled_from(nodes)))

    @rule()
    def reset(self) -> None:
        self.walk.reset()

    @invariant()
    def the_state_is_that_of_the_place(self) -> None:
        if hasattr(self, "walk"):
            assert self.walk.grads == self.straight[self.walk.position][1]
            assert list(self.walk.grads) == list(self.straight[self.walk.position][1])


Walking.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
test_back_and_forth = Walking.TestCase


def test_names_places_and_stops() -> None:
    walk = Stepper(toy())
    assert max(len(line) for _ in walk for line in repr(walk).splitlines()) <= WIDTH
    walk.reset()
    assert repr(walk).splitlines() == ["Stepper of L: at the start of 22 steps", "  next: v1 = x·w1"]
    assert str(walk.to("h")) == "h = sigmoid(v2) = sigmoid(-0.04) = 0.490001"
    assert str(walk.until("L")) == "L = v5² = 0.242678² = 0.0588928"
    assert walk.run(until=lambda s: s.phase == "backward" and abs(s.grad) < 0.1).number == 16
    assert walk.to("w1") == walk.to(len(walk))
    assert str(walk.to("h")).startswith("∂L/∂h += ")
    walk.reset()
    assert [walk.run(until="h").number, walk.run(until="h").number] == [3, 16]
    assert walk.run(until=lambda step: step.operand == "w1") == walk.to(22)
    walk.reset()
    w1 = next(v for v in topological_order(walk.root) if v.label == "w1")
    assert walk.run(until=w1) == walk.to("w1")
    walk.reset()
    walk.breakpoint("y")
    assert [str(walk.run()).split()[0], str(walk.run()).split()[0]] == ["y", "∂L/∂y"]
    walk.clear_breakpoints()
    assert walk.run().number == len(walk)
    assert walk.back() is not None
    assert repr(walk).splitlines()[-1] == "  next: ∂L/∂w1 += ∂L/∂v1 · ∂v1/∂w1"


@pytest.mark.parametrize("name", SMALL)
def test_everywhere_in_a_walk_until_and_to_find_the_step_that_the_list_of_all_has(name: str) -> None:
    walk = Stepper(GRAPHS[name]())
    steps = list(walk)
    forward = sum(step.phase == "forward" for step in steps)
    rng = random.Random(1)
    for start in range(len(steps) + 1):
        for node in rng.choices(sorted({step.touched for step in steps}), k=3):
            walk.to(start)
            later = [step for step in steps[start:] if step.touched == node]
            if later:
                assert walk.until(node) == later[0]
            else:
                with pytest.raises(ValueError, match="no step ahead touches"):
                    walk.until(node)
            assert walk.position == (later[0].number if later else start)
            walk.to(start)
            there = [step for step in steps if step.touched == node]
            early = [step for step in there if step.phase == "forward" and start <= forward]
            assert walk.to(node) == (early or there)[-1]


@pytest.mark.parametrize("name", SMALL)
def test_the_text_of_a_walk_tells_its_place_the_last_gradients_and_the_next_step(name: str) -> None:
    walk = Stepper(GRAPHS[name]())
    steps = list(walk)
    for k in range(len(steps) + 1):
        walk.to(k)
        text = " ".join(repr(walk).split())
        where = f"step {k} of {len(steps)}, {steps[k - 1].phase}" if k else f"at the start of {len(steps)} steps"
        assert text.startswith(f"Stepper of {steps[0].root}: {where}")
        touched = list(dict.fromkeys(step.touched for step in steps[:k] if step.phase == "backward"))
        assert re.findall(r"∂(?:\S+)/∂(\S+) = ", text.partition(" next: ")[0]) == touched[-4:]
        assert (f" and {len(touched) - 4} before" in text) == (len(touched) > 4)
        assert ("before" in text) == (len(touched) > 4)
        assert (" next: " in text) == (k < len(steps))
        if k < len(steps):
            parts = " ".join(str(steps[k]).split()).split(" = ")
            assert text.endswith(" next: " + " = ".join(parts[: 1 if steps[k].position is not None else 2]))


def test_the_walk_of_a_leaf_has_its_gradient_again_and_again() -> None:
    x = Value(3.0, label="x")
    walk = Stepper(x)
    walk.step()
    assert walk.grads == {x: 1.0}
    walk.back()
    for _ in range(2):
        assert walk.grads == {}
        walk.step()
        assert walk.grads == {x: 1.0}
        walk.back()


def test_nothing_is_computed_at_the_start() -> None:
    assert Stepper(square()).draw().dot.count("—") == 3  # the data of the square, and both gradients


def test_to_goes_forward_as_long_as_no_gradient_is_there() -> None:
    walk = Stepper(toy())
    forward = sum(step.phase == "forward" for step in walk)
    walk.to(forward)
    assert str(walk.to("h")) == "h = sigmoid(v2) = sigmoid(-0.04) = 0.490001"
    walk.to(forward + 1)
    assert str(walk.to("h")).startswith("∂L/∂h += ")


def test_a_walk_that_finds_no_step_stays_where_it_is() -> None:
    walk = Stepper(toy())
    walk.to(20)
    with pytest.raises(ValueError, match="no step ahead touches h"):
        walk.until("h")
    assert walk.position == 20
    x = Value(3.0, label="x")
    y = (x * x).exp()
    y.operands[0].data = 4.0
    walk = Stepper(y)
    with pytest.raises(ValueError, match="was changed after exp was recorded"):
        walk.until(y)
    assert walk.position == 0


def test_the_picture_shows_where_it_stands() -> None:
    walk = Stepper(toy())
    assert walk.draw().dot.count("—") == 8 + 14  # what is computed, and every gradient
    walk.to(3)
    assert "0.490001" in walk.draw().dot
    assert "0.442678" not in walk.draw().dot
    walk.to(11)
    dot = walk.draw().dot
    assert dot.count(LIT) >= 3
    assert "0.485357" in dot
    list(walk)
    assert "—" not in walk.draw().dot
    assert "<B>2</B>" not in walk.draw().dot, "a constant has no name"
    assert repr(walk).splitlines()[-1].endswith("10 before")


def test_the_picture_has_the_last_step_in_it_and_lights_one_edge() -> None:
    x = Value(1.0, label="x")
    walk = Stepper(total([x * k for k in range(1000)]))
    start = walk.draw(max_nodes=10)
    assert "8 of 2,002 nodes shown, nearest to the root; draw(max_nodes=…) draws more" in start.dot
    assert LIT not in start.dot
    walk.to(500)
    assert ">499.0<" in walk.draw(max_nodes=10).dot
    assert "shown, nearest to the last step; draw(" in walk.draw(max_nodes=10).dot
    step = walk.to(1502)
    assert step is not None
    picture = walk.draw(max_nodes=10)
    assert f"<B>{step.operand}</B>" in picture.dot
    lit = [line for line in picture.dot.splitlines() if LIT in line]
    assert sorted("->" in line for line in lit) == [False, True, True]
    assert [f"<B>{step.operand}</B>" in line for line in lit if "->" not in line] == [True]
    square = Stepper(x * x)
    square.to(4)
    assert sum("->" in line and LIT in line for line in square.draw().dot.splitlines()) == 2
    with pytest.raises(ValueError, match="max_nodes is a whole number from 1, not 'a'"):
        walk.draw(max_nodes=WRONG_COUNT)


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


def test_a_leaf_that_only_a_detached_node_uses_gets_no_gradient() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    walk = Stepper(x * (y * 2).detach())
    assert len(walk) == 3 + 1 + 2
    with pytest.raises(ValueError, match="y gets no gradient: it stands behind a detach"):
        walk.to("y")
    assert walk.position == 0
    assert str(walk.to("v1")) == "v1 = y·2 = 3·2 = 6"
    list(walk)
    assert str(walk.to("v1")) == "v1 = y·2 = 3·2 = 6"


def test_a_million_nodes() -> None:
    v = Value(1.0)
    for _ in range(500_000):
        v = v + 1e-6
    walk = Stepper(v)
    assert str(walk.step()).startswith("v2 = v1 + 1e-06")
    walk.to(500_002)
    assert walk.position == 500_002
    assert repr(walk).startswith("Stepper of v500001: step 500,002 of")


def test_a_leaf_alone_is_a_walk_of_one_step_and_numbers_may_be_numpy_s() -> None:
    assert repr(Stepper(Value(3.0, label="x"))) == "Stepper of x: at the start of 1 step\n  next: ∂x/∂x = 1"
    walk = Stepper(toy())
    third: Any = np.int64(3)
    assert walk.to(third) == walk.to(3)
    assert walk.position == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Stepper(WRONG), TypeError, "Stepper takes a Value, not float 1.0"),
        (lambda: Stepper(toy()).back(), IndexError, "the walk is at its start"),
        (lambda: [walk := Stepper(toy()), walk.run(), walk.step()], IndexError, "the walk is over after 22 steps"),
        (lambda: Stepper(toy()).to(23), IndexError, "there are steps 0 to 22, and no 23"),
        (lambda: Stepper(toy()).to(-1), IndexError, "there are steps 0 to 22, and no -1"),
        (lambda: Stepper(toy()).to("w3"), ValueError, "nothing in this graph is called 'w3'; did you"),
        (lambda: Stepper(toy()).to(Value(1.0)), ValueError, "is no part of the graph of L"),
        (lambda: Stepper(toy()).breakpoint(WRONG), TypeError, "a stop is a function of a Step, .* not float 1.0"),
        (lambda: Stepper(toy()).to(True), TypeError, "by its name, not True"),
        (lambda: Stepper(toy()).to(WRONG), TypeError, "given as a Value or by its name, not as float 1.0"),
        (lambda: [walk := Stepper(toy()), walk.run(), walk.until("h")], ValueError, "no step ahead touches h"),
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_looking_at_every_step_is_linear() -> None:
    """A gradient is looked up after every step: each contribution is added up once."""
    root = total([Value(1.0) * 2 for _ in range(500)])
    walk, seen = Stepper(root), 0
    for step in walk:
        added = walk._gradients()
        assert added is walk._summed[1]
        seen += step.phase == "backward"
        assert len(added) == seen
    assert walk.back() is not None
    assert len(walk.grads) == seen - 1


def test_data_changed_before_the_walk_is_an_error_and_changed_later_is_ignored() -> None:
    x = Value(3.0, label="x")
    square = x * x
    walk = Stepper(square)
    x.data = 4.0
    assert str(walk.step()) == "v1 = x·x = 3·3 = 9"
    assert str(walk.to(4)) == "∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3   (x); 3 + 3 = 6"
    late = Stepper(square)
    message = r"was changed after multiply was recorded \(x, v1\); build the graph again"
    with pytest.raises(ValueError, match=message):
        late.step()
    with pytest.raises(ValueError, match=message):
        late.to(3)
    assert late.position == 0


WRONG: Any = 1.0
WRONG_COUNT: Any = "a"


def test_a_walk_goes_on_after_an_interrupt_at_any_point() -> None:
    x, y = Value(0.5, label="x"), Value(-2.0, label="y")
    root = (x * y).tanh() * x

    def walked(walk: Stepper) -> list[tuple[int, str, list[float]]]:
        return [(step.number, step.touched, list(walk.grads.values())) for step in walk]

    def in_walk(file: str) -> bool:
        """Not those that ask models for names: a suite has many models that are alive."""
        return not file.endswith(("models.py", "module.py", "layers.py"))

    whole = walked(Stepper(root))
    for place in range(1, points(lambda: walked(Stepper(root)), in_walk) + 1):
        walk = Stepper(root)
        with suppress(KeyboardInterrupt), interrupted(place=place, files=in_walk):
            walked(walk)
        if walk.position > 1:
            walk.back()
            assert list(walk.grads.values()) == whole[walk.position - 1][2]
        rest = len(walk) - walk.position
        assert walked(walk) == whole[len(whole) - rest :]
        walk.reset()
        assert walked(walk) == whole


@pytest.mark.parametrize("name", SMALL)
def test_no_contribution_is_lost_by_an_interrupt_after_the_sweep_has_made_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a signal in the code of `Contribution`, which is Python's own in both builds."""
    root, make = GRAPHS[name](), Contribution._make
    whole = list(Stepper(root))
    for place in range(sum(step.position is not None for step in whole)):
        turns = count()

        def interrupted_once(row: Any, turns: Iterator[int] = turns, place: int = place) -> Contribution[float]:
            if next(turns) == place:
                raise KeyboardInterrupt
            return make(row)

        monkeypatch.setattr(Contribution, "_make", interrupted_once)
        walk, steps = Stepper(root), list[Step]()
        with suppress(KeyboardInterrupt):
            steps.extend(walk)
        assert len(steps) < len(whole)
        steps.extend(walk)
        assert steps == whole
