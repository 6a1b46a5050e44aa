"""The progress bar of a training, for a terminal.

>>> from autograd.train.progress import bar
>>> with bar(3, 1, wanted=False) as advance:
...     advance(0.5)
"""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from autograd.wording import to_install

if TYPE_CHECKING:
    from rich.progress import Progress

_REFRESH: Final = 0.1
"""Seconds between two changes of the progress bar, which takes more time than a small step."""


@contextmanager
def bar(epochs: int, batches: int, wanted: bool | None) -> Iterator[Callable[..., object]]:
    """A progress bar, as the function to call after each batch with the mean loss of its epoch so far.

    It may be called after several batches, with their number as well.
    """
    shown = _rich_bar(wanted) if wanted or (wanted is None and sys.stderr.isatty()) else None
    if shown is None:
        yield lambda loss, more=1: None
        return
    done, reached, due = 0, math.nan, 0.0
    with shown as progress:
        task = progress.add_task("", total=epochs * batches)

        def show() -> None:
            epoch = max(done - 1, 0) // batches + 1
            progress.update(task, completed=done, description=f"epoch {epoch}/{epochs}  loss {reached:.4g}")

        def advance(loss: float, more: int = 1) -> None:
            nonlocal done, reached, due
            done, reached = done + more, loss
            if (now := monotonic()) >= due:
                due = now + _REFRESH
                show()

        try:
            yield advance
        finally:
            if done:
                show()


def _rich_bar(wanted: bool | None) -> "Progress | None":
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:
        if wanted:
            raise ImportError(f"a progress bar needs rich: {to_install('rich', 'demos')}") from None
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
