"""A user's own script may print every text and object of the package, whatever its console can encode."""

import subprocess
import sys

import pytest

from tests.running import PACKAGE, surroundings

MADE = """
import autograd
from autograd import *
from autograd import formula
from autograd.check import gradcheck, ulps
from autograd.formula import operation_text
x, w = Value(3.0, label="x"), Value(-2.0, label="w")
y = (x * x + 2 * x.sigmoid() * w.exp()).sqrt()
y.label = "y"
def program():
    from autograd.networks import NETWORKS
    loss, inputs, parameters = NETWORKS["convolution"]()
    return autograd.compile(loss, inputs, parameters=parameters)
"""
"""The script up to its print."""
PRINTED = {
    "the table of gradcheck": "gradcheck(lambda v: v.tanh(), [0.5])",
    "the table of ulps": "ulps(lambda v: v.tanh(), [0.5])",
    "a rule": "formula.describe('gelu')",
    "a derivative": "formula.partial_text(x.sigmoid(), 0)",
    "a program": "program()",
    "its report": "program().report()",
    "its passes": "program().trace()",
}


def printed(expression: str, encoding: str) -> str:
    """The text that a script prints on a console of an encoding."""
    command = [sys.executable, "-P", "-c", f"{MADE}\nprint({expression})"]
    environment = {**surroundings(PACKAGE), "PYTHONIOENCODING": encoding}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode(encoding)


@pytest.mark.parametrize("name", PRINTED)
def test_a_script_can_print_it_on_every_console(name: str) -> None:
    whole = printed(PRINTED[name], "utf-8")
    for encoding in ("ascii", "cp1252", "latin-1"):
        text = printed(PRINTED[name], encoding)
        assert "\\" not in text
        assert "?" not in text
        assert text.isascii() or encoding != "ascii"
        assert len(text.splitlines()) >= len(whole.splitlines())
