"""Checks after every attack: the nodes that were given, and the state of the process.

>>> from autograd import Value
>>> from tests.attack.intact import Kept, disorder
>>> x = Value(2.0)
>>> kept = Kept([x])
>>> x.data = 3.0
>>> kept.changes()
'Value 0 of the arguments had the data 2.0, and now 3.0'
>>> disorder()
''
"""

import gc
import math
import signal
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from autograd import Value
from autograd.engine import guarded, modes

MOST: Final = 2_000
"""Objects that are looked through for Values."""


class _Seen(NamedTuple):
    data: str
    grad: str
    label: str
    operation: str
    operands: tuple[int, ...]
    partials: tuple[str, ...]


class Kept:
    """All Values in some objects, as they are now."""

    def __init__(self, things: object) -> None:
        self._values = list(values_in(things))
        self._seen = list(map(_seen, self._values))

    def changes(self) -> str:
        """The first difference from how they were, as text; empty if there is none."""
        for place, (v, before) in enumerate(zip(self._values, self._seen, strict=True)):
            for what, old, new in zip(_Seen._fields, before, _seen(v), strict=True):
                if old != new:
                    return f"Value {place} of the arguments had the {what} {old}, and now {new}"
        return ""


def _seen(v: Value) -> _Seen:
    operands = v.operands
    return _Seen(repr(v.data), repr(v.grad), v.label, v.op, tuple(map(id, operands)), tuple(map(repr, v.partials)))


def values_in(things: object) -> Iterator[Value]:
    """The Values in containers of Python and objects of the package, and those that they were made of."""
    found: set[int] = set()
    stack: list[Any] = [things]
    kept: list[Any] = []  # An id is that of one object only while the object is there.
    while stack and len(found) < MOST:
        thing = stack.pop()
        if id(thing) in found:
            continue
        found.add(id(thing))
        kept.append(thing)
        kind = type(thing)
        if kind is Value:
            yield thing
            stack.extend(thing.operands)
        elif kind in (list, tuple):
            stack.extend(thing)
        elif kind is dict:
            stack.extend((*thing, *thing.values()))
        elif kind.__module__.startswith("autograd") and isinstance(getattr(thing, "__dict__", None), Mapping):
            stack.extend(vars(thing).values())


USUAL: Final = signal.getsignal(signal.SIGINT)


def disorder() -> str:
    """The first thing that is wrong with the state of the process, as text; empty if nothing is."""
    if not gc.isenabled():
        return "the garbage collector is off"
    if guarded.WALKING.locked():
        return "the lock of the walk is held"
    if signal.getsignal(signal.SIGINT) != USUAL:
        return "Ctrl-C has another handler"
    if modes.on_trial():
        return "a trial is still open"
    x, y = Value(3.0), Value(2.0)
    try:
        z = (x * y).exp() + x / y + Value(0.0).log().detach()
    except FloatingPointError:
        return "a block of strict() is still open"
    if not z.operands:
        return "a block of no_grad() is still open"
    z.backward()
    if not (math.isclose(x.grad, 2.0 * math.exp(6.0) + 0.5) and math.isclose(y.grad, 3.0 * math.exp(6.0) - 0.75)):
        return f"a later sweep is wrong: its gradients are {x.grad} and {y.grad}"
    return ""
