"""The time until a program gives its first results, in fresh processes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from tests.benchmarks.agreement import Answer, require_close
from tests.benchmarks.builds import Build
from tests.benchmarks.memory import MEGABYTE
from tests.benchmarks.process import ask_once
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.targets import reached
from tests.benchmarks.timing import summary

READY: Final = "ready"
FIRST: Final = "native-first"
ROUNDS: Final = 3
"""Each is a fresh process."""
SECONDS: Final = ("parameters", "record", "compile", "gradient")
READY_COLUMNS: Final = (
    Column("parameters", ("parameters",), "seconds"),
    Column("record", ("record",), "seconds"),
    Column("compile", ("compile",), "seconds"),
    Column("both", ("all",), "seconds"),
    Column("min…max", ("low", "high"), "seconds"),
    Column("target", ("target",), "seconds"),
    Column("before", ("before",), "MB"),
    Column("peak", ("peak",), "MB"),
    Column("target", ("most",), "MB"),
)
FIRST_COLUMNS: Final = (
    Column("record", ("record",), "seconds"),
    Column("compile", ("compile",), "seconds"),
    Column("gradient", ("gradient",), "seconds"),
    Column("all", ("all",), "seconds"),
    Column("min…max", ("low", "high"), "seconds"),
    Column("target", ("target",), "seconds"),
    Column("before", ("before",), "MB"),
    Column("peak", ("peak",), "MB"),
)
READY_NOTES: Final = (
    f"Medians of {ROUNDS} fresh processes. parameters: drawn and made Values, before the clock of the target "
    "starts. before: the process with NumPy and parameters; peak: the most that it had until the program was ready.",
)
FIRST_NOTES: Final = (
    f"Medians of {ROUNDS} fresh processes, which keep to one core; seconds of the processor. compile: until the "
    "program is there; of a library with what it records. gradient: the first one. The parameters were made before.",
)


def ready(build: Build, settings: Settings) -> Block:
    """Record and compile programs."""
    works = import_module("tests.benchmarks.programs.readiness").WORKS
    answers = asked(build, settings, "program ready", works)
    rows = [row(name, kept, works[name].most_seconds, works[name].most_megabytes) for name, kept in answers.items()]
    heading = "recording and compiling a program"
    return Block(READY, heading, "s and MB", READY_COLUMNS, [Section("", rows)], READY_NOTES)


def first(build: Build, settings: Settings) -> Block:
    """Record and differentiate one large graph once; DisagreementError if the gradients aren't the same."""
    works = import_module("tests.benchmarks.programs.beginnings").WORKS
    answers = asked(build, settings, "program first", works)
    there = [Answer(name, kept[0]["results"]) for name, kept in answers.items() if "missing" not in kept[0]]
    for answer in there:
        require_close(FIRST, answer, there[0])
    rows = [row(name, kept, works[name].most_seconds, None) for name, kept in answers.items()]
    heading = "784-500-400-10 with * and +, 1.8 million nodes, recorded and differentiated once"
    return Block(FIRST, heading, "s and MB", FIRST_COLUMNS, [Section("", rows)], FIRST_NOTES)


def asked(build: Build, settings: Settings, do: str, works: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The answers for each work, of which each is that of a new process; the works take turns."""
    rounds = min(settings.rounds, ROUNDS)
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in works}
    for number in range(rounds):
        for name, kept in answers.items():
            settings.progress.step(f"{name}, round {number + 1} of {rounds}")
            if not kept or "missing" not in kept[0]:
                kept.append(ask_once(build, do, work=name, quick=settings.quick))
    return answers


def row(
    name: str, answers: Sequence[Mapping[str, Any]], most_seconds: float | None, most_megabytes: float | None
) -> Row:
    if "missing" in answers[0]:
        return Row(name, said=answers[0]["missing"])
    parts = [key for key in SECONDS if answers[0].get(key) is not None]
    rounds = {"all_rounds": [sum(answer[key] for key in parts if key != "parameters") for answer in answers]}
    found = summary(rounds["all_rounds"])
    figures: dict[str, Figure] = {"all": found["median"], "low": found["low"], "high": found["high"]}
    for key in parts:
        figures[key] = summary([answer[key] for answer in answers])["median"]
    for key in ("before", "peak"):
        sizes = [answer[key] / MEGABYTE for answer in answers if answer[key] is not None]
        figures[key] = summary(sizes)["median"] if sizes else None
    texts = {"target": reached(most_seconds, figures["all"]), "most": reached(most_megabytes, figures["peak"])}
    return Row(name, figures, rounds=rounds, texts=texts)


RACES: Final[Mapping[str, Callable[[Build, Settings], Block]]] = {READY: ready, FIRST: first}
