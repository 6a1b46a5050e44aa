"""Builds the package every way there is, and looks at what comes out."""

import os
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = {p.relative_to(ROOT).as_posix() for p in (ROOT / "autograd").rglob("*.py")}
ENGINE = [p for p in SOURCES if p.startswith("autograd/engine/") and not p.endswith(("/__init__.py", "/native.py"))]
EXTENSION = sysconfig.get_config_var("EXT_SUFFIX")


def run(*words: str, **environment: str) -> str:
    """What a command of this Python prints, warnings of its own included."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def wheel(source: Path, folder: Path, **environment: str) -> tuple[Path, str]:
    """A wheel built from a checkout or an sdist, and what was printed."""
    folder.mkdir()
    said = run("pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", str(folder), str(source), **environment)
    (path,) = folder.iterdir()
    return path, said


def contents(path: Path) -> dict[str, bytes]:
    """Each file of the wheel that is no metadata."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def expect(what: str, truth: bool) -> None:
    """Print what holds; end with an error if it doesn't."""
    print(("  ok  " if truth else "  NO  ") + what)
    if not truth:
        sys.exit(f"wheels: not so: {what}")


def main() -> None:
    """Print one line for each thing that holds."""
    plain = {*SOURCES, "autograd/py.typed"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        direct, _ = wheel(ROOT, folder / "direct", AUTOGRAD_PURE="0")
        expect(
            f"{direct.name} is tagged for this interpreter and machine",
            "-cp3" in direct.name and "any" not in direct.name,
        )
        machine_code = {p.replace(".py", EXTENSION) for p in (*ENGINE, "autograd/engine/machine_code__mypyc.py")}
        expect(
            "it holds the sources, py.typed and the machine code, and nothing else",
            set(contents(direct)) == plain | machine_code,
        )

        run("hatchling", "build", "--target", "sdist", "--directory", str(folder / "sdist"))
        (sdist,) = (folder / "sdist").iterdir()
        from_sdist, _ = wheel(sdist, folder / "from-sdist")
        expect(f"{sdist.name} builds the same wheel, to the last byte", direct.read_bytes() == from_sdist.read_bytes())

        pure, _ = wheel(ROOT, folder / "pure", AUTOGRAD_PURE="1")
        expect(f"AUTOGRAD_PURE=1 gives {pure.name}", pure.name.endswith("-py3-none-any.whl"))
        expect("which holds the sources and py.typed, and nothing else", set(contents(pure)) == plain)

        fallback, said = wheel(ROOT, folder / "fallback", CC="no-such-compiler")
        told = [line.strip() for line in said.splitlines() if "no machine code" in line]
        expect(f"without a C compiler the same comes out, and one line is printed: {told[:1]}", len(told) == 1)
        expect("byte for byte", fallback.read_bytes() == pure.read_bytes())


if __name__ == "__main__":
    main()
