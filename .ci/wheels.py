"""Builds the package in every way and checks the wheels; `python .ci/wheels.py` prints a line for each check."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
KINDS = (".py", ".js", ".css", ".html", ".c", ".h")
SOURCES = {p.relative_to(ROOT).as_posix() for p in (ROOT / "autograd").rglob("*.*") if p.suffix in KINDS}
LESSONS = {f"autograd/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "demos").rglob("*.py")}
INTERPRETED = ("/__init__.py", "/interpreters.py", "/native.py")
ENGINE = [p for p in SOURCES if p.startswith("autograd/engine/") and not p.endswith(INTERPRETED)]
EXTENSION = sysconfig.get_config_var("EXT_SUFFIX")


def start(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python to its end, whatever its status."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, encoding="utf-8")


def run(*words: str, **environment: str) -> str:
    """The output of a command of this Python, with its warnings."""
    done = start(*words, **environment)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def wheel(source: Path, folder: Path, **environment: str) -> tuple[Path, str]:
    """Build a wheel from a checkout or an sdist; return its path and the output of the build."""
    folder.mkdir()
    output = run("pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", str(folder), str(source), **environment)
    (path,) = folder.iterdir()
    return path, output


def contents(path: Path) -> dict[str, bytes]:
    """The files of a wheel by name, without its metadata."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def expect(claim: str, truth: bool) -> None:
    """Print the claim; end the process with an error if it is false."""
    print(("  ok  " if truth else "  NO  ") + claim)
    if not truth:
        sys.exit(f"wheels: this is false: {claim}")


def main() -> None:
    """Build the wheels and check them."""
    plain = {*SOURCES, *LESSONS, "autograd/py.typed"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        direct, _ = wheel(ROOT, folder / "direct", AUTOGRAD_PURE="0")
        expect(
            f"{direct.name} is tagged for this interpreter and machine",
            "-cp3" in direct.name and "any" not in direct.name,
        )
        machine_code = {p.replace(".py", EXTENSION) for p in (*ENGINE, "autograd/engine/machine_code__mypyc.py")}
        expect(
            "it holds the sources, the lessons, py.typed, the machine code and the extension for native programs, and nothing "
            "else",
            set(contents(direct)) == plain | machine_code | {f"autograd/compiler/native/_native{EXTENSION}"},
        )

        run("hatchling", "build", "--target", "sdist", "--directory", str(folder / "sdist"))
        (sdist,) = (folder / "sdist").iterdir()
        from_sdist, _ = wheel(sdist, folder / "from-sdist")
        expect(f"{sdist.name} builds the same wheel, to the last byte", direct.read_bytes() == from_sdist.read_bytes())

        pure, _ = wheel(ROOT, folder / "pure", AUTOGRAD_PURE="1")
        expect(f"AUTOGRAD_PURE=1 gives {pure.name}", pure.name.endswith("-py3-none-any.whl"))
        expect("it holds the sources, the lessons and py.typed, and nothing else", set(contents(pure)) == plain)

        fallback, output = wheel(ROOT, folder / "fallback", CC="no-such-compiler")
        reasons = [line.strip() for line in output.splitlines() if "no machine code" in line]
        expect(
            f"without a C compiler the same wheel is built, and one line is printed: {reasons[:1]}", len(reasons) == 1
        )
        reasons = [line.strip() for line in output.splitlines() if "no extension for native programs" in line]
        expect(f"and another one for native programs: {reasons[:1]}", len(reasons) == 1)
        expect("the two are the same bytes", fallback.read_bytes() == pure.read_bytes())

        broken = folder / "broken"
        shutil.copytree(ROOT, broken, ignore=shutil.ignore_patterns(".git", ".venv", "*.so", "*.pyd", "__pycache__"))
        patches = broken / ".build" / "mend.py"
        text = patches.read_text(encoding="utf-8")
        patches.write_text(text.replace("_SETUP = re.compile(r'", "_SETUP = re.compile(r'no such C "), encoding="utf-8")
        done = start("pip", "wheel", "--no-deps", "--wheel-dir", str(folder / "none"), str(broken), AUTOGRAD_PURE="0")
        problem = "the patch 'no __internal_mypyc_setup in dir()' matched 0 times"
        expect("a patch of the C that finds nothing ends the build", problem in done.stdout + done.stderr)
        expect("with an error", done.returncode != 0)


if __name__ == "__main__":
    main()
