"""The effect on recording of the blocks of `autograd/blocks.py`: checks in `strict()`, no records in `no_grad()`.

And of trials, in which a function of the user runs on numbers that are not the user's.

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
    """Counts of the blocks open in any thread, so that nothing is looked up where there are none."""

    __slots__ = ("active", "lock", "trials")

    def __init__(self) -> None:
        self.active = 0
        """Of `strict()` and `no_grad()`."""
        self.trials = 0
        self.lock = threading.Lock()

    def change(self, by: int) -> None:
        with self.lock:
            self.active += by

    def change_trials(self, by: int) -> None:
        with self.lock:
            self.trials += by

    def renew_lock(self) -> None:
        self.lock = threading.Lock()


MODES: Final = _Modes()
if hasattr(os, "register_at_fork"):  # A child process has no copy of the thread that held the lock.
    os.register_at_fork(after_in_child=MODES.renew_lock)
STRICT: Final[ContextVar[int]] = ContextVar("autograd.strict", default=0)
NO_GRAD: Final[ContextVar[int]] = ContextVar("autograd.no_grad", default=0)
"""The count of blocks that are open in this thread or task; each has its own."""
TRIAL: Final[ContextVar[str]] = ContextVar("autograd.trial", default="")
"""The name of the function that tries numbers out in this thread or task."""
COMPILE: Final = "compile"
"""A trial in which nothing may depend on the numbers."""


@contextmanager
def trial(name: str) -> Iterator[None]:
    """A block for a function of the user that runs on numbers which are not the user's.

    The caller's `strict()` has no effect, as such numbers may leave the domain of the function.
    """
    tokens = STRICT.set(0), TRIAL.set(name)
    MODES.change_trials(1)
    try:
        yield
    finally:
        MODES.change_trials(-1)
        STRICT.reset(tokens[0])
        TRIAL.reset(tokens[1])


def on_trial() -> bool:
    """Whether a function of the user runs on numbers which are not the user's."""
    return MODES.trials > 0 and TRIAL.get() != ""


def check_comparison(v: Node, sign: str) -> None:
    """Refuse to compare placeholders: a program would keep the answer, whatever the numbers are that come later."""
    if TRIAL.get() == COMPILE:
        what = v._label or (f"a result of {v._operation}" if v._operation else "a Value")
        raise ValueError(
            f"{COMPILE}: {what} is compared by {sign}, and a compiled program can't choose by data: write where(x, a, "
            "b) with a Value x, for a where x > 0 and else b, or maximum, largest, relu, abs and the like; a check "
            "that changes nothing compares .data"
        )


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
