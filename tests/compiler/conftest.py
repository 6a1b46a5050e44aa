"""Settings for the tests of the compiler: the numbers of leaves are the same whichever tests run before.

Programs are those of NumPy where a test asks for no other back end. What is compiled goes into a folder of its own, and
with it when the tests end.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd.compiler import backends
from autograd.compiler.native.compilers import CompilerError, compiler
from autograd.compiler.native.extension import native
from tests.compiler import graphs


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    graphs.restart()


@pytest.fixture(autouse=True)
def numpy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let NumPy, whose code most tests here are about, run the programs that name no back end."""
    monkeypatch.setenv(backends.VARIABLE, "numpy")


@pytest.fixture(scope="session", autouse=True)
def compiled_objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that holds the cache of compiled C."""
    before = os.environ.get("XDG_CACHE_HOME")
    home = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def c_compiler() -> None:
    """Skips a test where there is no C compiler."""
    try:
        compiler()
    except CompilerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def extension(compiled_objects: Path) -> Any:
    """The extension `_native`; skips a test where it isn't and can't be compiled."""
    try:
        return native()
    except CompilerError as error:
        pytest.skip(str(error))
