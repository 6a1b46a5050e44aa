"""Tapes read as scalar graphs, and their canonical form: the same values, one form however sums are written."""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, dot, maximum, mean, total, where
from autograd.compiler.canonical import (
    POWERS,
    _chased,
    _out_of_range,
    absorb,
    canonical,
    fold,
    merge,
    passes,
    peel,
    unify,
)
from autograd.compiler.reading import scalars
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from tests.compiler.finding import Search, culprit, recording, slopes
from tests.compiler.graphs import canonical_text, flat, graphs, leaves, linear, recurrence
from tests.compiler.random_programs import RandomProgram


def read(roots: Value | Sequence[Value], inputs: Any, parameters: Any = ()) -> Scalars:
    return scalars(recording([roots] if isinstance(roots, Value) else roots, flat(inputs), flat(parameters)))


def canon(roots: Value | Sequence[Value], inputs: Any, parameters: Any = ()) -> Scalars:
    return canonical(read(roots, inputs, parameters))


def operations(g: Scalars) -> list[str]:
    return [g.operations[code] for code in g.code[g.kind == OPERATION].tolist()]


def terms(g: Scalars, v: int) -> list[tuple[float, int, int]]:
    s, e = g.starts[v], g.starts[v + 1]
    return list(zip(g.coefficient[s:e].tolist(), g.left[s:e].tolist(), g.right[s:e].tolist(), strict=True))


def last(g: Scalars) -> tuple[float, list[tuple[float, str]]]:
    """The root as c0 and terms of leaves, such as (2.0, "x0·p1")."""
    assert g.kind[g.roots[0]] == LINEAR

    def name(v: int) -> str:
        return {INPUT: f"x{g.leaf[v]}", PARAMETER: f"p{g.leaf[v]}"}.get(int(g.kind[v]), f"[{v}]")

    row = [(c, "·".join(sorted(name(v) for v in (x, y) if v != ONE))) for c, x, y in terms(g, int(g.roots[0]))]
    return float(g.number[g.roots[0]]), sorted(row, key=lambda term: term[::-1])


# ── the passes change no number ──


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_each_pass_keeps_values_and_gradients_of_random_programs(seed: int) -> None:
    program = RandomProgram(seed)
    if not program.plan.wild:
        found = recording([program.loss, *program.outputs], program.leaves, program.parameters)
        assert Search(found, "both").in_scalars() == ""


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_each_pass_keeps_values_and_gradients(graph: Any) -> None:
    assert Search(recording(*graph), "both").in_scalars() == ""


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_graphs_are_whole_after_each_pass(graph: Any) -> None:
    g = scalars(recording(*graph))
    for _ in passes(g):
        assert (np.diff(g.owner) >= 0).all()
        assert (g.left < g.owner).all()
        assert (g.right < g.owner).all()
        assert g.used().all()
        assert (g.right[~g.in_linear] == ONE).all()
        assert {len(a) for a in (g.kind, g.code, g.number, g.leaf, g.kept)} == {len(g)}
        assert {a.dtype for a in (g.owner, g.left, g.right, g.roots)} == {np.dtype(np.int32)}
        has_terms = np.bincount(g.owner, minlength=len(g)) > 0
        assert not has_terms[g.kind < LINEAR].any()
        assert has_terms[g.kind == OPERATION].all()


def state(g: Scalars) -> list[bytes]:
    return [array.tobytes() for array in vars(g).values() if isinstance(array, np.ndarray)]


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_a_pass_tells_of_each_change(graph: Any) -> None:
    g = scalars(recording(*graph))
    g.compact()
    with np.errstate(all="ignore"):
        for one in (absorb, fold, merge, unify) * 3:
            before = state(g)
            assert one(g) == (state(g) != before)


def test_fold_tells_of_changes_that_leave_all_nodes_and_terms() -> None:
    (x, y), (p, q) = leaves(2), leaves(2)
    two = (2.0 * y).operands[0]
    less = -y
    for root in (
        x * two + maximum(two, y),  # A product becomes a term of one factor,
        total([dot([two, x], [p, q]), maximum(two, y)]),  # or has the constant on its right;
        total([x, less, less.tanh()]),  # a factor goes to the reader.
    ):
        g = read(root, [x, y], [p, q])
        g.compact()
        with np.errstate(all="ignore"):
            absorb(g)
        sizes, before = (len(g), len(g.owner)), state(g)
        assert fold(g)
        assert (len(g), len(g.owner)) == sizes
        assert state(g) != before
        assert not fold(g)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_passes_are_repeated_until_none_changes_anything(graph: Any) -> None:
    g = scalars(recording(*graph))
    with np.errstate(all="ignore"):
        *_, last, _ = [deepcopy(g) for _ in passes(g)]  # The very last one is that of peel.
        assert not any(one(last) for one in (absorb, fold, merge, unify))


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_a_canonical_form_stays_one(graph: Any) -> None:
    g = canonical(scalars(recording(*graph)))
    text = str(g)
    assert not any([fold(g), unify(g)]) or text == str(g)


# ── reading ──


def test_linear_operations_are_terms() -> None:
    (x, y), (p, q) = leaves(2), leaves(2)
    for root, want in [
        (x + p, [(1.0, "p0"), (1.0, "x0")]),
        (x - p, [(-1.0, "p0"), (1.0, "x0")]),
        (-(x + y), [(-1.0, "x0"), (-1.0, "x1")]),
        (x * p, [(1.0, "p0·x0")]),
        (x.square() + y**2 + p, [(1.0, "p0"), (1.0, "x0·x0"), (1.0, "x1·x1")]),
        (dot([x, y], [p, q]), [(1.0, "p0·x0"), (1.0, "p1·x1")]),
        (total([x, y, p]), [(1.0, "p0"), (1.0, "x0"), (1.0, "x1")]),
        (mean([x, y, p, q]), [(0.25, "p0"), (0.25, "p1"), (0.25, "x0"), (0.25, "x1")]),
        (x / 4.0 + q, [(1.0, "p1"), (0.25, "x0")]),
        (2.0 * (3.0 * x + p), [(2.0, "p0"), (6.0, "x0")]),
        ((x + x) * 2.0 + p, [(1.0, "p0"), (4.0, "x0")]),
    ]:
        assert last(canon(root, [x, y], [p, q])) == (0.0, want)


def test_a_division_by_a_number_whose_inverse_is_no_number_stays() -> None:
    x = leaves(1)
    for by in (0.0, 5e-324, 1e308, math.inf, math.nan):
        assert operations(canon(x[0] / by + x[0] * x[0], x)) == ["divide"]
    assert operations(canon(1.0 / x[0], x)) == ["divide"]
    assert operations(canon(x[0] / 3.0 + x[0] * x[0], x)) == []


def test_other_powers_stay() -> None:
    x, p = leaves(2)
    for root in (x**3, x**p, 2.0**x, x**-1):
        assert operations(canon(root, [x], [p])) == ["power"]
    assert operations(canon(x**2.0, [x])) == []


def test_softmax_shifts_without_gradient() -> None:
    x = leaves(3)
    for root in (autograd.logsumexp(x), autograd.softmax(x)[1], autograd.losses.cross_entropy(x, 1)):
        g = canon(root, x)
        names = operations(g)
        assert {"largest", "detach", "shift", "exp"} <= {*names}
        assert names.count("exp") == 3
        top = next(v for v in range(len(g)) if g.kind[v] == OPERATION and g.operations[g.code[v]] == "largest")
        assert slopes(g, g.run([], [v.data for v in x]))[top] == 0.0


def test_logsumexp_of_one_and_of_many() -> None:
    for n in (1, 2, 7):
        x = leaves(n)
        for root in (autograd.logsumexp(x), autograd.log_softmax(x)[n - 1], autograd.softmax(x)[0]):
            assert culprit(recording([root], x, []), "inputs") == ""


def test_several_operations_of_one_kind_and_different_lengths() -> None:
    x = leaves(6)
    root = autograd.logsumexp(x) * autograd.logsumexp(x[:2]) + total(autograd.softmax(x[1:4])[1:]) + mean(x[2:])
    assert culprit(recording([root], x, []), "inputs") == ""


def test_sums_of_one_node_and_nothing_are_kept() -> None:
    x, still = leaves(2), Value(0.0)
    y = x[0].tanh()
    for root, want in [
        (0.0 + y, True),
        (y + 0, True),
        (total([y]), True),
        (total([y, y]), False),
        (y + 1.0, False),
        (y + still, False),  # Data are no part of the structure.
        (still + y, False),
        (+y, False),
    ]:
        g = read(root, [*x, still])
        assert bool(g.kept[g.roots[0]]) == want
    # Beside longer sums it is like them; the others are the node itself.
    assert canon([0.0 + y, y], x).kind.tolist().count(LINEAR) == 1
    assert canon([+y, y], x).kind.tolist().count(LINEAR) == 0


def test_leaves_have_their_positions() -> None:
    x, p = leaves(4), leaves(3)
    g = read([x[3] * p[2], x[1], p[0]], x, p)
    assert sorted(g.leaf[g.kind == INPUT].tolist()) == [1, 3]
    assert sorted(g.leaf[g.kind == PARAMETER].tolist()) == [0, 2]
    assert [g.run([10.0, 11.0, 12.0], [0.0, 1.0, 2.0, 3.0])[v] for v in g.roots] == [36.0, 1.0, 10.0]


def test_zero_times_a_node_stays() -> None:
    x = leaves(1)
    assert culprit(recording([(x[0] * 0.0 + 2.0).exp()], x, []), "inputs") == ""
    nothing = x[0].detach() * 0.0  # It is nan of an infinity.
    assert operations(canon(nothing + 3.0, x)) == ["detach"]


def test_operations_on_constants_are_worked_out() -> None:
    x = leaves(1)
    zero = (x[0] + 1.0).operands[1]
    assert zero.data == 1.0
    g = canon(zero.exp() * x[0] + (zero + zero).tanh(), x)
    assert operations(g) == []
    assert last(g) == (math.tanh(2.0), [(math.e, "x0")])
    assert canon(zero.exp() + zero, x).kind.tolist() == [CONSTANT]


def test_roots_may_be_leaves_constants_and_the_same() -> None:
    x, p = leaves(2), leaves(1)
    constant = (x[0] + 5.0).operands[1]
    y = x[0] * p[0]
    roots = [y, x[1], p[0], constant, y, y.detach()]
    g = canon(roots, x, p)
    values = g.run([7.0], [2.0, 3.0])
    assert [values[v] for v in g.roots] == [14.0, 3.0, 7.0, 5.0, 14.0, 14.0]
    assert culprit(recording(roots, x, p), "both") == ""


# ── sums flattened ──


def _chained(ts: list[Value]) -> Value:
    z = ts[0]
    for t in ts[1:]:
        z = z + t
    return z


def _halved(ts: list[Value]) -> Value:
    return ts[0] if len(ts) == 1 else _halved(ts[: len(ts) // 2]) + _halved(ts[len(ts) // 2 :])


def _negated(ts: list[Value]) -> Value:
    z = -ts[0]
    for t in ts[1:]:
        z = z - t
    return -z


STYLES: dict[str, Callable[[list[Value], list[Value], Value], Value]] = {
    "products in a chain": lambda w, x, b: _chained([a * c for a, c in zip(w, x, strict=True)]) + b,
    "factors swapped": lambda w, x, b: b + _chained([c * a for a, c in zip(w, x, strict=True)]),
    "from the end": lambda w, x, b: _chained([a * c for a, c in zip(w, x, strict=True)][::-1]) + b,
    "a tree": lambda w, x, b: _halved([*(a * c for a, c in zip(w, x, strict=True)), b]),
    "from zero": lambda w, x, b: sum((a * c for a, c in zip(w, x, strict=True)), 0.0) + b,
    "from zero, into the bias": lambda w, x, b: sum((a * c for a, c in zip(w, x, strict=True)), b),
    "negated": lambda w, x, b: _negated([*(a * c for a, c in zip(w, x, strict=True)), b]),
    "total": lambda w, x, b: total([a * c for a, c in zip(w, x, strict=True)]) + b,
    "dot": lambda w, x, b: dot(w, x) + b,
    "two dots": lambda w, x, b: dot(w[:2], x[:2]) + (b + dot(x[2:], w[2:])),
    "doubled and halved": lambda w, x, b: (2.0 * dot(w, x) + 2.0 * b) / 2.0,
    "subtracted negatives": lambda w, x, b: b - dot([-a for a in w], x),
}


def test_a_sum_has_one_form_however_it_is_written() -> None:
    x, p = leaves(4), leaves(5)
    forms = {}
    for name, style in STYLES.items():
        neuron = style(p[:4], x, p[4])
        forms[name] = last(canon(neuron, x, p))
    assert set(map(str, forms.values())) == {
        "(0.0, [(1.0, 'p0·x0'), (1.0, 'p1·x1'), (1.0, 'p2·x2'), (1.0, 'p3·x3'), (1.0, 'p4')])"
    }, forms


def test_equal_sums_in_different_words_are_one_node() -> None:
    x, p = leaves(4), leaves(5)
    g = canon(total([style(p[:4], x, p[4]).tanh() for style in STYLES.values()]), x, p)
    assert operations(g) == ["tanh"]
    assert terms(g, int(g.roots[0])) == [(float(len(STYLES)), int(g.roots[0]) - 1, ONE)]


def test_long_sums_are_one_node() -> None:
    n = 100
    x, p = leaves(n), leaves(n)
    ways = [dot(p, x), total([a * b for a, b in zip(p, x, strict=True)]), _chained([a * b for a, b in zip(p, x)])]  # noqa: B905
    g = canon(total([way.tanh() for way in ways]), x, p)
    assert operations(g) == ["tanh"]
    other = canon(dot(p, x).tanh() + dot(p[::-1], x[::-1]).tanh(), x, p)
    assert operations(other) == ["tanh"]


def test_a_sum_that_is_read_twice_stays() -> None:
    x, p = leaves(3), leaves(3)
    z = dot(p, x)
    g = canon((z + 1.0) * (z - 1.0) + z, x, p)
    assert g.kind.tolist().count(LINEAR) == 4
    assert culprit(recording([z + z.tanh() + (z + x[0])], x, p), "both") == ""


@given(st.data())
def test_chains_of_consumers_are_followed_to_their_end(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    consumer = [data.draw(st.integers(v + 1, min(v + 3, n - 1))) if v + 1 < n else v for v in range(n)]
    free = [v + 1 < n and data.draw(st.booleans()) for v in range(n)]
    factor = [data.draw(st.sampled_from([1.0, 2.0, -0.5])) for _ in range(n)]
    ends, products = list(range(n)), [1.0] * n
    for v in range(n):
        while free[ends[v]]:
            products[v] *= factor[ends[v]]
            ends[v] = consumer[ends[v]]
    for factors in (None, np.array(factor)):
        target, product = _chased(np.array(free), np.array(consumer, np.int32), factors)
        assert target.tolist() == ends
        assert (None if product is None else product.tolist()) == (None if factors is None else products)


def test_a_sum_that_one_node_alone_reads_twice_goes_into_it() -> None:
    x, p = leaves(2), leaves(2)
    z = dot(p, x)
    assert last(canon(total([x[0] + x[1]] * 2), x)) == (0.0, [(2.0, "x0"), (2.0, "x1")])
    assert last(canon(z + (z + x[0]) - 0.0, x, p)) == (0.0, [(2.0, "p0·x0"), (2.0, "p1·x1"), (1.0, "x0")])


def test_roots_are_not_taken_over() -> None:
    x, p = leaves(2), leaves(2)
    z = dot(p, x)
    g = canon([z + 1.0, z], x, p)
    assert g.kind.tolist().count(LINEAR) == 2
    assert terms(g, int(g.roots[0])) == [(1.0, int(g.roots[1]), ONE)]


def test_equal_nodes_are_one() -> None:
    x = leaves(3)
    g = canon((x[0].tanh() + x[1]).exp() * (x[1] + x[0].tanh()).exp(), x)
    assert operations(g) == ["tanh", "exp"]
    assert len(operations(canon(autograd.maximum(x[0], x[1]) * autograd.maximum(x[1], x[0]), x))) == 2
    assert len(operations(canon(x[0].tanh() * x[1].tanh(), x))) == 2
    assert len(operations(canon(x[0].tanh() * x[0].detach().tanh(), x))) == 3
    for (a, b), (c, d) in (((0, 2), (1, 2)), ((0, 1), (0, 2))):  # Of the terms one factor is the same.
        first, second = x[a] * x[b], x[c] * x[d]
        assert operations(canon((first + second).tanh() * (second + first).tanh(), x)) == ["tanh"]
        first, second = dot([x[a], x[c]], [x[b], x[d]]), dot([x[c], x[a]], [x[d], x[b]])
        assert operations(canon(first.tanh() * second.tanh(), x)) == ["tanh"]


def test_sums_and_operations_of_equal_nodes_are_found_in_one_pass() -> None:
    x = leaves(2)
    first, between, again = x[0].tanh(), x[1].sin(), x[0].tanh()
    sums = read([total([first, between]).exp(), total([again, between]).exp()], x)
    assert unify(sums)
    assert operations(sums) == ["tanh", "sin", "exp"]
    # The operands of an operation keep their order.
    first, between, again = x[0].tanh(), x[1].sin(), x[0].tanh()
    roots = [first, again / between, between / again, between / first]
    assert operations(canon(roots, x)) == ["tanh", "sin", "divide", "divide"]
    assert culprit(recording(roots, x, []), "inputs") == ""


def test_zeros_of_both_signs_and_nans_are_told_apart() -> None:
    x = leaves(1)
    for a, b, alike in [(0.0, -0.0, False), (0.0, 0.0, True), (1.0, 2.0, False)]:
        g = canon(autograd.maximum(x[0], a) * autograd.maximum(x[0], b), x)
        assert len(operations(g)) == 2 - alike
    # Beside other nodes that are equal too.
    assert len(operations(canon([maximum(x[0], a) for a in (0.0, -0.0, 0.0)], x))) == 2
    g = read([maximum(x[0], math.nan), maximum(x[0], math.nan)], x)
    before = str(g)
    assert not unify(g)
    assert str(g) == before
    g = canon(autograd.maximum(x[0], -0.0).exp(), x)
    assert [math.copysign(1.0, c) for c in g.number[g.kind == CONSTANT]] == [-1.0]


# ── IEEE ──


def test_no_term_is_dropped() -> None:
    x, p = leaves(2), leaves(2)
    for root, want in [
        (x[0] - x[0] + p[0], [(1.0, "p0"), (-1.0, "x0"), (1.0, "x0")]),
        (x[0] * 0.0 + p[0], [(1.0, "p0"), (0.0, "x0")]),
        ((z := x[0] * 0.0) * z + z + p[0], [(1.0, "p0"), (0.0, "x0"), (0.0, "x0·x0")]),
        (dot([x[0], x[0]], [p[0], -p[0]]) + x[1], [(-1.0, "p0·x0"), (1.0, "p0·x0"), (1.0, "x1")]),
        (x[0] + x[0] - x[0] - x[0] * 3.0, [(-4.0, "x0"), (2.0, "x0")]),
    ]:
        assert last(canon(root, x, p)) == (0.0, want)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 0.0, 1e308, -1e308, 1.0])
def test_infinities_and_nans_meet_as_they_did(number: float) -> None:
    def programs(x: Value, y: Value) -> list[Value]:
        sums = [x - x, x * 0.0 + y, (x + y) * 0.0, x + x - x, 2.0 * (x - y), (x + y) * 0.5, -(x - y), y - (x - x)]
        a, b, c = x * x, x * y * x, x * y * y
        return [*sums, a - 0.3 * a, b * 0.0 + b, 2.0 * c + c, math.inf * (x * y) + y, dot([math.inf, 1.0], [x * y, y])]

    x, y = Value(number), Value(2.0)
    roots = programs(x, y)
    g = canon(roots, [x, y])
    values = g.run([], [number, 2.0])
    got, want = [values[v] for v in g.roots], [v.data for v in roots]
    assert np.array_equal(got, want, equal_nan=True)


def test_sums_are_multiplied_out_by_powers_of_two_alone() -> None:
    x, p = leaves(2), leaves(2)
    for factor in (2.0, 0.5, -4.0, -1.0, 2.0**-30):
        assert last(canon(factor * (x[0] + p[0]) + x[1], x, p))[1][:2] == [(factor, "p0"), (factor, "x0")]
    # Of great powers the terms could leave the range though their sum doesn't.
    for power, whole in ((POWERS - 2, 3), (POWERS - 1, 2), (-POWERS, 3), (-POWERS - 1, 2)):
        g = canon(2.0**power * (x[0] + p[0]) + x[1], x, p)
        assert len(terms(g, int(g.roots[0]))) == whole
    for factor in (3.0, 0.1, -0.7, 1.0 + 2.0**-52):
        g = canon(factor * (x[0] + p[0]) + x[1], x, p)
        assert (factor, ONE) in [(c, y) for c, _, y in terms(g, int(g.roots[0]))]
        assert len(terms(g, int(g.roots[0]))) == 2
    for sums in ([x[0] + p[0]], [x[0] + p[0], x[1] + p[1]]):  # Zero times infinity is nan once, for the sum.
        g = canon(total([0.0 * z for z in sums]), x, p)
        assert [c for c, _, _ in terms(g, int(g.roots[0]))] == [0.0] * len(sums)
        assert g.kind.tolist().count(LINEAR) == 1 + len(sums)
    # A single term has one rounding more or less, but no sum that may cancel.
    assert last(canon(3.0 * (x[0] * p[0]) + x[1], x, p)) == (0.0, [(3.0, "p0·x0"), (1.0, "x1")])
    assert last(canon(x[0] * (x[1] + p[0]) * 1.0 + 0.0, x, p))[0] == 0.0
    g = canon(x[0] * (x[1] + p[0]), x, p)
    assert len(terms(g, int(g.roots[0]))) == 1


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_factors_whose_product_leaves_the_range_stay_apart(sign: float) -> None:
    """x·1e200·1e200 is a usual number if x is 1e-300."""

    def programs(x: Value, y: Value) -> list[Value]:
        large, small = sign * 1e200, sign * 1e-200
        scaled = -(-(x * large) * large)
        return [
            x * large * large + 0.0 * x,
            x * large * large * y * large,
            (x * large) * (y * large) * y,
            (1.0 / x) / large / large + x,
            scaled + x,
            ((1.0 / x) * small * small + x).tanh() * 2.0,
            total([x * large * large, ((1.0 / x) * small + 0.0) * small]),
        ]

    x, y = Value(1e-300), Value(1e-50)
    roots = programs(x, y)
    g = canon(roots, [x, y])
    values = g.run([], [x.data, y.data])
    np.testing.assert_allclose([values[v] for v in g.roots], [v.data for v in roots], rtol=1e-14)


def test_numbers_of_a_sum_come_to_its_consumer_with_their_factor() -> None:
    x, p = leaves(2), leaves(2)
    assert last(canon(4.0 * (x[0] + p[0] + 3.0) + 1.0, x, p)) == (13.0, [(4.0, "p0"), (4.0, "x0")])
    assert last(canon(-2.0 * (2.0 * (x[0] + 1.0) + p[0]) + x[1], x, p)) == (
        -4.0,
        [(-2.0, "p0"), (-4.0, "x0"), (1.0, "x1")],
    )


@given(st.floats(width=64), st.floats(width=64), graphs())
@settings(max_examples=60, deadline=None)
def test_nans_and_infinities_are_where_they_were(a: float, b: float, graph: Any) -> None:
    roots, x, p = graph
    g = scalars(recording(roots, x, p))
    given_x, given_p = [a, b, 0.5], [b, 1.0, -a]
    with np.errstate(all="ignore"):
        before = g.run(given_p, given_x)
        want = [before[v] for v in g.roots]
        if not all(abs(x) < 1e100 or not math.isfinite(x) for x in before):
            return  # Near the end of the range another order of a sum may overflow.
        g = canonical(g)
        after = g.run(given_p, given_x)
    for x, y in zip(want, (after[v] for v in g.roots), strict=True):
        if math.isfinite(x) and all(map(math.isfinite, before)):
            assert math.isfinite(y)
        elif not math.isfinite(x):
            assert not math.isfinite(y)


RANGE = (
    0.0,
    1.0,
    -3.0,
    2.0**-511,
    -(2.0**-511),
    2.0**-512,
    1e-200,
    1e200,
    1.3e154,
    -1.4e154,
    5e-324,
    math.inf,
    math.nan,
)


@given(st.lists(st.tuples(st.sampled_from(RANGE), st.sampled_from(RANGE)), min_size=1, max_size=4))
@example([(1.0, 5e-324)])
@example([(5e-324, 1.0)])
def test_products_of_usual_numbers_that_are_none(pairs: list[tuple[float, float]]) -> None:
    def wrong(a: float, b: float) -> bool:
        usual = all(x != 0.0 and math.isfinite(x) for x in (a, b))
        return usual and (abs(a * b) < 2.0**-1022 or math.isinf(a * b))

    a, b = np.array(pairs).T
    with np.errstate(all="ignore"):
        assert _out_of_range(a, b).tolist() == [wrong(*pair) for pair in pairs]


COEFFICIENTS = (1.0, -1.0, 0.0, 2.0, -0.5)


@given(st.lists(st.tuples(st.sampled_from(COEFFICIENTS), *[st.integers(0, 3)] * 3), min_size=1, max_size=9))
def test_terms_with_the_same_factors_and_sign_are_one(drawn: list[tuple[float, int, int, int]]) -> None:
    x = leaves(4)
    g = read([dot([x[a] for _, a, _, _ in drawn], [x[b] for _, _, b, _ in drawn]), x[3].sin().cos(), *x], x)
    wanted: dict[tuple[str, float], float] = {}
    place = {int(g.leaf[v]): v for v in range(len(g)) if g.kind[v] == INPUT}
    for k, (c, a, b, single) in zip(np.flatnonzero(g.in_linear).tolist(), drawn, strict=True):
        g.coefficient[k], g.left[k], g.right[k] = c, place[a], ONE if single == 0 else place[b]
        key = f"x{a}" if single == 0 else f"x{min(a, b)}·x{max(a, b)}", math.copysign(1.0, c) if c else 0.0
        wanted[key] = wanted.get(key, 0.0) + c
    assert merge(g) == (len(wanted) < len(drawn))
    assert (np.diff(g.owner) >= 0).all()
    assert operations(g) == ["sin", "cos"]
    assert sorted((text, c) for c, text in last(g)[1]) == sorted((text, c) for (text, _), c in wanted.items())


def test_terms_of_a_larger_graph() -> None:
    x = leaves(600)
    assert not merge(read(dot([x[0]] * 600, x), x))
    g = read(dot([*x, *x], [*x[::-1], *x]), x)
    assert merge(g)
    assert not merge(g)
    c = np.sort(g.coefficient)
    assert c.tolist() == [1.0] * 600 + [2.0] * 300


def test_terms_with_a_nan_stay_apart() -> None:
    x = leaves(2)
    for number in (math.nan, math.inf):
        g = read(dot([x[0], x[0], x[1]], [x[1], x[1], x[1]]), x)
        g.coefficient[2] = number
        before = str(g)
        assert not merge(g)
        assert str(g) == before


def test_a_weight_times_a_number_stays_a_product_beside_other_weights() -> None:
    x, p = leaves(2), leaves(3)
    for root, count in (
        (p[0] * 0.5 + x[0], 0),
        (p[0] * 0.5 + p[1] * x[0], 2),
        (p[0] * 0.5 + p[1] * x[0].sin(), 2),
        (p[0] * 0.5 + p[1] * p[2], 1),
        (p[0] * 0.5 + x[0] * x[1] + p[2], 1),
    ):
        g = canon(root, x, p)
        assert int((g.right != ONE).sum()) == count


def test_a_number_as_a_test_takes_its_branch() -> None:
    x = leaves(2)
    for test, taken in ((1.0, "exp"), (5e-324, "exp"), (0.0, "sin"), (-0.0, "sin"), (-1.0, "sin"), (math.nan, "sin")):
        assert operations(canon(where(test, x[0].exp(), x[1].sin()), x)) == [taken]
    nested = where(1.0, where(-1.0, x[0], where(2.0, x[1].tanh(), x[0])), x[0])
    assert operations(canon(nested, x)) == ["tanh"]


def test_a_sum_of_one_sum_is_kept_and_one_of_a_leaf_is_not() -> None:
    x, p = leaves(3), leaves(3)
    z = dot(p, x)
    for node, count in ((z, 3), (z.tanh(), 3), (x[0], 1)):
        g = canon([total([node]).sin(), total([node, x[1]]).exp(), node], x, p)
        assert g.kind.tolist().count(LINEAR) == count
    double = 2.0 * x[0]
    assert canon([total([double]).sin(), double.exp()], x).kind.tolist().count(LINEAR) == 2
    kept = total([2.0 * x[0].tanh()])
    g = canon([kept + x[1], kept.sin()], x)
    assert {c for c, _, _ in terms(g, int(g.roots[0]))} == {1.0}


# ── recurrences ──


def rows_of_steps(steps: int, inputs: int, states: int, first: float, *, bias: bool = True) -> list[int]:
    """How many terms the linear nodes of a recurrence have, from the fewest."""
    xs, wx, wh, b = leaves(steps, inputs), leaves(states, inputs), leaves(states, states), leaves(states)
    h: Any = [first] * states
    for x in xs:
        z = [dot(r, x) + dot(s, h) for r, s in zip(wx, wh, strict=True)]
        h = [(v + c if bias else v).tanh() for v, c in zip(z, b, strict=True)]
    g = canon(h, xs, [wx, wh, b] if bias else [wx, wh])
    return sorted(np.bincount(g.owner, minlength=len(g))[g.kind == LINEAR].tolist())


def test_which_rows_are_split() -> None:
    for first in (0.0, 0.5):
        assert rows_of_steps(3, 3, 2, first) == [3] * 6 + [4] * 6
        assert rows_of_steps(3, 1, 2, first) == [2] * 6 + [3] * 6
    # Of one term there is nothing to share, and one state is no product.
    assert rows_of_steps(3, 1, 2, 0.0, bias=False) == [3] * 6
    assert rows_of_steps(3, 2, 2, 0.0, bias=False) == [2] * 6 + [3] * 6
    assert rows_of_steps(3, 3, 1, 0.5) == [5] * 3
    # The first step of a sequence of one is like none.
    assert rows_of_steps(1, 3, 2, 0.5) == [6] * 2


def test_the_input_part_of_every_step_is_peeled_off() -> None:
    xs, wx, wh, b = leaves(4, 3), leaves(2, 3), leaves(2, 2), leaves(2)
    for first in ([0.0, 0.0], [0.5, -0.5], leaves(2)):
        parameters = [wx, wh, b, *([first] if isinstance(first[0], Value) else [])]
        g = canon(total(recurrence(xs, wx, wh, b, first)), xs, parameters)
        linear = np.flatnonzero(g.kind == LINEAR)
        counts = np.bincount(g.owner, minlength=len(g))[linear].tolist()
        assert counts.count(4) == (8 if isinstance(first[0], float) else 6)  # wx·x + b
        # A first state of parameters is no node, so that its step stays whole.
        assert counts.count(3) == (8 if isinstance(first[0], float) else 6)  # wh·h + the input part
        assert counts.count(6) == (0 if isinstance(first[0], float) else 2)


def test_peeling_leaves_rows_of_one_kind_alone() -> None:
    x, w, u = leaves(3), leaves(2, 3), leaves(2, 2)
    g = canon(total(v.tanh() for v in linear(u, [v.tanh() for v in linear(w, x)])), x, [w, u])
    before = str(g)
    peel(g)
    assert str(g) == before


def test_passes_end_when_each_has_seen_the_graph_as_it_is() -> None:
    x, p = leaves(2), leaves(2)
    four = ["absorb", "fold", "merge", "unify"]
    each = [x[0].tanh(), x[0].tanh(), p[0] * p[0], p[0] * p[0]]
    for root, names in (
        (x[0].tanh(), four),
        (x[0] * p[0] + x[1], [*four, "absorb"]),
        ((x[0] + x[0]).tanh() * (2.0 * x[0]).tanh(), four * 2),
        (total(each) * Value(2.0).exp(), [*four * 2, *four[:3]]),  # All change it, and two once more.
    ):
        assert list(passes(read(root, x, p))) == ["compact", *names, "peel"]


def test_passes_say_whether_they_changed_a_graph() -> None:
    x, p = leaves(2), leaves(2)
    g = read((x[0] * p[0] + x[1]) + 2.0, x, p)
    g.compact()
    assert absorb(g)
    assert not absorb(g)
    assert fold(g)
    assert not fold(g)
    assert not merge(g)
    g = read(x[0] * p[0] + p[0] * x[0], x, p)
    g.compact()
    assert absorb(g)
    assert merge(g)
    assert not merge(g)
    g = read(x[0].tanh() * x[0].tanh(), x, p)
    g.compact()
    assert unify(g)
    assert not unify(g)


# ── the text ──


def test_text_of_scalars() -> None:
    x, p = leaves(1), leaves(1)
    assert canonical_text((2.0 * x[0] * p[0] - 3.0).tanh() + x[0], x, p).splitlines() == [
        "2 leaves",
        "[2] = -3 + 2·x0·p0",
        "[3] = tanh([2])",
        "[4] = [3] + x0",
    ]
    x = leaves(12)
    assert canonical_text(total(x), x, []).splitlines()[-1].endswith("x7 + … 4 more")
    assert canonical_text(autograd.largest(x), x, []).splitlines()[-1].endswith("x7, …)")
    assert canonical_text(x[0] * 0.0 + 0.0, x, []).splitlines() == ["1 leaves", "[1] = 0·x0"]
