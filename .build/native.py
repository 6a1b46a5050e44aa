"""Compiles the extension of native programs, `autograd.compiler.native._native`, from its C and from the rules.

build(root, folder) returns the extension module; the build hook calls it. The machine is compiled for several kinds of
processors, and takes the best one when it is loaded, so that a wheel that is built here runs elsewhere.
"""

import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import machine_code

PACKAGE: Final = "autograd/compiler/native"
REQUIRED: Final = ["numpy>=1.26", "setuptools>=75"]
"""NumPy is for the reader of the rules, which works on arrays."""
WRITE: Final = """
import sys
from pathlib import Path
from autograd.compiler.native.instructions import files
from autograd.compiler.native.words import FLAGS
for name, text in files(sys.argv[2:]).items():
    Path(sys.argv[1], name).write_text(text, encoding="utf-8")
print(*FLAGS)
"""
"""A program that writes the files which come from the rules into a folder, for some kinds of processors, and prints the
options for the compiler."""
X86: Final[Mapping[str, tuple[str, ...]]] = {
    "avx512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"),
    "avx2": ("-mavx2", "-mfma"),
    "any": ("-O1",),  # Processors of the last ten years are of the other kinds, and quick code takes long to make.
}
"""The kinds of processors and the options for them."""
OTHERS: Final[Mapping[str, tuple[str, ...]]] = {"any": ()}


def obstacle() -> str:
    """The reason why this machine can't compile the extension, or "" if it can."""
    if os.name == "nt":
        return "its C is for gcc or clang"
    return machine_code.obstacle()


def path() -> str:
    """The place of the extension in the package."""
    return f"{PACKAGE}/_native{sysconfig.get_config_var('EXT_SUFFIX')}"


def build(root: Path, folder: Path) -> Path:
    """Compile the extension under root in a folder of its own; return its path. NoMachineCodeError if that fails."""
    if reason := obstacle():
        raise machine_code.NoMachineCodeError(reason)
    try:
        return _built(root / PACKAGE, folder)
    except subprocess.CalledProcessError as error:
        # pip's own sitecustomize complains of each process inside its environment, and does no harm.
        said = [line for line in error.stderr.splitlines() if "rror" in line and "sitecustomize" not in line]
        raise machine_code.NoMachineCodeError(said[0] if said else str(error)) from error


def _built(sources: Path, folder: Path) -> Path:
    kinds = X86 if _is_x86() else OTHERS
    folder.mkdir(exist_ok=True)
    places = os.pathsep.join([str(sources.parents[2]), *sys.path])
    flags = _run([sys.executable, "-c", WRITE, str(folder), *kinds], PYTHONPATH=places).split()
    compiler = _compiler()
    includes = [f"-I{where}" for where in (folder, sources, sysconfig.get_path("include"))]
    command = [*compiler.compiler_so, *flags, "-O3", "-g0", *includes]

    def compiled(source: Path) -> str:
        made = folder / f"{source.stem}.o"
        own = next((options for kind, options in kinds.items() if source.stem.endswith(f"_{kind}")), ())
        _run([*command, *own, "-c", str(source), "-o", str(made)])
        return str(made)

    files = [*folder.glob("*.c"), *sources.glob("*.c")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [*pool.map(compiled, sorted(files, key=lambda path: path.name))]
    target = folder / Path(path()).name
    _run([*compiler.linker_so, *objects, "-lm", "-o", str(target)])
    return target


def _is_x86() -> bool:
    """Whether the code is for a processor of that family alone."""
    flags = (
        f"{os.environ.get('ARCHFLAGS', '')} {os.environ.get('CFLAGS', '')} {sysconfig.get_config_var('CFLAGS') or ''}"
    )
    return platform.machine().lower() in ("x86_64", "amd64") and "arm64" not in flags


def _compiler() -> Any:
    """The compiler and its options, as the environment and Python have them."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    import setuptools  # noqa: F401  (It brings distutils.)

    compiler = new_compiler()
    customize_compiler(compiler)
    return compiler


def _run(words: list[str], **environment: str) -> str:
    """Run a command and return what it prints; CalledProcessError if it fails."""
    environment = {**os.environ, **environment}
    return subprocess.run(words, env=environment, check=True, capture_output=True, encoding="utf-8").stdout


if __name__ == "__main__":  # Build it into the checkout.
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        checkout = Path(__file__).parent.parent
        shutil.copy(build(checkout, Path(name)), checkout / path())
