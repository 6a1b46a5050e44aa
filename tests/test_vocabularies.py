"""Rules over other numbers, at a few points of each domain and at their ends; `test_formula.py` has the properties."""

import cmath
import math
import random
from typing import Any, Final

import mpmath
import numpy
import pytest

from autograd import Value, dot, formula, hypot, maximum, mean, norm, operation, xlogy
from autograd.engine import graph, ieee, rules
from autograd.formula import Vocabulary, vocabularies
from autograd.operations import operation as row_of
from tests.test_formula import ARRAYS, COMPLEX_STEP, FLOATS, OVER_VALUES, STEP, agreement, flat

POINTS: Final = 3
"""Of each operation."""
LENGTH: Final = 3
"""Of each sequence."""


def points_of(op: str) -> list[list[float]]:
    """Operands inside the domain of an operation, in one row."""
    rng, row = random.Random(op), row_of(op)
    found = []
    for _ in range(POINTS):
        intervals = [rng.choice(domain) for domain in row.domains for _ in range(LENGTH if row.of_sequences else 1)]
        xs = [rng.uniform(low, high) for low, high in intervals]
        found.append([*xs, max(xs)] if op == "log_of_shifted_sum" else xs)
    return found


def on_floats(op: str, xs: list[float]) -> list[float]:
    return flat(getattr(rules, op)(*formula.rule(op).grouped(xs)))


OPERATIONS: Final = [op for op in formula.rules() if op != "detach"]


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op != "fixed"])
def test_the_complex_step_is_the_derivative(op: str) -> None:
    over = formula.over(op, vocabularies.complex_numbers())
    for xs in points_of(op):
        for i, partial in enumerate(on_floats(op, xs)[1:]):
            stepped = [complex(x, STEP if i == j else 0.0) for j, x in enumerate(xs)]
            slope = over(*formula.rule(op).grouped(stepped))[0].imag / STEP
            assert partial == pytest.approx(slope, rel=COMPLEX_STEP, abs=COMPLEX_STEP)


@pytest.mark.parametrize("op", OPERATIONS)
def test_other_numbers_have_the_results_of_floats(op: str) -> None:
    grouped, points = formula.rule(op).grouped, points_of(op)
    columns = [numpy.array(column) for column in zip(*points, strict=True)]
    lanes = flat(formula.over_arrays(op, ARRAYS)(*grouped(columns)))
    for i, xs in enumerate(points):
        expected = on_floats(op, xs)
        with mpmath.workdps(40):
            exact = formula.over(op, vocabularies.mpmath_numbers())(*grouped([mpmath.mpf(x) for x in xs]))
            assert agreement(expected, flat(exact), FLOATS)
        assert agreement(expected, [float(numpy.broadcast_to(lane, POINTS)[i]) for lane in lanes], FLOATS)
        assert agreement(expected, flat(formula.over(op, vocabularies.floats())(*grouped(xs))), 0.0)
        again = vocabularies.value_over(op, vocabularies.floats())(*grouped(xs))
        partials = [
            vocabularies.partial_over(op, k, vocabularies.floats())(again, *grouped(xs))
            for k in range(len(formula.rule(op).operands))
        ]
        assert agreement(expected, [again, *flat(partials)], 0.0)


@pytest.mark.parametrize("op", OPERATIONS)
def test_derivatives_as_nodes_are_the_recorded_ones(op: str) -> None:
    for xs in points_of(op) if row_of(op).public else ():
        v = row_of(op).call([Value(x) for x in xs])
        found = formula.partials_over_values(v, v.operands, [True] * len(xs))
        numbers = [p.data if isinstance(p, Value) else p for p in found]
        assert numbers == pytest.approx(list(v.partials), rel=OVER_VALUES, abs=OVER_VALUES)


def test_a_choice_from_a_list_is_by_the_real_part_and_a_nan_is_before_all() -> None:
    over = vocabularies.complex_numbers()
    largest, smallest = formula.over("largest", over), formula.over("smallest", over)
    assert largest([2 + 1j, 5 + 2j, 5 - 3j]) == (5 + 2j, [0, 0.5, 0.5])
    assert smallest([2 + 1j, 5 + 2j, 2 - 3j, 7j + 3]) == (2 + 1j, [0.5, 0, 0.5, 0])
    for row in ([math.nan, 1, 2], [1, math.nan, 2], [2, 1, math.nan]):
        for f in (largest, smallest):
            z, partials = f([complex(x) for x in row])
            assert all(map(cmath.isnan, [z, *partials]))


def test_words_of_lists_take_any_numbers() -> None:
    few = Vocabulary({name: getattr(ieee, name) for name in ("exp", "log")})
    z, partials = formula.over("log_of_shifted_sum", few)([1.0, 2.0, 2.0])
    assert z == pytest.approx(math.log(1.0 + math.exp(-1.0)), rel=FLOATS, abs=0.0)
    assert partials == pytest.approx([1.0 / (1.0 + math.e), math.e / (1.0 + math.e), -1.0], rel=FLOATS, abs=0.0)


def test_guards_of_other_numbers_compare_as_they_are_told() -> None:
    asked = []

    def compare(x: Any, y: Any, sign: str) -> bool:
        asked.append((x, sign, y))
        return sign == "<"

    over = formula.over("absolute", Vocabulary({"compare": compare}))
    assert over(3.0) == (-3.0, -1.0)
    assert asked == [(3.0, ">", 0.0), (3.0, "<", 0.0)]


def test_numbers_of_a_rule_are_taken_into_the_kind() -> None:
    taken = []

    def number(x: float) -> float:
        taken.append(x)
        return x

    assert formula.over("square", Vocabulary({"number": number}))(3.0) == (9.0, 6.0)
    assert taken == [2.0]


def test_a_name_that_ends_with_a_digit_is_a_number_to_compare() -> None:
    @operation(domain=[(0.5, 2.0)])
    def ramp(x1):  # type: ignore[no-untyped-def]
        return x1 if x1 > 0.0 else 0.0 * x1, 1.0 if x1 > 0.0 else 0.0

    assert formula.over("ramp", vocabularies.complex_numbers())(2 + 1j) == (2 + 1j, 1)


def test_constants_have_all_digits_of_the_numbers() -> None:
    with mpmath.workdps(40):
        exact = {
            "erf": (0, 2 / mpmath.sqrt(mpmath.pi)),
            "exp2": (0, mpmath.log(2)),
            "log2": (1, 1 / mpmath.log(2)),
            "log10": (1, 1 / mpmath.log(10)),
            "normal_cdf": (0, 1 / mpmath.sqrt(2 * mpmath.pi)),
        }
        for op, (x, wanted) in exact.items():
            _, slope = formula.over(op, vocabularies.mpmath_numbers())(mpmath.mpf(x))
            assert abs(slope - wanted) < mpmath.mpf(10) ** -38


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        *(("divide", (x, 0.0)) for x in (-1.0, 0.0, 1.0)),
        *(("power", (0.0, y)) for y in (-2.0, -0.5, 0.0, 0.5, 2.0)),
        *(("power", (-2.0, y)) for y in (0.0, 0.5, 3.0)),
        *(("log", (x,)) for x in (-1.0, 1.0)),
        *(("asin", (x,)) for x in (-2.0, 1.0)),
    ],
)
def test_at_the_ends_of_domains_mpmath_has_the_values_of_floats(op: str, operands: tuple[float, ...]) -> None:
    found = vocabularies.value_over(op, vocabularies.mpmath_numbers())(*map(mpmath.mpf, operands))
    assert float(found) == pytest.approx(on_floats(op, [*operands])[0], rel=FLOATS, abs=0.0, nan_ok=True)


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(ImportError, match="these numbers are made with no_such_library: pip install no_such_library"):
        vocabularies.installed("no_such_library")


SELECTIONS: Final = {
    "relu": """def rule(x):
    return where((x > 0.0), x, where((x <= 0.0), 0.0, nan)), where((x > 0.0), 1.0, where((x <= 0.0), 0.0, nan))""",
    "dot": """def rule(xs, ys):
    z = dot(xs, ys)
    return z, ys, xs""",
    "largest": """def rule(xs):
    z = greatest(xs)
    k = ties(xs, z)
    return where((z != z), nan, z), [where((z != z), case0_, case1_) for case0_, case1_ in \
zip([nan for xs_ in xs], [where((xs_ == z), (1.0 / k), 0.0) for xs_ in xs])]""",
    "silu": """def rule(x):
    z = silu(x)
    h = exp((0.5 * x))
    return where((x > 750.0), x, where((x < (-1500.0)), (-0.0), where((x < (-700.0)), z, z))), \
where((x > 750.0), 1.0, where((x < (-1500.0)), (-0.0), \
where((x < (-700.0)), (((1.0 + x) * h) * h), (sigmoid(x) * (1.0 + (x * sigmoid((-x))))))))""",
    "xlogy": """def rule(x, y):
    z = xlogy(x, y)
    return z, where(((x == 0.0) & (y == 0.0)), log(y), where((y < 0.0), nan, log(y))), \
where(((x == 0.0) & (y == 0.0)), fixed(0.0, z), where((y < 0.0), nan, divide(x, unsigned_zero(y))))""",
}


@pytest.mark.parametrize("op", SELECTIONS)
def test_a_rule_over_arrays_selects(op: str) -> None:
    assert formula.as_selections(op) == SELECTIONS[op]


# ── derivatives as nodes ──


def written(v: Value | float) -> str:
    """A graph as a text of its operations; leaves by their labels, and a constant as it is."""
    if not isinstance(v, Value) or not v.op:
        return v.label or f"{v.data:g}" if isinstance(v, Value) else f"{v:g}"
    return f"{v.op}({', '.join(map(written, v.operands))})"


X, Y = Value(3.0, label="x"), Value(2.0, label="y")
ZERO, TINY, HUGE = Value(0.0, label="0"), Value(1e-200, label="tiny"), Value(1e200, label="huge")
AS_NODES: Final = [
    (X**2.0, ["multiply(2, x)", "0"]),
    (X**3.0, ["multiply(3, power(x, 2))", "0"]),
    (X**1.0, ["multiply(1, power(x, 0))", "0"]),
    (X**Y, ["multiply(y, power(x, subtract(y, 1)))", "multiply(log(x), power(x, y))"]),
    (2.0**X, ["0", "multiply(0.693147, power(2, x))"]),
    # One node where a product leaves the range, or where a derivative of it would be another one.
    (ZERO**Y, ["scaled_power(y, 0, y, 1)", "scaled_power(log(0), 0, y, 0)"]),
    (ZERO**3.0, ["multiply(3, power(0, 2))", "0"]),
    (ZERO**ZERO, ["scaled_power(0, 0, 0, 1)", "fixed(0, power(0, 0))"]),
    ((-X) ** 2.5, ["scaled_power(2.5, negative(x), 2.5, 1)", "0"]),
    (HUGE**2.0, ["multiply(2, huge)", "0"]),
    (X / Y, ["divide(1, y)", "negative(divide(divide(x, y), y))"]),
    (X / 2.0, ["0.5", "0"]),
    (X / 0.0, ["inf", "0"]),
    (1.0 / X, ["0", "negative(divide(divide(1, x), x))"]),
    (TINY.reciprocal(), ["negative(multiply(reciprocal(tiny), reciprocal(tiny)))"]),
    ((-X).log(), ["fixed(nan, log(negative(x)))"]),
    (ZERO.sqrt(), ["divide(0.5, add(sqrt(0), 0))"]),
    (hypot(X, Y), ["direction(x, y)", "direction(y, x)"]),
    (hypot(ZERO, ZERO), ["fixed(0, hypot(0, 0))"] * 2),
    (xlogy(X, Y), ["log(y)", "divide(x, y)"]),
    (xlogy(ZERO, ZERO), ["log(0)", "fixed(0, xlogy(0, 0))"]),
    (maximum(X, X), ["0.5", "0.5"]),
    (mean([X, Y]), ["0.5", "0.5"]),
    (dot([X, Y], [2.0, X]), ["2", "x", "0", "y"]),
    (dot([X, Y], [2.0, 3.0]), ["2", "3", "0", "0"]),
    (norm([X, Y]), ["divide(x, norm(x, y))", "divide(y, norm(x, y))"]),
]


@pytest.mark.parametrize(("v", "expected"), AS_NODES)
def test_a_derivative_is_made_of_operations_that_people_can_read(v: Value, expected: list[str]) -> None:
    wanted = [not graph.is_constant(x) for x in v.operands]
    assert [written(p) for p in formula.partials_over_values(v, v.operands, wanted)] == expected


@pytest.mark.parametrize(
    ("number", "recorded", "agree"),
    [
        (1.0, 1.0 + 0.9e-6, True),
        (1.0, 1.0 + 1.1e-6, False),
        (1e9, 1e9 + 900.0, True),
        (-1e9, -1e9 - 1100.0, False),
        (1.0, -1.0, False),
        (0.9e-14, 0.0, True),
        (1.1e-14, 0.0, False),
        (vocabularies.CANCELLED, 0.0, True),
        (math.inf, math.inf, True),
        (1.0, math.inf, False),
        (math.inf, 1.0, False),
        (math.nan, math.nan, False),
    ],
)
def test_two_roundings_of_one_formula_agree(number: float, recorded: float, agree: bool) -> None:
    assert vocabularies._agree(number, recorded) == agree


def test_where_a_formula_breaks_down_what_is_recorded_stands() -> None:
    x = Value(2.0, label="x")
    for number in (2.0, 2.0 + 1e-9):
        part = x * (number / 2.0)
        assert vocabularies._settled(part, 2.0, x) is part
    assert written(vocabularies._settled(x * 2.0, 2.0, x)) == "fixed(2, x)"
    nan = x * math.nan
    assert vocabularies._settled(nan, math.nan, x) is nan
    assert written(vocabularies._settled(math.nan, math.nan, x)) == "fixed(nan, x)"
    assert written(vocabularies._settled(x, math.nan, x)) == "fixed(nan, x)"


def test_only_the_derivatives_that_are_wanted_are_formed() -> None:
    for v in (X * Y, dot([X, Y], [Y, X])):
        wanted = [k % 2 == 0 for k in range(len(v.operands))]
        found = formula.partials_over_values(v, v.operands, wanted)
        assert [x != 0.0 for x in found] == wanted
