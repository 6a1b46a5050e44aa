"""The machine against eager graphs: all operations, batches of any size, branches, sums over lanes, every processor."""

import math
import random
import re
import threading
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autograd
from autograd import Value, dot, largest, maximum, norm, optim, softmax, total, train, where
from autograd.compiler.binding import UnavailableError
from autograd.compiler.native import check, extension, machine
from autograd.compiler.native.extension import native
from autograd.compiler.native.instructions import FORMS, files, instructions
from autograd.compiler.native.machine import WIDTHS, program_of
from autograd.compiler.native.planning import Terms, codes, order_of, shared_registers
from autograd.compiler.native.recipes import contributed, valued
from autograd.compiler.native.streams import Writer
from autograd.compiler.native.sweeps import flow_of
from autograd.compiler.native.uniform import lanes_of, with_copies
from autograd.compiler.pipeline import Code
from autograd.compiler.scalars import INPUT, ONE, PARAMETER, Scalars
from autograd.engine import ieee, rules
from autograd.formula.cases import WORDS, rule
from autograd.operations import OPERATIONS
from tests.compiler.finding import recording
from tests.compiler.fuzz import compiled, explained, report
from tests.compiler.graphs import leaves, restart
from tests.compiler.judging import Compiled
from tests.compiler.random_programs import RandomProgram
from tests.points import ROWS

pytestmark = pytest.mark.usefixtures("extension")

Array = NDArray[Any]

ROUNDING: Final = {"float64": 1e-12, "float32": 2e-4}
"""Relative to the largest number: sums are made in another order, and float32 has 24 bits."""
TRAINED: Final = 1e-10
"""After sixty steps, each of which rounds in another way."""
ROUNDINGS: Final = 1e-15
"""Of a few roundings, relative to one result."""
SIZES: Final = (1, 2, 3, 7, 8, 9, 16, 17, 31, 33, 64, 100, 257, 600)
"""Batches that end inside a vector, at its end, and after several blocks."""


def on_machine(program: RandomProgram, **options: Any) -> Compiled:
    return compiled(program, **{**options, "backend": "native"})


# ── the instructions ──


def test_each_rule_of_numbers_has_an_instruction_for_its_value_and_one_for_each_derivative() -> None:
    stated = [op for op in vars(rules) if op in OPERATIONS and not rule(op).of_sequences]
    assert len(stated) > 50
    for op in stated:
        assert codes()[op][1] == rule(op).operands
        for operand in rule(op).operands:
            assert f"{op} by {operand}" in codes()
        for x, number in FORMS.get(op, ()):
            assert f"{op} {x}={number!r}" in codes()
            assert all(f"{op} by {y} {x}={number!r}" in codes() for y in rule(op).operands if y != x)


def test_each_word_has_an_instruction() -> None:
    of_lists = {word for word in WORDS if any("list" in str(p) for p in annotations(word))}
    assert "total" in of_lists
    for word in {*WORDS} - of_lists:
        assert f"word_{word}({', '.join(['{}'] * len(annotations(word)))})" in codes(), word


def annotations(word: str) -> list[Any]:
    """The types of the operands of a word, from its source, for a compiled function has none."""
    text = Path(ieee.__file__).with_name("ieee.py").read_text(encoding="utf-8")
    if f"def {word}(" not in text:
        return ["float"]
    return text.split(f"def {word}(")[1].split(")")[0].split(", ")


def test_operations_that_do_the_same_share_an_instruction() -> None:
    made = instructions()
    assert len({i.text.split(", ", 1)[1] for i in made}) == len(made)
    assert codes()["exp by x"][0] == codes()["multiply"][0] == codes()["({} * {})"][0]


def test_the_extension_is_made_of_the_files_that_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    text = files(["any"])["names.h"]
    assert native().digest in text
    extension.installed.cache_clear()
    monkeypatch.setattr(extension, "digest", lambda: "another")
    try:
        assert extension.installed() is None
        with pytest.raises(UnavailableError, match="makes it, once, with a C compiler"):
            check()
    finally:
        extension.installed.cache_clear()


def test_files_name_their_processors() -> None:
    found = files(["avx512", "avx2", "any"])
    assert found["processors.h"] == "#define PROCESSORS(X) X(avx512) X(avx2) X(any)\n"
    assert "#define LANES 16" in found["machine_float_avx512.c"]
    assert "#define OF_NUMBERS avx2" in found["machine_double_avx512.c"]
    assert "machine_double_one_avx512.c" not in found
    assert "LANES" not in files(["any"], here=True)["machine_double_any.c"]


# ── random programs ──


@pytest.mark.parametrize("piece", range(4))
def test_random_programs_are_the_eager_ones(piece: int) -> None:
    on = partial(report, make=on_machine)
    wrong = [found for found in map(on, range(piece * 40, (piece + 1) * 40)) if found.wrong]
    assert not wrong, f"{len(wrong)} wrong, the first:\n{wrong[0].wrong}\n{explained(wrong[0].seed, on)}"


def test_every_kind_of_processor_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = native().processors()
    assert kinds[-1] == "any"
    for kind in kinds:
        monkeypatch.setattr(machine, "best_processor", lambda kind=kind: kind)
        wrong = [found for seed in range(200, 230) if (found := report(seed, on_machine)).wrong]
        assert not wrong, (kind, wrong[0])


def test_an_unknown_processor_is_refused() -> None:
    g, counts = graph(leaves() * 2.0)
    with pytest.raises(ValueError, match="not there for a processor of the kind z80"):
        program_of(g, counts, (), "float64", single=True, processor="z80")


def graph(root: Value, *inputs: Value, parameters: Sequence[Value] = ()) -> tuple[Scalars, dict[int, int]]:
    code = Code(recording([root], inputs, parameters), "both", "float64")
    return code.graph, {PARAMETER: len(parameters), INPUT: len(inputs)}


# ── operations ──


def close(found: Any, wanted: Any, rounding: float = ROUNDINGS) -> bool:
    return bool(found == pytest.approx(wanted, rel=rounding, abs=0.0, nan_ok=True))


@pytest.mark.parametrize("n", [1, 3])
def test_points_where_a_derivative_is_a_choice(n: int) -> None:
    cases = [case for row in ROWS for case in row.cases]
    assert len(cases) > 80
    for case in cases:
        xs = [Value(x) for x in case.operands]
        root = case.operation(*xs)
        eager = root.data
        root.backward()
        ys = tuple(leaves(len(xs)))
        program = autograd.compile(case.operation(*ys), ys, parameters=[], reduce=None, backend="native")
        assert program.backend == "native"
        value, slopes = program.value_and_grad(*(np.full(n, x) for x in case.operands))
        slopes = slopes if isinstance(slopes, tuple) else (slopes,)
        assert close(value.tolist(), [eager] * n), case
        for slope, x in zip(slopes, xs, strict=True):
            assert close(slope.tolist(), [x.grad] * n, 10.0 * ROUNDINGS), (case, slope, x.grad)


LISTS: Final = [op for op, row in OPERATIONS.items() if row.of_sequences and row.recorded]


@pytest.mark.parametrize("op", LISTS)
def test_rules_of_lists_are_cut_into_words(op: str) -> None:
    r = rule(op)
    for length in (1, 2, 5):
        assert valued(op, (), length).results == (len(valued(op, (), length).steps) - 1,)
        for by in r.operands:
            assert len(contributed(op, by, (), length).results) == length


def test_a_users_operations_run() -> None:
    @autograd.operation
    def softsign(x):  # type: ignore[no-untyped-def]
        z = x / (1 + abs(x))
        return z, 1 / (1 + abs(x)) ** 2

    @autograd.operation
    def tilted(xs, ys):  # type: ignore[no-untyped-def]
        z = sum([x * y if x > y else y for x, y in zip(xs, ys, strict=True)])
        by_xs = [y if x > y else 0.0 for x, y in zip(xs, ys, strict=True)]
        by_ys = [x if x > y else 1.0 for x, y in zip(xs, ys, strict=True)]
        return z, by_xs, by_ys

    @autograd.operation
    def kept(x):  # type: ignore[no-untyped-def]
        return x, 1.0

    def function(x: Value, y: Value, z: Value) -> Value:
        return softsign(x * y) + tilted([x, y, kept(z)], [z, softsign(z), x]) * kept(2.0 * y)

    compare(function, 3, np.random.default_rng(0).normal(size=(40, 3)))


def compare(function: Any, count: int, rows: Array, dtype: Any = "float64") -> None:
    """Values and gradients of a function of numbers, for a batch and for its first row, against eager ones."""
    program = autograd.compile(function, ((),) * count, dtype=dtype, reduce=None, backend="native")
    wanted = [eager(function, row) for row in rows.astype(dtype).astype(float).tolist()]
    for n in (1, len(rows)):
        value, slopes = program.value_and_grad(*rows[:n].T.astype(dtype))
        slopes = np.array(slopes if isinstance(slopes, tuple) else (slopes,)).T
        for got, want in ((value, [z for z, _ in wanted[:n]]), (slopes, [d for _, d in wanted[:n]])):
            largest = np.abs(np.array(want)[np.isfinite(want)]).max(initial=0.0)
            np.testing.assert_allclose(got, want, rtol=ROUNDING[dtype], atol=ROUNDING[dtype] * largest)


def eager(function: Any, row: Sequence[float]) -> tuple[float, list[float]]:
    xs = [Value(x) for x in row]
    root = function(*xs)
    root.backward()
    return root.data, [x.grad for x in xs]


# ── lanes ──


def mixed(w: list[Value], x: list[Value], t: Value) -> Value:
    """A loss in which some nodes depend on parameters alone, and operations read both kinds."""
    scale = w[0].exp() + w[1] * w[2]
    ridge = total([v * v for v in w]) * 0.1
    a = maximum(x[0] * scale, w[3]) + where(x[1], abs(x[0] / w[2]).log(), scale * ridge.tanh())
    b = softmax([a, x[1] * w[1] + w[0], scale])
    c = norm([b[0] * x[0], w[3], b[2]]) + largest([a, scale, x[1]]) + dot(b, [scale, a, x[0]])
    return (c * scale - t).square() + ridge + where(w[1], x[0] * x[1], w[2])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_batches_of_every_size(dtype: Any) -> None:
    w, x, t = leaves(4), leaves(2), leaves()
    program = autograd.compile(mixed(w, x, t), (x, t), parameters=w, reduce="sum", dtype=dtype, backend="native")
    rng = np.random.default_rng(1)
    xs, ts = rng.normal(size=(SIZES[-1], 2)).astype(dtype), rng.normal(size=SIZES[-1]).astype(dtype)
    program.parameters[:] = np.array([0.3, 0.4, -0.7, 0.2])
    numbers = program.parameters.astype(float).tolist()
    found = []
    for row, target in zip(xs.astype(float).tolist(), ts.astype(float).tolist(), strict=True):
        ws = [Value(v) for v in numbers]
        root = mixed(ws, [Value(v) for v in row], Value(target))
        root.backward()
        found.append([root.data, *(v.grad for v in ws)])
    for n in SIZES:
        value, gradient = program.value_and_grad(xs[:n], ts[:n])
        wanted = np.sum(found[:n], axis=0)
        size = np.abs(found[:n]).sum(axis=0).max()
        np.testing.assert_allclose([value, *gradient], wanted, rtol=0.0, atol=ROUNDING[dtype] * size)
        assert program.value(xs[:n], ts[:n]) == pytest.approx(value, rel=ROUNDING[dtype], abs=0.0)


def test_lanes_behind_the_last_one_count_for_nothing() -> None:
    """Their inputs are those of other lanes, and make infinite derivatives."""
    w, x = leaves(), leaves()
    program = autograd.compile((w * x).sqrt(), x, parameters=[w], reduce="sum", backend="native")
    program.parameters[:] = 1.0
    for n in range(1, 40):
        xs = np.full(n, 4.0)
        assert program.value_and_grad(xs)[1].tolist() == [n]
        xs[0] = 0.0  # The first lane stands for those that are missing.
        assert math.isnan(program.value_and_grad(xs)[1][0])


def test_a_loss_without_inputs_counts_for_each_example() -> None:
    w, x = leaves(2), leaves()
    loss = w[0] * w[1] + 0.0 * w[0]
    program = autograd.compile(loss, x, parameters=w, reduce="sum", outputs=[x * w[0], w[1]], backend="native")
    program.parameters[:] = [2.0, 3.0]
    for n in (1, 5, 70):
        value, gradient = program.value_and_grad(np.ones(n))
        assert (value, gradient.tolist()) == (6.0 * n, [3.0 * n, 2.0 * n])
        assert program.outputs(np.full(n, 5.0)).tolist() == [[10.0, 3.0]] * n


def test_inputs_without_an_effect_have_gradients_of_zero() -> None:
    x, y, z = leaves(3)
    program = autograd.compile(x * x + y.detach() * 2.0, (x, y, z), parameters=[], reduce="sum", backend="native")
    for n in (1, 9):
        rows = np.arange(1.0, n + 1.0)
        found = program.gradient_of_inputs(rows, rows, rows)
        assert [part.tolist() for part in found] == [(2.0 * rows).tolist(), [0.0] * n, [0.0] * n]


def test_a_call_with_floats_skips_those_that_nothing_reads() -> None:
    (unused, x, y), w = autograd.inputs(3), Value(0.5)
    loss = x * y.exp()
    for values in ((7.0, 2.0, 3.0), (7.0, -1.0, 0.5)):
        alone = autograd.compile(loss, (unused, x, y), backend="native")
        other = autograd.compile(loss * w, (unused, x, y), parameters=[w], backend="native")
        value, (by_unused, by_x, by_y) = alone.value_and_grad(*values)
        z = values[1] * math.exp(values[2])
        assert (value, by_x, by_unused, by_y) == pytest.approx((z, z / values[1], 0.0, z), rel=ROUNDINGS, abs=0.0)
        assert other.value_and_grad(*values)[1] == pytest.approx([z], rel=ROUNDINGS, abs=0.0)


def test_a_branch_that_is_not_taken_passes_nothing_on() -> None:
    def function(x: Value, y: Value) -> Value:
        return where(x, x.log() * (y / x).sqrt(), y * y) + where(y, where(x, (x * y).rsqrt(), x), 2.0 * x)

    rows = np.array([*product((-1.0, 0.0, 2.0, 0.5), (-3.0, 0.0, 0.25, 1.0))])
    compare(function, 2, rows)
    compare(function, 2, rows, "float32")


def test_the_test_of_a_branch_gets_no_gradient() -> None:
    """Not even 0 times a derivative that is infinite."""
    compare(lambda x, y: where(x.log(), y, 2.0 * y) + x, 2, np.array([[0.0, 3.0], [5.0, 1.0]]))


def test_a_node_of_parameters_in_a_branch_is_reached_in_some_lanes_alone() -> None:
    w, x = leaves(), leaves()
    program = autograd.compile(where(x, w.log(), x), x, parameters=[w], reduce="sum", backend="native")
    program.parameters[:] = 0.0
    assert program.value_and_grad([-1.0, -2.0])[1].tolist() == [0.0]
    assert program.value_and_grad([-1.0, 2.0])[1].tolist() == [math.inf]


FLOATS: Final = st.floats(-1e150, 1e150) | st.sampled_from([math.inf, -math.inf, math.nan])
"""Those whose squares are in range: no term of a sum may be infinite on the way if its result isn't."""


@given(numbers=st.lists(FLOATS, min_size=1, max_size=20))
def test_any_floats(numbers: list[float]) -> None:
    def function(x: Value) -> Value:
        return (x * x - 3.0 * x).sigmoid() + maximum(x, 0.5) * abs(x) - (x / 7.0).tanh()

    with np.errstate(all="ignore"):
        program = autograd.compile(function, ((),), reduce=None, backend="native")
        value, slope = program.value_and_grad(np.array(numbers))
    for x, z, d in zip(numbers, value.tolist(), slope.tolist(), strict=True):
        wanted, (derivative,) = eager(function, [x])
        assert close(z, wanted, ROUNDING["float64"])
        size = ROUNDING["float64"] * max(1.0, min(abs(x), 1e150))
        assert d == pytest.approx(derivative, rel=ROUNDING["float64"], abs=size, nan_ok=True)


def test_threads_share_nothing() -> None:
    w, x = leaves(4), leaves(2)
    loss = mixed(w, x, Value(0.5))
    g, counts = graph(loss, *x, parameters=w)
    capsule = program_of(g, counts, (PARAMETER, INPUT), "float64", single=False)
    n = 3 * WIDTHS[-1] + 5
    rows = np.random.default_rng(2).normal(size=(2, n))
    p = np.array([0.3, 0.4, -0.7, 0.2])

    def run(found: list[Array]) -> None:
        dp, dx, roots = np.zeros(4), np.zeros((2, n)), np.zeros((1, n))
        bound = native().Bound(native().Code(capsule), n, p, rows, roots, gradient=dp, input_gradient=dx, work=1e6)
        for _ in range(20):
            bound.gradient()
        found += [dp, dx, roots]

    several: list[list[Array]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=run, args=(found,)) for found in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found in several[1:]:
        for mine, first in zip(found, several[0], strict=True):
            assert mine.tolist() == first.tolist()


# ── shapes of graphs ──


def test_long_chains_and_wide_sums() -> None:
    def chain(x: Value, y: Value) -> Value:
        for _ in range(5000):
            x = (x * y + 0.1).sin()
        return x

    compare(chain, 2, np.array([[0.3, 0.9], [0.5, -0.8], [1.0, 0.2]]))

    def wide(x: Value, y: Value) -> Value:
        return total([x * (k / 300.0) + y * x * k for k in range(300)]) + total([x, y, x, y, 1.0])

    compare(wide, 2, np.array([[0.3, 0.9], [0.5, -0.8]]))


def test_the_same_node_twice() -> None:
    def function(x: Value, y: Value) -> Value:
        z = x * y
        return z * z + (z + z) * x + maximum(z, z) + dot([z, z, x], [z, x, x])

    compare(function, 2, np.random.default_rng(0).normal(size=(20, 2)))


def test_graphs_without_operations() -> None:
    compare(lambda x: x, 1, np.array([[2.0], [3.0]]))
    compare(lambda x: 3.0 - x, 1, np.array([[2.0], [3.0]]))
    compare(lambda x, y: x - y, 2, np.array([[2.0, 5.0], [3.0, 0.0]]))


def test_zeros_keep_their_signs() -> None:
    def function(x: Value, y: Value) -> Value:
        return (x * y).reciprocal() + 1.0 / (x + y)

    rows = np.array([*product((0.0, -0.0), (0.0, -0.0, 1.0, -1.0))])
    program = autograd.compile(function, ((), ()), reduce=None, backend="native")
    for n in (1, len(rows)):
        value, _ = program.value_and_grad(*rows[:n].T)
        assert close(value.tolist(), [eager(function, row)[0] for row in rows[:n].tolist()])


# ── trainings ──


OPTIMIZERS: Final[dict[str, Any]] = {
    "SGD": lambda of: optim.SGD(of, lr=0.05),
    "momentum": lambda of: optim.SGD(of, lr=0.02, momentum=0.9, nesterov=True),
    "Adam": lambda of: optim.Adam(of, lr=0.01),
    "AdamW": lambda of: optim.AdamW(of, lr=0.01, weight_decay=0.1),
    "RMSprop": lambda of: optim.RMSprop(of, lr=0.01),
    "Adagrad": lambda of: optim.Adagrad(of, lr=0.05),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trainings_are_those_in_python(name: str) -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(23, 2)), rng.normal(size=23)
    found = []
    for backend in ("numpy", "native"):
        restart()
        w, x, t = leaves(7), leaves(2), leaves()
        loss = (w[6] * (w[0] * x[0] + w[1] * x[1] + w[2]).tanh() + w[5] * (w[3] * x[0] + w[4]).relu() - t).square()
        program = autograd.compile(loss, (x, t), parameters=w, backend=backend)
        optimizer = OPTIMIZERS[name](program)
        history = train.fit(program, data, optimizer, epochs=20, batch_size=10, rng=random.Random(1))
        found.append((history.losses, program.parameters.tolist()))
    for mine, wanted in zip(found[1], found[0], strict=True):
        assert mine == pytest.approx(wanted, rel=TRAINED, abs=TRAINED)


# ── parts of the preparation ──


@st.composite
def terms(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], int]:
    """Terms (owner, left, right) in ascending order of owners, which read earlier nodes, and the number of nodes."""
    n = draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    found = draw(st.lists(st.tuples(node, node, node), max_size=25))
    rows = sorted((max(row), *sorted(row)[:2]) for row in found if max(row) > sorted(row)[1])
    return [(v, x, y if draw(st.booleans()) else ONE) for v, x, y in rows], n


def terms_object(rows: list[tuple[int, int, int]], n: int) -> Terms:
    columns = np.array(rows, np.int32).reshape(-1, 3).T
    owner, left, right = map(np.ascontiguousarray, columns)
    return Terms(owner, left, right, n)


@given(given=terms(), data=st.data())
def test_marks_and_levels(given: tuple[list[tuple[int, int, int]], int], data: st.DataObject) -> None:
    rows, n = given
    found = terms_object(rows, n)
    marks, allowed = (np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool) for _ in range(2))
    passes = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool)
    readers, operands, levels = marks.copy(), marks.copy(), [0] * n
    for (v, x, y), passing in zip(rows, passes, strict=True):
        read = [z for z in (x, y) if z != ONE]
        readers[v] |= passing and any(readers[z] for z in read)
        levels[v] = max(levels[v], *(levels[z] + 1 for z in read))
    for (v, x, y), passing in [*zip(rows, passes, strict=True)][::-1]:
        for z in (x, y):
            if z != ONE and passing and operands[v] and allowed[z]:
                operands[z] = True
    assert found.readers(marks, passes).tolist() == readers.tolist()
    assert found.operands(marks, passes, allowed).tolist() == operands.tolist()
    assert found.levels().tolist() == levels


@given(keys=st.lists(st.integers(0, 9)))
def test_the_order_of_keys_is_stable(keys: list[int]) -> None:
    assert order_of(np.array(keys, np.int32), 10).tolist() == sorted(range(len(keys)), key=keys.__getitem__)


@given(rows=st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_a_register_is_not_used_again_before_it_is_read_last(rows: list[list[int]]) -> None:
    reads = [[x for x in row if x < i] for i, row in enumerate(rows)]
    owner = np.array([i for i, row in enumerate(reads) for _ in row], np.int32)
    operands = np.array([x for row in reads for x in row], np.int32)
    registers, count = shared_registers(owner, operands, len(rows))
    held: dict[int, int] = {}
    for i, row in enumerate(reads):
        assert all(held[int(registers[x])] == x for x in row)
        held[int(registers[i])] = i
    assert count == len({*registers.tolist()})


@given(st.integers(0, 1 << 20), st.sampled_from(["float64", "float32"]))
def test_a_block_is_as_wide_as_fits_into_the_cache(vectors: int, dtype: str) -> None:
    width, (least, most) = machine._width(vectors, dtype), WIDTHS
    size = np.dtype(dtype).itemsize * vectors
    assert width % least == 0
    assert least <= width <= most
    assert width == least or width * size <= machine.CACHE
    assert width == most or (width + least) * size > machine.CACHE


def test_the_register_of_zeros_is_counted() -> None:
    x, y = leaves(2)
    g, counts = graph(x * x, x, y)
    made = Writer(flow_of(g, counts, (INPUT,), single=False), single=False).written()
    *_, zeros, end = made.backward.words.tolist()
    assert (zeros, end) == (made.vectors - 1, 0)


def test_arrays_of_the_wrong_kind_are_refused() -> None:
    good = np.zeros(3, np.int32)
    with pytest.raises(TypeError, match="array 0 has items of 8 bytes, not of 4"):
        native().sort_keys(good.astype(np.int64), np.zeros(2, np.int64), good.copy())
    with pytest.raises(TypeError, match="3 arrays are needed, not 1"):
        native().sort_keys(good)
    with pytest.raises(TypeError, match="bytes-like"):
        native().number_levels(None, good, good, good)
    with pytest.raises(TypeError, match="arrays are needed"):
        native().machine("any", "float64", good)


def test_operations_read_copies_of_what_all_examples_share() -> None:
    w, x = leaves(), leaves()
    g, _ = graph(maximum(w * w, x) + maximum(x, 2.0), x, parameters=[w])
    found, lanes = with_copies(g, lanes_of(g))
    copies = [line for line in str(found).splitlines() if line.endswith((" = [1]", " = 2"))]
    assert len(copies) == 2
    assert lanes.sum() == len(found) - 3  # All but the parameter, the number and the product.


def test_the_text_of_a_program_has_values_and_derivatives() -> None:
    w, x = leaves(), leaves()
    program = autograd.compile((w * x).tanh() - x, x, parameters=[w], backend="native")
    assert str(program.source).splitlines() == [
        "v2 = p0·x0",
        "v3 = tanh(v2)",
        "v4 = v3 + -1·x0",
        "d8 = tanh by x(seed, v3)",
        "d10 = d8·x0",
        "gradient of p0: d10",
    ]
    assert "canonical form" in str(program.trace())
    assert str(program.report()).splitlines() == [
        "3 nodes, 1 parameter",
        "about 12 operations on each example, several examples at a time",
        "8 bytes of parameters",
        "back end native: backend='native'",
    ]
    assert program.facts.operations == 3 * 4
    assert str(program).splitlines()[-1] == "  3 nodes as about 12 operations on each example"


def test_the_text_of_a_large_program_is_cut() -> None:
    def lines(n: int) -> list[str]:
        x = leaves(n)
        loss = total([v.exp() * v for v in x]) + 0.5 * largest(x)
        return str(autograd.compile(loss, tuple(x), parameters=[], backend="native").source).splitlines()

    assert [line for line in lines(300) if re.fullmatch(r"… [1-9],\d{3} more", line)]
    assert any(line.endswith(" + … 13 more") for line in lines(20))
