"""Ctrl-C at a chosen place of the package: at each point where Python looks for signals, or after a time.

>>> from autograd import Value, tree
>>> from tests.interrupting import interrupted, points
>>> x = Value(2.0)
>>> y = x * x
>>> try:
...     with interrupted(place=1):
...         tree(y)
... except KeyboardInterrupt:
...     print("interrupted")
interrupted
>>> points(lambda: tree(y)) > 1
True

Python looks for signals when a function is entered, after a call, and when a loop goes back. A tracer of lines would
come between the parts of a `with` statement, where no signal can.
"""

import dis
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, Final

from tests.running import PACKAGE

HERE: Final = str(PACKAGE)


@cache
def _instructions(code: CodeType) -> dict[int, str]:
    return {one.offset: one.opname for one in dis.get_instructions(code)}


def _all_files(file: str) -> bool:
    return True


def of_training(file: str) -> bool:
    """Whether a file is one of those that train."""
    return file.startswith(str(PACKAGE / "train"))


def _always() -> bool:
    return True


class _Counter:
    """A tracer that counts the points in some files of the package, and sends a signal at one of them."""

    def __init__(self, place: int, files: Callable[[str], bool], when: Callable[[], bool]) -> None:
        self.place = place
        self.files = cache(files)
        self.when = when
        self.passed = 0
        self._latest: dict[FrameType, str] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_back in self._latest:
            self._latest[frame.f_back] = ""  # A function of Python looks for signals when it is entered, not after.
        file = frame.f_code.co_filename
        if not (file.startswith(HERE) and self.files(file)):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._step

    def profile(self, frame: FrameType, event: str, argument: object) -> None:
        """See the end of a function of C, which may have called functions of Python."""
        if event in ("c_return", "c_exception") and frame in self._latest:
            self._latest[frame] = "CALL"

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            name = _instructions(frame.f_code).get(frame.f_lasti, "")
            before = self._latest.get(frame, "RESUME")
            self._latest[frame] = name
            seen = before == "RESUME" or before.startswith("CALL") or "JUMP_BACKWARD" in name
            if seen and self.when():
                self.passed += 1
                if self.passed == self.place:
                    signal.raise_signal(signal.SIGINT)
        elif event == "return":
            self._latest.pop(frame, None)
        return self._step


@contextmanager
def _traced(counter: _Counter) -> Iterator[None]:
    before = sys.gettrace(), sys.getprofile()
    collects = gc.isenabled()
    gc.disable()  # A callback of the collector, such as Hypothesis has, would hide a point now and then.
    sys.setprofile(counter.profile)
    sys.settrace(counter)
    try:
        yield
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
        if collects:
            gc.enable()


def points(
    act: Callable[[], object], files: Callable[[str], bool] = _all_files, when: Callable[[], bool] = _always
) -> int:
    """The number of points at which a signal can come in the package while a call runs.

    Those in files with such paths count, when the other condition is true.
    """
    counter = _Counter(0, files, when)
    with _traced(counter):
        act()
    return counter.passed


@contextmanager
def interrupted(
    *,
    place: int = 0,
    after: float = 0.0,
    files: Callable[[str], bool] = _all_files,
    when: Callable[[], bool] = _always,
) -> Iterator[None]:
    """A block with Ctrl-C at the point with that number, from 1, of those that `points` counts, or after seconds."""
    if place:
        with _traced(_Counter(place, files, when)):
            yield
        return

    def ring(number: int, frame: object) -> None:
        signal.raise_signal(signal.SIGINT)

    usual = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(after, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, usual)
