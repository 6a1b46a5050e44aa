"""The build hook of hatchling, which adds the lessons, and compiles what can be, where there is a C compiler."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import machine_code
import native


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles a wheel where there is a C compiler, and an editable install only with AUTOGRAD_PURE=0.

    The engine and the extension of native programs are compiled. AUTOGRAD_PURE=1 builds from the sources alone. With
    AUTOGRAD_PURE=0 the build fails if one of the two can't be compiled; without the variable it then prints the reason
    and goes without.
    """

    def dependencies(self) -> list[str]:
        """The requirements of the compilers, or none if they won't be used."""
        if _asked() == "1":
            return []
        engine = [] if machine_code.obstacle() else machine_code.REQUIRED
        return sorted({*engine, *([] if native.obstacle() else native.REQUIRED)})

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the lessons to a wheel; compile into it, or into the sources for an editable install."""
        root, asked, editable = Path(self.root), _asked(), version == "editable"
        for lesson in () if editable else (root / "demos").rglob("*.py"):
            build_data["force_include"][str(lesson)] = f"autograd/{lesson.relative_to(root).as_posix()}"
        for stale in (*machine_code.built_in(root), root / native.path()) if editable else ():
            stale.unlink(missing_ok=True)
        if asked == "1" or (editable and asked != "0"):
            return
        self._folder = TemporaryDirectory(prefix="scalar-autograd-")
        built = self._built(root, Path(self._folder.name), needed=asked == "0")
        if built:
            build_data["pure_python"], build_data["infer_tag"] = False, True
        for place, path in built.items():
            if editable:
                (root / place).write_bytes(path.read_bytes())
            else:
                build_data["force_include"][str(path)] = place

    def _built(self, root: Path, folder: Path, *, needed: bool) -> dict[str, Path]:
        """What could be compiled, by its place in the package."""
        found: dict[str, Path] = {}
        try:
            engine = machine_code.build(root, folder / "engine")
            found |= {f"{machine_code.ENGINE}/{path.name}": path for path in engine}
        except machine_code.NoMachineCodeError as error:
            _give_up("no machine code, the sources run as they are", error, needed)
        try:
            found[native.path()] = native.build(root, folder / "native")
        except machine_code.NoMachineCodeError as error:
            _give_up("no extension for native programs, NumPy runs them", error, needed)
        return found

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _give_up(what: str, error: Exception, needed: bool) -> None:
    """Print the reason why something is not compiled; raise the error if it is needed."""
    if needed:
        raise error
    print(f"scalar-autograd: {what}: {error}", file=sys.stderr)


def _asked() -> str:
    asked = os.environ.get("AUTOGRAD_PURE", "")
    if asked not in ("", "0", "1"):
        raise ValueError(f"AUTOGRAD_PURE must be 1 for pure Python, 0 for machine code, or unset, not {asked!r}")
    return asked
