"""Ctrl-C in a training: it is answered between two steps, and never within one.

>>> from autograd.train.interrupts import uncut
>>> with uncut() as whole:
...     whole(lambda: print("a step"))
a step
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def uncut() -> Iterator[Callable[[Callable[[], None]], None]]:
    """A function that calls another; Ctrl-C is answered after such a call, not within it."""
    usual: Any = signal.getsignal(signal.SIGINT)
    changing = came = False

    def receive(number: int, frame: object) -> None:
        nonlocal came
        came = changing
        if not changing:
            usual(number, frame)

    def whole(change: Callable[[], None]) -> None:
        nonlocal changing, came
        changing, came = True, False
        try:
            change()
        finally:
            changing = False
        if came:
            usual(signal.SIGINT, None)

    ours = callable(usual) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, receive)
    try:
        yield whole
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)
