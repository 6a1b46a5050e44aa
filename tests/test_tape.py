"""The tape: a graph as flat arrays, and the contributions of `backward` one by one."""

import copy
import gc
import pickle
import threading
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, topological_order, total
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.engine import guarded, reading
from autograd.engine.graph import _MARKS


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
    assert tape.roots == [len(tape) - 1]
    for place, node in enumerate(tape.nodes):
        entry = tape[place]
        assert tape.place(node) == place
        assert (entry.place, entry.operation, entry.data) == (place, node.op, node.data)
        assert [tape.nodes[k] for k in entry.operands] == list(node.operands)
        assert entry.partials == node.partials
        assert all(k < place for k in entry.operands)


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
    with pytest.raises(IndexError, match="the tape has 2 entries, and none at place 2"):
        tape[2]
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
