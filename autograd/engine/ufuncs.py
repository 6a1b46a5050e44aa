"""The place where NumPy's functions on Values are looked up: the engine itself doesn't know NumPy.

>>> from autograd.engine import ufuncs
>>> callable(ufuncs.HANDLER.apply)
True
"""

from collections.abc import Callable
from typing import Final


def _missing(ufunc: object, method: str, inputs: tuple[object, ...], options: dict[str, object]) -> object:
    raise TypeError(f"{ufunc!r} takes no Values, because autograd.arrays is not imported")


class Handler:
    """The function that computes a universal function of NumPy on operands of which one is a Value."""

    __slots__ = ("apply",)

    def __init__(self) -> None:
        self.apply: Callable[[object, str, tuple[object, ...], dict[str, object]], object] = _missing


HANDLER: Final = Handler()
