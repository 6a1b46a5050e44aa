"""Placeholder of the face's branch for the passes between a recording and a kernel; the real module replaces it."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from numpy.typing import NDArray

from autograd.compiler.report import Facts
from autograd.compiler.statements import ArrayProgram, Index, Named
from autograd.engine.tape import Tape

Wanted: TypeAlias = Literal["parameters", "inputs", "both", "nothing"]


class Recording(NamedTuple):
    """A tape, and which of its leaves are the inputs and parameters."""

    tape: Tape
    inputs: list[int]
    """The places of the leaves of all inputs, in a row; -1 for one that the tape doesn't reach."""
    parameters: list[int]
    """The places of the parameters, likewise."""
    names: list[Named]
    """Names for people: in the space p of positions in `parameters`, in the space x of positions in `inputs`."""


class Lowered(NamedTuple):
    """An array program, and what the passes tell of it."""

    program: ArrayProgram
    input_slots: Index
    facts: Facts
    trace: str


class Bound(Protocol):
    """A kernel for a number of examples."""

    inputs: NDArray[Any]
    seed: NDArray[Any]
    roots: NDArray[Any]
    input_gradient: NDArray[Any] | None
    forward: Callable[[], None]
    backward: Callable[[], None]


class Kernel(Protocol):
    """The code of an array program."""

    source: str

    def bind(self, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> Bound: ...


def kernel_of(recording: Recording, wanted: Wanted, dtype: str) -> tuple[Lowered, Kernel]:
    """The array program of a recording and its code."""
    raise NotImplementedError
