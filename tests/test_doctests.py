"""The examples in the docstrings of every module run, compiled or not."""

import doctest
import importlib
import re
from types import ModuleType

import pytest

from tests.test_architecture import modules

PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)
NATIVE = {"autograd.compiler.native.shuffling"}
"""Modules whose examples run the extension."""
HOW = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def imported(name: str) -> ModuleType:
    """A module; the test is skipped for one that needs JAX where it isn't installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "jax":
            raise
        pytest.skip("JAX is not installed: pip install jax")


@pytest.mark.parametrize("name", modules())
def test_the_examples_run(name: str, request: pytest.FixtureRequest) -> None:
    if name in NATIVE:
        request.getfixturevalue("extension")
    failed, tried = doctest.testmod(imported(name), optionflags=HOW)
    assert not failed
    assert tried == len(PROMPT.findall(modules()[name].read_text(encoding="utf-8"))), "an example was not found"
