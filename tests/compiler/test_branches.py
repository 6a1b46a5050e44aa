"""Programs with `where`, against the eager sweep of the branch that Python takes."""

import math
from collections.abc import Callable, Sequence
from itertools import count, product
from random import Random
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, dot, hypot, logsumexp, norm, softmax, total, where, xlogy
from autograd.compiler.branches import guarded
from autograd.compiler.canonical import canonical
from autograd.compiler.pipeline import Code
from autograd.compiler.reading import scalars
from autograd.compiler.scalars import LINEAR, ONE, OPERATION, Scalars
from autograd.compiler.schedule import PASSING
from autograd.compiler.statements import Product
from tests.compiler.blocks import BLOCKS, WILD, fuzz_bent, fuzz_gate, fuzz_spread, own
from tests.compiler.evaluating import Errors, Evaluator
from tests.compiler.finding import recording
from tests.compiler.fuzz import report
from tests.compiler.graphs import code_of, leaves, products
from tests.compiler.interpreted import interpreted
from tests.compiler.random_programs import Plan, plan_of

Choice = Callable[[Any, Any, Any], Any]
Array = Any
INF, NAN = math.inf, math.nan
HOSTILE: Final = (0.0, -0.0, 1.0, -1.0, 0.25, 2.0, -3.0, INF, -INF, NAN)
NEAR: Final = 1e-12
"""Relative: a few dozen roundings of 1e-16, those of a quotient or a logarithm and of sums in another order."""


def taken(x: Any, a: Any, b: Any) -> Any:
    """The branch that `where` takes, as Python takes it: the graph has no other."""
    return a if (x.data if isinstance(x, Value) else x) > 0.0 else b


def eager(build: Callable[..., Any], choose: Choice, row: Sequence[float]) -> tuple[float, list[float]]:
    """The value of one example and its gradient by each leaf."""
    given = [Value(x) for x in row]
    z = build(choose, *given)
    z = z if isinstance(z, Value) else Value(z)
    z.backward()
    return z.data, [v.grad for v in given]


def otherwise(build: Callable[..., Any], row: Sequence[float]) -> list[list[float]]:
    """The gradient of one example where sums of contributions that are infinite or nan come out otherwise.

    Of x² + x it is u + 2·x·u or u·(1 + 2·x), with the gradient u of the sum: the first is nan for an infinite u and a
    zero x, the second isn't. A finite number stays, so a leak from a branch that isn't taken is none of these.
    """
    given = [Value(x) for x in row]
    z = build(taken, *given)
    evaluator = Evaluator([z if isinstance(z, Value) else Value(z)], given, [])
    return [evaluator.run(row, [], Errors(infinite=x)).by_inputs for x in (NAN, INF, -INF)]


def agree(build: Callable[..., Any], rows: Sequence[Sequence[float]], parameters: int = 0) -> Any:
    """Assert that the compiled program is right for a batch and for each example alone; the program.

    The first leaves are parameters, for which all rows have the numbers of the first.
    """
    rows = [[*rows[0][:parameters], *row[parameters:]] for row in rows]
    found = [eager(build, taken, row) for row in rows]
    for row, (value, gradient) in zip(rows, found, strict=True):
        same(eager(build, where, row)[0], value)
        same(eager(build, where, row)[1], gradient)
    free = [Value(0.25 + 0.01 * i) for i in range(len(rows[0]))]
    program = autograd.compile(
        build(where, *free), tuple(free[parameters:]), parameters=free[:parameters] or None, reduce="sum"
    )
    numbers = np.array(rows)
    values, gradients = np.array([value for value, _ in found]), np.array([gradient for _, gradient in found])
    others = np.array([otherwise(build, row) for row in rows])
    if parameters:
        program.parameters[:] = numbers[0, :parameters]
    for part in (slice(None), *(slice(i, i + 1) for i in range(len(rows)))):
        columns, by, also = numbers[part, parameters:].T, gradients[part], others[part].transpose(1, 0, 2)
        by_inputs = np.array(program.gradient_of_inputs(*columns)).reshape(-1, len(by)).T
        same(by_inputs, by[:, parameters:], also[:, :, parameters:])
        if parameters:
            losses, each = program.per_example(*columns)
            same(losses, values[part])
            same(each, by[:, :parameters], also[:, :, :parameters])
            _, gradient = program.value_and_grad(*columns)
            finite = np.isfinite(by).all(axis=0)[:parameters]  # Infinities of two examples may meet in either order.
            same(gradient[finite], by[:, :parameters][:, finite].sum(axis=0))
    return program


def same(got: Any, want: Any, others: Any = ()) -> None:
    """Assert that results are the wanted ones to rounding; an infinity or nan may be that of one of the others."""
    got, want = np.array(got, float), np.array(want, float)
    for other in others:
        want = np.where(~np.isfinite(want) & np.isclose(got, other, equal_nan=True), got, want)
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want))
    np.testing.assert_allclose(got, want, rtol=NEAR, atol=NEAR, equal_nan=True)


# ── each kind of branch ──


def weighed(choose: Choice, *v: Value) -> Any:
    """Layers in a branch: matrix products of weights with what may be infinite."""
    w, x = [v[:2], v[2:4], v[4:6]], v[6:]
    given = [x[0].log(), x[1].sqrt()]
    h = [(dot(row, given) + row[0]).tanh() for row in w]
    return choose(x[0], choose(x[1], dot(h, h[::-1]), total(h)), dot(v[:2], x[:2]))


def own_tests(choose: Choice, *v: Value) -> Any:
    """A layer whose nodes have a test each."""
    w, x = [v[:2], v[2:4], v[4:6]], v[6:]
    given = [x[0].reciprocal(), x[1]]
    z = [dot(row, given) for row in w]
    return total(choose(t, s, 0.5) for t, s in zip([x[0], x[1], v[0]], z, strict=True))


def masked(choose: Choice, *x: Value) -> Any:
    """Attention in which each pair of tokens has a test, so that one product serves different guards."""
    tokens = [[x[i].sqrt(), x[i].reciprocal(), x[i + 1]] for i in range(3)]
    scores = [[choose(x[i] - x[j + 1], dot(p, q), 0.25) for j, q in enumerate(tokens)] for i, p in enumerate(tokens)]
    return total(s * (1.0 + 0.1 * k) for k, s in enumerate(s for row in scores for s in row))


def recurrent(choose: Choice, u: Value, *x: Value) -> Any:
    h: Any = u
    for s in x:
        h = choose(s, (h * s.log()).tanh() + u, choose(s + 1.0, h, 0.5))
    return h + 0.0


def of_itself(choose: Choice, w: Value, x: Value, y: Value) -> Any:
    """Tests that depend on the node that they guard."""
    z = w * x
    return choose(z, z * y, 0.0) + choose(y.sqrt() - 1.0, y.sqrt(), 2.0)


def of_parameters(choose: Choice, p: Value, q: Value, x: Value) -> Any:
    """Nodes that no input reaches, in a branch that an input chooses; a branch that a parameter chooses."""
    return choose(x, p.log() * x + p * p * q, p.sqrt()) + choose(p, x.log(), x * q)


def shared(choose: Choice, x: Value, y: Value) -> Any:
    """Nodes of both branches, and of three ways of which two are alike."""
    both, some = x.log(), y.reciprocal()
    return choose(x, both * some, choose(y, some.exp(), both)) + choose(y, choose(x, some, 1.0), choose(x, some, x))


def never(choose: Choice, x: Value, y: Value) -> Any:
    """A branch of a branch that is never taken."""
    return choose(x, choose(x, y, y.log()), choose(x, y.sqrt(), x))


def infinite(choose: Choice, x: Value, y: Value) -> Any:
    return choose(x, (x * INF).tanh() * y, y * NAN) + choose(y, dot([INF, 1.0, -1.0], [x, y, y]), x / 0.0)


def lists(choose: Choice, x: Value, y: Value) -> Any:
    return choose(x, norm([x, y.log()]), 2.0 * y) + choose(x, autograd.largest([y.sqrt(), x]), x + y)


def exponentials(choose: Choice, x: Value, y: Value) -> Any:
    a = choose(y, softmax([x, y, x.reciprocal()])[0], x) + choose(x, y, logsumexp([x.log(), y]))
    return a + choose(y, x, hypot(x * INF, y)) + choose(x, xlogy(x, y), x + y)


def owned(choose: Choice, x: Value, y: Value) -> Any:
    a = choose(x, own(fuzz_gate, x, y.log()), 2.0 * y) + choose(y, own(fuzz_bent, y) / x, x)
    return a + choose(x, own(fuzz_spread, [x, y.sqrt()]), y)


def powers(choose: Choice, x: Value, y: Value) -> Any:
    return choose(x, x**y, choose(y, (-x) ** y, x.asin())) + choose(y, x / y, y.acosh())


def rows(choose: Choice, p: Value, q: Value, *x: Value) -> Any:
    """Sums of weighted terms, some with infinite weights, and of terms that all examples share."""
    terms = [v * (p if i % 2 else q) for i, v in enumerate(x)]
    weights = [INF if i == 3 else 0.5 + i for i, _ in enumerate(terms)]
    return choose(x[0], choose(x[1], dot(weights, terms), p * q + q * q + x[1]), x[0] * q)


def long_recurrence(choose: Choice, *x: Value) -> Any:
    """So many steps that their derivatives are worked out before the sweep."""
    h = [v.tanh() for v in x]
    for i in range(10):
        z = [a * b.log() for a, b in zip(h, x[i % 4 :] + x[: i % 4], strict=True)]
        h = [choose(s, a.tanh(), choose(t, b, a)) for s, t, a, b in zip(x, x[1:] + x[:1], z, h, strict=True)]
    return total(h)


def detached(choose: Choice, x: Value, y: Value) -> Any:
    return choose(x.log().detach(), x.log() * y, x.detach().sqrt() * y)


BUILDS: Final = [
    (weighed, 8, 6),
    (own_tests, 8, 6),
    (masked, 4, 0),
    (recurrent, 4, 1),
    (of_itself, 3, 1),
    (of_parameters, 3, 2),
    (shared, 2, 0),
    (never, 2, 0),
    (infinite, 2, 0),
    (lists, 2, 0),
    (exponentials, 2, 0),
    (owned, 2, 0),
    (powers, 2, 0),
    (detached, 2, 1),
    (rows, 10, 2),
    (long_recurrence, 4, 0),
]


@pytest.mark.parametrize(("build", "leaves", "parameters"), BUILDS, ids=[build.__name__ for build, *_ in BUILDS])
@pytest.mark.parametrize("seed", range(4))
def test_a_branch_that_is_not_taken_leaks_nothing(build: Any, leaves: int, parameters: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.choice(HOSTILE, (40, leaves))
    rows[: 20 if leaves > 2 else 0] = rng.choice(HOSTILE[:7], (20 if leaves > 2 else 0, leaves))
    agree(build, rows.tolist(), parameters)


@pytest.mark.parametrize(("build", "leaves", "parameters"), BUILDS, ids=[build.__name__ for build, *_ in BUILDS])
def test_statements_alone_leak_nothing(build: Any, leaves: int, parameters: int) -> None:
    with interpreted():
        agree(build, np.random.default_rng(9).choice(HOSTILE, (30, leaves)).tolist(), parameters)


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_of_branches_are_the_eager_ones(seed: int) -> None:
    plan = with_branches(seed)
    wrong = report(plan).wrong
    assert not wrong, f"{plan}\n{wrong}"


def with_branches(seed: int) -> Plan:
    """The plan of a seed with blocks of branches for most of its blocks."""
    rng, plan = Random(f"branches {seed}"), plan_of(seed)
    names = [name for name in BLOCKS if "branch" in name and (plan.wild or name not in WILD)]
    return plan._replace(
        blocks=tuple((rng.choice(names) if i % 3 else name, number) for i, (name, number) in enumerate(plan.blocks, 1))
    )


@st.composite
def trees(draw: Any) -> tuple[Callable[..., Any], int]:
    """A function of a choice and so many leaves: singular functions of leaves, put together by `where`, + and ·."""
    leaf = count()
    atoms = draw(st.lists(st.sampled_from([*ATOMS]), min_size=2, max_size=6))
    made = [(name, tuple(next(leaf) for _ in range(ATOMS[name].__code__.co_argcount))) for name in atoms]
    tests = [next(leaf) for _ in range(draw(st.integers(1, 3)))]
    number = len(made)
    for _ in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from(["where", "where", "where", "add", "multiply", "tanh", "half"]))
        a, b = (draw(st.integers(max(0, number - 4), number - 1)) for _ in range(2))
        made.append((name, (draw(st.sampled_from(tests)), a, b)))
        number += 1

    def build(choose: Choice, *v: Value) -> Any:
        nodes: list[Any] = []
        for name, operands in made:
            if name in ATOMS:
                nodes.append(ATOMS[name](*(v[i] for i in operands)))
                continue
            test, a, b = operands
            x, y = nodes[a], nodes[b]
            match name:
                case "where":
                    nodes.append(choose(v[test], x, y))
                case "add":
                    nodes.append(x + y)
                case "multiply":
                    nodes.append(x * y)
                case "tanh":
                    nodes.append(x.tanh())
                case _:
                    nodes.append(0.5 * x)
        return nodes[-1]

    build.__name__ = str(made)  # Hypothesis shows it.
    return build, next(leaf)


ATOMS: Final[dict[str, Callable[..., Value]]] = {
    "leaf": lambda x: +x,
    "log": lambda x: x.log(),
    "sqrt": lambda x: x.sqrt(),
    "rsqrt": lambda x: x.rsqrt(),
    "reciprocal": lambda x: x.reciprocal(),
    "asin": lambda x: x.asin(),
    "acosh": lambda x: x.acosh(),
    "atanh": lambda x: x.atanh(),
    "exp": lambda x: x.exp(),
    "root": lambda x: x**0.5,
    "cube": lambda x: x**-3,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "multiply two": lambda x, y: x * y,
    "xlogy": lambda x, y: xlogy(x, y),
    "norm": lambda x, y: norm([x, y]),
    "logsumexp": lambda x, y: logsumexp([x, y]),
    "weighed": lambda w, u, x, y: dot([w, u], [x, y]),
}


@pytest.mark.parametrize("parameters", [0, 1])
def test_infinite_gradients_are_the_eager_ones_but_for_their_signs_and_nan(parameters: int) -> None:
    for x in HOSTILE:
        agree(lambda _, a, b: a * (b + b * b), [[x, y] for y in HOSTILE], parameters)
        agree(lambda _, a, b: b * (a + a * a), [[x, y] for y in HOSTILE], parameters)


@given(trees(), st.integers(0, 1000), st.integers(0, 3))
@settings(max_examples=120, deadline=None)
def test_nested_branches_leak_nothing(tree: tuple[Any, int], seed: int, parameters: int) -> None:
    build, leaves = tree
    note(build.__name__)
    rng = np.random.default_rng(seed)
    given = [Value(0.5) for _ in range(leaves)]
    tape = Tape(build(where, *given))
    reached = [i for i, v in enumerate(given) if v in tape]
    order = [*rng.permutation(reached).tolist(), *(i for i in range(leaves) if i not in reached)]

    def ordered(choose: Choice, *v: Value) -> Any:
        return build(choose, *(v[order.index(i)] for i in range(leaves)))

    agree(ordered, rng.choice(HOSTILE, (12, leaves)).tolist(), min(parameters, len(reached) - 1))


# ── guards ──


def reached_by(g: Scalars, values: Sequence[float]) -> set[int]:
    """The nodes that a sweep of one example reaches from the first root."""
    found, starts = {int(g.roots[0])}, g.starts.tolist()
    for v in reversed(range(len(g))):
        terms = range(starts[v], starts[v + 1])
        operands = [int(x) for i in terms for x in (g.left[i], g.right[i]) if x != ONE]
        op = g.operations[g.code[v]] if g.kind[v] == OPERATION else ""
        if op == "where":
            test, a, b = (int(g.left[i]) for i in terms)
            operands = [a if values[test] > 0.0 else b]
        found |= {*operands} if v in found and op != "detach" else set()
    return found


@st.composite
def choices(draw: Any) -> tuple[list[Value], list[Value]]:
    """The roots of a graph in which nearly all nodes choose, and its leaves."""
    x = [Value(0.1 * (i + 1)) for i in range(5)]
    nodes = [*x, *(v.exp() for v in x)]
    for name in draw(st.lists(st.sampled_from(["where"] * 6 + ["multiply", "tanh", "detach"]), max_size=14)):
        test, a, b = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(3))
        made = {"multiply": a * b, "tanh": a.tanh(), "detach": a.detach()}
        nodes.append(where(test, a, b) if name == "where" else made[name])
    return [total(nodes[-2:]), nodes[draw(st.integers(0, len(nodes) - 1))]], x


@given(choices())
@settings(max_examples=150)
def test_a_guard_is_above_zero_where_a_sweep_reaches_its_node(graph: tuple[list[Value], list[Value]]) -> None:
    roots, x = graph
    g = guarded(canonical(scalars(recording(roots, x, []))))
    if g.guards is None:
        return
    starts = g.starts
    for row in product((1.0, -1.0), repeat=len(x)):
        values = g.run([], row)
        reached = reached_by(g, values)
        for v in np.flatnonzero(g.kind >= LINEAR).tolist():
            op = g.operations[g.code[v]] if g.kind[v] == OPERATION else ""
            products = op == "" and (g.right[starts[v] : starts[v + 1]] != ONE).any()
            if g.guards[v] != ONE:
                assert (values[g.guards[v]] > 0.0) == (v in reached)
            elif products or op not in ("", "where", "detach"):
                assert v in reached or v > g.roots.max()  # A node that is made for a condition is in no sweep.


def guards_of(root: Value, x: list[Value]) -> tuple[Scalars, dict[str, str]]:
    """The graph, and for each guarded operation how its guard is made."""
    g = guarded(canonical(scalars(recording([root], x, []))))
    assert g.guards is not None
    named = {g.operations[g.code[v]]: int(g.guards[v]) for v in np.flatnonzero(g.guards != ONE).tolist()}
    return g, {op: g.operand(v) if v < g.roots[0] else g.shown(v, g.starts) for op, v in named.items()}


def test_conditions_are_simple() -> None:
    x, y, z = (Value(0.5) for _ in range(3))
    both = where(x, y.log(), y.log() * 2.0)
    assert guards_of(both, [x, y])[1] == {}
    three = where(x, z.sqrt(), where(y, z.sqrt(), z.sqrt() + 1.0))
    assert guards_of(three, [x, y, z])[1] == {}
    assert guards_of(where(x, y.log(), 0.0), [x, y])[1] == {"log": "x0"}
    assert guards_of(where(x, 0.0, y.log()), [x, y])[1] == {"log": "where(x0, 0, 1)"}
    assert guards_of(where(x, where(y, z.log(), 0.0), 0.0), [x, y, z])[1] == {"log": "where(x0, x1, 0)"}
    assert guards_of(where(x, where(y, 0.0, 1.0), z.log()), [x, y, z])[1] == {"log": "where(x0, 0, 1)"}
    shared = where(y, where(x, z.log(), 2.0 * z.log()), 0.0)
    assert guards_of(shared, [x, y, z])[1] == {"log": "x1"}
    either = where(x, z.log(), where(y, z.log(), 0.0))
    assert guards_of(either, [x, y, z])[1] == {"log": "where(x1, 1, x0)"}
    again = where(x, where(y, where(x, z.log(), 2.0), 1.0), 0.0)
    assert guards_of(again, [x, y, z])[1] == {"log": "where(x1, x0, 0)"}
    assert guards_of(where(x, where(x, 0.0, z.log()), y), [x, y, z])[1] == {"log": "0"}


def test_conditions_that_many_nodes_share_stay_few() -> None:
    x = [Value(0.1 * i) for i in range(40)]
    shared = x[0].log()
    z = total(where(v, where(w, shared, 1.0), 2.0) for v, w in zip(x[::2], x[1::2], strict=True))
    g, found = guards_of(z, x)
    assert len(found) == 1
    assert len(g.of("where")) <= 40 + 40
    h: Any = x[0]
    for v in x:
        h = where(v, h.sin(), 0.5)
    g, _ = guards_of(h, x)
    assert len(g.of("where")) <= 40 + 40


def test_programs_without_where_have_no_guards() -> None:
    x = leaves(3)
    code = code_of(total(v.relu().exp() for v in x), x, [])
    assert code.graph.guards is None
    outputs = code_of(where(x[0], x[1].exp(), x[2]), x, [], "nothing")
    assert outputs.graph.guards is None
    assert "guard" not in str(code.program)


def test_a_number_as_a_test_takes_its_branch() -> None:
    x = leaves(2)
    code = code_of(where(1.0, x[0].exp(), x[1]) + where(NAN, x[0], where(dot([2.0], [0.5]), x[1], x[0])), x, [])
    assert code.graph.of("where").tolist() == []
    assert code.graph.guards is None


def products_of(code: Code) -> tuple[int, int]:
    return len(products(code)), len(products(code, "backward"))


def test_a_layer_in_a_branch_has_the_statements_of_any_layer() -> None:
    x, w = leaves(4), leaves(3, 4)
    z = total(dot(row, x).tanh() for row in w)
    inside, outside = code_of(where(x[0], z, 0.0), x, w), code_of(z, x, w)
    assert products_of(inside) == products_of(outside) == (1, 2)
    assert "guard" not in str(inside.program)
    assert inside.completes
    exact = inside.exactly()
    assert products_of(exact) == (1, 2)
    assert "guard" in str(exact.program)
    assert max(s.out.index.size for s in exact.program.backward if s.out.space == "v") == 4  # No weights for each lane.
    assert not exact.completes


def test_derivatives_that_may_be_infinite_have_guards_at_once() -> None:
    x, w = leaves(4), leaves(3, 4)
    given = [(v * v).log() for v in x]
    code = code_of(where(x[0], total(dot(row, given).tanh() for row in w), 0.0), x, w)
    assert products_of(code) == (1, 2)
    assert [s for s in code.program.backward if "guard" in str(s)]


def test_nodes_with_guards_of_their_own_share_a_product_while_numbers_are_finite() -> None:
    x, y = leaves(3, 2), leaves(3, 2)
    q, k = ([[v.reciprocal() for v in row] for row in rows] for rows in (x, y))
    pairs = [(i, j) for i in range(3) for j in range(3)]
    code = code_of(total(where(x[i][0] - y[j][1], dot(q[i], k[j]), 0.0) for i, j in pairs), [x, y], [])
    assert any(isinstance(s, Product) and s.out.index.size == 9 for s in code.program.forward)
    assert code.completes
    apart = code.exactly()
    assert apart.program
    assert not apart.completes


def test_a_choice_between_numbers_passes_no_gradient() -> None:
    x, y = leaves(2)
    code = code_of(where(x.exp(), 1.0, 2.0) * y, [x, y], [], "inputs")
    assert not [s for s in code.program.backward if s.out.space == "dv" and s.out.index.size and s.add]
    (chosen,) = code.graph.of("where")
    assert int(code.schedule.classes[chosen]) not in PASSING


def test_a_gradient_comes_to_a_test_from_elsewhere_alone() -> None:
    x, y = leaves(2)
    code = code_of(where(x.exp(), y, 2.0 * y), [x, y], [], "inputs")
    assert code.program.run(np.zeros(0), np.array([[INF], [2.0]]))["dx"].tolist() == [[0.0], [1.0]]
    assert "exp" not in "".join(map(str, code.program.backward))
    once = code_of(where(x.exp(), y, 2.0 * y) + x.exp() * y, [x, y], [], "inputs")
    (exp,) = once.graph.of("exp")
    slot = once.layout.slot[exp]
    assert len([s for s in once.program.backward if s.out.space == "dv" and slot in s.out.index]) == 1
    assert "0.0 +" not in once.floats.source.split("def value_and_grad")[1]
    assert "+ 0.0" not in once.floats.source.split("def value_and_grad")[1]
