"""Settings for all tests: no property fails because it is slow, and no test keeps an operation that it has made."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from autograd import custom, operations
from autograd.formula import cases, text, vocabularies

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
