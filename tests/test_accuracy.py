"""Every operation is within its error bound, and the oracle finds errors that are planted."""

import ast
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import autograd
from autograd import Tape, Value
from tests import oracle
from tests.oracle import LARGEST, SMALLEST, TAIL, Exact, Point, Row, Within, distance, mp

rows = pytest.mark.parametrize("row", oracle.table(), ids=lambda row: row.name.replace(" ", "_"))

UNMEASURED = {
    "detach": "it has the data of its operand, and no gradient passes it",
    "fixed": "it has the data of its operand, and its other derivative is nan",
}
CONSTANT_EXPONENT = ("power of a constant", "dy")
FLAT = ("sign", "dx")
"""A derivative that is 0 everywhere slips nowhere."""
SLIP = 1e-14
"""The relative error that is planted in values and derivatives: 45 to 90 ulp, at least five times the usual bound."""
STEP = 2.0**-30
"""The step of central differences. It is an exact float, and its square is far below SLOPE."""
SLOPE = 1e-6
"""The tolerance of a slope. Correctly rounded truths have errors of 2⁻⁵³, which is 1e-7 divided by the step."""


def _outside(row: Row) -> str:
    return "\n".join(
        f"{row.name} {quantity}: {finding}; the bound is {row.bound(quantity):g} ulp"
        for quantity, finding in oracle.worst(row).items()
        if not finding.error <= row.bound(quantity)
    )


@rows
def test_operation_is_inside_its_bound_at_some_points(row: Row) -> None:
    """One in eleven of the points, for a quick answer: zeros, infinities and numbers of every size."""

    def some(rng: random.Random) -> Sequence[Point]:
        points = row.points(rng)
        return [*points[:11], *points[11::11]]

    assert not _outside(replace(row, points=some))


@rows
def test_operation_is_inside_its_bound_at_all_points(row: Row) -> None:
    assert not _outside(row)


def test_every_rule_has_a_row() -> None:
    source = (Path(autograd.__file__).parent / "engine" / "rules.py").read_text(encoding="utf-8")
    functions = [item.name for item in ast.parse(source).body if isinstance(item, ast.FunctionDef)]
    rules = {name for name in functions if not name.startswith("_")}
    results = [z for row in oracle.table() for z in row.build([Value(x) for x in row.ordinary[0]])]
    measured = {op for root in results for op in Tape(root).operations}
    assert rules - measured - UNMEASURED.keys() == set()


@rows
def test_true_derivatives_are_the_slopes_of_the_true_values(row: Row) -> None:
    def number(truth: Exact) -> oracle.Real:
        return mp.mpf(truth.number if isinstance(truth, Within) else truth)

    compared = 0
    for point in row.ordinary:
        truths = row.exact(point)
        results = len(truths) // (1 + len(point))
        for j, x in enumerate(point):
            if (row.name, ("dx", "dy")[j % 2]) == CONSTANT_EXPONENT:
                continue
            above = row.exact((*point[:j], x + STEP, *point[j + 1 :]))
            below = row.exact((*point[:j], x - STEP, *point[j + 1 :]))
            for i in range(results):
                slope = (number(above[i]) - number(below[i])) / (2 * STEP)
                stated = number(truths[results + i * len(point) + j])
                if not mp.isnan(slope) and not mp.isnan(stated):
                    assert abs(slope - stated) < SLOPE, (row.name, point, i, j)
                    compared += 1
    assert compared


# ── the oracle can fail ──


def _slip(row: Row, quantity: str) -> float:
    """A relative error that is certainly outside the bound: an ulp is between 2⁻⁵³ and 2⁻⁵² of a number."""
    return max(SLIP, 4 * row.bound(quantity) * 2.0**-52)


def _caught(row: Row) -> set[str]:
    on_ordinary_points = replace(row, points=lambda rng: row.ordinary)
    return {q for q, finding in oracle.worst(on_ordinary_points).items() if finding.error > row.bound(q)}


@rows
def test_true_operation_is_not_caught_on_ordinary_points(row: Row) -> None:
    assert _caught(row) == set()


@rows
def test_wrong_value_is_caught(row: Row) -> None:
    def build(leaves: Sequence[Value]) -> Sequence[Value]:
        results = row.build(leaves)
        for z in results:
            z.data *= 1 + _slip(row, "value")
        return results

    assert _caught(replace(row, build=build)) == {"value"}


@rows
def test_wrong_derivative_is_caught(row: Row) -> None:
    def build(leaves: Sequence[Value]) -> Sequence[Value]:
        # The values are the same bits, but the derivatives are not exactly 1.
        return row.build([(v - v.detach()) * (1 + _slip(row, "dx")) + v.detach() for v in leaves])

    names = {"dx", "dy"} if len(row.ordinary[0]) == 2 else {"dxs"} if len(row.ordinary[0]) > 2 else {"dx"}
    expected = {name for name in names if (row.name, name) not in (CONSTANT_EXPONENT, FLAT)}
    assert _caught(replace(row, build=build, swept=True)) == expected


def _of(name: str) -> Row:
    (row,) = (row for row in oracle.table() if row.name == name)
    return row


@pytest.mark.parametrize(
    ("name", "wrong", "point"),
    [
        ("sqrt", lambda v: v[0] ** 0.5, (-0.0,)),
        ("log1p", lambda v: (1 + v[0]).log(), (1e-9,)),
        ("expm1", lambda v: v[0].exp() - 1, (1e-9,)),
        ("sigmoid", lambda v: 0.5 + 0.5 * (v[0] / 2).tanh(), (-40.0,)),
        ("softplus", lambda v: (1 + v[0].exp()).log(), (710.0,)),
        ("silu", lambda v: v[0] * v[0].sigmoid(), (-math.inf,)),
        ("divide", lambda v: v[0] * v[1] ** -1, (5.0, 3.0)),
        ("hypot", lambda v: (v[0] ** 2 + v[1] ** 2).sqrt(), (1e-200, 1e-200)),
        ("maximum", lambda v: (v[0] + v[1] + abs(v[0] - v[1])) / 2, (1e-20, -1.0)),
        ("logsumexp", lambda v: autograd.total([x.exp() for x in v]).log(), (1000.0, 1000.0)),
        ("mean", lambda v: autograd.total(v) / len(v), (1e308, 1.5e308)),
    ],
)
def test_naive_formula_is_caught(
    name: str, wrong: Callable[[Sequence[Value]], Value], point: tuple[float, ...]
) -> None:
    row = replace(_of(name), points=lambda rng: [point], swept=True)
    naive = replace(row, build=lambda leaves: [wrong(leaves)])
    assert oracle.worst(row)["value"].error <= row.bound("value") < oracle.worst(naive)["value"].error


@pytest.mark.parametrize(
    ("got", "truth", "error"),
    [
        (1.0, 1.0, 0.0),
        (1.0 + 2.0**-52, mp.mpf(1), 1.0),
        (1.0, mp.mpf(1) - mp.mpf(2) ** -54, 0.5),
        (SMALLEST, mp.mpf(0), 1.0),
        (0.0, mp.mpf(SMALLEST) / 4, 0.25),
        (0.0, -0.0, math.inf),
        (-0.0, mp.mpf(0), 0.0),
        (math.nan, 1.0, math.inf),
        (1.0, math.nan, math.inf),
        (math.nan, math.nan, 0.0),
        (math.inf, math.inf, 0.0),
        (math.inf, -math.inf, math.inf),
        (LARGEST, math.inf, math.inf),
        (math.inf, LARGEST, math.inf),
        (math.inf, mp.mpf(LARGEST), 1.0),
        (-math.inf, mp.mpf(LARGEST), math.inf),
        (math.inf, mp.mpf(10) ** 400, 0.0),
        (LARGEST, mp.mpf(10) ** 400, math.inf),
        (-math.inf, mp.mpf(10) ** 400, math.inf),
        (2.0**-60, oracle.in_tail(mp.mpf(0)), 2.0**-60 / (TAIL / oracle.DERIVATIVE)),
        (12345.0, None, 0.0),
    ],
)
def test_distance(got: float, truth: Exact, error: float) -> None:
    assert distance(got, truth) == pytest.approx(error)
