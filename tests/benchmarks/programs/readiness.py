"""Programs whose recording and compiling is measured."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from tests.benchmarks.programs import irregular, mnist, transformer
from tests.benchmarks.programs.case import Scalars


class Readiness(NamedTuple):
    """A program, and the targets for the seconds of recording and compiling it and for the peak of memory in MB."""

    scalars: Callable[[bool], Scalars]
    most_seconds: float | None = None
    most_megabytes: float | None = None


WORKS: Final = {
    "MNIST, written with * and +": Readiness(mnist.by_hand, 2.5, 500.0),
    "MNIST, dot neurons": Readiness(partial(mnist.scalars, 1), 1.0),
    "GPT, seven letters": Readiness(partial(transformer.same_length, 1)),
    "GPT, every length": Readiness(transformer.every_length),
    "random graph of 10,000": Readiness(irregular.random_graph, 0.4),
    "chain of 3,000": Readiness(irregular.chain, 0.3),
}
