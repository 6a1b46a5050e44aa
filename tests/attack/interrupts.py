"""Ctrl-C at every point of the work of `scenarios` where it can come.

>>> from tests.attack import interrupts
>>> interrupts.attempt("backward at point 3")
Answer(outcome='', fault='')

Afterwards all is as it was before the work, or as it is after it; no block is open, no lock is held, the garbage
collector is on; and the same work, done again, is right.
"""

from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from random import Random
from tempfile import TemporaryDirectory

from tests.attack import signals
from tests.attack.answer import Answer
from tests.attack.intact import disorder
from tests.attack.scenarios import SCENARIOS
from tests.interrupting import interrupted, points


def texts(rng: Random) -> Iterator[str]:
    """Interrupts without end."""
    return signals.interrupts(rng, SCENARIOS, _points)


@cache
def _points(name: str) -> int:
    with TemporaryDirectory() as folder, chdir(folder):  # Some write files.
        SCENARIOS[name]().act()  # The first time, modules are imported.
        return points(SCENARIOS[name]().act)


def attempt(text: str) -> Answer:
    """How an interrupt breaks the rules. Its outcome is empty: both builds are not interrupted at the same points."""
    name, when = signals.read(text)
    calm, world = SCENARIOS[name](), SCENARIOS[name]()
    old, result = calm.state(), calm.act()
    new = calm.state()
    try:
        with interrupted(**when):
            world.act()
    except KeyboardInterrupt:
        pass
    if fault := disorder():
        return Answer("", fault)
    found = world.state()
    if found not in (old, new):
        return Answer("", f"it is half done: {found} is neither {old} nor {new}")
    if found == new != old:
        result = calm.act()
    again = world.act()
    if again != result:
        return Answer("", f"the same work comes to {again} afterwards, and not to {result}")
    if world.state() != calm.state():
        return Answer("", f"the same work leads to {world.state()} afterwards, and not to {calm.state()}")
    return Answer("", disorder())
