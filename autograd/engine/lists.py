"""Long lists of nodes, as compilers have them: where each node stands, the data of all, the first that is no leaf.

>>> from autograd.engine import lists
>>> from autograd.engine.value import Value
>>> x, y = Value(3.0), Value(4.0)
>>> places = lists.Places([x, y, x])
>>> places.of([y, x, x * y]).tolist(), places.repeated() is x
([1, 2, -1], True)
>>> lists.data_of([x, y]), lists.first_result([x, y])
(array('d', [3.0, 4.0]), None)
"""

from array import array
from struct import pack_into
from typing import Final, Generic

from autograd.engine import guarded
from autograd.engine.graph import COMPILED, CONSTANT, LEAF, N, Node, fresh_marks
from autograd.engine.native import i64

CHUNK: Final = 4096
"""The length of the lists that go to an array at once, because an array takes single items slowly."""


def write(flat: "array[int] | array[float]", first: int, items: "list[int] | list[float]") -> None:
    """Write items into an array, from the place `first` on."""
    # An array would parse each item as an argument of its own.
    pack_into(f"{len(items)}{flat.typecode}", flat, first * flat.itemsize, *items)


def data_of(nodes: list[N]) -> "array[float]":
    """Their data."""
    found = array("d", [0.0]) * len(nodes)
    for first in range(0, len(nodes), CHUNK):
        write(found, first, [node._data for node in nodes[first : first + CHUNK]])
    return found


def first_result(nodes: list[N]) -> N | None:
    """The first one that is no leaf: the result of an operation, or a plain number beside one."""
    for node in nodes:
        if node._mark < LEAF or node._mark >= CONSTANT:
            return node
    return None


class Places(Generic[N]):
    """The places of nodes in a list, which must stay as it is, looked up many at once.

    The compiled build knows nodes by their marks, the pure one by their ids.
    """

    def __init__(self, nodes: list[N]) -> None:
        self.nodes = nodes
        self.base: i64 = 0
        self.known: dict[int, int] = {}

    def of(self, nodes: list[N]) -> "array[int]":
        """Their places, and -1 for each that isn't in the list; of a node that stands there twice, the last one."""
        found = array("i", [0]) * len(nodes)
        with guarded.Uncollected():
            self.number()
            for first in range(0, len(nodes), CHUNK):
                write(found, first, [self.place_of(node) for node in nodes[first : first + CHUNK]])
        return found

    def repeated(self) -> N | None:
        """The first node that stands in the list once more, if there is one."""
        with guarded.Uncollected():
            self.number()
            place: i64 = 0
            for node in self.nodes:
                if self.place_of(node) != place:
                    return node
                place += 1  # noqa: SIM113  (enumerate would make objects of the places)
        return None

    def number(self) -> None:
        """Let each node know its place."""
        if not COMPILED:
            if not self.known:
                self.known = {id(node): place for place, node in enumerate(self.nodes)}
            return
        count = len(self.nodes)
        if self.base and fresh_marks(0) == self.base + count:  # No walk has come since.
            return
        self.base = fresh_marks(count)
        mark: i64 = self.base
        for marked in self.nodes:
            marked._mark = (marked._mark & (LEAF + CONSTANT)) + mark
            mark += 1

    def place_of(self, node: Node) -> i64:
        """The place of a node, as `of` tells it, after `number`."""
        if not COMPILED:
            return self.known.get(id(node), -1)
        place: i64 = (node._mark & (LEAF - 1)) - self.base
        return place if place >= 0 else -1
