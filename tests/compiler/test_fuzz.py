"""Random programs through `autograd.compile`: 300 seeds here, thousands by `python -m tests.compiler.fuzz`."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from autograd.compiler import backends, hoisting
from autograd.compiler.binding import UnavailableError
from autograd.compiler.native import text
from tests.compiler.fuzz import explained, main, report
from tests.compiler.interpreted import interpreted

FOUND = (225, 590, 3183, 3961, 4065, 20335)
"""Seeds of which each showed a fault of its own: in turned products, moved sums, signs of zero, shared memory."""
PIECES = 6
PIECE = 30


@pytest.mark.parametrize("seed", FOUND)
def test_programs_that_were_wrong_once(seed: int) -> None:
    assert report(seed).wrong == ""


@pytest.mark.parametrize("piece", range(PIECES))
def test_compiled_programs_are_the_eager_ones(piece: int) -> None:
    seeds = range(piece * PIECE, (piece + 1) * PIECE)
    wrong = [found for found in map(report, seeds) if found.wrong]
    assert not wrong, f"{len(wrong)} wrong, the first:\n{wrong[0].wrong}\n{explained(wrong[0].seed)}"


def test_the_face_alone_is_right() -> None:
    with interpreted():
        assert [found for found in map(report, range(60)) if found.wrong] == []


def test_short_recurrences_are_right_with_their_derivatives_worked_out_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hoisting, "FEWEST", 2)
    monkeypatch.setattr(hoisting, "NARROW", 1)
    assert [found for found in map(report, range(700, 740)) if found.wrong] == []


def test_the_command_prints_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["0", "20", "--plainly"]) == 0
    assert "20 programs, 0 wrong" in capsys.readouterr().out


def test_the_command_names_wrong_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise NotImplementedError("no")

    monkeypatch.setattr("tests.compiler.fuzz.compiled", refused)
    monkeypatch.setattr("tests.compiler.fuzz.Plainly", refused)
    assert main(["3", "5", "--plainly", "--shrink", "1"]) == 1
    printed = capsys.readouterr().out
    assert "2 wrong" in printed
    assert "smallest" in printed
    assert "each pass is right" in printed


# ── quick runs ──

QUICK = ["--backends", "numpy,c", "--quick"]


def files_in(folder: Path) -> set[Path]:
    return {*folder.rglob("*")}


@pytest.mark.usefixtures("c_compiler", "extension")
def test_a_quick_run_compiles_c_and_leaves_nothing(
    compiled_objects: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, environment = files_in(compiled_objects), dict(os.environ)
    assert main(["41", "47", *QUICK]) == 0
    printed = capsys.readouterr().out
    assert "seeds 41 to 46, quick but for each 40th, numpy,c" in printed
    assert "6 programs, 0 wrong" in printed
    assert "left" not in printed
    assert files_in(compiled_objects) == before
    assert files_in(tmp_path) == set()
    assert dict(os.environ) == environment


@pytest.mark.usefixtures("c_compiler", "extension")
@pytest.mark.parametrize("seeds", [("41", "47"), ("40", "41")])
def test_quick_and_whole_runs_find_a_fault_of_c(
    seeds: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = text.Text.files

    def bent(*given: Any) -> dict[str, str]:
        found = usual(*given)
        return found | {"program.c": found["program.c"].replace("splat(seed)", "splat(seed * 1.000001)")}

    monkeypatch.setattr(text.Text, "files", bent)
    assert main([*seeds, *QUICK, "--shrink", "0"]) == 1
    printed = capsys.readouterr().out
    assert "c gradient" in printed
    assert "numpy" not in printed.partition("\n")[2]


def test_a_back_end_that_is_not_there_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: object, __: int) -> None:
        raise UnavailableError("there is none")

    monkeypatch.setitem(backends._MAKERS, "native", missing)
    assert main(["3", "4", "--backends", "native", "--shrink", "0"]) == 1
    assert "backend='native' isn't there, so numpy runs the program: there is none" in capsys.readouterr().out


def test_programs_that_a_back_end_declines_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MOST", 0)
    monkeypatch.setattr(text, "WIDE", 0)
    assert main(["41", "43", "--backends", "c,numpy", "--quick"]) == 0
    assert "c left 2 of them, or a part, to another back end" in capsys.readouterr().out
