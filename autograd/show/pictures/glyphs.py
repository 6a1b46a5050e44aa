"""Characters that need fonts or width of their own: Chinese, Japanese, Korean, emoji, and all that few fonts have.

>>> from autograd.show.pictures.glyphs import rare
>>> rare("x₁ ≤ σ(√2) 中文 🎉")
'中文🎉'
"""

import re
from typing import Final

FAMILIES: Final = ("Helvetica", "Arial", "Liberation Sans", "Arimo", "Nimbus Sans", "Noto Sans", "DejaVu Sans")
"""Of the same widths as Helvetica, for which Graphviz lays out, and then two that Linux always has one of."""
CJK: Final = (
    "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Noto Sans CJK SC", "Noto Sans SC",
    "Source Han Sans SC", "WenQuanYi Micro Hei",
)  # fmt: skip
EMOJI: Final = ("Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji")
"""Of macOS, Windows and Linux, in this order, as those before them."""

_WIDE: Final = (
    "\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003ffff"
)
_PICTURE: Final = "\u231a-\u231b\u23e9-\u23f3\u2600-\u27bf\u2b1b-\u2b55\U0001f000-\U0001faff"
_PART: Final = "\u200d\ufe0f\u20e3"
"""Of an emoji, after another part."""
RUN: Final = re.compile(f"(?P<cjk>[{_WIDE}]+)|(?P<emoji>[{_PICTURE}][{_PICTURE}{_PART}]*)")

# Found by drawing every character: the rest of these blocks are boxes. The symbols of control characters, from U+2400,
# are boxes too, but they only stand for what can't be seen.
_COMMON: Final = (
    "\\x00-\u052f\u1d00-\u1df5\u1dfb-\u1fff\u2000-\u20be\u20d0-\u214f\u2190-\u2195\u2202\u2206\u220f\u2211\u2212\u2215"
    "\u2219\u221a\u221e\u221f\u2229\u222b\u2248\u2260\u2261\u2264\u2265\u2400-\u2426\u25cf\ufe00-\ufe0f\ufffc\ufffd"
)
_RARE: Final = re.compile(f"[^{_COMMON}]+")
_PAD: Final = "\ue000"
_PER_PAD: Final = 5


def rare(text: str) -> str:
    """The characters for which the fonts inside graphviz-pure have no glyph."""
    return "".join(_RARE.findall(text))


def padded(dot: str) -> str:
    """DOT text in which wide characters get the width that they need; `unpadded` takes it away again.

    The program graphviz-pure takes each for 5/6 of its width. A pad is as wide as what five of them lack, and is of
    the private use area, which `visible` never lets through.
    """
    return RUN.sub(lambda found: found[0] + _PAD * round(len(found[0]) / _PER_PAD) if found["cjk"] else found[0], dot)


def unpadded(svg: str) -> str:
    """SVG text without pads."""
    return svg.replace(_PAD, "")


def families(*lists: tuple[str, ...]) -> str:
    """Font families as CSS and SVG write them."""
    return ",".join(family for several in lists for family in several)
