"""Random programs through `autograd.compile`: 300 seeds here, thousands by `python -m tests.compiler.fuzz`."""

import pytest

from autograd.compiler import hoisting
from tests.compiler.fuzz import explained, main, report
from tests.compiler.interpreted import interpreted

FOUND = (225, 590, 3183, 3961, 4065, 20335)
"""Seeds of which each showed a fault of its own: in turned products, moved sums, signs of zero, shared memory."""
PIECES = 10
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
    assert [found for found in map(report, range(700, 760)) if found.wrong] == []


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
