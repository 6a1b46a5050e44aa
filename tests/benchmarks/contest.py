"""Measures the works whose contenders share a process: the results are compared first, then the rounds alternate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tests.benchmarks.agreement import Answer, require_close, require_same_bits
from tests.benchmarks.builds import COMPILED
from tests.benchmarks.contender import Contender, Work
from tests.benchmarks.settings import COLLECTOR, Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.timing import summary

COLUMNS: Final = (
    Column("nodes", ("nodes",)),
    *(
        Column(title, keys, group)
        for group, prefix in ((COLLECTOR[True], ""), (COLLECTOR[False], "off_"))
        for title, keys in (
            ("median", (prefix + "median",)),
            ("min…max", (prefix + "low", prefix + "high")),
            ("ratio", (prefix + "ratio",)),
        )
    ),
    Column("rounds", ("rounds",)),
)


class Asked(Protocol):
    """A worker process, or a substitute in a test."""

    def ask(self, do: str, **arguments: object) -> dict[str, Any]: ...


@dataclass
class Entry:
    """A contender in the process of one build, with the seconds of its rounds with the collector on and off."""

    build: str
    name: str
    contender: Contender
    prepared: dict[str, Any]
    seconds: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})

    @property
    def missing(self) -> str:
        return str(self.prepared.get("missing", ""))

    @property
    def answer(self) -> Answer:
        return Answer(self.name, self.prepared["results"])


def contest(work: Work, workers: Mapping[str, Asked], settings: Settings) -> Block:
    """Compare and measure one work on the given builds; the rivals run in the process of the first."""
    entries = prepare(work, workers, settings)
    require_agreement(work, entries)
    measure(work, entries, workers, settings)
    return block(work, entries, settings)


def prepare(work: Work, workers: Mapping[str, Asked], settings: Settings) -> list[Entry]:
    entries = []
    for i, (build, worker) in enumerate(workers.items()):
        for contender in work.contenders:
            if i == 0 or contender.in_every_build:
                name = contender.name.format(build=build)
                settings.progress.step(f"{name}: results")
                prepared = worker.ask("prepare", work=work.name, contender=contender.name, quick=settings.quick)
                entries.append(Entry(build, name, contender, prepared))
    return entries


def require_agreement(work: Work, entries: Sequence[Entry]) -> None:
    """Raise an error if a contender disagrees with the first, or if ours differ between builds in any bit."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.contender.compared and not entry.missing:
            require_close(work.name, entry.answer, entries[0].answer)
            if entry.contender.is_ours:
                twin = first.setdefault(entry.contender.name, entry)
                require_same_bits(work.name, entry.answer, twin.answer)


def measure(work: Work, entries: Sequence[Entry], workers: Mapping[str, Asked], settings: Settings) -> None:
    for number in range(settings.rounds):
        for collector in (True, False):
            settings.progress.step(f"round {number + 1} of {settings.rounds}, {COLLECTOR[collector]}")
            # The order alternates, so that no contender always follows the same other.
            for entry in entries if number % 2 == 0 else reversed(entries):
                if not entry.missing:
                    answer = workers[entry.build].ask(
                        "round",
                        work=work.name,
                        contender=entry.contender.name,
                        collector=collector,
                        seconds=settings.round_seconds,
                    )
                    entry.seconds[collector].append(answer["seconds"])


def block(work: Work, entries: Sequence[Entry], settings: Settings) -> Block:
    """The figures of a work, with ratios to ours in the same process."""
    sections = []
    for build in dict.fromkeys(entry.build for entry in entries):
        side_by_side = [entry for entry in entries if entry.build == build]
        rows = [row(entry, side_by_side[0], work.units_per_second) for entry in side_by_side]
        sections.append(Section(f"the process of the {build} build; ratios to {side_by_side[0].name}", rows))
    if settings.no_compiled:
        sections.insert(0, Section("", [Row(f"ours, {COMPILED}", said=settings.no_compiled)]))
    notes = [*work.notes, *compile_notes(entries), *pure_note(entries)]
    return Block(work.name, work.heading, work.unit, COLUMNS, sections, notes)


def row(entry: Entry, reference: Entry, units: float) -> Row:
    if entry.missing:
        return Row(entry.name, said=entry.missing)
    figures: dict[str, Figure] = {"nodes": entry.prepared["nodes"], "rounds": len(entry.seconds[True])}
    rounds = {}
    for collector, prefix in ((True, ""), (False, "off_")):
        rounds[prefix + "rounds"] = [units * seconds for seconds in entry.seconds[collector]]
        median = summary(reference.seconds[collector])["median"]
        found = summary(rounds[prefix + "rounds"], units * median)
        figures |= {prefix + key: figure for key, figure in found.items()}
    return Row(entry.name, figures, rounds=rounds)


def compile_notes(entries: Sequence[Entry]) -> list[str]:
    return [
        f"{entry.name}: compiled once in {1e3 * seconds:,.0f} ms, which is in no other figure."
        for entry in entries
        if (seconds := entry.prepared.get("compile_seconds")) is not None
    ]


def pure_note(entries: Sequence[Entry]) -> list[str]:
    """The ratio of ours on the two builds, which run in two processes."""
    ours = list({entry.build: entry for entry in reversed(entries) if entry.contender.is_ours}.values())
    if len(ours) < 2:
        return []
    pure, compiled = ours
    on, off = (
        summary(pure.seconds[collector], summary(compiled.seconds[collector])["median"])["ratio"]
        for collector in (True, False)
    )
    return [
        f"{pure.name}, to {compiled.name}: {on:.2f}, and {off:.2f} with the collector off; their processes took turns."
    ]
