"""The stages of a network, from its inputs to its outputs: the units of each layer, and the weights between them.

>>> from autograd import nn
>>> from autograd.show.pictures.stages import stages_of
>>> for stage in stages_of(nn.MLP(2, [3, 1], activation="tanh"), None):
...     print(stage.title, [unit.name for unit in stage.units], stage.starts)
input ['x[0]', 'x[1]'] ()
layer 1 ['h1[0]', 'h1[1]', 'h1[2]'] [(0, 0), (0, 1)]
layer 2 ['z2[0]'] [(1, 0), (1, 1), (1, 2)]

They are read from the graph of one call of the model, or without an input from its layers alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from autograd.arguments import described
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.show.calls import Call, calls_on
from autograd.show.layers import Layer, Units
from autograd.show.models import layers_of
from autograd.wording import counted

Kind = Literal["input", "dense", "cell", "convolution", "state"]
Start = tuple[int, int]
"""The position of an earlier stage, and that of a unit there; NOWHERE for several units."""
NOWHERE: Final = (-1, -1)
Weight = Callable[[int, int], Value]
"""The weight of a row at a column: there is a row for each unit of each gate, or for each filter."""


class Unit(NamedTuple):
    """A neuron, a hidden unit, a filter, or an input."""

    name: str
    value: float | None
    """Its output; None where there is no single one."""
    place: int = -1
    """Of its output on the tape; -1 where there is no single one."""


class Stage(NamedTuple):
    """The units of one layer at one time, or a row of inputs."""

    kind: Kind
    title: str
    subtitle: str
    units: list[Unit]
    sources: list[int]
    """The positions of the earlier stages from which it is computed, those included that no weights lead from."""
    depth: int
    """Its place from left to right; the inputs of a step of a cell have the depth of the step."""
    starts: Sequence[Start] = ()
    """The units that its units read, one for each weight of a row."""
    weight: Weight | None = None
    gates: int = 1
    shape: tuple[int, ...] = ()
    """Of a filter: channels, rows, columns."""

    def weights(self, unit: int, column: int) -> list[Value]:
        """The weights between a unit and one that it reads: one for each gate."""
        weight, size = self.weight, len(self.units)
        return [] if weight is None else [weight(gate * size + unit, column) for gate in range(self.gates)]


def stages_of(model: Any, x: Any) -> list[Stage]:
    """The stages of a model, called on x, or as its layers say where x is None.

    TypeError for a model without layers; the errors of the model's own call.
    """
    layers: Sequence[Layer] = layers_of(model)
    if not layers:
        raise TypeError(
            f"draw: {described(model)} has no layers of autograd.nn; draw(model(x)) draws the graph of its output"
        )
    if x is None:
        return _Uncalled(layers).found
    return stages_on(Tape(*outputs_of(model, x)))


def stages_on(tape: Tape) -> list[Stage]:
    """The stages of a recorded graph."""
    return _Called(tape).found


def outputs_of(model: Any, x: Any) -> list[Value]:
    """The outputs of a model for x in one row; a cell reads x, a list of lists, step by step."""
    if not callable(model):
        raise TypeError(f"draw: {type(model).__name__} has no __call__ for x; define one, or draw it without x")
    first: Sequence[Layer] = layers_of(model)
    made: Any = None
    if len(first) == 1 and first[0].units.kind == "cell" and not first[0].units.path and _is_nested(x):
        for row in x:
            made = model(row, made)
    else:
        made = model(x)
    outputs = [*_values(made)]
    if not outputs:
        raise TypeError(f"draw: {type(model).__name__} returned no Value for x, so there is nothing to draw")
    return outputs


def _is_nested(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and isinstance(x[0], (list, tuple))


def _values(thing: Any) -> Iterator[Value]:
    if type(thing) is Value:
        yield thing
    elif isinstance(thing, (list, tuple, dict)):
        for part in thing.values() if isinstance(thing, dict) else thing:
            yield from _values(part)


class _Uncalled:
    """The stages of layers that follow one another in the order in which the model has them."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.found: list[Stage] = []
        for layer in layers:
            self._add(layer)

    def _add(self, layer: Layer) -> None:
        units, found = layer.units, self.found
        weight = _weight_of(layer.weights)
        if units.kind == "convolution":
            depth, sources = (found[-1].depth + 1, [len(found) - 1]) if found else (0, [])
            found.append(_filters(units, weight, depth, sources))
            return
        starts = self._inputs(units.width - (units.size if units.kind == "cell" else 0), units)
        depth = found[starts[0][0]].depth + 1
        if units.kind == "cell":
            last = [Unit(units.name("h", i, "t-1"), None) for i in range(units.size)]
            found.append(Stage("state", "last state", "", last, [], depth - 1))
            starts += [(len(found) - 1, i) for i in range(units.size)]
        own = [Unit(units.name(units.symbol, i, *["t"] * (units.kind == "cell")), None) for i in range(units.size)]
        stage = _stage(units, own, sorted({k for k, _ in starts}), depth)
        found.append(stage._replace(starts=starts, weight=weight))

    def _inputs(self, width: int, units: Units) -> list[Start]:
        """The units that a layer reads: those of the stage before it, if they are as many, else inputs."""
        last = len(self.found) - 1
        if self.found and not self.found[last].shape and len(self.found[last].units) == width:
            return [(last, i) for i in range(width)]
        step = ",t" if units.kind == "cell" else ""
        inputs = [Unit(f"{units.prefix}x[{i}{step}]", None) for i in range(width)]
        sources, depth = ([last], self.found[last].depth + 1) if self.found else ([], 0)
        self.found.append(Stage("input", "input", "", inputs, sources, depth))
        return [(last + 1, i) for i in range(width)]


class _Called:
    """The stages of a recorded graph."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.found: list[Stage] = []
        self.origins: dict[int, Start] = {}
        """The stage and the position of the unit whose output, or input, a node is."""
        self.known: dict[int, int] = {}
        """The stages of layers that are drawn once, however often they are called."""
        calls = calls_on(tape)
        counts = Counter(id(call.units) for call in calls)
        for call in calls:
            self._add(call, counts[id(call.units)])

    def _add(self, call: Call, times: int) -> None:
        key, kind = id(call.units), call.units.kind
        if key not in self.known or kind == "cell":
            if kind == "convolution":
                self._add_filters(call)
            else:
                self._add_units(call, 1 if kind == "cell" else times)
            self.known[key] = len(self.found) - 1
        self.origins |= {place: (self.known[key], i) for i, place in enumerate(call.results) if place >= 0}

    def _add_filters(self, call: Call) -> None:
        _, sources = self._sources([k for k in call.inputs if self.tape.operation(k)])
        depth = max((self.found[k].depth + 1 for k in sources), default=0)
        self.found.append(_filters(call.units, self._weight_of(call), depth, sources))

    def _add_units(self, call: Call, times: int) -> None:
        units = call.units
        fresh = len(call.inputs) - (units.size if units.kind == "cell" else 0)
        starts, now = self._sources(call.inputs[:fresh], call, times)
        state, before = self._sources(call.inputs[fresh:])
        depths = [self.found[k].depth + (self.found[k].kind != "input" or not call.step) for k in (*now, *before)]
        depth = max(depths, default=0)
        for k in now if call.step else ():
            if self.found[k].kind == "input":
                self.found[k] = self.found[k]._replace(depth=depth)
        named = dict(call.names(self.tape))
        own = [self._unit(place, named, call, i, times) for i, place in enumerate(call.results)]
        stage = _stage(units, own, sorted({*now, *before}), depth, call.step, times)
        self.found.append(stage._replace(starts=starts + state, weight=self._weight_of(call)))

    def _weight_of(self, call: Call) -> Weight:
        return lambda row, column: self.tape.node(call.weights[row][column])

    def _sources(
        self, places: Sequence[int], call: Call | None = None, times: int = 1
    ) -> tuple[list[Start], list[int]]:
        """For each input the unit that it comes from, and the stages of them all.

        With the call, the first of so many of its layer, inputs that come from no unit are a new stage.
        """
        starts: list[Start] = []
        stages: set[int] = set()
        new: list[Unit] = []
        for j, place in enumerate(places):
            above = self._above(place)
            stages |= {stage for stage, _ in above}
            single = next(iter(above)) if len(above) == 1 else NOWHERE
            if above or call is None:
                starts.append(NOWHERE if self.found[single[0]].shape else single)
            else:
                starts.append((len(self.found), len(new)))
                self.origins[place] = starts[-1]
                name = self._input(place, j, call)
                new.append(Unit(name, self.tape.data[place], place) if times == 1 else Unit(name, None))
        if new:
            stages.add(len(self.found))
            title = f"x at {call.step}" if call is not None and call.step else "input"
            self.found.append(Stage("input", title, "", new, [], 0))
        return starts, sorted(stages)

    def _above(self, place: int) -> set[Start]:
        """The nearest units of which a node is computed."""
        found: set[Start] = set()
        seen, stack = {place}, [place]
        while stack:
            at = stack.pop()
            if at in self.origins:
                found.add(self.origins[at])
                continue
            fresh = [k for k in self.tape.operands_of(at) if k not in seen]
            seen.update(fresh)
            stack += fresh
        return found

    def _input(self, place: int, j: int, call: Call) -> str:
        step = f",{call.step}" if call.step else ""
        return self._label(place) or f"{call.units.prefix}x[{j}{step}]"

    def _unit(self, place: int, named: Mapping[int, str], call: Call, i: int, times: int) -> Unit:
        """A unit of a layer that is called so often; a single output is that of one call."""
        units = call.units
        name = named.get(place) or units.name(units.symbol, i, *[call.step] * bool(call.step))
        if place < 0 or times > 1:
            return Unit(name, None)
        return Unit(self._label(place) or name, self.tape.data[place], place)

    def _label(self, place: int) -> str:
        return "" if self.tape.is_constant(place) else str(self.tape.node(place).label)


def _weight_of(weights: Sequence[Sequence[Value]]) -> Weight:
    return lambda row, column: weights[row][column]


def _stage(units: Units, own: list[Unit], sources: list[int], depth: int, step: str = "", times: int = 1) -> Stage:
    title = step.replace("=", " = ") if step else _title(units)
    subtitle = f"{units.size:,} {units.title}" + (f", {times:,} calls" if times > 1 else "")
    return Stage(units.kind, title, subtitle, own, sources, depth, gates=len(units.gates))


def _filters(units: Units, weight: Weight, depth: int, sources: list[int]) -> Stage:
    """The stage of a convolution."""
    shape = units.weights[0][1]
    own = [Unit(f"filter {i}", None) for i in range(units.size)]
    subtitle = f"{counted(units.size, 'filter')} of {'×'.join(map(str, shape[1:]))}"
    return Stage("convolution", _title(units), subtitle, own, sources, depth, weight=weight, shape=shape)


def _title(units: Units) -> str:
    """The name of a layer: its attribute, its number, or both."""
    return f"{units.prefix.rstrip('.') or 'layer'} {units.number}".strip()
