"""Other processes that import the very package under test, wherever it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import autograd

PACKAGE = Path(autograd.__file__).parent


def python(
    *words: str, package: Path = PACKAGE, cwd: Path | None = None, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run this Python, unsafe paths off, with the package's folder first in line."""
    surroundings = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONIOENCODING": "utf-8", **environment}
    command = [sys.executable, "-P", *words]
    return subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, encoding="utf-8", check=check)
