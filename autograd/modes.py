"""The blocks that change what recording does: `strict()` and `no_grad()`.

>>> import autograd
>>> with autograd.no_grad():
...     (autograd.Value(2.0) * 3.0).operands
()
"""

import threading
from contextvars import ContextVar
from typing import Final

from autograd.graph import LEAF, Node, interior, operands_of
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
STRICT: Final[ContextVar[int]] = ContextVar("autograd.strict", default=0)
_NO_GRAD: Final[ContextVar[int]] = ContextVar("autograd.no_grad", default=0)
"""How many blocks are open in this thread or task: others have counts of their own."""


class _Block:
    """A `with` block that counts in a context variable; it may be nested, kept and used again."""

    def __init__(self, variable: ContextVar[int]) -> None:
        self._variable = variable

    def __enter__(self) -> None:
        MODES.change(1)
        self._variable.set(self._variable.get() + 1)

    def __exit__(self, *error: object) -> None:
        try:
            self._variable.set(self._variable.get() - 1)
        finally:
            MODES.change(-1)


def strict() -> _Block:
    """A block in which the first inf or nan born of finite operands is a FloatingPointError.

    It may be a result, at the line that makes it, or a local derivative, when `backward` is about to
    use it (that of √x at 0 is inf); no gradient has been changed then.

    >>> import autograd
    >>> from autograd import Value
    >>> with autograd.strict():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    ...
    FloatingPointError: log(x = 0.0) is -inf; keep its operands inside its domain and range, or leave strict()
    """
    return _Block(STRICT)


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
    if STRICT.get() and not _finite(v._data) and all(_finite(x._data) for x in operands_of(v)):
        raise FloatingPointError(
            f"{_call(v)} is {v._data}; keep its operands inside its domain and range, or leave strict()"
        )
    if _NO_GRAD.get():
        v._op, v._x, v._y, v._fan, v._mark = "", None, None, None, LEAF


def check_partials(root: Node) -> None:
    """Inside `strict()`, refuse a sweep that would meet an inf or nan born of finite operands."""
    if not STRICT.get():
        return
    for v in reversed(interior(root, False, [])):
        partials = [v._dx, v._dy] if v._fan is None else v._fan.partials
        operands = operands_of(v)
        if _finite(v._data) and all(_finite(x._data) for x in operands):
            for x, partial in zip(operands, partials, strict=False):
                if not _finite(partial):
                    name = f" by {x._label}" if x._label else ""
                    raise FloatingPointError(
                        f"the derivative of {_call(v)}{name} is {partial}; keep away from where it has none, "
                        "or leave strict()"
                    )


def _call(v: Node) -> str:
    """The operation as written, with labels and numbers."""
    names = [f"{x._label} = {short(x._data)}" if x._label else short(x._data) for x in operands_of(v)]
    names = names if len(names) <= 6 else [*names[:5], f"… {len(names)} operands"]
    return f"{v._op}({', '.join(names)})"
