"""The points where a derivative is a choice: in the engine, in gradient graphs and in the documentation."""

import math

import pytest

from autograd import Value, formula, grad_graph
from autograd.engine import functions
from tests.points import ROWS, Case, Row, table

ROUNDED = 1e-15
"""An exact decision has no error; a number that a function gives may have a few ulps."""
SECOND = 1e-12
"""The second derivative of a power is made of several roundings."""


def same(a: float, b: float) -> bool:
    """Equal, zeros by sign and nan by being nan."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


@pytest.mark.parametrize(("row", "case"), [(row, case) for row in ROWS for case in row.cases])
def test_the_engine_gives_what_was_decided(row: Row, case: Case) -> None:
    v = case.operation(*[Value(x) for x in case.operands])
    assert same(v.data, case.value), (row.point, case.operands, v.data)
    for got, want in zip(v.partials, case.partials, strict=False):
        assert want is None or got == pytest.approx(want, rel=ROUNDED, abs=0.0, nan_ok=True), (
            row.point,
            case.operands,
            v.partials,
        )


@pytest.mark.parametrize("op", ["clamp", "where"])
def test_the_rules_of_choices_give_it(op: str) -> None:
    """Of these, the engine uses a part alone; dual numbers and sympy have the whole rule."""
    cases = [case for row in ROWS for case in row.cases if case.operation(*map(Value, case.operands)).op == op]
    for case in cases:
        z, partials = formula.rule(op).on_floats(case.operands)
        assert same(z, case.value)
        assert partials == pytest.approx(case.partials, rel=0.0, abs=0.0, nan_ok=True)
    assert len(cases) > 2


def test_a_decided_derivative_is_a_number_and_a_detached_node_has_none() -> None:
    v = functions.fixed(Value(2.0), Value(0.0))
    assert (v.data, v.partials[0]) == (2.0, 1.0)
    assert math.isnan(v.partials[1])
    assert formula.rule("detach").on_floats([3.0]) == (3.0, [0.0])


@pytest.mark.parametrize(("row", "case"), [(row, case) for row in ROWS for case in row.cases])
def test_a_gradient_graph_gives_it_too(row: Row, case: Case) -> None:
    xs = [Value(x) for x in case.operands]
    v = case.operation(*xs)
    if v.op in ("leaky_relu", "elu"):
        xs = xs[:1]  # the slope may be a constant
    for got, want in zip(grad_graph(v, xs), case.partials, strict=False):
        assert want is None or got.data == pytest.approx(want, rel=ROUNDED, abs=0.0, nan_ok=True), (
            row.point,
            case,
            got,
        )


@pytest.mark.parametrize(("row", "case"), [(row, case) for row in ROWS for case in row.cases if case.second])
def test_the_second_derivatives_are_those_of_the_table(row: Row, case: Case) -> None:
    xs = [Value(x) for x in case.operands]
    gradient = grad_graph(case.operation(*xs), xs)
    found = [h.data for i, g in enumerate(gradient) for h in grad_graph(g, xs[i:])]
    for got, want in zip(found, case.second, strict=True):
        assert want is None or got == pytest.approx(want, rel=SECOND, abs=0.0, nan_ok=True), (row.point, case, found)


def test_the_documentation_shows_the_table() -> None:
    assert table() in str(formula.__doc__)
