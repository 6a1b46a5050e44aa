"""Groups of nodes, the classes of operands, and rows seen as matrix products."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import dot, softmax, total, where
from autograd.compiler.branches import guarded
from autograd.compiler.canonical import canonical
from autograd.compiler.grids import HOLE, grids
from autograd.compiler.reading import scalars
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from autograd.compiler.schedule import CLASSES, COMMON, CONSTANT_CLASS, PASSING, Schedule, scheduled
from tests.compiler.finding import recording
from tests.compiler.graphs import attention, flat, graphs, leaves, linear, recurrence, squares
from tests.compiler.random_programs import RandomProgram

WANTED = st.sampled_from(["both", "parameters", "inputs", "nothing"])


def schedule_of(roots: Any, inputs: Any, parameters: Any, wanted: str = "both") -> tuple[Scalars, Schedule]:
    roots = roots if isinstance(roots, list) else [roots]
    g = canonical(scalars(recording(roots, flat(inputs), flat(parameters))))
    return g, scheduled(g, wanted)


def groups(roots: Any, inputs: Any, parameters: Any, wanted: str = "both") -> list[tuple[str, int]]:
    return [(group.name, len(group.nodes)) for group in schedule_of(roots, inputs, parameters, wanted)[1].groups]


def operands(g: Scalars, v: int) -> list[int]:
    at = np.flatnonzero(g.owner == v)
    return [*g.left[at].tolist(), *(y for y in g.right[at].tolist() if y != ONE)]


# ── what holds of every schedule ──


def whole(g: Scalars, s: Schedule) -> None:
    """Each node has one group, which comes after the groups of its operands."""
    when = {v: i for i, group in enumerate(s.groups) for v in group.nodes.tolist()}
    assert sorted(when) == np.flatnonzero(g.kind >= LINEAR).tolist()
    assert sum(len(group.nodes) for group in s.groups) == len(when)
    for v, i in when.items():
        assert all(when.get(x, -1) < i for x in operands(g, v))
    for group in s.groups:
        assert (np.diff(group.nodes) > 0).all()
        assert len({(int(g.kind[v]), int(s.classes[v])) for v in group.nodes}) == 1
        names = {g.operations[g.code[v]] if g.kind[v] == OPERATION else "linear" for v in group.nodes}
        assert names == {group.name}


def plain_classes(g: Scalars, wanted: str) -> list[int]:
    """The classes by their definition, one node at a time."""
    by_parameters, by_inputs = wanted in ("parameters", "both"), wanted in ("inputs", "both")
    lanes, passes, through, detached = list[bool](), list[bool](), list[list[int]](), {*g.of("detach").tolist()}
    for v in range(len(g)):
        op = g.operations[g.code[v]] if g.kind[v] == OPERATION else ""
        read = operands(g, v)
        swept = [] if v in detached else read[op == "where" :]
        own = {PARAMETER: by_parameters, INPUT: by_inputs}.get(int(g.kind[v]), False)
        lanes.append(g.kind[v] == INPUT or any(lanes[x] for x in read))
        passes.append(own or any(passes[x] for x in swept))
        through.append(swept)
    reached = [v == g.roots[0] for v in range(len(g))]
    for v in reversed(range(len(g))):
        for x in through[v] if reached[v] else ():
            reached[x] = True
    fixed = {CONSTANT: 8, PARAMETER: 0 if by_parameters else 1, INPUT: 6 if by_inputs else 7}
    found = []
    for v in range(len(g)):
        if (kind := int(g.kind[v])) in fixed:
            found.append(fixed[kind])
        elif v in detached:  # It has the slot of its operand.
            x = operands(g, v)[0]
            found.append(8 if g.kind[x] == CONSTANT else found[x] // 2 * 2 + 1)
        else:
            found.append((4 if lanes[v] else 2) + (not (passes[v] and reached[v])))
    return [*found, 9]


def plain_pairs(g: Scalars, classes: list[int]) -> list[int]:
    """The classes of the factors of terms by their definition, one node at a time."""
    found = [-1] * len(g.owner)
    for v in np.flatnonzero(g.kind == LINEAR).tolist():
        row = np.flatnonzero(g.owner == v).tolist()
        sides = {i: sorted((classes[g.left[i]], classes[g.right[i]])) for i in row}
        paddings = [i for i in row if sides[i][1] == CONSTANT_CLASS]  # Weights of constants.
        among = min((b for a, b in sides.values() if a < 2 and 4 <= b < 8), default=0)
        first = len(paddings) > 1 and classes[v] in (4, 5)
        for i in paddings:
            sides[i][1] = among or (classes[v] if first else CONSTANT_CLASS)
        for i, (a, b) in sides.items():
            found[i] = 10 * a + b
    return found


@pytest.mark.parametrize("seed", range(60))
def test_schedules_of_random_programs_are_whole(seed: int) -> None:
    program = RandomProgram(seed)
    wanted = ("both", "parameters", "inputs", "nothing")[seed % 4]
    g, s = schedule_of([program.loss, *program.outputs], program.leaves, program.parameters, wanted)
    whole(g, s)
    assert s.classes.tolist() == plain_classes(g, wanted)
    assert s.pairs.tolist() == plain_pairs(g, s.classes.tolist())


@given(graphs(), WANTED)
@settings(max_examples=80)
def test_schedules_are_whole(graph: Any, wanted: str) -> None:
    roots, x, p = graph
    g, s = schedule_of(roots, x, p, wanted)
    whole(g, s)
    assert s.classes.tolist() == plain_classes(g, wanted)
    left, right = s.classes[g.left[g.in_linear]], s.classes[g.right[g.in_linear]]
    assert (left <= right).all()
    assert s.pairs.tolist() == plain_pairs(g, s.classes.tolist())
    assert {v: sorted(users) for v, users in s.users.items()} == {
        v: sorted({int(u) for u in g.owner[(g.left == v) | (g.right == v)]})
        for v in np.flatnonzero(g.kind >= LINEAR).tolist()
    }


def test_the_spaces_of_classes() -> None:
    assert [space for c, space in enumerate(CLASSES) if c in PASSING] == ["p", "u", "v", "x"]
    assert CLASSES[CONSTANT_CLASS] == "c"


# ── which nodes meet ──


def test_nodes_that_do_the_same_meet() -> None:
    x, w, u = leaves(3), leaves(4, 3), leaves(2, 4)
    root = squares(linear(u, [v.tanh() for v in linear(w, x)]))
    assert groups(root, x, [w, u]) == [("linear", 4), ("tanh", 4), ("linear", 2), ("linear", 1)]


def test_a_node_waits_for_others_of_its_kind() -> None:
    x = leaves(2)
    late = x[0].exp().tanh() * x[1].exp().sigmoid().tanh()
    assert groups(late, x, []) == [("exp", 2), ("sigmoid", 1), ("tanh", 2), ("linear", 1)]
    # An operand that is a leaf makes another signature.
    assert ("tanh", 2) not in groups(x[0].tanh() * x[1].sigmoid().tanh(), x, [])


def test_a_node_that_is_needed_does_not_wait() -> None:
    x = leaves(2)
    now = x[0].exp().tanh().sigmoid().tanh().sin() * x[1].exp().sigmoid()
    names = ["exp", "tanh", "sigmoid", "tanh", "sin", "linear"]
    assert groups(now, x, []) == list(zip(names, [2, 1, 2, 1, 1, 1], strict=True))
    chain = x[0].exp().tanh().sigmoid().tanh().sigmoid()
    assert groups(chain, x, [])[1:] == [("tanh", 1), ("sigmoid", 1)] * 2


def test_steps_of_a_sequence_meet_in_their_input_part() -> None:
    xs, wx, wh, b = leaves(5, 3), leaves(2, 3), leaves(2, 2), leaves(2)
    found = groups(total(recurrence(xs, wx, wh, b, [0.0, 0.0])), xs, [wx, wh, b])
    assert found[0] == ("linear", 10)
    assert found[1:] == [("linear", 2), ("tanh", 2)] * 5 + [("linear", 1)]


def test_queries_keys_and_values_meet() -> None:
    x, q, k, v = leaves(3, 4), leaves(4, 4), leaves(4, 4), leaves(4, 4)
    found = groups(squares(attention(x, q, k, v, 2)), x, [q, k, v])
    assert found[0] == ("linear", 36)
    assert ("largest", 6) in found
    assert ("exp", 18) in found


def test_common_constants_are_told_apart_and_many_are_operands() -> None:
    x = leaves(40)
    two = [autograd.maximum(v, 0.25 if i % 2 else 0.5) for i, v in enumerate(x)]
    assert groups(total(two), x, []) == [("maximum", 20), ("maximum", 20), ("linear", 1)]
    many = [autograd.maximum(v, 0.01 * i + 3.1) for i, v in enumerate(x)]
    assert groups(total(many), x, []) == [("maximum", 40), ("linear", 1)]
    kinds = COMMON - 1  # Beside 1, which is everywhere.
    for more in (0, 1):  # Of equally common ones, none is preferred.
        common = [autograd.maximum(v.exp(), 3.0 + i % (kinds + more)) for i, v in enumerate(x[: 2 * (kinds + more)])]
        common += [autograd.minimum(v, 0.01 * i + 19.1) for i, v in enumerate(x)]
        assert groups(total(common), x, []).count(("maximum", 2)) == (0 if more else kinds)


def test_so_many_different_numbers_are_all_told_apart() -> None:
    for more in (0, 1):  # Beside the coefficient 1 and the number 0 of the sum.
        x = leaves(4 * COMMON - 2 + more)
        found = groups(total([autograd.maximum(v, 3.0 + i) for i, v in enumerate(x)]), x, [])
        assert found[:-1] == ([("maximum", len(x))] if more else [("maximum", 1)] * len(x))


def test_sums_of_other_products_of_parameters_do_not_meet() -> None:
    p = leaves(5)
    one, two = p[0] * p[1] + p[2], p[0] * p[1] + p[3] * p[4] + p[2]
    assert ("linear", 2) not in groups(total([one.exp(), two.exp()]), [], p)
    assert ("linear", 2) in groups(total([one.exp(), (p[3] * p[4] + p[2]).exp()]), [], p)


def test_rows_of_other_lengths_meet_if_they_may_be_completed() -> None:
    x = leaves(6)
    y = [v.tanh() for v in x]
    tails = [(total(y[i:]) * 2.0).exp() for i in range(5)]
    assert ("linear", 5) in groups(total(tails), x, [])
    other = [(total(y[i:]) + x[0] * x[1]).exp() for i in range(5)]
    assert ("linear", 5) not in groups(total(other), x, [])


@pytest.mark.parametrize("wanted", ["inputs", "nothing"])
def test_rows_of_products_of_other_lengths_meet(wanted: str) -> None:
    x = leaves(6)
    h, k = [v.tanh() for v in x], [v.exp() for v in x]
    still = [v.detach() for v in k]
    for left, right in ((h, k), (h, still), (still, h), (still, [v.cos().detach() for v in x])):
        rows = [(dot(left[:n], right[:n]) * 2.0).sin() for n in (2, 3, 5)]
        assert ("linear", 3) in groups(total(rows), x, [], wanted)
    for row in (h, still):
        assert ("linear", 3) in groups(total([total(row[:n]).sin() for n in (2, 3, 5)]), x, [], wanted)
    for other in ([dot(x[:n], h[:n]) for n in (2, 3, 5)], [total(x[:n]) for n in (2, 3, 5)]):
        assert ("linear", 3) not in groups(total([v.sin() for v in other]), x, [], wanted)


def test_classes_of_what_is_detached() -> None:
    x, p = leaves(1), leaves(2)
    y = x[0] * p[0]
    g, s = schedule_of([y.detach().tanh() * p[1] + y.tanh(), p[0].detach() * x[0]], x, p, "parameters")
    by_name: dict[str, list[int]] = {}
    for v in np.flatnonzero(g.kind == OPERATION).tolist():
        by_name.setdefault(g.operations[g.code[v]], []).append(int(s.classes[v]))
    assert sorted(by_name["tanh"]) == [4, 5]
    assert sorted(by_name["detach"]) == [1, 5]
    assert int(s.classes[g.roots[1]]) == 5


def test_the_greatest_of_a_softmax_passes_no_gradient() -> None:
    x, p = leaves(3), leaves(3)
    g, s = schedule_of(dot(softmax([a * b for a, b in zip(x, p, strict=True)]), x), x, p)
    for v in np.flatnonzero(g.kind == OPERATION).tolist():
        assert (int(s.classes[v]) in PASSING) == (g.operations[g.code[v]] not in ("largest", "detach"))


def test_weights_of_constants_count_among_their_neighbours() -> None:
    x, p = leaves(2), leaves(4)
    h, u = x[0].tanh(), p[0].exp()
    for row, wanted in [
        ([p[1] * x[0], p[2] * 0.5], [6, 6]),
        ([p[1] * x[0], p[2] * h, p[3] * 0.5], [4, 4, 6]),
        ([p[1] * u, p[2] * 0.5], [2, 8]),
        ([p[1] * u, u * x[0], p[2] * 0.5], [2, 8, 26]),
        ([p[1] * u, h * x[0], p[2] * 0.5], [2, 8, 46]),
        ([p[1] * u, h * x[0], p[2] * 0.5, p[3] * 0.25], [2, 4, 4, 46]),
        ([p[1] * u, p[2] * 0.5, p[3] * 0.25], [2, 8, 8]),
    ]:
        g, s = schedule_of(total(row).tanh(), x, p)
        assert sorted(s.pairs[g.in_linear].tolist()) == wanted
        for gradients in ("both", "parameters", "inputs", "nothing"):
            g, s = schedule_of(total(row).tanh(), x, p, gradients)
            assert s.pairs.tolist() == plain_pairs(g, s.classes.tolist())


@pytest.mark.parametrize(("spaces", "own"), [("vv", True), ("uv", False), ("uu", True), ("pu", False), ("xv", False)])
@pytest.mark.parametrize("exact", [True, False])
def test_nodes_meet_if_their_guards_are_of_one_space(spaces: str, own: bool, exact: bool) -> None:
    x, p = leaves(6), leaves(2)
    kinds = {"v": [v.sin() for v in x], "u": [v.sin() for v in p], "p": p, "x": x}
    tests = [kinds[space][i] for i, space in enumerate(spaces)]
    # The first test passes a gradient, and the second doesn't.
    taken = [where(c, (a.exp().log() * b).sinh(), 0.0) for c, a, b in zip(tests, x[2:4], x[4:], strict=True)]
    g = canonical(scalars(recording([total(taken) + tests[0]], x, p)))
    guarded(g)
    found = [(group.name, len(group.nodes)) for group in scheduled(g, "both", exact=exact).groups]
    assert (found.count(("log", 2)), found.count(("log", 1))) == ((1, 0) if own else (0, 2))
    # Where all guards are kept, sums with different ones never meet.
    assert (found.count(("linear", 2)), found.count(("linear", 1))) == ((1, 1) if own and not exact else (0, 3))


@pytest.mark.parametrize("wanted", ["both", "parameters", "inputs", "nothing"])
def test_biased_nodes(wanted: str) -> None:
    x, w, b, c = leaves(3), leaves(3), leaves(1), leaves(1)
    h = [v.tanh() for v in x]
    still = [v.detach() for v in h]
    for root, want in [
        (dot(w, x) + b[0], True),
        (dot(w, h) + b[0], True),
        (dot(w, still) + b[0], True),
        (dot(w, [v.detach() for v in x]) + b[0], True),
        (dot(w, x), False),
        (dot(w, x) + b[0] + c[0], False),
        (dot(w, x) + c[0], False),
        (w[0] * x[0] + b[0], False),
        (dot(w, x) + x[0], False),
        (dot(w[1:], x[1:]) + b[0], True),
    ]:
        g, s = schedule_of([root.tanh()], x, [w, b, c], wanted)
        assert s.biased[int(g.left[g.owner == g.roots[0]][0])] == want
    for root, want in [
        (w[0] * x[0] + b[0], False),
        (w[0] * x[0] + w[0] * x[1] + b[0], True),
        (b[0] * x[0] + w[0] * x[1] + c[0], True),
        (b[0] * x[0] + b[0] * x[1] + w[0], False),
    ]:
        g, s = schedule_of([root.tanh()], x, [w[0], b, c], wanted)
        assert s.biased[g.kind == LINEAR].tolist() == [want]


def test_classes_beside_the_usual_ones() -> None:
    x = leaves(3)
    g, s = schedule_of(x[0].detach().tanh() * x[1], x, [])
    assert s.classes[g.of("tanh")].tolist() == [5]  # It has lanes, and passes nothing.
    g, s = schedule_of(where(x[0], 1.0, 2.0) * x[1].tanh(), x, [])
    assert s.classes[g.of("where")].tolist() == [5]
    assert s.classes[g.of("tanh")].tolist() == [4]


@pytest.mark.parametrize("number", [0.0, 1.0, -1.0, 2.0, 0.5])
def test_usual_numbers_are_always_told_apart(number: float) -> None:
    x = leaves(15 * COMMON + 1)
    rest = [autograd.maximum(v, 3.0 + i // 3) for i, v in enumerate(x[1:])]  # Each number three times.
    found = groups(total([autograd.maximum(x[0], number), *rest]), x, [])
    assert sorted(found[:-1]) == [("maximum", 1), ("maximum", len(rest))]


@pytest.mark.parametrize("count", [1, 6, 7])
def test_six_ranges_of_a_group_are_shown(count: int) -> None:
    x = leaves(2 * count)
    _, s = schedule_of(total([v.sin() if i % 2 else v.cos() for i, v in enumerate(x)]), x, [])
    shown = ", ".join(str(4 * i + 1) for i in range(min(count, 6)))
    assert str(s).splitlines()[0] == f"{count} × cos: {shown}{', …' if count > 6 else ''}"


def test_text_of_a_schedule() -> None:
    x = leaves(8)
    _, s = schedule_of(total([v.tanh() for v in x[:5]]) * 2.0 + x[5].exp() + 1.0, x, [])
    assert str(s).splitlines() == ["5 × tanh: 1, 3, 5, 7, 9", "1 × exp: 11", "1 × linear: 12"]
    x = leaves(20)
    _, s = schedule_of(autograd.logsumexp(x[:4]), x, [])
    assert str(s).splitlines()[2:5] == ["4 × shift: 6–9", "4 × exp: 10–13", "1 × linear: 14"]
    _, s = schedule_of(total([v.sin() if i % 2 else v.cos() for i, v in enumerate(x)]), x, [])
    assert str(s).splitlines()[0] == "10 × cos: 1, 5, 9, 13, 17, 21, …"


# ── grids ──


def rows(*numbers: Any) -> Any:
    return np.array(numbers, np.intp)


def products_of(left: Any, right: Any, full: float = 0.4) -> Any:
    """(left row, right row) by number of result, from the grids."""
    found = grids(left, right, full)
    if found is None:
        return None
    results = {}
    for part in found[1]:
        for c, f, p in np.argwhere(part.cells != HOLE).tolist():
            assert part.cells[c, f, p] not in results
            results[int(part.cells[c, f, p])] = part.left[c, f].tolist(), part.right[c, p].tolist()
    return results


def is_product(left: Any, right: Any, full: float = 0.4) -> bool:
    results = products_of(left, right, full)
    return bool(results == {k: (left[k].tolist(), right[k].tolist()) for k in range(len(left))})


def test_all_rows_with_all_rows_are_one_product() -> None:
    left, right = rows([5, 6], [5, 6], [1, 2], [1, 2]), rows([7, 8], [3, 4], [3, 4], [7, 8])
    found = grids(left, right)
    assert found is not None
    count, (part,) = found
    assert count == 4
    assert part.cells.tolist() == [[[2, 3], [1, 0]]]  # in the order of their first slots
    assert part.left.tolist() == [[[1, 2], [5, 6]]]
    assert part.right.tolist() == [[[3, 4], [7, 8]]]


def test_equal_components_are_a_batch() -> None:
    left = rows([1, 2], [1, 2], [9, 8], [9, 8], [0, 0])
    right = rows([3, 3], [4, 4], [3, 5], [6, 6], [7, 7])
    found = grids(left, right)
    assert found is not None
    count, parts = found
    assert count == 8
    assert sorted(part.cells.shape for part in parts) == [(1, 1, 1), (2, 1, 2)]
    assert next(part for part in parts if len(part.cells) == 2).cells.tolist() == [[[0, 1]], [[2, 3]]]
    assert is_product(left, right)


def test_a_batch_is_in_the_order_of_its_first_slots() -> None:
    found = grids(rows([9], [1], [5]), rows([2], [4], [3]))
    assert found is not None
    assert found[1][0].left[:, 0, 0].tolist() == [1, 5, 9]
    # Of components with one first left slot, the right ones decide.
    found = grids(rows([1, 9], [1, 5]), rows([8, 0], [3, 0]))
    assert found is not None
    assert found[1][0].right[:, 0, 0].tolist() == [3, 8]


def test_rows_are_in_the_order_of_their_first_slots() -> None:
    found = grids(rows([2, 5], [1, 9], [2, 5], [1, 9]), rows([4, 6], [4, 6], [3, 7], [3, 7]))
    assert found is not None
    assert found[1][0].left.tolist() == [[[1, 9], [2, 5]]]
    assert found[1][0].right.tolist() == [[[3, 7], [4, 6]]]
    found = grids(rows([4, 6], [4, 6], [3, 7], [3, 7]), rows([2, 5], [1, 9], [2, 5], [1, 9]))
    assert found is not None
    assert found[1][0].left.tolist() == [[[3, 7], [4, 6]]]
    assert found[1][0].right.tolist() == [[[1, 9], [2, 5]]]
    found = grids(rows([2, 5], [1, 9]), rows([3, 3], [4, 4]))
    assert found is not None
    assert found[1][0].left[:, 0].tolist() == [[1, 9], [2, 5]]


def test_components_through_several_rows() -> None:
    # A long way from one end to the other, in an order that takes several rounds.
    n = 12
    order = np.random.default_rng(0).permutation(2 * n - 1)
    a, b = (np.arange(2 * n - 1) + 1) // 2, np.arange(2 * n - 1) // 2
    left, right = (a[order][:, None] * 2).astype(np.intp), (b[order][:, None] * 2 + 1).astype(np.intp)
    found = grids(left, right, 0.0)
    assert found is not None
    assert [part.cells.shape for part in found[1]] == [(1, n, n)]
    assert is_product(left, right, 0.0)
    assert grids(left, right, 0.5) is None


def test_holes_up_to_a_limit() -> None:
    left, right = rows([1], [1], [2]), rows([3], [4], [3])
    assert is_product(left, right, 0.75)
    found = grids(left, right, 0.75)
    assert found is not None
    assert found[1][0].cells.tolist() == [[[0, 1], [2, HOLE]]]
    assert grids(left, right, 0.8) is None


def test_a_product_that_is_wanted_twice_is_none() -> None:
    assert grids(rows([1], [1]), rows([2], [2])) is None
    assert grids(rows([1], [1], [2]), rows([2], [2], [3])) is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25, unique=True), st.integers(1, 3)
)
def test_grids_hold_each_result_once(pairs: list[tuple[int, int]], t: int) -> None:
    left = rows(*([7 * a + j for j in range(t)] for a, _ in pairs))
    right = rows(*([90 - 5 * b + j for j in range(t)] for _, b in pairs))
    assert is_product(left, right, 0.0)
