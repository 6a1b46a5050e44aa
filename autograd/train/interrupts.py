"""Ctrl-C in a training: it is answered where nothing can be left half done, and waits for that elsewhere.

>>> from autograd.train.interrupts import Interrupts
>>> with Interrupts() as interrupts:
...     interrupts.allow(lambda: print("a batch is differentiated"))
a batch is differentiated
"""

import signal
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Interrupts:
    """A block in which Ctrl-C is answered inside the calls of `allow`, and kept until the next one elsewhere.

    A second Ctrl-C does not wait. In other threads than the main one there are no signals, and this does nothing.
    """

    def __init__(self) -> None:
        self.waiting = False
        """Whether a Ctrl-C came and was not answered."""
        self._allowed = False
        self._usual: Any = None

    def __enter__(self) -> Self:
        usual: Any = signal.getsignal(signal.SIGINT)
        if callable(usual) and threading.current_thread() is threading.main_thread():
            self._usual = usual
            signal.signal(signal.SIGINT, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        if self._usual is not None:
            signal.signal(signal.SIGINT, self._usual)

    def _receive(self, number: int, frame: object) -> None:
        self.waiting = not (self._allowed or self.waiting)
        if not self.waiting:
            self._usual(number, frame)

    def allow(self, work: Callable[..., T], *arguments: object) -> T:
        """work(*arguments), interrupted by Ctrl-C."""
        self.answer()
        self._allowed = True
        try:
            return work(*arguments)
        finally:
            self._allowed = False

    def answer(self) -> None:
        """Answer a Ctrl-C that waits."""
        if self.waiting:
            self.waiting = False
            self._usual(signal.SIGINT, None)
