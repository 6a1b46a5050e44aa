"""Why a value or a gradient is infinite or nan, in words.

>>> from autograd import Tape, Value
>>> from autograd.show.lines import calculation
>>> from autograd.show.names import Names
>>> from autograd.show.reasons import reason_of_value
>>> reason_of_value(calculation(Names(Tape(Value(-1.0).log())), 1))
'log of a negative number is no real number'
"""

import math
from collections.abc import Callable
from typing import Final

from autograd.engine import functions
from autograd.engine.tape import Contribution
from autograd.operations import operation
from autograd.show.lines import Calculation
from autograd.wording import brief

_REASONS: Final[tuple[tuple[tuple[str, ...], Callable[[float, float], bool], str], ...]] = (
    (("exp", "expm1"), lambda x, y: True, "{op} is beyond the largest float above 709.78"),
    (("log1p",), lambda x, y: x == -1.0, "log1p at -1 is the log of 0"),
    (("log1p",), lambda x, y: x < -1.0, "log1p below -1 is the log of a negative number"),
    (("asin", "acos"), lambda x, y: abs(x) > 1.0, "{op} is of numbers from -1 to 1"),
    (("log", "log2", "log10", "sqrt", "rsqrt"), lambda x, y: x < 0.0, "{op} of a negative number is no real number"),
    (("log", "log2", "log10", "rsqrt", "reciprocal"), lambda x, y: x == 0.0, "{op} at 0 is {z}"),
    (("divide",), lambda x, y: x == y == 0.0, "0/0 is no number"),
    (("divide",), lambda x, y: y == 0.0, "a division by 0"),
    (("power",), lambda x, y: x < 0.0 and y != math.floor(y), "a negative number has no real power that isn't whole"),
    (("power",), lambda x, y: x == 0.0, "0 to a negative power is a division by 0"),
)
"""Operations, a condition of the first and the last operand, and the reason."""


_OF_INFINITIES: Final = {
    **dict.fromkeys(("add", "subtract", "total", "mean", "shift"), "inf - inf is no number"),
    **dict.fromkeys(("divide", "share"), "inf/inf is no number"),
    **dict.fromkeys(("sin", "cos", "tan"), "{op} of an infinity is no number"),
    "multiply": "0·inf is no number",
    "dot": "0·inf and inf - inf are no numbers",
}
"""Operations, and why their result is nan if an operand is infinite."""


def reason_of_value(made: Calculation) -> str:
    """Why the data of a node is infinite or nan, while none of its operands is nan."""
    if not made.operation:
        return "it is a leaf, and so from the start"
    row, z = operation(made.operation), brief(made.result)
    op = row.name
    for operations, holds, text in _REASONS:
        if made.operation in operations and holds(made.data[0], made.data[-1]):
            return text.format(op=op, z=z)
    if z == "nan":
        infinite = any(map(math.isinf, made.data))
        return _OF_INFINITIES.get(made.operation if infinite else "", "{op} isn't defined there").format(op=op)
    if row.kind in ("function", "sequences") and not hasattr(functions, op):
        return f"{op} is {z} there"  # A user's own operation may have a pole anywhere.
    return "the result is beyond the largest float, 1.8e308"


def reason_of_gradient(made: Calculation, given: Contribution[float]) -> str:
    """Why a contribution makes a gradient infinite or nan, while its upstream gradient is not nan."""
    if math.isfinite(given.amount):
        return "the sum of the contributions is beyond the largest float"
    if not math.isfinite(given.partial):
        beside = ", and 0·inf is no number" if given.upstream == 0.0 and math.isinf(given.partial) else ""
        return f"the local derivative of {operation(made.operation).name} is {brief(given.partial)} there{beside}"
    if math.isnan(given.amount):
        return "0·inf is no number"
    return "inf - inf is no number" if math.isnan(given.after) else "the product is beyond the largest float"
