"""Functions of two Values and of whole sequences of them.

>>> from autograd import Value, largest, softmax, total
>>> scores = [Value(1.0), Value(3.0), Value(2.0)]
>>> total(scores), largest(scores)
(Value(data=6.0), Value(data=3.0))
>>> [round(p.data, 3) for p in softmax(scores)]
[0.09, 0.665, 0.245]

Each takes Values and numbers alike. A sequence is any iterable of them; one operation on a
sequence is one node, however long the sequence.
"""

from collections.abc import Iterable

from autograd.engine import rules
from autograd.engine.graph import Choice, Node, is_constant
from autograd.engine.number import described
from autograd.engine.value import Number, Value, operand, record, record_many


def maximum(x: Number, y: Number) -> Value:
    """The greater of the two; a tie is x and shares the gradient, a nan on either side gives nan."""
    a, b = operand(x, "maximum"), operand(y, "maximum")
    z, dx, dy = rules.maximum(a._data, b._data)
    return record("maximum", z, a, dx, b, dy)


def minimum(x: Number, y: Number) -> Value:
    """The lesser of the two; a tie is x and shares the gradient, a nan on either side gives nan."""
    a, b = operand(x, "minimum"), operand(y, "minimum")
    z, dx, dy = rules.minimum(a._data, b._data)
    return record("minimum", z, a, dx, b, dy)


def hypot(x: Number, y: Number) -> Value:
    """√(x² + y²), in range wherever the result is; both derivatives are 0 at the origin."""
    a, b = operand(x, "hypot"), operand(y, "hypot")
    z, dx, dy = rules.hypot(a._data, b._data)
    return record("hypot", z, a, dx, b, dy)


def logaddexp(x: Number, y: Number) -> Value:
    """log(eˣ + e^y), without overflow."""
    a, b = operand(x, "logaddexp"), operand(y, "logaddexp")
    z, dx, dy = rules.logaddexp(a._data, b._data)
    return record("logaddexp", z, a, dx, b, dy)


def atan2(x: Number, y: Number) -> Value:
    """The angle of the point (y, x) in radians, from −π to π: the sine comes first, as in C."""
    a, b = operand(x, "atan2"), operand(y, "atan2")
    z, dx, dy = rules.atan2(a._data, b._data)
    return record("atan2", z, a, dx, b, dy)


def xlogy(x: Number, y: Number) -> Value:
    """x · log(y), and 0 at x = 0; as xlogy(p, p) it is a term of an entropy."""
    a, b = operand(x, "xlogy"), operand(y, "xlogy")
    z, dx, dy = rules.xlogy(a._data, b._data)
    return record("xlogy", z, a, dx, b, dy)


def where(x: Number, a: Number, b: Number) -> Value:
    """a where x > 0, else b; x may be a comparison, as in `where(v < 1.0, a, b)`.

    No gradient goes into the branch that is not taken, so an inf or nan in it does no harm.

    >>> x = Value(0.0)
    >>> where(x > 0.0, x.log(), 0.0).backward()
    >>> x.grad
    0.0
    """
    row = [operand(x, "where"), operand(a, "where"), operand(b, "where")]
    z, _, da, _ = rules.where(row[0]._data, row[1]._data, row[2]._data)
    return record("where", z, None, 0.0, None, da, Choice(row[1] if da else row[2], row))  # type: ignore[arg-type]


# An operator may give NotImplemented, and these don't.
def _multiply(a: Value, b: Value) -> Value:
    z, dx, dy = rules.multiply(a._data, b._data)
    return record("multiply", z, a, dx, b, dy)


def _divide(a: Value, b: Value) -> Value:
    z, dx, dy = rules.divide(a._data, b._data)
    return record("divide", z, a, dx, b, dy)


def _subtract(a: Value, b: Value) -> Value:
    z, dx, dy = rules.subtract(a._data, b._data)
    return record("subtract", z, a, dx, b, dy)


def _exp_of_difference(a: Value, b: Value) -> Value:
    z, dx, dy = rules.exp_of_difference(a._data, b._data)
    return record("exp_of_difference", z, a, dx, b, dy)


def _shift(a: Value, b: Value) -> Value:
    z, dx, dy = rules.shift(a._data, b._data)
    return record("shift", z, a, dx, b, dy)


# ── parts of derivatives ──


def share(x: Number, y: Number) -> Value:
    """eˣ / (eˣ + e^y), the derivative of logaddexp by x."""
    a, b = operand(x, "share"), operand(y, "share")
    z, dx, dy = rules.share(a._data, b._data)
    return record("share", z, a, dx, b, dy)


def direction(x: Number, y: Number) -> Value:
    """x / √(x² + y²), a part of the derivatives of hypot and atan2."""
    a, b = operand(x, "direction"), operand(y, "direction")
    z, dx, dy = rules.direction(a._data, b._data)
    return record("direction", z, a, dx, b, dy)


def fixed(x: Number, y: Number) -> Value:
    """x, with a derivative by y that is nan: a derivative decided at a point where its formula ends."""
    a, b = operand(x, "fixed"), operand(y, "fixed")
    z, dx, dy = rules.fixed(a._data, b._data)
    return record("fixed", z, a, dx, b, dy)


def scaled_power(c: Number, x: Number, y: Number, k: Number) -> Value:
    """c · x^(y − k) for a whole k ≥ 0, in range wherever the result is: a part of the derivatives of powers."""
    row = [operand(v, "scaled_power") for v in (c, x, y, k)]
    z, *partials = rules.scaled_power(row[0]._data, row[1]._data, row[2]._data, row[3]._data)
    # By a constant nobody asks, and by the exponent it is nan for a negative base.
    formed = [0.0 if is_constant(v) else d for v, d in zip(row, partials, strict=True)]
    return record_many("scaled_power", z, row, formed)


def circle(x: Number) -> Value:
    """√(1 − x²), a part of the derivatives of asin, acos and atanh."""
    a = operand(x, "circle")
    z, dx = rules.circle(a._data)
    return record("circle", z, a, dx)


def hyperbola(x: Number) -> Value:
    """√(x² − 1) for x ≥ 1, a part of the derivative of acosh."""
    a = operand(x, "hyperbola")
    z, dx = rules.hyperbola(a._data)
    return record("hyperbola", z, a, dx)


def normal_cdf(x: Number) -> Value:
    """The standard normal distribution function Φ, a part of gelu and of its derivative."""
    a = operand(x, "normal_cdf")
    z, dx = rules.normal_cdf(a._data)
    return record("normal_cdf", z, a, dx)


# ── sequences ──


def operands(xs: Iterable[Number], operation: str, least: int = 0) -> list[Value]:
    """The Values of a sequence, with a constant for each number; ValueError if there are fewer than least."""
    if type(xs) is not list and (issubclass(type(xs), (Node, str, bytes)) or not hasattr(xs, "__iter__")):
        found = described(xs)
        raise TypeError(f"{operation} takes a sequence of Values and numbers, not {found}; write {operation}([…])")
    row = [operand(x, operation) for x in xs]
    if len(row) < least:
        raise ValueError(f"{operation} of no numbers is undefined; give it at least one")
    return row


def _datas(row: list[Value]) -> list[float]:
    return [v._data for v in row]


def total(xs: Iterable[Number]) -> Value:
    """The sum, rounded once whatever the length; 0 for an empty sequence."""
    row = operands(xs, "total")
    z, dxs = rules.total(_datas(row))
    return record_many("total", z, row, dxs) if row else Value(z)


def mean(xs: Iterable[Number]) -> Value:
    """The arithmetic mean; ValueError for an empty sequence."""
    row = operands(xs, "mean", 1)
    z, dxs = rules.mean(_datas(row))
    return record_many("mean", z, row, dxs)


def product(xs: Iterable[Number]) -> Value:
    """The product, multiplied from the left; 1 for an empty sequence."""
    row = operands(xs, "product")
    if not row:
        return Value(1.0)
    z = +row[0]
    for v in row[1:]:
        z = _multiply(z, v)
    return z


def dot(xs: Iterable[Number], ys: Iterable[Number]) -> Value:
    """Σ x·y, the sum rounded once; ValueError unless xs and ys are of one length, 0 for empty ones."""
    left, right = operands(xs, "dot"), operands(ys, "dot")
    if len(left) != len(right):
        raise ValueError(f"dot takes two sequences of one length, not of {len(left)} and {len(right)}")
    z, dxs, dys = rules.dot(_datas(left), _datas(right))
    return record_many("dot", z, left + right, dxs + dys) if left else Value(z)


def logsumexp(xs: Iterable[Number]) -> Value:
    """log Σeˣ, shifted by the greatest; ValueError for an empty sequence."""
    row = operands(xs, "logsumexp", 1)
    z, dxs = rules.logsumexp(_datas(row))
    return record_many("logsumexp", z, row, dxs)


def norm(xs: Iterable[Number]) -> Value:
    """√Σx², in range wherever the result is; all derivatives are 0 at the origin, 0 for an empty sequence."""
    row = operands(xs, "norm")
    z, dxs = rules.norm(_datas(row))
    return record_many("norm", z, row, dxs) if row else Value(z)


def largest(xs: Iterable[Number]) -> Value:
    """The greatest; k that tie get 1/k of the gradient each, a nan gives nan; ValueError for an empty sequence."""
    row = operands(xs, "largest", 1)
    z, dxs = rules.largest(_datas(row))
    return record_many("largest", z, row, dxs)


def smallest(xs: Iterable[Number]) -> Value:
    """The least; k that tie get 1/k of the gradient each, a nan gives nan; ValueError for an empty sequence."""
    row = operands(xs, "smallest", 1)
    z, dxs = rules.smallest(_datas(row))
    return record_many("smallest", z, row, dxs)


def softmax(xs: Iterable[Number]) -> list[Value]:
    """eˣ / Σeˣ for each x, shifted by the greatest; ValueError for an empty sequence.

    Source: I. Goodfellow, Y. Bengio, A. Courville, Deep Learning (2016), section 4.1.
    """
    row = operands(xs, "softmax", 1)
    top = largest(row).detach()  # The reason is that of log_softmax.
    exps = [_exp_of_difference(v, top) for v in row]
    s = total(exps)
    return [_divide(e, s) for e in exps]


def log_softmax(xs: Iterable[Number]) -> list[Value]:
    """log(softmax(xs)) without its underflow: each x less the greatest, less the log of the sum so shifted.

    ValueError for an empty sequence.
    """
    row = operands(xs, "log_softmax", 1)
    top, rest = _shift_and_rest(row)
    return [_subtract(_shift(v, top), rest) for v in row]


def log_softmax_at(xs: Iterable[Number], k: int) -> Value:
    """log_softmax(xs)[k] without the nodes of the others; ValueError for an empty sequence."""
    row = operands(xs, "log_softmax", 1)
    top, rest = _shift_and_rest(row)
    return _subtract(_shift(row[k], top), rest)


def _shift_and_rest(row: list[Value]) -> tuple[Value, Value]:
    """The greatest, and the log of the sum of exponentials shifted by it."""
    # In exact arithmetic the shift changes nothing, so no gradient passes through it.
    top = largest(row).detach()
    row = [*row, top]
    z, dxs = rules.log_of_shifted_sum(_datas(row))
    return top, record_many("log_of_shifted_sum", z, row, dxs)
