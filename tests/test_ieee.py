"""Float functions are total: for all floats they return a float."""

import ast
import itertools
import math
import sys
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd.engine import ieee
from tests.running import PACKAGE

SIGNATURES = {
    d.name: [ast.unparse(a.annotation) for a in d.args.args if a.annotation]
    for d in ast.parse((PACKAGE / "engine" / "ieee.py").read_text(encoding="utf-8")).body
    if isinstance(d, ast.FunctionDef) and not d.name.startswith("_")
}
OF_FLOATS = [name for name, kinds in SIGNATURES.items() if set(kinds) == {"float"}]
OF_LISTS = sorted(set(SIGNATURES) - set(OF_FLOATS) - {"ties"})
ANY = st.floats()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
GREAT = st.floats(1e308, sys.float_info.max)
"""The sum of two of them overflows, and their product too."""


@pytest.mark.parametrize("name", OF_FLOATS)
@given(xs=st.tuples(ANY, ANY, ANY))
@example(xs=(0.0, -1.0, 0.0))
@example(xs=(-0.0, -1.0, 0.0))
@example(xs=(math.inf, -math.inf, 0.0))
@example(xs=(-1e308, 1e308, 1.0))
def test_no_floats_make_a_function_raise(name: str, xs: tuple[float, float, float]) -> None:
    operands = list(xs[: len(SIGNATURES[name])])
    if name in ("scaled_power", "gaussian"):
        operands = [*(list(xs) * 2)[: len(SIGNATURES[name]) - 1], 1.0]
    assert type(getattr(ieee, name)(*operands)) is float


@pytest.mark.parametrize("name", OF_LISTS)
@given(xs=st.lists(ANY, min_size=1, max_size=5))
@example(xs=[1e308, 1e308, -1e308])
@example(xs=[math.inf, -math.inf])
@example(xs=[1e308, 1e308, math.inf, -math.inf])
def test_no_lists_of_floats_make_a_function_raise(name: str, xs: list[float]) -> None:
    result = ieee.dot(xs, xs[::-1]) if name == "dot" else getattr(ieee, name)(xs)
    assert all(type(x) is float for x in (result if isinstance(result, list) else [result]))


@given(ANY, ANY)
def test_division_is_the_divisor_times_the_quotient_or_an_infinity(x: float, y: float) -> None:
    z = ieee.divide(x, y)
    if y != 0.0:
        assert z == x / y or (z != z and (x / y) != (x / y))
    elif x == 0.0 or x != x:
        assert z != z
    else:
        assert math.isinf(z)
        assert math.copysign(1.0, z) == math.copysign(1.0, x) * math.copysign(1.0, y)


SMALL = st.integers(-1060, -1010), st.integers(-52, 3)
ALL = st.integers(-1074, 1022), st.integers(-1022, 1022)


@given(st.floats(1.0, 2.0), st.floats(0.5, 2.0), st.one_of(st.tuples(*SMALL), st.tuples(*ALL)))
def test_a_quotient_by_a_square_is_in_range_wherever_the_result_is(x: float, y: float, at: tuple[int, int]) -> None:
    """Also where the square or the first quotient is not; `at` has the exponents of that quotient and of y."""
    x, y = math.ldexp(x, min(max(sum(at), -1074), 1022)), math.ldexp(y, at[1])
    exact = Fraction(x) / Fraction(y) ** 2
    for sign in (1, -1):
        z = ieee.over_square(sign * x, sign * y)
        assert z == sign * in_range(exact) or abs(Fraction(z) - sign * exact) <= Fraction(2.0 * math.ulp(z))


def test_a_quotient_of_zero_by_a_square_is_zero() -> None:
    assert ieee.over_square(0.0, 1e-200) == 0.0
    assert ieee.over_square(0.0, math.inf) == 0.0


def test_of_equal_numbers_the_first_is_the_greatest_and_the_least() -> None:
    for x in (0.0, -0.0):
        for pick in (ieee.greatest, ieee.least):
            assert math.copysign(1.0, pick([x, -x])) == math.copysign(1.0, x)
    assert (ieee.greatest([]), ieee.least([])) == (-math.inf, math.inf)


@given(st.floats(-30.0, 30.0), st.floats(-30.0, 30.0))
def test_the_softmax_of_two_adds_up_to_one(x: float, y: float) -> None:
    assert ieee.share(x, y) + ieee.share(y, x) == pytest.approx(1.0, abs=1e-15)


def test_huge_angles_are_reduced_exactly() -> None:
    # Of all floats, this is the closest to a multiple of π/2 (J.-M. Muller, Elementary Functions, 2nd ed., table 11.1).
    x = 6381956970095103.0 * 2.0**797
    assert ieee.cos(x) == -4.687165924254628e-19
    assert ieee.sin(x) == 1.0
    assert ieee.sin(-x) == -1.0
    assert ieee.sin(1e22) == -0.8522008497671888


def test_a_sum_that_overflows_on_the_way_is_still_right() -> None:
    assert ieee.total([1e308, 1e308, -1e308, -1e308, 1.0]) == 1.0
    assert ieee.total([1e308, 1e308, -1e308, -1e308, 2.0**900, 2.0**899]) == 1.5 * 2.0**900
    assert ieee.total([1e308, 1e308, -1e308, -1e308, 2.0**1000, 2.0**947, 1.0]) == 2.0**1000 + 2.0**948, "not a tie"
    assert ieee.mean([1e308] * 4) == 1e308
    assert ieee.dot([1e200, -1e200, 1.0], [1e108, 1e108, 1.0]) == 1.0
    assert ieee.dot([1e200, -1e200, 1.0], [1e200, 1e200, 1.0]) == 1.0
    for xs, ys in (([math.inf, 1.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, math.inf]), ([math.inf, 1e200], [1.0, -1e200])):
        assert ieee.dot(xs, ys) == math.inf


def in_range(exact: Fraction) -> float:
    """The float nearest to a rational number, or an infinity."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@given(st.lists(FINITE, max_size=6), st.lists(GREAT, min_size=2, max_size=4))
def test_numbers_that_overflow_leave_the_others_their_digits(others: list[float], great: list[float]) -> None:
    assert ieee.total([*great, *others, *(-x for x in great)]) == in_range(sum(map(Fraction, others), Fraction()))
    assert ieee.total([*great, math.inf, *others]) == math.inf
    assert math.isnan(ieee.total([*great, -math.inf, *others, math.inf]))
    assert [ieee.mean([x, x]) for x in great] == great


@given(st.lists(st.tuples(FINITE, FINITE), max_size=6), st.lists(st.tuples(GREAT, GREAT), min_size=1, max_size=3))
def test_products_that_overflow_leave_the_others_their_digits(
    others: list[tuple[float, float]], great: list[tuple[float, float]]
) -> None:
    others = [(x, y) for x, y in others if math.isfinite(x * y)]
    pairs = [*great, *others, *((-x, y) for x, y in great)]
    xs, ys = ([pair[i] for pair in pairs] for i in range(2))
    assert ieee.dot(xs, ys) == in_range(sum((Fraction(x * y) for x, y in others), Fraction()))
    assert ieee.dot([*xs, -math.inf], [*ys, 5e-324]) == -math.inf


@pytest.mark.parametrize("name", ["silu", "gelu"])
def test_what_vanishes_below_zero_has_its_sign(name: str) -> None:
    for x in (-math.inf, -1e300, -1600.0):
        z = getattr(ieee, name)(x)
        assert (z, math.copysign(1.0, z)) == (0.0, -1.0)


def test_a_power_of_minus_zero_has_its_sign_if_the_exponent_is_odd() -> None:
    for y in (-0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, 1.0 - 2.0**53, -(2.0**53), -math.inf):
        odd = math.isfinite(y) and y == int(y) and int(y) % 2 == 1
        assert ieee.power(-0.0, y) == (-math.inf if odd else math.inf)
        assert ieee.power(0.0, y) == math.inf


def test_derivatives_of_whole_powers_of_whole_numbers_are_exact() -> None:
    for x, y, k in itertools.product(range(-5, 6), range(9), range(4)):
        if y >= k:
            assert ieee.scaled_power(3.0, float(x), float(y), float(k)) == 3.0 * x ** (y - k), (x, y, k)


def test_a_power_with_a_factor_is_a_product_where_nothing_is_saved() -> None:
    assert ieee.scaled_power(2.0, 3.0, 1.5, 0.5) == 6.0
    assert ieee.scaled_power(3.0, 2.0, 70.0, 65.0) == 96.0
    assert ieee.scaled_power(3.0, 2.0, 1.0, -2.0) == 24.0
    assert ieee.scaled_power(2.0, 0.1, 0.1, -1.0) == pytest.approx(2.0 * 0.1**1.1, rel=1e-12, abs=0.0)
    assert ieee.scaled_power(1e-300, 1e200, 2.5, 0.5) == math.inf
    assert ieee.scaled_power(2.0, 0.1, 0.1, 100.0) == pytest.approx(2.0 * 0.1**-99.9, rel=1e-12, abs=0.0)


def test_a_power_of_nan_with_a_factor_is_nan() -> None:
    for x, y, k in ((math.nan, 0.1, 4.0), (2.0, math.nan, 1.0), (math.nan, 2.0, 1.0), (-2.0, 0.1, 4.0)):
        assert math.isnan(ieee.scaled_power(3.0, x, y, k))


def test_a_factor_of_zero_and_a_power_of_zero_give_zero() -> None:
    for x in (0.0, -0.0, 0.5, 2.0, -2.0, math.inf, -math.inf, math.nan):
        for y in (0.0, 0.5, 1.0, 1e300, -1.0, math.inf):
            assert ieee.scaled_power(0.0, x, y, 1.0) == 0.0
            assert math.isnan(ieee.scaled_power(math.nan, x, y, 1.0))
    for c in (1.0, -3.0, math.inf, -math.inf):
        assert ieee.scaled_power(c, 0.0, 1.5, 0.0) == 0.0
        assert ieee.scaled_power(c, 0.5, math.inf, 0.0) == 0.0
