"""The tape: a graph as flat arrays, and the contributions of `backward` one by one."""

import copy
import gc
import inspect
import pickle
import threading
from array import array
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, maximum, topological_order, total, where
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.engine import guarded, reading
from autograd.engine.graph import _MARKS, is_constant
from autograd.engine.tape import Floats


def graph(expression: Expression, detached: bool = False) -> tuple[list[Value], Value]:
    """The inputs and the root, beside a detached part that shares nodes with the rest."""
    xs = [Value(x) for x in expression.inputs]
    root = expression(*xs)
    if detached:
        root = root * xs[0] + (root.detach() * xs[-1] + xs[0] * 2.0) * root
    return xs, root


@given(strategies.expressions(), st.booleans())
def test_entries_are_the_nodes_in_order(expression: Expression, detached: bool) -> None:
    _, root = graph(expression, detached)
    tape = Tape(root)
    assert tape.nodes == topological_order(root)
    assert [tape.node(place) for place in range(len(tape))] == tape.nodes
    assert tape.roots == [len(tape) - 1]
    assert tape.leaves() == [v for v in tape.nodes if not v.op and not is_constant(v)]
    for place, node in enumerate(tape.nodes):
        entry = tape[place]
        assert tape.place(node) == place
        assert (entry.place, entry.operation, entry.data) == (place, node.op, node.data)
        assert [tape.nodes[k] for k in entry.operands] == list(node.operands)
        assert entry.partials == node.partials
        assert all(k < place for k in entry.operands)
    assert list(Tape(root)) == list(tape), "though plain numbers have nodes now"


@given(strategies.expressions(), st.booleans())
def test_the_sweep_is_that_of_backward_to_the_last_bit(expression: Expression, detached: bool) -> None:
    _, root = graph(expression, detached)
    tape = Tape(root)
    gradients = {len(tape) - 1: 1.0}
    for step in tape.sweep():
        assert step.before == gradients.get(step.operand)
        assert step.amount == step.upstream * step.partial or step.amount != step.amount
        gradients[step.operand] = step.after
    assert all(node.grad == 0.0 for node in tape.nodes)
    root.backward()
    for place, node in enumerate(tape.nodes):
        if not tape.is_constant(place):
            assert node.grad.hex() == gradients.get(place, 0.0).hex()


@given(strategies.expressions(), st.booleans(), st.data())
def test_gradients_within_a_part_are_those_of_the_paths_in_it(
    expression: Expression, detached: bool, data: st.DataObject
) -> None:
    xs, root = graph(expression, detached)
    tape = Tape(root, xs[0])
    wanted = data.draw(st.sampled_from(range(tape.roots[0] + 1)))
    way = tape.leading_to([wanted])
    found, everything = (tape.gradients(Floats(tape), part) for part in (way, range(len(tape))))
    assert found.get(wanted) == everything.get(wanted)
    assert set(found) <= way | {tape.roots[0]}
    root.backward()
    if "where" not in tape.operations:  # Else the order is another one.
        gradients = [0.0 if tape.is_constant(k) else node.grad for k, node in enumerate(tape.nodes)]
        assert [everything.get(k, 0.0).hex() for k in range(len(tape))] == [gradient.hex() for gradient in gradients]


class Fractions:
    """Rational gradients of a tape of products and of choices, whose conditions are turned round."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def one(self) -> Fraction:
        return Fraction(1)

    def partials(self, place: int) -> Sequence[Fraction]:
        partials = [Fraction(x) for x in self.tape[place].partials]
        return [Fraction(), partials[2], partials[1]] if self.tape.operation(place) == "where" else partials

    def contribution(self, upstream: Fraction, partial: Fraction) -> Fraction:
        return upstream * partial

    def accumulated(self, before: Fraction | None, amount: Fraction) -> Fraction:
        return (before or 0) + amount


def test_over_other_numbers_a_choice_may_take_the_other_branch() -> None:
    x, y = Value(3.0), Value(4.0)
    tape = Tape(where(x > 0.0, x * 2.0, (y * 3.0) * 5.0) + (y * 7.0).detach())
    found = tape.gradients(Fractions(tape), range(len(tape)))
    assert found[tape.place(y)] == 15
    assert tape.place(x) not in found


@pytest.mark.parametrize("detached", [True, False])
def test_the_order_of_a_sweep_leaves_out_what_gets_no_gradient(detached: bool) -> None:
    """A node that is reached by a way without a gradient first, and by another one later."""
    x = Value(3.0)
    late, early = x * 2.0, x * 5.0
    without = late.detach() if detached else where(-1.0, late, early)
    root = total([without, early, late])
    order = [root, late, early] if detached else [root, late, without, early]
    tape = Tape(root, x * 9.0)
    assert [tape.nodes[place] for place in tape.swept()] == order
    assert list(dict.fromkeys(step.place for step in tape.sweep())) == tape.swept()
    plain = Tape(x.tanh() * x, x * 9.0)
    assert [plain.operation(place) for place in plain.swept()] == ["multiply", "tanh"]


@given(strategies.expressions(), strategies.expressions())
def test_several_roots_share_their_nodes(one: Expression, other: Expression) -> None:
    xs = [Value(x) for x in [*one.inputs, *other.inputs]]
    first, second = one(*xs[: len(one.inputs)]), other(*xs[: len(other.inputs)])
    tape = Tape(first, second, first)
    assert tape.roots == [tape.place(first), tape.place(second), tape.place(first)]
    assert set(tape.nodes) == {*topological_order(first), *topological_order(second)}
    assert len(set(tape.nodes)) == len(tape)
    assert tape.nodes[: tape.roots[0] + 1] == topological_order(first)
    first.backward()
    assert [step.after for step in tape.sweep()] == [step.after for step in Tape(first).sweep()]


def test_a_leaf_is_a_tape_of_one_entry() -> None:
    x = Value(3.0)
    tape = Tape(x)
    assert (len(tape), tape.nodes, list(tape.sweep()), tape.starts.tolist()) == (1, [x], [], [0, 0])
    assert Tape(x, x * 2.0, x).roots == [0, 2, 0]


def test_numpy_reads_the_arrays_without_a_copy() -> None:
    x, y = Value(3.0), Value(4.0)
    tape = Tape(total([x * y, x, 2.0 - y]))
    for flat in (tape.codes, tape.starts, tape.operands, tape.partials, tape.data):
        assert isinstance(flat, array)
        assert np.shares_memory(np.asarray(flat), np.asarray(flat))
        assert np.asarray(flat).tolist() == flat.tolist()
    assert tape.starts[-1] == len(tape.operands) == len(tape.partials)
    assert [tape.operations[code] for code in tape.codes] == [node.op for node in tape.nodes]


def test_a_tape_of_many_entries_has_each_of_them() -> None:
    """It is written in parts of some thousand entries; plain numbers come first and last, leaves in between."""
    v, leaves = Value(0.5), [Value(float(k)) for k in range(1500)]
    for leaf in leaves:
        v = total([2.0 - v * 0.5, leaf])
    tape = Tape(v)
    assert repr(tape) == "Tape(9,001 entries, 9,000 operands)"
    assert tape.nodes == topological_order(v)
    for place, node in enumerate(tape.nodes):
        entry = tape[place]
        assert [tape.nodes[k] for k in entry.operands] == list(node.operands)
        assert (entry.operation, entry.data, entry.partials) == (node.op, node.data, node.partials)
    assert list(Tape(v)) == list(tape)


@given(strategies.expressions(), st.booleans())
def test_local_derivatives_are_those_of_the_recording_whenever_they_are_asked_for(
    expression: Expression, detached: bool
) -> None:
    xs, root = graph(expression, detached)
    recorded = [x for v in topological_order(root) for x in v.partials]
    tape = Tape(root)
    root.backward()
    for x in xs:
        x.data = 1.0 - x.data
    Tape(*xs, root)  # Other walks, and nodes for plain numbers.
    assert [v.op for v in tape.nodes] == [entry.operation for entry in tape]
    assert tape.partials.tobytes() == array("d", recorded).tobytes()
    assert tape.partials is tape.partials


def test_plain_numbers_are_entries_each_time() -> None:
    x = Value(3.0)
    tape = Tape((x * 2.0) * 2.0)
    assert [tape.is_constant(place) for place in range(len(tape))] == [False, True, False, True, False]
    assert [tape.nodes[place].data for place in (1, 3)] == [2.0, 2.0]
    assert tape.nodes[1] is tape.nodes[2].operands[1]
    assert all(tape.passes_on(place) == [0] for place in (2, 4))


def test_a_number_between_two_constants_is_the_right_one() -> None:
    constant = (Value(1.0) * 7.0).operands[1]
    for v, data in ((constant * 2.0, [7.0, 2.0]), (2.0 - constant, [2.0, 7.0])):
        tape = Tape(v)
        assert [tape.nodes[k].data for k in tape[len(tape) - 1].operands] == data
        assert sorted(node.data for node in tape.nodes[:2]) == [2.0, 7.0]


def test_the_nodes_of_numbers_are_on_the_tape_and_those_of_others_are_not() -> None:
    x = Value(3.0)
    v, other = x * 2.0, x * 2.0
    tape = Tape(v)
    number, stranger = v.operands[1], other.operands[1]
    assert (number in tape, stranger in tape, other in tape) == (True, False, False)
    assert [tape.place(node) for node in (x, number, v)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no part of this graph"):
        tape.place(stranger)
    first = Tape(v)
    assert (x in first, number in first, first.place(number)) == (True, True, 1)


def test_positions_that_get_a_contribution() -> None:
    x, y = Value(3.0), Value(4.0)
    for v, positions in (
        (2.0 * x, [1]),
        (x / y, [0, 1]),
        (x.detach(), []),
        (x * 0.0, [0]),
        (maximum(x, y), [0, 1]),
        (where(x, y, 1.0), [1]),
        (where(-x, 1.0, y), [2]),
        (where(x, 1.0, y), []),
        (total([x, 1.0, y]), [0, 2]),
    ):
        tape = Tape(v)
        assert tape.passes_on(len(tape) - 1) == positions, v
        assert [step.position for step in tape.sweep() if step.place == len(tape) - 1] == positions


@pytest.mark.skipif(autograd.COMPILED, reason="compiled, an annotation would be a check")
def test_the_help_says_that_a_tape_takes_values() -> None:
    assert inspect.signature(Tape).parameters["root"].annotation is Value


@pytest.mark.skipif(autograd.COMPILED, reason="compiled, nothing comes in between")
def test_a_number_may_get_its_node_while_the_tape_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(3.0)
    original = reading.in_order

    def interrupted(roots: list[Value], plain: "array[int]") -> list[Value]:
        order = original(roots, plain)
        for node in order:
            assert len(node.operands) in (0, 2)  # as another thread might ask
        return order

    monkeypatch.setattr(reading, "in_order", interrupted)
    tape = Tape((1.0 - x) * 2.0)
    assert [tape[place].operands for place in range(len(tape))] == [(), (), (0, 1), (), (2, 3)]
    assert tape.data.tolist() == [1.0, 3.0, -2.0, 2.0, -4.0]
    assert [tape.node(place).data for place in range(len(tape))] == tape.data.tolist()


def test_users_are_counted_by_use() -> None:
    x = Value(3.0)
    square = x * x
    tape = Tape(square + x)
    assert tape.users() == [[1, 1, 2], [2], []]
    assert tape.leading_to([0]) == {0, 1, 2}
    assert tape.leading_to([1]) == {1, 2}


def test_what_is_detached_passes_nothing_on() -> None:
    x, y = Value(3.0), Value(4.0)
    tape = Tape((x * y).detach() * y)
    assert tape.leading_to([tape.place(x)]) == {tape.place(x), tape.place(x) + 2}
    assert [tape.operation(step.place) for step in tape.sweep()] == ["multiply", "multiply"]


def test_a_later_change_of_data_changes_no_tape() -> None:
    x = Value(3.0)
    tape = Tape(x * x)
    x.data = 5.0
    assert tape.data.tolist() == [3.0, 9.0]


def test_mistakes_are_named() -> None:
    x = Value(3.0)
    with pytest.raises(TypeError, match=r"Tape takes Values, not float 3\.0"):
        Tape(x, 3.0)  # type: ignore[arg-type]
    tape = Tape(x * x)
    with pytest.raises(ValueError, match=r"Value\(data=1\.0, grad=0\.0\) is no part of this graph"):
        tape.place(Value(1.0))
    for place in (2, -1):
        with pytest.raises(IndexError, match=f"the tape has 2 entries, and none at place {place}"):
            tape[place]
    with pytest.raises(ValueError, match=r"3\.0 is no part of this graph"):
        tape.place(3.0)  # type: ignore[arg-type]
    assert Value(1.0) not in tape
    assert "x" not in tape


def test_a_tape_yields_its_entries() -> None:
    x = Value(3.0)
    tape = Tape(x * x + 1.0)
    assert list(tape) == [tape[place] for place in range(len(tape))]


def test_a_copy_or_a_pickle_is_a_tape_of_the_same_graph() -> None:
    x = Value(3.0)
    tape = Tape(x * x + 1.0, (x * 2.0).tanh())
    for twin in (copy.copy(tape), copy.deepcopy(tape), pickle.loads(pickle.dumps(tape))):
        assert list(twin) == list(tape)
        assert twin.roots == tape.roots
    assert copy.copy(tape).nodes == tape.nodes
    assert x not in copy.deepcopy(tape)


@pytest.mark.skipif(autograd.COMPILED, reason="nothing interrupts compiled code")
def test_a_tape_made_beside_another_walk_leaves_marks_and_the_collector_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Value(3.0) * 2.0 + 1.0
    monkeypatch.setattr(gc, "disable", lambda: pytest.fail("an interrupt would leave the collector off"))
    with guarded.WALKING:
        used = _MARKS.used
        Tape(root)
        assert _MARKS.used == used


def test_walks_go_on_after_a_tape() -> None:
    x = Value(3.0)
    y = (x * x).tanh() * x + 1.0
    first = Tape(y)
    y.backward()
    gradient = x.grad
    assert Tape(y).nodes == first.nodes
    y.backward()
    assert x.grad == 2.0 * gradient
    with guarded.WALKING:
        assert Tape(y).nodes == first.nodes


def test_threads_that_ask_for_operands_get_the_same_ones() -> None:
    """In their order, too: of `1 - x` the number comes first, whoever asks at once."""
    for _ in range(200):
        x = Value(3.0)
        v = 1.0 - x
        barrier = threading.Barrier(4)
        found: list[tuple[Value, ...]] = []

        def ask(v: Value = v, barrier: threading.Barrier = barrier, found: list[tuple[Value, ...]] = found) -> None:
            barrier.wait()
            found.append(v.operands)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {v.operands}
        assert (v.operands[0].data, v.operands[1]) == (1.0, x)
