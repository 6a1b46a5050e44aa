"""Folding: every node is in one place, and a neuron is one box however it is written."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tape, Value, dot, largest, logsumexp, losses, mean, total
from autograd.engine.value import constant
from autograd.nn import MLP, LSTMCell, RNNCell
from autograd.show.fold import folded as shown_tape
from autograd.show.pictures.cones import EVERYWHERE, OUTSIDE, Boxes, Leaves, boxes
from autograd.show.pictures.part import FEWEST, LINES, fitting
from tests.test_draw import graphs

LEAVES: tuple[Leaves, ...] = ("single", "unlabelled", "all")
rows = st.integers(2, 6)


def leaf(rng: Random) -> Value:
    return Value(rng.uniform(-1.0, 1.0))


def folded(*roots: Value, labelled: bool = False, leaves: Leaves = "single") -> Boxes:
    return boxes(Tape(*roots), fold=True, labelled=labelled, leaves=leaves)


@given(graphs(40), st.booleans(), st.booleans(), st.sampled_from(LEAVES), st.data())
@settings(max_examples=150, deadline=None)
def test_every_node_is_in_one_box_and_every_edge_is_in_a_box_or_a_line(
    root: Value, fold: bool, labelled: bool, leaves: Leaves, data: st.DataObject
) -> None:
    tape = Tape(root)
    kept = data.draw(st.sets(st.integers(0, len(tape) - 1), max_size=3))
    found = boxes(tape, fold=fold, labelled=labelled, leaves=leaves if fold else "single", kept=kept)
    assert {*tape.roots, *kept} <= {*found.heads}
    inside = [place for head in found.heads for place in found.inside(head)]
    everywhere = {place for place, home in enumerate(found.home) if home == EVERYWHERE}
    assert sorted(inside) == sorted({*range(len(tape))} - everywhere)
    users = tape.users()
    assert all(not tape.operation(place) for place in everywhere)
    for head in found.heads:
        members = found.inside(head)
        assert members[0] == head
        assert all(len(users[place]) == 1 and users[place][0] in members for place in members[1:])
        lines = [(line.source, use) for line in found.lines(head) for use in line.uses]
        edges = [(k, (m, i)) for m in members for i, k in enumerate(tape.operands_of(m))]
        assert sorted(lines) == sorted(edge for edge in edges if edge[0] not in members and edge[0] not in everywhere)
        assert fold or members == [head]


@given(graphs(40), st.integers(1, 40), st.integers(1, 4) | st.none(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_part_has_no_more_boxes_than_asked_for_and_tells_of_all_nodes(
    root: Value, max_nodes: int, depth: int | None, fold: bool
) -> None:
    tape = Tape(root)
    part = fitting(tape, tape.roots, max_nodes, fold=fold, depth=depth)
    assert len(part.shown) <= max_nodes
    assert tape.roots[0] in part.shown
    assert part.edges <= max(LINES, 8 * max_nodes)
    if len(part.shown) == part.total:
        assert part.told == {*range(len(tape))}
        assert all(len(part.boxes.lines(place)) > max_nodes for place in part.hidden), "a row that is too long"
    if not fold:
        assert not part.folds
    if part.folds:
        assert part.total >= FEWEST


@given(rows, rows, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_a_neuron_written_by_hand_is_one_box(inputs: int, neurons: int, rng: Random) -> None:
    xs = [leaf(rng) for _ in range(inputs)]
    outs = []
    for _ in range(neurons):
        z = leaf(rng)
        for x in xs:
            z = z + leaf(rng) * x
        outs.append(z.tanh())
    found = folded(*outs)
    assert len(found.heads) == inputs + neurons
    assert len(folded(*[sum((leaf(rng) * x for x in xs), leaf(rng)) for _ in outs]).heads) == inputs + neurons
    assert len(folded(*[(dot([leaf(rng) for _ in xs], xs) + leaf(rng)).relu() for _ in outs]).heads) == inputs + neurons


@given(st.lists(rows, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_a_network_has_a_box_for_each_neuron_and_input(sizes: list[int], rng: Random) -> None:
    """A layer of ReLUs has several users for each output, and the last one makes the error."""
    xs = [leaf(rng) for _ in range(sizes[0])]
    out = MLP(sizes[0], [*sizes[1:], 1], rng=rng)(xs)
    assert isinstance(out, Value)
    found = folded((out - leaf(rng)) ** 2)
    assert len(found.heads) == sum(sizes) + 1 + 1


def test_a_hidden_unit_with_one_user_keeps_its_box() -> None:
    """In the last layer but one, each output is used once."""
    rng = Random(1)
    loss = (MLP(3, [4, 1], rng=rng)([leaf(rng) for _ in range(3)]) - 1.0) ** 2
    assert len(folded(loss).heads) == 3 + 4 + 1 + 1


@given(rows, rows, st.integers(2, 5), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_a_unit_of_a_cell_is_one_box_at_each_step(inputs: int, size: int, steps: int, rng: Random) -> None:
    cell, h = RNNCell(inputs, size, rng=rng), [leaf(rng) for _ in range(size)]
    xs = [[leaf(rng) for _ in range(inputs)] for _ in range(steps)]
    for x in xs:
        h = cell(x, h)
    for v in [*h, *(v for x in xs for v in x)]:
        v.label = "kept"
    found = folded(*h, leaves="unlabelled")
    assert len(found.heads) == steps * (size + inputs), "the weights are in the formulas"


def test_a_unit_of_a_long_short_term_memory_has_boxes_for_its_gates_and_states() -> None:
    rng = Random(1)
    state = None
    cell = LSTMCell(2, 3, rng=rng)
    for _ in range(2):
        state = cell([leaf(rng), leaf(rng)], state)
    assert state is not None
    found = folded(*state[0], *state[1], leaves="all")
    # Of the first step, the gate that forgets a state of zeros is there, too.
    assert len(found.heads) == 2 * 3 * (4 + 2)


@given(st.integers(2, 30), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_errors_of_a_batch_are_one_box(batch: int, rng: Random) -> None:
    w, x = leaf(rng), [leaf(rng) for _ in range(batch)]
    ys = [(w * v).tanh() for v in x]
    ts = [leaf(rng) for _ in range(batch)]
    loss = mean([(y - t) ** 2 for y, t in zip(ys, ts, strict=True)])
    for y in ys:
        y.label = "y"
    assert len(folded(loss).heads) == batch + 1 + 1
    assert len(folded(losses.mse(ys, ts)).heads) == batch + 1 + 1


def test_a_function_of_a_row_does_not_fold_the_formulas_in_the_row() -> None:
    rng = Random(1)
    for function in (lambda row: losses.cross_entropy(row, 1), logsumexp, largest):
        logits = [leaf(rng) * leaf(rng) for _ in range(3)]
        tape = shown_tape(function(logits))
        heads = boxes(tape, fold=True).heads
        assert {tape.place(z) for z in logits} <= {*heads}


def test_the_weights_of_a_sequence_and_the_zeros_of_its_state_are_in_the_formulas() -> None:
    cell, h = RNNCell(4, 8, rng=Random(1)), None
    for _ in range(5):
        h = cell([Value(0.5, label="x") for _ in range(4)], h)
    tape = Tape(*(h or []))
    part = fitting(tape, tape.roots, 200)
    leaves = [place for place in part.shown if not tape.operation(place)]
    assert [tape.node(place).label for place in leaves] == ["x"] * 20
    assert len(part.shown) == 20 + 5 * 8


def test_a_number_that_is_an_exponent_and_an_operand_has_a_box() -> None:
    k, a = constant(2.0), Value(3.0)
    assert len(boxes(Tape(a**k)).heads) == 2
    assert len(boxes(Tape(a**k + k)).heads) == 4


def test_a_detached_node_is_not_folded_and_folds_nothing() -> None:
    x = Value(1.0)
    y = (x * 2.0).detach() + x
    tape = Tape(y)
    found = boxes(tape, fold=True)
    detached = next(k for k in range(len(tape)) if tape.operation(k) == "detach")
    assert {detached, tape.operands_of(detached)[0]} <= {*found.heads}


def test_a_label_keeps_its_box_while_there_is_room() -> None:
    x = Value(1.0)
    z = x * 2.0
    z.label = "z"
    y = z.tanh() + x
    assert len(folded(y).heads) == 3
    assert len(folded(y, labelled=True).heads) == 2
    tape = Tape(total([y, x.exp(), x.sin(), x.cos()]))
    part = fitting(tape, tape.roots, 5)
    assert any(part.tape.node(place).label == "z" for place in part.shown)


def test_what_is_not_within_is_outside() -> None:
    a, b = Value(1.0), Value(2.0)
    tape = Tape((a * b).tanh())
    found = boxes(tape, within={0, 2, 3})
    assert [*found.home] == [0, OUTSIDE, 2, 3]
    assert found.size == 3
    assert [found.written_out(place) for place in (2, 3)] == [True, False]


def test_a_chain_of_any_length_needs_no_recursion() -> None:
    x = Value(1.0)
    s = x
    for _ in range(30_000):
        s = s + x
    found = folded(s)
    assert found.heads == [0, len(found.home) - 1]
    assert len(found.lines(found.heads[1])[0].uses) == 30_001
