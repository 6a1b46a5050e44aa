"""The update of an optimiser on arrays of JAX: that of `autograd.optim`, run while JAX traces it.

Importing this module imports JAX.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from autograd.compiler.jax.trees import Tree, joined, precision, split
from autograd.compiler.statements import Entries
from autograd.optim.optimizer import Group, Ops, Optimizer


class State(NamedTuple):
    """The numbers that a training changes, as a pytree."""

    parameters: Tree
    """Arrays by name."""
    kept: dict[str, Tree]
    """Those that the optimiser keeps for each parameter, by its own names: velocity, mean, …"""
    numbers: dict[str, Any]
    """The learning rate lr, which may be replaced between steps; and the count of steps if the optimiser reads it."""


class Update:
    """The update of an optimiser of a program, whose parameters are arrays by name.

    Of its hyperparameters the learning rate is in the state; the others are those of the optimiser now.
    """

    def __init__(self, optimizer: Optimizer, own: Entries, dtype: str) -> None:
        self._optimizer, self._own, self._dtype = optimizer, own, dtype
        self._group = optimizer.param_groups[0]
        self._starts: dict[str, float] = {}
        self._read: set[str] = {"lr"}
        with precision(dtype):
            like = {name: jax.ShapeDtypeStruct(index.shape, dtype) for name, index in own}
            jax.eval_shape(self._run, like, like, {}, {name: jnp.zeros((), dtype) for name in ("lr", "steps")})

    def start(self, vector: NDArray[Any]) -> State:
        """The state with these parameters, and with what the optimiser has kept so far."""
        kept = {}
        for name, start in self._starts.items():
            parts = self._group.states.get(name)
            row = np.full_like(vector, start) if parts is None else np.concatenate([np.ravel(part) for part in parts])
            kept[name] = split(row, self._own)
        return State(split(vector, self._own), kept, self.numbers())

    def numbers(self) -> dict[str, Any]:
        """The numbers of the optimiser as it is now."""
        now = {"lr": self._group["lr"], "steps": self._group.steps}
        now |= {_had(name): name in self._group.states for name in self._starts}
        with precision(self._dtype):
            return {name: jnp.asarray(float(x), self._dtype) for name, x in now.items() if name in self._read}

    def __call__(self, state: State, gradient: Tree) -> State:
        """The state after a step."""
        parameters, kept = self._run(state.parameters, gradient, state.kept, state.numbers)
        after = {"lr": lambda x: x, "steps": lambda x: x + 1.0}
        numbers = {name: after.get(name, jnp.ones_like)(x) for name, x in state.numbers.items()}
        return State(parameters, kept, numbers)

    def finish(self, state: State, steps: int) -> None:
        """Let the optimiser keep what a state has, after so many more steps."""
        group = self._group
        for name, tree in state.kept.items():
            row = np.empty(sum(index.size for _, index in self._own), self._dtype)
            joined(tree, self._own, row)
            parts: list[Any] = group.state(name, self._starts[name])
            ends = np.cumsum([np.size(part) for part in parts])
            parts[:] = np.split(row, ends[:-1])
        group.steps += steps

    def _run(
        self, parameters: Tree, gradient: Tree, kept: Mapping[str, Tree], numbers: Mapping[str, Any]
    ) -> tuple[Tree, dict[str, Tree]]:
        group = _OnTree(self._group, parameters, gradient, kept, numbers)
        self._optimizer._update(group, _Ops)
        self._starts |= group.starts
        self._read |= group.read
        names = [*parameters]
        found = {name: dict(zip(names, row, strict=True)) for name, row in group.states.items()}
        return {name: p.data for name, p in zip(names, group.each, strict=True)}, found


def _had(name: str) -> str:
    return f"had {name}"


class _Ops(Ops):
    """The functions that an update needs, for arrays of JAX."""

    root: Any = staticmethod(jnp.sqrt)
    sqrt: Any = root
    divide: Any = staticmethod(jnp.divide)
    maximum: Any = staticmethod(jnp.maximum)


class _Leaf:
    """An array in the place of a parameter."""

    def __init__(self, data: Any, grad: Any) -> None:
        self.data, self.grad = data, grad


class _OnTree(Group):
    """A group whose parameters are the arrays of a tree."""

    def __init__(
        self, group: Group, parameters: Tree, gradient: Tree, kept: Mapping[str, Tree], numbers: Mapping[str, Any]
    ) -> None:
        dict.__init__(self, group.hyperparameters(), lr=numbers["lr"])
        self.each: list[Any] = [_Leaf(p, gradient[name]) for name, p in parameters.items()]
        self.states = {name: [tree[key] for key in parameters] for name, tree in kept.items()}
        self._numbers = numbers
        self.starts: dict[str, float] = {}
        self.read: set[str] = set()

    @property
    def steps(self) -> Any:  # type: ignore[override]
        """The count of steps."""
        self.read.add("steps")
        return _Count(self._numbers["steps"])

    def state(self, name: str, start: float = 0.0) -> list[Any]:
        """An array for each parameter."""
        self.starts[name] = start
        if name not in self.states:
            self.states[name] = [jnp.full_like(p.data, start) for p in self.each]
        return self.states[name]

    def has(self, name: str) -> Any:
        """1 if numbers were kept under a name before this step, else 0."""
        self.read.add(_had(name))
        return self._numbers.get(_had(name), 0.0)


class _Count:
    """A count, of which small powers of numbers near 1 are taken."""

    def __init__(self, count: Any) -> None:
        self._count = count

    def __add__(self, more: int) -> "_Count":
        return _Count(self._count + more)

    def __mul__(self, x: float) -> Any:
        return self._count * x

    def __rpow__(self, base: float) -> "_Power":
        return _Power(self._count * (math.log(base) if base else -math.inf))


class _Power:
    """e to some exponent. 1 less it keeps its digits, which float32 would lose: 1 - 0.999 has 1e-4 of error there."""

    def __init__(self, exponent: Any) -> None:
        self._exponent = exponent

    def __rsub__(self, one: float) -> Any:
        assert one == 1.0
        return -jnp.expm1(self._exponent)
