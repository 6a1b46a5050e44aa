"""Checks of arguments that many functions share, each with an error that names the remedy.

>>> from autograd.arguments import whole
>>> whole("the stride", 2)
2
"""

import random
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard, cast

from autograd.engine.number import described as described
from autograd.engine.number import shown as shown
from autograd.engine.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program


def whole(what: str, n: object, least: int = 1) -> int:
    """n as an int, if it is an int or a NumPy integer of at least `least`; else a ValueError."""
    if isinstance(n, bool) or not isinstance(n, Integral) or int(n) < least:
        raise ValueError(f"{what} is a whole number from {least}, not {shown(n)}")
    return int(n)


def real(what: str, x: object) -> float:
    """x as a float, if it is a plain real number, Python's or NumPy's; else a TypeError with the remedy.

    >>> real("lr", "0.1")
    Traceback (most recent call last):
    ...
    TypeError: lr is a number, not str '0.1'; write 0.1 without quotes
    """
    if isinstance(x, Real) and not isinstance(x, bool):
        return float(x)
    remedy = ""
    if isinstance(x, str) and set(x) <= set("+-.0123456789eE_"):
        remedy = f"; write {x} without quotes"
    elif type(x) is Value:
        remedy = "; pass its data"
    elif getattr(x, "shape", None) == ():
        remedy = "; take its number with .item()"
    raise TypeError(f"{what} is a number, not {described(x)}{remedy}")


def a_text(what: str, text: object) -> str:
    """The text itself; TypeError for anything else."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a text, not {described(text)}; write str(…) around it")
    return text


def is_program(thing: object) -> TypeGuard["Program"]:
    """Whether a thing is a compiled program, and not a model or a list of Values."""
    return hasattr(thing, "value_and_grad")


def rows_in(arrays: Iterable[Any], rule: str) -> int:
    """The number of rows that all arrays have; a ValueError with the rule if they have different ones, or none."""
    shapes = [tuple(array.shape) for array in arrays]
    if len({shape[:1] for shape in shapes}) != 1 or shapes[0][:1] in ((), (0,)):
        raise ValueError(f"{rule}, not of shapes {', '.join(map(str, shapes))}")
    return int(shapes[0][0])


def are_shared(devices: object, shard: str | None) -> bool:
    """Whether devices share a training; a ValueError for a way to shard without any."""
    if devices is None and shard is not None:
        raise ValueError(f"shard={shard!r} says how devices share the parameters; name them, as in devices=8")
    return devices is not None


def is_row(thing: object) -> bool:
    """Whether a thing that stands in the place of a number is a list or an array of them."""
    return isinstance(thing, (list, tuple)) or getattr(thing, "ndim", 0) > 0


def too_deep(where: str) -> RecursionError:
    """The error for nested lists or modules that are too deep to be walked through."""
    return RecursionError(f"{where} is nested too deep, or a part of it is inside itself; give it fewer levels")


def known(kind: str, name: object, names: Iterable[str]) -> str:
    """The name as the names have it; a ValueError, with the nearest one or all of them, if it is none of them."""
    names = list(names)
    if name not in names:
        near = get_close_matches(name, names, n=1) if isinstance(name, str) else []
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        raise ValueError(f"there is no {kind} {shown(name)}; {hint}")
    return names[names.index(name)]


def a_value(thing: object, where: str) -> Value:
    """The thing itself, if it is a Value; else a TypeError.

    >>> a_value(3.0, "tree")
    Traceback (most recent call last):
    ...
    TypeError: tree takes a Value, not float 3.0; wrap a number as Value(number)
    """
    if type(thing) is Value:
        return thing
    remedy = "take one of them" if isinstance(thing, (list, tuple)) else "wrap a number as Value(number)"
    raise TypeError(f"{where} takes a Value, not {described(thing)}; {remedy}")


def refuse_softmax_of_one(where: str, activation: str) -> NoReturn:
    """Raise the ValueError for a softmax over one output, which learns nothing."""
    constant = 1 if activation == "softmax" else 0
    raise ValueError(f"{where}: {activation} over one output is always {constant}; use a sigmoid, or two outputs")


def generator(rng: object) -> random.Random:
    """The random generator to draw from: rng itself, or Python's shared generator for None.

    TypeError for anything that can't draw and shuffle, such as a seed.
    """
    rng = random if rng is None else rng  # The module has the methods of its shared generator.
    if not (hasattr(rng, "uniform") and hasattr(rng, "shuffle")):
        raise TypeError(f"rng is a generator, as in random.Random(42), not {described(rng)}")
    return cast(random.Random, rng)
