"""One program of a textbook: a function for one example, its sizes, its numbers and, if there is one, its oracle."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import Value

Numbers = Any
"""A number, or nested lists of numbers."""
Arrays = Mapping[str, NDArray[Any]]


class Lesson(NamedTuple):
    """A program; `loss(*inputs, p)` takes Values in nested lists, and p has the parameters by name, likewise."""

    name: str
    loss: Callable[..., Value]
    shapes: tuple[tuple[int, ...], ...]
    """Those of the inputs."""
    parameters: Mapping[str, Numbers]
    """The numbers that the parameters start from."""
    draw: Callable[[np.random.Generator, int], list[NDArray[Any]]]
    """So many examples: an array for each input."""
    numpy: Callable[..., Any] | None = None
    """The loss of one example over NumPy arrays, real or complex, for the complex step."""
    torch: Callable[..., Any] | None = None
    """The loss of one example over tensors."""


def uniform(seed: int, *shape: int, bound: float = 0.5) -> Numbers:
    """Nested lists of numbers between -bound and bound."""
    return np.random.default_rng(seed).uniform(-bound, bound, shape).tolist()


def normal(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator, int], list[NDArray[Any]]]:
    """Draws inputs of these shapes from the normal distribution."""
    return lambda rng, n: [rng.normal(size=(n, *shape)) for shape in shapes]


def one_hot(rng: np.random.Generator, n: int, *shape: int) -> NDArray[Any]:
    """Arrays of the shape, whose last axis has a single 1."""
    return np.eye(shape[-1])[rng.integers(0, shape[-1], (n, *shape[:-1]))]


def values(numbers: Numbers) -> Any:
    """Values in the nesting of the numbers."""
    return [values(x) for x in numbers] if isinstance(numbers, list) else Value(numbers)


def leaves(nested: Any) -> list[Value]:
    """The Values of nested lists and dictionaries, in order."""
    if isinstance(nested, Value):
        return [nested]
    parts = nested.values() if isinstance(nested, dict) else nested
    return [v for part in parts for v in leaves(part)]


STEP: Final = 1e-30
"""Of the complex step: its square vanishes, and nothing is subtracted."""
