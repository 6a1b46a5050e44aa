"""The looks of the pieces of a picture, as attributes and labels of Graphviz.

>>> from autograd.show.pictures.looks import operation_label, text
>>> operation_label("power", [2.0]), operation_label("power", [0.5]), operation_label("multiply")
('( )²', '( )^0.5', '×')
>>> operation_label("cross_entropy", [0.0, 1.0])
'cross-entropy, class 1'
>>> text("x] & y")
'x&#93; &amp; y'
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from autograd.operations import symbol
from autograd.show.pictures.palette import PALETTE, look
from autograd.wording import brief, visible


class Sides(NamedTuple):
    """The sides of a box on which lines come in and go out."""

    enter: str
    leave: str


UNKNOWN: Final = "—"
FONT: Final = {"fontname": "Helvetica", "fontcolor": PALETTE["soft"].light}
KINDS: Final = {
    "constant": {"style": "rounded,filled"} | look("constant"),
    "parameter": {"style": "rounded,filled", "penwidth": "2"} | look("parameter"),
    "leaf": {"style": "rounded,filled"} | look("leaf"),
    "root": {"style": "filled", "peripheries": "2"} | look("root"),
    "interior": {"style": "filled"} | look("interior"),
}
COPY: Final = {"style": "rounded,filled,dashed", "fontsize": "10", "margin": "0.06,0.02"}
"""Beside the look of its kind: a node that is drawn again."""
HIGHLIGHT: Final = {"color": PALETTE["lit"].light, "penwidth": "4"}
LIT: Final = {"color": PALETTE["lit"].light, "penwidth": "3", "style": "solid"}
"""Of the lines of the last step."""
LINE: Final = {"color": PALETTE["line"].light}
"""Of the lines along which no gradient is known to flow."""
MAIN: Final = {"weight": "4"}
"""Of the lines between operations, which are kept straight."""
OPERATION: Final = {
    "shape": "ellipse", "style": "filled", "fontsize": "14",
    "width": "0.4", "height": "0.35", "margin": "0.04,0.02", "ordering": "in",
} | look("operation")  # fmt: skip
PAIRS: Final = {"shape": "plain", "ordering": "in", "fontsize": "14"}
"""Of a sum of products, whose label has a port for each pair."""
STUB: Final = {
    "style": "rounded,dashed", "margin": "0.12,0.04",
    "color": PALETTE["line"].light, "fontcolor": PALETTE["soft"].light,
}  # fmt: skip
SIDES: Final = {"LR": Sides("w", "e"), "TB": Sides("n", "s"), "RL": Sides("e", "w"), "BT": Sides("s", "n")}
"""By the direction of a picture."""
_FAINT: Final = PALETTE["soft"].light
_COLUMN: Final = 0.62
"""Ems, in which any digit of any common font fits."""
_TABLE: Final = '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{}</TABLE>>'
_RAISED: Final = dict(zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True))


def text(string: str) -> str:
    """Any string, harmless and visible inside a label; a long one is cut."""
    return escaped(visible(string))


def escaped(string: str) -> str:
    """A visible string as it is written inside a label."""
    import html

    # Graphviz reads \N, \G and their like even there, and 2.42, Debian's, stumbles over a bare ].
    return html.escape(string).replace("\\", "\\\\").replace("]", "&#93;")


def small(words: str, role: str = "soft") -> str:
    """A part of a label that is already text, in small letters of a color."""
    return f'<FONT POINT-SIZE="10" COLOR="{PALETTE[role].light}">{words}</FONT>'


def operation_label(op: str, numbers: Sequence[float] = ()) -> str:
    """The sign of an operation, in an ellipse, with the plain numbers in it: an exponent, or the target of softmax."""
    if op == "square" or (op == "power" and numbers):
        exponent = brief(2.0 if op == "square" else numbers[0])
        raised = [_RAISED.get(c, "") for c in exponent]
        return f"( ){''.join(raised) if all(raised) else f'^{exponent}'}"
    sign = symbol(op).replace("_", "-") if numbers else symbol(op)
    return f"{sign}, class {numbers.index(1.0)}" if sorted(numbers) == [0.0] * (len(numbers) - 1) + [1.0] else sign


def pairs_label(pairs: Sequence[int], direction: str, skipped: bool, beside: bool) -> str:
    """The label of a sum of products: a × for each pair shown, where its two lines meet, and dots for pairs skipped.

    It is as long as the row of its operands if these are beside it, because nothing else uses them.
    """
    size = ('HEIGHT="162"' if direction in "LRL" else 'WIDTH="170"') if beside else 'CELLPADDING="6"'
    cells = [f'<TD PORT="p{i}" {size}>×</TD>' for i in pairs]
    if skipped:
        cells.insert((len(cells) + 1) // 2, "<TD>…</TD>")
    sign = '<TD {}="{}" CELLPADDING="6">Σ</TD>'.format("ROWSPAN" if direction in "LRL" else "COLSPAN", len(cells))
    if direction == "LR":
        rows = [cells[0] + sign, *cells[1:]]
    elif direction == "RL":
        rows = [sign + cells[0], *cells[1:]]
    else:
        rows = ["".join(cells), sign] if direction == "TB" else [sign, "".join(cells)]
    colors = look("operation")
    return (
        f'<<TABLE STYLE="ROUNDED" BORDER="1" CELLBORDER="0" CELLSPACING="0" COLOR="{colors["color"]}" '
        f'BGCOLOR="{colors["fillcolor"]}">{"".join(f"<TR>{row}</TR>" for row in rows)}</TABLE>>'
    )


def box(name: str, floats: Sequence[tuple[str, str]], columns: int = 0) -> str:
    """The label of a node: its name, and its numbers with their titles, in at least so many columns."""
    reserved = f' WIDTH="{round(12 * _COLUMN * columns) + 6}"' if columns else ""
    rows = [f'<TR><TD COLSPAN="2"><B>{text(name)}</B></TD></TR>'] if name else []
    for title, number in floats:
        if title:
            rows.append(f'<TR><TD ALIGN="LEFT">{_faint(title)}</TD><TD ALIGN="RIGHT"{reserved}>{number}</TD></TR>')
        else:
            rows.append(f'<TR><TD COLSPAN="2"{reserved}>{number}</TD></TR>')
    return _TABLE.format("".join(rows))


def formula_box(name: str, formula: str, floats: Sequence[tuple[str, str]]) -> str:
    """The label of a box of several nodes: the name of the last one, the formula, and the numbers in one line."""
    numbers = "   ".join(f"{_faint(title)} {number}" for title, number in floats)
    lines = f"<B>{text(name)}</B>", f'<FONT POINT-SIZE="11">= {escaped(formula)}</FONT>', numbers
    return _TABLE.format("".join(f"<TR><TD>{line}</TD></TR>" for line in lines))


def _faint(title: str) -> str:
    return f'<FONT COLOR="{_FAINT}">{title}</FONT>'


def line_label(words: str, columns: int) -> str:
    """The label of a line, in a frame of so many columns."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{round(10 * _COLUMN * columns) + 8}" HEIGHT="14"'
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0"><TR><TD {size}>{words}</TD></TR></TABLE>>'
