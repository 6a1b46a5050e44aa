"""A lesson as one HTML file: a student walks through a graph, forward and backward, in any browser.

>>> import tempfile
>>> from pathlib import Path
>>> import autograd
>>> from autograd import Value
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> h = (w * x).tanh()
>>> h.label = "h"
>>> page = autograd.page(h, Path(tempfile.mkdtemp()) / "lesson.html")
>>> page
Page of h: 6 steps, 4 nodes; a lesson for a browser, saved with .save("lesson.html")
>>> "<html" in page.html, "<iframe" in page._repr_html_()
(True, True)

`autograd.page(recorder, "training.html")` is the page of a training, of which a `train.Recorder` has kept snapshots.

The file loads nothing from the network. Its numbers and its sentences are those of the `Stepper`. Only where a student
changes the number of a leaf, the page computes, by the rules written out as JavaScript.

`autograd.page` is this package and also its function `page`.
"""

import sys
from types import ModuleType

from autograd.page.face import Page, page

__all__ = ["Page", "page"]


class _Face(ModuleType):
    __call__ = staticmethod(page)


sys.modules[__name__].__class__ = _Face
