"""Measures the second table: with one thread and with default threads, in processes that take turns."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.builds import Build
from tests.benchmarks.contender import MissingRivalError, require
from tests.benchmarks.contest import Asked
from tests.benchmarks.memory import MEGABYTE
from tests.benchmarks.process import Worker, ask_once
from tests.benchmarks.programs.races import PLACES, race
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.timing import summary

if TYPE_CHECKING:
    from tests.benchmarks.programs.case import Case, Contender, Race

READY: Final = "ready"
NAMES: Final = (*PLACES, READY)
THREADS: Final = {"one": "one thread", "all": "default threads"}
OWN: Final = "numpy"
"""The library of the contenders that need none but NumPy."""
SETTLE: Final = 0.03
"""Seconds before a round with default threads: threads of OpenBLAS wait for work as long as that, and take a core."""
Process: TypeAlias = tuple[str, str]
"""The threads of a process, and the library that it runs: those of PyTorch and JAX disturb each other in one."""
MARKS: Final = {True: "✓", False: "✗"}
READY_ROUNDS: Final = 3
"""Each is a fresh process."""
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
READY_COLUMNS: Final = (
    Column("parameters", ("parameters",), "seconds"),
    Column("record", ("record",), "seconds"),
    Column("compile", ("compile",), "seconds"),
    Column("both", ("both",), "seconds"),
    Column("min…max", ("low", "high"), "seconds"),
    Column("target", ("target",), "seconds"),
    Column("before", ("before",), "MB"),
    Column("peak", ("peak",), "MB"),
    Column("target", ("most",), "MB"),
)
CAPTION: Final = (
    "Programs written as scalars for one example and compiled, against the same programs as others write them. A "
    "figure is the median of rounds in which the contenders take turns; a ratio is a contender's time divided by ours. "
    "Behind a target stands whether it is reached, first with one thread and then with default threads. Values and "
    "gradients were compared before anything was timed, to 1e-10 of the largest number, in float32 to 1e-4. Where the "
    "heading says a step of SGD, all take it; PyTorch's programs are eager, as in its tutorials; JAX's are jitted as a "
    "whole, and each call waits for its result."
)


@dataclass
class Entry:
    """A contender of a case, why it is missing, and the seconds of its rounds by threads."""

    key: tuple[str, int, int]
    contender: "Contender"
    missing: str = ""
    compile_seconds: float | None = None
    seconds: dict[str, list[float]] = field(default_factory=lambda: {threads: [] for threads in THREADS})

    @property
    def library(self) -> str:
        return self.contender.needs or OWN


class Duels:
    """The races of the second table, which share their processes; a context manager that ends them."""

    def __init__(self, build: Build, settings: Settings) -> None:
        self.build, self.settings = build, settings
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
        if name == READY:
            return ready(self.build, self.settings)
        return duel(name, race(name), self._worker, self.settings)

    def _worker(self, process: Process) -> Asked:
        if process not in self._workers:
            worker = Worker(self.build, one_thread=process[0] == "one")
            self._workers[process] = self._stack.enter_context(worker)
        return self._workers[process]


def duel(name: str, race: "Race", worker: Callable[[Process], Asked], settings: Settings) -> Block:
    """Compare and measure the contenders of a race in the processes that worker returns."""
    sections, notes = [], list(race.notes)
    for number, case in enumerate(race.cases):
        entries = prepare(name, number, case, worker, settings)
        measure(case, entries, worker, settings)
        sections.append(Section(case.title, [row(case, entry, entries[0]) for entry in entries]))
        notes += compile_notes(case, entries)
        for process in {(threads, entry.library) for threads in THREADS for entry in entries}:
            worker(process).ask("program forget")
    if settings.cpu_time:
        notes.append("With one thread a time is that in which the process ran, without its waits for a core.")
    return Block(name, race.heading, race.unit, COLUMNS, sections, notes)


def prepare(
    name: str, number: int, case: "Case", worker: Callable[[Process], Asked], settings: Settings
) -> list[Entry]:
    """All contenders of a case; DisagreementError if one has other results than the first."""
    entries = [Entry((name, number, i), contender) for i, contender in enumerate(case.contenders)]
    with tempfile.TemporaryDirectory() as folder:
        wanted = str(Path(folder) / "results.npz")
        for entry in entries:
            settings.progress.step(f"{case.title}, {entry.contender.name}: results")
            for threads in THREADS:
                process = worker((threads, entry.library))
                prepared = process.ask("program prepare", key=entry.key, quick=settings.quick, wanted=wanted)
                if "wrong" in prepared:
                    raise DisagreementError(f"{name}, {case.title}: {prepared['wrong']}")
                entry.missing = prepared.get("missing", "")
                entry.compile_seconds = prepared.get("compile_seconds")
    return entries


def measure(case: "Case", entries: Sequence[Entry], worker: Callable[[Process], Asked], settings: Settings) -> None:
    """Fill the seconds of the entries, which take turns."""
    rounds = 1 if case.once else settings.rounds
    for number in range(rounds):
        for threads, title in THREADS.items():
            settings.progress.step(f"{case.title}, round {number + 1} of {rounds}, {title}")
            for entry in entries if number % 2 == 0 else reversed(entries):
                if not entry.missing:
                    sleep(SETTLE if threads == "all" and not settings.quick else 0.0)
                    process = worker((threads, entry.library))
                    answer = process.ask(
                        "program round",
                        key=entry.key,
                        seconds=settings.round_seconds,
                        cpu_time=settings.cpu_time and threads == "one",
                    )
                    entry.seconds[threads].append(answer["seconds"])


def row(case: "Case", entry: Entry, ours: Entry) -> Row:
    """The figures of a contender; those that can't be compared with ours have no ratio."""
    name = entry.contender.name
    if entry.missing:
        return Row(name, said=entry.missing)
    figures: dict[str, Figure] = {}
    rounds, reached = {}, []
    for threads, seconds in entry.seconds.items():
        rounds[f"{threads}_rounds"] = [case.figure(s) for s in seconds]
        found = summary(rounds[f"{threads}_rounds"])
        figures |= {f"{threads}_{key}": number for key, number in found.items()}
        if not ours.missing:
            ratio = summary(seconds)["median"] / summary(ours.seconds[threads])["median"]
            figures[f"{threads}_ratio"] = ratio
            if entry.contender.least is not None:
                reached.append(ratio >= entry.contender.least)
            elif entry is ours and case.most is not None:
                reached.append(found["median"] <= case.most)
    target = least(entry.contender.least) if entry is not ours else most(case.most)
    marks = "".join(MARKS[one] for one in reached)
    return Row(name, figures, rounds=rounds, texts={"target": f"{target} {marks}".strip()})


def least(target: float | None) -> str:
    return "" if target is None else f"≥ {target:.3g}"


def most(target: float | None) -> str:
    return "" if target is None else f"≤ {target:.3g}"


def compile_notes(case: "Case", entries: Sequence[Entry]) -> list[str]:
    parts = [
        f"{entry.contender.name} {1e3 * entry.compile_seconds:,.0f} ms"
        for entry in entries
        if entry.compile_seconds is not None
    ]
    return [f"{case.title}, recorded and compiled once: {', '.join(parts)}."] if parts else []


# ── the time until a program is ready ──


def ready(build: Build, settings: Settings) -> Block:
    """Record and compile programs, each in fresh processes."""
    works = import_module("tests.benchmarks.programs.readiness").WORKS
    rounds = min(settings.rounds, READY_ROUNDS)
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in works}
    for number in range(rounds):
        for name, kept in answers.items():
            settings.progress.step(f"{name}, round {number + 1} of {rounds}")
            kept.append(ask_once(build, "program ready", work=name, quick=settings.quick))
    rows = [
        ready_row(name, kept, works[name].most_seconds, works[name].most_megabytes) for name, kept in answers.items()
    ]
    return Block(READY, "recording and compiling a program", "s and MB", READY_COLUMNS, [Section("", rows)], NOTES)


NOTES: Final = (
    f"Medians of {READY_ROUNDS} fresh processes. parameters: drawn and made Values, before the clock of the target "
    "starts. before: the process with NumPy and parameters; peak: the most that it had until the program was ready.",
)


def ready_row(
    name: str, answers: Sequence[Mapping[str, Any]], most_seconds: float | None, most_megabytes: float | None
) -> Row:
    if "missing" in answers[0]:
        return Row(name, said=answers[0]["missing"])
    rounds = {"both_rounds": [answer["record"] + answer["compile"] for answer in answers]}
    both = summary(rounds["both_rounds"])
    figures: dict[str, Figure] = {"both": both["median"], "low": both["low"], "high": both["high"]}
    for key in ("parameters", "record", "compile"):
        figures[key] = summary([answer[key] for answer in answers])["median"]
    for key in ("before", "peak"):
        found = [answer[key] / MEGABYTE for answer in answers if answer[key] is not None]
        figures[key] = summary(found)["median"] if found else None
    texts = {"target": reached(most_seconds, figures["both"]), "most": reached(most_megabytes, figures["peak"])}
    return Row(name, figures, rounds=rounds, texts=texts)


def reached(target: float | None, figure: Figure) -> str:
    """A target that a figure mustn't exceed, and whether it does."""
    if target is None or figure is None:
        return most(target)
    return f"{most(target)} {MARKS[figure <= target]}"
