"""Checks of arguments that many functions share, each with an error that names the remedy.

>>> from autograd.arguments import whole
>>> whole("the stride", 2)
2
"""

import random
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral
from typing import cast

from autograd.engine.value import Value


def whole(what: str, n: object, least: int = 1) -> int:
    """n as an int, if it is an int or a NumPy integer of at least `least`; else a ValueError."""
    if isinstance(n, bool) or not isinstance(n, Integral) or int(n) < least:
        raise ValueError(f"{what} is a whole number from {least}, not {n!r}")
    return int(n)


def known(kind: str, name: object, names: Iterable[str]) -> None:
    """Raise a ValueError, with the nearest name or all names, unless the name is one of the names."""
    names = list(names)
    if name not in names:
        near = get_close_matches(str(name), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        raise ValueError(f"there is no {kind} {name!r}; {hint}")


def a_value(thing: object, where: str) -> Value:
    """The thing itself, if it is a Value; else a TypeError.

    >>> a_value(3.0, "tree")
    Traceback (most recent call last):
    ...
    TypeError: tree takes a Value, not float 3.0; wrap a number as Value(number)
    """
    if isinstance(thing, Value):
        return thing
    remedy = "take one of them" if isinstance(thing, (list, tuple)) else "wrap a number as Value(number)"
    raise TypeError(f"{where} takes a Value, not {described(thing)}; {remedy}")


def described(thing: object) -> str:
    """The type and the repr of a thing for an error: the repr alone where it names the type.

    >>> described(2.0), described([1, 2]), described(random.Random)
    ('float 2.0', 'list [1, 2]', "type <class 'random.Random'>")
    >>> described(Value(1.0)) == repr(Value(1.0))
    True
    """
    kind = type(thing).__name__
    return shown(thing) if repr(thing).startswith(kind) else f"{kind} {shown(thing)}"


def shown(thing: object) -> str:
    """The repr of a thing for an error, cut if it is long."""
    text = repr(thing)
    return text if len(text) <= 60 else text[:57] + "…"


def generator(rng: object) -> random.Random:
    """The random generator to draw from: rng itself, or Python's shared generator for None.

    TypeError for anything that can't draw and shuffle, such as a seed.
    """
    rng = random if rng is None else rng  # The module has the methods of its shared generator.
    if not (hasattr(rng, "uniform") and hasattr(rng, "shuffle")):
        raise TypeError(f"rng is a generator, as in random.Random(42), not {type(rng).__name__} {rng!r}")
    return cast(random.Random, rng)
