"""The face of every back end: code that binds a program to a number of examples, and the arrays and functions made."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

from numpy.typing import NDArray

from autograd.compiler.report import Facts
from autograd.compiler.statements import Index

Array: TypeAlias = NDArray[Any]
Otherwise: TypeAlias = Callable[..., Any]


class Bound(NamedTuple):
    """A program for one number of examples, with arrays of its own.

    Call its functions inside `np.errstate(all="ignore")`, backward once after each forward.
    """

    inputs: Array
    """(slots of x, n), for the caller to fill before forward."""
    seed: Array
    """(1,): the gradient of the loss by itself, for the caller to set."""
    roots: Array
    """(R, n), after forward."""
    input_gradient: Array | None
    """(slots of x, n), after backward."""
    forward: Callable[[], None]
    backward: Callable[[], None]
    """Overwrites all of the gradient."""
    both: Callable[[], None] | None = None
    """Forward and backward in one pass, where that is quicker."""


class Bindable(Protocol):
    """The code of a program behind one of its back ends."""

    @property
    def input_slots(self) -> Index:
        """The row of `Bound.inputs` for each input."""

    @property
    def completes(self) -> bool:
        """Whether an infinity or a nan may have met a zero that the graph doesn't have."""

    @property
    def block(self) -> int:
        """How many examples run together, so that their numbers stay in the cache; 0 for all."""

    @property
    def source(self) -> str:
        """The text that runs."""

    @property
    def facts(self) -> Facts:
        """The facts that the report tells."""

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are read and written in place."""

    def exactly(self) -> "Bindable":
        """Slower code of the same graph that never `completes`, with the same input slots."""

    def on_floats(self, otherwise: Otherwise) -> Otherwise | None:
        """A quick `value_and_grad` of one example, given as floats, that leaves all other calls to `otherwise`.

        None if there is none that is quicker than arrays.
        """

    def trace(self) -> str:
        """The program after each stage, as text."""


class DeclinedError(Exception):
    """A back end can't run a program, or leaves it to another; the message is the reason, for the report."""


class UnavailableError(DeclinedError):
    """A back end can't run on this machine; the message says why, and the remedy."""
