"""A script runs in several processes, which end with the call, with each other, and with the one that started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import PACKAGE, surroundings

sys.path.insert(0, str(Path(__file__).parents[1] / "demos"))
from lesson import machines

DEMOS = Path(machines.__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
LIMIT = 60.0
"""Seconds for what takes a tenth of one, on a machine that does a hundred other things."""
START = f"""\
import os, pathlib, sys, time
sys.path.insert(0, {str(DEMOS)!r})
from lesson import machines
machines.end_with_the_caller()
here = pathlib.Path(__file__).parent
number = sys.argv[sys.argv.index("--machine") + 1]
(here / number.replace("/", "of")).write_text(str(os.getpid()))
"""


def script(folder: Path, body: str) -> Path:
    path = folder / "script.py"
    path.write_text(START + body, encoding="utf-8")
    return path


def there(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii") if Path("/proc/self").exists() else ""
        os.kill(process, 0)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return status.rpartition(")")[2].split()[:1] != ["Z"]


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def started(folder: Path, count: int) -> list[int]:
    """The numbers of the processes of a script, when all of them have written theirs."""
    paths = [folder / f"{k}of{count}" for k in range(count)]
    until(lambda: all(path.exists() and path.read_text() for path in paths))
    return [int(path.read_text()) for path in paths]


def test_the_result_of_a_process_is_the_last_line_that_it_prints(tmp_path: Path) -> None:
    body = 'print("a line before")\nprint(*sys.argv[1:4], len({sys.argv[5]}))\n'
    found = machines.run(script(tmp_path, body), "word", processes=3, seconds=LIMIT)
    assert found == [f"word --machine {k}/3 1" for k in range(3)]


def test_all_processes_get_one_address_that_is_free(tmp_path: Path) -> None:
    body = "import socket\nplace = sys.argv[-1]\nhost, port = place.split(':')\n"
    body += "if number[0] == '0':\n    socket.create_server((host, int(port))).close()\nprint(place)\n"
    one, other = machines.run(script(tmp_path, body), processes=2, seconds=LIMIT)
    assert one == other


def test_one_that_fails_ends_the_others_and_its_errors_are_told(tmp_path: Path) -> None:
    body = "if number == '1/3':\n    raise ValueError('no gradient here')\ntime.sleep(1000)\n"
    with pytest.raises(RuntimeError, match=r"process 1 ended with the code 1:[\s\S]*ValueError: no gradient here"):
        machines.run(script(tmp_path, body), processes=3, seconds=LIMIT)
    assert not any(path.exists() and there(int(path.read_text())) for path in tmp_path.glob("?of3"))


def test_none_is_left_when_they_take_too_long(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match=r"2 of 2 processes still ran after 0\.5 seconds"):
        machines.run(script(tmp_path, "time.sleep(1000)\n"), processes=2, seconds=0.5)
    assert not any(there(int(path.read_text())) for path in tmp_path.glob("?of2"))


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_none_is_left_when_the_caller_is_stopped(how: str, tmp_path: Path) -> None:
    path = script(tmp_path, "time.sleep(1000)\n")
    call = f"machines.run(pathlib.Path({str(path)!r}), processes=2, seconds={LIMIT})"
    code = f"import pathlib, sys; sys.path.insert(0, {str(DEMOS)!r}); from lesson import machines; {call}"
    caller = subprocess.Popen([sys.executable, "-c", code], env=surroundings(PACKAGE), stderr=subprocess.DEVNULL)
    try:
        processes = started(tmp_path, 2)
        caller.send_signal(getattr(signal, how))
        caller.wait(LIMIT)
        until(lambda: not any(map(there, processes)))
    finally:
        caller.kill()
        caller.wait()
