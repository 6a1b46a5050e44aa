"""The blocks that change what recording does: `strict()` and `no_grad()`.

>>> import autograd
>>> with autograd.no_grad():
...     (autograd.Value(2.0) * 3.0).operands
()
>>> @autograd.no_grad()
... def prediction(x):
...     return x * 3.0
>>> prediction(autograd.Value(2.0)).operands
()
"""

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import TypeVar, overload

from autograd.engine.modes import MODES, NO_GRAD, STRICT
from autograd.engine.number import described

F = TypeVar("F", bound=Callable[..., object])


class Block(ContextDecorator):
    """A `with` block that counts in a context variable, or a decorator; it may be nested, kept and used again."""

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

    def __call__(self, func: F) -> F:
        name = self._variable.name.rpartition(".")[2]
        if isinstance(func, (classmethod, staticmethod)):
            raise TypeError(f"{name}() decorates a function: write @{name}() below @{type(func).__name__}")
        if not callable(func) or isinstance(func, type):
            raise TypeError(f"{name}() decorates a function, not {described(func)}; or write `with {name}():`")
        import inspect  # Programs without such functions start sooner.

        for kind in (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction):
            if kind(func):  # The block would be left before the body runs.
                shown = getattr(func, "__name__", described(func))
                raise TypeError(
                    f"{name}() can't decorate {shown}, which runs after it returns; write `with {name}():` inside"
                )
        return super().__call__(func)


@overload
def strict() -> Block: ...
@overload
def strict(function: F) -> F: ...
def strict(function: F | None = None) -> Block | F:
    """A block in which the first inf or nan made of finite operands is a FloatingPointError.

    A result raises it at the line that makes it. A local derivative, such as that of √x at 0, raises it when
    `backward` is about to use it, before any gradient is changed. As a decorator, the block is each call of a function.

    >>> import autograd
    >>> from autograd import Value
    >>> with autograd.strict():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    ...
    FloatingPointError: log(x = 0.0) is -inf; keep its operands inside its domain and range, or leave strict()
    """
    return Block(STRICT) if function is None else Block(STRICT)(function)


@overload
def no_grad() -> Block: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: F | None = None) -> Block | F:
    """A block in which results are plain leaves: nothing is recorded and no gradient passes.

    As a decorator, `@no_grad()` or `@no_grad`, the block is each call of a function.

    >>> import autograd
    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y, y.operands
    (Value(data=4.0, grad=0.0), ())
    """
    return Block(NO_GRAD) if function is None else Block(NO_GRAD)(function)
