"""The answer of an attack.

>>> Answer("Value(data=2.0)", fault="the garbage collector is off")
Answer(outcome='Value(data=2.0)', fault='the garbage collector is off')
"""

from typing import NamedTuple


class Answer(NamedTuple):
    """The outcome of an attack, as text that both builds share, and the fault in it; empty if there is none."""

    outcome: str
    fault: str = ""
