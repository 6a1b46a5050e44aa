"""The examples in the docstrings of every room run, compiled or not."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from tests.test_house import RIVER, rooms

PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)
HOW = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("room", ["__init__", *RIVER])
def test_the_examples_run(room: str) -> None:
    name = f"autograd.{room.replace('/', '.')}".removesuffix(".__init__")
    module = importlib.import_module(name)
    path = Path(importlib.import_module("autograd").__file__ or "") if room == "__init__" else rooms()[room]
    failed, tried = doctest.testmod(module, optionflags=HOW)
    assert not failed
    assert tried == len(PROMPT.findall(path.read_text(encoding="utf-8"))), "an example was not found"
