"""The layers of models, as their parameters stand in a graph.

>>> from autograd import Tape, nn
>>> from autograd.show.layers import Place
>>> y = nn.MLP(2, [3, 1], activation="tanh")([0.5, -1.0])
>>> place = Tape(y).node(0).label
>>> type(place) is Place, place == "", place.units.number, place.row
(True, True, '1', 0)

A module writes into one weight of each row where it stands: an empty label that knows its layer, and stays when the
model is gone. So no node grows. The models that are alive are asked when somebody looks at a graph, in `places_on`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final, Literal, NamedTuple, Protocol
from weakref import WeakValueDictionary

from autograd.engine.tape import LEAF_CODE, Tape
from autograd.engine.value import Value

Kind = Literal["dense", "cell", "convolution"]


class Output(NamedTuple):
    """A node that each unit of a layer computes of its preactivation."""

    symbol: str
    gate: int
    """The position among the gates of the preactivation from which it is reached."""
    operations: tuple[str, ...]
    """Those from the preactivation to it, each on the result of the one before."""


class Units:
    """The units of one layer: each row of weights meets the same inputs in one `dot`, to which biases are added."""

    def __init__(
        self,
        kind: Kind,
        title: str,
        *,
        rows: int,
        weights: Sequence[tuple[str, tuple[int, ...]]],
        biases: Sequence[str] = ("b",),
        outputs: Sequence[Output] = (),
        gates: Sequence[str] = ("",),
        single: bool = False,
    ) -> None:
        self.kind: Final = kind
        self.title = title
        """The name of its activation."""
        self.gates: Final = gates
        self.size: Final = rows // len(gates)
        """The number of its neurons, hidden units or filters; each has a row for each gate."""
        self.weights: Final = weights
        """The parts of a row of weights, each with its symbol and its shape."""
        self.biases: Final = biases
        """The symbols of its biases, in the order in which they are added."""
        self.outputs = outputs
        self.single: Final = single
        """Whether it is one neuron that stands alone, and has no place in a layer."""
        self.path = ""
        """As in `named_parameters`; empty for the model itself."""
        self.prefix = ""
        """The attribute of the user's own module that holds it."""
        self.number = ""
        """Its number among the layers of a network, from 1."""
        self.places: Final[dict[int, Place]] = {}
        """Where the first weight and the biases of each row stand, by their ids, as long as they are alive."""

    @property
    def symbol(self) -> str:
        """The symbol of the outputs of its units: that of the last output, or of the preactivations."""
        return self.outputs[-1].symbol if self.outputs else "z"

    @property
    def width(self) -> int:
        """The number of weights in a row."""
        return sum(math.prod(shape) for _, shape in self.weights)

    def name(self, symbol: str, *places: int | str) -> str:
        """The name of one of its parameters or nodes."""
        indices = places[1:] if self.single else places
        text = ",".join(map(str, indices))
        return f"{self.prefix}{symbol}{self.number}{f'[{text}]' if indices else ''}"

    def names_of_row(self, row: int) -> Iterator[str]:
        """The names of the weights of a row."""
        at = "[" if self.single else f"[{row},"
        for symbol, shape in self.weights:
            head = f"{self.prefix}{symbol}{self.number}{at}"
            for column in product(*map(range, shape)):
                yield f"{head}{','.join(map(str, column))}]"

    def put(self, row: int, weights: Sequence[Value], biases: Iterable[Value]) -> None:
        """Write into a row of weights and its biases, where they have no labels, that they stand there."""
        self._write(weights, Place(self, row))
        for k, bias in enumerate(biases):
            self._write([bias], Place(self, row, k))

    def _write(self, nodes: Sequence[Value], place: "Place") -> None:
        self.places[id(nodes[0])] = place
        free = next((node for node in nodes if not node._label), None)
        if free is not None:
            free._label = place


class Layer(NamedTuple):
    """The units of a layer with their parameters as they are now, row by row."""

    units: Units
    weights: Sequence[Sequence[Value]]
    biases: Sequence[Sequence[Value]]

    def inside(self, path: str) -> "Layer":
        """The same layer, as a part at that path of another module, with which its name begins."""
        self.units.path = f"{path}.{self.units.path}".rstrip(".")
        self.units.prefix = f"{path}.{self.units.prefix}"
        return self


def placed(units: Units, weights: Sequence[Sequence[Value]], biases: Sequence[Sequence[Value]]) -> Layer:
    """The layer of these rows, with their places written into them."""
    for row, both in enumerate(zip(weights, biases, strict=True)):
        units.put(row, *both)
    return Layer(units, weights, biases)


class Place(str):
    """The label of a parameter that the user gave none: an empty text that knows where the parameter stands."""

    def __new__(cls, units: Units, row: int, bias: int = -1) -> "Place":
        place = super().__new__(cls)
        place.units, place.row, place.bias = units, row, bias
        return place

    units: Units
    row: int
    bias: int
    """Its position among the biases of the row; -1 for a weight."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, ("",)  # A layer may have a function that can't be pickled; loaded modules write their places anew.


class Model(Protocol):
    """A module, as the readers of graphs see it."""

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Its parameters by their paths."""

    def has_one_of(self, nodes: Mapping[int, int]) -> bool:
        """Whether one of the nodes, given by their ids, is an attribute of its own, or in a list of these."""

    def parts(self) -> "Sequence[tuple[str, Model]]":
        """The modules inside it by their paths."""

    def places(self) -> Sequence[Layer]:
        """Its layers in order; their places are written into their parameters."""


MODELS: Final[WeakValueDictionary[int, Model]] = WeakValueDictionary()
"""All modules that are alive, by their ids, because a user's own module may not be hashable."""


def places_on(tape: Tape) -> dict[int, Place]:
    """Where weights and biases stand, by their places on a tape: of each row at least one weight."""
    nodes = {place: tape.node(place) for place, code in enumerate(tape.codes) if code == LEAF_CODE}
    ids = {id(node): place for place, node in nodes.items()}
    # First the models that are alive, whose parameters may be new, or have labels of the user's own.
    found = {ids[k]: at for layer in _layers(ids) for k, at in layer.units.places.items() if k in ids}
    for place, node in nodes.items():
        if type(label := node.label) is Place:
            found[place] = label
    return found


def paths_on(tape: Tape, places: Iterable[int]) -> dict[int, str]:
    """The names that parameters at these places have in the models that are alive."""
    ids = {id(tape.node(place)): place for place in places}
    found: dict[int, str] = {}
    for model in models_with(ids):
        try:
            found |= {ids[id(v)]: _readable(path) for path, v in model.named_parameters() if id(v) in ids}
        except Exception:  # A user's module may raise anything, and a picture of a graph should not.
            continue
    return found


def _layers(ids: Mapping[int, int]) -> Iterator[Layer]:
    for model in models_with(ids):
        try:
            yield from model.places()
        except Exception:  # As above.
            continue


def models_with(leaves: Mapping[int, int]) -> list[Model]:
    """The outermost modules that are alive with one of these leaves, in the order of their making."""
    living = [model for reference in MODELS.valuerefs() if (model := reference()) is not None] if leaves else []
    stack = [model for model in living if _asked(model, leaves)]
    if not stack:
        return []
    parents: dict[int, list[Model]] = {}
    for model in living:
        for part in _parts(model):
            parents.setdefault(id(part), []).append(model)
    seen = {id(model) for model in stack}
    outermost = set()
    while stack:
        model = stack.pop()
        above = parents.get(id(model), [])
        if not above:
            outermost.add(id(model))
        stack += [parent for parent in above if id(parent) not in seen]
        seen |= set(map(id, above))
    return [model for model in living if id(model) in outermost]


def _asked(model: Model, leaves: Mapping[int, int]) -> bool:
    try:
        return model.has_one_of(leaves)
    except Exception:  # A module that isn't finished, or one whose attributes raise errors, names nothing.
        return False


def _parts(model: Model) -> list[Model]:
    try:
        return [part for _, part in model.parts()]
    except Exception:  # As above.
        return []


def _readable(path: str) -> str:
    """The path of a parameter with its places in brackets.

    >>> _readable("weights.slope"), _readable("theta.3"), _readable("blocks.0.w.2.1")
    ('weights.slope', 'theta[3]', 'blocks[0].w[2,1]')
    """
    text = ""
    places: list[str] = []
    for part in [*path.split("."), ""]:
        if part.isdecimal() and text:
            places.append(part)
            continue
        text += f"[{','.join(places)}]" if places else ""
        text += f".{part}" if text and part else part
        places = []
    return text
