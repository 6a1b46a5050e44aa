"""Measures the second and the third table: programs in processes that take turns.

The second one has one thread and default threads, and the third one thread that keeps to one core.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tests.benchmarks import fresh
from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.builds import Build
from tests.benchmarks.contender import MissingRivalError, require
from tests.benchmarks.contest import Asked
from tests.benchmarks.process import Worker
from tests.benchmarks.programs.races import NATIVES, PLACES, race
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.targets import MARKS, least, most, reached
from tests.benchmarks.timing import summary

if TYPE_CHECKING:
    from tests.benchmarks.programs.case import Case, Contender, Race

NAMES: Final = (*PLACES, fresh.READY)
NATIVE_NAMES: Final = (*NATIVES, fresh.FIRST)
THREADS: Final = {"one": "one thread", "all": "default threads"}
OWN: Final = "numpy"
"""The library of the contenders that need none but NumPy."""
SETTLE: Final = 0.03
"""Seconds before a round with default threads: threads of OpenBLAS wait for work as long as that, and take a core."""
Process: TypeAlias = tuple[str, str]
"""The threads of a process, and the library that it runs: those of PyTorch and JAX disturb each other in one."""
COLUMNS: Final = (
    *(
        Column(title, keys, group)
        for key, group in THREADS.items()
        for title, keys in (
            ("median", (f"{key}_median",)),
            ("min…max", (f"{key}_low", f"{key}_high")),
            ("ratio", (f"{key}_ratio",)),
        )
    ),
    Column("target", ("target",)),
)
NATIVE_COLUMNS: Final = (
    Column("median", ("one_median",)),
    Column("min…max", ("one_low", "one_high")),
    Column("ratio", ("one_ratio",)),
    Column("target", ("target",)),
    Column("until ready", ("ready",), "seconds"),
    Column("target", ("ready_target",), "seconds"),
)
CAPTION: Final = (
    "Programs written as scalars for one example and compiled, against the same programs as others write them. A "
    "figure is the median of rounds in which the contenders take turns; a ratio is a contender's time divided by ours. "
    "Behind a target stands whether it is reached, first with one thread and then with default threads. Values and "
    "gradients were compared before anything was timed, to 1e-10 of the largest number, in float32 to 1e-4. Where the "
    "heading says a step of SGD, all take it; PyTorch's programs are eager, as in its tutorials; JAX's are jitted as a "
    "whole, and each call waits for its result."
)


NATIVE_CAPTION: Final = (
    "Programs of scalars, by each back end of autograd.compile and by others, in processes with one thread each, which "
    "keep to one core. A figure is the median of the seconds of the processor in rounds in which the contenders take "
    "turns; a ratio is a contender's time divided by that of the first of ours that is there. Results were compared "
    "before anything was timed, to 1e-10 of the largest number: values and gradients, of trainings the parameters "
    "after some steps. until ready: seconds of the processor, those of compilers included, to record and compile the "
    "program and run it once, less a later run, after the library was warm by a tiny program. numba has fast "
    "mathematics, over the text that our compiler emits for floats."
)


class Way(NamedTuple):
    """How the races of a table are measured.

    Those that are native keep to one core, count the seconds of the processor, and are timed until they are ready.
    """

    threads: Mapping[str, str]
    columns: Sequence[Column]
    native: bool = False


COMPILED: Final = Way(THREADS, COLUMNS)
NATIVE: Final = Way({"one": THREADS["one"]}, NATIVE_COLUMNS, native=True)
WAYS: Final = {NAMES: COMPILED, NATIVE_NAMES: NATIVE}


@dataclass
class Entry:
    """A contender of a case, why it is missing, and the seconds of its rounds by threads."""

    key: tuple[str, int, int]
    contender: "Contender"
    missing: str = ""
    compile_seconds: float | None = None
    ready_seconds: float | None = None
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def library(self) -> str:
        return self.contender.needs or OWN


class Duels:
    """The races of a table, which share their processes; a context manager that ends them."""

    def __init__(self, build: Build, settings: Settings, way: Way = COMPILED) -> None:
        self.build, self.settings, self.way = build, settings, way
        self._stack = ExitStack()
        self._workers: dict[Process, Asked] = {}

    def __enter__(self) -> "Duels":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def race(self, name: str) -> Block:
        """Compare and measure the contenders of a race."""
        try:
            require("numpy")
        except MissingRivalError as error:
            return Block(name, "a compiled program", "", (), [Section("", [Row("ours", said=str(error))])])
        if name in fresh.RACES:
            return fresh.RACES[name](self.build, self.settings)
        return duel(name, race(name), self._worker, self.settings, self.way)

    def _worker(self, process: Process) -> Asked:
        if process not in self._workers:
            worker = Worker(self.build, one_thread=process[0] == "one", cache=self._cache)
            self._workers[process] = self._stack.enter_context(worker)
            if self.way.native:
                worker.ask("pin")
        return self._workers[process]

    @cached_property
    def _cache(self) -> str:
        """A new folder for what native programs are compiled to, which would else be ready from an earlier time."""
        return self._stack.enter_context(tempfile.TemporaryDirectory()) if self.way.native else ""


def duel(name: str, race: "Race", worker: Callable[[Process], Asked], settings: Settings, way: Way = COMPILED) -> Block:
    """Compare and measure the contenders of a race in the processes that worker returns."""
    sections, notes = [], list(race.notes)
    for number, case in enumerate(race.cases):
        entries = prepare(name, number, case, worker, settings, way)
        measure(case, entries, worker, settings, way)
        ours = next((e for e in entries if e.contender.is_ours and not e.missing), entries[0])
        sections.append(Section(case.title, [row(case, entry, ours) for entry in entries]))
        notes += compile_notes(case, entries) if not way.native else []
        for process in {(threads, entry.library) for threads in way.threads for entry in entries}:
            worker(process).ask("program forget")
    if settings.cpu_time and not way.native:
        notes.append("With one thread a time is that in which the process ran, without its waits for a core.")
    return Block(name, race.heading, race.unit, way.columns, sections, notes)


def prepare(
    name: str, number: int, case: "Case", worker: Callable[[Process], Asked], settings: Settings, way: Way
) -> list[Entry]:
    """All contenders of a case; DisagreementError if one has other results than the first."""
    entries = [Entry((name, number, i), contender) for i, contender in enumerate(case.contenders)]
    with tempfile.TemporaryDirectory() as folder:
        wanted = str(Path(folder) / "results.npz")
        for entry in entries:
            settings.progress.step(f"{case.title}, {entry.contender.name}: results")
            for threads in way.threads:
                process = worker((threads, entry.library))
                prepared = process.ask(
                    "program prepare", key=entry.key, quick=settings.quick, wanted=wanted, warm=way.native
                )
                if "wrong" in prepared:
                    raise DisagreementError(f"{name}, {case.title}: {prepared['wrong']}")
                entry.missing = prepared.get("missing", "")
                entry.compile_seconds = prepared.get("compile_seconds")
                entry.ready_seconds = prepared.get("ready_seconds")
    return entries


def measure(
    case: "Case", entries: Sequence[Entry], worker: Callable[[Process], Asked], settings: Settings, way: Way
) -> None:
    """Fill the seconds of the entries, which take turns."""
    rounds = 1 if case.once else settings.rounds
    for number in range(rounds):
        for threads, title in way.threads.items():
            settings.progress.step(f"{case.title}, round {number + 1} of {rounds}, {title}")
            for entry in entries if number % 2 == 0 else reversed(entries):
                if not entry.missing:
                    sleep(SETTLE if threads == "all" and not settings.quick else 0.0)
                    process = worker((threads, entry.library))
                    answer = process.ask(
                        "program round",
                        key=entry.key,
                        seconds=settings.round_seconds,
                        cpu_time=way.native or (settings.cpu_time and threads == "one"),
                    )
                    entry.seconds.setdefault(threads, []).append(answer["seconds"])


def row(case: "Case", entry: Entry, ours: Entry) -> Row:
    """The figures of a contender; those that can't be compared with ours have no ratio."""
    name = entry.contender.name
    if entry.missing:
        return Row(name, said=entry.missing)
    figures: dict[str, Figure] = {"ready": entry.ready_seconds}
    rounds, marks = {}, []
    for threads, seconds in entry.seconds.items():
        rounds[f"{threads}_rounds"] = [case.figure(s) for s in seconds]
        found = summary(rounds[f"{threads}_rounds"])
        figures |= {f"{threads}_{key}": number for key, number in found.items()}
        if not ours.missing:
            ratio = summary(seconds)["median"] / summary(ours.seconds[threads])["median"]
            figures[f"{threads}_ratio"] = ratio
            if entry.contender.least is not None:
                marks.append(MARKS[ratio >= entry.contender.least])
        at_most = case.most if entry is ours and case.most is not None else entry.contender.most
        if at_most is not None:
            marks.append(MARKS[found["median"] <= at_most])
    target = least(entry.contender.least) or most(at_most)
    texts = {
        "target": f"{target} {''.join(marks)}".strip(),
        "ready_target": reached(entry.contender.ready, entry.ready_seconds),
    }
    return Row(name, figures, rounds=rounds, texts=texts)


def compile_notes(case: "Case", entries: Sequence[Entry]) -> list[str]:
    parts = [
        f"{entry.contender.name} {1e3 * entry.compile_seconds:,.0f} ms"
        for entry in entries
        if entry.compile_seconds is not None
    ]
    return [f"{case.title}, recorded and compiled once: {', '.join(parts)}."] if parts else []
