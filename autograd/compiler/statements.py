"""The array program: what a compiled graph computes, as statements on numbered slots.

>>> import numpy as np
>>> from autograd.formula.cases import Expression, names_in
>>> x, v = Slots("x", np.array([0, 1])), Slots("v", np.array([0, 1]))
>>> doubled = Expression("infix", ("*", Expression("number", (2.0,)), Expression("name", ("a",))))
>>> memory = {"x": np.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]), "v": np.zeros((2, 3))}
>>> Map(v, doubled, {"a": x}).run(memory)
>>> memory["v"]
array([[  2.,  20., 200.],
       [  4.,  40., 400.]])

A number of the program has a slot in a space. In the spaces of inputs and of nodes a slot holds one number for each
example of the batch, its lanes; the others have one lane, which serves all examples. A statement reads and writes
slots by index arrays, so how the slots lie in memory is no part of it. Each statement runs here in a few lines,
slowly and plainly: that is the meaning which text made of it must have.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.words import evaluated
from autograd.formula.cases import Expression, names_in
from autograd.formula.text import shown

Index: TypeAlias = NDArray[np.signedinteger[Any]]
Memory: TypeAlias = dict[str, NDArray[Any]]
"""For each space an array of (slots, lanes)."""

SPACES: Final = {
    "p": "parameters",
    "c": "constants",
    "u": "nodes that no input reaches",
    "x": "inputs",
    "v": "nodes that an input reaches",
    "s": "the gradient of the loss by itself, a single slot",
}
"""The gradients of a space `q` are in the space `dq`, slot by slot."""
LANES: Final = ("x", "v", "dx", "dv")
"""The spaces with a lane for each example."""


class Slots(NamedTuple):
    """Slots of one space, in an array of any shape; a slot may stand in it more than once."""

    space: str
    index: Index  # type: ignore[assignment]  # It hides a method of tuples.

    @property
    def lanes(self) -> bool:
        """Whether each slot holds a number for each example."""
        return self.space in LANES

    def __str__(self) -> str:
        flat = self.index.ravel()
        if not flat.size:
            return f"{self.space}[]"
        low, high = int(flat[0]), int(flat[-1])
        regular = np.array_equal(flat, np.arange(low, low + flat.size))
        where = str(low) if flat.size == 1 else f"{low}:{high + 1}" if regular else f"{low}…{high}"
        shape = "" if self.index.ndim < 2 else " as " + "×".join(map(str, self.index.shape))
        return f"{self.space}[{where}]{shape}"

    def gradient(self) -> "Slots":
        """The slots of their gradients."""
        return Slots(f"d{self.space}", self.index)

    def same(self, other: "Slots") -> bool:
        """Whether the other are the same slots in the same places."""
        return self.space == other.space and np.array_equal(self.index, other.index)

    def read(self, memory: Memory) -> NDArray[Any]:
        """The numbers, with the lanes as the last axis."""
        return memory[self.space][self.index]

    def write(self, numbers: NDArray[Any], memory: Memory, *, add: bool) -> None:
        """Store numbers or add them to what is there; where the slots have one lane, the sum over the lanes.

        The numbers of a slot that stands here more than once are added up.
        """
        one_lane = memory[self.space].shape[1] == 1
        if one_lane and numbers.shape[-1] > 1:
            numbers = numbers.sum(axis=-1, keepdims=True)
        numbers = np.broadcast_to(numbers, (*self.index.shape, memory[self.space].shape[1]))
        if not add:
            memory[self.space][self.index] = 0.0
        np.add.at(memory[self.space], self.index, numbers)


@dataclass(frozen=True, eq=False)
class Map:
    """out = expression, for each slot of out by itself.

    An operand has the shape of out, and the expression knows it by its name. The names in `rows` are lists, as in a
    rule: there the operand has one more axis than out, and the expression is one number for each list. If the
    expression is a list, too (its form is `each`, or a call of a word that returns a list), out has the shape of the
    rows, and each operand that is no row lacks their last axis.
    """

    out: Slots
    expression: Expression
    operands: Mapping[str, Slots] = field(default_factory=dict)
    rows: frozenset[str] = frozenset()
    add: bool = False

    def run(self, memory: Memory) -> None:
        """Do it, on whole arrays."""
        given = {}
        for name, slots in self.operands.items():
            numbers = slots.read(memory)
            given[name] = np.moveaxis(numbers, -2, 0) if name in self.rows else numbers
        with np.errstate(all="ignore"):
            result = evaluated(self.expression, given)
        if self.is_list:
            result = np.moveaxis(result, 0, -2)
        numbers = np.asarray(result)
        self.out.write(numbers if numbers.ndim else numbers.reshape(1), memory, add=self.add)

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {slots}" for name, slots in self.operands.items())
        sign = "+=" if self.add else "="
        return f"{self.out} {sign} {shown(self.expression)}" + (f"   where {given}" if given else "")

    @property
    def is_list(self) -> bool:
        """Whether out has the shape of the rows."""
        return any(self.operands[name].index.ndim == self.out.index.ndim for name in self.rows)


@dataclass(frozen=True, eq=False)
class Product:
    """out[c, f, p] = factor · Σ_t left[c, f, t] · right[c, p, t]: matrix products, one for each c."""

    out: Slots
    left: Slots
    right: Slots
    factor: float = 1.0
    add: bool = False

    def run(self, memory: Memory) -> None:
        """Do it, on whole arrays."""
        left, right = self.left.read(memory), self.right.read(memory)
        left, right = np.broadcast_arrays(left[:, :, None], right[:, None])
        self.out.write(self.factor * (left * right).sum(axis=3), memory, add=self.add)

    def __str__(self) -> str:
        factor = "" if self.factor == 1.0 else f"{self.factor:g} · "
        return f"{self.out} {'+=' if self.add else '='} {factor}({self.left}) · ({self.right})"


Statement: TypeAlias = Map | Product


def reading(statement: Statement, change: Callable[[Slots], Slots]) -> Statement:
    """The same statement with what `change` makes of each operand."""
    if isinstance(statement, Product):
        return replace(statement, left=change(statement.left), right=change(statement.right))
    return replace(statement, operands={name: change(slots) for name, slots in statement.operands.items()})


def operands(statement: Statement) -> dict[str, Slots]:
    """The slots that a statement reads, by name, beside its own where it adds to them."""
    if isinstance(statement, Product):
        return {"left": statement.left, "right": statement.right}
    used = _names(statement.expression)
    return {name: slots for name, slots in statement.operands.items() if name in used}


@cache
def _names(e: Expression) -> frozenset[str]:
    return frozenset(names_in(e))


def reads(statement: Statement) -> list[Slots]:
    """The slots that a statement reads, without their names."""
    return [*operands(statement).values()]


class Named(NamedTuple):
    """A name for slots, to be read by people: the weight of a layer, an input."""

    name: str
    slots: Slots


Entries: TypeAlias = list[tuple[str, Index]]
"""Arrays by name, each with the places of its numbers in a flat vector."""


def entries(names: Iterable[Named], count: int) -> Entries:
    """So many parameters by their names, each of them once; those without a name of their own are one array more."""
    found, free = Entries(), np.ones(count, bool)
    for name, slots in names:
        if slots.index.size and free[slots.index].all():
            found.append((name, slots.index))
            free[slots.index] = False
    rest = np.flatnonzero(free)
    if len(rest):
        taken = {name for name, _ in found}
        found.append((next(name for name in ("parameters", "other parameters") if name not in taken), rest))
    return found


@dataclass(frozen=True, eq=False)
class ArrayProgram:
    """Statements for the value and the gradient of a batch."""

    sizes: Mapping[str, int]
    """The number of slots of each space."""
    constants: NDArray[np.float64]
    """The numbers of the space `c`."""
    setup: tuple[Statement, ...]
    """Run once, before the first batch of a size: no later statement writes these slots."""
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    """The gradients, from that of the roots in the space `s`; before it all gradients are 0."""
    roots: Slots
    """The results, in the space `v`."""
    names: tuple[Named, ...] = ()

    def memory(self, parameters: NDArray[Any], inputs: NDArray[Any], seed: float) -> Memory:
        """Fresh memory for a batch: parameters of (slots,), inputs of (slots, examples)."""
        n = inputs.shape[1]
        memory = {q: np.zeros((size, n if q in LANES else 1)) for q, size in self.sizes.items()}
        memory |= {"x": inputs, "p": parameters[:, None], "c": self.constants[:, None], "s": np.full((1, 1), seed)}
        return memory | {f"d{q}": np.zeros_like(numbers) for q, numbers in memory.items()}

    def run(self, parameters: NDArray[Any], inputs: NDArray[Any], seed: float = 1.0) -> Memory:
        """The memory after a batch; its gradients are in the spaces `dp` and `dx`."""
        memory = self.memory(parameters, inputs, seed)
        for statement in self:
            statement.run(memory)
        return memory

    def __str__(self) -> str:
        parts = {"setup": self.setup, "forward": self.forward, "backward": self.backward}
        return "\n".join(f"{name}:\n" + "\n".join(f"  {s}" for s in statements) for name, statements in parts.items())

    def __iter__(self) -> Iterator[Statement]:
        yield from (*self.setup, *self.forward, *self.backward)
