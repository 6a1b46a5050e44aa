"""Data as whole arrays, in batches, for the training of a compiled program.

>>> import numpy as np
>>> batches = Batches([[[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [2, 0, 1]], [(2,), (3,)], np.dtype("float64"))
>>> x, y = batches.part(0, 2)
>>> x.tolist(), y.tolist()
([[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Shape: TypeAlias = tuple[int, ...]


class Batches:
    """An array for each input of a program, with the same number of `rows`.

    columns has an array or nested list for each input, shapes the shape of each in one row. Class numbers in the last
    column become one-hot where its rows have a probability for each class. ValueError for columns of different
    lengths, for no rows, and for a class out of range.
    """

    def __init__(self, columns: Iterable[ArrayLike], shapes: Sequence[Shape], dtype: DTypeLike) -> None:
        arrays = [np.asarray(column) for column in columns]
        if len({array.shape[:1] for array in arrays}) > 1 or arrays[0].shape[:1] in ((), (0,)):
            shown = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"data has arrays with as many rows in each, and at least one row, not of shapes {shown}")
        arrays[-1] = _one_hot(arrays[-1], shapes[-1])
        self.rows = len(arrays[0])
        self._arrays: list[Floats] = [np.asarray(array, dtype) for array in arrays]
        self._order = list(range(self.rows))
        self._places: NDArray[np.intp] | None = None

    def shuffle(self, draws: Random) -> None:
        """Put the rows into another order, as `draws.shuffle` does with a list of them."""
        draws.shuffle(self._order)
        self._places = np.array(self._order)

    def part(self, start: int, stop: int) -> list[Floats]:
        """The rows from start to before stop of each array."""
        if self._places is not None:
            places = self._places[start:stop]
            return [array.take(places, axis=0) for array in self._arrays]
        return [array[start:stop] for array in self._arrays]


def _one_hot(targets: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """The targets, of the given shape in each row; class numbers become a 1 at the class and 0 elsewhere."""
    if targets.dtype.kind not in "iu" or not shape or shape[-1] == 1 or targets.shape[1:] != shape[:-1]:
        return targets
    least, greatest = targets.min(), targets.max()
    if least < 0 or greatest >= shape[-1]:
        raise ValueError(f"a target is a class from 0 to {shape[-1] - 1}, not {least if least < 0 else greatest}")
    return np.eye(shape[-1])[targets]
