"""PyTorch as an oracle: its functions for our operations, and random programs compared node by node.

The module needs PyTorch, so tests import it after `pytest.importorskip`.
"""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from autograd import Value
from autograd.engine.graph import is_constant
from autograd.operations import operation
from tests.fuzz import nodes_of, program

torch: Any = import_module("torch")
functional: Any = torch.nn.functional


def as_row(*xs: Any) -> Any:
    """Numbers as one tensor."""
    return torch.stack(xs)


OPERATIONS: Final[dict[str, Callable[..., Any]]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "power": torch.pow,
    "negative": torch.neg,
    "positive": torch.positive,
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "log10": torch.log10,
    "exp2": torch.exp2,
    "logaddexp": torch.logaddexp,
    "xlogy": torch.xlogy,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "asinh": torch.asinh,
    "acosh": torch.acosh,
    "atanh": torch.atanh,
    "atan2": torch.atan2,
    "hypot": torch.hypot,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "logsigmoid": functional.logsigmoid,
    # Its usual threshold of 20 leaves out 2e-9.
    "softplus": lambda x: functional.softplus(x, threshold=40.0),
    "relu": torch.relu,
    # leaky_relu and elu of PyTorch have no gradient for the second operand.
    "leaky_relu": lambda x, slope: functional.prelu(x.reshape(1), slope.reshape(1))[0],
    "elu": lambda x, alpha: torch.where(x > 0.0, x, alpha * functional.elu(torch.minimum(x, torch.zeros_like(x)))),
    "silu": functional.silu,
    "gelu": functional.gelu,
    "absolute": torch.abs,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "sign": torch.sign,
    "clamp": torch.clamp,
    "where": lambda x, a, b: torch.where(x > 0.0, a, b),
    "detach": torch.detach,
    "total": lambda xs: torch.sum(as_row(*xs)),
    "mean": lambda xs: torch.mean(as_row(*xs)),
    "dot": lambda xs, ys: torch.dot(as_row(*xs), as_row(*ys)),
    "logsumexp": lambda xs: torch.logsumexp(as_row(*xs), 0),
    "norm": lambda xs: torch.linalg.vector_norm(as_row(*xs)),
    "largest": lambda xs: torch.amax(as_row(*xs)),
    "smallest": lambda xs: torch.amin(as_row(*xs)),
}
"""PyTorch's function for each operation that it has."""

RELATIVE: Final = 1e-9
"""Of one operation: its functions in PyTorch have errors of many ulps near the ends of their domains."""
ABSOLUTE: Final = 2.0**-48
"""16 ulps of 1, times the largest operand: a sum that cancels, a derivative in a tail."""


def disagreements(first: int, last: int) -> list[str]:
    """The nodes of the programs of these seeds where PyTorch has another value or another local derivative."""
    found = []
    for seed in range(first, last):
        expression = program(seed)
        for step, node in zip(expression.steps, nodes_of(expression)[1], strict=True):
            if step.op in OPERATIONS and (fault := disagreement(node)):
                found.append(f"{seed}: {fault}")
    return found


OTHERWISE: Final[dict[str, Callable[..., bool]]] = {
    "sign": math.isnan,
    # The exponent less 1 is rounded to an even number, and the power gets the wrong sign.
    "power": lambda x, y: x < 0.0 and abs(y) > 2.0**53,
    # The branch not taken of the selection above has a derivative at 0 too.
    "elu": lambda x, alpha: x == 0.0,
    "hypot": lambda x, y: max(abs(x), abs(y)) < SQUARED,
    "norm": lambda *xs: max(map(abs, xs)) < SQUARED,
    "atan2": lambda x, y: max(abs(x), abs(y)) < SQUARED,
    "xlogy": lambda x, y: y < 0.0 or x == y == 0.0,
    # Equal bounds share a gradient there in another way, and a bound that is nan counts though the other one decides.
    "clamp": lambda x, low, high: not low < high,
}
"""Where PyTorch decided otherwise, or is wrong.

Everywhere it has derivatives at nan and outside of domains, and nan where an operand is infinite and we have the limit.
"""
SQUARED: Final = 1e-150
"""The square of a smaller number has not all its digits."""


def disagreement(node: Value) -> str:
    """How PyTorch's value or local derivatives differ from those of a node; empty if they agree, or may differ."""
    xs = [v.data for v in node.operands]
    if node.op in OTHERWISE and OTHERWISE[node.op](*xs):
        return ""
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
    z = OPERATIONS[node.op](*operation(node.op).grouped(leaves))
    if z.requires_grad:
        z.backward()
    theirs = [z.item(), *(0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves)]
    infinite = any(map(math.isinf, xs))
    size = max([1.0, *(abs(x) for x in xs if math.isfinite(x))])
    for i, (a, b) in enumerate(zip([node.data, *node.partials], theirs, strict=True)):
        free = i > 0 and (math.isnan(node.data) or is_constant(node.operands[i - 1]))
        if not (free or _near(a, b, size) or (infinite and math.isnan(b))):
            what = "value" if i == 0 else f"derivative {i}"
            return f"{node.op}({', '.join(map(repr, xs))}): {what} is {a!r}, and of PyTorch {b!r}"
    return ""


def _near(a: float, b: float, size: float) -> bool:
    if a != a or b != b:
        return a != a and b != b
    return a == b or abs(a - b) <= RELATIVE * abs(b) + ABSOLUTE * size
