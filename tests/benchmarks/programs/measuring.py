"""The commands of the second table in a measuring process."""

import gc
import os
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple

import numpy as np

from tests.benchmarks import memory, timing
from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.contender import MissingRivalError, require
from tests.benchmarks.programs import beginnings
from tests.benchmarks.programs.case import Array, Case, Contender, Entrant, Scalars, compiler, program_of, require_close
from tests.benchmarks.programs.races import race
from tests.benchmarks.programs.readiness import WORKS


class Key(NamedTuple):
    """The position of a contender: its race, the number of its case, and its own number there."""

    race: str
    case: int
    contender: int

    def found(self) -> tuple[Case, Contender]:
        chosen = race(self.race).cases[self.case]
        return chosen, chosen.contenders[self.contender]


CACHE: Final = os.environ.get("XDG_CACHE_HOME")
"""The folder that this process has for what it compiles; it is removed with all that is in it."""
_entrants: Final[dict[Key, Entrant]] = {}
_repeats: Final[dict[Key, int]] = {}
_scalars: Final[dict[tuple[str, int], Scalars]] = {}


def prepare(key: list[Any], quick: bool, wanted: str, warm: bool = False) -> dict[str, Any]:
    """Make a contender, and compare its results with those in a file, which the first contender writes.

    With warm it makes a tiny one first, and times how long it takes until the whole one is ready.
    """
    place = Key(*key)
    case, contender = place.found()
    if warm or place[:2] not in _scalars:  # A training that was measured has changed its parameters.
        _scalars[place[:2]] = case.scalars(quick)
    scalars = _scalars[place[:2]]
    try:
        if contender.needs:
            require(contender.needs)
        if warm:
            contender.make(case.scalars(True)).run()
            _leave_cache()
        entrant, seconds = ready_after(contender, scalars) if warm else (contender.make(scalars), None)
    except MissingRivalError as error:
        return {"missing": str(error)}
    results = entrant.results()
    try:
        agree(contender.name, results, Path(wanted), scalars.dtype)
    except DisagreementError as error:
        return {"wrong": str(error)}
    _entrants[place] = entrant
    gc.collect()
    gc.freeze()  # As in the first table: nobody pays for the objects of PyTorch and JAX.
    return {"compile_seconds": entrant.compile_seconds, "ready_seconds": seconds}


def _leave_cache() -> None:
    """Compile to a new folder from now on: a tiny program may have the text of the whole one, which would be ready."""
    if CACHE is not None:
        os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(dir=CACHE)


def ready_after(contender: Contender, scalars: Scalars) -> tuple[Entrant, float]:
    """A contender that has run, and the seconds of the processor until then, less those of a later run."""
    gc.collect()
    start = timing.processor_seconds()
    entrant = contender.make(scalars)
    entrant.run()
    first = timing.processor_seconds()
    entrant.run()
    return entrant, max(0.0, 2.0 * first - start - timing.processor_seconds())


def agree(contender: str, results: Array, wanted: Path, dtype: str) -> None:
    """Compare results with those in a file, or write them into a new one."""
    if not wanted.exists():
        np.savez(wanted, name=contender, results=results)
    with np.load(wanted) as file:
        require_close(contender, results, str(file["name"]), file["results"], dtype)


def measure_round(key: list[Any], seconds: float, cpu_time: bool = False) -> dict[str, Any]:
    """The seconds per run, over as many runs as last about the given seconds; a long case runs once and at once.

    With cpu_time they are those in which this process ran.
    """
    place = Key(*key)
    run = _entrants[place].run
    if place.found()[0].once:
        _repeats[place] = 1
    with timing.collector(True):
        if place not in _repeats:
            _repeats[place] = timing.repeats_for(run, seconds)
        clock = process_time if cpu_time else perf_counter
        seconds = timing.seconds_for(run, _repeats[place], clock)
    return {"seconds": seconds / (_repeats[place] * _entrants[place].steps)}


def forget() -> dict[str, Any]:
    """Drop all contenders and their arrays."""
    _entrants.clear()
    _repeats.clear()
    _scalars.clear()
    gc.unfreeze()
    gc.collect()
    return {}


def first(work: str, quick: bool) -> dict[str, Any]:
    """The seconds and the memory of a large graph that is recorded and differentiated once, on one core."""
    timing.keep_to_one_core()
    try:
        return beginnings.first(work, quick)
    except MissingRivalError as error:
        return {"missing": str(error)}


def ready(work: str, quick: bool) -> dict[str, Any]:
    """The seconds in which a program is recorded and compiled, and the memory before and at its peak."""
    try:
        compiler()
    except MissingRivalError as error:
        return {"missing": str(error)}
    start = perf_counter()
    scalars = WORKS[work].scalars(quick)
    made = perf_counter()
    before = memory.resident()
    program = program_of(scalars)
    return {
        "parameters": made - start,
        "record": program.record,
        "compile": program.compile,
        "before": before,
        "peak": memory.peak(),
    }
