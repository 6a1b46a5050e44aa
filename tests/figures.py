"""Runs a lesson and complains about its figures: labels that collide, or that leave the picture.

python tests/figures.py demos/xor.py --quick --out pictures
"""

import runpy
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

GAP: float = 4.0
"""Pixels between two labels on one line, below which they are read as one: a space is wider."""
SHARED: float = 1.0
"""Pixels that two boxes may share upwards, because the box of a text is a little higher than its ink."""


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """The tick labels, the names of the axes and the titles of a figure, with their boxes in pixels."""
    found: list[tuple[str, Bbox]] = []
    for axes in figure.axes:
        texts: list[Text] = [axes.title]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            texts += [tick.label1 for tick in ticks if low <= tick.get_loc() <= high] + [axis.label]
        shown = [text for text in texts if axes.get_visible() and axes.axison and text.get_visible()]
        found += [(text.get_text(), text.get_window_extent()) for text in shown if text.get_text().strip()]
    return found


def complaints(figure: Figure) -> list[str]:
    """A sentence for each two labels of a figure that collide, and for each that leaves it."""
    figure.canvas.draw()
    labels = boxes(figure)
    page = figure.bbox
    out = [name for name, box in labels if min(box.x0, box.y0, page.x1 - box.x1, page.y1 - box.y1) < -SHARED]
    pairs = [(one, other) for (one, a), (other, b) in combinations(labels, 2) if _collide(a, b)]
    return [f"{name!r} leaves the picture" for name in out] + [f"{one!r} and {other!r} collide" for one, other in pairs]


def _collide(a: Bbox, b: Bbox) -> bool:
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    up = min(a.y1, b.y1) - max(a.y0, b.y0)
    return bool(across > -GAP and up > SHARED)


def main() -> None:
    """Run the lesson that the command line names, with its options."""
    saved = Figure.savefig

    def savefig(figure: Figure, path: Any, **options: Any) -> None:
        for sentence in complaints(figure):
            print(f"{path}: {sentence}", file=sys.stderr)
        saved(figure, path, **options)

    Figure.savefig = savefig  # type: ignore[method-assign, assignment]
    lesson = Path(sys.argv[1]).resolve()
    sys.argv = sys.argv[1:]
    sys.path[0] = str(lesson.parent)
    runpy.run_path(str(lesson), run_name="__main__")


if __name__ == "__main__":
    main()
