"""The scalar graph: its text, and the nodes and terms that it drops."""

from typing import Any

import numpy as np
import pytest

import autograd
from autograd import dot, softmax, total
from autograd.compiler.reading import scalars
from autograd.compiler.scalars import INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from tests.compiler.finding import recording
from tests.compiler.graphs import leaves


def graph(roots: Any, x: Any, p: Any = ()) -> Scalars:
    return scalars(recording(roots, x, p))


@pytest.mark.parametrize(("terms", "more"), [(1, ""), (8, ""), (9, " + … 1 more"), (12, " + … 4 more")])
def test_eight_terms_of_a_sum_are_shown(terms: int, more: str) -> None:
    x = leaves(terms)
    shown = " + ".join(f"x{i}" for i in range(min(terms, 8)))
    assert str(graph([total(x)], x)).splitlines() == [f"{terms} leaves", f"[{terms}] = {shown}{more}"]


@pytest.mark.parametrize(("operands", "more"), [(1, ""), (8, ""), (9, ", …"), (12, ", …")])
def test_eight_operands_of_an_operation_are_shown(operands: int, more: str) -> None:
    x = leaves(operands)
    shown = ", ".join(f"x{i}" for i in range(min(operands, 8)))
    assert str(graph([autograd.largest(x)], x)).splitlines()[1] == f"[{operands}] = largest({shown}{more})"


@pytest.mark.parametrize(("nodes", "more"), [(199, ""), (200, ""), (201, "… 1 more"), (1700, "… 1,500 more")])
def test_two_hundred_nodes_are_shown(nodes: int, more: str) -> None:
    (v,) = x = leaves(1)
    for _ in range(nodes):
        v = v.tanh()
    shown = [f"[{i}] = tanh([{i - 1}])" for i in range(2, min(nodes, 200) + 1)]
    assert str(graph([v], x)).splitlines() == ["1 leaves", "[1] = tanh(x0)", *shown, *[more] * bool(more)]


def test_text_of_terms() -> None:
    x, p = leaves(2), leaves(2)
    made = [x[0] * 2.5 + 0.0, 2.0 - x[1], p[0] * x[0] - p[1], total([x[0] * 0.5, x[1].exp()])]
    assert str(graph(made, x, p)).splitlines()[1:] == [
        "[2] = x0·2.5",
        "[4] = [2] + 0",
        "[7] = 2 + -1·x1",
        "[9] = p0·x0",
        "[11] = [9] + -1·p1",
        "[13] = x0·0.5",
        "[14] = exp(x1)",
        "[15] = [13] + [14]",
    ]


X, P = leaves(4), leaves(2)
READINGS: dict[str, tuple[Any, list[str]]] = {
    "add": (X[0] + P[0], ["x0 + p0"]),
    "sum": (sum(X[:2]), ["0 + x0", "[2] + x1"]),
    "total": (total([*X[:2], P[0]]), ["x0 + x1 + p0"]),
    "total of one": (total(X[1:2]), ["x1"]),
    "mean": (autograd.mean([X[0], P[0], X[1], X[2]]), ["0.25·x0 + 0.25·p0 + 0.25·x1 + 0.25·x2"]),
    "subtract": (X[0] - P[0], ["x0 + -1·p0"]),
    "negative and positive": (-(+X[0]), ["x0", "-1·[1]"]),
    "multiply": (X[0] * P[0], ["x0·p0"]),
    "square": (X[0].square(), ["x0·x0"]),
    "a power of two": (X[1] ** 2, ["x1·x1"]),
    "other powers": (
        X[1] ** 3 + 2.0 ** X[0] + X[0] ** P[0],
        ["power(x1, 3)", "power(2, x0)", "[2] + [5]", "power(x0, p0)", "[6] + [8]"],
    ),
    "a power of two of a sum": ((X[0] + P[0]) ** 2, ["x0 + p0", "[2]·[2]"]),
    "a sum divided by 4": ((X[0] + P[0]) / 4.0, ["x0 + p0", "0.25·[2]"]),
    "a sum divided by what has no inverse": ((X[0] + P[0]) / 1e-309, ["x0 + p0", "divide([2], 1e-309)"]),
    "divided by 4": (X[1] / 4.0, ["0.25·x1"]),
    "divided by what has no inverse": (X[1] / 1e-309, ["divide(x1, 1e-309)"]),
    "divided by what has a subnormal inverse": (X[1] / 1e308, ["divide(x1, 1e+308)"]),
    "divide": (X[0] / P[0], ["divide(x0, p0)"]),
    "dot": (dot([X[0], P[0], X[2]], [X[1], X[3], P[1]]), ["x0·x1 + p0·x3 + x2·p1"]),
    "logsumexp": (
        autograd.logsumexp([X[0], P[0], X[2]]),
        [
            "largest(x0, p0, x2)",
            "detach([3])",
            "shift(x0, [4])",
            "shift(p0, [4])",
            "shift(x2, [4])",
            "exp([5])",
            "exp([6])",
            "exp([7])",
            "[8] + [9] + [10]",
            "log([11])",
            "[4] + [12]",
        ],
    ),
    "softmax": (
        softmax([X[0], P[0]])[1],
        [
            *("largest(x0, p0)", "detach([2])", "shift(p0, [3])", "exp([4])", "shift(x0, [3])", "exp([6])"),
            *("[7] + [5]", "divide([5], [8])"),
        ],
    ),
    "log_softmax": (
        autograd.log_softmax([X[0], P[0]])[1],
        [
            *("largest(x0, p0)", "detach([2])", "shift(p0, [3])", "shift(x0, [3])", "shift(p0, [3])"),
            *("exp([5])", "exp([6])", "[7] + [8]", "log([9])", "[4] + -1·[10]"),
        ],
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_operations_are_read_as_simpler_ones(name: str) -> None:
    root, lines = READINGS[name]
    g = graph([root], X, P)
    values = g.run([v.data for v in P], [v.data for v in X])
    assert values[g.roots[0]] == pytest.approx(root.data, rel=1e-15, abs=0.0)
    assert [line.partition(" = ")[2] for line in str(g).splitlines()[1:]] == lines


def test_a_graph_of_leaves_has_no_terms() -> None:
    g = graph([X[0], P[0]], X, P)
    assert [len(column) for column in (g.owner, g.coefficient, g.left, g.right)] == [0, 0, 0, 0]
    assert g.run([7.0], [5.0]) == [5.0, 7.0]


def test_sums_of_one_are_kept() -> None:
    for root, kept in (
        (sum(X[:2]), [True, False]),
        (total(X[:1]), [True]),
        (X[0] + X[1], [False]),
        (0.0 + X[0], [True]),
        (X[0] + 0.0, [True]),
    ):
        g = graph([root], X)
        assert g.kept[g.kind == LINEAR].tolist() == kept
    g = graph([X[0] + 1.0], X)
    assert not g.kept.any()


def by_hand() -> Scalars:
    """v2 = 3 + 2·x0·p0 - p0, v3 = exp(v2), v4 = 0, v5 = v3·v3 and v6 = -x0, of which v3 is the root."""

    def ints(*numbers: int) -> Any:
        return np.array(numbers, np.int32)

    return Scalars(
        kind=np.array([INPUT, PARAMETER, LINEAR, OPERATION, LINEAR, LINEAR, LINEAR], np.int8),
        code=ints(0, 0, 0, 0, 0, 0, 0),
        number=np.array([0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0]),
        leaf=ints(0, 0, 0, 0, 0, 0, 0),
        kept=np.array([False, False, True, False, False, False, False]),
        owner=ints(2, 2, 3, 5, 6),
        coefficient=np.array([2.0, -1.0, 1.0, 1.0, -1.0]),
        left=ints(0, 1, 2, 3, 0),
        right=ints(1, ONE, ONE, 3, ONE),
        roots=ints(3),
        operations=["exp"],
    )


def test_a_graph_runs_node_by_node() -> None:
    g = by_hand()
    v2 = 3.0 + 2.0 * 0.5 * 4.0 - 4.0
    exp = float(np.exp(v2))
    assert g.run([4.0], [0.5]) == pytest.approx([0.5, 4.0, v2, exp, 0.0, exp * exp, -0.5], rel=1e-15, abs=0.0)
    assert str(g).splitlines() == [
        "2 leaves",
        "[2] = 3 + 2·x0·p0 + -1·p0",
        "[3] = exp([2])",
        "[4] = 0",
        "[5] = [3]·[3]",
        "[6] = -1·x0",
    ]
    assert g.starts.tolist() == [0, 0, 0, 2, 3, 3, 4, 5]
    assert g.in_linear.tolist() == [True, True, False, True, True]
    assert g.reads(PARAMETER).tolist() == [True, True, False, False, False]
    assert g.reads(INPUT, OPERATION).tolist() == [True, False, False, True, True]
    assert g.counts(g.reads(PARAMETER)).tolist() == [0, 0, 2, 0, 0, 0, 0]
    assert (g.of("exp").tolist(), g.of("log").tolist()) == ([3], [])
    assert g.used().tolist() == [True, True, True, True, False, False, False]


def test_nodes_that_no_root_reads_are_dropped() -> None:
    g = by_hand()
    g.compact()
    assert str(g).splitlines() == ["2 leaves", "[2] = 3 + 2·x0·p0 + -1·p0", "[3] = exp([2])"]
    assert (g.roots.tolist(), g.kept.tolist(), g.owner.tolist()) == ([3], [False, False, True, False], [2, 2, 3])
    kind = g.kind
    g.compact()
    assert g.kind is kind
    # The leaf that goes first lets all numbers after it change.
    g.replace(np.array([1, 1, 2, 3], np.int32))
    g.compact()
    assert str(g).splitlines() == ["1 leaves", "[1] = 3 + 2·p0·p0 + -1·p0", "[2] = exp([1])"]
    assert (g.roots.tolist(), g.right.tolist()) == ([2], [0, ONE, ONE])


def test_terms_are_kept_or_put_in_another_order() -> None:
    g = by_hand()
    g.keep_terms(np.array([1, 0, 2, 3]))
    assert str(g).splitlines()[1] == "[2] = 3 + -1·p0 + 2·x0·p0"
    g.keep_terms(g.owner != 5)
    assert str(g).splitlines()[4] == "[5] = 0"
