"""Measures the fourth work, with a process for each contender and round, in turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.benchmarks.agreement import Answer, require_close, require_same_bits
from tests.benchmarks.builds import COMPILED, Build
from tests.benchmarks.memory import MEGABYTE
from tests.benchmarks.process import ask_once
from tests.benchmarks.settings import COLLECTOR, Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.timing import summary

SLOW_ROUNDS: Final = 3
"""Fewer than for the other works, because micrograd needs most of a minute for each."""
COLUMNS: Final = (
    Column("nodes", ("nodes",)),
    Column("before", ("before",)),
    Column("s", ("median",), COLLECTOR[True]),
    Column("min…max", ("low", "high"), COLLECTOR[True]),
    Column("ratio", ("ratio",), COLLECTOR[True]),
    Column("peak", ("peak",), COLLECTOR[True]),
    Column("s", ("off_median",), COLLECTOR[False]),
    Column("min…max", ("off_low", "off_high"), COLLECTOR[False]),
    Column("ratio", ("off_ratio",), COLLECTOR[False]),
    Column("rounds", ("rounds",)),
)
NOTES: Final = (
    "Each round is the first example of a fresh process. before: MB of the process when the parameters are made; peak: "
    "the most MB that it had until the end. All write w*x + …, and cross-entropy of scalar exp and log; with dot the "
    "products of a neuron are one node. Pixels are plain numbers. micrograd is given exp and log here, and a raised "
    "recursion limit with a large stack, without which its sort ends in a RecursionError.",
)


@dataclass
class Entry:
    """A contender and the results of its rounds with the collector on and off."""

    name: str
    engine: str
    build: Build
    rounds: int
    checked: dict[str, Any]
    answers: dict[bool, list[dict[str, Any]]] = field(default_factory=lambda: {True: [], False: []})


def race(builds: Sequence[Build], settings: Settings) -> Block:
    """Compare and measure on the given builds; the rivals run with the first."""
    entries = check(builds, settings)
    for number in range(settings.rounds):
        for collector in (True, False):
            for entry in entries:
                if number < entry.rounds and "missing" not in entry.checked:
                    settings.progress.step(f"round {number + 1}, {COLLECTOR[collector]}: {entry.name}")
                    entry.answers[collector].append(
                        ask_once(
                            entry.build, "wide round", engine=entry.engine, quick=settings.quick, collector=collector
                        )
                    )
    rows = [row(entry, entries[0]) for entry in entries]
    if settings.no_compiled:
        rows.insert(0, Row(f"ours, {COMPILED}", said=settings.no_compiled))
    heading = "one example, forward and backward, through a ReLU network of 784-500-400-10"
    return Block("wide", heading, "s and MB", COLUMNS, [Section("", rows)], NOTES)


def check(builds: Sequence[Build], settings: Settings) -> list[Entry]:
    """All contenders, after a check that they agree with the first, ours to the last bit."""
    first, *others = builds
    full, few = settings.rounds, min(settings.rounds, SLOW_ROUNDS)
    contenders = [
        (f"ours, {first.name}", "ours", first, full),
        (f"ours, {first.name}, with dot", "ours with dot", first, full),
        *((f"ours, {build.name}", "ours", build, full) for build in others),
        ("plain class", "plain", first, full),
        ("micrograd", "micrograd", first, few),
    ]
    entries: list[Entry] = []
    want = Answer("", ())
    for name, engine, build, rounds in contenders:
        settings.progress.step(f"{name}: results")
        checked = ask_once(build, "wide results", engine=engine, quick=settings.quick)
        entries.append(Entry(name, engine, build, rounds, checked))
        if "missing" in checked:
            continue
        got = Answer(name, checked.pop("results"))
        want = want if want.contender else got
        (require_same_bits if engine == "ours" else require_close)("wide", got, want)
    return entries


def row(entry: Entry, reference: Entry) -> Row:
    if "missing" in entry.checked:
        return Row(entry.name, said=entry.checked["missing"])
    figures: dict[str, Figure] = {"nodes": entry.checked["nodes"], "rounds": len(entry.answers[True])}
    rounds = {}
    for collector, prefix in ((True, ""), (False, "off_")):
        answers = entry.answers[collector]
        rounds[prefix + "rounds"] = [answer["seconds"] for answer in answers]
        median = summary([answer["seconds"] for answer in reference.answers[collector]])["median"]
        found = summary(rounds[prefix + "rounds"], median)
        figures |= {prefix + key: figure for key, figure in found.items()}
        figures[prefix + "peak"] = megabytes(answers, "peak")
    figures["before"] = megabytes(entry.answers[True], "baseline")
    return Row(entry.name, figures, rounds=rounds)


def megabytes(answers: Sequence[dict[str, Any]], key: str) -> Figure:
    """The median; None if the system doesn't report the memory."""
    found = [answer[key] for answer in answers if answer[key] is not None]
    return summary(found)["median"] / MEGABYTE if found else None
