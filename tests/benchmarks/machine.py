"""The conditions of the figures: the machine, the versions of all programs, and the state of the checkout."""

import gc
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from autograd import __version__
from tests.benchmarks.builds import ROOT

RIVALS: Final = (
    *("micrograd", "torch", "jax", "jaxlib", "casadi", "numpy"),
    *("numba", "heyoka", "ddx-ad", "symengine", "drjit"),
)
"""The distributions of the rivals."""
CPUINFO: Final = Path("/proc/cpuinfo")


def description(packages: Sequence[str] = RIVALS) -> dict[str, str]:
    """The lines above the table, with the versions of packages."""
    return {
        "CPU": f"{_cpu()}, {os.cpu_count()} cores, load {load()}",
        "system": platform.platform(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}; "
        f"collector thresholds {', '.join(map(str, gc.get_threshold()))}",
        "checkout": _revision(),
        "packages": ", ".join([f"scalar-autograd {__version__}", *map(_package, packages)]),
    }


def load() -> str:
    """The load of the machine: the mean number of running processes over the last minute."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def _cpu() -> str:
    if CPUINFO.exists():
        for line in CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _package(distribution: str) -> str:
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f"{distribution} not installed"


def _revision() -> str:
    try:
        revision = _git("rev-parse", "HEAD")
        changed = len(_git("status", "--porcelain").splitlines())
    except (OSError, subprocess.CalledProcessError):
        return "not a git repository, or no git"
    return f"git {revision[:12]}" + (f", with {changed} uncommitted changes" if changed else ", nothing uncommitted")


def _git(*words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *words]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()
