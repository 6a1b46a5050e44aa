"""How a run of the benchmarks is to go, and the words that all works share."""

from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.progress import Progress
from tests.benchmarks.timing import ROUND_SECONDS

LEAST_ROUNDS: Final = 7
QUICK_ROUNDS: Final = 2
COLLECTOR: Final = {True: "collector at its default", False: "collector off"}


@dataclass(frozen=True)
class Settings:
    """`no_compiled` says why there is no compiled build, if there is none."""

    quick: bool
    rounds: int
    no_compiled: str = ""
    progress: Progress = field(default_factory=Progress)

    @property
    def round_seconds(self) -> float:
        return 0.0 if self.quick else ROUND_SECONDS
