"""The walk in a terminal: keys go on, back, to the end; a pipe gets everything."""

import contextlib
import os
import subprocess
import sys

import pytest

from autograd import Stepper, Value
from autograd.show.terminal import walk
from tests.running import PACKAGE, python, surroundings

WORDS = ("step", "tanh(w*x+b)", "w=2", "x=-1", "b=0.5")


def test_a_pipe_gets_every_step() -> None:
    lines = python("-m", "autograd", *WORDS).stdout.splitlines()
    assert lines[0] == "v1 = w·x = 2·(-1) = -2"
    assert lines[-1] == "∂z/∂x += ∂z/∂v1 · ∂v1/∂x = 0.180707 · 2 = 0.361413   (w)"
    assert len(lines) == 9


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_keys_go_on_back_and_to_the_end() -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-P", "-m", "autograd", *WORDS]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=surroundings(PACKAGE))
    os.close(theirs)
    shown = ""

    def answered(key: bytes, until: str) -> None:
        nonlocal shown
        before = len(shown)
        if key:
            os.write(ours, key)
        while until not in shown[before:]:
            shown += os.read(ours, 4096).decode()

    answered(b"", "q quits")
    answered(b" ", "v1 = w·x = 2·(-1) = -2")
    answered(b"\x1b[C", "v2 = v1 + b")
    answered(b"b", "back at: v1")
    answered(b"b", "back at the start")
    answered(b"b", "this is the start")
    answered(b"?", "q quits")
    answered(b"e", "∂z/∂x += ")
    answered(b"n", "that was the last step")
    answered(b"r", "at the start of 9 steps")
    answered(b"  \x1bOC\x1b[B", "∂z/∂z = 1")
    answered(b"rr", "at the start of 9 steps")
    answered(b"\x1b[1~", "q quits")
    os.write(ours, b"q")
    with contextlib.suppress(OSError):
        while os.read(ours, 4096):
            pass
    os.close(ours)
    assert process.wait() == 0


def test_a_walk_may_be_begun_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    x = Value(3.0, label="x")
    stepper = Stepper(x * x)
    stepper.to(3)
    walk(stepper, interactive=False)
    assert capsys.readouterr().out == "∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3   (x); 3 + 3 = 6\n"
