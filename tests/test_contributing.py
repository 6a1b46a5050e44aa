"""The paths, commands and examples of CONTRIBUTING.md are those of the repository, and pre-commit runs CI's checks."""

import re
import shlex
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import read
from tests.test_architecture import imports

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks in that language, without the indentation of a list."""
    found = re.findall(rf"^( *)```{language}\n(.+?)^ *```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_every_path_exists() -> None:
    parts = re.findall(r"`([\w.]+/(?:[\w.]+/?)*|\w+\.py)`", GUIDE)
    assert {"engine/rules.py", "tests/oracle.py", ".build/", "losses.py"} <= set(parts)
    for part in parts:
        assert (ROOT / part).exists() or (ROOT / "autograd" / part).exists(), part


def test_the_map_has_every_part_of_the_package() -> None:
    rows = "\n".join(re.findall(r"^\| (.+?) \|", GUIDE, re.MULTILINE))
    helpers = {"__init__.py", "arguments.py", "console.py", "wording.py", "py.typed", "__pycache__"}
    for path in (ROOT / "autograd").iterdir():
        assert path.name in helpers or f"`{path.name}" in rows, path.name


def test_no_row_of_the_map_imports_a_later_one() -> None:
    rows = [re.findall(r"`([\w./]+)`", row) for row in re.findall(r"^\| (`.+?) \|", GUIDE, re.MULTILINE)]
    place = {path: i for i, row in enumerate(rows) for path in row if path != "autograd/"}

    def of(module: str) -> int | None:
        path = module.removeprefix("autograd.").replace(".", "/")
        found = [i for part, i in place.items() if f"{path}.py" == part or f"{path}/".startswith(part)]
        return found[0] if found else None

    placed = {module: of(module) for module in imports()}
    assert set(placed.values()) >= set(place.values())
    for module, found in imports().items():
        for other in found:
            here, there = placed[module], placed[other]
            assert here is None or there is None or there <= here, (module, other)


def test_every_command_can_run() -> None:
    commands = "\n".join(blocks("sh"))
    for words in (shlex.split(line, comments=True) for line in re.split(r"\n|&&", commands)):
        paths = [word for word in words if re.match(r"(\.ci|tests)/", word)]
        assert all((ROOT / path).exists() for path in paths), words
        modules = [words[i + 1] for i, word in enumerate(words) if word == "-m"]
        for module in modules:
            assert (
                module in ("pip", "pytest")
                or (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
                or (ROOT / module.replace(".", "/") / "__main__.py").exists()
            ), module
    assert "bash .ci/run" in GUIDE


@pytest.mark.parametrize("command", re.findall(r"-m tests\.benchmarks ([^`#\n]+)", GUIDE))
def test_the_options_of_the_benchmarks_are_known(command: str) -> None:
    read(command.split())


def test_examples_of_style_are_from_the_code() -> None:
    sources = [
        path.read_text(encoding="utf-8") for folder in ("autograd", "tests") for path in ROOT.glob(f"{folder}/**/*.py")
    ]
    examples = [text for text in blocks("python") if "softabs" not in text]
    assert len(examples) == 5
    for example in examples:
        assert any(example in source for source in sources), example


def test_pre_commit_runs_the_checks_of_ci() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    commands = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)
    assert commands == re.findall(r"^\.venv/bin/((?:ruff|mypy).*)$", CI, re.MULTILINE)


def test_ci_runs_every_check_that_is_named() -> None:
    for command in (".ci/lines.py", ".ci/wheels.py", "-m tests.oracle", "-m tests.benchmarks --quick"):
        assert f".venv/bin/python {command}\n" in CI, command


@pytest.mark.parametrize("pattern", re.findall(r"readme_line (?:'|\")(.+?)(?:'|\")\)", CI))
def test_ci_finds_one_line_of_the_readme_for_each_of_its_commands(pattern: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for line in readme.splitlines() if re.search(pattern.replace("\\'", "'"), line)]
    assert lines
    assert lines[0].startswith((".venv/bin/python", "python3 -m venv", "AUTOGRAD_PURE=0 .venv/bin/python"))
