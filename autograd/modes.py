"""The blocks that change what recording does: `strict()` and `no_grad()`.

>>> import autograd
>>> with autograd.no_grad():
...     (autograd.Value(2.0) * 3.0).operands
()
"""

import threading
from contextvars import ContextVar, Token
from typing import Final

from autograd.graph import LEAF, Node, operands_of
from autograd.number import short


class _Modes:
    """How many `strict()` and `no_grad()` blocks are open in any thread: 0 lets recording skip the question."""

    __slots__ = ("active", "lock")

    def __init__(self) -> None:
        self.active = 0
        self.lock = threading.Lock()

    def change(self, by: int) -> None:
        with self.lock:
            self.active += by


MODES: Final = _Modes()
_STRICT: Final[ContextVar[bool]] = ContextVar("autograd.strict", default=False)
_NO_GRAD: Final[ContextVar[bool]] = ContextVar("autograd.no_grad", default=False)


class _Block:
    """A `with` block that sets a context variable, for this thread or task only; blocks may nest."""

    def __init__(self, variable: ContextVar[bool]) -> None:
        self._variable = variable
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(self._variable.set(True))
        MODES.change(1)

    def __exit__(self, *error: object) -> None:
        MODES.change(-1)
        self._variable.reset(self._tokens.pop())


def strict() -> _Block:
    """A block in which the first non-finite result of finite operands is a FloatingPointError.

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
    """Do what the open blocks ask of a node just made."""
    if _STRICT.get() and not _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
        names = [f"{x._label} = {short(x._data)}" if x._label else short(x._data) for x in operands_of(v)]
        names = names if len(names) <= 6 else [*names[:5], f"… {len(names)} operands"]
        raise FloatingPointError(
            f"{v._op}({', '.join(names)}) is {v._data}; "
            "keep its operands inside its domain and range, or leave strict()"
        )
    if _NO_GRAD.get():
        v._op, v._x, v._y, v._fan, v._mark = "", None, None, None, LEAF
