"""The update of an optimiser as a graph of one parameter, by running the optimiser's own `_update` on recorded Values.

>>> from autograd import Value
>>> from autograd.compiler.native.update import Update
>>> from autograd.optim import SGD
>>> update = Update(SGD([Value(1.0)], lr=0.5, momentum=0.9), "float64")
>>> update.starts, update.numbers(9).tolist()
({'velocity': 0.0}, [[-0.5]])
>>> print(update.code.graph)
4 leaves
[2] = 0.9·x2 + x1
[5] = [2]·p0 + x0
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from copy import copy, deepcopy
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.pipeline import Code
from autograd.compiler.reading import Recording
from autograd.compiler.statements import Index, Named, Slots
from autograd.engine.functions import maximum, where
from autograd.engine.tape import LEAF_CODE, Tape
from autograd.engine.value import Value
from autograd.optim.methods import SGD, Adagrad, Adam, AdamW, RMSprop
from autograd.optim.optimizer import Group, Optimizer

KNOWN: Final = (SGD, Adam, AdamW, RMSprop, Adagrad)
"""The optimisers whose updates are recorded; a user's own may do anything."""
KEPT: Final = 32
"""Updates that are kept when no training uses them."""
PLACEHOLDER: Final = 0.25
"""The data of the Values, on which nothing depends."""


def is_known(optimizer: Any) -> bool:
    """Whether a step of an optimiser is its update, and that is one of the package."""
    return type(optimizer) in KNOWN and not {"step", "_update", "_update_all"} & vars(optimizer).keys()


class Update:
    """The update of an optimiser: the program `code` of one parameter, and the numbers that it needs for each step.

    The inputs of the program are the parameter, its gradient and its states, and its roots the parameter and the states
    after the step. Its own parameters are the numbers that all parameters share: what becomes of the learning rate and
    of the count of steps. The other hyperparameters are part of the program, as they are now.
    """

    def __init__(self, optimizer: Optimizer, dtype: str) -> None:
        self._group = optimizer.param_groups[0]
        self._made_for = {key: x for key, x in self._group.hyperparameters().items() if key != "lr"}
        settings: Any = (type(optimizer), tuple(self._made_for.items()), dtype)
        made = _recorded if all(map(_is_fixed, self._made_for.values())) else _recorded.__wrapped__
        self.recorded = made(*settings)
        """The same one for the same settings, as long as it is kept."""
        self.starts, self._shared = self.recorded.starts, self.recorded.shared
        self._reads = {name for shared in self._shared for name in shared.reads}
        self.counts = "steps" in self._reads
        """Whether the numbers depend on the count of steps."""

    @cached_property
    def code(self) -> Code:
        """The program, with a graph of its own: later stages, perhaps in another thread, put it into another order."""
        code = copy(self.recorded.code)
        code.graph = deepcopy(code.graph)
        return code

    @property
    def fits(self) -> bool:
        """Whether the hyperparameters are still those that it was made for."""
        return self._made_for.items() <= self._group.items()

    def numbers(self, most: int) -> NDArray[np.float64]:
        """The numbers for the next steps, a row for each, at most so many; the last row is for all further ones.

        If the numbers depend on the count of steps, there are no further ones.
        """
        count = most if self.counts else min(most, 1 + bool(self._reads))
        at = At(self._group["lr"], self._group.steps + np.arange(count, dtype=np.float64), self._had(count))
        table = np.empty((count, len(self._shared)))
        with np.errstate(all="ignore"):
            for column, shared in zip(table.T, self._shared, strict=True):
                column[:] = shared.of(at)
        return table

    def _had(self, count: int) -> dict[str, NDArray[np.float64]]:
        """For each state and each of the next steps, 1 if it is there before the step, else 0."""
        return {name: np.array([float(name in self._group.states)] + [1.0] * (count - 1)) for name in self.starts}


class Recorded(NamedTuple):
    """The update of a kind of optimiser with some hyperparameters, of whatever parameters."""

    code: Code
    starts: dict[str, float]
    """The names of the states, in their order, and the number that each starts with."""
    shared: Sequence["Shared"]
    """The numbers that all parameters share, in the order of the parameters of the program."""


def _is_fixed(setting: object) -> bool:
    """Whether a hyperparameter can't change but by being replaced: a number, or a tuple of numbers."""
    return isinstance(setting, Real) or (isinstance(setting, tuple) and all(isinstance(x, Real) for x in setting))


@lru_cache(KEPT)
def _recorded(kind: type[Optimizer], settings: tuple[tuple[str, Any], ...], dtype: str) -> Recorded:
    group = _Recorder(settings)
    # No block of the caller, such as `no_grad()`, has an effect in a context of its own.
    recording = Context().run(_recording, kind, group)
    return Recorded(Code(recording, "nothing", dtype), group.starts, [shared for shared, _ in group.shared])


def _recording(kind: type[Optimizer], group: "_Recorder") -> Recording:
    numbers: Any = _Ops
    object.__new__(kind)._update(group, numbers)  # An update reads the group alone.
    (p,) = group.each
    after = [p.data.value, *(row[0].value for row in group.states.values())]
    inputs = [p.before.value, p.grad.value, *group.before]
    names = ["p", "g", *group.starts]
    tape = Tape(*after)
    places = {id(tape.node(k)): k for k, code in enumerate(tape.codes) if code == LEAF_CODE}

    def of(leaves: list[Value]) -> Index:
        return np.array([places.get(id(v), -1) for v in leaves], np.intp)

    named = [Named(name, Slots("x", np.array(k))) for k, name in enumerate(names)]
    return Recording(tape, of(inputs), of([v for _, v in group.shared]), named)


# ── numbers that all parameters share ──


class At(NamedTuple):
    """The numbers of some steps, each an array with one for each step."""

    lr: float
    steps: NDArray[np.float64]
    """The steps that were made before."""
    had: Mapping[str, NDArray[np.float64]]
    """1 where there is a state of this name, else 0."""


class Shared:
    """A number that all parameters share, as a function of the numbers of some steps, with those that it reads."""

    def __init__(self, of: Callable[[At], Any], reads: frozenset[str] = frozenset()) -> None:
        self.of, self.reads = of, reads

    def root(self) -> "Shared":
        """Its square root."""
        return Shared(lambda at: np.sqrt(self.of(at)), self.reads)

    def __neg__(self) -> "Shared":
        return Shared(lambda at: -self.of(at), self.reads)

    def _with(self, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        if isinstance(left, Lane) or isinstance(right, Lane):
            return NotImplemented
        one, other = (x if isinstance(x, Shared) else _constant(x) for x in (left, right))
        return Shared(lambda at: function(one.of(at), other.of(at)), one.reads | other.reads)

    def __add__(self, other: Any) -> Any:
        return self._with(operator.add, self, other)

    def __sub__(self, other: Any) -> Any:
        return self._with(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._with(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return self._with(operator.mul, self, other)

    def __truediv__(self, other: Any) -> Any:
        return self._with(operator.truediv, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._with(np.power, other, self)

    __radd__, __rmul__ = __add__, __mul__


def _constant(number: float) -> Shared:
    return Shared(lambda at: number)


# ── numbers of each parameter ──


class Lane:
    """A number of each parameter, as a Value."""

    def __init__(self, value: Value, group: "_Recorder") -> None:
        self.value, self._group = value, group

    def _made(self, value: Value) -> "Lane":
        return Lane(value, self._group)

    def _read(self, other: Any) -> Any:
        if isinstance(other, Shared):
            return self._group.leaf(other)
        return other.value if isinstance(other, Lane) else other

    def sqrt(self) -> "Lane":
        """Its square root."""
        return self._made(self.value.sqrt())

    def greater(self, other: "Lane") -> "Lane":
        """The greater of the two."""
        return self._made(maximum(self.value, other.value))

    def __neg__(self) -> "Lane":
        return self._made(-self.value)

    def __add__(self, other: Any) -> "Lane":
        return self._made(self.value + self._read(other))

    def __sub__(self, other: Any) -> "Lane":
        return self._made(self.value - self._read(other))

    def __mul__(self, other: Any) -> "Lane":
        return self._made(self.value * self._read(other))

    def __truediv__(self, other: Any) -> "Lane":
        return self._made(self.value / self._read(other))

    def __rsub__(self, other: Any) -> "Lane":
        return self._made(self._read(other) - self.value)

    def __lt__(self, limit: float) -> "Lane":
        """1 where it is less, else 0."""
        # The limit is no constant of the graph: nothing is computed with an infinite one ahead.
        return self._made(where(self._read(_constant(limit)) - self.value, 1.0, 0.0))

    __radd__, __rmul__ = __add__, __mul__


class _Ops:
    """The functions that an update needs, as `Ops` has them for floats."""

    root = staticmethod(Shared.root)
    sqrt = staticmethod(Lane.sqrt)
    divide = staticmethod(operator.truediv)
    maximum = staticmethod(Lane.greater)


class _Leaf:
    """A recorded number in the place of a parameter."""

    def __init__(self, group: "_Recorder") -> None:
        self.data = self.before = Lane(Value(PLACEHOLDER), group)
        self.grad = Lane(Value(PLACEHOLDER), group)


class _Recorder(Group):
    """A group of one parameter, whose update is recorded."""

    def __init__(self, settings: Iterable[tuple[str, Any]]) -> None:
        dict.__init__(self, settings, lr=Shared(lambda at: at.lr))
        self.each: list[Any] = [_Leaf(self)]
        self.states: dict[str, Any] = {}
        self.starts: dict[str, float] = {}
        self.before: list[Value] = []
        """The states before the step."""
        self.shared: list[tuple[Shared, Value]] = []
        """The numbers that all parameters share, with a leaf for each."""

    def leaf(self, shared: Shared) -> Value:
        """The leaf that stands for a number that all parameters share."""
        for known, leaf in self.shared:
            if known is shared:
                return leaf
        self.shared.append((shared, Value(PLACEHOLDER)))
        return self.shared[-1][1]

    @property
    def steps(self) -> Any:  # type: ignore[override]
        """The count of steps."""
        return Shared(lambda at: at.steps, frozenset({"steps"}))

    def state(self, name: str, start: float = 0.0) -> Any:
        """A recorded number, kept from step to step."""
        if name not in self.states:
            self.before.append(Value(PLACEHOLDER))
            self.starts[name], self.states[name] = start, [Lane(self.before[-1], self)]
        return self.states[name]

    def has(self, name: str) -> Any:
        """1 if numbers were kept under a name before this step, else 0."""
        return Shared(lambda at: at.had[name], frozenset({"had"}))
