"""Installs the two builds of this checkout, compiled and pure, as pip does for users."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
PURE: Final = "pure"
COMPILED: Final = "compiled"


class Build(NamedTuple):
    """A folder with the package in it."""

    name: str
    folder: Path


def install(folder: Path) -> list[Build]:
    """Build the checkout twice into an empty folder, with and without the compiler."""
    builds = []
    for name in (COMPILED, PURE):
        environment = {key: value for key, value in os.environ.items() if key != "AUTOGRAD_PURE"}
        if name == PURE:
            environment["AUTOGRAD_PURE"] = "1"
        build = Build(name, folder / name)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        command = [*pip, "install", "--no-deps", "--quiet", "--target", str(build.folder), str(ROOT)]
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode:
            raise RuntimeError(f"the {name} build failed:\n{done.stdout}{done.stderr}")
        builds.append(build)
    return builds


def reuse(folder: Path) -> list[Build]:
    """The builds that an earlier `install` put into a folder."""
    builds = [Build(name, folder.resolve() / name) for name in (COMPILED, PURE)]
    for build in builds:
        if not (build.folder / "autograd" / "__init__.py").is_file():
            raise RuntimeError(
                f"{build.folder} holds no package autograd: the folder needs one in {PURE}/ and {COMPILED}/"
            )
    return builds
