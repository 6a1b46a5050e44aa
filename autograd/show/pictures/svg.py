"""Graphviz' SVG made to fit: as wide as the page allows, light or dark as its reader has it, with a title.

>>> from autograd.show.pictures.svg import fitted
>>> print(fitted('<svg width="9pt" height="5pt" viewBox="0 0 9 5"><text fill="#1f2937">x</text></svg>', "Drawing(x)"))
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="autograd" role="img"
aria-label="Drawing(x)" width="9pt" height="5pt" viewBox="0 0 9 5" style="max-width:100%;height:auto" font-family="...">
<title>Drawing(x)</title>
<style>@media screen and (prefers-color-scheme:dark){...}...</style>
<rect width="100%" height="100%" rx="6" fill="#ffffff"/><text fill="#1f2937">x</text></svg>

Text stays text. Each color is an attribute, which every program understands, and dark colors are CSS on top of it.
"""

import re
from collections.abc import Iterator
from typing import Final

from autograd.show.pictures.glyphs import CJK, EMOJI, FAMILIES, families
from autograd.show.pictures.palette import PALETTE, darkened

_HEAD: Final = re.compile(r'<svg (width="[^"]*" height="[^"]*")\s+(viewBox="[^"]*")[^>]*>')
_IDLE: Final = re.compile(
    r"<!--.*?-->\n*"  # The names of nodes in DOT text, as in the titles, which would be shown on hovering.
    r"|<title>[^<]*</title>\n*"
    r'| id="(?:a_)?(?:node|edge|graph|clust)\d+"'  # The same in every picture of a page.
    r'| font-family="Helvetica[^"]*"',
    re.DOTALL,
)
_TEXT: Final = re.compile(r'<text ([^>]*? x="(-?[\d.]+)" y="(-?[\d.]+)"[^>]*)>([ -~]+)</text>')
_FONTS: Final = families(FAMILIES, ("sans-serif",), CJK, EMOJI)

_DARK_PAGES: Final = '[data-jp-theme-light="false"],.vscode-dark,html[theme="dark"],[data-theme="dark"]'
_LIGHT_PAGES: Final = '[data-jp-theme-light="true"],.vscode-light,html[theme="light"],[data-theme="light"]'
"""JupyterLab, VS Code, Colab, and the pages of Sphinx: their own choice beats that of the system."""


def fitted(rendered: str, summary: str, *, dark: bool | None = None) -> str:
    """The SVG of Graphviz for any page; the text given may go on with Graphviz' JSON of the same picture.

    It is dark where its reader is, or always with True and never with False. With the JSON, texts keep the width that
    they were laid out with, in whatever font they are drawn. Anything but such SVG is returned as it is.
    """
    import html

    svg, end, layout = rendered.partition("</svg>")
    head = _HEAD.search(svg)
    if head is None:
        return rendered
    body = _with_widths(_IDLE.sub("", svg[head.end() :].lstrip()), dict(_widths(layout)))
    page = f'<rect width="100%" height="100%" rx="{6 if dark is None else 0}" fill="{PALETTE["page"].light}"/>'
    words = html.escape(summary)
    start = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="autograd" role="img"'
        f' aria-label="{words}" {head[1]} {head[2]} style="max-width:100%;height:auto" font-family="{_FONTS}">'
        f"\n<title>{words}</title>\n"
    )
    picture = f"{page}{body}{end}\n"
    if dark is not None:
        return start + (darkened(picture) if dark else picture)
    return f"{start}<style>{_dark_rules(picture)}</style>\n{picture}"


def _dark_rules(picture: str) -> str:
    """CSS that makes each color dark that the picture has."""
    rules = "".join(
        f'[{attribute}="{color.light}"]{{{attribute}:{color.dark}}}'
        for color in PALETTE.values()
        for attribute in ("fill", "stroke")
        if f'{attribute}="{color.light}"' in picture
    )
    system = f".autograd:not(:is({_LIGHT_PAGES}) *){{{rules}}}"
    return f"@media screen and (prefers-color-scheme:dark){{{system}}}:is({_DARK_PAGES}) .autograd{{{rules}}}"


def _with_widths(body: str, widths: dict[tuple[float, float, str], float]) -> str:
    """Each text of a known width says it; the others are of characters whose widths Graphviz only guesses."""
    import html

    def wide(found: "re.Match[str]") -> str:
        attributes, x, y, text = found.groups()
        width = widths.get((_place(x), -_place(y), html.unescape(text)))
        if width is None:
            return found[0]
        return f'<text {attributes} textLength="{width:g}" lengthAdjust="spacingAndGlyphs">{text}</text>'

    return _TEXT.sub(wide, body)


def _widths(layout: str) -> Iterator[tuple[tuple[float, float, str], float]]:
    """The width of each text, by its place and its words."""
    import json

    if not layout.strip():
        return
    graph = json.loads(layout)
    for thing in (graph, *graph.get("objects", ()), *graph.get("edges", ())):
        for drawn in (*thing.get("_ldraw_", ()), *thing.get("_hldraw_", ()), *thing.get("_tldraw_", ())):
            if drawn["op"] == "T":
                yield (_place(drawn["pt"][0]), _place(drawn["pt"][1]), drawn["text"]), drawn["width"]


def _place(coordinate: str | float) -> float:
    return round(float(coordinate), 1)
