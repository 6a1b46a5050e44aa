"""DOT text rendered as SVG, PNG or PDF, and saved.

>>> from autograd.show.pictures.picture import Drawing
>>> Drawing("digraph { x -> y }", "an arrow").svg().splitlines()[1]
'<title>an arrow</title>'

A system `dot` does the layout, or else the `dot` in the wheel graphviz-pure. That wheel knows no PDF, and has no fonts
for Chinese, Japanese, Korean and emoji; there the library typst draws its layout, with the fonts of the system.
"""

import os
import sys
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from autograd.arguments import shown
from autograd.show.pictures import glyphs, typesetting
from autograd.show.pictures.haste import haste
from autograd.show.pictures.palette import PALETTE, darkened
from autograd.show.pictures.svg import fitted
from autograd.wording import FEW, ends, to_install, wrapped

if TYPE_CHECKING:
    from pathlib import Path

# Imports inside functions cost more than all of autograd, and most programs never draw.

FORMATS: Final = (".svg", ".png", ".pdf", ".dot")
PNG_DPI: Final = 150
TIMEOUT_SECONDS: Final = 60.0
_REMEDY: Final = "pip install graphviz-pure, or install Graphviz so that `dot` is on the PATH"
_WHEEL: Final = "graphviz-pure"
_TYPST: Final = to_install("typst", "pictures")


class Drawing:
    """A picture as DOT text; it is rendered when it is shown or saved. A notebook shows it by itself.

    The DOT text has the light colors of `palette`, and no bgcolor.
    """

    def __init__(self, dot: str, summary: str) -> None:
        self.dot: Final = dot
        """The picture in the language of Graphviz."""
        self._summary: Final = summary

    def svg(self, *, dark: bool | None = None) -> str:
        """The picture as SVG text, never wider than its place; RuntimeError if nothing can render it.

        It is dark where its reader's screen is; always with dark=True and never with dark=False.
        """
        dot = glyphs.padded(self.dot) if _bundled(renderer()) else self.dot
        both = render(dot, "svg", args=["-Tjson", *_defaults(self.dot, "transparent", PALETTE["ink"].light)]).decode()
        return glyphs.unpadded(fitted(both, self._summary, dark=dark))

    def png(self, *, dark: bool = False) -> bytes:
        """The picture as PNG with 150 pixels per inch; RuntimeError if nothing can render it.

        Warns of characters that the fonts at hand don't have.
        """
        rare = glyphs.rare(self.dot) if _bundled(renderer()) else ""
        if rare and typesetting.available():
            return typesetting.typeset(self.svg(dark=dark), self._summary, "png", dpi=PNG_DPI)
        if rare:
            characters = ", ".join(ends([*dict.fromkeys(rare)], most=FEW))
            warnings.warn(
                f"the fonts in graphviz-pure don't have {characters}: boxes stand for them. "
                f"For a PNG with all characters {_TYPST}; an .svg has them",
                stacklevel=2,
            )
        return self._painted("png", dark, f"-Gdpi={PNG_DPI}")

    def pdf(self, *, dark: bool = False) -> bytes:
        """The picture as PDF of its own size; RuntimeError if nothing can render it.

        The library typst draws it, or else a system `dot`. Warns of characters that no font has.
        """
        if typesetting.available():
            return typesetting.typeset(self.svg(dark=dark), self._summary, "pdf")
        if _bundled(renderer()):
            raise RuntimeError(f"graphviz-pure writes no PDF; {_TYPST}, or save the picture as .svg or .png")
        return self._painted("pdf", dark, "-Gmargin=0")

    def save(self, path: "str | os.PathLike[str]", *, dark: bool | None = None) -> "Path":
        """Write the picture to a .svg, .png, .pdf or .dot file, and return its path.

        With dark=True it has a dark page. By default an .svg follows its reader's screen and other pictures are light.

        An error leaves an earlier file as it was. ValueError for another extension, RuntimeError if nothing can render
        the picture, OSError if it can't be written.
        """
        from pathlib import Path

        target = Path(path)
        extension = target.suffix.lower()
        if extension not in FORMATS:
            raise ValueError(f"a drawing is saved as {', '.join(FORMATS)}, by extension, not as {target.name!r}")
        if dark not in (True, False, None):
            raise ValueError(f"save: dark is True, False or None, not {shown(dark)}")
        if extension == ".svg":
            content = self.svg(dark=dark).encode()
        elif extension == ".dot":
            content = (darkened(self.dot) if dark else self.dot).encode()
        else:
            content = (self.png if extension == ".png" else self.pdf)(dark=bool(dark))
        write_whole(target, content)
        return target

    def _painted(self, format: str, dark: bool, *args: str) -> bytes:  # noqa: A002
        """The picture as Graphviz paints it, on a page of its own."""
        page, ink = (PALETTE[role].dark if dark else PALETTE[role].light for role in ("page", "ink"))
        dot = darkened(self.dot) if dark else self.dot
        return render(dot, format, args=[*_defaults(self.dot, page, ink), *args])

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except Exception:  # A notebook would show the traceback of its own display code: the text says what it is.
            return None

    def __repr__(self) -> str:
        return wrapped(f'{self._summary}: a picture, saved with .save("graph.svg")')


def _defaults(dot: str, page: str, ink: str) -> list[str]:
    """Attributes for the graphs that don't set them: colors, and those that bound the time."""
    named = {"bgcolor": page, "fontcolor": ink, **haste(dot)}
    drawn = [f"-{kind}{name}={ink}" for kind in "NE" for name in ("color", "fontcolor")]
    return [*(f"-G{name}={value}" for name, value in named.items()), *drawn]


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
            f"{program} took more than {TIMEOUT_SECONDS:g} seconds; draw fewer nodes with max_nodes, as max_nodes=50"
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
    return shutil.which("dot") or shutil.which(_WHEEL, path=places) or _installed(_WHEEL)


def _bundled(program: str | None) -> bool:
    """Whether the program is that of the wheel, which has fonts inside and no others."""
    from pathlib import Path

    return program is not None and Path(program).stem == _WHEEL


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


def write_whole(target: "Path", content: bytes) -> None:
    """Write a file whole or not at all; if it is a link, the file that it leads to."""
    target = target.resolve()
    draft = target.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    except OSError as error:
        raise type(error)(error.errno, f"{error.strerror or error}, so it isn't saved", str(target)) from None
    finally:
        draft.unlink(missing_ok=True)
