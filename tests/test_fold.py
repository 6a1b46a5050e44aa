"""A folded tape: softmax, log-softmax and cross-entropy are one entry each, and everything else is as it was."""

import copy
import math
import pickle
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    Stepper,
    Tape,
    Value,
    autopsy,
    draw,
    explain,
    grad_graph,
    log_softmax,
    losses,
    mean,
    nn,
    softmax,
    total,
    tree,
    where,
)
from autograd.check import strategies
from autograd.engine.functions import _exp_of_difference, _shift, largest
from autograd.formula import rule
from autograd.show.fold import FEW_OPERANDS, FEW_OUTPUTS, boxed, caption, folded
from autograd.show.lines import still_recorded
from autograd.show.names import Names

ROUNDED: Final = 1e-12
"""Relative to the largest gradient of a logit, or to 1: the recorded nodes and the rule round some ten times each."""
INNER: Final = {"largest", "shift", "exp_of_difference", "log_of_shifted_sum", "divide", "subtract", "negative"}

logits = st.lists(st.floats(-30.0, 30.0), min_size=2, max_size=6)
edges = st.lists(
    st.sampled_from((0.0, -0.0, 1.0, 800.0, -800.0, math.inf, -math.inf, math.nan)), min_size=2, max_size=4
)


def leaves(numbers: Sequence[float]) -> list[Value]:
    return [Value(x, label=f"z{i}") for i, x in enumerate(numbers)]


def operations(tape: Tape) -> list[str]:
    """Those of the entries, in order."""
    return [entry.operation for entry in tape if entry.operation]


def swept(tape: Tape) -> dict[int, float]:
    """The gradients of the nodes, by their ids."""
    return {id(tape.node(tape.roots[0])): 1.0} | {id(tape.node(made.operand)): made.after for made in tape.sweep()}


def is_sound(tape: Tape, root: Value) -> None:
    """Assert that a tape holds together, and has the gradients of the graph of its root."""
    assert len(tape.codes) == len(tape.data) == len(tape.nodes) == len(tape.starts) - 1 == len(tape)
    assert len(tape.operands) == len(tape.partials) == tape.starts[len(tape)]
    assert set(tape.operations[2:]) == set(operations(tape))
    assert tape.node(tape.roots[0]) is root
    users, nodes = tape.users(), tape.nodes
    for entry in tape:
        node = tape.node(entry.place)
        assert all(k < entry.place for k in entry.operands)
        assert users[entry.place] or entry.place in tape.roots, "nothing is left over"
        assert all(users[k].count(entry.place) == entry.operands.count(k) for k in entry.operands)
        assert repr(node.data) == repr(entry.data)
        assert node is nodes[entry.place]
        assert node in tape
        assert tape.place(node) == entry.place
        assert still_recorded(tape, entry.place)
        assert tape.is_constant(entry.place) == (node.op == "" and node.label == "" and "grad" not in repr(node))
        if entry.operation in ("softmax", "log_softmax", "cross_entropy"):
            assert not any(d for d, k in zip(entry.partials, entry.operands, strict=True) if tape.is_constant(k))
        passing = [i for i, k in enumerate(entry.operands) if not tape.is_constant(k)]
        if entry.operation not in ("detach", "where"):
            assert tape.passes_on(entry.place) == passing
    assert tape.roots[0] == len(tape) - 1 or len(tape.roots) > 1
    names = Names(tape)
    own = [names[k] for k in names.own]
    assert len({*own}) == len(own)
    assert [names.place(name) for name in own] == names.own
    plain = Tape(root)
    expected, found = swept(plain), swept(tape)
    size = max([1.0, *(abs(x) for x in expected.values() if math.isfinite(x))])
    for key, grad in found.items():
        assert grad == pytest.approx(expected[key], abs=ROUNDED * size, nan_ok=True)
    assert {id(v) for v in plain.nodes if not v.op and id(v) in expected} <= found.keys()


def read(root: Value) -> None:
    """Let all readers read a graph."""
    for step in Stepper(root):
        assert str(step)
    assert str(tree(root))
    assert draw(root).dot
    assert Stepper(root).draw().dot


# ── what is folded ──


@given(logits | edges, st.data())
def test_a_cross_entropy_is_one_entry_with_the_derivatives_of_the_textbook(
    xs: list[float], data: st.DataObject
) -> None:
    zs, k = leaves(xs), data.draw(st.integers(0, len(xs) - 1))
    root = losses.cross_entropy(zs, k)
    tape = folded(root)
    is_sound(tape, root)
    assert operations(tape) == ["cross_entropy"]
    *_, entry = tape
    assert [tape.node(i) for i in entry.operands[: len(xs)]] == zs
    targets = [tape.data[i] for i in entry.operands[len(xs) :]]
    assert targets[k if xs.count(xs[k]) < 2 else targets.index(1.0)] == 1.0
    assert sum(targets) == 1.0
    if all(map(math.isfinite, xs)):
        ps = [p.data for p in softmax(xs)]
        assert entry.partials[: len(xs)] == pytest.approx(
            [p - t for p, t in zip(ps, targets, strict=True)], abs=ROUNDED
        )
    assert len(Stepper(root)) == 2 + len(xs)


@given(logits, st.data())
def test_probabilities_are_the_targets(xs: list[float], data: st.DataObject) -> None:
    weights = data.draw(
        st.lists(st.sampled_from((0.0, 1.0, 2.5)) | st.floats(0.0, 1.0), min_size=len(xs), max_size=len(xs))
    )
    added = sum(weights)
    if not added or not all(w / added == 0.0 or w / added > 1e-300 for w in weights):
        return
    as_values = data.draw(st.lists(st.booleans(), min_size=len(xs), max_size=len(xs)))
    chances = [
        Value(w / added, label=f"t{i}") if v else w / added
        for i, (w, v) in enumerate(zip(weights, as_values, strict=True))
    ]
    root = losses.cross_entropy(leaves(xs), chances)
    tape = folded(root)
    is_sound(tape, root)
    assert operations(tape) == ["cross_entropy"]
    *_, entry = tape
    targets = entry.operands[len(xs) :]
    assert [tape.data[i] for i in targets] == [t.data if isinstance(t, Value) else t for t in chances]
    assert [tape.is_constant(i) for i in targets] == [not v for v in as_values]
    read(root)


@given(logits | edges, st.data())
def test_each_output_in_use_is_an_entry(xs: list[float], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.booleans(), min_size=len(xs), max_size=len(xs)))
    row = [x if plain else Value(x, label=f"z{i}") for i, (x, plain) in enumerate(zip(xs, numbers, strict=True))]
    for function, name in ((softmax, "softmax"), (log_softmax, "log_softmax")):
        used = data.draw(st.sets(st.integers(0, len(xs) - 1), min_size=1))
        outputs = function(row)
        root = total([outputs[i] * (i + 0.5) for i in sorted(used)])
        tape = folded(root)
        is_sound(tape, root)
        assert operations(tape).count(name) == len(used)
        assert {*operations(tape)} == {name, "multiply", "total"}
        for i in used:
            entry = tape[tape.place(outputs[i])]
            assert [tape.data[k] for k in entry.operands[: len(xs)]] == pytest.approx(xs, abs=0.0, nan_ok=True)
            weights = [tape.data[k] for k in entry.operands[len(xs) :]]
            assert sorted(weights) == [0.0] * (len(xs) - 1) + [1.0]
            chosen = row[weights.index(1.0)]
            assert chosen is row[i] or repr(chosen) == repr(row[i])


def batch() -> Value:
    """The mean of four losses, on logits that are shared, some with a softmax in them."""
    zs = leaves([2.0, 0.0, -1.0])
    both = [losses.cross_entropy(zs, 0), losses.cross_entropy(zs, [0.25, 0.0, 0.75])]
    again = losses.cross_entropy(softmax(zs), [Value(0.5, label="t"), 0.25, 0.25])
    return mean([*both, again, log_softmax(zs)[1]])


def twice() -> Value:
    zs = leaves([1.0, 2.0])
    return softmax(zs)[0] * softmax(zs)[1]


def of_one_value() -> Value:
    x = Value(0.5, label="x")
    return losses.cross_entropy([x, x, x], 1) + softmax([x])[0]


def with_a_detach() -> Value:
    zs = leaves([1.0, 2.0])
    target = softmax([zs[1], zs[0]])
    return losses.cross_entropy([zs[0] * 2, zs[1]], [p.detach() for p in target]) * where(zs[0] > 0, zs[1], 3.0)


def classifier() -> Value:
    model = nn.MLP(2, [3, 4], rng=random.Random(1))
    return losses.cross_entropy(model([0.5, -1.0]), 2)


def of_numbers() -> Value:
    return softmax([1.0, 2.0, 2.0])[1] * Value(3.0, label="x")


def number_first() -> Value:
    return losses.cross_entropy([2.0 * Value(1.0, label="x"), Value(0.5, label="y")], 0)


def in_itself() -> Value:
    zs = leaves([0.1, 0.2])
    return softmax(softmax(softmax(zs)))[0] - 1.0


GRAPHS: Final[dict[str, tuple[Callable[[], Value], list[str]]]] = {
    "batch": (batch, ["cross_entropy", "cross_entropy", *["softmax"] * 3, "cross_entropy", "log_softmax", "mean"]),
    "twice": (twice, ["softmax", "softmax", "multiply"]),
    "of_one_value": (of_one_value, ["cross_entropy", "softmax", "add"]),
    "of_numbers": (of_numbers, ["softmax", "multiply"]),
    "number_first": (number_first, ["multiply", "cross_entropy"]),
    "in_itself": (in_itself, [*["softmax"] * 5, "subtract"]),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_whole_graphs(name: str) -> None:
    build, expected = GRAPHS[name]
    root = build()
    tape = folded(root)
    is_sound(tape, root)
    assert sorted(operations(tape)) == sorted(expected)
    read(root)


@pytest.mark.parametrize("build", [with_a_detach, classifier])
def test_other_nodes_stay(build: Callable[[], Value]) -> None:
    root = build()
    tape = folded(root)
    is_sound(tape, root)
    assert "cross_entropy" in operations(tape)
    assert {*operations(tape)}.isdisjoint(INNER)
    read(root)


def test_a_detach_of_ones_own_stays() -> None:
    root = with_a_detach()
    tape = folded(root)
    assert operations(tape).count("detach") == 2
    gets = {tape.operation(made.place) for made in tape.sweep()}
    assert gets == {"multiply", "cross_entropy"} | ({"where"} if "where" in operations(tape) else set())


# ── what stays open ──


def as_recorded(root: Value, *others: Value) -> bool:
    tape = folded(root, *others)
    is_sound(tape, root)
    return equal(tape, Tape(root, *others))


def equal(tape: Tape, other: Tape) -> bool:
    return repr([*tape]) == repr([*other]) and tape.roots == other.roots and tape.nodes == other.nodes


@given(strategies.expressions())
@settings(max_examples=30)
def test_a_graph_without_patterns_has_the_tape_that_is_recorded(expression: strategies.Expression) -> None:
    root = expression(*map(Value, expression.inputs))
    assert as_recorded(root)


def inner_of(root: Value) -> list[Value]:
    return [v for v in Tape(root).nodes if v not in folded(root) and not Tape(root).is_constant(Tape(root).place(v))]


@pytest.mark.parametrize("of", [lambda zs: softmax(zs)[0], lambda zs: log_softmax(zs)[1]])
def test_an_inner_node_that_something_looks_at_keeps_its_pattern_open(of: Callable[[list[Value]], Value]) -> None:
    root = of(leaves([1.0, 3.0, 2.0])) * 2.0
    inner = inner_of(root)
    assert len(inner) >= 4
    for v in inner:
        assert as_recorded(root, v), "a root"
        assert as_recorded(total([v, root])), "used"
        v.label = "mine"
        assert as_recorded(root), "labelled"
        v.label = ""
    assert not as_recorded(root)


def test_a_greatest_logit_that_shifts_another_node_keeps_its_pattern_open() -> None:
    zs, other = leaves([1.0, 3.0]), Value(2.0)
    root = log_softmax(zs)[0]
    shift, rest = root.operands
    top = shift.operands[1]
    assert as_recorded(total([root, _shift(other, top)]))
    assert as_recorded(total([root, _shift(other, top) - rest]))
    assert as_recorded(total([root, other - rest]))
    assert as_recorded(total([root, shift]))
    assert operations(folded(total([root, shift - rest]))) == ["log_softmax", "log_softmax", "total"]
    p = softmax(zs)[0]
    e, s = p.operands
    assert as_recorded(total([p, other / s]))
    assert as_recorded(total([p, _exp_of_difference(other, e.operands[1])]))
    assert operations(folded(total([p, e / s]))) == ["softmax", "softmax", "total"]


def test_a_softmax_has_one_shift() -> None:
    zs = leaves([1.0, 3.0])
    exps = [_exp_of_difference(z, largest(zs).detach()) for z in zs]
    assert as_recorded(exps[0] / total(exps))


def test_an_output_that_is_added_up_has_no_weight() -> None:
    output = log_softmax(leaves([1000.0, 0.0]))[0]
    assert output.data == 0.0, "and the same times itself"
    assert "cross_entropy" not in operations(folded(total([-total([output, 0.0])])))


@pytest.mark.parametrize("target", [1, [0.5, 0.0, 0.5]])
def test_a_loss_is_open_only_as_far_as_it_must_be(target: Any) -> None:
    zs = leaves([1.0, 3.0, 2.0])
    root = losses.cross_entropy(zs, target)
    for v in inner_of(root):
        v.label = "mine"
        tape = folded(root)
        is_sound(tape, root)
        is_part_of_log_softmax = v.op in ("largest", "detach", "shift", "log_of_shifted_sum")
        assert as_recorded(root) if is_part_of_log_softmax else {*operations(tape)} >= {"log_softmax", "negative"}
        assert v in tape
        v.label = ""
    assert operations(folded(root)) == ["cross_entropy"]


def test_an_output_that_is_used_twice_is_no_part_of_a_loss() -> None:
    output = log_softmax(leaves([1.0, 3.0]))[0]
    root = -output * output
    assert operations(folded(root)) == ["log_softmax", "negative", "multiply"]
    is_sound(folded(root), root)


@pytest.mark.parametrize(
    "build",
    [
        lambda zs: (zs[0] - largest(zs).detach()).exp(),
        lambda zs: largest(zs) / total(zs),
        lambda zs: -(zs[0] - zs[1]) / largest(zs).detach(),
        lambda zs: -total([log_softmax(zs)[0] * 0.5, log_softmax(zs)[1] * 0.5]) - largest(zs).detach(),
        lambda zs: -total([log_softmax(zs)[1] * 0.5, 0.0]),
        lambda zs: -total([log_softmax(zs)[0] * 0.5, 1.0]),
        lambda zs: -total([log_softmax(zs)[0] * 0.5]),
        lambda zs: -total([log_softmax(zs)[0], 0.0]),
        lambda zs: -softmax(zs)[0],
        lambda zs: -total([x * t for x, t in zip(log_softmax(zs)[::-1], [0.5, 0.5], strict=True)]),
    ],
)
def test_what_looks_like_a_loss_is_none(build: Callable[[list[Value]], Value]) -> None:
    root = build(leaves([1.0, 3.0]))
    tape = folded(root)
    is_sound(tape, root)
    assert "cross_entropy" not in operations(tape)


def test_changed_data_keep_a_pattern_open() -> None:
    zs = leaves([800.0, 0.0, 0.0])
    root = losses.cross_entropy(zs, 0)
    zs[0].data = 900.0  # The loss is 0 in either case.
    assert equal(folded(root), Tape(root))
    with pytest.raises(ValueError, match="was changed after"):
        str(tree(root))


def test_a_loss_of_which_the_rule_has_another_value_stays_open() -> None:
    # A target that is a Value multiplies, so 0 · -inf is nan; as a number it would be left out.
    root = losses.cross_entropy(leaves([1.0, -math.inf]), [Value(1.0, label="t"), Value(0.0, label="u")])
    assert math.isnan(root.data)
    tape = folded(root)
    assert operations(tape).count("log_softmax") == 2
    assert "cross_entropy" not in operations(tape)
    read(root)


def test_a_derivative_as_a_graph_keeps_what_is_no_pattern() -> None:
    zs = leaves([1.0, 3.0, 2.0])
    for root in (losses.cross_entropy(zs, 1), softmax(zs)[0]):
        for v in grad_graph(root, zs):
            is_sound(folded(v), v)
            read(v)
            (again,) = grad_graph(v, [zs[0]])
            is_sound(folded(again), again)


def test_a_wide_softmax_in_full_use_stays_open() -> None:
    side = math.isqrt(FEW_OPERANDS)
    row = [Value(0.01 * i) for i in range(side)]
    assert operations(folded(total(softmax(row)))).count("softmax") == side
    row.append(Value(1.0))
    assert as_recorded(total(softmax(row)))
    wide = [Value(0.01 * i) for i in range(FEW_OPERANDS)]
    outputs = softmax(wide)[: FEW_OUTPUTS + 1]
    assert operations(folded(total(outputs[1:]))).count("softmax") == FEW_OUTPUTS
    assert "softmax" not in operations(folded(total(outputs)))
    loss = losses.cross_entropy(row, [1.0 / len(row)] * len(row))
    assert operations(folded(loss)) == ["cross_entropy"]


# ── of the tape ──


def test_inner_is_the_tape_that_is_recorded() -> None:
    root = batch()
    assert equal(folded(root, inner=True), Tape(root))
    assert str(tree(root, inner=True)) != str(tree(root))
    assert "largest" in str(tree(root, inner=True))


def test_a_folded_tape_is_copied_as_one() -> None:
    root = batch()
    tape = folded(root)
    for other in (copy.deepcopy(tape), pickle.loads(pickle.dumps(tape))):
        assert repr([*other]) == repr([*tape])
    walk = copy.deepcopy(Stepper(root))
    assert [str(step) for step in walk] == [str(step) for step in Stepper(root)]


def test_reading_leaves_the_graph_as_it_is() -> None:
    root = batch()

    def state() -> list[tuple[Any, ...]]:
        tape = Tape(root)
        return [(v.op, v.data, v.grad, v.label, v.partials, tape.place(v)) for v in tape.nodes]

    root.backward()
    before = state()
    read(root)
    assert state() == before


def test_a_folded_node_is_not_on_the_tape_in_the_place_of_its_number() -> None:
    root = losses.cross_entropy(leaves([1.0, 3.0]), [0.25, 0.75])
    products = root.operands[0].operands  # A list of all nodes would make nodes of the numbers.
    assert [v.op for v in products] == ["multiply", "multiply"]
    tape = folded(root)
    assert not any(v in tape for v in products)
    assert [tape.data[k] for k in tape[tape.roots[0]].operands[2:]] == [0.25, 0.75]
    with pytest.raises(ValueError, match="is no part of this graph"):
        tape.place(products[0])


def test_several_roots_are_all_there() -> None:
    zs = leaves([1.0, 2.0])
    first, second = losses.cross_entropy(zs, 0), softmax(zs)[1]
    tape = folded(first, second)
    assert [tape.node(k) for k in tape.roots] == [first, second]
    assert operations(tape) == ["cross_entropy", "softmax"]
    constant = Tape(softmax([zs[0], 2.0])[0]).nodes[1]
    assert [*folded(softmax([zs[0], constant])[0], constant).roots] != []


def test_time_grows_with_the_graph_alone() -> None:
    """So many entries are looked at for each node, and not more in a large graph."""
    sizes = []
    for n in (50, 400):
        zs = leaves([0.01 * i for i in range(n)])
        root = mean([losses.cross_entropy(zs[i : i + 5], 2) for i in range(n - 5)])
        sizes.append((len(folded(root)) + len(folded(root).operands)) / len(Tape(root)))
    assert sizes[1] <= 1.1 * sizes[0]


# ── readers ──


def test_lines_of_a_loss() -> None:
    root = losses.cross_entropy([Value(2.0, label="z1"), Value(1.4, label="z2")], 0)
    root.label = "L"
    assert [" ".join(str(step).split()) for step in Stepper(root)] == [
        "L = cross_entropy([z1, z2], 0) = cross_entropy([2, 1.4], 0) = 0.437488",
        "∂L/∂L = 1",
        "∂L/∂z1 += ∂L/∂L · ∂L/∂z1 = 1 · (-0.354344) = -0.354344 (p - 1, p = 0.645656)",
        "∂L/∂z2 += ∂L/∂L · ∂L/∂z2 = 1 · 0.354344 = 0.354344 (p - 0, p = 0.354344)",
    ]
    assert str(tree(root)).splitlines()[0] == "L = cross_entropy([z1, z2], 0) = 0.437488"
    assert "L ←[0.354344] z2" in repr(explain(root, "z2"))


def test_lines_of_targets() -> None:
    targets = [Value(0.25, label="t1"), Value(0.75, label="t2")]
    root = losses.cross_entropy([Value(2.0, label="z1"), Value(1.4, label="z2")], targets)
    root.label = "L"
    forward, _, first, *_, last = [" ".join(str(step).split()) for step in Stepper(root)]
    assert forward == "L = cross_entropy([z1, z2], [t1, t2]) = cross_entropy([2, 1.4], [0.25, 0.75]) = 0.887488"
    assert first.endswith("= 0.395656 (p - t1, p = 0.645656)")
    assert last.endswith("(-log p, log p = -1.03749)")
    numbers = losses.cross_entropy([Value(2.0, label="z1"), Value(1.4, label="z2")], [0.3, 0.7])
    assert "cross_entropy([z1, z2], [0.3, 0.7])" in str(Stepper(numbers).step())
    # Their sum may be a thousandth off.
    off = losses.cross_entropy([Value(2.0, label="z1"), Value(1.4, label="z2")], [0.3, 0.7005])
    assert "total([0.3, 0.7005])·p - 0.7005" in " ".join(str(Stepper(off).to("z2")).split()[-9:])


def test_lines_of_outputs() -> None:
    zs = [Value(x, label=f"z{i}") for i, x in enumerate([2.0, 1.4, 1.0], 1)]
    p = softmax(zs)[0]
    p.label = "p1"
    forward, _, own, other, _ = [" ".join(str(step).split()) for step in Stepper(p)]
    assert forward == "p1 = softmax([z1, z2, z3])[0] = softmax([2, 1.4, 1])[0] = 0.521732"
    assert own.endswith("((1 - p1)·p1)")
    assert other.endswith("(-p1·p, p = 0.286333)")
    log_p = log_softmax(zs)[1]
    log_p.label = "q"
    forward, _, other, own, _ = [" ".join(str(step).split()) for step in Stepper(log_p)]
    assert forward == "q = log_softmax([z1, z2, z3])[1] = log_softmax([2, 1.4, 1])[1] = -1.2506"
    assert own.endswith("(1 - p, p = 0.286333)")
    assert other.endswith("(-p, p = 0.521732)")


def test_long_rows_are_shortened() -> None:
    root = losses.cross_entropy([Value(0.1 * i, label=f"z{i}") for i in range(12)], 5)
    root.label = "the loss"
    text = " ".join(str(Stepper(root).step()).split())
    assert "cross_entropy([z0, z1, z2, z3, … 4 more …, z8, z9, z10, z11], 5)" in text
    assert "the loss = cross_entropy([z0, z1, z2, … 6 more …, z9, z10, z11], 5) = " in str(tree(root))


def test_a_picture_has_boxes_for_what_is_no_class_number() -> None:
    zs: list[Value | float] = [Value(1.0), Value(2.0), 3.0]
    t = Value(0.5)
    roots = [softmax(zs)[1], log_softmax(zs)[0], -log_softmax(zs)[2], t * 2.0]
    roots.append(losses.cross_entropy([Value(1.0), Value(2.0), Value(3.0)], [t, 0.25, 0.25]))
    tapes = [folded(root) for root in roots]
    told = [(caption(tape, tape.roots[0]), boxed(tape, tape.roots[0])) for tape in tapes]
    assert told == [
        ("softmax(z)[1]", [0, 1, 2]),
        ("log_softmax(z)[0]", [0, 1, 2]),
        ("cross_entropy(z, 2)", [0, 1, 2]),
        ("", [0, 1]),
        ("cross_entropy(z, t)", [0, 1, 2, 3]),
    ]
    assert (caption(tapes[0], 0), boxed(tapes[0], 0)) == ("", []), "a leaf"
    hostile = folded(losses.cross_entropy([Value(1.0), Value(2.0)], [Value(1.0), Value(0.0)]))
    assert caption(hostile, hostile.roots[0]) == "cross_entropy(z, t)"


def test_hostile_labels_are_no_class_numbers() -> None:
    targets = [Value(0.25, label="0"), Value(0.75, label="1")]
    line = str(Stepper(losses.cross_entropy(leaves([2.0, 1.4]), targets)).step())
    assert "[0, 1]" in line
    assert "[0.25, 0.75]" in line


def test_a_node_inside_is_found_where_it_can_be() -> None:
    zs = leaves([1.0, 2.0])
    output = log_softmax(zs)[0]
    root = -output
    with pytest.raises(ValueError, match=r"is inside a softmax or cross-entropy.* Stepper\(root, inner=True\) has"):
        Stepper(root).to(output)
    assert Stepper(root, inner=True).to(output) is not None
    assert explain(root, output).gradient == -1.0
    assert [path.partials for path in explain(root, zs[1]).paths] == [(softmax(zs)[1].data,)]
    assert explain(root, zs[1], inner=True).count == 1
    with pytest.raises(ValueError, match="is no part of the graph"):
        explain(root, Value(1.0))


def test_autopsy_keeps_the_inner_nodes() -> None:
    root = losses.cross_entropy(leaves([math.nan, 1.0]), 0)
    assert "cross_entropy" not in repr(autopsy(root))


def test_inner_gives_the_bits_of_backward() -> None:
    root = batch()
    root.backward()
    for v, grad in [*Stepper(root, inner=True).grads.items()]:
        assert v.grad == grad
    walk = Stepper(root, inner=True)
    walk.run()
    assert all(v.grad == grad for v, grad in walk.grads.items())


@pytest.mark.parametrize("op", ["softmax", "log_softmax", "cross_entropy"])
@given(xs=logits, data=st.data())
def test_the_rules_are_what_is_recorded(op: str, xs: list[float], data: st.DataObject) -> None:
    """Value and derivatives by any weights, of which at least two are not 0."""
    weights = data.draw(st.lists(st.floats(0.1, 1.0), min_size=len(xs), max_size=len(xs)))
    zs, ws = leaves(xs), [Value(w) for w in weights]
    outputs = softmax(zs) if op == "softmax" else log_softmax(zs)
    root = total([w * output for w, output in zip(ws, outputs, strict=True)])
    root = -root if op == "cross_entropy" else root
    root.backward()
    z, partials = rule(op).on_floats(xs + weights)
    assert z == pytest.approx(root.data, rel=ROUNDED, abs=ROUNDED)
    assert partials == pytest.approx([v.grad for v in (*zs, *ws)], rel=ROUNDED, abs=ROUNDED)
