"""Python's generator of random numbers in C: the order of the rows for many epochs, the same that it gives in Python.

>>> from random import Random
>>> from autograd.compiler.binding import Order, Reorder
>>> from autograd.compiler.native.shuffling import can_be_shuffled
>>> can_be_shuffled(Random(1)), can_be_shuffled(object())
(True, False)
"""

from functools import cache
from random import Random
from typing import Any, Final

import numpy as np

from autograd.compiler.binding import Array, Reorder
from autograd.compiler.native.extension import native

VERSION: Final = 3
"""Of the states of a generator that are read here."""
OVERRIDES: Final = frozenset({"shuffle", "random", "getrandbits", "_randbelow", "getstate", "setstate"})


def can_be_shuffled(draws: Any) -> bool:
    """Whether a generator is Python's own, such as the module `random`, and C shuffles as it does."""
    return _owner(draws) is not None and _c_is_right()


def _owner(draws: Any) -> Random | None:
    """The generator itself; None if some of its functions are not Python's own."""
    owner = getattr(getattr(draws, "shuffle", None), "__self__", None)
    if type(owner) is not Random or OVERRIDES & vars(owner).keys():
        return None
    same = all(getattr(draws, name) == getattr(owner, name) for name in ("shuffle", "getstate", "setstate"))
    return owner if same else None


class Shuffling:
    """The order of the rows and the state of its generator as arrays, which C changes."""

    def __init__(self, reorder: Reorder) -> None:
        self._reorder, self._owner = reorder, _owner(reorder.draws)
        assert self._owner is not None
        _, words, self._rest = self._owner.getstate()
        self.generator: Array = np.array(words, np.uint32)
        self.order: Array = np.array(reorder.order.rows, np.int64)

    def finish(self) -> None:
        """Leave the order and the state where Python goes on with them."""
        assert self._owner is not None
        self._owner.setstate((VERSION, tuple(self.generator.tolist()), self._rest))
        self._reorder.order.rows[:] = self.order.tolist()
        self._reorder.order.places = self.order


@cache
def _c_is_right() -> bool:
    """Whether this Python shuffles as C does; another one may do it in another way."""
    expected, rows = Random(5), list(range(100))
    _, words, _ = expected.getstate()
    order, generator = np.array(rows, np.int64), np.array(words, np.uint32)
    for _ in range(10):
        expected.shuffle(rows)
        native().shuffle(order, generator)
    return bool(rows == order.tolist() and expected.getstate()[1] == tuple(generator.tolist()))
