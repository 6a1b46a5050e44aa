"""Times rounds, with the cyclic collector at its default or off, and summarises them."""

import gc
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter, process_time
from typing import Final

ROUND_SECONDS: Final = 0.05
"""The seconds of a full round: long compared with the clock's resolution and a switch of tasks."""
MARGIN: Final = 1.2
"""The factor by which a round is planned longer, because it may be faster than the run that it is planned by."""


@contextmanager
def collector(on: bool) -> Iterator[None]:
    """Collect the garbage, and then run the block with the collector at its default, or off."""
    gc.collect()
    try:
        if not on:
            gc.disable()
        yield
    finally:
        gc.enable()


def seconds_for(run: Callable[[], object], repeats: int, clock: Callable[[], float] | None = None) -> float:
    clock = clock or perf_counter
    start = clock()
    for _ in repeat(None, repeats):
        run()
    return clock() - start


def keep_to_one_core() -> None:
    """Keep this process, and those that it starts, to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def processor_seconds() -> float:
    """The seconds in which this process and the ended ones that it started ran."""
    ended = os.times()
    return process_time() + ended.children_user + ended.children_system


def repeats_for(run: Callable[[], object], seconds: float) -> int:
    """The number of runs that last the given seconds; the first run, which may be much slower, doesn't count."""
    run()
    repeats = 1
    while (lasted := seconds_for(run, repeats)) < seconds:
        planned = round(repeats * MARGIN * seconds / max(lasted, 1e-9))
        repeats = max(repeats + 1, min(10 * repeats, planned))
    return repeats


def summary(rounds: Sequence[float], reference: float | None = None) -> dict[str, float]:
    """The median and the extremes of some rounds, and the ratio of the median to a reference."""
    found = {"median": statistics.median(rounds), "low": min(rounds), "high": max(rounds)}
    if reference is not None:
        found["ratio"] = found["median"] / reference
    return found
