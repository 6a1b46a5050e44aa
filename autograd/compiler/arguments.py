"""The arrays that a program is called with, checked against the shapes of its inputs.

>>> from autograd.compiler.arguments import one_hot
>>> one_hot([2, 0], 3)
array([[0., 0., 1.],
       [1., 0., 0.]])
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.arguments import whole
from autograd.compiler.leaves import Argument, shape_text
from autograd.engine.value import Value
from autograd.functional import leaves
from autograd.wording import counted

Array = NDArray[Any]


def batch(given: Sequence[object], arguments: Sequence[Argument]) -> tuple[list[Array], bool]:
    """The arrays of a batch, and whether one example was given without an axis for the batch.

    TypeError for another number of arrays and for anything but real numbers; ValueError for other shapes than those of
    the inputs, for no examples and for different numbers of them.
    """
    if len(given) != len(arguments):
        raise TypeError(f"the program takes {_wanted(arguments)}, not {counted(len(given), 'array')}")
    arrays = [_numbers(thing, a) for thing, a in zip(given, arguments, strict=True)]
    single = arrays[0].ndim == len(arguments[0].shape)
    for array, a in zip(arrays, arguments, strict=True):
        if array.shape[0 if single else 1 :] != a.shape or (not single and array.ndim != 1 + len(a.shape)):
            one = f", or {shape_text(a.shape)} for one example" if a.shape else ", or is a number for one example"
            hint = "; the other inputs are of one example" if single and array.shape[1:] == a.shape else ""
            raise ValueError(f"input {a} for N examples{one}, and this array has the shape {array.shape}{hint}")
    counts = {1} if single else {len(array) for array in arrays}
    if len(counts) > 1:
        shown = ", ".join(f"{a.name} has {len(array):,}" for a, array in zip(arguments, arrays, strict=True))
        raise ValueError(f"the inputs have different numbers of examples: {shown}")
    if counts == {0}:
        raise ValueError("the batch has no examples, and no loss is defined for it; give at least one")
    return [array[None] for array in arrays] if single else arrays, single


def _numbers(thing: object, a: Argument) -> Array:
    try:
        array = np.asarray(thing)
    except (TypeError, ValueError) as error:
        raise ValueError(f"input {a}: no array can be made of this {type(thing).__name__}: {error}") from None
    if array.dtype.kind not in "biuf":
        symbols = any(isinstance(x, Value) for x in leaves(array.ravel()[:1].tolist()))
        remedy = "; give their data" if symbols else "; convert it with .astype(float)" if array.ndim else ""
        kind = "Values" if symbols else f"{type(thing).__name__} of {array.dtype}"
        raise TypeError(f"input {a} takes real numbers, not {kind}{remedy}")
    if isinstance(thing, np.ma.MaskedArray) and np.ma.is_masked(thing):
        raise ValueError(f"input {a}: a masked array has no numbers at some places; fill them with .filled(0.0)")
    return array


def _wanted(arguments: Sequence[Argument]) -> str:
    return f"{counted(len(arguments), 'array')}, {', '.join(map(str, arguments))}"


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
        raise ValueError(f"one_hot: {wrong.flat[0]} is no class; they go from 0 to {classes - 1}")
    rows = np.zeros((*indices.shape, classes))
    np.put_along_axis(rows, indices[..., None].astype(np.intp), 1.0, axis=-1)
    return rows
