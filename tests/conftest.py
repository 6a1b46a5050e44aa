"""Settings for all tests: no property fails because it is slow, and no test keeps an operation that it has made.

Where there is no C compiler, the tests of C and the blocks of the README that need one are skipped, and the reason is
printed.
"""

import doctest
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from autograd import custom, operations
from autograd.formula import cases, text, vocabularies

IN_C = re.compile(r'backend="(c|native)"')
"""In the examples of programs that run in C."""

os.environ["COLUMNS"] = "80"  # Lines are folded alike, whatever terminal the tests run in.

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # So does a shell with what it starts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("untimed", deadline=None)
if not os.environ.get("CI"):  # There hypothesis has a profile of its own: untimed and repeatable.
    settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def own_operations() -> Iterator[None]:
    """The operations that a test makes with `@autograd.operation` are gone after it."""
    tables: tuple[dict[str, Any], ...] = (cases.KNOWN, operations._TABLE, custom._MADE)
    before = [dict(table) for table in tables]
    yield
    if before[2] == custom._MADE:
        return
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)
    for module in (vocabularies, text):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


# ── native code ──


@pytest.fixture(scope="session")
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
    if reason := no_c_compiler():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def extension(compiled_objects: Path) -> Any:
    """The extension `_native`; skips a test where it isn't and can't be compiled."""
    from autograd.compiler.native.compilers import CompilerError
    from autograd.compiler.native.extension import native

    try:
        return native()
    except CompilerError as error:
        pytest.skip(str(error))


def no_c_compiler() -> str:
    """The reason why no program can run as C of its own here; "" if that is possible, as far as can be seen."""
    from autograd.compiler.native.compilers import CompilerError, compiler  # Few tests need it, and NumPy with it.
    from autograd.compiler.native.extension import headers, installed

    try:
        compiler()
        if installed() is None:
            headers()
    except CompilerError as error:
        return str(error)
    return ""


def pytest_report_collectionfinish(items: list[pytest.Item]) -> list[str]:
    """Leave the blocks of the README that run C out where there is no compiler, and print the reason."""
    pages = [item for item in items if isinstance(item, pytest.DoctestItem) and item.path.name == "README.md"]
    return [f"skipped: the native programs of {page.name}: {reason}" for page in pages if (reason := _without_c(page))]


def _without_c(page: pytest.DoctestItem) -> str:
    """Skip the examples of each block of a page in which a program runs in C; the reason, or "" if there is none."""
    lines = page.path.read_text(encoding="utf-8").splitlines()
    blocks: dict[int, list[doctest.Example]] = {}
    for example in page.dtest.examples:
        blocks.setdefault(sum(line.startswith("```") for line in lines[: example.lineno]), []).append(example)
    native = [block for block in blocks.values() if any(IN_C.search(example.source) for example in block)]
    reason = no_c_compiler() if native else ""
    for example in (example for block in native for example in block if reason):
        example.options[doctest.SKIP] = True
    return reason
