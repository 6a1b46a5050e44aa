"""The base class of the optimisers: groups of parameters, their hyperparameters, and the loop over them.

>>> from autograd import Value
>>> from autograd.optim import SGD
>>> slow, quick = Value(1.0), Value(1.0)
>>> optimizer = SGD([{"params": [slow]}, {"params": [quick], "lr": 0.5}], lr=0.1)
>>> optimizer
SGD of 2 groups
  1 parameter, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0
  1 parameter, lr=0.5, momentum=0.0, dampening=0.0, weight_decay=0.0
>>> slow.grad = quick.grad = 1.0
>>> optimizer.step()
>>> slow.data, quick.data
(0.9, 0.5)
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from autograd.arguments import described, is_program, known, real
from autograd.engine import ieee
from autograd.engine.value import Value
from autograd.wording import counted, wrapped

if TYPE_CHECKING:
    from autograd.compiler.arguments import Array
    from autograd.compiler.program import Program

_BLOCK: Final = 1 << 14
"""Parameters of a program that are changed together: few calls, and the numbers between them stay in the cache."""

Parameters: TypeAlias = "Iterable[Value | Mapping[str, Any]] | Program"
_FLAGS: Final = ("amsgrad", "centered", "maximize", "nesterov")


class _Block:
    """Neighbouring parameters of a program in the place of a single one: its data and grad are arrays."""

    def __init__(self, program: "Program", start: int) -> None:
        self.place = slice(start, start + _BLOCK)
        self.read(program)

    def read(self, program: "Program") -> None:
        """Take views of the program's arrays, which a copied or unpickled one has anew."""
        self.data, self.grad = program.parameters[self.place], program.gradient[self.place]


class Ops:
    """The functions that an update needs beside operators, for floats; other kinds of numbers have them by their names.

    `root` is the square root of a number that all parameters share.
    """

    root = staticmethod(ieee.sqrt)
    sqrt = staticmethod(ieee.sqrt)
    divide = staticmethod(ieee.divide)
    maximum = staticmethod(lambda x, y: x if x > y or x != x else y)


@cache
def _on_arrays() -> "Callable[[Optimizer], None]":
    """A function for the step of an optimiser of a program."""
    import numpy as np

    class OnArrays(Ops):
        """The same for arrays."""

        sqrt: Any = staticmethod(np.sqrt)
        divide: Any = staticmethod(np.divide)
        maximum: Any = staticmethod(np.maximum)

    # Overflow and nan pass without a warning, as they do with Values. Made once, this takes half the time of a `with`.
    return np.errstate(all="ignore")(lambda optimizer: optimizer._update_all(OnArrays))


class Group(dict[str, Any]):
    """Parameters with the same hyperparameters: `params` and an entry for each hyperparameter, which may be changed."""

    def __init__(self, params: "list[Value] | Program", hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(params=params, **hyperparameters)
        self.steps = 0
        """The steps that were made."""
        self.each: list[Value] = params if isinstance(params, list) else _blocks(params)
        """The parameters, or blocks of those of a program."""
        self.states: dict[str, list[float]] = {}

    def state(self, name: str, start: float = 0.0) -> list[float]:
        """A number for each parameter, kept from step to step under a name."""
        if name not in self.states:
            self.states[name] = [_full(p, start) for p in self.each]
        return self.states[name]

    def has(self, name: str) -> bool:
        """Whether numbers are kept under a name."""
        return name in self.states

    def hyperparameters(self) -> dict[str, Any]:
        """All entries but the parameters."""
        return {name: number for name, number in self.items() if name != "params"}

    def gradients(self) -> list[float]:
        """The gradient of each parameter, of the other sign for maximize."""
        if self["maximize"]:
            return [-p.grad for p in self.each]
        return [p.grad for p in self.each]

    def decayed(self) -> list[float]:
        """The same with weight_decay·p added."""
        decay = self["weight_decay"]
        if not decay:
            return self.gradients()
        return [g + decay * p.data for g, p in zip(self.gradients(), self.each, strict=True)]

    @property
    def size(self) -> int:
        """The number of parameters."""
        params = self["params"]
        return len(params if isinstance(params, list) else params.parameters)

    def settings(self) -> str:
        """The number of parameters and the hyperparameters, as text; flags that are off are left out."""
        shown = [f"{name}={x!r}" for name, x in self.hyperparameters().items() if x is not False]
        return ", ".join([counted(self.size, "parameter"), *shown])


def _blocks(program: "Program") -> list[Value]:
    return [cast(Value, _Block(program, start)) for start in range(0, len(program.parameters), _BLOCK)]


def _full(p: Any, number: float) -> float:
    """The number for a parameter, or an array of it for a block."""
    if type(p) is Value:
        return number
    import numpy as np

    return cast(float, np.full_like(p.data, number))


def refuse_others(optimizer: "Optimizer", program: "Program") -> None:
    """Raise a ValueError if an optimiser changes other parameters than those of a program."""
    if optimizer.parameters is not program.parameters:
        raise ValueError("the optimizer changes other parameters than the program's; make it of this program")


class Hyperparameter:
    """An attribute that reads a hyperparameter of all groups, and sets it in all of them."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: "Optimizer | None", kind: type) -> Any:
        if optimizer is None:
            return self
        numbers = [group[self.name] for group in optimizer.param_groups]
        if any(x != numbers[0] for x in numbers):
            shown = " and ".join(map(repr, numbers[:2]))
            raise AttributeError(
                f"the groups of {type(optimizer).__name__} have different {self.name}, {shown}; "
                f"read optimizer.param_groups[0][{self.name!r}]"
            )
        return numbers[0]

    def __set__(self, optimizer: "Optimizer", number: Any) -> None:
        changed = [optimizer._checked({**g.hyperparameters(), self.name: number}) for g in optimizer.param_groups]
        for group, hyperparameters in zip(optimizer.param_groups, changed, strict=True):
            group.update(hyperparameters)


class Optimizer:
    """The base class of the optimisers: it holds the parameters and hyperparameters, and checks them.

    parameters is an iterable of leaves, or a compiled program, whose flat array is then `parameters`. Or it is a list
    of groups, dictionaries with `params` and hyperparameters of their own; the other hyperparameters are those of the
    optimiser. `param_groups` is the list of the groups. A hyperparameter, such as `lr`, may be changed between steps,
    in a group or as an attribute for all groups. TypeError for anything else than Values and for a hyperparameter that
    is no number, ValueError for no parameters, for one that is the result of an operation or occurs twice, and for a
    hyperparameter out of its range. The subclasses raise the same errors.
    """

    lr = Hyperparameter()
    weight_decay = Hyperparameter()
    maximize = Hyperparameter()

    def __init__(
        self, parameters: Parameters, lr: float, weight_decay: float, maximize: bool, own: Mapping[str, Any]
    ) -> None:
        name = type(self).__name__
        self.defaults = self._checked({"lr": lr, **own, "weight_decay": weight_decay, "maximize": maximize})
        self.param_groups: list[Group] = []
        self.program = parameters if is_program(parameters) else None
        if isinstance(parameters, Mapping):
            raise TypeError(f"{name} takes a list of groups, not {described(parameters)}; pass [group]")
        row: list[Any] = [] if is_program(parameters) else _ordered(name, parameters)
        several = row and all(isinstance(group, Mapping) for group in row)
        for group in row if several else [{"params": row or parameters}]:
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with hyperparameters of their own: a dictionary with `params`, as in the constructor."""
        name = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f"{name}: a group is a dictionary with 'params', a list of Values, not {described(group)}")
        params, own = group["params"], {key: x for key, x in group.items() if key != "params"}
        for key in own:
            known(f"hyperparameter of {name}", key, self.defaults)
        if is_program(params) or self.program is not None:
            if params is not self.program or self.param_groups:
                raise TypeError(f"{name}: the parameters of a program are one group; pass optim.{name}(program)")
        else:
            params = _leaves(name, [params] if type(params) is Value else _ordered(name, params))
        made = Group(params, self._checked({**self.defaults, **own}))
        if not made.each:
            raise ValueError(f"{name} has no parameters to change; pass model.parameters()")
        everything = [p for each in (*self.param_groups, made) for p in each.each]
        if len({*map(id, everything)}) < len(everything):
            raise ValueError(f"{name} has a parameter twice and would change it twice; pass each once")
        self.param_groups.append(made)

    @property
    def parameters(self) -> "list[Value] | Array":
        """The Values of all groups in a list, or the flat array of a program."""
        if self.program is not None:
            return self.program.parameters
        return [p for group in self.param_groups for p in group.each]

    def _checked(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters with floats for their numbers; an error for one out of its range."""
        return {key: self._checked_one(key, value) for key, value in hyperparameters.items()}

    def _checked_one(self, key: str, value: Any, below: float = ieee.INF) -> Any:
        what = f"{type(self).__name__}: {key}"
        if key in _FLAGS:
            if not isinstance(value, bool):
                raise TypeError(f"{what} is True or False, not {described(value)}")
            return value
        if key == "betas":
            if not isinstance(value, (tuple, list)) or len(value) != 2:
                raise TypeError(f"{what} is a pair of numbers, as in betas=(0.9, 0.999), not {described(value)}")
            first, second = (self._checked_one(f"betas[{i}]", b, 1.0) for i, b in enumerate(value))
            return first, second
        number = real(what, value)
        if not 0.0 <= number < below:
            limit = "of at least 0" if below == ieee.INF else f"from 0 to below {below:g}"
            raise ValueError(f"{what} must be a finite number {limit}, not {value!r}")
        return number

    def zero_grad(self) -> None:
        """Set every gradient to 0, because `backward` accumulates; a program overwrites its gradient anyway."""
        for group in self.param_groups:
            for p in group.each:
                p.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its gradient: `.grad` of a Value, or its place in `program.gradient`."""
        if self.program is None:
            self._update_all(Ops)
            return
        for block in cast(list[_Block], self.param_groups[0].each):
            block.read(self.program)
        _on_arrays()(self)

    def _update_all(self, ops: type[Ops]) -> None:
        for group in self.param_groups:
            self._update(group, ops)
            group.steps += 1

    def _update(self, group: Group, ops: type[Ops]) -> None:
        """Change the data of each parameter by its grad; both are floats or arrays, and `ops` has functions of them."""
        raise NotImplementedError

    def __repr__(self) -> str:
        name, settings = type(self).__name__, [group.settings() for group in self.param_groups]
        if len(settings) == 1:
            return wrapped(f"{name} of {settings[0]}")
        return "\n".join([f"{name} of {counted(len(settings), 'group')}", *(wrapped(f"  {text}") for text in settings)])


def _ordered(name: str, things: Any) -> list[Any]:
    if isinstance(things, (set, frozenset)):
        raise TypeError(f"{name} takes a list of parameters, not a set, which has no order; pass model.parameters()")
    if isinstance(things, str) or not isinstance(things, Iterable):
        raise TypeError(f"{name} takes a list of parameters, not {described(things)}; pass model.parameters()")
    return list(things)


def _leaves(name: str, leaves: list[Any]) -> list[Value]:
    """The parameters, if they are leaves."""
    for p in leaves:
        if type(p) is not Value:
            raise TypeError(f"{name} changes Values, not {described(p)}; pass model.parameters()")
        if p.operands:
            raise ValueError(f"{name} changes leaves, and {p!r} is the result of {p.op}; pass its operands")
    return leaves
