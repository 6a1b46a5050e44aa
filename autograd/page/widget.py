"""A `Stepper` in a notebook: the page of its graph, where its walk stands.

>>> from autograd import Stepper, Value
>>> x = Value(3.0, label="x")
>>> walk = Stepper(x * x)
>>> "<iframe" in walk._repr_html_()
True

`autograd.Stepper` is taken from here, because nothing in `show` knows of pages.
"""

from typing import Final

from autograd.page.face import page_of
from autograd.show.stepper import Stepper
from autograd.wording import preformatted

__all__ = ["Stepper"]

MOST: Final = 1000
"""Nodes of a graph that has a page in a notebook; a larger one would make the notebook's file megabytes long."""


def _page(self: Stepper) -> str:
    """The page in a frame; the text of a larger graph, and of one that can't have a page."""
    if len(self._tape) <= MOST:
        try:
            return page_of(self._names, taken=self.position)._repr_html_()
        except Exception:  # A cell that only looks at a walk doesn't fail: its data may have changed since then.
            pass
    return preformatted(repr(self))


setattr(Stepper, "_repr_html_", _page)  # noqa: B010  (the type checker takes it for an override)
