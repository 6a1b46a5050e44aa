"""Each rule as an expression, as NumPy text and as text over floats, gives the numbers of the rule on floats."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd.compiler.expressions import (
    Expression,
    call,
    name,
    names_in,
    negative,
    number,
    partial_of,
    plus,
    replaced,
    shown,
    simplified,
    times,
    value_of,
)
from autograd.compiler.words import definitions, evaluated, word
from autograd.compiler.writing import as_floats, as_numpy, float_words, namespace
from autograd.formula.cases import rule
from autograd.operations import OPERATIONS

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
    # Near a zero of the derivative its terms cancel.
    **dict.fromkeys(("silu", "gelu"), (ROUNDINGS, ROUNDINGS)),
    # The greatest of the terms is 1, and log loses the digits of the others.
    **dict.fromkeys(("log_of_shifted_sum", "logsumexp"), (DIFFERENCES, ROUNDINGS)),
}
"""Relative and absolute tolerances of operations on arrays that have other ones."""
EDGES: Final = (0.0, 5e-324, 1e-310, 1e-8, 0.5, 1.0, 2.0, 3.0, 40.0, 700.0, 710.0, 760.0, 1e200, 1.7e308, INF)
POINTS: Final = (*EDGES, *(-x for x in EDGES), NAN)
ROWS: Final = 5
EXAMPLES: Final = 40

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


def on_floats(e: Expression, operands: Mapping[str, float]) -> Any:
    return eval(as_floats(e, {}), float_words() | dict(operands))


def close(found: float, wanted: float, tolerance: float = ROUNDINGS, least: float = LOST) -> bool:
    if math.isnan(wanted) or math.isinf(wanted):
        return repr(float(found)) == repr(float(wanted))
    return abs(found - wanted) <= tolerance * abs(wanted) + least


def parts_of(op: str) -> Iterator[tuple[int, Expression]]:
    """The value and each derivative, with its place in the result of the rule."""
    yield 0, value_of(op)
    yield from ((1 + i, partial_of(op, operand)) for i, operand in enumerate(rule(op).operands))


SCALAR: Final = [op for op, row in OPERATIONS.items() if not row.of_sequences]
LISTS: Final = [op for op, row in OPERATIONS.items() if row.of_sequences]


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
