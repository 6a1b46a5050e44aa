"""Rendering and saving: whole or not at all, with and without a renderer."""

import os
import re
import subprocess
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import Drawing, Value, draw, draw_dot
from autograd.operations import OPERATIONS, symbol
from autograd.show.names import LENGTH
from autograd.show.pictures import picture, typesetting
from autograd.show.pictures.chart import draw_curves
from autograd.show.pictures.glyphs import rare
from autograd.show.pictures.haste import CAREFUL, HASTY, haste
from autograd.show.pictures.palette import PALETTE
from autograd.show.pictures.picture import PNG_DPI, render
from autograd.wording import visible
from tests.running import python

SVG = "{http://www.w3.org/2000/svg}"
HELVETICA = {"3": 0.556, ".": 0.278, "0": 0.556}
"""Widths of the font metrics that Adobe published, in ems."""

# ── files ──


@pytest.mark.parametrize(
    ("name", "start"), [("g.svg", b"<svg"), ("g.PNG", b"\x89PNG"), ("g.pdf", b"%PDF"), ("g.dot", b"digraph")]
)
def test_a_drawing_is_saved_by_extension(tmp_path: Path, name: str, start: bytes) -> None:
    path = draw(Value(1.0, label="ß∂").exp()).save(str(tmp_path / name))
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_only_a_svg_has_two_themes(tmp_path: Path) -> None:
    drawing = draw(Value(1.0))
    for name, one, other in [
        ("g.svg", None, True),
        ("g.svg", False, True),
        ("g.png", None, True),
        ("g.dot", None, True),
    ]:
        assert (
            drawing.save(tmp_path / name, dark=one).read_bytes()
            != drawing.save(tmp_path / name, dark=other).read_bytes()
        )
    with pytest.raises(ValueError, match="dark is True, False or None, not 'night'"):
        drawing.save(tmp_path / "g.svg", dark="night")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["g.gif", "g", ".svg"])
def test_other_extensions_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(Value(1.0)).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.svg"
    path.write_text("old")
    monkeypatch.setattr(picture, "renderer", lambda: None)
    with pytest.raises(RuntimeError, match="pip install graphviz-pure"):
        draw(Value(1.0)).save(path)
    assert path.read_text() == "old"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.dot"
    path.write_text("old")

    def full_disk(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space"):
        draw(Value(1.0)).save(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_a_saved_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "g.dot", tmp_path / "g.dot"
    real.write_text("old")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("no symbolic links here")
    draw(Value(1.0)).save(link)
    assert link.is_symlink()
    assert real.read_text().startswith("digraph")


# ── the renderer ──


def fake_program(folder: Path, name: str, script: str) -> None:
    if os.name != "posix":
        pytest.skip("the stand-in is a shell script")
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program of the wheel renders, even where there is a system `dot`."""
    program = picture._installed("graphviz-pure")
    monkeypatch.setattr(picture, "renderer", lambda: program)


def test_without_a_renderer_a_drawing_still_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "renderer", lambda: None)
    drawing = draw(Value(1.0).exp())
    assert drawing._repr_svg_() is None
    assert repr(drawing) == 'Drawing(2 nodes, 1 edge): a picture, saved with .save("graph.svg")'
    for attempt in (drawing.svg, drawing.png):
        with pytest.raises(RuntimeError, match=r"pip install graphviz-pure, or install Graphviz"):
            attempt()
    assert "n1_op" in draw_dot(Value(1.0).exp()).source


def test_a_notebook_shows_the_svg_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = draw(Value(1.0))
    assert drawing._repr_svg_() == drawing.svg()

    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(picture, "render", fail)
    assert drawing._repr_svg_() is None


def test_a_system_dot_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "dot", 'cat > /dev/null; echo "$@"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert render("digraph {}", "svg", "neato", ["-n2"]) == b"-Kneato -Tsvg -n2\n"


def test_the_words_of_a_failing_renderer_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "dot", "cat > /dev/null; echo 'no such font' >&2; exit 3")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(RuntimeError, match="failed with status 3: no such font"):
        draw(Value(1.0)).svg()
    assert draw(Value(1.0))._repr_svg_() is None


def test_a_renderer_that_complains_and_draws_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "dot", "cat > /dev/null; echo 'Warning: width' >&2; echo '<svg/>'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert draw(Value(1.0)).svg() == "<svg/>\n"


def test_a_renderer_that_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "renderer", lambda: str(tmp_path))
    with pytest.raises(RuntimeError, match="can't be run"):
        draw(Value(1.0)).svg()


def test_a_system_dot_paints_the_page_and_writes_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "dot", 'cat > /dev/null; echo "$@"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    page, ink, drawing = PALETTE["page"], PALETTE["ink"], Drawing('digraph { "中" }', "")
    png = drawing.png().decode().split()
    assert {"-Tpng", "-Gdpi=150", f"-Gbgcolor={page.light}", f"-Ecolor={ink.light}"} <= {*png}
    monkeypatch.setattr(typesetting, "available", lambda: False)
    pdf = drawing.pdf(dark=True).decode().split()
    assert {"-Tpdf", "-Gmargin=0", f"-Gbgcolor={page.dark}", f"-Nfontcolor={ink.dark}"} <= {*pdf}


def test_a_renderer_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(RuntimeError, match="more than 60 seconds; draw fewer nodes with max_nodes"):
        draw(Value(1.0)).svg()


def test_bad_dot_text_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"failed with status 1: .*syntax error"):
        render("digraph {", "svg")


def test_positions_of_ones_own_are_kept() -> None:
    svg = render('graph { a [pos="0,0"]; b [pos="500,100"] }', "svg", "neato", ["-n2"]).decode()
    width = re.search(r'width="(\d+)', svg)
    assert width is not None
    assert int(width[1]) > 500


def test_the_wheel_is_found_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert Path(picture.renderer() or "").stem == "graphviz-pure"
    assert Path(picture._installed("graphviz-pure") or "").is_file()
    assert picture._installed("no-such-distribution") is None


def test_nothing_heavy_is_imported_before_the_first_picture() -> None:
    program = "import sys, autograd; print({'graphviz', 'subprocess', 'html', 'importlib.metadata'} & {*sys.modules})"
    assert python("-c", program).stdout.strip() == "set()"


# ── layouts that would take long ──

QUICK: dict[str, str] = {}


def chain(nodes: int, attributes: str = "") -> str:
    """A leaf x that every node uses: its edges cross nodes·(nodes + 1)/2 ranks together, and the others one each."""
    steps = [f"s{i} -> s{i + 1}\nx -> s{i + 1}{attributes}" for i in range(nodes)]
    return "digraph {\n" + "\n".join(steps) + "\n}"


@pytest.mark.parametrize("nodes", [1, 20, 75])
def test_a_careful_layout_of_few_ranks(nodes: int) -> None:
    assert nodes * (nodes + 1) // 2 + nodes <= CAREFUL
    assert haste(chain(nodes)) == QUICK


def test_a_hasty_layout_of_many_ranks() -> None:
    few, fewest = haste(chain(76)), haste(chain(172))
    assert 172 * 173 // 2 + 172 > HASTY >= 171 * 172 // 2 + 171
    assert CAREFUL < 76 * 77 // 2 + 76
    assert few["splines"] == fewest["splines"] == "line"
    assert float(fewest["nslimit"]) < float(few["nslimit"])
    assert haste(chain(171)) == few
    assert haste(chain(60, ' [label="∂"]')) == few
    assert haste(chain(60, " [color=red]")) == QUICK


def test_leaves_stand_before_their_use_and_cycles_are_no_harm() -> None:
    leaves = "\n".join(f"x{i} -> s{i + 1}" for i in range(99))
    steps = "\n".join(f"s{i} -> s{i + 1}" for i in range(99))
    assert haste(f"digraph {{\n{leaves}\n{steps}\n}}") == QUICK
    assert haste('digraph {\n"a b" -> c\nc -> "a b"\nd -> c\n}') == QUICK


def test_a_hasty_picture_is_drawn_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, "dot", 'cat > /dev/null; echo "$@"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    drawing = Drawing(chain(100), "")
    for told in (drawing.svg().encode(), drawing.png()):
        assert b" -Gnslimit=2 -Gnslimit1=2 -Gsplines=line" in told


# ── the SVG ──


def test_a_svg_fits_its_place_and_says_what_it_is() -> None:
    root = ElementTree.fromstring(Drawing("digraph { x -> y }", 'Drawing("<x> & y")').svg())
    assert root.tag == f"{SVG}svg"
    assert root.attrib["viewBox"].split()[2:] == [
        f"{float(root.attrib[side][:-2]):.2f}" for side in ("width", "height")
    ]
    assert root.attrib["style"] == "max-width:100%;height:auto"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'Drawing("<x> & y")'
    assert [(title.text, title in root) for title in root.iter(f"{SVG}title")] == [('Drawing("<x> & y")', True)]
    assert "id" not in {name for part in root.iter() for name in part.attrib}


def test_texts_name_fonts_that_systems_have() -> None:
    root = ElementTree.fromstring(draw(Value(3.0, label="x")).svg())
    families = root.attrib["font-family"].split(",")
    assert families[0] == "Helvetica"
    assert {"Arial", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Segoe UI Emoji", "Noto Color Emoji"} <= {
        *families
    }
    assert {text.get("font-family") for text in root.iter(f"{SVG}text")} == {None}


@pytest.mark.usefixtures("bundled")
def test_a_text_is_as_wide_as_its_layout() -> None:
    svg = ElementTree.fromstring(draw(Value(3.0, label="σ")).svg())
    widths = {text.text: text.get("textLength") for text in svg.iter(f"{SVG}text")}
    assert float(widths["3.0"] or 0) == pytest.approx(12 * sum(HELVETICA[c] for c in "3.0"), abs=0.02)
    assert widths["σ"] is None  # Graphviz counts bytes there.


@pytest.mark.parametrize(
    "drawing", [draw(Value(0.5).tanh() * 2, partials=True), draw_curves([1.0, 0.1], title="t", across="x")]
)
def test_no_text_is_below_nine_points(drawing: Drawing) -> None:
    root = ElementTree.fromstring(drawing.svg())
    # With the unit pt and as many units in the viewBox, a unit is a point.
    assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(
        float(root.attrib["viewBox"].split()[2]), abs=0.5
    )
    assert min(float(text.attrib["font-size"]) for text in root.iter(f"{SVG}text")) >= 9.0


def test_other_fonts_keep_their_name() -> None:
    assert 'font-family="Courier' in Drawing('digraph { x [fontname="Courier"] }', "").svg()


@given(st.text(st.sampled_from("aZ09é中文あ한🎉👍🏽\u200d＃<&\"'\\]-"), min_size=1, max_size=15))
@example("名前が長い変数、x")
@settings(max_examples=30, deadline=None)
def test_labels_are_texts_of_the_svg(label: str) -> None:
    texts = {
        "".join(text.itertext())
        for text in ElementTree.fromstring(draw(Value(1.0, label=label)).svg()).iter(f"{SVG}text")
    }
    assert visible(label, LENGTH) in texts


@pytest.mark.parametrize("characters", ["中" * 12, "日本語の長い名前です", "한국어", "🎉🎉🎉"])
def test_wide_characters_have_room(characters: str) -> None:
    shape = re.search(r' points="([^"]*)"', draw(Value(1.0, label=characters)).svg())
    assert shape is not None
    across = [float(x) for x in re.findall(r"(-?[\d.]+),", shape[1])]
    assert max(across) - min(across) >= 12 * len(characters)


def every_role() -> Drawing:
    def node(color: str) -> str:
        return f'"{color}" [style=filled fillcolor="{color}" color="{color}" fontcolor="{color}"]'

    nodes = [node(color.light) for color in PALETTE.values()]
    return Drawing(f"digraph {{ {' '.join(nodes)} }}", "all")


def test_every_color_has_its_dark_one_in_both_themes() -> None:
    svg = every_role().svg()
    assert svg.count("<style>") == 1
    system, page = (
        svg[svg.index("<style>") : svg.index("</style>")].removeprefix("<style>@media screen and ").split("}}}")
    )
    assert system.startswith("(prefers-color-scheme:dark){")
    for color in PALETTE.values():
        for attribute in ("fill", "stroke"):
            rule = f'[{attribute}="{color.light}"]{{{attribute}:{color.dark}'
            assert system.count(rule) == page.count(rule) == 1
    assert 'data-jp-theme-light="true"' in system
    assert 'data-jp-theme-light="false"' in page


def test_a_dark_svg_has_no_light_color_but_in_words() -> None:
    dark = every_role().svg(dark=True)
    assert "<style>" not in dark
    for color in PALETTE.values():
        assert f'"{color.light}"' not in dark
        assert dark.count(f'fill="{color.dark}"') >= 2
        assert f">{color.light}<" in dark


def test_what_has_no_color_is_dark_too() -> None:
    plain = Drawing("digraph { label=g; x -> y [label=e] }", "")
    assert "black" not in plain.svg()
    assert {text.get("fill") for text in ElementTree.fromstring(plain.svg(dark=True)).iter(f"{SVG}text")} == {
        PALETTE["ink"].dark
    }


def test_a_light_svg_is_light_everywhere() -> None:
    assert not [color for color in PALETTE.values() if color.dark in every_role().svg(dark=False)]


# ── PNG and PDF ──


def size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


@pytest.mark.filterwarnings("ignore:no font here has")  # A box has a size, too.
@pytest.mark.parametrize("label", ["x", "中"])
def test_a_png_has_150_pixels_per_inch(label: str) -> None:
    drawing = draw(Value(1.0, label=label))
    points = re.search(r'width="(\d+)pt" height="(\d+)pt"', drawing.svg())
    assert points is not None
    assert size(drawing.png()) == pytest.approx([int(side) * PNG_DPI / 72 for side in points.groups()], abs=2.0)


@pytest.mark.parametrize("pair", ["中国", "あい", "한국", "🎉🌍"])
def test_each_character_has_its_own_glyph(pair: str) -> None:
    if not typesetting.has_glyphs(pair):
        pytest.skip(f"no font here has {pair}")
    one, other = (draw(Value(1.0, label=character)) for character in pair)
    assert size(one.png()) == size(other.png())
    assert one.png() != other.png()


@pytest.mark.usefixtures("bundled")
def test_usual_characters_need_no_more_than_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program takes three bytes for so much width, whatever they are: pictures differ by glyphs alone."""
    monkeypatch.setattr(typesetting, "available", lambda: False)
    assert not rare("".join(map(symbol, OPERATIONS)))
    assert not rare("αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ éÄßñ ∂√∑∏∫≤≥≠≈∞·×÷−±²³₁₂ᵢ ← → ′ … — „“ z̄")

    def drawn(character: str) -> bytes:
        return render(f'digraph {{ x [label="{character}" fontname="Helvetica"] }}', "png")

    box = drawn("中")
    assert {c for c in "∂√∑∏∫≤≥≠≈∞−₁ᵢ→…—" if drawn(c) == box} == set()
    assert [c for c in "文∇한ก" if drawn(c) != box or not rare(c)] == []


@pytest.mark.usefixtures("bundled")
def test_characters_without_a_glyph_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = draw(Value(1.0, label="中文 中"))
    monkeypatch.setattr(typesetting, "has_glyphs", lambda text: "中" not in text)
    with pytest.warns(UserWarning, match="no font here has 中: a box stands for it. Install one") as told:
        drawing.pdf()
    assert [warning.filename for warning in told] == [__file__]
    monkeypatch.setattr(typesetting, "available", lambda: False)
    with pytest.warns(UserWarning, match="don't have 中, 文: boxes stand for them.* pip install typst"):
        drawing.png()
    path = tmp_path / "g.pdf"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="graphviz-pure writes no PDF; pip install typst"):
        drawing.save(path)
    assert path.read_text() == "old"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing.save(tmp_path / "g.svg")


@pytest.mark.usefixtures("bundled")
def test_a_missing_glyph_is_found() -> None:
    assert typesetting.has_glyphs("ABC")
    assert not typesetting.has_glyphs("AB\U0010fffdC")
    missing = Drawing('digraph { x [label="A\U0010fffdB\U0010fffc"] }', "")
    with pytest.warns(UserWarning, match="no font here has \U0010fffd, \U0010fffc: a box"):
        missing.png()


@pytest.mark.filterwarnings("ignore:no font here has")
def test_a_dark_picture_is_dark() -> None:
    drawing = draw(Value(1.0, label="中"))
    assert drawing.pdf() == drawing.pdf() != drawing.pdf(dark=True)
    assert drawing.png() != drawing.png(dark=True)
