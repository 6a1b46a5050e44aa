"""Run other processes that import the package under test, wherever it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import autograd

PACKAGE = Path(autograd.__file__).parent


def surroundings(package: Path) -> dict[str, str]:
    """Environment variables with the folder of the package first on the import path, and UTF-8 of no given width."""
    ours = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    return {**ours, "PYTHONPATH": str(package.parent), "PYTHONIOENCODING": "utf-8"}


def python(
    *words: str, package: Path = PACKAGE, cwd: Path | None = None, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run this Python without unsafe paths and with the folder of the package first on the import path."""
    return _run("-P", *words, cwd=cwd, check=check, env={**surroundings(package), **environment})


def script(path: Path, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a file as from a shell, so that it can import the modules beside it."""
    return _run(str(path), *words, cwd=None, check=check, env={**surroundings(PACKAGE), **environment})


def on_build(package: Path, script: str) -> list[str]:
    """The command that runs a script of Python with the package in that folder and with these tests."""
    root = Path(__file__).parent.parent
    start = f"import sys; sys.path.insert(0, {str(package)!r}); import autograd; sys.path[0] = {str(root)!r}; "
    return [sys.executable, "-P", "-c", start + script]


def _run(*words: str, cwd: Path | None, check: bool, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=check
    )
