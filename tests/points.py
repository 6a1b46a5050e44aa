"""The points where a derivative is a choice, stated once. `python -m tests.points` prints the table in the docstring of
`autograd.formula`."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd import Value, hypot, largest, logaddexp, logsumexp, maximum, minimum, norm

INF = math.inf
NAN = math.nan


class Case(NamedTuple):
    """An operation at a point, with what it must give there."""

    operation: Callable[..., Value]
    operands: tuple[float, ...]
    value: float
    partials: tuple[float | None, ...]
    """None where nothing is promised."""


class Row(NamedTuple):
    """One line of the table, and the cases that stand for it."""

    point: str
    value: str
    derivative: str
    cases: tuple[Case, ...]


def _method(name: str) -> Callable[..., Value]:
    return lambda *xs: getattr(Value, name)(*xs)


def _cases(operation: Callable[..., Value], *cases: tuple[Any, float, Any]) -> tuple[Case, ...]:
    def row(numbers: Any) -> tuple[Any, ...]:
        return numbers if isinstance(numbers, tuple) else (numbers,)

    return tuple(Case(operation, row(xs), value, row(partials)) for xs, value, partials in cases)


def _power(x: Value, y: Value) -> Value:
    return x**y


def _divide(x: Value, y: Value) -> Value:
    return x / y


def _multiply(x: Value, y: Value) -> Value:
    return x * y


def _cube(x: Value) -> Value:
    return x**3


relu, leaky, elu, sqrt, rsqrt, log = map(_method, ("relu", "leaky_relu", "elu", "sqrt", "rsqrt", "log"))

ROWS: tuple[Row, ...] = (
    Row("relu(±0)", "0", "0; relu(nan) is nan", _cases(relu, (0.0, 0.0, 0.0), (-0.0, 0.0, 0.0), (NAN, NAN, NAN))),
    Row("leaky_relu(0)", "0", "the slope", _cases(leaky, (0.0, 0.0, (0.01, None)), ((-0.0, 0.3), -0.0, (0.3, None)))),
    Row("elu(0)", "0", "alpha", _cases(elu, (0.0, 0.0, (1.0, None)), ((0.0, 2.0), 0.0, (2.0, None)))),
    Row("abs(±0)", "0", "0", _cases(abs, (0.0, 0.0, 0.0), (-0.0, 0.0, 0.0), (NAN, NAN, NAN))),
    Row(
        "maximum, minimum: tie",
        "x",
        "½ each; a nan on either side gives nan",
        _cases(maximum, ((2.0, 2.0), 2.0, (0.5, 0.5)), ((NAN, 1.0), NAN, (NAN, NAN)), ((1.0, NAN), NAN, (NAN, NAN)))
        + _cases(minimum, ((2.0, 2.0), 2.0, (0.5, 0.5)), ((NAN, 1.0), NAN, (NAN, NAN)), ((1.0, NAN), NAN, (NAN, NAN))),
    ),
    Row(
        "largest, smallest: k-way tie",
        "x",
        "1/k each",
        _cases(lambda *xs: largest(xs), ((3.0, 1.0, 3.0, 3.0), 3.0, (1 / 3, 0.0, 1 / 3, 1 / 3))),
    ),
    Row(
        "hypot(0, 0), norm of zeros",
        "0",
        "0",
        _cases(hypot, ((0.0, -0.0), 0.0, (0.0, 0.0))) + _cases(lambda *xs: norm(xs), ((0.0, 0.0), 0.0, (0.0, 0.0))),
    ),
    Row("sqrt(±0)", "±0", "inf", _cases(sqrt, (0.0, 0.0, INF), (-0.0, -0.0, INF))),
    Row("rsqrt(±0)", "inf", "-inf", _cases(rsqrt, (0.0, INF, -INF), (-0.0, INF, -INF))),
    Row("sqrt(x<0), log(x<0)", "nan", "nan", _cases(sqrt, (-1.0, NAN, NAN)) + _cases(log, (-1.0, NAN, NAN))),
    Row("log(±0)", "-inf", "inf", _cases(log, (0.0, -INF, INF), (-0.0, -INF, INF))),
    Row(
        "x**0, any x, nan included",
        "1",
        "dx 0",
        _cases(_power, *[((x, 0.0), 1.0, (0.0, None)) for x in (2.0, -2.0, 0.0, INF, -INF, NAN)]),
    ),
    Row("0**0", "1", "0, 0", _cases(_power, ((0.0, 0.0), 1.0, (0.0, 0.0)), ((-0.0, 0.0), 1.0, (0.0, 0.0)))),
    Row(
        "0**y, y>0",
        "0",
        "dx: 0 for y>1, 1 for y=1, inf for y<1; dy 0",
        _cases(
            _power,
            ((0.0, 2.0), 0.0, (0.0, 0.0)),
            ((0.0, 1.0), 0.0, (1.0, 0.0)),
            ((0.0, 0.5), 0.0, (INF, 0.0)),
            ((-0.0, 1e-20), 0.0, (INF, 0.0)),
        ),
    ),
    Row("0**-1", "inf", "dx -inf", _cases(_power, ((0.0, -1.0), INF, (-INF, None)))),
    Row(
        "x<0, integer y",
        "exact",
        "dx exact; dy nan, and not formed for a constant y",
        _cases(_power, ((-2.0, 3.0), -8.0, (12.0, NAN)), ((-2.0, -1.0), -0.5, (-0.25, NAN)))
        + _cases(_cube, (-2.0, -8.0, (12.0, 0.0))),
    ),
    Row(
        "x<0, other y", "nan", "nan", _cases(_power, ((-2.0, 0.5), NAN, (NAN, NAN)), ((-2.0, 5e-324), NAN, (NAN, NAN)))
    ),
    Row("(-inf)**y, other y", "inf, 0 (IEEE)", "—", _cases(_power, ((-INF, 0.5), INF, (None, None)))),
    Row("1**nan, 1**inf", "1", "dy 0", _cases(_power, ((1.0, NAN), 1.0, (None, 0.0)), ((1.0, INF), 1.0, (None, 0.0)))),
    Row(
        "x/0, 0/0",
        "±inf, nan",
        "1/y and -(x/y)/y",
        _cases(
            _divide,
            ((1.0, 0.0), INF, (INF, -INF)),
            ((1.0, -0.0), -INF, (-INF, -INF)),
            ((-1.0, 0.0), -INF, (INF, INF)),
            ((0.0, 0.0), NAN, (INF, NAN)),
        ),
    ),
    Row(
        "exp above 709.78, pow overflow",
        "inf",
        "inf; 1e200**2 has dx 2e200",
        _cases(_method("exp"), (710.0, INF, INF)) + _cases(_power, ((1e200, 2.0), INF, (2e200, INF))),
    ),
    Row(
        "tanh, sigmoid, softplus far out",
        "saturate",
        "0 or 1; sigmoid(-40) keeps all its digits",
        _cases(_method("tanh"), (1e3, 1.0, 0.0), (-INF, -1.0, 0.0))
        + _cases(_method("sigmoid"), (-40.0, 4.248354255291589e-18, 4.248354255291589e-18), (1e3, 1.0, 0.0))
        + _cases(_method("softplus"), (1e3, 1e3, 1.0), (-1e3, 0.0, 0.0)),
    ),
    Row(
        "sin, cos of ±inf",
        "nan",
        "nan",
        _cases(_method("sin"), (INF, NAN, NAN)) + _cases(_method("cos"), (-INF, NAN, NAN)),
    ),
    Row(
        "logaddexp, logsumexp, softmax: k equal infinities",
        "the infinity; softmax 1/k",
        "1/k each",
        _cases(logaddexp, ((INF, INF), INF, (0.5, 0.5)), ((-INF, -INF), -INF, (0.5, 0.5)))
        + _cases(lambda *xs: logsumexp(xs), ((INF, 0.0, INF), INF, (0.5, 0.0, 0.5))),
    ),
    Row("x·inf at x = 0", "nan", "IEEE", _cases(_multiply, ((0.0, INF), NAN, (INF, 0.0)))),
)


def table() -> str:
    """The rows in Markdown."""
    lines = ["| operation, point | value | derivative |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| {r.point} | {r.value} | {r.derivative} |" for r in ROWS])


if __name__ == "__main__":
    print(table())
