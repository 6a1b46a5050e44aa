"""The layers of models, as their parameters stand in a graph.

>>> from autograd import Tape, nn
>>> from autograd.show.layers import Place
>>> y = nn.MLP(2, [3, 1], activation="tanh")([0.5, -1.0])
>>> place = Tape(y).node(0).label
>>> type(place) is Place, place == "", place.units.number, place.row
(True, True, '1', 0)

A module that is made writes into one weight of each row where it stands: an empty label that knows its layer, and
stays when the model is gone. So no node grows.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import Context
from functools import cached_property
from itertools import product
from typing import Final, Literal, NamedTuple, TypeVar

from autograd.engine.value import Value

S = TypeVar("S")
T = TypeVar("T")
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
        outputs: Callable[[], Sequence[Output]] = tuple,
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
        self.found_outputs = outputs
        """Finds `outputs`; to find those of a user's function, it is called."""
        self.single: Final = single
        """Whether it is one neuron that stands alone, and has no place in a layer."""
        self.path = ""
        """As in `named_parameters`; empty for the model itself."""
        self.prefix = ""
        """The attribute of the user's own module that holds it."""
        self.number = ""
        """Its number among the layers of a network, from 1."""

    @cached_property
    def outputs(self) -> Sequence[Output]:
        """The nodes that each unit computes of its preactivation; none where its activation can't be followed."""
        # Outside all blocks, since no_grad() would record nothing.
        return answers(Context().run, self.found_outputs)

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


def readable(path: str) -> str:
    """The path of a parameter with its places in brackets.

    >>> readable("weights.slope"), readable("theta.3"), readable("blocks.0.w.2.1")
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


class Layer(NamedTuple):
    """The units of a layer with their parameters as they are now, row by row."""

    units: Units
    weights: Sequence[Sequence[Value]]
    biases: Sequence[Sequence[Value]]

    def inside(self, path: str) -> "Layer":
        """The same layer, as a part at that path of another module, with which its name begins."""
        self.units.path = f"{path}.{self.units.path}".rstrip(".")
        self.units.prefix = f"{readable(path)}.{self.units.prefix}"
        return self

    def places(self) -> "Iterator[tuple[Sequence[Value], Place]]":
        """Each row of weights, and each bias as a row of its own, with its place; none if a gate lacks rows."""
        if len(self.weights) != self.units.size * len(self.units.gates):
            return
        for row, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            yield weights, Place(self.units, row)
            for k, bias in enumerate(biases):
                yield [bias], Place(self.units, row, k)


class Place(str):
    """The label of a parameter that the user gave none: an empty text that knows where the parameter stands."""

    def __new__(cls, units: Units, row: int, bias: int = -1) -> "Place":
        place = super().__new__(cls)
        place.units, place.row, place.bias = units, row, bias
        return place

    __slots__ = ("bias", "row", "units")
    units: Units
    row: int
    bias: int
    """Its position among the biases of the row; -1 for a weight."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, ("",)  # A layer may have a function that can't be pickled; a loaded module is asked anew.


def answers(question: Callable[[S], Iterable[T]], asked: S) -> list[T]:
    """The answers of a user's module or function; none if it raises an error.

    Neither making a model nor looking at a graph fails because of a name.
    """
    try:
        return [*question(asked)]
    except Exception:
        return []
