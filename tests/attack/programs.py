"""Random programs, which have the same bits in both builds; `tests.fuzz` makes them.

>>> from tests.attack import programs
>>> programs.attempt("3")
Answer(outcome='...', fault='')
"""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Final

from tests import fuzz
from tests.attack.answer import Answer
from tests.attack.intact import disorder

SEEDS: Final = 10**9


def texts(rng: Random) -> Iterator[str]:
    """Seeds of programs, without end."""
    return map(str, count(rng.randrange(SEEDS)))


def attempt(text: str) -> Answer:
    """The digest of all numbers of the program with that seed."""
    return Answer(fuzz.digest(fuzz.program(int(text))), disorder())
