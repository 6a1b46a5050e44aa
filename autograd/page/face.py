"""The page of a graph, or of a model at work on an input.

>>> from autograd import Value
>>> from autograd.page.face import page
>>> x = Value(3.0, label="x")
>>> page(x * x, title="a square")
Page of v1: 4 steps, 2 nodes; a lesson for a browser, saved with .save("lesson.html")
"""

import html
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from autograd.arguments import a_value, known
from autograd.engine.number import described
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.page.contents import contents
from autograd.page.document import document
from autograd.page.words import LANGUAGES, WORDS
from autograd.show.names import Names
from autograd.show.picture import written_whole
from autograd.wording import counted, visible, wrapped

HEIGHT: Final = 760
"""Of the frame in a notebook, in pixels."""


class Page:
    """A lesson as the text of one HTML file. A notebook shows it by itself, in a frame."""

    def __init__(self, text: str, summary: str) -> None:
        self.html: Final = text
        """The file."""
        self._summary: Final = summary

    @property
    def srcdoc(self) -> str:
        """The file as it stands in the srcdoc attribute of an iframe, between double quotes."""
        return html.escape(self.html)

    def save(self, path: "str | os.PathLike[str]") -> Path:
        """Write the page to a file, and return its path.

        An error leaves an earlier file as it was. ValueError for an extension other than .html and .htm, OSError if
        it can't be written.
        """
        target = Path(path)
        if target.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a page is saved as .html, not as {target.name!r}")
        written_whole(target, self.html.encode())
        return target

    def _repr_html_(self) -> str:
        frame = f'style="width:100%;height:{HEIGHT}px;border:0" sandbox="allow-scripts"'
        return f'<iframe {frame} title="{html.escape(self._summary)}" srcdoc="{self.srcdoc}"></iframe>'

    def __repr__(self) -> str:
        return wrapped(f'{self._summary}; a lesson for a browser, saved with .save("lesson.html")')


def page(
    thing: Value | Callable[[Any], Any],
    *given: Any,
    loss: Callable[[Any, Any], Value] | None = None,
    path: "str | os.PathLike[str] | None" = None,
    title: str = "",
    lang: str = "en",
) -> Page:
    """The page of a graph, `page(root)`, or of a model at an input, `page(model, x, target, loss=losses.mse)`.

    With a path, `page(root, "lesson.html")` or path=…, it is saved there. The numbers of x become leaves named x[0],
    x[1], …; loss is a function of the outputs and the target, and without it the model's only output is the root. The
    language of the interface is "en" or "zh".

    Up to 300 nodes each have a box. A larger graph is folded into neurons, which open, and of more than 100 of these
    the nearest to the root are on the page, with their steps.

    TypeError for anything but a Value or a model, and for a root that is no Value; ValueError for another language, for
    a target without a loss or a loss without a target, and if data was changed since it was recorded; RuntimeError if
    nothing can lay the graph out; OSError if the page can't be written.
    """
    lang = known("language", lang, LANGUAGES)
    kept: list[Value] = []
    if isinstance(thing, Value):
        root, (path,) = thing, _path(given, path)
    elif callable(thing):
        *given, path = _split(given, path)
        root, kept = _at_work(thing, given, loss)
    else:
        raise TypeError(f"page takes the root of a graph, or a model and its input, not {described(thing)}")
    made = _page(root, kept, title, lang)
    if path is not None:
        made.save(path)
    return made
