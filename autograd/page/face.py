"""The page of a graph, of a model at work on an input, or of a training.

>>> from autograd import Value
>>> from autograd.page.face import page
>>> x = Value(3.0, label="x")
>>> page(x * x, title="a square")
Page of v1: 4 steps, 2 nodes; a lesson for a browser, saved with .save("lesson.html")
"""

import html
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from autograd.arguments import a_text, a_value, is_row, known
from autograd.engine.number import described
from autograd.engine.value import Value
from autograd.page.contents import contents
from autograd.page.document import document
from autograd.page.recorded import Recorded, is_recorded
from autograd.page.training import training
from autograd.page.words import LANGUAGES, WORDS, translated
from autograd.show.fold import folded
from autograd.show.names import Names
from autograd.show.pictures.picture import write_whole
from autograd.wording import counted, visible, wrapped

HEIGHT: Final = 760
"""Of the frame in a notebook, in pixels."""
TITLE: Final = 200
"""Columns of a title; a longer one ends in …"""
MODEL_IN_FULL: Final = 60
"""A model with more nodes is easier to see as neurons."""


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
        write_whole(target, self.html.encode())
        return target

    def _repr_html_(self) -> str:
        frame = f'style="width:100%;height:{HEIGHT}px;border:0" sandbox="allow-scripts"'
        return f'<iframe {frame} title="{html.escape(self._summary)}" srcdoc="{self.srcdoc}"></iframe>'

    def __repr__(self) -> str:
        return wrapped(f'{self._summary}; a lesson for a browser, saved with .save("lesson.html")')


def page(
    thing: Value | Callable[[Any], Any] | Recorded,
    *given: Any,
    loss: Callable[[Any, Any], Any] | None = None,
    title: str = "",
    lang: str = "en",
    fold: bool | None = None,
) -> Page:
    """The page of a graph, `page(root)`, or of a model at work, `page(model, x, target, loss=losses.mse)`.

    A last argument that is a path, as in `page(root, "lesson.html")`, says where it is saved, too. The numbers of x
    become leaves named x[0], x[1], …; loss is a function of the outputs and the target, and its result is named L;
    without it the only output of the model is the root. The language of the interface is "en" or "zh".

    Up to 300 nodes, of a model up to 60, each have a box. A larger graph is folded into neurons, which open; fold=True
    and fold=False say otherwise. Of more than 100 neurons the nearest to the root are on the page, with their steps.

    `page(recorder)` is the page of a training, of which a `train.Recorder` has kept snapshots: the network with its
    weights at each, the curves of the losses, the predictions, and for two inputs the decision surface. At most 200 of
    the snapshots are on it, and fewer where the network is large, so that it has at most 2 MB.

    TypeError for anything but a Value, a model or a Recorder, and for a root that is no Value; ValueError for another
    language, for a target without a loss or a loss without a target, for a Recorder without snapshots, and if data was
    changed since it was recorded; RuntimeError if nothing can lay the graph out; OSError if the page can't be written.
    """
    lang = known("language", lang, LANGUAGES)
    path, arguments = None, list(given)
    if arguments and isinstance(arguments[-1], (str, os.PathLike)):
        path = arguments.pop()
    if is_recorded(thing):
        made = _page_of_training(thing, arguments, loss, title, lang)
    else:
        root, kept = _root(thing, arguments, loss)
        names = Names(folded(root))
        if fold is None and thing is not root:
            fold = len(names.tape) > MODEL_IN_FULL
        made = page_of(names, kept, title=title, lang=lang, fold=fold)
    if path is not None:
        made.save(path)
    return made


def _root(thing: object, arguments: list[Any], loss: Callable[[Any, Any], Any] | None) -> tuple[Value, list[Value]]:
    """The root of the graph, and the nodes that are in no other box: the inputs and the outputs of a model."""
    if type(thing) is Value:
        if arguments or loss is not None:
            raise TypeError("page of a Value takes a path, and no input, target or loss: these are for a model")
        return thing, []
    if not callable(thing) or isinstance(thing, type):
        raise TypeError(
            f"page takes the root of a graph, a model and its input, or a train.Recorder, not {described(thing)}"
        )
    if not 1 <= len(arguments) <= 2 or (len(arguments) == 2) != (loss is not None):
        raise ValueError("page of a model takes its input, and a target with a loss: page(model, x, target, loss=…)")
    x = _leaves(arguments[0], "x", ())
    outputs = thing(x)
    root = outputs if loss is None else loss(outputs, arguments[1])
    if isinstance(root, (list, tuple)) and len(root) == 1:
        root = root[0]
    root = a_value(root, "page")
    if loss is not None and root.operands:
        root.label = root.label or "L"
    return root, [*_values(x), *_values(outputs)]


def _leaves(x: Any, name: str, place: tuple[int, ...]) -> Any:
    """Nested lists of numbers as leaves, named by their places; Values stay as they are."""
    if isinstance(x, Value):
        return x
    if is_row(x):
        return [_leaves(item, name, (*place, i)) for i, item in enumerate(x)]
    return Value(x, label=f"{name}[{','.join(map(str, place))}]" if place else name)


def _values(nest: Any) -> Iterator[Value]:
    if isinstance(nest, Value):
        yield nest
    elif is_row(nest):
        for item in nest:
            yield from _values(item)


def page_of(
    names: Names,
    kept: Sequence[Value] = (),
    *,
    title: str = "",
    lang: str = "en",
    fold: bool | None = None,
    taken: int = 0,
) -> Page:
    """The page of the graph of these names; it begins where so many steps of the walk are taken."""
    tape, root = names.tape, names.root
    made = contents(names, [tape.place(v) for v in kept if v in tape], fold=fold) | {"taken": taken}
    for node in made["nodes"]:
        node["why"] = [translated(line, lang) for line in node.get("why", ())]
    heading = visible(a_text("page: title", title), TITLE) or WORDS[lang]["heading"].format(root=root)
    text = document(made, lang=lang, title=heading, root=root)
    return Page(text, f"Page of {root}: {counted(made['total'], 'step')}, {counted(len(tape), 'node')}")


def _page_of_training(recording: Any, arguments: list[Any], loss: object, title: str, lang: str) -> Page:
    if arguments or loss is not None:
        raise TypeError("page of a Recorder takes a path, and no input, target or loss: it has its own")
    made = training(recording)
    heading = visible(title, TITLE) or WORDS[lang]["training"]
    of = f"{counted(len(made['epochs']), 'snapshot')} of {counted(made['epochs'][-1], 'epoch')}"
    return Page(document(made, lang=lang, title=heading, kind="training"), f"Page of a training: {of}")
