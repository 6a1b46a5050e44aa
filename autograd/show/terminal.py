"""Text printed on the console, and a walk through a graph there: a step at the press of a key; a pipe gets all steps.

>>> from autograd import Stepper, Value
>>> from autograd.show.terminal import walk
>>> x = Value(3.0, label="x")
>>> walk(Stepper(x * x), interactive=False)
v1 = x·x = 3·3 = 9
∂v1/∂v1 = 1
∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3   (x)
∂v1/∂x += ∂v1/∂v1 · ∂v1/∂x = 1 · 3 = 3   (x); 3 + 3 = 6
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from autograd.console import is_terminal, printable
from autograd.wording import wrapped

if TYPE_CHECKING:
    from autograd.show.stepper import Stepper

KEYS: Final = "space or → goes on, b or ← back, e to the end, r to the start, q quits"
_MEANINGS: Final = {
    **dict.fromkeys((" ", "\r", "\n", "n", "\x1b[C", "\x1b[B", "\x1bOC", "\x1bOB", "\xe0M", "\xe0P"), "on"),
    **dict.fromkeys(("b", "\x7f", "\b", "\x1b[D", "\x1b[A", "\x1bOD", "\x1bOA", "\xe0K", "\xe0H"), "back"),
    **dict.fromkeys(("q", "\x1b", "\x04", ""), "quit"),
    "e": "end",
    "r": "start",
}
"""The meanings of keys: letters, and the codes of arrows, on Windows too."""
_KEY: Final = re.compile(r"\x1b[\[O][0-9;]*.|.", re.DOTALL)
"""One key: the code of an arrow or another that begins like it, or a character."""


class Help(argparse.HelpFormatter):
    """The help of a program, folded after its characters are those that the console has."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return super()._fill_text(printable(text), width, indent)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(printable(text), width)


def say(*texts: object) -> None:
    """Print texts, each line of them folded to the width of the console."""
    print(*(wrapped(line) for text in texts for line in str(text).split("\n")), sep="\n")


def walk(stepper: "Stepper", *, interactive: bool | None = None) -> None:
    """Print the steps: each at the press of a key, or all at once if the input or the output is no terminal."""
    if interactive is None:
        interactive = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    if not interactive:
        for step in stepper:
            say(step)
        return
    say(repr(stepper), KEYS)
    with _keys() as key:
        while (meaning := _MEANINGS.get(key())) != "quit":
            _answer(stepper, meaning)


def _answer(stepper: "Stepper", meaning: str | None) -> None:
    if meaning == "on" and stepper.position < len(stepper):
        say(stepper.step())
    elif meaning == "on":
        say("that was the last step; b goes back, q quits")
    elif meaning == "back" and stepper.position:
        there = stepper.back()
        say("back at the start" if there is None else f"back at: {there}")
    elif meaning == "back":
        say("this is the start; space goes on")
    elif meaning == "end":
        for step in stepper:
            say(step)
    elif meaning == "start":
        stepper.reset()
        say(repr(stepper))
    else:
        say(KEYS)


@contextmanager
def _keys() -> Iterator[Callable[[], str]]:
    """A function that reads one key without waiting for the end of the line; it returns "" at the end of the input."""
    if sys.platform == "win32":
        import msvcrt

        def key() -> str:
            sys.stdout.flush()
            pressed = msvcrt.getwch()
            if pressed == "\x03":
                raise KeyboardInterrupt
            return "\xe0" + msvcrt.getwch() if pressed in "\x00\xe0" else pressed

        yield key
        return
    import os
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    waiting: list[str] = []

    def key() -> str:
        sys.stdout.flush()
        if not waiting:  # One read may give several keys, if they were typed ahead or one is held down.
            waiting.extend(_KEY.findall(os.read(terminal, 1024).decode(errors="replace")))
        return waiting.pop(0) if waiting else ""

    try:
        tty.setcbreak(terminal, termios.TCSANOW)  # The default throws away keys that were typed ahead.
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
