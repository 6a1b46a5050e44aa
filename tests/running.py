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
    command = [sys.executable, "-P", *words]
    variables = {**surroundings(package), **environment}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, encoding="utf-8", check=check)
