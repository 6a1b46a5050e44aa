"""SVG as PDF or PNG with the fonts of the system, by the library typst.

>>> from autograd.show.pictures.picture import Drawing
>>> from autograd.show.pictures.typesetting import typeset
>>> typeset(Drawing("digraph { x -> y }", "an arrow").svg(dark=False), "an arrow", "pdf")[:5]
b'%PDF-'
"""

import re
import warnings
from typing import Final, Literal

from autograd.show.pictures.glyphs import CJK, EMOJI, RUN, families, rare
from autograd.wording import FEW, ends

_PAGE: Final = b"""
#set document(title: sys.inputs.title, date: none)
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", alt: sys.inputs.title)
"""
_PROOF: Final = b"#sys.inputs.text"
_NO_GLYPH: Final = "could not be displayed"
_CONTENT: Final = re.compile(r"(?<=>)[^<]*(?=</text>)")


def available() -> bool:
    """Whether typst is installed."""
    from importlib.util import find_spec

    return find_spec("typst") is not None


def typeset(svg: str, title: str, format: Literal["pdf", "png"], *, dpi: int = 72) -> bytes:  # noqa: A002
    """The picture in a file of its own size; dpi counts for PNG alone.

    Warns of a character that no font of the system has. ModuleNotFoundError without typst.
    """
    import typst

    texts = _CONTENT.findall(svg)
    _warn_of_boxes(rare("".join(texts)))
    inputs = {"svg": _CONTENT.sub(lambda text: RUN.sub(_in_its_font, text[0]), svg), "title": title}
    return bytes(typst.compile(_PAGE, format=format, ppi=dpi, sys_inputs=inputs))


def _in_its_font(run: "re.Match[str]") -> str:
    """A run of CJK or of emoji under families that have it; typst finds no emoji of its own accord, and none bold."""
    if run["cjk"]:
        return f'<tspan font-family="{families(CJK)}">{run[0]}</tspan>'
    return f'<tspan font-family="{families(EMOJI)}" font-weight="normal">{run[0]}</tspan>'


def _warn_of_boxes(characters: str) -> None:
    missing = _without_glyph("".join(dict.fromkeys(characters)))
    if missing:
        warnings.warn(
            f"no font here has {', '.join(ends(missing, most=FEW))}: a box stands for it. "
            "Install one, as those of Google's Noto, or save as .svg for a reader who has it",
            stacklevel=4,  # The line that asks for a PNG or a PDF.
        )


def _without_glyph(characters: str) -> list[str]:
    """Those that no font has; halves are looked at only where one is missing, since each look takes 50 ms."""
    if not characters or has_glyphs(characters):
        return []
    half = len(characters) // 2
    return _without_glyph(characters[:half]) + _without_glyph(characters[half:]) if half else [characters]


def has_glyphs(text: str) -> bool:
    """Whether fonts have all characters: a PDF for archives is refused if a glyph is missing."""
    import typst

    try:
        typst.compile(_PROOF, format="pdf", sys_inputs={"text": text}, pdf_standards=["a-2b"])
    except RuntimeError as error:
        return _NO_GLYPH not in str(error)
    return True
