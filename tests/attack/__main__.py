"""Attacks the library from outside and lists the faults: `python -m tests.attack`, one minute on one core.

With `--minutes 60 --seed 7 --only calls,files` longer, and with the same attacks again; with `--against PATH` also on
the other build, whose package is in that folder. `--again calls "mean(ring())"` makes one attack.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import autograd
from tests.attack.judge import FUZZERS, Fault, faults, run
from tests.attack.worker import Worker


def main(arguments: list[str] | None = None) -> int:
    """Run the fuzzers; return 1 if they found a fault, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0, help="for all fuzzers together")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", default=",".join(FUZZERS), help="the fuzzers, with commas between them")
    parser.add_argument("--against", type=Path, help="a folder with the package of the other build")
    parser.add_argument("--again", nargs=2, metavar=("FUZZER", "ATTACK"), help="make this attack alone")
    asked = parser.parse_args(arguments)
    build = "compiled" if autograd.COMPILED else "pure"
    if asked.again:
        return _again(asked.again[0], asked.again[1], asked.against)
    wanted = asked.only.split(",")
    if unknown := set(wanted) - set(FUZZERS):
        parser.error(f"there is no fuzzer {unknown.pop()}; there are {', '.join(FUZZERS)}")
    print(f"the {build} build, seed {asked.seed}", flush=True)
    found: list[Fault] = []
    for fuzzer in wanted:
        made, fell = run(fuzzer, asked.seed, _over(60.0 * asked.minutes / len(wanted)), asked.against)
        print(f"{fuzzer:12}{made:9,} attacks, {len(fell)} kinds of faults", flush=True)
        for fault in fell:
            print(fault, flush=True)
        found += fell
    return int(bool(found))


def _over(seconds: float) -> Callable[[int], bool]:
    """Whether the time is over, whatever was made in it."""
    end = time.monotonic() + seconds
    return lambda made: time.monotonic() >= end


def _again(fuzzer: str, attack: str, against: Path | None) -> int:
    with Worker(fuzzer) as worker:
        if against is None:
            answer = worker.ask(attack)
            print(answer.outcome)
            fell = [answer.fault] if answer.fault else []
        else:
            with Worker(fuzzer, against) as other:
                fell = list(faults(attack, worker, other))
    for what in fell:
        print(Fault(fuzzer, attack, what))
    return int(bool(fell))


if __name__ == "__main__":
    sys.exit(main())
