"""Arguments for hostile calls, as Python text: ordinary ones, and objects that lie, fail or never end.

>>> from tests.attack import hostile
>>> len(hostile.made("LyingLength([1.0])"))
1000000
"""

import copy
import io
import itertools
import math
import operator
import pickle
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, Final

import numpy

import autograd
from autograd import Tape, Value, check, formula, losses, nn, optim, state, train

ENDLESS: Final = 10_000
"""Items after which an endless iterator raises an error: whoever asks for so many would have asked for ever."""


def texts_in(block: str) -> tuple[str, ...]:
    """The texts of a block, with two spaces between them."""
    return tuple(re.split(r"\s{2,}", block.strip()))


class TheirError(Exception):
    """An error of a hostile object. It may pass through every call."""


def _fail(*_: object, **__: object) -> Any:
    raise TheirError("a hostile object failed")


# ── numbers and names that lie ──


class LyingFloat(float):
    def __float__(self) -> float:
        return 7.0

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class FailingFloat(float):
    __float__ = __add__ = __radd__ = __mul__ = __rmul__ = __eq__ = __lt__ = __gt__ = __repr__ = __hash__ = _fail


class LyingInt(int):
    def __float__(self) -> float:
        return -1.0

    def __index__(self) -> int:
        return 1000

    def __lt__(self, other: object) -> bool:
        return False


class FailingInt(int):
    __float__ = __index__ = __lt__ = __le__ = __eq__ = __add__ = __hash__ = __repr__ = _fail


class TextFloat:
    """An object that is no number, and whose `__float__` returns a str."""

    def __float__(self) -> Any:
        return "2.0"


class LyingText(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        return -1

    def __str__(self) -> Any:
        return 3

    __hash__ = str.__hash__


class FailingText(str):
    __slots__ = ()
    __eq__ = __str__ = __repr__ = __len__ = __iter__ = __format__ = __hash__ = lower = _fail


class Impostor:
    """An object whose `__class__` is another's."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.kind


# ── objects that fail or answer anything ──


class FailingClass:
    __class__ = property(_fail)


class FailingRepr:
    __repr__ = _fail


class EmptyRepr:
    def __repr__(self) -> str:
        return ""


class WrongRepr:
    def __repr__(self) -> Any:
        return 3


class FailingEverywhere:
    __getattr__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __call__ = __float__ = _fail


class FailingNumber:
    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __pow__ = _fail
    __rpow__ = __lt__ = __gt__ = __le__ = __ge__ = _fail


class AnyAttribute:
    """An object that has every attribute and can be called, as a mock can."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"no {name}")
        return self

    def __call__(self, *_: object, **__: object) -> "AnyAttribute":
        return self

    def __repr__(self) -> str:
        return "AnyAttribute()"


# ── rows that lie, change or never end ──


class LyingLength(list[Any]):
    def __len__(self) -> int:
        return 1_000_000


class NegativeLength(list[Any]):
    def __len__(self) -> int:
        return -1


class FailingIteration(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        yield 1.0
        _fail()


class Shrinking(list[Any]):
    """A list that loses an item with each that is read."""

    def __iter__(self) -> Iterator[Any]:
        while self:
            yield self[0]
            del self[-1]

    def __getitem__(self, place: Any) -> Any:
        if super().__len__() > 1:
            del self[-1]
        return super().__getitem__(place)


class Endless:
    def __iter__(self) -> Iterator[float]:
        for i in range(ENDLESS):
            yield float(i)
        raise TheirError("so many items were asked for that it would have been for ever")


class EndlessSequence:
    """A sequence by `__getitem__` alone, without an end."""

    def __getitem__(self, place: Any) -> float:
        if place >= ENDLESS:
            _fail()
        return 1.0


class LyingMapping(dict[Any, Any]):
    def items(self) -> Any:
        return [("w", 1.0, 2.0), 3]

    def keys(self) -> Any:
        return Endless()

    def __iter__(self) -> Any:
        return iter(Endless())


class FailingIterator:
    def __iter__(self) -> Any:
        return self

    __next__ = _fail


def failing_generator() -> Iterator[float]:
    yield 1.0
    _fail()


def nest(depth: int, inner: Any = 1.0) -> Any:
    """A list in a list in a list …"""
    for _ in range(depth):
        inner = [inner]
    return inner


def ring() -> list[Any]:
    """A list that contains itself."""
    row: list[Any] = [1.0]
    row.append(row)
    return row


def shared() -> list[Value]:
    """Three times the same node."""
    return [Value(2.0)] * 3


def closed_file() -> io.StringIO:
    file = io.StringIO()
    file.close()
    return file


def chain(length: int) -> Value:
    """A deep graph."""
    v = Value(0.5)
    for _ in range(length):
        v = v * 1.001
    return v


def branching() -> Value:
    """A graph with shared nodes, a constant, a choice, a detached node and a fan of many."""
    x, y = Value(0.5, label="x"), Value(-2.0, label="y")
    h = (x * y + 1.0).tanh()
    return autograd.total([h, x.detach(), autograd.where(y, h, x), autograd.maximum(h, y)]) / 3.0


def forever(*_: object) -> Any:
    """A function that only calls itself."""
    return forever(*_)


def swept(v: Value) -> Value:
    v.backward()
    return v


def regression() -> tuple[Value, tuple[Value, Value], list[Value]]:
    """A loss, its inputs and its parameters, for `compile`."""
    x, t, w = Value(1.0), Value(2.0), Value(0.5)
    return (w * x - t) ** 2, (x, t), [w]


def training_program() -> Any:
    """A compiled program with a parameter."""
    loss, inputs, parameters = regression()
    return autograd.compile(loss, inputs, parameters=parameters)


def _structured() -> Any:
    return numpy.zeros(2, dtype=[("a", "f8"), ("b", "i4")])


def _objects() -> Any:
    array = numpy.empty(3, dtype=object)
    array[:] = [Value(1.0), None, "a"]
    return array


# ── the texts ──


NUMBERS: Final = texts_in(r"""
    2.0  0.5  -1.5  3  1  0  True  -0.0  np.float64(0.25)  np.float32(2)  np.int64(3)
""")
VALUES: Final = texts_in(r"""
    Value(2.0)  Value(-0.5, label='w')  Value(0.0)  Value(3.0) * Value(0.5)  swept(Value(2.0).tanh())  branching()
    chain(300)  Value(float('nan'))  Value(float('inf'))  Value(1e308) * 10.0
""")
ROWS: Final = texts_in(r"""
    [Value(1.0), Value(2.0)]  [Value(1.0), 2.0]  [1.0, 2.0]  (Value(0.5), Value(0.5))  shared()  [[1.0], [2.0]]
    [([1.0, 2.0], 0.5)]  [([0.5, 1.0], [1.0]), ([1.0, 0.0], [0.0])]  np.array([1.0, 2.0])  {'w': 1.0}  []  ()
""")
THINGS: Final = texts_in(r"""
    lambda x: x * x  lambda *xs: total(xs)  lambda x, y: x * y  lambda xs: [x * 2.0 for x in xs]  lambda x: 1.0
    nn.MLP(2, [2, 1], rng=Random(1))  nn.Linear(2, 1, rng=Random(1))  'w'  'relu'  'float64'  None  Random(3)
    'model.safetensors'  optim.SGD([Value(1.0)])  losses.mse  Stepper(branching())
""")
ORDINARY: Final = (*NUMBERS, *VALUES, *ROWS, *THINGS)
HUGE: Final = texts_in(r"""
    10**30  -(10**400)  2**63  1e308
""")
"""Not for sizes: whoever asks for so many neurons gets as many as there is memory for."""
HOSTILE: Final = texts_in(r"""
    LyingFloat(2.0)  FailingFloat(2.0)  LyingInt(2)  FailingInt(2)  Impostor(Value)  Impostor(float)
    Impostor(str)  Impostor(list)  Impostor(int)  Impostor(dict)
    Impostor(nn.Module)  FailingClass()  Module(w=ring())
    float('nan')  float('inf')  -float('inf')  5e-324  1j  Decimal('1.5')  Fraction(1, 3)  b'ab'  ''  TextFloat()
    LyingText('w')  FailingText('w')  FailingRepr()  EmptyRepr()  WrongRepr()  FailingEverywhere()  FailingNumber()
    AnyAttribute()  object()  LyingLength([1.0, Value(2.0)])  NegativeLength([Value(1.0)])
    FailingIteration([1.0, 2.0])  Endless()  Shrinking([Value(1.0), Value(2.0), 3.0])  EndlessSequence()
    LyingMapping(w=1.0)  FailingIterator()  failing_generator()  (Value(x) for x in (1.0, 2.0))  nest(50)
    nest(3000)  nest(3, Value(1.0))  ring()  itertools.repeat(1.0, 3)  range(3)  {1.0, 2.0}  bytearray(b'ab')
    '\ud800'  'a' * 5000  '\x00'  '\n'  closed_file()  math  Value  int  abs  forever  TheirError('e')  ...
    NotImplemented  np.float64('nan')  np.float16(2)  np.longdouble(2)  np.bool_(True)  np.complex128(1j)
    np.datetime64('2020')  np.array(2.0)  np.array([])  np.array([[1.0, 2.0]])  np.array(['a'])  np.array([True])
    np.ma.masked  _objects()  _structured()  np.array([Value(1.0), Value(2.0)])  np.zeros((0, 2))  np.str_('w')
    [None]  ['a', 2.0]  [Value(1.0), None]  [[Value(1.0)], []]  {'w': Value(1.0)}  {}  [Value]  slice(1)
    lambda: None  lambda x: None  lambda x: 'a'  lambda x: nest(3000)  lambda x: x.data  print  _fail
    lambda x: Value(1.0)  lambda x: [x]  lambda *xs, **ks: xs  lambda x: x > 1  lambda x: float('nan')  optim.Adam
    Module()  Module(w=Value(1.0), v=[Value(2.0)])  Module(w=nest(30, Value(1.0)))
""")


def Module(**attributes: object) -> nn.Module:  # noqa: N802  (a module by its attributes)
    model = nn.Module()
    for name, thing in attributes.items():
        setattr(model, name, thing)
    return model


SCOPE: Final[dict[str, Any]] = {
    **{name: thing for name, thing in globals().items() if not name.startswith("__")},
    **{name: getattr(autograd, name) for name in autograd.__all__},
    "np": numpy,
}


def made(text: str) -> Any:
    """The object that a text stands for."""
    return eval(text, dict(SCOPE))


USED: Final = (
    (copy, itertools, math, operator, partial, pickle, Decimal, Fraction, Random, Tape, check, formula),
    (losses, optim, state, train),
)
"""Names that only texts use."""
