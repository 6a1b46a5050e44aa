"""Shared objects made of C text, kept in a private folder of the user's cache.

An object is kept by all that it depends on: the text, the compiler and its version, the options and the processor. The
name of its file tells the digest of its contents too, so one rename makes it, and a damaged one is noticed.
"""

import atexit
import os
import shutil
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

from autograd.compiler.native.compilers import NEEDLESS, CompilerError, compiler, run

SECONDS: Final = 120.0
"""In which a text has to be compiled, if nothing else is said."""
MOST: Final = 1 << 28
"""Bytes of all that is kept; what was not used for longest goes first."""
GRACE: Final = 60.0
"""Seconds since its last use in which an object doesn't go, for somebody may be about to load it."""
STALE: Final = 3600.0
"""Seconds after which a folder in which something was compiled is no longer in use."""
SHARED: Final = ("-std=gnu11", "-shared", "-fPIC", "-ffp-contract=off")
"""Options for every object. A contracted multiply-add would round once where Python and NumPy round twice."""
_SUFFIX: Final = ".so"
_BUILD: Final = "build-"
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def shared_object(files: Mapping[str, str], *, options: Sequence[str] = (), seconds: float = SECONDS) -> Path:
    """The path of a shared object of these files of C, texts by name; those that end in .c are compiled.

    options are further ones of the compiler. Any number of threads and processes may ask for the same object. Load it
    soon: it is kept for a while after its last use here. CompilerError if it can't be compiled in so many seconds.
    """
    found = compiler()
    words = (*found.words, *SHARED, *options)
    texts = [part for file in sorted(files.items()) for part in file]
    key = _digest("\0".join([*words, found.macros, *texts]).encode())
    where = folder()
    try:
        return _kept(where, key) or _made(where, key, files, words, seconds)
    except OSError as error:
        raise CompilerError(f"nothing can be compiled in {where}: {error.strerror}; {NEEDLESS}") from error


def _digest(contents: bytes) -> str:
    return blake2b(contents, digest_size=16).hexdigest()


def _kept(where: Path, key: str) -> Path | None:
    """The object with this key, if there is a whole one."""
    for path in where.glob(f"{key}-*{_SUFFIX}"):
        with suppress(OSError):  # Another process may have removed it meanwhile.
            if path.name == _name(key, path.read_bytes()):
                os.utime(path)
                return path
            path.unlink()
    return None


def _name(key: str, contents: bytes) -> str:
    return f"{key}-{_digest(contents)}{_SUFFIX}"


def _made(where: Path, key: str, files: Mapping[str, str], words: tuple[str, ...], seconds: float) -> Path:
    """The object, compiled in a folder of its own and then moved to its place."""
    sources = [name for name in files if name.endswith(".c")]
    with TemporaryDirectory(prefix=_BUILD, dir=where, ignore_cleanup_errors=True) as build:
        for name, text in files.items():
            Path(build, name).write_text(text, encoding="utf-8")
        made = Path(build, f"made{_SUFFIX}")
        run((*words, "-o", made.name, *sources, "-lm"), Path(build), seconds)
        if not made.exists():
            raise CompilerError(f"the C compiler {words[0]} makes no shared object; {NEEDLESS}")
        path = where / _name(key, made.read_bytes())
        made.replace(path)
    _trim(where, path)
    return path


def _trim(where: Path, spared: Path) -> None:
    """Remove what was not used for longest, until the rest is small enough, and what was left by ended processes."""
    now, kept, total = time.time(), list[tuple[float, int, Path]](), 0
    for entry in os.scandir(where):
        with suppress(OSError):
            info = entry.stat(follow_symlinks=False)
            if entry.name.startswith(_BUILD):
                if now - info.st_mtime > STALE:
                    shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name.endswith(_SUFFIX):
                total += info.st_size
                kept.append((info.st_mtime, info.st_size, Path(entry.path)))
    for used, size, path in sorted(kept):
        if total <= MOST or now - used < GRACE:
            break
        if path != spared:
            with suppress(OSError):
                path.unlink()
                total -= size


# ── the folder ──


def folder() -> Path:
    """The private folder of the cache; a temporary one, if that can't be made or others may write into it."""
    usual = _usual()
    if usual is not None:
        with suppress(OSError):
            usual.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                usual.mkdir(mode=0o700)
            if _is_private(usual) and os.access(usual, os.R_OK | os.W_OK | os.X_OK):
                return usual
    return _temporary(os.getpid())


def _usual() -> Path | None:
    """The folder of this package in the user's cache; None for a user without a home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given, "scalar-autograd")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local", "scalar-autograd", "cache")
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "scalar-autograd"


def _is_private(path: Path) -> bool:
    """Whether a path is a folder, and no link to one, that belongs to this user, and that nobody else can change."""
    info = path.lstat()
    if sys.platform == "win32":
        return stat.S_ISDIR(info.st_mode)
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid() and not info.st_mode & _OTHERS_MAY_WRITE


@cache
def _temporary(process: int) -> Path:
    """A folder for this process, which goes when it ends."""
    path = Path(mkdtemp(prefix="scalar-autograd-"))
    atexit.register(_remove, path, process)
    return path


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # A process that was forked ends here as well.
        shutil.rmtree(path, ignore_errors=True)
