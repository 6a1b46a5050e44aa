"""The build hook of hatchling, which adds the lessons, and compiles the engine where there is a C compiler."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import machine_code


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles a wheel where there is a C compiler, and an editable install only with AUTOGRAD_PURE=0.

    AUTOGRAD_PURE=1 builds from the sources alone. With AUTOGRAD_PURE=0 the build fails if the engine can't be
    compiled; without the variable it then prints the reason and uses the sources.
    """

    def dependencies(self) -> list[str]:
        """The requirements of the compiler, or none if it won't be used."""
        return [] if _asked() == "1" or machine_code.obstacle() else machine_code.REQUIRED

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the lessons to a wheel; compile the engine into it, or into the sources for an editable install."""
        root, asked, editable = Path(self.root), _asked(), version == "editable"
        for lesson in () if editable else (root / "demos").rglob("*.py"):
            build_data["force_include"][str(lesson)] = f"autograd/{lesson.relative_to(root).as_posix()}"
        for stale in machine_code.built_in(root) if editable else ():
            stale.unlink()
        if asked == "1" or (editable and asked != "0"):
            return
        self._folder = TemporaryDirectory(prefix="scalar-autograd-")
        try:
            built = machine_code.build(root, Path(self._folder.name))
        except machine_code.NoMachineCodeError as error:
            if asked == "0":
                raise
            print(f"scalar-autograd: no machine code, the sources run as they are: {error}", file=sys.stderr)
            return
        build_data["pure_python"], build_data["infer_tag"] = False, True
        for path in built:
            if editable:
                (root / machine_code.ENGINE / path.name).write_bytes(path.read_bytes())
            else:
                build_data["force_include"][str(path)] = f"{machine_code.ENGINE}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _asked() -> str:
    asked = os.environ.get("AUTOGRAD_PURE", "")
    if asked not in ("", "0", "1"):
        raise ValueError(f"AUTOGRAD_PURE must be 1 for pure Python, 0 for machine code, or unset, not {asked!r}")
    return asked
