"""Statements for groups: the products that are found, where nodes lie, and the phantoms that never leak."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd
from autograd import Value, dot, softmax, total
from autograd.compiler.expressions import call, name, number, times
from autograd.compiler.layout import PAD, PHANTOM, ZERO
from autograd.compiler.phantoms import cleaned
from autograd.compiler.statements import Map, Product, Slots, reads
from autograd.compiler.views import affine
from tests.compiler.finding import culprit, filled, recording
from tests.compiler.graphs import (
    attention,
    code_of,
    flat,
    graphs,
    leaves,
    linear,
    products,
    recurrence,
    spaces,
    squares,
    sums_of_many_kinds,
)
from tests.compiler.random_programs import RandomProgram

# ── whole programs by statements ──


@pytest.mark.parametrize("seed", range(1, 81, 2))
def test_random_programs_by_statements(seed: int) -> None:
    program = RandomProgram(seed)
    if not program.plan.wild:
        wanted = ("both", "parameters", "inputs", "nothing")[seed // 2 % 4]
        found = recording([program.loss, *program.outputs], program.leaves, program.parameters)
        assert culprit(found, wanted, text=False) == ""  # type: ignore[arg-type]


@given(graphs())
def test_graphs_by_statements(graph: Any) -> None:
    assert culprit(recording(*graph), "both", text=False) == ""


# ── products ──


def test_a_layer_is_one_product_with_its_bias() -> None:
    x, w, b = leaves(5), leaves(4, 5), leaves(4)
    code = code_of(squares([v.tanh() for v in linear(w, x)]), x, [w, b])
    assert (products(code)[0], spaces(code)[0]) == ((1, 4, 1, 5), "v=p·x")
    # The bias lies beside its weights, and is a column more.
    rows = [[*row, c] for row, c in zip(w, b, strict=True)]
    code = code_of(squares([v.tanh() for v in linear(w, x, b)]), x, rows)
    assert products(code)[0] == (1, 4, 1, 6)
    assert code.layout.sizes["x"] == 6
    assert [len(reads(s)) for s in code.program.setup] == [0]


def test_hidden_layers_with_biases_read_ones() -> None:
    x, w, u = leaves(3), leaves(4, 4), leaves(2, 5)
    h = [v.tanh() for v in linear([row[:3] for row in w], x, [row[3] for row in w])]
    code = code_of(squares([v.tanh() for v in linear([r[:4] for r in u], h, [r[4] for r in u])]), x, [w, u])
    assert products(code)[:2] == [(1, 4, 1, 4), (1, 2, 1, 5)]
    assert (1, 2, 5, 1) in products(code, "backward")
    assert (1, 4, 4, 1) in products(code, "backward")


def test_a_flattened_image_is_read_without_a_copy() -> None:
    image, filters, w, b = leaves(4, 4), leaves(2, 4), leaves(3, 18), leaves(3)
    patches = [[image[i + a][j + c] for a in (0, 1) for c in (0, 1)] for i in range(3) for j in range(3)]
    maps = [dot(f, patch).relu() for f in filters for patch in patches]
    code = code_of(squares(linear(w, maps, b)), image, [filters, *[[*row, c] for row, c in zip(w, b, strict=True)]])
    assert (1, 3, 1, 19) in products(code)  # Its weights with the bias, times the image with a slot of 1.
    assert ".take(" not in code.source


def test_weights_are_shared_by_positions() -> None:
    x, w = leaves(3, 5), leaves(4, 5)
    code = code_of(squares([v.tanh() for token in x for v in linear(w, token)]), x, w, "parameters")
    assert (products(code)[0], spaces(code)[0]) == ((1, 4, 3, 5), "v=p·x")
    # Their gradient is one product, which sums over the positions.
    assert (products(code, "backward")[-1], spaces(code, "backward")[-1]) == ((1, 4, 5, 3), "dp=dv·x")


def test_queries_keys_and_values_are_one_product_and_heads_are_batches() -> None:
    x, q, k, v = leaves(3, 4), leaves(4, 4), leaves(4, 4), leaves(4, 4)
    code = code_of(squares(attention(x, q, k, v, 2)), x, [q, k, v])
    assert products(code)[:3] == [(1, 12, 3, 4), (2, 3, 3, 2), (2, 3, 2, 3)]
    assert spaces(code)[:3] == ["v=p·x", "v=v·v", "v=v·v"]


def test_patches_of_a_convolution_are_one_product() -> None:
    image, filters = leaves(6, 5), leaves(2, 3, 3)
    z = [
        dot(flat(f), [image[i + a][j + b] for a in range(3) for b in range(3)]).relu()
        for f in filters
        for i in range(4)
        for j in range(3)
    ]
    code = code_of(total(z) * total(z), image, filters)
    assert products(code) == [(1, 2, 12, 9)]
    assert products(code, "backward") == [(1, 2, 9, 12), (1, 12, 9, 2)]


def test_a_convolution_with_padding_is_one_product() -> None:
    image, filters = leaves(4, 4), leaves(2, 3, 3)
    padded = {(i, j): image[i][j] for i in range(4) for j in range(4)}
    z = [
        total(f[a + 1][b + 1] * padded.get((i + a, j + b), 0.0) for a in (-1, 0, 1) for b in (-1, 0, 1)).relu()
        for f in filters
        for i in range(4)
        for j in range(4)
    ]
    code = code_of(squares(z), image, filters)
    assert products(code)[0] == (1, 2, 16, 9)


def test_what_is_the_same_for_all_examples_is_added_up_first() -> None:
    x, a, b = leaves(3), leaves(3), leaves(3)
    code = code_of(squares([(u * v + v + w + 0.5).tanh() for u, v, w in zip(x, a, b, strict=True)]), x, [a, b])
    sums = [s for s in code.program.forward if s.out.space == "u"]
    assert len(sums) == 1
    assert sums[0].out.index.size == 3
    (laned,) = [s for s in code.program.forward if s.out.space == "v" and {q.space for q in reads(s)} & {"x"}]
    assert sorted(q.space for q in reads(laned)) == ["p", "u", "x"]


@pytest.mark.parametrize("first", ["zeros", "numbers", "parameters"])
def test_steps_of_a_recurrence(first: str) -> None:
    xs, wx, wh, b = leaves(4, 3), leaves(2, 3), leaves(2, 2), leaves(2)
    h: Any = {"zeros": [0.0, 0.0], "numbers": [0.5, -0.25], "parameters": leaves(2)}[first]
    own = [h] if first == "parameters" else []
    code = code_of(squares(recurrence(xs, wx, wh, b, h)), xs, [wx, wh, b, *own])
    if own:  # The first step is on its own, because its state has no lanes.
        assert products(code)[:2] == [(1, 2, 3, 3), (1, 2, 1, 3)]
        assert products(code).count((1, 2, 1, 2)) == 3
    else:
        assert products(code)[0] == (1, 2, 4, 3)
        assert products(code).count((1, 2, 1, 2)) == 4


def test_masked_rows_are_completed() -> None:
    x, q, k, v = leaves(5, 4), leaves(4, 4), leaves(4, 4), leaves(4, 4)
    code = code_of(squares(attention(x, q, k, v, 2, lambda t: t + 1)), x, [q, k, v])
    assert products(code)[:3] == [(1, 12, 5, 4), (2, 5, 5, 2), (2, 5, 2, 5)]
    assert code.completes
    exact = code.exactly()
    assert exact.program.sizes != code.program.sizes
    assert not exact.completes
    assert not any(mask.any() for mask in exact.layout.phantom.values())
    assert np.array_equal(exact.input_slots, code.input_slots)


def test_factors_in_any_order_and_operands_of_both_sides() -> None:
    x, y = leaves(3, 4), leaves(2, 4)
    order = [2, 0, 3, 1]
    z = [dot([a[i] for i in order], [b[i] for i in order]).tanh() for a in x for b in y]
    assert products(code_of(total(z), [x, y], []))[0][1:] in ((3, 2, 4), (2, 3, 4))
    # Products of nodes of one kind, in any order.
    h = [[v.tanh() for v in row] for row in [*x, *leaves(4, 4)]]
    z = [dot(*((h[i], h[j]) if (i + j) % 2 else (h[j], h[i]))).exp() for i in range(3) for j in range(3, 7)]
    x = [x, *(w for row in h[3:] for v in row for w in v.operands)]
    assert (1, 3, 4, 4) in products(code_of(total(z), x, []))


def test_factors_in_another_order_in_some_rows() -> None:
    x, y = leaves(3, 4), leaves(4, 4)
    order = [[2, 0, 3, 1], [0, 1, 2, 3], [0, 1, 2, 3]]
    z = [dot([a[k] for k in at], [b[k] for k in at]).tanh() for a, at in zip(x, order, strict=True) for b in y]
    assert products(code_of(total(z), [x, y], [])) == [(1, 3, 4, 4)]


def test_a_sum_of_squares_is_a_product_with_itself() -> None:
    x = leaves(9)
    h = [v.tanh() for v in x]
    code = code_of(dot(h, h), x, [])
    assert products(code) == [(1, 1, 1, 9)]
    assert products(code, "backward") == [(1, 1, 9, 1)]


def test_a_product_that_is_detached_beside_the_same_that_is_not() -> None:
    x, w, u = leaves(3), leaves(2, 3), leaves(2, 3)
    h = [v.tanh() for v in x]
    still = [v.detach() for v in h]
    roots = [dot(row, h) + dot(row, still) for row in w] + [dot(row, still) for row in u]
    for wanted in ("both", "parameters", "inputs"):
        code_of(squares(roots), x, [w, u], wanted)


def test_detached_weights() -> None:
    x, w, c = leaves(3), leaves(3), leaves(1)[0]
    code_of(w[0] * x[0].detach() + w[0].detach() * x[0], x, w)
    code_of(total([a.detach() * b + a * b.detach() for a, b in zip(w, x, strict=True)]) * c, x, [w, c])
    code_of(squares([dot([a.detach() for a in w], x), dot(w, [b.detach() for b in x]), dot(w, x)]), x, w)
    code_of(dot(w, [b.detach() for b in w]) + total([b * b.detach() for b in x]), x, w)
    code_of(w[0].detach().tanh() + total([a.detach() for a in w]), x, w)


def test_coefficients_that_differ_are_constants() -> None:
    x = leaves(8)
    code = code_of(total((i + 0.5) * v.tanh() for i, v in enumerate(x)), x, [])
    assert products(code) == [(1, 1, 1, 8)]
    assert spaces(code) == ["v=c·v"]
    assert products(code, "backward")
    rows = [total((0.25 if i == j else 0.5 * (i - j)) * v for j, v in enumerate(x)) for i in range(4)]
    code = code_of(squares([r.tanh() for r in rows]), x, [])
    assert (1, 4, 1, 8) in products(code)


def test_coefficients_that_differ_are_multiplied_into_weights() -> None:
    x, w, y = leaves(8), leaves(3, 8), leaves(8)
    code = code_of(squares([total((i - j) * w[i][j] * x[j] for j in range(8)) for i in range(3)]), x, w)
    assert spaces(code)[0] == "v=u·x"
    assert products(code)[0] == (1, 3, 1, 8)
    code = code_of(total((j + 0.5) * a.tanh() * b for j, (a, b) in enumerate(zip(x, y, strict=True))), [*x, *y], [])
    assert products(code) == [(1, 1, 1, 8)]


def test_terms_of_many_kinds_in_one_sum() -> None:
    x, p = leaves(4), leaves(4)
    h, u = [v.tanh() for v in x], [v.exp() for v in p]
    z = sums_of_many_kinds(x, p, h, u)
    code_of(squares(z), x, p)
    code_of([z[0], z[3], x[0], p[1], u[2]], x, p)
    code_of([u[0] * u[1] + p[0], u[2]], x, p, "parameters")


def test_sums_of_many_terms_of_each_kind() -> None:
    x, p = leaves(9), leaves(9)
    h, u = [v.tanh() for v in x], [v.exp() for v in p]
    for row in (x, p, h, u, [*x, *p], [*h, *u], [*x, *u, *h, *p]):
        code_of([total(row), (total(row) * 0.5 + 1.0).tanh()], x, p)
        code_of(dot(row, row[::-1]) + total(row), x, p)


def test_biases_of_many_layers_on_many_ranges_of_inputs() -> None:
    for count in (4, 5):
        x, w = leaves(4 * count), leaves(count, 2, 5)
        z = [v.tanh() for i, m in enumerate(w) for v in linear([r[:4] for r in m], x[4 * i :][:4], [r[4] for r in m])]
        code = code_of(squares(z), x, w)
        # Ones for more ranges would only be copied.
        assert products(code)[0] == ((4, 2, 1, 5) if count == 4 else (5, 2, 1, 4))
        assert code.layout.sizes["x"] == 20
    x, w, u, t = leaves(6), leaves(2, 4), leaves(2, 7), leaves(2, 3)
    z = linear([r[:3] for r in w], x[:3], [r[3] for r in w]) + linear([r[:6] for r in u], x, [r[6] for r in u])
    z += linear([r[:2] for r in t], x[2:4], [r[2] for r in t])
    code = code_of(squares([v.tanh() for v in z]), x, [w, u, t])
    assert products(code)[:3] == [(1, 2, 1, 4), (1, 2, 1, 7), (1, 2, 1, 3)]
    assert code.input_slots.tolist() == [0, 1, 2, 4, 6, 7]
    assert code.layout.input_ones == [3, 5, 8]


def test_biases_that_are_no_column_beside_the_weights() -> None:
    x, w = leaves(6), leaves(2, 4)
    m, b = [r[:3] for r in w], [r[3] for r in w]
    for z in (
        linear(m, [x[2], x[0], x[1]], b),
        linear(m, x[:3], b) + linear(m, x[3:]),
        linear(m, x[:3], b) + linear(m, x[3:], [-c for c in b]),
        linear(m, x[:3], [2.0 * c for c in b]),
        linear(m, x[:3], b[::-1]),
        linear(m, [x[0], x[2], x[4]], b),
        linear([[c.exp() for c in r] for r in m], x[:3], [c.exp() for c in b]),
    ):
        code_of(squares([v.tanh() for v in z]), x, w)


def test_a_slot_of_1_comes_after_inputs_that_lie_side_by_side() -> None:
    x, w = leaves(4), leaves(2, 3)
    m, b = [r[:2] for r in w], [r[2] for r in w]
    for read, ones in ((x[:2], [2]), (x[2:], [4]), (x[1:3], [3]), (x[::2], []), (x[::3], []), (x[1::-1], [2])):
        z = linear(m, read, b)
        layout = code_of(z[0] * z[1], x, w).layout
        assert (layout.input_ones, layout.sizes["x"]) == (ones, 4 + len(ones))


def test_weights_used_turned() -> None:
    tokens, table = leaves(2, 5), leaves(5, 3)
    embedded = [[dot([table[k][j] for k in range(5)], t) for j in range(3)] for t in tokens]
    logits = [linear(table, e) for e in embedded]
    code = code_of(total([autograd.logsumexp(row) for row in logits]), tokens, table)
    assert products(code) == [(1, 3, 2, 5), (1, 5, 2, 3)]
    normal = []
    for row in logits:
        middle = [v - autograd.mean(row) for v in row]
        normal += [v * (autograd.mean([u * u for u in middle]) + 1e-5) ** -0.5 for v in middle]
    code_of(squares(normal), tokens, table)


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_through_windows(width: int, causal: bool) -> None:
    x, q, k, v = leaves(5, 2), leaves(2, 2), leaves(2, 2), leaves(2, 2)
    qs, ks, vs = ([linear(m, token) for token in x] for m in (q, k, v))
    rows = []
    for t in range(5):
        seen = [u for u in range(5) if abs(u - t) <= width and (not causal or u >= t)]
        weights = softmax([dot(qs[t], ks[u]) for u in seen])
        rows.append([dot(weights, [vs[u][j] for u in seen]) for j in range(2)])
    code_of(squares(rows), x, [q, k, v])


def test_numbers_of_their_own_beside_phantoms() -> None:
    x = leaves(4, 2)
    h = [[v.tanh() for v in token] for token in x]
    scores = [[dot(h[t], h[u]) for u in range(t + 1)] for t in range(4)]
    shifted = [[(1.0 + t) * s + 0.25 * (t - u) for u, s in enumerate(row)] for t, row in enumerate(scores)]
    code = code_of(total([autograd.logsumexp(row) for row in shifted]), x, [])
    assert any(mask.any() for mask in code.layout.phantom.values())


def test_two_layers_of_masked_attention() -> None:
    x, q, k, v = leaves(4, 2), leaves(2, 2), leaves(2, 2), leaves(2, 2)
    once = attention(x, q, k, v, 1, lambda t: t + 1)
    code = code_of(squares(attention(once, q, k, v, 2, lambda t: t + 1)), x, [q, k, v])
    assert code.completes


# ── lists ──


def test_lists_of_operands_of_mixed_kinds() -> None:
    x, p = leaves(3), leaves(3)
    h, u = x[0].tanh(), p[0].exp()
    for row in ([x[0], p[0], 0.5], [h, u, x[1], p[1]], [p[0], 1.0, p[1]], [u, p[2], 0.0], [h, 0.25], [0.5, x[2], x[2]]):
        for made in (autograd.largest, autograd.norm, autograd.logsumexp, autograd.product):
            code_of([made(row), made([*row[1:], row[0]])], x, p)
        code_of([autograd.largest(row) * v for v in softmax(row)], x, p)


def test_lists_of_different_lengths() -> None:
    x = leaves(6)
    h = [v.tanh() for v in x]
    code = code_of(total([autograd.norm(h[:n]) for n in (2, 3, 3, 5)]), x, [])
    rows = [s.operands["xs"].index.shape for s in code.program.forward if isinstance(s, Map) and s.rows]
    assert sorted(rows)[:3] == [(1, 2), (1, 3), (1, 5)]
    assert len(rows) == 3
    code_of(total([autograd.logsumexp(h[:n]) for n in (1, 2, 4, 6)]), x, [])
    code_of(total([dot(softmax(h[:n]), h[:n]) for n in range(1, 6)]), x, [])
    code_of(total([autograd.largest(h[:n]).detach() * h[n] for n in range(1, 6)]), x, [])


def test_own_operations() -> None:
    @autograd.operation
    def shrunk(x, y):  # type: ignore[no-untyped-def]
        return x / (1 + abs(y)), 1 / (1 + abs(y)), -x * (1 if y > 0 else -1) / (1 + abs(y)) ** 2

    @autograd.operation
    def mean_square(xs: list[float]):  # type: ignore[no-untyped-def]
        return sum([x * x for x in xs]) / len(xs), [2 * x / len(xs) for x in xs]

    x, p = leaves(3), leaves(3)
    z = [shrunk(a, b) for a, b in zip(x, p, strict=True)]
    code_of([total(z), mean_square(z), mean_square([z[0], p[0], 0.5])], x, p)
    code_of(mean_square([shrunk(z[0], 2.0), z[1]]) + shrunk(0.5, z[2]), x, p)


# ── odd programs ──


def test_roots_of_any_kind() -> None:
    x, p = leaves(2), leaves(2)
    constant = (x[0] + 5.0).operands[1]
    y = x[0] * p[0]
    for first in (y, x[1], p[0], constant, y.detach(), p[0] * p[1], (p[0] * p[1]).detach(), constant.exp()):
        for wanted in ("both", "parameters", "inputs", "nothing"):
            code_of([first, first, y, x[1], p[0], constant, p[1].exp()], x, p, wanted)


def test_programs_without_inputs_or_parameters() -> None:
    x, p = leaves(3), leaves(3)
    code_of(squares([v.tanh() for v in x]), x, [], "inputs")
    code_of(squares([v.tanh() for v in p]), [], p, "parameters")
    code_of(squares([v.tanh() for v in p]), x, p)
    constant = (x[0] + 5.0).operands[1]
    code_of([constant, constant * 2.0], [], [], "nothing")
    code_of([x[0].detach() * p[0].detach(), x[1] * p[1]], x, p)


def test_equal_nodes_with_and_without_gradient() -> None:
    x, p = leaves(4), leaves(4)
    z = linear([p], x)[0]
    code_of(z.tanh() + 2.0 * z.detach().tanh() * x[0] + z * z.detach(), x, p)


# ── layout ──


def test_constants_are_kept_once() -> None:
    x = leaves(30)
    numbers = [0.1 * i + 3.0 for i in range(10)]
    z = total(autograd.maximum(v, numbers[i % 10]) * (i + 0.1) for i, v in enumerate(x))
    code = code_of(z, x, [])
    assert len(code.program.constants) <= 60
    layout = code.layout
    for row in (np.array([2.0, 3.0, 2.0]), np.full(5, 7.0), np.array([[1.0, -1.0], [-1.0, 1.0]])):
        before = layout.sizes["c"]
        slots = layout.constant(row)
        assert slots.index.shape == row.shape
        assert np.array_equal(np.concatenate(layout.constants)[slots.index], row)
        size = layout.sizes["c"]
        assert size - before == (1 if len({*row.flat}) == 1 else row.size)
        assert layout.constant(row).same(slots)
        assert layout.sizes["c"] == size


def test_blocks_lie_one_after_another() -> None:
    x, w = leaves(3), leaves(4, 3)
    code = code_of(squares([v.tanh() for v in linear(w, x)]), x, w)
    blocks = code.layout.blocks
    assert [block.base for block in blocks] == [1, 5, 9]
    assert [len(block.nodes) for block in blocks] == [4, 4, 1]
    assert code.layout.sizes["v"] == 10
    assert (code.layout.of_block["v"] == [-1, 0, 0, 0, 0, 1, 1, 1, 1, 2]).all()
    assert code.layout.block_at("x", 0) is None
    assert code.layout.block_at("v", ZERO) is None
    assert code.layout.block_at("v", 8) is blocks[1]


def test_ones_continue_rows() -> None:
    x, w, u = leaves(3, 2), leaves(2, 3), leaves(1, 3)
    h = [[v.tanh() for v in linear([r[:2] for r in w], row, [r[2] for r in w])] for row in x]
    z = [v for row in h for v in linear([r[:2] for r in u], row, [r[2] for r in u])]
    layout = code_of(total([v.sigmoid() for v in z]), x, [w, u]).layout
    block = layout.blocks[1]  # Two features at each of three positions.
    base, ones = block.base, block.ones
    assert (block.dims, block.positions, ones) == ((1, 2, 3), 3, base + 6)

    def found(*rows: list[int]) -> list[int] | None:
        slots = layout.ones_for("v", base + np.array(rows))
        return None if slots is None else slots.tolist()

    assert found([0, 3], [1, 4], [2, 5]) == [ones, ones + 1, ones + 2]
    assert found([0], [1], [2]) == found([3], [4], [5]) == found([3, 0], [4, 1], [5, 2]) == [ones, ones + 1, ones + 2]
    # Any 1 will do, so one that lies as far from the last slot as that from the one before is taken.
    assert found([4, 5]) == [ones]
    assert found([3, 5]) == [ones + 1]
    assert found([1, 5]) == [ones + 2]
    assert found([0, 4]) == [ones + 2]
    assert found([-1, 0]) is None
    assert found([5, 6]) is None
    assert found([6, 5]) is None
    assert found([-5, -4]) is None  # There are no ones after that block.
    assert layout.input_ones == [2, 5, 8]
    inputs = layout.ones_for("x", np.array([[0, 1], [3, 4], [6, 7]]))
    assert inputs is not None
    assert inputs.tolist() == [2, 5, 8]
    assert layout.ones_for("x", np.array([[0, 1], [7, 9]])) is None
    assert layout.ones_for("p", np.array([[0, 1]])) is None
    before = layout.sizes["v"]
    single = layout.allocate("v", (3,), np.full(3, PHANTOM), ones=True)
    assert (single.positions, single.ones, layout.sizes["v"]) == (1, before + 3, before + 4)


def test_padding_reads_zero_or_phantoms() -> None:
    x = leaves(4)
    code = code_of(total([v.tanh() for v in x]), x, [])
    layout = code.layout
    assert not layout.completes
    assert layout.padded(np.array([[1, 2], [3, 4]]), "v").tolist() == [[1, 2], [3, 4]]
    assert not layout.completes
    setup = len(layout.setup)
    assert layout.padded(np.array([[1, 2, 3], [3, 4, PAD]]), "v").tolist() == [[1, 2, 3], [3, 4, ZERO]]
    assert layout.completes
    layout.padded(np.array([[3, PAD]]), "v")
    assert len(layout.setup) == setup + 1
    phantoms = layout.scratch("v", np.array([False, False, True]))
    base = int(phantoms.index[0])
    assert layout.is_phantom(phantoms).tolist() == [False, False, True]
    row = np.array([[base - 3, base - 2, base - 1], [base, base + 1, PAD]])
    assert base > 4
    assert layout.padded(row, "v").tolist() == [row[0].tolist(), [base, base + 1, base + 2]]
    # The row ends where the slots end, or goes down, or its place is a node's.
    assert layout.padded(np.array([[base, base + 2, PAD]]), "v").tolist() == [[base, base + 2, ZERO]]
    assert layout.padded(np.array([[2, 1, 0], [1, 0, PAD]]), "v")[1].tolist() == [1, 0, ZERO]
    assert layout.padded(np.array([[1, 2, 3], [2, 3, PAD]]), "v")[1].tolist() == [2, 3, ZERO]


def test_phantoms_are_continued_where_a_plane_goes_through_the_nodes() -> None:
    x = leaves(2)
    layout = code_of(x[0].tanh() * x[1], x, []).layout
    nodes = np.array([0, PHANTOM, 1, 2])
    block = layout.allocate("v", (2, 2), nodes)
    layout.slot = np.append(layout.slot, 0)
    found = layout.continued(np.array([10, 13, 14]), block)
    assert found is not None
    assert found.tolist() == [10, 11, 13, 14]
    assert layout.continued(np.array([10, 13, 19]), block) is not None
    found = layout.continued(np.array([0, 3, 4]), block)  # In the space of inputs, the first slot is one of them.
    assert found is not None
    assert found.tolist() == [0, 1, 3, 4]
    one = layout.allocate("v", (4,), np.array([0, 1, PHANTOM, 2]))
    assert layout.continued(np.array([10, 13, 19]), one) is not None
    assert layout.continued(np.array([10, 13, 18]), one) is None
    back = layout.continued(np.array([4, 2, 0]), layout.allocate("v", (4,), np.array([0, 1, 2, PHANTOM])))
    assert back is None  # It would go below the first slot.


def test_slots_lie_by_feature_and_position() -> None:
    x, w, u = leaves(3, 5), leaves(4, 6), leaves(2, 5)
    h = [[v.tanh() for v in linear([r[:5] for r in w], token, [r[5] for r in w])] for token in x]
    z = [v.sigmoid() for row in h for v in linear([r[:4] for r in u], row, [r[4] for r in u])]
    order = np.random.default_rng(1).permutation(6)
    z = [a * z[i] for a, i in zip(z, order, strict=True)]
    code = code_of(squares(z), x, [w, u])
    # An elementwise block has the shape of the block that it is made of, and a slot of 1 for each position.
    dims = [(1, 4, 3), (1, 4, 3), (1, 2, 3), (1, 2, 3), (1, 2, 3), (1, 1, 1)]
    assert [block.dims for block in code.layout.blocks] == dims
    assert [block.ones >= 0 for block in code.layout.blocks] == [False, True, False, False, False, False]
    for s in code.program.forward:
        if isinstance(s, Product):  # So the factors are views, with no copy.
            assert None not in (affine(s.left.index), affine(s.right.index), affine(s.out.index))
    before = code.layout.sizes["v"]
    code.layout.scratch("v", np.zeros((2, 3), bool))
    assert code.layout.sizes["v"] == before + 6


# ── phantoms ──


def slots(space: str, *index: Any) -> Slots:
    return Slots(space, np.array(index, np.intp))


MASK = {"v": np.array([False, False, False, True, True, False])}


def test_phantoms_are_cleared_before_a_sum_alone() -> None:
    out, x = slots("v", 1, 3), slots("v", 2, 4)
    copied = Map(out, name("x"), {"x": x})
    assert cleaned([copied], phantoms=MASK) == [[copied]]  # A phantom goes to a phantom.
    summed = Product(slots("v", [[1]]), slots("v", [[2, 4]]), slots("v", [[2, 3]]))
    (found,) = cleaned([copied, summed], phantoms=MASK)
    assert [type(s).__name__ for s in found] == ["Map", "Map", "Map", "Product"]
    assert [s.out.index.tolist() for s in found[1:3]] == [[4], [3]]
    assert all(isinstance(s, Map) and s.expression == number(0.0) for s in found[1:3])
    (found,) = cleaned([summed, summed, copied, summed], phantoms=MASK)
    written = [s.out.index.tolist() for s in found if isinstance(s, Map) and not s.operands]
    assert written == [[4], [3], [3]]  # Once; and again after they were written.


def test_phantoms_are_cleared_in_rows_and_for_nodes() -> None:
    row = Map(slots("v", 1), call("total", name("xs")), {"xs": slots("v", [2, 3])}, frozenset(["xs"]))
    assert len(cleaned([row], phantoms=MASK)[0]) == 2
    elsewhere = Map(slots("u", 1), name("x"), {"x": slots("v", 3)})
    assert len(cleaned([elsewhere], phantoms=MASK)[0]) == 2
    leads_out = Map(slots("v", 1), name("x"), {"x": slots("v", 3)})
    assert len(cleaned([leads_out], phantoms=MASK)[0]) == 2
    mixed = Map(slots("v", 1, 3), times(name("x"), name("y")), {"x": slots("v", 2, 4), "y": slots("v", 3, 0)})
    (found,) = cleaned([mixed], phantoms=MASK)
    assert [s.out.index.tolist() for s in found] == [[3], [1, 3]]
    # A row of an expression that is a list stays in its columns; its other operands have one axis less.
    given = {"xs": slots("v", [2, 4]), "y": slots("v", 4)}
    of_list = Map(slots("v", [1, 3]), times(name("xs"), name("y")), given, frozenset(["xs"]))
    (found,) = cleaned([of_list], phantoms=MASK)
    assert sorted(s.out.index.tolist() for s in found[:-1]) == [[4]]


def test_gradients_of_phantoms_are_cleared_too() -> None:
    forward = [Map(slots("v", 3), name("x"), {"x": slots("v", 1)})]
    backward = [Product(slots("dv", [[1]]), slots("dv", [[3]]), slots("v", [[3]]))]
    first, second = cleaned(forward, backward, phantoms=MASK)
    assert first == forward
    assert [(s.out.space, s.out.index.tolist()) for s in second[:-1]] == [("dv", [3]), ("v", [3])]
    assert cleaned(forward, backward, phantoms={"v": np.zeros(6, bool)}) == [forward, backward]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0])
def test_numbers_in_lists(number: float) -> None:
    x = leaves(3)
    program = autograd.compile(autograd.largest([*x, number]), x)
    want = autograd.largest([1.0, 3.0, 2.0, number]).data
    np.testing.assert_array_equal(program.value([[1.0, 3.0, 2.0]] * 2), want)
    np.testing.assert_array_equal(program.value([1.0, 3.0, 2.0]), want)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan, 1e100])
def test_what_a_token_does_not_see_does_not_reach_it(bad: float) -> None:
    x, q, k, v = leaves(4, 2), leaves(2, 2), leaves(2, 2), leaves(2, 2)
    rows = attention(x, q, k, v, 1, lambda t: t + 1)
    loss = squares(rows)
    program = autograd.compile(loss, (x,), parameters=[q, k, v], outputs=[w for row in rows for w in row])
    given_x = np.array([[[u.data for u in token] for token in x]] * 3)
    good = program.outputs(given_x)[1].reshape(4, 2)
    given_x[1, 2] = bad
    with np.errstate(all="ignore"):
        found = program.outputs(given_x)
        value, gradient = program.value_and_grad(given_x[:1])
    np.testing.assert_allclose(found[[0, 2]].reshape(2, 4, 2), [good, good], rtol=1e-12)
    np.testing.assert_allclose(found[1].reshape(4, 2)[:2], good[:2], rtol=1e-12)
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()
    for token, number_ in zip(x, given_x[1].tolist(), strict=True):
        for leaf, data in zip(token, number_, strict=True):
            leaf.data = data
    with np.errstate(all="ignore"):
        again = attention(x, q, k, v, 1, lambda t: t + 1)
        eager = [[w.data for w in row] for row in again]
        np.testing.assert_allclose(found[1].reshape(4, 2), eager, rtol=1e-12)
        squares(again).backward()
        _, by = program.value_and_grad(given_x[1:2])
        np.testing.assert_allclose(by, [w.grad for w in flat([q, k, v])], rtol=1e-9)
        by_x = program.gradient_of_inputs(given_x[1:2])
        np.testing.assert_allclose(np.ravel(by_x), [w.grad for w in flat(x)], rtol=1e-9)


def test_phantoms_may_hold_anything() -> None:
    """Numbers that phantoms have by chance, such as nan, change no result."""
    x, q, k, v = leaves(4, 2), leaves(2, 2), leaves(2, 2), leaves(2, 2)
    code = code_of(squares(attention(x, q, k, v, 1, lambda t: t + 1)), x, [q, k, v])
    program, p = code.program, [w.data for w in flat([q, k, v])]
    rows = [[w.data for w in flat(x)]]
    want = filled(program, p, rows)
    phantom = code.layout.phantom["v"]
    assert phantom.any()
    memory = program.memory(np.array(p), want["x"], 1.0)
    for space in ("v", "dv"):
        memory[space][phantom] = math.nan
    with np.errstate(all="ignore"):
        for statement in program:
            out = statement.out
            statement.run(memory)
            if (
                out.space in ("v", "dv")
                and out.index.size
                and not (isinstance(statement, Map) and not reads(statement))
            ):
                spoiled = out.index[phantom[out.index]]
                memory[out.space][spoiled] = math.nan
    live = ~phantom & ~np.isnan(want["v"][:, 0])
    assert live.sum() > 20
    np.testing.assert_array_equal(memory["v"][live], want["v"][live])
    np.testing.assert_array_equal(memory["dp"], want["dp"])
    np.testing.assert_array_equal(memory["dx"], want["dx"])


def test_a_row_that_would_waste_much_is_not_completed() -> None:
    x = leaves(12)
    h = [v.tanh() for v in x]
    few = [total(row).exp() for row in (*(h[i : i + 2] for i in range(5)), h)]
    assert not code_of(total(few), x, []).completes
    several = [total(row).exp() for row in (*(h[i : i + 2] for i in range(5)), h[:3], h)]
    assert not code_of(total(several), x, []).completes
    full = [total(h[:n]).exp() for n in (9, 10, 11, 12)]
    assert code_of(total(full), x, []).completes
    for longest in (11, 12):  # 33 places for 15 terms are WASTE times as many, and 36 for 16 are more.
        rows = [total(row).exp() for row in (h[:longest], h[:2], h[2:4])]
        assert code_of(total(rows), x, []).completes == (longest == 11)
    code_of([total(h[:n]) for n in (12, 11, 10, 9)], x, [])  # No term comes after those of the shortest row.
    pairs = [dot(h[:n], h[-n:]).exp() for n in (5, 4, 3)]
    code_of(total(pairs), x, [])


def test_rows_of_values_with_repeated_members() -> None:
    x = leaves(4)
    h = [v.tanh() for v in x]
    u = [v.exp() for v in x]
    code_of(total([dot(h[:n], u[:n]).exp() for n in (2, 3, 4)]), x, [])
    code_of(total([dot([h[0]] * n, u[:n]).exp() for n in (2, 3, 4)]), x, [])
    code_of(total([dot([h[0], *h[: n - 1]], u[:n]).exp() for n in (2, 3, 4)]), x, [])
    code_of(total([dot(h[4 - n :], u[:n]).exp() for n in (2, 3, 4)]), x, [])
    code_of(total([(total(h[:n]) + h[0]).exp() for n in (2, 3, 4)]), x, [])


def test_values_and_sums_of_single_leaves() -> None:
    x, p = Value(0.5), Value(-0.25)
    code_of([x * p + p, x], x, p)
    code_of([p * p + 1.0], x, p)
    code_of([x.detach() + p], x, p)
