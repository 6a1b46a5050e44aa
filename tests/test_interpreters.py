"""The package in several interpreters of one process."""

import importlib.util
import sys

import pytest

import autograd
from autograd.engine.interpreters import is_main
from tests.running import PACKAGE, python

EACH = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

WORK = '''
import sys
sys.path.insert(0, {path!r})
try:
    import autograd
    x = autograd.Value(2.0)
    (x * 3.0).backward()
    print(x.grad)
except ImportError as error:
    print(type(error).__name__, error)
sys.stdout.flush()
'''

def other(isolated):
    if sys.version_info >= (3, 13):
        it = interpreters.create("isolated" if isolated else "legacy")
        interpreters.exec(it, WORK)
    else:
        it = interpreters.create(isolated=isolated)
        interpreters.run_string(it, WORK)

for name in {order!r}:
    if name == "m":
        exec(WORK)
    else:
        other(name == "i")
"""


@pytest.mark.skipif(
    not any(map(importlib.util.find_spec, ("_interpreters", "_xxsubinterpreters"))),
    reason="this Python can't make another interpreter",
)
@pytest.mark.parametrize("order", ["sm", "ms", "sms", "im", "mi", "imi", "ssm", "mm"])
def test_every_interpreter_computes_or_says_why_not(order: str) -> None:
    """s and i are other interpreters, i isolated ones; the main one, m, works whatever came before it."""
    script = EACH.replace("{path!r}", repr(str(PACKAGE.parent))).replace("{order!r}", repr(order))
    shown = python("-c", script).stdout.splitlines()
    assert len(shown) == len(order)
    for name, line in zip(order, shown, strict=True):
        if name == "m" or not autograd.COMPILED:
            assert line == "3.0"
        else:
            assert line.startswith("ImportError autograd's machine code works in the main interpreter of a process")
            assert "AUTOGRAD_PURE=1" in line


def test_this_is_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_main()
    for name in ("_interpreters", "_xxsubinterpreters"):
        monkeypatch.setitem(sys.modules, name, None)
    assert is_main()  # Where it can't be told, nothing is refused.
