"""The command line of the benchmarks: `python -m tests.benchmarks --help` explains."""

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks import (
    builds,
    duel,
    expression,
    gpt,
    growth_race,
    machine,
    moons,
    public_race,
    startup,
    table,
    wide_race,
)
from tests.benchmarks.agreement import TOLERANCE, DisagreementError
from tests.benchmarks.contest import contest
from tests.benchmarks.process import Worker, WorkerError, usable
from tests.benchmarks.progress import Progress
from tests.benchmarks.settings import LEAST_ROUNDS, QUICK_ROUNDS, Settings

Race = Callable[[Sequence[builds.Build], Settings], table.Block]

CONTESTS: Final = {work.name: work for work in (expression.WORK, moons.WORK, gpt.WORK)}
RACES: Final[Mapping[str, Race]] = {
    "wide": wide_race.race,
    "growth": growth_race.race,
    "startup": startup.race,
    "public": public_race.race,
}
FIRST: Final = (*CONTESTS, *RACES)
NAMES: Final = (*FIRST, *duel.NAMES, *duel.NATIVE_NAMES)
TABLES: Final = {"eager": FIRST, "compiled": duel.NAMES, "native": duel.NATIVE_NAMES}
"""Names of a whole table."""
NOTICE: Final = "--quick: all sizes are tiny. The times below mean nothing; they only show that everything runs."
CAPTION: Final = (
    "A figure is the median of rounds in which the contenders take turns; min…max are the fastest and the slowest "
    "round; a ratio is to the median of ours. Among the nodes are numbers beside operators, as in 2 * x, of which ours "
    "makes none until it is asked. With the collector off, a round keeps all garbage that has cycles, as "
    "micrograd's graphs have. In processes that are shared, the collector passes over what was there before the "
    "rounds (gc.freeze): the objects of PyTorch and JAX would slow everybody down. Values and gradients were compared "
    f"before anything was timed: our builds agree to the last bit, all others to {TOLERANCE:g} of the largest number."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; return 0, or 1 after an error on stderr."""
    options = read(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # Not every terminal can print µ.
    try:
        run(options)
    except (DisagreementError, WorkerError, RuntimeError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measures this checkout and its rivals on the same programs and prints three tables: eager, of "
        "both builds; compiled, of programs made by autograd.compile; native, of programs by each of its back ends. "
        "Rivals are used where they are installed: pip install '.[bench,native-bench]'.",
    )
    parser.add_argument("--only", type=_names, default=NAMES, help=f"some of {','.join((*TABLES, *NAMES))}; all")
    parser.add_argument("--rounds", type=int, help=f"at least {LEAST_ROUNDS}, which is the default")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that everything runs, times nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the same figures, and every round")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="compiled programs with one thread: the time that the process ran, for a machine that others use too",
    )
    parser.add_argument(
        "--builds",
        type=Path,
        metavar="DIR",
        help="a folder whose pure/ and compiled/ hold the package, to save building",
    )
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = QUICK_ROUNDS if options.quick else LEAST_ROUNDS
    if options.rounds < (1 if options.quick else LEAST_ROUNDS):
        parser.error(f"--rounds {options.rounds} are too few to trust a median; at least {LEAST_ROUNDS}, or --quick")
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(one for name in text.split(",") for one in TABLES.get(name, (name,)))
    for name in names:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(NAMES)}")
    return names


@contextmanager
def both_builds(folder: Path | None, progress: Progress) -> Iterator[list[builds.Build]]:
    """The builds in a folder; without a folder, new builds, which are removed in the end."""
    if folder is not None:
        yield builds.reuse(folder)
        return
    progress.work("building")
    with tempfile.TemporaryDirectory(prefix="autograd-benchmarks-") as fresh:
        yield builds.install(Path(fresh))


def run(options: argparse.Namespace) -> None:
    progress = Progress()
    with both_builds(options.builds, progress) as found, ExitStack() as stack:
        ours, no_compiled = usable(found)
        settings = Settings(options.quick, options.rounds, no_compiled, options.cpu_time, progress)
        described = machine.description()
        show_heading(described, settings)
        duels = {names: stack.enter_context(duel.Duels(ours[0], settings, way)) for names, way in duel.WAYS.items()}
        captions = {FIRST: CAPTION, duel.NAMES: duel.CAPTION, duel.NATIVE_NAMES: duel.NATIVE_CAPTION}
        workers: dict[str, Worker] = {}
        blocks = []
        for name in options.only:
            progress.work(name)
            names = next(names for names in TABLES.values() if name in names)
            if names in captions:
                print("", *table.paragraph(captions.pop(names)), sep="\n", flush=True)
            if name in CONTESTS:
                workers = workers or {build.name: stack.enter_context(Worker(build)) for build in ours}
                block = contest(CONTESTS[name], workers, settings)
            elif names in duels:
                block = duels[names].race(name)
            else:
                block = RACES[name](ours, settings)
            blocks.append(block)
            print(f"\n{table.text(block)}", flush=True)
    described["load at the end"] = machine.load()
    print(f"\nLoad at the end: {described['load at the end']}")
    if options.json is not None:
        figures = {"quick": options.quick, **table.as_json(described, blocks)}
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show_heading(described: Mapping[str, str], settings: Settings) -> None:
    width = max(map(len, described)) + 2
    for key, value in described.items():
        first, *rest = table.paragraph(value, " " * width)
        print(key.ljust(width) + first.lstrip(), *rest, sep="\n")
    if settings.quick:
        print("", *table.paragraph(NOTICE), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
