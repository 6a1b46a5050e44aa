"""Other processes that import the very package under test, wherever it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import autograd

PACKAGE = Path(autograd.__file__).parent


def surroundings(package: Path) -> dict[str, str]:
    """An environment in which the package's folder is first in line."""
    return {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONIOENCODING": "utf-8"}


def python(
    *words: str, package: Path = PACKAGE, cwd: Path | None = None, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run this Python, unsafe paths off, with the package's folder first in line."""
    return _run("-P", *words, cwd=cwd, check=check, env={**surroundings(package), **environment})


def script(path: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a file as one does from a shell: what lies beside it can be imported."""
    return _run(str(path), *words, cwd=None, check=check, env=surroundings(PACKAGE))


def _run(*words: str, cwd: Path | None, check: bool, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=check
    )
