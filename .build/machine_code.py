"""Compiles the Python of autograd/engine/ to machine code, by way of the C that mypyc writes.

build(root, folder) returns the extension modules; the build hook calls it.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from mend import PatchError, mend

ENGINE = "autograd/engine"
FOR_THE_INTERPRETER = ("__init__", "interpreters", "native")
GROUP = "autograd.engine.machine_code"
# The patches of its C (mend.py, runtime.h) are written for this release; adapt them before allowing a later one.
REQUIRED = ["mypy==2.4.*", "setuptools>=75"]
HEADER = Path(__file__).with_name("runtime.h")
GCC_LIKE = (
    "-g0",
    "-fvisibility=hidden",  # Without it the compiler may not inline functions.
    "-ffp-contract=off",  # A fused multiply-add rounds once where Python rounds twice.
    f"-include{HEADER}",
)
MSVC = ("/fp:precise", f"/FI{HEADER}")


class NoMachineCodeError(Exception):
    """The engine could not be compiled; the message is the reason, in one line."""


def obstacle() -> str:
    """The reason why this machine can't compile the engine, or "" if it can."""
    if sys.implementation.name != "cpython":
        return f"it is made for CPython, not {sys.implementation.name}"
    if os.name == "nt":
        return ""  # setuptools finds the compiler there, which is on no path.
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if shutil.which(compiler.split()[0]) is None:
        return f"there is no C compiler ({compiler.split()[0]})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "the C headers of Python are not installed"
    return ""


def built_in(root: Path) -> list[Path]:
    """The extension modules among the sources, which an earlier build has made."""
    return sorted((root / ENGINE).glob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"))


def modules(root: Path) -> list[str]:
    """The names of the modules to compile: all in the folder of the engine except those of the interpreter."""
    return sorted(path.stem for path in (root / ENGINE).glob("*.py") if path.stem not in FOR_THE_INTERPRETER)


def build(root: Path, folder: Path) -> list[Path]:
    """Compile the engine under root in a folder of its own; return the paths of the extension modules.

    NoMachineCodeError if that fails.
    """
    if reason := obstacle():
        raise NoMachineCodeError(reason)
    folder.mkdir(exist_ok=True)
    shutil.copytree(root / ENGINE, folder / ENGINE, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    for package in (folder / "autograd", folder / ENGINE):
        (package / "__init__.py").write_text("")  # An empty package imports nothing that mypyc would follow.
    here, log = Path.cwd(), folder / "log"
    os.chdir(folder)  # mypyc derives the names of modules from their paths relative to the current folder.
    try:
        with _Silence(log):
            _compile(folder, modules(root))
    except PatchError as error:
        raise NoMachineCodeError(str(error)) from error
    except (Exception, SystemExit) as error:
        said = [line for line in log.read_text(encoding="utf-8").splitlines() if "error" in line.lower()]
        raise NoMachineCodeError(said[0] if said else f"{type(error).__name__}: {error}") from error
    finally:
        os.chdir(here)
    built = built_in(folder / "built")
    assert len(built) == len(modules(root)) + 1, built
    return built


def _compile(folder: Path, names: list[str]) -> None:
    from mypyc.build import mypycify
    from setuptools import Distribution

    sources = [f"{ENGINE}/{name}.py" for name in names]
    options = ["--ignore-missing-imports", "--always-true=COMPILED", f"--python-executable={sys.executable}"]
    extensions = mypycify(
        [*options, *sources], opt_level="3", debug_level="0", group_name=GROUP, target_dir=str(folder / "c")
    )
    (shared,) = [e for e in extensions if e.name.endswith("__mypyc")]
    for path in (Path(s) for s in shared.sources if s.endswith(".c")):
        path.write_text(mend(path.read_text(encoding="utf-8"), folder / ENGINE, names), encoding="utf-8")
    of_mypyc = [flag for flag in shared.extra_compile_args or [] if flag not in ("-Werror", "/WX")]
    shared.extra_compile_args = [*of_mypyc, *(MSVC if os.name == "nt" else GCC_LIKE)]
    command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "built"), str(folder / "objects")
    command.ensure_finalized()
    command.run()


class _Silence:
    """A block whose output goes to a file, with that of the C compiler, which doesn't use sys.stdout."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __enter__(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.kept = os.dup(1), os.dup(2)
        file = os.open(self.log, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)

    def __exit__(self, *error: object) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, kept in zip((1, 2), self.kept, strict=True):
            os.dup2(kept, stream)
            os.close(kept)
