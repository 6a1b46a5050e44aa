"""Interrupts as texts: the name of some work, and the point or the time at which Ctrl-C comes."""

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, Final

TIMED_SHARE: Final = 0.25
"""Of the interrupts: by a clock, which also comes into machine code and into other libraries."""
LONGEST: Final = 0.05
"""Seconds until the clock rings."""


def interrupts(rng: Random, names: Iterable[str], count: Callable[[str], int]) -> Iterator[str]:
    """Interrupts without end, as texts: each point of each work once, in random order, before any comes again."""
    places: dict[str, list[int]] = {name: [] for name in names}
    while True:
        name = rng.choice(list(places))
        if not places[name]:
            places[name] = [*range(1, count(name) + 1)]
            rng.shuffle(places[name])
        if not places[name] or rng.random() < TIMED_SHARE:
            yield f"{name} after {LONGEST * rng.random() ** 3:.7f} seconds"
        else:
            yield f"{name} at point {places[name].pop()}"


def read(text: str) -> tuple[str, dict[str, Any]]:
    """The name of the work in such a text, and the options of `interrupted`.

    >>> read("backward at point 3"), read("fit after 0.002 seconds")
    (('backward', {'place': 3}), ('fit', {'after': 0.002}))
    """
    name, how, *more = text.split()
    return name, {"place": int(more[1])} if how == "at" else {"after": float(more[0])}
