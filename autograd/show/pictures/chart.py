"""Rows of numbers as curves: the losses of a training, or of several.

>>> from autograd.show.pictures.chart import draw_curves
>>> draw_curves({"SGD": [1.0, 0.5, 0.25], "Adam": [1.0, 0.1, 0.01]}, title="loss", across="epoch")
Drawing('loss', 2 curves of 3 points): a picture, saved with .save("graph.svg")

The program that draws graphs draws them, so that pip alone is enough.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from autograd.arguments import described, is_row, real, whole
from autograd.show.pictures.axes import MOST_STEPS, counting_axis
from autograd.show.pictures.canvas import Canvas
from autograd.show.pictures.palette import SERIES
from autograd.show.pictures.panel import LINE, WIDTH, Panel, broken
from autograd.show.pictures.picture import Drawing
from autograd.wording import counted

HEIGHT: Final = 230.0
"""Of the first panel, in points."""
LOW: Final = 86.0
"""The height of each further panel, in points."""
LOW_STEPS: Final = 3
"""Between the ticks of a low panel."""
MOST_CURVES: Final = 2 * len(SERIES)
"""In one panel: as many as have a colour and a style of their own."""
Rows: TypeAlias = Mapping[str, Sequence[float]]


def draw_curves(
    curves: Any, *, title: str = "", across: str = "", up: str = "", log: bool | None = None, start: int = 0
) -> Drawing:
    """Rows of numbers as curves over start, start + 1 …, as a `Drawing`.

    curves is a row of numbers, several of them in a list or an array, or a dictionary of rows by name. A History stands
    for its losses, and for those of its validation. Each curve has its name and its last number at its end. across and
    up name the axes. The upward one is logarithmic for log=True, and for log=None if the numbers span more than two
    powers of ten and none is negative; a zero then has a place below them.

    Of more than 200 points a curve shows the first, the last, and the lowest and the highest of each stretch between
    them, so that no peak is lost. A curve has a gap where a number is nan or infinite, and red marks above show where.

    TypeError for anything but numbers. ValueError for a row without numbers, for no rows, and for more than 12.
    """
    rows = _named_rows(curves)
    longest = max(map(len, rows.values()), default=0)
    many = f"{counted(len(rows), 'curve')} of {counted(longest, 'point')}"
    summary = many if len(rows) > 1 else counted(longest, "point")
    named = f"{title!r}, " if title else ""
    return draw_panels([rows], f"Drawing({named}{summary})", title=title, across=across, up=up, log=log, start=start)


def draw_panels(
    panels: Sequence[Rows],
    summary: str,
    *,
    title: str = "",
    across: str = "",
    up: str = "",
    log: bool | None = None,
    start: int = 0,
) -> Drawing:
    """Panels of rows by name, one below the other over one axis. The errors are those of `draw_curves`."""
    for rows in panels:
        _check(rows)
    first = whole("start", start, least=0)
    last = first + max(len(row) for rows in panels for row in rows.values()) - 1
    canvas, across_axis, bottom = Canvas(), counting_axis(first, last), 0.0
    for k, rows in enumerate(panels):
        height = max(LOW if k else HEIGHT, LINE * len(rows))
        if k:
            bottom -= height + LINE * (1.5 + len(broken(rows)))
        top = Panel(canvas, bottom, height, first, across_axis).draw(rows, log, LOW_STEPS if k else MOST_STEPS)
        if k == 0:
            canvas.write(up, (0.0, top + LINE), "l")
            canvas.write(title, (0.0, top + LINE * (2.4 if up else 1.2)), "l", size=14)
    for place, text in across_axis.ticks:
        canvas.write(text, (WIDTH * place, bottom - LINE), "c")
    canvas.write(across, (WIDTH / 2, bottom - 2.2 * LINE), "c")
    return Drawing(canvas.digraph.source, summary)


# ── the rows ──


def is_curves(thing: Any) -> bool:
    """Whether a thing is for `draw_curves`: a row of numbers, rows of them, Histories, and no Values.

    >>> is_curves([[1.0, 0.5], [1.0, 0.1]]), is_curves({"loss": [0.5]}), is_curves([0.5, 0.25]), is_curves(0.5)
    (True, True, True, False)
    """
    if _is_history(thing):
        return True
    parts = [*thing.values()] if isinstance(thing, Mapping) else [*thing] if is_row(thing) else []
    return bool(parts) and (all(map(_is_several, parts)) or (is_row(thing) and all(map(_is_number, parts))))


def _is_history(thing: Any) -> bool:
    """Whether a thing is a History, which is of a module that imports this one."""
    return isinstance(getattr(thing, "losses", None), list) and isinstance(getattr(thing, "validation", None), list)


def _is_several(thing: Any) -> bool:
    return is_row(thing) or _is_history(thing)


def _is_number(thing: Any) -> bool:
    try:
        real("", thing)
    except TypeError:
        return False
    return True


def _named_rows(curves: Any) -> Rows:
    rows: dict[str, list[float]] = {}
    for name, row in _pairs(curves):
        if name in rows:
            raise ValueError(f"two curves have the name {name}; give one of them another name")
        rows[name] = _numbers(row, f"the curve {name}" if name else "the curve")
    return rows


def _pairs(curves: Any) -> Iterator[tuple[str, Any]]:
    """The rows and their names; a History has one or two."""
    if _is_history(curves):
        curves = {"loss": curves.losses, **({"validation": curves.validation} if curves.validation else {})}
    elif not isinstance(curves, Mapping):
        if isinstance(curves, (str, bytes)) or not isinstance(curves, Iterable):
            raise TypeError(f"curves are rows of numbers, as in [[1.0, 0.5], [1.0, 0.1]], not {described(curves)}")
        rows = list(curves)
        rows = rows if any(map(_is_several, rows)) else [rows] if rows else []
        names = [f"[{i}]" for i in range(len(rows))] if len(rows) > 1 else [""]
        curves = dict(zip(names, rows, strict=False))
    for name, thing in curves.items():
        if not _is_history(thing):
            yield str(name), thing
            continue
        yield str(name), thing.losses
        if thing.validation:
            yield f"{name}, validation" if name else "validation", thing.validation


def _numbers(row: Any, where: str) -> list[float]:
    row = row.tolist() if hasattr(row, "tolist") else row
    if isinstance(row, (str, bytes)) or not isinstance(row, Iterable):
        raise TypeError(f"{where} is a row of numbers, not {described(row)}")
    return [real(f"{where}: a point", y) for y in row]


def _check(rows: Rows) -> None:
    if not rows:
        raise ValueError("there are no curves to draw; give at least one row of numbers")
    if len(rows) > MOST_CURVES:
        raise ValueError(f"{len(rows)} curves in one picture can't be told apart; draw at most {MOST_CURVES}")
    for name, row in rows.items():
        if not len(row):
            raise ValueError(f"the curve {name} has no numbers; leave it out".replace("curve  has", "curve has"))
