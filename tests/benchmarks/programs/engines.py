"""Libraries that differentiate expressions of scalars; the third table runs the same programs in each of them.

A program is written once with the symbols of the library. It becomes a function of an array with a row for each symbol
and a column for each example.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from tests.benchmarks.contender import MissingRivalError
from tests.benchmarks.programs.case import Array, Entrant, Functions, Nested, Scalars, answer, flat, nested
from tests.benchmarks.programs.training import Training, trained

LEAST_LLVM: Final = 17
"""An older one ends the process where Dr.Jit compares doubles with AVX-512."""


class Symbols(NamedTuple):
    """A program over symbols, and those by which it is differentiated, before the others."""

    root: Any
    wanted: list[Any]
    given: list[Any]


class Function(NamedTuple):
    """A differentiated program for n examples; `run` reads `numbers` and overwrites the rest."""

    numbers: Array
    """(wanted + given, n), for the caller to fill."""
    run: Callable[[], object]
    values: Callable[[], Any]
    """(n,), or a number for one example."""
    gradients: Array
    """(wanted, n)."""


Engine: TypeAlias = Callable[[Scalars, int], Function]


def over_symbols(
    scalars: Scalars, f: Functions, wanted: Callable[[str], Any], given: Callable[[str], Any] | None = None
) -> Symbols:
    """The program over symbols that are made of their names, which are in order as text too."""
    names = (f"s{i:07d}" for i in count())

    def symbols(make: Callable[[str], Any], thing: Nested) -> Nested:
        return nested(lambda _: make(next(names)), thing)

    tensors = {name: symbols(wanted, tensor) for name, tensor in scalars.tensors.items()}
    make = (given or wanted) if tensors else wanted
    inputs = [symbols(make, array[0].tolist()) for array in scalars.batch]
    root, of_tensors, of_inputs = scalars.written(f, tensors, *inputs), flat([*tensors.values()]), flat(inputs)
    return Symbols(root, of_tensors, of_inputs) if tensors else Symbols(root, of_inputs, [])


# ── what is done with a function ──


def differentiated(engine: Engine, scalars: Scalars) -> Entrant:
    """The value and the gradient of a batch, by the inputs of each example or by the parameters of all."""
    function = engine(scalars, len(scalars.batch[0]))
    fill(function.numbers, scalars)
    if not scalars.tensors:

        def of_each() -> Array:
            function.run()
            return answer(function.values(), by_inputs(scalars, function.gradients))

        return Entrant(function.run, of_each)

    def reduced() -> tuple[Any, Array]:
        function.run()
        return scalars.reduced(np.sum(function.values())), scalars.reduced(function.gradients.sum(axis=1))

    def results() -> Array:
        value, gradient = reduced()
        return answer(value, [gradient])

    return Entrant(reduced, results)


def called(engine: Engine, scalars: Scalars) -> Entrant:
    """One example, given as floats and answered with floats."""
    function = engine(scalars, 1)
    row, gradients, run_it, values = function.numbers[:, 0], function.gradients[:, 0], function.run, function.values
    a, b = (float(array[0]) for array in scalars.batch)

    def run() -> tuple[float, list[float]]:
        row[0] = a
        row[1] = b
        run_it()
        return values(), gradients.tolist()

    def results() -> Array:
        value, gradient = run()
        return answer(value, [gradient])

    return Entrant(run, results)


def stepping(engine: Engine, rate: float, scalars: Scalars) -> Entrant:
    """A training whose function is called for each step of SGD, which NumPy takes."""
    n = len(scalars.batch[0])
    function = engine(scalars, n)
    factor, now = rate / (n if scalars.reduce == "mean" else 1), vector(scalars)
    head, column, gradients, run = function.numbers[: len(now)], now[:, None], function.gradients, function.run
    of_one, alone = gradients[:, 0], n == 1

    def start() -> None:
        fill(function.numbers, scalars)
        now[:] = vector(scalars)

    def train(steps: int) -> None:
        for _ in range(steps):
            run()
            now.__isub__(factor * (of_one if alone else gradients.sum(axis=1)))
            head[:] = column

    start()
    return trained(Training(start, train, lambda: now))


def vector(scalars: Scalars) -> Array:
    """The parameters in the order of results."""
    return np.concatenate([number.ravel() for number in scalars.numbers().values()])


def fill(numbers: Array, scalars: Scalars) -> None:
    """Put the parameters, the same for each example, and the inputs into the rows of an array."""
    n = len(scalars.batch[0])
    inputs = np.vstack([array.reshape(n, -1).T for array in scalars.batch])
    numbers[len(numbers) - len(inputs) :] = inputs
    if scalars.tensors:
        numbers[: len(numbers) - len(inputs)] = vector(scalars)[:, None]


def by_inputs(scalars: Scalars, gradients: Array) -> Iterator[Array]:
    """The gradient by each input, an example after the other."""
    start = 0
    for array in scalars.batch:
        yield gradients[start : start + array[0].size].T
        start += array[0].size


# ── the libraries ──


def ddx(scalars: Scalars, n: int, *, interpreted: bool = False) -> Function:
    """ddx-ad, whose reverse sweep is compiled by LLVM, or interpreted."""
    ddx = import_module("ddx")
    f = Functions(
        relu=lambda x: ddx.max(x, 0.0),
        tanh=ddx.tanh,
        sigmoid=lambda x: 1.0 / (1.0 + ddx.exp(-x)),
        exp=ddx.exp,
        sqrt=ddx.sqrt,
        maximum=ddx.max,
    )
    equation = ddx.equation(lambda: over_symbols(scalars, f, ddx.var, ddx.param).root)
    if interpreted:
        equation.options = ddx.Options(backend=ddx.Backend.INTERPRET)
    else:
        equation.compile(points=n, cache_dir="", veclib=ddx.VecLib.AUTO)
    rows = len(equation.inputs)
    buffer = equation.buffer(np.ones((rows, n)) if n > 1 else np.ones(rows))
    buffer()
    return Function(buffer.x.reshape(rows, n), buffer, lambda: buffer.value, buffer.jacobian.reshape(-1, n))


def heyoka(scalars: Scalars, n: int, *, compact: bool = False) -> Function:
    """heyoka's derivatives, compiled by LLVM; compact, as a loop over equal operations."""
    hy = import_module("heyoka")
    f = Functions(
        relu=hy.relu,
        tanh=hy.tanh,
        sigmoid=hy.sigmoid,
        exp=hy.exp,
        sqrt=hy.sqrt,
        maximum=lambda x, least: hy.select(hy.gt(x, least), x, hy.expression(least)),
    )
    s = over_symbols(scalars, f, hy.expression)
    slopes = hy.diff_tensors([s.root], diff_args=s.wanted, diff_order=1).gradient
    variables = [*s.wanted, *s.given]
    function = hy.cfunc([s.root, *slopes], vars=variables, force_avx512=True, compact_mode=compact)
    numbers, out = np.ones((len(variables), n)), np.empty((1 + len(s.wanted), n))
    arguments: dict[str, Array] = (
        {"inputs": numbers, "outputs": out} if n > 1 else {"inputs": numbers[:, 0], "outputs": out[:, 0]}
    )
    return Function(numbers, partial(function, **arguments), lambda: out[0] if n > 1 else out.item(0), out[1:])


def casadi(scalars: Scalars, n: int) -> Function:
    """A Function of CasADi's SX in its own machine, on buffers, mapped over the examples."""
    ca = import_module("casadi")
    f = Functions(
        relu=lambda x: ca.fmax(x, 0.0),
        tanh=ca.tanh,
        sigmoid=lambda x: 1.0 / (1.0 + ca.exp(-x)),
        exp=ca.exp,
        sqrt=ca.sqrt,
        maximum=ca.fmax,
    )
    s = over_symbols(scalars, f, ca.SX.sym)
    wanted = ca.vertcat(*s.wanted)
    function = ca.Function("f", [ca.vertcat(wanted, *s.given)], [s.root, ca.gradient(s.root, wanted)])
    function = function.map(n) if n > 1 else function
    buffer, raw = function.buffer()
    run: Any = partial(raw)
    run.kept = buffer, function  # It reads their memory, and doesn't hold them.
    numbers, values, gradients = np.ones((n, function.size1_in(0))), np.empty(n), np.empty((n, len(s.wanted)))
    buffer.set_arg(0, numbers.reshape(-1).data)
    buffer.set_res(0, values.data)
    buffer.set_res(1, gradients.reshape(-1).data)
    return Function(numbers.T, run, lambda: values if n > 1 else values.item(), gradients.T)


def symengine(scalars: Scalars, n: int) -> Function:
    """SymEngine's derivatives, compiled by LLVM."""
    se = import_module("symengine")
    f = Functions(
        relu=lambda x: se.Piecewise((x, x > 0), (0, True)),
        tanh=se.tanh,
        sigmoid=lambda x: 1 / (1 + se.exp(-x)),
        exp=se.exp,
        sqrt=se.sqrt,
        maximum=lambda x, least: se.Piecewise((x, x > least), (least, True)),
    )
    s = over_symbols(scalars, f, se.Symbol)
    texts = [s.root, *(s.root.diff(x) for x in s.wanted)]
    function = se.Lambdify([*s.wanted, *s.given], texts, backend="llvm", cse=True, opt_level=3)
    numbers, out = np.ones((n, len(s.wanted) + len(s.given))), np.empty((n, len(texts)))

    def all_of() -> None:
        out[:] = function(numbers)

    run = all_of if n > 1 else partial(function.unsafe_real, numbers[0], out[0])
    return Function(numbers.T, run, lambda: out[:, 0] if n > 1 else out.item(0), out[:, 1:].T)


def drjit(scalars: Scalars) -> Entrant:
    """A frozen function of Dr.Jit over arrays that are ready, in LLVM's kernels and in the calling thread."""
    dr = import_module("drjit")
    try:
        number = import_module("drjit.llvm.ad").Float64
        number(1.0)
        version = dr.detail.llvm_version()
    except (RuntimeError, ImportError) as error:
        raise MissingRivalError(f"missing: {' '.join(str(error).split())}") from error
    if version[0] < LEAST_LLVM:
        where = os.environ.get("DRJIT_LIBLLVM_PATH", "not set")
        raise MissingRivalError(f"missing: needs LLVM {LEAST_LLVM}, not {version[0]}; DRJIT_LIBLLVM_PATH: {where}")
    f = Functions(
        relu=lambda x: dr.maximum(x, 0.0),
        tanh=dr.tanh,
        sigmoid=lambda x: 1.0 / (1.0 + dr.exp(-x)),
        exp=dr.exp,
        sqrt=dr.sqrt,
        maximum=dr.maximum,
    )
    dr.set_thread_count(0)
    n, of_parameters = len(scalars.batch[0]), bool(scalars.tensors)
    wanted = vector(scalars).tolist() if of_parameters else []
    inputs = [number(row) for array in scalars.batch for row in array.reshape(n, -1).T]
    leaves, differs = [number(x) for x in wanted] + inputs, len(wanted) or len(inputs)
    dr.eval(leaves)

    @dr.freeze  # type: ignore[untyped-decorator, unused-ignore]
    def value_and_grad(leaves: list[Any]) -> Any:
        # A number for all examples would have a sum at each place that reads it; NumPy's sums are quicker too.
        of = [x + dr.zeros(number, n) for x in leaves[:differs]] + leaves[differs:]
        dr.enable_grad(of[:differs])
        rest = iter(of)
        root = over_symbols(scalars, f, lambda _: next(rest)).root
        dr.backward(root)
        return root, [dr.grad(x) for x in of[:differs]]

    def run() -> Any:
        found = value_and_grad(leaves)
        dr.eval(found)
        dr.sync_thread()
        if not of_parameters:
            return found
        root, slopes = found
        return [scalars.reduced(np.sum(np.asarray(row))) for row in (root, *slopes)]

    def results() -> Array:
        if of_parameters:
            return np.array(run())
        root, slopes = run()
        return answer(np.asarray(root), by_inputs(scalars, np.array([np.asarray(row) for row in slopes])))

    return Entrant(run, results)
