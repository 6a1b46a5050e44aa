"""The settings of `.ci/mutants.py` name files and tests that exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]


def test_the_modules_and_the_tests_nearest_to_them_exist() -> None:
    for beginning, files in SETTINGS["tests"].items():
        assert (ROOT / "autograd" / beginning).exists(), beginning
        assert all((ROOT / "tests" / name).is_file() for name in files.split()), beginning


def test_slow_tests_exist() -> None:
    for name in SETTINGS["slow"]:
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_an_equivalent_has_a_reason_and_a_module() -> None:
    for group in SETTINGS["equivalent"]:
        assert group["reason"].endswith(".")
        assert group["lines"]
        for entry in group["lines"]:
            module = re.match(r"\S+\.py(?=: )", entry)
            assert module is None or (ROOT / "autograd" / module[0]).is_file(), entry
