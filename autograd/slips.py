"""Attributes that others look for on a Value: those of libraries, with the error that says what to write, and a table.

>>> from autograd import Value
>>> Value(2.0).item()
Traceback (most recent call last):
...
AttributeError: a Value has no item: write v.data
>>> range(Value(2.0))
Traceback (most recent call last):
...
TypeError: Value(data=2.0, grad=0.0) is no whole number to count or index with: write int(v.data)

The operators and conversions are in `engine/refusals.py`. `__index__` is given to Value here, because the compiler
leaves its place empty. So is the table that a notebook shows. Loops and items have Python's own errors: NumPy and
others take a thing with `__iter__` or `__getitem__` for a sequence, whatever these raise.
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


def _index(self: Value) -> NoReturn:
    raise TypeError(f"{self!r} is no whole number to count or index with: write int(v.data)")


def _attributes(self: Value) -> list[str]:
    """Those that a Value has, for `dir` and for completion."""
    return [name for name in object.__dir__(self) if name not in _OF_OTHERS]


def _table(self: Value) -> str:
    """The name, the data and the gradient as a table for a notebook."""
    from html import escape  # Only a notebook needs them.

    from autograd.engine.number import short
    from autograd.wording import visible

    cells = {"name": escape(visible(self.label))} if self.label else {}
    cells |= {"data": short(self.data), "grad": short(self.grad)}
    rows = ("".join(f"<{tag}>{text}</{tag}>" for text in row) for tag, row in (("th", cells), ("td", cells.values())))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


for _name, _remedy in _OF_OTHERS.items():
    setattr(Value, _name, _Missing(_name, _remedy))
# They are set by name, so that the type checker takes no Value for an index.
for _name, _method in (("__index__", _index), ("__dir__", _attributes), ("_repr_html_", _table)):
    setattr(Value, _name, _method)
