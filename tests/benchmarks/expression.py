"""The first work: micrograd's README expression, built and differentiated."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from time import perf_counter
from types import FunctionType
from typing import Final

from autograd import Value
from tests.benchmarks.contender import Contender, Program, Scalar, Work, count_nodes

A: Final = -4.0
B: Final = 2.0


def expression(a: Scalar, b: Scalar) -> Scalar:
    """The expression, where relu is a method."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def expression_of(a: Scalar, b: Scalar, relu: Callable[[Scalar], Scalar]) -> Scalar:
    """The same expression, where relu is a function."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def scalar_engine(value: Callable[[float], Scalar], operands: Callable[[Scalar], Sequence[Scalar]]) -> Program:
    """An engine whose nodes have `data`, `grad` and `backward`."""

    def run() -> None:
        a, b = value(A), value(B)
        expression(a, b).backward()

    def results() -> list[float]:
        a, b = value(A), value(B)
        g = expression(a, b)
        g.backward()
        return [g.data, a.grad, b.grad]

    return Program(run, results, count_nodes(expression(value(A), value(B)), operands))


def ours(quick: bool) -> Program:
    return scalar_engine(Value, lambda v: v.operands)


def micrograd(quick: bool) -> Program:
    return scalar_engine(import_module("micrograd.engine").Value, lambda v: v._prev)


def pytorch(quick: bool) -> Program:
    torch = import_module("torch")
    torch.set_num_threads(1)
    leaf = partial(torch.tensor, dtype=torch.float64, requires_grad=True)

    def run() -> None:
        a, b = leaf(A), leaf(B)
        expression(a, b).backward()

    def results() -> list[float]:
        a, b = leaf(A), leaf(B)
        g = expression(a, b)
        g.backward()
        return [g.item(), a.grad.item(), b.grad.item()]

    return Program(run, results)


def _jax(inputs: Callable[[float], Scalar], output: Callable[[Scalar], Scalar]) -> Program:
    """A jitted function; inputs converts its floats, and output reads each of its results."""
    jax = import_module("jax")
    relu = jax.nn.relu
    differentiated = jax.jit(jax.value_and_grad(lambda a, b: expression_of(a, b, relu), argnums=(0, 1)))
    start = perf_counter()
    jax.block_until_ready(differentiated(inputs(A), inputs(B)))
    compile_seconds = perf_counter() - start

    def run() -> None:
        g, (da, db) = differentiated(inputs(A), inputs(B))
        output(g), output(da), output(db)

    def results() -> list[float]:
        g, (da, db) = differentiated(inputs(A), inputs(B))
        return [float(g), float(da), float(db)]

    return Program(run, results, compile_seconds=compile_seconds)


def jax_arrays(quick: bool) -> Program:
    numpy = import_module("jax.numpy")
    ready = {x: numpy.array(x, dtype="float64") for x in (A, B)}
    return _jax(ready.__getitem__, import_module("jax").block_until_ready)


def jax_floats(quick: bool) -> Program:
    return _jax(float, float)


def jax_conversions(quick: bool) -> Program:
    return _jax(import_module("jax.numpy").float64, import_module("jax").block_until_ready)


def _casadi_function() -> Scalar:
    casadi = import_module("casadi")
    a, b = casadi.SX.sym("a"), casadi.SX.sym("b")
    g = expression_of(a, b, lambda x: casadi.fmax(x, 0))
    return casadi.Function("expression", [a, b], [g, casadi.gradient(g, casadi.vertcat(a, b))])


def _casadi_results() -> list[float]:
    g, (da, db) = (out.full().ravel() for out in _casadi_function()(A, B))
    return [float(g[0]), float(da), float(db)]


def casadi_built(quick: bool) -> Program:
    return Program(lambda: _casadi_function()(A, B), _casadi_results)


def casadi_called(quick: bool) -> Program:
    function = _casadi_function()
    return Program(lambda: function(A, B), _casadi_results)


class Floor:
    """A node without data: each operator returns the instance it was called on."""

    __slots__ = ()

    def _same(self, other: object = None) -> "Floor":
        return self

    __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __pow__ = __truediv__ = __rtruediv__ = __neg__ = _same
    relu = backward = _same


def interpreter_empty_class(quick: bool) -> Program:
    floor = Floor()

    def run() -> None:
        expression(floor, floor).backward()

    return Program(run, list)


def interpreter_floats(quick: bool) -> Program:
    # The same bytecode as the others, except for the class.
    names = tuple("conjugate" if name == "relu" else name for name in expression.__code__.co_names)
    on_floats = FunctionType(expression.__code__.replace(co_names=names), {})
    return Program(lambda: on_floats(A, B), list)


WORK: Final = Work(
    name="expression",
    heading="micrograd's README expression, built and differentiated; time per evaluation",
    unit="µs",
    units_per_second=1e6,
    contenders=(
        Contender(name="ours, {build}", make=ours, in_every_build=True),
        Contender(name="micrograd", make=micrograd, needs="micrograd", in_every_build=True),
        Contender(name="PyTorch", make=pytorch, needs="torch"),
        Contender(name="JAX, jitted, arrays ready", make=jax_arrays, needs="jax"),
        Contender(name="JAX, jitted, floats in and out", make=jax_floats, needs="jax"),
        Contender(name="JAX, jitted, jnp.float64(x) in", make=jax_conversions, needs="jax"),
        Contender(name="CasADi SX, built each time", make=casadi_built, needs="casadi"),
        Contender(name="CasADi SX, prebuilt Function", make=casadi_called, needs="casadi"),
        Contender(name="interpreter: empty class", make=interpreter_empty_class, compared=False),
        Contender(name="interpreter: plain floats", make=interpreter_floats, compared=False),
    ),
    notes=(
        "PyTorch: float64 tensors of one number, recorded and differentiated each time. JAX: value_and_grad, jitted "
        "before, float64 on the CPU, called with arrays that are ready, with Python's floats and read as such, as the "
        "scalar engines are, or with arrays made of the floats for each call. CasADi: expression, gradient and "
        "Function made each time and called once; or made before and only called.",
        "interpreter: no engine and no derivative. On an empty class, whose operators are written in Python and return "
        "a ready instance, the expression costs what its calls cost. On plain floats, with the C method "
        "float.conjugate in place of relu, the same bytecode is a lower limit for whatever the interpreter calls.",
    ),
)
