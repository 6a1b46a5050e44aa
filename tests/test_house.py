"""The house: which rooms there are, and that every arrow points downstream."""

import ast
import re
from pathlib import Path

import pytest

import autograd

PACKAGE = Path(autograd.__file__).parent
RIVER = (
    *("ieee", "rules", "number", "native", "graph", "modes", "value", "functions"),
    *("losses", "optim", "nn/module", "nn/choices", "nn/dense", "nn/recurrent", "nn/convolution", "nn/__init__"),
    *(
        "train",
        "state",
        "formula/rulebook",
        "formula/vocabularies",
        "formula/text",
        "formula/__init__",
        "functional",
        "naming",
        "check/__init__",
        "check/strategies",
    ),
    *(
        "picture",
        "draw",
        "chart",
        "arithmetic",
        "step",
        "terminal",
        "paths",
        "outline",
        "diagnosis",
        "expression",
        "toy",
        "__main__",
    ),
)
"""Upstream first. Beside them, autograd/__init__ gathers the public names."""


def rooms() -> dict[str, Path]:
    found = {str(p.relative_to(PACKAGE).with_suffix("")): p for p in PACKAGE.rglob("*.py")}
    return {name.replace("\\", "/"): path for name, path in found.items() if name != "__init__"}


def imported(path: Path) -> set[str]:
    """The rooms that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "autograd":
            names |= {f"autograd.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    inside = {name.removeprefix("autograd.").replace(".", "/") for name in names if name.startswith("autograd.")}
    return {f"{name}/__init__" if name in ("check", "formula", "nn") else name for name in inside} & set(RIVER)


def test_the_rooms_are_those_of_the_river() -> None:
    assert set(rooms()) == set(RIVER)


@pytest.mark.parametrize("room", RIVER)
def test_every_arrow_points_downstream(room: str) -> None:
    below = RIVER[RIVER.index(room) :]
    assert not imported(rooms()[room]) & set(below)


def test_the_package_imported_is_this_one() -> None:
    assert (PACKAGE / "rules.py").is_file()
    assert autograd.Value.__module__ == "autograd.value"


def test_derivatives_are_stated_in_one_room() -> None:
    """No other room holds a formula: only rules calls are unpacked into z and dx."""
    for name, path in rooms().items():
        if name not in ("rules", "toy"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"1\.0 - z \* z|z \* \(1\.0 - z\)", text), name


def test_public_names_are_documented() -> None:
    for name in autograd.__all__:
        assert getattr(autograd, name).__doc__, name
