"""One unit of a network opened: the part of the recorded graph that computes it.

>>> from autograd import nn
>>> from autograd.show.pictures.opened import opened
>>> found = opened(nn.MLP(2, [3, 1], activation="tanh"), [0.5, -1.0], "layers.0[2]")
>>> found.names[found.output], len(found.places)
('h1[2]', 8)
"""

from difflib import get_close_matches
from typing import Any, NamedTuple

from autograd.arguments import shown
from autograd.engine.tape import Tape
from autograd.show.calls import Call, calls_on
from autograd.show.names import Names
from autograd.show.pictures.stages import outputs_of
from autograd.wording import ends


class Opened(NamedTuple):
    """The nodes of one unit, by their places on the tape of a call."""

    names: Names
    output: int
    places: set[int]
    """Those of its output, of the inputs and parameters that it reads, and of all nodes between."""


def opened(model: Any, x: Any, unit: object) -> Opened:
    """The unit of a layer with that path and position, as in "layers.0[2]", in the graph of model(x).

    A step of a cell is told by its time, as in "cell[2,t=3]"; without one it is the first. The name of its output,
    such as "h1[2]", is as good. TypeError for no x and for anything but a text; ValueError for a unit that isn't there.
    """
    if not isinstance(unit, str):
        raise TypeError(f"draw: open is a unit by its layer and position, as in open='layers.0[2]', not {shown(unit)}")
    if x is None:
        raise TypeError(f"draw: open={unit!r} opens a unit with its numbers, so it needs x: draw(model, x, open=…)")
    tape = Tape(*outputs_of(model, x))
    names = Names(tape)
    paths: dict[str, tuple[Call, int]] = {}
    units: dict[str, tuple[Call, int]] = {}
    for call in calls_on(tape):
        for i, place in enumerate(call.results):
            if place >= 0:
                paths.setdefault(_path(call, i), (call, place))
                units[names[place]] = units[_path(call, i, call.step)] = call, place
    units |= paths
    if unit not in units:
        raise _unknown(unit, [*paths])
    call, output = units[unit]
    return Opened(names, output, _between(tape, output, call))


def _path(call: Call, unit: int, step: str = "") -> str:
    return f"{call.units.path}[{unit}{',' if step else ''}{step}]"


def _between(tape: Tape, output: int, call: Call) -> set[int]:
    """The places of a unit's output and of all nodes down to the inputs of its layer."""
    inputs, found, stack = set(call.inputs), {output}, [output]
    while stack:
        place = stack.pop()
        fresh = [] if place in inputs and place != output else [k for k in tape.operands_of(place) if k not in found]
        found.update(fresh)
        stack += fresh
    return found


def _unknown(unit: str, paths: list[str]) -> ValueError:
    near = get_close_matches(unit, paths, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(ends(paths, '… {:,} more …'))}"
    return ValueError(f"draw: no unit of this network is called {unit!r}; {hint}")
