"""Every demo runs from top to bottom and ends where it should."""

from pathlib import Path

import pytest

from tests.running import python

DEMOS = Path(__file__).parent.parent / "demos"
OUTCOMES = {"toy_network": (["--steps", "80"], "after 70 steps: L = 9.12e-07, y = 0.2010 for t = 0.2", 3)}


def test_no_demo_is_forgotten() -> None:
    assert {p.stem for p in DEMOS.glob("*.py")} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_demo_ends_where_it_should(name: str, tmp_path: Path) -> None:
    options, last_words, pictures = OUTCOMES[name]
    done = python(str(DEMOS / f"{name}.py"), *options, "--out", str(tmp_path))
    assert last_words in done.stdout
    assert len(list(tmp_path.glob("*.svg"))) == pictures
    assert not done.stderr


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_demo_is_made_of_cells_and_explains_its_options(name: str) -> None:
    path = DEMOS / f"{name}.py"
    assert path.read_text(encoding="utf-8").count("# %%") >= 5
    assert "--out" in python(str(path), "--help").stdout
