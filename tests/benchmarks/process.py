"""A child process that measures programs with the package of one build."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tests.benchmarks.builds import COMPILED, ROOT, Build

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NPROC": "1",  # For XLA.
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
RIVALS: Final = {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}


def environment(build: Build, one_thread: bool = True, cache: str = "") -> dict[str, str]:
    """The environment of a process that imports the package of a build and the benchmarks of this checkout.

    Scalars gain nothing from threads. Without one_thread every library has as many as it takes by itself. cache is the
    folder for what programs compile, instead of the user's.
    """
    surrounding = {name: text for name, text in os.environ.items() if name not in ONE_THREAD}
    path = os.pathsep.join((str(build.folder), str(ROOT)))
    caches = {"XDG_CACHE_HOME": cache} if cache else {}
    return {**surrounding, **(ONE_THREAD if one_thread else {}), **RIVALS, **caches, "PYTHONPATH": path}


class WorkerError(Exception):
    """A worker failed; the message is the end of its error output."""


class Worker:
    """A running process, which answers each command with one JSON line.

    It is a context manager that ends the process.
    """

    def __init__(self, build: Build, one_thread: bool = True, cache: str = "") -> None:
        self.build = build
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.benchmarks.worker"],
            env=environment(build, one_thread, cache),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """The answer to one command; WorkerError if it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = self._process.wait()
            raise WorkerError(
                f"the process of the {self.build.name} build ended with status {status} at {do} {arguments}"
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{do} {arguments} on the {self.build.name} build failed:\n{answer['error']}")
        return answer

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def ask_once(build: Build, do: str, **arguments: object) -> dict[str, Any]:
    """The answer of a new process that runs only this command."""
    with Worker(build) as worker:
        return worker.ask(do, **arguments)


def usable(builds: list[Build]) -> tuple[list[Build], str]:
    """The builds that really are compiled or pure, and a message if the compiled one is not."""
    found, missing = [], ""
    for build in builds:
        seen = ask_once(build, "identify")
        if not Path(seen["file"]).is_relative_to(build.folder):
            raise WorkerError(f"the {build.name} build imports {seen['file']}, which isn't in {build.folder}")
        if seen["compiled"] != seen["extension"]:
            raise WorkerError(
                f"the {build.name} build says compiled: {seen['compiled']}, but Value is from {seen['value']}"
            )
        if (build.name == COMPILED) == seen["compiled"]:
            found.append(build)
        elif build.name == COMPILED:
            missing = "missing: the build came out as pure Python, as it does where there is no C compiler"
        else:
            raise WorkerError(f"the pure build in {build.folder} says that it is compiled")
    return found, missing
