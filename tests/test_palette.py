"""The colors of pictures: text can be read and lines can be seen in both themes, and a color says its role."""

import re

import pytest

from autograd.show.pictures.palette import PALETTE, SERIES, Color, darkened, look

TEXT_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3: of text with its background, at least."""
LINE_CONTRAST = 3.0
"""The same, 1.4.11: of lines that carry meaning."""
FILLS = ("page", "interior", "leaf", "parameter", "constant", "root", "operation")
KINDS = FILLS[1:]
EVERYWHERE = ("ink", "soft", "bad")
LINES = ("line", "zero", "leaf line", "parameter line", "root line", *SERIES, "lit")
PAGES = Color("#ffffff", "#1e1e1e"), Color("#f7f7f7", "#0d1117"), Color("#ffffff", "#111111")
"""Of VS Code, GitHub and JupyterLab."""


def luminance(color: str) -> float:
    """The relative luminance of WCAG 2.2."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    pairs = [(text, fill) for text in EVERYWHERE for fill in FILLS]
    pairs += [(text, fill) for text in (*SERIES, "lit") for fill in ("page", "interior")]
    assert {
        (text, fill): ratio
        for text, fill in pairs
        if (ratio := contrast(getattr(PALETTE[text], theme), getattr(PALETTE[fill], theme))) < TEXT_CONTRAST
    } == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_can_be_seen_on_every_page(theme: str) -> None:
    pages = [getattr(page, theme) for page in (PALETTE["page"], PALETTE["interior"], *PAGES)]
    assert {
        (line, page): ratio
        for line in LINES
        for page in pages
        if (ratio := contrast(getattr(PALETTE[line], theme), page)) < LINE_CONTRAST
    } == {}


def test_a_light_color_has_one_role() -> None:
    assert len({color.light for color in PALETTE.values()}) == len(PALETTE)
    # One that is its own role's dark color or another's would be turned twice.
    assert not {color.light for color in PALETTE.values()} & {color.dark for color in PALETTE.values()}
    assert all(re.fullmatch("#[0-9a-f]{6}", text) for color in PALETTE.values() for text in color)


def test_kinds_of_nodes_differ() -> None:
    assert len({look(kind)["fillcolor"] for kind in KINDS}) == len(KINDS)
    light = {color.light for color in PALETTE.values()}
    assert {text for kind in KINDS for text in look(kind).values()} <= light


def test_darkened_changes_colors_and_no_labels() -> None:
    leaf, line = PALETTE["leaf"], PALETTE["leaf line"]
    hostile = f'color="{leaf.light}"'
    dot = (
        f'digraph {{ graph [bgcolor="{PALETTE["page"].light}"] '
        f'x [fillcolor="{leaf.light}:{line.light.upper()}" fontcolor="{line.light}" '
        f'label=<<FONT COLOR="{line.light}">color=&quot;{leaf.light}&quot;</FONT>>] '
        f'y [label="{hostile.replace(chr(34), chr(92) + chr(34))}" color="#123456"] }}'
    )
    dark = darkened(dot)
    assert dark.count(leaf.light) == 2
    assert dark.count(line.light) == 0
    assert dark.count(line.dark) == 3
    assert f'fillcolor="{leaf.dark}:{line.dark}"' in dark
    assert 'color="#123456"' in dark
    assert f'bgcolor="{PALETTE["page"].dark}"' in dark
