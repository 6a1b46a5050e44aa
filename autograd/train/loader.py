"""The batches of a training, whose place and order can be saved, and whose rows are read when they are needed.

>>> import random
>>> from autograd import train
>>> loader = train.Loader(([1.0, 2.0, 3.0], [0, 1, 0]), batch_size=2, rng=random.Random(1))
>>> for xs, ts in loader:
...     print(xs[:], ts[:])
[2. 3.] [1 0]
[1.] [0]
>>> loader
Loader(3 rows in batches of 2, after 1 epoch)
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from autograd.arguments import described, generator, rows_in, whole
from autograd.wording import counted, imported, to_install

if TYPE_CHECKING:
    from autograd.compiler.arguments import Array


class Rows:
    """Some rows of a column, as an array whose numbers are read when they are asked for: all, or those of a slice."""

    def __init__(self, column: Any, places: Sequence[int]) -> None:
        self._column, self._places = column, places
        self.shape: tuple[int, ...] = (len(places), *column.shape[1:])
        """That of the array."""
        self.dtype = column.dtype
        """The kind of its numbers."""
        self.ndim = len(self.shape)
        """The number of its axes."""

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: slice) -> "Array":
        import numpy as np

        return np.asarray(self._column[np.asarray(self._places[rows], np.intp)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "Array":
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __repr__(self) -> str:
        return f"Rows(an array of the shape {self.shape}, {self.dtype})"


class Loader:
    """Batches of the rows of some columns, shuffled before each epoch as `train.fit` shuffles them.

    columns is a tuple of arrays with as many rows in each, such as (X, Y). A column may be a file on the disk, as
    numpy.memmap, or any other thing that has a shape and a dtype and gives rows for an array of their numbers. A loop
    over the loader goes through one epoch: it gives a tuple of `Rows` for each batch of batch_size rows, of which the
    last one may be smaller. batch_size=None is one batch of all rows. The rows are shuffled with rng, or Python's
    shared generator, unless shuffle=False or, for a batch of all rows, shuffle=None.

    Where a training runs on several machines, each of them makes the same Loader, with generators of the same seed. So
    the batches are the same ones whatever the number of machines, and each machine reads the rows of its own devices.

    `autograd.state` saves the place, the order of the rows and the generator: a loader that was loaded goes on with the
    next batch. ValueError for columns of different lengths, for no rows and for a batch_size out of range; TypeError
    for anything but a tuple of columns.
    """

    def __init__(
        self,
        columns: tuple[Any, ...],
        batch_size: int | None = None,
        *,
        shuffle: bool | None = None,
        rng: Random | None = None,
    ) -> None:
        if not isinstance(columns, tuple) or not columns:
            raise TypeError(f"a Loader takes a tuple of columns, as in Loader((X, Y), 32), not {described(columns)}")
        self.columns = tuple(map(_column, columns))
        """The columns, as arrays."""
        self.rows = rows_in(self.columns, "columns are arrays with as many rows in each, and at least one")
        """The number of rows."""
        self.size = self.rows if batch_size is None else whole("batch_size, if it isn't None for all rows,", batch_size)
        """The rows of a batch."""
        self.shuffled = batch_size is not None if shuffle is None else shuffle
        """Whether the rows are shuffled before each epoch."""
        self.rng = generator(rng)
        """The generator that shuffles them."""
        self.order = list(range(self.rows))
        """The numbers of the rows in the order of this epoch."""
        self.epoch = self.batch = 0
        """The finished epochs, and the batches of this epoch that were given since then."""

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return -(-self.rows // self.size)

    def __iter__(self) -> Iterator[tuple[Rows, ...]]:
        if self.shuffled and not self.batch:
            self.rng.shuffle(self.order)
        for start in range(self.batch * self.size, self.rows, self.size):
            self.advance()  # A place that is saved after a batch is that of the next one.
            places = self.order[start : start + self.size]
            yield tuple(Rows(column, places) for column in self.columns)

    def advance(self, batches: int = 1) -> None:
        """Move the place on by so many batches."""
        epochs, self.batch = divmod(self.batch + batches, len(self))
        self.epoch += epochs

    def __repr__(self) -> str:
        of = f"{counted(self.rows, 'row')} in batches of {self.size:,}"
        batch = f" and {counted(self.batch, 'batch', 'batches')}" if self.batch else ""
        return f"Loader({of}, after {counted(self.epoch, 'epoch')}{batch})"


def _column(column: Any) -> Any:
    np = imported("numpy", f"a Loader gives arrays of NumPy: {to_install('numpy', 'compile')}")
    return column if hasattr(column, "shape") and hasattr(column, "dtype") else np.asarray(column)
