"""Rendering and saving: whole or not at all, with and without a renderer."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from autograd import Value, draw, draw_dot
from autograd.show import picture
from autograd.show.picture import render
from tests.running import python

# ── files ──


@pytest.mark.parametrize(("name", "start"), [("g.svg", b"<?xml"), ("g.PNG", b"\x89PNG"), ("g.dot", b"digraph")])
def test_a_drawing_is_saved_by_extension(tmp_path: Path, name: str, start: bytes) -> None:
    path = draw(Value(1.0, label="ß∂").exp()).save(str(tmp_path / name))
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["g.pdf", "g", ".svg"])
def test_other_extensions_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.dot"):
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


def test_without_a_renderer_a_drawing_still_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "renderer", lambda: None)
    drawing = draw(Value(1.0).exp())
    assert drawing._repr_svg_() is None
    assert repr(drawing) == 'Drawing(2 nodes, 1 edge): a picture, saved with .save("graph.svg")'
    for attempt in (drawing.svg, drawing.png):
        with pytest.raises(RuntimeError, match=r"pip install graphviz-pure, or install Graphviz"):
            attempt()
    assert "n1_op" in draw_dot(Value(1.0).exp()).source


def test_a_notebook_shows_the_svg() -> None:
    drawing = draw(Value(1.0))
    assert drawing._repr_svg_() == drawing.svg()


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
