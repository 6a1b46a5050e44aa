"""The base class of everything that has parameters.

>>> from autograd import Value
>>> from autograd.nn import Module
>>> class Line(Module):
...     def __init__(self):
...         self.slope, self.offset = Value(2.0), Value(1.0)
...     def __call__(self, x):
...         return self.slope * x + self.offset
>>> [name for name, _ in Line().named_parameters()]
['slope', 'offset']
"""

from collections.abc import Iterable, Iterator
from typing import Any

from autograd.engine.value import Value


class Module:
    """Finds the parameters among its attributes: the leaves, those in lists, and those of modules inside it.

    A subclass that overrides `parameters` decides itself which nodes are parameters. A result computed under
    no_grad() is a leaf too, so it would count as a parameter: keep a state that isn't learnt as plain numbers.
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once, as (path, node), in the order in which the attributes were set.

        A path joins names and positions in lists, as in layers.0.neurons.2.b.
        """
        found = _parameters_in(vars(self).items())
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

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, because `backward` accumulates."""
        for v in self.parameters():
            v.grad = 0.0


def _parameters_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> list[tuple[str, Value]]:
    # Lists, because a million parameters would each pass through a generator for every level.
    found: list[tuple[str, Value]] = []
    for name, thing in attributes:
        if isinstance(thing, Value):
            if not thing.op:
                found.append((prefix + name, thing))
        elif isinstance(thing, Module):
            found += _named(thing, f"{prefix}{name}.")
        elif isinstance(thing, (list, tuple)):
            found += _parameters_in(zip(map(str, range(len(thing))), thing, strict=True), f"{prefix}{name}.")
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
    for name, thing in attributes:
        if isinstance(thing, Module):
            found |= {f"{prefix}{name}.{inner}": tensor for inner, tensor in thing.tensors().items()}
        elif _is_tensor(thing):
            found[prefix + name] = thing
        elif isinstance(thing, (list, tuple)):
            found |= _tensors_in(((str(i), x) for i, x in enumerate(thing)), f"{prefix}{name}.")
    return found


def _is_tensor(thing: object) -> bool:
    """Whether thing is a parameter, or nested lists that hold only parameters."""
    if isinstance(thing, (list, tuple)):
        return bool(thing) and all(map(_is_tensor, thing))
    return isinstance(thing, Value) and not thing.operands
