"""The settings of a run, and the column titles that all works use."""

from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.progress import Progress
from tests.benchmarks.timing import ROUND_SECONDS

LEAST_ROUNDS: Final = 7
QUICK_ROUNDS: Final = 2
COLLECTOR: Final = {True: "collector at its default", False: "collector off"}


@dataclass(frozen=True)
class Settings:
    """The settings of a run; `no_compiled` is the reason if there is no compiled build.

    With cpu_time, figures with one thread are the seconds in which their process ran.
    """

    quick: bool
    rounds: int
    no_compiled: str = ""
    cpu_time: bool = False
    progress: Progress = field(default_factory=Progress)

    @property
    def round_seconds(self) -> float:
        return 0.0 if self.quick else ROUND_SECONDS
