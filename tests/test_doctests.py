"""The examples in the docstrings of every module run, compiled or not."""

import doctest
import importlib
import re

import pytest

from tests.test_architecture import modules

PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)
HOW = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", modules())
def test_the_examples_run(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=HOW)
    assert not failed
    assert tried == len(PROMPT.findall(modules()[name].read_text(encoding="utf-8"))), "an example was not found"
