"""The settings of `.ci/mutants.py` name files and tests that exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]


def test_the_modules_and_the_tests_nearest_to_them_exist() -> None:
    for beginning, files in SETTINGS["tests"].items():
        assert (ROOT / "autograd" / beginning).exists(), beginning
        assert all(map(is_there, files.split())), beginning


def is_there(name: str) -> bool:
    """Whether there is a file of tests, or a test in it."""
    file, _, function = name.partition("::")
    path = ROOT / "tests" / file
    return path.is_file() and (not function or f"def {function}(" in path.read_text(encoding="utf-8"))


def test_slow_tests_exist() -> None:
    for name in SETTINGS["slow"]:
        assert "::" in name
        assert is_there(name), name


def test_an_equivalent_has_a_reason_and_a_module() -> None:
    for group in SETTINGS["equivalent"]:
        assert group["reason"].endswith(".")
        assert group["lines"]
        for entry in group["lines"]:
            module = re.match(r"\S+\.py(?=: )", entry)
            assert module is None or (ROOT / "autograd" / module[0]).is_file(), entry
