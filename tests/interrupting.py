"""Ctrl-C at every place of some work in turn: at each event of its code that the tracer of Python sees."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, NamedTuple, TypeVar

from tests.running import PACKAGE

T = TypeVar("T")


class Interrupted(NamedTuple, Generic[T]):
    """The end of some work that was interrupted."""

    result: T | None
    """None if KeyboardInterrupt came out of it."""
    came: bool
    places: int
    """The number of places where it could have been interrupted."""


def of_package(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(str(PACKAGE))


def interrupted_at(
    wanted: int, work: Callable[[], T], counts: Callable[[FrameType], bool] = of_package, *, opcodes: bool = False
) -> Interrupted[T]:
    """Do the work with a signal at the place with this number, from 1; at none for 0.

    A place is a line, a call or a return in a frame that counts, or also an instruction. Real signals are answered at
    fewer places. Compiled code has none.
    """
    places = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal places
        frame.f_trace_opcodes = opcodes
        if counts(frame):
            places += 1
            if places == wanted:
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = work()
    except KeyboardInterrupt:
        return Interrupted(None, True, places)
    finally:
        sys.settrace(before)
    return Interrupted(result, False, places)
