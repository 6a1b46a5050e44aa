"""The module of a kernel: its arrays, views of them, and the functions made of lines."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.buffers import MARK
from autograd.compiler.statements import ArrayProgram
from autograd.compiler.storage import GIVEN, Array, View, shaped, written
from autograd.compiler.views import dense
from autograd.compiler.writer import SCRATCH, Line, Loop, Writer


class Text(NamedTuple):
    """The source of a module, and the numbers that it takes from outside by name."""

    source: str
    tables: dict[str, NDArray[np.generic]]


class Module:
    """Puts a text together from the lines of its functions."""

    def __init__(
        self,
        program: ArrayProgram,
        writer: Writer,
        parts: Mapping[str, list[Line]],
        dtype: str,
        host: Mapping[int, Array | View],
    ) -> None:
        self._program, self._writer, self._parts, self._host = program, writer, parts, host
        self._dtype = "" if dtype == "float64" else f", np.{dtype}"
        self._names: dict[int, str] = {}
        """Of views, by their marks."""
        self._known: dict[str, str] = {}
        """The names of views, by their texts."""
        self._views: list[str] = []

    def text(self) -> Text:
        """All of it."""
        w = self._writer
        arrays = self._arrays()
        ones = [f"{name} = np.ones({length}{self._dtype})" for length, name in w.ones.items()]
        for mark in sorted({mark for lines in self._parts.values() for line in lines for mark in _marks(line.text)}):
            self._name(mark)
        functions = {name: self._function(lines) or ["pass"] for name, lines in self._parts.items()}
        body = [
            *self._given(),
            *arrays,
            *ones,
            *(["# Views that the functions below use:"] if self._views else []),
            *self._views,
            *(["# Numbers that stay:", *functions["setup"]] if self._parts["setup"] else []),
            "",
            *["def forward():", *_indented(functions["forward"])],
            "",
            *["def backward():", *_indented(functions["backward"])],
            "",
            f"return {', '.join(GIVEN[space] for space in ('x', 'r', 'dx'))}, forward, backward",
        ]
        head = ["import numpy as np", "", "", "def bind(n, parameters, gradient, constants, seed):"]
        return Text("\n".join([*head, *_indented(body), ""]), dict(w.tables))

    # ── arrays ──

    def _given(self) -> list[str]:
        """The arrays that the caller fills and reads."""
        sizes = {"x": self._program.sizes["x"], "r": self._program.roots.index.size}
        sizes["dx"] = sizes["x"]
        shapes = {space: f"({size}, n)" if self._writer.storage.lanes else str(size) for space, size in sizes.items()}
        return [f"{GIVEN[space]} = np.zeros({shape}{self._dtype})" for space, shape in shapes.items()]

    def _arrays(self) -> list[str]:
        """The lines that make arrays, those with memory of their own before those without."""
        fresh, host = self._writer.storage.fresh, self._host
        every = {id(view.array): view.array for view in self._writer.views}
        names: dict[object, str] = {}
        """Of scratch arrays, which have one if they are the same memory in the same shape."""
        for key, array in every.items():
            shaped(array)
            if array.space in SCRATCH:
                memory = (id(host.get(key, array)), array.shape, array.space)
                names[memory] = array.name = names.get(memory) or fresh(f"{array.space}1")
            elif array.name == GIVEN.get(array.space) and len(array.shape) != 1:
                array.name = fresh(array.space)
        lines = {
            array.name: f"{array.name} = {self._allocated(array)}"
            for array in sorted(every.values(), key=lambda array: array.space not in GIVEN)
            if id(array) not in host and array.name != GIVEN.get(array.space)
        }
        shared = {
            array.name: f"{array.name} = {written(_at(host[key], array))}"
            for key, array in every.items()
            if key in host and array.name not in lines
        }
        note = ["# In the memory of arrays that are read no more:"] if shared else []
        return [*lines.values(), *note, *shared.values()]

    def _allocated(self, array: Array) -> str:
        shape = array.texts(array.shape)
        if array.space in GIVEN:
            text = GIVEN[array.space]
            if array.size < self._writer.storage.length(array.space):
                text = f"{text}[{array.first}:{array.first + array.size}]"
            return text if len(array.shape) == 1 else f"{text}.reshape({', '.join(shape) or '()'})"
        kind = ", bool" if array.space == "test" else self._dtype
        return f"np.empty({shape[0] if len(shape) == 1 else '(' + ', '.join(shape) + ')'}{kind})"

    # ── views and lines ──

    def _name(self, mark: int) -> None:
        view, fresh = self._writer.views[mark], self._writer.storage.fresh
        if len(view.starts) > 1:
            self._names[mark] = fresh(f"{view.array.name.rstrip('0123456789')}_t")
            return
        text = written(view)
        if not text.isidentifier() and text not in self._known:
            word = "T" if view.turned or text.endswith(".T") else "flat" if view.lane == "merged" else "1"
            self._known[text] = fresh(f"{view.array.name}_{word}")
            self._views.append(f"{self._known[text]} = {text}")
        self._names[mark] = self._known.get(text, text)

    def _function(self, lines: Sequence[Line]) -> list[str]:
        """The lines of a function, with the names of views in the place of their marks."""
        done: list[str] = []
        for loop, inner in groupby(lines, key=attrgetter("loop")):
            texts = [line.text for line in inner]
            named = [MARK.sub(lambda mark: self._names[int(mark[1])], text) for text in texts]
            done += [self._header(loop, texts), *_indented(named)] if loop else named
        return done

    def _header(self, loop: Loop, texts: Sequence[str]) -> str:
        """The first line of a loop, over lists of views that are made once: to slice in it would cost more."""
        marks = dict.fromkeys(mark for text in texts for mark in _marks(text))
        stepping = {self._names[mark]: view for mark in marks if len((view := self._writer.views[mark]).starts) > 1}
        if not stepping:
            return f"for _ in range({loop.count}):"
        name, lists = self._writer.storage.fresh("steps1"), ", ".join(map(_steps, stepping.values()))
        self._views.append(f"{name} = list({lists if len(stepping) == 1 else f'zip({lists})'})")
        return f"for {', '.join(stepping)} in {name}:"


def _marks(text: str) -> list[int]:
    return [int(mark) for mark in MARK.findall(text)]


def _at(host: Array | View, array: Array) -> View:
    """The beginning of a host in the shape of an array; or the view that is the host."""
    return host if isinstance(host, View) else View(host, (0,), array.shape, dense(array.shape))


def _steps(view: View) -> str:
    """The text of the views at all steps, as few stretches of steps that are evenly apart."""
    cuts = np.flatnonzero(np.diff(view.starts, 2)) + 1
    whole = view.sizes or view.array.lanes  # To go along a bare vector would give its numbers.
    pieces = np.split(view.starts, cuts if whole else range(1, len(view.starts)))
    stretches = [view._replace(starts=tuple(piece.tolist())) for piece in pieces]
    if len(stretches) == 1:
        return written(stretches[0].stacked())
    texts = [f"*{written(s.stacked())}" if len(s.starts) > 1 else written(s) for s in stretches]
    return f"[{', '.join(texts)}]"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
