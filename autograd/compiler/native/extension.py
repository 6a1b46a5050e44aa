"""The extension `_native`: that of the installation, or else one that is compiled once and kept in the cache."""

import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from autograd.compiler.native.cache import SECONDS, shared_object
from autograd.compiler.native.compilers import NEEDLESS, CompilerError
from autograd.compiler.native.instructions import digest, files
from autograd.compiler.native.words import FLAGS

NAME: Final = "autograd.compiler.native._native"
HERE: Final = Path(__file__).parent
LONGEST: Final = 900.0
"""Seconds in which the extension has to be compiled: it takes 20 on a processor, and there may be much else to do."""
_LINKED: Final = {
    "darwin": ("-undefined", "dynamic_lookup"),
    "win32": (f"-L{sys.base_prefix}/libs", f"-lpython{sys.version_info.major}{sys.version_info.minor}"),
}
"""Options for an extension where a shared object has to know of all functions that it calls."""


@cache
def native() -> Any:
    """The module `_native`, which glue.c describes. CompilerError if there is none and it can't be compiled."""
    found = installed()
    return _loaded(compiled()) if found is None else found


@cache
def installed() -> Any:
    """The module of the installation; None if there is none, or if it was made of other sources than those here."""
    try:
        found = import_module(NAME)
    except ImportError:  # It is not there, or it was made for another Python.
        return None
    return found if found.digest == digest() else None


def compiled() -> Path:
    """The path of an extension that is compiled now, or was before and is in the cache."""
    options = (*FLAGS, "-O3", "-Wall", "-Wextra", f"-I{headers()}", *_LINKED.get(sys.platform, ()))
    return shared_object(sources(), options=options, seconds=LONGEST)


def headers() -> Path:
    """The folder of the C headers of Python; CompilerError if they aren't installed."""
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        raise CompilerError(
            f"the C headers of Python are not installed in {include}, so autograd can't compile its extension; install "
            "them, as in apt install python3-dev; backend='numpy' needs none"
        )
    return include


def sources() -> dict[str, str]:
    """The files of C that the extension is compiled from, by their names."""
    own = {path.name: path.read_text(encoding="utf-8") for path in HERE.iterdir() if path.suffix in (".c", ".h")}
    return own | files(["any"], here=True)


def _loaded(path: Path) -> Any:
    loader = ExtensionFileLoader(NAME, str(path))
    spec = spec_from_file_location(NAME, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[NAME] = module
    return module


def load(files: Mapping[str, str], dtype: str, *, options: Sequence[str] = (), seconds: float = SECONDS) -> Any:
    """The functions of a program in C, as a `Code` of the extension; files and options are those of `shared_object`.

    CompilerError if the text can't be compiled or the result can't be loaded.
    """
    code = native().Code
    for last in (False, True):
        path = shared_object(files, options=options, seconds=seconds)
        try:
            return code(str(path), dtype)
        except OSError as error:
            if last or path.exists():  # Else another process has removed it, to free space.
                remedy = "if the file system forbids programs, let XDG_CACHE_HOME name a folder of another one"
                raise CompilerError(f"{error}; {remedy}; {NEEDLESS}") from error
    raise AssertionError
