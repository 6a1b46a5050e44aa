"""What has parameters, and how it finds them.

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
    """What has parameters: the leaves among its attributes, in lists of them and in modules of its own.

    A module that overrides `parameters` decides itself which they are. What was computed under no_grad is a leaf as
    well: a state that isn't to be learnt is kept elsewhere, or as plain numbers.
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once with its path, as in layers.0.neurons.2.b, in the order in which attributes were set."""
        seen: set[int] = set()
        for name, v in _parameters_in(vars(self).items()):
            if id(v) not in seen:
                seen.add(id(v))
                yield name, v

    def parameters(self) -> list[Value]:
        """Each parameter once, in the same order."""
        return [v for _, v in self.named_parameters()]

    def tensors(self) -> dict[str, Any]:
        """The parameters as they are saved: a Value, or lists of Values as deep as the shape, by name.

        A layer has a `weight` (nout × nin) and a `bias`, as PyTorch's Linear has.
        """
        return self._tensors_beside()

    def _tensors_beside(self, *known: str) -> dict[str, Any]:
        """Those of all attributes but the ones named."""
        found: dict[str, Any] = {}
        for name, thing in vars(self).items():
            if name not in known:
                found |= _tensors_in(name, thing)
        return found

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero, for gradients add up."""
        for v in self.parameters():
            v.grad = 0.0


def _parameters_in(attributes: Iterable[tuple[str, object]], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name, thing in attributes:
        if isinstance(thing, Value) and not thing.operands:
            yield prefix + name, thing
        elif isinstance(thing, Module):
            yield from ((f"{prefix}{name}.{inner}", v) for inner, v in _named(thing))
        elif isinstance(thing, (list, tuple)):
            yield from _parameters_in(((str(i), x) for i, x in enumerate(thing)), f"{prefix}{name}.")


def _named(part: Module) -> Iterator[tuple[str, Value]]:
    """The parameters of a part under their names, those alone that its own `parameters` gives, if it has one."""
    if type(part).parameters is Module.parameters:
        yield from part.named_parameters()
        return
    names = {id(v): name for name, v in Module.named_parameters(part)}
    for i, v in enumerate(part.parameters()):
        yield names.get(id(v), f"parameters.{i}"), v


def _tensors_in(name: str, thing: object) -> dict[str, Any]:
    if isinstance(thing, Module):
        return {f"{name}.{inner}": tensor for inner, tensor in thing.tensors().items()}
    if _is_tensor(thing):
        return {name: thing}
    found: dict[str, Any] = {}
    for i, part in enumerate(thing if isinstance(thing, (list, tuple)) else ()):
        found |= _tensors_in(f"{name}.{i}", part)
    return found


def _is_tensor(thing: object) -> bool:
    """Whether it is a parameter, or lists that hold nothing but parameters."""
    if isinstance(thing, (list, tuple)):
        return bool(thing) and all(map(_is_tensor, thing))
    return isinstance(thing, Value) and not thing.operands
