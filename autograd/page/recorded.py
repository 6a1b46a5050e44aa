"""A recorded training, as its page reads it: a `train.Recorder`, or any other thing with the same attributes.

>>> from types import SimpleNamespace
>>> from autograd.page.recorded import is_recorded
>>> is_recorded(SimpleNamespace(snapshots=[])), is_recorded(3.0)
(True, False)

So a training loop of one's own may keep its snapshots in another way, and this package needs no training.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Moment(Protocol):
    """A snapshot; see `train.Snapshot`."""

    @property
    def epoch(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def parameters(self) -> Mapping[str, float]: ...
    @property
    def gradients(self) -> Mapping[str, float]: ...
    @property
    def outputs(self) -> Sequence[Any]: ...
    @property
    def surface(self) -> Sequence[Any]: ...


class Recorded(Protocol):
    """The snapshots of a training, and what belongs to all of them; see `train.Recorder`."""

    @property
    def snapshots(self) -> Sequence[Moment]: ...
    @property
    def history(self) -> Any: ...
    @property
    def model(self) -> Any: ...
    @property
    def inputs(self) -> Sequence[Any]: ...
    @property
    def targets(self) -> Sequence[Any]: ...
    @property
    def grid(self) -> Any: ...


def is_recorded(thing: object) -> bool:
    """Whether a thing keeps snapshots of a training."""
    return isinstance(getattr(thing, "snapshots", None), list)
