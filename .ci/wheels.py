"""Builds the package in every way and checks the wheels; `python .ci/wheels.py` prints a line for each check.

Then it installs them where NumPy, JAX and a C compiler are missing: they work, and say what would help.
"""

import os
import re
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
BACKWARD = "from autograd import Value; x = Value(3.0); (x * x).backward(); print(x.grad)"
FIT = """
import autograd
from autograd import optim, train
w, x = autograd.Value(3.0), autograd.inputs()
program = autograd.compile((w * x).square(), (x,), parameters=[w], backend={!r})
print(train.fit(program, ([1.0, 2.0],), optim.SGD(program, lr=0.01), epochs=3))
print(program.report())
"""
"""A training by a back end, and the report."""
FITTED = "History(3 epochs, loss 22.5 → "
COMPILER = "there is no C compiler; install gcc or clang, "
NUMPY = "arrays of NumPy: pip install numpy"
JAX = "JAX is not installed: pip install jax"


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


def expect(claim: str, truth: bool, seen: str = "") -> None:
    """Print the claim; end the process with an error, and what was seen, if it is false."""
    print(("  ok  " if truth else "  NO  ") + claim)
    if not truth:
        print(seen)
        sys.exit(f"wheels: this is false: {claim}")


class User:
    """Somebody with a new environment, in which there is no C compiler, no NumPy and no JAX."""

    def __init__(self, folder: Path) -> None:
        run("venv", str(folder))
        self._folder = folder
        self._python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def install(self, *words: str) -> None:
        """Install distributions."""
        done = self._run("-m", "pip", "install", "--quiet", *words)
        expect(f"pip install {' '.join(Path(word).name for word in words)}", done.returncode == 0, done.stderr)

    def meets(self, claim: str, program: str, *texts: str) -> None:
        """Check that a program prints these texts, in their order."""
        done = self._run("-c", program)
        said = done.stderr + done.stdout
        expect(claim, re.search(".*".join(map(re.escape, texts)), said, re.DOTALL) is not None, said)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("AUTOGRAD", "CC", "PYTHON"))}
        environment = {**kept, "PATH": "", "XDG_CACHE_HOME": str(self._folder / "cache"), "PYTHONIOENCODING": "utf-8"}
        command = [str(self._python), *words]
        return subprocess.run(command, env=environment, cwd=self._folder, capture_output=True, encoding="utf-8")


def instead(name: str, by: str, reason: str) -> list[str]:
    """The texts that a user meets where another back end has to take the place of the one with this name."""
    warning = f"backend={name!r} isn't there, so {by} runs the program: {reason}"
    return [warning, FITTED, f"back end {by}: not {name}"]


def install(folder: Path, compiled: Path, pure: Path) -> None:
    """Install wheels as a user who lacks much, and check what the user meets."""
    user = User(folder)
    user.install(str(pure))
    user.meets("without a C compiler and NumPy there are gradients", BACKWARD, "6.0")
    command = "from autograd.__main__ import main; main(['compile', 'xor'])"
    user.meets("the command says how to install NumPy", command, f"compile: autograd.compile works with {NUMPY}")
    user.meets("with JAX comes NumPy", FIT.format("jax"), "ImportError: autograd.compile works", "pip install jax")
    loader = "from autograd import train; train.Loader(([1.0],))"
    user.meets("a Loader says how to install NumPy", loader, f"ImportError: a Loader gives {NUMPY}")
    saving = "from autograd import nn, state; state.save(nn.Neuron(1), 'n.safetensors')"
    user.meets("state.save says how to install its libraries", saving, "ImportError: ", "pip install numpy safetensors")

    user.install("numpy")
    user.meets("with NumPy auto is numpy", FIT.format("auto"), FITTED, "back end numpy: the machine isn't there")
    for name in ("c", "native"):
        user.meets(f"and {name} too, with a warning", FIT.format(name), *instead(name, "numpy", COMPILER))
    user.meets("jax as well, without JAX", FIT.format("jax"), *instead("jax", "numpy", JAX))
    call = "import autograd; autograd.compile(lambda x: x * x, ((),)).jax()"
    user.meets("a call of JAX says how to install it", call, f"ImportError: {JAX}")

    user.install("--force-reinstall", "--no-deps", str(compiled))
    user.meets("without a C compiler now there are gradients", BACKWARD, "6.0")
    user.meets("auto is native", FIT.format("auto"), FITTED, "back end native: estimated")
    user.meets("native needs no C compiler", FIT.format("native"), FITTED, "back end native: backend='native'")
    user.meets("it takes the place of c, with a warning", FIT.format("c"), *instead("c", "native", COMPILER))


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
            "it holds the sources, the lessons, py.typed, the machine code and the extension for native programs, and "
            "nothing else",
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

        install(folder / "user", direct, pure)

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
