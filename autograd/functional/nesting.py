"""Nested lists, tuples and dicts of numbers: their items, the way to each, and the same nesting of other items.

>>> from autograd.functional.nesting import leaves, located, rebuild, text
>>> nest = {"w": [1.0, 2.0], "b": 3.0}
>>> list(leaves(nest)), rebuild(nest, iter("xyz"))
([1.0, 2.0, 3.0], {'w': ['x', 'y'], 'b': 'z'})
>>> [text(path) for path, _ in located([nest], "arguments")]
['arguments[0]["w"][0]', 'arguments[0]["w"][1]', 'arguments[0]["b"]']
"""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from autograd.arguments import too_deep
from autograd.engine.number import to_float
from autograd.engine.value import Value
from autograd.wording import counted

Path: TypeAlias = str | tuple["Path", Any, Any]
"""The way to a part: the name of the whole, or the path of a container, the container and a key of it. It is written as
text only for an error."""
CONTAINERS: Final = (list, tuple, dict)


def leaves(nest: object) -> Iterator[object]:
    """The items of nested lists, tuples and dicts that are none of these, from left to right."""
    return (leaf for _, leaf in located(nest, ""))


def located(nest: object, path: Path) -> list[tuple[Path, object]]:
    """Each of these items behind its path; path is that of the whole nest."""
    found: list[tuple[Path, object]] = []
    try:
        _locate(nest, path, found)
    except RecursionError:
        raise too_deep(text(path) or "an argument") from None
    return found


def _locate(nest: object, path: Path, found: list[tuple[Path, object]]) -> None:
    if not isinstance(nest, CONTAINERS):
        found.append((path, nest))
        return
    for key, part in _parts(nest):
        _locate(part, (path, nest, key), found)


def matched(nest: object, path: Path, model: object, of: Path) -> Iterator[tuple[Path, object]]:
    """The same, in the order of a model whose path is `of`; ValueError where the two have another structure.

    A list may stand for a tuple. Dicts are compared by their keys, in any order.
    """
    if not isinstance(nest, CONTAINERS) and not isinstance(model, CONTAINERS):
        yield path, nest
        return
    parts, wanted = dict(_parts(nest)), dict(_parts(model))
    if _kind(nest) != _kind(model) or parts.keys() != wanted.keys():
        raise ValueError(
            f"{text(path)} is {_described(nest)}, and {text(of)} is {_described(model)}; give both the same structure"
        )
    for key, part in wanted.items():
        yield from matched(parts[key], (path, nest, key), part, (of, model, key))


def rebuild(nest: object, numbers: Iterator[Any]) -> Any:
    """The same nesting with its leaves replaced by numbers, from left to right."""
    if isinstance(nest, dict):
        made = copy.copy(nest)  # Subclasses, such as OrderedDict, stay as they are.
        for key, part in nest.items():
            made[key] = rebuild(part, numbers)
        return made
    if isinstance(nest, (list, tuple)):
        parts = [rebuild(part, numbers) for part in nest]
        if isinstance(nest, list):
            return parts
        return type(nest)(*parts) if hasattr(nest, "_fields") else tuple(parts)
    return next(numbers)


def number_at(path: Path, x: object) -> Value | float:
    """x itself if it is a Value, else as a float; TypeError with its path and the remedy for anything else."""
    if type(x) is float or type(x) is Value:
        return x
    where, kind = text(path), type(x).__name__
    if hasattr(x, "parameters"):
        raise TypeError(f"{where} is of type {kind}; for its parameters, use grad_graph(loss, x.parameters())")
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, bytearray)) and getattr(x, "shape", None) != ():
        remedy = "pass array.tolist()" if hasattr(x, "tolist") else "pass a list of its numbers"
        reason = ", which has no order" if isinstance(x, (set, frozenset)) else ""
        raise TypeError(f"{where} is of type {kind}{reason}, and not a list, tuple or dict; {remedy}")
    return to_float(x, where)


def text(path: Path) -> str:
    """A path as Python writes it."""
    steps = []
    while not isinstance(path, str):
        path, nest, key = path
        shown = json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key)
        steps.append(f".{nest._fields[key]}" if hasattr(nest, "_fields") else f"[{shown}]")
    return path + "".join(reversed(steps))


def _parts(nest: object) -> Iterable[tuple[Any, Any]]:
    """The parts of a nest behind their keys or positions; none of a leaf."""
    if isinstance(nest, dict):
        return nest.items()
    return enumerate(nest) if isinstance(nest, (list, tuple)) else ()


def _kind(nest: object) -> str:
    return "dict" if isinstance(nest, dict) else "row" if isinstance(nest, (list, tuple)) else "leaf"


def _described(nest: object) -> str:
    if isinstance(nest, dict):
        return f"a dict with {counted(len(nest), 'key')} {', '.join(map(repr, nest))}".rstrip()
    if isinstance(nest, (list, tuple)):
        return f"a {type(nest).__name__} of {len(nest)}"
    return "a number" if isinstance(nest, (Value, int, float)) else f"a {type(nest).__name__}"
