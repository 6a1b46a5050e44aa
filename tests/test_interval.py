"""Intervals: their bounds hold at every point, are narrow at a point, and are stated at kinks, poles and ends."""

import math
import operator
import random
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, functional, replay
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.formula.interval import Interval, interval
from tests.test_random_graphs import by_differences
from tests.test_replay import gradients, grads, graph, used

NARROW: Final = 1e-6
"""Relative width of the bounds of a point: 8 ulps at every step, which the conditioning of a random graph magnifies."""
ULPS_OF_ONE: Final = 2.0**-45
"""Relative width of the bounds of one operation at a point of its domain: 128 ulps. 76 were seen, in the square of a
quotient of two functions, each of which is rounded by 8 ulps to either side."""


def checked(root: Value, boxes: dict[Value, tuple[float, float]]) -> tuple[Interval, list[Interval]]:
    again = replay(root, Interval, inputs=used(root, boxes))
    return again.value, [interval(x) for x in grads(again, [*boxes], root)]


@st.composite
def programs(draw: st.DrawFn) -> tuple[Expression, list[tuple[float, float]]]:
    """Any operations on any operands, kinks, poles and ends of domains included, and a box for each input."""
    count = draw(st.integers(1, 3))
    numbers = st.sampled_from([0.0, -1.0, 1.0, 0.5, 2.0, -3.0, 800.0, 1e200, -1e200, 1e-200]) | st.floats(-5.0, 5.0)
    boxes = [tuple(sorted((draw(numbers) + 0.0, draw(numbers) + 0.0))) for _ in range(count)]  # No -0.0.
    steps = []
    for k in range(draw(st.integers(1, 5))):
        op = draw(st.sampled_from(strategies._IN_EXPRESSIONS))
        row = autograd.operations.operation(op)
        n = len(row.domains) * (draw(st.integers(1, 3)) if row.of_sequences else 1)
        earlier = st.integers(0, count + k - 1)
        first = draw(earlier)
        rest = [draw(earlier | st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0])) for _ in range(n - 1)]
        steps.append(strategies.Step(op, (first, *rest)))
    return Expression((0.0,) * count, tuple(steps)), boxes  # type: ignore[return-value]


@settings(max_examples=600)
@given(programs(), st.data())
def test_bounds_hold_at_every_point(program: tuple[Expression, list[tuple[float, float]]], data: st.DataObject) -> None:
    expression, boxes = program
    xs = [
        Value(data.draw(st.sampled_from([low, high, min(max(0.0, low), high)]) | st.floats(low, high)) + 0.0)
        for low, high in boxes
    ]
    root = expression(*xs)
    value, slopes = checked(root, dict(zip(xs, boxes, strict=True)))
    root.backward()
    for rounded, bounds in zip([root.data, *(x.grad for x in xs)], [value, *slopes], strict=True):
        assert rounded != rounded or rounded in bounds
    numbers = [node.data for node in functional.topological_order(root)]
    if all(map(math.isfinite, numbers)):
        exact = replay(root, "mpmath")
        for truth, bounds in zip([exact.value, *grads(exact, xs, root)], [value, *slopes], strict=True):
            assert bounds.low != bounds.low or not mpmath.isfinite(truth) or bounds.low <= truth <= bounds.high
    elif math.isnan(root.data) and not any(map(math.isinf, numbers)):
        assert value.low != value.low  # Outside its domain, and by no detour over an infinity.


@given(strategies.expressions())
def test_a_point_has_narrow_bounds(expression: Expression) -> None:
    xs, root = graph(expression)
    value, slopes = checked(root, {x: (x.data, x.data) for x in xs})
    size = by_differences(expression).tangent
    assert value.width <= NARROW * max(1.0, abs(root.data)) * float(size)
    for bounds, slope in zip(slopes, gradients(root, xs), strict=True):
        assert slope in bounds


@pytest.mark.parametrize("op", strategies._IN_EXPRESSIONS)
@given(data=st.data())
def test_an_operation_at_a_point_has_bounds_of_a_few_ulps(op: str, data: st.DataObject) -> None:
    row = [x for group in data.draw(strategies.operands(op)) for x in (group if isinstance(group, list) else [group])]
    xs = [Value(x) for x in row]
    root: Value = strategies.apply(op, xs)
    again = replay(root, "interval")
    bounds = [again.value, *(again.grad(x) for x in xs)]
    size = max(1.0, *(abs(x) for b in bounds for x in (b.low, b.high)))
    if op == "dot":  # Its products may cancel.
        size *= max(1.0, *map(abs, row))
    assert all(b.width <= ULPS_OF_ONE * size for b in bounds), bounds


def boxed(f: Callable[..., Value], *boxes: tuple[float, float]) -> tuple[Any, ...]:
    """The bounds of f over a box, then those of its gradient."""
    xs = [Value(box[0]) for box in boxes]
    root = f(*xs)
    again = replay(root, "interval", inputs=dict(zip(xs, boxes, strict=True)))
    return tuple((b.low, b.high) for b in (again.value, *map(again.grad, xs)))


NAN: Final = pytest.approx((math.nan, math.nan), nan_ok=True)
ALL: Final = (-math.inf, math.inf)
MOST: Final = sys.float_info.max
TABLE: Final[list[tuple[Any, Any, Any]]] = [
    (lambda x: x.relu(), [(-1.0, 2.0)], [(0.0, 2.0), (0.0, 1.0)]),
    (abs, [(-1.0, 2.0)], [(0.0, 2.0), (-1.0, 1.0)]),
    (abs, [(0.0, 0.0)], [(0.0, 0.0), (0.0, 0.0)]),
    (lambda x: x.leaky_relu(0.5), [(-2.0, 2.0)], [(-1.0, 2.0), (0.5, 1.0)]),
    (autograd.maximum, [(0.0, 2.0), (1.0, 3.0)], [(1.0, 3.0), (0.0, 1.0), (0.0, 1.0)]),
    (autograd.minimum, [(0.0, 2.0), (1.0, 3.0)], [(0.0, 2.0), (0.0, 1.0), (0.0, 1.0)]),
    (autograd.maximum, [(0.0, 1.0), (2.0, 3.0)], [(2.0, 3.0), (0.0, 0.0), (1.0, 1.0)]),
    (autograd.maximum, [(1.0, 1.0), (1.0, 1.0)], [(1.0, 1.0), (0.5, 0.5), (0.5, 0.5)]),
    (lambda x: autograd.maximum(x, x), [(0.0, 1.0)], [(0.0, 1.0), (1.0, 1.0)]),
    (lambda *xs: autograd.largest(xs), [(0.0, 1.0), (2.0, 3.0)], [(2.0, 3.0), (0.0, 0.0), (1.0, 1.0)]),
    (lambda *xs: autograd.smallest(xs), [(0.0, 1.0), (2.0, 3.0)], [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]),
    (lambda *xs: autograd.largest(xs), [(1.0, 1.0), (1.0, 1.0)], [(1.0, 1.0), (0.5, 0.5), (0.5, 0.5)]),
    (
        lambda *xs: autograd.largest(xs),  # The last may tie with the others, and then each has a third.
        [(1.0, 1.0), (1.0, 1.0), (0.0, 1.0)],
        [(1.0, 1.0), *[(pytest.approx(1.0 / 3.0), 0.5)] * 2, (0.0, 0.5)],
    ),
    (lambda *xs: autograd.largest(xs), [(0.0, 2.0), (1.0, 3.0)], [(1.0, 3.0), (0.0, 1.0), (0.0, 1.0)]),
    (lambda x: x * x, [(-1.0, 2.0)], [(0.0, 4.0), (-2.0, 4.0)]),
    (lambda x: x.square(), [(-1.0, 2.0)], [(0.0, 4.0), (-2.0, 4.0)]),
    (lambda x, y: x / y, [(1.0, 2.0), (-1.0, 1.0)], [ALL, ALL, ALL]),
    (lambda x, y: x / y, [(-1.0, 2.0), (0.0, 1.0)], [NAN, ALL, NAN]),
    (lambda x: x.log(), [(-1.0, 2.0)], [NAN, NAN]),
    (lambda x: x.acos(), [(-2.0, 0.5)], [NAN, NAN]),
    (lambda x: x.exp(), [(1000.0, 1000.0)], [(pytest.approx(MOST), math.inf)] * 2),
    (lambda x: x * 1e200, [(1e200, 1e200)], [(MOST, math.inf), (1e200, 1e200)]),
    (lambda x: x * -1e200, [(1e200, 1e200)], [(-math.inf, -MOST), (-1e200, -1e200)]),
    (lambda x: 1e200 - x * 1e308, [(-1.0, 10.0)], [(-math.inf, pytest.approx(1e308)), (-1e308, -1e308)]),
    (lambda x: 1.0 / x, [(1.0, math.inf)], [(0.0, 1.0), (-1.0, 0.0)]),
    (lambda x: x.sin(), [(-1e300, 1e300)], [(-1.0, 1.0), (-1.0, 1.0)]),
    (lambda x: x.sin(), [(1.0, 8.0)], [(-1.0, 1.0), (-1.0, 1.0)]),
    (lambda x: x.cos(), [(0.0, math.inf)], [NAN, NAN]),
    (lambda x: x**0.5, [(-1.0, 1.0)], [NAN, NAN]),
    (lambda x: x**-1.0, [(-1.0, 1.0)], [ALL, ALL]),
    (lambda x, y: x**y, [(-2.0, -1.0), (1.0, 2.0)], [NAN, NAN, NAN]),
    (lambda x: x * 2.0, [(math.inf, math.inf)], [NAN, (2.0, 2.0)]),
    (lambda x: x.relu(), [(math.nan, math.nan)], [NAN, NAN]),
    (lambda x: x**-1.0, [(math.nan, math.nan)], [NAN, NAN]),
    (autograd.atan2, [(math.nan, math.nan), (-1.0, 1.0)], [NAN, NAN, NAN]),
    (autograd.hypot, [(-3.0, 1.0), (0.0, 4.0)], [(0.0, pytest.approx(5.0)), NAN, NAN]),
]


@pytest.mark.parametrize(("f", "boxes", "bounds"), TABLE)
def test_bounds_at_kinks_poles_and_ends(f: Callable[..., Value], boxes: Any, bounds: Any) -> None:
    assert boxed(f, *boxes) == tuple(bounds)


def test_powers_over_intervals_are_tight() -> None:
    for exponent, low, high in ((2.0, 0.0, 4.0), (3.0, -8.0, 1.0), (0.0, 1.0, 1.0)):
        (found, *_) = boxed(lambda x, n=exponent: x**n, (-2.0, 1.0))
        assert found == pytest.approx((low, high), rel=ULPS_OF_ONE, abs=ULPS_OF_ONE)
        assert found[0] <= low <= high <= found[1]
    found, *_ = boxed(lambda x, y: x**y, (0.5, 2.0), (-1.0, 3.0))
    assert found == pytest.approx((0.125, 8.0), rel=ULPS_OF_ONE, abs=0.0)


@pytest.mark.parametrize("x", [-0.6875, -math.log(2.0), -0.693, -0.7])
def test_a_sum_that_cancels_is_in_its_bounds(x: float) -> None:
    v, w = Value(x), Value(x)
    for root in (autograd.logaddexp(v, w), autograd.logsumexp([v, w])):
        bounds = replay(root, Interval).value
        with mpmath.workdps(40):
            assert bounds.low <= x + mpmath.log(2) <= bounds.high
        assert root.data in bounds


def test_equal_boxes_of_two_leaves_are_two_numbers() -> None:
    box, x, y = Interval(-1.0, 1.0), Value(0.0), Value(0.0)
    assert replay(x * y, Interval, inputs={x: box, y: box}).value == box
    assert box * box == box
    assert replay(x - y, Interval, inputs={x: box, y: box}).value == Interval(-2.0, 2.0)


def test_guards_that_overlap_are_asked_in_their_order() -> None:
    @autograd.operation(domain=[(0.1, 0.4), (0.1, 0.4)])
    def steps(x, y):  # type: ignore[no-untyped-def]
        if (x > 1 and y > 0) or x < -1:
            return x + y, 1, 1
        if x >= 0:
            return x - y if y > 0 else x, 1, -1 if y > 0 else 0
        return -x, -1, 0

    def at(x: tuple[float, float], y: tuple[float, float]) -> Any:
        return boxed(steps, x, y)

    assert at((2.0, 3.0), (1.0, 1.0)) == ((3.0, 4.0), (1.0, 1.0), (1.0, 1.0))
    assert at((-3.0, -2.0), (1.0, 1.0)) == ((-2.0, -1.0), (1.0, 1.0), (1.0, 1.0))
    assert at((-0.5, -0.25), (5.0, 6.0)) == ((0.25, 0.5), (-1.0, -1.0), (0.0, 0.0))
    # Each way has its own part of the box: above 1 the sum, up to 1 the difference.
    assert at((0.5, 2.0), (1.0, 1.0)) == ((-0.5, 3.0), (1.0, 1.0), (-1.0, 1.0))
    assert at((-2.0, 0.5), (1.0, 1.0)) == ((-1.0, 1.0), (-1.0, 1.0), (-1.0, 1.0))


# ── the bounds themselves ──

WIDENED: Final = 8
"""Floats by which a function is rounded to either side."""


def around(low: float, high: float) -> tuple[float, float]:
    """The bounds of a function whose results go from low to high."""
    for _ in range(WIDENED):
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return low, high


def ends_of(f: Callable[..., float], low: float, high: float) -> tuple[float, float]:
    return around(f(low), f(high))


def logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


ATAN: Final = (math.atan2(1.0, 2.0), math.atan2(2.0, 1.0))
BOUNDS: Final[list[tuple[Any, Any, tuple[float, float]]]] = [
    # Functions that increase.
    (lambda x: x.exp(), [(-1.0, 2.0)], ends_of(math.exp, -1.0, 2.0)),
    (lambda x: x.exp(), [(-1e3, 1e3)], (0.0, math.inf)),
    (lambda x: x.expm1(), [(-1.0, 2.0)], ends_of(math.expm1, -1.0, 2.0)),
    (lambda x: x.expm1(), [(-50.0, 0.0)], (-1.0, around(0.0, 0.0)[1])),
    (lambda x: x.exp2(), [(-1.0, 2.0)], around(0.5, 4.0)),
    (lambda x: x.exp2(), [(-2000.0, 2000.0)], (0.0, math.inf)),
    (lambda x: x.log(), [(1.0, 2.0)], ends_of(math.log, 1.0, 2.0)),
    (lambda x: x.log1p(), [(0.0, 2.0)], ends_of(math.log1p, 0.0, 2.0)),
    (lambda x: x.log2(), [(0.5, 4.0)], around(-1.0, 2.0)),
    (lambda x: x.log10(), [(0.1, 100.0)], around(-1.0, 2.0)),
    (lambda x: x.sqrt(), [(0.0, 9.0)], (0.0, around(3.0, 3.0)[1])),
    (lambda x: x.asin(), [(-0.5, 0.5)], ends_of(math.asin, -0.5, 0.5)),
    (lambda x: x.atan(), [(-0.5, 0.5)], ends_of(math.atan, -0.5, 0.5)),
    (lambda x: x.sinh(), [(-0.5, 0.5)], ends_of(math.sinh, -0.5, 0.5)),
    (lambda x: x.asinh(), [(-0.5, 0.5)], ends_of(math.asinh, -0.5, 0.5)),
    (lambda x: x.acosh(), [(1.0, 2.0)], ends_of(math.acosh, 1.0, 2.0)),
    (lambda x: x.atanh(), [(-0.5, 0.5)], ends_of(math.atanh, -0.5, 0.5)),
    (lambda x: x.tanh(), [(-0.5, 0.5)], ends_of(math.tanh, -0.5, 0.5)),
    (lambda x: x.tanh(), [(-50.0, 50.0)], (-1.0, 1.0)),
    (lambda x: x.erf(), [(-0.5, 0.5)], ends_of(math.erf, -0.5, 0.5)),
    (lambda x: x.erf(), [(-50.0, 50.0)], (-1.0, 1.0)),
    (lambda x: x.sigmoid(), [(0.0, 2.0)], ends_of(logistic, 0.0, 2.0)),
    (lambda x: x.sigmoid(), [(-1e3, 1e3)], (0.0, 1.0)),
    (lambda x: x.softplus(), [(-1e3, 1e3)], (0.0, around(1e3, 1e3)[1])),
    # One that decreases, and those of a size.
    (lambda x: x.acos(), [(-0.5, 0.5)], ends_of(math.acos, 0.5, -0.5)),
    (lambda x: x.cosh(), [(-1.0, 2.0)], (1.0, around(0.0, math.cosh(2.0))[1])),
    (lambda x: x.cosh(), [(-2.0, -1.0)], ends_of(math.cosh, 1.0, 2.0)),
    (lambda x: x.cosh(), [(0.5, 2.0)], ends_of(math.cosh, 0.5, 2.0)),
    (autograd.hypot, [(-3.0, 1.0), (0.0, 4.0)], (0.0, around(5.0, 5.0)[1])),
    (autograd.hypot, [(3.0, 6.0), (-8.0, -4.0)], around(5.0, 10.0)),
    (lambda *xs: autograd.norm(xs), [(3.0, 6.0), (-8.0, -4.0)], around(5.0, 10.0)),
    # Sums.
    (lambda *xs: autograd.total(xs), [(1.0, 2.0), (3.0, 5.0)], (4.0, 7.0)),
    (lambda *xs: autograd.mean(xs), [(1.0, 2.0), (3.0, 5.0)], (2.0, 3.5)),
    (lambda x: autograd.logsumexp([x]), [(1.0, 2.0)], (1.0, math.nextafter(2.0, 3.0))),
    # Those of an angle.
    (lambda x: x.sin(), [(0.5, 1.5)], ends_of(math.sin, 0.5, 1.5)),
    (lambda x: x.sin(), [(2.0, 3.0)], ends_of(math.sin, 3.0, 2.0)),
    (lambda x: x.sin(), [(1.0, 2.0)], (around(math.sin(1.0), 1.0)[0], 1.0)),
    (lambda x: x.sin(), [(4.0, 5.0)], (-1.0, around(0.0, math.sin(4.0))[1])),
    (lambda x: x.sin(), [(-2.0, -1.0)], (-1.0, around(0.0, math.sin(-1.0))[1])),
    (lambda x: x.sin(), [(14.0, 14.5)], (around(math.sin(14.5), 1.0)[0], 1.0)),
    (lambda x: x.sin(), [(-5.0, -4.5)], (around(math.sin(-5.0), 1.0)[0], 1.0)),
    (lambda x: x.cos(), [(0.5, 1.5)], ends_of(math.cos, 1.5, 0.5)),
    (lambda x: x.cos(), [(-1.0, 2.0)], (around(math.cos(2.0), 1.0)[0], 1.0)),
    (lambda x: x.cos(), [(3.0, 3.5)], (-1.0, around(0.0, math.cos(3.5))[1])),
    (lambda x: x.cos(), [(9.0, 9.5)], (-1.0, around(0.0, math.cos(9.0))[1])),
    (lambda x: x.cos(), [(6.0, 7.0)], (around(math.cos(7.0), 1.0)[0], 1.0)),
    (lambda x: x.sin(), [(1.0, 1.0)], ends_of(math.sin, 1.0, 1.0)),
    (lambda x: x.sin(), [(-math.pi / 2.0, -math.pi / 2.0)], (-1.0, around(-1.0, -1.0)[1])),
    (lambda x: x.cos(), [(0.0, 0.0)], (around(1.0, 1.0)[0], 1.0)),
    (lambda x: x.sin(), [(1e300, 1e300)], ends_of(math.sin, 1e300, 1e300)),
    # Turns are counted up to a million.
    (lambda x: x.sin(), [(999_999.75, 1e6)], ends_of(math.sin, 999_999.75, 1e6)),
    (lambda x: x.sin(), [(-1e6, -999_999.75)], ends_of(math.sin, -1e6, -999_999.75)),
    (lambda x: x.sin(), [(999_999.75, 1_000_000.5)], (-1.0, 1.0)),
    (lambda x: x.sin(), [(-1_000_000.5, -999_999.75)], (-1.0, 1.0)),
    (autograd.atan2, [(1.0, 2.0), (1.0, 2.0)], around(*ATAN)),
    (autograd.atan2, [(-1.0, 2.0), (1.0, 2.0)], around(-math.pi / 4.0, ATAN[1])),
    (autograd.atan2, [(1.0, 2.0), (-1.0, 2.0)], around(ATAN[0], 3.0 * math.pi / 4.0)),
    (autograd.atan2, [(-1.0, 0.0), (0.0, 1.0)], around(-math.pi, math.pi)),
    (autograd.atan2, [(0.0, 1.0), (-2.0, -1.0)], around(-math.pi, math.pi)),
    # Powers.
    (lambda x: x**2.0, [(-2.0, 1.0)], (0.0, around(4.0, 4.0)[1])),
    (lambda x: x**3.0, [(-2.0, 1.0)], around(-8.0, 1.0)),
    (lambda x: x**-2.0, [(-2.0, -1.0)], around(0.25, 1.0)),
    (lambda x: x**-1.0, [(-2.0, -1.0)], around(-1.0, -0.5)),
    (lambda x: x**-2.0, [(-1.0, 1.0)], ALL),
    (lambda x: x**0.5, [(0.0, 4.0)], (0.0, around(2.0, 2.0)[1])),
    (lambda x: x**2.0, [(1e-200, 1e-200)], (0.0, around(0.0, 0.0)[1])),
    (lambda x: x**2.0, [(-1e-200, -1e-200)], (0.0, around(0.0, 0.0)[1])),
    (lambda x: x**3.0, [(-1e-200, -1e-200)], around(0.0, 0.0)),
    (lambda x, y: x**y, [(0.0, 2.0), (1.0, 2.0)], (0.0, around(4.0, 4.0)[1])),
    (lambda x, y: x**y, [(0.0, 2.0), (0.0, 2.0)], (0.0, around(4.0, 4.0)[1])),
    (lambda x, y: x**y, [(0.0, 2.0), (-1.0, 2.0)], ALL),
    (lambda x, y: x**y, [(0.5, 2.0), (-1.0, 3.0)], around(0.125, 8.0)),
]


@pytest.mark.parametrize(("f", "boxes", "bounds"), BOUNDS)
def test_the_bounds_of_a_function_are_its_extremes_and_eight_floats(f: Any, boxes: Any, bounds: Any) -> None:
    found, *_ = boxed(f, *boxes)
    assert found == bounds


def test_a_power_has_its_least_value_inside_the_box() -> None:
    @autograd.operation(domain=(0.5, 2.0))
    def own(x):  # type: ignore[no-untyped-def]
        return x**2, 2 * x

    assert boxed(own, (-2.0, 1.0)) == ((0.0, around(4.0, 4.0)[1]), (-4.0, 2.0))


def test_a_box_that_ends_at_a_top_reaches_it() -> None:
    """Where rounding hides that a box holds a top, its end is so close that the bounds reach 1 all the same."""
    rng = random.Random(0)
    with mpmath.workdps(40):
        for turns in (0, 1, 2, 1000, -1000, *(rng.randrange(-150_000, 150_000) for _ in range(300))):
            top = (2 * turns + mpmath.mpf(1) / 2) * mpmath.pi
            for end in (math.nextafter(float(top), -math.inf), float(top), math.nextafter(float(top), math.inf)):
                for low, high in ((end - 0.5, end), (end, end + 0.5)):
                    bounds, *_ = boxed(lambda x: x.sin(), (low, high))
                    assert bounds[1] == 1.0
                    assert bounds[0] <= mpmath.sin(low if end == high else high)
            (_, below), *_ = boxed(lambda x: x.sin(), (float(top) - 0.5, float(top) - 1e-7))
            assert below < 1.0


def test_nothing_is_less_than_itself_even_if_it_is_unknown() -> None:
    @autograd.operation(domain=(0.5, 2.0))
    def two(x):  # type: ignore[no-untyped-def]
        return (1.0 if x < x else 2.0), 0.0

    for box in ((0.0, 1.0), (math.nan, math.nan)):
        assert boxed(two, box) == ((2.0, 2.0), (0.0, 0.0))


ARITHMETIC: Final[list[Callable[[Any, Any], Any]]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
]


def test_arithmetic_is_rounded_outward_by_no_more_than_a_float() -> None:
    rng = random.Random(0)
    numbers = [*(rng.uniform(-3.0, 3.0) for _ in range(12)), 0.5, 3.0, -2.0]
    for f in ARITHMETIC:
        for a in numbers:
            for b in numbers:
                exact = f(Fraction(a), Fraction(b))
                for found in (f(Interval(a, a), Interval(b, b)), f(Interval(a, a), b), f(a, Interval(b, b))):
                    assert Fraction(found.low) <= exact <= Fraction(found.high)
                    is_float = Fraction(float(exact)) == exact
                    assert found.high == (found.low if is_float else math.nextafter(found.low, math.inf))


CORNERS: Final[list[tuple[Callable[[], Interval], tuple[float, float]]]] = [
    (lambda: Interval(1.0, 2.0) + Interval(10.0, 20.0), (11.0, 22.0)),
    (lambda: Interval(1.0, 2.0) - Interval(10.0, 20.0), (-19.0, -8.0)),
    (lambda: 1.0 - Interval(1.0, 4.0), (-3.0, 0.0)),
    (lambda: -Interval(1.0, 4.0), (-4.0, -1.0)),
    (lambda: Interval(-1.0, 2.0) * Interval(-3.0, 5.0), (-6.0, 10.0)),
    (lambda: Interval(-2.0, -1.0) * Interval(3.0, 5.0), (-10.0, -3.0)),
    (lambda: Interval(0.0, 0.0) * Interval(1.0, math.inf), (0.0, 0.0)),
    (lambda: Interval(1.0, math.inf) * Interval(0.0, 2.0), (0.0, math.inf)),
    (lambda: Interval(1.0, 2.0) / Interval(4.0, 8.0), (0.125, 0.5)),
    (lambda: 1.0 / Interval(-4.0, -2.0), (-0.5, -0.25)),
    (lambda: Interval(1.0, math.inf) / Interval(1.0, math.inf), (0.0, math.inf)),
    (lambda: Interval(-math.inf, -1.0) / Interval(1.0, math.inf), (-math.inf, 0.0)),
    (lambda: Interval(-1.0, 1.0) / Interval(2.0, math.inf), (-0.5, 0.5)),
    (lambda: Interval(1.0, 2.0) / Interval(0.0, 2.0), ALL),
    (lambda: Interval(-math.inf, 1.0) + Interval(1.0, 2.0), (-math.inf, 3.0)),
]
UNKNOWN: Final[list[Callable[[], Interval]]] = [
    lambda: Interval(math.nan, math.nan) * 0.0,
    lambda: 0.0 * Interval(math.nan, math.nan),
    lambda: Interval(math.nan, math.nan) + 1.0,
    lambda: Interval(0.0, 1.0) / Interval(-1.0, 1.0),
    lambda: Interval(1.0, 2.0) / Interval(math.nan, math.nan),
    lambda: interval(math.inf),
    lambda: interval((-math.inf, -math.inf)),
]


@pytest.mark.parametrize(("found", "bounds"), CORNERS)
def test_arithmetic_takes_the_extremes_of_the_corners(
    found: Callable[[], Interval], bounds: tuple[float, float]
) -> None:
    assert (found().low, found().high) == bounds


@pytest.mark.parametrize("found", UNKNOWN)
def test_where_nothing_is_known_the_bounds_are_nan(found: Callable[[], Interval]) -> None:
    assert math.isnan(found().low)
    assert math.isnan(found().high)
    assert 5.0 in found()


def test_an_unknown_number_says_nothing_of_another() -> None:
    @autograd.operation(domain=[(0.5, 1.0), (2.0, 3.0)])
    def larger(x, y):  # type: ignore[no-untyped-def]
        if x < y:
            return y, 0.0, 1.0
        return 2.0 * y, 0.0, 2.0

    assert boxed(larger, (math.nan, math.nan), (1.0, 3.0)) == ((1.0, 6.0), (0.0, 0.0), (1.0, 2.0))


def test_an_interval_is_made_of_a_number_of_two_or_of_another() -> None:
    assert interval(2) == interval((2, 2.0)) == interval(Interval(2.0, 2.0)) == Interval(2.0, 2.0)
    assert interval((-math.inf, math.inf)) == Interval(*ALL)
    box = Interval(-1.0, 2.0)
    assert interval(box) is not box
    assert (box.width, bool(box), bool(Interval(0.0, 0.0)), bool(Interval(0.0, 1.0))) == (3.0, True, False, True)
    assert [x in box for x in (-1.5, -1.0, 0.0, 2.0, 2.5)] == [False, True, True, True, False]
    assert 5.0 in Interval(math.nan, 1.0)
    assert 5.0 in Interval(1.0, math.nan)
    with pytest.raises(AttributeError):
        box.low = 0.0  # type: ignore[misc]
    for wrong in ((1.0, 0.0), (1.0, 2.0, 3.0), (1.0,)):
        with pytest.raises(ValueError, match="an interval is a number or goes from low to high"):
            interval(wrong)
