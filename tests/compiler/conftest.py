"""Settings for the tests of the compiler: the numbers of leaves are the same whichever tests run before."""

import pytest

from tests.compiler import graphs


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    graphs.restart()
