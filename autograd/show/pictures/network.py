"""A network as in a textbook: units in columns by layer, edges coloured by sign and as wide as a weight is large.

>>> from autograd import nn
>>> from autograd.show.pictures.network import draw_network
>>> draw_network(nn.MLP(2, [3, 1], activation="tanh"), [0.5, -1.0])
Drawing(3 stages, 6 units, 9 weights): a picture, saved with .save("graph.svg")
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd.arguments import shown
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.show.digits import bare
from autograd.show.pictures.arrangement import SQUARE, Arrangement, Spot, shown_units
from autograd.show.pictures.palette import PALETTE, look
from autograd.show.pictures.picture import Drawing
from autograd.show.pictures.stages import Stage, Unit, stages_of
from autograd.wording import counted, visible

if TYPE_CHECKING:
    from graphviz import Digraph

MOST_SQUARES: Final = 3 * 7 * 7
"""A filter of more weights is drawn as an empty frame."""
SIZE: Final = 0.52
"""Of a unit, in inches."""
WIDEST: Final = 5.0
"""Of an edge, in points,"""
INK: Final = 45.0
"""divided by the square root of their number if these are many."""
ROOM: Final = 6
"""Characters inside a unit."""


class _Line(NamedTuple):
    """A weight between two spots."""

    start: int
    end: int
    amount: float


def draw_network(model: Any, x: Any = None, *, show: str = "weight") -> Drawing:
    """The network view of a module: its units in columns, with their outputs for x, where it is given.

    Edges show the weights, or with show="grad" their gradients. TypeError for a model without layers of `nn`;
    ValueError for another `show`; the errors of the model's call.
    """
    if show not in ("weight", "grad"):
        raise ValueError(f"draw: show is 'weight' or 'grad', not {shown(show)}")
    stages = stages_of(model, x)
    units = sum(len(stage.units) for stage in stages)
    weights = sum(
        len(stage.units) * stage.gates * (len(stage.starts) or math.prod(stage.shape or (0,))) for stage in stages
    )
    summary = f"Drawing({counted(len(stages), 'stage')}, {counted(units, 'unit')}, {counted(weights, 'weight')})"
    return Drawing(_Picture(stages, show == "grad").dot(), summary)


class _Picture(Arrangement):
    def __init__(self, stages: Sequence[Stage], by_gradient: bool) -> None:
        super().__init__(stages)
        self.by_gradient = by_gradient
        self.filters: dict[int, list[list[float]]] = {}
        # Of several weights between two units the largest is drawn.
        self.lines = [_Line(a, b, max(map(self._amount, weights), key=_size)) for a, b, weights in self.links()]
        self.largest = max((abs(amount) for *_, amount in self.lines if math.isfinite(amount)), default=0.0)
        self.widest = min(WIDEST, INK / math.sqrt(max(1, *(self._density(stage) for stage in stages))))

    def _amount(self, weight: Value) -> float:
        return weight.grad if self.by_gradient else weight.data

    def _density(self, stage: Stage) -> int:
        """The number of lines to a stage."""
        return len(shown_units(len(stage.units))) * sum(start in self.at for start in stage.starts)

    # ── DOT text ──

    def dot(self) -> str:
        sheet = _blank_sheet(self._legend())
        for i, spot in enumerate(self.spots):
            if spot.unit is None:
                continue
            stage = self.stages[spot.stage]
            if stage.shape:
                self._draw_filter(sheet, f"u{i}", spot, stage)
            else:
                self._draw_unit(sheet, f"u{i}", spot, stage)
        for start, end, amount in sorted(self.lines, key=lambda line: _size(line.amount)):
            sheet.edge(f"u{start}", f"u{end}", **self._line(amount))
        self._draw_bands(sheet)
        for i, (x, y, text) in enumerate(self.texts):
            _write(sheet, f"t{i}", x, y, text)
        return str(sheet.source)

    def _draw_unit(self, sheet: "Digraph", key: str, spot: Spot, stage: Stage) -> None:
        unit = stage.units[spot.unit or 0]
        is_input = stage.kind in ("input", "state")
        colors = look("leaf" if is_input else "root" if stage.depth == self.last else "interior")
        _draw_circle(sheet, key, spot, unit, colors)
        if unit.value is None or (stage.kind != "input" and stage.depth != self.last):
            return
        # The circle holds the value of an input or an output, so its name stands beside it.
        wide = 0.1 * len(visible(unit.name)) + 0.1
        away = SIZE / 2 + 0.06 + wide / 2
        x, end = (spot.x - away, "\\r") if is_input else (spot.x + away, "\\l")
        _write(sheet, f"{key}n", x, spot.y, unit.name, wide, end)

    def _line(self, amount: float) -> dict[str, str]:
        """The look of an edge."""
        tooltip = {"tooltip": bare(short(amount))}
        if not math.isfinite(amount):
            return tooltip | {"color": PALETTE["bad"].light, "penwidth": f"{WIDEST:g}"}
        if not self.largest:
            return tooltip | {"color": PALETTE["grid"].light, "penwidth": "0.6"}
        if amount == 0.0:
            return tooltip | {"color": PALETTE["zero"].light, "penwidth": "0.6", "style": "dashed"}
        part = abs(amount) / self.largest
        # Small weights are paler too, so that the large ones are seen first.
        color = f"{PALETTE['plus' if amount > 0 else 'minus'].light}{round(90 + 165 * part):02x}"
        return tooltip | {"color": color, "penwidth": f"{0.3 + (self.widest - 0.3) * part:.2f}"}

    def _draw_bands(self, sheet: "Digraph") -> None:
        """A grey line to each stage from those that no weights lead from."""
        for k, stage in enumerate(self.stages):
            linked = {source for source, _ in stage.starts}
            for source in stage.sources:
                ends = [self._middle(source), self._middle(k)]
                if source not in linked and None not in ends:
                    sheet.edge(f"u{ends[0]}", f"u{ends[1]}", color=PALETTE["grid"].light, penwidth="8")

    def _middle(self, k: int) -> int | None:
        spots = [i for i, spot in enumerate(self.spots) if spot.stage == k and spot.unit is not None]
        return spots[len(spots) // 2] if spots else None

    def _draw_filter(self, sheet: "Digraph", key: str, spot: Spot, stage: Stage) -> None:
        """The weights of a filter as squares, whose areas are their sizes, with its channels side by side."""
        channels, rows, columns = stage.shape
        few = channels * rows * columns <= MOST_SQUARES
        channel_width = columns * SQUARE + 0.06
        width = channel_width * (channels if few else 1)
        frame = {"shape": "box", "style": "filled", "width": f"{width:.3f}", "height": f"{rows * SQUARE + 0.06:.3f}"}
        label = "" if few else "×".join(map(str, stage.shape))
        _place(sheet, key, spot.x, spot.y, label, **frame, **look("interior"), tooltip=stage.units[spot.unit or 0].name)
        if not few:
            return
        amounts = self._filters(spot.stage)
        largest = max((abs(a) for row in amounts for a in row if math.isfinite(a)), default=0.0)
        for n, amount in enumerate(amounts[spot.unit or 0]):
            channel, at = divmod(n, rows * columns)
            row, column = divmod(at, columns)
            size = SQUARE * 0.92 * (math.sqrt(abs(amount) / largest) if math.isfinite(amount) and largest else 0.5)
            x = spot.x - width / 2 + channel * channel_width + 0.03 + (column + 0.5) * SQUARE
            side = f"{max(size, 0.01):.3f}"
            square = {"shape": "box", "style": "filled", "penwidth": "0", "width": side, "height": side}
            color, tooltip = PALETTE[_role(amount)].light, bare(short(amount))
            y = spot.y + (rows - 1) * SQUARE / 2 - row * SQUARE
            _place(sheet, f"{key}w{n}", x, y, "", **square, fillcolor=color, tooltip=tooltip)

    def _filters(self, k: int) -> list[list[float]]:
        """The numbers of each filter of a stage, read once for all of its filters."""
        if k not in self.filters:
            stage = self.stages[k]
            cells = range(math.prod(stage.shape))
            self.filters[k] = [
                [self._amount(w) for n in cells for w in stage.weights(u, n)] for u in range(len(stage.units))
            ]
        return self.filters[k]

    def _legend(self) -> str:
        """The meaning of colours and widths, in the HTML of Graphviz."""
        words = {"plus": "positive", "minus": "negative", "zero": "zero, dashed", "bad": "nan or inf"}
        met = {_role(line.amount) for line in self.lines}
        what = "gradient" if self.by_gradient else "weight"
        parts = [f'<FONT COLOR="{PALETTE[role].light}">{words[role]}</FONT>' for role in words if role in met]
        if self.largest:
            parts.append(f"width: size of the {what}, {bare(short(self.largest, 3))} at most")
        elif self.lines and self.by_gradient and met == {"zero"}:
            parts = ["all gradients are 0: call backward() on a loss first"]
        if not parts:
            return ""
        cells = "".join(f"<TD>{part}</TD>" for part in parts)
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="5"><TR>{cells}</TR></TABLE>'


def _role(amount: float) -> str:
    return "bad" if not math.isfinite(amount) else "zero" if not amount else "plus" if amount > 0 else "minus"


def _size(amount: float) -> float:
    return abs(amount) if math.isfinite(amount) else math.inf


def _fitting(value: float) -> str:
    """A number in three digits, or in fewer where it doesn't fit into a unit."""
    for digits in (3, 2, 1):
        text = bare(short(value, digits)).replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
        if len(text) <= ROOM:
            break
    return text


def _blank_sheet(legend: str) -> "Digraph":
    from graphviz import Digraph

    font = {"fontname": "Helvetica,Arial"}
    return Digraph(
        "autograd",
        graph_attr=font
        | {"layout": "neato", "splines": "line", "outputorder": "edgesfirst", "pad": "0.2", "fontsize": "11"}
        | {"label": f"<{legend}>" if legend else "", "labelloc": "b", "fontcolor": PALETTE["soft"].light},
        node_attr=font | {"fontsize": "10", "fixedsize": "true", "margin": "0"},
        edge_attr={"arrowhead": "none"},
    )


def _draw_circle(sheet: "Digraph", key: str, spot: Spot, unit: Unit, colors: dict[str, str]) -> None:
    value = "" if unit.value is None else f" = {bare(short(unit.value))}"
    circle = {"shape": "circle", "width": f"{SIZE}", "style": "filled", "tooltip": visible(f"{unit.name}{value}")}
    if unit.value is not None and not math.isfinite(unit.value):
        colors = colors | {"color": PALETTE["bad"].light, "penwidth": "3"}
    elif unit.value == 0.0:
        colors = colors | look("constant") | {"style": "filled,dashed"}
    label = unit.name.rpartition(".")[2] if unit.value is None else _fitting(unit.value)
    small = {"fontsize": "9"} if len(label) > ROOM else {}
    _place(sheet, key, spot.x, spot.y, visible(label, ROOM + 2), **circle | colors | small)


def _write(sheet: "Digraph", key: str, x: float, y: float, text: str, wide: float = 0.0, end: str = "") -> None:
    """A text on the page, which hides the lines behind it; in a box so wide it stands at one end."""
    from graphviz import escape

    lines = "\\n".join(escape(visible(line)) for line in text.split("\n"))
    size = {"width": f"{wide:.2f}", "height": "0.2"} if wide else {"fixedsize": "false", "margin": "0.08,0.0"}
    page = {"shape": "box", "penwidth": "0", "style": "filled", "fillcolor": PALETTE["page"].light}
    font = {"fontcolor": PALETTE["soft"].light, "fontsize": "11"}
    sheet.node(key, f"{lines}{end}", pos=f"{x:.3f},{y:.3f}!", **page | font | size)


def _place(sheet: "Digraph", key: str, x: float, y: float, label: str, **attributes: str) -> None:
    from graphviz import escape

    sheet.node(key, escape(visible(label)), pos=f"{x:.3f},{y:.3f}!", **attributes)
