"""Nested lists, tuples and dicts of numbers: their items, the way to each, and the same nesting of other items.

>>> from autograd.functional.nesting import leaves, located, rebuild
>>> nest = {"w": [1.0, 2.0], "b": 3.0}
>>> list(leaves(nest)), rebuild(nest, iter("xyz"))
([1.0, 2.0, 3.0], {'w': ['x', 'y'], 'b': 'z'})
>>> [path for path, _ in located([nest], "arguments")]
['arguments[0]["w"][0]', 'arguments[0]["w"][1]', 'arguments[0]["b"]']
"""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from autograd.engine.number import to_float
from autograd.engine.value import Value
from autograd.wording import counted


def leaves(nest: object) -> Iterator[object]:
    """The items of nested lists, tuples and dicts that are none of these, from left to right."""
    return (leaf for _, leaf in located(nest, ""))


def located(nest: object, path: str) -> Iterator[tuple[str, object]]:
    """Each of these items with its path, as Python writes it; path is that of the whole nest."""
    parts = _parts(nest)
    if parts is None:
        yield path, nest
        return
    for key, part in parts.items():
        yield from located(part, path + _step(nest, key))


def matched(nest: object, path: str, model: object, of: str) -> Iterator[tuple[str, object]]:
    """The same, in the order of a model whose path is `of`; ValueError where the two have another structure.

    A list may stand for a tuple. Dicts are compared by their keys, in any order.
    """
    parts, wanted = _parts(nest), _parts(model)
    fits = parts is not None and isinstance(nest, dict) == isinstance(model, dict)
    if wanted is None and parts is None:
        yield path, nest
    elif wanted is None or parts is None or not fits or parts.keys() != wanted.keys():
        raise ValueError(f"{path} is {_described(nest)}, and {of} is {_described(model)}; give both the same structure")
    else:
        for key, part in wanted.items():
            yield from matched(parts[key], path + _step(nest, key), part, of + _step(model, key))


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


def number_at(path: str, x: object) -> Value | float:
    """x itself if it is a Value, else as a float; TypeError with its path and the remedy for anything else."""
    if isinstance(x, Value):
        return x
    if hasattr(x, "parameters"):
        raise TypeError(f"{path} is a {type(x).__name__}; for its parameters, use grad_graph(loss, x.parameters())")
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, bytearray)) and getattr(x, "shape", None) != ():
        remedy = "pass array.tolist()" if hasattr(x, "tolist") else "pass a list of its numbers"
        reason = ", which has no order" if isinstance(x, (set, frozenset)) else ""
        raise TypeError(f"{path} is of type {type(x).__name__}{reason}, and not a list, tuple or dict; {remedy}")
    return to_float(x, path)


def _parts(nest: object) -> Mapping[Any, Any] | None:
    """The parts of a nest by their keys or positions; None for a leaf."""
    if isinstance(nest, dict):
        return nest
    return dict(enumerate(nest)) if isinstance(nest, (list, tuple)) else None


def _step(nest: object, key: Any) -> str:
    if hasattr(nest, "_fields"):
        return f".{nest._fields[key]}"
    return f"[{json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key)}]"


def _described(nest: object) -> str:
    if isinstance(nest, dict):
        return f"a dict with {counted(len(nest), 'key')} {', '.join(map(repr, nest))}".rstrip()
    if isinstance(nest, (list, tuple)):
        return f"a {type(nest).__name__} of {len(nest)}"
    return "a number" if isinstance(nest, (Value, int, float)) else f"a {type(nest).__name__}"
