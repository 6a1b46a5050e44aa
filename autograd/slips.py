"""What a Value doesn't have: items, and attributes that other libraries have. Each error says what to write instead.

>>> from autograd import Value
>>> Value(2.0).item()
Traceback (most recent call last):
...
AttributeError: a Value has no item: write v.data
>>> for x in Value(2.0):
...     pass
Traceback (most recent call last):
...
TypeError: Value(data=2.0, grad=0.0) is one number and has no items: keep several in a list

The operators and conversions are in `engine/refusals.py`. These methods are given to Value here, because the compiler
leaves their places empty.
"""

from typing import Final, NoReturn

from autograd.engine.value import Value

_OF_OTHERS: Final = {
    **dict.fromkeys(("item", "numpy", "tolist", "value"), "write v.data"),
    "abs": "write abs(v)",
    "clone": "write +v for a node of its own",
    "name": "write v.label",
    "pow": "write v ** w",
    "requires_grad": "every Value gets a gradient; a plain number gets none, nor does what no_grad() makes",
    "shape": "it is one number; a list of Values has len(xs)",
    "zero_grad": "write v.grad = 0.0, or model.zero_grad() for all parameters",
}


class _Missing:
    """An attribute of other libraries, which a Value doesn't have."""

    def __init__(self, name: str, remedy: str) -> None:
        self.__doc__ = f"A Value has none: {remedy}."
        self._error = f"a Value has no {name}: {remedy}"

    def __get__(self, v: object, kind: object = None) -> NoReturn:
        raise AttributeError(self._error)

    def __set__(self, v: object, thing: object) -> NoReturn:
        raise AttributeError(self._error)


def _item(self: Value, place: object) -> NoReturn:
    raise TypeError(f"{self!r} is one number and has no items: keep several in a list")


def _index(self: Value) -> NoReturn:
    raise TypeError(f"{self!r} is no whole number to count or index with: write int(v.data)")


for _name, _remedy in _OF_OTHERS.items():
    setattr(Value, _name, _Missing(_name, _remedy))
# Loops come to __getitem__ too, because there is no __iter__: with one, a Value would count as iterable.
for _name, _method in (("__getitem__", _item), ("__index__", _index)):
    setattr(Value, _name, _method)
