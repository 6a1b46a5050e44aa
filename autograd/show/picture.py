"""DOT text rendered as SVG or PNG, and saved.

>>> from autograd.show.picture import Drawing
>>> Drawing("digraph { x -> y }", "an arrow").svg().splitlines()[0]
'<?xml version="1.0" encoding="UTF-8" standalone="no"?>'

A system `dot` does the layout, or else the `dot` in the wheel graphviz-pure.
"""

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from autograd.wording import wrapped

if TYPE_CHECKING:
    from pathlib import Path

# Imports inside functions cost more than all of autograd, and most programs never draw.

FORMATS: Final = (".svg", ".png", ".dot")
PNG_DPI: Final = 150
TIMEOUT_SECONDS: Final = 60.0
_REMEDY: Final = "pip install graphviz-pure, or install Graphviz so that `dot` is on the PATH"


class Drawing:
    """A picture as DOT text; it is rendered when it is shown or saved. A notebook shows it by itself."""

    def __init__(self, dot: str, summary: str) -> None:
        self.dot: Final = dot
        """The picture in the language of Graphviz."""
        self._summary: Final = summary

    def svg(self) -> str:
        """The picture as SVG text; RuntimeError if nothing can render it."""
        return render(self.dot, "svg").decode()

    def png(self) -> bytes:
        """The picture as PNG with 150 pixels per inch; RuntimeError if nothing can render it."""
        return render(self.dot, "png", args=[f"-Gdpi={PNG_DPI}"])

    def save(self, path: "str | os.PathLike[str]") -> "Path":
        """Write the picture to a .svg, .png or .dot file, and return its path.

        An error leaves an earlier file as it was. ValueError for another extension, RuntimeError if nothing can render
        the picture, OSError if it can't be written.
        """
        from pathlib import Path

        target = Path(path)
        extension = target.suffix.lower()
        if extension not in FORMATS:
            raise ValueError(f"a drawing is saved as {', '.join(FORMATS)}, by extension, not as {target.name!r}")
        content = self.png() if extension == ".png" else (self.svg() if extension == ".svg" else self.dot).encode()
        _replace(target, content)
        return target

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except RuntimeError:
            return None

    def __repr__(self) -> str:
        return wrapped(f'{self._summary}: a picture, saved with .save("graph.svg")')


def render(dot_text: str, format: str, engine: str = "dot", args: Iterable[str] = ()) -> bytes:  # noqa: A002
    """Lay out DOT text with a system `dot`, or else with graphviz-pure, as "svg", "png" or another of its formats.

    RuntimeError if neither is installed, if it takes longer than a minute, and, with its message, if it fails.
    """
    import subprocess

    program = renderer()
    if program is None:
        raise RuntimeError(f"nothing here draws graphs; {_REMEDY}")
    command = [program, f"-K{engine}", f"-T{format}", *args]
    try:
        done = subprocess.run(command, input=dot_text.encode(), capture_output=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{program} took more than {TIMEOUT_SECONDS:g} seconds; draw fewer nodes with max_nodes"
        ) from None
    except OSError as error:
        raise RuntimeError(f"{program} can't be run ({error}); {_REMEDY}") from error
    if done.returncode or not done.stdout:
        words = done.stderr.decode(errors="replace").strip()[-2000:]
        raise RuntimeError(f"{program} failed with status {done.returncode}: {words or 'it said nothing'}")
    return done.stdout


def renderer() -> str | None:
    """The path of the program that renders; None if there is none."""
    import shutil

    places = os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()])
    return shutil.which("dot") or shutil.which("graphviz-pure", path=places) or _installed("graphviz-pure")


def _installed(program: str) -> str | None:
    """The program in the distribution of that name, in whatever folder pip put it."""
    from importlib import metadata
    from pathlib import Path

    try:
        files = metadata.files(program) or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(file.locate()) for file in files)
    return next((str(path) for path in paths if path.stem == program and path.is_file()), None)


def _replace(target: "Path", content: bytes) -> None:
    """Write a file whole or not at all; if it is a link, the file that it leads to."""
    target = target.resolve()
    draft = target.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    except OSError as error:
        raise type(error)(error.errno, f"{error.strerror or error}, so the picture isn't saved", str(target)) from None
    finally:
        draft.unlink(missing_ok=True)
