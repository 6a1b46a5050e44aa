"""A process that is attacked, so that the one that attacks outlives a crash.

>>> from tests.attack.worker import Worker
>>> with Worker("calls") as worker:
...     worker.ask("total([1.0, 2.0])")
...     worker.ask("__import__('os').abort()").fault
Answer(outcome='Value(data=3.0)', fault='')
'the process ended with signal 6'
"""

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final, Self

import autograd
from tests.attack.answer import Answer
from tests.running import PACKAGE, on_build

LONGEST: Final = 30.0
"""Seconds of the processor after which an attack counts as one that never ends; most take milliseconds."""
PATIENCE: Final = 300.0
"""Seconds without an answer after which an attack counts as one that waits for ever; a machine may be busy."""


class Worker:
    """A process for the attacks of one fuzzer on the package in a folder; it starts anew after each fault."""

    def __init__(self, fuzzer: str, package: Path = PACKAGE.parent) -> None:
        self.fuzzer = fuzzer
        self._command = on_build(package, f"from tests.attack import worker; worker.serve({fuzzer!r}, {LONGEST})")
        self._process: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def compiled(self) -> bool:
        """Whether its build is compiled."""
        return self.ask("").outcome == "compiled"

    def ask(self, text: str) -> Answer:
        """The answer to an attack."""
        if self._process is None:
            self._start()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(text) + "\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else ""
        answer = Answer(*json.loads(line)) if line.endswith("\n") else Answer("no answer", self._silence(bool(ready)))
        if answer.fault:
            self.end()
        return answer

    def _silence(self, ended: bool) -> str:
        """The reason why there is no answer."""
        if not ended:
            return f"no answer within {PATIENCE:.0f} seconds"
        code = self._process.wait()
        if -code == signal.SIGPROF:
            return f"it takes more than {LONGEST:.0f} seconds of the processor"
        end = f"the process ended with signal {-code}" if code < 0 else f"the process ended with status {code}"
        self._log.seek(0)
        said = self._log.read().strip().splitlines()
        told = [line for line in said if "ERROR: AddressSanitizer" in line] or said[-1:]
        return ": ".join([end, *told[:1]])

    def _start(self) -> None:
        # One seed for the hashes of strings, so that sets have one order in both builds. One back end where an attack
        # names none: a build without the machine has another choice, and says so.
        self._folder = TemporaryDirectory(prefix="attack-")
        self._log = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (as long as the process)
        environment = {**os.environ, "PYTHONPATH": "", "PYTHONHASHSEED": "0", "COLUMNS": "80"}
        environment["AUTOGRAD_BACKEND"] = "numpy"
        self._process = subprocess.Popen(
            self._command,
            env=environment,
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
        )

    def end(self) -> None:
        """End the process; the next attack is made in a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._folder.cleanup()
            self._log.close()


def serve(fuzzer: str, longest: float) -> None:
    """Answer the attacks that come as lines of JSON, until there are no more."""
    # Only the answers go to the parent: the library and its callers may print.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    attempt = importlib.import_module(f"tests.attack.{fuzzer}").attempt
    for line in sys.stdin:
        text = json.loads(line)
        for thing in Path().iterdir():  # Of the folder that was made for it. No attack finds the files of another.
            shutil.rmtree(thing) if thing.is_dir() else thing.unlink()
        signal.setitimer(signal.ITIMER_PROF, longest)  # It kills the process, even in machine code that never ends.
        answer = attempt(text) if text else Answer("compiled" if autograd.COMPILED else "pure")
        print(json.dumps(answer), file=answers, flush=True)
