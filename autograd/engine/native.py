"""Annotations for the compiler, which the interpreter ignores.

>>> from autograd.engine import native
>>> @native.mypyc_attr(acyclic=True)
... class Plain: ...
>>> Plain().__class__
<class 'autograd.engine.native.Plain'>
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mypy_extensions import i64 as i64
    from mypy_extensions import mypyc_attr as mypyc_attr
else:
    i64 = int

    def mypyc_attr(**words: bool) -> "Callable[[C], C]":
        """A decorator that leaves its class as it is."""
        return lambda cls: cls


C = TypeVar("C", bound=type)
