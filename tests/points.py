"""The points where a derivative is a choice, stated once. `python -m tests.points` prints the table in the docstring of
`autograd.formula`."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd import Value, atan2, hypot, largest, logaddexp, logsumexp, maximum, minimum, norm, where, xlogy

INF = math.inf
NAN = math.nan


class Case(NamedTuple):
    """An operation at a point, with what it must give there."""

    operation: Callable[..., Value]
    operands: tuple[float, ...]
    value: float
    partials: tuple[float | None, ...]
    """None where nothing is promised."""
    second: tuple[float | None, ...] = ()
    """The second derivatives by the first operand and each operand, then by the second and each that follows it…"""


class Row(NamedTuple):
    """One line of the table, and the cases that stand for it."""

    point: str
    value: str
    derivative: str
    second: str
    cases: tuple[Case, ...]


def _method(name: str) -> Callable[..., Value]:
    return lambda *xs: getattr(Value, name)(*xs)


def _cases(operation: Callable[..., Value], *cases: tuple[Any, ...]) -> tuple[Case, ...]:
    def row(numbers: Any) -> tuple[Any, ...]:
        return numbers if isinstance(numbers, tuple) else (numbers,)

    return tuple(Case(operation, row(xs), value, *map(row, derivatives)) for xs, value, *derivatives in cases)


def _power(x: Value, y: Value) -> Value:
    return x**y


def _divide(x: Value, y: Value) -> Value:
    return x / y


def _multiply(x: Value, y: Value) -> Value:
    return x * y


def _cube(x: Value) -> Value:
    return x**3


relu, leaky, elu, sqrt, rsqrt, log = map(_method, ("relu", "leaky_relu", "elu", "sqrt", "rsqrt", "log"))

asin, acos, acosh, atanh, sign, clamp = map(_method, ("asin", "acos", "acosh", "atanh", "sign", "clamp"))
HALF_PI = math.pi / 2.0
LN_2 = math.log(2.0)


def _norm(*xs: Value) -> Value:
    return norm(xs)


def _maximum_squared(x: Value) -> Value:
    return maximum(x, -x) ** 2


NANS = (NAN, NAN, NAN)

ROWS: tuple[Row, ...] = (
    Row(
        "relu(±0)",
        "0",
        "0; relu(nan) is nan",
        "0, as on the left",
        _cases(relu, (0.0, 0.0, 0.0, 0.0), (-0.0, 0.0, 0.0, 0.0), (NAN, NAN, NAN, NAN)),
    ),
    Row(
        "leaky_relu(0)",
        "0",
        "the slope",
        "0",
        _cases(leaky, (0.0, 0.0, (0.01, None), 0.0), ((-0.0, 0.3), -0.0, (0.3, None), (0.0, 1.0, 0.0))),
    ),
    Row(
        "elu(0)",
        "0",
        "alpha",
        "alpha, as on the left",
        _cases(elu, (0.0, 0.0, (1.0, None), 1.0), ((0.0, 2.0), 0.0, (2.0, None), (2.0, 1.0, 0.0))),
    ),
    Row(
        "abs(±0)",
        "0",
        "0",
        "0; abs(x)**2 has 2, and cos(abs(x)) nan",
        _cases(abs, (0.0, 0.0, 0.0, 0.0), (-0.0, 0.0, 0.0, 0.0), (NAN, NAN, NAN, NAN))
        + _cases(lambda x: abs(x) ** 2, (0.0, 0.0, None, 2.0))
        + _cases(lambda x: abs(x).cos(), (0.0, 1.0, None, NAN)),
    ),
    Row("sign(±0)", "0", "0", "0", _cases(sign, (0.0, 0.0, 0.0, 0.0), (-0.0, 0.0, 0.0, 0.0), (NAN, NAN, NAN))),
    Row(
        "maximum, minimum: tie",
        "x",
        "½ each; a nan on either side gives nan",
        "0, for ½ is a constant: maximum(x, -x)**2 has 0",
        _cases(
            maximum,
            ((2.0, 2.0), 2.0, (0.5, 0.5), (0.0, 0.0, 0.0)),
            ((NAN, 1.0), NAN, (NAN, NAN)),
            ((1.0, NAN), NAN, (NAN, NAN)),
        )
        + _cases(
            minimum,
            ((2.0, 2.0), 2.0, (0.5, 0.5), (0.0, 0.0, 0.0)),
            ((NAN, 1.0), NAN, (NAN, NAN)),
            ((1.0, NAN), NAN, (NAN, NAN)),
        )
        + _cases(_maximum_squared, (0.0, 0.0, None, 0.0)),
    ),
    Row(
        "largest, smallest: k-way tie",
        "x",
        "1/k each",
        "0",
        _cases(lambda *xs: largest(xs), ((3.0, 1.0, 3.0, 3.0), 3.0, (1 / 3, 0.0, 1 / 3, 1 / 3), (0.0,) * 10)),
    ),
    Row(
        "clamp at a bound",
        "the bound",
        "1 by x, 0 by the bound",
        "0",
        _cases(
            clamp,
            ((0.0, 0.0, 1.0), 0.0, (1.0, 0.0, 0.0), (0.0,) * 6),
            ((1.0, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0), (0.0,) * 6),
            ((5.0, 2.0, 1.0), 1.0, (0.0, 0.0, 1.0), (0.0,) * 6),
            ((NAN, 0.0, 1.0), NAN, NANS),
            ((0.5, NAN, 1.0), NAN, NANS),
            ((0.5, 0.0, NAN), NAN, NANS),
        ),
    ),
    Row(
        "where(±0, a, b), where(nan, a, b)",
        "b",
        "1 by b; nothing by x and a",
        "0",
        _cases(
            where,
            ((0.0, 1.0, 2.0), 2.0, (0.0, 0.0, 1.0), (0.0,) * 6),
            ((NAN, 1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
            ((0.5, 1.0, 2.0), 1.0, (0.0, 1.0, 0.0), (0.0,) * 6),
        ),
    ),
    Row(
        "hypot(0, 0), norm of zeros",
        "0",
        "0",
        "nan; norm(x)**2 has 2",
        _cases(hypot, ((0.0, -0.0), 0.0, (0.0, 0.0), NANS))
        + _cases(_norm, ((0.0, 0.0), 0.0, (0.0, 0.0), NANS))
        + _cases(lambda *xs: norm(xs) ** 2, ((0.0, 0.0), 0.0, (None,), (2.0, 0.0, 2.0)))
        + _cases(lambda *xs: hypot(*xs) ** 2, ((0.0, 0.0), 0.0, (None,), (2.0, 0.0, 2.0))),
    ),
    Row("atan2(0, 0)", "0", "nan", "nan", _cases(atan2, ((0.0, 0.0), 0.0, (NAN, NAN), NANS))),
    Row("sqrt(±0)", "±0", "inf", "-inf", _cases(sqrt, (0.0, 0.0, INF, -INF), (-0.0, -0.0, INF, -INF))),
    Row("rsqrt(±0)", "inf", "-inf", "inf", _cases(rsqrt, (0.0, INF, -INF, INF), (-0.0, INF, -INF, INF))),
    Row(
        "sqrt(x<0), log(x<0)",
        "nan",
        "nan",
        "nan",
        _cases(sqrt, (-1.0, NAN, NAN, NAN)) + _cases(log, (-1.0, NAN, NAN, NAN)),
    ),
    Row("log(±0)", "-inf", "inf", "-inf", _cases(log, (0.0, -INF, INF, -INF), (-0.0, -INF, INF, -INF))),
    Row(
        "xlogy(0, y)",
        "0, for y = 0 too",
        "dx log(y); dy 0",
        "dxy 1/y; nan by y at y = 0",
        _cases(xlogy, ((0.0, 2.0), 0.0, (math.log(2.0), 0.0), (0.0, 0.5, 0.0)), ((0.0, 0.0), 0.0, (-INF, 0.0)))
        + _cases(xlogy, ((0.0, -1.0), 0.0, (NAN, NAN), (None, NAN, NAN))),
    ),
    Row(
        "asin, acos(±1)",
        "±π/2; 0, π",
        "inf; -inf",
        "±inf; ∓inf",
        _cases(asin, (1.0, HALF_PI, INF, INF), (-1.0, -HALF_PI, INF, -INF))
        + _cases(acos, (1.0, 0.0, -INF, -INF), (-1.0, math.pi, -INF, INF)),
    ),
    Row("acosh(1)", "0", "inf", "-inf", _cases(acosh, (1.0, 0.0, INF, -INF))),
    Row("atanh(±1)", "±inf", "inf", "±inf", _cases(atanh, (1.0, INF, INF, INF), (-1.0, -INF, INF, -INF))),
    Row(
        "x**0, any x, nan included",
        "1",
        "dx 0",
        "dxx 0",
        _cases(_power, *[((x, 0.0), 1.0, (0.0, None), (0.0, None, None)) for x in (2.0, -2.0, 0.0, INF, -INF, NAN)]),
    ),
    Row(
        "0**0",
        "1",
        "0, 0",
        "dxx 0, others nan",
        _cases(
            _power,
            ((0.0, 0.0), 1.0, (0.0, 0.0), (0.0, NAN, NAN)),
            ((-0.0, 0.0), 1.0, (0.0, 0.0), (0.0, NAN, NAN)),
        ),
    ),
    Row(
        "0**y, y>0",
        "0",
        "dx: 0 for y>1, 1 for y=1, inf for y<1; dy 0",
        "dxx: 0 for y>2, 2 at 2, then inf, 0 at 1, then -inf",
        _cases(
            _power,
            ((0.0, 3.0), 0.0, (0.0, 0.0), (0.0, None, 0.0)),
            ((0.0, 2.0), 0.0, (0.0, 0.0), (2.0, None, 0.0)),
            ((0.0, 1.5), 0.0, (0.0, 0.0), (INF, None, 0.0)),
            ((0.0, 1.0), 0.0, (1.0, 0.0), (0.0, -INF, 0.0)),
            ((0.0, 0.5), 0.0, (INF, 0.0), (-INF, NAN, 0.0)),
            ((-0.0, 1e-20), 0.0, (INF, 0.0), (-INF, NAN, 0.0)),
        ),
    ),
    Row("0**-1", "inf", "dx -inf", "inf", _cases(_power, ((0.0, -1.0), INF, (-INF, None), (INF, None, None)))),
    Row(
        "x<0, integer y",
        "exact",
        "dx exact; dy nan, and not formed for a constant y",
        "dxx exact, others nan",
        _cases(
            _power,
            ((-2.0, 3.0), -8.0, (12.0, NAN), (-12.0, NAN, NAN)),
            ((-2.0, -1.0), -0.5, (-0.25, NAN), (-0.25, NAN, NAN)),
        )
        + _cases(_cube, (-2.0, -8.0, (12.0, 0.0), -12.0)),
    ),
    Row(
        "x<0, other y",
        "nan",
        "nan",
        "nan",
        _cases(_power, ((-2.0, 0.5), NAN, (NAN, NAN), NANS), ((-2.0, 5e-324), NAN, (NAN, NAN), NANS)),
    ),
    Row("(-inf)**y, other y", "inf, 0 (IEEE)", "—", "—", _cases(_power, ((-INF, 0.5), INF, (None, None)))),
    Row(
        "1**nan, 1**inf",
        "1",
        "dy 0",
        "—",
        _cases(_power, ((1.0, NAN), 1.0, (None, 0.0)), ((1.0, INF), 1.0, (None, 0.0))),
    ),
    Row(
        "x/0, 0/0",
        "±inf, nan",
        "1/y and -(x/y)/y",
        "0, -1/y² and 2x/y³",
        _cases(
            _divide,
            ((1.0, 0.0), INF, (INF, -INF), (0.0, -INF, INF)),
            ((1.0, -0.0), -INF, (-INF, -INF), (0.0, -INF, -INF)),
            ((-1.0, 0.0), -INF, (INF, INF), (0.0, -INF, -INF)),
            ((0.0, 0.0), NAN, (INF, NAN), (0.0, -INF, NAN)),
        ),
    ),
    Row(
        "exp above 709.78, pow overflow",
        "inf",
        "inf; 1e200**2 has dx 2e200",
        "inf; 1e200**2 has dxx 2",
        _cases(_method("exp"), (710.0, INF, INF, INF))
        + _cases(
            _power,
            ((1e200, 2.0), INF, (2e200, INF), (2.0, None, INF)),
            ((2.0, 1024.0), INF, (None, LN_2 * 2.0**1023 * 2.0), (None, None, LN_2**2 * 2.0**1023 * 2.0)),
        ),
    ),
    Row(
        "tanh, sigmoid, softplus far out",
        "saturate",
        "0 or 1; sigmoid(-40) keeps all its digits",
        "0; that of sigmoid(-40) too",
        _cases(_method("tanh"), (1e3, 1.0, 0.0, 0.0), (-INF, -1.0, 0.0, 0.0))
        + _cases(
            _method("sigmoid"),
            (-40.0, 4.248354255291589e-18, 4.248354255291589e-18, 4.248354255291589e-18),
            (1e3, 1.0, 0.0, 0.0),
        )
        + _cases(_method("softplus"), (1e3, 1e3, 1.0, 0.0), (-1e3, 0.0, 0.0, 0.0)),
    ),
    Row(
        "sin, cos of ±inf",
        "nan",
        "nan",
        "nan",
        _cases(_method("sin"), (INF, NAN, NAN, NAN)) + _cases(_method("cos"), (-INF, NAN, NAN, NAN)),
    ),
    Row(
        "logaddexp, logsumexp, softmax: k equal infinities",
        "the infinity; softmax 1/k",
        "1/k each",
        "1/k - 1/k² and -1/k²",
        _cases(
            logaddexp,
            ((INF, INF), INF, (0.5, 0.5), (0.25, -0.25, 0.25)),
            ((-INF, -INF), -INF, (0.5, 0.5), (0.25, -0.25, 0.25)),
        )
        + _cases(
            lambda *xs: logsumexp(xs), ((INF, 0.0, INF), INF, (0.5, 0.0, 0.5), (0.25, 0.0, -0.25, 0.0, 0.0, 0.25))
        ),
    ),
    Row("x·inf at x = 0", "nan", "IEEE", "0, 1", _cases(_multiply, ((0.0, INF), NAN, (INF, 0.0), (0.0, 1.0, 0.0)))),
)


def table() -> str:
    """The rows in Markdown."""
    lines = ["| operation, point | value | derivative | second derivative |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [f"| {r.point} | {r.value} | {r.derivative} | {r.second} |" for r in ROWS])


if __name__ == "__main__":
    print(table())
