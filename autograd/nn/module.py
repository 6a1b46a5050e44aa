"""The base class of everything that has parameters.

>>> from autograd import Value
>>> from autograd.nn import Module
>>> class Line(Module):
...     def __init__(self):
...         self.weights = {"slope": Value(2.0), "offset": Value(1.0)}
...     def __call__(self, x):
...         return self.weights["slope"] * x + self.weights["offset"]
>>> line = Line()
>>> [name for name, _ in line.named_parameters()]
['weights.slope', 'weights.offset']
>>> line.state_dict()
{'weights.slope': 2.0, 'weights.offset': 1.0}
>>> line
Line of 2 parameters
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import update_wrapper
from itertools import repeat
from operator import is_
from typing import Any, Final, Self

from autograd.arguments import described, too_deep
from autograd.engine.value import Value
from autograd.nn.tensors import leaves_of, numbers_in, put, row_of, shape_of
from autograd.show.layers import Layer
from autograd.show.models import MODELS
from autograd.wording import counted, ends, preformatted

_ATOMS: Final = (float, int, str, type(None))
"""Kinds that hold nothing: lists of a million of them should be passed quickly."""
_NO_MODULES: Final = (*_ATOMS, Value)


class Module:
    """Finds the parameters among its attributes: the leaves, those in lists and dictionaries, and those of modules.

    Lists, tuples, dictionaries and NumPy's arrays of Values may be nested. A set of parameters is a TypeError, because
    it has no order. A subclass that overrides `parameters` decides itself which nodes are parameters. A result computed
    under no_grad() is a leaf too, so it would count as a parameter: keep a state that isn't learnt as plain numbers.
    """

    def __new__(cls, *args: object, **options: object) -> Self:
        if (args or options) and cls.__init__ is object.__init__:
            raise TypeError(f"{cls.__name__}() takes no arguments")
        module = super().__new__(cls)
        MODELS[id(module)] = module  # So that a picture of a graph can name its nodes.
        return module

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once, as (path, node), in the order in which the attributes were set.

        A path joins names, positions in lists and keys of dictionaries, as in layers.0.neurons.2.b.
        """
        try:
            found = _parameters_in(vars(self).items())
        except RecursionError:
            raise too_deep(f"the module {type(self).__name__}") from None
        first = dict(zip([id(v) for _, v in reversed(found)], reversed(found), strict=True))
        return iter(found) if len(first) == len(found) else (pair for pair in found if first[id(pair[1])] is pair)

    def parameters(self) -> list[Value]:
        """Each parameter once, in the order of `named_parameters`."""
        return [v for _, v in self.named_parameters()]

    def tensors(self) -> dict[str, Any]:
        """The parameters by name, as `autograd.state` saves them: a Value, or Values in lists nested as the shape says.

        A layer has a `weight` (nout × nin) and a `bias` (nout), as PyTorch's Linear has.
        """
        return self._tensors_beside()

    def _tensors_beside(self, *known: str) -> dict[str, Any]:
        """The tensors of all attributes except the known ones."""
        return _tensors_in({name: thing for name, thing in vars(self).items() if name not in known}.items())

    def state_dict(self) -> dict[str, Any]:
        """The numbers of the parameters by name, in nested lists: the data of `tensors`.

        ValueError for parameters that `tensors` lacks.
        """
        return {name: numbers_in(tensor) for name, tensor in saved_tensors(self).items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters to the numbers of a `state_dict()`, which may also be that of PyTorch's module.

        The numbers in names may have gaps, as in 0.weight and 2.weight. After an error no parameter has changed.
        ValueError for names and shapes that aren't those of the model; TypeError for anything but real numbers.
        """
        if not isinstance(state, Mapping):
            remedy = "; a file is loaded by autograd.state.load(model, path)" if isinstance(state, (str, bytes)) else ""
            raise TypeError(f"load_state_dict takes the dictionary of state_dict(), not {described(state)}{remedy}")
        put(saved_tensors(self), {str(name): row_of(nest, str(name)) for name, nest in state.items()}, "the state")

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, because `backward` accumulates."""
        for v in self.parameters():
            v.grad = 0.0

    def __repr__(self) -> str:
        try:
            lines = [f"{name}: {module!r}" for name, module in _modules_in(vars(self).items())]
            return "\n  ".join([self._title(), *(text.replace("\n", "\n  ") for text in ends(lines))])
        except RecursionError:  # A prompt shows it, so nothing is raised.
            return f"{type(self).__name__} of modules that are nested too deep to be shown"
        except Exception as problem:  # A user's class may list its parameters itself.
            return f"{type(self).__name__}, whose parameters can't be listed: {type(problem).__name__}: {problem}"

    def _repr_html_(self) -> str:
        from autograd.show.pictures.network import draw_network  # Only a notebook needs it.

        try:
            picture = draw_network(self).svg()
        except Exception:  # A look at a model is no error, whatever its parts are.
            picture = ""
        return preformatted(repr(self)) + picture[picture.find("<svg") :]

    def _title(self) -> str:
        """The first line of the text of a module."""
        return f"{type(self).__name__} of {counted(len(self.parameters()), 'parameter')}"

    # ── for the readers of graphs, see `autograd.show.models` ──

    def _has_one_of(self, nodes: Mapping[int, int]) -> bool:
        """Whether one of the nodes, given by their ids, is an attribute of its own, or in a list of these."""
        return _has_one_of(vars(self).values(), nodes)

    def _inner_modules(self) -> "list[tuple[str, Module]]":
        """The modules inside it by their paths."""
        return _modules_in(vars(self).items())

    def _named_layers(self) -> list[Layer]:
        """Its layers, in the order of its attributes."""
        return [layer.inside(path) for path, module in self._inner_modules() for layer in module._named_layers()]


def _new(cls: type[Module]) -> None:
    """The signature of a module that has no __init__, for `inspect`."""


update_wrapper(Module.__new__, _new, assigned=())


def _has_one_of(things: Iterable[object], nodes: Mapping[int, int]) -> bool:
    for thing in things:
        if type(thing) is Value:
            held = id(thing) in nodes
        elif _is_row_of_values(thing):
            held = any(map(nodes.__contains__, map(id, thing)))  # type: ignore[call-overload]
        elif isinstance(thing, (*_ATOMS, Module)) or _is_data(thing):
            continue
        else:
            held = _has_one_of([part for _, part in _items(_listed(thing), "")], nodes)
        if held:
            return True
    return False


def _is_data(thing: object) -> bool:
    """Whether it is a list that begins with a number: an attribute may hold all rows of a training."""
    return isinstance(thing, (list, tuple)) and len(thing) > 0 and isinstance(thing[0], _ATOMS)


def saved_tensors(module: Module) -> dict[str, Any]:
    """The tensors of a module; ValueError if they lack a parameter of it."""
    try:
        tensors = module.tensors()
    except RecursionError:
        raise too_deep(f"the module {type(module).__name__}") from None
    listed = {id(v) for tensor in tensors.values() for v in leaves_of(tensor)}
    if lost := [name for name, v in module.named_parameters() if id(v) not in listed]:
        shown = described(module)
        raise ValueError(f"{', '.join(lost[:3])} would be lost, because tensors() of {shown} lacks them; add them")
    return tensors


def _items(thing: object, path: str) -> Iterable[tuple[str, object]]:
    """The parts of a list or dictionary by name; nothing for things that hold nothing."""
    if isinstance(thing, (list, tuple, deque)):
        return zip(map(str, range(len(thing))), thing, strict=True)
    if isinstance(thing, Mapping):
        named = {str(key): part for key, part in thing.items()}
        if len(named) < len(thing):
            raise ValueError(
                f"the attribute {path} has keys with the same text, so that its parameters have no names of their own"
            )
        return named.items()
    if isinstance(thing, (set, frozenset)) and any(isinstance(part, (Value, Module)) for part in thing):
        raise TypeError(
            f"the attribute {path} is a set of parameters, and a set has no order; use a list or a dictionary"
        )
    return ()


def _is_row_of_values(thing: object) -> bool:
    """Whether it is a list of nothing but Values: of a wide layer there are hundreds of thousands."""
    return type(thing) is list and all(map(is_, map(type, thing), repeat(Value)))


def _listed(thing: object) -> object:
    """The thing itself, or for an array of objects nested lists of them."""
    kind = getattr(getattr(thing, "dtype", None), "kind", "")
    return thing.tolist() if kind == "O" else thing  # type: ignore[attr-defined]


def _parameters_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> list[tuple[str, Value]]:
    # Lists, because a million parameters would each pass through a generator for every level.
    found: list[tuple[str, Value]] = []
    for name, thing in attributes:
        if type(thing) is Value:
            if not thing.op:
                found.append((prefix + name, thing))
        elif isinstance(thing, Module):
            found += _named(thing, f"{prefix}{name}.")
        elif not isinstance(thing, _ATOMS):
            found += _parameters_in(_items(_listed(thing), prefix + name), f"{prefix}{name}.")
    return found


def _named(module: Module, prefix: str) -> list[tuple[str, Value]]:
    """The named parameters of an inner module; only those that its own `parameters` lists, if it overrides that."""
    kind = type(module)
    if kind.parameters is not Module.parameters:
        names = {id(v): name for name, v in Module.named_parameters(module)}
        rows = enumerate(module.parameters())
        return [(prefix + names.get(id(v), f"parameters.{i}"), v) for i, v in rows]
    if kind.named_parameters is not Module.named_parameters:
        return [(prefix + name, v) for name, v in module.named_parameters()]
    return _parameters_in(vars(module).items(), prefix)


def _tensors_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, given in attributes:
        thing = _listed(given)
        if isinstance(thing, Module):
            more = {f"{prefix}{name}.{inner}": tensor for inner, tensor in thing.tensors().items()}
        elif shape_of(thing) is not None:
            more = {prefix + name: thing}
        elif isinstance(thing, _ATOMS):
            continue
        else:
            more = _tensors_in(_items(thing, prefix + name), f"{prefix}{name}.")
        if twice := sorted(found.keys() & more.keys()):
            raise ValueError(f"two parameters have the name {twice[0]}; give a key or an attribute another name")
        found |= more
    return found


def _modules_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> list[tuple[str, Module]]:
    found: list[tuple[str, Module]] = []
    for name, thing in attributes:
        if isinstance(thing, Module):
            found.append((prefix + name, thing))
        elif not (isinstance(thing, _NO_MODULES) or _is_row_of_values(thing)):
            found += _modules_in(_items(thing, prefix + name), f"{prefix}{name}.")
    return found
