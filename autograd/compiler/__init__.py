"""Programs for one example, compiled to code over arrays of many.

>>> import autograd
>>> from autograd import losses, nn
>>> model = nn.MLP(2, [3, 2])
>>> x, y = autograd.inputs(2), autograd.inputs(2)
>>> loss = losses.cross_entropy(model(x), y)
>>> program = autograd.compile(loss, inputs=(x, y), parameters=model)
>>> value, gradient = program.value_and_grad([[0.5, 1.0], [2.0, -1.0]], [[1.0, 0.0], [0.0, 1.0]])
>>> gradient.shape, sorted(program.views)
((17,), ['layers.0.bias', 'layers.0.weight', 'layers.1.bias', 'layers.1.weight'])
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from autograd.compiler.leaves import inputs as inputs
from autograd.compiler.options import Backend
from autograd.engine.value import Value
from autograd.wording import imported, to_install

if TYPE_CHECKING:
    from autograd.compiler.program import Program as Program


def compile(  # noqa: A001  (for its users it is autograd.compile)
    loss_or_function: Value | Callable[..., Any],
    inputs: Any,
    *,
    parameters: Any = None,
    outputs: Any = None,
    dtype: Literal["float64", "float32"] = "float64",
    reduce: Literal["mean", "sum"] | None = "mean",
    backend: Backend = "auto",
    threads: int = 1,
) -> "Program":
    """Make a program that computes the losses of many examples at once, and the gradient of their mean.

    The loss of one example is a Value, computed from single numbers. Some leaves of its graph stand for the numbers of
    an example: they are the inputs, and `autograd.inputs(784)` makes them. The program takes an array for each input.

    >>> from autograd.compiler import inputs
    >>> w, b, x, y = Value(2.0, label="w"), Value(0.0, label="b"), inputs(3), inputs(name="y")
    >>> program = compile(((x[0] + x[1] + x[2]) * w + b - y).square(), inputs=(x, y), parameters=[w, b])
    >>> program.value_and_grad([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]], [11.0, 2.0])
    (0.5, array([6., 1.]))

    inputs is a Value or nested lists of Values; a tuple (x, y) makes several inputs. The array of an input has the
    shape (N, …): N examples, each with the shape of its lists.

    parameters is a Module, a list of Values, or a dictionary of names and nested lists of Values; None takes all leaves
    that are no inputs. The program computes with a copy of their data, `Program.parameters`. `write_back` puts the copy
    into the Values, and `read` takes their data again; after data were assigned and not read, a call is a ValueError.

    outputs is a Value or nested lists of Values, such as predictions, for `Program.outputs`; a tuple has several.

    reduce="sum" adds the losses, and None leaves a value and a gradient for each example. dtype="float32" is quicker,
    and has numbers up to 3.4e38.

    backend is what runs the program: "numpy"; "native", a machine in C for graphs without large matrices, which is
    installed with the package where a C compiler is at hand; "c", C code of this program, which needs a compiler and is
    compiled in the first call, in seconds at most; or "jax", for GPUs, TPUs and many machines. "auto" takes the quicker
    one of numpy and native, by an estimate, or the one that the environment variable AUTOGRAD_BACKEND names. A back end
    leaves programs that it can't run well to the next one: `Program.report` says which one runs, and why.

    threads is the most threads that share a batch in the back ends native and c, for thousands of examples or more;
    fewer run where starting them would take longer than they save. The results have the same bits for any number of
    threads. ValueError with backend="numpy" or "jax", whose libraries have threads of their own; where one of them
    takes the place of another back end, threads has no effect, and the report says so.

    Or the loss is a function of Values that returns a Value, or (loss, outputs). Then inputs has a size, a tuple of
    sizes or () for each argument, () for a single Value. The function runs twice, on different numbers. A comparison
    of Values in it is a ValueError, and so are graphs that differ, as control flow or a number depends on data then:
    where(x, a, b) chooses for each example. Leaves that it makes itself are plain numbers.

    >>> compile(lambda a, b: (a * b).tanh(), inputs=((), ())).value_and_grad(0.0, 2.0)
    (0.0, (2.0, 0.0))

    Operations, leaves and plain numbers are taken from the graph, all else is computed anew, detached nodes too. The
    results are those of `backward`, up to rounding and the signs of zeros: sums are taken in another order, and of 0.0
    and -0.0 either is the maximum.

    TypeError and ValueError for anything that can't be taken, with the reason; ImportError without NumPy.
    """
    module: Any = _program(backend)
    made: Program = module.compiled(loss_or_function, inputs, parameters, outputs, dtype, reduce, backend, threads)
    return made


def _program(backend: str = "numpy") -> Any:
    libraries = ("jax", "jax") if backend == "jax" else ("numpy", "compile")  # JAX brings NumPy.
    imported("numpy", f"autograd.compile works with arrays of NumPy: {to_install(*libraries)}")
    return import_module("autograd.compiler.program")


def __getattr__(name: str) -> Any:
    if name == "Program":
        return _program().Program
    raise AttributeError(f"module 'autograd.compiler' has no attribute {name!r}")


__all__ = ["compile", "inputs"]
