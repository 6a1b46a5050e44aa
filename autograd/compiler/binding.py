"""The face of every back end: code that binds a program to a number of examples, and the arrays and functions made."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.report import Facts
from autograd.compiler.statements import Index

if TYPE_CHECKING:
    from autograd.optim import Optimizer

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Otherwise: TypeAlias = Callable[..., Any]
Take: TypeAlias = Callable[[Sequence[tuple[Shape, Index]], float], Callable[[Sequence[Any], bool], float | None]]
"""Makes a function of all inputs, given the shape of an example of each and its rows in `Bound.inputs`, -1 for a leaf
that isn't read. The function does forward, or both, for arrays that need not be in the inputs before. It returns the
sum of the losses, each times the weight that is the second argument, or None for arrays that aren't of the very shape,
type and order in memory."""


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
    take: Take | None = None


class Order:
    """The order of the rows of a training: their places, which a generator shuffles.

    A list of the rows may be given in the order that they have; it is the one that is shuffled.
    """

    def __init__(self, rows: int, given: list[int] | None = None) -> None:
        self.rows = list(range(rows)) if given is None else given
        self.places: Index | None = None if given is None else np.array(given)
        """The same as an array; None as long as nothing was shuffled."""

    def shuffle(self, draws: Random) -> Index:
        """Another order, that to which `draws.shuffle` brings a list of the rows."""
        draws.shuffle(self.rows)
        self.places = np.array(self.rows)
        return self.places


class Reorder(NamedTuple):
    """The next order of an epoch, when it is called."""

    order: Order
    draws: Random

    def __call__(self) -> Index:
        """The places of the rows."""
        return self.order.shuffle(self.draws)


class Plan(NamedTuple):
    """A training, for a back end that makes many of its steps in one call."""

    columns: Sequence[Array]
    """The rows of each input, (rows, …), with numbers of the type of the parameters."""
    slots: Sequence[Index]
    """The row of `Bound.inputs` for each leaf of each input; -1 for one that isn't read."""
    parameters: Array
    """Flat; they are changed in place."""
    gradient: Array
    """That of the last batch, in place too."""
    optimizer: "Optimizer"
    size: int
    """The rows of a batch; the last one of an epoch may be smaller."""
    reorder: Reorder | None
    """The places of the rows in the next epoch, to be called before each; None for the order that they have."""
    below: float
    """The training is over after an epoch with a smaller loss."""
    devices: Any = None
    """The devices of JAX that share each batch, as users name them."""
    shard: str | None = None
    """The way in which they share the parameters."""


class Slice(NamedTuple):
    """Some steps of a training."""

    losses: list[float]
    """Of each epoch that was finished: the mean over all rows, each before the step of its batch."""
    batches: int
    """The steps that were made. 0 if the loss of the next batch isn't finite."""
    mean: float
    """The mean loss of the rows so far of the epoch of the last step; without a step, the loss that isn't finite."""


class Loop(Protocol):
    """The steps of a training, many in one call; each call goes on where the last one ended."""

    def run(self, epochs: int, answer: Callable[[], None]) -> Slice:
        """Make steps, for at most so many epochs, and for a short while, so that Ctrl-C can be answered.

        An epoch is the last one of a call if its loss is below the limit, or if a parameter isn't finite at its end. A
        batch whose loss isn't finite gets no step. The optimiser has the state that its own steps would leave. Where a
        single step takes long, `answer` is called in it; if that raises an error, no step was made.
        """


class Bindable(Protocol):
    """The code of a program behind one of its back ends.

    `bind`, `on_floats` and `loop` raise a DeclinedError if it turns out only then that it can't run.
    """

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

    def loop(self, plan: Plan) -> Loop | None:
        """The steps of a training; None if Python has to make them one by one."""

    def trace(self) -> str:
        """The program after each stage, as text."""


class DeclinedError(Exception):
    """A back end can't run a program, or leaves it to another; the message is the reason, for the report."""


class UnavailableError(DeclinedError):
    """A back end can't run on this machine; the message says why, and the remedy."""
