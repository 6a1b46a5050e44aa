"""Parameters in nested lists: their shapes, their numbers, and numbers from elsewhere put into them.

>>> from autograd import Value
>>> from autograd.nn.tensors import numbers_in, shape_of
>>> weight = [[Value(1.0), Value(2.0), Value(3.0)]]
>>> shape_of(weight), numbers_in(weight)
((1, 3), [[1.0, 2.0, 3.0]])
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from autograd.arguments import real, too_deep
from autograd.engine.guarded import assign
from autograd.engine.value import Value

Shape: TypeAlias = tuple[int, ...]
Row: TypeAlias = tuple[Shape, Sequence[float]]
"""A shape, and the numbers of all places in their order."""


def shape_of(thing: object) -> Shape | None:
    """The shape of a parameter or of nested lists of parameters; None for anything else, and for ragged lists."""
    if type(thing) is Value:
        return None if thing.operands else ()
    if not isinstance(thing, (list, tuple)):
        return None
    shapes = {*map(shape_of, thing)}
    shape = shapes.pop() if len(shapes) == 1 else None
    return None if shape is None else (len(thing), *shape)


def leaves_of(tensor: Any) -> list[Value]:
    """The parameters of a tensor, in the order of their places."""
    return [tensor] if type(tensor) is Value else [v for part in tensor for v in leaves_of(part)]


def numbers_in(nest: Any) -> Any:
    """The data of nested lists and tuples of Values, as nested lists; other things stay as they are."""
    if type(nest) is Value:
        return nest.data
    return [numbers_in(part) for part in nest] if isinstance(nest, (list, tuple)) else nest


def row_of(nest: Any, where: str) -> Row:
    """The shape and the numbers of nested lists, or of an array of NumPy or PyTorch.

    ValueError for lists of different lengths, TypeError for anything but real numbers.
    """
    nest = nest.tolist() if hasattr(nest, "tolist") else nest
    if not isinstance(nest, (list, tuple)):
        return (), [real(where, nest)]
    try:
        rows = [row_of(part, where) for part in nest]
    except RecursionError:
        raise too_deep(where) from None
    shapes = {shape for shape, _ in rows} or {()}
    if len(shapes) > 1:
        raise ValueError(f"{where} has lists of different lengths; each shape is that of state_dict()")
    return (len(rows), *shapes.pop()), [x for _, row in rows for x in row]


def put(tensors: Mapping[str, Any], rows: Mapping[str, Row], source: str) -> None:
    """Set the parameters of tensors to the rows of the same names; after an error no parameter has changed."""
    assign(*matched(tensors, rows, source))


def matched(tensors: Mapping[str, Any], rows: Mapping[str, Row], source: str) -> tuple[list[Value], list[float]]:
    """The parameters of tensors, and for each the number at its place in the row of the same name.

    The errors are those of `names_of`.
    """
    names = names_of({name: shape_of(tensor) for name, tensor in tensors.items()}, rows, source)
    leaves = [v for name in names for v in leaves_of(tensors[name])]
    return leaves, [x for name in names.values() for x in rows[name][1]]


def names_of(
    shapes: Mapping[str, Shape | None], rows: Mapping[str, Row], source: str, what: str = "model"
) -> dict[str, str]:
    """The name in rows of each tensor of a model, or of another thing, given by its shape.

    Numbers in names may have gaps on either side: 0.weight and 2.weight are those of two layers with an activation
    between them. ValueError for names that are missing or too many, and for other shapes.
    """
    names = _matched(shapes, rows, source, what)
    for name, place in names.items():
        if (found := rows[place][0]) != shapes[name]:
            raise ValueError(f"{source}: {place} has the shape {found}, but in this {what} {shapes[name]}")
    return names


def _matched(wanted: Iterable[str], found: Iterable[str], source: str, what: str) -> dict[str, str]:
    """The name in the source of each name that is wanted."""
    wanted, found = list(wanted), list(found)
    if {*wanted} == {*found}:
        return {name: name for name in wanted}
    ours, theirs = _counted(wanted), _counted(found)
    if ours.keys() == theirs.keys():
        return {ours[name]: theirs[name] for name in ours}
    if missing := [name for name in wanted if name not in found]:
        has = ", ".join(sorted(found)[:6]) or "nothing"
        raise ValueError(f"{source} lacks {', '.join(missing[:3])}; it has {has}")
    extra = sorted({*found} - {*wanted})
    raise ValueError(f"{source} has {', '.join(extra[:3])}, which this {what} lacks")


def _counted(names: Iterable[str]) -> dict[str, str]:
    """The names by what they are when the numbers after the same words are counted from 0 without gaps."""
    split = [name.split(".") for name in names]
    numbers: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for words in split:
        for i, word in enumerate(words):
            if word.isdecimal():
                numbers[*words[:i]].add(int(word))
    ranks = {words: {n: k for k, n in enumerate(sorted(found))} for words, found in numbers.items()}
    counted = {}
    for words in split:
        parts = [str(ranks[*words[:i]][int(word)]) if word.isdecimal() else word for i, word in enumerate(words)]
        counted[".".join(parts)] = ".".join(words)
    return counted
