"""The arrays that a program is called with, checked against the shapes of its inputs.

>>> from autograd.compiler.arguments import one_hot
>>> one_hot([2, 0], 3)
array([[0., 0., 1.],
       [1., 0., 0.]])
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.arguments import whole
from autograd.compiler.leaves import Argument, shape_text
from autograd.engine.value import Value
from autograd.wording import counted

Array = NDArray[Any]
_REMEDIES: Final = {
    **dict.fromkeys("US", "turn text into numbers, such as one-hot rows"),
    "c": "give .real and .imag as two inputs",
    "M": "subtract a first date, and divide by a unit such as np.timedelta64(1, 'D')",
    "m": "divide by a unit such as np.timedelta64(1, 'D')",
}
"""By the kind of the dtype of an array."""


def batch(given: Sequence[object], arguments: Sequence[Argument]) -> tuple[list[Array], bool]:
    """The arrays of a batch, and whether one example was given without an axis for the batch.

    TypeError for another number of arrays and for anything but real numbers; ValueError for other shapes than those of
    the inputs, for no examples and for different numbers of them.
    """
    if len(given) != len(arguments):
        wanted = f"{counted(len(arguments), 'array')}, {', '.join(map(str, arguments))}"
        found = counted(len(given), "array") + _hint(given, arguments)
        raise TypeError(f"the program takes {wanted}, not {found}")
    arrays = [numbers(thing, f"input {a}") for thing, a in zip(given, arguments, strict=True)]
    single = arrays[0].ndim == len(arguments[0].shape)
    for array, a in zip(arrays, arguments, strict=True):
        if array.shape[0 if single else 1 :] != a.shape or (not single and array.ndim != 1 + len(a.shape)):
            one = f"{shape_text(a.shape)} for one" if a.shape else "a number for one"
            remedy = _remedy(array, a, single)
            raise ValueError(f"input {a} for N examples, or {one}, and this array has the shape {array.shape}{remedy}")
    if single:
        return [array[None] for array in arrays], True
    counts = {len(array) for array in arrays}
    if len(counts) > 1:
        shown = ", ".join(f"{a.name} has {len(array):,}" for a, array in zip(arguments, arrays, strict=True))
        raise ValueError(f"the inputs have different numbers of examples: {shown}")
    if counts == {0}:
        raise ValueError("the batch has no examples, and no loss is defined for it; give at least one")
    return arrays, False


def numbers(thing: object, where: str) -> Array:
    """An array of real numbers; TypeError or ValueError for anything else."""
    try:
        array = np.asarray(thing)
    except (TypeError, ValueError) as error:
        sizes = sorted({len(row) for row in thing if hasattr(row, "__len__")}) if isinstance(thing, Sequence) else []
        ragged = f"its rows have {' and '.join(map(str, sizes))} numbers; make them equally long"
        reason = ragged if len(sizes) > 1 else error
        raise ValueError(f"{where}: this {type(thing).__name__} makes no array: {reason}") from None
    if array.dtype.kind not in "biuf":
        kind = type(thing).__name__ + f" of {array.dtype}" * (array.ndim > 0)
        remedy = _REMEDIES.get(array.dtype.kind, "pass an array of floats")
        if any(type(x) is Value for x in array.ravel()[:1].tolist()):
            kind, remedy = "Values", "give their data"
        raise TypeError(f"{where} takes real numbers, not {kind}; {remedy}")
    if isinstance(thing, np.ma.MaskedArray) and np.ma.is_masked(thing):
        raise ValueError(f"{where}: a masked array has no numbers at some places; fill them with .filled(0.0)")
    return array


def narrowed(array: Array, where: str, dtype: Any) -> Array:
    """The array, in the dtype if that is smaller; ValueError for a finite number that would become infinite."""
    if array.dtype.itemsize <= np.dtype(dtype).itemsize:
        return array
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        wrong = array[np.isfinite(array) & (np.abs(array) > np.finfo(dtype).max)].flat[0]
        raise ValueError(f"{where}: {wrong:g} is too large for {dtype}; scale it, or use dtype='float64'") from None


def _hint(given: Sequence[object], arguments: Sequence[Argument]) -> str:
    """The likely cause of another number of arrays."""
    if len(given) < len(arguments):
        if len(given) == 1 and isinstance(given[0], tuple) and len(given[0]) == len(arguments):
            return "; pass them one by one, as program.value_and_grad(*arrays)"
        return f"; {arguments[len(given)].name} is missing"
    return "; compile makes several inputs of a tuple, as inputs=(x, y)" if len(arguments) == 1 else ""


def _remedy(array: Array, a: Argument, single: bool) -> str:
    """The likely cause of another shape."""
    if single and array.shape[1:] == a.shape:
        return "; the other inputs are of one example"
    if not single and array.shape == a.shape:
        return "; the other inputs are batches"
    column = array.ndim == 1 or (array.shape[1:] == (1,) and array.dtype.kind in "iu")
    if len(a.shape) == 1 < a.shape[0] and column and np.array_equal(array, np.floor(array)):
        return f"; of class numbers, np.eye({a.shape[0]})[classes] makes rows of probabilities"
    if array.shape[::-1][1:] == a.shape:
        return "; its transpose fits"
    return ""


def one_hot(labels: ArrayLike, classes: int) -> NDArray[np.float64]:
    """Rows of so many numbers, 1 at the class of each label and 0 elsewhere: the targets of a cross-entropy.

    labels are whole numbers from 0, in an array or list of any shape; the classes are a new last axis. TypeError for
    labels that are no ints, ValueError for one out of range.
    """
    classes, indices = whole("the number of classes", classes), np.asarray(labels)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"one_hot takes classes as ints from 0 to {classes - 1}, not {indices.dtype}")
    wrong = indices[(indices < 0) | (indices >= classes)]
    if wrong.size:
        raise ValueError(
            f"a target is a class from 0 to {classes - 1}, or a list of probabilities, not {wrong.flat[0]}"
        )
    rows = np.zeros((*indices.shape, classes))
    np.put_along_axis(rows, indices[..., None].astype(np.intp), 1.0, axis=-1)
    return rows
