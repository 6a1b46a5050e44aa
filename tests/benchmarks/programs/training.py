"""Trainings of the third table: steps of SGD, of which some contenders take many in one call."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from tests.benchmarks.programs.case import Array, Entrant

STEPS: Final = 5
"""So many steps are compared before anything is timed."""


class Training(NamedTuple):
    """A training: `start` puts the first parameters back, and `parameters` are in the order of results."""

    start: Callable[[], object]
    train: Callable[[int], object]
    """Takes so many steps."""
    parameters: Callable[[], Any]


def trained(training: Training, steps: int = 1) -> Entrant:
    """An entrant whose runs have so many steps; its results are the parameters after a few from the start."""

    def results() -> Array:
        training.start()
        training.train(STEPS)
        return np.array(training.parameters(), "float64")

    return Entrant(partial(training.train, steps), results, steps=steps)
