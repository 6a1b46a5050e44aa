"""Measures the fifth work: a process for each graph and round, the builds and the sizes taking turns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from tests.benchmarks.agreement import Answer, require_same_bits
from tests.benchmarks.builds import COMPILED, PURE, Build
from tests.benchmarks.growth import FRESH, SHAPES
from tests.benchmarks.process import ask_once
from tests.benchmarks.settings import COLLECTOR, Settings
from tests.benchmarks.table import Block, Column, Figure, Row, Section
from tests.benchmarks.timing import summary

SIZES: Final = {COMPILED: (10**3, 10**4, 10**5, 10**6, 10**7), PURE: (10**3, 10**4, 10**5, 10**6)}
QUICK_SIZES: Final = (10**3, 10**4, 2 * 10**4)
COMPARED: Final = (10**3, 10**4)
AGAIN: Final = 0.02
"""Seconds in which graphs are built again in used memory."""
LEAST_FOR_VARIATION: Final = 10**4
NANO: Final = 1e9
COLUMNS: Final = (
    Column("nodes", ("nodes",)),
    *(
        Column(title, keys, COLLECTOR[True])
        for title, keys in (
            ("build", ("build",)),
            ("backward", ("backward",)),
            ("both, min…max", ("low", "high")),
            ("again", ("again",)),
            ("bytes", ("held",)),
            ("peak", ("peak",)),
        )
    ),
    *(
        Column(title, keys, COLLECTOR[False])
        for title, keys in (
            ("build", ("off_build",)),
            ("backward", ("off_backward",)),
        )
    ),
    Column("look-ups", ("look_ups",)),
)
NOTES: Final = (
    "Each round is a fresh process. Small graphs are made side by side until there are "
    f"{FRESH:,} nodes, on memory that the process has not used before, and then all go backward: the sizes differ in "
    "nothing but the size of a graph. again: build + backward where another graph was just dropped, whose memory is "
    "used again, and which up to some 10,000 nodes lies in the caches. bytes: what the process grew by; peak: at the "
    "most until backward was done. A leaf is a node. Dropping isn't timed here. look-ups: what the program of random "
    "takes to read operands all over its list, without the engine; it waits for memory, as whoever needs them does.",
)


class Case(NamedTuple):
    """A graph, measured with one build."""

    shape: str
    build: Build
    size: int


Measured: TypeAlias = Mapping[tuple[Case, bool], Sequence[Mapping[str, Any]]]


def race(builds: Sequence[Build], settings: Settings) -> Block:
    """Compare the builds on small graphs, then measure all sizes."""
    cases = [
        Case(shape, build, size)
        for shape in SHAPES
        for build in builds
        for size in (QUICK_SIZES if settings.quick else SIZES[build.name])
    ]
    check(builds, settings)
    measured = measure(cases, settings)
    sections = []
    for shape in SHAPES:
        rows = [row(case, measured) for case in cases if case.shape == shape]
        if settings.no_compiled:
            rows.insert(0, Row(COMPILED, said=settings.no_compiled))
        sections.append(Section(shape, rows))
    notes = [*NOTES, *variation(cases, measured)]
    return Block(
        "growth", "what a node costs, by the size of the graph", "ns and bytes per node", COLUMNS, sections, notes
    )


def check(builds: Sequence[Build], settings: Settings) -> None:
    for shape in SHAPES:
        for size in COMPARED:
            settings.progress.step(f"{shape}, {size:,} nodes: results")
            answers = [
                Answer(f"ours, {build.name}", ask_once(build, "growth results", shape=shape, nodes=size)["results"])
                for build in builds
            ]
            for answer in answers:
                require_same_bits(f"growth, {shape}", answer, answers[0])


def measure(cases: Sequence[Case], settings: Settings) -> Measured:
    measured: dict[tuple[Case, bool], list[dict[str, Any]]] = defaultdict(list)
    for number in range(settings.rounds):
        for case in cases:
            for collector in (True, False):
                settings.progress.step(
                    f"round {number + 1} of {settings.rounds}, {COLLECTOR[collector]}: "
                    f"{case.shape}, {case.build.name}, {case.size:,} nodes"
                )
                answer = ask_once(
                    case.build,
                    "growth round",
                    shape=case.shape,
                    nodes=case.size,
                    collector=collector,
                    fresh=not settings.quick,
                    again=0.0 if settings.quick else AGAIN,
                )
                measured[case, collector].append(answer)
    return measured


def row(case: Case, measured: Measured) -> Row:
    answers = measured[case, True]
    figures: dict[str, Figure] = {"nodes": answers[0]["nodes"], "rounds": len(answers)}
    rounds = {}
    for collector, prefix in ((True, ""), (False, "off_")):
        answers = measured[case, collector]
        for part in ("build", "backward"):
            rounds[f"{prefix}{part}_rounds"] = [NANO * answer[part] for answer in answers]
            figures[prefix + part] = summary(rounds[f"{prefix}{part}_rounds"])["median"]
        both = summary([NANO * (answer["build"] + answer["backward"]) for answer in answers])
        figures |= {prefix + "low": both["low"], prefix + "high": both["high"]}
        figures |= {prefix + part: median_of(answers, part) for part in ("held", "peak")}
        figures |= {prefix + part: median_of(answers, part, NANO) for part in ("again", "look_ups")}
    return Row(case.build.name, figures, rounds=rounds)


def median_of(answers: Sequence[Mapping[str, Any]], part: str, unit: float = 1.0) -> Figure:
    """The median of a part over the rounds; None if no round has it."""
    found = [unit * answer[part] for answer in answers if answer[part] is not None]
    return summary(found)["median"] if found else None


def variation(cases: Sequence[Case], measured: Measured) -> list[str]:
    """The ratio of the highest and the lowest cost of a node over the sizes: a line for each build."""
    lines = []
    for build in dict.fromkeys(case.build for case in cases):
        compared = [case for case in cases if case.build == build and case.size >= LEAST_FOR_VARIATION]
        sizes = [case.size for case in compared]
        parts = []
        for shape in SHAPES:
            on, off = (
                ratio_of_extremes([measured[case, collector] for case in compared if case.shape == shape]) - 1.0
                for collector in (True, False)
            )
            parts.append(f"{shape} {on:.0%} ({off:.0%})")
        lines.append(
            f"max/min − 1 of build + backward per node, {build.name}, {min(sizes):,} to {max(sizes):,} nodes, in "
            f"brackets with the collector off: {', '.join(parts)}."
        )
    return lines


def ratio_of_extremes(cases: Sequence[Sequence[Mapping[str, Any]]]) -> float:
    costs = [summary([answer["build"] + answer["backward"] for answer in answers])["median"] for answers in cases]
    return max(costs) / min(costs)
