"""Arrays that take the place of others, whose numbers are needed no more.

Lines are looked at in their order, forward before backward. An array lives from the first line that has a view of it to
the last, and through the whole of a loop if it isn't a scratch array.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from autograd.compiler.storage import GIVEN, Array, View
from autograd.compiler.writer import SCRATCH, Line, Loop

MARK: Final = re.compile(r"@(\d+)@")
_UFUNC: Final = re.compile(r"np\.(?!matmul|take|einsum|sign)\w+\(.*, out=@(\d+)@\)")


class Places:
    """Where arrays lie; those that are `fixed` keep their memory for themselves."""

    def __init__(self, lines: Sequence[Line], views: Sequence[View], fixed: set[int]) -> None:
        self._lines, self._views = lines, views
        self._arrays: dict[int, Array] = {}
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self.host: dict[int, Array] = {}
        """For each array without memory of its own, by identity, the one in whose memory it lies."""
        self._follow()
        self._share(fixed)

    def _follow(self) -> None:
        loops = {line.loop: at for at, line in enumerate(self._lines) if line.loop}
        start: dict[Loop, int] = {}
        for at, line in enumerate(self._lines):
            stretch = (start.setdefault(line.loop, at), loops[line.loop]) if line.loop else (at, at)
            for view in self._in(line.text):
                key = id(view.array)
                scratch = view.array.space in SCRATCH and self._first.get(key, at) >= stretch[0]
                first, last = (at, at) if scratch else stretch
                self._arrays[key] = view.array
                self._first.setdefault(key, first)
                self._last[key] = max(last, self._last.get(key, 0))

    def _in(self, text: str) -> Iterator[View]:
        return (self._views[int(mark)] for mark in MARK.findall(text))

    def _share(self, fixed: set[int]) -> None:
        free: list[tuple[int, Array, Array]] = []
        """When, the array that has memory, and the last that lay in it."""
        for key in sorted(self._first, key=self._first.__getitem__):
            array, at = self._arrays[key], self._first[key]
            if array.space in GIVEN or key in fixed:
                continue
            fitting = [entry for entry in free if self._fits(array, at, *entry)]
            if fitting:
                entry = min(fitting, key=lambda entry: (entry[1].size, -entry[0]))
                free.remove(entry)
                self.host[key] = entry[1]
            free.append((self._last[key], entry[1] if fitting else array, array))

    def _fits(self, array: Array, at: int, until: int, host: Array, last: Array) -> bool:
        alike = host.lanes == array.lanes and (host.space == "test") == (array.space == "test")
        if not alike or host.size < array.size or until > at:
            return False
        return until < at or (
            last.size == array.size == host.size and self._elementwise(self._lines[at].text, array, last)
        )

    def _elementwise(self, text: str, array: Array, last: Array) -> bool:
        """Whether a line stores each number of an array where it reads the one of the last."""
        if not (found := _UFUNC.fullmatch(text)):
            return False
        out = self._views[int(found[1])]
        return out.array is array and all(_alike(out, view) for view in self._in(text) if view.array is last)


def _alike(one: View, other: View) -> bool:
    return one[1:] == other[1:] and one.whole and other.whole and len(one.starts) == 1
