"""The sixth work: the time of a new interpreter to import the package, and of the command line to its first line."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Final

from tests.benchmarks.builds import COMPILED, Build
from tests.benchmarks.process import environment
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.timing import summary

LEAST_ROUNDS: Final = 15
MILLI: Final = 1e3
INSIDE: Final = """
from time import perf_counter_ns
start = perf_counter_ns()
import autograd
print(perf_counter_ns() - start)
"""
COLUMNS: Final = (
    Column("median", ("median",)),
    Column("min…max", ("low", "high")),
    Column("ratio", ("ratio",)),
    Column("rounds", ("rounds",)),
)
NOTES: Final = (
    "added: a process with `import autograd` less one with `pass`, in turns. inside: the statement alone, by the clock "
    "of its process. first line: from the start of `python -m autograd --out …` to its first line, unbuffered as at a "
    "terminal. Ratios are to the same row of the first build.",
)


def python(*words: str) -> list[str]:
    return [sys.executable, "-P", *words]


def run_seconds(build: Build, program: str) -> float:
    start = perf_counter()
    subprocess.run(python("-c", program), env=environment(build), check=True)
    return perf_counter() - start


def added(build: Build) -> float:
    """The seconds that the import adds to a process."""
    bare = run_seconds(build, "pass")
    return run_seconds(build, "import autograd") - bare


def inside(build: Build) -> float:
    """The seconds of the import by the clock of its own process."""
    command = python("-c", INSIDE)
    done = subprocess.run(command, env=environment(build), check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return int(done.stdout) / 1e9


def first_line(build: Build) -> float:
    """The seconds from the start of the command line to its first line."""
    with tempfile.TemporaryDirectory() as folder:
        command = python("-u", "-m", "autograd", "--out", folder)
        start = perf_counter()
        with subprocess.Popen(command, env=environment(build), stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = perf_counter() - start
            process.stdout.read()
        if process.returncode or not line.strip():
            raise RuntimeError(f"python -m autograd ended with status {process.returncode} on the {build.name} build")
    return seconds


QUANTITIES: Final[Mapping[str, Callable[[Build], float]]] = {
    "import, added": added,
    "import, inside": inside,
    "command line, first line": first_line,
}


def race(builds: Sequence[Build], settings: Settings) -> Block:
    """Measure both builds in turns, after a first start that compiles bytecode and fills the disk cache."""
    rounds = settings.rounds if settings.quick else max(settings.rounds, LEAST_ROUNDS)
    seconds: dict[tuple[str, str], list[float]] = {(name, build.name): [] for build in builds for name in QUANTITIES}
    for number in range(rounds + 1):
        settings.progress.step(f"round {number} of {rounds}" if number else "once before")
        for build in builds:
            for name, measure in QUANTITIES.items():
                taken = measure(build)
                if number:
                    seconds[name, build.name].append(taken)
    sections = [Section(f"the {build.name} build", rows(build, builds[0], seconds)) for build in builds]
    if settings.no_compiled:
        sections.insert(0, Section("", [Row(f"the {COMPILED} build", said=settings.no_compiled)]))
    return Block(
        "startup", "a fresh interpreter imports the package, or runs its command line", "ms", COLUMNS, sections, NOTES
    )


def rows(build: Build, reference: Build, seconds: Mapping[tuple[str, str], Sequence[float]]) -> list[Row]:
    found = []
    for name in QUANTITIES:
        milliseconds = [MILLI * s for s in seconds[name, build.name]]
        median = MILLI * summary(seconds[name, reference.name])["median"]
        figures: dict[str, Figure] = {"rounds": len(milliseconds), **summary(milliseconds, median)}
        found.append(Row(name, figures, rounds={"rounds": milliseconds}))
    return found
