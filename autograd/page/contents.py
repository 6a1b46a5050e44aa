"""All that a page shows, as data: nodes, steps with their sentences, boxes and where they are.

>>> from autograd import Tape, Value
>>> from autograd.page.contents import contents
>>> from autograd.show.names import Names
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> found = contents(Names(Tape((w * x).tanh())))
>>> [node["name"] for node in found["nodes"]], len(found["steps"])
(['w', 'x', 'v1', 'v2'], 6)
>>> found["steps"][3]["parts"]
['∂v2/∂v1 += ∂v2/∂v2 · ∂v2/∂v1', '1 · 0.0706508', '0.0706508']

Every number and every sentence of the recorded graph is made here, in Python, and the page only shows it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from autograd import formula
from autograd.console import columns as text_columns
from autograd.engine.number import short
from autograd.formula import operation_text, rule
from autograd.operations import symbol
from autograd.page import layout
from autograd.page.numbers import exact
from autograd.page.scene import IN_FULL, WRITTEN_OUT, Scene, scene, written_in
from autograd.page.walk import Move, length, moves
from autograd.show import lines
from autograd.show.digits import alone, bare
from autograd.show.explain import explain
from autograd.show.fold import caption
from autograd.show.names import Names
from autograd.show.sentences import sentences
from autograd.wording import brief, visible

DIRECTIONS: Final = ("LR", "TB")
"""A page has a layout for wide screens, and one for narrow ones."""
NUDGE: Final = 0.1
"""The page says how much the root changes if a node grows by this."""
PATHS: Final = 5
"""Paths of an explanation."""
_SHORT: Final = 9
"""Characters of a number in a box; of a longer one it has four digits."""
_NAME: Final = 14
"""Columns of a name in a box."""
_PLACEHOLDER: Final = "ξ"
_VARIABLE: Final = re.compile(r"(?<!\w)x(?!\w)|(?<!\w)x(?=[²])")
_CHARACTER, _PADDING, _ROW, _STEP = 8, 18, 19, 6
_LEFTWARD: Final = ("R", "AL", "AN")
"""Classes of characters of scripts that are written from right to left."""


def contents(names: Names, kept: Collection[int] = (), *, fold: bool | None = None) -> dict[str, Any]:
    """The contents of the page of the first root of a tape; `kept` and `fold` are those of `scene`.

    ValueError if data was changed after it was recorded, RuntimeError if nothing can lay the graph out.
    """
    return _Contents(names, scene(names.tape, kept, fold=fold)).as_data()


class _Contents:
    def __init__(self, names: Names, found: Scene) -> None:
        self.names, self.scene = names, found
        self.tape = tape = names.tape
        self.places = sorted(self.scene.places)
        self.numbers = {place: i for i, place in enumerate(self.places)}
        """The number of each node on the page, by its place."""
        self.isolated = isolating([self.names[k] for k in self.places])
        self.moves = [*moves(self.names, self.scene.places)]
        self.operations = sorted({tape.operation(k) for k in self.places} - {""})
        self.live = self.scene.whole and all(rule(op).cases for op in self.operations)
        """Whether the page can compute the graph with other numbers."""

    def as_data(self) -> dict[str, Any]:
        tape, found = self.tape, self.scene
        sizes = [self._size(i) for i in range(len(found.boxes))]
        return {
            "root": self.numbers[tape.roots[0]],
            "total": length(tape),
            "size": len(tape),
            "folded": found.folded,
            "whole": found.whole,
            "live": self.live,
            "nodes": [self._node(place) for place in self.places],
            "steps": [self._step(move) for move in self.moves],
            "rules": {op: formula.describe(op).splitlines() if rule(op).cases else [] for op in self.operations},
            "boxes": [[self._number(box.place), box.inside, box.more, *sizes[i]] for i, box in enumerate(found.boxes)],
            "links": [[a, b, self.numbers[place], position] for a, b, place, position in found.links],
            "layout": self._layout(sizes),
        }

    def _number(self, place: int | None) -> int | None:
        return None if place is None else self.numbers[place]

    # ── nodes and steps ──

    def _node(self, place: int) -> dict[str, Any]:
        tape, number = self.tape, self.tape.data[place]
        node: dict[str, Any] = {
            "name": self.isolated(self.names[place]),
            "title": self.isolated(visible(self.names[place], _NAME)),
            "value": exact(number),
            "text": in_box(number),
            "six": bare(alone(number)),
        }
        if tape.is_constant(place):
            return node | {"constant": True}
        if operation := tape.operation(place):
            made = lines.calculation(self.names, place)
            node |= {
                "op": operation,
                "sign": self._sign(place),
                "says": self.isolated(lines.announced(made)),
                "args": [self.numbers.get(k) for k in tape.operands_of(place)],
            }
            if self.live:
                node["made"] = self._sentences(place)
        if len(tape) <= IN_FULL:
            why = explain(tape.node(tape.roots[0]), tape.node(place), most=PATHS)
            node |= {"why": [self.isolated(line.strip()) for line in why.lines]}
        return node

    def _sentences(self, place: int) -> dict[str, Any]:
        """The sentences of the steps of a node, for other numbers."""
        made = sentences(self.names, place)
        formulas = [[[*map(self.isolated, way)] for way in ways] if ways else None for ways in made["formulas"]]
        texts = {name: self.isolated(made[name]) for name in ("node", "names")}
        return made | texts | {"operands": [*map(self.isolated, made["operands"])], "formulas": formulas}

    def _sign(self, place: int) -> str:
        """An operation in a box, with the constants that are written into it."""
        tape, op = self.tape, self.tape.operation(place)
        inner, operands = written_in(tape, place), tape.operands_of(place)
        name = symbol(op) if len(operands) > 1 else _VARIABLE.sub("□", symbol(op))
        name = visible(caption(tape, place) or name, 2 * _NAME)
        if not inner or len(operands) > WRITTEN_OUT:
            return name
        texts = [brief(tape.data[k]) if i in inner else _PLACEHOLDER for i, k in enumerate(operands)]
        written = operation_text(op, texts).replace(_PLACEHOLDER, "□")
        return written if text_columns(written) <= _NAME else name

    def _step(self, move: Move) -> dict[str, Any]:
        step, parts = move.step, [*map(self.isolated, move.parts)]
        found: dict[str, Any] = {
            "n": step.number,
            "node": self.numbers[move.place],
            "parts": parts,
            "end": self.isolated(move.end),
            "value": exact(step.value),
        }
        if step.phase == "backward":
            to = move.place if move.operand is None else move.operand
            found |= {"to": self.numbers[to], "grad": exact(step.grad), "text": in_box(step.grad)}
            found |= {"six": bare(alone(step.grad)), "arg": step.position, "part": in_box(step.value)}
            found |= {"nudge": bare(alone(NUDGE * step.grad))}
        return found

    # ── boxes ──

    def _size(self, number: int) -> layout.Size:
        """The width and the height of a box, as it is when it is closed."""
        box, tape = self.scene.boxes[number], self.tape
        if box.place is None:
            return 92, 26
        name, value = visible(self.names[box.place], _NAME), in_box(tape.data[box.place])
        if tape.is_constant(box.place):
            return _width(text_columns(value)), 26
        if self.scene.folded and box.inside is None:
            return _width(text_columns(name) + _SHORT + 3), 28
        sign = self._sign(box.place) if tape.operation(box.place) else "⇄"
        return _width(max(text_columns(name) + text_columns(sign) + 3, _SHORT + 2)), 3 * _ROW + 7

    def _layout(self, sizes: Sequence[layout.Size]) -> dict[str, Any]:
        """Where the boxes are, in both directions: all of them, or of a folded graph those inside each closed one."""
        found = self.scene
        if not found.folded:
            ends = [(link.source, link.target) for link in found.links]
            return {direction: layout.placed(sizes, ends, direction)._asdict() for direction in DIRECTIONS}
        outer = [i for i, box in enumerate(found.boxes) if box.inside is None]
        seats = {i: seat for seat, i in enumerate(outer)}
        seats |= {i: seats[box.inside] for i, box in enumerate(found.boxes) if box.inside is not None}
        ends = [(seats[link.source], seats[link.target]) for link in found.links]
        rows = layout.layers(len(outer), {(a, b) for a, b in ends if a != b}, self._order(seats))
        shapes = {i: shape for i in outer if (shape := self._inside(i, sizes))}
        known = {repr(shape): shape for shape in shapes.values()}  # Neurons of one layer have the same shape.
        return {
            "layers": [[outer[seat] for seat in row] for row in rows],
            "shape": {i: [*known].index(repr(shape)) for i, shape in shapes.items()},
            "shapes": [
                {direction: layout.placed(*shape, direction)._asdict() for direction in DIRECTIONS}
                for shape in known.values()
            ],
        }

    def _inside(
        self, outer: int, sizes: Sequence[layout.Size]
    ) -> tuple[list[layout.Size], list[tuple[int, int]]] | None:
        """The sizes and links of the boxes inside a box; None without any."""
        inside = [i for i, box in enumerate(self.scene.boxes) if box.inside == outer]
        seats = {i: seat for seat, i in enumerate(inside)}
        ends = [(a, b) for a, b, _, _ in self.scene.links if a in seats and b in seats]
        return ([sizes[i] for i in inside], [(seats[a], seats[b]) for a, b in ends]) if inside else None

    def _order(self, seats: Mapping[int, int]) -> list[int]:
        """The ranks of the closed boxes, which have these seats: operands in the order in which they are used."""
        found, tape = self.scene, self.tape
        sources: dict[int, list[tuple[int, int]]] = {}
        for a, b, _, position in found.links:
            if seats[a] != seats[b]:
                rank = found.boxes[a].middle if position is None else position
                sources.setdefault(seats[b], []).append((rank, seats[a]))
        root = next(i for i, box in enumerate(found.boxes) if box.place == tape.roots[0])
        queue = {seats[root]: None}
        for seat in (reached := [*queue]):  # It grows while it is read.
            new = [source for _, source in sorted(sources.get(seat, ())) if source not in queue]
            queue |= dict.fromkeys(new)
            reached += dict.fromkeys(new)
        ranks = {seat: rank for rank, seat in enumerate(reached)}
        return [ranks[seat] for seat in range(len(ranks))]


def _width(characters: int) -> int:
    return -(-(characters * _CHARACTER + _PADDING) // _STEP) * _STEP


def in_box(number: float) -> str:
    """A number as it is written in a box: in six digits, or in four where that is too long.

    >>> in_box(2.0), in_box(-0.00638931)
    ('2', '-0.006389')
    """
    six = brief(number)
    return six if len(six) <= _SHORT else short(number, 4).removesuffix(".0")


def isolating(names: Sequence[str]) -> Callable[[str], str]:
    """A function of a text that keeps names written from right to left from turning around what stands beside them."""
    turned = {name for name in names if any(unicodedata.bidirectional(c) in _LEFTWARD for c in name)}
    if not turned:
        return str
    pattern = re.compile("|".join(map(re.escape, sorted(turned, key=len, reverse=True))))
    return lambda text: pattern.sub("\N{FIRST STRONG ISOLATE}\\g<0>\N{POP DIRECTIONAL ISOLATE}", text)
