"""Modules and activations one after another.

>>> import random
>>> from autograd import nn
>>> rng = random.Random(1)
>>> model = nn.Sequential(nn.Linear(2, 3, rng=rng), "tanh", nn.Linear(3, 1, rng=rng))
>>> model
Sequential of 13 parameters
  0: Linear of 2 inputs, 3 outputs
  1: tanh
  2: Linear of 3 inputs, 1 output
>>> [*model.state_dict()]
['0.weight', '0.bias', '2.weight', '2.bias']
"""

from functools import partial
from typing import Any

from autograd.arguments import described, is_row
from autograd.engine.value import Value, operand
from autograd.nn import choices
from autograd.nn.choices import Activation, activate, recorded, title
from autograd.nn.module import Module
from autograd.show.layers import Layer
from autograd.show.models import write_places
from autograd.wording import ends


class Sequential(Module):
    """Steps one after another, each called with the outputs of the one before; `layers` is the list of them.

    A step is a Module, the name of an activation, or a function of a Value, which is applied to each output. The first
    step gets the inputs, and the model returns what the last step returns. Tensors have the positions of the steps in
    their names, as in PyTorch: 0.weight, 2.weight. `model[0]` is a step, `len(model)` their number. ValueError for no
    steps and for a name that is no activation; TypeError for anything but a step.
    """

    def __init__(self, *steps: "Module | Activation") -> None:
        if not steps:
            raise ValueError("a Sequential has at least one step; write Sequential(Linear(2, 3), 'tanh', Linear(3, 1))")
        self.layers: Any = [_step(step) for step in steps]
        write_places(self)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: Any) -> Any:
        return self.layers[place]

    def __bool__(self) -> bool:
        return True

    def __call__(self, x: Any) -> Any:
        for step in self.layers:
            x = _outputs(step, x)
        return x

    def _named_layers(self) -> list[Layer]:
        """The layers of all steps, numbered from 1; an activation belongs to the layer before it."""
        found: list[Layer] = []
        for i, step in enumerate(self.layers):
            if isinstance(step, Module):
                found += [layer.inside(f"layers.{i}") for layer in step._named_layers()]
            elif found and found[-1].units.title == "linear":
                found[-1].units.title, found[-1].units.found_outputs = title(step), partial(recorded, step)
        for n, layer in enumerate(found, 1):
            layer.units.prefix, layer.units.number = "", str(n)
        return found

    def tensors(self) -> dict[str, Any]:
        modules = [(i, step) for i, step in enumerate(self.layers) if isinstance(step, Module)]
        own = {f"{i}.{name}": tensor for i, module in modules for name, tensor in module.tensors().items()}
        return own | self._tensors_beside("layers")

    def __repr__(self) -> str:
        texts = [repr(step) if isinstance(step, Module) else title(step) for step in self.layers]
        lines = [f"{i}: {text}".replace("\n", "\n  ") for i, text in enumerate(texts)]
        return "\n  ".join([self._title(), *ends(lines)])


def _step(step: Any) -> Any:
    if isinstance(step, (list, tuple, dict)):
        raise TypeError("a Sequential takes its steps one by one; write Sequential(*steps)")
    if isinstance(step, type):
        raise TypeError(f"a step of a Sequential is a module, not its class; write {step.__name__}(…)")
    if isinstance(step, Module):
        if not callable(step):
            raise TypeError(f"a step of a Sequential is called, and {type(step).__name__} has no __call__; define one")
        return step
    if not (isinstance(step, str) or callable(step)):
        raise TypeError(f"a step of a Sequential is a module, a name or a function of a Value, not {described(step)}")
    return choices.activation(step)


def _outputs(step: Any, x: Any) -> Any:
    """The outputs of a step; a module takes a list of inputs, and an earlier one may have returned a single Value."""
    if not isinstance(step, Module):
        return _each(step, x)
    return step([x] if type(x) is Value else x)  # type: ignore[operator]


def _each(step: Activation, x: Any) -> Any:
    """The outputs of an activation for a Value, a list, or nested lists, in their nesting."""
    if not is_row(x):
        return activate(step, [operand(x, title(step))])[0]
    if any(map(is_row, x)):
        return [_each(step, row) for row in x]
    return activate(step, [operand(v, title(step)) for v in x])
