"""Runs a fuzzer and lists the faults that it finds, each with the command that shows it again.

>>> from tests.attack.judge import Fault
>>> print(Fault("calls", "mean(1.0)", "RecursionError without a remedy"))
calls: RecursionError without a remedy
  again: python -m tests.attack --again calls 'mean(1.0)'
"""

import importlib
import operator
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.attack.worker import Worker

FUZZERS: Final = ("calls", "interrupts", "fits", "files", "programs")
_NUMBERS: Final = re.compile(r"\d+(\.\d+)?")


class Fault(NamedTuple):
    """A fault, and the attack that shows it."""

    fuzzer: str
    attack: str
    what: str

    def __str__(self) -> str:
        again = f"python -m tests.attack --again {self.fuzzer} {shlex.quote(self.attack)}"
        return f"{self.fuzzer}: {self.what}\n  again: {again}"

    @property
    def kind(self) -> tuple[str, str]:
        """Faults of one kind differ only in numbers and arguments."""
        return self.fuzzer, _NUMBERS.sub("#", self.what)[:80]


def attacks(fuzzer: str, seed: int) -> Iterator[str]:
    """The attacks of a fuzzer from a seed, as texts, without end."""
    found: Iterator[str] = importlib.import_module(f"tests.attack.{fuzzer}").texts(Random(f"{fuzzer} {seed}"))
    return found


def run(fuzzer: str, seed: int, enough: Callable[[int], bool], against: Path | None = None) -> tuple[int, list[Fault]]:
    """The number of attacks made until it was enough, and the first fault of each kind."""
    found: dict[tuple[str, str], Fault] = {}
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(fuzzer))
        other = stack.enter_context(Worker(fuzzer, against)) if against is not None else None
        assert other is None or other.compiled() != worker.compiled(), "both are the same build"
        for made, text in zip(count(), attacks(fuzzer, seed), strict=False):
            if enough(made):
                return made, list(found.values())
            for what in faults(text, worker, other):
                fault = Fault(fuzzer, text, what)
                found.setdefault(fault.kind, fault)
    raise AssertionError(f"{fuzzer} came to an end")


def faults(text: str, worker: Worker, other: Worker | None) -> Iterator[str]:
    """The faults that an attack finds, in the one build and in the other."""
    alike = getattr(importlib.import_module(f"tests.attack.{worker.fuzzer}"), "alike", operator.eq)
    here = worker.ask(text)
    if here.fault:
        yield here.fault
    if other is not None:
        there = other.ask(text)
        if there.fault and there.fault != here.fault:
            yield f"in the other build: {there.fault}"
        if not alike(here.outcome, there.outcome):
            yield f"the builds differ:\n  {here.outcome}\n  {there.outcome}"
        if here.fault or there.fault:  # Both start anew, so that neither knows more than the other.
            worker.end()
            other.end()
