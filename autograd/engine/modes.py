"""The blocks that are open: `strict()` and `no_grad()` of `autograd/blocks.py`, with their effect on recording.

And trials, in which a function of the user runs on numbers that are not the user's.

>>> from autograd import no_grad
>>> from autograd.engine import modes
>>> with no_grad():
...     modes.recording()
False

Ctrl-C may come at the start of every function of Python, also of one that ends a block, which would stay open. So a
block is entered and left by the methods of a lock, which are none.
"""

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from autograd.engine.graph import COMPILED, LEAF, Choice, Node, is_constant, passes_on
from autograd.engine.guarded import ordered
from autograd.engine.number import SIX, shorts
from autograd.engine.reading import operands_of, partials_of

STRICT: Final = 1
NO_GRAD: Final = 2
TRIAL: Final = 4
COMPILING: Final = 12
"""A trial in which nothing may depend on the numbers."""


PATIENCE: Final = 64
"""So many results that look for open blocks in vain, until those that are over elsewhere are dropped."""


class Entry:
    """An entry into a block, which is entered and left by methods of two locks."""

    __slots__ = ("asked", "entered", "kind", "owner", "within")

    def __init__(self, kind: int, owner: object) -> None:
        self.kind, self.owner = kind, owner
        self.asked = False
        """Whether someone has its `leave`."""
        self.entered = threading.Lock()
        """Held once it is entered."""
        self.within = threading.Lock()
        """Held until it is left."""
        self.within.acquire()


class _Modes:
    """The entries into blocks in all threads, and their counts, so that nothing is looked up where there are none.

    Those that are over are dropped later, so the counts may be too high for a while.
    """

    __slots__ = ("active", "entries", "lock", "trials", "vain")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.active = 0
        """The count of `strict()` and `no_grad()`."""
        self.trials = 0
        self.vain = 0
        self.renew_lock()

    def renew_lock(self) -> None:
        self.lock = threading.RLock()  # A signal handler may come while it is held.

    def change(self, new: Entry | None) -> None:
        """Drop the entries that are over, and add a new one."""
        if COMPILED:  # No other thread comes in between.
            self._change(new)
        else:
            with self.lock:
                self._change(new)

    def _change(self, new: Entry | None) -> None:
        # A signal handler may come at any place and do the same; what it enters is over when it returns.
        entries: list[Entry] = []
        trials = 0
        for e in self.entries:
            if e.within.locked():
                entries.append(e)
                trials += e.kind >= TRIAL
        if new is not None:
            entries.append(new)
            trials += new.kind >= TRIAL
        self.entries = entries
        self.trials = trials
        self.active = len(entries) - trials


MODES: Final = _Modes()
if hasattr(os, "register_at_fork"):  # A child process has no copy of the thread that held the lock.
    os.register_at_fork(after_in_child=MODES.renew_lock)


_ENTRIES: Final[ContextVar[tuple[Entry, ...]]] = ContextVar("autograd.entries", default=())
"""Those of this thread or task, the outermost first."""


def enter(kind: int, owner: object) -> Callable[..., object]:
    """The function that enters a block of a kind."""
    new = Entry(kind, owner)
    MODES.change(new)
    _ENTRIES.set((*_not_left(), new))
    return new.entered.acquire


def leave(owner: object) -> Callable[..., object] | None:
    """The function that leaves the block which the owner entered last here, or is about to enter; None if it didn't."""
    for e in reversed(_ENTRIES.get()):
        if e.owner is owner and not e.asked:
            e.asked = True
            return e.within.__exit__
    return None


def _not_left() -> list[Entry]:
    return [e for e in _ENTRIES.get() if e.within.locked()]


def _open() -> int:
    """The kinds of the blocks that are open here; `strict()` outside of a trial has no effect in it."""
    kinds = 0
    over = False
    for e in _ENTRIES.get():
        if not e.within.locked():
            over = True
        elif e.entered.locked():
            kinds = (kinds & ~STRICT if e.kind >= TRIAL else kinds) | e.kind
    if not kinds:
        MODES.vain += 1
    if over:
        _ENTRIES.set(tuple(_not_left()))
    if over or MODES.vain >= PATIENCE:
        MODES.vain = 0
        MODES.change(None)
    return kinds


def recording() -> bool:
    """Whether operations are recorded here: False inside `no_grad()`."""
    return not (MODES.active and _open() & NO_GRAD)


def on_trial() -> bool:
    """Whether a function of the user runs on numbers which are not the user's: in `compile`, or a step of gradcheck."""
    return MODES.trials > 0 and _open() & TRIAL != 0


def check_comparison(v: Node, sign: str) -> None:
    """Refuse to compare placeholders: a program would keep the answer, whatever the numbers are that come later."""
    if _open() & COMPILING == COMPILING:
        what = v._label or (f"a result of {v._operation}" if v._operation else "a Value")
        raise ValueError(
            f"compile: {what} is compared by {sign}, and a compiled program can't choose by data: write where(x, a, b) "
            "with a Value x, for a where x > 0 and else b, or maximum, largest, relu, abs and the like; a check "
            "that changes nothing compares .data"
        )


def _finite(x: float) -> bool:
    return x - x == 0.0


def check(v: Node) -> None:
    """Apply the open blocks to a node that has just been made."""
    kinds = _open()
    if kinds & STRICT and not _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
        raise FloatingPointError(
            f"{_call(v)} is {v._data}; keep its operands inside its domain and range, or leave strict()"
        )
    if kinds & NO_GRAD:
        v._operation, v._x, v._y, v._fan, v._mark = "", None, None, None, LEAF


def check_partials(root: Node) -> None:
    """Inside `strict()`, refuse a sweep that would use an inf or nan made of finite operands."""
    if not _open() & STRICT:
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
