"""numba over the text that our compiler emits for floats, with fast mathematics and in one thread."""

import ast
import math
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import count
from typing import Any, Final, NamedTuple

import numpy as np

from tests.benchmarks.programs.case import Array, Entrant, Scalars, answer, in_order, program_of
from tests.benchmarks.programs.engines import by_inputs
from tests.benchmarks.programs.training import Training, trained

OPTIONS: Final[Mapping[str, Any]] = {"fastmath": True, "error_model": "numpy", "forceinline": True}
QUICK: Final = ("exp", "log", "sqrt")
"""Functions that the text calls as `math_exp` where it knows that there is no error, and else as `exp`."""


class Emitted(NamedTuple):
    """A jitted function of the inputs of an example and then of the parameters, and their numbers."""

    function: Any
    inputs: int
    parameters: int

    @property
    def arguments(self) -> str:
        """Those of example k, in an array x (inputs, n), and of the parameters p."""
        return ", ".join([f"x[{i}, k]" for i in range(self.inputs)] + [f"p[{i}]" for i in range(self.parameters)])


def emitted(scalars: Scalars) -> Emitted:
    """The emitted function of the value and the gradient."""
    jit = import_module("numba").njit(**OPTIONS)
    program = program_of(scalars, "numpy").program
    code = program._part(program._main).code
    words = {word: getattr(math, word) for word in (*QUICK, "tanh")} | {f"math_{w}": getattr(math, w) for w in QUICK}
    words |= {"divide": jit(lambda x, y: x / y), "sigmoid": jit(lambda x: 1.0 / (1.0 + math.exp(-x)))}
    exec(compile(as_statements(code.floats.texts["value_and_grad"]), "<program over floats>", "exec"), words)
    return Emitted(jit(words["value_and_grad"]), len(code.recording.inputs), len(scalars.parameters))


class Statements(ast.NodeTransformer):
    """Makes statements of `:=`, of which numba doesn't find the types."""

    def __init__(self) -> None:
        self.before: list[ast.stmt] = []
        self.names: dict[str, str] = {}
        self.count = count()

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        self.before = []
        self.generic_visit(node)
        return [*self.before, node]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        value = self.visit(node.value)
        name = self.names[node.target.id] = f"named_{next(self.count)}"
        self.before.append(ast.Assign([ast.Name(name, ast.Store())], value))
        return ast.Name(name, ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def as_statements(text: str) -> ast.Module:
    """A text without `:=`."""
    found: ast.Module = ast.fix_missing_locations(Statements().visit(ast.parse(text)))
    return found


def jitted(text: str, **names: Any) -> Callable[..., Any]:
    """The function `made` of a text."""
    exec(compile(text, "<loop around a program>", "exec"), names)
    found: Callable[..., Any] = import_module("numba").njit(**OPTIONS)(names["made"])
    return found


def columns(scalars: Scalars) -> Array:
    """The inputs: a row for each, and a column for each example."""
    n = len(scalars.batch[0])
    return np.vstack([array.reshape(n, -1).T for array in scalars.batch])


def called(scalars: Scalars) -> Entrant:
    """One example, given as floats."""
    function = emitted(scalars).function
    a, b = (float(array[0]) for array in scalars.batch)
    return Entrant(lambda: function(a, b), lambda: (lambda value, both: answer(value, both))(*function(a, b)))


def by_example(scalars: Scalars) -> Entrant:
    """A loop over the examples, which writes the value and the gradient of each."""
    one, x = emitted(scalars), columns(scalars)
    stores = "\n".join(f"        out[{i + 1}, k] = slopes[{i}]" for i in range(one.inputs))
    over = jitted(
        f"def made(x, out):\n    for k in range(x.shape[1]):\n        out[0, k], slopes = f({one.arguments})\n{stores}",
        f=one.function,
    )
    out = np.empty((1 + one.inputs, x.shape[1]))

    def results() -> Array:
        over(x, out)
        return answer(out[0], by_inputs(scalars, out[1:]))

    return Entrant(lambda: over(x, out), results)


def summed(one: Emitted) -> Callable[..., Any]:
    """A loop over the examples, which returns the sum of the values and writes that of the gradients."""
    names = [f"g{i}" for i in range(one.parameters)]
    lines = [
        "def made(x, p, g):",
        f"    total = {' = '.join(names)} = 0.0",
        "    for k in range(x.shape[1]):",
        f"        value, slopes = f({one.arguments})",
        "        total += value",
        *(f"        {name} += slopes[{i}]" for i, name in enumerate(names)),
        *(f"    g[{i}] = {name}" for i, name in enumerate(names)),
        "    return total",
    ]
    return jitted("\n".join(lines), f=one.function)


def reduced(scalars: Scalars) -> Entrant:
    """The value and the gradient of a batch by the parameters."""
    one, x = emitted(scalars), columns(scalars)
    over, p = summed(one), np.array([v.data for v in scalars.parameters])
    g = np.empty_like(p)

    def run() -> Any:
        return scalars.reduced(over(x, p, g))

    def results() -> Array:
        value = run()
        return answer(value, in_order(scalars, scalars.reduced(g)))

    return Entrant(run, results)


def training(rate: float, scalars: Scalars) -> Entrant:
    """Many steps of SGD in one call."""
    one, x = emitted(scalars), columns(scalars)
    first = np.array([v.data for v in scalars.parameters])
    p, g, factor = first.copy(), np.empty_like(first), rate * scalars.reduced(1.0)
    train = jitted(
        "def made(x, p, g, factor, steps):\n"
        "    for _ in range(steps):\n"
        "        f(x, p, g)\n"
        "        for i in range(p.size):\n"
        "            p[i] -= factor * g[i]",
        f=summed(one),
    )

    def start() -> None:
        p[:] = first

    def parameters() -> Array:
        return np.concatenate([part.ravel() for part in in_order(scalars, p)])

    return trained(Training(start, lambda number: train(x, p, g, factor, number), parameters), scalars.steps)
