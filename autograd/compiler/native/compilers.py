"""The C compiler of the system: found, known by what it makes of this processor, and run.

>>> from autograd.compiler.native.compilers import CompilerError, compiler
>>> try:
...     found = compiler().words[0]
... except CompilerError as error:
...     found = str(error)
>>> found == "" or "there is no C compiler" in found or len(found) > 1
True
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Final, NamedTuple

from autograd.compiler.binding import UnavailableError

PROBE: Final = 20.0
"""Seconds in which a compiler has to say what it is."""
SHOWN: Final = 5
"""Lines of a compiler that an error shows."""
COLUMNS: Final = 200
"""Of each of these lines."""
NEEDLESS: Final = "backend='numpy' needs no compiler"
"""The last part of an error."""
_NATIVE: Final = (("-march=native",), ("-mcpu=native",), ())
"""Options for code of this very processor; each compiler takes one of them."""


class CompilerError(UnavailableError):
    """C that could not be compiled: there is no compiler, or it refuses, is killed or takes too long."""


class Compiler(NamedTuple):
    """A C compiler that takes the options of gcc."""

    words: tuple[str, ...]
    """Its path and the options that it always gets."""
    macros: str
    """The macros that it defines; they tell its version, and the processor with all its features."""


def compiler() -> Compiler:
    """The compiler that the environment variable CC names, or else that of Python, cc, gcc or clang.

    CompilerError if there is none.
    """
    return _first_of(os.environ.get("CC", ""), os.environ.get("PATH", ""))


@cache
def _first_of(named: str, path: str) -> Compiler:
    # An error is not cached: who installs a compiler then need not start Python anew.
    candidates = [named] if named else [str(sysconfig.get_config_var("CC") or ""), "cc", "gcc", "clang"]
    for candidate in candidates:
        words = shlex.split(candidate, posix=os.name != "nt")
        where = shutil.which(words[0], path=path) if words else None
        if where is not None and (found := _known((where, *words[1:]))) is not None:
            return found
    if named:
        what = f"the environment variable CC names the C compiler {named!r}, which can't be run"
        raise CompilerError(f"{what}; name another one there, or none; {NEEDLESS}")
    remedy = f"{_to_install()}, or name one in the environment variable CC"
    raise CompilerError(f"there is no C compiler; {remedy}; {NEEDLESS}")


def _to_install() -> str:
    return {"darwin": "xcode-select --install installs one", "win32": "install gcc or clang"}.get(
        sys.platform, "install gcc or clang, as in apt install gcc"
    )


def _known(words: tuple[str, ...]) -> Compiler | None:
    """The compiler with the options for this processor; None if it isn't one."""
    for options in _NATIVE:
        try:
            macros = run((*words, *options, "-dM", "-E", "-x", "c", "-"), Path(gettempdir()), PROBE)
        except CompilerError:
            continue
        if "__VERSION__" in macros:
            return Compiler((*words, *options), macros)
    return None


def run(words: tuple[str, ...], folder: Path, seconds: float) -> str:
    """Run a compiler in a folder, which its temporary files are put into as well, and return what it prints.

    CompilerError if it fails or takes longer. It ends with this call, and so do the processes that it starts.
    """
    name = Path(words[0]).name
    places = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))
    environment = {**os.environ, **places, "LC_ALL": "C"}
    group = {} if os.name == "nt" else {"process_group": 0}
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **group,  # type: ignore[call-overload]
        )
    except OSError as error:
        raise CompilerError(f"the C compiler {words[0]} can't be run: {error.strerror}; {NEEDLESS}") from error
    with process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise CompilerError(
                f"the C compiler {name} was stopped: it takes longer than {seconds:g} seconds; {NEEDLESS}"
            ) from None
        finally:
            _end(process)
    if process.returncode < 0:
        by = signal.Signals(-process.returncode).name
        raise CompilerError(f"the C compiler {name} was ended by {by}, perhaps for want of memory; {NEEDLESS}")
    if process.returncode:
        raise CompilerError(f"the C compiler {name} fails, with\n{_told(said)}\n{NEEDLESS}")
    return str(said)


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process that still runs, with all that it has started."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _told(said: str) -> str:
    """The first lines of a compiler, from the first error on."""
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if "error" in line.lower()), 0)
    return "\n".join(f"  {line[:COLUMNS]}" for line in lines[first : first + SHOWN]) or "  no message"
