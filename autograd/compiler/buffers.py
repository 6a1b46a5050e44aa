"""Arrays that take the place of others, whose numbers are needed no more.

Lines are looked at in their order, forward before backward. An array lives from the first line that has a view of it to
the last, and through the whole of a loop if it isn't a scratch array.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from autograd.compiler.storage import GIVEN, Array, View
from autograd.compiler.writer import SCRATCH, Line, Loop

MARK: Final = re.compile(r"@(\d+)@")
_UFUNC: Final = re.compile(r"np\.(?!matmul|take|einsum|sign)\w+\(.*, out=@(\d+)@\)")


class _Life(NamedTuple):
    """An array, and the first and the last line in which it is needed."""

    array: Array
    first: int
    last: int


def hosts_of(lines: Sequence[Line], views: Sequence[View], fixed: set[int]) -> dict[int, Array]:
    """For each array without memory of its own, by identity, the one in whose memory it lies; those fixed have some."""
    found: dict[int, Array] = {}
    free: list[_Life] = []
    """Of all memory, the last array in it."""

    def host(array: Array) -> Array:
        return found.get(id(array), array)

    for life in sorted(_lives(lines, views), key=lambda life: life.first):
        array, at = life.array, life.first
        if array.space in GIVEN or id(array) in fixed:
            continue
        marks = [views[int(mark)] for mark in MARK.findall(lines[at].text)]
        in_place = _UFUNC.fullmatch(lines[at].text) and marks[-1].array is array
        fitting = [
            old
            for old in free
            if host(old.array).lanes == array.lanes
            and (old.array.space == "test") == (array.space == "test")
            and host(old.array).size >= array.size
            and (old.last < at or (old.last == at and in_place and _alike(old.array, host(old.array), marks)))
        ]
        if fitting:
            old = min(fitting, key=lambda old: (host(old.array).size, -old.last))
            free.remove(old)
            found[id(array)] = host(old.array)
        free.append(life)
    return found


def _lives(lines: Sequence[Line], views: Sequence[View]) -> Iterable[_Life]:
    """The arrays in the order in which they are first seen."""
    stops = {line.loop: at for at, line in enumerate(lines) if line.loop}
    starts: dict[Loop, int] = {}
    found: dict[int, _Life] = {}
    for at, line in enumerate(lines):
        first, last = (starts.setdefault(line.loop, at), stops[line.loop]) if line.loop else (at, at)
        for mark in MARK.findall(line.text):
            array = views[int(mark)].array
            old = found.get(id(array))
            alone = array.space in SCRATCH and (old is None or old.first >= first)
            start, stop = (at, at) if alone else (first, last)
            found[id(array)] = _Life(array, old.first, max(stop, old.last)) if old else _Life(array, start, stop)
    return found.values()


def _alike(last: Array, host: Array, marks: Sequence[View]) -> bool:
    """Whether a line stores each number of its last array where it reads the one of another, which fills its memory."""
    *read, out = marks
    same = [view[1:] == out[1:] and view.whole for view in read if view.array is last]
    return out.whole and all(same) and len(out.starts) == 1 and out.array.size == last.size == host.size
