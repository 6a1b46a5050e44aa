"""Runs a lesson and complains about its figures and exercises.

Labels collide, or leave the picture; a right answer fails its check, or a wrong one passes.

python tests/figures.py demos/xor.py --quick --out pictures
"""

import contextlib
import io
import json
import linecache
import os
import runpy
import sys
from collections.abc import Callable, Iterator
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


def outcome(checks: list[Callable[[], object]]) -> str:
    """The result of the checks of all exercises: "right", "unanswered" or "wrong"."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for check in checks:
                check()
    except NotImplementedError:
        return "unanswered"
    except Exception:  # An own operation is checked by itself, and a wrong formula may divide by 0.
        return "wrong"
    return "right"


def misjudged(checks: list[Any], answers: dict[str, list[str]]) -> Iterator[str]:
    """A sentence for each wrong answer, given as sources of functions by their names, that the checks don't notice."""
    if (found := outcome(checks)) != "right":
        yield f"the answers to the exercises are {found}"
    scope = checks[0].__globals__ if checks else {}
    for name, wrong in answers.items():
        missing = f"def {name}(*_): raise NotImplementedError"
        right = scope[name]
        for source, expected in [*((text, "wrong") for text in wrong), (missing, "unanswered")]:
            linecache.cache[source] = (len(source), None, source.splitlines(keepends=True), source)
            exec(compile(source, source, "exec"), scope)  # An own operation is read from its source.
            if (found := outcome(checks)) != expected:
                yield f"exercise {name}: {source!r} is {found}, and should be {expected}"
        scope[name] = right


def main() -> None:
    """Run the lesson that the command line names, with its options; WRONG_ANSWERS has those of `misjudged`, as JSON."""
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
    checks = getattr(sys.modules.get("lesson"), "CHECKS", [])
    for sentence in misjudged(checks, json.loads(os.environ.get("WRONG_ANSWERS", "{}"))):
        print(sentence, file=sys.stderr)


if __name__ == "__main__":
    main()
