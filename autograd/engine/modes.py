"""The effect on recording of the blocks of `autograd/blocks.py`: checks in `strict()`, no records in `no_grad()`.

>>> from autograd import no_grad
>>> from autograd.engine import modes
>>> with no_grad():
...     modes.recording()
False
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from autograd.engine.graph import LEAF, Choice, Node, is_constant, passes_on
from autograd.engine.guarded import ordered
from autograd.engine.number import SIX, shorts
from autograd.engine.reading import operands_of, partials_of


class _Modes:
    """The count of `strict()` and `no_grad()` blocks open in any thread; if it is 0, recording checks nothing."""

    __slots__ = ("active", "lock")

    def __init__(self) -> None:
        self.active = 0
        self.lock = threading.Lock()

    def change(self, by: int) -> None:
        with self.lock:
            self.active += by

    def renew_lock(self) -> None:
        self.lock = threading.Lock()


MODES: Final = _Modes()
if hasattr(os, "register_at_fork"):  # A child process has no copy of the thread that held the lock.
    os.register_at_fork(after_in_child=MODES.renew_lock)
STRICT: Final[ContextVar[int]] = ContextVar("autograd.strict", default=0)
NO_GRAD: Final[ContextVar[int]] = ContextVar("autograd.no_grad", default=0)
"""The count of blocks that are open in this thread or task; each has its own."""


@contextmanager
def relaxed() -> Iterator[None]:
    """A block in which the caller's `strict()` has no effect, for functions that try numbers out."""
    token = STRICT.set(0)
    try:
        yield
    finally:
        STRICT.reset(token)


def recording() -> bool:
    """Whether operations are recorded here: False inside `no_grad()`."""
    return not (MODES.active and NO_GRAD.get())


def _finite(x: float) -> bool:
    return x - x == 0.0


def check(v: Node) -> None:
    """Apply the open blocks to a node that has just been made."""
    if STRICT.get() and not _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
        raise FloatingPointError(
            f"{_call(v)} is {v._data}; keep its operands inside its domain and range, or leave strict()"
        )
    if NO_GRAD.get():
        v._operation, v._x, v._y, v._fan, v._mark = "", None, None, None, LEAF


def check_partials(root: Node) -> None:
    """Inside `strict()`, refuse a sweep that would use an inf or nan made of finite operands."""
    if not STRICT.get():
        return
    wanted: set[int] = set()
    for v in ordered(root, []):
        # A sweep doesn't use a local derivative by a node that leads to no leaf.
        uses = [(x, d) for x, d in _swept(v) if _leads_to_leaf(x, wanted)]
        if uses:
            wanted.add(id(v))
        if _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
            for x, partial in uses:
                if not _finite(partial):
                    name = f" by {x._label}" if x._label else ""
                    raise FloatingPointError(
                        f"the derivative of {_call(v)}{name} is {partial}; keep away from where it has none, "
                        "or leave strict()"
                    )


def _swept(v: Node) -> list[tuple[Node, float]]:
    """The operands that a sweep goes on to, each with its local derivative."""
    if isinstance(v._fan, Choice):
        return list(zip(v._fan.operands, v._fan.partials, strict=True))
    return list(zip(operands_of(v), partials_of(v), strict=True)) if passes_on(v) else []


def _leads_to_leaf(x: Node, wanted: set[int]) -> bool:
    return id(x) in wanted or (x._mark >= LEAF and not is_constant(x))


def _call(v: Node) -> str:
    """The operation as it is written, with the labels and the data of its operands."""
    operands = operands_of(v)
    texts = shorts([x._data for x in operands], [SIX] * len(operands))
    names = [f"{x._label} = {text}" if x._label else text for x, text in zip(operands, texts, strict=True)]
    names = names if len(names) <= 6 else [*names[:5], f"… {len(names)} operands"]
    return f"{v._operation}({', '.join(names)})"
