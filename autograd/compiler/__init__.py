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

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from autograd.compiler.leaves import inputs as inputs
from autograd.engine.value import Value

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
    backend: Literal["auto", "numpy"] = "auto",
) -> "Program":
    """Make a program over arrays of the loss of one example.

    The loss is a Value, and inputs are leaves of its graph: a Value, or nested lists of them, as `inputs(784)` makes
    them; a tuple has several. Each becomes an argument of the program, an array with the shape of its leaves behind the
    axis of the batch. outputs is a Value or nested lists of Values, such as predictions; a tuple has several.

    Or the loss is a function of Values, and inputs has for each argument a size, a tuple of sizes, or () for a Value.
    It returns a Value, or (loss, outputs). It runs twice, on different numbers; if its graphs differ, control flow or a
    number depends on data, which is a ValueError with the node and the line. Leaves that it makes itself are numbers.

    parameters is a Module, a list of Values, a dictionary of names and nested lists of Values, or None for all leaves
    that are no inputs. The program has a copy of their data: see `Program.parameters`, `read` and `write_back`; data
    that was assigned in between is a ValueError at the next call. reduce says how the losses of a batch make one value;
    None leaves a value and a gradient for each example.

    Operations, leaves and plain numbers are taken from the graph, all else is computed anew, detached nodes too.

    TypeError and ValueError for anything that can't be taken, with the reason; ImportError without NumPy.

    >>> program = compile(lambda a, b: (a * b).tanh(), inputs=((), ()))
    >>> program.value_and_grad(0.0, 2.0)
    (0.0, (2.0, 0.0))
    """
    module: Any = _program()
    made: Program = module.compiled(loss_or_function, inputs, parameters, outputs, dtype, reduce, backend)
    return made


def _program() -> Any:
    try:
        importlib.import_module("numpy")
    except ModuleNotFoundError:
        raise ImportError("autograd.compile makes code for NumPy: pip install 'scalar-autograd[compile]'") from None
    return importlib.import_module("autograd.compiler.program")


def __getattr__(name: str) -> Any:
    if name == "Program":
        return _program().Program
    raise AttributeError(f"module 'autograd.compiler' has no attribute {name!r}")


__all__ = ["compile", "inputs"]
