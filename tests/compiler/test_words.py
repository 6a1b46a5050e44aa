"""Words on arrays give the numbers of the words on floats, near the ends of the range too."""

import math
from typing import Any, Final

import numpy as np
import pytest

from autograd.compiler.expressions import name, number, plus, times
from autograd.compiler.words import UFUNCS, evaluated, helper, word
from autograd.engine import ieee
from autograd.formula.cases import Expression
from autograd.formula.vocabularies import floats

INF, NAN = math.inf, math.nan
ROUNDINGS: Final = 5e-15
"""Relative: about twenty roundings of 1.1e-16."""
LOST: Final = 1e-300
"""Smaller results may have been subnormal on the way, and have lost digits."""
POINTS: Final = (
    0.0,
    -0.0,
    1e-200,
    0.3,
    -0.3,
    0.7,
    1.0,
    -1.0,
    1.5,
    -2.5,
    3.0,
    40.0,
    -40.0,
    1e200,
    -1e200,
    INF,
    -INF,
    NAN,
)
BINARY: Final = ("hypot", "copysign", "divide", "power", "atan2")


def same(found: Any, wanted: Any, tolerance: float = ROUNDINGS, least: float = LOST) -> None:
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=least)


def on_floats(name: str, *columns: Any) -> Any:
    """The word number by number."""
    words = floats().words | {"copysign": math.copysign}
    return np.array([words[name](*row) for row in zip(*(np.ravel(c).tolist() for c in columns), strict=True)])


@pytest.mark.parametrize("name", [w for w in UFUNCS if w in floats().words or w in BINARY])
def test_words_of_numpy(name: str) -> None:
    x = np.array(POINTS)
    columns = np.meshgrid(x, x) if name in BINARY else [x]
    with np.errstate(all="ignore"):
        found = word(name)(*(c.ravel() for c in columns))
    wanted = on_floats(name, *columns)
    usual = np.isfinite(wanted) & np.isfinite(found)  # At the ends, simplified expressions choose.
    same(found[usual], wanted[usual])
    assert usual.sum() >= 5


def test_the_normal_distribution() -> None:
    x = np.array([*POINTS, *np.linspace(-39.0, 39.0, 157), *np.linspace(-6.0, 6.0, 241), -38.4, -37.5, -45.0, 45.0])
    for size in (len(x), 101, 100, 99, 1):  # Few numbers go one by one.
        with np.errstate(all="ignore"):
            found = word("normal_cdf")(x[:size])
        same(found, on_floats("normal_cdf", x[:size]))
    assert word("normal_cdf")(np.float64(0.0)).shape == ()
    for size in (400, 3):
        single = word("normal_cdf")(np.resize(np.linspace(-9.0, 9.0, 99), size).astype(np.float32))
        assert single.dtype == np.float32
        same(single, on_floats("normal_cdf", np.resize(np.linspace(-9.0, 9.0, 99), size)), 1e-4)


@pytest.mark.parametrize("shape", ["full", "broadcast"])
def test_scaled_powers(shape: str) -> None:
    rows = [
        (c, x, y, k)
        for c in (1.0, -3.0, 1e-160, 1e200, 0.0)
        for x in (0.5, 2.0, 1e-150, 1e160, 0.0, -2.0, -0.5)
        for y in (2.0, 3.0, 0.5, -1.5, 2.5)
        for k in (0.0, 1.0, 2.0)
    ]
    c, x, y, k = np.array(rows).T
    if shape == "broadcast":
        y, k = np.array(2.5), np.array(1.0)
        rows = [(a, b, 2.5, 1.0) for a, b, *_ in rows]
    with np.errstate(all="ignore"):
        found = word("scaled_power")(c, x, y, k)
    same(found, [ieee.scaled_power(*row) for row in rows], 1e-13)
    with np.errstate(all="ignore"):
        single = word("scaled_power")(
            *(np.array(v, np.float32) for v in ([3.0, 1.0], [2.0, 1e-30], [3.0, 3.0], [1.0, 1.0]))
        )
    assert single.dtype == np.float32
    same(single, [12.0, 0.0], 1e-6, 1e-40)


LISTS: Final = np.array(
    [
        [3.0, 0.0, 1e-200, 1e200, -INF, 1.0, 5e-324, NAN, -2.0, 1e154, 1e-154, INF, 0.1, 1e-160],
        [-4.0, 0.0, 1e-200, -1e200, 1.0, 1e160, 0.0, 1.0, 0.5, 1e154, 1e-160, INF, 0.2, 2e-160],
        [12.0, -0.0, 1e-190, 1e190, 2.0, 1e-160, 0.0, INF, 0.0, 2e154, 2e-154, 1.0, 0.3, 3e-160],
    ]
)
"""A list in each column."""


@pytest.mark.parametrize("columns", [slice(None), slice(0, 1), [0, 8, 12], [2, 3], [0, 2]])
def test_functions_of_lists(columns: Any) -> None:
    xs = LISTS[:, columns]
    with np.errstate(all="ignore"):
        same(word("norm")(xs), [ieee.norm(column) for column in xs.T.tolist()])
        same(word("directions")(xs), np.transpose([ieee.directions(column) for column in xs.T.tolist()]))
        same(word("direction")(xs[0], xs[1]), on_floats("direction", xs[0], xs[1]))
        same(word("direction")(xs[0], 2.0), on_floats("direction", xs[0], np.full(len(xs[0]), 2.0)))
    assert word("last")(xs).tolist() == xs[-1].tolist() or np.isnan(xs).any()
    same(word("others")(xs), xs[:-1])
    same(word("joined")(xs[:-1], xs[-1]), xs)
    same(word("joined")(xs, 7.0)[-1], np.full(xs.shape[1:], 7.0))


def test_reductions_go_along_the_lists() -> None:
    xs = np.array([[1.0, -5.0], [4.0, 2.0], [2.0, 9.0]])
    assert word("total")(xs).tolist() == [7.0, 6.0]
    assert word("greatest")(xs).tolist() == [4.0, 9.0]
    assert word("least")(xs).tolist() == [1.0, -5.0]
    assert word("mean")(xs).tolist() == [7.0 / 3.0, 2.0]


def test_words_that_arrays_do_not_have_go_number_by_number() -> None:
    x = np.array([[0.5, -2.0, 30.0]])
    same(word("erf")(x), [[math.erf(v) for v in x[0]]])
    assert word("erf")(x.astype(np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="there is no word twisted for arrays"):
        word("twisted")
    out = np.array([1.0, 4.0])
    helper("direction")(out, np.array([0.0, 3.0]), out=out)
    same(out, [1.0, 0.8])


def test_forms_of_expressions() -> None:
    a, b, xs = np.array([1.0, -2.0, 3.0]), np.array([2.0, 2.0, 3.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    given = {"a": a, "b": b, "xs": xs}
    for sign, wanted in {
        "+": a + b,
        "-": a - b,
        "*": a * b,
        "/": a / b,
        "==": a == b,
        "!=": a != b,
        "<": a < b,
        "<=": a <= b,
        ">": a > b,
        ">=": a >= b,
    }.items():
        form = "infix" if sign in "+-*/" else "comparison"
        found = evaluated(Expression(form, (sign, name("a"), name("b"))), given)
        assert (found == wanted).all(), sign
    assert evaluated(Expression("constant", ("inf", INF)), given) == INF
    less, equal = (Expression("comparison", (sign, name("a"), name("b"))) for sign in ("<", "=="))
    assert evaluated(Expression("logic", ("or", less, equal)), given).all()
    assert not evaluated(Expression("logic", ("and", less, equal)), given).any()
    positive = Expression("comparison", (">", name("a"), number(0.0)))
    assert evaluated(Expression("logic", ("or", equal, equal, positive)), given).tolist() == [True, False, True]
    assert evaluated(Expression("choice", (less, name("a"), number(9.0))), given).tolist() == [1.0, -2.0, 9.0]
    assert evaluated(Expression("negative", (name("a"),)), given).tolist() == [-1.0, 2.0, -3.0]
    assert evaluated(Expression("length", ("xs",)), given) == 2.0
    assert evaluated(Expression("element", ("xs",)), given) is xs
    each = Expression("each", (times(Expression("element", ("xs",)), name("a")), "xs"))
    assert evaluated(each, given).tolist() == (xs * a).tolist()
    assert evaluated(Expression("each", (name("a"), "xs")), given).tolist() == [a.tolist()] * 2
    assert evaluated(plus(number(2.0), name("a")), given).tolist() == [3.0, 0.0, 5.0]
