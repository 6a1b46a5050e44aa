"""The text of array programs against their interpreter."""

import ast
import tracemalloc
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, maximum, total
from autograd.compiler.kernel import Kernel
from autograd.compiler.merging import with_merged_sums
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import ArrayProgram, Index, Map, Memory, Named, Product, Slots, Statement
from autograd.formula.cases import Expression, names_in
from tests.compiler.finding import recording
from tests.compiler.graphs import leaves

SIZES = {"p": 24, "c": 6, "u": 60, "x": 24, "v": 260, "s": 1}
"""The greatest array has 4 × 4 × 4 × 4 slots."""
TOLERANCE = {"float64": 1e-9, "float32": 2e-3}
"""Relative to the largest number: sums are taken in another order, and errors grow through a chain of statements."""


def name(text: str) -> Expression:
    return Expression("name", (text,))


def infix(sign: str, a: Expression, b: Expression) -> Expression:
    return Expression("infix", (sign, a, b))


def call(word: str, *arguments: Expression) -> Expression:
    return Expression("call", (word, *arguments))


A, B, C = map(name, "abc")
EXPRESSIONS = [
    A,
    infix("*", A, B),
    infix("-", A, infix("*", B, C)),
    call("tanh", infix("+", A, B)),
    infix("+", infix("*", A, Expression("number", (0.5,))), B),
    Expression("choice", (Expression("comparison", (">", A, B)), call("tanh", C), A)),
    infix("*", call("sigmoid", A), call("sigmoid", B)),
]
LISTS = [
    call("greatest", A),
    call("total", A),
    infix("+", call("total", A), B),
    Expression("each", (infix("*", Expression("element", ("a",)), B), "a")),
    Expression("each", (infix("-", Expression("element", ("a",)), Expression("element", ("c",))), "a", "c")),
]


class Programs:
    """Random programs. Nothing is read before it is written, but zeros, and no statement reads what it writes."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.fresh = {"v": 0, "u": 0}

    def index(self, size: int, shape: tuple[int, ...], *, apart: bool = False) -> Index:
        """Slots of a space of some size: affine, of mixed radix, or without order."""
        kind = self.rng.choice(["dense", "turned", "strided", "repeated", "mixed", "any"])
        count = int(np.prod(shape))
        if count > size:
            return np.full(shape, self.rng.randrange(size))
        if kind == "any":
            picked = self.rng.sample(range(size), count) if apart else self.rng.choices(range(size), k=count)
            return np.array(picked, np.intp).reshape(shape)
        step = self.rng.choice([1, 1, 2]) if kind == "strided" and 2 * count <= size else 1
        start = self.rng.randrange(size - step * count + 1)
        index = start + step * np.arange(count)
        if kind in ("turned", "mixed"):
            axes = self.rng.sample(range(len(shape)), len(shape))
            index = index.reshape([shape[a] for a in axes]).transpose(np.argsort(axes)).ravel()
        if kind == "mixed" and count % 6 == 0:
            index = index.reshape(-1, 3, 2).swapaxes(-1, -2).ravel()
        index = index.reshape(shape)
        if kind == "repeated" and not apart:
            axis = self.rng.randrange(len(shape))
            index = np.broadcast_to(np.take(index, [0], axis), shape)
        return index.astype(np.intp)

    def operand(self, shape: tuple[int, ...], spaces: str, taken: set[int]) -> Slots:
        """Slots to read, none of them in `taken` where they are of v."""
        for _ in range(20):
            space = self.rng.choice(spaces.split())
            if int(np.prod(shape)) > self.size(space):
                continue
            index = self.index(self.size(space), shape)
            if self.rng.random() < 0.15:
                index = np.full(shape, index.flat[0])
            if space not in ("v", "dv") or not taken & {*index.ravel().tolist()}:
                return Slots(space, index)
        return Slots("c", np.zeros(shape, np.intp))

    def size(self, space: str) -> int:
        return SIZES[space.removeprefix("d")] if space != "s" else 1

    def shape(self, dimensions: int) -> tuple[int, ...]:
        return tuple(self.rng.choice([1, 2, 2, 3, 4]) for _ in range(dimensions))

    def out(self, shape: tuple[int, ...], space: str, *, add: bool) -> Slots:
        while int(np.prod(shape)) > self.size(space):
            space = "dv" if "d" in space else "v"
        index = self.index(self.size(space), shape, apart=not add)
        if add and self.rng.random() < 0.3:
            index = self.rng.randrange(4) + np.indices(shape).sum(0)  # Windows that overlap.
        return Slots(space, index)

    def statement(self, outs: str, spaces: str) -> Statement:
        """One that writes some slots of `outs` and reads others of `spaces`."""
        out, add = self.rng.choice(outs.split()), self.rng.random() < 0.5
        if self.rng.random() < 0.45:
            c, f, p, t = self.shape(4)
            c = self.rng.choice([1, c])
            target = self.out((c, f, p), out, add=add)
            taken = {*target.index.ravel().tolist()}
            left, right = (self.operand(shape, spaces, taken) for shape in ((c, f, t), (c, p, t)))
            return Product(target, left, right, self.rng.choice([1.0, 1.0, -1.0, 0.5]), add)
        shape = self.shape(self.rng.choice([1, 2, 2, 3]))
        if self.rng.random() < 0.25:
            return self.listed(shape, out, spaces, add=add)
        target = self.out(shape, out, add=add)
        taken = {*target.index.ravel().tolist()}
        e = self.rng.choice(EXPRESSIONS)
        return Map(target, e, {n: self.operand(shape, spaces, taken) for n in sorted(names_in(e))}, add=add)

    def listed(self, shape: tuple[int, ...], out: str, spaces: str, *, add: bool) -> Map:
        e = self.rng.choice(LISTS)
        row = (*shape, self.rng.choice([1, 2, 3]))
        target = self.out(row if e.form == "each" else shape, out, add=add)
        taken = {*target.index.ravel().tolist()}
        names = sorted(names_in(e))
        given = {n: self.operand(shape if n == "b" else row, spaces, taken) for n in names}
        return Map(target, e, given, frozenset({*names} - {"b"}), add)

    def part(self, outs: str, spaces: str, count: int) -> list[Statement]:
        """Some statements, some of them several times at slots that lie further on."""
        made: list[Statement] = []
        for _ in range(count):
            body = [self.statement(outs, spaces) for _ in range(self.rng.choice([1, 1, 2]))]
            steps = self.rng.choice([1, 1, 1, 4])
            apart = self.rng.choice([1, 2, 5])
            for t in range(steps):
                made += [moved for s in body if (moved := self.moved(s, t * apart)) is not None]
        return made

    def moved(self, s: Statement, by: int) -> Statement | None:
        def move(slots: Slots) -> Slots:
            return Slots(slots.space, slots.index + by if slots.space in ("v", "dv") else slots.index)

        every = [s.out, *(s.operands.values() if isinstance(s, Map) else (s.left, s.right))]
        if any(slots.index.max() + by >= self.size(slots.space) for slots in every if slots.space in ("v", "dv")):
            return None
        if isinstance(s, Map):
            return Map(move(s.out), s.expression, {n: move(x) for n, x in s.operands.items()}, s.rows, s.add)
        return Product(move(s.out), move(s.left), move(s.right), s.factor, s.add)

    def program(self) -> ArrayProgram:
        constants = np.array([0.5, -1.5, 2.0, 0.25, 3.0, -0.75])
        forward = [*self.part("u", "p c", 1), *self.part("v", "p c u x v v v", self.rng.randrange(1, 5))]
        backward = self.part("dp dv dv dv dx", "p c u x v dv dv s", self.rng.randrange(5))
        roots = Slots("v", self.index(SIZES["v"], (self.rng.choice([1, 4]),)))
        return ArrayProgram(SIZES, constants, (), tuple(forward), tuple(backward), roots)


def agree(found: Any, wanted: Any, tolerance: float) -> bool:
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    return found.shape == wanted.shape and np.allclose(found, wanted, tolerance, tolerance * size, equal_nan=True)


def compared(program: ArrayProgram, dtype: str = "float64", sizes: tuple[int, ...] = (1, 2, 5)) -> None:
    """The text gives the numbers of the interpreter: bound for several sizes, and run twice on other numbers."""
    kernel, rng = Kernel(program, dtype), np.random.default_rng(0)
    parameters, gradient = np.zeros(program.sizes["p"], dtype), np.full(program.sizes["p"], np.nan, dtype)
    for n in sizes:
        bound = kernel.bind(n, parameters, gradient)
        for _ in range(2):
            parameters[:] = rng.normal(size=parameters.shape)
            bound.inputs[:] = rng.normal(size=bound.inputs.shape)
            bound.seed[:] = 0.75
            memory = interpreted(program, parameters, bound.inputs, 0.75)
            with np.errstate(all="ignore"):
                bound.forward()
                bound.backward()
            wanted = program.roots.read(memory).reshape(-1, n)
            assert agree(bound.roots, wanted, TOLERANCE[dtype]), kernel.source
            assert agree(gradient, memory["dp"][:, 0], TOLERANCE[dtype]), kernel.source
            if bound.input_gradient is not None:
                assert agree(bound.input_gradient, memory["dx"], TOLERANCE[dtype]), kernel.source


def interpreted(program: ArrayProgram, parameters: Any, inputs: Any, seed: float) -> Memory:
    return program.run(parameters.astype(float), inputs.astype(float).copy(), seed)


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_text_is_the_program(rng: Random) -> None:
    compared(Programs(rng).program())


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_text_in_float32(rng: Random) -> None:
    compared(Programs(rng).program(), "float32")


@given(st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_merged_sums_are_the_same(rng: Random) -> None:
    program = Programs(rng).program()
    parameters, inputs = np.linspace(-1.0, 1.0, SIZES["p"]), np.linspace(-2.0, 1.0, 2 * SIZES["x"]).reshape(-1, 2)
    before, after = (p.run(parameters, inputs) for p in (program, with_merged_sums(program)))
    assert all(agree(after[space], before[space], TOLERANCE["float64"]) for space in ("dp", "dx", "v"))


# ── programs by hand ──


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("which", ["the result", "the operand", "both"])
def test_a_list_may_lie_in_pieces(which: str, add: bool) -> None:
    pieces, whole = np.array([[0, 1, 4, 5], [8, 9, 12, 13]]), np.arange(8).reshape(2, 4)
    out, row = (pieces if which in (name, "both") else whole for name in ("the result", "the operand"))
    given = {"a": Slots("x", row), "b": Slots("x", np.array([20, 21]))}
    zeros = Map(Slots("v", np.arange(160)), Expression("number", (0.0,)))
    listed = Map(Slots("v", out), LISTS[3], given, frozenset("a"), add)
    compared(ArrayProgram(SIZES, np.zeros(6), (), (zeros, listed), (), Slots("v", np.arange(160))))


def recurrence(steps: int, size: int) -> ArrayProgram:
    """h[t + 1] = tanh(W h[t] + x[t]), and the squares of the last h; W and its gradient are used at every step."""
    w = np.arange(size * size).reshape(size, size)
    h, z = (
        np.arange((steps + 1) * size).reshape(-1, size),
        (steps + 1) * size + np.arange(steps * size).reshape(-1, size),
    )
    last = np.array(z.max() + 1)
    forward: list[Statement] = []
    for t in range(steps):
        forward += [
            Product(Slots("v", z[t][None, :, None]), Slots("p", w[None]), Slots("v", h[t][None, None])),
            Map(Slots("v", z[t]), A, {"a": Slots("x", z[t] - z.min())}, add=True),
            Map(Slots("v", h[t + 1]), call("tanh", A), {"a": Slots("v", z[t])}),
        ]
    squares = Slots("v", np.full(size, last))
    forward.append(Map(squares, infix("*", A, A), {"a": Slots("v", h[-1])}))
    two = Expression("number", (2.0,))
    seed = Slots("s", np.zeros(size, np.intp))
    backward: list[Statement] = [
        Map(Slots("dv", h[-1]), infix("*", two, infix("*", A, B)), {"a": Slots("v", h[-1]), "b": seed})
    ]
    slope = infix("*", A, infix("-", Expression("number", (1.0,)), infix("*", B, B)))
    for t in reversed(range(steps)):
        backward += [
            Map(Slots("dv", z[t]), slope, {"a": Slots("dv", h[t + 1]), "b": Slots("v", h[t + 1])}),
            Product(Slots("dp", w[None]), Slots("dv", z[t][None, :, None]), Slots("v", h[t][None, :, None]), add=True),
            Product(Slots("dv", h[t][None, :, None]), Slots("p", w.T[None]), Slots("dv", z[t][None, None])),
        ]
    sizes = {"p": size * size, "x": steps * size, "v": int(last) + 1, "u": 0, "c": 0, "s": 1}
    names = (Named("W", Slots("p", w)), Named("x", Slots("x", z - z.min())))
    return ArrayProgram(sizes, np.zeros(0), (), tuple(forward), tuple(backward), Slots("v", last[None]), names)


def test_a_recurrence_is_a_loop_and_its_weights_have_one_product() -> None:
    program = recurrence(50, 8)
    compared(program)
    source = Kernel(program, "float64").source
    assert len(source.splitlines()) < 70
    forward, backward = source.split("def forward():")[1].split("def backward():")
    assert "for " in forward
    assert "for " in backward
    assert backward.count("out=dW)") == 1
    assert "np.empty((50, 8, n))" in source


def convolution() -> ArrayProgram:
    """Four filters of 3 × 3 over 6 × 6 nodes, which are tanh of the inputs, and the sum of the results."""
    y, x, ky, kx = np.ix_(range(4), range(4), range(3), range(3))
    windows = (6 * (y + ky) + x + kx).reshape(16, 9)
    filters, out = np.arange(36).reshape(4, 9), 36 + np.arange(64).reshape(4, 16)
    total = Slots("v", np.full(64, 100))
    forward: list[Statement] = [
        Map(Slots("v", np.arange(36)), call("tanh", A), {"a": Slots("x", np.arange(36))}),
        Product(Slots("v", out[None]), Slots("p", filters[None]), Slots("v", windows[None])),
        Map(total, A, {"a": Slots("v", out.ravel())}),
    ]
    backward: list[Statement] = [
        Map(Slots("dv", out.ravel()), A, {"a": Slots("s", np.zeros(64, np.intp))}),
        Product(Slots("dp", filters[None]), Slots("dv", out[None]), Slots("v", windows.T[None])),
        Product(Slots("dv", windows.T[None]), Slots("p", filters.T[None]), Slots("dv", out.T[None])),
        Map(Slots("dx", np.arange(36)), A, {"a": Slots("dv", np.arange(36))}),
    ]
    sizes = {"p": 36, "x": 36, "v": 101, "u": 0, "c": 0, "s": 1}
    names = (Named("filters", Slots("p", filters)),)
    return ArrayProgram(sizes, np.zeros(0), (), tuple(forward), tuple(backward), Slots("v", np.array([100])), names)


def test_a_convolution_is_one_product_each_way() -> None:
    compared(convolution())
    compared(convolution(), "float32")
    source = Kernel(convolution(), "float64").source
    assert source.count(".dot(") == 4
    assert "for " in source.split("def backward():")[1]


@pytest.mark.parametrize("program", [recurrence(5, 3), convolution()])
def test_nothing_of_the_size_of_a_batch_is_allocated(program: ArrayProgram) -> None:
    n = 20_000
    bound = Kernel(program, "float64").bind(n, np.ones(program.sizes["p"]), np.zeros(program.sizes["p"]))
    bound.forward()
    bound.backward()
    tracemalloc.start()
    bound.forward()
    bound.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n / 2


class Recorded(np.ndarray):
    """An array that notes which ufuncs were called with it, and with which operands and results."""

    calls: ClassVar[list[tuple[str, tuple[Any, ...], tuple[Any, ...]]]] = []

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        self.calls.append((ufunc.__name__, inputs, out))
        plain = [x.view(np.ndarray) if isinstance(x, Recorded) else x for x in inputs]
        results = tuple(x.view(np.ndarray) for x in out)
        return getattr(ufunc, method)(*plain, out=results, **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_calls_get_numbers_as_arrays_and_sign_is_never_in_place(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = leaves(4)
    code = Code(recording([total((v.relu() * 3.0 - maximum(v, 0.25)).square() for v in x)], x, []), "inputs", dtype)
    assert "np.sign(" in code.source
    empty, zeros = np.empty, np.zeros
    monkeypatch.setattr(np, "empty", lambda *args, **options: empty(*args, **options).view(Recorded))
    monkeypatch.setattr(np, "zeros", lambda *args, **options: zeros(*args, **options).view(Recorded))
    bound = code.bind(64, np.zeros(0, dtype), np.zeros(0, dtype))
    Recorded.calls.clear()
    bound.forward()
    bound.backward()
    calls = [*Recorded.calls]
    assert {"sign", "maximum", "multiply"} <= {name for name, *_ in calls}
    assert all(isinstance(x, np.ndarray) and x.dtype == dtype for _, inputs, _ in calls for x in inputs)
    assert not [name for name, (x, *_), (out,) in calls if name == "sign" and np.shares_memory(x, out)]
    assert all(x.shape == (4, 64) for name, inputs, _ in calls for x in inputs if name == "maximum")


def test_maxima_with_numbers_in_loops() -> None:
    w, x = Value(0.9), leaves(12)
    h: Value | float = 0.5
    for v in x:
        h = maximum(w * h + v, -0.25)
    assert isinstance(h, Value)
    code = Code(recording([h], x, [w]), "inputs", "float64")
    loop = code.source.split("def forward():")[1].partition("for ")[2]
    assert "np.maximum(" in loop
    n = 5
    bound = code.bind(n, np.array([w.data]), np.zeros(1))
    bound.inputs[:] = np.random.default_rng(0).normal(size=bound.inputs.shape)
    bound.forward()
    bound.backward()
    memory = code.program.run(np.array([w.data]), bound.inputs.copy())
    assert bound.input_gradient is not None
    assert agree(bound.roots, code.program.roots.read(memory), 1e-12)
    assert agree(bound.input_gradient, memory["dx"], 1e-12)


@pytest.mark.parametrize("n", [1, 3])
def test_the_arrays_that_a_kernel_binds(n: int) -> None:
    program = recurrence(2, 2)
    bound = Kernel(program, "float64").bind(n, np.ones(4), np.zeros(4))
    assert (bound.inputs.shape, bound.roots.shape, bound.seed.shape) == ((4, n), (1, n), (1,))
    assert bound.input_gradient is None
    bound = Kernel(convolution(), "float32").bind(n, np.ones(36, "f4"), np.zeros(36, "f4"))
    assert bound.input_gradient is not None
    assert bound.input_gradient.shape == (36, n)
    assert {array.dtype.name for array in (*bound[:4],) if array is not None} == {"float32"}


def test_a_text_is_read_once_for_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = ast.parse

    def noted(source: str, *rest: Any) -> Any:
        read.append(source)
        return original(source, *rest)

    monkeypatch.setattr(ast, "parse", noted)
    program = recurrence(5, 3)
    kernel = Kernel(program, "float64")
    bounds = [kernel.bind(n, np.ones(9), np.zeros(9)) for n in (2, 7, 1, 1, 2)]
    assert len([source for source in read if "def bind(" in source]) == 2  # For batches, and for one example.
    first, *_, last = bounds
    first.inputs[:], last.inputs[:] = 0.5, 0.25
    first.forward()
    kept = first.roots.copy()
    last.forward()
    assert (first.roots == kept).all()
    assert (last.roots != kept).all()
