"""Runs a script in several processes of this machine, as one would run it on several machines.

results = machines.run(script, "--quick", processes=2, seconds=120)

Each process gets two more options: `--machine 0/2`, its number and how many there are, and `--meet 127.0.0.1:1234`, the
place where they find each other. The last line that it prints is its result. None of them is left when the call is
over, however it ends: a process also ends itself when the one that started it is gone.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Final

PAUSE: Final = 0.02
"""Seconds between two looks at the processes."""
SHOWN: Final = 2000
"""Characters of the errors of a process that failed."""


def run(script: Path, *words: str, processes: int, seconds: float) -> list[str]:
    """The last line that each process printed.

    RuntimeError, with what it wrote to stderr, if a process fails; TimeoutError if they take longer.
    """
    with tempfile.TemporaryDirectory() as folder:
        started: list[subprocess.Popen[bytes]] = []
        try:
            meet = f"127.0.0.1:{_free_port()}"
            for k in range(processes):
                command = [sys.executable, str(script), *words, "--machine", f"{k}/{processes}", "--meet", meet]
                with _written(folder, "out", k) as out, _written(folder, "err", k) as err:
                    # Nothing is ever written to its stdin: it ends when this process does.
                    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err)
                started.append(made)
            _wait(started, folder, seconds)
        finally:
            for process in started:
                process.kill()
                process.communicate()
        return [_read(folder, "out", k).rstrip("\n").rpartition("\n")[2] for k in range(processes)]


def end_with_the_caller() -> None:
    """End this process when the one that started it is gone, however that came; `run` needs it of each script."""

    def watch() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(started: list[subprocess.Popen[bytes]], folder: str, seconds: float) -> None:
    """Wait until all processes have ended well."""
    limit = time.monotonic() + seconds
    while True:
        codes = [process.poll() for process in started]
        for k, code in enumerate(codes):
            if code:
                raise RuntimeError(f"process {k} ended with the code {code}:\n{_read(folder, 'err', k)[-SHOWN:]}")
        if None not in codes:
            return
        if time.monotonic() > limit:
            raise TimeoutError(f"{codes.count(None)} of {len(codes)} processes still ran after {seconds:g} seconds")
        time.sleep(PAUSE)


def _written(folder: str, kind: str, process: int) -> IO[bytes]:
    return (Path(folder) / f"{kind}{process}").open("wb")


def _read(folder: str, kind: str, process: int) -> str:
    return (Path(folder) / f"{kind}{process}").read_text(encoding="utf-8", errors="replace")
