"""The parameters of a program: one flat vector, views of it by name, and the Values that it was taken from.

>>> from autograd import Value
>>> from autograd.compiler.parameters import Parameters, listed
>>> w = [Value(1.0), Value(2.0)]
>>> parameters = Parameters(*listed({"w": w, "b": Value(3.0)}), "float64")
>>> parameters.views["w"][:] = 5.0
>>> parameters.vector, w[0].data
(array([5., 5., 3.]), 1.0)
>>> parameters.write_back()
>>> w[0].data
5.0
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from operator import attrgetter
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from autograd.arguments import shown
from autograd.compiler.arguments import Array, narrowed, numbers
from autograd.compiler.leaves import Shape, flattened, refuse_results
from autograd.compiler.statements import Named, Slots
from autograd.compiler.tracing import refuse_repeated
from autograd.compiler.views import view_of
from autograd.engine.guarded import assign
from autograd.engine.lists import Places, data_of
from autograd.engine.number import WRITES
from autograd.engine.value import Value
from autograd.functional import leaves
from autograd.nn.module import Module


class Views(dict[str, Array]):
    """Arrays by name; an unknown name is a KeyError that tells the known ones."""

    def __missing__(self, name: str) -> Array:
        known = ", ".join(self) or "no names: pass parameters=model, or a dictionary"
        raise KeyError(f"the program has no parameters named {name!r}; it has {known}")

    def __setitem__(self, name: str, numbers: Any) -> None:
        """Write the numbers into the parameters: another array in the place of a view would be one of none."""
        put(numbers, self[name], f"program.views[{name!r}]")


class Parameters:
    """The vector of a program's parameters, live: what is written into it, the next call computes with."""

    def __init__(self, values: list[Value], names: list[Named], dtype: str) -> None:
        self.values: Final = values
        self.names: Final = names
        self.vector: Final[Array] = np.empty(len(values), dtype)
        self.views: Final = Views()
        for name, slots in names:
            if (view := view_of(self.vector, slots.index)) is not None:
                self.views.update({name: view})
        self.read()

    def read(self) -> None:
        """Take the data of the Values."""
        self.seen = WRITES.count
        self._taken = self._data()
        self.vector[:] = narrowed(self._taken, "the data of a parameter", self.vector.dtype)

    def write_back(self) -> None:
        """Put the numbers into the data of the Values."""
        assign(list(self.values), self.vector.tolist())
        self.seen = WRITES.count
        self._taken = self.vector.astype(np.float64)

    def check(self) -> None:
        """Raise a ValueError if the data of a Value is not what was taken or put there."""
        # Millions of comparisons, so only after some node, of this graph or another, was assigned to.
        seen = WRITES.count
        now, was = self._data(), self._taken
        for k in np.flatnonzero((now != was) & ((now == now) | (was == was)))[:1].tolist():
            name = next((named.name for named in self.names if k in named.slots.index), "")
            shown = f"parameter {k}" + (f", of {name}," if name else "")
            raise ValueError(
                f"{shown} was {was[k]} when the program took it, and its Value has the data {now[k]} now; "
                "program.read() takes the data of the Values, program.write_back() puts the program's numbers into them"
            )
        self.seen = seen

    def _data(self) -> NDArray[np.float64]:
        return np.asarray(data_of(self.values))


def put(given: Any, target: Array, where: str) -> None:
    """Write numbers into an array; ValueError for another shape, if it is not a single number."""
    if given is target:
        return
    array = narrowed(numbers(given, where), where, target.dtype)
    if array.shape not in ((), target.shape):
        raise ValueError(f"{where} has the shape {target.shape}, and the numbers given have {array.shape}")
    target[...] = array


def listed(parameters: object) -> tuple[list[Value], list[Named]]:
    """The Values of a module, a list or a dictionary of lists, and the names of groups of them."""
    if isinstance(parameters, Module):
        named = list(parameters.named_parameters())
        own = type(parameters).parameters is not Module.parameters
        values = parameters.parameters() if own else [v for _, v in named]
        names = _of_module(parameters, named, values)
    elif isinstance(parameters, Mapping):
        rows = {str(name): flattened(nest, f"parameters[{name!r}]") for name, nest in parameters.items()}
        values = list({id(v): v for row, _ in rows.values() for v in row}.values())
        names = _named(rows, values)
    elif isinstance(parameters, Iterable):
        values = list(parameters)
        if {*map(type, values)} != {Value}:
            values = [v if type(v) is Value else _refuse(v) for v in leaves(values)]
        names = labelled(values)
    else:
        _refuse(parameters)
    refuse_results(values, "a parameter")
    refuse_repeated(values, "a parameter")
    return values, names


def labelled(values: list[Value]) -> list[Named]:
    """Each Value by its label, if it has one of its own; else one name for all."""
    labels = [*takewhile(bool, map(attrgetter("label"), values))]
    if len({*labels}) < len(values):
        return [Named("p", Slots("p", np.arange(len(values))))]
    return [Named(label, Slots("p", np.array(i))) for i, label in enumerate(labels)]


def _of_module(module: Module, named: list[tuple[str, Value]], values: list[Value]) -> list[Named]:
    """The tensors of a module, each behind the path of the module that it is of: layers.0.weight."""
    tensors = {name: flattened(tensor, name) for name, tensor in module.tensors().items()}
    first = {id(row[0]) for row, _ in tensors.values()}
    paths = {id(v): path.split(".") for path, v in named if id(v) in first}
    rows = {}
    for name, (row, shape) in tensors.items():
        *inside, last = name.split(".")
        path = paths.get(id(row[0]), [])
        rest = iter(path)
        known = all(word in rest for word in inside)  # An MLP leaves out "layers" from the names of its tensors.
        start = len(path) - len([*rest])
        rows[".".join([*path[:start], last]) if known else name] = row, shape
    return _named(rows, values)


def _named(rows: Mapping[str, tuple[list[Value], Shape]], values: list[Value]) -> list[Named]:
    places = Places(values)
    found = {name: np.asarray(places.of(row)).astype(np.intp).reshape(shape) for name, (row, shape) in rows.items()}
    return [Named(name, Slots("p", index)) for name, index in found.items() if index.min() >= 0]


def _refuse(thing: object) -> NoReturn:
    raise TypeError(
        "compile: parameters is a Module, a list of Values or a dictionary of lists of Values, and "
        f"{shown(thing)} is none; None takes every leaf that is no input"
    )
