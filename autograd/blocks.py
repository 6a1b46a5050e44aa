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
from typing import Any, TypeVar, overload

from autograd.engine.modes import COMPILING, NO_GRAD, STRICT, TRIAL, enter, leave
from autograd.engine.number import described

F = TypeVar("F", bound=Callable[..., object])
_NAMES = {STRICT: "strict", NO_GRAD: "no_grad", TRIAL: "trial", COMPILING: "trial"}


class _Enter:
    """`__enter__` of a block, which is not a function of Python: see `modes`."""

    def __get__(self, block: "Block | None", kind: type) -> Callable[..., object]:
        return _enter if block is None else enter(block.kind, block)


class _Exit:
    """`__exit__` of a block; `with` asks for it before it enters."""

    def __get__(self, block: "Block | None", kind: type) -> Callable[..., Any]:
        return _exit if block is None else leave(block) or _nothing


def _enter(block: "Block") -> object:
    return block.__enter__()


def _exit(block: "Block", *error: object) -> Any:
    return block.__exit__(*error)


def _nothing(*error: object) -> None:
    """The end of a block that was entered by hand in another thread."""


class Block(ContextDecorator):
    """A `with` block, or a decorator; it may be nested, kept and used again, in several threads."""

    __enter__ = _Enter()
    __exit__ = _Exit()

    def __init__(self, kind: int) -> None:
        self.kind = kind

    def __call__(self, func: F) -> F:
        name = _NAMES[self.kind]
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


def trial() -> Block:
    """A block for a function of the user that runs on numbers which are not the user's, as in a step of gradcheck.

    The caller's `strict()` has no effect, as such numbers may leave the domain of the function, and losses take them.
    """
    return Block(TRIAL)


def tracing() -> Block:
    """A trial of `autograd.compile`, in which nothing may depend on the numbers, so that comparisons are refused."""
    return Block(COMPILING)
