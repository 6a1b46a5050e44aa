"""The decided points, in the engine and in the README."""

import math
from pathlib import Path

import pytest

from autograd import Value
from tests.points import ROWS, Case, Row, table


def same(a: float, b: float) -> bool:
    """Equal, zeros by sign and nan by being nan."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


@pytest.mark.parametrize(("row", "case"), [(row, case) for row in ROWS for case in row.cases])
def test_the_engine_gives_what_was_decided(row: Row, case: Case) -> None:
    v = case.operation(*[Value(x) for x in case.operands])
    assert same(v.data, case.value), (row.point, case.operands, v.data)
    for got, want in zip(v.partials, case.partials, strict=True):
        assert want is None or got == want or (got != got and want != want), (row.point, case.operands, v.partials)


def test_the_readme_shows_the_table() -> None:
    assert table() in (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
