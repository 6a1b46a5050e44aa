"""The looks of the pieces of a picture, as attributes and labels of Graphviz.

>>> from autograd.show.looks import box, operation_label
>>> operation_label("power", "2"), operation_label("power", "0.5"), operation_label("multiply")
('( )²', '( )^0.5', '×')
>>> box("x]", [("", "3.0")])
'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"><TR><TD COLSPAN="2"><B>x&#93;</B></TD></TR><TR><TD COLSPAN="2">3.0</TD></TR></TABLE>>'
"""

from collections.abc import Sequence
from typing import Final

from autograd.operations import symbol
from autograd.show.palette import PALETTE, look
from autograd.wording import visible

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
OPERATION: Final = {
    "shape": "ellipse", "style": "filled", "fontsize": "14",
    "width": "0.4", "height": "0.35", "margin": "0.04,0.02", "ordering": "in",
} | look("operation")  # fmt: skip
PAIRS: Final = {"shape": "plain", "ordering": "in", "fontsize": "14"}
"""Of a sum of products, whose label has a port for each pair."""
STUB: Final = {
    "style": "rounded,dashed", "margin": "0.12,0.04", "color": PALETTE["line"].light, "fontcolor": PALETTE["soft"].light,
}  # fmt: skip
SIDES: Final = {"LR": "w", "TB": "n", "RL": "e", "BT": "s"}
"""The side on which lines come in, by the direction of a picture."""
_FAINT: Final = PALETTE["soft"].light
_COLUMN: Final = 0.62
"""Ems, in which any digit of any common font fits."""
_RAISED: Final = dict(zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True))


def text(string: str) -> str:
    """Any string, harmless and visible inside a label."""
    import html

    # Graphviz reads \N, \G and their like even there, and 2.42, Debian's, stumbles over a bare ].
    return html.escape(visible(string)).replace("\\", "\\\\").replace("]", "&#93;")


def small(words: str, role: str = "soft") -> str:
    """A part of a label that is already text, in small letters of a color."""
    return f'<FONT POINT-SIZE="10" COLOR="{PALETTE[role].light}">{words}</FONT>'


def operation_label(op: str, exponent: str | None = None) -> str:
    """The sign of an operation, in an ellipse; a power of a plain number shows its exponent."""
    exponent = "2" if op == "square" else exponent
    if exponent is None:
        return symbol(op)
    raised = [_RAISED.get(c, "") for c in exponent]
    return f"( ){''.join(raised) if all(raised) else f'^{exponent}'}"


def pairs_label(pairs: Sequence[int], direction: str, skipped: bool) -> str:
    """The label of a sum of products: a × for each pair shown, where its two lines meet, and dots for pairs skipped."""
    cells = [f'<TD PORT="p{i}" CELLPADDING="4">×</TD>' for i in pairs]
    if skipped:
        cells.insert((len(cells) + 1) // 2, '<TD CELLPADDING="0">⋮</TD>' if direction in "LRL" else "<TD>…</TD>")
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


def box(name: str, floats: Sequence[tuple[str, str]], formula: str = "", columns: int = 0) -> str:
    """The label of a node: its name, a formula, and its numbers with their titles, in at least so many columns."""
    room = f' WIDTH="{round(12 * _COLUMN * columns) + 6}"' if columns else ""
    rows = [f'<TR><TD COLSPAN="2"><B>{text(name)}</B></TD></TR>'] if name else []
    if formula:
        rows.append(f'<TR><TD COLSPAN="2"><FONT POINT-SIZE="11">{text(formula)}</FONT></TD></TR>')
    for title, number in floats:
        if title:
            heading = f'<TD ALIGN="LEFT"><FONT COLOR="{_FAINT}">{title}</FONT></TD>'
            rows.append(f'<TR>{heading}<TD ALIGN="RIGHT"{room}>{number}</TD></TR>')
        else:
            rows.append(f'<TR><TD COLSPAN="2"{room}>{number}</TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>>'


def line_label(words: str, columns: int) -> str:
    """The label of a line, which takes the room of so many columns whatever it says."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{round(10 * _COLUMN * columns) + 8}" HEIGHT="14"'
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0"><TR><TD {size}>{words}</TD></TR></TABLE>>'
