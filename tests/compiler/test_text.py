"""The text of array programs against their interpreter."""

from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.compiler.kernel import Kernel
from autograd.compiler.statements import ArrayProgram, Index, Map, Memory, Product, Slots, Statement
from autograd.formula.cases import Expression, names_in

SIZES = {"p": 24, "c": 6, "u": 60, "x": 24, "v": 160, "s": 1}
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
            index = np.array(self.rng.randrange(4)) + sum(
                np.arange(k).reshape([-1 if a == i else 1 for i in range(len(shape))]) for a, k in enumerate(shape)
            )
        return Slots(space, np.asarray(index, np.intp))

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
            apart = {id(s): self.rng.choice([0, 1, 3]) for s in range(40)} and self.rng.choice([1, 2, 5])
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


if __name__ == "__main__":
    import sys

    import autograd.compiler.statements as statements
    from autograd.compiler.words import evaluated

    statements._evaluate = evaluated  # type: ignore
    first, last = map(int, sys.argv[1:3])
    for seed in range(first, last):
        try:
            compared(Programs(Random(seed)).program())
        except Exception as error:
            print("seed", seed, type(error).__name__, str(error)[:300])
            if len(sys.argv) > 3:
                raise
