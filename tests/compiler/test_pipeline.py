"""The two kinds of code, the choice between them, deep and long graphs, and the text of all stages."""

import math
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, total
from autograd.compiler import pipeline
from autograd.compiler.expressions import number
from autograd.compiler.floats import TERMS
from autograd.compiler.pipeline import BLOCKS, CACHE, Code
from autograd.compiler.statements import Product
from tests.compiler.finding import culprit, recording
from tests.compiler.graphs import code_of, flat, graphs, leaves, linear, squares
from tests.compiler.random_programs import RandomProgram

WANTED = ("both", "parameters", "inputs", "nothing")


def eager(roots: list[Value], x: list[Value], p: list[Value]) -> tuple[list[float], list[float]]:
    """The roots, and the gradient of the first by the inputs and then the parameters."""
    for leaf in (*x, *p):
        leaf.grad = 0.0
    roots[0].backward()
    return [root.data for root in roots], [leaf.grad for leaf in (*x, *p)]


def close(got: Any, want: Any) -> None:
    want = np.asarray(want, float)
    finite = np.abs(want[np.isfinite(want)])
    np.testing.assert_allclose(got, want, rtol=0.0, atol=1e-12 * max(1.0, float(finite.max(initial=0.0))))


# ── Python over floats ──


@given(graphs(), st.sampled_from(WANTED))
def test_floats_are_the_eager_engine(graph: Any, wanted: Any) -> None:
    roots, x, p = graph
    values, by = eager(*graph)
    floats = Code(recording(roots, x, p), wanted, "float64").floats
    numbers = [v.data for v in (*x, *p)]
    close(floats.value(*numbers), values)
    value, found = floats.value_and_grad(*numbers)
    close(value, values[0])
    close(found, {"both": by, "inputs": by[: len(x)], "parameters": by[len(x) :], "nothing": []}[wanted])


@pytest.mark.parametrize("seed", range(0, 80, 4))
def test_floats_of_random_programs(seed: int) -> None:
    program = RandomProgram(seed)
    if program.plan.wild:
        return
    roots = [program.loss, *program.outputs]
    floats = Code(recording(roots, program.leaves, program.parameters), "both", "float64").floats
    values, by = eager(roots, program.leaves, program.parameters)
    numbers = [v.data for v in (*program.leaves, *program.parameters)]
    close(floats.value(*numbers), values)
    found = floats.value_and_grad(*numbers)
    close(found[0], values[0])
    close(found[1], by)


@pytest.mark.parametrize("number", [0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, -745.2, 3.0])
def test_floats_take_every_float(number: float) -> None:
    x, p = Value(number), Value(2.0)
    roots = [
        (x * x).log() + x.exp() * p + x / (x * x) + x.sqrt() + x.tanh(),
        x * 0.0 + 1.0,
        x - x,
        x**3 + x**p + p**x + abs(x),
        autograd.softmax([x, p, x * 2.0])[0],
        autograd.logsumexp([x, p]) + autograd.maximum(x, 0.0) + autograd.norm([x, p]),
    ]
    for root in roots:
        code = Code(recording([root], [x], [p]), "both", "float64")
        values, by = eager([root], [x], [p])
        np.testing.assert_allclose(code.floats.value(number, 2.0), values, rtol=1e-12)
        value, found = code.floats.value_and_grad(number, 2.0)
        np.testing.assert_allclose(value, values[0], rtol=1e-12)
        if all(map(math.isfinite, by)):
            np.testing.assert_allclose(found, by, rtol=1e-12, atol=1e-300)


def test_text_over_floats() -> None:
    x, p = Value(0.5), Value(2.0)
    floats = Code(
        recording([2.0 * x * p - x.square() - 3.0 + x.detach() * -1.5 + p], [x], [p]), "both", "float64"
    ).floats
    assert floats.source.splitlines() == [
        "def value(x0, p0):",
        "    v3 = -3.0 + 2.0 * p0 * x0 - x0 * x0 - 1.5 * x0 + p0",
        "    return [v3]",
        "",
        "",
        "def value_and_grad(x0, p0):",
        "    v3 = -3.0 + 2.0 * p0 * x0 - x0 * x0 - 1.5 * x0 + p0",
        "    dp0 = 2.0 * x0 + 1.0",
        "    dx0 = 2.0 * p0 - 2.0 * x0",
        "    return v3, (dx0, dp0,)",
    ]


def test_numbers_of_every_kind_in_text_over_floats() -> None:
    x = Value(0.5)
    for c in (math.inf, -math.inf, math.nan, -0.0, -2.5, 1e-320):
        root = autograd.maximum(x, c) + c * x + c
        floats = Code(recording([root], [x], []), "inputs", "float64").floats
        np.testing.assert_array_equal(floats.value(0.5), [root.data])
    floats = Code(recording([(x + 1.0).operands[1], x], [x], []), "inputs", "float64").floats
    assert floats.value_and_grad(3.0) == (1.0, (0.0,))


@pytest.mark.parametrize("n", [1, TERMS - 1, TERMS, TERMS + 1, 2 * TERMS, 5 * TERMS + 3])
def test_long_sums_over_floats(n: int) -> None:
    x, p = leaves(n), Value(0.5)
    roots = [total([v * v for v in x]) * p - 1.0 + total(v.tanh() - v for v in x), total(x) + 2.0]
    values, by = eager(roots, x, [p])
    floats = Code(recording(roots, x, [p]), "both", "float64").floats
    numbers = [*(v.data for v in x), 0.5]
    close(floats.value(*numbers), values)
    close(floats.value_and_grad(*numbers)[1], by)
    # Many nodes that read one leaf.
    root = total([(p * v).tanh() for v in x])
    floats = Code(recording([root], x, [p]), "parameters", "float64").floats
    close(floats.value_and_grad(*numbers)[1], eager([root], [], [p])[1])


# ── which code runs ──


def test_one_example_of_an_irregular_graph_runs_over_floats() -> None:
    x, p = leaves(3), leaves(3)
    irregular = (x[0] * p[0] + x[1]).tanh().exp() * x[2].sin() / (p[1] ** 2 + 1.0)
    code = code_of([irregular, x[0] + p[0]], x, p)
    assert code.irregular
    y, w = leaves(60), leaves(60, 60)
    wide = Code(recording([squares([v.tanh() for v in linear(w, y)])], y, flat(w)), "both", "float64")
    assert not wide.irregular
    single = Code(code.recording, "both", "float32")
    assert not single.irregular


@pytest.mark.parametrize("wanted", WANTED)
def test_both_kinds_of_code_are_bound_alike(wanted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, p, unused = leaves(3), leaves(2, 4), leaves(2)
    h = [v.tanh() for v in linear([r[:3] for r in p], x, [r[3] for r in p])]
    # Of several roots all are asked for without gradients.
    roots = [h[0] * h[1].exp() + 1.0, h[0], x[2] * p[0][0]][: 3 if wanted == "nothing" else 1]
    found = recording(roots, [unused[0], *x], [*flat(p), unused[1]])
    parameters = np.array([*(w.data for w in flat(p)), 7.0])
    results = []
    for irregular in (True, False):
        monkeypatch.setattr(Code, "irregular", irregular)
        code = Code(found, wanted, "float64")
        assert code.input_slots.tolist() == [0, 1, 2, 3]
        assert code.layout.sizes["x"] == 5  # with a slot of 1
        gradient = np.full(9, math.nan)
        bound = code.bind(1, parameters, gradient)
        assert ("kernel" in vars(code)) != irregular
        bound.inputs[code.input_slots, 0] = [0.0, *(v.data for v in x)]
        bound.seed[:] = 0.5
        bound.forward()
        roots_found = bound.roots.copy()
        if wanted != "nothing":
            bound.backward()
        by = None if bound.input_gradient is None else bound.input_gradient[code.input_slots, 0]
        results.append((roots_found, gradient, by))
    (a, da, xa), (b, db, xb) = results
    close(a, b)
    close(a[:, 0], [root.data for root in roots])
    if wanted in ("both", "parameters"):
        close(da, db)
        assert da[8] == 0.0
    if wanted in ("both", "inputs"):
        close(xa, xb)
        assert xa is not None
        assert xa[0] == 0.0
    assert (xa is None) == (xb is None) == (wanted in ("parameters", "nothing"))


def test_blocks_fit_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    x, p = leaves(3), leaves(3)
    small = code_of(x[0] * p[0], x[:1], p)
    assert small.block == BLOCKS[1]
    many = leaves(300)
    large = code_of(total([v.tanh().exp() for v in many]), many, [])
    assert large.block == BLOCKS[0]
    monkeypatch.setattr(pipeline, "BLOCKS", (1, 1 << 40))
    middle = code_of(total([v.tanh().exp() for v in many[:5]]), many[:5], [])
    assert middle.block == CACHE // (8 * 2 * (5 + 5 + 5 + 1 + 1))
    assert Code(middle.recording, "both", "float32").block == CACHE // (4 * 2 * 17)
    w = leaves(4, 3)
    assert code_of(squares(linear(w, x)), x, w).block == 0  # Matrices are best whole.
    assert code_of(squares(linear(w[:1], x)), x, w).block > 0
    assert code_of(squares(linear([[c.detach().tanh() for c in r] for r in w], x)), x, w).block > 0


def test_facts() -> None:
    x, w = leaves(3), leaves(4, 3)
    facts = code_of(squares([v.tanh() for v in linear(w, x)]), x, w).facts
    assert tuple(facts.products[0]) == ("of nodes", 1, 4, 1, 3)
    assert (facts.nodes, facts.groups) == (9, 3)
    assert facts.bytes_of_parameters == 8 * 12
    assert facts.irregular == ()
    assert facts.calls[0] == 3
    (y,) = x = leaves(1)
    for _ in range(6):
        y = y.tanh().exp()
    assert code_of(y, x, []).facts.irregular == ((12, "no other does the same at its time"),)


def test_all_facts_of_a_layer() -> None:
    x, w = leaves(3), leaves(4, 3)
    code = code_of(squares([v.tanh() for v in linear(w, x)]), x, w)
    facts, program = code.facts, code.program
    assert [s.out.index.size for s in program.forward] == [4, 4, 1]
    assert (facts.maps, facts.elements) == (1, 4)
    assert facts.calls == (3, len(program.backward))
    assert facts.bytes_per_example == 8 * 2 * (3 + 1 + 4 + 4 + 1)  # Values and gradients, and a slot of zero.
    assert facts.overhead == pytest.approx(pipeline.STEP + pipeline.CALL * (3 + len(program.backward)))
    work = 0.0
    for s in (*program.forward, *program.backward):
        work += s.out.index.size * (s.left.index.shape[2] / 8.0 if isinstance(s, Product) else 1.0)
    assert facts.seconds_per_example == pytest.approx(pipeline.WORK * work)
    assert facts.block == code.block == 0
    assert (facts.nodes, facts.groups, facts.irregular) == (9, 3, ())


def test_nodes_on_their_own_are_told_where_they_are_many() -> None:
    for count in (pipeline.FEW, pipeline.FEW + 1):
        (y,) = x = leaves(1)
        for i in range(count):
            y = y.tanh() if i % 2 else y.exp()
        wanted = ((count, "no other does the same at its time"),) if count > pipeline.FEW else ()
        assert code_of(y, x, []).facts.irregular == wanted


def test_names_in_an_array_program() -> None:
    x, y = autograd.inputs(2, 2), autograd.inputs(2, name="y")
    w, u = leaves(2, 3), leaves(2, 2)
    h = [v.tanh() for row in x for v in linear([r[:2] for r in w], row, [r[2] for r in w])]
    z = linear(u, h[2:]) + linear([h[:2], h[2:]], y)
    program = autograd.compile(squares(z), (x, y), parameters={"w": w, "u": u})
    code = program._parts["loss"].code
    assert isinstance(code, pipeline.Code)
    # After each row of x lies a 1 for the bias.
    names = {name: (slots.space, slots.index.tolist()) for name, slots in code.program.names}
    assert names["w"] == ("p", [[0, 1, 2], [3, 4, 5]])
    assert names["u"] == ("p", [[6, 7], [8, 9]])
    assert names["x"] == ("x", code.input_slots[:4].reshape(2, 2).tolist()) != ("x", [[0, 1], [2, 3]])
    assert names["y"] == ("x", code.input_slots[4:].tolist())
    assert {fact.name for fact in code.facts.products} == {"w", "u", "of nodes"}


def test_where_python_over_floats_is_quicker() -> None:
    """Two groups, and as many terms as make up for their calls, by the seconds that were measured."""
    limit = (pipeline.STEP + 2 * pipeline.GROUP) / (pipeline.TERM - pipeline.WORK)
    for n in (int(limit // 2), int(limit // 2) + 1):
        x = leaves(n)
        code = code_of(total([v.tanh() for v in x]), x, [])
        assert (len(code.schedule.groups), len(code.graph.owner)) == (2, 2 * n)
        assert code.irregular == (2 * n < limit)


def test_only_code_whose_rows_are_completed_may_run_again() -> None:
    x = leaves(4)
    h = [v.tanh() for v in x]
    rows = recording([total([total(h[:n]).exp() for n in (4, 3)])], x, [])
    code = Code(rows, "both", "float64")
    assert not code.completes
    assert code.program
    assert code.completes
    assert not code_of(total(h), x, []).completes


def test_a_trace_shows_every_stage() -> None:
    x, w = leaves(3), leaves(4, 3)
    trace = code_of(squares([v.tanh() for v in linear(w, x)]), x, w).trace()
    titles = [line for line in trace.splitlines() if line.startswith("── ")]
    assert titles == [
        f"── {title} ──"
        for title in ("the tape, read as scalars", "canonical form", "schedule", "array program", "text")
    ]
    assert "4 × tanh" in trace


# ── no recursion ──


@pytest.fixture
def shallow() -> Any:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


DEEP = 20_000


def chain(steps: int) -> tuple[Value, Value, Value]:
    """A chain of different operations, with its input and its parameter."""
    x, p = Value(0.3), Value(0.7)
    y = x
    for i in range(steps):
        y = (y * p).tanh() if i % 2 else y.sin() + p
    return y, x, p


@pytest.mark.usefixtures("shallow")
def test_a_long_chain_over_floats() -> None:
    y, x, p = chain(DEEP // 2)
    code = Code(recording([y], [x], [p]), "both", "float64")
    assert len(code.graph) > DEEP // 2
    assert code.irregular
    values, by = eager([y], [x], [p])
    value, found = code.floats.value_and_grad(0.3, 0.7)
    close(value, values[0])
    close(found, by)


@pytest.mark.usefixtures("shallow")
def test_a_long_chain_of_sums_and_a_long_sum() -> None:
    x, p = Value(0.3), leaves(100)
    y, z = x, x * 0.0
    for i in range(DEEP):
        y = y + p[i % 100] if i % 3 else p[i % 100] - y
        z = z + x * p[(7 * i) % 100]
    wide = total([p[i % 100] * x * (1.0 + i) for i in range(DEEP)])
    roots = [y * 1e-3 + z, wide]
    code = Code(recording(roots, [x], p), "both", "float64")
    values, by = eager(roots, [x], p)
    numbers = [0.3, *(w.data for w in p)]
    for got, want in zip(code.floats.value(*numbers), values, strict=True):
        assert math.isclose(got, want, rel_tol=1e-10)
    np.testing.assert_allclose(code.floats.value_and_grad(*numbers)[1], by, rtol=1e-9)
    memory = code.program.run(np.array(numbers[1:]), np.array([[0.3, 0.3]]))
    np.testing.assert_allclose(memory["v"][code.program.roots.index], np.array([values] * 2).T, rtol=1e-10)
    np.testing.assert_allclose(memory["dp"][:, 0] / 2.0, by[1:], rtol=1e-9)


@pytest.mark.usefixtures("shallow")
def test_a_long_sum_of_different_nodes() -> None:
    x = leaves(DEEP)
    weighed = total(0.01 * i * x[i] * x[i - 1] for i in range(DEEP))
    root = total(x) + total(v * v for v in x) + total(x[i].tanh() for i in range(0, DEEP, 20)) + weighed
    code = Code(recording([root], x, []), "inputs", "float64")
    memory = code.program.run(np.zeros(0), np.array([[v.data] for v in x]))
    values, by = eager([root], x, [])
    close(memory["v"][code.program.roots.index][:, 0], values)
    np.testing.assert_allclose(memory["dx"][code.input_slots, 0], by, rtol=1e-12, atol=1e-13 * max(map(abs, by)))
    program = autograd.compile(root, x)
    close(program.value([v.data for v in x]), values[0])
    close(program.value([[v.data for v in x]] * 2), values[0])


@pytest.mark.usefixtures("shallow")
def test_a_long_chain_of_statements() -> None:
    y, x, p = chain(DEEP // 10)
    code = Code(recording([y], [x], [p]), "both", "float64")
    values, by = eager([y], [x], [p])
    memory = code.program.run(np.array([0.7]), np.array([[0.3, 0.3]]))
    close(memory["v"][code.program.roots.index][0], values * 2)
    close(memory["dx"][code.input_slots[0]], [by[0]] * 2)
    close(memory["dp"][0] / 2.0, by[1])


def test_the_finder_names_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = leaves(3), leaves(4, 3)
    found = recording([squares([v.tanh() for v in linear(w, x)])], x, flat(w))
    assert culprit(found, "both") == ""

    def planted(place: str, change: Any) -> str:
        with monkeypatch.context() as m:
            module, name = place.rsplit(".", 1)
            original = getattr(sys.modules[module], name)
            m.setattr(place, change(original))
            return culprit(found, "both")

    def spoiled_fold(fold: Any) -> Any:
        def other(g: Any) -> Any:
            g.coefficient = g.coefficient * 1.01
            return fold(g)

        other.__name__ = "fold"
        return other

    assert planted("autograd.compiler.canonical.fold", spoiled_fold).startswith("fold: the roots are")
    assert "of forward[0]" in planted(
        "autograd.compiler.linear.Product", lambda p: lambda out, x, y, f, *a: p(out, x, y, 1.5 * f, *a)
    )
    assert "the gradient of" in planted(
        "autograd.compiler.adjoint.times", lambda times: lambda a, b: times(number(1.5), times(a, b))
    )
    assert planted("autograd.compiler.floats._product", lambda product: partial(product, "1.5")).startswith("floats:")

    def raising(_: Any) -> Any:
        raise RuntimeError("planted")

    assert planted("autograd.compiler.pipeline.scheduled", lambda _: lambda *a, **_: raising(a)).startswith(
        "RuntimeError in"
    )
