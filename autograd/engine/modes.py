"""The blocks that change what recording does: `strict()` and `no_grad()`.

>>> import autograd
>>> with autograd.no_grad():
...     (autograd.Value(2.0) * 3.0).operands
()
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from autograd.engine.graph import LEAF, Node, is_constant, passes_on
from autograd.engine.guarded import ordered
from autograd.engine.number import short
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
_STRICT: Final[ContextVar[int]] = ContextVar("autograd.strict", default=0)
_NO_GRAD: Final[ContextVar[int]] = ContextVar("autograd.no_grad", default=0)
"""The count of blocks that are open in this thread or task; each has its own."""


class _Block:
    """A `with` block that counts in a context variable; it may be nested, kept and used again."""

    def __init__(self, variable: ContextVar[int]) -> None:
        self._variable = variable

    def __enter__(self) -> None:
        MODES.change(1)
        self._variable.set(self._variable.get() + 1)

    def __exit__(self, *error: object) -> None:
        try:
            # A generator may be closed in another thread than it was started in, and there nothing was counted.
            self._variable.set(max(0, self._variable.get() - 1))
        finally:
            MODES.change(-1)


@contextmanager
def relaxed() -> Iterator[None]:
    """A block in which the caller's `strict()` has no effect, for functions that try numbers out."""
    token = _STRICT.set(0)
    try:
        yield
    finally:
        _STRICT.reset(token)


def strict() -> _Block:
    """A block in which the first inf or nan made of finite operands is a FloatingPointError.

    A result raises it at the line that makes it. A local derivative, such as that of √x at 0, raises it when
    `backward` is about to use it, before any gradient is changed.

    >>> import autograd
    >>> from autograd import Value
    >>> with autograd.strict():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    ...
    FloatingPointError: log(x = 0.0) is -inf; keep its operands inside its domain and range, or leave strict()
    """
    return _Block(_STRICT)


def no_grad() -> _Block:
    """A block in which results are plain leaves: nothing is recorded and no gradient passes.

    >>> import autograd
    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y, y.operands
    (Value(data=4.0, grad=0.0), ())
    """
    return _Block(_NO_GRAD)


def recording() -> bool:
    """Whether operations are recorded here: False inside `no_grad()`."""
    return not (MODES.active and _NO_GRAD.get())


def _finite(x: float) -> bool:
    return x - x == 0.0


def check(v: Node) -> None:
    """Apply the open blocks to a node that has just been made."""
    if _STRICT.get() and not _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
        raise FloatingPointError(
            f"{_call(v)} is {v._data}; keep its operands inside its domain and range, or leave strict()"
        )
    if _NO_GRAD.get():
        v._op, v._x, v._y, v._fan, v._mark = "", None, None, None, LEAF


def check_partials(root: Node) -> None:
    """Inside `strict()`, refuse a sweep that would use an inf or nan made of finite operands."""
    if not _STRICT.get():
        return
    wanted: set[int] = set()
    for v in ordered(root, []):
        # A sweep doesn't use a local derivative by a node that leads to no leaf.
        edges = zip(operands_of(v), partials_of(v), strict=True) if passes_on(v) else ()
        uses = [(x, d) for x, d in edges if _leads_to_leaf(x, wanted)]
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


def _leads_to_leaf(x: Node, wanted: set[int]) -> bool:
    return id(x) in wanted or (x._mark >= LEAF and not is_constant(x))


def _call(v: Node) -> str:
    """The operation as it is written, with the labels and the data of its operands."""
    names = [f"{x._label} = {short(x._data)}" if x._label else short(x._data) for x in operands_of(v)]
    names = names if len(names) <= 6 else [*names[:5], f"… {len(names)} operands"]
    return f"{v._op}({', '.join(names)})"
