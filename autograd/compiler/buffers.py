"""Arrays that take the place of others, whose numbers are needed no more; copies between them fall away.

Lines are looked at in their order, forward before backward. An array lives from the first line that has a view of it to
the last, and through the whole of a loop if it isn't a scratch array.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from autograd.compiler.storage import GIVEN, Array, View
from autograd.compiler.writer import SCRATCH, Line, Loop

MARK: Final = re.compile(r"@(\d+)@")
_UFUNC: Final = re.compile(r"np\.(?!matmul|take|einsum)\w+\(.*, out=@(\d+)@\)")
_COPY: Final = re.compile(r"@\d+@\[\.\.\.\] = @\d+@")


class Places:
    """Where arrays lie: for each that has no memory of its own the array, or the view, whose memory it has."""

    def __init__(self, lines: Sequence[Line], views: Sequence[View], fixed: set[int]) -> None:
        self._lines, self._views = lines, views
        self._arrays: dict[int, Array] = {}
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._follow()
        self.host: dict[int, Array | View] = {}
        """By the identity of an array."""
        self._results(fixed)
        self._share({*fixed, *self.host})

    def same(self, line: Line) -> bool:
        """Whether a line copies an array to its own place."""
        if (pair := self._copied(line.text)) is None:
            return False
        one, other = (self.host.get(id(view.array), view.array) for view in pair)
        return one is other or other == pair[0]

    def _follow(self) -> None:
        loops = {line.loop: at for at, line in enumerate(self._lines) if line.loop}
        start: dict[Loop, int] = {}
        for at, line in enumerate(self._lines):
            first, last = (start.setdefault(line.loop, at), loops[line.loop]) if line.loop else (at, at)
            for view in self._in(line.text):
                key = id(view.array)
                if view.array.space in SCRATCH and self._first.get(key, at) >= first:
                    first = last = at
                self._arrays[key] = view.array
                self._first.setdefault(key, first)
                self._last[key] = max(last, self._last.get(key, 0))

    def _in(self, text: str) -> Iterator[View]:
        return (self._views[int(mark)] for mark in MARK.findall(text))

    def _copied(self, text: str) -> tuple[View, View] | None:
        """The views that a line copies to and from, if they are all of two arrays, number by number."""
        if not _COPY.fullmatch(text):
            return None
        to, source = self._in(text)
        return (to, source) if _alike(to, source) else None

    def _results(self, fixed: set[int]) -> None:
        """Let an array that is copied to the caller's results lie there from the first."""
        for line in self._lines:
            if (pair := self._copied(line.text)) and pair[0].array.space == "r" and not line.loop:
                to, source = pair
                if source.array.space not in GIVEN and id(source.array) not in fixed:
                    self.host.setdefault(id(source.array), to)

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
        if found := _UFUNC.fullmatch(text):
            out = self._views[int(found[1])]
            return out.array is array and all(_alike(out, view) for view in self._in(text) if view.array is last)
        return self._copied(text) is not None and next(self._in(text)).array is array


def _alike(one: View, other: View) -> bool:
    return one[1:] == other[1:] and one.whole and other.whole and len(one.starts) == 1
