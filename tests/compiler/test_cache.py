"""Compiled C and the folder that keeps it: races, other users, damage; compilers that fail, hang or aren't there."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd.compiler.binding import UnavailableError
from autograd.compiler.native import cache, compilers
from autograd.compiler.native.cache import folder, shared_object
from autograd.compiler.native.compilers import CompilerError, compiler
from tests.interrupting import interrupted
from tests.running import PACKAGE, surroundings

ONE = {"one.c": "int answer(void) { return 1; }"}
SECONDS_TO_END = 20.0
"""In which a process that was ended is gone, on a machine with much to do."""

posix = pytest.mark.skipif(os.name == "nt", reason="users, modes and scripts are those of POSIX")
root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a folder to another user")
needs_compiler = pytest.mark.usefixtures("c_compiler")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "scalar-autograd"


@pytest.fixture
def compiling_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes CC a script, which tells of itself what the usual compiler does; its folder is returned."""

    def made(script: str) -> Path:
        place = tmp_path / "compiler"
        place.mkdir()
        usual = compiler().words[0]
        text = f'#!/bin/sh\ncase "$*" in *-dM*) exec {usual} "$@";; esac\nusual={usual}; here={place}\n{script}\n'
        (place / "cc").write_text(text)
        (place / "cc").chmod(0o755)
        monkeypatch.setenv("CC", str(place / "cc"))
        return place

    return made


def answer(path: Path) -> int:
    return int(ctypes.CDLL(str(path)).answer())


def contents(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir())


# ── one object ──


@posix
@needs_compiler
def test_a_text_is_compiled_once(home: Path, compiling_with: Callable[[str], Path]) -> None:
    place = compiling_with('echo once >> "$here/log"; exec "$usual" "$@"')
    path = shared_object(ONE)
    assert (shared_object(dict(ONE)), answer(path)) == (path, 1)
    assert (place / "log").read_text().split() == ["once"]
    assert contents(home) == [path.name]


@needs_compiler
def test_the_key_is_all_that_an_object_depends_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        shared_object(ONE),
        shared_object(ONE, options=["-O1"]),
        shared_object({"other.c": ONE["one.c"]}),
        shared_object({"one.c": ONE["one.c"] + " "}),
        shared_object({**ONE, "more.h": ""}),
    ]
    words, macros = compiler()
    monkeypatch.setattr(cache, "compiler", lambda: compilers.Compiler((*words, "-DX"), macros))
    found.append(shared_object(ONE))
    monkeypatch.setattr(cache, "compiler", lambda: compilers.Compiler(words, f"{macros}#define __AVX2048F__ 1\n"))
    found.append(shared_object(ONE))
    assert len({path.name.split("-")[0] for path in found}) == len(found)
    assert "__VERSION__" in macros


@needs_compiler
def test_several_files_make_one_object(home: Path) -> None:
    files = {"a.c": '#include "b.h"\nint answer(void) { return other(); }', "b.h": "int other(void);"}
    assert answer(shared_object({**files, "c.c": '#include "b.h"\nint other(void) { return 7; }'})) == 7


@needs_compiler
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:99] + b"?" + b[100:], lambda b: b + b"x"]
)
def test_a_damaged_object_is_compiled_anew(home: Path, damage: Callable[[bytes], bytes]) -> None:
    path = shared_object(ONE)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    again = shared_object(ONE)
    assert answer(again) == 1
    assert contents(home) == [again.name]
    assert again.name.endswith(f"-{cache._digest(again.read_bytes())}.so")


@posix
@needs_compiler
def test_when_one_of_several_files_fails_all_are_stopped(home: Path, compiling_with: Callable[[str], Path]) -> None:
    place = compiling_with(
        f'case "$*" in *-c\\ bad.c*) while [ ! -e "$here/pids" ]; do sleep 0.01; done; exit 1;; esac; {HANGING}'
    )
    with refused("fails, with\n  no message\nbackend="):
        shared_object({"bad.c": "", "good.c": ""})
    assert ended(place)
    assert contents(home) == []


@needs_compiler
def test_an_object_that_is_not_what_its_name_says_is_removed(home: Path) -> None:
    path = shared_object(ONE)
    path.rename(path.with_name(f"{path.name[:33]}{'0' * 32}.so"))
    again = shared_object(ONE)
    assert (answer(again), contents(home)) == (1, [again.name])


@needs_compiler
def test_a_contracted_sum_of_products_is_not_made(home: Path) -> None:
    """(1 + 2^-30)² - (1 + 2^-29) is 0 if the square is rounded, and 2^-60 if the sum alone is."""
    text = "double f(double x, double y) { return x * x + y; }"
    f = ctypes.CDLL(str(shared_object({"f.c": text}, options=["-O3"]))).f
    f.restype, f.argtypes = ctypes.c_double, [ctypes.c_double] * 2
    assert f(1.0 + 2.0**-30, -(1.0 + 2.0**-29)) == 0.0


# ── several at once ──

ASKING = """
import ctypes, sys, time
from autograd.compiler.native.cache import shared_object
time.sleep(max(0.0, float(sys.argv[1]) - time.time()))
print(ctypes.CDLL(str(shared_object({"one.c": "int answer(void) { return 1; }"}))).answer())
"""


@needs_compiler
def test_processes_may_ask_for_one_object_at_once(home: Path) -> None:
    begin, environment = str(time.time() + 1.0), {**surroundings(PACKAGE), "XDG_CACHE_HOME": str(home.parent)}
    words = [sys.executable, "-P", "-c", ASKING, begin]
    racing = [subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in racing] == [b"1"] * 4
    assert {name.split("-")[0] for name in contents(home)} == {shared_object(ONE).name.split("-")[0]}


@needs_compiler
def test_threads_may_ask_for_one_object_at_once(home: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(shared_object(ONE))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer(path) for path in found] == [1] * 6
    assert not [name for name in contents(home) if name.startswith("build-")]


@needs_compiler
def test_an_object_that_another_process_removes_is_no_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = shared_object(ONE), Path.read_bytes

    def vanishing(self: Path) -> bytes:
        monkeypatch.setattr(Path, "read_bytes", whole)
        self.unlink()
        return whole(self)

    monkeypatch.setattr(Path, "read_bytes", vanishing)
    assert answer(shared_object(ONE)) == 1
    assert path.parent == home


# ── the folder ──


@posix
def test_the_folder_is_private(home: Path) -> None:
    before = os.umask(0)
    try:
        assert folder() == home
    finally:
        os.umask(before)
    assert home.stat().st_mode & 0o777 == 0o700
    assert folder() == home


def test_the_folder_is_where_the_system_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for platform, place in (
        ("linux", ".cache/scalar-autograd"),
        ("darwin", "Library/Caches/scalar-autograd"),
        ("win32", "local/scalar-autograd/cache"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        assert cache._usual() == tmp_path / place
    monkeypatch.delenv("LOCALAPPDATA")
    assert cache._usual() == tmp_path / "AppData" / "Local" / "scalar-autograd" / "cache"


def spoilt_by_a_file(home: Path) -> None:
    home.parent.mkdir()
    home.write_text("")


def spoilt_by_a_file_above(home: Path) -> None:
    home.parent.write_text("")


def spoilt_by_a_link(home: Path) -> None:
    home.parent.mkdir()
    (home.parent / "elsewhere").mkdir(0o700)
    home.symlink_to(home.parent / "elsewhere")


def spoilt_by_its_group(home: Path) -> None:
    home.mkdir(parents=True)
    home.chmod(0o770)


def spoilt_by_others(home: Path) -> None:
    home.mkdir(parents=True)
    home.chmod(0o702)


def spoilt_by_its_owner(home: Path) -> None:
    home.mkdir(mode=0o700, parents=True)
    os.chown(home, 12345, 12345)


@posix
@needs_compiler
@pytest.mark.parametrize(
    "spoil",
    [
        spoilt_by_a_file,
        spoilt_by_a_file_above,
        spoilt_by_a_link,
        spoilt_by_its_group,
        spoilt_by_others,
        pytest.param(spoilt_by_its_owner, marks=root),
    ],
)
def test_without_a_private_folder_there_is_a_temporary_one(home: Path, spoil: Callable[[Path], None]) -> None:
    spoil(home)
    other = folder()
    assert other != home
    assert other.stat().st_mode & 0o777 == 0o700
    assert other.stat().st_uid == os.geteuid()
    assert folder() == other
    path = shared_object(ONE)
    assert (path.parent, answer(path)) == (other, 1)
    assert not home.is_dir() or contents(home) == []


@posix
def test_a_folder_that_cannot_be_written_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that is read only, where root can't write either."""
    assert folder() == home
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert folder() != home


def test_a_user_without_a_home_has_a_temporary_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", none)
    assert folder().name.startswith("scalar-autograd-")


FORKING = """
import os
from autograd.compiler.native.cache import folder
print(folder())
if os.fork() == 0:
    own = folder()
    print(own, flush=True)
    raise SystemExit(0 if own.is_dir() else 1)
assert os.wait()[1] == 0 and folder().is_dir()
"""


@posix
def test_a_temporary_folder_goes_with_its_own_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    places = {"XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-P", "-u", "-c", FORKING]
    told = subprocess.run(words, env={**surroundings(PACKAGE), **places}, stdout=subprocess.PIPE, check=True).stdout
    seen = {*told.decode().split()}
    assert len(seen) == 2
    assert contents(tmp_path) == ["file"]


# ── its size ──


@needs_compiler
def test_what_was_not_used_for_longest_goes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [{"a.c": f"int answer(void) {{ return {k}; }}"} for k in range(4)]
    paths, now = [shared_object(text) for text in texts[:3]], time.time()
    for k, path in enumerate(paths):
        os.utime(path, (now - 1000.0 + k, now - 1000.0 + k))
    assert shared_object(texts[0]) == paths[0]  # So it is no longer the oldest.
    os.utime(paths[0], (now - 100.0, now - 100.0))
    monkeypatch.setattr(cache, "MOST", sum(path.stat().st_size for path in paths))
    last = shared_object(texts[3])
    assert contents(home) == sorted(path.name for path in (paths[0], paths[2], last))
    monkeypatch.setattr(cache, "MOST", 0)
    assert answer(shared_object({"b.c": texts[0]["a.c"]})) == 0
    assert set(contents(home)).isdisjoint(path.name for path in paths)
    assert last.exists(), "it was used just now, perhaps by a process that is about to load it"


def test_folders_of_ended_processes_go(home: Path) -> None:
    for name, age in (("build-old", cache.STALE + 60.0), ("build-new", 60.0)):
        (folder() / name).mkdir()
        (home / name / "a.c").write_text("")
        os.utime(home / name, (time.time() - age,) * 2)
    (home / "else").write_text("")
    cache._trim(home, home / "none")
    assert contents(home) == ["build-new", "else"]


# ── compilers that fail ──


def refused(text: str) -> Any:
    return pytest.raises(CompilerError, match=re.escape(text))


@needs_compiler
def test_the_first_lines_of_the_compiler_are_told(home: Path) -> None:
    wrong = "".join(f"int f{k}(void) {{ return x{k}; }}\n" for k in range(20))
    with refused("fails, with\n  wrong.c:1") as error:
        shared_object({"wrong.c": wrong})
    told = str(error.value)
    assert "x0" in told
    assert told.endswith("\nbackend='numpy' needs no compiler")
    assert len(told.splitlines()) == compilers.SHOWN + 2
    assert contents(home) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "  no message"),
        ("note: a\n\nb: error: c\nd\n", "  b: error: c\n  d"),
        ("e" * 999, "  " + "e" * compilers.COLUMNS),
        ("a\nb\n", "  a\n  b"),
    ],
)
def test_the_lines_told_begin_with_the_first_error(said: str, told: str) -> None:
    assert compilers._told(said) == told


def test_without_a_compiler_the_error_tells_the_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: None)
    with refused("there is no C compiler; ") as error:
        shared_object(ONE)
    assert "in the environment variable CC; backend='numpy' needs no compiler" in str(error.value)
    assert isinstance(error.value, UnavailableError)
    monkeypatch.setenv("CC", "/none/cc -m64")
    with refused("the environment variable CC names the C compiler '/none/cc -m64', which can't be run; "):
        shared_object(ONE)
    assert [compilers._to_install(), *map(installing, ("darwin", "win32", "linux"))][1:] == [
        "xcode-select --install installs one",
        "install gcc or clang",
        "install gcc or clang, as in apt install gcc",
    ]


def installing(platform: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "platform", platform)
        return compilers._to_install()


@posix
@needs_compiler
def test_cc_names_the_compiler_and_its_options(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = compiler().words[0]
    monkeypatch.setenv("CC", f"{usual} -DANSWER=5")
    assert compiler().words[:2] == (usual, "-DANSWER=5")
    assert answer(shared_object({"a.c": "int answer(void) { return ANSWER; }"})) == 5
    monkeypatch.setenv("CC", sys.executable)
    with refused("which can't be run"):
        compiler()


@posix
@needs_compiler
def test_the_next_compiler_is_taken_where_one_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Mac without its tools, cc is a program that says how to install them."""
    usual = compiler().words[0]
    (tmp_path / "cc").write_text("#!/bin/sh\necho install me\nexit 1\n")
    (tmp_path / "gcc").write_text(
        f'#!/bin/sh\ncase "$*" in *-march*) exit 1;; *-mcpu*) exit 1;; esac\nexec {usual} "$@"\n'
    )
    for name in ("cc", "gcc"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "")
    assert compiler().words == (str(tmp_path / "gcc"),)


@posix
@needs_compiler
@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("kill -9 $$", "was ended by SIGKILL, perhaps for want of memory"),
        ("exit 0", "makes no shared object"),
        ("exit 3", "fails, with\n  no message\nbackend="),
        ("printf 'a: error: \\377'; exit 1", "fails, with\n  a: error: \N{REPLACEMENT CHARACTER}\nbackend="),
    ],
)
def test_a_compiler_that_makes_nothing_is_named(
    script: str, text: str, home: Path, compiling_with: Callable[[str], Path]
) -> None:
    compiling_with(script)
    with refused(text):
        shared_object(ONE)
    assert contents(home) == []


@needs_compiler
def test_a_full_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with refused(f"nothing can be compiled in {home}: No space left on device; backend="):
        shared_object(ONE)
    assert contents(home) == []


HANGING = 'sleep 600 & echo $$ $! > "$here/started"; touch "$TMPDIR/left"; mv "$here/started" "$here/pids"; wait'
"""A compiler that starts another process, and doesn't end."""


def ended(place: Path) -> bool:
    """Whether the processes of a compiler are gone, at once or soon."""
    pids, until = map(int, (place / "pids").read_text().split()), time.monotonic() + SECONDS_TO_END
    left = {*pids}
    while left and time.monotonic() < until:
        left = {pid for pid in left if is_there(pid)}
        time.sleep(0.01)
    return not left


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@posix
@needs_compiler
def test_a_compiler_that_takes_too_long_is_stopped_with_all_that_it_started(
    home: Path, compiling_with: Callable[[str], Path]
) -> None:
    place = compiling_with(HANGING)
    # In that time it has started all, on a machine with much to do as well.
    with refused("the C compiler cc was stopped: it takes longer than 3 seconds; backend="):
        shared_object(ONE, seconds=3.0)
    assert ended(place)
    assert contents(home) == []


@posix
@needs_compiler
def test_ctrl_c_leaves_nothing(home: Path, compiling_with: Callable[[str], Path]) -> None:
    place = compiling_with(HANGING)

    def interrupt() -> None:
        while not (place / "pids").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        shared_object(ONE)
    thread.join()
    assert ended(place)
    assert contents(home) == []


@needs_compiler
def test_ctrl_c_at_any_time_leaves_nothing_half(home: Path) -> None:
    for k in range(8):
        text = {"one.c": f"{ONE['one.c']}/* {k} */"}
        try:
            with interrupted(after=0.01 * k):
                shared_object(text)
        except KeyboardInterrupt:
            pass
        assert answer(shared_object(text)) == 1
        assert not [name for name in contents(home) if name.startswith("build-")]
