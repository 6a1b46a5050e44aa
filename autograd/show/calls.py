"""Where the layers of models were called in a recorded graph, and the names of the nodes that they computed.

>>> from autograd import Tape, nn
>>> from autograd.show.calls import calls_on, structural_names
>>> tape = Tape(nn.MLP(2, [1, 1], activation="tanh")([0.5, -1.0]))
>>> [(call.units.number, call.rows, call.outputs) for call in calls_on(tape)]
[('1', [6], {'h': [7]}), ('2', [11], {})]
>>> [name for _, name in sorted(structural_names(tape).items())]
['w1[0,0]', 'w1[0,1]', 'b1[0]', 'z1[0]', 'h1[0]', 'w2[0,0]', 'b2[0]', 'z2[0]']

A layer is told by its weights: each of its rows is the left side of a `dot`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from autograd.engine.tape import LEAF_CODE, Tape
from autograd.operations import is_composed
from autograd.show.layers import Place, Units
from autograd.show.models import paths_on, places_on


class Call(NamedTuple):
    """One call of a layer, as places on a tape."""

    units: Units
    inputs: list[int]
    """Those of its inputs; for a cell those of the last state follow."""
    weights: list[Sequence[int]]
    """Those of each row; empty for one that is not in the graph."""
    rows: list[int]
    """The preactivation of each row; -1 of one that is not in the graph."""
    outputs: dict[str, list[int]]
    """By symbol, the node of each unit; -1 for one that is not in the graph."""
    step: str = ""
    """Of a cell t=1, t=2 …; of a filter the number of the patch that it is laid on."""

    @property
    def results(self) -> list[int]:
        """The places of the outputs of its units."""
        return self.outputs[self.units.symbol] if self.units.outputs else self.rows

    def names(self, tape: Tape) -> Iterator[tuple[int, str]]:
        """The places of the inputs that are leaves, and of the nodes that it computed, with names."""
        units, size = self.units, self.units.size
        yield from self._names_of_inputs(tape)
        step = [self.step] if self.step else []
        # A cell of one hidden unit needs no place: h[t=3].
        several = size > 1 or units.kind != "cell"
        for r, place in enumerate(self.rows):
            yield place, units.name(f"z{units.gates[r // size]}", *[r % size] * several, *step)
        for symbol, places in self.outputs.items():
            for i, place in enumerate(places):
                yield place, units.name(symbol, *[i] * several, *step)

    def _names_of_inputs(self, tape: Tape) -> Iterator[tuple[int, str]]:
        """Those of the inputs; a pixel has no place of its own in a patch."""
        units, step = self.units, f",{self.step}" if self.step else ""
        fresh = {"dense": len(self.inputs), "cell": len(self.inputs) - units.size, "convolution": 0}[units.kind]
        for j, place in enumerate(self.inputs[:fresh]):
            if tape.codes[place] == LEAF_CODE:
                yield place, f"{units.prefix}x[{j}{step}]"


def structural_names(tape: Tape) -> dict[int, str]:
    """The names that nodes have by their places in models: parameters, inputs, preactivations and outputs."""
    if any(map(is_composed, tape.operations)):
        # A model records the operations that are one here, so its outputs are found among them.
        plain = Tape(*map(tape.node, tape.roots))
        named = {plain.node(place): name for place, name in structural_names(plain).items()}
        return {tape.place(node): name for node, name in named.items() if node in tape}
    places = places_on(tape)
    names = {place: at.units.name(at.units.biases[at.bias], at.row) for place, at in places.items() if at.bias >= 0}
    calls = calls_on(tape, places)
    for call in calls:
        for r, row in enumerate(call.weights):
            if row and row[0] not in names:
                names.update(zip(row, call.units.names_of_row(r), strict=True))
    names |= paths_on(tape, [k for k, code in enumerate(tape.codes) if code == LEAF_CODE and k not in names])
    for call in calls:
        for place, name in call.names(tape):
            names.setdefault(place, name)
    names.pop(-1, None)
    return names


def calls_on(tape: Tape, places: Mapping[int, Place] | None = None) -> list[Call]:
    """The calls of all layers on a tape, each after those that its inputs come from."""
    places = places_on(tape) if places is None else places
    if not places or "dot" not in tape.operations:
        return []
    users = _users(tape)
    calls: dict[tuple[int, bytes, int], Call] = {}
    repeated: Counter[tuple[int, int, bytes]] = Counter()
    for place, at in _rows(tape, places):
        units, operands = at.units, tape.operands_of(place)
        weights, inputs = operands[: len(operands) // 2], operands[len(operands) // 2 :]
        # A layer may be called twice with the same nodes.
        row = id(units), at.row, bytes(inputs)
        call = calls.setdefault((id(units), bytes(inputs), repeated[row]), _empty(units, inputs))
        repeated[row] += 1
        for k in range(len(units.biases)):
            place = _biased(tape, users, place, places, at, k)
        call.weights[at.row], call.rows[at.row] = weights, place
        gate, unit = divmod(at.row, units.size)
        for output in units.outputs:
            if gate == output.gate:
                call.outputs[output.symbol][unit] = _reached(users, place, output.operations)
    return _in_steps([*calls.values()])


def _empty(units: Units, inputs: Sequence[int]) -> Call:
    """A call of which no row is known yet."""
    rows = units.size * len(units.gates)
    outputs = {output.symbol: [-1] * units.size for output in units.outputs}
    return Call(units, [*inputs], [()] * rows, [-1] * rows, outputs)


def _rows(tape: Tape, places: Mapping[int, Place]) -> Iterator[tuple[int, Place]]:
    """The place of each dot whose left side is a row of weights, and where they stand."""
    code = tape.operations.index("dot")
    for place, its in enumerate(tape.codes):
        if its != code:
            continue
        row = tape.operands_of(place)[: (tape.starts[place + 1] - tape.starts[place]) // 2]
        # The first weight may have a label of the user's own, and its place is then in another one. A column of a
        # matrix that is used in its other direction, too, has places of several rows.
        found = {(places[k].row, places[k].bias) for k in places.keys() & row}
        at = next((places[k] for k in row if k in places), None)
        if at is not None and len(found) == 1 and at.bias < 0 and len(row) == at.units.width:
            yield place, at


Users = dict[int, list[tuple[str, int]]]
"""For each node, the nodes that use it, with their operations."""


def _users(tape: Tape) -> Users:
    users: Users = {}
    dot = tape.operations.index("dot")
    for place, code in enumerate(tape.codes):
        if code > 1 and code != dot:  # Those of a wide layer would be many, and no activation is one.
            for operand in tape.operands_of(place):
                users.setdefault(operand, []).append((tape.operations[code], place))
    return users


def _biased(tape: Tape, users: Users, place: int, places: Mapping[int, Place], at: Place, bias: int) -> int:
    """The sum of a node and a bias of its row; the node itself if there is none."""
    for operation, user in users.get(place, []):
        x, *others = tape.operands_of(user)
        if operation == "add" and x == place and others[0] in places:
            other = places[others[0]]
            if (other.units, other.row, other.bias) == (at.units, at.row, bias):
                return user
    return place


def _reached(users: Users, place: int, operations: Sequence[str]) -> int:
    """The node that these operations make of a node, one after another; -1 if there is none."""
    for wanted in operations:
        place = next((user for operation, user in users.get(place, []) if operation == wanted), -1)
    return place


def _in_steps(calls: list[Call]) -> list[Call]:
    """The calls with their steps: that of a cell follows the one whose outputs it reads."""
    times: dict[tuple[int, ...], int] = {}
    patches: Counter[int] = Counter()
    found = []
    for call in sorted(calls, key=lambda call: max(call.rows)):
        units, step = call.units, ""
        if units.kind == "cell":
            time = times.get(tuple(call.inputs[-units.size :]), 0) + 1
            times[tuple(call.results)], step = time, f"t={time}"
        elif units.kind == "convolution":
            step = str(patches[id(units)])
            patches[id(units)] += 1
        found.append(call._replace(step=step))
    return found
