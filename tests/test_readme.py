"""The README shows the output of its commands; its Python blocks run as doctests."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd.__main__ import main
from autograd.show.pictures.draw import draw
from autograd.show.pictures.palette import PALETTE
from autograd.toy import Toy

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def without_rounding(text: str) -> str:
    """The text without the differences that are rounding errors, because they depend on the C library."""
    return re.sub(r" +-?\d\.\de[+-]\d\d", " …", text)


def test_the_first_command_prints_the_output_that_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path)])
    (shown,) = re.findall(r"^```text\n(.+?)^```$", README, re.MULTILINE | re.DOTALL)
    assert without_rounding(shown) in without_rounding(capsys.readouterr().out)


def texts(svg: str) -> list[str]:
    return [t.text or "" for t in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_is_that_of_the_command(tmp_path: Path) -> None:
    (command,) = re.findall(r"bin/scalar-autograd (draw .+) -o g\.svg", README)
    main([*shlex.split(command), "-o", str(tmp_path / "g.svg")])
    shown = (ROOT / "demos" / "neuron.svg").read_text(encoding="utf-8")
    assert texts(shown) == texts((tmp_path / "g.svg").read_text(encoding="utf-8"))


def test_the_picture_is_that_of_the_toy_network(tmp_path: Path) -> None:
    main(["--out", str(tmp_path)])
    shown = (ROOT / "demos" / "toy_network.svg").read_text(encoding="utf-8")
    assert texts(shown) == texts((tmp_path / "toy-before.svg").read_text(encoding="utf-8"))


def test_every_file_that_is_linked_exists() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_picture_can_be_drawn_as_the_text_says() -> None:
    toy = Toy(x=1.0, target=0.2, w1=0.1, b1=0.2, w2=0.3, b2=0.4)
    assert PALETTE["parameter"].light in draw(toy.loss(), parameters=toy.weights).dot


def test_every_lesson_is_in_the_table() -> None:
    listed = re.findall(r"^\| \[`(\w+)\.py`\]\(demos/\1\.py\)", README, re.MULTILINE)
    assert set(listed) == {p.stem for p in ROOT.glob("demos/*.py")}
