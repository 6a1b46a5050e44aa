"""Each rule as an expression, as NumPy text and as text over floats, gives the numbers of the rule on floats."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd.compiler.expressions import (
    call,
    name,
    names_in,
    negative,
    number,
    over,
    partial_of,
    plus,
    replaced,
    shown,
    simplified,
    times,
    value_of,
)
from autograd.compiler.words import evaluated, word
from autograd.compiler.writing import as_floats, as_numpy, float_words, namespace
from autograd.engine import ieee
from autograd.formula.cases import Expression, rule
from autograd.operations import OPERATIONS
from tests.compiler.test_listings import CONSTANTS

INF, NAN = math.inf, math.nan
ROUNDINGS: Final = 5e-15
"""Relative: about twenty roundings of 1.1e-16, more than any formula here has."""
IN_FLOAT32: Final = 2e-5
LOST: Final = 1e-300
"""Smaller results count as equal: they may have been subnormal on the way, and have lost digits there."""
DIFFERENCES: Final = 1e-13
"""The rounding of x − y, up to 745, is one of e^(x−y): `ieee` corrects for it, and arrays don't."""
LOOSER: Final = {
    **dict.fromkeys(("exp_of_difference", "share", "logaddexp"), (DIFFERENCES, LOST)),
    **dict.fromkeys(("power", "scaled_power"), (DIFFERENCES, LOST)),
    # Near a zero of the derivative its terms cancel.
    **dict.fromkeys(("silu", "gelu"), (ROUNDINGS, ROUNDINGS)),
    # The greatest of the terms is 1, and log loses the digits of the others.
    **dict.fromkeys(("log_of_shifted_sum", "logsumexp"), (DIFFERENCES, ROUNDINGS)),
}
"""Relative and absolute tolerances of operations on arrays that have other ones."""
EDGES: Final = (0.0, 5e-324, 1e-310, 1e-8, 0.5, 1.0, 2.0, 3.0, 40.0, 700.0, 710.0, 760.0, 1e200, 1.7e308, INF)
POINTS: Final = (*EDGES, *(-x for x in EDGES), NAN)
ROWS: Final = 5
EXAMPLES: Final = 20

numbers = st.sampled_from(POINTS) | st.floats(-4.0, 4.0) | st.floats()


def text_of(e: Expression, rows: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The statements for an expression, each name for its array; and the names of the scratch arrays."""
    made: list[str] = []

    def scratch(kind: str, rows: bool) -> str:
        made.append(f"{kind}{'_rows' if rows else ''}_{len(made)}")
        return made[-1]

    texts = {operand: operand for operand in names_in(e)}
    return as_numpy(e, texts, "out", scratch, rows), made


def run(e: Expression, operands: Mapping[str, Any], rows: Sequence[str] = (), *, is_list: bool = False) -> Any:
    """The result of the statements."""
    lines, made = text_of(e, rows)
    dtype = np.result_type(*operands.values())
    full = np.broadcast_shapes(*(np.shape(x) for x in operands.values()))
    lanes = full[1:] if rows else full
    scope = namespace() | dict(operands) | {"out": np.empty(full if is_list else lanes, dtype)}
    for scratch in made:
        scope[scratch] = np.empty(full if "rows" in scratch else lanes, bool if "bool" in scratch else dtype)
    with np.errstate(all="ignore"):
        exec("\n".join(lines), scope)
    return scope["out"]


def on_floats(e: Expression, operands: Mapping[str, Any]) -> Any:
    return eval(as_floats(e, {}), float_words() | dict(operands))


def close(found: float, wanted: float, tolerance: float = ROUNDINGS, least: float = LOST) -> bool:
    if math.isnan(wanted) or math.isinf(wanted):
        return repr(float(found)) == repr(float(wanted))
    return abs(found - wanted) <= tolerance * abs(wanted) + least


SCALAR: Final = [op for op, row in OPERATIONS.items() if not row.of_sequences]
LISTS: Final = [op for op, row in OPERATIONS.items() if row.of_sequences and row.recorded]


@pytest.mark.parametrize("op", SCALAR)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_a_rule_on_any_floats(op: str, data: st.DataObject) -> None:
    operands = rule(op).operands
    columns = {operand: data.draw(st.lists(numbers, min_size=12, max_size=12)) for operand in operands}
    agree(op, columns, {})


def agree(op: str, columns: dict[str, list[float]], constants: dict[str, float]) -> None:
    """Assert that value and derivatives are those of the rule; a derivative by a constant is not formed."""
    operands = rule(op).operands
    n = len(next(iter(columns.values())))
    rows = [[constants.get(operand, columns.get(operand, [0.0] * n)[i]) for operand in operands] for i in range(n)]
    results = [rule(op).function(*row) for row in rows]
    columns = columns | {"z": [row[0] for row in results]}
    arrays = {operand: np.array(column) for operand, column in columns.items()}
    for place, operand in enumerate(("", *operands)):
        if operand in constants:
            continue
        e = partial_of(op, operand, constants) if operand else value_of(op, constants)
        found = run(e, arrays)
        for i, wanted in enumerate(row[place] for row in results):
            at = {operand: column[i] for operand, column in columns.items()}
            assert close(on_floats(e, at), wanted), (shown(e), at, on_floats(e, at), wanted)
            assert close(found[i], wanted, *LOOSER.get(op, ())), (shown(e), at, found[i], wanted)


@pytest.mark.parametrize("op", CONSTANTS)
def test_the_constants_of_the_listing(op: str) -> None:
    for constants in CONSTANTS[op]:
        others = [operand for operand in rule(op).operands if operand not in constants]
        columns = {operand: [*POINTS[5 * k :], *POINTS[: 5 * k]] for k, operand in enumerate(others)}
        agree(op, columns, constants)


@pytest.mark.parametrize("y", [0.0, -0.0, 0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 2.5, 1e-20, 0.001, 1e17, INF, -INF, NAN, 4.0])
@settings(max_examples=EXAMPLES, deadline=None)
@given(x=st.lists(numbers, min_size=12, max_size=12))
def test_a_power_with_a_constant(y: float, x: list[float]) -> None:
    agree("power", {"x": [*x, *POINTS]}, {"y": y})


@pytest.mark.parametrize(
    ("op", "operand"),
    [("power", "x"), ("divide", "x"), ("divide", "y"), ("leaky_relu", "slope"), ("elu", "alpha")]
    + [(op, operand) for op in ("maximum", "minimum", "hypot", "multiply", "subtract") for operand in "xy"],
)
@settings(max_examples=EXAMPLES, deadline=None)
@given(constant=numbers, others=st.lists(numbers, min_size=12, max_size=12))
def test_a_constant_operand(op: str, operand: str, constant: float, others: list[float]) -> None:
    # An elu of a subnormal alpha is made a relu, which differs by less than the smallest normal number.
    assume(op != "elu" or not 0.0 < abs(constant) < sys.float_info.min)
    (other,) = {*rule(op).operands} - {operand}
    agree(op, {other: [*others, *POINTS]}, {operand: constant})


@pytest.mark.parametrize("op", LISTS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_a_rule_on_lists(op: str, data: st.DataObject) -> None:
    operands, lanes = rule(op).operands, 6
    entries = st.lists(st.sampled_from((0.0, -1.0, 3.0, 800.0, INF, -INF, NAN)) | st.floats(-50.0, 50.0))
    table = st.lists(
        st.lists(entries.filter(bool).map(lambda xs: xs[0]), min_size=lanes, max_size=lanes),
        min_size=ROWS,
        max_size=ROWS,
    )
    arrays = {operand: np.array(data.draw(table)) for operand in operands}
    if op == "log_of_shifted_sum":
        arrays["xs"][-1] = arrays["xs"][:-1].max(axis=0)
    columns = [[arrays[operand][:, i].tolist() for operand in operands] for i in range(lanes)]
    results = [rule(op).function(*column) for column in columns]
    found = [run(value_of(op), arrays, operands)]
    arrays["z"] = np.array([row[0] for row in results])
    found += [run(partial_of(op, operand), arrays, operands, is_list=True).T for operand in operands]
    for i, result in enumerate(results):
        given = dict(zip(operands, columns[i], strict=True)) | {"z": result[0]}
        for place, wanted in enumerate(result):
            e = partial_of(op, operands[place - 1]) if place else value_of(op)
            for x, y, exact in zip(*map(np.ravel, (found[place][i], wanted, on_floats(e, given))), strict=True):
                assert repr(float(exact)) == repr(float(y)), (shown(e), given)
                size = ROUNDINGS * np.nansum(np.abs(columns[i])) ** 2 if np.isfinite(columns[i]).all() else 0.0
                assert close(x, y, DIFFERENCES, size + ROUNDINGS), (shown(e), given, x, y)


@pytest.mark.parametrize("op", SCALAR)
def test_float32_stays_float32(op: str) -> None:
    rng = np.random.default_rng(0)
    operands = {}
    for operand, domain in zip(rule(op).operands, OPERATIONS[op].domains, strict=True):
        low, high = domain[-1]
        operands[operand] = rng.uniform(low, high, 50).astype(np.float32)
    z, *partials = np.array([rule(op).function(*map(float, row)) for row in zip(*operands.values(), strict=True)]).T
    value = run(value_of(op), operands)
    assert value.dtype == np.float32
    assert value == pytest.approx(z, rel=IN_FLOAT32, abs=IN_FLOAT32, nan_ok=True)
    for operand, wanted in zip(rule(op).operands, partials, strict=True):
        found = run(partial_of(op, operand), operands | {"z": z.astype(np.float32)})
        assert found == pytest.approx(wanted, rel=IN_FLOAT32, abs=IN_FLOAT32, nan_ok=True)


def test_a_rule_of_a_user() -> None:
    @autograd.operation
    def hinge_square(x):  # type: ignore[no-untyped-def]
        h = 1 - x
        if h <= 0:
            return 0.0, 0.0
        return h**2, -2 * h

    agree("hinge_square", {"x": [*POINTS, 0.3, 0.9, 1.1, 7.0]}, {})


def test_a_rule_of_a_user_on_lists() -> None:
    @autograd.operation
    def weighted(xs, ys):  # type: ignore[no-untyped-def]
        es = [math.exp(x) for x in xs]
        z = sum([e * y for e, y in zip(es, ys)])  # noqa: B905
        return z, [e * y for e, y in zip(es, ys)], es  # noqa: B905

    xs, ys = np.random.default_rng(1).normal(size=(2, 4, 3))
    operands = {"xs": xs, "ys": ys}
    assert run(value_of("weighted"), operands, ["xs", "ys"]) == pytest.approx((np.exp(xs) * ys).sum(axis=0))
    by_xs = run(partial_of("weighted", "xs"), operands, ["xs", "ys"], is_list=True)
    assert by_xs == pytest.approx(np.exp(xs) * ys)
    assert run(partial_of("weighted", "ys"), operands, ["xs", "ys"], is_list=True) == pytest.approx(np.exp(xs))
    assert on_floats(value_of("weighted"), {"xs": [0.0, 1.0], "ys": [3.0, 2.0]}) == pytest.approx(3.0 + 2.0 * math.e)


def test_a_rule_that_is_stated_again() -> None:
    @autograd.operation
    def bent(x):  # type: ignore[no-untyped-def]
        return 2 * x, 2.0

    first = value_of("bent")

    @autograd.operation  # type: ignore[no-redef]
    def bent(x):  # type: ignore[no-untyped-def]  # noqa: F811
        return 3 * x, 3.0

    assert (shown(first), shown(value_of("bent")), shown(value_of("bent#2"))) == ("2·x", "2·x", "3·x")


def test_a_rule_without_a_source() -> None:
    scope: dict[str, Any] = {}
    exec("def unread(x):\n    return 2.0 * x, 2.0", scope)
    autograd.operation(scope["unread"])
    with pytest.raises(ValueError, match="unread has no formula, because its source can't be read"):
        value_of("unread")


# ── how short the text is ──

CALLS: Final = {
    "add": (1, 0, 0),
    "multiply": (1, 1, 1),
    "divide": (1, 1, 3),
    "square": (1, 2),
    "sqrt": (1, 3),
    "exp": (1, 1),
    "log": (1, 5),
    "sin": (1, 2),
    "tanh": (1, 3),
    "sigmoid": (4, 3),
    "softplus": (5, 5),
    "relu": (1, 2),
    "leaky_relu": (2, 3),
    "elu": (3, 3),
    "silu": (6, 17),
    "absolute": (1, 2),
    "maximum": (1, 7, 7),
    "exp_of_difference": (4, 1, 2),
    "logaddexp": (7, 7, 7),
    "total": (1, 1),
    "logsumexp": (8, 8),
    "log_of_shifted_sum": (6, 9),
    "largest": (1, 10),
    "sign": (1, 2),
    "clamp": (2, 4),
    "where": (3, 1, 4, 4),
    "xlogy": (6, 2, 9),
    "atan2": (1, 4, 5),
    "asinh": (1, 2),
    "acosh": (1, 6),
    "atanh": (1, 7),
    "exp2": (1, 3),
}
"""For the value and for each derivative times an upstream gradient; a bare copy of that is counted as none."""
USUAL: Final = {"leaky_relu": {"slope": 0.01}, "elu": {"alpha": 1.0}, "clamp": {"low": -1.0, "high": 2.0}}


@pytest.mark.parametrize("op", CALLS)
def test_the_number_of_calls(op: str) -> None:
    constants = USUAL.get(op, {})
    by = [partial_of(op, operand, constants) for operand in rule(op).operands if operand not in constants]
    rows = rule(op).operands if rule(op).of_sequences else ()
    texts = [text_of(e, rows)[0] for e in (value_of(op, constants), *(times(name("dz"), e) for e in by))]
    counts = tuple(0 if text == ["out[...] = dz"] and op != "total" else len(text) for text in texts)
    assert counts == CALLS[op], texts


@pytest.mark.parametrize("op", [*SCALAR, *LISTS])
def test_no_statement_allocates(op: str) -> None:
    rows = rule(op).operands if rule(op).of_sequences else ()
    for e in (value_of(op), *(times(name("dz"), partial_of(op, operand)) for operand in rule(op).operands)):
        for line in text_of(e, rows)[0]:
            assert ", out=" in line or "[...] = " in line or line.startswith("np.copyto("), line


def test_sums_of_products() -> None:
    e = plus(number(3.0), times(number(2.0), times(name("x"), name("y"))))
    e = plus(plus(e, times(number(-1.0), name("w"))), times(number(-2.0), name("y")))
    lines, made = text_of(e)
    assert lines == [
        "np.multiply(x, y, out=out)",
        "np.multiply(2.0, out, out=out)",
        "np.add(3.0, out, out=out)",
        "np.subtract(out, w, out=out)",
        "np.multiply(-2.0, y, out=float_0)",
        "np.add(out, float_0, out=out)",
    ]
    assert len(made) == 1
    assert as_floats(e, {"w": "c"}) == "(((3.0 + (2.0 * (x * y))) - c) + ((-2.0) * y))"


def test_lists_that_are_made_on_the_way() -> None:
    x = Expression("element", ("xs",))
    numbers_of_each = Expression("each", (number(2.0), "xs"))
    cdf = Expression("each", (times(call("normal_cdf", x), call("exp", x)), "xs"))
    others = call("others", name("xs"))
    given = {"xs": np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [0.1, 0.2, 0.3]])}
    for e in (
        call("total", numbers_of_each),
        call("total", cdf),
        plus(call("total", cdf), call("total", numbers_of_each)),
        call("total", call("exp", others)),
        times(call("greatest", call("exp", others)), call("last", name("xs"))),
        call("total", times(call("exp", others), call("sin", others))),
        call("norm", call("exp", name("xs"))),
        call("total", call("joined", call("exp", others), number(0.5))),
    ):
        with np.errstate(all="ignore"):
            wanted = np.broadcast_to(evaluated(e, given), 3)
        if e == call("total", numbers_of_each):
            wanted = np.full(3, 6.0)
        np.testing.assert_allclose(run(e, given, ["xs"]), wanted, rtol=ROUNDINGS)
    np.testing.assert_allclose(run(cdf, given, ["xs"], is_list=True), evaluated(cdf, given), rtol=ROUNDINGS)


def test_the_array_of_the_result_may_be_an_operand() -> None:
    e = plus(name("out"), times(name("x"), name("x")))
    lines = as_numpy(e, {"out": "g", "x": "x"}, "g", lambda kind, rows: "t")
    assert lines == ["np.square(x, out=t)", "np.add(g, t, out=g)"]
    assert as_numpy(name("x"), {"x": "g"}, "g", lambda kind, rows: "t") == []


def test_a_choice_overwrites_the_branch_that_dies() -> None:
    test = Expression("comparison", (">", name("x"), name("y")))
    e = Expression("choice", (test, call("exp", name("x")), name("y")))
    for out, y in (("out", "y"), ("y", "y")):
        lines = as_numpy(e, {"x": "x", "y": y}, out, lambda kind, rows: f"{kind}_")
        scope = {"np": np, "x": np.array([0.0, 2.0]), "y": np.array([1.0, 1.0]), "out": np.empty(2)}
        exec("\n".join(lines), scope | {"float_": np.empty(2), "bool_": np.empty(2, bool)}, scope)
        assert scope[out] == pytest.approx([1.0, np.exp(2.0)])


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (times(number(1.0), name("x")), "x"),
        (times(name("x"), number(-1.0)), "-x"),
        (plus(name("x"), number(-0.0)), "x"),
        (plus(name("x"), number(0.0)), "x + 0"),
        (plus(negative(name("x")), name("y")), "y - x"),
        (times(negative(name("x")), negative(name("y"))), "x·y"),
        (over(name("x"), number(-4.0)), "x·(-0.25)"),
        (over(name("x"), number(3.0)), "x/3"),
        (times(name("y"), over(number(1.0), name("x"))), "y/x"),
        (plus(name("x"), number(-0.5)), "x - 0.5"),
        (call("exp", number(0.0)), "1"),
        (call("exp", number(-0.0)), "1"),
        (negative(negative(name("x"))), "x"),
    ],
)
def test_what_is_made_short(e: Expression, text: str) -> None:
    assert shown(e) == text


def test_names_are_replaced_inside_lists() -> None:
    e = partial_of("largest", "xs")
    assert names_in(replaced(e, {"xs": name("scores")})) == {"scores", "z"}
    doubled = replaced(e, {"xs": Expression("each", (times(number(2.0), Expression("element", ("ys",))), "ys"))})
    assert names_in(doubled) == {"ys", "z"}


def test_a_choice_that_matters_stays() -> None:
    inside = Expression("comparison", ("<", name("x"), number(7.25)))
    e = Expression("choice", (inside, name("x"), plus(name("x"), number(1e-6))))
    assert simplified(e) == e
    there = Expression("comparison", ("==", name("x"), number(7.25)))
    e = Expression("choice", (there, number(1.0), name("x")))
    assert simplified(e) == e


def test_limits_are_maxima_and_minima() -> None:
    for low, high, text in (
        (-1.0, 2.0, "minimum(maximum(x, -1), 2)"),
        (-INF, 2.0, "minimum(x, 2)"),
        (0.0, INF, "maximum(x, 0)"),
        (3.0, 2.0, "2"),
    ):
        limits = {"low": low, "high": high}
        assert shown(value_of("clamp", limits)) == text
        for x in (*POINTS, low, high, math.nextafter(low, INF), math.nextafter(high, -INF)):
            z, by, *_ = rule("clamp").function(x, low, high)
            point = {"x": np.array(x), "z": np.array(z)}
            assert close(evaluated(value_of("clamp", limits), point), z)
            with np.errstate(all="ignore"):
                assert close(evaluated(partial_of("clamp", "x", limits), point), by)


def test_a_number_makes_a_choice() -> None:
    assert shown(value_of("xlogy", {"x": 2.0})) == "2·log(y)"
    assert shown(value_of("xlogy", {"y": 1.0})) == "x·0"
    assert shown(value_of("xlogy", {"y": 0.0})) == "xlogy(x, 0)"
    assert shown(value_of("xlogy", {"x": 0.0})) == "xlogy(0, y)"
    assert shown(value_of("xlogy")) == "xlogy(x, y)"


def test_the_normal_distribution_on_many_numbers() -> None:
    x = np.concatenate([np.linspace(-38.0, 9.0, 2000), POINTS, np.geomspace(1e-300, 1.0, 500)])
    with np.errstate(all="ignore"):
        found = word("normal_cdf")(x)
    for at, z in zip(x.tolist(), found.tolist(), strict=True):
        assert close(z, ieee.normal_cdf(at)), at


def test_words_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="there is no word sine for arrays"):
        word("sine")
    assert evaluated(call("sigmoid", name("x")), {"x": 0.0}) == 0.5
