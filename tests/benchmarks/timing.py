"""Rounds: how one is timed with the cyclic collector at its default or off, and what many are summed up to."""

import gc
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter
from typing import Final

ROUND_SECONDS: Final = 0.05
"""A full round lasts at least about so long: the clock and a switch of tasks are small beside it."""
MARGIN: Final = 1.2
"""How much longer than asked a round is planned, as the next may be faster than the one that it was planned by."""


@contextmanager
def collector(on: bool) -> Iterator[None]:
    """Begin without garbage; the collector runs as Python sets it up, or not at all."""
    gc.collect()
    try:
        if not on:
            gc.disable()
        yield
    finally:
        gc.enable()


def seconds_for(run: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in repeat(None, repeats):
        run()
    return perf_counter() - start


def repeats_for(run: Callable[[], object], seconds: float) -> int:
    """How often to repeat so that it lasts so long; the first run, which may be much slower, doesn't count."""
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
