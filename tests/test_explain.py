"""A gradient as a sum over paths: they add up to it, the largest come first, and they are counted without a walk."""

import copy
import math
import pickle
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tape, Value, explain, topological_order, total, where
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.show.explain import _many
from autograd.show.paths import Path, Ways
from autograd.wording import WIDTH
from tests.test_stepper import GRAPHS, swept

ALL = 10_000
ADDED_UP = 1e-9
"""Relative to the sum of sizes: paths are products and sums in another order than the sweep's."""

BYTES = 210
"""Of memory for each node: some numbers, and two pointers for each path that is shown. Exact counts would take 900."""


def every_path(root: Value, wrt: Value) -> list[float]:
    """The product along each path, found by walking all of them."""
    found, stack = [], [(root, 1.0)]
    while stack:
        node, product = stack.pop()
        if node is wrt:
            found.append(product)
        elif node.op != "detach":
            # The condition of `where` and the branch that is not taken are on no path.
            ways = [(v, p) for v, p in zip(node.operands, node.partials, strict=True) if p or node.op != "where"]
            stack += [(v, product * p) for v, p in ways]
    return found


def test_an_explanation_can_be_copied_and_pickled() -> None:
    x = Value(3.0, label="x")
    found = explain(x * x + x, x)
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert repr(again) == repr(found)
        assert (again.gradient, again.count, again.wrt.label) == (7.0, 3, "x")
        assert again.paths[0].nodes[-1] is again.wrt


@pytest.mark.parametrize("name", GRAPHS)
def test_paths_add_up_to_the_gradient(name: str) -> None:
    root = GRAPHS[name]()
    expected = swept(root)
    for v in topological_order(root):
        found = explain(root, v, most=ALL, inner=True)
        assert found.gradient == (expected[v] if found.count else 0.0)
        products = [path.product for path in found.paths]
        assert found.count == len(products)
        size = math.fsum(map(abs, products))
        assert math.fsum(products) == pytest.approx(found.gradient, abs=ADDED_UP * size)
        assert abs(found.remainder) <= ADDED_UP * size
        assert max(map(len, repr(found).splitlines())) <= WIDTH


@given(strategies.expressions(max_steps=8))
def test_all_paths_are_found_the_largest_first(expression: Expression) -> None:
    inputs = [Value(x) for x in expression.inputs]
    root = expression(*inputs)
    for x in inputs:
        if x not in topological_order(root):
            continue
        expected = sorted(map(abs, every_path(root, x)), reverse=True)
        found = explain(root, x, most=ALL)
        assert found.count == len(expected)
        products = [abs(path.product) for path in found.paths]
        assert products == pytest.approx(expected, rel=1e-6, abs=0.0)
        for path in found.paths:
            assert path.nodes[0] is root
            assert path.nodes[-1] is x
            assert all(b in a.operands for a, b in zip(path.nodes, path.nodes[1:], strict=False))


def test_more_paths_than_atoms() -> None:
    x = Value(1.0, label="x")
    v = x
    for _ in range(1000):
        v = v + v * 0.55
    found = explain(v, "x", most=3)
    assert found.count == 2**1000
    assert found.paths[0].product == 1.0
    assert "the sum of the products along about 1.07e301 paths" in repr(found)
    assert found.gradient == pytest.approx(1.55**1000, rel=1e-9, abs=0.0)


def counted_exactly(root: Value, wrt: Value) -> int:
    """The number of paths, in exact integers. No `where` and no detached node is on any of them."""
    counts: dict[Value, int] = {}
    for v in topological_order(root):
        counts[v] = 1 if v is wrt else sum(counts[operand] for operand in v.operands)
    return counts[root]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=12), st.integers(1, 400))
def test_counts_are_exact_or_right_to_their_digits(row: list[tuple[int, int]], repeats: int) -> None:
    x = Value(1.0)
    nodes = [x]
    for copies, back in row * repeats if len(row) * repeats <= 2000 else row:
        nodes.append(total([nodes[-1]] * copies + nodes[-back:-1]))
    expected, found = counted_exactly(nodes[-1], x), Ways(Tape(nodes[-1]), 0).count
    if expected <= 2**53:
        assert found == expected
    else:
        assert abs(found - expected) * 10**10 <= expected


def doublings(count: int, factor: float = 0.55) -> tuple[Value, Value]:
    """A leaf, and a node that has 2^count paths to it."""
    x = v = Value(1.0, label="x")
    for _ in range(count):
        v = v + v * factor
    return x, v


@pytest.mark.parametrize("depth", [1000, 20_000])
def test_memory_is_linear_in_the_depth(depth: int) -> None:
    x, v = doublings(depth, 1e-9)
    tape = Tape(v)
    assert len(tape.partials) == len(tape.operands), "which the tape reads now, before anything is measured"
    tracemalloc.start()
    try:
        ways = Ways(tape, tape.place(x))
        assert len([*ways.largest_first(8)]) == 8
        assert tracemalloc.get_traced_memory()[1] < BYTES * len(tape)
        assert ways.count == 2**depth
    finally:
        tracemalloc.stop()


def decimal_text(n: int) -> str:
    with localcontext(prec=50, Emax=10**8):
        return f"about {Decimal(n) if n < 10**1000 else Decimal(n >> 3000) * 2**3000:.2e}".replace("e+", "e")


def test_a_count_is_written_as_decimals_round_it() -> None:
    assert _many(10**15 - 1) == "999,999,999,999,999"
    for n in (10**15, 9994999 * 10**9, 9996 * 10**300, 2**1000 - 1, 3**10_000, 7**20_000):
        assert _many(n) == decimal_text(n)
    assert (_many(10**15), _many(9996 * 10**300)) == ("about 1.00e15", "about 1.00e304")


def test_astronomic_counts_are_written_at_once() -> None:
    x, v = doublings(50_000, 1e-9)
    found = explain(v, x, most=2)
    assert f"the sum of the products along {decimal_text(2**50_000)} paths" in " ".join(repr(found).split())
    assert (found.count, len(found.paths)) == (2**50_000, 2)


VANISHING: list[Callable[[Value], Value]] = [
    lambda v: v * v.tanh(),
    lambda v: v + v * 0.0,
    lambda v: v * 0.1 + v * 0.3 + v * 0.1,
    lambda v: v + v * math.inf,
    lambda v: v + v * 0.5 + where(v > 0, v, v * 2),
]


@pytest.mark.parametrize("f", VANISHING)
def test_the_largest_paths_are_found_without_a_search(f: Callable[[Value], Value], monkeypatch: Any) -> None:
    """Of products that are 0, infinite or equal, too: each path needs a look at each of its forks, and no more."""
    x = v = Value(1.0, label="x")
    for _ in range(1000):
        v = f(v)
    looks, edges = [0], Ways._edges

    def counted(ways: Ways, place: int) -> list[int]:
        looks[0] += 1
        return edges(ways, place)

    monkeypatch.setattr(Ways, "_edges", counted)
    found = explain(v, x, most=5)
    assert len({(path.nodes, path.partials) for path in found.paths}) > 1
    assert looks[0] <= 4 * len(topological_order(v))


def test_a_search_keeps_no_more_paths_than_it_returns() -> None:
    _, v = doublings(400, 1e-9)
    ways = Ways(Tape(v), 0)
    tracemalloc.start()
    try:
        assert sum(1 for _ in ways.largest_first(400)) == 400
        assert tracemalloc.get_traced_memory()[1] < 400 * 1000, "of a turn, and of all for each path 30 times as many"
    finally:
        tracemalloc.stop()


def test_the_products_of_several_turns_are_in_order() -> None:
    x = v = Value(1.0)
    for factor in (0.9, 0.5, -0.3, 0.7, 2.0, 0.11):
        v = v + v * factor
    for most in (5, 20, 64):
        found = [abs(path.product) for path in explain(v, x, most=most).paths]
        assert found == pytest.approx(sorted(map(abs, every_path(v, x)), reverse=True)[:most], rel=1e-12, abs=0.0)


def test_equal_products_are_in_the_order_of_the_operands() -> None:
    """Their logs are added in different orders, and so are rounded differently."""
    x = Value(1.0)
    factors = (0.3, 0.7, 1.1, 1.3)
    nodes = []
    for row in permutations(factors):
        v = x
        for factor in row:
            v = v * factor
        nodes.append(v)
    found = explain(total(nodes), x, most=len(nodes))
    assert [path.nodes[1] for path in found.paths] == nodes


def test_paths_through_changed_data_are_refused_and_others_are_not() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    root = x * x + y.exp()
    y.data = 4.0
    assert explain(root, x).gradient == 4.0
    with pytest.raises(ValueError, match=r"changed after exp was recorded \(y, v2\)"):
        explain(root, y)


def test_few_paths_are_added_up_and_long_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(1.0)
    root = x * 1e20 + x * 2 + x * 3
    monkeypatch.setattr("autograd.show.explain.ARROWS", 3 * len(topological_order(root)))
    assert explain(root, x, most=1).remainder == 5.0
    for limit in ("ARROWS", "ADDED_UP"):
        with monkeypatch.context() as patch:
            patch.setattr(f"autograd.show.explain.{limit}", 2)
            assert math.isnan(explain(root, x, most=1).remainder)
            assert explain(root, x, most=3).remainder == 0.0, "of all that are shown there is no rest"


@given(strategies.expressions(max_steps=10), st.integers(1, 6))
def test_a_few_paths_are_the_first_of_all(expression: Expression, most: int) -> None:
    inputs = [Value(x) for x in expression.inputs]
    root = expression(*inputs)
    for x in inputs:
        if x in topological_order(root):
            everything = explain(root, x, most=ALL)
            few = explain(root, x, most=most)
            sizes = [abs(path.product) for path in everything.paths]
            assert [abs(path.product) for path in few.paths] == pytest.approx(sizes[:most], rel=1e-6, abs=0.0)
            assert {*few.paths} <= {*everything.paths}
            assert few.count == everything.count


def test_of_a_long_path_nothing_is_left_over() -> None:
    x = v = Value(0.5)
    for _ in range(5000):
        v = v * 1.0001
    v = v + v * 0.0001
    found = explain(v, x)
    assert (found.count, len(found.paths), found.remainder) == (2, 2, 0.0)
    assert "other" not in repr(found)


def test_a_path_with_a_zero_comes_after_all_others() -> None:
    x, zero = Value(2.0, label="x"), Value(0.0)
    y = x * zero + x * 1e-300 + x * zero * 1e9
    found = explain(y, x)
    assert [path.product for path in found.paths] == [1e-300, 0.0, 0.0]
    assert explain(y, x, most=1).paths == found.paths[:1]


def test_equal_paths_are_grouped_and_others_counted() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    assert repr(explain(y, x)).splitlines() == [
        "∂y/∂x = 6, the sum over 2 paths",
        "  6 along 2 equal paths, 3 on each: y ←[3] x",
    ]
    assert repr(explain(y, x, most=1)).splitlines()[-1] == "  3 along 1 other path"
    assert repr(explain(y, y)) == "∂y/∂y = 1: it is the node itself"
    z = x.detach() * y
    assert explain(z, x).count == 2
    assert repr(explain(x.detach() * 2, x)).endswith("no path leads from v2 to x")
    assert explain(y, "x").paths[0] == Path((y, x), (3.0,))


# ── the text ──

ARROW = re.compile(r"←\[(\S+)(?: in ([\d,]+) arrows)?\]")
UNLABELLED = re.compile(r"v\d+'*|[a-z_]+\d*\[[\d,t=]+\](#\d+)?")
"""A number in the order of the tape, or a place in a model."""
SHOWN = 1e-3
"""Relative to the sum of sizes: numbers in six digits, or in more where they cancel."""


def the_text_is_right(root: Value, wrt: Value, most: int) -> None:
    """Read all numbers of an explanation back: factors, contributions and the gradient belong together."""
    found = explain(root, wrt, most=most)
    head, *lines = repr(found).replace("\n      ", " ").splitlines()
    gradient = float(re.split("[,:]", head.split(" = ")[1])[0])
    assert gradient == pytest.approx(found.gradient, rel=1e-5, abs=0.0)
    if root is wrt or not found.count:
        assert not lines
        return
    groups = Counter(found.paths)
    amounts = [float(line.split(" along ")[0]) for line in lines if " along " in line]
    if found.count > 1 and "lost" not in lines[-1]:
        assert math.fsum(amounts) == pytest.approx(gradient, rel=2 * SHOWN, abs=1e-300)
    for (path, ways), line in zip(groups.items(), lines, strict=False):
        factors = [(float(text), int((count or "1").replace(",", ""))) for text, count in ARROW.findall(line)]
        product = math.prod(factor for factor, _ in factors)
        each = re.search(r"(\d+) equal paths, (\S+) on each", line)
        assert (int(each[1]) if each else 1) == ways
        amount = float(line.split(" along ")[0]) if found.count > 1 else gradient
        assert (float(each[2]) if each else amount) == pytest.approx(product, rel=SHOWN, abs=0.0)
        assert amount == pytest.approx(ways * product, rel=SHOWN, abs=0.0)
        # Each arrow stands between the names of two nodes.
        nodes = [path.nodes[0]]
        for _, count in factors:
            nodes.append(path.nodes[path.nodes.index(nodes[-1]) + count])
        assert nodes[-1] is wrt
        names = ARROW.sub("←", line.split(": ")[-1].split(" along ")[-1]).split("←")
        assert len(names) == len(nodes)
        for name, node in zip(names, nodes, strict=True):
            assert name.strip().split("#")[0] == node.label or (not node.label and UNLABELLED.fullmatch(name.strip()))
        assert {v.label for v in path.nodes if v.label} <= {name.strip().split("#")[0] for name in names}
        if len(path.partials) <= 8:
            assert [factor for factor, _ in factors] == pytest.approx(path.partials, rel=1e-5, abs=0.0)


@given(strategies.expressions(max_steps=12), st.integers(1, 5), st.integers(0, 3))
def test_factors_make_contributions_and_these_the_gradient(expression: Expression, most: int, labelled: int) -> None:
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate(expression.inputs)]
    root = expression(*inputs)
    for i, v in enumerate(topological_order(root)):
        if labelled and i % labelled == 0 and v.op:
            v.label = f"h{i}"
    for x in inputs:
        if x in topological_order(root):
            the_text_is_right(root, x, most)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_text_is_right_for_every_node_of_a_network(name: str) -> None:
    root = GRAPHS[name]()
    for v in topological_order(root)[::5]:
        the_text_is_right(root, v, 3)


def test_of_a_long_path_the_ends_and_labelled_nodes_are_shown() -> None:
    x = Value(0.5, label="x")
    v = x
    for i in range(40):
        v = v.tanh()
        v.label = "middle" if i == 20 else ""
    text = repr(explain(v, x)).replace("\n     ", "")
    assert [int(n) for n in re.findall(r" in (\d+) arrows", text)] == [15, 17]
    assert len(ARROW.findall(text)) == 4 + 2 + 4
    assert "] middle ←[" in text
    the_text_is_right(v, x, 1)
    u = x
    for i in range(40):
        u = u.tanh()
        u.label = f"h{i}" if i % 2 else ""
    assert " in 2 arrows" not in repr(explain(u, x)), "the name of the node is as short"
    w = x
    for i in range(40):
        w = w.tanh()
        w.label = f"h{i}"
    assert " in " not in repr(explain(w, x))
    assert all(f"h{i} " in repr(explain(w, x)).replace("\n", " ") for i in range(39))


def test_nothing_trivial_is_written() -> None:
    x = Value(3.0, label="x")
    y = x * 2
    y.label = "y"
    assert repr(explain(y, x)) == "∂y/∂x = 2, along the only path\n  y ←[2] x"
    z = y * 1
    z.label = "z"
    assert repr(explain(z, x)) == "∂z/∂x = 2, the product along the only path\n  z ←[1] y ←[2] x"
    assert "\n  2000 along 1,000 equal paths, 2 on each: " in repr(explain(total([y] * 1000), x, most=1000))


def chain(length: int) -> tuple[Value, Value]:
    x = v = Value(1.0, label="x")
    for _ in range(length):
        v = v * 2
    return x, v


@pytest.mark.parametrize(
    ("length", "way"),
    [
        (1, "v1 ←[2] x"),
        (2, "v2 ←[2] v1 ←[2] x"),
        (9, " ←[2] ".join([*(f"v{i}" for i in range(9, 0, -1)), "x"])),
        (10, " ←[2] ".join([*(f"v{i}" for i in range(10, 0, -1)), "x"])),
        (11, "v11 ←[2] v10 ←[2] v9 ←[2] v8 ←[2] v7 ←[8 in 3 arrows] v4 ←[2] v3 ←[2] v2 ←[2] v1 ←[2] x"),
        (12, "v12 ←[2] v11 ←[2] v10 ←[2] v9 ←[2] v8 ←[16 in 4 arrows] v4 ←[2] v3 ←[2] v2 ←[2] v1 ←[2] x"),
    ],
)
def test_a_path_of_up_to_ten_arrows_is_whole(length: int, way: str) -> None:
    x, v = chain(length)
    _, *lines = repr(explain(v, x)).splitlines()
    assert " ".join(" ".join(lines).split()) == way


def test_eight_paths_are_written_out() -> None:
    x = Value(1.0, label="x")
    texts = {n: repr(explain(total([x * (i + 2.0) for i in range(n)]), x)).splitlines() for n in (8, 9, 10)}
    assert [len(lines) for lines in texts.values()] == [9, 10, 10]
    assert texts[8][0] == "∂v9/∂x = 44, the sum of the products along 8 paths"
    assert texts[8][1] == "  9 along v9 ←[1] v8 ←[9] x"
    assert texts[8][8] == "  2 along v9 ←[1] v1 ←[2] x"
    assert texts[9][9] == "  2 along 1 other path"
    assert texts[10][9] == "  5 along 2 other paths"


def test_a_zero_has_no_sign() -> None:
    x = Value(2.0, label="x")
    y = x * 0.0 * -1.0
    assert repr(explain(y, x)) == "∂v2/∂x = 0, the product along the only path\n  v2 ←[-1] v1 ←[0] x"
    assert repr(explain(y + x * -0.0, x)).splitlines() == [
        "∂v4/∂x = 0, the sum of the products along 2 paths",
        "  0 along v4 ←[1] v2 ←[-1] v1 ←[0] x",
        "  0 along v4 ←[1] v3 ←[-0] x",
    ]
    assert repr(explain(total([y, y]), x)).splitlines()[1].startswith("  0 along 2 equal paths, 0 on each: v3 ←[1]")


@pytest.mark.parametrize(
    ("negations", "count", "remainder"),
    [(0, 1000, 999.0), (0, 1001, math.nan), (997, 1000, -999.0), (998, 1000, math.nan)],
)
def test_a_thousand_paths_and_a_million_arrows_are_added_up(negations: int, count: int, remainder: float) -> None:
    """Of more paths, the sum of the others is lost beside the largest. There are 3 nodes more than the negations."""
    x = v = Value(1.0)
    for _ in range(negations):
        v = -v
    found = explain(total([v * 1e20, *[v] * (count - 1)]), x, most=1)
    assert found.count == count
    assert found.remainder == remainder or (math.isnan(found.remainder) and math.isnan(remainder))


def test_a_difference_that_is_more_than_rounding_is_a_remainder() -> None:
    x = v = Value(1.0, label="x")
    for _ in range(12):
        v = v + v * 0.01
    found = explain(v, x, most=1)
    assert found.count == 2**12
    assert found.remainder == pytest.approx(1.01**12 - 1.0, rel=ADDED_UP, abs=0.0)


def test_an_explanation_is_what_it_found_however_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    x, v = chain(8)
    found = explain(v, x)
    wide = repr(found)
    monkeypatch.setenv("COLUMNS", "30")
    assert repr(found) != wide
    assert repr(found).split() == wide.split()
    assert found == explain(v, x)
    with pytest.raises(AttributeError):
        found.count = 2  # type: ignore[misc]


def test_by_a_constant_there_is_no_path() -> None:
    root = Value(3.0, label="x") * 2.0
    found = explain(root, root.operands[1])
    assert (found.gradient, found.count, found.paths, found.remainder) == (0.0, 0, (), 0.0)


def test_a_path_that_begins_small_may_be_the_largest() -> None:
    x = Value(1.0, label="x")
    assert explain(x * 1 + x * 100 * 0.1, x, most=1).paths[0].product == 10.0


def test_the_others_are_added_up_by_themselves() -> None:
    x = Value(1.0, label="x")
    assert explain(x * 1e20 + x * 2 + x * 3, x, most=1).remainder == 5.0
    zero = Value(0.0, label="z")
    assert repr(explain(zero.sqrt() + zero * 2 + zero * 3, zero, most=1)).endswith("5 along 2 other paths")
    v = x
    for _ in range(40):
        v = v + v * 1e-30
    assert "other paths is lost in rounding beside these" in repr(explain(v, x, most=1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: explain(WRONG, WRONG), TypeError, "explain takes a Value, not float 1.0"),
        (lambda: explain(Value(1.0), WRONG), TypeError, "a node is given as a Value or by its name, not as float"),
        (lambda: explain(Value(1.0), Value(2.0)), ValueError, "is no part of the graph of v1"),
        (lambda: explain(Value(1.0), "w"), ValueError, "nothing in this graph is called 'w'"),
        (lambda: explain(Value(1.0, label="x"), "x", most=0), ValueError, "most is a whole number from 1, not 0"),
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


WRONG: Any = 1.0
