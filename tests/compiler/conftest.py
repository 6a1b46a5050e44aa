"""Settings for the tests of the compiler: the numbers of leaves are the same whichever tests run before.

Programs are those of NumPy where a test asks for no other back end. What is compiled goes into a folder of its own, and
with it when the tests end.
"""

from pathlib import Path

import pytest

from autograd.compiler import backends
from tests.compiler import graphs


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    graphs.restart()


@pytest.fixture(autouse=True)
def numpy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let NumPy, whose code most tests here are about, run the programs that name no back end."""
    monkeypatch.setenv(backends.VARIABLE, "numpy")


@pytest.fixture(scope="session", autouse=True)
def kept_apart(compiled_objects: Path) -> None:
    """Let all tests here have the cache of the tests."""
