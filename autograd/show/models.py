"""The models that are alive, and the places that they give to the parameters of a graph.

>>> from autograd import Tape, nn
>>> from autograd.show.models import places_on
>>> model = nn.Linear(2, 2)
>>> places = places_on(Tape(*model([0.5, -1.0]))).values()
>>> [place.row for place in places if place.bias == -1], [place.row for place in places if place.bias == 0]
([0, 1], [0, 1])

They are asked when somebody looks at a graph, and a model that raises an error gives no names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol
from weakref import WeakValueDictionary

from autograd.engine.tape import LEAF_CODE, Tape
from autograd.engine.value import Value
from autograd.show.layers import Layer, Place, answers, readable


class Model(Protocol):
    """A module, as the readers of graphs see it."""

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Its parameters by their paths."""

    def _has_one_of(self, nodes: Mapping[int, int]) -> bool:
        """Whether one of the nodes, given by their ids, is an attribute of its own, or in a list of these."""

    def _inner_modules(self) -> "Sequence[tuple[str, Model]]":
        """The modules inside it by their paths."""

    def _named_layers(self) -> Sequence[Layer]:
        """Its layers in order, with their paths and numbers."""


MODELS: Final[WeakValueDictionary[int, Model]] = WeakValueDictionary()
"""All modules that are alive, by their ids, because a user's own module may not be hashable."""


def is_model(thing: object) -> bool:
    """Whether a thing is a module that is alive."""
    return thing is not None and MODELS.get(id(thing)) is thing


def layers_of(model: Model) -> Sequence[Layer]:
    """The layers of a model in order, with their paths and numbers; a user's own module may raise anything."""
    return model._named_layers()


def write_places(model: Model) -> None:
    """Write into each row of weights, and into each bias, where it stands: into the first without a label."""
    for row, place in answers(_rows, model):
        free = next((node for node in row if type(node) is Value and not node._label), None)
        if free is not None:
            free._label = place


def places_on(tape: Tape) -> dict[int, Place]:
    """Where weights and biases stand, by their places on a tape: of each row at least one weight."""
    nodes = {place: tape.node(place) for place, code in enumerate(tape.codes) if code == LEAF_CODE}
    found = {place: label for place, node in nodes.items() if type(label := node._label) is Place}
    ids = {id(node): place for place, node in nodes.items()}
    # The models that are alive know it better: their parameters may be new, or have labels of the user's own.
    for model in reversed(models_with(ids)):
        found |= {ids[id(row[0])]: place for row, place in answers(_rows, model) if row and id(row[0]) in ids}
    return found


def paths_on(tape: Tape, places: Iterable[int]) -> dict[int, str]:
    """The names that parameters at these places have in the models that are alive."""
    return {place: readable(path) for path, place in _paths(tape, places)}


def place_of_path(tape: Tape, path: str) -> int | None:
    """The place of the only parameter with a path as in `named_parameters`."""
    leaves = [place for place, code in enumerate(tape.codes) if code == LEAF_CODE]
    found = {place for its, place in _paths(tape, leaves) if its == path}
    return found.pop() if len(found) == 1 else None


def _paths(tape: Tape, places: Iterable[int]) -> Iterator[tuple[str, int]]:
    ids = {id(tape.node(place)): place for place in places}
    for model in reversed(models_with(ids)):
        for path, node in answers(lambda m: m.named_parameters(), model):
            if id(node) in ids:
                yield path, ids[id(node)]


def _rows(model: Model) -> Iterator[tuple[list[Value], Place]]:
    """The rows of weights of all its layers, and each bias as a row of its own, with their places."""
    for layer in layers_of(model):
        for row, place in layer.places():
            yield [*row], place


def models_with(leaves: Mapping[int, int]) -> list[Model]:
    """The outermost modules that are alive with one of these leaves, in the order of their making."""
    living = [model for reference in MODELS.valuerefs() if (model := reference()) is not None] if leaves else []
    stack = [model for model in living if any(answers(lambda m: [m._has_one_of(leaves)], model))]
    if not stack:
        return []
    around: dict[int, list[Model]] = {}
    for model in living:
        for _, part in answers(lambda m: m._inner_modules(), model):
            around.setdefault(id(part), []).append(model)
    reached = {id(model) for model in stack}
    outermost = set()
    while stack:
        model = stack.pop()
        above = around.get(id(model), [])
        if not above:
            outermost.add(id(model))
        stack += [parent for parent in above if id(parent) not in reached]
        reached |= set(map(id, above))
    return [model for model in living if id(model) in outermost]
