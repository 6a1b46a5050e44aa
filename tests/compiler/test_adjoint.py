"""The reverse sweep over statements, and gradients that are stored before they are added to."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, dot, total
from autograd.compiler import hoisting
from autograd.compiler.adjoint import storing_first, whole_blocks_first
from autograd.compiler.copies import without_copies
from autograd.compiler.expressions import call, name, number
from autograd.compiler.statements import Map, Product, Slots
from tests.compiler.finding import filled
from tests.compiler.graphs import code_of, flat, graphs, leaves, linear, recurrence, squares


def slots(space: str, *index: Any) -> Slots:
    return Slots(space, np.array(index, np.intp))


def copied(out: Slots, x: Slots, *, add: bool = True) -> Map:
    return Map(out, name("x"), {"x": x}, add=add)


SIZES = {"v": 4, "p": 3, "x": 2}


def shown(statements: Any) -> list[tuple[str, list[int], bool, bool]]:
    """The space, the slots, whether it adds and whether it only clears, of each statement."""
    return [(s.out.space, s.out.index.reshape(-1).tolist(), s.add, not s.operands) for s in statements]


def test_a_first_contribution_is_stored() -> None:
    seed, again = copied(slots("dv", 0), slots("s", 0)), copied(slots("dv", 0), slots("v", 0))
    found = storing_first([seed, again], SIZES, [])
    assert shown(found) == [("dv", [0], False, False), ("dv", [0], True, False)]
    product = Product(slots("dv", [[0]]), slots("v", [[1]]), slots("p", [[1]]), add=True)
    assert [s.add for s in storing_first([product, product], SIZES, [])] == [False, True]


def test_slots_that_were_partly_written_are_cleared_first() -> None:
    one, both = copied(slots("dv", 0), slots("s", 0)), copied(slots("dv", 0, 1), slots("v", 0, 1))
    assert shown(storing_first([one, both], SIZES, [])) == [
        ("dv", [0], False, False),
        ("dv", [1], False, True),
        ("dv", [0, 1], True, False),
    ]
    read = copied(slots("dx", 0, 1), slots("dv", 0, 1))
    assert shown(storing_first([one, read, read], SIZES, [])) == [
        ("dv", [0], False, False),
        ("dv", [1], False, True),
        ("dx", [0, 1], False, False),
        ("dx", [0, 1], True, False),
    ]


def test_gradients_that_are_never_written_are_not_read() -> None:
    read = copied(slots("dx", 0), slots("dv", 0))
    assert storing_first([read], SIZES, []) == []
    chain = [copied(slots("dv", 1), slots("dv", 0)), copied(slots("dp", 1), slots("dv", 1))]
    assert storing_first(chain, SIZES, []) == []
    both = Map(slots("dx", 0), name("x"), {"x": slots("dv", 0), "y": slots("v", 0)}, add=True)
    assert storing_first([both], SIZES, []) == []


def test_results_are_written_everywhere() -> None:
    found = storing_first([copied(slots("dp", 1), slots("s", 0))], SIZES, ["dp", "dx"])
    assert shown(found) == [("dp", [1], False, False), ("dp", [0, 2], False, True), ("dx", [0, 1], False, True)]


def test_what_was_stored_in_place_stays_so() -> None:
    stored = copied(slots("dv", 0), slots("s", 0), add=False)
    assert shown(storing_first([stored, stored], SIZES, [])) == [("dv", [0], False, False)] * 2
    elsewhere = copied(slots("v", 0), slots("s", 0))
    assert storing_first([elsewhere], SIZES, []) == [elsewhere]


@given(graphs(), st.sampled_from(["parameters", "inputs", "both"]))
@settings(max_examples=50)
def test_gradients_are_those_of_the_eager_engine(graph: Any, wanted: Any) -> None:
    roots, x, p = graph
    roots[0].backward()
    code = code_of(roots, x, p, wanted)
    memory = filled(code.program, [w.data for w in p], [[w.data for w in x]] * 3)
    for space, leaves_, at, times in (("dp", p, np.arange(len(p)), 3.0), ("dx", x, code.input_slots, 1.0)):
        want = np.array([w.grad for w in leaves_])[:, None]
        if wanted in ("both", "parameters" if space == "dp" else "inputs"):
            scale = max(1.0, float(np.abs(want).max()))
            np.testing.assert_allclose(memory[space][at] / times, want + 0.0 * memory[space][at], atol=1e-10 * scale)
        else:
            assert np.isnan(memory[space]).all()  # Nothing writes the others.


def test_the_gradient_is_that_of_the_first_root() -> None:
    x, p = leaves(2), leaves(2)
    roots = [x[0] * p[0], x[1].exp() * p[1], x[0] + p[0]]
    code = code_of(roots, x, p)
    memory = filled(code.program, [w.data for w in p], [[w.data for w in x]])
    assert memory["dp"][:, 0].tolist() == [x[0].data, 0.0]
    assert memory["dx"][code.input_slots, 0].tolist() == [p[0].data, 0.0]


def test_the_seed_scales_all_gradients() -> None:
    x, p = leaves(3), leaves(2, 3)
    program = code_of(squares([v.tanh() for v in linear(p, x)]), x, p).program
    parameters, inputs = np.array([w.data for w in flat(p)]), np.array([[w.data] * 2 for w in x])
    one, half = program.run(parameters, inputs), program.run(parameters, inputs, 0.5)
    np.testing.assert_allclose(half["dp"], one["dp"] / 2.0)
    np.testing.assert_allclose(half["dx"], one["dx"] / 2.0)


def test_nothing_wanted_has_no_reverse_sweep() -> None:
    x, p = leaves(2), leaves(2)
    assert code_of(dot(x, p), x, p, "nothing").program.backward == ()


def test_products_with_themselves() -> None:
    x, p = leaves(4), leaves(4)
    h, u = [v.tanh() for v in x], [v.tanh() for v in p]
    for row in (x, p, h, u):
        code_of(dot(row, row), x, p)
        code_of(dot(row, [v.detach() for v in row]), x, p)
        code_of(total([v * v for v in row]) * 3.0 + row[0], x, p)
        code_of(dot(row, row) * 0.25, x, p)
    rows = leaves(3, 4)
    code_of(squares([dot(a, b) for a in rows for b in rows]), rows, [])


def test_a_weight_beside_ones_passes_no_gradient_to_them() -> None:
    x, w = leaves(4), leaves(3, 5)
    code = code_of(squares([v.tanh() for v in linear([r[:4] for r in w], x, [r[4] for r in w])]), x, w)
    assert code.layout.input_ones == [4]
    # The slot of 1 gets none, so that it is stored once and for all.
    touched = {
        int(i)
        for s in code.program.backward
        if s.out.space == "dx" and not (isinstance(s, Map) and s.expression == number(0.0))
        for i in s.out.index.flat
    }
    assert touched == {0, 1, 2, 3}


def test_gradients_of_lists() -> None:
    x = leaves(6)
    h = [v.tanh() for v in x]
    rows = [h[:3], h[1:4], h[3:]]
    for made in (autograd.largest, autograd.norm, autograd.product, autograd.logsumexp, autograd.smallest):
        code_of(squares([made(row) for row in rows]), x, [])
        code_of(made([h[0], h[0], h[1]]), x, [])
        code_of(squares([made([h[i], h[i], h[i + 1]]) for i in range(3)]), x, [])


def test_infinite_and_undefined_derivatives_stay_in_their_lanes() -> None:
    x, p = leaves(2), Value(2.0)
    program = autograd.compile(x[0].sqrt() * p + x[1].log() * x[1], (x,), parameters=[p], reduce=None)
    given_x = np.array([[0.25, 0.5], [0.0, 0.5], [-1.0, 0.5], [0.25, 0.0], [4.0, 1.0]])
    with np.errstate(all="ignore"):
        by = program.gradient_of_inputs(given_x)
    assert by[[0, 4], 0].tolist() == [2.0, 0.5]
    assert by[1, 0] == math.inf
    assert np.isnan(by[2, 0])
    assert np.isfinite(by[[0, 1, 2, 4], 1]).all()
    assert not np.isfinite(by[3, 1])


def test_derivatives_of_all_steps_of_a_recurrence_are_one_statement() -> None:
    xs, wx, wh, b = leaves(12, 3), leaves(5, 3), leaves(5, 5), leaves(5)
    code = code_of(squares(recurrence(xs, wx, wh, b, [0.0] * 5)), xs, [wx, wh, b])
    backward = code.source.split("def backward():")[1]
    assert backward.count("np.square(") == 1  # That of 1 - z² of tanh, for all steps.
    assert backward.index("np.square(") < backward.index("for ")


def test_derivatives_are_worked_out_in_the_sweep_where_steps_are_few_or_narrow() -> None:
    for steps, size in (hoisting.FEWEST - 1, 5), (12, hoisting.NARROW - 1):
        xs, wx, wh, b = leaves(steps, 3), leaves(size, 3), leaves(size, size), leaves(size)
        code = code_of(squares(recurrence(xs, wx, wh, b, [0.0] * size)), xs, [wx, wh, b])
        backward = code.source.split("def backward():")[1]
        assert backward.index("for ") < backward.index("np.square(")


def hoisted(root: Value, inputs: Any, parameters: Any) -> int:
    """How many statements work derivatives out before the sweep."""
    return len(hoisting.hoisted(code_of(root, inputs, parameters).builder)[0])


def test_which_derivatives_are_worked_out_before_the_sweep() -> None:
    few, least, size = hoisting.FEWEST - 1, hoisting.FEWEST, hoisting.NARROW
    for steps, width, count in ((least, size, 1), (few, size, 0), (least, size - 1, 0)):
        xs, wx, wh, b = leaves(steps, 1), leaves(width, 1), leaves(width, width), leaves(width)
        assert hoisted(total(recurrence(xs, wx, wh, b, [0.1] * width)), xs, [wx, wh, b]) == count
    x, p, g = leaves(size), leaves(size), leaves(size)
    h, u, r = x, p, [v.sigmoid() for v in g]
    for _ in range(least):
        h = [(v + w).tanh() * (v * w).sigmoid() for v, w in zip(h, p, strict=True)]
        u = [(v + w).tanh() for v, w in zip(u, g, strict=True)]
        r = [v * w for v, w in zip(autograd.softmax(r), x, strict=True)]
    # Two kinds of derivatives; those of what all examples share, and of lists, are not worked out before.
    assert hoisted(total(h), x, [*p, *g]) == 2
    assert hoisted(total([v * w for v, w in zip(u, x, strict=True)]), x, [*p, *g]) == 0
    assert hoisted(total(r), x, [*p, *g]) == 0
    chosen: Any = x
    for _ in range(least):
        chosen = [autograd.where(v, v.sin(), w) for v, w in zip(chosen, p, strict=True)]
    assert hoisted(total(chosen), x, p) == 0


def test_copies_of_the_seed_are_read_from_it() -> None:
    x, y, p = leaves(2), leaves(2), leaves(2)
    code = code_of(x[0].tanh() + 3.0 / x[1] + (y[0] * y[1]).exp(), [*x, *y], [])
    assert "seed" not in [line.rpartition(" = ")[2] for line in code.source.splitlines()]
    assert not [s for s in code.program.backward if str(s).endswith("dz   where dz = s[0]")]
    code_of(x[0].tanh() + p[0] + p[1], x, p)  # The seed is added up over the lanes.
    code_of(p[0] * p[1] + x[0] - x[1], x, p)


def test_a_copy_of_the_seed_stays_where_it_is_read_beside_other_gradients() -> None:
    of_seed = copied(slots("dv", 0), slots("s", 0), add=False)
    other = copied(slots("dv", 1), slots("dv", 2), add=False)

    def found(*reading: Map) -> list[str]:
        return [str(s) for s in without_copies([of_seed, other, *reading], SIZES)]

    together = copied(slots("dx", 0, 1), slots("dv", 0, 1))
    assert found(together) == [str(s) for s in (of_seed, other, together)]
    apart = [copied(slots("dx", k), slots("dv", k)) for k in (0, 1)]
    assert found(*apart) == [str(copied(slots("dx", 0), slots("s", 0))), str(copied(slots("dx", 1), slots("dv", 2)))]


def test_gradients_of_what_a_row_with_phantoms_shares() -> None:
    x = leaves(4, 2)
    h = [[v.tanh() for v in token] for token in x]
    own = [token[0].sin() for token in h]
    scores = [[dot(h[t], h[u]) for u in range(t + 1)] for t in range(4)]
    products = [[(s * own[t]).exp() for s in row] for t, row in enumerate(scores)]
    sums = [[(s + own[t]).sin() for s in row] for t, row in enumerate(scores)]
    code = code_of(total([*flat(products), *flat(sums)]), x, [])
    assert any(mask.any() for mask in code.layout.phantom.values())


# ── blocks ──


def ordered(*statements: Map) -> list[int]:
    """The places of statements that write the gradients of a block of four nodes, put in order."""
    x = leaves(4)
    b = code_of(squares([v.tanh() for v in x]), x, []).builder
    (block,) = (block for block in b.layout.blocks if len(block.nodes) == 4)
    at = block.base

    def moved(of: Slots) -> Slots:
        return Slots(of.space, of.index + at) if of.space == "dv" else of

    made = [Map(moved(s.out), s.expression, {n: moved(x) for n, x in s.operands.items()}, add=True) for s in statements]
    return [i for s in whole_blocks_first(b, made) for i, one in enumerate(made) if one is s]


def test_a_part_of_a_block_comes_behind_the_whole() -> None:
    part, whole = copied(slots("dv", 1), slots("v", 9)), copied(slots("dv", 0, 1, 2, 3), slots("v", 5, 6, 7, 8))
    read = copied(slots("dx", 0), slots("dv", 1))
    beside = copied(slots("dx", 0), slots("dv", 2))
    other = copied(slots("dx", 0), slots("v", 1))
    assert ordered(part, whole) == [1, 0]
    assert ordered(whole, part) == [0, 1]
    assert ordered(part, other, whole, other) == [1, 2, 0, 3]
    assert ordered(part, beside, whole) == [1, 2, 0]
    assert ordered(part, read, whole) == [0, 1, 2]  # What reads the part wants it before.
    assert ordered(read, part, whole, read) == [0, 2, 1, 3]
    # Parts aren't put behind others that lack one of their slots.
    left, right = copied(slots("dv", 0, 1), slots("v", 5, 6)), copied(slots("dv", 1, 2, 3), slots("v", 5, 6, 7))
    assert ordered(left, right) == [0, 1]
    assert ordered(left, right, whole) == [1, 2, 0]
    assert ordered(part, left, whole) == [1, 0, 2]


def test_a_copy_comes_behind_what_is_none() -> None:
    copy_, worked = (
        copied(slots("dv", 0, 1), slots("v", 5, 6)),
        Map(slots("dv", 0, 1), call("exp", name("x")), {"x": slots("v", 5, 6)}, add=True),
    )
    assert ordered(copy_, worked) == [1, 0]
    assert ordered(worked, copy_) == [0, 1]
    assert ordered(copy_, copy_) == [0, 1]
    assert ordered(worked, worked) == [0, 1]
