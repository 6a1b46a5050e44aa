"""The C text of straight-line programs: compiled and run, cut, rolled and declined."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

import autograd
from autograd import total, where
from autograd.compiler import backends
from autograd.compiler.binding import DeclinedError
from autograd.compiler.native import text
from autograd.compiler.native.text import text_of
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.statements import Named, Slots
from tests.compiler.finding import recording
from tests.compiler.fuzz import compiled
from tests.compiler.graphs import leaves, linear, squares
from tests.compiler.judging import Options, judge
from tests.compiler.random_programs import Array, RandomProgram
from tests.compiler.straight_graphs import CLOSE, WANTED, Truth, chain, close, code_of, compared, everything, numbers
from tests.compiler.straight_programs import Functions, with_lanes
from tests.compiler.test_native_texts import LIMITS


@pytest.fixture
def many_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are cut and rolled wherever they can be."""
    for limit in LIMITS:
        monkeypatch.setattr(*limit)


@pytest.fixture
def in_c(c_compiler: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Makes backend="c" compile for vectors of so many lanes."""
    return lambda lanes: monkeypatch.setitem(backends._MAKERS, "c", lambda code, threads: with_lanes(lanes)(code))


def judged(seed: int) -> None:
    program = RandomProgram(seed)
    verdict = judge(program, lambda program, **options: compiled(program, backend="c", **options), Options.of(program))
    assert not verdict.faults


@pytest.mark.parametrize(("seed", "lanes"), [(3, None), (5, 1), (12, None), (19, 4), (33, 1), (72, None), (128, 2)])
def test_random_programs_in_c(seed: int, lanes: int | None, in_c: Callable[[int | None], None]) -> None:
    in_c(lanes)
    judged(seed)


@pytest.mark.usefixtures("many_loops")
@pytest.mark.parametrize(("seed", "lanes"), [(23, None), (60, 1), (76, None), (232, 1)])
def test_random_programs_cut_and_rolled_in_c(seed: int, lanes: int | None, in_c: Callable[[int | None], None]) -> None:
    in_c(lanes)
    judged(seed)


class Results:
    """Those of the functions in C."""

    def __init__(self, functions: Functions, code: Code, xs: Array, ps: Array, seed: float = 1.0) -> None:
        dtype, n = functions.dtype, xs.shape[1]
        self.roots, self.dx = np.full((len(code.graph.roots), n), np.nan, dtype), np.full(xs.shape, np.nan, dtype)
        self.dp = np.zeros(len(ps), dtype)
        given = np.ascontiguousarray(ps, dtype), np.ascontiguousarray(xs, dtype)
        functions.gradient(*given, seed, self.roots, self.dp, self.dx if code.wanted in ("inputs", "both") else None)
        self.values = np.full_like(self.roots, np.nan)
        functions.value(*given, self.values)


@pytest.mark.parametrize(
    ("lanes", "dtype"), [*((lanes, dtype) for lanes in (1, 2, 4, 8, None) for dtype in CLOSE), (16, "float32")]
)
def test_any_number_of_examples(lanes: int | None, dtype: str, c_compiler: None) -> None:
    graph = everything()
    code = code_of(*graph, dtype=dtype)
    functions = Functions(text_of(code), dtype, lanes)
    ps = numbers(11, 1)[:, 0].astype(dtype).astype(float)
    for n in (1, 3, 8, 13, 16, 100):
        xs = numbers(5, n).astype(dtype).astype(float)
        found, truth = Results(functions, code, xs, ps, 0.25), Truth(*graph, xs, ps, 0.25)
        compared(found, truth, "both", dtype)
        close(found.values, truth.roots, dtype)


@pytest.mark.parametrize("wanted", WANTED)
def test_only_the_gradients_that_are_wanted(wanted: Wanted, c_compiler: None) -> None:
    graph = everything()
    code = code_of(*graph, wanted)
    functions = Functions(text_of(code), "float64", None)
    xs, ps = numbers(5, 11), numbers(11, 1)[:, 0]
    truth, roots = Truth(*graph, xs, ps), np.zeros((6, 11))
    if wanted == "nothing":
        functions.value(ps, xs, roots)
        close(roots, truth.roots)
    else:
        found = Results(functions, code, xs, ps)
        compared(found, truth, wanted)


def test_lanes_in_the_middle_and_sums_that_are_added_to(c_compiler: None) -> None:
    graph = everything()
    code = code_of(*graph)
    functions = Functions(text_of(code), "float64", None)
    xs, ps = numbers(5, 40), numbers(11, 1)[:, 0]
    whole = Results(functions, code, xs, ps)
    roots, dx, dp = np.full((6, 40), 7.0), np.full((5, 40), 7.0), np.full(11, 7.0)
    for first, stop in ((3, 20), (20, 20), (20, 37)):
        functions.gradient(ps, xs, 1.0, roots, dp, dx, first, stop)
    for got, want in ((roots, whole.roots), (dx, whole.dx)):
        close(got[:, 3:37], want[:, 3:37])
        assert (got[:, [*range(3), 37, 38, 39]] == 7.0).all(), "other lanes are left alone"
    ends = Truth(*graph, np.hstack([xs[:, :3], xs[:, 37:]]), ps)
    close(dp - 7.0 + ends.dp, whole.dp)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("lanes", [1, None])
def test_examples_keep_to_themselves(bad: float, lanes: int | None, c_compiler: None) -> None:
    graph = everything()
    code = code_of(*graph)
    functions = Functions(text_of(code), "float64", lanes)
    xs, ps = numbers(5, 21), numbers(11, 1)[:, 0]
    clean = Truth(*graph, xs, ps)
    xs[:, 7] = xs[:, 20] = bad  # The last one is alone in its vector.
    found = Results(functions, code, xs, ps)
    others = np.delete(np.arange(21), [7, 20])
    close(found.roots[:, others], clean.roots[:, others])
    close(found.dx[:, others], clean.dx[:, others])
    roots, dp = np.zeros((6, 21)), np.zeros(11)
    functions.gradient(ps, xs, 1.0, roots, dp, np.zeros((5, 21)), 8, 20)
    close(dp, Truth(*graph, xs[:, 8:20], ps).dp)


SPECIAL: Final = (0.0, -0.0, 1.0, -1.0, 2.0, -3.0, math.inf, -math.inf, math.nan, 1e200, 1e-310)


def test_decided_points_and_branches_that_are_not_taken(c_compiler: None) -> None:
    x, y = leaves(2)
    guarded = where(x, x.log() * y + x.sqrt(), y / x)
    losses = [
        guarded + where(y, where(x, (x * y).log(), x.exp()), 0.0 * x),
        autograd.maximum(x, y) + x.relu() + abs(y) + x.clamp(-1.0, 1.0) + y**2 + autograd.minimum(x, 2.0),
        where(x, autograd.norm([x, y]), autograd.logsumexp([x, y])) + autograd.largest([x, y, 1.0]),
    ]
    xs = np.array([[a, b] for a in SPECIAL for b in SPECIAL]).T
    for loss in losses:
        code, truth = code_of(loss, [x, y], []), Truth(loss, [x, y], [], xs, np.zeros(0))
        for lanes in (1, None):
            found = Results(Functions(text_of(code), "float64", lanes), code, xs, np.zeros(0))
            np.testing.assert_allclose(found.roots, truth.roots, rtol=1e-12)
            np.testing.assert_allclose(found.dx, truth.dx, rtol=1e-12)


def test_long_programs_are_cut_and_keep_much_in_memory(c_compiler: None) -> None:
    rng = np.random.default_rng(3)
    x = leaves(30)
    nodes = [*x]
    for _ in range(900):
        a, b = (nodes[int(rng.integers(0, len(nodes)))] for _ in range(2))
        nodes.append((a * b + 0.25).tanh() if rng.random() < 0.3 else (a - b) * 0.5)
    loss = total(nodes)
    code = code_of(loss, x, [])
    made = text_of(code)
    assert made.source.count("APART void") > 10
    xs = numbers(30, 9)
    truth = Truth(loss, x, [], xs, np.zeros(0))
    for lanes in (1, None):
        found = Results(Functions(made, "float64", lanes), code, xs, np.zeros(0))
        compared(found, truth, "inputs")
        close(found.values, truth.roots)


@pytest.mark.parametrize("part", [12, 10_000])
def test_sums_that_loops_and_functions_share(part: int, c_compiler: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "SHORT", 0)
    monkeypatch.setattr(text, "PART", part)
    x, w, u, v = leaves(3), leaves(12, 3), leaves(11, 12), leaves(10, 11)
    h = [z.tanh() for z in linear(w, x)]
    loss = squares(linear(v, [z.sin() for z in linear(u, h)])) + squares(h)
    code = code_of(loss, x, [w, u, v])
    made = text_of(code)
    assert "memory[k" in made.source, "a loop over sums"
    xs, ps = numbers(3, 5), numbers(len(code.recording.parameters), 1)[:, 0]
    found = Results(Functions(made, "float64", 4), code, xs, ps)
    compared(found, Truth(loss, x, [w, u, v], xs, ps), "both")
    close(found.values, found.roots)


def test_a_chain_is_compiled_as_a_loop(c_compiler: None) -> None:
    graph = chain(2000)
    code = code_of(*graph)
    made = text_of(code)
    assert len(made.source.splitlines()) < 80
    xs, ps = numbers(1, 9), np.array([0.9, 0.1])
    compared(Results(Functions(made, "float64", None), code, xs, ps), Truth(*graph, xs, ps), "both")


def test_a_program_that_takes_long_to_compile_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST", 50)
    x = leaves(30)
    with pytest.raises(DeclinedError, match=r"parts of sums.*compile"):
        text_of(code_of(total([(a * b).tanh() for a, b in zip(x, x[7:], strict=False)]), x, []))


def test_wide_matrices_are_left_to_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = leaves(5), leaves(6, 5)
    code = code_of(squares(linear(w, x)), x, w)
    assert text_of(code).source
    monkeypatch.setattr(text, "WIDE", 29)
    with pytest.raises(DeclinedError, match="it multiplies 30 weights for each example, which BLAS does in less time"):
        text_of(code)


def test_names_are_no_code(c_compiler: None) -> None:
    x = leaves(2)
    found = recording([x[0] * x[1]], x, [])
    for label in ("*/ #error", "/* x", "a\n#error", "\\", "// \\", "\u202e*/ #error /*"):
        code = Code(found._replace(names=[Named(label, Slots("x", np.arange(2)))]), "inputs", "float64")
        results = Results(Functions(text_of(code), "float64", 1), code, np.array([[2.0], [3.0]]), np.zeros(0))
        assert results.roots[0, 0] == 6.0
