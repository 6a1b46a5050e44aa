"""Measures the seventh work: a process for each build and each shape of graph.

`python -m tests.benchmarks.public_race` measures the package of this checkout alone, in less than a minute.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.benchmarks import builds, public, table
from tests.benchmarks.process import ask_once
from tests.benchmarks.settings import QUICK_ROUNDS, Settings
from tests.benchmarks.table import Block, Column, Row, Section

MODELS: Final = "model"
COLUMNS: Final = tuple(Column(shape, (shape,)) for shape in (*public.SHAPES, MODELS))
MOST: Final = 1.5
"""A larger exponent is not that of n·log n, even as far as it can be measured."""
NOTES: Final = (
    f"The cost of a graph against that of one with a {public.FACTOR}th of its nodes: 1 is linear, 2 is quadratic, "
    "and n·log n is a little above 1. Time is that of the processor with the collector off, the quickest of a few "
    "runs. Memory is what Python allocates at the peak of a run.",
)


def race(found: Sequence[builds.Build], settings: Settings) -> Block:
    """Measure all functions in each build, and name those that grow too fast."""
    sections = []
    for build in found:
        measured = measure(build, settings)
        sections += [Section(f"{part}, {build.name}", rows(measured, part)) for part in ("time", "memory")]
    if settings.no_compiled:
        sections.insert(0, Section("", [Row(builds.COMPILED, said=settings.no_compiled)]))
    return Block(
        "public",
        "how the cost of a public function grows",
        "exponents",
        COLUMNS,
        sections,
        (*NOTES, *(() if settings.quick else fast(sections))),
    )


def measure(build: builds.Build, settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """The exponents, by the shape of the graph and the name of the function."""
    measured = {}
    for shape in public.SHAPES:
        settings.progress.step(f"{build.name}: {shape}")
        measured[shape] = ask_once(build, "public graphs", shape=shape, quick=settings.quick)
    settings.progress.step(f"{build.name}: {MODELS}")
    return {**measured, MODELS: ask_once(build, "public models", quick=settings.quick)}


def rows(measured: Mapping[str, Mapping[str, Any]], part: str) -> list[Row]:
    figures: dict[str, dict[str, Any]] = defaultdict(dict)
    for shape, functions in measured.items():
        for name, exponents in functions.items():
            figures[name][shape] = exponents[part]
    return [Row(name, found) for name, found in figures.items()]


def fast(sections: Sequence[Section]) -> list[str]:
    """A line for each figure that is too large."""
    return [
        f"Faster than n·log n: {row.contender} of {shape}, {section.title}, {figure:.2f}."
        for section in sections
        for row in section.rows
        for shape, figure in row.figures.items()
        if figure is not None and figure > MOST
    ]


def main() -> int:
    """Print the table of the package of this checkout; 1 if a function grows too fast."""
    settings = Settings(quick=False, rounds=QUICK_ROUNDS)
    block = race([builds.Build("this checkout", builds.ROOT)], settings)
    print(table.text(block))
    return int(bool(fast(block.sections)))


if __name__ == "__main__":
    sys.exit(main())
